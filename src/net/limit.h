/* SPDX-License-Identifier: MIT
 * The rate limiter of ICMP errors (RFC 4443 section 2.4(f), RFC 1812 section 4.3.2.8).
 *
 * One bucket for all lets anybody count what others use of it: SAD DNS (CVE-2020-25705) sends
 * probes from forged addresses and learns from the errors to its own address whether they were
 * answered. So each destination has a bucket of its own, asked first: a destination that has used
 * its share takes nothing from the common bucket. The common one loses a random 0 .. drain more
 * with each error, so that what is left of it cannot be counted; and which destinations share a row
 * is hidden by a keyed hash (CVE-2021-20322).
 *
 * IPv6 destinations are told apart by /64, because whoever has one address there has them all and
 * could fill the table; those of one link (fe80::/10) by the whole address, for all share the /64.
 * When rows run out, the fullest bucket goes: the one whose loss gives least away. */
#pragma once

#include "base/rng.h"
#include "net/bucket.h"
#include "net/ways.h"

struct ik_limit_cfg {
    uint32_t rate, burst;               /* a destination, per second; rate 0: unlimited */
    uint32_t global_rate, global_burst; /* all of them; rate 0: unlimited */
    uint32_t drain;        /* each error costs the common bucket a random 0 .. drain more */
    uint32_t destinations; /* that are told apart at once, 1 .. 2^24 */
    uint64_t seed;         /* of that chance; secret where strangers count errors */
    const uint8_t *key;    /* 16 bytes, random; borrowed as long as the limiter lives */
};

struct ik_limit {
    struct ik_ways ways;
    const uint8_t *key;
    struct ik_rng rng;
    struct ik_bucket global;
    struct ik_bucket_rate each;
    uint32_t drain;
};

/* Bytes of memory beside struct ik_limit, aligned as uint64_t: 16 a destination. */
size_t ik_limit_bytes(const struct ik_limit_cfg *cfg);
/* Starts with all buckets full. */
void ik_limit_init(struct ik_limit *l, void *mem, const struct ik_limit_cfg *cfg);
/* True when an error may go to dst now; it is then accounted for. */
bool ik_limit_take(struct ik_limit *l, ik_ns now, const struct ik_addr *dst);
