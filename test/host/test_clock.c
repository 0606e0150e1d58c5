/* SPDX-License-Identifier: MIT */
#include <icmpkit/host.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

static void now__read_many_times__never_goes_back(void **state)
{
    (void)state;
    struct ik_now last = ik_clock_now();
    for (int i = 0; i < 100000; i++) {
        const struct ik_now now = ik_clock_now();
        assert_true(now.mono >= last.mono);
        last = now;
    }
}

static void now__both_clocks__keep_their_offset(void **state)
{
    (void)state;
    /* The median distance of offsets shows how close the two readings lie: readings of one after
     * the other without the bracket would show the time between them. */
    const struct ik_now first = ik_clock_now();
    int close = 0;
    for (int i = 0; i < 1001; i++) {
        const struct ik_now now = ik_clock_now();
        const ik_ns moved = (now.real - now.mono) - (first.real - first.mono);
        close += moved > -10 * IK_NS_PER_US && moved < 10 * IK_NS_PER_US;
    }
    assert_true(close > 500);
}

static void now__real__is_the_systems(void **state)
{
    (void)state;
    const ik_ns before = (ik_ns)time(NULL) * IK_NS_PER_S;
    const struct ik_now now = ik_clock_now();
    assert_true(now.real >= before - IK_NS_PER_S && now.real < before + 10 * IK_NS_PER_S);
}

static void utc_offset__of_seoul_and_new_york__follows_the_zone(void **state)
{
    (void)state;
    setenv("TZ", "KST-9", 1);
    tzset();
    assert_int_equal(ik_clock_utc_offset(0), 32400);
    /* New York: winter and summer of 2026, by the rule itself so that no zone file is needed. */
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    tzset();
    assert_int_equal(ik_clock_utc_offset(1768478400 * IK_NS_PER_S), -18000);
    assert_int_equal(ik_clock_utc_offset(1784116800 * IK_NS_PER_S), -14400);
}

static void utc_offset__a_nanosecond_before_the_change__is_the_old_one(void **state)
{
    (void)state;
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    tzset();
    const ik_ns spring = 1772953200 * IK_NS_PER_S; /* 2026-03-08 07:00:00 UTC */
    assert_int_equal(ik_clock_utc_offset(spring - 1), -18000);
    assert_int_equal(ik_clock_utc_offset(spring), -14400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now__read_many_times__never_goes_back),
        cmocka_unit_test(now__both_clocks__keep_their_offset),
        cmocka_unit_test(now__real__is_the_systems),
        cmocka_unit_test(utc_offset__of_seoul_and_new_york__follows_the_zone),
        cmocka_unit_test(utc_offset__a_nanosecond_before_the_change__is_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
