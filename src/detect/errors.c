/* SPDX-License-Identifier: MIT
 * Floods of errors, and loops.
 *
 * A flood of errors to one host is one of two things: more of them a second than any host earns, or
 * fewer of which nearly all quote packets that the host never sent (BlackNurse and its like). A
 * host that sends much earns many errors (a scan of closed ports), but never more than it sends:
 * who gets many is watched, and what it sends is held against them.
 *
 * A loop shows as one router that reports the same flow again and again as expired. A tracer makes
 * a router report it a few times a second at most. */
#include "detect/sight.h"

#include "base/bytes.h"
#include "net/distinct.h"
#include "net/ways.h"

#include <string.h>

enum {
    TARGETS = 1024,
    HOT = 8,
    FLOWS = 1024,
    ROUTERS = 256,
    TRACED = 10, /* reports of one flow a second that tracers cause (mtr -i 0.1) */
    HIGH = 10,   /* times the limit: certain harm */
};

/* Who gets errors, in the present second. */
struct target {
    uint32_t bin, all, known, unknown;
    uint32_t next, untold;
    uint64_t senders;             /* bits of ik_distinct_of_bits */
    struct ik_report_begin since; /* the first of the seconds without a break */
};

/* Who gets many: errors since it is watched, and packets that it sent; older ones count half for
 * each second. */
struct hot {
    uint64_t hash;
    uint32_t bin, errors, sent;
};

/* A flow that a router reports as expired, in the present second. */
struct flow {
    uint32_t bin, n;
};

struct router {
    uint32_t bin, n;
    uint32_t next, untold;
    struct ik_addr towards; /* the destination that was out of reach first */
    struct ik_report_begin since;
};

struct errors {
    bool begun;
    ik_ns start;
    uint32_t bin, n_hot;
    uint64_t evicted;
    struct hot hot[HOT];
    struct ik_ways by_target, by_flow, by_router;
    _Alignas(64) struct ik_ways_row target_rows[TARGETS];
    _Alignas(64) struct ik_ways_row flow_rows[FLOWS];
    _Alignas(64) struct ik_ways_row router_rows[ROUTERS];
    struct target targets[TARGETS];
    struct flow flows[FLOWS];
    struct router routers[ROUTERS];
};

static size_t errors_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct errors);
}

static void errors_init(void *state, const struct ik_detect_cfg *cfg)
{
    struct errors *e = state;
    (void)cfg;
    ik_ways_init(&e->by_target, e->target_rows, TARGETS);
    ik_ways_init(&e->by_flow, e->flow_rows, FLOWS);
    ik_ways_init(&e->by_router, e->router_rows, ROUTERS);
}

static uint64_t errors_evicted(const void *state)
{
    return ((const struct errors *)state)->evicted;
}

static uint64_t limit_of(const struct ik_sight *s, enum ik_limit l)
{
    return (uint64_t)s->cfg->limits[l];
}

static uint32_t twice(uint32_t n)
{
    return n < UINT32_MAX / 2 ? 2 * n : UINT32_MAX;
}

/* Those of which floods are made; v6: 1 to 4. */
static bool is_error(const struct ik_look_packet *p)
{
    const uint8_t type = p->icmp.type;
    if (p->ip.version == 6)
        return type >= IK_ICMP6_UNREACHABLE && type <= IK_ICMP6_PARAMETER_PROBLEM;
    return type == IK_ICMP4_UNREACHABLE || type == IK_ICMP4_TIME_EXCEEDED ||
           type == IK_ICMP4_PARAMETER_PROBLEM;
}

/* ---- who gets many --------------------------------------------------------------------------- */

/* By the keyed hash of a host, which is the same whether it sends or receives. */
static struct hot *find_hot(struct errors *e, uint64_t hash)
{
    for (uint32_t i = 0; i < e->n_hot; i++) {
        if (e->hot[i].hash == hash)
            return &e->hot[i];
    }
    return NULL;
}

/* Watches a host; when there are too many, in place of the one that gets fewest. */
static struct hot *watch(struct errors *e, uint64_t hash)
{
    struct hot *h = &e->hot[0];
    if (e->n_hot < HOT) {
        h = &e->hot[e->n_hot++];
    } else {
        for (int i = 1; i < HOT; i++) {
            if (e->hot[i].errors < h->errors)
                h = &e->hot[i];
        }
        e->evicted++;
    }
    *h = (struct hot){.hash = hash, .bin = e->bin};
    return h;
}

/* Another second: what was counted is worth half. Who got nothing for long is watched no more. */
static void cool(struct errors *e)
{
    for (uint32_t i = e->n_hot; i > 0; i--) {
        struct hot *h = &e->hot[i - 1];
        const uint32_t gap = e->bin - h->bin;
        h->bin = e->bin;
        h->errors = gap < 32 ? h->errors >> gap : 0;
        h->sent = gap < 32 ? h->sent >> gap : 0;
        if (h->errors == 0)
            *h = e->hot[--e->n_hot];
    }
}

