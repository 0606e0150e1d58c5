/* SPDX-License-Identifier: MIT
 * The links on real sockets; live_sockets.sh makes the network that this expects. */
#include "base/bytes.h"
#include "icmpkit/link.h"
#include "icmpkit/wire.h"
#include "link/duct.h"

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
    size_t n;
    struct seen *seen;
};

static ik_ns clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (ik_ns)ts.tv_sec * IK_NS_PER_S + ts.tv_nsec;
}

/* Both clocks, unless the process lost the processor between them. */
static struct ik_now read_clock(void)
{
    for (;;) {
        const ik_ns before = clock_ns(CLOCK_MONOTONIC), real = clock_ns(CLOCK_REALTIME);
        if (clock_ns(CLOCK_MONOTONIC) - before < 5000)
            return (struct ik_now){before, real};
    }
}

static struct ik_link_cfg config(uint8_t family)
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

static enum ik_err open_kind(struct ik_link **l, enum kind kind, const struct ik_link_cfg *cfg)
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

static struct rig rig_open_cfg(enum kind kind, const struct ik_link_cfg *cfg)
{
    struct rig r = {.family = cfg->family, .kind = kind};
    r.seen = calloc(SEEN, sizeof(*r.seen));
    assert_int_equal(open_kind(&r.l, kind, cfg), IK_OK);
    return r;
}

static struct rig rig_open(enum kind kind, uint8_t family)
{
    const struct ik_link_cfg cfg = config(family);
    return rig_open_cfg(kind, &cfg);
}

static void rig_close(struct rig *r)
{
    r->l->ops->close(r->l);
    free(r->seen);
}

/* Where the ICMP header is in an arrival. */
static size_t icmp_at(const struct rig *r, const struct ik_frame *f)
{
    (void)r;
    return f->medium == IK_MEDIUM_IP && f->bytes.left ? 4u * (f->bytes.p[0] & 15) : 0;
}

static void see(struct rig *r, const struct ik_event *e)
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
static void take(struct rig *r, struct ik_now now)
{
    static struct ik_event events[IK_BATCH];
    size_t n;
    do {
        n = r->l->ops->rx(r->l, now, events, IK_BATCH);
        for (size_t i = 0; i < n; i++)
            see(r, &events[i]);
    } while (n);
}

static size_t count(const struct rig *r, enum ik_event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += r->seen[i].kind == kind;
    return n;
}

/* Until `want` events of that kind came, at most 2 s. */
static void await(struct rig *r, enum ik_event_kind kind, size_t want)
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

static void pause_ms(long ms)
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

/* 10.77.NET.HOST, fd77:NET::HOST; NET 88 is the one without a route. */
static struct ik_addr target(uint8_t family, uint8_t net, uint8_t host)
{
    struct ik_addr a = {.family = family};
    if (family == 4) {
        a.bytes[0] = 10;
        a.bytes[1] = net == 88 ? 88 : 77;
        a.bytes[2] = net;
        a.bytes[3] = host;
    } else {
        a.bytes[0] = 0xfd;
        a.bytes[1] = net == 88 ? 0x88 : 0x77;
        a.bytes[3] = net;
        a.bytes[15] = host;
    }
    return a;
}

