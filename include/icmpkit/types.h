/* SPDX-License-Identifier: MIT
 * Numbers of ICMP types and codes, and what the tables say of a type. */
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

/* IK_ICMP4_UNREACHABLE_PORT, IK_ICMP6_TIME_EXCEEDED_HOP_LIMIT, ... */
#define X(family, type, code, id, name) IK_ICMP##family##_##type##_##id = code,
enum ik_icmp_code {
#include <icmpkit/icmp_codes.def>
};
#undef X

/* What a message is for: it reports an error and quotes the packet, it asks or answers a question,
 * or it informs. */
enum ik_icmp_class {
    IK_ICMP_CLASS_ERROR,
    IK_ICMP_CLASS_QUERY,
    IK_ICMP_CLASS_INFO,
};

/* Where a type stands in the registry. */
enum ik_icmp_status {
    IK_ICMP_STATUS_CURRENT,
    IK_ICMP_STATUS_EXPERIMENTAL,
    IK_ICMP_STATUS_DEPRECATED,
    IK_ICMP_STATUS_RESERVED,
};
