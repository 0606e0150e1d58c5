/* SPDX-License-Identifier: MIT
 * The Korean texts. */
#include "explain/entries.h"

#define TEXT(family, id, ...) [ENTRY_##family##_##id] = {__VA_ARGS__},
const struct ik_explain_text ik_text_ko[ENTRY_COUNT] = {
#include "explain/explain_ko_v4.def"
#include "explain/explain_ko_v4_rare.def"
#include "explain/explain_ko_v6.def"
#include "explain/explain_ko_v6_link.def"
#include "explain/explain_ko_v6_rare.def"
#include "explain/explain_ko_topics.def"
};
#undef TEXT
