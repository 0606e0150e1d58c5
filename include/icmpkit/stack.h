/* SPDX-License-Identifier: MIT
 * A host or a router, IPv4 and IPv6, as an engine over (now, frames): no I/O, no clock, no
 * allocation. Each interface is a port that takes and gives Ethernet frames; one more port, UPPER,
 * is the user of the node: it sends ICMP messages and whole IP packets, and is given what arrives
 * for it. Which duty of which RFC is held where: include/icmpkit/rules.def. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/net.h>

/* Interfaces of one stack; the port of its user. */
enum { IK_STACK_IFACES_MAX = 64, IK_STACK_UPPER = 255 };

/* ---- rules ----------------------------------------------------------------------------------- */

enum ik_rule {
    IK_RULE_NONE,
#define X(symbol, id, rfc, section, level, role, status, reason) IK_RULE_##symbol,
#include <icmpkit/rules.def>
#undef X
    IK_RULE_COUNT
};

/* The id of a rule ("R1812-5.3.1-01"), static; NULL for none. */
const char *ik_rule_id(enum ik_rule rule);

/* ---- memory shared by stacks ----------------------------------------------------------------- */

/* Packet buffers and reassembly, shared by all stacks of one thread: a stack that is driven leaves
 * nothing in it but what waits (queued for a neighbour, in reassembly, not yet accepted). One stack
 * never holds more than a fair part, which its own configuration bounds. */
struct ik_stack_pool;
struct ik_stack_pool_cfg {
    uint32_t buffers;      /* packets that may wait in all; at least 64 */
    uint32_t buffer_bytes; /* of one: Ethernet header and the largest MTU of any interface */
    uint32_t reassemblies; /* datagrams in reassembly at once, 64 KiB each; 0: fragments for us are
                              dropped and counted */
};
size_t ik_stack_pool_bytes(const struct ik_stack_pool_cfg *cfg);
/* `mem` is aligned as malloc's is. IK_E_VALUE. */
IK_MUST_USE enum ik_err ik_stack_pool_init(struct ik_stack_pool **out, void *mem,
                                           const struct ik_stack_pool_cfg *cfg);
/* Buffers in use now: for tests of leaks. */
uint32_t ik_stack_pool_used(const struct ik_stack_pool *pool);

/* ---- configuration --------------------------------------------------------------------------- */

enum ik_stack_kind { IK_STACK_HOST, IK_STACK_ROUTER };

/* How equal routes share traffic. */
enum ik_stack_balance { IK_BALANCE_FLOW, IK_BALANCE_PACKET, IK_BALANCE_DESTINATION };

/* Which address an error comes from. STANDARD: a host's is the address that was spoken to; a
 * router's that of the interface the error leaves by (RFC 1812 section 4.3.2.4). INCOMING: that of
 * the interface the packet came in by (common practice). */
enum ik_stack_from { IK_FROM_STANDARD, IK_FROM_INCOMING, IK_FROM_ADDRESS };

/* Weaknesses of old systems, for the laboratory: what takes a `legacy` node down. */
enum ik_stack_legacy {
    IK_LEGACY_PING_OF_DEATH = 1 << 0, /* a fragment past 65,535 bytes (CVE-1999-0128) */
    IK_LEGACY_TEARDROP = 1 << 1,      /* overlapping fragments (CVE-1999-0015) */
    IK_LEGACY_LAND = 1 << 2,          /* a SYN from itself to itself (CVE-1999-0016) */
};

/* Ways of answering wrongly that are met in the wild, for the laboratory. */
enum ik_stack_odd {
    IK_ODD_QUOTE_CHECKSUM = 1 << 0, /* the quoted IP checksum is that after the decrement */
    IK_ODD_QUOTE_LENGTH = 1 << 1,   /* 4.2BSD: quoted total length has the header added */
    IK_ODD_TTL_COPIED = 1 << 2,     /* errors leave with the TTL of the packet they are about */
    IK_ODD_ZERO_TTL = 1 << 3,       /* forwards packets whose TTL became 0 */
    IK_ODD_BAD_CHECKSUM = 1 << 4,   /* errors carry a wrong ICMP checksum */
    IK_ODD_ECHO_CUT = 1 << 5,       /* echo replies lose their last data byte */
};

