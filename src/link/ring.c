/* SPDX-License-Identifier: MIT
 * Live capture: a ring of blocks (TPACKET_V3) that the kernel fills and hands over when full or
 * RETIRE_MS old. What rx told of is borrowed from the block at hand, which goes back to the kernel
 * at the first rx after its last frame; so a batch never spans two blocks.
 *
 * A block that is not handed over yet cannot be read, which is why an end is told late: when the
 * interface goes, after what came before; and a stop waits until the counts agree. */
#include "icmpkit/link.h"

#include "base/bytes.h"
#include "link/fails.h"
#include "link/packsock.h"
#include "link/ringfd.h"
#include "link/ringfilter.h"
#include "link/stamp.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    COOKED_BYTES = 20,
    LOOK_EVERY = 100 * 1000 * 1000, /* ns: the drop counter, while frames keep coming */
    STOP_MS = 1000,                 /* longest wait for blocks to be handed over */
    COST = 256,                     /* bytes of the ring that a small frame costs */
};

struct ring {
    struct ik_link link;
    struct ik_ringfd r;
    struct ik_ringfilter filter;
    uint32_t block; /* the one at hand, or the next */
    uint32_t left;  /* frames in it that were not told */
    uint8_t *at;    /* the next of them; NULL: no block is at hand */
    uint64_t told;
    struct ik_capture_stats stats;
    uint32_t drops; /* that no event has told */
    ik_ns looked;   /* when the drop counter was read */
    ik_ns gone;     /* when the interface went; IK_NEVER: it did not */
    ik_ns down_at;  /* when to look again whether that can be told, IK_NEVER likewise */
    bool down;      /* that was told */
    struct ik_offset offset;
    struct ik_fails fails;
};

