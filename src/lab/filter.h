/* SPDX-License-Identifier: MIT
 * Rules of filters, and of what a NAT forbids its inside. */
#pragma once

#include "conf/keys.h"

#include <icmpkit/stack.h>

/* Reads a list of rules into the arena. */
IK_MUST_USE enum ik_err ik_filter_read(const struct ik_keys_ctx *ctx,
                                       const struct ik_tree_node *list,
                                       struct ik_stack_filter_rule **out, uint16_t *n);
