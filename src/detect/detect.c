/* SPDX-License-Identifier: MIT
 * The set of detectors: a packet in, its sight filled, each part that wants it called in order.
 *
 * Time is that of the packets, made monotone: a step back by little (packets that changed places on
 * their way) is taken as no step, a step back by more as another beginning of the same clock, so
 * that one stamp from the far future does not stop the clock for all that follow. */
#include "icmpkit/detect.h"

#include "detect/part.h"
#include "detect/sight.h"

#include <string.h>

enum { PARTS = 32, ALIGN = 64 };

/* What a packet is, for those who want it: number i is bit i of enum ik_wants. */
enum sort { SORT_ECHO, SORT_ERROR, SORT_REST, SORT_PART, SORT_OTHER, SORTS };

#define TIME_MAX ((ik_ns)1 << 62)       /* no time of ours is later */
#define STEP_MAX (7200 * IK_NS_PER_S)   /* forward at once: beyond it all windows are over */
#define BACK_MAX IK_NS_PER_S            /* back, and still the same clock */
#define IDLE_AFTER (3600 * IK_NS_PER_S) /* without packets nothing is left to wait for */

/* Something to call with the state of a part; of input: for packets with one of `only`. */
struct call {
    void *state;
    void (*input)(void *state, struct ik_sight *s);
    uint32_t only;
};
struct look {
    const void *state;
    void (*expect)(const void *state, struct ik_sight *s);
};

/* What the parts do that want one sort of packet. */
struct wanted {
    uint8_t n, n_expect, n_more;
    struct call inputs[PARTS];
    struct look expect[PARTS];
    struct look more[PARTS];
};

/* The same for echo messages with nothing odd about them, which most packets are; NULL ends it. */
struct plain {
    void *state;
    void (*input)(void *state, struct ik_sight *s);
};

struct ik_detect {
    struct ik_detect_cfg cfg;
    struct ik_book *book;
    const struct ik_part *const *parts;
    uint8_t n_parts;
    void *states[PARTS];
    struct wanted wanted[SORTS];
    struct plain plain[2][PARTS + 1]; /* of requests, and of replies */
    struct ik_keyed keyed;
    /* Of packets that were told ahead, from `at` to `n` in the order of their inputs. */
    struct ahead {
        struct ik_sight sights[IK_DETECT_AHEAD];
        const struct wanted *wanted[IK_DETECT_AHEAD];
        uint8_t at, n;
    } ahead;
    bool begun;
    ik_ns now, tick, packet; /* ours: the present, the next tick, the last packet */
    ik_ns raw, shift;        /* of the source: its latest time; now - shift is on its scale */
    struct ik_detect_stats stats;
};

