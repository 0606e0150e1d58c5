/* SPDX-License-Identifier: MIT
 * A user namespace of the caller's own, in which he is root: what makes networks of one's own
 * possible without privilege. */
#pragma once

#include <icmpkit/base.h>

/* Moves this process into one, and into a network namespace. It must have a single thread. *step is
 * what was being made, static. IK_E_ACCESS: forbidden; IK_E_UNSUPPORTED: not in this kernel; ... */
IK_MUST_USE enum ik_err ik_userns_enter(const char **step);
/* What an errno of unshare(2), setns(2) or execve(2) means. */
enum ik_err ik_userns_err(int err_no);
