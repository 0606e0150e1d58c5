/* SPDX-License-Identifier: MIT */
#include "rig6.h"

/* An echo request from src to dst as bytes, `more` bytes of link padding behind it. */
static size_t echo_packet(const char *src, const char *dst, uint8_t *out, size_t cap, size_t more)
{
    const struct ik_icmp m = {
        .family = 6, .type = IK_ICMP6_ECHO, .kind = IK_ICMP_ECHO, .echo = {.data = {out, 0}}};
    struct ik_ip ip = rig_head(src, dst, 64);
    uint8_t msg[64];
    size_t len;
    const struct ik_icmp_ctx ctx = {.family = 6, .src = &ip.src, .dst = &ip.dst};
    assert_int_equal(ik_icmp_encode(&m, &ctx, false, msg, sizeof(msg), &len), IK_OK);
    ip.version = 6;
    ip.proto = ip.next_header = IK_PROTO_ICMP6;
    ip.payload = (struct ik_rd){msg, len};
    assert_int_equal(ik_ip_encode(&ip, false, out, cap - more, &len), IK_OK);
    memset(out + len, 0xee, more);
    return len + more;
}

static void padding__of_the_link__is_no_part_of_the_packet(void **state)
{
    (void)state;
    struct rig r;
    uint8_t packet[128];
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    rig_advertise(&r, 0, 2, "2001:db8:1::2", IK_NA_OVERRIDE, 2);
    const size_t n = echo_packet("fe80::2", "2001:db8:1::1", packet, sizeof(packet), 30);
    rig_in_to(&r, 0, r.ifaces[0].mac, 2, packet, n);
    rig_advertise(&r, 0, 2, "fe80::2", IK_NA_SOLICITED | IK_NA_OVERRIDE, 2);
    const struct rig_out *reply = rig_find(&r, IK_ICMP6_ECHO_REPLY);
    assert_non_null(reply);
    assert_int_equal(reply->len, 48);
    rig_end(&r);
}

static void truncated__at_any_byte__is_not_answered(void **state)
{
    (void)state;
    struct rig r;
    uint8_t packet[128];
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    const size_t n = echo_packet("2001:db8:1::2", "2001:db8:1::1", packet, sizeof(packet), 0);
    for (size_t i = 0; i < n; i++)
        rig_in_to(&r, 0, r.ifaces[0].mac, 2, packet, i);
    assert_int_equal(r.n_out, 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_BAD_HEADER), n);
    rig_end(&r);
}

/* fe80::/10 is another network on each link: the answer leaves where the question came. */
static void link_local__on_the_second_port__is_answered_there(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    rig_settle(&r);
    rig_echo(&r, 1, 2, "fe80::2", "fe80::ff:fe00:101", 64);
    assert_int_equal(r.n_out, 1); /* who is fe80::2? */
    assert_int_equal(r.out[0].port, 1);
    rig_advertise(&r, 1, 2, "fe80::2", IK_NA_SOLICITED | IK_NA_OVERRIDE, 2);
    const struct rig_out *reply = rig_find(&r, IK_ICMP6_ECHO_REPLY);
    assert_non_null(reply);
    assert_int_equal(reply->port, 1);
    assert_addr(&reply->ip.src, "fe80::ff:fe00:101");
    r.n_out = 0;
    /* the link-local address of the one port is nobody on the other */
    rig_echo(&r, 0, 2, "fe80::2", "fe80::ff:fe00:101", 64);
    rig_run(&r, r.now + 5 * IK_NS_PER_S);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R4291-2.5.3-01, R4291-2.7-01 */
static void addresses__that_may_not_be_there__end_the_packet(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    rig_settle(&r);
    rig_echo(&r, 0, 2, "ff02::1", "2001:db8:1::1", 64);
    rig_echo(&r, 0, 2, "::1", "2001:db8:1::1", 64);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "::1", 64);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "ff01::1", 64);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "::", 64);
    assert_int_equal(r.n_out, 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_BAD_ADDRESS), 5);
    rig_end(&r);
}

/* A frame that is too short for what a jumbo payload claims is judged by the bytes there are. */
static void jumbo__with_no_bytes_behind__is_told_not_followed(void **state)
{
    (void)state;
    struct rig r;
    uint8_t packet[48] = {0x60, 0, 0, 0, 0, 0, 0, 64};
    const struct ik_addr src = rig_addr("fe80::2"), dst = rig_addr("2001:db8:1::1");
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    memcpy(packet + 8, src.bytes, 16);
    memcpy(packet + 24, dst.bytes, 16);
    memcpy(packet + 40, (const uint8_t[8]){58, 0, 0xc2, 4, 0, 1, 0, 0}, 8);
    for (size_t n = 40; n <= 48; n++)
        rig_in_to(&r, 0, r.ifaces[0].mac, 2, packet, n);
    assert_null(rig_find(&r, IK_ICMP6_ECHO_REPLY));
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding__of_the_link__is_no_part_of_the_packet),
        cmocka_unit_test(truncated__at_any_byte__is_not_answered),
        cmocka_unit_test(link_local__on_the_second_port__is_answered_there),
        cmocka_unit_test(addresses__that_may_not_be_there__end_the_packet),
        cmocka_unit_test(jumbo__with_no_bytes_behind__is_told_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
