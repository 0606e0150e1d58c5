/* SPDX-License-Identifier: MIT
 * SHA-1 (FIPS 180-4 section 6.1), only because community ids are made with it. Never for anything
 * that must resist anybody. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The digest of at most 55 bytes: a single block. */
enum { IK_SHA1_MOST = 55, IK_SHA1_BYTES = 20 };
void ik_sha1_short(const uint8_t *bytes, size_t n, uint8_t out[static IK_SHA1_BYTES]);
