/* SPDX-License-Identifier: MIT
 * Neighbours: the cache (src/net/neigh.h) joined to ARP and neighbour discovery, and the packets
 * that wait for an answer. */
#include "base/siphash.h"
#include "net/neigh.h"
#include "stack/stack_int.h"

enum {
    NEIGHBOURS = 64, /* what zero in the options means */
    WAITING = 3,
    FRAGMENTS_MAX = 64, /* 64 KiB for links of 1,280 bytes */
};

static struct ik_neigh_cfg neigh_cfg(const struct ik_stack_options *o)
{
    const uint16_t bound = o->neighbours_max;
    return (struct ik_neigh_cfg){.bound = bound ? bound : NEIGHBOURS};
}

size_t ik_stack_nbr_bytes(const struct ik_stack_cfg *cfg)
{
    const struct ik_neigh_cfg c = neigh_cfg(cfg->options);
    return sizeof(struct ik_neigh) + ik_neigh_bytes(&c);
}

void ik_stack_nbr_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    (void)cfg;
    /* Two seeds are drawn here one after another, this one and that of limits.c. Both tables are
     * made later, and draw them again from a copy. */
    s->late = s->rng;
    (void)ik_rng_next(&s->rng);
    s->neigh = mem;
}

static bool is_made(const struct ik_stack *s)
{
    return s->neigh->entries;
}

struct ik_neigh *ik_stack_nbr_table(struct ik_stack *s)
{
    if (is_made(s))
        return s->neigh;
    struct ik_neigh_cfg c = neigh_cfg(s->opt);
    struct ik_rng late = s->late;
    c.seed = ik_rng_next(&late);
    c.key = s->key;
    ik_neigh_init(s->neigh, s->neigh + 1, &c);
    return s->neigh;
}

void ik_stack_nbr_start(struct ik_stack *s)
{
    (void)s;
}

/* ---- packets that wait ----------------------------------------------------------------------- */

static void unlink_after(struct ik_stack *s, struct ik_buf *before, struct ik_buf *b)
{
    if (before)
        before->next = b->next;
    else
        s->waiting.first = b->next;
    if (s->waiting.last == b)
        s->waiting.last = before;
}

/* Takes the first packet of that queue; NULL when none is left. */
static struct ik_buf *waiting_take(struct ik_stack *s, uint32_t queue)
{
    struct ik_buf *before = NULL;
    for (struct ik_buf *b = s->waiting.first; b; before = b, b = b->next) {
        if (b->queue != queue)
            continue;
        unlink_after(s, before, b);
        return b;
    }
    return NULL;
}

/* What the fragments of one datagram have in common, and others hardly; 0: it is no fragment. */
static uint32_t datagram_of(const struct ik_stack *s, const struct ik_buf *b)
{
    struct ik_ip ip;
    uint8_t key[37];
    if (ik_ip_decode(&ip, ik_buf_rd(b), NULL) != IK_OK || !ip.fragment)
        return 0;
    memcpy(key, ip.src.bytes, 16);
    memcpy(key + 16, ip.dst.bytes, 16);
    ik_store_be32(key + 32, ip.id);
    key[36] = ip.version == 4 ? ip.proto : 0; /* RFC 8200 section 4.5 leaves it out */
    const uint32_t hash = (uint32_t)ik_siphash(s->key, key, sizeof(key));
    return hash ? hash : 1;
}

/* Without one of its fragments the others are for nothing. */
static void give_datagram_up(struct ik_stack *s, uint32_t queue, uint32_t datagram)
{
    struct ik_buf *before = NULL, *next;
    ik_stack_pool_give_up(s, (uint64_t)queue << 32 | datagram);
    for (struct ik_buf *b = s->waiting.first; b; b = next) {
        next = b->next;
        if (b->queue != queue || b->datagram != datagram) {
            before = b;
            continue;
        }
        unlink_after(s, before, b);
        ik_stack_tally(s, IK_STACK_UNRESOLVED);
        ik_stack_pool_give(s, b);
    }
}

/* The port on which packets of that queue wait; IK_STACK_UPPER when nobody has it. */
static uint8_t port_of(const struct ik_stack *s, uint32_t queue)
{
    for (uint32_t i = 0; i < s->neigh->n_touched; i++) {
        const struct ik_neigh_entry *e = ik_neigh_at(s->neigh, i);
        if (e && e->queue == queue)
            return e->port;
    }
    return IK_STACK_UPPER;
}

