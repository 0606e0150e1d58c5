/* SPDX-License-Identifier: MIT
 * Files that people write: what is wrong with one. */
#pragma once

/* Where it is, and what would be right. */
struct ik_conf_fault {
    unsigned line, column; /* from 1; 0: not of a place in the file */
    char text[400];        /* "unknown key \"dealy\": did you mean delay?" */
};