/* An echo request, or the payload of a datagram: tag and key stand where replies have them. */
static struct ik_frame frame(const struct rig *r, uint8_t *b, size_t n, struct ik_addr dst,
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

static void send_all(struct rig *r, const struct ik_frame *f, size_t n)
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
static void warm_up(struct rig *r)
{
    uint8_t b[64];
    const struct ik_frame f = frame(r, b, sizeof(b), target(r->family, 1, 250), UINT32_MAX - 1);
    pause_ms(5);
    send_all(r, &f, 1);
    pause_ms(20);
    take(r, read_clock());
    r->n = 0;
}

static void send_echoes(struct rig *r, uint8_t net, uint32_t first, size_t n)
{
    static uint8_t b[IK_BATCH][64];
    struct ik_frame f[IK_BATCH];
    for (size_t i = 0; i < n; i++)
        f[i] = frame(r, b[i], sizeof(b[i]), target(r->family, net, (uint8_t)(1 + i)),
                     first + (uint32_t)i);
    send_all(r, f, n);
}

/* Every answer came after the stamp of its request, in the order told and by the clock. */
static void assert_stamps_true(const struct rig *r)
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

static void assert_quiet(const struct rig *r)
{
    struct pollfd p = {.fd = r->l->ops->fd(r->l), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 0);
}

static void each(void (*fn)(enum kind, uint8_t))
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        fn(RAW, family);
        fn(PING, family);
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void order(enum kind kind, uint8_t family)
{
    struct rig r = rig_open(kind, family);
    warm_up(&r);
    for (uint32_t i = 0; i < 10; i++)
        send_echoes(&r, 1, i * IK_BATCH, IK_BATCH);
    await(&r, IK_EV_FRAME, 640);
    assert_int_equal(count(&r, IK_EV_SENT), 640);
    assert_int_equal(r.n, 1280);
    assert_stamps_true(&r);
    const struct seen *s = find(&r, IK_EV_FRAME, 3);
    const struct ik_addr from = target(family, 1, 4);
    assert_true(ik_addr_same_host(&s->meta.src, &from));
    assert_true(s->meta.known & IK_KNOW_TTL);
    assert_int_equal(s->meta.ttl, 64);
    assert_int_equal(s->meta.dst.family, family);
    assert_int_equal(ik_link_ident(r.l), IDENT);
    assert_quiet(&r);
    rig_close(&r);
}

static void rx__answers_wait__stamps_come_before_them(void **state)
{
    (void)state;
    each(order);
}

/* Frame i of a mixed batch: which network, what becomes of it. */
static const struct {
    uint8_t net;
    size_t bytes;
    enum ik_err err;
    uint32_t mtu;
} mix[] = {
    {1, 64, IK_OK, 0},          {88, 64, IK_E_NO_ROUTE, 0},
    {1, 64, IK_OK, 0},          {1, 3000, IK_E_TOO_BIG, 1500},
    {4, 64, IK_E_REFUSED, 0},   {1, 64, IK_OK, 0},
    {5, 64, IK_E_HOST_DOWN, 0},
};
enum { MIX = sizeof(mix) / sizeof(*mix) };

/* An IPv6 ping socket does not say that the frame was filtered (ping_v6_sendmsg ignores it): such a
 * frame has neither a failure nor a stamp. */
static uint8_t mixed_net(enum kind kind, uint8_t family, uint32_t i)
{
    const uint8_t net = mix[i % MIX].net;
    return kind == PING && family == 6 && net == 4 ? 88 : net;
}

static void mixed(enum kind kind, uint8_t family, bool ids)
{
    static uint8_t b[IK_BATCH][3000];
    struct ik_frame f[IK_BATCH];
    struct ik_link_cfg cfg = config(family);
    cfg.pmtudisc = family == 4 ? IP_PMTUDISC_DO : IPV6_PMTUDISC_DO;
    struct rig r = rig_open_cfg(kind, &cfg);
    if (!ids) /* as on a kernel that takes no numbers */
        ((struct ik_duct *)r.l)->out.takes_ids = false;
    warm_up(&r);
    for (uint32_t turn = 0; turn < 8; turn++) {
        for (uint32_t i = 0; i < IK_BATCH; i++)
            f[i] = frame(&r, b[i], mix[i % MIX].bytes,
                         target(family, mixed_net(kind, family, i), 9), turn * IK_BATCH + i);
        send_all(&r, f, IK_BATCH);
        take(&r, read_clock());
    }
    size_t good = 0;
    for (uint32_t i = 0; i < IK_BATCH; i++)
        good += mix[i % MIX].err == IK_OK;
    await(&r, IK_EV_FRAME, 8 * good);
    assert_int_equal(count(&r, IK_EV_SENT), 8 * good);
    assert_int_equal(count(&r, IK_EV_FAILED), 8 * (IK_BATCH - good));
    assert_stamps_true(&r);
    for (uint32_t k = 0; k < 8 * IK_BATCH; k++) {
        const struct seen *failed = find(&r, IK_EV_FAILED, k);
        const uint32_t i = k % IK_BATCH % MIX;
        assert_int_equal(failed ? failed->err : IK_OK,
                         mixed_net(kind, family, i) == 88 ? IK_E_NO_ROUTE : mix[i].err);
        assert_int_equal(failed ? failed->mtu : 0, mix[i].mtu);
    }
    rig_close(&r);
}

static void mixed_with_ids(enum kind kind, uint8_t family)
{
    mixed(kind, family, true);
}

static void mixed_without_ids(enum kind kind, uint8_t family)
{
    mixed(kind, family, false);
}

static void tx__failures_amid_a_batch__are_their_frames_and_stamps_stay_right(void **state)
{
    (void)state;
    each(mixed_with_ids);
}

static void tx__failures_and_no_numbers_taken__stamps_stay_right(void **state)
{
    (void)state;
    each(mixed_without_ids);
}

/* Errors about some targets are pending whenever the others are sent to. */
static void pending(enum kind kind, uint8_t family)
{
    struct rig r = rig_open(kind, family);
    warm_up(&r);
    for (uint32_t i = 0; i < 20; i++) {
        send_echoes(&r, 2, 1000 + 4 * i, 4);
        pause_ms(1);
        send_echoes(&r, 1, 4 * i, 4);
    }
    await(&r, IK_EV_FRAME, 80);
    await(&r, IK_EV_ERROR, 80);
    assert_int_equal(count(&r, IK_EV_FAILED), 0);
    assert_stamps_true(&r);
    for (uint32_t k = 0; k < 80; k++) {
        const struct seen *s = find(&r, IK_EV_ERROR, 1000 + k);
        const struct ik_addr dst = target(family, 2, (uint8_t)(1 + k % 4));
        assert_non_null(s);
        assert_true(ik_addr_same_host(&s->meta.dst, &dst));
        assert_int_equal(s->medium, family == 4 ? IK_MEDIUM_ICMP4 : IK_MEDIUM_ICMP6);
        assert_int_equal(s->type, family == 4 ? 3 : 1);
        assert_int_equal(s->code, family == 4 ? 1 : 3);
        assert_int_equal(s->err, IK_E_HOST_DOWN);
        assert_int_equal(s->from.bytes[family == 4 ? 3 : 15], 2);
        assert_int_equal(s->head[0], family == 4 ? 8 : 128);
        assert_int_equal(ik_load_be16(s->head + 4), IDENT);
        assert_int_equal(s->at.clock, IK_CLOCK_KERNEL);
        assert_int_equal(s->meta.ttl, 64);
    }
    assert_quiet(&r);
    rig_close(&r);
}

static void tx__error_of_another_target_pending__fails_nobody(void **state)
{
    (void)state;
    pending(PING, 4);
    pending(PING, 6);
}

static void raw_error__rejected_target__comes_as_a_frame(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct rig r = rig_open(RAW, family);
        warm_up(&r);
        send_echoes(&r, 2, 0, 4);
        await(&r, IK_EV_FRAME, 4);
        const struct seen *s = &r.seen[r.n - 1];
        const size_t at = family == 4 ? 20 : 0;
        assert_int_equal(s->medium, family == 4 ? IK_MEDIUM_IP : IK_MEDIUM_ICMP6);
        assert_int_equal(s->head[at], family == 4 ? 3 : 1);
        assert_int_equal(s->meta.src.bytes[family == 4 ? 3 : 15], 2);
        rig_close(&r);
    }
}

