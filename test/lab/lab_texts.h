/* SPDX-License-Identifier: MIT
 * Small labs that between them have every kind of key: seeds of the fuzz target. */
#pragma once

static const struct lab_text {
    const char *name, *text;
} lab_texts[] = {
    {"nodes", "seed: 7\nvantage: a\nnodes:\n"
              "  a: {kind: host, prefixes: [198.51.100.0/24], alive: 30%, tcp_open: [80],\n"
              "    udp_open: all, clock_offset: -2s, legacy: [land], start: 1s}\n"
              "  r: {kind: router, balance: packet, odd: echo-cut, silent: off, errors:\n"
              "    {rate: 100/s, quote: full, from: [192.0.2.1], extensions: {mpls: [{label: 17,\n"
              "    tc: 3}], interface: both}}, router_advertisement: {interval: 10s}}\n"
              "links: [{between: [r, a], net: 10.0.0.0/24}]\n"},
    {"services", "vantage: a\nnodes:\n"
                 "  a: {kind: host, answers: {echo: off}}\n"
                 "  n: {kind: router, nat: {outside: r, udp_timeout: 30s, forbid: [{do: drop,\n"
                 "    proto: udp, ports: 1-9}]}, probe: {by_name: on, permitted: [10.0.0.0/8,\n"
                 "    {from: \"fd00::/8\", may: [local]}]}}\n"
                 "  r: {kind: router, filter: [{do: reject, family: 6, proto: icmp6, type: 128,\n"
                 "    code: 0, longer_than: 99, direction: in}]}\n"
                 "links:\n- {between: [n, a], net: 10.0.0.0/24}\n"
                 "- {between: [r, n], net: 10.0.1.0/24}\n"},
    {"links", "vantage: a\nnodes: {a: {kind: host}, b: {kind: router}, c: {kind: host}}\nlinks:\n"
              "- {between: [a, b, c], net: 10.0.0.0/29, net6: \"2001:db8::/64\", resolve: on,\n"
              "  addresses: {c: [10.0.0.6, \"2001:db8::6\"]}, name: lan, mtu: 1400}\n"
              "- {between: [a, b], net: 10.0.1.0/31, delay: 5ms, jitter: 1ms, loss: 1%, cost: 3,\n"
              "  burst: {start: 1%, end: 9%, loss: 50%}, forward: {rate: 1Mbit, queue: 9},\n"
              "  back: {reorder: 1%, reorder_by: 1us, duplicate: 0.1%, corrupt: 0, down: on}}\n"},
    {"plan", "vantage: a\nnodes: {a: &h {kind: host}, b: {kind: router}, c: *h}\nlinks:\n"
             "- {between: [a, b], net: 10.0.0.0/24}\n- {between: [b, c], net: 10.0.1.0/24}\n"
             "routes:\n- {node: a, to: default, via: b}\n- {node: b, to: c, drop: silent}\n"
             "- {node: b, to: 10.9.0.0/16, via: c, tos: 16}\n"
             "events:\n- {at: 1s, link: [a, b], set: {loss: 5%}, direction: back}\n"
             "- {at: 2s, node: b, restart: never}\n"
             "traffic:\n- {from: a, to: c, kind: echo, rate: 5/s, stop: 2s}\n"
             "- {from: a, to: 10.0.1.2, kind: aimd, obey_quench: on}\n"},
    {"public", "vantage: a\nnodes: {a: {kind: host}, b: {kind: router},\n"
               "  c: {kind: host, simulated: on}, d: {kind: host}}\nlinks:\n"
               "- {between: [a, b], net: 10.0.0.0/24}\n- {between: [b, c], net: 8.8.8.0/24}\n"
               "- {between: [b, c, d], net6: \"fd00::/64\"}\n"},
};
