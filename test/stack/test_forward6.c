/* SPDX-License-Identifier: MIT */
#include "rig6.h"

/* A router that knows its neighbours ::2 on both links. */
static void begin(struct rig *r)
{
    rig_start(r);
    rig_settle(r);
    for (uint8_t port = 0; port < 2; port++) {
        const char *const addr = port ? "2001:db8:2::2" : "2001:db8:1::2";
        struct ik_addr known = rig_addr(addr);
        uint8_t mac[6];
        rig_mac(2, mac);
        assert_int_equal(ik_stack_neighbour(r->s, port, &known, mac), IK_OK);
    }
}

static void datagram(struct rig *r, const char *src, const char *dst, uint8_t hop_limit,
                     size_t total)
{
    static uint8_t packet[RIG_MTU];
    struct ik_ip ip = rig_head(src, dst, hop_limit);
    static const uint8_t zeros[RIG_MTU];
    size_t len;
    ip.version = 6;
    ip.proto = ip.next_header = 253;
    ip.payload = (struct ik_rd){zeros, total - 40};
    assert_int_equal(ik_ip_encode(&ip, false, packet, sizeof(packet), &len), IK_OK);
    rig_in_to(r, 0, r->ifaces[0].mac, 2, packet, len);
}

static void packet__in_transit__loses_one_hop_and_nothing_else(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    begin(&r);
    datagram(&r, "2001:db8:1::2", "2001:db8:2::2", 2, 100);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].port, 1);
    assert_int_equal(r.out[0].ip.ttl, 1);
    assert_int_equal(r.out[0].len, 100);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_FORWARDED), 1);
    rig_end(&r);
}

/* R4443-3.3-01 */
static void hop_limit__one_or_zero__is_told_with_the_packet_as_it_came(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    begin(&r);
    for (uint8_t hops = 0; hops < 2; hops++) {
        r.n_out = 0;
        datagram(&r, "2001:db8:1::2", "2001:db8:2::2", hops, 100);
        const struct rig_out *e = rig_find(&r, IK_ICMP6_TIME_EXCEEDED);
        assert_non_null(e);
        assert_int_equal(r.n_out, 1);
        assert_int_equal(e->icmp.error.quote.p[7], hops);
    }
    rig_end(&r);
}

/* R4443-3.2-01, R8200-4.5-05 */
static void mtu__exactly_reached__passes_and_one_more_does_not(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.ifaces[1].mtu = 1300;
    begin(&r);
    datagram(&r, "2001:db8:1::2", "2001:db8:2::2", 64, 1300);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].port, 1);
    r.n_out = 0;
    datagram(&r, "2001:db8:1::2", "2001:db8:2::2", 64, 1301);
    const struct rig_out *e = rig_find(&r, IK_ICMP6_PACKET_TOO_BIG);
    assert_non_null(e);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(e->icmp.error.mtu, 1300);
    assert_int_equal(e->len, 1280);
    rig_end(&r);
}

/* Groups are not for every link just because there is one. */
static void group__without_a_route__stays_where_it_is(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_route(&r, "::", 0, 1, "2001:db8:2::2");
    begin(&r);
    datagram(&r, "2001:db8:1::2", "ff0e::77", 64, 100);
    datagram(&r, "2001:db8:1::2", "ff02::77", 64, 100);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

static void group__with_a_route_back__is_not_sent_back(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_route(&r, "ff0e::", 16, 0, "::");
    r.routes[0].via = (struct ik_addr){0};
    begin(&r);
    datagram(&r, "2001:db8:1::2", "ff0e::77", 64, 100);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R4443-3.1-05: the scope ends at the link, not at the router. */
static void link_local_source__on_its_own_link__is_forwarded(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.options.no_redirects = true;
    begin(&r);
    const struct ik_addr there = rig_addr("2001:db8:1::3"), asker = rig_addr("fe80::2");
    assert_int_equal(ik_stack_neighbour(r.s, 0, &there, (const uint8_t[6]){2, 0, 0, 0, 9, 3}), 0);
    assert_int_equal(ik_stack_neighbour(r.s, 0, &asker, (const uint8_t[6]){2, 0, 0, 0, 9, 2}), 0);
    datagram(&r, "fe80::2", "2001:db8:1::3", 64, 100);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].port, 0);
    r.n_out = 0;
    datagram(&r, "fe80::2", "2001:db8:2::2", 64, 100);
    const struct rig_out *e = rig_find(&r, IK_ICMP6_UNREACHABLE);
    assert_non_null(e);
    assert_int_equal(e->icmp.code, 2);
    rig_end(&r);
}

static void host__never__forwards(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    datagram(&r, "2001:db8:1::2", "2001:db8:2::2", 64, 100);
    datagram(&r, "2001:db8:1::2", "2001:db8:2::2", 1, 100);
    rig_run(&r, r.now + 5 * IK_NS_PER_S);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* IK_ODD_ZERO_TTL lets 1 become 0, and then ends it all the same: else two such routers would make
 * a packet immortal. */
static void odd_router__with_hop_limit_zero__ends_the_packet(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.options.odd = IK_ODD_ZERO_TTL;
    begin(&r);
    datagram(&r, "2001:db8:1::2", "2001:db8:2::2", 1, 100);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].ip.ttl, 0);
    r.n_out = 0;
    datagram(&r, "2001:db8:1::2", "2001:db8:2::2", 0, 100);
    assert_non_null(rig_find(&r, IK_ICMP6_TIME_EXCEEDED));
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet__in_transit__loses_one_hop_and_nothing_else),
        cmocka_unit_test(hop_limit__one_or_zero__is_told_with_the_packet_as_it_came),
        cmocka_unit_test(mtu__exactly_reached__passes_and_one_more_does_not),
        cmocka_unit_test(group__without_a_route__stays_where_it_is),
        cmocka_unit_test(group__with_a_route_back__is_not_sent_back),
        cmocka_unit_test(link_local_source__on_its_own_link__is_forwarded),
        cmocka_unit_test(host__never__forwards),
        cmocka_unit_test(odd_router__with_hop_limit_zero__ends_the_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
