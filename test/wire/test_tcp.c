/* SPDX-License-Identifier: MIT
 * TCP headers. */
#include "vector.h"

static struct ik_faults faults;

static void decode__syn__keeps_every_field(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex(vector_of("tcp", "syn"));
    struct ik_tcp tcp;
    faults = (struct ik_faults){0};
    assert_int_equal(ik_tcp_decode(&tcp, in, &faults), IK_OK);
    assert_int_equal(tcp.sport, 0xa4d2);
    assert_int_equal(tcp.dport, 80);
    assert_int_equal(tcp.seq, 0x12345678);
    assert_int_equal(tcp.flags, IK_TCP_SYN);
    assert_int_equal(tcp.header_bytes, 40);
    assert_int_equal(tcp.reserved, 0);
    assert_int_equal(tcp.window, 0xfaf0);
    assert_int_equal(tcp.checksum, 0xfe30);
    assert_int_equal(tcp.options.left, 20);
    assert_int_equal(tcp.data.left, 2);
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

static void decode__data_offset_out_of_range__is_refused(void **state)
{
    (void)state;
    uint8_t p[20] = {[12] = 0x40};
    struct ik_tcp tcp;
    faults = (struct ik_faults){0};
    assert_int_equal(ik_tcp_decode(&tcp, (struct ik_rd){p, 20}, &faults), IK_E_LENGTH);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_LENGTH, 12));
    p[12] = 0x60;
    assert_int_equal(ik_tcp_decode(&tcp, (struct ik_rd){p, 20}, &faults), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 12));
    assert_int_equal(ik_tcp_decode(&tcp, (struct ik_rd){p, 19}, &faults), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 19));
}

static void encode__options__are_padded_and_all_verifies(void **state)
{
    (void)state;
    const struct ik_addr a = {6, {0x20, 1, [15] = 1}, 0}, b = {6, {0x20, 1, [15] = 2}, 0};
    const uint8_t options[41] = {2, 4, 5, 0xb4, 1};
    const struct ik_tcp tcp = {.sport = 1,
                               .dport = 443,
                               .seq = 7,
                               .ack = 9,
                               .flags = IK_TCP_SYN | IK_TCP_ACK,
                               .reserved = 1,
                               .window = 1024,
                               .urgent = 3,
                               .options = {options, 5},
                               .data = {options, 1}};
    uint8_t out[64];
    size_t len;
    assert_int_equal(ik_tcp_encode(&tcp, &a, &b, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 29);
    const uint64_t sum = ik_cksum_add_pseudo(0, &a, &b, 6, 29);
    assert_int_equal(ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){out, len})), 0);
    struct ik_tcp back;
    assert_int_equal(ik_tcp_decode(&back, (struct ik_rd){out, len}, NULL), IK_OK);
    assert_int_equal(back.header_bytes, 28);
    assert_int_equal(back.ack, 9);
    assert_int_equal(back.reserved, 1);
    assert_int_equal(back.urgent, 3);
    assert_int_equal(back.options.p[7], 0);
    assert_int_equal(ik_tcp_encode(&tcp, &a, &b, out, 28, &len), IK_E_FULL);
    const struct ik_tcp wide = {.options = {options, 41}};
    assert_int_equal(ik_tcp_encode(&wide, &a, &b, out, sizeof(out), &len), IK_E_VALUE);
}

static void decode(struct ik_rd in)
{
    struct ik_tcp tcp;
    faults = (struct ik_faults){0};
    if (ik_tcp_decode(&tcp, in, &faults) == IK_OK) {
        assert_true(vector_inside(tcp.options, in) && vector_inside(tcp.data, in));
        assert_int_equal(20 + tcp.options.left + tcp.data.left, in.left);
    } else {
        assert_int_equal(faults.n, 1);
    }
}

static void decode__cut_and_flipped__stays_inside(void **state)
{
    (void)state;
    vector_torture_all("tcp", decode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode__syn__keeps_every_field),
        cmocka_unit_test(decode__data_offset_out_of_range__is_refused),
        cmocka_unit_test(encode__options__are_padded_and_all_verifies),
        cmocka_unit_test(decode__cut_and_flipped__stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
