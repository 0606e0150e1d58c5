/* SPDX-License-Identifier: MIT
 * Arrivals of one socket. */
#include "link/inq.h"

#include <errno.h>
#include <string.h>

enum { LEAST_BYTES = 2048, HEADER_BYTES = 128 };

uint32_t ik_inq_buffer_bytes(uint32_t max_bytes)
{
    const uint32_t bytes = max_bytes + HEADER_BYTES;
    return bytes < LEAST_BYTES ? LEAST_BYTES : (bytes + 63) & ~63u;
}

void ik_inq_init(struct ik_inq *q)
{
    for (size_t i = 0; i < IK_BATCH; i++) {
        q->iov[i] = (struct iovec){q->buffers + i * q->buffer_bytes, q->buffer_bytes};
        q->msgs[i].msg_hdr = (struct msghdr){.msg_iov = &q->iov[i], .msg_iovlen = 1};
    }
    q->n = IK_BATCH; /* so that the first read arms all of them */
    q->at = IK_BATCH;
}

/* The kernel overwrote the lengths of those that it used. */
static void arm(struct ik_inq *q)
{
    const bool header = q->medium == IK_MEDIUM_IP;
    for (size_t i = 0; i < q->n; i++) {
        struct msghdr *m = &q->msgs[i].msg_hdr;
        /* An IP header says the source itself. */
        m->msg_name = header ? NULL : &q->from[i];
        m->msg_namelen = header ? 0 : sizeof(q->from[i]);
        m->msg_control = q->stamps || !header ? q->control[i] : NULL;
        m->msg_controllen = m->msg_control ? IK_CMSG_IN : 0;
    }
}

void ik_inq_read(struct ik_inq *q)
{
    arm(q);
    q->n = 0;
    q->at = 0;
    q->error = 0;
    const int got = recvmmsg(q->fd, q->msgs, IK_BATCH, MSG_DONTWAIT, NULL);
    if (got > 0)
        q->n = (size_t)got;
    else if (got < 0 && errno != EAGAIN && errno != EINTR)
        q->error = errno;
    q->full = q->n == IK_BATCH;
}

static void meta_from_header(struct ik_meta *meta, struct ik_rd bytes)
{
    if (bytes.left < 20)
        return;
    const uint8_t *p = bytes.p;
    meta->known |= IK_KNOW_SRC | IK_KNOW_DST | IK_KNOW_TTL | IK_KNOW_TCLASS;
    meta->src.family = meta->dst.family = 4;
    memcpy(meta->src.bytes, p + 12, 4);
    memcpy(meta->dst.bytes, p + 16, 4);
    meta->ttl = p[8];
    meta->tclass = p[1];
}

static void tell_one(struct ik_inq *q, size_t i, const struct ik_offset *offset, struct ik_now now,
                     struct ik_event *out)
{
    struct msghdr *m = &q->msgs[i].msg_hdr;
    struct ik_cmsg c;
    ik_cmsg_take(&c, m);
    *out = (struct ik_event){
        .kind = IK_EV_FRAME,
        .at = ik_cmsg_stamp(&c, offset, now, q->hardware),
        .frame = {.medium = q->medium, .meta = c.meta},
    };
    struct ik_frame *f = &out->frame;
    f->bytes = (struct ik_rd){q->iov[i].iov_base, q->msgs[i].msg_len};
    if (q->medium == IK_MEDIUM_IP) {
        meta_from_header(&f->meta, f->bytes);
    } else if (m->msg_namelen) {
        f->meta.src = ik_sa_take(&q->from[i].any, &f->meta.sport);
        f->meta.known |= IK_KNOW_SRC;
        if (q->medium == IK_MEDIUM_UDP)
            f->meta.known |= IK_KNOW_PORTS;
        else
            f->meta.sport = 0;
    }
}

size_t ik_inq_tell(struct ik_inq *q, const struct ik_offset *offset, struct ik_now now,
                   struct ik_event *out, size_t cap)
{
    size_t n = 0;
    while (n < cap && q->at < q->n)
        tell_one(q, q->at++, offset, now, &out[n++]);
    return n;
}
