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

/* The same for captured packets and their totals. */
static const char packet_defs[] =
    ",\n\"ip_object\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"version\",\"src\",\"dst\",\"ttl\",\"tos\",\"len\",\"df\",\"mf\","
    "\"offset\",\"proto\"],\"properties\":{\"version\":{\"enum\":[4,6]},"
    "\"src\":{\"type\":\"string\"},\"dst\":{\"type\":\"string\"},"
    "\"ttl\":{\"$ref\":\"#/$defs/byte\"},\"tos\":{\"$ref\":\"#/$defs/byte\"},"
    "\"id\":{\"$ref\":\"#/$defs/long\"},\"len\":{\"$ref\":\"#/$defs/long\"},"
    "\"df\":{\"type\":\"boolean\"},\"mf\":{\"type\":\"boolean\"},"
    "\"offset\":{\"$ref\":\"#/$defs/word\"},\"proto\":{\"$ref\":\"#/$defs/byte\"},"
    "\"flow\":{\"$ref\":\"#/$defs/long\"},\"checksum\":{\"$ref\":\"#/$defs/word\"},"
    "\"checksum_ok\":{\"type\":\"boolean\"},\"options\":{\"$ref\":\"#/$defs/told_array\"},"
    "\"headers\":{\"$ref\":\"#/$defs/told_array\"}}}"
    ",\n\"told_array\":{\"type\":\"array\",\"items\":{\"type\":[\"object\",\"string\"]}}"
    /* by type there are more members than this */
    ",\n\"icmp_object\":{\"type\":\"object\","
    "\"required\":[\"type\",\"code\",\"name\",\"checksum\",\"checksum_ok\"],"
    "\"properties\":{\"type\":{\"$ref\":\"#/$defs/byte\"},"
    "\"code\":{\"$ref\":\"#/$defs/byte\"},\"name\":{\"type\":\"string\"},"
    "\"checksum\":{\"$ref\":\"#/$defs/word\"},\"checksum_ok\":{\"type\":[\"boolean\","
    "\"null\"]},\"quote\":{\"$ref\":\"#/$defs/quote_object\"},"
    "\"extensions\":{\"$ref\":\"#/$defs/extensions_array\"},"
    "\"options\":{\"$ref\":\"#/$defs/told_array\"}}}"
    ",\n\"link_object\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"layers\"],\"properties\":{\"src_mac\":{\"type\":\"string\"},"
    "\"dst_mac\":{\"type\":\"string\"},\"layers\":{\"$ref\":\"#/$defs/layers_array\"},"
    "\"more\":{\"type\":\"boolean\"}}}"
    ",\n\"layers_array\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"additionalProperties\":false,\"anyOf\":[{\"required\":[\"layer\",\"at\",\"bytes\"]},"
    "{\"required\":[\"more\"]}],\"properties\":{\"layer\":{\"type\":\"string\"},"
    "\"at\":{\"$ref\":\"#/$defs/long\"},\"bytes\":{\"$ref\":\"#/$defs/long\"},"
    "\"ident\":{\"$ref\":\"#/$defs/long\"},\"priority\":{\"$ref\":\"#/$defs/byte\"},"
    "\"more\":{\"const\":true}}}}"
    ",\n\"flaws_array\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"additionalProperties\":false,\"anyOf\":[{\"required\":[\"what\",\"at\"]},"
    "{\"required\":[\"more\"]}],\"properties\":{\"what\":{\"type\":\"string\"},"
    "\"at\":{\"$ref\":\"#/$defs/word\"},\"more\":{\"const\":true}}}}"
    ",\n\"pair_object\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"kind\"],\"properties\":{\"kind\":{\"type\":\"string\"},"
    "\"n\":{\"type\":\"integer\"},\"rtt_ns\":{\"type\":\"integer\"}}}"
    ",\n\"kinds_array\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"additionalProperties\":false,\"anyOf\":[{\"required\":[\"family\",\"type\",\"code\","
    "\"name\",\"packets\",\"bytes\"]},{\"required\":[\"more\"]}],"
    "\"properties\":{\"family\":{\"enum\":[4,6]},\"type\":{\"$ref\":\"#/$defs/byte\"},"
    "\"code\":{\"$ref\":\"#/$defs/byte\"},\"name\":{\"type\":\"string\"},"
    "\"packets\":{\"type\":\"integer\"},\"bytes\":{\"type\":\"integer\"},"
    "\"more\":{\"const\":true}}}}"
    ",\n\"talkers_array\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"additionalProperties\":false,\"anyOf\":[{\"required\":[\"addr\",\"packets\","
    "\"bytes\"]},{\"required\":[\"more\"]}],\"properties\":{\"addr\":{\"type\":\"string\"},"
    "\"packets\":{\"type\":\"integer\"},\"bytes\":{\"type\":\"integer\"},"
    "\"over_by\":{\"type\":\"integer\"},\"more\":{\"const\":true}}}}"
    ",\n\"flaw_counts_array\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"additionalProperties\":false,\"anyOf\":[{\"required\":[\"what\",\"n\"]},"
    "{\"required\":[\"more\"]}],\"properties\":{\"what\":{\"type\":\"string\"},"
    "\"n\":{\"type\":\"integer\"},\"more\":{\"const\":true}}}}"
    ",\n\"bins_array\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"additionalProperties\":false,\"anyOf\":[{\"required\":[\"from_ns\",\"below_ns\","
    "\"n\"]},{\"required\":[\"more\"]}],\"properties\":{\"from_ns\":{\"type\":\"integer\"},"
    "\"below_ns\":{\"type\":\"integer\"},\"n\":{\"type\":\"integer\"},"
    "\"more\":{\"const\":true}}}}"
    ",\n\"evidence_array\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"additionalProperties\":false,\"required\":[\"n\",\"time\",\"at\",\"bytes\"],"
    "\"properties\":{\"n\":{\"type\":\"integer\"},\"time\":{\"type\":[\"string\",\"null\"]},"
    "\"at\":{\"$ref\":\"#/$defs/long\"},\"bytes\":{\"type\":\"string\","
    "\"pattern\":\"^([0-9a-f]{2}){0,32}$\"}}}}";

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
    ik_sized_put(s, "\"},\n  \"time\":{\"anyOf\":[");
    ik_sized_put(s, ik_value_schema(IK_VALUE_TIME));
    ik_sized_put(s, ",{\"type\":\"null\"}]},\n  \"v\":{\"const\":1}");
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
