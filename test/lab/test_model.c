/* SPDX-License-Identifier: MIT
 * What a file says arrives, and all that can be wrong in one is said with its place. */
#include "lab/model.h"

#include "lab/address.h"
#include "model_rig.h"

/* ---- what arrives ---------------------------------------------------------------------------- */

static void addresses__in_order_of_between__are_given(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, "vantage: b\n"
                 "nodes: {a: {kind: router}, b: {kind: host}, c: {kind: host}}\n"
                 "links:\n"
                 "- between: [a, b, c]\n"
                 "  net: 10.0.1.0/24\n"
                 "  net6: 2001:db8:1::/64\n"
                 "  addresses: {c: [10.0.1.77, 2001:db8:1::abcd]}\n"
                 "- {between: [c, a], net: 10.0.2.4/31}\n");
    assert_string_equal(rig_addr(&r, "a", 4), "10.0.1.1");
    assert_string_equal(rig_addr(&r, "a", 6), "2001:db8:1::1");
    assert_string_equal(rig_addr(&r, "b", 0), "10.0.1.2");
    assert_string_equal(rig_addr(&r, "c", 4), "10.0.1.77");
    assert_string_equal(rig_addr(&r, "c", 6), "2001:db8:1::abcd");
    const struct ik_model_node *c = rig_node(&r, "c");
    char text[IK_ADDR_TEXT];
    assert_int_equal(c->n_ports, 2);
    assert_string_equal(ik_addr_text(&c->ifaces[1].addrs[0].addr, text), "10.0.2.4");
    assert_int_equal(c->ifaces[1].addrs[0].bits, 31);
    assert_string_equal(c->ifaces[1].name, "eth1");
    /* Every interface has a MAC of its own. */
    assert_memory_equal(c->ifaces[1].mac, "\x02\x00\x00\x00\x03\x01", 6);
    rig_close(&r);
}

static void node__options__arrive(void **state)
{
    (void)state;
    struct rig r;
    rig_open(
        &r,
        "vantage: h\n"
        "nodes:\n"
        "  r:\n"
        "    kind: router\n"
        "    errors: {rate: 100/s, burst: 6, rate_all: 1000/s, burst_all: 70, quote: full,\n"
        "      from: [192.0.2.1, 2001:db8::1], time_exceeded: off, tos: 0x10,\n"
        "      extensions: {mpls: [16, {label: 17, tc: 3, ttl: 9}], interface: both}}\n"
        "    router_advertisement: {v6: off, interval: 10s, lifetime: 30s, preference: -5}\n"
        "    filter: [{do: reject, answer: 10, direction: forward, proto: udp,\n"
        "      ports: 1000-2000, from: 10.0.0.0/8, longer_than: 100},\n"
        "      {do: drop, family: 6, proto: icmp6, type: 128, code: 0}]\n"
        "    balance: packet\n"
        "    odd: [ttl-copied, echo-cut]\n"
        "    source_quench: on\n"
        "    source_routes: off\n"
        "    redirects: off\n"
        "    ttl_propagation: off\n"
        "    precedence_cutoff: 3\n"
        "    probe: {by_name: on, permitted: [10.0.0.0/8, {from: 192.0.2.0/24, may: by_name}]}\n"
        "  h:\n"
        "    kind: host\n"
        "    answers: {echo: off, timestamp: off, mask: on, broadcast: on, multicast6: off}\n"
        "    prefixes: 198.51.100.0/24\n"
        "    alive: 30%\n"
        "    udp_open: [53, 123]\n"
        "    tcp_open: 80\n"
        "    clock_offset: -2s\n"
        "    legacy: ping-of-death\n"
        "    source_quench: on\n"
        "    source_routes: on\n"
        "    pmtud: off\n"
        "    reassembly: 30s\n"
        "    ttl: 128\n"
        "    start: 5s\n"
        "links: [{between: [r, h], net: 10.0.0.0/24}]\n");
    const struct ik_stack_options *o = &rig_node(&r, "r")->options;
    assert_int_equal(o->kind, IK_STACK_ROUTER);
    assert_int_equal(o->error_rate, 100);
    assert_int_equal(o->error_burst, 6);
    assert_int_equal(o->error_rate_all, 1000);
    assert_int_equal(o->error_burst_all, 70);
    assert_int_equal(o->quote_bytes, 0xffff);
    assert_int_equal(o->from, IK_FROM_ADDRESS);
    assert_int_equal(o->from4.bytes[0], 192);
    assert_int_equal(o->from6.bytes[15], 1);
    assert_true(o->no_time_exceeded && !o->no_unreachable && !o->no_prohibited);
    assert_int_equal(o->error_tos, 16);
    assert_int_equal(o->n_mpls_labels, 2);
    assert_int_equal(o->mpls_labels[0], 16 << 12 | 1);
    assert_int_equal(o->mpls_labels[1], 17 << 12 | 3 << 9 | 1 << 8 | 9);
    assert_int_equal(o->ifinfo, 5);
    assert_true(o->advertise4 && !o->advertise6);
    assert_int_equal(o->advertise_interval, 10 * IK_NS_PER_S);
    assert_int_equal(o->advertise_lifetime, 30);
    assert_int_equal(o->preference4, -5);
    assert_int_equal(o->n_filter, 2);
    const struct ik_stack_filter_rule *f = o->filter;
    assert_int_equal(f[0].act, IK_ACT_REJECT);
    assert_int_equal(f[0].reject_code, 10);
    assert_int_equal(f[0].direction, 1);
    assert_true(f[0].has_proto && f[0].proto == 17);
    assert_true(f[0].port_low == 1000 && f[0].port_high == 2000);
    assert_int_equal(f[0].src.bits, 8);
    assert_int_equal(f[0].longer_than, 100);
    assert_int_equal(f[1].act, IK_ACT_DROP);
    assert_int_equal(f[1].family, 6);
    assert_true(f[1].has_type && f[1].type == 128 && f[1].has_code && f[1].code == 0);
    assert_int_equal(o->balance, IK_BALANCE_PACKET);
    assert_int_equal(o->odd, IK_ODD_TTL_COPIED | IK_ODD_ECHO_CUT);
    assert_true(o->quench_send && !o->quench_obey);
    assert_true(o->no_source_routes && !o->source_routes);
    assert_true(o->no_redirects && o->mpls_hides);
    assert_int_equal(o->precedence_cutoff, 3);
    assert_true(o->probe->enabled && o->probe->by_name && !o->probe->by_index);
    assert_int_equal(o->probe->n_permitted, 2);
    assert_int_equal(o->probe->permitted[0].what, 0);
    assert_int_equal(o->probe->permitted[1].what, IK_PROBE_BY_NAME);
    const struct ik_stack_options *h = &rig_node(&r, "h")->options;
    assert_true(h->no_echo && h->no_timestamp && h->mask && h->echo_broadcast);
    assert_true(h->no_echo_multicast6);
    assert_int_equal(h->n_prefixes, 1);
    assert_int_equal(h->alive_permille, 300);
    assert_int_equal(h->n_udp_open, 2);
    assert_int_equal(h->udp_open[1], 123);
    assert_int_equal(h->n_tcp_open, 1);
    assert_int_equal(h->tcp_open[0], 80);
    assert_int_equal(h->clock_offset, -2 * IK_NS_PER_S);
    assert_int_equal(h->legacy, IK_LEGACY_PING_OF_DEATH);
    assert_true(h->quench_obey && !h->quench_send);
    assert_true(h->source_routes && !h->no_source_routes);
    assert_true(h->no_pmtud);
    assert_int_equal(h->reassembly4, 30 * IK_NS_PER_S);
    assert_int_equal(h->reassembly6, 30 * IK_NS_PER_S);
    assert_int_equal(h->ttl, 128);
    assert_int_equal(rig_node(&r, "h")->start, 5 * IK_NS_PER_S);
    rig_close(&r);
}

