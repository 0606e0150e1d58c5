/* SPDX-License-Identifier: MIT
 * The user of a node as a link of raw sockets of one family. A frame that is sent goes to the node
 * at once; its stamp is told before whatever comes back, unless the node lets the packet wait: then
 * it is told when the packet leaves. */
#include "sim/sim_int.h"

#include <stdlib.h>

/* Events that may wait to be read: what a receive buffer holds. */
enum { QUEUE = 4096, PROTO_ICMP4 = 1, PROTO_TCP = 6 };

/* A frame that waits in the node, by the key that the node knows it by. */
struct held {
    uint32_t ticket, key;
};

struct ik_vantage {
    struct ik_link link;
    struct ik_vantage *next;
    struct ik_sim *sim;
    uint32_t node, drops;
    uint32_t first, n;             /* of events */
    struct ik_flight_queue lent;   /* slots of what the last rx gave */
    struct held held[QUEUE];       /* by ticket; what stands too long is overwritten */
    struct ik_event events[QUEUE]; /* FRAME: key is the slot of its bytes */
};

static struct ik_vantage *of(struct ik_link *l)
{
    return (struct ik_vantage *)l;
}

static void put(struct ik_vantage *v, const struct ik_event *ev)
{
    v->events[(v->first + v->n++) % QUEUE] = *ev;
}

/* ---- the link -------------------------------------------------------------------------------- */

static size_t rx(struct ik_link *l, struct ik_now now, struct ik_event *out, size_t cap)
{
    struct ik_vantage *v = of(l);
    struct ik_flights *flights = &v->sim->flights;
    uint32_t slot;
    while ((slot = ik_flight_queue_take(flights, &v->lent)) != IK_FLIGHT_NONE)
        ik_flight_give(flights, slot);
    ik_sim_run(v->sim, ik_sim_inside(v->sim, now.mono));
    size_t n = 0;
    for (; n < cap && v->n; n++, v->n--) {
        out[n] = v->events[v->first];
        v->first = (v->first + 1) % QUEUE;
        if (out[n].kind != IK_EV_FRAME)
            continue;
        ik_flight_queue_put(flights, &v->lent, out[n].key);
        out[n].key = 0;
    }
    if (n < cap && v->drops) {
        out[n++] = (struct ik_event){.kind = IK_EV_DROPS, .drops = v->drops};
        v->drops = 0;
    }
    return n;
}

static void put_sent(struct ik_vantage *v, uint32_t key)
{
    const struct ik_event sent = {
        .kind = IK_EV_SENT,
        .key = key,
        .at = {ik_sim_outside(v->sim, v->sim->now.mono), IK_CLOCK_VIRTUAL}};
    put(v, &sent);
}

/* Takes an event out that was put `back` events ago. */
static void withdraw(struct ik_vantage *v, uint32_t back)
{
    for (uint32_t i = v->n - back; i + 1 < v->n; i++)
        v->events[(v->first + i) % QUEUE] = v->events[(v->first + i + 1) % QUEUE];
    v->n--;
}

static void send(struct ik_vantage *v, const struct ik_frame *in)
{
    struct ik_frame f = *in;
    const uint32_t before = v->n;
    v->sim->ticket += v->sim->ticket == UINT32_MAX ? 2 : 1;
    f.key = v->sim->ticket;
    put_sent(v, in->key);
    ik_simnode_upper(v->sim, v->node, &f);
    if (!ik_simnode_holds(v->sim, v->node, f.key))
        return;
    withdraw(v, v->n - before);
    v->held[f.key % QUEUE] = (struct held){f.key, in->key};
}

static size_t tx(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n)
{
    struct ik_vantage *v = of(l);
    ik_sim_run(v->sim, ik_sim_inside(v->sim, now.mono));
    size_t took = 0;
    for (; took < n && v->n < QUEUE; took++)
        send(v, &in[took]);
    return took;
}

