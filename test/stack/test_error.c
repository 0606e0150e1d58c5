/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

static struct packet p;

static void closed(struct rig *r, uint32_t src, uint32_t dst, const uint8_t *mac)
{
    const struct ik_ip ip = head4(src, dst, IK_PROTO_UDP);
    packet_udp(&p, &ip, 9, 4);
    rig_in(r, 0, mac, rd_of(&p));
}

static void start(struct rig *r, enum ik_stack_kind kind)
{
    rig_init(r, kind);
    r->opt.error_unlimited = true;
    rig_start(r);
}

static void closed_port__is_told__with_what_came(void **state)
{
    /* R1122-3.2.2.1-02 R1122-3.2.2-02 R1122-3.2.2-03 R1122-3.2.2-05 */
    (void)state;
    struct rig r;
    start(&r, IK_STACK_HOST);
    struct ik_ip ip = head4(A, S2, IK_PROTO_UDP);
    ip.tos = 0x10;
    ip.id = 0xbeef;
    ip.df = true;
    packet_udp(&p, &ip, 9, 4);
    rig_in(&r, 0, NULL, rd_of(&p));
    const struct ik_icmp m = only_error(&r, 3, 3);
    assert_int_equal(m.error.quote.left, p.len);
    assert_memory_equal(m.error.quote.p, p.b, p.len);
    assert_int_equal(m.error.rest, 0);
    assert_int_equal(ik_load_be32(out_ip(&r, 0).src.bytes), S2);
    assert_int_equal(out_ip(&r, 0).tos, 0);
    rig_end(&r);
}

static void unknown_protocol__is_told__but_not_about_fragments(void **state)
{
    /* R1122-3.2.2.1-01 R1122-3.2.2-09 R792-Intro-03 */
    (void)state;
    struct rig r;
    start(&r, IK_STACK_HOST);
    uint8_t data[16] = {0};
    struct ik_ip ip = head4(A, S, 253);
    packet_make(&p, &ip, (struct ik_rd){data, sizeof(data)});
    rig_in(&r, 0, NULL, rd_of(&p));
    only_error(&r, 3, 2);
    ip.offset_bytes = 64;
    packet_make(&p, &ip, (struct ik_rd){data, sizeof(data)});
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void error__about_an_error__is_never_sent(void **state)
{
    /* R1122-3.2.2-06 R1812-4.3.2.7-01 R792-Intro-01 R792-Intro-02 */
    (void)state;
    struct rig r;
    start(&r, IK_STACK_ROUTER);
    const uint8_t types[] = {3, 4, 5, 11, 12};
    for (size_t i = 0; i < sizeof(types); i++) {
        uint8_t msg[36] = {types[i]};
        struct ik_ip ip = head4(A, C, IK_PROTO_ICMP4);
        ip.ttl = 1;
        packet_make(&p, &ip, (struct ik_rd){msg, sizeof(msg)});
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 0);
    }
    assert_int_equal(ik_stack_count(r.s, IK_STACK_ERRORS_SUPPRESSED), 5);
    struct ik_ip ip = head4(A, C, IK_PROTO_ICMP4);
    ip.ttl = 1;
    packet_echo(&p, &ip, 8);
    rig_in(&r, 0, NULL, rd_of(&p));
    only_error(&r, 11, 0);
    rig_end(&r);
}

static void destination__of_many__begets_no_error(void **state)
{
    /* R1122-3.2.2-07 R1122-3.2.2-08 R1122-3.3.6-02 R1112-7.2-01 */
    (void)state;
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct rig r;
    start(&r, IK_STACK_HOST);
    const uint32_t to[] = {0xffffffff, 0x0a0001ff, 0x0a000100, 0, 0xe0000001, S};
    for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
        closed(&r, A, to[i], all);
        assert_int_equal(r.n_out, 0);
    }
    closed(&r, A, 0x0a0001ff, NULL); /* a broadcast in a frame to us alone */
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void source__that_is_no_host__gets_no_error(void **state)
{
    /* R1122-3.2.2-10 R1122-3.2.1.3-02 */
    (void)state;
    struct rig r;
    start(&r, IK_STACK_HOST);
    const uint32_t from[] = {0, 0x7f000001, 0xffffffff, 0x0a0001ff, 0xe0000009, 0xf0000001, S};
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        closed(&r, from[i], S, NULL);
        assert_int_equal(r.n_out, 0);
    }
    rig_end(&r);
}