static void link__directions__have_their_own(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, "vantage: a\n"
                 "nodes: {a: {kind: host}, b: {kind: router}}\n"
                 "links:\n"
                 "- back: {loss: 50%, delay: 7ms, cost: 4}\n"
                 "  between: [a, b]\n"
                 "  net: 10.0.0.0/24\n"
                 "  mtu: 1400\n"
                 "  delay: 5ms\n"
                 "  jitter: 1ms\n"
                 "  burst: {start: 1%, end: 25%, loss: 75%}\n"
                 "  duplicate: 0.1%\n"
                 "  corrupt: 0\n"
                 "  rate: 10Mbit\n"
                 "  queue: 50\n"
                 "  black_hole: 1300\n"
                 "  cost: 2\n");
    const struct ik_model_link *l = &r.model.links[0];
    assert_string_equal(l->name, "a-b");
    assert_int_equal(l->mtu, 1400);
    assert_int_equal(l->forward.impair.delay, 5 * IK_NS_PER_MS);
    assert_int_equal(l->forward.impair.jitter, IK_NS_PER_MS);
    assert_int_equal(l->forward.impair.loss, 0);
    assert_int_equal(l->forward.impair.burst_end, UINT32_C(1) << 30);
    assert_int_equal(l->forward.impair.burst_loss, UINT32_C(3) << 30);
    assert_int_equal(l->forward.impair.duplicate, 4294967);
    assert_int_equal(l->forward.impair.rate_bps, 10000000);
    assert_int_equal(l->forward.impair.queue, 50);
    assert_int_equal(l->forward.impair.mtu, 1300);
    assert_int_equal(l->forward.cost, 2);
    assert_int_equal(l->back.impair.delay, 7 * IK_NS_PER_MS);
    assert_int_equal(l->back.impair.jitter, IK_NS_PER_MS);
    assert_int_equal(l->back.impair.loss, UINT32_C(1) << 31);
    assert_int_equal(l->back.cost, 4);
    rig_close(&r);
}

/* Later ones stand over earlier ones, by time and not by place. */
static void events__of_one_link__add_up(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, "vantage: a\n"
                 "nodes: {a: {kind: host}, b: {kind: router}}\n"
                 "links: [{between: [a, b], net: 10.0.0.0/24, delay: 1ms}]\n"
                 "events:\n"
                 "- {at: 2s, link: [b, a], set: {down: on}, direction: back}\n"
                 "- {at: 1s, link: a-b, set: {loss: 50%}}\n"
                 "- {at: 3s, node: b, restart: 2s}\n"
                 "- {at: 4s, node: b, restart: never}\n");
    const struct ik_model_event *e = r.model.events;
    assert_int_equal(r.model.n_events, 4);
    assert_int_equal(e[0].when, IK_NS_PER_S);
    assert_int_equal(e[0].direction, -1);
    for (int d = 0; d < 2; d++) {
        assert_int_equal(e[0].to[d].loss, UINT32_C(1) << 31);
        assert_int_equal(e[0].to[d].delay, IK_NS_PER_MS);
        assert_int_equal(e[1].to[d].loss, UINT32_C(1) << 31);
        assert_int_equal(e[1].to[d].down, d == 1);
    }
    assert_int_equal(e[1].direction, 1);
    assert_int_equal(e[2].node, 1);
    assert_int_equal(e[2].down_for, 2 * IK_NS_PER_S);
    assert_int_equal(e[3].down_for, IK_NEVER);
    rig_close(&r);
}

static void traffic__kinds__arrive(void **state)
{
    (void)state;
    struct rig r;
    const char *lab =
        "vantage: a\n"
        "nodes: {a: {kind: host}, b: {kind: router}}\n"
        "links: [{between: [a, b], net: 10.0.0.0/24}]\n"
        "traffic:\n"
        "- {from: a, to: b, kind: echo, rate: 500/s, start: 5s, stop: 8s}\n"
        "- {from: a, to: 10.0.0.2, kind: udp, rate: 1/s, port: 53, source: 10.9.9.9}\n"
        "- {from: b, to: a, kind: aimd, obey_quench: on}\n"
        "- {from: b, kind: capture, file: x.pcap}\n";
    rig_open(&r, lab);
    const struct ik_model_traffic *t = r.model.traffic;
    assert_int_equal(r.model.n_traffic, 4);
    assert_int_equal(t[0].cfg.kind, IK_TRAFFIC_ECHO);
    assert_int_equal(t[0].cfg.rate_mpps, 500000);
    assert_int_equal(t[0].cfg.stop, 8 * IK_NS_PER_S);
    assert_int_equal(t[0].cfg.to.bytes[3], 2);
    assert_int_equal(t[1].cfg.source.bytes[1], 9);
    assert_int_equal(t[2].cfg.from, 1);
    assert_true(t[2].cfg.obey_quench);
    assert_int_equal(t[3].cfg.kind, IK_TRAFFIC_FRAMES);
    assert_string_equal(t[3].file, "x.pcap");
    rig_close(&r);
    assert_int_equal(rig_read(&r, lab, true), IK_OK);
    assert_int_equal(r.model.n_traffic, 0);
    rig_close(&r);
}

