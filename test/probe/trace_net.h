/* SPDX-License-Identifier: MIT
 * A path of routers for tests of the trace engine, in virtual time: it takes the frames of the
 * engine, answers as its routers are told to, and writes down what the engine says. Its packets are
 * made by hand, so that a mistake of the codec does not cancel itself. */
#pragma once

#include "base/bytes.h"
#include "icmpkit/probe.h"
#include "icmpkit/record.h"
#include "icmpkit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { NET_HOPS = 40, NET_EVENTS = 4096, NET_SENT = 4096, NET_PACKET = 1400 };
enum { NET_ME = 100, NET_TARGET = 99 };

/* Every method over both families, and how a plain trace of it ends. */
static const struct {
    uint8_t family;
    enum ik_trace_method method;
    const char *stop;
} net_ways[] = {
    {4, IK_TRACE_UDP, "port-unreachable"}, {6, IK_TRACE_UDP, "port-unreachable"},
    {4, IK_TRACE_ICMP, "echo-reply"},      {6, IK_TRACE_ICMP, "echo-reply"},
    {4, IK_TRACE_TCP, "tcp-reset"},        {6, IK_TRACE_TCP, "tcp-reset"},
};
enum { NET_WAYS = sizeof(net_ways) / sizeof(*net_ways) };

/* What a router, or the target (the last of the path), does. Zero is a good citizen. */
struct net_router {
    bool silent;
    bool zero_ttl;     /* answers nothing and forwards what has TTL 0: the next answers twice */
    bool silent_after; /* answers only the first `budget` probes */
    unsigned budget;
    bool twice;         /* sends every answer twice */
    ik_ns delay;        /* added to the round trip */
    int quote_bytes;    /* of the transport header and on; 0: all */
    bool nat_addr;      /* the quote has another source address */
    uint16_t nat_shift; /* added to quoted transport checksums */
    uint16_t nat_port;  /* the quote has this source port */
    bool swap_id;       /* quoted identification with its bytes swapped */
    bool new_id;        /* quoted identification made up */
    int quote_options;  /* bytes of IPv4 options in the quoted header */
    uint8_t quoted_ttl; /* 0: 1 */
    bool mess;          /* quoted TTL, TOS, total length and header checksum are nonsense */
    const uint8_t *ext; /* an RFC 4884 structure, 128 bytes after the quote's start */
    size_t ext_bytes;
    bool no_length; /* ... without a length attribute */
    bool says;      /* type and code below instead of its own */
    uint8_t type, code;
    uint16_t mtu;
    uint8_t as;      /* answers under this number, 0: its own */
    uint8_t as_odd;  /* ... every second time under this one (balanced by packet) */
    bool syn_ack;    /* target, TCP: SYN-ACK; else reset */
    bool udp_answer; /* target, UDP socket: a payload of its own */
    bool bad_sum;    /* ICMP checksum is wrong */
    unsigned asked;  /* so far */
};

struct net_event {
    ik_ns at;
    struct ik_event ev;
    uint8_t port;
    uint8_t bytes[NET_PACKET];
};

struct net_sent {
    ik_ns at;
    struct ik_frame frame;
    uint8_t bytes[128];
};

struct net {
    struct ik_trace_cfg cfg;
    struct ik_trace *t;
    struct ik_engine *e;
    void *mem;
    enum ik_medium medium;
    uint8_t family;
    struct net_router routers[NET_HOPS]; /* index 1 .. hops; hops is the target */
    int hops;
    ik_ns hop_ns; /* round trip a hop */
    ik_ns now;
    bool stamps;         /* departures and arrivals are stamped */
    unsigned fail_every; /* every such frame cannot be sent */
    enum ik_err fail_err;
    struct net_event *events;
    size_t n_events;
    struct net_sent *sent;
    size_t n_sent;
    struct ik_rec_hop said[NET_SENT];
    char marks[NET_SENT][24], icmps[NET_SENT][48];
    uint8_t exts[NET_SENT][256];
    size_t n_said;
    struct ik_rec_trace_summary end;
    bool ended;
    unsigned ends; /* summaries */
    ik_ns ended_at;
    char text[8192];
};

