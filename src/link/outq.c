/* SPDX-License-Identifier: MIT
 * Departures of one socket. The identifiers of stamps must follow what the kernel counted: one a
 * frame that left. What it counted for a frame that did not leave differs between versions, so
 * after each failure it is made to begin anew, unless it takes identifiers from us. */
#include "link/outq.h"

#include "link/errmap.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <string.h>

/* Attempts at one frame: further ones only while errors about earlier frames explain the failure.
 */
enum { TRIES = 4 };

void ik_outq_init(struct ik_outq *q)
{
    for (size_t i = 0; i < IK_BATCH; i++)
        q->msgs[i].msg_hdr =
            (struct msghdr){.msg_name = &q->to[i], .msg_iov = &q->iov[i], .msg_iovlen = 1};
    q->n_fails = q->fails_at = 0;
}

static struct ik_addr packet_dst(struct ik_rd packet)
{
    struct ik_addr dst = {0};
    if (packet.left >= 20 && packet.p[0] >> 4 == 4) {
        dst.family = 4;
        memcpy(dst.bytes, packet.p + 16, 4);
    } else if (packet.left >= 40 && packet.p[0] >> 4 == 6) {
        dst.family = 6;
        memcpy(dst.bytes, packet.p + 24, 16);
    }
    return dst;
}

static struct ik_addr frame_dst(const struct ik_outq *q, const struct ik_frame *f)
{
    if (q->medium == IK_MEDIUM_IP && !(f->meta.known & IK_KNOW_DST))
        return packet_dst(f->bytes);
    return f->meta.dst;
}

static void prepare(struct ik_outq *q, size_t i, const struct ik_frame *f, uint32_t id)
{
    enum { BESIDE = IK_KNOW_TTL | IK_KNOW_TCLASS | IK_KNOW_SRC | IK_KNOW_IFINDEX };
    struct msghdr *m = &q->msgs[i].msg_hdr;
    const bool whole = q->medium == IK_MEDIUM_IP;
    const struct ik_addr dst = frame_dst(q, f);
    const uint16_t port = q->medium == IK_MEDIUM_UDP ? f->meta.dport : 0;
    m->msg_namelen = ik_sa_put(&q->to[i], &dst, port, q->scope);
    if (q->flow_label && dst.family == 6)
        q->to[i].v6.sin6_flowinfo = htonl(q->flow_label);
    memcpy(&q->iov[i].iov_base, &f->bytes.p, sizeof(f->bytes.p)); /* sendmsg does not write there */
    q->iov[i].iov_len = f->bytes.left;
    m->msg_control = NULL;
    m->msg_controllen = 0;
    const bool beside = !whole && f->meta.known & BESIDE;
    if (!q->ids && !beside)
        return;
    const struct ik_meta nothing = {0};
    ik_cmsg_put(m, q->control[i], q->family, beside ? &f->meta : &nothing, q->ids ? &id : NULL);
}

/* Frames from..to-1 have left. */
static void note_sent(struct ik_outq *q, struct ik_now now, const struct ik_frame *in, size_t from,
                      size_t to)
{
    for (size_t i = from; q->stamps && i < to; i++)
        ik_stamps_put(&q->errq->stamps, in[i].key, now.mono);
}

/* The frame `at` of n was not sent, or not at once: whether the kernel counted it is unknown. From
 * now on it is told the identifiers, or made to count from 0. */
static void resync(struct ik_outq *q, struct ik_now now, const struct ik_frame *in, size_t at,
                   size_t n)
{
    if (!q->stamps)
        return;
    if (q->takes_ids) {
        q->ids = true;
        for (size_t i = at; i < n; i++)
            prepare(q, i, &in[i], q->errq->stamps.next + (uint32_t)(i - at));
        return;
    }
    ik_errq_drain(q->errq, now);
    const int off = q->stamp_flags & ~SOF_TIMESTAMPING_OPT_ID, on = q->stamp_flags;
    (void)!setsockopt(q->fd, SOL_SOCKET, SO_TIMESTAMPING, &off, sizeof(off));
    (void)!setsockopt(q->fd, SOL_SOCKET, SO_TIMESTAMPING, &on, sizeof(on));
    ik_stamps_restart(&q->errq->stamps);
}

/* What forbade a frame: the kernel says it in the error queue (the path MTU, or that of the
 * interface where paths are probed), else the path MTU is asked for. */
static uint32_t mtu_of(struct ik_outq *q, struct ik_now now, const struct ik_frame *f)
{
    (void)ik_errq_drain(q->errq, now);
    const uint32_t told = q->errq->refused_mtu;
    const struct ik_addr dst = frame_dst(q, f);
    q->errq->refused_mtu = 0;
    return told ? told : q->path_mtu(q->ctx, &dst);
}

static void fail(struct ik_outq *q, struct ik_now now, const struct ik_frame *f, int err)
{
    enum { LARGEST_PAYLOAD = 65507 }; /* beyond it no path helps */
    struct ik_outq_fail *out = &q->fails[q->n_fails++];
    *out = (struct ik_outq_fail){.key = f->key, .err = ik_errmap_send(err)};
    if (out->err == IK_E_TOO_BIG && f->bytes.left <= LARGEST_PAYLOAD)
        out->mtu = mtu_of(q, now, f);
}

static bool is_later(int err)
{
    return err == EAGAIN || err == ENOBUFS || err == ENOMEM || err == EINTR;
}

size_t ik_outq_send(struct ik_outq *q, struct ik_now now, const struct ik_frame *in, size_t n)
{
    n = n < IK_BATCH ? n : IK_BATCH;
    for (size_t i = 0; i < n; i++)
        prepare(q, i, &in[i], q->errq->stamps.next + (uint32_t)i);
    size_t at = 0;
    unsigned tries = 0;
    while (at < n && q->n_fails < IK_BATCH) {
        const int sent = sendmmsg(q->fd, q->msgs + at, (unsigned)(n - at), MSG_DONTWAIT);
        const int err = errno;
        if (sent > 0) {
            note_sent(q, now, in, at, at + (size_t)sent);
            at += (size_t)sent;
            tries = 0;
            if (at < n)
                resync(q, now, in, at, n); /* and once more, for the errno */
            continue;
        }
        const bool explained = q->pending && ik_errq_drain(q->errq, now);
        resync(q, now, in, at, n);
        if (is_later(err))
            break;
        tries++;
        if (q->pending && (tries == 1 || (explained && tries < TRIES)))
            continue;
        if (q->pending && (explained || ik_errq_is_full(q->errq)))
            break; /* errors come faster than we send: not this frame's, but rx has its turn first
                    */
        fail(q, now, &in[at++], err);
        q->errq->stamps.next += q->ids; /* the next frame was prepared with the next number */
        tries = 0;
    }
    return at;
}

size_t ik_outq_tell(struct ik_outq *q, struct ik_event *out, size_t cap)
{
    size_t n = 0;
    while (n < cap && q->fails_at < q->n_fails) {
        const struct ik_outq_fail *f = &q->fails[q->fails_at++];
        out[n++] = (struct ik_event){
            .kind = IK_EV_FAILED, .key = f->key, .failed = {.err = f->err, .mtu = f->mtu}};
    }
    if (q->fails_at == q->n_fails)
        q->n_fails = q->fails_at = 0;
    return n;
}
