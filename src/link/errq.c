/* SPDX-License-Identifier: MIT
 * The error queue of one socket. */
#include "link/errq.h"

#include "link/errmap.h"

#include <errno.h>
#include <string.h>

/* Batches read in one call at most: whoever floods us with what is told to nobody does not keep us
 * here. What is left is read at the next. */
enum { ROUNDS = 16 };

static void area_init(struct ik_errq_area *a, const struct ik_errq *q)
{
    a->used = 0;
    for (size_t i = 0; i < IK_BATCH; i++) {
        a->msgs[i].msg_hdr = (struct msghdr){.msg_control = a->control[i]};
        if (!q->bytes)
            continue;
        a->iov[i] = (struct iovec){a->buffers + i * q->buffer_bytes, q->buffer_bytes};
        a->msgs[i].msg_hdr.msg_iov = &a->iov[i];
        a->msgs[i].msg_hdr.msg_iovlen = 1;
        a->msgs[i].msg_hdr.msg_name = &a->to[i];
    }
}

void ik_errq_init(struct ik_errq *q)
{
    area_init(&q->rx, q);
    area_init(&q->tx, q);
}

void ik_errq_release(struct ik_errq *q)
{
    q->rx.used = 0;
    if (q->held_at == q->n_held) {
        q->n_held = q->held_at = 0;
        q->tx.used = 0;
    }
}

size_t ik_errq_tell_held(struct ik_errq *q, struct ik_event *out, size_t cap)
{
    size_t n = 0;
    while (n < cap && q->held_at < q->n_held)
        out[n++] = q->held[q->held_at++];
    return n;
}

static bool stamp_event(struct ik_errq *q, struct ik_now now, const struct ik_cmsg *c,
                        struct ik_event *out)
{
    const uint32_t id = c->error.ee_data;
    ik_ns at = 0;
    uint32_t key;
    enum ik_clock clock = IK_CLOCK_NONE;
    if (q->hardware && c->hardware) {
        at = c->hardware;
        clock = IK_CLOCK_HARDWARE;
    } else if (c->software && ik_offset_convert(&q->offset, now, c->software, &at)) {
        clock = IK_CLOCK_KERNEL;
    }
    /* One that cannot be read is taken all the same: nothing more comes for its frame. */
    if (!ik_stamps_take(&q->stamps, id, at, clock == IK_CLOCK_KERNEL, &key))
        return false;
    if (clock == IK_CLOCK_NONE)
        return false;
    *out = (struct ik_event){.kind = IK_EV_SENT, .key = key, .at = {at, clock}};
    return true;
}

static void error_event(const struct ik_errq *q, struct ik_now now, const struct ik_cmsg *c,
                        const struct mmsghdr *m, struct ik_event *out)
{
    const struct sock_extended_err *e = &c->error;
    struct ik_rd all = {m->msg_hdr.msg_iov->iov_base, m->msg_len}, extensions = {all.p, 0};
    const size_t offset = e->ee_rfc4884.len;
    if (offset && offset <= all.left) {
        extensions = (struct ik_rd){all.p + offset, all.left - offset};
        all.left = offset;
    }
    *out = (struct ik_event){
        .kind = IK_EV_ERROR,
        .at = ik_cmsg_stamp(c, &q->offset, now, q->hardware),
        .frame = {.medium = q->medium, .bytes = all, .meta = c->meta},
        .error = {.from = c->offender,
                  .family = e->ee_origin == SO_EE_ORIGIN_ICMP ? 4 : 6,
                  .type = e->ee_type,
                  .code = e->ee_code,
                  .info = e->ee_info,
                  .extensions = extensions,
                  .err = ik_errmap_send((int)e->ee_errno)},
    };
    struct ik_meta *meta = &out->frame.meta;
    meta->known &= ~(uint32_t)(IK_KNOW_SRC | IK_KNOW_DST | IK_KNOW_PORTS);
    meta->dst = (struct ik_addr){0};
    if (!m->msg_hdr.msg_namelen)
        return;
    meta->dst = ik_sa_take(m->msg_hdr.msg_name, &meta->dport);
    meta->known |= IK_KNOW_DST;
    if (q->medium == IK_MEDIUM_UDP)
        meta->known |= IK_KNOW_PORTS;
    else
        meta->dport = 0;
}

