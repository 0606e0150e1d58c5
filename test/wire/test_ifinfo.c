/* SPDX-License-Identifier: MIT
 * Interface information objects. */
#include "vector.h"

static struct ik_faults faults;

static enum ik_err decoded(uint8_t ctype, struct ik_rd payload, struct ik_ifinfo *info)
{
    const struct ik_ext_object object = {2, ctype, payload};
    faults = (struct ik_faults){0};
    return ik_ifinfo_decode(info, &object, &faults);
}

/* R5837-4.1-01 */
static void ctype__8f__is_role_2_with_all_elements(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex("0000000f 00010000 0a0a0a0a 08657468 30000000 000005dc");
    struct ik_ifinfo info;
    assert_int_equal(decoded(0x8f, in, &info), IK_OK);
    assert_int_equal(info.role, 2);
    assert_true(info.has_index && info.has_addr && info.has_name && info.has_mtu);
    assert_int_equal(info.index, 15);
    assert_int_equal(info.addr.family, 4);
    assert_int_equal(info.addr.bytes[3], 10);
    assert_int_equal(info.name.left, 4);
    assert_memory_equal(info.name.p, "eth0", 4);
    assert_int_equal(info.mtu, 1500);
    for (uint8_t role = 0; role < 4; role++) {
        assert_int_equal(decoded((uint8_t)(role << 6 | 0x0f), in, &info), IK_OK);
        assert_int_equal(info.role, role);
    }
    vector_free(in);
}

/* R5837-4.1-02 */
static void elements__followed_by_more_bytes__ignore_them(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex("00000007 000005dc 12345678");
    struct ik_ifinfo info;
    assert_int_equal(decoded(0x09 | 0x30, in, &info), IK_OK); /* reserved bits too */
    assert_true(info.has_index && info.has_mtu && !info.has_addr && !info.has_name);
    assert_int_equal(info.index, 7);
    assert_int_equal(info.mtu, 1500);
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

/* R5837-4.1-03 */
static void object__without_elements__raises_nothing(void **state)
{
    (void)state;
    struct ik_ifinfo info;
    assert_int_equal(decoded(0, (struct ik_rd){(const uint8_t *)"", 0}, &info), IK_OK);
    assert_int_equal(faults.n, 0);
    uint8_t out[8];
    size_t len;
    struct ik_ext_writer w;
    assert_int_equal(ik_ext_begin(&w, 4, 11, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ifinfo_put(&w, &info), IK_OK);
    assert_int_equal(ik_ext_end(&w, &len), IK_OK);
    assert_int_equal(ik_ext_check((struct ik_rd){out, len}, 4, &faults), IK_OK);
    assert_int_equal(faults.n, 0);
}

/* R5837-4.2-01 */
static void address__of_unknown_family__is_unparsable_from_there(void **state)
{
    (void)state;
    struct ik_ifinfo info;
    struct ik_rd in = vector_hex("00000007 00050000 0a0a0a0a");
    assert_int_equal(decoded(0x0c, in, &info), IK_E_VALUE);
    assert_true(info.has_index && !info.has_addr);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_VALUE, 4));
    vector_free(in);
    in = vector_hex("00020000 20010db8000000000000000000000001");
    assert_int_equal(decoded(0x04, in, &info), IK_OK);
    assert_int_equal(info.addr.family, 6);
    assert_int_equal(info.addr.bytes[15], 1);
    vector_free(in);
    in = vector_hex("00020000 20010db8");
    assert_int_equal(decoded(0x04, in, &info), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_LENGTH, 0));
    vector_free(in);
}

/* R5837-4.3-01; a length of zero is the case of tcpdump's test icmp_inft_name_length_zero. */
static void name__of_odd_length__is_malformed(void **state)
{
    (void)state;
    struct ik_ifinfo info;
    const uint8_t bad[] = {0, 1, 6, 68, 255};
    for (size_t i = 0; i < sizeof(bad); i++) {
        uint8_t p[256] = {bad[i], 'e'};
        assert_int_equal(decoded(0x02, (struct ik_rd){p, sizeof(p)}, &info), IK_E_LENGTH);
        assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_LENGTH, 0));
        assert_false(info.has_name);
    }
    uint8_t p[64];
    memset(p, 'x', sizeof(p));
    p[0] = 64;
    assert_int_equal(decoded(0x02, (struct ik_rd){p, 64}, &info), IK_OK);
    assert_int_equal(info.name.left, 63);
    assert_int_equal(decoded(0x02, (struct ik_rd){p, 60}, &info), IK_E_SHORT);
    p[0] = 4; /* only zeros: an empty name */
    memset(p + 1, 0, 3);
    assert_int_equal(decoded(0x02, (struct ik_rd){p, 4}, &info), IK_OK);
    assert_int_equal(info.name.left, 0);
}

static void decode__of_another_class__is_refused(void **state)
{
    (void)state;
    struct ik_ifinfo info;
    const struct ik_ext_object object = {3, 0, {(const uint8_t *)"", 0}};
    assert_int_equal(ik_ifinfo_decode(&info, &object, NULL), IK_E_VALUE);
}

static struct ik_rd text(const char *s)
{
    return (struct ik_rd){(const uint8_t *)s, strlen(s)};
}

