/* SPDX-License-Identifier: MIT
 * UTF-8 of strangers, and bytes on a terminal. */
#include <icmpkit/record.h>

#include "record/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct ik_rd span(const char *text)
{
    return (struct ik_rd){(const uint8_t *)text, strlen(text)};
}

/* Encodes as RFC 3629 section 3 has it, valid or not. */
static size_t encode(uint32_t c, uint8_t out[static 4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    const size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)(lead[n] | c);
    return n;
}

static void utf8_take__every_scalar__comes_back_and_cut_does_not(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint8_t bytes[4];
        uint32_t got = 0xdeadbeef;
        const size_t n = encode(c, bytes);
        const size_t took = ik_utf8_take((struct ik_rd){bytes, n}, &got);
        if (c >= 0xd800 && c <= 0xdfff) {
            assert_int_equal(took, 0);
            assert_int_equal(got, 0xdeadbeef);
            continue;
        }
        assert_int_equal(took, n);
        assert_int_equal(got, c);
        for (size_t cut = 0; cut < n; cut++)
            assert_int_equal(ik_utf8_take((struct ik_rd){bytes, cut}, &got), 0);
    }
}

static void utf8_take__invalid__nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xc3(",
        "\xe2\x82(",
        "\xf0\x9f\x98(",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        uint32_t got;
        assert_int_equal(ik_utf8_take(span(bad[i]), &got), 0);
    }
}

static void utf8_is_plain__table__hides_what_does_not_print(void **state)
{
    (void)state;
    static const uint32_t plain[] = {' ',    '~',    0xa0,   0xe9,    0xac00, 0x200a,
                                     0x2010, 0x2027, 0x202f, 0x1f600, 0xfffd, 0x10000};
    static const uint32_t hidden[] = {0,      0x1b,   0x1f,    0x7f,     0x80,   0x9b,
                                      0x9f,   0xad,   0x200b,  0x200e,   0x2028, 0x2029,
                                      0x202a, 0x202e, 0x2066,  0x2069,   0xfeff, 0xfffe,
                                      0xffff, 0xfdd0, 0x1fffe, 0x10ffff, 0xe0041};
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        assert_true(ik_utf8_is_plain(plain[i]));
    for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
        assert_false(ik_utf8_is_plain(hidden[i]));
}

static void text_escape__table__only_what_prints_stays(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"", ""},
        {"router-1.example.net", "router-1.example.net"},
        {"a\\x1b", "a\\x5cx1b"}, /* so that no text can pretend to be an escape */
        {"\x1b[31mred", "\\x1b[31mred"},
        {"\x1b]0;title\x07", "\\x1b]0;title\\x07"},
        {"\xc2\x9b"
         "2J",
         "\\xc2\\x9b2J"}, /* U+009B, the C1 form of ESC [ */
        {"line\nbreak\r\t", "line\\x0abreak\\x0d\\x09"},
        {"\xff\xfe", "\\xff\\xfe"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"\xec\x84\x9c\xec\x9a\xb8", "\xec\x84\x9c\xec\x9a\xb8"},
        {"caf\xc3", "caf\\xc3"},
        {"\xe2\x80\xae"
         "gpj",
         "\\xe2\\x80\\xaegpj"},                         /* right-to-left override */
        {";$(x) `y` \"z\" 'q'", ";$(x) `y` \"z\" 'q'"}, /* harmless on a terminal */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char out[128];
        const char *const got = ik_text_escape(span(rows[i].in), out, sizeof(out));
        assert_ptr_equal(got, out);
        assert_string_equal(out, rows[i].want);
    }
}

/* Every capacity in a block of exactly that size: terminated, a prefix, no escape cut in two. */
static void text_escape__any_room__terminated_and_whole(void **state)
{
    (void)state;
    static const char in[] = "a\x1b"
                             "b\xc3\xa9\xff"
                             "c";
    static const char full[] = "a\\x1bb\xc3\xa9\\xffc";
    static const size_t ends[] = {0, 1, 5, 6, 8, 12, 13};
    for (size_t cap = 1; cap < sizeof(full) + 3; cap++) {
        char *const out = malloc(cap);
        assert_non_null(out);
        ik_text_escape(span(in), out, cap);
        const size_t n = strlen(out);
        assert_true(n < cap);
        assert_memory_equal(out, full, n);
        size_t longest = 0;
        for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
            if (ends[i] < cap)
                longest = ends[i];
        }
        assert_int_equal(n, longest);
        free(out);
    }
    char one = '~';
    assert_ptr_equal(ik_text_escape(span(in), &one, 0), &one);
    assert_int_equal(one, '~');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_take__every_scalar__comes_back_and_cut_does_not),
        cmocka_unit_test(utf8_take__invalid__nothing),
        cmocka_unit_test(utf8_is_plain__table__hides_what_does_not_print),
        cmocka_unit_test(text_escape__table__only_what_prints_stays),
        cmocka_unit_test(text_escape__any_room__terminated_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
