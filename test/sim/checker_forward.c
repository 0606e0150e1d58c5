/* SPDX-License-Identifier: MIT
 * What routers and translators pass on: that it came, that nothing was changed but what must be,
 * and that it was fit to be passed on (RFC 1812 sections 4.2.2 and 5.3, RFC 8200 section 3, RFC
 * 4291 section 2.5.6). */
#include "checker_int.h"

/* ---- the same packet, a hop later ------------------------------------------------------------ */

/* The bytes and flags of a, as the whole of q or a fragment of it. */
static bool is_part(const struct view *a, const struct view *q)
{
    if (a->offset < q->offset || a->offset - q->offset + a->body_len > q->body_len)
        return false;
    const size_t from = a->offset - q->offset;
    const bool whole = from == 0 && a->body_len == q->body_len;
    const bool last = from + a->body_len == q->body_len;
    if ((q->df && !whole) || a->df != q->df || a->more != (last ? q->more : true))
        return false;
    return !memcmp(a->body, q->body + from, a->body_len);
}

static bool passed4(const struct view *a, const struct view *q)
{
    return a->ip[1] == q->ip[1] && a->id == q->id && a->proto == q->proto &&
           !memcmp(a->src, q->src, 4) && (q->options || !memcmp(a->dst, q->dst, 4)) &&
           is_part(a, q);
}

/* Options that may change on the way are few and nobody here sends them, but routing headers move
 * addresses. */
static bool passed6(const struct view *a, const struct view *q)
{
    if (memcmp(a->ip, q->ip, 7) != 0 || memcmp(a->src, q->src, 16) != 0 || a->len != q->len)
        return false;
    if (q->routed)
        return a->body_len == q->body_len && !memcmp(a->body, q->body, a->body_len);
    return !memcmp(a->ip + 24, q->ip + 24, a->len - 24);
}

enum { WHOLE_MOST = 65536 };

/* Where the checksum of that protocol is in its header; 0: none that a translator knows. */
static size_t sum_at(uint8_t proto)
{
    return proto == P_ICMP ? 2 : proto == P_UDP ? 6 : proto == P_TCP ? 16 : 0;
}

static bool is_icmp_error(const struct view *v)
{
    return v->proto == P_ICMP && !v->offset && v->body_len && view_is_error(4, v->body[0]);
}

/* Two pieces of a datagram, one of them translated, have octets in common, which are the same
 * behind ports and beside the checksum. */
static bool same_behind(const struct view *a, const struct view *q)
{
    const size_t from = a->offset > q->offset ? a->offset : q->offset;
    const size_t a_end = a->offset + a->body_len, q_end = q->offset + q->body_len;
    const size_t end = a_end < q_end ? a_end : q_end;
    for (size_t i = from; i < end; i++)
        if ((i >= 8 || (a->proto == P_ICMP && i < 2)) && !(a->proto == P_TCP && i / 2 == 8) &&
            a->body[i - a->offset] != q->body[i - q->offset])
            return false;
    return from < end;
}

/* How a packet may have changed on its way. Fragments that leave may have another identification,
 * for behind one address two hosts may have the same (RFC 6864 section 5.3). */
enum passage { AS_IT_WAS, TRANSLATED, RENUMBERED };

/* Translated: what lies behind addresses, ports, identifiers and checksums is the same. */
static bool translated(const struct view *a, const struct view *q, enum passage how)
{
    if (a->ip[1] != q->ip[1] || (a->id != q->id && how != RENUMBERED) || a->proto != q->proto)
        return false;
    /* What was put together has the header of its first fragment. */
    if (!a->fragment && q->offset)
        return false;
    /* What leaves is cut here or as it came, never longer. */
    if (how == RENUMBERED &&
        (a->offset < q->offset || a->offset + a->body_len > q->offset + q->body_len))
        return false;
    if (is_icmp_error(a))
        return is_icmp_error(q) && (q->fragment || a->fragment || a->body_len == q->body_len) &&
               !memcmp(a->body, q->body, a->body_len > 1 && q->body_len > 1 ? 2 : 1);
    if (q->fragment || a->fragment)
        return same_behind(a, q);
    if (a->body_len != q->body_len)
        return false;
    if (a->body_len < 8)
        return true;
    if (a->proto == P_ICMP)
        return a->body[0] == q->body[0] && !memcmp(a->body + 6, q->body + 6, a->body_len - 6);
    if (a->proto == P_TCP && a->body_len >= 20)
        return !memcmp(a->body + 4, q->body + 4, 12) &&
               !memcmp(a->body + 18, q->body + 18, a->body_len - 18);
    return !memcmp(a->body + 8, q->body + 8, a->body_len - 8);
}

