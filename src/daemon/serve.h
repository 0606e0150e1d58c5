/* SPDX-License-Identifier: MIT
 * The other end of a warden's socket: what its process does all its life. */
#pragma once

#include "daemon/warden.h"
#include "daemon/way.h"

/* Spares who is spared, says that it begins, and carries out what it is asked and may: until the
 * socket `fd` or the way ends. Who is spared from then on is added to `spared`. */
void ik_serve_orders(int fd, struct ik_way *way, struct ik_spared spared[static IK_SPARED_MAX],
                     size_t n_spared);
/* Says that it cannot begin, and why. */
void ik_serve_refuse(int fd, enum ik_err err, const char why[static IK_ENFORCE_TEXT]);
