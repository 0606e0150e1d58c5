/* SPDX-License-Identifier: MIT
 * Errors: which may be sent, from whom, with what in them. */
#include "net/scope.h"
#include "stack/stack_int.h"

enum {
    ICMP_HEAD = 8,
    MESSAGE4_MAX = 576 - IK_IP4_BYTES,  /* RFC 1812 section 4.3.2.3 */
    MESSAGE6_MAX = 1280 - IK_IP6_BYTES, /* RFC 4443 section 2.4 (c) */
    EXT_BYTES_MAX = 320,
    TOS_FIELD = 0x1e,
    PRECEDENCE_INTERNET = 0xc0, /* RFC 1812 section 4.3.2.5 */
};

/* ---- may it be sent -------------------------------------------------------------------------- */

static bool is_error_message(const struct ik_ip *ip)
{
    const uint8_t proto = ip->version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6;
    if (ip->proto != proto || ip->offset_bytes || ip->payload.left == 0)
        return false;
    return ik_icmp_is_error(ip->version, ip->payload.p[0]);
}

static enum ik_rule by_kind(const struct ik_stack *s, enum ik_rule host, enum ik_rule router)
{
    return ik_stack_is_router(s) ? router : host;
}

static enum ik_rule forbidden4(const struct ik_stack *s, const struct ik_pkt *p)
{
    const struct ik_ip *ip = &p->ip;
    if (is_error_message(ip))
        return by_kind(s, IK_RULE_R1122_3_2_2_06, IK_RULE_R1812_4_3_2_7_01);
    if (ik_addr_is_multicast(&ip->dst) || ik_stack_local_is_broadcast4_any(s, &ip->dst))
        return by_kind(s, IK_RULE_R1122_3_2_2_07, IK_RULE_R1812_4_3_2_7_03);
    if (p->cast != IK_CAST_UNICAST)
        return by_kind(s, IK_RULE_R1122_3_2_2_08, IK_RULE_R1812_4_3_2_7_04);
    if (ip->offset_bytes)
        return by_kind(s, IK_RULE_R1122_3_2_2_09, IK_RULE_R1812_4_3_2_7_06);
    const bool to_self = p->own; /* our own loopback addresses are single hosts to us */
    if ((!ik_scope_is_single_host(&ip->src) && !to_self) ||
        ik_stack_local_is_broadcast4_any(s, &ip->src))
        return by_kind(s, IK_RULE_R1122_3_2_2_10, IK_RULE_R1812_4_3_2_7_05);
    return IK_RULE_NONE;
}

/* RFC 4443 section 2.4 (e.3): path MTU discovery works for multicast, and an option that asks for
 * an answer though many may give it (its type begins with bits 10) gets one. */
static bool is_for_groups_too(const struct ik_pkt *p, const struct ik_stack_error *e)
{
    if (e->type == IK_ICMP6_PACKET_TOO_BIG)
        return true;
    return e->type == IK_ICMP6_PARAMETER_PROBLEM && e->code == IK_ICMP6_PARAMETER_PROBLEM_OPTION &&
           e->info < p->l3.left && p->l3.p[e->info] >> 6 == 2;
}

static enum ik_rule forbidden6(const struct ik_pkt *p, const struct ik_stack_error *e)
{
    const struct ik_ip *ip = &p->ip;
    if (is_error_message(ip))
        return IK_RULE_R4443_2_4e_1_01;
    if (ip->proto == IK_PROTO_ICMP6 && ip->offset_bytes == 0 && ip->payload.left > 0 &&
        ip->payload.p[0] == IK_ICMP6_REDIRECT)
        return IK_RULE_R4443_2_4e_2_01;
    if (!is_for_groups_too(p, e)) {
        if (ik_addr_is_multicast(&ip->dst))
            return IK_RULE_R4443_2_4e_3_01;
        if (p->cast != IK_CAST_UNICAST)
            return p->cast == IK_CAST_MULTICAST ? IK_RULE_R4443_2_4e_4_01 : IK_RULE_R4443_2_4e_5_01;
    }
    if (ik_addr_is_any(&ip->src) || ik_addr_is_multicast(&ip->src) ||
        (ik_scope_is_loopback(&ip->src) && !p->own))
        return IK_RULE_R4443_2_4e_6_01;
    return IK_RULE_NONE;
}

