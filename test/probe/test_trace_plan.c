/* SPDX-License-Identifier: MIT
 * When probes go, how long they are waited for, what their round trips are. */
#include "trace_net.h"

static const ik_ns START = 1000 * IK_NS_PER_S;

static struct net *path(const struct ik_trace_cfg *cfg, int hops)
{
    return net_new(4, IK_MEDIUM_IP, cfg, hops);
}

static void window__sixteen_at_once__the_rest_as_answers_come(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.queries = 3;
    struct net *n = path(&cfg, 10);
    net_add(n);
    net_run_until(n, START);
    assert_int_equal(n->n_sent, 16);
    net_run_until(n, START + IK_NS_PER_MS); /* three answers of hop 1 */
    assert_int_equal(n->n_sent, 19);
    net_run_until(n, IK_NEVER - 1);
    assert_true(n->end.reached);
    assert_true(n->n_sent < 30 + 16); /* no more than a window beyond the target */
    net_free(n);
}

static void window__one__strictly_one_after_another(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.in_flight = 1;
    struct net *n = path(&cfg, 4);
    net_run(n);
    assert_int_equal(n->n_sent, 4);
    assert_int_equal(n->ended_at - START, (1 + 2 + 3 + 4) * IK_NS_PER_MS);
    net_free(n);
}

static void gap__between_probes__kept(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.gap = 20 * IK_NS_PER_MS;
    struct net *n = path(&cfg, 5);
    net_run(n);
    assert_int_equal(n->n_sent, 5);
    for (size_t i = 0; i < n->n_sent; i++)
        assert_int_equal(n->sent[i].at, START + (ik_ns)i * cfg.gap);
    net_free(n);
}

static void order__answers_reversed__records_by_ttl(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = path(&cfg, 8);
    for (int h = 1; h < 8; h++)
        n->routers[h].delay = (8 - h) * 2 * IK_NS_PER_MS;
    net_expect(n, "1|2|3|4|5|6|7|99 = port-unreachable yes 8");
}

/* A hop is said as soon as it is known, not when the trace is over. */
static void order__first_hop__said_at_once(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = path(&cfg, 8);
    net_add(n);
    net_run_until(n, START + IK_NS_PER_MS);
    assert_int_equal(n->n_said, 1);
    net_run_until(n, START + 3 * IK_NS_PER_MS);
    assert_int_equal(n->n_said, 3);
    net_free(n);
}

static void answers__duplicated__counted_once(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_ICMP);
    struct net *n = path(&cfg, 3);
    for (int h = 1; h <= 2; h++)
        n->routers[h].twice = true;
    struct ik_trace_totals totals;
    net_run(n);
    ik_trace_totals(n->t, &totals);
    assert_string_equal(net_text(n), "1|2|99 = echo-reply yes 3");
    assert_int_equal(n->end.received, 3);
    assert_int_equal(totals.duplicates, 2);
    net_free(n);
}

/* -w MAX alone: everything is waited for that long, then late. */
static void wait__max__late_is_lost(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.timeout = IK_NS_PER_S;
    cfg.here_percent = cfg.near_percent = 0;
    struct net *n = path(&cfg, 4);
    n->routers[2].delay = 990 * IK_NS_PER_MS;  /* 992: in time */
    n->routers[3].delay = 1010 * IK_NS_PER_MS; /* 1013: late */
    net_run(n);
    assert_string_equal(net_text(n), "1|2|l|99 = port-unreachable yes 4");
    assert_int_equal(n->ended_at - START, IK_NS_PER_S);
    net_free(n);
}

static void wait__late_answer__counted_as_late(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.timeout = 100 * IK_NS_PER_MS;
    cfg.max_ttl = 20;
    struct net *n = path(&cfg, 39);
    for (int h = 4; h < 39; h++)
        n->routers[h].silent = true;
    n->routers[2].delay = 150 * IK_NS_PER_MS;
    struct ik_trace_totals totals;
    net_run(n);
    ik_trace_totals(n->t, &totals);
    assert_int_equal(totals.late, 1);
    assert_string_equal(n->said[1].state, "lost");
    net_free(n);
}

