/* SPDX-License-Identifier: MIT
 * The machine below us: clock, entropy, privileges, signals, interfaces and routes, names,
 * namespaces. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/net.h>

/* The only reading of clocks: both, close together (less than a microsecond apart unless the
 * machine is busy throughout). */
struct ik_now ik_clock_now(void);
/* Offset of local time from UTC at that instant, in seconds (for -D and ISO times). */
int32_t ik_clock_utc_offset(ik_ns real);

/* Fills n bytes from the kernel's generator. IK_E_SYSTEM when it has none. */
IK_MUST_USE enum ik_err ik_entropy(void *out, size_t n);
/* Fills n bytes with what follows from the seed, the same on every machine: for what has to be
 * repeatable, and is no secret then. */
void ik_entropy_seeded(uint64_t seed, void *out, size_t n);

/* Gives up every capability and setuid identity for good: no set*id call, capset or exec brings one
 * back. Called after the sockets are open; a verb that may not use file capabilities calls it
 * before it parses anything where ik_priv_is_secure_exec(). IK_E_SYSTEM when something was left: do
 * not go on. */
IK_MUST_USE enum ik_err ik_priv_drop(void);
/* The same for all but CAP_NET_ADMIN, where that was held: for a verb that makes interfaces as what
 * it parses says. ik_priv_drop is to follow. IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_priv_keep_net_admin(void);
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
/* One more signal (SIGHUP, say) that comes that way instead of ending the process. IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_signals_also(struct ik_signals *s, int signo);
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

/* One interface, for lists of them. */
struct ik_iface {
    uint32_t index;
    char name[16];
    bool up, running; /* switched on; has a carrier */
    bool loopback;
    uint16_t device; /* ARPHRD_* */
};
/* Calls fn for every interface of the namespace, by rising index. IK_E_SYSTEM: the kernel does not
 * say; IK_E_NOMEM; then fn was not called. */
IK_MUST_USE enum ik_err ik_iface_each(void (*fn)(void *ctx, const struct ik_iface *iface),
                                      void *ctx);

/* One address of an interface, and how long its network's prefix is. */
struct ik_iface_addr {
    char name[16];
    bool loopback;
    struct ik_addr addr;
    uint8_t bits;
};
/* Calls fn for every address of every interface that is up. IK_E_SYSTEM: the kernel does not say;
 * then fn was not called. */
IK_MUST_USE enum ik_err ik_iface_each_addr(void (*fn)(void *ctx, const struct ik_iface_addr *addr),
                                           void *ctx);

/* Calls fn for each router that a route of the machine leads through, and the interface towards it;
 * the same router may come several times. IK_E_SYSTEM: the kernel does not say, or not all. */
IK_MUST_USE enum ik_err ik_route_each_router(void (*fn)(void *ctx, const struct ik_addr *router,
                                                        uint32_t ifindex),
                                             void *ctx);

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

/* ---- interfaces that we made ------------------------------------------------------------------
 */

/* All need CAP_NET_ADMIN over the namespace (IK_E_ACCESS) and the interface (IK_E_IFACE); what was
 * set is gone with the interface. Others: IK_E_SYSTEM, IK_E_NOMEM. Where the kernel has no IPv6,
 * its addresses and routes are left out. */

struct ik_netif_addr {
    struct ik_addr addr;
    uint8_t bits; /* of its network, which is then on the link */
};
IK_MUST_USE enum ik_err ik_netif_up(const char *name);
/* Waits until frames can leave by an interface that is up: what is sent before the kernel has dealt
 * with the carrier of a pair whose other end came up, some milliseconds later when the machine is
 * busy, is lost without a word. False when 2 s were not enough. */
bool ik_netif_await(const char *name);
/* Adds addresses, usable at once: nobody else has them. IK_E_EXISTS. */
IK_MUST_USE enum ik_err ik_netif_address(const char *name, const struct ik_netif_addr *addrs,
                                         size_t n);
/* Adds a route to that network (bits 0: the default route) by a router; `via` of family 0: on the
 * link. IK_E_EXISTS, IK_E_NO_ROUTE: `via` is not on the link. */
