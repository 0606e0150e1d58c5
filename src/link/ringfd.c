/* SPDX-License-Identifier: MIT
 * Opening order: the socket hears nothing before it is bound, and by then the ring is there and a
 * filter refuses every frame. So whoever asks for a program later misses nothing that it wants and
 * gets nothing that it does not. */
#include "link/ringfd.h"

#include "link/errmap.h"
#include "link/packsock.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RING_BYTES = 32 << 20, /* at one frame in RETIRE_MS: for 5 s */
    LEAST_BYTES = 1 << 20,
    MOST_BYTES = 1 << 30,
    FRAME_BYTES = 2048, /* counts for nothing in version 3, but has to divide a block */
};

/* ---- what an interface gives ----------------------------------------------------------------- */

/* What a frame begins with. Where drivers differ in what they put before IP (PPP, GRE), or where it
 * need not be IP, the kernel's word for each frame is asked for instead. */
static enum ik_err medium_of(uint16_t device, enum ik_medium *out)
{
    switch (device) {
    case ARPHRD_ETHER:
    case ARPHRD_LOOPBACK:
        *out = IK_MEDIUM_ETHER;
        return IK_OK;
    case ARPHRD_NONE:
    case ARPHRD_RAWIP:
    case ARPHRD_TUNNEL:
    case ARPHRD_TUNNEL6:
    case ARPHRD_SIT:
        *out = IK_MEDIUM_IP;
        return IK_OK;
    case ARPHRD_IEEE80211:
    case ARPHRD_IEEE80211_PRISM:
    case ARPHRD_IEEE80211_RADIOTAP:
    case ARPHRD_IEEE802154:
    case ARPHRD_IEEE802154_MONITOR:
        return IK_E_UNSUPPORTED;
    default:
        *out = IK_MEDIUM_COOKED;
        return IK_OK;
    }
}

/* `index` 0: every interface. */
static enum ik_err find(const char *name, int *index, enum ik_medium *medium)
{
    struct ifreq request = {0};
    *index = 0;
    *medium = IK_MEDIUM_COOKED;
    if (!name || !strcmp(name, "any"))
        return IK_OK;
    if (strlen(name) >= sizeof(request.ifr_name))
        return IK_E_IFACE;
    strcpy(request.ifr_name, name);
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ik_errmap_open(errno);
    enum ik_err err = ioctl(fd, SIOCGIFINDEX, &request) ? ik_errmap_open(errno) : IK_OK;
    *index = request.ifr_ifindex;
    if (!err && ioctl(fd, SIOCGIFHWADDR, &request))
        err = ik_errmap_open(errno);
    close(fd);
    return err ? err : medium_of(request.ifr_hwaddr.sa_family, medium);
}

/* ---- the socket ------------------------------------------------------------------------------ */

static uint32_t block_count(uint32_t bytes)
{
    if (!bytes)
        bytes = RING_BYTES;
    bytes = bytes < LEAST_BYTES ? LEAST_BYTES : bytes > MOST_BYTES ? MOST_BYTES : bytes;
    return bytes / IK_RING_BLOCK_BYTES;
}

/* Half of what was asked for is better than nothing. */
static enum ik_err set_ring(struct ik_ringfd *r, uint32_t bytes)
{
    enum ik_err err = IK_E_NOMEM;
    for (r->blocks = block_count(bytes);
         err == IK_E_NOMEM && r->blocks >= LEAST_BYTES / IK_RING_BLOCK_BYTES; r->blocks /= 2) {
        const struct tpacket_req3 request = {
            .tp_block_size = IK_RING_BLOCK_BYTES,
            .tp_block_nr = r->blocks,
            .tp_frame_size = FRAME_BYTES,
            .tp_frame_nr = r->blocks * (IK_RING_BLOCK_BYTES / FRAME_BYTES),
            .tp_retire_blk_tov = IK_RING_RETIRE_MS,
        };
        err = ik_packsock_set(r->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request));
        if (!err)
            break;
    }
    return err;
}

static enum ik_err configure(struct ik_ringfd *r, const struct ik_capture_cfg *cfg)
{
    static const struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const int stamps = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
    enum ik_err err = ik_ringfd_attach(r, nothing, 1);
    if (!err)
        err = ik_packsock_set_int(r->fd, SOL_PACKET, PACKET_VERSION, TPACKET_V3);
    if (!err)
        err = ik_packsock_set_int(r->fd, SOL_PACKET, PACKET_RESERVE, IK_RING_RESERVE);
    if (!err)
        err = set_ring(r, cfg->ring_bytes);
    if (!err)
        err = ik_packsock_set_int(r->fd, SOL_SOCKET, SO_TIMESTAMPING, stamps);
    return err;
}

static enum ik_err map(struct ik_ringfd *r)
{
    void *at = mmap(NULL, (size_t)r->blocks * IK_RING_BLOCK_BYTES, PROT_READ | PROT_WRITE,
                    MAP_SHARED, r->fd, 0);
    if (at == MAP_FAILED)
        return ik_errmap_open(errno);
    r->map = at;
    return IK_OK;
}

enum ik_err ik_ringfd_open(struct ik_ringfd *r, const struct ik_capture_cfg *cfg)
{
    int index;
    enum ik_medium medium;
    enum ik_err err = find(cfg->interface, &index, &medium);
    if (err)
        return err;
    const int type = medium == IK_MEDIUM_COOKED ? SOCK_DGRAM : SOCK_RAW;
    *r = (struct ik_ringfd){.medium = medium};
    r->fd = socket(AF_PACKET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (r->fd < 0)
        return ik_errmap_open(errno);
    err = configure(r, cfg);
    if (!err)
        err = map(r);
    if (!err)
        err = ik_packsock_bind(r->fd, index, cfg->promiscuous);
    if (err)
        ik_ringfd_close(r);
    return err;
}

enum ik_err ik_ringfd_attach(const struct ik_ringfd *r, const struct sock_filter *code, size_t n)
{
    /* The kernel only reads, whatever its header says. */
    struct sock_fprog program = {.len = (unsigned short)n};
    memcpy(&program.filter, &code, sizeof(code));
    return ik_packsock_set(r->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void ik_ringfd_close(struct ik_ringfd *r)
{
    if (r->map)
        (void)munmap(r->map, (size_t)r->blocks * IK_RING_BLOCK_BYTES);
    close(r->fd);
}
