/* SPDX-License-Identifier: MIT
 * Payloads of many kinds between one pair of hosts (D12): the senders that we know, and most that
 * we do not, use one template a run. What a known form leaves no room in is not looked at; clocks
 * are masked; a pattern that is repeated counts as one whatever its length.
 *
 * Random payloads of one size are the template of some benign senders (fping -R, icmplib): they
 * count only where sizes change too. Replies that are not what was asked for are the matter of
 * echo.c. Size and randomness alone are never a finding (D13): they are told beside one. */
#include "base/rd.h"
#include "base/siphash.h"
#include "detect/pairs.h"
#include "detect/payload.h"
#include "detect/sender.h"

#include <string.h>

enum {
    PAIRS = 4096,
    BITS = 192,
    FEW = 3, /* templates, before their bytes count; and changes of size that are no chance */
    MOSTLY = 4,
    PERIOD_MAX = 16,
    DEFER = 3,        /* kinds more, where it will soon be clear that replies are a tunnel */
    LEAST_BYTES = 64, /* below it nobody has said much: a letter a run (pythonping) */
    RANDOM_MIN = 8,   /* bytes that may look random */
    SHORT_MAX = 32,   /* payloads below it are too short to look random by all their bytes */
};

#define WINDOW (600 * IK_NS_PER_S)

struct pair {
    ik_ns since;
    uint64_t seen[BITS / 64]; /* a bit for each template; by it they are told from each other */
    uint16_t templates, randoms, last_bytes;
    uint8_t sizes, told; /* changes of size; it was reported */
    uint32_t bytes, last;
};
_Static_assert(sizeof(struct pair) == 48, "small");

struct part {
    struct ik_pairs pairs;
};

/* ---- templates ------------------------------------------------------------------------------- */

/* The bytes that come again and again; all of them when none do. */
static struct ik_rd period_of(struct ik_rd d)
{
    size_t step = 1;
    while (step < d.left && step < PERIOD_MAX &&
           (d.p[0] != d.p[step] || memcmp(d.p, d.p + step, d.left - step)))
        step++;
    return ik_rd_head(d, step);
}

static uint64_t template_of(const struct ik_sight *s, const struct ik_payload *e)
{
    const struct ik_rd period = period_of(ik_rd_from(e->data, s->clock_bytes));
    if (s->sender == IK_SENDER_IPUTILS_PATTERN || period.left == 1)
        return ik_siphash13(s->cfg->secret, period.p, period.left);
    return ik_payload_template(s->cfg->secret, s, e);
}

/* Short ones: random bytes are as often above 127 as not, and few of them are there twice. */
static bool is_random(struct ik_rd d)
{
    size_t high = 0, again = 0;
    if (d.left >= SHORT_MAX)
        return ik_payload_is_random(d);
    for (size_t i = 0; i < d.left; i++) {
        high += d.p[i] > INT8_MAX;
        again += memchr(d.p + i + 1, d.p[i], d.left - i - 1) != NULL;
    }
    return d.left >= RANDOM_MIN && high * 8 >= d.left && again * 4 <= d.left;
}

/* True when it was not seen before. Once most bits are taken, each change counts as new. */
static bool is_new(struct pair *p, uint64_t kind)
{
    const uint32_t bit = (uint32_t)(kind >> 32) % BITS;
    const uint64_t mask = (uint64_t)1 << bit % 64;
    const bool fresh = !(p->seen[bit / 64] & mask);
    const bool changed = p->last != (uint32_t)kind;
    p->seen[bit / 64] |= mask;
    p->last = (uint32_t)kind;
    return fresh || (changed && p->templates + p->randoms > BITS * 3 / 4);
}

static void note(struct pair *p, const struct ik_sight *s, const struct ik_payload *e)
{
    const bool other = p->last_bytes && p->last_bytes != e->n;
    p->sizes = (uint8_t)(p->sizes + (other && p->sizes < UINT8_MAX));
    p->last_bytes = (uint16_t)e->n;
    if (s->sender == IK_SENDER_ICMPLIB || is_random(ik_rd_from(e->data, s->clock_bytes))) {
        p->randoms = (uint16_t)(p->randoms + (p->randoms < UINT16_MAX));
        return;
    }
    p->templates = (uint16_t)(p->templates + (p->templates < UINT16_MAX));
    p->bytes += e->n;
}

