/* SPDX-License-Identifier: MIT
 * Errors about packets that their receiver never sent, and errors as they come. */
#include "talk.h"

extern const struct ik_part ik_part_flow, ik_part_reset;
static const struct ik_part *const parts[] = {&ik_part_flow, &ik_part_reset, NULL};

enum { SPORT = 40000, SEQ = 5500, FAR = 0x70000000, DNS = 53 };

static uint8_t quote[FRAMES_BYTES];

/* A host that was seen for long, with a connection of each family. */
static struct frames *begin(const struct ik_detect_cfg *cfg)
{
    struct frames *f = frames_new(parts, cfg);
    talk_settle(f);
    talk_tcp(f, &talk_out4, &talk_in4, 500);
    talk_tcp(f, &talk_out6, &talk_in6, 500);
    return f;
}

static void error4(struct frames *f, uint8_t code, uint16_t sport, uint32_t seq)
{
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, code, 0, quote,
                 talk_quote_tcp(&talk_out4, sport, seq, 100, quote));
}

static void error6(struct frames *f, uint8_t code, uint16_t sport, uint32_t seq)
{
    frames_error(f, &talk_router6, IK_ICMP6_UNREACHABLE, code, 0, quote,
                 talk_quote_tcp(&talk_out6, sport, seq, 100, quote));
}

static const struct ik_finding *found(struct frames *f, enum ik_severity severity)
{
    const struct ik_finding *one = frames_found(f, IK_DETECT_BLIND_RESET);
    assert_int_equal(one->severity, severity);
    return one;
}

/* ---- one ------------------------------------------------------------------------------------- */

