/* SPDX-License-Identifier: MIT
 * UDP and TCP as targets. */
#include "node_rig.h"

static struct packet p;
static const uint16_t open_udp[] = {53}, open_tcp[] = {80, 443};

static void start(struct rig *r)
{
    rig_init(r, IK_STACK_HOST);
    r->opt.udp_open = open_udp;
    r->opt.n_udp_open = 1;
    r->opt.tcp_open = open_tcp;
    r->opt.n_tcp_open = 2;
    rig_start(r);
}

static void tcp(struct rig *r, uint32_t dst, struct ik_tcp t)
{
    uint8_t msg[64];
    size_t len;
    struct ik_ip ip = head4(A, dst, IK_PROTO_TCP);
    t.sport = t.sport ? t.sport : 40000;
    assert_int_equal(ik_tcp_encode(&t, &ip.src, &ip.dst, msg, sizeof(msg), &len), IK_OK);
    packet_make(&p, &ip, (struct ik_rd){msg, len});
    rig_in(r, 0, NULL, rd_of(&p));
}

/* The only frame is a segment with a right checksum. */
static struct ik_tcp answer(const struct rig *r)
{
    struct ik_tcp t;
    assert_int_equal(r->n_out, 1);
    const struct ik_ip ip = out_ip(r, 0);
    assert_int_equal(ip.proto, IK_PROTO_TCP);
    const uint64_t sum = ik_cksum_add_pseudo(0, &ip.src, &ip.dst, 6, (uint32_t)ip.payload.left);
    assert_int_equal(ik_cksum_fold(ik_cksum_add(sum, ip.payload)), 0);
    assert_int_equal(ik_tcp_decode(&t, ip.payload, NULL), IK_OK);
    assert_int_equal(t.dport, 40000);
    return t;
}

static void udp_port__open__is_silent__closed_answers(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    const struct ik_ip ip = head4(A, S, IK_PROTO_UDP);
    packet_udp(&p, &ip, 53, 8);
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 0);
    packet_udp(&p, &ip, 54, 8);
    rig_in(&r, 0, NULL, rd_of(&p));
    only_error(&r, 3, 3);
    packet_udp(&p, &ip, 54, 8);
    p.b[28] ^= 1; /* a wrong checksum is nobody's datagram */
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 0);
    ik_store_be16(p.b + 26, 0); /* none is right */
    rig_in(&r, 0, NULL, rd_of(&p));
    only_error(&r, 3, 3);
    ik_store_be16(p.b + 24, 17); /* longer than what there is */
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void syn__to_a_closed_port__is_reset(void **state)
{
    /* R1122-3.2.2.1-02: TCP refuses by itself, without ICMP */
    (void)state;
    struct rig r;
    start(&r);
    tcp(&r, S, (struct ik_tcp){.dport = 81, .seq = 1000, .flags = IK_TCP_SYN});
    struct ik_tcp t = answer(&r);
    assert_int_equal(t.flags, IK_TCP_RST | IK_TCP_ACK);
    assert_int_equal(t.seq, 0);
    assert_int_equal(t.ack, 1001);
    tcp(&r, S, (struct ik_tcp){.dport = 81, .seq = 1, .ack = 77, .flags = IK_TCP_ACK});
    t = answer(&r);
    assert_int_equal(t.flags, IK_TCP_RST);
    assert_int_equal(t.seq, 77);
    tcp(&r, S, (struct ik_tcp){.dport = 81, .flags = IK_TCP_RST});
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void syn__to_an_open_port__is_accepted__and_nothing_more(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    tcp(&r, S2, (struct ik_tcp){.dport = 443, .seq = 0xffffffff, .flags = IK_TCP_SYN});
    struct ik_tcp t = answer(&r);
    assert_int_equal(t.flags, IK_TCP_SYN | IK_TCP_ACK);
    assert_int_equal(t.ack, 0);
    assert_int_equal(t.sport, 443);
    assert_int_equal(t.options.left, 4);
    assert_int_equal(ik_load_be16(t.options.p + 2), 1460);
    const uint32_t isn = t.seq;
    tcp(&r, S2, (struct ik_tcp){.dport = 443, .seq = 5, .flags = IK_TCP_SYN});
    assert_int_equal(answer(&r).seq, isn); /* of no memory, but of the key */
    tcp(&r, S2,
        (struct ik_tcp){
            .dport = 443, .sport = 40000, .seq = 0, .ack = isn + 1, .flags = IK_TCP_ACK});
    assert_int_equal(r.n_out, 0);
    tcp(&r, S2, (struct ik_tcp){.dport = 443, .seq = 0, .ack = isn + 2, .flags = IK_TCP_ACK});
    assert_int_equal(answer(&r).flags, IK_TCP_RST);
    tcp(&r, S2, (struct ik_tcp){.dport = 80, .seq = 5, .flags = IK_TCP_SYN});
    assert_int_not_equal(answer(&r).seq, isn);
    rig_end(&r);
}

static void segment__to_many__or_damaged__is_dropped(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    tcp(&r, 0x0a0001ff, (struct ik_tcp){.dport = 81, .flags = IK_TCP_SYN});
    assert_int_equal(r.n_out, 0);
    tcp(&r, S, (struct ik_tcp){.dport = 81, .flags = IK_TCP_SYN});
    assert_int_equal(r.n_out, 1);
    p.b[22] ^= 1;
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void land__takes_only_a_legacy_node_down(void **state)
{
    (void)state;
    for (int legacy = 0; legacy < 2; legacy++) {
        struct rig r;
        rig_init(&r, IK_STACK_HOST);
        r.opt.legacy = legacy ? IK_LEGACY_LAND : 0;
        rig_start(&r);
        uint8_t msg[64];
        size_t len;
        const struct ik_ip ip = head4(S, S, IK_PROTO_TCP);
        const struct ik_tcp t = {.sport = 139, .dport = 139, .flags = IK_TCP_SYN};
        assert_int_equal(ik_tcp_encode(&t, &ip.src, &ip.dst, msg, sizeof(msg), &len), IK_OK);
        packet_make(&p, &ip, (struct ik_rd){msg, len});
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 0);
        assert_int_equal(ik_stack_down(r.s) != NULL, legacy);
        rig_end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_port__open__is_silent__closed_answers),
        cmocka_unit_test(syn__to_a_closed_port__is_reset),
        cmocka_unit_test(syn__to_an_open_port__is_accepted__and_nothing_more),
        cmocka_unit_test(segment__to_many__or_damaged__is_dropped),
        cmocka_unit_test(land__takes_only_a_legacy_node_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
