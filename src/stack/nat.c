/* SPDX-License-Identifier: MIT
 * Address and port translation of IPv4 (RFC 4787, 5382, 5508). What leaves by the outside port gets
 * the public address; what comes for the public address and has a mapping goes inside. Fragments
 * from outside are put together by the node first; of those from inside the first one makes the
 * way for the rest. */
#include "net/scope.h"
#include "net/ways.h"
#include "stack/acl.h"
#include "stack/natfrag.h"
#include "stack/natmap.h"
#include "stack/natpkt.h"
#include "stack/nattcp.h"
#include "stack/stack_int.h"

enum {
    MAPPINGS = 1024,  /* what zero in the options means */
    PEERS_OF_ONE = 4, /* that a mapping remembers, on average */
    ICMP_HEAD = 8,
    ICMP_SUM_AT = 2,
};

struct ik_nat {
    const struct ik_stack_nat_cfg *cfg;
    struct ik_natmap map;
    struct ik_natfrag fragments;
    struct ik_ways peers; /* `at`: when they were last spoken to; with filter_by_address */
};

/* ---- memory ---------------------------------------------------------------------------------- */

static uint32_t mappings(const struct ik_stack_nat_cfg *cfg)
{
    const uint32_t n = cfg->max_mappings ? cfg->max_mappings : MAPPINGS;
    return n < IK_NATMAP_MAX ? n : IK_NATMAP_MAX;
}

static size_t map_bytes(const struct ik_stack_nat_cfg *cfg)
{
    return (ik_natmap_bytes(mappings(cfg)) + 7) & ~(size_t)7;
}

static uint32_t peers(const struct ik_stack_nat_cfg *cfg)
{
    return cfg->filter_by_address ? ik_ways_rows(PEERS_OF_ONE * mappings(cfg)) : 0;
}

size_t ik_stack_nat_bytes(const struct ik_stack_cfg *cfg)
{
    const struct ik_stack_nat_cfg *nat = cfg->options->nat;
    if (!nat)
        return 0;
    return sizeof(struct ik_nat) + map_bytes(nat) + peers(nat) * sizeof(struct ik_ways_row);
}

void ik_stack_nat_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    const struct ik_stack_nat_cfg *nat = cfg->options->nat;
    if (!nat)
        return;
    const ik_ns timeout[IK_NATMAP_AGES] = {
        [IK_NATMAP_QUERY] = nat->query_timeout ? nat->query_timeout : 60 * IK_NS_PER_S,
        [IK_NATMAP_UDP] = nat->udp_timeout ? nat->udp_timeout : 300 * IK_NS_PER_S,
        [IK_NATMAP_TCP] = nat->tcp_timeout ? nat->tcp_timeout : 7440 * IK_NS_PER_S,
        [IK_NATMAP_OPENING] = nat->tcp_open_timeout ? nat->tcp_open_timeout : 240 * IK_NS_PER_S,
    };
    uint8_t *at = (uint8_t *)mem + sizeof(struct ik_nat);
    struct ik_ways_row *rows = (void *)(at + map_bytes(nat));
    s->nat = mem;
    *s->nat = (struct ik_nat){.cfg = nat};
    ik_natmap_init(&s->nat->map, at, mappings(nat), timeout, s->key);
    if (peers(nat))
        ik_ways_init(&s->nat->peers, rows, PEERS_OF_ONE * mappings(nat));
}

void ik_stack_nat_start(struct ik_stack *s)
{
    (void)s;
}

/* What has timed out goes when it is looked at. */
ik_ns ik_stack_nat_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

/* ---- small matters --------------------------------------------------------------------------- */

static uint32_t number(const struct ik_addr *a)
{
    return ik_load_be32(a->bytes);
}

/* The public address; 0: there is none. */
static uint32_t public_addr(const struct ik_stack *s)
{
    const struct ik_addr a = ik_stack_local_of_port(s, s->nat->cfg->outside, 4, NULL);
    return a.family ? number(&a) : 0;
}

static void drop(struct ik_stack *s, const struct ik_pkt *p, enum ik_rule rule, const char *what)
{
    ik_stack_event_drop(s, IK_STACK_FILTERED, rule, p, what);
}

