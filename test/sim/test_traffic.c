/* SPDX-License-Identifier: MIT
 * Generated traffic through real stacks. */
#include "stacks.h"

#include "icmpkit/wire.h"

#define MS IK_NS_PER_MS

static struct ik_sim_traffic_stats stats_of(struct net *n, uint32_t traffic)
{
    struct ik_sim_traffic_stats st;
    ik_sim_traffic_stats(n->sim, traffic, &st);
    return st;
}

static uint32_t add(struct net *n, const struct ik_sim_traffic_cfg *cfg)
{
    uint32_t traffic;
    assert_int_equal(ik_sim_add_traffic(n->sim, cfg, &traffic), IK_OK);
    return traffic;
}

static void echo__both_families__is_answered_at_its_rate(void **state)
{
    (void)state;
    static const uint8_t families[] = {4, 6};
    for (size_t i = 0; i < 2; i++) {
        static struct net n;
        n = (struct net){.near.delay = MS, .far.delay = MS};
        net_new(&n, 1);
        /* Three a second: a third of a second is no whole number of nanoseconds. */
        const struct ik_sim_traffic_cfg cfg = {.kind = IK_TRAFFIC_ECHO,
                                               .from = n.node[LEFT],
                                               .to = net_addr(families[i], 2, 2),
                                               .start = 3 * IK_NS_PER_S,
                                               .stop = 1003 * IK_NS_PER_S,
                                               .rate_mpps = 3000};
        const uint32_t traffic = add(&n, &cfg);
        ik_sim_run(n.sim, 2000 * IK_NS_PER_S);
        const struct ik_sim_traffic_stats st = stats_of(&n, traffic);
        assert_int_equal(st.sent, 3000);
        assert_int_equal(st.answered, 3000);
        assert_int_equal(ik_sim_overflows(n.sim), 0);
        ik_sim_free(n.sim);
    }
}

static void udp__open_port__arrives_and_counts_on_links(void **state)
{
    (void)state;
    static struct net n;
    n = (struct net){.near.delay = MS, .far = {.delay = MS, .loss = UINT32_MAX / 2}};
    n.options[RIGHT].udp_open_all = true;
    net_new(&n, 1);
    const struct ik_sim_traffic_cfg cfg = {.kind = IK_TRAFFIC_UDP,
                                           .from = n.node[LEFT],
                                           .to = net4(2, 2),
                                           .start = 5 * IK_NS_PER_S,
                                           .stop = 6 * IK_NS_PER_S,
                                           .rate_mpps = 1000000,
                                           .bytes = 100,
                                           .port = 5000};
    const uint32_t traffic = add(&n, &cfg);
    ik_sim_run(n.sim, 5 * IK_NS_PER_S - 1);
    struct ik_sim_link_stats before, near, far;
    ik_sim_link_stats(n.sim, n.link[0], 0, &before);
    ik_sim_run(n.sim, 10 * IK_NS_PER_S);
    ik_sim_link_stats(n.sim, n.link[0], 0, &near);
    ik_sim_link_stats(n.sim, n.link[1], 0, &far);
    assert_int_equal(stats_of(&n, traffic).sent, 1000);
    assert_int_equal(near.frames - before.frames, 1000);
    assert_int_equal(near.bytes - before.bytes, 1000 * (14 + 20 + 8 + 100));
    assert_in_range(far.lost, 400, 600);
    ik_sim_free(n.sim);
}

/* A bottleneck of 10 Mbit/s and 40 ms: an AIMD sender fills it, and no more. */
static void aimd__bottleneck__is_filled_and_losses_halve(void **state)
{
    (void)state;
    static struct net n;
    n = (struct net){.near.delay = MS,
                     .far = {.delay = 20 * MS, .rate_bps = 10000000, .queue = 30}};
    net_new(&n, 1);
    const struct ik_sim_traffic_cfg cfg = {.kind = IK_TRAFFIC_AIMD,
                                           .from = n.node[LEFT],
                                           .to = net4(2, 2),
                                           .start = 5 * IK_NS_PER_S,
                                           .bytes = 1000};
    const uint32_t traffic = add(&n, &cfg);
    ik_sim_run(n.sim, 10 * IK_NS_PER_S);
    const uint64_t before = stats_of(&n, traffic).answered;
    ik_sim_run(n.sim, 40 * IK_NS_PER_S);
    const struct ik_sim_traffic_stats st = stats_of(&n, traffic);
    /* 1,066 bytes on the wire each: 1,172 a second at most. */
    const uint64_t most = 30 * 1172;
    assert_in_range(st.answered - before, most * 3 / 4, most);
    assert_true(st.losses > 5);
    assert_true(st.sent - st.answered >= st.losses);
    assert_in_range(st.window, 10, 120);
    assert_int_equal(st.quenched, 0);
    /* Nobody but the sender and the receiver noticed: no port unreachable came back. */
    assert_int_equal(ik_stack_count(ik_sim_stack(n.sim, n.node[RIGHT]), IK_STACK_ERRORS), 0);
    ik_sim_free(n.sim);
}

