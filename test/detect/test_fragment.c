/* SPDX-License-Identifier: MIT
 * Fragments that no honest sender makes, and those that many make. */
#include "frames.h"

#include "base/rd.h"

#include <stdio.h>

extern const struct ik_part ik_part_fragment;
static const struct ik_part *const parts[] = {&ik_part_fragment, NULL};

enum { UDP = 17, PIECE = 1480, SECOND = 1000000000 };

static uint8_t data[FRAMES_BYTES], other[FRAMES_BYTES];

static int fill(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
        other[i] = (uint8_t)~data[i];
    }
    return 0;
}

/* n bytes of a UDP datagram `id`, from byte `at` on. */
static void part_of(struct frames *f, bool v6, uint32_t id, uint16_t at, size_t n, bool mf,
                    const uint8_t *bytes)
{
    const struct frames_head h = {.src = v6 ? "2001:db8::1" : "192.0.2.1",
                                  .dst = v6 ? "2001:db8::2" : "192.0.2.2",
                                  .proto = UDP,
                                  .id = id,
                                  .mf = mf,
                                  .offset_bytes = at};
    assert_true(at + n <= sizeof(data));
    frames_ip(f, &h, bytes + at, n);
}

static void whole(struct frames *f, bool v6, uint32_t id)
{
    part_of(f, v6, id, 0, PIECE, true, data);
    part_of(f, v6, id, PIECE, PIECE, true, data);
    part_of(f, v6, id, 2 * PIECE, 500, false, data);
}

static const struct ik_finding *abuse(struct frames *f, enum ik_severity severity)
{
    const struct ik_finding *found = frames_found(f, IK_DETECT_FRAG_ABUSE);
    assert_int_equal(found->severity, severity);
    return found;
}

/* ---- past the end (D6) ----------------------------------------------------------------------- */

static void oversize__of_one_fragment__is_found(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    part_of(f, false, 1, 8189 * 8, 100, false, data);
    const struct ik_finding *found = frames_found(f, IK_DETECT_FRAG_OVERSIZE);
    assert_int_equal(found->severity, IK_SEVERITY_HIGH);
    assert_int_equal(found->remedy, IK_REMEDY_DROP_FRAGMENT);
    assert_true(found->value == 20 + 8189 * 8 + 100);
    assert_true(found->threshold == 65535);
    assert_int_equal(found->evidence[0].at_bytes, 0);
    assert_int_equal(found->evidence[0].bytes[0], 0x45);
    frames_free(f);
}

static void oversize__begins_at_65536_bytes(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frames *f = frames_new(parts, NULL);
        const size_t last = 65535 - 8189 * 8 - (v6 ? 0 : 20);
        part_of(f, v6, 1, 8189 * 8, last, false, data);
        frames_silent(f);
        part_of(f, v6, 2, 8189 * 8, last + 1, false, data);
        assert_int_equal(frames_found(f, IK_DETECT_FRAG_OVERSIZE)->packets, 1);
        frames_free(f);
    }
}

/* ping -s 65507: the largest there is. */
static void oversize__is_not_the_largest_echo(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    static uint8_t packet[FRAMES_BYTES], out[1500];
    const struct frames_head h = {.src = "192.0.2.1", .dst = "192.0.2.2"};
    const size_t n = frames_make_echo(&h, false, 7, 1, data, 65507, packet);
    struct ik_ip ip;
    struct ik_frag frag;
    size_t len;
    assert_int_equal(n, 65535);
    assert_int_equal(ik_ip_decode(&ip, (struct ik_rd){packet, n}, NULL), IK_OK);
    assert_int_equal(ik_frag_init(&frag, &ip, 1500, 0), IK_OK);
    while (ik_frag_take(&frag, out, sizeof(out), &len) == IK_OK)
        frames_put(f, IK_LINKTYPE_RAW, out, len);
    assert_true(f->packet.reassembled);
    frames_silent(f);
    frames_free(f);
}

