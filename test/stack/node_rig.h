/* SPDX-License-Identifier: MIT
 * One stack at a wire that the test holds in its hands: virtual time, frames in and out. Routers
 * have 10.0.1.1 on port 0 and 10.0.2.1 on port 1; hosts 10.0.1.1 and 10.0.1.33 on port 0,
 * with 10.0.1.254 as their gateway. The test is everybody else. */
#pragma once

#include "stack/stack_int.h"

#include <stdarg.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

enum { RIG_FRAMES = 256, RIG_BYTES = 70000 };

struct rig {
    struct ik_stack_options opt;
    struct ik_stack_iface ifaces[2];
    struct ik_stack_ifaddr addrs[2][2];
    struct ik_stack_route routes[8];
    struct ik_stack_cfg cfg;
    struct ik_stack_pool *pool;
    struct ik_stack *s;
    struct ik_engine *e;
    struct ik_now now;
    void *mem, *pool_mem;
    uint8_t *in; /* of exactly the frame's size, so that reading past it is seen */
    /* what the last run gave */
    struct ik_frame out[RIG_FRAMES];
    uint8_t *bytes[RIG_FRAMES];
    size_t n_out;
};

static inline struct ik_addr ip4(uint32_t a)
{
    struct ik_addr r = {.family = 4};
    ik_store_be32(r.bytes, a);
    return r;
}

static const uint8_t rig_peer[6] = {2, 0, 0, 0, 0xff, 1};
enum {
    A = 0x0a000102,   /* a neighbour on port 0 */
    S = 0x0a000101,   /* the node */
    S2 = 0x0a000121,  /* the host's second address */
    GW = 0x0a0001fe,  /* the host's gateway */
    C = 0x0a000202,   /* a neighbour of the router on port 1 */
    T = 0x0a000201,   /* the router on port 1 */
    FAR = 0xcb007109, /* 203.0.113.9: behind a gateway; the router has no route to it */
};

/* Sets the configuration up; the test may change it before rig_start. */
static inline void rig_init(struct rig *r, enum ik_stack_kind kind)
{
    *r = (struct rig){.opt = {.kind = kind}};
    const bool router = kind == IK_STACK_ROUTER;
    r->addrs[0][0] = (struct ik_stack_ifaddr){ip4(S), 24};
    r->addrs[0][1] = (struct ik_stack_ifaddr){ip4(S2), 24};
    r->addrs[1][0] = (struct ik_stack_ifaddr){ip4(T), 24};
    r->ifaces[0] = (struct ik_stack_iface){.name = "eth0",
                                           .mac = {2, 0, 0, 0, 0, 1},
                                           .mtu = 1500,
                                           .addrs = r->addrs[0],
                                           .n_addrs = router ? 1 : 2};
    r->ifaces[1] = (struct ik_stack_iface){
        .name = "eth1", .mac = {2, 0, 0, 0, 0, 2}, .mtu = 1500, .addrs = r->addrs[1], .n_addrs = 1};
    r->routes[0] =
        (struct ik_stack_route){.prefix = {.addr = ip4(0), .bits = 0}, .port = 0, .via = ip4(GW)};
    r->cfg = (struct ik_stack_cfg){.options = &r->opt,
                                   .ifaces = r->ifaces,
                                   .n_ifaces = router ? 2 : 1,
                                   .routes = r->routes,
                                   .n_routes = router ? 0 : 1,
                                   .seed = 7};
}

static inline void rig_pool(struct rig *r, uint32_t buffers, uint32_t reassemblies)
{
    const struct ik_stack_pool_cfg p = {
        .buffers = buffers, .buffer_bytes = 14 + 1500, .reassemblies = reassemblies};
    r->pool_mem = malloc(ik_stack_pool_bytes(&p));
    assert_non_null(r->pool_mem);
    assert_int_equal(ik_stack_pool_init(&r->pool, r->pool_mem, &p), IK_OK);
    r->cfg.pool = r->pool;
}

