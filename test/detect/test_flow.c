/* SPDX-License-Identifier: MIT
 * What is known of the packet that an error quotes. */
#include "talk.h"

#include <stdio.h>

extern const struct ik_part ik_part_flow;

/* The sight after flow.c, of the last packet. */
static struct ik_sight seen;

static size_t spy_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return 0;
}

static void spy_init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

static void spy_input(void *state, struct ik_sight *s)
{
    (void)state;
    seen = *s;
}

static const struct ik_part spy = {
    IK_WANTS_ICMP | IK_WANTS_PARTS | IK_WANTS_OTHER, spy_bytes, spy_init, spy_input, NULL, NULL};
static const struct ik_part *const parts[] = {&ik_part_flow, &spy, NULL};

static uint8_t quote[FRAMES_BYTES];

/* What is said of an error of type 3 (1) that quotes n bytes. */
static enum ik_quoted quoted(struct frames *f, size_t n)
{
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 3, 0, quote, n);
    return seen.quoted;
}

static enum ik_quoted quoted6(struct frames *f, size_t n)
{
    frames_error(f, &talk_router6, IK_ICMP6_UNREACHABLE, 4, 0, quote, n);
    return seen.quoted;
}

static size_t quote_udp(const struct frames_head *h, uint16_t sport, uint16_t dport)
{
    return frames_make_udp(h, sport, dport, 8, quote);
}

/* ---- known, unknown, unobserved -------------------------------------------------------------- */

static void flow__that_was_sent__is_known(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    frames_udp(f, &talk_out4, 5000, 53, 8);
    assert_int_equal(quoted(f, quote_udp(&talk_out4, 5000, 53)), IK_QUOTED_KNOWN);
    frames_udp(f, &talk_out6, 5000, 53, 8);
    assert_int_equal(quoted6(f, quote_udp(&talk_out6, 5000, 53)), IK_QUOTED_KNOWN);
    frames_echo(f, &talk_out4, false, 7, 1, "x", 1);
    const size_t n = frames_make_echo(&talk_out4, false, 7, 9, "x", 1, quote);
    assert_int_equal(quoted(f, n), IK_QUOTED_KNOWN);
    frames_free(f);
}

/* R5927-4-01 */
static void flow__that_was_never_sent__is_unknown_once_flows_were_seen_for_long(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    frames_udp(f, &talk_out4, 1, 2, 0);
    f->now += 59 * IK_NS_PER_S;
    assert_int_equal(quoted(f, quote_udp(&talk_out4, 5000, 53)), IK_QUOTED_UNOBSERVED);
    talk_settle(f);
    assert_int_equal(quoted(f, quote_udp(&talk_out4, 5000, 53)), IK_QUOTED_UNKNOWN);
    assert_int_equal(quoted6(f, quote_udp(&talk_out6, 5000, 53)), IK_QUOTED_UNKNOWN);
    const size_t n = frames_make_echo(&talk_out4, false, 7, 9, "x", 1, quote);
    assert_int_equal(quoted(f, n), IK_QUOTED_UNKNOWN);
    frames_free(f);
}

/* A capture with the filter "icmp" never saw any. */
static void flow__of_a_protocol_that_is_not_captured__is_unobserved(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int i = 0; i < 100; i++, f->now += IK_NS_PER_S)
        frames_echo(f, &talk_out4, false, 7, 1, "x", 1);
    assert_int_equal(quoted(f, quote_udp(&talk_out4, 5000, 53)), IK_QUOTED_UNOBSERVED);
    frames_free(f);
}

/* Asymmetric routes: others send here, this host sends another way. */
static void flow__of_a_host_that_is_never_seen_to_send__is_unobserved(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct frames_head other = {.src = "192.0.2.99", .dst = "198.51.100.7"};
    talk_settle(f);
    frames_error(f, &(struct frames_head){.src = "203.0.113.254", .dst = "192.0.2.99"},
                 IK_ICMP4_UNREACHABLE, 3, 0, quote, quote_udp(&other, 5000, 53));
    assert_int_equal(seen.quoted, IK_QUOTED_UNOBSERVED);
    frames_free(f);
}

