/* SPDX-License-Identifier: MIT
 * Who sends most, among more than fit: space saving (Metwally, Agrawal, El Abbadi 2005). Any sender
 * of more than 1 / IK_TALKER_MAX of all packets is among those kept, and a count is at most
 * `over_by` too high. */
#pragma once

#include "icmpkit/look.h"

enum { IK_TALKER_MAX = 4096 };

struct ik_talker;
size_t ik_talker_bytes(void);
struct ik_talker *ik_talker_init(void *mem, const uint8_t secret[16]);
void ik_talker_add(struct ik_talker *t, const struct ik_addr *addr, uint32_t bytes);
/* The top senders, most packets first; returns how many, at most cap. */
size_t ik_talker_top(struct ik_talker *t, struct ik_total_talker *out, size_t cap);
