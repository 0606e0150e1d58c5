/* SPDX-License-Identifier: MIT
 * One cause and the detectors that see it. */
#include "detect/cause.h"

#include "base/siphash.h"

#include <string.h>

enum { CAUSE_BYTES = 1 + 2 * 17, SURE = 64 };

/* How much room for doubt a detector leaves, among those that can see the same cause: form and
 * content say more than counts, counts more than what is merely odd. */
static const uint8_t doubts[IK_DETECTORS] = {
    /* what two hosts say to each other */
    [IK_DETECT_TOOL] = 1,
    [IK_DETECT_IP_IN_ICMP] = 2,
    [IK_DETECT_TUNNEL_MISMATCH] = 3,
    [IK_DETECT_TUNNEL_ORPHAN] = 4,
    [IK_DETECT_TEMPLATES] = 5,
    [IK_DETECT_COVERT_FIELD] = 6,
    [IK_DETECT_ODD_SIZE] = 7,
    /* floods, errors, scans: what explains the packets, then who gets them, then who sends them */
    [IK_DETECT_TTL_STORM] = 1,
    [IK_DETECT_SWEEP] = 2,
    [IK_DETECT_ERROR_FLOOD] = 2,
    [IK_DETECT_FLOOD_DST] = 3,
    [IK_DETECT_RECON] = 3,
    [IK_DETECT_BLIND_RESET] = 3,
    [IK_DETECT_FLOOD_SRC] = 4,
};

/* What is only unusual names nothing that is surely abuse. */
static unsigned doubt(const struct ik_voice *v)
{
    return doubts[v->detector] + (v->severity < IK_SEVERITY_MEDIUM ? SURE : 0u);
}

/* ---- what is the same ------------------------------------------------------------------------ */

static uint8_t *put_addr(uint8_t *to, const struct ik_addr *a)
{
    *to = a->family;
    memcpy(to + 1, a->bytes, sizeof(a->bytes));
    return to + 1 + sizeof(a->bytes);
}

static uint64_t hash(const uint8_t secret[16], uint8_t what, const struct ik_addr *a,
                     const struct ik_addr *b)
{
    uint8_t cause[CAUSE_BYTES] = {what};
    (void)put_addr(put_addr(cause + 1, a), b);
    return ik_siphash(secret, cause, sizeof(cause));
}

static uint64_t hash_kin(const uint8_t secret[16], const struct ik_report *r)
{
    static const struct ik_addr nobody = {.family = 0};
    const uint8_t what = (uint8_t)((unsigned)IK_DETECTORS + (unsigned)r->kin);
    if (r->kin != IK_KIN_TALK)
        return hash(secret, what, &r->of, &nobody);
    const bool upward = memcmp(r->src.bytes, r->dst.bytes, sizeof(r->src.bytes)) < 0;
    return hash(secret, what, upward ? &r->src : &r->dst, upward ? &r->dst : &r->src);
}

uint64_t ik_cause_key(const uint8_t secret[static 16], const struct ik_report *r)
{
    return r->kin == IK_KIN_TALK ? hash_kin(secret, r)
                                 : hash(secret, (uint8_t)r->detector, &r->src, &r->dst);
}

uint64_t ik_cause_kin(const uint8_t secret[static 16], const struct ik_report *r)
{
    return r->kin == IK_KIN_NONE ? 0 : hash_kin(secret, r);
}

static bool is_of(const struct ik_voice *v, const struct ik_report *r)
{
    if (v->detector != r->detector)
        return false;
    if (ik_addr_same_host(&v->src, &r->src) && ik_addr_same_host(&v->dst, &r->dst))
        return true;
    return r->kin == IK_KIN_TALK && ik_addr_same_host(&v->src, &r->dst) &&
           ik_addr_same_host(&v->dst, &r->src);
}

unsigned ik_cause_find(const struct ik_cause *c, const struct ik_report *r)
{
    unsigned i = 0;
    while (i < c->n && !is_of(&c->voices[i].voice, r))
        i++;
    return i;
}

/* ---- voices ---------------------------------------------------------------------------------- */

bool ik_cause_may_join(const struct ik_cause *c, const struct ik_report *r)
{
    for (unsigned i = 0; i < c->n; i++) {
        if (c->voices[i].voice.detector == r->detector)
            return false;
    }
    return c->n < IK_CAUSE_VOICES;
}

unsigned ik_cause_join(struct ik_cause *c, const struct ik_report *r, uint64_t key)
{
    c->voices[c->n] = (struct ik_cause_voice){
        .voice = {.detector = r->detector, .src = r->src, .dst = r->dst}, .key = key};
    return c->n++;
}