/* Each part is right, and what they make is too long: the first has options that the last lacks. */
static void oversize__of_the_whole__is_found(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    uint8_t first[60 + 48] = {0x4f, 0, 0, 108, 0, 9, 0x20, 0, 64, UDP};
    memcpy(first + 12, "\xc0\0\2\1\xc0\0\2\2", 8);
    memset(first + 20, IK_IPOPT_NOP, 40);
    ik_store_be16(first + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){first, 60})));
    frames_put(f, IK_LINKTYPE_RAW, first, sizeof(first));
    frames_silent(f);
    part_of(f, false, 9, 8185 * 8, 35, false, data); /* ends at 65,515 */
    assert_true(frames_found(f, IK_DETECT_FRAG_OVERSIZE)->value == 60 + 65515);
    frames_free(f);
}

/* What says more than the wire had is dropped by every receiver, and what the capture cut is not.
 */
static void oversize__is_told_of_cut_frames__not_of_lies(void **state)
{
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        struct frames *f = frames_new(parts, NULL);
        const struct frames_head h = {
            .src = "192.0.2.1", .dst = "192.0.2.2", .proto = UDP, .offset_bytes = 8189 * 8};
        frames_alone(f);
        uint8_t packet[FRAMES_BYTES];
        const size_t n = frames_make(&h, data, 100, packet);
        const struct ik_look_frame frame = {.n = 1,
                                            .time = f->now,
                                            .bytes = {packet, 60},
                                            .wire_bytes = cut ? (uint32_t)n : 60,
                                            .linktype = IK_LINKTYPE_RAW};
        ik_detect_input(f->detect, &f->packet, ik_look_input(f->look, &frame, &f->packet));
        assert_int_equal(ik_detect_take(f->detect) != NULL, cut);
        frames_free(f);
    }
}

/* ---- overlaps (D7) --------------------------------------------------------------------------- */

static void datagrams__as_they_come__are_silent(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frames *f = frames_new(parts, NULL);
        whole(f, v6, 1);
        part_of(f, v6, 2, 2 * PIECE, 500, false, data); /* reordered, with copies */
        part_of(f, v6, 2, PIECE, PIECE, true, data);
        part_of(f, v6, 2, 2 * PIECE, 500, false, data);
        part_of(f, v6, 2, PIECE, PIECE, true, data);
        part_of(f, v6, 2, 0, PIECE, true, data);
        part_of(f, v6, 2, 0, PIECE, true, data); /* after it was whole */
        part_of(f, v6, 3, 0, PIECE, true, data);
        part_of(f, v6, 4, 0, 700, true, data); /* another datagram, cut elsewhere */
        frames_silent(f);
        frames_free(f);
    }
}

static void overlap__with_other_bytes__is_high(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frames *f = frames_new(parts, NULL);
        part_of(f, v6, 1, 0, PIECE, true, data);
        part_of(f, v6, 1, 0, PIECE, true, other);
        const struct ik_finding *found = abuse(f, IK_SEVERITY_HIGH);
        assert_string_equal(found->why, "Two fragments for the same place have different bytes.");
        assert_int_equal(found->packets, 1);
        part_of(f, v6, 1, 0, PIECE, true, data); /* the datagram is spent */
        assert_int_equal(abuse(f, IK_SEVERITY_HIGH)->packets, 1);
        frames_free(f);
    }
}

static void overlap__by_eight_bytes__is_found_where_it_was_not_touching(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frames *f = frames_new(parts, NULL);
        part_of(f, v6, 1, 800, 800, true, data);
        part_of(f, v6, 1, 0, 800, true, data);
        part_of(f, v6, 1, 1600, 800, true, data);
        frames_silent(f);
        part_of(f, v6, 2, 800, 800, true, data);
        part_of(f, v6, 2, 0, 808, true, data);
        abuse(f, IK_SEVERITY_MEDIUM);
        frames_free(f);
    }
}

/* CVE-2024-45796: an overlap at the end is never complete. */
static void overlap__at_the_end__is_two_ends(void **state)
{
    (void)state;
    static const struct {
        uint16_t at;
        uint16_t n;
        bool mf;
    } second[] = {
        {1600, 100, false}, /* ends later */
        {800, 400, false},  /* ends sooner, behind nothing */
        {1600, 808, true},  /* goes on past the end */
    };
    for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
        struct frames *f = frames_new(parts, NULL);
        part_of(f, false, 1, 800, 800, false, data);
        part_of(f, false, 1, second[i].at, second[i].n, second[i].mf, data);
        assert_string_equal(abuse(f, IK_SEVERITY_HIGH)->why, "A datagram has two ends.");
        frames_free(f);
    }
}

