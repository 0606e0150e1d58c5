/* SPDX-License-Identifier: MIT
 * Unpacks gzip (RFC 1952), any number of members, as it comes: memory does not depend on how much
 * comes out. */
#pragma once

#include "icmpkit/base.h"

struct ik_gunzip;

/* NULL when there is no memory, or no zlib in this build (see ik_gunzip_have). */
struct ik_gunzip *ik_gunzip_new(void);
void ik_gunzip_free(struct ik_gunzip *g);
/* False: this build cannot unpack. */
bool ik_gunzip_have(void);
/* Unpacks from *in to at most cap bytes at `out`; *n is how many came out, perhaps 0 when all input
 * was taken. IK_E_VALUE: the data is damaged. Zeros behind the last member are padding. */
IK_MUST_USE enum ik_err ik_gunzip_take(struct ik_gunzip *g, struct ik_rd *in, uint8_t *out,
                                       size_t cap, size_t *n);
/* True when the input may end here. */
bool ik_gunzip_may_end(const struct ik_gunzip *g);
