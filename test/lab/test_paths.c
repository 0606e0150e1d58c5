/* SPDX-License-Identifier: MIT */
#include "lab/paths.h"

#include "lab/rib.h"
#include "model_rig.h"

static char text[1 << 16];

/* A chain with a diamond: a - r1 = (r2 | r3) = r4 - b. */
static const char diamond[] =
    "vantage: a\n"
    "nodes: {a: {kind: host}, r1: {kind: router}, r2: {kind: router}, r3: {kind: router},\n"
    "  r4: {kind: router}, b: {kind: host}}\n"
    "links:\n"
    "- {between: [r1, a], net: 10.0.1.0/24, net6: \"2001:db8:1::/64\"}\n"
    "- {between: [r1, r2], net: 10.0.12.0/30}\n"
    "- {between: [r1, r3], net: 10.0.13.0/30}\n"
    "- {between: [r2, r4], net: 10.0.24.0/30}\n"
    "- {between: [r3, r4], net: 10.0.34.0/30}\n"
    "- {between: [r4, b], net: 10.0.4.0/24, net6: \"2001:db8:4::/64\"}\n";

static void paths__diamond__shares_equal_ways(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, diamond);
    assert_string_equal(rig_routes(&r, "r1", text, sizeof(text)),
                        "10.0.4.0/24 via 10.0.12.2 on 1\n"
                        "10.0.4.0/24 via 10.0.13.2 on 2\n"
                        "10.0.24.0/30 via 10.0.12.2 on 1\n"
                        "10.0.34.0/30 via 10.0.13.2 on 2\n");
    assert_string_equal(rig_routes(&r, "r2", text, sizeof(text)),
                        "10.0.1.0/24 via 10.0.12.1 on 0\n"
                        "10.0.4.0/24 via 10.0.24.2 on 1\n"
                        "10.0.13.0/30 via 10.0.12.1 on 0\n"
                        "10.0.34.0/30 via 10.0.24.2 on 1\n");
    /* IPv6 has two islands: the host asks its router, and the router knows of no way. */
    assert_string_equal(rig_routes(&r, "a", text, sizeof(text)),
                        "0.0.0.0/0 via 10.0.1.1 on 0\n"
                        "::/0 via fe80::ff:fe00:200 on 0\n");
    rig_close(&r);
}

/* The way by r3 costs 3 to enter: 10.0.34.0/30 is nearer through r4. */
static void paths__cost__decides(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, "vantage: a\n"
                 "nodes: {a: {kind: host}, r1: {kind: router}, r2: {kind: router},\n"
                 "  r3: {kind: router}, r4: {kind: router}}\n"
                 "links:\n"
                 "- {between: [r1, a], net: 10.0.1.0/24}\n"
                 "- {between: [r1, r2], net: 10.0.12.0/30}\n"
                 "- {between: [r1, r3], net: 10.0.13.0/30, cost: 3}\n"
                 "- {between: [r2, r4], net: 10.0.24.0/30}\n"
                 "- {between: [r3, r4], net: 10.0.34.0/30}\n");
    assert_string_equal(rig_routes(&r, "r1", text, sizeof(text)),
                        "10.0.24.0/30 via 10.0.12.2 on 1\n"
                        "10.0.34.0/30 via 10.0.12.2 on 1\n");
    assert_string_equal(rig_routes(&r, "r3", text, sizeof(text)),
                        "10.0.1.0/24 via 10.0.13.1 on 0\n"
                        "10.0.1.0/24 via 10.0.34.2 on 1\n"
                        "10.0.12.0/30 via 10.0.34.2 on 1\n"
                        "10.0.24.0/30 via 10.0.34.2 on 1\n");
    rig_close(&r);
}