IK_MUST_USE enum ik_err ik_netif_route(const char *name, const struct ik_prefix *to,
                                       const struct ik_addr *via);
/* Tells where a neighbour is, for good: it is never asked for. */
IK_MUST_USE enum ik_err ik_netif_neighbour(const char *name, const struct ik_addr *addr,
                                           const uint8_t mac[static 6]);
/* Frames leave as they are on the wire: no checksum and no segmentation is left to a card. */
IK_MUST_USE enum ik_err ik_netif_plain(const char *name);
/* Writes a setting below /proc/sys/net of the namespace; false when it could not. */
bool ik_netif_set(const char *key, const char *value);
/* IK_E_EXISTS when an address or a route of the machine lies in that prefix or around it, *with is
 * then which; default routes, also halved ones, are around everything and do not count, nor do
 * multicast, link-local and loopback. IK_E_SYSTEM: the kernel does not say. */
IK_MUST_USE enum ik_err ik_netif_collision(const struct ik_prefix *prefix, struct ik_prefix *with);

/* ---- namespaces ------------------------------------------------------------------------------ */

/* A command in a network of its own, without privilege: it is root of a user namespace of the
 * caller's, has lo and eth0, the addresses and default routes that are given, datagram ICMP
 * sockets, and the names of `hosts` as far as the machine lets them be put in place. */
struct ik_netns_cfg {
    const char *const *argv; /* ended by NULL; argv[0] is found by PATH */
    uint8_t mac[6];          /* of eth0 */
    uint32_t mtu;
    const struct ik_netif_addr *addrs;
    size_t n_addrs;
    struct ik_addr gateway4, gateway6; /* family 0: none */
    const char *hosts; /* lines of a hosts file, NULL: names are those of the machine */
};
struct ik_netns;
/* Moves this process into namespaces of its own (for good, and also where this fails) and prepares
 * the command in others, joined by a veth pair whose near end is here, up and without addresses.
 * This process must have a single thread. cfg is read here only. On success *out is the caller's,
 * ended by ik_netns_close. IK_E_ACCESS: forbidden; IK_E_UNSUPPORTED: not in this kernel; ...; *step
 * then says what could not be made, static: "a user namespace". */
IK_MUST_USE enum ik_err ik_netns_open(struct ik_netns **out, const struct ik_netns_cfg *cfg,
                                      const char **step);
/* Which setting of the machine forbids user namespaces, in words; NULL: none that is known. */
const char *ik_netns_forbidden(void);
/* The near end's name. */
const char *ik_netns_interface(const struct ik_netns *n);
/* Lets the command begin. IK_E_NOT_FOUND, IK_E_ACCESS, ...: it cannot be executed. */
IK_MUST_USE enum ik_err ik_netns_run(struct ik_netns *n);
/* Tells of the end of the command; lives as long as n. */
struct ik_source *ik_netns_source(struct ik_netns *n);
void ik_netns_on_end(struct ik_netns *n, void (*fn)(void *ctx, struct ik_now now), void *ctx);
/* True when it has ended: *out is its exit status, 128 and the signal that ended it. */
bool ik_netns_status(const struct ik_netns *n, int *out);
void ik_netns_signal(const struct ik_netns *n, int signo);
/* Kills the command if it still runs. */
void ik_netns_close(struct ik_netns *n);

/* ---- rules and a place to try them ----------------------------------------------------------- */

/* Runs nft(8) with these arguments (argv[0] "nft", ended by NULL) in the network namespace of the
 * caller, gives it `input` on its standard input and waits. *out (NULL: not wanted) is what it
 * printed, terminated, the caller's to free. IK_E_NOT_FOUND: there is no nft; IK_E_VALUE: it
 * refused, `why` is what it said, unescaped; IK_E_NOMEM, IK_E_SYSTEM. */
enum { IK_NFT_TEXT = 1024 };
IK_MUST_USE enum ik_err ik_nft_run(const char *const *argv, struct ik_rd input, char **out,
                                   char why[static IK_NFT_TEXT]);

/* nft(8) that is kept running and told a line at a time. A table with the flag `owner` that it
 * makes is removed by the kernel when it ends, however that comes about. */
