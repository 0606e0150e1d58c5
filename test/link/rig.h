/* SPDX-License-Identifier: MIT
 * What the live tests of links have in common: a link with a record of all that it told, and frames
 * to the targets that live_sockets.sh makes. */
#pragma once

#include "base/bytes.h"
#include "icmpkit/link.h"
#include "icmpkit/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum kind { PING, RAW, UDP, RAWIP };
enum { IDENT = 4711, SEEN = 4096, HEAD = 16 };
static const uint32_t TAG = 0xcafe0102;

/* ---- a link, and what it told ---------------------------------------------------------------- */

struct seen {
    enum ik_event_kind kind;
    uint32_t key; /* SENT, FAILED: the frame's; FRAME: out of the payload */
    struct ik_stamp at;
    struct ik_meta meta;
    enum ik_medium medium;
    enum ik_err err;
    uint32_t mtu, drops;
    struct ik_addr from;
    uint8_t type, code;
    size_t bytes, extensions;
    uint8_t head[128], ext_head[HEAD];
};

struct rig {
    struct ik_link *l;
    uint8_t family;
    enum kind kind;
    size_t cap; /* of the events that rx may give at once */
    size_t n;
    struct seen *seen;
};

static inline ik_ns clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (ik_ns)ts.tv_sec * IK_NS_PER_S + ts.tv_nsec;
}

/* Both clocks, unless the process lost the processor between them. */
static inline struct ik_now read_clock(void)
{
    for (;;) {
        const ik_ns before = clock_ns(CLOCK_MONOTONIC), real = clock_ns(CLOCK_REALTIME);
        if (clock_ns(CLOCK_MONOTONIC) - before < 5000)
            return (struct ik_now){before, real};
    }
}

static inline struct ik_link_cfg config(uint8_t family)
{
    return (struct ik_link_cfg){.family = family,
                                .ident = IDENT,
                                .tag = TAG,
                                .filter_tag = true,
                                .ttl = -1,
                                .multicast_ttl = -1,
                                .tclass = -1,
                                .flow_label = -1,
                                .pmtudisc = -1};
}

static inline enum ik_err open_kind(struct ik_link **l, enum kind kind,
                                    const struct ik_link_cfg *cfg)
{
    switch (kind) {
    case PING:
        return ik_link_open_ping(l, cfg);
    case RAW:
        return ik_link_open_raw(l, cfg);
    case UDP:
        return ik_link_open_udp(l, cfg);
    default:
        return ik_link_open_rawip(l, cfg, true);
    }
}

static inline struct rig rig_open_cfg(enum kind kind, const struct ik_link_cfg *cfg)
{
    struct rig r = {.family = cfg->family, .kind = kind, .cap = IK_BATCH};
    r.seen = calloc(SEEN, sizeof(*r.seen));
    assert_int_equal(open_kind(&r.l, kind, cfg), IK_OK);
    return r;
}

static inline struct rig rig_open(enum kind kind, uint8_t family)
{
    const struct ik_link_cfg cfg = config(family);
    return rig_open_cfg(kind, &cfg);
}

static inline void rig_close(struct rig *r)
{
    r->l->ops->close(r->l);
    free(r->seen);
}

/* Where the ICMP header is in an arrival. */
static inline size_t icmp_at(const struct rig *r, const struct ik_frame *f)
{
    (void)r;
    return f->medium == IK_MEDIUM_IP && f->bytes.left ? 4u * (f->bytes.p[0] & 15) : 0;
}

static inline void see(struct rig *r, const struct ik_event *e)
{
    assert_true(r->n < SEEN);
    struct seen *s = &r->seen[r->n++];
    const struct ik_rd b = e->frame.bytes;
    *s = (struct seen){.kind = e->kind, .key = e->key, .at = e->at};
    if (e->kind == IK_EV_FAILED) {
        s->err = e->failed.err;
        s->mtu = e->failed.mtu;
    } else if (e->kind == IK_EV_DROPS) {
        s->drops = e->drops;
    } else if (e->kind == IK_EV_FRAME || e->kind == IK_EV_ERROR) {
        const size_t at = icmp_at(r, &e->frame);
        s->meta = e->frame.meta;
        s->medium = e->frame.medium;
        s->bytes = b.left;
        memcpy(s->head, b.p, b.left < sizeof(s->head) ? b.left : sizeof(s->head));
        s->key = b.left >= at + 16 ? ik_load_be32(b.p + at + 12) : UINT32_MAX;
    }
    if (e->kind != IK_EV_ERROR)
        return;
    s->from = e->error.from;
    s->type = e->error.type;
    s->code = e->error.code;
    s->err = e->error.err;
    s->extensions = e->error.extensions.left;
    if (s->extensions >= HEAD)
        memcpy(s->ext_head, e->error.extensions.p, HEAD);
}

/* All that is there now. */
static inline void take(struct rig *r, struct ik_now now)
{
    static struct ik_event events[IK_BATCH];
    size_t n;
    do {
        n = r->l->ops->rx(r->l, now, events, r->cap);
        for (size_t i = 0; i < n; i++)
            see(r, &events[i]);
    } while (n);
}

