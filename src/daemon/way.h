/* SPDX-License-Identifier: MIT
 * A way of enforcing: what carries out orders for a warden, who has asked whether they may be. */
#pragma once

#include "icmpkit/daemon.h"

/* Functions that fail leave in `why` what there is to say of it, unescaped, or nothing. */
struct ik_way {
    /* Lets all pass that comes from there, from now on. */
    IK_MUST_USE enum ik_err (*spare)(struct ik_way *w, const struct ik_prefix *who,
                                     char why[static IK_ENFORCE_TEXT]);
    /* Also again, for as long as the order says. */
    IK_MUST_USE enum ik_err (*add)(struct ik_way *w, const struct ik_order *o,
                                   char why[static IK_ENFORCE_TEXT]);
    /* Also one that is not there. */
    IK_MUST_USE enum ik_err (*remove)(struct ik_way *w, const struct ik_order *o,
                                      char why[static IK_ENFORCE_TEXT]);
    /* Packets that each kind of order stopped, since the start. */
    IK_MUST_USE enum ik_err (*count)(struct ik_way *w, uint64_t stopped[static IK_ORDERS],
                                     char why[static IK_ENFORCE_TEXT]);
    /* Those that this one stopped since it was added anew, as of the latest count;
     * IK_STOPPED_UNKNOWN: it counts by kind alone. */
    uint64_t (*stopped)(struct ik_way *w, const struct ik_order *o);
    /* Called when poll(2) has `events`, or an error, of fd. False: it has ended. */
    bool (*go_on)(struct ik_way *w, char why[static IK_ENFORCE_TEXT]);
    void (*close)(struct ik_way *w);
    int fd;
    short events;
    bool generic; /* of XDP: above the driver, not in it */
};
