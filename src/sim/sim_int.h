/* SPDX-License-Identifier: MIT
 * What the files of this room share. A sim is arrays of nodes, ports, links and channels that name
 * each other by index, and three heaps of what is due: frames in flight, deadlines of nodes, and
 * the agenda (events in time, traffic). Nothing recurs: sending only puts a frame into a heap, and
 * a node is only ever called from the loop of ik_sim_run, from a link of its user or from outside.
 *
 *   ik_sim_run -> arrival -> simnode: input, output -> simlink: send -> impair -> heap
 *              -> deadline -^                        \-> vantage (port UPPER)
 *              -> agenda -> link changes, restarts, traffic */
#pragma once

#include "base/bytes.h"
#include "base/map.h"
#include "base/rng.h"
#include "icmpkit/record.h"
#include "icmpkit/sim.h"
#include "icmpkit/wire.h"
#include "sim/due.h"
#include "sim/flight.h"
#include "sim/impair.h"

#define IK_SIM_NONE UINT32_MAX

/* ---- nodes (simnode.c) ----------------------------------------------------------------------- */

/* What makes a node of a thing that is an engine: stacks (bind.c), or what a test attaches. Members
 * may be NULL, save `up`. */
struct ik_simnode;
struct ik_simnode_ops {
    /* The node comes up, for the first time or after a restart: its engine, in memory that it was
     * given when it was added. NULL: it stays down. */
    struct ik_engine *(*up)(struct ik_sim *sim, struct ik_simnode *node);
    /* It goes down: whatever it holds is given back. */
    void (*down)(struct ik_simnode *node);
    /* The neighbour on a port is known for good. */
    void (*neighbour)(struct ik_simnode *node, uint8_t port, const struct ik_addr *addr,
                      const uint8_t mac[static 6]);
    void (*iface_up)(struct ik_simnode *node, struct ik_now now, uint8_t port, bool up);
    /* A frame of the node found the queue of the link full. */
    void (*congested)(struct ik_simnode *node, struct ik_now now, uint8_t port, struct ik_rd frame);
    /* The packet of the frame of its user with that key still waits in the node. */
    bool (*holds)(const struct ik_simnode *node, uint32_t key);
    /* The address to speak from towards dst; family 0: none. */
    struct ik_addr (*source)(const struct ik_simnode *node, const struct ik_addr *dst);
};

struct ik_simnode {
    const struct ik_simnode_ops *ops;
    struct ik_engine *engine; /* NULL while it is down */
    void *self;               /* the ops' own; `mem` at first */
    void *mem;                /* where the engine lives */
    const char *name;
    const struct ik_stack_options *options; /* NULL: not a stack */
    const struct ik_stack_iface *ifaces;
    const struct ik_stack_route *routes;
    uint32_t n_routes;
    uint32_t first_port; /* of sim->ports */
    uint16_t lives;      /* how often it came up */
    uint8_t n_ifaces;
    bool external;
    bool speaks;   /* has records */
    bool congests; /* wants to know of full queues */
    bool watched;  /* traffic looks at what arrives */
    bool has_user; /* vantage links were opened */
};

/* A node of any kind, whose engine lives in `mem`: `cfg` names and ifaces as in ik_sim_add_node.
 * IK_E_NOMEM, IK_E_VALUE, IK_E_EXISTS. */
IK_MUST_USE enum ik_err ik_simnode_add(struct ik_sim *sim, const struct ik_sim_node_cfg *cfg,
                                       const struct ik_simnode_ops *ops, void *mem, uint32_t *node);
