/* SPDX-License-Identifier: MIT */
#include "conf/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void time__with_units__is_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ik_ns want;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"1ns", 1},
        {"500us", 500000},
        {"1ms", 1000000},
        {"1.5ms", 1500000},
        {"0.000000001s", 1},
        {"2s", 2000000000},
        {"-2s", -2000000000},
        {"3min", 180000000000},
        {"1h", 3600000000000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ik_ns v = -7;
        assert_true(ik_units_time(cases[i].text, &v));
        assert_int_equal(v, cases[i].want);
    }
}

static void time__what_is_none__is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "5", "s", "ms", "1.s", ".5s", "1 s", "1S", "1e3s", "--1s", "+1s", "0.0000000001s",
        "9999999999999999999s", "1000000000000000000h",
        /* What it wraps to in 128 bits is 42 minutes. */
        "94522879700260685h", "1s ", "1sms", "0x1s", "-", "-0.s", "inf"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ik_ns v = 7;
        assert_false(ik_units_time(bad[i], &v));
        assert_int_equal(v, 7);
    }
}

static void ratio__percent__is_parts_of_two_to_the_32(void **state)
{
    (void)state;
    int64_t v;
    assert_true(ik_units_ratio("0", &v) && v == 0);
    assert_true(ik_units_ratio("0%", &v) && v == 0);
    assert_true(ik_units_ratio("100%", &v) && v == UINT32_MAX);
    assert_true(ik_units_ratio("50%", &v) && v == UINT32_C(1) << 31);
    assert_true(ik_units_ratio("0.1%", &v) && v == 4294967);
    assert_true(ik_units_ratio("25.0%", &v) && v == UINT32_C(1) << 30);
    static const char *const bad[] = {"1", "0.5", "101%", "-1%", "1 %", "%", "100.000000001%"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        v = 7;
        assert_false(ik_units_ratio(bad[i], &v));
        assert_int_equal(v, 7);
    }
}

static void bitrate__with_units__is_bits_a_second(void **state)
{
    (void)state;
    int64_t v;
    assert_true(ik_units_bitrate("10Mbit", &v) && v == 10000000);
    assert_true(ik_units_bitrate("1.5kbit", &v) && v == 1500);
    assert_true(ik_units_bitrate("9600bit", &v) && v == 9600);
    assert_true(ik_units_bitrate("100Gbit", &v) && v == 100000000000);
    static const char *const bad[] = {"10",   "10M",    "0bit",     "10mbit", "10MBit",
                                      "10MB", "0.1bit", "5000Gbit", "-1bit"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ik_units_bitrate(bad[i], &v));
}

static void rate__per_time__is_in_a_thousand_seconds(void **state)
{
    (void)state;
    int64_t v;
    assert_true(ik_units_rate("500/s", &v) && v == 500000);
    assert_true(ik_units_rate("0.5/s", &v) && v == 500);
    assert_true(ik_units_rate("30/min", &v) && v == 500);
    assert_true(ik_units_rate("36/h", &v) && v == 10);
    static const char *const bad[] = {"500", "0/s", "500/ s", "/s", "1/h", "-1/s", "9999999999/s"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ik_units_rate(bad[i], &v));
}

static void per_second__whole__is_a_second(void **state)
{
    (void)state;
    int64_t v = 7;
    assert_true(ik_units_per_second("250/s", &v) && v == 250);
    assert_true(ik_units_per_second("120/min", &v) && v == 2);
    v = 7;
    static const char *const bad[] = {"250", "0.5/s", "90/min", "0/s", "-1/s", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ik_units_per_second(bad[i], &v));
    assert_int_equal(v, 7);
}

static void percent__whole__is_hundredths(void **state)
{
    (void)state;
    int64_t v = 7;
    assert_true(ik_units_percent("0%", &v) && v == 0);
    assert_true(ik_units_percent("90%", &v) && v == 90);
    assert_true(ik_units_percent("90.0%", &v) && v == 90);
    assert_true(ik_units_percent("250%", &v) && v == 250);
    v = 7;
    static const char *const bad[] = {"0", "90", "0.5%", "-1%", "%", "9999999999999%"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ik_units_percent(bad[i], &v));
    assert_int_equal(v, 7);
}

