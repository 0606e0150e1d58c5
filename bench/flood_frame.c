/* SPDX-License-Identifier: MIT */
#include "flood_frame.h"

#include "bench.h"

#include "base/bytes.h"

#include <icmpkit/wire.h>

#include <string.h>

enum { DATA = 56, TOO_FAR = 65000, IP4_CHECKSUM = 10, IP4_SRC = 12, IP6_SRC = 8, IP6 = 40 };

struct making {
    const char *kind;
    struct ik_addr src, dst;
    uint8_t body[FLOOD_FRAME];
};

static bool is(const struct making *m, const char *kind)
{
    return !strcmp(m->kind, kind);
}

static struct ik_ip header(const struct ik_addr *src, const struct ik_addr *dst, uint8_t proto,
                           struct ik_rd payload)
{
    return (struct ik_ip){.version = src->family,
                          .ttl = 64,
                          .proto = proto,
                          .next_header = proto,
                          .src = *src,
                          .dst = *dst,
                          .final_dst = *dst,
                          .options = {payload.p, 0},
                          .payload = payload};
}

static size_t udp(const struct ik_addr *src, const struct ik_addr *dst, uint8_t *out, size_t cap)
{
    static const uint8_t data[DATA];
    uint8_t bytes[FLOOD_FRAME];
    const struct ik_udp view = {.sport = 40000, .dport = 33434, .data = {data, sizeof(data)}};
    size_t n = 0, whole = 0;
    need(!ik_udp_encode(&view, src, dst, bytes, sizeof(bytes), &n), "a datagram");
    const struct ik_ip ip = header(src, dst, IK_PROTO_UDP, (struct ik_rd){bytes, n});
    need(!ik_ip_encode(&ip, false, out, cap, &whole), "a datagram");
    return whole;
}

/* Where the kind is one of ICMP; IPv4's and IPv6's numbers. */
static bool message(const struct making *m, const uint8_t *quote, size_t n_quote,
                    struct ik_icmp *out)
{
    static const uint8_t data[DATA];
    const bool v6 = m->src.family == 6;
    const bool reply = is(m, "reply"), exceeded = is(m, "exceeded");
    *out = (struct ik_icmp){.family = m->src.family};
    if (is(m, "echo") || is(m, "fragment") || is(m, "far") || reply) {
        out->kind = IK_ICMP_ECHO;
        out->type = v6 ? 128 + reply : reply ? 0 : 8;
        out->echo.data = (struct ik_rd){data, sizeof(data)};
        return true;
    }
    out->kind = IK_ICMP_ERROR;
    out->type = v6 ? (exceeded ? 3 : 1) : exceeded ? 11 : 3;
    out->code = exceeded ? 0 : v6 ? 4 : 3;
    out->error.quote = (struct ik_rd){quote, n_quote};
    out->error.extensions = (struct ik_rd){quote, 0};
    return exceeded || is(m, "unreachable");
}

static size_t icmp(struct making *m, uint8_t *out, size_t cap)
{
    uint8_t quote[FLOOD_FRAME];
    struct ik_icmp view;
    const struct ik_icmp_ctx ctx = {.family = m->src.family, .src = &m->src, .dst = &m->dst};
    size_t n = 0, whole = 0;
    if (!message(m, quote, udp(&m->dst, &m->src, quote, sizeof(quote)), &view))
        return 0;
    need(!ik_icmp_encode(&view, &ctx, false, m->body, sizeof(m->body), &n), "a message");
    struct ik_ip ip = header(&m->src, &m->dst, m->src.family == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6,
                             (struct ik_rd){m->body, n});
    /* Fragments of IPv4 alone. */
    if (is(m, "fragment") || is(m, "far")) {
        need(m->src.family == 4, "fragments are of IPv4");
        ip.fragment = ip.mf = is(m, "fragment");
        ip.offset_bytes = is(m, "far") ? TOO_FAR : 0;
    }
    need(!ik_ip_encode(&ip, false, out, cap, &whole), "a packet");
    return whole;
}

size_t flood_frame(const char *kind, const struct ik_prefix *sources, const struct ik_addr *dst,
                   const uint8_t mac[static 6], uint8_t out[static FLOOD_FRAME],
                   struct flood_plan *plan)
{
    struct making m = {.kind = kind, .src = sources->addr, .dst = *dst};
    const bool v6 = dst->family == 6;
    if (m.src.family != dst->family)
        return 0;
    memset(out, 2, FLOOD_ETHER);
    memcpy(out, mac, 6);
    ik_store_be16(out + 12, v6 ? 0x86dd : 0x0800);
    uint8_t *at = out + FLOOD_ETHER;
    const size_t cap = FLOOD_FRAME - FLOOD_ETHER;
    const size_t n = is(&m, "udp") ? udp(&m.src, dst, at, cap) : icmp(&m, at, cap);
    *plan = (struct flood_plan){.words = v6 ? 4 : 1,
                                .src = FLOOD_ETHER + (v6 ? IP6_SRC : IP4_SRC),
                                .checksum = FLOOD_ETHER + (v6 ? IP6 + 2 : IP4_CHECKSUM)};
    for (uint32_t bit = sources->bits; bit < 32 * plan->words; bit++)
        ((uint8_t *)plan->mask)[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    return n ? n + FLOOD_ETHER : 0;
}
