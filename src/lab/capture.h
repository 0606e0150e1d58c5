/* SPDX-License-Identifier: MIT
 * Reads capture files, pcap and pcapng, for traffic that is sent again: the IP packets in them and
 * when they were seen. Pure: bytes in, packets out. */
#pragma once

#include "conf/arena.h"

#include <icmpkit/lab.h>
#include <icmpkit/sim.h>

enum { IK_CAPTURE_BYTES_MAX = 64 << 20, IK_CAPTURE_PACKETS_MAX = 1000000 };

/* The IP packets of a capture in the order of their times, which count from the first. Packets
 * borrow from `bytes`; what is no IP (ARP, say) is passed over. IK_E_VALUE for what is no capture,
 * was cut, or is of a link type without IP; IK_E_NOMEM; then *fault says what. */
IK_MUST_USE enum ik_err ik_capture_read(struct ik_arena *arena, struct ik_rd bytes,
                                        const struct ik_sim_timed_frame **out, size_t *n,
                                        struct ik_conf_fault *fault);
