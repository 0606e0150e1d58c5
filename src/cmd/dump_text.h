/* SPDX-License-Identifier: MIT
 * Packets as text: lines that begin as tcpdump's do, and say in brackets what those do not. Pure:
 * everything is appended to memory of the caller. */
#pragma once

#include "dump_stamp.h"

#include <icmpkit/explain.h>
#include <icmpkit/look.h>

struct ik_dump_style {
    bool quick;     /* -q: without the brackets */
    bool number;    /* -#: the number of the frame comes first */
    bool link;      /* -e: what is around the IP packet */
    bool interface; /* where it was captured */
    int verbose;    /* -v */
    enum ik_explain_lang lang;
};

/* Most bytes of a line; a longer one is cut, and says so. */
enum { IK_DUMP_LINE = 16384 };

/* One packet as a line with its end (two or more with -v). */
void ik_dump_text_line(struct ik_put *w, const struct ik_dump_style *style,
                       struct ik_dump_stamp *stamp, const struct ik_look_packet *p);

/* ---- parts of it ----------------------------------------------------------------------------- */

/* What the message says, in the words of tcpdump: "ICMP echo request, id 7, seq 1, length 64". */
void ik_dump_words_put(struct ik_put *w, const struct ik_look_packet *p);
/* The words for ICMPv6 but an echo, after "ICMP6, " and before the length. */
void ik_dump_words6_put(struct ik_put *w, const struct ik_look_packet *p);
/* What tcpdump does not say, between brackets. */
void ik_dump_more_put(struct ik_put *w, const struct ik_look_packet *p);
/* The layers around the IP packet: "02:... > 02:..., vlan 7 p 3, length 64". */
void ik_dump_layers_put(struct ik_put *w, const struct ik_look_packet *p);
/* How the packet relates to an earlier one: "reply to 12, 3.217 ms". Nothing without relation. */
void ik_dump_pair_put(struct ik_put *w, const struct ik_look_packet *p);
/* A flaw and its place: "bad-checksum at byte 36". */
void ik_dump_flaw_put(struct ik_put *w, const struct ik_fault *fault);
/* The quoted packet: "IP 10.0.1.1.40000 > 10.0.4.2.33434: UDP, length 32, ttl 1, id 17". */
void ik_dump_quote_put(struct ik_put *w, const struct ik_quote *q);
/* An RFC 4884 structure: "MPLS label 17 tc 0 s 1 ttl 1". */
void ik_dump_extensions_put(struct ik_put *w, struct ik_rd structure);
/* Every field of a message but type, code and checksum: "ident 7, seq 1, mask 255.0.0.0". */
void ik_dump_fields_put(struct ik_put *w, const struct ik_icmp *icmp, struct ik_rd bytes);

/* ---- beyond the line ------------------------------------------------------------------------- */

/* Given a piece of text, a line or several. */
typedef void ik_dump_piece_fn(void *ctx, const struct ik_put *text);

/* The bytes in rows of 16 as tcpdump shows them, those with a flaw marked below. `from` is the
 * first byte to show; flaws count from byte 0 of `bytes`. */
void ik_dump_hex(struct ik_rd bytes, size_t from, bool ascii, const struct ik_faults *faults,
                 ik_dump_piece_fn *fn, void *ctx);
/* The packet as a tree, each field with its bytes. */
void ik_dump_tree(const struct ik_dump_style *style, struct ik_dump_stamp *stamp,
                  const struct ik_look_packet *p, ik_dump_piece_fn *fn, void *ctx);
