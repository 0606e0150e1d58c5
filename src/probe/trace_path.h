/* SPDX-License-Identifier: MIT
 * What the answers of a trace say about its path, and when it ends. */
#pragma once

#include "probe/trace_int.h"

/* Books an answer to the probe `slot`, which is out. */
void ik_trace_path_answer(struct ik_trace *t, uint32_t slot, const struct trace_answer *answer);
/* Books that the probe `slot`, which is out, could not be sent. */
void ik_trace_path_failed(struct ik_trace *t, uint32_t slot, enum ik_err err, uint32_t mtu);
/* All probes of the hop `ttl` and those before were said: ends the trace of the target when that
 * hop is the last. */
void ik_trace_path_conclude(struct ik_trace *t, struct trace_target *tt, uint8_t ttl);
/* Ends the trace of a target: what is still out is nobody's concern. */
void ik_trace_path_end(struct ik_trace *t, struct trace_target *tt, enum trace_stop stop);
/* The user wants an end: what is known will be said up to the last answer. */
void ik_trace_path_interrupt(struct ik_trace *t, struct trace_target *tt);
/* Of a target that was reached: how many hops away it is, where the TTL that its answer quotes says
 * that probes with less had reached it too, and it left them unanswered (a limit of its errors, RFC
 * 1812 section 4.3.2.8); else -1. */
int ik_trace_path_distance(const struct ik_trace *t, const struct trace_target *tt);
