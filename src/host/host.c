/* SPDX-License-Identifier: MIT
 * What machine this is. */
#include <icmpkit/host.h>

#include <string.h>
#include <sys/utsname.h>

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