/* here: three round trips of the same hop; near: ten of a later one; never below the patience. */
static void wait__here_and_near__by_round_trips_seen(void **state)
{
    (void)state;
    static const struct {
        ik_ns hop;
        bool other_answers; /* of the hop that is waited for */
        ik_ns end;
    } rows[] = {
        {100 * IK_NS_PER_MS, true, 3 * 200 * IK_NS_PER_MS},
        {100 * IK_NS_PER_MS, false, 10 * 300 * IK_NS_PER_MS},
        {IK_NS_PER_MS, true, IK_TRACE_PATIENCE},
        {IK_NS_PER_MS, false, IK_TRACE_PATIENCE},
        {IK_NS_PER_S, false, 5 * IK_NS_PER_S},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
        cfg.queries = 2;
        struct net *n = path(&cfg, 4);
        n->hop_ns = rows[i].hop;
        n->routers[2].silent_after = true;
        n->routers[2].budget = rows[i].other_answers ? 1 : 0;
        net_run(n);
        assert_int_equal(n->ended_at - START, rows[i].end);
        net_free(n);
    }
}

/* ---- round trips ----------------------------------------------------------------------------- */

/* Both ends from the kernel: what the loop was late by does not show. */
static void rtt__kernel_stamps__not_what_the_loop_saw(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = path(&cfg, 2);
    n->stamps = false;
    net_add(n);
    net_run_until(n, START);
    const struct ik_event sent = {.kind = IK_EV_SENT,
                                  .key = n->sent[0].frame.key,
                                  .at = {START + 5000, IK_CLOCK_KERNEL},
                                  .frame.bytes = {n->sent[0].bytes, 0}};
    for (size_t i = 0; i < n->n_events; i++)
        n->events[i].ev.at = (struct ik_stamp){START + 5000 + 28000, IK_CLOCK_KERNEL};
    n->now = START + 20 * IK_NS_PER_MS; /* the loop was away */
    net_deliver(n);
    assert_int_equal(n->n_said, 0); /* the departure's stamp is awaited */
    n->e->ops->input(n->e, net_now(n), 0, &sent, 1);
    net_drain(n);
    assert_int_equal(n->said[0].rtt_ns, 28000);
    assert_int_equal(n->said[0].wait_ns, 5000);
    assert_string_equal(n->said[0].clock, "kernel");
    net_free(n);
}

/* No duration spans two sources: without a departure stamp both ends are ours. */
static void rtt__no_departure_stamp__user_clock_on_both_ends(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = path(&cfg, 3);
    n->stamps = false;
    net_run(n);
    assert_string_equal(net_text(n), "1|2|99 = port-unreachable yes 3");
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(n->said[i].clock, "user");
        assert_int_equal(n->said[i].rtt_ns, (ik_ns)(i + 1) * IK_NS_PER_MS);
        assert_int_equal(n->said[i].wait_ns, IK_NEVER);
    }
    net_free(n);
}

/* CVE-2025-47268 and 2025-48964: stamps at the ends of the range, or backwards, overflow nothing;
 * our own clock counts. */
static void rtt__cve_2025_47268_absurd_stamps__user_clock(void **state)
{
    (void)state;
    static const ik_ns arrivals[] = {0, START - 1, START + 3600 * IK_NS_PER_S, INT64_MIN,
                                     INT64_MAX};
    for (size_t i = 0; i < sizeof(arrivals) / sizeof(*arrivals); i++) {
        struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
        struct net *n = path(&cfg, 2);
        net_add(n);
        net_run_until(n, START);
        for (size_t k = 0; k < n->n_events; k++)
            if (n->events[k].ev.kind == IK_EV_FRAME)
                n->events[k].ev.at.mono = arrivals[i];
        net_run_until(n, IK_NEVER - 1);
        assert_string_equal(net_text(n), "1|99 = port-unreachable yes 2");
        assert_int_equal(n->said[0].rtt_ns, IK_NS_PER_MS);
        assert_string_equal(n->said[0].clock, "user");
        net_free(n);
    }
}

/* ---- what goes wrong here -------------------------------------------------------------------- */

/* The socket lost messages while probes were out: whether the network lost them is not known. */
static void drops__while_out__unknown(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = path(&cfg, 5);
    n->routers[2].silent = n->routers[4].silent = true;
    net_add(n);
    net_run_until(n, START + 2 * IK_NS_PER_MS);
    const struct ik_event drops = {
        .kind = IK_EV_DROPS, .drops = 3, .frame.bytes = {(const uint8_t *)"", 0}};
    n->e->ops->input(n->e, net_now(n), 0, &drops, 1);
    net_run_until(n, IK_NEVER - 1);
    assert_string_equal(net_text(n), "1|?|3|?|99 = port-unreachable yes 5");
    net_free(n);
}