/* RFC 5508 section 6: "communication administratively prohibited", for want of room as well. */
static void refuse(struct ik_stack *s, const struct ik_pkt *p, uint8_t code, const char *what)
{
    const struct ik_stack_error e = {
        .type = IK_ICMP4_UNREACHABLE, .code = code, .rule = IK_RULE_R5508_6_01};
    drop(s, p, e.rule, what);
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

static void say(struct ik_stack *s, const struct ik_pkt *p, const struct ik_natmap_row *r)
{
    struct ik_wr *w = ik_stack_event_begin(s, "decided", IK_RULE_R5508_3_1_01, p);
    if (!w)
        return;
    ik_fmt_put_text(w, "nat: ");
    put_end(w, r->inside, r->inside_port);
    ik_fmt_put_text(w, " is ");
    put_end(w, public_addr(s), r->outside_port);
    ik_stack_event_end(s);
}

/* RFC 5508 section 7: information is not translated; everything else with an identifier is. */
static bool kind_of(const struct ik_natpkt *n, enum ik_natmap_kind *out)
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

/* The mapping of the inside end that is on that side of a packet. */
static struct ik_natmap_row *inside_of(struct ik_stack *s, const struct ik_natpkt *n,
                                       enum ik_natpkt_side side)
{
    const struct ik_addr *a = side == IK_NATPKT_SRC ? &n->view.ip.src : &n->view.ip.dst;
    enum ik_natmap_kind kind;
    uint16_t port;
    if (!kind_of(n, &kind) || !ik_natpkt_port(n, side, &port))
        return NULL;
    return ik_natmap_inside(&s->nat->map, s->now.mono, kind, number(a), port);
}

/* The mapping of the public end that is on that side. */
static struct ik_natmap_row *outside_of(struct ik_stack *s, const struct ik_natpkt *n,
                                        enum ik_natpkt_side side)
{
    const struct ik_addr *a = side == IK_NATPKT_SRC ? &n->view.ip.src : &n->view.ip.dst;
    enum ik_natmap_kind kind;
    uint16_t port;
    if (number(a) != public_addr(s) || !kind_of(n, &kind) || !ik_natpkt_port(n, side, &port))
        return NULL;
    return ik_natmap_outside(&s->nat->map, s->now.mono, kind, port);
}

static bool is_reply(uint8_t type)
{
    return type == IK_ICMP4_ECHO_REPLY || type == IK_ICMP4_TIMESTAMP_REPLY ||
           type == IK_ICMP4_MASK_REPLY;
}

/* RFC 5508 section 7: source quench is not translated, and redirects are for one link. */
static bool is_error(uint8_t type)
{
    return type == IK_ICMP4_UNREACHABLE || type == IK_ICMP4_TIME_EXCEEDED ||
           type == IK_ICMP4_PARAMETER_PROBLEM;
}

static void checksum_put(uint8_t *msg, size_t len)
{
    ik_store_be16(msg + ICMP_SUM_AT, 0);
    ik_store_be16(msg + ICMP_SUM_AT, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){msg, len})));
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

static void peer_note(struct ik_stack *s, const struct ik_natmap_row *r, const struct ik_addr *peer)
{
    struct ik_ways *w = &s->nat->peers;
    if (w->rows)
        w->rows[ik_ways_take(w, peer_id(s, r, peer))].at = s->now.mono;
}

static bool peer_is_known(const struct ik_stack *s, const struct ik_natmap_row *r,
                          const struct ik_addr *peer)
{
    const struct ik_ways *w = &s->nat->peers;
    if (!w->rows)
        return true;
    const uint32_t i = ik_ways_find(w, peer_id(s, r, peer));
    return i != IK_WAYS_NONE && s->now.mono - w->rows[i].at < s->nat->map.timeout[r->age];
}

static uint64_t end_of(const struct ik_addr *a, uint16_t port)
{
    return (uint64_t)number(a) << 16 | port;
}

/* ---- fragments that leave -------------------------------------------------------------------- */

/* Those that come as fragments, and those that are cut here. */
static void fragment_note(struct ik_stack *s, const struct ik_ip *ip, struct ik_natpkt *n)
{
    const uint32_t mtu = s->ifaces[s->nat->cfg->outside].mtu;
    if (ip->fragment || (!ip->df && n->len > mtu))
        ik_natpkt_set_id(n, ik_natfrag_note(&s->nat->fragments, s->now.mono, &s->rng, ip));
}

static bool fragment_out(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n)
{
    uint16_t id;
    if (!ik_natfrag_find(&s->nat->fragments, s->now.mono, &p->ip, &id)) {
        drop(s, p, IK_RULE_NONE, "nat: a fragment whose first one did not pass");
        return false;
    }
    ik_natpkt_set_id(n, id);
    ik_natpkt_set(n, IK_NATPKT_SRC, public_addr(s), NULL);
    return true;
}

