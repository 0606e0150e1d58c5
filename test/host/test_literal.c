/* SPDX-License-Identifier: MIT */
#include "host/literal.h"

#include <icmpkit/host.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void assert_reads(const char *text, const char *as)
{
    struct ik_addr a;
    char buf[IK_ADDR_TEXT];
    assert_int_equal(ik_literal_parse(text, &a), IK_OK);
    assert_string_equal(ik_addr_text(&a, buf), as);
}

static void text__as_people_type_it__is_the_address(void **state)
{
    (void)state;
    assert_reads("192.0.2.1", "192.0.2.1");
    assert_reads("127.1", "127.0.0.1");
    assert_reads("0", "0.0.0.0");
    assert_reads("0x7f000001", "127.0.0.1");
    assert_reads("0X7F.1", "127.0.0.1");
    assert_reads("10.65538", "10.1.0.2");
    assert_reads("::1", "::1");
    assert_reads("2001:DB8::0:1", "2001:db8::1");
    assert_reads("::ffff:192.0.2.1", "::ffff:192.0.2.1");
}

static void text__that_is_a_name__is_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",           "localhost",  "a",         "dead.beef",      "256.1.1.1", "1.2.3.4.5",
        "1.2.3.4 x",  "1.2.3.4 ",   " 1.2.3.4",  "1.2.3.4\n",      "::1 ",      ":::",
        "0x",         "192.0.2.1.", "1.2.3.4/8", "example.com%lo", "%lo",       "192.0.2.1%lo",
        "4294967296", "f.example",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct ik_addr a = {.family = 9};
        if (ik_literal_parse(names[i], &a) != IK_E_NOT_FOUND)
            fail_msg("\"%s\" was read as an address", names[i]);
        assert_int_equal(a.family, 9);
    }
}

static void scope__of_loopback__is_its_index(void **state)
{
    (void)state;
    struct ik_addr a;
    uint32_t lo;
    assert_int_equal(ik_iface_index("lo", &lo), IK_OK);
    assert_int_equal(ik_literal_parse("fe80::1%lo", &a), IK_OK);
    assert_int_equal(a.scope, lo);
    assert_int_equal(ik_literal_parse("ff02::1%lo", &a), IK_OK);
    assert_int_equal(a.scope, lo);
    assert_int_equal(ik_literal_parse("fe80::1%1", &a), IK_OK);
    assert_int_equal(a.scope, 1);
}

static void scope__that_is_none__is_an_error(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "fe80::1%",  "fe80::1%nosuchif0", "fe80::1%999999999", "fe80::1%4294967297",
        "fe80::1%0", "2001:db8::1%lo",    "fe80::1%1x"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct ik_addr a = {.family = 9};
        if (ik_literal_parse(texts[i], &a) != IK_E_IFACE)
            fail_msg("\"%s\" has an interface", texts[i]);
        assert_int_equal(a.family, 9);
    }
}

static void iface__name_and_index__belong_together(void **state)
{
    (void)state;
    uint32_t lo;
    char name[16];
    assert_int_equal(ik_iface_index("lo", &lo), IK_OK);
    assert_int_equal(ik_iface_name(lo, name), IK_OK);
    assert_string_equal(name, "lo");
    assert_int_equal(ik_iface_index("nosuchif0", &lo), IK_E_IFACE);
    assert_int_equal(ik_iface_name(999999999, name), IK_E_IFACE);
    assert_string_equal(name, "lo");
}

static void iface__addresses__are_those_it_has(void **state)
{
    (void)state;
    struct ik_addr a = {.family = 4, .bytes = {192, 0, 2, 1}};
    uint32_t index = 77;
    assert_int_equal(ik_iface_check_addr("lo", &a), IK_E_NOT_FOUND);
    a = (struct ik_addr){.family = 4, .bytes = {127, 0, 0, 1}};
    assert_int_equal(ik_iface_check_addr("lo", &a), IK_OK);
    assert_int_equal(ik_iface_check_addr("nosuchif0", &a), IK_E_NOT_FOUND);
    if (ik_iface_only_link(&index))
        assert_int_equal(index, 77);
    else
        assert_int_not_equal(index, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__as_people_type_it__is_the_address),
        cmocka_unit_test(text__that_is_a_name__is_not_found),
        cmocka_unit_test(scope__of_loopback__is_its_index),
        cmocka_unit_test(scope__that_is_none__is_an_error),
        cmocka_unit_test(iface__name_and_index__belong_together),
        cmocka_unit_test(iface__addresses__are_those_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
