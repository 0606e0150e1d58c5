/* SPDX-License-Identifier: MIT
 * Recent flows of both directions, so that an error can be held against what it quotes: was that
 * packet sent, was its sequence number in flight, and did the error come from where the packet was
 * handed to. A flow is TCP or UDP between two ports, an ICMP identifier between two hosts, or
 * another protocol between them; parts of datagrams, which have no ports, are one of the latter.
 *
 * Flows stand in sets of four. The key of a flow is a keyed hash that nobody can aim at. A new flow
 * takes the place of one that nobody answered, else of the one idle for longest; when that was
 * there a short time ago, the set remembers: what is not found in it was not observed.
 *
 * Each packet comes by here: one cache line of a set is all that a flow that is known costs. */
#include "detect/sight.h"

#include "base/four.h"
#include "base/rd.h"
#include "detect/hosts.h"

enum {
    SETS_LOG = 14,
    SETS = 1 << SETS_LOG,
    WAYS = 4,
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
#define UNITS_SHIFT 26 /* of struct set.seen: 67 ms */
#define RECENT_UNITS ((uint32_t)(RECENT >> UNITS_SHIFT))

/* Captures may leave out some protocols: each is to be seen before something is missing of it. */
enum kind { KIND_TCP, KIND_UDP, KIND_ICMP, KIND_OTHER, KINDS };
_Static_assert((int)KINDS == (int)IK_HOSTS_KINDS, "hosts are noted for each");

/* What is known of one direction of a flow: above the link address that its packets are handed to
 * (what hop_of leaves of it, 0: none) stand the TTL of that packet, for copies behind a router have
 * less, then the generation in which the sender was noted (0: none), then what was seen. */
enum { TTL_SHIFT = 16, GENERATION_SHIFT = 24, GENERATIONS = 15 };
#define HOP ((uint32_t)0xffff)
#define TTL ((uint32_t)0xff << TTL_SHIFT)
#define NOTED ((uint32_t)GENERATIONS << GENERATION_SHIFT)
#define KNOW_NEXT ((uint32_t)1 << 28)
#define KNOW_ACKED ((uint32_t)1 << 29)
#define SENT ((uint32_t)1 << 31) /* the sign: four flows are asked at once */

/* Four flows, column by column. Direction 0 is from the lower address. */
struct set {
    _Alignas(64) uint32_t tag[WAYS]; /* of the hash; 0: nobody */
    uint32_t seen[WAYS];             /* when, in units since the first packet */
    uint32_t sides[2][WAYS];
};
_Static_assert(sizeof(struct set) == 64, "a set is a cache line");

/* What else is known of TCP: SND.NXT and SND.UNA of each direction. */
struct tcp_ends {
    uint32_t next[2], acked[2];
};

struct flows {
    bool begun;
    uint32_t mark;      /* what there is of a side that is SENT and NOTED in this generation */
    ik_ns first, until; /* where units begin, and the last instant of the present generation */
    struct set *sets;   /* the table: through a pointer, an address is made once for a set */
    uint64_t evicted;
    uint32_t lost[SETS]; /* when a recent flow gave way, in units; 0: none did */
    struct set table[SETS];
    struct ik_hosts hosts;
    _Alignas(64) struct tcp_ends ends[SETS][WAYS];
};

static uint32_t units_of(const struct flows *t, ik_ns now)
{
    return (uint32_t)((now - t->first) >> UNITS_SHIFT);
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

/* `pair` is secret, and with it which flows meet in a set. Only the high bits hang on all of both.
 */
static uint64_t mixed(uint64_t pair, uint64_t what)
{
    const uint64_t z = (pair ^ what) * 0xbf58476d1ce4e5b9u;
    return (z ^ z >> 32) * 0x94d049bb133111ebu;
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
                                 .kind = (uint8_t)kind_of(proto),
                                 .way = way,
                                 .has_ports = ports != NO_PORTS,
                                 .known = true};
}

static bool is_from_higher(const struct ik_sight *s)
{
    return (unsigned)!s->upward & (unsigned)(s->host_hash != s->dst_hash);
}

static struct ik_flow_name name_of_packet(const struct ik_sight *s, uint64_t ports)
{
    return name_of(s->pair_hash, s->p->ip.proto, s->upward, is_from_higher(s), ports);
}

/* The same of an echo message, with an identifier in both halves: they are in order. */
static struct ik_flow_name name_of_echo(const struct ik_sight *s)
{
    const uint64_t ports = s->echo.id * (uint64_t)0x10001;
    return (struct ik_flow_name){.hash =
                                     mixed(s->pair_hash, ports | (uint64_t)s->p->ip.proto << 32),
                                 .kind = KIND_ICMP,
                                 .way = is_from_higher(s),
                                 .has_ports = true,
                                 .known = true};
}

/* ---- the table ------------------------------------------------------------------------------- */

static uint32_t set_of(uint64_t hash)
{
    return (uint32_t)(hash >> (64 - SETS_LOG));
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> (32 - SETS_LOG)) | 1;
}

