/* SPDX-License-Identifier: MIT */
#include "conf/input.h"

#include "conf/say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum ik_err err_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return IK_E_NOT_FOUND;
    case EACCES:
    case EPERM:
        return IK_E_ACCESS;
    case ENOMEM:
        return IK_E_NOMEM;
    default:
        return IK_E_SYSTEM;
    }
}

static enum ik_err refused(int number, struct ik_conf_fault *fault)
{
    const char *why = strerrordesc_np(number);
    return ik_say_place(fault, err_of(number), 0, 0, "cannot be read: %s",
                        ik_say_in(fault, why ? why : "unknown error"));
}

/* Reads up to `cap` bytes into `at`, which grows; *n is how many there were. */
static int read_all(int fd, unsigned char **at, size_t cap, size_t *n)
{
    size_t room = 0;
    for (ssize_t got = 1; got != 0 && *n < cap;) {
        if (*n == room) {
            room = room ? 2 * room : 64 * 1024;
            room = room > cap ? cap : room;
            unsigned char *more = realloc(*at, room);
            if (!more)
                return ENOMEM;
            *at = more;
        }
        got = read(fd, *at + *n, room - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        *n += (size_t)got;
    }
    return 0;
}

enum ik_err ik_input_read(struct ik_arena *arena, const char *path, size_t most, struct ik_rd *out,
                          struct ik_conf_fault *fault)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refused(errno, fault);
    unsigned char *bytes = NULL;
    size_t n = 0;
    const int number = read_all(fd, &bytes, most + 1, &n);
    close(fd);
    enum ik_err err = IK_OK;
    if (number)
        err = refused(number, fault);
    else if (n > most)
        err = ik_say_at(fault, NULL, "too long: more than %zu bytes", most);
    if (!err) {
        const char *kept = ik_arena_copy(arena, (const char *)bytes, n);
        if (kept)
            *out = (struct ik_rd){(const uint8_t *)kept, n};
        else
            err = ik_say_nomem(fault);
    }
    free(bytes);
    return err;
}
