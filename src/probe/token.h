/* SPDX-License-Identifier: MIT
 * The token that a probe carries and its answer brings back: who could not see the probe cannot
 * make one up. Layout, network order: run tag (4), probe number (4), SipHash-2-4 (8). */
#pragma once

#include "icmpkit/base.h"

enum { IK_TOKEN_BYTES = 16 };

/* What the hash binds a token to. `number` finds the probe again; `seq` and `ident` are those of
 * the wire, 0 where a probe has none. */
struct ik_token {
    const struct ik_addr *to; /* the address probed */
    uint32_t number;
    uint16_t seq, ident;
};

/* The 64-bit hash under `key`: of the address, the number, sequence and identifier. */
uint64_t ik_token_hash(const uint8_t key[static 16], const struct ik_token *token);
/* Writes the 16 bytes. */
void ik_token_put(uint8_t out[static IK_TOKEN_BYTES], uint32_t tag, uint32_t number, uint64_t hash);
/* Reads a token that came back. False when fewer than 16 bytes are there or the tag is not ours;
 * what the number and the hash are worth is the caller's to compare, with ik_token_same. */
bool ik_token_get(struct ik_rd in, uint32_t tag, uint32_t *number, uint64_t *hash);
/* Compares two hashes in a time that does not depend on them. */
static inline bool ik_token_same(uint64_t a, uint64_t b)
{
    const uint64_t d = a ^ b;
    return ((d | (0 - d)) >> 63) == 0;
}
