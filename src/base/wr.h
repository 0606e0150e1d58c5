/* SPDX-License-Identifier: MIT
 * The writer: appends to a bounded buffer, and remembers the first write that did not fit instead
 * of making every caller test each one. */
#pragma once

#include "base/bytes.h"
#include "icmpkit/base.h"

#include <string.h>

/* Over caller's memory. `used` never passes `cap`; after `overflow` nothing more is written. */
struct ik_wr {
    uint8_t *p;
    size_t cap, used;
    bool overflow;
};

static inline void ik_wr_init(struct ik_wr *w, uint8_t *p, size_t cap)
{
    *w = (struct ik_wr){.p = p, .cap = cap};
}

/* Room for n bytes, to be filled by the caller, or NULL with `overflow` set. */
static inline uint8_t *ik_wr_room(struct ik_wr *w, size_t n)
{
    if (w->overflow || n > w->cap - w->used) {
        w->overflow = true;
        return NULL;
    }
    uint8_t *at = w->p + w->used;
    w->used += n;
    return at;
}

/* Where at most n bytes can be written without a check of each: in place where so many fit, else in
 * `spare`, which has room for n. Followed by ik_wr_end. */
static inline uint8_t *ik_wr_begin(const struct ik_wr *w, size_t n, uint8_t *spare)
{
    return !w->overflow && n <= w->cap - w->used ? w->p + w->used : spare;
}

/* Appends what was written from `start`, as ik_wr_begin gave it, to `end`. */
static inline void ik_wr_end(struct ik_wr *w, const uint8_t *start, const uint8_t *end)
{
    const size_t n = (size_t)(end - start);
    uint8_t *at = ik_wr_room(w, n);
    if (at && at != start)
        memcpy(at, start, n);
}

static inline void ik_wr_put8(struct ik_wr *w, uint8_t v)
{
    uint8_t *at = ik_wr_room(w, 1);
    if (at)
        *at = v;
}

static inline void ik_wr_put16(struct ik_wr *w, uint16_t v)
{
    uint8_t *at = ik_wr_room(w, 2);
    if (at)
        ik_store_be16(at, v);
}

static inline void ik_wr_put32(struct ik_wr *w, uint32_t v)
{
    uint8_t *at = ik_wr_room(w, 4);
    if (at)
        ik_store_be32(at, v);
}

static inline void ik_wr_put(struct ik_wr *w, struct ik_rd bytes)
{
    uint8_t *at = ik_wr_room(w, bytes.left);
    if (at && bytes.left)
        memcpy(at, bytes.p, bytes.left);
}

static inline void ik_wr_zero(struct ik_wr *w, size_t n)
{
    uint8_t *at = ik_wr_room(w, n);
    if (at)
        memset(at, 0, n);
}
