/* SPDX-License-Identifier: MIT
 * Extension structures of ICMP messages: reading, judging, building (RFC 4884 sections 7, 8). */
#include "wire/ext_int.h"

#include "base/rd.h"
#include "wire/fault.h"

#include <string.h>

enum { VERSION = 2, RESERVED_BITS = 0x0fff, OBJECT_MAX = 0xfffc };

enum ik_err ik_ext_open(struct ik_rd *objects, struct ik_rd structure, struct ik_faults *faults)
{
    if (structure.left < IK_EXT_HEADER_BYTES) {
        ik_fault_add(faults, IK_FLAW_SHORT, structure.left);
        return IK_E_SHORT;
    }
    const uint8_t *h = structure.p;
    if (h[0] >> 4 != VERSION) {
        ik_fault_add(faults, IK_FLAW_EXT_VERSION, 0);
        return IK_E_VERSION;
    }
    /* zero says that none was sent */
    if (ik_load_be16(h + 2) != 0 && ik_cksum_fold(ik_cksum_add(0, structure)) != 0) {
        ik_fault_add(faults, IK_FLAW_EXT_CHECKSUM, 2);
        return IK_E_CHECKSUM;
    }
    if (ik_load_be16(h) & RESERVED_BITS)
        ik_fault_add(faults, IK_FLAW_RESERVED, 0);
    *objects = ik_rd_from(structure, IK_EXT_HEADER_BYTES);
    return IK_OK;
}

enum ik_err ik_ext_take(struct ik_rd *objects, struct ik_ext_object *out, struct ik_faults *faults)
{
    if (objects->left == 0)
        return IK_E_NOT_FOUND;
    enum ik_err err = IK_E_SHORT;
    struct ik_rd bytes;
    if (objects->left >= IK_EXT_OBJECT_BYTES) {
        const uint16_t len_bytes = ik_load_be16(objects->p);
        if (len_bytes < IK_EXT_OBJECT_BYTES || len_bytes % 4)
            err = IK_E_LENGTH;
        else if (ik_rd_sub(objects, len_bytes, &bytes))
            err = IK_OK;
    }
    if (err) {
        ik_fault_add(faults, IK_FLAW_EXT_LENGTH, 0);
        objects->left = 0;
        return err;
    }
    *out = (struct ik_ext_object){
        .class_num = bytes.p[2],
        .ctype = bytes.p[3],
        .payload = ik_rd_from(bytes, IK_EXT_OBJECT_BYTES),
    };
    return IK_OK;
}

/* ---- judging --------------------------------------------------------------------------------- */

static enum ik_err check_mpls(const struct ik_ext_object *object, struct ik_faults *faults)
{
    return object->ctype != 1 || ik_mpls_check(object->payload, faults) ? IK_OK : IK_E_LENGTH;
}

/* The address is of the quoted packet's family (RFC 5837 section 4.2). */
static enum ik_err check_ifinfo(const struct ik_ext_object *object, uint8_t family,
                                struct ik_faults *faults)
{
    struct ik_ifinfo info;
    const enum ik_err err = ik_ifinfo_decode(&info, object, faults);
    if (!err && info.has_addr && info.addr.family != family)
        ik_fault_add(faults, IK_FLAW_EXT_VALUE, info.has_index ? 4 : 0);
    return err;
}

static enum ik_err check_object(const struct ik_ext_object *object, uint8_t family,
                                struct ik_faults *faults)
{
    struct ik_ifident ident;
    switch (object->class_num) {
    case IK_EXT_MPLS:
        return check_mpls(object, faults);
    case IK_EXT_IFINFO:
        return check_ifinfo(object, family, faults);
    case IK_EXT_IFIDENT:
        return ik_ifident_decode(&ident, object, faults);
    default: /* an unknown class makes nothing malformed (RFC 4884 section 7) */
        return IK_OK;
    }
}

/* A bit for each object of which there may be only one; 0 for the others. */
static uint32_t once_bit(uint8_t class_num, uint8_t ctype)
{
    switch (class_num) {
    case IK_EXT_MPLS:
        return ctype == 1 ? 1 : 0;
    case IK_EXT_IFINFO:
        return 2u << (ctype >> 6); /* one a role (RFC 5837 section 4.5) */
    case IK_EXT_IFIDENT:
        return 32; /* RFC 8335 section 2 */
    default:
        return 0;
    }
}

