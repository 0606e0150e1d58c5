/* SPDX-License-Identifier: MIT
 * Reading draft-ietf-opsawg-pcapng: blocks, each with its length before and after it. */
#include "wire/capfile_int.h"

#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET_OLD = 2,
    BLOCK_PACKET_SIMPLE = 3,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BLOCK_LEAST = 12, /* type and both lengths */
    ORDER_MAGIC = 0x1a2b3c4d,
    MAJOR = 1,
    DEFAULT_PER_S = 1000000,
};

enum {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_NAME = 2, /* of an interface: */
    OPTION_RESOLUTION = 9,
    OPTION_OFFSET = 14,
    OPTION_RECEIVED = 4, /* in statistics: */
    OPTION_DROPPED = 5,
    OPTION_DROPPED_BY_SYSTEM = 7,
};

/* A block that is being read; `cut`: the file ends inside it. */
struct block {
    const struct ik_capfile *c;
    struct ik_capfile_item *out;
    struct ik_rd body;
    bool cut;
};

static void note(struct block *b, enum ik_capfile_fault fault)
{
    ik_capfile_note(b->out, b->cut ? IK_CAPFILE_FAULT_TRUNCATED : fault);
}

/* ---- options --------------------------------------------------------------------------------- */

/* Takes the next option. False at the end of the list, or where the rest can be none. */
static bool take_option(struct block *b, uint16_t *code, struct ik_rd *value)
{
    const uint8_t *head = ik_rd_take(&b->body, 4);
    if (!head)
        return false;
    *code = ik_capfile_load16(b->c, head);
    const uint16_t length = ik_capfile_load16(b->c, head + 2);
    if (*code == OPTION_END)
        return false;
    if (!ik_rd_sub(&b->body, length, value)) {
        note(b, IK_CAPFILE_FAULT_OPTION);
        return false;
    }
    b->body = ik_rd_from(b->body, (4u - length % 4u) % 4u);
    return true;
}

static void take_comment(struct block *b, uint16_t code, struct ik_rd value)
{
    if (code == OPTION_COMMENT && b->out->comment.left == 0)
        b->out->comment = value;
}

static void comments(struct block *b)
{
    uint16_t code;
    struct ik_rd value;
    while (take_option(b, &code, &value))
        take_comment(b, code, value);
}

/* if_tsresol: a power of ten, or of two where the high bit is set. 0: no 64 bits hold it. */
static uint64_t resolution(uint8_t v)
{
    uint64_t each = 1;
    if (v & 0x80)
        return (v & 0x7f) < 64 ? UINT64_C(1) << (v & 0x7f) : 0;
    for (unsigned i = 0; i < v; i++)
        if (__builtin_mul_overflow(each, (uint64_t)10, &each))
            return 0;
    return each;
}

/* if_tsoffset: seconds. */
static bool offset(uint64_t seconds, ik_ns *out)
{
    return !__builtin_mul_overflow((int64_t)seconds, IK_NS_PER_S, out);
}

/* A value that we cannot work with leaves its packets without times, which is better than times
 * that are wrong. */
static void interface_option(struct block *b, struct ik_capfile_interface *i, uint16_t code,
                             struct ik_rd value)
{
    bool sound = true;
    if (code == OPTION_NAME) {
        b->out->name = value;
        i->name_bytes = (uint8_t)ik_rd_head(value, sizeof(i->name)).left;
        memcpy(i->name, value.p, i->name_bytes);
    } else if (code == OPTION_RESOLUTION) {
        i->per_s = value.left == 1 ? resolution(value.p[0]) : 0;
        sound = i->per_s > 0;
    } else if (code == OPTION_OFFSET) {
        sound = value.left == 8 && offset(ik_capfile_load64(b->c, value.p), &i->offset);
        if (!sound)
            i->per_s = 0;
    }
    if (!sound)
        note(b, IK_CAPFILE_FAULT_OPTION);
}

static void add(uint64_t *sum, uint64_t more)
{
    if (*sum == UINT64_MAX)
        *sum = 0;
    if (__builtin_add_overflow(*sum, more, sum))
        *sum = UINT64_MAX - 1;
}

