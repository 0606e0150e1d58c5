/* SPDX-License-Identifier: MIT
 * Telling what is wrong, for the decoders of this room. */
#pragma once

#include "icmpkit/wire.h"

/* Notes a flaw at byte `at`, counted from where f->base stands. f may be NULL. */
static inline void ik_fault_add(struct ik_faults *f, enum ik_flaw what, size_t at)
{
    if (!f)
        return;
    if (f->n == IK_FAULTS_MAX) {
        f->more = (uint16_t)(f->more + (f->more < UINT16_MAX));
        return;
    }
    const uint64_t offset = f->base + (uint64_t)at;
    f->list[f->n++] = (struct ik_fault){what, offset < UINT16_MAX ? (uint16_t)offset : UINT16_MAX};
}

/* Raises the base by n on the way down into a nested decoder, and returns what ik_fault_up needs to
 * put it back. f may be NULL. */
static inline uint32_t ik_fault_down(struct ik_faults *f, size_t n)
{
    if (!f)
        return 0;
    const uint32_t was = f->base;
    f->base += (uint32_t)n;
    return was;
}

static inline void ik_fault_up(struct ik_faults *f, uint32_t was)
{
    if (f)
        f->base = was;
}
