/* SPDX-License-Identifier: MIT
 * What the files of this room share: the packet in hand, packet buffers, the stack itself, and the
 * functions by which the parts call each other. The way of a packet:
 *
 *   input -> ether -> ip4 / ip6 -> deliver -> icmp4 / icmp6 / udp / tcp / upper
 *                 \-> arp     \-> forward (filter, nat) ---\
 *   error, echo, targets, upper ------------------------> output -> nbr -> ether -> out queue
 *
 * Everything runs inside one call of the engine; the instant of that call is s->now. Whoever takes
 * a buffer hands it on (queue, neighbour, output) or gives it back: each function below says which.
 * An exit of a packet counts (ik_stack_tally) exactly once, and tells an event if anybody listens.
 */
#pragma once

#include "base/bytes.h"
#include "base/fmt.h"
#include "base/rd.h"
#include "base/rng.h"
#include "base/wr.h"
#include "icmpkit/record.h"
#include "icmpkit/stack.h"
#include "icmpkit/wire.h"
#include "stack/buf.h"

#include <string.h>

enum {
    IK_ETHER_BYTES = 14,
    IK_ETHER_IP4 = 0x0800,
    IK_ETHER_ARP = 0x0806,
    IK_ETHER_IP6 = 0x86dd,
    IK_IP4_BYTES = 20, /* headers without options */
    IK_IP6_BYTES = 40,
};

/* ---- the packet in hand ---------------------------------------------------------------------- */

enum ik_cast { IK_CAST_UNICAST, IK_CAST_BROADCAST, IK_CAST_MULTICAST };

/* What an address is to this node (local.c). */
enum ik_local {
    IK_LOCAL_NONE,      /* somebody else */
    IK_LOCAL_UNICAST,   /* one of ours */
    IK_LOCAL_BROADCAST, /* limited, or of an attached net */
    IK_LOCAL_MULTICAST, /* a group we are in on that port */
};

/* A packet that is being handled; lives on the C stack of the input. */
struct ik_pkt {
    uint8_t port;       /* it came by this one; IK_STACK_UPPER: of the user of the node */
    enum ik_cast cast;  /* how its frame was addressed */
    bool own;           /* made by this node (upper, or looped back): not forwarded, errors about it
                           go to upper */
    bool reassembled;   /* l3 is a datagram that arrived in fragments */
    bool forwarded;     /* it is, or would have been, on its way through us */
    bool translated;    /* nat has done its part */
    bool source_routed; /* `next` is where it goes next; ip.dst was ours */
    uint8_t l2_src[6];
    enum ik_local local; /* what ip.dst is to us */
    struct ik_rd l3;     /* from the IP header to its total length; borrowed */
    struct ik_ip ip;     /* decoded from l3 */
    struct ik_addr next; /* source_routed */
    /* Reassembled: the memory of l3, which may be written to; else NULL. It stays the
     * reassembler's. */
    struct ik_buf *datagram;
};

/* ---- the stack ------------------------------------------------------------------------------- */

struct ik_neigh;      /* src/net: neighbour cache */
struct ik_limit;      /* src/net: buckets of errors */
struct ik_stack_pmtu; /* pmtu.c */
struct ik_redirects;  /* redirect.c */
struct ik_rdisc4;     /* rdisc4.c */
struct ik_nd;         /* nd.c: ND of hosts and routers, RA, DAD */
struct ik_mld;        /* mld.c */
struct ik_quench;     /* quench.c */
struct ik_query4;     /* query4.c: masks that are learnt */
struct ik_nat;        /* natends.h */
struct ik_answers;    /* answers.c: PROBE */
struct ik_flows;      /* fast.c */
struct ik_routes;     /* route.c */
struct ik_events;     /* event.c */

/* What changes of an interface; what does not is s->ifaces[port]. State of one duty only is in the
 * memory of that duty's file, a pointer to it below. */
struct ik_stack_port {
    bool up;
};

/* The first so many counters are 64 bits wide: those that every packet may move. */
enum { IK_STACK_COUNTS_LONG = IK_STACK_ECHOED + 1 };

