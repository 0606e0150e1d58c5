/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

enum { ALL = 0xe0000001, ROUTERS = 0xe0000002, R1 = 0x0a0001c8, R2 = 0x0a0001c9 };
static struct packet p;

static void icmp_in(struct rig *r, uint32_t src, uint32_t dst, const struct ik_icmp *m)
{
    uint8_t msg[200];
    size_t len;
    assert_int_equal(ik_icmp_encode(m, NULL, false, msg, sizeof(msg), &len), IK_OK);
    struct ik_ip ip = head4(src, dst, IK_PROTO_ICMP4);
    ip.ttl = 1;
    packet_make(&p, &ip, (struct ik_rd){msg, len});
    uint8_t mac[6] = {1, 0, 0x5e, 0, 0, (uint8_t)dst};
    rig_in(r, 0, dst >> 28 == 0xe ? mac : NULL, rd_of(&p));
}

/* ---- routers --------------------------------------------------------------------------------- */

static void router_start(struct rig *r)
{
    rig_init(r, IK_STACK_ROUTER);
    r->opt.advertise4 = true;
    r->cfg.n_ifaces = 1;
    rig_start(r);
}

/* The instant of the next advertisement; it is one. */
static ik_ns next_advert(struct rig *r, uint16_t lifetime)
{
    rig_forget(r);
    while (r->n_out == 0 && r->now.mono < 4000 * IK_NS_PER_S)
        rig_run(r, r->now.mono + 10 * IK_NS_PER_MS);
    assert_int_equal(r->n_out, 1);
    const struct ik_ip ip = out_ip(r, 0);
    const struct ik_icmp m = out_icmp(r, 0);
    assert_int_equal(ip.ttl, 1);
    assert_int_equal(ik_load_be32(ip.src.bytes), S);
    assert_int_equal(ik_load_be32(ip.dst.bytes), ALL);
    assert_int_equal(m.type, 9);
    assert_int_equal(m.code, 0);
    assert_int_equal(m.router_adv4.lifetime_s, lifetime);
    static const uint8_t want[] = {10, 0, 1, 1, 0, 0, 0, 0};
    assert_int_equal(m.router_adv4.entries.left, sizeof(want));
    assert_memory_equal(m.router_adv4.entries.p, want, sizeof(want));
    return r->now.mono;
}

/* R1256-4.1-01 R1256-4.3-01: one at the start (which the rig took), two more within 16 s each. */
static void router__advertises__fast_then_by_interval(void **state)
{
    (void)state;
    struct rig r;
    router_start(&r);
    ik_ns was = 0;
    for (int i = 0; i < 2; i++) {
        const ik_ns at = next_advert(&r, 1800);
        assert_true(at - was <= 16 * IK_NS_PER_S + 10 * IK_NS_PER_MS);
        was = at;
    }
    for (int i = 0; i < 4; i++) {
        const ik_ns at = next_advert(&r, 1800);
        assert_true(at - was >= 450 * IK_NS_PER_S);
        assert_true(at - was <= 600 * IK_NS_PER_S + 10 * IK_NS_PER_MS);
        was = at;
    }
    rig_end(&r);
}

/* R1256-4.1-01: a lifetime is never below the interval nor above 9,000 s. */
static void lifetime__outside_of_its_bounds__is_moved_to_them(void **state)
{
    (void)state;
    static const struct {
        int interval_s;
        uint16_t wanted, said;
    } rows[] = {{0, 599, 600}, {0, 9001, 9000}, {1800, 0, 5400}, {4, 0, 12}, {4, 3, 4}, {4, 5, 5}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r;
        rig_init(&r, IK_STACK_ROUTER);
        r.opt.advertise4 = true;
        r.opt.advertise_interval = rows[i].interval_s * IK_NS_PER_S;
        r.opt.advertise_lifetime = rows[i].wanted;
        r.cfg.n_ifaces = 1;
        rig_start(&r);
        next_advert(&r, rows[i].said);
        rig_end(&r);
    }
}

/* R1256-4.1-01: what no router may be told. */
static void interval__outside_of_its_bounds__is_refused(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_pool(&r, 64, 0);
    r.opt.advertise4 = true;
    static const int seconds[] = {3, 1801, 4, 1800};
    for (size_t i = 0; i < 4; i++) {
        r.opt.advertise_interval = seconds[i] * IK_NS_PER_S;
        assert_int_equal(ik_stack_bytes(&r.cfg) == 0, i < 2);
    }
    free(r.pool_mem);
}

