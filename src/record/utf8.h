/* SPDX-License-Identifier: MIT
 * UTF-8 of strangers: what is valid, and what may stand on a terminal as it is. */
#pragma once

#include "icmpkit/base.h"

/* Length in bytes (1 to 4) of the scalar value at the start of `in`, written to *scalar; 0 when
 * there is none: empty, overlong, a surrogate, beyond U+10FFFF, cut (RFC 3629 section 4). */
size_t ik_utf8_take(struct ik_rd in, uint32_t *scalar);
/* True when it prints as itself: no control (C0, C1, DEL), no line or paragraph separator, nothing
 * that is invisible or turns the direction of text, no noncharacter. */
bool ik_utf8_is_plain(uint32_t scalar);
