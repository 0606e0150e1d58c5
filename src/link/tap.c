/* SPDX-License-Identifier: MIT
 * A TAP device: the machine's end is an Ethernet interface, ours a descriptor that gives and takes
 * its frames, one a call. Without IFF_VNET_HDR the kernel completes checksums and cuts segments
 * before we see a frame. */
#include "icmpkit/link.h"

#include "link/errmap.h"
#include "link/fails.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEADER = 18, /* Ethernet header and a VLAN tag */
    QUEUE = 500, /* frames that the device keeps for us (TUN_READQ_SIZE) */
};

struct tap {
    struct ik_link link;
    int fd;
    bool down; /* IK_EV_DOWN was told */
    struct ik_fails fails;
    size_t buffer_bytes;
    uint8_t *buffers; /* IK_BATCH x buffer_bytes */
};

static struct tap *tap(struct ik_link *l)
{
    return (struct tap *)l;
}

/* ---- the contract ---------------------------------------------------------------------------- */

static size_t tap_rx(struct ik_link *l, struct ik_now now, struct ik_event *out, size_t cap)
{
    struct tap *t = tap(l);
    if (t->down)
        return 0;
    size_t n = ik_fails_tell(&t->fails, out, cap);
    for (size_t i = 0; n < cap && i < IK_BATCH; i++) {
        uint8_t *buffer = t->buffers + i * t->buffer_bytes;
        const ssize_t got = read(t->fd, buffer, t->buffer_bytes);
        if (got > 0) {
            out[n++] = (struct ik_event){
                .kind = IK_EV_FRAME,
                .at = {now.mono, IK_CLOCK_USER},
                .frame = {.medium = IK_MEDIUM_ETHER, .bytes = {buffer, (size_t)got}}};
        } else if (got == 0 || errno == EAGAIN) {
            break;
        } else if (errno != EINTR) { /* the device is gone */
            t->down = true;
            out[n++] = (struct ik_event){.kind = IK_EV_DOWN};
            break;
        }
    }
    return n;
}

/* A frame for an interface that is not up is refused with EIO. */
static enum ik_err err_of(int err_no)
{
    return err_no == EIO || err_no == EBADFD ? IK_E_IFACE : ik_errmap_send(err_no);
}

static size_t tap_tx(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n)
{
    struct tap *t = tap(l);
    size_t at = 0;
    (void)now;
    while (at < n && !ik_fails_is_full(&t->fails)) {
        const ssize_t sent = write(t->fd, in[at].bytes.p, in[at].bytes.left);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0)
            ik_fails_put(&t->fails, in[at].key, err_of(errno));
        at++;
    }
    return at;
}

static int tap_fd(const struct ik_link *l)
{
    return ((const struct tap *)l)->fd;
}

static ik_ns tap_next(const struct ik_link *l)
{
    const struct tap *t = (const struct tap *)l;
    return ik_fails_is_empty(&t->fails) || t->down ? IK_NEVER : 0;
}

static uint32_t tap_in_flight_max(const struct ik_link *l)
{
    (void)l;
    return QUEUE;
}

static void tap_close(struct ik_link *l)
{
    struct tap *t = tap(l);
    close(t->fd); /* which removes the device */
    free(t->buffers);
    free(t);
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum ik_err err_of_open(int err_no)
{
    return err_no == ENOENT || err_no == ENXIO || err_no == ENODEV ? IK_E_UNSUPPORTED
                                                                   : ik_errmap_open(err_no);
}

/* Makes the device. IFF_TUN_EXCL: one of that name that is there already is somebody else's. */
static enum ik_err make(int fd, struct ifreq *request)
{
    request->ifr_flags = IFF_TAP | IFF_NO_PI | (short)IFF_TUN_EXCL;
    if (!ioctl(fd, TUNSETIFF, request))
        return IK_OK;
    return errno == EBUSY || errno == EEXIST ? IK_E_EXISTS : ik_errmap_open(errno);
}

static enum ik_err set_up(struct ifreq *request, const uint8_t mac[6], uint32_t mtu)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    enum ik_err err = IK_OK;
    if (fd < 0)
        return ik_errmap_open(errno);
    request->ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(request->ifr_hwaddr.sa_data, mac, 6);
    if (ioctl(fd, SIOCSIFHWADDR, request))
        err = ik_errmap_open(errno);
    request->ifr_mtu = (int)mtu;
    if (!err && ioctl(fd, SIOCSIFMTU, request))
        err = ik_errmap_open(errno);
    close(fd);
    return err;
}

static enum ik_err allocate(struct tap **out, uint32_t mtu)
{
    struct tap *t = calloc(1, sizeof(*t));
    if (!t)
        return IK_E_NOMEM;
    t->buffer_bytes = ((size_t)mtu + HEADER + 63) & ~(size_t)63;
    t->buffers = malloc(t->buffer_bytes * IK_BATCH);
    if (!t->buffers) {
        free(t);
        return IK_E_NOMEM;
    }
    *out = t;
    return IK_OK;
}

static bool is_name(const char *name)
{
    return *name && strlen(name) < IFNAMSIZ && !strchr(name, '%');
}

enum ik_err ik_link_open_tap(struct ik_link **out, const char *name, const uint8_t mac[6],
                             uint32_t mtu)
{
    static const struct ik_link_ops ops = {
        .rx = tap_rx,
        .tx = tap_tx,
        .fd = tap_fd,
        .next = tap_next,
        .in_flight_max = tap_in_flight_max,
        .close = tap_close,
    };
    if (!is_name(name) || mtu < 68 || mtu > 65521)
        return IK_E_VALUE;
    struct tap *t;
    struct ifreq request = {0};
    strcpy(request.ifr_name, name);
    enum ik_err err = allocate(&t, mtu);
    if (err)
        return err;
    t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (t->fd < 0) {
        err = err_of_open(errno);
        goto fail;
    }
    err = make(t->fd, &request);
    if (!err)
        err = set_up(&request, mac, mtu);
    if (err)
        goto fail_fd;
    t->link = (struct ik_link){.ops = &ops, .medium = IK_MEDIUM_ETHER};
    *out = &t->link;
    return IK_OK;
fail_fd:
    close(t->fd);
fail:
    free(t->buffers);
    free(t);
    return err;
}
