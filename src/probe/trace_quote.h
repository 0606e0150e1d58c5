/* SPDX-License-Identifier: MIT
 * The packet inside an error, held against the probes. */
#pragma once

#include "icmpkit/wire.h"
#include "probe/trace_int.h"

enum { TRACE_QUOTE_MARKS = 4 };

/* Protocol number of the probes. */
uint8_t ik_trace_quote_proto(enum ik_trace_method method, uint8_t family);
/* The marks that a quote may show, best first; returns how many. Old stacks quote the
 * identification with its bytes swapped, so it is read both ways. */
size_t ik_trace_quote_marks(const struct ik_trace *t, const struct ik_quote *q,
                            uint16_t marks[static TRACE_QUOTE_MARKS]);
/* Bits of the token that `data`, a payload from its first byte, confirms: 0 when it is empty, -1
 * when it is another's. */
int ik_trace_quote_token(const struct trace_probe *p, struct ik_rd data);
/* Bits of the probe `slot` that the quote confirms, or -1 when it is not that probe. `extended`:
 * the error carries RFC 4884 objects. *nat is set when the quote was rewritten on the way. May
 * learn the constant by which a NAT shifts the checksums of the target. */
int ik_trace_quote_confirm(struct ik_trace *t, uint32_t slot, const struct ik_quote *q,
                           bool extended, bool *nat);
