/* SPDX-License-Identifier: MIT
 * The ICMP codec over all vectors: round trips, cuts at every length, flipped bits; and checksums.
 */
#include "icmp_vectors.h"
#include "vector.h"

#include "base/bytes.h"

#include <stdio.h>

static uint8_t out[VECTOR_MAX];

static void vectors__as_they_should_be__decode_without_a_flaw(void **state)
{
    (void)state;
    for (size_t i = 0; i < ICMP_VECTORS; i++) {
        const struct icmp_vector *v = &icmp_vectors[i];
        const struct ik_icmp_ctx ctx = icmp_vector_ctx(v->family);
        struct ik_rd in = vector_hex(v->hex);
        struct ik_faults faults = {0};
        struct ik_icmp msg;
        const enum ik_err err = ik_icmp_decode(&msg, in, &ctx, &faults);
        if (err || faults.n)
            fail_msg("%s: %s, %s at %u", v->name, ik_err_text(err),
                     ik_flaw_name(faults.list[0].what), faults.list[0].at);
        assert_int_equal(msg.kind, v->kind);
        assert_int_equal(msg.raw.left, in.left - 4);
        assert_true(msg.checksum_known && msg.checksum_ok);
        vector_free(in);
    }
}

/* A type that somebody adds to the tables needs a vector here. */
static void vectors__every_body__has_one(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < IK_ICMP_KIND_COUNT; kind++) {
        bool found = false;
        for (size_t i = 0; i < ICMP_VECTORS; i++)
            found = found || icmp_vectors[i].kind == (enum ik_icmp_kind)kind;
        if (!found)
            fail_msg("body %u has no vector", kind);
    }
}

/* Exact: as it came. Not exact: reserved fields zero, lengths and checksum computed, which for a
 * message as it should be is the same. */
static void vectors__decoded_then_encoded__are_the_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ICMP_VECTORS; i++)
        for (int exact = 0; exact < 2; exact++) {
            const struct icmp_vector *v = &icmp_vectors[i];
            const struct ik_icmp_ctx ctx = icmp_vector_ctx(v->family);
            struct ik_rd in = vector_hex(v->hex);
            struct ik_icmp msg;
            size_t len;
            assert_int_equal(ik_icmp_decode(&msg, in, &ctx, NULL), IK_OK);
            msg.raw = msg.kind == IK_ICMP_RAW ? msg.raw : (struct ik_rd){in.p, 0};
            assert_int_equal(ik_icmp_encode(&msg, &ctx, exact, out, sizeof(out), &len), IK_OK);
            if (len != in.left || memcmp(out, in.p, len) != 0)
                fail_msg("%s, exact %d", v->name, exact);
            /* a byte less of room is refused, and nothing is written behind it */
            uint8_t *small = vector_block(out, len - 1);
            size_t unchanged = 7;
            assert_int_equal(ik_icmp_encode(&msg, &ctx, exact, small, len - 1, &unchanged),
                             IK_E_FULL);
            assert_int_equal(unchanged, 7);
            free(small);
            vector_free(in);
        }
}

static void same_again(const struct ik_icmp *msg, struct ik_rd in, const struct ik_icmp_ctx *ctx)
{
    size_t len;
    assert_int_equal(ik_icmp_encode(msg, ctx, true, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, in.left);
    assert_memory_equal(out, in.p, len);
    icmp_vector_walk(msg);
}

static void torture(struct ik_rd in, uint8_t family, bool lenient)
{
    struct ik_icmp_ctx ctx = icmp_vector_ctx(family);
    ctx.lenient_ext = lenient;
    struct ik_faults faults = {0};
    struct ik_icmp msg, quiet;
    const enum ik_err err = ik_icmp_decode(&msg, in, &ctx, &faults);
    assert_int_equal(ik_icmp_decode(&quiet, in, &ctx, NULL), err);
    for (unsigned i = 0; i < faults.n; i++)
        assert_true(faults.list[i].at <= in.left);
    if (err)
        assert_true(faults.n > 0);
    if (in.left < 4) {
        assert_int_equal(err, IK_E_SHORT);
        return;
    }
    if (err)
        assert_int_equal(msg.kind, IK_ICMP_RAW);
    same_again(&msg, in, &ctx);
}

static void torture4(struct ik_rd in)
{
    torture(in, 4, false);
    torture(in, 4, true);
}

static void torture6(struct ik_rd in)
{
    torture(in, 6, false);
    torture(in, 6, true);
}

/* CVE-2017-12895, -13012, -13021, -13041, CVE-2018-14462: reads past the end of a cut message.
 * FreeRTOS+TCP 1296: short neighbour advertisements and echoes. */
static void vectors__cut_and_flipped__decode_and_encode_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < ICMP_VECTORS; i++)
        vector_torture(icmp_vectors[i].hex, icmp_vectors[i].family == 4 ? torture4 : torture6);
}

