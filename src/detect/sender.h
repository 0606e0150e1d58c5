/* SPDX-License-Identifier: MIT
 * Benign senders by number (senders.def). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum ik_sender {
    IK_SENDER_UNKNOWN,
#define SENDER(id, name, fixed) IK_SENDER_##id,
#include "detect/senders.def"
    IK_SENDERS
};
_Static_assert(IK_SENDERS <= 32, "a bit each");

/* True when its payload has no room for a message of somebody: all but the clock is given by the
 * form. Not where its user chooses the pattern, or only the begin is known. */
static inline bool ik_sender_is_fixed(unsigned sender)
{
    const uint32_t fixed = 0
#define SENDER(id, name, fixed) | (uint32_t)(fixed) << IK_SENDER_##id
#include "detect/senders.def"
        ;
    return fixed >> (sender & 31) & 1;
}
