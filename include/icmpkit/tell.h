/* SPDX-License-Identifier: MIT
 * What the bytes of a packet mean, as one walk over named fields in the order of the wire. The tree
 * of `dump -V`, the JSON of a packet and the drawings of `explain` come from this walk and from the
 * one table behind it (icmp_fields.def), so that they cannot disagree with each other. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/icmp_views.h>

/* Headers, bodies, options and entries of lists: LAYOUT rows of icmp_fields.def. */
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

enum ik_tell_form {
    IK_TELL_GROUP,  /* opens a named group: a header, an option, an object; closed by END */
    IK_TELL_LIST,   /* opens a list: the groups or values inside are its items, in order */
    IK_TELL_END,    /* closes the latest GROUP or LIST */
    IK_TELL_NUM,    /* num, decimal */
    IK_TELL_HEXNUM, /* num, for people in hexadecimal: checksums, flags as a whole */
    IK_TELL_BOOL,   /* num is 0 or 1: a flag of one bit */
    IK_TELL_ADDR,   /* addr */
    IK_TELL_BYTES,  /* bytes, opaque */
    IK_TELL_TEXT,   /* bytes of strangers that are text: to be escaped */
    IK_TELL_INT,    /* num as int64_t, decimal */
    IK_TELL_DATA,   /* bytes that mean nothing to the protocol: their number is what counts */
};

/* One step of the walk. Where it stands is counted in bits from the first byte of the span that the
 * walk began with; a value that is worked out (no bits of its own) has bits 0. GROUP and LIST have
 * the bits and bytes of all that is inside; apart from them every bit is told once, and only once,
 * when reserved fields are told too. */
struct ik_tell {
    enum ik_tell_form form;
    bool reserved;   /* a field that must be zero (padding too); told when it is not, or by `all` */
    const char *key; /* in JSON: "ident"; NULL for items of a list */
    const char *label; /* for people, English: "identifier"; translated by whoever prints */
    const char *unit;  /* "ms", "s", "bytes" ...; NULL: none */
    const char *word;  /* what the value is called ("port-unreachable", "udp"); NULL: nothing */
    uint32_t at_bits, bits;
    uint64_t num;
    struct ik_addr addr;
    struct ik_rd bytes;
};

/* Told step by step, borrowed for the call. */
typedef void ik_tell_fn(void *ctx, const struct ik_tell *step);

struct ik_tell_cfg {
    ik_tell_fn *fn;
    void *ctx;
    uint32_t at_bytes; /* added to every place: where the span lies in the frame */
    bool all;          /* reserved fields too, though they are zero */
    bool body;         /* of a message not type, code and checksum, and of a packet quoted in it and
                          of an extension structure only the group: for those who have a form of
                          their own for these */
};

struct ik_ip;
struct ik_quote;

/* The IP header with its options or extension headers; `bytes` from its first byte. */
void ik_tell_ip(const struct ik_tell_cfg *cfg, const struct ik_ip *ip, struct ik_rd bytes);
/* The message: type, code, checksum, then every field of its body, options, quote (its headers as a
 * group "quote") and extension objects; `bytes` from the type octet. A kind that is raw gives its
 * bytes. */
void ik_tell_icmp(const struct ik_tell_cfg *cfg, const struct ik_icmp *icmp, struct ik_rd bytes);

/* One field of a layout as it stands on the wire, for drawings: bits 0 means "the rest". */
struct ik_tell_field {
    const char *key, *label, *unit;
    uint32_t at_bits, bits;
    bool reserved;
};
/* The layout of a type and code, type octet first: at most cap fields into *out. Returns how many
 * there are; 0 for a type that no row names. */
size_t ik_tell_layout(uint8_t family, uint8_t type, uint8_t code, struct ik_tell_field *out,
                      size_t cap);