enum ik_stack_act { IK_ACT_ACCEPT, IK_ACT_DROP, IK_ACT_REJECT, IK_ACT_REJECT_RESET };

/* One rule of a filter; the first that matches acts. Zero and family 0 members match all. */
struct ik_stack_filter_rule {
    enum ik_stack_act act;
    bool has_reject_code;
    uint8_t reject_code; /* REJECT: code of the unreachable where has_reject_code; else 13, 14 of a
                            rule that looks at precedence, IPv6 1. IPv6 has codes up to 9: 1 instead
                            of one above */
    uint8_t direction;   /* 0 all, 1 forwarded, 2 to this node, 3 from this node */
    uint8_t family;      /* 4, 6, 0 */
    bool has_proto, has_type, has_code, fragments; /* fragments: only parts of datagrams */
    uint8_t proto, type, code;                     /* of ICMP and ICMPv6 where has_type */
    uint8_t precedence_below, precedence_from; /* only packets whose precedence is lower than, at
                                                  least that; 0: not looked at. Such a rule lets
                                                  ICMP errors pass (RFC 1812 section 5.3.3.3) */
    uint16_t port_low, port_high;              /* destination ports; 0, 0: all */
    struct ik_prefix src, dst;                 /* family 0: all */
    uint32_t longer_than;                      /* bytes of the IP packet; 0: all */
};

/* Address and port translation (RFC 4787, 5382, 5508): `outside` is the port with the public
 * address; all other ports are inside. */
struct ik_stack_nat_cfg {
    uint8_t outside;
    uint32_t max_mappings;
    ik_ns query_timeout, udp_timeout, tcp_timeout; /* 0: 60 s, 300 s, 7,440 s */
    ik_ns tcp_open_timeout;             /* of TCP that is not open yet, or no more; 0: 240 s */
    bool filter_by_address;             /* inbound only from where the inside spoke to; else any */
    struct ik_stack_filter_rule *rules; /* what the inside may not do: answered with 3/13 */
    uint32_t n_rules;
};

/* What a source of PROBE may ask: about interfaces of the node (L bit set) or its neighbours, and
 * how it may name them. */
enum ik_stack_probe_what {
    IK_PROBE_LOCAL = 1 << 0,
    IK_PROBE_REMOTE = 1 << 1,
    IK_PROBE_BY_NAME = 1 << 2,
    IK_PROBE_BY_INDEX = 1 << 3,
    IK_PROBE_BY_ADDR = 1 << 4,
};
struct ik_stack_probe_source {
    struct ik_prefix prefix;
    uint8_t what; /* enum ik_stack_probe_what; 0: all that is enabled */
};

/* PROBE (RFC 8335 section 8): off unless `enabled`; then about its own interfaces only, unless
 * `remote`; by nothing, unless by_*; for nobody, unless permitted. */
struct ik_stack_probe_cfg {
    bool enabled, no_local, remote;
    bool by_name, by_index, by_addr;
    const struct ik_stack_probe_source *permitted;
    uint8_t n_permitted;
    uint32_t rate; /* answers a second, 0: 10 */
};

/* What a node is like. Borrowed by the stacks that were made with it, and shared by as many as want
 * to. Zero means the standard behaviour of its kind, unless said. */
