/* SPDX-License-Identifier: MIT
 * An IPv6 node between one or two links in virtual time: packets in by port, packets out, each
 * decoded. */
#pragma once

#include "icmpkit/stack.h"
#include "icmpkit/wire.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RIG_MTU = 1500, RIG_OUT_MAX = 256 };

/* A packet that left. */
struct rig_out {
    uint8_t port;
    uint8_t dst_mac[6];
    size_t len;
    uint8_t bytes[RIG_MTU];
    struct ik_ip ip;
    struct ik_icmp icmp; /* where it is ICMPv6 */
};

struct rig {
    struct ik_stack_options options;
    struct ik_stack_iface ifaces[2];
    struct ik_stack_ifaddr addrs[2][64];
    struct ik_stack_route routes[8];
    struct ik_stack_cfg cfg;
    struct ik_stack *s;
    void *pool_mem, *mem;
    ik_ns now;
    struct rig_out out[RIG_OUT_MAX];
    size_t n_out;
};

static inline struct ik_addr rig_addr(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}

static inline struct ik_now rig_now(const struct rig *r)
{
    return (struct ik_now){.mono = r->now, .real = r->now};
}

/* True for what the node itself says; the rest it passes on, and is not to blame for. */
static inline bool rig_is_own(const struct rig *r, const struct rig_out *o)
{
    static const uint8_t link_local[13] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe};
    if (o->port == IK_STACK_UPPER)
        return false;
    for (unsigned i = 0; i < r->cfg.n_ifaces; i++)
        if (ik_addr_same_host(&o->ip.src, &r->addrs[i][0].addr))
            return true;
    return ik_addr_is_any(&o->ip.src) || memcmp(o->ip.src.bytes, link_local, 13) == 0;
}

/* Checks that a packet is sound. */
static inline void rig_judge(const struct rig *r, struct rig_out *o)
{
    struct ik_faults faults = {0};
    const struct ik_icmp_ctx ctx = {.family = 6, .src = &o->ip.src, .dst = &o->ip.dst};
    const bool own = rig_is_own(r, o);
    if (o->port != IK_STACK_UPPER) {
        const enum ik_err err = ik_ip_decode(&o->ip, (struct ik_rd){o->bytes, o->len}, &faults);
        assert_true(!own || (err == IK_OK && faults.n == 0 && o->ip.total_bytes == o->len));
    }
    if (o->ip.proto != IK_PROTO_ICMP6 || o->ip.fragment)
        return;
    const enum ik_err err = ik_icmp_decode(&o->icmp, o->ip.payload, &ctx, NULL);
    assert_true(!own || (err == IK_OK && o->icmp.checksum_ok));
}

static inline void rig_keep(struct rig *r, const struct ik_frame *f)
{
    assert_true(r->n_out < RIG_OUT_MAX);
    struct rig_out *o = &r->out[r->n_out++];
    *o = (struct rig_out){.port = f->port};
    struct ik_rd bytes = f->bytes;
    if (f->medium == IK_MEDIUM_ETHER) {
        memcpy(o->dst_mac, bytes.p, 6);
        bytes = (struct ik_rd){bytes.p + 14, bytes.left - 14};
    }
    assert_true(bytes.left <= sizeof(o->bytes));
    memcpy(o->bytes, bytes.p, bytes.left);
    o->len = bytes.left;
    if (f->medium == IK_MEDIUM_ICMP6) {
        o->ip = (struct ik_ip){.version = 6, .proto = IK_PROTO_ICMP6, .src = f->meta.src};
        o->ip.dst = f->meta.dst;
        o->ip.payload = (struct ik_rd){o->bytes, o->len};
    } else {
        (void)!ik_ip_decode(&o->ip, (struct ik_rd){o->bytes, o->len}, NULL);
    }
    rig_judge(r, o);
}