/* ---- simulated ------------------------------------------------------------------------------- */

static const char with_public[] =
    "vantage: me\n"
    "nodes: {me: {kind: host}, g: {kind: router}, dns: {kind: host, simulated: on},\n"
    "  any: {kind: host, simulated: on, prefixes: 1.1.1.0/24}, x: {kind: host}}\n"
    "links:\n"
    "- {between: [g, me], net: 10.0.1.0/24}\n"
    "- {between: [g, dns], net: 8.8.8.0/24, addresses: {dns: 8.8.8.8}}\n"
    "- {between: [g, any, x], net: 10.0.2.0/24}\n"
    "routes: [{node: g, to: dns, via: any}, {node: g, to: 192.0.2.0/24, via: dns}]\n"
    "events: [{at: 1s, node: dns, restart: 1s}, {at: 1s, node: g, restart: 1s}]\n"
    "traffic: [{from: me, to: dns, kind: echo, rate: 1/s}]\n";

static bool is_simulated(const struct rig *r, const char *addr)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(addr, &a), IK_OK);
    return ik_address_is_simulated(&r->model, &a);
}

static void simulated__public_addresses__are_told_apart(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, with_public);
    assert_true(is_simulated(&r, "8.8.8.8"));
    assert_true(is_simulated(&r, "8.8.8.1")); /* of the router, and public nevertheless */
    assert_true(is_simulated(&r, "1.1.1.7"));
    assert_true(is_simulated(&r, "10.0.2.2"));
    assert_false(is_simulated(&r, "10.0.1.1"));
    assert_false(is_simulated(&r, "10.0.2.3"));
    assert_false(is_simulated(&r, "8.8.9.1"));
    rig_close(&r);
}

static void simulated__beside_the_machine__is_left_out(void **state)
{
    (void)state;
    struct rig r;
    assert_int_equal(rig_read(&r, with_public, true), IK_OK);
    assert_true(rig_node(&r, "dns")->left_out);
    assert_true(rig_node(&r, "any")->left_out);
    assert_int_equal(rig_node(&r, "g")->n_ports, 2);
    assert_true(r.model.links[1].left_out);
    assert_int_equal(r.model.links[2].n_ends, 2);
    assert_string_equal(rig_addr(&r, "x", 4), "10.0.2.3"); /* as before */
    assert_int_equal(r.model.n_prefixes, 2);
    assert_int_equal(r.model.n_events, 1);
    assert_int_equal(r.model.n_overrides, 0);
    rig_close(&r);
}

static void public__set_aside__is_not(void **state)
{
    (void)state;
    static const char *const aside[] = {"10.1.2.3",    "172.31.0.1",   "192.168.0.1", "100.64.0.1",
                                        "192.0.2.1",   "198.51.100.9", "203.0.113.9", "198.19.0.1",
                                        "169.254.1.1", "fd00::1",      "fe80::1",     "2001:db8::1",
                                        "2001:2::1",   "3fff:fff::1"};
    static const char *const open[] = {"8.8.8.8",     "172.32.0.1", "100.128.0.1", "198.20.0.1",
                                       "2001:db9::1", "2600::1",    "192.0.3.1",   "2001:2:1::1"};
    struct ik_addr a;
    for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++) {
        assert_int_equal(ik_addr_parse(aside[i], &a), IK_OK);
        assert_false(ik_address_is_public(&a));
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_int_equal(ik_addr_parse(open[i], &a), IK_OK);
        assert_true(ik_address_is_public(&a));
    }
}

/* ---- what is wrong --------------------------------------------------------------------------- */

struct wrong {
    const char *text;
    unsigned line;
    const char *want;
};

static void refuse(const struct wrong *cases, size_t n, const char *before, const char *after,
                   bool external)
{
    char lab[4096];
    for (size_t i = 0; i < n; i++) {
        struct rig r;
        snprintf(lab, sizeof(lab), "%s%s%s", before, cases[i].text, after);
        const enum ik_err err = rig_read(&r, lab, external);
        if (err != IK_E_VALUE || strcmp(r.fault.text, cases[i].want) != 0 ||
            r.fault.line != cases[i].line)
            print_message("%s\n%u: %s\n", cases[i].text, r.fault.line, r.fault.text);
        assert_int_equal(err, IK_E_VALUE);
        assert_string_equal(r.fault.text, cases[i].want);
        assert_int_equal(r.fault.line, cases[i].line);
        assert_int_not_equal(r.fault.column, 0);
        rig_close(&r);
    }
}
#define REFUSE(cases, before, after) \
    refuse(cases, sizeof(cases) / sizeof(cases[0]), before, after, false)