/* Below the minimum of its type a message is refused, with the offset of the end. */
static void decode__shorter_than_its_type__is_short(void **state)
{
    (void)state;
    static const struct {
        uint8_t family, type;
        size_t min;
    } rows[] = {
#define X(value, id, name, min, ...) {4, value, min},
#include <icmpkit/icmp4_types.def>
#undef X
#define X(value, id, name, min, ...) {6, value, min},
#include <icmpkit/icmp6_types.def>
#undef X
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[64] = {rows[i].type};
        uint8_t *p = vector_block(bytes, rows[i].min - 1);
        const struct ik_icmp_ctx ctx = {.family = rows[i].family, .checksum_verified = true};
        struct ik_faults faults = {0};
        struct ik_icmp msg;
        assert_int_equal(ik_icmp_decode(&msg, (struct ik_rd){p, rows[i].min - 1}, &ctx, &faults),
                         IK_E_SHORT);
        assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, (unsigned)rows[i].min - 1));
        free(p);
    }
}

/* ---- checksums ------------------------------------------------------------------------------- */

/* R792-Formats-01; R1071-1-01: an odd byte is summed as if a zero followed, and nothing follows. */
static void encode__echo4__is_summed_without_a_pseudo_header(void **state)
{
    (void)state;
    static const uint8_t odd[] = {0xff};
    struct ik_icmp msg = {.family = 4,
                          .type = 8,
                          .kind = IK_ICMP_ECHO,
                          .echo = {.id = 1, .seq = 1, .data = {odd, 0}}};
    size_t len;
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 8);
    assert_int_equal(ik_load_be16(out + 2), 0xf7fd);
    msg.echo.data.left = 1;
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 9);
    assert_int_equal(ik_load_be16(out + 2), (uint16_t) ~(0x0800 + 1 + 1 + 0xff00 - 0xffff));
}

/* R792-Formats-03; Zephyr 12164 dropped a message whose checksum is rightly zero. */
static void decode__checksum_of_zero__is_an_ordinary_value(void **state)
{
    (void)state;
    const struct ik_icmp_ctx ctx = {.family = 4};
    struct ik_icmp msg;
    struct ik_faults faults = {0};
    struct ik_rd right = vector_hex("08000000 f7fe0001");
    assert_int_equal(ik_icmp_decode(&msg, right, &ctx, &faults), IK_OK);
    assert_true(msg.checksum_ok && msg.checksum_known);
    assert_int_equal(faults.n, 0);
    struct ik_rd forced = vector_hex("08000000 12340001");
    assert_int_equal(ik_icmp_decode(&msg, forced, &ctx, &faults), IK_OK);
    assert_true(msg.checksum_known && !msg.checksum_ok);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_CHECKSUM, 2));
    vector_free(right);
    vector_free(forced);
}

static bool verifies(const char *hex, const struct ik_addr *src, const struct ik_addr *dst)
{
    const struct ik_icmp_ctx ctx = {.family = 6, .src = src, .dst = dst};
    struct ik_rd in = vector_hex(hex);
    struct ik_icmp msg;
    assert_int_equal(ik_icmp_decode(&msg, in, &ctx, NULL), IK_OK);
    vector_free(in);
    return msg.checksum_ok;
}

