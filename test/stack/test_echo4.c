/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

static void echo__to_each_address__comes_from_it(void **state)
{
    /* R792-Echo-01 R1122-3.2.2.6-01 R1122-3.2.2.6-04 R1122-3.2.2.6-05 */
    (void)state;
    struct rig r;
    static struct packet p;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    for (int second = 0; second < 2; second++) {
        struct ik_ip ip = head4(A, second ? S2 : S, IK_PROTO_ICMP4);
        ip.tos = 0xb8;
        packet_echo(&p, &ip, 57); /* odd, so that padding would show */
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 1);
        const struct ik_ip out = out_ip(&r, 0);
        const struct ik_icmp m = out_icmp(&r, 0);
        assert_int_equal(ik_load_be32(out.src.bytes), second ? S2 : S);
        assert_int_equal(ik_load_be32(out.dst.bytes), A);
        assert_int_equal(out.tos, 0xb8); /* R1812-4.3.2.5-03 */
        assert_int_equal(out.ttl, 64);
        assert_int_equal(m.type, IK_ICMP4_ECHO_REPLY);
        assert_int_equal(m.echo.id, 0x1234);
        assert_int_equal(m.echo.seq, 7);
        assert_int_equal(m.echo.data.left, 57);
        assert_memory_equal(m.echo.data.p, p.b + 28, 57);
        assert_memory_equal(r.out[0].bytes.p, rig_peer, 6);
    }
    assert_int_equal(ik_stack_count(r.s, IK_STACK_ECHOED), 2);
    rig_end(&r);
}

static void echo__with_link_padding__does_not_return_it(void **state)
{
    /* R791-3.1-03 */
    (void)state;
    struct rig r;
    static struct packet p;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    packet_echo(&p, &ip, 0);
    memset(p.b + p.len, 0xee, 18);
    p.len += 18;
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 1);
    assert_int_equal(out_ip(&r, 0).length_field, 28);
    assert_int_equal(r.out[0].bytes.left, 14 + 28);
    rig_end(&r);
}

static void echo__with_ttl_0_or_1__is_answered(void **state)
{
    /* R1122-3.2.1.7-02 */
    (void)state;
    struct rig r;
    static struct packet p;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    for (uint8_t ttl = 0; ttl < 2; ttl++) {
        struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
        ip.ttl = ttl;
        packet_echo(&p, &ip, 8);
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(out_icmp(&r, 0).type, IK_ICMP4_ECHO_REPLY);
    }
    rig_end(&r);
}

static void echo__to_broadcast__only_where_asked_for(void **state)
{
    /* R1122-3.2.2.6-03 R1122-3.2.1.3-03 */
    (void)state;
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static struct packet p;
    for (int on = 0; on < 2; on++) {
        struct rig r;
        rig_init(&r, IK_STACK_HOST);
        r.opt.echo_broadcast = on;
        rig_start(&r);
        const uint32_t to[3] = {0xffffffff, 0x0a0001ff, 0xe0000001};
        for (int i = 0; i < 3; i++) {
            const struct ik_ip ip = head4(A, to[i], IK_PROTO_ICMP4);
            packet_echo(&p, &ip, 8);
            rig_in(&r, 0, all, rd_of(&p));
            assert_int_equal(r.n_out, on);
            if (on)
                assert_int_equal(ik_load_be32(out_ip(&r, 0).src.bytes), S);
        }
        rig_end(&r);
    }
}

static void echo__damaged__is_silent(void **state)
{
    /* R792-Formats-04 R1122-3.2.1.2-01 */
    (void)state;
    struct rig r;
    static struct packet p;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    for (size_t at = 0; at < 36; at++) { /* any bit of header or message */
        packet_echo(&p, &ip, 8);
        p.b[at] ^= 0x10;
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 0);
    }
    for (size_t len = 0; len < 28; len++) { /* truncation sweep */
        packet_echo(&p, &ip, 8);
        rig_in(&r, 0, NULL, (struct ik_rd){p.b, len});
        assert_int_equal(r.n_out, 0);
    }
    rig_end(&r);
}

static void echo__switched_off__is_silent(void **state)
{
    /* R1812-4.3.3.6-02 */
    (void)state;
    static struct packet p;
    for (int how = 0; how < 2; how++) {
        struct rig r;
        rig_init(&r, IK_STACK_HOST);
        r.opt.no_echo = how == 0;
        r.opt.silent = how == 1;
        rig_start(&r);
        const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
        packet_echo(&p, &ip, 8);
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 0);
        rig_end(&r);
    }
}

static void echo__odd_cut__loses_the_last_byte_with_a_right_checksum(void **state)
{
    (void)state;
    struct rig r;
    static struct packet p;
    rig_init(&r, IK_STACK_HOST);
    r.opt.odd = IK_ODD_ECHO_CUT;
    rig_start(&r);
    const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    packet_echo(&p, &ip, 56);
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(out_icmp(&r, 0).echo.data.left, 55);
    packet_echo(&p, &ip, 0);
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(out_icmp(&r, 0).echo.data.left, 0);
    rig_end(&r);
}

static void prefixes__stand_for_many_hosts__those_alive_answer(void **state)
{
    (void)state;
    struct rig r;
    static struct packet p;
    const struct ik_prefix net = {.addr = ip4(0xc6336400), .bits = 24}; /* 198.51.100.0/24 */
    rig_init(&r, IK_STACK_HOST);
    r.opt.prefixes = &net;
    r.opt.n_prefixes = 1;
    r.opt.alive_permille = 300;
    rig_start(&r);
    unsigned alive = 0;
    for (uint32_t i = 0; i < 256; i++) {
        const struct ik_ip ip = head4(A, 0xc6336400 + i, IK_PROTO_ICMP4);
        packet_echo(&p, &ip, 8);
        rig_in(&r, 0, NULL, rd_of(&p));
        if (r.n_out)
            assert_int_equal(ik_load_be32(out_ip(&r, 0).src.bytes), 0xc6336400 + i);
        const size_t first = r.n_out;
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, first); /* the same ones every time */
        alive += (unsigned)first;
    }
    assert_in_range(alive, 40, 115); /* 77 expected */
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo__to_each_address__comes_from_it),
        cmocka_unit_test(echo__with_link_padding__does_not_return_it),
        cmocka_unit_test(echo__with_ttl_0_or_1__is_answered),
        cmocka_unit_test(echo__to_broadcast__only_where_asked_for),
        cmocka_unit_test(echo__damaged__is_silent),
        cmocka_unit_test(echo__switched_off__is_silent),
        cmocka_unit_test(echo__odd_cut__loses_the_last_byte_with_a_right_checksum),
        cmocka_unit_test(prefixes__stand_for_many_hosts__those_alive_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