static inline struct ik_addr net_addr(uint8_t family, uint8_t number)
{
    struct ik_addr a = {.family = family};
    a.bytes[0] = family == 6 ? 0xfd : 10;
    a.bytes[family == 6 ? 15 : 3] = number;
    return a;
}

static inline struct ik_trace_cfg net_cfg(enum ik_trace_method method)
{
    return (struct ik_trace_cfg){
        .max_targets = 1,
        .method = method,
        .first_ttl = 1,
        .max_ttl = 30,
        .queries = 1,
        .in_flight = 16,
        .timeout = 5 * IK_NS_PER_S,
        .here_percent = 300,
        .near_percent = 1000,
        .dport = method == IK_TRACE_TCP ? 80 : 33434,
        .ident = {0x4142, 0x4344},
        .tclass = -1,
        .lenient_ext = false,
        .key = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    };
}

/* A path of `hops` hops, the last of them the target; change what is wanted, then net_run. */
static inline struct net *net_new(uint8_t family, enum ik_medium medium,
                                  const struct ik_trace_cfg *cfg, int hops)
{
    struct net *n = calloc(1, sizeof(*n));
    assert_non_null(n);
    n->cfg = *cfg;
    n->family = family;
    n->medium = medium;
    n->hops = hops;
    n->hop_ns = IK_NS_PER_MS;
    n->now = 1000 * IK_NS_PER_S;
    n->stamps = true;
    n->events = calloc(NET_EVENTS, sizeof(*n->events));
    n->sent = calloc(NET_SENT, sizeof(*n->sent));
    assert_non_null(n->events);
    assert_non_null(n->sent);
    n->routers[hops].as = NET_TARGET;
    const size_t bytes = ik_trace_bytes(cfg);
    assert_true(bytes > 0);
    n->mem = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_non_null(n->mem);
    memset(n->mem, 0, bytes);
    assert_int_equal(ik_trace_init(&n->t, n->mem, cfg), IK_OK);
    n->e = ik_trace_engine(n->t);
    return n;
}

static inline struct ik_now net_now(const struct net *n)
{
    return (struct ik_now){n->now, n->now + 1700000000 * IK_NS_PER_S};
}

static inline void net_add(struct net *n)
{
    const struct ik_addr to = net_addr(n->family, NET_TARGET), me = net_addr(n->family, NET_ME);
    assert_int_equal(ik_trace_add(n->t, net_now(n), "target", &to,
                                  n->medium == IK_MEDIUM_IP ? &me : NULL, n->medium),
                     IK_OK);
    ik_trace_complete(n->t);
}

static inline void net_free(struct net *n)
{
    free(n->mem);
    free(n->events);
    free(n->sent);
    free(n);
}

/* ---- answers --------------------------------------------------------------------------------- */

static inline void net_push(struct net *n, ik_ns at, const struct ik_event *ev,
                            const uint8_t *bytes, size_t len)
{
    assert_true(n->n_events < NET_EVENTS && len <= NET_PACKET);
    struct net_event *slot = &n->events[n->n_events++];
    *slot = (struct net_event){.at = at, .ev = *ev, .port = n->family == 6};
    memcpy(slot->bytes, bytes, len);
    slot->ev.at = (struct ik_stamp){at, n->stamps ? IK_CLOCK_VIRTUAL : IK_CLOCK_NONE};
    slot->ev.frame.bytes.left = len;
}

static inline void net_sum(uint8_t *p, size_t len, size_t at, uint64_t pseudo)
{
    ik_store_be16(p + at, 0);
    ik_store_be16(p + at, ik_cksum_fold(ik_cksum_add(pseudo, (struct ik_rd){p, len})));
}

/* The packet as a frame of IK_MEDIUM_IP: its IP header is written here when the link took less. */
static inline size_t net_whole(const struct net *n, const struct ik_frame *f, uint8_t *out)
{
    assert_int_equal(f->medium, IK_MEDIUM_IP);
    memcpy(out, f->bytes.p, f->bytes.left);
    (void)n;
    return f->bytes.left;
}

