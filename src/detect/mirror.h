/* SPDX-License-Identifier: MIT
 * What echo requests carried, so that a reply can be held against its request. A request is known
 * by a keyed hash of who asks whom with which numbers; the oldest give way, and what is not there
 * any more is not observed. Content is kept as keyed hashes of the first 64 bytes and of the
 * whole (of more than 256: the first 64, as many from a secret place, and the checksum of all). */
#pragma once

#include "detect/payload.h"

#include "base/four.h"
#include "base/nh.h"

enum {
    IK_MIRROR_REQUESTS = 65536,
    IK_MIRROR_WAYS = 4,
    IK_MIRROR_SET_BITS = 14,
    IK_MIRROR_HEAD = 64,
};

#define IK_MIRROR_ANSWERED 1u

/* A payload, made small. 0: not known. */
struct ik_mirror_mark {
    uint32_t whole, head, sizes; /* sizes: the checksum, and in the low half bytes on the wire */
};

/* Requests whose keys begin alike, a cache line: the latest stands first. `tags`, of their keys:
 * the lowest bit says that it was answered; 0: nobody. */
struct ik_mirror_set {
    _Alignas(64) uint32_t tags[IK_MIRROR_WAYS];
    uint32_t whole[IK_MIRROR_WAYS], head[IK_MIRROR_WAYS], sizes[IK_MIRROR_WAYS];
};
_Static_assert(sizeof(struct ik_mirror_set) == 64, "a cache line");
_Static_assert(IK_MIRROR_WAYS << IK_MIRROR_SET_BITS == IK_MIRROR_REQUESTS, "all of them");

enum ik_mirror_result {
    IK_MIRROR_NONE,    /* no such request is there */
    IK_MIRROR_UNKNOWN, /* too little was captured */
    IK_MIRROR_SAME,    /* or cut by the responder to 64 bytes or more, as large providers do */
    IK_MIRROR_DIFFERENT,
};

struct ik_mirror {
    uint8_t secret[16];
    struct ik_nh nh;
    struct ik_mirror_set *sets;
};

/* `mem` is zeroed, and aligned to 64 bytes. */
size_t ik_mirror_bytes(void);
void ik_mirror_init(struct ik_mirror *m, void *mem, const uint8_t secret[16]);

/* The key of an echo message, from the hash of who asks whom. */
static inline uint64_t ik_mirror_key(uint64_t hash, const struct ik_payload *e)
{
    /* Whoever asks chooses the numbers, but not where they lead: that hangs on the hash. */
    uint64_t z = hash + ((uint64_t)e->id << 16 | e->seq) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    return z ^ z >> 27;
}

/* Of a key: where its requests are, and how they are known there, as if answered (never 0). */
static inline struct ik_mirror_set *ik_mirror_set(const struct ik_mirror *m, uint64_t key)
{
    return m->sets + (key >> (64 - IK_MIRROR_SET_BITS));
}
static inline uint32_t ik_mirror_tag(uint64_t key)
{
    return (uint32_t)key | 2 | IK_MIRROR_ANSWERED;
}
/* Which requests of a set have that tag, a bit for each. */
static inline unsigned ik_mirror_ways(const struct ik_mirror_set *set, uint32_t tag)
{
    const ik_four tags = ik_four_load(set->tags) | ik_four_of(IK_MIRROR_ANSWERED);
    return ik_four_bits((ik_four)(tags == ik_four_of(tag)));
}

/* Fetches ahead what the other functions need of that key. */
static inline void ik_mirror_expect(const struct ik_mirror *m, uint64_t key)
{
    __builtin_prefetch(ik_mirror_set(m, key), 1);
}

/* 32 bits of content; 0 stands for "not known". */
static inline uint32_t ik_mirror_small(const struct ik_mirror *m, uint64_t sum)
{
    const uint32_t hash = ik_nh_small(&m->nh, sum);
    return hash + !hash;
}

/* As ik_mirror_mark, for payloads of any size. */
struct ik_mirror_mark ik_mirror_mark_any(const struct ik_mirror *m, const struct ik_sight *s,
                                         const struct ik_payload *e);

/* The mark of the payload in sight: most have no more than a head. */
static inline struct ik_mirror_mark
ik_mirror_mark(const struct ik_mirror *m, const struct ik_sight *s, const struct ik_payload *e)
{
    if (e->cut || e->data.left > IK_MIRROR_HEAD)
        return ik_mirror_mark_any(m, s, e);
    const uint32_t all = ik_mirror_small(m, ik_nh_sum(&m->nh, 0, e->data.p, e->data.left));
    return (struct ik_mirror_mark){.whole = all, .head = all, .sizes = (uint16_t)e->n};
}

/* As ik_mirror_put, where requests of that key are there. */
void ik_mirror_put_again(struct ik_mirror_set *set, uint32_t tag, struct ik_mirror_mark mark);

/* The latest stands first, and the oldest falls out: memmove of 12 bytes, which compilers would
 * call. */
static inline void ik_mirror_push(uint32_t words[IK_MIRROR_WAYS], uint32_t word)
{
    uint64_t two;
    const uint32_t third = words[2];
    memcpy(&two, words, sizeof(two));
    memcpy(words + 1, &two, sizeof(two));
    words[0] = word;
    words[3] = third;
}

/* Keeps a request. Those of one key (made again with other content before it was answered) are all
 * kept: a reply may answer any of them. */
static inline void ik_mirror_put(struct ik_mirror *m, uint64_t key, struct ik_mirror_mark mark)
{
    struct ik_mirror_set *set = ik_mirror_set(m, key);
    const uint32_t tag = ik_mirror_tag(key);
    if (ik_mirror_ways(set, tag)) {
        ik_mirror_put_again(set, tag, mark);
        return;
    }
    ik_mirror_push(set->tags, tag & ~IK_MIRROR_ANSWERED);
    ik_mirror_push(set->whole, mark.whole);
    ik_mirror_push(set->head, mark.head);
    ik_mirror_push(set->sizes, mark.sizes);
}

/* As ik_mirror_check, of the requests `ways`. */
enum ik_mirror_result ik_mirror_check_any(struct ik_mirror_set *set, unsigned ways,
                                          struct ik_mirror_mark reply, bool *again);

/* Holds a reply against its request. *again: that was answered before. */
static inline enum ik_mirror_result ik_mirror_check(struct ik_mirror *m, uint64_t key,
                                                    struct ik_mirror_mark reply, bool *again)
{
    struct ik_mirror_set *set = ik_mirror_set(m, key);
    const unsigned ways = ik_mirror_ways(set, ik_mirror_tag(key));
    *again = false;
    if (!ways)
        return IK_MIRROR_NONE;
    const unsigned i = (unsigned)__builtin_ctz(ways);
    if (ways & (ways - 1) || !reply.whole || set->whole[i] != reply.whole ||
        set->head[i] != reply.head || set->sizes[i] != reply.sizes)
        return ik_mirror_check_any(set, ways, reply, again);
    *again = set->tags[i] & IK_MIRROR_ANSWERED;
    set->tags[i] |= IK_MIRROR_ANSWERED;
    return IK_MIRROR_SAME;
}
