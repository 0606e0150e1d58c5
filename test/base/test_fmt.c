/* SPDX-License-Identifier: MIT
 * Number formatting, held against the C library's where it has the same. */
#include "base/fmt.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

static uint8_t buf[128];

static struct ik_wr fresh(void)
{
    struct ik_wr w;
    memset(buf, '~', sizeof(buf));
    ik_wr_init(&w, buf, sizeof(buf) - 1);
    return w;
}

static const char *text(const struct ik_wr *w)
{
    assert_false(w->overflow);
    buf[w->used] = '\0';
    return (const char *)buf;
}

static const int64_t edges[] = {0,
                                1,
                                9,
                                10,
                                99,
                                100,
                                -1,
                                -9,
                                -10,
                                4294967295,
                                4294967296,
                                INT64_MAX,
                                INT64_MIN,
                                999999999999999999,
                                1000000000000000000};

static void fmt_i64__edges__as_the_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
        char want[32];
        snprintf(want, sizeof(want), "%" PRId64, edges[i]);
        struct ik_wr w = fresh();
        ik_fmt_put_i64(&w, edges[i]);
        assert_string_equal(text(&w), want);
        snprintf(want, sizeof(want), "%" PRIu64, (uint64_t)edges[i]);
        w = fresh();
        ik_fmt_put_u64(&w, (uint64_t)edges[i]);
        assert_string_equal(text(&w), want);
    }
}

static void fmt_hex__bytes__two_digits_each(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xff, 0x9a};
    struct ik_wr w = fresh();
    ik_fmt_put_hex(&w, (struct ik_rd){bytes, sizeof(bytes)});
    assert_string_equal(text(&w), "000ff0ff9a");
    w = fresh();
    ik_fmt_put_hex(&w, (struct ik_rd){bytes, 0});
    assert_string_equal(text(&w), "");
}

static void fmt_fixed__table__rounds_half_away(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        unsigned scale, digits;
        const char *want;
    } rows[] = {
        {45123, 6, 3, "0.045"},
        {45500, 6, 3, "0.046"}, /* half, away from zero */
        {-45500, 6, 3, "-0.046"},
        {499, 6, 3, "0.000"},
        {-499, 6, 3, "0.000"}, /* never "-0.000" */
        {-500, 6, 3, "-0.001"},
        {999999999, 6, 3, "1000.000"}, /* the carry reaches the integer part */
        {999499999, 6, 3, "999.500"},
        {1500000, 6, 0, "2"},
        {-1499999, 6, 0, "-1"},
        {0, 6, 0, "0"},
        {7, 0, 3, "7.000"},
        {7, 0, 0, "7"},
        {7, 1, 3, "0.700"}, /* more digits than the value has */
        {1234567, 6, 6, "1.234567"},
        {INT64_MAX, 9, 3, "9223372036.855"},
        {INT64_MIN, 9, 3, "-9223372036.855"},
        {INT64_MIN, 0, 0, "-9223372036854775808"},
        {INT64_MAX, 18, 18, "9.223372036854775807"},
        {INT64_MAX, 18, 0, "9"},
        {1, 18, 18, "0.000000000000000001"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ik_wr w = fresh();
        ik_fmt_put_fixed(&w, rows[i].v, rows[i].scale, rows[i].digits);
        assert_string_equal(text(&w), rows[i].want);
    }
}

static void fmt_ratio__table__no_trailing_zeros(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *want;
    } rows[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {0.25, "0.25"},
        {0.1, "0.1"},
        {1.0 / 3, "0.333333333333"},
        {2.0 / 3, "0.666666666667"},
        {0.05, "0.05"},
        {1e-6, "0.000001"},
        {1e-12, "0.000000000001"},
        {0.9999999999999, "1"},
        {1.5, "1"},
        {-1, "0"},
        {INFINITY, "1"},
        {-INFINITY, "0"},
        {NAN, "0"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ik_wr w = fresh();
        ik_fmt_put_ratio(&w, rows[i].v);
        assert_string_equal(text(&w), rows[i].want);
    }
}

