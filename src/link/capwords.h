/* SPDX-License-Identifier: MIT
 * What the words of a filter expression are. */
#pragma once

#include "link/captoken.h"

/* The number that a word stands for: digits (decimal, 0x, 0 octal) or a name of capwords.def. */
bool ik_capwords_number(const struct ik_captoken *t, uint32_t *out);
/* The first of n tokens that would be looked up as the name of a host or network; NULL without one.
 */
const struct ik_captoken *ik_capwords_name(const struct ik_captoken *tokens, size_t n);
