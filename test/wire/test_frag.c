/* SPDX-License-Identifier: MIT
 * Fragments: their places, lengths, options, and that they make up the packet again. */
#include "vector.h"

#include "base/bytes.h"

static uint8_t data[70000];

static struct ik_ip packet(uint8_t version, size_t payload_bytes)
{
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 31 + i / 256);
    return (struct ik_ip){.version = version,
                          .ttl = 64,
                          .proto = 17,
                          .id = 0x1234,
                          .src = {.family = version, .bytes = {192, 0, 2, 1}},
                          .dst = {.family = version, .bytes = {192, 0, 2, 2}},
                          .options = {data, 0},
                          .payload = {data, payload_bytes}};
}

/* R791-3.2-02 */
static void split__1500_for_620__has_offsets_0_75_150(void **state)
{
    (void)state;
    const struct ik_ip ip = packet(4, 1480);
    const size_t lengths[] = {600, 600, 280};
    struct ik_frag f;
    uint8_t out[620];
    size_t len;
    assert_int_equal(ik_frag_init(&f, &ip, 620, 0), IK_OK);
    for (size_t i = 0; i < 3; i++) {
        struct ik_ip part;
        struct ik_faults faults = {0};
        assert_int_equal(ik_frag_take(&f, out, sizeof(out), &len), IK_OK);
        assert_int_equal(ik_ip_decode(&part, (struct ik_rd){out, len}, &faults), IK_OK);
        assert_int_equal(faults.n, 0);
        assert_int_equal(part.offset_bytes / 8, 75 * i);
        assert_int_equal(part.payload.left, lengths[i]);
        assert_int_equal(part.mf, i < 2);
        assert_int_equal(part.id, 0x1234);
        assert_memory_equal(part.payload.p, data + 600 * i, lengths[i]);
    }
    assert_int_equal(ik_frag_take(&f, out, sizeof(out), &len), IK_E_NOT_FOUND);
}

/* The options of R791-3.1-08: source route and router alert are copied, record route is not. */
static void split__options__only_copied_ones_in_later_fragments(void **state)
{
    (void)state;
    struct ik_ip ip = packet(4, 200);
    uint8_t options[20], out[100];
    ip.options = (struct ik_rd){
        options, vector_bytes("0707 04 00000000 8307 04 c0000201 01 94040000", options, 20)};
    struct ik_frag f;
    struct ik_ip part;
    size_t len, total = 0;
    assert_int_equal(ik_frag_init(&f, &ip, 100, 0), IK_OK);
    while (ik_frag_take(&f, out, sizeof(out), &len) == IK_OK) {
        assert_int_equal(ik_ip_decode(&part, (struct ik_rd){out, len}, NULL), IK_OK);
        assert_int_equal(part.offset_bytes, total);
        total += part.payload.left;
        if (part.offset_bytes == 0) {
            assert_int_equal(part.header_bytes, 40);
        } else {
            assert_int_equal(part.header_bytes, 32);
            assert_memory_equal(part.options.p, options + 7, 7);
            assert_memory_equal(part.options.p + 7, options + 15, 4);
        }
    }
    assert_int_equal(total, 200);
}

static void split__of_a_fragment__keeps_its_place(void **state)
{
    (void)state;
    struct ik_ip ip = packet(4, 160), part;
    struct ik_frag f;
    uint8_t out[100];
    size_t len;
    ip.offset_bytes = 800;
    ip.mf = true;
    assert_int_equal(ik_frag_init(&f, &ip, 100, 0), IK_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ik_frag_take(&f, out, sizeof(out), &len), IK_OK);
        assert_int_equal(ik_ip_decode(&part, (struct ik_rd){out, len}, NULL), IK_OK);
        assert_int_equal(part.offset_bytes, 800 + 80 * i);
        assert_true(part.mf);
    }
    assert_int_equal(ik_frag_take(&f, out, sizeof(out), &len), IK_E_NOT_FOUND);
}

static void split__what_must_not_be__is_refused(void **state)
{
    (void)state;
    struct ik_frag f;
    struct ik_ip ip = packet(4, 1480);
    ip.df = true; /* R791-3.1-06 is a router's; here it cannot be done by mistake */
    assert_int_equal(ik_frag_init(&f, &ip, 1400, 0), IK_E_TOO_BIG);
    assert_int_equal(ik_frag_init(&f, &ip, 1500, 0), IK_OK);
    ip.df = false;
    assert_int_equal(ik_frag_init(&f, &ip, 67, 0), IK_E_VALUE);
    ip = packet(6, 1480);
    assert_int_equal(ik_frag_init(&f, &ip, 1279, 0), IK_E_VALUE);
    ip.fragment = true;
    assert_int_equal(ik_frag_init(&f, &ip, 1280, 0), IK_E_TOO_BIG);
    ip = packet(6, 65536);
    assert_int_equal(ik_frag_init(&f, &ip, 1280, 0), IK_E_TOO_BIG);
    ip = packet(4, 65516);
    assert_int_equal(ik_frag_init(&f, &ip, 1280, 0), IK_E_TOO_BIG);
    ip.version = 5;
    assert_int_equal(ik_frag_init(&f, &ip, 1280, 0), IK_E_VERSION);
}

