/* SPDX-License-Identifier: MIT
 * Replies that return other data than was sent (D8), and replies that nobody asked for (D9),
 * counted by who asks whom.
 *
 * A reply that was not asked for counts only where its request cannot have been missed:
 *   - requests with its identifier were seen, and its sequence number lies ahead of all of them; or
 *   - none was seen with its identifier though we look on for longer than a reply is on its way.
 * Where not one request of the pair was seen, requests may go another way: then what the replies
 * carry has to be large or to change, and where most pairs are like that they are not judged, which
 * is said once. What a known sender made has no room for a message and counts nowhere. */
#include "detect/mirror.h"
#include "detect/pairs.h"
#include "detect/sender.h"
#include "detect/sight.h"

enum {
    PAIRS = 16384,
    ASKS = 3,          /* identifiers of a pair that are kept */
    AHEAD = 0x8000,    /* half the circle of sequence numbers */
    CHANGES_MANY = 4,  /* contents that differ: a conversation, not a broken responder */
    ONE_WAY_MIN = 20,  /* pairs, before a share of them means something */
    COUNT_HALVE = 512, /* replies, before older ones weigh less */
    TEXT_MAX = 64,     /* bytes of a command of icmpsh */
};

#define ON_ITS_WAY (5 * IK_NS_PER_S) /* the longest round trip that is believed */
#define OTHER_WAY 0x9e3779b97f4a7c15u

enum pair_flag {
    PAIR_ASKED = 1 << 0,   /* a request was seen */
    PAIR_REPLIED = 1 << 1, /* a reply was seen */
    PAIR_FORGOT = 1 << 2,  /* more identifiers were seen than are kept */
    PAIR_LARGE = 1 << 3,   /* a reply that nobody asked for was large */
    PAIR_TOLD8 = 1 << 4,   /* what was counted is in a finding: of different replies */
    PAIR_TOLD9 = 1 << 5,   /* and of those that nobody asked for */
};

/* Requests of one identifier: sequence numbers from first to last, on the circle of 65,536. */
struct ask {
    uint16_t ident, first, last;
};

struct pair {
    _Alignas(64) ik_ns since;  /* begin of the window of the next two */
    uint16_t replies, orphans; /* judged; of these asked for by nobody, or answered before */
    uint16_t checked, different;
    uint16_t changes; /* of what different and orphan replies carry */
    struct ask asks[ASKS];
    uint8_t n_asks, flags;
    uint32_t born_ms; /* after the start */
    uint32_t last;    /* what the latest different or orphan reply carried */
};
_Static_assert(sizeof(struct pair) == 64, "a cache line");

struct echo {
    struct ik_mirror mirror;
    struct ik_pairs pairs;
    ik_ns start; /* of what we see */
    bool begun, told;
    bool groups;               /* a request to a group of hosts was seen */
    uint32_t replied, one_way; /* pairs with replies; of these without any request */
    uint64_t lost;             /* replies whose requests are not there any more */
    uint64_t unjudged;         /* pairs that gave way with replies that nobody asked for so */
};

/* An echo message on its way through this file. */
struct seen {
    struct ik_sight *s;
    const struct ik_payload *e;
    struct pair *pair;
};

/* ---- pairs ----------------------------------------------------------------------------------- */

static bool is_one_way(const struct pair *p)
{
    return (p->flags & (PAIR_REPLIED | PAIR_ASKED)) == PAIR_REPLIED;
}

static inline void set_flag(struct echo *t, struct pair *p, enum pair_flag flag)
{
    if (p->flags & flag)
        return;
    t->replied -= !!(p->flags & PAIR_REPLIED);
    t->one_way -= is_one_way(p);
    p->flags = (uint8_t)(p->flags | flag);
    t->replied += !!(p->flags & PAIR_REPLIED);
    t->one_way += is_one_way(p);
}

static void gave_way(struct echo *t, const struct pair *p)
{
    t->replied -= !!(p->flags & PAIR_REPLIED);
    t->one_way -= is_one_way(p);
    t->unjudged += p->different || p->orphans;
}

/* The hash of who asks whom. */
static uint64_t hash_of(const struct ik_sight *s)
{
    return s->upward == s->echo.request ? s->pair_hash : s->pair_hash ^ OTHER_WAY;
}

static inline struct pair *pair_of(struct echo *t, const struct ik_sight *s)
{
    bool anew;
    struct pair *p = ik_pairs_take_at(&t->pairs, s->guess.echo_hash, s->guess.echo, &anew);
    if (anew) {
        gave_way(t, p);
        *p = (struct pair){.since = s->now,
                           .born_ms = (uint32_t)((s->now - t->start) / IK_NS_PER_MS)};
    } else if (s->now - p->since > s->cfg->limits[IK_LIM_ORPHAN_WINDOW]) {
        p->since = s->now;
        p->replies = p->orphans = 0;
        p->flags = (uint8_t)(p->flags & ~(PAIR_FORGOT | PAIR_LARGE | PAIR_TOLD9));
    }
    return p;
}

