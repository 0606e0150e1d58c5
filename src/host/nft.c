/* SPDX-License-Identifier: MIT
 * nft(8), executed: its licence does not let it be linked. What it prints is read while it is
 * given its input, so that neither side waits for the other. */
#include "host/nft.h"

#include <icmpkit/host.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 64 << 20, STEP = 65536 };

/* Where it may be: a privileged program does not ask PATH. */
static const char *const places[] = {"/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft",
                                     "/usr/bin/nft"};

struct pipes {
    int in[2], out[2], err[2];
};

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_all(struct pipes *p)
{
    for (int i = 0; i < 2; i++) {
        shut(&p->in[i]);
        shut(&p->out[i]);
        shut(&p->err[i]);
    }
}

static bool open_all(struct pipes *p)
{
    *p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    /* A socket pair: what is written to a program that has ended is no signal (MSG_NOSIGNAL). */
    return !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->in) &&
           !pipe2(p->out, O_CLOEXEC) && !pipe2(p->err, O_CLOEXEC);
}

_Noreturn void ik_nft_become(const char *const *argv)
{
    static char *const none[] = {NULL};
    char *const *args;
    memcpy(&args, &argv, sizeof args); /* execve does not write there */
    signal(SIGPIPE, SIG_DFL);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        execve(places[i], args, none);
    _exit(127);
}

static _Noreturn void be_nft(const struct pipes *p, const char *const *argv)
{
    if (dup2(p->in[1], 0) < 0 || dup2(p->out[1], 1) < 0 || dup2(p->err[1], 2) < 0)
        _exit(126);
    ik_nft_become(argv);
}

/* ---- talking --------------------------------------------------------------------------------- */

struct talk {
    struct ik_rd input;
    char *out; /* heap */
    size_t n, cap;
    char *why;
    size_t why_n;
    bool failed; /* no memory, or more than anybody's rules */
};

static void take_output(struct talk *t, int *fd)
{
    if (t->cap - t->n < STEP + 1) {
        char *more = t->cap < OUTPUT_MAX ? realloc(t->out, t->cap + 4 * STEP) : NULL;
        if (!more) {
            t->failed = true;
            shut(fd);
            return;
        }
        t->out = more;
        t->cap += 4 * STEP;
    }
    const ssize_t n = read(*fd, t->out + t->n, STEP);
    if (n > 0)
        t->n += (size_t)n;
    else if (n == 0 || errno != EINTR)
        shut(fd);
}

static void take_why(struct talk *t, int *fd)
{
    char buf[512];
    const ssize_t n = read(*fd, buf, sizeof buf);
    for (ssize_t i = 0; i < n && t->why_n + 1 < IK_NFT_TEXT; i++)
        t->why[t->why_n++] = buf[i];
    t->why[t->why_n] = 0;
    if (n == 0 || (n < 0 && errno != EINTR))
        shut(fd);
}

static void give_input(struct talk *t, int *fd)
{
    const ssize_t n = t->input.left ? send(*fd, t->input.p, t->input.left, MSG_NOSIGNAL) : 0;
    if (n > 0) {
        t->input.p += n;
        t->input.left -= (size_t)n;
    }
    if (!t->input.left || (n < 0 && errno != EINTR))
        shut(fd);
}

static void talk(struct talk *t, struct pipes *p)
{
    while (p->in[0] >= 0 || p->out[0] >= 0 || p->err[0] >= 0) {
        struct pollfd fds[] = {
            {p->in[0], POLLOUT, 0}, {p->out[0], POLLIN, 0}, {p->err[0], POLLIN, 0}};
        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            give_input(t, &p->in[0]);
        if (fds[1].revents)
            take_output(t, &p->out[0]);
        if (fds[2].revents)
            take_why(t, &p->err[0]);
    }
}

/* ---- running --------------------------------------------------------------------------------- */

static enum ik_err ended(pid_t child)
{
    int status;
    pid_t got;
    do
        got = waitpid(child, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 || !WIFEXITED(status))
        return IK_E_SYSTEM;
    if (WEXITSTATUS(status) == 127)
        return IK_E_NOT_FOUND;
    return WEXITSTATUS(status) ? IK_E_VALUE : IK_OK;
}

enum ik_err ik_nft_run(const char *const *argv, struct ik_rd input, char **out,
                       char why[static IK_NFT_TEXT])
{
    struct pipes p;
    struct talk t = {.input = input, .why = why};
    why[0] = 0;
    if (!open_all(&p)) {
        close_all(&p);
        return IK_E_SYSTEM;
    }
    const pid_t child = fork();
    if (child == 0)
        be_nft(&p, argv);
    shut(&p.in[1]);
    shut(&p.out[1]);
    shut(&p.err[1]);
    if (child > 0)
        talk(&t, &p);
    close_all(&p);
    const enum ik_err err = child < 0 ? IK_E_SYSTEM : ended(child);
    if (err || t.failed || !out) {
        free(t.out);
        return err ? err : t.failed ? IK_E_NOMEM : IK_OK;
    }
    if (!t.out && !(t.out = calloc(1, 1)))
        return IK_E_NOMEM;
    t.out[t.n] = 0;
    *out = t.out;
    return IK_OK;
}