/* The router tells of its full queue; who obeys sends less before packets are lost to him. */
static void aimd__source_quench__is_counted_and_obeyed(void **state)
{
    (void)state;
    uint64_t losses[2];
    for (int obey = 0; obey < 2; obey++) {
        static struct net n;
        n = (struct net){.near.delay = MS,
                         .far = {.delay = 20 * MS, .rate_bps = 10000000, .queue = 30}};
        n.options[ROUTER].quench_send = true;
        net_new(&n, 1);
        const struct ik_sim_traffic_cfg cfg = {.kind = IK_TRAFFIC_AIMD,
                                               .from = n.node[LEFT],
                                               .to = net4(2, 2),
                                               .start = 5 * IK_NS_PER_S,
                                               .bytes = 1000,
                                               .obey_quench = obey};
        const uint32_t traffic = add(&n, &cfg);
        ik_sim_run(n.sim, 30 * IK_NS_PER_S);
        const struct ik_sim_traffic_stats st = stats_of(&n, traffic);
        assert_true(st.quenched > 3);
        losses[obey] = st.losses;
        ik_sim_free(n.sim);
    }
    assert_true(losses[1] < losses[0]);
}

static void aimd__receiver_restarts__starts_slowly_again(void **state)
{
    (void)state;
    static struct net n;
    n = (struct net){.near.delay = MS, .far = {.delay = 20 * MS, .rate_bps = 10000000}};
    net_new(&n, 1);
    const struct ik_sim_traffic_cfg cfg = {.kind = IK_TRAFFIC_AIMD,
                                           .from = n.node[LEFT],
                                           .to = net6(2, 2),
                                           .start = 5 * IK_NS_PER_S,
                                           .stop = 60 * IK_NS_PER_S};
    const uint32_t traffic = add(&n, &cfg);
    assert_int_equal(ik_sim_at_restart(n.sim, 20 * IK_NS_PER_S, n.node[RIGHT], 10 * IK_NS_PER_S),
                     IK_OK);
    ik_sim_run(n.sim, 21 * IK_NS_PER_S);
    const uint64_t before = stats_of(&n, traffic).answered;
    ik_sim_run(n.sim, 29 * IK_NS_PER_S);
    struct ik_sim_traffic_stats st = stats_of(&n, traffic);
    assert_int_equal(st.answered, before);
    assert_int_equal(st.window, 1);
    ik_sim_run(n.sim, 59 * IK_NS_PER_S);
    st = stats_of(&n, traffic);
    assert_true(st.answered > before + 1000);
    assert_true(st.window > 10);
    ik_sim_free(n.sim);
}

struct seen {
    uint32_t forged;
};

static void look(void *ctx, uint32_t link, uint32_t direction, ik_ns at, struct ik_rd frame,
                 enum ik_sim_fate fate)
{
    static const uint8_t forged[] = {192, 0, 2, 99};
    struct seen *s = ctx;
    (void)fate;
    if (link != 0 || direction != 0 || frame.left < 34 || memcmp(frame.p + 26, forged, 4) != 0)
        return;
    assert_int_equal(at, (5 + 10 * s->forged) * IK_NS_PER_S);
    s->forged++;
}

enum { NUMBERS = 70000 }; /* more than 16 bits count */

struct sums {
    uint32_t next, all_ones;
    uint8_t proto;
};

/* Each packet carries the next number, and the checksum that a packet written afresh would have. */
static void check_sum(void *ctx, uint32_t link, uint32_t direction, ik_ns at, struct ik_rd frame,
                      enum ik_sim_fate fate)
{
    struct sums *s = ctx;
    struct ik_ip ip;
    (void)at, (void)fate;
    if (link != 0 || direction != 0 ||
        ik_ip_decode(&ip, (struct ik_rd){frame.p + 14, frame.left - 14}, NULL) != IK_OK ||
        ip.proto != s->proto || ip.payload.left < 64)
        return;
    const uint8_t *h = ip.payload.p;
    const bool udp = ip.proto == IK_PROTO_UDP;
    uint64_t sum = 0;
    if (ip.proto != IK_PROTO_ICMP4)
        sum = ik_cksum_add_pseudo(0, &ip.src, &ip.dst, ip.proto, (uint32_t)ip.payload.left);
    assert_int_equal(ik_cksum_fold(ik_cksum_add(sum, ip.payload)), 0);
    assert_int_equal(ik_load_be32(h + 16), s->next);
    if (udp)
        assert_int_not_equal(ik_load_be16(h + 6), 0); /* that says: none */
    else
        assert_int_equal(ik_load_be16(h + 6), s->next & 0xffff);
    s->all_ones += ik_load_be16(h + (udp ? 6 : 2)) == 0xffff;
    s->next++;
}

