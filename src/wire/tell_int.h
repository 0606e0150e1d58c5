/* SPDX-License-Identifier: MIT
 * What the files of the walk over fields share: rows of icmp_fields.def, and a walk under way. */
#pragma once

#include "base/rd.h"
#include "icmpkit/wire.h"

/* What a row is. From QUOTE on it lists or nests: those have 0 bits. */
enum ik_row_form {
    IK_ROW_NUM,
    IK_ROW_X4, /* a number in units of 4, told in ones */
    IK_ROW_X8,
    IK_ROW_INT,
    IK_ROW_HEX,
    IK_ROW_BOOL,
    IK_ROW_ADDR,
    IK_ROW_PREFIX, /* the front of an IPv6 address: zeros follow */
    IK_ROW_BYTES,
    IK_ROW_TEXT,
    IK_ROW_DATA,
    IK_ROW_RESERVED,
    IK_ROW_PADDING, /* reserved bytes */
    IK_ROW_QUOTE,
    IK_ROW_EXT,
    IK_ROW_ND_OPTIONS,
    IK_ROW_RPL_OPTIONS,
    IK_ROW_ADDRS,
    IK_ROW_ADDRS4,
    IK_ROW_ROUTERS,
    IK_ROW_RECORDS,
    IK_ROW_LOCATORS,
    IK_ROW_SEEDS,
    IK_ROW_RENUMBERING,
    IK_ROW_USES,
    IK_ROW_NAMES,
    IK_ROW_NODE_DATA,
    IK_ROW_NODE_NAMES,
};

/* Whose words a number has. */
enum ik_means {
    IK_MEANS_NONE,
    IK_MEANS_ICMP_TYPE,
    IK_MEANS_ICMP_CODE,
    IK_MEANS_UT,
    IK_MEANS_LIFETIME,
    IK_MEANS_LIFETIME8,
    IK_MEANS_COMPONENT,
    IK_MEANS_HOPS,
    IK_MEANS_NI_QTYPE,
    IK_MEANS_PROBE_STATE,
    IK_MEANS_MLD_TIME,
    IK_MEANS_MLD_INTERVAL,
    IK_MEANS_MLD_RECORD,
    IK_MEANS_PREFERENCE,
    IK_MEANS_FMIP,
    IK_MEANS_ILNP,
    IK_MEANS_ARO_STATUS,
    IK_MEANS_RPL_MODE,
    IK_MEANS_RPL_OPTION,
    IK_MEANS_ND_OPTION,
    IK_MEANS_ANCHOR,
    IK_MEANS_CERTIFICATE,
    IK_MEANS_PREF64,
    IK_MEANS_NOT_DEFAULT,
    IK_MEANS_SEED_ID,
    IK_MEANS_RENUM_OP,
    IK_MEANS_EXT_CLASS,
    IK_MEANS_IF_ROLE,
    IK_MEANS_AFI,
    IK_MEANS_ECN,
    IK_MEANS_PROTO,
    IK_MEANS_IP4_OPTION,
    IK_MEANS_IP6_OPTION,
    IK_MEANS_IP6_ROUTE,
    IK_MEANS_TS_FLAG,
};

/* A member that none stands for alone has this offset. */
#define IK_ROW_NO_MEMBER UINT16_MAX

struct ik_tell_row {
    const char *key, *label, *unit;
    uint16_t bits; /* 0: the rest */
    uint8_t form, means;
    uint16_t member; /* offset of the codec's member in its view */
};

struct ik_tell_table {
    const struct ik_tell_row *list;
    size_t n;
};

struct ik_tell_table ik_tell_rows_of(enum ik_tell_layout_id id);
/* The layout of a body (IK_TELL_L_HEAD for none of its own: RPL), of a neighbour discovery option,
 * and of octets 4 to 7 of an error. */
enum ik_tell_layout_id ik_tell_rows_body(enum ik_icmp_kind kind);
enum ik_tell_layout_id ik_tell_rows_option(enum ik_ndopt_kind kind);
enum ik_tell_layout_id ik_tell_rows_error(uint8_t family, uint8_t type, uint8_t code);
/* The layout of the base of an RPL message by code; IK_TELL_L_RPL_BYTES when it has none. */
enum ik_tell_layout_id ik_tell_rows_rpl(uint8_t code);

/* ---- a walk ---------------------------------------------------------------------------------- */

struct ik_tell_walk {
    const struct ik_tell_cfg *cfg;
    const uint8_t *start;      /* where bit 0 is, before at_bytes */
    const struct ik_icmp *msg; /* whose words types and codes have; NULL: none */
};

/* The word of a number, static, or NULL. */
const char *ik_tell_word(const struct ik_tell_walk *w, enum ik_means means, uint64_t num);

/* Tells the rows of a layout. Fixed ones come from the front of `in`, in order; the others are the
 * spans of the members of `view`, or, with a NULL view, all that is left of `in`. A field that is
 * cut ends it: what is left is told as bytes. Returns what is behind the last row. */
struct ik_rd ik_tell_rows(const struct ik_tell_walk *w, enum ik_tell_layout_id id, struct ik_rd in,
                          const void *view);

/* Single steps. `span` is the extent of a group or list; `key` is NULL for items. */
void ik_tell_open(const struct ik_tell_walk *w, enum ik_tell_form form, const char *key,
                  const char *label, struct ik_rd span);
void ik_tell_close(const struct ik_tell_walk *w, struct ik_rd span);
void ik_tell_bytes(const struct ik_tell_walk *w, enum ik_tell_form form, const char *key,
                   const char *label, struct ik_rd bytes); /* nothing when empty */
/* The same of what has to be zero. */
void ik_tell_padding(const struct ik_tell_walk *w, const char *key, struct ik_rd bytes);
/* `span` is the address on the wire, 4 or up to 16 bytes; `addr` what it means. */
void ik_tell_addr(const struct ik_tell_walk *w, const char *key, const char *label,
                  const struct ik_addr *addr, struct ik_rd span);
/* An item that is text; `text` lives for the call, `span` is what it was made of. */
void ik_tell_text(const struct ik_tell_walk *w, const char *label, struct ik_rd text,
                  struct ik_rd span);
/* Numbers that are worked out, or stand elsewhere. */
void ik_tell_derived(const struct ik_tell_walk *w, const char *key, const char *label,
                     const char *unit, uint64_t num);

void ik_tell_number(const struct ik_tell_walk *w, const char *key, const char *label,
                    enum ik_means means, uint64_t num);

/* A row that lists or nests, from its span (tell_list.c, tell_ext.c, tell_ip.c). */
void ik_tell_list(const struct ik_tell_walk *w, const struct ik_tell_row *row, struct ik_rd span);
void ik_tell_ext(const struct ik_tell_walk *w, const struct ik_tell_row *row, struct ik_rd span);
void ik_tell_quote(const struct ik_tell_walk *w, const struct ik_tell_row *row, struct ik_rd span);
