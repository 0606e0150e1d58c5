/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

static struct packet p;
static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t other[6] = {2, 0, 0, 0, 0xcc, 3};
enum { B = 0x0a000103 }; /* a neighbour that has to be asked for */

static void arp(struct rig *r, uint16_t op, const uint8_t *dst, const uint8_t *mac, uint32_t sender,
                uint32_t target)
{
    uint8_t f[60] = {0}; /* padded, as on the wire */
    memcpy(f, dst, 6);
    memcpy(f + 6, mac, 6);
    memcpy(f + 12, (const uint8_t[8]){8, 6, 0, 1, 8, 0, 6, 4}, 8);
    ik_store_be16(f + 20, op);
    memcpy(f + 22, mac, 6);
    ik_store_be32(f + 28, sender);
    ik_store_be32(f + 38, target);
    rig_frame(r, 0, IK_MEDIUM_ETHER, NULL, (struct ik_rd){f, sizeof(f)});
}

/* Frame i asks for, or answers about, that address. */
static void is_arp(const struct rig *r, size_t i, uint16_t op, uint32_t sender, uint32_t target)
{
    assert_true(i < r->n_out);
    const uint8_t *f = r->out[i].bytes.p;
    assert_int_equal(r->out[i].bytes.left, 42);
    assert_int_equal(ik_load_be16(f + 12), 0x0806);
    assert_int_equal(ik_load_be16(f + 20), op);
    assert_memory_equal(f + 22, r->ifaces[0].mac, 6);
    assert_int_equal(ik_load_be32(f + 28), sender);
    assert_int_equal(ik_load_be32(f + 38), target);
}

static void echo(struct rig *r, uint32_t src)
{
    const struct ik_ip ip = head4(src, S, IK_PROTO_ICMP4);
    packet_echo(&p, &ip, 8);
    rig_in(r, 0, NULL, rd_of(&p));
}

static void start(struct rig *r)
{
    rig_init(r, IK_STACK_HOST);
    rig_start(r);
}

static void request__for_each_of_ours__is_answered(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    for (int second = 0; second < 2; second++) {
        arp(&r, 1, all, other, B, second ? S2 : S);
        assert_int_equal(r.n_out, 1);
        is_arp(&r, 0, 2, second ? S2 : S, B);
        assert_memory_equal(r.out[0].bytes.p, other, 6);
    }
    arp(&r, 1, all, other, B, A);
    assert_int_equal(r.n_out, 0);
    arp(&r, 1, all, other, 0, S); /* a probe (RFC 5227) */
    is_arp(&r, 0, 2, S, 0);
    /* who asked us is known: the reply needs no question */
    echo(&r, B);
    assert_int_equal(r.n_out, 1);
    assert_memory_equal(r.out[0].bytes.p, other, 6);
    rig_end(&r);
}

static void packet__waits_for_the_answer(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    echo(&r, B);
    assert_int_equal(r.n_out, 1);
    is_arp(&r, 0, 1, S, B);
    assert_memory_equal(r.out[0].bytes.p, all, 6);
    echo(&r, B);
    assert_int_equal(r.n_out, 0); /* asked once a second (RFC 1122 section 2.3.2.1) */
    arp(&r, 2, r.ifaces[0].mac, other, B, S);
    assert_int_equal(r.n_out, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(r.out[i].bytes.p, other, 6);
        assert_int_equal(out_icmp(&r, i).type, IK_ICMP4_ECHO_REPLY);
    }
    rig_end(&r);
}

static void queue__keeps_the_newest(void **state)
{
    /* RFC 1122 section 2.3.2.2 */
    (void)state;
    struct rig r;
    start(&r);
    for (uint8_t i = 0; i < 5; i++) {
        struct ik_ip ip = head4(B, S, IK_PROTO_ICMP4);
        ip.tos = (uint8_t)(i << 2);
        packet_echo(&p, &ip, 8);
        rig_in(&r, 0, NULL, rd_of(&p));
    }
    assert_int_equal(ik_stack_pool_used(r.pool), 3);
    arp(&r, 2, r.ifaces[0].mac, other, B, S);
    assert_int_equal(r.n_out, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(out_ip(&r, i).tos, (i + 2) << 2);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_UNRESOLVED), 2);
    rig_end(&r);
}

