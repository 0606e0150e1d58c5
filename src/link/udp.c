/* SPDX-License-Identifier: MIT
 * The UDP socket with its error queue: traces without privilege. */
#include "link/duct.h"
#include "link/sock.h"

#include <unistd.h>

enum ik_err ik_link_open_udp(struct ik_link **out, const struct ik_link_cfg *cfg)
{
    int fd;
    enum ik_err err = ik_sock_open(&fd, cfg->family, SOCK_DGRAM, 0);
    if (err)
        return err;
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
        .out = IK_MEDIUM_UDP,
        .in = {IK_MEDIUM_UDP},
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