/* R5837-4.3-01, R5837-4.1-02 */
static void put__all_elements__are_in_their_order(void **state)
{
    (void)state;
    uint8_t out[64], want[28];
    size_t len;
    struct ik_ext_writer w;
    const struct ik_ifinfo info = {.role = 2,
                                   .has_index = true,
                                   .has_addr = true,
                                   .has_name = true,
                                   .has_mtu = true,
                                   .index = 15,
                                   .mtu = 1500,
                                   .addr = {4, {10, 10, 10, 10}, 0},
                                   .name = text("eth0")};
    vector_bytes("001c028f 0000000f 00010000 0a0a0a0a 08657468 30000000 000005dc", want, 28);
    assert_int_equal(ik_ext_begin(&w, 4, 11, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ifinfo_put(&w, &info), IK_OK);
    assert_int_equal(ik_ext_end(&w, &len), IK_OK);
    assert_int_equal(len, 32);
    assert_memory_equal(out + 4, want, 28);
}

/* R5837-4-01, R5837-4.2-01, R5837-4.3-01, R5837-4.5-01 */
static void put__what_the_rfc_forbids__is_refused(void **state)
{
    (void)state;
    uint8_t out[256];
    struct ik_ext_writer w;
    struct ik_ifinfo info = {.has_index = true, .index = 1};
    assert_int_equal(ik_ext_begin(&w, 6, 2, out, sizeof(out)), IK_E_UNSUPPORTED);
    assert_int_equal(ik_ext_begin(&w, 6, 160, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ifinfo_put(&w, &info), IK_E_UNSUPPORTED);
    assert_int_equal(ik_ext_begin(&w, 6, 3, out, sizeof(out)), IK_OK);
    for (info.role = 0; info.role < 4; info.role++) {
        assert_int_equal(ik_ifinfo_put(&w, &info), IK_OK);
        assert_int_equal(ik_ifinfo_put(&w, &info), IK_E_EXISTS);
    }
    assert_int_equal(ik_ifinfo_put(&w, &info), IK_E_VALUE);
    assert_int_equal(ik_ext_begin(&w, 6, 3, out, sizeof(out)), IK_OK);
    info = (struct ik_ifinfo){.has_addr = true, .addr = {.family = 4}};
    assert_int_equal(ik_ifinfo_put(&w, &info), IK_E_VALUE);
    char longest[65];
    memset(longest, 'x', 64);
    longest[64] = 0;
    info = (struct ik_ifinfo){.has_name = true, .name = text(longest)};
    assert_int_equal(ik_ifinfo_put(&w, &info), IK_E_VALUE);
    info.name.left = 63;
    assert_int_equal(ik_ifinfo_put(&w, &info), IK_OK);
}

static void put__name_that_is_no_utf8__is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "\x80",
                         "\xc0\x80",
                         "\xe0\x9f\xbf",
                         "\xed\xa0\x80",
                         "\xc3",
                         "e\xe2\x82",
                         "\xf4\x90\x80\x80",
                         "\xff",
                         "\xc3\x28",
                         "\xf8",
                         "\xf0\x8f\xbf\xbf"};
    const char *good[] = {
        "eth0",         "\xc3\xa9",        "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf",
        "\xed\x9f\xbf", "\xec\x9d\xb4\x30"};
    uint8_t out[64];
    struct ik_ext_writer w;
    struct ik_ifinfo info = {.has_name = true};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        info.name = text(bad[i]);
        assert_int_equal(ik_ext_begin(&w, 6, 3, out, sizeof(out)), IK_OK);
        assert_int_equal(ik_ifinfo_put(&w, &info), IK_E_VALUE);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        info.name = text(good[i]);
        assert_int_equal(ik_ext_begin(&w, 6, 3, out, sizeof(out)), IK_OK);
        assert_int_equal(ik_ifinfo_put(&w, &info), IK_OK);
    }
    info.name = (struct ik_rd){(const uint8_t *)"a\0b", 3};
    assert_int_equal(ik_ext_begin(&w, 6, 3, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ifinfo_put(&w, &info), IK_E_VALUE);
}

static void decode(struct ik_rd in)
{
    for (unsigned ctype = 0; ctype < 16; ctype++) {
        struct ik_ifinfo info;
        const enum ik_err err = decoded((uint8_t)ctype, in, &info);
        assert_true(vector_inside(info.name, in));
        assert_int_equal(faults.n, err != IK_OK);
    }
}

static void decode__cut_and_flipped__stays_inside(void **state)
{
    (void)state;
    vector_torture("0000000f 00010000 0a0a0a0a 08657468 30000000 000005dc", decode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ctype__8f__is_role_2_with_all_elements),
        cmocka_unit_test(elements__followed_by_more_bytes__ignore_them),
        cmocka_unit_test(object__without_elements__raises_nothing),
        cmocka_unit_test(address__of_unknown_family__is_unparsable_from_there),
        cmocka_unit_test(name__of_odd_length__is_malformed),
        cmocka_unit_test(decode__of_another_class__is_refused),
        cmocka_unit_test(put__all_elements__are_in_their_order),
        cmocka_unit_test(put__what_the_rfc_forbids__is_refused),
        cmocka_unit_test(put__name_that_is_no_utf8__is_refused),
        cmocka_unit_test(decode__cut_and_flipped__stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
