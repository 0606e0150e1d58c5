/* SPDX-License-Identifier: MIT */
#include <icmpkit/explain.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define HEAD                                                             \
    " 0                   1                   2                   3\n"   \
    " 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1\n" \
    "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+\n"
#define RULER "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+\n"

static const struct ik_tell_field head[] = {
    {"type", "type", NULL, 0, 8, false},
    {"code", "code", NULL, 8, 8, false},
    {"checksum", "checksum", NULL, 16, 16, false},
};

static void draw__echo__is_as_rfc_792_has_it(void **state)
{
    struct ik_tell_field f[6];
    char out[2000];
    (void)state;
    memcpy(f, head, sizeof head);
    f[3] = (struct ik_tell_field){"ident", "identifier", NULL, 32, 16, false};
    f[4] = (struct ik_tell_field){"seq", "sequence number", NULL, 48, 16, false};
    f[5] = (struct ik_tell_field){"data", "data", NULL, 64, 0, false};
    const size_t n = ik_explain_draw(f, 6, out, sizeof out);
    assert_string_equal(out, HEAD
                        "|     type      |     code      |           checksum            |\n" RULER
                        "|          identifier           |        sequence number        |\n" RULER
                        "|                           data ...\n" RULER);
    assert_int_equal(n, strlen(out));
}

static void draw__field_of_four_rows__is_open_inside(void **state)
{
    struct ik_tell_field f[5];
    char out[2000];
    (void)state;
    memcpy(f, head, sizeof head);
    f[3] = (struct ik_tell_field){"reserved", "reserved", NULL, 32, 32, true};
    f[4] = (struct ik_tell_field){"target", "target", NULL, 64, 128, false};
    ik_explain_draw(f, 5, out, sizeof out);
    assert_string_equal(
        out, HEAD "|     type      |     code      |           checksum            |\n" RULER
                  "|                           reserved                            |\n" RULER
                  "|                                                               |\n"
                  "+                                                               +\n"
                  "|                            target                             |\n"
                  "+                                                               +\n"
                  "|                                                               |\n"
                  "+                                                               +\n"
                  "|                                                               |\n" RULER);
}

static void draw__flags_and_a_field_across_rows__are_named_below(void **state)
{
    struct ik_tell_field f[7];
    char out[2000];
    (void)state;
    memcpy(f, head, sizeof head);
    f[3] = (struct ik_tell_field){"managed", "managed", NULL, 32, 1, false};
    f[4] = (struct ik_tell_field){"zero", "reserved", NULL, 33, 3, true};
    f[5] = (struct ik_tell_field){"id", "nonce", NULL, 36, 48, false};
    f[6] = (struct ik_tell_field){"rest", "rest", NULL, 84, 0, false};
    ik_explain_draw(f, 7, out, sizeof out);
    assert_string_equal(out, HEAD
                        "|     type      |     code      |           checksum            |\n" RULER
                        "|M|     |                         nonce                         |\n"
                        "+-+-+-+-+                               +-+-+-+-+-+-+-+-+-+-+-+-+\n"
                        "|                                       |       rest ...\n" RULER
                        "M: managed (bit 32)\n");
}

static void draw__too_little_room__tells_how_much(void **state)
{
    char all[2000], out[64];
    (void)state;
    const size_t n = ik_explain_draw(head, 3, all, sizeof all);
    memset(out, 'x', sizeof out);
    assert_int_equal(ik_explain_draw(head, 3, out, sizeof out), n);
    assert_string_equal(out, "");
    assert_int_equal(ik_explain_draw(head, 3, NULL, 0), n);
    assert_int_equal(ik_explain_draw(head, 3, all, n + 1), n);
    assert_int_equal(strlen(all), n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draw__echo__is_as_rfc_792_has_it),
        cmocka_unit_test(draw__field_of_four_rows__is_open_inside),
        cmocka_unit_test(draw__flags_and_a_field_across_rows__are_named_below),
        cmocka_unit_test(draw__too_little_room__tells_how_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