struct ik_stack {
    struct ik_engine engine; /* first */
    struct ik_stack_pool *pool;
    const struct ik_stack_options *opt;
    const struct ik_stack_iface *ifaces;
    const struct ik_stack_route *routes;
    uint32_t n_routes;
    uint32_t held;       /* buffers of the pool */
    uint32_t turn;       /* IK_BALANCE_PACKET */
    uint32_t generation; /* of what fast.c remembers, never 0 */
    uint16_t ip_id;
    uint8_t n_ifaces;
    bool started; /* an input or output happened: there is a time */
    bool stopped;
    struct ik_now now;      /* of the call that is running */
    ik_ns wake;             /* the earliest timer of any part: see ik_stack_arm */
    struct ik_rng rng;      /* the only chance there is */
    uint8_t key[16];        /* of keyed hashes */
    struct ik_rng late;     /* seeds of s->neigh and s->limit, which are made when needed */
    struct ik_bufs out;     /* frames to send; the first `offered` were shown to the link */
    struct ik_bufs loop;    /* IP packets to ourselves */
    struct ik_bufs waiting; /* IP packets whose next hop is not resolved */
    struct ik_bufs reass;   /* datagrams in reassembly, oldest first */
    struct ik_flows *flows; /* fast.c */
    const char *down;       /* a legacy node that fell, and why */
    struct ik_stack_port *ports;
    /* NULL where the configuration needs none */
    struct ik_routes *route_table;
    struct ik_neigh *neigh;
    struct ik_limit *limit;
    struct ik_stack_pmtu *pmtu;
    struct ik_redirects *redirects;
    struct ik_rdisc4 *rdisc4;
    struct ik_nd *nd;
    struct ik_mld *mld;
    struct ik_quench *quench;
    struct ik_query4 *query4;
    struct ik_nat *nat;
    struct ik_answers *answers;
    struct ik_events *events;
    uint64_t count[IK_STACK_COUNTS_LONG];
    uint32_t count_short[IK_STACK_COUNT - IK_STACK_COUNTS_LONG]; /* stop at their end */
    uint32_t next_queue;                                         /* of packets that wait */
};

static inline void ik_stack_tally(struct ik_stack *s, enum ik_stack_count which)
{
    if ((unsigned)which < IK_STACK_COUNTS_LONG)
        s->count[which]++;
    else
        s->count_short[which - IK_STACK_COUNTS_LONG] +=
            s->count_short[which - IK_STACK_COUNTS_LONG] != UINT32_MAX;
}

/* Has the timeouts of all parts called at `at` or soon after. A timer that was cancelled costs one
 * idle call, so nobody needs to disarm. */
static inline void ik_stack_arm(struct ik_stack *s, ik_ns at)
{
    if (at < s->wake)
        s->wake = at;
}

static inline bool ik_stack_is_router(const struct ik_stack *s)
{
    return s->opt->kind == IK_STACK_ROUTER;
}

/* What becomes of a packet that the short way (fast.c) may repeat. */
struct ik_watch {
    bool wanted;
    bool shared;     /* the route has others beside it: not the same for every packet */
    uint32_t sent;   /* frames that left at once for a neighbour, the last by `port`, to `mac` */
    enum ik_who who; /* on whose behalf, and where to: the packet may wait while another leaves */
    uint8_t dst[16];
    uint32_t generation, mtu, own_mtu;
    ik_ns until; /* as long as the neighbour's state lasts */
    uint64_t forwarded, echoed;
    uint8_t port, mac[6];
};
/* What the long way is being watched for, or NULL. */
struct ik_watch *ik_stack_fast_watched(const struct ik_stack *s);
/* Something changed that the short way relies on. */
static inline void ik_stack_fast_forget(struct ik_stack *s)
{
    s->generation += s->generation == UINT32_MAX ? 2 : 1;
}
/* Does all that is to be done with the frame, if it is one of those that were seen before; false,
 * nothing done, when it has to go the long way: between watch and learn. */
