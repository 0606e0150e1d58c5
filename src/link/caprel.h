/* SPDX-License-Identifier: MIT
 * Relations between the bytes of an ICMP message and numbers. */
#pragma once

#include "link/capexpr.h"

/* Compiles the tokens of a leaf. False when they are no relation, or one of other bytes too. */
bool ik_caprel_compile(const struct ik_captoken *tokens, size_t n, struct ik_capexpr_leaf *leaf);
/* False also when a byte is not there, as in the kernel. */
bool ik_caprel_holds(const struct ik_capexpr_leaf *leaf, const struct ik_capfilter_view *view,
                     uint32_t wire_bytes);
