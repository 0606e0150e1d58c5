/* SPDX-License-Identifier: MIT
 * The entries by number: what the tables of this room are indexed by. */
#pragma once

#include <icmpkit/explain.h>

#define TYPE(family, id, ...) ENTRY_##family##_##id,
#define CODE(family, type, id, ...) ENTRY_##family##_##type##_##id,
#define TOPIC(id, ...) ENTRY_TOPIC_##id,
enum entry {
#include "explain/entries.def"
    ENTRY_COUNT
};
#undef TYPE
#undef CODE
#undef TOPIC

/* The number of an entry. */
enum entry ik_entries_number(const struct ik_explain *e);
/* Whose texts stand in for those that an entry lacks: a code's type, or a type that is no different
 * but for its number. The entry's own number: nobody's. */
enum entry ik_entries_parent(enum entry entry);
/* The texts of a language, by entry: text_en.c, text_ko.c. */
extern const struct ik_explain_text ik_text_en[ENTRY_COUNT];
extern const struct ik_explain_text ik_text_ko[ENTRY_COUNT];