/* Bit i: the flow is way i. At most one is set. */
static unsigned find(const struct set *set, uint64_t hash)
{
    return ik_four_same(set->tag, tag_of(hash));
}

/* Which way is worth least: a free place (idle since ever), who was idle for long, who was never
 * answered (a flood of forged packets makes such), the one idle for longest. Without a branch a
 * way: nobody can foresee which it is. Times are below 2^30, two years; beyond it a worth is
 * negative, which is less. */
static unsigned victim(const struct set *set, uint32_t units)
{
    const uint32_t spared_worth = 1 << 30;
    const ik_four idle = ik_four_of(units) - ik_four_load(set->seen);
    const ik_four answered = ik_four_load(set->sides[0]) & ik_four_load(set->sides[1]);
    const ik_four signs = answered & (idle - RECENT_UNITS); /* set: spared */
    const ik_four spared = (ik_four)((ik_four_signed)signs >> 31);
    const ik_four worth = spared_worth - 1 - idle + (spared & spared_worth);
    return (unsigned)__builtin_ctz(
        ik_four_bits((ik_four)(worth == ik_four_of(ik_four_least_of(worth)))));
}

/* Takes a place for a flow, of which nothing is known yet. */
static unsigned make(struct flows *t, uint64_t hash, uint32_t units)
{
    const uint32_t at = set_of(hash);
    struct set *set = &t->sets[at];
    const unsigned i = victim(set, units);
    if (set->tag[i] && units - set->seen[i] < RECENT_UNITS) {
        t->evicted++;
        t->lost[at] = units;
    }
    set->tag[i] = tag_of(hash);
    set->seen[i] = set->sides[0][i] = set->sides[1][i] = 0;
    return i;
}

/* ---- hosts that send ------------------------------------------------------------------------- */

/* Units begin with 1. */
static void begin(struct flows *t, ik_ns now)
{
    t->begun = true;
    t->first = now - ((ik_ns)1 << UNITS_SHIFT);
    t->until = now + GENERATION;
    t->mark = SENT | (uint32_t)1 << GENERATION_SHIFT;
}

/* The present generation is over, or none has begun yet. */
static __attribute__((noinline, cold)) void turn(struct flows *t, ik_ns now)
{
    if (!t->begun) {
        begin(t, now);
        return;
    }
    const uint32_t generation = (t->mark & NOTED) >> GENERATION_SHIFT;
    ik_hosts_turn(&t->hosts, now - t->until > GENERATION);
    t->until = now + GENERATION;
    t->mark = SENT | (generation % GENERATIONS + 1) << GENERATION_SHIFT;
}

/* Notes who sends in this direction of a flow, once in a generation; the side with that. What goes
 * to a group says nothing of the way that other packets take. */