/* The oldest of that queue goes, with what belongs to it. */
static void drop_oldest(struct ik_stack *s, uint32_t queue, const char *why)
{
    struct ik_buf *b = waiting_take(s, queue);
    const uint32_t datagram = b->datagram;
    const uint8_t port = s->events ? port_of(s, queue) : IK_STACK_UPPER;
    ik_stack_event_buffer(s, IK_STACK_UNRESOLVED, b, port, why);
    ik_stack_pool_give(s, b);
    if (datagram)
        give_datagram_up(s, queue, datagram);
}

bool ik_stack_nbr_drop_oldest(struct ik_stack *s)
{
    if (!s->waiting.first)
        return false;
    drop_oldest(s, s->waiting.first->queue, "no more buffers: the one that waited longest goes");
    return true;
}

/* What waits in a queue. */
struct census {
    uint32_t datagrams; /* whole, or of which a fragment is there */
    uint32_t fragments; /* further ones, of strangers: they cut as finely as they like */
    bool joined;        /* the packet in hand is one more fragment of what is there */
};

static struct census census(const struct ik_stack *s, const struct ik_buf *b)
{
    struct census c = {0};
    for (const struct ik_buf *w = s->waiting.first; w; w = w->next) {
        if (w->queue != b->queue)
            continue;
        c.datagrams += w->is_first;
        c.fragments += w->who == IK_WHO_FORWARDED && !w->is_first;
        c.joined |= b->datagram && w->datagram == b->datagram;
    }
    return c;
}

/* The newest datagrams are the ones to keep, and whole (RFC 1122 section 2.3.2.2, RFC 4861 section
 * 7.2.2). False when b is of a datagram that cannot be whole any more. */
static bool make_room(struct ik_stack *s, const struct ik_buf *b)
{
    const uint32_t most = s->opt->queue_max ? s->opt->queue_max : WAITING;
    const uint64_t id = (uint64_t)b->queue << 32 | b->datagram;
    if (b->datagram && ik_stack_pool_gave_up(s, id))
        return false;
    struct census c = census(s, b);
    for (; c.joined && b->who == IK_WHO_FORWARDED && c.fragments >= FRAGMENTS_MAX; c = census(s, b))
        drop_oldest(s, b->queue, "too many fragments wait for this neighbour: the oldest go");
    if (b->datagram && ik_stack_pool_gave_up(s, id))
        return false;
    if (!c.joined && c.datagrams >= most)
        drop_oldest(s, b->queue, "too many wait for this neighbour: the oldest goes");
    return true;
}

static void wait(struct ik_stack *s, struct ik_buf *b, uint32_t queue)
{
    b->queue = queue;
    b->since = s->now.mono;
    b->datagram = datagram_of(s, b);
    if (!make_room(s, b)) {
        ik_stack_event_buffer(s, IK_STACK_UNRESOLVED, b, port_of(s, queue),
                              "a fragment of a datagram that is gone already");
        ik_stack_pool_give(s, b);
        return;
    }
    b->is_first = !census(s, b).joined;
    ik_bufs_put(&s->waiting, b);
}

static uint16_t ether_type(const struct ik_buf *b)
{
    return b->bytes[b->start] >> 4 == 4 ? IK_ETHER_IP4 : IK_ETHER_IP6;
}

/* They leave, now that the neighbour is known. */
static void waiting_send(struct ik_stack *s, uint32_t queue, const struct ik_neigh_entry *e)
{
    const struct ik_addr to = ik_neigh_addr(e);
    for (struct ik_buf *b; queue != IK_NEIGH_NO_QUEUE && (b = waiting_take(s, queue));) {
        if (s->events)
            ik_stack_event_resolved(s, b, e->port, &to);
        ik_stack_ether_send(s, b, e->port, e->mac, ether_type(b));
    }
}

