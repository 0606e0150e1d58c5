/* SPDX-License-Identifier: MIT
 * What the generator in the kernel has to know. */
#pragma once

#include <stdint.h>

enum { FLOOD_WORDS = 4, FLOOD_ETHER = 14 };

struct flood_plan {
    uint32_t ifindex;           /* frames leave there */
    uint32_t words;             /* of a source: 1, or 4 of IPv6 */
    uint32_t src, checksum;     /* where they lie in the frame, in bytes */
    uint32_t mask[FLOOD_WORDS]; /* bits that are drawn, in network order */
    uint64_t left;              /* frames to send; counts down */
    uint64_t every, next;       /* ns between two; when the next is due. 0: as fast as it goes */
};
