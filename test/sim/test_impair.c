/* SPDX-License-Identifier: MIT */
#include "sim/impair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define MS IK_NS_PER_MS
#define RATIO(percent) ((uint32_t)((percent) / 100.0 * 4294967296.0))
enum { MANY = 100000, FRAME = 1014 };

static struct ik_impair_result one(const struct ik_sim_impair *im, struct ik_impair_line *line,
                                   struct ik_rng *rng, ik_ns now, size_t bytes)
{
    struct ik_impair_result r;
    ik_impair_apply(im, line, rng, now, bytes, &r);
    return r;
}

static struct ik_impair_queue *queue_of(uint32_t cap)
{
    struct ik_impair_queue *q = calloc(1, sizeof(*q) + cap * sizeof(q->begins[0]));
    assert_non_null(q);
    q->cap = cap;
    return q;
}

static void delay__alone__is_exact(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = 5 * MS};
    struct ik_impair_line line = {0};
    struct ik_rng rng = {1};
    for (ik_ns now = 0; now < 100; now++) {
        const struct ik_impair_result r = one(&im, &line, &rng, now, FRAME);
        assert_int_equal(r.fate, IK_FATE_CARRIED);
        assert_int_equal(r.at, now + 5 * MS);
        assert_false(r.overtakes || r.duplicate || r.corrupt);
    }
    /* Nothing was left to chance. */
    assert_int_equal(rng.state, 1);
}

static void jitter__frames_apart__fill_its_bounds(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = 5 * MS, .jitter = 2 * MS};
    struct ik_impair_line line = {0};
    struct ik_rng rng = {2};
    ik_ns least = IK_NEVER, most = 0;
    for (int i = 0; i < MANY; i++) {
        const ik_ns now = i * (10 * MS);
        const struct ik_impair_result r = one(&im, &line, &rng, now, FRAME);
        least = r.at - now < least ? r.at - now : least;
        most = r.at - now > most ? r.at - now : most;
    }
    assert_in_range(least, 3 * MS, 3 * MS + MS / 100);
    assert_in_range(most, 7 * MS - MS / 100, 7 * MS);
}

static void jitter__close_frames__stay_in_order(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = 5 * MS, .jitter = 2 * MS};
    struct ik_impair_line line = {0};
    struct ik_rng rng = {2};
    ik_ns last = 0;
    for (int i = 0; i < MANY; i++) {
        const ik_ns now = i * (MS / 10);
        const struct ik_impair_result r = one(&im, &line, &rng, now, FRAME);
        assert_true(r.at >= last);
        assert_in_range(r.at - now, 3 * MS, 7 * MS);
        last = r.at;
    }
}

static void jitter__more_than_the_delay__never_arrives_before_it_left(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = MS, .jitter = 10 * MS};
    struct ik_rng rng = {2};
    for (int i = 0; i < 1000; i++) {
        struct ik_impair_line line = {0};
        assert_true(one(&im, &line, &rng, 77, FRAME).at >= 77);
    }
}

static void reorder__some__overtake_by_no_more_than_they_may(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = 5 * MS, .reorder = RATIO(10), .reorder_by = 3 * MS};
    struct ik_impair_line line = {0};
    struct ik_rng rng = {3};
    int overtaking = 0;
    ik_ns latest = 0;
    for (int i = 0; i < MANY; i++) {
        const ik_ns now = i * (MS / 10);
        const struct ik_impair_result r = one(&im, &line, &rng, now, FRAME);
        assert_in_range(r.at - now, 2 * MS, 5 * MS);
        assert_int_equal(r.overtakes, r.at < latest);
        latest = r.at > latest ? r.at : latest;
        overtaking += r.overtakes;
    }
    assert_in_range(overtaking, MANY / 12, MANY / 9);
}

static void loss__ratio__is_kept(void **state)
{
    (void)state;
    const struct row {
        uint32_t ratio;
        int least, most;
    } rows[] = {
        {0, 0, 0}, {RATIO(1), 850, 1150}, {RATIO(50), 49000, 51000}, {UINT32_MAX, MANY, MANY}};
    for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
        const struct ik_sim_impair im = {.loss = rows[k].ratio};
        struct ik_impair_line line = {0};
        struct ik_rng rng = {k};
        int lost = 0;
        for (int i = 0; i < MANY; i++)
            lost += one(&im, &line, &rng, i, FRAME).fate == IK_FATE_LOST;
        assert_in_range(lost, rows[k].least, rows[k].most);
    }
}

/* The bad state is entered by 1 of 100 and left by 1 of 10: 1 frame of 11 falls into it, and losses
 * come in runs of 10 on average, where independent ones of that ratio would come in runs of 1.1. */
static void bursts__of_gilbert_and_elliott__come_in_runs(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {
        .burst_start = RATIO(1), .burst_end = RATIO(10), .burst_loss = UINT32_MAX};
    struct ik_impair_line line = {0};
    struct ik_rng rng = {5};
    int lost = 0, runs = 0;
    bool before = false;
    for (int i = 0; i < MANY; i++) {
        const bool is = one(&im, &line, &rng, i, FRAME).fate == IK_FATE_LOST;
        lost += is;
        runs += is && !before;
        before = is;
    }
    assert_in_range(lost, MANY / 11 - 1500, MANY / 11 + 1500);
    assert_in_range(lost / runs, 8, 12);
}

