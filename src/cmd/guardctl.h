/* SPDX-License-Identifier: MIT
 * icmp guard list, unban and status: a word with a guard that runs. */
#pragma once

#include "guard.h"

extern const struct ik_opt_spec ik_guardctl_list_spec, ik_guardctl_unban_spec,
    ik_guardctl_status_spec;
/* argv[0] is the word. Return the exit status: 0, 1 nothing is in force against who is to be let
 * go, 2 an error. */
int ik_guardctl_list(int argc, char **argv);
int ik_guardctl_unban(int argc, char **argv);
int ik_guardctl_status(int argc, char **argv);

/* ---- the other side -------------------------------------------------------------------------- */

/* Lets guard be asked, at the path that was said, or at IK_CONTROL_PATH where that may be. False:
 * said. */
IK_MUST_USE bool ik_guardctl_open(struct ik_guard *g);
