/* SPDX-License-Identifier: MIT
 * A node's user as a socket with options: what a kernel does for a raw socket between the message
 * and the packet. */
#include "icmpkit/sim.h"

#include "base/bytes.h"
#include "icmpkit/wire.h"

#include <stdlib.h>
#include <string.h>

enum { DISCOVER_DONT = 0 }; /* IP_PMTUDISC_DONT; the others forbid fragments */
enum { PACKET_MAX = 65535, TTL = 64, IP_OPTIONS_MAX = 40 };

struct sock {
    struct ik_link link;
    struct ik_link *inner;
    struct ik_sim_socket_cfg cfg;
    uint8_t ip_options[IP_OPTIONS_MAX];
    struct ik_addr (*source)(void *ctx, const struct ik_addr *dst);
    void *ctx;
    bool own_headers; /* some option stands in the IP header beside TTL and class */
    uint8_t *packets; /* IK_BATCH x PACKET_MAX, where own_headers */
    struct ik_frame frames[IK_BATCH];
};

static struct sock *of(struct ik_link *l)
{
    return (struct sock *)l;
}

static const struct sock *of_const(const struct ik_link *l)
{
    return (const struct sock *)l;
}

/* ---- sending --------------------------------------------------------------------------------- */

static uint8_t ttl_for(const struct sock *s, const struct ik_addr *dst)
{
    const int ttl = ik_addr_is_multicast(dst) ? s->cfg.multicast_ttl : s->cfg.ttl;
    return ttl < 0 ? 0 : (uint8_t)ttl;
}

static void add_meta(const struct sock *s, struct ik_frame *f)
{
    const uint8_t ttl = ttl_for(s, &f->meta.dst);
    if (ttl && !(f->meta.known & IK_KNOW_TTL)) {
        f->meta.ttl = ttl;
        f->meta.known |= IK_KNOW_TTL;
    }
    if (s->cfg.tclass >= 0 && !(f->meta.known & IK_KNOW_TCLASS)) {
        f->meta.tclass = (uint8_t)s->cfg.tclass;
        f->meta.known |= IK_KNOW_TCLASS;
    }
    if (s->cfg.source.family && !(f->meta.known & IK_KNOW_SRC)) {
        f->meta.src = s->cfg.source;
        f->meta.known |= IK_KNOW_SRC;
    }
}

/* ICMPv6 has a pseudo-header in its checksum, so it can only be made where the source is known. */
static void sum_icmp6(const struct ik_ip *ip, uint8_t *message, size_t n)
{
    enum { CHECKSUM = 2 };
    const uint64_t pseudo = ik_cksum_add_pseudo(0, &ip->src, &ip->dst, IK_PROTO_ICMP6, (uint32_t)n);
    ik_store_be16(message + CHECKSUM, 0);
    ik_store_be16(message + CHECKSUM,
                  ik_cksum_fold(ik_cksum_add(pseudo, (struct ik_rd){message, n})));
}

/* Makes the message a whole packet; false where it is none that a header can hold. */
static bool add_header(struct sock *s, size_t slot, struct ik_frame *f)
{
    const bool v6 = f->medium == IK_MEDIUM_ICMP6;
    uint8_t *at = s->packets + slot * PACKET_MAX;
    const struct ik_meta *m = &f->meta;
    struct ik_ip ip = {
        .version = v6 ? 6 : 4,
        .ttl = m->known & IK_KNOW_TTL ? m->ttl : TTL,
        .tos = m->known & IK_KNOW_TCLASS ? m->tclass : 0,
        .proto = v6 ? IK_PROTO_ICMP6 : IK_PROTO_ICMP4,
        .next_header = v6 ? IK_PROTO_ICMP6 : IK_PROTO_ICMP4,
        .flow = s->cfg.flow_label > 0 ? (uint32_t)s->cfg.flow_label : 0,
        .df = !v6 && s->cfg.pmtudisc != DISCOVER_DONT,
        .src = m->known & IK_KNOW_SRC ? m->src : s->source(s->ctx, &m->dst),
        .dst = m->dst,
        .options = {s->ip_options, v6 ? 0 : s->cfg.ip_options.left},
    };
    const size_t head = v6 ? 40 : 20 + ((ip.options.left + 3) & ~(size_t)3);
    size_t len;
    if (head + f->bytes.left > PACKET_MAX)
        return false;
    memcpy(at + head, f->bytes.p, f->bytes.left);
    if (v6)
        sum_icmp6(&ip, at + head, f->bytes.left);
    ip.payload = (struct ik_rd){at + head, f->bytes.left};
    if (ik_ip_encode(&ip, false, at, PACKET_MAX, &len))
        return false;
    f->medium = IK_MEDIUM_IP;
    f->bytes = (struct ik_rd){at, len};
    return true;
}