/* Frames sim->events[0..n-1] (arrival, bytes) reach the port; then the node does what it will. */
void ik_simnode_input(struct ik_sim *sim, uint32_t node, uint8_t port, size_t n);
/* A frame of the user of the node. */
void ik_simnode_upper(struct ik_sim *sim, uint32_t node, const struct ik_frame *frame);
/* An IP packet of the user of the node. */
void ik_simnode_packet(struct ik_sim *sim, uint32_t node, struct ik_rd packet);
/* True when the packet of that key (not 0) waits in the node: it may leave later. */
bool ik_simnode_holds(const struct ik_sim *sim, uint32_t node, uint32_t key);
/* What is due at the node: it comes up, or its deadline passed. */
void ik_simnode_due(struct ik_sim *sim, uint32_t node);
/* It goes down, and comes up again after `down_for`. */
void ik_simnode_restart(struct ik_sim *sim, uint32_t node, ik_ns down_for);
/* Tells the node what it knows of the other end of the link at its port, if both are there. */
void ik_simnode_introduce(struct ik_sim *sim, uint32_t node, uint8_t port);
void ik_simnode_carrier(struct ik_sim *sim, uint32_t node, uint8_t port, bool up);
/* The port that has this unicast address, or one of whose prefixes holds it. */
bool ik_simnode_owns(const struct ik_simnode *node, const struct ik_addr *addr);
/* The link-local address of a port: modified EUI-64 of its MAC (RFC 4291 appendix A). */
struct ik_addr ik_simnode_link_local(const struct ik_stack_iface *iface);

/* ---- links (simlink.c) ----------------------------------------------------------------------- */

/* Frames that arrive in the order in which they were sent: slots of flights, of which only the
 * first is in the heap. */
struct ik_lane {
    uint32_t first, last; /* first: IK_FLIGHT_NONE when empty, and last means nothing then */
};

/* One sender of one link. Its frames wait in the lane of their delay, those that took longer than
 * that in its own; what overtakes is in the heap by itself. */
struct ik_channel {
    struct ik_impair_line line;
    struct ik_lane lane;
    uint32_t link;
    uint32_t end; /* number of the sending end */
};

/* What takes exactly that long shares a lane, whoever sends it: time only grows, and so do
 * arrivals. The heap is then as small as there are delays, and most frames move nothing in it. */
struct ik_delay {
    ik_ns delay;
    struct ik_lane lane;
};

/* What a direction of a link does, and what that comes to. */
struct ik_way {
    struct ik_sim_impair im;
    uint32_t delay; /* of sim->delays: what a frame takes without jitter and queue */
    bool plain;     /* it delays, and does nothing else */
};

struct ik_simlink {
    const char *name;
    uint32_t first_end, n_ends; /* of sim->ends */
    uint32_t first_channel;     /* one for each end */
    uint32_t way[2];            /* of sim->ways; a segment has only the first */
    bool resolve, carrier;
    struct ik_map *macs; /* segments: end of each MAC */
    struct ik_rng rng;
    struct ik_sim_link_stats stats[2];
};

/* Puts a frame of a node on the link at its port; true unless the queue was full. */
bool ik_simlink_send(struct ik_sim *sim, uint32_t node, uint8_t port, struct ik_rd frame);
/* The first arrival of the heap, and those of the same instant and channel that follow it. */
void ik_simlink_arrive(struct ik_sim *sim);
void ik_simlink_change(struct ik_sim *sim, uint32_t link, int direction, uint32_t way);
/* Keeps a copy of im; queues of the link have room for it. IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_simlink_prepare(struct ik_sim *sim, uint32_t link, int direction,
                                           const struct ik_sim_impair *im, uint32_t *way);
void ik_simlink_fini(struct ik_sim *sim);

/* ---- agenda (agenda.c, traffic.c) ------------------------------------------------------------ */

enum ik_agenda_kind { IK_AGENDA_LINK, IK_AGENDA_RESTART, IK_AGENDA_TRAFFIC };

struct ik_agenda_item {
    enum ik_agenda_kind kind;
    uint32_t what; /* link, node, traffic */
    union {
        struct {
            int direction;
            uint32_t way;
        } link;
        ik_ns down_for;
    };
};

/* One more item, due at `at`. IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_agenda_add(struct ik_sim *sim, ik_ns at, struct ik_agenda_item item,
                                      uint32_t *id);
/* Does the first of the agenda. */
void ik_agenda_due(struct ik_sim *sim);

