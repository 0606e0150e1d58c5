/* SPDX-License-Identifier: MIT */
#include "daemon/post.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4, WAIT_S = 5 };

/* The whole answer. */
static const char at_work = 'w', gone = 'g';

/* A first byte of zero: the name is no file. */
static socklen_t address(uint32_t ifindex, struct sockaddr_un *at)
{
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    const int n = snprintf(at->sun_path + 1, sizeof(at->sun_path) - 1, "icmpkit-guard-xdp-%u",
                           (unsigned)ifindex);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static bool is_trusted(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof(peer);
    return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) &&
           (peer.uid == 0 || peer.uid == geteuid());
}

/* False: it is at work, or does not answer. One that ends without a word has gone too. */
static bool has_gone(int fd)
{
    const struct timeval wait = {.tv_sec = WAIT_S};
    char answer = gone;
    ssize_t n;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait,
                     sizeof(wait)); /* a local socket takes it */
    do
        n = recv(fd, &answer, 1, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno != EAGAIN : answer == gone;
}

enum ik_err ik_post_take(int *fd, uint32_t ifindex)
{
    struct sockaddr_un at;
    const socklen_t n = address(ifindex, &at);
    const int asked = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (asked < 0)
        return IK_E_SYSTEM;
    const bool stays = !connect(asked, (const struct sockaddr *)&at, n) && !has_gone(asked);
    const bool ours = stays && is_trusted(asked);
    close(asked);
    *fd = -1;
    if (stays)
        return ours ? IK_E_EXISTS : IK_OK;
    *fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return IK_E_SYSTEM;
    if (bind(*fd, (const struct sockaddr *)&at, n) || listen(*fd, BACKLOG)) {
        close(*fd);
        *fd = -1;
    }
    return IK_OK;
}

static void answer(int fd, char what)
{
    (void)send(fd, &what, 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* who does not listen is told nothing */
    close(fd);
}

bool ik_post_answer(int fd, bool lingers, int *asker)
{
    const int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0)
        return false;
    if (lingers && is_trusted(peer)) {
        *asker = peer;
        return true;
    }
    answer(peer, at_work);
    return false;
}

void ik_post_leave(int fd, int asker)
{
    if (fd >= 0)
        close(fd);
    if (asker >= 0)
        answer(asker, gone);
}
