/* SPDX-License-Identifier: MIT */
#include "cmd/put.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static char text[256];

static struct ik_put begin(size_t cap)
{
    struct ik_put w;
    memset(text, '#', sizeof(text));
    ik_put_init(&w, text, cap);
    return w;
}

static void is(const struct ik_put *w, const char *want)
{
    assert_int_equal(ik_put_used(w), strlen(want));
    assert_memory_equal(text, want, strlen(want));
}

static void numbers__edges__every_digit(void **state)
{
    (void)state;
    static const struct {
        uint64_t v;
        const char *text;
    } rows[] = {{0, "0"},     {9, "9"},     {10, "10"},       {99, "99"},
                {100, "100"}, {101, "101"}, {12345, "12345"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ik_put w = begin(sizeof(text));
        ik_put_u64(&w, rows[i].v);
        is(&w, rows[i].text);
    }
}

static void padded__longer_than_width__stays_whole(void **state)
{
    (void)state;
    struct ik_put w = begin(sizeof(text));
    ik_put_pad(&w, 7, 3);
    ik_put_pad(&w, 12345, 3);
    ik_put_hex(&w, 0xa, 4);
    ik_put_hex(&w, 0, 1);
    is(&w, "00712345000a0");
}

static void address__each_width_of_octet__as_the_slow_way(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        const struct ik_addr a = {.family = 4, .bytes = {(uint8_t)v, 0, 100, (uint8_t)(255 - v)}};
        char want[IK_ADDR_TEXT];
        struct ik_put w = begin(sizeof(text));
        ik_put_addr(&w, &a);
        is(&w, ik_addr_text(&a, want));
    }
    const struct ik_addr six = {.family = 6, .bytes = {0xfe, 0x80, [15] = 1}, .scope = 3};
    struct ik_put w = begin(sizeof(text));
    ik_put_addr(&w, &six);
    is(&w, "fe80::1%3");
}

static void room__too_little__nothing_more_is_put(void **state)
{
    (void)state;
    struct ik_put w = begin(4);
    ik_put_s(&w, "abc");
    ik_put_s(&w, "de");
    ik_put_c(&w, 'f');
    assert_true(w.cut);
    is(&w, "abc");
    assert_int_equal(text[3], '#');
}

static void strangers__what_a_terminal_obeys__is_escaped(void **state)
{
    (void)state;
    static const char bad[] = "a\x1b[2J\xc3\xa9";
    struct ik_put w = begin(sizeof(text));
    ik_put_text(&w, (struct ik_rd){(const uint8_t *)bad, sizeof(bad) - 1}, 64);
    is(&w, "a\\x1b[2J\xc3\xa9");
}

/* A character that two parts would share is shown whole. */
static void strangers__long__no_character_is_cut(void **state)
{
    (void)state;
    char many[130], want[sizeof(many)];
    for (size_t i = 0; i < 129; i++)
        many[i] = i == 0 ? 'x' : i % 2 ? '\xc3' : '\xa9';
    memcpy(want, many, 129);
    want[129] = 0;
    struct ik_put w = begin(sizeof(text));
    ik_put_text(&w, (struct ik_rd){(const uint8_t *)many, 129}, 1000);
    is(&w, want);
    w = begin(sizeof(text));
    ik_put_text(&w, (struct ik_rd){(const uint8_t *)"abcdef", 6}, 4);
    is(&w, "abcd...");
}

static void duration__rounds__to_the_microsecond(void **state)
{
    (void)state;
    static const struct {
        ik_ns v;
        const char *text;
    } rows[] = {{0, "0.000 ms"},
                {499, "0.000 ms"},
                {500, "0.001 ms"},
                {3217000, "3.217 ms"},
                {-3217000, "-3.217 ms"},
                {-400, "0.000 ms"},
                {9999999499, "9999.999 ms"},
                {10000000000, "10.000 s"},
                {INT64_MAX, "9223372036.854 s"},
                {INT64_MIN, "-9223372036.854 s"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ik_put w = begin(sizeof(text));
        ik_put_ms(&w, rows[i].v);
        is(&w, rows[i].text);
    }
}

static void bytes__more_than_wanted__are_hinted_at(void **state)
{
    (void)state;
    static const uint8_t mac[6] = {2, 0, 0, 0xab, 0xcd, 0xef};
    struct ik_put w = begin(sizeof(text));
    ik_put_bytes(&w, (struct ik_rd){mac, 6}, 3);
    ik_put_c(&w, ' ');
    ik_put_mac(&w, mac);
    is(&w, "020000... 02:00:00:ab:cd:ef");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers__edges__every_digit),
        cmocka_unit_test(padded__longer_than_width__stays_whole),
        cmocka_unit_test(address__each_width_of_octet__as_the_slow_way),
        cmocka_unit_test(room__too_little__nothing_more_is_put),
        cmocka_unit_test(strangers__what_a_terminal_obeys__is_escaped),
        cmocka_unit_test(strangers__long__no_character_is_cut),
        cmocka_unit_test(duration__rounds__to_the_microsecond),
        cmocka_unit_test(bytes__more_than_wanted__are_hinted_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