bool ik_stack_fast_input(struct ik_stack *s, uint8_t port, struct ik_rd frame);
void ik_stack_fast_watch(struct ik_stack *s, struct ik_rd frame, struct ik_watch *w);
void ik_stack_fast_learn(struct ik_stack *s, uint8_t port, struct ik_rd frame,
                         const struct ik_watch *w);

/* ---- parts with memory and timers ------------------------------------------------------------ */

/* Each part that has state: bytes (aligned to 8, 0 when cfg needs none of it), init (sets its
 * pointer in s to mem; s is otherwise complete, no time is known yet), start (the interfaces came
 * up, s->now is set: first call of the engine), timeout (does what is due at s->now; returns its
 * next instant or IK_NEVER). A row here is all it takes: its name, and where its memory is. Those
 * that lie `aside` are given zeroed memory, and write nothing to it before they have something to
 * remember: see struct ik_stack_cfg. */
#define IK_STACK_PARTS(X) \
    X(fast, mem)          \
    X(route, mem)         \
    X(nbr, aside)         \
    X(limits, aside)      \
    X(pmtu, aside)        \
    X(redirect, aside)    \
    X(rdisc4, mem)        \
    X(quench, mem)        \
    X(query4, mem)        \
    X(nd, mem)            \
    X(nd_rows, aside)     \
    X(mld, mem)           \
    X(nat, mem)           \
    X(answers, mem)       \
    X(event, mem)
#define X(part, where)                                                                          \
    size_t ik_stack_##part##_bytes(const struct ik_stack_cfg *cfg);                             \
    void ik_stack_##part##_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg); \
    void ik_stack_##part##_start(struct ik_stack *s);                                           \
    ik_ns ik_stack_##part##_timeout(struct ik_stack *s);
IK_STACK_PARTS(X)
#undef X

/* Reassembly has timers, and all its memory in the pool. */
ik_ns ik_stack_reass_timeout(struct ik_stack *s);
/* The engine is stopped: routers say goodbye (RFC 1256 section 4.1, RFC 4861 section 6.2.5). */
void ik_stack_rdisc4_stop(struct ik_stack *s);
void ik_stack_nd_stop(struct ik_stack *s);
/* The interface came back after its link was lost (not: the start). */
void ik_stack_rdisc4_port_up(struct ik_stack *s, uint8_t port);
void ik_stack_nd_port_up(struct ik_stack *s, uint8_t port);
/* An interface went up or down: routes are those of the interfaces that are up. */
void ik_stack_route_changed(struct ik_stack *s);
/* Neighbours of the port are forgotten, but those that are known for good; packets that wait for
 * them are dropped. */
void ik_stack_nbr_port_changed(struct ik_stack *s, uint8_t port);

/* ---- addresses of this node (local.c) -------------------------------------------------------- */

/* What dst is to us for a packet that came by `port` (IK_STACK_UPPER: of ourselves): addresses of
 * all interfaces (RFC 1122 section 3.3.4.2, weak model; those of prefixes that the host stands for
 * too), broadcast and groups of that port. */
enum ik_local ik_stack_local_kind(const struct ik_stack *s, uint8_t port,
                                  const struct ik_addr *dst);
/* The port that has this unicast address itself (no prefixes); IK_STACK_UPPER: none. */
uint8_t ik_stack_local_port(const struct ik_stack *s, const struct ik_addr *addr);
/* An address of the port, the one whose prefix holds `peer` if there is one (peer may be NULL);
 * IPv6: by scope, then longest match (RFC 6724 section 5). Family 0: it has none of that family. */
struct ik_addr ik_stack_local_of_port(const struct ik_stack *s, uint8_t port, uint8_t family,
                                      const struct ik_addr *peer);
/* The same, or else an address of any other port: what the node says by `port` to peer comes from.
 */
struct ik_addr ik_stack_local_source(const struct ik_stack *s, uint8_t port,
                                     const struct ik_addr *peer);
/* The number of the interface that PROBE, RFC 5837 and the scope of an address tell. */
uint32_t ik_stack_local_index(const struct ik_stack *s, uint8_t port);
/* An IPv4 broadcast address as seen from that port: limited, or of its nets, old forms too. */
bool ik_stack_local_is_broadcast4(const struct ik_stack *s, uint8_t port,
                                  const struct ik_addr *addr);
