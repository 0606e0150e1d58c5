/* SPDX-License-Identifier: MIT
 * Source quench (RFC 792): historical. No router sends it and no host acts on it (RFC 6633), unless
 * options ask for what once was.
 *
 * A host that obeys leaves a gap between what it sends to the destination that was quenched: 10 ms
 * at the first quench, twice as much with each, at most a second; it halves with each second in
 * which none came, and below a millisecond it is gone. Quenches within 100 ms are one, because a
 * full queue says it of every packet of a burst. */
#include "stack/stack_int.h"

#include "net/ways.h"

enum { WAIT_MAX = 16 }; /* packets that wait for their turn, of all destinations */
#define GAP_FIRST (10 * IK_NS_PER_MS)
#define GAP_MOST (1 * IK_NS_PER_S)
#define GAP_LEAST (1 * IK_NS_PER_MS)
#define ONE_BURST (100 * IK_NS_PER_MS)
#define RECOVERY (1 * IK_NS_PER_S)

struct slow {
    ik_ns gap;   /* as it was at `since` */
    ik_ns since; /* last quench, or the recovery that was reckoned last */
    ik_ns next;  /* nothing leaves before */
};

struct waits {
    struct ik_buf *b; /* NULL: free */
    uint64_t id;
    ik_ns at;
};

struct ik_quench {
    struct ik_ways ways;         /* `at`: the last quench */
    struct slow *slow;           /* of each row */
    struct waits wait[WAIT_MAX]; /* in the order they came */
    uint32_t n_wait;
};

static uint32_t bound_of(const struct ik_stack_options *o)
{
    return o->destinations_max ? o->destinations_max : 64;
}

static bool obeys(const struct ik_stack_options *o)
{
    return o->quench_obey && o->kind == IK_STACK_HOST;
}

size_t ik_stack_quench_bytes(const struct ik_stack_cfg *cfg)
{
    if (!obeys(cfg->options))
        return 0;
    return sizeof(struct ik_quench) + ik_ways_rows(bound_of(cfg->options)) *
                                          (sizeof(struct ik_ways_row) + sizeof(struct slow));
}

void ik_stack_quench_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    if (!obeys(cfg->options))
        return;
    struct ik_quench *q = mem;
    const uint32_t bound = bound_of(cfg->options);
    struct ik_ways_row *rows = (void *)(q + 1);
    *q = (struct ik_quench){.slow = (void *)(rows + ik_ways_rows(bound))};
    ik_ways_init(&q->ways, rows, bound);
    s->quench = q;
}

void ik_stack_quench_start(struct ik_stack *s)
{
    (void)s;
}

void ik_stack_quench_fini(struct ik_stack *s)
{
    for (uint32_t i = 0; s->quench && i < s->quench->n_wait; i++)
        ik_stack_pool_give(s, s->quench->wait[i].b);
    if (s->quench)
        s->quench->n_wait = 0;
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static uint64_t id_of(const struct ik_stack *s, const struct ik_addr *dst)
{
    return ik_ways_id(s->key, dst, 32);
}

/* The gap now: halved for each second of peace. */
static ik_ns gap_now(struct slow *w, ik_ns now)
{
    while (w->gap > 0 && now - w->since >= RECOVERY) {
        w->since += RECOVERY;
        w->gap = w->gap / 2 < GAP_LEAST ? 0 : w->gap / 2;
    }
    return w->gap;
}

static void tell_gap(struct ik_stack *s, const struct ik_pkt *p, const struct ik_addr *dst,
                     ik_ns gap)
{
    char text[IK_ADDR_TEXT];
    struct ik_wr *w = ik_stack_event_begin(s, "decided", IK_RULE_NONE, p);
    if (!w)
        return;
    ik_fmt_put_text(w, "source quench: one packet each ");
    ik_fmt_put_fixed(w, gap, 6, 0);
    ik_fmt_put_text(w, " ms to ");
    ik_fmt_put_text(w, ik_addr_text(dst, text));
    ik_stack_event_end(s);
}

static void slow_down(struct ik_stack *s, const struct ik_pkt *p, const struct ik_addr *dst)
{
    struct ik_quench *q = s->quench;
    const ik_ns now = s->now.mono;
    const uint64_t id = id_of(s, dst);
    uint32_t i = ik_ways_find(&q->ways, id);
    if (i == IK_WAYS_NONE) {
        i = ik_ways_take(&q->ways, id);
        q->slow[i] = (struct slow){.next = now};
    } else if (now - q->ways.rows[i].at < ONE_BURST) {
        return;
    }
    struct slow *w = &q->slow[i];
    const ik_ns gap = gap_now(w, now);
    w->gap = gap == 0 ? GAP_FIRST : gap < GAP_MOST / 2 ? 2 * gap : GAP_MOST;
    w->since = q->ways.rows[i].at = now;
    tell_gap(s, p, dst, w->gap);
}

void ik_stack_quench_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    struct ik_quote q;
    if (!s->quench) {
        ik_stack_event_say(s, "decided",
                           ik_stack_is_router(s) ? IK_RULE_R6633_4_01 : IK_RULE_R6633_3_02, p,
                           "source quench is ignored");
        return;
    }
    if (ik_quote_decode(&q, m->error.quote, NULL) || q.ip.version != 4 ||
        ik_stack_local_kind(s, IK_STACK_UPPER, &q.ip.src) != IK_LOCAL_UNICAST)
        return;
    slow_down(s, p, &q.ip.dst);
}

