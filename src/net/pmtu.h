/* SPDX-License-Identifier: MIT
 * Path MTU estimates by destination (RFC 1191, RFC 8201): what "too big" messages told, for as long
 * as they are believed. A destination without an estimate has the MTU of its first hop. */
#pragma once

#include "net/ways.h"

/* No estimate goes below these: RFC 791's smallest for IPv4 (RFC 1191 section 3), the smallest link
 * of IPv6 (RFC 8201 section 4). */
enum { IK_PMTU_MIN_V4 = 68, IK_PMTU_MIN_V6 = 1280 };

/* RFC 1191 section 6.3: when an estimate is tried to be raised again. */
#define IK_PMTU_AGE (600 * IK_NS_PER_S)

struct ik_pmtu_cfg {
    uint32_t destinations; /* remembered at once, 1 .. 2^24 */
    ik_ns age;             /* how long an estimate holds after it was lowered; IK_NEVER: for ever */
    const uint8_t *key;    /* 16 bytes, random; borrowed as long as the table lives */
};

struct ik_pmtu {
    struct ik_ways ways; /* `at`: when it was lowered */
    uint32_t *mtu;       /* of each row */
    const uint8_t *key;
    ik_ns age;
    bool any; /* something was ever reported */
};

/* What a Fragmentation Needed or Packet Too Big says. */
struct ik_pmtu_news {
    struct ik_addr dst;  /* of the quoted packet */
    uint32_t reported;   /* next-hop MTU, bytes with IP header; 0: an old router's */
    uint16_t quoted_len; /* total length in the quoted header; 0: not known */
    uint8_t quoted_ihl;  /* header length in the quote, unit 4 bytes */
};

/* Bytes of memory beside struct ik_pmtu, aligned as uint64_t: 20 a destination. */
size_t ik_pmtu_bytes(const struct ik_pmtu_cfg *cfg);
/* Starts with no estimate. */
void ik_pmtu_init(struct ik_pmtu *t, void *mem, const struct ik_pmtu_cfg *cfg);
/* Bytes, IP header included, that a packet to dst may have: link_mtu or less. */
uint32_t ik_pmtu_get(const struct ik_pmtu *t, ik_ns now, const struct ik_addr *dst,
                     uint32_t link_mtu);
/* Takes a report into account; the caller has made sure that the quoted packet was ours. True when
 * the estimate is now lower than before (RFC 1191 section 6.4: only then is anything sent again).
 * A report never raises one, nor prolongs one that it does not lower. */
bool ik_pmtu_report(struct ik_pmtu *t, ik_ns now, const struct ik_pmtu_news *news,
                    uint32_t link_mtu);
/* The estimate that a router's zero stands for (RFC 1191 section 5): the largest plateau below len
 * bytes; 68 has none below and stays. */
uint32_t ik_pmtu_plateau(uint32_t len);
