/* SPDX-License-Identifier: MIT
 * The English texts. */
#include "explain/entries.h"

#define TEXT(family, id, ...) [ENTRY_##family##_##id] = {__VA_ARGS__},
const struct ik_explain_text ik_text_en[ENTRY_COUNT] = {
#include "explain/explain_en_v4.def"
#include "explain/explain_en_v4_rare.def"
#include "explain/explain_en_v6.def"
#include "explain/explain_en_v6_link.def"
#include "explain/explain_en_v6_rare.def"
#include "explain/explain_en_topics.def"
};
#undef TEXT
