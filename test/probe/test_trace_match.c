/* SPDX-License-Identifier: MIT
 * Whose answer it is: quotes cut, rewritten, forged. */
#include "trace_net.h"

#include "base/rng.h"
#include "probe/trace_int.h"

static const struct {
    uint8_t family;
    enum ik_trace_method method;
    const char *stop;
} ways[] = {
    {4, IK_TRACE_UDP, "port-unreachable"}, {6, IK_TRACE_UDP, "port-unreachable"},
    {4, IK_TRACE_ICMP, "echo-reply"},      {6, IK_TRACE_ICMP, "echo-reply"},
    {4, IK_TRACE_TCP, "tcp-reset"},        {6, IK_TRACE_TCP, "tcp-reset"},
};
enum { WAYS = sizeof(ways) / sizeof(*ways) };

/* All routers of a path of 4 are `like`, the target is plain; the text must be `hops` and the end.
 */
static void expect_all(const struct net_router *like, const char *hops, const int bits[WAYS])
{
    for (size_t k = 0; k < WAYS; k++) {
        const struct ik_trace_cfg cfg = net_cfg(ways[k].method);
        struct net *n = net_new(ways[k].family, IK_MEDIUM_IP, &cfg, 4);
        for (int h = 1; h <= 3; h++)
            n->routers[h] = *like;
        char text[128];
        snprintf(text, sizeof(text), "%s|99 = %s yes 4", hops, ways[k].stop);
        net_run(n);
        assert_string_equal(net_text(n), text);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(n->said[i].match_bits, bits[k]);
        net_free(n);
    }
}

static void quote__whole__64_bits(void **state)
{
    (void)state;
    expect_all(&(struct net_router){0}, "1|2|3", (const int[]){64, 64, 64, 64, 64, 64});
}

static void quote__8_bytes__still_matched(void **state)
{
    (void)state;
    expect_all(&(struct net_router){.quote_bytes = 8}, "1|2|3",
               (const int[]){32, 16, 32, 32, 48, 48});
}

/* CVE-2020-11910: fewer than 8 bytes say nothing; no read past them either. */
static void quote__cve_2020_11910_short__is_nobodys(void **state)
{
    (void)state;
    for (int bytes = 1; bytes < 8; bytes++) {
        for (size_t k = 0; k < WAYS; k++) {
            const struct ik_trace_cfg cfg = net_cfg(ways[k].method);
            struct net *n = net_new(ways[k].family, IK_MEDIUM_IP, &cfg, 4);
            n->routers[2].quote_bytes = bytes;
            struct ik_trace_totals totals;
            net_run(n);
            ik_trace_totals(n->t, &totals);
            assert_int_equal(totals.strangers, 1);
            assert_memory_equal(net_text(n), "1|l|3|99", 8);
            net_free(n);
        }
    }
}

/* DF-traceroute-04: what routers and NATs change is not looked at. */
static void quote__ttl_tos_length_checksum_changed__still_matched(void **state)
{
    (void)state;
    expect_all(&(struct net_router){.mess = true}, "1|2|3", (const int[]){64, 64, 64, 64, 64, 64});
    expect_all(&(struct net_router){.mess = true, .quote_bytes = 8}, "1|2|3",
               (const int[]){32, 16, 32, 32, 48, 48});
}

/* CVE-2022-23093: a quoted header of up to 15 words. */
static void quote__cve_2022_23093_options__transport_found_behind_them(void **state)
{
    (void)state;
    for (int options = 4; options <= 40; options += 4) {
        for (int bytes = 0; bytes <= 8; bytes += 8) {
            const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
            struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 3);
            n->routers[1].quote_options = n->routers[2].quote_options = options;
            n->routers[1].quote_bytes = bytes;
            net_expect(n, "1|2|99 = port-unreachable yes 3");
        }
    }
}

/* DF-traceroute-06 */
static void quote__ttl_above_one__told(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(6, IK_MEDIUM_IP, &cfg, 3);
    n->routers[2].quoted_ttl = 3;
    net_run(n);
    assert_int_equal(n->said[0].quoted_ttl, 1);
    assert_int_equal(n->said[1].quoted_ttl, 3);
    net_free(n);
}

/* The NAT rewrote the packet and its quote came back untranslated: the checksum still fits. */
static void nat__source_and_port_rewritten__matched_and_told(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    for (int bytes = 0; bytes <= 8; bytes += 8) {
        struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 4);
        for (int h = 2; h <= 4; h++) {
            n->routers[h].nat_addr = true;
            n->routers[h].nat_port = 1025;
            n->routers[h].quote_bytes = bytes;
            /* What RFC 3022 does to the checksum: address .100 becomes .77, port 0x4142 1025. */
            const uint16_t moved =
                ik_cksum_update(ik_cksum_update(0x1234, NET_ME, 77), 0x4142, 1025);
            const uint32_t shift = (uint32_t)moved + (uint16_t)~0x1234;
            n->routers[h].nat_shift = (uint16_t)((shift & 0xffff) + (shift >> 16));
        }
        net_run(n);
        assert_string_equal(net_text(n), "1|2~|3~|99~ = port-unreachable yes 4");
        assert_int_equal(n->said[1].match_bits, bytes ? 32 : 64);
        net_free(n);
    }
}