/* A packet that claims to come from the router itself is forged, and so is the cut one: the check
 * of lengths, which comes first, must not send the forger's error to an address of our own. */
static void source__forged_to_be_the_router__gets_no_error(void **state)
{
    (void)state;
    struct rig r;
    start(&r, IK_STACK_ROUTER);
    const uint32_t own[] = {S, T};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        const struct ik_ip ip = head4(own[i], FAR, IK_PROTO_UDP);
        packet_udp(&p, &ip, 9, 4);
        rig_in(&r, 0, NULL, ik_rd_head(rd_of(&p), p.len - 2));
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 0);
    }
    assert_int_equal(ik_stack_count(r.s, IK_STACK_ERRORS), 0); /* nor to ourselves */
    const struct ik_ip ip = head4(A, FAR, IK_PROTO_UDP);
    packet_udp(&p, &ip, 9, 4);
    rig_in(&r, 0, NULL, ik_rd_head(rd_of(&p), p.len - 2));
    only_error(&r, 12, 0);
    rig_end(&r);
}

static void router__speaks_from_the_way_back__with_precedence(void **state)
{
    /* R1812-4.3.2.4-01 R1812-4.3.2.5-01 R1812-4.3.2.5-02 R1812-4.3.2.2-01 */
    (void)state;
    for (int from = 0; from < 3; from++) {
        struct rig r;
        rig_init(&r, IK_STACK_ROUTER);
        r.opt.from = (enum ik_stack_from)from;
        r.opt.from4 = ip4(0xc0000201);
        rig_start(&r);
        /* a source that is reached by port 1, though it speaks on port 0 */
        struct ik_ip ip = head4(C, FAR, IK_PROTO_UDP);
        ip.tos = 0x08;
        packet_udp(&p, &ip, 9, 4);
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 1);
        assert_int_equal(r.out[0].port, 1);
        const uint32_t expected[] = {T, S, 0xc0000201};
        assert_int_equal(ik_load_be32(out_ip(&r, 0).src.bytes), expected[from]);
        assert_int_equal(out_ip(&r, 0).tos, 0xc8);
        assert_int_equal(out_ip(&r, 0).ttl, 64);
        rig_end(&r);
    }
}

static void quote__is_as_long_as_asked_for(void **state)
{
    /* R1812-4.3.2.3-01 */
    (void)state;
    const struct {
        uint16_t option;
        size_t total;
    } cases[] = {{0, 576}, {8, 56}, {100, 128}, {548, 576}, {0xffff, 1456}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rig r;
        rig_init(&r, IK_STACK_ROUTER);
        r.opt.quote_bytes = cases[i].option;
        rig_start(&r);
        const struct ik_ip ip = head4(A, FAR, IK_PROTO_UDP);
        packet_udp(&p, &ip, 9, 1400);
        rig_in(&r, 0, NULL, rd_of(&p));
        const struct ik_icmp m = only_error(&r, 3, 0);
        assert_int_equal(out_ip(&r, 0).total_bytes, cases[i].total);
        assert_memory_equal(m.error.quote.p, p.b, m.error.quote.left);
        rig_end(&r);
    }
}

