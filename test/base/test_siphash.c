/* SPDX-License-Identifier: MIT */
#include "base/siphash.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* Vectors of the SipHash paper, appendix A, and its reference set: key 00..0f, input 00 01 02 ...
 */
static void siphash__reference_vectors__match(void **state)
{
    (void)state;
    uint8_t key[16], in[64];
    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    for (uint8_t i = 0; i < 64; i++)
        in[i] = i;
    assert_true(ik_siphash(key, in, 15) == 0xa129ca6149be45e5u);
    assert_true(ik_siphash(key, in, 0) == 0x726fdb47dd0e0e31u);
    assert_true(ik_siphash(key, in, 1) == 0x74f839c593dc67fdu);
    assert_true(ik_siphash(key, in, 8) == 0x93f5f5799a932462u);
}

/* As CPython 3.11 hashes bytes(range(n)) with PYTHONHASHSEED=7. */
static void siphash13__vectors_of_another_program__match(void **state)
{
    (void)state;
    static const uint8_t key[16] = {0x3d, 0x0e, 0x6f, 0x80, 0xa1, 0x74, 0xc8, 0x12,
                                    0x4f, 0x78, 0xd2, 0xf9, 0xd2, 0x89, 0x0a, 0x47};
    uint8_t in[56];
    for (uint8_t i = 0; i < sizeof(in); i++)
        in[i] = i;
    assert_true(ik_siphash13(key, in, 1) == 0x7e255bf0210f9775u);
    assert_true(ik_siphash13(key, in, 8) == 0x8450991e34fe08deu);
    assert_true(ik_siphash13(key, in, 15) == 0x1517e7dc54a43f5bu);
    assert_true(ik_siphash13(key, in, 56) == 0x5192b097a19dc41cu);
}

static void rng__same_seed__same_numbers_in_range(void **state)
{
    (void)state;
    struct ik_rng a = {0}, b = {0};
    /* First output of splitmix64 for seed 0, as published with it. */
    assert_true(ik_rng_next(&a) == 0xe220a8397b1dcdafu);
    ik_rng_next(&b);
    unsigned seen[5] = {0};
    for (int i = 0; i < 5000; i++) {
        const uint32_t x = ik_rng_below(&a, 5);
        assert_int_equal(x, ik_rng_below(&b, 5));
        assert_true(x < 5);
        seen[x]++;
    }
    for (int i = 0; i < 5; i++)
        assert_in_range(seen[i], 850, 1150);
    assert_int_equal(ik_rng_below(&a, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash__reference_vectors__match),
        cmocka_unit_test(siphash13__vectors_of_another_program__match),
        cmocka_unit_test(rng__same_seed__same_numbers_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
