/* SPDX-License-Identifier: MIT
 * Whose turn it is: when probes go. */
#include "echo_rig.h"

static struct rig rig;

/* Runs until `span` is over, answering each probe `rtt` after it went (0: never). Returns how many
 * went. */
static size_t run(ik_ns span, ik_ns rtt)
{
    static struct sent waiting[256];
    size_t sent = 0, head = 0, tail = 0;
    const ik_ns end = rig.now.mono + span;
    for (;;) {
        sent += rig_send(&rig);
        for (size_t i = 0; rtt && i < rig.n_sent; i++)
            waiting[tail++ % 256] = rig.sent[i];
        assert_true(tail - head <= 256);
        rig_forget(&rig);
        ik_ns at = rig.engine->ops->deadline(rig.engine);
        if (head < tail && waiting[head % 256].at + rtt < at)
            at = waiting[head % 256].at + rtt;
        if (at >= end)
            break;
        if (at > rig.now.mono)
            rig_step(&rig, at - rig.now.mono);
        while (head < tail && waiting[head % 256].at + rtt <= rig.now.mono)
            rig_answer(&rig, &waiting[head++ % 256]);
    }
    rig_step(&rig, end - rig.now.mono);
    return sent;
}

static void interval__one_target__is_kept_without_drift(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    const ik_ns t0 = rig.now.mono;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(rig_send(&rig), 1);
        /* Woken late each time: the next one is due all the same. */
        assert_int_equal(rig.engine->ops->deadline(rig.engine), t0 + (i + 1) * SEC);
        rig_step(&rig, t0 + (i + 1) * SEC + 3 * MS - rig.now.mono);
    }
    /* After a pause no burst: of all that was missed one is made up for. */
    rig_step(&rig, 60 * SEC);
    assert_int_equal(rig_send(&rig), 2);
    assert_int_equal(rig_send(&rig), 0);
    rig_close(&rig);
}

static void interval__many_targets__are_spread_evenly(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.max_targets = 100;
    cfg.max_in_flight = 2000;
    rig_open(&rig, &cfg);
    for (int i = 0; i < 100; i++)
        rig_add(&rig, "192.0.2.1");
    const ik_ns t0 = rig.now.mono;
    for (int i = 0; i < 300; i++) {
        assert_int_equal(rig_send(&rig), 1);
        assert_int_equal(rig.now.mono - t0, i * 10 * MS);
        const ik_ns next = rig.engine->ops->deadline(rig.engine);
        rig_step(&rig, next - rig.now.mono);
    }
    rig_close(&rig);
}

/* Dense: woken for several at once, yet no more than half a millisecond late. */
static void interval__dense_targets__go_in_batches(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.max_targets = 10000;
    cfg.max_in_flight = 40000;
    rig_open(&rig, &cfg);
    for (int i = 0; i < 10000; i++)
        rig_add(&rig, "192.0.2.1");
    const ik_ns t0 = rig.now.mono;
    size_t sent = 0, wakes = 0;
    while (sent < 10000) {
        sent += rig_send(&rig);
        wakes++;
        assert_in_range(rig.now.mono - t0, (ik_ns)(sent - 1) * 100000,
                        (ik_ns)sent * 100000 + 500000);
        const ik_ns next = rig.engine->ops->deadline(rig.engine);
        if (next > rig.now.mono)
            rig_step(&rig, next - rig.now.mono);
    }
    assert_true(wakes < 3000);
    rig_close(&rig);
}

static void target__added_late__begins_at_once(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    rig_send(&rig);
    rig_step(&rig, 600 * MS);
    rig_add(&rig, "192.0.2.2");
    assert_int_equal(rig_send(&rig), 1);
    assert_int_equal(rig.sent[0].to.bytes[3], 2);
    rig_step(&rig, 400 * MS);
    assert_int_equal(rig_send(&rig), 1);
    assert_int_equal(rig.sent[0].to.bytes[3], 1);
    rig_close(&rig);
}

static void min_gap__over_all_targets__is_kept(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.max_targets = 50;
    cfg.min_gap = 25 * MS; /* 50 targets need 1.25 s a round, not 1 s */
    cfg.max_in_flight = 1000;
    rig_open(&rig, &cfg);
    for (int i = 0; i < 50; i++)
        rig_add(&rig, "192.0.2.1");
    assert_int_equal(run(10 * SEC, MS), 400);
    rig_close(&rig);
}

static void preload__first_probes__go_at_once(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.preload = 3;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(rig_send(&rig), 3);
    rig_step(&rig, SEC - 1);
    assert_int_equal(rig_send(&rig), 0);
    rig_step(&rig, 1);
    assert_int_equal(rig_send(&rig), 1);
    rig_close(&rig);
}

