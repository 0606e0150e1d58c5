/* SPDX-License-Identifier: MIT
 * What machine this is, and what it started us with. */
#include <icmpkit/host.h>

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

const char *ik_host_kernel(char *buf, size_t cap)
{
    struct utsname name;
    if (!cap)
        return buf;
    buf[0] = '\0';
    if (!uname(&name)) {
        const size_t n = strnlen(name.release, cap - 1);
        memcpy(buf, name.release, n);
        buf[n] = '\0';
    }
    return buf;
}

bool ik_host_hold_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* The lowest free number is this one: those below were seen to be open. */
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    }
    return true;
}
