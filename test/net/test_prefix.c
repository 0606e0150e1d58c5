/* SPDX-License-Identifier: MIT */
#include "icmpkit/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct ik_prefix prefix(const char *text)
{
    struct ik_prefix p;
    if (ik_prefix_parse(text, &p) != IK_OK)
        fail_msg("cannot parse %s", text);
    return p;
}

static void hosts__edges__count_and_ends_are_right(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t hosts;
        const char *first, *last;
    } cases[] = {
        {"10.0.0.0/28", 14, "10.0.0.1", "10.0.0.14"},
        {"10.0.0.7/28", 14, "10.0.0.1", "10.0.0.14"},
        {"10.0.0.0/30", 2, "10.0.0.1", "10.0.0.2"},
        {"10.0.0.0/31", 2, "10.0.0.0", "10.0.0.1"},
        {"10.0.0.5/32", 1, "10.0.0.5", "10.0.0.5"},
        {"10.0.0.0/16", 65534, "10.0.0.1", "10.0.255.254"},
        {"0.0.0.0/0", 4294967294u, "0.0.0.1", "255.255.255.254"},
        {"2001:db8::/120", 255, "2001:db8::1", "2001:db8::ff"},
        {"2001:db8::/126", 3, "2001:db8::1", "2001:db8::3"},
        {"2001:db8::/127", 2, "2001:db8::", "2001:db8::1"},
        {"2001:db8::5/128", 1, "2001:db8::5", "2001:db8::5"},
        {"2001:db8:ffff:ffff::/65", (UINT64_C(1) << 63) - 1, "2001:db8:ffff:ffff::1",
         "2001:db8:ffff:ffff:7fff:ffff:ffff:ffff"},
        {"2001:db8::/64", UINT64_MAX, "2001:db8::1", NULL},
        {"::/0", UINT64_MAX, "::1", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ik_prefix p = prefix(cases[i].text);
        char text[IK_ADDR_TEXT];
        assert_true(ik_prefix_hosts(&p) == cases[i].hosts);
        struct ik_addr a = ik_prefix_host(&p, 0);
        assert_string_equal(ik_addr_text(&a, text), cases[i].first);
        assert_true(ik_prefix_contains(&p, &a));
        if (!cases[i].last)
            continue;
        a = ik_prefix_host(&p, cases[i].hosts - 1);
        assert_string_equal(ik_addr_text(&a, text), cases[i].last);
        assert_true(ik_prefix_contains(&p, &a));
    }
}

static void contains__neighbours__are_outside(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *addr;
        bool in;
    } cases[] = {
        {"10.0.0.16/28", "10.0.0.15", false},
        {"10.0.0.16/28", "10.0.0.31", true},
        {"10.0.0.16/28", "10.0.0.32", false},
        {"0.0.0.0/0", "203.0.113.1", true},
        {"0.0.0.0/0", "::1", false},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
        {"::1/128", "::1", true},
        {"::1/128", "::2", false},
        {"192.0.2.1/32", "192.0.2.1", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ik_prefix p = prefix(cases[i].prefix);
        struct ik_addr a;
        assert_int_equal(ik_addr_parse(cases[i].addr, &a), IK_OK);
        assert_int_equal(ik_prefix_contains(&p, &a), cases[i].in);
    }
}

static void parse__what_is_no_prefix__is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "10.0.0.0",
                                      "10.0.0.0/",
                                      "10.0.0.0/33",
                                      "10.0.0/8",
                                      "::/129",
                                      "/8",
                                      "10.0.0.0/08",
                                      "10.0.0.0/-1",
                                      "10.0.0.0/ 8",
                                      "10.0.0.0/8 ",
                                      "10.0.0.0/8/8",
                                      "10.0.0.0/4294967304"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ik_prefix p = {.bits = 99};
        assert_int_equal(ik_prefix_parse(bad[i], &p), IK_E_VALUE);
        assert_int_equal(p.bits, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts__edges__count_and_ends_are_right),
        cmocka_unit_test(contains__neighbours__are_outside),
        cmocka_unit_test(parse__what_is_no_prefix__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
