/* SPDX-License-Identifier: MIT
 * Fixed layouts as tables: the members of a view, in the order of the wire. One table decodes and
 * encodes, so that the two cannot disagree and no field is lost. */
#pragma once

#include "base/rd.h"
#include "base/wr.h"
#include "icmpkit/wire.h"

enum ik_field_form {
    IK_FIELD_END,
    IK_FIELD_U8,
    IK_FIELD_U16,
    IK_FIELD_U32,
    IK_FIELD_U64,
    IK_FIELD_BYTES, /* an array of octets */
    IK_FIELD_ADDR4,
    IK_FIELD_ADDR6,
    IK_FIELD_REST, /* a span of all that is left; a second one is empty until somebody splits them
                    */
};

struct ik_field {
    uint8_t form, reserved; /* reserved: has to be zero */
    uint16_t at, size;      /* of the member */
};

/* The form of a member follows from its type. */
#define IK_FIELD_FORM(type, member)           \
    _Generic(((type *)0)->member, uint8_t     \
             : IK_FIELD_U8, uint16_t          \
             : IK_FIELD_U16, uint32_t         \
             : IK_FIELD_U32, uint64_t         \
             : IK_FIELD_U64, uint8_t *        \
             : IK_FIELD_BYTES, struct ik_addr \
             : IK_FIELD_ADDR6, struct ik_rd   \
             : IK_FIELD_REST)
#define IK_FIELD_AS(type, member, form, is_reserved)                           \
    {                                                                          \
        form, is_reserved, offsetof(type, member), sizeof(((type *)0)->member) \
    }
#define IK_FIELD(type, member) IK_FIELD_AS(type, member, IK_FIELD_FORM(type, member), 0)
#define IK_FIELD_RESERVED(type, member) IK_FIELD_AS(type, member, IK_FIELD_FORM(type, member), 1)
#define IK_FIELD_V4(type, member) IK_FIELD_AS(type, member, IK_FIELD_ADDR4, 0)
#define IK_FIELD_STOP         \
    {                         \
        IK_FIELD_END, 0, 0, 0 \
    }

/* Bytes of the fixed part. */
size_t ik_layout_bytes(const struct ik_field *fields);
/* Fills the members of `view` from `in`, every one of them. IK_E_SHORT (view partly written) when
 * the fixed part does not fit. A reserved member that is not zero is a fault, counted from in.p. */
IK_MUST_USE enum ik_err ik_layout_decode(const struct ik_field *fields, void *view, struct ik_rd in,
                                         struct ik_faults *faults);
/* Appends the members of `view`; reserved ones as zeros unless `exact`. */
void ik_layout_encode(const struct ik_field *fields, const void *view, bool exact, struct ik_wr *w);
