/* SPDX-License-Identifier: MIT
 * The text of an address where a writer of lines wants it. */
#pragma once

#include "icmpkit/base.h"

/* As ik_addr_text, without the terminator, into IK_ADDR_TEXT bytes. Returns where it ended. */
char *ik_addr_write(const struct ik_addr *a, char *at);
