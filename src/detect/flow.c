/* SPDX-License-Identifier: MIT
 * Recent flows of both directions, so that an error can be held against what it quotes: was that
 * packet sent, was its sequence number in flight, and did the error come from where the packet was
 * handed to. A flow is TCP or UDP between two ports, an ICMP identifier between two hosts, or
 * another protocol between them; parts of datagrams, which have no ports, are one of the latter.
 *
 * Flows stand in sets of four. The key of a flow is a keyed hash that nobody can aim at. A new flow
 * takes the place of one that nobody answered, else of the one idle for longest; when that was
 * there a short time ago, the set remembers: what is not found in it was not observed. */
#include "detect/sight.h"

#include "base/rd.h"

#include <string.h>

enum {
    SETS = 16384,
    WAYS = 4,
    /* A generation of hosts that were seen to send: four bits of one word each, so that one of many
     * thousands that never did is hardly ever taken for one. */
    HOST_WORDS = 1 << 15,
    /* Sequence numbers this far outside of what was seen in flight are let pass: captures lose
     * frames, and an error may come after an acknowledgement that took a shorter way. It lets one
     * guess in 2,000 pass. */
    SLACK = 1 << 20,
    WINDOW_MAX = 1 << 30, /* RFC 7323 section 2.3: what can be in flight at most */
};

/* An error comes at most so long after its packet: the time after which nobody waits for an answer
 * (RFC 8200 section 4.5 keeps fragments as long). */
#define RECENT (60 * IK_NS_PER_S)
/* A host that sent nothing for so long may as well have gone over to another way. */
#define GENERATION (300 * IK_NS_PER_S)
#define UNITS_SHIFT 26 /* of struct flow.seen: 67 ms */

/* Captures may leave out some protocols: each is to be seen before something is missing of it. */
enum kind { KIND_TCP, KIND_UDP, KIND_ICMP, KIND_OTHER, KINDS };

enum { KNOW_NEXT = 1, KNOW_ACKED = 4, SENT = 16 }; /* of direction 0; direction 1 is one bit left */

/* Direction 0 is from the lower address. */
struct flow {
    uint32_t tag;    /* of the hash; 0: nobody */
    uint32_t seen;   /* when, in units since the first packet */
    uint16_t hop[2]; /* what is left of the link address that it is handed to; 0: none */
    uint8_t ttl[2];  /* of that packet: copies behind a router have less */
    uint8_t known;
    uint8_t noted; /* generation in which the senders were noted, four bits each; 0: none */
};
_Static_assert(sizeof(struct flow) == 16, "a set is a cache line");

/* What else is known of TCP: SND.NXT and SND.UNA of each direction. */
struct tcp_ends {
    uint32_t next[2], acked[2];
};

/* The bits of a host that was seen to send. */
struct host {
    uint32_t word;
    uint64_t bits;
};

struct flows {
    bool begun;
    bool has[KINDS]; /* packets of the kind were seen, from `since` on */
    ik_ns since[KINDS];
    ik_ns first, turned; /* first packet, and when the present generation of hosts began */
    unsigned young;      /* generation of the two */
    uint8_t generation;  /* from 1 to 15 */
    uint64_t evicted;
    _Alignas(64) uint64_t hosts[2][HOST_WORDS];
    uint32_t lost[SETS]; /* when a recent flow gave way, in units; 0: none did */
    _Alignas(64) struct flow flow[SETS][WAYS];
    _Alignas(64) struct tcp_ends ends[SETS * WAYS]; /* in the order of flow */
};

static struct tcp_ends *ends_of(struct flows *t, const struct flow *f)
{
    return &t->ends[f - t->flow[0]];
}

static uint32_t units_of(const struct flows *t, ik_ns now)
{
    return (uint32_t)((now - t->first) >> UNITS_SHIFT) + 1;
}

static uint32_t recent_units(void)
{
    return (uint32_t)(RECENT >> UNITS_SHIFT);
}

/* ---- names ----------------------------------------------------------------------------------- */

static enum kind kind_of(uint8_t proto)
{
    switch (proto) {
    case IK_PROTO_TCP:
        return KIND_TCP;
    case IK_PROTO_UDP:
        return KIND_UDP;
    case IK_PROTO_ICMP4:
    case IK_PROTO_ICMP6:
        return KIND_ICMP;
    default:
        return KIND_OTHER;
    }
}

/* The same protocols as those of which a quote knows ports. */
static bool has_ports(uint8_t proto)
{
    enum { DCCP = 33, SCTP = 132, UDPLITE = 136 };
    return proto == IK_PROTO_TCP || proto == IK_PROTO_UDP || proto == DCCP || proto == SCTP ||
           proto == UDPLITE;
}

