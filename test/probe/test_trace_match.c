/* SPDX-License-Identifier: MIT
 * Whose answer it is: forged, vague, late. */
#include "trace_net.h"

#include "base/rng.h"

/* ---- strangers ------------------------------------------------------------------------------- */

/* Sends one forged message about what was sent first, to a trace that waits for hop 2 alone; it
 * must go on waiting. */
static void forge(struct net *n, size_t len, uint8_t *m, struct ik_trace_totals *totals)
{
    const struct net_router plain = {0};
    net_icmp(n, &plain, n->now, 66, m, len);
    net_deliver(n);
    ik_trace_totals(n->t, totals);
}

/* Whoever did not see the probe and guesses: everything is right but the token. */
static void forged__right_flow_wrong_token__is_nobodys(void **state)
{
    (void)state;
    for (size_t k = 0; k < NET_WAYS; k++) {
        struct ik_trace_cfg cfg = net_cfg(net_ways[k].method);
        struct net *n = net_new(net_ways[k].family, IK_MEDIUM_IP, &cfg, 8);
        for (int h = 1; h <= 8; h++)
            n->routers[h].silent = true;
        net_add(n);
        net_run_until(n, n->now + IK_NS_PER_MS);
        struct ik_rng rng = {k};
        struct ik_trace_totals totals;
        const size_t head = net_ways[k].family == 6 ? 40 : 20;
        unsigned tries = 0;
        for (; tries < 2000; tries++) {
            uint8_t m[NET_PACKET];
            struct net_router full = {0};
            const struct ik_frame *f = &n->sent[tries % n->n_sent].frame;
            const size_t len = net_error(n, &full, f, net_ways[k].family == 6 ? 1 : 3, 1, m);
            for (size_t i = 8 + head + 4; i < len; i++) /* behind the ports */
                m[i] ^= (uint8_t)(1 + ik_rng_below(&rng, 255));
            if (net_ways[k].family == 4)
                ik_store_be16(m + 8 + 4, (uint16_t)ik_rng_next(&rng));
            forge(n, len, m, &totals);
        }
        assert_int_equal(totals.received, 0);
        assert_int_equal(totals.strangers, tries);
        net_free(n);
    }
}

/* CVE-2026-23398: a quoted protocol that nobody handles; also every other number. */
static void forged__cve_2026_23398_any_protocol__nothing_happens(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 4);
    n->routers[1].silent = n->routers[2].silent = n->routers[3].silent = n->routers[4].silent =
        true;
    net_add(n);
    net_run_until(n, n->now + IK_NS_PER_MS);
    struct ik_trace_totals totals;
    for (unsigned proto = 0; proto < 256; proto++) {
        uint8_t m[NET_PACKET];
        const struct net_router full = {0};
        const size_t len = net_error(n, &full, &n->sent[0].frame, 3, 4, m);
        m[8 + 9] = (uint8_t)proto;
        if (proto != 17)
            forge(n, len, m, &totals);
    }
    assert_int_equal(totals.received, 0);
    assert_int_equal(totals.strangers, 255);
    net_free(n);
}

/* CVE-2017-12895 and kin: every answer cut at every length, in a block of exactly that size. */
static void forged__cve_2017_12895_cut_at_every_length__no_read_past(void **state)
{
    (void)state;
    static const uint8_t ext[12] = {0x20, 0, 0, 0, 0, 8, 1, 1, 0, 1, 1, 1};
    for (size_t k = 0; k < NET_WAYS; k++) {
        const struct ik_trace_cfg cfg = net_cfg(net_ways[k].method);
        struct net *n = net_new(net_ways[k].family, IK_MEDIUM_IP, &cfg, 2);
        n->routers[1].silent = n->routers[2].silent = true;
        net_add(n);
        net_run_until(n, n->now + IK_NS_PER_MS);
        struct net_router r = {.ext = ext, .ext_bytes = sizeof(ext), .bad_sum = true};
        uint8_t m[NET_PACKET];
        const size_t len =
            net_error(n, &r, &n->sent[0].frame, net_ways[k].family == 6 ? 3 : 11, 0, m);
        struct ik_trace_totals totals;
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t part[NET_PACKET];
            memcpy(part, m, len);
            net_icmp(n, &(struct net_router){.bad_sum = true}, n->now, 1, part, cut < 4 ? 4 : cut);
            struct net_event *ev = &n->events[n->n_events - 1];
            ev->ev.frame.bytes.left = ev->ev.frame.bytes.left < cut ? cut : ev->ev.frame.bytes.left;
            if (ev->ev.frame.medium == IK_MEDIUM_IP)
                ev->ev.frame.bytes.left = cut < 20 ? cut : ev->ev.frame.bytes.left;
            else
                ev->ev.frame.bytes.left = cut;
            net_deliver(n);
        }
        ik_trace_totals(n->t, &totals);
        assert_true(totals.received <= 1);
        net_free(n);
    }
}

static void corrupt__checksum_wrong__counted_not_believed(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 3);
    n->routers[2].bad_sum = true;
    struct ik_trace_totals totals;
    net_run(n);
    ik_trace_totals(n->t, &totals);
    assert_int_equal(totals.corrupt, 1);
    assert_string_equal(net_text(n), "1|l|99 = port-unreachable yes 3");
    net_free(n);
}

/* CVE-2025-12899: type 128 of ICMPv4 is not the echo of ICMPv6, nor 129 its reply. */
static void forged__cve_2025_12899_type_of_the_other_family__ignored(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_ICMP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 2);
    n->routers[1].silent = n->routers[2].silent = true;
    net_add(n);
    net_run_until(n, n->now + IK_NS_PER_MS);
    uint8_t m[64];
    memcpy(m, n->sent[1].bytes + 20, 40);
    m[0] = 129;
    struct ik_trace_totals totals;
    forge(n, 40, m, &totals);
    assert_int_equal(totals.received, 0);
    m[0] = 0;
    forge(n, 40, m, &totals);
    assert_int_equal(totals.received, 1);
    net_free(n);
}

