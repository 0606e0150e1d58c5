/* SPDX-License-Identifier: MIT
 * Pieces of JSON (RFC 8259) in a bounded writer. Commas come by themselves: a key or an item after
 * anything but an opening bracket puts one. */
#pragma once

#include "base/fmt.h"

/* Most bytes that ik_json_put_hex shows. */
enum { IK_JSON_HEX_MAX_BYTES = 4096 };

/* True unless the writer stands just behind '{' or '['. */
static inline bool ik_json_wants_comma(const struct ik_wr *w)
{
    return w->used > 0 && w->p[w->used - 1] != '{' && w->p[w->used - 1] != '[';
}

/* Appends the comma if needed. */
static inline void ik_json_put_comma(struct ik_wr *w)
{
    if (ik_json_wants_comma(w))
        ik_wr_put8(w, ',');
}

/* Appends the comma if needed, the key (one of ours: not escaped) and a colon. In the header, so
 * that keys that are literals cost a copy of known size: there are dozens in a line. */
static inline void ik_json_put_key(struct ik_wr *w, const char *key)
{
    const size_t n = strlen(key), comma = ik_json_wants_comma(w);
    uint8_t *at = ik_wr_room(w, comma + n + 3);
    if (!at)
        return;
    at[0] = ',';
    at += comma;
    at[0] = '"';
    memcpy(at + 1, key, n);
    at[n + 1] = '"';
    at[n + 2] = ':';
}

/* Appends a string in quotes. Valid UTF-8 that prints stays, all else becomes \uXXXX (surrogate
 * pairs beyond U+FFFF), each byte that is no UTF-8 becomes \ufffd. */
void ik_json_put_string(struct ik_wr *w, struct ik_rd bytes);
/* Appends hexadecimal digits in quotes; beyond IK_JSON_HEX_MAX_BYTES the rest is "...". */
void ik_json_put_hex(struct ik_wr *w, struct ik_rd bytes);
/* Members: key and value. */
void ik_json_put_member_text(struct ik_wr *w, const char *key, const char *text);
static inline void ik_json_put_member_u64(struct ik_wr *w, const char *key, uint64_t v)
{
    ik_json_put_key(w, key);
    ik_fmt_put_u64(w, v);
}

static inline void ik_json_put_member_bool(struct ik_wr *w, const char *key, bool v)
{
    ik_json_put_key(w, key);
    ik_fmt_put_text(w, v ? "true" : "false");
}

/* A text of our own, without anything to escape. */
static inline void ik_json_put_member_word(struct ik_wr *w, const char *key, const char *word)
{
    const size_t n = strlen(word);
    ik_json_put_key(w, key);
    uint8_t *const at = ik_wr_room(w, n + 2);
    if (!at)
        return;
    at[0] = '"';
    memcpy(at + 1, word, n);
    at[n + 1] = '"';
}
void ik_json_put_member_addr(struct ik_wr *w, const char *key, const struct ik_addr *a);