/* The end of splitmix64: `pair` is secret, and with it which flows meet in a set. */
static uint64_t mixed(uint64_t pair, uint64_t what)
{
    uint64_t z = pair ^ what * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* `ports`: source and destination, or an identifier in both halves; UINT32_MAX + 1 and more for
 * none. */
#define NO_PORTS ((uint64_t)1 << 40)

/* `from_lower`, `from_higher`: whose address is the lower one; neither for a host and itself. */
static struct ik_flow_name name_of(uint64_t pair, uint8_t proto, bool from_lower, bool from_higher,
                                   uint64_t ports)
{
    const uint32_t both = (uint32_t)ports, other = both << 16 | both >> 16;
    const bool way = !from_lower && (from_higher || both > other);
    const uint64_t ordered = (ports & NO_PORTS) | (way ? other : both);
    return (struct ik_flow_name){.hash = mixed(pair, ordered | (uint64_t)proto << 32),
                                 .ports = ports,
                                 .kind = (uint8_t)kind_of(proto),
                                 .way = way,
                                 .known = true};
}

static struct ik_flow_name name_of_packet(const struct ik_sight *s, uint64_t ports)
{
    return name_of(s->pair_hash, s->p->ip.proto, s->upward,
                   !s->upward && s->host_hash != s->dst_hash, ports);
}

/* ---- the table ------------------------------------------------------------------------------- */

static uint32_t set_of(uint64_t hash)
{
    return (uint32_t)hash % SETS;
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

static struct flow *find(struct flows *t, uint64_t hash)
{
    struct flow *set = t->flow[set_of(hash)];
    const uint32_t tag = tag_of(hash);
    const unsigned ways = (unsigned)(set[0].tag == tag) | (unsigned)(set[1].tag == tag) << 1 |
                          (unsigned)(set[2].tag == tag) << 2 | (unsigned)(set[3].tag == tag) << 3;
    return ways ? &set[__builtin_ctz(ways)] : NULL;
}

static bool is_answered(const struct flow *f)
{
    return (f->known & (SENT | SENT << 1)) == (SENT | SENT << 1);
}

/* The more, the sooner it gives way: a free place, who was idle for long, who was never answered (a
 * flood of forged packets makes such), the one idle for longest. */
static uint32_t weight(const struct flow *f, uint32_t units)
{
    const uint32_t idle_max = 1 << 30, age = units - f->seen;
    const uint32_t idle = age < idle_max ? age : idle_max;
    const bool spared = (unsigned)is_answered(f) & (unsigned)(idle < recent_units());
    return f->tag ? idle + (spared ? 1 : idle_max) : UINT32_MAX;
}

/* The first of those that weigh most: without a branch a way, nobody can foresee which it is. */
static struct flow *victim(struct flow *set, uint32_t units)
{
    const uint32_t w[WAYS] = {weight(&set[0], units), weight(&set[1], units),
                              weight(&set[2], units), weight(&set[3], units)};
    const uint32_t low = w[1] > w[0], high = 2 + (w[3] > w[2]);
    return &set[w[high] > w[low] ? high : low];
}

static struct flow *find_or_make(struct flows *t, uint64_t hash, uint32_t units)
{
    struct flow *f = find(t, hash);
    if (f)
        return f;
    f = victim(t->flow[set_of(hash)], units);
    if (f->tag && units - f->seen < recent_units()) {
        t->evicted++;
        t->lost[set_of(hash)] = units;
    }
    *f = (struct flow){.tag = tag_of(hash)};
    return f;
}

/* ---- hosts that send ------------------------------------------------------------------------- */

static uint64_t host_mixed(uint64_t hash, enum kind kind)
{
    return (hash ^ (uint64_t)kind << 56) * 0x9e3779b97f4a7c15u;
}

static uint32_t host_word(uint64_t mixed)
{
    return (uint32_t)(mixed >> 24) % HOST_WORDS;
}

static struct host host_of(uint64_t hash, enum kind kind)
{
    const uint64_t z = host_mixed(hash, kind);
    const uint64_t bits = (uint64_t)1 << (z >> 58) | (uint64_t)1 << (z >> 52 & 63) |
                          (uint64_t)1 << (z >> 46 & 63) | (uint64_t)1 << (z >> 40 & 63);
    return (struct host){host_word(z), bits};
}

static void turn(struct flows *t, ik_ns now)
{
    if (now - t->turned <= GENERATION)
        return;
    t->young ^= 1;
    memset(t->hosts[t->young], 0, sizeof(t->hosts[0]));
    if (now - t->turned > 2 * GENERATION)
        memset(t->hosts[t->young ^ 1], 0, sizeof(t->hosts[0]));
    t->turned = now;
    t->generation = (uint8_t)(t->generation % 15 + 1);
}

/* Notes who sends in this direction of the flow, once in a generation. What goes to a group says
 * nothing of the way that other packets take. */
static void host_note(struct flows *t, const struct ik_sight *s, struct flow *f,
                      const struct ik_flow_name *n)
{
    const unsigned shift = n->way ? 4 : 0;
    if ((f->noted >> shift & 15) == t->generation || s->dst_spread == IK_SPREAD_MULTICAST)
        return;
    const struct host sender = host_of(s->host_hash, (enum kind)n->kind);
    f->noted = (uint8_t)((f->noted & 0xf0 >> shift) | t->generation << shift);
    t->hosts[t->young][sender.word] |= sender.bits;
    if (!t->has[n->kind])
        t->since[n->kind] = s->now;
    t->has[n->kind] = true;
}

static bool host_sends(const struct flows *t, uint64_t host, enum kind kind)
{
    const struct host h = host_of(host, kind);
    return (t->hosts[0][h.word] & h.bits) == h.bits || (t->hosts[1][h.word] & h.bits) == h.bits;
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static bool is_beyond(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

/* Raises what is known of a direction; a new connection starts from its own number. */
static void raise(struct flow *f, uint32_t *value, uint8_t bit, uint32_t to, bool anew)
{
    if (anew || !(f->known & bit) || is_beyond(to, *value))
        *value = to;
    f->known |= bit;
}

static void learn_tcp(struct flows *t, struct flow *f, int way, const struct ik_ip *ip)
{
    struct tcp_ends *e = ends_of(t, f);
    struct ik_tcp tcp;
    if (ik_tcp_decode(&tcp, ip->payload, NULL))
        return;
    /* The capture may have cut the data off: lengths are those of the headers. */
    const uint32_t headers = ip->header_bytes + tcp.header_bytes;
    const uint32_t data = ip->total_bytes > headers ? ip->total_bytes - headers : 0;
    const bool syn = tcp.flags & IK_TCP_SYN;
    const uint32_t end = tcp.seq + data + syn + (tcp.flags & IK_TCP_FIN ? 1 : 0);
    if (!(tcp.flags & IK_TCP_RST)) /* a reset may be anybody's guess */
        raise(f, &e->next[way], (uint8_t)(KNOW_NEXT << way), end, syn);
    if (syn)
        raise(f, &e->acked[way], (uint8_t)(KNOW_ACKED << way), tcp.seq, true);
    if (tcp.flags & IK_TCP_ACK && !(tcp.flags & IK_TCP_RST))
        raise(f, &e->acked[!way], (uint8_t)(KNOW_ACKED << !way), tcp.ack, syn);
}

/* What two link addresses are told apart by; 0 where there is none, and for the addresses that
 * several routers share (VRRP, HSRP, GLBP): those answer under their own. */
static uint16_t hop_of(const uint8_t mac[6])
{
    enum { VRRP = 0x00005e00, HSRP = 0x00000c07, GLBP = 0x0007b400 };
    const uint32_t maker = ik_load_be32(mac);
    if (maker == VRRP || maker == HSRP || maker == GLBP)
        return 0;
    const uint32_t high = ik_load_be16(mac), low = ik_load_be32(mac + 2);
    return (uint16_t)(((high ^ low) * 0x9e3779b1u ^ low) >> 16);
}

static void learn_hop(struct flow *f, int way, const struct ik_look_packet *p, bool stale)
{
    if (!stale && p->ip.ttl < f->ttl[way])
        return;
    f->ttl[way] = p->ip.ttl;
    f->hop[way] = hop_of(p->layers.dst_mac);
}

static void enter(struct flows *t, const struct ik_sight *s, const struct ik_flow_name *n)
{
    const uint32_t units = units_of(t, s->now);
    struct flow *f = find_or_make(t, n->hash, units);
    learn_hop(f, n->way, s->p, units - f->seen > recent_units());
    f->seen = units;
    f->known = (uint8_t)(f->known | SENT << n->way);
    host_note(t, s, f, n);
    if (n->kind == KIND_TCP && !s->p->ip.fragment)
        learn_tcp(t, f, n->way, &s->p->ip);
}

/* Source and destination port, or the identifier of an echo, timestamp, information or mask message
 * (the only ones of which a quote says who they are); NO_PORTS for what has neither. */
static uint64_t ports_of(const struct ik_look_packet *p)
{
    const struct ik_ip *ip = &p->ip;
    if (ip->offset_bytes)
        return NO_PORTS;
    if (has_ports(ip->proto))
        return ip->payload.left >= 4 ? ik_load_be32(ip->payload.p) : NO_PORTS;
    if (!p->has_icmp)
        return NO_PORTS;
    switch (p->icmp.kind) {
    case IK_ICMP_ECHO:
    case IK_ICMP_TIMESTAMP:
    case IK_ICMP_INFORMATION:
    case IK_ICMP_MASK:
        return ik_load_be16(ip->payload.p + 4) * (uint64_t)0x10001;
    default:
        return NO_PORTS;
    }
}

static void note(struct flows *t, const struct ik_sight *s)
{
    if (!s->flow.known)
        return;
    turn(t, s->now);
    enter(t, s, &s->flow);
    /* A router may quote any part of a datagram, and only the first one has ports. */
    if (s->p->ip.fragment && s->flow.ports != NO_PORTS) {
        const struct ik_flow_name whole = name_of_packet(s, NO_PORTS);
        enter(t, s, &whole);
    }
}

/* ---- what is quoted -------------------------------------------------------------------------- */

/* An IPv6 redirect has the packet in an option (RFC 4861 section 4.6.3). */
static const struct ik_quote *redirected(const struct ik_look_packet *p, struct ik_quote *quote)
{
    struct ik_rd options = p->icmp.redirect.options;
    struct ik_ndopt option;
    struct ik_ndopt_view view;
    while (!ik_ndopt_take(&options, &option, NULL)) {
        if (!ik_ndopt_decode(&view, &option, NULL) && view.kind == IK_NDOPT_KIND_REDIRECTED)
            return ik_quote_decode(quote, view.redirected.packet, NULL) ? NULL : quote;
    }
    return NULL;
}

static bool quoted_ports(const struct ik_quote *q, uint64_t *ports)
{
    *ports = NO_PORTS;
    if (q->ip.offset_bytes)
        return true;
    if (q->has & IK_QUOTE_PORTS)
        *ports = (uint64_t)q->sport << 16 | q->dport;
    else if (q->has & IK_QUOTE_ICMP_ECHO)
        *ports = q->icmp_id * (uint64_t)0x10001;
    else
        return !has_ports(q->ip.proto) && kind_of(q->ip.proto) != KIND_ICMP;
    return true;
}

/* Packets around other packets: flows are those of the innermost, so the outer one is not known
 * by itself. Parts are not either, where a card cut them after the capture. */
static bool is_hidden(const struct ik_quote *q)
{
    enum { IP4 = 4, IP6 = 41, GRE = 47, MPLS = 137, ETHERNET = 143 };
    enum { VXLAN = 4789, VXLAN_LINUX = 8472, GENEVE = 6081, MPLS_UDP = 6635 };
    if (q->ip.offset_bytes)
        return true;
    switch (q->ip.proto) {
    case IP4:
    case IP6:
    case GRE:
    case MPLS:
    case ETHERNET:
    case IK_PROTO_AH:
        return true;
    case IK_PROTO_UDP:
        return q->dport == VXLAN || q->dport == VXLAN_LINUX || q->dport == GENEVE ||
               q->dport == MPLS_UDP;
    default:
        return false;
    }
}

/* Whether what is not found would have been there, had it been sent. */
static enum ik_quoted missing(const struct flows *t, const struct ik_sight *s,
                              const struct ik_quote *q, struct ik_flow_name n)
{
    const uint32_t lost = t->lost[set_of(n.hash)];
    if (is_hidden(q) || (lost && units_of(t, s->now) - lost < recent_units()))
        return IK_QUOTED_UNOBSERVED;
    if (!t->has[n.kind] || s->now - t->since[n.kind] < RECENT)
        return IK_QUOTED_UNOBSERVED;
    if (!host_sends(t, ik_sight_host(s->cfg, &q->ip.src), (enum kind)n.kind))
        return IK_QUOTED_UNOBSERVED;
    return IK_QUOTED_UNKNOWN;
}

/* RFC 5927 section 4.1: SND.UNA <= SEG.SEQ <= SND.NXT, as far as both were seen. */
static bool is_in_flight(const struct flow *f, const struct tcp_ends *e, int way, uint32_t seq)
{
    const bool next = f->known & KNOW_NEXT << way, acked = f->known & KNOW_ACKED << way;
    if (!next && !acked)
        return true;
    uint32_t from = acked ? e->acked[way] : e->next[way] - WINDOW_MAX;
    uint32_t to = next ? e->next[way] : e->acked[way] + WINDOW_MAX;
    if (is_beyond(from, to)) /* frames were lost: more was acknowledged than was seen */
        to = from;
    from -= SLACK;
    to += SLACK;
    return seq - from <= to - from;
}

static enum ik_via via_of(const struct flow *f, int way, const struct ik_look_packet *p)
{
    const uint16_t from = hop_of(p->layers.src_mac);
    if (!f->hop[way] || !from)
        return IK_VIA_UNKNOWN;
    return f->hop[way] == from ? IK_VIA_SENDER : IK_VIA_OTHER;
}

static void judge(struct flows *t, struct ik_sight *s, const struct ik_quote *q,
                  struct ik_flow_name n)
{
    const struct flow *f = find(t, n.hash);
    if (!f) {
        s->quoted = missing(t, s, q, n);
        return;
    }
    /* Packets of the other direction alone mean that this one goes another way. */
    s->quoted = f->known & SENT << n.way ? IK_QUOTED_KNOWN : IK_QUOTED_UNOBSERVED;
    s->quoted_in_window =
        !(q->has & IK_QUOTE_TCP_SEQ) || is_in_flight(f, ends_of(t, f), n.way, q->tcp_seq);
    s->quoted_via = via_of(f, n.way, s->p);
}

/* ---- the part -------------------------------------------------------------------------------- */

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct flows);
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

/* The packet is an error, and quotes something. */
static const struct ik_quote *quoted(const struct ik_sight *s)
{
    return s->icmp && s->p->icmp.kind == IK_ICMP_ERROR && s->p->has_quote ? &s->p->quote : NULL;
}

static void expect_quoted(struct ik_sight *s, const struct ik_quote *q, uint64_t pair)
{
    uint64_t ports;
    s->flow.known = q && quoted_ports(q, &ports);
    if (s->flow.known)
        s->flow = name_of(pair, q->ip.proto, ik_sight_is_lower(&q->ip.src, &q->ip.dst),
                          ik_sight_is_lower(&q->ip.dst, &q->ip.src), ports);
}

static void fetch(const struct flows *t, const struct ik_flow_name *n)
{
    __builtin_prefetch(t->flow[set_of(n->hash)], 1);
    if (n->kind == KIND_TCP)
        __builtin_prefetch(&t->ends[set_of(n->hash) * WAYS], 1);
}

static void expect(const void *state, struct ik_sight *s)
{
    const struct flows *t = state;
    const struct ik_quote *q = quoted(s);
    if (q) {
        expect_quoted(s, q, s->quoted_pair);
        if (s->flow.known)
            fetch(t, &s->flow);
        return;
    }
    const uint64_t ports = ports_of(s->p);
    s->flow.known = ports != NO_PORTS || !s->icmp; /* or a quote could not name it */
    if (!s->flow.known)
        return;
    s->flow = name_of_packet(s, ports);
    fetch(t, &s->flow);
    const uint64_t sender = host_mixed(s->host_hash, (enum kind)s->flow.kind);
    __builtin_prefetch(&t->hosts[t->young][host_word(sender)], 1);
}

static void input(void *state, struct ik_sight *s)
{
    struct flows *t = state;
    struct ik_quote redirect;
    if (!t->begun) {
        t->begun = true;
        t->first = t->turned = s->now;
        t->generation = 1;
    }
    const struct ik_quote *q = quoted(s);
    if (s->icmp && s->p->icmp.kind == IK_ICMP_REDIRECT) {
        q = redirected(s->p, &redirect);
        expect_quoted(s, q, q ? ik_sight_pair(s->cfg, &q->ip.src, &q->ip.dst) : 0);
    } else if (!s->icmp || s->p->icmp.kind != IK_ICMP_ERROR) {
        note(t, s);
    }
    if (!q)
        return;
    s->quoted_foreign = !ik_addr_same_host(&q->ip.src, &s->p->ip.dst);
    if (s->flow.known)
        judge(t, s, q, s->flow);
}

static uint64_t evicted(const void *state)
{
    return ((const struct flows *)state)->evicted;
}

const struct ik_part ik_part_flow = {
    .wants = IK_WANTS_ICMP | IK_WANTS_PARTS | IK_WANTS_OTHER,
    .bytes = bytes,
    .init = init,
    .expect = expect,
    .input = input,
    .evicted = evicted,
};
