/* SPDX-License-Identifier: MIT
 * What may be done against whom: the cases in which a naive guard cuts its network off. */
#include "icmpkit/daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct ik_addr addr(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}

static struct ik_prefix net(const char *text)
{
    struct ik_prefix p;
    assert_int_equal(ik_prefix_parse(text, &p), IK_OK);
    return p;
}

static struct ik_finding found(enum ik_remedy remedy, const char *src, const char *dst,
                               uint8_t type, uint8_t code)
{
    struct ik_finding f = {.id = 7,
                           .state = IK_FINDING_NEW,
                           .detector = IK_DETECT_FLOOD_SRC,
                           .severity = IK_SEVERITY_HIGH,
                           .type = type,
                           .code = code,
                           .remedy = remedy};
    if (src)
        f.src = addr(src);
    if (dst)
        f.dst = addr(dst);
    f.family = f.src.family ? f.src.family : f.dst.family;
    return f;
}

struct place {
    struct ik_spared spared[3];
    struct ik_prefix home[2];
    struct ik_orders_cfg cfg;
};

static void here(struct place *p)
{
    *p = (struct place){
        .spared = {{net("192.0.2.1/32"), false, "gateway"},
                   {net("192.0.2.10/32"), true, "own"},
                   {net("2001:db8:0:1::1/128"), false, "gateway"}},
        .home = {net("192.0.2.0/24"), net("2001:db8:0:1::/64")},
    };
    p->cfg = (struct ik_orders_cfg){.spared = p->spared,
                                    .n_spared = 3,
                                    .home = p->home,
                                    .n_home = 2,
                                    .seconds = 600,
                                    .mtu4_least = IK_ORDER_MTU4};
}

static size_t orders(const struct ik_finding *f, struct ik_order out[static IK_ORDERS_MAX],
                     const char **refused)
{
    struct place p;
    here(&p);
    const size_t n = ik_orders_of(f, &p.cfg, out, refused);
    for (size_t i = 0; i < n; i++) {
        assert_null(ik_order_fault(&out[i], &p.cfg));
        assert_int_equal(out[i].seconds, 600);
        assert_int_equal(out[i].finding, 7);
    }
    return n;
}

static void expect_one(const struct ik_finding *f, enum ik_order_kind kind, const char *who)
{
    struct ik_order out[IK_ORDERS_MAX];
    const char *refused;
    assert_int_equal(orders(f, out, &refused), 1);
    assert_null(refused);
    assert_int_equal(out[0].kind, kind);
    const struct ik_prefix want = net(who);
    assert_int_equal(out[0].who.bits, want.bits);
    assert_true(ik_addr_same_host(&out[0].who.addr, &want.addr));
}

static void expect_none(const struct ik_finding *f, const char *why)
{
    struct ik_order out[IK_ORDERS_MAX];
    const char *refused;
    assert_int_equal(orders(f, out, &refused), 0);
    if (why)
        assert_string_equal(refused, why);
    else
        assert_null(refused);
}

static void orders_of__each_remedy__is_its_order(void **state)
{
    (void)state;
    struct ik_finding f = found(IK_REMEDY_LIMIT_SOURCE, "198.51.100.7", "192.0.2.10", 8, 0);
    expect_one(&f, IK_ORDER_LIMIT_SOURCE, "198.51.100.7/32");
    f.remedy = IK_REMEDY_LIMIT_DST;
    expect_one(&f, IK_ORDER_LIMIT_DST, "192.0.2.10/32");
    f.remedy = IK_REMEDY_LIMIT_UNKNOWN;
    expect_one(&f, IK_ORDER_LIMIT_UNKNOWN, "192.0.2.10/32");
    f.remedy = IK_REMEDY_DROP_TYPE;
    expect_one(&f, IK_ORDER_DROP_KIND, "198.51.100.7/32");
    f.remedy = IK_REMEDY_DROP_FRAGMENT;
    expect_one(&f, IK_ORDER_LIMIT_FRAGMENT, "198.51.100.7/32");
    f.detector = IK_DETECT_FRAG_OVERSIZE;
    expect_one(&f, IK_ORDER_DROP_OVERSIZE, "192.0.2.10/32");
    f.remedy = IK_REMEDY_DROP_MTU;
    expect_one(&f, IK_ORDER_DROP_MTU, "192.0.2.10/32");
    f = found(IK_REMEDY_DROP_BROADCAST, "198.51.100.7", "192.0.2.255", 8, 0);
    expect_one(&f, IK_ORDER_DROP_GROUP, "192.0.2.255/32");
    f = found(IK_REMEDY_DROP_BROADCAST, "255.255.255.255", "192.0.2.10", 8, 0);
    expect_one(&f, IK_ORDER_DROP_GROUP, "255.255.255.255/32");
    f = found(IK_REMEDY_DROP_HOP_LIMIT, "2001:db8:0:9::5", "2001:db8:0:1::10", 134, 0);
    expect_one(&f, IK_ORDER_DROP_HOP_LIMIT, "2001:db8:0:9::/64");
}

