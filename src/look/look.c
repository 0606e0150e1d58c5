/* SPDX-License-Identifier: MIT
 * From a frame to its ICMP message: layers, IP, fragments, ICMP, quote, partner. */
#include "icmpkit/look.h"

#include "base/rd.h"
#include "look/join.h"
#include "look/pair.h"
#include "wire/fault.h"
#include "wire/plain.h"

enum {
    ICMP_HEAD = 4, /* type, code, checksum */
    CHECKSUM_AT = 2,
    AH_BYTES = 12, /* next header, length, SPI, sequence number */
    TTL4_AT = 8,
    SRC4_AT = 12,
    DST4_AT = 16,
    HOP_LIMIT6_AT = 7,
    SRC6_AT = 8,
    DST6_AT = 24,
    REQUESTS = 65536,
    DATAGRAMS = 64,
    DESCENTS = 4, /* reassembled tunnels inside each other that are entered */
    IP6OPT_ROUTER_ALERT = 5,
};

#define WITHIN (60 * IK_NS_PER_S)

/* How far a frame was looked at before its turn, or in it. */
enum stage {
    LATER, /* not at all, or found a fragment: what there is to put it to, its turn decides */
    NO_IP,
    UNREAD, /* of a link type that we do not know */
    IP,     /* down to the innermost IP packet, which carries something else */
    PART,   /* the same, to a part of a message */
    ICMP,   /* the same, to a message, which is known by its key */
};

struct ik_look {
    struct ik_look_stats stats;
    struct ik_pair *pair; /* NULL: nobody wants to know */
    struct ik_join *join;
    bool lent;  /* a datagram was put together: it is given back at the next frame */
    bool ahead; /* somebody begins frames before their turn */
    struct begun {
        const struct ik_look_packet *packet; /* NULL: was not begun */
        uint64_t n;                          /* of the frame, and its bytes */
        struct ik_rd bytes;
        enum stage stage;
        struct ik_pair_key key;
    } begun[2];    /* of the frame whose turn it is, and of the one after it */
    unsigned turn; /* which of the two it is */
};

static struct ik_look_cfg with_defaults(const struct ik_look_cfg *cfg)
{
    struct ik_look_cfg c = *cfg;
    c.requests = c.requests ? c.requests : REQUESTS;
    c.datagrams = c.datagrams ? c.datagrams : DATAGRAMS;
    c.reply_within = c.reply_within ? c.reply_within : WITHIN;
    c.reassemble_within = c.reassemble_within ? c.reassemble_within : WITHIN;
    return c;
}

