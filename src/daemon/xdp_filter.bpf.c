/* SPDX-License-Identifier: MIT
 * The filter in the kernel. Its rules are those of nft_lines.c, in their order: what can be true of
 * nothing is stopped; what may never be stopped passes, and all of those who are spared; then come
 * the orders. IPv6's errors and echo are only limited. A packet that is not ICMP, or not understood
 * (with a VLAN's tag, cut short, a chain of more than HEADERS headers), passes.
 *
 * Fragments are seen as they are: the first has the message's header and is judged by it; of the
 * others only the orders about fragments speak. */
#include "daemon/xdp_shared.h"

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
    ETHER_IP4 = 0x0800,
    ETHER_IP6 = 0x86dd,

    PROTO_ICMP4 = 1,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_ICMP6 = 58,
    NEXT_HOP_BY_HOP = 0,
    NEXT_ROUTING = 43,
    NEXT_FRAGMENT = 44,
    NEXT_OPTIONS = 60,
    HEADERS = 6,        /* most IPv6 extension headers */
    WALK_MOST = 0x1fff, /* and how far into a frame they may reach */

    ECHO_REPLY4 = 0,
    UNREACHABLE4 = 3,
    FRAG_NEEDED4 = 4,
    ECHO4 = 8,
    EXCEEDED4 = 11,
    PARAMETER4 = 12,
    UNREACHABLE6 = 1,
    TOO_BIG6 = 2,
    EXCEEDED6 = 3,
    PARAMETER6 = 4,
    ECHO6 = 128,
    ECHO_REPLY6 = 129,

    MTU_LEAST6 = 1280,
    FRAGMENT_LAST = 7999, /* in units of 8 bytes: 64,000 bytes and more are too far */

    TCP_IS_LISTENING = 10, /* enum of <net/tcp_states.h> */
    UDP_IS_CONNECTED = 1,

    TRIES = 4, /* to take from a bucket that another processor takes from */
};

#define BIT(kind) (1u << IK_ORDER_##kind)
#define ECHO_KINDS (BIT(BLOCK_PAIR) | BIT(LIMIT_PAIR) | BIT(DROP_GROUP))

struct ether {
    uint8_t dst[6], src[6];
    __be16 type;
};
struct ip4 {
    uint8_t version_ihl, tos;
    __be16 bytes, id, frag;
    uint8_t ttl, proto;
    __be16 checksum;
    uint32_t src, dst;
};
struct ip6 {
    uint8_t version, rest[3];
    __be16 bytes;
    uint8_t next, hops;
    uint32_t src[4], dst[4];
};
struct icmp {
    uint8_t type, code;
    __be16 checksum;
    __be16 word[2];
};
/* Of an IPv6 extension header; of a fragment header all. */
struct header6 {
    uint8_t next, length;
    __be16 frag;
    uint32_t id;
};
struct ports {
    __be16 src, dst;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, uint32_t);
    __type(value, struct ik_xdp_state);
} ik_state SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, IK_XDP_EACH);
    __type(key, uint32_t);
    __type(value, uint64_t);
} ik_each SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, IK_XDP_SLOTS / IK_XDP_COUNTED);
    __type(key, uint32_t);
    __type(value, struct ik_xdp_stopped);
} ik_stopped SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, IK_SPARED_MAX);
    __type(key, struct ik_xdp_spared);
    __type(value, uint8_t);
} ik_spared SEC(".maps");

/* What is known of a packet. */
struct packet {
    struct xdp_md *ctx;
    struct ik_xdp_state *state;
    struct icmp icmp; /* of what is no first fragment: not to be read */
    uint32_t at;      /* where it begins in the frame */
    const void *end;
    uint64_t src[2], dst[2]; /* as in the key of a host */
    uint64_t now;            /* once a slot was found */
    uint32_t number;         /* of that slot */
    uint32_t kinds;          /* a bit for each kind of order that may concern it */
    bool v6, spared, is_fragment;
    uint8_t hops;
    uint16_t offset; /* of a fragment, in units of 8 bytes */
};

/* ---- orders ---------------------------------------------------------------------------------- */

