/* SPDX-License-Identifier: MIT
 * That the tables are complete: every type and code that the codec names, and every text of every
 * entry in every language that is spoken. */
#include <icmpkit/explain.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void entries__types_and_codes_of_the_codec__are_all_there(void **state)
{
    static const struct {
        uint8_t family, type;
        int code;
        const char *name;
    } rows[] = {
#define X(value, id, name, ...) {4, value, -1, name},
#include <icmpkit/icmp4_types.def>
#undef X
#define X(value, id, name, ...) {6, value, -1, name},
#include <icmpkit/icmp6_types.def>
#undef X
#define X(family, type, code, id, name) {family, IK_ICMP##family##_##type, code, name},
#include <icmpkit/icmp_codes.def>
#undef X
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ik_explain *e = ik_explain_get(rows[i].family, rows[i].type, rows[i].code);
        if (!e || e->code != rows[i].code)
            fail_msg("no entry for %s", rows[i].name);
        assert_string_equal(e->name, rows[i].name);
        assert_true(e->source[0] != '\0');
    }
}

static void entries__order__is_family_type_code_then_topics(void **state)
{
    (void)state;
    for (size_t i = 1; i < ik_explain_count(); i++) {
        const struct ik_explain *a = ik_explain_at(i - 1), *b = ik_explain_at(i);
        if (!b->family)
            continue;
        const long at = (long)a->family << 20 | (long)a->type << 10 | (a->code + 1),
                   bt = (long)b->family << 20 | (long)b->type << 10 | (b->code + 1);
        if (!a->family || at >= bt)
            fail_msg("%s stands before %s", a->name, b->name);
    }
}

static void entries__codes_of_a_type__are_named_where_it_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i),
                                *next = i + 1 < ik_explain_count() ? ik_explain_at(i + 1) : NULL;
        if (!e->family || e->code >= 0)
            continue;
        const bool has = next && next->family == e->family && next->code >= 0;
        if (has != (e->codes == IK_EXPLAIN_CODE_NAMED))
            fail_msg("%s", e->name);
    }
}

static void entries__a_name_within_a_family__is_one_entry(void **state)
{
    (void)state;
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        const char *prefix = e->family == 4 ? "v4:" : e->family == 6 ? "v6:" : "";
        for (const char *const *a = e->aliases;; a++) {
            char what[80] = "";
            const struct ik_explain *out[2];
            strcat(strcat(what, prefix), *a ? *a : e->name);
            const size_t n = ik_explain_find(what, out, 2);
            /* A topic may share its name with an entry; it comes first. */
            if (n == 0 || out[0] != e || (n > 1 && e->family))
                fail_msg("'%s' is not %s alone", what, e->name);
            if (!*a)
                break;
        }
    }
}

static void need(const struct ik_explain *e, const char *what, const char *text)
{
    if (!text || !*text)
        fail_msg("%d:%d/%d %s has no %s", e->family, e->type, e->code, e->name, what);
    if (text[0] == ' ' || text[strlen(text) - 1] == ' ' || text[strlen(text) - 1] == '\n' ||
        strstr(text, "\n\n"))
        fail_msg("%s: blanks or lines to no purpose in %s", e->name, what);
}

/* Each line a command, then what it shows. */
static void need_checks(const struct ik_explain *e, const char *checks)
{
    for (const char *at = checks; *at;) {
        const char *sign = strstr(at, "  # "), *end = strchr(at, '\n');
        end = end ? end : at + strlen(at);
        if (!sign || sign >= end || sign == at || sign + 4 == end)
            fail_msg("%s: a check without command or meaning: %.*s", e->name, (int)(end - at), at);
        at = *end ? end + 1 : end;
    }
}

static void need_see(const struct ik_explain *e, const char *see)
{
    for (const char *at = see; *at;) {
        char what[80];
        const struct ik_explain *out[1];
        const size_t n = strcspn(at, " ");
        assert_in_range(n, 1, sizeof what - 1);
        memcpy(what, at, n);
        what[n] = '\0';
        if (ik_explain_find(what, out, 1) == 0)
            fail_msg("%s: see also '%s', which is nothing", e->name, what);
        at += at[n] ? n + 1 : n;
    }
}

