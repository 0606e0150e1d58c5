/* SPDX-License-Identifier: MIT
 * What the socket backends share. */
#include "link/duct.h"

#include "link/sock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the contract ---------------------------------------------------------------------------- */

static struct ik_duct *duct(struct ik_link *l)
{
    return (struct ik_duct *)l;
}

static const struct ik_duct *duct_const(const struct ik_link *l)
{
    return (const struct ik_duct *)l;
}

/* Fills buffers that were told. Returns how many messages were read. */
static size_t read_arrivals(struct ik_duct *d)
{
    size_t n = 0;
    if (d->in_pending)
        return 0;
    for (size_t i = 0; i < d->n_in; i++) {
        ik_inq_read(&d->in[i]);
        n += d->in[i].n;
        d->errq.hint |= d->in[i].error != 0;
    }
    d->in_pending = n > 0;
    return n;
}

static size_t tell_arrivals(struct ik_duct *d, struct ik_now now, struct ik_event *out, size_t cap)
{
    size_t n = 0;
    bool left = false;
    for (size_t i = 0; i < d->n_in; i++) {
        n += ik_inq_tell(&d->in[i], &d->errq.offset, now, out + n, cap - n);
        left |= d->in[i].at < d->in[i].n;
    }
    d->in_pending = left;
    return n;
}

static bool any_full(const struct ik_duct *d)
{
    bool full = false;
    for (size_t i = 0; i < d->n_in; i++)
        full |= d->in[i].full;
    return full;
}

static size_t tell_drops(struct ik_duct *d, struct ik_now now, struct ik_event *out)
{
    uint32_t drops = 0;
    for (size_t i = 0; i < d->n_in; i++)
        drops += ik_drops_look(&d->drops[i], now, d->messages, any_full(d));
    d->messages = 0;
    if (!drops)
        return 0;
    *out = (struct ik_event){.kind = IK_EV_DROPS, .drops = drops};
    return 1;
}

static size_t tell_down(struct ik_duct *d, struct ik_event *out)
{
    for (size_t i = 0; i < d->n_in && !d->down; i++)
        d->down = d->in[i].error == ENETDOWN;
    if (!d->down)
        return 0;
    *out = (struct ik_event){.kind = IK_EV_DOWN};
    return 1;
}

static size_t duct_rx(struct ik_link *l, struct ik_now now, struct ik_event *out, size_t cap)
{
    struct ik_duct *d = duct(l);
    if (!cap || d->down)
        return 0;
    ik_offset_look(&d->errq.offset, now);
    ik_errq_release(&d->errq);
    size_t n = ik_outq_tell(&d->out, out, cap);
    n += ik_errq_tell_held(&d->errq, out + n, cap - n);
    d->messages += read_arrivals(d);
    bool empty = true;
    /* A wake-up without arrivals can only be the error queue's. */
    if (d->errq.stamps.awaited || d->errq.hint || !d->in_pending)
        n += ik_errq_tell(&d->errq, now, out + n, cap - n, &empty);
    d->messages += d->errq.read;
    d->errq.read = 0;
    if (empty && n < cap)
        n += tell_arrivals(d, now, out + n, cap - n);
    if (n == cap || d->in_pending)
        return n;
    n += tell_drops(d, now, out + n);
    if (empty && !any_full(d))
        ik_offset_settle(&d->errq.offset, now);
    if (n < cap)
        n += tell_down(d, out + n);
    return n;
}

static size_t duct_tx(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n)
{
    struct ik_duct *d = duct(l);
    ik_offset_look(&d->errq.offset, now);
    return ik_outq_send(&d->out, now, in, n);
}

static int duct_fd(const struct ik_link *l)
{
    return duct_const(l)->fd;
}

/* What tx found out is told by the next rx, and no descriptor shows it. */
static ik_ns duct_next(const struct ik_link *l)
{
    const struct ik_duct *d = duct_const(l);
    const bool held =
        d->in_pending || d->out.fails_at < d->out.n_fails || d->errq.held_at < d->errq.n_held;
    return held && !d->down ? 0 : IK_NEVER;
}

static uint32_t duct_in_flight_max(const struct ik_link *l)
{
    return duct_const(l)->in_flight;
}

void ik_duct_plan_close(const struct ik_duct_plan *plan)
{
    for (size_t i = 0; i < plan->n_in; i++)
        if (plan->in_fd[i] >= 0 && plan->in_fd[i] != plan->out_fd)
            close(plan->in_fd[i]);
    if (plan->fd >= 0 && plan->fd != plan->out_fd)
        close(plan->fd);
    if (plan->out_fd >= 0)
        close(plan->out_fd);
}

static void duct_free(struct ik_duct *d)
{
    for (size_t i = 0; i < IK_DUCT_INS; i++)
        free(d->in[i].buffers);
    free(d->errq.rx.buffers);
    free(d->errq.tx.buffers);
    free(d->errq.stamps.ring);
    free(d);
}

