/* SPDX-License-Identifier: MIT
 * Which request an answer, or an error, belongs to: by addresses and by what the sender put in to
 * know it again. The last requests stand in a ring, found by a keyed hash. */
#pragma once

#include "icmpkit/look.h"

/* By what a message is known, and the hash of that. */
struct ik_pair_key {
    uint64_t word[7]; /* of IPv4 only the first two */
    size_t n;         /* words; 0: none */
    uint64_t hash;
};

struct ik_pair;
/* Bytes for the last `requests` (1 or more; made a power of two). */
size_t ik_pair_bytes(uint32_t requests);
struct ik_pair *ik_pair_init(void *mem, uint32_t requests, ik_ns within, const uint8_t secret[16]);
/* Works out by what the message of this packet is known, and begins to fetch what judging it will
 * need; it, and what is judged before it, may be decoded meanwhile. */
void ik_pair_expect(const struct ik_pair *t, const struct ik_ip *ip, struct ik_pair_key *key);
/* Judges the message of *p, whose ip, icmp and quote are filled and of whose ip ik_pair_expect made
 * the key, and fills pair, pair_n and pair_rtt. */
void ik_pair_judge(struct ik_pair *t, struct ik_look_packet *p, const struct ik_pair_key *key);
/* As ik_look_unanswered. */
void ik_pair_unanswered(const struct ik_pair *t, ik_ns before,
                        void (*fn)(void *ctx, const struct ik_look_request *request), void *ctx);
uint64_t ik_pair_waiting(const struct ik_pair *t);
uint64_t ik_pair_evicted(const struct ik_pair *t);
