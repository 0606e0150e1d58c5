/* SPDX-License-Identifier: MIT
 * Whose answer it is: nothing that a stranger sends is credited to a probe, and nothing that he
 * sends does harm. */
#include "echo_one.h"

/* ---- answers --------------------------------------------------------------------------------- */

/* DF-ping-01, R4443-4.2-04 */
static void answer__of_another_process__is_not_ours(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    struct sent a = answer_to(&probe);
    ik_store_be16(a.bytes + 4, 0x1235);
    fix4(a.bytes, a.n);
    arrive4(&a);
    expect(0, 0, 0);
    a = answer_to(&probe);
    arrive4(&a);
    expect(1, 0, 0);
    assert_int_equal(reply()->ttl, 61);
    rig_close(&rig);
}

/* DF-ping-01, R9: identifier and sequence alone prove nothing where there is room for a token. */
static void answer__with_any_bit_of_the_token_changed__is_a_strangers(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    for (unsigned bit = 0; bit < 128; bit++) {
        struct sent a = answer_to(&probe);
        a.bytes[8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        fix4(a.bytes, a.n);
        arrive4(&a);
        expect(0, bit + 1, 0);
    }
    rig_close(&rig);
}

static void answer__with_another_sequence_or_family__is_a_strangers(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    struct sent a = answer_to(&probe);
    ik_store_be16(a.bytes + 6, 2);
    fix4(a.bytes, a.n);
    arrive4(&a);
    expect(0, 1, 0);
    a = answer_to(&probe);
    a.bytes[0] = 129;
    ik_store_be16(a.bytes + 4, cfg.ident[1]);
    rig_message(&rig, 1, "2001:db8::1", a.bytes, a.n, (struct ik_stamp){0, IK_CLOCK_NONE});
    expect(0, 2, 0);
    rig_close(&rig);
}

/* A raw socket on the loopback interface sees the request too. */
static void request__heard_by_ourselves__is_no_answer(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "127.0.0.1");
    arrive4(&probe);
    expect(0, 0, 0);
    rig_close(&rig);
}

/* DF-ping-02 */
static void answer__twice_or_from_elsewhere__is_flagged(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    rig_answer_from(&rig, &probe, "192.0.2.77");
    assert_string_equal(reply()->state, "received");
    assert_true(reply()->other_source);
    rig_answer(&rig, &probe);
    assert_string_equal(reply()->state, "duplicate");
    assert_false(reply()->other_source);
    expect(1, 0, 0);
    assert_int_equal(rig_totals(&rig).duplicates, 1);
    rig_close(&rig);
}

/* DF-ping-03 */
static void answer__octet_20_changed__is_told_with_its_offset(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    struct sent a = answer_to(&probe);
    a.bytes[8 + 20] = 0xff;
    fix4(a.bytes, a.n);
    arrive4(&a);
    assert_string_equal(reply()->state, "corrupt");
    assert_int_equal(reply()->mismatch_at, 20);
    assert_int_equal(reply()->mismatch_got, 0xff);
    assert_int_equal(reply()->mismatch_sent, 20);
    expect(1, 0, 0);
    assert_int_equal(rig_totals(&rig).corrupt, 1);
    rig_close(&rig);
}

static void answer__cut_or_longer__is_told(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    struct sent a = answer_to(&probe);
    a.n = 8 + 40;
    fix4(a.bytes, a.n);
    arrive4(&a);
    assert_string_equal(reply()->state, "received");
    assert_int_equal(reply()->cut_bytes, 40);
    assert_int_equal(reply()->mismatch_at, -1);
    a = answer_to(&probe);
    a.bytes[a.n++] = 9;
    fix4(a.bytes, a.n);
    arrive4(&a);
    assert_int_equal(reply()->mismatch_at, 56);
    assert_int_equal(reply()->mismatch_got, 9);
    assert_int_equal(reply()->mismatch_sent, -1);
    rig_close(&rig);
}

/* A damaged one is told, but the probe goes on waiting for a sound one. */
static void answer__with_bad_checksum__does_not_answer(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    struct sent a = answer_to(&probe);
    a.bytes[2] ^= 0x40;
    arrive4(&a);
    assert_string_equal(reply()->state, "corrupt");
    assert_true(reply()->bad_checksum);
    expect(0, 0, 0);
    assert_int_equal(rig_totals(&rig).corrupt, 1);
    rig_answer(&rig, &probe);
    assert_string_equal(reply()->state, "received");
    expect(1, 0, 0);
    rig_close(&rig);
}

