/* SPDX-License-Identifier: MIT
 * An entry as a record. */
#include "explain.h"

#include "lang.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_CAP = 32, TEXTS_CAP = 16384, FIELDS_CAP = 64 };

struct ik_explain_json {
    struct ik_record rec;
    const char *causes[LIST_CAP + 1], *checks[LIST_CAP + 1], *see[LIST_CAP + 1],
        *sources[LIST_CAP + 1], *layout[FIELDS_CAP + 1];
    char wireshark[IK_EXPLAIN_EXPRESSION_MAX], tcpdump[IK_EXPLAIN_EXPRESSION_MAX],
        nft[IK_EXPLAIN_EXPRESSION_MAX];
    char texts[TEXTS_CAP]; /* the pieces */
    size_t used;
};

struct ik_explain_json *ik_explain_json_new(void)
{
    return malloc(sizeof(struct ik_explain_json));
}

void ik_explain_json_free(struct ik_explain_json *j)
{
    free(j);
}

/* Keeps n bytes with a terminator. The longest texts are a small part of the room. */
static const char *keep(struct ik_explain_json *j, const char *text, size_t n)
{
    char *at = j->texts + j->used;
    if (n + 1 > sizeof j->texts - j->used)
        return "";
    memcpy(at, text, n);
    at[n] = '\0';
    j->used += n + 1;
    return at;
}

/* The pieces of a text between separators. NULL stays NULL. */
static const char *const *split(struct ik_explain_json *j, const char *text, const char *separator,
                                const char *list[static LIST_CAP + 1])
{
    size_t n = 0;
    if (!text)
        return NULL;
    while (n < LIST_CAP) {
        const char *end = strstr(text, separator);
        list[n++] = keep(j, text, end ? (size_t)(end - text) : strlen(text));
        if (!end)
            break;
        text = end + strlen(separator);
    }
    list[n] = NULL;
    return list;
}

/* "key:bits" in the order of the wire, "key:" for what goes to the end. */
static const char *const *layout(struct ik_explain_json *j, const struct ik_explain *e)
{
    struct ik_tell_field fields[FIELDS_CAP];
    size_t n = ik_explain_layout(e, fields, FIELDS_CAP);
    n = n < FIELDS_CAP ? n : FIELDS_CAP;
    for (size_t i = 0; i < n; i++) {
        char text[128];
        int len = snprintf(text, sizeof text, "%s:", fields[i].key);
        if (fields[i].bits)
            len += snprintf(text + len, sizeof text - (size_t)len, "%u", fields[i].bits);
        j->layout[i] = keep(j, text, (size_t)len);
    }
    j->layout[n] = NULL;
    return n ? j->layout : NULL;
}

const struct ik_record *ik_explain_json_entry(struct ik_explain_json *j, const struct ik_explain *e,
                                              enum ik_explain_lang lang, ik_ns now)
{
    const struct ik_explain_text t = ik_explain_text(e, lang);
    j->used = 0;
    j->rec = ik_record_make(IK_REC_explanation, now);
    struct ik_rec_explanation *r = &j->rec.explanation;
    r->name = e->name;
    r->aliases = e->aliases;
    r->lang = ik_lang_choices[lang];
    r->title = t.title;
    r->meaning = t.meaning;
    r->sender = t.sender;
    r->receiver = t.receiver;
    r->causes = split(j, t.causes, "\n", j->causes);
    r->checks = split(j, t.checks, "\n", j->checks);
    r->filter_why = t.filter;
    r->see = split(j, t.see, " ", j->see);
    r->sources = split(j, e->source, "; ", j->sources);
    if (!e->family)
        return &j->rec;
    r->family = e->family;
    r->type = e->type;
    r->code = e->code;
    r->class_of = ik_explain_text_class(e->class_of);
    r->status = ik_explain_text_status(e->status);
    r->filter = ik_explain_filter_name(e->filter);
    r->wireshark = ik_explain_expression(e, IK_EXPLAIN_WIRESHARK, j->wireshark);
    r->tcpdump = ik_explain_expression(e, IK_EXPLAIN_TCPDUMP, j->tcpdump);
    r->nft = ik_explain_expression(e, IK_EXPLAIN_NFT, j->nft);
    r->layout = layout(j, e);
    return &j->rec;
}
