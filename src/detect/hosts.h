/* SPDX-License-Identifier: MIT
 * Hosts that were seen to send something of a kind, in this generation or the one before: four bits
 * of one word each, so that one of many thousands that never did is hardly ever taken for one. */
#pragma once

#include "icmpkit/base.h"

enum { IK_HOSTS_WORDS = 1 << 15, IK_HOSTS_KINDS = 4 };

/* The bits of a host. */
struct ik_hosts_mark {
    uint32_t word;
    uint64_t bits;
};

/* Zeros are an empty one. */
struct ik_hosts {
    uint32_t young;              /* which generation is the present one */
    struct ik_hosts_mark coming; /* noted next, when its word was fetched */
    ik_ns since[IK_HOSTS_KINDS]; /* when the first of the kind sent */
    bool has[IK_HOSTS_KINDS];    /* some of the kind were seen */
    _Alignas(64) uint64_t words[2][IK_HOSTS_WORDS];
};

/* Where a host stands, by its keyed hash. */
static inline struct ik_hosts_mark ik_hosts_mark_of(uint64_t hash, unsigned kind)
{
    const uint64_t z = (hash ^ (uint64_t)kind << 56) * 0x9e3779b97f4a7c15u;
    const uint64_t bits = (uint64_t)1 << (z >> 58) | (uint64_t)1 << (z >> 52 & 63) |
                          (uint64_t)1 << (z >> 46 & 63) | (uint64_t)1 << (z >> 40 & 63);
    return (struct ik_hosts_mark){(uint32_t)(z >> 24) % IK_HOSTS_WORDS, bits};
}

/* Writes what was noted last. */
static inline void ik_hosts_arrive(struct ik_hosts *h)
{
    h->words[h->young][h->coming.word] |= h->coming.bits;
}

/* Notes that a host sent something of a kind (below IK_HOSTS_KINDS). Its word is far away where
 * sources are made up: it is fetched now, and written by the time of the next. */
static inline void ik_hosts_note(struct ik_hosts *h, uint64_t hash, unsigned kind, ik_ns now)
{
    ik_hosts_arrive(h);
    h->coming = ik_hosts_mark_of(hash, kind);
    __builtin_prefetch(&h->words[h->young][h->coming.word], 1);
    if (!h->has[kind])
        h->since[kind] = now;
    h->has[kind] = true;
}

/* True when the host was noted for the kind in this generation or the last. */
bool ik_hosts_sends(struct ik_hosts *h, uint64_t hash, unsigned kind);
/* Another generation begins: what the last but one has is forgotten; `all`: what both have. */
void ik_hosts_turn(struct ik_hosts *h, bool all);
