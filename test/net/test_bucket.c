/* SPDX-License-Identifier: MIT */
#include "net/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void take__table_of_instants__spends_and_regains(void **state)
{
    (void)state;
    static const struct {
        ik_ns now;
        bool taken;
    } steps[] = {
        {0, true},           {0, true},          {0, true}, /* the burst */
        {0, false},          {99999999, false},             /* a tenth of a second is one */
        {100000000, true},   {100000000, false}, {350000000, true},
        {350000000, true},   {350000000, false}, /* two and a half came */
        {400000000, true},                       /* and the half was kept */
        {9000000000, true},  {9000000000, true}, {9000000000, true},
        {9000000000, false}, /* never more than the burst */
    };
    struct ik_bucket b;
    ik_bucket_init(&b, 10, 3);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (ik_bucket_take(&b, steps[i].now) != steps[i].taken)
            fail_msg("step %zu", i);
}

/* RFC 4443 section 2.4(f): a bounded number in a second of 10000 faults, and a burst at once. */
static void take__ten_thousand_in_a_second__burst_and_rate(void **state)
{
    (void)state;
    struct ik_bucket b;
    ik_bucket_init(&b, 10, 10);
    int taken = 0, at_once = 0;
    for (ik_ns now = 0; now < IK_NS_PER_S; now += IK_NS_PER_S / 10000) {
        taken += ik_bucket_take(&b, now);
        if (now < IK_NS_PER_S / 100)
            at_once = taken;
    }
    assert_int_equal(at_once, 10);
    assert_int_equal(taken, 19);
}

static void take__rate_that_divides_nothing__is_never_exceeded(void **state)
{
    (void)state;
    struct ik_bucket b;
    ik_bucket_init(&b, 3, 1);
    int taken = 0;
    for (ik_ns now = 0; now <= 1000 * IK_NS_PER_S; now += 111111111)
        taken += ik_bucket_take(&b, now);
    assert_true(taken <= 3 * 1000 + 1);
    assert_true(taken >= 2250);
}

static void take__extremes__do_not_overflow(void **state)
{
    (void)state;
    struct ik_bucket b;
    ik_bucket_init(&b, 1, UINT32_MAX);
    ik_bucket_drain(&b, 1, UINT32_MAX);
    assert_false(ik_bucket_take(&b, 1));
    assert_true(ik_bucket_take(&b, 1 + IK_NS_PER_S));
    ik_bucket_init(&b, 5, 0);
    assert_true(ik_bucket_take(&b, INT64_MIN / 2));
    assert_false(ik_bucket_take(&b, INT64_MIN / 2));
}

static void take__rate_zero__is_unlimited(void **state)
{
    (void)state;
    struct ik_bucket b;
    ik_bucket_init(&b, 0, 1);
    for (int i = 0; i < 1000; i++)
        assert_true(ik_bucket_take(&b, 0));
}

static void drain__more_than_there_is__stops_at_nothing(void **state)
{
    (void)state;
    struct ik_bucket b;
    ik_bucket_init(&b, 10, 3);
    ik_bucket_drain(&b, 0, 100);
    assert_false(ik_bucket_take(&b, 0));
    assert_true(ik_bucket_take(&b, IK_NS_PER_S / 10));
    assert_false(ik_bucket_take(&b, IK_NS_PER_S / 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__table_of_instants__spends_and_regains),
        cmocka_unit_test(take__ten_thousand_in_a_second__burst_and_rate),
        cmocka_unit_test(take__rate_that_divides_nothing__is_never_exceeded),
        cmocka_unit_test(take__extremes__do_not_overflow),
        cmocka_unit_test(take__rate_zero__is_unlimited),
        cmocka_unit_test(drain__more_than_there_is__stops_at_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
