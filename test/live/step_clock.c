/* SPDX-License-Identifier: MIT
 * A machine whose wall clock is stepped, for one process: preloaded, it adds STEP_CLOCK_BY_S
 * seconds to real time from STEP_CLOCK_AFTER_MS after its start on, both where the process reads
 * the clock and in the stamps that the kernel took in real time after that instant. The real clock
 * of the machine is not touched. It also shrinks receive buffers to SHRINK_RCVBUF bytes, the one
 * thing that an ordinary option of the command does not offer. */
#include <time.h> /* before the kernel header, which needs it */

#include <linux/errqueue.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static int64_t step_at_ns; /* real time, unshifted */
static int64_t step_by_s;
static int rcvbuf_bytes;

static int64_t real_ns(void)
{
    struct timespec ts;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

__attribute__((constructor)) static void begin(void)
{
    const char *const by = getenv("STEP_CLOCK_BY_S"), *const after = getenv("STEP_CLOCK_AFTER_MS");
    const char *const bytes = getenv("SHRINK_RCVBUF");
    step_by_s = by ? atoll(by) : 0;
    step_at_ns = real_ns() + (after ? atoll(after) : 0) * 1000000;
    rcvbuf_bytes = bytes ? atoi(bytes) : 0;
}

static void shift(struct timespec *ts)
{
    const int64_t at = (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec;
    if (step_by_s && at >= step_at_ns)
        ts->tv_sec += step_by_s;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    const long err = syscall(SYS_clock_gettime, id, ts);
    if (!err && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        shift(ts);
    return (int)err;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec ts;
    (void)tz;
    clock_gettime(CLOCK_REALTIME, &ts);
    *tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    if (out)
        *out = ts.tv_sec;
    return ts.tv_sec;
}

/* The first of three stamps is the kernel's in real time; the third is the card's own clock. */
static void shift_stamps(struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type != SCM_TIMESTAMPING && c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec ts;
        memcpy(&ts, CMSG_DATA(c), sizeof(ts));
        if (ts.tv_sec || ts.tv_nsec)
            shift(&ts);
        memcpy(CMSG_DATA(c), &ts, sizeof(ts));
    }
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
    const ssize_t n = syscall(SYS_recvmsg, fd, msg, flags);
    if (n >= 0)
        shift_stamps(msg);
    return n;
}

int recvmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags, struct timespec *timeout)
{
    const int got = (int)syscall(SYS_recvmmsg, fd, msgs, n, flags, timeout);
    for (int i = 0; i < got; i++)
        shift_stamps(&msgs[i].msg_hdr);
    return got;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    if (rcvbuf_bytes && level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_RCVBUFFORCE)) {
        value = &rcvbuf_bytes;
        len = sizeof(rcvbuf_bytes);
    }
    return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

/* A socket whose buffer nobody sets is small from its birth. */
int socket(int domain, int type, int proto)
{
    const int fd = (int)syscall(SYS_socket, domain, type, proto);
    if (fd >= 0 && rcvbuf_bytes)
        syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf_bytes, sizeof(rcvbuf_bytes));
    return fd;
}
