/* SPDX-License-Identifier: MIT
 * What has broken others: nothing that anybody sends harms the echo engine. */
#include "echo_one.h"

#include "base/rng.h"

/* CVE-2025-47268, CVE-2025-48964: times in the payload mean nothing to us. */
static void cve_2025_47268_48964__times_in_the_payload__are_not_read(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, INT64_MAX, 0, -1};
    for (size_t i = 0; i < 4; i++) {
        const struct ik_echo_cfg cfg = rig_cfg();
        start(&cfg, "192.0.2.1");
        struct sent a = answer_to(&probe);
        /* Where iputils has its time: our token. */
        ik_store_be64(a.bytes + 8, (uint64_t)times[i]);
        ik_store_be64(a.bytes + 16, (uint64_t)times[i]);
        fix4(a.bytes, a.n);
        arrive4(&a);
        expect(0, 1, 0);
        a = answer_to(&probe);
        ik_store_be64(a.bytes + 24, (uint64_t)times[i]);
        ik_store_be64(a.bytes + 32, (uint64_t)times[i]);
        fix4(a.bytes, a.n);
        arrive4(&a);
        expect(1, 1, 0);
        assert_int_equal(reply()->rtt_ns, MS);
        assert_int_equal(reply()->mismatch_at, 16);
        rig_close(&rig);
    }
}

/* CVE-2022-23093: headers of 60 bytes, outside and quoted. */
static void cve_2022_23093__ihl_15_outside_and_quoted__is_parsed(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    uint8_t message[8 + 60 + 64] = {11, 0};
    packet4(message + 8, "192.0.2.200", "192.0.2.1", 15, probe.bytes, 64);
    fix4(message, sizeof(message));
    uint8_t packet[60 + sizeof(message)];
    const size_t n = packet4(packet, "192.0.2.254", "192.0.2.200", 15, message, sizeof(message));
    const struct ik_event ev = {.kind = IK_EV_FRAME,
                                .frame = {.medium = IK_MEDIUM_IP, .bytes = {packet, n}}};
    rig_input(&rig, 0, &ev);
    assert_int_equal(rig_totals(&rig).errors, 1);
    assert_int_equal(error()->match_bits, 64);
    rig_close(&rig);
    /* The quote ends inside its own options: nothing to match. */
    start(&cfg, "192.0.2.1");
    fix4(message, 8 + 40);
    rig_packet4(&rig, "192.0.2.254", message, 8 + 40, (struct ik_stamp){0});
    assert_int_equal(rig_totals(&rig).errors, 0);
    rig_close(&rig);
}

/* CVE-2010-2529: options of length 0 and 1 in the header of an answer. */
static void cve_2010_2529__option_without_length__ends(void **state)
{
    (void)state;
    for (uint8_t len = 0; len < 2; len++) {
        const struct ik_echo_cfg cfg = rig_cfg();
        start(&cfg, "192.0.2.1");
        const struct sent a = answer_to(&probe);
        uint8_t packet[RIG_BYTES];
        const size_t n = packet4(packet, "192.0.2.1", "192.0.2.200", 7, a.bytes, a.n);
        packet[20] = 7;
        packet[21] = len;
        ik_store_be16(packet + 10, 0);
        ik_store_be16(packet + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){packet, 28})));
        const struct ik_event ev = {.kind = IK_EV_FRAME,
                                    .frame = {.medium = IK_MEDIUM_IP, .bytes = {packet, n}}};
        rig_input(&rig, 0, &ev);
        expect(1, 0, 0);
        assert_int_equal(reply()->options.left, 8);
        rig_close(&rig);
    }
}

/* CVE-2020-17443: an echo of 4 bytes. */
static void cve_2020_17443__echo_of_4_bytes__is_malformed(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "2001:db8::1");
    const struct sent a = answer_to(&probe);
    const struct ik_stamp at = {rig.now.mono, IK_CLOCK_NONE};
    rig_message(&rig, 1, "2001:db8::1", a.bytes, 4, at);
    expect(0, 0, 1);
    /* And one too short for its token. */
    rig_message(&rig, 1, "2001:db8::1", a.bytes, 8 + 15, at);
    expect(0, 1, 1);
    rig_close(&rig);
}

/* CVE-2025-12899: types of ICMPv6 in an IPv4 packet. */
static void cve_2025_12899__v4_type_128_and_129__are_no_answer(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    for (unsigned type = 128; type <= 129; type++) {
        struct sent a = answer_to(&probe);
        a.bytes[0] = (uint8_t)type;
        fix4(a.bytes, a.n);
        arrive4(&a);
    }
    expect(0, 0, 0);
    assert_int_equal(rig_totals(&rig).in_flight, 1);
    rig_close(&rig);
}