/* R1256-4.3-02: within two seconds, one for all who ask. */
static void router__when_asked__answers_all_at_once(void **state)
{
    (void)state;
    struct rig r;
    router_start(&r);
    rig_run(&r, 100 * IK_NS_PER_S);
    const ik_ns begun = r.now.mono;
    const struct ik_icmp sol = {
        .family = 4, .type = IK_ICMP4_ROUTER_SOL, .kind = IK_ICMP_ROUTER_SOL4};
    for (int i = 0; i < 20; i++)
        icmp_in(&r, i ? A : 0, ROUTERS, &sol);
    const ik_ns at = next_advert(&r, 1800);
    assert_true(at - begun <= 2 * IK_NS_PER_S + 10 * IK_NS_PER_MS);
    assert_true(next_advert(&r, 1800) - at >= 450 * IK_NS_PER_S);
    rig_end(&r);
}

/* R1256-4.3-03 */
static void router__that_is_stopped__says_goodbye(void **state)
{
    (void)state;
    struct rig r;
    router_start(&r);
    rig_run(&r, 100 * IK_NS_PER_S);
    r.e->ops->stop(r.e, r.now);
    next_advert(&r, 0);
    assert_true(r.e->ops->done(r.e));
    rig_end(&r);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static void host_start(struct rig *r)
{
    rig_init(r, IK_STACK_HOST);
    r->opt.solicit4 = r->opt.upper = true;
    r->cfg.n_routes = 0;
    rig_start(r);
}

struct entry {
    uint32_t addr, preference;
};

static void advert(struct rig *r, uint16_t lifetime, const struct entry *list, uint8_t n)
{
    uint8_t entries[80];
    for (uint8_t i = 0; i < n; i++) {
        ik_store_be32(entries + 8 * i, list[i].addr);
        ik_store_be32(entries + 8 * i + 4, list[i].preference);
    }
    struct ik_icmp m = {.family = 4, .type = IK_ICMP4_ROUTER_ADV, .kind = IK_ICMP_ROUTER_ADV4};
    m.router_adv4 = (struct ik_icmp_router_adv4){
        .count = n, .entry_words = 2, .lifetime_s = lifetime, .entries = {entries, 8u * n}};
    icmp_in(r, R1, ALL, &m);
}

/* The router that the host would send by; 0: it has none. */
static uint32_t router_of(struct rig *r)
{
    const struct ik_addr far = ip4(FAR);
    struct ik_stack_hop hop;
    rig_run(r, r->now.mono);
    if (!ik_stack_route_find(r->s, &far, 0, 0, &hop))
        return 0;
    assert_true(hop.is_default);
    assert_int_equal(hop.mtu, 1500);
    return ik_load_be32(hop.next.bytes);
}

/* R1256-5.3-02 R1256-3-03 */
static void host__without_routers__asks_three_times(void **state)
{
    (void)state;
    struct rig r;
    host_start(&r);
    ik_ns at[4];
    size_t n = 0;
    while (r.now.mono < 60 * IK_NS_PER_S) {
        rig_forget(&r);
        rig_run(&r, r.now.mono + IK_NS_PER_MS);
        if (r.n_out == 0)
            continue;
        const struct ik_ip ip = out_ip(&r, 0);
        assert_int_equal(ip.ttl, 1);
        assert_int_equal(ik_load_be32(ip.src.bytes), S);
        assert_int_equal(ik_load_be32(ip.dst.bytes), ROUTERS);
        static const uint8_t want[] = {10, 0, 0xf5, 0xff, 0, 0, 0, 0};
        assert_int_equal(ip.payload.left, sizeof(want));
        assert_memory_equal(ip.payload.p, want, sizeof(want));
        assert_true(n < 3);
        at[n++] = r.now.mono;
    }
    assert_int_equal(n, 3);
    assert_true(at[0] <= IK_NS_PER_S + IK_NS_PER_MS);
    assert_int_equal(at[1] - at[0], 3 * IK_NS_PER_S);
    assert_int_equal(at[2] - at[1], 3 * IK_NS_PER_S);
    rig_end(&r);
}

/* R1256-5.3-01 R1256-5.3-03: the best of those on the net, for as long as it said. */
static void host__hears_routers__takes_the_best(void **state)
{
    (void)state;
    struct rig r;
    host_start(&r);
    assert_int_equal(router_of(&r), 0);
    advert(&r, 5, (struct entry[]){{0x0b000001, 9}, {R1, 0x80000000}}, 2);
    assert_int_equal(router_of(&r), 0);
    rig_forget(&r);
    rig_run(&r, 30 * IK_NS_PER_S);
    assert_int_equal(r.n_out, 0); /* nobody is asked any more */
    advert(&r, 5, (struct entry[]){{R1, 1}}, 1);
    assert_int_equal(router_of(&r), R1);
    advert(&r, 60, (struct entry[]){{R2, 0xffffffff}}, 1); /* -1 */
    assert_int_equal(router_of(&r), R1);
    rig_run(&r, r.now.mono + 4 * IK_NS_PER_S);
    advert(&r, 5, (struct entry[]){{R1, 2}}, 1);
    rig_run(&r, r.now.mono + 4 * IK_NS_PER_S);
    assert_int_equal(router_of(&r), R1);
    rig_run(&r, r.now.mono + IK_NS_PER_S);
    assert_int_equal(router_of(&r), R2);
    advert(&r, 0, (struct entry[]){{R1, 0}}, 1); /* nobody is thrown out for a stranger */
    assert_int_equal(router_of(&r), R2);
    advert(&r, 0, (struct entry[]){{R2, 0}}, 1);
    assert_int_equal(router_of(&r), 0);
    rig_end(&r);
}

/* A full table keeps the better ones, whoever floods it. */
static void host__hears_many__keeps_the_better(void **state)
{
    (void)state;
    struct rig r;
    host_start(&r);
    advert(&r, 600, (struct entry[]){{R1, 50}}, 1);
    for (uint32_t i = 0; i < 100; i++)
        advert(&r, 600, (struct entry[]){{0x0a000170 + i % 60, i % 49}}, 1);
    assert_int_equal(router_of(&r), R1);
    advert(&r, 600, (struct entry[]){{R2, 51}}, 1);
    assert_int_equal(router_of(&r), R2);
    rig_end(&r);
}

/* R1256-5.2-01 */
static void host__hears_what_is_not_valid__learns_nothing(void **state)
{
    (void)state;
    struct rig r;
    host_start(&r);
    static const uint8_t bad[][16] = {
        {9, 16, 0, 0, 1, 2, 7, 8, 10, 0, 1, 200, 0, 0, 0, 0}, /* code */
        {9, 0, 0, 0, 0, 2, 7, 8, 10, 0, 1, 200, 0, 0, 0, 0},  /* no addresses */
        {9, 0, 0, 0, 1, 1, 7, 8, 10, 0, 1, 200, 0, 0, 0, 0},  /* entry size */
        {9, 0, 0, 0, 2, 2, 7, 8, 10, 0, 1, 200, 0, 0, 0, 0},  /* too short */
    };
    for (size_t i = 0; i < 4; i++) {
        uint8_t msg[16];
        memcpy(msg, bad[i], 16);
        ik_store_be16(msg + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){msg, 16})));
        const struct ik_ip ip = head4(R1, ALL, IK_PROTO_ICMP4);
        packet_make(&p, &ip, (struct ik_rd){msg, 16});
        rig_in(&r, 0, (const uint8_t[]){1, 0, 0x5e, 0, 0, 1}, rd_of(&p));
        assert_int_equal(router_of(&r), 0);
    }
    rig_end(&r);
}

