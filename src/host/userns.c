/* SPDX-License-Identifier: MIT */
#include "host/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum ik_err ik_userns_err(int err_no)
{
    switch (err_no) {
    case EPERM:
    case EACCES:
    case ENOSPC: /* user.max_user_namespaces */
    case EUSERS:
        return IK_E_ACCESS;
    case EINVAL:
    case ENOSYS:
    case EOPNOTSUPP:
        return IK_E_UNSUPPORTED;
    case ENOENT:
    case ENOTDIR:
        return IK_E_NOT_FOUND;
    case ENOMEM:
        return IK_E_NOMEM;
    default:
        return IK_E_SYSTEM;
    }
}

static bool write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t n = write(fd, text, strlen(text)); /* maps are taken whole or not at all */
    const int err_no = errno;
    close(fd);
    errno = err_no;
    return n == (ssize_t)strlen(text);
}

/* Root inside is the caller outside; an ordinary user may map a group only after he has given up
 * setgroups, with which he could leave groups that deny him things. */
enum ik_err ik_userns_enter(const char **step)
{
    char uids[32], gids[32];
    snprintf(uids, sizeof(uids), "0 %u 1", geteuid());
    snprintf(gids, sizeof(gids), "0 %u 1", getegid());
    /* Started with file capabilities, since dropped, our own files in /proc would be root's. */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    *step = "a user namespace";
    if (unshare(CLONE_NEWUSER))
        return ik_userns_err(errno);
    if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", uids) ||
        !write_file("/proc/self/gid_map", gids))
        return ik_userns_err(errno);
    *step = "a network namespace";
    return unshare(CLONE_NEWNET) ? ik_userns_err(errno) : IK_OK;
}
