/* SPDX-License-Identifier: MIT
 * What every part needs to know of a packet: where it goes, and the hashes of its ends. */
#pragma once

#include "detect/keyed.h"
#include "detect/part.h"

#include "base/bytes.h"

#include <string.h>

/* Fills all up to `quoted` in *s, whose p (with an IP header), cfg and keyed are there. */
void ik_sight_fill(struct ik_sight *s);
/* pair_hash and host_hash of addresses that stand elsewhere than in the IP header: in a quote. */
uint64_t ik_sight_pair(const struct ik_sight *s, const struct ik_addr *a, const struct ik_addr *b);
uint64_t ik_sight_host(const struct ik_sight *s, const struct ik_addr *a);
/* True when a is the lower one; for an order of two hosts that is the same both ways. */
static inline bool ik_sight_is_lower(const struct ik_addr *a, const struct ik_addr *b)
{
    if (a->family == 4)
        return ik_load_be32(a->bytes) < ik_load_be32(b->bytes);
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) < 0;
}
/* True for an address of one of our networks (cfg.home). */
bool ik_sight_is_home(const struct ik_detect_cfg *cfg, const struct ik_addr *a);
/* Whether the address is one of the routers that were named (cfg.routers). *any tells whether one
 * of its kind was: what speaks for itself in IPv6 has a link-local address (RFC 4861 section
 * 4.2), so that others are no list to be held against. */
bool ik_sight_is_router(const struct ik_detect_cfg *cfg, const struct ik_addr *a, bool *any);
/* True for fragmentation needed and packet too big: what path MTU discovery lives on. */
bool ik_sight_is_too_big(const struct ik_icmp *m);
