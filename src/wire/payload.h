/* SPDX-License-Identifier: MIT
 * Writing what follows a header. */
#pragma once

#include "base/wr.h"

/* Appends bytes that may lie at their place already: then they are left there. */
static inline void ik_payload_put(struct ik_wr *w, struct ik_rd bytes)
{
    uint8_t *at = ik_wr_room(w, bytes.left);
    if (at && at != bytes.p && bytes.left)
        memmove(at, bytes.p, bytes.left);
}
