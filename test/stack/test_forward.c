/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

static struct packet p;

static void start(struct rig *r)
{
    rig_init(r, IK_STACK_ROUTER);
    rig_start(r);
}

static void udp(struct rig *r, uint32_t src, uint32_t dst, uint8_t ttl, size_t bytes)
{
    struct ik_ip ip = head4(src, dst, IK_PROTO_UDP);
    ip.ttl = ttl;
    packet_udp(&p, &ip, 7, bytes);
    rig_in(r, 0, NULL, rd_of(&p));
}

static void packet__loses_one_ttl__and_nothing_else(void **state)
{
    /* R1812-5.3.1-01 R791-3.1-04 */
    (void)state;
    struct rig r;
    start(&r);
    for (uint32_t id = 0; id < 0x10000; id += 0xff) { /* every carry of the checksum */
        struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
        ip.ttl = (uint8_t)(2 + id % 254);
        ip.id = id;
        packet_udp(&p, &ip, 7, 20);
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 1);
        assert_int_equal(r.out[0].port, 1);
        const uint8_t *out = r.out[0].bytes.p + 14;
        assert_int_equal(out_ip(&r, 0).ttl, ip.ttl - 1);
        assert_memory_equal(out, p.b, 8);
        assert_memory_equal(out + 12, p.b + 12, p.len - 12);
    }
    assert_int_equal(ik_stack_count(r.s, IK_STACK_FORWARDED), 258);
    rig_end(&r);
}

static void ttl__that_runs_out__is_told(void **state)
{
    /* R1812-5.2.7.3-01 R1812-4.2.2.9-02 */
    (void)state;
    struct rig r;
    start(&r);
    for (uint8_t ttl = 0; ttl < 2; ttl++) {
        udp(&r, A, C, ttl, 20);
        const struct ik_icmp m = only_error(&r, 11, 0);
        assert_memory_equal(m.error.quote.p, p.b, p.len);
        assert_int_equal(ik_load_be32(out_ip(&r, 0).src.bytes), S);
    }
    udp(&r, A, C, 2, 20);
    assert_int_equal(out_ip(&r, 0).ttl, 1);
    rig_end(&r);
}

static void no_route__is_told__by_kind(void **state)
{
    /* R1812-4.3.3.1-01 */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.routes[0] =
        (struct ik_stack_route){.prefix = {ip4(0xc6120000), 16}, .kind = IK_STACK_ROUTE_DROP};
    r.routes[1] = (struct ik_stack_route){.prefix = {ip4(0xc6130000), 16},
                                          .kind = IK_STACK_ROUTE_UNREACHABLE};
    r.routes[2] =
        (struct ik_stack_route){.prefix = {ip4(0xc6140000), 16}, .kind = IK_STACK_ROUTE_REJECT};
    r.cfg.n_routes = 3;
    rig_start(&r);
    udp(&r, A, FAR, 64, 20);
    only_error(&r, 3, 0);
    udp(&r, A, 0xc6120001, 64, 20);
    assert_int_equal(r.n_out, 0);
    udp(&r, A, 0xc6130001, 64, 20);
    only_error(&r, 3, 1);
    udp(&r, A, 0xc6140001, 64, 20);
    only_error(&r, 3, 13);
    rig_end(&r);
}

static void too_big__is_cut_or_told(void **state)
{
    /* R791-3.1-06 R1191-4-01 R1191-4-02 R1812-4.2.2.7-01 */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.ifaces[1].mtu = 620;
    rig_start(&r);
    struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
    packet_udp(&p, &ip, 7, 1472);
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct ik_ip f = out_ip(&r, i);
        assert_int_equal(f.ttl, 63);
        assert_int_equal(f.offset_bytes, 600 * i);
        assert_int_equal(f.mf, i < 2);
    }
    ip.df = true;
    packet_udp(&p, &ip, 7, 1472);
    rig_in(&r, 0, NULL, rd_of(&p));
    const struct ik_icmp m = only_error(&r, 3, 4);
    assert_int_equal(m.error.mtu, 620);
    assert_int_equal(ik_load_be16(out_ip(&r, 0).payload.p + 4), 0);
    /* quoted as it came: TTL 64, and 576 octets in all */
    assert_int_equal(out_ip(&r, 0).total_bytes, 576);
    assert_memory_equal(m.error.quote.p, p.b, 548);
    packet_udp(&p, &ip, 7, 620 - 28);
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.out[0].port, 1);
    rig_end(&r);
}

