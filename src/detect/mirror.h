/* SPDX-License-Identifier: MIT
 * What echo requests carried, so that a reply can be held against its request. A request is known
 * by a keyed hash of who asks whom with which numbers; the oldest give way, and what is not there
 * any more is not observed. Content is kept as keyed hashes of the first 64 bytes and of the
 * whole (of more than 256: the first 64, as many from a secret place, and the checksum of all). */
#pragma once

#include "detect/payload.h"

#include "base/nh.h"

enum { IK_MIRROR_REQUESTS = 65536 };

/* A payload, made small. 0: not known; `tag` 0: nobody. */
struct ik_mirror_mark {
    uint32_t tag; /* of the key; the lowest bit: it was answered */
    uint32_t whole, head;
    uint16_t sum, bytes;
};
_Static_assert(sizeof(struct ik_mirror_mark) == 16, "four in a cache line");

enum ik_mirror_result {
    IK_MIRROR_NONE,    /* no such request is there */
    IK_MIRROR_UNKNOWN, /* too little was captured */
    IK_MIRROR_SAME,    /* or cut by the responder to 64 bytes or more, as large providers do */
    IK_MIRROR_DIFFERENT,
};

struct ik_mirror {
    uint8_t secret[16];
    struct ik_nh nh;
    struct ik_mirror_mark *marks;
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
/* Fetches ahead what the other functions need of that key. */
void ik_mirror_expect(const struct ik_mirror *m, uint64_t key);
struct ik_mirror_mark ik_mirror_mark(const struct ik_mirror *m, const struct ik_sight *s,
                                     const struct ik_payload *e);
/* Keeps a request. Those of one key (made again with other content before it was answered) are all
 * kept: a reply may answer any of them. */
void ik_mirror_put(struct ik_mirror *m, uint64_t key, struct ik_mirror_mark mark);
/* Holds a reply against its request. *again: that was answered before. */
enum ik_mirror_result ik_mirror_check(struct ik_mirror *m, uint64_t key,
                                      const struct ik_mirror_mark *reply, bool *again);
