/* SPDX-License-Identifier: MIT
 * ICMP errors: what they may be about (RFC 1122 section 3.2.2, RFC 1812 section 4.3.2, RFC 4443
 * section 2.4), what they must quote, how many there may be. */
#include "checker_int.h"

/* ---- the packet that it is about ------------------------------------------------------------- */

/* The quote is the packet as it came; a router may have taken one from its TTL, and worked on its
 * options (RFC 1812 section 4.3.2.3). */
static bool quotes_exactly(const struct checker *c, const struct view *q, const struct view *p)
{
    /* A payload length of 0 is that of a jumbogram, or an error of its own (RFC 2675 section 3). */
    const size_t all = p->version == 6 && p->len == 40 ? p->there : p->len;
    if (q->there > all || q->version != p->version)
        return false;
    if (!memcmp(q->ip, p->ip, q->there))
        return true;
    if (!c->node->router || q->ttl + 1 != p->ttl)
        return false;
    const size_t ttl_at = q->version == 4 ? 8 : 7;
    const size_t fixed = q->version == 4 ? 20 : 40;
    for (size_t i = 0; i < fixed; i++)
        if (i != ttl_at && !(q->version == 4 && (i == 10 || i == 11 || (p->routed && i >= 16))) &&
            q->ip[i] != p->ip[i])
            return false;
    const size_t from = p->options ? (size_t)(p->body - p->ip) : fixed;
    return from > q->there || !memcmp(q->ip + from, p->ip + from, q->there - from);
}

/* The quote is the datagram that p is the first fragment of, or the first fragment that a router
 * made of p. */
static bool quotes_whole(const struct checker *c, const struct view *q, const struct view *p)
{
    const bool cut = c->node->router && q->version == 4 && q->fragment && !p->df;
    if (!(p->fragment || cut) || p->offset || !p->sane || q->version != p->version || q->offset ||
        memcmp(q->src, p->src, p->addr_bytes) != 0 ||
        (!p->routed && memcmp(q->dst, p->dst, p->addr_bytes) != 0) || q->proto != p->proto)
        return false;
    const size_t quoted = (size_t)(q->ip + q->there - q->body);
    const size_t n = quoted < p->body_len ? quoted : p->body_len;
    return !memcmp(q->body, p->body, n);
}

/* Where the same end, or the address of the translator stands for one of them. */
static bool may_stand_for(const uint8_t *own, const uint8_t *a, const uint8_t *b)
{
    return !memcmp(a, b, 4) || !memcmp(a, own, 4) || !memcmp(b, own, 4);
}

/* A translator speaks to the inside of a packet that it turned back to the inside by the address
 * that it gave it; and what is forged in its own name, or inside in that of an outside address, it
 * takes for what it would be. */
static bool quotes_turned(const struct checker *c, const struct view *q, const struct view *p)
{
    const uint8_t *own = c->node->port[1].addr4;
    if (!c->node->nat || q->version != 4 || p->version != 4 || !p->sane || q->offset || p->offset ||
        q->proto != p->proto || !may_stand_for(own, q->src, p->src) ||
        !may_stand_for(own, q->dst, p->dst))
        return false;
    const size_t quoted = (size_t)(q->ip + q->there - q->body);
    if (!p->fragment && (quoted < 8 || quoted > p->body_len))
        return false;
    const size_t n = quoted < p->body_len ? quoted : p->body_len;
    for (size_t i = 8; i < n; i++)
        if (q->body[i] != p->body[i] && !(q->proto == P_TCP && (i == 16 || i == 17)))
            return false;
    return true;
}

static bool quotes(const struct checker *c, int how, const struct view *q, const struct view *p)
{
    switch (how) {
    case 0:
        return quotes_exactly(c, q, p);
    case 1:
        return quotes_whole(c, q, p);
    default:
        return quotes_turned(c, q, p);
    }
}

static bool is_redirect(const struct view *e)
{
    return e->version == 4 && e->body[0] == 5;
}

/* The packet sent that the quote is of; *v of it. Of several alike one that no error was about yet;
 * *twice when there is none. */