static bool transport_right(const struct view *v)
{
    if (v->fragment || v->body_len < 8)
        return true;
    if (v->proto == P_ICMP)
        return view_sum(v->body, v->body_len, 0) == 0;
    if (v->proto == P_UDP && !get16(v->body + 6))
        return true;
    if (v->proto != P_TCP && v->proto != P_UDP)
        return true;
    return view_sum(v->body, v->body_len, view_pseudo(v, v->last_dst, v->proto, v->body_len)) == 0;
}

/* The next one back of the fragments of the datagram that first is the first one of, from p on. */
static struct past *part_of(struct checker *c, const struct view *first, struct past *p,
                            struct view *v)
{
    for (; p; p = past_before(&c->past, 0, p))
        if (p->len >= ETHER &&
            view_make(v, past_bytes(&c->past, p) + ETHER, (size_t)p->len - ETHER) &&
            v->version == 4 && v->sane && v->sum_right && v->len <= v->there && v->fragment &&
            v->id == first->id && v->proto == first->proto && !memcmp(v->src, first->src, 4) &&
            !memcmp(v->dst, first->dst, 4))
            return p;
    return NULL;
}

static struct past *parts(struct checker *c, const struct view *first, struct view *v)
{
    return part_of(c, first, past_find(&c->past, 0, key_packet(c, first)), v);
}

static struct past *next_part(struct checker *c, const struct view *first, struct past *p,
                              struct view *v)
{
    return part_of(c, first, past_before(&c->past, 0, p), v);
}

/* Every octet of a came in a fragment of that datagram. */
static bool joined_came(struct checker *c, const struct view *a, const struct view *first)
{
    size_t to = first->body_len;
    while (to < a->body_len) {
        const size_t was = to;
        struct view v;
        for (struct past *p = parts(c, first, &v); p && to == was; p = next_part(c, first, p, &v)) {
            const size_t end = v.offset + v.body_len;
            if (v.offset <= to && end > to && end <= a->body_len &&
                (is_icmp_error(a) || same_behind(a, &v)))
                to = end;
        }
        if (to == was)
            return false;
    }
    return to == a->body_len;
}

/* Translated back: with the addresses and ports of the first fragment of what a was put together
 * from, and a checksum that came with that. */
static bool was_right(const struct view *a, const struct view *first, const uint8_t *sum)
{
    uint8_t whole[WHOLE_MOST];
    struct view v = *first;
    const size_t id_at = a->proto == P_ICMP ? 4 : 0, id_bytes = a->proto == P_ICMP ? 2 : 4;
    memcpy(whole, a->body, a->body_len);
    memcpy(whole + id_at, first->body + id_at, id_bytes);
    memcpy(whole + sum_at(a->proto), sum, 2);
    v.fragment = v.more = false;
    v.body = whole;
    v.body_len = a->body_len;
    return transport_right(&v);
}

/* Whether a datagram that came in fragments, the first one `first`, had a right checksum. Of parts
 * that came more than once in different forms any may have been used. */
static bool joined_right(struct checker *c, const struct view *a, const struct view *first)
{
    const size_t at = sum_at(a->proto);
    if (!at || first->body_len < 8 || a->body_len < at + 2 || a->body_len > WHOLE_MOST)
        return true;
    struct view v;
    for (struct past *p = parts(c, first, &v); p; p = next_part(c, first, p, &v))
        if (v.offset <= at && v.offset + v.body_len >= at + 2 &&
            !was_right(a, first, v.body + at - v.offset))
            return false;
    return true;
}

static bool fits(const struct view *a, const struct view *q, enum passage how)
{
    if (!q->sane || !q->sum_right || q->len > q->there || a->version != q->version ||
        q->ttl != a->ttl + 1)
        return false;
    if (a->version == 6)
        return passed6(a, q);
    return how == AS_IT_WAS ? passed4(a, q) : translated(a, q, how);
}

/* ---- what may be passed on ------------------------------------------------------------------- */