/* ---- from inside out ------------------------------------------------------------------------- */

/* What the owner of the translator forbids. */
static bool is_allowed(struct ik_stack *s, const struct ik_pkt *p)
{
    const struct ik_stack_nat_cfg *cfg = s->nat->cfg;
    const struct ik_stack_filter_rule *r =
        ik_stack_acl_find(cfg->rules, cfg->n_rules, &p->ip, IK_ACL_FORWARDED);
    if (!r || r->act == IK_ACT_ACCEPT)
        return true;
    if (r->act == IK_ACT_DROP)
        drop(s, p, IK_RULE_NONE, "nat: a rule drops it silently");
    else
        refuse(s, p, ik_stack_acl_code(r, 4), "nat: a rule refuses it");
    return false;
}

/* An error message in memory: the ICMP message, and the packet that it quotes. */
struct error {
    uint8_t *msg;
    size_t len;
    struct ik_icmp icmp;
    struct ik_natpkt quote;
};

/* False when the message is damaged, or what it quotes is (RFC 5508 section 4.1). */
static bool error_open(struct error *e, uint8_t *msg, size_t len)
{
    const struct ik_icmp_ctx ctx = {.family = 4};
    e->msg = msg;
    e->len = len;
    if (ik_icmp_decode(&e->icmp, (struct ik_rd){msg, len}, &ctx, NULL) ||
        e->icmp.kind != IK_ICMP_ERROR)
        return false;
    uint8_t *quote = msg + (e->icmp.error.quote.p - msg);
    return ik_natpkt_open(&e->quote, quote, e->icmp.error.quote.left, true) == IK_OK &&
           ik_natpkt_is_sound(&e->quote);
}

static bool error_out(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n)
{
    const size_t head = n->view.ip.header_bytes;
    struct error e;
    if (!error_open(&e, n->bytes + head, n->len - head) || !e.icmp.checksum_ok) {
        drop(s, p, IK_RULE_R5508_4_1_01, "nat: a damaged error, or a damaged quote");
        return false;
    }
    const struct ik_natmap_row *r = inside_of(s, &e.quote, IK_NATPKT_DST);
    if (!r) {
        drop(s, p, IK_RULE_R5508_4_2_01, "nat: an error about nothing that has a mapping");
        return false;
    }
    say(s, p, r);
    ik_natpkt_set(&e.quote, IK_NATPKT_DST, public_addr(s), &r->outside_port);
    checksum_put(e.msg, e.len);
    ik_natpkt_set(n, IK_NATPKT_SRC, public_addr(s), NULL);
    return true;
}

static bool icmp_may_leave(struct ik_stack *s, const struct ik_pkt *p, const struct ik_natpkt *n)
{
    const uint8_t type = n->view.icmp_type;
    if (n->view.ip.proto != IK_PROTO_ICMP4 || type == IK_ICMP4_ECHO || type == IK_ICMP4_TIMESTAMP ||
        type == IK_ICMP4_MASK || (is_reply(type) && inside_of(s, n, IK_NATPKT_SRC)))
        return true;
    drop(s, p, IK_RULE_R5508_7_01, "nat: such ICMP is not translated");
    return false;
}

static bool flow_out(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n)
{
    enum ik_natmap_kind kind;
    uint16_t port;
    if (!icmp_may_leave(s, p, n))
        return false;
    if (!kind_of(n, &kind) || !ik_natpkt_port(n, IK_NATPKT_SRC, &port)) {
        refuse(s, p, IK_ICMP4_UNREACHABLE_PROHIBITED, "nat: no port to tell it apart by");
        return false;
    }
    struct ik_natmap_row *r =
        ik_natmap_use(&s->nat->map, s->now.mono, &s->rng, kind, number(&n->view.ip.src), port);
    if (!r) {
        refuse(s, p, IK_ICMP4_UNREACHABLE_PROHIBITED, "nat: all mappings are taken");
        return false;
    }
    if (kind == IK_NATMAP_TCP)
        ik_nattcp_out(&s->nat->map, r, s->now.mono, end_of(&p->ip.dst, n->view.dport),
                      n->view.transport);
    say(s, p, r);
    peer_note(s, r, &p->ip.dst);
    fragment_note(s, &p->ip, n);
    ik_natpkt_set(n, IK_NATPKT_SRC, public_addr(s), &r->outside_port);
    return true;
}

