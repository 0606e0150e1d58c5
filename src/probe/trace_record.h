/* SPDX-License-Identifier: MIT
 * What a trace has to say, as records. */
#pragma once

#include "probe/trace_int.h"

enum { TRACE_MARK_TEXT = 16 };

/* traceroute's mark of an ICMP answer ("!N", "!F-1400", "!<12-0>"), "" for a router on the way and
 * for Port Unreachable. mtu -1: none. Returns buf. */
const char *ik_trace_record_mark(uint8_t family, int type, int code, int64_t mtu,
                                 char buf[static TRACE_MARK_TEXT]);
/* Fills t->rec with the hop record of probe `index`, whose fate is known. */
void ik_trace_record_hop(struct ik_trace *t, const struct trace_target *tt, uint32_t index);
/* Fills t->rec with the summary of a target that has ended. */
void ik_trace_record_summary(struct ik_trace *t, const struct trace_target *tt);
/* Remembers what the timer of a probe does ("starts its timer of", "is answered after", "expires
 * after"; static), and how long that is. Does nothing without cfg.timers_of. */
void ik_trace_record_note(struct ik_trace *t, uint32_t slot, const char *what, ik_ns time);
/* Fills t->rec with the oldest of these; false when all are told. */
bool ik_trace_record_timer(struct ik_trace *t);