static void raw__thousand_sockets_one_identifier__each_hears_its_own(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    const struct rlimit files = {4096, 4096};
    assert_return_code(setrlimit(RLIMIT_NOFILE, &files), 0);
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct rig *r = calloc(MANY, sizeof(*r));
        for (uint32_t i = 0; i < MANY; i++) {
            struct ik_link_cfg cfg = config(family);
            cfg.tag = TAG + i;
            cfg.queue = 64;
            r[i] = rig_open_cfg(RAW, &cfg);
        }
        for (uint32_t i = 0; i < MANY; i++) {
            uint8_t b[64];
            struct ik_frame f = frame(&r[i], b, sizeof(b), target(family, i % 2 ? 3 : 1, 7), i);
            ik_store_be32(b + 8, TAG + i);
            if (family == 4) {
                ik_store_be16(b + 2, 0);
                ik_store_be16(b + 2, ik_cksum_fold(ik_cksum_add(0, f.bytes)));
            }
            send_all(&r[i], &f, 1);
        }
        pause_ms(100);
        for (uint32_t i = 0; i < MANY; i++) {
            take(&r[i], read_clock());
            assert_int_equal(count(&r[i], IK_EV_FRAME), i % 2 ? 0 : 1);
            assert_int_equal(count(&r[i], IK_EV_DROPS), 0);
            assert_non_null(i % 2 ? r[i].seen : find(&r[i], IK_EV_FRAME, i));
            rig_close(&r[i]);
        }
        free(r);
    }
}

