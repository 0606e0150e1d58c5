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

/* Translated: what lies behind addresses, ports, identifiers and checksums is the same. */
static bool translated(const struct view *a, const struct view *q)
{
    if (a->ip[1] != q->ip[1] || a->id != q->id || a->proto != q->proto)
        return false;
    if (q->fragment || a->fragment)
        return true;
    if (a->body_len != q->body_len)
        return false;
    if (a->body_len < 8)
        return true;
    if (a->proto == P_ICMP && view_is_error(4, a->body[0]))
        return a->body[0] == q->body[0] && a->body[1] == q->body[1];
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

static bool fits(const struct view *a, const struct view *q, bool translate)
{
    if (!q->sane || !q->sum_right || q->len > q->there || a->version != q->version ||
        q->ttl != a->ttl + 1)
        return false;
    if (a->version == 6)
        return passed6(a, q);
    return translate ? translated(a, q) : passed4(a, q);
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

/* Of the packets that came those of which this may be one more hop, as they were or translated. */
static enum checker_rule judge_among(struct checker *c, uint8_t port, const struct view *a,
                                     bool translate)
{
    enum checker_rule rule = CHECKER_FORWARD;
    const uint64_t key = key_packet(c, a);
    for (struct past *p = past_find(&c->past, 0, key); p; p = past_before(&c->past, 0, p)) {
        struct view q;
        if (p->len < ETHER ||
            !view_make(&q, past_bytes(&c->past, p) + ETHER, (size_t)p->len - ETHER) ||
            !fits(a, &q, translate))
            continue;
        /* Of the parts of one packet the first is counted. */
        if (a->offset == q.offset && p->forwards++ > 0) {
            rule = CHECKER_FORWARD_TWICE;
            continue;
        }
        c->stats.forwarded++;
        if (banned(c->node, port, p, a, &q))
            return CHECKER_FORWARD_BANNED;
        if (leaks(c->node, port, p, a))
            return CHECKER_LEAK;
        return translate && transport_right(&q) && !transport_right(a) ? CHECKER_SUM : CHECKER_OK;
    }
    return rule;
}

enum checker_rule judge_forward(struct checker *c, uint8_t port, const struct view *a)
{
    const enum checker_rule rule = judge_among(c, port, a, false);
    return rule == CHECKER_FORWARD && c->node->nat && a->version == 4
               ? judge_among(c, port, a, true)
               : rule;
}
