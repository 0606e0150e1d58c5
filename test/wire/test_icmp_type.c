/* SPDX-License-Identifier: MIT
 * The tables of types and codes, and the texts that come from them. */
#include "wire/fault.h"
#include "wire/icmp_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    uint8_t family;
    const char *name;
} spellings[] = {
#define X(value, id, name, ...) {4, name},
#include <icmpkit/icmp4_types.def>
#undef X
#define X(value, id, name, ...) {6, name},
#include <icmpkit/icmp6_types.def>
#undef X
#define X(family, type, code, id, name) {family, name},
#include <icmpkit/icmp_codes.def>
#undef X
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void names__all_rows__are_unambiguous_in_their_family(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(spellings); i++)
        for (size_t j = i + 1; j < COUNT(spellings); j++)
            if (spellings[i].family == spellings[j].family)
                assert_string_not_equal(spellings[i].name, spellings[j].name);
}

static void names__all_rows__are_kebab_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(spellings); i++) {
        const char *s = spellings[i].name;
        assert_true(strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s));
        assert_null(strstr(s, "--"));
        assert_true(s[0] >= 'a' && s[0] <= 'z');
    }
}

static void name__code_known_or_not__falls_back_to_type_then_number(void **state)
{
    (void)state;
    char buf[64];
    assert_string_equal(ik_icmp_name(4, 3, 3, buf, sizeof(buf)), "port-unreachable");
    assert_string_equal(ik_icmp_name(6, 1, 4, buf, sizeof(buf)), "port-unreachable");
    assert_string_equal(ik_icmp_name(4, 3, 200, buf, sizeof(buf)), "destination-unreachable");
    assert_string_equal(ik_icmp_name(4, 0, 0, buf, sizeof(buf)), "echo-reply");
    assert_string_equal(ik_icmp_name(4, 7, 0, buf, sizeof(buf)), "type-7");
    assert_string_equal(ik_icmp_name(4, 252, 9, buf, sizeof(buf)), "type-252");
    assert_string_equal(ik_icmp_name(9, 40, 0, buf, sizeof(buf)), "type-40");
    assert_string_equal(ik_icmp_name(4, 3, 3, buf, 5), "port");
    assert_string_equal(ik_icmp_name(4, 3, 3, buf, 1), "");
    buf[0] = 'x';
    assert_int_equal(ik_icmp_name(4, 3, 3, buf, 0)[0], 'x');
}

static void codes__every_row__is_found(void **state)
{
    (void)state;
#define X(f, t, c, id, name) assert_string_equal(ik_icmp_code_name(f, IK_ICMP##f##_##t, c), name);
#include <icmpkit/icmp_codes.def>
#undef X
    assert_null(ik_icmp_code_name(4, 3, 16));
    assert_null(ik_icmp_code_name(0, 0, 0));
    assert_null(ik_icmp_code_name(255, 255, 255));
}

/* Types 40, 42 and 43 and codes 1 and 2 of type 12 are known, though others say unknown. */
static void names__types_that_others_forget__are_known(void **state)
{
    (void)state;
    assert_string_equal(ik_icmp_type_name(4, 40), "photuris");
    assert_string_equal(ik_icmp_type_name(4, 42), "extended-echo-request");
    assert_string_equal(ik_icmp_type_name(4, 43), "extended-echo-reply");
    assert_string_equal(ik_icmp_code_name(4, 12, 1), "required-option-missing");
    assert_string_equal(ik_icmp_code_name(4, 12, 2), "parameter-problem-length");
}

/* CVE-2025-12899: type 128 is an echo in ICMPv6 alone. */
static void names__v4_type_128__is_unknown(void **state)
{
    (void)state;
    assert_null(ik_icmp_type_name(4, 128));
    assert_string_equal(ik_icmp_type_name(6, 128), "echo-request");
    assert_null(ik_icmp_type_find(4, 128));
}

/* R4443-2.1-01 */
static void is_error__v6__is_decided_by_the_high_bit_alone(void **state)
{
    (void)state;
    assert_true(ik_icmp_is_error(6, 5));
    assert_true(ik_icmp_is_error(6, 99));
    assert_true(ik_icmp_is_error(6, 126));
    assert_false(ik_icmp_is_error(6, 162));
    for (unsigned t = 0; t < 256; t++) {
        const struct ik_icmp_type *row = ik_icmp_type_find(6, (uint8_t)t);
        if (row)
            assert_int_equal(row->class_of == IK_ICMP_CLASS_ERROR, t < 128);
    }
}

static void is_error__v4__is_what_the_table_says(void **state)
{
    (void)state;
    static const uint8_t errors[] = {3, 4, 5, 11, 12, 31, 32, 40};
    for (unsigned t = 0; t < 256; t++)
        assert_int_equal(ik_icmp_is_error(4, (uint8_t)t),
                         memchr(errors, (int)t, sizeof(errors)) != NULL);
    assert_false(ik_icmp_is_error(0, 3));
}

static void fault_add__more_than_fit__counts_the_rest(void **state)
{
    (void)state;
    struct ik_faults f = {.base = 65530};
    for (unsigned i = 0; i < IK_FAULTS_MAX + 3; i++)
        ik_fault_add(&f, IK_FLAW_SHORT, i);
    assert_int_equal(f.n, IK_FAULTS_MAX);
    assert_int_equal(f.more, 3);
    assert_int_equal(f.list[0].at, 65530);
    assert_int_equal(f.list[IK_FAULTS_MAX - 1].at, 65535); /* held at the bound, not wrapped */
    ik_fault_add(NULL, IK_FLAW_SHORT, 0);
}

static void flaw_name__number_that_is_none__is_still_text(void **state)
{
    (void)state;
    assert_string_equal(ik_flaw_name(IK_FLAW_BAD_CHECKSUM), "bad-checksum");
    assert_string_equal(ik_flaw_name(IK_FLAW_COUNT), "unknown");
    for (unsigned i = 0; i < IK_FLAW_COUNT; i++) {
        assert_non_null(ik_flaw_name((enum ik_flaw)i));
        assert_non_null(ik_flaw_text((enum ik_flaw)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names__all_rows__are_unambiguous_in_their_family),
        cmocka_unit_test(names__all_rows__are_kebab_case),
        cmocka_unit_test(name__code_known_or_not__falls_back_to_type_then_number),
        cmocka_unit_test(codes__every_row__is_found),
        cmocka_unit_test(names__types_that_others_forget__are_known),
        cmocka_unit_test(names__v4_type_128__is_unknown),
        cmocka_unit_test(is_error__v6__is_decided_by_the_high_bit_alone),
        cmocka_unit_test(is_error__v4__is_what_the_table_says),
        cmocka_unit_test(fault_add__more_than_fit__counts_the_rest),
        cmocka_unit_test(flaw_name__number_that_is_none__is_still_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
