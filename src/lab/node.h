/* SPDX-License-Identifier: MIT
 * Nodes of a lab file: their kind, and all that they do otherwise than the standards say. */
#pragma once

#include "lab/model.h"

/* Reads `nodes`: a map from names to what they are. */
IK_MUST_USE enum ik_err ik_node_read_all(struct ik_model *m, const struct ik_tree_node *nodes);