/* An end before what is there already. */
static void end__before_other_parts__is_two_ends(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    part_of(f, false, 1, 1600, 800, true, data);
    part_of(f, false, 1, 800, 800, false, data);
    abuse(f, IK_SEVERITY_HIGH);
    frames_free(f);
}

/* An IPv4 identification comes back; an IPv6 one does not so soon. */
static void ident__used_again__is_another_datagram(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frames *f = frames_new(parts, NULL);
        part_of(f, v6, 1, 0, PIECE, true, data); /* the rest was lost */
        f->now += SECOND + 1;
        part_of(f, v6, 1, 0, PIECE, true, other);
        part_of(f, v6, 1, PIECE, 20, false, other);
        if (v6)
            abuse(f, IK_SEVERITY_HIGH);
        else
            frames_silent(f);
        frames_free(f);
    }
}

/* CVE-2024-32867, 37151: the same identification of another pair, protocol or VLAN is nothing. */
static void ident__of_others__is_another_datagram(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct frames_head h = {
        .src = "192.0.2.1", .dst = "192.0.2.2", .proto = UDP, .id = 1, .mf = true};
    frames_ip(f, &h, data, PIECE);
    h.proto = 6;
    frames_ip(f, &h, other, PIECE);
    h.proto = UDP;
    h.src = "192.0.2.3";
    frames_ip(f, &h, other, PIECE);
    h.src = "192.0.2.2";
    h.dst = "192.0.2.1";
    frames_ip(f, &h, other, PIECE);
    h.src = "192.0.2.1";
    h.dst = "192.0.2.2";
    for (uint8_t vlan = 1; vlan < 3; vlan++) {
        uint8_t frame[FRAMES_BYTES] = {[12] = 0x81, [15] = vlan, [16] = 8};
        const size_t n = frames_make(&h, vlan == 1 ? data : other, PIECE, frame + 18);
        frames_put(f, IK_LINKTYPE_ETHERNET, frame, 18 + n);
    }
    frames_silent(f);
    frames_free(f);
}

/* ---- forms ----------------------------------------------------------------------------------- */

static void tiny__before_the_last__is_found(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frames *f = frames_new(parts, NULL);
        part_of(f, v6, 1, 0, 48, true, data);
        part_of(f, v6, 1, 48, 3, false, data);
        frames_silent(f);
        part_of(f, v6, 2, 0, 40, true, data);
        const struct ik_finding *found = abuse(f, IK_SEVERITY_MEDIUM);
        assert_true(found->value == 40 && found->threshold == 48);
        frames_free(f);
    }
}

/* R7112: an IPv6 packet from `bytes`, of which the fixed header is made here. */
static void put6(struct frames *f, uint8_t next, const void *bytes, size_t n)
{
    uint8_t packet[2000] = {0x60, [6] = next, [7] = 64, [8] = 0x20, [9] = 1, [10] = 0x0d};
    packet[24] = 0x20;
    packet[39] = 2;
    ik_store_be16(packet + 4, (uint16_t)n);
    memcpy(packet + 40, bytes, n);
    frames_put(f, IK_LINKTYPE_RAW, packet, 40 + n);
}

