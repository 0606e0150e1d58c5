/* SPDX-License-Identifier: MIT
 * What a lab file says, read and checked: nodes, links, addresses, routes, events, traffic. Nodes
 * and links are numbered in the order of the file. All of it lives in one arena. */
#pragma once

#include "conf/keys.h"

#include <icmpkit/lab.h>
#include <icmpkit/sim.h>

enum {
    IK_MODEL_NODES_MAX = 4096,
    IK_MODEL_LINKS_MAX = 8192,
    IK_MODEL_ENDS_MAX = 32768, /* of all links */
    IK_MODEL_ROUTES_MAX = 4000000,
    IK_MODEL_OVERRIDES_MAX = 20000,
    IK_MODEL_WORK_MAX = 300000000, /* prefixes times nodes and ends: some seconds */
    IK_MODEL_MEMORY_MAX = 2000000, /* rows of tables that nodes are told to have, in all */
    IK_MODEL_EVENTS_MAX = 10000,
    IK_MODEL_TRAFFIC_MAX = 1000,
    IK_MODEL_NONE = UINT32_MAX,
};

/* An interface of a node: an end of a link. */
struct ik_model_port {
    uint32_t link, end;
};

struct ik_model_node {
    const char *name;
    const struct ik_tree_node *at;
    struct ik_stack_options options;
    bool simulated; /* stands in for real public addresses */
    bool left_out;  /* is not built: simulated, where the machine itself is the vantage */
    ik_ns start;
    struct ik_stack_nat_cfg *nat; /* options.nat, while it is made */
    const struct ik_tree_node *nat_outside;
    struct ik_prefix *prefixes; /* options.prefixes */
    struct ik_model_port *ports;
    struct ik_stack_iface *ifaces;
    uint8_t n_ports;
    const struct ik_stack_route *routes;
    uint32_t n_routes;
    uint32_t sim; /* its number there */
};

/* One direction of a link. */
struct ik_model_way {
    struct ik_sim_impair impair;
    uint32_t cost;
};

struct ik_model_end {
    uint32_t node;
    uint8_t port;
    struct ik_addr addr[2]; /* IPv4, IPv6; family 0 where the link has no such net */
};

struct ik_model_link {
    const char *name; /* "a-b", or as given */
    const struct ik_tree_node *at;
    struct ik_prefix net[2]; /* IPv4, IPv6; family 0: none */
    struct ik_model_end *ends;
    uint32_t n_ends;
    uint32_t mtu;
    struct ik_model_way forward, back; /* of a segment both are how its senders send */
    bool resolve;
    bool left_out;
    uint32_t sim;
};

/* An override: what `node` does with packets to `prefix`. */
struct ik_model_route {
    uint32_t node;
    struct ik_stack_route route;
};

struct ik_model_event {
    const struct ik_tree_node *at;
    ik_ns when;
    uint32_t link; /* IK_MODEL_NONE: the event is of `node` */
    int direction; /* -1 both, 0, 1 */
    const struct ik_tree_node *set;
    struct ik_sim_impair to[2]; /* what the directions are from then on */
    uint32_t node;
    ik_ns down_for;
};

struct ik_model_traffic {
    struct ik_sim_traffic_cfg cfg; /* from: number of the model */
    const char *file;              /* a capture, made into cfg.frames by the builder */
    const struct ik_tree_node *at;
};

/* An address and who has it, sorted by address. */
struct ik_model_owner {
    struct ik_addr addr;
    uint32_t node, link; /* link IK_MODEL_NONE: an address of a prefix of the node */
};

/* A prefix that packets go to: the net of a link, or one that a host stands for; sorted, and none
 * inside another. */
struct ik_model_prefix {
    struct ik_prefix prefix;
    uint32_t link, node; /* one of them IK_MODEL_NONE */
    const struct ik_tree_node *at;
    bool reached; /* by the vantage, not on a link of its own */
};

struct ik_model {
    struct ik_arena *arena;
    struct ik_conf_fault *fault;
    bool external;
    uint64_t seed;
    const char *vantage_name;
    uint32_t vantage;
    struct ik_model_node *nodes;
    uint32_t n_nodes;
    uint32_t *by_name; /* numbers of nodes, sorted by their names */
    struct ik_model_link *links;
    uint32_t n_links;
    struct ik_model_owner *owners;
    uint32_t n_owners;
    struct ik_model_prefix *prefixes;
    uint32_t n_prefixes;
    struct ik_model_route *overrides; /* sorted by node */
    uint32_t n_overrides;
    struct ik_model_event *events; /* sorted by time */
    uint32_t n_events;
    struct ik_model_traffic *traffic;
    uint32_t n_traffic;
};

/* Reads all of a file; arena, fault and external are set, the rest is zero. IK_E_VALUE, IK_E_NOMEM;
 * then *m->fault says what. */
IK_MUST_USE enum ik_err ik_model_read(struct ik_model *m, const struct ik_tree_node *root);

/* What the tables of keys are read with. */
static inline struct ik_keys_ctx ik_model_ctx(const struct ik_model *m)
{
    return (struct ik_keys_ctx){m->arena, m->fault, "icmp-lab(5)"};
}
/* The number of the node with that name; IK_MODEL_NONE when there is none. */
uint32_t ik_model_find(const struct ik_model *m, const char *name);
/* The same for the scalar at `name`, with a fault ("no node ...: did you mean ...?"). */
IK_MUST_USE enum ik_err ik_model_node_of(const struct ik_model *m, const struct ik_tree_node *name,
                                         uint32_t *out);
/* 0 for IPv4, 1 for IPv6: the place in `net` and `addr`. */
static inline unsigned ik_model_family(uint8_t family)
{
    return family == 6;
}
/* The first address of the node of that family; family 0: IPv4 before IPv6. Family 0 in what is
 * returned when it has none. */
struct ik_addr ik_model_addr(const struct ik_model *m, uint32_t node, uint8_t family);