enum told { TOLD_NOTHING, TOLD_STAMP, TOLD_ERROR };

static enum told tell_one(struct ik_errq *q, struct ik_now now, struct mmsghdr *m,
                          struct ik_event *out, bool *error)
{
    struct ik_cmsg c;
    ik_cmsg_take(&c, &m->msg_hdr);
    if (!c.has_error)
        return TOLD_NOTHING;
    switch (c.error.ee_origin) {
    case SO_EE_ORIGIN_TIMESTAMPING:
        if (c.error.ee_info != SCM_TSTAMP_SND || !stamp_event(q, now, &c, out))
            return TOLD_NOTHING;
        return TOLD_STAMP;
    case SO_EE_ORIGIN_ICMP:
    case SO_EE_ORIGIN_ICMP6:
        *error = true;
        if (!q->bytes)
            return TOLD_NOTHING;
        error_event(q, now, &c, m, out);
        return TOLD_ERROR;
    default:
        /* SO_EE_ORIGIN_LOCAL repeats what the failed send said itself, and adds the MTU. */
        if (c.error.ee_origin == SO_EE_ORIGIN_LOCAL && c.error.ee_errno == EMSGSIZE)
            q->refused_mtu = c.error.ee_info;
        return TOLD_NOTHING;
    }
}

/* An event borrows the buffer of the message: its slot goes to the front, among those in use. */
static void keep(struct ik_errq_area *a, struct mmsghdr *m)
{
    const struct mmsghdr mine = *m;
    *m = a->msgs[a->used];
    a->msgs[a->used++] = mine;
}

/* Reads one batch of at most cap messages into the area. */
static size_t read_area(struct ik_errq *q, struct ik_errq_area *a, struct ik_now now,
                        struct ik_event *out, size_t cap, bool *empty, bool *error)
{
    const size_t first = a->used;
    const size_t room = cap < IK_BATCH - first ? cap : IK_BATCH - first;
    for (size_t i = first; i < first + room; i++) {
        struct msghdr *m = &a->msgs[i].msg_hdr;
        m->msg_controllen = IK_CMSG_IN;
        m->msg_namelen = m->msg_name ? sizeof(union ik_sa) : 0;
    }
    int got = 0;
    if (room)
        got = recvmmsg(q->fd, a->msgs + first, (unsigned)room, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
    *empty = room && got < (int)room;
    q->read += got > 0 ? (size_t)got : 0;
    size_t n = 0;
    for (int i = 0; i < got; i++) {
        struct mmsghdr *m = &a->msgs[first + (size_t)i];
        const enum told told = tell_one(q, now, m, &out[n], error);
        n += told != TOLD_NOTHING;
        if (told == TOLD_ERROR)
            keep(a, m);
    }
    return n;
}

size_t ik_errq_tell(struct ik_errq *q, struct ik_now now, struct ik_event *out, size_t cap,
                    bool *empty)
{
    size_t n = 0;
    bool error = false;
    *empty = false;
    for (int round = 0; round < ROUNDS && n < cap && q->rx.used < IK_BATCH && !*empty; round++)
        n += read_area(q, &q->rx, now, out + n, cap - n, empty, &error);
    q->hint = !*empty;
    return n;
}

bool ik_errq_is_full(const struct ik_errq *q)
{
    return q->n_held >= IK_ERRQ_HELD || q->tx.used >= IK_BATCH;
}

bool ik_errq_drain(struct ik_errq *q, struct ik_now now)
{
    bool empty = false, error = false;
    for (int round = 0; round < ROUNDS && !ik_errq_is_full(q) && !empty; round++)
        q->n_held += read_area(q, &q->tx, now, q->held + q->n_held, IK_ERRQ_HELD - q->n_held,
                               &empty, &error);
    q->hint |= !empty;
    return error;
}
