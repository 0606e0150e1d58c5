/* SPDX-License-Identifier: MIT
 * schema.def as data. */
#include "record/table.h"

/* A literal as a span, its length worked out here and not for every line. */
#define TEXT(literal)                                   \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }

enum { IS_OPT = false, IS_REQ = true };

/* A function a kind: a field's row cannot name its record, so RECORD opens a scope in which `here`
 * has that type, and offsets are counted inside it. */
#define RECORD(id, words)                                                           \
    static struct ik_table_kind get_##id(void)                                      \
    {                                                                               \
        static const char name[] = #id, doc[] = words;                              \
        static const struct ik_rd head = TEXT("{\"record\":\"" #id "\",\"time\":"); \
        enum { BASE = offsetof(struct ik_record, id) };                             \
        const struct ik_rec_##id *const here = NULL;                                \
        static const struct ik_table_field fields[] = {
#define FIELD(id, type, presence, words) \
    {#id,                                \
     words,                              \
     TEXT(",\"" #id "\":"),              \
     IK_VALUE_##type,                    \
     IS_##presence,                      \
     BASE + offsetof(__typeof__(*here), id)},
#define END(id)                                                                               \
    }                                                                                         \
    ;                                                                                         \
    (void)here;                                                                               \
    return (struct ik_table_kind){name, doc, head, fields, sizeof(fields) / sizeof(*fields)}; \
    }
#include <icmpkit/schema.def>
#undef RECORD
#undef FIELD
#undef END

struct ik_table_kind ik_table_get(enum ik_record_kind kind)
{
    static struct ik_table_kind (*const rows[])(void) = {
#define RECORD(id, words) get_##id,
#define FIELD(id, type, presence, words)
#define END(id)
#include <icmpkit/schema.def>
#undef RECORD
#undef FIELD
#undef END
    };
    if ((unsigned)kind >= IK_REC_KINDS)
        return (struct ik_table_kind){.name = "", .doc = "", .head = TEXT("")};
    return rows[kind]();
}
