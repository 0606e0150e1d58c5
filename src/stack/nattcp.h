/* SPDX-License-Identifier: MIT
 * How far the TCP connection of a mapping is, as the translator sees it go by: one that was never
 * finished opening, or was closed, is kept 4 minutes, an open one 2 hours and 4 minutes (RFC 5382
 * REQ-5). Only the inside, and the peer that it speaks to, move it; so who does not see the
 * connection can neither keep a mapping nor end one. A mapping by which the inside speaks to
 * several at once counts as open until it is idle.
 *
 *   use --> OPENING --answer of the peer, then a segment of the inside--> open
 *   open --FIN of both, RST of the inside, RST of the peer at the byte expected--> OPENING */
#pragma once

#include "stack/natmap.h"

#include "base/rd.h"

/* A segment with its whole header, from the inside to that peer, which has just used the mapping;
 * or from the peer to it. */
void ik_nattcp_out(struct ik_natmap *m, struct ik_natmap_row *r, ik_ns now, uint64_t peer,
                   struct ik_rd segment);
void ik_nattcp_in(struct ik_natmap *m, struct ik_natmap_row *r, ik_ns now, uint64_t peer,
                  struct ik_rd segment);