static void file__wrong__is_said(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"", 1, "a lab needs \"vantage\", such as vantage: me"},
        {"- 1\n", 1,
         "a lab must be a map such as {vantage: me, nodes: {me: {kind: host}, gw: {kind: router}}, "
         "links: [{between: [me, gw], net: 10.0.1.0/24}]}, not [...]"},
        {"hello\n", 1,
         "a lab must be a map such as {vantage: me, nodes: {me: {kind: host}, gw: {kind: router}}, "
         "links: [{between: [me, gw], net: 10.0.1.0/24}]}, not hello"},
        {"vantage: a\n", 1,
         "a lab needs \"nodes\", such as nodes: {me: {kind: host}, gw: {kind: router}}"},
        {"vantage: a\nnodes: {}\n", 1,
         "a lab needs \"links\", such as links: [{between: [me, gw], net: 10.0.1.0/24}]"},
        {"sed: 1\n", 1, "unknown key \"sed\" of a lab: did you mean seed?"},
        {"vantages: a\n", 1, "unknown key \"vantages\" of a lab: did you mean vantage?"},
        {"\nqqqqqq: 1\n", 2,
         "unknown key \"qqqqqq\" of a lab: there are seed, vantage, nodes, links, routes, events, "
         "traffic"},
        {"seed: -1\n", 1,
         "wrong value \"-1\" for seed: must be a whole number from 0 to 9223372036854775807"},
        {"seed: [1]\n", 1,
         "wrong value \"[...]\" for seed: must be a whole number from 0 to 9223372036854775807"},
        {"vantage: a\nnodes: [a]\nlinks: []\n", 2,
         "nodes must be a map such as {me: {kind: host}, gw: {kind: router}}, not [...]"},
        {"vantage: a\nnodes: {a: {kind: host}}\nlinks: {}\n", 3,
         "links must be a list such as [{between: [me, gw], net: 10.0.1.0/24}], not {...}"},
        {"vantage: b\nnodes: {alpha: {kind: host}}\nlinks: []\n", 1,
         "no node \"b\": there are alpha"},
        {"vantage: alhpa\nnodes: {alpha: {kind: host}}\nlinks: []\n", 1,
         "no node \"alhpa\": did you mean alpha?"},
        {"vantage: a\nnodes: {a: {kind: host, simulated: on}}\nlinks: []\n", 1,
         "the vantage a only stands in for public addresses: take a node that is not `simulated`"},
        {"vantage: [a]\nnodes: {a: {kind: host}}\nlinks: []\n", 1,
         "no node \"[...]\": there are a"},
        {"vantage: a\nnodes: {a: {kind: host}}\nlinks: []\n", 2,
         "a is in no link: add one, such as {between: [a, gw], net: 10.9.9.0/24}"},
    };
    REFUSE(cases, "", "");
}

static void node__wrong__is_said(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"x: {}", 3, "a node needs \"kind\", such as kind: host"},
        {"x: host", 3, "a node must be a map such as {kind: host}, not host"},
        {"x: {kind: hots}", 3, "wrong value \"hots\" for kind: must be host or router"},
        {"\"\": {kind: host}", 3,
         "\"\" is no name for a node: letters, digits, and - _ . inside, at most 63, such as "
         "web-1"},
        {"\"a b\": {kind: host}", 3,
         "\"a b\" is no name for a node: letters, digits, and - _ . inside, at most 63, such as "
         "web-1"},
        {"-x: {kind: host}", 3,
         "\"-x\" is no name for a node: letters, digits, and - _ . inside, at most 63, such as "
         "web-1"},
        {"10.0.0.1: {kind: host}", 3,
         "\"10.0.0.1\" is no name for a node: it is an address; take a word such as web"},
        {"x: {kind: host, tll: 3}", 3, "unknown key \"tll\" of a node: did you mean ttl?"},
        {"x: {kind: host, zzzzzzzz: 3}", 3,
         "unknown key \"zzzzzzzz\" of a node; icmp-lab(5) lists them all"},
        {"x: {kind: host, ttl: 256}", 3,
         "wrong value \"256\" for ttl: must be a whole number from 1 to 255"},
        {"x: {kind: host, silent: maybe}", 3,
         "wrong value \"maybe\" for silent: must be on or off"},
        {"x: {kind: host, start: 5}", 3,
         "wrong value \"5\" for start: must be a time with its unit (500us, 5ms, 2s, 1min), from 0 "
         "to 24h"},
        {"x: {kind: host, balance: flow}", 3,
         "balance is for a router, and this is a host: leave it out"},
        {"x: {kind: router, prefixes: 10.9.0.0/24}", 3,
         "prefixes is for a host, and this is a router: leave it out"},
        {"x: {kind: router, balance: flows}", 3,
         "wrong value \"flows\" for balance: must be flow, packet or destination"},
        {"x: {kind: host, legacy: [land, sea]}", 3,
         "wrong value \"sea\" for legacy: must be ping-of-death, teardrop or land"},
        {"x: {kind: host, errors: 5}", 3,
         "wrong value \"5\" for errors: must be on, off, or a map such as {rate: 100/s}"},
        {"x: {kind: host, errors: {rate: 5}}", 3,
         "wrong value \"5\" for rate: must be a whole number a second, such as 100/s"},
        {"x: {kind: host, errors: {rate: 0.5/s}}", 3,
         "wrong value \"0.5/s\" for rate: must be a whole number a second, such as 100/s"},
        {"x: {kind: host, errors: {quote: 7}}", 3,
         "wrong value \"7\" for quote: must be full, or bytes from 8 to 9000"},
        {"x: {kind: host, errors: {from: gw}}", 3,
         "wrong value \"gw\" for from: must be incoming, outgoing, or an address such as "
         "192.0.2.1"},
        {"x: {kind: host, errors: {from: {}}}", 3,
         "wrong value \"{...}\" for from: must be incoming, outgoing, or an address such as "
         "192.0.2.1"},
        {"x: {kind: host, errors: {extensions: {mpls: 5}}}", 3,
         "mpls must be a list such as [16, 17], not 5"},
        {"x: {kind: host, errors: {extensions: {mpls: [x]}}}", 3,
         "wrong value \"x\" for mpls: must be a list of labels from 0 to 1048575, such as [16, "
         "17]"},
        {"x: {kind: host, errors: {extensions: {mpls: [{tc: 1}]}}}", 3,
         "a label needs \"label\", such as label: 16"},
        {"x: {kind: host, errors: {extensions: {mpls: [1, 2, 3, 4, 5, 6, 7, 8, 9]}}}", 3,
         "9 labels are too many: at most 8"},
        {"x: {kind: host, errors: {extensions: {interface: in}}}", 3,
         "wrong value \"in\" for interface: must be incoming, outgoing or both"},
        {"x: {kind: host, answers: {ecko: off}}", 3,
         "unknown key \"ecko\" of answers: did you mean echo?"},
        {"x: {kind: host, udp_open: [53, 0]}", 3,
         "wrong value \"0\" for udp_open: must be a port from 1 to 65535"},
        {"x: {kind: host, udp_closed: 53}", 3,
         "wrong value \"53\" for udp_closed: must be all: ports are closed unless udp_open names "
         "them"},
        {"x: {kind: host, udp_closed: all, udp_open: 53}", 3,
         "udp_closed: all and udp_open contradict each other: leave one out"},
        {"x: {kind: host, alive: 30%}", 3,
         "alive says how much of `prefixes` is, and there are none: add some, such as prefixes: "
         "198.51.100.0/24"},
        {"x: {kind: host, prefixes: 10.9.0.0/24, alive: 0}", 3,
         "wrong value \"0\" for alive: must be from 0.1% to 100%"},
        {"x: {kind: host, prefixes: 10.9.0.0/24, alive: 30}", 3,
         "wrong value \"30\" for alive: must be a part in percent from 0% to 100%, such as 0.5%"},
        {"x: {kind: host, prefixes: [10.9.0.0/33]}", 3,
         "wrong value \"10.9.0.0/33\" for prefixes: must be a prefix, such as 192.0.2.0/24"},
        {"x: {kind: host, prefixes: [10.9.0.0/24, 10.8.0.1/31]}", 3,
         "wrong value \"10.8.0.1/31\" for prefixes: must be 10.8.0.0/31, or 10.8.0.1 for that "
         "address alone"},
        {"x: {kind: router, filter: [{do: drop, from: 10.1.2.3/8}]}", 3,
         "wrong value \"10.1.2.3/8\" for from: must be 10.0.0.0/8, or 10.1.2.3 for that address "
         "alone"},
        {"x: {kind: host, prefixes: 1.0.0.0/8}", 3,
         "1.0.0.0/8 is public: take private or documentation addresses, or say `simulated: on` of "
         "the node that stands in for it"},
        {"x: {kind: router, filter: {}}", 3,
         "filter must be a list such as [{do: drop, proto: icmp}], not {...}"},
        {"x: {kind: router, filter: [{}]}", 3, "a rule needs \"do\", such as do: drop"},
        {"x: {kind: router, filter: [{do: drop, family: 5}]}", 3,
         "wrong value \"5\" for family: must be 4 or 6"},
        {"x: {kind: router, filter: [{do: drop, proto: ipx}]}", 3,
         "wrong value \"ipx\" for proto: must be icmp, icmp6, tcp, udp or a number from 0 to 255"},
        {"x: {kind: router, filter: [{do: drop, type: 256}]}", 3,
         "wrong value \"256\" for type: must be a whole number from 0 to 255"},
        {"x: {kind: router, filter: [{do: drop, proto: udp, ports: 9-3}]}", 3,
         "wrong value \"9-3\" for ports: must be a port, or two such as 1000-2000"},
        {"x: {kind: router, filter: [{do: drop, ports: 9}]}", 3,
         "a rule with ports needs proto: tcp or proto: udp"},
        {"x: {kind: router, filter: [{do: drop, code: 9}]}", 3,
         "a rule with a code needs its type, such as type: 3"},
        {"x: {kind: router, filter: [{do: drop, type: 9, proto: tcp}]}", 3,
         "a rule with a type is of proto: icmp or proto: icmp6"},
        {"x: {kind: router, filter: [{do: reject, answer: 4}]}", 3,
         "wrong value \"4\" for answer: must be a code of unreachable, from 0 to 15 but not 4"},
        {"x: {kind: router, filter: [{do: drop, answer: 13}]}", 3,
         "a rule with an answer has to do: reject"},
        {"x: {kind: router, filter: [{do: reject, family: 6, answer: 10}]}", 3,
         "ICMPv6 has unreachable codes from 0 to 9 only"},
        {"x: {kind: router, filter: [{do: reset}]}", 3, "a rule that resets needs proto: tcp"},
        {"x: {kind: router, filter: [{do: drop, from: 10.0.0.0/8, to: \"fd00::/8\"}]}", 3,
         "a rule from one family to the other matches nothing: give both of one"},
        {"x: {kind: router, nat: on}", 3, "nat must be a map such as {outside: isp}, not on"},
        {"x: {kind: router, nat: {}}", 3, "nat needs \"outside\", such as outside: isp"},
        {"x: {kind: router, nat: {outside: [a]}}", 3, "no node \"[...]\": there are x, a, b"},
        {"x: {kind: router, nat: {outside: c}}", 3, "no node \"c\": there are x, a, b"},
        {"x: {kind: router, nat: {outside: a, udp_timeout: 1ms}}", 3,
         "wrong value \"1ms\" for udp_timeout: must be a time with its unit (500us, 5ms, 2s, "
         "1min), "
         "from 1s to 24h"},
        {"x: {kind: router, probe: {}}", 3,
         "probe needs \"permitted\", such as permitted: [10.0.0.0/8]"},
        {"x: {kind: router, probe: {permitted: all}}", 3,
         "permitted must be a list such as [10.0.0.0/8], not all"},
        {"x: {kind: router, probe: {permitted: [{}]}}", 3,
         "a permitted source needs \"from\", such as from: 192.0.2.0/24"},
        {"x: {kind: router, router_advertisement: 10s}", 3,
         "wrong value \"10s\" for router_advertisement: must be on, off, or a map such as "
         "{interval: 10s}"},
    };
    REFUSE(cases, "vantage: a\nnodes:\n  ",
           "\n  a: {kind: host}\n  b: {kind: router}\nlinks: [{between: [a, b, x], net: "
           "10.0.0.0/24}]\n");
}

