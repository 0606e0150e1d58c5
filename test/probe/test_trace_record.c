/* SPDX-License-Identifier: MIT */
#include "trace_net.h"

#include "probe/trace_record.h"

/* DF-traceroute-03: codes 0-15 of IPv4, and those of IPv6, as traceroute marks them. */
static void mark__every_code__as_traceroute(void **state)
{
    (void)state;
    static const struct {
        uint8_t family;
        int type, code;
        int64_t mtu;
        const char *mark;
    } rows[] = {
        {4, 3, 0, -1, "!N"},
        {4, 3, 1, -1, "!H"},
        {4, 3, 2, -1, "!P"},
        {4, 3, 3, -1, ""},
        {4, 3, 4, 1400, "!F-1400"},
        {4, 3, 4, 0, "!F-0"},
        {4, 3, 5, -1, "!S"},
        {4, 3, 6, -1, "!N"},
        {4, 3, 7, -1, "!H"},
        {4, 3, 8, -1, "!N"},
        {4, 3, 9, -1, "!X"},
        {4, 3, 10, -1, "!X"},
        {4, 3, 11, -1, "!N"},
        {4, 3, 12, -1, "!H"},
        {4, 3, 13, -1, "!X"},
        {4, 3, 14, -1, "!V"},
        {4, 3, 15, -1, "!C"},
        {4, 3, 16, -1, "!<16>"},
        {4, 3, 255, -1, "!<255>"},
        {4, 11, 0, -1, ""},
        {4, 11, 1, -1, "!<11-1>"},
        {4, 12, 0, -1, "!<12-0>"},
        {4, 0, 0, -1, ""},
        {4, -1, -1, -1, ""},
        {6, 1, 0, -1, "!N"},
        {6, 1, 1, -1, "!X"},
        {6, 1, 2, -1, "!H"},
        {6, 1, 3, -1, "!H"},
        {6, 1, 4, -1, ""},
        {6, 1, 5, -1, "!<5>"},
        {6, 1, 6, -1, "!<6>"},
        {6, 2, 0, 1280, "!F-1280"},
        {6, 2, 0, 0xffffffff, "!F-4294967295"},
        {6, 3, 0, -1, ""},
        {6, 3, 1, -1, "!<3-1>"},
        {6, 4, 1, -1, "!<4-1>"},
        {6, 129, 0, -1, ""},
        {6, 4, 255, -1, "!<4-255>"},
    };
    char buf[TRACE_MARK_TEXT];
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(
            ik_trace_record_mark(rows[i].family, rows[i].type, rows[i].code, rows[i].mtu, buf),
            rows[i].mark);
}

static void hop__answered__every_field(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.queries = 2;
    cfg.tclass = 0x20;
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 3);
    net_run(n);
    const struct ik_rec_hop *h = &n->said[3];
    assert_string_equal(h->target, "target");
    assert_int_equal(h->addr.bytes[3], NET_TARGET);
    assert_int_equal(h->ttl, 2);
    assert_int_equal(h->probe, 2);
    assert_int_equal(h->flow, 1);
    assert_int_equal(h->from.bytes[3], 2);
    assert_int_equal(h->rtt_ns, 2 * IK_NS_PER_MS);
    assert_int_equal(h->wait_ns, 0);
    assert_int_equal(h->type, 11);
    assert_int_equal(h->code, 0);
    assert_string_equal(h->icmp, "ttl-exceeded");
    assert_int_equal(h->reply_ttl, 253);
    assert_int_equal(h->quoted_ttl, 1);
    assert_int_equal(h->quoted_tos, 0x20);
    assert_int_equal(h->mtu, -1);
    assert_null(h->mark);
    assert_int_equal(h->match_bits, 64);
    assert_string_equal(h->clock, "virtual");
    assert_false(h->final);
    assert_true(n->said[4].final);
    assert_string_equal(n->end.method, "udp");
    assert_int_equal(n->end.hops, 3);
    net_free(n);
}

/* DF-traceroute-07: a hop that seldom answers while the next always does has lost nothing. */
static void hop__limits_its_answers__is_not_loss(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.queries = 10;
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 5);
    n->routers[3].silent_after = true;
    n->routers[3].budget = 1;
    net_expect(n, "1 1 1 1 1 1 1 1 1 1|2 2 2 2 2 2 2 2 2 2|3 l l l l l l l l l|"
                  "4 4 4 4 4 4 4 4 4 4|99 99 99 99 99 99 99 99 99 99 = port-unreachable yes 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mark__every_code__as_traceroute),
        cmocka_unit_test(hop__answered__every_field),
        cmocka_unit_test(hop__limits_its_answers__is_not_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
