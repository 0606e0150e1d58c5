/* SPDX-License-Identifier: MIT
 * The mappings of an address translator. */
#include "stack/natmap.h"

#include <assert.h>

enum { NONE = UINT16_MAX, PORT_LOW = 1024, PORTS = 65536 - PORT_LOW };

size_t ik_natmap_bytes(uint32_t bound)
{
    return bound * sizeof(struct ik_natmap_row) + ik_map_bytes(2 * bound);
}

void ik_natmap_init(struct ik_natmap *m, void *mem, uint32_t bound,
                    const ik_ns timeout[static IK_NATMAP_AGES], const uint8_t key[static 16])
{
    assert(bound >= 1 && bound <= IK_NATMAP_MAX);
    struct ik_natmap_row *rows = mem;
    *m = (struct ik_natmap){.rows = rows, .bound = (uint16_t)bound, .free = NONE};
    ik_map_init(&m->map, rows + bound, 2 * bound, key);
    for (int i = 0; i < IK_NATMAP_AGES; i++) {
        m->timeout[i] = timeout[i];
        m->list[i] = (struct ik_natmap_list){NONE, NONE};
    }
}

static uint64_t inside_key(unsigned kind, uint32_t addr, uint16_t port)
{
    return (uint64_t)kind << 48 | (uint64_t)addr << 16 | port;
}

static uint64_t outside_key(unsigned kind, uint16_t port)
{
    return UINT64_C(1) << 63 | (uint64_t)kind << 16 | port;
}

static uint16_t index_of(const struct ik_natmap *m, const struct ik_natmap_row *r)
{
    return (uint16_t)(r - m->rows);
}

static void append(struct ik_natmap *m, struct ik_natmap_row *r)
{
    struct ik_natmap_list *list = &m->list[r->age];
    r->prev = list->tail;
    r->next = NONE;
    if (list->tail == NONE)
        list->head = index_of(m, r);
    else
        m->rows[list->tail].next = index_of(m, r);
    list->tail = index_of(m, r);
}

static void unlink_row(struct ik_natmap *m, struct ik_natmap_row *r)
{
    struct ik_natmap_list *list = &m->list[r->age];
    if (r->prev == NONE)
        list->head = r->next;
    else
        m->rows[r->prev].next = r->next;
    if (r->next == NONE)
        list->tail = r->prev;
    else
        m->rows[r->next].prev = r->prev;
}

static void end(struct ik_natmap *m, struct ik_natmap_row *r)
{
    ik_map_remove(&m->map, inside_key(r->kind, r->inside, r->inside_port));
    ik_map_remove(&m->map, outside_key(r->kind, r->outside_port));
    unlink_row(m, r);
    r->next = m->free;
    m->free = index_of(m, r);
}

/* Ends what has timed out; the lists are in the order of that. */
static void expire(struct ik_natmap *m, ik_ns now)
{
    for (int i = 0; i < IK_NATMAP_AGES; i++) {
        while (m->list[i].head != NONE && now - m->rows[m->list[i].head].used >= m->timeout[i])
            end(m, &m->rows[m->list[i].head]);
    }
}

static struct ik_natmap_row *find(struct ik_natmap *m, ik_ns now, uint64_t key)
{
    uint32_t i;
    expire(m, now);
    return ik_map_get(&m->map, key, &i) ? &m->rows[i] : NULL;
}

struct ik_natmap_row *ik_natmap_inside(struct ik_natmap *m, ik_ns now, enum ik_natmap_kind kind,
                                       uint32_t addr, uint16_t port)
{
    return find(m, now, inside_key(kind, addr, port));
}

struct ik_natmap_row *ik_natmap_outside(struct ik_natmap *m, ik_ns now, enum ik_natmap_kind kind,
                                        uint16_t port)
{
    return find(m, now, outside_key(kind, port));
}

static bool is_taken(const struct ik_natmap *m, enum ik_natmap_kind kind, uint16_t port)
{
    uint32_t i;
    return ik_map_get(&m->map, outside_key(kind, port), &i);
}

/* A port for the mapping; false when all are taken. */
static bool choose(const struct ik_natmap *m, struct ik_rng *rng, enum ik_natmap_kind kind,
                   uint16_t wanted, uint16_t *out)
{
    *out = wanted;
    if (!is_taken(m, kind, wanted))
        return true;
    const uint32_t start = ik_rng_below(rng, PORTS);
    for (uint32_t i = 0; i < PORTS; i++) {
        *out = (uint16_t)(PORT_LOW + (start + i) % PORTS);
        if (!is_taken(m, kind, *out))
            return true;
    }
    return false;
}

static struct ik_natmap_row *vacant(struct ik_natmap *m)
{
    if (m->free == NONE)
        return m->touched == m->bound ? NULL : &m->rows[m->touched++];
    struct ik_natmap_row *r = &m->rows[m->free];
    m->free = r->next;
    return r;
}

static struct ik_natmap_row *make(struct ik_natmap *m, struct ik_rng *rng, enum ik_natmap_kind kind,
                                  uint32_t addr, uint16_t port)
{
    uint16_t outside;
    if (!choose(m, rng, kind, port, &outside))
        return NULL;
    struct ik_natmap_row *r = vacant(m);
    if (!r)
        return NULL;
    *r = (struct ik_natmap_row){.inside = addr,
                                .inside_port = port,
                                .outside_port = outside,
                                .kind = (uint8_t)kind,
                                .age = (uint8_t)(kind == IK_NATMAP_TCP ? IK_NATMAP_OPENING : kind)};
    /* There is room for both ends of every row. */
    const enum ik_err in = ik_map_put(&m->map, inside_key(kind, addr, port), index_of(m, r));
    const enum ik_err out = ik_map_put(&m->map, outside_key(kind, outside), index_of(m, r));
    assert(in == IK_OK && out == IK_OK);
    (void)in, (void)out;
    append(m, r);
    return r;
}

struct ik_natmap_row *ik_natmap_use(struct ik_natmap *m, ik_ns now, struct ik_rng *rng,
                                    enum ik_natmap_kind kind, uint32_t addr, uint16_t port)
{
    struct ik_natmap_row *r = find(m, now, inside_key(kind, addr, port));
    if (!r)
        r = make(m, rng, kind, addr, port);
    if (!r)
        return NULL;
    unlink_row(m, r);
    append(m, r);
    r->used = now;
    return r;
}

void ik_natmap_age(struct ik_natmap *m, struct ik_natmap_row *r, ik_ns now, enum ik_natmap_kind age)
{
    unlink_row(m, r);
    r->age = (uint8_t)age;
    r->used = now;
    append(m, r);
}