static void assert_time(ik_ns real, const char *want)
{
    struct ik_wr w = fresh();
    ik_fmt_put_time(&w, real);
    assert_string_equal(text(&w), want);
}

static void fmt_time__edges__rfc_3339(void **state)
{
    (void)state;
    assert_time(0, "1970-01-01T00:00:00.000000000Z");
    assert_time(1, "1970-01-01T00:00:00.000000001Z");
    assert_time(-1, "1969-12-31T23:59:59.999999999Z");
    assert_time(951782400 * IK_NS_PER_S, "2000-02-29T00:00:00.000000000Z");
    assert_time(951868799 * IK_NS_PER_S + 999999999, "2000-02-29T23:59:59.999999999Z");
    assert_time(4107542399 * IK_NS_PER_S, "2100-02-28T23:59:59.000000000Z");
    assert_time(4107542400 * IK_NS_PER_S, "2100-03-01T00:00:00.000000000Z"); /* 2100: no leap day */
    assert_time((INT64_C(1) << 31) * IK_NS_PER_S, "2038-01-19T03:14:08.000000000Z");
    assert_time(INT64_MAX, "2262-04-11T23:47:16.854775807Z");
    assert_time(INT64_MIN, "1677-09-21T00:12:43.145224192Z");
}

/* Every day from 1970 to 2262, at a second that moves through the day. */
static void fmt_time__every_day__as_the_library(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 106751; day++) {
        const time_t at = (time_t)(day * 86400 + day % 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&at, &tm));
        char want[64];
        assert_true(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000000007Z", &tm) > 0);
        assert_time((ik_ns)at * IK_NS_PER_S + 7, want);
    }
}

static void fmt__no_room__says_so_and_stays_inside(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 30; cap++) {
        memset(buf, '~', sizeof(buf));
        struct ik_wr w;
        ik_wr_init(&w, buf, cap);
        ik_fmt_put_time(&w, INT64_MAX);
        assert_true(w.overflow);
        assert_int_equal(buf[cap], '~');
        ik_wr_init(&w, buf, cap % 3);
        ik_fmt_put_fixed(&w, 1234, 3, 3);
        assert_true(w.overflow);
        assert_int_equal(buf[cap], '~');
    }
}

/* Written in place or, where the longest number would not fit but this one does, beside. */
static void fmt_u64__as_much_room_as_it_takes__is_enough(void **state)
{
    (void)state;
    static const char *const numbers[] = {
        "0",     "9",      "10",      "99",       "100",
        "999",   "1000",   "9999",    "10000",    "12345",
        "99999", "100000", "1000000", "10000000", "18446744073709551615"};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        const size_t n = strlen(numbers[i]);
        for (size_t cap = n - 1; cap <= n + 30; cap++) {
            struct ik_wr w;
            memset(buf, '~', sizeof(buf));
            ik_wr_init(&w, buf, cap);
            ik_fmt_put_u64(&w, strtoull(numbers[i], NULL, 10));
            assert_int_equal(w.overflow, cap < n);
            assert_int_equal(w.used, cap < n ? 0 : n);
            assert_memory_equal(buf, cap < n ? "~" : numbers[i], cap < n ? 1 : n);
            assert_int_equal(buf[cap], '~');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fmt_i64__edges__as_the_library),
        cmocka_unit_test(fmt_hex__bytes__two_digits_each),
        cmocka_unit_test(fmt_fixed__table__rounds_half_away),
        cmocka_unit_test(fmt_ratio__table__no_trailing_zeros),
        cmocka_unit_test(fmt_time__edges__rfc_3339),
        cmocka_unit_test(fmt_time__every_day__as_the_library),
        cmocka_unit_test(fmt__no_room__says_so_and_stays_inside),
        cmocka_unit_test(fmt_u64__as_much_room_as_it_takes__is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
