/* SPDX-License-Identifier: MIT
 * Address and port translation of IPv4 (RFC 4787, 5382, 5508). What leaves by the outside port gets
 * the public address; what comes for the public address and has a mapping goes inside. Fragments
 * from outside are put together by the node first; of those from inside the first one makes the
 * way for the rest. */
#include "net/scope.h"
#include "stack/acl.h"
#include "stack/naterror.h"
#include "stack/nattcp.h"

enum {
    MAPPINGS = 1024,  /* what zero in the options means */
    PEERS_OF_ONE = 4, /* that a mapping remembers, on average */
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
        ik_natends_drop(s, p, IK_RULE_NONE, "nat: a fragment whose first one did not pass");
        return false;
    }
    ik_natpkt_set_id(n, id);
    ik_natpkt_set(n, IK_NATPKT_SRC, ik_natends_public(s), NULL);
    return true;
}

/* ---- from inside out ------------------------------------------------------------------------- */

static bool is_reply(uint8_t type)
{
    return type == IK_ICMP4_ECHO_REPLY || type == IK_ICMP4_TIMESTAMP_REPLY ||
           type == IK_ICMP4_MASK_REPLY;
}

/* What the owner of the translator forbids. */
static bool is_allowed(struct ik_stack *s, const struct ik_pkt *p)
{
    const struct ik_stack_nat_cfg *cfg = s->nat->cfg;
    const struct ik_stack_filter_rule *r =
        ik_stack_acl_find(cfg->rules, cfg->n_rules, &p->ip, IK_ACL_FORWARDED);
    if (!r || r->act == IK_ACT_ACCEPT)
        return true;
    if (r->act == IK_ACT_DROP)
        ik_natends_drop(s, p, IK_RULE_NONE, "nat: a rule drops it silently");
    else
        ik_natends_refuse(s, p, ik_stack_acl_code(r, 4), "nat: a rule refuses it");
    return false;
}

static bool icmp_may_leave(struct ik_stack *s, const struct ik_pkt *p, const struct ik_natpkt *n)
{
    const uint8_t type = n->view.icmp_type;
    if (n->view.ip.proto != IK_PROTO_ICMP4 || type == IK_ICMP4_ECHO || type == IK_ICMP4_TIMESTAMP ||
        type == IK_ICMP4_MASK || (is_reply(type) && ik_natends_inside(s, n, IK_NATPKT_SRC)))
        return true;
    ik_natends_drop(s, p, IK_RULE_R5508_7_01, "nat: such ICMP is not translated");
    return false;
}

static bool flow_out(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n)
{
    enum ik_natmap_kind kind;
    uint16_t port;
    if (!icmp_may_leave(s, p, n))
        return false;
    if (!ik_natends_kind(n, &kind) || !ik_natpkt_port(n, IK_NATPKT_SRC, &port)) {
        ik_natends_refuse(s, p, IK_ICMP4_UNREACHABLE_PROHIBITED,
                          "nat: no port to tell it apart by");
        return false;
    }
    struct ik_natmap_row *r = ik_natmap_use(&s->nat->map, s->now.mono, &s->rng, kind,
                                            ik_natends_number(&n->view.ip.src), port);
    if (!r) {
        ik_natends_refuse(s, p, IK_ICMP4_UNREACHABLE_PROHIBITED, "nat: all mappings are taken");
        return false;
    }
    if (kind == IK_NATMAP_TCP)
        ik_nattcp_out(&s->nat->map, r, s->now.mono, ik_natends_id(&p->ip.dst, n->view.dport),
                      n->view.transport);
    ik_natends_say(s, p, r);
    ik_natends_peer_note(s, r, &p->ip.dst);
    fragment_note(s, &p->ip, n);
    ik_natpkt_set(n, IK_NATPKT_SRC, ik_natends_public(s), &r->outside_port);
    return true;
}

static bool leave(struct ik_stack *s, const struct ik_pkt *p, struct ik_buf *b)
{
    struct ik_natpkt n;
    if (ik_natpkt_open(&n, ik_buf_at(b), b->len, false) || !ik_natends_public(s)) {
        ik_natends_drop(s, p, IK_RULE_NONE, "nat: there is no public address");
        return false;
    }
    if (!is_allowed(s, p))
        return false;
    if (ik_stack_ip4opt_has_route(&p->ip)) {
        ik_natends_drop(s, p, IK_RULE_NONE,
                        "nat: a source route names addresses that are translated");
        return false;
    }
    if (p->ip.offset_bytes)
        return fragment_out(s, p, &n);
    if (n.view.has & IK_QUOTE_ICMP && ik_naterror_is(n.view.icmp_type))
        return ik_naterror_out(s, p, &n);
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
    ik_natends_drop(s, p, IK_RULE_NONE,
                    "nat: for an inside address, which nobody outside can mean");
    return false;
}

