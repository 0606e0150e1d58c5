/* SPDX-License-Identifier: MIT
 * The packet inside an ICMP error, and the objects behind it, as JSON. */
#pragma once

#include "base/wr.h"

/* Appends {src dst proto ttl id sport? dport? type? code? ident? seq? truncated}; bytes that are no
 * IP header become {flaw hex}. */
void ik_quoted_put(struct ik_wr *w, struct ik_rd quote);