/* The same from any port. */
bool ik_stack_local_is_broadcast4_any(const struct ik_stack *s, const struct ik_addr *addr);
/* True when the node answers for this IPv4 address on that port (ARP): it is the port's own, or one
 * of the prefixes that it stands for. */
bool ik_stack_local_answers(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr);
/* True when addr is a neighbour by the prefixes of that port. */
bool ik_stack_local_on_link(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr);
/* True for the addresses that may be no source of a packet from outside (RFC 1122 section
 * 3.2.1.3; RFC 4291 section 2.7; RFC 1812 section 5.3.7): broadcast, multicast, loopback, class E;
 * not for the unspecified address. */
bool ik_stack_local_bad_source(const struct ik_stack *s, uint8_t port, const struct ik_addr *src);

/* ---- routes (route.c) ------------------------------------------------------------------------ */

/* Where a packet goes next. */
struct ik_stack_hop {
    enum ik_stack_route_kind kind;
    uint8_t port;
    bool on_link;        /* `next` is the destination itself */
    bool is_default;     /* by a default route; a group: for want of a route */
    bool tos_mismatch;   /* not found: there are routes, for other types of service only; the rest
                            is one of those */
    struct ik_addr next; /* the neighbour; family of the packet */
    uint32_t mtu;        /* of the port */
};
/* False when there is no way. Redirected destinations first (hosts), then the longest prefix among
 * routes (static, of the interfaces; those with the packet's TOS before those without, RFC 1812
 * section 5.2.4.3), then default routers that were discovered. `hash` chooses among equals: see
 * ik_stack_route_hash. Ports that are down have no routes. */
bool ik_stack_route_find(struct ik_stack *s, const struct ik_addr *dst, uint32_t hash, uint8_t tos,
                         struct ik_stack_hop *out);
/* The same for a packet: its hash is taken only where several routes share it. */
bool ik_stack_route_of(struct ik_stack *s, const struct ik_ip *ip, struct ik_stack_hop *out);
/* What the balance of this node makes of a packet: addresses, protocol and ports (ICMP: identifier
 * of echo), the destination alone, or a number that grows. `payload` is that of the IP packet. */
uint32_t ik_stack_route_hash(struct ik_stack *s, const struct ik_ip *ip);

/* ---- sending (output.c, nbr.c, ether.c) ------------------------------------------------------ */

/* How a packet is to be sent; zero is a packet of this node itself, by its routes. Packets of this
 * node keep to the path MTU of their destination and pass the filter (direction 3); forwarded ones
 * to that of the link alone. */
struct ik_stack_how {
    enum ik_who who;
    const struct ik_pkt *about;     /* FORWARDED: as it came: it is what errors quote */
    const struct ik_stack_hop *hop; /* known already; NULL: by route */
    bool held;                      /* it has waited for its turn (ik_stack_quench_hold) */
    uint32_t key;                   /* UPPER: of its frame */
    bool refuses;                   /* it says that a filter refused a packet: no filter stops it */
};
/* Sends the whole IP packet in b (checksum of the header and all filled): to ourselves, or by
 * route, cut into fragments for the link (IPv4 without DF; IPv6 of our own) or answered with "too
 * big", to the neighbour, into the out queue. Consumes b. */
void ik_stack_output_ip(struct ik_stack *s, struct ik_buf *b, const struct ik_stack_how *how);
/* The same for a packet of our own of which `ip` is the view. Consumes b. */
void ik_stack_output_encoded(struct ik_stack *s, struct ik_buf *b, const struct ik_ip *ip,
                             const struct ik_stack_how *how);
/* The same for a header view and a payload that lie elsewhere (borrowed for the call), any length
 * up to 65,535: header checksum and lengths are computed. */
void ik_stack_output_view(struct ik_stack *s, const struct ik_ip *ip,
                          const struct ik_stack_how *how);