enum ik_rule ik_stack_error_forbidden(const struct ik_stack *s, const struct ik_pkt *p,
                                      const struct ik_stack_error *e)
{
    return p->ip.version == 4 ? forbidden4(s, p) : forbidden6(p, e);
}

static bool is_prohibition(uint8_t version, const struct ik_stack_error *e)
{
    if (version == 4)
        return e->code == IK_ICMP4_UNREACHABLE_PROHIBITED ||
               e->code == IK_ICMP4_UNREACHABLE_NET_PROHIBITED ||
               e->code == IK_ICMP4_UNREACHABLE_HOST_PROHIBITED ||
               e->code == IK_ICMP4_UNREACHABLE_PRECEDENCE_VIOLATION ||
               e->code == IK_ICMP4_UNREACHABLE_PRECEDENCE_CUTOFF;
    return e->code == IK_ICMP6_UNREACHABLE_PROHIBITED || e->code == IK_ICMP6_UNREACHABLE_POLICY ||
           e->code == IK_ICMP6_UNREACHABLE_REJECT_ROUTE;
}

/* What the options of the node keep it from saying. */
static bool is_switched_off(const struct ik_stack *s, uint8_t version,
                            const struct ik_stack_error *e)
{
    const uint8_t unreachable =
        version == 4 ? (uint8_t)IK_ICMP4_UNREACHABLE : (uint8_t)IK_ICMP6_UNREACHABLE;
    const uint8_t exceeded =
        version == 4 ? (uint8_t)IK_ICMP4_TIME_EXCEEDED : (uint8_t)IK_ICMP6_TIME_EXCEEDED;
    if (s->opt->silent)
        return true;
    if (e->type == unreachable)
        return s->opt->no_unreachable || (s->opt->no_prohibited && is_prohibition(version, e));
    return e->type == exceeded && s->opt->no_time_exceeded;
}

/* ---- what is in it --------------------------------------------------------------------------- */

/* The quoted bytes, before the codec cuts them at what a datagram may be. */
static struct ik_rd quote_of(const struct ik_stack *s, const struct ik_pkt *p)
{
    const size_t least = p->ip.header_bytes + 8u; /* RFC 792, RFC 1122 section 3.2.2 */
    const size_t wanted = s->opt->quote_bytes;
    if (wanted == 0 || wanted == 0xffff)
        return p->l3;
    return ik_rd_head(p->l3, wanted < least ? least : wanted);
}

static void put_labels(const struct ik_stack *s, struct ik_ext_writer *w)
{
    struct ik_mpls stack[16];
    const size_t n = s->opt->n_mpls_labels < 16 ? s->opt->n_mpls_labels : 16;
    for (size_t i = 0; i < n; i++) {
        const uint32_t e = s->opt->mpls_labels[i];
        stack[i] = (struct ik_mpls){
            .label = e >> 12, .tc = e >> 9 & 7, .bottom = i + 1 == n, .ttl = (uint8_t)e};
    }
    /* Refused for other types than unreachable and time exceeded: then there are none. */
    (void)!ik_mpls_put(w, stack, n);
}

static void put_interface(const struct ik_stack *s, struct ik_ext_writer *w, uint8_t role,
                          uint8_t port)
{
    enum { NO_INDEX = 1 << 4, NO_ADDR = 1 << 5, NO_NAME = 1 << 6, NO_MTU = 1 << 7 };
    const struct ik_stack_iface *f = &s->ifaces[port];
    const uint8_t without = s->opt->ifinfo;
    struct ik_ifinfo info = {.role = role,
                             .has_index = !(without & NO_INDEX),
                             .index = ik_stack_local_index(s, port),
                             .has_mtu = !(without & NO_MTU),
                             .mtu = f->mtu};
    info.addr = ik_stack_local_of_port(s, port, w->family, NULL);
    info.has_addr = info.addr.family != 0 && !(without & NO_ADDR);
    if (f->name && f->name[0] && !(without & NO_NAME)) {
        info.has_name = true;
        info.name = (struct ik_rd){(const uint8_t *)f->name, strlen(f->name)};
    }
    (void)!ik_ifinfo_put(w, &info);
}