static bool leave(struct ik_stack *s, const struct ik_pkt *p, struct ik_buf *b)
{
    struct ik_natpkt n;
    if (ik_natpkt_open(&n, ik_buf_at(b), b->len, false) || !public_addr(s)) {
        drop(s, p, IK_RULE_NONE, "nat: there is no public address");
        return false;
    }
    if (!is_allowed(s, p))
        return false;
    if (ik_stack_ip4opt_has_route(&p->ip)) {
        drop(s, p, IK_RULE_NONE, "nat: a source route names addresses that are translated");
        return false;
    }
    if (p->ip.offset_bytes)
        return fragment_out(s, p, &n);
    if (n.view.has & IK_QUOTE_ICMP && is_error(n.view.icmp_type))
        return error_out(s, p, &n);
    return flow_out(s, p, &n);
}

bool ik_stack_nat_outbound(struct ik_stack *s, const struct ik_pkt *p, struct ik_buf *b,
                           uint8_t out_port)
{
    const uint8_t outside = s->nat->cfg->outside;
    if (p->translated || (p->port == outside) == (out_port == outside))
        return true;
    if (out_port == outside)
        return leave(s, p, b);
    drop(s, p, IK_RULE_NONE, "nat: for an inside address, which nobody outside can mean");
    return false;
}

/* ---- from outside in ------------------------------------------------------------------------- */

enum verdict { MINE, DROPPED, TRANSLATED };

/* An error of our own to the public address was held to the share of that; it reaches this inside
 * host, which has a share as well. */
static bool within_share(struct ik_stack *s, const struct ik_pkt *p, uint32_t inside)
{
    struct ik_addr to = {.family = 4};
    ik_store_be32(to.bytes, inside);
    if (!p->own || ik_stack_limits_take(s, &to))
        return true;
    ik_stack_event_drop(s, IK_STACK_ERRORS_LIMITED, IK_RULE_R1812_4_3_2_8_01, p,
                        "the rate limit holds the error back");
    return false;
}

/* An error about a packet of the inside. Of one that comes from inside (hairpin), the other end of
 * the quoted packet is inside too and was spoken to by its public port. */
static enum verdict error_in(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n)
{
    const bool hairpin = p->port != s->nat->cfg->outside && !p->own;
    const size_t head = n->view.ip.header_bytes;
    struct error e;
    if (!error_open(&e, n->bytes + head, n->len - head) || !e.icmp.checksum_ok) {
        drop(s, p, IK_RULE_R5508_4_1_01, "nat: a damaged error, or a damaged quote");
        return DROPPED;
    }
    const struct ik_natmap_row *r = outside_of(s, &e.quote, IK_NATPKT_SRC);
    if (!r)
        return MINE;
    if (!within_share(s, p, r->inside))
        return DROPPED;
    const struct ik_natmap_row *other = hairpin ? inside_of(s, &e.quote, IK_NATPKT_DST) : NULL;
    say(s, p, r);
    ik_natpkt_set(&e.quote, IK_NATPKT_SRC, r->inside, &r->inside_port);
    uint16_t id;
    if (ik_natfrag_back(&s->nat->fragments, s->now.mono, &e.quote.view.ip, r->inside, &id))
        ik_natpkt_set_id(&e.quote, id);
    if (other)
        ik_natpkt_set(&e.quote, IK_NATPKT_DST, public_addr(s), &other->outside_port);
    checksum_put(e.msg, e.len);
    if (hairpin)
        ik_natpkt_set(n, IK_NATPKT_SRC, public_addr(s), NULL);
    ik_natpkt_set(n, IK_NATPKT_DST, r->inside, NULL);
    return TRANSLATED;
}

/* From inside to the public port of another inside host: it sees the public address of the sender
 * (RFC 4787 REQ-9). */
static bool hairpin_source(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n,
                           uint16_t *public_port)
{
    enum ik_natmap_kind kind;
    uint16_t port;
    if (!kind_of(n, &kind) || !ik_natpkt_port(n, IK_NATPKT_SRC, &port))
        return false;
    struct ik_natmap_row *r =
        ik_natmap_use(&s->nat->map, s->now.mono, &s->rng, kind, number(&n->view.ip.src), port);
    if (!r) {
        refuse(s, p, IK_ICMP4_UNREACHABLE_PROHIBITED, "nat: all mappings are taken");
        return false;
    }
    if (kind == IK_NATMAP_TCP)
        ik_nattcp_out(&s->nat->map, r, s->now.mono, end_of(&p->ip.dst, n->view.dport),
                      n->view.transport);
    peer_note(s, r, &p->ip.dst);
    *public_port = r->outside_port;
    ik_natpkt_set(n, IK_NATPKT_SRC, public_addr(s), &r->outside_port);
    return true;
}

