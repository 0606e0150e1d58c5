/* SPDX-License-Identifier: MIT
 * ICMPv6 in the words of tcpdump. */
#include "dump_text.h"

#include <icmpkit/wire.h>

/* ---- errors ---------------------------------------------------------------------------------- */

static void put_quoted_dst(struct ik_put *w, const struct ik_look_packet *p)
{
    if (p->has_quote)
        ik_put_addr(w, &p->quote.ip.dst);
    else
        ik_put_c(w, '?');
}

static void put_port(struct ik_put *w, const struct ik_look_packet *p)
{
    ik_put_s(w, "unreachable port, ");
    put_quoted_dst(w, p);
    const uint8_t proto = p->has_quote ? p->quote.ip.proto : 0;
    ik_put_s(w, proto == IK_PROTO_UDP ? " udp" : proto == IK_PROTO_TCP ? " tcp" : " protocol ");
    if (proto != IK_PROTO_UDP && proto != IK_PROTO_TCP)
        ik_put_u64(w, proto);
    if (p->has_quote && p->quote.has & IK_QUOTE_PORTS) {
        ik_put_s(w, " port ");
        ik_put_u64(w, p->quote.dport);
    }
}

static void put_unreachable(struct ik_put *w, const struct ik_look_packet *p)
{
    static const char *const names[] = {"unreachable route ",
                                        "unreachable prohibited ",
                                        "beyond scope ",
                                        "unreachable address ",
                                        NULL,
                                        "unreachable policy ",
                                        "unreachable reject route "};
    const uint8_t code = p->icmp.code;
    ik_put_s(w, "destination unreachable, ");
    if (code == IK_ICMP6_UNREACHABLE_PORT) {
        put_port(w, p);
        return;
    }
    if (code < sizeof names / sizeof *names) {
        ik_put_s(w, names[code]);
        put_quoted_dst(w, p);
    } else {
        ik_put_s(w, "unknown unreach code (");
        ik_put_u64(w, code);
        ik_put_c(w, ')');
    }
    if (code == IK_ICMP6_UNREACHABLE_BEYOND_SCOPE && p->has_quote) {
        ik_put_s(w, ", source address ");
        ik_put_addr(w, &p->quote.ip.src);
    }
}

static void put_time_exceeded(struct ik_put *w, const struct ik_look_packet *p)
{
    const uint8_t code = p->icmp.code;
    ik_put_s(w, "time exceeded in-transit");
    if (code == IK_ICMP6_TIME_EXCEEDED_HOP_LIMIT) {
        ik_put_s(w, " for ");
        put_quoted_dst(w, p);
    } else if (code == IK_ICMP6_TIME_EXCEEDED_REASSEMBLY) {
        ik_put_s(w, " (reassembly)");
    } else {
        ik_put_s(w, ", unknown code (");
        ik_put_u64(w, code);
        ik_put_c(w, ')');
    }
}

static void put_parameter(struct ik_put *w, const struct ik_icmp *m)
{
    static const char *const names[] = {"erroneous", "next header", "option",
                                        "incomplete header chain"};
    ik_put_s(w, "parameter problem, ");
    if (m->code < sizeof names / sizeof *names) {
        ik_put_s(w, names[m->code]);
    } else {
        ik_put_s(w, "code-#");
        ik_put_u64(w, m->code);
    }
    ik_put_s(w, " - octet ");
    ik_put_u64(w, m->error.pointer);
}

/* ---- the others ------------------------------------------------------------------------------ */

static void put_type(struct ik_put *w, uint8_t type)
{
    const char *name = ik_icmp_type_name(6, type);
    ik_put_s(w, name ? name : "unknown icmp6 type (");
    if (!name) {
        ik_put_u64(w, type);
        ik_put_c(w, ')');
    }
}

static void put_error(struct ik_put *w, const struct ik_look_packet *p)
{
    switch (p->icmp.type) {
    case IK_ICMP6_UNREACHABLE:
        put_unreachable(w, p);
        break;
    case IK_ICMP6_PACKET_TOO_BIG:
        ik_put_s(w, "packet too big, mtu ");
        ik_put_u64(w, p->icmp.error.mtu);
        break;
    case IK_ICMP6_TIME_EXCEEDED:
        put_time_exceeded(w, p);
        break;
    case IK_ICMP6_PARAMETER_PROBLEM:
        put_parameter(w, &p->icmp);
        break;
    default:
        put_type(w, p->icmp.type);
    }
}

static void put_mld(struct ik_put *w, const struct ik_icmp *m)
{
    ik_put_s(w, m->type == IK_ICMP6_MLD_QUERY    ? "multicast listener query"
                : m->type == IK_ICMP6_MLD_REPORT ? "multicast listener report"
                                                 : "multicast listener done");
    ik_put_s(w, " max resp delay: ");
    ik_put_u64(w, m->mld.max_delay_ms);
    ik_put_s(w, " addr: ");
    ik_put_addr(w, &m->mld.group);
}

static void put_mld2(struct ik_put *w, const struct ik_icmp *m)
{
    if (m->kind == IK_ICMP_MLD2_REPORT) {
        ik_put_s(w, "multicast listener report v2, ");
        ik_put_u64(w, m->mld2_report.count);
        ik_put_s(w, " group record(s)");
        return;
    }
    ik_put_s(w, "multicast listener query v2 [gaddr ");
    ik_put_addr(w, &m->mld2_query.group);
    if (m->mld2_query.count) {
        ik_put_s(w, ", ");
        ik_put_u64(w, m->mld2_query.count);
        ik_put_s(w, " source(s)");
    }
    ik_put_c(w, ']');
}

static void put_neighbour(struct ik_put *w, const struct ik_icmp *m)
{
    if (m->kind == IK_ICMP_NEIGHBOR_SOL) {
        ik_put_s(w, "neighbor solicitation, who has ");
        ik_put_addr(w, &m->neighbor_sol.target);
    } else if (m->kind == IK_ICMP_NEIGHBOR_ADV) {
        ik_put_s(w, "neighbor advertisement, tgt is ");
        ik_put_addr(w, &m->neighbor_adv.target);
    } else {
        ik_put_s(w, "redirect, ");
        ik_put_addr(w, &m->redirect.destination);
        ik_put_s(w, " to ");
        ik_put_addr(w, &m->redirect.target);
    }
}

void ik_dump_words6_put(struct ik_put *w, const struct ik_look_packet *p)
{
    const struct ik_icmp *m = &p->icmp;
    switch (m->kind) {
    case IK_ICMP_ERROR:
        put_error(w, p);
        break;
    case IK_ICMP_MLD:
        put_mld(w, m);
        break;
    case IK_ICMP_MLD2_QUERY:
    case IK_ICMP_MLD2_REPORT:
        put_mld2(w, m);
        break;
    case IK_ICMP_NEIGHBOR_SOL:
    case IK_ICMP_NEIGHBOR_ADV:
    case IK_ICMP_REDIRECT:
        put_neighbour(w, m);
        break;
    case IK_ICMP_ROUTER_SOL:
        ik_put_s(w, "router solicitation");
        break;
    case IK_ICMP_ROUTER_ADV:
        ik_put_s(w, "router advertisement");
        break;
    default:
        put_type(w, m->type);
    }
}
