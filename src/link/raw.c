/* SPDX-License-Identifier: MIT
 * The raw ICMP socket. It hears all ICMP that the host receives, so the kernel is given a filter
 * for what concerns this run before the socket is used; with a thousand of them on a machine each
 * must be woken by its own answers only. Errors come as frames. RECVERR is on all the same: without
 * it the kernel hides that the queue of the interface was full (ENOBUFS), and a request that never
 * left would pass for one that the network lost. The copies of errors that it brings are thrown
 * away. */
#include "link/attach.h"
#include "link/duct.h"
#include "link/sock.h"

#include <netinet/in.h>
#include <unistd.h>

static enum ik_err attach(int fd, const struct ik_link_cfg *cfg)
{
    const struct ik_filter_cfg filter = {
        .family = cfg->family,
        .ident = cfg->ident,
        .answers = cfg->answers ? cfg->answers : IK_ANSWER_ECHO,
        .tag = cfg->tag,
        .filter_tag = cfg->filter_tag,
    };
    return ik_attach_icmp(fd, &filter);
}

enum ik_err ik_link_open_raw(struct ik_link **out, const struct ik_link_cfg *cfg)
{
    const bool v4 = cfg->family == 4;
    const unsigned use = IK_SOCK_SENDS | IK_SOCK_ERRORS | (v4 ? 0 : IK_SOCK_ANSWERS);
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
        .pending = true,
        .ident = cfg->ident,
        .stamping = stamping,
    };
    return ik_duct_open(out, cfg, &plan);
}