/* Writes the quote of a probe as that router does it; returns its bytes. */
static inline size_t net_quote(const struct net *n, const struct net_router *r,
                               const struct ik_frame *f, uint8_t *q)
{
    uint8_t packet[NET_PACKET];
    size_t len = net_whole(n, f, packet);
    size_t head = n->family == 6 ? 40 : 20;
    memcpy(q, packet, head);
    q[n->family == 6 ? 7 : 8] = r->quoted_ttl ? r->quoted_ttl : 1;
    if (r->nat_addr)
        q[n->family == 6 ? 23 : 15] = 77;
    if (n->family == 4 && r->swap_id) {
        q[4] = packet[5];
        q[5] = packet[4];
    }
    if (n->family == 4 && r->new_id)
        ik_store_be16(q + 4, 0x5555);
    if (r->mess) {
        q[1] ^= 0x5c;
        q[n->family == 6 ? 5 : 3] ^= 0x13;
        if (n->family == 4)
            q[10] ^= 0xff;
        q[n->family == 6 ? 7 : 8] = 213;
    }
    uint8_t *tp = packet + head;
    const size_t body = len - head;
    if (n->family == 4 && r->quote_options) {
        memset(q + head, 1, (size_t)r->quote_options);
        head += (size_t)r->quote_options;
        q[0] = (uint8_t)(0x40 | head / 4);
    }
    const size_t sum_at = n->cfg.method == IK_TRACE_UDP   ? 6
                          : n->cfg.method == IK_TRACE_TCP ? 16
                                                          : 2;
    if (r->nat_shift) {
        const uint32_t s = (uint32_t)ik_load_be16(tp + sum_at) + r->nat_shift;
        ik_store_be16(tp + sum_at, (uint16_t)((s & 0xffff) + (s >> 16)));
    }
    if (r->nat_port)
        ik_store_be16(tp, r->nat_port);
    const size_t keep =
        r->quote_bytes && (size_t)r->quote_bytes < body ? (size_t)r->quote_bytes : body;
    memcpy(q + head, tp, keep);
    return head + keep;
}

/* An ICMP message of a router, from its type octet; returns its bytes. */
static inline size_t net_error(const struct net *n, const struct net_router *r,
                               const struct ik_frame *f, uint8_t type, uint8_t code, uint8_t *m)
{
    memset(m, 0, 8);
    m[0] = type;
    m[1] = code;
    if (n->family == 4 && type == 3 && code == 4)
        ik_store_be16(m + 6, r->mtu);
    if (n->family == 6 && type == 2)
        ik_store_be32(m + 4, r->mtu);
    size_t len = 8 + net_quote(n, r, f, m + 8);
    if (r->ext) {
        memset(m + len, 0, 8 + 128 - (len < 136 ? len : 136));
        memcpy(m + 136, r->ext, r->ext_bytes);
        if (!r->no_length)
            m[n->family == 6 ? 4 : 5] = n->family == 6 ? 16 : 32;
        len = 136 + r->ext_bytes;
    }
    return len;
}

/* Sends ICMP bytes to us from router number `from`: IPv4 as a whole packet, IPv6 without its
 * header, as raw sockets give them. */
static inline void net_icmp(struct net *n, const struct net_router *r, ik_ns at, uint8_t from,
                            uint8_t *m, size_t len)
{
    const struct ik_addr src = net_addr(n->family, from), me = net_addr(n->family, NET_ME);
    struct ik_event ev = {.kind = IK_EV_FRAME};
    net_sum(m, len, 2, n->family == 6 ? ik_cksum_add_pseudo(0, &src, &me, 58, (uint32_t)len) : 0);
    if (r->bad_sum)
        m[2] ^= 1;
    ev.frame.meta = (struct ik_meta){
        .known = IK_KNOW_SRC | IK_KNOW_TTL, .src = src, .ttl = (uint8_t)(255 - from)};
    if (n->family == 6 || n->medium == IK_MEDIUM_ICMP4) {
        ev.frame.medium = n->family == 6 ? IK_MEDIUM_ICMP6 : IK_MEDIUM_ICMP4;
        net_push(n, at, &ev, m, len);
        return;
    }
    uint8_t p[NET_PACKET] = {0x45};
    ik_store_be16(p + 2, (uint16_t)(20 + len));
    p[8] = (uint8_t)(255 - from);
    p[9] = 1;
    memcpy(p + 12, src.bytes, 4);
    memcpy(p + 16, me.bytes, 4);
    net_sum(p, 20, 10, 0);
    memcpy(p + 20, m, len);
    ev.frame.medium = IK_MEDIUM_IP;
    net_push(n, at, &ev, p, 20 + len);
}

