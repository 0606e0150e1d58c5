/* SPDX-License-Identifier: MIT
 * ICMPv4 in the words of tcpdump, so that eyes and scripts find what they know. */
#include "dump_text.h"

#include <icmpkit/wire.h>

/* ---- errors ---------------------------------------------------------------------------------- */

/* What stands before the quoted destination, and after it. */
static const struct {
    const char *before, *after;
} unreachable[] = {
    {"net ", " unreachable"},
    {"host ", " unreachable"},
    {"", NULL}, /* protocol */
    {"", NULL}, /* port */
    {"", " unreachable - need to frag"},
    {"", " unreachable - source route failed"},
    {"net ", " unreachable - unknown"},
    {"host ", " unreachable - unknown"},
    {"", " unreachable - source host isolated"},
    {"net ", " unreachable - admin prohibited"},
    {"host ", " unreachable - admin prohibited"},
    {"net ", " unreachable - tos prohibited"},
    {"host ", " unreachable - tos prohibited"},
    {"host ", " unreachable - admin prohibited filter"},
    {"host ", " unreachable - host precedence violation"},
    {"host ", " unreachable - precedence cutoff"},
};

static void put_quoted_dst(struct ik_put *w, const struct ik_look_packet *p)
{
    if (p->has_quote)
        ik_put_addr(w, &p->quote.ip.dst);
    else
        ik_put_c(w, '?');
}

/* Behind the address: " udp port 53 unreachable". */
static void put_port(struct ik_put *w, const struct ik_look_packet *p)
{
    const uint8_t proto = p->has_quote ? p->quote.ip.proto : 0;
    const bool ports = p->has_quote && p->quote.has & IK_QUOTE_PORTS;
    if (proto == IK_PROTO_UDP) {
        ik_put_s(w, " udp");
    } else if (proto == IK_PROTO_TCP) {
        ik_put_s(w, " tcp");
    } else {
        ik_put_s(w, " protocol ");
        ik_put_u64(w, proto);
    }
    if (ports) {
        ik_put_s(w, " port ");
        ik_put_u64(w, p->quote.dport);
    }
    ik_put_s(w, " unreachable");
}

static void put_unreachable(struct ik_put *w, const struct ik_look_packet *p)
{
    const uint8_t code = p->icmp.code;
    const bool known = code < sizeof unreachable / sizeof *unreachable;
    ik_put_s(w, known ? unreachable[code].before : "");
    put_quoted_dst(w, p);
    if (code == IK_ICMP4_UNREACHABLE_PORT) {
        put_port(w, p);
    } else if (code == IK_ICMP4_UNREACHABLE_PROTOCOL) {
        ik_put_s(w, " protocol ");
        ik_put_u64(w, p->has_quote ? p->quote.ip.proto : 0);
        ik_put_s(w, " unreachable");
    } else if (known) {
        ik_put_s(w, unreachable[code].after);
    } else {
        ik_put_s(w, " unreachable - #");
        ik_put_u64(w, code);
    }
    if (code == IK_ICMP4_UNREACHABLE_FRAG_NEEDED && p->icmp.error.mtu) {
        ik_put_s(w, " (mtu ");
        ik_put_u64(w, p->icmp.error.mtu);
        ik_put_c(w, ')');
    }
}

static void put_redirect(struct ik_put *w, const struct ik_look_packet *p)
{
    static const char *const names[] = {"redirect ", "redirect ", "redirect-tos ", "redirect-tos "};
    const uint8_t code = p->icmp.code;
    if (code < sizeof names / sizeof *names) {
        ik_put_s(w, names[code]);
    } else {
        ik_put_s(w, "redirect-#");
        ik_put_u64(w, code);
        ik_put_c(w, ' ');
    }
    put_quoted_dst(w, p);
    ik_put_s(w, code == IK_ICMP4_REDIRECT_NET || code == IK_ICMP4_REDIRECT_TOS_NET ? " to net "
                : code < sizeof names / sizeof *names                              ? " to host "
                                                                                   : " to ");
    ik_put_addr(w, &p->icmp.error.gateway);
}

/* A type whose name is all there is to say, or an unknown one. */
static void put_named(struct ik_put *w, const struct ik_icmp *m)
{
    switch (m->type) {
    case IK_ICMP4_ROUTER_SOL:
        ik_put_s(w, "router solicitation");
        break;
    case IK_ICMP4_INFO:
        ik_put_s(w, "information request");
        break;
    case IK_ICMP4_INFO_REPLY:
        ik_put_s(w, "information reply");
        break;
    case IK_ICMP4_MASK:
        ik_put_s(w, "address mask request");
        break;
    default: {
        const char *name = ik_icmp_type_name(4, m->type);
        ik_put_s(w, name ? name : "type-#");
        if (!name)
            ik_put_u64(w, m->type);
    }
    }
}