static void answer__to_a_small_probe__needs_the_address(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.payload_bytes = 15;
    start(&cfg, "192.0.2.1");
    rig_answer_from(&rig, &probe, "192.0.2.2");
    expect(0, 1, 0);
    rig_answer(&rig, &probe);
    expect(1, 1, 0);
    rig_answer(&rig, &probe);
    assert_string_equal(reply()->state, "duplicate");
    rig_close(&rig);
}

/* However many addresses are tried: also those that share a bucket with the right one. */
static void answer__to_a_small_probe_from_4000_others__is_none(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.payload_bytes = 0;
    start(&cfg, "192.0.2.1");
    for (unsigned i = 0; i < 4000; i++) {
        char from[IK_ADDR_TEXT];
        const struct ik_addr a = {4, {198, 18, (uint8_t)(i >> 8), (uint8_t)i}, 0};
        rig_answer_from(&rig, &probe, ik_addr_text(&a, from));
    }
    expect(0, 4000, 0);
    rig_close(&rig);
}

/* One address twice, without tokens: each probe is answered once all the same. */
static void answers__to_small_probes_of_one_address__fill_both(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.payload_bytes = 0;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    rig_add(&rig, "192.0.2.1");
    rig_send(&rig);
    rig_step(&rig, 500 * MS);
    rig_send(&rig);
    probe = rig.sent[0];
    rig_answer(&rig, &probe);
    rig_answer(&rig, &probe);
    expect(2, 0, 0);
    assert_int_equal(rig_totals(&rig).alive, 2);
    rig_answer(&rig, &probe);
    assert_int_equal(rig_totals(&rig).duplicates, 1);
    rig_close(&rig);
}

static void answer__to_a_small_link_local_probe__needs_the_interface(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.payload_bytes = 0;
    rig_open(&rig, &cfg);
    uint32_t index;
    for (uint32_t scope = 2; scope <= 3; scope++) {
        struct ik_addr to = addr("fe80::1");
        to.scope = scope;
        assert_int_equal(ik_echo_add(rig.e, rig.now, NULL, &to, &index), IK_OK);
    }
    rig_send(&rig);
    rig_step(&rig, 250 * MS);
    rig_send(&rig);
    struct sent a = answer_to(&rig.sent[0]);
    struct ik_event ev = {
        .kind = IK_EV_FRAME,
        .frame = {.medium = IK_MEDIUM_ICMP6,
                  .bytes = {a.bytes, a.n},
                  .meta = {.known = IK_KNOW_SRC, .src = addr("fe80::1")}},
    };
    static const uint32_t from[] = {3, 2, 4};
    static const uint32_t scopes[] = {3, 2};
    for (size_t i = 0; i < 3; i++) {
        ev.frame.meta.src.scope = from[i];
        rig_input(&rig, 1, &ev);
        if (i < 2)
            assert_int_equal(reply()->addr.scope, scopes[i]);
    }
    expect(2, 1, 0);
    rig_close(&rig);
}

/* Fragments are put together below us; one that comes through is no whole message. */
static void answer__in_a_fragment__is_none(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    const struct sent a = answer_to(&probe);
    uint8_t packet[RIG_BYTES];
    const size_t n = packet4(packet, "192.0.2.1", "192.0.2.200", 5, a.bytes, a.n);
    packet[6] = 0x20; /* more fragments */
    ik_store_be16(packet + 10, 0);
    ik_store_be16(packet + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){packet, 20})));
    const struct ik_event ev = {.kind = IK_EV_FRAME,
                                .frame = {.medium = IK_MEDIUM_IP, .bytes = {packet, n}}};
    rig_input(&rig, 0, &ev);
    expect(0, 0, 0);
    rig_close(&rig);
}

static void answer__to_a_small_multicast_probe__comes_from_anybody(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.payload_bytes = 4;
    start(&cfg, "ff02::1");
    rig_answer_from(&rig, &probe, "fe80::7");
    rig_answer_from(&rig, &probe, "fe80::8");
    expect(1, 0, 0);
    assert_int_equal(rig_totals(&rig).duplicates, 1);
    assert_true(reply()->other_source);
    rig_close(&rig);
}

