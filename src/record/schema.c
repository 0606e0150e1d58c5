/* SPDX-License-Identifier: MIT
 * The JSON Schema of all records, from the rows of schema.def. */
#include <icmpkit/record.h>

#include "record/sized.h"
#include "record/table.h"

/* What the objects inside records look like. */
static const char inner_defs[] =
    "\"byte\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":255},\n"
    "\"word\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":65535},\n"
    "\"long\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295},\n"
    "\"rtt_object\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"min\",\"avg\",\"max\",\"mdev\"],\"properties\":{"
    "\"min\":{\"type\":\"integer\"},\"avg\":{\"type\":\"integer\"},\"max\":{\"type\":\"integer\"},"
    "\"mdev\":{\"type\":\"integer\"},\"p50\":{\"type\":\"integer\"},\"p90\":{\"type\":\"integer\"},"
    "\"p99\":{\"type\":\"integer\"}}},\n"
    "\"flaw_object\":{\"type\":\"object\",\"required\":[\"flaw\",\"hex\"]},\n"
    "\"quote_object\":{\"type\":\"object\",\"additionalProperties\":false,\"oneOf\":["
    "{\"required\":[\"src\",\"dst\",\"proto\",\"ttl\",\"id\",\"truncated\"]},"
    "{\"$ref\":\"#/$defs/flaw_object\"}],\"properties\":{"
    "\"src\":{\"type\":\"string\"},\"dst\":{\"type\":\"string\"},"
    "\"proto\":{\"$ref\":\"#/$defs/byte\"},\"ttl\":{\"$ref\":\"#/$defs/byte\"},"
    "\"id\":{\"$ref\":\"#/$defs/long\"},"
    "\"sport\":{\"$ref\":\"#/$defs/word\"},\"dport\":{\"$ref\":\"#/$defs/word\"},"
    "\"type\":{\"$ref\":\"#/$defs/byte\"},\"code\":{\"$ref\":\"#/$defs/byte\"},"
    "\"ident\":{\"$ref\":\"#/$defs/word\"},\"seq\":{\"$ref\":\"#/$defs/word\"},"
    "\"truncated\":{\"type\":\"boolean\"},\"flaw\":{\"type\":\"string\"},"
    "\"hex\":{\"type\":\"string\"},\"bytes\":{\"type\":\"integer\"}}},\n"
    "\"mpls_object\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"label\",\"tc\",\"s\",\"ttl\"],\"properties\":{"
    "\"label\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":1048575},"
    "\"tc\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":7},"
    "\"s\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":1},"
    "\"ttl\":{\"$ref\":\"#/$defs/byte\"}}},\n"
    "\"extensions_array\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"additionalProperties\":false,\"anyOf\":[{\"required\":[\"class\",\"ctype\"]},"
    "{\"$ref\":\"#/$defs/flaw_object\"},{\"required\":[\"more\"]}],\"properties\":{"
    "\"class\":{\"$ref\":\"#/$defs/byte\"},\"ctype\":{\"$ref\":\"#/$defs/byte\"},"
    "\"mpls\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/mpls_object\"}},"
    "\"role\":{\"enum\":[\"incoming\",\"sub-ip\",\"outgoing\",\"next-hop\"]},"
    "\"index\":{\"$ref\":\"#/$defs/long\"},\"afi\":{\"$ref\":\"#/$defs/word\"},"
    "\"addr\":{\"type\":\"string\"},\"name\":{\"type\":\"string\"},"
    "\"mtu\":{\"$ref\":\"#/$defs/long\"},\"flaw\":{\"type\":\"string\"},"
    "\"hex\":{\"type\":\"string\"},\"bytes\":{\"type\":\"integer\"},"
    "\"more\":{\"type\":\"boolean\"}}}}";

#define INTEGER "{\"type\":\"integer\"}"
#define STRING "{\"type\":\"string\"}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define REF(id) "{\"$ref\":\"#/$defs/" id "\"}"
/* An object of these members and no others; an array of objects that may end in {more}. */
#define OBJECT(id, required, properties)                                 \
    ",\n\"" id "\":{\"type\":\"object\",\"additionalProperties\":false," \
    "\"required\":[" required "],\"properties\":{" properties "}}"
