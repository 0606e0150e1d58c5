/* SPDX-License-Identifier: MIT */
#include "stack/natends.h"

uint32_t ik_natends_public(const struct ik_stack *s)
{
    const struct ik_addr a = ik_stack_local_of_port(s, s->nat->cfg->outside, 4, NULL);
    return a.family ? ik_natends_number(&a) : 0;
}

void ik_natends_drop(struct ik_stack *s, const struct ik_pkt *p, enum ik_rule rule,
                     const char *what)
{
    ik_stack_event_drop(s, IK_STACK_FILTERED, rule, p, what);
}

void ik_natends_refuse(struct ik_stack *s, const struct ik_pkt *p, uint8_t code, const char *what)
{
    const struct ik_stack_error e = {
        .type = IK_ICMP4_UNREACHABLE, .code = code, .rule = IK_RULE_R5508_6_01};
    ik_natends_drop(s, p, e.rule, what);
    ik_stack_error_send(s, p, &e);
}

static void put_end(struct ik_wr *w, uint32_t addr, uint16_t port)
{
    struct ik_addr a = {.family = 4};
    char text[IK_ADDR_TEXT];
    ik_store_be32(a.bytes, addr);
    ik_fmt_put_text(w, ik_addr_text(&a, text));
    ik_fmt_put_text(w, ":");
    ik_fmt_put_u64(w, port);
}

void ik_natends_say(struct ik_stack *s, const struct ik_pkt *p, const struct ik_natmap_row *r)
{
    struct ik_wr *w = ik_stack_event_begin(s, "decided", IK_RULE_R5508_3_1_01, p);
    if (!w)
        return;
    ik_fmt_put_text(w, "nat: ");
    put_end(w, r->inside, r->inside_port);
    ik_fmt_put_text(w, " is ");
    put_end(w, ik_natends_public(s), r->outside_port);
    ik_stack_event_end(s);
}

/* RFC 5508 section 7: information is not translated; everything else with an identifier is. */
bool ik_natends_kind(const struct ik_natpkt *n, enum ik_natmap_kind *out)
{
    const uint8_t type = n->view.icmp_type;
    if (n->view.has & IK_QUOTE_ICMP_ECHO)
        *out = IK_NATMAP_QUERY;
    else if (n->view.ip.proto == IK_PROTO_UDP)
        *out = IK_NATMAP_UDP;
    else
        *out = IK_NATMAP_TCP;
    /* A segment without its whole header has no checksum that could be kept right. */
    const size_t least = n->quoted ? 4 : n->view.ip.proto == IK_PROTO_TCP ? 20 : 8;
    const bool ports = (n->view.ip.proto == IK_PROTO_UDP || n->view.ip.proto == IK_PROTO_TCP) &&
                       n->view.transport.left >= least;
    return *out == IK_NATMAP_QUERY ? type != IK_ICMP4_INFO && type != IK_ICMP4_INFO_REPLY : ports;
}

struct ik_natmap_row *ik_natends_inside(struct ik_stack *s, const struct ik_natpkt *n,
                                        enum ik_natpkt_side side)
{
    const struct ik_addr *a = side == IK_NATPKT_SRC ? &n->view.ip.src : &n->view.ip.dst;
    enum ik_natmap_kind kind;
    uint16_t port;
    if (!ik_natends_kind(n, &kind) || !ik_natpkt_port(n, side, &port))
        return NULL;
    return ik_natmap_inside(&s->nat->map, s->now.mono, kind, ik_natends_number(a), port);
}

struct ik_natmap_row *ik_natends_outside(struct ik_stack *s, const struct ik_natpkt *n,
                                         enum ik_natpkt_side side)
{
    const struct ik_addr *a = side == IK_NATPKT_SRC ? &n->view.ip.src : &n->view.ip.dst;
    enum ik_natmap_kind kind;
    uint16_t port;
    if (ik_natends_number(a) != ik_natends_public(s) || !ik_natends_kind(n, &kind) ||
        !ik_natpkt_port(n, side, &port))
        return NULL;
    return ik_natmap_outside(&s->nat->map, s->now.mono, kind, port);
}

/* ---- whom the inside spoke to ---------------------------------------------------------------- */

static uint64_t peer_id(const struct ik_stack *s, const struct ik_natmap_row *r,
                        const struct ik_addr *peer)
{
    struct ik_addr a = {.family = r->kind};
    memcpy(a.bytes, peer->bytes, 4);
    ik_store_be16(a.bytes + 4, r->outside_port);
    return ik_ways_id(s->key, &a, 48);
}

void ik_natends_peer_note(struct ik_stack *s, const struct ik_natmap_row *r,
                          const struct ik_addr *peer)
{
    struct ik_ways *w = &s->nat->peers;
    if (w->rows)
        w->rows[ik_ways_take(w, peer_id(s, r, peer))].at = s->now.mono;
}

bool ik_natends_peer_known(const struct ik_stack *s, const struct ik_natmap_row *r,
                           const struct ik_addr *peer)
{
    const struct ik_ways *w = &s->nat->peers;
    if (!w->rows)
        return true;
    const uint32_t i = ik_ways_find(w, peer_id(s, r, peer));
    return i != IK_WAYS_NONE && s->now.mono - w->rows[i].at < s->nat->map.timeout[r->age];
}
