/* SPDX-License-Identifier: MIT
 * What an address is for, and the addresses that follow from others. */
#pragma once

#include "icmpkit/net.h"

/* 127.0.0.0/8, ::1. */
bool ik_scope_is_loopback(const struct ik_addr *a);
/* 0.0.0.0/8, "this network" (RFC 1122 section 3.2.1.3); 0.0.0.0 included. */
bool ik_scope_is_this_net(const struct ik_addr *a);
/* 240.0.0.0/4 without the limited broadcast address. */
bool ik_scope_is_class_e(const struct ik_addr *a);
/* 255.255.255.255. */
bool ik_scope_is_limited_broadcast(const struct ik_addr *a);
/* True when `a` can name one host: none of 0/8, loopback, multicast, class E, limited broadcast and
 * ::; broadcasts of a prefix are for the next ones. No error goes to anything else (RFC 1122
 * section 3.2.2). */
bool ik_scope_is_single_host(const struct ik_addr *a);
/* The broadcast of an IPv4 prefix: all host bits one. A /31 and a /32 have none (RFC 3021). */
bool ik_scope_is_broadcast(const struct ik_prefix *p, const struct ik_addr *a);
/* Its obsolete form: all host bits zero (RFC 1122 section 3.3.6). */
bool ik_scope_is_zero_broadcast(const struct ik_prefix *p, const struct ik_addr *a);

/* The scopes of RFC 4291 section 2.7, as numbers that compare. */
enum ik_scope {
    IK_SCOPE_INTERFACE = 1,
    IK_SCOPE_LINK = 2,
    IK_SCOPE_ADMIN = 4,
    IK_SCOPE_SITE = 5,
    IK_SCOPE_ORGANIZATION = 8,
    IK_SCOPE_GLOBAL = 14,
};
/* The scope of an address, a number of 0 .. 15: that of a multicast address stands in it; loopback
 * counts as link-local (RFC 4007 section 4); IPv4 as in RFC 6724 section 3.2. */
unsigned ik_scope_of(const struct ik_addr *a);

/* ff02::1:ffXX:XXXX of a unicast IPv6 address (RFC 4291 section 2.7.1), with its scope id. */
struct ik_addr ik_scope_solicited_node(const struct ik_addr *a);
/* The Ethernet address of a multicast group: RFC 1112 section 6.4, RFC 2464 section 7. */
void ik_scope_multicast_mac(const struct ik_addr *group, uint8_t mac[static 6]);
/* The address of a host in a /64 by its Ethernet address (RFC 4291 appendix A): modified EUI-64
 * behind the first 64 bits of `prefix`. */
struct ik_addr ik_scope_eui64(const struct ik_addr *prefix, const uint8_t mac[static 6]);
/* The same in fe80::/64. */
struct ik_addr ik_scope_link_local(const uint8_t mac[static 6]);

/* Leading bits that two addresses of one family share. */
unsigned ik_scope_common_bits(const struct ik_addr *a, const struct ik_addr *b);
/* Which of n addresses a packet to dst should come from (RFC 6724 section 5: rule 1 the address
 * itself, rule 2 scope, rule 8 longest match; the rest needs states that no caller has), the first
 * of equals; those of the other family, multicast and :: are passed over. n when none is left. */
size_t ik_scope_pick_source(const struct ik_addr *dst, const struct ik_addr *have, size_t n);