enum ik_err ik_ext_check(struct ik_rd structure, uint8_t family, struct ik_faults *faults)
{
    struct ik_rd objects;
    struct ik_ext_object object;
    enum ik_err first = ik_ext_open(&objects, structure, faults);
    if (first)
        return first;
    if (objects.left == 0)
        ik_fault_add(faults, IK_FLAW_EXT_EMPTY, 0);
    uint32_t seen = 0;
    bool twice = false;
    for (;;) {
        const size_t at = (size_t)(objects.p - structure.p);
        uint32_t was = ik_fault_down(faults, at);
        const enum ik_err end = ik_ext_take(&objects, &object, faults);
        ik_fault_up(faults, was);
        if (end) {
            first = first || end == IK_E_NOT_FOUND ? first : end;
            break;
        }
        const uint32_t bit = once_bit(object.class_num, object.ctype);
        if (seen & bit)
            ik_fault_add(faults, IK_FLAW_EXT_REPEATED, at);
        twice = twice || (seen & bit && object.class_num == IK_EXT_IFINFO);
        seen |= bit;
        was = ik_fault_down(faults, at + IK_EXT_OBJECT_BYTES);
        const enum ik_err err = check_object(&object, family, faults);
        ik_fault_up(faults, was);
        first = first ? first : err;
    }
    return twice ? IK_E_VALUE : first;
}

/* ---- building -------------------------------------------------------------------------------- */

/* Classes that a message may carry, as a mask of 1 << class; bit 0: any other class. */
static uint8_t allowed_classes(uint8_t family, uint8_t type)
{
    enum { OTHER = 1, MPLS = 2, IFINFO = 4, IFIDENT = 8 };
    const bool v4 = family == 4;
    if (family != 4 && family != 6)
        return 0;
    switch (type) {
    case 1:
        return v4 ? 0 : OTHER | MPLS | IFINFO;
    case 3:
        return OTHER | MPLS | IFINFO;
    case 11:
        return v4 ? OTHER | MPLS | IFINFO : 0;
    case 12:
        return v4 ? OTHER | IFINFO : 0;
    case 42:
        return v4 ? OTHER | IFIDENT : 0;
    case 43:
        return v4 ? OTHER : 0;
    case 160:
        return v4 ? 0 : OTHER | IFIDENT;
    case 161:
        return v4 ? 0 : OTHER;
    default:
        return 0;
    }
}

enum ik_err ik_ext_begin(struct ik_ext_writer *w, uint8_t family, uint8_t type, uint8_t *out,
                         size_t cap)
{
    if (!allowed_classes(family, type))
        return IK_E_UNSUPPORTED;
    if (cap < IK_EXT_HEADER_BYTES)
        return IK_E_FULL;
    *w = (struct ik_ext_writer){
        .p = out, .cap = cap, .used = IK_EXT_HEADER_BYTES, .family = family, .type = type};
    return IK_OK;
}

enum ik_err ik_ext_room(struct ik_ext_writer *w, uint8_t class_num, uint8_t ctype,
                        size_t payload_bytes, uint8_t **payload)
{
    const uint32_t bit = once_bit(class_num, ctype);
    const uint32_t kind = class_num <= IK_EXT_IFIDENT ? 1u << class_num : 1;
    if (!(allowed_classes(w->family, w->type) & kind))
        return IK_E_UNSUPPORTED;
    if (w->seen & bit)
        return IK_E_EXISTS;
    if (payload_bytes % 4 || payload_bytes > OBJECT_MAX - IK_EXT_OBJECT_BYTES)
        return IK_E_VALUE;
    const size_t n = IK_EXT_OBJECT_BYTES + payload_bytes;
    if (n > w->cap - w->used)
        return IK_E_FULL;
    uint8_t *at = w->p + w->used;
    ik_store_be16(at, (uint16_t)n);
    at[2] = class_num;
    at[3] = ctype;
    memset(at + IK_EXT_OBJECT_BYTES, 0, payload_bytes);
    w->used += n;
    w->seen |= bit;
    *payload = at + IK_EXT_OBJECT_BYTES;
    return IK_OK;
}

enum ik_err ik_ext_put(struct ik_ext_writer *w, uint8_t class_num, uint8_t ctype,
                       struct ik_rd payload)
{
    uint8_t *at;
    const enum ik_err err = ik_ext_room(w, class_num, ctype, payload.left, &at);
    if (err == IK_OK && payload.left)
        memcpy(at, payload.p, payload.left);
    return err;
}

enum ik_err ik_ext_end(struct ik_ext_writer *w, size_t *len)
{
    if (w->used == IK_EXT_HEADER_BYTES)
        return IK_E_VALUE;
    ik_store_be32(w->p, (uint32_t)VERSION << 28);
    ik_store_be16(w->p + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){w->p, w->used})));
    *len = w->used;
    return IK_OK;
}

/* ---- text ------------------------------------------------------------------------------------ */

struct ik_rd ik_ext_text(struct ik_rd padded)
{
    while (padded.left && padded.p[padded.left - 1] == 0)
        padded.left--;
    return padded;
}

bool ik_ext_text_is_name(struct ik_rd text, size_t max)
{
    return text.left > 0 && text.left <= max && !memchr(text.p, 0, text.left);
}
