/* SPDX-License-Identifier: MIT */
#include "stack/naterror.h"

enum { ICMP_SUM_AT = 2 };

/* RFC 5508 section 7: source quench is not translated, and redirects are for one link. */
bool ik_naterror_is(uint8_t type)
{
    return type == IK_ICMP4_UNREACHABLE || type == IK_ICMP4_TIME_EXCEEDED ||
           type == IK_ICMP4_PARAMETER_PROBLEM;
}

static void checksum_put(uint8_t *msg, size_t len)
{
    ik_store_be16(msg + ICMP_SUM_AT, 0);
    ik_store_be16(msg + ICMP_SUM_AT, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){msg, len})));
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

bool ik_naterror_out(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n)
{
    const size_t head = n->view.ip.header_bytes;
    struct error e;
    if (!error_open(&e, n->bytes + head, n->len - head) || !e.icmp.checksum_ok) {
        ik_natends_drop(s, p, IK_RULE_R5508_4_1_01, "nat: a damaged error, or a damaged quote");
        return false;
    }
    const struct ik_natmap_row *r = ik_natends_inside(s, &e.quote, IK_NATPKT_DST);
    if (!r) {
        ik_natends_drop(s, p, IK_RULE_R5508_4_2_01,
                        "nat: an error about nothing that has a mapping");
        return false;
    }
    ik_natends_say(s, p, r);
    ik_natpkt_set(&e.quote, IK_NATPKT_DST, ik_natends_public(s), &r->outside_port);
    checksum_put(e.msg, e.len);
    ik_natpkt_set(n, IK_NATPKT_SRC, ik_natends_public(s), NULL);
    return true;
}

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
enum ik_nat_verdict ik_naterror_in(struct ik_stack *s, const struct ik_pkt *p, struct ik_natpkt *n)
{
    const bool hairpin = p->port != s->nat->cfg->outside && !p->own;
    const size_t head = n->view.ip.header_bytes;
    struct error e;
    if (!error_open(&e, n->bytes + head, n->len - head) || !e.icmp.checksum_ok) {
        ik_natends_drop(s, p, IK_RULE_R5508_4_1_01, "nat: a damaged error, or a damaged quote");
        return IK_NAT_DROPPED;
    }
    const struct ik_natmap_row *r = ik_natends_outside(s, &e.quote, IK_NATPKT_SRC);
    if (!r)
        return IK_NAT_MINE;
    if (!within_share(s, p, r->inside))
        return IK_NAT_DROPPED;
    const struct ik_natmap_row *other =
        hairpin ? ik_natends_inside(s, &e.quote, IK_NATPKT_DST) : NULL;
    ik_natends_say(s, p, r);
    ik_natpkt_set(&e.quote, IK_NATPKT_SRC, r->inside, &r->inside_port);
    uint16_t id;
    if (ik_natfrag_back(&s->nat->fragments, s->now.mono, &e.quote.view.ip, r->inside, &id))
        ik_natpkt_set_id(&e.quote, id);
    if (other)
        ik_natpkt_set(&e.quote, IK_NATPKT_DST, ik_natends_public(s), &other->outside_port);
    checksum_put(e.msg, e.len);
    if (hairpin)
        ik_natpkt_set(n, IK_NATPKT_SRC, ik_natends_public(s), NULL);
    ik_natpkt_set(n, IK_NATPKT_DST, r->inside, NULL);
    return IK_NAT_TRANSLATED;
}

void ik_stack_nat_error(struct ik_stack *s, const struct ik_addr *dst, uint8_t *msg, size_t len)
{
    struct ik_stack_hop hop;
    struct error e;
    if (!ik_stack_route_find(s, dst, 0, 0, &hop) || hop.port != s->nat->cfg->outside ||
        !error_open(&e, msg, len))
        return;
    const struct ik_natmap_row *r = ik_natends_inside(s, &e.quote, IK_NATPKT_DST);
    if (!r)
        return;
    ik_natpkt_set(&e.quote, IK_NATPKT_DST, ik_natends_public(s), &r->outside_port);
    if (e.icmp.checksum_ok)
        checksum_put(msg, len);
}
