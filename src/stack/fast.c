/* SPDX-License-Identifier: MIT
 * The short way of the packets that nodes mostly see: a plain packet to forward, a plain echo
 * request of IPv4. What the long way found out about who speaks to whom is remembered for a moment:
 * that both addresses are good, and by which port and to which neighbour the result leaves. The
 * result is the same byte for byte.
 *
 * What is remembered ends with the neighbour's state, after a second, and with every change: any
 * timer, ARP, ICMP message that is no echo, interface or configured neighbour (s->generation).
 * Whoever makes the table miss costs its own packets the long way, no more. */
#include "net/neigh.h"
#include "stack/stack_int.h"

enum {
    FLOWS_HOST = 4, /* powers of two */
    FLOWS_ROUTER = 64,
    FEW_NEIGHBOURS = 4, /* a host with so few is meant to be small: it remembers nothing */
};
#define FLOW_AGE IK_NS_PER_S

struct flow {
    uint8_t src[16], dst[16]; /* IPv4: the first four bytes */
    uint32_t generation;      /* 0: free */
    uint16_t mtu;
    uint8_t in, out; /* ports */
    ik_ns until;
    uint8_t head[IK_ETHER_BYTES]; /* what the result leaves with */
    uint8_t version;
    bool echo; /* else forwarded */
};

struct ik_flows {
    uint32_t mask;
    uint8_t ttl; /* of what the node itself sends */
    bool may_forward, may_echo;
    struct ik_watch *watch;
    struct flow flows[];
};

static uint32_t flows_of(const struct ik_stack_options *o)
{
    if (o->kind == IK_STACK_ROUTER)
        return FLOWS_ROUTER;
    return o->neighbours_max && o->neighbours_max <= FEW_NEIGHBOURS ? 0 : FLOWS_HOST;
}

size_t ik_stack_fast_bytes(const struct ik_stack_cfg *cfg)
{
    const uint32_t n = flows_of(cfg->options);
    return n ? sizeof(struct ik_flows) + n * sizeof(struct flow) : 0;
}

/* Nodes that do anything beside the plain thing take the long way always. */
void ik_stack_fast_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    const struct ik_stack_options *o = cfg->options;
    const uint32_t n = flows_of(o);
    s->generation = 1;
    if (n == 0)
        return;
    struct ik_flows *f = mem;
    const bool plain = !o->n_filter && !o->nat && !o->events && !o->odd && !o->quench_obey;
    *f = (struct ik_flows){
        .mask = n - 1,
        .ttl = ik_stack_output_ttl(s),
        .may_forward = plain && o->kind == IK_STACK_ROUTER && !o->mpls_hides &&
                       !o->forwarding_off && !o->precedence_cutoff && !o->directed_broadcast,
        .may_echo = plain && !o->no_echo && !o->silent && !o->upper && !o->no_pmtud,
    };
    memset(f->flows, 0, n * sizeof(struct flow));
    s->flows = f;
}

struct ik_watch *ik_stack_fast_watched(const struct ik_stack *s)
{
    return s->flows ? s->flows->watch : NULL;
}

void ik_stack_fast_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_fast_timeout(struct ik_stack *s)
{
    ik_stack_fast_forget(s);
    return IK_NEVER;
}

/* ---- is it a plain packet -------------------------------------------------------------------- */

enum {
    VERSION_AT = IK_ETHER_BYTES,
    LENGTH_AT = VERSION_AT + 2,
    ID_AT = VERSION_AT + 4,
    FRAGMENT_AT = VERSION_AT + 6,
    TTL_AT = VERSION_AT + 8,
    PROTO_AT = VERSION_AT + 9,
    CHECKSUM_AT = VERSION_AT + 10,
    SRC_AT = VERSION_AT + 12,
    DST_AT = VERSION_AT + 16,
    ICMP_AT = VERSION_AT + IK_IP4_BYTES,
    ICMP_HEAD = 8,
    LENGTH6_AT = VERSION_AT + 4,
    NEXT6_AT = VERSION_AT + 6,
    HOPS6_AT = VERSION_AT + 7,
    SRC6_AT = VERSION_AT + 8,
    DST6_AT = VERSION_AT + 24,
};

