/* SPDX-License-Identifier: MIT
 * The filter of a node: what it does with what a rule is about. */
#include "node_rig.h"

static struct rig r;
static struct packet p;
static struct ik_stack_filter_rule rules[2];

static void begin(struct ik_stack_filter_rule rule)
{
    rig_init(&r, IK_STACK_ROUTER);
    rules[0] = rule;
    r.opt.filter = rules;
    r.opt.n_filter = 1;
    r.opt.error_unlimited = true;
    rig_start(&r);
}

static void udp_in(uint32_t src, uint32_t dst, uint8_t tos)
{
    struct ik_ip ip = head4(src, dst, IK_PROTO_UDP);
    ip.tos = tos;
    packet_udp(&p, &ip, 80, 8);
    rig_in(&r, src == A ? 0 : 1, NULL, rd_of(&p));
}

static void tcp_in(uint32_t dst, uint8_t flags, uint32_t seq, uint32_t ack, bool damaged)
{
    uint8_t msg[40];
    size_t len;
    const struct ik_ip ip = head4(A, dst, IK_PROTO_TCP);
    const struct ik_rd data = {(const uint8_t *)"data", 4};
    const struct ik_tcp t = {.sport = 5000,
                             .dport = 80,
                             .flags = flags,
                             .seq = seq,
                             .ack = ack,
                             .options = ik_rd_head(data, 0),
                             .data = data};
    assert_int_equal(ik_tcp_encode(&t, &ip.src, &ip.dst, msg, sizeof(msg), &len), IK_OK);
    msg[16] ^= damaged;
    packet_make(&p, &ip, (struct ik_rd){msg, len});
    rig_in(&r, 0, NULL, rd_of(&p));
}

/* R1812-5.3.9-01 */
static void pass__drop_and_reject__silence_and_13(void **state)
{
    (void)state;
    begin((struct ik_stack_filter_rule){.act = IK_ACT_DROP, .direction = 1});
    udp_in(A, C, 0);
    assert_int_equal(r.n_out, 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_FILTERED), 1);
    rules[0].act = IK_ACT_REJECT;
    udp_in(A, C, 0);
    only_error(&r, 3, 13);
    rules[0].has_reject_code = true;
    rules[0].reject_code = 10;
    udp_in(A, C, 0);
    only_error(&r, 3, 10);
    rules[0].act = IK_ACT_ACCEPT;
    udp_in(A, C, 0);
    assert_int_equal(out_ip(&r, 0).proto, IK_PROTO_UDP);
    rig_end(&r);
}