static void frame_to_many__for_one__is_not_forwarded(void **state)
{
    /* R1812-5.3.4-01 R1812-4.3.2.7-04 */
    (void)state;
    struct rig r;
    start(&r);
    const uint8_t many[2][6] = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {1, 0, 0x5e, 0, 0, 1}};
    for (int i = 0; i < 2; i++) {
        const struct ik_ip ip = head4(A, i ? C : FAR, IK_PROTO_UDP);
        packet_udp(&p, &ip, 7, 20);
        rig_in(&r, 0, many[i], rd_of(&p));
        assert_int_equal(r.n_out, 0);
    }
    rig_end(&r);
}

static void addresses__that_nobody_has__stop_here(void **state)
{
    /* R1812-5.3.7-01 R1812-4.3.2.7-05 */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.routes[0] = (struct ik_stack_route){.prefix = {ip4(0), 0}, .port = 1, .via = ip4(C)};
    r.cfg.n_routes = 1;
    rig_start(&r);
    const uint32_t bad[] = {0x00000001, 0x00010203, 0x7f000001, 0xe0000009, 0xf0000001,
                            0xffffffff, 0xa9fe0001, 0x0a0001ff, 0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        udp(&r, bad[i], C, 64, 20);
        assert_int_equal(r.n_out, 0);
        if (bad[i] == 0x0a0001ff || bad[i] == 0 || bad[i] == 0xffffffff)
            continue; /* as destinations these are for the router too */
        udp(&r, A, bad[i], 1, 20);
        assert_int_equal(r.n_out, 0);
    }
    rig_end(&r);
}

static void directed_broadcast__only_where_switched_on(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct rig r;
        rig_init(&r, IK_STACK_ROUTER);
        r.opt.directed_broadcast = on;
        rig_start(&r);
        udp(&r, A, 0x0a0002ff, 64, 20);
        assert_int_equal(r.n_out, on);
        if (on)
            assert_int_equal(r.out[0].bytes.p[0], 0xff);
        rig_end(&r);
    }
}

static void host__forwards_nothing(void **state)
{
    /* R1122-3.2.1.3-01 */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    udp(&r, A, C, 64, 20);
    udp(&r, A, FAR, 1, 20);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void cutoff__refuses_low_precedence__but_not_errors(void **state)
{
    /* R1812-5.3.3.3-01 R1812-5.3.3.3-02 */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.opt.precedence_cutoff = 2;
    rig_start(&r);
    struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
    ip.tos = 0x20;
    packet_udp(&p, &ip, 7, 20);
    rig_in(&r, 0, NULL, rd_of(&p));
    only_error(&r, 3, 15);
    ip.tos = 0x40;
    packet_udp(&p, &ip, 7, 20);
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.out[0].port, 1);
    const uint8_t error[36] = {11, 0, 0xf4, 0xff};
    ip = head4(A, C, IK_PROTO_ICMP4);
    packet_make(&p, &ip, (struct ik_rd){error, sizeof(error)});
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.out[0].port, 1);
    rig_end(&r);
}