static enum verdict flow_in(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n)
{
    const bool icmp = n->view.ip.proto == IK_PROTO_ICMP4;
    const bool hairpin = p->port != s->nat->cfg->outside;
    if (p->own || (icmp && (hairpin || !is_reply(n->view.icmp_type))))
        return MINE;
    struct ik_natmap_row *r = outside_of(s, n, IK_NATPKT_DST);
    if (!r)
        return MINE;
    if (!hairpin && !peer_is_known(s, r, &p->ip.src)) {
        drop(s, p, IK_RULE_NONE, "nat: nobody inside spoke to this address");
        return DROPPED;
    }
    const uint32_t inside = r->inside;
    const uint16_t port = r->inside_port;
    say(s, p, r);
    uint16_t peer_port = n->view.sport;
    if (hairpin && !hairpin_source(s, p, n, &peer_port))
        return DROPPED;
    if (r->kind == IK_NATMAP_TCP)
        ik_nattcp_in(&s->nat->map, r, s->now.mono,
                     end_of(hairpin ? &p->ip.dst : &p->ip.src, peer_port), n->view.transport);
    ik_natpkt_set(n, IK_NATPKT_DST, inside, &port);
    return TRANSLATED;
}

/* Has the translated packet in b forwarded as one from outside. */
static void pass_in(struct ik_stack *s, const struct ik_pkt *p, const struct ik_buf *b)
{
    struct ik_pkt q = *p;
    q.port = s->nat->cfg->outside;
    q.own = false;
    q.translated = true;
    q.local = IK_LOCAL_NONE;
    q.datagram = NULL;
    q.l3 = ik_buf_rd(b);
    if (ik_ip_decode(&q.ip, q.l3, NULL) == IK_OK)
        ik_stack_forward4(s, &q);
}

static enum verdict judge_in(struct ik_stack *s, const struct ik_pkt *p, struct ik_buf *b)
{
    struct ik_natpkt n;
    if (ik_natpkt_open(&n, ik_buf_at(b), b->len, false) != IK_OK)
        return MINE;
    if (n.view.has & IK_QUOTE_ICMP && is_error(n.view.icmp_type))
        return error_in(s, p, &n);
    return flow_in(s, p, &n);
}

/* Sources that no router passes on (RFC 1812 section 5.3.7, RFC 3927 section 2.7): behind the
 * public address they could not be told from others. */
static bool may_come_from(const struct ik_addr *src)
{
    return ik_scope_is_single_host(src) && !ik_addr_is_link_local(src);
}

bool ik_stack_nat_inbound(struct ik_stack *s, const struct ik_pkt *p)
{
    if (p->ip.fragment || !may_come_from(&p->ip.src) || number(&p->ip.dst) != public_addr(s) ||
        ik_stack_ip4opt_has_route(&p->ip))
        return false;
    /* What was put together here lies in a buffer of ours; 64 KiB are not copied once more. */
    struct ik_buf *b = p->datagram ? p->datagram : ik_stack_pool_take(s, p->l3.left);
    if (!b)
        return true;
    if (!p->datagram) {
        memcpy(ik_buf_at(b), p->l3.p, p->l3.left);
        b->len = (uint32_t)p->l3.left;
    }
    const enum verdict v = judge_in(s, p, b);
    if (v == TRANSLATED)
        pass_in(s, p, b);
    if (!p->datagram)
        ik_stack_pool_give(s, b);
    return v != MINE;
}

/* ---- errors of our own ----------------------------------------------------------------------- */

void ik_stack_nat_error(struct ik_stack *s, const struct ik_addr *dst, uint8_t *msg, size_t len)
{
    struct ik_stack_hop hop;
    struct error e;
    if (!ik_stack_route_find(s, dst, 0, 0, &hop) || hop.port != s->nat->cfg->outside ||
        !error_open(&e, msg, len))
        return;
    const struct ik_natmap_row *r = inside_of(s, &e.quote, IK_NATPKT_DST);
    if (!r)
        return;
    ik_natpkt_set(&e.quote, IK_NATPKT_DST, public_addr(s), &r->outside_port);
    if (e.icmp.checksum_ok)
        checksum_put(msg, len);
}
