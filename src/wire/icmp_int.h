/* SPDX-License-Identifier: MIT
 * What the files of the ICMP codec share. Faults of these functions count from the type octet. */
#pragma once

#include "base/rd.h"
#include "base/wr.h"
#include "icmpkit/wire.h"
#include "wire/fault.h"
#include "wire/icmp_type.h"

enum {
    IK_ICMP_HEAD = 4, /* type, code, checksum */
};

/* One way of the codec. The kind is already set (decode: as the type's row says, and made more
 * precise by the decoder; reset to raw by the caller when it fails). */
struct ik_icmp_in {
    struct ik_icmp *msg;
    const struct ik_icmp_ctx *ctx;
    struct ik_faults *faults;
};

/* ---- icmp_body.c: bodies of fixed layout ----------------------------------------------------- */

IK_MUST_USE enum ik_err ik_icmp_body_decode(const struct ik_icmp_in *in);
IK_MUST_USE enum ik_err ik_icmp_body_encode(const struct ik_icmp *msg, bool exact, struct ik_wr *w);

struct ik_field;
/* The layout of a body; NULL for those that have none of their own (errors, RPL, bytes). */
const struct ik_field *ik_icmp_body_layout(enum ik_icmp_kind kind);
/* The same for a neighbour discovery option (ndopt.c), for the base of an RPL message by code, and
 * for its security section (rpl.c). */
const struct ik_field *ik_ndopt_layout(enum ik_ndopt_kind kind);
const struct ik_field *ik_rpl_layout(uint8_t code);
const struct ik_field *ik_rpl_layout_security(void);

/* ---- icmp_error.c: errors, RFC 4884 included ------------------------------------------------- */

void ik_icmp_error_decode(const struct ik_icmp_in *in);
IK_MUST_USE enum ik_err ik_icmp_error_encode(const struct ik_icmp *msg, bool exact,
                                             struct ik_wr *w);

/* ---- rpl.c ------------------------------------------------------------------------------ */

IK_MUST_USE enum ik_err ik_rpl_decode(const struct ik_icmp_in *in);
IK_MUST_USE enum ik_err ik_rpl_encode(const struct ik_icmp *msg, bool exact, struct ik_wr *w);

/* ---- nd.c, mld.c, icmp_check.c: what makes a message wrong ------------------------- */

/* Neighbour discovery: walks the options of a decoded message. IK_E_ZERO_LEN, IK_E_LENGTH: the
 * whole message is invalid (RFC 4861 section 4.6). Other rules are faults. */
IK_MUST_USE enum ik_err ik_nd_check(const struct ik_icmp_in *in);
/* Splits sources or records from what follows them; the rules of MLD are faults. */
void ik_mld_check(const struct ik_icmp_in *in);
/* Faults of every message: code, bytes behind the end. */
void ik_icmp_check(const struct ik_icmp_in *in);
/* True when a PROBE request identifies exactly one interface, and one of another node by its
 * address (RFC 8335 section 2). */
bool ik_icmp_probe_object_ok(const struct ik_icmp_ext_echo *v);
