/* SPDX-License-Identifier: MIT
 * The state of a part that only counts, for each pair of hosts, within a minute: its functions
 * stand in struct ik_part as they are. */
#pragma once

#include "detect/pairs.h"
#include "detect/part.h"

#define IK_TALLY_WINDOW (60 * IK_NS_PER_S)

size_t ik_tally_bytes(const struct ik_detect_cfg *cfg);
/* `state` is zeroed and aligned to 64 bytes. */
void ik_tally_init(void *state, const struct ik_detect_cfg *cfg);
/* Counts the packet in sight for its two hosts, in whichever direction it goes; what of many things
 * is counted is told by `what`. Borrowed until the next call. */
struct ik_pairs_tally *ik_tally_count(void *state, const struct ik_sight *s, uint32_t what);
/* Pairs that gave way. */
uint64_t ik_tally_evicted(const void *state);
