/* SPDX-License-Identifier: MIT
 * Networks of stacks in virtual time: nodes, links with all that links do to packets, traffic and
 * events in time. One seed decides everything: the same calls give the same frames at the same
 * nanoseconds. Memory is taken while it is built, never while it runs. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/record.h>
#include <icmpkit/stack.h>

struct ik_sim;

struct ik_sim_cfg {
    uint64_t seed;
    uint32_t frames;               /* in flight at once, in all; 0: 16,384 */
    uint32_t frame_bytes;          /* of the largest, Ethernet header included; 0: 9,018 */
    struct ik_stack_pool_cfg pool; /* zeros: 4,096 buffers, 64 reassemblies */
};
/* On success *out is the caller's, ended by ik_sim_free. IK_E_NOMEM, IK_E_VALUE. */
IK_MUST_USE enum ik_err ik_sim_new(struct ik_sim **out, const struct ik_sim_cfg *cfg);
void ik_sim_free(struct ik_sim *sim);

/* ---- nodes ----------------------------------------------------------------------------------- */

/* Everything is borrowed as long as the sim lives. An external node has no stack: it is where the
 * machine is joined, and has exactly one interface (its MAC and MTU count). */
struct ik_sim_node_cfg {
    const char *name;
    const struct ik_stack_options *options;
    const struct ik_stack_iface *ifaces;
    uint8_t n_ifaces;
    const struct ik_stack_route *routes;
    uint32_t n_routes;
    bool external;
    ik_ns start; /* when it comes up */
};
/* IK_E_NOMEM; IK_E_VALUE as ik_stack_init; IK_E_EXISTS for a second external node. */
IK_MUST_USE enum ik_err ik_sim_add_node(struct ik_sim *sim, const struct ik_sim_node_cfg *cfg,
                                        uint32_t *node);
/* NULL for an external node, and while it is down. */
struct ik_stack *ik_sim_stack(struct ik_sim *sim, uint32_t node);
const char *ik_sim_node_name(const struct ik_sim *sim, uint32_t node);

/* ---- links ----------------------------------------------------------------------------------- */

/* What a link does to the frames of one direction. Ratios are in parts of 2^32 (0 never, UINT32_MAX
 * always). An interface loses its link when all directions of it are `down`; one direction alone is
 * silence. */
struct ik_sim_impair {
    ik_ns delay, jitter; /* jitter: uniform in delay - jitter .. delay + jitter; frames keep
                            their order unless `reorder` says */
    uint32_t loss;       /* each frame by itself */
    uint32_t burst_start, burst_end, burst_loss; /* Gilbert and Elliott: chance per frame to enter
                                 and leave the bad state, and of loss in it */
    uint32_t duplicate, corrupt; /* corrupt: one bit after the Ethernet header flips */
    uint32_t reorder;            /* chance that a frame overtakes, by up to `reorder_by` */
    ik_ns reorder_by;            /* 0: the delay */
    uint64_t rate_bps; /* of an Ethernet wire: a frame holds it for its bytes, at least 60, and 24
                          more (check sequence, preamble, gap); 0: no limit */
    uint32_t queue;    /* frames that may wait at that rate; 0: 100 */
    uint32_t mtu;      /* IP bytes; longer frames are lost without a word (a black hole where
                          it is less than the interfaces'); 0: no limit */
    bool down;
};

struct ik_sim_end {
    uint32_t node;
    uint8_t port;
};
/* Two ends: a link; `forward` is from the first to the second. More: a shared segment, where a
 * frame reaches the owner of its destination MAC, or all; `forward` is what each sender does to it
 * on its way out and `back` is not used. An interface belongs to one link. */
struct ik_sim_link_cfg {
    const char *name;
    const struct ik_sim_end *ends; /* copied */
    uint16_t n_ends;
    struct ik_sim_impair forward, back;
    bool resolve; /* two ends: neighbours have to be resolved, as on a segment; else both know each
                     other's addresses from the start */
};
/* IK_E_NOMEM, IK_E_VALUE (fewer than two ends, an end that is not there), IK_E_EXISTS (taken). */
IK_MUST_USE enum ik_err ik_sim_add_link(struct ik_sim *sim, const struct ik_sim_link_cfg *cfg,
                                        uint32_t *link);
