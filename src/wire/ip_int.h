/* SPDX-License-Identifier: MIT
 * What the files about IP headers share. */
#pragma once

#include "icmpkit/wire.h"

enum { IK_IP4_BYTES = 20, IK_IP4_MAX_BYTES = 60, IK_IP6_BYTES = 40, IK_IP_PACKET_MAX = 65535 };
/* Where the length field is. */
enum { IK_IP4_LENGTH_AT = 2, IK_IP6_LENGTH_AT = 4 };

/* Tells what is wrong in a list of IPv4 options; faults count from its first byte. */
void ik_ipopt_check(struct ik_rd options, struct ik_faults *faults);

/* The value of the jumbo payload option in the hop-by-hop header that `rest` begins with, as it
 * stands; 0 when there is none (RFC 2675 section 2). */
uint32_t ik_ip6chain_jumbo_bytes(struct ik_rd rest);
/* Follows the chain that starts `rest`, the bytes after the fixed header: fills what depends on it
 * (proto, header_bytes, fragment, final_dst, options, payload). Faults count from the packet. */
void ik_ip6chain_follow(struct ik_ip *ip, struct ik_rd rest, struct ik_faults *faults);