static void rate__back_to_back__takes_the_time_of_the_wire(void **state)
{
    (void)state;
    /* 10 Mbit/s Ethernet carries 14,880 of the shortest frames a second. */
    assert_int_equal(ik_impair_serial(42, 10000000), 67200);
    assert_int_equal(ik_impair_serial(60, 10000000), 67200);
    assert_int_equal(ik_impair_serial(1514, 10000000), 1230400);
    assert_int_equal(ik_impair_serial(1514, 3), 4101333333334); /* never too soon */
    const struct ik_sim_impair im = {.delay = MS, .rate_bps = 10000000, .queue = 10};
    struct ik_impair_line line = {.queue = queue_of(10)};
    struct ik_rng rng = {1};
    for (int i = 0; i < 11; i++)
        assert_int_equal(one(&im, &line, &rng, 0, 42).at, MS + (i + 1) * 67200);
    free(line.queue);
}

static void queue__full__drops_the_tail_until_a_frame_begins(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.rate_bps = 10000000, .queue = 3};
    struct ik_impair_line line = {.queue = queue_of(5)};
    struct ik_rng rng = {1};
    /* One on the wire, three wait. */
    for (int i = 0; i < 4; i++)
        assert_int_equal(one(&im, &line, &rng, 0, 42).fate, IK_FATE_CARRIED);
    assert_int_equal(one(&im, &line, &rng, 0, 42).fate, IK_FATE_QUEUE_FULL);
    assert_int_equal(one(&im, &line, &rng, 67199, 42).fate, IK_FATE_QUEUE_FULL);
    const struct ik_impair_result r = one(&im, &line, &rng, 67200, 42);
    assert_int_equal(r.fate, IK_FATE_CARRIED);
    assert_int_equal(r.at, 5 * 67200);
    assert_int_equal(one(&im, &line, &rng, 67200, 42).fate, IK_FATE_QUEUE_FULL);
    /* And after a pause all of it is free again, however often the ring went round. */
    for (int turn = 1; turn < 100; turn++) {
        for (int i = 0; i < 4; i++)
            assert_int_equal(one(&im, &line, &rng, turn * 10 * MS, 42).fate, IK_FATE_CARRIED);
        assert_int_equal(one(&im, &line, &rng, turn * 10 * MS, 42).fate, IK_FATE_QUEUE_FULL);
    }
    free(line.queue);
}

static void rate__lost_frames__hold_the_wire_too(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.rate_bps = 10000000, .loss = UINT32_MAX};
    struct ik_impair_line line = {.queue = queue_of(100)};
    struct ik_rng rng = {1};
    assert_int_equal(one(&im, &line, &rng, 0, 42).fate, IK_FATE_LOST);
    assert_int_equal(line.busy_until, 67200);
    free(line.queue);
}

static void mtu__counts_ip_bytes__and_says_nothing(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.mtu = 1400};
    struct ik_impair_line line = {0};
    struct ik_rng rng = {1};
    assert_int_equal(one(&im, &line, &rng, 0, 1414).fate, IK_FATE_CARRIED);
    assert_int_equal(one(&im, &line, &rng, 0, 1415).fate, IK_FATE_TOO_LONG);
    const struct ik_sim_impair down = {.down = true};
    assert_int_equal(one(&down, &line, &rng, 0, 60).fate, IK_FATE_LOST);
}

static void corrupt__a_bit__lies_after_the_ethernet_header(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.corrupt = UINT32_MAX, .duplicate = UINT32_MAX};
    struct ik_impair_line line = {0};
    struct ik_rng rng = {1};
    uint32_t most = 0;
    for (int i = 0; i < MANY; i++) {
        const struct ik_impair_result r = one(&im, &line, &rng, i, FRAME);
        assert_true(r.corrupt && r.duplicate);
        assert_true(r.bit < 8 * (FRAME - 14));
        most = r.bit > most ? r.bit : most;
    }
    assert_true(most > 8 * (FRAME - 14) - 16);
    assert_false(one(&im, &line, &rng, MANY, 14).corrupt);
}

/* Whatever would make ik_impair_apply do or draw anything else. */
static void plain__any_other_setting__is_not(void **state)
{
    (void)state;
    static const struct ik_sim_impair other[] = {
        {.jitter = 1},     {.loss = 1},      {.burst_start = 1}, {.burst_end = 1},
        {.burst_loss = 1}, {.duplicate = 1}, {.corrupt = 1},     {.reorder = 1},
        {.rate_bps = 1},   {.mtu = 1},       {.down = true},
    };
    const struct ik_sim_impair plain = {.delay = 7, .reorder_by = 3, .queue = 5};
    assert_true(ik_impair_is_plain(&plain));
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        assert_false(ik_impair_is_plain(&other[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delay__alone__is_exact),
        cmocka_unit_test(jitter__frames_apart__fill_its_bounds),
        cmocka_unit_test(jitter__close_frames__stay_in_order),
        cmocka_unit_test(jitter__more_than_the_delay__never_arrives_before_it_left),
        cmocka_unit_test(reorder__some__overtake_by_no_more_than_they_may),
        cmocka_unit_test(loss__ratio__is_kept),
        cmocka_unit_test(bursts__of_gilbert_and_elliott__come_in_runs),
        cmocka_unit_test(rate__back_to_back__takes_the_time_of_the_wire),
        cmocka_unit_test(queue__full__drops_the_tail_until_a_frame_begins),
        cmocka_unit_test(rate__lost_frames__hold_the_wire_too),
        cmocka_unit_test(mtu__counts_ip_bytes__and_says_nothing),
        cmocka_unit_test(corrupt__a_bit__lies_after_the_ethernet_header),
        cmocka_unit_test(plain__any_other_setting__is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