static struct ask *ask_of(struct pair *p, uint16_t ident)
{
    for (int i = 0; i < p->n_asks; i++) {
        if (p->asks[i].ident == ident)
            return &p->asks[i];
    }
    return NULL;
}

static bool ahead_of(const struct ask *a, uint16_t seq)
{
    return (uint16_t)(seq - a->first) > (uint16_t)(a->last - a->first) &&
           (uint16_t)(seq - a->last) < AHEAD;
}

static void note_request(struct pair *p, const struct ik_payload *e)
{
    struct ask *a = ask_of(p, e->id);
    if (!a) {
        p->flags = (uint8_t)(p->flags | (p->n_asks == ASKS ? PAIR_FORGOT : 0));
        p->n_asks = (uint8_t)(p->n_asks + (p->n_asks < ASKS));
        for (int i = ASKS - 1; i > 0; i--)
            p->asks[i] = p->asks[i - 1];
        p->asks[0] = (struct ask){.ident = e->id, .first = e->seq, .last = e->seq};
    } else if (ahead_of(a, e->seq)) {
        a->last = e->seq;
    } else if ((uint16_t)(e->seq - a->first) > (uint16_t)(a->last - a->first)) {
        a->first = e->seq;
    }
}

/* ---- findings -------------------------------------------------------------------------------- */

/* The size adds to what was found; alone it says nothing. */
static void report_size(const struct seen *x)
{
    const int64_t limit = x->s->cfg->limits[IK_LIM_ODD_SIZE];
    if (x->e->n <= limit || !ik_payload_is_random(x->e->data) ||
        !ik_sight_minds(x->s, IK_DETECT_ODD_SIZE))
        return;
    struct ik_report r = ik_payload_report(x->s, IK_DETECT_ODD_SIZE);
    r.severity = IK_SEVERITY_INFO;
    r.value = x->e->n;
    r.threshold = (double)limit;
    r.limit = IK_LIM_ODD_SIZE;
    r.why = "Replies of a tunnel are large and look random: encrypted or compressed data.";
    r.remedy = IK_REMEDY_NONE;
    ik_book_report(x->s->book, x->s->now, &r);
}

static void report(const struct seen *x, enum ik_detector d, double share, enum ik_limit limit,
                   const char *why)
{
    if (!ik_sight_minds(x->s, d))
        return;
    struct ik_report r = ik_payload_report(x->s, d);
    /* The first report brings all that led to it. */
    const bool orphan = d == IK_DETECT_TUNNEL_ORPHAN;
    const enum pair_flag told = orphan ? PAIR_TOLD9 : PAIR_TOLD8;
    if (!(x->pair->flags & told))
        r.packets = orphan ? x->pair->orphans : x->pair->different;
    x->pair->flags = (uint8_t)(x->pair->flags | told);
    r.severity = x->pair->changes >= CHANGES_MANY ? IK_SEVERITY_HIGH : IK_SEVERITY_MEDIUM;
    r.window = orphan ? x->s->cfg->limits[IK_LIM_ORPHAN_WINDOW] : 0;
    r.value = share;
    r.threshold = (double)x->s->cfg->limits[limit];
    r.limit = limit;
    r.why = why;
    if (d == IK_DETECT_TUNNEL_MISMATCH && x->e->n <= TEXT_MAX && ik_payload_is_text(x->e->data))
        r.tool = "icmpsh";
    ik_book_report(x->s->book, x->s->now, &r);
    report_size(x);
}

/* 32 bits of the payload, as ik_payload_template would have it. */
static uint32_t content_of(const struct echo *t, const struct seen *x)
{
    const struct ik_rd d = ik_payload_constant(x->s, x->e);
    return ik_mirror_small(&t->mirror, ik_nh_sum(&t->mirror.nh, 0, d.p, d.left)) ^
           x->e->n * 2654435769u;
}

static void note_content(const struct echo *t, const struct seen *x)
{
    struct pair *p = x->pair;
    const uint32_t what = content_of(t, x);
    p->changes = (uint16_t)(p->changes + (what != p->last && p->changes < UINT16_MAX));
    p->last = what;
}

/* True when `part` of `all` is enough to be judged; *share in percent. */
static bool is_share(const struct seen *x, uint16_t part, uint16_t all, enum ik_limit limit,
                     double *share)
{
    const int64_t *limits = x->s->cfg->limits;
    *share = 100.0 * part / (all ? all : 1);
    return all >= limits[IK_LIM_ECHO_REPLIES] && (int64_t)part * 100 >= limits[limit] * all;
}

