/* SPDX-License-Identifier: MIT
 * Attribution: from what arrived, by the marks in it, to a probe, which the rest must confirm. */
#include "probe/trace_match.h"

#include "base/rd.h"
#include "icmpkit/wire.h"
#include "probe/trace_packet.h"
#include "probe/trace_quote.h"

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_ICMP6 = 58 };

/* ---- from marks to probes -------------------------------------------------------------------- */

struct trace_probe *ik_trace_match_counter(struct ik_trace *t, uint32_t counter, uint32_t *slot)
{
    const uint32_t entry = t->ring[counter & t->ring_mask];
    if (entry == 0 || t->probes[entry - 1].counter != counter)
        return NULL;
    *slot = entry - 1;
    return &t->probes[entry - 1];
}

/* The probe with that mark on that port, or NULL. */
static struct trace_probe *probe_marked(struct ik_trace *t, uint8_t port, uint16_t mark,
                                        uint32_t *slot)
{
    const uint16_t low = ik_trace_packet_unmark(t, mark);
    const uint32_t entry = t->ring[low & t->ring_mask];
    if (entry == 0)
        return NULL;
    struct trace_probe *p = &t->probes[entry - 1];
    if (p->state == TRACE_UNSENT || p->mark != mark ||
        ik_trace_target_of(t, entry - 1)->port != port)
        return NULL;
    *slot = entry - 1;
    return p;
}

/* ---- what an answer means -------------------------------------------------------------------- */

static bool ends4(enum ik_trace_method method, uint8_t type, uint8_t code, enum trace_stop *ends)
{
    switch (type) {
    case IK_ICMP4_TIME_EXCEEDED:
        *ends = code == 0 ? TRACE_STOP_NONE : TRACE_STOP_UNREACHABLE;
        return true;
    case IK_ICMP4_UNREACHABLE:
        *ends = code == 3 && method == IK_TRACE_UDP ? TRACE_STOP_PORT_UNREACHABLE
                                                    : TRACE_STOP_UNREACHABLE;
        return true;
    case IK_ICMP4_PARAMETER_PROBLEM:
        *ends = TRACE_STOP_UNREACHABLE;
        return true;
    default:
        return false;
    }
}

static bool ends6(enum ik_trace_method method, uint8_t type, uint8_t code, enum trace_stop *ends)
{
    switch (type) {
    case IK_ICMP6_TIME_EXCEEDED:
        *ends = code == 0 ? TRACE_STOP_NONE : TRACE_STOP_UNREACHABLE;
        return true;
    case IK_ICMP6_UNREACHABLE:
        *ends = code == 4 && method == IK_TRACE_UDP ? TRACE_STOP_PORT_UNREACHABLE
                                                    : TRACE_STOP_UNREACHABLE;
        return true;
    case IK_ICMP6_PACKET_TOO_BIG:
    case IK_ICMP6_PARAMETER_PROBLEM:
        *ends = TRACE_STOP_UNREACHABLE;
        return true;
    default:
        return false;
    }
}

bool ik_trace_match_ends(enum ik_trace_method method, uint8_t family, uint8_t type, uint8_t code,
                         enum trace_stop *ends)
{
    return family == 6 ? ends6(method, type, code, ends) : ends4(method, type, code, ends);
}

/* ---- one arrival ----------------------------------------------------------------------------- */

/* What is carried down while an arrival is taken apart. */
struct arrival {
    struct ik_trace *t;
    const struct ik_event *ev;
    uint8_t port;
    struct trace_hit *hit;
};