/* R1256-4.3-02: each answer waits its own chance, however often is asked: a flood does not choose
 * the least of many. */
static void router__asked_without_end__answers_no_faster(void **state)
{
    (void)state;
    struct rig r;
    router_start(&r);
    rig_run(&r, 100 * IK_NS_PER_S);
    const struct ik_icmp sol = {
        .family = 4, .type = IK_ICMP4_ROUTER_SOL, .kind = IK_ICMP_ROUTER_SOL4};
    size_t said = 0;
    for (int i = 0; i < 2000; i++) {
        rig_forget(&r);
        rig_run(&r, r.now.mono + 5 * IK_NS_PER_MS);
        said += r.n_out;
        icmp_in(&r, A, ROUTERS, &sol);
        said += r.n_out;
    }
    assert_true(said >= 5 && said <= 20); /* in 10 s, each after 1 s on average */
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(router__advertises__fast_then_by_interval),
        cmocka_unit_test(lifetime__outside_of_its_bounds__is_moved_to_them),
        cmocka_unit_test(interval__outside_of_its_bounds__is_refused),
        cmocka_unit_test(router__when_asked__answers_all_at_once),
        cmocka_unit_test(router__that_is_stopped__says_goodbye),
        cmocka_unit_test(host__without_routers__asks_three_times),
        cmocka_unit_test(host__hears_routers__takes_the_best),
        cmocka_unit_test(host__hears_many__keeps_the_better),
        cmocka_unit_test(host__hears_what_is_not_valid__learns_nothing),
        cmocka_unit_test(router__asked_without_end__answers_no_faster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