/* By the order in the slot that was found last. */
static __always_inline int stop(const struct packet *p)
{
    const uint32_t element = p->number / IK_XDP_COUNTED;
    struct ik_xdp_stopped *s = bpf_map_lookup_elem(&ik_stopped, &element);
    if (s)
        s->of[p->number % IK_XDP_COUNTED]++;
    return XDP_DROP;
}

static __always_inline uint64_t clock_of(const struct ik_xdp_state *state)
{
    return bpf_jiffies64() * state->tick;
}

static __always_inline bool has_key(const struct ik_xdp_slot *s, const struct ik_xdp_key *k)
{
    return !((s->a[0] ^ k->a[0]) | (s->a[1] ^ k->a[1]) | (s->b[0] ^ k->b[0]) | (s->b[1] ^ k->b[1]) |
             (s->what ^ k->what));
}

/* The slot with this key whose time is not over; NULL: there is none. No key is that of slot 0. */
static __always_inline struct ik_xdp_slot *find(struct packet *p, const struct ik_xdp_key *k)
{
    struct ik_xdp_state *state = p->state;
    const struct ik_xdp_places places = ik_xdp_places(state, k);
    p->number = state->places[places.at[0]] % IK_XDP_SLOTS;
    struct ik_xdp_slot *s = &state->slots[p->number];
    if (!has_key(s, k)) {
        p->number = state->places[places.at[1]] % IK_XDP_SLOTS;
        s = &state->slots[p->number];
        if (!has_key(s, k))
            return NULL;
    }
    p->now = clock_of(state);
    return s->until > p->now ? s : NULL;
}

/* By value: a pointer into the packet's struct would keep all of that in memory. */
static __always_inline struct ik_xdp_slot *find_host(struct packet *p, uint64_t a0, uint64_t a1,
                                                     enum ik_order_kind kind, uint8_t type,
                                                     uint8_t code)
{
    const enum ik_xdp_form form = p->v6 ? IK_XDP_HOST6 : IK_XDP_HOST4;
    const struct ik_xdp_key k = {{a0, a1}, {0, 0}, ik_xdp_what(kind, form, type, code)};
    return find(p, &k);
}

/* Of the source: of its /64, or of itself alone. */
static __always_inline struct ik_xdp_slot *find_source(struct packet *p, enum ik_order_kind kind,
                                                       uint8_t type, uint8_t code)
{
    if (p->v6) {
        const struct ik_xdp_key k = {
            {p->src[0], 0}, {0, 0}, ik_xdp_what(kind, IK_XDP_NET6, type, code)};
        struct ik_xdp_slot *s = find(p, &k);
        if (s)
            return s;
    }
    return find_host(p, p->src[0], p->src[1], kind, type, code);
}

