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
    struct ik_tell_field f[8];
    char out[2000];
    (void)state;
    memcpy(f, head, sizeof head);
    f[3] = (struct ik_tell_field){"managed", "managed", NULL, 32, 1, false};
    f[4] = (struct ik_tell_field){"four", "runs IPv4 (4)", NULL, 33, 1, false};
    f[5] = (struct ik_tell_field){"zero", "reserved", NULL, 34, 2, true};
    f[6] = (struct ik_tell_field){"id", "nonce", NULL, 36, 48, false};
    f[7] = (struct ik_tell_field){"rest", "rest", NULL, 84, 0, false};
    ik_explain_draw(f, 8, out, sizeof out);
    assert_string_equal(out, HEAD
                        "|     type      |     code      |           checksum            |\n" RULER
                        "|M|4|   |                         nonce                         |\n"
                        "+-+-+-+-+                               +-+-+-+-+-+-+-+-+-+-+-+-+\n"
                        "|                                       |       rest ...\n" RULER
                        "M: managed (bit 32)\n4: runs IPv4 (bit 33)\n");
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

/* The codec's own table: fields that follow each other from the first bit on, the head first, as
 * many as a message of the type has at least. */
static void layout__each_entry__follows_the_codec(void **state)
{
    static const char *const first[] = {"type", "code", "checksum"};
    (void)state;
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        struct ik_tell_field f[64];
        char out[8192];
        uint32_t at = 0;
        bool open = false;
        const size_t n = ik_explain_layout(e, f, 64);
        if (!e->family) {
            assert_int_equal(n, 0);
            continue;
        }
        assert_in_range(n, 3, 64);
        for (size_t k = 0; k < n; k++) {
            /* Behind a field without an end nobody knows where the others are. */
            if (!open && f[k].at_bits != at)
                fail_msg("%s: %s", e->name, f[k].key);
            if (k < 3)
                assert_string_equal(f[k].key, first[k]);
            open = open || f[k].bits == 0;
            at = f[k].bits ? at + f[k].bits : (at / 32 + 1) * 32;
        }
        assert_int_equal(f[2].at_bits, 16);
        assert_int_equal(f[2].bits, 16);
        const size_t need = ik_explain_draw(f, n, out, sizeof out);
        if (need >= sizeof out || strlen(out) != need)
            fail_msg("%s: %zu", e->name, need);
        /* A row for each 32 bits and each field without an end, its ruler, the last ruler, two
         * lines of bit positions. */
        const size_t rows = (at + 31) / 32;
        size_t lines = 0;
        for (const char *c = out; (c = strchr(c, '\n')); c++)
            lines += c[1] == '|' || c[1] == '+' || c[1] == ' ';
        assert_int_equal(lines, 2 * rows + 2);
    }
}

/* RFC 4884 section 4: a redirect has no room for the length of its quote, so nothing follows it. */
static void layout__extensions__are_where_a_length_is(void **state)
{
    static const struct {
        uint8_t family, type;
        const char *last;
    } cases[] = {{4, 3, "extensions"}, {4, 5, "quote"},       {4, 11, "extensions"},
                 {4, 40, "quote"},     {6, 1, "extensions"},  {6, 2, "quote"},
                 {6, 4, "quote"},      {4, 42, "extensions"}, {4, 13, "transmit"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ik_tell_field f[64];
        const size_t n =
            ik_explain_layout(ik_explain_get(cases[i].family, cases[i].type, -1), f, 64);
        assert_in_range(n, 4, 64);
        assert_string_equal(f[n - 1].key, cases[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draw__echo__is_as_rfc_792_has_it),
        cmocka_unit_test(draw__field_of_four_rows__is_open_inside),
        cmocka_unit_test(draw__flags_and_a_field_across_rows__are_named_below),
        cmocka_unit_test(draw__too_little_room__tells_how_much),
        cmocka_unit_test(layout__each_entry__follows_the_codec),
        cmocka_unit_test(layout__extensions__are_where_a_length_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
