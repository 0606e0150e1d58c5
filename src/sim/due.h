/* SPDX-License-Identifier: MIT
 * What is due next: a heap of instants with a stable order. Of two entries with one instant the one
 * with the smaller order number, given out as things are put in, is first. */
#pragma once

#include "icmpkit/base.h"

struct ik_due_entry {
    ik_ns at;
    uint64_t order;
    uint32_t id;
};

#define IK_DUE_NONE UINT32_MAX

/* Four children a node. With `pos` each id stands at most once, and pos[id] is where. */
struct ik_due {
    struct ik_due_entry *v;
    uint32_t *pos; /* of `ids` entries; NULL: not kept */
    uint32_t n, cap, ids;
};

/* Starts empty, without room. */
void ik_due_init(struct ik_due *d);
void ik_due_fini(struct ik_due *d);
/* Room for `cap` entries in all. IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_due_reserve(struct ik_due *d, uint32_t cap);
/* The same, and ids below `cap` may be moved with ik_due_set. */
IK_MUST_USE enum ik_err ik_due_reserve_ids(struct ik_due *d, uint32_t cap);
/* Adds an entry; there is room. An entry comes member by member: as a whole it would go by memory.
 */
void ik_due_push(struct ik_due *d, ik_ns at, uint64_t order, uint32_t id);
/* Takes the first away; there is one. */
void ik_due_pop(struct ik_due *d);
/* Puts an entry in place of the first: cheaper than pop and push. */
void ik_due_sink(struct ik_due *d, ik_ns at, uint64_t order, uint32_t id);
static inline void ik_due_replace(struct ik_due *d, ik_ns at, uint64_t order, uint32_t id)
{
    if (d->n > 1 || d->pos)
        ik_due_sink(d, at, order, id);
    else
        d->v[0] = (struct ik_due_entry){at, order, id};
}
/* With ids: adds or moves that of id; at IK_NEVER takes it away. */
void ik_due_set(struct ik_due *d, ik_ns at, uint64_t order, uint32_t id);
/* With ids: when id is due, IK_NEVER when it is not there. */
static inline ik_ns ik_due_at(const struct ik_due *d, uint32_t id)
{
    return d->pos[id] == IK_DUE_NONE ? IK_NEVER : d->v[d->pos[id]].at;
}
static inline bool ik_due_before(const struct ik_due_entry *a, const struct ik_due_entry *b)
{
    /* Not && and ||: in a heap this is a toss-up, and a branch on it costs more than the rest. */
    return (a->at < b->at) | ((a->at == b->at) & (a->order < b->order));
}
