/* SPDX-License-Identifier: MIT
 * The walk over RFC 4884 structures. */
#include "wire/ext_int.h"
#include "wire/tell_int.h"

#include <string.h>

enum {
    CLASS_INFORMATION = 4,
    CTYPE_POINTER = 1,
    HAS_INDEX = 8,
    HAS_ADDR = 4,
    HAS_NAME = 2,
    HAS_MTU = 1
};

static void data_tell(const struct ik_tell_walk *w, struct ik_rd payload)
{
    ik_tell_bytes(w, IK_TELL_BYTES, "data", "payload", payload);
}

static void mpls_tell(const struct ik_tell_walk *w, struct ik_rd payload)
{
    struct ik_rd entry;
    const struct ik_rd whole = ik_rd_head(payload, payload.left / 4 * 4);
    ik_tell_open(w, IK_TELL_LIST, "mpls", "label stack", whole);
    while (ik_rd_sub(&payload, 4, &entry)) {
        ik_tell_open(w, IK_TELL_GROUP, NULL, "label stack entry", entry);
        ik_tell_rows(w, IK_TELL_L_EXT_MPLS, entry, NULL);
        ik_tell_close(w, entry);
    }
    ik_tell_close(w, whole);
    data_tell(w, payload);
}

/* Text that zeros fill up. */
static void name_tell(const struct ik_tell_walk *w, struct ik_rd padded)
{
    const struct ik_rd name = ik_ext_text(padded);
    ik_tell_bytes(w, IK_TELL_TEXT, "name", "interface name", name);
    ik_tell_padding(w, "padding", ik_rd_from(padded, name.left));
}

/* An address as long as its family has them, else bytes. */
static void addr_tell(const struct ik_tell_walk *w, uint16_t afi, struct ik_rd bytes)
{
    struct ik_addr addr = {.family = afi == IK_AFI_IP4 ? 4 : 6};
    if ((afi == IK_AFI_IP4 || afi == IK_AFI_IP6) && bytes.left == ik_addr_bytes(addr.family)) {
        memcpy(addr.bytes, bytes.p, bytes.left);
        ik_tell_addr(w, "addr", "address", &addr, bytes);
        return;
    }
    ik_tell_bytes(w, IK_TELL_BYTES, "addr", "address", bytes);
}

/* The elements that the C-Type announces, in their order (RFC 5837 section 4.1), of which the
 * decoder has found those that are whole. */
static void ifinfo_tell(const struct ik_tell_walk *w, const struct ik_ext_object *object,
                        struct ik_rd rest)
{
    struct ik_ifinfo info;
    const enum ik_err err = ik_ifinfo_decode(&info, object, NULL);
    (void)err; /* what came before the fault is there, and the rest is told as bytes */
    if (info.has_index)
        rest = ik_tell_rows(w, IK_TELL_L_EXT_INDEX, rest, NULL);
    if (info.has_addr) {
        const size_t bytes = ik_addr_bytes(info.addr.family);
        const uint16_t afi = ik_load_be16(rest.p);
        rest = ik_tell_rows(w, IK_TELL_L_EXT_ADDR, rest, NULL);
        addr_tell(w, afi, ik_rd_head(rest, bytes));
        rest = ik_rd_from(rest, bytes);
    }
    if (info.has_name) {
        const size_t bytes = (size_t)rest.p[0] - 1; /* it counts itself */
        rest = ik_tell_rows(w, IK_TELL_L_EXT_NAME, rest, NULL);
        name_tell(w, ik_rd_head(rest, bytes));
        rest = ik_rd_from(rest, bytes);
    }
    if (info.has_mtu)
        rest = ik_tell_rows(w, IK_TELL_L_EXT_MTU, rest, NULL);
    data_tell(w, rest);
}

static void ifident_tell(const struct ik_tell_walk *w, const struct ik_ext_object *object,
                         struct ik_rd rest)
{
    struct ik_ifident ident;
    if (ik_ifident_decode(&ident, object, NULL)) {
        data_tell(w, rest);
    } else if (ident.ctype == IK_IFIDENT_NAME) {
        name_tell(w, rest);
    } else if (ident.ctype == IK_IFIDENT_INDEX) {
        ik_tell_rows(w, IK_TELL_L_EXT_INDEX, rest, NULL);
    } else {
        rest = ik_tell_rows(w, IK_TELL_L_EXT_IDENT_ADDR, rest, NULL);
        addr_tell(w, ident.afi, ik_rd_head(rest, ident.addr.left));
        ik_tell_padding(w, "padding", ik_rd_from(rest, ident.addr.left));
    }
}

static void object_tell(const struct ik_tell_walk *w, const struct ik_ext_object *object,
                        struct ik_rd span)
{
    const char *const name = ik_tell_word(w, IK_MEANS_EXT_CLASS, object->class_num);
    ik_tell_open(w, IK_TELL_GROUP, NULL, name ? name : "object", span);
    const bool is_ifinfo = object->class_num == IK_EXT_IFINFO;
    const struct ik_rd rest =
        ik_tell_rows(w, is_ifinfo ? IK_TELL_L_EXT_IFINFO : IK_TELL_L_EXT_OBJECT, span, NULL);
    if (is_ifinfo)
        ifinfo_tell(w, object, rest);
    else if (object->class_num == IK_EXT_MPLS && object->ctype == 1)
        mpls_tell(w, rest);
    else if (object->class_num == IK_EXT_IFIDENT)
        ifident_tell(w, object, rest);
    else if (object->class_num == CLASS_INFORMATION && object->ctype == CTYPE_POINTER &&
             rest.left == 4)
        ik_tell_rows(w, IK_TELL_L_EXT_POINTER, rest, NULL);
    else
        data_tell(w, rest);
    ik_tell_close(w, span);
}

void ik_tell_ext(const struct ik_tell_walk *w, const struct ik_tell_row *row, struct ik_rd span)
{
    struct ik_rd objects;
    if (span.left == 0)
        return;
    ik_tell_open(w, IK_TELL_GROUP, row->key, row->label, span);
    if (w->cfg->body) {
        ik_tell_close(w, span);
        return;
    }
    struct ik_rd rest = ik_tell_rows(w, IK_TELL_L_EXT_HEAD, span, NULL);
    if (ik_ext_open(&objects, span, NULL)) { /* RFC 4884 section 7: not to be believed */
        data_tell(w, rest);
        ik_tell_close(w, span);
        return;
    }
    const struct ik_rd whole = rest;
    ik_tell_open(w, IK_TELL_LIST, "objects", "objects", whole);
    for (;;) {
        struct ik_ext_object object;
        const struct ik_rd was = rest;
        if (ik_ext_take(&rest, &object, NULL)) {
            ik_tell_bytes(w, IK_TELL_BYTES, NULL, "undecodable bytes", was);
            break;
        }
        object_tell(w, &object, ik_rd_head(was, was.left - rest.left));
    }
    ik_tell_close(w, whole);
    ik_tell_close(w, span);
}
