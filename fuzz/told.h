/* SPDX-License-Identifier: MIT
 * The walk over fields, held against what it promises: every bit told once, in order, inside of its
 * group, and every group closed. */
#pragma once

#include "fuzz.h"

#include "icmpkit/tell.h"

struct fuzz_told {
    uint32_t at_bits; /* up to here all was told */
    uint32_t ends[32];
    unsigned depth;
};

static inline void fuzz_told_step(void *ctx, const struct ik_tell *step)
{
    struct fuzz_told *t = ctx;
    if (step->form == IK_TELL_END) {
        FUZZ_CHECK(t->depth > 0 && t->ends[--t->depth] == step->at_bits);
        return;
    }
    FUZZ_CHECK(step->label);
    FUZZ_CHECK(t->depth == 0 || step->bits == 0 ||
               step->at_bits + step->bits <= t->ends[t->depth - 1]);
    if (step->form == IK_TELL_GROUP || step->form == IK_TELL_LIST) {
        FUZZ_CHECK(t->depth < sizeof(t->ends) / sizeof(t->ends[0]));
        t->ends[t->depth++] = step->at_bits + step->bits;
        return;
    }
    FUZZ_CHECK(step->bits == 0 || step->at_bits == t->at_bits);
    t->at_bits += step->bits;
}

/* The walk told `bytes` bytes, no more and no less. */
static inline void fuzz_told_check(const struct fuzz_told *t, size_t bytes)
{
    FUZZ_CHECK(t->depth == 0 && t->at_bits == 8 * bytes);
}
