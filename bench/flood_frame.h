/* SPDX-License-Identifier: MIT
 * A frame of a flood, and what is to vary in it, as words of the command line say. */
#pragma once

#include "flood_shared.h"

#include <icmpkit/net.h>

#include <stddef.h>

enum { FLOOD_FRAME = 512 };

/* Kinds: echo, reply, unreachable, exceeded (both quote a datagram of the destination's), fragment
 * (the first of an echo request), far (one that lies beyond 64,000 bytes), udp. `sources` is drawn
 * from anew for each frame. `mac`: of the destination, six bytes. Returns the frame's bytes; 0:
 * there is no such kind, or the families differ. */
size_t flood_frame(const char *kind, const struct ik_prefix *sources, const struct ik_addr *dst,
                   const uint8_t mac[static 6], uint8_t out[static FLOOD_FRAME],
                   struct flood_plan *plan);