/* What of a frame the short way looks at. */
struct look {
    const uint8_t *f, *src, *dst;
    uint32_t len; /* of the IP packet */
    uint8_t version, addr_bytes;
};

/* To 16 bits, carries added where they come out: a half added to the other, whichever way round. */
static inline uint32_t fold(uint64_t sum)
{
    const uint64_t both = sum + (sum << 32 | sum >> 32);
    const uint32_t half = (uint32_t)(both >> 32);
    return (half + (half << 16 | half >> 16)) >> 16;
}

/* The checksum of a header without options is right: the sum of its ten words is 0xffff, in either
 * byte order (RFC 1071 section 2 (B)). */
static inline bool head_is_right(const uint8_t *h)
{
    uint64_t a, b;
    uint32_t c;
    memcpy(&a, h, 8);
    memcpy(&b, h + 8, 8);
    memcpy(&c, h + 16, 4);
    a += b;
    a += a < b;
    a += c;
    a += a < c;
    return fold(a) == 0xffff;
}

/* No options, no fragment, all there, header checksum right. */
static inline bool is_plain4(struct ik_rd frame, struct look *l)
{
    const uint8_t *f = frame.p;
    if (frame.left < ICMP_AT + ICMP_HEAD || f[VERSION_AT] != 0x45)
        return false;
    const uint16_t len = ik_load_be16(f + LENGTH_AT);
    *l = (struct look){f, f + SRC_AT, f + DST_AT, len, 4, 4};
    return len >= IK_IP4_BYTES + ICMP_HEAD && len <= frame.left - IK_ETHER_BYTES &&
           !(ik_load_be16(f + FRAGMENT_AT) & 0x3fff) && head_is_right(f + VERSION_AT);
}

/* No hop-by-hop header, which every node would look at; no jumbo payload. */
static inline bool is_plain6(struct ik_rd frame, struct look *l)
{
    const uint8_t *f = frame.p;
    if (frame.left < IK_ETHER_BYTES + IK_IP6_BYTES || f[VERSION_AT] >> 4 != 6)
        return false;
    const uint32_t payload = ik_load_be16(f + LENGTH6_AT);
    *l = (struct look){f, f + SRC6_AT, f + DST6_AT, IK_IP6_BYTES + payload, 6, 16};
    return payload > 0 && l->len <= frame.left - IK_ETHER_BYTES && f[NEXT6_AT] != IK_PROTO_HOPOPTS;
}

static inline bool is_plain(struct ik_rd frame, struct look *l)
{
    if (frame.left < IK_ETHER_BYTES)
        return false;
    switch (ik_load_be16(frame.p + IK_ETHER_BYTES - 2)) {
    case IK_ETHER_IP4:
        return is_plain4(frame, l);
    case IK_ETHER_IP6:
        return is_plain6(frame, l);
    default:
        return false;
    }
}

/* By the last 32 bits of the addresses. */
static inline struct flow *flow_of(struct ik_flows *t, const struct look *l, uint8_t port)
{
    const uint32_t src = ik_load_be32(l->src + l->addr_bytes - 4);
    const uint32_t dst = ik_load_be32(l->dst + l->addr_bytes - 4);
    const uint32_t h = (src * 0x9e3779b1u ^ dst * 0x85ebca6bu) + port;
    return &t->flows[(h >> 16 ^ h) & t->mask];
}

/* Each family by itself, so that no comparison is a call. */
static inline bool same_ends(const struct flow *w, const struct look *l)
{
    if (l->version == 4)
        return memcmp(w->src, l->src, 4) == 0 && memcmp(w->dst, l->dst, 4) == 0;
    return memcmp(w->src, l->src, 16) == 0 && memcmp(w->dst, l->dst, 16) == 0;
}

