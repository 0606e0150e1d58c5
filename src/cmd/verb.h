/* SPDX-License-Identifier: MIT
 * What main.c needs to know of a verb, and the verbs. */
#pragma once

#include "opt.h"

struct ik_verb {
    const char *name;
    const char *line; /* what it does, for the list */
    /* argv[0] is the verb. Returns the exit status. */
    int (*run)(int argc, char **argv);
    const struct ik_opt_spec *spec; /* of its help */
    /* With file capabilities (AT_SECURE) only such a verb may use them; others drop them before
     * they parse anything, so that installing icmpkit lets nobody sniff. */
    bool may_use_file_capabilities;
    /* Of what it does by a second word, "guard policy" say, until NULL; NULL: nothing. */
    const struct ik_opt_spec *const *more;
};
