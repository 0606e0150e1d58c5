/* SPDX-License-Identifier: MIT */
#include "net/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct ik_addr addr(const char *text)
{
    struct ik_addr a;
    if (ik_addr_parse(text, &a) != IK_OK)
        fail_msg("cannot parse %s", text);
    return a;
}

static struct ik_prefix prefix(const char *text)
{
    struct ik_prefix p;
    if (ik_prefix_parse(text, &p) != IK_OK)
        fail_msg("cannot parse %s", text);
    return p;
}

/* R1122-3.2.2-10, R4443-2.4e.6-01: who may be sent an error. */
static void is_single_host__table__only_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *addr;
        bool single, loopback, this_net, class_e, limited;
    } cases[] = {
        {"192.0.2.1", true, false, false, false, false},
        {"1.0.0.0", true, false, false, false, false},
        {"223.255.255.255", true, false, false, false, false},
        {"0.0.0.0", false, false, true, false, false},
        {"0.1.2.3", false, false, true, false, false},
        {"127.0.0.1", false, true, false, false, false},
        {"127.255.0.1", false, true, false, false, false},
        {"128.0.0.1", true, false, false, false, false},
        {"224.0.0.9", false, false, false, false, false},
        {"240.0.0.1", false, false, false, true, false},
        {"255.255.255.254", false, false, false, true, false},
        {"255.255.255.255", false, false, false, false, true},
        {"2001:db8::1", true, false, false, false, false},
        {"fe80::1", true, false, false, false, false},
        {"::2", true, false, false, false, false},
        {"::", false, false, false, false, false},
        {"::1", false, true, false, false, false},
        {"ff02::5", false, false, false, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ik_addr a = addr(cases[i].addr);
        if (ik_scope_is_single_host(&a) != cases[i].single ||
            ik_scope_is_loopback(&a) != cases[i].loopback ||
            ik_scope_is_this_net(&a) != cases[i].this_net ||
            ik_scope_is_class_e(&a) != cases[i].class_e ||
            ik_scope_is_limited_broadcast(&a) != cases[i].limited)
            fail_msg("%s", cases[i].addr);
    }
}

static void is_broadcast__edges__short_prefixes_have_none(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *addr;
        bool ones, zeros;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.255", true, false},
        {"192.0.2.0/24", "192.0.2.0", false, true},
        {"192.0.2.0/24", "192.0.2.1", false, false},
        {"192.0.2.0/24", "192.0.3.255", false, false},
        {"192.0.2.0/23", "192.0.2.255", false, false},
        {"192.0.2.0/23", "192.0.3.255", true, false},
        {"192.0.2.4/30", "192.0.2.7", true, false},
        {"192.0.2.4/30", "192.0.2.4", false, true},
        {"192.0.2.4/31", "192.0.2.5", false, false},
        {"192.0.2.4/31", "192.0.2.4", false, false},
        {"192.0.2.4/32", "192.0.2.4", false, false},
        {"0.0.0.0/0", "255.255.255.255", true, false},
        {"10.0.0.0/8", "10.255.255.255", true, false},
        {"2001:db8::/64", "2001:db8::", false, false},
        {"2001:db8::/16", "32.1.255.255", false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ik_prefix p = prefix(cases[i].prefix);
        const struct ik_addr a = addr(cases[i].addr);
        if (ik_scope_is_broadcast(&p, &a) != cases[i].ones ||
            ik_scope_is_zero_broadcast(&p, &a) != cases[i].zeros)
            fail_msg("%s in %s", cases[i].addr, cases[i].prefix);
    }
}

