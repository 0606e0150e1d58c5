/* SPDX-License-Identifier: MIT
 * A packet socket: every frame of an interface, in and out.
 *
 * A local sender behind a veth pair leaves the checksum to the card, and no card comes. The header
 * of PACKET_VNET_HDR says where the checksum begins and where it goes, so it is completed here,
 * which needs no right over the sender's interface and holds for frames of any protocol; turning
 * the sender's offload off (ik_netns does) saves the work but is the sender's to do. What its
 * segmentation offload left uncut is longer than the interface allows and is counted as dropped. */
#include "icmpkit/link.h"

#include "base/bytes.h"
#include "icmpkit/wire.h"
#include "link/cmsg.h"
#include "link/drops.h"
#include "link/errmap.h"
#include "link/fails.h"
#include "link/packsock.h"
#include "link/sock.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LEAST_BYTES = 2048,              /* of a buffer */
    RCVBUF_BYTES = 16 * 1024 * 1024, /* asked for; others than root get net.core.rmem_max */
    COST = 2304,                     /* bytes of the receive buffer that a frame may cost */
};

struct packet {
    struct ik_link link;
    int fd;
    bool down;     /* IK_EV_DOWN was told */
    uint32_t lost; /* frames that came and could not be told, until rx says so */
    size_t n, at;  /* batch read, and how many of it were told */
    bool full;     /* that batch was full */
    int error;     /* errno that the last read met, 0 none */
    uint32_t rcvbuf_bytes;
    struct ik_offset offset;
    struct ik_drops drops;
    struct ik_fails fails;
    size_t buffer_bytes;
    uint8_t *buffers; /* IK_BATCH x buffer_bytes */
    struct virtio_net_hdr head[IK_BATCH], no_offload;
    struct mmsghdr in[IK_BATCH], out[IK_BATCH];
    struct iovec in_iov[IK_BATCH][2], out_iov[IK_BATCH][2];
    _Alignas(struct cmsghdr) uint8_t control[IK_BATCH][IK_CMSG_IN];
};

static struct packet *packet(struct ik_link *l)
{
    return (struct packet *)l;
}

/* ---- arrivals -------------------------------------------------------------------------------- */

static void read_batch(struct packet *p)
{
    for (size_t i = 0; i < IK_BATCH; i++) {
        p->in[i].msg_hdr.msg_control = p->control[i];
        p->in[i].msg_hdr.msg_controllen = IK_CMSG_IN;
        p->in[i].msg_hdr.msg_flags = 0;
    }
    p->n = p->at = 0;
    p->error = 0;
    const int got = recvmmsg(p->fd, p->in, IK_BATCH, MSG_DONTWAIT, NULL);
    if (got > 0)
        p->n = (size_t)got;
    else if (errno == EINVAL) /* a frame of a kind of offload that the header cannot say */
        p->lost++;
    else if (errno != EAGAIN && errno != EINTR)
        p->error = errno;
    p->full = p->n == IK_BATCH;
}

/* As the kernel's own skb_checksum_help(): the field holds the sum of the pseudo-header. */
static void complete_checksum(const struct virtio_net_hdr *head, uint8_t *frame, size_t n)
{
    const size_t start = head->csum_start, field = start + head->csum_offset;
    if (!(head->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || field + 2 > n)
        return;
    const uint16_t sum = ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){frame + start, n - start}));
    ik_store_be16(frame + field, sum ? sum : 0xffff);
}

/* The tag that stood in the frame and was taken out of it. */
static bool find_tag(struct msghdr *m, struct tpacket_auxdata *out)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
            continue;
        memcpy(out, CMSG_DATA(c), sizeof(*out));
        return out->tp_status & TP_STATUS_VLAN_VALID;
    }
    return false;
}

/* Frame i of the batch as it was on the wire; false when it is not whole. The buffer has room for a
 * tag before it. */