static enum trace_verdict match_quote(struct arrival *a, struct ik_rd bytes, bool extended)
{
    struct ik_trace *t = a->t;
    struct ik_quote q;
    if (ik_quote_decode(&q, bytes, NULL) != IK_OK)
        return TRACE_STRANGER;
    const uint8_t family = a->port == 1 ? 6 : 4;
    if (q.ip.version != family || q.ip.proto != ik_trace_quote_proto(t->cfg.method, family) ||
        (q.ip.fragment && q.ip.offset_bytes))
        return TRACE_STRANGER;
    uint16_t marks[TRACE_QUOTE_MARKS];
    const size_t n = ik_trace_quote_marks(t, &q, marks);
    for (size_t i = 0; i < n; i++) {
        uint32_t slot;
        bool nat = false;
        if (!probe_marked(t, a->port, marks[i], &slot))
            continue;
        const int bits = ik_trace_quote_confirm(t, slot, &q, extended, &nat);
        if (bits < 0)
            continue;
        a->hit->slot = slot;
        a->hit->answer.match_bits = (uint8_t)(bits > 64 ? 64 : bits);
        a->hit->answer.nat = nat;
        a->hit->answer.quoted_ttl = q.ip.ttl;
        a->hit->answer.quoted_tos = q.ip.tos;
        return TRACE_FOUND;
    }
    return TRACE_STRANGER;
}

static enum trace_verdict match_error(struct arrival *a, const struct ik_icmp *icmp)
{
    struct trace_answer *an = &a->hit->answer;
    if (!ik_trace_match_ends(a->t->cfg.method, icmp->family, icmp->type, icmp->code, &an->ends))
        return TRACE_FOREIGN;
    an->type = icmp->type;
    an->code = icmp->code;
    an->ext = icmp->error.extensions;
    an->lenient = icmp->error.lenient;
    if (icmp->error.mtu ||
        (icmp->family == 4 ? icmp->type == IK_ICMP4_UNREACHABLE && icmp->code == 4
                           : icmp->type == IK_ICMP6_PACKET_TOO_BIG))
        an->mtu = icmp->error.mtu;
    return match_quote(a, icmp->error.quote, icmp->error.extensions.left > 0);
}

/* An Echo Reply: identifier, sequence and token come back as sent (RFC 792, RFC 4443 section 4.2);
 * who sends it does not matter. */
static enum trace_verdict match_reply(struct arrival *a, const struct ik_icmp *icmp)
{
    uint32_t slot;
    const struct trace_probe *p = probe_marked(a->t, a->port, icmp->echo.seq, &slot);
    if (!p || icmp->echo.id != ik_trace_target_of(a->t, slot)->sport)
        return TRACE_STRANGER;
    const int token = ik_trace_quote_token(p, icmp->echo.data);
    if (token < 0)
        return TRACE_STRANGER;
    a->hit->slot = slot;
    a->hit->answer.type = icmp->type;
    a->hit->answer.code = icmp->code;
    a->hit->answer.ends = TRACE_STOP_ECHO_REPLY;
    a->hit->answer.match_bits = token == 64 ? 64 : 32;
    return TRACE_FOUND;
}

static enum trace_verdict match_icmp(struct arrival *a, struct ik_rd bytes,
                                     const struct ik_addr *src, const struct ik_addr *dst)
{
    const uint8_t family = a->port == 1 ? 6 : 4;
    const struct ik_icmp_ctx ctx = {
        .family = family,
        /* A raw ICMPv6 socket hands over what the kernel has verified (RFC 3542 section 3.1). */
        .checksum_verified = family == 6 && a->ev->frame.medium == IK_MEDIUM_ICMP6,
        .lenient_ext = a->t->cfg.lenient_ext,
        .src = src,
        .dst = dst,
    };
    struct ik_icmp icmp;
    if (ik_icmp_decode(&icmp, bytes, &ctx, NULL) != IK_OK)
        return TRACE_FOREIGN;
    if (!icmp.checksum_ok)
        return TRACE_CORRUPT;
    if (icmp.kind == IK_ICMP_ERROR)
        return match_error(a, &icmp);
    const uint8_t reply = family == 6 ? IK_ICMP6_ECHO_REPLY : IK_ICMP4_ECHO_REPLY;
    if (icmp.kind == IK_ICMP_ECHO && icmp.type == reply && a->t->cfg.method == IK_TRACE_ICMP)
        return match_reply(a, &icmp);
    return TRACE_FOREIGN;
}

/* SYN-ACK or reset to one of our SYNs: it acknowledges the sequence number plus one (RFC 9293
 * section 3.10.7). The checksum is not judged: on loopback and veth it is left to hardware that is
 * not there. */