/* Each direction by its own cost: there by r2, back by r3. */
static void paths__cost_of_a_direction__is_of_its_sender(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, "vantage: a\n"
                 "nodes: {a: {kind: router}, x: {kind: router}, y: {kind: router}, b: {kind: "
                 "router}}\n"
                 "links:\n"
                 "- {between: [a, x], net: 10.0.0.0/24}\n"
                 "- {between: [x, b], net: 10.0.4.0/24, back: {cost: 9}}\n"
                 "- {between: [a, y], net: 10.0.8.0/24, forward: {cost: 9}}\n"
                 "- {between: [y, b], net: 10.0.12.0/24}\n");
    /* To the far net of the ring: from a by x (1 + 1), from b to a's net by y. */
    assert_non_null(
        strstr(rig_routes(&r, "a", text, sizeof(text)), "10.0.12.0/24 via 10.0.0.2 on 0\n"));
    assert_null(strstr(text, "10.0.12.0/24 via 10.0.8.2"));
    assert_non_null(
        strstr(rig_routes(&r, "b", text, sizeof(text)), "10.0.0.0/24 via 10.0.12.1 on 1\n"));
    assert_null(strstr(text, "10.0.0.0/24 via 10.0.4.1"));
    rig_close(&r);
}

static void paths__v6__goes_by_link_local_addresses(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, "vantage: a\n"
                 "nodes: {a: {kind: host}, r1: {kind: router}, r2: {kind: router}}\n"
                 "links:\n"
                 "- {between: [a, r1], net6: \"2001:db8:1::/64\"}\n"
                 "- {between: [r1, r2], net6: \"2001:db8:2::/64\"}\n");
    assert_string_equal(rig_routes(&r, "a", text, sizeof(text)),
                        "::/0 via fe80::ff:fe00:200 on 0\n");
    assert_string_equal(rig_routes(&r, "r2", text, sizeof(text)),
                        "2001:db8:1::/64 via fe80::ff:fe00:201 on 0\n");
    rig_close(&r);
}

static void paths__host_prefixes__are_routed_to_it(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, "vantage: a\n"
                 "nodes: {a: {kind: host}, g: {kind: router},\n"
                 "  w: {kind: host, prefixes: [198.51.100.0/24, \"2001:db8:5::/64\"]}}\n"
                 "links:\n"
                 "- {between: [g, a], net: 10.0.1.0/24}\n"
                 "- {between: [g, w], net: 10.0.2.0/24, net6: \"2001:db8:2::/64\"}\n");
    assert_string_equal(rig_routes(&r, "g", text, sizeof(text)),
                        "198.51.100.0/24 via 10.0.2.2 on 1\n"
                        "2001:db8:5::/64 via fe80::ff:fe00:300 on 1\n");
    rig_close(&r);
}

/* A host never forwards, however near the way through it is. */
static void paths__host_between__forwards_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, "vantage: r1\n"
                 "nodes: {r1: {kind: router}, h: {kind: host}, r2: {kind: router}}\n"
                 "links:\n"
                 "- {between: [r1, h], net: 10.0.1.0/24}\n"
                 "- {between: [h, r2], net: 10.0.2.0/24}\n");
    assert_string_equal(rig_routes(&r, "r1", text, sizeof(text)), "");
    rig_close(&r);
}