static size_t tx(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n)
{
    struct sock *s = of(l);
    n = n < IK_BATCH ? n : IK_BATCH;
    for (size_t i = 0; i < n; i++) {
        s->frames[i] = in[i];
        if (in[i].medium == IK_MEDIUM_IP)
            continue;
        add_meta(s, &s->frames[i]);
        if (s->own_headers && !add_header(s, i, &s->frames[i]))
            s->frames[i] = in[i]; /* too long for any packet: the node says so */
    }
    return s->inner->ops->tx(s->inner, now, s->frames, n);
}

/* ---- the rest is the inner link's ------------------------------------------------------------ */

static size_t rx(struct ik_link *l, struct ik_now now, struct ik_event *out, size_t cap)
{
    const size_t n = of(l)->inner->ops->rx(of(l)->inner, now, out, cap);
    /* The number of an interface of the vantage is another one's on this machine. */
    for (size_t i = 0; i < n; i++)
        if (out[i].kind == IK_EV_FRAME)
            out[i].frame.meta.src.scope = 0;
    return n;
}

static int fd(const struct ik_link *l)
{
    return of_const(l)->inner->ops->fd(of_const(l)->inner);
}

static ik_ns next(const struct ik_link *l)
{
    return of_const(l)->inner->ops->next(of_const(l)->inner);
}

static uint32_t in_flight_max(const struct ik_link *l)
{
    return of_const(l)->inner->ops->in_flight_max(of_const(l)->inner);
}

static void close(struct ik_link *l)
{
    free(of(l)->packets);
    free(of(l));
}

static bool wants_headers(const struct ik_sim_socket_cfg *cfg)
{
    return cfg->ip_options.left || cfg->flow_label > 0 || cfg->pmtudisc >= 0;
}

enum ik_err ik_sim_socket_open(struct ik_link **out, struct ik_link *inner,
                               const struct ik_sim_socket_cfg *cfg,
                               struct ik_addr (*source)(void *ctx, const struct ik_addr *dst),
                               void *ctx)
{
    static const struct ik_link_ops ops = {
        .rx = rx,
        .tx = tx,
        .fd = fd,
        .next = next,
        .in_flight_max = in_flight_max,
        .close = close,
    };
    if (cfg->ip_options.left > IP_OPTIONS_MAX)
        return IK_E_VALUE;
    struct sock *s = calloc(1, sizeof *s);
    if (!s)
        return IK_E_NOMEM;
    s->own_headers = wants_headers(cfg);
    s->packets = s->own_headers ? malloc((size_t)IK_BATCH * PACKET_MAX) : NULL;
    if (s->own_headers && !s->packets) {
        free(s);
        return IK_E_NOMEM;
    }
    s->link = (struct ik_link){.ops = &ops, .medium = inner->medium, .family = cfg->family};
    s->inner = inner;
    s->cfg = *cfg;
    if (cfg->ip_options.left)
        memcpy(s->ip_options, cfg->ip_options.p, cfg->ip_options.left);
    s->source = source;
    s->ctx = ctx;
    *out = &s->link;
    return IK_OK;
}