static __attribute__((noinline)) void note_sent(struct errors *e, const struct ik_sight *s)
{
    struct hot *h = find_hot(e, s->host_hash);
    if (h && h->sent < UINT32_MAX)
        h->sent++;
}

/* ---- floods ---------------------------------------------------------------------------------- */

struct verdict {
    uint32_t n;
    enum ik_limit limit;
    const char *why;
};

static struct target *target_of(struct errors *e, const struct ik_sight *s)
{
    const uint32_t row = ik_ways_take(&e->by_target, s->dst_hash);
    struct target *t = &e->targets[row];
    if (e->target_rows[row].at == INT64_MIN) {
        e->evicted += t->all > 0 && t->bin == e->bin;
        *t = (struct target){.bin = e->bin, .since = ik_sight_begin(s)};
    }
    if (t->bin != e->bin) {
        const bool goes_on = t->all > 0 && e->bin - t->bin == 1;
        *t = (struct target){.bin = e->bin, .since = goes_on ? t->since : ik_sight_begin(s)};
    }
    /* As if seen later by a millisecond for each error: a flood stays among many others. */
    e->target_rows[row].at = s->now + t->all * IK_NS_PER_MS;
    return t;
}

/* True when the host did not send enough to earn what it gets; half more is let pass for answers
 * that are late. */
static bool outnumbers(struct errors *e, const struct ik_sight *s, const struct target *t)
{
    struct hot *h = find_hot(e, s->dst_hash);
    if (!h) {
        if (t->all < limit_of(s, IK_LIM_ERROR_FLOOD) / 4)
            return false;
        h = watch(e, s->dst_hash);
    }
    h->errors += h->errors < UINT32_MAX;
    return h->errors > h->sent + (uint64_t)h->sent / 2;
}

static struct verdict judge(struct errors *e, const struct ik_sight *s, const struct target *t)
{
    const uint64_t told = (uint64_t)t->unknown + t->known;
    if (outnumbers(e, s, t) && t->all > limit_of(s, IK_LIM_ERROR_FLOOD))
        return (struct verdict){t->all, IK_LIM_ERROR_FLOOD,
                                "More ICMP errors a second go to one host than it sends packets."};
    if (t->unknown > limit_of(s, IK_LIM_ERROR_UNKNOWN) &&
        100 * (uint64_t)t->unknown >= limit_of(s, IK_LIM_UNKNOWN_SHARE) * told)
        return (struct verdict){t->unknown, IK_LIM_ERROR_UNKNOWN,
                                "ICMP errors go to one host about packets that it never sent."};
    return (struct verdict){0};
}

static void flood_input(struct errors *e, const struct ik_sight *s)
{
    struct target *t = target_of(e, s);
    const struct ik_icmp *m = &s->p->icmp;
    t->all++;
    t->untold++;
    t->known += s->quoted == IK_QUOTED_KNOWN;
    t->unknown += s->quoted == IK_QUOTED_UNKNOWN;
    t->senders |= ik_distinct_bit(s->src_hash);
    const struct verdict v = judge(e, s, t);
    if (v.n == 0 || t->all < t->next)
        return;
    const uint64_t limit = limit_of(s, v.limit);
    const struct ik_report report = {
        .detector = IK_DETECT_ERROR_FLOOD,
        .kin = IK_KIN_ERRORS,
        .of = s->p->ip.dst,
        .severity = v.n >= HIGH * limit ? IK_SEVERITY_HIGH : IK_SEVERITY_MEDIUM,
        .dst = s->p->ip.dst,
        .other = ik_distinct_of_bits(t->senders) == 1 ? s->src : (struct ik_addr){.family = 0},
        .family = m->family,
        .type = m->type,
        .code = m->code,
        .window = IK_NS_PER_S,
        .value = v.n,
        .threshold = (double)limit,
        .limit = v.limit,
        .why = v.why,
        .remedy = IK_REMEDY_LIMIT_UNKNOWN,
        .packets = t->untold,
        .since = t->since,
        .sources = ik_distinct_of_bits(t->senders),
        .p = s->p,
    };
    ik_book_report(s->book, s->now, &report);
    t->untold = 0;
    t->next = twice(t->all);
}

/* ---- loops ----------------------------------------------------------------------------------- */

/* What the quoted packet has in common with others of its flow: identifier or ports, else the
 * identification of the packet itself. */
static uint32_t ident_of(const struct ik_quote *q)
{
    if (q->has & IK_QUOTE_ICMP_ECHO)
        return q->icmp_id;
    if (q->has & IK_QUOTE_PORTS)
        return (uint32_t)q->sport << 16 | q->dport;
    return q->ip.id;
}

