/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include <stdlib.h>

#define MS IK_NS_PER_MS
static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};

/* A chain of `n` actors, a port 0 to the left and a port 1 to the right. */
struct chain {
    struct ik_sim *sim;
    uint32_t node[8], link[8];
    struct actor *actor[8];
    struct ik_stack_iface ifaces[8][2];
};

static void chain_new(struct chain *c, int n, const struct ik_sim_impair *im, uint64_t seed)
{
    c->sim = rig_sim(seed);
    for (int i = 0; i < n; i++) {
        c->actor[i] = calloc(1, sizeof(struct actor));
        for (uint8_t port = 0; port < 2; port++)
            c->ifaces[i][port] = (struct ik_stack_iface)RIG_IFACE((uint8_t)i, port);
        c->node[i] = rig_add(c->sim, c->actor[i], c->ifaces[i], 2, 0);
    }
    for (int i = 0; i + 1 < n; i++) {
        const struct ik_sim_end ends[] = {{c->node[i], 1}, {c->node[i + 1], 0}};
        const struct ik_sim_link_cfg cfg = {
            .name = "wire", .ends = ends, .n_ends = 2, .forward = *im, .back = *im};
        assert_int_equal(ik_sim_add_link(c->sim, &cfg, &c->link[i]), IK_OK);
    }
}

static void chain_free(struct chain *c, int n)
{
    ik_sim_free(c->sim);
    for (int i = 0; i < n; i++)
        free(c->actor[i]);
}

static void link__frame__arrives_after_its_delay_and_back(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = 5 * MS};
    struct chain c;
    chain_new(&c, 2, &im, 1);
    c.actor[1]->echoes = true;
    actor_send(c.actor[0], 3, 1, 60, 77);
    assert_int_equal(ik_sim_next(c.sim), 0); /* the nodes come up */
    ik_sim_run(c.sim, 3 + 5 * MS - 1);
    assert_int_equal(c.actor[1]->n_seen, 0);
    assert_int_equal(ik_sim_now(c.sim), 3 + 5 * MS - 1);
    assert_int_equal(ik_sim_next(c.sim), 3 + 5 * MS);
    ik_sim_run(c.sim, 20 * MS);
    assert_int_equal(c.actor[1]->n_seen, 1);
    assert_int_equal(c.actor[1]->seen[0].at, 3 + 5 * MS);
    assert_int_equal(c.actor[1]->seen[0].number, 77);
    assert_int_equal(c.actor[1]->seen[0].bytes, 60);
    assert_int_equal(c.actor[0]->n_seen, 1);
    assert_int_equal(c.actor[0]->seen[0].at, 3 + 10 * MS);
    assert_int_equal(ik_sim_hops(c.sim), 2);
    assert_int_equal(ik_sim_next(c.sim), IK_NEVER);
    struct ik_sim_link_stats st;
    ik_sim_link_stats(c.sim, c.link[0], 1, &st);
    assert_int_equal(st.frames, 1);
    assert_int_equal(st.bytes, 60);
    chain_free(&c, 2);
}

static void run__equal_instants__go_in_order_of_insertion(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = MS};
    struct chain c;
    chain_new(&c, 3, &im, 1);
    /* The node in the middle hears from both sides at one instant: node 0 sent first. */
    for (uint32_t i = 0; i < 100; i++) {
        actor_send(c.actor[0], 7, 1, 60, 2 * i);
        actor_send(c.actor[2], 7, 0, 60, 1000 + i);
    }
    ik_sim_run(c.sim, 10 * MS);
    assert_int_equal(c.actor[1]->n_seen, 200);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(c.actor[1]->seen[i].number, 2 * i);
        assert_int_equal(c.actor[1]->seen[100 + i].number, 1000 + i);
    }
    /* What comes at once is handed over at once. */
    assert_int_equal(c.actor[1]->most_at_once, IK_BATCH);
    chain_free(&c, 3);
}