static bool whole_frame(struct packet *p, size_t i, struct ik_rd *out)
{
    struct msghdr *m = &p->in[i].msg_hdr;
    uint8_t *frame = p->buffers + i * p->buffer_bytes + IK_PACKSOCK_TAG_BYTES;
    struct tpacket_auxdata aux;
    size_t n = p->in[i].msg_len;
    if (m->msg_flags & MSG_TRUNC || n < sizeof(p->head[i]) + ETH_HLEN)
        return false;
    n -= sizeof(p->head[i]);
    complete_checksum(&p->head[i], frame, n);
    if (find_tag(m, &aux)) {
        frame = ik_packsock_put_tag(frame, aux.tp_status, aux.tp_vlan_tpid, aux.tp_vlan_tci);
        n += IK_PACKSOCK_TAG_BYTES;
    }
    *out = (struct ik_rd){frame, n};
    return true;
}

static size_t tell_arrivals(struct packet *p, struct ik_now now, struct ik_event *out, size_t cap)
{
    size_t n = 0;
    while (n < cap && p->at < p->n) {
        const size_t i = p->at++;
        struct ik_cmsg c;
        struct ik_rd bytes;
        if (!whole_frame(p, i, &bytes)) {
            p->lost++;
            continue;
        }
        ik_cmsg_take(&c, &p->in[i].msg_hdr);
        out[n++] = (struct ik_event){.kind = IK_EV_FRAME,
                                     .at = ik_cmsg_stamp(&c, &p->offset, now, false),
                                     .frame = {.medium = IK_MEDIUM_ETHER, .bytes = bytes}};
    }
    return n;
}

static size_t tell_drops(struct packet *p, struct ik_now now, size_t messages, struct ik_event *out)
{
    const uint32_t drops = p->lost + ik_drops_look(&p->drops, now, messages, p->full);
    p->lost = 0;
    if (!drops)
        return 0;
    *out = (struct ik_event){.kind = IK_EV_DROPS, .drops = drops};
    return 1;
}

static size_t packet_rx(struct ik_link *l, struct ik_now now, struct ik_event *out, size_t cap)
{
    struct packet *p = packet(l);
    if (!cap || p->down)
        return 0;
    ik_offset_look(&p->offset, now);
    size_t n = ik_fails_tell(&p->fails, out, cap), messages = 0;
    if (p->at == p->n) {
        read_batch(p);
        messages = p->n;
    }
    n += tell_arrivals(p, now, out + n, cap - n);
    if (n < cap)
        n += tell_drops(p, now, messages, out + n);
    if (!p->full && p->at == p->n)
        ik_offset_settle(&p->offset, now);
    if (n < cap && (p->error == ENETDOWN || p->error == ENODEV)) {
        p->down = true;
        out[n++] = (struct ik_event){.kind = IK_EV_DOWN};
    }
    return n;
}

/* ---- departures ------------------------------------------------------------------------------ */

static void prepare(struct packet *p, const struct ik_frame *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* sendmsg does not write there. */
        memcpy(&p->out_iov[i][1].iov_base, &in[i].bytes.p, sizeof(in[i].bytes.p));
        p->out_iov[i][1].iov_len = in[i].bytes.left;
    }
}

static bool is_later(int err)
{
    return err == EAGAIN || err == ENOBUFS || err == ENOMEM;
}