/* The next identification; the TTL of what the node originates. */
uint16_t ik_stack_output_id(struct ik_stack *s);
uint8_t ik_stack_output_ttl(const struct ik_stack *s);
/* An IPv4 header of our own: TTL and identification as configured, no options, no DF. */
struct ik_ip ik_stack_output_ip4(struct ik_stack *s, const struct ik_addr *src,
                                 const struct ik_addr *dst, uint8_t proto);
/* The same for IPv6. */
struct ik_ip ik_stack_output_ip6(struct ik_stack *s, const struct ik_addr *src,
                                 const struct ik_addr *dst, uint8_t proto);
/* Resolves hop->next on hop->port and sends b there, or lets it wait; multicast and broadcast need
 * no resolving. b fits the link. Consumes b. */
void ik_stack_nbr_send(struct ik_stack *s, struct ik_buf *b, const struct ik_stack_hop *hop);
/* True when it would leave at once: nobody has to be asked for hop->next. */
bool ik_stack_nbr_is_known(const struct ik_stack *s, const struct ik_stack_hop *hop);
/* Puts an Ethernet header before the packet in b and b into the out queue; drops it when the port
 * is down. Consumes b. */
void ik_stack_ether_send(struct ik_stack *s, struct ik_buf *b, uint8_t port,
                         const uint8_t dst[static 6], uint16_t type);
/* The link-layer address of a group or of the broadcast address (RFC 1112 section 6.4, RFC 2464
 * section 7). */
void ik_stack_ether_group(const struct ik_addr *dst, uint8_t mac[static 6]);

/* ---- neighbours (nbr.c) ---------------------------------------------------------------------- */

/* What a message told of a neighbour (src/net/neigh.h): an advertisement or an ARP reply; the
 * source of a solicitation, ARP request, router advertisement, or the target of a redirect. Packets
 * that waited for it leave. True when it was a router and is none now (RFC 4861 section 7.2.5). */
struct ik_neigh_news;
bool ik_stack_nbr_confirm(struct ik_stack *s, const struct ik_neigh_news *news);
bool ik_stack_nbr_learn(struct ik_stack *s, const struct ik_neigh_news *news, bool create);
/* The cache, made now if it was not: until then s->neigh has no entry, and no list. */
struct ik_neigh *ik_stack_nbr_table(struct ik_stack *s);
/* Gives up the packet that has waited longest for any neighbour; false when none waits. */
bool ik_stack_nbr_drop_oldest(struct ik_stack *s);
/* True when the neighbour's link-layer address is known; *mac. */
bool ik_stack_nbr_find(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr,
                       uint8_t mac[static 6]);

/* ---- errors (error.c) ------------------------------------------------------------------------ */

/* An error about a packet. */
struct ik_stack_error {
    uint8_t type, code;
    uint32_t info;          /* next-hop MTU, pointer; 0 */
    struct ik_addr gateway; /* redirect */
    enum ik_rule rule;      /* the duty that asks for it; told in the event */
    bool has_out_port;      /* out_port: where it would have left (RFC 5837) */
    uint8_t out_port;
    bool refuses; /* a filter refused the packet: the error passes filters, as its answer */
};
/* Sends the error about p to its source, or suppresses it: never about an error, a broadcast or
 * multicast (but where RFC 4443 section 2.4(e.3) excepts it), a link-layer broadcast, a fragment
 * that is not the first, a source that is no single host (RFC 1122 section 3.2.2, RFC 1812 section
 * 4.3.2.7, RFC 4443 section 2.4(e)); silent nodes, options no_*, rate limit. Counts ERRORS,
 * ERRORS_SUPPRESSED or ERRORS_LIMITED. About a packet of our own it goes to upper. The packet
 * itself stays the caller's. */
void ik_stack_error_send(struct ik_stack *s, const struct ik_pkt *p,
                         const struct ik_stack_error *e);
/* True when the rate limit allows one more error to dst; it is then accounted for (limits.c). */
bool ik_stack_limits_take(struct ik_stack *s, const struct ik_addr *dst);
/* The rules alone, without rate limit: the rule that forbids it, or IK_RULE_NONE. */
enum ik_rule ik_stack_error_forbidden(const struct ik_stack *s, const struct ik_pkt *p,
                                      const struct ik_stack_error *e);

