/* SPDX-License-Identifier: MIT
 * TCP as a target, without a connection ever: closed ports reset, open ones answer a SYN with a
 * number that only this node could have chosen, and know by it who has seen their answer. */
#include "base/siphash.h"
#include "stack/reset.h"
#include "stack/stack_int.h"

enum { SEGMENT_MAX = 64, WINDOW = 65535 };

/* RFC 6528: the first sequence number, by the keyed hash of who talks to whom. */
static uint32_t first_number(const struct ik_stack *s, const struct ik_ip *ip,
                             const struct ik_tcp *tcp)
{
    uint8_t in[16 + 16 + 4];
    memcpy(in, ip->src.bytes, 16);
    memcpy(in + 16, ip->dst.bytes, 16);
    ik_store_be16(in + 32, tcp->sport);
    ik_store_be16(in + 34, tcp->dport);
    return (uint32_t)ik_siphash(s->key, in, sizeof(in));
}

static bool checksum_is_good(const struct ik_ip *ip)
{
    const uint64_t sum =
        ik_cksum_add_pseudo(0, &ip->src, &ip->final_dst, IK_PROTO_TCP, (uint32_t)ip->payload.left);
    return ik_cksum_fold(ik_cksum_add(sum, ip->payload)) == 0;
}

static void segment_send(struct ik_stack *s, const struct ik_pkt *p, const struct ik_tcp *tcp)
{
    uint8_t bytes[SEGMENT_MAX];
    size_t len;
    const struct ik_addr *src = &p->ip.dst, *dst = &p->ip.src;
    if (ik_tcp_encode(tcp, src, dst, bytes, sizeof(bytes), &len) != IK_OK)
        return;
    struct ik_ip ip = p->ip.version == 4 ? ik_stack_output_ip4(s, src, dst, IK_PROTO_TCP)
                                         : ik_stack_output_ip6(s, src, dst, IK_PROTO_TCP);
    ip.df = p->ip.version == 4 && !s->opt->no_pmtud;
    ip.payload = (struct ik_rd){bytes, len};
    ik_stack_output_view(s, &ip, &(struct ik_stack_how){0});
}

static void accept(struct ik_stack *s, const struct ik_pkt *p, const struct ik_tcp *in)
{
    const uint32_t mtu = p->port < s->n_ifaces ? s->ifaces[p->port].mtu : IK_IP_BYTES_MAX;
    const uint32_t head = p->ip.version == 4 ? IK_IP4_BYTES : IK_IP6_BYTES;
    uint8_t mss[4] = {2, 4}; /* RFC 9293 section 3.2: maximum segment size */
    ik_store_be16(mss + 2, (uint16_t)(mtu - head - 20));
    segment_send(s, p,
                 &(struct ik_tcp){.sport = in->dport,
                                  .dport = in->sport,
                                  .window = WINDOW,
                                  .seq = first_number(s, &p->ip, in),
                                  .ack = in->seq + 1,
                                  .flags = IK_TCP_SYN | IK_TCP_ACK,
                                  .options = {mss, sizeof(mss)}});
}

/* RFC 9293 section 3.5.2, group 1. */
static void reset(struct ik_stack *s, const struct ik_pkt *p, const struct ik_tcp *in)
{
    struct ik_tcp out;
    if (ik_stack_reset_make(in, (uint32_t)in->data.left, &out))
        segment_send(s, p, &out);
}

static bool is_open(const struct ik_stack *s, uint16_t port)
{
    return ik_stack_udp_is_listed(s->opt->tcp_open, s->opt->n_tcp_open, port);
}

void ik_stack_tcp_input(struct ik_stack *s, struct ik_pkt *p)
{
    struct ik_tcp in;
    if (ik_tcp_decode(&in, p->ip.payload, NULL) != IK_OK || !checksum_is_good(&p->ip)) {
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_NONE, p, "bad TCP header or checksum");
        return;
    }
    /* TCP speaks to single hosts only (RFC 1122 section 4.2.3.10), and never answers a reset. */
    if (p->local != IK_LOCAL_UNICAST || ik_addr_is_any(&p->ip.src) || s->opt->silent ||
        in.flags & IK_TCP_RST)
        return;
    if (!is_open(s, in.dport)) {
        reset(s, p, &in);
    } else if (in.flags & IK_TCP_ACK) {
        /* Whoever acknowledges our number went through the handshake: nothing more is said. */
        if (in.flags & IK_TCP_SYN || in.ack - 1 != first_number(s, &p->ip, &in))
            reset(s, p, &in);
    } else if (in.flags & IK_TCP_SYN) {
        accept(s, p, &in);
    }
}
