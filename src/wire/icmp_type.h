/* SPDX-License-Identifier: MIT
 * What the tables say of a type. */
#pragma once

#include "icmpkit/wire.h"

/* One row of icmp4_types.def or icmp6_types.def. */
struct ik_icmp_type {
    const char *name, *source;
    uint8_t min_bytes, kind, class_of, status; /* enum ik_icmp_kind, _class, _status */
};

/* The row of a type, static, or NULL when no row names it (or the family is neither 4 nor 6). */
const struct ik_icmp_type *ik_icmp_type_find(uint8_t family, uint8_t type);