static enum trace_verdict match_tcp(struct arrival *a, struct ik_rd bytes)
{
    struct ik_tcp tcp;
    if (a->t->cfg.method != IK_TRACE_TCP || ik_tcp_decode(&tcp, bytes, NULL) != IK_OK)
        return TRACE_FOREIGN;
    const bool reset = tcp.flags & IK_TCP_RST;
    const bool accepted = (tcp.flags & IK_TCP_SYN) && (tcp.flags & IK_TCP_ACK);
    if (!reset && !accepted)
        return TRACE_FOREIGN;
    uint32_t slot;
    const struct trace_probe *p = probe_marked(a->t, a->port, (uint16_t)(tcp.ack - 1), &slot);
    if (!p || tcp.dport != ik_trace_target_of(a->t, slot)->sport || tcp.sport != p->dport ||
        tcp.ack - 1 != ik_trace_packet_seq(p->token))
        return TRACE_STRANGER;
    a->hit->slot = slot;
    a->hit->answer.ends = reset ? TRACE_STOP_TCP_RESET : TRACE_STOP_TCP_SYN_ACK;
    a->hit->answer.match_bits = 48;
    return TRACE_FOUND;
}

/* Whoever is alone in flight towards that destination, when the answer itself does not say. */
static enum trace_verdict match_lone(struct arrival *a, const struct ik_meta *towards)
{
    struct ik_trace *t = a->t;
    const bool ports = t->cfg.method == IK_TRACE_UDP && (towards->known & IK_KNOW_PORTS);
    uint32_t found = 0;
    for (uint32_t i = 0; i < t->n_targets; i++) {
        struct trace_target *tt = &t->targets[i];
        if (tt->port != a->port || tt->out == 0 || !ik_addr_same_host(&tt->addr, &towards->dst))
            continue;
        for (uint32_t k = tt->said; k < tt->next; k++) {
            if (tt->probes[k].state != TRACE_OUT ||
                (ports && tt->probes[k].dport != towards->dport))
                continue;
            a->hit->slot = i * t->per_target + k;
            found++;
        }
    }
    if (found == 0)
        return TRACE_STRANGER;
    if (found == 1) {
        /* The kernel matched our source port, which is all that there is. */
        a->hit->answer.match_bits = t->cfg.method == IK_TRACE_UDP ? 16 : 0;
        a->hit->answer.lone = true;
        return TRACE_FOUND;
    }
    for (uint32_t i = 0; i < t->n_targets; i++) {
        struct trace_target *tt = &t->targets[i];
        if (tt->port != a->port || tt->out == 0 || !ik_addr_same_host(&tt->addr, &towards->dst))
            continue;
        tt->ambiguous++;
        tt->vague_at = a->hit->answer.user;
    }
    return TRACE_VAGUE;
}

/* A payload of ours: in an error of the error queue, or sent back by the target itself. */
static enum trace_verdict match_payload(struct arrival *a, struct ik_rd bytes,
                                        const struct ik_meta *towards)
{
    if (bytes.left < TRACE_TOKEN_BYTES)
        return match_lone(a, towards);
    uint32_t slot;
    const struct trace_probe *p = probe_marked(a->t, a->port, ik_load_be16(bytes.p), &slot);
    if (!p || ik_trace_quote_token(p, bytes) != 64)
        return TRACE_STRANGER;
    a->hit->slot = slot;
    a->hit->answer.match_bits = 64;
    return TRACE_FOUND;
}

/* Our echo request in an error of the error queue, from its type octet. */
static enum trace_verdict match_request(struct arrival *a, struct ik_rd bytes,
                                        const struct ik_meta *towards)
{
    if (bytes.left < 8)
        return match_lone(a, towards);
    uint32_t slot;
    const struct trace_probe *p = probe_marked(a->t, a->port, ik_load_be16(bytes.p + 6), &slot);
    const int token = p ? ik_trace_quote_token(p, ik_rd_from(bytes, 8)) : -1;
    if (token < 0)
        return TRACE_STRANGER;
    a->hit->slot = slot;
    a->hit->answer.match_bits = token == 64 ? 64 : 16;
    return TRACE_FOUND;
}