/* R5927-4-01 */
static void error__about_a_tuple_never_used__is_found_at_the_first(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    error4(f, 3, SPORT + 1, SEQ);
    const struct ik_finding *one = found(f, IK_SEVERITY_LOW);
    assert_int_equal(one->packets, 1);
    assert_int_equal(one->remedy, IK_REMEDY_LIMIT_UNKNOWN);
    frames_free(f);
    f = begin(NULL);
    error6(f, 4, SPORT + 1, SEQ);
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

static void error__with_a_number_not_in_flight__is_found_at_the_first(void **state)
{
    (void)state;
    for (uint8_t code = 2; code <= 3; code++) {
        struct frames *f = begin(NULL);
        error4(f, code, SPORT, SEQ + FAR);
        found(f, IK_SEVERITY_LOW);
        frames_free(f);
    }
    struct frames *f = begin(NULL);
    error6(f, 1, SPORT, SEQ + FAR);
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

static void error__about_udp_or_echo_never_sent__is_found(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 3, 0, quote,
                 frames_make_udp(&talk_out4, 999, DNS, 8, quote));
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
    f = begin(NULL);
    frames_error(f, &talk_router4, IK_ICMP4_TIME_EXCEEDED, 0, 0, quote,
                 frames_make_echo(&talk_out4, false, 77, 1, "x", 1, quote));
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

/* CVE-2019-5598: an error that goes to another host than the one whose packet it quotes. */
static void error__for_another_hosts_packet__is_found(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    const struct frames_head to_other = {.src = "203.0.113.254", .dst = "192.0.2.77"};
    frames_error(f, &to_other, IK_ICMP4_UNREACHABLE, 3, 0, quote,
                 talk_quote_tcp(&talk_out4, SPORT, SEQ, 100, quote));
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

/* R5927-4.3-01 */
static void error__about_a_packet_of_another_network__is_medium(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_prefix home = frames_prefix("192.0.2.0/24");
    cfg.home = &home;
    cfg.n_home = 1;
    struct frames *f = begin(&cfg);
    const struct frames_head foreign = {.src = "198.51.100.9", .dst = "198.51.100.7"};
    const struct frames_head inside = {.src = "192.0.2.77", .dst = "198.51.100.7"};
    const struct frames_head *const heads[] = {&inside, &foreign};
    for (int i = 0; i < 2; i++) {
        frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 3, 0, quote,
                     talk_quote_tcp(heads[i], SPORT, SEQ, 100, quote));
        found(f, i ? IK_SEVERITY_MEDIUM : IK_SEVERITY_LOW);
    }
    frames_free(f);
}

/* ---- many ------------------------------------------------------------------------------------ */

static void guesses__are_told_from_the_threshold_on(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    for (uint16_t i = 1; i <= 9; i++, f->now += IK_NS_PER_S)
        error4(f, 3, (uint16_t)(SPORT + i), SEQ);
    found(f, IK_SEVERITY_LOW);
    error4(f, 3, SPORT + 10, SEQ);
    const struct ik_finding *ten = found(f, IK_SEVERITY_MEDIUM);
    assert_true(ten->value == 10 && ten->threshold == 10);
    assert_int_equal(ten->limit, IK_LIM_BLIND_RESETS);
    assert_int_equal(f->n_found, 1);
    frames_free(f);
}

static void guesses__of_a_connection_that_there_is__are_high(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    for (uint32_t i = 1; i <= 10; i++)
        error4(f, 3, SPORT, SEQ + i * 0x10000000u % 0xe0000000u);
    found(f, IK_SEVERITY_HIGH);
    frames_free(f);
}

static void errors__that_are_further_apart__are_no_guesses(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    for (uint16_t i = 1; i <= 100; i++, f->now += 2 * IK_NS_PER_S)
        error4(f, 3, (uint16_t)(SPORT + i), SEQ);
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

/* Whom a million forged sources guess at is named, and the one who guesses from one address too. */
static void guesses__of_a_million_sources__name_the_victim(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct ik_rng rng = {5};
    error4(f, 3, SPORT + 1, SEQ);
    uint8_t packet[FRAMES_BYTES];
    const size_t n = f->n_bytes;
    memcpy(packet, f->bytes, n);
    for (int i = 0; i < 1000000; i++) {
        f->now += IK_NS_PER_US;
        ik_store_be32(packet + 12, (uint32_t)ik_rng_next(&rng) % 0xdfffffff);
        ik_store_be16(packet + 10, 0);
        ik_store_be16(packet + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){packet, 20})));
        frames_put(f, IK_LINKTYPE_RAW, packet, n);
        if (i % 1000 == 0)
            error4(f, 3, SPORT + 2, SEQ);
    }
    assert_in_range(f->n_found, 2, 40);
    const struct ik_addr src = frames_addr("203.0.113.254"), dst = frames_addr("192.0.2.1");
    size_t victims = 0;
    for (size_t i = 0; i < f->n_found; i++)
        victims += !f->found[i].src.family && ik_addr_same_host(&f->found[i].dst, &dst) &&
                   f->found[i].severity == IK_SEVERITY_MEDIUM;
    assert_int_equal(victims, 1);
    assert_true(ik_addr_same_host(&f->found[0].src, &src));
    assert_true(ik_addr_same_host(&f->found[0].dst, &dst));
    assert_int_equal(f->found[0].severity, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* ---- honest ---------------------------------------------------------------------------------- */

static void errors__about_what_was_sent__are_silent(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    frames_udp(f, &talk_out4, 5000, DNS, 8);
    frames_echo(f, &talk_out4, false, 7, 1, "x", 1);
    for (int i = 0; i < 100; i++, f->now += 100 * IK_NS_PER_MS) {
        error4(f, 3, SPORT, SEQ);
        error4(f, 1, SPORT, SEQ);
        error4(f, 13, SPORT, SEQ);
        error6(f, 4, SPORT, SEQ);
        frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 3, 0, quote,
                     frames_make_udp(&talk_out4, 5000, DNS, 8, quote));
        frames_error(f, &talk_router4, IK_ICMP4_TIME_EXCEEDED, 0, 0, quote,
                     frames_make_echo(&talk_out4, false, 7, 1, "x", 1, quote));
    }
    frames_silent(f);
    frames_free(f);
}

/* What a soft error says ends no connection, so that its number does not matter; and packet too
 * big is another detector's. */
static void errors__that_end_nothing__need_no_number(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    error4(f, 0, SPORT, SEQ + FAR);
    error4(f, 1, SPORT, SEQ + FAR);
    error4(f, 4, SPORT, SEQ + FAR);
    error4(f, 4, SPORT + 1, SEQ);
    frames_error(f, &talk_router6, IK_ICMP6_PACKET_TOO_BIG, 0, 1280, quote,
                 talk_quote_tcp(&talk_out6, SPORT + 1, SEQ, 100, quote));
    frames_silent(f);
    frames_free(f);
}

/* The capture begins while connections and scans run: what is quoted may have been sent before. */
static void errors__at_the_beginning_of_a_capture__are_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint16_t i = 0; i < 600; i++, f->now += 100 * IK_NS_PER_MS) {
        error4(f, 3, (uint16_t)(SPORT + i), SEQ);
        error6(f, 4, (uint16_t)(SPORT + i), SEQ);
        frames_udp(f, &talk_out4, (uint16_t)(i + 1), DNS, 8);
    }
    frames_silent(f);
    frames_free(f);
}

