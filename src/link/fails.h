/* SPDX-License-Identifier: MIT
 * Frames that a link took and could not send, until rx has told of them. */
#pragma once

#include "icmpkit/base.h"

struct ik_fails {
    size_t n, at; /* kept, and how many of them were told */
    struct {
        uint32_t key;
        enum ik_err err;
    } list[IK_BATCH];
};

static inline bool ik_fails_is_full(const struct ik_fails *f)
{
    return f->n == IK_BATCH;
}

static inline bool ik_fails_is_empty(const struct ik_fails *f)
{
    return f->at == f->n;
}

/* Only when it is not full. */
static inline void ik_fails_put(struct ik_fails *f, uint32_t key, enum ik_err err)
{
    f->list[f->n].key = key;
    f->list[f->n++].err = err;
}

/* Tells at most cap of them, in order. Returns how many. */
static inline size_t ik_fails_tell(struct ik_fails *f, struct ik_event *out, size_t cap)
{
    size_t n = 0;
    for (; n < cap && f->at < f->n; f->at++)
        out[n++] = (struct ik_event){
            .kind = IK_EV_FAILED, .key = f->list[f->at].key, .failed.err = f->list[f->at].err};
    if (f->at == f->n)
        f->at = f->n = 0;
    return n;
}
