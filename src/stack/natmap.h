/* SPDX-License-Identifier: MIT
 * The mappings of an address translator: inside address and port (identifier, of ICMP queries) to a
 * port of the public address, the same for all who are spoken to (RFC 4787 REQ-1, RFC 5508 section
 * 3.1). Bounded; a full table refuses rather than forgets, because what is in it belongs to the
 * inside. A mapping lives as long as the inside uses it: neither errors (RFC 5508 section 4.3) nor
 * strangers prolong or end one. */
#pragma once

#include "base/map.h"
#include "base/rng.h"

enum { IK_NATMAP_MAX = 65534 };

/* Each kind has ports of its own, and its own time until a mapping that is not used ends; a TCP
 * connection that is not open, or no more, has another. */
enum ik_natmap_kind {
    IK_NATMAP_QUERY,
    IK_NATMAP_UDP,
    IK_NATMAP_TCP,
    IK_NATMAP_KINDS,
    IK_NATMAP_OPENING = IK_NATMAP_KINDS,
    IK_NATMAP_AGES,
};

struct ik_natmap_row {
    ik_ns used;      /* by the inside, last */
    uint32_t inside; /* IPv4 address */
    uint16_t inside_port, outside_port;
    uint16_t prev, next;
    uint8_t kind; /* enum ik_natmap_kind */
    uint8_t age;  /* whose time it has: its kind's, or IK_NATMAP_OPENING */
    /* of TCP (nattcp.c): */
    uint8_t seen;
    uint32_t expected; /* the next byte of the peer, as the inside said last */
    uint64_t peer;     /* address and port */
};

struct ik_natmap_list {
    uint16_t head, tail;
};

struct ik_natmap {
    struct ik_natmap_row *rows;
    struct ik_map map; /* both ends of each mapping to its row */
    ik_ns timeout[IK_NATMAP_AGES];
    struct ik_natmap_list list[IK_NATMAP_AGES]; /* least recently used first */
    uint16_t bound, touched, free;
};

/* Bytes of memory beside struct ik_natmap for that many mappings (1 .. IK_NATMAP_MAX), aligned as
 * uint64_t. */
size_t ik_natmap_bytes(uint32_t bound);
void ik_natmap_init(struct ik_natmap *m, void *mem, uint32_t bound,
                    const ik_ns timeout[static IK_NATMAP_AGES], const uint8_t key[static 16]);

/* The mapping of an inside end, or of a port of the public address; NULL when there is none, or it
 * has timed out. */
struct ik_natmap_row *ik_natmap_inside(struct ik_natmap *m, ik_ns now, enum ik_natmap_kind kind,
                                       uint32_t addr, uint16_t port);
struct ik_natmap_row *ik_natmap_outside(struct ik_natmap *m, ik_ns now, enum ik_natmap_kind kind,
                                        uint16_t port);
/* The inside uses its mapping, which is made when there is none: with its own port where that is
 * free, else one by chance. NULL when the table or the ports are full. */
struct ik_natmap_row *ik_natmap_use(struct ik_natmap *m, ik_ns now, struct ik_rng *rng,
                                    enum ik_natmap_kind kind, uint32_t addr, uint16_t port);
/* From now on the mapping has the time of that kind, and begins it anew. */
void ik_natmap_age(struct ik_natmap *m, struct ik_natmap_row *r, ik_ns now,
                   enum ik_natmap_kind age);