/* Takes all that leaves now. */
static inline void rig_drain(struct rig *r)
{
    struct ik_engine *e = ik_stack_engine(r->s);
    struct ik_frame frames[IK_BATCH];
    size_t n;
    while ((n = e->ops->output(e, rig_now(r), frames, IK_BATCH)) > 0) {
        for (size_t i = 0; i < n; i++)
            rig_keep(r, &frames[i]);
        e->ops->accepted(e, rig_now(r), n);
    }
}

/* Lets time pass, each timer at its own instant. */
static inline void rig_run(struct rig *r, ik_ns until)
{
    struct ik_engine *e = ik_stack_engine(r->s);
    for (int i = 0; i < 10000; i++) {
        const ik_ns next = e->ops->deadline(e);
        if (next > until)
            break;
        r->now = next > r->now ? next : r->now;
        rig_drain(r);
    }
    r->now = until;
    rig_drain(r);
}

/* Port 0 is 2001:db8:1::1/64, port 1 (routers) 2001:db8:2::1/64; changes by the caller come between
 * this and rig_start. */
static inline void rig_init(struct rig *r, enum ik_stack_kind kind)
{
    memset(r, 0, sizeof(*r));
    r->options.kind = kind;
    static const char *const own[2] = {"2001:db8:1::1", "2001:db8:2::1"};
    for (uint8_t i = 0; i < 2; i++) {
        r->addrs[i][0] = (struct ik_stack_ifaddr){.addr = rig_addr(own[i]), .bits = 64};
        r->ifaces[i] = (struct ik_stack_iface){
            .mac = {2, 0, 0, 0, 1, i}, .mtu = RIG_MTU, .addrs = r->addrs[i], .n_addrs = 1};
    }
    r->cfg = (struct ik_stack_cfg){.options = &r->options,
                                   .ifaces = r->ifaces,
                                   .n_ifaces = kind == IK_STACK_ROUTER ? 2 : 1,
                                   .routes = r->routes,
                                   .seed = 7};
}

static inline void rig_route(struct rig *r, const char *prefix, uint8_t bits, uint8_t port,
                             const char *via)
{
    r->routes[r->cfg.n_routes++] = (struct ik_stack_route){
        .prefix = {.addr = rig_addr(prefix), .bits = bits}, .port = port, .via = rig_addr(via)};
}

static inline void rig_start(struct rig *r)
{
    const struct ik_stack_pool_cfg pool = {
        .buffers = 256, .buffer_bytes = RIG_MTU + 14, .reassemblies = 4};
    r->pool_mem = malloc(ik_stack_pool_bytes(&pool));
    assert_non_null(r->pool_mem);
    assert_int_equal(ik_stack_pool_init(&r->cfg.pool, r->pool_mem, &pool), IK_OK);
    const size_t bytes = ik_stack_bytes(&r->cfg);
    assert_true(bytes > 0);
    r->mem = malloc(bytes);
    assert_non_null(r->mem);
    assert_int_equal(ik_stack_init(&r->s, r->mem, &r->cfg), IK_OK);
}

/* Past what a node says when it starts. */
static inline void rig_settle(struct rig *r)
{
    rig_run(r, r->now + 5 * IK_NS_PER_S);
    r->n_out = 0;
}

static inline void rig_end(struct rig *r)
{
    ik_stack_fini(r->s);
    assert_int_equal(ik_stack_pool_used(r->cfg.pool), 0);
    free(r->mem);
    free(r->pool_mem);
}

/* The MAC of the tester's node number n, and its link-local address. */
static inline void rig_mac(uint8_t n, uint8_t mac[static 6])
{
    const uint8_t of[6] = {2, 0, 0, 0, 9, n};
    memcpy(mac, of, 6);
}