static inline bool flow_fits(const struct ik_stack *s, const struct flow *w, uint8_t port,
                             const struct look *l)
{
    const uint8_t *f = l->f;
    return w->generation == s->generation && w->until > s->now.mono && w->in == port &&
           w->version == l->version && same_ends(w, l) && memcmp(f, s->ifaces[port].mac, 6) == 0 &&
           !(f[6] & 1);
}

/* ---- doing it -------------------------------------------------------------------------------- */

/* A buffer for a packet of that length, with the frame header that it leaves with. */
static inline struct ik_buf *begin(struct ik_stack *s, const struct flow *w, uint32_t len)
{
    struct ik_buf *b = ik_stack_pool_take(s, len);
    if (!b)
        return NULL;
    b->start = IK_BUF_HEADROOM - IK_ETHER_BYTES;
    b->len = IK_ETHER_BYTES + len;
    b->port = w->out;
    b->medium = IK_MEDIUM_ETHER;
    memcpy(ik_buf_at(b), w->head, IK_ETHER_BYTES);
    return b;
}

/* Below, what a result is computed from is read in `f`, not in the copy: to read back a part of
 * what was just written in wider stores waits for all of them. */

static void forward(struct ik_stack *s, const struct flow *w, const uint8_t *f, uint32_t len)
{
    struct ik_buf *b = begin(s, w, len);
    if (!b)
        return;
    uint8_t *out = ik_buf_at(b);
    memcpy(out + VERSION_AT, f + VERSION_AT, len);
    if (w->version == 6) {
        out[HOPS6_AT] = (uint8_t)(f[HOPS6_AT] - 1);
    } else {
        /* RFC 1624: the word with the TTL lost 0x100, so the checksum gains it. */
        const uint32_t sum = ik_load_be16(f + CHECKSUM_AT) + 0x100u;
        out[TTL_AT] = (uint8_t)(f[TTL_AT] - 1);
        ik_store_be16(out + CHECKSUM_AT, (uint16_t)(sum + (sum >= 0xffff)));
    }
    ik_stack_tally(s, IK_STACK_FORWARDED);
    ik_bufs_put(&s->out, b);
}

/* Version, TOS and length as they came, a fresh identification, no fragment, the TTL of the node,
 * the addresses the other way round: three words change (RFC 1624). */
static inline void echo_header(struct ik_stack *s, const uint8_t *f, uint8_t *out)
{
    const uint16_t id = ik_stack_output_id(s);
    const uint16_t ttl = (uint16_t)(s->flows->ttl << 8 | IK_PROTO_ICMP4);
    const uint32_t was = 4 * 0xffffu - ik_load_be16(f + ID_AT) - ik_load_be16(f + FRAGMENT_AT) -
                         ik_load_be16(f + TTL_AT) - ik_load_be16(f + CHECKSUM_AT);
    memcpy(out + VERSION_AT, f + VERSION_AT, 4);
    ik_store_be16(out + ID_AT, id);
    ik_store_be16(out + FRAGMENT_AT, 0);
    ik_store_be16(out + TTL_AT, ttl);
    ik_store_be16(out + CHECKSUM_AT, (uint16_t)~fold((uint64_t)was + id + ttl));
    memcpy(out + SRC_AT, f + DST_AT, 4);
    memcpy(out + DST_AT, f + SRC_AT, 4);
}

static void echo(struct ik_stack *s, const struct flow *w, const uint8_t *f, uint32_t len)
{
    struct ik_buf *b = begin(s, w, len);
    if (!b)
        return;
    uint8_t *out = ik_buf_at(b);
    memcpy(out + ICMP_AT, f + ICMP_AT, len - IK_IP4_BYTES);
    echo_header(s, f, out);
    /* RFC 1624: type and code become 0, so the checksum gains what they were. */
    const uint32_t sum = (uint32_t)ik_load_be16(f + ICMP_AT + 2) + ik_load_be16(f + ICMP_AT);
    ik_store_be32(out + ICMP_AT, (uint16_t)(sum + (sum >= 0xffff)));
    ik_stack_tally(s, IK_STACK_DELIVERED);
    ik_stack_tally(s, IK_STACK_ECHOED);
    ik_bufs_put(&s->out, b);
}

