/* SPDX-License-Identifier: MIT
 * pcap: draft-ietf-opsawg-pcap; pcapng: draft-ietf-opsawg-pcapng. Either order of bytes. */
#include "lab/capture.h"

#include "base/rd.h"
#include "lab/say.h"

#include <icmpkit/wire.h>

#include <stdlib.h>
#include <string.h>

enum { INTERFACES_MAX = 64, LINKTYPE_RAW_BSD = 12, LINKTYPE_IPV4 = 228, LINKTYPE_IPV6 = 229 };

/* The start of the traffic is added to its times. */
#define CENTURY (INT64_C(36525) * 24 * 3600 * IK_NS_PER_S)

struct interface {
    uint16_t link_type;
    uint64_t per_second; /* units of its times */
    int64_t offset;      /* seconds that they begin at */
};

struct reading {
    struct ik_lab_fault *fault;
    struct ik_sim_timed_frame *frames;
    size_t n, room;
    bool little; /* order of bytes */
    struct interface interfaces[INTERFACES_MAX];
    uint32_t n_interfaces;
};

static uint16_t load16(const struct reading *r, const uint8_t *p)
{
    return r->little ? (uint16_t)(p[0] | p[1] << 8) : ik_load_be16(p);
}

static uint32_t load32(const struct reading *r, const uint8_t *p)
{
    return r->little ? __builtin_bswap32(ik_load_be32(p)) : ik_load_be32(p);
}

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
           link_type == LINKTYPE_RAW_BSD || link_type == LINKTYPE_IPV4 ||
           link_type == LINKTYPE_IPV6;
}

static enum ik_err type_refused(const struct reading *r, uint16_t link_type)
{
    return ik_say_at(r->fault, NULL,
                     "the capture is of link type %u: only Ethernet (1) and raw IP (101) are known",
                     link_type);
}

/* ---- pcap ------------------------------------------------------------------------------------ */

static enum ik_err read_pcap(struct reading *r, struct ik_rd in, bool nano)
{
    const uint8_t *head = ik_rd_take(&in, 24);
    if (!head)
        return cut_short(r);
    const uint16_t link_type = (uint16_t)(load32(r, head + 20) & 0xffff);
    if (!is_known(link_type))
        return type_refused(r, link_type);
    enum ik_err err = IK_OK;
    while (in.left > 0 && !err) {
        struct ik_rd frame;
        const uint8_t *record = ik_rd_take(&in, 16);
        if (!record || !ik_rd_sub(&in, load32(r, record + 8), &frame))
            return cut_short(r);
        const ik_ns at = load32(r, record) * IK_NS_PER_S +
                         (ik_ns)load32(r, record + 4) * (nano ? 1 : IK_NS_PER_US);
        err = keep(r, link_type, at, frame);
    }
    return err;
}

/* ---- pcapng ---------------------------------------------------------------------------------- */

/* Option if_tsresol: a power of ten, or of two where the high bit is set. */
static bool resolution(uint8_t v, uint64_t *per_second)
{
    uint64_t each = 1;
    if (v & 0x80) {
        if ((v & 0x7f) > 62)
            return false;
        *per_second = UINT64_C(1) << (v & 0x7f);
        return true;
    }
    if (v > 18)
        return false;
    for (unsigned i = 0; i < v; i++)
        each *= 10;
    *per_second = each;
    return true;
}

static enum ik_err interface_options(const struct reading *r, struct ik_rd in, struct interface *i)
{
    enum { IF_TSRESOL = 9, IF_TSOFFSET = 14 };
    while (in.left > 0) {
        struct ik_rd value;
        const uint8_t *head = ik_rd_take(&in, 4);
        if (!head || load16(r, head) == 0)
            break;
        const uint16_t length = load16(r, head + 2);
        if (!ik_rd_sub(&in, length, &value))
            return cut_short(r);
        in = ik_rd_from(in, (4u - length % 4u) % 4u);
        if (load16(r, head) == IF_TSRESOL && length == 1 && !resolution(value.p[0], &i->per_second))
            return cut_short(r);
        if (load16(r, head) == IF_TSOFFSET && length == 8) {
            const uint64_t high = load32(r, value.p + (r->little ? 4 : 0));
            i->offset = (int64_t)(high << 32 | load32(r, value.p + (r->little ? 0 : 4)));
        }
    }
    return IK_OK;
}

