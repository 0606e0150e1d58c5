/* SPDX-License-Identifier: MIT */
#include "icmpkit/base.h"

#include "base/rng.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void text__rfc5952_cases__are_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* one zero group stays */
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"fe80:0:0:0:0:0:0:0", "fe80::"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ik_addr a;
        char text[IK_ADDR_TEXT];
        assert_int_equal(ik_addr_parse(cases[i].in, &a), IK_OK);
        assert_string_equal(ik_addr_text(&a, text), cases[i].out);
    }
}

static void parse__what_is_no_address__is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "01.2.3.4",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "1..2.3",
                                      "0x7f.0.0.1",
                                      ":",
                                      ":::",
                                      "1:2",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1::2::3",
                                      "12345::",
                                      "::g",
                                      "1:2:3:4:5:6:7:",
                                      ":1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7::8",
                                      "::1.2.3",
                                      "1.2.3.4::",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "::1%1",
                                      "1:2:3:4:5:6:7:8::"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ik_addr a = {.family = 9};
        if (ik_addr_parse(bad[i], &a) != IK_E_VALUE)
            fail_msg("accepted \"%s\"", bad[i]);
        assert_int_equal(a.family, 9);
    }
}

/* The C library is the peer: both must read and write every address alike. */
static void text__random_addresses__round_trip_and_match_libc(void **state)
{
    (void)state;
    struct ik_rng rng = {1};
    for (int i = 0; i < 20000; i++) {
        struct ik_addr a = {.family = i & 1 ? 6 : 4}, back;
        for (size_t k = 0; k < ik_addr_bytes(a.family); k++)
            a.bytes[k] = ik_rng_below(&rng, 3) ? 0 : (uint8_t)ik_rng_next(&rng);
        char ours[IK_ADDR_TEXT], theirs[INET6_ADDRSTRLEN];
        assert_int_equal(ik_addr_parse(ik_addr_text(&a, ours), &back), IK_OK);
        assert_true(ik_addr_equal(&a, &back));
        struct in6_addr libc;
        assert_int_equal(inet_pton(a.family == 4 ? AF_INET : AF_INET6, ours, &libc), 1);
        assert_memory_equal(&libc, a.bytes, ik_addr_bytes(a.family));
        inet_ntop(a.family == 4 ? AF_INET : AF_INET6, a.bytes, theirs, sizeof(theirs));
        /* glibc writes the deprecated IPv4-compatible form with dots; RFC 5952 does not ask it. */
        if (!strchr(theirs, '.') || a.family == 4)
            assert_string_equal(ours, theirs);
    }
}

static void kinds__edges__are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool multicast, link_local, any;
    } cases[] = {
        {"223.255.255.255", false, false, false}, {"224.0.0.0", true, false, false},
        {"239.255.255.255", true, false, false},  {"240.0.0.0", false, false, false},
        {"169.254.0.1", false, true, false},      {"169.253.0.1", false, false, false},
        {"0.0.0.0", false, false, true},          {"::", false, false, true},
        {"fe80::1", false, true, false},          {"febf::1", false, true, false},
        {"fec0::1", false, false, false},         {"ff02::1", true, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ik_addr a;
        assert_int_equal(ik_addr_parse(cases[i].text, &a), IK_OK);
        assert_int_equal(ik_addr_is_multicast(&a), cases[i].multicast);
        assert_int_equal(ik_addr_is_link_local(&a), cases[i].link_local);
        assert_int_equal(ik_addr_is_any(&a), cases[i].any);
    }
}

static void equal__scope_and_family__count(void **state)
{
    (void)state;
    struct ik_addr a = {.family = 6, .bytes = {0xfe, 0x80}, .scope = 2}, b = a;
    char text[IK_ADDR_TEXT];
    assert_string_equal(ik_addr_text(&a, text), "fe80::%2");
    b.scope = 3;
    assert_false(ik_addr_equal(&a, &b));
    assert_true(ik_addr_same_host(&a, &b));
    struct ik_addr four = {.family = 4}, six = {.family = 6};
    assert_false(ik_addr_same_host(&four, &six));
    assert_string_equal(ik_addr_text(&(struct ik_addr){0}, text), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__rfc5952_cases__are_canonical),
        cmocka_unit_test(parse__what_is_no_address__is_refused),
        cmocka_unit_test(text__random_addresses__round_trip_and_match_libc),
        cmocka_unit_test(kinds__edges__are_exact),
        cmocka_unit_test(equal__scope_and_family__count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