static inline bool is_echo(const struct look *l)
{
    const uint8_t *f = l->f;
    return l->version == 4 && f[PROTO_AT] == IK_PROTO_ICMP4 && f[ICMP_AT] == IK_ICMP4_ECHO;
}

static bool repeat(struct ik_stack *s, uint8_t port, const struct look *l)
{
    const struct flow *w = flow_of(s->flows, l, port);
    if (!flow_fits(s, w, port, l) || l->len > w->mtu)
        return false;
    if (!w->echo && l->f[l->version == 4 ? TTL_AT : HOPS6_AT] >= 2) {
        forward(s, w, l->f, l->len);
        return true;
    }
    if (!w->echo || !is_echo(l))
        return false;
    const struct ik_rd msg = {l->f + ICMP_AT, l->len - IK_IP4_BYTES};
    if (!ik_cksum_is_right(msg))
        return false;
    echo(s, w, l->f, l->len);
    return true;
}

bool ik_stack_fast_input(struct ik_stack *s, uint8_t port, struct ik_rd frame)
{
    struct look l;
    return s->flows && is_plain(frame, &l) && repeat(s, port, &l);
}

/* ---- learning from the long way -------------------------------------------------------------- */

void ik_stack_fast_watch(struct ik_stack *s, struct ik_rd frame, struct ik_watch *w)
{
    *w = (struct ik_watch){.generation = s->generation};
    struct look l;
    if (!s->flows || !is_plain(frame, &l))
        return;
    w->wanted = is_echo(&l) ? s->flows->may_echo || s->flows->may_forward : s->flows->may_forward;
    w->forwarded = s->count[IK_STACK_FORWARDED];
    w->echoed = s->count[IK_STACK_ECHOED];
    if (w->wanted)
        s->flows->watch = w;
}

/* Only what had exactly one result, sent at once, and is the same for every such packet. */
void ik_stack_fast_learn(struct ik_stack *s, uint8_t port, struct ik_rd frame,
                         const struct ik_watch *w)
{
    s->flows->watch = NULL;
    if (!w->wanted || w->sent != 1 || w->shared || w->generation != s->generation)
        return;
    const bool was_forwarded = s->count[IK_STACK_FORWARDED] == w->forwarded + 1;
    const bool was_echoed = s->count[IK_STACK_ECHOED] == w->echoed + 1;
    if (was_forwarded ? !s->flows->may_forward || w->port == port
                      : !was_echoed || !s->flows->may_echo)
        return;
    struct look l;
    if (!is_plain(frame, &l))
        return;
    /* What left may have been something else that this packet gave rise to, while it waits. */
    if (w->who != (was_forwarded ? IK_WHO_FORWARDED : IK_WHO_NODE) ||
        memcmp(w->dst, was_forwarded ? l.dst : l.src, l.addr_bytes) != 0)
        return;
    struct flow *to = flow_of(s->flows, &l, port);
    const ik_ns age = s->now.mono + FLOW_AGE;
    uint32_t mtu = was_echoed && w->own_mtu < w->mtu ? w->own_mtu : w->mtu;
    mtu = mtu < IK_IP_BYTES_MAX ? mtu : IK_IP_BYTES_MAX;
    *to = (struct flow){.version = l.version,
                        .generation = s->generation,
                        .mtu = (uint16_t)mtu,
                        .in = port,
                        .out = w->port,
                        .until = w->until < age ? w->until : age,
                        .echo = was_echoed};
    memcpy(to->src, l.src, l.addr_bytes);
    memcpy(to->dst, l.dst, l.addr_bytes);
    memcpy(to->head, w->mac, 6);
    memcpy(to->head + 6, s->ifaces[w->port].mac, 6);
    ik_store_be16(to->head + 12, l.version == 4 ? IK_ETHER_IP4 : IK_ETHER_IP6);
}