/* CVE-2025-49809 and kin of mtr: a reply that says everything but carries another's payload. */
static void reply__right_ident_and_seq_wrong_token__is_nobodys(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_ICMP);
    for (int family = 4; family <= 6; family += 2) {
        struct net *n = net_new((uint8_t)family, IK_MEDIUM_IP, &cfg, 2);
        n->routers[1].silent = n->routers[2].silent = true;
        net_add(n);
        net_run_until(n, n->now + IK_NS_PER_MS);
        uint8_t m[64];
        memcpy(m, n->sent[1].bytes + (family == 6 ? 40 : 20), 40);
        m[0] = family == 6 ? 129 : 0;
        m[8 + 5] ^= 1;
        struct ik_trace_totals totals;
        forge(n, 40, m, &totals);
        assert_int_equal(totals.received, 0);
        assert_int_equal(totals.strangers, 1);
        net_free(n);
    }
}

static void reply__cut_before_the_token__32_bits(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_ICMP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 2);
    n->routers[2].quote_bytes = 8;
    net_run(n);
    assert_string_equal(net_text(n), "1|99 = echo-reply yes 2");
    assert_int_equal(n->said[1].match_bits, 32);
    net_free(n);
}

/* A reset with another acknowledgement answers another SYN. */
static void tcp__wrong_acknowledgement__is_nobodys(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_TCP);
    for (unsigned bit = 0; bit < 32; bit++) {
        struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 2);
        n->routers[1].silent = n->routers[2].silent = true;
        net_add(n);
        net_run_until(n, n->now + IK_NS_PER_MS);
        const struct net_router plain = {0};
        net_tcp(n, &plain, n->now, 9, &n->sent[1].frame);
        uint8_t *tcp = n->events[n->n_events - 1].bytes + 20;
        ik_store_be32(tcp + 8, ik_load_be32(tcp + 8) ^ UINT32_C(1) << bit);
        net_deliver(n);
        struct ik_trace_totals totals;
        ik_trace_totals(n->t, &totals);
        assert_int_equal(totals.received, 0);
        net_free(n);
    }
}

/* ---- errors without a quote ------------------------------------------------------------------ */

/* The error queue hands over payloads only: a router that quotes 8 bytes leaves nothing. Its probes
 * are asked again, one at a time, and none is credited to another. */
static void vague__several_in_flight__asked_again_alone(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.queries = 3;
    for (int family = 4; family <= 6; family += 2) {
        struct net *n = net_new((uint8_t)family, IK_MEDIUM_UDP, &cfg, 6);
        n->routers[3].quote_bytes = 8;
        n->routers[3].delay = 7 * IK_NS_PER_MS;
        net_run(n);
        assert_string_equal(net_text(n),
                            "1 1 1|2 2 2|3 3 3|4 4 4|5 5 5|99 99 99 = port-unreachable yes 6");
        assert_int_equal(n->said[6].match_bits, 16);
        assert_int_equal(n->said[6].rtt_ns, 10 * IK_NS_PER_MS); /* of the second asking */
        assert_int_equal(n->said[3].match_bits, 64);
        struct ik_trace_totals totals;
        ik_trace_totals(n->t, &totals);
        assert_int_equal(totals.ambiguous, 3);
        net_free(n);
    }
}

static void vague__every_router_and_the_target__still_every_hop(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.queries = 2;
    struct net *n = net_new(4, IK_MEDIUM_UDP, &cfg, 7);
    for (int h = 1; h <= 7; h++)
        n->routers[h].quote_bytes = 8;
    n->routers[2].silent = true;
    net_expect(n, "1 1|* *|3 3|4 4|5 5|6 6|99 99 = port-unreachable yes 7");
}

/* Classic ports tell the probes apart where nothing is quoted. */
static void vague__classic_ports__not_vague(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.classic = true;
    struct net *n = net_new(4, IK_MEDIUM_UDP, &cfg, 5);
    for (int h = 1; h <= 5; h++)
        n->routers[h].quote_bytes = 8;
    net_run(n);
    assert_string_equal(net_text(n), "1|2|3|4|99 = port-unreachable yes 5");
    struct ik_trace_totals totals;
    ik_trace_totals(n->t, &totals);
    assert_int_equal(totals.ambiguous, 0);
    net_free(n);
}

/* An open port answers with a payload of its own; which probe it was is found out. */
static void vague__target_answers_by_udp__reached(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(4, IK_MEDIUM_UDP, &cfg, 4);
    n->routers[4].udp_answer = true;
    net_expect(n, "1|2|3|99 = udp-reply yes 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forged__right_flow_wrong_token__is_nobodys),
        cmocka_unit_test(forged__cve_2026_23398_any_protocol__nothing_happens),
        cmocka_unit_test(forged__cve_2017_12895_cut_at_every_length__no_read_past),
        cmocka_unit_test(corrupt__checksum_wrong__counted_not_believed),
        cmocka_unit_test(forged__cve_2025_12899_type_of_the_other_family__ignored),
        cmocka_unit_test(reply__right_ident_and_seq_wrong_token__is_nobodys),
        cmocka_unit_test(reply__cut_before_the_token__32_bits),
        cmocka_unit_test(tcp__wrong_acknowledgement__is_nobodys),
        cmocka_unit_test(vague__several_in_flight__asked_again_alone),
        cmocka_unit_test(vague__every_router_and_the_target__still_every_hop),
        cmocka_unit_test(vague__classic_ports__not_vague),
        cmocka_unit_test(vague__target_answers_by_udp__reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