static void labels__travel_in_errors_about_forwarded_packets(void **state)
{
    /* R4950-5-02 R4884-7-01 */
    (void)state;
    struct rig r;
    const uint32_t labels[2] = {16 << 12 | 1, 100 << 12 | 1};
    rig_init(&r, IK_STACK_ROUTER);
    r.opt.mpls_labels = labels;
    r.opt.n_mpls_labels = 2;
    r.opt.ifinfo = 5;
    rig_start(&r);
    struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
    ip.ttl = 1;
    packet_udp(&p, &ip, 9, 1400);
    rig_in(&r, 0, NULL, rd_of(&p));
    const struct ik_icmp m = only_error(&r, 11, 0);
    assert_true(out_ip(&r, 0).total_bytes <= 576);
    assert_true(m.error.quote.left >= 128);
    struct ik_rd objects;
    struct ik_ext_object o;
    struct ik_mpls l;
    assert_int_equal(ik_ext_check(m.error.extensions, 4, NULL), IK_OK);
    assert_int_equal(ik_ext_open(&objects, m.error.extensions, NULL), IK_OK);
    assert_int_equal(ik_ext_take(&objects, &o, NULL), IK_OK);
    assert_int_equal(ik_mpls_take(&o.payload, &l), IK_OK);
    assert_int_equal(l.label, 16);
    assert_false(l.bottom);
    assert_int_equal(ik_mpls_take(&o.payload, &l), IK_OK);
    assert_int_equal(l.label, 100);
    assert_true(l.bottom);
    for (int i = 0; i < 2; i++) {
        struct ik_ifinfo info;
        assert_int_equal(ik_ext_take(&objects, &o, NULL), IK_OK);
        assert_int_equal(ik_ifinfo_decode(&info, &o, NULL), IK_OK);
        assert_int_equal(info.role, i ? 2 : 0);
        assert_int_equal(info.index, i + 1);
        assert_int_equal(ik_load_be32(info.addr.bytes), i ? T : S);
        assert_memory_equal(info.name.p, i ? "eth1" : "eth0", 4);
    }
    /* a packet for the router itself never was in a label switched path */
    closed(&r, A, S, NULL);
    const struct ik_icmp own = only_error(&r, 3, 3);
    assert_int_equal(ik_ext_open(&objects, own.error.extensions, NULL), IK_OK);
    assert_int_equal(ik_ext_take(&objects, &o, NULL), IK_OK);
    assert_int_equal(o.class_num, 2);
    rig_end(&r);
}

static void rate__of_one_destination__leaves_the_others_theirs(void **state)
{
    /* R4443-2.4f-02 R1812-4.3.2.8-01 */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    size_t told = 0;
    for (int i = 0; i < 100; i++) {
        closed(&r, A, S, NULL);
        told += r.n_out;
    }
    assert_int_equal(told, 10);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_ERRORS_LIMITED), 90);
    closed(&r, GW, S, NULL);
    assert_int_equal(r.n_out, 1);
    rig_run(&r, IK_NS_PER_S);
    told = 0;
    for (int i = 0; i < 100; i++) {
        closed(&r, A, S, NULL);
        told += r.n_out;
    }
    assert_int_equal(told, 10);
    rig_end(&r);
}

static void switches__silence_their_kind(void **state)
{
    /* R1812-5.2.7.1-04 */
    (void)state;
    for (int which = 0; which < 4; which++) {
        struct rig r;
        rig_init(&r, IK_STACK_ROUTER);
        r.opt.silent = which == 0;
        r.opt.no_unreachable = which == 1;
        r.opt.no_time_exceeded = which == 2;
        r.opt.no_prohibited = which == 3;
        r.routes[0] =
            (struct ik_stack_route){.prefix = {ip4(0xc6140000), 16}, .kind = IK_STACK_ROUTE_REJECT};
        r.cfg.n_routes = 1;
        rig_start(&r);
        closed(&r, A, FAR, NULL);
        assert_int_equal(r.n_out, which >= 2);
        closed(&r, A, 0xc6140001, NULL);
        assert_int_equal(r.n_out, which == 2);
        struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
        ip.ttl = 1;
        packet_udp(&p, &ip, 9, 4);
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, which == 1 || which == 3);
        rig_end(&r);
    }
}