static void shrunk(enum kind kind, uint8_t family)
{
    struct ik_link_cfg cfg = config(family);
    cfg.rcvbuf = 4096;
    cfg.user_stamps = true; /* stamps share the buffer: none here, to count exactly */
    struct rig r = rig_open_cfg(kind, &cfg);
    assert_true(ik_link_rcvbuf_bytes(r.l) < 16384);
    assert_true(r.l->ops->in_flight_max(r.l) <= 4);
    send_echoes(&r, 1, 0, IK_BATCH);
    pause_ms(50);
    take(&r, read_clock());
    uint32_t drops = 0;
    for (size_t i = 0; i < r.n; i++) {
        drops += r.seen[i].drops;
        if (r.seen[i].kind == IK_EV_FRAME)
            assert_int_equal(r.seen[i].at.clock, IK_CLOCK_USER);
    }
    assert_true(drops > 0);
    assert_int_equal(count(&r, IK_EV_FRAME) + drops, IK_BATCH);
    assert_int_equal(count(&r, IK_EV_SENT), 0);
    rig_close(&r);
}

static void rx__buffer_too_small__drops_are_told(void **state)
{
    (void)state;
    each(shrunk);
}

static void stepped(enum kind kind, uint8_t family)
{
    const ik_ns step = 3 * IK_NS_PER_MS;
    struct rig r = rig_open(kind, family);
    warm_up(&r);
    send_echoes(&r, 1, 0, 8);
    pause_ms(10);
    struct ik_now now = read_clock();
    now.real += step; /* what a step of the wall clock looks like from here */
    take(&r, now);
    assert_int_equal(count(&r, IK_EV_FRAME), 8);
    assert_int_equal(count(&r, IK_EV_SENT), 0);
    for (size_t i = 0; i < r.n; i++) {
        assert_int_equal(r.seen[i].at.clock, IK_CLOCK_USER);
        assert_int_equal(r.seen[i].at.mono, now.mono);
    }
    r.n = 0;
    send_echoes(&r, 1, 100, 8);
    pause_ms(10);
    now = read_clock();
    now.real += step;
    take(&r, now); /* tx read the clock as it was: here it moves again, and is believed next time */
    now = read_clock();
    now.real += step;
    take(&r, now);
    r.n = 0;
    uint8_t b[64];
    const struct ik_frame f = frame(&r, b, sizeof(b), target(family, 1, 1), 200);
    now = read_clock();
    now.real += step;
    assert_int_equal(r.l->ops->tx(r.l, now, &f, 1), 1);
    pause_ms(10);
    now = read_clock();
    now.real += step;
    take(&r, now);
    /* The kernel's clock was not really stepped, so by the new offset the answer comes out early
     * by the step: that shows that it is used. */
    const struct seen *s = find(&r, IK_EV_FRAME, 200);
    assert_non_null(s);
    assert_int_equal(s->at.clock, IK_CLOCK_KERNEL);
    assert_true(now.mono - s->at.mono > step + 5 * IK_NS_PER_MS);
    rig_close(&r);
}

static void rx__wall_clock_stepped__that_batch_has_user_stamps(void **state)
{
    (void)state;
    each(stepped);
}

