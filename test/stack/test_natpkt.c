/* SPDX-License-Identifier: MIT
 * Rewriting packets in place. */
#include "stack/natpkt.h"

#include "base/bytes.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { INSIDE = 0x0a000002, OUTSIDE = 0xcb007109, PUBLIC = 0xc6336401 };

static struct ik_addr v4(uint32_t a)
{
    struct ik_addr addr = {.family = 4};
    ik_store_be32(addr.bytes, a);
    return addr;
}

/* A packet with right checksums, of that protocol, in `out`; options of 4 bytes where asked. */
static size_t packet(uint8_t proto, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport,
                     bool options, uint8_t out[static 128])
{
    static const uint8_t nops[4] = {1, 1, 1, 1}, data[] = "odd data!!!";
    const struct ik_addr a = v4(src), b = v4(dst);
    const struct ik_rd text = {data, 11}, none = {data, 0};
    const struct ik_udp udp = {.sport = sport, .dport = dport, .data = text};
    const struct ik_tcp tcp = {
        .sport = sport, .dport = dport, .flags = IK_TCP_SYN, .options = none, .data = text};
    const struct ik_icmp echo = {.family = 4,
                                 .type = IK_ICMP4_ECHO,
                                 .kind = IK_ICMP_ECHO,
                                 .echo = {.id = sport, .seq = 1, .data = text}};
    uint8_t payload[64];
    size_t len, total;
    enum ik_err err;
    if (proto == IK_PROTO_UDP)
        err = ik_udp_encode(&udp, &a, &b, payload, sizeof(payload), &len);
    else if (proto == IK_PROTO_TCP)
        err = ik_tcp_encode(&tcp, &a, &b, payload, sizeof(payload), &len);
    else
        err = ik_icmp_encode(&echo, NULL, false, payload, sizeof(payload), &len);
    assert_int_equal(err, IK_OK);
    const struct ik_ip ip = {.version = 4,
                             .ttl = 64,
                             .proto = proto,
                             .src = a,
                             .dst = b,
                             .options = {nops, options ? 4 : 0},
                             .payload = {payload, len}};
    assert_int_equal(ik_ip_encode(&ip, false, out, 128, &total), IK_OK);
    return total;
}

static const uint8_t protos[] = {IK_PROTO_UDP, IK_PROTO_TCP, IK_PROTO_ICMP4};

/* Each end of each kind of packet, rewritten, is the packet that would have been made so. */
static void set__whole_packet__is_as_if_made_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(protos); i++)
        for (int options = 0; options < 2; options++) {
            uint8_t was[128], want[128];
            const size_t len = packet(protos[i], INSIDE, OUTSIDE, 1234, 53, options, was);
            uint16_t port;
            struct ik_natpkt n;
            assert_int_equal(ik_natpkt_open(&n, was, len, false), IK_OK);
            assert_true(ik_natpkt_is_sound(&n));
            assert_true(ik_natpkt_port(&n, IK_NATPKT_SRC, &port));
            assert_int_equal(port, 1234);
            port = 40000;
            ik_natpkt_set(&n, IK_NATPKT_SRC, PUBLIC, &port);
            packet(protos[i], PUBLIC, OUTSIDE, 40000, 53, options, want);
            assert_memory_equal(was, want, len);
            if (protos[i] == IK_PROTO_ICMP4)
                continue;
            port = 99;
            ik_natpkt_set(&n, IK_NATPKT_DST, INSIDE, &port);
            packet(protos[i], PUBLIC, INSIDE, 40000, 99, options, want);
            assert_memory_equal(was, want, len);
        }
}

/* Whatever is cut off, nothing behind it is touched, and what is there is right. */
static void set__cut_quote__stays_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(protos); i++) {
        uint8_t whole[128], want[128];
        const size_t len = packet(protos[i], PUBLIC, OUTSIDE, 40000, 53, true, whole);
        packet(protos[i], INSIDE, OUTSIDE, 1234, 53, true, want);
        for (size_t cut = 0; cut <= len; cut++) {
            uint8_t *block = malloc(cut ? cut : 1);
            struct ik_natpkt n;
            uint16_t port;
            memcpy(block, whole, cut);
            const enum ik_err err = ik_natpkt_open(&n, block, cut, true);
            assert_int_equal(err == IK_OK, cut >= 24);
            if (err == IK_OK && ik_natpkt_port(&n, IK_NATPKT_SRC, &port)) {
                assert_int_equal(port, 40000);
                port = 1234;
                ik_natpkt_set(&n, IK_NATPKT_SRC, INSIDE, &port);
                /* Of a checksum that is cut in two, half cannot be put right. */
                const size_t sum_at = 24 + (protos[i] == IK_PROTO_UDP ? 6 : 16);
                assert_memory_equal(block, want, cut == sum_at + 1 ? sum_at : cut);
            } else {
                assert_true(cut < 24 + 8);
            }
            free(block);
        }
    }
}

