/* SPDX-License-Identifier: MIT
 * What the XDP filter and the process that fills it share, compiled for both: the tables, all of
 * fixed size, and how a key is hashed. The process alone writes keys, words and times; the program
 * writes nothing but buckets, counters and the time.
 *
 * A packet's way, each step only where the one before found something:
 *
 *   kinds --> word of the source | word of the destination --> two places --> slot --> bucket
 *
 * - kinds says which kinds of order are in force at all.
 * - A word says which kinds may concern the addresses that hash to it. Others' bits in it cost a
 *   look at two places, and nothing else.
 * - A place holds the number of a slot. A key has two of them, by two hashes, and its slot stands
 * in one (cuckoo hashing: Pagh, Rodler, 2001); who comes later makes room by moving others to
 * theirs.
 * - A slot is one order with its whole key, which is compared: no collision brings an order upon
 *   somebody else.
 * - What is stopped is counted by slot, and by processor: none waits for another.
 * - The one table that strangers fill is `each`: the buckets of sources that send to a host that
 *   IK_ORDER_LIMIT_DST protects. Two sources that meet in a bucket share ten messages a second of
 *   the type and to the host that the order is about. Its hash is SipHash with a secret that is
 *   drawn at the start, so that nobody can aim at a bucket. */
#pragma once

#include "base/siphash.h"

#include <icmpkit/daemon.h>

enum {
    IK_XDP_SLOTS = 8192, /* number 0 is none; an order between a pair takes two */
    IK_XDP_WORD_BITS = 14,
    IK_XDP_WORDS = 1 << IK_XDP_WORD_BITS, /* of sources; of destinations */
    IK_XDP_PLACE_BITS = 15,
    IK_XDP_PLACES = 1 << IK_XDP_PLACE_BITS,
    IK_XDP_EACH_BITS = 16,
    IK_XDP_EACH = 1 << IK_XDP_EACH_BITS,
    IK_XDP_COUNTED = 64, /* slots whose counters are one element of their table */
};

/* Bits of a word beside those of the kinds. */
enum { IK_XDP_SPARED = 15 };
_Static_assert((int)IK_ORDERS <= (int)IK_XDP_SPARED, "a word holds a bit for each kind");

/* Whose an address in a key is. */
enum ik_xdp_form {
    IK_XDP_HOST4 = 1, /* {0, the address} */
    IK_XDP_HOST6,     /* {its first half, its second} */
    IK_XDP_NET6,      /* {the first half, 0}: all of a /64 */
};

/* Halves of addresses are in network order, as they lie in a packet. */
struct ik_xdp_key {
    uint64_t a[2]; /* the source, or what is protected */
    uint64_t b[2]; /* the destination, of a pair; else 0 */
    uint32_t what; /* ik_xdp_what */
};

/* An order: its key, and the rest of a line of cache. It has ended when the clock is past `until`.
 */
struct ik_xdp_slot {
    uint64_t a[2], b[2];
    uint32_t what;      /* 0: the slot is free */
    uint64_t until;     /* ns */
    uint64_t bucket[2]; /* when each will be full again, in ns: struct ik_xdp_limit */
};
_Static_assert(sizeof(struct ik_xdp_slot) == 64, "a slot is a line of cache");

/* The clock is the kernel's count of ticks, times the length of one: to read it costs no call, and
 * its steps of 1 to 10 ms are fine enough for what is counted here. */
struct ik_xdp_state {
    /* A line of cache that every packet needs. */
    uint32_t kinds;   /* bit n: an order of kind n is in force */
    uint16_t wide[2]; /* a prefix wider than a host (IPv6: than a /64) is spared, of IPv4, IPv6 */
    uint64_t tick;    /* ns */
    uint64_t factors[5]; /* secret, odd: of ik_xdp_word and ik_xdp_places */
    uint64_t now;        /* ns, when the program ik_xdp_clock was last run */

    uint64_t sip[2]; /* secret: of ik_xdp_each */
    uint16_t from[IK_XDP_WORDS], to[IK_XDP_WORDS];
    uint16_t places[IK_XDP_PLACES];
    uint8_t wide4[65536 / 8]; /* a bit a /16 that a spared prefix wider than a host touches */
    _Alignas(64) struct ik_xdp_slot slots[IK_XDP_SLOTS];
};

/* Key of the trie of those who are spared. */
struct ik_xdp_spared {
    uint32_t bits;         /* 8 and those of the prefix */
    uint8_t bytes[1 + 16]; /* family, address */
};

/* Packets that the orders in so many slots in a row stopped, on one processor. They count on when a
 * slot is used anew. */
struct ik_xdp_stopped {
    uint64_t of[IK_XDP_COUNTED];
};
_Static_assert(IK_XDP_SLOTS % IK_XDP_COUNTED == 0, "every slot has a counter");

/* A limit: `every` so many ns one, and `burst` at once after a pause. */
struct ik_xdp_limit {
    uint64_t every, burst;
};
#define IK_XDP_TEN ((struct ik_xdp_limit){100000000, 20})
#define IK_XDP_ONE ((struct ik_xdp_limit){1000000000, 5})
#define IK_XDP_ALL ((struct ik_xdp_limit){2000000, 500})

static inline uint32_t ik_xdp_what(uint32_t kind, enum ik_xdp_form form, uint8_t type, uint8_t code)
{
    return kind | (uint32_t)type << 8 | (uint32_t)code << 16 | (uint32_t)form << 24;
}

/* Multilinear (Dietzfelbinger and others, 1997): enough for tables whose keys strangers do not
 * choose, and where a collision costs nothing but time. */
static inline uint32_t ik_xdp_word(const struct ik_xdp_state *s, uint64_t a0, uint64_t a1)
{
    return (uint32_t)((a0 * s->factors[0] + a1 * s->factors[1]) >> (64 - IK_XDP_WORD_BITS));
}

struct ik_xdp_places {
    uint32_t at[2];
};
static inline struct ik_xdp_places ik_xdp_places(const struct ik_xdp_state *s,
                                                 const struct ik_xdp_key *k)
{
    uint64_t h = k->a[0] * s->factors[0] + k->a[1] * s->factors[1] + k->b[0] * s->factors[2] +
                 k->b[1] * s->factors[3] + k->what * s->factors[4];
    h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u; /* what differs above has to reach what lies below */
    return (struct ik_xdp_places){{(uint32_t)(h >> (64 - IK_XDP_PLACE_BITS)),
                                   (uint32_t)(h >> (64 - 2 * IK_XDP_PLACE_BITS)) % IK_XDP_PLACES}};
}

/* Which bucket a source has for the order in a slot: SipHash-1-3. */
static inline uint32_t ik_xdp_each(const uint64_t sip[2], uint64_t a0, uint64_t a1, uint64_t slot)
{
    uint64_t v[4] = {sip[0] ^ 0x736f6d6570736575u, sip[1] ^ 0x646f72616e646f6du,
                     sip[0] ^ 0x6c7967656e657261u, sip[1] ^ 0x7465646279746573u};
    ik_siphash_absorb(v, a0, 1);
    ik_siphash_absorb(v, a1, 1);
    ik_siphash_absorb(v, slot, 1);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        ik_siphash_round(v);
    return (uint32_t)((v[0] ^ v[1] ^ v[2] ^ v[3]) >> (64 - IK_XDP_EACH_BITS));
}
