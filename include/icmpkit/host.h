/* SPDX-License-Identifier: MIT
 * The machine below us: clock, entropy, privileges, signals, interfaces and routes, names. */
#pragma once

#include <icmpkit/base.h>

/* The only reading of clocks: both, close together (less than a microsecond apart unless the
 * machine is busy throughout). */
struct ik_now ik_clock_now(void);
/* Offset of local time from UTC at that instant, in seconds (for -D and ISO times). */
int32_t ik_clock_utc_offset(ik_ns real);

/* Fills n bytes from the kernel's generator. IK_E_SYSTEM when it has none. */
IK_MUST_USE enum ik_err ik_entropy(void *out, size_t n);

/* Gives up every capability and setuid identity for good: no set*id call, capset or exec brings one
 * back. Called after the sockets are open; a verb that may not use file capabilities calls it
 * before it parses anything where ik_priv_is_secure_exec(). IK_E_SYSTEM when something was left: do
 * not go on. */
IK_MUST_USE enum ik_err ik_priv_drop(void);
/* CAP_NET_RAW is effective: raw sockets can be opened. */
bool ik_priv_has_net_raw(void);
/* The real user is root. */
bool ik_priv_is_root(void);
/* AT_SECURE: started with file capabilities or setuid. */
bool ik_priv_is_secure_exec(void);

/* SIGINT, SIGTERM and SIGQUIT as a source, and SIGPIPE ignored, from open to close; one at a time
 * in a process. On success *out is the caller's, ended by ik_signals_close(), which restores what
 * was before. IK_E_NOMEM, IK_E_SYSTEM. */
struct ik_signals;
IK_MUST_USE enum ik_err ik_signals_open(struct ik_signals **out);
/* What to give to the loop; lives as long as s. */
struct ik_source *ik_signals_source(struct ik_signals *s);
/* Who is called for each signal, from the source's ready(). */
void ik_signals_on(struct ik_signals *s, void (*fn)(void *ctx, int signo, struct ik_now now),
                   void *ctx);
void ik_signals_close(struct ik_signals *s);

/* Names, asynchronously: the hosts file, then DNS, in the order of nsswitch.conf; a call back per
 * look-up. At most 64 are with the servers at once, the rest waits in order; a silent server costs
 * 9 s unless resolv.conf says otherwise, and never blocks. */
struct ik_names;
struct ik_names_answer {
    enum ik_err err;             /* IK_E_NOT_FOUND: no such name; IK_E_TIMEOUT: no server answered;
                                    IK_E_AGAIN: they refused; ... */
    const char *error_text;      /* in the words of getaddrinfo(3), static; NULL without error */
    const struct ik_addr *addrs; /* forward: n addresses in the order to try (RFC 6724) */
    size_t n;
    const char *name; /* forward: canonical name, NULL for an address; reverse: the name; as the
                         server said it: to be escaped before it is shown */
};
/* The answer is borrowed for the call. It may ask again; it may not close the names. */
typedef void ik_names_fn(void *ctx, struct ik_now now, const struct ik_names_answer *answer);
/* Nothing of the resolver is started before the first name that is no address. On success *out is
 * the caller's, ended by ik_names_close(). IK_E_NOMEM, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_names_open(struct ik_names **out);
/* What to give to the loop; lives as long as n. */
struct ik_source *ik_names_source(struct ik_names *n);
/* Looks up a name, or reads an address: as inet_aton(3) does, IPv6, or with "%interface". `family`
 * 4, 6, or 0 for both. Names beyond ASCII are UTF-8 and need libidn2. `name` is copied. The call
 * back may run before this returns (addresses, hosts file). IK_E_NOMEM: there will be none. */
IK_MUST_USE enum ik_err ik_names_forward(struct ik_names *n, const char *name, uint8_t family,
                                         ik_names_fn *fn, void *ctx);
/* Looks up the name of an address. IK_E_VALUE for one without family, IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_names_reverse(struct ik_names *n, const struct ik_addr *addr,
                                         ik_names_fn *fn, void *ctx);
/* Look-ups whose call back has not run. */
size_t ik_names_pending(const struct ik_names *n);
/* Forgets what is pending; no call back runs. */
void ik_names_close(struct ik_names *n);

/* Interfaces by name and index. IK_E_IFACE when there is none. */
IK_MUST_USE enum ik_err ik_iface_index(const char *name, uint32_t *out);
IK_MUST_USE enum ik_err ik_iface_name(uint32_t index, char out[static 16]);
/* Whether an interface has this address, its scope aside. IK_E_NOT_FOUND: it has not (a name that
 * is no interface's has none); IK_E_SYSTEM: the kernel does not say. */
IK_MUST_USE enum ik_err ik_iface_check_addr(const char *name, const struct ik_addr *addr);
/* The only interface that is up and has an IPv6 link-local address. IK_E_NOT_FOUND: there is none;
 * IK_E_EXISTS: there are several; IK_E_SYSTEM: the kernel does not say. */
IK_MUST_USE enum ik_err ik_iface_only_link(uint32_t *out);

/* What the kernel would do with a packet. */
struct ik_route {
    struct ik_addr source;
    uint32_t ifindex, mtu; /* mtu of the route, learnt path MTU included, in bytes */
    bool broadcast;        /* the destination is a broadcast address */
};
/* Asks the kernel for the route to dst. src NULL or of family 0: it chooses; ifindex 0: any (a
 * scope of dst counts as one); mark 0: none. IK_E_NO_ROUTE: there is none; IK_E_HOST_DOWN,
 * IK_E_ACCESS, IK_E_BLACKHOLE: one of type unreachable, prohibit, blackhole;
 * IK_E_ADDR: src is not ours; IK_E_IFACE: no such interface; IK_E_VALUE: families differ;
 * IK_E_UNSUPPORTED: no such family on this machine. *out is written on success only. */
IK_MUST_USE enum ik_err ik_route_get(const struct ik_addr *dst, const struct ik_addr *src,
                                     uint32_t ifindex, uint32_t mark, struct ik_route *out);

/* Kernel release ("6.1.0-18-amd64"); writes at most cap bytes with terminator. Returns buf. */
const char *ik_host_kernel(char *buf, size_t cap);

/* Occupies those of the descriptors 0, 1 and 2 that are closed with one that refuses its use, so
 * that no socket gets their number and what is meant for people is not sent into a network. To be
 * called before anything is opened. False when that cannot be had. */
bool ik_host_hold_standard(void);
