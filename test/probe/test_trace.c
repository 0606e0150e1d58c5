/* SPDX-License-Identifier: MIT
 * The engine as a whole: several targets, bounds, chance. */
#include "trace_net.h"

#include "base/rng.h"

/* Adds `count` targets more, 10.0.0.200 and on. */
static void add_more(struct net *n, unsigned count)
{
    static const char *const names[] = {"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"};
    const struct ik_addr me = net_addr(n->family, NET_ME);
    for (unsigned i = 0; i < count; i++) {
        const struct ik_addr to = net_addr(n->family, (uint8_t)(200 + i));
        assert_int_equal(ik_trace_add(n->t, net_now(n), names[i], &to, &me, n->medium), IK_OK);
    }
    ik_trace_complete(n->t);
}

/* Hops of each target come in order and whole, whatever the others do. */
static void targets__several__each_in_order_and_whole(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_ICMP);
    cfg.max_targets = 8;
    cfg.queries = 3;
    struct net *n = net_new(6, IK_MEDIUM_IP, &cfg, 7);
    n->routers[4].silent = true;
    add_more(n, 8);
    net_run_until(n, IK_NEVER - 1);
    assert_int_equal(n->ends, 8);
    for (unsigned i = 0; i < 8; i++) {
        unsigned seen = 0;
        for (size_t k = 0; k < n->n_said; k++) {
            const struct ik_rec_hop *h = &n->said[k];
            if (h->addr.bytes[15] != 200 + i)
                continue;
            assert_int_equal(h->target[1], '0' + (int)i);
            assert_int_equal(h->ttl, seen / 3 + 1);
            assert_int_equal(h->probe, seen % 3 + 1);
            assert_string_equal(h->state, h->ttl == 4 ? "lost" : "answered");
            seen++;
        }
        assert_int_equal(seen, 21);
    }
    struct ik_trace_totals totals;
    ik_trace_totals(n->t, &totals);
    assert_int_equal(totals.reached, 8);
    net_free(n);
}

/* Probes out over all targets never pass the bound, and every target gets its turn. */
static void targets__more_than_may_be_in_flight__take_turns(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.max_targets = 8;
    cfg.max_in_flight = 20;
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 5);
    add_more(n, 8);
    struct ik_frame f[IK_BATCH];
    assert_int_equal(n->e->ops->output(n->e, net_now(n), f, IK_BATCH), 20);
    unsigned first_hops = 0;
    for (size_t i = 0; i < 20; i++)
        first_hops += f[i].bytes.p[8] == 1;
    assert_int_equal(first_hops, 8);
    n->e->ops->accepted(n->e, net_now(n), 0);
    net_run_until(n, IK_NEVER - 1);
    assert_int_equal(n->ends, 8);
    net_free(n);
}

/* Both families in one engine, each on its port. */
static void targets__both_families__each_on_its_port(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_TCP);
    cfg.max_targets = 2;
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 4);
    for (uint8_t family = 4; family <= 6; family += 2) {
        const struct ik_addr to = net_addr(family, NET_TARGET), me = net_addr(family, NET_ME);
        assert_int_equal(ik_trace_add(n->t, net_now(n), "x", &to, &me, IK_MEDIUM_IP), IK_OK);
    }
    struct ik_frame f[IK_BATCH];
    const size_t got = n->e->ops->output(n->e, net_now(n), f, IK_BATCH);
    assert_int_equal(got, 32);
    for (size_t i = 0; i < got; i++) {
        assert_int_equal(f[i].port, f[i].bytes.p[0] >> 4 == 6);
        assert_int_equal(f[i].bytes.left, f[i].port ? 80 : 60);
    }
    net_free(n);
}

/* One number of a target that hears no answer: an answer on the port of the other family never
 * counts, whatever it quotes. */
static void answer__on_the_wrong_port__is_nobodys(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 3);
    net_add(n);
    net_output(n);
    for (size_t i = 0; i < n->n_events; i++)
        n->events[i].port = 1;
    n->now += IK_NS_PER_S;
    net_deliver(n);
    struct ik_trace_totals totals;
    ik_trace_totals(n->t, &totals);
    assert_int_equal(totals.received, 0);
    net_free(n);
}

