/* SPDX-License-Identifier: MIT
 * The reset that answers a TCP segment nobody takes (RFC 9293 section 3.10.7.1). */
#pragma once

#include "icmpkit/wire.h"

struct ik_stack;
struct ik_pkt;

/* The answer to a segment with that many bytes of data. False: a reset is never answered. */
bool ik_stack_reset_make(const struct ik_tcp *segment, uint32_t data_bytes, struct ik_tcp *out);
/* Answers the TCP segment in p, which a filter refused, as if its destination had: from p->ip.dst
 * to p->ip.src, past all filters. True when p was TCP and is dealt with, by an answer or, for a
 * reset, a wrong checksum, or what no error may be about (many destinations, no single source), by
 * none; false, with nothing sent, for any other protocol and for fragments, which may hide what
 * follows. */
bool ik_stack_reset_send(struct ik_stack *s, const struct ik_pkt *p);
