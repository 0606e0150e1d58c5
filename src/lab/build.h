/* SPDX-License-Identifier: MIT
 * A model made into a sim: its nodes, links, events, traffic. */
#pragma once

#include "lab/model.h"

/* Builds all of it. `folder` is where captures that the file names are looked for. On success *out
 * is the caller's, ended by ik_sim_free, and borrows from the model's arena. */
IK_MUST_USE enum ik_err ik_build_sim(struct ik_sim **out, struct ik_model *m, const char *folder,
                                     bool events);
