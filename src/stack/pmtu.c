/* SPDX-License-Identifier: MIT
 * Path MTU discovery of what this node sends (RFC 1191, RFC 8201).
 *
 * A report is believed only about a packet that was sent not long ago: anybody can claim to be a
 * router with a narrow link (RFC 5927 section 7, RFC 8201 section 4). So each packet that may be
 * too big leaves a mark, a keyed hash of what a quote of it must show. The marks of a burst take
 * each other's places at random, so that of many reports about many packets some find theirs. */
#include "stack/stack_int.h"

#include "base/siphash.h"
#include "net/pmtu.h"

enum { MARKS_MAX = 256, MARK_BYTES_IN = 48 };
#define MARK_AGE (60 * IK_NS_PER_S)

struct mark {
    uint32_t tag; /* 0: none */
    uint32_t at;  /* seconds of the monotonic clock */
};

struct ik_stack_pmtu {
    struct ik_pmtu table;
    bool any;           /* something was learnt once, so looking is worth while */
    struct mark *marks; /* NULL: nothing is made yet */
    uint32_t n_marks;   /* a power of two */
};

static struct ik_pmtu_cfg table_cfg(const struct ik_stack_options *o)
{
    return (struct ik_pmtu_cfg){.destinations = o->destinations_max ? o->destinations_max : 64,
                                .age = o->pmtu_timeout ? o->pmtu_timeout : IK_PMTU_AGE};
}

/* Four for each destination. */
static uint32_t marks_of(const struct ik_stack_options *o)
{
    const uint32_t most = 4 * table_cfg(o).destinations;
    uint32_t n = 4;
    while (n < most && n < MARKS_MAX)
        n *= 2;
    return n;
}

static size_t table_bytes(const struct ik_pmtu_cfg *cfg)
{
    return (ik_pmtu_bytes(cfg) + 7) & ~(size_t)7;
}

/* A node of IPv4 alone without a user originates nothing that could be too big and may not be cut:
 * its answers have no DF, but those of TCP, which are short. */
static bool is_needed(const struct ik_stack_cfg *cfg)
{
    if (cfg->options->upper)
        return true;
    for (uint8_t i = 0; i < cfg->n_ifaces; i++)
        for (uint8_t k = 0; k < cfg->ifaces[i].n_addrs; k++)
            if (cfg->ifaces[i].addrs[k].addr.family == 6)
                return true;
    return false;
}

size_t ik_stack_pmtu_bytes(const struct ik_stack_cfg *cfg)
{
    if (!is_needed(cfg))
        return 0;
    const struct ik_pmtu_cfg t = table_cfg(cfg->options);
    return sizeof(struct ik_stack_pmtu) + table_bytes(&t) +
           marks_of(cfg->options) * sizeof(struct mark);
}

void ik_stack_pmtu_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    if (!is_needed(cfg))
        return;
    s->pmtu = mem;
}

/* Made with the first packet that may be too big, or the first report. */
static struct ik_stack_pmtu *made(struct ik_stack *s)
{
    struct ik_stack_pmtu *m = s->pmtu;
    if (m->marks)
        return m;
    struct ik_pmtu_cfg t = table_cfg(s->opt);
    t.key = s->key;
    uint8_t *at = (uint8_t *)(m + 1);
    ik_pmtu_init(&m->table, at, &t);
    m->marks = (struct mark *)(void *)(at + table_bytes(&t));
    m->n_marks = marks_of(s->opt);
    return m;
}

void ik_stack_pmtu_start(struct ik_stack *s)
{
    (void)s;
}

/* Estimates lapse when they are asked for. */
ik_ns ik_stack_pmtu_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

/* ---- what was sent --------------------------------------------------------------------------- */

/* Octets 0..7 after the header that no translator on the way changes: not the checksum of ICMP and
 * UDP, nor an ICMP identifier (RFC 5508). */
static size_t transport_part(uint8_t proto, struct ik_rd after, uint8_t *out)
{
    if (after.left < 8)
        return 0;
    memcpy(out, after.p, 8);
    if (proto == IK_PROTO_ICMP4 || proto == IK_PROTO_ICMP6)
        memset(out + 2, 0, 4);
    else if (proto == IK_PROTO_UDP)
        memset(out + 6, 0, 2);
    return 8;
}