/* Hop-by-hop stays in front, destination options are cut up with the data. */
static void split6__with_headers__makes_up_the_packet_again(void **state)
{
    (void)state;
    uint8_t chain[16], whole[4000], out[1280], again[4000];
    struct ik_ip ip = packet(6, 3000), part;
    struct ik_frag f;
    size_t len, whole_len, got = 0;
    unsigned n = 0;
    ip.next_header = 0;
    ip.options =
        (struct ik_rd){chain, vector_bytes("3c00050200000100 1100010400000000", chain, 16)};
    assert_int_equal(ik_ip_encode(&ip, false, whole, sizeof(whole), &whole_len), IK_OK);
    assert_int_equal(ik_frag_init(&f, &ip, 1280, 0xcafef00d), IK_OK);
    while (ik_frag_take(&f, out, sizeof(out), &len) == IK_OK) {
        struct ik_faults faults = {0};
        assert_true(len <= 1280);
        assert_int_equal(ik_ip_decode(&part, (struct ik_rd){out, len}, &faults), IK_OK);
        assert_int_equal(faults.n, 0);
        assert_int_equal(part.id, 0xcafef00d);
        assert_int_equal(part.offset_bytes, got);
        assert_int_equal(out[48], 60); /* what the fragment header is followed by */
        memcpy(again + got, out + 56, len - 56);
        got += len - 56;
        n++;
    }
    assert_int_equal(n, 3);
    assert_int_equal(got, 3008);
    assert_memory_equal(again, whole + 48, got);
}

static void split6__plain__puts_44_into_the_fixed_header(void **state)
{
    (void)state;
    struct ik_ip ip = packet(6, 1300), part;
    struct ik_frag f;
    uint8_t out[1280];
    size_t len;
    ip.next_header = 99; /* counts only with options */
    assert_int_equal(ik_frag_init(&f, &ip, 1280, 1), IK_OK);
    assert_int_equal(ik_frag_take(&f, out, 1000, &len), IK_E_FULL);
    assert_int_equal(ik_frag_take(&f, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 1280);
    assert_int_equal(ik_ip_decode(&part, (struct ik_rd){out, len}, NULL), IK_OK);
    assert_int_equal(part.proto, 17);
    assert_true(part.mf);
    assert_int_equal(ik_frag_take(&f, out, sizeof(out), &len), IK_OK);
    assert_int_equal(ik_ip_decode(&part, (struct ik_rd){out, len}, NULL), IK_OK);
    assert_int_equal(part.offset_bytes, 1232);
    assert_int_equal(part.payload.left, 68);
    assert_false(part.mf);
}

/* R7112-5-03: the whole chain stands in the first fragment, or the packet is not sent. */
static void split6__headers_longer_than_the_first_fragment__is_refused(void **state)
{
    (void)state;
    static uint8_t chain[1264];
    struct ik_ip ip = packet(6, 100);
    struct ik_frag f;
    chain[0] = 17;
    chain[1] = 1264 / 8 - 1;
    ip.next_header = 60;
    ip.options = (struct ik_rd){chain, sizeof(chain)};
    assert_int_equal(ik_frag_init(&f, &ip, 1280, 1), IK_E_TOO_BIG);
    assert_int_equal(ik_frag_init(&f, &ip, 1320, 1), IK_OK);
}

static void split__what_fits__is_given_as_it_is(void **state)
{
    (void)state;
    for (uint8_t version = 4; version <= 6; version += 2) {
        const struct ik_ip ip = packet(version, 100);
        struct ik_frag f;
        uint8_t out[200], want[200];
        size_t len, want_len;
        assert_int_equal(ik_ip_encode(&ip, false, want, sizeof(want), &want_len), IK_OK);
        assert_int_equal(ik_frag_init(&f, &ip, 1500, 7), IK_OK);
        assert_int_equal(ik_frag_take(&f, out, sizeof(out), &len), IK_OK);
        assert_int_equal(len, want_len);
        assert_memory_equal(out, want, len);
        assert_int_equal(ik_frag_take(&f, out, sizeof(out), &len), IK_E_NOT_FOUND);
    }
}

/* Every length and MTU around the edges ends, and adds up. */
static void split__any_length__adds_up(void **state)
{
    (void)state;
    for (uint32_t mtu = 68; mtu < 90; mtu++) {
        for (size_t n = 0; n < 200; n++) {
            const struct ik_ip ip = packet(4, n);
            struct ik_frag f;
            struct ik_ip part;
            uint8_t out[90];
            size_t len, got = 0;
            assert_int_equal(ik_frag_init(&f, &ip, mtu, 0), IK_OK);
            while (ik_frag_take(&f, out, sizeof(out), &len) == IK_OK) {
                assert_true(len <= mtu);
                assert_int_equal(ik_ip_decode(&part, (struct ik_rd){out, len}, NULL), IK_OK);
                got += part.payload.left;
            }
            assert_int_equal(got, n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split__1500_for_620__has_offsets_0_75_150),
        cmocka_unit_test(split__options__only_copied_ones_in_later_fragments),
        cmocka_unit_test(split__of_a_fragment__keeps_its_place),
        cmocka_unit_test(split__what_must_not_be__is_refused),
        cmocka_unit_test(split6__with_headers__makes_up_the_packet_again),
        cmocka_unit_test(split6__plain__puts_44_into_the_fixed_header),
        cmocka_unit_test(split6__headers_longer_than_the_first_fragment__is_refused),
        cmocka_unit_test(split__what_fits__is_given_as_it_is),
        cmocka_unit_test(split__any_length__adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
