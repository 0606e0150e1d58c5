/* SPDX-License-Identifier: MIT */
#include "net/rtt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define KERNEL(at)          \
    {                       \
        at, IK_CLOCK_KERNEL \
    }
#define HARDWARE(at)          \
    {                         \
        at, IK_CLOCK_HARDWARE \
    }
#define USER(at)          \
    {                     \
        at, IK_CLOCK_USER \
    }
#define NONE             \
    {                    \
        0, IK_CLOCK_NONE \
    }
#define MS IK_NS_PER_MS

struct row {
    struct ik_rtt_stamps in;
    bool ok;
    ik_ns rtt;
    enum ik_clock clock;
};

static void between__pairs_of_one_source_only(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{KERNEL(1000), KERNEL(5000), 0, 9000}, true, 4000, IK_CLOCK_KERNEL},
        /* A card's scale has nothing to do with ours, yet its durations hold. */
        {{HARDWARE(77 * MS), HARDWARE(77 * MS + 50), 0, 900}, true, 50, IK_CLOCK_HARDWARE},
        {{HARDWARE(77 * MS), KERNEL(50), 10, 900}, true, 890, IK_CLOCK_USER},
        {{NONE, KERNEL(5000), 1000, 9000}, true, 8000, IK_CLOCK_USER},
        {{KERNEL(5000), NONE, 1000, 9000}, true, 8000, IK_CLOCK_USER},
        {{NONE, NONE, 1000, 9000}, true, 8000, IK_CLOCK_USER},
        {{KERNEL(5000), USER(8900), 1000, 9000}, true, 8000, IK_CLOCK_USER},
        {{USER(1100), USER(8900), 1000, 9000}, true, 7800, IK_CLOCK_USER},
        /* A multicast answer of this host itself: the looped copy is stamped before departure. */
        {{KERNEL(5000), KERNEL(4999), 0, 9000}, true, 9000, IK_CLOCK_USER},
        {{KERNEL(INT64_MIN), KERNEL(INT64_MAX), 0, 9000}, true, 9000, IK_CLOCK_USER},
        {{KERNEL(0), KERNEL(3600 * IK_NS_PER_S), 0, MS}, true, MS, IK_CLOCK_USER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        ik_ns rtt = -1;
        enum ik_clock clock = IK_CLOCK_COUNT;
        assert_int_equal(ik_rtt_between(&rows[i].in, &rtt, &clock), rows[i].ok);
        assert_int_equal(rtt, rows[i].rtt);
        assert_int_equal(clock, rows[i].clock);
    }
}

/* CVE-2025-47268, CVE-2025-48964: a time that somebody else chose reaches neither end of the range
 * of a sum; here even our own stamps at their extremes. */