static size_t rounded(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

static size_t pair_bytes(const struct ik_look_cfg *c)
{
    return c->unpaired ? 0 : rounded(ik_pair_bytes(c->requests));
}

size_t ik_look_bytes(const struct ik_look_cfg *cfg)
{
    const struct ik_look_cfg c = with_defaults(cfg);
    return rounded(sizeof(struct ik_look)) + pair_bytes(&c) + ik_join_bytes(c.datagrams);
}

struct ik_look *ik_look_init(void *mem, const struct ik_look_cfg *cfg)
{
    const struct ik_look_cfg c = with_defaults(cfg);
    struct ik_look *look = mem;
    uint8_t *p = (uint8_t *)mem + rounded(sizeof(*look));
    *look = (struct ik_look){0};
    if (!c.unpaired)
        look->pair = ik_pair_init(p, c.requests, c.reply_within, c.secret);
    p += pair_bytes(&c);
    look->join = ik_join_init(p, c.datagrams, c.reassemble_within);
    return look;
}

struct ik_look_stats ik_look_stats(const struct ik_look *look)
{
    struct ik_look_stats s = look->stats;
    const struct ik_join_stats *j = ik_join_stats(look->join);
    s.fragments = j->fragments;
    s.reassembled = j->whole;
    s.evicted_datagrams = j->evicted;
    s.expired_datagrams = j->expired;
    s.overlapped_datagrams = j->overlapped;
    s.waiting = look->pair ? ik_pair_waiting(look->pair) : 0;
    s.evicted_requests = look->pair ? ik_pair_evicted(look->pair) : 0;
    return s;
}

void ik_look_unanswered(const struct ik_look *look, ik_ns before,
                        void (*fn)(void *ctx, const struct ik_look_request *request), void *ctx)
{
    if (look->pair)
        ik_pair_unanswered(look->pair, before, fn, ctx);
}

/* ---- IP -------------------------------------------------------------------------------------- */

/* That the capture kept only the first bytes of a frame is no flaw of the packet. */
__attribute__((noinline)) static void forgive_cut(struct ik_faults *f)
{
    uint16_t kept = 0;
    for (uint16_t i = 0; i < f->n; i++) {
        if (f->list[i].what != IK_FLAW_TRUNCATED && f->list[i].what != IK_FLAW_SHORT)
            f->list[kept++] = f->list[i];
    }
    f->n = kept;
}

/* An authentication header hides nothing (RFC 4302 section 2): what it covers is the payload, as it
 * is in IPv6, where it is one of the extension headers. A host must verify it first; we only look.
 */
__attribute__((noinline)) static void follow_ah(struct ik_ip *ip)
{
    for (int depth = 0; depth < DESCENTS && ip->proto == IK_PROTO_AH; depth++) {
        const size_t n = ip->payload.left < AH_BYTES ? 0 : 4 * (ip->payload.p[1] + (size_t)2);
        if (n < AH_BYTES || n > ip->payload.left)
            return;
        ip->proto = ip->payload.p[0];
        ip->payload = ik_rd_from(ip->payload, n);
    }
}

/* The packet at `bytes`, `at` bytes into what faults are counted from. */
static inline bool decode_ip(struct ik_look_packet *out, struct ik_rd bytes, uint32_t at)
{
    struct ik_ip *ip = &out->ip;
    out->faults.base = at;
    out->ip_at_bytes = at;
    out->has_ip = !ik_ip_decode_captured(ip, bytes, &out->faults);
    if (!out->has_ip)
        return false;
    if (ip->proto == IK_PROTO_AH && ip->version == 4 && !ip->fragment)
        follow_ah(ip);
    out->ip_bytes = ik_rd_head(bytes, ip->total_bytes);
    return true;
}

/* From a fragment to what it makes whole: that may itself be a tunnel, and hold fragments again. */
__attribute__((noinline)) static enum stage find_whole(struct ik_look *look,
                                                       struct ik_look_packet *out)
{
    struct ik_rd bytes = out->layers.ip, whole;
    for (int depth = 1;; depth++) {
        if (!ik_join_put(look->join, out->frame.time, &out->ip, bytes, &out->faults, &whole,
                         &out->fragments))
            return IP;
        struct ik_layers inner;
        out->reassembled = look->lent = true;
        out->faults.n = out->faults.more = 0;
        out->faults.base = 0;
        if (ik_layers_decode_ip(&inner, whole, &out->faults) || !inner.has_ip)
            return NO_IP;
        bytes = inner.ip;
        if (depth == DESCENTS || !decode_ip(out, bytes, inner.ip_at_bytes))
            return NO_IP;
        if (!out->ip.fragment)
            return IP;
    }
}

/* MLD is only valid with it (RFC 2710 section 3). */
static bool has_router_alert(const struct ik_ip *ip)
{
    struct ik_rd chain = ip->options;
    uint8_t proto = ip->next_header;
    struct ik_ip6ext ext;
    while (!ik_ip6ext_take(&chain, &proto, &ext, NULL)) {
        struct ik_rd options = ik_ip6ext_options(&ext);
        struct ik_ip6opt opt;
        while (ext.proto == IK_PROTO_HOPOPTS && !ik_ip6opt_take(&options, &opt, NULL)) {
            if (opt.type == IP6OPT_ROUTER_ALERT)
                return true;
        }
    }
    return false;
}

/* ---- ICMP ------------------------------------------------------------------------------------ */

static inline bool carries_icmp(const struct ik_ip *ip)
{
    return ip->proto == (ip->version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6);
}

/* `icmp_at` is where the message begins, in what faults are counted from. */
static void decode_quote(struct ik_look_packet *out, uint32_t icmp_at)
{
    const struct ik_icmp_error *error = &out->icmp.error;
    if (error->quote.left) {
        out->faults.base = icmp_at + (uint32_t)(error->quote.p - out->icmp_bytes.p);
        out->has_quote = !ik_quote_decode(&out->quote, error->quote, &out->faults);
    }
    if (error->extensions.left) {
        out->faults.base = icmp_at + (uint32_t)(error->extensions.p - out->icmp_bytes.p);
        /* What is wrong stands in the faults; a broken structure is shown all the same. */
        const enum ik_err err = ik_ext_check(error->extensions, out->ip.version, &out->faults);
        (void)err;
    }
}

/* What a message says of the IP header around it has no place of its own in the message: it is
 * found in that header. `from` is the first fault that is the message's. */
static void move_to_ip(struct ik_look_packet *out, uint32_t icmp_at, uint16_t from)
{
    const bool v6 = out->ip.version == 6;
    const uint32_t ip = out->ip_at_bytes;
    for (uint16_t i = from; i < out->faults.n; i++) {
        struct ik_fault *f = &out->faults.list[i];
        if (f->at != icmp_at)
            continue;
        if (f->what == IK_FLAW_BAD_HOP_LIMIT)
            f->at = (uint16_t)(ip + (v6 ? HOP_LIMIT6_AT : TTL4_AT));
        else if (f->what == IK_FLAW_BAD_SOURCE)
            f->at = (uint16_t)(ip + (v6 ? SRC6_AT : SRC4_AT));
        else if (f->what == IK_FLAW_BAD_TARGET)
            f->at = (uint16_t)(ip + (v6 ? DST6_AT : DST4_AT));
    }
}

/* A checksum that the card was to fill in has not been wrong on the wire. */
static void forgive_checksum(struct ik_look_packet *out, uint32_t icmp_at)
{
    struct ik_faults *f = &out->faults;
    uint16_t kept = 0;
    for (uint16_t i = 0; i < f->n; i++) {
        if (f->list[i].what != IK_FLAW_BAD_CHECKSUM || f->list[i].at != icmp_at + CHECKSUM_AT)
            f->list[kept++] = f->list[i];
    }
    f->n = kept;
    out->icmp.checksum_known = false;
    out->icmp.checksum_ok = true;
}

static void decode_icmp(struct ik_look_packet *out)
{
    const struct ik_ip *ip = &out->ip;
    const bool v6 = ip->version == 6;
    const uint32_t icmp_at = out->ip_at_bytes + (uint32_t)(ip->payload.p - out->ip_bytes.p);
    const uint16_t before = out->faults.n;
    const struct ik_icmp_ctx ctx = {
        .family = ip->version,
        .cut = out->part || ip->truncated,
        .hop_limit_known = true,
        .hop_limit = ip->ttl,
        .router_alert_known = v6,
        .router_alert = v6 && ip->options.left && has_router_alert(ip),
        .src = &ip->src,
        .dst = &ip->final_dst,
    };
    out->icmp_bytes = ip->payload;
    out->has_icmp = ip->payload.left >= ICMP_HEAD;
    out->faults.base = icmp_at;
    const enum ik_err err = ik_icmp_decode(&out->icmp, ip->payload, &ctx, &out->faults);
    if (!out->has_icmp)
        return;
    move_to_ip(out, icmp_at, before);
    if (out->frame.checksum_left && !out->icmp.checksum_ok)
        forgive_checksum(out, icmp_at);
    if (!err && out->icmp.kind == IK_ICMP_ERROR)
        decode_quote(out, icmp_at);
}

/* The same of a whole message, first for what most are. False: there is no type. */
static inline bool look_at_icmp(struct ik_look_packet *out)
{
    const struct ik_ip *ip = &out->ip;
    if (ip->truncated ||
        !ik_plain_decode_echo(&out->icmp, ip->payload, ip->version, &ip->src, &ip->final_dst)) {
        decode_icmp(out);
        return out->has_icmp;
    }
    /* Of what is at hand: read from where it was just written in halves, it would be waited for. */
    out->icmp_bytes.p = out->icmp.raw.p - ICMP_HEAD;
    out->icmp_bytes.left = out->icmp.raw.left + ICMP_HEAD;
    return out->has_icmp = true;
}

/* ---- the way down ---------------------------------------------------------------------------- */

/* Finds the IP packet of a frame, wherever it is. */
static enum stage find_ip(struct ik_look *look, struct ik_look_packet *out, bool ahead)
{
    const struct ik_look_frame *frame = &out->frame;
    const enum ik_err err =
        ik_layers_decode(&out->layers, frame->linktype, frame->bytes, &out->faults);
    if (err || !out->layers.has_ip)
        return err == IK_E_UNSUPPORTED ? UNREAD : NO_IP;
    if (!decode_ip(out, out->layers.ip, out->layers.ip_at_bytes))
        return NO_IP;
    if (out->ip.fragment) {
        const enum stage stage = ahead ? LATER : find_whole(look, out);
        if (stage != IP)
            return stage;
    }
    if (!carries_icmp(&out->ip))
        return IP;
    out->part = out->ip.fragment;
    return out->part ? PART : ICMP;
}

/* The same, first for what most frames are. */
static inline enum stage look_at_ip(struct ik_look *look, struct ik_look_packet *out, bool ahead)
{
    const struct ik_look_frame *frame = &out->frame;
    const struct ik_rd *ip = &out->layers.ip;
    if (!ik_plain_decode_layers(&out->layers, frame->linktype, frame->bytes) ||
        !ik_plain_decode_ip(&out->ip, *ip, IK_PLAIN_CAPTURED))
        return find_ip(look, out, ahead);
    out->has_ip = true;
    out->ip_at_bytes = out->layers.ip_at_bytes;
    out->ip_bytes = (struct ik_rd){ip->p, out->ip.total_bytes};
    return carries_icmp(&out->ip) ? ICMP : IP;
}

/* Looks at a frame down to its IP packet; *key says by what its message is known. */
static inline enum stage begin(struct ik_look *look, const struct ik_look_frame *frame,
                               struct ik_look_packet *out, bool ahead, struct ik_pair_key *key)
{
    if (frame != &out->frame) /* a copy waits for what was just written in other pieces */
        out->frame = *frame;
    out->has_ip = out->has_icmp = out->has_quote = out->part = out->reassembled = false;
    out->fragments = 0;
    out->ip_at_bytes = 0;
    out->pair = IK_LOOK_PAIR_NONE;
    out->pair_n = 0;
    out->pair_rtt = IK_NEVER;
    out->faults.n = out->faults.more = 0; /* of the list only so many count */
    out->faults.base = 0;
    const enum stage stage = look_at_ip(look, out, ahead);
    if (stage == ICMP && look->pair)
        ik_pair_expect(look->pair, &out->ip, key);
    return stage;
}

void ik_look_ahead(struct ik_look *look, const struct ik_look_frame *frame,
                   struct ik_look_packet *out)
{
    struct begun *b = &look->begun[look->turn ^ 1];
    look->ahead = true;
    b->packet = out;
    b->n = frame->n;
    b->bytes = frame->bytes;
    b->stage = begin(look, frame, out, true, &b->key);
}

/* What was found of that frame before its turn, if it was begun. */
static enum stage begun(struct ik_look *look, const struct ik_look_frame *frame,
                        const struct ik_look_packet *out, struct ik_pair_key *key)
{
    struct begun *b = &look->begun[look->turn];
    const bool same = b->packet == out && b->n == frame->n && b->bytes.p == frame->bytes.p &&
                      b->bytes.left == frame->bytes.left;
    look->turn ^= 1;
    b->packet = NULL;
    if (!same)
        return LATER;
    *key = b->key;
    return b->stage;
}

bool ik_look_input(struct ik_look *look, const struct ik_look_frame *frame,
                   struct ik_look_packet *out)
{
    struct ik_pair_key key;
    look->stats.frames++;
    if (look->lent) {
        ik_join_next(look->join);
        look->lent = false;
    }
    enum stage stage = look->ahead ? begun(look, frame, out, &key) : LATER;
    if (stage == LATER)
        stage = begin(look, frame, out, false, &key);
    if (stage < IP) {
        look->stats.unread += stage == UNREAD;
        look->stats.not_ip += stage == NO_IP;
        return false;
    }
    const bool message = stage == ICMP && look_at_icmp(out);
    if (stage == PART && out->ip.offset_bytes == 0)
        decode_icmp(out);
    if (frame->wire_bytes > frame->bytes.left && !out->reassembled)
        forgive_cut(&out->faults);
    if (!message)
        return false;
    look->stats.icmp++;
    if (look->pair)
        ik_pair_judge(look->pair, out, &key);
    return true;
}