static void link__wrong__is_said(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"{}", 4, "a link needs \"between\", such as between: [me, gw]"},
        {"{between: a}", 4, "between must be a list such as [me, gw], not a"},
        {"{between: [a]}", 4, "a link is between two nodes or more, such as [a, b]"},
        {"{between: [a, bb]}", 4, "no node \"bb\": did you mean b?"},
        {"{between: [a, a], net: 10.0.0.0/24}", 4,
         "a stands in `between` twice: name each node once"},
        {"{between: [a, b]}", 4, "a link needs net, net6 or both, such as net: 10.0.1.0/24"},
        {"{between: [a, b], net: 10.0.0.0/24, name: \"\"}", 4,
         "the name of a link must be 1 to 127 bytes of text that a terminal shows as it is, such "
         "as backbone-2"},
        {"{between: [a, b], net: 10.0.0.0/24, name: \"a\\e[2J\"}", 4,
         "the name of a link must be 1 to 127 bytes of text that a terminal shows as it is, such "
         "as backbone-2"},
        {"{between: [a, b], net: 10.0.0.0/24, name: "
         "0123456789012345678901234567890123456789012345678901234567890123"
         "0123456789012345678901234567890123456789012345678901234567890123}",
         4,
         "the name of a link must be 1 to 127 bytes of text that a terminal shows as it is, such "
         "as backbone-2"},
        {"{between: [a, b], net: 10.0.0.0/24, dealy: 1ms}", 4,
         "unknown key \"dealy\" of a link: did you mean delay?"},
        {"{between: [a, b], net: \"2001:db8::/64\"}", 4,
         "wrong value \"2001:db8::/64\" for net: must be an IPv4 prefix, such as 192.0.2.0/24"},
        {"{between: [a, b], net6: 10.0.0.0/8}", 4,
         "wrong value \"10.0.0.0/8\" for net6: must be an IPv6 prefix, such as 2001:db8:1::/64"},
        {"{between: [a, b], net: 10.0.1.5/24}", 4,
         "wrong value \"10.0.1.5/24\" for net: must be 10.0.1.0/24: no bit behind the prefix is "
         "set"},
        {"{between: [a, b], net6: \"2001:db8::1/64\"}", 4,
         "wrong value \"2001:db8::1/64\" for net6: must be 2001:db8::/64: no bit behind the prefix "
         "is set"},
        {"{between: [a, b], net: 10.0.0.0/32}", 4,
         "10.0.0.0/32 is too small for 2 nodes: take /31 or wider"},
        {"{between: [a, b, c], net: 10.0.0.0/30}", 4,
         "10.0.0.0/30 is too small for 3 nodes: take /29 or wider"},
        {"{between: [a, b], net: 127.0.0.0/8}", 4,
         "127.0.0.0/8 is no net for nodes: take another, such as 10.0.1.0/24"},
        {"{between: [a, b], net: 224.0.0.0/24}", 4,
         "224.0.0.0/24 is no net for nodes: take another, such as 10.0.1.0/24"},
        {"{between: [a, b], net6: \"fe80::/64\"}", 4,
         "fe80::/64 is no net for nodes: take another, such as 2001:db8:1::/64"},
        {"{between: [a, b], net: 8.8.8.0/24}", 4,
         "8.8.8.0/24 is public: take private or documentation addresses, or say `simulated: on` of "
         "the node that stands in for it"},
        {"{between: [a, b], net: 10.0.0.0/24, delay: 1}", 4,
         "wrong value \"1\" for delay: must be a time with its unit (500us, 5ms, 2s, 1min), from 0 "
         "to 1h"},
        {"{between: [a, b], net: 10.0.0.0/24, delay: 1ms, jitter: 2ms}", 4,
         "a jitter of 2ms must not be more than the delay of 1ms, which it adds to and takes from"},
        {"{between: [a, b], net: 10.0.0.0/24, delay: 2ms, jitter: 2ms, back: {delay: 1ms}}", 4,
         "a jitter of 2ms must not be more than the delay of 1ms, which it adds to and takes from"},
        {"{between: [a, b], net: 10.0.0.0/24, loss: 1}", 4,
         "wrong value \"1\" for loss: must be a part in percent from 0% to 100%, such as 0.5%"},
        {"{between: [a, b], net: 10.0.0.0/24, rate: 10M}", 4,
         "wrong value \"10M\" for rate: must be bits a second with their unit, such as 64kbit, "
         "10Mbit or 1Gbit"},
        {"{between: [a, b], net: 10.0.0.0/24, queue: 5}", 4,
         "a queue of 5 needs a rate, such as rate: 10Mbit: without one nothing waits"},
        {"{between: [a, b], net: 10.0.0.0/24, reorder_by: 5ms}", 4,
         "reorder_by needs how many, such as reorder: 1%"},
        {"{between: [a, b], net: 10.0.0.0/24, burst: {start: 1%}}", 4,
         "burst needs \"end\", such as end: 1%"},
        {"{between: [a, b], net: 10.0.0.0/24, forward: {dely: 1ms}}", 4,
         "unknown key \"dely\" of a direction: did you mean delay?"},
        {"{between: [a, b, c], net: 10.0.0.0/24, forward: {delay: 1ms}}", 4,
         "a segment of 3 nodes has no directions: say it of the link"},
        {"{between: [a, b], net6: \"2001:db8::/64\", mtu: 1000}", 4,
         "an mtu of 1000 is less than the 1280 that IPv6 needs: raise it, or leave net6 out"},
        {"{between: [a, b], net: 10.0.0.0/24, mtu: 67}", 4,
         "wrong value \"67\" for mtu: must be a whole number from 68 to 65535"},
        {"{between: [a, b], net: 10.0.0.0/24, addresses: {c: 10.0.0.3}}", 4,
         "c is not in `between`, which names who is on this link"},
        {"{between: [a, b], net: 10.0.0.0/24, addresses: {a: 10.0.1.3}}", 4,
         "10.0.1.3 is no host address of the link's net: those begin at 10.0.0.1"},
        {"{between: [a, b], net: 10.0.0.0/24, addresses: {a: 10.0.0.255}}", 4,
         "10.0.0.255 is no host address of the link's net: those begin at 10.0.0.1"},
        {"{between: [a, b], net: 10.0.0.0/24, addresses: {a: \"2001:db8::3\"}}", 4,
         "the link has no net6 for 2001:db8::3: give it one, such as net6: 2001:db8:1::/64"},
        {"{between: [a, b], net: 10.0.0.0/24, addresses: {a: x}}", 4,
         "wrong value \"x\" for addresses: must be an address, such as 192.0.2.1"},
        {"{between: [a, b], net: 10.0.0.0/24, addresses: {a: 10.0.0.2}}", 4,
         "10.0.0.2 has two owners, a and b: give one another by `addresses`"},
        {"{between: [a, b], net: 10.0.0.0/24}\n- {between: [b, c], net: 10.0.0.128/25}", 5,
         "10.0.0.128/25 overlaps 10.0.0.0/24 of line 4: take one apart from it"},
        {"{between: [a, b], net: 10.0.0.0/24}\n- {between: [b, c], net: 10.0.0.0/8}", 5,
         "10.0.0.0/8 overlaps 10.0.0.0/24 of line 4: take one apart from it"},
    };
    REFUSE(cases,
           "vantage: a\nnodes: {a: {kind: host}, b: {kind: router}, c: {kind: host}}\nlinks:\n- ",
           "\n- {between: [b, c], net: 10.200.0.0/24}\n");
}

