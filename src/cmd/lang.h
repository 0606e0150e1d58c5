/* SPDX-License-Identifier: MIT
 * The language of what people read: help, errors, explanations. Lines of results that programs
 * parse, and all JSON, never change with it; neither do numbers (LC_NUMERIC stays as it is). */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/explain.h>

#include <libintl.h>

/* A message in the language of the user; N_ marks one in a table, which _ translates where it is
 * printed. What counts is said by ngettext(one, many, n). */
#define _(text) gettext(text)
#define N_(text) text

/* A text of a table, or of the library (po/library.c lists those), in the language of the user;
 * what the catalogue does not have, as it is. Not _: gettext has its own idea of "". */
const char *ik_lang_text(const char *text);
/* ik_err_text and strerror(3) in that language. */
const char *ik_lang_err(enum ik_err err);
const char *ik_lang_errno(int number);

/* What --lang takes: a row of each verb's table, `member` an int. */
#define IK_LANG_OPTION(type, member)                                                              \
    {                                                                                             \
        0, "lang", IK_OPT_CHOICE, offsetof(type, member), "LANG",                                 \
            N_("en or ko: the language of messages (that of the locale)"), 0, 0, ik_lang_choices, \
            NULL                                                                                  \
    }
extern const char *const ik_lang_choices[];

/* The language asked for by --lang in argv (NULL-ended; what it says beyond the choices is left to
 * the parser of options), else by the environment as gettext reads it, whether that locale is
 * generated or not. */
enum ik_explain_lang ik_lang_wanted(char *const *argv);
/* Has messages come in that language from here on. False: this build, or this machine, has no
 * catalogue for it. To be called once, before anything is said; sets LANGUAGE. */
bool ik_lang_start(enum ik_explain_lang lang);