/* A TCP segment from the target in answer to the SYN in f. */
static inline void net_tcp(struct net *n, const struct net_router *r, ik_ns at, uint8_t from,
                           const struct ik_frame *f)
{
    const struct ik_addr src = net_addr(n->family, from), me = net_addr(n->family, NET_ME);
    const uint8_t *syn = f->bytes.p + (n->family == 6 ? 40 : 20);
    uint8_t s[20] = {0};
    memcpy(s, syn + 2, 2);
    memcpy(s + 2, syn, 2);
    ik_store_be32(s + 8, ik_load_be32(syn + 4) + 1);
    s[12] = 0x50;
    s[13] = r->syn_ack ? 0x12 : 0x14;
    struct ik_event ev = {.kind = IK_EV_FRAME};
    ev.frame.meta = (struct ik_meta){
        .known = IK_KNOW_SRC | IK_KNOW_TTL, .src = src, .ttl = (uint8_t)(255 - from)};
    if (n->family == 6) {
        ev.frame.medium = IK_MEDIUM_TCP;
        net_push(n, at, &ev, s, sizeof(s));
        return;
    }
    uint8_t p[40] = {0x45, 0, 0, 40, 0, 0, 0, 0, (uint8_t)(255 - from), 6};
    memcpy(p + 12, src.bytes, 4);
    memcpy(p + 16, me.bytes, 4);
    net_sum(p, 20, 10, 0);
    memcpy(p + 20, s, sizeof(s));
    ev.frame.medium = IK_MEDIUM_IP;
    net_push(n, at, &ev, p, sizeof(p));
}

/* An error as the error queue of a socket gives it: what came back of our own bytes. */
static inline void net_queued(struct net *n, const struct net_router *r, ik_ns at, uint8_t from,
                              const struct ik_frame *f, uint8_t type, uint8_t code)
{
    struct ik_event ev = {.kind = IK_EV_ERROR};
    ev.error.from = net_addr(n->family, from);
    ev.error.family = n->family;
    ev.error.type = type;
    ev.error.code = code;
    ev.error.info = r->mtu;
    ev.frame.medium = f->medium;
    ev.frame.meta = (struct ik_meta){.known = IK_KNOW_DST | IK_KNOW_PORTS | IK_KNOW_TTL,
                                     .dst = net_addr(n->family, NET_TARGET),
                                     .dport = f->meta.dport,
                                     .ttl = (uint8_t)(255 - from)};
    const size_t above = n->medium == IK_MEDIUM_UDP ? 8 : 0;
    size_t keep = f->bytes.left;
    if (r->quote_bytes)
        keep = (size_t)r->quote_bytes - above < keep ? (size_t)r->quote_bytes - above : keep;
    net_push(n, at, &ev, f->bytes.p, keep);
}

static inline void net_unreachable(struct net *n, const struct net_router *r, ik_ns at,
                                   uint8_t from, const struct ik_frame *f, uint8_t type,
                                   uint8_t code)
{
    uint8_t m[NET_PACKET];
    if (n->medium != IK_MEDIUM_IP)
        net_queued(n, r, at, from, f, type, code);
    else
        net_icmp(n, r, at, from, m, net_error(n, r, f, type, code, m));
}

static inline void net_echo_reply(struct net *n, const struct net_router *r, ik_ns at, uint8_t from,
                                  const struct ik_frame *f)
{
    uint8_t m[NET_PACKET];
    const size_t skip = f->medium == IK_MEDIUM_IP ? (n->family == 6 ? 40 : 20) : 0;
    size_t len = f->bytes.left - skip;
    memcpy(m, f->bytes.p + skip, len);
    m[0] = n->family == 6 ? 129 : 0;
    if (r->quote_bytes && (size_t)r->quote_bytes < len)
        len = (size_t)r->quote_bytes;
    net_icmp(n, r, at, from, m, len);
}