/* What nobody but the filter sees may be a lesser thing than what was found. */
static void until__of_what_only_the_filter_sees__is_a_day_at_most(void **state)
{
    (void)state;
    const ik_ns s = IK_NS_PER_S, day = IK_ORDER_SECONDS_MAX * s;
    assert_int_equal(ik_order_until(100 * s, 100 * s, 600), 700 * s);
    assert_int_equal(ik_order_until(100 * s, 500 * s, 600), 1100 * s);
    assert_int_equal(ik_order_until(100 * s, 100 * s + day - 600 * s, 600), 100 * s + day);
    assert_int_equal(ik_order_until(100 * s, 100 * s + day - 599 * s, 600), 100 * s + day);
    assert_int_equal(ik_order_until(100 * s, 100 * s + day, 600), 100 * s + day); /* is over */
    assert_int_equal(ik_order_until(100 * s, 100 * s, IK_ORDER_SECONDS_MAX), 100 * s + day);
}

/* Who says that his links are that narrow would lose what is true. */
static void orders_of__a_network_of_small_mtus__loses_no_report(void **state)
{
    (void)state;
    struct place p;
    struct ik_order out[IK_ORDERS_MAX];
    const char *refused;
    struct ik_finding f = found(IK_REMEDY_DROP_MTU, "198.51.100.7", "192.0.2.10", 3, 4);
    here(&p);
    p.cfg.mtu4_least = IK_ORDER_MTU4 - 1;
    assert_int_equal(ik_orders_of(&f, &p.cfg, out, &refused), 0);
    assert_string_equal(refused, "smaller path MTUs are allowed than those that would be dropped");
    f = found(IK_REMEDY_DROP_MTU, "2001:db8:0:9::5", "2001:db8:0:1::10", 2, 0);
    assert_int_equal(ik_orders_of(&f, &p.cfg, out, &refused), 1);
    assert_null(refused);
}

static void orders_of__what_is_slight_or_over__is_left_alone(void **state)
{
    (void)state;
    struct ik_finding f = found(IK_REMEDY_LIMIT_SOURCE, "198.51.100.7", "192.0.2.10", 8, 0);
    f.severity = IK_SEVERITY_LOW;
    expect_none(&f, NULL);
    f.severity = IK_SEVERITY_HIGH;
    f.state = IK_FINDING_ENDED;
    expect_none(&f, NULL);
    f = found(IK_REMEDY_NONE, "198.51.100.7", "192.0.2.10", 8, 0);
    expect_none(&f, NULL);
}

