/* SPDX-License-Identifier: MIT
 * What a type and code mean, and what to do: the entries of `icmp explain`, in our own words, in
 * English and Korean, from tables. Pure. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/tell.h>
#include <icmpkit/types.h>

enum ik_explain_lang { IK_EXPLAIN_EN, IK_EXPLAIN_KO };

/* What a filter should do with it (RFC 4890 for IPv6; draft-ietf-opsec-icmp-filtering for IPv4). */
enum ik_explain_filter {
    IK_EXPLAIN_MUST_NOT_DROP,
    IK_EXPLAIN_SHOULD_NOT_DROP,
    IK_EXPLAIN_MAY_DROP,  /* policy decides */
    IK_EXPLAIN_LIMIT,     /* let it pass, but limit its rate */
    IK_EXPLAIN_LINK_ONLY, /* needed on the link, never to be forwarded */
    IK_EXPLAIN_SHOULD_DROP,
};

/* An entry: a type and code, a type (code -1), or a topic (family 0). Static. */
struct ik_explain {
    uint8_t family, type;
    int16_t code;
    const char *name;            /* "port-unreachable"; topics: "path-mtu" */
    const char *const *aliases;  /* ended by NULL; other names that people know it by */
    const char *source;          /* "RFC 792; RFC 1122 section 3.2.2.1" */
    enum ik_icmp_class class_of; /* not for topics */
    enum ik_icmp_status status;
    enum ik_explain_filter filter;
};

/* The texts of an entry in one language; NULL where an entry has none of that kind. Paragraphs are
 * not wrapped; list items of causes and checks are separated by '\n'. */
struct ik_explain_text {
    const char *title;    /* "Port unreachable" */
    const char *meaning;  /* what it means */
    const char *sender;   /* who sends it and when */
    const char *receiver; /* what the receiver should do */
    const char *causes;   /* usual causes */
    const char *checks;   /* what to check next: commands where there are any */
    const char *filter;   /* may a firewall drop it, and why */
    const char *see;      /* names of related entries, blanks between */
};

size_t ik_explain_count(void);
/* Entry i of ik_explain_count: by family, type, code, topics last. */
const struct ik_explain *ik_explain_at(size_t i);
/* The entry of a type and code; code -1, or a code without an entry of its own: the type's. NULL
 * when no row names the type. */
const struct ik_explain *ik_explain_get(uint8_t family, uint8_t type, int code);
/* By what people type: "3/3", "3", "v4:3/3", "v6:1/4", "port-unreachable", an alias, a topic. Fills
 * at most cap entries (a name can mean both families) and returns how many there are; 0: none, and
 * *near is the nearest name (static) or NULL. */
size_t ik_explain_find(const char *what, const struct ik_explain **out, size_t cap,
                       const char **near);
/* The texts; never NULL. */
const struct ik_explain_text *ik_explain_text(const struct ik_explain *e,
                                              enum ik_explain_lang lang);

/* Expressions that select it, written to buf with terminator; "" where the tool has no word for it.
 * They are made from the numbers, not kept as texts. */
enum ik_explain_tool { IK_EXPLAIN_WIRESHARK, IK_EXPLAIN_TCPDUMP, IK_EXPLAIN_NFT };
const char *ik_explain_expression(const struct ik_explain *e, enum ik_explain_tool tool, char *buf,
                                  size_t cap);
