/* SPDX-License-Identifier: MIT
 * Large reads rather than a mapping: a file that shrinks while it is read would kill us with a
 * signal, pipes cannot be mapped, and a buffer that stays in the cache is as fast. */
#include "link/capsource.h"

#include "link/gunzip.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PACKED_BYTES = 1 << 16 };

static enum ik_err fail(struct ik_capsource *s, enum ik_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum ik_err fail(struct ik_capsource *s, enum ik_err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(s->why, sizeof(s->why), format, args);
    va_end(args);
    s->failed = err;
    return err;
}

/* What is packed is not as it was made. */
static enum ik_err damaged(struct ik_capsource *s, enum ik_err err, enum ik_capfile_fault fault)
{
    s->fault = fault;
    s->failed = err;
    return err;
}

static enum ik_err fail_errno(struct ik_capsource *s)
{
    const enum ik_err err = errno == ENOENT                     ? IK_E_NOT_FOUND
                            : errno == EACCES || errno == EPERM ? IK_E_ACCESS
                                                                : IK_E_SYSTEM;
    return fail(s, err, "%s", strerror(errno));
}

/* Without it the caller looks from time to time: not all file systems tell. */
static void watch(struct ik_capsource *s, const char *path)
{
    s->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (s->notify >= 0 && inotify_add_watch(s->notify, path, IN_MODIFY) < 0) {
        close(s->notify);
        s->notify = -1;
    }
}

enum ik_err ik_capsource_open(struct ik_capsource *s, const char *path, bool follow)
{
    struct stat st;
    *s = (struct ik_capsource){.fd = STDIN_FILENO, .follow = follow, .notify = -1};
    if (strcmp(path, "-") != 0) {
        s->fd = open(path, O_RDONLY | O_CLOEXEC);
        s->owned = true;
    }
    if (s->fd < 0 || fstat(s->fd, &st) < 0) {
        const enum ik_err err = fail_errno(s);
        ik_capsource_close(s);
        return err;
    }
    s->regular = S_ISREG(st.st_mode);
    if (follow && s->regular && s->owned)
        watch(s, path);
    return IK_OK;
}

void ik_capsource_close(struct ik_capsource *s)
{
    if (s->owned && s->fd >= 0)
        close(s->fd);
    if (s->notify >= 0)
        close(s->notify);
    ik_gunzip_free(s->gunzip);
    free(s->packed);
}

int ik_capsource_fd(const struct ik_capsource *s)
{
    return !s->regular ? s->fd : s->notify;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Before the read: what changes after it is told again. */
static void forget_changes(const struct ik_capsource *s)
{
    uint8_t events[4096];
    while (s->notify >= 0 && read(s->notify, events, sizeof(events)) > 0)
        ;
}

static bool is_ready(const struct ik_capsource *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    return s->regular || poll(&p, 1, 0) > 0;
}

static enum ik_err read_plain(struct ik_capsource *s, uint8_t *to, size_t cap, size_t *n)
{
    if (!is_ready(s))
        return IK_E_AGAIN;
    forget_changes(s);
    ssize_t got;
    do
        got = read(s->fd, to, cap);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        *n = (size_t)got;
        return IK_OK;
    }
    if (got == 0)
        return s->follow && s->regular ? IK_E_AGAIN : IK_E_NOT_FOUND;
    return errno == EAGAIN ? IK_E_AGAIN : fail(s, IK_E_SYSTEM, "%s", strerror(errno));
}

static enum ik_err refill(struct ik_capsource *s)
{
    size_t n;
    const enum ik_err err = read_plain(s, s->packed, PACKED_BYTES, &n);
    if (err == IK_E_NOT_FOUND && !ik_gunzip_may_end(s->gunzip))
        return damaged(s, IK_E_SHORT, IK_CAPFILE_FAULT_GZIP_CUT);
    if (!err)
        s->packed_left = (struct ik_rd){s->packed, n};
    return err;
}

static enum ik_err read_packed(struct ik_capsource *s, uint8_t *to, size_t cap, size_t *n)
{
    enum ik_err err = IK_OK;
    *n = 0;
    while (!err && *n == 0) {
        if (s->packed_left.left == 0)
            err = refill(s);
        const size_t before = s->packed_left.left;
        if (!err)
            err = ik_gunzip_take(s->gunzip, &s->packed_left, to, cap, n);
        s->packed_bytes += before - s->packed_left.left;
        if (err == IK_E_VALUE)
            err = damaged(s, IK_E_VALUE, IK_CAPFILE_FAULT_GZIP_DAMAGED);
    }
    return err;
}

static enum ik_err unpack(struct ik_capsource *s)
{
    if (!ik_gunzip_have())
        return fail(s, IK_E_UNSUPPORTED, "packed by gzip, and this icmp was built without zlib");
    s->gunzip = ik_gunzip_new();
    s->packed = malloc(PACKED_BYTES);
    if (!s->gunzip || !s->packed)
        return fail(s, IK_E_NOMEM, "%s", ik_err_text(IK_E_NOMEM));
    memcpy(s->packed, s->first, s->n_first);
    s->packed_left = (struct ik_rd){s->packed, s->n_first};
    s->n_first = 0;
    return IK_OK;
}

/* The first two bytes say whether the file is packed. A pipe may give them one by one. */
static enum ik_err look(struct ik_capsource *s)
{
    enum ik_err err = IK_OK;
    while (!err && s->n_first < sizeof(s->first)) {
        size_t n = 0;
        err = read_plain(s, s->first + s->n_first, sizeof(s->first) - s->n_first, &n);
        s->n_first = (uint8_t)(s->n_first + n);
    }
    if (err && err != IK_E_NOT_FOUND)
        return err;
    s->looked = true;
    return s->n_first == 2 && s->first[0] == 0x1f && s->first[1] == 0x8b ? unpack(s) : IK_OK;
}

enum ik_err ik_capsource_read(struct ik_capsource *s, uint8_t *to, size_t cap, size_t *n)
{
    if (s->failed)
        return s->failed;
    const enum ik_err err = s->looked ? IK_OK : look(s);
    if (err)
        return err;
    if (s->gunzip)
        return read_packed(s, to, cap, n);
    if (s->n_first == 0)
        return read_plain(s, to, cap, n);
    memcpy(to, s->first, s->n_first);
    *n = s->n_first;
    s->n_first = 0;
    return IK_OK;
}
