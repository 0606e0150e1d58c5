/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

/* Cuts a packet for that MTU; returns how many fragments. */
static size_t cut(const struct packet *p, uint32_t mtu, struct packet *out, size_t most)
{
    struct ik_ip ip;
    struct ik_frag f;
    size_t n = 0;
    assert_int_equal(ik_ip_decode(&ip, rd_of(p), NULL), IK_OK);
    assert_int_equal(ik_frag_init(&f, &ip, mtu, ip.id), IK_OK);
    while (n < most && ik_frag_take(&f, out[n].b, sizeof(out[n].b), &out[n].len) == IK_OK)
        n++;
    return n;
}

/* A fragment by hand. */
static void piece(struct packet *out, uint32_t offset, bool more, size_t bytes, uint8_t fill)
{
    static uint8_t data[65536];
    struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    memset(data, fill, bytes);
    ip.offset_bytes = (uint16_t)offset;
    ip.mf = more;
    packet_make(out, &ip, (struct ik_rd){data, bytes});
}

static struct packet whole, parts[64];

static void in(struct rig *r, const struct packet *p)
{
    rig_in(r, 0, NULL, rd_of(p));
}

static void fragments__in_any_order__make_one_datagram(void **state)
{
    /* R791-3.1-05 R1122-3.3.2-01 */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    packet_echo(&whole, &ip, 1400);
    for (int order = 0; order < 2; order++) {
        const size_t n = cut(&whole, 276, parts, 64);
        assert_int_equal(n, 6);
        for (size_t i = 0; i < n; i++) {
            in(&r, &parts[order ? n - 1 - i : i]);
            assert_int_equal(r.n_out, i + 1 == n);
            if (i + 1 < n)
                in(&r, &parts[order ? n - 1 - i : i]); /* duplicates do no harm */
        }
        assert_memory_equal(out_icmp(&r, 0).echo.data.p, whole.b + 28, 1400);
    }
    assert_int_equal(ik_stack_count(r.s, IK_STACK_REASSEMBLED), 2);
    rig_end(&r);
}

static void largest__echo__comes_back_in_fragments(void **state)
{
    /* R1122-3.2.2.6-05: 65,507 octets of data; the pool has room for one datagram only */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_pool(&r, 256, 1);
    rig_start(&r);
    const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    packet_echo(&whole, &ip, 65507);
    const size_t n = cut(&whole, 1500, parts, 64);
    assert_int_equal(n, 45);
    for (size_t i = 0; i < n; i++)
        in(&r, &parts[i]);
    assert_int_equal(r.n_out, 45);
    static uint8_t back[65536];
    size_t total = 0;
    for (size_t i = 0; i < r.n_out; i++) {
        const struct ik_ip f = out_ip(&r, i);
        assert_int_equal(f.offset_bytes, total); /* in order, without gaps */
        memcpy(back + total, f.payload.p, f.payload.left);
        total += f.payload.left;
    }
    assert_int_equal(total, 65515);
    assert_int_equal(ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){back, total})), 0);
    assert_int_equal(back[0], IK_ICMP4_ECHO_REPLY);
    assert_memory_equal(back + 8, whole.b + 28, 65507);
    rig_end(&r);
}

static void datagrams__that_differ_in_protocol_or_id__are_not_mixed(void **state)
{
    /* R791-3.2-03 */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    packet_echo(&whole, &ip, 600);
    assert_int_equal(cut(&whole, 420, parts, 64), 2);
    in(&r, &parts[0]);
    struct packet *other = &parts[8];
    *other = parts[1];
    other->b[9] = IK_PROTO_UDP;
    ik_store_be16(other->b + 10, ik_cksum_update(ik_load_be16(other->b + 10), 0x4001, 0x4011));
    in(&r, other);
    assert_int_equal(r.n_out, 0);
    *other = parts[1];
    ik_store_be16(other->b + 4, 0x4243);
    ik_store_be16(other->b + 10, ik_cksum_update(ik_load_be16(other->b + 10), 0x4242, 0x4243));
    in(&r, other);
    assert_int_equal(r.n_out, 0);
    in(&r, &parts[1]);
    assert_int_equal(out_icmp(&r, 0).type, IK_ICMP4_ECHO_REPLY);
    rig_end(&r);
}