static size_t rounded(size_t n)
{
    return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

struct ik_detect_cfg ik_detect_defaults(void)
{
    struct ik_detect_cfg cfg;
    memset(&cfg, 0, sizeof(cfg));
    for (int i = 0; i < IK_LIMITS; i++)
        cfg.limits[i] = ik_limit_row((enum ik_limit)i)->value;
    return cfg;
}

size_t ik_detect_bytes_of(const struct ik_detect_cfg *cfg, const struct ik_part *const *parts)
{
    size_t n = rounded(sizeof(struct ik_detect)) + rounded(ik_book_bytes()) + ALIGN;
    for (; *parts; parts++)
        n += rounded((*parts)->bytes(cfg));
    return n;
}

size_t ik_detect_bytes(const struct ik_detect_cfg *cfg)
{
    return ik_detect_bytes_of(cfg, ik_parts);
}

static void want(struct wanted *w, const struct ik_part *part, void *state)
{
    w->inputs[w->n++] = (struct call){state, part->input, part->only ? part->only : UINT32_MAX};
    if (part->expect)
        w->expect[w->n_expect++] = (struct look){state, part->expect};
    if (part->expect_more)
        w->more[w->n_more++] = (struct look){state, part->expect_more};
}

/* Of those that want echo messages, who wants them with these traits. */
static void list_plain(const struct wanted *w, uint32_t traits, struct plain *out)
{
    for (uint8_t i = 0; i < w->n; i++) {
        if (w->inputs[i].only == UINT32_MAX || w->inputs[i].only & traits)
            *out++ = (struct plain){w->inputs[i].state, w->inputs[i].input};
    }
}

struct ik_detect *ik_detect_init_of(void *mem, const struct ik_detect_cfg *cfg,
                                    const struct ik_part *const *parts)
{
    /* The caller's memory is aligned as malloc does; tables want whole cache lines. */
    uint8_t *p = (uint8_t *)mem + (ALIGN - (uintptr_t)mem % ALIGN) % ALIGN;
    struct ik_detect *d = (struct ik_detect *)(void *)p;
    memset(d, 0, sizeof(*d));
    d->cfg = *cfg;
    d->parts = parts;
    ik_keyed_init(&d->keyed, cfg->secret);
    p += rounded(sizeof(*d));
    d->book = ik_book_init(p, &d->cfg);
    p += rounded(ik_book_bytes());
    for (; parts[d->n_parts] && d->n_parts < PARTS; d->n_parts++) {
        const struct ik_part *part = parts[d->n_parts];
        const size_t n = part->bytes(cfg);
        memset(p, 0, n);
        part->init(p, &d->cfg);
        d->states[d->n_parts] = p;
        p += rounded(n);
        for (int sort = 0; sort < SORTS; sort++) {
            if (part->wants >> sort & 1)
                want(&d->wanted[sort], part, d->states[d->n_parts]);
        }
    }
    list_plain(&d->wanted[SORT_ECHO], 0, d->plain[0]);
    list_plain(&d->wanted[SORT_ECHO], IK_TRAIT_ANSWER, d->plain[1]);
    return d;
}

struct ik_detect *ik_detect_init(void *mem, const struct ik_detect_cfg *cfg)
{
    return ik_detect_init_of(mem, cfg, ik_parts);
}

void ik_detect_reload(struct ik_detect *d, const struct ik_detect_cfg *cfg)
{
    /* The secret is what tables were filled under. */
    uint8_t secret[sizeof(cfg->secret)];
    memcpy(secret, d->cfg.secret, sizeof(secret));
    d->cfg = *cfg;
    memcpy(d->cfg.secret, secret, sizeof(secret));
    d->ahead.at = d->ahead.n = 0; /* what is at home may be another now */
}

/* ---- time ------------------------------------------------------------------------------------ */

static void begin(struct ik_detect *d, ik_ns time)
{
    d->begun = true;
    d->now = d->raw = time;
    d->packet = time;
    d->tick = time - time % IK_NS_PER_S + IK_NS_PER_S;
}

/* Moves `now` to the source's `time`. */
static void move(struct ik_detect *d, ik_ns time)
{
    if (time < 0 || time > TIME_MAX)
        time = time < 0 ? 0 : TIME_MAX;
    if (!d->begun) {
        begin(d, time);
        return;
    }
    ik_ns step = time - d->raw;
    if (step < 0 && step >= -BACK_MAX)
        return; /* it overtook others: the clock stands */
    d->raw = time;
    if (step < 0)
        step = 0;
    else if (step > STEP_MAX)
        step = STEP_MAX;
    d->now = d->now > TIME_MAX - step ? TIME_MAX : d->now + step;
    d->shift = d->now - time;
}

static void tick(struct ik_detect *d)
{
    if (d->now < d->tick)
        return;
    d->tick = d->now - d->now % IK_NS_PER_S + IK_NS_PER_S;
    for (uint8_t i = 0; i < d->n_parts; i++) {
        if (d->parts[i]->tick)
            d->parts[i]->tick(d->states[i], d->now, &d->cfg, d->book);
    }
    ik_book_tick(d->book, d->now);
}

void ik_detect_tick(struct ik_detect *d, ik_ns now)
{
    if (!d->begun || now < d->raw)
        return; /* it is packets that set the clock, and those that set it back */
    move(d, now);
    ik_book_next(d->book, d->shift);
    tick(d);
}

ik_ns ik_detect_deadline(const struct ik_detect *d)
{
    const bool idle = !d->begun || d->now - d->packet > IDLE_AFTER;
    return idle && !ik_book_open(d->book, 0) ? IK_NEVER : d->tick - d->shift;
}

/* ---- packets --------------------------------------------------------------------------------- */

static bool carries_icmp(const struct ik_ip *ip)
{
    return ip->proto == (ip->version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6);
}

static enum sort sort_of(const struct ik_look_packet *p, bool looked)
{
    if (!looked)
        return carries_icmp(&p->ip) ? SORT_PART : SORT_OTHER;
    switch (p->icmp.kind) {
    case IK_ICMP_ECHO:
        return SORT_ECHO;
    case IK_ICMP_ERROR:
        return SORT_ERROR;
    default:
        return SORT_REST;
    }
}

/* Who wants the packet; NULL: nobody. */
static const struct wanted *wanted_of(const struct ik_detect *d, const struct ik_look_packet *p,
                                      bool looked)
{
    const struct wanted *w = &d->wanted[p->has_ip ? sort_of(p, looked) : SORT_OTHER];
    return p->has_ip && w->n ? w : NULL;
}

static void expect(const struct wanted *w, struct ik_sight *s)
{
    for (const struct look *c = w->expect, *end = c + w->n_expect; c < end; c++)
        c->expect(c->state, s);
}

static void expect_more(const struct wanted *w, struct ik_sight *s)
{
    for (const struct look *c = w->more, *end = c + w->n_more; c < end; c++)
        c->expect(c->state, s);
}

/* All of the sight that stands in the packet and is the same whenever it is judged. */
static void see(struct ik_detect *d, struct ik_sight *s, const struct ik_look_packet *p,
                bool looked)
{
    s->p = p;
    s->cfg = &d->cfg;
    s->keyed = &d->keyed;
    s->book = d->book;
    s->icmp = looked;
    s->quoted = IK_QUOTED_NOTHING;
    s->quoted_via = IK_VIA_UNKNOWN;
    s->quoted_in_window = s->quoted_foreign = false;
    s->sender = s->clock_bytes = 0;
    s->tunnel = s->differs = false;
    s->answer = IK_ANSWER_NONE;
    ik_sight_fill(s);
}

#define ANY ((uint32_t)1 << 31) /* a trait of all */

static uint32_t traits_of(const struct ik_sight *s)
{
    const struct ik_look_packet *p = s->p;
    const bool many = s->src_spread != IK_SPREAD_ONE || s->dst_spread != IK_SPREAD_ONE;
    const bool odd = s->icmp && (!p->icmp.checksum_ok || (s->is_echo && p->icmp.code));
    return (p->reassembled || p->ip.fragment ? IK_TRAIT_PIECES : 0u) | (many ? IK_TRAIT_MANY : 0u) |
           (s->query == IK_QUERY_ANSWERS ? IK_TRAIT_ANSWER : 0u) | (odd ? IK_TRAIT_ODD : 0u) |
           (s->is_echo ? 0u : IK_TRAIT_OTHER) | ANY;
}

static void call_all(const struct ik_detect *d, const struct wanted *w, struct ik_sight *s)
{
    const uint32_t traits = traits_of(s);
    if ((traits & ~(uint32_t)IK_TRAIT_ANSWER) == ANY) {
        for (const struct plain *c = d->plain[traits != ANY]; c->input; c++)
            c->input(c->state, s);
        return;
    }
    for (const struct call *c = w->inputs, *end = c + w->n; c < end; c++) {
        if (c->only & traits)
            c->input(c->state, s);
    }
}

/* Announced packets that nobody wants are left out. */
void ik_detect_ahead(struct ik_detect *d, const struct ik_look_packet *p, const bool *looked,
                     size_t n)
{
    struct ahead *a = &d->ahead;
    a->at = a->n = 0;
    for (size_t i = 0; i < n && i < IK_DETECT_AHEAD; i++) {
        const struct wanted *w = wanted_of(d, &p[i], looked[i]);
        if (!w)
            continue;
        struct ik_sight *s = &a->sights[a->n];
        a->wanted[a->n++] = w;
        see(d, s, &p[i], looked[i]);
        expect(w, s);
    }
    for (uint8_t i = 0; i < a->n; i++)
        expect_more(a->wanted[i], &a->sights[i]);
}

static void judge(struct ik_detect *d, const struct wanted *w, struct ik_sight *s)
{
    s->now = d->now;
    call_all(d, w, s);
    if (s->is_echo && s->sender < sizeof(d->stats.senders) / sizeof(*d->stats.senders))
        d->stats.senders[s->sender] += s->echo.request;
}

/* A packet that was not announced. */
static void judge_alone(struct ik_detect *d, const struct ik_look_packet *p, bool looked)
{
    const struct wanted *w = wanted_of(d, p, looked);
    struct ik_sight s;
    if (!w)
        return;
    d->ahead.at = d->ahead.n = 0; /* it is not the one that should come now */
    see(d, &s, p, looked);
    expect(w, &s);
    expect_more(w, &s);
    judge(d, w, &s);
}

void ik_detect_input(struct ik_detect *d, const struct ik_look_packet *p, bool looked)
{
    const ik_ns time = p->frame.time;
    d->stats.packets++;
    d->stats.icmp += looked;
    if (time != IK_NEVER || !d->begun) {
        d->stats.backward += d->begun && time < d->raw;
        move(d, time == IK_NEVER ? 0 : time);
        d->packet = d->now;
    }
    ik_book_next(d->book, d->shift);
    tick(d);
    struct ahead *a = &d->ahead;
    if (a->at < a->n && a->sights[a->at].p == p) {
        judge(d, a->wanted[a->at], &a->sights[a->at]);
        a->at++;
    } else {
        judge_alone(d, p, looked);
    }
}

/* ---- what it has to say ---------------------------------------------------------------------- */

const struct ik_finding *ik_detect_take(struct ik_detect *d)
{
    return ik_book_take(d->book);
}

bool ik_detect_stopped(struct ik_detect *d, uint64_t id, uint64_t packets)
{
    ik_book_next(d->book, d->shift);
    return ik_book_stopped(d->book, d->now, id, packets);
}

bool ik_detect_kept(const struct ik_detect *d)
{
    return ik_book_kept(d->book);
}

void ik_detect_stop(struct ik_detect *d)
{
    ik_book_next(d->book, d->shift);
    for (uint8_t i = 0; d->begun && i < d->n_parts; i++) {
        if (d->parts[i]->end)
            d->parts[i]->end(d->states[i], d->now, &d->cfg, d->book);
    }
    ik_book_stop(d->book, d->now);
}

const struct ik_finding *ik_detect_open(const struct ik_detect *d, size_t i)
{
    return ik_book_open(d->book, i);
}

struct ik_detect_stats ik_detect_stats(const struct ik_detect *d)
{
    struct ik_detect_stats s = d->stats;
    s.findings = ik_book_opened(d->book);
    s.merged = ik_book_merged(d->book);
    s.evicted = ik_book_lost(d->book);
    for (uint8_t i = 0; i < d->n_parts; i++) {
        if (d->parts[i]->evicted)
            s.evicted += d->parts[i]->evicted(d->states[i]);
    }
    return s;
}
