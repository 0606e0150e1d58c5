/* SPDX-License-Identifier: MIT
 * The raw ICMP socket. It hears all ICMP that the host receives, so the kernel is given a filter
 * for what concerns this run before the socket is used; with a thousand of them on a machine each
 * must be woken by its own answers only. The error queue serves stamps alone: errors come as
 * frames, and RECVERR would bring, to every socket, the errors of all others again. */
#include "link/duct.h"
#include "link/sock.h"

#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <unistd.h>

/* The kernel's own filter by type comes before the program and costs less. */
static void filter_types(int fd, uint8_t family, uint32_t answers)
{
    if (family == 4) {
        struct icmp_filter filter = {.data = ~(1u << 3 | 1u << 4 | 1u << 5 | 1u << 11 | 1u << 12)};
        if (answers & IK_ANSWER_ECHO)
            filter.data &= ~1u;
        if (answers & IK_ANSWER_TIMESTAMP)
            filter.data &= ~(1u << 14);
        (void)!setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter));
        return;
    }
    struct icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    for (int type = ICMP6_DST_UNREACH; type <= ICMP6_PARAM_PROB; type++)
        ICMP6_FILTER_SETPASS(type, &filter);
    if (answers & IK_ANSWER_ECHO)
        ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    if (answers & IK_ANSWER_NODE_INFO)
        ICMP6_FILTER_SETPASS(140, &filter);
    (void)!setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
}

static enum ik_err attach(int fd, const struct ik_link_cfg *cfg)
{
    const struct ik_filter_cfg filter = {
        .family = cfg->family,
        .ident = cfg->ident,
        .answers = cfg->answers ? cfg->answers : IK_ANSWER_ECHO,
        .tag = cfg->tag,
        .filter_tag = cfg->filter_tag,
    };
    struct sock_filter program[IK_FILTER_MAX];
    filter_types(fd, cfg->family, filter.answers);
    return ik_sock_filter(fd, program, ik_filter_icmp(program, &filter));
}

enum ik_err ik_link_open_raw(struct ik_link **out, const struct ik_link_cfg *cfg)
{
    const bool v4 = cfg->family == 4;
    const unsigned use = IK_SOCK_SENDS | (v4 ? 0 : IK_SOCK_ANSWERS);
    int fd;
    enum ik_err err =
        ik_sock_open(&fd, cfg->family, SOCK_RAW, v4 ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6);
    if (err)
        return err;
    struct ik_stamping stamping;
    err = attach(fd, cfg);
    if (!err)
        err = ik_sock_configure(fd, cfg, use);
    if (!err)
        err = ik_stamping_enable(fd, cfg, false, &stamping);
    if (err) {
        close(fd);
        return err;
    }
    const struct ik_duct_plan plan = {
        .out = v4 ? IK_MEDIUM_ICMP4 : IK_MEDIUM_ICMP6,
        .in = {v4 ? IK_MEDIUM_IP : IK_MEDIUM_ICMP6},
        .out_fd = fd,
        .in_fd = {fd},
        .n_in = 1,
        .fd = -1,
        .ident = cfg->ident,
        .stamping = stamping,
    };
    return ik_duct_open(out, cfg, &plan);
}