static void of__table__is_as_in_the_rfcs(void **state)
{
    (void)state;
    static const struct {
        const char *addr;
        unsigned scope;
    } cases[] = {
        {"fe80::1", IK_SCOPE_LINK},
        {"::1", IK_SCOPE_LINK},
        {"fec0::1", IK_SCOPE_SITE},
        {"fc00::1", IK_SCOPE_GLOBAL},
        {"2001:db8::1", IK_SCOPE_GLOBAL},
        {"ff01::1", IK_SCOPE_INTERFACE},
        {"ff02::1", IK_SCOPE_LINK},
        {"ff15::1", IK_SCOPE_SITE},
        {"ff3e::1", IK_SCOPE_GLOBAL},
        {"ff08::1", IK_SCOPE_ORGANIZATION},
        {"169.254.1.1", IK_SCOPE_LINK},
        {"127.0.0.1", IK_SCOPE_LINK},
        {"10.0.0.1", IK_SCOPE_GLOBAL},
        {"224.0.0.251", IK_SCOPE_LINK},
        {"224.0.1.1", IK_SCOPE_GLOBAL},
        {"239.255.1.1", IK_SCOPE_SITE},
        {"239.192.0.1", IK_SCOPE_ORGANIZATION},
        {"239.195.255.1", IK_SCOPE_ORGANIZATION},
        {"239.196.0.1", IK_SCOPE_GLOBAL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ik_addr a = addr(cases[i].addr);
        if (ik_scope_of(&a) != cases[i].scope)
            fail_msg("%s is %u", cases[i].addr, ik_scope_of(&a));
    }
}

static void solicited_node__example_of_the_rfc__matches(void **state)
{
    (void)state;
    struct ik_addr a = addr("4037::1:800:200e:8c6c"), expected = addr("ff02::1:ff0e:8c6c");
    a.scope = expected.scope = 7;
    const struct ik_addr group = ik_scope_solicited_node(&a);
    assert_true(ik_addr_equal(&group, &expected));
}

static void multicast_mac__high_bits__are_lost(void **state)
{
    (void)state;
    static const struct {
        const char *addr;
        uint8_t mac[6];
    } cases[] = {
        {"224.0.0.1", {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}},
        {"239.129.2.3", {0x01, 0x00, 0x5e, 0x01, 0x02, 0x03}},
        {"224.1.2.3", {0x01, 0x00, 0x5e, 0x01, 0x02, 0x03}},
        {"ff02::1:ff0e:8c6c", {0x33, 0x33, 0xff, 0x0e, 0x8c, 0x6c}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ik_addr a = addr(cases[i].addr);
        uint8_t mac[6];
        ik_scope_multicast_mac(&a, mac);
        assert_memory_equal(mac, cases[i].mac, 6);
    }
}

static void eui64__universal_and_local_bit__is_turned(void **state)
{
    (void)state;
    static const uint8_t universal[6] = {0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde};
    static const uint8_t local[6] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x01};
    struct ik_addr a = ik_scope_link_local(universal), expected = addr("fe80::3656:78ff:fe9a:bcde");
    assert_true(ik_addr_equal(&a, &expected));
    a = ik_scope_link_local(local);
    expected = addr("fe80::ff:fe00:1");
    assert_true(ik_addr_equal(&a, &expected));
    const struct ik_addr net = addr("2001:db8:0:1:ffff:ffff:ffff:ffff");
    a = ik_scope_eui64(&net, universal);
    expected = addr("2001:db8:0:1:3656:78ff:fe9a:bcde");
    assert_true(ik_addr_equal(&a, &expected));
}

static void common_bits__edges__counts_to_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned bits;
    } cases[] = {
        {"10.0.0.0", "10.0.0.0", 32},        {"10.0.0.0", "10.0.0.1", 31},
        {"0.0.0.0", "128.0.0.0", 0},         {"10.0.0.0", "10.0.1.0", 23},
        {"2001:db8::", "2001:db8::", 128},   {"2001:db8::", "2001:db8:0:0:8000::", 64},
        {"2001:db8::1", "2001:db8::2", 126},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ik_addr a = addr(cases[i].a), b = addr(cases[i].b);
        assert_int_equal(ik_scope_common_bits(&a, &b), cases[i].bits);
    }
}

/* The examples of RFC 6724 section 10.1 that rules 1, 2 and 8 decide, and both orders of each. */
static void pick_source__examples_of_the_rfc__match(void **state)
{
    (void)state;
    static const struct {
        const char *dst, *good, *bad;
    } cases[] = {
        {"2001:db8:1::1", "2001:db8:3::1", "fe80::1"},
        {"ff05::1", "2001:db8:3::1", "fe80::1"},
        {"2001:db8:1::1", "2001:db8:1::1", "2001:db8:2::1"},
        {"fe80::1", "fe80::2", "2001:db8:1::1"},
        {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:3::2"},
        {"2001:db8:1::d5e3:7953:13eb:22e8", "2001:db8:1::2", "2001:db8:2::d5e3:0:0:1"},
        {"192.0.2.9", "192.0.2.1", "10.0.0.1"},
        {"198.51.100.1", "10.0.0.1", "169.254.0.1"},
        {"192.0.2.9", "192.0.2.1", "2001:db8::1"},
        {"ff02::1", "fe80::2", "::"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ik_addr dst = addr(cases[i].dst), good = addr(cases[i].good);
        const struct ik_addr bad = addr(cases[i].bad);
        const struct ik_addr one[] = {good, bad}, two[] = {bad, good};
        assert_int_equal(ik_scope_pick_source(&dst, one, 2), 0);
        assert_int_equal(ik_scope_pick_source(&dst, two, 2), 1);
    }
}

static void pick_source__equals_or_none__first_or_none(void **state)
{
    (void)state;
    const struct ik_addr dst = addr("2001:db8:1::1");
    /* They differ in the interface identifier alone, which rule 8 leaves out. */
    const struct ik_addr equal[] = {addr("2001:db8:1::8000:2"), addr("2001:db8:1::2")};
    const struct ik_addr none[] = {addr("10.0.0.1"), addr("::"), addr("ff02::1")};
    assert_int_equal(ik_scope_pick_source(&dst, equal, 2), 0);
    assert_int_equal(ik_scope_pick_source(&dst, none, 3), 3);
    assert_int_equal(ik_scope_pick_source(&dst, none, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_single_host__table__only_hosts),
        cmocka_unit_test(is_broadcast__edges__short_prefixes_have_none),
        cmocka_unit_test(of__table__is_as_in_the_rfcs),
        cmocka_unit_test(solicited_node__example_of_the_rfc__matches),
        cmocka_unit_test(multicast_mac__high_bits__are_lost),
        cmocka_unit_test(eui64__universal_and_local_bit__is_turned),
        cmocka_unit_test(common_bits__edges__counts_to_the_end),
        cmocka_unit_test(pick_source__examples_of_the_rfc__match),
        cmocka_unit_test(pick_source__equals_or_none__first_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