static struct ik_stack_error unreachable_error(const struct ik_pkt *p, uint8_t port)
{
    struct ik_stack_error e = {.type = IK_ICMP4_UNREACHABLE,
                               .code = IK_ICMP4_UNREACHABLE_HOST,
                               .rule = IK_RULE_R1812_4_3_3_1_02,
                               .has_out_port = true,
                               .out_port = port};
    if (p->source_routed) {
        e.code = IK_ICMP4_UNREACHABLE_SOURCE_ROUTE;
        e.rule = IK_RULE_R1812_5_2_4_3_01;
    }
    if (p->ip.version == 6) {
        e.type = IK_ICMP6_UNREACHABLE;
        e.code = IK_ICMP6_UNREACHABLE_ADDRESS;
        e.rule = IK_RULE_R4443_3_1_01;
    }
    return e;
}

/* The neighbour of the packet in b does not answer: its sender is told (RFC 1812 section 4.3.3.1,
 * RFC 4861 section 7.2.2), unless it was the node itself. */
static void unreachable(struct ik_stack *s, struct ik_buf *b, uint8_t port)
{
    struct ik_pkt p = {.port = b->port,
                       .own = b->who == IK_WHO_UPPER,
                       .forwarded = b->who == IK_WHO_FORWARDED,
                       .source_routed = b->source_routed,
                       .cast = (enum ik_cast)b->cast,
                       .l3 = ik_buf_rd(b)};
    if (ik_ip_decode(&p.ip, p.l3, NULL) == IK_OK) {
        const struct ik_stack_error e = unreachable_error(&p, port);
        ik_stack_event_drop(s, IK_STACK_UNRESOLVED, e.rule, &p, "the next hop does not answer");
        if (b->who != IK_WHO_NODE)
            ik_stack_error_send(s, &p, &e);
    }
    ik_stack_pool_give(s, b);
}