static void statistics_option(struct block *b, uint16_t code, struct ik_rd value)
{
    const bool known =
        code == OPTION_RECEIVED || code == OPTION_DROPPED || code == OPTION_DROPPED_BY_SYSTEM;
    if (known && value.left != 8)
        note(b, IK_CAPFILE_FAULT_OPTION);
    else if (known)
        add(code == OPTION_RECEIVED ? &b->out->received : &b->out->dropped,
            ik_capfile_load64(b->c, value.p));
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Takes the fixed part. A block that is too short for its own is left as bytes. */
static const uint8_t *take_fixed(struct block *b, enum ik_capfile_kind kind, size_t n)
{
    const uint8_t *at = ik_rd_take(&b->body, n);
    if (at)
        b->out->kind = kind;
    else
        note(b, IK_CAPFILE_FAULT_LENGTH);
    return at;
}

static enum ik_err section(struct ik_capfile *c, struct block *b)
{
    const uint8_t *at = take_fixed(b, IK_CAPFILE_SECTION, 16);
    c->n_interfaces = 0;
    if (at && ik_capfile_load16(c, at + 4) != MAJOR) {
        b->out->fault = IK_CAPFILE_FAULT_VERSION;
        return IK_E_VERSION;
    }
    comments(b);
    return IK_OK;
}

/* One that is damaged counts too, since packets name interfaces by their number. */
static void interface(struct ik_capfile *c, struct block *b)
{
    struct ik_capfile_interface i = {.linktype = UINT16_MAX, .per_s = DEFAULT_PER_S};
    uint16_t code;
    struct ik_rd value;
    const uint8_t *at = take_fixed(b, IK_CAPFILE_INTERFACE, 8);
    if (at) {
        i.linktype = ik_capfile_load16(c, at);
        i.snap_bytes = ik_capfile_load32(c, at + 4);
        while (take_option(b, &code, &value)) {
            take_comment(b, code, value);
            interface_option(b, &i, code, value);
        }
    }
    b->out->interface = c->n_interfaces;
    b->out->linktype = i.linktype;
    b->out->snap_bytes = i.snap_bytes;
    if (c->n_interfaces < IK_CAPFILE_INTERFACES)
        c->interfaces[c->n_interfaces] = i;
    else
        note(b, IK_CAPFILE_FAULT_INTERFACES);
    c->n_interfaces += c->n_interfaces < UINT32_MAX;
}

/* The interface of a packet, NULL (noted) when it is not known. */
static const struct ik_capfile_interface *interface_of(struct block *b, uint32_t number)
{
    b->out->interface = number;
    if (number >= b->c->n_interfaces || number >= IK_CAPFILE_INTERFACES) {
        ik_capfile_note(b->out, IK_CAPFILE_FAULT_INTERFACE);
        return NULL;
    }
    const struct ik_capfile_interface *i = &b->c->interfaces[number];
    b->out->linktype = i->linktype;
    b->out->name = (struct ik_rd){(const uint8_t *)i->name, i->name_bytes};
    return i;
}

/* The bytes of a packet, padded to 32 bits, and what is behind them. */
static void packet_bytes(struct block *b, uint32_t captured, uint32_t wire)
{
    b->out->bytes = ik_rd_head(b->body, captured);
    b->out->wire_bytes = wire;
    if (captured > b->body.left || captured > wire)
        note(b, IK_CAPFILE_FAULT_CAPLEN);
    b->body = ik_rd_from(b->body, ((size_t)captured + 3) / 4 * 4);
    comments(b);
}

/* Both the block of today and the one before it, whose number of the interface has 16 bits. */
static void packet(struct block *b, bool old)
{
    const uint8_t *at = take_fixed(b, IK_CAPFILE_PACKET, 20);
    if (!at)
        return;
    const struct ik_capfile_interface *i =
        interface_of(b, old ? ik_capfile_load16(b->c, at) : ik_capfile_load32(b->c, at));
    const uint64_t units =
        (uint64_t)ik_capfile_load32(b->c, at + 4) << 32 | ik_capfile_load32(b->c, at + 8);
    if (i)
        b->out->time = ik_capfile_time(i, units);
    packet_bytes(b, ik_capfile_load32(b->c, at + 12), ik_capfile_load32(b->c, at + 16));
}

/* It has no length of its own: that follows from the interface, which is the first (section 4.4).
 */
static void packet_simple(struct block *b)
{
    const uint8_t *at = take_fixed(b, IK_CAPFILE_PACKET, 4);
    if (!at)
        return;
    const struct ik_capfile_interface *i = interface_of(b, 0);
    const uint32_t wire = ik_capfile_load32(b->c, at);
    packet_bytes(b, i && i->snap_bytes && i->snap_bytes < wire ? i->snap_bytes : wire, wire);
}

static void statistics(struct block *b)
{
    uint16_t code;
    struct ik_rd value;
    const uint8_t *at = take_fixed(b, IK_CAPFILE_STATS, 12);
    if (!at)
        return;
    interface_of(b, ik_capfile_load32(b->c, at));
    while (take_option(b, &code, &value)) {
        take_comment(b, code, value);
        statistics_option(b, code, value);
    }
}

static enum ik_err dispatch(struct ik_capfile *c, struct block *b)
{
    switch (b->out->block_type) {
    case BLOCK_SECTION:
        return section(c, b);
    case BLOCK_INTERFACE:
        interface(c, b);
        return IK_OK;
    case BLOCK_PACKET_OLD:
    case BLOCK_PACKET:
        packet(b, b->out->block_type == BLOCK_PACKET_OLD);
        return IK_OK;
    case BLOCK_PACKET_SIMPLE:
        packet_simple(b);
        return IK_OK;
    case BLOCK_STATISTICS:
        statistics(b);
        return IK_OK;
    default:
        return IK_OK;
    }
}

/* The order of bytes stands in the section itself (section 4.1), and its length is in that order.
 */
static bool section_order(struct ik_capfile *c, const uint8_t *at)
{
    const uint32_t magic = ik_load_be32(at + 8);
    c->big_endian = magic == ORDER_MAGIC;
    return c->big_endian || __builtin_bswap32(magic) == ORDER_MAGIC;
}

/* A length that is no multiple of 4 is believed when the one behind the padding says the same. */
static bool trailer_judge(struct ik_capfile_item *out, uint32_t length, uint32_t behind)
{
    if (length % 4) {
        ik_capfile_note(out, IK_CAPFILE_FAULT_LENGTH);
        return behind == length || behind == (length + 3) / 4 * 4;
    }
    if (behind != length)
        ik_capfile_note(out, IK_CAPFILE_FAULT_TRAILER);
    return true;
}

enum ik_err ik_capfile_ng_take(const struct ik_capfile_call *call)
{
    struct ik_capfile *c = call->c;
    struct ik_rd *in = call->in;
    if (in->left < BLOCK_LEAST)
        return ik_capfile_short(call, BLOCK_LEAST);
    const uint8_t *at = in->p;
    if (ik_load_be32(at) == BLOCK_SECTION && !section_order(c, at))
        return ik_capfile_fail(call, IK_CAPFILE_FAULT_MAGIC, IK_E_VALUE);
    const uint32_t length = ik_capfile_load32(c, at + 4);
    if (length < BLOCK_LEAST)
        return ik_capfile_fail(call, IK_CAPFILE_FAULT_LENGTH, IK_E_LENGTH);
    if (length > IK_CAPFILE_BLOCK_MAX)
        return ik_capfile_fail(call, IK_CAPFILE_FAULT_TOO_BIG, IK_E_TOO_BIG);
    const size_t whole = ((size_t)length + 3) / 4 * 4;
    struct block b = {.c = c, .out = call->out, .cut = in->left < whole};
    if (b.cut && !call->end)
        return ik_capfile_short(call, whole);
    ik_capfile_begin(call, IK_CAPFILE_OTHER);
    b.body = ik_rd_from(ik_rd_head(*in, whole - 4), 8);
    b.out->block_type = ik_capfile_load32(c, at);
    b.out->bytes = b.body;
    if (b.cut)
        note(&b, IK_CAPFILE_FAULT_TRUNCATED);
    else if (!trailer_judge(b.out, length, ik_capfile_load32(c, at + whole - 4)))
        return IK_E_LENGTH;
    *in = ik_rd_from(*in, whole);
    const enum ik_err err = dispatch(c, &b);
    return err ? err : b.cut ? IK_E_SHORT : IK_OK;
}
