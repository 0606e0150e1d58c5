/* SPDX-License-Identifier: MIT
 * Reassembly of both families, in big buffers of the pool: the data at its place, the headers of
 * the first fragment right before it, notes behind it. Nothing is ever written outside of 65,535
 * bytes.
 *
 * Overlaps: RFC 5722 has the whole IPv6 datagram dropped. For IPv4 RFC 791 lets the newer data win,
 * and others let the older: systems differ, so what passes a filter as one thing may arrive as
 * another (CVE-1999-0015, RFC 1858). Nobody sends overlaps in earnest, so here too the datagram is
 * dropped. Exact duplicates, which networks make, are no overlap. */
#include "stack/ip6walk.h"
#include "stack/stack_int.h"

enum {
    HEAD_MAX = 1280, /* headers before the data; longer ones cannot be a first fragment's */
    DATA_AT = IK_BUF_HEADROOM + HEAD_MAX,
    UNITS = 8192, /* of 8 bytes */
    NOTES_AT = DATA_AT + 65536,
    DATAGRAMS = 4, /* at once, by default */
};

struct notes {
    uint8_t filled[UNITS / 8], starts[UNITS / 8]; /* a bit a unit: there; a fragment begins */
    ik_ns deadline;
    struct ik_addr src, dst;
    uint32_t id;
    uint8_t family, proto;
    bool has_first;
    bool dead;                 /* overlapped: what still comes is dropped */
    uint32_t have, total, end; /* bytes there; all, 0 unknown; end of the last one there */
    uint32_t head_bytes, first_bytes, named_at;
    uint8_t next; /* IPv6: what follows the fragment header */
    uint8_t port, l2_src[6];
    enum ik_cast cast;
    enum ik_local local;
};
_Static_assert((size_t)NOTES_AT + sizeof(struct notes) <=
                   (size_t)IK_BUF_HEADROOM + IK_BUF_BIG_BYTES,
               "the notes lie in the buffer");

static struct notes *notes_of(struct ik_buf *b)
{
    return (struct notes *)(void *)(b->bytes + NOTES_AT);
}

/* A fragment: what is before its data, and the data. */
struct piece {
    struct ik_rd head, data;
    uint32_t offset, named_at;
    uint8_t next;
    bool more;
};

static void drop(struct ik_stack *s, const struct ik_pkt *p, enum ik_rule rule, const char *why)
{
    ik_stack_event_drop(s, IK_STACK_REASSEMBLY_DROPPED, rule, p, why);
}

/* ---- is it a fragment ------------------------------------------------------------------------ */

static bool piece_of4(struct ik_stack *s, const struct ik_pkt *p, struct piece *f)
{
    const struct ik_ip *ip = &p->ip;
    *f = (struct piece){.head = ik_rd_head(p->l3, ip->header_bytes),
                        .data = ip->payload,
                        .offset = ip->offset_bytes,
                        .more = ip->mf};
    if (f->data.left == 0 || (f->more && f->data.left % 8)) {
        drop(s, p, IK_RULE_NONE, "a fragment of no, or of odd, length");
        return false;
    }
    if (f->head.left + f->offset + f->data.left <= IK_IP_BYTES_MAX)
        return true;
    drop(s, p, IK_RULE_R791_3_2_04, "a fragment past 65,535 bytes");
    if (s->opt->legacy & IK_LEGACY_PING_OF_DEATH) {
        s->down =
            "a fragment past 65,535 bytes (fragment offset, byte 6 of the IP header): ping of "
            "death, CVE-1999-0128";
        ik_stack_event_say(s, "state", IK_RULE_NONE, p, s->down);
    }
    return false;
}

/* The walk has judged bounds and lengths already. */
static bool piece_of6(struct ik_stack *s, const struct ik_pkt *p, struct piece *f)
{
    struct ik_ip6walk w;
    ik_ip6walk_final(&w, p->l3);
    if (w.end != IK_IP6WALK_FRAGMENT || w.at > HEAD_MAX || p->l3.left == w.at) {
        drop(s, p, IK_RULE_NONE, "a fragment without data");
        return false;
    }
    *f = (struct piece){.head = ik_rd_head(p->l3, w.at),
                        .data = ik_rd_from(p->l3, w.at),
                        .offset = w.frag.offset_bytes,
                        .named_at = w.named_at,
                        .next = w.frag.next,
                        .more = w.frag.mf};
    return true;
}