static void chain__that_does_not_end_in_the_first_fragment__is_found(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    /* fragment header: destination options of 64 bytes, of which 48 are there */
    uint8_t bytes[8 + 48] = {60, 0, 0, 1, 0, 0, 0, 5, /* then: */ 58, 7, 1, 44};
    put6(f, 44, bytes, sizeof(bytes));
    assert_string_equal(
        abuse(f, IK_SEVERITY_MEDIUM)->why,
        "A first fragment ends before the headers do, so that no filter can judge it.");
    frames_free(f);
    f = frames_new(parts, NULL);
    bytes[9] = 5; /* 48 bytes of options, and no byte of the message: the same */
    put6(f, 44, bytes, sizeof(bytes));
    abuse(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
    f = frames_new(parts, NULL);
    bytes[9] = 4; /* 40 bytes of options, eight of the message */
    bytes[48] = 128;
    put6(f, 44, bytes, sizeof(bytes));
    assert_string_equal(abuse(f, IK_SEVERITY_MEDIUM)->why,
                        "A fragment is smaller than any link would make it.");
    frames_free(f);
}

/* CVE-2021-24086, CVE-2024-38063: fragments of fragments. */
static void fragment_headers__two_in_a_packet__are_found(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    uint8_t bytes[16 + 64] = {44, 0, 0, 1, 0, 0, 0, 5, 58, 0, 0, 1, 0, 0, 0, 6, 128};
    put6(f, 44, bytes, sizeof(bytes));
    assert_string_equal(abuse(f, IK_SEVERITY_MEDIUM)->why, "A packet has two fragment headers.");
    frames_free(f);
}

static void fragment__that_is_whole_a_fragment__is_found(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    uint8_t first[8 + 64] = {44, 0, 0, 1, 0, 0, 0, 5, 58, 0, 0, 1, 0, 0, 0, 6, 128};
    uint8_t last[8 + 64] = {44, 0, 0, 64, 0, 0, 0, 5};
    put6(f, 44, first, sizeof(first));
    put6(f, 44, last, sizeof(last));
    frames_found(f, IK_DETECT_FRAG_ABUSE);
    frames_free(f);
}

/* ---- ICMP ------------------------------------------------------------------------------------ */

/* DF-guard-01 */
static void message__in_fragments__is_noticed_unless_it_is_a_large_echo(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        bool v6, told;
    } rows[] = {{8, false, false}, {0, false, false},  {3, false, true},
                {13, false, true}, {128, true, false}, {129, true, false},
                {1, true, true},   {143, true, true},  {135, true, false} /* nd.c tells */};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct frames *f = frames_new(parts, NULL);
        const struct frames_head h = {.src = rows[i].v6 ? "2001:db8::1" : "192.0.2.1",
                                      .dst = rows[i].v6 ? "2001:db8::2" : "192.0.2.2",
                                      .mf = true};
        uint8_t message[PIECE] = {rows[i].type};
        frames_raw(f, &h, message, sizeof(message));
        assert_int_equal(f->n_found, rows[i].told);
        if (rows[i].told)
            abuse(f, IK_SEVERITY_LOW);
        frames_free(f);
    }
}

static void echo__in_fragments_without_need__is_noticed(void **state)
{
    (void)state;
    for (int large = 0; large < 2; large++) {
        struct frames *f = frames_new(parts, NULL);
        uint8_t packet[FRAMES_BYTES];
        struct frames_head h = {.src = "192.0.2.1", .dst = "192.0.2.2", .mf = true};
        const size_t n = frames_make_echo(&h, false, 1, 1, data, large ? 549 : 548, packet);
        frames_ip(f, &h, packet + 20, 304);
        h.mf = false;
        h.offset_bytes = 304;
        frames_ip(f, &h, packet + 20 + 304, n - 20 - 304);
        assert_int_equal(f->packet.reassembled, true);
        assert_int_equal(f->n_found, !large);
        frames_free(f);
    }
}

/* ---- holes ----------------------------------------------------------------------------------- */

static void let_pass(struct frames *f, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        f->now += SECOND;
        frames_tick(f);
    }
}

static void holes__of_one_source__are_told_from_the_threshold_on(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t id = 1; id <= 19; id++)
        part_of(f, false, id, 0, PIECE, true, data);
    let_pass(f, 40);
    frames_silent(f);
    part_of(f, false, 20, 0, PIECE, true, data);
    let_pass(f, 32);
    const struct ik_finding *found = frames_found(f, IK_DETECT_FRAG_ABUSE);
    assert_int_equal(found->severity, IK_SEVERITY_LOW);
    assert_int_equal(found->limit, IK_LIM_FRAG_HOLES);
    assert_true(found->value == 20);
    frames_free(f);
}

/* A path that loses one datagram of four is no attack. */
static void holes__among_whole_datagrams__are_loss(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t id = 1; id <= 400; id++) {
        if (id % 4)
            whole(f, false, id);
        else
            part_of(f, false, id, 0, PIECE, true, data);
        f->now += SECOND / 20;
    }
    let_pass(f, 60);
    frames_silent(f);
    frames_free(f);
}

/* A million datagrams of forged sources that never end: memory is fixed, and who sends many of them
 * is named all the same. */
