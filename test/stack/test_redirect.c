/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

enum { B = 0x0a000107, GW2 = 0x0a0001fd, OTHER = 0x0a000163, FAR2 = 0xcb00710a };
static struct packet p, sent;

/* The user of the host sends to `dst`; where the frame goes by: the source of an ARP question's
 * target, or the gateway that the rig knows. */
static void send_to(struct rig *r, uint32_t dst)
{
    struct ik_ip ip = head4(S, dst, IK_PROTO_UDP);
    packet_udp(&sent, &ip, 9, 20);
    rig_frame(r, IK_STACK_UPPER, IK_MEDIUM_IP, NULL, rd_of(&sent));
}

/* The next hop that it asks for by ARP; 0: it sent the packet to a neighbour it knew. */
static uint32_t asked(const struct rig *r)
{
    assert_int_equal(r->n_out, 1);
    const uint8_t *f = r->out[0].bytes.p;
    return ik_load_be16(f + 12) == IK_ETHER_ARP ? ik_load_be32(f + 14 + 24) : 0;
}

static void redirect(struct rig *r, uint32_t from, uint8_t code, uint32_t gateway,
                     struct ik_rd quote)
{
    uint8_t msg[100];
    struct ik_icmp m = {
        .family = 4, .type = IK_ICMP4_REDIRECT, .code = code, .kind = IK_ICMP_ERROR};
    m.error = (struct ik_icmp_error){.gateway = ip4(gateway), .quote = ik_rd_head(quote, 28)};
    size_t len;
    assert_int_equal(ik_icmp_encode(&m, NULL, false, msg, sizeof(msg), &len), IK_OK);
    const struct ik_ip ip = head4(from, S, IK_PROTO_ICMP4);
    packet_make(&p, &ip, (struct ik_rd){msg, len});
    rig_in(r, 0, NULL, rd_of(&p));
    for (size_t i = 0; i < r->n_out; i++)
        assert_int_equal(r->out[i].port, IK_STACK_UPPER);
}

static void start(struct rig *r, enum ik_stack_kind kind)
{
    rig_init(r, kind);
    r->opt.upper = true;
    r->opt.error_unlimited = true;
    rig_start(r);
}

/* R1122-3.2.2.2-02 R1122-3.3.1.2-01 R1349-6.2-01: whichever code, for the one destination. */
static void redirect__of_the_gateway__moves_one_destination(void **state)
{
    (void)state;
    for (uint8_t code = 0; code < 4; code++) {
        struct rig r;
        start(&r, IK_STACK_HOST);
        send_to(&r, FAR);
        assert_int_equal(asked(&r), 0);
        redirect(&r, GW, code, GW2, rd_of(&sent));
        send_to(&r, FAR);
        assert_int_equal(asked(&r), GW2);
        send_to(&r, FAR2);
        assert_int_equal(asked(&r), 0);
        rig_end(&r);
    }
}

/* R1122-3.2.2.2-03, R1122-3.2.2.2-04: and nothing else that does not fit. */
static void redirect__that_breaks_a_rule__changes_nothing(void **state)
{
    (void)state;
    struct rig r;
    start(&r, IK_STACK_HOST);
    send_to(&r, FAR);
    redirect(&r, A, 1, GW2, rd_of(&sent));         /* not from the first hop */
    redirect(&r, GW, 1, 0x0b000001, rd_of(&sent)); /* a gateway that is no neighbour */
    redirect(&r, GW, 1, S2, rd_of(&sent));         /* ourselves */
    redirect(&r, GW, 1, 0x0a0001ff, rd_of(&sent)); /* the broadcast address */
    redirect(&r, GW, 4, GW2, rd_of(&sent));
    struct ik_ip other = head4(OTHER, FAR, IK_PROTO_UDP);
    static struct packet foreign;
    packet_udp(&foreign, &other, 9, 20);
    redirect(&r, GW, 1, GW2, rd_of(&foreign)); /* a packet that was not ours */
    redirect(&r, GW, 1, GW2, (struct ik_rd){sent.b, 12});
    send_to(&r, FAR);
    assert_int_equal(asked(&r), 0);
    rig_end(&r);
}

