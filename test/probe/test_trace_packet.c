/* SPDX-License-Identifier: MIT */
#include "trace_net.h"

#include "probe/trace_packet.h"

static const uint8_t *transport(const struct net *n, size_t i)
{
    return n->sent[i].bytes + (n->family == 6 ? 40 : 20);
}

static struct net *traced(uint8_t family, const struct ik_trace_cfg *cfg)
{
    struct net *n = net_new(family, IK_MEDIUM_IP, cfg, 6);
    net_run(n);
    assert_true(n->n_sent >= 16);
    return n;
}

/* The checksum over the pseudo-header verifies: nothing on the way may drop the probe. */
static bool sums_verify(const struct net *n, size_t i)
{
    static const uint8_t proto4[] = {17, 1, 6}, proto6[] = {17, 58, 6};
    const bool v6 = n->family == 6;
    const struct ik_addr me = net_addr(n->family, NET_ME), to = net_addr(n->family, NET_TARGET);
    const size_t head = v6 ? 40 : 20, len = n->sent[i].frame.bytes.left - head;
    const uint8_t proto = v6 ? proto6[n->cfg.method] : proto4[n->cfg.method];
    uint64_t sum = 0;
    if (v6 || n->cfg.method != IK_TRACE_ICMP)
        sum = ik_cksum_add_pseudo(0, &me, &to, proto, (uint32_t)len);
    if (!v6 && ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){n->sent[i].bytes, 20})) != 0)
        return false;
    return ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){transport(n, i), len})) == 0;
}

/* DF-traceroute-05: the first four transport octets and the flow label never change; what tells the
 * probes apart does. */
static void flow__constant__same_first_octets_and_label(void **state)
{
    (void)state;
    for (int k = 0; k < 6; k++) {
        struct ik_trace_cfg cfg = net_cfg((enum ik_trace_method)(k / 2));
        cfg.flow_label = 0x12345;
        struct net *n = traced(k % 2 ? 6 : 4, &cfg);
        for (size_t i = 0; i < n->n_sent; i++) {
            assert_true(sums_verify(n, i));
            assert_memory_equal(transport(n, i), transport(n, 0), 4);
            if (n->family == 6)
                assert_int_equal(ik_load_be32(n->sent[i].bytes), 0x60012345);
            for (size_t j = 0; j < i; j++) /* seq, checksum, TCP sequence number */
                assert_memory_not_equal(transport(n, i) + 4, transport(n, j) + 4, 4);
        }
        net_free(n);
    }
}

/* DF-traceroute-05: and for ICMP that includes the checksum, while the sequence differs. */
static void flow__icmp__identical_checksum(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_ICMP);
    struct net *n = traced(4, &cfg);
    for (size_t i = 1; i < n->n_sent; i++) {
        assert_int_equal(ik_load_be16(transport(n, i) + 2), ik_load_be16(transport(n, 0) + 2));
        assert_int_not_equal(ik_load_be16(transport(n, i) + 6), ik_load_be16(transport(n, 0) + 6));
    }
    net_free(n);
}

/* DF-traceroute-01 */
static void ports__default_and_classic__33434_throughout_or_onward(void **state)
{
    (void)state;
    for (int classic = 0; classic < 2; classic++) {
        struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
        cfg.classic = classic;
        struct net *n = traced(classic ? 6 : 4, &cfg);
        for (size_t i = 0; i < n->n_sent; i++) {
            assert_int_equal(ik_load_be16(transport(n, i) + 2), 33434 + (classic ? i : 0));
            assert_true(sums_verify(n, i));
        }
        net_free(n);
    }
}

static void classic__icmp__sequence_counts_up(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_ICMP);
    cfg.classic = true;
    cfg.dport = 1;
    struct net *n = traced(4, &cfg);
    for (size_t i = 0; i < n->n_sent; i++) {
        assert_int_equal(ik_load_be16(transport(n, i) + 6), 1 + i);
        assert_true(sums_verify(n, i));
    }
    assert_string_equal(net_text(n), "1|2|3|4|5|99 = echo-reply yes 6");
    net_free(n);
}

