/* SPDX-License-Identifier: MIT
 * Neighbour discovery messages: what makes one invalid. */
#include "icmp_vectors.h"
#include "vector.h"

#define TARGET "fe800000000000000000000000000002"
#define GLOBAL "20010db8000000000000000000000009"
#define GROUP "ff0200000000000000000000000000fb"
#define SLLA "0101 020000000001"
#define TLLA "0201 020000000002"

static struct ik_faults faults;
static struct ik_rd kept;
static struct ik_icmp msg;

static enum ik_err with(struct ik_icmp_ctx ctx, const char *hex)
{
    if (kept.p)
        vector_free(kept);
    kept = vector_hex(hex);
    faults = (struct ik_faults){0};
    ctx.family = 6;
    ctx.checksum_verified = true;
    return ik_icmp_decode(&msg, kept, &ctx, &faults);
}

static enum ik_err plain(const char *hex)
{
    return with((struct ik_icmp_ctx){0}, hex);
}

/* R4861-4.6-01: an unknown option is skipped; a length of zero discards all, and ends. */
static void options__unknown__is_skipped_and_zero_discards(void **state)
{
    (void)state;
    assert_int_equal(plain("87000000 00000000" TARGET "c802 0000000000000000000000000000" SLLA),
                     IK_OK);
    assert_int_equal(faults.n, 0);
    struct ik_rd rd = msg.neighbor_sol.options;
    struct ik_ndopt o;
    assert_int_equal(ik_ndopt_take(&rd, &o, NULL), IK_OK);
    assert_int_equal(o.type, 200);
    assert_int_equal(ik_ndopt_take(&rd, &o, NULL), IK_OK);
    assert_int_equal(o.type, IK_NDOPT_SOURCE_LINK);
    assert_int_equal(ik_ndopt_take(&rd, &o, NULL), IK_E_NOT_FOUND);

    assert_int_equal(plain("87000000 00000000" TARGET SLLA "0100 000000000000"), IK_E_ZERO_LEN);
    assert_int_equal(msg.kind, IK_ICMP_RAW);
    assert_int_equal(msg.raw.left, kept.left - 4);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_ZERO, 24 + 8 + 1));
}

/* CVE-2020-17443, -17445: an option that reaches past the end. */
static void options__past_the_end__discard_with_the_offset(void **state)
{
    (void)state;
    assert_int_equal(plain("88000000 60000000" TARGET "0202 020000000002"), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_PAST_END, 25));
    assert_int_equal(plain("88000000 60000000" TARGET TLLA "02"), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 33));
    assert_int_equal(msg.kind, IK_ICMP_RAW);
}

/* FreeRTOS+TCP 1296 */
static void neighbor_adv__cut__is_short(void **state)
{
    (void)state;
    assert_int_equal(plain("88000000 60000000 fe80000000000000"), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 16));
}

/* RFC 4861: sections 6.1.1, 6.1.2, 7.1.1, 7.1.2, 8.1: none is forwarded. */
static void any__hop_limit_other_than_255__is_told(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "85000000 00000000",
        "86000000 40000000 00000000 00000000",
        "87000000 00000000" TARGET,
        "88000000 60000000" TARGET,
        "89000000 00000000" TARGET GLOBAL,
        "8d000000 00000000" SLLA TLLA,
    };
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct ik_icmp_ctx ctx = {.hop_limit_known = true, .hop_limit = 255};
        assert_int_equal(with(ctx, messages[i]), IK_OK);
        assert_int_equal(faults.n, 0);
        ctx.hop_limit = 254;
        assert_int_equal(with(ctx, messages[i]), IK_OK);
        assert_int_equal(faults.n, 1);
        assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_HOP_LIMIT, 0));
    }
}

static void any__code_other_than_0__is_told(void **state)
{
    (void)state;
    assert_int_equal(plain("85010000 00000000"), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_CODE, 1));
}

static void solicitation__from_nobody__has_no_source_address(void **state)
{
    (void)state;
    const struct ik_addr any = {.family = 6};
    struct ik_icmp_ctx ctx = {.src = &any};
    assert_int_equal(with(ctx, "85000000 00000000" SLLA), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_UNEXPECTED, 8));
    assert_int_equal(with(ctx, "85000000 00000000"), IK_OK);
    assert_int_equal(faults.n, 0);
    struct ik_addr node;
    assert_int_equal(ik_addr_parse("ff02::1:ff00:2", &node), IK_OK);
    ctx.dst = &node;
    assert_int_equal(with(ctx, "87000000 00000000" TARGET), IK_OK);
    assert_int_equal(faults.n, 0);
    assert_int_equal(with(ctx, "87000000 00000000" TARGET TLLA SLLA), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_UNEXPECTED, 32));
    assert_int_equal(ik_addr_parse("ff02::1", &node), IK_OK);
    assert_int_equal(with(ctx, "87000000 00000000" TARGET), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_TARGET, 0));
}

