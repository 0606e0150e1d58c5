/* SPDX-License-Identifier: MIT */
#include "daemon/warden.h"

#include "daemon/serve.h"
#include "daemon/way_nft.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the process ----------------------------------------------------------------------------- */

/* False when something of ours is left that it has no business with. */
static bool close_all_but(int fd)
{
    return (fd <= 3 || !close_range(3, (unsigned)fd - 1, 0)) &&
           !close_range((unsigned)fd + 1, ~0u, 0);
}

static _Noreturn void be_nft_warden(int fd, const struct ik_warden_cfg *cfg)
{
    struct ik_spared mine[IK_SPARED_MAX];
    char why[IK_ENFORCE_TEXT] = "";
    struct ik_way *way;
    memcpy(mine, cfg->spared, cfg->n_spared * sizeof(*mine));
    (void)prctl(PR_SET_NAME, "icmp-warden", 0, 0, 0);
    if (!close_all_but(fd))
        _exit(1);
    const enum ik_err err = ik_way_nft_open(&way, cfg->keep, why);
    if (err) {
        ik_serve_refuse(fd, err, why);
        _exit(0);
    }
    ik_serve_orders(fd, way, mine, cfg->n_spared);
    way->close(way);
    _exit(0);
}

/* ---- a program of its own -------------------------------------------------------------------- */

#define PROGRAM "icmp-warden-xdp"
enum { NO_PROGRAM = 127 };

/* Beside the program that this is, as in the tree that it is built in; else where it is installed.
 */
static void become_program(void)
{
    char program[] = PROGRAM;
    char *const argv[] = {program, NULL}, *const none[] = {NULL};
    char path[PATH_MAX + sizeof(PROGRAM)];
    const ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
    char *name = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (name) {
        memcpy(name + 1, PROGRAM, sizeof(PROGRAM));
        execve(path, argv, none);
    }
    execve(IK_LIBEXECDIR "/" PROGRAM, argv, none);
}

/* It may outlive us, so it holds nothing of ours: no terminal, pipe or folder. */
static _Noreturn void be_program(int fd)
{
    if (fd != IK_WARDEN_FD ? dup2(fd, IK_WARDEN_FD) < 0 : fcntl(fd, F_SETFD, 0))
        _exit(1);
    const int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < IK_WARDEN_FD; i++) {
        if (dup2(null, i) < 0)
            _exit(1);
    }
    if (chdir("/") || !close_all_but(IK_WARDEN_FD))
        _exit(1);
    become_program();
    _exit(NO_PROGRAM);
}

/* What cannot be sent it does not get, and then it says nothing. */
static void instruct(int fd, const struct ik_warden_cfg *cfg)
{
    struct ik_warden_start start;
    memset(&start, 0, sizeof(start));
    snprintf(start.version, sizeof(start.version), "%s", IK_VERSION);
    start.ifindex = cfg->ifindex;
    start.keep = cfg->keep;
    start.n_spared = (uint32_t)cfg->n_spared;
    for (size_t i = 0; i < cfg->n_spared; i++) {
        start.spared[i].who = cfg->spared[i].who;
        start.spared[i].own = cfg->spared[i].own;
        snprintf(start.spared[i].why, IK_WARDEN_WHY, "%s", cfg->spared[i].why);
    }
    while (send(fd, &start, sizeof(start), MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

/* ---- this side ------------------------------------------------------------------------------- */

/* Its exit status, where it said nothing. */
static enum ik_err end_of(struct ik_warden *w)
{
    int status = 0;
    pid_t got;
    do
        got = waitpid(w->pid, &status, 0);
    while (got < 0 && errno == EINTR);
    w->pid = -1;
    return got > 0 && WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM ? IK_E_NOT_FOUND
                                                                             : IK_E_SYSTEM;
}

static enum ik_err wait_ready(struct ik_warden *w, char why[static IK_ENFORCE_TEXT])
{
    struct ik_warden_told told;
    ssize_t n;
    do
        n = recv(w->fd, &told, sizeof(told), 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(told))
        return n > 0 ? IK_E_UNSUPPORTED : end_of(w);
    w->generic = told.generic;
    memcpy(why, told.why, IK_ENFORCE_TEXT);
    return told.err;
}

enum ik_err ik_warden_open(struct ik_warden *w, const struct ik_warden_cfg *cfg,
                           char why[static IK_ENFORCE_TEXT])
{
    const bool program = cfg->way == IK_ENFORCE_XDP;
    int ends[2];
    why[0] = '\0';
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return IK_E_SYSTEM;
    const pid_t pid = fork();
    if (pid == 0) {
        setsid(); /* what the terminal sends to the guard is not for it */
        if (program)
            be_program(ends[1]);
        be_nft_warden(ends[1], cfg);
    }
    close(ends[1]);
    *w = (struct ik_warden){.fd = ends[0], .pid = pid};
    if (pid > 0 && program)
        instruct(w->fd, cfg);
    const enum ik_err err = pid < 0 ? IK_E_SYSTEM : wait_ready(w, why);
    if (err)
        ik_warden_close(w);
    else
        w->lingers = program && cfg->keep;
    return err;
}

enum ik_err ik_warden_ask(const struct ik_warden *w, const struct ik_warden_ask *ask)
{
    const size_t n = offsetof(struct ik_warden_ask, orders) + ask->n * sizeof(*ask->orders);
    if (send(w->fd, ask, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n)
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
        while (waitpid(w->pid, NULL, w->lingers ? WNOHANG : 0) < 0 && errno == EINTR)
            ;
    }
    *w = (struct ik_warden){.fd = -1, .pid = -1};
}
