/* SPDX-License-Identifier: MIT
 * Routes of a lab: shortest paths by the costs of links, all equal ones shared, of every node to
 * every prefix; then what `routes` of the file says instead. */
#pragma once

#include "lab/model.h"

/* Fills routes of all nodes, and `reached` of the prefixes. Addresses are assigned, and overrides
 * sorted by node. IK_E_NOMEM; IK_E_VALUE for more than IK_MODEL_ROUTES_MAX. */
IK_MUST_USE enum ik_err ik_paths_find(struct ik_model *m);
/* True when a prefix is what packets of that family to anywhere match. */
static inline bool ik_paths_is_default(const struct ik_prefix *p, unsigned family)
{
    return p->bits == 0 && p->addr.family == (family ? 6 : 4);
}
