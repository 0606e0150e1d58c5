/* SPDX-License-Identifier: MIT
 * Text of a lab: its table of nodes and links, and its graph. The functions are those of
 * <icmpkit/lab.h>. */
#pragma once

#include "lab/model.h"

void ik_show_table(const struct ik_model *m, const char *title, ik_lab_put_fn *put, void *ctx);
void ik_show_dot(const struct ik_model *m, const char *title, ik_lab_put_fn *put, void *ctx);
