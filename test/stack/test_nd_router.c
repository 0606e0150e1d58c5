/* SPDX-License-Identifier: MIT */
#include "rig6.h"

static const ik_ns second = IK_NS_PER_S;

/* An advertisement of the tester's router n, fe80::n, on port 0. */
static void advertise(struct rig *r, uint8_t n, uint16_t lifetime_s, struct ik_rd options)
{
    char from[8] = "fe80::n";
    from[6] = (char)('0' + n);
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_ROUTER_ADV,
                              .kind = IK_ICMP_ROUTER_ADV,
                              .router_adv = {.lifetime_s = lifetime_s, .options = options}};
    const struct ik_ip head = rig_head(from, "ff02::1", 255);
    rig_icmp(r, 0, n, &head, &m);
}

static struct ik_rd source_link(uint8_t option[static 8], uint8_t n)
{
    option[0] = option[1] = 1;
    rig_mac(n, option + 2);
    return (struct ik_rd){option, 8};
}

/* What the user sends to a far address goes to this MAC; 0: nowhere. */
static uint8_t first_hop(struct rig *r, const char *dst)
{
    static const uint8_t msg[8] = {IK_ICMP6_ECHO};
    struct ik_event ev = {.kind = IK_EV_FRAME};
    ev.frame = (struct ik_frame){.medium = IK_MEDIUM_ICMP6, .bytes = {msg, sizeof(msg)}};
    ev.frame.port = IK_STACK_UPPER;
    ev.frame.meta.known = IK_KNOW_DST;
    ev.frame.meta.dst = rig_addr(dst);
    struct ik_engine *e = ik_stack_engine(r->s);
    r->n_out = 0;
    e->ops->input(e, rig_now(r), IK_STACK_UPPER, &ev, 1);
    rig_drain(r);
    const struct rig_out *o = rig_find(r, IK_ICMP6_ECHO);
    return o && o->port == 0 ? o->dst_mac[5] : 0;
}

static void host(struct rig *r)
{
    rig_init(r, IK_STACK_HOST);
    r->options.upper = true;
    rig_start(r);
    rig_settle(r);
}

/* It answers for ever: what ends is its role alone. */
static void know(struct rig *r, uint8_t n)
{
    char addr[8] = "fe80::n";
    addr[6] = (char)('0' + n);
    const struct ik_addr a = rig_addr(addr);
    uint8_t mac[6];
    rig_mac(n, mac);
    assert_int_equal(ik_stack_neighbour(r->s, 0, &a, mac), IK_OK);
}

/* R4861-6.1.2-01 */
static void router__advertised__is_used_as_long_as_it_said(void **state)
{
    (void)state;
    struct rig r;
    uint8_t option[8];
    host(&r);
    know(&r, 4);
    assert_int_equal(first_hop(&r, "2001:db8:77::1"), 0);
    advertise(&r, 4, 30, source_link(option, 4));
    assert_int_equal(first_hop(&r, "2001:db8:77::1"), 4);
    rig_run(&r, r.now + 29 * second);
    assert_int_equal(first_hop(&r, "2001:db8:77::1"), 4);
    rig_run(&r, r.now + 2 * second);
    assert_int_equal(first_hop(&r, "2001:db8:77::1"), 0);
    rig_end(&r);
}

static void router__says_goodbye__is_used_no_more(void **state)
{
    (void)state;
    struct rig r;
    uint8_t option[8];
    host(&r);
    advertise(&r, 4, 1800, source_link(option, 4));
    advertise(&r, 5, 1800, source_link(option, 5));
    const uint8_t first = first_hop(&r, "2001:db8:77::1");
    assert_true(first == 4 || first == 5);
    advertise(&r, first, 0, source_link(option, first));
    assert_int_equal(first_hop(&r, "2001:db8:77::1"), 9 - first);
    rig_end(&r);
}

/* RFC 4861 section 7.2.5: whoever advertises itself as no router is none. */
static void router__becomes_a_host__is_used_no_more(void **state)
{
    (void)state;
    struct rig r;
    uint8_t option[8];
    host(&r);
    advertise(&r, 4, 1800, source_link(option, 4));
    assert_int_equal(first_hop(&r, "2001:db8:77::1"), 4);
    rig_advertise(&r, 0, 4, "fe80::4", IK_NA_OVERRIDE, 4);
    assert_int_equal(first_hop(&r, "2001:db8:77::1"), 0);
    rig_end(&r);
}