/* A frame from the tester's node n with the packet, to the node's port; everything then leaves. */
static inline void rig_in_to(struct rig *r, uint8_t port, const uint8_t *mac, uint8_t n,
                             const uint8_t *packet, size_t len)
{
    uint8_t *frame = malloc(14 + len);
    assert_non_null(frame);
    memcpy(frame, mac, 6);
    rig_mac(n, frame + 6);
    ik_store_be16(frame + 12, 0x86dd);
    memcpy(frame + 14, packet, len);
    struct ik_event ev = {.kind = IK_EV_FRAME};
    ev.frame =
        (struct ik_frame){.medium = IK_MEDIUM_ETHER, .port = port, .bytes = {frame, 14 + len}};
    struct ik_engine *e = ik_stack_engine(r->s);
    e->ops->input(e, rig_now(r), port, &ev, 1);
    free(frame);
    rig_drain(r);
}

/* An ICMPv6 message as a packet; options and hop limit as the view says. */
static inline void rig_icmp(struct rig *r, uint8_t port, uint8_t n, const struct ik_ip *head,
                            const struct ik_icmp *m)
{
    uint8_t msg[RIG_MTU], packet[RIG_MTU + 40];
    size_t len;
    const struct ik_icmp_ctx ctx = {.family = 6, .src = &head->src, .dst = &head->dst};
    assert_int_equal(ik_icmp_encode(m, &ctx, false, msg, sizeof(msg), &len), IK_OK);
    struct ik_ip ip = *head;
    ip.version = 6;
    ip.proto = IK_PROTO_ICMP6;
    if (ip.options.left == 0)
        ip.next_header = IK_PROTO_ICMP6;
    ip.payload = (struct ik_rd){msg, len};
    assert_int_equal(ik_ip_encode(&ip, false, packet, sizeof(packet), &len), IK_OK);
    rig_in_to(r, port, r->ifaces[port].mac, n, packet, len);
}

static inline struct ik_ip rig_head(const char *src, const char *dst, uint8_t hop_limit)
{
    return (struct ik_ip){.ttl = hop_limit, .src = rig_addr(src), .dst = rig_addr(dst)};
}

static inline void rig_echo(struct rig *r, uint8_t port, uint8_t n, const char *src,
                            const char *dst, uint8_t hop_limit)
{
    static const uint8_t data[] = {1, 2, 3, 4};
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_ECHO,
                              .kind = IK_ICMP_ECHO,
                              .echo = {.id = 7, .seq = 9, .data = {data, sizeof(data)}}};
    const struct ik_ip head = rig_head(src, dst, hop_limit);
    rig_icmp(r, port, n, &head, &m);
}

/* The only packet of that type among those that left; NULL for none. */
static inline const struct rig_out *rig_find(const struct rig *r, uint8_t type)
{
    const struct rig_out *found = NULL;
    for (size_t i = 0; i < r->n_out; i++)
        if (r->out[i].icmp.type == type && r->out[i].ip.proto == IK_PROTO_ICMP6) {
            assert_null(found);
            found = &r->out[i];
        }
    return found;
}

static inline void assert_addr(const struct ik_addr *a, const char *text)
{
    char buf[IK_ADDR_TEXT];
    struct ik_addr plain = *a;
    plain.scope = 0;
    assert_string_equal(ik_addr_text(&plain, buf), text);
}

/* The tester's node n, whose address is `addr`, tells its MAC, as an answer. */
static inline void rig_advertise(struct rig *r, uint8_t port, uint8_t n, const char *addr,
                                 uint8_t flags, uint8_t mac_of)
{
    uint8_t option[8] = {2, 1};
    rig_mac(mac_of, option + 2);
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_NEIGHBOR_ADV,
                              .kind = IK_ICMP_NEIGHBOR_ADV,
                              .neighbor_adv = {.flags = flags,
                                               .target = rig_addr(addr),
                                               .options = {option, sizeof(option)}}};
    char own[IK_ADDR_TEXT];
    ik_addr_text(&r->addrs[port][0].addr, own);
    const struct ik_ip head = rig_head(addr, flags & IK_NA_SOLICITED ? own : "ff02::1", 255);
    rig_icmp(r, port, n, &head, &m);
}
