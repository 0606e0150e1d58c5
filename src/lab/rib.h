/* SPDX-License-Identifier: MIT
 * The routes of one node while they are found: prefixes in their order, each with its equal ways;
 * halves that go the same ways become their whole. */
#pragma once

#include <icmpkit/stack.h>

enum { IK_RIB_WAYS_MAX = 16 };

struct ik_rib_way {
    uint8_t port;
    struct ik_addr via;
};

struct ik_rib_entry {
    struct ik_prefix prefix;
    uint32_t set; /* number of its set of ways */
};

/* Sets that are met again and again are kept once. */
struct ik_rib_set {
    uint32_t first, n; /* among the ways */
    uint32_t used;     /* entries that have it */
};

/* Zeroed to begin with. */
struct ik_rib {
    struct ik_rib_entry *entries;
    size_t n_entries, entries_room;
    struct ik_rib_set *sets;
    size_t n_sets, sets_room;
    struct ik_rib_way *ways;
    size_t n_ways, ways_room;
    size_t n_routes; /* rows that ik_rib_write makes */
};

/* Prefixes come in ascending order of family and address, none inside another; n ways, at most
 * IK_RIB_WAYS_MAX, none at all adds nothing. IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_rib_add(struct ik_rib *r, const struct ik_prefix *prefix,
                                   const struct ik_rib_way *ways, size_t n);
/* Makes the ways that most entries of a family have its default route, and leaves the others as
 * exceptions. IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_rib_default(struct ik_rib *r);
/* Writes n_routes rows, returns how many. */
size_t ik_rib_write(const struct ik_rib *r, struct ik_stack_route *out);
void ik_rib_free(struct ik_rib *r);
