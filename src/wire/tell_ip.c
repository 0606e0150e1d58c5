/* SPDX-License-Identifier: MIT
 * The walk over IP headers, and over the packet inside an error. */
#include "icmpkit/tell.h"

#include "wire/ip_int.h"
#include "wire/tell_int.h"

enum { TCP_BYTES = 20, SR_HEAD = 4, ADDR6_BYTES = 16, ADDR4_BYTES = 4 };
enum { OPT6_PAD1 = 0, OPT6_PADN = 1, OPT6_ALERT = 5, OPT6_JUMBO = 0xc2, OPT6_HOME = 0xc9 };
enum { PROTO_DCCP = 33, PROTO_SCTP = 132, PROTO_UDPLITE = 136 };

static void data_tell(const struct ik_tell_walk *w, struct ik_rd data)
{
    ik_tell_bytes(w, IK_TELL_BYTES, "data", "data", data);
}

/* ---- IPv4 options ---------------------------------------------------------------------------- */

static void stamps_tell(const struct ik_tell_walk *w, const struct ik_ipopt *option,
                        struct ik_rd rest)
{
    struct ik_ipopt_timestamp ts = {0};
    const enum ik_err err = ik_ipopt_decode_timestamp(&ts, option, NULL);
    rest = ik_tell_rows(w, IK_TELL_L_IP4_OPT_TIMESTAMP, rest, NULL);
    const size_t each = err == IK_E_SHORT || ts.n == 0 ? 0 : ts.entries.left / ts.n;
    const struct ik_rd whole = ik_rd_head(rest, each ? ts.entries.left : 0);
    struct ik_rd entry;
    ik_tell_open(w, IK_TELL_LIST, "entries", "entries", whole);
    for (unsigned i = 0; each && i < ts.n && ik_rd_sub(&rest, each, &entry); i++) {
        struct ik_rd time = entry;
        ik_tell_open(w, IK_TELL_GROUP, NULL, "entry", entry);
        if (each > ADDR4_BYTES)
            time = ik_tell_rows(w, IK_TELL_L_IP4_OPT_TS_ADDR, entry, NULL);
        ik_tell_rows(w, IK_TELL_L_IP4_OPT_TS_TIME, time, NULL);
        ik_tell_close(w, entry);
    }
    ik_tell_close(w, whole);
    data_tell(w, rest);
}

static void option4_body(const struct ik_tell_walk *w, const struct ik_ipopt *option,
                         struct ik_rd rest)
{
    switch (option->type) {
    case IK_IPOPT_RECORD_ROUTE:
    case IK_IPOPT_LSRR:
    case IK_IPOPT_SSRR:
        ik_tell_rows(w, IK_TELL_L_IP4_OPT_ROUTE, rest, NULL);
        break;
    case IK_IPOPT_TIMESTAMP:
        stamps_tell(w, option, rest);
        break;
    case IK_IPOPT_ROUTER_ALERT:
        data_tell(w, ik_tell_rows(w, IK_TELL_L_IP4_OPT_ALERT, rest, NULL));
        break;
    case IK_IPOPT_TRACEROUTE:
        data_tell(w, ik_tell_rows(w, IK_TELL_L_IP4_OPT_TRACEROUTE, rest, NULL));
        break;
    default:
        ik_tell_rows(w, IK_TELL_L_IP_OPT_BYTES, rest, NULL);
    }
}

static void options4_tell(const struct ik_tell_walk *w, struct ik_rd rest)
{
    const struct ik_rd whole = rest;
    if (rest.left == 0)
        return;
    ik_tell_open(w, IK_TELL_LIST, "options", "options", whole);
    for (bool ended = false; !ended && rest.left;) {
        struct ik_ipopt option;
        const struct ik_rd was = rest;
        if (ik_ipopt_take(&rest, &option, NULL)) {
            ik_tell_bytes(w, IK_TELL_BYTES, NULL, "undecodable bytes", was);
            break;
        }
        const char *const name = ik_tell_word(w, IK_MEANS_IP4_OPTION, option.type);
        ended = option.type == IK_IPOPT_END;
        ik_tell_open(w, IK_TELL_GROUP, NULL, name ? name : "option", option.bytes);
        if (option.bytes.left == 1)
            ik_tell_rows(w, IK_TELL_L_IP4_OPT_TYPE, option.bytes, NULL);
        else
            option4_body(w, &option, ik_tell_rows(w, IK_TELL_L_IP4_OPT_HEAD, option.bytes, NULL));
        ik_tell_close(w, option.bytes);
        if (ended)
            rest = ik_rd_from(was, 1);
    }
    /* behind the end of the list there is only padding */
    ik_tell_padding(w, NULL, rest);
    ik_tell_close(w, whole);
}

