/* SPDX-License-Identifier: MIT
 * What every part needs to know of a packet: where it goes, and the hashes of its ends. */
#pragma once

#include "detect/part.h"

/* The hash of an address that was hashed last: packets of one flow come together. */
struct ik_sight_last {
    struct ik_addr addr;
    uint64_t hash;
};

/* Hashes that were just made, for the next packet. */
struct ik_sight_memo {
    struct ik_sight_last src, dst, net;
};

/* Fills way, hashes and src of *s, whose p (with an IP header) and cfg are there. */
void ik_sight_fill(struct ik_sight *s, struct ik_sight_memo *memo);
/* pair_hash and src_hash of addresses that stand elsewhere than in the IP header: in a quote. */
uint64_t ik_sight_pair(const struct ik_detect_cfg *cfg, const struct ik_addr *a,
                       const struct ik_addr *b);
uint64_t ik_sight_counted(const struct ik_detect_cfg *cfg, const struct ik_addr *a);
