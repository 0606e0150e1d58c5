/* SPDX-License-Identifier: MIT */
#include "rig.h"

#define MS IK_NS_PER_MS

struct rig {
    struct ik_sim *sim;
    struct actor a;
    struct ik_engine *e;
};

static const struct ik_stack_iface inside = {.mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500};
static const struct ik_stack_iface outside = {.mac = {2, 0, 0, 0, 0, 2}, .mtu = 1500};
/* The loop's clock said this at virtual 0. */
static const struct ik_now base = {1000 * IK_NS_PER_S, 1700000000 * IK_NS_PER_S};

static struct ik_now after(ik_ns ns)
{
    return (struct ik_now){base.mono + ns, base.real + ns};
}

static void rig_new(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    r->sim = rig_sim(1);
    assert_null(ik_sim_engine(r->sim));
    const uint32_t node = rig_add(r->sim, &r->a, &inside, 1, 0);
    const struct ik_sim_node_cfg cfg = {
        .name = "machine", .ifaces = &outside, .n_ifaces = 1, .external = true};
    uint32_t external, link;
    static const struct ik_simnode_ops none = {0};
    assert_int_equal(ik_simnode_add(r->sim, &cfg, &none, NULL, &external), IK_OK);
    const struct ik_sim_end ends[] = {{external, 0}, {node, 0}};
    const struct ik_sim_link_cfg wire = {
        .ends = ends, .n_ends = 2, .forward = {.delay = 3 * MS}, .back = {.delay = 3 * MS}};
    assert_int_equal(ik_sim_add_link(r->sim, &wire, &link), IK_OK);
    ik_sim_set_base(r->sim, base);
    r->e = ik_sim_engine(r->sim);
    assert_non_null(r->e);
}

static void engine__frame_of_the_machine__is_answered_in_its_time(void **state)
{
    (void)state;
    static struct rig r;
    rig_new(&r);
    r.a.echoes = true;
    uint8_t bytes[60] = {[17] = 9};
    struct ik_frame out[4];
    assert_int_equal(r.e->ops->output(r.e, after(MS), out, 4), 0);
    const struct ik_event ev = {.kind = IK_EV_FRAME,
                                .frame = {.medium = IK_MEDIUM_ETHER, .bytes = {bytes, 60}}};
    r.e->ops->input(r.e, after(10 * MS), 0, &ev, 1);
    assert_int_equal(r.e->ops->deadline(r.e), base.mono + 13 * MS);
    assert_int_equal(r.e->ops->output(r.e, after(12 * MS), out, 4), 0);
    assert_int_equal(r.e->ops->output(r.e, after(13 * MS), out, 4), 0);
    assert_int_equal(r.a.n_seen, 1);
    assert_int_equal(r.a.seen[0].at, 13 * MS);
    assert_int_equal(r.e->ops->deadline(r.e), base.mono + 16 * MS);
    /* What was not taken is offered again. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(r.e->ops->output(r.e, after((16 + i) * MS), out, 4), 1);
        assert_int_equal(r.e->ops->deadline(r.e), 0);
        r.e->ops->accepted(r.e, after((16 + i) * MS), 0);
    }
    assert_int_equal(r.e->ops->output(r.e, after(18 * MS), out, 4), 1);
    r.e->ops->accepted(r.e, after(18 * MS), 1);
    assert_int_equal(out[0].medium, IK_MEDIUM_ETHER);
    assert_int_equal(out[0].bytes.left, 60);
    assert_int_equal(out[0].bytes.p[17], 9);
    assert_int_equal(r.e->ops->output(r.e, after(18 * MS), out, 4), 0);
    assert_int_equal(r.sim->flights.used, 0);
    assert_false(r.e->ops->done(r.e));
    r.e->ops->stop(r.e, after(18 * MS));
    assert_true(r.e->ops->done(r.e));
    ik_sim_free(r.sim);
}

static void engine__machine_that_takes_nothing__is_no_leak(void **state)
{
    (void)state;
    static struct rig r;
    rig_new(&r);
    for (uint32_t i = 0; i < 3000; i++)
        actor_send(&r.a, i, 0, 60, i);
    struct ik_frame out[IK_BATCH];
    assert_int_equal(r.e->ops->output(r.e, after(10 * MS), out, IK_BATCH), IK_BATCH);
    assert_int_equal(r.sim->flights.used, 1024);
    assert_int_equal(ik_sim_overflows(r.sim), 0);
    uint32_t got = 0;
    for (size_t n; (n = r.e->ops->output(r.e, after(10 * MS), out, IK_BATCH)); got += n) {
        assert_int_equal(ik_load_be32(out[0].bytes.p + 14), got);
        r.e->ops->accepted(r.e, after(10 * MS), n);
    }
    assert_int_equal(got, 1024);
    assert_int_equal(r.sim->flights.used, 0);
    ik_sim_free(r.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engine__frame_of_the_machine__is_answered_in_its_time),
        cmocka_unit_test(engine__machine_that_takes_nothing__is_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
