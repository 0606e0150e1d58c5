/* SPDX-License-Identifier: MIT
 * The clock of ICMP timestamps, and masks that were learnt: what other files of this room ask of
 * query4.c. */
#pragma once

#include "stack/stack_int.h"

/* This node's milliseconds since midnight UT (RFC 792), of a clock that runs beside real time by
 * options.clock_offset. Never above 86,399,999, so never marked as non-standard. */
uint32_t ik_stack_query4_ms(const struct ik_stack *s);
/* The same for a node that learns masks (s->query4 is set). */
uint8_t ik_stack_query4_learnt(const struct ik_stack *s, uint8_t port,
                               const struct ik_stack_ifaddr *addr);
/* Bits of the net of an address of that port: as configured, or as the first address mask reply
 * said (RFC 950, options.mask_learn). */
static inline uint8_t ik_stack_query4_bits(const struct ik_stack *s, uint8_t port,
                                           const struct ik_stack_ifaddr *addr)
{
    return s->query4 ? ik_stack_query4_learnt(s, port, addr) : addr->bits;
}
