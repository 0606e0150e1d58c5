/* SPDX-License-Identifier: MIT
 * The languages, and the texts that an entry takes over from its type. */
#include "explain/entries.h"

/* A language is a row here. */
static const struct ik_explain_text *const languages[] = {
    [IK_EXPLAIN_EN] = ik_text_en,
    [IK_EXPLAIN_KO] = ik_text_ko,
};

static const struct ik_explain_text *table_of(enum ik_explain_lang lang)
{
    const size_t i = (size_t)lang;
    return i < sizeof languages / sizeof *languages ? languages[i] : NULL;
}

bool ik_explain_speaks(enum ik_explain_lang lang)
{
    return table_of(lang) != NULL;
}

static void take_over(struct ik_explain_text *t, const struct ik_explain_text *from)
{
    t->title = t->title ? t->title : from->title;
    t->meaning = t->meaning ? t->meaning : from->meaning;
    t->sender = t->sender ? t->sender : from->sender;
    t->receiver = t->receiver ? t->receiver : from->receiver;
    t->causes = t->causes ? t->causes : from->causes;
    t->checks = t->checks ? t->checks : from->checks;
    t->filter = t->filter ? t->filter : from->filter;
    t->see = t->see ? t->see : from->see;
}

struct ik_explain_text ik_explain_text(const struct ik_explain *e, enum ik_explain_lang lang)
{
    const struct ik_explain_text *table = table_of(lang);
    if (!table)
        return (struct ik_explain_text){.title = NULL};
    const enum entry own = ik_entries_number(e), parent = ik_entries_parent(own);
    struct ik_explain_text t = table[own];
    take_over(&t, &table[parent]);
    return t;
}
