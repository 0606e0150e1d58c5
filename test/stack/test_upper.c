/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

static struct packet p;

static void start(struct rig *r)
{
    rig_init(r, IK_STACK_HOST);
    r->opt.upper = true;
    rig_start(r);
}

/* An ICMP echo request from the user. */
static void ask(struct rig *r, uint32_t dst, size_t bytes, uint8_t ttl)
{
    uint8_t *data = calloc(1, bytes + 1), *msg = malloc(bytes + 8);
    struct ik_icmp m = {.family = 4, .type = IK_ICMP4_ECHO, .kind = IK_ICMP_ECHO};
    m.echo = (struct ik_echo){.id = 5, .seq = 1, .data = {data, bytes}};
    size_t len;
    assert_int_equal(ik_icmp_encode(&m, NULL, false, msg, bytes + 8, &len), IK_OK);
    const struct ik_meta meta = {
        .known = IK_KNOW_DST | (ttl ? IK_KNOW_TTL : 0), .dst = ip4(dst), .ttl = ttl};
    rig_frame(r, IK_STACK_UPPER, IK_MEDIUM_ICMP4, &meta, (struct ik_rd){msg, len});
    free(data);
    free(msg);
}

static void message__leaves__and_what_arrives_is_handed_up(void **state)
{
    /* R1122-3.2.2.6-07 R1122-3.2.2.1-03 */
    (void)state;
    struct rig r;
    start(&r);
    ask(&r, FAR, 56, 0);
    assert_int_equal(r.n_out, 1);
    const struct ik_ip out = out_ip(&r, 0);
    assert_int_equal(ik_load_be32(out.src.bytes), S);
    assert_int_equal(out.ttl, 64);
    assert_true(out.df);
    assert_memory_equal(r.out[0].bytes.p, rig_peer, 6);
    const uint8_t reply[8] = {0, 0, 0xff, 0xff};
    const struct ik_ip ip = head4(FAR, S, IK_PROTO_ICMP4);
    packet_make(&p, &ip, (struct ik_rd){reply, sizeof(reply)});
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].port, IK_STACK_UPPER);
    assert_int_equal(r.out[0].medium, IK_MEDIUM_IP);
    assert_int_equal(r.out[0].bytes.left, p.len);
    assert_memory_equal(r.out[0].bytes.p, p.b, p.len);
    rig_end(&r);
}

/* A frame of the user with a key. */
static void ask_keyed(struct rig *r, uint32_t dst, size_t bytes, uint32_t key)
{
    uint8_t msg[4000] = {8};
    const struct ik_event ev = {.kind = IK_EV_FRAME,
                                .frame = {.medium = IK_MEDIUM_ICMP4,
                                          .key = key,
                                          .port = IK_STACK_UPPER,
                                          .bytes = {msg, bytes},
                                          .meta = {.known = IK_KNOW_DST, .dst = ip4(dst)}}};
    rig_forget(r);
    r->e->ops->input(r->e, r->now, IK_STACK_UPPER, &ev, 1);
    rig_run(r, r->now.mono);
}

/* The stamp of a probe comes by it: with the first fragment, and when that leaves. */
static void key__of_a_message__leaves_with_its_first_frame(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    ask_keyed(&r, FAR, 3000, 77);
    assert_int_equal(r.n_out, 3);
    assert_int_equal(r.out[0].key, 77);
    assert_int_equal(r.out[1].key, 0);
    assert_int_equal(r.out[2].key, 0);
    assert_false(ik_stack_holds(r.s, 77));
    ask_keyed(&r, S, 64, 78); /* to itself: nothing leaves, nothing waits */
    for (size_t i = 0; i < r.n_out; i++)
        assert_int_equal(r.out[i].key, 0);
    assert_false(ik_stack_holds(r.s, 78));
    const struct ik_addr unknown = ip4(S + 0x40);
    ask_keyed(&r, S + 0x40, 64, 79);
    assert_int_equal(r.n_out, 1); /* ARP */
    assert_int_equal(r.out[0].key, 0);
    assert_true(ik_stack_holds(r.s, 79));
    assert_false(ik_stack_holds(r.s, 78));
    rig_forget(&r);
    assert_int_equal(ik_stack_neighbour(r.s, 0, &unknown, rig_peer), IK_OK);
    ask_keyed(&r, S + 0x40, 64, 80);
    assert_int_equal(r.out[r.n_out - 1].key, 80);
    rig_end(&r);
}

static void message__without_a_way__comes_back_as_an_error(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.opt.upper = true;
    r.cfg.n_routes = 0;
    rig_start(&r);
    ask(&r, FAR, 56, 0);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].port, IK_STACK_UPPER);
    const struct ik_icmp m = out_icmp(&r, 0);
    assert_int_equal(m.type, 3);
    assert_int_equal(m.code, 0);
    struct ik_quote q;
    assert_int_equal(ik_quote_decode(&q, m.error.quote, NULL), IK_OK);
    assert_int_equal(ik_load_be32(q.ip.dst.bytes), FAR);
    assert_int_equal(q.icmp_id, 5);
    rig_end(&r);
}