/* Frames sent one by one from both sides in turn are not gathered past each other. */
static void run__interleaved__stays_so(void **state)
{
    (void)state;
    const struct ik_sim_impair slow = {.delay = 10 * MS};
    struct chain c;
    chain_new(&c, 3, &slow, 1);
    for (ik_ns i = 0; i < 10; i++) {
        /* Each side's delay shrinks as time goes on, so that all would arrive at 10 ms. */
        actor_send(c.actor[0], 2 * i, 1, 60, (uint32_t)(2 * i));
        actor_send(c.actor[2], 2 * i + 1, 0, 60, (uint32_t)(2 * i + 1));
        const struct ik_sim_impair im = {.delay = 10 * MS - 2 * i};
        const struct ik_sim_impair back = {.delay = 10 * MS - 2 * i - 1};
        assert_int_equal(ik_sim_at_link(c.sim, 2 * i, c.link[0], 0, &im), IK_OK);
        assert_int_equal(ik_sim_at_link(c.sim, 2 * i + 1, c.link[1], 1, &back), IK_OK);
    }
    ik_sim_run(c.sim, 20 * MS);
    assert_int_equal(c.actor[1]->n_seen, 20);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(c.actor[1]->seen[i].at, 10 * MS);
        assert_int_equal(c.actor[1]->seen[i].number, i);
    }
    chain_free(&c, 3);
}

/* Frames of one sender that arrive at one instant after three delays, the last of them held back by
 * those before it: in order, and handed over at once. */
static void link__delay_falls__keeps_order_and_gathers(void **state)
{
    (void)state;
    static const ik_ns delay[] = {10 * MS, 6 * MS, 1 * MS}, sent[] = {0, 4 * MS, 5 * MS};
    const struct ik_sim_impair im = {.delay = delay[0]};
    struct chain c;
    chain_new(&c, 3, &im, 1);
    for (uint32_t i = 0; i < 3; i++) {
        const struct ik_sim_impair then = {.delay = delay[i]};
        assert_int_equal(ik_sim_at_link(c.sim, sent[i], c.link[0], 0, &then), IK_OK);
        actor_send(c.actor[0], sent[i], 1, 60, i);
    }
    /* What another link carries meanwhile waits in the same place. */
    actor_send(c.actor[2], 2 * MS, 0, 60, 100);
    ik_sim_run(c.sim, 20 * MS);
    assert_int_equal(c.actor[1]->n_seen, 4);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(c.actor[1]->seen[i].at, 10 * MS);
        assert_int_equal(c.actor[1]->seen[i].number, i);
    }
    assert_int_equal(c.actor[1]->seen[3].at, 12 * MS);
    assert_int_equal(c.actor[1]->seen[3].number, 100);
    assert_int_equal(c.actor[1]->most_at_once, 3);
    chain_free(&c, 3);
}

static void link__jitter__keeps_order_and_reorder_breaks_it(void **state)
{
    (void)state;
    for (int with = 0; with < 2; with++) {
        const struct ik_sim_impair im = {
            .delay = 5 * MS, .jitter = 4 * MS, .reorder = with ? UINT32_MAX / 4 : 0};
        struct chain c;
        chain_new(&c, 2, &im, 9);
        for (uint32_t i = 0; i < 1000; i++)
            actor_send(c.actor[0], i * MS / 10, 1, 60, i);
        ik_sim_run(c.sim, IK_NS_PER_S);
        assert_int_equal(c.actor[1]->n_seen, 1000);
        uint64_t early = 0;
        for (size_t i = 1; i < 1000; i++) {
            assert_true(c.actor[1]->seen[i].at >= c.actor[1]->seen[i - 1].at);
            early += c.actor[1]->seen[i].number < c.actor[1]->seen[i - 1].number;
        }
        struct ik_sim_link_stats st;
        ik_sim_link_stats(c.sim, c.link[0], 0, &st);
        assert_int_equal(early > 50, with);
        assert_int_equal(st.reordered > 100, with);
        if (!with)
            assert_int_equal(st.reordered + early, 0);
        chain_free(&c, 2);
    }
}

static void link__duplicates_and_bits__are_there_and_counted(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.duplicate = UINT32_MAX};
    struct chain c;
    chain_new(&c, 2, &im, 1);
    actor_send(c.actor[0], 0, 1, 60, 5);
    for (int i = 0; i < 1000; i++)
        actor_send(c.actor[0], 3 * MS, 1, 18, 0);
    ik_sim_run(c.sim, MS);
    assert_int_equal(c.actor[1]->n_seen, 2);
    assert_int_equal(c.actor[1]->seen[1].number, 5);
    const struct ik_sim_impair flips = {.corrupt = UINT32_MAX};
    assert_int_equal(ik_sim_at_link(c.sim, 2 * MS, c.link[0], 0, &flips), IK_OK);
    ik_sim_run(c.sim, 4 * MS);
    assert_int_equal(c.actor[1]->n_seen, 1002);
    uint32_t all = 0;
    for (size_t i = 2; i < 1002; i++) {
        assert_int_equal(__builtin_popcount(c.actor[1]->seen[i].number), 1);
        all |= c.actor[1]->seen[i].number;
    }
    assert_int_equal(all, UINT32_MAX);
    struct ik_sim_link_stats st;
    ik_sim_link_stats(c.sim, c.link[0], 0, &st);
    assert_int_equal(st.duplicates, 1);
    assert_int_equal(st.corrupted, 1000);
    chain_free(&c, 2);
}

