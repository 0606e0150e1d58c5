/* SPDX-License-Identifier: MIT
 * Source quench. */
#include "talk.h"

extern const struct ik_part ik_part_flow, ik_part_quench;
static const struct ik_part *const parts[] = {&ik_part_flow, &ik_part_quench, NULL};

enum { PORT = 5000, DNS = 53 };

static uint8_t quote[FRAMES_BYTES];

static void quench(struct frames *f, uint16_t sport)
{
    frames_error(f, &talk_router4, IK_ICMP4_SOURCE_QUENCH, 0, 0, quote,
                 frames_make_udp(&talk_out4, sport, DNS, 8, quote));
}

/* R6633-8-01: source, destination, type and time. */
static void quench__is_found_at_the_first(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct ik_addr src = frames_addr("203.0.113.254"), dst = frames_addr("192.0.2.1");
    quench(f, PORT);
    const struct ik_finding *found = frames_found(f, IK_DETECT_SOURCE_QUENCH);
    assert_true(ik_addr_same_host(&found->src, &src));
    assert_true(ik_addr_same_host(&found->dst, &dst));
    assert_int_equal(found->type, IK_ICMP4_SOURCE_QUENCH);
    assert_int_equal(found->first, f->now);
    assert_int_equal(found->severity, IK_SEVERITY_LOW);
    assert_int_equal(found->remedy, IK_REMEDY_DROP_TYPE);
    assert_int_equal(found->n_evidence, 1);
    assert_int_equal(found->evidence[0].bytes[0], IK_ICMP4_SOURCE_QUENCH);
    frames_free(f);
}

static void quench__about_what_was_never_sent__is_medium(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    talk_settle(f);
    frames_udp(f, &talk_out4, PORT, DNS, 8);
    quench(f, PORT);
    assert_int_equal(frames_found(f, IK_DETECT_SOURCE_QUENCH)->severity, IK_SEVERITY_LOW);
    quench(f, PORT + 1);
    assert_int_equal(frames_found(f, IK_DETECT_SOURCE_QUENCH)->severity, IK_SEVERITY_MEDIUM);
    assert_int_equal(f->n_found, 1);
    frames_free(f);
}

/* Type 4 of IPv6 is another thing. */
static void quench__is_of_ipv4_only(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    frames_error(f, &talk_router6, IK_ICMP6_PARAMETER_PROBLEM, 0, 0, quote,
                 frames_make_udp(&talk_out6, PORT, DNS, 8, quote));
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, 1400, quote,
                 frames_make_udp(&talk_out4, PORT, DNS, 8, quote));
    frames_echo(f, &talk_out4, false, 4, 4, "x", 1);
    frames_silent(f);
    frames_free(f);
}

static void quench__is_silent_where_broken_or_off(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    uint8_t message[36] = {IK_ICMP4_SOURCE_QUENCH, 0, 0x12, 0x34};
    struct frames *f = frames_new(parts, NULL);
    frames_ip(f, &talk_router4, message, sizeof(message));
    frames_silent(f);
    frames_free(f);
    cfg.off = 1u << IK_DETECT_SOURCE_QUENCH;
    f = frames_new(parts, &cfg);
    quench(f, PORT);
    frames_silent(f);
    frames_free(f);
}

/* A million sources are one finding of many beside those that came first; memory does not grow. */
static void quench__of_a_million_sources__is_few_findings(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct ik_rng rng = {3};
    quench(f, PORT);
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
        cmocka_unit_test(quench__is_found_at_the_first),
        cmocka_unit_test(quench__about_what_was_never_sent__is_medium),
        cmocka_unit_test(quench__is_of_ipv4_only),
        cmocka_unit_test(quench__is_silent_where_broken_or_off),
        cmocka_unit_test(quench__of_a_million_sources__is_few_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
