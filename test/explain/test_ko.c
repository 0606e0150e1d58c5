/* SPDX-License-Identifier: MIT
 * That the Korean texts say all that the English ones say, with the same commands, and in Korean.
 */
#include "explain/entries.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum kind { TITLE, SENTENCES, CHECKS, NAMES };

/* The texts that a row of a language can have. */
static const struct field {
    const char *name;
    size_t at;
    enum kind kind;
} fields[] = {
#define FIELD(name, kind)                                   \
    {                                                       \
#name, offsetof(struct ik_explain_text, name), kind \
    }
    FIELD(title, TITLE),        FIELD(meaning, SENTENCES), FIELD(sender, SENTENCES),
    FIELD(receiver, SENTENCES), FIELD(causes, SENTENCES),  FIELD(checks, CHECKS),
    FIELD(filter, SENTENCES),   FIELD(see, NAMES),
#undef FIELD
};

static const char *text_of(const struct ik_explain_text *row, const struct field *f)
{
    const char *text;
    memcpy(&text, (const char *)row + f->at, sizeof text);
    return text;
}

/* A text of both languages: fn is called with each that both have. */
struct both {
    const char *entry;
    const struct field *field;
    const char *en, *ko;
};

static void each_text(void (*fn)(const struct both *))
{
    size_t n = 0;
    for (size_t i = 0; i < ik_explain_count(); i++)
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
            const struct both b = {ik_explain_at(i)->name, &fields[k],
                                   text_of(&ik_text_en[i], &fields[k]),
                                   text_of(&ik_text_ko[i], &fields[k])};
            if (b.en && b.ko) {
                n++;
                fn(&b);
            }
        }
    assert_true(n > ik_explain_count());
}

static void wrong(const struct both *b, const char *what)
{
    fail_msg("%s, %s: %s\n%s\n%s", b->entry, b->field->name, what, b->en, b->ko);
}

/* The tables themselves: what a type says for its codes must not stand in for a text that is
 * missing. */
static void korean__rows__have_the_texts_of_the_english_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < ik_explain_count(); i++)
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            if (!text_of(&ik_text_en[i], &fields[k]) != !text_of(&ik_text_ko[i], &fields[k]))
                fail_msg("%s: %s", ik_explain_at(i)->name, fields[k].name);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

static void same_items(const struct both *b)
{
    if (count(b->en, "\n") != count(b->ko, "\n"))
        wrong(b, "other items");
    if (b->field->kind == NAMES && strcmp(b->en, b->ko))
        wrong(b, "other names");
}

static void korean__lists__have_as_many_items(void **state)
{
    (void)state;
    each_text(same_items);
}

/* Every check is the same command, with a meaning of its own. */
static void same_commands(const struct both *b)
{
    if (b->field->kind != CHECKS)
        return;
    for (const char *en = b->en, *ko = b->ko;;) {
        const char *end = strstr(en, "  # ");
        const size_t n = end ? (size_t)(end - en) + 4 : 0;
        if (!end || strncmp(en, ko, n))
            wrong(b, "another command");
        en = strchr(en, '\n');
        ko = strchr(ko, '\n');
        if (!en || !ko)
            break;
        en++;
        ko++;
    }
}

static void korean__checks__are_the_same_commands(void **state)
{
    (void)state;
    each_text(same_commands);
}

/* Where a word of some sort stands in a text; at is NULL when there is none. */
struct span {
    const char *at;
    size_t n;
};

static struct span next_document(const char *from)
{
    for (const char *at = from; (at = strstr(at, "RFC ")); at += 4) {
        const size_t n = strspn(at + 4, "0123456789");
        if (n)
            return (struct span){at, 4 + n};
    }
    return (struct span){NULL, 0};
}

static struct span next_quoted(const char *from)
{
    const char *at = strchr(from, '`'), *end = at ? strchr(at + 1, '`') : NULL;
    return (struct span){at, end ? (size_t)(end - at) + 1 : at ? strlen(at) : 0};
}

/* What the system calls errors: EPROTO. */
static struct span next_errno(const char *from)
{
    for (const char *at = from; (at = strchr(at, 'E')); at++) {
        const size_t n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if ((at == from || !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ_-", at[-1])) && n > 4)
            return (struct span){at, n};
    }
    return (struct span){NULL, 0};
}

typedef struct span next_fn(const char *from);

static bool has(const char *text, struct span word, next_fn *next)
{
    for (struct span s = next(text); s.at; s = next(s.at + s.n))
        if (s.n == word.n && !memcmp(s.at, word.at, s.n))
            return true;
    return false;
}

static void same_words(const struct both *b)
{
    static next_fn *const sorts[] = {next_document, next_quoted, next_errno};
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        for (struct span s = sorts[i](b->en); s.at; s = sorts[i](s.at + s.n))
            if (!has(b->ko, s, sorts[i]))
                wrong(b, "a command, document or error less");
        for (struct span s = sorts[i](b->ko); s.at; s = sorts[i](s.at + s.n))
            if (!has(b->en, s, sorts[i]))
                wrong(b, "a command, document or error more");
    }
}

static void korean__texts__name_the_same_commands_documents_and_errors(void **state)
{
    (void)state;
    each_text(same_words);
}

/* The first syllable of Hangul in UTF-8, or NULL: U+AC00 to U+D7A3. */
static const char *hangul(const char *text)
{
    const char *at = text;
    while (*at && !((unsigned char)*at >= 0xea && (unsigned char)*at <= 0xed))
        at++;
    return *at ? at : NULL;
}

/* Each item, as each meaning of a check, is in Korean; sentences end, in the plain style. */
static void is_korean(const struct both *b)
{
    static const char *const polite[] = {"습니다", "입니다", "합니다", "됩니다", "세요", "시오"};
    if (b->field->kind == NAMES)
        return;
    for (const char *at = b->ko; at;) {
        const size_t n = strcspn(at, "\n");
        const char *first = hangul(at);
        if (!first || first >= at + n)
            wrong(b, "not in Korean");
        if (b->field->kind == SENTENCES && at[n - 1] != '.')
            wrong(b, "a sentence without end");
        at = at[n] ? at + n + 1 : NULL;
    }
    for (size_t i = 0; i < sizeof polite / sizeof *polite; i++)
        if (strstr(b->ko, polite[i]))
            wrong(b, "not in the plain style");
}

static void korean__texts__are_korean_in_plain_style(void **state)
{
    (void)state;
    each_text(is_korean);
}

static bool continues(const char *c)
{
    return ((unsigned char)*c & 0xc0) == 0x80;
}

static void is_utf8(const struct both *b)
{
    for (const char *c = b->ko; *c;) {
        const unsigned char lead = (unsigned char)*c++;
        int more = lead < 0x80                   ? 0
                   : lead >= 0xe0 && lead < 0xf0 ? 2
                   : lead >= 0xc2 && lead < 0xe0 ? 1
                                                 : -1;
        if (more < 0 || (lead < ' ' && lead != '\n') || lead == 0x7f)
            wrong(b, "a byte that has no place");
        for (; more > 0; more--)
            if (!continues(c++))
                wrong(b, "half a character");
    }
}

static void korean__texts__are_utf8(void **state)
{
    (void)state;
    each_text(is_utf8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(korean__rows__have_the_texts_of_the_english_ones),
        cmocka_unit_test(korean__lists__have_as_many_items),
        cmocka_unit_test(korean__checks__are_the_same_commands),
        cmocka_unit_test(korean__texts__name_the_same_commands_documents_and_errors),
        cmocka_unit_test(korean__texts__are_korean_in_plain_style),
        cmocka_unit_test(korean__texts__are_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
