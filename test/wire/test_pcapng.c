/* SPDX-License-Identifier: MIT
 * Blocks byte for byte, as tshark 4.0 reads them (draft-ietf-opsawg-pcapng sections 4.1 to 4.3). */
#include "icmpkit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t SECTION[] = {0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0,    28,   0x1a, 0x2b,
                                  0x3c, 0x4d, 0,    1,    0, 0, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0, 0, 0,    28};
static const uint8_t INTERFACE[] = {
    0, 0, 0, 1, 0, 0, 0, 44, 0,   1,   0,   0,                 /* Ethernet */
    0, 0, 0, 0, 0, 2, 0, 5,  'm', 'e', '-', 'g', 'w', 0, 0, 0, /* if_name, padded */
    0, 9, 0, 1, 9, 0, 0, 0,  0,   0,   0,   0,   0,   0, 0, 44};
static const uint8_t PACKET[] = {
    0, 0, 0, 6, 0,   0,   0,   48,  0, 0, 0, 3, 0x00, 0x00, 0x00, 0x01, /* interface 3 */
    0, 0, 0, 2, 0,   0,   0,   3,   0, 0, 0, 3, 0xaa, 0xbb, 0xcc, 0,    /* 3 bytes, padded */
    0, 1, 0, 4, 'l', 'o', 's', 't', 0, 0, 0, 0, 0,    0,    0,    48};
static const uint8_t FRAME_BLOCK[] = {0,    0,    0,    6,   0,   0,   0, 56, 0,   0, 0, 0, 0, 0,
                                      0,    1,    0,    0,   0,   2,   0, 0,  0,   3, 0, 0, 5, 0,
                                      0xaa, 0xbb, 0xcc, 0,   0,   1,   0, 1,  'a', 0, 0, 0, 0, 1,
                                      0,    4,    'b',  'c', 'd', 'e', 0, 0,  0,   0, 0, 0, 0, 56};
static const uint8_t STATS[] = {0, 0, 0, 5, 0, 0, 0, 52, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0,
                                0, 2, 0, 4, 0, 8, 0, 0,  0, 1, 0, 0, 0, 2, 0, 5, 0, 8,
                                0, 0, 0, 0, 0, 0, 0, 9,  0, 0, 0, 0, 0, 0, 0, 52};
static const uint8_t STATS_NONE[] = {0, 0, 0, 5, 0, 0, 0, 28, 0, 0, 0, 3, 0, 0,
                                     0, 1, 0, 0, 0, 2, 0, 0,  0, 0, 0, 0, 0, 28};
static const uint8_t PCAP_HEADER[] = {0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, 0, 0, 0, 0,
                                      0,    0,    0,    0,    0, 4, 0, 0, 0, 0, 0, 101};
static const uint8_t PCAP_PACKET[] = {0, 0, 0, 4, 0x11, 0x94, 0xd8, 2,    0,   0,
                                      0, 3, 0, 0, 5,    0,    0xaa, 0xbb, 0xcc};
#define AT ((ik_ns)0x100000002)

static const struct ik_rd FRAME = {(const uint8_t *)"\xaa\xbb\xcc", 3};

static enum ik_err section(uint8_t *out, size_t cap, size_t *len)
{
    return ik_pcapng_section(out, cap, len);
}

static enum ik_err interface(uint8_t *out, size_t cap, size_t *len)
{
    return ik_pcapng_interface(IK_LINKTYPE_ETHERNET, "me-gw", out, cap, len);
}

static enum ik_err packet(uint8_t *out, size_t cap, size_t *len)
{
    return ik_pcapng_packet(3, AT, FRAME, "lost", out, cap, len);
}

static enum ik_err frame(uint8_t *out, size_t cap, size_t *len)
{
    static const char *const comments[] = {"a", "bcde"};
    const struct ik_pcapng_frame f = {0, AT, FRAME, 0x500, comments, 2};
    return ik_pcapng_frame(&f, out, cap, len);
}

static enum ik_err stats(uint8_t *out, size_t cap, size_t *len)
{
    return ik_pcapng_stats(3, AT, UINT64_C(0x100000002), 9, out, cap, len);
}

static enum ik_err stats_none(uint8_t *out, size_t cap, size_t *len)
{
    return ik_pcapng_stats(3, AT, UINT64_MAX, UINT64_MAX, out, cap, len);
}

static enum ik_err pcap_header(uint8_t *out, size_t cap, size_t *len)
{
    return ik_pcap_header(IK_LINKTYPE_RAW, 0, out, cap, len);
}

