/* SPDX-License-Identifier: MIT
 * The Internet checksum against the slowest possible one, and its incremental form exhaustively. */
#include "icmpkit/wire.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint16_t of(const uint8_t *p, size_t n)
{
    return ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){p, n}));
}

/* RFC 1071 section 1, word by word with the carry put back at once. */
static uint16_t naive(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
        if (sum > 0xffff)
            sum -= 0xffff;
    }
    return (uint16_t)~sum;
}

static uint32_t noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* R791-3.1-01 */
static void header__of_rfc_791__is_b861(void **state)
{
    (void)state;
    uint8_t h[20] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                     0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
    assert_int_equal(of(h, sizeof(h)), 0xb861);
    ik_store_be16(h + 10, 0xb861);
    assert_int_equal(of(h, sizeof(h)), 0);
}

/* R1071-2-01: the example of section 3. */
static void sum__of_rfc_1071__folds_all_carries(void **state)
{
    (void)state;
    const uint8_t b[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    assert_int_equal(of(b, sizeof(b)), 0x220d);
    /* a fold may itself carry, twice */
    const uint8_t ones[] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x01};
    assert_int_equal(of(ones, sizeof(ones)), 0xfffe);
    uint8_t *big = malloc(65535);
    memset(big, 0xff, 65535);
    assert_int_equal(of(big, 65535), naive(big, 65535));
    free(big);
}

/* R1071-1-01 */
static void sum__of_odd_length__is_as_if_a_zero_followed(void **state)
{
    (void)state;
    const uint8_t nine[10] = {8, 0, 0, 0, 0x12, 0x34, 0, 1, 0xff, 0};
    assert_int_equal(of(nine, 9), of(nine, 10));
    /* a signed tail byte, or one put in the low half, gives another sum */
    assert_int_equal(of(nine, 9), (uint16_t) ~(0x0800 + 0x1234 + 1 + 0xff00 - 0xffff));
}

/* Every length and alignment, in a block of exactly that size. */
static void sum__at_every_length_and_alignment__equals_naive(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (size_t n = 0; n < 200; n++) {
        for (size_t skew = 0; skew < 8; skew++) {
            uint8_t *block = malloc(n + skew + (n + skew == 0));
            for (size_t i = 0; i < n + skew; i++)
                block[i] = (uint8_t)noise(&seed);
            assert_int_equal(of(block + skew, n), naive(block + skew, n));
            free(block);
        }
    }
}

static void sum__of_pieces__equals_sum_of_whole(void **state)
{
    (void)state;
    uint8_t b[301];
    uint32_t seed = 7;
    for (size_t i = 0; i < sizeof(b); i++)
        b[i] = (uint8_t)noise(&seed);
    for (size_t cut = 0; cut <= 300; cut += 2) {
        uint64_t sum = ik_cksum_add(0, (struct ik_rd){b, cut});
        sum = ik_cksum_add(sum, (struct ik_rd){b + cut, sizeof(b) - cut});
        assert_int_equal(ik_cksum_fold(sum), naive(b, sizeof(b)));
    }
}

