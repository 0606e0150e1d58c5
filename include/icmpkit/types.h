/* SPDX-License-Identifier: MIT
 * Numbers of ICMP types, from the table. */
#pragma once

#define X(value, id, ...) IK_ICMP4_##id = value,
enum ik_icmp4_type {
#include <icmpkit/icmp4_types.def>
};
#undef X

#define X(value, id, ...) IK_ICMP6_##id = value,
enum ik_icmp6_type {
#include <icmpkit/icmp6_types.def>
};
#undef X
