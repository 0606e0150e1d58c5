/* SPDX-License-Identifier: MIT
 * Links of a lab file: who is joined by which nets, and what happens on the way. */
#pragma once

#include "lab/model.h"

/* Reads `links`: a list. Nodes are known. Gives each end its addresses. */
IK_MUST_USE enum ik_err ik_link_read_all(struct ik_model *m, const struct ik_tree_node *links);
/* Reads the `set` of an event over what the link does already. */
IK_MUST_USE enum ik_err ik_link_read_set(const struct ik_model *m, const struct ik_tree_node *set,
                                         struct ik_sim_impair *over);
/* What is impossible together in one direction ("jitter of more than the delay"). */
IK_MUST_USE enum ik_err ik_link_check(const struct ik_model *m, const struct ik_tree_node *at,
                                      const struct ik_sim_impair *impair);
/* The link of a list of node names, or of a link's name. */
IK_MUST_USE enum ik_err ik_link_of(const struct ik_model *m, const struct ik_tree_node *value,
                                   uint32_t *out);
