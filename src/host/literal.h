/* SPDX-License-Identifier: MIT
 * Names that are addresses already. */
#pragma once

#include <icmpkit/base.h>

/* Reads an address as people type it: dotted quad, the short and hexadecimal forms of inet_aton(3),
 * IPv6, and "%interface" after a link-local or multicast one. IK_E_NOT_FOUND when the text is no
 * address; IK_E_IFACE when its interface is none. */
IK_MUST_USE enum ik_err ik_literal_parse(const char *text, struct ik_addr *out);
