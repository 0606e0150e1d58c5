/* SPDX-License-Identifier: MIT */
#include "detect/habit.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define LIMIT 250.0f

/* n in that second; how many of them were told to be too many. */
static uint32_t add(struct ik_habit *h, uint32_t bin, uint32_t n)
{
    uint32_t told = 0;
    for (uint32_t i = 0; i < n; i++)
        told += ik_habit_add(h, bin, LIMIT) > 0;
    return told;
}

/* Poisson of mean halves / 2: the sum of as many of mean 1/2, each drawn as Knuth does. */
static uint32_t poisson(struct ik_rng *rng, uint32_t halves)
{
    const double least = 0.60653065971263342; /* e^(-1/2) */
    uint32_t n = 0;
    for (uint32_t i = 0; i < halves; i++) {
        double product = 1;
        while ((product *= (double)(ik_rng_next(rng) >> 11) * 0x1p-53) >= least)
            n++;
    }
    return n;
}

/* An hour each of steady traffic, from a cold start: nothing is unusual in it, whatever its mean.
 * A sum without the mean's share would drift beyond any limit. */
static void add__steady_poisson_for_an_hour__never_too_many(void **state)
{
    (void)state;
    static const uint32_t halves[] = {1, 2, 10, 50, 100, 200, 400, 500, 700, 1000};
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            struct ik_habit h = {.cold = true};
            struct ik_rng rng = {seed << 32 | halves[i]};
            for (uint32_t second = 0; second < 3600; second++)
                assert_int_equal(add(&h, second, poisson(&rng, halves[i])), 0);
        }
    }
}

/* The same towards who was never seen, for what stays below the limit by itself. */
static void add__light_poisson_from_nothing__never_too_many(void **state)
{
    (void)state;
    for (uint32_t halves = 1; halves <= 400; halves += 57) {
        struct ik_habit h = {0};
        struct ik_rng rng = {halves};
        for (uint32_t second = 0; second < 3600; second++)
            assert_int_equal(add(&h, second, poisson(&rng, halves)), 0);
    }
}

static void add__short_bursts__not_too_many(void **state)
{
    (void)state;
    struct ik_habit a = {0}, b = {0}, c = {0};
    for (uint32_t second = 0; second < 3; second++)
        assert_int_equal(add(&a, second, 100), 0);
    assert_int_equal(add(&b, 0, 250), 0);
    /* Twenty pings in a row, every five minutes, for a day. */
    for (uint32_t second = 0; second < 86400; second += 300)
        assert_int_equal(add(&c, second, 20), 0);
}

/* 25 and the limit are allowed to who was never seen: one less is silent, one more is not. */
static void add__limit_from_nothing__exactly_there(void **state)
{
    (void)state;
    struct ik_habit h = {0};
    assert_int_equal(add(&h, 5, 274), 0);
    assert_true(ik_habit_add(&h, 5, LIMIT) == LIMIT);
}

static void add__flood__told_within_a_second(void **state)
{
    (void)state;
    struct ik_habit h = {0}, cold = {.cold = true};
    assert_int_equal(add(&h, 0, 2000), 2000 - 274);
    /* Where watching began with it: as much as is allowed may be habit, no more. */
    assert_int_equal(add(&cold, 0, 2000), 2000 - 749);
}

/* What lasts an hour does not become usual; ten seconds after it, a ping is nothing again. */
static void add__flood_of_an_hour__told_to_its_end_and_no_longer(void **state)
{
    (void)state;
    struct ik_habit h = {0};
    for (uint32_t second = 0; second < 3600; second++)
        assert_true(add(&h, second, 2000) > 1700);
    for (uint32_t second = 3600; second < 3700; second++)
        assert_int_equal(add(&h, second, 1), 0);
    assert_int_equal(add(&h, 3700, 274), 0);
}

/* A gap is seconds of nothing, however many, and does not take their time. */
static void add__after_136_years__as_new(void **state)
{
    (void)state;
    struct ik_habit h = {0};
    assert_true(add(&h, 0, 2000) > 0);
    assert_int_equal(add(&h, UINT32_MAX, 274), 0);
    assert_true(ik_habit_add(&h, UINT32_MAX, LIMIT) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add__steady_poisson_for_an_hour__never_too_many),
        cmocka_unit_test(add__light_poisson_from_nothing__never_too_many),
        cmocka_unit_test(add__short_bursts__not_too_many),
        cmocka_unit_test(add__limit_from_nothing__exactly_there),
        cmocka_unit_test(add__flood__told_within_a_second),
        cmocka_unit_test(add__flood_of_an_hour__told_to_its_end_and_no_longer),
        cmocka_unit_test(add__after_136_years__as_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
