/* SPDX-License-Identifier: MIT */
#include "icmpkit/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void distance__small_edits__counts_them(void **state)
{
    (void)state;
    assert_int_equal(ik_text_distance("count", "count"), 0);
    assert_int_equal(ik_text_distance("count", "cuont"), 1);
    assert_int_equal(ik_text_distance("count", "coun"), 1);
    assert_int_equal(ik_text_distance("ping", "pong"), 1);
    assert_int_equal(ik_text_distance("", "abc"), 3);
    assert_int_equal(ik_text_distance("1234567890123456789012345678901", ""), 31);
    assert_int_equal(ik_text_distance("12345678901234567890123456789012", "1"), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance__small_edits__counts_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
