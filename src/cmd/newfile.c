/* SPDX-License-Identifier: MIT */
#include "newfile.h"

#include "lang.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ik_newfile_open(int folder, const char *name, const char **why)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };
    struct stat st;
    const int fd = openat(folder, name, FLAGS, 0666);
    if (fd < 0)
        *why = errno == ELOOP ? _("it is a symbolic link; remove it") : ik_lang_errno(errno);
    else if (fstat(fd, &st))
        *why = ik_lang_errno(errno);
    else if (!S_ISREG(st.st_mode))
        *why = _("it is no ordinary file; take another name");
    else if (st.st_uid != geteuid() || st.st_nlink != 1)
        *why = _("it exists, and is no file of yours alone; remove it, or take another folder");
    else if (ftruncate(fd, 0))
        *why = ik_lang_errno(errno);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}