/* ---- IPv6 extension headers ------------------------------------------------------------------ */

static enum ik_tell_layout_id option6_layout(const struct ik_ip6opt *option)
{
    switch (option->type) {
    case OPT6_PADN:
        return IK_TELL_L_IP6_OPT_PADN;
    case OPT6_ALERT:
        return option->data.left == 2 ? IK_TELL_L_IP6_OPT_ALERT : IK_TELL_L_IP_OPT_BYTES;
    case OPT6_JUMBO:
        return option->data.left == 4 ? IK_TELL_L_IP6_OPT_JUMBO : IK_TELL_L_IP_OPT_BYTES;
    case OPT6_HOME:
        return option->data.left == ADDR6_BYTES ? IK_TELL_L_IP6_OPT_HOME : IK_TELL_L_IP_OPT_BYTES;
    default:
        return IK_TELL_L_IP_OPT_BYTES;
    }
}

static void options6_tell(const struct ik_tell_walk *w, struct ik_rd rest)
{
    const struct ik_rd whole = rest;
    ik_tell_open(w, IK_TELL_LIST, "options", "options", whole);
    for (;;) {
        struct ik_ip6opt option;
        const struct ik_rd was = rest;
        if (ik_ip6opt_take(&rest, &option, NULL)) {
            ik_tell_bytes(w, IK_TELL_BYTES, NULL, "undecodable bytes", was);
            break;
        }
        const char *const name = ik_tell_word(w, IK_MEANS_IP6_OPTION, option.type);
        ik_tell_open(w, IK_TELL_GROUP, NULL, name ? name : "option", option.bytes);
        if (option.type == OPT6_PAD1)
            ik_tell_rows(w, IK_TELL_L_IP6_OPT_PAD1, option.bytes, NULL);
        else
            ik_tell_rows(w, option6_layout(&option),
                         ik_tell_rows(w, IK_TELL_L_IP6_OPT_HEAD, option.bytes, NULL), NULL);
        ik_tell_close(w, option.bytes);
    }
    ik_tell_close(w, whole);
}

/* Octets that type 3 leaves out of every address but the last, and out of that (RFC 6554). */
static size_t rpl_bytes(const struct ik_ip6route *route, bool last)
{
    return ADDR6_BYTES - (last ? route->data.p[0] & 0xfu : route->data.p[0] >> 4);
}

static void segments_tell(const struct ik_tell_walk *w, const struct ik_ip6route *route,
                          const struct ik_addr *dst, struct ik_rd rest)
{
    const size_t shorter = route->type == 3 ? ADDR6_BYTES - rpl_bytes(route, true) : 0;
    const size_t each = route->type == 3 ? rpl_bytes(route, false) : ADDR6_BYTES;
    const struct ik_rd whole = ik_rd_head(rest, each * (route->n - 1u) + ADDR6_BYTES - shorter);
    ik_tell_open(w, IK_TELL_LIST, "addresses", "addresses", whole);
    for (unsigned i = 0; i < route->n; i++) {
        /* a segment list is in reverse of the travel (RFC 8754 section 2) */
        const uint8_t nth = (uint8_t)(route->type == 4 ? route->n - 1u - i : i);
        const struct ik_addr addr = ik_ip6ext_route_addr(route, dst, nth);
        const struct ik_rd span = ik_rd_head(ik_rd_from(whole, i * each),
                                             i + 1u == route->n ? ADDR6_BYTES - shorter : each);
        ik_tell_addr(w, NULL, "address", &addr, span);
    }
    ik_tell_close(w, whole);
    rest = ik_rd_from(rest, whole.left);
    if (route->type == 3)
        ik_tell_padding(w, "padding", rest);
    else
        data_tell(w, rest);
}