static inline uint32_t host_note(struct flows *t, const struct ik_sight *s, uint32_t side,
                                 unsigned kind)
{
    if (s->dst_spread == IK_SPREAD_MULTICAST)
        return side;
    ik_hosts_note(&t->hosts, s->host_hash, kind, s->now);
    return (side & ~NOTED) | (t->mark & NOTED);
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static bool is_beyond(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

/* Raises what is known of a direction; a new connection starts from its own number. */
static void raise(uint32_t *side, uint32_t *value, uint32_t bit, uint32_t to, bool anew)
{
    if (anew || !(*side & bit) || is_beyond(to, *value))
        *value = to;
    *side |= bit;
}

static __attribute__((noinline)) void learn_tcp(struct flows *t, const struct ik_flow_name *n,
                                                unsigned i, const struct ik_ip *ip)
{
    struct set *set = &t->sets[set_of(n->hash)];
    struct tcp_ends *e = &t->ends[set_of(n->hash)][i];
    uint32_t *side = &set->sides[n->way][i], *other = &set->sides[!n->way][i];
    struct ik_tcp tcp;
    if (ik_tcp_decode(&tcp, ip->payload, NULL))
        return;
    /* The capture may have cut the data off: lengths are those of the headers. */
    const uint32_t headers = ip->header_bytes + tcp.header_bytes;
    const uint32_t data = ip->total_bytes > headers ? ip->total_bytes - headers : 0;
    const bool syn = tcp.flags & IK_TCP_SYN;
    const uint32_t end = tcp.seq + data + syn + (tcp.flags & IK_TCP_FIN ? 1 : 0);
    if (!(tcp.flags & IK_TCP_RST)) /* a reset may be anybody's guess */
        raise(side, &e->next[n->way], KNOW_NEXT, end, syn);
    if (syn)
        raise(side, &e->acked[n->way], KNOW_ACKED, tcp.seq, true);
    if (tcp.flags & IK_TCP_ACK && !(tcp.flags & IK_TCP_RST))
        raise(other, &e->acked[!n->way], KNOW_ACKED, tcp.ack, syn);
}

/* VRRP, HSRP, GLBP. */
static __attribute__((cold)) bool is_shared(const uint8_t mac[6])
{
    enum { VRRP = 0x00005e00, HSRP = 0x00000c07, GLBP = 0x0007b400 };
    const uint32_t maker = ik_load_be32(mac);
    return maker == VRRP || maker == HSRP || maker == GLBP;
}

/* What two link addresses are told apart by; 0 where there is none, and for the addresses that
 * several routers share: those answer under their own. */
static uint32_t hop_of(const uint8_t mac[6])
{
    if (mac[0] == 0 && is_shared(mac))
        return 0;
    const uint64_t all = (uint64_t)ik_load_be32(mac) << 16 | ik_load_be16(mac + 4);
    return (uint32_t)(all * 0x9e3779b97f4a7c15u >> 48);
}

/* Writes down that a packet was sent in way i of the set. */
static inline void renew(struct flows *t, const struct ik_sight *s, const struct ik_flow_name *n,
                         unsigned i, uint32_t side)
{
    struct set *set = &t->sets[set_of(n->hash)];
    const uint32_t units = units_of(t, s->now), ttl = (uint32_t)s->p->ip.ttl << TTL_SHIFT;
    if (ttl >= (side & TTL) || units - set->seen[i] > RECENT_UNITS)
        side = (side & ~(TTL | HOP)) | ttl | hop_of(s->p->layers.dst_mac);
    set->sides[n->way][i] = side;
    set->seen[i] = units;
    if (n->kind == KIND_TCP && !s->p->ip.fragment)
        learn_tcp(t, n, i, &s->p->ip);
}

/* The same of a direction that is new, or new in this generation. */
static __attribute__((noinline)) void renew_sender(struct flows *t, const struct ik_sight *s,
                                                   const struct ik_flow_name *n, unsigned i)
{
    const uint32_t side = t->sets[set_of(n->hash)].sides[n->way][i];
    renew(t, s, n, i, host_note(t, s, side | SENT, n->kind));
}

/* The same of a flow that is new. */
static __attribute__((noinline)) void enter_new(struct flows *t, const struct ik_sight *s,
                                                const struct ik_flow_name *n)
{
    const unsigned i = make(t, n->hash, units_of(t, s->now));
    renew(t, s, n, i, host_note(t, s, SENT, n->kind));
}

/* Most packets are of a flow that is known: for those nothing is called, no register saved. */
static inline void enter(struct flows *t, const struct ik_sight *s, const struct ik_flow_name *n)
{
    const struct set *set = &t->sets[set_of(n->hash)];
    const unsigned found = find(set, n->hash);
    if (!found) {
        enter_new(t, s, n);
        return;
    }
    const unsigned i = (unsigned)__builtin_ctz(found);
    const uint32_t side = set->sides[n->way][i];
    if ((side & (SENT | NOTED)) == t->mark)
        renew(t, s, n, i, side);
    else
        renew_sender(t, s, n, i);
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

/* A packet that is none of the most, each of which is whole. A router may quote any part of a
 * datagram, and only the first one has ports. */
static __attribute__((noinline)) void note_rare(struct flows *t, const struct ik_sight *s)
{
    if (s->now > t->until)
        turn(t, s->now);
    enter(t, s, &s->flow);
    if (s->p->ip.fragment && s->flow.has_ports) {
        const struct ik_flow_name whole = name_of_packet(s, NO_PORTS);
        enter(t, s, &whole);
    }
}

static inline void note(struct flows *t, const struct ik_sight *s)
{
    if (s->now > t->until || s->p->ip.fragment)
        note_rare(t, s);
    else
        enter(t, s, &s->flow);
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
static enum ik_quoted missing(struct flows *t, const struct ik_sight *s, const struct ik_quote *q,
                              struct ik_flow_name n)
{
    const uint32_t lost = t->lost[set_of(n.hash)];
    if (is_hidden(q) || (lost && units_of(t, s->now) - lost < RECENT_UNITS))
        return IK_QUOTED_UNOBSERVED;
    if (!t->hosts.has[n.kind] || s->now - t->hosts.since[n.kind] < RECENT)
        return IK_QUOTED_UNOBSERVED;
    if (!ik_hosts_sends(&t->hosts, ik_sight_host(s, &q->ip.src), n.kind))
        return IK_QUOTED_UNOBSERVED;
    return IK_QUOTED_UNKNOWN;
}

/* RFC 5927 section 4.1: SND.UNA <= SEG.SEQ <= SND.NXT, as far as both were seen. */
static bool is_in_flight(uint32_t side, const struct tcp_ends *e, int way, uint32_t seq)
{
    const bool next = side & KNOW_NEXT, acked = side & KNOW_ACKED;
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

static enum ik_via via_of(uint32_t side, const struct ik_look_packet *p)
{
    const uint32_t from = hop_of(p->layers.src_mac);
    if (!(side & HOP) || !from)
        return IK_VIA_UNKNOWN;
    return (side & HOP) == from ? IK_VIA_SENDER : IK_VIA_OTHER;
}

static void judge(struct flows *t, struct ik_sight *s, const struct ik_quote *q,
                  struct ik_flow_name n)
{
    const uint32_t at = set_of(n.hash);
    const unsigned found = find(&t->sets[at], n.hash);
    if (!found) {
        s->quoted = missing(t, s, q, n);
        return;
    }
    const unsigned i = (unsigned)__builtin_ctz(found);
    const uint32_t side = t->sets[at].sides[n.way][i];
    /* Packets of the other direction alone mean that this one goes another way. */
    s->quoted = side & SENT ? IK_QUOTED_KNOWN : IK_QUOTED_UNOBSERVED;
    s->quoted_in_window =
        !(q->has & IK_QUOTE_TCP_SEQ) || is_in_flight(side, &t->ends[at][i], n.way, q->tcp_seq);
    s->quoted_via = via_of(side, s->p);
}

/* ---- the part -------------------------------------------------------------------------------- */

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct flows);
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    struct flows *t = state;
    (void)cfg;
    t->sets = t->table;
    t->until = -1; /* before any packet */
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
    __builtin_prefetch(&t->sets[set_of(n->hash)], 1);
    if (n->kind == KIND_TCP)
        __builtin_prefetch(t->ends[set_of(n->hash)], 1);
}

/* Names what is no echo. */
static __attribute__((noinline)) void expect_other(const struct flows *t, struct ik_sight *s)
{
    const struct ik_quote *q = quoted(s);
    if (q) {
        expect_quoted(s, q, s->quoted_pair);
    } else {
        const uint64_t ports = ports_of(s->p);
        s->flow.known = ports != NO_PORTS || !s->icmp; /* or a quote could not name it */
        if (s->flow.known)
            s->flow = name_of_packet(s, ports);
    }
    if (s->flow.known)
        fetch(t, &s->flow);
}

static void expect(const void *state, struct ik_sight *s)
{
    const struct flows *t = state;
    if (!s->is_echo) {
        expect_other(t, s);
        return;
    }
    s->flow = name_of_echo(s);
    __builtin_prefetch(&t->sets[set_of(s->flow.hash)], 1);
}

/* An error, or a redirect. */
static __attribute__((noinline)) void input_quoting(struct flows *t, struct ik_sight *s)
{
    const struct ik_quote *q = quoted(s);
    struct ik_quote redirect;
    if (!t->begun)
        begin(t, s->now);
    if (s->p->icmp.kind == IK_ICMP_REDIRECT) {
        q = redirected(s->p, &redirect);
        expect_quoted(s, q, q ? ik_sight_pair(s, &q->ip.src, &q->ip.dst) : 0);
    }
    if (!q)
        return;
    s->quoted_foreign = !ik_addr_same_host(&q->ip.src, &s->p->ip.dst);
    if (s->flow.known)
        judge(t, s, q, s->flow);
}

static bool is_quoting(const struct ik_sight *s)
{
    return !s->is_echo && s->icmp &&
           (s->p->icmp.kind == IK_ICMP_ERROR || s->p->icmp.kind == IK_ICMP_REDIRECT);
}

static void input(void *state, struct ik_sight *s)
{
    if (is_quoting(s))
        input_quoting(state, s);
    else if (s->flow.known)
        note(state, s);
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