static void plan__wrong__is_said(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"routes: {}", 7,
         "routes must be a list such as [{node: gw, to: default, via: isp}], not {...}"},
        {"routes: [{}]", 7, "a route needs \"node\", such as node: gw"},
        {"routes: [{node: r}]", 7, "a route needs \"to\", such as to: default"},
        {"routes: [{node: r, to: default}]", 7, "a route has either via or drop, such as via: gw"},
        {"routes: [{node: r, to: b, via: a, drop: silent}]", 7,
         "a route has either via or drop, such as via: gw"},
        {"routes: [{node: r, to: b, drop: on}]", 7,
         "wrong value \"on\" for drop: must be silent, unreachable or prohibited"},
        {"routes: [{node: r, to: default, via: r}]", 7,
         "r cannot send to itself: via is a neighbour of it: a, b, b"},
        {"routes: [{node: a, to: default, via: b}]", 7,
         "a has no link to b for that family; its neighbours: r"},
        {"routes: [{node: a, to: \"2001:db8::/32\", via: r}]", 7,
         "a has no link to r for that family; its neighbours: r"},
        {"routes: [{node: a, to: default, via: 10.0.0.2}]", 7,
         "no node \"10.0.0.2\": did you mean r?"},
        {"routes: [{node: a, to: default, via: 10.0.9.9}]", 7,
         "no node \"10.0.9.9\": there are a, r, b"},
        {"routes: [{node: a, to: bb, via: r}]", 7, "no node \"bb\": did you mean b?"},
        {"routes: [{node: a, to: 10.0.0.0/40, via: r}]", 7,
         "wrong value \"10.0.0.0/40\" for to: must be a prefix, such as 192.0.2.0/24"},
        {"routes: [{node: a, to: 10.0.1.9/24, via: r}]", 7,
         "wrong value \"10.0.1.9/24\" for to: must be 10.0.1.0/24, or 10.0.1.9 for that address "
         "alone"},
        {"routes: [{node: c, to: b, via: r}]", 7, "no node \"c\": there are a, r, b"},
        {"events: [{}]", 7, "an event needs \"at\", such as at: 5s"},
        {"events: [{at: 1s}]", 7, "an event is either of a link or of a node, such as node: gw"},
        {"events: [{at: 1s, link: a-r, node: a}]", 7,
         "an event is either of a link or of a node, such as node: gw"},
        {"events: [{at: 1s, link: a-r}]", 7,
         "an event of a link needs \"set\", such as set: {loss: 10%}"},
        {"events: [{at: 1s, link: a-r, set: {}, restart: 1s}]", 7,
         "restart is of a node, and this event of a link: leave one out"},
        {"events: [{at: 1s, node: r}]", 7,
         "an event of a node needs \"restart\", such as restart: 2s"},
        {"events: [{at: 1s, node: r, restart: 1s, set: {}}]", 7,
         "set is of a link, and this event of a node: leave one out"},
        {"events: [{at: 1s, node: r, restart: soon}]", 7,
         "wrong value \"soon\" for restart: must be how long it is down, such as 2s, or never"},
        {"events: [{at: 1s, node: rr, restart: 1s}]", 7, "no node \"rr\": did you mean r?"},
        {"events: [{at: 1s, link: a_r, set: {}}]", 7, "no link \"a_r\": did you mean a-r?"},
        {"events: [{at: 1s, link: zzzzzz, set: {}}]", 7,
         "no link \"zzzzzz\": there are a-r, r-b, r-b"},
        {"events: [{at: 1s, link: [a, b], set: {}}]", 7,
         "no link between a and b: there are a-r, r-b, r-b"},
        {"events: [{at: 1s, link: [a], set: {}}]", 7,
         "link must be two nodes that it joins, such as [me, gw], or its name"},
        {"events: [{at: 1s, link: [r, b], set: {}}]", 7,
         "2 links between r and b: give the one that is meant a name, and write that"},
        {"events: [{at: 1s, link: r-b, set: {}}]", 7,
         "2 links are named r-b: give each a name of its own"},
        {"events: [{at: 1s, link: a-r, set: {mtu: 1400}}]", 7,
         "unknown key \"mtu\" of set: there are delay, jitter, loss, burst, duplicate, corrupt, "
         "reorder, reorder_by, rate, queue, black_hole, down"},
        {"events: [{at: 1s, link: a-r, set: {cost: 3}}]", 7,
         "unknown key \"cost\" of set: there are delay, jitter, loss, burst, duplicate, corrupt, "
         "reorder, reorder_by, rate, queue, black_hole, down"},
        {"events: [{at: 1s, link: a-r, set: {jitter: 2s}}]", 7,
         "a jitter of 2s must not be more than the delay of 0, which it adds to and takes from"},
        {"events: [{at: -1s, link: a-r, set: {}}]", 7,
         "wrong value \"-1s\" for at: must be a time with its unit (500us, 5ms, 2s, 1min), from 0 "
         "to "
         "8784h"},
        {"traffic: [{from: a}]", 7, "traffic needs \"kind\", such as kind: echo"},
        {"traffic: [{from: a, kind: flood}]", 7,
         "wrong value \"flood\" for kind: must be echo, udp, aimd, capture or packet"},
        {"traffic: [{from: a, kind: echo}]", 7,
         "traffic of kind echo needs \"to\", such as to: far"},
        {"traffic: [{from: a, to: b, kind: echo}]", 7,
         "traffic of kind echo needs \"rate\", such as rate: 100/s"},
        {"traffic: [{from: a, to: b, kind: echo, rate: 5}]", 7,
         "wrong value \"5\" for rate: must be a rate such as 100/s, 0.5/s or 30/min"},
        {"traffic: [{from: a, to: b, kind: udp}]", 7,
         "traffic of kind udp needs \"rate\", such as rate: 100/s"},
        {"traffic: [{from: a, to: b, kind: aimd, source: 10.0.0.9}]", 7,
         "source means nothing to traffic of kind aimd: leave it out"},
        {"traffic: [{from: a, kind: capture}]", 7,
         "traffic of kind capture needs \"file\", such as file: flood.pcap"},
        {"traffic: [{from: a, kind: packet}]", 7,
         "traffic of kind packet needs \"hex\", such as hex: 45 00 ..."},
        {"traffic: [{from: a, kind: packet, hex: \"45 0\"}]", 7,
         "wrong value \"45 0\" for hex: must be the hexadecimal digits of an IP packet, at most "
         "2048 bytes"},
        {"traffic: [{from: a, kind: packet, hex: 4x}]", 7,
         "wrong value \"4x\" for hex: must be the hexadecimal digits of an IP packet, at most "
         "2048 bytes"},
        {"traffic: [{from: a, to: b, kind: echo, rate: 5/s, start: 5s, stop: 5s}]", 7,
         "traffic that starts at 5s must stop later, not at 5s"},
        {"traffic: [{from: a, to: 10.0.0.1, kind: echo, rate: 5/s, source: \"2001:db8::1\"}]", 7,
         "source is an IPv6 address and to an IPv4 one: give both of one family"},
        {"traffic: [{from: a, to: b, kind: echo, rate: 5/s, source: \"2001:db8::1\"}]", 7,
         "b has no IPv6 address, as the source is one: name another"},
        {"traffic: [{from: a, to: bb, kind: echo, rate: 5/s}]", 7,
         "no node \"bb\": did you mean b?"},
    };
    REFUSE(cases,
           "vantage: a\nnodes: {a: {kind: host}, r: {kind: router}, b: {kind: host}}\nlinks:\n"
           "- {between: [a, r], net: 10.0.0.0/24}\n"
           "- {between: [r, b], net: 10.0.1.0/24}\n"
           "- {between: [r, b], net: 10.0.2.0/24}\n",
           "\n");
}

