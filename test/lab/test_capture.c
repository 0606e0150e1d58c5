/* SPDX-License-Identifier: MIT */
#include "lab/capture.h"

#include "capture_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct result {
    struct ik_arena arena;
    struct ik_conf_fault fault;
    const struct ik_sim_timed_frame *frames;
    size_t n;
    enum ik_err err;
};

static struct result read_bytes(const uint8_t *bytes, size_t n)
{
    struct result r = {0};
    r.err = ik_capture_read(&r.arena, (struct ik_rd){bytes, n}, &r.frames, &r.n, &r.fault);
    return r;
}

static void assert_packet(const struct result *r, size_t i, uint8_t mark, ik_ns at)
{
    uint8_t want[20];
    assert_true(i < r->n);
    assert_int_equal(r->frames[i].at, at);
    assert_int_equal(r->frames[i].packet.left, capture_packet(mark, want));
    assert_memory_equal(r->frames[i].packet.p, want, sizeof(want));
}

static void pcap__either_order_and_unit__is_read(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        const bool nano = how & 2;
        struct capture c;
        uint8_t packet[20];
        capture_pcap(&c, how & 1, nano, 101);
        capture_packet(7, packet);
        capture_record(&c, 100, nano ? 999999999 : 999999, packet, sizeof(packet));
        capture_packet(8, packet);
        capture_record(&c, 101, 0, packet, sizeof(packet));
        struct result r = read_bytes(c.bytes, c.n);
        assert_int_equal(r.err, IK_OK);
        assert_int_equal(r.n, 2);
        assert_packet(&r, 0, 7, 0);
        assert_packet(&r, 1, 8, nano ? 1 : 1000);
        ik_arena_free(&r.arena);
    }
}

/* Times decide, then the order of the file. */
static void pcap__out_of_order__is_sorted(void **state)
{
    (void)state;
    static const uint32_t seconds[] = {5, 3, 9, 3};
    static const uint8_t order[] = {1, 3, 0, 2};
    struct capture c;
    uint8_t packet[20];
    capture_pcap(&c, true, false, 101);
    for (uint8_t i = 0; i < 4; i++) {
        capture_packet(i, packet);
        capture_record(&c, seconds[i], 0, packet, sizeof(packet));
    }
    struct result r = read_bytes(c.bytes, c.n);
    assert_int_equal(r.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_packet(&r, i, order[i], (seconds[order[i]] - 3) * IK_NS_PER_S);
    ik_arena_free(&r.arena);
}

static void ether__frames__lose_their_header(void **state)
{
    (void)state;
    static const uint8_t plain[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0};
    static const uint8_t tagged[] = {0, 0,    0,    0, 0, 0,    0, 0, 0, 0,    0,
                                     0, 0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 0x08, 0};
    static const uint8_t arp[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 6, 1, 2, 3};
    struct capture c;
    uint8_t frame[64];
    capture_pcap(&c, true, false, 1);
    capture_record(&c, 0, 0, arp, sizeof(arp));
    memcpy(frame, plain, sizeof(plain));
    capture_packet(1, frame + sizeof(plain));
    capture_record(&c, 1, 0, frame, sizeof(plain) + 20);
    memcpy(frame, tagged, sizeof(tagged));
    capture_packet(2, frame + sizeof(tagged));
    capture_record(&c, 2, 0, frame, sizeof(tagged) + 20);
    capture_record(&c, 3, 0, plain, 13);
    struct result r = read_bytes(c.bytes, c.n);
    assert_int_equal(r.err, IK_OK);
    assert_int_equal(r.n, 2);
    assert_packet(&r, 0, 1, 0);
    assert_packet(&r, 1, 2, IK_NS_PER_S);
    ik_arena_free(&r.arena);
}

static void pcapng__interfaces__have_their_own_time(void **state)
{
    (void)state;
    for (int little = 0; little < 2; little++) {
        struct capture c;
        capture_whole(&c, little);
        struct result r = read_bytes(c.bytes, c.n);
        assert_int_equal(r.err, IK_OK);
        assert_int_equal(r.n, 3);
        assert_packet(&r, 0, 2, 0);
        assert_packet(&r, 1, 1, IK_NS_PER_S / 4);
        assert_packet(&r, 2, 3, IK_NS_PER_S * 3 / 4);
        ik_arena_free(&r.arena);
    }
}

static void capture__without_packets__is_empty(void **state)
{
    (void)state;
    struct capture c;
    capture_pcap(&c, true, false, 1);
    struct result r = read_bytes(c.bytes, c.n);
    assert_int_equal(r.err, IK_OK);
    assert_int_equal(r.n, 0);
    ik_arena_free(&r.arena);
}

/* Cut anywhere, in a block of exactly that size: read up to there, or refused, never past it. */
static void capture__cut_anywhere__is_refused_or_whole(void **state)
{
    (void)state;
    struct capture whole;
    capture_whole(&whole, true);
    size_t refused = 0;
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *block = malloc(n ? n : 1);
        memcpy(block, whole.bytes, n);
        struct result r = read_bytes(block, n);
        assert_true(r.err == IK_OK || r.err == IK_E_VALUE);
        assert_true(r.err == IK_OK || r.fault.text[0]);
        refused += r.err != IK_OK;
        ik_arena_free(&r.arena);
        free(block);
    }
    assert_int_equal(refused, whole.n - 7); /* it is whole after each but the last of 8 blocks */
}

static void capture__wrong__is_said(void **state)
{
    (void)state;
    struct capture c;
    struct result r = read_bytes((const uint8_t *)"seed: 1\n", 8);
    assert_int_equal(r.err, IK_E_VALUE);
    assert_string_equal(r.fault.text, "no capture file: neither pcap nor pcapng");
    capture_pcap(&c, true, false, 105);
    r = read_bytes(c.bytes, c.n);
    assert_int_equal(r.err, IK_E_VALUE);
    assert_string_equal(
        r.fault.text,
        "the capture is of link type 105: only Ethernet (1) and raw IP (101) are known");
    /* A packet of an interface that is not there. */
    c = (struct capture){.little = true};
    capture_section(&c);
    capture_enhanced(&c, 0, 0, "x", 1);
    r = read_bytes(c.bytes, c.n);
    assert_int_equal(r.err, IK_E_VALUE);
    assert_string_equal(r.fault.text, "the capture was cut, or is damaged");
    /* Times further apart than traffic can wait, which its start would carry past the end of
     * time. */
    c = (struct capture){.little = true};
    capture_section(&c);
    capture_interface(&c, 101, 0);
    capture_enhanced(&c, 0, 0, "x", 1);
    capture_enhanced(&c, 0, UINT64_C(4000000000), "x", 1);
    r = read_bytes(c.bytes, c.n);
    assert_int_equal(r.err, IK_E_VALUE);
    assert_string_equal(r.fault.text, "the capture is longer than a century");
    /* A resolution finer than anything: no division by it. */
    c = (struct capture){.little = true};
    capture_section(&c);
    capture_interface(&c, 101, 20);
    r = read_bytes(c.bytes, c.n);
    assert_int_equal(r.err, IK_E_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcap__either_order_and_unit__is_read),
        cmocka_unit_test(pcap__out_of_order__is_sorted),
        cmocka_unit_test(ether__frames__lose_their_header),
        cmocka_unit_test(pcapng__interfaces__have_their_own_time),
        cmocka_unit_test(capture__without_packets__is_empty),
        cmocka_unit_test(capture__cut_anywhere__is_refused_or_whole),
        cmocka_unit_test(capture__wrong__is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