static bool is_link_local(const uint8_t *a, size_t bytes)
{
    return bytes == 16 ? a[0] == 0xfe && (a[1] & 0xc0) == 0x80 : a[0] == 169 && a[1] == 254;
}

/* IPv4 that came as a broadcast of the link stays there (RFC 1812 section 5.3.4). A source is held
 * against the net that it came from: of others a router may not know the mask (section 5.3.7). */
static bool banned(const struct checker_node *n, uint8_t port, const struct past *p,
                   const struct view *a, const struct view *q)
{
    const bool local = is_link_local(q->src, q->addr_bytes) || is_link_local(a->dst, a->addr_bytes);
    return (p->group_frame && a->version == 4) ||
           addr_is_no_host_at(n, p->port, q->src, q->addr_bytes) ||
           addr_is_no_host(n, a->dst, a->addr_bytes) ||
           (local && (port != p->port || a->version == 4));
}

/* From inside out under an address of the inside. */
static bool leaks(const struct checker_node *n, uint8_t port, const struct past *p,
                  const struct view *a)
{
    return n->nat && a->version == 4 && port == 1 && p->port == 0 &&
           memcmp(a->src, n->port[1].addr4, 4) != 0;
}

/* What is wrong when a is q, which came as p, one hop later. */
static enum checker_rule judge_as(struct checker *c, uint8_t port, const struct view *a,
                                  const struct past *p, const struct view *q)
{
    if (banned(c->node, port, p, a, q))
        return CHECKER_FORWARD_BANNED;
    if (leaks(c->node, port, p, a))
        return CHECKER_LEAK;
    const bool joined = q->fragment && !a->fragment;
    if (joined && !joined_came(c, a, q))
        return CHECKER_FORWARD;
    /* A translator may leave a wrong checksum as wrong as it was. */
    if (!c->node->nat || a->version == 6 || transport_right(a))
        return CHECKER_OK;
    return (joined ? joined_right(c, a, q) : transport_right(q)) ? CHECKER_SUM : CHECKER_OK;
}

/* Nothing is wrong when p explains a. */
static enum checker_rule judge_one(struct checker *c, uint8_t port, const struct view *a,
                                   struct past *p, enum passage how)
{
    struct view q;
    if (p->len < ETHER || !view_make(&q, past_bytes(&c->past, p) + ETHER, (size_t)p->len - ETHER) ||
        !fits(a, &q, how))
        return CHECKER_FORWARD;
    const enum checker_rule rule = judge_as(c, port, a, p, &q);
    if (rule)
        return rule;
    /* Of the parts of one packet the first is counted. */
    if (a->offset == q.offset && p->forwards++ > 0)
        return CHECKER_FORWARD_TWICE;
    c->stats.forwarded++;
    return CHECKER_OK;
}

/* Of the packets that came those of which this may be one more hop: nothing is wrong when one
 * explains it. */
static enum checker_rule judge_among(struct checker *c, uint8_t port, const struct view *a,
                                     enum passage how)
{
    enum checker_rule worst = CHECKER_FORWARD;
    const uint64_t key = key_packet(c, a);
    for (struct past *p = past_find(&c->past, 0, key); p; p = past_before(&c->past, 0, p)) {
        const enum checker_rule rule = judge_one(c, port, a, p, how);
        if (!rule)
            return CHECKER_OK;
        worst = rule == CHECKER_FORWARD ? worst : rule;
    }
    return worst;
}

enum checker_rule judge_renumbered(struct checker *c, uint8_t port, const struct view *a)
{
    enum checker_rule worst = CHECKER_FORWARD;
    struct past *p;
    for (uint64_t back = 0; (p = past_back(&c->past, back)); back++) {
        const enum checker_rule rule = judge_one(c, port, a, p, RENUMBERED);
        if (!rule)
            return CHECKER_OK;
        worst = rule == CHECKER_FORWARD ? worst : rule;
    }
    return worst;
}

enum checker_rule judge_forward(struct checker *c, uint8_t port, const struct view *a)
{
    const enum checker_rule as_it_was = judge_among(c, port, a, AS_IT_WAS);
    if (!as_it_was || !c->node->nat || a->version == 6)
        return as_it_was;
    const enum checker_rule changed = judge_among(c, port, a, TRANSLATED);
    return changed == CHECKER_FORWARD ? as_it_was : changed;
}