static void routing_tell(const struct ik_tell_walk *w, const struct ik_ip6ext *ext,
                         const struct ik_addr *dst, struct ik_rd rest)
{
    struct ik_ip6route route;
    const enum ik_err err = ik_ip6ext_decode_routing(&route, ext, dst, NULL);
    rest = ik_tell_rows(w, IK_TELL_L_IP6_ROUTE, rest, NULL);
    if (err || route.n == 0)
        data_tell(w, rest);
    else if (route.type == 3)
        segments_tell(w, &route, dst, ik_tell_rows(w, IK_TELL_L_IP6_ROUTE_RPL, rest, NULL));
    else if (route.type == 4)
        segments_tell(w, &route, dst, ik_tell_rows(w, IK_TELL_L_IP6_ROUTE_SR, rest, NULL));
    else
        ik_tell_rows(w, IK_TELL_L_IP6_ROUTE_LIST, rest, NULL);
}

static void header6_tell(const struct ik_tell_walk *w, const struct ik_ip6ext *ext,
                         const struct ik_addr *dst)
{
    struct ik_rd rest = ext->bytes;
    if (ext->proto == IK_PROTO_FRAGMENT) {
        ik_tell_rows(w, IK_TELL_L_IP6_FRAGMENT, rest, NULL);
        return;
    }
    if (ext->proto == IK_PROTO_AH) {
        ik_tell_rows(w, IK_TELL_L_IP6_AH, rest, NULL);
        return;
    }
    rest = ik_tell_rows(w, IK_TELL_L_IP6_EXT_HEAD, rest, NULL);
    if (ext->proto == IK_PROTO_ROUTING)
        routing_tell(w, ext, dst, rest);
    else if (ext->proto == IK_PROTO_HOPOPTS || ext->proto == IK_PROTO_DSTOPTS)
        options6_tell(w, rest);
    else
        data_tell(w, rest);
}

static void chain_tell(const struct ik_tell_walk *w, const struct ik_ip *ip)
{
    struct ik_rd rest = ip->options;
    uint8_t proto = ip->next_header;
    if (rest.left == 0)
        return;
    ik_tell_open(w, IK_TELL_LIST, "headers", "extension headers", ip->options);
    for (;;) {
        struct ik_ip6ext ext;
        if (ik_ip6ext_take(&rest, &proto, &ext, NULL)) {
            ik_tell_bytes(w, IK_TELL_BYTES, NULL, "undecodable bytes", rest);
            break;
        }
        const char *const name = ik_tell_word(w, IK_MEANS_PROTO, ext.proto);
        ik_tell_open(w, IK_TELL_GROUP, NULL, name ? name : "header", ext.bytes);
        ik_tell_number(w, "proto", "header", IK_MEANS_PROTO, ext.proto);
        header6_tell(w, &ext, &ip->dst);
        ik_tell_close(w, ext.bytes);
    }
    ik_tell_close(w, ip->options);
}

static void ip_tell(const struct ik_tell_walk *w, const struct ik_ip *ip, struct ik_rd bytes)
{
    if (ip->version == 4) {
        ik_tell_rows(w, IK_TELL_L_IP4, ik_rd_head(bytes, IK_IP4_BYTES), NULL);
        options4_tell(w, ip->options);
    } else {
        ik_tell_rows(w, IK_TELL_L_IP6, ik_rd_head(bytes, IK_IP6_BYTES), NULL);
        chain_tell(w, ip);
    }
}

void ik_tell_ip(const struct ik_tell_cfg *cfg, const struct ik_ip *ip, struct ik_rd bytes)
{
    const struct ik_tell_walk w = {cfg, bytes.p, NULL};
    ip_tell(&w, ip, bytes);
}

/* ---- the packet inside an error -------------------------------------------------------------- */

/* A header of fixed layout; what follows it is told after the group. */
static struct ik_rd header_tell(const struct ik_tell_walk *w, const char *key, const char *label,
                                enum ik_tell_layout_id id, struct ik_rd transport, size_t bytes)
{
    const struct ik_rd span = ik_rd_head(transport, bytes);
    ik_tell_open(w, IK_TELL_GROUP, key, label, span);
    ik_tell_rows(w, id, span, NULL);
    ik_tell_close(w, span);
    return ik_rd_from(transport, span.left);
}