static void holes__of_forged_sources__do_not_hide_the_real_one(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct ik_rng rng = {1};
    char src[16];
    for (uint32_t i = 0; i < 100000; i++) {
        const uint32_t a = (uint32_t)ik_rng_next(&rng);
        snprintf(src, sizeof(src), "%u.%u.%u.%u", 1 + a % 200, a >> 8 & 255, a >> 16 & 255,
                 a >> 24);
        const struct frames_head h = {.src = i % 20 ? src : "198.51.100.66",
                                      .dst = "192.0.2.2",
                                      .proto = UDP,
                                      .id = i % 65535 + 1,
                                      .mf = true};
        frames_ip(f, &h, data, 64);
        f->now += SECOND / 25; /* 1,024 at most wait, for 30 s: half of them are seen to end */
    }
    const struct ik_finding *found = frames_found(f, IK_DETECT_FRAG_ABUSE);
    char text[IK_ADDR_TEXT];
    assert_string_equal(ik_addr_text(&found->src, text), "198.51.100.66");
    assert_int_equal(frames_count(f, IK_DETECT_FRAG_ABUSE), 1);
    frames_free(f);
}

static void table__that_is_full__forgets_and_says_so(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t id = 1; id <= 5000; id++)
        part_of(f, true, id, 0, PIECE, true, data);
    assert_in_range(ik_detect_stats(f->detect).evicted, 5000 - 1024, 5000);
    let_pass(f, 1);
    frames_silent(f);
    const struct ik_detect_cfg cfg = ik_detect_defaults();
    assert_in_range(ik_part_fragment.bytes(&cfg), 512 << 10, 700 << 10);
    frames_free(f);
}

/* More parts than are compared: still whole, and no copy is an overlap. */
static void datagram__of_many_parts__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int copy = 0; copy < 2; copy++) {
        for (uint16_t i = 0; i < 110; i++)
            part_of(f, false, 1, (uint16_t)(i * 552), 552, i < 109, data);
    }
    let_pass(f, 60);
    frames_silent(f);
    frames_free(f);
}

static void detector__that_is_off__is_silent(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    cfg.off = 1u << IK_DETECT_FRAG_ABUSE | 1u << IK_DETECT_FRAG_OVERSIZE;
    struct frames *f = frames_new(parts, &cfg);
    part_of(f, false, 1, 8189 * 8, 100, false, data);
    part_of(f, false, 2, 0, 8, true, data);
    for (uint32_t id = 10; id <= 100; id++)
        part_of(f, false, id, 0, PIECE, true, data);
    let_pass(f, 60);
    frames_silent(f);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oversize__of_one_fragment__is_found),
        cmocka_unit_test(oversize__begins_at_65536_bytes),
        cmocka_unit_test(oversize__is_not_the_largest_echo),
        cmocka_unit_test(oversize__of_the_whole__is_found),
        cmocka_unit_test(oversize__is_told_of_cut_frames__not_of_lies),
        cmocka_unit_test(datagrams__as_they_come__are_silent),
        cmocka_unit_test(overlap__with_other_bytes__is_high),
        cmocka_unit_test(overlap__by_eight_bytes__is_found_where_it_was_not_touching),
        cmocka_unit_test(overlap__at_the_end__is_two_ends),
        cmocka_unit_test(end__before_other_parts__is_two_ends),
        cmocka_unit_test(ident__used_again__is_another_datagram),
        cmocka_unit_test(ident__of_others__is_another_datagram),
        cmocka_unit_test(tiny__before_the_last__is_found),
        cmocka_unit_test(chain__that_does_not_end_in_the_first_fragment__is_found),
        cmocka_unit_test(fragment_headers__two_in_a_packet__are_found),
        cmocka_unit_test(fragment__that_is_whole_a_fragment__is_found),
        cmocka_unit_test(message__in_fragments__is_noticed_unless_it_is_a_large_echo),
        cmocka_unit_test(echo__in_fragments_without_need__is_noticed),
        cmocka_unit_test(holes__of_one_source__are_told_from_the_threshold_on),
        cmocka_unit_test(holes__among_whole_datagrams__are_loss),
        cmocka_unit_test(holes__of_forged_sources__do_not_hide_the_real_one),
        cmocka_unit_test(table__that_is_full__forgets_and_says_so),
        cmocka_unit_test(datagram__of_many_parts__is_silent),
        cmocka_unit_test(detector__that_is_off__is_silent),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