/* R9: many sessions share one identifier; each answer belongs to one. */
static void answers__of_100_sessions_with_one_ident__go_to_the_right_one(void **state)
{
    (void)state;
    enum { SESSIONS = 100 };
    static struct rig rigs[SESSIONS];
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct ik_echo_cfg cfg = rig_cfg();
        cfg.key[0] = (uint8_t)i;
        cfg.tag = i / 2; /* even the tags collide */
        rig_open(&rigs[i], &cfg);
        rig_add(&rigs[i], "192.0.2.1");
        assert_int_equal(rig_send(&rigs[i]), 1);
    }
    for (unsigned from = 0; from < SESSIONS; from += 2)
        for (unsigned i = 0; i < SESSIONS; i++)
            rig_answer(&rigs[i], &rigs[from].sent[0]);
    for (unsigned i = 0; i < SESSIONS; i++) {
        const struct ik_echo_totals t = rig_totals(&rigs[i]);
        assert_int_equal(t.received, i % 2 == 0);
        assert_int_equal(t.in_flight, i % 2 != 0);
        assert_int_equal(t.strangers + t.received, SESSIONS / 2);
        rig_close(&rigs[i]);
    }
}

/* DF-pingsocket-01: the identifier is the kernel's choice, known after the link was opened. */
static void ident__of_a_ping_socket__is_on_the_wire(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.raw = false;
    rig_open(&rig, &cfg);
    ik_echo_set_ident(rig.e, 1, 0xabcd);
    rig_add(&rig, "2001:db8::1");
    assert_int_equal(rig_send(&rig), 1);
    assert_int_equal(ik_load_be16(rig.sent[0].bytes + 4), 0xabcd);
    rig_answer(&rig, &rig.sent[0]);
    expect(1, 0, 0);
    rig_close(&rig);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* DF-ping-05 */
static void error__quoting_our_request__ends_that_probe(void **state)
{
    (void)state;
    static const struct {
        size_t quoted;
        int bits;
    } rows[] = {{8, 32}, {23, 32}, {24, 64}, {64, 64}};
    for (size_t i = 0; i < 4; i++) {
        const struct ik_echo_cfg cfg = rig_cfg();
        start(&cfg, "192.0.2.1");
        rig_error4(&rig, &probe, 3, 1, "192.0.2.254", "192.0.2.1", 5, rows[i].quoted);
        assert_int_equal(error()->type, 3);
        assert_int_equal(error()->code, 1);
        assert_int_equal(error()->seq, 1);
        assert_int_equal(error()->match_bits, rows[i].bits);
        assert_string_equal(error()->name, "host-unreachable");
        assert_int_equal(error()->from.bytes[3], 254);
        const struct ik_echo_totals t = rig_totals(&rig);
        assert_int_equal(t.lost, 1);
        assert_int_equal(t.errors, 1);
        assert_int_equal(rig_count(&rig, IK_REC_lost), 0);
        rig_close(&rig);
    }
}

/* DF-ping-05 */
static void error__quoting_anything_else__is_ignored(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    struct sent other = probe;
    ik_store_be16(other.bytes + 4, 0x4321);
    rig_error4(&rig, &other, 3, 1, "192.0.2.254", "192.0.2.1", 5, 8);
    other = probe;
    ik_store_be16(other.bytes + 6, 2);
    rig_error4(&rig, &other, 3, 1, "192.0.2.254", "192.0.2.1", 5, 8);
    other = probe;
    other.bytes[0] = 0;
    rig_error4(&rig, &other, 3, 1, "192.0.2.254", "192.0.2.1", 5, 64);
    other = probe;
    other.bytes[8 + 15] ^= 1;
    rig_error4(&rig, &other, 3, 1, "192.0.2.254", "192.0.2.1", 5, 64);
    /* Where it was going is not where we sent it. */
    rig_error4(&rig, &probe, 3, 1, "192.0.2.254", "192.0.2.2", 5, 64);
    rig_error4(&rig, &probe, 3, 1, "192.0.2.254", "192.0.2.2", 5, 8);
    assert_int_equal(rig_totals(&rig).errors, 0);
    assert_int_equal(rig_totals(&rig).in_flight, 1);
    assert_int_equal(rig_count(&rig, IK_REC_icmp_error), 0);
    rig_close(&rig);
}

static void error__redirect_or_quench__leaves_the_probe_waiting(void **state)
{
    (void)state;
    static const uint8_t types[] = {4, 5};
    for (size_t i = 0; i < 2; i++) {
        const struct ik_echo_cfg cfg = rig_cfg();
        start(&cfg, "192.0.2.1");
        rig_error4(&rig, &probe, types[i], 0, "192.0.2.254", "192.0.2.1", 5, 64);
        assert_int_equal(error()->type, types[i]);
        assert_int_equal(error()->gateway.family, types[i] == 5 ? 4 : 0);
        assert_int_equal(rig_totals(&rig).errors, 0);
        rig_answer(&rig, &probe);
        expect(1, 0, 0);
        rig_close(&rig);
    }
}

static void error__with_bad_checksum__is_ignored(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    start(&cfg, "192.0.2.1");
    uint8_t message[8 + 20 + 64] = {3, 1, 0xde, 0xad};
    packet4(message + 8, "192.0.2.200", "192.0.2.1", 5, probe.bytes, 64);
    rig_packet4(&rig, "192.0.2.254", message, sizeof(message), (struct ik_stamp){0});
    expect(0, 0, 1);
    assert_int_equal(rig_totals(&rig).in_flight, 1);
    rig_close(&rig);
}

/* What a datagram socket tells through its error queue. */
static void queue_error(const char *to, size_t quoted)
{
    const struct ik_event ev = {
        .kind = IK_EV_ERROR,
        .at = {rig.now.mono, IK_CLOCK_NONE},
        .frame = {.medium = probe.port ? IK_MEDIUM_ICMP6 : IK_MEDIUM_ICMP4,
                  .bytes = {probe.bytes, quoted},
                  .meta = {.known = IK_KNOW_DST, .dst = addr(to)}},
        .error = {.from = addr("2001:db8::ff"), .family = 6, .type = 2, .info = 1400},
    };
    rig_input(&rig, probe.port, &ev);
}

static void error__of_a_datagram_socket__is_matched_as_well(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.raw = false;
    start(&cfg, "2001:db8::1");
    queue_error("2001:db8::2", 8);
    queue_error("2001:db8::1", 7);
    queue_error("2001:db8::1", 0);
    assert_int_equal(rig_totals(&rig).errors, 0);
    queue_error("2001:db8::1", 8);
    assert_int_equal(error()->match_bits, 16);
    assert_int_equal(error()->mtu, 1400);
    queue_error("2001:db8::1", 64);
    assert_int_equal(error()->match_bits, 64);
    assert_int_equal(rig_totals(&rig).errors, 1);
    assert_int_equal(rig_totals(&rig).lost, 1);
    rig_close(&rig);
}

/* ---- the other kinds of probe ---------------------------------------------------------------- */

static void stamp_reply(const struct sent *s, uint32_t receive, uint32_t transmit)
{
    struct sent a = answer_to(s);
    ik_store_be32(a.bytes + 12, receive);
    ik_store_be32(a.bytes + 16, transmit);
    fix4(a.bytes, a.n);
    arrive4(&a);
}

/* R792-Timestamp-03: no offset from a non-standard value, and midnight in between is no day. */
static void timestamp__estimates__only_from_standard_values(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.kind = IK_ECHO_TIMESTAMP;
    rig_open(&rig, &cfg);
    rig.now.real = 86400 * SEC * 20000 - 3 * MS; /* 3 ms before midnight */
    rig_add(&rig, "192.0.2.1");
    static const struct {
        uint32_t receive, transmit;
        int64_t forward, back;
    } rows[] = {
        {1, 2, 4, 5},
        {0x80000001, 0x80000001, IK_NEVER, IK_NEVER},
        {5, 0x80000001, IK_NEVER, IK_NEVER},
        {86400000, 5, IK_NEVER, 3002},
        {1000, 10000, -2997, -5993}, /* clocks that are behind, and ahead */
    };
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(rig_send(&rig), 1);
        probe = rig.sent[0];
        assert_int_equal(probe.bytes[0], 13);
        assert_int_equal(probe.n, 20);
        const uint32_t originate = ik_load_be32(probe.bytes + 8);
        assert_int_equal(originate, i == 0 ? 86400000 - 3 : i * 1000 - 3);
        rig_step(&rig, 10 * MS);
        stamp_reply(&probe, rows[i].receive, rows[i].transmit);
        assert_int_equal(reply()->originate_ms, originate);
        assert_int_equal(reply()->receive_ms, rows[i].receive);
        assert_int_equal(reply()->transmit_ms, rows[i].transmit);
        assert_int_equal(reply()->rtt_ns, 10 * MS);
        assert_int_equal(reply()->forward_ms, rows[i].forward);
        assert_int_equal(reply()->back_ms, rows[i].back);
        rig_step(&rig, SEC - 10 * MS);
    }
    expect(5, 0, 0);
    rig_close(&rig);
}

