/* SPDX-License-Identifier: MIT
 * Totals. Every type and code of both families has a counter, so that no stranger can crowd one
 * out. */
#include "icmpkit/look.h"

#include "look/talker.h"
#include "net/rtt.h"
#include "net/sketch.h"

#include <string.h>

struct count {
    uint64_t packets, bytes;
};

/* Of one type, by code. */
struct counts {
    struct count of[256];
};

struct ik_total {
    struct ik_total_view view;
    struct ik_rtt_sums rtt;
    struct ik_sketch sketch;
    struct ik_talker *talker;
    struct ik_total_kind kinds[IK_TOTAL_KINDS];
    struct ik_total_talker talkers[IK_TOTAL_TALKERS];
    bool type_seen[2][256]; /* family 4, 6; counts of others mean nothing yet */
    struct counts *counts;  /* 256 of family 4, 256 of family 6 */
};

/* What is needed for every packet comes first, and the counts, of which few are ever needed, last:
 * so that those take no memory where it is given page by page. */
static size_t talker_at(void)
{
    return (sizeof(struct ik_total) + 63) & ~(size_t)63;
}

static size_t counts_at(void)
{
    return (talker_at() + ik_talker_bytes() + 63) & ~(size_t)63;
}

size_t ik_total_bytes(void)
{
    return counts_at() + 2 * 256 * sizeof(struct counts);
}

struct ik_total *ik_total_init(void *mem, const uint8_t secret[16])
{
    struct ik_total *t = mem;
    memset(t, 0, sizeof(*t));
    t->view.first = t->view.last = IK_NEVER;
    t->talker = ik_talker_init((uint8_t *)mem + talker_at(), secret);
    t->counts = (struct counts *)(void *)((uint8_t *)mem + counts_at());
    return t;
}

static void add_round_trip(struct ik_total *t, ik_ns rtt)
{
    if (rtt < 0 || rtt > IK_RTT_MAX)
        return;
    ik_rtt_add(&t->rtt, rtt);
    ik_sketch_add(&t->sketch, rtt);
    /* Bin i holds what is below 2^i us and not below half of that. */
    const uint64_t us = (uint64_t)(rtt / IK_NS_PER_US);
    const unsigned bin = us ? 64 - (unsigned)__builtin_clzll(us) : 0;
    t->view.bins[bin < IK_TOTAL_BINS ? bin : IK_TOTAL_BINS - 1]++;
}

static void add_pair(struct ik_total *t, const struct ik_look_packet *p)
{
    struct ik_total_view *v = &t->view;
    v->replies += p->pair == IK_LOOK_PAIR_REPLY;
    v->errors += p->pair == IK_LOOK_PAIR_ERROR;
    v->duplicates += p->pair == IK_LOOK_PAIR_DUPLICATE;
    v->unasked += p->pair == IK_LOOK_PAIR_UNASKED;
    v->repeated += p->pair == IK_LOOK_PAIR_REPEATED;
    if (p->pair == IK_LOOK_PAIR_REPLY && p->pair_rtt != IK_NEVER)
        add_round_trip(t, p->pair_rtt);
}

static void add_flaws(struct ik_total *t, const struct ik_faults *faults)
{
    /* A packet with the same flaw twice is one packet with that flaw. */
    for (uint16_t i = 0; i < faults->n; i++) {
        uint16_t before = 0;
        while (before < i && faults->list[before].what != faults->list[i].what)
            before++;
        t->view.flaws[faults->list[i].what] += before == i;
    }
    t->view.flawed += faults->n > 0;
}

static void add_kind(struct ik_total *t, unsigned family, const struct ik_icmp *icmp,
                     uint32_t bytes)
{
    struct counts *type = &t->counts[256 * family + icmp->type];
    if (!t->type_seen[family][icmp->type])
        *type = (struct counts){0};
    t->type_seen[family][icmp->type] = true;
    type->of[icmp->code].packets++;
    type->of[icmp->code].bytes += bytes;
}

void ik_total_add(struct ik_total *t, const struct ik_look_packet *p)
{
    const uint32_t bytes = p->ip.total_bytes;
    add_kind(t, p->ip.version == 6, &p->icmp, bytes);
    t->view.packets++;
    t->view.bytes += bytes;
    if (p->frame.time != IK_NEVER) {
        if (t->view.first == IK_NEVER || p->frame.time < t->view.first)
            t->view.first = p->frame.time;
        if (t->view.last == IK_NEVER || p->frame.time > t->view.last)
            t->view.last = p->frame.time;
    }
    add_pair(t, p);
    if (p->faults.n)
        add_flaws(t, &p->faults);
    ik_talker_add(t->talker, &p->ip.src, bytes);
}

/* Keeps the kinds with most packets, most first; ties as they come, by family, type and code. */
static void keep_kind(struct ik_total *t, const struct ik_total_kind *k)
{
    size_t at = t->view.n_kinds;
    for (; at > 0 && t->kinds[at - 1].packets < k->packets; at--) {
        if (at < IK_TOTAL_KINDS)
            t->kinds[at] = t->kinds[at - 1];
    }
    if (at < IK_TOTAL_KINDS)
        t->kinds[at] = *k;
    t->view.n_kinds += t->view.n_kinds < IK_TOTAL_KINDS;
}

static void sort_type(struct ik_total *t, unsigned family, unsigned type)
{
    for (unsigned code = 0; code < 256; code++) {
        const struct count *c = &t->counts[256 * family + type].of[code];
        const struct ik_total_kind k = {.family = family ? 6 : 4,
                                        .type = (uint8_t)type,
                                        .code = (uint8_t)code,
                                        .packets = c->packets,
                                        .bytes = c->bytes};
        if (c->packets)
            keep_kind(t, &k);
    }
}

/* The sketch keeps values to a few digits; no quantile lies beyond what was measured. */
static ik_ns quantile(const struct ik_total *t, unsigned percent)
{
    const ik_ns q = ik_sketch_quantile(&t->sketch, percent);
    if (q == IK_NEVER)
        return q;
    return q < t->rtt.min ? t->rtt.min : q > t->rtt.max ? t->rtt.max : q;
}

void ik_total_view(struct ik_total *t, struct ik_total_view *out)
{
    struct ik_total_view *v = &t->view;
    v->n_kinds = 0;
    for (unsigned i = 0; i < 512; i++) {
        if (t->type_seen[i / 256][i % 256])
            sort_type(t, i / 256, i % 256);
    }
    uint64_t shown = 0;
    for (size_t i = 0; i < v->n_kinds; i++)
        shown += t->kinds[i].packets;
    v->kinds = t->kinds;
    v->other_kinds = v->packets - shown;
    v->n_talkers = ik_talker_top(t->talker, t->talkers, IK_TOTAL_TALKERS);
    v->talkers = t->talkers;
    v->rtt = (struct ik_rec_rtt){
        .min = t->rtt.n ? t->rtt.min : IK_NEVER,
        .max = t->rtt.n ? t->rtt.max : IK_NEVER,
        .avg = ik_rtt_avg(&t->rtt),
        .mdev = ik_rtt_mdev(&t->rtt),
        .p50 = quantile(t, 50),
        .p90 = quantile(t, 90),
        .p99 = quantile(t, 99),
    };
    *out = *v;
}