static void udp__closed_port__is_an_error_with_our_payload(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct rig r = rig_open(UDP, family);
        warm_up(&r);
        await(&r, IK_EV_ERROR, 0);
        send_echoes(&r, 1, 500, 8);
        await(&r, IK_EV_ERROR, 8);
        assert_int_equal(count(&r, IK_EV_SENT), 8);
        const struct seen *s = find(&r, IK_EV_ERROR, 503), *sent = find(&r, IK_EV_SENT, 503);
        const struct ik_addr dst = target(family, 1, 4);
        assert_non_null(s);
        assert_true(sent->at.mono <= s->at.mono);
        assert_int_equal(s->medium, IK_MEDIUM_UDP);
        assert_int_equal(s->bytes, 64);
        assert_int_equal(s->type, family == 4 ? 3 : 1);
        assert_int_equal(s->code, family == 4 ? 3 : 4);
        assert_true(ik_addr_same_host(&s->meta.dst, &dst));
        if (family == 4) /* IPv6 answers with an address of its interface */
            assert_true(ik_addr_same_host(&s->from, &dst));
        assert_int_equal(s->meta.dport, 33434);
        assert_int_equal(ik_link_ident(r.l), IDENT);
        rig_close(&r);
    }
}

static void udp__ttl_of_one_frame__expires_at_the_first_router(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct rig r = rig_open(UDP, family);
        uint8_t b[2][64];
        struct ik_frame f[2];
        warm_up(&r);
        for (uint32_t i = 0; i < 2; i++) {
            f[i] = frame(&r, b[i], sizeof(b[i]), target(family, 9, 1), i);
            f[i].meta.known |= IK_KNOW_TTL | IK_KNOW_TCLASS;
            f[i].meta.ttl = 1;
            f[i].meta.tclass = 4;
        }
        send_all(&r, f, 2);
        await(&r, IK_EV_ERROR, 2);
        const struct seen *s = find(&r, IK_EV_ERROR, 1);
        assert_int_equal(s->type, family == 4 ? 11 : 3);
        assert_int_equal(s->from.bytes[family == 4 ? 3 : 15], 2);
        rig_close(&r);
    }
}

/* An ICMPv4 time exceeded about `quoted`, RFC 4884 with one MPLS entry, to ourselves. */
static void answer_with_extension(const uint8_t *quoted, size_t n)
{
    uint8_t b[8 + 128 + 12] = {11};
    b[5] = 128 / 4;
    memcpy(b + 8, quoted, n);
    uint8_t *ext = b + 8 + 128;
    ext[0] = 0x20;
    ik_store_be16(ext + 4, 8);
    ext[6] = 1;
    ext[7] = 1;
    ik_store_be32(ext + 8, 16001u << 12 | 1 << 8 | 1);
    ik_store_be16(ext + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){ext, 12})));
    ik_store_be16(b + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){b, sizeof(b)})));
    const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    assert_return_code(sendto(fd, b, sizeof(b), 0, (const struct sockaddr *)&to, sizeof(to)),
                       errno);
    close(fd);
}

static void udp__error_with_extensions__tells_them_apart_from_the_quote(void **state)
{
    (void)state;
    struct rig r = rig_open(UDP, 4);
    uint8_t quoted[28 + 16] = {0x45, 0, 0, sizeof(quoted), 0, 1, 0, 0, 1, 17};
    const uint8_t here[4] = {127, 0, 0, 1}, there[4] = {10, 77, 1, 9};
    memcpy(quoted + 12, here, 4);
    memcpy(quoted + 16, there, 4);
    ik_store_be16(quoted + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){quoted, 20})));
    ik_store_be16(quoted + 20, IDENT);
    ik_store_be16(quoted + 22, 33434);
    ik_store_be16(quoted + 24, sizeof(quoted) - 20);
    ik_store_be32(quoted + 28 + 12, 777);
    answer_with_extension(quoted, sizeof(quoted));
    await(&r, IK_EV_ERROR, 1);
    const struct seen *s = &r.seen[0];
    assert_int_equal(s->key, 777);
    assert_int_equal(s->type, 11);
    assert_int_equal(s->bytes, 128 - 28);
    assert_int_equal(s->extensions, 12);
    rig_close(&r);
}

static struct ik_addr our_address(uint8_t family)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(family == 4 ? "10.99.0.1" : "fd99::1", &a), IK_OK);
    return a;
}

