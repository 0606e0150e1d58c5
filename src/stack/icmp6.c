/* SPDX-License-Identifier: MIT
 * ICMPv6 for this node: echo, errors for its user, and the way to neighbour and listener discovery
 * (RFC 4443). */
#include "stack/nd_int.h"

#include "stack/ip6walk.h"

static void drop(struct ik_stack *s, const struct ik_pkt *p, enum ik_rule rule, const char *what)
{
    ik_stack_event_drop(s, IK_STACK_BAD_ICMP, rule, p, what);
}

/* ---- echo ------------------------------------------------------------------------------------ */

/* A reply comes from the address that was spoken to; one to a group, from an address of the
 * interface (RFC 4443 section 4.2). Family 0: it cannot be answered. */
static struct ik_addr answer_source(const struct ik_stack *s, const struct ik_pkt *p)
{
    if (!ik_addr_is_multicast(&p->ip.dst))
        return p->ip.dst;
    return ik_stack_local_of_port(s, p->port, 6, &p->ip.src);
}

static const char *echo_refusal(const struct ik_stack *s, const struct ik_pkt *p)
{
    if (s->opt->no_echo || s->opt->silent)
        return "answers no echo";
    if (ik_addr_is_multicast(&p->ip.dst) && s->opt->no_echo_multicast6)
        return "answers no echo to groups";
    if (ik_addr_is_any(&p->ip.src))
        return "nobody to answer";
    return NULL;
}

/* Makes the reply of the request at `msg`, in place, from src. The checksum follows the type, where
 * the addresses only changed places; else it is made anew. */
static size_t reply_of(const struct ik_stack *s, const struct ik_pkt *p, const struct ik_addr *src,
                       uint8_t *msg, size_t len)
{
    enum { HEAD = 8, CHECKSUM_AT = 2 };
    const uint16_t was = ik_load_be16(msg), is = IK_ICMP6_ECHO_REPLY << 8;
    const bool cut = s->opt->odd & IK_ODD_ECHO_CUT && len > HEAD;
    ik_store_be16(msg, is);
    if (!cut && !ik_addr_is_multicast(&p->ip.dst)) {
        ik_store_be16(msg + CHECKSUM_AT, ik_cksum_update(ik_load_be16(msg + CHECKSUM_AT), was, is));
        return len;
    }
    len -= cut;
    ik_store_be16(msg + CHECKSUM_AT, 0);
    const uint64_t sum = ik_cksum_add_pseudo(0, src, &p->ip.src, IK_PROTO_ICMP6, (uint32_t)len);
    ik_store_be16(msg + CHECKSUM_AT, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){msg, len})));
    return len;
}

/* Copied once, to where it leaves from, and changed there. */
static void reply_small(struct ik_stack *s, const struct ik_pkt *p, struct ik_ip *ip)
{
    const struct ik_rd in = p->ip.payload;
    struct ik_buf *b = ik_stack_pool_take(s, IK_IP6_BYTES + in.left);
    if (!b)
        return;
    uint8_t *msg = ik_buf_at(b) + IK_IP6_BYTES;
    memcpy(msg, in.p, in.left);
    ip->payload = (struct ik_rd){msg, reply_of(s, p, &ip->src, msg, in.left)};
    size_t len;
    if (ik_ip_encode(ip, false, ik_buf_at(b), b->cap - b->start, &len) != IK_OK) {
        ik_stack_pool_give(s, b);
        return;
    }
    b->len = (uint32_t)len;
    ik_stack_output_encoded(s, b, ip, &(struct ik_stack_how){0});
}

static void echo_input(struct ik_stack *s, const struct ik_pkt *p)
{
    const char *refusal = echo_refusal(s, p);
    const struct ik_addr src = answer_source(s, p);
    if (refusal || src.family == 0) {
        ik_stack_event_say(s, "decided", IK_RULE_NONE, p,
                           refusal ? refusal : "no address to answer from");
        return;
    }
    struct ik_ip ip = ik_stack_output_ip6(s, &src, &p->ip.src, IK_PROTO_ICMP6);
    ip.tos = p->ip.tos;
    ik_stack_tally(s, IK_STACK_ECHOED);
    if (s->events)
        ik_stack_event_say(s, "decided", IK_RULE_R4443_4_1_01, p, "echo reply");
    if (!p->datagram) {
        reply_small(s, p, &ip);
        return;
    }
    /* A datagram that came in fragments is turned round where it lies, and cut up from there. */
    uint8_t *msg = ik_buf_at(p->datagram) + p->ip.header_bytes;
    ip.payload = (struct ik_rd){msg, reply_of(s, p, &src, msg, p->ip.payload.left)};
    ik_stack_output_view(s, &ip, &(struct ik_stack_how){0});
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* An estimate never goes below what every link carries: such a report is discarded; and one about a
 * packet that was not sent changes nothing (RFC 8201 section 4). The code does not matter (RFC 4443
 * section 3.2). */
static bool too_big_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m,
                          const struct ik_quote *quote)
{
    enum { LEAST = 1280 };
    if (m->error.mtu < LEAST) {
        drop(s, p, IK_RULE_R8201_4_02, "a path narrower than any link");
        return false;
    }
    if (ik_stack_pmtu_was_sent(s, m->error.quote))
        ik_stack_pmtu_learn(s, &quote->ip.dst, m->error.mtu, quote->ip.total_bytes);
    else
        ik_stack_event_say(s, "decided", IK_RULE_R8201_4_05, p,
                           "too big, about a packet that was not sent");
    return true;
}