/* RFC 4884 structure in buf, or empty. */
static struct ik_rd extensions_of(const struct ik_stack *s, const struct ik_pkt *p,
                                  const struct ik_stack_error *e, uint8_t *buf)
{
    const struct ik_rd none = {buf, 0};
    const bool labels = s->opt->n_mpls_labels > 0 && p->forwarded;
    struct ik_ext_writer w;
    size_t len;
    if ((!labels && (s->opt->ifinfo & 5) == 0) || p->own ||
        ik_ext_begin(&w, p->ip.version, e->type, buf, EXT_BYTES_MAX) != IK_OK)
        return none;
    if (labels)
        put_labels(s, &w);
    if (s->opt->ifinfo & 1 && p->port < s->n_ifaces)
        put_interface(s, &w, 0, p->port);
    if (s->opt->ifinfo & 4 && e->has_out_port)
        put_interface(s, &w, 2, e->out_port);
    return ik_ext_end(&w, &len) == IK_OK ? (struct ik_rd){buf, len} : none;
}

/* RFC 1812 section 4.3.2.6: a complaint about a source route does not travel by it. */
static bool is_about_source_route(const struct ik_pkt *p, const struct ik_stack_error *e)
{
    if (e->type != IK_ICMP4_PARAMETER_PROBLEM || e->code != 0 || e->info < IK_IP4_BYTES)
        return false;
    struct ik_rd options = p->ip.options;
    struct ik_ipopt o;
    while (options.left) {
        const uint8_t *at = options.p;
        const size_t offset = IK_IP4_BYTES + (size_t)(at - p->ip.options.p);
        const bool whole = ik_ipopt_take(&options, &o, NULL) == IK_OK;
        if (!whole || e->info < offset + o.bytes.left)
            return *at == IK_IPOPT_LSRR || *at == IK_IPOPT_SSRR;
    }
    return false;
}

static uint8_t tos_of(const struct ik_stack *s, const struct ik_pkt *p, uint8_t type)
{
    if (p->ip.version == 6 || !ik_stack_is_router(s))
        return 0; /* RFC 1122 section 3.2.2 */
    if (type == IK_ICMP4_SOURCE_QUENCH)
        return p->ip.tos; /* RFC 1812 section 4.3.2.5: the precedence of what provoked it */
    const uint8_t precedence = s->opt->error_tos ? s->opt->error_tos : PRECEDENCE_INTERNET;
    return (uint8_t)(precedence | (p->ip.tos & TOS_FIELD));
}

static struct ik_addr source_of(const struct ik_stack *s, const struct ik_pkt *p,
                                const struct ik_stack_error *e, const struct ik_stack_hop *hop)
{
    const struct ik_addr *chosen = p->ip.version == 4 ? &s->opt->from4 : &s->opt->from6;
    /* A redirect is believed from the net of whom it is for alone (RFC 1812 section 5.2.7.2). */
    if (p->ip.version == 4 && e->type == IK_ICMP4_REDIRECT)
        return ik_stack_local_of_port(s, hop->port, 4, &p->ip.src);
    if (s->opt->from == IK_FROM_ADDRESS && chosen->family)
        return *chosen;
    if (s->opt->from == IK_FROM_INCOMING && p->port < s->n_ifaces)
        return ik_stack_local_source(s, p->port, &p->ip.src);
    if (p->local == IK_LOCAL_UNICAST && (p->ip.version == 6 || !ik_stack_is_router(s)))
        return p->ip.dst;
    return ik_stack_local_source(s, hop->port, &p->ip.src);
}

/* ---- the message ----------------------------------------------------------------------------- */

/* What leaves, and by which way. */
struct draft {
    const struct ik_pkt *about;
    const struct ik_stack_error *error;
    struct ik_addr src, dst;
    uint8_t options[40];
    size_t options_bytes;
    struct ik_buf *b;
};

static void odd_quote(const struct ik_stack *s, const struct ik_pkt *p, uint8_t *quote)
{
    if (p->ip.version != 4)
        return;
    if (s->opt->odd & IK_ODD_QUOTE_CHECKSUM)
        ik_store_be16(quote + 10, ik_cksum_update(p->ip.checksum, ik_load_be16(quote + 8),
                                                  (uint16_t)(ik_load_be16(quote + 8) - 0x100)));
    if (s->opt->odd & IK_ODD_QUOTE_LENGTH)
        ik_store_be16(quote + 2, (uint16_t)(ik_load_be16(quote + 2) + p->ip.header_bytes));
}

