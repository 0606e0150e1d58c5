/* SPDX-License-Identifier: MIT
 * Keys of a node that are objects of their own: NAT, PROBE, router advertisement, answers. */
#pragma once

#include "lab/model.h"

/* `nat: {outside: NODE, ...}`; which port that is, is found when the links are known. */
IK_MUST_USE enum ik_err ik_node_services_nat(const struct ik_keys_ctx *ctx,
                                             const struct ik_tree_node *value,
                                             struct ik_model_node *node);
IK_MUST_USE enum ik_err ik_node_services_probe(const struct ik_keys_ctx *ctx,
                                               const struct ik_tree_node *value,
                                               struct ik_stack_options *out);
/* `router_advertisement: on` for both families, or a map. */
IK_MUST_USE enum ik_err ik_node_services_advertise(const struct ik_keys_ctx *ctx,
                                                   const struct ik_tree_node *value,
                                                   struct ik_stack_options *out);
IK_MUST_USE enum ik_err ik_node_services_answers(const struct ik_keys_ctx *ctx,
                                                 const struct ik_tree_node *value,
                                                 struct ik_stack_options *out);