/* Its neighbours in the same network go this way, and what it sends to all of them is seen. */
static void flow__of_a_host_that_goes_another_way_alone__is_unobserved(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct frames_head other = {.src = "2001:db8::99", .dst = "2001:db8:7::7"};
    const struct frames_head group = {.src = "2001:db8::99", .dst = "ff02::fb"};
    talk_settle(f);
    frames_udp(f, &group, 5353, 5353, 8);
    const size_t n = quote_udp(&other, 5000, 53);
    frames_error(f, &(struct frames_head){.src = "2001:db8:fe::1", .dst = "2001:db8::99"},
                 IK_ICMP6_UNREACHABLE, 4, 0, quote, n);
    assert_int_equal(seen.quoted, IK_QUOTED_UNOBSERVED);
    frames_udp(f, &other, 1, 2, 8); /* now it does come by */
    frames_error(f, &(struct frames_head){.src = "2001:db8:fe::1", .dst = "2001:db8::99"},
                 IK_ICMP6_UNREACHABLE, 4, 0, quote, n);
    assert_int_equal(seen.quoted, IK_QUOTED_UNKNOWN);
    frames_free(f);
}

static void flow__of_which_only_the_other_direction_is_seen__is_unobserved(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    talk_settle(f);
    frames_udp(f, &talk_in4, 53, 5000, 8);
    assert_int_equal(quoted(f, quote_udp(&talk_out4, 5000, 53)), IK_QUOTED_UNOBSERVED);
    frames_free(f);
}

/* The outside of a NAT sees translated addresses in packets and in quotes; one that forgets the
 * quote sends inside what its receiver never sent. */
static void flow__quoted_for_another_host__is_foreign(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    frames_udp(f, &talk_out4, 5000, 53, 8);
    assert_int_equal(quoted(f, quote_udp(&talk_out4, 5000, 53)), IK_QUOTED_KNOWN);
    assert_false(seen.quoted_foreign);
    const struct frames_head inside = {.src = "10.0.0.5", .dst = "198.51.100.7"};
    quoted(f, quote_udp(&inside, 5000, 53));
    assert_true(seen.quoted_foreign);
    frames_free(f);
}

static void error__without_ports_or_quote__names_no_flow(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    talk_settle(f);
    const size_t n = quote_udp(&talk_out4, 5000, 53);
    assert_int_equal(quoted(f, 0), IK_QUOTED_NOTHING);
    assert_int_equal(quoted(f, 19), IK_QUOTED_NOTHING);
    assert_int_equal(quoted(f, 23), IK_QUOTED_NOTHING); /* half of the ports */
    assert_int_equal(quoted(f, n), IK_QUOTED_UNKNOWN);
    frames_free(f);
}

/* Only the first part of a datagram has ports, and a router may quote any. */
static void flow__of_fragments__is_known_by_any_of_them(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    static const uint8_t data[1480];
    struct frames_head part = talk_out4;
    talk_settle(f);
    part.proto = IK_PROTO_UDP;
    part.df = false;
    part.mf = true;
    frames_ip(f, &part, data, sizeof(data));
    size_t n = frames_make(&part, data, sizeof(data), quote);
    assert_int_equal(quoted(f, n), IK_QUOTED_KNOWN);
    part.offset_bytes = 1480;
    n = frames_make(&part, data, sizeof(data), quote);
    assert_int_equal(quoted(f, n), IK_QUOTED_KNOWN);
    frames_free(f);
}

