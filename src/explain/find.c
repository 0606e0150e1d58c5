/* SPDX-License-Identifier: MIT
 * Entries by what people type. */
#include "explain/entries.h"

#include "base/bytes.h"

#include <string.h>

enum { WORD_MAX = 64, NOTHING_NEAR = 1000 };

/* Lower case, dashes for blanks and underscores. False: longer than any name. */
static bool normal(const char *what, char out[static WORD_MAX])
{
    size_t n = 0;
    for (; what[n]; n++) {
        if (n + 1 >= WORD_MAX)
            return false;
        const char c = what[n];
        if (c >= 'A' && c <= 'Z')
            out[n] = (char)(c - 'A' + 'a');
        else
            out[n] = c == '_' || c == ' ' ? '-' : c;
    }
    out[n] = '\0';
    return n > 0;
}

/* Takes a decimal number of 0 to 255 from the front, or -1. */
static int take_number(const char **at)
{
    int v = -1;
    for (; **at >= '0' && **at <= '9' && v < 256; ++*at)
        v = (v < 0 ? 0 : v * 10) + (**at - '0');
    return v > 255 ? -1 : v;
}

/* Takes "v4:" or what else says it; the family, or 0 where it is left open. */
static uint8_t take_family(const char **at)
{
    static const struct {
        const char *word;
        uint8_t family;
    } rows[] = {{"v4:", 4},     {"v6:", 6},    {"ipv4:", 4},   {"ipv6:", 6}, {"icmp:", 4},
                {"icmpv4:", 4}, {"icmp4:", 4}, {"icmpv6:", 6}, {"icmp6:", 6}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t n = strlen(rows[i].word);
        if (!strncmp(*at, rows[i].word, n)) {
            *at += n;
            return rows[i].family;
        }
    }
    return 0;
}

static bool is_called(const struct ik_explain *e, const char *name)
{
    if (!strcmp(e->name, name))
        return true;
    for (const char *const *a = e->aliases; *a; a++)
        if (!strcmp(*a, name))
            return true;
    return false;
}

struct found {
    const struct ik_explain **out;
    size_t cap, n;
};

static void add_called(struct found *f, uint8_t family, const char *name)
{
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        if (e->family != family || !is_called(e, name))
            continue;
        if (f->n < f->cap)
            f->out[f->n] = e;
        f->n++;
    }
}

/* A topic comes first: "traceroute" is that before it is a type that nobody sends. */
static size_t by_name(uint8_t family, const char *name, const struct ik_explain **out, size_t cap)
{
    struct found f = {.out = out, .cap = cap};
    if (family) {
        add_called(&f, family, name);
    } else {
        add_called(&f, 0, name);
        add_called(&f, 4, name);
        add_called(&f, 6, name);
    }
    return f.n;
}

/* "3" and "3/3"; NULL when it is none, or nobody's. */
static const struct ik_explain *by_number(uint8_t family, const char *at)
{
    const int type = take_number(&at);
    int code = -1;
    if (type >= 0 && *at == '/') {
        at++;
        code = take_number(&at);
        if (code < 0)
            return NULL;
    }
    if (type < 0 || *at)
        return NULL;
    const struct ik_explain *e = ik_explain_get(family ? family : 4, (uint8_t)type, code);
    return e || family ? e : ik_explain_get(6, (uint8_t)type, code);
}

size_t ik_explain_find(const char *what, const struct ik_explain **out, size_t cap)
{
    char word[WORD_MAX];
    if (!normal(what, word))
        return 0;
    const char *at = word;
    const uint8_t family = take_family(&at);
    const struct ik_explain *e = by_number(family, at);
    if (!e)
        return by_name(family, at, out, cap);
    if (cap)
        out[0] = e;
    return 1;
}

/* ---- near ------------------------------------------------------------------------------------ */

/* A slip of the keyboard is nearer than a part of a longer name. */
static unsigned how_far(const char *word, const char *name)
{
    const size_t len = strlen(word);
    const unsigned d = ik_text_distance(word, name);
    if (d <= 2 || d <= len / 3)
        return d;
    if (len >= 3 && strstr(name, word))
        return 3 + (unsigned)(strlen(name) - len);
    return NOTHING_NEAR;
}

struct nearest {
    const char **out;
    size_t cap, n;
    unsigned far[8];
};

static void offer(struct nearest *s, const char *word, const char *name)
{
    const unsigned far = how_far(word, name);
    size_t at = s->n;
    if (far == NOTHING_NEAR)
        return;
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->out[i], name))
            return;
    while (at > 0 && s->far[at - 1] > far)
        at--;
    if (at == s->cap)
        return;
    if (s->n < s->cap)
        s->n++;
    for (size_t i = s->n - 1; i > at; i--) {
        s->out[i] = s->out[i - 1];
        s->far[i] = s->far[i - 1];
    }
    s->out[at] = name;
    s->far[at] = far;
}

size_t ik_explain_near(const char *what, const char **out, size_t cap)
{
    char word[WORD_MAX];
    struct nearest s = {.out = out};
    s.cap = cap < sizeof s.far / sizeof *s.far ? cap : sizeof s.far / sizeof *s.far;
    if (!normal(what, word))
        return 0;
    const char *at = word;
    take_family(&at);
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        offer(&s, at, e->name);
        for (const char *const *a = e->aliases; *a; a++)
            offer(&s, at, *a);
    }
    /* Beside a slip, what is much farther was not meant. */
    while (s.n > 1 && s.far[0] <= 2 && s.far[s.n - 1] > s.far[0] + 1)
        s.n--;
    return s.n;
}