static struct ring *ring(struct ik_link *l)
{
    return (struct ring *)l;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* The kernel aligns blocks to pages and frames in them to 8 bytes. */
static struct tpacket_block_desc *block(const struct ring *r, uint32_t i)
{
    void *at = r->r.map + (size_t)i * IK_RING_BLOCK_BYTES;
    return at;
}

/* Handed over: what the kernel wrote before it said so is there to be seen. */
static bool is_ours(const struct ring *r, uint32_t i)
{
    const uint32_t *status = &block(r, i)->hdr.bh1.block_status;
    return __atomic_load_n(status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static void take_block(struct ring *r)
{
    if (!is_ours(r, r->block))
        return;
    const struct tpacket_hdr_v1 *head = &block(r, r->block)->hdr.bh1;
    r->left = head->num_pkts;
    r->at = r->r.map + (size_t)r->block * IK_RING_BLOCK_BYTES + head->offset_to_first_pkt;
}

static void give_block_back(struct ring *r)
{
    uint32_t *status = &block(r, r->block)->hdr.bh1.block_status;
    __atomic_store_n(status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    r->block = (r->block + 1) % r->r.blocks;
    r->at = NULL;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* A frame in the ring; there is room for a tag and a cooked header between its description and its
 * bytes (IK_RING_RESERVE). */
struct frame {
    struct tpacket3_hdr head;
    struct sockaddr_ll ll;
    uint8_t *p;
    size_t n;
    uint32_t wire_bytes;
};

static void describe(const struct ring *r, struct frame *f)
{
    memcpy(&f->head, r->at, sizeof(f->head));
    memcpy(&f->ll, r->at + TPACKET_ALIGN(sizeof(f->head)), sizeof(f->ll));
    f->p = r->at + f->head.tp_mac;
    f->n = f->head.tp_snaplen;
    f->wire_bytes = f->head.tp_len;
}

static void grow(struct frame *f, size_t n)
{
    f->p -= n;
    f->n += n;
    f->wire_bytes += (uint32_t)n;
}

static void put_tag(struct frame *f)
{
    if (f->n < 2 * ETH_ALEN) /* snapped before it */
        return;
    (void)ik_packsock_put_tag(f->p, f->head.tp_status, f->head.hv1.tp_vlan_tpid,
                              (uint16_t)f->head.hv1.tp_vlan_tci);
    grow(f, IK_PACKSOCK_TAG_BYTES);
}

/* The header of LINKTYPE_LINUX_SLL2; a tag comes first in what follows it. */
static void put_cooked(struct frame *f)
{
    uint8_t protocol[2]; /* in network order, as it is told */
    memcpy(protocol, &f->ll.sll_protocol, sizeof(protocol));
    if (f->head.tp_status & TP_STATUS_VLAN_VALID) {
        grow(f, IK_PACKSOCK_TAG_BYTES);
        ik_store_be16(f->p, (uint16_t)f->head.hv1.tp_vlan_tci);
        memcpy(f->p + 2, protocol, sizeof(protocol));
        ik_store_be16(protocol, ik_packsock_tag_type(f->head.tp_status, f->head.hv1.tp_vlan_tpid));
    }
    grow(f, COOKED_BYTES);
    memcpy(f->p, protocol, sizeof(protocol));
    ik_store_be16(f->p + 2, 0);
    ik_store_be32(f->p + 4, (uint32_t)f->ll.sll_ifindex);
    ik_store_be16(f->p + 8, f->ll.sll_hatype);
    f->p[10] = f->ll.sll_pkttype;
    f->p[11] = f->ll.sll_halen;
    memcpy(f->p + 12, f->ll.sll_addr, sizeof(f->ll.sll_addr));
}

static void complete(const struct ring *r, struct frame *f)
{
    if (r->link.medium == IK_MEDIUM_COOKED)
        put_cooked(f);
    else if (r->link.medium == IK_MEDIUM_ETHER && f->head.tp_status & TP_STATUS_VLAN_VALID)
        put_tag(f);
    if (r->filter.snap_bytes && f->n > r->filter.snap_bytes)
        f->n = r->filter.snap_bytes;
}

static void tell_frame(struct ring *r, struct ik_now now, struct ik_event *out)
{
    struct frame f;
    describe(r, &f);
    complete(r, &f);
    const ik_ns real = (ik_ns)f.head.tp_sec * IK_NS_PER_S + f.head.tp_nsec;
    *out = (struct ik_event){
        .kind = IK_EV_FRAME,
        .at = {now.mono, IK_CLOCK_USER},
        .frame = {.medium = r->link.medium,
                  .bytes = {f.p, f.n},
                  .meta = {.known = IK_KNOW_IFINDEX, .ifindex = (uint32_t)f.ll.sll_ifindex}},
        .captured = {.real = real,
                     .wire_bytes = f.wire_bytes,
                     .outgoing = f.ll.sll_pkttype == PACKET_OUTGOING,
                     .checksum_left = f.head.tp_status & TP_STATUS_CSUMNOTREADY}};
    if (ik_offset_convert(&r->offset, now, real, &out->at.mono))
        out->at.clock = IK_CLOCK_KERNEL;
}

static size_t tell_frames(struct ring *r, struct ik_now now, struct ik_event *out, size_t cap)
{
    size_t n = 0;
    while (n < cap && r->left) {
        uint32_t next;
        tell_frame(r, now, &out[n++]);
        memcpy(&next, r->at, sizeof(next)); /* tp_next_offset; 0 in the last one */
        r->at += next;
        r->left--;
        r->told++;
    }
    return n;
}

/* ---- what else there is to tell -------------------------------------------------------------- */

/* Reading the kernel's counts sets them to zero. */
static void look_at_counts(struct ring *r)
{
    struct tpacket_stats_v3 fresh = {0};
    socklen_t len = sizeof(fresh);
    if (getsockopt(r->r.fd, SOL_PACKET, PACKET_STATISTICS, &fresh, &len))
        return;
    r->stats.received += fresh.tp_packets - fresh.tp_drops;
    r->stats.dropped += fresh.tp_drops;
    r->drops += fresh.tp_drops;
}

static size_t tell_drops(struct ring *r, struct ik_now now, struct ik_event *out)
{
    if (!r->at || now.mono - r->looked > LOOK_EVERY) {
        r->looked = now.mono;
        look_at_counts(r);
    }
    if (!r->drops)
        return 0;
    *out = (struct ik_event){.kind = IK_EV_DROPS, .drops = r->drops};
    r->drops = 0;
    return 1;
}

static bool has_gone(const struct ring *r)
{
    int error = 0;
    socklen_t len = sizeof(error);
    return !getsockopt(r->r.fd, SOL_SOCKET, SO_ERROR, &error, &len) && error;
}

/* With no block at hand and the counts just read. */
static size_t tell_down(struct ring *r, struct ik_now now, struct ik_event *out)
{
    if (r->gone == IK_NEVER && has_gone(r))
        r->gone = now.mono;
    if (r->gone == IK_NEVER)
        return 0;
    if (r->told < r->stats.received && now.mono - r->gone < STOP_MS * IK_NS_PER_MS) {
        r->down_at = now.mono + IK_RING_RETIRE_MS * IK_NS_PER_MS;
        return 0;
    }
    r->down = true;
    *out = (struct ik_event){.kind = IK_EV_DOWN};
    return 1;
}

static size_t ring_rx(struct ik_link *l, struct ik_now now, struct ik_event *out, size_t cap)
{
    struct ring *r = ring(l);
    if (!cap || r->down)
        return 0;
    ik_offset_look(&r->offset, now);
    if (r->at && !r->left)
        give_block_back(r);
    if (!r->at)
        take_block(r);
    size_t n = ik_fails_tell(&r->fails, out, cap);
    n += tell_frames(r, now, out + n, cap - n);
    if (n < cap)
        n += tell_drops(r, now, out + n);
    if (!r->at)
        ik_offset_settle(&r->offset, now);
    if (!r->at && n < cap)
        n += tell_down(r, now, out + n);
    return n;
}

/* ---- the rest of the contract ---------------------------------------------------------------- */

static size_t ring_tx(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n)
{
    struct ring *r = ring(l);
    size_t at = 0;
    (void)now;
    while (at < n && !ik_fails_is_full(&r->fails))
        ik_fails_put(&r->fails, in[at++].key, IK_E_UNSUPPORTED);
    return at;
}

static int ring_fd(const struct ik_link *l)
{
    return ((const struct ring *)l)->r.fd;
}

static ik_ns ring_next(const struct ik_link *l)
{
    const struct ring *r = (const struct ring *)l;
    if (r->down)
        return IK_NEVER;
    return r->left || r->drops || !ik_fails_is_empty(&r->fails) ? 0 : r->down_at;
}

static uint32_t ring_in_flight_max(const struct ik_link *l)
{
    return ((const struct ring *)l)->r.blocks * (IK_RING_BLOCK_BYTES / COST);
}

static void ring_close(struct ik_link *l)
{
    struct ring *r = ring(l);
    ik_ringfd_close(&r->r);
    free(r);
}

enum ik_err ik_link_open_capture(struct ik_link **out, const struct ik_capture_cfg *cfg)
{
    static const struct ik_link_ops ops = {
        .rx = ring_rx,
        .tx = ring_tx,
        .fd = ring_fd,
        .next = ring_next,
        .in_flight_max = ring_in_flight_max,
        .close = ring_close,
    };
    struct ring *r = calloc(1, sizeof(*r));
    if (!r)
        return IK_E_NOMEM;
    const enum ik_err err = ik_ringfd_open(&r->r, cfg);
    if (err) {
        free(r);
        return err;
    }
    r->link = (struct ik_link){.ops = &ops, .medium = r->r.medium};
    r->filter = (struct ik_ringfilter){.cooked = r->r.medium == IK_MEDIUM_COOKED,
                                       .direction = cfg->direction,
                                       .snap_bytes = cfg->snap_bytes};
    r->gone = r->down_at = IK_NEVER;
    *out = &r->link;
    return IK_OK;
}

uint16_t ik_link_linktype(const struct ik_link *capture)
{
    switch (capture->medium) {
    case IK_MEDIUM_ETHER:
        return IK_LINKTYPE_ETHERNET;
    case IK_MEDIUM_IP:
        return IK_LINKTYPE_RAW;
    default:
        return IK_LINKTYPE_LINUX_SLL2;
    }
}

enum ik_err ik_link_capture_start(struct ik_link *capture, const struct sock_filter *program,
                                  size_t n)
{
    struct ring *r = ring(capture);
    struct sock_filter code[BPF_MAXINSNS];
    const size_t len = ik_ringfilter_make(code, &r->filter, program, n);
    const enum ik_err err = ik_ringfd_attach(&r->r, code, len);
    /* More than net.core.optmem_max is too much for a filter; the caller's judgement is enough. */
    if (err != IK_E_NOMEM || !n)
        return err;
    return ik_ringfd_attach(&r->r, code, ik_ringfilter_make(code, &r->filter, NULL, 0));
}

/* Frames in blocks that were handed over. */
static uint64_t readable(const struct ring *r)
{
    uint64_t n = r->left;
    uint32_t i = r->at ? r->block + 1 : r->block;
    for (uint32_t seen = r->at ? 1 : 0; seen < r->r.blocks; seen++, i++) {
        if (!is_ours(r, i % r->r.blocks))
            break;
        n += block(r, i % r->r.blocks)->hdr.bh1.num_pkts;
    }
    return n;
}

void ik_link_capture_stop(struct ik_link *capture)
{
    static const struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct timespec millisecond = {.tv_nsec = 1000000};
    struct ring *r = ring(capture);
    if (ik_ringfd_attach(&r->r, nothing, 1))
        return;
    for (int i = 0; i < STOP_MS; i++) {
        look_at_counts(r);
        if (r->told + readable(r) >= r->stats.received)
            break;
        (void)nanosleep(&millisecond, NULL);
    }
}

struct ik_capture_stats ik_link_capture_stats(struct ik_link *capture)
{
    struct ring *r = ring(capture);
    look_at_counts(r);
    return r->stats;
}