/* The flows of a tunnel are those inside it: what a router outside quotes is not among them. */
static void quote__of_a_tunnel__is_unobserved(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct frames_head gre = talk_out4;
    gre.proto = 47;
    talk_settle(f);
    frames_ip(f, &(struct frames_head){.src = "192.0.2.1", .dst = "198.51.100.9", .proto = 89}, "x",
              1);
    f->now += 100 * IK_NS_PER_S;
    size_t n = frames_make(&gre, "\0\0\x08\0", 4, quote);
    assert_int_equal(quoted(f, n), IK_QUOTED_UNOBSERVED);
    gre.proto = 89;
    n = frames_make(&gre, "\0\0\x08\0", 4, quote);
    assert_int_equal(quoted(f, n), IK_QUOTED_UNKNOWN);
    frames_free(f);
}

/* ---- sequence numbers ------------------------------------------------------------------------ */

static bool in_window(struct frames *f, uint32_t seq)
{
    assert_int_equal(quoted(f, talk_quote_tcp(&talk_out4, 40000, seq, 100, quote)),
                     IK_QUOTED_KNOWN);
    return seen.quoted_in_window;
}

static void seq__is_in_window__as_far_as_it_was_in_flight(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    talk_tcp(f, &talk_out4, &talk_in4, 500);
    assert_true(in_window(f, 5000)); /* a late error: acknowledged by now */
    assert_true(in_window(f, 5500));
    assert_true(in_window(f, 6000));
    assert_true(in_window(f, 6000 + (1 << 20)));
    assert_false(in_window(f, 6001 + (1 << 20)));
    assert_true(in_window(f, (uint32_t)(5500 - (1 << 20))));
    assert_false(in_window(f, (uint32_t)(5499 - (1 << 20))));
    assert_false(in_window(f, 0x80000000));
    frames_free(f);
}

static void seq__that_wraps__is_in_window(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct ik_tcp syn = {
        .sport = 40000, .dport = 443, .seq = 0xfffffff0, .flags = IK_TCP_SYN};
    const struct ik_tcp data = {
        .sport = 40000, .dport = 443, .seq = 0xfffffff1, .flags = IK_TCP_ACK, .data = {quote, 100}};
    frames_tcp(f, &talk_out4, &syn);
    frames_tcp(f, &talk_out4, &data);
    assert_true(in_window(f, 0xfffffff1));
    assert_true(in_window(f, 80));
    assert_false(in_window(f, 0x7fffffff));
    frames_free(f);
}

/* A reset that somebody guessed does not move the window, a new connection does. */
static void window__follows_connections__not_resets(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    talk_tcp(f, &talk_out4, &talk_in4, 500);
    const struct ik_tcp reset = {
        .sport = 40000, .dport = 443, .seq = 0x40000000, .flags = IK_TCP_RST};
    frames_tcp(f, &talk_out4, &reset);
    assert_false(in_window(f, 0x40000000));
    const struct ik_tcp syn = {
        .sport = 40000, .dport = 443, .seq = 0xc0000000, .flags = IK_TCP_SYN};
    frames_tcp(f, &talk_out4, &syn);
    assert_true(in_window(f, 0xc0000001));
    assert_false(in_window(f, 5500));
    frames_free(f);
}

/* A capture that began in the middle, or sees one way only, cannot disprove what it did not see. */
static void seq__of_a_connection_begun_before__is_held_against_what_is_known(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct ik_tcp data = {
        .sport = 40000, .dport = 443, .seq = 0x10000000, .flags = 0, .data = {quote, 100}};
    frames_tcp(f, &talk_out4, &data);
    assert_true(in_window(f, 0x10000000));
    assert_true(in_window(f, 0x10000000 - 5000000));
    assert_false(in_window(f, 0x90000000));
    frames_free(f);
}

