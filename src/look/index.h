/* SPDX-License-Identifier: MIT
 * From keyed hashes to slots of the owner's array: buckets of eight that share a cache line.
 * Nothing is removed: a slot that was given to somebody else is known by its own key, which the
 * owner compares anyway, so what is stale is simply written over. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { IK_INDEX_WAYS = 8 };

/* One bucket: upper halves of the hashes, and what the owner knows the things by; 0: nothing. */
struct ik_index_bucket {
    uint32_t tag[IK_INDEX_WAYS], what[IK_INDEX_WAYS];
};

struct ik_index {
    struct ik_index_bucket *buckets;
    uint32_t mask; /* buckets - 1 */
};

/* Buckets for `slots` of the owner, four of eight filled on average at most. */
static inline uint32_t ik_index_buckets(uint32_t slots)
{
    uint32_t n = 1;
    while (n < UINT32_MAX / 2 && (uint64_t)n * (IK_INDEX_WAYS / 2) < slots)
        n *= 2;
    return n;
}

static inline size_t ik_index_bytes(uint32_t slots)
{
    return ik_index_buckets(slots) * sizeof(struct ik_index_bucket);
}

/* `mem` is aligned to 64 bytes where speed matters. */
static inline void ik_index_init(struct ik_index *ix, void *mem, uint32_t slots)
{
    ix->buckets = mem;
    ix->mask = ik_index_buckets(slots) - 1;
    memset(mem, 0, ik_index_bytes(slots));
}

static inline struct ik_index_bucket *ik_index_at(const struct ik_index *ix, uint64_t hash)
{
    return &ix->buckets[(uint32_t)hash & ix->mask];
}

/* Half of a bucket's tags. */
typedef uint32_t ik_index_half __attribute__((vector_size(IK_INDEX_WAYS / 2 * sizeof(uint32_t))));

/* A bit for each way that may hold something of the hash: the owner compares keys. All at once and
 * without a branch, since nobody can foresee which one it is. */
static inline unsigned ik_index_match(const struct ik_index_bucket *b, uint64_t hash)
{
    const ik_index_half low_bits = {1, 2, 4, 8}, high_bits = {16, 32, 64, 128};
    const ik_index_half tag = (ik_index_half){0} + (uint32_t)(hash >> 32);
    ik_index_half low, high;
    memcpy(&low, b->tag, sizeof(low));
    memcpy(&high, b->tag + IK_INDEX_WAYS / 2, sizeof(high));
    const ik_index_half same =
        ((ik_index_half)(low == tag) & low_bits) | ((ik_index_half)(high == tag) & high_bits);
    uint64_t part[2];
    memcpy(part, &same, sizeof(part));
    part[0] |= part[1];
    return (unsigned)(part[0] | part[0] >> 32);
}

static inline void ik_index_set(struct ik_index_bucket *b, int way, uint64_t hash, uint32_t what)
{
    b->tag[way] = (uint32_t)(hash >> 32);
    b->what[way] = what;
}
