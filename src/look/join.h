/* SPDX-License-Identifier: MIT
 * Fragments put together by somebody who only watches. Overlaps end a datagram, in both families
 * (RFC 5722; for IPv4 systems differ in which bytes win, so nobody can tell what arrived). */
#pragma once

#include "icmpkit/look.h"

struct ik_join_stats {
    uint64_t fragments, whole, evicted, expired, overlapped;
};

struct ik_join;
/* Bytes for at most `datagrams` (1 or more) at once. */
size_t ik_join_bytes(uint32_t datagrams);
struct ik_join *ik_join_init(void *mem, uint32_t datagrams, ik_ns within);
/* To be called before the fragments of the next frame: ends what `put` gave. */
void ik_join_next(struct ik_join *j);
/* Adds a fragment (ip->fragment), `bytes` from its IP header on. True when its datagram is whole:
 * *whole is the datagram without its fragmentation, lengths and header checksum made right, valid
 * until ik_join_next; *parts is how many fragments it came in. A fragment that overlaps another is
 * a fault. */
bool ik_join_put(struct ik_join *j, ik_ns now, const struct ik_ip *ip, struct ik_rd bytes,
                 struct ik_faults *faults, struct ik_rd *whole, uint16_t *parts);
const struct ik_join_stats *ik_join_stats(const struct ik_join *j);
