/* SPDX-License-Identifier: MIT */
#include "rig.h"

#define MS IK_NS_PER_MS
enum { GIVES = 6, BURST = 5000 };

/* A node that gives its user, a millisecond after each frame of his, one packet of every kind. */
struct giver {
    struct ik_engine engine;
    uint32_t got;
    ik_ns at;
    size_t left, burst;
    struct ik_frame last;
};

static const uint8_t icmp4[] = {0x45, 0, 0,  28, 0, 0, 0, 0, 64,  1,   0, 0, 10, 0,
                                0,    2, 10, 0,  0, 1, 0, 0, 255, 255, 0, 0, 0,  0};
static const uint8_t udp4[] = {0x45, 0, 0,  28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0,
                               0,    2, 10, 0,  0, 1, 0, 9, 0,  9,  0, 8, 0,  0};
static const uint8_t tcp4[40] = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1};
static const uint8_t tcp6[60] = {0x60, [5] = 20, 6, 64};
static const uint8_t udp6[48] = {0x60, [5] = 8, 17, 64};
static const uint8_t icmp6[] = {129, 0, 0, 0, 0, 0, 0, 0};
static const struct ik_frame gives[GIVES] = {
    {.medium = IK_MEDIUM_IP, .bytes = {icmp4, sizeof(icmp4)}},
    {.medium = IK_MEDIUM_IP, .bytes = {udp4, sizeof(udp4)}},
    {.medium = IK_MEDIUM_IP, .bytes = {tcp4, sizeof(tcp4)}},
    {.medium = IK_MEDIUM_IP, .bytes = {tcp6, sizeof(tcp6)}},
    {.medium = IK_MEDIUM_IP, .bytes = {udp6, sizeof(udp6)}},
    {.medium = IK_MEDIUM_ICMP6,
     .bytes = {icmp6, sizeof(icmp6)},
     .meta = {.known = IK_KNOW_SRC | IK_KNOW_TTL, .src = {.family = 6, .bytes = {9}}, .ttl = 61}},
};

static void give_input(struct ik_engine *e, struct ik_now now, uint8_t port,
                       const struct ik_event *in, size_t n)
{
    struct giver *g = (struct giver *)e;
    assert_int_equal(port, IK_STACK_UPPER);
    g->last = in[n - 1].frame;
    g->got += n;
    g->at = now.mono + MS;
    g->left = g->burst ? g->burst : GIVES;
}

static size_t give_output(struct ik_engine *e, struct ik_now now, struct ik_frame *out, size_t cap)
{
    struct giver *g = (struct giver *)e;
    size_t n = 0;
    for (; n < cap && n < g->left && now.mono >= g->at; n++) {
        out[n] = g->burst ? gives[0] : gives[GIVES - g->left + n];
        out[n].port = IK_STACK_UPPER;
    }
    return n;
}

static void give_accepted(struct ik_engine *e, struct ik_now now, size_t n)
{
    (void)now;
    ((struct giver *)e)->left -= n;
}

static ik_ns give_deadline(const struct ik_engine *e)
{
    const struct giver *g = (const struct giver *)e;
    return g->left ? g->at : IK_NEVER;
}

static const struct ik_engine_ops give_ops = {.input = give_input,
                                              .output = give_output,
                                              .accepted = give_accepted,
                                              .record = actor_record,
                                              .deadline = give_deadline};

static struct ik_engine *give_up(struct ik_sim *sim, struct ik_simnode *node)
{
    (void)sim;
    ((struct giver *)node->mem)->engine.ops = &give_ops;
    return node->mem;
}

static const struct ik_simnode_ops giver_ops = {.up = give_up};

struct rig {
    struct ik_sim *sim;
    struct giver giver;
    struct ik_link *link[2];
};

static void rig_new(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    r->sim = rig_sim(1);
    const struct ik_sim_node_cfg cfg = {.name = "me"};
    uint32_t node;
    assert_int_equal(ik_simnode_add(r->sim, &cfg, &giver_ops, &r->giver, &node), IK_OK);
    assert_int_equal(ik_sim_link_open(r->sim, node, 4, &r->link[0]), IK_OK);
    assert_int_equal(ik_sim_link_open(r->sim, node, 6, &r->link[1]), IK_OK);
    assert_int_equal(ik_sim_link_open(r->sim, node, 5, &r->link[1]), IK_E_VALUE);
    assert_int_equal(ik_sim_link_open(r->sim, node + 1, 4, &r->link[1]), IK_E_VALUE);
}

static struct ik_now at(ik_ns ns)
{
    return (struct ik_now){ns, ns};
}

