/* SPDX-License-Identifier: MIT
 * A record made, and as a line of JSON. */
#include <icmpkit/record.h>

#include "record/json.h"
#include "record/table.h"

struct ik_record ik_record_make(enum ik_record_kind kind, ik_ns time)
{
    struct ik_record rec;
    memset(&rec, 0, sizeof(rec));
    rec.kind = kind;
    rec.time = time;
    const struct ik_table_kind row = ik_table_get(kind);
    for (size_t i = 0; i < row.n; i++)
        ik_value_clear(row.fields[i].type, (char *)&rec + row.fields[i].offset_bytes);
    return rec;
}

static void put_field(struct ik_wr *w, const struct ik_table_field *field, const void *at)
{
    const bool absent = ik_value_is_absent(field->type, at);
    if (absent && !field->required)
        return;
    ik_json_put_key(w, field->name);
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
    ik_wr_put8(&w, '{');
    ik_json_put_member_word(&w, "record", row.name);
    ik_json_put_key(&w, "time");
    if (rec->time == IK_NEVER)
        ik_fmt_put_text(&w, "null");
    else
        ik_value_put(&w, IK_VALUE_TIME, &rec->time);
    ik_json_put_member_u64(&w, "v", 1);
    for (size_t i = 0; i < row.n; i++)
        put_field(&w, &row.fields[i], (const char *)rec + row.fields[i].offset_bytes);
    ik_fmt_put_text(&w, "}\n");
    if (w.overflow)
        return IK_E_FULL;
    *len = w.used;
    return IK_OK;
}