static void send__fails__told_and_not_counted_as_sent(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = path(&cfg, 5);
    n->fail_every = 3;
    n->fail_err = IK_E_NO_ROUTE;
    net_run(n);
    assert_string_equal(net_text(n), "1|2|x|4|99 = port-unreachable yes 5");
    assert_string_equal(n->said[2].error, ik_err_text(IK_E_NO_ROUTE));
    assert_int_equal(n->end.sent, n->n_sent - n->n_sent / 3);
    net_free(n);
}

/* Too large for this host's own link: the trace is over, and no router said so. */
static void send__too_big__ends_the_trace_unmarked(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.packet_bytes = 1000;
    cfg.dont_fragment = true;
    struct net *n = path(&cfg, 5);
    n->fail_every = 1;
    n->fail_err = IK_E_TOO_BIG;
    net_expect(n, "x = unreachable no 0");
}

/* What the link did not take is offered again, with nothing lost and nothing twice. */
static void accepted__fewer_than_offered__the_rest_again(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = path(&cfg, 6);
    net_add(n);
    struct ik_frame f[IK_BATCH];
    for (uint8_t want = 1; want <= 8; want++) {
        const size_t got = n->e->ops->output(n->e, net_now(n), f, IK_BATCH);
        assert_int_equal(got, 16u - want + 1);
        assert_int_equal(f[0].bytes.p[8], want);
        net_send(n, &f[0]);
        n->e->ops->accepted(n->e, net_now(n), 1);
    }
    assert_int_equal(n->e->ops->output(n->e, net_now(n), f, 3), 3);
    n->e->ops->accepted(n->e, net_now(n), 0);
    net_run_until(n, IK_NEVER - 1);
    assert_string_equal(net_text(n), "1|2|3|4|5|99 = port-unreachable yes 6");
    net_free(n);
}

static void stop__in_the_middle__says_what_is_known(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = path(&cfg, 9);
    n->routers[2].silent = true;
    net_add(n);
    net_run_until(n, START + 4 * IK_NS_PER_MS + 1);
    n->e->ops->stop(n->e, net_now(n));
    net_drain(n);
    assert_true(n->e->ops->done(n->e));
    assert_int_equal(n->e->ops->deadline(n->e), IK_NEVER);
    assert_string_equal(net_text(n), "1|?|3|4 = interrupted no 4");
    net_free(n);
}

/* Same seed and input, same bytes out. */
static void engine__same_key__same_frames(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *a = path(&cfg, 5), *b = path(&cfg, 5);
    net_run(a);
    net_run(b);
    assert_int_equal(a->n_sent, b->n_sent);
    for (size_t i = 0; i < a->n_sent; i++)
        assert_memory_equal(a->sent[i].bytes, b->sent[i].bytes, 60);
    net_free(a);
    net_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window__sixteen_at_once__the_rest_as_answers_come),
        cmocka_unit_test(window__one__strictly_one_after_another),
        cmocka_unit_test(gap__between_probes__kept),
        cmocka_unit_test(order__answers_reversed__records_by_ttl),
        cmocka_unit_test(order__first_hop__said_at_once),
        cmocka_unit_test(answers__duplicated__counted_once),
        cmocka_unit_test(wait__max__late_is_lost),
        cmocka_unit_test(wait__late_answer__counted_as_late),
        cmocka_unit_test(wait__here_and_near__by_round_trips_seen),
        cmocka_unit_test(rtt__kernel_stamps__not_what_the_loop_saw),
        cmocka_unit_test(rtt__no_departure_stamp__user_clock_on_both_ends),
        cmocka_unit_test(rtt__cve_2025_47268_absurd_stamps__user_clock),
        cmocka_unit_test(drops__while_out__unknown),
        cmocka_unit_test(send__fails__told_and_not_counted_as_sent),
        cmocka_unit_test(send__too_big__ends_the_trace_unmarked),
        cmocka_unit_test(accepted__fewer_than_offered__the_rest_again),
        cmocka_unit_test(stop__in_the_middle__says_what_is_known),
        cmocka_unit_test(engine__same_key__same_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