/* How many kinds count. Where most are random, a few that do not look so are chance. */
static uint32_t kinds(const struct pair *p)
{
    const uint32_t randoms = p->sizes >= FEW ? p->randoms : 0;
    return p->templates * MOSTLY < p->randoms ? randoms : p->templates + randoms;
}

/* ---- findings -------------------------------------------------------------------------------- */

static void report_size(struct ik_sight *s, const struct ik_payload *e)
{
    const int64_t limit = s->cfg->limits[IK_LIM_ODD_SIZE];
    if (e->n <= limit || !ik_payload_is_random(e->data) || !ik_sight_minds(s, IK_DETECT_ODD_SIZE))
        return;
    struct ik_report r = ik_payload_report(s, IK_DETECT_ODD_SIZE);
    r.severity = IK_SEVERITY_INFO;
    r.value = e->n;
    r.threshold = (double)limit;
    r.limit = IK_LIM_ODD_SIZE;
    r.why = "Payloads of many kinds are large and look random: encrypted or compressed data.";
    r.remedy = IK_REMEDY_NONE;
    ik_book_report(s->book, s->now, &r);
}

static void report(struct ik_sight *s, struct pair *p, const struct ik_payload *e, uint32_t n)
{
    const bool by_number = n >= s->cfg->limits[IK_LIM_TEMPLATES];
    const enum ik_limit limit = by_number ? IK_LIM_TEMPLATES : IK_LIM_TEMPLATE_BYTES;
    if (!ik_sight_minds(s, IK_DETECT_TEMPLATES))
        return;
    struct ik_report r = ik_payload_report(s, IK_DETECT_TEMPLATES);
    r.severity = IK_SEVERITY_MEDIUM;
    r.window = WINDOW;
    r.value = by_number ? n : p->bytes;
    r.threshold = (double)s->cfg->limits[limit];
    r.limit = limit;
    r.why = "Payloads of many kinds, of no known sender, travel between two hosts.";
    r.packets = p->told ? 1 : n;
    ik_book_report(s->book, s->now, &r);
    p->told = 1;
    report_size(s, e);
}

static void judge(struct ik_sight *s, struct pair *p, const struct ik_payload *e)
{
    const uint32_t n = kinds(p), more = s->differs ? DEFER : 0;
    const int64_t *limits = s->cfg->limits;
    const uint32_t least = p->bytes + (uint32_t)p->randoms * RANDOM_MIN;
    if ((n >= limits[IK_LIM_TEMPLATES] + more && least >= LEAST_BYTES) ||
        (n >= FEW && !more && p->bytes >= limits[IK_LIM_TEMPLATE_BYTES]))
        report(s, p, e, n);
}

static __attribute__((noinline)) void look(struct part *t, struct ik_sight *s)
{
    const struct ik_payload *e = &s->echo;
    bool anew;
    if (s->tunnel || !e->data.left || (s->differs && !e->request))
        return;
    struct pair *p = ik_pairs_take(&t->pairs, s->pair_hash, &anew);
    if (anew || !p->last_bytes || s->now - p->since > WINDOW)
        *p = (struct pair){.since = s->now};
    if (!is_new(p, template_of(s, e)))
        return;
    note(p, s, e);
    judge(s, p, e);
}

static void input(void *state, struct ik_sight *s)
{
    if (!ik_sender_is_fixed(s->sender)) /* which most are */
        look(state, s);
}

static size_t rounded(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return rounded(sizeof(struct part)) + ik_pairs_bytes(PAIRS, sizeof(struct pair));
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    struct part *t = state;
    (void)cfg;
    ik_pairs_init(&t->pairs, (uint8_t *)state + rounded(sizeof(*t)), PAIRS, sizeof(struct pair));
}

static uint64_t evicted(const void *state)
{
    return ((const struct part *)state)->pairs.evicted;
}

const struct ik_part ik_part_template = {
    .wants = IK_WANTS_ECHO, .bytes = bytes, .init = init, .input = input, .evicted = evicted};
