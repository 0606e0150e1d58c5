/* SPDX-License-Identifier: MIT
 * Floods, by destination and by source. What counts is what nobody asked for: questions, answers
 * without a question, everything that is neither; errors are counted by errors.c.
 *
 * A destination has a habit (habit.h) and is told while that is exceeded. Sources are counted anew
 * each second by Space-Saving, whose count less its error is what a source sent for certain,
 * however many others are made up beside it; one that is beyond the limit in two of three seconds
 * is told, unless it asks ever different hosts: that is a sweep. */
#include "detect/asked.h"
#include "detect/habit.h"
#include "detect/heavy.h"
#include "base/keep.h"
#include "net/distinct.h"
#include "net/line.h"

enum {
    DESTINATIONS = 4096,
    LINES = DESTINATIONS / IK_LINE_WAYS,
    SUSPECTS = 256,
    SUSPECT_LINES = SUSPECTS / IK_LINE_WAYS,
    FEW = 64,       /* packets of a suspect before it is judged */
    EACH = 8,       /* packets for each destination, or it is a sweep */
    OF_SECONDS = 3, /* two of three */
    HIGH = 10,      /* times the limit: certain harm */
    LEAD_MAX = 1000,
};

/* A destination that gets much stays in the table as if it had been seen so much later. */
#define LEAD (10 * IK_NS_PER_MS)

struct destination {
    _Alignas(64) struct ik_habit habit;
    uint32_t lead;                /* by its habit, in units of LEAD */
    uint32_t next;                /* messages in this second at which it is told again */
    uint32_t untold;              /* messages since it was told */
    uint64_t sources;             /* bits of ik_distinct_of_bits */
    struct ik_report_begin since; /* the first of the second in which it went beyond its habit */
};
_Static_assert(sizeof(struct destination) == 64, "a cache line");

/* Four of them behind the line that tells where each is. */
struct destinations {
    struct ik_line line;
    struct destination of[IK_LINE_WAYS];
};

struct suspect {
    uint64_t seconds; /* bit i: beyond the limit i seconds before `bin` */
    uint32_t bin, n;  /* messages in it */
    uint32_t next, untold;
    struct ik_report_begin since;
    struct ik_distinct destinations;
};

struct rates {
    ik_ns start;
    ik_ns ends; /* when second `bin` does; 0: none has begun */
    uint32_t bin;
    uint64_t evicted;
    uint32_t watched; /* the second up to which suspects are looked for */
    struct ik_asked *asked;
    struct ik_heavy *sources;
    struct destinations by_dst[LINES];
    struct ik_line by_src[SUSPECT_LINES];
    struct suspect suspects[SUSPECTS];
};

static size_t rounded(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

static size_t rate_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return rounded(sizeof(struct rates)) + rounded(ik_asked_bytes()) + ik_heavy_bytes();
}

static void rate_init(void *state, const struct ik_detect_cfg *cfg)
{
    struct rates *r = state;
    (void)cfg;
    uint8_t *p = (uint8_t *)state + rounded(sizeof(*r));
    r->asked = ik_asked_init(p);
    r->sources = ik_heavy_init(p + rounded(ik_asked_bytes()));
    for (int i = 0; i < LINES; i++)
        ik_line_init(&r->by_dst[i].line, 1);
    ik_line_init(r->by_src, SUSPECT_LINES);
}

static uint64_t rate_evicted(const void *state)
{
    const struct rates *r = state;
    return r->evicted + ik_asked_evicted(r->asked);
}

static uint64_t limit_of(const struct ik_sight *s, enum ik_limit l)
{
    return (uint64_t)s->cfg->limits[l];
}

static enum ik_severity severity_of(uint32_t n, uint64_t limit)
{
    return n >= HIGH * limit ? IK_SEVERITY_HIGH : IK_SEVERITY_MEDIUM;
}

/* ---- by destination -------------------------------------------------------------------------- */

/* n: the messages of a second. Out of line, as all that few packets need: it takes much of the
 * stack, which the others then do not pay for. */
static __attribute__((noinline)) void
tell_destination(const struct ik_sight *s, struct destination *d, uint32_t n, uint64_t limit)
{
    const struct ik_icmp *m = &s->p->icmp;
    const struct ik_report report = {
        .detector = IK_DETECT_FLOOD_DST,
        .kin = IK_KIN_FLOOD,
        .of = s->p->ip.dst,
        .severity = severity_of(n, limit),
        .dst = s->p->ip.dst,
        .other = ik_distinct_of_bits(d->sources) == 1 ? s->src : (struct ik_addr){.family = 0},
        .family = m->family,
        .type = m->type,
        .code = m->code,
        .window = IK_NS_PER_S,
        .value = n,
        .threshold = (double)limit,
        .limit = IK_LIM_FLOOD_DST,
        .why =
            "Far more ICMP messages a second than usual, which nobody asked for, go to one host.",
        .remedy = IK_REMEDY_LIMIT_DST,
        .packets = d->untold,
        .since = d->since,
        .sources = ik_distinct_of_bits(d->sources),
        .p = s->p,
    };
    ik_book_report(s->book, s->now, &report);
    d->untold = 0;
}

