/* SPDX-License-Identifier: MIT */
#include "host/idn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static void assert_encodes(const char *name, const char *as)
{
    char out[IK_IDN_BYTES];
    assert_int_equal(ik_idn_encode(name, out), IK_OK);
    assert_string_equal(out, as);
}

static void name__beyond_ascii__has_its_ascii_form(void **state)
{
    (void)state;
    assert_encodes("b\xc3\xbc"
                   "cher.example",
                   "xn--bcher-kva.example");
    /* The same letter as u and a combining diaeresis. */
    assert_encodes("bu\xcc\x88"
                   "cher.example",
                   "xn--bcher-kva.example");
    /* Non-transitional: the sharp s stays. */
    assert_encodes("fa\xc3\x9f.example", "xn--fa-hia.example");
    assert_encodes("\xed\x95\x9c\xea\xb5\xad.example", "xn--3e0b707e.example");
}

static void name__broken_or_too_long__has_none(void **state)
{
    (void)state;
    char out[IK_IDN_BYTES] = "kept", label[128];
    assert_int_equal(ik_idn_encode("\xff\xfe.example", out), IK_E_VALUE);
    for (size_t i = 0; i + 2 < sizeof(label); i += 2)
        memcpy(label + i, "\xc3\xbc", 2);
    label[sizeof(label) - 2] = '\0';
    assert_int_equal(ik_idn_encode(label, out), IK_E_VALUE);
    assert_string_equal(out, "kept");
}

static void ascii__every_byte__is_looked_at(void **state)
{
    (void)state;
    assert_true(ik_idn_is_ascii(""));
    assert_true(ik_idn_is_ascii("example.com\x7f"));
    assert_false(ik_idn_is_ascii("example.com\x80"));
    assert_false(ik_idn_is_ascii("\xc3\xbc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name__beyond_ascii__has_its_ascii_form),
        cmocka_unit_test(name__broken_or_too_long__has_none),
        cmocka_unit_test(ascii__every_byte__is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
