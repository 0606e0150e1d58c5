/* SPDX-License-Identifier: MIT
 * Interface identification objects of PROBE (RFC 8335 section 2.1). */
#include "wire/ext_int.h"

#include "base/rd.h"
#include "wire/fault.h"

#include <string.h>

enum { ADDR_HEAD = 4, NAME_MAX_BYTES = 255 };

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* The length of an address is that of its family where the family is ours. */
static bool addr_fits(uint16_t afi, size_t n)
{
    return afi == IK_AFI_IP4 ? n == 4 : afi == IK_AFI_IP6 ? n == 16 : true;
}

static enum ik_err decode_addr(struct ik_ifident *out, struct ik_rd payload, size_t *at)
{
    *at = 0;
    if (payload.left < ADDR_HEAD)
        return IK_E_SHORT;
    const uint16_t afi = ik_load_be16(payload.p);
    const uint8_t n = payload.p[2];
    const struct ik_rd rest = ik_rd_from(payload, ADDR_HEAD);
    *at = 2;
    if (n > rest.left)
        return IK_E_SHORT;
    if (padded(n) != rest.left)
        return IK_E_LENGTH;
    if (!addr_fits(afi, n))
        return IK_E_VALUE;
    out->afi = afi;
    out->addr = ik_rd_head(rest, n);
    return IK_OK;
}

static enum ik_err decode_body(struct ik_ifident *out, struct ik_rd payload, size_t *at)
{
    *at = 0;
    switch (out->ctype) {
    case IK_IFIDENT_NAME:
        out->name = ik_ext_text(payload);
        return out->name.left ? IK_OK : IK_E_SHORT;
    case IK_IFIDENT_INDEX:
        if (payload.left != 4)
            return payload.left < 4 ? IK_E_SHORT : IK_E_LENGTH;
        out->index = ik_load_be32(payload.p);
        return IK_OK;
    case IK_IFIDENT_ADDR:
        return decode_addr(out, payload, at);
    default:
        return IK_E_VALUE;
    }
}

enum ik_err ik_ifident_decode(struct ik_ifident *out, const struct ik_ext_object *object,
                              struct ik_faults *faults)
{
    const struct ik_rd none = ik_rd_head(object->payload, 0);
    struct ik_ifident ident = {.ctype = object->ctype, .name = none, .addr = none};
    size_t at;
    if (object->class_num != IK_EXT_IFIDENT)
        return IK_E_VALUE;
    const enum ik_err err = decode_body(&ident, object->payload, &at);
    if (err)
        ik_fault_add(faults, err == IK_E_VALUE ? IK_FLAW_EXT_VALUE : IK_FLAW_EXT_LENGTH, at);
    else
        *out = ident;
    return err;
}

static enum ik_err put_addr(struct ik_ext_writer *w, const struct ik_ifident *ident)
{
    uint8_t *at;
    if (ident->addr.left > UINT8_MAX || !addr_fits(ident->afi, ident->addr.left))
        return IK_E_VALUE;
    const enum ik_err err =
        ik_ext_room(w, IK_EXT_IFIDENT, IK_IFIDENT_ADDR, ADDR_HEAD + padded(ident->addr.left), &at);
    if (err)
        return err;
    ik_store_be16(at, ident->afi);
    at[2] = (uint8_t)ident->addr.left;
    if (ident->addr.left)
        memcpy(at + ADDR_HEAD, ident->addr.p, ident->addr.left);
    return IK_OK;
}

enum ik_err ik_ifident_put(struct ik_ext_writer *w, const struct ik_ifident *ident)
{
    uint8_t *at;
    enum ik_err err;
    switch (ident->ctype) {
    case IK_IFIDENT_NAME: /* ifName is a DisplayString of at most 255 (RFC 2863) */
        if (!ik_ext_text_is_name(ident->name, NAME_MAX_BYTES))
            return IK_E_VALUE;
        err = ik_ext_room(w, IK_EXT_IFIDENT, IK_IFIDENT_NAME, padded(ident->name.left), &at);
        if (!err)
            memcpy(at, ident->name.p, ident->name.left);
        return err;
    case IK_IFIDENT_INDEX:
        err = ik_ext_room(w, IK_EXT_IFIDENT, IK_IFIDENT_INDEX, 4, &at);
        if (!err)
            ik_store_be32(at, ident->index);
        return err;
    case IK_IFIDENT_ADDR:
        return put_addr(w, ident);
    default:
        return IK_E_VALUE;
    }
}