/* Links are numbered from 0; NULL past the last. */
const char *ik_sim_link_name(const struct ik_sim *sim, uint32_t link);

struct ik_sim_link_stats {
    uint64_t frames, bytes, lost, queue_drops, too_long, duplicates, corrupted, reordered;
};
/* Direction 0 forward, 1 back. `frames` and `bytes` are those carried; the rest is what became of
 * others, or of them. */
void ik_sim_link_stats(const struct ik_sim *sim, uint32_t link, int direction,
                       struct ik_sim_link_stats *out);

/* ---- events in time, traffic ----------------------------------------------------------------- */

/* At that instant the link becomes so (direction 0, 1, or -1 for both). IK_E_NOMEM; IK_E_VALUE also
 * for an instant that is past. */
IK_MUST_USE enum ik_err ik_sim_at_link(struct ik_sim *sim, ik_ns at, uint32_t link, int direction,
                                       const struct ik_sim_impair *to);
/* At that instant the node goes down, forgets everything, and comes up again after `down_for`
 * (IK_NEVER: it stays down). */
IK_MUST_USE enum ik_err ik_sim_at_restart(struct ik_sim *sim, ik_ns at, uint32_t node,
                                          ik_ns down_for);

enum ik_sim_traffic_kind {
    IK_TRAFFIC_ECHO, /* echo requests */
    IK_TRAFFIC_UDP,  /* datagrams to `port` */
    IK_TRAFFIC_AIMD, /* a sender that adds a packet a round trip and halves at a loss; acknowledged
                        by the simulator itself at the receiver */
    IK_TRAFFIC_FRAMES, /* `frames`, as they are, at their times after `start` */
};
struct ik_sim_timed_frame {
    ik_ns at;
    struct ik_rd packet; /* an IP packet, sent by the node as it is: forged sources and all */
};
struct ik_sim_traffic_cfg {
    enum ik_sim_traffic_kind kind;
    uint32_t from;             /* node */
    struct ik_addr to, source; /* source: family 0: the node's own */
    ik_ns start, stop;         /* stop 0: never */
    uint64_t rate_mpps;        /* packets a thousand seconds: 500/s is 500,000; AIMD: at most so
                                  many, 0: as the window allows */
    uint32_t bytes;            /* payload, 12 .. 65,000; 0: 56 */
    uint16_t port;             /* 0: 9, discard */
    uint8_t ttl;               /* 0: the node's */
    bool obey_quench;          /* AIMD: source quench halves as a loss does */
    const struct ik_sim_timed_frame *frames;
    size_t n_frames;
};
/* IK_E_NOMEM; IK_E_VALUE: no such node, a start that is past, no rate, frames out of order. */
IK_MUST_USE enum ik_err ik_sim_add_traffic(struct ik_sim *sim, const struct ik_sim_traffic_cfg *cfg,
                                           uint32_t *traffic);
struct ik_sim_traffic_stats {
    uint64_t sent, answered, quenched, losses;
    uint32_t window; /* AIMD: packets in flight that it allows itself */
};
/* The instant after which no traffic sends any more: 0 without traffic, IK_NEVER when some of it
 * never stops. */
ik_ns ik_sim_traffic_end(const struct ik_sim *sim);
/* `answered`: echo replies, or acknowledged packets. */
void ik_sim_traffic_stats(const struct ik_sim *sim, uint32_t traffic,
                          struct ik_sim_traffic_stats *out);

/* ---- running --------------------------------------------------------------------------------- */

