/* SPDX-License-Identifier: MIT
 * IPv4 options as nodes on the way and at the end treat them (RFC 791 section 3.1, RFC 1122 section
 * 3.2.1.8, RFC 1812 sections 4.2.2.1, 4.3.2.6 and 5.2.4): judged once, then changed in place. All
 * work on the octets of one header; nothing is known of interfaces or routes. */
#pragma once

#include <icmpkit/wire.h>

/* An IPv4 header is 20 octets, and 40 more at most of options. */
enum { IK_IPOPT_FIXED = 20, IK_IPOPT_ROOM = 40 };

/* Where the options stand that ask a node for something: octets from the start of the header, 0
 * where there is none. A scan is of one header, and holds for it until the next change. */
struct ik_ipopt_scan {
    uint8_t record, stamp, route;
    uint8_t passed;      /* addresses that the source route has behind it */
    bool strict;         /* it is a strict one */
    bool ended;          /* it has no more addresses: the packet is where it was going */
    struct ik_addr next; /* else where it goes next */
    bool asks;           /* the timestamp names in `asked` who is to stamp next (flag 3) */
    struct ik_addr asked;
};

/* Judges the options of a header, which is whole and as long as its own length says. IK_E_VALUE:
 * the datagram is in error and *pointer is what a parameter problem points at, from the start of
 * the header: a length octet that is wrong, a pointer octet that is, the type octet of a second
 * option where one may stand once, or the overflow octet of a timestamp whose count can go no
 * further. Options that are not known, and whatever follows the end of the list, are never wrong.
 */
IK_MUST_USE enum ik_err ik_ipopt_scan(struct ik_rd header, struct ik_ipopt_scan *out,
                                      uint8_t *pointer);

/* After a scan that failed: true when the octet at *pointer, which is wrong, is the overflow count
 * of a full timestamp. */
bool ik_ipopt_is_full_count(const uint8_t *header, uint8_t pointer);

/* The address number i of the record of a source route, counted back from the last one; i <
 * scan->passed. */
struct ik_addr ik_ipopt_passed(struct ik_rd header, const struct ik_ipopt_scan *scan, uint8_t i);

/* Who a node is when it enters itself. */
struct ik_ipopt_self {
    struct ik_addr addr; /* as known where the packet goes; at its destination the one spoken to */
    uint32_t ms;         /* of its clock, as RFC 792 counts them */
    bool asked;          /* scan.asked is an address of this node */
};
/* Enters the node in record route and timestamp, where there is room; a full timestamp counts one
 * more that had none. The header checksum is the caller's. */
void ik_ipopt_enter(uint8_t *header, const struct ik_ipopt_scan *scan,
                    const struct ik_ipopt_self *self);
/* The next step of a source route that has not ended: scan->next becomes the destination, and
 * `addr`, of the interface it leaves by, stands where that was. */
void ik_ipopt_advance(uint8_t *header, const struct ik_ipopt_scan *scan,
                      const struct ik_addr *addr);

/* Options for what goes back to where a packet came from. */
struct ik_ipopt_back {
    uint8_t bytes[IK_IPOPT_ROOM]; /* padded to whole words */
    uint8_t n;
    struct ik_addr first; /* destination of the first hop: the source of the packet, or the last
                             node of its recorded route */
};
/* For a reply (`whole`): record route and timestamp as they stand, so that they cover the round
 * trip, and the source route reversed (RFC 1122 section 3.2.2.6). For an error: the source route
 * alone (RFC 1812 section 4.3.2.6). A recorded route that began with the source itself does not go
 * there twice. A route without a recorded address leaves none. `own` addresses at the end of the
 * record are this node's, which sends the packet on: they are left out. */
void ik_ipopt_back(struct ik_rd header, const struct ik_ipopt_scan *scan, bool whole, uint8_t own,
                   struct ik_ipopt_back *out);
