/* SPDX-License-Identifier: MIT
 * The links of pings on real sockets; live_sockets.sh makes the network that this expects. */
#include "rig.h"

#include "link/duct.h"

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

static void order_by_few(enum kind kind, uint8_t family)
{
    struct rig r = rig_open(kind, family);
    warm_up(&r);
    r.cap = 7;
    for (uint32_t i = 0; i < 3; i++)
        send_echoes(&r, 1, i * IK_BATCH, IK_BATCH);
    await(&r, IK_EV_FRAME, 192);
    assert_int_equal(count(&r, IK_EV_SENT), 192);
    assert_stamps_true(&r);
    assert_quiet(&r);
    rig_close(&r);
}

static void rx__few_at_a_time__keeps_order_and_loses_nothing(void **state)
{
    (void)state;
    each(order_by_few);
}

/* As many requests as the buffer is said to serve, none of them read in the meantime. */
static void promised(enum kind kind, uint8_t family)
{
    struct ik_link_cfg cfg = config(family);
    cfg.rcvbuf = 400000;
    struct rig r = rig_open_cfg(kind, &cfg);
    warm_up(&r);
    const uint32_t n = r.l->ops->in_flight_max(r.l);
    assert_true(n >= 64 && n < 1024);
    for (uint32_t at = 0; at < n; at += IK_BATCH)
        send_echoes(&r, 1, at, n - at < IK_BATCH ? n - at : IK_BATCH);
    pause_ms(50);
    await(&r, IK_EV_FRAME, n);
    assert_int_equal(count(&r, IK_EV_SENT), n);
    assert_int_equal(count(&r, IK_EV_DROPS), 0);
    rig_close(&r);
}

static void in_flight_max__that_many_unread__drops_nothing(void **state)
{
    (void)state;
    each(promised);
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

/* What the queue of an interface has no room for is for later, and never passes for sent. */
static void slow(enum kind kind, uint8_t family)
{
    static uint8_t b[IK_BATCH][64];
    struct ik_frame f[IK_BATCH];
    struct rig r = rig_open(kind, family);
    warm_up(&r);
    for (uint32_t i = 0; i < IK_BATCH; i++)
        f[i] = frame(&r, b[i], sizeof(b[i]), target(family, 66, 1), i);
    pause_ms(300); /* until the token bucket is full, the queue empty */
    const size_t took = r.l->ops->tx(r.l, read_clock(), f, IK_BATCH);
    pause_ms(600);
    take(&r, read_clock());
    if (kind == PING && family == 6) { /* which says nothing of the kind: see mixed_net() */
        assert_true(count(&r, IK_EV_SENT) < IK_BATCH);
    } else {
        assert_true(took > 0 && took < IK_BATCH);
        assert_int_equal(count(&r, IK_EV_SENT), took);
    }
    assert_int_equal(count(&r, IK_EV_FAILED), 0);
    rig_close(&r);
}

static void tx__queue_of_the_interface_full__takes_fewer(void **state)
{
    (void)state;
    each(slow);
}

static void tx__error_of_another_target_pending__fails_nobody(void **state)
{
    (void)state;
    pending(PING, 4);
    pending(PING, 6);
}

static void raw_error__rejected_target__comes_as_a_frame_and_fails_nobody(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct rig r = rig_open(RAW, family);
        warm_up(&r);
        for (uint32_t i = 0; i < 20; i++) {
            send_echoes(&r, 1, 1000 + 4 * i, 4);
            send_echoes(&r, 2, 4 * i, 4);
            pause_ms(1);
        }
        await(&r, IK_EV_FRAME, 160);
        assert_int_equal(count(&r, IK_EV_SENT), 160);
        assert_int_equal(count(&r, IK_EV_FAILED), 0);
        assert_int_equal(count(&r, IK_EV_ERROR), 0);
        assert_quiet(&r);
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
        cmocka_unit_test(rx__few_at_a_time__keeps_order_and_loses_nothing),
        cmocka_unit_test(in_flight_max__that_many_unread__drops_nothing),
        cmocka_unit_test(tx__failures_amid_a_batch__are_their_frames_and_stamps_stay_right),
        cmocka_unit_test(tx__failures_and_no_numbers_taken__stamps_stay_right),
        cmocka_unit_test(tx__queue_of_the_interface_full__takes_fewer),
        cmocka_unit_test(tx__error_of_another_target_pending__fails_nobody),
        cmocka_unit_test(raw_error__rejected_target__comes_as_a_frame_and_fails_nobody),
        cmocka_unit_test(raw__thousand_sockets_one_identifier__each_hears_its_own),
        cmocka_unit_test(rx__buffer_too_small__drops_are_told),
        cmocka_unit_test(rx__wall_clock_stepped__that_batch_has_user_stamps),
        cmocka_unit_test(open__what_cannot_be__says_why),
        cmocka_unit_test(options__all_set__are_seen_on_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
