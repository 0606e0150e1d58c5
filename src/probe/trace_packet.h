/* SPDX-License-Identifier: MIT
 * The probes of a trace as bytes, and the marks that lead from an answer back to a probe. */
#pragma once

#include "probe/trace_int.h"

/* Bytes of payload that carry the token, and those that set the checksum. */
enum { TRACE_TOKEN_BYTES = 8, TRACE_TUNE_BYTES = 2, TRACE_TCP_OPTION_BYTES = 20 };

/* Derives the permutation of marks from the key. */
void ik_trace_packet_seed(struct ik_trace *t);
/* The mark of a frame's counter: a keyed permutation of its low 16 bits, so that who saw one mark
 * cannot tell the next; in a classic ICMP trace the sequence simply counts up. */
uint16_t ik_trace_packet_mark(const struct ik_trace *t, uint32_t counter);
/* The low 16 bits of the counter that a mark belongs to. */
uint16_t ik_trace_packet_unmark(const struct ik_trace *t, uint16_t mark);
/* The token of the frame `counter` of probe `slot`: its first 16 bits are the mark. */
uint64_t ik_trace_packet_token(const struct ik_trace *t, uint32_t slot, uint32_t counter);
/* TCP: the sequence number: 16 keyed bits, then the mark. */
uint32_t ik_trace_packet_seq(uint64_t token);
/* TCP: the value of the timestamp option. */
uint32_t ik_trace_packet_tsval(uint64_t token);
/* Least bytes of a whole packet of that family and method that still carries a token. */
uint32_t ik_trace_packet_min(enum ik_trace_method method, uint8_t family);
/* Destination port of the probe with that index. */
uint16_t ik_trace_packet_dport(const struct ik_trace *t, uint32_t index);
/* Builds the frame of an offer in `buf` (buffer_each bytes) and fills the offer's checksum. False
 * when the codec refuses, which the configuration check excludes. */
bool ik_trace_packet_build(const struct ik_trace *t, struct trace_offer *o, uint8_t *buf,
                           struct ik_frame *out);
