/* SPDX-License-Identifier: MIT
 * Interface identification objects. */
#include "vector.h"

#include "base/bytes.h"

static struct ik_faults faults;

static enum ik_err decoded(uint8_t ctype, struct ik_rd payload, struct ik_ifident *ident)
{
    const struct ik_ext_object object = {3, ctype, payload};
    faults = (struct ik_faults){0};
    return ik_ifident_decode(ident, &object, &faults);
}

static struct ik_rd bytes(const void *p, size_t n)
{
    return (struct ik_rd){p, n};
}

/* R8335-2.1-01 */
static void put__each_ctype__has_the_length_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        struct ik_ifident ident;
        uint16_t object_bytes;
    } cases[] = {
        {{.ctype = 1, .name = {(const uint8_t *)"eth0", 4}}, 8},
        {{.ctype = 1, .name = {(const uint8_t *)"eth10", 5}}, 12},
        {{.ctype = 2, .index = 7}, 8},
        {{.ctype = 3, .afi = 1, .addr = {(const uint8_t *)"\xc0\0\2\1", 4}}, 12},
        {{.ctype = 3, .afi = 6, .addr = {(const uint8_t *)"\2\0\0\0\0\1", 6}}, 16},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t out[64];
        size_t len;
        struct ik_ext_writer w;
        struct ik_rd objects;
        struct ik_ext_object object;
        struct ik_ifident back;
        assert_int_equal(ik_ext_begin(&w, 4, 42, out, sizeof(out)), IK_OK);
        assert_int_equal(ik_ifident_put(&w, &cases[i].ident), IK_OK);
        assert_int_equal(ik_ext_end(&w, &len), IK_OK);
        assert_int_equal(ik_load_be16(out + 4), cases[i].object_bytes);
        assert_int_equal(ik_ext_open(&objects, (struct ik_rd){out, len}, NULL), IK_OK);
        assert_int_equal(ik_ext_take(&objects, &object, NULL), IK_OK);
        assert_int_equal(ik_ifident_decode(&back, &object, NULL), IK_OK);
        assert_int_equal(back.ctype, cases[i].ident.ctype);
        assert_int_equal(back.index, cases[i].ident.index);
        assert_int_equal(back.afi, cases[i].ident.afi);
        assert_int_equal(back.name.left, cases[i].ident.name.left);
        assert_int_equal(back.addr.left, cases[i].ident.addr.left);
        if (back.addr.left)
            assert_memory_equal(back.addr.p, cases[i].ident.addr.p, back.addr.left);
        if (back.name.left)
            assert_memory_equal(back.name.p, cases[i].ident.name.p, back.name.left);
    }
}

/* R8335-2.1-02 */
static void address__of_ipv6_in_an_ipv4_probe__is_accepted(void **state)
{
    (void)state;
    uint8_t out[64], addr[16] = {0x20, 1, [15] = 1};
    size_t len;
    struct ik_ext_writer w;
    const struct ik_ifident ident = {.ctype = 3, .afi = 2, .addr = {addr, 16}};
    assert_int_equal(ik_ext_begin(&w, 4, 42, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ifident_put(&w, &ident), IK_OK);
    assert_int_equal(ik_ext_end(&w, &len), IK_OK);
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ext_check((struct ik_rd){out, len}, 4, &faults), IK_OK);
    assert_int_equal(faults.n, 0);
}

/* R8335-2-02 */
static void put__two_identifications__is_refused(void **state)
{
    (void)state;
    uint8_t out[64];
    struct ik_ext_writer w;
    const struct ik_ifident ident = {.ctype = 2, .index = 7};
    assert_int_equal(ik_ext_begin(&w, 6, 160, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ifident_put(&w, &ident), IK_OK);
    assert_int_equal(ik_ifident_put(&w, &ident), IK_E_EXISTS);
    assert_int_equal(ik_ext_begin(&w, 6, 3, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ifident_put(&w, &ident), IK_E_UNSUPPORTED);
}

static void put__what_cannot_stand__is_refused(void **state)
{
    (void)state;
    uint8_t out[600], longest[256];
    struct ik_ext_writer w;
    memset(longest, 'x', sizeof(longest));
    const struct ik_ifident bad[] = {
        {.ctype = 0},
        {.ctype = 4},
        {.ctype = 1, .name = {longest, 0}},
        {.ctype = 1, .name = {longest, 256}},
        {.ctype = 1, .name = {(const uint8_t *)"a\0b", 3}},
        {.ctype = 3, .afi = 1, .addr = {longest, 16}},
        {.ctype = 3, .afi = 2, .addr = {longest, 4}},
        {.ctype = 3, .afi = 6, .addr = {longest, 256}},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ik_ext_begin(&w, 4, 42, out, sizeof(out)), IK_OK);
        assert_int_equal(ik_ifident_put(&w, &bad[i]), IK_E_VALUE);
        assert_int_equal(w.used, 4);
    }
}

static void decode__malformed__is_refused_at_its_byte(void **state)
{
    (void)state;
    struct ik_ifident ident = {.ctype = 99};
    assert_int_equal(decoded(1, bytes("", 0), &ident), IK_E_SHORT);
    assert_int_equal(decoded(1, bytes("\0\0\0\0", 4), &ident), IK_E_SHORT);
    assert_int_equal(decoded(2, bytes("\0\0\0", 3), &ident), IK_E_SHORT);
    assert_int_equal(decoded(2, bytes("\0\0\0\1\0\0\0\2", 8), &ident), IK_E_LENGTH);
    assert_int_equal(decoded(3, bytes("\0\1\4", 3), &ident), IK_E_SHORT);
    assert_int_equal(decoded(3, bytes("\0\1\4\0\1\2\3", 7), &ident), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_LENGTH, 2));
    assert_int_equal(decoded(3, bytes("\0\1\4\0\1\2\3\4\5\6\7\0", 12), &ident), IK_E_LENGTH);
    assert_int_equal(decoded(3, bytes("\0\1\3\0\1\2\3\0", 8), &ident), IK_E_VALUE);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_VALUE, 2));
    assert_int_equal(decoded(9, bytes("\0\0\0\1", 4), &ident), IK_E_VALUE);
    const struct ik_ext_object other = {2, 1, bytes("eth0", 4)};
    assert_int_equal(ik_ifident_decode(&ident, &other, NULL), IK_E_VALUE);
    assert_int_equal(ident.ctype, 99);
}

static void decode(struct ik_rd in)
{
    for (uint8_t ctype = 0; ctype < 5; ctype++) {
        struct ik_ifident ident;
        if (decoded(ctype, in, &ident) == IK_OK)
            assert_true(vector_inside(ident.name, in) && vector_inside(ident.addr, in));
        else
            assert_int_equal(faults.n, 1);
    }
}

static void decode__cut_and_flipped__stays_inside(void **state)
{
    (void)state;
    vector_torture("00060600 d2dd22ac 5c6b0000", decode);
    vector_torture("65746830 2e310000", decode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put__each_ctype__has_the_length_of_the_rfc),
        cmocka_unit_test(address__of_ipv6_in_an_ipv4_probe__is_accepted),
        cmocka_unit_test(put__two_identifications__is_refused),
        cmocka_unit_test(put__what_cannot_stand__is_refused),
        cmocka_unit_test(decode__malformed__is_refused_at_its_byte),
        cmocka_unit_test(decode__cut_and_flipped__stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
