/* SPDX-License-Identifier: MIT
 * What the files of `icmp explain` share. */
#pragma once

#include "opt.h"
#include "page.h"

#include <icmpkit/explain.h>
#include <icmpkit/record.h>

/* ---- explain_text.c -------------------------------------------------------------------------- */

/* The spellings of a class and of a status in outputs, static. */
const char *ik_explain_text_class(enum ik_icmp_class class_of);
const char *ik_explain_text_status(enum ik_icmp_status status);
/* The whole entry. `code`: the code that was asked for where it is not assigned (the entry is then
 * the type's), else -1. */
void ik_explain_text_entry(const struct ik_page *p, const struct ik_explain *e,
                           enum ik_explain_lang lang, int code);
/* Tables: type, code, name, and the first sentence. The one that every introduction has; all of a
 * class; the codes of a type (nothing where it has none). */
void ik_explain_text_common(const struct ik_page *p, enum ik_explain_lang lang);
void ik_explain_text_all_of(const struct ik_page *p, enum ik_icmp_class class_of,
                            enum ik_explain_lang lang);
void ik_explain_text_codes(const struct ik_page *p, const struct ik_explain *type,
                           enum ik_explain_lang lang);

/* ---- explain_json.c -------------------------------------------------------------------------- */

/* A record and the memory that it borrows: too much for the stack. */
struct ik_explain_json;
IK_MUST_USE struct ik_explain_json *ik_explain_json_new(void);
/* The record of an entry; borrowed until the next. */
const struct ik_record *ik_explain_json_entry(struct ik_explain_json *j, const struct ik_explain *e,
                                              enum ik_explain_lang lang, ik_ns now);
void ik_explain_json_free(struct ik_explain_json *j);

/* ---- explain.c ------------------------------------------------------------------------------- */

/* The types and codes that every introduction has: entry i, NULL after the last. */
const struct ik_explain *ik_explain_common(size_t i);

extern const struct ik_opt_spec ik_explain_spec;
int ik_explain_verb(int argc, char **argv);
