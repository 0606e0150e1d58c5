/* SPDX-License-Identifier: MIT
 * Host names beyond ASCII. */
#pragma once

#include <icmpkit/base.h>

enum { IK_IDN_BYTES = 256 };

/* The ASCII form (IDNA 2008, UTS 46 non-transitional) of a name in UTF-8. libidn2 is loaded for the
 * first such name only, as the system's own resolver does: linked, it and what it needs would cost
 * each start 0.3 ms. IK_E_UNSUPPORTED where it is not installed, IK_E_VALUE for a name that has no
 * ASCII form. */
IK_MUST_USE enum ik_err ik_idn_encode(const char *name, char out[static IK_IDN_BYTES]);

/* True when every byte is ASCII. */
bool ik_idn_is_ascii(const char *name);