static void paths__segment__gives_hosts_one_default_and_exceptions(void **state)
{
    (void)state;
    struct rig r;
    const char *lab = "vantage: h\n"
                      "nodes: {h: {kind: host}, g1: {kind: router}, g2: {kind: router},\n"
                      "  x: {kind: host}, y: {kind: host}, z: {kind: host}}\n"
                      "links:\n"
                      "- {between: [g1, g2, h], net: 10.0.1.0/24}\n"
                      "- {between: [g1, x], net: 10.0.2.0/24}\n"
                      "- {between: [g1, y], net: 10.0.5.0/24}\n"
                      "- {between: [g2, z], net: 10.0.7.0/24}\n"
                      "%s";
    char full[1024];
    snprintf(full, sizeof(full), lab, "");
    rig_open(&r, full);
    assert_string_equal(rig_routes(&r, "h", text, sizeof(text)), "10.0.7.0/24 via 10.0.1.2 on 0\n"
                                                                 "0.0.0.0/0 via 10.0.1.1 on 0\n");
    assert_string_equal(rig_routes(&r, "g1", text, sizeof(text)),
                        "10.0.7.0/24 via 10.0.1.2 on 0\n");
    rig_close(&r);
    /* Told a default, a host knows no better: what redirects are for. */
    snprintf(full, sizeof(full), lab, "routes: [{node: h, to: default, via: g2}]\n");
    rig_open(&r, full);
    assert_string_equal(rig_routes(&r, "h", text, sizeof(text)), "0.0.0.0/0 via 10.0.1.2 on 0\n");
    rig_close(&r);
}

static void routes__overrides__stand_instead(void **state)
{
    (void)state;
    struct rig r;
    char lab[2048];
    snprintf(lab, sizeof(lab), "%s%s", diamond,
             "routes:\n"
             "- {node: r1, to: 10.0.4.0/24, via: r3}\n"
             "- {node: r1, to: b, via: r2}\n"
             "- {node: r2, to: 10.0.4.0/24, drop: silent}\n"
             "- {node: r2, to: 203.0.113.7, drop: prohibited}\n"
             "- {node: r4, to: default, via: r2}\n"
             "- {node: r4, to: default, via: r3}\n"
             "- {node: a, to: 10.9.0.0/16, drop: unreachable}\n");
    rig_open(&r, lab);
    assert_string_equal(rig_routes(&r, "r1", text, sizeof(text)),
                        "10.0.4.0/24 via 10.0.13.2 on 2\n"
                        "10.0.4.2/32 via 10.0.12.2 on 1\n"
                        "10.0.24.0/30 via 10.0.12.2 on 1\n"
                        "10.0.34.0/30 via 10.0.13.2 on 2\n");
    assert_string_equal(rig_routes(&r, "r2", text, sizeof(text)),
                        "10.0.4.0/24 drop\n"
                        "203.0.113.7/32 reject\n"
                        "10.0.1.0/24 via 10.0.12.1 on 0\n"
                        "10.0.13.0/30 via 10.0.12.1 on 0\n"
                        "10.0.34.0/30 via 10.0.24.2 on 1\n");
    assert_non_null(strstr(rig_routes(&r, "r4", text, sizeof(text)),
                           "0.0.0.0/0 via 10.0.24.1 on 0\n0.0.0.0/0 via 10.0.34.1 on 1\n"));
    assert_string_equal(rig_routes(&r, "a", text, sizeof(text)),
                        "10.9.0.0/16 unreachable\n"
                        "0.0.0.0/0 via 10.0.1.1 on 0\n"
                        "::/0 via fe80::ff:fe00:200 on 0\n");
    rig_close(&r);
}

/* The outside never hears of the inside; the inside goes out; IPv6 is not translated. */
static void paths__nat__hides_its_inside(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, "vantage: me\n"
                 "nodes: {me: {kind: host}, n: {kind: router, nat: {outside: isp}},\n"
                 "  isp: {kind: router}, w: {kind: host}}\n"
                 "links:\n"
                 "- {between: [n, me], net: 192.168.1.0/24, net6: \"2001:db8:1::/64\"}\n"
                 "- {between: [isp, n], net: 198.51.100.0/30, net6: \"2001:db8:2::/64\"}\n"
                 "- {between: [isp, w], net: 203.0.113.0/24, net6: \"2001:db8:3::/64\"}\n");
    assert_string_equal(rig_routes(&r, "isp", text, sizeof(text)),
                        "2001:db8:1::/64 via fe80::ff:fe00:201 on 0\n");
    assert_string_equal(rig_routes(&r, "n", text, sizeof(text)),
                        "203.0.113.0/24 via 198.51.100.1 on 1\n"
                        "2001:db8:3::/64 via fe80::ff:fe00:300 on 1\n");
    assert_int_equal(rig_node(&r, "n")->options.nat->outside, 1);
    rig_close(&r);
}