static void bytes__with_units__is_exact(void **state)
{
    (void)state;
    int64_t v = 7;
    assert_true(ik_units_bytes("0", &v) && v == 0);
    assert_true(ik_units_bytes("65535", &v) && v == 65535);
    assert_true(ik_units_bytes("64B", &v) && v == 64);
    assert_true(ik_units_bytes("1.5kB", &v) && v == 1500);
    assert_true(ik_units_bytes("64KiB", &v) && v == 65536);
    assert_true(ik_units_bytes("1GiB", &v) && v == INT64_C(1) << 30);
    v = 7;
    static const char *const bad[] = {
        "", "-1", "1.5", "1K", "1kb", "1 kB", "kB", "1MiB ", "9999999999999GiB"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ik_units_bytes(bad[i], &v));
    assert_int_equal(v, 7);
}

static void text__of_bounds__is_what_can_be_read(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        const char *time, *bytes;
    } cases[] = {{0, "0", "0"},
                 {1, "1ns", "1"},
                 {3600000000000, "1h", "3515625000KiB"},
                 {90000000000, "90s", "87890625KiB"},
                 {65536, "65536ns", "64KiB"},
                 {1500, "1500ns", "1500"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char buf[32];
        int64_t v;
        assert_string_equal(ik_units_time_text(cases[i].v, buf), cases[i].time);
        assert_true(ik_units_time(buf, &v) && v == cases[i].v);
        assert_string_equal(ik_units_bytes_text(cases[i].v, buf), cases[i].bytes);
        assert_true(ik_units_bytes(buf, &v) && v == cases[i].v);
    }
}

static void int__edges__are_exact(void **state)
{
    (void)state;
    int64_t v = 7;
    assert_true(ik_units_int("0", 0, 9, &v) && v == 0);
    assert_true(ik_units_int("-9", -9, 9, &v) && v == -9);
    assert_true(ik_units_int("0x1F", 0, 99, &v) && v == 31);
    assert_true(ik_units_int("9223372036854775807", 0, INT64_MAX, &v) && v == INT64_MAX);
    v = 7;
    static const char *const bad[] = {"",
                                      "-",
                                      "10",
                                      "-1",
                                      "1.0",
                                      "0x",
                                      "0xg",
                                      "1 ",
                                      " 1",
                                      "+1",
                                      "9223372036854775808",
                                      "018446744073709551617"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ik_units_int(bad[i], 0, 9, &v));
    assert_int_equal(v, 7);
}

static void flag__words__are_known(void **state)
{
    (void)state;
    bool on = false;
    assert_true(ik_units_flag("on", &on) && on);
    assert_true(ik_units_flag("no", &on) && !on);
    assert_true(ik_units_flag("true", &on) && on);
    assert_true(ik_units_flag("off", &on) && !on);
    assert_false(ik_units_flag("On", &on));
    assert_false(ik_units_flag("", &on));
    assert_false(ik_units_flag("1", &on));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time__with_units__is_exact),
        cmocka_unit_test(time__what_is_none__is_refused),
        cmocka_unit_test(ratio__percent__is_parts_of_two_to_the_32),
        cmocka_unit_test(bitrate__with_units__is_bits_a_second),
        cmocka_unit_test(rate__per_time__is_in_a_thousand_seconds),
        cmocka_unit_test(per_second__whole__is_a_second),
        cmocka_unit_test(percent__whole__is_hundredths),
        cmocka_unit_test(bytes__with_units__is_exact),
        cmocka_unit_test(text__of_bounds__is_what_can_be_read),
        cmocka_unit_test(int__edges__are_exact),
        cmocka_unit_test(flag__words__are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
