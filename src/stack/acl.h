/* SPDX-License-Identifier: MIT
 * Rules of packet filters, for the filter of a node and for its translator. */
#pragma once

#include "icmpkit/stack.h"
#include "icmpkit/wire.h"

/* How a packet passes; the numbers of ik_stack_filter_rule.direction. */
enum { IK_ACL_FORWARDED = 1, IK_ACL_IN = 2, IK_ACL_OUT = 3 };

/* The first of n rules that is about the packet, or NULL. Rules about ports and ICMP types are
 * about no fragment but the first, the only one that has them. */
const struct ik_stack_filter_rule *ik_stack_acl_find(const struct ik_stack_filter_rule *rules,
                                                     size_t n, const struct ik_ip *ip,
                                                     uint8_t direction);
/* True for the messages that no rule about precedence may cut off: unreachable, redirect, time
 * exceeded, parameter problem (RFC 1812 section 5.3.3.3), and ICMPv6 errors and redirects. */
bool ik_stack_acl_is_error(const struct ik_ip *ip);
/* True for a rule about precedence. */
bool ik_stack_acl_by_precedence(const struct ik_stack_filter_rule *rule);
/* The unreachable that a REJECT of that rule says. */
uint8_t ik_stack_acl_code(const struct ik_stack_filter_rule *rule, uint8_t family);
