/* SPDX-License-Identifier: MIT
 * A sender for tests: so many frames at such a rate, and no more. */
#pragma once

#include "ring_rig.h"

#include <errno.h>
#include <time.h>

enum { BURST = 50, FLOOD_BYTES = 128 };

/* Sends n frames through `ifname`, the i-th as make() writes it (at most FLOOD_BYTES; returns how
 * many). False when the kernel refuses. */
static inline bool flood(const char *ifname, uint32_t n, uint32_t rate,
                         size_t (*make)(uint8_t *frame, uint32_t i))
{
    static uint8_t frames[BURST][FLOOD_BYTES];
    struct mmsghdr messages[BURST] = {0};
    struct iovec iov[BURST];
    const int fd = open_sender(ifname);
    const ik_ns begin = now().mono;
    for (uint32_t sent = 0; sent < n;) {
        const unsigned burst = n - sent < BURST ? n - sent : BURST;
        for (uint32_t i = 0; i < burst; i++) {
            iov[i] = (struct iovec){frames[i], make(frames[i], sent + i)};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
        }
        for (unsigned at = 0; at < burst;) {
            const int took = sendmmsg(fd, messages + at, burst - at, 0);
            if (took < 0 && errno != ENOBUFS && errno != EINTR)
                return false;
            at += took > 0 ? (unsigned)took : 0;
        }
        sent += burst;
        const ik_ns ahead = begin + sent * (IK_NS_PER_S / rate) - now().mono;
        if (ahead > 0)
            nanosleep(&(struct timespec){.tv_nsec = ahead}, NULL);
    }
    close(fd);
    return true;
}