static void pass__each_direction__is_its_own(void **state)
{
    (void)state;
    begin((struct ik_stack_filter_rule){.act = IK_ACT_DROP, .direction = 2});
    udp_in(A, C, 0); /* forwarded */
    assert_int_equal(r.n_out, 1);
    udp_in(A, S, 0); /* to the node: no "port unreachable" */
    assert_int_equal(r.n_out, 0);
    rules[0].direction = 3;
    udp_in(A, C, 0);
    assert_int_equal(out_ip(&r, 0).proto, IK_PROTO_UDP);
    udp_in(A, S, 0); /* its answer does not leave */
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* Else it would refuse its own answer, and be silence. R1812-5.3.9-01 */
static void pass__all_directions__the_answer_leaves(void **state)
{
    (void)state;
    begin((struct ik_stack_filter_rule){.act = IK_ACT_REJECT});
    udp_in(A, C, 0);
    only_error(&r, 3, 13);
    udp_in(A, S, 0);
    only_error(&r, 3, 13);
    rules[0].act = IK_ACT_REJECT_RESET;
    tcp_in(C, IK_TCP_SYN, 1, 0, false);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(out_ip(&r, 0).proto, IK_PROTO_TCP);
    rules[0].act = IK_ACT_DROP; /* what it drops it says nothing about, and sends nothing else */
    udp_in(A, S, 0);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R1812-5.3.3.3-01, R1812-5.3.3.3-02 */
static void pass__precedence__14_but_never_an_error(void **state)
{
    (void)state;
    begin(
        (struct ik_stack_filter_rule){.act = IK_ACT_REJECT, .direction = 1, .precedence_from = 6});
    udp_in(A, C, 0xc0);
    only_error(&r, 3, 14);
    udp_in(A, C, 0xa0);
    assert_int_equal(out_ip(&r, 0).proto, IK_PROTO_UDP);
    struct ik_icmp m = {.family = 4, .type = IK_ICMP4_TIME_EXCEEDED, .kind = IK_ICMP_ERROR};
    uint8_t msg[100];
    size_t len;
    m.error = (struct ik_icmp_error){.quote = ik_rd_head(rd_of(&p), 28)};
    assert_int_equal(ik_icmp_encode(&m, NULL, false, msg, sizeof(msg), &len), IK_OK);
    struct ik_ip ip = head4(C, A, IK_PROTO_ICMP4);
    ip.tos = 0xc0;
    packet_make(&p, &ip, (struct ik_rd){msg, len});
    rig_in(&r, 1, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 1);
    assert_int_equal(out_icmp(&r, 0).type, IK_ICMP4_TIME_EXCEEDED);
    rig_end(&r);
}

/* The reset comes from whom the segment was for, with the numbers that make it count (RFC 9293
 * section 3.10.7.1). */
static void pass__reset__as_if_the_destination_had(void **state)
{
    (void)state;
    static const struct {
        uint8_t flags;
        uint32_t seq, ack;
        uint8_t want_flags;
        uint32_t want_seq, want_ack;
    } cases[] = {
        {IK_TCP_SYN, 1000, 0, IK_TCP_RST | IK_TCP_ACK, 0, 1005},
        {IK_TCP_SYN | IK_TCP_FIN, UINT32_MAX, 0, IK_TCP_RST | IK_TCP_ACK, 0, 5},
        {IK_TCP_ACK, 1000, 77, IK_TCP_RST, 77, 0},
        {IK_TCP_SYN | IK_TCP_ACK, 1000, 77, IK_TCP_RST, 77, 0},
    };
    begin((struct ik_stack_filter_rule){.act = IK_ACT_REJECT_RESET, .direction = 1});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ik_tcp t;
        tcp_in(C, cases[i].flags, cases[i].seq, cases[i].ack, false);
        assert_int_equal(r.n_out, 1);
        assert_int_equal(r.out[0].port, 0);
        const struct ik_ip ip = out_ip(&r, 0);
        assert_int_equal(ik_load_be32(ip.src.bytes), C);
        assert_int_equal(ik_load_be32(ip.dst.bytes), A);
        assert_int_equal(ik_tcp_decode(&t, ip.payload, NULL), IK_OK);
        const uint64_t sum = ik_cksum_add_pseudo(0, &ip.src, &ip.dst, 6, (uint32_t)ip.payload.left);
        assert_int_equal(ik_cksum_fold(ik_cksum_add(sum, ip.payload)), 0);
        assert_int_equal(t.sport, 80);
        assert_int_equal(t.dport, 5000);
        assert_int_equal(t.flags, cases[i].want_flags);
        assert_int_equal(t.seq, cases[i].want_seq);
        assert_int_equal(t.ack, cases[i].want_ack);
    }
    tcp_in(C, IK_TCP_RST, 1, 0, false);
    assert_int_equal(r.n_out, 0);
    tcp_in(C, IK_TCP_SYN, 1, 0, true); /* nobody knows who sent that */
    assert_int_equal(r.n_out, 0);
    udp_in(A, C, 0); /* what has no reset is refused */
    only_error(&r, 3, 13);
    rig_end(&r);
}

/* What was for many has no end that could be said to reset it. */
static void reset__of_what_was_for_many__is_never_sent(void **state)
{
    (void)state;
    begin((struct ik_stack_filter_rule){.act = IK_ACT_REJECT_RESET, .direction = 2});
    tcp_in(0xffffffff, IK_TCP_SYN, 1, 0, false);
    assert_int_equal(r.n_out, 0);
    tcp_in(0xe0000001, IK_TCP_SYN, 1, 0, false);
    assert_int_equal(r.n_out, 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_FILTERED), 2);
    tcp_in(S, IK_TCP_SYN, 1, 0, false);
    assert_int_equal(r.n_out, 1);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pass__drop_and_reject__silence_and_13),
        cmocka_unit_test(pass__each_direction__is_its_own),
        cmocka_unit_test(pass__all_directions__the_answer_leaves),
        cmocka_unit_test(pass__precedence__14_but_never_an_error),
        cmocka_unit_test(pass__reset__as_if_the_destination_had),
        cmocka_unit_test(reset__of_what_was_for_many__is_never_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