static size_t packet_tx(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n)
{
    struct packet *p = packet(l);
    size_t at = 0;
    (void)now;
    n = n < IK_BATCH ? n : IK_BATCH;
    prepare(p, in, n);
    while (at < n && !ik_fails_is_full(&p->fails)) {
        const int sent = sendmmsg(p->fd, p->out + at, (unsigned)(n - at), MSG_DONTWAIT);
        if (sent > 0) {
            at += (size_t)sent;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (is_later(errno))
            break;
        ik_fails_put(&p->fails, in[at++].key, ik_errmap_send(errno));
    }
    return at;
}

/* ---- the rest of the contract ---------------------------------------------------------------- */

static int packet_fd(const struct ik_link *l)
{
    return ((const struct packet *)l)->fd;
}

static ik_ns packet_next(const struct ik_link *l)
{
    const struct packet *p = (const struct packet *)l;
    const bool held = p->at < p->n || p->lost || !ik_fails_is_empty(&p->fails);
    return held && !p->down ? 0 : IK_NEVER;
}

static uint32_t packet_in_flight_max(const struct ik_link *l)
{
    const uint32_t n = ((const struct packet *)l)->rcvbuf_bytes / COST;
    return n ? n : 1;
}

static void packet_close(struct ik_link *l)
{
    struct packet *p = packet(l);
    close(p->fd);
    free(p->buffers);
    free(p);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Before the socket is bound it hears nothing, so nothing comes in the wrong form. */
static enum ik_err configure(int fd)
{
    const int stamps = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
    enum ik_err err = ik_packsock_set_int(fd, SOL_PACKET, PACKET_VNET_HDR, 1);
    if (!err)
        err = ik_packsock_set_int(fd, SOL_PACKET, PACKET_AUXDATA, 1);
    if (!err)
        err = ik_packsock_set_int(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    if (!err)
        err = ik_packsock_set_int(fd, SOL_SOCKET, SO_TIMESTAMPING, stamps);
    if (!err && ik_packsock_set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, RCVBUF_BYTES))
        err = ik_packsock_set_int(fd, SOL_SOCKET, SO_RCVBUF, RCVBUF_BYTES);
    return err;
}

/* Bytes of a buffer for the frames of that interface, a tag and the link's header included. */
static enum ik_err buffer_bytes(int fd, const char *name, size_t *out)
{
    struct ifreq request = {0};
    strcpy(request.ifr_name, name);
    if (ioctl(fd, SIOCGIFMTU, &request))
        return ik_errmap_open(errno);
    const size_t bytes = (size_t)request.ifr_mtu + ETH_HLEN + 2 * IK_PACKSOCK_TAG_BYTES;
    *out = bytes < LEAST_BYTES ? LEAST_BYTES : (bytes + 63) & ~(size_t)63;
    return IK_OK;
}

/* What does not change between batches: where frames come from and go to. */
static void wire(struct packet *p)
{
    for (size_t i = 0; i < IK_BATCH; i++) {
        uint8_t *buffer = p->buffers + i * p->buffer_bytes + IK_PACKSOCK_TAG_BYTES;
        p->in_iov[i][0] = (struct iovec){&p->head[i], sizeof(p->head[i])};
        p->in_iov[i][1] = (struct iovec){buffer, p->buffer_bytes - IK_PACKSOCK_TAG_BYTES};
        p->in[i].msg_hdr = (struct msghdr){.msg_iov = p->in_iov[i], .msg_iovlen = 2};
        p->out_iov[i][0] = (struct iovec){&p->no_offload, sizeof(p->no_offload)};
        p->out[i].msg_hdr = (struct msghdr){.msg_iov = p->out_iov[i], .msg_iovlen = 2};
    }
}

static enum ik_err open_fd(struct packet *p, const char *ifname)
{
    const unsigned index = if_nametoindex(ifname);
    if (!index)
        return IK_E_IFACE;
    p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return ik_errmap_open(errno);
    enum ik_err err = buffer_bytes(p->fd, ifname, &p->buffer_bytes);
    if (!err)
        err = configure(p->fd);
    if (!err)
        err = ik_packsock_bind(p->fd, (int)index, true);
    if (err)
        close(p->fd);
    return err;
}

enum ik_err ik_link_open_packet(struct ik_link **out, const char *ifname)
{
    static const struct ik_link_ops ops = {
        .rx = packet_rx,
        .tx = packet_tx,
        .fd = packet_fd,
        .next = packet_next,
        .in_flight_max = packet_in_flight_max,
        .close = packet_close,
    };
    struct packet *p = calloc(1, sizeof(*p));
    if (!p)
        return IK_E_NOMEM;
    enum ik_err err = open_fd(p, ifname);
    if (err)
        goto fail;
    p->buffers = malloc(p->buffer_bytes * IK_BATCH);
    if (!p->buffers) {
        err = IK_E_NOMEM;
        goto fail_fd;
    }
    wire(p);
    p->rcvbuf_bytes = ik_sock_rcvbuf_bytes(p->fd);
    ik_drops_init(&p->drops, p->fd, p->rcvbuf_bytes, (uint32_t)p->buffer_bytes);
    p->link = (struct ik_link){.ops = &ops, .medium = IK_MEDIUM_ETHER};
    *out = &p->link;
    return IK_OK;
fail_fd:
    close(p->fd);
fail:
    free(p);
    return err;
}
