/* SPDX-License-Identifier: MIT */
#include "rig6.h"

static void begin(struct rig *r)
{
    rig_start(r);
    rig_settle(r);
    const struct ik_addr known = rig_addr("2001:db8:1::2");
    uint8_t mac[6];
    rig_mac(2, mac);
    assert_int_equal(ik_stack_neighbour(r->s, 0, &known, mac), IK_OK);
}

static void echo(struct rig *r, const char *dst, const uint8_t *data, size_t n)
{
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_ECHO,
                              .kind = IK_ICMP_ECHO,
                              .echo = {.id = 0xffff, .seq = 0, .data = {data, n}}};
    const struct ik_ip head = rig_head("2001:db8:1::2", dst, 64);
    rig_icmp(r, 0, 2, &head, &m);
}

/* The checksum is updated, not made: it has to be right for every sum that there is. The rig
 * verifies that of each packet. */
static void reply__whatever_the_checksum__verifies(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    begin(&r);
    for (unsigned i = 0; i < 0x10000; i += 0x101) {
        const uint8_t data[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        r.n_out = 0;
        echo(&r, "2001:db8:1::1", data, 2);
        assert_int_equal(r.n_out, 1);
        assert_int_equal(r.out[0].icmp.type, IK_ICMP6_ECHO_REPLY);
        assert_int_equal(r.out[0].icmp.echo.id, 0xffff);
        assert_memory_equal(r.out[0].icmp.echo.data.p, data, 2);
    }
    assert_int_equal(ik_stack_count(r.s, IK_STACK_ECHOED), 256);
    rig_end(&r);
}

/* R4443-4.2-03 */
static void group__asked__one_of_the_port_answers(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    begin(&r);
    echo(&r, "ff02::1", NULL, 0);
    const struct rig_out *reply = rig_find(&r, IK_ICMP6_ECHO_REPLY);
    assert_non_null(reply);
    assert_addr(&reply->ip.src, "2001:db8:1::1");
    r.n_out = 0;
    echo(&r, "ff02::2", NULL, 0); /* a host is no router */
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void options__say_no__nothing_is_answered(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.options.no_echo_multicast6 = true;
    begin(&r);
    echo(&r, "ff02::1", NULL, 0);
    assert_int_equal(r.n_out, 0);
    echo(&r, "2001:db8:1::1", NULL, 0);
    assert_int_equal(r.n_out, 1);
    r.options.no_echo = true;
    echo(&r, "2001:db8:1::1", NULL, 0);
    assert_int_equal(r.n_out, 1);
    rig_end(&r);
}

static void odd_node__cuts_the_reply__and_its_checksum_is_right(void **state)
{
    (void)state;
    struct rig r;
    const uint8_t data[3] = {1, 2, 3};
    rig_init(&r, IK_STACK_HOST);
    r.options.odd = IK_ODD_ECHO_CUT;
    begin(&r);
    echo(&r, "2001:db8:1::1", data, 3);
    assert_int_equal(r.out[0].icmp.echo.data.left, 2);
    r.n_out = 0;
    echo(&r, "2001:db8:1::1", NULL, 0);
    assert_int_equal(r.out[0].icmp.echo.data.left, 0);
    rig_end(&r);
}

/* An error of that type with the packet as its quote; what its user was given. */
static size_t error(struct rig *r, uint8_t type, uint32_t mtu, const uint8_t *quote, size_t n)
{
    const struct ik_icmp m = {.family = 6,
                              .type = type,
                              .kind = IK_ICMP_ERROR,
                              .error = {.mtu = mtu, .quote = {quote, n}}};
    const struct ik_ip head = rig_head("2001:db8:1::2", "2001:db8:1::1", 64);
    r->n_out = 0;
    rig_icmp(r, 0, 2, &head, &m);
    for (size_t i = 0; i < r->n_out; i++)
        assert_int_equal(r->out[i].port, IK_STACK_UPPER);
    return r->n_out;
}

static const uint8_t quoted_none[1];

static size_t quoted(uint8_t *out, size_t cap, const char *src, uint8_t proto, size_t bytes)
{
    static const uint8_t zeros[RIG_MTU];
    struct ik_ip ip = rig_head(src, "2001:db8:77::1", 64);
    size_t len;
    ip.version = 6;
    ip.proto = ip.next_header = proto;
    ip.payload = (struct ik_rd){zeros, bytes};
    assert_int_equal(ik_ip_encode(&ip, false, out, cap, &len), IK_OK);
    return len;
}

/* R4443-2.4a-01, R4443-2.4d-01, R4443-5.2-01 */
static void error__about_ours__goes_to_the_user(void **state)
{
    (void)state;
    struct rig r;
    uint8_t quote[200];
    rig_init(&r, IK_STACK_HOST);
    r.options.upper = true;
    begin(&r);
    size_t n = quoted(quote, sizeof(quote), "2001:db8:1::1", IK_PROTO_UDP, 20);
    assert_int_equal(error(&r, IK_ICMP6_UNREACHABLE, 0, quote, n), 1);
    assert_addr(&r.out[0].ip.src, "2001:db8:1::2");
    assert_int_equal(error(&r, 99, 0, quote, n), 1);
    assert_int_equal(error(&r, IK_ICMP6_UNREACHABLE, 0, quote, 39), 0);
    n = quoted(quote, sizeof(quote), "2001:db8:1::2", IK_PROTO_UDP, 20);
    assert_int_equal(error(&r, IK_ICMP6_UNREACHABLE, 0, quote, n), 0);
    n = quoted(quote, sizeof(quote), "2001:db8:1::1", IK_PROTO_DSTOPTS, 20);
    assert_int_equal(error(&r, IK_ICMP6_UNREACHABLE, 0, quote, 44), 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_BAD_ICMP), 3);
    rig_end(&r);
}

/* R8201-4-02 */
static void too_big__below_what_links_carry__is_not_even_told(void **state)
{
    (void)state;
    struct rig r;
    uint8_t quote[200];
    rig_init(&r, IK_STACK_HOST);
    r.options.upper = true;
    begin(&r);
    const size_t n = quoted(quote, sizeof(quote), "2001:db8:1::1", IK_PROTO_UDP, 20);
    assert_int_equal(error(&r, IK_ICMP6_PACKET_TOO_BIG, 1279, quote, n), 0);
    assert_int_equal(error(&r, IK_ICMP6_PACKET_TOO_BIG, 1280, quote, n), 1);
    rig_end(&r);
}

static void user__of_the_node__sees_replies_but_no_discovery(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.options.upper = true;
    begin(&r);
    rig_advertise(&r, 0, 2, "2001:db8:1::2", IK_NA_OVERRIDE, 2);
    assert_int_equal(r.n_out, 0);
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_ECHO_REPLY,
                              .kind = IK_ICMP_ECHO,
                              .echo = {.data = {quoted_none, 0}}};
    const struct ik_ip head = rig_head("2001:db8:1::2", "2001:db8:1::1", 61);
    rig_icmp(&r, 0, 2, &head, &m);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].port, IK_STACK_UPPER);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply__whatever_the_checksum__verifies),
        cmocka_unit_test(group__asked__one_of_the_port_answers),
        cmocka_unit_test(options__say_no__nothing_is_answered),
        cmocka_unit_test(odd_node__cuts_the_reply__and_its_checksum_is_right),
        cmocka_unit_test(error__about_ours__goes_to_the_user),
        cmocka_unit_test(too_big__below_what_links_carry__is_not_even_told),
        cmocka_unit_test(user__of_the_node__sees_replies_but_no_discovery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
