/* SPDX-License-Identifier: MIT
 * Filters to sockets. */
#pragma once

#include "link/filter.h"

/* Has the kernel let through what ik_filter_icmp says, and by type before that; throws away what
 * came before the filter. IK_E_UNSUPPORTED, IK_E_NOMEM, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_attach_icmp(int fd, const struct ik_filter_cfg *cfg);
/* The same with ik_filter_tcp. */
IK_MUST_USE enum ik_err ik_attach_tcp(int fd, const struct ik_filter_cfg *cfg);
