/* SPDX-License-Identifier: MIT
 * Pieces of JSON (RFC 8259) in a bounded writer. Commas come by themselves: a key or an item after
 * anything but an opening bracket puts one. */
#pragma once

#include "base/addr.h"
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

/* ---- in place -------------------------------------------------------------------------------- */

/* For objects of which there is one in every line, and whose length is bounded (ik_wr_begin): no
 * check for each member. All return where they ended. Each member puts a comma before it;
 * ik_json_write_close makes the bracket of the first one. */

/* Inlined, so that the length of a literal is known. */
__attribute__((always_inline)) static inline uint8_t *ik_json_write_text(uint8_t *at,
                                                                         const char *text)
{
    const size_t n = strlen(text);
    memcpy(at, text, n);
    return at + n;
}

__attribute__((always_inline)) static inline uint8_t *ik_json_write_key(uint8_t *at,
                                                                        const char *key)
{
    at = ik_json_write_text(at, ",\"");
    at = ik_json_write_text(at, key);
    return ik_json_write_text(at, "\":");
}

__attribute__((always_inline)) static inline uint8_t *ik_json_write_u64(uint8_t *at,
                                                                        const char *key, uint64_t v)
{
    return ik_fmt_write_u64(ik_json_write_key(at, key), v);
}

__attribute__((always_inline)) static inline uint8_t *ik_json_write_bool(uint8_t *at,
                                                                         const char *key, bool v)
{
    at = ik_json_write_key(at, key);
    return ik_json_write_text(at, v ? "true" : "false");
}

/* A text of our own, without anything to escape. */
__attribute__((always_inline)) static inline uint8_t *
ik_json_write_word(uint8_t *at, const char *key, const char *word)
{
    at = ik_json_write_text(ik_json_write_key(at, key), "\"");
    return ik_json_write_text(ik_json_write_text(at, word), "\"");
}

__attribute__((always_inline)) static inline uint8_t *
ik_json_write_addr(uint8_t *at, const char *key, const struct ik_addr *a)
{
    at = ik_json_write_text(ik_json_write_key(at, key), "\"");
    at = (uint8_t *)ik_addr_write(a, (char *)at);
    return ik_json_write_text(at, "\"");
}

/* Ends the object whose first member was written at `start`. */
static inline uint8_t *ik_json_write_close(uint8_t *start, uint8_t *at)
{
    *start = '{';
    *at = '}';
    return at + 1;
}