static void steady__every_number__has_its_checksum(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const bool v6 = i & 1, udp = i & 2;
        static struct net n;
        n = (struct net){.near.delay = MS, .far.delay = MS};
        net_new(&n, 1);
        struct sums s = {.proto = udp ? IK_PROTO_UDP : v6 ? IK_PROTO_ICMP6 : IK_PROTO_ICMP4};
        ik_sim_watch(n.sim, &(struct ik_sim_watch){.on_frame = check_sum, .ctx = &s});
        const struct ik_sim_traffic_cfg cfg = {.kind = udp ? IK_TRAFFIC_UDP : IK_TRAFFIC_ECHO,
                                               .from = n.node[LEFT],
                                               .to = net_addr(v6 ? 6 : 4, 2, 2),
                                               .start = 5 * IK_NS_PER_S,
                                               .stop = 5 * IK_NS_PER_S + NUMBERS * IK_NS_PER_US,
                                               .rate_mpps = 1000000000};
        (void)add(&n, &cfg);
        ik_sim_run(n.sim, 6 * IK_NS_PER_S);
        assert_int_equal(s.next, NUMBERS);
        assert_int_equal(s.all_ones != 0, udp);
        ik_sim_free(n.sim);
    }
}

static void frames__forged_source__leave_as_they_are_at_their_times(void **state)
{
    (void)state;
    static struct net n;
    n = (struct net){.near.delay = MS, .far.delay = MS};
    net_new(&n, 1);
    struct seen seen = {0};
    const struct ik_sim_watch watch = {.on_frame = look, .ctx = &seen};
    ik_sim_watch(n.sim, &watch);
    /* An echo request of somebody else, with its checksums. */
    static const uint8_t packet[] = {0x45, 0,  0,  28, 0, 7, 0, 0, 64,   1,    0xae, 0x7c, 192, 0,
                                     2,    99, 10, 0,  2, 2, 8, 0, 0xf7, 0xff, 0,    0,    0,   0};
    const struct ik_sim_timed_frame frames[] = {{0, {packet, sizeof(packet)}},
                                                {10 * IK_NS_PER_S, {packet, sizeof(packet)}},
                                                {20 * IK_NS_PER_S, {packet, sizeof(packet)}}};
    struct ik_sim_traffic_cfg cfg = {.kind = IK_TRAFFIC_FRAMES,
                                     .from = n.node[LEFT],
                                     .start = 5 * IK_NS_PER_S,
                                     .frames = frames,
                                     .n_frames = 3};
    const uint32_t traffic = add(&n, &cfg);
    ik_sim_run(n.sim, 100 * IK_NS_PER_S);
    assert_int_equal(stats_of(&n, traffic).sent, 3);
    assert_int_equal(seen.forged, 3);
    ik_sim_free(n.sim);
}

/* When the packet of second 5 passed each interface on its way, in order. */
struct passed {
    struct {
        uint32_t node;
        uint8_t port;
        bool out;
        ik_ns at;
    } list[8];
    size_t n;
};

static void pass(void *ctx, uint32_t node, uint8_t port, bool out, ik_ns at, struct ik_rd frame)
{
    static const uint8_t forged[] = {192, 0, 2, 99};
    struct passed *p = ctx;
    if (frame.left < 34 || memcmp(frame.p + 26, forged, 4) != 0)
        return;
    assert_in_range(p->n, 0, 7);
    p->list[p->n].node = node;
    p->list[p->n].port = port;
    p->list[p->n].out = out;
    p->list[p->n++].at = at;
}

