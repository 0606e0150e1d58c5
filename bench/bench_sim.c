/* SPDX-License-Identifier: MIT
 * What the simulator costs. `bench_sim hops [ROUTERS [PACKETS]]`: datagrams, one by one, through a
 * chain of routers of the real stack; prints packet-hops a second of processor time.
 * `bench_sim hosts [HOSTS]`: that many hosts on segments of 60,000, each with a stack and addresses
 * of its own; prints bytes of resident memory a host, what the caller keeps for it included. They
 * have started and nobody has spoken to them yet: what a host needs then lies aside, in pages that
 * are not touched before (struct ik_stack_cfg). */
#include "bench.h"

#include "icmpkit/sim.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEGMENT = 60000, MTU = 1500 };

static long resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static struct ik_addr addr4(uint32_t v)
{
    struct ik_addr a = {.family = 4};
    ik_store_be32(a.bytes, v);
    return a;
}

/* ---- hops ------------------------------------------------------------------------------------ */

/* Everything of one node, kept as long as the sim. Link i joins node i and i + 1: 10.0.i.0/24. */
struct station {
    struct ik_stack_options options;
    struct ik_stack_iface ifaces[2];
    struct ik_stack_ifaddr addrs[2];
    struct ik_stack_route routes[2];
};

static void station_iface(struct station *s, uint8_t port, uint32_t node, uint32_t link)
{
    s->addrs[port] =
        (struct ik_stack_ifaddr){addr4(0x0a000001 + (link << 8) + (link == node ? 0 : 1)), 24};
    s->ifaces[port] = (struct ik_stack_iface){.mtu = MTU, .addrs = &s->addrs[port], .n_addrs = 1};
    s->ifaces[port].mac[0] = 2;
    ik_store_be32(s->ifaces[port].mac + 2, node << 8 | port);
}

static void station_route(struct station *s, uint8_t i, uint32_t to, uint8_t bits, uint32_t via,
                          uint8_t port)
{
    s->routes[i] = (struct ik_stack_route){
        .prefix = {addr4(to), bits}, .kind = IK_STACK_ROUTE_VIA, .port = port, .via = addr4(via)};
}

static uint32_t station_add(struct ik_sim *sim, struct station *s, uint32_t i, uint32_t last)
{
    struct ik_sim_node_cfg cfg = {
        .name = "node", .options = &s->options, .ifaces = s->ifaces, .routes = s->routes};
    s->options.kind = i == 0 || i == last ? IK_STACK_HOST : IK_STACK_ROUTER;
    s->options.udp_open_all = true;
    if (i > 0)
        station_iface(s, cfg.n_ifaces++, i, i - 1);
    if (i < last) {
        const uint8_t port = cfg.n_ifaces;
        station_iface(s, cfg.n_ifaces++, i, i);
        /* Towards the far end: the last net by the next node. */
        station_route(s, (uint8_t)cfg.n_routes++, 0x0a000000 + ((last - 1) << 8), 24,
                      0x0a000002 + (i << 8), port);
    }
    uint32_t node;
    need(ik_sim_add_node(sim, &cfg, &node) == IK_OK, "a node");
    return node;
}

