/* SPDX-License-Identifier: MIT
 * Rewriting addresses and ports of an IPv4 packet in place, checksums along with them: of a whole
 * packet, or of as much of one as an error quotes. */
#pragma once

#include "icmpkit/wire.h"

enum ik_natpkt_side { IK_NATPKT_SRC, IK_NATPKT_DST };

/* A packet that is being rewritten. */
struct ik_natpkt {
    uint8_t *bytes;
    size_t len;
    bool quoted;
    struct ik_quote view; /* as it was when it was opened */
};

/* `quoted`: in an error, where it may be cut and then padded with zeros. IK_E_SHORT, IK_E_LENGTH,
 * IK_E_VERSION when it is no IPv4 packet, or its header is cut. */
IK_MUST_USE enum ik_err ik_natpkt_open(struct ik_natpkt *n, uint8_t *bytes, size_t len,
                                       bool quoted);
/* True when the header checksum holds. */
bool ik_natpkt_is_sound(const struct ik_natpkt *n);
/* The port of that side, or the identifier of an ICMP query; false when it has none. */
bool ik_natpkt_port(const struct ik_natpkt *n, enum ik_natpkt_side side, uint16_t *port);
/* Sets the address, and the port of that side (or the identifier) unless port is NULL, which is
 * only for what has one. Header and transport checksums, where they are there, are updated and not
 * judged (RFC 5508 section 4.1); a UDP checksum of zero stays. */
void ik_natpkt_set(struct ik_natpkt *n, enum ik_natpkt_side side, uint32_t addr,
                   const uint16_t *port);
/* Sets the identification, and the header checksum with it. */
void ik_natpkt_set_id(struct ik_natpkt *n, uint16_t id);
