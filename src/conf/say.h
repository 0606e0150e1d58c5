/* SPDX-License-Identifier: MIT
 * How what is wrong with a file is said: one line, its place, nothing that a terminal obeys.
 * Formats are found by xgettext where these functions are called, and in N_(). */
#pragma once

#include "conf/tree.h"

#include <icmpkit/conf.h>

/* Marks a text that is said by way of a table or a variable. */
#define N_(text) text

/* A text of ours in the language of the fault; what has no translation, as it is. */
const char *ik_say_in(const struct ik_conf_fault *fault, const char *text);
/* Fills *fault with the place of `at` (NULL: of no place in the file) and the text. Returns
 * IK_E_VALUE. */
__attribute__((format(printf, 3, 4))) enum ik_err
ik_say_at(struct ik_conf_fault *fault, const struct ik_tree_node *at, const char *fmt, ...);
/* The same with a place by numbers, and an error of the caller's, which it returns. */
__attribute__((format(printf, 5, 6))) enum ik_err ik_say_place(struct ik_conf_fault *fault,
                                                               enum ik_err err, unsigned line,
                                                               unsigned column, const char *fmt,
                                                               ...);
/* "out of memory"; returns IK_E_NOMEM. */
enum ik_err ik_say_nomem(struct ik_conf_fault *fault);
/* The first names of n, with commas between, and "..." where there are more. Returns buf. */
const char *ik_say_names(char *buf, size_t size, const char *(*get)(const void *ctx, size_t i),
                         const void *ctx, size_t n);
