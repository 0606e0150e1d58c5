/* SPDX-License-Identifier: MIT
 * Event records of the sim itself. All need sim->watch.on_event. */
#pragma once

#include "sim/sim_int.h"

/* What the link did to a frame of `sender` beside carrying it; nothing where it did nothing. */
void ik_tell_link(struct ik_sim *sim, const struct ik_simnode *sender,
                  const struct ik_simlink *link, const struct ik_sim_impair *im,
                  const struct ik_impair_result *r, struct ik_rd frame);
/* The frame reached a node that is down. */
void ik_tell_node_down(struct ik_sim *sim, const struct ik_simnode *node, uint8_t port,
                       struct ik_rd frame);
/* The node goes down, or is up again: static words. */
void ik_tell_node_state(struct ik_sim *sim, const struct ik_simnode *node, const char *what);
