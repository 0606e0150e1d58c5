/* SPDX-License-Identifier: MIT
 * SO_MEMINFO: the counter without a control message at every packet (SO_RXQ_OVFL). */
#include "link/drops.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

enum {
    COST_MAX = 16384,             /* bytes of the buffer that a message costs beside its own */
    LOOK_EVERY = 4 * 1000 * 1000, /* ns, while messages keep coming */
};

static uint32_t counter(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof(info);
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
        return 0;
    return info[SK_MEMINFO_DROPS];
}

void ik_drops_init(struct ik_drops *d, int fd, uint32_t rcvbuf_bytes, uint32_t max_bytes)
{
    *d = (struct ik_drops){
        .fd = fd, .counter = counter(fd), .fill = rcvbuf_bytes / (COST_MAX + 2 * max_bytes)};
}

uint32_t ik_drops_look(struct ik_drops *d, struct ik_now now, size_t messages, bool full)
{
    d->read += (uint32_t)messages;
    const bool filled = d->read >= d->fill;
    if (full && (!filled || now.mono - d->asked < LOOK_EVERY))
        return 0;
    if (!filled) {
        d->read = 0;
        return 0;
    }
    const uint32_t is = counter(d->fd), fresh = is - d->counter;
    d->asked = now.mono;
    d->counter = is;
    d->read = 0;
    return fresh;
}
