/* SPDX-License-Identifier: MIT
 * Probes as bytes. One flow means: ports (or ICMP type, code, checksum and identifier) and the IPv6
 * flow label never change. What may change carries the identity, redundantly:
 *
 *   all      IPv4 identification = mark
 *   UDP      checksum = keyed bits of the token (IPv6: the mark); payload = token, tune, fill
 *   ICMP     sequence = mark; payload = token, tune, fill; tune keeps the checksum constant
 *   TCP      sequence number = keyed bits and mark; timestamp option = keyed bits
 *
 * "tune" is a word that moves the checksum to where it is wanted (Augustin et al.: Avoiding
 * traceroute anomalies with Paris traceroute, 2006). */
#include "probe/trace_packet.h"

#include "base/siphash.h"
#include "icmpkit/wire.h"

#include <string.h>

enum { IP4_BYTES = 20, IP6_BYTES = 40, UDP_BYTES = 8, ICMP_BYTES = 8, TCP_BYTES = 20 };
enum { UDP_SUM_AT = 6, ICMP_SUM_AT = 2 };

/* What every ICMP probe of a constant flow has as its checksum. Any value but 0 and ffff does,
 * which are one number in one's complement arithmetic. */
enum { ICMP_CONSTANT_SUM = 0x1c3a };

/* ---- marks ----------------------------------------------------------------------------------- */

void ik_trace_packet_seed(struct ik_trace *t)
{
    for (size_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < 256; i += 8) {
            const uint8_t label[3] = {'m', (uint8_t)round, (uint8_t)i};
            const uint64_t word = ik_siphash(t->cfg.key, label, sizeof(label));
            memcpy(&t->feistel[round][i], &word, sizeof(word));
        }
    }
}

static bool counts_up(const struct ik_trace *t)
{
    return t->cfg.classic && t->cfg.method == IK_TRACE_ICMP;
}

uint16_t ik_trace_packet_mark(const struct ik_trace *t, uint32_t counter)
{
    if (counts_up(t))
        return (uint16_t)(t->cfg.dport + counter);
    uint8_t left = (uint8_t)(counter >> 8), right = (uint8_t)counter;
    for (size_t round = 0; round < 4; round++) {
        const uint8_t next = left ^ t->feistel[round][right];
        left = right;
        right = next;
    }
    return (uint16_t)(left << 8 | right);
}

uint16_t ik_trace_packet_unmark(const struct ik_trace *t, uint16_t mark)
{
    if (counts_up(t))
        return (uint16_t)(mark - t->cfg.dport);
    uint8_t left = (uint8_t)(mark >> 8), right = (uint8_t)mark;
    for (size_t round = 4; round-- > 0;) {
        const uint8_t before = right ^ t->feistel[round][left];
        right = left;
        left = before;
    }
    return (uint16_t)(left << 8 | right);
}

uint64_t ik_trace_packet_token(const struct ik_trace *t, uint32_t slot, uint32_t counter)
{
    uint8_t label[9] = {'t'};
    ik_store_be32(label + 1, slot);
    ik_store_be32(label + 5, counter);
    const uint64_t keyed = ik_siphash(t->cfg.key, label, sizeof(label));
    return (uint64_t)ik_trace_packet_mark(t, counter) << 48 | keyed >> 16;
}

uint32_t ik_trace_packet_seq(uint64_t token)
{
    return (uint32_t)(token >> 32 & 0xffff) << 16 | (uint32_t)(token >> 48);
}

