/* SPDX-License-Identifier: MIT
 * Fragments that no honest sender makes: past the end of what a datagram can be (D6); overlapping,
 * with two ends, smaller than any link, cut inside the headers, nested, of messages that need none,
 * or never becoming a whole (D7). What IP says is judged by its own lengths, so that a capture that
 * kept only the first bytes of each packet shows the same, but for bytes that differ.
 *
 * Datagrams stand in sets of four, known by a keyed hash. One that is whole stays for a while, so
 * that copies of its parts mean nothing. Whole ones give way first, then the oldest, and what gave
 * way is forgotten, never held against its sender. */
#include "detect/report.h"

#include "base/bytes.h"
#include "base/rd.h"
#include "base/siphash.h"

#include <string.h>

enum {
    SETS = 256,
    WAYS = 4,
    PIECES = 64, /* of a datagram that are compared; with more it is only counted */
    SOURCES = 256,
    SOURCE_WAYS = 8,
    LENGTH_MAX = 65535,
    IP6_BYTES = 40,
    FRAGMENT_BYTES = 8,
    /* RFC 791 section 3.2: every link takes 68 bytes, and a header has 20. */
    LEAST_BYTES = 48,
    /* What every host takes whole (RFC 791 section 3.1, RFC 8200 section 5). */
    WHOLE4 = 576,
    WHOLE6 = 1280,
    BROKEN_SHARE = 90, /* percent of a source's datagrams: loss alone spares more */
    BROKEN_MANY = 10,  /* times the threshold: no mistake any more */
};

/* An IPv4 identification may come back, with 10,000 datagrams a second after seven seconds. What
 * does not fit to parts older than this is another datagram, not an overlap. */
#define REUSE IK_NS_PER_S
#define HOLES_WINDOW (60 * IK_NS_PER_S)
#define LATE (5 * IK_NS_PER_S) /* the longest that a part is behind the others, nearly always */

struct piece {
    uint16_t from, to; /* bytes of the datagram without its headers */
    uint32_t sum;      /* keyed, of the bytes; 0: they were not captured */
};

struct datagram {
    uint64_t key; /* 0: nobody */
    ik_ns since, latest;
    struct ik_addr src;
    uint64_t src_hash;
    uint32_t have, total, head; /* bytes there; of all; of headers; 0: not known */
    uint32_t end;               /* of the last byte there */
    uint8_t n;                  /* pieces */
    bool whole, dead, uncounted;
    struct piece pieces[PIECES];
};

/* How many datagrams of a source became whole, and how many did not. */
struct source {
    uint64_t hash;
    struct ik_addr addr; /* family 0: nobody */
    ik_ns since;
    uint32_t broken, whole;
};

struct fragments {
    uint64_t evicted;
    _Alignas(64) struct source sources[SOURCES / SOURCE_WAYS][SOURCE_WAYS];
    _Alignas(64) struct datagram datagrams[SETS][WAYS];
};

/* One fragment. */
struct part {
    struct ik_sight *s;
    const struct ik_ip *ip;
    struct ik_rd bytes;  /* of the packet */
    uint32_t from, data; /* where its data stands, and how much its headers say that there is */
    uint64_t key;
};

static void tell(const struct part *f, enum ik_detector d, enum ik_severity severity,
                 const char *why, double value, double threshold)
{
    struct ik_report r = ik_report_about(f->s, d);
    if (!ik_sight_minds(f->s, d))
        return;
    r.severity = severity;
    r.src = f->ip->src;
    r.dst = f->ip->dst;
    r.family = r.type = r.code = 0;
    r.value = value;
    r.threshold = threshold;
    r.why = why;
    r.source = "RFC 791 section 3.1, RFC 8200 section 4.5";
    r.remedy = IK_REMEDY_DROP_FRAGMENT;
    r.bytes = f->s->p->reassembled ? f->s->p->ip_bytes : f->bytes;
    ik_book_report(f->s->book, f->s->now, &r);
}

/* ---- by itself ------------------------------------------------------------------------------- */

/* Bytes of the headers that the whole datagram will have. */
static uint32_t head_of(const struct ik_ip *ip)
{
    return ip->version == 4 ? ip->header_bytes : ip->header_bytes - IP6_BYTES - FRAGMENT_BYTES;
}

/* D6: what is past the end. Exact and of one packet: no sender can mean it. */
static bool is_oversized(const struct part *f)
{
    const uint32_t end = head_of(f->ip) + f->from + f->data;
    if (end <= LENGTH_MAX)
        return false;
    tell(f, IK_DETECT_FRAG_OVERSIZE, IK_SEVERITY_HIGH,
         "A fragment reaches past the 65,535 bytes that a datagram can have.", end, LENGTH_MAX);
    return true;
}

