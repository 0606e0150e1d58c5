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

#include "base/keep.h"
#include "net/distinct.h"
#include "net/line.h"

#include <stddef.h>
#include <string.h>

enum {
    SOURCES = 4096,
    SOURCE_LINES = SOURCES / IK_LINE_WAYS,
    WAITING = 8192,
    WAITING_LINES = WAITING / IK_LINE_WAYS,
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

/* What all packets of a source need is in the first line. */
struct source {
    _Alignas(64) ik_ns from; /* beginning of the window */
    uint64_t from_n;         /* and its frame */
    ik_ns due; /* when there was something to tell, and no question to prove it; 0: never */
    uint8_t net[NET_BYTES]; /* its address: one of IPv6 has no more here */
    uint8_t family;
    bool outside;
    bool swept; /* in the window before */
    bool sweeps;
    uint32_t tag; /* tells it from who had the row before, and from its window before */
    uint32_t untold;
    uint32_t period, seen; /* of sampling, and the questions in it */
    struct ik_distinct addresses;
    struct fates {
        uint32_t tag; /* of whom they are: of another one they are all 0 */
        uint32_t answered, failed;
        int32_t walk;
        uint32_t next, next_walk; /* addresses at which it is told of again, as this and that */
        ik_ns told;               /* that it sweeps; of no meaning before */
    } fates;
};
_Static_assert(offsetof(struct source, addresses.exact[1]) < 64, "of one address one line is used");

/* Four of them behind the line that tells where each is. */
struct sources {
    struct ik_line line;
    struct source of[IK_LINE_WAYS];
};

/* The first question to an address. One that does not wait has met its fate, or was a tracer's:
 * those that follow soon are not followed. In the line `note` is the number of its source. */
struct questions {
    struct ik_line line;
    ik_ns asked[IK_LINE_WAYS];
    uint32_t tag[IK_LINE_WAYS];
    bool waits[IK_LINE_WAYS];
};
_Static_assert(sizeof(struct questions) == 128, "two cache lines");

struct sweep {
    uint64_t evicted;
    uint32_t tags, n_due;
    struct sources by_src[SOURCE_LINES];
    struct questions by_pair[WAITING_LINES];
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
    for (int i = 0; i < SOURCE_LINES; i++)
        ik_line_init(&w->by_src[i].line, 1);
    for (int i = 0; i < WAITING_LINES; i++)
        ik_line_init(&w->by_pair[i].line, 1);
}

static uint64_t sweep_evicted(const void *state)
{
    return ((const struct sweep *)state)->evicted;
}

static uint32_t source_line(const struct ik_sight *s)
{
    return ik_line_number(s->src_hash, SOURCE_LINES);
}

static uint32_t pair_line(uint64_t pair)
{
    return ik_line_number(pair, WAITING_LINES);
}

/* Whose question that is, or was: its tag tells. */
static struct source *asker_of(struct sweep *w, const struct questions *q, unsigned way)
{
    const uint32_t number = q->line.note[way];
    return &w->by_src[number / IK_LINE_WAYS].of[number % IK_LINE_WAYS];
}

/* Few sources have any, so they begin when one is met. */
static struct fates *fates_of(struct source *src)
{
    struct fates *f = &src->fates;
    if (f->tag != src->tag)
        *f = (struct fates){.tag = src->tag};
    return f;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* Fewer answers than a monitor gets, by three standard deviations of chance: a monitor of whose
 * targets a tenth is down has three of the first ten down often enough. */
static bool is_mostly_unanswered(const struct fates *f, const struct ik_detect_cfg *cfg)
{
    enum { SIGMAS = 3 };
    const int64_t fates = (int64_t)f->answered + f->failed;
    const int64_t enough = cfg->limits[IK_LIM_SWEEP] < ENOUGH ? cfg->limits[IK_LIM_SWEEP] : ENOUGH;
    const int64_t answered = cfg->limits[IK_LIM_SWEEP_ANSWERED], down = 100 - answered;
    const int64_t excess = 100 * (int64_t)f->failed - down * fates;
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
static bool is_news(const struct fates *f, uint32_t n, const struct teller *t)
{
    return n >= f->next || (n > f->next / 2 && t->now - f->told >= t->cfg->limits[IK_LIM_HOLD] / 2);
}

static __attribute__((noinline)) void judge(struct sweep *w, const struct teller *t,
                                            struct source *src)
{
    const ik_ns *limits = t->cfg->limits;
    struct fates *f = fates_of(src);
    const uint32_t n = ik_distinct_count(&src->addresses);
    const ik_ns limit = src->swept ? limits[IK_LIM_SWEEP] / STILL : limits[IK_LIM_SWEEP];
    if (!is_news(f, n, t))
        return;
    if (n >= limit && is_mostly_unanswered(f, t->cfg)) {
        struct ik_report report = {
            .severity = IK_SEVERITY_MEDIUM,
            .value = n,
            .threshold = (double)limits[IK_LIM_SWEEP],
            .limit = IK_LIM_SWEEP,
            .why = "One source asks many addresses whether they are up, and few of them answer.",
        };
        src->sweeps = true;
        if (tell(w, t, src, &report)) {
            f->next = n < UINT32_MAX / 2 ? 2 * n : UINT32_MAX;
            f->told = t->now;
        }
    } else if (src->outside && f->walk >= limits[IK_LIM_SWEEP_FAILURES] && n >= f->next_walk) {
        struct ik_report report = {
            .severity = IK_SEVERITY_LOW,
            .value = f->walk,
            .threshold = (double)limits[IK_LIM_SWEEP_FAILURES],
            .limit = IK_LIM_SWEEP_FAILURES,
            .why = "A source from outside asks addresses that do not answer, one after another.",
        };
        if (tell(w, t, src, &report))
            f->next_walk = n + 1;
    } else {
        set_due(w, src, 0);
    }
}

/* ---- questions and their fates --------------------------------------------------------------- */

static struct teller teller_of(const struct ik_sight *s)
{
    return (struct teller){.cfg = s->cfg,
                           .book = s->book,
                           .p = s->query == IK_QUERY_ASKS ? s->p : NULL,
                           .now = s->now};
}

static bool has_fates(const struct source *src)
{
    const struct fates *f = &src->fates;
    return f->tag == src->tag && f->answered + f->failed > 0;
}

/* How much later than it was seen a source is taken to have been: who asks many stays longer. */
static ik_ns lead_of(const struct source *src)
{
    const uint32_t n = src->addresses.n;
    return (n < LEAD_MAX_S ? n - 1 : LEAD_MAX_S) * IK_NS_PER_S;
}

/* A question that met its fate is kept for as long as one without an answer: within that time no
 * address counts twice, whether it answers or not. Out of line, as all that few packets need. */
static __attribute__((noinline)) void settle(struct sweep *w, struct questions *q, unsigned way,
                                             enum fate fate, const struct teller *t)
{
    const bool waited = q->waits[way];
    if (fate == FATE_NONE)
        q->asked[way] = t->now;
    else if (t->now - q->asked[way] >= PATIENCE)
        ik_line_remove(&q->line, way);
    q->waits[way] = false;
    struct source *src = asker_of(w, q, way);
    if (!waited || src->tag != q->tag[way])
        return;
    struct fates *f = fates_of(src);
    f->answered += fate == FATE_ANSWERED;
    f->failed += fate == FATE_FAILED;
    if (fate == FATE_ANSWERED && f->walk > -t->cfg->limits[IK_LIM_SWEEP_FAILURES])
        f->walk--;
    else if (fate == FATE_FAILED && f->walk < INT32_MAX)
        f->walk++;
    judge(w, t, src);
}

/* Not all of it: the list behind the count needs no zeros, and fates are known by the tag. */
static __attribute__((noinline)) void begin_source(struct sweep *w, const struct ik_sight *s,
                                                   struct source *src, bool swept)
{
    if (src->due)
        set_due(w, src, 0);
    src->swept = swept;
    src->sweeps = false;
    src->family = s->src.family;
    memcpy(src->net, s->src.bytes, sizeof(src->net));
    src->from = s->now;
    src->from_n = s->p->frame.n;
    src->tag = ++w->tags;
    src->untold = 0;
    src->seen = 0;
    src->addresses.n = 0;
}

static bool is_missed(const struct source *src, ik_ns now)
{
    return src->addresses.n > 0 && (now - src->from < ACTIVE || src->addresses.n >= SOME);
}

/* number: of the source. */
static void wait_for_answer(struct sweep *w, const struct ik_sight *s, const struct source *src,
                            uint32_t number)
{
    struct questions *q = ik_keep(&w->by_pair[pair_line(s->pair_hash)]);
    bool anew;
    const unsigned way = ik_line_take(&q->line, s->pair_hash, &anew);
    if (!anew)
        return;
    if (q->waits[way]) { /* of somebody else, that gave way: its fate is not observed */
        const struct source *its = asker_of(w, q, way);
        if (its->tag == q->tag[way])
            w->evicted += its->addresses.n >= SOME; /* of fewer, others tell as much */
    }
    /* Those of sources with few addresses give way first: made-up ones have one. */
    q->line.at[way] = s->now + lead_of(src);
    q->line.note[way] = number;
    q->asked[way] = s->now;
    q->tag[way] = src->tag;
    q->waits[way] = true;
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

/* Beyond the exact list nobody knows which address is new: each question is taken for a sample. */
static __attribute__((noinline)) void follow(struct sweep *w, const struct ik_sight *s,
                                             struct source *src, uint32_t number, bool fresh)
{
    const uint32_t n = src->addresses.n;
    if ((fresh || n > IK_DISTINCT_EXACT) && is_sampled(src, s->now))
        wait_for_answer(w, s, src, number);
    if (src->due || (fresh && n > 1 && has_fates(src))) {
        const struct teller t = teller_of(s);
        judge(w, &t, src);
    }
}

/* The way of a source that had none. */
static __attribute__((noinline)) unsigned meet(struct sweep *w, const struct ik_sight *s,
                                               struct sources *set)
{
    bool anew;
    const unsigned way = ik_line_take(&set->line, s->src_hash, &anew);
    struct source *src = ik_keep(&set->of[way]);
    w->evicted += is_missed(src, s->now);
    begin_source(w, s, src, false);
    return way;
}

/* Not of a link: 169.254.0.0/16, fe80::/10. */
static bool is_question(const struct ik_sight *s)
{
    const uint8_t first = s->p->ip.src.bytes[0]; /* tells for nearly all */
    return ((first != 169 && first != 0xfe) || !ik_addr_is_link_local(&s->p->ip.src)) &&
           s->dst_spread <= IK_SPREAD_MAYBE;
}

static __attribute__((noinline)) void asked(struct sweep *w, const struct ik_sight *s)
{
    if (!is_question(s) || !ik_sight_minds(s, IK_DETECT_SWEEP))
        return;
    const uint32_t number = source_line(s);
    struct sources *set = ik_keep(&w->by_src[number]);
    const unsigned ways = ik_line_find(&set->line, s->src_hash);
    const unsigned way = ways ? (unsigned)__builtin_ctz(ways) : meet(w, s, set);
    struct source *src = ik_keep(&set->of[way]);
    if (s->now - src->from > s->cfg->limits[IK_LIM_SWEEP_WINDOW])
        begin_source(w, s, src, src->sweeps);
    const bool fresh = ik_distinct_add(&src->addresses, s->dst_hash);
    set->line.at[way] = s->now + lead_of(src);
    src->outside = s->way == IK_WAY_IN;
    src->untold++;
    if (fresh || src->due || src->addresses.n > IK_DISTINCT_EXACT)
        follow(w, s, src, number * IK_LINE_WAYS + way, fresh);
}

static __attribute__((noinline)) void settle_now(struct sweep *w, const struct ik_sight *s,
                                                 struct questions *q, unsigned way, enum fate fate)
{
    const struct teller t = teller_of(s);
    settle(w, q, way, fate, &t);
}

static void meets(struct sweep *w, const struct ik_sight *s, uint64_t pair, enum fate fate)
{
    struct questions *q = ik_keep(&w->by_pair[pair_line(pair)]);
    const unsigned ways = ik_line_find(&q->line, pair);
    if (!ways)
        return;
    const unsigned way = (unsigned)__builtin_ctz(ways);
    /* Most met it before: then there is nothing to settle. */
    if (q->waits[way] || fate == FATE_NONE || s->now - q->asked[way] >= PATIENCE)
        settle_now(w, s, q, way, fate);
}

/* What an error says of the question that it quotes. */
static __attribute__((noinline)) void failed(struct sweep *w, const struct ik_sight *s)
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
        meets(w, s, s->quoted_pair, expired ? FATE_NONE : FATE_FAILED);
}

/* ---- the part -------------------------------------------------------------------------------- */

static void sweep_expect(const void *state, struct ik_sight *s)
{
    const struct sweep *w = state;
    if (s->query == IK_QUERY_ASKS)
        __builtin_prefetch(&w->by_src[source_line(s)], 1);
    __builtin_prefetch(&w->by_pair[pair_line(s->pair_hash)], 1);
}

/* Of a source that is new the question is too; and who may lose one for it. */
static __attribute__((noinline)) void expect_new(const struct sweep *w, const struct ik_sight *s)
{
    const struct questions *q = &w->by_pair[pair_line(s->pair_hash)];
    const unsigned way = ik_line_guess(&q->line, s->pair_hash);
    __builtin_prefetch(q->asked, 1);
    const uint32_t number = q->line.note[way];
    __builtin_prefetch(&w->by_src[number / IK_LINE_WAYS].of[number % IK_LINE_WAYS], 1);
}

static void sweep_expect_more(const void *state, struct ik_sight *s)
{
    const struct sweep *w = state;
    if (s->query != IK_QUERY_ASKS)
        return;
    const struct sources *set = &w->by_src[source_line(s)];
    const unsigned ways = ik_line_find(&set->line, s->src_hash);
    const unsigned way = ways ? (unsigned)__builtin_ctz(ways) : ik_line_oldest(&set->line);
    __builtin_prefetch(&set->of[way], 1);
    if (!ways)
        expect_new(w, s);
}

static void sweep_input(void *state, struct ik_sight *s)
{
    struct sweep *w = state;
    switch (s->query) {
    case IK_QUERY_ASKS:
        asked(w, s);
        break;
    case IK_QUERY_ANSWERS:
        meets(w, s, s->pair_hash, FATE_ANSWERED);
        break;
    case IK_QUERY_NONE:
        failed(w, s);
        break;
    }
}

/* What waited for so long was not answered. */
static void settle_all(struct sweep *w, const struct teller *t, ik_ns patience)
{
    for (uint32_t i = 0; i < WAITING_LINES; i++) {
        struct questions *q = &w->by_pair[i];
        for (unsigned way = 0; way < IK_LINE_WAYS; way++) {
            if (q->line.tag[way] && t->now - q->asked[way] >= patience)
                settle(w, q, way, FATE_FAILED, t);
        }
    }
}

static void tell_due(struct sweep *w, const struct teller *t)
{
    for (uint32_t i = 0; i < SOURCES; i++) {
        struct source *src = &w->by_src[i / IK_LINE_WAYS].of[i % IK_LINE_WAYS];
        if (src->due)
            judge(w, t, src);
    }
}

static void sweep_tick(void *state, ik_ns now, const struct ik_detect_cfg *cfg,
                       struct ik_book *book)
{
    struct sweep *w = state;
    const struct teller t = {.cfg = cfg, .book = book, .now = now};
    settle_all(w, &t, PATIENCE);
    if (w->n_due)
        tell_due(w, &t);
}

static void sweep_end(void *state, ik_ns now, const struct ik_detect_cfg *cfg, struct ik_book *book)
{
    struct sweep *w = state;
    const struct teller t = {.cfg = cfg, .book = book, .now = now, .last = true};
    settle_all(w, &t, PATIENCE_LAST);
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
