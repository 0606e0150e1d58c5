/* SPDX-License-Identifier: MIT
 * The key `errors` of a node: which ICMP errors it sends, how many, from where, with what. */
#pragma once

#include "conf/keys.h"

#include <icmpkit/stack.h>

/* `errors: off`, or a map; into the node's options. */
IK_MUST_USE enum ik_err ik_node_errors_read(const struct ik_keys_ctx *ctx,
                                            const struct ik_tree_node *value,
                                            struct ik_stack_options *out);
