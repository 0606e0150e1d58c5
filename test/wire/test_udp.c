/* SPDX-License-Identifier: MIT
 * UDP headers. */
#include "vector.h"

#include "base/bytes.h"

static const struct ik_addr a4 = {4, {192, 0, 2, 1}, 0}, b4 = {4, {192, 0, 2, 2}, 0};
static const struct ik_addr a6 = {6, {0x20, 1, [15] = 1}, 0}, b6 = {6, {0x20, 1, [15] = 2}, 0};

static struct ik_faults faults;

static void decode__length_shorter_than_bytes__cuts_the_data(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex("5dc0829a 000a1021 6162 0000");
    struct ik_udp udp;
    faults = (struct ik_faults){0};
    assert_int_equal(ik_udp_decode(&udp, in, &faults), IK_OK);
    assert_int_equal(udp.sport, 24000);
    assert_int_equal(udp.dport, 33434);
    assert_int_equal(udp.len_bytes, 10);
    assert_int_equal(udp.checksum, 0x1021);
    assert_int_equal(udp.data.left, 2);
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

static void decode__odd_lengths__are_flaws(void **state)
{
    (void)state;
    struct ik_udp udp;
    struct ik_rd in = vector_hex("00010002 00070000 6162");
    faults = (struct ik_faults){0};
    assert_int_equal(ik_udp_decode(&udp, in, &faults), IK_OK);
    assert_int_equal(udp.data.left, 0);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_LENGTH, 4));
    vector_free(in);
    in = vector_hex("00010002 000b0000 6162");
    assert_int_equal(ik_udp_decode(&udp, in, &faults), IK_OK);
    assert_int_equal(udp.data.left, 2);
    assert_true(vector_has_flaw(&faults, IK_FLAW_TRUNCATED, 4));
    vector_free(in);
    in = vector_hex("00010002 00000000 6162"); /* as in a jumbogram */
    assert_int_equal(ik_udp_decode(&udp, in, &faults), IK_OK);
    assert_int_equal(udp.data.left, 2);
    vector_free(in);
    in = vector_hex("00010002 000800");
    assert_int_equal(ik_udp_decode(&udp, in, &faults), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 7));
    vector_free(in);
}

static void encode__both_families__verify(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t len;
    const struct ik_udp udp = {.sport = 1, .dport = 2, .data = {(const uint8_t *)"odd", 3}};
    const struct ik_addr *pairs[2][2] = {{&a4, &b4}, {&a6, &b6}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ik_udp_encode(&udp, pairs[i][0], pairs[i][1], out, sizeof(out), &len),
                         IK_OK);
        assert_int_equal(len, 11);
        const uint64_t sum = ik_cksum_add_pseudo(0, pairs[i][0], pairs[i][1], 17, 11);
        assert_int_equal(ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){out, len})), 0);
        struct ik_udp back;
        assert_int_equal(ik_udp_decode(&back, (struct ik_rd){out, len}, NULL), IK_OK);
        assert_int_equal(back.len_bytes, 11);
        assert_memory_equal(back.data.p, "odd", 3);
    }
    assert_int_equal(ik_udp_encode(&udp, &a4, &b4, out, 10, &len), IK_E_FULL);
    const struct ik_udp big = {.data = {out, 65528}};
    assert_int_equal(ik_udp_encode(&big, &a4, &b4, out, sizeof(out), &len), IK_E_TOO_BIG);
}

/* RFC 768: a computed zero is sent as all ones. */
static void encode__checksum_of_zero__becomes_ffff(void **state)
{
    (void)state;
    uint8_t out[16], data[2] = {0, 0};
    size_t len;
    const struct ik_udp udp = {.sport = 1, .dport = 2, .data = {data, 2}};
    assert_int_equal(ik_udp_encode(&udp, &a4, &b4, out, sizeof(out), &len), IK_OK);
    ik_store_be16(data, ik_load_be16(out + 6)); /* makes the sum all ones */
    assert_int_equal(ik_udp_encode(&udp, &a4, &b4, out, sizeof(out), &len), IK_OK);
    assert_int_equal(ik_load_be16(out + 6), 0xffff);
}

static void decode(struct ik_rd in)
{
    struct ik_udp udp;
    faults = (struct ik_faults){0};
    if (ik_udp_decode(&udp, in, &faults) == IK_OK)
        assert_true(vector_inside(udp.data, in));
    else
        assert_true(in.left < 8 && faults.n == 1);
}

static void decode__cut_and_flipped__stays_inside(void **state)
{
    (void)state;
    vector_torture_all("udp", decode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode__length_shorter_than_bytes__cuts_the_data),
        cmocka_unit_test(decode__odd_lengths__are_flaws),
        cmocka_unit_test(encode__both_families__verify),
        cmocka_unit_test(encode__checksum_of_zero__becomes_ffff),
        cmocka_unit_test(decode__cut_and_flipped__stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