static void checksum_put(const struct ik_stack *s, const struct draft *d, uint8_t *msg, size_t len)
{
    ik_store_be16(msg + 2, 0);
    uint64_t sum = d->about->ip.version == 6
                       ? ik_cksum_add_pseudo(0, &d->src, &d->dst, IK_PROTO_ICMP6, (uint32_t)len)
                       : 0;
    sum = ik_cksum_add(sum, (struct ik_rd){msg, len});
    uint16_t checksum = ik_cksum_fold(sum);
    if (s->opt->odd & IK_ODD_BAD_CHECKSUM)
        checksum ^= 0x5555;
    ik_store_be16(msg + 2, checksum);
}

/* Writes the ICMP message at `out`. The quote is longer than the RFCs let it be only where the
 * options ask for all that the interface takes. */
static bool message_put(const struct ik_stack *s, const struct draft *d, uint8_t *out, size_t room,
                        size_t *len)
{
    const struct ik_pkt *p = d->about;
    const uint8_t family = p->ip.version;
    uint8_t ext[EXT_BYTES_MAX];
    struct ik_icmp m = {.family = family, .type = d->error->type, .code = d->error->code};
    m.kind = IK_ICMP_ERROR;
    m.error = (struct ik_icmp_error){.mtu = d->error->info,
                                     .pointer = d->error->info,
                                     .gateway = d->error->gateway,
                                     .extensions = extensions_of(s, p, d->error, ext)};
    const size_t most = (family == 4 ? (size_t)MESSAGE4_MAX : (size_t)MESSAGE6_MAX) - ICMP_HEAD -
                        d->options_bytes - m.error.extensions.left;
    m.error.quote = ik_rd_head(quote_of(s, p), most);
    const struct ik_icmp_ctx ctx = {.family = family, .src = &d->src, .dst = &d->dst};
    if (ik_icmp_encode(&m, &ctx, false, out, room, len) != IK_OK)
        return false;
    if (s->opt->quote_bytes == 0xffff && m.error.extensions.left == 0) {
        m.error.rest = ik_load_be32(out + 4);
        m.error.quote = ik_rd_head(p->l3, room - ICMP_HEAD);
        if (ik_icmp_encode(&m, &ctx, true, out, room, len) != IK_OK)
            return false;
    }
    odd_quote(s, p, out + ICMP_HEAD);
    if (s->opt->odd || s->opt->quote_bytes == 0xffff)
        checksum_put(s, d, out, *len);
    return true;
}

static bool packet_put(struct ik_stack *s, struct draft *d, uint32_t mtu)
{
    const bool v4 = d->about->ip.version == 4;
    struct ik_ip ip = v4 ? ik_stack_output_ip4(s, &d->src, &d->dst, IK_PROTO_ICMP4)
                         : ik_stack_output_ip6(s, &d->src, &d->dst, IK_PROTO_ICMP6);
    ip.tos = tos_of(s, d->about, d->error->type);
    if (s->opt->odd & IK_ODD_TTL_COPIED)
        ip.ttl = d->about->ip.ttl ? d->about->ip.ttl : 1;
    ip.options = (struct ik_rd){d->options, d->options_bytes};
    const size_t head = (v4 ? (size_t)IK_IP4_BYTES : (size_t)IK_IP6_BYTES) + d->options_bytes;
    uint8_t *at = ik_buf_at(d->b);
    size_t len;
    if (!message_put(s, d, at + head, mtu - head, &len))
        return false;
    if (v4 && s->opt->nat)
        ik_stack_nat_error(s, &d->dst, at + head, len);
    ip.payload = (struct ik_rd){at + head, len};
    if (ik_ip_encode(&ip, false, at, mtu, &len) != IK_OK)
        return false;
    d->b->len = (uint32_t)len;
    return true;
}