static void texts__each_spoken_language__has_all_that_an_entry_needs(void **state)
{
    unsigned spoken = 0;
    (void)state;
    for (enum ik_explain_lang lang = IK_EXPLAIN_EN; lang <= IK_EXPLAIN_KO; lang++) {
        if (!ik_explain_speaks(lang))
            continue;
        spoken++;
        for (size_t i = 0; i < ik_explain_count(); i++) {
            const struct ik_explain *e = ik_explain_at(i);
            const struct ik_explain_text t = ik_explain_text(e, lang);
            need(e, "title", t.title);
            need(e, "meaning", t.meaning);
            need(e, "checks", t.checks);
            need(e, "see", t.see);
            need_checks(e, t.checks);
            need_see(e, t.see);
            if (!e->family)
                continue;
            need(e, "sender", t.sender);
            need(e, "receiver", t.receiver);
            need(e, "causes", t.causes);
            need(e, "filter", t.filter);
        }
    }
    assert_true(spoken >= 1);
}

/* A code that took its meaning from its type would say nothing. */
static void texts__codes__have_title_and_meaning_of_their_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        if (!e->family || e->code < 0)
            continue;
        for (enum ik_explain_lang lang = IK_EXPLAIN_EN; lang <= IK_EXPLAIN_KO; lang++) {
            if (!ik_explain_speaks(lang))
                continue;
            const struct ik_explain_text own = ik_explain_text(e, lang),
                                         type = ik_explain_text(
                                             ik_explain_get(e->family, e->type, -1), lang);
            if (own.title == type.title || own.meaning == type.meaning)
                fail_msg("%s says no more than its type", e->name);
        }
    }
}

/* What the languages have must be the same: where one has a text of its own, so has the other. */
static void texts__languages__differ_in_words_alone(void **state)
{
    (void)state;
    if (!ik_explain_speaks(IK_EXPLAIN_KO))
        skip();
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        const struct ik_explain_text en = ik_explain_text(e, IK_EXPLAIN_EN),
                                     ko = ik_explain_text(e, IK_EXPLAIN_KO);
        if (strcmp(en.see, ko.see))
            fail_msg("%s: other things to see", e->name);
        if (!strcmp(en.meaning, ko.meaning) || !strcmp(en.title, ko.title))
            fail_msg("%s: not translated", e->name);
        if (!en.sender != !ko.sender || !en.receiver != !ko.receiver || !en.causes != !ko.causes ||
            !en.filter != !ko.filter)
            fail_msg("%s: a text more or less", e->name);
    }
}

static void texts__english__is_ascii(void **state)
{
    (void)state;
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain_text t = ik_explain_text(ik_explain_at(i), IK_EXPLAIN_EN);
        const char *const all[] = {t.title,  t.meaning, t.sender, t.receiver,
                                   t.causes, t.checks,  t.filter, t.see};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            for (const char *c = all[k] ? all[k] : ""; *c; c++)
                if ((*c < ' ' && *c != '\n') || *c > '~')
                    fail_msg("%s: %s", ik_explain_at(i)->name, all[k]);
    }
}

static void texts__unspoken_language__is_empty(void **state)
{
    const struct ik_explain_text t =
        ik_explain_text(ik_explain_at(0), (enum ik_explain_lang)(IK_EXPLAIN_KO + 1));
    (void)state;
    assert_false(ik_explain_speaks((enum ik_explain_lang)(IK_EXPLAIN_KO + 1)));
    assert_null(t.title);
    assert_null(t.meaning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries__types_and_codes_of_the_codec__are_all_there),
        cmocka_unit_test(entries__order__is_family_type_code_then_topics),
        cmocka_unit_test(entries__codes_of_a_type__are_named_where_it_says_so),
        cmocka_unit_test(entries__a_name_within_a_family__is_one_entry),
        cmocka_unit_test(texts__each_spoken_language__has_all_that_an_entry_needs),
        cmocka_unit_test(texts__codes__have_title_and_meaning_of_their_own),
        cmocka_unit_test(texts__languages__differ_in_words_alone),
        cmocka_unit_test(texts__english__is_ascii),
        cmocka_unit_test(texts__unspoken_language__is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
