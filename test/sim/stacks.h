/* SPDX-License-Identifier: MIT
 * A small network of real stacks for tests: left -- router -- right, 10.0.1.0/24 and 10.0.2.0/24,
 * 2001:db8:1::/64 and 2001:db8:2::/64; the router is .1 of each. */
#pragma once

#include "base/bytes.h"
#include "icmpkit/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LEFT, ROUTER, RIGHT, STATIONS };

struct net {
    struct ik_sim *sim;
    struct ik_stack_options options[STATIONS];
    struct ik_stack_iface ifaces[STATIONS][2];
    struct ik_stack_ifaddr addrs[STATIONS][2][2];
    struct ik_stack_route routes[STATIONS][2];
    struct ik_sim_impair near, far; /* both directions of the link to the left and to the right */
    bool resolve;
    uint32_t node[STATIONS], link[2];
};

static inline struct ik_addr net4(uint8_t side, uint8_t host)
{
    return (struct ik_addr){.family = 4, .bytes = {10, 0, side, host}};
}

static inline struct ik_addr net6(uint8_t side, uint8_t host)
{
    return (struct ik_addr){.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, 0, side, [15] = host}};
}

static inline struct ik_addr net_addr(uint8_t family, uint8_t side, uint8_t host)
{
    return family == 4 ? net4(side, host) : net6(side, host);
}

static inline void net_iface(struct net *n, int node, uint8_t port, uint8_t side, uint8_t host)
{
    n->addrs[node][port][0] = (struct ik_stack_ifaddr){net4(side, host), 24};
    n->addrs[node][port][1] = (struct ik_stack_ifaddr){net6(side, host), 64};
    n->ifaces[node][port] = (struct ik_stack_iface){
        .mac = {2, 0, 0, 0, side, host}, .mtu = 1500, .addrs = n->addrs[node][port], .n_addrs = 2};
}

static inline void net_default_routes(struct net *n, int node, uint8_t side)
{
    n->routes[node][0] = (struct ik_stack_route){.prefix.addr.family = 4, .via = net4(side, 1)};
    n->routes[node][1] = (struct ik_stack_route){.prefix.addr.family = 6, .via = net6(side, 1)};
}

/* Options and impairments of `n` are set before. */
static inline void net_new(struct net *n, uint64_t seed)
{
    static const char *const names[] = {"left", "router", "right"};
    const struct ik_sim_cfg cfg = {.seed = seed, .frame_bytes = 2048};
    assert_int_equal(ik_sim_new(&n->sim, &cfg), IK_OK);
    n->options[ROUTER].kind = IK_STACK_ROUTER;
    net_iface(n, LEFT, 0, 1, 2);
    net_iface(n, ROUTER, 0, 1, 1);
    net_iface(n, ROUTER, 1, 2, 1);
    net_iface(n, RIGHT, 0, 2, 2);
    net_default_routes(n, LEFT, 1);
    net_default_routes(n, RIGHT, 2);
    for (int i = 0; i < STATIONS; i++) {
        const struct ik_sim_node_cfg node = {.name = names[i],
                                             .options = &n->options[i],
                                             .ifaces = n->ifaces[i],
                                             .n_ifaces = i == ROUTER ? 2 : 1,
                                             .routes = n->routes[i],
                                             .n_routes = i == ROUTER ? 0 : 2};
        assert_int_equal(ik_sim_add_node(n->sim, &node, &n->node[i]), IK_OK);
    }
    for (int i = 0; i < 2; i++) {
        const struct ik_sim_end ends[] = {{n->node[i], i == 1}, {n->node[i + 1], 0}};
        const struct ik_sim_impair *im = i ? &n->far : &n->near;
        const struct ik_sim_link_cfg link = {.name = i ? "far" : "near",
                                             .ends = ends,
                                             .n_ends = 2,
                                             .forward = *im,
                                             .back = *im,
                                             .resolve = n->resolve};
        assert_int_equal(ik_sim_add_link(n->sim, &link, &n->link[i]), IK_OK);
    }
}
