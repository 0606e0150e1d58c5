/* SPDX-License-Identifier: MIT
 * Leases of IPv6 flow labels. */
#pragma once

#include "icmpkit/base.h"

/* Leases `label` (20 bits) on the socket, towards peer or, with family 0, the loopback address (the
 * kernel asks for one, and does not hold senders to it), and makes it send labels. IK_E_EXISTS when
 * somebody has it for himself, IK_E_VALUE, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_flow_lease(int fd, uint32_t label, const struct ik_addr *peer);
