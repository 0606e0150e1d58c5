/* SPDX-License-Identifier: MIT
 * The short way of the two packets that nodes mostly see: a plain IPv4 packet to forward, a plain
 * echo request. What the long way found out about who speaks to whom is remembered for a moment:
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
    uint32_t src, dst;
    uint32_t generation; /* 0: free */
    uint16_t mtu;
    uint8_t in, out; /* ports */
    ik_ns until;
    uint8_t mac[6];
    bool echo; /* else forwarded */
};

struct ik_flows {
    uint32_t mask;
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
};

/* Sum of the ten words of a header without options: 0 in the end when its checksum is right. */
static inline uint32_t head_sum(const uint8_t *h)
{
    uint64_t sum = (uint64_t)ik_load_be32(h) + ik_load_be32(h + 4) + ik_load_be32(h + 8) +
                   ik_load_be32(h + 12) + ik_load_be32(h + 16);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum;
}

/* No options, no fragment, all there, header checksum right. */
static inline bool is_plain(struct ik_rd frame)
{
    const uint8_t *f = frame.p;
    if (frame.left < ICMP_AT + ICMP_HEAD || f[VERSION_AT] != 0x45 ||
        ik_load_be16(f + VERSION_AT - 2) != IK_ETHER_IP4)
        return false;
    const uint16_t len = ik_load_be16(f + LENGTH_AT);
    return len >= IK_IP4_BYTES + ICMP_HEAD && len <= frame.left - IK_ETHER_BYTES &&
           !(ik_load_be16(f + FRAGMENT_AT) & 0x3fff) && head_sum(f + VERSION_AT) == 0xffff;
}

static inline struct flow *flow_of(struct ik_flows *t, uint32_t src, uint32_t dst, uint8_t port)
{
    const uint32_t h = (src * 0x9e3779b1u ^ dst * 0x85ebca6bu) + port;
    return &t->flows[(h >> 16 ^ h) & t->mask];
}

static inline bool flow_fits(const struct ik_stack *s, const struct flow *w, uint8_t port,
                             const uint8_t *f)
{
    return w->generation == s->generation && w->until > s->now.mono && w->in == port &&
           w->src == ik_load_be32(f + SRC_AT) && w->dst == ik_load_be32(f + DST_AT) &&
           memcmp(f, s->ifaces[port].mac, 6) == 0 && !(f[6] & 1);
}

/* ---- doing it -------------------------------------------------------------------------------- */

/* A copy of the packet in a buffer, with the frame header that it leaves with. */
static inline struct ik_buf *copy(struct ik_stack *s, const struct flow *w, const uint8_t *f,
                                  uint32_t len)
{
    struct ik_buf *b = ik_stack_pool_take(s, len);
    if (!b)
        return NULL;
    b->start = IK_BUF_HEADROOM - IK_ETHER_BYTES;
    b->len = IK_ETHER_BYTES + len;
    b->port = w->out;
    b->medium = IK_MEDIUM_ETHER;
    uint8_t *out = ik_buf_at(b);
    memcpy(out, w->mac, 6);
    memcpy(out + 6, s->ifaces[w->out].mac, 6);
    ik_store_be16(out + 12, IK_ETHER_IP4);
    memcpy(out + IK_ETHER_BYTES, f + IK_ETHER_BYTES, len);
    return b;
}

static void forward(struct ik_stack *s, const struct flow *w, const uint8_t *f, uint32_t len)
{
    struct ik_buf *b = copy(s, w, f, len);
    if (!b)
        return;
    uint8_t *out = ik_buf_at(b);
    /* RFC 1624: the word with the TTL lost 0x100, so the checksum gains it. */
    const uint32_t sum = ik_load_be16(out + CHECKSUM_AT) + 0x100u;
    out[TTL_AT]--;
    ik_store_be16(out + CHECKSUM_AT, (uint16_t)(sum + (sum >= 0xffff)));
    ik_stack_tally(s, IK_STACK_FORWARDED);
    ik_bufs_put(&s->out, b);
}

static void echo(struct ik_stack *s, const struct flow *w, const uint8_t *f, uint32_t len)
{
    struct ik_buf *b = copy(s, w, f, len);
    if (!b)
        return;
    uint8_t *out = ik_buf_at(b);
    const uint16_t was = ik_load_be16(out + ICMP_AT);
    ik_store_be16(out + ICMP_AT, 0);
    ik_store_be16(out + ICMP_AT + 2, ik_cksum_update(ik_load_be16(out + ICMP_AT + 2), was, 0));
    memcpy(out + SRC_AT, f + DST_AT, 4);
    memcpy(out + DST_AT, f + SRC_AT, 4);
    ik_store_be16(out + ID_AT, ik_stack_output_id(s));
    ik_store_be16(out + FRAGMENT_AT, 0);
    out[TTL_AT] = ik_stack_output_ttl(s);
    ik_store_be16(out + CHECKSUM_AT, 0);
    ik_store_be16(out + CHECKSUM_AT, (uint16_t)~head_sum(out + VERSION_AT));
    ik_stack_tally(s, IK_STACK_DELIVERED);
    ik_stack_tally(s, IK_STACK_ECHOED);
    ik_bufs_put(&s->out, b);
}

static inline bool is_echo(const uint8_t *f)
{
    return f[PROTO_AT] == IK_PROTO_ICMP4 && f[ICMP_AT] == IK_ICMP4_ECHO;
}

bool ik_stack_fast_input(struct ik_stack *s, uint8_t port, struct ik_rd frame)
{
    struct ik_flows *t = s->flows;
    if (!t || !is_plain(frame))
        return false;
    const uint8_t *f = frame.p;
    const uint32_t len = ik_load_be16(f + LENGTH_AT);
    const struct flow *w = flow_of(t, ik_load_be32(f + SRC_AT), ik_load_be32(f + DST_AT), port);
    if (!flow_fits(s, w, port, f) || len > w->mtu)
        return false;
    if (!w->echo && f[TTL_AT] >= 2) {
        forward(s, w, f, len);
        return true;
    }
    const struct ik_rd msg = {f + ICMP_AT, len - IK_IP4_BYTES};
    if (!w->echo || !is_echo(f) || ik_cksum_fold(ik_cksum_add(0, msg)) != 0)
        return false;
    echo(s, w, f, len);
    return true;
}

/* ---- learning from the long way -------------------------------------------------------------- */

void ik_stack_fast_watch(struct ik_stack *s, struct ik_rd frame, struct ik_watch *w)
{
    *w = (struct ik_watch){.generation = s->generation};
    if (!s->flows || !is_plain(frame))
        return;
    w->wanted =
        is_echo(frame.p) ? s->flows->may_echo || s->flows->may_forward : s->flows->may_forward;
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
    const uint8_t *f = frame.p;
    const uint32_t src = ik_load_be32(f + SRC_AT), dst = ik_load_be32(f + DST_AT);
    struct flow *to = flow_of(s->flows, src, dst, port);
    const ik_ns age = s->now.mono + FLOW_AGE;
    uint32_t mtu = was_echoed && w->own_mtu < w->mtu ? w->own_mtu : w->mtu;
    mtu = mtu < IK_IP_BYTES_MAX ? mtu : IK_IP_BYTES_MAX;
    *to = (struct flow){.src = src,
                        .dst = dst,
                        .generation = s->generation,
                        .mtu = (uint16_t)mtu,
                        .in = port,
                        .out = w->port,
                        .until = w->until < age ? w->until : age,
                        .echo = was_echoed};
    memcpy(to->mac, w->mac, 6);
}
