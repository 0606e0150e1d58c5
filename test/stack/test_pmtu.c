/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

static struct packet p, sent;

static void start(struct rig *r)
{
    rig_init(r, IK_STACK_HOST);
    r->opt.upper = true;
    rig_start(r);
}

/* The user sends a datagram of `bytes` in all with DF. */
static void send_df(struct rig *r, uint16_t id, size_t bytes)
{
    struct ik_ip ip = head4(S, FAR, IK_PROTO_UDP);
    ip.df = true;
    ip.id = id;
    packet_udp(&sent, &ip, 9, bytes - 28);
    rig_frame(r, IK_STACK_UPPER, IK_MEDIUM_IP, NULL, rd_of(&sent));
}

static void too_big(struct rig *r, uint16_t mtu, struct ik_rd quote)
{
    uint8_t msg[600];
    struct ik_icmp m = {.family = 4,
                        .type = IK_ICMP4_UNREACHABLE,
                        .code = IK_ICMP4_UNREACHABLE_FRAG_NEEDED,
                        .kind = IK_ICMP_ERROR};
    m.error = (struct ik_icmp_error){.mtu = mtu, .quote = ik_rd_head(quote, 28)};
    size_t len;
    assert_int_equal(ik_icmp_encode(&m, NULL, false, msg, sizeof(msg), &len), IK_OK);
    const struct ik_ip ip = head4(GW, S, IK_PROTO_ICMP4);
    packet_make(&p, &ip, (struct ik_rd){msg, len});
    rig_in(r, 0, NULL, rd_of(&p));
}

static uint32_t mtu_of(struct rig *r)
{
    const struct ik_addr far = ip4(FAR);
    rig_run(r, r->now.mono); /* it is told what time it is */
    return ik_stack_pmtu_find(r->s, &far, 1500);
}

/* R1191-3-01 R1191-3-02 R1191-3-03 R1191-3-05 */
static void report__of_what_was_sent__lowers_and_never_raises(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    send_df(&r, 1, 1500);
    too_big(&r, 1400, rd_of(&sent));
    assert_int_equal(mtu_of(&r), 1400);
    send_df(&r, 2, 1400);
    too_big(&r, 9000, rd_of(&sent));
    assert_int_equal(mtu_of(&r), 1400);
    too_big(&r, 0, rd_of(&sent));
    assert_int_equal(mtu_of(&r), 1006); /* the plateau below 1400 */
    send_df(&r, 3, 1000);
    too_big(&r, 20, rd_of(&sent));
    assert_int_equal(mtu_of(&r), 68);
    rig_end(&r);
}

/* R1191-6.3-01 */
static void estimate__after_ten_minutes__is_forgotten(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    send_df(&r, 1, 1500);
    too_big(&r, 1400, rd_of(&sent));
    rig_run(&r, r.now.mono + 599 * IK_NS_PER_S);
    assert_int_equal(mtu_of(&r), 1400);
    rig_run(&r, r.now.mono + 2 * IK_NS_PER_S);
    assert_int_equal(mtu_of(&r), 1500);
    rig_end(&r);
}

/* R8201-4-05 R5927-7.2-01: not what was never sent, in any of the octets that a quote shows, nor
 * what was sent long ago, without DF, or is as small as it says. */
static void report__of_what_was_not_sent__is_ignored(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    send_df(&r, 1, 1500);
    static const size_t told[] = {2, 4, 9, 16, 19, 20, 23, 25};
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        uint8_t quote[28];
        memcpy(quote, sent.b, 28);
        quote[told[i]] ^= 1;
        too_big(&r, 1400, (struct ik_rd){quote, 28});
        assert_int_equal(mtu_of(&r), 1500);
    }
    too_big(&r, 1500, rd_of(&sent));
    assert_int_equal(mtu_of(&r), 1500);
    rig_run(&r, r.now.mono + 62 * IK_NS_PER_S);
    too_big(&r, 1400, rd_of(&sent));
    assert_int_equal(mtu_of(&r), 1500);
    struct ik_ip ip = head4(S, FAR, IK_PROTO_UDP);
    packet_udp(&sent, &ip, 9, 1000);
    rig_frame(&r, IK_STACK_UPPER, IK_MEDIUM_IP, NULL, rd_of(&sent));
    too_big(&r, 600, rd_of(&sent));
    assert_int_equal(mtu_of(&r), 1500);
    rig_end(&r);
}

/* What routers and translators change in a quote does not matter: TTL, class, both checksums. */
static void report__with_a_changed_quote__is_believed(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    send_df(&r, 1, 1500);
    uint8_t quote[28];
    memcpy(quote, sent.b, 28);
    quote[1] = 0x20;
    quote[8] = 1;
    quote[10] ^= 0xff;
    quote[26] ^= 0xff;
    too_big(&r, 1400, (struct ik_rd){quote, 28});
    assert_int_equal(mtu_of(&r), 1400);
    rig_end(&r);
}

/* Of a burst, more than there are marks, some report finds its mark. */
static void burst__is_reported__some_of_it_is_believed(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    for (uint16_t id = 0; id < 1000; id++)
        send_df(&r, id, 1500);
    for (uint16_t id = 0; id < 1000; id++) {
        struct ik_ip ip = head4(S, FAR, IK_PROTO_UDP);
        ip.df = true;
        ip.id = id;
        packet_udp(&sent, &ip, 9, 1472);
        too_big(&r, 1400, rd_of(&sent));
    }
    assert_int_equal(mtu_of(&r), 1400);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report__of_what_was_sent__lowers_and_never_raises),
        cmocka_unit_test(estimate__after_ten_minutes__is_forgotten),
        cmocka_unit_test(report__of_what_was_not_sent__is_ignored),
        cmocka_unit_test(report__with_a_changed_quote__is_believed),
        cmocka_unit_test(burst__is_reported__some_of_it_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