struct ik_stack_options {
    enum ik_stack_kind kind;
    /* answers */
    bool no_echo, no_timestamp;
    bool echo_broadcast;     /* answer echo to broadcast and IPv4 multicast */
    bool no_echo_multicast6; /* do not answer ICMPv6 echo to multicast */
    bool mask;               /* authoritative for address masks (RFC 950): off */
    bool mask_learn;         /* take a mask from the first reply */
    ik_ns clock_offset;      /* of timestamps, beside real time */
    /* errors */
    bool silent; /* forwards, answers nothing and says no error */
    bool no_unreachable, no_time_exceeded, no_prohibited; /* suppress that kind */
    uint32_t error_rate, error_burst;         /* a second and destination; 0: 10 and 10 */
    uint32_t error_rate_all, error_burst_all; /* of the node; 0: 1,000 and 50 */
    bool error_unlimited;
    uint16_t quote_bytes; /* of the quoted packet; 0: what the RFCs say for the kind; 8: header
                             and 8 bytes; 0xffff: all that fits the interface */
    enum ik_stack_from from;
    struct ik_addr from4, from6; /* IK_FROM_ADDRESS */
    const uint32_t *mpls_labels; /* label stack entries (RFC 3032, host order) that errors
                                    about forwarded packets carry, top first */
    uint8_t n_mpls_labels;
    bool mpls_hides;      /* forwards without touching the TTL (no TTL propagation) */
    uint8_t ifinfo;       /* RFC 5837: bit 0 incoming, bit 2 outgoing interface; bits 4 to 7 leave
                             index, address, name, MTU out of it (section 6) */
    uint8_t error_tos;    /* precedence octet of router errors; 0: c0 */
    uint32_t legacy, odd; /* enum ik_stack_legacy, ik_stack_odd */
    /* redirects, source quench */
    bool no_redirects; /* router: send none; host: obey none */
    bool quench_send;  /* a congested router says so (RFC 6633 forbids it): off */
    bool quench_obey;  /* a host slows down: off */
    /* router discovery (RFC 1256, RFC 4861) */
    bool advertise4, advertise6;   /* router, on all interfaces */
    bool solicit4, solicit6;       /* host */
    ik_ns advertise_interval;      /* 0: 600 s; 4 s .. 1,800 s */
    uint16_t advertise_lifetime;   /* seconds; 0: three times the interval; IPv4 says at least the
                                      interval and at most 9,000 */
    int32_t preference4;           /* RFC 1256 */
    uint8_t advertise_prefix_bits; /* IPv6 prefix information, 0: none but those of addresses */
    /* path MTU, fragments */
    bool no_pmtud;      /* sends no DF, at most 576 bytes off-link (RFC 1122 section 3.3.3) */
    ik_ns pmtu_timeout; /* 0: 10 minutes; IK_NEVER: for ever */
    ik_ns reassembly4, reassembly6; /* 0: 60 s */
    uint8_t reassembly_max;         /* datagrams of this stack at once; 0: 4 */
    /* forwarding */
    uint8_t ttl; /* of what it originates; 0: 64 */
    enum ik_stack_balance balance;
    bool source_routes;      /* host: forward source-routed packets (off) */
    bool no_source_routes;   /* router: drop all source-routed packets (off) */
    bool directed_broadcast; /* router: forward to the broadcast address of an attached net (off) */
    bool forwarding_off;     /* router that stopped forwarding (RFC 1812 section 5.3.12.1) */
    uint8_t precedence_cutoff; /* forwarded packets below it are refused with 3/15; 0: off */
    const struct ik_stack_filter_rule *filter;
    uint16_t n_filter;
    const struct ik_stack_nat_cfg *nat;     /* NULL: none */
    const struct ik_stack_probe_cfg *probe; /* NULL: off */
    /* targets */
    bool udp_open_all;                   /* every UDP port is open: silence; else those listed */
    const uint16_t *udp_open, *tcp_open; /* ports */
    uint16_t n_udp_open, n_tcp_open;
    /* A host that stands for whole prefixes: every address in them is its own, those that are not
     * alive stay silent. */
    const struct ik_prefix *prefixes;
    uint16_t n_prefixes;
    uint16_t alive_permille; /* of those addresses, chosen by keyed hash; 0: all */
    /* bounds */
    uint16_t neighbours_max;   /* 0: 64 */
    uint16_t queue_max;        /* datagrams that wait for one neighbour; 0: 3 */
    uint16_t destinations_max; /* path MTUs, redirected destinations, limited destinations; 0: 64 */
    bool settled; /* its interfaces have been up for long when it starts: its IPv6 addresses are not
                     verified and its groups not reported before somebody asks */
    bool upper;   /* has a user: gives it what arrives, port IK_STACK_UPPER */
    bool events;  /* tells what it does, by event records */
};