/* CVE-2026-23398: a quoted protocol that nobody handles. */
static void cve_2026_23398__quote_of_protocol_253__is_nothing(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    uint8_t message[8 + 20 + 64] = {3, 4};
    packet4(message + 8, "192.0.2.200", "192.0.2.1", 5, probe.bytes, 64);
    message[8 + 9] = 253;
    fix4(message, sizeof(message));
    rig_packet4(&rig, "192.0.2.254", message, sizeof(message), (struct ik_stamp){0});
    assert_int_equal(rig_totals(&rig).errors, 0);
    rig_close(&rig);
}

/* nat46 issue 77: an ICMPv6 error of 8 bytes quotes nothing. */
static void nat46_77__v6_error_of_8_bytes__has_no_quote(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "2001:db8::1");
    const uint8_t message[8] = {1, 0};
    rig_message(&rig, 1, "2001:db8::ff", message, 8, (struct ik_stamp){0});
    assert_int_equal(rig_totals(&rig).errors, 0);
    assert_int_equal(rig_totals(&rig).in_flight, 1);
    rig_close(&rig);
}

/* CVE-2020-11910, CVE-2017-13012 and kin: cut at every length, in a block that ends there. */
static void truncation__of_answers_and_errors__reads_nothing_beyond(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    uint8_t message[8 + 60 + 64] = {3, 1}, packet[2][256];
    packet4(message + 8, "192.0.2.200", "192.0.2.1", 15, probe.bytes, 64);
    fix4(message, sizeof(message));
    const struct sent a = answer_to(&probe);
    const size_t n[2] = {
        packet4(packet[0], "192.0.2.254", "192.0.2.200", 6, message, sizeof(message)),
        packet4(packet[1], "192.0.2.1", "192.0.2.200", 6, a.bytes, a.n)};
    for (int which = 0; which < 2; which++)
        for (size_t cut = 0; cut < n[which]; cut++) {
            uint8_t *block = malloc(cut ? cut : 1);
            memcpy(block, packet[which], cut);
            const struct ik_event ev = {.kind = IK_EV_FRAME,
                                        .frame = {.medium = IK_MEDIUM_IP, .bytes = {block, cut}}};
            rig_input(&rig, 0, &ev);
            rig_forget(&rig);
            free(block);
        }
    rig_totals(&rig);
    rig_close(&rig);
}

/* Bits flipped at random in an answer and an error, in a block that ends where they end. Only what
 * leaves token, sequence and checksums as they were can answer, and then only once. */
static void bit_flips__of_answers_and_errors__keep_the_sums(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    uint8_t message[8 + 24 + 64] = {11, 0}, packet[2][256];
    packet4(message + 8, "192.0.2.200", "192.0.2.1", 6, probe.bytes, 64);
    fix4(message, sizeof(message));
    const struct sent a = answer_to(&probe);
    const size_t n[2] = {
        packet4(packet[0], "192.0.2.254", "192.0.2.200", 6, message, sizeof(message)),
        packet4(packet[1], "192.0.2.1", "192.0.2.200", 6, a.bytes, a.n)};
    struct ik_rng rng = {99};
    for (int i = 0; i < 50000; i++) {
        const int which = i % 2;
        uint8_t *block = malloc(n[which]);
        memcpy(block, packet[which], n[which]);
        for (uint32_t flips = 1 + ik_rng_below(&rng, 4); flips; flips--)
            block[ik_rng_below(&rng, n[which])] ^= (uint8_t)(1 << ik_rng_below(&rng, 8));
        const struct ik_event ev = {.kind = IK_EV_FRAME,
                                    .frame = {.medium = IK_MEDIUM_IP, .bytes = {block, n[which]}}};
        rig_input(&rig, 0, &ev);
        rig_forget(&rig);
        free(block);
    }
    const struct ik_echo_totals t = rig_totals(&rig);
    assert_int_equal(t.sent, 1);
    assert_true(t.errors <= 1 && t.received <= 1);
    assert_true(t.malformed > 10000 && t.strangers > 1000);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cve_2025_47268_48964__times_in_the_payload__are_not_read),
        cmocka_unit_test(cve_2022_23093__ihl_15_outside_and_quoted__is_parsed),
        cmocka_unit_test(cve_2010_2529__option_without_length__ends),
        cmocka_unit_test(cve_2020_17443__echo_of_4_bytes__is_malformed),
        cmocka_unit_test(cve_2025_12899__v4_type_128_and_129__are_no_answer),
        cmocka_unit_test(cve_2026_23398__quote_of_protocol_253__is_nothing),
        cmocka_unit_test(nat46_77__v6_error_of_8_bytes__has_no_quote),
        cmocka_unit_test(truncation__of_answers_and_errors__reads_nothing_beyond),
        cmocka_unit_test(bit_flips__of_answers_and_errors__keep_the_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