static void in_flight__at_its_bound__waits_for_an_answer(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.preload = 10;
    cfg.max_in_flight = 4;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(rig_send(&rig), 4);
    assert_int_equal(rig_send(&rig), 0);
    assert_int_equal(rig.engine->ops->deadline(rig.engine), rig.now.mono + cfg.timeout);
    rig_answer(&rig, &rig.sent[0]);
    assert_int_equal(rig_send(&rig), 1);
    rig_step(&rig, cfg.timeout);
    assert_int_equal(rig_send(&rig), 4);
    assert_int_equal(rig_totals(&rig).lost, 4);
    rig_close(&rig);
}

/* "as fast as they come back or one hundred times per second, whichever is more" */
static void flood__answered__as_fast_as_answers_come(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.flood = true;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_in_range(run(SEC, MS / 2), 1999, 2001);
    rig_close(&rig);
    cfg.flood_window = 8;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_in_range(run(SEC, MS / 2), 15970, 16000); /* less what the beginning is slower */
    rig_close(&rig);
}

/* No burst at the beginning: what is unanswered grows with the answers. */
static void flood__window__grows_by_one_an_answer(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.flood = true;
    cfg.flood_window = 4;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    static const size_t sent[] = {1, 2, 4, 4, 4};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(rig_send(&rig), sent[i]);
        for (size_t k = 0; k < rig.n_sent; k++)
            rig_answer(&rig, &rig.sent[k]);
        rig_forget(&rig);
    }
    rig_close(&rig);
    cfg.preload = 3; /* -l asks for a burst */
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(rig_send(&rig), 3);
    rig_close(&rig);
}

static void flood__unanswered__a_hundred_a_second(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.flood = true;
    cfg.max_in_flight = 1000;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(run(5 * SEC, 0), 500);
    rig_close(&rig);
    /* -i 0 is the same without the dots. */
    cfg.flood = false;
    cfg.interval = 0;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(run(5 * SEC, 0), 500);
    rig_close(&rig);
}

/* One lost probe does not shut the window until its timeout. */
static void flood__one_lost__goes_on_with_the_next_answer(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.flood = true;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(rig_send(&rig), 1); /* lost */
    assert_int_equal(run(10 * MS, MS), 0);
    assert_in_range(run(SEC, MS), 999, 1001);
    rig_close(&rig);
}

/* Refused at once, again and again: no busy loop. */
static void flood__sends_fail__a_hundred_a_second(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.flood = true;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    size_t sent = 0;
    const ik_ns end = rig.now.mono + SEC;
    while (rig.now.mono < end) {
        sent += rig_send(&rig);
        for (size_t i = 0; i < rig.n_sent; i++)
            rig_fail(&rig, &rig.sent[i], IK_E_NOBUFS, 0);
        rig_forget(&rig);
        rig_step(&rig, MS / 10);
    }
    assert_in_range(sent, 99, 101);
    rig_close(&rig);
}

static void flood__two_targets__each_at_its_own_pace(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.flood = true;
    cfg.max_in_flight = 2000;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1"); /* dead */
    rig_add(&rig, "192.0.2.2"); /* answers in 1 ms */
    size_t sent[3] = {0};
    for (int tick = 0; tick < 1000; tick++) {
        rig_send(&rig);
        for (size_t i = 0; i < rig.n_sent; i++)
            sent[rig.sent[i].to.bytes[3]]++;
        rig_step(&rig, MS);
        for (size_t i = 0; i < rig.n_sent; i++)
            if (rig.sent[i].to.bytes[3] == 2)
                rig_answer(&rig, &rig.sent[i]);
        rig_forget(&rig);
    }
    assert_int_equal(sent[1], 100);
    assert_int_equal(sent[2], 1000);
    rig_close(&rig);
}

static void adaptive__answered_or_not(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.adaptive = true;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_in_range(run(SEC, 10 * MS), 100, 101);
    rig_close(&rig);
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(run(5 * SEC, 0), 5);
    rig_close(&rig);
    cfg.min_gap = 200 * MS; /* ordinary users */
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(run(10 * SEC, 10 * MS), 50);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interval__one_target__is_kept_without_drift),
        cmocka_unit_test(interval__many_targets__are_spread_evenly),
        cmocka_unit_test(interval__dense_targets__go_in_batches),
        cmocka_unit_test(target__added_late__begins_at_once),
        cmocka_unit_test(min_gap__over_all_targets__is_kept),
        cmocka_unit_test(preload__first_probes__go_at_once),
        cmocka_unit_test(in_flight__at_its_bound__waits_for_an_answer),
        cmocka_unit_test(flood__answered__as_fast_as_answers_come),
        cmocka_unit_test(flood__window__grows_by_one_an_answer),
        cmocka_unit_test(flood__unanswered__a_hundred_a_second),
        cmocka_unit_test(flood__one_lost__goes_on_with_the_next_answer),
        cmocka_unit_test(flood__sends_fail__a_hundred_a_second),
        cmocka_unit_test(flood__two_targets__each_at_its_own_pace),
        cmocka_unit_test(adaptive__answered_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
