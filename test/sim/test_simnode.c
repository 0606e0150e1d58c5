/* SPDX-License-Identifier: MIT */
#include "rig.h"

#define MS IK_NS_PER_MS

struct pair {
    struct ik_sim *sim;
    struct actor a, b;
    uint32_t node[2], link;
};

static const struct ik_stack_ifaddr addrs_a[] = {
    {{.family = 4, .bytes = {10, 0, 0, 1}}, 24},
    {{.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, 64}};
static const struct ik_stack_ifaddr addrs_b[] = {{{.family = 4, .bytes = {10, 0, 0, 2}}, 24}};
static const struct ik_stack_iface iface_a = {
    .mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .addrs = addrs_a, .n_addrs = 2};
static const struct ik_stack_iface iface_b = {
    .mac = {2, 0, 0, 0, 0, 2}, .mtu = 1500, .addrs = addrs_b, .n_addrs = 1};

static void pair_new(struct pair *p, ik_ns start_b, bool resolve)
{
    memset(p, 0, sizeof(*p));
    p->sim = rig_sim(1);
    p->node[0] = rig_add(p->sim, &p->a, &iface_a, 1, 0);
    p->node[1] = rig_add(p->sim, &p->b, &iface_b, 1, start_b);
    const struct ik_sim_end ends[] = {{p->node[0], 0}, {p->node[1], 0}};
    const struct ik_sim_link_cfg cfg = {.name = "wire",
                                        .ends = ends,
                                        .n_ends = 2,
                                        .forward = {.delay = MS},
                                        .back = {.delay = MS},
                                        .resolve = resolve};
    assert_int_equal(ik_sim_add_link(p->sim, &cfg, &p->link), IK_OK);
}

static void restart__while_down__hears_nothing_and_comes_up_anew(void **state)
{
    (void)state;
    static struct pair p;
    pair_new(&p, 0, false);
    assert_int_equal(ik_sim_at_restart(p.sim, 10 * MS, p.node[1], 5 * MS), IK_OK);
    for (uint32_t i = 0; i < 20; i++)
        actor_send(&p.a, i * MS, 0, 60, i);
    ik_sim_run(p.sim, 12 * MS);
    assert_int_equal(p.b.lives, 1);
    assert_null(p.sim->nodes[p.node[1]].engine);
    ik_sim_run(p.sim, 30 * MS);
    assert_int_equal(p.b.lives, 2);
    /* Sent at 9 ms: arrives when it is just down; at 14 ms: when it is up again. */
    assert_int_equal(p.b.n_seen, 9 + 6);
    assert_int_equal(p.b.seen[8].number, 8);
    assert_int_equal(p.b.seen[9].number, 14);
    ik_sim_free(p.sim);
}

static void restart__for_ever__stays_down(void **state)
{
    (void)state;
    static struct pair p;
    pair_new(&p, 0, false);
    assert_int_equal(ik_sim_at_restart(p.sim, 10 * MS, p.node[1], IK_NEVER), IK_OK);
    ik_sim_run(p.sim, IK_NS_PER_S);
    assert_int_equal(p.b.lives, 1);
    assert_null(p.sim->nodes[p.node[1]].engine);
    assert_int_equal(ik_sim_next(p.sim), IK_NEVER);
    assert_int_equal(ik_sim_at_restart(p.sim, 0, p.node[1], 0), IK_E_VALUE); /* it is past */
    assert_int_equal(ik_sim_at_restart(p.sim, 2 * IK_NS_PER_S, 7, 0), IK_E_VALUE);
    ik_sim_free(p.sim);
}

static void start__later__comes_up_then(void **state)
{
    (void)state;
    static struct pair p;
    pair_new(&p, 5 * MS, false);
    actor_send(&p.a, 0, 0, 60, 1);
    actor_send(&p.a, 7 * MS, 0, 60, 2);
    ik_sim_run(p.sim, 4 * MS);
    assert_int_equal(p.b.lives, 0);
    ik_sim_run(p.sim, 20 * MS);
    assert_int_equal(p.b.lives, 1);
    assert_int_equal(p.b.n_seen, 1);
    assert_int_equal(p.b.seen[0].number, 2);
    ik_sim_free(p.sim);
}

static void introduce__two_ends__know_all_addresses_of_each_other(void **state)
{
    (void)state;
    static struct pair p;
    pair_new(&p, 0, false);
    assert_int_equal(p.a.neighbours, 1);
    assert_true(ik_addr_equal(&p.a.knows[0], &addrs_b[0].addr));
    /* Both of the list, and the link-local one that its MAC makes (RFC 4291 appendix A). */
    assert_int_equal(p.b.neighbours, 3);
    const struct ik_addr link_local = {.family = 6,
                                       .bytes = {0xfe, 0x80, [8] = 0, 0, 0, 0xff, 0xfe, 0, 0, 1}};
    assert_true(ik_addr_equal(&p.b.knows[0], &addrs_a[0].addr));
    assert_true(ik_addr_equal(&p.b.knows[1], &addrs_a[1].addr));
    assert_true(ik_addr_equal(&p.b.knows[2], &link_local));
    /* And again after a restart, which forgot them. */
    assert_int_equal(ik_sim_at_restart(p.sim, MS, p.node[1], 0), IK_OK);
    ik_sim_run(p.sim, 2 * MS);
    assert_int_equal(p.b.neighbours, 6);
    ik_sim_free(p.sim);
    pair_new(&p, 0, true);
    ik_sim_run(p.sim, MS);
    assert_int_equal(p.a.neighbours + p.b.neighbours, 0);
    ik_sim_free(p.sim);
}

static void restart__on_a_dead_link__learns_that_it_is_dead(void **state)
{
    (void)state;
    static struct pair p;
    pair_new(&p, 0, false);
    const struct ik_sim_impair down = {.down = true};
    assert_int_equal(ik_sim_at_link(p.sim, MS, p.link, -1, &down), IK_OK);
    assert_int_equal(ik_sim_at_restart(p.sim, 2 * MS, p.node[1], MS), IK_OK);
    ik_sim_run(p.sim, 5 * MS);
    assert_int_equal(p.b.lives, 2);
    assert_int_equal(p.b.carriers, 2);
    assert_false(p.b.carrier);
    ik_sim_free(p.sim);
}

static void add__what_cannot_be__is_refused(void **state)
{
    (void)state;
    struct ik_sim *sim = rig_sim(1);
    const struct ik_stack_iface wide = {.mtu = 2035};
    struct actor a = {0};
    uint32_t node;
    const struct ik_sim_node_cfg too_wide = {.ifaces = &wide, .n_ifaces = 1};
    assert_int_equal(ik_simnode_add(sim, &too_wide, &actor_ops, &a, &node), IK_E_VALUE);
    const struct ik_sim_node_cfg external = {.ifaces = &iface_a, .n_ifaces = 1, .external = true};
    assert_int_equal(ik_simnode_add(sim, &external, &actor_ops, &a, &node), IK_OK);
    assert_int_equal(ik_simnode_add(sim, &external, &actor_ops, &a, &node), IK_E_EXISTS);
    ik_sim_free(sim);
    const struct ik_sim_cfg small = {.frame_bytes = 600};
    assert_int_equal(ik_sim_new(&sim, &small), IK_E_VALUE);
}

/* An engine that is never satisfied must not hold time up. */
static ik_ns always(const struct ik_engine *e)
{
    (void)e;
    return 0;
}

static void deadline__always_past__lets_time_go_on(void **state)
{
    (void)state;
    static struct pair p;
    pair_new(&p, 0, false);
    struct ik_engine_ops ops = actor_engine_ops;
    ops.deadline = always;
    p.b.engine.ops = &ops;
    ik_sim_run(p.sim, 100);
    assert_int_equal(ik_sim_now(p.sim), 100);
    assert_int_equal(ik_sim_next(p.sim), 101);
    ik_sim_free(p.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restart__while_down__hears_nothing_and_comes_up_anew),
        cmocka_unit_test(restart__for_ever__stays_down),
        cmocka_unit_test(start__later__comes_up_then),
        cmocka_unit_test(introduce__two_ends__know_all_addresses_of_each_other),
        cmocka_unit_test(restart__on_a_dead_link__learns_that_it_is_dead),
        cmocka_unit_test(add__what_cannot_be__is_refused),
        cmocka_unit_test(deadline__always_past__lets_time_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
