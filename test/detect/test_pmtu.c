/* SPDX-License-Identifier: MIT
 * Path MTUs that cannot be true, and those that the Internet lives on. */
#include "talk.h"

#include "base/rd.h"

extern const struct ik_part ik_part_flow, ik_part_pmtu;
static const struct ik_part *const parts[] = {&ik_part_flow, &ik_part_pmtu, NULL};

enum { SPORT = 40000, SEQ = 5500, DATA = 1440, FAR = 0x70000000 };

static uint8_t quote[FRAMES_BYTES];

static struct frames *begin(const struct ik_detect_cfg *cfg)
{
    struct frames *f = frames_new(parts, cfg);
    talk_settle(f);
    talk_tcp(f, &talk_out4, &talk_in4, 500);
    talk_tcp(f, &talk_out6, &talk_in6, 500);
    return f;
}

/* About a packet of the host, of 1,480 bytes in IPv4 and 1,500 in IPv6. */
static void report(struct frames *f, bool v6, uint32_t mtu, uint16_t sport, uint32_t seq)
{
    if (v6)
        frames_error(f, &talk_router6, IK_ICMP6_PACKET_TOO_BIG, 0, mtu, quote,
                     talk_quote_tcp(&talk_out6, sport, seq, DATA, quote));
    else
        frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, mtu, quote,
                     talk_quote_tcp(&talk_out4, sport, seq, DATA, quote));
}

static const struct ik_finding *found(struct frames *f, enum ik_severity severity)
{
    const struct ik_finding *one = frames_found(f, IK_DETECT_PMTU);
    assert_int_equal(one->severity, severity);
    assert_int_equal(f->n_found, 1);
    return one;
}

/* ---- honest ---------------------------------------------------------------------------------- */

static void mtu__of_real_links__is_silent(void **state)
{
    (void)state;
    static const uint32_t mtus[] = {1479, 1476, 1450, 1420, 1400, 1280, 576, 552};
    for (size_t i = 0; i < sizeof(mtus) / sizeof(*mtus); i++) {
        struct frames *f = begin(NULL);
        report(f, false, mtus[i], SPORT, SEQ);
        if (mtus[i] >= 1280)
            report(f, true, mtus[i] + 20, SPORT, SEQ);
        frames_silent(f);
        frames_free(f);
    }
}

/* Each destination behind a small link is told once, and UDP senders may not obey at all. */
static void mtu__told_to_many_and_to_udp__is_silent(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    frames_udp(f, &talk_out4, 5000, 53, DATA);
    frames_make_udp(&talk_out4, 5000, 53, DATA, quote);
    for (int i = 0; i < 200; i++, f->now += 200 * IK_NS_PER_MS) {
        frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, 1400, quote, 28);
    }
    frames_silent(f);
    frames_free(f);
}

static void mtu__at_the_beginning_of_a_capture__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    report(f, false, 1400, SPORT, SEQ);
    report(f, true, 1280, SPORT, SEQ);
    frames_silent(f);
    frames_free(f);
}

/* RFC 1191 section 5: routers older than it. */
static void mtu__of_zero__is_only_told(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    report(f, false, 0, SPORT, SEQ);
    found(f, IK_SEVERITY_INFO);
    frames_free(f);
}

/* Some routers change the length that they quote; then it proves nothing. */
static void mtu__with_a_quote_of_changed_length__is_silent(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    const size_t n = talk_quote_tcp(&talk_out4, SPORT, SEQ, DATA, quote);
    const uint16_t length = ik_load_be16(quote + 2);
    ik_store_be16(quote + 2, (uint16_t)(length << 8 | length >> 8));
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, 1400, quote, n);
    ik_store_be16(quote + 2, 0);
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, 1400, quote, n);
    frames_silent(f);
    frames_free(f);
}

/* ---- what no link has ------------------------------------------------------------------------ */

