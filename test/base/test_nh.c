/* SPDX-License-Identifier: MIT
 * The keyed sum of products: what it is by definition, in parts, and that no byte is without
 * influence. */
#include "base/nh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t secret[16] = {7, 1}, other[16] = {7, 2};

static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 37 + 11);
}

/* Byte by byte, as it is defined: words of four bytes, zeros behind the end. */
static uint64_t defined(const struct ik_nh *h, const uint8_t *p, size_t n)
{
    uint32_t word[IK_NH_MAX / 4] = {0};
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        word[i / 4] |= (uint32_t)p[i] << 8 * (i % 4);
    for (size_t i = 0; i < (n + 7) / 8; i++)
        sum += (uint64_t)(uint32_t)(word[2 * i] + h->key[2 * i]) *
               (uint32_t)(word[2 * i + 1] + h->key[2 * i + 1]);
    return sum;
}

static void sum__of_each_length__is_as_defined(void **state)
{
    (void)state;
    uint8_t data[IK_NH_MAX];
    struct ik_nh h;
    ik_nh_init(&h, secret);
    fill(data, sizeof(data));
    for (size_t n = 0; n <= sizeof(data); n++)
        assert_int_equal(ik_nh_sum(&h, 0, data, n), defined(&h, data, n));
}

static void sum__of_parts__adds_up(void **state)
{
    (void)state;
    uint8_t data[IK_NH_MAX];
    struct ik_nh h;
    ik_nh_init(&h, secret);
    fill(data, sizeof(data));
    const uint64_t whole = ik_nh_sum(&h, 0, data, 253);
    for (size_t at = 0; at < 253; at += 8)
        assert_int_equal(ik_nh_sum(&h, 0, data, at) + ik_nh_sum(&h, at, data + at, 253 - at),
                         whole);
}

static void sum__of_one_byte_changed__differs(void **state)
{
    (void)state;
    uint8_t data[IK_NH_MAX];
    struct ik_nh h;
    ik_nh_init(&h, secret);
    fill(data, sizeof(data));
    for (size_t n = 1; n <= sizeof(data); n += 5) {
        const uint64_t was = ik_nh_sum(&h, 0, data, n);
        for (size_t i = 0; i < n; i++) {
            data[i] ^= 0x80;
            const uint64_t is = ik_nh_sum(&h, 0, data, n);
            data[i] ^= 0x80;
            assert_int_not_equal(is, was);
            assert_int_not_equal(ik_nh_small(&h, is), ik_nh_small(&h, was));
        }
    }
}

/* What would be equal for any plain sum: words that changed places. */
static void sum__of_words_swapped__differs(void **state)
{
    (void)state;
    uint8_t data[16] = {1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0}, swapped[16];
    struct ik_nh h;
    ik_nh_init(&h, secret);
    memcpy(swapped, data + 8, 8);
    memcpy(swapped + 8, data, 8);
    assert_int_not_equal(ik_nh_sum(&h, 0, data, 16), ik_nh_sum(&h, 0, swapped, 16));
    assert_int_not_equal(ik_nh_sum(&h, 0, data, 8), ik_nh_sum(&h, 0, data + 8, 8));
}

static void sum__under_another_key__differs(void **state)
{
    (void)state;
    uint8_t data[56];
    struct ik_nh a, b;
    ik_nh_init(&a, secret);
    ik_nh_init(&b, other);
    fill(data, sizeof(data));
    assert_int_not_equal(ik_nh_sum(&a, 0, data, 56), ik_nh_sum(&b, 0, data, 56));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sum__of_each_length__is_as_defined),
        cmocka_unit_test(sum__of_parts__adds_up),
        cmocka_unit_test(sum__of_one_byte_changed__differs),
        cmocka_unit_test(sum__of_words_swapped__differs),
        cmocka_unit_test(sum__under_another_key__differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