static void orders_of__what_networks_live_on__is_refused(void **state)
{
    (void)state;
    static const enum ik_remedy remedies[] = {IK_REMEDY_LIMIT_SOURCE, IK_REMEDY_LIMIT_DST,
                                              IK_REMEDY_DROP_TYPE};
    static const uint8_t types[] = {2, 130, 133, 134, 135, 136, 137, 143};
    static const char why[] = "a network cannot do without these messages";
    for (size_t r = 0; r < 3; r++) {
        for (size_t t = 0; t < sizeof(types); t++) {
            const struct ik_finding f =
                found(remedies[r], "2001:db8:0:9::5", "2001:db8:0:1::10", types[t], 0);
            expect_none(&f, why);
        }
    }
    const struct ik_finding f = found(IK_REMEDY_DROP_TYPE, "198.51.100.7", "192.0.2.10", 3, 4);
    expect_none(&f, why);
    /* Port unreachable of the same source is another kind. */
    const struct ik_finding g = found(IK_REMEDY_DROP_TYPE, "198.51.100.7", "192.0.2.10", 3, 3);
    expect_one(&g, IK_ORDER_DROP_KIND, "198.51.100.7/32");
}

/* RFC 4890 section 4.3.1. */
static void orders_of__errors_and_echo_of_ipv6__is_a_limit(void **state)
{
    (void)state;
    static const uint8_t types[] = {1, 3, 4, 128, 129};
    for (size_t t = 0; t < sizeof(types); t++) {
        const struct ik_finding f =
            found(IK_REMEDY_DROP_TYPE, "2001:db8:0:9::5", "2001:db8:0:1::10", types[t], 0);
        expect_one(&f, IK_ORDER_LIMIT_SOURCE, "2001:db8:0:9::/64");
    }
    struct ik_finding f =
        found(IK_REMEDY_BLOCK_PAIR, "2001:db8:0:9::5", "2001:db8:0:1::10", 129, 0);
    f.detector = IK_DETECT_TUNNEL_MISMATCH;
    expect_one(&f, IK_ORDER_LIMIT_PAIR, "2001:db8:0:9::5/128");
    f = found(IK_REMEDY_DROP_TYPE, "2001:db8:0:9::5", "2001:db8:0:1::10", 139, 0);
    expect_one(&f, IK_ORDER_DROP_KIND, "2001:db8:0:9::/64");
}

/* Anybody can send replies in another's name, and have the two cut off from each other. */
static void orders_of__a_pair_without_proof__is_a_limit(void **state)
{
    (void)state;
    struct ik_finding f = found(IK_REMEDY_BLOCK_PAIR, "198.51.100.7", "192.0.2.30", 0, 0);
    f.detector = IK_DETECT_TUNNEL_ORPHAN;
    expect_one(&f, IK_ORDER_LIMIT_PAIR, "198.51.100.7/32");
    f.detector = IK_DETECT_TUNNEL_MISMATCH;
    expect_one(&f, IK_ORDER_BLOCK_PAIR, "198.51.100.7/32");
    f = found(IK_REMEDY_BLOCK_PAIR, "192.0.2.30", "198.51.100.7", 0, 0);
    f.detector = IK_DETECT_TUNNEL_ORPHAN;
    expect_one(&f, IK_ORDER_BLOCK_PAIR, "192.0.2.30/32");
}

static void orders_of__several_types_of_a_source__limits_requests_only(void **state)
{
    (void)state;
    struct ik_order out[IK_ORDERS_MAX];
    const char *refused;
    struct ik_finding f = found(IK_REMEDY_LIMIT_SOURCE, "198.51.100.7", "192.0.2.10", 0, 0);
    f.family = 0; /* of several types */
    assert_int_equal(orders(&f, out, &refused), 1);
    assert_int_equal(out[0].type, 8);
    f.src = addr("192.0.2.30"); /* one of ours: no forgery passes the gateway */
    assert_int_equal(orders(&f, out, &refused), 4);
    f = found(IK_REMEDY_LIMIT_DST, NULL, "192.0.2.10", 0, 0);
    f.family = 0;
    assert_int_equal(orders(&f, out, &refused), 4);
}

