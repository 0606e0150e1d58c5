/* SPDX-License-Identifier: MIT
 * Numbers with units as people write them. All take the whole text or nothing: false, and *out
 * is untouched. */
#pragma once

#include <icmpkit/base.h>

/* "12", and "0x1f" too; at most max. */
IK_MUST_USE bool ik_units_int(const char *text, int64_t min, int64_t max, int64_t *out);
/* "500us", "1.5ms", "-2s", "3min", "1h", "10ns"; "0" needs no unit. */
IK_MUST_USE bool ik_units_time(const char *text, ik_ns *out);
/* "1%", "0.1%", "100%", "0": parts of 2^32, all of it being 2^32 - 1. */
IK_MUST_USE bool ik_units_ratio(const char *text, int64_t *out);
/* "90%": a whole number of hundredths, of any size. */
IK_MUST_USE bool ik_units_percent(const char *text, int64_t *out);
/* "10Mbit", "64kbit", "1.5Gbit", "9600bit": bits a second. */
IK_MUST_USE bool ik_units_bitrate(const char *text, int64_t *out);
/* "1500", "4096B", "64kB", "4MB", "1GB" (thousands), "64KiB", "4MiB", "1GiB" (of 1024). */
IK_MUST_USE bool ik_units_bytes(const char *text, int64_t *out);
/* "100/s", "0.5/s", "30/min", "10/h": in a thousand seconds. */
IK_MUST_USE bool ik_units_rate(const char *text, int64_t *out);
/* The same where it is a whole number a second: "100/s", "120/min"; a second. */
IK_MUST_USE bool ik_units_per_second(const char *text, int64_t *out);
/* "on", "off", "true", "false", "yes", "no". */
IK_MUST_USE bool ik_units_flag(const char *text, bool *out);
/* As ik_units_time and ik_units_bytes read it, with the largest unit that needs no decimals. Return
 * buf. */
const char *ik_units_time_text(ik_ns v, char buf[static 32]);
const char *ik_units_bytes_text(int64_t v, char buf[static 32]);