/* ---- receiving ------------------------------------------------------------------------------- */

/* A frame from the link (ether.c). */
void ik_stack_ether_input(struct ik_stack *s, uint8_t port, struct ik_rd frame);
/* ARP packet after the Ethernet header (arp.c). */
void ik_stack_arp_input(struct ik_stack *s, uint8_t port, struct ik_rd arp);
/* Asks for the owner of `target`; mac NULL: by broadcast, else by unicast to it. */
void ik_stack_arp_ask(struct ik_stack *s, uint8_t port, const struct ik_addr *target,
                      const uint8_t *mac);
/* An IP packet: `l3` from the header on, link padding and all; sets the rest of p (ip4.c, ip6.c).
 */
void ik_stack_ip4_input(struct ik_stack *s, struct ik_pkt *p, struct ik_rd l3);
void ik_stack_ip6_input(struct ik_stack *s, struct ik_pkt *p, struct ik_rd l3);
/* Forwards p to p->ip.dst or p->next (forward.c, forward6.c): the packet is valid and not for us,
 * hop-by-hop options are judged. */
void ik_stack_forward4(struct ik_stack *s, struct ik_pkt *p);
void ik_stack_forward6(struct ik_stack *s, struct ik_pkt *p);
/* A fragment for us (reass.c): when it completes a datagram that is delivered, IPv4 by
 * ik_stack_deliver, IPv6 by ik_stack_ip6_reassembled. Bad ones are dropped or answered, as the RFCs
 * say. An atomic fragment (RFC 6946) does not come here. */
void ik_stack_reass_input(struct ik_stack *s, struct ik_pkt *p);
/* The whole datagram, its fragment header taken out; p->ip is decoded. */
void ik_stack_ip6_reassembled(struct ik_stack *s, struct ik_pkt *p);
/* A whole datagram for us, by p->ip.proto: ICMP, UDP, TCP, upper, else "protocol unreachable"
 * (deliver.c; IPv6 extension headers are walked before, by ip6.c). */
void ik_stack_deliver(struct ik_stack *s, struct ik_pkt *p);
/* Gives the packet to the user of the node, if there is one: IPv4 as IK_MEDIUM_IP, ICMPv6 as
 * IK_MEDIUM_ICMP6 with meta, other IPv6 as IK_MEDIUM_IP (upper.c). */
void ik_stack_to_upper(struct ik_stack *s, const struct ik_pkt *p);
/* A frame from the user of the node. */
void ik_stack_upper_input(struct ik_stack *s, const struct ik_frame *f);
void ik_stack_icmp4_input(struct ik_stack *s, struct ik_pkt *p);
/* An error of either family with two interface information objects of one role: it is to be dropped
 * as a whole (RFC 5837 section 4.5) (icmp4.c). */
bool ik_stack_icmp4_role_twice(const struct ik_icmp *m);
void ik_stack_icmp6_input(struct ik_stack *s, struct ik_pkt *p);
void ik_stack_udp_input(struct ik_stack *s, struct ik_pkt *p);
void ik_stack_tcp_input(struct ik_stack *s, struct ik_pkt *p);
void ik_stack_echo4_input(struct ik_stack *s, struct ik_pkt *p);
bool ik_stack_udp_is_listed(const uint16_t *ports, uint16_t n, uint16_t port);
/* Sends `msg` (whole ICMP message, checksum as it is; borrowed) as an answer to p: from the address
 * that was spoken to (or of the port, for broadcast and multicast), TOS of the request, its options
 * turned round (ik_stack_ip4opt_reply) (echo4.c). */
void ik_stack_echo4_answer(struct ik_stack *s, const struct ik_pkt *p, struct ik_rd msg);

/* ---- what other ICMPv4 messages do; `m` is decoded from p->ip.payload, its checksum right -----
 */

void ik_stack_query4_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m);
void ik_stack_rdisc4_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m);
void ik_stack_redirect4_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m);
void ik_stack_quench_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m);
/* "Fragmentation needed" (and, for the upper layer, any other error passes by without this). */
void ik_stack_pmtu_input4(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m);
/* Extended echo request of either family (answers.c). */
void ik_stack_answers_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m);

