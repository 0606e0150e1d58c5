/* SPDX-License-Identifier: MIT
 * A second set of detectors beside the one that a test feeds: it gets the same packets, but some at
 * a time, announced by ik_detect_ahead. Both have to say the same. */
#pragma once

#include "detect/part.h"

struct twin;

/* For packets of `parts` (NULL: all of the table), with the limits and the secrets of the first.
 * NULL where one of the parts is the test's own: that one would be called twice. Freed by
 * twin_free, which judges what is left. */
struct twin *twin_new(const struct ik_part *const *parts, const struct ik_detect_cfg *cfg,
                      const struct ik_look_cfg *look);
void twin_free(struct twin *t);
/* The test feeds the first by itself from here on: nothing is compared any more. */
void twin_leave(struct twin *t);

/* The first was given that frame: the twin will be, at the latest when time passes. */
void twin_put(struct twin *t, const struct ik_look_frame *frame);
void twin_tick(struct twin *t, ik_ns now);
void twin_stop(struct twin *t);
/* What the first said. */
void twin_told(struct twin *t, const struct ik_finding *f);