/* Where a destination is looked for. */
static uint32_t line_of(const struct ik_sight *s)
{
    return ik_line_number(s->dst_hash, LINES);
}

/* Its habit is forgotten; of an earlier second there is nothing else. */
static __attribute__((noinline)) void begin_destination(struct rates *r, struct destination *d)
{
    r->evicted += d->habit.n > 0 && (d->habit.bin == r->bin || d->habit.excess > 0);
    *d = (struct destination){.habit = {.bin = r->bin, .cold = r->bin == 0}};
}

/* The first message in another second than those before. */
static __attribute__((noinline)) void turn_destination(const struct rates *r,
                                                       const struct ik_sight *s,
                                                       struct destination *d, uint64_t limit)
{
    const uint32_t before = d->habit.n;
    ik_habit_turn(&d->habit, r->bin, (float)limit);
    const float usual = d->habit.mean + d->habit.excess;
    d->lead = (uint32_t)(usual < LEAD_MAX ? usual : LEAD_MAX);
    /* It was told at its limit, or at twice as many: now it is known how many they were. */
    if (d->next && before > d->next / 2)
        tell_destination(s, d, before, limit);
    d->next = 0;
    if (d->habit.excess <= 0) {
        d->untold = 0;
        d->sources = 0;
        d->since = ik_sight_begin(s);
    }
}

static void count_destination(struct rates *r, const struct ik_sight *s)
{
    const uint64_t limit = limit_of(s, IK_LIM_FLOOD_DST);
    struct destinations *set = ik_keep(&r->by_dst[line_of(s)]);
    bool anew;
    const unsigned way = ik_line_take(&set->line, s->dst_hash, &anew);
    struct destination *d = ik_keep(&set->of[way]);
    if (anew)
        begin_destination(r, d);
    else if (d->habit.bin != r->bin)
        turn_destination(r, s, d, limit);
    const uint32_t n = ++d->habit.n, lead = n + d->lead;
    d->untold++;
    d->sources |= ik_distinct_bit(s->src_hash);
    set->line.at[way] = s->now + LEAD * (ik_ns)(lead < LEAD_MAX ? lead : LEAD_MAX);
    if (n >= limit && n >= d->next && ik_habit_over(&d->habit, (float)limit) > 0) {
        tell_destination(s, d, n, limit);
        d->next = n < UINT32_MAX / 2 ? 2 * n : UINT32_MAX;
    }
}

/* ---- by source ------------------------------------------------------------------------------- */

/* Moves a suspect to the present second. */
static void turn(struct suspect *u, uint32_t bin)
{
    const uint32_t gap = bin - u->bin;
    if (gap == 0)
        return;
    u->seconds = gap < OF_SECONDS ? u->seconds << gap : 0;
    u->bin = bin;
    u->n = u->next = 0;
    u->destinations.n = 0;
}

/* The source is beyond the limit in the present second. */
static __attribute__((noinline)) void suspect(struct rates *r, const struct ik_sight *s)
{
    const uint32_t number = ik_line_number(s->src_hash, SUSPECT_LINES);
    bool anew;
    const unsigned way = ik_line_take(&r->by_src[number], s->src_hash, &anew);
    struct suspect *u = &r->suspects[number * IK_LINE_WAYS + way];
    if (anew) {
        r->evicted += u->bin > 0 && r->bin - u->bin < OF_SECONDS;
        *u = (struct suspect){.bin = r->bin};
    }
    turn(u, r->bin);
    if (u->seconds == 0)
        u->since = ik_sight_begin(s);
    u->seconds |= 1;
    r->by_src[number].at[way] = s->now;
    r->watched = r->bin + OF_SECONDS;
}

/* True for who sends to this host alone, and most of what it gets. */
static bool is_to_one(const struct rates *r, const struct ik_sight *s, const struct suspect *u)
{
    const struct destinations *set = &r->by_dst[line_of(s)];
    const unsigned ways = ik_line_find(&set->line, s->dst_hash);
    if (!ways)
        return false;
    const struct ik_habit *h = &set->of[__builtin_ctz(ways)].habit;
    return h->bin == r->bin && 2 * (uint64_t)u->n > h->n;
}

static void tell_source(const struct rates *r, const struct ik_sight *s, struct suspect *u,
                        uint64_t limit)
{
    const struct ik_icmp *m = &s->p->icmp;
    const bool one = ik_distinct_count(&u->destinations) == 1;
    const bool to_one = one && is_to_one(r, s, u);
    const uint32_t n = u->n > limit ? u->n : (uint32_t)limit;
    const struct ik_report report = {
        .detector = IK_DETECT_FLOOD_SRC,
        .kin = to_one ? IK_KIN_FLOOD : IK_KIN_SCAN,
        .of = to_one ? s->p->ip.dst : s->src,
        .severity = severity_of(n, limit),
        .src = s->src,
        .other = one ? s->p->ip.dst : (struct ik_addr){.family = 0},
        .family = m->family,
        .type = m->type,
        .code = m->code,
        .window = IK_NS_PER_S,
        .value = n,
        .threshold = (double)limit,
        .limit = IK_LIM_FLOOD_SRC,
        .why = "One source sends more ICMP messages a second than any use needs.",
        .remedy = IK_REMEDY_LIMIT_SOURCE,
        .packets = u->untold,
        .since = u->since,
        .p = s->p,
    };
    ik_book_report(s->book, s->now, &report);
    u->untold = 0;
    u->next = u->n < UINT32_MAX / 2 ? 2 * u->n : UINT32_MAX;
}

