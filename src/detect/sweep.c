/* SPDX-License-Identifier: MIT
 * Who asks many addresses whether they are up. A monitor does that too; what tells them apart is
 * that a monitor is answered: it knows whom it asks. So the first question of a source to an
 * address waits for its fate: answered, not answered (within two seconds, or reported as
 * unreachable), or no question of that kind (a tracer's, which expired on its way).
 *
 * From outside, the threshold random walk (Jung, Paxson, Berger, Balakrishnan 2004) tells earlier:
 * each failure is a step up, each answer one down, and four up are a scan with near certainty. For
 * our own hosts that would be too strict: they have lists of addresses of which some are down. */
#include "detect/sight.h"

#include "net/distinct.h"
#include "net/ways.h"

#include <stddef.h>
#include <string.h>

enum {
    SOURCES = 4096,
    WAITING = 8192,
    EACH = 32,       /* questions of one source that are followed, before only some are */
    ENOUGH = 20,     /* addresses whose fates tell, half of them */
    LEAD_MAX_S = 64, /* seconds that a source stays longer, at most: one for each address more */
    SOME = 5,        /* addresses: more than a host needs at once */
    STILL = 4,       /* part of the limit that shows that a sweep goes on */
    NET_BYTES = 8,
};

#define PATIENCE (2 * IK_NS_PER_S)
#define ACTIVE (10 * IK_NS_PER_S) /* a source that began so lately may go on */
#define PATIENCE_LAST \
    (IK_NS_PER_S / 2) /* when nothing more will come: nearly all answers are sooner */
#define PROOF_WITHIN IK_NS_PER_S

struct source {
    _Alignas(64) ik_ns from; /* beginning of the window */
    uint64_t from_n;         /* and its frame */
    ik_ns due;  /* when there was something to tell, and no question to prove it; 0: never */
    ik_ns told; /* that it sweeps; of no meaning before */
    uint8_t family;
    bool outside;
    bool swept; /* in the window before */
    bool sweeps;
    uint8_t net[NET_BYTES]; /* its address: one of IPv6 has no more here */
    uint32_t tag;           /* tells it from who had the row before */
    uint32_t answered, failed;
    int32_t walk;
    uint32_t next, next_walk; /* addresses at which it is told of again, as this and that */
    uint32_t untold;
    uint32_t period, seen; /* of sampling, and the questions in it */
    _Alignas(8) struct ik_distinct addresses;
};
_Static_assert(offsetof(struct source, addresses.exact) < 128,
               "of few addresses two lines are used");

/* The first question to an address. One that does not wait has met its fate, or was a tracer's:
 * those that follow soon are not followed. */
struct question {
    ik_ns asked;
    uint32_t tag;
    uint16_t source;
    bool waits;
};
_Static_assert(SOURCES <= UINT16_MAX + 1, "the number of one");

struct sweep {
    uint64_t evicted;
    uint32_t tags, n_due;
    struct ik_ways by_src, by_pair;
    uint16_t asker[WAITING]; /* as in questions, but near */
    _Alignas(64) struct ik_ways_row src_rows[SOURCES];
    _Alignas(64) struct ik_ways_row pair_rows[WAITING];
    _Alignas(64) struct question questions[WAITING];
    struct source sources[SOURCES];
};

/* Whom a verdict is told to. p: the question that led to it; NULL: it was an answer, or none. */
struct teller {
    const struct ik_detect_cfg *cfg;
    struct ik_book *book;
    const struct ik_look_packet *p;
    ik_ns now;
    bool last; /* nothing more will come */
};

enum fate { FATE_ANSWERED, FATE_FAILED, FATE_NONE };

static size_t sweep_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct sweep);
}

static void sweep_init(void *state, const struct ik_detect_cfg *cfg)
{
    struct sweep *w = state;
    (void)cfg;
    ik_ways_init(&w->by_src, w->src_rows, SOURCES);
    ik_ways_init(&w->by_pair, w->pair_rows, WAITING);
}