/* R1071-1-02, R792-Formats-03: a stored 0000 is verified like any other value. */
static void message__with_flipped_bit__does_not_verify(void **state)
{
    (void)state;
    uint8_t m[12] = {8, 0, 0, 0, 0x12, 0x34, 0, 1, 'a', 'b', 'c', 'd'};
    ik_store_be16(m + 2, of(m, sizeof(m)));
    assert_int_equal(of(m, sizeof(m)), 0);
    for (size_t bit = 0; bit < 8 * sizeof(m); bit++) {
        m[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(of(m, sizeof(m)), 0);
        m[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    const uint8_t zero_is_right[8] = {8, 0, 0, 0, 0xf7, 0xff, 0, 0};
    assert_int_equal(of(zero_is_right, 8), 0);
    const uint8_t zero_is_wrong[8] = {8, 0, 0, 0, 0xf7, 0xfe, 0, 0};
    assert_int_not_equal(of(zero_is_wrong, 8), 0);
}

/* What sums up to 0 is not what sums up to ffff, though both are a multiple of it. */
static void zeros__at_every_length__do_not_verify(void **state)
{
    (void)state;
    uint8_t b[70] = {0};
    for (size_t n = 0; n <= sizeof(b); n++)
        assert_false(ik_cksum_is_right((struct ik_rd){b, n}));
    memset(b, 0xff, sizeof(b));
    for (size_t n = 2; n <= sizeof(b); n += 2)
        assert_true(ik_cksum_is_right((struct ik_rd){b, n}));
}

/* R4443-2.3-01 */
static void pseudo_header__of_ipv6_echo__covers_addresses_length_and_58(void **state)
{
    (void)state;
    struct ik_addr src = {.family = 6, .bytes = {0xfe, 0x80, [15] = 1}}, dst = src;
    dst.bytes[15] = 2;
    uint8_t m[8] = {128, 0, 0, 0, 0, 1, 0, 1};
    /* what RFC 8200 section 8.1 draws, laid out by hand */
    uint8_t whole[48] = {0xfe, 0x80, [15] = 1, 0xfe, 0x80, [31] = 2, 0, 0, 0, 8, 0,
                         0,    0,    58,       128,  0,    0,        0, 0, 1, 0, 1};
    const uint16_t sum = naive(whole, sizeof(whole));
    ik_store_be16(m + 2, sum);
    const struct ik_rd bytes = {m, sizeof(m)};
    assert_int_equal(ik_cksum_fold(ik_cksum_add(ik_cksum_add_pseudo(0, &src, &dst, 58, 8), bytes)),
                     0);
    for (size_t i = 0; i < 16; i++) {
        dst.bytes[i] ^= 0x10;
        assert_int_not_equal(
            ik_cksum_fold(ik_cksum_add(ik_cksum_add_pseudo(0, &src, &dst, 58, 8), bytes)), 0);
        dst.bytes[i] ^= 0x10;
    }
    assert_int_not_equal(
        ik_cksum_fold(ik_cksum_add(ik_cksum_add_pseudo(0, &src, &dst, 59, 8), bytes)), 0);
    /* the length has 32 bits */
    assert_int_not_equal(ik_cksum_fold(ik_cksum_add_pseudo(0, &src, &dst, 58, 0x10008)),
                         ik_cksum_fold(ik_cksum_add_pseudo(0, &src, &dst, 58, 8)));
}

static void pseudo_header__of_ipv4__ignores_bytes_past_the_fourth(void **state)
{
    (void)state;
    const struct ik_addr src = {.family = 4, .bytes = {192, 0, 2, 1, 9, 9}};
    const struct ik_addr dst = {.family = 4, .bytes = {198, 51, 100, 2}};
    const uint8_t flat[12] = {192, 0, 2, 1, 198, 51, 100, 2, 0, 17, 0, 20};
    assert_int_equal(ik_cksum_fold(ik_cksum_add_pseudo(0, &src, &dst, 17, 20)),
                     naive(flat, sizeof(flat)));
}

/* R1624-3-01: section 4's example, where equation 2 gives ffff. */
static void update__of_rfc_1624__gives_0000(void **state)
{
    (void)state;
    assert_int_equal(ik_cksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}

/* R1624-3-02: all 2^32 pairs take a minute, so every new value against old values that cover each
 * carry, on a fixed header. */
static void update__of_every_word__equals_recomputation(void **state)
{
    (void)state;
    uint8_t h[20] = {0x45, 0x00, 0x00, 0x54, 0x12, 0x34, 0x40, 0x00, 0x40, 0x01,
                     0x00, 0x00, 0xc0, 0x00, 0x02, 0x01, 0xc6, 0x33, 0x64, 0x02};
    const uint16_t old[] = {0, 1, 0x00ff, 0x0100, 0x1234, 0x7fff, 0x8000, 0xedcb, 0xfffe, 0xffff};
    for (size_t k = 0; k < sizeof(old) / sizeof(old[0]); k++) {
        ik_store_be16(h + 4, old[k]);
        const uint16_t before = of(h, sizeof(h));
        for (uint32_t m = 0; m <= 0xffff; m++) {
            ik_store_be16(h + 4, (uint16_t)m);
            const uint16_t full = of(h, sizeof(h));
            if (ik_cksum_update(before, old[k], (uint16_t)m) != full)
                fail_msg("%04x -> %04x", old[k], m);
            if (full == 0xffff)
                fail_msg("a header is never all zero");
        }
    }
}

/* R1624-3-02: the walk over checksums, among them 0000. */
static void update__from_every_checksum__inverts(void **state)
{
    (void)state;
    for (uint32_t sum = 0; sum < 0xffff; sum++) {
        const uint16_t there = ik_cksum_update((uint16_t)sum, 0x4001, 0x3f01);
        if (there == 0xffff || ik_cksum_update(there, 0x3f01, 0x4001) != sum)
            fail_msg("%04x -> %04x", sum, there);
    }
}

/* Whole words and what is left of them, at every length; an all-zero message has no checksum. */
static void is_right__of_every_length__only_as_sent(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (size_t n = 4; n <= 130; n++) {
        uint8_t *b = malloc(n);
        for (size_t i = 0; i < n; i++)
            b[i] = (uint8_t)noise(&seed);
        ik_store_be16(b + 2, 0);
        ik_store_be16(b + 2, of(b, n));
        assert_true(ik_cksum_is_right((struct ik_rd){b, n}));
        for (size_t i = 0; i < 8 * n; i++) {
            b[i / 8] ^= (uint8_t)(1 << i % 8);
            assert_false(ik_cksum_is_right((struct ik_rd){b, n}));
            b[i / 8] ^= (uint8_t)(1 << i % 8);
        }
        memset(b, 0, n);
        assert_false(ik_cksum_is_right((struct ik_rd){b, n}));
        free(b);
    }
    /* every word carries */
    uint8_t ones[104];
    memset(ones, 0xff, sizeof(ones));
    assert_true(ik_cksum_is_right((struct ik_rd){ones, sizeof(ones)}));
    assert_int_equal(of(ones, sizeof(ones)), naive(ones, sizeof(ones)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header__of_rfc_791__is_b861),
        cmocka_unit_test(sum__of_rfc_1071__folds_all_carries),
        cmocka_unit_test(sum__of_odd_length__is_as_if_a_zero_followed),
        cmocka_unit_test(sum__at_every_length_and_alignment__equals_naive),
        cmocka_unit_test(sum__of_pieces__equals_sum_of_whole),
        cmocka_unit_test(message__with_flipped_bit__does_not_verify),
        cmocka_unit_test(zeros__at_every_length__do_not_verify),
        cmocka_unit_test(pseudo_header__of_ipv6_echo__covers_addresses_length_and_58),
        cmocka_unit_test(pseudo_header__of_ipv4__ignores_bytes_past_the_fourth),
        cmocka_unit_test(update__of_rfc_1624__gives_0000),
        cmocka_unit_test(update__of_every_word__equals_recomputation),
        cmocka_unit_test(update__from_every_checksum__inverts),
        cmocka_unit_test(is_right__of_every_length__only_as_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
