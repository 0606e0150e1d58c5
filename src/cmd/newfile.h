/* SPDX-License-Identifier: MIT
 * Files that a verb writes results to. */
#pragma once

/* Opens a file to be written anew, relative to the folder (AT_FDCWD: the current one). A file of
 * ours, with one name, loses what it had. What somebody else put there, or a link to something, is
 * not touched: this may run as root in a folder of many. The caller closes the descriptor; -1: *why
 * says so, static or of strerror(3). */
int ik_newfile_open(int folder, const char *name, const char **why);
