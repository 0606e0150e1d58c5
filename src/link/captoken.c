/* SPDX-License-Identifier: MIT
 * The rules of libpcap's scanner.l, as far as words and signs go. */
#include "link/captoken.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool starts_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Outside brackets a colon belongs to addresses. */
static bool continues_word(char c, bool bracket)
{
    return starts_word(c) || c == '-' || c == '_' || c == '.' || (c == ':' && !bracket);
}

/* The address :: begins without a digit; a backslash makes a name of a keyword. */
static size_t word_length(const char *p, bool bracket)
{
    size_t n = 0;
    if (p[0] == '\\') {
        n = 1;
        while (p[n] && !is_space(p[n]) && p[n] != '(' && p[n] != ')' && p[n] != '!')
            n++;
        return n;
    }
    if (!starts_word(p[0]) && (bracket || p[0] != ':' || p[1] != ':'))
        return 0;
    while (continues_word(p[n], bracket))
        n++;
    return n;
}

static const struct {
    const char *text;
    enum ik_captoken_kind kind;
    char sign;
} signs[] = {
    /* the longer ones first */
    {"&&", IK_CAPTOKEN_AND, '&'},      {"||", IK_CAPTOKEN_OR, '|'},
    {"==", IK_CAPTOKEN_RELATION, '='}, {"!=", IK_CAPTOKEN_RELATION, 'N'},
    {">=", IK_CAPTOKEN_RELATION, 'G'}, {"<=", IK_CAPTOKEN_RELATION, 'L'},
    {"<<", IK_CAPTOKEN_OPERATOR, 'l'}, {">>", IK_CAPTOKEN_OPERATOR, 'r'},
    {"=", IK_CAPTOKEN_RELATION, '='},  {"<", IK_CAPTOKEN_RELATION, '<'},
    {">", IK_CAPTOKEN_RELATION, '>'},  {"!", IK_CAPTOKEN_NOT, '!'},
    {"+", IK_CAPTOKEN_OPERATOR, '+'},  {"-", IK_CAPTOKEN_OPERATOR, '-'},
    {"*", IK_CAPTOKEN_OPERATOR, '*'},  {"/", IK_CAPTOKEN_OPERATOR, '/'},
    {"%", IK_CAPTOKEN_OPERATOR, '%'},  {"&", IK_CAPTOKEN_OPERATOR, '&'},
    {"|", IK_CAPTOKEN_OPERATOR, '|'},  {"^", IK_CAPTOKEN_OPERATOR, '^'},
    {"(", IK_CAPTOKEN_OPEN, '('},      {")", IK_CAPTOKEN_CLOSE, ')'},
    {"[", IK_CAPTOKEN_BRACKET, '['},   {"]", IK_CAPTOKEN_BRACKET_END, ']'},
    {":", IK_CAPTOKEN_COLON, ':'},
};

static struct ik_captoken sign(const char *p)
{
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
        if (strncmp(p, signs[i].text, strlen(signs[i].text)) == 0)
            return (struct ik_captoken){signs[i].kind, signs[i].sign, p, strlen(signs[i].text)};
    return (struct ik_captoken){IK_CAPTOKEN_OTHER, *p, p, 1};
}

bool ik_captoken_is(const struct ik_captoken *t, const char *word)
{
    return t->kind == IK_CAPTOKEN_WORD && t->n == strlen(word) && memcmp(t->at, word, t->n) == 0;
}

static struct ik_captoken word(const char *p, size_t n)
{
    struct ik_captoken t = {IK_CAPTOKEN_WORD, 0, p, n};
    if (ik_captoken_is(&t, "and"))
        t.kind = IK_CAPTOKEN_AND;
    else if (ik_captoken_is(&t, "or"))
        t.kind = IK_CAPTOKEN_OR;
    else if (ik_captoken_is(&t, "not"))
        t.kind = IK_CAPTOKEN_NOT;
    return t;
}

size_t ik_captoken_split(const char *text, struct ik_captoken *out)
{
    size_t n = 0;
    unsigned brackets = 0;
    for (const char *p = text; *p;) {
        if (is_space(*p)) {
            p++;
            continue;
        }
        const size_t length = word_length(p, brackets > 0);
        out[n] = length ? word(p, length) : sign(p);
        brackets += out[n].kind == IK_CAPTOKEN_BRACKET;
        brackets -= out[n].kind == IK_CAPTOKEN_BRACKET_END && brackets > 0;
        p += out[n++].n;
    }
    out[n] = (struct ik_captoken){IK_CAPTOKEN_END, 0, text + strlen(text), 0};
    return n;
}
