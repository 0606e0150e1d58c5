/* SPDX-License-Identifier: MIT */
#include "out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void ik_out_init(struct ik_out *o, int fd)
{
    o->fd = fd;
    o->error = 0;
    o->used = o->line_end = 0;
    struct stat st;
    o->may_block = fstat(fd, &st) || !S_ISREG(st.st_mode);
}

bool ik_out_is_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (poll(&p, 1, 0) != 0)
        return true; /* or an error, which write will name */
    sigset_t none;
    sigemptyset(&none);
    (void)ppoll(&p, 1, NULL, &none);
    return false;
}

static void write_all(struct ik_out *o, size_t n)
{
    for (size_t at = 0; at < n && !o->error;) {
        if (o->may_block && !ik_out_is_writable(o->fd))
            continue;
        const size_t most = o->may_block && n - at > PIPE_BUF ? PIPE_BUF : n - at;
        const ssize_t done = write(o->fd, o->buf + at, most);
        if (done >= 0)
            at += (size_t)done;
        else if (errno != EINTR && errno != EAGAIN)
            o->error = errno;
    }
}

void ik_out_flush(struct ik_out *o, bool all)
{
    const size_t n = all ? o->used : o->line_end;
    if (n == 0)
        return;
    write_all(o, n);
    memmove(o->buf, o->buf + n, o->used - n);
    o->used -= n;
    o->line_end = 0;
}

char *ik_out_room(struct ik_out *o, size_t n)
{
    if (n > IK_OUT_CAP - o->used)
        ik_out_flush(o, false);
    if (n > IK_OUT_CAP - o->used)
        ik_out_flush(o, true);
    return o->buf + o->used;
}

void ik_out_took(struct ik_out *o, size_t n)
{
    const char *last = n ? memrchr(o->buf + o->used, '\n', n) : NULL;
    o->used += n;
    if (last)
        o->line_end = (size_t)(last - o->buf) + 1;
}

void ik_out_put(struct ik_out *o, const void *bytes, size_t n)
{
    const char *from = bytes;
    while (n > 0) {
        const size_t part = n < IK_OUT_CAP ? n : IK_OUT_CAP;
        memcpy(ik_out_room(o, part), from, part);
        ik_out_took(o, part);
        from += part;
        n -= part;
    }
}

void ik_out_str(struct ik_out *o, const char *text)
{
    ik_out_put(o, text, strlen(text));
}
