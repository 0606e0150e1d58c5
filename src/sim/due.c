/* SPDX-License-Identifier: MIT
 * A heap with four children a node: half the levels of a binary one, and the children of a node lie
 * side by side. */
#include "sim/due.h"

#include <stdlib.h>

void ik_due_init(struct ik_due *d)
{
    *d = (struct ik_due){0};
}

void ik_due_fini(struct ik_due *d)
{
    free(d->v);
    free(d->pos);
}

/* Grown by half, so that adding one after another stays linear. */
static uint32_t grown(uint32_t cap, uint32_t want)
{
    const uint32_t half = cap + cap / 2;
    return half > want ? half : want;
}

enum ik_err ik_due_reserve(struct ik_due *d, uint32_t cap)
{
    if (cap <= d->cap)
        return IK_OK;
    cap = grown(d->cap, cap);
    struct ik_due_entry *v = realloc(d->v, (size_t)cap * sizeof(*v));
    if (!v)
        return IK_E_NOMEM;
    d->v = v;
    d->cap = cap;
    return IK_OK;
}

enum ik_err ik_due_reserve_ids(struct ik_due *d, uint32_t cap)
{
    const enum ik_err err = ik_due_reserve(d, cap);
    if (err || cap <= d->ids)
        return err;
    cap = grown(d->ids, cap);
    uint32_t *pos = realloc(d->pos, (size_t)cap * sizeof(*pos));
    if (!pos)
        return IK_E_NOMEM;
    for (uint32_t i = d->ids; i < cap; i++)
        pos[i] = IK_DUE_NONE;
    d->pos = pos;
    d->ids = cap;
    return IK_OK;
}

static void put(struct ik_due *d, uint32_t at, struct ik_due_entry e)
{
    d->v[at] = e;
    if (d->pos)
        d->pos[e.id] = at;
}

/* The place `hole` is free: lets it rise to where e may stand. */
static void rise(struct ik_due *d, uint32_t hole, struct ik_due_entry e)
{
    while (hole > 0) {
        const uint32_t parent = (hole - 1) / 4;
        if (!ik_due_before(&e, &d->v[parent]))
            break;
        put(d, hole, d->v[parent]);
        hole = parent;
    }
    put(d, hole, e);
}

/* The first of the children that begin at `first`; there is one. */
static uint32_t least_of(const struct ik_due *d, uint32_t first)
{
    const struct ik_due_entry *v = d->v;
    if (first + 4 <= d->n) {
        const uint32_t a = first + ik_due_before(&v[first + 1], &v[first]);
        const uint32_t b = first + 2 + ik_due_before(&v[first + 3], &v[first + 2]);
        return ik_due_before(&v[b], &v[a]) ? b : a;
    }
    uint32_t least = first;
    for (uint32_t i = first + 1; i < d->n; i++)
        least = ik_due_before(&v[i], &v[least]) ? i : least;
    return least;
}

/* The same downwards. */
static void sink(struct ik_due *d, uint32_t hole, struct ik_due_entry e)
{
    for (;;) {
        const uint32_t first = hole * 4 + 1;
        if (first >= d->n)
            break;
        const uint32_t least = least_of(d, first);
        if (!ik_due_before(&d->v[least], &e))
            break;
        put(d, hole, d->v[least]);
        hole = least;
    }
    put(d, hole, e);
}

void ik_due_push(struct ik_due *d, ik_ns at, uint64_t order, uint32_t id)
{
    rise(d, d->n++, (struct ik_due_entry){at, order, id});
}

void ik_due_pop(struct ik_due *d)
{
    if (d->pos)
        d->pos[d->v[0].id] = IK_DUE_NONE;
    if (--d->n)
        sink(d, 0, d->v[d->n]);
}

void ik_due_sink(struct ik_due *d, ik_ns at, uint64_t order, uint32_t id)
{
    if (d->pos)
        d->pos[d->v[0].id] = IK_DUE_NONE;
    sink(d, 0, (struct ik_due_entry){at, order, id});
}

static void take_out(struct ik_due *d, uint32_t at)
{
    d->pos[d->v[at].id] = IK_DUE_NONE;
    if (--d->n == at)
        return;
    const struct ik_due_entry moved = d->v[d->n];
    if (at > 0 && ik_due_before(&moved, &d->v[(at - 1) / 4]))
        rise(d, at, moved);
    else
        sink(d, at, moved);
}

void ik_due_set(struct ik_due *d, ik_ns at, uint64_t order, uint32_t id)
{
    const struct ik_due_entry e = {at, order, id};
    const uint32_t was = d->pos[id];
    if (at == IK_NEVER) {
        if (was != IK_DUE_NONE)
            take_out(d, was);
    } else if (was == IK_DUE_NONE) {
        ik_due_push(d, at, order, id);
    } else if (ik_due_before(&e, &d->v[was])) {
        rise(d, was, e);
    } else {
        sink(d, was, e);
    }
}