#define ARRAY(id, required, properties)                                  \
    ",\n\"" id "\":{\"type\":\"array\",\"items\":{\"type\":\"object\","  \
    "\"additionalProperties\":false,\"anyOf\":[{\"required\":[" required \
    "]},{\"required\":[\"more\"]}],\"properties\":{" properties ",\"more\":{\"const\":true}}}}"

/* The same for captured packets and their totals. */
static const char packet_defs[] =
    OBJECT("ip_object",
           "\"version\",\"src\",\"dst\",\"ttl\",\"tos\",\"len\",\"df\",\"mf\",\"offset\",\"proto\"",
           "\"version\":{\"enum\":[4,6]},\"src\":" STRING ",\"dst\":" STRING
           ",\"ttl\":" REF("byte") ",\"tos\":" REF("byte") ",\"id\":" REF("long") ",\"len\":" REF(
               "long") ",\"df\":" BOOLEAN ",\"mf\":" BOOLEAN
                       ",\"offset\":" REF("word") ",\"proto\":" REF("byte") ",\"flow\":" REF("long") ",\"checksum\":" REF(
                           "word") ",\"checksum_ok\":" BOOLEAN
                                   ",\"options\":" REF("told_array") ",\"headers\":" REF(
                                       "told_array")) ",\n\"told_array\":{\"type\":\"array\","
                                                      "\"items\":{\"type\":[\"object\",\"string\"]}"
                                                      "}"
                                                      /* by type there are more members than this */
                                                      ",\n\"icmp_object\":{\"type\":\"object\","
                                                      "\"required\":[\"type\",\"code\",\"name\","
                                                      "\"checksum\",\"checksum_ok\"],"
                                                      "\"properties\":{"
                                                      "\"type\":" REF("byte") ",\"code\":" REF("byt"
                                                                                               "e") ",\"name\":" STRING ",\"checksum\":" REF(
                                                          "word") ",\"checksum_ok\":{\"type\":["
                                                                  "\"boolean\",\"null\"]},"
                                                                  "\"quote\":" REF("quote_object") ",\"extensions\":" REF("extensions_array") "}}" OBJECT(
                                                                      "link_object", "\"layers\"",
                                                                      "\"src_mac\":" STRING
                                                                      ",\"dst_mac\":" STRING
                                                                      ",\"layers\":" REF(
                                                                          "layers_array") ",\"more"
                                                                                          "\""
                                                                                          ":" BOOLEAN)
                                                                      ARRAY("layers_array",
                                                                            "\"layer\",\"at\","
                                                                            "\"bytes\"",
                                                                            "\"layer\":" STRING
                                                                            ",\"at\":" REF("long") ",\"bytes\":" REF(
                                                                                "long") ",\"ident\""
                                                                                        ":" REF("lo"
                                                                                                "n"
                                                                                                "g") ",\"priority\":" REF("byte"))
                                                                          ARRAY(
                                                                              "flaws_array",
                                                                              "\"what\",\"at\"",
                                                                              "\"what\":" STRING
                                                                              ",\"at\":" REF(
                                                                                  "word")) OBJECT("pair_object",
                                                                                                  "\"kind\"",
                                                                                                  "\"kind\":" STRING
                                                                                                  ",\"n\":" INTEGER
                                                                                                  ",\"rtt_ns\":" INTEGER)
                                                                              ARRAY(
                                                                                  "kinds_array",
                                                                                  "\"family\","
                                                                                  "\"type\","
                                                                                  "\"code\","
                                                                                  "\"name\","
                                                                                  "\"packets\","
                                                                                  "\"bytes\"",
                                                                                  "\"family\":{"
                                                                                  "\"enum\":[4,6]},"
                                                                                  "\"type\":" REF("byte") ",\"code\":" REF(
                                                                                      "byte") ",\"n"
                                                                                              "ame"
                                                                                              "\""
                                                                                              ":" STRING
                                                                                              ",\"p"
                                                                                              "acke"
                                                                                              "ts\""
                                                                                              ":" INTEGER
                                                                                              ",\"b"
                                                                                              "ytes"
                                                                                              "\""
                                                                                              ":" INTEGER)
                                                                                  ARRAY(
                                                                                      "talkers_"
                                                                                      "array",
                                                                                      "\"addr\","
                                                                                      "\"packets\","
                                                                                      "\"bytes\"",
                                                                                      "\"addr\""
                                                                                      ":" STRING
                                                                                      ",\"packets\""
                                                                                      ":" INTEGER
                                                                                      ",\"bytes\""
                                                                                      ":" INTEGER
                                                                                      ",\"over_"
                                                                                      "by\""
                                                                                      ":" INTEGER)
                                                                                      ARRAY(
                                                                                          "flaw_"
                                                                                          "counts_"
                                                                                          "array",
                                                                                          "\"what\""
                                                                                          ",\"n\"",
                                                                                          "\"what\""
                                                                                          ":" STRING
                                                                                          ",\"n\""
                                                                                          ":" INTEGER)
                                                                                          ARRAY(
                                                                                              "bins"
                                                                                              "_arr"
                                                                                              "ay",
                                                                                              "\"fr"
                                                                                              "om_"
                                                                                              "ns\""
                                                                                              ",\"b"
                                                                                              "elow"
                                                                                              "_ns"
                                                                                              "\","
                                                                                              "\"n"
                                                                                              "\"",
                                                                                              "\"fr"
                                                                                              "om_"
                                                                                              "ns\""
                                                                                              ":" INTEGER
                                                                                              ",\"b"
                                                                                              "elow"
                                                                                              "_ns"
                                                                                              "\""
                                                                                              ":" INTEGER
                                                                                              ",\"n"
                                                                                              "\""
                                                                                              ":" INTEGER);