static inline void rig_forget(struct rig *r)
{
    for (size_t i = 0; i < r->n_out; i++)
        free(r->bytes[i]);
    r->n_out = 0;
}

/* Takes all that the node sends now, and the time on to `until` with all that it sends meanwhile.
 */
static inline void rig_run(struct rig *r, ik_ns until)
{
    struct ik_frame f[16];
    for (;;) {
        size_t n = r->e->ops->output(r->e, r->now, f, 16);
        for (size_t i = 0; i < n; i++) {
            assert_true(r->n_out < RIG_FRAMES);
            r->bytes[r->n_out] = malloc(f[i].bytes.left ? f[i].bytes.left : 1);
            memcpy(r->bytes[r->n_out], f[i].bytes.p, f[i].bytes.left);
            r->out[r->n_out] = f[i];
            r->out[r->n_out].bytes.p = r->bytes[r->n_out];
            r->n_out++;
        }
        r->e->ops->accepted(r->e, r->now, n);
        while (r->e->ops->record(r->e))
            ;
        if (n)
            continue;
        const ik_ns next = r->e->ops->deadline(r->e);
        if (next > until)
            break;
        if (next > r->now.mono)
            r->now.mono = r->now.real = next;
    }
    if (until > r->now.mono)
        r->now.mono = r->now.real = until;
}

/* Starts the node; neighbours A, GW and C are known for good. */
static inline void rig_start(struct rig *r)
{
    if (!r->pool)
        rig_pool(r, 256, 4);
    const size_t bytes = ik_stack_bytes(&r->cfg);
    assert_true(bytes > 0);
    r->mem = malloc(bytes);
    assert_int_equal(ik_stack_init(&r->s, r->mem, &r->cfg), IK_OK);
    r->e = ik_stack_engine(r->s);
    const uint32_t known[3] = {A, GW, C};
    for (size_t i = 0; i < 3; i++) {
        const struct ik_addr a = ip4(known[i]);
        const uint8_t port = known[i] == C ? 1 : 0;
        if (port < r->cfg.n_ifaces)
            assert_int_equal(ik_stack_neighbour(r->s, port, &a, rig_peer), IK_OK);
    }
    rig_run(r, 0);
    rig_forget(r);
}

static inline void rig_end(struct rig *r)
{
    rig_forget(r);
    ik_stack_fini(r->s);
    assert_int_equal(ik_stack_pool_used(r->pool), 0); /* nothing leaks */
    free(r->in);
    free(r->mem);
    free(r->pool_mem);
}

/* Feeds one frame as it is, and takes what follows at once. */
static inline void rig_frame(struct rig *r, uint8_t port, enum ik_medium medium,
                             const struct ik_meta *meta, struct ik_rd bytes)
{
    free(r->in);
    r->in = malloc(bytes.left ? bytes.left : 1);
    memcpy(r->in, bytes.p, bytes.left);
    struct ik_event ev = {.kind = IK_EV_FRAME};
    ev.frame = (struct ik_frame){.medium = medium, .port = port, .bytes = {r->in, bytes.left}};
    if (meta)
        ev.frame.meta = *meta;
    rig_forget(r);
    r->e->ops->input(r->e, r->now, port, &ev, 1);
    rig_run(r, r->now.mono);
}

/* Feeds an IP packet in a frame to `mac` (NULL: to the node). */
static inline void rig_in(struct rig *r, uint8_t port, const uint8_t *mac, struct ik_rd packet)
{
    uint8_t *f = malloc(IK_ETHER_BYTES + packet.left);
    memcpy(f, mac ? mac : r->ifaces[port].mac, 6);
    memcpy(f + 6, rig_peer, 6);
    ik_store_be16(f + 12, packet.p[0] >> 4 == 6 ? IK_ETHER_IP6 : IK_ETHER_IP4);
    memcpy(f + IK_ETHER_BYTES, packet.p, packet.left);
    rig_frame(r, port, IK_MEDIUM_ETHER, NULL, (struct ik_rd){f, IK_ETHER_BYTES + packet.left});
    free(f);
}