static void silence__ends_in_an_error__or_in_nothing(void **state)
{
    /* R1812-4.3.3.1-02: three questions, then code 1 for each packet that waited */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    for (int i = 0; i < 2; i++) {
        const struct ik_ip ip = head4(A, 0x0a000263, IK_PROTO_UDP);
        packet_udp(&p, &ip, 7, 8);
        rig_in(&r, 0, NULL, rd_of(&p));
    }
    rig_forget(&r);
    rig_run(&r, 3 * IK_NS_PER_S);
    assert_int_equal(r.n_out, 2 + 2); /* two more questions */
    for (size_t i = 2; i < 4; i++) {
        const struct ik_icmp m = out_icmp(&r, i);
        assert_int_equal(m.type, 3);
        assert_int_equal(m.code, 1);
    }
    assert_int_equal(ik_stack_pool_used(r.pool), 0);
    echo(&r, B); /* what the node itself could not send is nobody's loss */
    rig_forget(&r);
    rig_run(&r, 20 * IK_NS_PER_S);
    for (size_t i = 0; i < r.n_out; i++)
        assert_int_equal(r.out[i].bytes.left, 42);
    rig_end(&r);
}

static void strangers__teach_nothing(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    arp(&r, 2, r.ifaces[0].mac, other, B, S); /* an answer to no question */
    arp(&r, 1, all, other, 0xc6336401, S);    /* asks from another net */
    arp(&r, 1, all, other, 0xe0000001, S);    /* a group */
    arp(&r, 1, all, other, 0x0a0001ff, S);    /* the broadcast address */
    arp(&r, 1, all, r.ifaces[0].mac, B, S);   /* our own question come back */
    assert_int_equal(r.n_out, 0);
    echo(&r, B);
    is_arp(&r, 0, 1, S, B);
    rig_end(&r);
}

static void damaged__is_no_arp(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    for (size_t at = 0; at < 8; at++) {
        uint8_t f[42] = {0};
        memcpy(f, all, 6);
        memcpy(f + 6, other, 6);
        memcpy(f + 12, (const uint8_t[10]){8, 6, 0, 1, 8, 0, 6, 4, 0, 1}, 10);
        memcpy(f + 22, other, 6);
        ik_store_be32(f + 28, B);
        ik_store_be32(f + 38, S);
        f[14 + at] ^= 4;
        rig_frame(&r, 0, IK_MEDIUM_ETHER, NULL, (struct ik_rd){f, sizeof(f)});
        assert_int_equal(r.n_out, 0);
        f[14 + at] ^= 4;
        rig_frame(&r, 0, IK_MEDIUM_ETHER, NULL, (struct ik_rd){f, 41 - at});
        assert_int_equal(r.n_out, 0);
    }
    rig_end(&r);
}

static void conflict__is_told_and_changes_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.opt.events = true;
    rig_start(&r);
    uint8_t f[42] = {0};
    memcpy(f, all, 6);
    memcpy(f + 6, other, 6);
    memcpy(f + 12, (const uint8_t[10]){8, 6, 0, 1, 8, 0, 6, 4, 0, 1}, 10);
    memcpy(f + 22, other, 6);
    ik_store_be32(f + 28, S);
    ik_store_be32(f + 38, S);
    struct ik_event ev = {.kind = IK_EV_FRAME};
    ev.frame.bytes = (struct ik_rd){f, sizeof(f)};
    r.e->ops->input(r.e, r.now, 0, &ev, 1);
    const struct ik_record *rec = r.e->ops->record(r.e);
    assert_non_null(rec);
    assert_string_equal(rec->event.what, "address conflict: also used by 02000000cc03");
    rig_run(&r, r.now.mono);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* A reply to a group would have the whole link hear each answer that a stranger asks for. */
static void request__from_a_group_of_stations__is_no_arp(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    uint8_t f[60] = {0};
    memcpy(f, all, 6);
    memcpy(f + 6, other, 6);
    memcpy(f + 12, (const uint8_t[10]){8, 6, 0, 1, 8, 0, 6, 4, 0, 1}, 10);
    memcpy(f + 22, all, 6);
    ik_store_be32(f + 28, B);
    ik_store_be32(f + 38, S);
    rig_frame(&r, 0, IK_MEDIUM_ETHER, NULL, (struct ik_rd){f, sizeof(f)});
    assert_int_equal(r.n_out, 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_BAD_FRAME), 1);
    memcpy(f + 22, other, 6);
    rig_frame(&r, 0, IK_MEDIUM_ETHER, NULL, (struct ik_rd){f, sizeof(f)});
    assert_int_equal(r.n_out, 1);
    rig_end(&r);
}

/* Who asks for a whole net makes packets wait for neighbours that do not exist; those who speak to
 * others still find buffers. */