/* R5927-7.2-02 */
static void mtu__below_what_links_have__is_found_at_the_first(void **state)
{
    (void)state;
    static const uint32_t mtus[] = {40, 67, 68, 296, 551};
    for (size_t i = 0; i < sizeof(mtus) / sizeof(*mtus); i++) {
        struct frames *f = begin(NULL);
        report(f, false, mtus[i], SPORT, SEQ);
        const struct ik_finding *one = found(f, IK_SEVERITY_MEDIUM);
        assert_int_equal(one->remedy, IK_REMEDY_DROP_MTU);
        assert_true(one->value == mtus[i]);
        assert_true(one->threshold == (mtus[i] < 68 ? 68 : 552));
        frames_free(f);
    }
    static const uint32_t mtus6[] = {0, 68, 1279};
    for (size_t i = 0; i < sizeof(mtus6) / sizeof(*mtus6); i++) {
        struct frames *f = begin(NULL);
        report(f, true, mtus6[i], SPORT, SEQ);
        const struct ik_finding *one = found(f, IK_SEVERITY_MEDIUM);
        assert_true(one->value == mtus6[i] && one->threshold == 1280);
        frames_free(f);
    }
}

/* Also where nothing is quoted, and where the capture has just begun: it is never true. */
static void mtu__below_what_links_have__needs_no_quote(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, 68, quote, 0);
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

static void mtu__least__is_a_limit(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    cfg.limits[IK_LIM_MTU4] = 1000;
    struct frames *f = begin(&cfg);
    report(f, false, 1000, SPORT, SEQ);
    frames_silent(f);
    report(f, false, 999, SPORT, SEQ);
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* ---- what the quote contradicts -------------------------------------------------------------- */

static void mtu__that_the_packet_fits__is_found(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        const uint32_t length = (v6 ? 60 : 40) + DATA;
        struct frames *f = begin(NULL);
        report(f, v6, length - 1, SPORT, SEQ);
        frames_silent(f);
        report(f, v6, length, SPORT, SEQ);
        const struct ik_finding *one = found(f, IK_SEVERITY_MEDIUM);
        assert_true(one->value == length && one->threshold == length);
        frames_free(f);
    }
}

static void mtu__for_what_may_be_fragmented__is_noticed(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct frames_head h = talk_out4;
    h.df = false;
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, 1400, quote,
                 talk_quote_tcp(&h, SPORT, SEQ, DATA, quote));
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

/* ---- what was never sent --------------------------------------------------------------------- */

static void mtu__forged__is_found_at_the_first(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frames *f = begin(NULL);
        report(f, v6, v6 ? 1300 : 1000, SPORT + 1, SEQ);
        assert_int_equal(found(f, IK_SEVERITY_MEDIUM)->remedy, IK_REMEDY_LIMIT_UNKNOWN);
        frames_free(f);
        f = begin(NULL);
        report(f, v6, v6 ? 1300 : 1000, SPORT, SEQ + FAR);
        found(f, IK_SEVERITY_MEDIUM);
        frames_free(f);
    }
}

/* One datagram may be what the capture lost. */
static void mtu__for_datagrams_never_sent__is_told_and_abuse_when_repeated(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    for (uint16_t i = 1; i <= 3; i++) {
        frames_make_udp(&talk_out4, (uint16_t)(5000 + i), 53, DATA, quote);
        frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, 1000, quote, 28);
        found(f, i < 3 ? IK_SEVERITY_LOW : IK_SEVERITY_MEDIUM);
    }
    frames_free(f);
}