/* ---- from outside in ------------------------------------------------------------------------- */

/* From inside to the public port of another inside host: it sees the public address of the sender
 * (RFC 4787 REQ-9). */
static bool hairpin_source(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n,
                           uint16_t *public_port)
{
    enum ik_natmap_kind kind;
    uint16_t port;
    if (!ik_natends_kind(n, &kind) || !ik_natpkt_port(n, IK_NATPKT_SRC, &port))
        return false;
    struct ik_natmap_row *r = ik_natmap_use(&s->nat->map, s->now.mono, &s->rng, kind,
                                            ik_natends_number(&n->view.ip.src), port);
    if (!r) {
        ik_natends_refuse(s, p, IK_ICMP4_UNREACHABLE_PROHIBITED, "nat: all mappings are taken");
        return false;
    }
    if (kind == IK_NATMAP_TCP)
        ik_nattcp_out(&s->nat->map, r, s->now.mono, ik_natends_id(&p->ip.dst, n->view.dport),
                      n->view.transport);
    ik_natends_peer_note(s, r, &p->ip.dst);
    *public_port = r->outside_port;
    ik_natpkt_set(n, IK_NATPKT_SRC, ik_natends_public(s), &r->outside_port);
    return true;
}

static enum ik_nat_verdict flow_in(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n)
{
    const bool icmp = n->view.ip.proto == IK_PROTO_ICMP4;
    const bool hairpin = p->port != s->nat->cfg->outside;
    if (p->own || (icmp && (hairpin || !is_reply(n->view.icmp_type))))
        return IK_NAT_MINE;
    struct ik_natmap_row *r = ik_natends_outside(s, n, IK_NATPKT_DST);
    if (!r)
        return IK_NAT_MINE;
    if (!hairpin && !ik_natends_peer_known(s, r, &p->ip.src)) {
        ik_natends_drop(s, p, IK_RULE_NONE, "nat: nobody inside spoke to this address");
        return IK_NAT_DROPPED;
    }
    const uint32_t inside = r->inside;
    const uint16_t port = r->inside_port;
    ik_natends_say(s, p, r);
    uint16_t peer_port = n->view.sport;
    if (hairpin && !hairpin_source(s, p, n, &peer_port))
        return IK_NAT_DROPPED;
    if (r->kind == IK_NATMAP_TCP)
        ik_nattcp_in(&s->nat->map, r, s->now.mono,
                     ik_natends_id(hairpin ? &p->ip.dst : &p->ip.src, peer_port),
                     n->view.transport);
    ik_natpkt_set(n, IK_NATPKT_DST, inside, &port);
    return IK_NAT_TRANSLATED;
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

static enum ik_nat_verdict judge_in(struct ik_stack *s, const struct ik_pkt *p, struct ik_buf *b)
{
    struct ik_natpkt n;
    if (ik_natpkt_open(&n, ik_buf_at(b), b->len, false) != IK_OK)
        return IK_NAT_MINE;
    if (n.view.has & IK_QUOTE_ICMP && ik_naterror_is(n.view.icmp_type))
        return ik_naterror_in(s, p, &n);
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
    if (p->ip.fragment || !may_come_from(&p->ip.src) ||
        ik_natends_number(&p->ip.dst) != ik_natends_public(s) || ik_stack_ip4opt_has_route(&p->ip))
        return false;
    /* What was put together here lies in a buffer of ours; 64 KiB are not copied once more. */
    struct ik_buf *b = p->datagram ? p->datagram : ik_stack_pool_take(s, p->l3.left);
    if (!b)
        return true;
    if (!p->datagram) {
        memcpy(ik_buf_at(b), p->l3.p, p->l3.left);
        b->len = (uint32_t)p->l3.left;
    }
    const enum ik_nat_verdict v = judge_in(s, p, b);
    if (v == IK_NAT_TRANSLATED)
        pass_in(s, p, b);
    if (!p->datagram)
        ik_stack_pool_give(s, b);
    return v != IK_NAT_MINE;
}