/* An answer of the target's own over UDP. It need not repeat our payload, so without it only the
 * ports tell. */
static enum trace_verdict match_udp_reply(struct arrival *a)
{
    const struct ik_frame *f = &a->ev->frame;
    const struct ik_meta towards = {
        .known = f->meta.known, .dst = f->meta.src, .dport = f->meta.sport};
    a->hit->answer.ends = TRACE_STOP_UDP_REPLY;
    const enum trace_verdict v = match_payload(a, f->bytes, &towards);
    return v == TRACE_STRANGER ? match_lone(a, &towards) : v;
}

static enum trace_verdict match_frame(struct arrival *a)
{
    const struct ik_frame *f = &a->ev->frame;
    struct trace_answer *an = &a->hit->answer;
    an->from = f->meta.known & IK_KNOW_SRC ? f->meta.src : (struct ik_addr){0};
    an->reply_ttl = f->meta.known & IK_KNOW_TTL ? f->meta.ttl : -1;
    struct ik_ip ip;
    switch (f->medium) {
    case IK_MEDIUM_IP:
        if (ik_ip_decode(&ip, f->bytes, NULL) != IK_OK || ip.version != (a->port == 1 ? 6 : 4) ||
            ip.fragment)
            return TRACE_FOREIGN;
        an->from = ip.src;
        an->reply_ttl = ip.ttl;
        if (ip.proto == PROTO_TCP)
            return match_tcp(a, ip.payload);
        if (ip.proto != (ip.version == 6 ? PROTO_ICMP6 : PROTO_ICMP))
            return TRACE_FOREIGN;
        return match_icmp(a, ip.payload, &ip.src, &ip.final_dst);
    case IK_MEDIUM_ICMP4:
    case IK_MEDIUM_ICMP6:
        return match_icmp(a, f->bytes, NULL, NULL);
    case IK_MEDIUM_TCP:
        return match_tcp(a, f->bytes);
    case IK_MEDIUM_UDP:
        return match_udp_reply(a);
    case IK_MEDIUM_ETHER:
    case IK_MEDIUM_COOKED:
        break;
    }
    return TRACE_FOREIGN;
}

static enum trace_verdict match_queued(struct arrival *a)
{
    const struct ik_event *ev = a->ev;
    struct trace_answer *an = &a->hit->answer;
    const uint8_t family = ev->error.family;
    if (!ik_trace_match_ends(a->t->cfg.method, family, ev->error.type, ev->error.code, &an->ends))
        return TRACE_FOREIGN;
    an->from = ev->error.from;
    an->reply_ttl = ev->frame.meta.known & IK_KNOW_TTL ? ev->frame.meta.ttl : -1;
    an->type = ev->error.type;
    an->code = ev->error.code;
    an->ext = ev->error.extensions;
    const bool big = family == 6 ? ev->error.type == IK_ICMP6_PACKET_TOO_BIG
                                 : ev->error.type == IK_ICMP4_UNREACHABLE && ev->error.code == 4;
    if (big)
        an->mtu = ev->error.info;
    if (ev->frame.medium == IK_MEDIUM_UDP)
        return match_payload(a, ev->frame.bytes, &ev->frame.meta);
    return match_request(a, ev->frame.bytes, &ev->frame.meta);
}

enum trace_verdict ik_trace_match(struct ik_trace *t, struct ik_now now, uint8_t port,
                                  const struct ik_event *ev, struct trace_hit *hit)
{
    struct arrival a = {.t = t, .ev = ev, .port = port, .hit = hit};
    *hit = (struct trace_hit){.answer = {.at = ev->at,
                                         .user = now.mono,
                                         .type = -1,
                                         .code = -1,
                                         .reply_ttl = -1,
                                         .quoted_ttl = -1,
                                         .quoted_tos = -1,
                                         .mtu = -1,
                                         .ext = {ev->frame.bytes.p, 0}}};
    return ev->kind == IK_EV_ERROR ? match_queued(&a) : match_frame(&a);
}