uint32_t ik_trace_packet_tsval(uint64_t token)
{
    return (uint32_t)token;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static uint32_t ip_bytes(uint8_t family)
{
    return family == 6 ? IP6_BYTES : IP4_BYTES;
}

uint32_t ik_trace_packet_min(enum ik_trace_method method, uint8_t family)
{
    if (method == IK_TRACE_TCP)
        return ip_bytes(family) + TCP_BYTES + TRACE_TCP_OPTION_BYTES;
    return ip_bytes(family) + UDP_BYTES + TRACE_TOKEN_BYTES + TRACE_TUNE_BYTES;
}

uint32_t ik_trace_packet_bytes(const struct ik_trace_cfg *cfg, uint8_t family)
{
    enum { USUAL_BYTES = 40 };
    const uint32_t least = ik_trace_packet_min(cfg->method, family);
    const uint32_t wanted = cfg->packet_bytes ? cfg->packet_bytes : ip_bytes(family) + USUAL_BYTES;
    return wanted < least || cfg->method == IK_TRACE_TCP ? least : wanted;
}

uint16_t ik_trace_packet_dport(const struct ik_trace *t, uint32_t index)
{
    const bool moves = t->cfg.classic && t->cfg.method == IK_TRACE_UDP;
    return (uint16_t)(t->cfg.dport + (moves ? index : 0));
}

/* ---- building -------------------------------------------------------------------------------- */

/* Token, tune (zero yet), then the letters that traceroute fills with. */
static struct ik_rd payload_fill(uint8_t *p, size_t n, uint64_t token)
{
    ik_store_be64(p, token);
    memset(p + TRACE_TOKEN_BYTES, 0, TRACE_TUNE_BYTES);
    for (size_t i = TRACE_TOKEN_BYTES + TRACE_TUNE_BYTES; i < n; i++)
        p[i] = (uint8_t)(0x40 + (i & 0x3f));
    return (struct ik_rd){p, n};
}

/* The message at `p` has its checksum at sum_at and a zero word at tune_at (even, covered by it):
 * gives the word the value that makes the checksum `wanted`. In one's complement arithmetic that is
 * the old checksum minus the new one. */
static void tune(uint8_t *p, size_t sum_at, size_t tune_at, uint16_t wanted)
{
    const uint16_t was = ik_load_be16(p + sum_at);
    const uint32_t sum = (uint32_t)was + (uint16_t)~wanted;
    ik_store_be16(p + tune_at, (uint16_t)((sum & 0xffff) + (sum >> 16)));
    ik_store_be16(p + sum_at, wanted);
}

/* A UDP checksum that is neither 0 (none) nor ffff (a computed 0). */
static uint16_t udp_sum_wanted(const struct trace_target *tt, const struct trace_offer *o)
{
    if (tt->addr.family == 6)
        return o->mark;
    const uint16_t keyed = (uint16_t)(o->token >> 32);
    return keyed == 0 || keyed == 0xffff ? o->mark : keyed;
}

static bool build_udp(const struct ik_trace *t, const struct trace_target *tt,
                      struct trace_offer *o, uint8_t *buf, size_t cap, size_t *len)
{
    const size_t data_bytes = tt->packet_bytes - ip_bytes(tt->addr.family) - UDP_BYTES;
    uint8_t *scratch = buf + cap - data_bytes;
    if (tt->medium == IK_MEDIUM_UDP) {
        payload_fill(buf, data_bytes, o->token);
        *len = data_bytes;
        return true;
    }
    const struct ik_udp udp = {
        .sport = tt->sport,
        .dport = ik_trace_packet_dport(t, o->slot % t->per_target),
        .data = payload_fill(scratch, data_bytes, o->token),
    };
    if (ik_udp_encode(&udp, &tt->source, &tt->addr, buf, cap - data_bytes, len) != IK_OK)
        return false;
    o->checksum = udp_sum_wanted(tt, o);
    tune(buf, UDP_SUM_AT, UDP_BYTES + TRACE_TOKEN_BYTES, o->checksum);
    return true;
}

static bool build_icmp(const struct ik_trace *t, const struct trace_target *tt,
                       struct trace_offer *o, uint8_t *buf, size_t cap, size_t *len)
{
    const size_t data_bytes = tt->packet_bytes - ip_bytes(tt->addr.family) - ICMP_BYTES;
    uint8_t *scratch = buf + cap - data_bytes;
    const bool v6 = tt->addr.family == 6;
    /* A datagram socket computes the checksum over its own identifier and, for IPv6, addresses:
     * all of them constants of the flow, so the tuned sum stays constant there too. */
    const struct ik_addr nowhere = {.family = 6};
    const struct ik_icmp_ctx ctx = {
        .family = tt->addr.family,
        .src = tt->source.family ? &tt->source : &nowhere,
        .dst = &tt->addr,
    };
    const struct ik_icmp icmp = {
        .family = tt->addr.family,
        .type = v6 ? IK_ICMP6_ECHO : IK_ICMP4_ECHO,
        .kind = IK_ICMP_ECHO,
        .echo = {.id = tt->sport,
                 .seq = o->mark,
                 .data = payload_fill(scratch, data_bytes, o->token)},
    };
    if (ik_icmp_encode(&icmp, &ctx, false, buf, cap - data_bytes, len) != IK_OK)
        return false;
    if (!t->cfg.classic)
        tune(buf, ICMP_SUM_AT, ICMP_BYTES + TRACE_TOKEN_BYTES, ICMP_CONSTANT_SUM);
    return true;
}

/* A SYN as today's systems send it, so that nothing on the way finds it odd: MSS, SACK, timestamps,
 * window scale (RFC 9293 section 3.1, RFC 7323, RFC 2018). */
static bool build_tcp(const struct ik_trace *t, const struct trace_target *tt,
                      struct trace_offer *o, uint8_t *buf, size_t cap, size_t *len)
{
    uint8_t options[TRACE_TCP_OPTION_BYTES] = {2, 4, 0, 0, 4, 2, 8, 10, 0, 0,
                                               0, 0, 0, 0, 0, 0, 1, 3,  3, 7};
    ik_store_be16(options + 2, tt->addr.family == 6 ? 1440 : 1460);
    ik_store_be32(options + 8, ik_trace_packet_tsval(o->token));
    const struct ik_tcp tcp = {
        .sport = tt->sport,
        .dport = ik_trace_packet_dport(t, o->slot % t->per_target),
        .seq = ik_trace_packet_seq(o->token),
        .flags = IK_TCP_SYN,
        .window = 64240,
        .header_bytes = TCP_BYTES + TRACE_TCP_OPTION_BYTES,
        .options = {options, sizeof(options)},
        .data = {options, 0},
    };
    return ik_tcp_encode(&tcp, &tt->source, &tt->addr, buf, cap, len) == IK_OK;
}

static bool wrap_ip(const struct ik_trace *t, const struct trace_target *tt,
                    const struct trace_offer *o, struct ik_rd payload, uint8_t *buf, size_t cap,
                    size_t *len)
{
    static const uint8_t proto4[] = {17, 1, 6}, proto6[] = {17, 58, 6};
    const bool v6 = tt->addr.family == 6;
    const struct ik_ip ip = {
        .version = tt->addr.family,
        .tos = (uint8_t)(t->cfg.tclass < 0 ? 0 : t->cfg.tclass),
        .ttl = ik_trace_ttl(t, o->slot % t->per_target),
        .proto = v6 ? proto6[t->cfg.method] : proto4[t->cfg.method],
        .flow = v6 ? t->cfg.flow_label : 0,
        .id = v6 ? 0 : o->mark,
        .header_bytes = ip_bytes(tt->addr.family),
        .df = !v6 && t->cfg.dont_fragment,
        .src = tt->source,
        .dst = tt->addr,
        .final_dst = tt->addr,
        .options = {buf, 0},
        .payload = payload,
    };
    return ik_ip_encode(&ip, false, buf, cap, len) == IK_OK;
}

static void fill_meta(const struct ik_trace *t, const struct trace_target *tt, uint32_t index,
                      struct ik_meta *m)
{
    *m = (struct ik_meta){
        .known = IK_KNOW_DST | IK_KNOW_TTL,
        .dst = tt->addr,
        .ttl = ik_trace_ttl(t, index),
    };
    if (t->cfg.tclass >= 0) {
        m->known |= IK_KNOW_TCLASS;
        m->tclass = (uint8_t)t->cfg.tclass;
    }
    if (tt->medium == IK_MEDIUM_UDP) {
        m->known |= IK_KNOW_PORTS;
        m->sport = tt->sport;
        m->dport = ik_trace_packet_dport(t, index);
    }
}

bool ik_trace_packet_build(const struct ik_trace *t, struct trace_offer *o, uint8_t *buf,
                           struct ik_frame *out)
{
    static bool (*const build[])(const struct ik_trace *, const struct trace_target *,
                                 struct trace_offer *, uint8_t *, size_t, size_t *) = {
        [IK_TRACE_UDP] = build_udp, [IK_TRACE_ICMP] = build_icmp, [IK_TRACE_TCP] = build_tcp};
    const struct trace_target *tt = &t->targets[o->slot / t->per_target];
    const uint32_t half = t->buffer_each / 2;
    uint8_t *inner =
        buf + half; /* the message is made in the upper half, the packet in the lower */
    size_t len;
    if (!build[t->cfg.method](t, tt, o, inner, half, &len))
        return false;
    struct ik_rd bytes = {inner, len};
    if (tt->medium == IK_MEDIUM_IP) {
        size_t total;
        if (!wrap_ip(t, tt, o, bytes, buf, half, &total))
            return false;
        bytes = (struct ik_rd){buf, total};
    }
    *out = (struct ik_frame){
        .medium = tt->medium, .key = o->counter, .port = tt->port, .bytes = bytes};
    fill_meta(t, tt, o->slot % t->per_target, &out->meta);
    return true;
}