static void duct_close(struct ik_link *l)
{
    struct ik_duct *d = duct(l);
    struct ik_duct_plan plan = {.out_fd = d->out.fd, .n_in = d->n_in, .fd = d->fd};
    for (size_t i = 0; i < d->n_in; i++)
        plan.in_fd[i] = d->in[i].fd;
    ik_duct_plan_close(&plan);
    duct_free(d);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* How many answers, each with the stamp of its request, the buffer holds at least. Small ones cost
 * some 800 bytes on loopback and veth; a driver that receives into pages of its own may charge 2304
 * for each fragment, and a stamp costs less than 1024. A raw socket may get an error twice. */
static uint32_t in_flight(const struct ik_duct *d)
{
    enum { FRAGMENT_COST = 2304, FRAGMENT_BYTES = 1280, STAMP_COST = 1024 };
    const uint32_t fragments = 1 + d->cfg.max_bytes / (FRAGMENT_BYTES + 256);
    const bool twice = d->out.pending && !d->errq.bytes;
    const uint32_t each = (fragments + twice) * FRAGMENT_COST + (d->out.stamps ? STAMP_COST : 0);
    const uint32_t n = d->rcvbuf_bytes / each;
    return n ? n : 1;
}

static uint32_t path_mtu(void *ctx, const struct ik_addr *dst)
{
    return ik_sock_path_mtu(ctx, dst);
}

static bool allocate(struct ik_duct *d, const struct ik_duct_plan *plan)
{
    const uint32_t bytes = ik_inq_buffer_bytes(d->cfg.max_bytes);
    const uint32_t frames = d->cfg.queue ? d->cfg.queue : 65536;
    bool ok = true;
    for (size_t i = 0; i < plan->n_in; i++) {
        d->in[i].buffer_bytes = bytes;
        d->in[i].buffers = malloc((size_t)bytes * IK_BATCH);
        ok &= d->in[i].buffers != NULL;
    }
    if (plan->errors) {
        d->errq.buffer_bytes = bytes;
        d->errq.rx.buffers = malloc((size_t)bytes * IK_BATCH);
        d->errq.tx.buffers = malloc((size_t)bytes * IK_BATCH);
        ok &= d->errq.rx.buffers && d->errq.tx.buffers;
    }
    void *ring = calloc(1, ik_stamps_bytes(frames));
    if (ring)
        ik_stamps_init(&d->errq.stamps, ring, frames);
    return ok && ring;
}

static void wire_in(struct ik_duct *d, const struct ik_duct_plan *plan)
{
    d->n_in = plan->n_in;
    for (size_t i = 0; i < plan->n_in; i++) {
        struct ik_inq *q = &d->in[i];
        q->fd = plan->in_fd[i];
        q->family = d->cfg.family;
        q->medium = plan->in[i];
        q->stamps = plan->stamping.flags != 0;
        q->hardware = plan->stamping.hardware;
        ik_inq_init(q);
        ik_drops_init(&d->drops[i], q->fd, ik_sock_rcvbuf_bytes(q->fd), d->cfg.max_bytes);
    }
}

static enum ik_err wire_out(struct ik_duct *d, const struct ik_duct_plan *plan)
{
    d->errq.fd = plan->out_fd;
    d->errq.medium = plan->out;
    d->errq.bytes = plan->errors;
    d->errq.hardware = plan->stamping.hardware;
    ik_errq_init(&d->errq);
    struct ik_outq *q = &d->out;
    q->fd = plan->out_fd;
    q->family = d->cfg.family;
    q->medium = plan->out;
    q->stamps = plan->stamping.flags != 0;
    q->takes_ids = plan->stamping.ids;
    q->stamp_flags = plan->stamping.flags;
    q->pending = plan->pending || d->cfg.connect;
    q->flow_label = d->cfg.flow_label > 0 ? (uint32_t)d->cfg.flow_label & 0xfffff : 0;
    q->errq = &d->errq;
    q->path_mtu = path_mtu;
    q->ctx = &d->cfg;
    ik_outq_init(q);
    return ik_sock_ifindex(&d->cfg, &q->scope);
}

static void keep_cfg(struct ik_duct *d, const struct ik_link_cfg *cfg)
{
    d->cfg = *cfg;
    d->cfg.ip_options = (struct ik_rd){0};
    if (!cfg->interface)
        return;
    strncpy(d->interface, cfg->interface, sizeof(d->interface) - 1);
    d->cfg.interface = d->interface;
}

enum ik_err ik_duct_open(struct ik_link **out, const struct ik_link_cfg *cfg,
                         const struct ik_duct_plan *plan)
{
    static const struct ik_link_ops ops = {
        .rx = duct_rx,
        .tx = duct_tx,
        .fd = duct_fd,
        .next = duct_next,
        .in_flight_max = duct_in_flight_max,
        .close = duct_close,
    };
    enum ik_err err = IK_E_NOMEM;
    struct ik_duct *d = calloc(1, sizeof(*d));
    if (!d)
        goto fail_fds;
    keep_cfg(d, cfg);
    if (!allocate(d, plan))
        goto fail;
    wire_in(d, plan);
    err = wire_out(d, plan);
    if (err)
        goto fail;
    d->link = (struct ik_link){.ops = &ops, .medium = plan->out, .family = cfg->family};
    d->fd = plan->fd >= 0 ? plan->fd : plan->out_fd;
    d->ident = plan->ident;
    d->source = cfg->source;
    if (!d->source.family && cfg->peer.family == cfg->family)
        d->source = ik_sock_source(cfg, &cfg->peer);
    d->rcvbuf_bytes = ik_sock_rcvbuf_bytes(plan->in_fd[0]);
    d->in_flight = in_flight(d);
    *out = &d->link;
    return IK_OK;
fail:
    duct_free(d);
fail_fds:
    ik_duct_plan_close(plan);
    return err;
}

uint16_t ik_link_ident(const struct ik_link *l)
{
    return duct_const(l)->ident;
}

struct ik_addr ik_link_source(const struct ik_link *l)
{
    return duct_const(l)->source;
}

uint32_t ik_link_rcvbuf_bytes(const struct ik_link *l)
{
    return duct_const(l)->rcvbuf_bytes;
}