static void between__absurd_stamps__are_refused(void **state)
{
    (void)state;
    static const struct ik_rtt_stamps rows[] = {
        {KERNEL(5000), KERNEL(6000), 9000, 1000},
        {KERNEL(5000), KERNEL(4999), 9000, 1000},
        {KERNEL(INT64_MIN), KERNEL(INT64_MAX), INT64_MIN, INT64_MAX},
        {KERNEL(INT64_MAX), KERNEL(INT64_MIN), INT64_MAX, INT64_MIN},
        {KERNEL(0), KERNEL(INT64_MAX), 0, 90000 * IK_NS_PER_S},
        {NONE, NONE, 9000, 1000},
        {NONE, NONE, INT64_MIN, INT64_MAX},
        {NONE, NONE, INT64_MAX, INT64_MIN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        ik_ns rtt = -1;
        enum ik_clock clock;
        assert_false(ik_rtt_between(&rows[i], &rtt, &clock));
        assert_int_equal(rtt, -1);
    }
}

static void wait__only_from_a_comparable_stamp(void **state)
{
    (void)state;
    const struct ik_rtt_stamps arp = {KERNEL(1000 * MS), KERNEL(1001 * MS), 0, 1002 * MS};
    const struct ik_rtt_stamps quick = {KERNEL(99999), KERNEL(MS), 0, MS};
    const struct ik_rtt_stamps card = {HARDWARE(1000 * MS), HARDWARE(1001 * MS), 0, 1002 * MS};
    const struct ik_rtt_stamps none = {NONE, KERNEL(MS), 0, MS};
    assert_int_equal(ik_rtt_wait(&arp), 1000 * MS);
    assert_true(ik_rtt_wait(&quick) == IK_NEVER);
    assert_true(ik_rtt_wait(&card) == IK_NEVER);
    assert_true(ik_rtt_wait(&none) == IK_NEVER);
}

static struct ik_rtt_sums sums_of(const ik_ns *v, size_t n)
{
    struct ik_rtt_sums s = {0};
    for (size_t i = 0; i < n; i++)
        ik_rtt_add(&s, v[i]);
    return s;
}

static void sums__of_none__are_absent(void **state)
{
    (void)state;
    const struct ik_rtt_sums s = {0};
    assert_true(ik_rtt_avg(&s) == IK_NEVER);
    assert_true(ik_rtt_mdev(&s) == IK_NEVER);
}

static void sums__known_samples__give_known_results(void **state)
{
    (void)state;
    static const ik_ns v[] = {2, 4, 4, 4, 5, 5, 7, 9};
    const struct ik_rtt_sums s = sums_of(v, 8);
    assert_int_equal(s.min, 2);
    assert_int_equal(s.max, 9);
    assert_int_equal(ik_rtt_avg(&s), 5);
    assert_int_equal(ik_rtt_mdev(&s), 2);
}

/* The average of these is no integer: subtracting its square would give 25 us. */
static void mdev__large_and_close__does_not_drown_in_rounding(void **state)
{
    (void)state;
    static const ik_ns v[] = {1000000000, 1000000000, 1000000001};
    const struct ik_rtt_sums s = sums_of(v, 3);
    assert_int_equal(ik_rtt_mdev(&s), 0);
    static const ik_ns w[] = {1000000000, 1000000000, 1000003000};
    const struct ik_rtt_sums t = sums_of(w, 3);
    assert_int_equal(ik_rtt_mdev(&t), 1414);
}

static void sums__at_the_extreme__do_not_overflow(void **state)
{
    (void)state;
    struct ik_rtt_sums s = {0};
    for (int i = 0; i < 300000; i++)
        ik_rtt_add(&s, i % 2 ? IK_RTT_MAX : 0);
    assert_int_equal(s.max, IK_RTT_MAX);
    assert_true(s.sum == UINT64_MAX || s.sum == (uint64_t)IK_RTT_MAX * 150000);
    /* Below the saturation of the sum: exact. */
    static const ik_ns v[] = {0, IK_RTT_MAX, 0, IK_RTT_MAX};
    const struct ik_rtt_sums t = sums_of(v, 4);
    assert_int_equal(ik_rtt_avg(&t), IK_RTT_MAX / 2);
    assert_int_equal(ik_rtt_mdev(&t), IK_RTT_MAX / 2);
}

static void ewma__follows_iputils(void **state)
{
    (void)state;
    uint32_t e = ik_rtt_ewma(0, 800000);
    assert_int_equal(e, 6400);
    e = ik_rtt_ewma(e, 1600000);
    assert_int_equal(e, 6400 + 1600 - 800);
    for (int i = 0; i < 1000; i++)
        e = ik_rtt_ewma(e, IK_RTT_MAX);
    assert_true(e <= UINT32_MAX);
    assert_true(e / 8 > 500000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between__pairs_of_one_source_only),
        cmocka_unit_test(between__absurd_stamps__are_refused),
        cmocka_unit_test(wait__only_from_a_comparable_stamp),
        cmocka_unit_test(sums__of_none__are_absent),
        cmocka_unit_test(sums__known_samples__give_known_results),
        cmocka_unit_test(mdev__large_and_close__does_not_drown_in_rounding),
        cmocka_unit_test(sums__at_the_extreme__do_not_overflow),
        cmocka_unit_test(ewma__follows_iputils),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