struct ik_traffic;
/* It is this traffic's time. */
void ik_traffic_due(struct ik_sim *sim, uint32_t traffic);
/* Looks at a frame that reaches a watched node; true when it ends here. */
bool ik_traffic_look(struct ik_sim *sim, uint32_t node, struct ik_rd frame);

/* ---- where it meets the outside (vantage.c, outside.c) --------------------------------------- */

struct ik_vantage;
/* A frame for the user of the node. */
void ik_vantage_deliver(struct ik_sim *sim, uint32_t node, const struct ik_frame *frame);
/* A frame of the node's user that has this key leaves the node. */
void ik_vantage_left(struct ik_sim *sim, uint32_t node, uint32_t key);
void ik_vantage_fini(struct ik_sim *sim);

struct ik_outside {
    struct ik_engine engine;
    struct ik_sim *sim;
    struct ik_flight_queue waiting, lent;
    bool stopped;
};
void ik_outside_init(struct ik_sim *sim);
/* A frame for the machine. */
void ik_outside_deliver(struct ik_sim *sim, struct ik_rd frame);

/* ---- the sim --------------------------------------------------------------------------------- */

struct ik_sim_chunk;

struct ik_sim {
    struct ik_sim_cfg cfg;
    struct ik_now now, base; /* now: what nodes see, mono virtual, real as outside */
    uint64_t order;          /* of what is put into the heaps */
    uint64_t hops, overflows;
    struct ik_sim_watch watch;

    struct ik_due arrivals; /* ids: channels, IK_SIM_DELAY | delay, IK_SIM_ALONE | slot */
    struct ik_due alarms;   /* ids: nodes */
    struct ik_due agenda;   /* ids: items */
    struct ik_flights flights;

    struct ik_simnode *nodes;
    struct ik_simlink *links;
    struct ik_channel *channels;
    uint32_t *ports; /* the channel at each port, or IK_SIM_NONE */
    struct ik_sim_end *ends;
    struct ik_way *ways;
    struct ik_delay *delays;
    struct ik_agenda_item *items;
    struct ik_traffic *traffics;
    uint32_t n_nodes, n_links, n_channels, n_ports, n_ends, n_ways, n_delays, n_items, n_traffics;
    uint32_t cap_nodes, cap_links, cap_channels, cap_ports, cap_ends, cap_ways, cap_delays,
        cap_items, cap_traffics;

    struct ik_sim_chunk *chunks, *chunks_aside;
    struct ik_stack_pool *pool;
    void *pool_mem;
    uint32_t external; /* node, or IK_SIM_NONE */
    struct ik_outside outside;
    struct ik_vantage *vantages;
    uint32_t ticket; /* the last key of a frame of any of them */

    struct ik_event events[IK_BATCH]; /* arrivals: all but instant, port and bytes stands */
    struct ik_event upper;            /* what the user of a node sends: the same, and its frame */
    struct ik_frame frames[IK_BATCH];
};

#define IK_SIM_ALONE (UINT32_C(1) << 31)
#define IK_SIM_DELAY (UINT32_C(1) << 30)

/* Room for one more of n elements of `size` bytes. IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_sim_grow(void **list, uint32_t *cap, uint32_t n, size_t size);
/* Memory that lives as long as the sim, aligned as malloc's, from big chunks; zeroed. NULL. */
void *ik_sim_alloc(struct ik_sim *sim, size_t bytes);
/* The same, of which most will never be touched: its pages are no others'. */
void *ik_sim_alloc_aside(struct ik_sim *sim, size_t bytes);
static inline uint64_t ik_sim_order(struct ik_sim *sim)
{
    return sim->order++;
}
/* A seed for a part of the sim. */
uint64_t ik_sim_seed(const struct ik_sim *sim, uint32_t kind, uint32_t number);
/* Outside and virtual time. */
static inline ik_ns ik_sim_inside(const struct ik_sim *sim, ik_ns mono)
{
    return mono - sim->base.mono;
}
static inline ik_ns ik_sim_outside(const struct ik_sim *sim, ik_ns at)
{
    return at == IK_NEVER ? IK_NEVER : at + sim->base.mono;
}