static void mtu__for_another_hosts_packet__is_noticed(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    frames_error(f, &(struct frames_head){.src = "203.0.113.254", .dst = "192.0.2.77"},
                 IK_ICMP4_UNREACHABLE, 4, 1400, quote,
                 talk_quote_tcp(&talk_out4, SPORT, SEQ, DATA, quote));
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

/* ---- again and again ------------------------------------------------------------------------- */

/* R5927-7.2-02: to a flow that makes progress. */
static void mtu__again_and_again__is_noticed_from_the_threshold_on(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    for (int i = 0; i < 9; i++, f->now += IK_NS_PER_S)
        report(f, false, 1400, SPORT, SEQ);
    frames_silent(f);
    report(f, false, 1400, SPORT, SEQ);
    const struct ik_finding *one = found(f, IK_SEVERITY_LOW);
    assert_true(one->value == 10);
    assert_int_equal(one->limit, IK_LIM_BLIND_RESETS);
    assert_int_equal(one->remedy, IK_REMEDY_NONE);
    frames_free(f);
}

/* All segments of a window meet the small link at once. */
static void mtu__told_for_each_segment_of_a_burst__is_silent(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    for (int i = 0; i < 1000; i++, f->now += 3 * IK_NS_PER_MS)
        report(f, false, 1400, SPORT, SEQ + (uint32_t)(i % 40) * DATA);
    frames_silent(f);
    frames_free(f);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void mtu__is_silent_where_broken_or_off(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    struct frames *f = begin(NULL);
    uint8_t message[64] = {IK_ICMP4_UNREACHABLE, 4, 0x12, 0x34, 0, 0, 0, 68};
    memcpy(message + 8, quote, talk_quote_tcp(&talk_out4, SPORT, SEQ, DATA, quote));
    frames_ip(f, &talk_router4, message, sizeof(message));
    frames_silent(f);
    frames_free(f);
    cfg.off = 1u << IK_DETECT_PMTU;
    f = begin(&cfg);
    report(f, false, 68, SPORT, SEQ);
    frames_silent(f);
    frames_free(f);
}

/* A million senders of impossible MTUs: few findings, and who was first stays named. */
static void mtu__of_a_million_sources__is_few_findings(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct ik_rng rng = {9};
    report(f, false, 68, SPORT, SEQ);
    uint8_t packet[FRAMES_BYTES];
    const size_t n = f->n_bytes;
    memcpy(packet, f->bytes, n);
    for (int i = 0; i < 1000000; i++) {
        f->now += IK_NS_PER_US;
        ik_store_be32(packet + 12, (uint32_t)ik_rng_next(&rng) % 0xdfffffff);
        ik_store_be16(packet + 10, 0);
        ik_store_be16(packet + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){packet, 20})));
        frames_put(f, IK_LINKTYPE_RAW, packet, n);
    }
    assert_in_range(f->n_found, 2, 40);
    const struct ik_addr first = frames_addr("203.0.113.254");
    assert_true(ik_addr_same_host(&f->found[0].src, &first));
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mtu__of_real_links__is_silent),
        cmocka_unit_test(mtu__told_to_many_and_to_udp__is_silent),
        cmocka_unit_test(mtu__at_the_beginning_of_a_capture__is_silent),
        cmocka_unit_test(mtu__of_zero__is_only_told),
        cmocka_unit_test(mtu__with_a_quote_of_changed_length__is_silent),
        cmocka_unit_test(mtu__below_what_links_have__is_found_at_the_first),
        cmocka_unit_test(mtu__below_what_links_have__needs_no_quote),
        cmocka_unit_test(mtu__least__is_a_limit),
        cmocka_unit_test(mtu__that_the_packet_fits__is_found),
        cmocka_unit_test(mtu__for_what_may_be_fragmented__is_noticed),
        cmocka_unit_test(mtu__forged__is_found_at_the_first),
        cmocka_unit_test(mtu__for_datagrams_never_sent__is_told_and_abuse_when_repeated),
        cmocka_unit_test(mtu__for_another_hosts_packet__is_noticed),
        cmocka_unit_test(mtu__again_and_again__is_noticed_from_the_threshold_on),
        cmocka_unit_test(mtu__told_for_each_segment_of_a_burst__is_silent),
        cmocka_unit_test(mtu__is_silent_where_broken_or_off),
        cmocka_unit_test(mtu__of_a_million_sources__is_few_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