static void tx__a_frame__is_stamped_before_what_comes_back(void **state)
{
    (void)state;
    static struct rig r;
    rig_new(&r);
    static const uint8_t echo[8] = {8};
    const struct ik_frame f = {
        .medium = IK_MEDIUM_ICMP4, .key = 4711, .port = 3, .bytes = {echo, sizeof(echo)}};
    struct ik_event ev[16];
    assert_int_equal(r.link[0]->ops->rx(r.link[0], at(0), ev, 16), 0);
    assert_int_equal(r.link[0]->ops->next(r.link[0]), IK_NEVER);
    assert_int_equal(r.link[0]->ops->tx(r.link[0], at(5 * MS), &f, 1), 1);
    assert_int_equal(r.giver.got, 1);
    assert_int_equal(r.giver.last.medium, IK_MEDIUM_ICMP4);
    /* The other link has nothing yet, and knows when it may. */
    assert_int_equal(r.link[1]->ops->next(r.link[1]), 6 * MS);
    assert_int_equal(r.link[0]->ops->next(r.link[0]), 0);
    assert_int_equal(r.link[0]->ops->rx(r.link[0], at(6 * MS), ev, 1), 1);
    assert_int_equal(ev[0].kind, IK_EV_SENT);
    assert_int_equal(ev[0].key, 4711);
    assert_int_equal(ev[0].at.mono, 5 * MS);
    assert_int_equal(ev[0].at.clock, IK_CLOCK_VIRTUAL);
    /* IPv4: ICMP and TCP. */
    assert_int_equal(r.link[0]->ops->rx(r.link[0], at(6 * MS), ev, 16), 2);
    assert_int_equal(ev[0].kind, IK_EV_FRAME);
    assert_int_equal(ev[0].at.mono, 6 * MS);
    assert_int_equal(ev[0].frame.port, 0);
    assert_memory_equal(ev[0].frame.bytes.p, icmp4, sizeof(icmp4));
    assert_memory_equal(ev[1].frame.bytes.p, tcp4, sizeof(tcp4));
    /* IPv6: the same, with what is known beside. */
    assert_int_equal(r.link[1]->ops->rx(r.link[1], at(6 * MS), ev, 16), 2);
    assert_memory_equal(ev[0].frame.bytes.p, tcp6, sizeof(tcp6));
    assert_int_equal(ev[1].frame.medium, IK_MEDIUM_ICMP6);
    assert_int_equal(ev[1].frame.meta.ttl, 61);
    assert_int_equal(r.sim->flights.used, 4);
    for (int i = 0; i < 2; i++)
        assert_int_equal(r.link[i]->ops->rx(r.link[i], at(7 * MS), ev, 16), 0);
    assert_int_equal(r.sim->flights.used, 0);
    assert_int_equal(r.link[0]->ops->fd(r.link[0]), -1);
    r.link[0]->ops->close(r.link[0]);
    ik_sim_free(r.sim);
}

static void rx__with_a_base__speaks_the_time_of_the_outside(void **state)
{
    (void)state;
    static struct rig r;
    rig_new(&r);
    ik_sim_set_base(r.sim, at(IK_NS_PER_S));
    const struct ik_frame f = {.medium = IK_MEDIUM_IP, .bytes = {icmp4, sizeof(icmp4)}};
    struct ik_event ev[16];
    assert_int_equal(r.link[0]->ops->tx(r.link[0], at(IK_NS_PER_S + MS), &f, 1), 1);
    assert_int_equal(ik_sim_now(r.sim), MS);
    assert_int_equal(r.link[1]->ops->next(r.link[1]), IK_NS_PER_S + 2 * MS);
    assert_int_equal(r.link[0]->ops->rx(r.link[0], at(IK_NS_PER_S + 9 * MS), ev, 16), 3);
    assert_int_equal(ev[0].at.mono, IK_NS_PER_S + MS);
    assert_int_equal(ev[1].at.mono, IK_NS_PER_S + 2 * MS);
    ik_sim_free(r.sim);
}

static void rx__more_than_its_buffer_holds__tells_of_drops(void **state)
{
    (void)state;
    static struct rig r;
    const struct ik_sim_cfg cfg = {.frames = 8192, .frame_bytes = 2048};
    rig_new(&r);
    ik_sim_free(r.sim);
    assert_int_equal(ik_sim_new(&r.sim, &cfg), IK_OK);
    const struct ik_sim_node_cfg me = {.name = "me"};
    uint32_t node;
    assert_int_equal(ik_simnode_add(r.sim, &me, &giver_ops, &r.giver, &node), IK_OK);
    assert_int_equal(ik_sim_link_open(r.sim, node, 4, &r.link[0]), IK_OK);
    r.giver.burst = BURST;
    const struct ik_frame f = {.medium = IK_MEDIUM_IP, .bytes = {icmp4, sizeof(icmp4)}};
    struct ik_event ev[IK_BATCH];
    assert_int_equal(r.link[0]->ops->tx(r.link[0], at(0), &f, 1), 1);
    uint32_t frames = 0, drops = 0;
    ik_sim_run(r.sim, MS);
    for (size_t n; (n = r.link[0]->ops->rx(r.link[0], at(MS), ev, IK_BATCH));)
        for (size_t i = 0; i < n; i++) {
            frames += ev[i].kind == IK_EV_FRAME;
            drops += ev[i].kind == IK_EV_DROPS ? ev[i].drops : 0;
        }
    assert_int_equal(frames + drops, BURST);
    assert_in_range(drops, 1, BURST - 4000);
    assert_int_equal(ik_sim_overflows(r.sim), 0);
    assert_int_equal(r.sim->flights.used, 0);
    ik_sim_free(r.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tx__a_frame__is_stamped_before_what_comes_back),
        cmocka_unit_test(rx__with_a_base__speaks_the_time_of_the_outside),
        cmocka_unit_test(rx__more_than_its_buffer_holds__tells_of_drops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
