/* SPDX-License-Identifier: MIT
 * Answers: echo, timestamps (RFC 792, RFC 4443), and what a closed or an open TCP port says (RFC
 * 9293 section 3.10.7). */
#include "checker_int.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

/* The request was fit to be answered: whole, or the first fragment of what was put together. */
static bool fit(const struct view *q)
{
    if (!q->sane || !q->sum_right || q->len > q->there || q->offset || q->body_len < 8)
        return false;
    if (q->fragment)
        return true;
    const uint32_t pseudo =
        q->proto == P_ICMP && q->version == 4 ? 0 : view_pseudo(q, q->dst, q->proto, q->body_len);
    return view_sum(q->body, q->body_len, pseudo) == 0;
}

/* Which octets must be the request's; the whole rest of an echo. */
static bool same_data(const struct view *a, const struct view *q)
{
    const bool parts = a->fragment || q->fragment;
    const size_t n = a->body_len < q->body_len ? a->body_len : q->body_len;
    if (q->body[0] == 13) /* identifier, number, the time it left */
        return (parts || n >= 20) && !memcmp(a->body + 4, q->body + 4, n < 12 ? n - 4 : 8);
    return (parts || a->body_len == q->body_len) && !memcmp(a->body + 4, q->body + 4, n - 4);
}

static bool answers_icmp(const struct view *a, const struct view *q)
{
    const uint8_t asks = a->version == 6 ? 128 : a->body[0] == 0 ? 8 : 13;
    return q->body[0] == asks && a->body[1] == 0 && same_data(a, q);
}

static bool answers_tcp(const struct view *a, const struct view *q)
{
    if (a->body_len < 20 || get16(a->body) != get16(q->body + 2) ||
        get16(a->body + 2) != get16(q->body))
        return false;
    /* The first fragment may end before the flags. */
    if (q->body_len < 20)
        return q->fragment;
    const uint8_t said = q->body[13], says = a->body[13];
    const size_t header = 4 * (size_t)(q->body[12] / 16);
    if (header < 20 || (header > q->body_len && !q->fragment) || (said & RST))
        return false;
    const uint32_t seq = get32(q->body + 4), ack = get32(q->body + 8);
    const uint32_t end = seq + (uint32_t)(q->body_len - header) + !!(said & SYN) + !!(said & FIN);
    if ((says & (SYN | ACK | RST)) == (SYN | ACK))
        return (said & (SYN | ACK)) == SYN && get32(a->body + 8) == seq + 1;
    if (!(says & RST) || (says & SYN))
        return false;
    if (said & ACK)
        return !(says & ACK) && get32(a->body + 4) == ack;
    return (says & ACK) && get32(a->body + 4) == 0 && (get32(a->body + 8) == end || q->fragment);
}

/* Whether the request was to this node alone. */
static enum checker_rule judge_way(const struct checker *c, const struct view *a,
                                   const struct past *p, const struct view *q)
{
    const bool group = addr_is_group(q->dst, q->addr_bytes);
    if (addr_is_broadcast(c->node, q->dst, q->addr_bytes) ||
        (group && (q->version == 4 || q->proto == P_TCP)) ||
        (p->group_frame && !group && q->version == 4))
        return CHECKER_REPLY_GROUP;
    if (!group && !q->routed && memcmp(a->src, q->dst, q->addr_bytes) != 0)
        return CHECKER_SOURCE;
    return addr_is_no_host(c->node, q->src, q->addr_bytes) ? CHECKER_ABOUT_SOURCE : CHECKER_OK;
}

enum checker_rule judge_answer(struct checker *c, const struct view *a)
{
    const bool tcp = a->proto == P_TCP;
    const uint32_t what = tcp ? get16(a->body + 2) * 65536u + get16(a->body) : get32(a->body + 4);
    const uint64_t key = key_request(a->last_dst, a->addr_bytes, a->proto, what);
    bool twice = false;
    *(tcp ? &c->stats.resets : &c->stats.replies) += 1;
    for (struct past *p = past_find(&c->past, 1, key); p; p = past_before(&c->past, 1, p)) {
        struct view q;
        if (p->len < ETHER ||
            !view_make(&q, past_bytes(&c->past, p) + ETHER, (size_t)p->len - ETHER) ||
            q.version != a->version || q.proto != a->proto || !fit(&q) ||
            memcmp(q.src, a->last_dst, a->addr_bytes) != 0 ||
            !(tcp ? answers_tcp(a, &q) : answers_icmp(a, &q)))
            continue;
        if (p->replies++ == 0)
            return judge_way(c, a, p, &q);
        twice = true;
    }
    if (twice)
        return CHECKER_REPLY_TWICE;
    return tcp ? CHECKER_RESET : CHECKER_REPLY;
}
