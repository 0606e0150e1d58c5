/* SPDX-License-Identifier: MIT
 * The cursor: the one place where a read is held against the end of the input. */
#pragma once

#include "base/bytes.h"
#include "icmpkit/base.h"

/* Consumes n bytes. Returns their start, or NULL (nothing consumed) when fewer remain. */
static inline const uint8_t *ik_rd_take(struct ik_rd *r, size_t n)
{
    if (n > r->left)
        return NULL;
    const uint8_t *at = r->p;
    r->p += n;
    r->left -= n;
    return at;
}

/* Consumes n bytes into a reader of their own, so that an inner length cannot reach outside. False
 * (nothing consumed, *sub untouched) when fewer remain. */
static inline bool ik_rd_sub(struct ik_rd *r, size_t n, struct ik_rd *sub)
{
    const uint8_t *at = ik_rd_take(r, n);
    if (!at)
        return false;
    *sub = (struct ik_rd){at, n};
    return true;
}

/* The first n bytes, or all when fewer remain; nothing is consumed. */
static inline struct ik_rd ik_rd_head(struct ik_rd r, size_t n)
{
    return (struct ik_rd){r.p, n < r.left ? n : r.left};
}

/* What remains after the first n bytes, empty when fewer remain. */
static inline struct ik_rd ik_rd_from(struct ik_rd r, size_t n)
{
    const size_t skip = n < r.left ? n : r.left;
    return (struct ik_rd){r.p + skip, r.left - skip};
}