static const char *source_of(const struct ik_report *r)
{
    if (r->source)
        return r->source;
    return r->limit < IK_LIMITS ? ik_limit_row(r->limit)->source : "the format itself";
}

static void adopt(struct ik_voice *v, const struct ik_report *r)
{
    v->severity = r->severity;
    v->window = r->window;
    v->value = r->value;
    v->threshold = r->threshold;
    v->limit = r->limit;
    v->why = r->why;
    v->source = source_of(r);
    v->remedy = r->remedy;
    v->family = r->family;
    v->type = r->type;
    v->code = r->code;
}

/* Further from the threshold, on whichever side of it the finding is. */
static bool is_worse(const struct ik_voice *v, const struct ik_report *r)
{
    return r->limit == v->limit &&
           (v->value >= v->threshold ? r->value > v->value : r->value < v->value);
}

/* Moves voice i forward to where it belongs among those before it, which are in order. */
static void rise(struct ik_cause *c, unsigned i)
{
    const struct ik_cause_voice moved = c->voices[i];
    for (; i > 0 && doubt(&c->voices[i - 1].voice) > doubt(&moved.voice); i--)
        c->voices[i] = c->voices[i - 1];
    c->voices[i] = moved;
}

void ik_cause_add(struct ik_cause *c, unsigned i, const struct ik_report *r, ik_ns now)
{
    struct ik_cause_voice *s = &c->voices[i];
    struct ik_voice *v = &s->voice;
    s->last = now;
    if (!v->why || r->severity > v->severity) {
        adopt(v, r);
        if (i > 0)
            rise(c, i);
    } else if (r->severity == v->severity && is_worse(v, r)) {
        v->value = r->value;
        v->threshold = r->threshold;
        v->window = r->window;
    }
}

void ik_cause_lower(struct ik_cause *c, enum ik_severity most)
{
    for (unsigned i = 0; i < c->n; i++) {
        struct ik_voice *v = &c->voices[i].voice;
        v->severity = v->severity > most ? most : v->severity;
    }
    for (unsigned i = 1; i < c->n; i++)
        rise(c, i);
}

void ik_cause_leave(struct ik_cause *c, unsigned i)
{
    memmove(&c->voices[i], &c->voices[i + 1], (--c->n - i) * sizeof(c->voices[0]));
}

void ik_cause_tell(const struct ik_cause *c, struct ik_finding *f)
{
    const struct ik_voice *v = &c->voices[0].voice;
    f->detector = v->detector;
    f->src = v->src;
    f->dst = v->dst;
    f->family = v->family;
    f->type = v->type;
    f->code = v->code;
    f->window = v->window;
    f->value = v->value;
    f->threshold = v->threshold;
    f->limit = v->limit;
    f->why = v->why;
    f->source = v->source;
    f->remedy = v->remedy;
    f->n_also = (uint8_t)(c->n - 1);
    for (unsigned i = 1; i < c->n; i++)
        f->also[i - 1] = c->voices[i].voice;
}

/* A remedy against one source means nothing when there are many. */
static enum ik_remedy remedy_of_many(enum ik_remedy r, bool one_src, bool one_dst)
{
    if (r == IK_REMEDY_LIMIT_SOURCE && !one_src)
        return one_dst ? IK_REMEDY_LIMIT_DST : IK_REMEDY_NONE;
    if (r == IK_REMEDY_BLOCK_PAIR && !(one_src && one_dst))
        return IK_REMEDY_NONE;
    return r;
}

void ik_cause_blur(struct ik_voice *v, const struct ik_report *r, bool same_kind)
{
    if (!same_kind)
        v->family = v->type = v->code = 0;
    if (!ik_addr_same_host(&v->src, &r->src))
        v->src = (struct ik_addr){.family = 0};
    if (!ik_addr_same_host(&v->dst, &r->dst))
        v->dst = (struct ik_addr){.family = 0};
    v->remedy = remedy_of_many(v->remedy, v->src.family, v->dst.family);
}

struct ik_report ik_cause_report(const struct ik_voice *v)
{
    return (struct ik_report){
        .detector = v->detector,
        .severity = v->severity,
        .src = v->src,
        .dst = v->dst,
        .family = v->family,
        .type = v->type,
        .code = v->code,
        .window = v->window,
        .value = v->value,
        .threshold = v->threshold,
        .limit = v->limit,
        .why = v->why,
        .source = v->source,
        .remedy = v->remedy,
    };
}
