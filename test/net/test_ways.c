/* SPDX-License-Identifier: MIT */
#include "net/ways.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const uint8_t key[16] = "0123456789abcde";

static struct ik_addr addr(const char *text)
{
    struct ik_addr a;
    if (ik_addr_parse(text, &a) != IK_OK)
        fail_msg("cannot parse %s", text);
    return a;
}

static void id__family_and_bits__are_all_that_counts(void **state)
{
    (void)state;
    const struct ik_addr a = addr("2001:db8::1"), b = addr("2001:db8::2");
    const struct ik_addr v4 = addr("1.2.3.4"), v6 = addr("102:304::");
    assert_true(ik_ways_id(key, &a, 64) == ik_ways_id(key, &b, 64));
    assert_false(ik_ways_id(key, &a, 128) == ik_ways_id(key, &b, 128));
    assert_false(ik_ways_id(key, &v4, 32) == ik_ways_id(key, &v6, 32));
    struct ik_addr zone = a;
    zone.scope = 3;
    assert_true(ik_ways_id(key, &a, 128) == ik_ways_id(key, &zone, 128));
}

static void take__full_set__earliest_goes(void **state)
{
    (void)state;
    assert_int_equal(ik_ways_rows(3), 3);
    struct ik_ways_row rows[3];
    struct ik_ways w;
    ik_ways_init(&w, rows, 3);
    for (uint64_t id = 1; id <= 3; id++)
        w.rows[ik_ways_take(&w, id)].at = (ik_ns)(10 - id); /* 9, 8, 7 */
    assert_true(w.rows[ik_ways_take(&w, 2)].at == 8);
    assert_true(w.rows[ik_ways_take(&w, 4)].at == INT64_MIN);
    assert_int_equal(ik_ways_find(&w, 3), IK_WAYS_NONE);
    assert_int_not_equal(ik_ways_find(&w, 1), IK_WAYS_NONE);
    assert_int_not_equal(ik_ways_find(&w, 2), IK_WAYS_NONE);
}

/* The rows are an exact heap block: a set that reaches outside is seen under ASan. */
static void take__many_ids__stay_inside_and_keep_their_own(void **state)
{
    (void)state;
    for (uint32_t bound = 1; bound < 40; bound++) {
        const uint32_t n = ik_ways_rows(bound);
        assert_true(n >= bound);
        struct ik_ways_row *rows = malloc(n * sizeof(*rows));
        struct ik_ways w;
        ik_ways_init(&w, rows, bound);
        for (uint64_t id = 1; id < 1000; id++) {
            const uint32_t i = ik_ways_take(&w, id * 0x9e3779b97f4a7c15u);
            assert_true(i < n);
            assert_int_equal(ik_ways_find(&w, id * 0x9e3779b97f4a7c15u), i);
            w.rows[i].at = (ik_ns)id;
        }
        free(rows);
    }
}

/* Two newcomers of an empty set guess the same row; who comes back may stand elsewhere by then. */
static void take_at__guess_is_old__gives_what_take_gives(void **state)
{
    (void)state;
    struct ik_ways_row rows[4], other_rows[4];
    struct ik_ways w, other;
    ik_ways_init(&w, rows, 4);
    ik_ways_init(&other, other_rows, 4);
    const uint32_t guess = ik_ways_guess(&w, 1);
    for (uint64_t id = 1; id < 40; id++) {
        for (uint64_t back = id > 3 ? id - 3 : 1; back <= id; back++) {
            const uint32_t row = ik_ways_take_at(&w, back, guess);
            assert_int_equal(row, ik_ways_take(&other, back));
            assert_true(rows[row].id == back && rows[row].at == other_rows[row].at);
            rows[row].at = other_rows[row].at = (ik_ns)back;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id__family_and_bits__are_all_that_counts),
        cmocka_unit_test(take__full_set__earliest_goes),
        cmocka_unit_test(take__many_ids__stay_inside_and_keep_their_own),
        cmocka_unit_test(take_at__guess_is_old__gives_what_take_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
