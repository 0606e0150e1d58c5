/* SPDX-License-Identifier: MIT
 * ICMP errors through a translator (RFC 5508 section 4): the address and port in what they quote
 * are translated as well. */
#pragma once

#include "stack/natends.h"

/* What becomes of a packet for the public address. */
enum ik_nat_verdict { IK_NAT_MINE, IK_NAT_DROPPED, IK_NAT_TRANSLATED };

/* True for the types that are translated. */
bool ik_naterror_is(uint8_t type);
/* The error n, from inside to outside: translated, or false and told why not. */
bool ik_naterror_out(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n);
/* The error n for the public address. */
enum ik_nat_verdict ik_naterror_in(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n);