/* ---- hooks of the duties --------------------------------------------------------------------- */

/* Default router that was discovered; false when there is none. Fills kind, port, next, is_default.
 */
bool ik_stack_rdisc4_router(struct ik_stack *s, struct ik_stack_hop *out);
bool ik_stack_nd_router(struct ik_stack *s, const struct ik_addr *dst, struct ik_stack_hop *out);
/* What an IPv6 packet of this node may be long on that link: as routers advertise it (RFC 4861
 * section 6.3.4), at most `mtu`. */
uint32_t ik_stack_nd_mtu(const struct ik_stack *s, uint8_t port, uint32_t mtu);
/* Asks who has `target` (nd.c); mac NULL: to its solicited-node group, else by unicast to it. */
void ik_stack_nd_ask(struct ik_stack *s, uint8_t port, const struct ik_addr *target,
                     const uint8_t *mac);
/* True when this unicast address of ours on `port` may be used: not tentative or duplicate. */
bool ik_stack_nd_usable(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr);
/* True when the node listens to this IPv6 group on the port. */
bool ik_stack_mld_joined(const struct ik_stack *s, uint8_t port, const struct ik_addr *group);
/* What goes to dst may be this long: the path MTU learnt, at most that of the hop. */
uint32_t ik_stack_pmtu_find(struct ik_stack *s, const struct ik_addr *dst, uint32_t mtu);
/* This IP packet of the node itself goes onto a link (each fragment is one of its own): reports
 * about it are believed from now on, for a minute. */
void ik_stack_pmtu_sent(struct ik_stack *s, struct ik_rd l3);
/* True when the packet that an error quotes was sent so, as far as the quote shows. */
bool ik_stack_pmtu_was_sent(const struct ik_stack *s, struct ik_rd quote);
/* A narrower path to dst was reported, about a packet that was sent: 0 for "unknown" (RFC 1191
 * section 5 plateaus below `packet_bytes`). */
void ik_stack_pmtu_learn(struct ik_stack *s, const struct ik_addr *dst, uint32_t mtu,
                         uint32_t packet_bytes);
/* A host that obeys source quench: true when it keeps the packet of its own in b until its turn
 * comes, and then sends it with `held`; false: b is to be sent now. */
bool ik_stack_quench_hold(struct ik_stack *s, struct ik_buf *b);
/* True when a packet with that key waits for its turn. */
bool ik_stack_quench_holds(const struct ik_stack *s, uint32_t key);
/* Gives back what waits. */
void ik_stack_quench_fini(struct ik_stack *s);
/* A gateway for this destination that a redirect told of (host): fills next, port, on_link. */
bool ik_stack_redirect_find(struct ik_stack *s, const struct ik_addr *dst,
                            struct ik_stack_hop *out);
/* Remembers it; gateway equal to dst: it is on the link. */
void ik_stack_redirect_learn(struct ik_stack *s, uint8_t port, const struct ik_addr *dst,
                             const struct ik_addr *gateway);
/* Forgets what leads by this gateway, because it stopped answering. */
void ik_stack_redirect_forget(struct ik_stack *s, uint8_t port, const struct ik_addr *gateway);
/* Router: p is forwarded by hop; when it leaves where it came from, tells the source of the better
 * way (RFC 1812 section 5.2.7.2, RFC 4861 section 8.2). */
void ik_stack_redirect4_consider(struct ik_stack *s, const struct ik_pkt *p,
                                 const struct ik_stack_hop *hop);
void ik_stack_redirect6_consider(struct ik_stack *s, const struct ik_pkt *p,
                                 const struct ik_stack_hop *hop);

/* IPv4 options (ip4opt.c). check: at input of a packet that has some; false: dropped, counted and,
 * where the RFCs say so, answered. Sets p->source_routed and p->next. */
bool ik_stack_ip4opt_check(struct ik_stack *s, struct ik_pkt *p);
/* Writes into `header` (a copy of p's IPv4 header) what the options ask of the node that forwards
 * it by `out_port` (record route, timestamp, source route and destination), or delivers it
 * (IK_STACK_UPPER: record route and timestamp). The checksum is the caller's. False: an option that
 * cannot be served; dropped, counted and answered. */