static void pass__at_each_interface__when_it_leaves_and_when_it_arrives(void **state)
{
    (void)state;
    static struct net n;
    n = (struct net){.near.delay = MS, .far.delay = 2 * MS};
    net_new(&n, 1);
    struct passed seen = {.n = 0};
    const struct ik_sim_watch watch = {.on_pass = pass, .ctx = &seen};
    ik_sim_watch(n.sim, &watch);
    static const uint8_t packet[] = {0x45, 0,  0,  28, 0, 7, 0, 0, 64,   1,    0xae, 0x7c, 192, 0,
                                     2,    99, 10, 0,  2, 2, 8, 0, 0xf7, 0xff, 0,    0,    0,   0};
    const struct ik_sim_timed_frame frame = {0, {packet, sizeof(packet)}};
    const struct ik_sim_traffic_cfg cfg = {.kind = IK_TRAFFIC_FRAMES,
                                           .from = n.node[LEFT],
                                           .start = 5 * IK_NS_PER_S,
                                           .frames = &frame,
                                           .n_frames = 1};
    (void)add(&n, &cfg);
    ik_sim_run(n.sim, 10 * IK_NS_PER_S);
    assert_int_equal(seen.n, 4);
    for (size_t i = 0; i < seen.n; i++) {
        static const ik_ns after[] = {0, MS, MS, 3 * MS};
        static const uint8_t stations[] = {LEFT, ROUTER, ROUTER, RIGHT}, ports[] = {0, 0, 1, 0};
        assert_int_equal(seen.list[i].node, n.node[stations[i]]);
        assert_int_equal(seen.list[i].port, ports[i]);
        assert_int_equal(seen.list[i].out, i % 2 == 0);
        assert_int_equal(seen.list[i].at, 5 * IK_NS_PER_S + after[i]);
    }
    ik_sim_free(n.sim);
}

static void traffic_end__the_last_to_stop__or_never(void **state)
{
    (void)state;
    static struct net n;
    n = (struct net){0};
    net_new(&n, 1);
    assert_int_equal(ik_sim_traffic_end(n.sim), 0);
    static const uint8_t packet[1];
    const struct ik_sim_timed_frame frames[] = {{1, {packet, 1}}, {7, {packet, 1}}};
    const struct ik_sim_traffic_cfg late = {
        .kind = IK_TRAFFIC_FRAMES, .start = 100, .frames = frames, .n_frames = 2};
    struct ik_sim_traffic_cfg echo = {
        .kind = IK_TRAFFIC_ECHO, .to = net4(2, 2), .rate_mpps = 1, .stop = 50};
    (void)add(&n, &late);
    (void)add(&n, &echo);
    assert_int_equal(ik_sim_traffic_end(n.sim), 107);
    echo.stop = 0;
    (void)add(&n, &echo);
    assert_int_equal(ik_sim_traffic_end(n.sim), IK_NEVER);
    ik_sim_free(n.sim);
}

static void add__what_cannot_be__is_refused(void **state)
{
    (void)state;
    static struct net n;
    n = (struct net){0};
    net_new(&n, 1);
    const struct ik_sim_timed_frame backwards[] = {{5, {0}}, {4, {0}}};
    const struct ik_sim_traffic_cfg rows[] = {
        {.kind = IK_TRAFFIC_ECHO, .from = 99, .to = net4(2, 2), .rate_mpps = 1},
        {.kind = IK_TRAFFIC_ECHO, .to = net4(2, 2)},
        {.kind = IK_TRAFFIC_ECHO, .rate_mpps = 1},
        {.kind = IK_TRAFFIC_UDP, .to = net4(2, 2), .rate_mpps = 1, .bytes = 65001},
        {.kind = IK_TRAFFIC_UDP, .to = net4(2, 2), .rate_mpps = 1, .bytes = 11},
        {.kind = IK_TRAFFIC_UDP, .to = net4(2, 2), .rate_mpps = 1, .start = 9},
        {.kind = IK_TRAFFIC_FRAMES, .start = 10, .frames = backwards, .n_frames = 2},
    };
    ik_sim_run(n.sim, 10);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint32_t traffic;
        struct ik_sim_traffic_cfg cfg = rows[i];
        cfg.start = cfg.start ? cfg.start : 10;
        assert_int_equal(ik_sim_add_traffic(n.sim, &cfg, &traffic), IK_E_VALUE);
    }
    ik_sim_free(n.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo__both_families__is_answered_at_its_rate),
        cmocka_unit_test(udp__open_port__arrives_and_counts_on_links),
        cmocka_unit_test(aimd__bottleneck__is_filled_and_losses_halve),
        cmocka_unit_test(aimd__source_quench__is_counted_and_obeyed),
        cmocka_unit_test(aimd__receiver_restarts__starts_slowly_again),
        cmocka_unit_test(steady__every_number__has_its_checksum),
        cmocka_unit_test(frames__forged_source__leave_as_they_are_at_their_times),
        cmocka_unit_test(pass__at_each_interface__when_it_leaves_and_when_it_arrives),
        cmocka_unit_test(traffic_end__the_last_to_stop__or_never),
        cmocka_unit_test(add__what_cannot_be__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
