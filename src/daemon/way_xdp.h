/* SPDX-License-Identifier: MIT
 * Enforcing by an XDP program at one interface. */
#pragma once

#include "daemon/way.h"

/* Attaches the program, in place of one that lingers, and gives up all privileges of this process.
 * On success *out is the caller's, ended by its close. IK_E_EXISTS: another guard enforces there,
 * or, then `why` says so, a program that is not ours is attached; IK_E_ACCESS: it may not;
 * IK_E_IFACE: no such interface; IK_E_UNSUPPORTED: not for this interface, or this kernel;
 * IK_E_SYSTEM, IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_way_xdp_open(struct ik_way **out, uint32_t ifindex,
                                        char why[static IK_ENFORCE_TEXT]);
/* Stays until the time of all orders is over, or the next guard wants the place. */
void ik_way_xdp_linger(struct ik_way *way);