/* The least that a first fragment must have of what follows the headers (RFC 7112 section 5). */
static uint32_t upper_bytes(uint8_t proto)
{
    switch (proto) {
    case IK_PROTO_TCP:
        return 20;
    case IK_PROTO_UDP:
    case IK_PROTO_ICMP6:
        return 8;
    default:
        return 0;
    }
}

static bool is_cut_in_chain(const struct part *f)
{
    const struct ik_ip *ip = f->ip;
    if (ip->version == 4 || f->from || !ip->mf || f->bytes.left < ip->total_bytes)
        return false;
    return ik_ip6ext_is(ip->proto) || f->data < upper_bytes(ip->proto);
}

static uint32_t fragment_headers(const struct ik_ip *ip)
{
    struct ik_rd chain = ip->options;
    uint8_t proto = ip->next_header;
    struct ik_ip6ext ext;
    uint32_t n = 0;
    while (ip->version == 6 && !ik_ip6ext_take(&chain, &proto, &ext, NULL))
        n += ext.proto == IK_PROTO_FRAGMENT;
    return n;
}

static void judge_form(const struct part *f)
{
    if (fragment_headers(f->ip) > 1)
        tell(f, IK_DETECT_FRAG_ABUSE, IK_SEVERITY_MEDIUM, "A packet has two fragment headers.", 2,
             1);
    else if (is_cut_in_chain(f))
        tell(f, IK_DETECT_FRAG_ABUSE, IK_SEVERITY_MEDIUM,
             "A first fragment ends before the headers do, so that no filter can judge it.",
             f->data, upper_bytes(f->ip->proto));
    else if (f->ip->mf && f->data < LEAST_BYTES)
        tell(f, IK_DETECT_FRAG_ABUSE, IK_SEVERITY_MEDIUM,
             "A fragment is smaller than any link would make it.", f->data, LEAST_BYTES);
}

/* ---- sources --------------------------------------------------------------------------------- */

/* Of a source that is known, else in the place of the one with the fewest broken datagrams: a
 * thousand forged sources with one each do not displace the real one. */
static struct source *source_of(struct fragments *t, const struct datagram *d, ik_ns now)
{
    struct source *set = t->sources[d->src_hash % (SOURCES / SOURCE_WAYS)], *least = &set[0];
    for (int i = 0; i < SOURCE_WAYS; i++) {
        if (set[i].addr.family && now - set[i].since > HOLES_WINDOW)
            set[i] = (struct source){.hash = 0};
        if (set[i].hash == d->src_hash && set[i].addr.family)
            return &set[i];
        if (set[i].broken < least->broken)
            least = &set[i];
    }
    t->evicted += least->addr.family != 0;
    *least = (struct source){.hash = d->src_hash, .addr = d->src, .since = now};
    return least;
}

/* A datagram that waited for too long. */
static void give_up(struct fragments *t, struct datagram *d, ik_ns now,
                    const struct ik_detect_cfg *cfg, struct ik_book *book)
{
    const bool broken = !d->whole && !d->dead;
    d->key = 0;
    if (!broken)
        return;
    struct source *s = source_of(t, d, now);
    const int64_t threshold = cfg->limits[IK_LIM_FRAG_HOLES];
    s->broken++;
    if (s->broken < threshold || s->broken * 100 < (s->broken + s->whole) * BROKEN_SHARE)
        return;
    if (cfg->off & (uint32_t)1 << IK_DETECT_FRAG_ABUSE)
        return;
    const struct ik_report r = {
        .detector = IK_DETECT_FRAG_ABUSE,
        .severity = s->broken < threshold * BROKEN_MANY ? IK_SEVERITY_LOW : IK_SEVERITY_MEDIUM,
        .src = s->addr,
        .window = HOLES_WINDOW,
        .value = s->broken,
        .threshold = (double)threshold,
        .limit = IK_LIM_FRAG_HOLES,
        .why = "Datagrams of one source never become whole.",
        .remedy = IK_REMEDY_LIMIT_SOURCE,
        .packets = 1,
    };
    ik_book_report(book, now, &r);
}

/* ---- datagrams ------------------------------------------------------------------------------- */

/* RFC 791 section 3.2 tells datagrams apart by protocol, RFC 8200 section 4.5 does not; the same
 * numbers in another VLAN are another network's. */
static uint64_t key_of(const struct part *f)
{
    uint8_t k[48] = {f->ip->version, f->ip->version == 4 ? f->ip->proto : 0};
    const struct ik_layers *l = &f->s->p->layers;
    uint32_t network = 0;
    for (unsigned i = 0; i < l->n; i++)
        network = network * 4099 + l->list[i].ident;
    ik_store_be32(k + 4, f->ip->id);
    ik_store_be32(k + 8, network);
    memcpy(k + 16, f->ip->src.bytes, 16);
    memcpy(k + 32, f->ip->dst.bytes, 16);
    return ik_siphash(f->s->cfg->secret, k, sizeof(k)) | 1;
}

