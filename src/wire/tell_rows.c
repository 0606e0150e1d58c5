/* SPDX-License-Identifier: MIT
 * The rows of icmp_fields.def as data, and which of them a message has. */
#include "wire/tell_int.h"

#define LAYOUT(id) static const struct ik_tell_row rows_##id[] = {
#define FIELD(view, member, key, label, bits, form, means, unit) \
    {key,                                                        \
     label,                                                      \
     unit,                                                       \
     bits,                                                       \
     IK_ROW_##form,                                              \
     IK_MEANS_##means,                                           \
     (uint16_t)offsetof(struct view, member)},
#define PLAIN(key, label, bits, form, means, unit) \
    {key, label, unit, bits, IK_ROW_##form, IK_MEANS_##means, IK_ROW_NO_MEMBER},
#define END(id) \
    }           \
    ;
#include <icmpkit/icmp_fields.def>
#undef LAYOUT
#undef FIELD
#undef PLAIN
#undef END

struct ik_tell_table ik_tell_rows_of(enum ik_tell_layout_id id)
{
    static const struct ik_tell_table all[IK_TELL_LAYOUTS] = {
#define LAYOUT(id) [IK_TELL_L_##id] = {rows_##id, sizeof(rows_##id) / sizeof(rows_##id[0])},
#define FIELD(...)
#define PLAIN(...)
#define END(id)
#include <icmpkit/icmp_fields.def>
#undef LAYOUT
#undef FIELD
#undef PLAIN
#undef END
    };
    return all[id];
}

enum ik_tell_layout_id ik_tell_rows_body(enum ik_icmp_kind kind)
{
    static const uint8_t ids[IK_ICMP_KIND_COUNT] = {
        [IK_ICMP_RAW] = IK_TELL_L_RAW,
#define X(kind, member, type) [IK_ICMP_##kind] = IK_TELL_L_##kind,
#include <icmpkit/icmp_bodies.def>
#undef X
    };
    return (enum ik_tell_layout_id)ids[kind];
}

enum ik_tell_layout_id ik_tell_rows_option(enum ik_ndopt_kind kind)
{
    static const uint8_t ids[IK_NDOPT_KIND_COUNT] = {
        [IK_NDOPT_KIND_BYTES] = IK_TELL_L_ND_BYTES,
#define X(kind, member, type) [IK_NDOPT_KIND_##kind] = IK_TELL_L_ND_##kind,
#include <icmpkit/nd_bodies.def>
#undef X
    };
    return (enum ik_tell_layout_id)ids[kind];
}

static enum ik_tell_layout_id error4(uint8_t type, uint8_t code)
{
    switch (type) {
    case IK_ICMP4_UNREACHABLE:
        return code == IK_ICMP4_UNREACHABLE_FRAG_NEEDED ? IK_TELL_L_ERROR4_MTU
                                                        : IK_TELL_L_ERROR4_LENGTH;
    case IK_ICMP4_TIME_EXCEEDED:
        return IK_TELL_L_ERROR4_LENGTH;
    case IK_ICMP4_PARAMETER_PROBLEM:
        return IK_TELL_L_ERROR4_POINTER;
    case IK_ICMP4_SOURCE_QUENCH:
        return IK_TELL_L_ERROR4_UNUSED;
    case IK_ICMP4_REDIRECT:
        return IK_TELL_L_ERROR4_GATEWAY;
    case IK_ICMP4_CONVERSION_ERROR:
        return IK_TELL_L_ERROR_POINTER;
    case IK_ICMP4_PHOTURIS:
        return IK_TELL_L_ERROR4_PHOTURIS;
    default:
        return IK_TELL_L_ERROR_OTHER;
    }
}

enum ik_tell_layout_id ik_tell_rows_error(uint8_t family, uint8_t type, uint8_t code)
{
    if (family == 4)
        return error4(type, code);
    switch (type) {
    case IK_ICMP6_UNREACHABLE:
    case IK_ICMP6_TIME_EXCEEDED:
        return IK_TELL_L_ERROR6_LENGTH;
    case IK_ICMP6_PACKET_TOO_BIG:
        return IK_TELL_L_ERROR6_MTU;
    case IK_ICMP6_PARAMETER_PROBLEM:
        return IK_TELL_L_ERROR_POINTER;
    default:
        return IK_TELL_L_ERROR_OTHER;
    }
}

enum ik_tell_layout_id ik_tell_rows_rpl(uint8_t code)
{
    static const uint8_t ids[] = {
        [IK_ICMP6_RPL_DIS] = IK_TELL_L_RPL_DIS,
        [IK_ICMP6_RPL_DIO] = IK_TELL_L_RPL_DIO,
        [IK_ICMP6_RPL_DAO] = IK_TELL_L_RPL_DAO,
        [IK_ICMP6_RPL_DAO_ACK] = IK_TELL_L_RPL_DAO_ACK,
        [IK_ICMP6_RPL_P2P_DRO] = IK_TELL_L_RPL_P2P_DRO,
        [IK_ICMP6_RPL_P2P_DRO_ACK] = IK_TELL_L_RPL_P2P_DRO_ACK,
        [IK_ICMP6_RPL_MO] = IK_TELL_L_RPL_BYTES,
        [IK_ICMP6_RPL_DCO] = IK_TELL_L_RPL_DCO,
        [IK_ICMP6_RPL_DCO_ACK] = IK_TELL_L_RPL_DAO_ACK,
        [IK_ICMP6_RPL_PDR] = IK_TELL_L_RPL_PDR,
        [IK_ICMP6_RPL_PDR_ACK] = IK_TELL_L_RPL_PDR_ACK,
    };
    if (code == IK_ICMP6_RPL_CC)
        return IK_TELL_L_RPL_CONSISTENCY;
    const size_t base = code & 0x7f;
    if (base >= sizeof(ids) || !ik_icmp_code_name(6, IK_ICMP6_RPL, code))
        return IK_TELL_L_RPL_BYTES;
    return (enum ik_tell_layout_id)ids[base];
}
