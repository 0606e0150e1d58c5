/* SPDX-License-Identifier: MIT */
#include "link/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const ik_ns T = 1000 * IK_NS_PER_S, REAL = 1700000000 * IK_NS_PER_S;

static struct ik_now at(ik_ns mono, ik_ns step)
{
    return (struct ik_now){mono, REAL + mono + step};
}

/* ---- offset ---------------------------------------------------------------------------------- */

static void convert__steady_clock__holds_the_first_offset(void **state)
{
    (void)state;
    struct ik_offset o = {0};
    ik_ns mono = 0;
    ik_offset_look(&o, at(T, 0));
    /* Readings differ by less than their error: two stamps 1000 ns apart stay 1000 ns apart. */
    ik_offset_look(&o, at(T + 10, 15000));
    assert_true(ik_offset_convert(&o, at(T + 10, 15000), REAL + T + 5, &mono));
    assert_int_equal(mono, T + 5);
    ik_offset_look(&o, at(T + 20, -15000));
    assert_true(ik_offset_convert(&o, at(T + 20, -15000), REAL + T + 1005, &mono));
    assert_int_equal(mono, T + 1005);
}

static void convert__before_any_reading__is_refused(void **state)
{
    (void)state;
    const struct ik_offset o = {0};
    ik_ns mono = 7;
    assert_false(ik_offset_convert(&o, at(T, 0), REAL + T, &mono));
    assert_int_equal(mono, 7);
}

static void convert__clock_stepped__refuses_that_batch_then_uses_the_new(void **state)
{
    (void)state;
    static const ik_ns steps[] = {3600 * IK_NS_PER_S, -3600 * IK_NS_PER_S, 1000000, -21000};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct ik_offset o = {0};
        ik_ns mono;
        ik_offset_look(&o, at(T, 0));
        const struct ik_now then = at(T + 100000, steps[i]), later = at(T + 200000, steps[i]);
        ik_offset_look(&o, then);
        assert_false(ik_offset_convert(&o, then, REAL + T, &mono)); /* either scale */
        assert_false(ik_offset_convert(&o, then, REAL + T + steps[i], &mono));
        ik_offset_settle(&o, then);
        assert_false(ik_offset_convert(&o, then, REAL + T + steps[i], &mono));
        ik_offset_look(&o, later);
        assert_true(ik_offset_convert(&o, later, REAL + T + 150000 + steps[i], &mono));
        assert_int_equal(mono, T + 150000);
    }
}

static void convert__step_before_queues_were_empty__stays_in_doubt(void **state)
{
    (void)state;
    struct ik_offset o = {0};
    ik_ns mono;
    ik_offset_look(&o, at(T, 0));
    for (int i = 1; i < 5; i++) {
        const struct ik_now now = at(T + i * 1000, 5 * IK_NS_PER_MS);
        ik_offset_look(&o, now);
        /* Still older stamps in the queue: one of before the step would come out 5 ms early. */
        assert_false(ik_offset_convert(&o, now, REAL + T, &mono));
    }
    ik_offset_settle(&o, at(T + 5000, 5 * IK_NS_PER_MS));
    assert_true(
        ik_offset_convert(&o, at(T + 5000, 5 * IK_NS_PER_MS), REAL + T + 5 * IK_NS_PER_MS, &mono));
    assert_int_equal(mono, T);
}

static void convert__same_reading_looked_at_twice__confirms_nothing(void **state)
{
    (void)state;
    struct ik_offset o = {0};
    ik_ns mono;
    ik_offset_look(&o, at(T, 0));
    const struct ik_now torn = at(T + 1000, 400000);
    ik_offset_look(&o, torn); /* tx */
    ik_offset_look(&o, torn); /* rx of the same turn */
    assert_false(ik_offset_convert(&o, torn, REAL + T, &mono));
    /* The reading was torn, the clock never stepped: the next turn goes on as before. */
    ik_offset_look(&o, at(T + 2000, 0));
    assert_true(ik_offset_convert(&o, at(T + 2000, 0), REAL + T + 1500, &mono));
    assert_int_equal(mono, T + 1500);
}

static void convert__step_between_reading_and_stamp__is_refused(void **state)
{
    (void)state;
    struct ik_offset o = {0};
    ik_ns mono;
    ik_offset_look(&o, at(T, 0));
    assert_false(ik_offset_convert(&o, at(T, 0), REAL + T + 3600 * IK_NS_PER_S, &mono));
    assert_false(ik_offset_convert(&o, at(T, 0), REAL + T - 3600 * IK_NS_PER_S, &mono));
    assert_true(ik_offset_convert(&o, at(T, 0), REAL + T + IK_NS_PER_MS, &mono));
}