/* ---- packets --------------------------------------------------------------------------------- */

struct packet {
    size_t len;
    uint8_t b[RIG_BYTES];
};

static inline struct ik_rd rd_of(const struct packet *p)
{
    return (struct ik_rd){p->b, p->len};
}

static inline struct ik_ip head4(uint32_t src, uint32_t dst, uint8_t proto)
{
    return (struct ik_ip){.version = 4,
                          .ttl = 64,
                          .proto = proto,
                          .id = 0x4242,
                          .header_bytes = 20,
                          .src = ip4(src),
                          .dst = ip4(dst)};
}

static inline void packet_make(struct packet *out, const struct ik_ip *ip, struct ik_rd payload)
{
    struct ik_ip whole = *ip;
    whole.payload = payload;
    assert_int_equal(ik_ip_encode(&whole, false, out->b, sizeof(out->b), &out->len), IK_OK);
}

/* An echo request with `bytes` of pattern. */
static inline void packet_echo(struct packet *out, const struct ik_ip *ip, size_t bytes)
{
    uint8_t *data = malloc(bytes + 1), *msg = malloc(bytes + 8);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * 7);
    struct ik_icmp m = {.family = 4, .type = IK_ICMP4_ECHO, .kind = IK_ICMP_ECHO};
    m.echo = (struct ik_echo){.id = 0x1234, .seq = 7, .data = {data, bytes}};
    size_t len;
    assert_int_equal(ik_icmp_encode(&m, NULL, false, msg, bytes + 8, &len), IK_OK);
    packet_make(out, ip, (struct ik_rd){msg, len});
    free(data);
    free(msg);
}

static inline void packet_udp(struct packet *out, const struct ik_ip *ip, uint16_t dport,
                              size_t bytes)
{
    uint8_t data[2048] = {0}, msg[2100];
    const struct ik_udp u = {.sport = 40000, .dport = dport, .data = {data, bytes}};
    size_t len;
    assert_int_equal(ik_udp_encode(&u, &ip->src, &ip->dst, msg, sizeof(msg), &len), IK_OK);
    packet_make(out, ip, (struct ik_rd){msg, len});
}

/* ---- what came out --------------------------------------------------------------------------- */

/* Frame number i, decoded; its header checksum is right. */
static inline struct ik_ip out_ip(const struct rig *r, size_t i)
{
    struct ik_ip ip;
    assert_true(i < r->n_out);
    const struct ik_rd l3 =
        r->out[i].medium == IK_MEDIUM_ETHER ? ik_rd_from(r->out[i].bytes, 14) : r->out[i].bytes;
    assert_int_equal(ik_ip_decode(&ip, l3, NULL), IK_OK);
    assert_true(ip.checksum_ok);
    return ip;
}

/* The ICMP message in frame i; its checksum is right. */
static inline struct ik_icmp out_icmp(const struct rig *r, size_t i)
{
    const struct ik_ip ip = out_ip(r, i);
    const struct ik_icmp_ctx ctx = {.family = ip.version, .src = &ip.src, .dst = &ip.dst};
    struct ik_icmp m;
    assert_int_equal(ik_icmp_decode(&m, ip.payload, &ctx, NULL), IK_OK);
    assert_true(m.checksum_ok);
    return m;
}

/* Nothing came out but one error of that type and code to A; returns it. */
static inline struct ik_icmp only_error(const struct rig *r, uint8_t type, uint8_t code)
{
    assert_int_equal(r->n_out, 1);
    const struct ik_icmp m = out_icmp(r, 0);
    assert_int_equal(m.type, type);
    assert_int_equal(m.code, code);
    assert_int_equal(ik_load_be32(out_ip(r, 0).dst.bytes), A);
    return m;
}