static enum ik_err pcap_packet(uint8_t *out, size_t cap, size_t *len)
{
    return ik_pcap_packet(AT, FRAME, 0x500, out, cap, len);
}

static const struct {
    enum ik_err (*put)(uint8_t *out, size_t cap, size_t *len);
    const uint8_t *expected;
    size_t n;
} rows[] = {{section, SECTION, sizeof(SECTION)},
            {interface, INTERFACE, sizeof(INTERFACE)},
            {packet, PACKET, sizeof(PACKET)},
            {frame, FRAME_BLOCK, sizeof(FRAME_BLOCK)},
            {stats, STATS, sizeof(STATS)},
            {stats_none, STATS_NONE, sizeof(STATS_NONE)},
            {pcap_header, PCAP_HEADER, sizeof(PCAP_HEADER)},
            {pcap_packet, PCAP_PACKET, sizeof(PCAP_PACKET)}};

static void block__each_kind__is_as_the_draft_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint8_t out[128];
        size_t len = 0;
        assert_int_equal(rows[i].put(out, sizeof(out), &len), IK_OK);
        assert_int_equal(len, rows[i].n);
        assert_memory_equal(out, rows[i].expected, len);
    }
}

static void block__room_of_any_size__is_full_or_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (size_t cap = 0; cap <= rows[i].n; cap++) {
            uint8_t *out = malloc(cap ? cap : 1); /* exact: under ASan, a write beyond is seen */
            size_t len = 77;
            const enum ik_err err = rows[i].put(out, cap, &len);
            assert_int_equal(err, cap < rows[i].n ? IK_E_FULL : IK_OK);
            assert_int_equal(len, cap < rows[i].n ? 77 : rows[i].n);
            free(out);
        }
    }
}

static void packet__without_comment__has_no_options(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t len;
    assert_int_equal(ik_pcapng_packet(0, 0, FRAME, NULL, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 36);
    assert_int_equal(out[35], 36);
}

static void text__too_long__is_cut_within_the_room_that_is_promised(void **state)
{
    (void)state;
    char text[2 * IK_PCAPNG_TEXT];
    uint8_t out[IK_PCAPNG_TEXT + IK_PCAPNG_ROOM + 3];
    size_t len;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    assert_int_equal(ik_pcapng_packet(0, 0, FRAME, text, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len % 4, 0);
}

/* A character of three bytes stands across the border. */
static void text__cut__ends_with_a_whole_character(void **state)
{
    (void)state;
    char text[2 * IK_PCAPNG_TEXT];
    uint8_t out[IK_PCAPNG_TEXT + IK_PCAPNG_ROOM];
    size_t len;
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "\xea\xb0\x80", 4);
    assert_int_equal(
        ik_pcapng_packet(0, 0, (struct ik_rd){FRAME.p, 0}, text, out, sizeof(out), &len), IK_OK);
    assert_int_equal(out[28 + 3], 255); /* not 256 */
}

static void packet__that_no_format_holds__is_refused(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t len = 0;
    const struct ik_rd huge = {FRAME.p, (size_t)IK_CAPFILE_BLOCK_MAX + 1};
    assert_int_equal(ik_pcapng_packet(0, 0, huge, NULL, out, sizeof(out), &len), IK_E_TOO_BIG);
    assert_int_equal(ik_pcap_packet(0, huge, 0, out, sizeof(out), &len), IK_E_TOO_BIG);
    assert_int_equal(ik_pcap_packet(-1, FRAME, 3, out, sizeof(out), &len), IK_E_VALUE);
    assert_int_equal(ik_pcap_packet(IK_NS_PER_S << 32, FRAME, 3, out, sizeof(out), &len),
                     IK_E_VALUE);
    assert_int_equal(ik_pcap_packet((IK_NS_PER_S << 32) - 1, FRAME, 3, out, sizeof(out), &len),
                     IK_OK);
    assert_int_equal(ik_pcap_packet(IK_NEVER, FRAME, 3, out, sizeof(out), &len), IK_OK);
    assert_memory_equal(out, "\0\0\0\0\0\0\0\0", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block__each_kind__is_as_the_draft_has_it),
        cmocka_unit_test(block__room_of_any_size__is_full_or_exact),
        cmocka_unit_test(packet__without_comment__has_no_options),
        cmocka_unit_test(text__cut__ends_with_a_whole_character),
        cmocka_unit_test(packet__that_no_format_holds__is_refused),
        cmocka_unit_test(text__too_long__is_cut_within_the_room_that_is_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
