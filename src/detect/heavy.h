/* SPDX-License-Identifier: MIT
 * How many packets of each sender there were in the present second, at least: space saving
 * (Metwally, Agrawal, El Abbadi 2005), in sets of eight by keyed hash. In each set a count is too
 * high by at most an eighth of what came to it, and sets get alike; so a sender is counted nearly
 * as exactly as by one table of all, for the cost of two cache lines: no heap, and nothing to be
 * cleared when a second ends. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { IK_HEAVY_COUNTERS = 4096, IK_HEAVY_WAYS = 8 };

struct ik_heavy;
size_t ik_heavy_bytes(void);
/* `mem` is zeroed, and aligned to 64 bytes. */
struct ik_heavy *ik_heavy_init(void *mem);
/* Fetches ahead what add needs. */
void ik_heavy_expect(const struct ik_heavy *h, uint64_t hash);
/* Counts one in second number `bin`; returns how many the sender sent in it for certain, however
 * many others there are. */
uint32_t ik_heavy_add(struct ik_heavy *h, uint64_t hash, uint32_t bin);
