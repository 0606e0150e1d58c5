/* SPDX-License-Identifier: MIT
 * What the files of the walk over fields share: rows of icmp_fields.def, and a walk under way. */
#pragma once

#include "base/rd.h"
#include "icmpkit/wire.h"

enum ik_tell_layout_id {
#define LAYOUT(id) IK_TELL_L_##id,
#define FIELD(...)
#define PLAIN(...)
#define END(id)
#include <icmpkit/icmp_fields.def>
#undef LAYOUT
#undef FIELD
#undef PLAIN
#undef END
    IK_TELL_LAYOUTS
};

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
};

/* Whose words a number has. */
#define IK_MEANINGS(X)                                                                          \
    X(NONE)                                                                                     \
    X(ICMP_TYPE)                                                                                \
    X(ICMP_CODE) X(UT) X(LIFETIME) X(LIFETIME8) X(COMPONENT) X(HOPS) X(NI_QTYPE) X(PROBE_STATE) \
        X(MLD_TIME) X(MLD_INTERVAL) X(MLD_RECORD) X(PREFERENCE) X(FMIP) X(ILNP) X(ARO_STATUS)   \
            X(RPL_MODE) X(RPL_OPTION) X(ND_OPTION) X(ANCHOR) X(CERTIFICATE) X(PREF64)           \
                X(NOT_DEFAULT) X(SEED_ID) X(RENUM_OP) X(EXT_CLASS) X(IF_ROLE) X(AFI) X(ECN)     \
                    X(PROTO) X(IP4_OPTION) X(IP6_OPTION) X(IP6_ROUTE) X(TS_FLAG)

enum ik_means {
#define X(id) IK_MEANS_##id,
    IK_MEANINGS(X)
#undef X
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
void ik_tell_padding(const struct ik_tell_walk *w, struct ik_rd bytes);
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