static void say(struct ik_stack *s, const struct draft *d)
{
    ik_stack_tally(s, IK_STACK_ERRORS);
    struct ik_wr *w = ik_stack_event_begin(s, "decided", d->error->rule, d->about);
    if (!w)
        return;
    char text[IK_ADDR_TEXT > 64 ? IK_ADDR_TEXT : 64];
    ik_fmt_put_u64(w, d->error->type);
    ik_fmt_put_text(w, "/");
    ik_fmt_put_u64(w, d->error->code);
    ik_fmt_put_text(w, " ");
    ik_fmt_put_text(
        w, ik_icmp_name(d->about->ip.version, d->error->type, d->error->code, text, sizeof(text)));
    ik_fmt_put_text(w, " to ");
    ik_fmt_put_text(w, ik_addr_text(&d->dst, text));
    ik_stack_event_end(s);
}

/* About a packet of our own: the user of the node gets it, and nothing leaves. */
static void tell_ourselves(struct ik_stack *s, struct draft *d)
{
    d->src = d->dst = d->about->ip.src;
    d->b = ik_stack_pool_take(s, ik_stack_pool_room(s->pool));
    if (!d->b)
        return;
    if (packet_put(s, d, ik_stack_pool_room(s->pool))) {
        struct ik_pkt p = {.port = IK_STACK_UPPER, .own = true, .l3 = ik_buf_rd(d->b)};
        say(s, d);
        if (ik_ip_decode(&p.ip, p.l3, NULL) == IK_OK)
            ik_stack_to_upper(s, &p);
    }
    ik_stack_pool_give(s, d->b);
}

/* The way back to the source, by a source route turned round where the packet came by one. */
static bool way_back(struct ik_stack *s, struct draft *d, struct ik_stack_hop *hop)
{
    const struct ik_pkt *p = d->about;
    d->dst = p->ip.src;
    if (p->ip.version == 4 && p->ip.options.left && !is_about_source_route(p, d->error))
        d->options_bytes = ik_stack_ip4opt_reply(s, p, false, d->options, &d->dst);
    /* A neighbour by fe80::/10 is on the link that it was heard on. */
    if (d->dst.family == 6 && ik_addr_is_link_local(&d->dst) && p->port < s->n_ifaces)
        d->dst.scope = ik_stack_local_index(s, p->port);
    return ik_stack_route_find(s, &d->dst, 0, 0, hop) && hop->kind == IK_STACK_ROUTE_VIA;
}

static void suppressed(struct ik_stack *s, const struct ik_pkt *p, enum ik_rule rule,
                       const char *why)
{
    ik_stack_tally(s, IK_STACK_ERRORS_SUPPRESSED);
    ik_stack_event_say(s, "decided", rule, p, why);
}

void ik_stack_error_send(struct ik_stack *s, const struct ik_pkt *p, const struct ik_stack_error *e)
{
    struct draft d = {.about = p, .error = e};
    const enum ik_rule rule = ik_stack_error_forbidden(s, p, e);
    if (rule != IK_RULE_NONE) {
        suppressed(s, p, rule, "no error about this packet");
        return;
    }
    if (p->own) {
        d.dst = p->ip.src;
        tell_ourselves(s, &d);
        return;
    }
    struct ik_stack_hop hop;
    if (is_switched_off(s, p->ip.version, e)) {
        suppressed(s, p, IK_RULE_NONE, "this node says no such errors");
    } else if (!way_back(s, &d, &hop)) {
        suppressed(s, p, IK_RULE_NONE, "no route to whom the error would go");
    } else if (!ik_stack_limits_take(s, &d.dst)) { /* its first hop, where a source route leads */
        const bool v4 = p->ip.version == 4;
        ik_stack_event_drop(s, IK_STACK_ERRORS_LIMITED,
                            v4 ? IK_RULE_R1812_4_3_2_8_01 : IK_RULE_R4443_2_4f_01, p,
                            "the rate limit holds the error back");
    } else {
        d.src = source_of(s, p, e, &hop);
        d.b = d.src.family ? ik_stack_pool_take(s, ik_stack_pool_room(s->pool)) : NULL;
        if (!d.b)
            return;
        if (!packet_put(s, &d, ik_stack_pool_room(s->pool))) {
            ik_stack_pool_give(s, d.b);
            return;
        }
        say(s, &d);
        ik_stack_output_ip(s, d.b, &(struct ik_stack_how){.hop = &hop, .refuses = e->refuses});
    }
}
