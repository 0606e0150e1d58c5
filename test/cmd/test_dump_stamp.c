/* SPDX-License-Identifier: MIT */
#include "cmd/dump_stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <time.h>

#define NOV14 (1700000000 * IK_NS_PER_S) /* 2023-11-14 22:13:20 UTC */

static char text[128];

static const char *put(struct ik_dump_stamp *s, ik_ns time)
{
    struct ik_put w;
    ik_put_init(&w, text, sizeof(text) - 1);
    ik_dump_stamp_put(s, &w, time);
    *w.at = 0;
    return text;
}

static struct ik_dump_stamp begin(enum ik_dump_stamps form, bool nano)
{
    struct ik_dump_stamp s;
    ik_dump_stamp_init(&s, form, nano, true);
    return s;
}

static void forms__as_tcpdump__each(void **state)
{
    (void)state;
    struct ik_dump_stamp s = begin(IK_DUMP_CLOCK, false);
    assert_string_equal(put(&s, NOV14 + 1999), "22:13:20.000001 ");
    s = begin(IK_DUMP_CLOCK, true);
    assert_string_equal(put(&s, NOV14 + 1999), "22:13:20.000001999 ");
    s = begin(IK_DUMP_NO_STAMP, false);
    assert_string_equal(put(&s, NOV14), "");
    s = begin(IK_DUMP_EPOCH, false);
    assert_string_equal(put(&s, NOV14 + 5000), "1700000000.000005 ");
    s = begin(IK_DUMP_DATE, false);
    assert_string_equal(put(&s, NOV14), "2023-11-14 22:13:20.000000 ");
    assert_string_equal(put(&s, IK_NEVER), "- ");
}

/* The text of a second is kept: it must not serve the next one, nor an earlier one that comes
 * later. */
static void seconds__that_change__are_told_anew(void **state)
{
    (void)state;
    struct ik_dump_stamp s = begin(IK_DUMP_CLOCK, false);
    assert_string_equal(put(&s, NOV14 + 999999999), "22:13:20.999999 ");
    assert_string_equal(put(&s, NOV14 + IK_NS_PER_S), "22:13:21.000000 ");
    assert_string_equal(put(&s, NOV14), "22:13:20.000000 ");
    assert_string_equal(put(&s, -1), "23:59:59.999999 "); /* before 1970: rounded down */
}

static void differences__in_order_and_back__keep_their_sign(void **state)
{
    (void)state;
    struct ik_dump_stamp s = begin(IK_DUMP_DELTA, false);
    assert_string_equal(put(&s, NOV14), "00:00:00.000000 ");
    assert_string_equal(put(&s, NOV14 + 3661 * IK_NS_PER_S), "01:01:01.000000 ");
    assert_string_equal(put(&s, NOV14 + 3660 * IK_NS_PER_S), "-00:00:01.000000 ");
    s = begin(IK_DUMP_SINCE, false);
    put(&s, NOV14);
    put(&s, NOV14 + 5 * IK_NS_PER_S);
    assert_string_equal(put(&s, NOV14 + 6 * IK_NS_PER_S), "00:00:06.000000 ");
    assert_string_equal(put(&s, IK_NEVER), "- ");
}

/* Times out of a file may be anything. */
static void extremes__do_not_overflow__at_all(void **state)
{
    (void)state;
    struct ik_dump_stamp s = begin(IK_DUMP_DELTA, false);
    put(&s, INT64_MAX - 1);
    assert_string_equal(put(&s, INT64_MIN), "00:00:00.000000 ");
    s = begin(IK_DUMP_DATE, true);
    assert_string_equal(put(&s, INT64_MIN), "1677-09-21 00:12:43.145224192 ");
    assert_string_equal(put(&s, INT64_MAX - 1), "2262-04-11 23:47:16.854775806 ");
}

/* The offset changes between two packets: at the end of summer time. */
static void local_time__over_a_change__has_both_offsets(void **state)
{
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    const ik_ns change = 1698541200 * IK_NS_PER_S; /* 2023-10-29 01:00 UTC: 3:00 becomes 2:00 */
    struct ik_dump_stamp s;
    ik_dump_stamp_init(&s, IK_DUMP_DATE, false, false);
    assert_string_equal(put(&s, change - 1000), "2023-10-29 02:59:59.999999 ");
    assert_string_equal(put(&s, change), "2023-10-29 02:00:00.000000 ");
    struct ik_put w;
    ik_put_init(&w, text, sizeof(text) - 1);
    ik_dump_stamp_put_full(&s, &w, change - 1000);
    *w.at = 0;
    assert_string_equal(text, "2023-10-29 02:59:59.999999 +0200");
    setenv("TZ", "UTC", 1);
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms__as_tcpdump__each),
        cmocka_unit_test(seconds__that_change__are_told_anew),
        cmocka_unit_test(differences__in_order_and_back__keep_their_sign),
        cmocka_unit_test(extremes__do_not_overflow__at_all),
        cmocka_unit_test(local_time__over_a_change__has_both_offsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