/* ---- ring ------------------------------------------------------------------------------------ */

static void ring_open(struct ik_stamps *s)
{
    ik_stamps_init(s, calloc(1, ik_stamps_bytes(64)), 64);
}

static void take__each_identifier__gives_its_frame_once(void **state)
{
    (void)state;
    struct ik_stamps s;
    uint32_t key = 0;
    ring_open(&s);
    for (uint32_t i = 0; i < 200; i++)
        ik_stamps_put(&s, 1000 + i, T + i);
    assert_int_equal(s.awaited, 64);
    assert_false(ik_stamps_take(&s, 135, T + 500, true, &key)); /* lapped */
    assert_true(ik_stamps_take(&s, 136, T + 500, true, &key));
    assert_int_equal(key, 1136);
    assert_false(ik_stamps_take(&s, 136, T + 500, true, &key));
    assert_false(ik_stamps_take(&s, 200, T + 500, true, &key)); /* never sent */
    assert_int_equal(s.awaited, 63);
    free(s.ring);
}

static void take__stamp_older_than_the_send__is_refused_and_entry_stays(void **state)
{
    (void)state;
    struct ik_stamps s;
    uint32_t key = 0;
    ring_open(&s);
    ik_stamps_put(&s, 9, T);
    assert_false(ik_stamps_take(&s, 0, T - IK_NS_PER_MS, true, &key));
    assert_true(ik_stamps_take(&s, 0, 5, false, &key)); /* a card's scale is not compared */
    assert_int_equal(key, 9);
    free(s.ring);
}

static void take__restart__separates_the_generations(void **state)
{
    (void)state;
    struct ik_stamps s;
    uint32_t key = 0;
    ring_open(&s);
    for (uint32_t i = 0; i < 4; i++)
        ik_stamps_put(&s, i, T);
    assert_true(ik_stamps_take(&s, 0, T, true, &key));
    ik_stamps_restart(&s);
    ik_stamps_put(&s, 100, T + 10); /* number 0: its bearer has its stamp already */
    ik_stamps_put(&s, 101, T + 10); /* number 1: the old bearer still waits */
    assert_true(ik_stamps_take(&s, 0, T + 20, true, &key));
    assert_int_equal(key, 100);
    assert_false(ik_stamps_take(&s, 1, T + 20, true, &key)); /* of 1 or of 101? */
    assert_true(ik_stamps_take(&s, 3, T + 20, true, &key));  /* only the old one can be meant */
    assert_int_equal(key, 3);
    assert_int_equal(s.awaited, 1);
    free(s.ring);
}

static void take__doubt__ends_though_identifiers_restart_often(void **state)
{
    (void)state;
    struct ik_stamps s;
    uint32_t key = 0;
    ring_open(&s);
    for (int i = 0; i < 12; i++) {
        ik_stamps_put(&s, (uint32_t)i, T + i * IK_NS_PER_S);
        ik_stamps_restart(&s);
    }
    assert_false(ik_stamps_take(&s, 0, T, true, &key));
    ik_stamps_put(&s, 77, T + 25 * IK_NS_PER_S);
    assert_true(ik_stamps_take(&s, 0, T + 25 * IK_NS_PER_S, true, &key));
    assert_int_equal(key, 77);
    free(s.ring);
}

static void put__numbers_wrap__finds_its_frames(void **state)
{
    (void)state;
    struct ik_stamps s;
    uint32_t key = 0;
    ring_open(&s);
    s.next = UINT32_MAX;
    ik_stamps_put(&s, 1, T);
    ik_stamps_put(&s, 2, T);
    assert_true(ik_stamps_take(&s, UINT32_MAX, T, true, &key));
    assert_int_equal(key, 1);
    assert_true(ik_stamps_take(&s, 0, T, true, &key));
    assert_int_equal(key, 2);
    free(s.ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convert__steady_clock__holds_the_first_offset),
        cmocka_unit_test(convert__before_any_reading__is_refused),
        cmocka_unit_test(convert__clock_stepped__refuses_that_batch_then_uses_the_new),
        cmocka_unit_test(convert__step_before_queues_were_empty__stays_in_doubt),
        cmocka_unit_test(convert__same_reading_looked_at_twice__confirms_nothing),
        cmocka_unit_test(convert__step_between_reading_and_stamp__is_refused),
        cmocka_unit_test(take__each_identifier__gives_its_frame_once),
        cmocka_unit_test(take__stamp_older_than_the_send__is_refused_and_entry_stays),
        cmocka_unit_test(take__restart__separates_the_generations),
        cmocka_unit_test(take__doubt__ends_though_identifiers_restart_often),
        cmocka_unit_test(put__numbers_wrap__finds_its_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