static void set__udp_without_checksum__stays_without(void **state)
{
    (void)state;
    uint8_t p[128];
    const size_t len = packet(IK_PROTO_UDP, INSIDE, OUTSIDE, 1234, 53, false, p);
    ik_store_be16(p + 26, 0);
    struct ik_natpkt n;
    const uint16_t port = 40000;
    assert_int_equal(ik_natpkt_open(&n, p, len, false), IK_OK);
    ik_natpkt_set(&n, IK_NATPKT_SRC, PUBLIC, &port);
    assert_int_equal(ik_load_be16(p + 26), 0);
    assert_int_equal(ik_load_be16(p + 20), 40000);
}

/* A UDP checksum that comes out as zero is sent as ffff: zero would mean that there is none. */
static void set__udp_checksum_of_zero__becomes_ffff(void **state)
{
    (void)state;
    struct ik_rng r = {1};
    unsigned ffff = 0;
    for (int i = 0; i < 300000; i++) {
        uint8_t p[128];
        const size_t len = packet(IK_PROTO_UDP, INSIDE, OUTSIDE, 1234, 53, false, p);
        struct ik_natpkt n;
        const uint16_t port = (uint16_t)ik_rng_next(&r);
        assert_int_equal(ik_natpkt_open(&n, p, len, false), IK_OK);
        ik_natpkt_set(&n, IK_NATPKT_SRC, PUBLIC, &port);
        assert_int_not_equal(ik_load_be16(p + 26), 0);
        ffff += ik_load_be16(p + 26) == 0xffff;
    }
    assert_true(ffff > 0);
}

static void set__later_fragment__only_its_address(void **state)
{
    (void)state;
    uint8_t p[128], was[128];
    const size_t len = packet(IK_PROTO_UDP, INSIDE, OUTSIDE, 1234, 53, false, p);
    ik_store_be16(p + 6, 185);
    ik_store_be16(p + 10, 0);
    ik_store_be16(p + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){p, 20})));
    memcpy(was, p, len);
    struct ik_natpkt n;
    uint16_t port;
    assert_int_equal(ik_natpkt_open(&n, p, len, false), IK_OK);
    assert_false(ik_natpkt_port(&n, IK_NATPKT_SRC, &port));
    ik_natpkt_set(&n, IK_NATPKT_SRC, PUBLIC, NULL);
    assert_int_equal(ik_load_be32(p + 12), PUBLIC);
    assert_true(ik_natpkt_is_sound(&n));
    assert_memory_equal(p + 16, was + 16, len - 16);
}

/* Eight bytes of TCP were quoted, and padded to 128 for extensions. */
static void set__padded_quote__padding_stays_zero(void **state)
{
    (void)state;
    uint8_t p[148] = {0}, was[128];
    const uint16_t port = 1234;
    packet(IK_PROTO_TCP, PUBLIC, OUTSIDE, 40000, 80, false, was);
    memcpy(p, was, 28);
    ik_store_be16(p + 2, 1500);
    ik_store_be16(p + 10, ik_cksum_update(ik_load_be16(p + 10), ik_load_be16(was + 2), 1500));
    struct ik_natpkt n;
    assert_int_equal(ik_natpkt_open(&n, p, sizeof(p), true), IK_OK);
    ik_natpkt_set(&n, IK_NATPKT_SRC, INSIDE, &port);
    assert_true(ik_natpkt_is_sound(&n));
    for (size_t i = 28; i < sizeof(p); i++)
        assert_int_equal(p[i], 0);
}

static void is_sound__one_bit__is_not(void **state)
{
    (void)state;
    uint8_t p[128];
    const size_t len = packet(IK_PROTO_UDP, INSIDE, OUTSIDE, 1234, 53, true, p);
    p[23] ^= 1; /* in the options */
    struct ik_natpkt n;
    assert_int_equal(ik_natpkt_open(&n, p, len, false), IK_OK);
    assert_false(ik_natpkt_is_sound(&n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set__whole_packet__is_as_if_made_so),
        cmocka_unit_test(set__cut_quote__stays_inside),
        cmocka_unit_test(set__udp_without_checksum__stays_without),
        cmocka_unit_test(set__udp_checksum_of_zero__becomes_ffff),
        cmocka_unit_test(set__later_fragment__only_its_address),
        cmocka_unit_test(set__padded_quote__padding_stays_zero),
        cmocka_unit_test(is_sound__one_bit__is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