static void rib__halves__become_their_whole(void **state)
{
    (void)state;
    static const char *const in[] = {"10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24",
                                     "10.0.3.0/24", "10.0.5.0/24", "10.0.6.0/24",
                                     "10.0.7.0/24", "0.0.0.0/1",   "128.0.0.0/1"};
    struct ik_rib rib = {0};
    struct ik_rib_way way = {.port = 3};
    assert_int_equal(ik_addr_parse("10.9.9.9", &way.via), IK_OK);
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
        struct ik_prefix p;
        assert_int_equal(ik_prefix_parse(in[i], &p), IK_OK);
        assert_int_equal(ik_rib_add(&rib, &p, &way, 1), IK_OK);
    }
    struct ik_stack_route out[8];
    static const char *const want[] = {"10.0.0.0/22", "10.0.5.0/24", "10.0.6.0/23", "0.0.0.0/1",
                                       "128.0.0.0/1"};
    assert_int_equal(rib.n_routes, 5);
    assert_int_equal(ik_rib_write(&rib, out), 5);
    for (size_t i = 0; i < 5; i++) {
        struct ik_prefix p;
        assert_int_equal(ik_prefix_parse(want[i], &p), IK_OK);
        assert_true(ik_addr_equal(&p.addr, &out[i].prefix.addr));
        assert_int_equal(p.bits, out[i].prefix.bits);
        assert_int_equal(out[i].port, 3);
    }
    ik_rib_free(&rib);
}

static void rib__other_ways__stay_apart(void **state)
{
    (void)state;
    struct ik_rib rib = {0};
    struct ik_rib_way ways[2] = {{.port = 1}, {.port = 2}};
    struct ik_prefix p;
    assert_int_equal(ik_prefix_parse("10.0.0.0/24", &p), IK_OK);
    assert_int_equal(ik_rib_add(&rib, &p, ways, 2), IK_OK);
    assert_int_equal(ik_prefix_parse("10.0.1.0/24", &p), IK_OK);
    assert_int_equal(ik_rib_add(&rib, &p, ways, 1), IK_OK);
    assert_int_equal(ik_prefix_parse("10.0.2.0/24", &p), IK_OK);
    assert_int_equal(ik_rib_add(&rib, &p, ways, 0), IK_OK);
    assert_int_equal(rib.n_entries, 2);
    assert_int_equal(rib.n_routes, 3);
    ik_rib_free(&rib);
}

/* A thousand routers in a grid: every way counts, and none is forgotten. */
static void paths__thousand_routers__each_reaches_all(void **state)
{
    (void)state;
    enum { SIDE = 32 };
    char *lab = malloc(1 << 20);
    size_t n = (size_t)sprintf(lab, "vantage: r0\nnodes:\n");
    for (int i = 0; i < SIDE * SIDE; i++)
        n += (size_t)sprintf(lab + n, "  r%d: {kind: router}\n", i);
    n += (size_t)sprintf(lab + n, "links:\n");
    int net = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        if (i % SIDE + 1 < SIDE) {
            n += (size_t)sprintf(lab + n, "- {between: [r%d, r%d], net: 10.%d.%d.%d/30}\n", i,
                                 i + 1, net >> 14, net >> 6 & 255, (net & 63) << 2);
            net++;
        }
        if (i + SIDE < SIDE * SIDE) {
            n += (size_t)sprintf(lab + n, "- {between: [r%d, r%d], net: 10.%d.%d.%d/30}\n", i,
                                 i + SIDE, net >> 14, net >> 6 & 255, (net & 63) << 2);
            net++;
        }
    }
    struct rig r;
    rig_open(&r, lab);
    free(lab);
    assert_int_equal(r.model.n_prefixes, 2 * SIDE * (SIDE - 1));
    for (uint32_t p = 0; p < r.model.n_prefixes; p++) {
        const struct ik_model_link *own = &r.model.links[r.model.prefixes[p].link];
        const bool mine = own->ends[0].node == 0 || own->ends[1].node == 0;
        assert_int_equal(r.model.prefixes[p].reached, !mine);
        const struct ik_model_node *far = &r.model.nodes[SIDE * SIDE - 1];
        bool found = own->ends[1].node == SIDE * SIDE - 1;
        for (uint32_t i = 0; i < far->n_routes && !found; i++)
            found = ik_prefix_contains(&far->routes[i].prefix, &r.model.prefixes[p].prefix.addr);
        assert_true(found);
    }
    rig_close(&r);
}

