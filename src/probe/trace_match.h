/* SPDX-License-Identifier: MIT
 * Whose answer is it: from what arrived to a probe of ours. */
#pragma once

#include "probe/trace_int.h"

enum trace_verdict {
    TRACE_FOREIGN,  /* nothing that a trace asks for */
    TRACE_STRANGER, /* an answer without our token */
    TRACE_CORRUPT,  /* its checksum is wrong */
    TRACE_VAGUE,    /* it quoted nothing, and several probes may be meant */
    TRACE_FOUND     /* of the probe `slot` */
};

struct trace_hit {
    uint32_t slot;
    struct trace_answer answer;
};

/* Judges one IK_EV_FRAME or IK_EV_ERROR. Only fields that survive transit are compared: protocol,
 * ports or identifier and sequence, TCP sequence number, IPv4 identification, UDP checksum,
 * payload; never TTL, type of service, header checksum, total length or options, and addresses only
 * to explain a shifted checksum, because routers and NATs change them. `*hit` is written for FOUND.
 * For VAGUE every target that may be meant has its count of ambiguous errors raised. May learn a
 * constant by which a NAT shifts the checksums of a target. */
enum trace_verdict ik_trace_match(struct ik_trace *t, struct ik_now now, uint8_t port,
                                  const struct ik_event *ev, struct trace_hit *hit);
/* The probe that frame `counter` was made for, while it is still that frame's; NULL otherwise. */
struct trace_probe *ik_trace_match_counter(struct ik_trace *t, uint32_t counter, uint32_t *slot);
/* How an ICMP error ends a trace of that method: NONE for a router on the way. False for one that
 * answers no probe (redirect, source quench, unknown). */
bool ik_trace_match_ends(enum ik_trace_method method, uint8_t family, uint8_t type, uint8_t code,
                         enum trace_stop *ends);
