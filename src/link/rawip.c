/* SPDX-License-Identifier: MIT
 * Raw IP for traces: one socket sends whole packets, another hears ICMP, a third TCP; the three are
 * one descriptor to wait on. The sending socket hears nothing, its error queue gives the stamps. */
#include "link/attach.h"
#include "link/duct.h"
#include "link/errmap.h"
#include "link/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <unistd.h>

static enum ik_err open_sender(int *out, const struct ik_link_cfg *cfg,
                               struct ik_stamping *stamping)
{
    int fd;
    enum ik_err err = ik_sock_open(&fd, cfg->family, SOCK_RAW, IPPROTO_RAW);
    if (err)
        return err;
    /* So that a full queue of the interface is told; no ICMP error is ever about its protocol. */
    err = ik_sock_configure(fd, cfg, IK_SOCK_PACKETS | IK_SOCK_ERRORS);
    if (!err)
        err = ik_stamping_enable(fd, cfg, false, stamping);
    if (err)
        close(fd);
    else
        *out = fd;
    return err;
}

static enum ik_err open_hearer(int *out, const struct ik_link_cfg *cfg, bool tcp)
{
    const bool v4 = cfg->family == 4;
    const int icmp = v4 ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6;
    const struct ik_filter_cfg filter = {
        .family = cfg->family, .ident = cfg->ident, .answers = IK_ANSWER_ECHO, .ports = true};
    struct ik_stamping stamping;
    int fd;
    enum ik_err err = ik_sock_open(&fd, cfg->family, SOCK_RAW, tcp ? (int)IPPROTO_TCP : icmp);
    if (err)
        return err;
    err = tcp ? ik_attach_tcp(fd, &filter) : ik_attach_icmp(fd, &filter);
    if (!err)
        err = ik_sock_configure(fd, cfg, v4 ? 0 : IK_SOCK_ANSWERS);
    if (!err)
        err = ik_stamping_enable(fd, cfg, true, &stamping);
    if (err)
        close(fd);
    else
        *out = fd;
    return err;
}

/* One descriptor that is readable when any of them has something (an error queue shows itself in
 * EPOLLERR, which needs no asking). */
static enum ik_err open_gather(struct ik_duct_plan *plan)
{
    const int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return ik_errmap_open(errno);
    plan->fd = fd;
    struct epoll_event nothing = {0}, readable = {.events = EPOLLIN};
    if (epoll_ctl(fd, EPOLL_CTL_ADD, plan->out_fd, &nothing))
        return ik_errmap_open(errno);
    for (size_t i = 0; i < plan->n_in; i++)
        if (epoll_ctl(fd, EPOLL_CTL_ADD, plan->in_fd[i], &readable))
            return ik_errmap_open(errno);
    return IK_OK;
}

enum ik_err ik_link_open_rawip(struct ik_link **out, const struct ik_link_cfg *cfg, bool with_tcp)
{
    const bool v4 = cfg->family == 4;
    struct ik_duct_plan plan = {
        .out = IK_MEDIUM_IP,
        .in = {v4 ? IK_MEDIUM_IP : IK_MEDIUM_ICMP6, v4 ? IK_MEDIUM_IP : IK_MEDIUM_TCP},
        .out_fd = -1,
        .in_fd = {-1, -1},
        .n_in = with_tcp ? 2 : 1,
        .fd = -1,
        .ident = cfg->ident,
    };
    enum ik_err err = open_sender(&plan.out_fd, cfg, &plan.stamping);
    if (!err)
        err = open_hearer(&plan.in_fd[0], cfg, false);
    if (!err && with_tcp)
        err = open_hearer(&plan.in_fd[1], cfg, true);
    if (!err)
        err = open_gather(&plan);
    if (!err)
        return ik_duct_open(out, cfg, &plan);
    ik_duct_plan_close(&plan);
    return err;
}