/* A router's round trip is a millisecond a hop: the third probe is out at 3.5 ms. */
static void progress__on_the_way_and_after__what_was_told(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.in_flight = 1;
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 4);
    struct ik_trace_progress p = {.hops = 77};
    assert_false(ik_trace_progress(n->t, 0, &p));
    assert_int_equal(p.hops, 77);
    net_add(n);
    net_run_until(n, n->now + 3500 * IK_NS_PER_US);
    assert_true(ik_trace_progress(n->t, 0, &p));
    assert_int_equal(p.hops, 2);
    assert_int_equal(p.sent, 3);
    assert_int_equal(p.received, 2);
    assert_false(p.ended);
    net_run_until(n, IK_NEVER - 1);
    assert_true(ik_trace_progress(n->t, 0, &p));
    assert_int_equal(p.hops, 4);
    assert_int_equal(p.received, 4);
    assert_true(p.ended);
    assert_false(ik_trace_progress(n->t, 1, &p));
    net_free(n);
}

/* Paths at random: routers that drop, delay, duplicate, cut, rewrite. Whatever happens the trace
 * ends, its records are whole and in order, and no hop is credited to a router of another TTL. */
static void chance__a_thousand_paths__ends_and_credits_right(void **state)
{
    (void)state;
    static const int quotes[] = {0, 8, 28};
    struct ik_rng rng = {42};
    for (int round = 0; round < 1000; round++) {
        struct ik_trace_cfg cfg = net_cfg((enum ik_trace_method)ik_rng_below(&rng, 3));
        cfg.queries = 1 + ik_rng_below(&rng, 4);
        cfg.in_flight = 1 + ik_rng_below(&rng, 40);
        cfg.max_silent = ik_rng_below(&rng, 6);
        cfg.classic = cfg.method != IK_TRACE_TCP && ik_rng_below(&rng, 4) == 0;
        const uint8_t family = ik_rng_below(&rng, 2) ? 6 : 4;
        const bool plain = cfg.method == IK_TRACE_UDP && ik_rng_below(&rng, 2);
        const int hops = 1 + (int)ik_rng_below(&rng, 20);
        struct net *n = net_new(family, plain ? IK_MEDIUM_UDP : IK_MEDIUM_IP, &cfg, hops);
        for (int h = 1; h <= hops; h++) {
            struct net_router *r = &n->routers[h];
            r->silent = ik_rng_below(&rng, 5) == 0;
            r->silent_after = ik_rng_below(&rng, 6) == 0;
            r->budget = ik_rng_below(&rng, 3);
            r->twice = ik_rng_below(&rng, 4) == 0;
            r->delay = (ik_ns)ik_rng_below(&rng, 30) * IK_NS_PER_MS;
            r->quote_bytes = h < hops ? quotes[ik_rng_below(&rng, 3)] : 0;
            r->mess = !plain && ik_rng_below(&rng, 4) == 0;
            r->nat_addr = ik_rng_below(&rng, 5) == 0;
        }
        net_run(n);
        for (size_t i = 0; i < n->n_said; i++) {
            const struct ik_rec_hop *h = &n->said[i];
            assert_int_equal(h->ttl, (int64_t)(i / cfg.queries) + 1);
            const int64_t from = h->from.bytes[family == 6 ? 15 : 3];
            if (h->from.family)
                assert_int_equal(from, h->ttl < hops ? h->ttl : NET_TARGET);
        }
        assert_int_equal(n->e->ops->deadline(n->e), IK_NEVER);
        net_free(n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets__several__each_in_order_and_whole),
        cmocka_unit_test(targets__more_than_may_be_in_flight__take_turns),
        cmocka_unit_test(targets__both_families__each_on_its_port),
        cmocka_unit_test(answer__on_the_wrong_port__is_nobodys),
        cmocka_unit_test(progress__on_the_way_and_after__what_was_told),
        cmocka_unit_test(chance__a_thousand_paths__ends_and_credits_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
