/* SPDX-License-Identifier: MIT
 * Numbers, keywords, and what is neither: a name. */
#include "link/capwords.h"

#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool ik_capwords_number(const struct ik_captoken *t, uint32_t *out)
{
    static const struct {
        const char *name;
        uint32_t value;
    } names[] = {
#define X(value, name) {name, value},
#include "link/capwords.def"
#undef X
    };
    char digits[16];
    if (t->kind != IK_CAPTOKEN_WORD)
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (ik_captoken_is(t, names[i].name)) {
            *out = names[i].value;
            return true;
        }
    if (!is_digit(t->at[0]) || t->n >= sizeof(digits))
        return false;
    memcpy(digits, t->at, t->n);
    digits[t->n] = 0;
    char *end;
    const unsigned long long v = strtoull(digits, &end, 0);
    if (*end || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_among(const struct ik_captoken *t, const char *words)
{
    while (*words) {
        const size_t n = strcspn(words, " ");
        if (n == t->n && memcmp(words, t->at, n) == 0)
            return true;
        words += n + (words[n] == ' ');
    }
    return false;
}

/* What follows the word, 0 when it is no keyword. */
static char keyword(const struct ik_captoken *t)
{
    static const struct {
        char follows;
        const char *words;
    } rows[] = {
#define W(follows, words) {follows, words},
#include "link/capwords.def"
#undef W
    };
    uint32_t value;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (is_among(t, rows[i].words))
            return rows[i].follows;
    return ik_capwords_number(t, &value) ? '-' : 0;
}

/* The address of a card: 12 hexadecimal digits in groups of `each` with `between` between them. */
static bool is_grouped(const struct ik_captoken *t, size_t each, char between)
{
    if (t->n != 12 + (12 / each - 1) * (between != 0))
        return false;
    for (size_t i = 0; i < t->n; i++) {
        const bool border = between && i % (each + 1) == each;
        if (border ? t->at[i] != between : !is_hex(t->at[i]))
            return false;
    }
    return true;
}

/* libpcap looks nothing up that has a colon, or is made like the other addresses. */
static bool is_address(const struct ik_captoken *t)
{
    size_t digits = 0, dots = 0;
    if (memchr(t->at, ':', t->n) || is_grouped(t, 12, 0) || is_grouped(t, 2, '-') ||
        is_grouped(t, 2, '.') || is_grouped(t, 4, '.'))
        return true;
    for (size_t i = 0; i < t->n; i++) {
        digits += is_digit(t->at[i]);
        dots += t->at[i] == '.';
    }
    return digits + dots == t->n && digits > 0 && dots <= 3 && t->at[t->n - 1] != '.';
}

const struct ik_captoken *ik_capwords_name(const struct ik_captoken *tokens, size_t n)
{
    char expected = 'H';
    for (size_t i = 0; i < n; i++) {
        const char what = tokens[i].kind == IK_CAPTOKEN_WORD ? keyword(&tokens[i]) : '-';
        if (what == 0 && expected == 'H' && !is_address(&tokens[i]))
            return &tokens[i];
        if (what == 'H' || what == 'L')
            expected = what;
    }
    return NULL;
}