/* A whole packet around `payload` (transport header first, its checksum at `sum_at`). */
static struct ik_frame packet(uint8_t *b, uint8_t family, struct ik_addr dst, uint8_t proto,
                              uint8_t ttl, const uint8_t *payload, size_t n, size_t sum_at,
                              uint32_t key)
{
    const struct ik_addr src = our_address(family);
    const size_t h = family == 4 ? 20 : 40;
    memset(b, 0, h);
    memcpy(b + h, payload, n);
    if (family == 4) {
        b[0] = 0x45;
        ik_store_be16(b + 2, (uint16_t)(h + n));
        ik_store_be16(b + 4, 4242);
        b[8] = ttl;
        b[9] = proto;
        memcpy(b + 12, src.bytes, 4);
        memcpy(b + 16, dst.bytes, 4);
        ik_store_be16(b + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){b, 20})));
    } else {
        b[0] = 0x60;
        ik_store_be16(b + 4, (uint16_t)n);
        b[6] = proto;
        b[7] = ttl;
        memcpy(b + 8, src.bytes, 16);
        memcpy(b + 24, dst.bytes, 16);
    }
    uint64_t sum =
        proto == IPPROTO_ICMP ? 0 : ik_cksum_add_pseudo(0, &src, &dst, proto, (uint32_t)n);
    ik_store_be16(b + h + sum_at, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){b + h, n})));
    return (struct ik_frame){.medium = IK_MEDIUM_IP, .key = key, .bytes = {b, h + n}};
}

static const struct seen *exchange(struct rig *r, const struct ik_frame *f)
{
    r->n = 0;
    send_all(r, f, 1);
    await(r, IK_EV_FRAME, 1);
    const struct seen *sent = find(r, IK_EV_SENT, f->key), *s = &r->seen[r->n - 1];
    assert_non_null(sent);
    assert_int_equal(s->kind, IK_EV_FRAME);
    assert_true(sent->at.mono <= s->at.mono);
    return s;
}

static void rawip__each_method__hears_its_answers(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        const bool v4 = family == 4;
        const size_t at = v4 ? 20 : 0;
        struct rig r = rig_open(RAWIP, family);
        uint8_t b[128], udp[24] = {0}, tcp[20] = {0}, echo[24] = {v4 ? 8 : 128};
        pause_ms(20);
        ik_store_be16(udp, IDENT);
        ik_store_be16(udp + 2, 33434);
        ik_store_be16(udp + 4, sizeof(udp));
        ik_store_be16(tcp, IDENT);
        ik_store_be16(tcp + 2, 81);
        tcp[12] = 5 << 4;
        tcp[13] = 2; /* SYN */
        ik_store_be16(echo + 4, IDENT);

        /* The first answers may meet a stamping that has not begun. */
        struct ik_frame f = packet(b, family, target(family, 1, 1), 17, 64, udp, sizeof(udp), 6, 1);
        send_all(&r, &f, 1);
        await(&r, IK_EV_FRAME, 1);
        pause_ms(20);

        const struct seen *s = exchange(&r, &f);
        assert_int_equal(s->head[at], v4 ? 3 : 1);
        assert_int_equal(s->head[at + 1], v4 ? 3 : 4);
        if (v4) /* the identification stays as it was given */
            assert_int_equal(ik_load_be16(s->head + 28 + 4), 4242);

        f = packet(b, family, target(family, 9, 1), 17, 1, udp, sizeof(udp), 6, 2);
        s = exchange(&r, &f);
        assert_int_equal(s->head[at], v4 ? 11 : 3);

        f = packet(b, family, target(family, 1, 1), 6, 64, tcp, sizeof(tcp), 16, 3);
        s = exchange(&r, &f);
        assert_int_equal(s->medium, v4 ? IK_MEDIUM_IP : IK_MEDIUM_TCP);
        assert_int_equal(ik_load_be16(s->head + at + 2), IDENT);
        assert_true(s->head[at + 13] & 4); /* RST */

        f = packet(b, family, target(family, 1, 1), v4 ? 1 : 58, 64, echo, sizeof(echo), 2, 4);
        s = exchange(&r, &f);
        assert_int_equal(s->head[at], v4 ? 0 : 129);

        /* Of another program: not for us. */
        ik_store_be16(udp, IDENT + 1);
        f = packet(b, family, target(family, 1, 1), 17, 64, udp, sizeof(udp), 6, 5);
        r.n = 0;
        send_all(&r, &f, 1);
        pause_ms(50);
        take(&r, read_clock());
        assert_int_equal(count(&r, IK_EV_FRAME), 0);
        assert_quiet(&r);
        rig_close(&r);
    }
}