static void put_property(struct ik_sized *s, const struct ik_table_field *field)
{
    ik_sized_put(s, ",\n  \"");
    ik_sized_put(s, field->name);
    ik_sized_put(s, "\":");
    if (!field->required || field->type == IK_VALUE_BOOL) {
        ik_sized_put(s, ik_value_schema(field->type));
        return;
    }
    ik_sized_put(s, "{\"anyOf\":[");
    ik_sized_put(s, ik_value_schema(field->type));
    ik_sized_put(s, ",{\"type\":\"null\"}]}");
}

static void put_kind(struct ik_sized *s, const struct ik_table_kind *kind)
{
    ik_sized_put(s, ",\n\"");
    ik_sized_put(s, kind->name);
    ik_sized_put(s, "\":{\"type\":\"object\",\"additionalProperties\":false,\n \"required\":["
                    "\"record\",\"time\",\"v\"");
    for (size_t i = 0; i < kind->n; i++) {
        if (!kind->fields[i].required)
            continue;
        ik_sized_put(s, ",\"");
        ik_sized_put(s, kind->fields[i].name);
        ik_sized_put(s, "\"");
    }
    ik_sized_put(s, "],\n \"properties\":{\n  \"record\":{\"const\":\"");
    ik_sized_put(s, kind->name);
    ik_sized_put(s, "\"},\n  \"time\":");
    ik_sized_put(s, ik_value_schema(IK_VALUE_TIME));
    ik_sized_put(s, ",\n  \"v\":{\"const\":1}");
    for (size_t i = 0; i < kind->n; i++)
        put_property(s, &kind->fields[i]);
    ik_sized_put(s, "}}");
}

size_t ik_record_schema(char *out, size_t cap)
{
    struct ik_sized s = ik_sized_init(out, cap);
    ik_sized_put(&s, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n"
                     "\"title\":\"icmpkit records, version 1\",\n\"type\":\"object\",\n"
                     "\"required\":[\"record\"],\n\"oneOf\":[");
    for (unsigned i = 0; i < IK_REC_KINDS; i++) {
        ik_sized_put(&s, i ? ",{\"$ref\":\"#/$defs/" : "{\"$ref\":\"#/$defs/");
        ik_sized_put(&s, ik_table_get(i).name);
        ik_sized_put(&s, "\"}");
    }
    ik_sized_put(&s, "],\n\"$defs\":{\n");
    ik_sized_put(&s, inner_defs);
    ik_sized_put(&s, packet_defs);
    for (unsigned i = 0; i < IK_REC_KINDS; i++) {
        const struct ik_table_kind kind = ik_table_get(i);
        put_kind(&s, &kind);
    }
    ik_sized_put(&s, "}}\n");
    return s.needed_bytes;
}