static void bench_hops(uint32_t routers, uint64_t packets)
{
    const struct ik_sim_cfg cfg = {.seed = 1, .frame_bytes = MTU + 14};
    const uint32_t last = routers + 1;
    struct ik_sim *sim;
    struct station *stations = calloc(last + 1, sizeof(*stations));
    need(stations && ik_sim_new(&sim, &cfg) == IK_OK, "a sim");
    for (uint32_t i = 0; i <= last; i++) {
        const uint32_t node = station_add(sim, &stations[i], i, last);
        const struct ik_sim_end ends[] = {{node - (i > 0), i > 1}, {node, 0}};
        const struct ik_sim_impair im = {.delay = IK_NS_PER_MS};
        const struct ik_sim_link_cfg link = {
            .name = "link", .ends = ends, .n_ends = 2, .forward = im, .back = im};
        uint32_t number;
        need(i == 0 || ik_sim_add_link(sim, &link, &number) == IK_OK, "a link");
    }
    const ik_ns stop = (ik_ns)packets * IK_NS_PER_US;
    const struct ik_sim_traffic_cfg traffic = {.kind = IK_TRAFFIC_UDP,
                                               .to = addr4(0x0a000002 + ((last - 1) << 8)),
                                               .stop = stop,
                                               .rate_mpps = 1000000000};
    uint32_t number;
    need(ik_sim_add_traffic(sim, &traffic, &number) == IK_OK, "traffic");
    const int64_t began = clock_ns();
    ik_sim_run(sim, stop + IK_NS_PER_S);
    const double took = (double)(clock_ns() - began) / 1e9;
    const uint64_t hops = ik_sim_hops(sim);
    need(hops == packets * (routers + 1) && !ik_sim_overflows(sim), "packets were lost");
    printf("sim: %u routers, %llu packet-hops, %.0f a second\n", routers, (unsigned long long)hops,
           (double)hops / took);
    ik_sim_free(sim);
    free(stations);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

/* What is told of one host beside what all share. */
struct host {
    struct ik_stack_iface iface;
    struct ik_stack_ifaddr addrs[2];
};

static void host_fill(struct host *h, uint32_t i)
{
    h->addrs[0] = (struct ik_stack_ifaddr){addr4(0x0a000002 + i), 8};
    h->addrs[1] = (struct ik_stack_ifaddr){{.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8}}, 64};
    ik_store_be32(h->addrs[1].addr.bytes + 12, 2 + i);
    h->iface = (struct ik_stack_iface){.mtu = MTU, .addrs = h->addrs, .n_addrs = 2, .mac = {2}};
    ik_store_be32(h->iface.mac + 2, i);
}

static void bench_hosts(uint32_t hosts)
{
    static const struct ik_stack_options options = {.neighbours_max = 2, .destinations_max = 1};
    static const struct ik_stack_route route = {.prefix = {.addr.family = 4},
                                                .via = {.family = 4, .bytes = {10, 0, 0, 1}}};
    const struct ik_sim_cfg cfg = {.seed = 1, .frame_bytes = MTU + 14};
    struct ik_sim *sim;
    need(ik_sim_new(&sim, &cfg) == IK_OK, "a sim");
    const long before = resident_bytes();
    struct host *list = calloc(hosts, sizeof(*list));
    struct ik_sim_end *ends = calloc(hosts, sizeof(*ends));
    need(list && ends, "memory");
    for (uint32_t i = 0; i < hosts; i++) {
        host_fill(&list[i], i);
        const struct ik_sim_node_cfg node = {.name = "host",
                                             .options = &options,
                                             .ifaces = &list[i].iface,
                                             .n_ifaces = 1,
                                             .routes = &route,
                                             .n_routes = 1};
        need(ik_sim_add_node(sim, &node, &ends[i].node) == IK_OK, "a node");
    }
    for (uint32_t i = 0; i < hosts; i += SEGMENT) {
        const uint32_t n = hosts - i < SEGMENT ? hosts - i : SEGMENT;
        const struct ik_sim_link_cfg link = {
            .name = "lan", .ends = ends + i, .n_ends = (uint16_t)n, .forward.delay = IK_NS_PER_MS};
        uint32_t number;
        need(ik_sim_add_link(sim, &link, &number) == IK_OK, "a segment");
    }
    free(ends);
    ik_sim_run(sim, 0);
    printf("sim: %u hosts, %.0f bytes a host\n", hosts,
           (double)(resident_bytes() - before) / hosts);
    ik_sim_free(sim);
    free(list);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    const unsigned long second = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    if (!strcmp(what, "hops")) {
        bench_hops(first ? (uint32_t)first : 10, second ? second : 1000000);
    } else if (!strcmp(what, "hosts")) {
        bench_hosts(first > 2 ? (uint32_t)first : 1000000);
    } else {
        fprintf(stderr, "usage: bench_sim hops [ROUTERS [PACKETS]]\n"
                        "       bench_sim hosts [HOSTS]\n");
        return 2;
    }
    return 0;
}