static void balance__shares_as_it_says(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct rig r;
        rig_init(&r, IK_STACK_ROUTER);
        r.opt.balance = (enum ik_stack_balance)how;
        for (uint32_t i = 0; i < 2; i++)
            r.routes[i] = (struct ik_stack_route){
                .prefix = {ip4(0xcb007100), 24}, .port = (uint8_t)i, .via = ip4(i ? C : GW)};
        r.cfg.n_routes = 2;
        rig_start(&r);
        unsigned by_flow = 0, by_dst = 0, same = 0;
        for (uint16_t port = 1; port <= 64; port++) {
            struct ik_ip ip = head4(A, FAR, IK_PROTO_UDP);
            packet_udp(&p, &ip, port, 20);
            rig_in(&r, 0, NULL, rd_of(&p));
            const uint8_t out = r.out[r.n_out - 1].port;
            by_flow += out;
            rig_in(&r, 0, NULL, rd_of(&p));
            same += r.out[r.n_out - 1].port == out;
            ip = head4(A, 0xcb007100 + port, IK_PROTO_UDP);
            packet_udp(&p, &ip, 7, 20);
            rig_in(&r, 0, NULL, rd_of(&p));
            by_dst += r.out[r.n_out - 1].port;
        }
        if (how == IK_BALANCE_FLOW) {
            assert_int_equal(same, 64);
            assert_in_range(by_flow, 16, 48);
        } else if (how == IK_BALANCE_DESTINATION) {
            assert_int_equal(same, 64);
            assert_true(by_flow == 0 || by_flow == 64);
            assert_in_range(by_dst, 16, 48);
        } else {
            assert_int_equal(same, 0); /* turn by turn */
        }
        rig_end(&r);
    }
}

static void fragments__go_one_way__whatever_they_hold(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    for (uint32_t i = 0; i < 2; i++)
        r.routes[i] = (struct ik_stack_route){
            .prefix = {ip4(0xcb007100), 24}, .port = (uint8_t)i, .via = ip4(i ? C : GW)};
    r.cfg.n_routes = 2;
    rig_start(&r);
    for (uint32_t host = 1; host < 32; host++) {
        uint8_t port[2];
        for (int i = 0; i < 2; i++) {
            uint8_t data[64];
            memset(data, i * 0x55, sizeof(data));
            struct ik_ip ip = head4(A, 0xcb007100 + host, IK_PROTO_UDP);
            ip.mf = i == 0;
            ip.offset_bytes = (uint16_t)(i * 64);
            packet_make(&p, &ip, (struct ik_rd){data, sizeof(data)});
            rig_in(&r, 0, NULL, rd_of(&p));
            port[i] = r.out[r.n_out - 1].port;
        }
        assert_int_equal(port[0], port[1]);
    }
    rig_end(&r);
}

static void port__that_is_down__has_no_routes(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    ik_stack_iface_up(r.s, r.now, 1, false);
    udp(&r, A, C, 64, 20);
    only_error(&r, 3, 0);
    ik_stack_iface_up(r.s, r.now, 1, true);
    udp(&r, A, C, 64, 20);
    assert_int_equal(r.out[0].port, 1);
    rig_end(&r);
}

/* Who may send a packet is asked before what is wrong with it: an answer would go to ourselves. */
static void truncated__from_a_source_that_cannot_be__is_not_answered(void **state)
{
    (void)state;
    struct rig r;
    static struct packet cut;
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    const uint32_t from[2] = {S, A};
    for (unsigned i = 0; i < 2; i++) {
        const struct ik_ip ip = head4(from[i], C, IK_PROTO_ICMP4);
        packet_echo(&cut, &ip, 64);
        cut.len -= 8;
        rig_in(&r, 0, NULL, rd_of(&cut));
        assert_int_equal(r.n_out, i);
        assert_int_equal(ik_stack_count(r.s, IK_STACK_ERRORS), i);
        assert_int_equal(ik_stack_count(r.s, IK_STACK_BAD_ADDRESS), 1);
    }
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet__loses_one_ttl__and_nothing_else),
        cmocka_unit_test(ttl__that_runs_out__is_told),
        cmocka_unit_test(no_route__is_told__by_kind),
        cmocka_unit_test(too_big__is_cut_or_told),
        cmocka_unit_test(frame_to_many__for_one__is_not_forwarded),
        cmocka_unit_test(addresses__that_nobody_has__stop_here),
        cmocka_unit_test(directed_broadcast__only_where_switched_on),
        cmocka_unit_test(host__forwards_nothing),
        cmocka_unit_test(cutoff__refuses_low_precedence__but_not_errors),
        cmocka_unit_test(balance__shares_as_it_says),
        cmocka_unit_test(fragments__go_one_way__whatever_they_hold),
        cmocka_unit_test(port__that_is_down__has_no_routes),
        cmocka_unit_test(truncated__from_a_source_that_cannot_be__is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
