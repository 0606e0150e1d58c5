/* SPDX-License-Identifier: MIT
 * Capture files: which format it is, and what both have in common. */
#include "wire/capfile_int.h"

#include <string.h>

enum {
    MAGIC_MICRO = 0xa1b2c3d4,
    MAGIC_NANO = 0xa1b23c4d,
    MAGIC_NG = 0x0a0d0d0a, /* the same from either end */
};

/* Values of BSD systems in their own files, for what is 101 elsewhere. */
enum { RAW_BSD = 12, RAW_OPENBSD = 14 };

const char *ik_linktype_name(uint16_t linktype)
{
    switch (linktype) {
#define X(value, id, name, text) \
    case value:                  \
        return name;
        IK_LINKTYPES(X)
#undef X
    case RAW_BSD:
    case RAW_OPENBSD:
        return "raw";
    default:
        return NULL;
    }
}

static const struct {
    const char *name, *text;
} faults[] = {
#define X(id, name, text) [IK_CAPFILE_FAULT_##id] = {name, text},
    IK_CAPFILE_FAULTS(X)
#undef X
};

const char *ik_capfile_fault_name(enum ik_capfile_fault f)
{
    return f < sizeof(faults) / sizeof(*faults) ? faults[f].name : "unknown";
}

const char *ik_capfile_fault_text(enum ik_capfile_fault f)
{
    return f < sizeof(faults) / sizeof(*faults) ? faults[f].text : "unknown fault";
}

/* ---- for the formats ------------------------------------------------------------------------- */

void ik_capfile_begin(const struct ik_capfile_call *call, enum ik_capfile_kind kind)
{
    /* For every packet: member by member, because a struct that is initialised as a whole is
     * cleared first, which takes longer than all of this. */
    struct ik_capfile_item *out = call->out;
    const struct ik_rd none = ik_rd_head(*call->in, 0);
    out->kind = kind;
    out->fault = IK_CAPFILE_FAULT_NONE;
    out->at_bytes = call->c->at_bytes;
    out->interface = 0;
    out->linktype = UINT16_MAX;
    out->time = IK_NEVER;
    out->bytes = out->name = out->comment = none;
    out->wire_bytes = out->snap_bytes = out->block_type = 0;
    out->received = out->dropped = UINT64_MAX;
}

enum ik_err ik_capfile_fail(const struct ik_capfile_call *call, enum ik_capfile_fault fault,
                            enum ik_err err)
{
    ik_capfile_begin(call, IK_CAPFILE_OTHER);
    call->out->fault = fault;
    return err;
}

enum ik_err ik_capfile_short(const struct ik_capfile_call *call, size_t n)
{
    if (!call->end) {
        *call->need_bytes = n;
        return IK_E_AGAIN;
    }
    const enum ik_err err = ik_capfile_fail(call, IK_CAPFILE_FAULT_TRUNCATED, IK_E_SHORT);
    call->out->bytes = *call->in;
    return err;
}

ik_ns ik_capfile_time(const struct ik_capfile_interface *i, uint64_t units)
{
    enum { S = 1000000000, US = 1000 };
    uint64_t at = units;
    bool fits = i->per_s != 0;
    if (i->per_s == S / US) {
        fits = !__builtin_mul_overflow(units, (uint64_t)US, &at);
    } else if (fits && i->per_s != S) {
        const uint64_t part = (uint64_t)((unsigned __int128)(units % i->per_s) * S / i->per_s);
        fits = !__builtin_mul_overflow(units / i->per_s, (uint64_t)S, &at) &&
               !__builtin_add_overflow(at, part, &at);
    }
    ik_ns time;
    if (!fits || at > INT64_MAX || __builtin_add_overflow((ik_ns)at, i->offset, &time))
        return IK_NEVER;
    return time;
}

/* ---- the reader ------------------------------------------------------------------------------ */

void ik_capfile_init(struct ik_capfile *c)
{
    c->format = IK_CAPFILE_UNKNOWN;
    c->big_endian = false;
    c->ended = false;
    c->minor = 0;
    c->at_bytes = 0;
    c->n_interfaces = 0;
}

static enum ik_err first(const struct ik_capfile_call *call)
{
    if (call->in->left < 4)
        return ik_capfile_short(call, 4);
    const uint32_t magic = ik_load_be32(call->in->p), other = __builtin_bswap32(magic);
    if (magic == MAGIC_NG) {
        const enum ik_err err = ik_capfile_ng_take(call);
        if (err != IK_E_AGAIN)
            call->c->format = IK_CAPFILE_PCAPNG;
        return err;
    }
    call->c->big_endian = magic == MAGIC_MICRO || magic == MAGIC_NANO;
    if (!call->c->big_endian && other != MAGIC_MICRO && other != MAGIC_NANO)
        return ik_capfile_fail(call, IK_CAPFILE_FAULT_MAGIC, IK_E_VALUE);
    return ik_capfile_pcap_header(call, magic == MAGIC_NANO || other == MAGIC_NANO);
}

static enum ik_err next(const struct ik_capfile_call *call)
{
    switch (call->c->format) {
    case IK_CAPFILE_PCAP:
        return ik_capfile_pcap_take(call);
    case IK_CAPFILE_PCAPNG:
        return ik_capfile_ng_take(call);
    default:
        return first(call);
    }
}

enum ik_err ik_capfile_take(struct ik_capfile *c, struct ik_rd *in, bool end,
                            struct ik_capfile_item *out, size_t *need_bytes)
{
    const size_t before = in->left;
    const struct ik_capfile_call call = {c, in, end, out, need_bytes};
    enum ik_err err = IK_E_NOT_FOUND;
    if (!c->ended && (in->left > 0 || !end || c->format == IK_CAPFILE_UNKNOWN)) {
        err = next(&call);
        c->ended = err && err != IK_E_AGAIN;
    }
    if (c->ended)
        *in = ik_rd_from(*in, in->left);
    c->at_bytes += before - in->left;
    return err;
}
