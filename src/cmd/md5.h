/* SPDX-License-Identifier: MIT
 * MD5 (RFC 1321), only because node information group addresses are made with it (RFC 4620 section
 * 5). Never for anything that must resist anybody. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The digest of at most 55 bytes: a single block. */
enum { IK_MD5_MOST = 55 };
void ik_md5_short(const uint8_t *bytes, size_t n, uint8_t out[static 16]);