/* ---- the datagrams --------------------------------------------------------------------------- */

static void unlink_from(struct ik_bufs *q, struct ik_buf *b)
{
    struct ik_buf *before = NULL;
    for (struct ik_buf *i = q->first; i && i != b; i = i->next)
        before = i;
    if (before)
        before->next = b->next;
    else
        q->first = b->next;
    if (q->last == b)
        q->last = before;
}

/* RFC 791 section 3.2 tells datagrams apart by protocol too, RFC 8200 section 4.5 does not. */
static struct ik_buf *find(struct ik_stack *s, const struct ik_ip *ip)
{
    for (struct ik_buf *b = s->reass.first; b; b = b->next) {
        const struct notes *n = notes_of(b);
        if (n->id == ip->id && n->family == ip->version &&
            (ip->version == 6 || n->proto == ip->proto) && ik_addr_same_host(&n->src, &ip->src) &&
            ik_addr_same_host(&n->dst, &ip->dst))
            return b;
    }
    return NULL;
}

static uint32_t count(const struct ik_bufs *q)
{
    uint32_t n = 0;
    for (const struct ik_buf *b = q->first; b; b = b->next)
        n++;
    return n;
}

/* Room for one more of this stack: a dead one goes first, else the oldest. So too when the pool has
 * no more, or who comes first would keep the others out until its time is over. */
static void make_room(struct ik_stack *s)
{
    const uint32_t most = s->opt->reassembly_max ? s->opt->reassembly_max : DATAGRAMS;
    while (s->reass.first &&
           (count(&s->reass) >= most || !ik_stack_pool_has(s, IK_BUF_BIG_BYTES))) {
        struct ik_buf *gone = s->reass.first;
        for (struct ik_buf *b = gone; b; b = b->next)
            if (notes_of(b)->dead) {
                gone = b;
                break;
            }
        drop(s, NULL, IK_RULE_NONE, "the oldest datagram in reassembly makes room");
        unlink_from(&s->reass, gone);
        ik_stack_pool_give(s, gone);
    }
}

static struct ik_buf *begin(struct ik_stack *s, const struct ik_pkt *p)
{
    make_room(s);
    struct ik_buf *b = ik_stack_pool_take(s, IK_BUF_BIG_BYTES);
    if (!b)
        return NULL;
    const ik_ns wanted = p->ip.version == 4 ? s->opt->reassembly4 : s->opt->reassembly6;
    struct notes *n = notes_of(b);
    *n = (struct notes){.deadline = s->now.mono + (wanted ? wanted : 60 * IK_NS_PER_S),
                        .src = p->ip.src,
                        .dst = p->ip.dst,
                        .id = p->ip.id,
                        .family = p->ip.version,
                        .proto = p->ip.proto};
    ik_bufs_put(&s->reass, b);
    ik_stack_arm(s, n->deadline);
    return b;
}

/* ---- overlaps -------------------------------------------------------------------------------- */

