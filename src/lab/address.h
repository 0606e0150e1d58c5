/* SPDX-License-Identifier: MIT
 * Who has which address in a lab: interfaces, their order, what is public, what clashes. */
#pragma once

#include "lab/model.h"

/* Leaves out what only stands in for public addresses (m->external), numbers the ports of nodes,
 * makes their interfaces, and fills m->owners and m->prefixes. A fault where addresses or nets
 * clash, a node has too many links, or a public address is not said to be simulated. */
IK_MUST_USE enum ik_err ik_address_assign(struct ik_model *m);
/* The entry of an address, NULL when no interface has it. */
const struct ik_model_owner *ik_address_owner(const struct ik_model *m, const struct ik_addr *a);
/* The prefix that the address lies in, NULL when none. */
const struct ik_model_prefix *ik_address_prefix(const struct ik_model *m, const struct ik_addr *a);
/* True when strangers may have the address: neither private, documentation, shared, benchmarking,
 * link-local nor otherwise set aside (RFC 6890 and the registries of it). */
bool ik_address_is_public(const struct ik_addr *a);
/* True when it stands in for a public one. */
bool ik_address_is_simulated(const struct ik_model *m, const struct ik_addr *a);