static void begin(struct datagram *d, const struct part *f)
{
    d->key = f->key;
    d->since = d->latest = f->s->now;
    d->src = f->ip->src;
    d->src_hash = f->s->src_hash;
    d->have = d->total = d->head = d->end = 0;
    d->n = 0;
    d->whole = d->dead = d->uncounted = false;
}

static struct datagram *datagram_of(struct fragments *t, const struct part *f)
{
    struct datagram *set = t->datagrams[(f->key >> 8) % SETS], *d = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == f->key)
            return &set[i];
        if (d->key && (!set[i].key || (set[i].whole && !d->whole) ||
                       (set[i].whole == d->whole && set[i].since < d->since)))
            d = &set[i];
    }
    t->evicted += d->key && !d->whole && !d->dead && f->s->now - d->latest <= LATE;
    begin(d, f);
    return d;
}

enum fit { FIT_NEW, FIT_COPY, FIT_PARTLY, FIT_OTHER_BYTES, FIT_OTHER_END };

static bool ends_otherwise(const struct datagram *d, uint32_t to, bool last)
{
    return d->total ? to > d->total || (last && to != d->total) : last && to < d->end;
}

static enum fit fit(const struct datagram *d, const struct piece *p, bool last)
{
    enum fit how = ends_otherwise(d, p->to, last) ? FIT_OTHER_END : FIT_NEW;
    for (unsigned i = 0; i < d->n; i++) {
        const struct piece *q = &d->pieces[i];
        const bool same_place = p->from == q->from && p->to == q->to;
        if (p->from >= q->to || q->from >= p->to)
            continue;
        if (same_place && p->sum && q->sum && p->sum != q->sum)
            return FIT_OTHER_BYTES;
        if (how == FIT_NEW)
            how = same_place ? FIT_COPY : FIT_PARTLY;
    }
    return how;
}

static void tell_misfit(const struct part *f, enum fit how)
{
    if (how == FIT_OTHER_BYTES)
        tell(f, IK_DETECT_FRAG_ABUSE, IK_SEVERITY_HIGH,
             "Two fragments for the same place have different bytes.", f->from, 0);
    else if (how == FIT_OTHER_END)
        tell(f, IK_DETECT_FRAG_ABUSE, IK_SEVERITY_HIGH, "A datagram has two ends.",
             f->from + f->data, 0);
    else
        tell(f, IK_DETECT_FRAG_ABUSE, IK_SEVERITY_MEDIUM, "Fragments of a datagram overlap.",
             f->from, 0);
}

static void add(struct fragments *t, struct datagram *d, const struct part *f,
                const struct piece *p)
{
    const uint32_t to = f->from + f->data;
    if (d->n < PIECES)
        d->pieces[d->n++] = *p;
    else
        d->uncounted = true; /* a copy of it would not be known as one */
    d->have += f->data;
    d->end = to > d->end ? to : d->end;
    d->latest = f->s->now;
    if (!f->ip->mf)
        d->total = to;
    if (f->from == 0)
        d->head = head_of(f->ip);
    if (d->total && d->head + d->total > LENGTH_MAX) {
        tell(f, IK_DETECT_FRAG_OVERSIZE, IK_SEVERITY_HIGH,
             "Fragments that are right each by itself make too long a datagram.",
             d->head + d->total, LENGTH_MAX);
        d->dead = true;
    }
    if (d->total && d->have >= d->total && !d->dead) {
        d->whole = true;
        source_of(t, d, f->s->now)->whole++;
    }
}

static void put(struct fragments *t, const struct part *f)
{
    const uint8_t *secret = f->s->cfg->secret;
    struct datagram *d = datagram_of(t, f);
    struct piece p = {.from = (uint16_t)f->from, .to = (uint16_t)(f->from + f->data)};
    if (f->ip->payload.left == f->data)
        p.sum = (uint32_t)ik_siphash(secret, f->ip->payload.p, f->data) | 1;
    enum fit how = fit(d, &p, !f->ip->mf);
    if (d->dead || how == FIT_COPY || (d->uncounted && how == FIT_NEW && d->whole))
        return;
    const bool reused = f->ip->version == 4 && f->s->now - d->latest > REUSE;
    if (d->whole || (how != FIT_NEW && reused)) {
        begin(d, f);
        how = FIT_NEW;
    }
    if (how == FIT_NEW) {
        add(t, d, f, &p);
        return;
    }
    tell_misfit(f, how);
    d->dead = true;
}

/* ---- messages -------------------------------------------------------------------------------- */

