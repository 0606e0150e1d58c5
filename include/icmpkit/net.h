/* SPDX-License-Identifier: MIT
 * Facts about networks, as data: prefixes and the addresses in them. */
#pragma once

#include <icmpkit/base.h>

/* A network prefix: `bits` leading bits of `addr` count, the rest are zero. */
struct ik_prefix {
    struct ik_addr addr;
    uint8_t bits; /* 0 .. 32 or 128 */
};

/* Reads "ADDRESS/BITS". Host bits may be set and are cleared ("10.0.0.7/28" is 10.0.0.0/28).
 * IK_E_VALUE when the text is none; *out is written on success only. */
IK_MUST_USE enum ik_err ik_prefix_parse(const char *text, struct ik_prefix *out);

/* True when the address lies in the prefix (the scope is not looked at). */
bool ik_prefix_contains(const struct ik_prefix *p, const struct ik_addr *addr);

/* Addresses of the prefix that a host can have: all of them, less the network and the broadcast
 * address of an IPv4 prefix of 30 bits or shorter (RFC 1122 section 3.2.1.3; a /31 has two, RFC
 * 3021) and less the subnet-router anycast address of an IPv6 prefix of 126 bits or shorter (RFC
 * 4291 section 2.6.1; a /127 has two, RFC 6164). UINT64_MAX stands for that many or more. */
uint64_t ik_prefix_hosts(const struct ik_prefix *p);

/* The host address number n, counted from 0 in order; n < ik_prefix_hosts(p). */
struct ik_addr ik_prefix_host(const struct ik_prefix *p, uint64_t n);