static inline size_t count(const struct rig *r, enum ik_event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += r->seen[i].kind == kind;
    return n;
}

/* Until `want` events of that kind came, at most 2 s. */
static inline void await(struct rig *r, enum ik_event_kind kind, size_t want)
{
    const ik_ns end = clock_ns(CLOCK_MONOTONIC) + 2 * IK_NS_PER_S;
    while (count(r, kind) < want && clock_ns(CLOCK_MONOTONIC) < end) {
        struct pollfd p = {.fd = r->l->ops->fd(r->l), .events = POLLIN};
        poll(&p, 1, 20);
        take(r, read_clock());
    }
    if (count(r, kind) != want)
        print_error("kind %d family %d: %zu failed, %zu sent, %zu frames, %zu errors\n", r->kind,
                    r->family, count(r, IK_EV_FAILED), count(r, IK_EV_SENT), count(r, IK_EV_FRAME),
                    count(r, IK_EV_ERROR));
    assert_int_equal(count(r, kind), want);
}

static inline void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static const struct seen *find(const struct rig *r, enum ik_event_kind kind, uint32_t key)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->seen[i].kind == kind && r->seen[i].key == key)
            return &r->seen[i];
    return NULL;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* 10.77.NET.HOST, fd77:NET::HOST; NETs 66 and 88 are in 10.88, fd88. */
static inline struct ik_addr target(uint8_t family, uint8_t net, uint8_t host)
{
    struct ik_addr a = {.family = family};
    if (family == 4) {
        a.bytes[0] = 10;
        a.bytes[1] = net == 88 || net == 66 ? 88 : 77;
        a.bytes[2] = net;
        a.bytes[3] = host;
    } else {
        a.bytes[0] = 0xfd;
        a.bytes[1] = net == 88 || net == 66 ? 0x88 : 0x77;
        a.bytes[3] = net == 66 ? 0x66 : net;
        a.bytes[15] = host;
    }
    return a;
}

/* An echo request, or the payload of a datagram: tag and key stand where replies have them. */
static inline struct ik_frame frame(const struct rig *r, uint8_t *b, size_t n, struct ik_addr dst,
                                    uint32_t key)
{
    memset(b, 0, n);
    b[0] = r->family == 4 ? 8 : 128;
    ik_store_be16(b + 4, IDENT);
    ik_store_be16(b + 6, (uint16_t)key);
    ik_store_be32(b + 8, TAG);
    ik_store_be32(b + 12, key);
    if (r->family == 4)
        ik_store_be16(b + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){b, n})));
    return (struct ik_frame){
        .medium = r->l->medium,
        .key = key,
        .bytes = {b, n},
        .meta = {.known = IK_KNOW_DST | IK_KNOW_PORTS, .dst = dst, .dport = 33434}};
}

static inline void send_all(struct rig *r, const struct ik_frame *f, size_t n)
{
    size_t at = 0;
    for (int turns = 0; at < n && turns < 1000; turns++) {
        const size_t took = r->l->ops->tx(r->l, read_clock(), f + at, n - at);
        at += took;
        if (!took)
            take(r, read_clock());
    }
    assert_int_equal(at, n);
}

/* Stamping begins some time after it was switched on. */
static inline void warm_up(struct rig *r)
{
    uint8_t b[64];
    const struct ik_frame f = frame(r, b, sizeof(b), target(r->family, 1, 250), UINT32_MAX - 1);
    pause_ms(5);
    send_all(r, &f, 1);
    pause_ms(20);
    take(r, read_clock());
    r->n = 0;
}

static inline void send_echoes(struct rig *r, uint8_t net, uint32_t first, size_t n)
{
    static uint8_t b[IK_BATCH][64];
    struct ik_frame f[IK_BATCH];
    for (size_t i = 0; i < n; i++)
        f[i] = frame(r, b[i], sizeof(b[i]), target(r->family, net, (uint8_t)(1 + i)),
                     first + (uint32_t)i);
    send_all(r, f, n);
}

/* Every answer came after the stamp of its request, in the order told and by the clock. */
static inline void assert_stamps_true(const struct rig *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct seen *s = &r->seen[i];
        if (s->kind != IK_EV_FRAME)
            continue;
        const struct seen *sent = find(r, IK_EV_SENT, s->key);
        assert_non_null(sent);
        assert_true(sent < s);
        assert_int_equal(sent->at.clock, IK_CLOCK_KERNEL);
        assert_int_equal(s->at.clock, IK_CLOCK_KERNEL);
        assert_true(sent->at.mono <= s->at.mono);
        assert_true(s->at.mono - sent->at.mono < IK_NS_PER_S);
    }
}

static inline void assert_quiet(const struct rig *r)
{
    struct pollfd p = {.fd = r->l->ops->fd(r->l), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 0);
}

static inline void each(void (*fn)(enum kind, uint8_t))
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        fn(RAW, family);
        fn(PING, family);
    }
}

static inline struct ik_addr our_address(uint8_t family)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(family == 4 ? "10.99.0.1" : "fd99::1", &a), IK_OK);
    return a;
}