/* What the target says of a probe that reached it. */
static inline void net_arrive(struct net *n, const struct net_router *r, ik_ns at, uint8_t from,
                              const struct ik_frame *f)
{
    if (r->says) {
        net_unreachable(n, r, at, from, f, r->type, r->code);
    } else if (n->cfg.method == IK_TRACE_ICMP) {
        net_echo_reply(n, r, at, from, f);
    } else if (n->cfg.method == IK_TRACE_TCP) {
        net_tcp(n, r, at, from, f);
    } else if (r->udp_answer) {
        struct ik_event ev = {.kind = IK_EV_FRAME};
        ev.frame.medium = IK_MEDIUM_UDP;
        ev.frame.meta = (struct ik_meta){.known = IK_KNOW_SRC | IK_KNOW_PORTS | IK_KNOW_TTL,
                                         .src = net_addr(n->family, from),
                                         .sport = f->meta.dport,
                                         .ttl = 60};
        net_push(n, at, &ev, (const uint8_t *)"hi", 2);
    } else {
        net_unreachable(n, r, at, from, f, n->family == 6 ? 1 : 3, n->family == 6 ? 4 : 3);
    }
}

/* A frame sets out. */
static inline void net_send(struct net *n, const struct ik_frame *f)
{
    assert_true(n->n_sent < NET_SENT);
    struct net_sent *s = &n->sent[n->n_sent++];
    *s = (struct net_sent){.at = n->now, .frame = *f};
    memcpy(s->bytes, f->bytes.p,
           f->bytes.left < sizeof(s->bytes) ? f->bytes.left : sizeof(s->bytes));
    s->frame.bytes.p = s->bytes;
    if (n->fail_every && n->n_sent % n->fail_every == 0) {
        const struct ik_event ev = {
            .kind = IK_EV_FAILED,
            .key = f->key,
            .failed = {.err = n->fail_err, .mtu = n->fail_err == IK_E_TOO_BIG ? 576 : 0}};
        net_push(n, n->now, &ev, f->bytes.p, 0);
        return;
    }
    if (n->stamps) {
        const struct ik_event ev = {.kind = IK_EV_SENT, .key = f->key};
        net_push(n, n->now, &ev, f->bytes.p, 0);
    }
    int at = f->medium == IK_MEDIUM_IP ? f->bytes.p[n->family == 6 ? 7 : 8] : f->meta.ttl;
    if (at < n->hops && n->routers[at].zero_ttl)
        at++;
    if (at > n->hops)
        at = n->hops;
    struct net_router *r = &n->routers[at];
    r->asked++;
    if (r->silent || (r->silent_after && r->asked > r->budget))
        return;
    uint8_t from = r->as ? r->as : (uint8_t)at;
    if (r->as_odd && r->asked % 2)
        from = r->as_odd;
    const ik_ns when = n->now + at * n->hop_ns + r->delay;
    for (int i = 0; i < (r->twice ? 2 : 1); i++) {
        if (at == n->hops)
            net_arrive(n, r, when + i, from, f);
        else if (r->says)
            net_unreachable(n, r, when + i, from, f, r->type, r->code);
        else
            net_unreachable(n, r, when + i, from, f, n->family == 6 ? 3 : 11, 0);
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static inline void net_drain(struct net *n)
{
    const struct ik_record *rec;
    while ((rec = n->e->ops->record(n->e))) {
        if (rec->kind == IK_REC_hop) {
            assert_true(!n->ended || n->cfg.max_targets > 1);
            assert_true(n->n_said < NET_SENT);
            struct ik_rec_hop *h = &n->said[n->n_said];
            *h = rec->hop;
            if (h->mark)
                h->mark = strcpy(n->marks[n->n_said], h->mark);
            if (h->icmp)
                h->icmp = strcpy(n->icmps[n->n_said], h->icmp);
            assert_true(h->extensions.left <= sizeof(n->exts[0]));
            if (h->extensions.left)
                h->extensions.p = memcpy(n->exts[n->n_said], h->extensions.p, h->extensions.left);
            n->n_said++;
        } else {
            assert_int_equal(rec->kind, IK_REC_trace_summary);
            n->end = rec->trace_summary;
            n->ended = true;
            n->ends++;
            n->ended_at = n->now;
        }
    }
}

/* Hands over the events that are due, in order of time. */
static inline void net_deliver(struct net *n)
{
    for (;;) {
        size_t best = n->n_events;
        for (size_t i = 0; i < n->n_events; i++)
            if (n->events[i].at <= n->now &&
                (best == n->n_events || n->events[i].at < n->events[best].at))
                best = i;
        if (best == n->n_events)
            return;
        struct net_event ev = n->events[best];
        memmove(&n->events[best], &n->events[best + 1],
                (--n->n_events - best) * sizeof(*n->events));
        /* An exact-size block, so that a read past its end is seen. */
        uint8_t *exact = malloc(ev.ev.frame.bytes.left ? ev.ev.frame.bytes.left : 1);
        memcpy(exact, ev.bytes, ev.ev.frame.bytes.left);
        ev.ev.frame.bytes.p = exact;
        if (!ev.ev.error.extensions.p)
            ev.ev.error.extensions.p = ev.ev.kind == IK_EV_ERROR ? exact : NULL;
        n->e->ops->input(n->e, net_now(n), ev.port, &ev.ev, 1);
        net_drain(n);
        free(exact);
    }
}

static inline void net_output(struct net *n)
{
    struct ik_frame frames[IK_BATCH];
    size_t got;
    do {
        got = n->e->ops->output(n->e, net_now(n), frames, IK_BATCH);
        for (size_t i = 0; i < got; i++)
            net_send(n, &frames[i]);
        n->e->ops->accepted(n->e, net_now(n), got);
        net_drain(n);
    } while (got);
}

static inline ik_ns net_next(const struct net *n)
{
    ik_ns at = n->e->ops->deadline(n->e);
    for (size_t i = 0; i < n->n_events; i++)
        at = n->events[i].at < at ? n->events[i].at : at;
    return at;
}

/* Runs to the end, or to `until`. */
static inline void net_run_until(struct net *n, ik_ns until)
{
    for (int turns = 0; !n->e->ops->done(n->e); turns++) {
        assert_true(turns < 20000); /* it must not spin */
        net_deliver(n);
        net_output(n);
        if (n->e->ops->done(n->e))
            return;
        const ik_ns at = net_next(n);
        assert_true(at != IK_NEVER); /* nor sleep for ever */
        if (at > until) {
            n->now = until;
            return;
        }
        n->now = at > n->now ? at : n->now;
    }
}

/* What was said, as text: hops by "|", a probe by the number of who answered, "*" lost, "?"
 * unknown, "x" not sent, "a" ambiguous, "l" reply-limited, each with its mark and "~" for NAT; then
 * how it ended. */
static inline const char *net_text(struct net *n)
{
    size_t used = 0;
    int64_t ttl = 0;
    for (size_t i = 0; i < n->n_said; i++) {
        const struct ik_rec_hop *h = &n->said[i];
        const char *what = !strcmp(h->state, "lost")         ? (h->verdict ? "l" : "*")
                           : !strcmp(h->state, "unknown")    ? "?"
                           : !strcmp(h->state, "send_error") ? "x"
                                                             : "a";
        char number[8];
        snprintf(number, sizeof(number), "%d", h->from.bytes[n->family == 6 ? 15 : 3]);
        if (!strcmp(h->state, "answered"))
            what = number;
        used += (size_t)snprintf(n->text + used, sizeof(n->text) - used, "%s%s%s%s",
                                 ttl == 0        ? ""
                                 : h->ttl == ttl ? " "
                                                 : "|",
                                 what, h->mark ? h->mark : "", h->nat ? "~" : "");
        ttl = h->ttl;
    }
    if (n->ended)
        snprintf(n->text + used, sizeof(n->text) - used, " = %s %s %d", n->end.stop,
                 n->end.reached ? "yes" : "no", (int)n->end.hops);
    return n->text;
}

static inline void net_run(struct net *n)
{
    net_add(n);
    net_run_until(n, IK_NEVER - 1);
    assert_true(n->ended);
}

/* Runs, compares, frees. */
static inline void net_expect(struct net *n, const char *text)
{
    net_run(n);
    assert_string_equal(net_text(n), text);
    net_free(n);
}
