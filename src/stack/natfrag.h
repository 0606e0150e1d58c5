/* SPDX-License-Identifier: MIT
 * Datagrams that leave a translator in fragments: which of them had their first one pass, and by
 * what identification the outside knows them. Two inside hosts may use one identification towards
 * one peer at once; behind one public address the second gets another, or the peer would join what
 * does not belong together (RFC 6864 section 5.3). Bounded: the oldest goes. */
#pragma once

#include "base/rng.h"
#include "icmpkit/wire.h"

enum { IK_NATFRAG_ROWS = 64 };

struct ik_natfrag_row {
    ik_ns at; /* when the first fragment passed */
    uint32_t src, dst;
    uint16_t id, public_id;
    uint8_t proto; /* of a free row `dst` is 0, which is no destination */
};

struct ik_natfrag {
    struct ik_natfrag_row rows[IK_NATFRAG_ROWS];
};

/* The first fragment of the datagram passes: its identification outside. */
uint16_t ik_natfrag_note(struct ik_natfrag *f, ik_ns now, struct ik_rng *rng,
                         const struct ik_ip *ip);
/* The same of a later fragment; false when no first one passed within a minute. */
bool ik_natfrag_find(const struct ik_natfrag *f, ik_ns now, const struct ik_ip *ip,
                     uint16_t *public_id);
/* The identification inside of what the outside quotes, of that inside host; false when it is not
 * known: then it is what is quoted. */
bool ik_natfrag_back(const struct ik_natfrag *f, ik_ns now, const struct ik_ip *quoted,
                     uint32_t inside, uint16_t *id);
