/* SPDX-License-Identifier: MIT
 * A record made, and as a line of JSON. */
#include <icmpkit/record.h>

#include "record/json.h"
#include "record/table.h"

static const uint8_t nothing[1];

/* The absent value of each type of the schema, as record.h says what it is. */
/* clang-format off */
#define NOTHING {nothing, 0}
#define ABSENT_STR NULL
#define ABSENT_TEXT NOTHING
#define ABSENT_ADDR {0}
#define ABSENT_NUM -1
#define ABSENT_DIFF IK_NEVER
#define ABSENT_NS IK_NEVER
#define ABSENT_TIME IK_NEVER
#define ABSENT_BOOL false
#define ABSENT_RATIO -1
#define ABSENT_REAL __builtin_nan("")
#define ABSENT_STRS NULL
#define ABSENT_RTT {IK_NEVER, IK_NEVER, IK_NEVER, IK_NEVER, IK_NEVER, IK_NEVER, IK_NEVER}
#define ABSENT_QUOTE NOTHING
#define ABSENT_EXT NOTHING
#define ABSENT_HEX NOTHING
#define ABSENT_IP {.bytes = NOTHING}
#define ABSENT_ICMP {.bytes = NOTHING}
#define ABSENT_FLAWS NULL
#define ABSENT_LAYERS NULL
#define ABSENT_PAIR {.rtt = IK_NEVER}
#define ABSENT_KINDS {0}
#define ABSENT_TALKERS {0}
#define ABSENT_FLAWCOUNTS {0}
#define ABSENT_COUNTS {0}
#define ABSENT_BINS {0}
#define ABSENT_EVIDENCE {0}
/* clang-format on */

#define RECORD(id, doc) static const struct ik_rec_##id absent_##id = {
#define FIELD(id, type, presence, doc) .id = ABSENT_##type,
#define END(id) \
    }           \
    ;
#include <icmpkit/schema.def>
#undef RECORD
#undef FIELD
#undef END

struct ik_record ik_record_make(enum ik_record_kind kind, ik_ns time)
{
    struct ik_record rec;
    rec.kind = kind;
    rec.time = time;
    switch (kind) {
#define RECORD(id, doc)       \
    case IK_REC_##id:         \
        rec.id = absent_##id; \
        break;
#define FIELD(id, type, presence, doc)
#define END(id)
#include <icmpkit/schema.def>
#undef RECORD
#undef FIELD
#undef END
    case IK_REC_KINDS:
        break;
    }
    return rec;
}

static void put_field(struct ik_wr *w, const struct ik_table_field *field, const void *at)
{
    const bool absent = ik_value_is_absent(field->type, at);
    if (absent && !field->required)
        return;
    ik_wr_put(w, field->key);
    if (absent)
        ik_fmt_put_text(w, "null");
    else
        ik_value_put(w, field->type, at);
}

enum ik_err ik_record_json(const struct ik_record *rec, char *out, size_t cap, size_t *len)
{
    const struct ik_table_kind row = ik_table_get(rec->kind);
    if (row.n == 0)
        return IK_E_VALUE;
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)out, cap);
    ik_wr_put(&w, row.head);
    if (rec->time == IK_NEVER)
        ik_fmt_put_text(&w, "null");
    else
        ik_value_put(&w, IK_VALUE_TIME, &rec->time);
    ik_fmt_put_text(&w, ",\"v\":1");
    for (size_t i = 0; i < row.n; i++)
        put_field(&w, &row.fields[i], (const char *)rec + row.fields[i].offset_bytes);
    ik_fmt_put_text(&w, "}\n");
    if (w.overflow)
        return IK_E_FULL;
    *len = w.used;
    return IK_OK;
}