bool ik_stack_quench_hold(struct ik_stack *s, struct ik_buf *b)
{
    struct ik_quench *q = s->quench;
    const struct ik_rd l3 = ik_buf_rd(b);
    if (!q || l3.left < IK_IP4_BYTES || l3.p[0] >> 4 != 4)
        return false;
    struct ik_addr dst = {.family = 4};
    memcpy(dst.bytes, l3.p + 16, 4);
    const uint64_t id = id_of(s, &dst);
    const uint32_t i = ik_ways_find(&q->ways, id);
    if (i == IK_WAYS_NONE)
        return false;
    struct slow *w = &q->slow[i];
    const ik_ns gap = gap_now(w, s->now.mono);
    if (w->next <= s->now.mono) {
        w->next = s->now.mono + gap;
        return false;
    }
    if (q->n_wait == WAIT_MAX) {
        ik_stack_event_drop(s, IK_STACK_NO_ROOM, IK_RULE_NONE, NULL,
                            "too many packets wait for a quenched destination");
        ik_stack_pool_give(s, b);
        return true;
    }
    q->wait[q->n_wait++] = (struct waits){.b = b, .id = id, .at = w->next};
    ik_stack_arm(s, w->next);
    w->next += gap;
    return true;
}

bool ik_stack_quench_holds(const struct ik_stack *s, uint32_t key)
{
    for (uint32_t i = 0; s->quench && i < s->quench->n_wait; i++)
        if (s->quench->wait[i].b->key == key)
            return true;
    return false;
}

/* What has waited long enough leaves, in order. */
ik_ns ik_stack_quench_timeout(struct ik_stack *s)
{
    struct ik_quench *q = s->quench;
    ik_ns next = IK_NEVER;
    uint32_t kept = 0;
    struct ik_buf *due[WAIT_MAX];
    uint32_t n_due = 0;
    for (uint32_t i = 0; q && i < q->n_wait; i++) {
        if (q->wait[i].at <= s->now.mono) {
            due[n_due++] = q->wait[i].b;
            continue;
        }
        next = q->wait[i].at < next ? q->wait[i].at : next;
        q->wait[kept++] = q->wait[i];
    }
    if (q)
        q->n_wait = kept;
    for (uint32_t i = 0; i < n_due; i++)
        ik_stack_output_ip(s, due[i],
                           &(struct ik_stack_how){
                               .who = (enum ik_who)due[i]->who, .held = true, .key = due[i]->key});
    return next;
}

/* ---- routers --------------------------------------------------------------------------------- */

/* The frame is a packet as it was about to leave; where it came from is not known any more, which
 * the error does not need: it goes by route. */
void ik_stack_congested(struct ik_stack *s, struct ik_now now, uint8_t port, struct ik_rd frame)
{
    if (!s->opt->quench_send || !ik_stack_is_router(s) || port >= s->n_ifaces ||
        frame.left < IK_ETHER_BYTES || ik_load_be16(frame.p + 12) != IK_ETHER_IP4)
        return;
    struct ik_pkt p = {.port = port, .forwarded = true, .l3 = ik_rd_from(frame, IK_ETHER_BYTES)};
    if (ik_ip_decode(&p.ip, p.l3, NULL) || p.ip.version != 4 ||
        ik_stack_local_kind(s, IK_STACK_UPPER, &p.ip.src) == IK_LOCAL_UNICAST)
        return;
    p.l3 = ik_rd_head(p.l3, p.ip.total_bytes);
    s->now = now;
    const struct ik_stack_error e = {
        .type = IK_ICMP4_SOURCE_QUENCH, .has_out_port = true, .out_port = port};
    ik_stack_error_send(s, &p, &e);
}
