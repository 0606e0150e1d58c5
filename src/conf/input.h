/* SPDX-License-Identifier: MIT
 * Files, read whole into memory. */
#pragma once

#include "conf/arena.h"

#include <icmpkit/base.h>
#include <icmpkit/conf.h>

/* All of a file of at most `most` bytes, into the arena. IK_E_NOT_FOUND, IK_E_ACCESS, IK_E_SYSTEM,
 * IK_E_NOMEM, IK_E_VALUE for a longer one; then *fault says what, without the path. */
IK_MUST_USE enum ik_err ik_input_read(struct ik_arena *arena, const char *path, size_t most,
                                      struct ik_rd *out, struct ik_conf_fault *fault);