static bool bit(const uint8_t *bits, uint32_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

static void bit_set(uint8_t *bits, uint32_t i)
{
    bits[i / 8] |= (uint8_t)(1u << i % 8);
}

enum place { PLACE_FREE, PLACE_DUPLICATE, PLACE_OVERLAP };

/* The same bytes in the same bounds as before. */
static bool is_duplicate(struct ik_buf *b, const struct piece *f, uint32_t first, uint32_t last)
{
    const struct notes *n = notes_of(b);
    if (!bit(n->starts, first))
        return false;
    for (uint32_t i = first; i < last; i++)
        if (!bit(n->filled, i) || (i > first && bit(n->starts, i)))
            return false;
    if (last < UNITS && bit(n->filled, last) && !bit(n->starts, last))
        return false;
    return f->offset + f->data.left <= n->end &&
           memcmp(b->bytes + DATA_AT + f->offset, f->data.p, f->data.left) == 0;
}

static enum place place_of(struct ik_buf *b, const struct piece *f)
{
    const struct notes *n = notes_of(b);
    const uint32_t end = f->offset + (uint32_t)f->data.left;
    if (n->total ? end > n->total || (!f->more && end != n->total) : !f->more && n->end > end)
        return PLACE_OVERLAP;
    const uint32_t first = f->offset / 8, last = (end + 7) / 8;
    for (uint32_t i = first; i < last; i++)
        if (bit(n->filled, i))
            return is_duplicate(b, f, first, last) ? PLACE_DUPLICATE : PLACE_OVERLAP;
    return PLACE_FREE;
}

static void kill(struct ik_stack *s, const struct ik_pkt *p, struct notes *n)
{
    n->dead = true;
    drop(s, p, n->family == 6 ? IK_RULE_R5722_4_01 : IK_RULE_NONE,
         "overlapping fragments: the datagram is dropped");
    if (s->opt->legacy & IK_LEGACY_TEARDROP && n->family == 4) {
        s->down = "overlapping fragments (fragment offset, byte 6 of the IP header): teardrop, "
                  "CVE-1999-0015";
        ik_stack_event_say(s, "state", IK_RULE_NONE, p, s->down);
    }
}

/* ---- filling --------------------------------------------------------------------------------- */

static void keep_first(struct ik_buf *b, const struct ik_pkt *p, const struct piece *f)
{
    struct notes *n = notes_of(b);
    memcpy(b->bytes + DATA_AT - f->head.left, f->head.p, f->head.left);
    n->has_first = true;
    n->head_bytes = (uint32_t)f->head.left;
    n->first_bytes = (uint32_t)f->data.left;
    n->named_at = f->named_at;
    n->next = f->next;
    n->port = p->port;
    n->cast = p->cast;
    n->local = p->local;
    memcpy(n->l2_src, p->l2_src, sizeof(n->l2_src));
}

static void fill(struct ik_buf *b, const struct ik_pkt *p, const struct piece *f)
{
    struct notes *n = notes_of(b);
    const uint32_t end = f->offset + (uint32_t)f->data.left;
    memcpy(b->bytes + DATA_AT + f->offset, f->data.p, f->data.left);
    bit_set(n->starts, f->offset / 8);
    for (uint32_t i = f->offset / 8; i < (end + 7) / 8; i++)
        bit_set(n->filled, i);
    n->have += (uint32_t)f->data.left;
    if (n->end < end)
        n->end = end;
    if (!f->more)
        n->total = end;
    if (f->offset == 0)
        keep_first(b, p, f);
}

static bool is_complete(const struct notes *n)
{
    return n->total && n->have == n->total && n->has_first &&
           n->head_bytes + n->total <=
               (n->family == 4 ? IK_IP_BYTES_MAX : IK_IP6_BYTES + IK_IP_BYTES_MAX);
}

/* ---- the whole datagram ---------------------------------------------------------------------- */

static struct ik_pkt packet_of(struct ik_buf *b)
{
    const struct notes *n = notes_of(b);
    struct ik_pkt p = {.port = n->port,
                       .cast = n->cast,
                       .own = n->port == IK_STACK_UPPER,
                       .reassembled = true,
                       .local = n->local,
                       .l3 = ik_buf_rd(b),
                       .datagram = b};
    memcpy(p.l2_src, n->l2_src, sizeof(p.l2_src));
    return p;
}

static void head_of4(struct ik_buf *b, const struct notes *n)
{
    enum { TOTAL_AT = 2, FRAGMENT_AT = 6, CHECKSUM_AT = 10, DF_AND_RESERVED = 0xc000 };
    b->start = DATA_AT - n->head_bytes;
    b->len = n->head_bytes + n->total;
    uint8_t *h = ik_buf_at(b);
    ik_store_be16(h + TOTAL_AT, (uint16_t)b->len);
    ik_store_be16(h + FRAGMENT_AT, ik_load_be16(h + FRAGMENT_AT) & DF_AND_RESERVED);
    ik_store_be16(h + CHECKSUM_AT, 0);
    ik_store_be16(h + CHECKSUM_AT,
                  ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, n->head_bytes})));
}