static void redirect__after_the_gateway_died__is_forgotten(void **state)
{
    (void)state;
    struct rig r;
    start(&r, IK_STACK_HOST);
    send_to(&r, FAR);
    redirect(&r, GW, 1, GW2, rd_of(&sent));
    send_to(&r, FAR);
    assert_int_equal(asked(&r), GW2);
    rig_run(&r, r.now.mono + 30 * IK_NS_PER_S);
    send_to(&r, FAR);
    assert_int_equal(asked(&r), 0);
    rig_end(&r);
}

static void redirect__where_none_are_obeyed__changes_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.opt.upper = r.opt.no_redirects = true;
    rig_start(&r);
    send_to(&r, FAR);
    redirect(&r, GW, 1, GW2, rd_of(&sent));
    send_to(&r, FAR);
    assert_int_equal(asked(&r), 0);
    rig_end(&r);
}

/* ---- routers --------------------------------------------------------------------------------- */

static void router_start(struct rig *r)
{
    rig_init(r, IK_STACK_ROUTER);
    r->opt.error_unlimited = true;
    r->routes[0] = (struct ik_stack_route){.prefix = {ip4(FAR), 24}, .port = 0, .via = ip4(GW)};
    r->cfg.n_routes = 1;
    rig_start(r);
}

static void pass(struct rig *r, uint32_t src, uint32_t dst)
{
    struct ik_ip ip = head4(src, dst, IK_PROTO_UDP);
    packet_udp(&p, &ip, 9, 20);
    rig_in(r, 0, NULL, rd_of(&p));
}

static size_t redirects(const struct rig *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_out; i++)
        if (out_ip(r, i).proto == IK_PROTO_ICMP4) {
            const struct ik_icmp m = out_icmp(r, i);
            assert_int_equal(m.type, 5);
            assert_int_equal(m.code, 1);
            assert_int_equal(ik_load_be32(m.error.gateway.bytes), GW);
            n++;
        }
    return n;
}

/* R792-Redirect-02 R1812-5.2.7.2-01 R1812-5.2.7.2-03 */
static void better_way__is_told__and_the_packet_goes(void **state)
{
    (void)state;
    struct rig r;
    router_start(&r);
    pass(&r, A, FAR);
    assert_int_equal(r.n_out, 2);
    assert_int_equal(redirects(&r), 1);
    pass(&r, 0xc6336407, FAR); /* a sender of another net */
    assert_int_equal(r.n_out, 1);
    assert_int_equal(redirects(&r), 0);
    pass(&r, A, C); /* it leaves by the other port */
    assert_int_equal(redirects(&r), 0);
    rig_end(&r);
}

/* DF-linuxredirect-01: at 0 ms, then 40 ms later, 80, 160 ... 5.12 s, and no more, until 20.48 s
 * went by without a packet. */
static void host_that_does_not_listen__is_told_ever_more_seldom(void **state)
{
    (void)state;
    struct rig r;
    router_start(&r);
    const struct ik_addr other = ip4(B);
    assert_int_equal(ik_stack_neighbour(r.s, 0, &other, rig_peer), IK_OK);
    const ik_ns begun = r.now.mono;
    ik_ns due = begun;
    size_t told = 0;
    for (int ms = 0; ms < 20000; ms += 10) {
        pass(&r, A, FAR + (uint32_t)ms % 3);
        if (redirects(&r)) {
            assert_true(r.now.mono >= due && r.now.mono <= due + 10 * IK_NS_PER_MS);
            told++;
            due = r.now.mono + (20 * IK_NS_PER_MS << told);
        }
        rig_run(&r, begun + (ms + 10) * IK_NS_PER_MS);
    }
    assert_int_equal(told, 9);
    pass(&r, B, FAR); /* another host is told at once */
    assert_int_equal(redirects(&r), 1);
    rig_run(&r, r.now.mono + 20470 * IK_NS_PER_MS);
    pass(&r, A, FAR);
    assert_int_equal(redirects(&r), 0);
    rig_run(&r, r.now.mono + 20490 * IK_NS_PER_MS);
    pass(&r, A, FAR);
    assert_int_equal(redirects(&r), 1);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redirect__of_the_gateway__moves_one_destination),
        cmocka_unit_test(redirect__that_breaks_a_rule__changes_nothing),
        cmocka_unit_test(redirect__after_the_gateway_died__is_forgotten),
        cmocka_unit_test(redirect__where_none_are_obeyed__changes_nothing),
        cmocka_unit_test(better_way__is_told__and_the_packet_goes),
        cmocka_unit_test(host_that_does_not_listen__is_told_ever_more_seldom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
