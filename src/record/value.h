/* SPDX-License-Identifier: MIT
 * The types that a field of the schema may have: absent value, JSON, JSON Schema, words. */
#pragma once

#include "base/wr.h"

/* Spelling in schema.def, JSON Schema of a value, words for people. C types stand in record.h. */
#define IK_VALUES(X)                                                                               \
    X(STR, "{\"type\":\"string\"}", "string")                                                      \
    X(TEXT, "{\"type\":\"string\"}", "string from the network, escaped")                           \
    X(ADDR, "{\"type\":\"string\",\"pattern\":\"^[0-9a-f.:]+(%[0-9]+)?$\"}", "address")            \
    X(NUM, "{\"type\":\"integer\"}", "integer")                                                    \
    X(DIFF, "{\"type\":\"integer\"}", "integer, may be negative")                                  \
    X(NS, "{\"type\":\"integer\"}", "nanoseconds, integer")                                        \
    X(TIME,                                                                                        \
      "{\"type\":\"string\",\"pattern\":"                                                          \
      "\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{9}Z$\"}",                  \
      "time, RFC 3339, UTC, nanoseconds")                                                          \
    X(BOOL, "{\"type\":\"boolean\"}", "boolean")                                                   \
    X(RATIO, "{\"type\":\"number\",\"minimum\":0,\"maximum\":1}", "ratio, 0 to 1")                 \
    X(REAL, "{\"type\":\"number\"}", "number, at most three decimals")                             \
    X(STRS, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "array of strings")            \
    X(RTT, "{\"$ref\":\"#/$defs/rtt_object\"}",                                                    \
      "object `{min avg max mdev p50? p90? p99?}`, nanoseconds")                                   \
    X(QUOTE, "{\"$ref\":\"#/$defs/quote_object\"}",                                                \
      "object `{src dst proto ttl id sport? dport? type? code? ident? seq? truncated}`, or "       \
      "`{flaw hex}`")                                                                              \
    X(EXT, "{\"$ref\":\"#/$defs/extensions_array\"}",                                              \
      "array of objects `{class ctype ...}`, see below")                                           \
    X(HEX, "{\"type\":\"string\",\"pattern\":\"^([0-9a-f]{2})*([.]{3})?$\"}",                      \
      "bytes in hexadecimal, `...` where cut after 4096")                                          \
    X(IP, "{\"$ref\":\"#/$defs/ip_object\"}",                                                      \
      "object `{version src dst ttl tos id? len df mf offset proto flow? checksum? "               \
      "checksum_ok? options? headers?}`")                                                          \
    X(ICMP, "{\"$ref\":\"#/$defs/icmp_object\"}",                                                  \
      "object `{type code name checksum checksum_ok ...}`")                                        \
    X(FLAWS, "{\"$ref\":\"#/$defs/flaws_array\"}", "array of `{what at}`")                         \
    X(LAYERS, "{\"$ref\":\"#/$defs/link_object\"}",                                                \
      "object `{src_mac? dst_mac? layers[{layer at bytes ident? priority?}] more?}`")              \
    X(PAIR, "{\"$ref\":\"#/$defs/pair_object\"}", "object `{kind n? rtt_ns?}`")                    \
    X(KINDS, "{\"$ref\":\"#/$defs/kinds_array\"}",                                                 \
      "array of `{family type code name packets bytes}`")                                          \
    X(TALKERS, "{\"$ref\":\"#/$defs/talkers_array\"}", "array of `{addr packets bytes over_by?}`") \
    X(FLAWCOUNTS, "{\"$ref\":\"#/$defs/flaw_counts_array\"}", "array of `{what n}`")               \
    X(COUNTS, "{\"$ref\":\"#/$defs/flaw_counts_array\"}", "array of `{what n}`")                   \
    X(BINS, "{\"$ref\":\"#/$defs/bins_array\"}", "array of `{from_ns below_ns n}`")                \
    X(EVIDENCE, "{\"$ref\":\"#/$defs/evidence_array\"}",                                           \
      "array of `{n time at bytes}`: number and time of a frame, where the bytes (hexadecimal) "   \
      "begin in it")

enum ik_value_type {
#define X(id, schema, words) IK_VALUE_##id,
    IK_VALUES(X)
#undef X
        IK_VALUE_TYPES
};

/* `at` points to an object of the C type that record.h gives the schema type. */

/* True when the object holds the absent value of its type. */
bool ik_value_is_absent(enum ik_value_type type, const void *at);
/* Appends the value as JSON; it is not absent. */
void ik_value_put(struct ik_wr *w, enum ik_value_type type, const void *at);
/* The JSON Schema of a value; what it is in words. Static. */
const char *ik_value_schema(enum ik_value_type type);
const char *ik_value_words(enum ik_value_type type);
