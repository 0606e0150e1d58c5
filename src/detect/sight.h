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
