/* SPDX-License-Identifier: MIT */
#include "daemon/warden.h"

#include "daemon/serve.h"
#include "daemon/way_nft.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the process ----------------------------------------------------------------------------- */

static _Noreturn void be_warden(int fd, const struct ik_spared *spared, size_t n_spared, bool keep)
{
    struct ik_spared mine[IK_SPARED_MAX];
    char why[IK_ENFORCE_TEXT] = "";
    struct ik_way *way;
    memcpy(mine, spared, n_spared * sizeof(*spared));
    setsid(); /* what the terminal sends to the guard is not for us */
    (void)prctl(PR_SET_NAME, "icmp-warden", 0, 0, 0);
    if ((fd > 3 && close_range(3, (unsigned)fd - 1, 0)) || close_range((unsigned)fd + 1, ~0u, 0))
        _exit(1);
    const enum ik_err err = ik_way_nft_open(&way, keep, why);
    if (err) {
        ik_serve_refuse(fd, err, why);
        _exit(0);
    }
    ik_serve_orders(fd, way, mine, n_spared);
    way->close(way);
    _exit(0);
}

/* ---- this side ------------------------------------------------------------------------------- */

static enum ik_err wait_ready(struct ik_warden *w, char why[static IK_ENFORCE_TEXT])
{
    struct ik_warden_told told;
    ssize_t n;
    do
        n = recv(w->fd, &told, sizeof(told), 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(told))
        return IK_E_SYSTEM;
    memcpy(why, told.why, IK_ENFORCE_TEXT);
    return told.err;
}

enum ik_err ik_warden_open(struct ik_warden *w, const struct ik_spared *spared, size_t n_spared,
                           bool keep, char why[static IK_ENFORCE_TEXT])
{
    int ends[2];
    why[0] = '\0';
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return IK_E_SYSTEM;
    const pid_t pid = fork();
    if (pid == 0)
        be_warden(ends[1], spared, n_spared, keep);
    close(ends[1]);
    *w = (struct ik_warden){.fd = ends[0], .pid = pid};
    const enum ik_err err = pid < 0 ? IK_E_SYSTEM : wait_ready(w, why);
    if (err)
        ik_warden_close(w);
    return err;
}

enum ik_err ik_warden_ask(const struct ik_warden *w, const struct ik_warden_ask *ask)
{
    if (send(w->fd, ask, sizeof(*ask), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(*ask))
        return IK_OK;
    return errno == EAGAIN || errno == EINTR ? IK_E_AGAIN : IK_E_SYSTEM;
}

bool ik_warden_hear(const struct ik_warden *w, struct ik_warden_told *out)
{
    ssize_t n;
    do
        n = recv(w->fd, out, sizeof(*out), MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof(*out))
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    *out = (struct ik_warden_told){.err = IK_E_SYSTEM};
    return true;
}

void ik_warden_close(struct ik_warden *w)
{
    if (w->fd >= 0)
        close(w->fd);
    if (w->pid > 0) {
        while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    *w = (struct ik_warden){.fd = -1, .pid = -1};
}
