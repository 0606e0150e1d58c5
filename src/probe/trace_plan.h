/* SPDX-License-Identifier: MIT
 * When a probe of a trace goes, and how long it is waited for. */
#pragma once

#include "probe/trace_int.h"

/* The probe that the target may send at `at`, counting what was planned in this output already; or
 * per_target when it has none to send then. */
uint32_t ik_trace_plan_next(const struct ik_trace *t, const struct trace_target *tt, ik_ns at);
/* Gives up what has waited long enough, settles answers, and computes when to look again. */
void ik_trace_plan_advance(struct ik_trace *t, struct trace_target *tt, ik_ns now);
/* The round trip of an answered probe and the clock that took it, as ik_rtt_between() has it;
 * IK_NEVER where none can be true. */
ik_ns ik_trace_plan_rtt(const struct trace_probe *p, enum ik_clock *clock);
/* The same, or else the time between handing it over and reading its answer. */
ik_ns ik_trace_plan_took(const struct trace_probe *p);
