/* SPDX-License-Identifier: MIT */
#include "net/sketch.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int by_value(const void *a, const void *b)
{
    const ik_ns x = *(const ik_ns *)a, y = *(const ik_ns *)b;
    return (x > y) - (x < y);
}

static void quantile__of_none__is_absent(void **state)
{
    (void)state;
    static struct ik_sketch s;
    assert_true(ik_sketch_quantile(&s, 50) == IK_NEVER);
}

/* Every octave that a round trip can fall in, against the sorted samples. */
static void quantile__any_spread__within_one_percent(void **state)
{
    (void)state;
    enum { N = 5000 };
    static ik_ns v[N];
    struct ik_rng rng = {42};
    for (unsigned octave = 10; octave < 37; octave++) {
        static struct ik_sketch s;
        memset(&s, 0, sizeof(s));
        for (int i = 0; i < N; i++) {
            v[i] = (INT64_C(1) << octave) + (ik_ns)(ik_rng_next(&rng) >> (64 - octave));
            ik_sketch_add(&s, v[i]);
        }
        qsort(v, N, sizeof(*v), by_value);
        for (unsigned p = 1; p <= 100; p++) {
            const ik_ns want = v[(N * p + 99) / 100 - 1], got = ik_sketch_quantile(&s, p);
            assert_true(llabs(got - want) * 100 <= want);
        }
    }
}

static void quantile__ranks__are_nearest(void **state)
{
    (void)state;
    static struct ik_sketch s;
    for (ik_ns i = 1; i <= 10; i++)
        ik_sketch_add(&s, i * 1000000);
    assert_int_equal((ik_sketch_quantile(&s, 50) + 100000) / 1000000, 5);
    assert_int_equal((ik_sketch_quantile(&s, 90) + 100000) / 1000000, 9);
    assert_int_equal((ik_sketch_quantile(&s, 99) + 100000) / 1000000, 10);
}

static void add__out_of_range__is_kept_at_the_ends(void **state)
{
    (void)state;
    static struct ik_sketch s;
    ik_sketch_add(&s, INT64_MIN);
    assert_int_equal(ik_sketch_quantile(&s, 100), 8);
    ik_sketch_add(&s, INT64_MAX);
    assert_int_equal(s.count[IK_SKETCH_BUCKETS - 1], 1);
    s.count[0] = UINT32_MAX;
    ik_sketch_add(&s, 0);
    assert_int_equal(s.count[0], UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantile__of_none__is_absent),
        cmocka_unit_test(quantile__any_spread__within_one_percent),
        cmocka_unit_test(quantile__ranks__are_nearest),
        cmocka_unit_test(add__out_of_range__is_kept_at_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