/* Strangers can take no more rows than there are, and one that is known is not doubled. */
static void table__full__forgets_the_one_that_ends_first(void **state)
{
    (void)state;
    struct rig r;
    uint8_t option[8];
    host(&r);
    advertise(&r, 4, 1800, source_link(option, 4));
    for (int i = 0; i < 5; i++)
        advertise(&r, 4, 1800, source_link(option, 4));
    advertise(&r, 5, 100, source_link(option, 5));
    advertise(&r, 6, 1800, source_link(option, 6)); /* 5 goes */
    advertise(&r, 4, 0, source_link(option, 4));
    assert_int_equal(first_hop(&r, "2001:db8:77::1"), 6);
    advertise(&r, 6, 0, source_link(option, 6));
    assert_int_equal(first_hop(&r, "2001:db8:77::1"), 0);
    rig_end(&r);
}

static void prefix__on_link__makes_its_addresses_neighbours(void **state)
{
    (void)state;
    struct rig r;
    uint8_t options[40] = {1, 1};
    host(&r);
    know(&r, 4);
    rig_mac(4, options + 2);
    const struct ik_ndopt_view view = {
        .type = IK_NDOPT_PREFIX,
        .kind = IK_NDOPT_KIND_PREFIX,
        .prefix = {.prefix_bits = 61,
                   .flags = IK_ND_PREFIX_ON_LINK,
                   .valid_s = 60,
                   .prefix = rig_addr("2001:db8:0:f7ff::")},
    };
    size_t len;
    assert_int_equal(ik_ndopt_encode(&view, options + 8, 32, &len), IK_OK);
    advertise(&r, 4, 1800, (struct ik_rd){options, sizeof(options)});
    assert_int_equal(first_hop(&r, "2001:db8:0:f7f7::1"), 4); /* bit 61 differs */
    assert_int_equal(first_hop(&r, "2001:db8:0:f7f8::1"), 0); /* looked for on the link */
    assert_non_null(rig_find(&r, IK_ICMP6_NEIGHBOR_SOL));
    rig_run(&r, r.now + 61 * second);
    assert_int_equal(first_hop(&r, "2001:db8:0:f7fa::1"), 4);
    rig_end(&r);
}

/* RFC 4861 section 6.3.4 */
static void mtu__of_the_link__is_what_routers_say_within_reason(void **state)
{
    (void)state;
    static const struct {
        uint32_t told, longest;
    } rows[] = {{1400, 1400}, {1279, 1500}, {1501, 1500}, {0, 1500}, {1280, 1280}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r;
        uint8_t options[16] = {1, 1, 2, 0, 0, 0, 9, 4, 5, 1};
        static const uint8_t data[1600];
        host(&r);
        know(&r, 4);
        ik_store_be32(options + 12, rows[i].told);
        advertise(&r, 4, 1800, (struct ik_rd){options, sizeof(options)});
        for (size_t more = 0; more < 2; more++) {
            const struct ik_icmp m = {.family = 6,
                                      .type = IK_ICMP6_ECHO,
                                      .kind = IK_ICMP_ECHO,
                                      .echo = {.data = {data, rows[i].longest - 48 + more}}};
            uint8_t msg[1600];
            size_t len;
            struct ik_event ev = {.kind = IK_EV_FRAME};
            assert_int_equal(ik_icmp_encode(&m, NULL, false, msg, sizeof(msg), &len), IK_OK);
            ev.frame = (struct ik_frame){.medium = IK_MEDIUM_ICMP6, .bytes = {msg, len}};
            ev.frame.meta =
                (struct ik_meta){.known = IK_KNOW_DST, .dst = rig_addr("2001:db8:7::1")};
            r.n_out = 0;
            ik_stack_engine(r.s)->ops->input(ik_stack_engine(r.s), rig_now(&r), IK_STACK_UPPER, &ev,
                                             1);
            rig_drain(&r);
            assert_int_equal(r.n_out, 1 + more);
        }
        rig_end(&r);
    }
}

/* RFC 4861 section 6.3.7 */
static void solicitations__three__until_somebody_answers(void **state)
{
    (void)state;
    struct rig r;
    for (int answered = 0; answered < 2; answered++) {
        uint8_t option[8];
        size_t n = 0;
        rig_init(&r, IK_STACK_HOST);
        r.options.solicit6 = true;
        rig_start(&r);
        rig_run(&r, second);
        if (answered)
            advertise(&r, 4, 1800, source_link(option, 4));
        rig_run(&r, 60 * second);
        for (size_t i = 0; i < r.n_out; i++) {
            if (r.out[i].icmp.type != IK_ICMP6_ROUTER_SOL)
                continue;
            assert_addr(&r.out[i].ip.dst, "ff02::2");
            assert_int_equal(r.out[i].ip.ttl, 255);
            n++;
        }
        assert_int_equal(n, answered ? 1 : 3);
        rig_end(&r);
    }
}

