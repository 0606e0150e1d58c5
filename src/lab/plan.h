/* SPDX-License-Identifier: MIT
 * What a lab file says beside nodes and links: routes that override, events in time, traffic. */
#pragma once

#include "lab/model.h"

/* Each reads a list; addresses are assigned. What is of nodes or links that are left out is left
 * out as well, and all traffic where the machine is the vantage. */
IK_MUST_USE enum ik_err ik_plan_routes(struct ik_model *m, const struct ik_tree_node *list);
IK_MUST_USE enum ik_err ik_plan_events(struct ik_model *m, const struct ik_tree_node *list);
IK_MUST_USE enum ik_err ik_plan_traffic(struct ik_model *m, const struct ik_tree_node *list);