static void put_error(struct ik_put *w, const struct ik_look_packet *p)
{
    const uint8_t code = p->icmp.code;
    switch (p->icmp.type) {
    case IK_ICMP4_UNREACHABLE:
        put_unreachable(w, p);
        break;
    case IK_ICMP4_SOURCE_QUENCH:
        ik_put_s(w, "source quench");
        break;
    case IK_ICMP4_REDIRECT:
        put_redirect(w, p);
        break;
    case IK_ICMP4_TIME_EXCEEDED:
        ik_put_s(w, code == 0   ? "time exceeded in-transit"
                    : code == 1 ? "ip reassembly time exceeded"
                                : "time exceeded-#");
        if (code > 1)
            ik_put_u64(w, code);
        break;
    case IK_ICMP4_PARAMETER_PROBLEM:
        ik_put_s(w, code ? "parameter problem - code " : "parameter problem - octet ");
        ik_put_u64(w, code ? code : p->icmp.error.pointer);
        break;
    default:
        put_named(w, &p->icmp);
    }
}

/* ---- the others ------------------------------------------------------------------------------ */

/* Milliseconds since midnight UT. */
static void put_time_of_day(struct ik_put *w, uint32_t ms)
{
    ik_put_pad(w, ms / 3600000, 2);
    ik_put_c(w, ':');
    ik_put_pad(w, ms / 60000 % 60, 2);
    ik_put_c(w, ':');
    ik_put_pad(w, ms / 1000 % 60, 2);
    ik_put_c(w, '.');
    ik_put_pad(w, ms % 1000, 3);
}

static void put_timestamp(struct ik_put *w, const struct ik_icmp *m)
{
    const bool reply = m->type == IK_ICMP4_TIMESTAMP_REPLY;
    ik_put_s(w, reply ? "time stamp reply id " : "time stamp query id ");
    ik_put_u64(w, m->timestamp.id);
    ik_put_s(w, " seq ");
    ik_put_u64(w, m->timestamp.seq);
    if (!reply)
        return;
    ik_put_s(w, ": org ");
    put_time_of_day(w, m->timestamp.originate);
    ik_put_s(w, ", recv ");
    put_time_of_day(w, m->timestamp.receive);
    ik_put_s(w, ", xmit ");
    put_time_of_day(w, m->timestamp.transmit);
}

static void put_lifetime(struct ik_put *w, uint32_t s)
{
    if (s >= 3600) {
        ik_put_u64(w, s / 3600);
        ik_put_c(w, ':');
    }
    if (s >= 60) {
        ik_put_pad(w, s / 60 % 60, s >= 3600 ? 2 : 1);
        ik_put_c(w, ':');
    }
    ik_put_pad(w, s % 60, s >= 60 ? 2 : 1);
}

static void put_routers(struct ik_put *w, const struct ik_icmp_router_adv4 *adv)
{
    struct ik_rd rest = adv->entries;
    struct ik_icmp_router r;
    ik_put_s(w, "router advertisement lifetime ");
    put_lifetime(w, adv->lifetime_s);
    ik_put_c(w, ' ');
    ik_put_u64(w, adv->count);
    ik_put_c(w, ':');
    while (!ik_icmp_list_take_router(&rest, adv->entry_words, &r)) {
        ik_put_s(w, " {");
        ik_put_addr(w, &r.addr);
        ik_put_c(w, ' ');
        ik_put_u64(w, (uint32_t)r.preference);
        ik_put_c(w, '}');
    }
}

static void put_kind(struct ik_put *w, const struct ik_look_packet *p)
{
    const struct ik_icmp *m = &p->icmp;
    switch (m->kind) {
    case IK_ICMP_ERROR:
        put_error(w, p);
        break;
    case IK_ICMP_TIMESTAMP:
        put_timestamp(w, m);
        break;
    case IK_ICMP_ROUTER_ADV4:
        put_routers(w, &m->router_adv4);
        break;
    case IK_ICMP_MASK:
        if (m->type == IK_ICMP4_MASK_REPLY) {
            ik_put_s(w, "address mask is 0x");
            ik_put_bytes(w, (struct ik_rd){m->mask.mask.bytes, 4}, 4);
            break;
        }
        put_named(w, m);
        break;
    default:
        put_named(w, m);
    }
}

static void put_echo(struct ik_put *w, const struct ik_icmp *m)
{
    const uint8_t request = m->family == 6 ? IK_ICMP6_ECHO : IK_ICMP4_ECHO;
    ik_put_s(w, m->type == request ? "echo request, id " : "echo reply, id ");
    ik_put_u64(w, m->echo.id);
    ik_put_s(w, ", seq ");
    ik_put_u64(w, m->echo.seq);
}

void ik_dump_words_put(struct ik_put *w, const struct ik_look_packet *p)
{
    const bool v6 = p->icmp.family == 6;
    ik_put_s(w, v6 ? "ICMP6, " : "ICMP ");
    if (p->icmp.kind == IK_ICMP_ECHO)
        put_echo(w, &p->icmp);
    else if (v6)
        ik_dump_words6_put(w, p);
    else
        put_kind(w, p);
    ik_put_s(w, ", length ");
    ik_put_u64(w, p->icmp_bytes.left);
}
