/* SPDX-License-Identifier: MIT
 * The datagram ICMP socket: no privilege beyond net.ipv4.ping_group_range (which rules both
 * families). The kernel writes identifier and checksum, and hands over only echo replies to our
 * identifier; errors come through the error queue. */
#include "link/duct.h"
#include "link/sock.h"

#include <netinet/in.h>
#include <unistd.h>

enum ik_err ik_link_open_ping(struct ik_link **out, const struct ik_link_cfg *cfg)
{
    const int protocol = cfg->family == 4 ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6;
    const enum ik_medium medium = cfg->family == 4 ? IK_MEDIUM_ICMP4 : IK_MEDIUM_ICMP6;
    int fd;
    enum ik_err err = ik_sock_open(&fd, cfg->family, SOCK_DGRAM, protocol);
    if (err)
        return err;
    /* These sockets are born with SO_REUSEADDR, so that a second one takes away the answers of a
     * first with the same identifier; without it bind() refuses. */
    const int off = 0;
    (void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off));
    struct ik_stamping stamping;
    err =
        ik_sock_configure(fd, cfg, IK_SOCK_SENDS | IK_SOCK_ANSWERS | IK_SOCK_ERRORS | IK_SOCK_PORT);
    if (!err)
        err = ik_stamping_enable(fd, cfg, false, &stamping);
    if (err) {
        close(fd);
        return err;
    }
    const struct ik_duct_plan plan = {
        .out = medium,
        .in = {medium},
        .out_fd = fd,
        .in_fd = {fd},
        .n_in = 1,
        .fd = -1,
        .errors = true,
        .pending = true,
        .ident = ik_sock_port(fd, cfg->family),
        .stamping = stamping,
    };
    return ik_duct_open(out, cfg, &plan);
}
