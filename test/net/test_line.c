/* SPDX-License-Identifier: MIT */
#include "net/line.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { LINES = 16 };

static uint64_t hash_of(uint32_t line, uint32_t who)
{
    return (uint64_t)who << 33 | line;
}

static void take__fifth_of_a_line__earliest_goes(void **state)
{
    (void)state;
    struct ik_line l;
    bool anew;
    ik_line_init(&l, 1);
    assert_int_equal(ik_line_find(&l, hash_of(0, 0)), 0);
    for (uint32_t who = 0; who < 4; who++) {
        const unsigned way = ik_line_take(&l, hash_of(0, who), &anew);
        assert_true(anew && l.at[way] == INT64_MIN);
        l.at[way] = (ik_ns)(10 - who); /* 10, 9, 8, 7 */
        l.note[way] = who;
    }
    const unsigned third = ik_line_take(&l, hash_of(0, 2), &anew);
    assert_true(!anew && l.at[third] == 8 && l.note[third] == 2);
    const unsigned way = ik_line_guess(&l, hash_of(0, 4));
    assert_int_equal(l.note[way], 3);
    assert_int_equal(ik_line_take(&l, hash_of(0, 4), &anew), way);
    assert_true(anew && l.at[way] == INT64_MIN);
    assert_int_equal(ik_line_find(&l, hash_of(0, 3)), 0);
    assert_int_equal(ik_line_find(&l, hash_of(0, 4)), 1u << way);
}

/* The earliest of four, whichever way it has and whatever the order of the others. */
static void oldest__all_orders__earliest(void **state)
{
    (void)state;
    struct ik_rng rng = {1};
    for (int i = 0; i < 10000; i++) {
        struct ik_line l;
        ik_line_init(&l, 1);
        unsigned least = 0;
        for (unsigned k = 0; k < IK_LINE_WAYS; k++) {
            l.at[k] = (ik_ns)ik_rng_below(&rng, 1u << 31) * 2 + k % 2; /* seldom alike */
            least = l.at[k] < l.at[least] ? k : least;
        }
        assert_true(l.at[ik_line_oldest(&l)] == l.at[least]);
    }
}

static void remove__one_of_four__next_takes_its_place(void **state)
{
    (void)state;
    struct ik_line l;
    bool anew;
    ik_line_init(&l, 1);
    for (uint32_t who = 0; who < 4; who++)
        l.at[ik_line_take(&l, hash_of(0, who), &anew)] = who;
    const unsigned way = ik_line_guess(&l, hash_of(0, 2));
    ik_line_remove(&l, way);
    assert_int_equal(ik_line_find(&l, hash_of(0, 2)), 0);
    assert_int_equal(ik_line_take(&l, hash_of(0, 7), &anew), way);
}

static void number__of_a_hash__below_the_lines(void **state)
{
    (void)state;
    struct ik_rng rng = {2};
    uint32_t seen = 0;
    for (int i = 0; i < 1000; i++) {
        const uint32_t n = ik_line_number(ik_rng_next(&rng), LINES);
        assert_true(n < LINES);
        seen |= 1u << n;
    }
    assert_int_equal(seen, (1u << LINES) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__fifth_of_a_line__earliest_goes),
        cmocka_unit_test(oldest__all_orders__earliest),
        cmocka_unit_test(remove__one_of_four__next_takes_its_place),
        cmocka_unit_test(number__of_a_hash__below_the_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