static void count_orphan(const struct seen *x)
{
    struct pair *p = x->pair;
    double share;
    p->orphans = (uint16_t)(p->orphans + 1);
    if (p->orphans >= x->s->cfg->limits[IK_LIM_ECHO_REPLIES] &&
        is_share(x, p->orphans, p->replies, IK_LIM_ORPHAN_SHARE, &share))
        report(x, IK_DETECT_TUNNEL_ORPHAN, share, IK_LIM_ORPHAN_SHARE,
               is_one_way(p) ? "Echo replies with data come without any request."
                             : "More echo replies come than requests have asked for.");
}

/* ---- replies --------------------------------------------------------------------------------- */

static void count_reply(struct pair *p)
{
    if (p->replies >= COUNT_HALVE) {
        p->replies /= 2;
        p->orphans /= 2;
    }
    p->replies++;
}

static void count_checked(struct pair *p)
{
    if (p->checked >= COUNT_HALVE) {
        p->checked /= 2;
        p->different /= 2;
    }
    p->checked++;
}

static void judge_answer(const struct echo *t, const struct seen *x, enum ik_mirror_result r,
                         bool again)
{
    struct pair *p = x->pair;
    double share;
    if (again && r != IK_MIRROR_DIFFERENT)
        return; /* the same reply seen twice */
    if (r == IK_MIRROR_DIFFERENT && ik_sender_is_fixed(x->s->sender) && !x->s->clock_bytes)
        return; /* a responder that answers with zeros, say */
    count_reply(p);
    if (r == IK_MIRROR_UNKNOWN)
        return;
    count_checked(p);
    if (r == IK_MIRROR_SAME)
        return;
    p->different++;
    note_content(t, x);
    if (again)
        count_orphan(x);
    if (is_share(x, p->different, p->checked, IK_LIM_MISMATCH_SHARE, &share))
        report(x, IK_DETECT_TUNNEL_MISMATCH, share, IK_LIM_MISMATCH_SHARE,
               "Echo replies return other data than their requests carried.");
}

/* Most replies here come without requests: nothing follows from one more. */
static bool is_usual(const struct echo *t, const struct ik_sight *s)
{
    return t->replied >= ONE_WAY_MIN &&
           (int64_t)t->one_way * 100 > s->cfg->limits[IK_LIM_ONE_WAY_SHARE] * t->replied;
}

static void tell_usual(struct echo *t, const struct seen *x)
{
    if (t->told || !ik_sight_minds(x->s, IK_DETECT_TUNNEL_ORPHAN))
        return;
    t->told = true;
    struct ik_report r = ik_payload_report(x->s, IK_DETECT_TUNNEL_ORPHAN);
    r.kin = IK_KIN_NONE;
    r.src = r.dst = (struct ik_addr){.family = 0};
    r.family = 0;
    r.severity = IK_SEVERITY_INFO;
    r.value = 100.0 * t->one_way / t->replied;
    r.threshold = (double)x->s->cfg->limits[IK_LIM_ONE_WAY_SHARE];
    r.limit = IK_LIM_ONE_WAY_SHARE;
    r.why = "Most echo requests go another way: replies without a request are not judged here.";
    r.remedy = IK_REMEDY_NONE;
    ik_book_report(x->s->book, x->s->now, &r);
}

/* True when its request, if there was one, was seen. */
static bool would_be_known(const struct echo *t, const struct seen *x)
{
    const struct pair *p = x->pair;
    const struct ask *a = ask_of(x->pair, x->e->id);
    if (a)
        return ahead_of(a, x->e->seq);
    const ik_ns born = (ik_ns)p->born_ms * IK_NS_PER_MS;
    return !(p->flags & PAIR_FORGOT) &&
           x->s->now - t->start - (t->pairs.evicted ? born : 0) > ON_ITS_WAY;
}

static void judge_unasked(struct echo *t, const struct seen *x)
{
    struct pair *p = x->pair;
    const bool usual = is_one_way(p) && is_usual(t, x->s);
    if (usual)
        tell_usual(t, x);
    if (usual || ik_sender_is_fixed(x->s->sender) || !would_be_known(t, x)) {
        t->lost += !is_one_way(p) && !ik_sender_is_fixed(x->s->sender);
        return;
    }
    note_content(t, x);
    if (x->e->n > x->s->cfg->limits[IK_LIM_ODD_SIZE])
        p->flags |= PAIR_LARGE;
    if (is_one_way(p) && p->changes < CHANGES_MANY && !(p->flags & PAIR_LARGE))
        return;
    count_reply(p);
    count_orphan(x);
}

/* The key of a request to a group, which a reply to the asker may answer. */
static uint64_t group_key(uint64_t asker_hash, const struct ik_payload *e)
{
    return ik_mirror_key(asker_hash ^ OTHER_WAY, e);
}

