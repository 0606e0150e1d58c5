/* SPDX-License-Identifier: MIT
 * Words and signs of a filter expression, as libpcap splits them. */
#pragma once

#include "icmpkit/base.h"

enum ik_captoken_kind {
    IK_CAPTOKEN_END,
    IK_CAPTOKEN_WORD, /* keyword, name, number, address */
    IK_CAPTOKEN_AND,
    IK_CAPTOKEN_OR,
    IK_CAPTOKEN_NOT,
    IK_CAPTOKEN_OPEN, /* ( */
    IK_CAPTOKEN_CLOSE,
    IK_CAPTOKEN_BRACKET, /* [ */
    IK_CAPTOKEN_BRACKET_END,
    IK_CAPTOKEN_COLON, /* inside brackets */
    IK_CAPTOKEN_RELATION,
    IK_CAPTOKEN_OPERATOR,
    IK_CAPTOKEN_OTHER, /* a character that means nothing to us */
};

/* Borrows from the expression. `sign`: of a relation or operator its first character, or G for >=,
 * L for <=, N for !=, l for <<, r for >>. */
struct ik_captoken {
    enum ik_captoken_kind kind;
    char sign;
    const char *at;
    size_t n;
};

/* Splits `text` into tokens at `out`, of which there are at most strlen(text) + 1; the last is END.
 * Returns how many, without it. */
size_t ik_captoken_split(const char *text, struct ik_captoken *out);
/* Whether it is that word. */
bool ik_captoken_is(const struct ik_captoken *t, const char *word);