struct ik_stack_ifaddr {
    struct ik_addr addr;
    uint8_t bits;
};

struct ik_stack_iface {
    const char *name; /* "eth0", or NULL */
    uint8_t mac[6];
    uint32_t mtu;   /* IP bytes; at least 68 without, 1280 with IPv6 addresses */
    uint32_t index; /* as PROBE and RFC 5837 tell it; 0: port + 1 */
    const struct ik_stack_ifaddr *addrs; /* a link-local one is added from the MAC where any IPv6
                                            address is. Those of IPv6 are used at once and solicited
                                            within a second; one that somebody else has is used no
                                            more (optimistic, RFC 4429). Advertisements make no
                                            more of them */
    uint8_t n_addrs;
    bool point_to_point; /* RFC 4443 section 3.1: not sent back for unassigned addresses */
};

enum ik_stack_route_kind {
    IK_STACK_ROUTE_VIA,         /* to `via` on `port`; on-link where via has family 0 */
    IK_STACK_ROUTE_DROP,        /* silently */
    IK_STACK_ROUTE_UNREACHABLE, /* 3/1, IPv6 1/0 */
    IK_STACK_ROUTE_REJECT,      /* 3/13, IPv6 1/6 */
};
/* Prefixes of the interfaces are routes without saying. Several rows with one prefix share its
 * traffic, as `balance` says. */
struct ik_stack_route {
    struct ik_prefix prefix;
    enum ik_stack_route_kind kind;
    uint8_t port;
    struct ik_addr via;
    bool has_tos; /* only for packets whose TOS bits are `tos` (RFC 1812 section 4.3.3.1) */
    uint8_t tos;
};

/* All of it is borrowed as long as the stack lives. */
struct ik_stack_cfg {
    struct ik_stack_pool *pool;
    const struct ik_stack_options *options;
    const struct ik_stack_iface *ifaces;
    uint8_t n_ifaces;
    const struct ik_stack_route *routes;
    uint32_t n_routes;
    uint64_t seed; /* identifications, jitter, keyed hashes, token of choices */
    /* Zeroed memory of ik_stack_aside_bytes for what a node needs only once it is spoken to
     * (neighbours, redirects, path MTUs, limits of errors, routers that advertise), of which
     * nothing is touched before it is: who has very many stacks lays theirs side by side, and pays
     * only for the pages of those that need it. NULL: behind the rest in `mem`. */
    void *aside;
};

struct ik_stack;
/* Bytes that it needs beside cfg->aside; a host with one interface, two addresses, one route and
 * neighbours_max 2, destinations_max 1 less than 900. 0 for a configuration that ik_stack_init
 * refuses. */
size_t ik_stack_bytes(const struct ik_stack_cfg *cfg);
/* Bytes of cfg->aside; 0 for a configuration that ik_stack_init refuses. */
size_t ik_stack_aside_bytes(const struct ik_stack_cfg *cfg);
/* Makes a stack in `mem`, aligned as malloc's is; it starts with the first call of input or output,
 * whose `now` is when its interfaces came up. IK_E_VALUE for what the members forbid, IK_E_FULL for
 * more interfaces than there may be. */
IK_MUST_USE enum ik_err ik_stack_init(struct ik_stack **out, void *mem,
                                      const struct ik_stack_cfg *cfg);