static void seq__is_judged_by_lengths_of_headers__where_the_capture_cut(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    static const uint8_t data[60000];
    const struct ik_tcp tcp = {
        .sport = 40000, .dport = 443, .seq = 0, .flags = IK_TCP_ACK, .data = {data, sizeof(data)}};
    frames_alone(f);
    uint8_t packet[FRAMES_BYTES];
    for (uint32_t i = 0; i < 100; i++) {
        struct ik_tcp next = tcp;
        next.seq = i * (uint32_t)sizeof(data);
        const size_t n = frames_make_tcp(&talk_out4, &next, packet);
        const struct ik_look_frame frame = {.n = ++f->n,
                                            .time = f->now,
                                            .bytes = {packet, 60},
                                            .wire_bytes = (uint32_t)n,
                                            .linktype = IK_LINKTYPE_RAW};
        ik_detect_input(f->detect, &f->packet, ik_look_input(f->look, &frame, &f->packet));
    }
    assert_true(in_window(f, 99 * sizeof(data)));
    frames_free(f);
}

/* ---- the router in use ----------------------------------------------------------------------- */

static enum ik_via via(struct frames *f, const char *mac)
{
    struct frames_head h = talk_router4;
    h.src_mac = mac;
    frames_error(f, &h, IK_ICMP4_UNREACHABLE, 3, 0, quote, quote_udp(&talk_out4, 5000, 53));
    return seen.quoted_via;
}

static void via__is_the_station_that_the_packet_was_handed_to(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct frames_head h = talk_out4;
    h.src_mac = "\2\0\0\0\0\1";
    frames_udp(f, &h, 5000, 53, 8); /* to 02:02:02:02:02:02 */
    assert_int_equal(via(f, "\2\2\2\2\2\2"), IK_VIA_SENDER);
    assert_int_equal(via(f, "\2\2\2\2\2\3"), IK_VIA_OTHER);
    assert_int_equal(via(f, "\0\0\x5e\0\1\1"), IK_VIA_UNKNOWN); /* a VRRP address */
    assert_int_equal(via(f, NULL), IK_VIA_UNKNOWN);
    frames_free(f);
}

/* Where the same packet is seen before and behind the router, the first hop counts. */
static void via__is_not_that_of_a_forwarded_copy(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct frames_head h = talk_out4;
    h.src_mac = "\2\0\0\0\0\1";
    frames_udp(f, &h, 5000, 53, 8);
    h.ttl = 63;
    uint8_t packet[FRAMES_BYTES], frame[FRAMES_BYTES] = {4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 8, 0};
    const size_t n = frames_make_udp(&h, 5000, 53, 8, packet);
    memcpy(frame + 14, packet, n);
    frames_put(f, IK_LINKTYPE_ETHERNET, frame, 14 + n);
    assert_int_equal(via(f, "\2\2\2\2\2\2"), IK_VIA_SENDER);
    frames_free(f);
}

static void redirect__of_ipv6__is_judged_by_its_option(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct frames_head router = {.src = "fe80::1", .dst = "2001:db8::1"};
    frames_udp(f, &talk_out6, 5000, 53, 8);
    uint8_t options[256], none;
    for (int known = 0; known < 2; known++) {
        const size_t n = frames_make_udp(&talk_out6, known ? 5000 : 5001, 53, 8, quote);
        const struct ik_ndopt_view view = {
            .type = IK_NDOPT_REDIRECTED,
            .kind = IK_NDOPT_KIND_REDIRECTED,
            .redirected = {.packet = {quote, n}},
        };
        size_t len;
        assert_int_equal(ik_ndopt_encode(&view, options, sizeof(options), &len), IK_OK);
        struct ik_icmp m = {.family = 6, .type = IK_ICMP6_REDIRECT, .kind = IK_ICMP_REDIRECT};
        m.redirect.target = frames_addr("fe80::2");
        m.redirect.destination = frames_addr("2001:db8:7::7");
        m.redirect.options = (struct ik_rd){options, len};
        frames_icmp(f, &router, &m);
        assert_int_equal(seen.quoted, known ? IK_QUOTED_KNOWN : IK_QUOTED_UNOBSERVED);
        m.redirect.options = (struct ik_rd){&none, 0};
        frames_icmp(f, &router, &m);
        assert_int_equal(seen.quoted, IK_QUOTED_NOTHING);
    }
    frames_free(f);
}

