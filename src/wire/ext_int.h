/* SPDX-License-Identifier: MIT
 * What the files about extension objects share (RFC 4884). */
#pragma once

#include "icmpkit/wire.h"

enum { IK_EXT_HEADER_BYTES = 4, IK_EXT_OBJECT_BYTES = 4 };
/* Classes that this room knows, and where an IPv4 or IPv6 address family number says which. */
enum { IK_EXT_MPLS = 1, IK_EXT_IFINFO = 2, IK_EXT_IFIDENT = 3 };
enum { IK_AFI_IP4 = 1, IK_AFI_IP6 = 2 };

/* Appends the header of an object and zeros for its payload, a whole number of words, which the
 * caller then fills. Errors as the put functions; on error the structure is as it was. */
IK_MUST_USE enum ik_err ik_ext_room(struct ik_ext_writer *w, uint8_t class_num, uint8_t ctype,
                                    size_t payload_bytes, uint8_t **payload);

/* Text without the zeros that fill it up. */
struct ik_rd ik_ext_text(struct ik_rd padded);
/* True when an RFC lets it stand as a name: 1..max bytes, none of them zero. */
bool ik_ext_text_is_name(struct ik_rd text, size_t max);
