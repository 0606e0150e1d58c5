/* SPDX-License-Identifier: MIT
 * Enforcing by nftables. */
#pragma once

#include "daemon/way.h"

/* Starts nft(8), gives up all privileges of this process, and makes our table. `keep`: it stays
 * when nft ends. On success *out is the caller's, ended by its close. IK_E_NOT_FOUND: there is no
 * nft; IK_E_ACCESS: it may not; IK_E_EXISTS: the table of another process stands; IK_E_VALUE: nft
 * refused; IK_E_SYSTEM, IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_way_nft_open(struct ik_way **out, bool keep,
                                        char why[static IK_ENFORCE_TEXT]);