/* The end of splitmix64. */
static uint64_t mixed(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Of what this router says of that flow: the hash of the router is secret, and so is what follows
 * of it. */
static uint64_t flow_id(const struct ik_sight *s)
{
    const struct ik_quote *q = &s->p->quote;
    const uint64_t dst =
        q->ip.dst.family == 4 ? ik_load_be32(q->ip.dst.bytes) : ik_sight_host(s, &q->ip.dst);
    return mixed(mixed(s->host_hash ^ dst) ^ ((uint64_t)q->ip.proto << 32 | ident_of(q)));
}

/* Reports of the flow in this second that no tracer causes: none up to ten, then all. */
static uint32_t repeated(struct errors *e, const struct ik_sight *s)
{
    const uint32_t row = ik_ways_take(&e->by_flow, flow_id(s));
    struct flow *f = &e->flows[row];
    if (e->flow_rows[row].at == INT64_MIN) {
        e->evicted += f->n > 0 && f->bin == e->bin;
        *f = (struct flow){.bin = e->bin};
    }
    e->flow_rows[row].at = s->now;
    if (f->bin != e->bin)
        *f = (struct flow){.bin = e->bin};
    f->n++;
    return f->n <= TRACED ? 0 : f->n == TRACED + 1 ? f->n : 1;
}

static struct router *router_of(struct errors *e, const struct ik_sight *s)
{
    const struct ik_addr *addr = &s->p->ip.src;
    const uint64_t id = ik_ways_id(s->cfg->secret, addr, 8 * (unsigned)ik_addr_bytes(addr->family));
    const uint32_t row = ik_ways_take(&e->by_router, id);
    struct router *r = &e->routers[row];
    if (e->router_rows[row].at == INT64_MIN) {
        e->evicted += r->n > 0 && r->bin == e->bin;
        *r = (struct router){
            .bin = e->bin, .towards = s->p->quote.ip.dst, .since = ik_sight_begin(s)};
    }
    e->router_rows[row].at = s->now;
    if (r->bin != e->bin) {
        if (e->bin - r->bin > 1)
            r->since = ik_sight_begin(s);
        r->bin = e->bin;
        r->n = r->next = 0;
    }
    return r;
}

static bool is_expired(const struct ik_look_packet *p)
{
    const bool exceeded = p->ip.version == 4 ? p->icmp.type == IK_ICMP4_TIME_EXCEEDED
                                             : p->icmp.type == IK_ICMP6_TIME_EXCEEDED;
    return exceeded && p->icmp.code == 0 && p->has_quote;
}

static void loop_input(struct errors *e, const struct ik_sight *s)
{
    const uint64_t limit = limit_of(s, IK_LIM_TTL_STORM);
    const uint32_t n = repeated(e, s);
    if (n == 0)
        return;
    struct router *r = router_of(e, s);
    r->n += n;
    r->untold += n;
    if (r->n < limit || r->n < r->next)
        return;
    const struct ik_icmp *m = &s->p->icmp;
    const struct ik_report report = {
        .detector = IK_DETECT_TTL_STORM,
        .kin = IK_KIN_FLOOD,
        .of = r->towards,
        .severity = IK_SEVERITY_MEDIUM,
        .src = s->p->ip.src,
        .dst = r->towards,
        .family = m->family,
        .type = m->type,
        .code = m->code,
        .window = IK_NS_PER_S,
        .value = r->n,
        .threshold = (double)limit,
        .limit = IK_LIM_TTL_STORM,
        .why = "A router reports packets of the same flow again and again as expired: they run in "
               "a circle.",
        .remedy = IK_REMEDY_NONE,
        .packets = r->untold,
        .since = r->since,
        .p = s->p,
    };
    ik_book_report(s->book, s->now, &report);
    r->untold = 0;
    r->next = twice(r->n);
}

/* ---- the part -------------------------------------------------------------------------------- */

static __attribute__((noinline)) void take(struct errors *e, const struct ik_sight *s)
{
    if (!e->begun) {
        e->begun = true;
        e->start = s->now;
    }
    const uint32_t bin = (uint32_t)((s->now - e->start) / IK_NS_PER_S);
    if (bin != e->bin) {
        e->bin = bin;
        cool(e);
    }
    if (ik_sight_minds(s, IK_DETECT_ERROR_FLOOD))
        flood_input(e, s);
    if (is_expired(s->p) && ik_sight_minds(s, IK_DETECT_TTL_STORM))
        loop_input(e, s);
}

/* Of most packets, which are no errors, only those are of use that a host sends that is watched. */
static void errors_input(void *state, struct ik_sight *s)
{
    struct errors *e = state;
    if (e->n_hot)
        note_sent(e, s);
    if (!s->is_echo && s->icmp && is_error(s->p))
        take(e, s);
}

const struct ik_part ik_part_errors = {
    .wants = IK_WANTS_ICMP | IK_WANTS_PARTS | IK_WANTS_OTHER,
    .bytes = errors_bytes,
    .init = errors_init,
    .input = errors_input,
    .evicted = errors_evicted,
};