static bool is_set_twice(uint64_t seconds)
{
    return __builtin_popcountll(seconds & ((1 << OF_SECONDS) - 1)) >= 2;
}

static __attribute__((noinline)) void watch(const struct rates *r, const struct ik_sight *s,
                                            struct suspect *u)
{
    turn(u, r->bin);
    u->n++;
    u->untold++;
    (void)ik_distinct_add(&u->destinations, s->dst_hash);
    if (!(u->seconds & 1) || !is_set_twice(u->seconds) || u->n < FEW || u->n < u->next)
        return;
    if (u->n >= EACH * ik_distinct_count(&u->destinations))
        tell_source(r, s, u, limit_of(s, IK_LIM_FLOOD_SRC));
}

static void count_source(struct rates *r, const struct ik_sight *s)
{
    if (ik_heavy_add(r->sources, s->src_hash, r->bin) >= limit_of(s, IK_LIM_FLOOD_SRC))
        suspect(r, s);
    if (r->bin > r->watched)
        return;
    const uint32_t number = ik_line_number(s->src_hash, SUSPECT_LINES);
    const unsigned ways = ik_line_find(&r->by_src[number], s->src_hash);
    if (ways)
        watch(r, s, &r->suspects[number * IK_LINE_WAYS + (unsigned)__builtin_ctz(ways)]);
}

/* ---- the part -------------------------------------------------------------------------------- */

static void rate_expect(const void *state, struct ik_sight *s)
{
    const struct rates *r = state;
    if (s->query != IK_QUERY_NONE)
        ik_asked_expect(r->asked, s);
    /* Of answers the rest is seldom needed: most were asked for. */
    if (s->query == IK_QUERY_ANSWERS)
        return;
    __builtin_prefetch(&r->by_dst[line_of(s)], 1);
    ik_heavy_expect(r->sources, s->src_hash);
}

static void rate_expect_more(const void *state, struct ik_sight *s)
{
    const struct rates *r = state;
    if (s->query == IK_QUERY_ANSWERS)
        return;
    const struct destinations *set = &r->by_dst[line_of(s)];
    __builtin_prefetch(&set->of[ik_line_guess(&set->line, s->dst_hash)], 1);
}

/* A question, and what nobody asked for. */
static __attribute__((noinline)) void count(struct rates *r, const struct ik_sight *s)
{
    if (s->query == IK_QUERY_ASKS)
        ik_asked_note(r->asked, s);
    if (ik_sight_minds(s, IK_DETECT_FLOOD_DST))
        count_destination(r, s);
    if (ik_sight_minds(s, IK_DETECT_FLOOD_SRC))
        count_source(r, s);
}

/* An answer for which nothing waits. */
static __attribute__((noinline)) void count_answer(struct rates *r, struct ik_sight *s)
{
    s->answer = ik_asked_judge_alone(r->asked, s);
    if (s->answer == IK_ANSWER_UNASKED)
        count(r, s);
}

static __attribute__((noinline)) void count_other(struct rates *r, const struct ik_sight *s)
{
    /* Errors are errors.c's. */
    if (s->p->icmp.kind != IK_ICMP_ERROR && !ik_icmp_is_error(s->p->ip.version, s->p->icmp.type))
        count(r, s);
}

static void judge(struct rates *r, struct ik_sight *s)
{
    if (s->query == IK_QUERY_ASKS)
        count(r, s);
    else if (s->query == IK_QUERY_NONE)
        count_other(r, s);
    else if (ik_asked_take(r->asked, s))
        s->answer = IK_ANSWER_ASKED;
    else
        count_answer(r, s);
}

/* The first packet, or the first of another second. */
static __attribute__((noinline)) void turn_second(struct rates *r, struct ik_sight *s)
{
    if (!r->ends) {
        r->start = s->now;
        ik_asked_begin(r->asked, s->now);
    }
    r->bin = (uint32_t)((s->now - r->start) / IK_NS_PER_S);
    r->ends = r->start + (r->bin + 1) * IK_NS_PER_S;
    judge(r, s);
}

static void rate_input(void *state, struct ik_sight *s)
{
    struct rates *r = state;
    if (s->now >= r->ends)
        turn_second(r, s);
    else
        judge(r, s);
}

const struct ik_part ik_part_rate = {
    .wants = IK_WANTS_ICMP,
    .bytes = rate_bytes,
    .init = rate_init,
    .expect = rate_expect,
    .expect_more = rate_expect_more,
    .input = rate_input,
    .evicted = rate_evicted,
};
