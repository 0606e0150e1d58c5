/* SPDX-License-Identifier: MIT
 * doc/records.md, from the rows of schema.def. */
#include <icmpkit/record.h>

#include <icmpkit/wire.h>

#include "record/sized.h"
#include "record/table.h"

static const char head[] =
    "# Records\n\n"
    "Generated from `include/icmpkit/schema.def`. With `--json` every line of stdout is one of "
    "these\n"
    "objects. Every one has `record` (its kind), `time` (RFC 3339, UTC, nanoseconds; null where\n"
    "a capture does not tell it) and `v` (1).\n"
    "Durations end in `_ns` and are integers, ratios are 0 to 1, addresses are strings. A field "
    "that\n"
    "is always there is `null` where it has no value; one that is not is left out. The same as "
    "JSON\n"
    "Schema: `records.schema.json`. A kind or a field may be added within version 1; none changes "
    "its\n"
    "meaning.\n";

static const char tail[] =
    "\n## Extensions\n\n"
    "`extensions` are the objects of an RFC 4884 structure, in order, each with `class` and "
    "`ctype`\n"
    "and:\n\n"
    "| class | members |\n|---|---|\n"
    "| 1, MPLS label stack (RFC 4950) | `mpls`: array of `{label tc s ttl}` |\n"
    "| 2, interface information (RFC 5837) | `role` (incoming, sub-ip, outgoing, next-hop), "
    "`index?`, `addr?`, `name?`, `mtu?` |\n"
    "| 3, interface identification (RFC 8335) | `name`, or `index`, or `afi` and `addr` |\n"
    "| others | `hex` |\n\n"
    "What cannot be decoded has `flaw` (why) and `hex` (its first 128 bytes; `bytes` says how "
    "many\n"
    "there were when that is not all); a structure with a wrong version or checksum is one such\n"
    "object. `more` closes a list that was cut. `flaw` `mpls-bottom`: the bottom bit of a label "
    "stack\n"
    "is missing, or not on its last entry.\n";

static const char icmp_head[] =
    "\n## ICMP by type\n\n"
    "After `type`, `code`, `name`, `checksum` and `checksum_ok`, `icmp` has the fields of its "
    "body\n"
    "in the order of the wire. A number with a word is followed by the word as `<field>_name`\n"
    "(`type` by `name`); bytes are hexadecimal, `...` where cut after 128; `data_bytes` says how\n"
    "many there are of what means nothing to the protocol; reserved fields are there when they\n"
    "are not zero. Options, records and other lists are arrays of objects with the fields of\n"
    "their entries; `{hex}` among them is what could not be decoded, `{more}` closes a list that\n"
    "was cut. A type that is not here has `bytes`. Fragmentation needed has `mtu` too.\n"
    "Worked out are `pointer` of headers too long, `interface` of extended echo requests, and the "
    "times that codes of\n"
    "listener queries mean; an RPL message has the members of its code, and `security`.\n\n"
    "| type | members |\n|---|---|\n";

/* A type's members, as its code 0 has them. */
static void put_type(struct ik_sized *s, uint8_t family, uint8_t type)
{
    enum { FIELDS_MAX = 48, HEAD_BITS = 32 };
    struct ik_tell_field fields[FIELDS_MAX];
    const size_t all = ik_tell_layout(family, type, 0, fields, FIELDS_MAX);
    const size_t n = all < FIELDS_MAX ? all : FIELDS_MAX;
    if (n == 0 || (n == 4 && strcmp(fields[3].key, "bytes") == 0))
        return;
    ik_sized_put(s, family == 4 ? "| ICMPv4 " : "| ICMPv6 ");
    ik_sized_put(s, ik_icmp_type_name(family, type));
    ik_sized_put(s, " |");
    for (size_t i = 0; i < n; i++) {
        if (fields[i].at_bits < HEAD_BITS || fields[i].reserved)
            continue;
        ik_sized_put(s, " `");
        ik_sized_put(s, fields[i].key);
        ik_sized_put(s, "`");
    }
    ik_sized_put(s, " |\n");
}

static void put_types(struct ik_sized *s)
{
    ik_sized_put(s, icmp_head);
    for (unsigned type = 0; type < 256; type++)
        put_type(s, 4, (uint8_t)type);
    for (unsigned type = 0; type < 256; type++)
        put_type(s, 6, (uint8_t)type);
}

static void put_field(struct ik_sized *s, const struct ik_table_field *field)
{
    ik_sized_put(s, "| `");
    ik_sized_put(s, field->name);
    ik_sized_put(s, "` | ");
    ik_sized_put(s, ik_value_words(field->type));
    ik_sized_put(s, field->required ? " | always | " : " | where known | ");
    ik_sized_put(s, field->doc);
    ik_sized_put(s, " |\n");
}

size_t ik_record_doc(char *out, size_t cap)
{
    struct ik_sized s = ik_sized_init(out, cap);
    ik_sized_put(&s, head);
    for (unsigned i = 0; i < IK_REC_KINDS; i++) {
        const struct ik_table_kind kind = ik_table_get(i);
        ik_sized_put(&s, "\n## ");
        ik_sized_put(&s, kind.name);
        ik_sized_put(&s, "\n\n");
        ik_sized_put(&s, kind.doc);
        ik_sized_put(&s, "\n\n| field | type | there | meaning |\n|---|---|---|---|\n");
        for (size_t j = 0; j < kind.n; j++)
            put_field(&s, &kind.fields[j]);
    }
    put_types(&s);
    ik_sized_put(&s, tail);
    return s.needed_bytes;
}
