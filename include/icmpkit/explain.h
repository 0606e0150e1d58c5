/* SPDX-License-Identifier: MIT
 * What a type and code mean, and what to do: the entries of `icmp explain`, in our own words, in
 * English and Korean, from tables. Pure. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/tell.h>
#include <icmpkit/types.h>

enum ik_explain_lang { IK_EXPLAIN_EN, IK_EXPLAIN_KO };

/* What a filter should do with it (RFC 4890 for IPv6; draft-ietf-opsec-icmp-filtering for IPv4):
 * id, spelling in outputs. MAY_DROP: policy decides. LIMIT: let it pass, but limit its rate.
 * LINK_ONLY: needed on the link, never to be forwarded. */
#define IK_EXPLAIN_FILTERS(X)             \
    X(MUST_NOT_DROP, "must-not-drop")     \
    X(SHOULD_NOT_DROP, "should-not-drop") \
    X(MAY_DROP, "may-drop")               \
    X(LIMIT, "limit")                     \
    X(LINK_ONLY, "link-only")             \
    X(SHOULD_DROP, "should-drop")

enum ik_explain_filter {
#define X(id, name) IK_EXPLAIN_##id,
    IK_EXPLAIN_FILTERS(X)
#undef X
        IK_EXPLAIN_FILTER_COUNT
};

/* What the second octet of a type says: nothing (it is 0), one of the codes that have entries of
 * their own (and 0, where that has none), or something that is no code, or unknown. */
enum ik_explain_codes { IK_EXPLAIN_CODE_ZERO, IK_EXPLAIN_CODE_NAMED, IK_EXPLAIN_CODE_ANY };

/* An entry: a type and code, a type (code -1), or a topic (family 0). Static. */
struct ik_explain {
    uint8_t family, type;
    int16_t code;
    const char *name;            /* "port-unreachable"; topics: "path-mtu" */
    const char *const *aliases;  /* ended by NULL; other names that people know it by */
    const char *source;          /* "RFC 792; RFC 1122 section 3.2.2.1" */
    enum ik_icmp_class class_of; /* not for topics, as the rest */
    enum ik_icmp_status status;
    enum ik_explain_filter filter;
    enum ik_explain_codes codes; /* of a type */
};

/* The texts of an entry in one language; NULL where an entry has none of that kind. Paragraphs are
 * not wrapped; list items of causes and checks are separated by '\n'. */
struct ik_explain_text {
    const char *title;    /* "Port unreachable" */
    const char *meaning;  /* what it means */
    const char *sender;   /* who sends it and when */
    const char *receiver; /* what the receiver should do */
    const char *causes;   /* usual causes */
    const char *checks;   /* what to check next: a command, blanks, "# " and what it shows */
    const char *filter;   /* may a firewall drop it, and why */
    const char *see;      /* what else to look up, as ik_explain_find takes it, blanks between */
};

size_t ik_explain_count(void);
/* Entry i of ik_explain_count: by family, type, code, topics last. */
const struct ik_explain *ik_explain_at(size_t i);
/* The entry of a type and code; code -1, or a code without an entry of its own: the type's. NULL
 * when no row names the type. */
const struct ik_explain *ik_explain_get(uint8_t family, uint8_t type, int code);
/* By what people type: "3/3", "3", "v4:3/3", "v6:1/4", "port-unreachable", an alias, a topic, in
 * any case, blanks and underscores for dashes. Numbers without a family are IPv4's where that has
 * the type. Fills at most cap entries (a name can mean several) and returns how many there are; 0:
 * none. For a code that is not assigned it gives the type. */
size_t ik_explain_find(const char *what, const struct ik_explain **out, size_t cap);
/* The names (static) that are most like it, nearest first, each once: at most cap. Returns how
 * many; 0 when nothing is near. */
size_t ik_explain_near(const char *what, const char **out, size_t cap);
/* True when the language has texts. */
bool ik_explain_speaks(enum ik_explain_lang lang);
/* The texts (static), all NULL in a language that is not spoken. What a code does not say for
 * itself, its type says. */
struct ik_explain_text ik_explain_text(const struct ik_explain *e, enum ik_explain_lang lang);
/* The spelling of a verdict in outputs, static. */
const char *ik_explain_filter_name(enum ik_explain_filter filter);

/* Expressions that select it, written to buf with terminator; "" where the tool has no word for it,
 * as for topics. They are made from the numbers, not kept as texts. Returns buf. */
enum ik_explain_tool { IK_EXPLAIN_WIRESHARK, IK_EXPLAIN_TCPDUMP, IK_EXPLAIN_NFT };
enum { IK_EXPLAIN_EXPRESSION_MAX = 64 };
const char *ik_explain_expression(const struct ik_explain *e, enum ik_explain_tool tool,
                                  char buf[static IK_EXPLAIN_EXPRESSION_MAX]);

/* The fields of its message, from ik_tell_layout: for a type those of its code 0, without what may
 * trail behind a message that has an end, and extensions where the type cannot have any. At most
 * cap into *out; returns how many there are, 0 for a topic. */
size_t ik_explain_layout(const struct ik_explain *e, struct ik_tell_field *out, size_t cap);
/* Draws at most 64 fields (of ik_explain_layout) as RFCs do, 32 bits a row of 65 characters, each
 * line ended by
 * '\n', with terminator. Returns the bytes it needs without terminator; *out holds them when cap
 * suffices. */
size_t ik_explain_draw(const struct ik_tell_field *fields, size_t n, char *out, size_t cap);