static void message__that_nobody_resolves__comes_back_after_three_questions(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    ask(&r, 0x0a000177, 56, 0);
    rig_forget(&r);
    rig_run(&r, 4 * IK_NS_PER_S);
    assert_int_equal(r.n_out, 3);
    assert_int_equal(r.out[2].port, IK_STACK_UPPER);
    assert_int_equal(out_icmp(&r, 2).code, 1);
    rig_end(&r);
}

static void message__longer_than_the_link__is_cut(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    ask(&r, FAR, 4000, 0);
    assert_int_equal(r.n_out, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(out_ip(&r, i).offset_bytes, 1480 * i);
        assert_false(out_ip(&r, i).df);
    }
    rig_end(&r);
}

static void message__that_no_header_holds__is_dropped(void **state)
{
    /* R791-3.2-04: nor is anything sent that could not be put together */
    (void)state;
    struct rig r;
    start(&r);
    ask(&r, FAR, 65508, 0);
    assert_int_equal(r.n_out, 0);
    ask(&r, S, 65508, 0);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void message__with_ttl_0_or_loopback__never_leaves(void **state)
{
    /* R1122-3.2.1.3-04 R1122-3.2.1.7-01 */
    (void)state;
    struct rig r;
    start(&r);
    ask(&r, 0x7f000001, 8, 0);
    assert_true(r.n_out >= 1);
    for (size_t i = 0; i < r.n_out; i++)
        assert_int_equal(r.out[i].port, IK_STACK_UPPER);
    struct ik_ip ip = head4(S, A, IK_PROTO_ICMP4);
    ip.ttl = 0;
    packet_echo(&p, &ip, 8);
    rig_frame(&r, IK_STACK_UPPER, IK_MEDIUM_IP, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void message__to_ourselves__is_answered_inside(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    ask(&r, S2, 56, 0);
    /* as a raw socket sees it: the request, then the reply */
    assert_int_equal(r.n_out, 2);
    assert_int_equal(out_icmp(&r, 0).type, IK_ICMP4_ECHO);
    assert_int_equal(out_icmp(&r, 1).type, IK_ICMP4_ECHO_REPLY);
    assert_int_equal(ik_load_be32(out_ip(&r, 1).src.bytes), S2);
    rig_end(&r);
}

static void packet__as_it_is__has_its_blanks_filled_in(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    struct ik_ip ip = head4(0, FAR, IK_PROTO_ICMP4);
    ip.id = 0;
    ip.ttl = 3;
    packet_echo(&p, &ip, 8);
    ik_store_be16(p.b + 10, 0);
    rig_frame(&r, IK_STACK_UPPER, IK_MEDIUM_IP, NULL, rd_of(&p));
    const struct ik_ip out = out_ip(&r, 0);
    assert_int_equal(ik_load_be32(out.src.bytes), S);
    assert_int_not_equal(out.id, 0);
    assert_int_equal(out.ttl, 3);
    for (size_t len = 0; len < p.len;
         len++) { /* cut anywhere: dropped, or sent with what it says */
        rig_frame(&r, IK_STACK_UPPER, IK_MEDIUM_IP, NULL, (struct ik_rd){p.b, len});
        assert_true(r.n_out == 0 || len >= 20);
    }
    rig_end(&r);
}

static void identifications__do_not_come_again__nor_in_order(void **state)
{
    /* RFC 6864 section 4.3 */
    (void)state;
    struct rig r;
    start(&r);
    static uint8_t seen[65536];
    memset(seen, 0, sizeof(seen));
    uint16_t last = 0;
    unsigned next = 0;
    for (uint32_t i = 0; i < 65536; i++) {
        const uint16_t id = ik_stack_output_id(r.s);
        assert_int_equal(seen[id], 0);
        seen[id] = 1;
        next += id == (uint16_t)(last + 1);
        last = id;
    }
    assert_true(next < 600);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message__leaves__and_what_arrives_is_handed_up),
        cmocka_unit_test(key__of_a_message__leaves_with_its_first_frame),
        cmocka_unit_test(message__without_a_way__comes_back_as_an_error),
        cmocka_unit_test(message__that_nobody_resolves__comes_back_after_three_questions),
        cmocka_unit_test(message__longer_than_the_link__is_cut),
        cmocka_unit_test(message__that_no_header_holds__is_dropped),
        cmocka_unit_test(message__with_ttl_0_or_loopback__never_leaves),
        cmocka_unit_test(message__to_ourselves__is_answered_inside),
        cmocka_unit_test(packet__as_it_is__has_its_blanks_filled_in),
        cmocka_unit_test(identifications__do_not_come_again__nor_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
