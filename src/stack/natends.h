/* SPDX-License-Identifier: MIT
 * The two ends of what a translator passes: its public address, which mapping a packet belongs to,
 * whom the inside spoke to, and what is said of a packet that stays. For nat.c and naterror.c. */
#pragma once

#include "net/ways.h"
#include "stack/natfrag.h"
#include "stack/natmap.h"
#include "stack/natpkt.h"
#include "stack/stack_int.h"

struct ik_nat {
    const struct ik_stack_nat_cfg *cfg;
    struct ik_natmap map;
    struct ik_natfrag fragments;
    struct ik_ways peers; /* `at`: when they were last spoken to; with filter_by_address */
};

static inline uint32_t ik_natends_number(const struct ik_addr *a)
{
    return ik_load_be32(a->bytes);
}
/* An address and a port as one number. */
static inline uint64_t ik_natends_id(const struct ik_addr *a, uint16_t port)
{
    return (uint64_t)ik_natends_number(a) << 16 | port;
}
/* The public address; 0: there is none. */
uint32_t ik_natends_public(const struct ik_stack *s);
/* Counts and tells a packet that is not passed. */
void ik_natends_drop(struct ik_stack *s, const struct ik_pkt *p, enum ik_rule rule,
                     const char *what);
/* The same, and its sender hears of it. RFC 5508 section 6: "communication administratively
 * prohibited", for want of room as well. */
void ik_natends_refuse(struct ik_stack *s, const struct ik_pkt *p, uint8_t code, const char *what);
/* Tells the mapping that a packet goes by. */
void ik_natends_say(struct ik_stack *s, const struct ik_pkt *p, const struct ik_natmap_row *r);
/* The kind of mapping that a packet has; false when it can have none. */
bool ik_natends_kind(const struct ik_natpkt *n, enum ik_natmap_kind *out);
/* The mapping of the inside end that is on that side of a packet; NULL. */
struct ik_natmap_row *ik_natends_inside(struct ik_stack *s, const struct ik_natpkt *n,
                                        enum ik_natpkt_side side);
/* The mapping of the public end that is on that side; NULL. */
struct ik_natmap_row *ik_natends_outside(struct ik_stack *s, const struct ik_natpkt *n,
                                         enum ik_natpkt_side side);
/* The inside speaks to the peer by that mapping; it did so lately. Without filter_by_address nobody
 * is noted, and everybody known. */
void ik_natends_peer_note(struct ik_stack *s, const struct ik_natmap_row *r,
                          const struct ik_addr *peer);
bool ik_natends_peer_known(const struct ik_stack *s, const struct ik_natmap_row *r,
                           const struct ik_addr *peer);