/* The NAT put its addresses right in the quote and forgot the checksum: one constant a flow. The
 * first time it confirms nothing, afterwards it does. */
static void nat__checksum_shifted_by_a_constant__matched_and_told(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 5);
    for (int h = 2; h <= 5; h++) {
        n->routers[h].nat_shift = 0x7b31;
        n->routers[h].quote_bytes = 8;
    }
    net_run(n);
    assert_string_equal(net_text(n), "1|2~|3~|4~|99~ = port-unreachable yes 5");
    assert_int_equal(n->said[0].match_bits, 64);
    assert_int_equal(n->said[1].match_bits, 16);
    assert_int_equal(n->said[2].match_bits, 32);
    net_free(n);
}

/* R4884-5.1-01: a quoted transport checksum that is wrong does not reject an extended error. */
static void quote__wrong_checksum_with_extensions__accepted(void **state)
{
    (void)state;
    static const uint8_t ext[12] = {0x20, 0, 0, 0, 0, 8, 1, 1, 0, 1, 1, 1};
    for (int tcp = 0; tcp < 2; tcp++) {
        const struct ik_trace_cfg cfg = net_cfg(tcp ? IK_TRACE_TCP : IK_TRACE_UDP);
        struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 9);
        for (int h = 1; h <= 8; h++) {
            n->routers[h].nat_shift = (uint16_t)(0x1111 * h); /* another every time */
            n->routers[h].ext = ext;
            n->routers[h].ext_bytes = sizeof(ext);
        }
        net_run(n);
        assert_true(n->end.reached);
        assert_int_equal(n->end.received, 9 + n->n_sent - 9 - (n->n_sent - 9));
        for (size_t i = 0; i < 8; i++) {
            assert_string_equal(n->said[i].state, "answered");
            assert_int_equal(n->said[i].extensions.left, 12);
        }
        net_free(n);
    }
}

static void quote__identification_bytes_swapped__matched(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 3);
    n->routers[1].swap_id = n->routers[2].swap_id = true;
    n->routers[1].quote_bytes = 8;
    net_expect(n, "1|2|99 = port-unreachable yes 3");
}

/* Firewalls that rewrite the identification leave the payload; those that rewrite sequence numbers
 * leave the identification. */
static void quote__identification_rewritten__payload_tells(void **state)
{
    (void)state;
    expect_all(&(struct net_router){.new_id = true}, "1|2|3",
               (const int[]){64, 64, 64, 64, 64, 64});
}

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
    for (size_t k = 0; k < WAYS; k++) {
        struct ik_trace_cfg cfg = net_cfg(ways[k].method);
        struct net *n = net_new(ways[k].family, IK_MEDIUM_IP, &cfg, 8);
        for (int h = 1; h <= 8; h++)
            n->routers[h].silent = true;
        net_add(n);
        net_run_until(n, n->now + IK_NS_PER_MS);
        struct ik_rng rng = {k};
        struct ik_trace_totals totals;
        const size_t head = ways[k].family == 6 ? 40 : 20;
        unsigned tries = 0;
        for (; tries < 2000; tries++) {
            uint8_t m[NET_PACKET];
            struct net_router full = {0};
            const struct ik_frame *f = &n->sent[tries % n->n_sent].frame;
            const size_t len = net_error(n, &full, f, ways[k].family == 6 ? 1 : 3, 1, m);
            for (size_t i = 8 + head + 4; i < len; i++) /* behind the ports */
                m[i] ^= (uint8_t)(1 + ik_rng_below(&rng, 255));
            if (ways[k].family == 4)
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
    for (size_t k = 0; k < WAYS; k++) {
        const struct ik_trace_cfg cfg = net_cfg(ways[k].method);
        struct net *n = net_new(ways[k].family, IK_MEDIUM_IP, &cfg, 2);
        n->routers[1].silent = n->routers[2].silent = true;
        net_add(n);
        net_run_until(n, n->now + IK_NS_PER_MS);
        struct net_router r = {.ext = ext, .ext_bytes = sizeof(ext), .bad_sum = true};
        uint8_t m[NET_PACKET];
        const size_t len = net_error(n, &r, &n->sent[0].frame, ways[k].family == 6 ? 3 : 11, 0, m);
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
        cmocka_unit_test(quote__whole__64_bits),
        cmocka_unit_test(quote__8_bytes__still_matched),
        cmocka_unit_test(quote__cve_2020_11910_short__is_nobodys),
        cmocka_unit_test(quote__ttl_tos_length_checksum_changed__still_matched),
        cmocka_unit_test(quote__cve_2022_23093_options__transport_found_behind_them),
        cmocka_unit_test(quote__ttl_above_one__told),
        cmocka_unit_test(nat__source_and_port_rewritten__matched_and_told),
        cmocka_unit_test(nat__checksum_shifted_by_a_constant__matched_and_told),
        cmocka_unit_test(quote__wrong_checksum_with_extensions__accepted),
        cmocka_unit_test(quote__identification_bytes_swapped__matched),
        cmocka_unit_test(quote__identification_rewritten__payload_tells),
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