static void orders_of__who_is_spared__is_refused(void **state)
{
    (void)state;
    struct ik_finding f = found(IK_REMEDY_LIMIT_SOURCE, "192.0.2.1", "192.0.2.10", 8, 0);
    expect_none(&f, "gateway");
    f.remedy = IK_REMEDY_DROP_TYPE;
    expect_none(&f, "gateway");
    /* A gateway in the same /64 as who is counted: the order would hit it. */
    f = found(IK_REMEDY_LIMIT_SOURCE, "2001:db8:0:1::bad", "2001:db8:0:1::10", 128, 0);
    expect_none(&f, "gateway");
    /* What was taken for a group is a host of ours. */
    f = found(IK_REMEDY_DROP_BROADCAST, "198.51.100.7", "192.0.2.10", 8, 0);
    expect_none(&f, "own");
    /* Protecting one of them stops nothing of theirs. */
    f = found(IK_REMEDY_LIMIT_DST, NULL, "192.0.2.1", 8, 0);
    expect_one(&f, IK_ORDER_LIMIT_DST, "192.0.2.1/32");
}

static void orders_of__a_pair_with_us__is_no_reason_to_spare(void **state)
{
    (void)state;
    /* Our own host is one end of most pairs: it is no reason to let the tunnel be. */
    struct ik_finding f = found(IK_REMEDY_BLOCK_PAIR, "192.0.2.10", "198.51.100.7", 0, 0);
    expect_one(&f, IK_ORDER_BLOCK_PAIR, "192.0.2.10/32");
    f = found(IK_REMEDY_BLOCK_PAIR, "198.51.100.7", "192.0.2.10", 0, 0);
    expect_one(&f, IK_ORDER_LIMIT_PAIR, "198.51.100.7/32");
    /* A gateway is spared at either end. */
    f = found(IK_REMEDY_BLOCK_PAIR, "192.0.2.1", "192.0.2.30", 0, 0);
    expect_none(&f, "gateway");
    f = found(IK_REMEDY_BLOCK_PAIR, "192.0.2.30", "192.0.2.1", 0, 0);
    expect_none(&f, "gateway");
}

static void fault__orders_that_nobody_may_give__are_named(void **state)
{
    (void)state;
    struct place p;
    here(&p);
    const struct ik_order good = {
        .kind = IK_ORDER_LIMIT_SOURCE, .who = net("198.51.100.7/32"), .type = 8, .seconds = 60};
    struct ik_order o = good;
    assert_null(ik_order_fault(&o, &p.cfg));
    o.who = net("198.51.100.0/24");
    assert_non_null(ik_order_fault(&o, &p.cfg));
    o = good;
    o.who = net("2001:db8:9::/48");
    assert_non_null(ik_order_fault(&o, &p.cfg));
    o = good;
    o.seconds = 0; /* nftables: for ever */
    assert_non_null(ik_order_fault(&o, &p.cfg));
    o.seconds = IK_ORDER_SECONDS_MAX + 1;
    assert_non_null(ik_order_fault(&o, &p.cfg));
    o = good;
    o.kind = IK_ORDERS;
    assert_non_null(ik_order_fault(&o, &p.cfg));
    o = good;
    o.who.addr.family = 0;
    assert_non_null(ik_order_fault(&o, &p.cfg));
    o = (struct ik_order){.kind = IK_ORDER_BLOCK_PAIR,
                          .who = net("198.51.100.7/32"),
                          .other = net("2001:db8:9::1/128"),
                          .seconds = 60};
    assert_non_null(ik_order_fault(&o, &p.cfg));
    o.who = net("2001:db8:9::2/128");
    assert_string_equal(ik_order_fault(&o, &p.cfg),
                        "these messages of IPv6 may be limited, never dropped");
    o = (struct ik_order){
        .kind = IK_ORDER_DROP_HOP_LIMIT, .who = net("198.51.100.7/32"), .seconds = 60};
    assert_non_null(ik_order_fault(&o, &p.cfg));
}