static uint64_t sweep_evicted(const void *state)
{
    return ((const struct sweep *)state)->evicted;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* Fewer answers than a monitor gets, by three standard deviations of chance: a monitor of whose
 * targets a tenth is down has three of the first ten down often enough. */
static bool is_mostly_unanswered(const struct source *src, const struct ik_detect_cfg *cfg)
{
    enum { SIGMAS = 3 };
    const int64_t fates = (int64_t)src->answered + src->failed;
    const int64_t enough = cfg->limits[IK_LIM_SWEEP] < ENOUGH ? cfg->limits[IK_LIM_SWEEP] : ENOUGH;
    const int64_t answered = cfg->limits[IK_LIM_SWEEP_ANSWERED], down = 100 - answered;
    const int64_t excess = 100 * (int64_t)src->failed - down * fates;
    return 2 * fates >= enough && excess > 0 &&
           excess * excess > (int64_t)SIGMAS * SIGMAS * answered * down * fates;
}

static void set_due(struct sweep *w, struct source *src, ik_ns at)
{
    w->n_due += at != 0;
    w->n_due -= src->due != 0;
    src->due = at;
}

static struct ik_addr addr_of(const struct source *src)
{
    struct ik_addr a = {.family = src->family};
    memcpy(a.bytes, src->net, sizeof(src->net));
    return a;
}

/* True when it was told. What is found when time ran out waits for the next question of the source,
 * which proves it, for a second; then it is told without. */
static bool tell(struct sweep *w, const struct teller *t, struct source *src,
                 struct ik_report *report)
{
    if (!t->p && !t->last && (!src->due || t->now - src->due < PROOF_WITHIN)) {
        set_due(w, src, src->due ? src->due : t->now);
        return false;
    }
    set_due(w, src, 0);
    report->detector = IK_DETECT_SWEEP;
    report->kin = IK_KIN_SCAN;
    report->src = report->of = addr_of(src);
    report->window = t->now - src->from;
    report->since = (struct ik_report_begin){.n = src->from_n, .time = src->from};
    report->remedy = IK_REMEDY_LIMIT_SOURCE;
    report->packets = src->untold;
    report->p = t->p;
    if (t->p) {
        report->family = t->p->icmp.family;
        report->type = t->p->icmp.type;
        report->code = t->p->icmp.code;
    }
    ik_book_report(t->book, t->now, report);
    src->untold = 0;
    return true;
}

/* A source is told of again when it asked twice as many, and while it goes on now and then: sooner
 * than its finding ends. */
static bool is_news(const struct source *src, uint32_t n, const struct teller *t)
{
    return n >= src->next ||
           (n > src->next / 2 && t->now - src->told >= t->cfg->limits[IK_LIM_HOLD] / 2);
}

static void judge(struct sweep *w, const struct teller *t, struct source *src)
{
    const ik_ns *limits = t->cfg->limits;
    const uint32_t n = ik_distinct_count(&src->addresses);
    const ik_ns limit = src->swept ? limits[IK_LIM_SWEEP] / STILL : limits[IK_LIM_SWEEP];
    if (!is_news(src, n, t))
        return;
    if (n >= limit && is_mostly_unanswered(src, t->cfg)) {
        struct ik_report report = {
            .severity = IK_SEVERITY_MEDIUM,
            .value = n,
            .threshold = (double)limits[IK_LIM_SWEEP],
            .limit = IK_LIM_SWEEP,
            .why = "One source asks many addresses whether they are up, and few of them answer.",
        };
        src->sweeps = true;
        if (tell(w, t, src, &report)) {
            src->next = n < UINT32_MAX / 2 ? 2 * n : UINT32_MAX;
            src->told = t->now;
        }
    } else if (src->outside && src->walk >= limits[IK_LIM_SWEEP_FAILURES] && n >= src->next_walk) {
        struct ik_report report = {
            .severity = IK_SEVERITY_LOW,
            .value = src->walk,
            .threshold = (double)limits[IK_LIM_SWEEP_FAILURES],
            .limit = IK_LIM_SWEEP_FAILURES,
            .why = "A source from outside asks addresses that do not answer, one after another.",
        };
        if (tell(w, t, src, &report))
            src->next_walk = n + 1;
    } else {
        set_due(w, src, 0);
    }
}

/* ---- questions and their fates --------------------------------------------------------------- */

/* A question that met its fate is kept for as long as one without an answer: within that time no
 * address counts twice, whether it answers or not. */
static void settle(struct sweep *w, uint32_t row, enum fate fate, const struct teller *t)
{
    struct question *q = &w->questions[row];
    struct source *src = &w->sources[q->source];
    const bool waited = q->waits;
    if (fate == FATE_NONE)
        q->asked = t->now;
    else if (t->now - q->asked >= PATIENCE)
        w->pair_rows[row] = (struct ik_ways_row){.id = 0, .at = INT64_MIN};
    q->waits = false;
    if (!waited || src->tag != q->tag)
        return;
    src->answered += fate == FATE_ANSWERED;
    src->failed += fate == FATE_FAILED;
    if (fate == FATE_ANSWERED && src->walk > -t->cfg->limits[IK_LIM_SWEEP_FAILURES])
        src->walk--;
    else if (fate == FATE_FAILED && src->walk < INT32_MAX)
        src->walk++;
    judge(w, t, src);
}

static struct source *source_of(struct sweep *w, const struct ik_sight *s, uint32_t *row)
{
    *row = ik_ways_take_at(&w->by_src, s->src_hash, s->guess.src);
    struct source *src = &w->sources[*row];
    const bool anew = w->src_rows[*row].at == INT64_MIN;
    if (anew || s->now - src->from > s->cfg->limits[IK_LIM_SWEEP_WINDOW]) {
        w->evicted += anew && src->addresses.n > 0 &&
                      (s->now - src->from < ACTIVE || src->addresses.n >= SOME);
        /* Not all of it: the list behind the count needs no zeros. */
        set_due(w, src, 0);
        src->swept = !anew && src->sweeps;
        src->sweeps = false;
        src->family = s->src.family;
        memcpy(src->net, s->src.bytes, sizeof(src->net));
        src->from = s->now;
        src->from_n = s->p->frame.n;
        src->answered = src->failed = 0;
        src->walk = 0;
        src->tag = ++w->tags;
        src->next = src->next_walk = src->untold = 0;
        src->seen = 0;
        src->addresses.n = 0;
    }
    return src;
}

static void wait_for_answer(struct sweep *w, const struct ik_sight *s, uint32_t source)
{
    const uint32_t row = ik_ways_take_at(&w->by_pair, s->pair_hash, s->guess.pair);
    struct question *q = &w->questions[row];
    if (w->pair_rows[row].at != INT64_MIN)
        return;
    if (q->waits) { /* of somebody else, that gave way: its fate is not observed */
        struct source *its = &w->sources[q->source];
        if (its->tag == q->tag)
            w->evicted += its->addresses.n >= SOME; /* of fewer, others tell as much */
    }
    struct source *src = &w->sources[source];
    const uint32_t n = src->addresses.n;
    /* Those of sources with few addresses give way first: made-up ones have one. */
    w->pair_rows[row].at = s->now + (n < LEAD_MAX_S ? n - 1 : LEAD_MAX_S) * IK_NS_PER_S;
    *q = (struct question){
        .asked = s->now, .tag = src->tag, .source = (uint16_t)source, .waits = true};
    w->asker[row] = (uint16_t)source;
}

/* Which questions are followed: in each period the first few, then of each twice as many half as
 * many. Never by what became of others: who has room again when an answer came follows those that
 * answer. */
static bool is_sampled(struct source *src, ik_ns now)
{
    const uint32_t period = (uint32_t)(now / PATIENCE);
    if (src->period != period) {
        src->period = period;
        src->seen = 0;
    }
    const uint32_t i = src->seen++;
    return i < EACH || i % ((1u << (31 - __builtin_clz(i))) / (EACH / 2)) == 0;
}

static void asked(struct sweep *w, const struct ik_sight *s, const struct teller *t)
{
    uint32_t row;
    struct source *src = source_of(w, s, &row);
    const bool fresh = ik_distinct_add(&src->addresses, s->dst_hash);
    const uint32_t n = src->addresses.n;
    w->src_rows[row].at = s->now + (n < LEAD_MAX_S ? n - 1 : LEAD_MAX_S) * IK_NS_PER_S;
    src->outside = s->way == IK_WAY_IN;
    src->untold++;
    /* Beyond the exact list nobody knows which address is new: each question is taken for a sample.
     */
    if ((fresh || n > IK_DISTINCT_EXACT) && is_sampled(src, s->now))
        wait_for_answer(w, s, row);
    if (src->due || (fresh && src->answered + src->failed > 0))
        judge(w, t, src);
}

static void meets(struct sweep *w, uint64_t pair, enum fate fate, const struct teller *t)
{
    const uint32_t row = ik_ways_find(&w->by_pair, pair);
    if (row != IK_WAYS_NONE)
        settle(w, row, fate, t);
}

/* What an error says of the question that it quotes. */
static void failed(struct sweep *w, const struct ik_sight *s, const struct teller *t)
{
    const struct ik_look_packet *p = s->p;
    const struct ik_ip *ip = &p->quote.ip;
    const bool v4 = p->ip.version == 4;
    if (!p->has_quote || ip->proto != (v4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6))
        return;
    const bool unreachable =
        p->icmp.type == (v4 ? (int)IK_ICMP4_UNREACHABLE : (int)IK_ICMP6_UNREACHABLE);
    const bool expired =
        p->icmp.type == (v4 ? (int)IK_ICMP4_TIME_EXCEEDED : (int)IK_ICMP6_TIME_EXCEEDED);
    if (expired || unreachable)
        meets(w, s->quoted_pair, expired ? FATE_NONE : FATE_FAILED, t);
}

/* ---- the part -------------------------------------------------------------------------------- */

static bool is_question(const struct ik_sight *s)
{
    return !ik_addr_is_link_local(&s->p->ip.src) && s->dst_spread <= IK_SPREAD_MAYBE;
}

static void sweep_expect(const void *state, struct ik_sight *s)
{
    const struct sweep *w = state;
    ik_ways_expect(&w->by_src, s->src_hash);
    ik_ways_expect(&w->by_pair, s->pair_hash);
}

static void sweep_expect_more(const void *state, struct ik_sight *s)
{
    const struct sweep *w = state;
    if (s->query != IK_QUERY_ASKS)
        return;
    s->guess.src = ik_ways_guess(&w->by_src, s->src_hash);
    s->guess.pair = ik_ways_guess(&w->by_pair, s->pair_hash);
    const struct source *src = &w->sources[s->guess.src];
    __builtin_prefetch(src, 1);
    __builtin_prefetch(&src->addresses, 1);
    __builtin_prefetch(&w->sources[w->asker[s->guess.pair]], 1); /* who may lose a question */
    __builtin_prefetch(&w->questions[s->guess.pair], 1);
}

static void sweep_input(void *state, struct ik_sight *s)
{
    struct sweep *w = state;
    const struct teller t = {.cfg = s->cfg,
                             .book = s->book,
                             .p = s->query == IK_QUERY_ASKS ? s->p : NULL,
                             .now = s->now};
    switch (s->query) {
    case IK_QUERY_ASKS:
        if (is_question(s) && ik_sight_minds(s, IK_DETECT_SWEEP))
            asked(w, s, &t);
        break;
    case IK_QUERY_ANSWERS:
        meets(w, s->pair_hash, FATE_ANSWERED, &t);
        break;
    case IK_QUERY_NONE:
        if (ik_icmp_is_error(s->p->ip.version, s->p->icmp.type))
            failed(w, s, &t);
        break;
    }
}

static void tell_due(struct sweep *w, const struct teller *t)
{
    for (uint32_t i = 0; i < SOURCES; i++) {
        if (w->sources[i].due)
            judge(w, t, &w->sources[i]);
    }
}

static void sweep_tick(void *state, ik_ns now, const struct ik_detect_cfg *cfg,
                       struct ik_book *book)
{
    struct sweep *w = state;
    const struct teller t = {.cfg = cfg, .book = book, .now = now};
    for (uint32_t i = 0; i < WAITING; i++) {
        if (w->pair_rows[i].id && now - w->questions[i].asked >= PATIENCE)
            settle(w, i, FATE_FAILED, &t);
    }
    if (w->n_due)
        tell_due(w, &t);
}

static void sweep_end(void *state, ik_ns now, const struct ik_detect_cfg *cfg, struct ik_book *book)
{
    struct sweep *w = state;
    const struct teller t = {.cfg = cfg, .book = book, .now = now, .last = true};
    for (uint32_t i = 0; i < WAITING; i++) {
        if (w->pair_rows[i].id && now - w->questions[i].asked >= PATIENCE_LAST)
            settle(w, i, FATE_FAILED, &t);
    }
    if (w->n_due)
        tell_due(w, &t);
}

const struct ik_part ik_part_sweep = {
    .wants = IK_WANTS_ICMP,
    .bytes = sweep_bytes,
    .init = sweep_init,
    .expect = sweep_expect,
    .expect_more = sweep_expect_more,
    .input = sweep_input,
    .tick = sweep_tick,
    .end = sweep_end,
    .evicted = sweep_evicted,
};