/* Gives back what it holds of the pool: the end of it, or before a restart with ik_stack_init. */
void ik_stack_fini(struct ik_stack *s);
/* Ports 0..n_ifaces-1: frames of IK_MEDIUM_ETHER. IK_STACK_UPPER in: IK_MEDIUM_ICMP4, ICMP6 (meta
 * dst, and src, ttl, tclass where known) and IK_MEDIUM_IP (as it is; a zero source, identification
 * or checksum is filled in); out: IK_MEDIUM_IP for IPv4; for IPv6 IK_MEDIUM_ICMP6 with meta, or
 * IK_MEDIUM_IP for what is not ICMPv6. What could not be sent comes back as a frame of the error
 * about it (from the node itself), as the network's own would. Records are events. */
struct ik_engine *ik_stack_engine(struct ik_stack *s);
/* A frame of UPPER may have a key that is not 0: the frame by which its packet, or the first
 * fragment of it, leaves an interface has the same key. True while the packet of that key waits in
 * the stack (for the address of a neighbour, or its turn after a source quench): it may still
 * leave, or be dropped. */
bool ik_stack_holds(const struct ik_stack *s, uint32_t key);

/* Knows the neighbour's address for good (a point-to-point link needs no resolution). IK_E_FULL. */
IK_MUST_USE enum ik_err ik_stack_neighbour(struct ik_stack *s, uint8_t port,
                                           const struct ik_addr *addr, const uint8_t mac[static 6]);
/* The interface lost or regained its link. */
void ik_stack_iface_up(struct ik_stack *s, struct ik_now now, uint8_t port, bool up);
/* The queue of `port` overflowed and `frame` (Ethernet) was dropped: with quench_send the sender is
 * told. */
void ik_stack_congested(struct ik_stack *s, struct ik_now now, uint8_t port, struct ik_rd frame);
/* A legacy node went down of this; NULL while it stands. Static text with the byte that did it. */
const char *ik_stack_down(const struct ik_stack *s);
/* An address of this node to speak from towards dst; family 0 when there is no way. */
struct ik_addr ik_stack_source(struct ik_stack *s, const struct ik_addr *dst);

/* A counter for each thing that can happen to a packet; id, text. */
#define IK_STACK_COUNTS(X)                                                  \
    X(RECEIVED, "frames received")                                          \
    X(SENT, "frames sent")                                                  \
    X(FORWARDED, "packets forwarded")                                       \
    X(DELIVERED, "packets for this node")                                   \
    X(ECHOED, "echo requests answered")                                     \
    X(ERRORS, "errors sent")                                                \
    X(ERRORS_SUPPRESSED, "errors that a rule forbids")                      \
    X(ERRORS_LIMITED, "errors held back by the rate limit")                 \
    X(BAD_FRAME, "frames that are no packet, or not for this node")         \
    X(BAD_HEADER, "packets with a bad header")                              \
    X(BAD_ADDRESS, "packets with an address that may not be there")         \
    X(BAD_ICMP, "ICMP messages dropped: checksum, length, rules")           \
    X(NO_ROUTE, "packets without a route")                                  \
    X(EXPIRED, "packets whose TTL ran out")                                 \
    X(TOO_BIG, "packets too big for a link")                                \
    X(FILTERED, "packets that a filter stopped")                            \
    X(UNRESOLVED, "packets whose next hop did not answer")                  \
    X(REASSEMBLED, "datagrams reassembled")                                 \
    X(REASSEMBLY_DROPPED, "fragments dropped: overlap, bounds, time, room") \
    X(NO_ROOM, "packets dropped because the pool or a table was full")

enum ik_stack_count {
#define X(id, text) IK_STACK_##id,
    IK_STACK_COUNTS(X)
#undef X
        IK_STACK_COUNT
};
uint64_t ik_stack_count(const struct ik_stack *s, enum ik_stack_count which);