static enum ik_err interface_block(struct reading *r, struct ik_rd body)
{
    const uint8_t *head = ik_rd_take(&body, 8);
    if (!head)
        return cut_short(r);
    if (r->n_interfaces == INTERFACES_MAX)
        return ik_say_at(r->fault, NULL, "more than %d interfaces in the capture", INTERFACES_MAX);
    struct interface i = {.link_type = load16(r, head), .per_second = 1000000};
    if (!is_known(i.link_type))
        return type_refused(r, i.link_type);
    const enum ik_err err = interface_options(r, body, &i);
    if (!err)
        r->interfaces[r->n_interfaces++] = i;
    return err;
}

static enum ik_err packet_block(struct reading *r, struct ik_rd body)
{
    struct ik_rd frame;
    const uint8_t *head = ik_rd_take(&body, 20);
    if (!head || !ik_rd_sub(&body, load32(r, head + 12), &frame) ||
        load32(r, head) >= r->n_interfaces)
        return cut_short(r);
    const struct interface *i = &r->interfaces[load32(r, head)];
    const uint64_t units = (uint64_t)load32(r, head + 4) << 32 | load32(r, head + 8);
    const __int128 at =
        (__int128)units * IK_NS_PER_S / i->per_second + (__int128)i->offset * IK_NS_PER_S;
    if (at < INT64_MIN / 2 || at > INT64_MAX / 2)
        return cut_short(r);
    return keep(r, i->link_type, (ik_ns)at, frame);
}

/* The order of bytes stands in the block itself (section 4.1), and its length is in that order. */
static bool section_order(struct reading *r, struct ik_rd in)
{
    if (in.left < 12)
        return false;
    const uint32_t magic = ik_load_be32(in.p + 8);
    r->little = magic == 0x4d3c2b1a;
    r->n_interfaces = 0;
    return r->little || magic == 0x1a2b3c4d;
}

static enum ik_err read_pcapng(struct reading *r, struct ik_rd in)
{
    enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, PACKET = 6 };
    enum ik_err err = IK_OK;
    while (in.left > 0 && !err) {
        struct ik_rd block;
        if (in.left < 12 || (ik_load_be32(in.p) == SECTION && !section_order(r, in)))
            return cut_short(r);
        const uint32_t type = load32(r, in.p), length = load32(r, in.p + 4);
        if (length < 12 || length % 4 != 0 || !ik_rd_sub(&in, length, &block))
            return cut_short(r);
        const struct ik_rd body = {block.p + 8, length - 12};
        if (type == INTERFACE)
            err = interface_block(r, body);
        else if (type == PACKET)
            err = packet_block(r, body);
    }
    return err;
}

/* ---- either ---------------------------------------------------------------------------------- */

static enum ik_err read_any(struct reading *r, struct ik_rd in)
{
    const uint32_t magic = in.left < 4 ? 0 : ik_load_be32(in.p);
    switch (magic) {
    case 0xd4c3b2a1:
    case 0x4d3cb2a1:
        r->little = true;
        return read_pcap(r, in, magic == 0x4d3cb2a1);
    case 0xa1b2c3d4:
    case 0xa1b23c4d:
        return read_pcap(r, in, magic == 0xa1b23c4d);
    case 0x0a0d0d0a:
        return read_pcapng(r, in);
    default:
        return ik_say_at(r->fault, NULL, "no capture file: neither pcap nor pcapng");
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
                            struct ik_lab_fault *fault)
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
