/* SPDX-License-Identifier: MIT
 * Numbers and times as text, without stdio and without a locale: machine output is the same
 * everywhere. All that put append to a bounded writer; what does not fit sets its `overflow`. All
 * that write do so in place, where the caller has made sure of room, and return where they ended.
 */
#pragma once

#include "base/wr.h"

/* Appends a string without its terminator. */
static inline void ik_fmt_put_text(struct ik_wr *w, const char *text)
{
    ik_wr_put(w, (struct ik_rd){(const uint8_t *)text, strlen(text)});
}
/* A decimal number of at most IK_FMT_U64 digits; i64 with a sign before it. */
enum { IK_FMT_U64 = 20, IK_FMT_I64 = 1 + IK_FMT_U64 };
uint8_t *ik_fmt_write_u64(uint8_t *at, uint64_t v);
uint8_t *ik_fmt_write_i64(uint8_t *at, int64_t v);
/* Two lower-case hexadecimal digits a byte. */
uint8_t *ik_fmt_write_hex(uint8_t *at, struct ik_rd bytes);
/* As ik_fmt_put_time, always so long. */
enum { IK_FMT_TIME = 30 };
uint8_t *ik_fmt_write_time(uint8_t *at, ik_ns real);

/* Appends a decimal number. */
void ik_fmt_put_u64(struct ik_wr *w, uint64_t v);
void ik_fmt_put_i64(struct ik_wr *w, int64_t v);
/* Appends two lower-case hexadecimal digits a byte. */
void ik_fmt_put_hex(struct ik_wr *w, struct ik_rd bytes);
/* Appends v / 10^scale with exactly `digits` decimals, rounded half away from zero: 45123 ns with
 * scale 6 and 3 digits is "0.045" ms. No decimal point for 0 digits, no "-0". Both at most 18. */
void ik_fmt_put_fixed(struct ik_wr *w, int64_t v, unsigned scale, unsigned digits);
/* Appends a ratio of 0 to 1 with up to 12 decimals, without trailing zeros: "0", "0.25", "1". What
 * lies outside is moved to the nearer end; not-a-number counts as 0. */
void ik_fmt_put_ratio(struct ik_wr *w, double v);
/* Appends an instant since 1970-01-01 UTC as RFC 3339 section 5.6 with nanoseconds:
 * "2026-11-21T18:00:00.000000001Z". Every value of ik_ns has a four-digit year (1677 to 2262). */
void ik_fmt_put_time(struct ik_wr *w, ik_ns real);