static void same__by_key(void **state)
{
    (void)state;
    struct ik_order a = {.kind = IK_ORDER_BLOCK_PAIR,
                         .who = net("198.51.100.7/32"),
                         .other = net("192.0.2.10/32"),
                         .seconds = 60};
    struct ik_order b = a;
    b.who = a.other;
    b.other = a.who;
    b.seconds = 5;
    assert_true(ik_order_same(&a, &b));
    b.kind = IK_ORDER_LIMIT_PAIR;
    assert_false(ik_order_same(&a, &b));
    a = (struct ik_order){.kind = IK_ORDER_DROP_KIND, .who = net("198.51.100.7/32"), .type = 3};
    b = a;
    b.code = 1;
    assert_false(ik_order_same(&a, &b));
    a.kind = b.kind = IK_ORDER_LIMIT_SOURCE; /* the code is no part of this key */
    assert_true(ik_order_same(&a, &b));
    b.type = 8;
    assert_false(ik_order_same(&a, &b));
}

/* One finding, two detectors: each gets what it asks for, and what both ask for is done once. */
static void orders_of__each_of_its_detectors__once(void **state)
{
    (void)state;
    struct ik_order out[IK_ORDERS_MAX];
    const char *refused;
    struct ik_finding f = found(IK_REMEDY_LIMIT_DST, NULL, "192.0.2.10", 8, 0);
    const struct ik_finding source =
        found(IK_REMEDY_LIMIT_SOURCE, "198.51.100.7", "192.0.2.10", 8, 0);
    f.n_also = 2;
    f.also[0] = (struct ik_voice){.detector = IK_DETECT_FLOOD_SRC,
                                  .severity = IK_SEVERITY_MEDIUM,
                                  .src = source.src,
                                  .family = 4,
                                  .type = 8,
                                  .remedy = IK_REMEDY_LIMIT_SOURCE};
    f.also[1] = f.also[0];
    assert_int_equal(orders(&f, out, &refused), 2);
    assert_int_equal(out[0].kind, IK_ORDER_LIMIT_DST);
    assert_int_equal(out[1].kind, IK_ORDER_LIMIT_SOURCE);
    assert_true(ik_addr_same_host(&out[1].who.addr, &source.src));
    f.also[0].severity = f.also[1].severity = IK_SEVERITY_LOW; /* not for what is only unusual */
    assert_int_equal(orders(&f, out, &refused), 1);
    /* A tunnel by its form, which anybody can forge, and by its answers, which nobody can. */
    f = found(IK_REMEDY_BLOCK_PAIR, "198.51.100.7", "203.0.113.9", 8, 0);
    f.detector = IK_DETECT_TOOL;
    assert_int_equal(orders(&f, out, &refused), 1);
    assert_int_equal(out[0].kind, IK_ORDER_LIMIT_PAIR);
    f.n_also = 1;
    f.also[0] = (struct ik_voice){.detector = IK_DETECT_TUNNEL_MISMATCH,
                                  .severity = IK_SEVERITY_HIGH,
                                  .src = f.src,
                                  .dst = f.dst,
                                  .family = 4,
                                  .type = 8,
                                  .remedy = IK_REMEDY_BLOCK_PAIR};
    assert_int_equal(orders(&f, out, &refused), 1);
    assert_int_equal(out[0].kind, IK_ORDER_BLOCK_PAIR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_of__each_of_its_detectors__once),
        cmocka_unit_test(orders_of__each_remedy__is_its_order),
        cmocka_unit_test(until__of_what_only_the_filter_sees__is_a_day_at_most),
        cmocka_unit_test(orders_of__a_network_of_small_mtus__loses_no_report),
        cmocka_unit_test(orders_of__what_is_slight_or_over__is_left_alone),
        cmocka_unit_test(orders_of__what_networks_live_on__is_refused),
        cmocka_unit_test(orders_of__errors_and_echo_of_ipv6__is_a_limit),
        cmocka_unit_test(orders_of__a_pair_without_proof__is_a_limit),
        cmocka_unit_test(orders_of__several_types_of_a_source__limits_requests_only),
        cmocka_unit_test(orders_of__who_is_spared__is_refused),
        cmocka_unit_test(orders_of__a_pair_with_us__is_no_reason_to_spare),
        cmocka_unit_test(fault__orders_that_nobody_may_give__are_named),
        cmocka_unit_test(same__by_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