static bool is_echo(const struct ik_icmp *m)
{
    return m->family == 4 ? m->type == IK_ICMP4_ECHO || m->type == IK_ICMP4_ECHO_REPLY
                          : m->type == IK_ICMP6_ECHO || m->type == IK_ICMP6_ECHO_REPLY;
}

/* Neighbour discovery in fragments is nd.c's. */
static bool is_neighbor_discovery(const struct ik_icmp *m)
{
    return m->family == 6 && ((m->type >= IK_ICMP6_ROUTER_SOL && m->type <= IK_ICMP6_REDIRECT) ||
                              m->type == IK_ICMP6_CERT_PATH_SOL);
}

/* DF-guard-01: of ICMP only large echoes have a reason to be fragmented. */
static void judge_message(const struct part *f)
{
    const struct ik_look_packet *p = f->s->p;
    const uint32_t whole = p->ip.version == 4 ? WHOLE4 : WHOLE6;
    if (!p->has_icmp)
        return;
    if (p->part && !is_echo(&p->icmp) && !is_neighbor_discovery(&p->icmp))
        tell(f, IK_DETECT_FRAG_ABUSE, IK_SEVERITY_LOW,
             "An ICMP message comes in fragments and is no large echo.", f->data, 0);
    else if (!p->part && is_echo(&p->icmp) && p->ip.total_bytes <= whole)
        tell(f, IK_DETECT_FRAG_ABUSE, IK_SEVERITY_LOW,
             "An echo comes in fragments though every link takes it whole.", p->ip.total_bytes,
             whole);
}

/* ---- the part -------------------------------------------------------------------------------- */

/* `bytes`: the packet, from its header on. */
static void look_at(struct fragments *t, struct ik_sight *s, const struct ik_ip *ip,
                    struct ik_rd bytes)
{
    /* More bytes than the frame had on the wire: no link delivers that. */
    const bool cut = s->p->frame.wire_bytes > s->p->frame.bytes.left;
    if (ip->total_bytes < ip->header_bytes || (ip->truncated && !cut))
        return;
    struct part f = {.s = s,
                     .ip = ip,
                     .bytes = bytes,
                     .from = ip->offset_bytes,
                     .data = ip->total_bytes - ip->header_bytes};
    if (is_oversized(&f))
        return;
    judge_form(&f);
    judge_message(&f);
    if (f.data == 0 || (ip->mf && f.data % 8))
        return; /* every receiver drops it */
    f.key = key_of(&f);
    put(t, &f);
}

static void input(void *state, struct ik_sight *s)
{
    const struct ik_look_packet *p = s->p;
    struct ik_ip own;
    if (!p->reassembled) {
        if (p->ip.fragment)
            look_at(state, s, &p->ip, p->ip_bytes);
        return;
    }
    /* The packet in sight is the whole: its last part stands in the frame. */
    if (!ik_ip_decode_captured(&own, p->layers.ip, NULL) && own.fragment)
        look_at(state, s, &own, ik_rd_head(p->layers.ip, own.total_bytes));
    if (!p->ip.fragment)
        return;
    const struct part f = {.s = s, .ip = &p->ip, .bytes = p->ip_bytes};
    if (p->ip_at_bytes == 0)
        tell(&f, IK_DETECT_FRAG_ABUSE, IK_SEVERITY_MEDIUM, "A fragment comes in fragments itself.",
             2, 1);
    else /* of a packet in a tunnel whose own packets are fragmented too */
        look_at(state, s, &p->ip, p->ip_bytes);
}

static void tick(void *state, ik_ns now, const struct ik_detect_cfg *cfg, struct ik_book *book)
{
    struct fragments *t = state;
    for (size_t i = 0; i < (size_t)SETS * WAYS; i++) {
        struct datagram *d = &t->datagrams[i / WAYS][i % WAYS];
        if (d->key && now - d->since > cfg->limits[IK_LIM_FRAG_WAIT])
            give_up(t, d, now, cfg, book);
    }
}

/* A part that is missing for so long will not come. */
static void end(void *state, ik_ns now, const struct ik_detect_cfg *cfg, struct ik_book *book)
{
    struct fragments *t = state;
    for (size_t i = 0; i < (size_t)SETS * WAYS; i++) {
        struct datagram *d = &t->datagrams[i / WAYS][i % WAYS];
        if (d->key && now - d->latest > LATE)
            give_up(t, d, now, cfg, book);
    }
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct fragments);
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

static uint64_t evicted(const void *state)
{
    return ((const struct fragments *)state)->evicted;
}

const struct ik_part ik_part_fragment = {
    .wants = IK_WANTS_ICMP | IK_WANTS_PARTS | IK_WANTS_OTHER,
    .bytes = bytes,
    .init = init,
    .input = input,
    .tick = tick,
    .end = end,
    .evicted = evicted,
    .only = IK_TRAIT_PIECES,
};