struct watched {
    uint32_t fates[4], frames;
};

static void note_frame(void *ctx, uint32_t link, uint32_t direction, ik_ns at, struct ik_rd frame,
                       enum ik_sim_fate fate)
{
    struct watched *w = ctx;
    assert_int_equal(link, 0);
    assert_int_equal(direction, 0);
    assert_int_equal(at, 5);
    assert_int_equal(frame.left, 46);
    w->fates[fate]++;
    w->frames++;
}

static void queue__full__drops_and_tells_the_sender_and_who_watches(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.rate_bps = 1000000, .queue = 7};
    struct chain c;
    chain_new(&c, 2, &im, 1);
    struct watched w = {0};
    const struct ik_sim_watch watch = {.on_frame = note_frame, .ctx = &w};
    ik_sim_watch(c.sim, &watch);
    for (uint32_t i = 0; i < 20; i++)
        actor_send(c.actor[0], 5, 1, 46, i);
    ik_sim_run(c.sim, IK_NS_PER_S);
    assert_int_equal(c.actor[1]->n_seen, 8);
    assert_int_equal(c.actor[0]->congested, 12);
    assert_int_equal(w.frames, 20);
    assert_int_equal(w.fates[IK_FATE_CARRIED], 8);
    assert_int_equal(w.fates[IK_FATE_QUEUE_FULL], 12);
    /* 84 bytes of wire at 1 Mbit/s. */
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(c.actor[1]->seen[i].at, 5 + (i + 1) * 672000);
    struct ik_sim_link_stats st;
    ik_sim_link_stats(c.sim, c.link[0], 0, &st);
    assert_int_equal(st.queue_drops, 12);
    assert_int_equal(c.sim->flights.used, 0);
    chain_free(&c, 2);
}

static void event__link_changes__at_its_instant_and_carrier_with_both_directions(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = MS}, down = {.down = true}, black = {.mtu = 100};
    struct chain c;
    chain_new(&c, 2, &im, 1);
    assert_int_equal(ik_sim_at_link(c.sim, 10, c.link[0], 0, &down), IK_OK);
    assert_int_equal(ik_sim_at_link(c.sim, 20, c.link[0], 1, &down), IK_OK);
    assert_int_equal(ik_sim_at_link(c.sim, 30, c.link[0], -1, &im), IK_OK);
    assert_int_equal(ik_sim_at_link(c.sim, 40, c.link[0], 0, &black), IK_OK);
    const ik_ns at[] = {9, 10, 25, 29, 30, 39, 40};
    for (uint32_t i = 0; i < 7; i++)
        actor_send(c.actor[0], at[i], 1, 115, i);
    ik_sim_run(c.sim, 15);
    assert_int_equal(c.actor[0]->carriers + c.actor[1]->carriers, 0);
    ik_sim_run(c.sim, 20);
    assert_false(c.actor[0]->carrier || c.actor[1]->carrier);
    ik_sim_run(c.sim, 30);
    assert_true(c.actor[0]->carrier && c.actor[1]->carrier);
    ik_sim_run(c.sim, IK_NS_PER_S);
    assert_int_equal(c.actor[0]->carriers, 2);
    /* What is sent at the instant of a change meets the link as it was first planned to be: the
     * change was planned before. */
    const uint32_t arrived[] = {0, 4, 5};
    assert_int_equal(c.actor[1]->n_seen, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(c.actor[1]->seen[i].number, arrived[i]);
    struct ik_sim_link_stats st;
    ik_sim_link_stats(c.sim, c.link[0], 0, &st);
    assert_int_equal(st.lost, 3);
    assert_int_equal(st.too_long, 1);
    chain_free(&c, 2);
}