static void rawip__larger_than_the_interface__fails_with_its_mtu(void **state)
{
    (void)state;
    static uint8_t b[3100], payload[3000];
    struct rig r = rig_open(RAWIP, 4);
    const struct ik_frame f = packet(b, 4, target(4, 1, 1), 17, 64, payload, sizeof(payload), 6, 1);
    send_all(&r, &f, 1);
    take(&r, read_clock());
    assert_int_equal(r.n, 1);
    assert_int_equal(r.seen[0].err, IK_E_TOO_BIG);
    assert_int_equal(r.seen[0].mtu, 1500);
    rig_close(&r);
}

static void open__what_cannot_be__says_why(void **state)
{
    (void)state;
    struct ik_link *l = NULL;
    struct ik_link_cfg cfg = config(4);
    cfg.interface = "nosuch0";
    assert_int_equal(ik_link_open_raw(&l, &cfg), IK_E_IFACE);
    cfg = config(4);
    assert_int_equal(ik_addr_parse("192.0.2.1", &cfg.source), IK_OK);
    assert_int_equal(ik_link_open_ping(&l, &cfg), IK_E_ADDR);
    cfg = config(6);
    struct rig r = rig_open(PING, 6);
    assert_int_equal(ik_link_open_ping(&l, &cfg), IK_E_EXISTS);
    assert_null(l);
    rig_close(&r);
    const pid_t child = fork();
    if (!child) {
        if (setgid(65534) || setuid(65534))
            _exit(100);
        cfg = config(4);
        cfg.has_mark = true;
        const bool ok =
            ik_link_open_raw(&l, &cfg) == IK_E_ACCESS && ik_link_open_ping(&l, &cfg) == IK_E_ACCESS;
        _exit(!ok);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

static void options__all_set__are_seen_on_the_wire(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct ik_link_cfg cfg = config(family);
        cfg.interface = "veth-a";
        cfg.ttl = 1;
        cfg.tclass = 0x28;
        cfg.flow_label = family == 6 ? 0x12345 : -1;
        cfg.peer = target(family, 9, 1);
        cfg.sticky_source = true;
        cfg.broadcast = cfg.debug = cfg.no_multicast_loop = true;
        cfg.multicast_ttl = 3;
        cfg.has_mark = true;
        cfg.mark = 7;
        struct rig r = rig_open_cfg(RAW, &cfg);
        const struct ik_addr us = our_address(family), source = ik_link_source(r.l);
        assert_true(ik_addr_same_host(&us, &source));
        send_echoes(&r, 9, 0, 1); /* dies at the router, which quotes the header as it was */
        await(&r, IK_EV_FRAME, 1);
        const uint8_t *quote = r.seen[r.n - 1].head + (family == 4 ? 28 : 8);
        if (family == 4) {
            assert_int_equal(quote[1], 0x28);
        } else {
            assert_int_equal(ik_load_be32(quote), 0x62812345);
        }
        assert_true(find(&r, IK_EV_SENT, 0) || r.n == 1);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rx__answers_wait__stamps_come_before_them),
        cmocka_unit_test(tx__failures_amid_a_batch__are_their_frames_and_stamps_stay_right),
        cmocka_unit_test(tx__failures_and_no_numbers_taken__stamps_stay_right),
        cmocka_unit_test(tx__error_of_another_target_pending__fails_nobody),
        cmocka_unit_test(raw_error__rejected_target__comes_as_a_frame),
        cmocka_unit_test(raw__thousand_sockets_one_identifier__each_hears_its_own),
        cmocka_unit_test(rx__buffer_too_small__drops_are_told),
        cmocka_unit_test(rx__wall_clock_stepped__that_batch_has_user_stamps),
        cmocka_unit_test(udp__closed_port__is_an_error_with_our_payload),
        cmocka_unit_test(udp__ttl_of_one_frame__expires_at_the_first_router),
        cmocka_unit_test(udp__error_with_extensions__tells_them_apart_from_the_quote),
        cmocka_unit_test(rawip__each_method__hears_its_answers),
        cmocka_unit_test(rawip__larger_than_the_interface__fails_with_its_mtu),
        cmocka_unit_test(open__what_cannot_be__says_why),
        cmocka_unit_test(options__all_set__are_seen_on_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
