/* SPDX-License-Identifier: MIT
 * The hash map. Load is at most one half, so runs stay short. */
#include "base/map.h"

#include "base/bytes.h"
#include "base/siphash.h"

#include <string.h>

static uint32_t slots_for(uint32_t bound)
{
    uint32_t n = 4;
    while (n / 2 < bound)
        n *= 2;
    return n;
}

static uint32_t home(const struct ik_map *m, uint64_t key)
{
    uint8_t bytes[8];
    ik_store_be64(bytes, key);
    return (uint32_t)ik_siphash(m->key, bytes, sizeof(bytes)) & m->mask;
}

/* The slot that holds the key, or the free one where it would go. */
static uint32_t find(const struct ik_map *m, uint64_t key)
{
    uint32_t i = home(m, key);
    while (m->slots[i].used && m->slots[i].key != key)
        i = (i + 1) & m->mask;
    return i;
}

size_t ik_map_bytes(uint32_t bound)
{
    return (size_t)slots_for(bound) * sizeof(struct ik_map_slot);
}

void ik_map_init(struct ik_map *m, void *mem, uint32_t bound, const uint8_t key[static 16])
{
    *m = (struct ik_map){.slots = mem, .mask = slots_for(bound) - 1, .bound = bound};
    memcpy(m->key, key, sizeof(m->key));
    memset(mem, 0, ik_map_bytes(bound));
}

enum ik_err ik_map_put(struct ik_map *m, uint64_t key, uint32_t value)
{
    struct ik_map_slot *s = &m->slots[find(m, key)];
    if (!s->used) {
        if (m->used == m->bound)
            return IK_E_FULL;
        m->used++;
    }
    *s = (struct ik_map_slot){.key = key, .value = value, .used = 1};
    return IK_OK;
}

bool ik_map_get(const struct ik_map *m, uint64_t key, uint32_t *value)
{
    const struct ik_map_slot *s = &m->slots[find(m, key)];
    if (!s->used)
        return false;
    *value = s->value;
    return true;
}

bool ik_map_remove(struct ik_map *m, uint64_t key)
{
    uint32_t hole = find(m, key);
    if (!m->slots[hole].used)
        return false;
    m->used--;
    /* Whoever stands behind the hole and would be looked for before it moves into it. */
    for (uint32_t i = (hole + 1) & m->mask; m->slots[i].used; i = (i + 1) & m->mask) {
        const uint32_t from_home = (i - home(m, m->slots[i].key)) & m->mask;
        const uint32_t from_hole = (i - hole) & m->mask;
        if (from_home >= from_hole) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole].used = 0;
    return true;
}