static void waiting_fail(struct ik_stack *s, uint32_t queue, uint8_t port)
{
    for (struct ik_buf *b; queue != IK_NEIGH_NO_QUEUE && (b = waiting_take(s, queue));)
        unreachable(s, b, port);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void ask(struct ik_stack *s, uint8_t port, const struct ik_addr *target, const uint8_t *mac)
{
    if (target->family == 4)
        ik_stack_arp_ask(s, port, target, mac);
    else
        ik_stack_nd_ask(s, port, target, mac);
}

static bool needs_no_resolving(const struct ik_stack *s, const struct ik_stack_hop *hop)
{
    return ik_addr_is_multicast(&hop->next) ||
           (hop->next.family == 4 && ik_stack_local_is_broadcast4(s, hop->port, &hop->next));
}

bool ik_stack_nbr_is_known(const struct ik_stack *s, const struct ik_stack_hop *hop)
{
    uint8_t mac[6];
    return needs_no_resolving(s, hop) || ik_stack_nbr_find(s, hop->port, &hop->next, mac);
}

static void watch(struct ik_watch *w, const struct ik_buf *b, const struct ik_stack_hop *hop,
                  const struct ik_neigh_entry *e)
{
    const bool v4 = b->bytes[b->start] >> 4 == 4;
    memcpy(w->dst, b->bytes + b->start + (v4 ? 16 : 24), v4 ? 4 : 16);
    w->who = (enum ik_who)b->who;
    w->sent++;
    w->port = hop->port;
    w->mtu = hop->mtu;
    w->until = e->deadline;
    memcpy(w->mac, e->mac, 6);
}

void ik_stack_nbr_send(struct ik_stack *s, struct ik_buf *b, const struct ik_stack_hop *hop)
{
    struct ik_neigh_entry *e;
    uint32_t given_up = IK_NEIGH_NO_QUEUE;
    if (needs_no_resolving(s, hop)) {
        uint8_t mac[6];
        ik_stack_ether_group(&hop->next, mac);
        ik_stack_ether_send(s, b, hop->port, mac, ether_type(b));
        return;
    }
    const enum ik_neigh_verdict verdict =
        ik_neigh_use(ik_stack_nbr_table(s), s->now.mono, hop->port, &hop->next, &e, &given_up);
    if (verdict == IK_NEIGH_READY) {
        if (ik_stack_fast_watched(s))
            watch(ik_stack_fast_watched(s), b, hop, e);
        ik_stack_ether_send(s, b, hop->port, e->mac, ether_type(b));
        if (e->state == IK_NEIGH_DELAY)
            ik_stack_arm(s, e->deadline);
        return;
    }
    if (verdict == IK_NEIGH_FULL) {
        ik_stack_event_drop(s, IK_STACK_NO_ROOM, IK_RULE_NONE, NULL, "no room for a neighbour");
        ik_stack_pool_give(s, b);
        return;
    }
    if (verdict == IK_NEIGH_SOLICIT) {
        e->queue = s->next_queue++ & ~(1u << 31); /* never IK_NEIGH_NO_QUEUE */
        ask(s, hop->port, &hop->next, NULL);
    }
    wait(s, b, e->queue);
    ik_stack_arm(s, ik_neigh_deadline(s->neigh));
    /* Last, because it sends errors: they come here too, and may end any entry. */
    waiting_fail(s, given_up, hop->port);
}

/* ---- news ------------------------------------------------------------------------------------ */

static bool changed(struct ik_stack *s, const struct ik_neigh_change *c)
{
    ik_stack_fast_forget(s);
    if (c->entry)
        waiting_send(s, c->queue, c->entry);
    ik_stack_arm(s, ik_neigh_deadline(s->neigh));
    return c->router_lost;
}

bool ik_stack_nbr_confirm(struct ik_stack *s, const struct ik_neigh_news *news)
{
    if (!is_made(s)) {
        ik_stack_fast_forget(s);
        return false;
    }
    const struct ik_neigh_change c = ik_neigh_confirm(s->neigh, s->now.mono, news);
    return changed(s, &c);
}

bool ik_stack_nbr_learn(struct ik_stack *s, const struct ik_neigh_news *news, bool create)
{
    if (!create && !is_made(s)) {
        ik_stack_fast_forget(s);
        return false;
    }
    const struct ik_neigh_change c =
        ik_neigh_learn(ik_stack_nbr_table(s), s->now.mono, news, create);
    return changed(s, &c);
}

bool ik_stack_nbr_find(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr,
                       uint8_t mac[static 6])
{
    const struct ik_neigh_entry *e = is_made(s) ? ik_neigh_find(s->neigh, port, addr) : NULL;
    if (!e || e->state == IK_NEIGH_INCOMPLETE || e->state == IK_NEIGH_FAILED)
        return false;
    memcpy(mac, e->mac, 6);
    return true;
}

enum ik_err ik_stack_neighbour(struct ik_stack *s, uint8_t port, const struct ik_addr *addr,
                               const uint8_t mac[static 6])
{
    uint32_t given_up = IK_NEIGH_NO_QUEUE;
    if (port >= s->n_ifaces || ik_addr_bytes(addr->family) == 0)
        return IK_E_VALUE;
    ik_stack_fast_forget(s);
    const enum ik_err err =
        ik_neigh_put(ik_stack_nbr_table(s), s->now.mono, port, addr, mac, &given_up);
    waiting_fail(s, given_up, port);
    return err;
}

void ik_stack_nbr_port_changed(struct ik_stack *s, uint8_t port)
{
    for (uint32_t i = 0; i < s->neigh->n_touched; i++) {
        const struct ik_neigh_entry *e = ik_neigh_at(s->neigh, i);
        if (!e || e->port != port || e->state == IK_NEIGH_PERMANENT)
            continue;
        const struct ik_addr addr = ik_neigh_addr(e);
        struct ik_neigh_entry *gone = ik_neigh_find(s->neigh, port, &addr);
        for (struct ik_buf *b;
             gone->queue != IK_NEIGH_NO_QUEUE && (b = waiting_take(s, gone->queue));) {
            ik_stack_event_buffer(s, IK_STACK_UNRESOLVED, b, port, "its interface went down");
            ik_stack_pool_give(s, b);
        }
        ik_neigh_remove(s->neigh, gone);
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

ik_ns ik_stack_nbr_timeout(struct ik_stack *s)
{
    struct ik_neigh_todo todo;
    if (!is_made(s))
        return IK_NEVER;
    while (ik_neigh_timeout(s->neigh, s->now.mono, &todo)) {
        const uint8_t port = todo.entry->port;
        const struct ik_addr addr = ik_neigh_addr(todo.entry);
        if (todo.kind == IK_NEIGH_GIVE_UP) {
            ik_stack_redirect_forget(s, port, &addr);
            waiting_fail(s, todo.queue, port);
        } else {
            ask(s, port, &addr, todo.kind == IK_NEIGH_ASK_ONE ? todo.entry->mac : NULL);
        }
    }
    return ik_neigh_deadline(s->neigh);
}
