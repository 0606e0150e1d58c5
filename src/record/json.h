/* SPDX-License-Identifier: MIT
 * Pieces of JSON (RFC 8259) in a bounded writer. Commas come by themselves: a key or an item after
 * anything but an opening bracket puts one. */
#pragma once

#include "base/fmt.h"

/* Most bytes that ik_json_put_hex shows. */
enum { IK_JSON_HEX_MAX_BYTES = 4096 };

/* Appends a comma unless the writer stands just behind '{' or '['. */
void ik_json_put_comma(struct ik_wr *w);
/* Appends the comma if needed, the key (one of ours: not escaped) and a colon. */
void ik_json_put_key(struct ik_wr *w, const char *key);
/* Appends a string in quotes. Valid UTF-8 that prints stays, all else becomes \uXXXX (surrogate
 * pairs beyond U+FFFF), each byte that is no UTF-8 becomes \ufffd. */
void ik_json_put_string(struct ik_wr *w, struct ik_rd bytes);
/* Appends hexadecimal digits in quotes; beyond IK_JSON_HEX_MAX_BYTES the rest is "...". */
void ik_json_put_hex(struct ik_wr *w, struct ik_rd bytes);
/* Members: key and value. */
void ik_json_put_member_text(struct ik_wr *w, const char *key, const char *text);
void ik_json_put_member_u64(struct ik_wr *w, const char *key, uint64_t v);
void ik_json_put_member_bool(struct ik_wr *w, const char *key, bool v);
void ik_json_put_member_addr(struct ik_wr *w, const char *key, const struct ik_addr *a);