/* The tag of a packet by its first header and 8 octets; 0 when it cannot be told. */
static uint32_t tag_of(const struct ik_stack *s, struct ik_rd l3, uint32_t *slot)
{
    uint8_t in[MARK_BYTES_IN] = {0};
    size_t n = 0;
    if (l3.left >= IK_IP4_BYTES && l3.p[0] >> 4 == 4) {
        const size_t header = 4u * (l3.p[0] & 0xf);
        memcpy(in, l3.p + 2, 4);      /* total length, identification */
        memcpy(in + 4, l3.p + 16, 4); /* destination */
        in[8] = l3.p[9];
        n = 9 + transport_part(l3.p[9], ik_rd_from(l3, header), in + 9);
    } else if (l3.left >= IK_IP6_BYTES && l3.p[0] >> 4 == 6) {
        memcpy(in, l3.p + 4, 3);       /* payload length, next header */
        memcpy(in + 3, l3.p + 24, 16); /* destination */
        n = 19 + transport_part(l3.p[6], ik_rd_from(l3, IK_IP6_BYTES), in + 19);
    } else {
        return 0;
    }
    const uint64_t hash = ik_siphash(s->key, in, n);
    *slot = (uint32_t)hash & (s->pmtu->n_marks - 1);
    const uint32_t tag = (uint32_t)(hash >> 32);
    return tag ? tag : 1;
}

static bool may_be_too_big(struct ik_rd l3)
{
    if (l3.left < IK_IP4_BYTES)
        return false;
    if (l3.p[0] >> 4 == 6)
        return l3.left > IK_PMTU_MIN_V6;
    return l3.left > IK_PMTU_MIN_V4 && (l3.p[6] & 0x40);
}

void ik_stack_pmtu_sent(struct ik_stack *s, struct ik_rd l3)
{
    uint32_t slot;
    if (!s->pmtu || !may_be_too_big(l3))
        return;
    struct ik_stack_pmtu *m = made(s);
    const uint32_t tag = tag_of(s, l3, &slot);
    if (tag)
        m->marks[slot] = (struct mark){.tag = tag, .at = (uint32_t)(s->now.mono / IK_NS_PER_S)};
}

bool ik_stack_pmtu_was_sent(const struct ik_stack *s, struct ik_rd quote)
{
    uint32_t slot;
    if (!s->pmtu || !s->pmtu->marks)
        return false;
    const uint32_t tag = tag_of(s, quote, &slot);
    if (!tag)
        return false;
    const struct mark *m = &s->pmtu->marks[slot];
    const uint32_t now = (uint32_t)(s->now.mono / IK_NS_PER_S);
    return m->tag == tag && now - m->at <= MARK_AGE / IK_NS_PER_S;
}

/* ---- what the network says ------------------------------------------------------------------- */

uint32_t ik_stack_pmtu_find(struct ik_stack *s, const struct ik_addr *dst, uint32_t mtu)
{
    return s->pmtu && s->pmtu->any ? ik_pmtu_get(&s->pmtu->table, s->now.mono, dst, mtu) : mtu;
}

static void tell(struct ik_stack *s, const struct ik_pkt *p, const struct ik_addr *dst,
                 uint32_t mtu)
{
    char text[IK_ADDR_TEXT];
    struct ik_wr *w = ik_stack_event_begin(
        s, "decided", dst->family == 4 ? IK_RULE_R1191_3_01 : IK_RULE_R8201_4_01, p);
    if (!w)
        return;
    ik_fmt_put_text(w, "path MTU to ");
    ik_fmt_put_text(w, ik_addr_text(dst, text));
    ik_fmt_put_text(w, " is ");
    ik_fmt_put_u64(w, mtu);
    ik_stack_event_end(s);
}

static void learn(struct ik_stack *s, const struct ik_pkt *p, const struct ik_pmtu_news *news)
{
    struct ik_stack_hop hop;
    if (!s->pmtu || (s->opt->no_pmtud && news->dst.family == 4))
        return;
    if (!ik_stack_route_find(s, &news->dst, 0, 0, &hop) || hop.kind != IK_STACK_ROUTE_VIA)
        return;
    if (!ik_pmtu_report(&made(s)->table, s->now.mono, news, hop.mtu))
        return;
    s->pmtu->any = true;
    tell(s, p, &news->dst, ik_pmtu_get(&s->pmtu->table, s->now.mono, &news->dst, hop.mtu));
}

void ik_stack_pmtu_learn(struct ik_stack *s, const struct ik_addr *dst, uint32_t mtu,
                         uint32_t packet_bytes)
{
    /* A report that the packet would have fitted is nonsense (RFC 5927 section 7.2). */
    if (mtu >= packet_bytes)
        return;
    const struct ik_pmtu_news news = {
        .dst = *dst, .reported = mtu, .quoted_len = (uint16_t)packet_bytes};
    learn(s, NULL, &news);
}

void ik_stack_pmtu_input4(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    struct ik_quote q;
    if (ik_quote_decode(&q, m->error.quote, NULL) || q.ip.version != 4 ||
        !ik_stack_pmtu_was_sent(s, m->error.quote)) {
        ik_stack_event_say(s, "decided", IK_RULE_R5927_7_2_01, p,
                           "too big, about a packet that was not sent");
        return;
    }
    if (m->error.mtu >= q.ip.length_field)
        return;
    const struct ik_pmtu_news news = {.dst = q.ip.dst,
                                      .reported = m->error.mtu,
                                      .quoted_len = q.ip.length_field,
                                      .quoted_ihl = (uint8_t)(q.ip.header_bytes / 4)};
    learn(s, p, &news);
}
