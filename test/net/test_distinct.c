/* SPDX-License-Identifier: MIT */
#include "net/distinct.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void count__up_to_32__exact(void **state)
{
    (void)state;
    struct ik_distinct d = {0};
    struct ik_rng rng = {1};
    uint64_t seen[IK_DISTINCT_EXACT];
    for (uint32_t i = 0; i < IK_DISTINCT_EXACT; i++) {
        seen[i] = ik_rng_next(&rng);
        assert_true(ik_distinct_add(&d, seen[i]));
        for (uint32_t k = 0; k <= i; k++)
            assert_false(ik_distinct_add(&d, seen[k]));
        assert_int_equal(ik_distinct_count(&d), i + 1);
    }
    assert_true(ik_distinct_add(&d, ik_rng_next(&rng)));
    assert_true(ik_distinct_count(&d) > IK_DISTINCT_EXACT);
}

/* What was seen while the count was exact is not counted again by the registers. */
static void add__the_same_after_widening__nothing_changes(void **state)
{
    (void)state;
    struct ik_distinct d = {0};
    for (int round = 0; round < 50; round++) {
        struct ik_rng rng = {7};
        for (int i = 0; i < 40; i++) {
            const bool fresh = ik_distinct_add(&d, ik_rng_next(&rng));
            assert_false(round > 0 && fresh);
        }
    }
    assert_in_range(ik_distinct_count(&d), 33, 56);
}

/* Standard error 13%: none of 40 series is off by more than five of it, and their mean by less than
 * 5%, from where the registers begin to where a 32-bit hash ends. */
static void count__large__within_the_error_of_the_paper(void **state)
{
    (void)state;
    for (uint32_t n = 40; n <= 200000; n *= 3) {
        uint64_t sum = 0;
        for (uint64_t seed = 0; seed < 40; seed++) {
            struct ik_distinct d = {0};
            struct ik_rng rng = {seed << 32};
            for (uint32_t i = 0; i < n; i++)
                (void)ik_distinct_add(&d, ik_rng_next(&rng));
            assert_in_range(ik_distinct_count(&d), n * 35 / 100, n * 165 / 100);
            sum += ik_distinct_count(&d);
        }
        assert_in_range(sum / 40, n * 95 / 100, n * 105 / 100);
    }
}

static void of_bits__things_in_64_places__told_about(void **state)
{
    (void)state;
    assert_int_equal(ik_distinct_of_bits(0), 0);
    assert_int_equal(ik_distinct_of_bits(ik_distinct_bit(UINT64_MAX)), 1);
    assert_true(ik_distinct_bit(0) != ik_distinct_bit(UINT64_MAX));
    assert_in_range(ik_distinct_of_bits(UINT64_MAX), 300, 320);
    for (uint32_t n = 5; n <= 125; n *= 5) {
        uint64_t sum = 0;
        for (uint64_t seed = 0; seed < 200; seed++) {
            struct ik_rng rng = {seed << 32};
            uint64_t bits = 0;
            for (uint32_t i = 0; i < n; i++)
                bits |= ik_distinct_bit(ik_rng_next(&rng));
            sum += ik_distinct_of_bits(bits);
        }
        assert_in_range(sum, 200 * n * 9 / 10, 200 * n * 11 / 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(count__up_to_32__exact),
        cmocka_unit_test(add__the_same_after_widening__nothing_changes),
        cmocka_unit_test(count__large__within_the_error_of_the_paper),
        cmocka_unit_test(of_bits__things_in_64_places__told_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