/* ---- segments -------------------------------------------------------------------------------- */

static void segment__frames__reach_the_owner_or_all(void **state)
{
    (void)state;
    enum { N = 5 };
    struct ik_sim *sim = rig_sim(1);
    struct ik_stack_iface ifaces[N];
    struct actor *a[N];
    struct ik_sim_end ends[N];
    for (uint8_t i = 0; i < N; i++) {
        a[i] = calloc(1, sizeof(struct actor));
        ifaces[i] = (struct ik_stack_iface)RIG_IFACE(i, 0);
        ends[i] = (struct ik_sim_end){rig_add(sim, a[i], &ifaces[i], 1, 0), 0};
    }
    const struct ik_sim_link_cfg cfg = {
        .name = "lan", .ends = ends, .n_ends = N, .forward = {.delay = MS}};
    uint32_t link;
    assert_int_equal(ik_sim_add_link(sim, &cfg, &link), IK_OK);
    for (uint32_t i = 0; i < 3; i++)
        actor_send(a[1], 5, 0, 60, i);
    memcpy(a[1]->planned[0].dst, ifaces[3].mac, 6);
    memcpy(a[1]->planned[1].dst, broadcast, 6);
    memcpy(a[1]->planned[2].dst, ifaces[1].mac, 6); /* to itself: nobody hears it */
    ik_sim_run(sim, 10 * MS);
    for (int i = 0; i < N; i++) {
        const size_t want = i == 1 ? 0 : i == 3 ? 2 : 1;
        assert_int_equal(a[i]->n_seen, want);
        if (want)
            assert_int_equal(a[i]->seen[want - 1].number, 1);
        if (want)
            assert_int_equal(a[i]->seen[want - 1].at, 5 + MS);
    }
    struct ik_sim_link_stats st;
    ik_sim_link_stats(sim, link, 0, &st);
    assert_int_equal(st.frames, 3);
    assert_int_equal(ik_sim_hops(sim), 3);
    ik_sim_free(sim);
    for (int i = 0; i < N; i++)
        free(a[i]);
}

static void add_link__wrong_ends__leaves_all_as_it_was(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.rate_bps = 1000};
    struct chain c;
    chain_new(&c, 3, &im, 1);
    const struct ik_sim_end twice[] = {{c.node[0], 0}, {c.node[2], 1}, {c.node[0], 0}};
    const struct ik_sim_end taken[] = {{c.node[0], 0}, {c.node[1], 0}};
    const struct ik_sim_end nowhere[] = {{c.node[0], 0}, {c.node[2], 2}};
    const struct ik_sim_end free_ends[] = {{c.node[0], 0}, {c.node[2], 1}};
    const struct {
        const struct ik_sim_end *ends;
        uint16_t n;
        enum ik_err err;
    } rows[] = {{twice, 3, IK_E_EXISTS}, {taken, 2, IK_E_EXISTS}, {nowhere, 2, IK_E_VALUE},
                {taken, 1, IK_E_VALUE},  {free_ends, 2, IK_OK},   {free_ends, 2, IK_E_EXISTS}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct ik_sim_link_cfg cfg = {
            .ends = rows[i].ends, .n_ends = rows[i].n, .forward = im, .back = im};
        uint32_t link = 99;
        assert_int_equal(ik_sim_add_link(c.sim, &cfg, &link), rows[i].err);
        assert_int_equal(link, rows[i].err ? 99 : 2);
    }
    chain_free(&c, 3);
}

/* ---- one seed, one run ----------------------------------------------------------------------- */

struct trail {
    uint64_t sum;
    uint32_t n;
};

static void follow(void *ctx, uint32_t link, uint32_t direction, ik_ns at, struct ik_rd frame,
                   enum ik_sim_fate fate)
{
    struct trail *t = ctx;
    const uint64_t what[] = {link, direction, (uint64_t)at, fate};
    for (size_t i = 0; i < 4; i++)
        t->sum = (t->sum ^ what[i]) * 0x100000001b3u;
    for (size_t i = 0; i < frame.left; i++)
        t->sum = (t->sum ^ frame.p[i]) * 0x100000001b3u;
    t->n++;
}