/* The fragment header goes; who named it names what it named (RFC 8200 section 4.5). */
static void head_of6(struct ik_buf *b, const struct notes *n)
{
    enum { LENGTH_AT = 4, FRAGMENT_HEADER = 8 };
    const uint32_t before = n->head_bytes - FRAGMENT_HEADER;
    b->start = DATA_AT - before;
    b->len = before + n->total;
    uint8_t *h = ik_buf_at(b);
    memmove(h, h - FRAGMENT_HEADER, before);
    h[n->named_at] = n->next;
    ik_store_be16(h + LENGTH_AT, (uint16_t)(b->len - IK_IP6_BYTES));
}

/* A translator can tell only now whom inside it is for: only the first fragment had ports. */
static void whole4(struct ik_stack *s, struct ik_pkt *p)
{
    if (s->opt->nat && p->local == IK_LOCAL_UNICAST && ik_stack_nat_inbound(s, p))
        return;
    if (s->opt->n_filter == 0 || ik_stack_filter_pass(s, p, 2))
        ik_stack_deliver(s, p);
}

static void complete(struct ik_stack *s, struct ik_buf *b)
{
    const struct notes *n = notes_of(b);
    const bool v4 = n->family == 4;
    unlink_from(&s->reass, b);
    if (v4)
        head_of4(b, n);
    else
        head_of6(b, n);
    struct ik_pkt p = packet_of(b);
    if (ik_ip_decode(&p.ip, p.l3, NULL) == IK_OK) {
        ik_stack_tally(s, IK_STACK_REASSEMBLED);
        ik_stack_event_say(s, "decided", IK_RULE_NONE, &p, "reassembled from its fragments");
        if (v4)
            whole4(s, &p);
        else
            ik_stack_ip6_reassembled(s, &p);
    }
    ik_stack_pool_give(s, b);
}

void ik_stack_reass_input(struct ik_stack *s, struct ik_pkt *p)
{
    struct piece f;
    if (!(p->ip.version == 4 ? piece_of4(s, p, &f) : piece_of6(s, p, &f)))
        return;
    struct ik_buf *b = find(s, &p->ip);
    if (!b)
        b = begin(s, p);
    if (!b)
        return;
    struct notes *n = notes_of(b);
    const enum place place = n->dead ? PLACE_FREE : place_of(b, &f);
    if (n->dead)
        drop(s, p, IK_RULE_NONE, "of a datagram whose fragments overlapped");
    else if (place == PLACE_DUPLICATE)
        drop(s, p, IK_RULE_NONE, "a duplicate");
    else if (place == PLACE_OVERLAP)
        kill(s, p, n);
    else
        fill(b, p, &f);
    if (!n->dead && is_complete(n))
        complete(s, b);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* The sender hears of it if the first fragment came, which is then what is quoted (RFC 792, RFC
 * 1122 section 3.3.2, RFC 8200 section 4.5). */
static void give_up(struct ik_stack *s, struct ik_buf *b)
{
    const struct notes *n = notes_of(b);
    const bool v4 = n->family == 4;
    unlink_from(&s->reass, b);
    struct ik_stack_error e = {
        .type = v4 ? (uint8_t)IK_ICMP4_TIME_EXCEEDED : (uint8_t)IK_ICMP6_TIME_EXCEEDED,
        .code = v4 ? (uint8_t)IK_ICMP4_TIME_EXCEEDED_REASSEMBLY
                   : (uint8_t)IK_ICMP6_TIME_EXCEEDED_REASSEMBLY,
        .rule = v4 ? IK_RULE_R1122_3_3_2_03 : IK_RULE_R8200_4_5_01,
    };
    drop(s, NULL, e.rule, "reassembly took too long");
    if (n->has_first && !n->dead) {
        b->start = DATA_AT - n->head_bytes;
        b->len = n->head_bytes + n->first_bytes;
        struct ik_pkt p = packet_of(b);
        p.reassembled = false;
        if (ik_ip_decode(&p.ip, p.l3, NULL) == IK_OK)
            ik_stack_error_send(s, &p, &e);
    }
    ik_stack_pool_give(s, b);
}

ik_ns ik_stack_reass_timeout(struct ik_stack *s)
{
    ik_ns next = IK_NEVER;
    for (struct ik_buf *b = s->reass.first, *after; b; b = after) {
        after = b->next;
        const ik_ns deadline = notes_of(b)->deadline;
        if (deadline <= s->now.mono)
            give_up(s, b);
        else if (deadline < next)
            next = deadline;
    }
    return next;
}