static void neighbor__multicast_target__is_told(void **state)
{
    (void)state;
    assert_int_equal(plain("87000000 00000000" GROUP), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_TARGET, 8));
    assert_int_equal(plain("88000000 00000000" GROUP), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_TARGET, 8));
}

static void neighbor_adv__solicited_to_a_group__is_told(void **state)
{
    (void)state;
    struct ik_addr all;
    assert_int_equal(ik_addr_parse("ff02::1", &all), IK_OK);
    const struct ik_icmp_ctx ctx = {.dst = &all};
    assert_int_equal(with(ctx, "88000000 60000000" TARGET), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_VALUE, 4));
    assert_int_equal(with(ctx, "88000000 20000000" TARGET), IK_OK);
    assert_int_equal(faults.n, 0);
    assert_int_equal(plain("88000000 01000000" TARGET), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_RESERVED, 4));
}

static void router_adv__from_a_global_address__is_told(void **state)
{
    (void)state;
    struct ik_addr global;
    assert_int_equal(ik_addr_parse("2001:db8::1", &global), IK_OK);
    const struct ik_icmp_ctx ctx = {.src = &global};
    assert_int_equal(with(ctx, "86000000 40000000 00000000 00000000"), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_SOURCE, 0));
}

static void redirect__targets__are_on_link_or_the_destination(void **state)
{
    (void)state;
    assert_int_equal(plain("89000000 00000000" TARGET GLOBAL), IK_OK);
    assert_int_equal(faults.n, 0);
    assert_int_equal(plain("89000000 00000000" GLOBAL GLOBAL), IK_OK);
    assert_int_equal(faults.n, 0);
    assert_int_equal(plain("89000000 00000000 20010db8000000000000000000000001" GLOBAL), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_TARGET, 8));
    assert_int_equal(plain("89000000 00000000" TARGET GROUP), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_TARGET, 24));
}

/* R3122-4.3-01 */
static void inverse__without_its_options__is_invalid(void **state)
{
    (void)state;
#define LIST "0a03 000000000000" GLOBAL
    assert_int_equal(plain("8d000000 00000000" SLLA TLLA), IK_OK);
    assert_int_equal(faults.n, 0);
    assert_int_equal(plain("8d000000 00000000" SLLA "0e01 000000000000"), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_MISSING, 24));
    assert_int_equal(plain("8d000000 00000000" SLLA), IK_E_SHORT); /* below 24 */
    assert_int_equal(plain("8e000000 00000000" SLLA TLLA LIST), IK_OK);
    assert_int_equal(faults.n, 0);
    assert_int_equal(plain("8e000000 00000000" SLLA TLLA "0e03 000000000000" GLOBAL), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_MISSING, 48));
    assert_int_equal(plain("8e000000 00000000" SLLA TLLA SLLA), IK_E_SHORT); /* below 48 */
    assert_int_equal(plain("8d010000 00000000" SLLA TLLA), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_CODE, 1));
    assert_int_equal(plain("8d000000 00000000" SLLA "0200 000000000000"), IK_E_ZERO_LEN);
}

/* CVE-2020-16898 and FreeRTOS+TCP 1335, inside a message: it stays valid, the option does not. */
static void router_adv__bad_option__is_told_with_its_offset(void **state)
{
    (void)state;
    assert_int_equal(plain("86000000 40000000 00000000 00000000" SLLA "1904 0000 00000708" GLOBAL
                           "2001000000000000"),
                     IK_OK);
    assert_int_equal(msg.kind, IK_ICMP_ROUTER_ADV);
    assert_int_equal(faults.n, 1);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_LENGTH, 16 + 8 + 1));
    assert_int_equal(plain("86000000 40000000 00000000 00000000 0303 40c0 00278d00 00093a80"
                           "00000000 20010db800000000"),
                     IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_LENGTH, 17));
}

static int forget(void **state)
{
    (void)state;
    if (kept.p)
        vector_free(kept);
    kept.p = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options__unknown__is_skipped_and_zero_discards),
        cmocka_unit_test(options__past_the_end__discard_with_the_offset),
        cmocka_unit_test(neighbor_adv__cut__is_short),
        cmocka_unit_test(any__hop_limit_other_than_255__is_told),
        cmocka_unit_test(any__code_other_than_0__is_told),
        cmocka_unit_test(solicitation__from_nobody__has_no_source_address),
        cmocka_unit_test(neighbor__multicast_target__is_told),
        cmocka_unit_test(neighbor_adv__solicited_to_a_group__is_told),
        cmocka_unit_test(router_adv__from_a_global_address__is_told),
        cmocka_unit_test(redirect__targets__are_on_link_or_the_destination),
        cmocka_unit_test(inverse__without_its_options__is_invalid),
        cmocka_unit_test(router_adv__bad_option__is_told_with_its_offset),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