static struct trail wild_run(uint64_t seed)
{
    const struct ik_sim_impair im = {.delay = 5 * MS,
                                     .jitter = 3 * MS,
                                     .loss = UINT32_MAX / 50,
                                     .burst_start = UINT32_MAX / 100,
                                     .burst_end = UINT32_MAX / 5,
                                     .burst_loss = UINT32_MAX / 2,
                                     .duplicate = UINT32_MAX / 20,
                                     .corrupt = UINT32_MAX / 20,
                                     .reorder = UINT32_MAX / 10,
                                     .rate_bps = 10000000,
                                     .queue = 20};
    struct chain c;
    chain_new(&c, 4, &im, seed);
    struct trail t = {0};
    const struct ik_sim_watch watch = {.on_frame = follow, .ctx = &t};
    ik_sim_watch(c.sim, &watch);
    c.actor[1]->echoes = c.actor[2]->echoes = true;
    for (uint32_t i = 0; i < 1000; i++) {
        actor_send(c.actor[0], i * MS / 7, 1, 60 + i % 1000, i);
        actor_send(c.actor[3], i * MS / 9, 0, 60 + i % 900, i);
    }
    ik_sim_run(c.sim, 300 * MS);
    for (int i = 0; i < 4; i++)
        for (size_t k = 0; k < c.actor[i]->n_seen; k++)
            t.sum = (t.sum ^ (uint64_t)c.actor[i]->seen[k].at) * 0x100000001b3u;
    assert_int_equal(ik_sim_overflows(c.sim), 0);
    chain_free(&c, 4);
    return t;
}

static void run__same_seed__same_bytes_at_the_same_instants(void **state)
{
    (void)state;
    const struct trail first = wild_run(5), again = wild_run(5), other = wild_run(6);
    assert_true(first.n > 2500);
    assert_int_equal(first.n, again.n);
    assert_true(first.sum == again.sum);
    assert_true(first.sum != other.sum);
}

static void run__in_pieces__is_the_same(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = 5 * MS, .jitter = 3 * MS};
    struct seen seen[2][100];
    for (int pieces = 0; pieces < 2; pieces++) {
        struct chain c;
        chain_new(&c, 2, &im, 3);
        for (uint32_t i = 0; i < 100; i++)
            actor_send(c.actor[0], i * MS / 3, 1, 60, i);
        if (pieces)
            for (ik_ns at = 0; at < 60 * MS; at += MS / 8)
                ik_sim_run(c.sim, at);
        ik_sim_run(c.sim, 60 * MS);
        assert_int_equal(c.actor[1]->n_seen, 100);
        memcpy(seen[pieces], c.actor[1]->seen, sizeof(seen[0]));
        chain_free(&c, 2);
    }
    assert_memory_equal(seen[0], seen[1], sizeof(seen[0]));
}

static void frames__more_than_there_is_room_for__are_counted(void **state)
{
    (void)state;
    const struct ik_sim_impair im = {.delay = IK_NS_PER_S};
    struct chain c;
    chain_new(&c, 2, &im, 3);
    for (uint32_t i = 0; i < PLANNED; i++)
        actor_send(c.actor[0], 1, 1, 60, i);
    actor_send(c.actor[1], 2, 0, 60, 0);
    actor_send(c.actor[1], 2, 0, 60, 0);
    ik_sim_run(c.sim, 10);
    assert_int_equal(ik_sim_overflows(c.sim), 2);
    ik_sim_run(c.sim, 2 * IK_NS_PER_S);
    assert_int_equal(c.actor[1]->n_seen, PLANNED);
    chain_free(&c, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link__frame__arrives_after_its_delay_and_back),
        cmocka_unit_test(run__equal_instants__go_in_order_of_insertion),
        cmocka_unit_test(run__interleaved__stays_so),
        cmocka_unit_test(link__delay_falls__keeps_order_and_gathers),
        cmocka_unit_test(link__jitter__keeps_order_and_reorder_breaks_it),
        cmocka_unit_test(link__duplicates_and_bits__are_there_and_counted),
        cmocka_unit_test(queue__full__drops_and_tells_the_sender_and_who_watches),
        cmocka_unit_test(event__link_changes__at_its_instant_and_carrier_with_both_directions),
        cmocka_unit_test(segment__frames__reach_the_owner_or_all),
        cmocka_unit_test(add_link__wrong_ends__leaves_all_as_it_was),
        cmocka_unit_test(run__same_seed__same_bytes_at_the_same_instants),
        cmocka_unit_test(run__in_pieces__is_the_same),
        cmocka_unit_test(frames__more_than_there_is_room_for__are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