/* A file of the largest size that would take minutes is refused, and one of some thousand routers
 * on a segment does not take the square of them. */
static void paths__much__is_bounded(void **state)
{
    (void)state;
    enum { SEGMENT = 1500, ROUTERS = 4000 };
    char *lab = malloc(1 << 21);
    size_t n = (size_t)sprintf(lab, "vantage: r0\nnodes:\n");
    for (int i = 0; i < SEGMENT; i++)
        n += (size_t)sprintf(lab + n, "  r%d: {kind: router}\n", i);
    n += (size_t)sprintf(lab + n, "links:\n");
    for (int link = 0; link < 8; link++) {
        n += (size_t)sprintf(lab + n, "- {net: 10.%d.0.0/16, between: [r%d", link, link % 2);
        for (int i = 2; i < SEGMENT; i++)
            n += (size_t)sprintf(lab + n, ",r%d", i);
        n += (size_t)sprintf(lab + n, "]}\n");
    }
    struct rig r;
    rig_open(&r, lab);
    /* r0 is on the even ones, and hears of the odd ones from the first sixteen of each. */
    assert_int_equal(rig_node(&r, "r0")->n_routes, 4 * IK_RIB_WAYS_MAX);
    rig_close(&r);

    n = (size_t)sprintf(lab, "vantage: r0\nnodes:\n");
    for (int i = 0; i < ROUTERS; i++)
        n += (size_t)sprintf(lab + n, "  r%d: {kind: router}\n", i);
    n += (size_t)sprintf(lab + n, "links:\n");
    for (int i = 0; i < 2 * ROUTERS; i++)
        n += (size_t)sprintf(
            lab + n, "- {between: [r%d, r%d], net: 10.%d.%d.0/24, net6: \"fd00:%x::/64\"}\n",
            i % ROUTERS, (i + 1 + i / ROUTERS) % ROUTERS, i >> 8, i & 255, i);
    assert_int_equal(rig_read(&r, lab, false), IK_E_VALUE);
    assert_int_equal(r.fault.line, 12003);
    assert_string_equal(
        r.fault.text,
        "too large: 16000 prefixes times 20000 nodes and ends of links, at most 300000000");
    rig_close(&r);
    free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths__diamond__shares_equal_ways),
        cmocka_unit_test(paths__cost__decides),
        cmocka_unit_test(paths__cost_of_a_direction__is_of_its_sender),
        cmocka_unit_test(paths__v6__goes_by_link_local_addresses),
        cmocka_unit_test(paths__host_prefixes__are_routed_to_it),
        cmocka_unit_test(paths__host_between__forwards_nothing),
        cmocka_unit_test(paths__segment__gives_hosts_one_default_and_exceptions),
        cmocka_unit_test(routes__overrides__stand_instead),
        cmocka_unit_test(paths__nat__hides_its_inside),
        cmocka_unit_test(rib__halves__become_their_whole),
        cmocka_unit_test(rib__other_ways__stay_apart),
        cmocka_unit_test(paths__thousand_routers__each_reaches_all),
        cmocka_unit_test(paths__much__is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