static void fragment__past_the_end__harms_nothing(void **state)
{
    /* R791-3.2-04 */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    piece(&parts[0], 8189 * 8, false, 1000, 0xaa);
    in(&r, &parts[0]);
    assert_int_equal(r.n_out, 0);
    assert_int_equal(ik_stack_pool_used(r.pool), 0);
    piece(&parts[0], 65504, false, 11, 0xaa); /* 20 + 65504 + 11: the last octet there may be */
    in(&r, &parts[0]);
    assert_int_equal(ik_stack_pool_used(r.pool), 1);
    piece(&parts[0], 65504, false, 12, 0xaa);
    in(&r, &parts[0]);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_REASSEMBLY_DROPPED), 2);
    rig_end(&r);
}

static void ping_of_death__takes_a_legacy_node_down(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.opt.legacy = IK_LEGACY_PING_OF_DEATH;
    rig_start(&r);
    assert_null(ik_stack_down(r.s));
    piece(&parts[0], 8189 * 8, false, 1000, 0xaa);
    in(&r, &parts[0]);
    assert_non_null(ik_stack_down(r.s));
    const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    packet_echo(&whole, &ip, 8);
    in(&r, &whole);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void overlap__ends_the_datagram__and_what_still_comes(void **state)
{
    (void)state;
    for (int legacy = 0; legacy < 2; legacy++) {
        struct rig r;
        rig_init(&r, IK_STACK_HOST);
        r.opt.legacy = legacy ? IK_LEGACY_TEARDROP : 0;
        rig_start(&r);
        piece(&parts[0], 0, true, 24, 1);
        piece(&parts[1], 16, false, 16, 2); /* into the first */
        piece(&parts[2], 24, false, 8, 3);  /* would have completed it */
        in(&r, &parts[0]);
        in(&r, &parts[1]);
        assert_int_equal(ik_stack_down(r.s) != NULL, legacy);
        in(&r, &parts[2]);
        rig_run(&r, 200 * IK_NS_PER_S);
        assert_int_equal(r.n_out, 0); /* no error either, also not at the timeout */
        assert_int_equal(ik_stack_count(r.s, IK_STACK_REASSEMBLED), 0);
        rig_end(&r);
    }
}

/* Each pair of fragments that contradict each other. */
static void contradiction__of_lengths__ends_the_datagram(void **state)
{
    (void)state;
    const struct {
        uint32_t offset[2];
        bool more[2];
        size_t bytes[2];
    } cases[] = {
        {{8, 8}, {true, true}, {16, 8}},   /* the same place, shorter */
        {{8, 8}, {true, true}, {8, 16}},   /* and longer */
        {{16, 8}, {true, true}, {8, 16}},  /* from before */
        {{16, 8}, {false, true}, {8, 24}}, /* past the end */
        {{16, 8}, {true, false}, {8, 8}},  /* an end before what is there */
        {{16, 24}, {false, false}, {8, 8}} /* two ends */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rig r;
        rig_init(&r, IK_STACK_HOST);
        rig_start(&r);
        for (int k = 0; k < 2; k++) {
            piece(&parts[k], cases[i].offset[k], cases[i].more[k], cases[i].bytes[k], 0);
            in(&r, &parts[k]);
        }
        assert_int_equal(ik_stack_count(r.s, IK_STACK_REASSEMBLY_DROPPED), 1);
        piece(&parts[2], 0, true, 8, 0); /* too late */
        in(&r, &parts[2]);
        assert_int_equal(ik_stack_count(r.s, IK_STACK_REASSEMBLY_DROPPED), 2);
        rig_end(&r);
    }
}

static void duplicate__with_other_bytes__is_an_overlap(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    piece(&parts[0], 8, true, 16, 1);
    piece(&parts[1], 8, true, 16, 2);
    in(&r, &parts[0]);
    in(&r, &parts[0]);
    in(&r, &parts[1]);
    in(&r, &parts[0]); /* dead by now */
    assert_int_equal(ik_stack_count(r.s, IK_STACK_REASSEMBLY_DROPPED), 3);
    rig_end(&r);
}

static void odd_lengths__are_no_fragments(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    piece(&parts[0], 8, true, 15, 1);
    piece(&parts[1], 8, false, 0, 1);
    in(&r, &parts[0]);
    in(&r, &parts[1]);
    assert_int_equal(ik_stack_pool_used(r.pool), 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_REASSEMBLY_DROPPED), 2);
    rig_end(&r);
}

