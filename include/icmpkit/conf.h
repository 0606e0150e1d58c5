/* SPDX-License-Identifier: MIT
 * Files that people write: what is wrong with one. */
#pragma once

/* Where it is, and what would be right. */
struct ik_conf_fault {
    /* Set by the caller: gives a format of ours in the language of the user, as gettext does. The
     * arguments stay, in any order (%2$s). NULL: English. */
    const char *(*translate)(const char *format);
    unsigned line, column; /* from 1; 0: not of a place in the file */
    char text[800];        /* "unknown key \"dealy\": did you mean delay?" */
};