static __always_inline struct ik_xdp_slot *find_pair(struct packet *p, enum ik_order_kind kind)
{
    const enum ik_xdp_form form = p->v6 ? IK_XDP_HOST6 : IK_XDP_HOST4;
    const struct ik_xdp_key k = {
        {p->src[0], p->src[1]}, {p->dst[0], p->dst[1]}, ik_xdp_what(kind, form, 0, 0)};
    return find(p, &k);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static __always_inline bool is_empty(const uint64_t *bucket, struct ik_xdp_limit l, uint64_t now)
{
    return *(const volatile uint64_t *)bucket > now + l.every * (l.burst - 1);
}

/* Takes one; false when none is left. What is refused writes nothing: a flood costs no more than a
 * look. Where processors keep getting in each other's way it is let through. */
static __always_inline bool take(uint64_t *bucket, struct ik_xdp_limit l, uint64_t now)
{
    for (int i = 0; i < TRIES; i++) {
        const uint64_t old = *(volatile uint64_t *)bucket;
        if (old > now + l.every * (l.burst - 1))
            return false;
        const uint64_t new = (old > now ? old : now) + l.every;
        if (__sync_val_compare_and_swap(bucket, old, new) == old)
            return true;
    }
    return true;
}

/* Ten a second from each source, 500 in all. When those are gone nobody is asked who he is: under a
 * flood of made-up sources no bucket but the one is touched, nor spent on what would not pass. */
static __always_inline bool is_flood(struct packet *p, struct ik_xdp_slot *s)
{
    if (is_empty(&s->bucket[0], IK_XDP_ALL, p->now))
        return true;
    const uint32_t i = ik_xdp_each(p->state->sip, p->src[0], p->v6 ? 0 : p->src[1], p->number);
    uint64_t *each = bpf_map_lookup_elem(&ik_each, &i);
    return (each && !take(each, IK_XDP_TEN, p->now)) || !take(&s->bucket[0], IK_XDP_ALL, p->now);
}

/* ---- flows that errors quote ----------------------------------------------------------------- */

enum flow {
    NOBODYS, /* no socket has it; or it cannot be told: neither TCP nor UDP, a fragment, too short
              */
    PERHAPS, /* a UDP socket that talks with anybody has the port */
    OURS,
};

static __always_inline enum flow flow_of(struct packet *p, uint8_t proto, struct bpf_sock_tuple *t,
                                         uint32_t bytes)
{
    if (proto == PROTO_TCP) {
        struct bpf_sock *sk = bpf_skc_lookup_tcp(p->ctx, t, bytes, BPF_F_CURRENT_NETNS, 0);
        if (!sk)
            return NOBODYS;
        const uint32_t state = sk->state;
        bpf_sk_release(sk);
        return state == TCP_IS_LISTENING ? NOBODYS : OURS;
    }
    struct bpf_sock *sk = bpf_sk_lookup_udp(p->ctx, t, bytes, BPF_F_CURRENT_NETNS, 0);
    if (!sk)
        return NOBODYS;
    const uint32_t state = sk->state;
    bpf_sk_release(sk);
    return state == UDP_IS_CONNECTED ? OURS : PERHAPS;
}

static __always_inline enum flow quoted4(struct packet *p)
{
    const uint32_t at = p->at + sizeof(struct icmp);
    struct ip4 q;
    struct ports ports;
    if (bpf_xdp_load_bytes(p->ctx, at, &q, sizeof(q)) ||
        (q.proto != PROTO_TCP && q.proto != PROTO_UDP) || q.frag & bpf_htons(0x1fff) ||
        q.src != p->dst[1] ||
        bpf_xdp_load_bytes(p->ctx, at + (q.version_ihl & 15u) * 4u, &ports, sizeof(ports)))
        return NOBODYS;
    struct bpf_sock_tuple t;
    t.ipv4.saddr = q.dst;
    t.ipv4.daddr = q.src;
    t.ipv4.sport = ports.dst;
    t.ipv4.dport = ports.src;
    return flow_of(p, q.proto, &t, sizeof(t.ipv4));
}

static __always_inline enum flow quoted6(struct packet *p)
{
    const uint32_t at = p->at + sizeof(struct icmp);
    struct ip6 q;
    struct ports ports;
    if (bpf_xdp_load_bytes(p->ctx, at, &q, sizeof(q)) ||
        (q.next != PROTO_TCP && q.next != PROTO_UDP) ||
        bpf_xdp_load_bytes(p->ctx, at + sizeof(q), &ports, sizeof(ports)))
        return NOBODYS;
    struct bpf_sock_tuple t;
    __builtin_memcpy(t.ipv6.saddr, q.dst, sizeof(q.dst));
    __builtin_memcpy(t.ipv6.daddr, q.src, sizeof(q.src));
    t.ipv6.sport = ports.dst;
    t.ipv6.dport = ports.src;
    return flow_of(p, q.next, &t, sizeof(t.ipv6));
}

/* An error about a flow that is ours passes. One that may be about a datagram of ours is held to
 * what all of them may be: a socket that is not connected is told of errors only if it asks. */
static __always_inline bool is_strange(struct packet *p, struct ik_xdp_slot *s)
{
    const enum flow flow = p->v6 ? quoted6(p) : quoted4(p);
    if (flow == OURS)
        return false;
    if (flow == PERHAPS)
        return !take(&s->bucket[1], IK_XDP_ALL, p->now);
    return !take(&s->bucket[0], IK_XDP_TEN, p->now);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static __always_inline bool is_echo(bool v6, uint8_t type)
{
    return v6 ? type == ECHO6 || type == ECHO_REPLY6 : type == ECHO4 || type == ECHO_REPLY4;
}

static __always_inline bool is_error(bool v6, uint8_t type)
{
    return v6 ? type == UNREACHABLE6 || type == EXCEEDED6 || type == PARAMETER6
              : type == UNREACHABLE4 || type == EXCEEDED4 || type == PARAMETER4;
}

/* Without these there is no link, and no path MTU (RFC 4890 sections 4.3.1 and 4.4.1). */
static __always_inline bool is_vital(const struct packet *p, uint8_t type, uint8_t code)
{
    if (!p->v6)
        return type == UNREACHABLE4 && code == FRAG_NEEDED4;
    return type == TOO_BIG6 || (type >= 130 && type <= 137) || (type >= 141 && type <= 143) ||
           type == 148 || type == 149 || (type >= 151 && type <= 153);
}

static __always_inline int judge_group(struct packet *p)
{
    if (!p->v6)
        return find_host(p, p->src[0], p->src[1], IK_ORDER_DROP_GROUP, 0, 0) ||
                       find_host(p, p->dst[0], p->dst[1], IK_ORDER_DROP_GROUP, 0, 0)
                   ? stop(p)
                   : XDP_PASS;
    struct ik_xdp_slot *s = find_host(p, p->dst[0], p->dst[1], IK_ORDER_DROP_GROUP, 0, 0);
    return s && !take(&s->bucket[0], IK_XDP_TEN, p->now) ? stop(p) : XDP_PASS;
}

static __always_inline int judge_echo(struct packet *p)
{
    struct ik_xdp_slot *s;
    if (!p->v6 && p->kinds & BIT(BLOCK_PAIR) && find_pair(p, IK_ORDER_BLOCK_PAIR))
        return stop(p);
    if (p->kinds & BIT(LIMIT_PAIR) && (s = find_pair(p, IK_ORDER_LIMIT_PAIR)) &&
        !take(&s->bucket[0], IK_XDP_ONE, p->now))
        return stop(p);
    return p->kinds & BIT(DROP_GROUP) ? judge_group(p) : XDP_PASS;
}

/* What cannot be true, wherever it comes from. */
static __always_inline int judge_lies(struct packet *p, uint8_t type, uint8_t code)
{
    if (p->kinds & BIT(DROP_MTU)) {
        const uint16_t mtu = bpf_ntohs(p->icmp.word[1]);
        const bool is_lie =
            p->v6 ? type == TOO_BIG6 && !p->icmp.word[0] && mtu < MTU_LEAST6
                  : type == UNREACHABLE4 && code == FRAG_NEEDED4 && mtu && mtu < IK_ORDER_MTU4;
        if (is_lie && find_host(p, p->dst[0], p->dst[1], IK_ORDER_DROP_MTU, 0, 0))
            return stop(p);
    }
    if (p->v6 && p->kinds & BIT(DROP_HOP_LIMIT) && type >= 133 && type <= 137 && p->hops != 255 &&
        find_source(p, IK_ORDER_DROP_HOP_LIMIT, 0, 0))
        return stop(p);
    return XDP_PASS;
}

/* Echo is what most floods are made of: it is none of what the first rules are about. */
static __always_inline int judge_message(struct packet *p)
{
    const uint8_t type = p->icmp.type, code = p->icmp.code;
    const bool echo = is_echo(p->v6, type);
    struct ik_xdp_slot *s;
    if (!echo && judge_lies(p, type, code) == XDP_DROP)
        return XDP_DROP;
    if (p->spared || (!echo && is_vital(p, type, code)))
        return XDP_PASS;
    if (p->kinds & BIT(DROP_KIND) && find_source(p, IK_ORDER_DROP_KIND, type, code))
        return stop(p);
    if (echo && p->kinds & ECHO_KINDS && judge_echo(p) == XDP_DROP)
        return XDP_DROP;
    if (p->kinds & BIT(LIMIT_SOURCE) && (s = find_source(p, IK_ORDER_LIMIT_SOURCE, type, 0)) &&
        !take(&s->bucket[0], IK_XDP_TEN, p->now))
        return stop(p);
    if (p->kinds & BIT(LIMIT_DST) &&
        (s = find_host(p, p->dst[0], p->dst[1], IK_ORDER_LIMIT_DST, type, 0)) && is_flood(p, s))
        return stop(p);
    if (p->kinds & BIT(LIMIT_UNKNOWN) && is_error(p->v6, type) &&
        (s = find_host(p, p->dst[0], p->dst[1], IK_ORDER_LIMIT_UNKNOWN, 0, 0)) && is_strange(p, s))
        return stop(p);
    return XDP_PASS;
}

/* No message that may not be stopped is long enough to be cut up (RFC 1812 section 4.3.2.3, RFC
 * 6980). */
static __always_inline int judge_fragment(struct packet *p)
{
    struct ik_xdp_slot *s;
    if (p->spared)
        return XDP_PASS;
    if (p->kinds & BIT(DROP_OVERSIZE) && p->offset > FRAGMENT_LAST &&
        find_host(p, p->dst[0], p->dst[1], IK_ORDER_DROP_OVERSIZE, 0, 0))
        return stop(p);
    if (p->kinds & BIT(LIMIT_FRAGMENT) && (s = find_source(p, IK_ORDER_LIMIT_FRAGMENT, 0, 0)) &&
        !take(&s->bucket[0], IK_XDP_TEN, p->now))
        return stop(p);
    return XDP_PASS;
}

/* The message's header, which lies at `usual` unless something stands before it. What lies
 * elsewhere the kernel gets for us: pointers that move by what a packet says need one privilege
 * more. False: it is cut short. */
static __always_inline bool fetch(struct packet *p, const struct icmp *usual)
{
    if (p->at) {
        struct icmp copy; /* the packet's struct itself may stay in registers */
        if (bpf_xdp_load_bytes(p->ctx, p->at, &copy, sizeof(copy)))
            return false;
        p->icmp = copy;
        return true;
    }
    if ((const void *)(usual + 1) > p->end)
        return false;
    p->at = sizeof(struct ether) + (p->v6 ? sizeof(struct ip6) : sizeof(struct ip4));
    p->icmp = *usual;
    return true;
}

static __always_inline int judge(struct packet *p, const struct icmp *usual)
{
    if (p->is_fragment && judge_fragment(p) == XDP_DROP)
        return XDP_DROP;
    if (p->offset || !fetch(p, usual))
        return XDP_PASS;
    return judge_message(p);
}

/* ---- packets --------------------------------------------------------------------------------- */

/* Whom its addresses may concern. `wide`: the source may be spared, though no word says so. False:
 * nobody. */
static __always_inline bool concerns(struct packet *p, bool wide)
{
    const struct ik_xdp_state *state = p->state;
    const uint32_t from = state->from[ik_xdp_word(state, p->src[0], p->v6 ? 0 : p->src[1])];
    p->kinds = from | state->to[ik_xdp_word(state, p->dst[0], p->dst[1])];
    p->kinds &= (1u << IK_ORDERS) - 1;
    if (!p->kinds)
        return false;
    p->spared = false;
    if (wide || from & 1u << IK_XDP_SPARED) {
        struct ik_xdp_spared k = {.bits = 8 + (p->v6 ? 128 : 32), .bytes = {p->v6 ? 6 : 4}};
        if (p->v6) {
            const uint64_t src[2] = {p->src[0], p->src[1]};
            __builtin_memcpy(k.bytes + 1, src, 16);
        } else {
            const uint32_t src = (uint32_t)p->src[1];
            __builtin_memcpy(k.bytes + 1, &src, 4);
        }
        p->spared = bpf_map_lookup_elem(&ik_spared, &k);
    }
    return true;
}

static __always_inline int judge4(struct packet *p, const void *at)
{
    const struct ip4 *ip = at;
    if ((const void *)(ip + 1) > p->end || ip->proto != PROTO_ICMP4 ||
        (ip->version_ihl & 0xf0) != 0x40 || (ip->version_ihl & 0x0f) < 5)
        return XDP_PASS;
    const uint8_t *src = (const uint8_t *)&ip->src;
    const uint16_t net = (uint16_t)(src[0] << 8 | src[1]), frag = bpf_ntohs(ip->frag);
    p->v6 = false;
    p->src[0] = p->dst[0] = 0;
    p->src[1] = ip->src;
    p->dst[1] = ip->dst;
    if (!concerns(p, p->state->wide[0] && p->state->wide4[net / 8] & 1u << net % 8))
        return XDP_PASS;
    p->is_fragment = frag & 0x3fff;
    p->offset = frag & 0x1fff;
    const uint32_t header = (ip->version_ihl & 0x0f) * 4u;
    p->at = header == sizeof(*ip) ? 0 : sizeof(struct ether) + header;
    return judge(p, (const void *)(ip + 1));
}

/* Bits of what ik_xdp_walk6 returns. */
enum { WALKED_OFFSET = 16, WALKED_FRAGMENT = 30, WALKED_ICMP = 31 };

/* Goes along the extension headers from `at` in the frame, of which the first is a `next`. Returns
 * where what follows them begins, a fragment's offset, whether it is one, and whether it is ICMP.
 * Not static: the kernel's verifier looks at it by itself, and not at all that may follow each way
 * through it. */
__attribute__((noinline)) uint32_t ik_xdp_walk6(struct xdp_md *ctx, uint32_t at, uint32_t next)
{
    uint32_t fragment = 0;
    for (int i = 0; i < HEADERS && next != PROTO_ICMP6; i++) {
        if (at > WALK_MOST)
            return 0;
        struct header6 h;
        if (bpf_xdp_load_bytes(ctx, at, &h, sizeof(h)))
            return 0;
        if (next == NEXT_FRAGMENT) {
            const uint32_t offset = bpf_ntohs(h.frag) >> 3;
            fragment = 1u << WALKED_FRAGMENT | offset << WALKED_OFFSET;
            at += 8;
            next = h.next;
            if (offset)
                break;
        } else if (next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_OPTIONS) {
            at += 8 + 8 * (uint32_t)h.length;
            next = h.next;
        } else {
            return 0;
        }
    }
    return next == PROTO_ICMP6 && at <= WALK_MOST ? 1u << WALKED_ICMP | fragment | at : 0;
}

static __always_inline int judge6(struct packet *p, const void *at)
{
    const struct ip6 *ip = at;
    if ((const void *)(ip + 1) > p->end || ip->version >> 4 != 6)
        return XDP_PASS;
    p->v6 = true;
    p->hops = ip->hops;
    __builtin_memcpy(p->src, ip->src, 16);
    __builtin_memcpy(p->dst, ip->dst, 16);
    p->is_fragment = false;
    p->offset = 0;
    p->at = 0;
    if (ip->next != PROTO_ICMP6) {
        if (ip->next == PROTO_TCP || ip->next == PROTO_UDP)
            return XDP_PASS;
        const uint32_t walked =
            ik_xdp_walk6(p->ctx, sizeof(struct ether) + sizeof(struct ip6), ip->next);
        if (!(walked >> WALKED_ICMP))
            return XDP_PASS;
        p->is_fragment = walked >> WALKED_FRAGMENT & 1;
        p->offset = walked >> WALKED_OFFSET & 0x1fff;
        p->at = walked & WALK_MOST;
    }
    return concerns(p, p->state->wide[1]) ? judge(p, (const void *)(ip + 1)) : XDP_PASS;
}

/* "frags": that an interface of large frames takes it too.
 */
SEC("xdp.frags")
int ik_xdp_filter(struct xdp_md *ctx)
{
    const uint32_t zero = 0;
    struct ik_xdp_state *state = bpf_map_lookup_elem(&ik_state, &zero);
    if (!state || !state->kinds)
        return XDP_PASS;
    const struct ether *ether = (const void *)(long)ctx->data;
    struct packet p = {.ctx = ctx, .state = state, .end = (const void *)(long)ctx->data_end};
    if ((const void *)(ether + 1) > p.end)
        return XDP_PASS;
    if (ether->type == bpf_htons(ETHER_IP4))
        return judge4(&p, ether + 1);
    return ether->type == bpf_htons(ETHER_IP6) ? judge6(&p, ether + 1) : XDP_PASS;
}

/* Tells what time it is for the filter. Attached nowhere. */
SEC("xdp")
int ik_xdp_clock(struct xdp_md *ctx)
{
    const uint32_t zero = 0;
    struct ik_xdp_state *state = bpf_map_lookup_elem(&ik_state, &zero);
    (void)ctx;
    if (state)
        state->now = clock_of(state);
    return XDP_PASS;
}

const char _license[] SEC("license") = "Dual MIT/GPL";