bool ik_stack_ip4opt_apply(struct ik_stack *s, const struct ik_pkt *p, uint8_t *header,
                           uint8_t out_port);
/* True when a source route is among the options, used up or not. */
bool ik_stack_ip4opt_has_route(const struct ik_ip *ip);
/* The options of our answer to p: source route turned round (RFC 1122 section 3.2.1.8, RFC 1812
 * section 4.3.2.6) and, for an echo reply, record route and timestamp with ours added. Returns
 * their bytes, a multiple of 4; *dst is where the answer goes at first. */
size_t ik_stack_ip4opt_reply(struct ik_stack *s, const struct ik_pkt *p, bool echo,
                             uint8_t out[static 40], struct ik_addr *dst);

/* True when p may go on: 1 forwarded, 2 to this node, 3 from this node. False: dropped, counted,
 * answered (filter.c). Called only with options.n_filter. */
bool ik_stack_filter_pass(struct ik_stack *s, const struct ik_pkt *p, uint8_t direction);
/* p is IPv4 for an address of ours and this node translates: true when nat took it (translated and
 * forwarded by ik_stack_forward4 with p->translated, dropped, or answered), false when it is for
 * the node itself (nat.c). Called only with options.nat. */
bool ik_stack_nat_inbound(struct ik_stack *s, const struct ik_pkt *p);
/* b is p on its way out by `out_port`, TTL and options done: rewrites it in place. False: may not
 * pass; counted and answered; b stays the caller's. */
bool ik_stack_nat_outbound(struct ik_stack *s, const struct ik_pkt *p, struct ik_buf *b,
                           uint8_t out_port);
/* `msg` is an ICMP error of the node itself, whole, about to go to `dst`. What it quotes of an
 * inside address is turned back into what the outside knows, so that none shows there; checksums
 * are set right (naterror.c). Called only with options.nat, for IPv4. */
void ik_stack_nat_error(struct ik_stack *s, const struct ik_addr *dst, uint8_t *msg, size_t len);

/* ---- events (event.c) ------------------------------------------------------------------------ */

/* Opens an event when somebody listens: a writer for its words, else NULL. `kind`: received, sent,
 * forwarded, waiting, delivered, dropped, decided, timer, state. p may be NULL. Then put text with
 * ik_fmt_put_* and end it. */
struct ik_wr *ik_stack_event_begin(struct ik_stack *s, const char *kind, enum ik_rule rule,
                                   const struct ik_pkt *p);
void ik_stack_event_end(struct ik_stack *s);
/* The oldest event not yet said, or NULL. */
const struct ik_record *ik_stack_event_record(struct ik_stack *s);
/* All of it at once, with static words. */
void ik_stack_event_say(struct ik_stack *s, const char *kind, enum ik_rule rule,
                        const struct ik_pkt *p, const char *what);
/* p goes on by that way: what becomes of its TTL or hop limit, and where it goes. */
void ik_stack_event_forwarded(struct ik_stack *s, const struct ik_pkt *p,
                              const struct ik_stack_hop *hop);
/* A packet of our own leaves by that way. Of both: it says that the packet waits where the next hop
 * has to be asked for first. */
void ik_stack_event_sent(struct ik_stack *s, const struct ik_ip *ip,
                         const struct ik_stack_hop *hop);
/* The packet in b, which waited, leaves by the port for the neighbour. */
void ik_stack_event_resolved(struct ik_stack *s, const struct ik_buf *b, uint8_t port,
                             const struct ik_addr *to);
/* The packet in b, on its way out by the port, is dropped; counts why. */
void ik_stack_event_buffer(struct ik_stack *s, enum ik_stack_count why, const struct ik_buf *b,
                           uint8_t port, const char *what);
/* Tells that p is dropped, and counts why. */
void ik_stack_event_drop(struct ik_stack *s, enum ik_stack_count why, enum ik_rule rule,
                         const struct ik_pkt *p, const char *what);