/* Virtual time begins at 0, which is 1970-01-01. */
ik_ns ik_sim_now(const struct ik_sim *sim);
/* The next instant at which anything happens, IK_NEVER when nothing is left. */
ik_ns ik_sim_next(const struct ik_sim *sim);
/* Lets everything happen up to and including `until`, then it is `until`. */
void ik_sim_run(struct ik_sim *sim, ik_ns until);
/* Frames that crossed a link so far: packet-hops. */
uint64_t ik_sim_hops(const struct ik_sim *sim);
/* Frames dropped because the sim itself had no room (cfg.frames): a result with any is void. */
uint64_t ik_sim_overflows(const struct ik_sim *sim);

/* A time at the outside is virtual time plus this (0 at first): in real time, what the loop's
 * clock said at virtual 0. */
void ik_sim_set_base(struct ik_sim *sim, struct ik_now base);

/* The user of a node (its options have `upper`) as a link of raw sockets: takes IK_MEDIUM_ICMP4 or
 * ICMP6 and IK_MEDIUM_IP, gives as ik_stack_engine's UPPER port does, ICMP and TCP of that family
 * alone, stamped IK_CLOCK_VIRTUAL; IK_EV_SENT for each frame when its packet, or the
 * first fragment of it, leaves the node: at once, or when the neighbour's address is known, or
 * never, where it is dropped after a wait. rx lets the sim run to `now`. Belongs to the sim (close
 * does nothing). IK_E_VALUE without `upper`, IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_sim_link_open(struct ik_sim *sim, uint32_t node, uint8_t family,
                                         struct ik_link **out);
/* What an application sets on a raw socket. */
struct ik_sim_socket_cfg {
    uint8_t family;          /* 4 or 6 */
    struct ik_addr source;   /* family 0: chosen by the destination */
    int ttl, multicast_ttl;  /* -1 default */
    int tclass;              /* -1 default */
    int64_t flow_label;      /* IPv6, -1 none */
    int pmtudisc;            /* IP_PMTUDISC_*, -1 default */
    struct ik_rd ip_options; /* of IPv4, at most 40 bytes */
};
/* A link around `inner` (of ik_sim_link_open) that sends messages as that socket does; whole
 * packets pass as they are. `source` chooses the address to speak from where cfg has none. On
 * success *out is the caller's, ended by ops->close, which leaves `inner` open. IK_E_VALUE (longer
 * options), IK_E_NOMEM. */
IK_MUST_USE enum ik_err
ik_sim_socket_open(struct ik_link **out, struct ik_link *inner, const struct ik_sim_socket_cfg *cfg,
                   struct ik_addr (*source)(void *ctx, const struct ik_addr *dst), void *ctx);
/* The external node as an engine, for real time: port 0 is the link to the machine (Ethernet). Its
 * deadline is the sim's next event; it is never done before ik_engine_ops.stop. NULL without an
 * external node. */
struct ik_engine *ik_sim_engine(struct ik_sim *sim);

/* ---- looking --------------------------------------------------------------------------------- */

enum ik_sim_fate { IK_FATE_CARRIED, IK_FATE_LOST, IK_FATE_QUEUE_FULL, IK_FATE_TOO_LONG };

struct ik_sim_watch {
    /* Each frame that a node puts on a link, when it does (real time: virtual time plus base.real);
     * `direction` as above (segments: number of the sending end). */
    void (*on_frame)(void *ctx, uint32_t link, uint32_t direction, ik_ns at, struct ik_rd frame,
                     enum ik_sim_fate fate);
    /* Each frame that passes an interface of a node, when it does (real time, as above): `out`,
     * that the node puts on the link, whatever becomes of it there; or that arrives from it. */
    void (*on_pass)(void *ctx, uint32_t node, uint8_t port, bool out, ik_ns at, struct ik_rd frame);
    /* Event records of nodes whose options say `events`, and of what links do to frames beside
     * carrying them (`link` is its name, `node` the sender); in order of time; borrowed. */
    void (*on_event)(void *ctx, const struct ik_record *rec);
    void *ctx;
};
void ik_sim_watch(struct ik_sim *sim, const struct ik_sim_watch *watch);