/* A scan of closed ports that we run ourselves, and a traceroute. */
static void errors__that_our_own_scan_earns__are_silent(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    for (uint16_t port = 1; port < 5000; port++, f->now += IK_NS_PER_MS) {
        frames_udp(f, &talk_out4, 50000, port, 0);
        frames_error(f, &talk_in4, IK_ICMP4_UNREACHABLE, 3, 0, quote,
                     frames_make_udp(&talk_out4, 50000, port, 0, quote));
        const struct ik_tcp syn = {.sport = 50001, .dport = port, .seq = 77, .flags = IK_TCP_SYN};
        frames_tcp(f, &talk_out4, &syn);
        frames_error(f, &talk_in4, IK_ICMP4_UNREACHABLE, 3, 0, quote,
                     frames_make_tcp(&talk_out4, &syn, quote));
    }
    frames_silent(f);
    frames_free(f);
}

/* Replies that we send to the other side's packets may be answered with errors too. */
static void errors__about_the_other_direction__are_silent(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    const struct frames_head to_peer = {.src = "203.0.113.254", .dst = "198.51.100.7"};
    const struct ik_tcp back = {
        .sport = 443, .dport = SPORT, .seq = 900000, .ack = 5500, .flags = IK_TCP_ACK};
    frames_error(f, &to_peer, IK_ICMP4_UNREACHABLE, 3, 0, quote,
                 frames_make_tcp(&talk_in4, &back, quote));
    frames_silent(f);
    frames_free(f);
}

/* CVE-2026-23398: a protocol without handler. CVE-2020-11910: too little quoted. */
static void errors__about_what_has_no_ports__prove_nothing(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct frames_head h = talk_out4;
    h.proto = 253;
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, 1400, quote,
                 frames_make(&h, "12345678", 8, quote));
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 2, 0, quote,
                 frames_make(&h, "12345678", 8, quote));
    for (size_t n = 0; n < 24; n++) {
        talk_quote_tcp(&talk_out4, SPORT + 1, SEQ, 100, quote);
        frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 3, 0, quote, n);
    }
    frames_silent(f);
    frames_free(f);
}

static void errors__are_silent_where_broken_or_off(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    struct frames *f = begin(NULL);
    uint8_t message[64] = {IK_ICMP4_UNREACHABLE, 3, 0x12, 0x34};
    memcpy(message + 8, quote, talk_quote_tcp(&talk_out4, SPORT + 1, SEQ, 100, quote));
    frames_ip(f, &talk_router4, message, sizeof(message));
    frames_silent(f);
    frames_free(f);
    cfg.off = 1u << IK_DETECT_BLIND_RESET;
    f = begin(&cfg);
    error4(f, 3, SPORT + 1, SEQ);
    frames_silent(f);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error__about_a_tuple_never_used__is_found_at_the_first),
        cmocka_unit_test(error__with_a_number_not_in_flight__is_found_at_the_first),
        cmocka_unit_test(error__about_udp_or_echo_never_sent__is_found),
        cmocka_unit_test(error__for_another_hosts_packet__is_found),
        cmocka_unit_test(error__about_a_packet_of_another_network__is_medium),
        cmocka_unit_test(guesses__are_told_from_the_threshold_on),
        cmocka_unit_test(guesses__of_a_connection_that_there_is__are_high),
        cmocka_unit_test(errors__that_are_further_apart__are_no_guesses),
        cmocka_unit_test(guesses__of_a_million_sources__name_the_victim),
        cmocka_unit_test(errors__about_what_was_sent__are_silent),
        cmocka_unit_test(errors__that_end_nothing__need_no_number),
        cmocka_unit_test(errors__at_the_beginning_of_a_capture__are_silent),
        cmocka_unit_test(errors__that_our_own_scan_earns__are_silent),
        cmocka_unit_test(errors__about_the_other_direction__are_silent),
        cmocka_unit_test(errors__about_what_has_no_ports__prove_nothing),
        cmocka_unit_test(errors__are_silent_where_broken_or_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
