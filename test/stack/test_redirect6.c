/* SPDX-License-Identifier: MIT */
#include "rig6.h"

static const ik_ns second = IK_NS_PER_S;

static void know(struct rig *r, uint8_t port, const char *text, uint8_t n)
{
    const struct ik_addr a = rig_addr(text);
    uint8_t mac[6];
    rig_mac(n, mac);
    assert_int_equal(ik_stack_neighbour(r->s, port, &a, mac), IK_OK);
}

/* R4861-8.2-01, R4861-8.2-02, R4861-4.6.3-01 */
static void router__sees_a_better_way__tells_and_forwards(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_route(&r, "2001:db8:77::", 64, 0, "fe80::5");
    rig_start(&r);
    rig_settle(&r);
    know(&r, 0, "2001:db8:1::2", 2);
    know(&r, 0, "fe80::5", 5);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "2001:db8:77::1", 64);
    assert_int_equal(r.n_out, 2);
    const struct rig_out *o = rig_find(&r, IK_ICMP6_REDIRECT);
    assert_non_null(o);
    assert_non_null(rig_find(&r, IK_ICMP6_ECHO));
    assert_addr(&o->ip.src, "fe80::ff:fe00:100");
    assert_addr(&o->icmp.redirect.target, "fe80::5");
    assert_addr(&o->icmp.redirect.destination, "2001:db8:77::1");
    struct ik_rd options = o->icmp.redirect.options;
    struct ik_ndopt link, packet;
    assert_int_equal(ik_ndopt_take(&options, &link, NULL), IK_OK);
    assert_int_equal(link.type, IK_NDOPT_TARGET_LINK);
    assert_int_equal(link.body.p[5], 5);
    assert_int_equal(ik_ndopt_take(&options, &packet, NULL), IK_OK);
    assert_int_equal(packet.type, IK_NDOPT_REDIRECTED);
    assert_int_equal(packet.body.p[6] >> 4, 6);
    assert_int_equal(packet.body.p[6 + 7], 64); /* as it came */
    assert_int_equal(options.left, 0);
    rig_end(&r);
}

/* A router that is known by another address has none that a redirect may name (RFC 4861 section
 * 8.2). */
static void router__without_the_link_local_address__keeps_silent(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_route(&r, "2001:db8:77::", 64, 0, "2001:db8:1::5");
    rig_start(&r);
    rig_settle(&r);
    know(&r, 0, "2001:db8:1::5", 5);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "2001:db8:77::1", 64);
    assert_null(rig_find(&r, IK_ICMP6_REDIRECT));
    assert_int_equal(r.n_out, 1);
    rig_end(&r);
}

static void router__when_told_to_keep_silent__forwards_only(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.options.no_redirects = true;
    rig_route(&r, "2001:db8:77::", 64, 0, "fe80::5");
    rig_start(&r);
    rig_settle(&r);
    know(&r, 0, "fe80::5", 5);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "2001:db8:77::1", 64);
    assert_int_equal(r.n_out, 1);
    rig_end(&r);
}

static void redirect(struct rig *r, const char *from, const char *target, const char *dst)
{
    static const uint8_t option[8] = {2, 1, 2, 0, 0, 0, 9, 5};
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_REDIRECT,
                              .kind = IK_ICMP_REDIRECT,
                              .redirect = {.target = rig_addr(target),
                                           .destination = rig_addr(dst),
                                           .options = {option, sizeof(option)}}};
    const struct ik_ip head = rig_head(from, "2001:db8:1::1", 255);
    rig_icmp(r, 0, 4, &head, &m);
    r->n_out = 0;
}

/* The MAC that an answer to that far address goes to. */
static uint8_t next_hop(struct rig *r, const char *dst)
{
    r->n_out = 0;
    rig_echo(r, 0, 4, dst, "2001:db8:1::1", 64);
    const struct rig_out *o = rig_find(r, IK_ICMP6_ECHO_REPLY);
    return o ? o->dst_mac[5] : 0;
}

static void host(struct rig *r)
{
    rig_init(r, IK_STACK_HOST);
    rig_route(r, "::", 0, 0, "fe80::4");
    rig_start(r);
    rig_settle(r);
    know(r, 0, "fe80::4", 4);
}

/* R4861-8.1-01, R4861-8.3-01 */
static void host__told_by_its_first_hop__obeys(void **state)
{
    (void)state;
    struct rig r;
    host(&r);
    assert_int_equal(next_hop(&r, "2001:db8:77::1"), 4);
    redirect(&r, "fe80::6", "fe80::5", "2001:db8:77::1"); /* not its first hop */
    assert_int_equal(next_hop(&r, "2001:db8:77::1"), 4);
    redirect(&r, "fe80::4", "fe80::5", "2001:db8:77::1");
    assert_int_equal(next_hop(&r, "2001:db8:77::1"), 5);
    assert_int_equal(next_hop(&r, "2001:db8:77::2"), 4);
    /* the first hop is the other router now: the first one has no say any more */
    redirect(&r, "fe80::4", "fe80::6", "2001:db8:77::1");
    assert_int_equal(next_hop(&r, "2001:db8:77::1"), 5);
    rig_end(&r);
}

/* RFC 4861 section 7.3.3: a way that leads nowhere is forgotten. */
static void host__whose_better_hop_is_dead__goes_back(void **state)
{
    (void)state;
    struct rig r;
    host(&r);
    redirect(&r, "fe80::4", "fe80::5", "2001:db8:77::1");
    assert_int_equal(next_hop(&r, "2001:db8:77::1"), 5);
    rig_run(&r, r.now + 30 * second); /* asked three times, nobody answers */
    assert_int_equal(next_hop(&r, "2001:db8:77::1"), 4);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(router__sees_a_better_way__tells_and_forwards),
        cmocka_unit_test(router__without_the_link_local_address__keeps_silent),
        cmocka_unit_test(router__when_told_to_keep_silent__forwards_only),
        cmocka_unit_test(host__told_by_its_first_hop__obeys),
        cmocka_unit_test(host__whose_better_hop_is_dead__goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
