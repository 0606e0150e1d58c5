/* SPDX-License-Identifier: MIT
 * Walks a layout table in either direction. */
#include "wire/layout.h"

#include "wire/fault.h"

/* Octets that a field has on the wire, 0 for the rest of the input. */
static size_t wire_bytes(const struct ik_field *f)
{
    switch (f->form) {
    case IK_FIELD_ADDR4:
        return 4;
    case IK_FIELD_ADDR6:
        return 16;
    case IK_FIELD_REST:
        return 0;
    default:
        return f->size;
    }
}

size_t ik_layout_bytes(const struct ik_field *fields)
{
    size_t n = 0;
    for (const struct ik_field *f = fields; f->form != IK_FIELD_END; f++)
        n += wire_bytes(f);
    return n;
}

/* Copies through a variable of the member's type: the wire may lie anywhere. */
static void load(const struct ik_field *f, uint8_t *member, const uint8_t *p)
{
    struct ik_addr addr = {.family = f->form == IK_FIELD_ADDR4 ? 4 : 6};
    uint64_t v64;
    uint32_t v32;
    uint16_t v16;
    switch (f->form) {
    case IK_FIELD_U16:
        v16 = ik_load_be16(p);
        memcpy(member, &v16, sizeof(v16));
        break;
    case IK_FIELD_U32:
        v32 = ik_load_be32(p);
        memcpy(member, &v32, sizeof(v32));
        break;
    case IK_FIELD_U64:
        v64 = ik_load_be64(p);
        memcpy(member, &v64, sizeof(v64));
        break;
    case IK_FIELD_ADDR4:
    case IK_FIELD_ADDR6:
        memcpy(addr.bytes, p, wire_bytes(f));
        memcpy(member, &addr, sizeof(addr));
        break;
    default:
        memcpy(member, p, f->size);
    }
}

static void check_reserved(const struct ik_field *f, const uint8_t *p, size_t at,
                           struct ik_faults *faults)
{
    for (size_t i = 0; f->reserved && i < wire_bytes(f); i++)
        if (p[i]) {
            ik_fault_add(faults, IK_FLAW_RESERVED, at + i);
            return;
        }
}

enum ik_err ik_layout_decode(const struct ik_field *fields, void *view, struct ik_rd in,
                             struct ik_faults *faults)
{
    const size_t whole = in.left;
    for (const struct ik_field *f = fields; f->form != IK_FIELD_END; f++) {
        uint8_t *member = (uint8_t *)view + f->at;
        if (f->form == IK_FIELD_REST) {
            memcpy(member, &in, sizeof(in));
            in = ik_rd_from(in, in.left);
            continue;
        }
        const size_t at = whole - in.left;
        const uint8_t *p = ik_rd_take(&in, wire_bytes(f));
        if (!p)
            return IK_E_SHORT;
        load(f, member, p);
        check_reserved(f, p, at, faults);
    }
    return IK_OK;
}

static void store(const struct ik_field *f, const uint8_t *member, struct ik_wr *w)
{
    struct ik_addr addr;
    struct ik_rd rest;
    uint64_t v64;
    uint32_t v32;
    uint16_t v16;
    switch (f->form) {
    case IK_FIELD_U16:
        memcpy(&v16, member, sizeof(v16));
        ik_wr_put16(w, v16);
        break;
    case IK_FIELD_U32:
        memcpy(&v32, member, sizeof(v32));
        ik_wr_put32(w, v32);
        break;
    case IK_FIELD_U64:
        memcpy(&v64, member, sizeof(v64));
        ik_wr_put32(w, (uint32_t)(v64 >> 32));
        ik_wr_put32(w, (uint32_t)v64);
        break;
    case IK_FIELD_ADDR4:
    case IK_FIELD_ADDR6:
        memcpy(&addr, member, sizeof(addr));
        ik_wr_put(w, (struct ik_rd){addr.bytes, wire_bytes(f)});
        break;
    case IK_FIELD_REST:
        memcpy(&rest, member, sizeof(rest));
        ik_wr_put(w, rest);
        break;
    default:
        ik_wr_put(w, (struct ik_rd){member, f->size});
    }
}

void ik_layout_encode(const struct ik_field *fields, const void *view, bool exact, struct ik_wr *w)
{
    for (const struct ik_field *f = fields; f->form != IK_FIELD_END; f++) {
        if (f->reserved && !exact)
            ik_wr_zero(w, wire_bytes(f));
        else
            store(f, (const uint8_t *)view + f->at, w);
    }
}
