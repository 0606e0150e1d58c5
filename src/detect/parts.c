/* SPDX-License-Identifier: MIT
 * Which parts there are, in order. */
#include "detect/part.h"

/* What others need of a packet. */

/* Rates and many targets. */
extern const struct ik_part ik_part_rate;

/* Tunnels and what is hidden. */

/* What is forged or broken. */

const struct ik_part *const ik_parts[] = {
    /* what others need */

    /* rates */
    &ik_part_rate,

    /* tunnels */

    /* forged */

    NULL,
};