/* R4443-2.3-01: fe80::1 to fe80::2, id 1, seq 1, no data. */
static void decode__echo6__is_summed_with_its_pseudo_header(void **state)
{
    (void)state;
    static const char echo[] = "8000 82b6 0001 0001";
    assert_true(verifies(echo, &icmp_vector_src, &icmp_vector_dst));
    for (unsigned bit = 0; bit < 128; bit++) {
        struct ik_addr other = icmp_vector_dst;
        other.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(verifies(echo, &icmp_vector_src, &other));
        other = icmp_vector_src;
        other.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(verifies(echo, &other, &icmp_vector_dst));
    }
}

/* R4443-2.3-02: with segments left, the destination is the last address of the routing header. */
static void decode__echo6_behind_a_routing_header__sums_the_final_destination(void **state)
{
    (void)state;
    /* tcpdump's test ipv6-routing-header.pcap, first packet: type 0, one segment left */
    struct ik_rd in = vector_hex(
        "6000000000202b04 22000000000002440212 3ffffeae22f7 22000000000002400002000000000004"
        "3a02000100000000 22000000000002100002000000000004 8000d3ab00000000");
    struct ik_ip ip;
    assert_int_equal(ik_ip_decode(&ip, in, NULL), IK_OK);
    struct ik_icmp_ctx ctx = {.family = 6, .src = &ip.src, .dst = &ip.final_dst};
    struct ik_icmp msg;
    assert_int_equal(ik_icmp_decode(&msg, ip.payload, &ctx, NULL), IK_OK);
    assert_true(msg.checksum_known && msg.checksum_ok);
    ctx.dst = &ip.dst;
    assert_int_equal(ik_icmp_decode(&msg, ip.payload, &ctx, NULL), IK_OK);
    assert_false(msg.checksum_ok);
    vector_free(in);
}

static void decode__checksum_that_cannot_be_known__is_no_flaw(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("8000 dead 0001 0001");
    struct ik_icmp_ctx ctx = {.family = 6, .src = &icmp_vector_src};
    struct ik_faults faults = {0};
    struct ik_icmp msg;
    assert_int_equal(ik_icmp_decode(&msg, in, &ctx, &faults), IK_OK);
    assert_false(msg.checksum_known);
    assert_true(msg.checksum_ok);
    ctx = (struct ik_icmp_ctx){.family = 4, .cut = true};
    assert_int_equal(ik_icmp_decode(&msg, in, &ctx, &faults), IK_OK);
    assert_false(msg.checksum_known);
    ctx = (struct ik_icmp_ctx){.family = 6, .checksum_verified = true};
    assert_int_equal(ik_icmp_decode(&msg, in, &ctx, &faults), IK_OK);
    assert_true(msg.checksum_known && msg.checksum_ok);
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

/* A raw ICMPv6 socket fills the checksum in; without addresses nobody else can. */
static void encode__echo6_without_addresses__leaves_the_checksum_zero(void **state)
{
    (void)state;
    const struct ik_icmp msg = {
        .family = 6, .type = 128, .kind = IK_ICMP_ECHO, .echo = {1, 1, {out, 0}}};
    const struct ik_icmp_ctx ctx = icmp_vector_ctx(6);
    size_t len;
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(ik_load_be16(out + 2), 0);
    assert_int_equal(ik_icmp_encode(&msg, &ctx, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(ik_load_be16(out + 2), 0x82b6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors__as_they_should_be__decode_without_a_flaw),
        cmocka_unit_test(vectors__every_body__has_one),
        cmocka_unit_test(vectors__decoded_then_encoded__are_the_same_bytes),
        cmocka_unit_test(vectors__cut_and_flipped__decode_and_encode_exactly),
        cmocka_unit_test(decode__shorter_than_its_type__is_short),
        cmocka_unit_test(encode__echo4__is_summed_without_a_pseudo_header),
        cmocka_unit_test(decode__checksum_of_zero__is_an_ordinary_value),
        cmocka_unit_test(decode__echo6__is_summed_with_its_pseudo_header),
        cmocka_unit_test(decode__echo6_behind_a_routing_header__sums_the_final_destination),
        cmocka_unit_test(decode__checksum_that_cannot_be_known__is_no_flaw),
        cmocka_unit_test(encode__echo6_without_addresses__leaves_the_checksum_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
