/* SPDX-License-Identifier: MIT
 * Stamps of a socket: which it can give, and having it give them. */
#pragma once

#include "icmpkit/link.h"

struct ik_stamping {
    int flags;     /* of SO_TIMESTAMPING, 0: none */
    bool ids;      /* the kernel takes the identifier of a stamp with the frame */
    bool hardware; /* the card stamps both ways */
};

/* Asks for stamps of what leaves and arrives, or with `arrivals_only` for the latter; none when
 * cfg->user_stamps. IK_E_UNSUPPORTED, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_stamping_enable(int fd, const struct ik_link_cfg *cfg,
                                           bool arrivals_only, struct ik_stamping *out);
