/* SPDX-License-Identifier: MIT
 * Questions to a guard that runs, and its answers: messages of fixed form over a local socket. Both
 * sides are of one program; what is not of this version is refused. */
#include "icmpkit/daemon.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16, ASK_WAIT_MS = 100, CALL_WAIT_S = 5, SAY_WAIT_S = 1 };

/* Says which layout it is, and of which version of this file. */
#define MAGIC (UINT32_C(0x69636700) + 3)

struct ask_message {
    uint32_t magic, bytes; /* bytes: of a row, as the other side has it */
    struct ik_control_ask ask;
};
struct row_message {
    uint32_t magic;
    struct ik_control_row row;
};

struct ik_control {
    struct ik_source source; /* first: ready() gets back from it */
    struct sockaddr_un at;
    ik_control_fn *fn;
    void *ctx;
};

struct ik_control_talk {
    int fd; /* -1: hung up */
};

static enum ik_err err_of(int err_no)
{
    switch (err_no) {
    case ENOENT:
    case ECONNREFUSED:
        return IK_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return IK_E_ACCESS;
    case EADDRINUSE:
        return IK_E_EXISTS;
    case ENOTDIR:
    case ENAMETOOLONG:
    case EPROTOTYPE:
        return IK_E_VALUE;
    case EAGAIN:
        return IK_E_TIMEOUT;
    default:
        return IK_E_SYSTEM;
    }
}

static enum ik_err address(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (!path[0] || strlen(path) >= sizeof(out->sun_path))
        return IK_E_VALUE;
    memcpy(out->sun_path, path, strlen(path));
    return IK_OK;
}

static enum ik_err reach(const struct sockaddr_un *at, int *out)
{
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return IK_E_SYSTEM;
    if (!connect(fd, (const struct sockaddr *)at, sizeof(*at))) {
        *out = fd;
        return IK_OK;
    }
    const enum ik_err err = err_of(errno);
    close(fd);
    return err;
}

static void set_wait(int fd, int option, int seconds)
{
    const struct timeval t = {.tv_sec = seconds};
    (void)setsockopt(fd, SOL_SOCKET, option, &t, sizeof(t)); /* a local socket takes it */
}

/* ---- who is asked ---------------------------------------------------------------------------- */

void ik_control_say(struct ik_control_talk *talk, const struct ik_control_row *row)
{
    struct row_message m;
    memset(&m, 0, sizeof(m));
    m.magic = MAGIC;
    m.row = *row;
    if (talk->fd >= 0 && send(talk->fd, &m, sizeof(m), MSG_NOSIGNAL) != (ssize_t)sizeof(m)) {
        close(talk->fd);
        talk->fd = -1;
    }
}

static void answer(struct ik_control *c, int fd)
{
    struct ask_message m;
    struct pollfd wait = {fd, POLLIN, 0};
    struct ik_control_talk talk = {.fd = fd};
    if (poll(&wait, 1, ASK_WAIT_MS) == 1 &&
        recv(fd, &m, sizeof(m), MSG_DONTWAIT) == (ssize_t)sizeof(m) && m.magic == MAGIC &&
        m.bytes == sizeof(struct ik_control_row)) {
        set_wait(fd, SO_SNDTIMEO, SAY_WAIT_S);
        c->fn(c->ctx, &m.ask, &talk);
        ik_control_say(&talk, &(struct ik_control_row){.kind = IK_CONTROL_END});
    }
    if (talk.fd >= 0)
        close(talk.fd);
}

static void ready(struct ik_source *source, struct ik_now now)
{
    struct ik_control *c = (struct ik_control *)source;
    (void)now;
    for (int i = 0; i < BACKLOG; i++) {
        const int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return;
        answer(c, fd);
    }
}

static void make_folder(const char *path)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    const char *end = strrchr(path, '/');
    if (!end || end == path)
        return;
    memcpy(folder, path, (size_t)(end - path));
    folder[end - path] = '\0';
    (void)mkdir(folder, 0755); /* whether it was to be made shows when the socket is */
}

/* The socket is made with nobody's permission but its owner's. */
static enum ik_err listen_at(int fd, const struct sockaddr_un *at)
{
    const mode_t before = umask(0177);
    const int failed = bind(fd, (const struct sockaddr *)at, sizeof(*at)) ? errno : 0;
    umask(before);
    if (failed)
        return err_of(failed);
    return listen(fd, BACKLOG) ? IK_E_SYSTEM : IK_OK;
}

enum ik_err ik_control_open(struct ik_control **out, const char *path, ik_control_fn *fn, void *ctx)
{
    struct sockaddr_un at;
    enum ik_err err = address(path, &at);
    int fd;
    if (err)
        return err;
    err = reach(&at, &fd);
    if (!err)
        close(fd);
    if (err != IK_E_NOT_FOUND)
        return err ? err : IK_E_EXISTS;
    struct stat st;
    if (!lstat(path, &st) && !S_ISSOCK(st.st_mode))
        return IK_E_VALUE;
    struct ik_control *c = malloc(sizeof(*c));
    if (!c)
        return IK_E_NOMEM;
    make_folder(path);
    (void)unlink(path); /* nobody listens there */
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    err = fd < 0 ? IK_E_SYSTEM : listen_at(fd, &at);
    if (err) {
        if (fd >= 0)
            close(fd);
        free(c);
        return err;
    }
    *c = (struct ik_control){.source = {.fd = fd, .ready = ready}, .at = at, .fn = fn, .ctx = ctx};
    *out = c;
    return IK_OK;
}

struct ik_source *ik_control_source(struct ik_control *c)
{
    return &c->source;
}

void ik_control_close(struct ik_control *c)
{
    if (!c)
        return;
    (void)unlink(c->at.sun_path); /* where that is forbidden the next guard finds nobody there */
    close(c->source.fd);
    free(c);
}

/* ---- who asks -------------------------------------------------------------------------------- */

static enum ik_err hear(int fd, struct row_message *m)
{
    const ssize_t n = recv(fd, m, sizeof(*m), 0);
    if (n == (ssize_t)sizeof(*m) && m->magic == MAGIC)
        return IK_OK;
    return n < 0 ? err_of(errno) : IK_E_UNSUPPORTED;
}

enum ik_err ik_control_call(const char *path, const struct ik_control_ask *ask,
                            void (*fn)(void *ctx, const struct ik_control_row *row), void *ctx)
{
    struct ask_message m;
    struct row_message told;
    struct sockaddr_un at;
    int fd;
    enum ik_err err = address(path, &at);
    if (!err)
        err = reach(&at, &fd);
    if (err)
        return err;
    memset(&m, 0, sizeof(m));
    m.magic = MAGIC;
    m.bytes = sizeof(struct ik_control_row);
    m.ask = *ask;
    set_wait(fd, SO_RCVTIMEO, CALL_WAIT_S);
    if (send(fd, &m, sizeof(m), MSG_NOSIGNAL) != (ssize_t)sizeof(m))
        err = err_of(errno);
    while (!err && !(err = hear(fd, &told)) && told.row.kind != IK_CONTROL_END)
        fn(ctx, &told.row);
    close(fd);
    return err;
}