static struct ik_rd tcp_tell(const struct ik_tell_walk *w, struct ik_rd transport)
{
    const size_t whole = transport.left > 12 ? 4u * (transport.p[12] >> 4) : 0;
    const struct ik_rd span = ik_rd_head(transport, whole > TCP_BYTES ? whole : TCP_BYTES);
    ik_tell_open(w, IK_TELL_GROUP, "tcp", "TCP header", span);
    const struct ik_rd options = ik_tell_rows(w, IK_TELL_L_TCP, span, NULL);
    ik_tell_bytes(w, IK_TELL_BYTES, "options", "options", options);
    ik_tell_close(w, span);
    return ik_rd_from(transport, span.left);
}

static struct ik_rd quoted_icmp_tell(const struct ik_tell_walk *outer, const struct ik_quote *q)
{
    const struct ik_icmp msg = {.family = q->ip.proto == IK_PROTO_ICMP6 ? 6 : 4,
                                .type = q->icmp_type,
                                .code = q->icmp_code};
    const struct ik_tell_walk w = {outer->cfg, outer->start, &msg}; /* for its words */
    const size_t bytes = q->has & IK_QUOTE_ICMP_ECHO ? 8 : 4;
    const struct ik_rd span = ik_rd_head(q->transport, bytes);
    ik_tell_open(&w, IK_TELL_GROUP, "icmp", "ICMP header", span);
    const struct ik_rd rest = ik_tell_rows(&w, IK_TELL_L_HEAD, span, NULL);
    if (q->has & IK_QUOTE_ICMP_ECHO)
        ik_tell_rows(&w, IK_TELL_L_ICMP_ECHO, rest, NULL);
    ik_tell_close(&w, span);
    return ik_rd_from(q->transport, span.left);
}

static struct ik_rd transport_tell(const struct ik_tell_walk *w, const struct ik_quote *q)
{
    const struct ik_rd t = q->transport;
    if (q->ip.offset_bytes || t.left == 0) /* a later fragment has no transport header */
        return t;
    switch (q->ip.proto) {
    case IK_PROTO_UDP:
    case PROTO_UDPLITE:
        return header_tell(w, "udp", "UDP header", IK_TELL_L_UDP, t, 8);
    case IK_PROTO_TCP:
        return tcp_tell(w, t);
    case IK_PROTO_ICMP4:
    case IK_PROTO_ICMP6:
        return quoted_icmp_tell(w, q);
    case PROTO_DCCP:
    case PROTO_SCTP:
        return header_tell(w, "transport", "transport header", IK_TELL_L_PORTS, t, 4);
    case IK_PROTO_ESP:
        return header_tell(w, "esp", "ESP header", IK_TELL_L_ESP, t, 8);
    default:
        return t;
    }
}

void ik_tell_quote(const struct ik_tell_walk *w, const struct ik_tell_row *row, struct ik_rd span)
{
    struct ik_quote q;
    if (span.left == 0)
        return;
    ik_tell_open(w, IK_TELL_GROUP, row->key, row->label, span);
    if (w->cfg->body) {
        ik_tell_close(w, span);
        return;
    }
    if (ik_quote_decode(&q, span, NULL)) {
        ik_tell_bytes(w, IK_TELL_BYTES, "bytes", "undecodable bytes", span);
    } else {
        /* all up to the transport header; more than is there when the quote ends in options */
        const struct ik_rd header = ik_rd_head(span, q.ip.header_bytes);
        ik_tell_open(w, IK_TELL_GROUP, "ip", "IP header", header);
        ip_tell(w, &q.ip, header);
        ik_tell_close(w, header);
        const struct ik_rd data = transport_tell(w, &q);
        ik_tell_bytes(w, IK_TELL_DATA, "data_bytes", "data", data);
        /* what the length field leaves out: padding in front of extensions */
        const size_t told = header.left + q.transport.left;
        ik_tell_padding(w, "padding", ik_rd_from(span, told));
    }
    ik_tell_close(w, span);
}
