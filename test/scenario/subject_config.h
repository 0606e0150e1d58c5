/* SPDX-License-Identifier: MIT
 * What a subject is told to be, a line at a time. */
#pragma once

#include <icmpkit/stack.h>

enum { SUBJECT_LIST = 64 };

/* The configuration and all that it points to. */
struct subject_config {
    struct ik_stack_cfg stack;
    struct ik_stack_options options;
    struct ik_stack_iface ifaces[4];
    char names[4][16];
    struct ik_stack_ifaddr addrs[4][SUBJECT_LIST];
    struct ik_stack_route routes[SUBJECT_LIST];
    struct ik_stack_filter_rule filter[SUBJECT_LIST], nat_rules[SUBJECT_LIST];
    struct ik_stack_nat_cfg nat;
    struct ik_stack_probe_cfg probe;
    struct ik_stack_probe_source permitted[SUBJECT_LIST];
    struct ik_prefix prefixes[SUBJECT_LIST];
    uint16_t udp_open[SUBJECT_LIST], tcp_open[SUBJECT_LIST];
    uint32_t labels[SUBJECT_LIST];
};

void subject_config_init(struct subject_config *c);
/* Takes a line apart and does what it says (kind, seed, iface, addr, route, option). False with the
 * reason on stderr when it is not understood. */
bool subject_config_line(struct subject_config *c, char *line);
/* The port of that interface, or -1. */
int subject_config_port(const struct subject_config *c, const char *name);