static void nat__outside_that_is_none__is_said(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"b", 2, "n has no link to b: outside must be a neighbour"},
        {"a", 2,
         "the link to a has no net to translate to: give it one, such as net: 192.0.2.0/24"},
        {"n", 2, "n has no link to n: outside must be a neighbour"},
    };
    REFUSE(
        cases,
        "vantage: a\nnodes: {a: {kind: host}, b: {kind: host}, n: {kind: router, nat: {outside: ",
        "}}, r: {kind: router}}\nlinks:\n"
        "- {between: [a, n], net6: \"2001:db8::/64\"}\n"
        "- {between: [r, n], net: 10.0.0.0/24}\n"
        "- {between: [r, b], net: 10.0.1.0/24}\n");
}

static void external__vantage_of_two_links__is_said(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"a", 1, "the vantage a has 2 links: for the machine to take its place it must have one"},
    };
    refuse(cases, 1, "vantage: ",
           "\nnodes: {a: {kind: host}, b: {kind: host}, c: {kind: host}}\nlinks:\n"
           "- {between: [a, b], net: 10.0.0.0/24}\n"
           "- {between: [a, c], net: 10.0.1.0/24}\n",
           true);
}

static void bounds__of_a_file__are_said(void **state)
{
    (void)state;
    char *lab = malloc(1 << 21);
    struct rig r;
    size_t n = (size_t)sprintf(lab, "vantage: n0\nlinks: []\nnodes:\n");
    for (int i = 0; i <= IK_MODEL_NODES_MAX; i++)
        n += (size_t)sprintf(lab + n, "  n%d: {kind: host}\n", i);
    assert_int_equal(rig_read(&r, lab, false), IK_E_VALUE);
    assert_string_equal(r.fault.text, "4097 nodes are too many: at most 4096");
    rig_close(&r);

    n = (size_t)sprintf(lab, "vantage: a\nnodes: {a: {kind: host}, b: {kind: host}}\nlinks:\n");
    for (int i = 0; i <= IK_MODEL_LINKS_MAX; i++)
        n += (size_t)sprintf(lab + n, "- {between: [a, b], net: 10.%d.%d.0/24}\n", i >> 8, i & 255);
    assert_int_equal(rig_read(&r, lab, false), IK_E_VALUE);
    assert_string_equal(r.fault.text, "8193 links are too many: at most 8192");
    rig_close(&r);

    n = (size_t)sprintf(lab, "vantage: a\nnodes: {a: {kind: host}, b: {kind: host}}\nlinks:\n");
    for (int i = 0; i <= IK_STACK_IFACES_MAX; i++)
        n += (size_t)sprintf(lab + n, "- {between: [a, b], net: 10.0.%d.0/24}\n", i);
    assert_int_equal(rig_read(&r, lab, false), IK_E_VALUE);
    assert_string_equal(r.fault.text, "a is in more than 64 links: make some of them one segment");
    assert_int_equal(r.fault.line, 3 + IK_STACK_IFACES_MAX + 1);
    rig_close(&r);

    n = (size_t)sprintf(lab,
                        "vantage: n0\nlinks: [{between: [n0, n1], net: 10.0.0.0/8}]\nnodes:\n");
    for (int i = 0; i < 40; i++)
        n += (size_t)sprintf(lab + n, "  n%d: {kind: host, neighbours: 65535}\n", i);
    assert_int_equal(rig_read(&r, lab, false), IK_E_VALUE);
    assert_string_equal(
        r.fault.text,
        "neighbours, destinations and mappings of more than 2000000 in all: give nodes fewer");
    assert_int_equal(r.fault.line, 3 + 31);
    rig_close(&r);

    n = (size_t)sprintf(lab, "vantage: a\nnodes: {a: {kind: host}, b: {kind: router}}\n"
                             "links: [{between: [a, b], net: 10.0.0.0/24}]\nroutes:\n");
    for (int i = 0; i <= IK_MODEL_OVERRIDES_MAX; i++)
        n += (size_t)sprintf(lab + n, "- {node: a, to: 10.%d.%d.1, via: b}\n", 1 + (i >> 8),
                             i & 255);
    assert_int_equal(rig_read(&r, lab, false), IK_E_VALUE);
    assert_string_equal(r.fault.text, "more than 20000 routes (one to a node is one to each of its "
                                      "addresses)");
    rig_close(&r);
    free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses__in_order_of_between__are_given),
        cmocka_unit_test(node__options__arrive),
        cmocka_unit_test(link__directions__have_their_own),
        cmocka_unit_test(events__of_one_link__add_up),
        cmocka_unit_test(traffic__kinds__arrive),
        cmocka_unit_test(simulated__public_addresses__are_told_apart),
        cmocka_unit_test(simulated__beside_the_machine__is_left_out),
        cmocka_unit_test(public__set_aside__is_not),
        cmocka_unit_test(file__wrong__is_said),
        cmocka_unit_test(node__wrong__is_said),
        cmocka_unit_test(link__wrong__is_said),
        cmocka_unit_test(plan__wrong__is_said),
        cmocka_unit_test(nat__outside_that_is_none__is_said),
        cmocka_unit_test(external__vantage_of_two_links__is_said),
        cmocka_unit_test(bounds__of_a_file__are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
