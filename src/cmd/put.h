/* SPDX-License-Identifier: MIT
 * Text made fast: appends to memory of the caller, without stdio and without a locale. What does
 * not fit is cut, and that is remembered. */
#pragma once

#include <icmpkit/base.h>

#include <string.h>

struct ik_put {
    char *start, *at, *end;
    bool cut; /* something did not fit; nothing is appended any more */
};

static inline void ik_put_init(struct ik_put *w, char *mem, size_t cap)
{
    *w = (struct ik_put){.start = mem, .at = mem, .end = mem + cap};
}

static inline size_t ik_put_used(const struct ik_put *w)
{
    return (size_t)(w->at - w->start);
}

/* Room for n bytes that the caller fills; NULL: no room. */
static inline char *ik_put_room(struct ik_put *w, size_t n)
{
    if (w->cut || n > (size_t)(w->end - w->at)) {
        w->cut = true;
        return NULL;
    }
    char *at = w->at;
    w->at += n;
    return at;
}

static inline void ik_put_c(struct ik_put *w, char c)
{
    char *at = ik_put_room(w, 1);
    if (at)
        *at = c;
}

static inline void ik_put_mem(struct ik_put *w, const void *bytes, size_t n)
{
    char *at = ik_put_room(w, n);
    if (at)
        memcpy(at, bytes, n);
}

static inline void ik_put_s(struct ik_put *w, const char *text)
{
    ik_put_mem(w, text, strlen(text));
}

/* Decimal. */
void ik_put_u64(struct ik_put *w, uint64_t v);
/* Decimal, at least `width` digits. */
void ik_put_pad(struct ik_put *w, uint64_t v, unsigned width);
/* Lower-case hexadecimal, at least `width` digits, without 0x. */
void ik_put_hex(struct ik_put *w, uint64_t v, unsigned width);
/* Two hexadecimal digits a byte, at most `most` bytes, then "...". */
void ik_put_bytes(struct ik_put *w, struct ik_rd bytes, size_t most);
/* An address as ik_addr_text. */
void ik_put_addr(struct ik_put *w, const struct ik_addr *a);
/* "02:00:00:00:00:01" */
void ik_put_mac(struct ik_put *w, const uint8_t mac[static 6]);
/* Bytes of strangers, escaped, at most so many of them. */
void ik_put_text(struct ik_put *w, struct ik_rd bytes, size_t most);
/* A duration: "3.217 ms", "1.005 s"; negative ones with a sign. */
void ik_put_ms(struct ik_put *w, ik_ns v);