static void scan__of_a_net__leaves_buffers_for_the_others(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.opt.neighbours_max = 128;
    rig_start(&r);
    for (uint32_t i = 0; i < 3 * 100; i++) {
        const struct ik_ip ip = head4(A, T + 20 + i % 100, IK_PROTO_ICMP4);
        packet_echo(&p, &ip, 8);
        rig_in(&r, 0, NULL, rd_of(&p));
    }
    const struct ik_ip ip = head4(A, C, IK_PROTO_ICMP4);
    packet_echo(&p, &ip, 8);
    for (int i = 0; i < 100; i++) {
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 1);
        assert_int_equal(r.out[0].port, 1);
    }
    assert_int_equal(ik_stack_count(r.s, IK_STACK_NO_ROOM), 0);
    rig_end(&r);
}

/* A fragment of what C sends to B, through the router. */
static void fragment(struct rig *r, uint16_t id, uint16_t offset, bool more)
{
    static const uint8_t data[64];
    struct ik_ip ip = head4(C, B, IK_PROTO_UDP);
    ip.id = id;
    ip.offset_bytes = offset;
    ip.mf = more;
    packet_make(&p, &ip, (struct ik_rd){data, sizeof(data)});
    rig_in(r, 1, NULL, rd_of(&p));
}

static void router_start(struct rig *r)
{
    rig_init(r, IK_STACK_ROUTER);
    r->opt.error_unlimited = true;
    rig_start(r);
}

/* Without its first fragment the rest of a datagram is for nothing. */
static void fragments__that_are_forwarded__wait_all(void **state)
{
    (void)state;
    struct rig r;
    router_start(&r);
    for (uint16_t i = 0; i < 20; i++)
        fragment(&r, 7, (uint16_t)(64 * i), i < 19);
    arp(&r, 2, r.ifaces[0].mac, other, B, S);
    assert_int_equal(r.n_out, 20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(out_ip(&r, i).offset_bytes, 64 * i);
    rig_end(&r);
}

/* Five datagrams that come in between each other, room for three: those that cannot wait go whole,
 * and what comes of them later goes too. */
static void fragments__of_too_many_datagrams__go_whole(void **state)
{
    (void)state;
    struct rig r;
    router_start(&r);
    for (uint16_t part = 0; part < 3; part++)
        for (uint16_t id = 1; id <= 5; id++)
            fragment(&r, id, (uint16_t)(64 * part), part < 2);
    assert_int_equal(ik_stack_pool_used(r.pool), 9);
    arp(&r, 2, r.ifaces[0].mac, other, B, S);
    assert_int_equal(r.n_out, 9);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(out_ip(&r, i).id, 3 + i % 3);
        assert_int_equal(out_ip(&r, i).offset_bytes, 64 * (i / 3));
    }
    assert_int_equal(ik_stack_count(r.s, IK_STACK_UNRESOLVED), 6);
    rig_end(&r);
}

/* A datagram cut finer than anybody needs: it takes the place of those before it, but in the end
 * nothing of it is kept. */
static void fragments__without_end__are_given_up(void **state)
{
    (void)state;
    struct rig r;
    router_start(&r);
    fragment(&r, 1, 0, true);
    for (uint16_t i = 0; i < 200; i++)
        fragment(&r, 2, (uint16_t)(64 * i), true);
    fragment(&r, 3, 0, true);
    assert_in_range(ik_stack_pool_used(r.pool), 1, 3);
    arp(&r, 2, r.ifaces[0].mac, other, B, S);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(out_ip(&r, 0).id, 3);
    fragment(&r, 2, 64 * 200, false); /* now that B is known, everything goes */
    assert_int_equal(r.n_out, 1);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__for_each_of_ours__is_answered),
        cmocka_unit_test(packet__waits_for_the_answer),
        cmocka_unit_test(queue__keeps_the_newest),
        cmocka_unit_test(silence__ends_in_an_error__or_in_nothing),
        cmocka_unit_test(strangers__teach_nothing),
        cmocka_unit_test(damaged__is_no_arp),
        cmocka_unit_test(conflict__is_told_and_changes_nothing),
        cmocka_unit_test(request__from_a_group_of_stations__is_no_arp),
        cmocka_unit_test(scan__of_a_net__leaves_buffers_for_the_others),
        cmocka_unit_test(fragments__that_are_forwarded__wait_all),
        cmocka_unit_test(fragments__of_too_many_datagrams__go_whole),
        cmocka_unit_test(fragments__without_end__are_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
