/* SPDX-License-Identifier: MIT
 * A hash map from 64-bit keys to 32-bit values in caller's memory: open addressing, linear probing,
 * backward-shift deletion, keyed hash, a fixed bound. What the values index is the caller's. */
#pragma once

#include "icmpkit/base.h"

struct ik_map_slot {
    uint64_t key;
    uint32_t value;
    uint32_t used;
};

/* `mask` + 1 slots, a power of two; at most `bound` of them are filled, so a probe always ends. */
struct ik_map {
    struct ik_map_slot *slots;
    uint32_t mask, used, bound;
    uint8_t key[16];
};

/* Bytes of memory for at most `bound` entries (1 .. 2^30), aligned as uint64_t. */
size_t ik_map_bytes(uint32_t bound);
/* Starts empty in mem (ik_map_bytes(bound), zeroed by this). `key` is copied: random where
 * strangers choose the keys. */
void ik_map_init(struct ik_map *m, void *mem, uint32_t bound, const uint8_t key[static 16]);
/* Sets key to value, replacing. IK_E_FULL when a new key would pass the bound. */
IK_MUST_USE enum ik_err ik_map_put(struct ik_map *m, uint64_t key, uint32_t value);
/* True and *value when the key is there. */
bool ik_map_get(const struct ik_map *m, uint64_t key, uint32_t *value);
/* Removes the key; false when it was not there. */
bool ik_map_remove(struct ik_map *m, uint64_t key);