static void size__asked_for__whole_packet(void **state)
{
    (void)state;
    static const struct {
        enum ik_trace_method method;
        uint8_t family;
        uint32_t asked, got;
    } rows[] = {
        {IK_TRACE_UDP, 4, 0, 60},     {IK_TRACE_UDP, 6, 0, 80},     {IK_TRACE_ICMP, 4, 0, 60},
        {IK_TRACE_TCP, 4, 0, 60},     {IK_TRACE_TCP, 6, 0, 80},     {IK_TRACE_UDP, 4, 1000, 1000},
        {IK_TRACE_ICMP, 6, 999, 999}, {IK_TRACE_UDP, 4, 20, 38},    {IK_TRACE_UDP, 6, 1, 58},
        {IK_TRACE_TCP, 4, 1000, 60},  {IK_TRACE_ICMP, 4, 101, 101},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ik_trace_cfg cfg = net_cfg(rows[i].method);
        cfg.packet_bytes = rows[i].asked;
        struct net *n = traced(rows[i].family, &cfg);
        assert_int_equal(n->sent[3].frame.bytes.left, rows[i].got);
        net_free(n);
    }
}

static void header__options__as_asked(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.tclass = 0x28;
    cfg.dont_fragment = true;
    cfg.sport = 777;
    struct net *n = traced(4, &cfg);
    assert_int_equal(n->sent[0].bytes[1], 0x28);
    assert_int_equal(n->sent[0].bytes[6], 0x40);
    assert_int_equal(n->sent[4].bytes[8], 5);
    assert_int_equal(ik_load_be16(transport(n, 0)), 777);
    assert_int_not_equal(ik_load_be16(n->sent[0].bytes + 4), 0);
    net_free(n);
}

/* Marks are a permutation: each leads back to its counter, none twice. */
static void mark__every_counter__unique_and_reversible(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 2);
    static uint8_t seen[65536];
    memset(seen, 0, sizeof(seen));
    unsigned in_order = 0;
    for (uint32_t c = 0; c < 65536; c++) {
        const uint16_t m = ik_trace_packet_mark(n->t, c);
        assert_int_equal(seen[m]++, 0);
        assert_int_equal(ik_trace_packet_unmark(n->t, m), c);
        in_order += m == (uint16_t)(ik_trace_packet_mark(n->t, c - 1) + 1);
    }
    assert_true(in_order < 16);
    net_free(n);
}

static void cfg__contradictions__refused(void **state)
{
    (void)state;
    struct ik_trace *t;
    uint64_t mem[8];
    struct ik_trace_cfg bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = net_cfg(IK_TRACE_UDP);
    bad[0].first_ttl = 31;
    bad[1].first_ttl = 0;
    bad[2].queries = 0;
    bad[3].in_flight = 0;
    bad[4].timeout = 0;
    bad[5].dport = 0;
    bad[6] = net_cfg(IK_TRACE_TCP);
    bad[6].classic = true;
    bad[7].classic = true;
    bad[7].dport = 65530; /* would count up past the last port */
    bad[8].packet_bytes = 65001;
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(ik_trace_bytes(&bad[i]), 0);
        assert_int_equal(ik_trace_init(&t, mem, &bad[i]), IK_E_VALUE);
    }
}

static void add__medium_of_another_method__refused(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_TCP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 2);
    const struct ik_addr to = net_addr(4, 9), me6 = net_addr(6, 1), me = net_addr(4, 1);
    const struct ik_now now = net_now(n);
    assert_int_equal(ik_trace_add(n->t, now, "x", &to, NULL, IK_MEDIUM_UDP), IK_E_VALUE);
    assert_int_equal(ik_trace_add(n->t, now, "x", &to, NULL, IK_MEDIUM_ICMP4), IK_E_VALUE);
    assert_int_equal(ik_trace_add(n->t, now, "x", &to, NULL, IK_MEDIUM_IP), IK_E_VALUE);
    assert_int_equal(ik_trace_add(n->t, now, "x", &to, &me6, IK_MEDIUM_IP), IK_E_VALUE);
    assert_int_equal(ik_trace_add(n->t, now, "x", &to, &me, IK_MEDIUM_IP), IK_OK);
    assert_int_equal(ik_trace_add(n->t, now, "y", &to, &me, IK_MEDIUM_IP), IK_E_FULL);
    net_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flow__constant__same_first_octets_and_label),
        cmocka_unit_test(flow__icmp__identical_checksum),
        cmocka_unit_test(ports__default_and_classic__33434_throughout_or_onward),
        cmocka_unit_test(classic__icmp__sequence_counts_up),
        cmocka_unit_test(size__asked_for__whole_packet),
        cmocka_unit_test(header__options__as_asked),
        cmocka_unit_test(mark__every_counter__unique_and_reversible),
        cmocka_unit_test(cfg__contradictions__refused),
        cmocka_unit_test(add__medium_of_another_method__refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
