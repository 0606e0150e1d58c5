/* SPDX-License-Identifier: MIT
 * doc/records.md, from the rows of schema.def. */
#include <icmpkit/record.h>

#include "record/sized.h"
#include "record/table.h"

static const char head[] =
    "# Records\n\n"
    "Generated from `include/icmpkit/schema.def`. With `--json` every line of stdout is one of "
    "these\n"
    "objects. Every one has `record` (its kind), `time` (RFC 3339, UTC, nanoseconds) and `v` (1).\n"
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
    ik_sized_put(&s, tail);
    return s.needed_bytes;
}
