/* SPDX-License-Identifier: MIT
 * The kernel begins to stamp arrivals only a while after the first socket asked for it: it patches
 * its own code, from a worker that has to find a processor first. What arrives before has no stamp,
 * and a short trace would be over by then. */
#include "icmpkit/link.h"

#include <time.h> /* before what uses struct timespec without it */

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 30, PAUSE_NS = 100 * 1000, ANSWER_MS = 1 };

/* A socket that hears itself and wants stamps, or -1. */
static int open_echo(void)
{
    const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
    } self = {.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(self.in);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (!setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) &&
        !bind(fd, &self.any, n) && !getsockname(fd, &self.any, &n) && !connect(fd, &self.any, n))
        return fd;
    close(fd);
    return -1;
}

/* Sends itself a datagram. 1: it came stamped; 0: without; -1: it did not come. */
static int ask(int fd)
{
    _Alignas(struct cmsghdr) char control[256];
    char byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof(control)};
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (send(fd, &byte, 1, 0) != 1 || poll(&wait, 1, ANSWER_MS) != 1 || recvmsg(fd, &msg, 0) < 0)
        return -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
        struct scm_timestamping stamps;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING)
            continue;
        memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
        return stamps.ts[0].tv_sec != 0;
    }
    return 0;
}

bool ik_link_await_stamps(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    const int fd = open_echo();
    int stamped = fd < 0 ? -1 : 0;
    for (int i = 0; i < ROUNDS && stamped == 0; i++) {
        stamped = ask(fd);
        if (stamped == 0)
            (void)nanosleep(&pause, NULL);
    }
    if (fd >= 0)
        close(fd);
    return stamped > 0;
}
