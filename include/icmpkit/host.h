/* SPDX-License-Identifier: MIT
 * The machine below us: clock, entropy, privileges, signals, interfaces and routes, names. */
#pragma once

#include <icmpkit/base.h>

/* The only reading of clocks: both, close together. */
struct ik_now ik_clock_now(void);
/* Offset of local time from UTC at that instant, in seconds (for -D and ISO times). */
int32_t ik_clock_utc_offset(ik_ns real);

/* Fills n bytes from the kernel's generator. IK_E_SYSTEM when it has none. */
IK_MUST_USE enum ik_err ik_entropy(void *out, size_t n);

/* Privileges. `drop` gives up every capability and setuid identity for good (after the sockets are
 * open); `start` is called before anything is parsed: with AT_SECURE and a verb that may not use
 * file capabilities it drops them at once. `has_net_raw` tells whether raw sockets can be opened.
 */
IK_MUST_USE enum ik_err ik_priv_drop(void);
bool ik_priv_has_net_raw(void);
bool ik_priv_is_root(void);        /* real uid 0 */
bool ik_priv_is_secure_exec(void); /* AT_SECURE: file capabilities or setuid */

/* Signals as a source: SIGINT, SIGTERM, SIGQUIT, SIGALRM-free. `take` returns the next one or 0. */
struct ik_signals;
IK_MUST_USE enum ik_err ik_signals_open(struct ik_signals **out);
struct ik_source *ik_signals_source(struct ik_signals *s);
void ik_signals_on(struct ik_signals *s, void (*fn)(void *ctx, int signo, struct ik_now now),
                   void *ctx);
void ik_signals_close(struct ik_signals *s);

/* Names, asynchronously (c-ares): a source with a callback per look-up. */
struct ik_names;
struct ik_names_answer {
    enum ik_err err;             /* IK_E_NOT_FOUND: no such name; IK_E_TIMEOUT; ... */
    const char *error_text;      /* the resolver's words, static */
    const struct ik_addr *addrs; /* forward: n addresses in the order to try (RFC 6724) */
    size_t n;
    const char *name; /* forward: canonical name or NULL; reverse: the name or NULL; escaped by the
                         caller before it is shown */
};
typedef void ik_names_fn(void *ctx, struct ik_now now, const struct ik_names_answer *answer);
/* Nothing of c-ares is started before the first look-up. */
IK_MUST_USE enum ik_err ik_names_open(struct ik_names **out);
struct ik_source *ik_names_source(struct ik_names *n);
/* family 4, 6, or 0 for both. The callback may run before this returns (hosts file). */
IK_MUST_USE enum ik_err ik_names_forward(struct ik_names *n, const char *name, uint8_t family,
                                         ik_names_fn *fn, void *ctx);
IK_MUST_USE enum ik_err ik_names_reverse(struct ik_names *n, const struct ik_addr *addr,
                                         ik_names_fn *fn, void *ctx);
size_t ik_names_pending(const struct ik_names *n);
void ik_names_close(struct ik_names *n);

/* Interfaces and routes, read once. */
IK_MUST_USE enum ik_err ik_iface_index(const char *name, uint32_t *out);
IK_MUST_USE enum ik_err ik_iface_name(uint32_t index, char out[static 16]);
/* Which source the kernel would use, whether there is a route at all (IK_E_NO_ROUTE), whether the
 * destination is a broadcast address, and the MTU of the route. */
struct ik_route {
    struct ik_addr source;
    uint32_t ifindex, mtu;
    bool broadcast;
};
IK_MUST_USE enum ik_err ik_route_get(const struct ik_addr *dst, const struct ik_addr *src,
                                     uint32_t ifindex, uint32_t mark, struct ik_route *out);

/* Kernel release ("6.1.0-18-amd64"); writes at most cap bytes with terminator. */
const char *ik_host_kernel(char *buf, size_t cap);
