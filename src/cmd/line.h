/* SPDX-License-Identifier: MIT
 * Lines of text that may hold addresses with names. A line whose names are still being looked up
 * waits, and those after it wait behind it, so that the order stays; never for long. */
#pragma once

#include "hostname.h"
#include "out.h"

struct ik_line;

/* Addresses stay numbers until ik_line_resolve. */
IK_MUST_USE enum ik_err ik_line_new(struct ik_line **out, struct ik_out *to);
void ik_line_free(struct ik_line *t);
/* From now on ik_line_host asks for names; NULL: no more. */
void ik_line_resolve(struct ik_line *t, struct ik_hostnames *names);
/* From now on an address whose name was looked up in vain is shown as its own: "number (number)",
 * as traceroute has it. */
void ik_line_pair(struct ik_line *t);

/* Append to the piece of text under construction. */
void ik_line_str(struct ik_line *t, const char *text);
__attribute__((format(printf, 2, 3))) void ik_line_fmt(struct ik_line *t, const char *fmt, ...);
void ik_line_u64(struct ik_line *t, uint64_t v);
/* Microseconds as "0.028": whole, point, three digits. */
void ik_line_us3(struct ik_line *t, int64_t us);
/* A round trip as iputils rounds it: four figures, "0.028", "1.23", "12.3", "123". */
void ik_line_rtt(struct ik_line *t, ik_ns rtt);
/* The name of an interface, escaped. */
void ik_line_iface(struct ik_line *t, const char *name);
/* An address as a number. */
void ik_line_addr(struct ik_line *t, const struct ik_addr *addr);
/* An address as "name (number)" when it has a name, else as a number. */
void ik_line_host(struct ik_line *t, const struct ik_addr *addr);
/* A record of n bytes of JSON, with the name of `addr` as a member more at byte `at`, if it has
 * one. */
void ik_line_json(struct ik_line *t, const char *record, size_t n, size_t at,
                  const struct ik_addr *addr);
/* Ends the piece (a line or several): it is written when its names are settled. */
void ik_line_end(struct ik_line *t, struct ik_now now);

/* Writes what waits and is settled by now. Returns when to call again, IK_NEVER when nothing waits.
 */
ik_ns ik_line_settle(struct ik_line *t, struct ik_now now);
/* Writes everything, names or not. */
void ik_line_finish(struct ik_line *t);
