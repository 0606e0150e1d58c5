/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

enum { FAR2 = 0xcb00710a };
static struct packet p, sent;

static void send_to(struct rig *r, uint32_t dst, uint16_t id)
{
    struct ik_ip ip = head4(S, dst, IK_PROTO_UDP);
    ip.id = id;
    packet_udp(&sent, &ip, 9, 20);
    rig_frame(r, IK_STACK_UPPER, IK_MEDIUM_IP, NULL, rd_of(&sent));
}

static void quench(struct rig *r)
{
    uint8_t msg[64];
    struct ik_icmp m = {.family = 4, .type = IK_ICMP4_SOURCE_QUENCH, .kind = IK_ICMP_ERROR};
    m.error = (struct ik_icmp_error){.quote = ik_rd_head(rd_of(&sent), 28)};
    size_t len;
    assert_int_equal(ik_icmp_encode(&m, NULL, false, msg, sizeof(msg), &len), IK_OK);
    const struct ik_ip ip = head4(GW, S, IK_PROTO_ICMP4);
    packet_make(&p, &ip, (struct ik_rd){msg, len});
    rig_in(r, 0, NULL, rd_of(&p));
}

static size_t on_wire(const struct rig *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_out; i++)
        n += r->out[i].port != IK_STACK_UPPER;
    return n;
}

static void start(struct rig *r, bool obey)
{
    rig_init(r, IK_STACK_HOST);
    r->opt.upper = true;
    r->opt.quench_obey = obey;
    rig_start(r);
}

/* R6633-3-02 R6633-5-01 R5927-6.2-01 */
static void quench__by_default__changes_nothing(void **state)
{
    (void)state;
    struct rig r;
    start(&r, false);
    send_to(&r, FAR, 1);
    quench(&r);
    for (uint16_t i = 0; i < 20; i++) {
        send_to(&r, FAR, i);
        assert_int_equal(on_wire(&r), 1);
    }
    rig_end(&r);
}

/* One packet each 10 ms, in order, to that destination alone. */
static void quench__where_it_is_obeyed__spaces_what_is_sent(void **state)
{
    (void)state;
    struct rig r;
    start(&r, true);
    send_to(&r, FAR, 1);
    quench(&r);
    quench(&r); /* of the same burst */
    send_to(&r, FAR, 100);
    assert_int_equal(on_wire(&r), 1);
    const ik_ns begun = r.now.mono;
    for (uint16_t i = 1; i <= 5; i++) {
        send_to(&r, FAR, 100 + i);
        assert_int_equal(on_wire(&r), 0);
    }
    send_to(&r, FAR2, 7);
    assert_int_equal(on_wire(&r), 1);
    for (uint16_t i = 1; i <= 5; i++) {
        rig_forget(&r);
        rig_run(&r, begun + i * 10 * IK_NS_PER_MS - 1);
        assert_int_equal(r.n_out, 0);
        rig_run(&r, begun + i * 10 * IK_NS_PER_MS);
        rig_run(&r, r.now.mono);
        assert_int_equal(r.n_out, 1);
        assert_int_equal(out_ip(&r, 0).id, 100 + i);
    }
    rig_end(&r);
}

/* Twice the gap with each, half with each second of peace, until it is gone. */
static void gap__grows_and_recovers(void **state)
{
    (void)state;
    struct rig r;
    start(&r, true);
    send_to(&r, FAR, 1);
    for (int i = 0; i < 3; i++) {
        quench(&r);
        rig_run(&r, r.now.mono + 100 * IK_NS_PER_MS);
    }
    static const int gap_ms[] = {40, 20, 10, 5, 0};
    for (size_t i = 0; i < 5; i++) {
        send_to(&r, FAR, 2);
        assert_int_equal(on_wire(&r), 1);
        const ik_ns begun = r.now.mono;
        send_to(&r, FAR, 3);
        if (gap_ms[i] == 0) {
            assert_int_equal(on_wire(&r), 1);
            break;
        }
        assert_int_equal(on_wire(&r), 0);
        rig_run(&r, begun + gap_ms[i] * IK_NS_PER_MS - 1);
        assert_int_equal(r.n_out, 0);
        rig_run(&r, begun + gap_ms[i] * IK_NS_PER_MS);
        rig_run(&r, r.now.mono);
        assert_int_equal(r.n_out, 1);
        rig_run(&r, begun + (gap_ms[i] == 5 ? 3 : 1) * IK_NS_PER_S);
    }
    rig_end(&r);
}

/* What cannot wait is dropped and counted; what waits at the end is given back (rig_end looks). */
static void packets__that_wait__are_bounded(void **state)
{
    (void)state;
    struct rig r;
    start(&r, true);
    send_to(&r, FAR, 1);
    quench(&r);
    for (uint16_t i = 0; i < 40; i++)
        send_to(&r, FAR, i);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_NO_ROOM), 40 - 1 - 16);
    rig_end(&r);
}

/* A router whose queue is full says so if it is told to, R6633-3-01 R1122-3.2.2.3-01 if not. */
static void congestion__is_told__where_options_ask(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct rig r;
        rig_init(&r, IK_STACK_ROUTER);
        r.opt.quench_send = on;
        rig_start(&r);
        struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
        ip.tos = 0x28;
        packet_udp(&p, &ip, 7, 20);
        rig_in(&r, 0, NULL, rd_of(&p));
        assert_int_equal(r.n_out, 1);
        uint8_t frame[100];
        const size_t n = r.out[0].bytes.left;
        memcpy(frame, r.out[0].bytes.p, n);
        rig_forget(&r);
        ik_stack_congested(r.s, r.now, 1, (struct ik_rd){frame, n});
        rig_run(&r, r.now.mono);
        if (!on) {
            assert_int_equal(r.n_out, 0);
        } else {
            const struct ik_icmp m = only_error(&r, 4, 0);
            assert_memory_equal(m.error.quote.p, frame + 14, n - 14);
            assert_int_equal(out_ip(&r, 0).tos >> 5, 1); /* RFC 1812 section 4.3.2.5 */
        }
        rig_end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quench__by_default__changes_nothing),
        cmocka_unit_test(quench__where_it_is_obeyed__spaces_what_is_sent),
        cmocka_unit_test(gap__grows_and_recovers),
        cmocka_unit_test(packets__that_wait__are_bounded),
        cmocka_unit_test(congestion__is_told__where_options_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
