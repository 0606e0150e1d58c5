/* SPDX-License-Identifier: MIT
 * errno becomes an ik_err here and nowhere else in this room. */
#pragma once

#include "icmpkit/base.h"

/* What an errno of socket(), setsockopt(), bind() or connect() means to who opens a link. */
enum ik_err ik_errmap_open(int err);
/* What an errno of a send, or of the error queue, means for the packet that it is about. EPERM is a
 * local filter (netfilter's verdict on output), EACCES a prohibition by route or by a router. */
enum ik_err ik_errmap_send(int err);
