/* SPDX-License-Identifier: MIT
 * Filters to sockets. */
#include "link/attach.h"

#include "icmpkit/link.h"
#include "link/errmap.h"

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* The kernel's own filter by type comes before the program and costs less. */
static void by_type(int fd, uint8_t family, uint32_t answers)
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
    for (int type = 0; type < ICMP6_INFOMSG_MASK; type++) /* errors, of unknown type too */
        ICMP6_FILTER_SETPASS(type, &filter);
    if (answers & IK_ANSWER_ECHO)
        ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    if (answers & IK_ANSWER_NODE_INFO)
        ICMP6_FILTER_SETPASS(140, &filter);
    (void)!setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
}

static enum ik_err by_program(int fd, struct sock_filter *program, size_t n)
{
    const struct sock_fprog prog = {.len = (unsigned short)n, .filter = program};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
        return ik_errmap_open(errno);
    /* Between socket() and here anything was let in. What comes from now on is ours, and nothing of
     * ours was sent yet: so the queue is emptied without loss. */
    char byte;
    while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0)
        ;
    return IK_OK;
}

enum ik_err ik_attach_icmp(int fd, const struct ik_filter_cfg *cfg)
{
    struct sock_filter program[IK_FILTER_MAX];
    by_type(fd, cfg->family, cfg->answers);
    return by_program(fd, program, ik_filter_icmp(program, cfg));
}

enum ik_err ik_attach_tcp(int fd, const struct ik_filter_cfg *cfg)
{
    struct sock_filter program[IK_FILTER_MAX];
    return by_program(fd, program, ik_filter_tcp(program, cfg));
}