static void solicit(struct rig *r)
{
    const struct ik_icmp m = {.family = 6, .type = IK_ICMP6_ROUTER_SOL, .kind = IK_ICMP_ROUTER_SOL};
    const uint8_t none[1] = {0};
    struct ik_icmp msg = m;
    msg.router_sol.options = (struct ik_rd){none, 0};
    const struct ik_ip head = rig_head("fe80::2", "ff02::2", 255);
    rig_icmp(r, 0, 2, &head, &msg);
}

/* RFC 4861 section 6.2.6: at most one in three seconds, however many ask. */
static void router__asked_often__advertises_once_in_three_seconds(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.options.advertise6 = true;
    r.cfg.n_ifaces = 1;
    rig_start(&r);
    rig_run(&r, 100 * second);
    const ik_ns begun = r.now;
    r.n_out = 0;
    for (int i = 0; i < 300; i++) {
        solicit(&r);
        rig_run(&r, begun + i * 100 * IK_NS_PER_MS);
    }
    assert_in_range(r.n_out, 9, 11);
    rig_end(&r);
}

/* Section 6.2.4: the first ones come soon, the others between a third and the whole interval. */
static void router__unasked__advertises_at_its_interval(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.options.advertise6 = true;
    r.options.advertise_interval = 60 * second;
    r.cfg.n_ifaces = 1;
    rig_start(&r);
    rig_run(&r, second);
    assert_non_null(rig_find(&r, IK_ICMP6_ROUTER_ADV));
    const struct ik_icmp_router_adv *ra = &rig_find(&r, IK_ICMP6_ROUTER_ADV)->icmp.router_adv;
    assert_int_equal(ra->lifetime_s, 180);
    assert_int_equal(ra->hop_limit, 64);
    rig_run(&r, 60 * second); /* 16 s apart at most */
    size_t n = 0;
    for (size_t i = 0; i < r.n_out; i++)
        n += r.out[i].icmp.type == IK_ICMP6_ROUTER_ADV;
    assert_int_equal(n, 4);
    for (int i = 0; i < 20; i++) {
        r.n_out = 0;
        const ik_ns from = r.now;
        while (r.n_out == 0)
            rig_run(&r, r.now + IK_NS_PER_S / 4);
        if (i > 0)
            assert_in_range((r.now - from) / IK_NS_PER_MS, 20000, 60500);
    }
    struct ik_engine *e = ik_stack_engine(r.s);
    r.n_out = 0;
    e->ops->stop(e, rig_now(&r));
    rig_drain(&r);
    assert_int_equal(rig_find(&r, IK_ICMP6_ROUTER_ADV)->icmp.router_adv.lifetime_s, 0);
    assert_true(e->ops->done(e));
    rig_end(&r);
}

/* Timers go on, but nothing is sent to a link that is not there; not even the goodbye. */
static void router__whose_link_is_down__sends_nothing_there(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.options.advertise6 = true;
    rig_start(&r);
    rig_settle(&r);
    ik_stack_iface_up(r.s, rig_now(&r), 0, false);
    rig_run(&r, r.now + 1200 * second);
    ik_stack_engine(r.s)->ops->stop(ik_stack_engine(r.s), rig_now(&r));
    rig_drain(&r);
    size_t other = 0;
    for (size_t i = 0; i < r.n_out; i++) {
        assert_int_equal(r.out[i].port, 1);
        other += r.out[i].icmp.type == IK_ICMP6_ROUTER_ADV;
    }
    assert_true(other >= 3);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(router__advertised__is_used_as_long_as_it_said),
        cmocka_unit_test(router__says_goodbye__is_used_no_more),
        cmocka_unit_test(router__becomes_a_host__is_used_no_more),
        cmocka_unit_test(table__full__forgets_the_one_that_ends_first),
        cmocka_unit_test(prefix__on_link__makes_its_addresses_neighbours),
        cmocka_unit_test(mtu__of_the_link__is_what_routers_say_within_reason),
        cmocka_unit_test(solicitations__three__until_somebody_answers),
        cmocka_unit_test(router__asked_often__advertises_once_in_three_seconds),
        cmocka_unit_test(router__unasked__advertises_at_its_interval),
        cmocka_unit_test(router__whose_link_is_down__sends_nothing_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