static int fd(const struct ik_link *l)
{
    (void)l;
    return -1;
}

static ik_ns next(const struct ik_link *l)
{
    const struct ik_vantage *v = (const struct ik_vantage *)l;
    return v->n || v->drops ? 0 : ik_sim_outside(v->sim, ik_sim_next(v->sim));
}

static uint32_t in_flight_max(const struct ik_link *l)
{
    (void)l;
    return QUEUE / 2;
}

/* It is the sim's. */
static void close_nothing(struct ik_link *l)
{
    (void)l;
}

static const struct ik_link_ops ops = {.rx = rx,
                                       .tx = tx,
                                       .fd = fd,
                                       .next = next,
                                       .in_flight_max = in_flight_max,
                                       .close = close_nothing};

enum ik_err ik_sim_link_open(struct ik_sim *sim, uint32_t node, uint8_t family,
                             struct ik_link **out)
{
    if (node >= sim->n_nodes || sim->nodes[node].external || (family != 4 && family != 6) ||
        (sim->nodes[node].options && !sim->nodes[node].options->upper))
        return IK_E_VALUE;
    struct ik_vantage *v = calloc(1, sizeof(*v));
    if (!v)
        return IK_E_NOMEM;
    v->link = (struct ik_link){.ops = &ops, .medium = IK_MEDIUM_IP, .family = family};
    v->sim = sim;
    v->node = node;
    ik_flight_queue_init(&v->lent);
    v->next = sim->vantages;
    sim->vantages = v;
    sim->nodes[node].has_user = true;
    *out = &v->link;
    return IK_OK;
}

void ik_vantage_fini(struct ik_sim *sim)
{
    for (struct ik_vantage *v = sim->vantages, *after; v; v = after) {
        after = v->next;
        free(v);
    }
}

/* ---- what the node gives its user ------------------------------------------------------------ */

/* What raw sockets of the family hear: ICMP and TCP. */
static bool hears(uint8_t family, const struct ik_frame *f)
{
    if (f->medium != IK_MEDIUM_IP)
        return f->medium == (family == 4 ? IK_MEDIUM_ICMP4 : IK_MEDIUM_ICMP6);
    struct ik_ip ip;
    return ik_ip_decode(&ip, f->bytes, NULL) == IK_OK && ip.version == family &&
           (ip.proto == PROTO_TCP || (family == 4 && ip.proto == PROTO_ICMP4));
}

static void keep(struct ik_vantage *v, const struct ik_frame *f)
{
    const uint32_t slot =
        v->n < QUEUE ? ik_flight_take(&v->sim->flights, f->bytes) : IK_FLIGHT_NONE;
    if (slot == IK_FLIGHT_NONE) {
        v->drops++;
        return;
    }
    struct ik_event ev = {
        .kind = IK_EV_FRAME,
        .key = slot,
        .at = {ik_sim_outside(v->sim, v->sim->now.mono), IK_CLOCK_VIRTUAL},
        .frame = *f,
    };
    ev.frame.port = 0;
    ev.frame.key = 0;
    ev.frame.bytes = ik_flight_rd(&v->sim->flights, slot);
    put(v, &ev);
}

void ik_vantage_left(struct ik_sim *sim, uint32_t node, uint32_t key)
{
    for (struct ik_vantage *v = sim->vantages; v; v = v->next) {
        struct held *h = &v->held[key % QUEUE];
        if (v->node != node || h->ticket != key || v->n == QUEUE)
            continue;
        put_sent(v, h->key);
        h->ticket = 0;
    }
}

void ik_vantage_deliver(struct ik_sim *sim, uint32_t node, const struct ik_frame *frame)
{
    if (!sim->nodes[node].has_user)
        return;
    for (struct ik_vantage *v = sim->vantages; v; v = v->next)
        if (v->node == node && hears(v->link.family, frame))
            keep(v, frame);
}