/* ---- exhaustion ------------------------------------------------------------------------------ */

/* What gave way is not observed, and what both sides keep up is what stays. */
static void flood__of_forged_flows__makes_unobserved_and_spares_the_answered(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct ik_rng rng = {1};
    char src[16];
    talk_settle(f);
    talk_tcp(f, &talk_out4, &talk_in4, 500);
    frames_udp(f, &talk_out4, 5000, 53, 8);
    for (int i = 0; i < 300000; i++) {
        const uint32_t a = (uint32_t)ik_rng_next(&rng);
        f->now += 10 * IK_NS_PER_US;
        snprintf(src, sizeof(src), "%u.%u.%u.%u", 1 + a % 200, a >> 8 & 255, a >> 16 & 255,
                 a >> 24);
        const struct frames_head h = {.src = src, .dst = "192.0.2.1"};
        frames_udp(f, &h, (uint16_t)i, 53, 0);
    }
    assert_int_equal(quoted(f, quote_udp(&talk_out4, 5000, 53)), IK_QUOTED_UNOBSERVED);
    assert_int_equal(quoted(f, talk_quote_tcp(&talk_out4, 40000, 5500, 0, quote)), IK_QUOTED_KNOWN);
    assert_int_equal(quoted(f, quote_udp(&talk_out4, 6000, 53)), IK_QUOTED_UNOBSERVED);
    assert_in_range(ik_detect_stats(f->detect).evicted, 200000, 300000);
    /* A minute later what is missing is unknown again, and what was idle makes room for free. */
    const uint64_t before = ik_detect_stats(f->detect).evicted;
    f->now += 61 * IK_NS_PER_S;
    frames_udp(f, &talk_out4, 7000, 53, 0);
    assert_int_equal(quoted(f, quote_udp(&talk_out4, 6000, 53)), IK_QUOTED_UNKNOWN);
    assert_int_equal(ik_detect_stats(f->detect).evicted, before);
    frames_free(f);
}

static void table__has_a_fixed_size(void **state)
{
    (void)state;
    const struct ik_detect_cfg cfg = ik_detect_defaults();
    assert_in_range(ik_part_flow.bytes(&cfg), 2 << 20, (2 << 20) + (640 << 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flow__that_was_sent__is_known),
        cmocka_unit_test(flow__that_was_never_sent__is_unknown_once_flows_were_seen_for_long),
        cmocka_unit_test(flow__of_a_protocol_that_is_not_captured__is_unobserved),
        cmocka_unit_test(flow__of_a_host_that_is_never_seen_to_send__is_unobserved),
        cmocka_unit_test(flow__of_a_host_that_goes_another_way_alone__is_unobserved),
        cmocka_unit_test(flow__of_which_only_the_other_direction_is_seen__is_unobserved),
        cmocka_unit_test(flow__quoted_for_another_host__is_foreign),
        cmocka_unit_test(error__without_ports_or_quote__names_no_flow),
        cmocka_unit_test(flow__of_fragments__is_known_by_any_of_them),
        cmocka_unit_test(quote__of_a_tunnel__is_unobserved),
        cmocka_unit_test(seq__is_in_window__as_far_as_it_was_in_flight),
        cmocka_unit_test(seq__that_wraps__is_in_window),
        cmocka_unit_test(window__follows_connections__not_resets),
        cmocka_unit_test(seq__of_a_connection_begun_before__is_held_against_what_is_known),
        cmocka_unit_test(seq__is_judged_by_lengths_of_headers__where_the_capture_cut),
        cmocka_unit_test(via__is_the_station_that_the_packet_was_handed_to),
        cmocka_unit_test(via__is_not_that_of_a_forwarded_copy),
        cmocka_unit_test(redirect__of_ipv6__is_judged_by_its_option),
        cmocka_unit_test(flood__of_forged_flows__makes_unobserved_and_spares_the_answered),
        cmocka_unit_test(table__has_a_fixed_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