static void odd_ways__are_as_they_are_met(void **state)
{
    (void)state;
    for (int bit = 0; bit < 5; bit++) {
        struct rig r;
        rig_init(&r, IK_STACK_ROUTER);
        r.opt.odd = 1u << bit;
        rig_start(&r);
        struct ik_ip ip = head4(A, FAR, IK_PROTO_UDP);
        ip.ttl = 33;
        packet_udp(&p, &ip, 9, 4);
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 1);
        const struct ik_ip out = out_ip(&r, 0);
        const uint8_t *quote = out.payload.p + 8;
        const bool right = ik_cksum_fold(ik_cksum_add(0, out.payload)) == 0;
        assert_int_equal(right, 1u << bit != IK_ODD_BAD_CHECKSUM);
        assert_int_equal(out.ttl, 1u << bit == IK_ODD_TTL_COPIED ? 33 : 64);
        assert_int_equal(ik_load_be16(quote + 2),
                         p.len + (1u << bit == IK_ODD_QUOTE_LENGTH ? 20 : 0));
        struct packet less = p; /* its header checksum after the decrement */
        less.b[8]--;
        ik_store_be16(less.b + 10, 0);
        ik_store_be16(less.b + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){less.b, 20})));
        assert_int_equal(ik_load_be16(quote + 10),
                         ik_load_be16((1u << bit == IK_ODD_QUOTE_CHECKSUM ? less.b : p.b) + 10));
        rig_end(&r);
    }
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.opt.odd = IK_ODD_ZERO_TTL;
    rig_start(&r);
    struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
    ip.ttl = 1;
    packet_udp(&p, &ip, 9, 4);
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(out_ip(&r, 0).ttl, 0);
    assert_int_equal(r.out[0].port, 1);
    rig_end(&r);
}

/* R4443-2.4f-02: by a source route turned round errors about many sources go to one node: it is
 * that one's share which they use up. */
static void rate__is_that_of_whom_the_error_goes_to(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.opt.error_rate_all = r.opt.error_burst_all = 1000000;
    rig_start(&r);
    const uint8_t route[8] = {IK_IPOPT_LSRR, 7, 8, 10, 0, 1, 2, 0};
    const uint8_t data[8] = {0};
    size_t told = 0;
    for (uint32_t i = 0; i < 40; i++) {
        struct ik_ip ip = head4(0xc6336401 + i, FAR, 253);
        ip.options = (struct ik_rd){route, sizeof(route)};
        ip.header_bytes += sizeof(route);
        packet_make(&p, &ip, (struct ik_rd){data, sizeof(data)});
        rig_in(&r, 0, NULL, rd_of(&p));
        if (r.n_out)
            assert_int_equal(ik_load_be32(out_ip(&r, 0).dst.bytes), A);
        told += r.n_out;
    }
    assert_int_equal(told, 10);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_port__is_told__with_what_came),
        cmocka_unit_test(unknown_protocol__is_told__but_not_about_fragments),
        cmocka_unit_test(error__about_an_error__is_never_sent),
        cmocka_unit_test(destination__of_many__begets_no_error),
        cmocka_unit_test(source__that_is_no_host__gets_no_error),
        cmocka_unit_test(source__forged_to_be_the_router__gets_no_error),
        cmocka_unit_test(router__speaks_from_the_way_back__with_precedence),
        cmocka_unit_test(quote__is_as_long_as_asked_for),
        cmocka_unit_test(labels__travel_in_errors_about_forwarded_packets),
        cmocka_unit_test(rate__of_one_destination__leaves_the_others_theirs),
        cmocka_unit_test(switches__silence_their_kind),
        cmocka_unit_test(odd_ways__are_as_they_are_met),
        cmocka_unit_test(rate__is_that_of_whom_the_error_goes_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
