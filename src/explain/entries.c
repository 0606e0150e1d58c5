/* SPDX-License-Identifier: MIT
 * The table of entries. What the codec knows of a type or code (name, class, status) is taken from
 * its rows: a row of entries.def for something that it does not name does not compile, nor does a
 * name of it without a row here. */
#include "explain/entries.h"

#define X(value, id, spelling, min, body, class_id, status_id, from) \
    static const char name_4_##id[] = spelling;                      \
    enum {                                                           \
        class_4_##id = IK_ICMP_CLASS_##class_id,                     \
        status_4_##id = IK_ICMP_STATUS_##status_id,                  \
    };
#include <icmpkit/icmp4_types.def>
#undef X
#define X(value, id, spelling, min, body, class_id, status_id, from) \
    static const char name_6_##id[] = spelling;                      \
    enum {                                                           \
        class_6_##id = IK_ICMP_CLASS_##class_id,                     \
        status_6_##id = IK_ICMP_STATUS_##status_id,                  \
    };
#include <icmpkit/icmp6_types.def>
#undef X
#define X(family, type, code, id, spelling) \
    static const char name_##family##_##type##_##id[] = spelling;
#include <icmpkit/icmp_codes.def>
#undef X

#define AKA(...)          \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }
static const char *const NO_AKA[] = {NULL};

#define TYPE(f, id, codes_id, like, filter_id, aka, from) \
    {.family = f,                                         \
     .type = IK_ICMP##f##_##id,                           \
     .code = -1,                                          \
     .name = name_##f##_##id,                             \
     .aliases = aka,                                      \
     .source = from,                                      \
     .class_of = (enum ik_icmp_class)class_##f##_##id,    \
     .status = (enum ik_icmp_status)status_##f##_##id,    \
     .filter = IK_EXPLAIN_##filter_id,                    \
     .codes = IK_EXPLAIN_CODE_##codes_id},
#define CODE(f, type_id, id, status_id, filter_id, aka, from) \
    {.family = f,                                             \
     .type = IK_ICMP##f##_##type_id,                          \
     .code = IK_ICMP##f##_##type_id##_##id,                   \
     .name = name_##f##_##type_id##_##id,                     \
     .aliases = aka,                                          \
     .source = from,                                          \
     .class_of = (enum ik_icmp_class)class_##f##_##type_id,   \
     .status = IK_ICMP_STATUS_##status_id,                    \
     .filter = IK_EXPLAIN_##filter_id},
#define TOPIC(id, spelling, aka, from) \
    {.code = -1, .name = spelling, .aliases = aka, .source = from},
static const struct ik_explain entries[ENTRY_COUNT] = {
#include "explain/entries.def"
};
#undef TYPE
#undef CODE
#undef TOPIC

#define TYPE(f, id, codes_id, like, ...) [ENTRY_##f##_##id] = ENTRY_##f##_##like,
#define CODE(f, type_id, id, ...) [ENTRY_##f##_##type_id##_##id] = ENTRY_##f##_##type_id,
#define TOPIC(id, ...) [ENTRY_TOPIC_##id] = ENTRY_TOPIC_##id,
static const uint16_t parents[ENTRY_COUNT] = {
#include "explain/entries.def"
};
#undef TYPE
#undef CODE
#undef TOPIC

size_t ik_explain_count(void)
{
    return ENTRY_COUNT;
}

const struct ik_explain *ik_explain_at(size_t i)
{
    return &entries[i];
}

enum entry ik_entries_number(const struct ik_explain *e)
{
    return (enum entry)(e - entries);
}

enum entry ik_entries_parent(enum entry entry)
{
    return parents[entry];
}

const struct ik_explain *ik_explain_get(uint8_t family, uint8_t type, int code)
{
    const struct ik_explain *found = NULL;
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        const struct ik_explain *e = &entries[i];
        if (e->family != family || e->type != type || !family)
            continue;
        if (e->code == code)
            return e;
        if (e->code < 0)
            found = e;
    }
    return found;
}

const char *ik_explain_filter_name(enum ik_explain_filter filter)
{
#define X(id, name) name,
    static const char *const names[] = {IK_EXPLAIN_FILTERS(X)};
#undef X
    return names[filter];
}