static void timestamp__with_another_originate__is_a_strangers(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.kind = IK_ECHO_TIMESTAMP;
    start(&cfg, "192.0.2.1");
    struct sent a = answer_to(&probe);
    a.bytes[11] ^= 1;
    fix4(a.bytes, a.n);
    arrive4(&a);
    expect(0, 1, 0);
    rig_close(&rig);
}

/* R4620-5-04 */
static void node_info__with_an_altered_nonce__is_not_accepted(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    const uint8_t subject[16] = {0xfe, 0x80};
    cfg.kind = IK_ECHO_NODE_INFO;
    cfg.node_query = 2;
    cfg.node_subject = (struct ik_rd){subject, 16};
    start(&cfg, "2001:db8::1");
    assert_int_equal(probe.bytes[0], 139);
    assert_int_equal(probe.n, 32);
    assert_memory_equal(probe.bytes + 16, subject, 16);
    struct sent a = probe;
    a.bytes[0] = 140;
    const struct ik_stamp at = {rig.now.mono, IK_CLOCK_NONE};
    for (unsigned bit = 0; bit < 64; bit++) {
        a.bytes[8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        rig_message(&rig, 1, "2001:db8::1", a.bytes, a.n, at);
        a.bytes[8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        expect(0, bit + 1, 0);
    }
    rig_message(&rig, 1, "2001:db8::1", a.bytes, a.n, at);
    expect(1, 64, 0);
    assert_int_equal(reply()->data.left, 32); /* the whole message */
    /* The next query has another nonce. */
    rig_step(&rig, SEC);
    assert_int_equal(rig_send(&rig), 1);
    assert_memory_not_equal(rig.sent[0].bytes + 8, probe.bytes + 8, 8);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer__of_another_process__is_not_ours),
        cmocka_unit_test(answer__with_any_bit_of_the_token_changed__is_a_strangers),
        cmocka_unit_test(answer__with_another_sequence_or_family__is_a_strangers),
        cmocka_unit_test(request__heard_by_ourselves__is_no_answer),
        cmocka_unit_test(answer__twice_or_from_elsewhere__is_flagged),
        cmocka_unit_test(answer__octet_20_changed__is_told_with_its_offset),
        cmocka_unit_test(answer__cut_or_longer__is_told),
        cmocka_unit_test(answer__with_bad_checksum__does_not_answer),
        cmocka_unit_test(answer__to_a_small_probe__needs_the_address),
        cmocka_unit_test(answer__to_a_small_probe_from_4000_others__is_none),
        cmocka_unit_test(answers__to_small_probes_of_one_address__fill_both),
        cmocka_unit_test(answer__to_a_small_link_local_probe__needs_the_interface),
        cmocka_unit_test(answer__in_a_fragment__is_none),
        cmocka_unit_test(answer__to_a_small_multicast_probe__comes_from_anybody),
        cmocka_unit_test(answers__of_100_sessions_with_one_ident__go_to_the_right_one),
        cmocka_unit_test(ident__of_a_ping_socket__is_on_the_wire),
        cmocka_unit_test(error__quoting_our_request__ends_that_probe),
        cmocka_unit_test(error__quoting_anything_else__is_ignored),
        cmocka_unit_test(error__redirect_or_quench__leaves_the_probe_waiting),
        cmocka_unit_test(error__with_bad_checksum__is_ignored),
        cmocka_unit_test(error__of_a_datagram_socket__is_matched_as_well),
        cmocka_unit_test(timestamp__estimates__only_from_standard_values),
        cmocka_unit_test(timestamp__with_another_originate__is_a_strangers),
        cmocka_unit_test(node_info__with_an_altered_nonce__is_not_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