struct ik_nft;
/* Starts it, in the network namespace of the caller and with the capabilities that are effective
 * now. On success *out is the caller's, ended by ik_nft_close. IK_E_NOMEM, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_nft_open(struct ik_nft **out);
/* Tells it one line (commands between ';' are one transaction) and waits for the answer, 10 s at
 * most. *answer (NULL: not wanted) is what it printed, JSON where it printed any, borrowed until
 * the next line. IK_E_VALUE: it refused, and `why` is why, a line, unescaped; IK_E_TIMEOUT: it does
 * not answer; IK_E_NOT_FOUND: there is no nft; IK_E_SYSTEM: it has ended. After the last three it
 * is of no use any more. */
IK_MUST_USE enum ik_err ik_nft_say(struct ik_nft *n, const char *line, const char **answer,
                                   char why[static IK_NFT_TEXT]);
/* For poll(2): POLLHUP when it has ended. */
int ik_nft_fd(const struct ik_nft *n);
void ik_nft_close(struct ik_nft *n);

/* A firewall of the kernel's in a network of our own, between an outside and an inside: where a
 * rule set can be tried on packets that nobody else ever sees.
 *
 *   outside .9 --- [192.0.2.1  firewall  198.51.100.1] --- .9 inside
 *        2001:db8:1::9   ::1              ::1   2001:db8:2::9
 *   link-local: fe80::109 and fe80::101, fe80::201 and fe80::209 */
enum ik_passage_place { IK_PASSAGE_OUTSIDE, IK_PASSAGE_INSIDE, IK_PASSAGE_FIREWALL };

struct ik_passage_cfg {
    const char *rules;            /* a script for nft */
    const char *outside, *inside; /* names of the firewall's interfaces, which rules may speak of */
    const char *const *others;    /* more names that must exist, ended by NULL; may be NULL */
    bool bridge;                  /* it forwards frames, not packets */
};
struct ik_passage;
/* Moves this process into namespaces of its own, for good; without privilege a user namespace is
 * among them, so call it late. This process must have a single thread. On success *out is the
 * caller's, ended by ik_passage_close. IK_E_ACCESS: namespaces are forbidden; IK_E_VALUE: nft
 * refused the rules, `why` says so; IK_E_NOT_FOUND: there is no nft; IK_E_UNSUPPORTED: the kernel
 * lacks a part; IK_E_SYSTEM, IK_E_NOMEM. *step is what could not be made, static. */
IK_MUST_USE enum ik_err ik_passage_open(struct ik_passage **out, const struct ik_passage_cfg *cfg,
                                        const char **step, char why[static IK_NFT_TEXT]);
/* The address of a place: of the firewall, that of its outer interface. */
struct ik_addr ik_passage_addr(enum ik_passage_place place, uint8_t family, bool link_local);
/* Puts an IP packet on the link that the place (outside or inside) has to the firewall, towards it;
 * through a bridge towards the other side. IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_passage_put(struct ik_passage *p, enum ik_passage_place from,
                                       struct ik_rd packet);
/* The firewall itself sends a UDP datagram from a port of its own to the outside. IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_passage_speak(struct ik_passage *p, uint8_t family, uint16_t port);
/* The firewall itself sends an echo request with that identifier to the outside. IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_passage_ask(struct ik_passage *p, uint8_t family, uint16_t ident);
/* The next packet that arrives at the place, from its IP header on, copied to buf; 0 when none came
 * `within`. At the firewall: ICMP that its rules let in; its IPv6 header is not told there, so an
 * ICMPv6 message comes without. */
size_t ik_passage_take(struct ik_passage *p, enum ik_passage_place at, uint8_t family, ik_ns within,
                       uint8_t *buf, size_t cap);
void ik_passage_close(struct ik_passage *p);

/* Kernel release ("6.1.0-18-amd64"); writes at most cap bytes with terminator. Returns buf. */
const char *ik_host_kernel(char *buf, size_t cap);

/* Occupies those of the descriptors 0, 1 and 2 that are closed with one that refuses its use, so
 * that no socket gets their number and what is meant for people is not sent into a network. To be
 * called before anything is opened. False when that cannot be had. */
bool ik_host_hold_standard(void);
