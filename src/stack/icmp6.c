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

static void send_reply(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m,
                       const struct ik_addr *src)
{
    struct ik_icmp reply = {.family = 6, .type = IK_ICMP6_ECHO_REPLY, .kind = IK_ICMP_ECHO};
    reply.echo = m->echo;
    if (s->opt->odd & IK_ODD_ECHO_CUT && reply.echo.data.left > 0)
        reply.echo.data.left--;
    const struct ik_icmp_ctx ctx = {.family = 6, .src = src, .dst = &p->ip.src};
    struct ik_buf *b = ik_stack_pool_take(s, p->ip.payload.left);
    if (!b)
        return;
    size_t len;
    if (ik_icmp_encode(&reply, &ctx, false, ik_buf_at(b), p->ip.payload.left, &len) == IK_OK) {
        struct ik_ip ip = ik_stack_output_ip6(s, src, &p->ip.src, IK_PROTO_ICMP6);
        ip.tos = p->ip.tos;
        ip.payload = (struct ik_rd){ik_buf_at(b), len};
        ik_stack_tally(s, IK_STACK_ECHOED);
        ik_stack_event_say(s, "decided", IK_RULE_R4443_4_1_01, p, "echo reply");
        ik_stack_output_view(s, &ip, &(struct ik_stack_how){.about = NULL});
    }
    ik_stack_pool_give(s, b);
}

static void echo_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    const char *refusal = echo_refusal(s, p);
    const struct ik_addr src = answer_source(s, p);
    if (refusal || src.family == 0)
        drop(s, p, IK_RULE_NONE, refusal ? refusal : "no address to answer from");
    else
        send_reply(s, p, m, &src);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* An estimate never goes below what every link carries, and such a report is not believed at all
 * (RFC 8201 section 4). The code does not matter (RFC 4443 section 3.2). */
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

static void info_input(struct ik_stack *s, struct ik_pkt *p, const struct ik_icmp *m,
                       const struct ik_faults *faults)
{
    switch (m->type) {
    case IK_ICMP6_ECHO:
        echo_input(s, p, m);
        break;
    case IK_ICMP6_ECHO_REPLY:
    case IK_ICMP6_EXT_ECHO_REPLY:
        ik_stack_to_upper(s, p);
        break;
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

void ik_stack_icmp6_input(struct ik_stack *s, struct ik_pkt *p)
{
    struct ik_ip6walk w = {0};
    if (p->ip.options.left > 0)
        ik_ip6walk_final(&w, p->l3);
    const struct ik_icmp_ctx ctx = {
        .family = 6,
        .src = &p->ip.src,
        .dst = &p->ip.dst,
        .hop_limit_known = true,
        .hop_limit = p->ip.ttl,
        .router_alert_known = true,
        .router_alert = w.router_alert,
    };
    struct ik_faults faults = {0};
    struct ik_icmp m = {0};
    const enum ik_err err = ik_icmp_decode(&m, p->ip.payload, &ctx, &faults);
    if (p->ip.payload.left < 4 || !m.checksum_ok) {
        drop(s, p, IK_RULE_R4443_2_3_03, "short, or a bad checksum");
        return;
    }
    if (is_discovery(m.type) && (p->reassembled || w.fragment_header)) {
        drop(s, p, IK_RULE_R6980_5_01, "discovery in fragments");
        return;
    }
    if (err)
        drop(s, p, IK_RULE_NONE, "a body that is not what its type needs");
    else if (ik_icmp_is_error(6, m.type))
        error_input(s, p, &m);
    else
        info_input(s, p, &m, &faults);
}
