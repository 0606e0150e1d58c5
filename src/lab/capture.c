/* SPDX-License-Identifier: MIT
 * The packets of a capture file, which ik_capfile_take reads. */
#include "lab/capture.h"

#include "base/rd.h"
#include "conf/say.h"

#include <icmpkit/wire.h>

#include <stdlib.h>
#include <string.h>

enum { LINKTYPE_RAW_BSD = 12 };

/* The start of the traffic is added to its times. */
#define CENTURY (INT64_C(36525) * 24 * 3600 * IK_NS_PER_S)

struct reading {
    struct ik_conf_fault *fault;
    struct ik_sim_timed_frame *frames;
    size_t n, room;
    struct ik_capfile file;
};

static enum ik_err cut_short(const struct reading *r)
{
    return ik_say_at(r->fault, NULL, "the capture was cut, or is damaged");
}

/* ---- packets --------------------------------------------------------------------------------- */

/* What follows the Ethernet header and VLAN tags, where it is IP. */
static bool strip_ether(struct ik_rd *frame)
{
    const uint8_t *head = ik_rd_take(frame, 14);
    if (!head)
        return false;
    uint16_t type = ik_load_be16(head + 12);
    for (int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); tags++) {
        const uint8_t *tag = ik_rd_take(frame, 4);
        if (!tag)
            return false;
        type = ik_load_be16(tag + 2);
    }
    return type == 0x0800 || type == 0x86dd;
}

static enum ik_err keep(struct reading *r, uint16_t link_type, ik_ns at, struct ik_rd frame)
{
    if (link_type == IK_LINKTYPE_ETHERNET && !strip_ether(&frame))
        return IK_OK;
    if (frame.left == 0)
        return IK_OK;
    if (r->n == IK_CAPTURE_PACKETS_MAX)
        return ik_say_at(r->fault, NULL, "more than %d packets in the capture",
                         IK_CAPTURE_PACKETS_MAX);
    if (r->n == r->room) {
        const size_t room = r->room ? 2 * r->room : 256;
        struct ik_sim_timed_frame *more = realloc(r->frames, room * sizeof(*more));
        if (!more)
            return ik_say_nomem(r->fault);
        r->frames = more;
        r->room = room;
    }
    r->frames[r->n++] = (struct ik_sim_timed_frame){at, frame};
    return IK_OK;
}

static bool is_known(uint16_t link_type)
{
    return link_type == IK_LINKTYPE_ETHERNET || link_type == IK_LINKTYPE_RAW ||
           link_type == LINKTYPE_RAW_BSD || link_type == IK_LINKTYPE_IPV4 ||
           link_type == IK_LINKTYPE_IPV6;
}

static enum ik_err type_refused(const struct reading *r, uint16_t link_type)
{
    return ik_say_at(r->fault, NULL,
                     "the capture is of link type %u: only Ethernet (1) and raw IP (101) are known",
                     link_type);
}

/* ---- files ----------------------------------------------------------------------------------- */

static enum ik_err damaged(const struct reading *r, enum ik_capfile_fault fault)
{
    if (fault == IK_CAPFILE_FAULT_MAGIC)
        return ik_say_at(r->fault, NULL, "no capture file: neither pcap nor pcapng");
    if (fault == IK_CAPFILE_FAULT_INTERFACES)
        return ik_say_at(r->fault, NULL, "more than %d interfaces in the capture",
                         IK_CAPFILE_INTERFACES);
    return cut_short(r);
}

/* A simple packet block has no time, so nothing says when to send it again. */
static enum ik_err packet(struct reading *r, const struct ik_capfile_item *item)
{
    enum { SIMPLE = 3 };
    if (item->time == IK_NEVER)
        return item->block_type == SIMPLE ? IK_OK : cut_short(r);
    if (item->time < INT64_MIN / 2 || item->time > INT64_MAX / 2)
        return cut_short(r);
    return keep(r, item->linktype, item->time, item->bytes);
}

/* What was damaged is not sent as if it were whole. */
static enum ik_err take(struct reading *r, const struct ik_capfile_item *item)
{
    if (item->fault)
        return damaged(r, item->fault);
    if (item->kind == IK_CAPFILE_PACKET)
        return packet(r, item);
    const bool pcap = r->file.format == IK_CAPFILE_PCAP;
    if (item->kind == (pcap ? IK_CAPFILE_SECTION : IK_CAPFILE_INTERFACE) &&
        !is_known(item->linktype))
        return type_refused(r, item->linktype);
    return IK_OK;
}

static enum ik_err read_any(struct reading *r, struct ik_rd in)
{
    struct ik_capfile_item item;
    size_t need;
    if (in.left < 4) /* what was cut there might have been anything */
        return damaged(r, IK_CAPFILE_FAULT_MAGIC);
    ik_capfile_init(&r->file);
    for (;;) {
        const enum ik_err end = ik_capfile_take(&r->file, &in, true, &item, &need);
        if (end == IK_E_NOT_FOUND)
            return IK_OK;
        const enum ik_err err = take(r, &item);
        if (err)
            return err;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct ik_sim_timed_frame *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    /* All lie in one file, whose order is the other key. */
    return (x->packet.p > y->packet.p) - (x->packet.p < y->packet.p);
}

enum ik_err ik_capture_read(struct ik_arena *arena, struct ik_rd bytes,
                            const struct ik_sim_timed_frame **out, size_t *n,
                            struct ik_conf_fault *fault)
{
    struct reading r = {.fault = fault};
    enum ik_err err = read_any(&r, bytes);
    if (!err && r.n > 0) {
        qsort(r.frames, r.n, sizeof(*r.frames), by_time);
        const ik_ns first = r.frames[0].at;
        for (size_t i = 0; i < r.n; i++)
            r.frames[i].at -= first;
        if (r.frames[r.n - 1].at > CENTURY)
            err = ik_say_at(fault, NULL, "the capture is longer than a century");
    }
    struct ik_sim_timed_frame *kept = err ? NULL : ik_arena_array(arena, r.n, sizeof(*kept));
    if (!err && !kept)
        err = ik_say_nomem(fault);
    if (!err) {
        if (r.n)
            memcpy(kept, r.frames, r.n * sizeof(*kept));
        *out = kept;
        *n = r.n;
    }
    free(r.frames);
    return err;
}
