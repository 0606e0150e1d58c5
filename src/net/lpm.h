/* SPDX-License-Identifier: MIT
 * Longest prefix match, both families in one table: a sorted array in which each prefix knows the
 * next shorter one around it. A look-up is a binary search for the last prefix that begins at or
 * before the address, then a walk outwards, which ends at once where routes are not nested. Changes
 * move what is behind them, so a table is cheapest filled in order. */
#pragma once

#include "icmpkit/net.h"

enum { IK_LPM_MAX = 65534 };

struct ik_lpm_row {
    uint64_t hi, lo; /* the prefix as a number; IPv4 in the high half of hi */
    uint32_t value;
    uint16_t around; /* row of the longest prefix around this one, or none */
    uint8_t bits;
};

/* Rows 0 .. n_v4-1 are of IPv4, the rest of IPv6; sorted by address, then length. */
struct ik_lpm {
    struct ik_lpm_row *rows;
    uint16_t n_v4, n, bound;
};

/* Bytes of memory for at most `bound` prefixes (0 .. IK_LPM_MAX), aligned as uint64_t: 24 each. */
size_t ik_lpm_bytes(uint32_t bound);
/* Starts empty in mem. */
void ik_lpm_init(struct ik_lpm *l, void *mem, uint32_t bound);
/* Sets the value of a prefix, replacing; IK_E_FULL when a new one would pass the bound. Scopes are
 * not looked at: what holds on one link only is for the caller to tell apart. */
IK_MUST_USE enum ik_err ik_lpm_put(struct ik_lpm *l, const struct ik_prefix *p, uint32_t value);
/* Removes exactly that prefix; false when it was not there. */
bool ik_lpm_remove(struct ik_lpm *l, const struct ik_prefix *p);
/* The value of the longest prefix that the address lies in; false, *value untouched, when there is
 * none. */
bool ik_lpm_get(const struct ik_lpm *l, const struct ik_addr *addr, uint32_t *value);
/* The prefix and value number i of the order above, i < l->n. */
void ik_lpm_at(const struct ik_lpm *l, uint32_t i, struct ik_prefix *p, uint32_t *value);
