/* SPDX-License-Identifier: MIT */
#include "probe/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t key[16] = {1, 2, 3};
static const struct ik_addr to4 = {4, {192, 0, 2, 1}, 0};

static void token__each_input__changes_the_hash(void **state)
{
    (void)state;
    const struct ik_addr other = {4, {192, 0, 2, 2}, 0};
    const struct ik_token base = {&to4, 7, 8, 9};
    const struct ik_token differ[] = {
        {&other, 7, 8, 9}, {&to4, 6, 8, 9}, {&to4, 7, 9, 9}, {&to4, 7, 8, 8}};
    const uint64_t hash = ik_token_hash(key, &base);
    for (size_t i = 0; i < 4; i++)
        assert_true(ik_token_hash(key, &differ[i]) != hash);
    const uint8_t key2[16] = {1, 2, 4};
    assert_true(ik_token_hash(key2, &base) != hash);
    assert_true(ik_token_hash(key, &base) == hash);
}

static void token__put__is_read_back(void **state)
{
    (void)state;
    uint8_t bytes[16];
    uint32_t number = 0;
    uint64_t hash = 0;
    ik_token_put(bytes, 0xa1b2c3d4, 0x01020304, 0x1122334455667788);
    static const uint8_t wire[16] = {0xa1, 0xb2, 0xc3, 0xd4, 1,    2,    3,    4,
                                     0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    assert_memory_equal(bytes, wire, 16);
    assert_true(ik_token_get((struct ik_rd){bytes, 16}, 0xa1b2c3d4, &number, &hash));
    assert_int_equal(number, 0x01020304);
    assert_true(hash == 0x1122334455667788);
}

static void token__cut_or_of_another_run__is_none(void **state)
{
    (void)state;
    uint8_t bytes[16];
    uint32_t number;
    uint64_t hash;
    ik_token_put(bytes, 5, 6, 7);
    for (size_t n = 0; n < 16; n++)
        assert_false(ik_token_get((struct ik_rd){bytes, n}, 5, &number, &hash));
    assert_false(ik_token_get((struct ik_rd){bytes, 16}, 4, &number, &hash));
}

static void token__same__sees_every_bit(void **state)
{
    (void)state;
    assert_true(ik_token_same(0x8000000000000001, 0x8000000000000001));
    for (unsigned i = 0; i < 64; i++)
        assert_false(ik_token_same(0, UINT64_C(1) << i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token__each_input__changes_the_hash),
        cmocka_unit_test(token__put__is_read_back),
        cmocka_unit_test(token__cut_or_of_another_run__is_none),
        cmocka_unit_test(token__same__sees_every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
