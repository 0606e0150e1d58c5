/* SPDX-License-Identifier: MIT
 * What the stack costs, from memory to memory. `bench_stack echo [MILLIONS]`: echo requests of 56
 * bytes to a host, in batches as a link gives them; prints replies a second of processor time.
 * `bench_stack forward [MILLIONS]`: datagrams of the same size through a router; prints packets a
 * second. `bench_stack bytes`: memory of the smallest host, in bytes. */
#include "bench.h"

#include "icmpkit/stack.h"
#include "icmpkit/wire.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETHER = 14, IP = 20, DATA = 56, FRAME = ETHER + IP + 8 + DATA };
enum { PEER = 0x0a000002, HOST = 0x0a000001, BEYOND = 0x0a000102, ROUTER2 = 0x0a000101 };

static struct ik_addr addr4(uint32_t v)
{
    struct ik_addr a = {.family = 4};
    ik_store_be32(a.bytes, v);
    return a;
}

/* A node, and the memory of it. */
struct node {
    struct ik_stack_options options;
    struct ik_stack_iface ifaces[2];
    struct ik_stack_ifaddr addrs[2];
    struct ik_stack_route route;
    struct ik_stack_cfg cfg;
    struct ik_stack *stack;
    void *pool, *mem;
};

static void node_init(struct node *n, enum ik_stack_kind kind)
{
    *n = (struct node){.options = {.kind = kind}};
    n->addrs[0] = (struct ik_stack_ifaddr){addr4(HOST), 24};
    n->addrs[1] = (struct ik_stack_ifaddr){addr4(ROUTER2), 24};
    for (uint8_t i = 0; i < 2; i++) {
        n->ifaces[i] = (struct ik_stack_iface){.mtu = 1500, .addrs = &n->addrs[i], .n_addrs = 1};
        memcpy(n->ifaces[i].mac, (const uint8_t[6]){2, 0, 0, 0, 0, i}, 6);
    }
    n->route = (struct ik_stack_route){.prefix = {addr4(0), 0}, .via = addr4(PEER)};
    n->cfg = (struct ik_stack_cfg){.options = &n->options,
                                   .ifaces = n->ifaces,
                                   .n_ifaces = kind == IK_STACK_ROUTER ? 2 : 1,
                                   .routes = &n->route,
                                   .n_routes = 1,
                                   .seed = 1};
    const struct ik_stack_pool_cfg pool = {
        .buffers = 256, .buffer_bytes = ETHER + 1500, .reassemblies = 1};
    n->pool = malloc(ik_stack_pool_bytes(&pool));
    need(n->pool && ik_stack_pool_init(&n->cfg.pool, n->pool, &pool) == IK_OK, "no pool");
}

static void node_start(struct node *n)
{
    static const uint8_t mac[6] = {2, 0, 0, 0, 1, 1};
    const struct ik_addr peer = addr4(PEER), beyond = addr4(BEYOND);
    n->mem = malloc(ik_stack_bytes(&n->cfg));
    need(n->mem && ik_stack_init(&n->stack, n->mem, &n->cfg) == IK_OK, "no stack");
    need(ik_stack_neighbour(n->stack, 0, &peer, mac) == IK_OK, "no neighbour");
    if (n->cfg.n_ifaces > 1)
        need(ik_stack_neighbour(n->stack, 1, &beyond, mac) == IK_OK, "no neighbour");
}

static void node_fini(struct node *n)
{
    ik_stack_fini(n->stack);
    free(n->mem);
    free(n->pool);
}

/* A frame from the peer to dst: an echo request, or a datagram of some protocol. */
static void frame_make(uint8_t *f, uint32_t dst, uint16_t seq)
{
    static const uint8_t data[DATA] = {1, 2, 3};
    memcpy(f, (const uint8_t[ETHER]){2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 1, 8, 0}, ETHER);
    struct ik_icmp m = {.family = 4, .type = IK_ICMP4_ECHO, .kind = IK_ICMP_ECHO};
    m.echo = (struct ik_echo){.id = 1, .seq = seq, .data = {data, DATA}};
    struct ik_ip ip = {.version = 4,
                       .ttl = 64,
                       .proto = IK_PROTO_ICMP4,
                       .id = seq,
                       .src = addr4(PEER),
                       .dst = addr4(dst)};
    size_t len;
    need(ik_icmp_encode(&m, NULL, false, f + ETHER + IP, FRAME - ETHER - IP, &len) == IK_OK,
         "no message");
    ip.payload = (struct ik_rd){f + ETHER + IP, len};
    need(ik_ip_encode(&ip, false, f + ETHER, FRAME - ETHER, &len) == IK_OK, "no packet");
}

/* Gives `millions` of frames to the node in batches, and takes what it sends; each must bring one
 * out. Returns frames a second of processor time. */
static double run(struct node *n, uint32_t dst, double millions)
{
    static uint8_t frames[IK_BATCH][FRAME];
    struct ik_event events[IK_BATCH];
    struct ik_frame out[IK_BATCH];
    struct ik_engine *e = ik_stack_engine(n->stack);
    struct ik_now now = {0};
    memset(events, 0, sizeof(events));
    for (uint16_t i = 0; i < IK_BATCH; i++) {
        frame_make(frames[i], dst, i);
        events[i].kind = IK_EV_FRAME;
        events[i].frame.bytes = (struct ik_rd){frames[i], FRAME};
    }
    const uint64_t batches = (uint64_t)(millions * 1e6 / IK_BATCH);
    const int64_t start = clock_ns();
    for (uint64_t i = 0; i < batches; i++) {
        now.mono = now.real += 1000;
        e->ops->input(e, now, 0, events, IK_BATCH);
        const size_t sent = e->ops->output(e, now, out, IK_BATCH);
        need(sent == IK_BATCH && out[IK_BATCH - 1].bytes.left == FRAME, "a frame had no answer");
        e->ops->accepted(e, now, sent);
    }
    return (double)(batches * IK_BATCH) * 1e9 / (double)(clock_ns() - start);
}

static void bench(const char *what, enum ik_stack_kind kind, uint32_t dst, double millions)
{
    struct node n;
    node_init(&n, kind);
    node_start(&n);
    const double rate = run(&n, dst, millions);
    printf("%s: %.0f million frames, %.0f a second, %.1f ns each\n", what, millions, rate,
           1e9 / rate);
    node_fini(&n);
}

/* The smallest host that is still whole: what <icmpkit/stack.h> says of ik_stack_bytes. */
static void bytes(void)
{
    struct node n;
    node_init(&n, IK_STACK_HOST);
    const struct ik_stack_ifaddr two[2] = {n.addrs[0], {addr4(HOST + 9), 24}};
    n.ifaces[0].addrs = two;
    n.ifaces[0].n_addrs = 2;
    n.options.neighbours_max = 2;
    n.options.destinations_max = 1;
    printf("the smallest host, %zu bytes\n", ik_stack_bytes(&n.cfg));
    free(n.pool);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const double millions = argc > 2 ? strtod(argv[2], NULL) : 20;
    if (!strcmp(what, "echo"))
        bench("echo", IK_STACK_HOST, HOST, millions);
    else if (!strcmp(what, "forward"))
        bench("forward", IK_STACK_ROUTER, BEYOND, millions);
    else if (!strcmp(what, "bytes"))
        bytes();
    else
        need(false, "usage: bench_stack echo|forward [MILLIONS] | bytes");
    return 0;
}