/* An error counts only when it is about a packet of ours; the user's process is found through the
 * headers of the quote, and where these are cut nobody can be told (RFC 4443 sections 2.4(d), 5.2).
 */
static void error_input(struct ik_stack *s, struct ik_pkt *p, const struct ik_icmp *m)
{
    struct ik_quote quote;
    if (ik_stack_icmp4_role_twice(m)) {
        drop(s, p, IK_RULE_R5837_4_5_02, "two objects of one role");
        return;
    }
    if (ik_quote_decode(&quote, m->kind == IK_ICMP_ERROR ? m->error.quote : ik_rd_from(m->raw, 4),
                        NULL) != IK_OK ||
        quote.ip.version != 6) {
        drop(s, p, IK_RULE_R4443_2_4d_01, "an error about nothing");
        return;
    }
    if (ik_stack_local_kind(s, IK_STACK_UPPER, &quote.ip.src) != IK_LOCAL_UNICAST) {
        drop(s, p, IK_RULE_R4443_5_2_01, "an error about a packet of somebody else");
        return;
    }
    if (m->type == IK_ICMP6_PACKET_TOO_BIG && !too_big_input(s, p, m, &quote))
        return;
    if (ik_ip6ext_is(quote.ip.proto)) {
        drop(s, p, IK_RULE_R4443_2_4d_01, "the upper layer of the quote cannot be told");
        return;
    }
    ik_stack_to_upper(s, p);
}

/* ---- all ------------------------------------------------------------------------------------- */

/* Messages of these types never come in fragments, not even alone in one (RFC 6980 section 5). */
static bool is_discovery(uint8_t type)
{
    return (type >= IK_ICMP6_ROUTER_SOL && type <= IK_ICMP6_REDIRECT) ||
           type == IK_ICMP6_CERT_PATH_SOL;
}

/* Discovery and listener reports are between nodes, not users. */
static bool is_link_business(uint8_t type)
{
    return is_discovery(type) || (type >= IK_ICMP6_MLD_QUERY && type <= IK_ICMP6_MLD_DONE) ||
           type == IK_ICMP6_MLD2_REPORT;
}

static void info_input(struct ik_stack *s, struct ik_pkt *p, const struct ik_icmp *m,
                       const struct ik_faults *faults)
{
    if (!is_link_business(m->type))
        ik_stack_to_upper(s, p);
    switch (m->type) {
    case IK_ICMP6_ECHO_REPLY:
    case IK_ICMP6_EXT_ECHO_REPLY:
        break; /* the user has it */
    case IK_ICMP6_MLD_QUERY:
    case IK_ICMP6_MLD_REPORT:
        ik_stack_mld_input(s, p, m, faults);
        break;
    case IK_ICMP6_ROUTER_SOL:
    case IK_ICMP6_ROUTER_ADV:
    case IK_ICMP6_NEIGHBOR_SOL:
    case IK_ICMP6_NEIGHBOR_ADV:
    case IK_ICMP6_REDIRECT:
        ik_stack_nd_input(s, p, m, faults);
        break;
    case IK_ICMP6_EXT_ECHO:
        ik_stack_answers_input(s, p, m);
        break;
    default:
        drop(s, p, IK_RULE_R4443_2_4b_01, "an informational message of no use here");
    }
}

/* Everything but echo, which needs no decoding; its checksum is right. */
static void message_input(struct ik_stack *s, struct ik_pkt *p)
{
    struct ik_ip6walk w = {0};
    if (p->ip.options.left > 0)
        ik_ip6walk_final(&w, p->l3);
    const struct ik_icmp_ctx ctx = {
        .family = 6,
        .checksum_verified = true,
        .src = &p->ip.src,
        .dst = &p->ip.dst,
        .hop_limit_known = true,
        .hop_limit = p->ip.ttl,
        .router_alert_known = true,
        .router_alert = w.router_alert,
    };
    struct ik_faults faults = {0};
    struct ik_icmp m;
    if (is_discovery(p->ip.payload.p[0]) && (p->reassembled || w.fragment_header))
        drop(s, p, IK_RULE_R6980_5_01, "discovery in fragments");
    else if (ik_icmp_decode(&m, p->ip.payload, &ctx, &faults) != IK_OK)
        drop(s, p, IK_RULE_NONE, "a body that is not what its type needs");
    else if (ik_icmp_is_error(6, m.type))
        error_input(s, p, &m);
    else
        info_input(s, p, &m, &faults);
}

void ik_stack_icmp6_input(struct ik_stack *s, struct ik_pkt *p)
{
    enum { HEAD = 4, ECHO_HEAD = 8 };
    const struct ik_rd in = p->ip.payload;
    const uint64_t sum =
        ik_cksum_add_pseudo(0, &p->ip.src, &p->ip.dst, IK_PROTO_ICMP6, (uint32_t)in.left);
    if (in.left < HEAD || ik_cksum_fold(ik_cksum_add(sum, in)) != 0) {
        drop(s, p, IK_RULE_R4443_2_3_03, "short, or a bad checksum");
        return;
    }
    if (in.p[0] == IK_ICMP6_ECHO && in.left >= ECHO_HEAD) {
        ik_stack_to_upper(s, p);
        echo_input(s, p);
        return;
    }
    message_input(s, p);
}