static void timeout__is_told_only_with_the_first_fragment(void **state)
{
    /* R1122-3.3.2-02 R1122-3.3.2-03 R792-TE-01 */
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct rig r;
        rig_init(&r, IK_STACK_HOST);
        rig_start(&r);
        const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
        packet_echo(&whole, &ip, 900);
        cut(&whole, 500, parts, 64);
        in(&r, &parts[first ? 0 : 1]);
        rig_run(&r, 60 * IK_NS_PER_S - 1);
        assert_int_equal(r.n_out, 0);
        rig_run(&r, 60 * IK_NS_PER_S);
        if (first) {
            const struct ik_icmp m = only_error(&r, 11, 1);
            assert_int_equal(m.error.quote.left, parts[0].len);
            assert_memory_equal(m.error.quote.p, parts[0].b, parts[0].len);
        }
        assert_int_equal(r.n_out, first);
        assert_int_equal(ik_stack_pool_used(r.pool), 0);
        rig_end(&r);
    }
}

static void flood__holds_no_more_than_its_part(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_pool(&r, 64, 8);
    rig_start(&r);
    for (uint32_t i = 0; i < 1000; i++) {
        struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
        uint8_t eight[8] = {0};
        ip.id = i;
        ip.mf = true;
        ip.offset_bytes = 8;
        packet_make(&parts[0], &ip, (struct ik_rd){eight, 8});
        in(&r, &parts[0]);
        assert_true(ik_stack_pool_used(r.pool) <= 4);
    }
    /* the newest are the ones that are kept: a real datagram still comes through */
    const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    packet_echo(&whole, &ip, 900);
    cut(&whole, 500, parts, 64);
    in(&r, &parts[0]);
    in(&r, &parts[1]);
    assert_int_equal(out_icmp(&r, 0).type, IK_ICMP4_ECHO_REPLY);
    rig_end(&r);
}

static void pool__without_reassembly__counts_and_drops(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_pool(&r, 64, 0);
    rig_start(&r);
    piece(&parts[0], 8, false, 8, 1);
    in(&r, &parts[0]);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_NO_ROOM), 1);
    rig_end(&r);
}

/* The oldest goes where the pool has no more of the big ones, too: else whoever comes first keeps
 * all others out for a minute. */
static void pool__that_is_smaller_than_the_bound__takes_turns(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_pool(&r, 256, 1);
    rig_start(&r);
    piece(&parts[0], 0, true, 64, 1);
    in(&r, &parts[0]);
    struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    ip.id = 0x1111;
    packet_echo(&whole, &ip, 1400);
    const size_t n = cut(&whole, 776, parts, 64);
    assert_int_equal(n, 2);
    in(&r, &parts[0]);
    in(&r, &parts[1]);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(out_icmp(&r, 0).type, IK_ICMP4_ECHO_REPLY);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_REASSEMBLY_DROPPED), 1);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_NO_ROOM), 0);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fragments__in_any_order__make_one_datagram),
        cmocka_unit_test(largest__echo__comes_back_in_fragments),
        cmocka_unit_test(datagrams__that_differ_in_protocol_or_id__are_not_mixed),
        cmocka_unit_test(fragment__past_the_end__harms_nothing),
        cmocka_unit_test(ping_of_death__takes_a_legacy_node_down),
        cmocka_unit_test(overlap__ends_the_datagram__and_what_still_comes),
        cmocka_unit_test(contradiction__of_lengths__ends_the_datagram),
        cmocka_unit_test(duplicate__with_other_bytes__is_an_overlap),
        cmocka_unit_test(odd_lengths__are_no_fragments),
        cmocka_unit_test(timeout__is_told_only_with_the_first_fragment),
        cmocka_unit_test(flood__holds_no_more_than_its_part),
        cmocka_unit_test(pool__without_reassembly__counts_and_drops),
        cmocka_unit_test(pool__that_is_smaller_than_the_bound__takes_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
