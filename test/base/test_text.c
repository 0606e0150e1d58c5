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

static const char *word(const void *ctx, size_t i)
{
    return ((const char *const *)ctx)[i];
}

static const char *near(const char *name)
{
    static const char *const words[] = {"for",  "json", NULL,      "interface", "ttl",
                                        "seed", "size", "pcapng6", "interval"};
    const char *found = ik_text_nearest(name, word, words, sizeof words / sizeof *words);
    return found ? found : "-";
}

static void nearest__a_slip__is_found_and_another_word_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *name, *want;
    } cases[] = {
        {"jsno", "json"},
        {"fro", "for"},
        {"fo", "for"},
        {"fort", "for"},
        {"foo", "-"},
        {"bar", "-"},
        {"tll", "ttl"},
        {"sed", "seed"},
        {"interf", "interface"},
        {"inter", "-"},
        {"intreface", "interface"},
        {"seez", "seed"},
        {"", "-"},
        {"x", "-"},
        {"f", "for"},
        {"pcapng", "pcapng6"},
        {"tt", "ttl"},
        {"ftl", "-"},
        {"sizee", "size"},
        {"completely", "-"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(near(cases[i].name), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance__small_edits__counts_them),
        cmocka_unit_test(nearest__a_slip__is_found_and_another_word_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
