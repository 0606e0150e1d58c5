/* SPDX-License-Identifier: MIT
 * What every frame is held to, and who judges it further. */
#include "checker_int.h"

#include <stdlib.h>

static const char *const names[] = {"OK",
#define X(id, text) #id,
                                    CHECKER_RULES(X)
#undef X
};
static const char *const texts[] = {"nothing is wrong",
#define X(id, text) text,
                                    CHECKER_RULES(X)
#undef X
};

const char *checker_rule_name(enum checker_rule rule)
{
    return names[rule];
}

const char *checker_rule_text(enum checker_rule rule)
{
    return texts[rule];
}

struct checker *checker_new(const struct checker_node *node)
{
    struct checker *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->node = node;
    if (past_init(&c->past))
        return c;
    checker_free(c);
    return NULL;
}

void checker_free(struct checker *c)
{
    past_fini(&c->past);
    free(c);
}

const struct checker_stats *checker_stats(const struct checker *c)
{
    return &c->stats;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static uint64_t mix(uint64_t h, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

/* IPv4: source, identification, protocol, which a router leaves alone; a translator changes the
 * source too. IPv6: source and flow label. */
uint64_t key_packet(const struct checker *c, const struct view *v)
{
    uint64_t h = (uint64_t)v->version * 0xcbf29ce484222325u;
    if (v->version == 6)
        return mix(mix(h, v->src, 16), v->ip + 2, 2);
    h = mix(mix(h, v->ip + 4, 2), v->ip + 9, 1);
    return c->node->nat ? h : mix(h, v->src, 4);
}

uint64_t key_request(const uint8_t *who, size_t addr_bytes, uint8_t proto, uint32_t what)
{
    const uint8_t tail[5] = {(uint8_t)(what >> 24), (uint8_t)(what >> 16), (uint8_t)(what >> 8),
                             (uint8_t)what, proto};
    return mix(mix(0xcbf29ce484222325u, who, addr_bytes), tail, 5);
}

/* What an answer to it could be found by; 0: none. */
static uint64_t request_key(const struct view *v)
{
    if (!v->sane || v->offset || v->body_len < 8)
        return 0;
    const bool icmp = v->proto == (v->version == 4 ? P_ICMP : P_ICMP6);
    if (icmp && (v->body[0] == 8 || v->body[0] == 13 || v->body[0] == 128))
        return key_request(v->src, v->addr_bytes, v->proto, get32(v->body + 4));
    if (v->proto == P_TCP)
        return key_request(v->src, v->addr_bytes, P_TCP, get32(v->body));
    return 0;
}

static uint64_t arp_key(const uint8_t *asker, const uint8_t *target)
{
    return key_request(asker, 4, 0, get32(target));
}

void checker_sent(struct checker *c, uint8_t port, const uint8_t *frame, size_t len)
{
    uint64_t keys[PAST_KEYS] = {0};
    struct view v;
    const unsigned type = len >= ETHER ? get16(frame + 12) : 0;
    if ((type == 0x0800 || type == 0x86dd) && view_make(&v, frame + ETHER, len - ETHER)) {
        keys[0] = key_packet(c, &v);
        keys[1] = request_key(&v);
    } else if (type == 0x0806 && len >= ETHER + 28) {
        keys[1] = arp_key(frame + ETHER + 14, frame + ETHER + 24);
    }
    past_put(&c->past, port, frame, len, keys);
    c->stats.sent++;
}

const uint8_t *checker_sent_before(struct checker *c, uint64_t back, size_t *len)
{
    const struct past *p = past_back(&c->past, back);
    *len = p ? p->len : 0;
    return p ? past_bytes(&c->past, p) : NULL;
}

/* ---- ARP ------------------------------------------------------------------------------------- */

static enum checker_rule judge_arp(struct checker *c, uint8_t port, const uint8_t *a, size_t len)
{
    static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0};
    const struct checker_port *p = &c->node->port[port];
    if (len < 28 || memcmp(a, head, sizeof(head)) != 0 || memcmp(a + 8, p->mac, 6) != 0)
        return CHECKER_ARP;
    const bool own = !memcmp(a + 14, p->addr4, 4);
    if (a[7] == 1)
        return own || addr_is_zero(a + 14, 4) ? CHECKER_OK : CHECKER_ARP;
    if (a[7] != 2 || !own)
        return CHECKER_ARP;
    const uint64_t key = arp_key(a + 24, a + 14);
    for (struct past *q = past_find(&c->past, 1, key); q; q = past_before(&c->past, 1, q)) {
        const uint8_t *b = past_bytes(&c->past, q) + ETHER;
        if (q->len < ETHER + 28 || get16(b - 2) != 0x0806 || q->port != port || b[7] != 1 ||
            memcmp(b + 24, a + 14, 4) != 0 || memcmp(b + 14, a + 24, 4) != 0 ||
            memcmp(b + 8, a + 18, 6) != 0)
            continue;
        if (q->replies++ == 0)
            return CHECKER_OK;
    }
    return CHECKER_ARP;
}

/* ---- the node's own, beside errors and answers ----------------------------------------------- */

static enum checker_rule judge_options6(const uint8_t *o, size_t n)
{
    while (n) {
        if (n < 2 || !o[1] || 8u * o[1] > n)
            return CHECKER_ND;
        n -= 8u * o[1];
        o += 8u * o[1];
    }
    return CHECKER_OK;
}

/* RFC 4861 sections 4 and 7.1: what receivers hold it to. */
static enum checker_rule judge_nd(struct checker *c, const struct view *v)
{
    static const size_t fixed[] = {8, 16, 24, 24, 40};
    const uint8_t type = v->body[0], *b = v->body;
    const bool link_local = v->src[0] == 0xfe && (v->src[1] & 0xc0) == 0x80;
    const bool zero = addr_is_zero(v->src, 16);
    if (v->ttl != 255 || b[1] || v->body_len < fixed[type - 133])
        return CHECKER_ND;
    if (judge_options6(b + fixed[type - 133], v->body_len - fixed[type - 133]))
        return CHECKER_ND;
    switch (type) {
    case 133:
        return c->node->router ? CHECKER_ROLE : CHECKER_OK;
    case 134:
        if (!c->node->router || !c->node->advertises)
            return CHECKER_ROLE;
        return link_local ? CHECKER_OK : CHECKER_ND;
    case 135:
        if (addr_is_group(b + 8, 16) || (zero && (v->body_len > 24 + 8 || v->dst[0] != 0xff)))
            return CHECKER_ND;
        return CHECKER_OK;
    case 136:
        return addr_port(c->node, b + 8, 16) < 0 || (v->dst[0] == 0xff && (b[4] & 0x40))
                   ? CHECKER_ND
                   : CHECKER_OK;
    default:
        if (!c->node->router)
            return CHECKER_ROLE;
        return link_local && !addr_is_group(b + 24, 16) ? CHECKER_OK : CHECKER_ND;
    }
}

static enum checker_rule judge_icmp6(struct checker *c, const struct view *v)
{
    const uint8_t type = v->body[0];
    const bool nobody = addr_is_zero(v->src, 16);
    if (nobody && type != 133 && type != 135 && type != 131 && type != 132 && type != 143)
        return CHECKER_SOURCE;
    if (type < 128)
        return judge_error(c, v);
    switch (type) {
    case 129:
        return judge_answer(c, v);
    case 131:
    case 132:
    case 143: /* RFC 3810 section 5: from a link-local address, one hop, with Router Alert */
        if (v->ttl != 1 || !v->options || !(nobody || (v->src[0] == 0xfe && v->src[1] == 0x80)))
            return CHECKER_ND;
        return CHECKER_OK;
    case 133:
    case 134:
    case 135:
    case 136:
    case 137:
        c->stats.discovery++;
        return judge_nd(c, v);
    default:
        return CHECKER_UNASKED;
    }
}

static enum checker_rule judge_icmp4(struct checker *c, const struct view *v)
{
    switch (v->body[0]) {
    case 0:
    case 14:
        return judge_answer(c, v);
    case 3:
    case 5:
    case 11:
    case 12:
        return judge_error(c, v);
    case 9:
        c->stats.discovery++;
        return c->node->router && c->node->advertises ? CHECKER_OK : CHECKER_ROLE;
    case 10:
        c->stats.discovery++;
        return c->node->router ? CHECKER_ROLE : CHECKER_OK;
    default:
        return CHECKER_UNASKED;
    }
}

static bool sum_right(const struct view *v)
{
    if (v->proto == P_ICMP && v->version == 4)
        return view_sum(v->body, v->body_len, 0) == 0;
    if (v->proto == P_UDP && v->body_len >= 8 && !get16(v->body + 6))
        return v->version == 4;
    return view_sum(v->body, v->body_len, view_pseudo(v, v->last_dst, v->proto, v->body_len)) == 0;
}

static enum checker_rule judge_own(struct checker *c, const struct view *v)
{
    if (v->odd_chain || (v->version == 4 && (v->ip[6] & 0x80)))
        return CHECKER_HEADER;
    /* Later parts of an answer; the first was judged. */
    if (v->offset)
        return CHECKER_OK;
    if (v->body_len < 8)
        return CHECKER_HEADER;
    if (!v->fragment && !sum_right(v))
        return CHECKER_SUM;
    /* But for router discovery nothing of IPv4 is for more than one. */
    if (v->version == 4 && !(v->proto == P_ICMP && (v->body[0] == 9 || v->body[0] == 10)) &&
        (addr_is_group(v->dst, 4) || addr_is_broadcast(c->node, v->dst, 4) || v->dst[0] >= 240))
        return CHECKER_ERROR_TO;
    if (v->proto == P_ICMP && v->version == 4)
        return judge_icmp4(c, v);
    if (v->proto == P_ICMP6 && v->version == 6)
        return judge_icmp6(c, v);
    return v->proto == P_TCP ? judge_answer(c, v) : CHECKER_UNASKED;
}

/* ---- every packet ---------------------------------------------------------------------------- */

/* A translator's own errors, and those that it translates, bear the same address. */
static enum checker_rule judge_translator(struct checker *c, uint8_t port, const struct view *v)
{
    enum checker_rule rule = judge_forward(c, port, v);
    if (rule == CHECKER_FORWARD && addr_port(c->node, v->src, 4) >= 0)
        rule = judge_own(c, v);
    if (!rule || !v->fragment || port != 1 || memcmp(v->src, c->node->port[1].addr4, 4) != 0)
        return rule;
    const enum checker_rule renumbered = judge_renumbered(c, port, v);
    return renumbered == CHECKER_FORWARD ? rule : renumbered;
}

static enum checker_rule judge_packet(struct checker *c, uint8_t port, const struct view *v)
{
    const struct checker_node *n = c->node;
    const bool nobody = v->version == 6 && addr_is_zero(v->src, 16);
    if (addr_is_zero(v->dst, v->addr_bytes) || addr_is_loopback(v->dst, v->addr_bytes))
        return CHECKER_HEADER;
    if (n->nat && v->version == 4)
        return judge_translator(c, port, v);
    if (!nobody && addr_port(n, v->src, v->addr_bytes) < 0)
        return n->router ? judge_forward(c, port, v) : CHECKER_HOST_FORWARDS;
    /* Somebody may have forged the router's own address. */
    const enum checker_rule passed = n->router ? judge_forward(c, port, v) : CHECKER_FORWARD;
    return passed == CHECKER_FORWARD ? judge_own(c, v) : passed;
}

static enum checker_rule judge_ip(struct checker *c, uint8_t port, const uint8_t *frame, size_t len)
{
    struct view v;
    const bool four = get16(frame + 12) == 0x0800;
    if (!view_make(&v, frame + ETHER, len - ETHER) || (v.version == 4) != four || !v.sane)
        return CHECKER_HEADER;
    if (v.len > v.there || v.len > c->node->port[port].mtu)
        return CHECKER_LENGTH;
    if (!v.ttl)
        return CHECKER_TTL;
    if (!v.sum_right)
        return CHECKER_SUM_IP;
    if (addr_is_group(v.src, v.addr_bytes) || addr_is_loopback(v.src, v.addr_bytes) ||
        (four && addr_is_zero(v.src, 4)))
        return CHECKER_SOURCE;
    const bool group =
        addr_is_group(v.dst, v.addr_bytes) || addr_is_broadcast(c->node, v.dst, v.addr_bytes);
    if ((frame[0] % 2 == 1) != group)
        return CHECKER_FRAME;
    return judge_packet(c, port, &v);
}

enum checker_rule checker_left(struct checker *c, int64_t now, uint8_t port, const uint8_t *frame,
                               size_t len)
{
    const struct checker_port *p = &c->node->port[port];
    enum checker_rule rule = CHECKER_FRAME;
    c->now = now;
    c->stats.left++;
    const unsigned type = len >= ETHER ? get16(frame + 12) : 0;
    if (len > ETHER + p->mtu)
        rule = CHECKER_LENGTH;
    else if (len < ETHER || memcmp(frame + 6, p->mac, 6) != 0 || !memcmp(frame, p->mac, 6))
        rule = CHECKER_FRAME;
    else if (type == 0x0806)
        rule = judge_arp(c, port, frame + ETHER, len - ETHER);
    else if (type == 0x0800 || type == 0x86dd)
        rule = judge_ip(c, port, frame, len);
    c->stats.broken[rule]++;
    return rule;
}