static struct past *about(struct checker *c, const struct view *q, struct view *v, bool redirect,
                          bool *twice)
{
    const uint64_t key = key_packet(c, q);
    *twice = false;
    for (int how = 0; how < 3; how++)
        for (struct past *p = past_find(&c->past, 0, key); p; p = past_before(&c->past, 0, p)) {
            if (p->len < ETHER ||
                !view_make(v, past_bytes(&c->past, p) + ETHER, (size_t)p->len - ETHER) ||
                !quotes(c, how, q, v))
                continue;
            /* A redirect tells of a packet that goes on, and may be refused later. */
            if ((*(redirect ? &p->redirects : &p->errors))++ == 0)
                return p;
            *twice = true;
        }
    return NULL;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* Multicast may be answered where it tells of the path or of an option (RFC 4443 section 2.4(e.3)).
 */
static bool group_is_fine(const struct view *e)
{
    return e->version == 6 && (e->body[0] == 2 || (e->body[0] == 4 && e->body[1] == 2));
}

/* A router may point at the header length or the total length of what does not hold together, else
 * silence is asked for (RFC 1812 section 5.2.2). */
static bool tells_of_length(const struct checker *c, const struct view *e, const struct view *v)
{
    const size_t header = 4 * (size_t)(v->ip[0] % 16);
    if (!c->node->router || e->version != 4 || e->body[0] != 12 || e->body[1] != 0)
        return false;
    if (header >= 20 && header <= v->there && !v->sum_right && view_sum(v->ip, header, 0) != 0)
        return false;
    return e->body[4] == 0 ? header < 20 : e->body[4] == 2 && (v->len > v->there || !v->sane);
}

static enum checker_rule may_be_about(const struct checker *c, const struct view *e,
                                      const struct past *p, const struct view *v)
{
    const bool icmp = v->proto == (v->version == 4 ? P_ICMP : P_ICMP6);
    if (!v->sum_right || !v->sane || v->len > v->there)
        return tells_of_length(c, e, v) ? CHECKER_OK : CHECKER_ABOUT_BROKEN;
    /* Who does not know a header cannot see what is behind it. */
    if (icmp && !v->strange && !v->offset && v->body_len &&
        (view_is_error(v->version, v->body[0]) || (v->version == 6 && v->body[0] == 137)))
        return CHECKER_ABOUT_ERROR;
    if ((p->group_frame || addr_is_group(v->dst, v->addr_bytes) ||
         addr_is_broadcast(c->node, v->dst, v->addr_bytes)) &&
        !group_is_fine(e))
        return CHECKER_ABOUT_GROUP;
    if (v->version == 4 && v->offset)
        return CHECKER_ABOUT_FRAGMENT;
    if (addr_is_no_host(c->node, v->src, v->addr_bytes))
        return CHECKER_ABOUT_SOURCE;
    const bool forged = c->node->nat && addr_port(c->node, v->src, v->addr_bytes) == 1;
    return memcmp(e->last_dst, v->src, v->addr_bytes) && !forged ? CHECKER_ERROR_TO : CHECKER_OK;
}

/* What a host has no reason to say. */
static bool only_routers(const struct view *e)
{
    const uint8_t type = e->body[0], code = e->body[1];
    if (e->version == 6)
        return (type == 1 && (code == 0 || code == 2 || code > 4)) || type == 2 ||
               (type == 3 && code == 0);
    return type == 5 || (type == 11 && code == 0) ||
           (type == 3 && code != 2 && code != 3 && code != 5);
}

static bool zeroes_are(const struct view *e)
{
    const uint8_t *b = e->body;
    if (e->version == 6)
        return b[0] == 2 || b[0] == 4 || !get32(b + 4);
    if (b[0] == 3 && b[1] == 4)
        return !get16(b + 4);
    if (b[0] == 12)
        return !(get32(b + 4) & 0xffffff);
    return b[0] == 5 || !get32(b + 4);
}

static enum checker_rule lengths(const struct view *e, const struct view *q, const struct view *v)
{
    const size_t most = e->version == 4 ? 576 : 1280;
    if (e->len > most)
        return CHECKER_ERROR_LONG;
    if (q->there >= v->len || q->there == v->there)
        return CHECKER_OK;
    if (e->version == 4)
        return q->there < (size_t)(v->body - v->ip) + 8 ? CHECKER_QUOTE_SHORT : CHECKER_OK;
    /* As much as fits. */
    return e->len < most && !v->fragment ? CHECKER_QUOTE_SHORT : CHECKER_OK;
}

/* ---- rates ----------------------------------------------------------------------------------- */

/* True while the errors so far fit a bucket of that size. */
static bool within(struct limit *l, int64_t now, uint32_t rate, uint32_t burst)
{
    l->level -= (double)(now - l->at) * rate / 1e9;
    l->level = l->level < 0 ? 0 : l->level;
    l->at = now;
    l->level += 1;
    return l->level <= burst + 0.001;
}

/* The share is that of the address in the header: the first hop, where a source route leads. */
static enum checker_rule rates(struct checker *c, const struct view *e)
{
    const struct checker_node *n = c->node;
    const uint64_t slot = key_request(e->dst, e->addr_bytes, 0, 0) % LIMITS;
    struct limit *one = &c->one[slot];
    if (memcmp(one->addr, e->dst, e->addr_bytes) != 0) {
        *one = (struct limit){.at = c->now};
        memcpy(one->addr, e->dst, e->addr_bytes);
    }
    if (!within(&c->all, c->now, n->rate_all, n->burst_all))
        return CHECKER_LIMIT_ALL;
    return within(one, c->now, n->rate, n->burst) ? CHECKER_OK : CHECKER_LIMIT_ONE;
}

enum checker_rule judge_error(struct checker *c, const struct view *e)
{
    struct view q, v;
    bool twice;
    c->stats.errors++;
    if (!c->node->router && only_routers(e))
        return CHECKER_ROLE;
    if (!zeroes_are(e))
        return CHECKER_ERROR_ZEROES;
    if (e->body_len < 8 || !view_make(&q, e->body + 8, e->body_len - 8))
        return CHECKER_QUOTE_SHORT;
    const struct past *p = about(c, &q, &v, is_redirect(e), &twice);
    if (!p)
        return twice ? CHECKER_ABOUT_TWICE : CHECKER_ABOUT_NOTHING;
    enum checker_rule rule = may_be_about(c, e, p, &v);
    if (!rule)
        rule = lengths(e, &q, &v);
    return rule || is_redirect(e) ? rule : rates(c, e);
}
