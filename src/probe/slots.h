/* SPDX-License-Identifier: MIT
 * The probes whose fate is open, and the last ones whose fate is known: a fixed pool. A slot goes
 *
 *     free -take-> planned -open-> open -close-> closed -take-> planned ...
 *                      '------put------------------^
 *
 * where take gives the one that was closed longest ago, so that duplicates and late answers still
 * find their probe for as long as there is room. All waits are equally long, so the list of open
 * slots is in the order of their expiry. */
#pragma once

#include "icmpkit/base.h"

#define IK_SLOT_NONE UINT32_MAX

enum ik_slot_state {
    IK_SLOT_FREE,
    IK_SLOT_PLANNED, /* offered to the link, not taken yet */
    IK_SLOT_OPEN,
    IK_SLOT_RECEIVED,
    IK_SLOT_LATE,
    IK_SLOT_LOST,
    IK_SLOT_UNKNOWN,
    IK_SLOT_FAILED, /* never left */
};

struct ik_slot {
    uint64_t hash; /* of the token; a node information query: its nonce */
    uint64_t seq;
    ik_ns handed; /* to the link */
    ik_ns sent;   /* stamp of departure, by the clock below */
    uint32_t number;
    uint32_t target;
    uint32_t prev, next; /* of the open list */
    uint32_t chain;      /* next of the same bucket */
    uint32_t bucket;     /* which one, IK_SLOT_NONE: in none */
    uint32_t originate;  /* timestamp requests */
    uint8_t state;       /* enum ik_slot_state */
    uint8_t sent_clock;  /* enum ik_clock; NONE: no stamp came */
    bool errored;        /* an ICMP error about it was counted */
};

struct ik_slot_list {
    uint32_t head, tail;
};

/* 2^bits slots. The number of a probe has the index of its slot in its low bits and how often that
 * slot was used above them, so it finds its slot at once and does not fit a later user of it. */
struct ik_slots {
    struct ik_slot *slot;
    uint32_t *buckets; /* twice as many as slots */
    uint32_t
        *reusable; /* a ring of those that are neither planned nor open, longest unused first */
    unsigned bits;
    uint32_t n_open, reusable_head, n_reusable;
    struct ik_slot_list open;
};

/* How many slots there are for that many open ones, a power of two: room enough that an answer to a
 * probe which is over still finds it. */
uint32_t ik_slots_count(uint32_t max_open);
/* Bytes of memory for them, aligned as uint64_t. max_open is 1 .. 2^22. */
size_t ik_slots_bytes(uint32_t max_open);
void ik_slots_init(struct ik_slots *s, void *mem, uint32_t max_open);

/* Takes the slot that is longest unused as PLANNED, with a new number and everything else zero.
 * IK_SLOT_NONE when all are planned or open. */
uint32_t ik_slots_take(struct ik_slots *s);
/* Gives back a planned slot that was not used. */
void ik_slots_put(struct ik_slots *s, uint32_t index);
/* The planned slot is now OPEN, the youngest. */
void ik_slots_open(struct ik_slots *s, uint32_t index);
/* The open slot ends in `state`. */
void ik_slots_close(struct ik_slots *s, uint32_t index, enum ik_slot_state state);
/* The slot that a probe of that number has, or IK_SLOT_NONE when it is not there any more. */
uint32_t ik_slots_find(const struct ik_slots *s, uint32_t number);

/* Hangs a planned slot into the bucket of a keyed hash, so that it is found without its number. */
void ik_slots_index(struct ik_slots *s, uint32_t index, uint64_t hash);
/* First and next slot of the bucket, youngest first, IK_SLOT_NONE at the end; what else shares the
 * bucket is the caller's to tell apart. */
uint32_t ik_slots_first(const struct ik_slots *s, uint64_t hash);
static inline uint32_t ik_slots_next(const struct ik_slots *s, uint32_t index)
{
    return s->slot[index].chain;
}