static inline void input_request(struct echo *t, const struct ik_sight *s, struct pair *p,
                                 struct ik_mirror_mark mark)
{
    uint64_t key = s->guess.echo_key;
    /* Any host may answer what goes to all or to a group. */
    if (s->dst_spread == IK_SPREAD_LIMITED || s->dst_spread == IK_SPREAD_MULTICAST) {
        key = group_key(s->host_hash, &s->echo);
        t->groups = true;
    }
    ik_mirror_put(&t->mirror, key, mark);
    set_flag(t, p, PAIR_ASKED);
    note_request(p, &s->echo);
}

/* A reply of which more is to be said than that it is the first to its request, and the same. */
static __attribute__((noinline)) void judge(struct echo *t, const struct seen *x,
                                            struct ik_mirror_mark mark, enum ik_mirror_result r,
                                            bool again)
{
    if (r == IK_MIRROR_NONE && t->groups) {
        bool any;
        r = ik_mirror_check(&t->mirror, group_key(x->s->dst_hash, x->e), mark, &any);
    }
    if (r == IK_MIRROR_NONE) {
        judge_unasked(t, x);
        return;
    }
    set_flag(t, x->pair, PAIR_ASKED);
    judge_answer(t, x, r, again);
}

static inline void input_reply(struct echo *t, struct ik_sight *s, struct pair *p,
                               struct ik_mirror_mark mark)
{
    bool again;
    const enum ik_mirror_result r = ik_mirror_check(&t->mirror, s->guess.echo_key, mark, &again);
    set_flag(t, p, PAIR_REPLIED);
    if (r != IK_MIRROR_SAME || again) {
        judge(t, &(struct seen){.s = s, .e = &s->echo, .pair = p}, mark, r, again);
        return;
    }
    set_flag(t, p, PAIR_ASKED);
    count_reply(p);
    count_checked(p);
}

static bool is_most(const struct ik_sight *s, uint16_t part, uint16_t all, enum ik_limit limit)
{
    return part && (int64_t)part * 100 >= s->cfg->limits[limit] * all;
}

/* Tells those that look at contents what is known of the pair. */
static inline void tell_others(struct ik_sight *s, const struct pair *p)
{
    if (!p->different && !p->orphans)
        return;
    s->differs = is_most(s, p->different, p->checked, IK_LIM_MISMATCH_SHARE) ||
                 is_most(s, p->orphans, p->replies, IK_LIM_ORPHAN_SHARE);
    if (s->differs && p->flags & (PAIR_TOLD8 | PAIR_TOLD9))
        s->tunnel = true;
}

/* ---- part ------------------------------------------------------------------------------------ */

static void begin(struct echo *t, ik_ns now)
{
    if (t->begun)
        return;
    t->start = now;
    t->begun = true;
}

static void expect(const void *state, struct ik_sight *s)
{
    const struct echo *t = state;
    const uint64_t hash = hash_of(s), key = ik_mirror_key(hash, &s->echo);
    s->guess.echo_hash = hash;
    s->guess.echo_key = key;
    ik_mirror_expect(&t->mirror, key);
    ik_pairs_expect(&t->pairs, hash);
}

static void expect_more(const void *state, struct ik_sight *s)
{
    const struct echo *t = state;
    s->guess.echo = ik_pairs_guess(&t->pairs, s->guess.echo_hash);
    __builtin_prefetch(ik_pairs_at(&t->pairs, s->guess.echo), 1);
}

static void input(void *state, struct ik_sight *s)
{
    struct echo *t = state;
    begin(t, s->now);
    struct pair *p = pair_of(t, s);
    const struct ik_mirror_mark mark = ik_mirror_mark(&t->mirror, s, &s->echo);
    if (s->echo.request)
        input_request(t, s, p, mark);
    else
        input_reply(t, s, p, mark);
    tell_others(s, p);
}

static void tick(void *state, ik_ns now, const struct ik_detect_cfg *cfg, struct ik_book *book)
{
    (void)cfg;
    (void)book;
    begin(state, now);
}

static size_t rounded(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return rounded(sizeof(struct echo)) + ik_mirror_bytes() +
           ik_pairs_bytes(PAIRS, sizeof(struct pair));
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    struct echo *t = state;
    uint8_t *p = (uint8_t *)state + rounded(sizeof(*t));
    ik_mirror_init(&t->mirror, p, cfg->secret);
    ik_pairs_init(&t->pairs, p + ik_mirror_bytes(), PAIRS, sizeof(struct pair));
}

static uint64_t evicted(const void *state)
{
    const struct echo *t = state;
    return t->lost + t->unjudged;
}

const struct ik_part ik_part_echo = {.wants = IK_WANTS_ECHO,
                                     .bytes = bytes,
                                     .init = init,
                                     .expect = expect,
                                     .expect_more = expect_more,
                                     .input = input,
                                     .tick = tick,
                                     .evicted = evicted};
