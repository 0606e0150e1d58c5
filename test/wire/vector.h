/* SPDX-License-Identifier: MIT
 * Bytes of tests: written as hex, held in heap blocks of their exact size, so that ASan sees a read
 * of the first byte past the end. */
#pragma once

#include "icmpkit/wire.h"
#include "ip_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define VECTOR_MAX 70000

static inline uint8_t vector_nibble(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* A block of exactly n bytes; free(p). */
static inline uint8_t *vector_block(const uint8_t *from, size_t n)
{
    uint8_t *p = malloc(n ? n : 1);
    assert_non_null(p);
    if (n)
        memcpy(p, from, n);
    return p;
}

/* Reads hex, blanks between bytes allowed, into `out`. */
static inline size_t vector_bytes(const char *hex, uint8_t *out, size_t cap)
{
    size_t n = 0;
    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        assert_true(n < cap && hex[1]);
        out[n++] = (uint8_t)(vector_nibble(hex[0]) << 4 | vector_nibble(hex[1]));
        hex++;
    }
    return n;
}

/* The bytes in an exact block; vector_free. */
static inline struct ik_rd vector_hex(const char *hex)
{
    uint8_t buf[2048];
    const size_t n = vector_bytes(hex, buf, sizeof(buf));
    return (struct ik_rd){vector_block(buf, n), n};
}

static inline void vector_free(struct ik_rd v)
{
    free((void *)(uintptr_t)v.p);
}

static inline bool vector_has_flaw(const struct ik_faults *f, enum ik_flaw what, unsigned at)
{
    for (unsigned i = 0; i < f->n; i++)
        if (f->list[i].what == what && f->list[i].at == at)
            return true;
    return false;
}

/* True when nothing of `part` lies outside `whole`. */
static inline bool vector_inside(struct ik_rd part, struct ik_rd whole)
{
    return part.left == 0 || (part.p >= whole.p && part.left <= whole.left &&
                              (size_t)(part.p - whole.p) <= whole.left - part.left);
}

/* Gives fn the vector cut at every length, then whole with each single bit flipped, then with each
 * byte all zero and all ones, every time in a block of exactly that size. */
static inline void vector_torture(const char *hex, void (*fn)(struct ik_rd in))
{
    uint8_t buf[2048];
    const size_t n = vector_bytes(hex, buf, sizeof(buf));
    for (size_t cut = 0; cut <= n; cut++) {
        uint8_t *p = vector_block(buf, cut);
        fn((struct ik_rd){p, cut});
        free(p);
    }
    for (size_t i = 0; i < n * 10; i++) {
        uint8_t *p = vector_block(buf, n);
        const size_t how = i % 10;
        p[i / 10] = how == 8 ? 0 : how == 9 ? 0xff : (uint8_t)(p[i / 10] ^ 1u << how);
        fn((struct ik_rd){p, n});
        free(p);
    }
}

/* All vectors of a decoder, so treated. */
static inline void vector_torture_all(const char *decoder, void (*fn)(struct ik_rd in))
{
    unsigned n = 0;
    for (size_t i = 0; i < IP_VECTORS; i++)
        if (strcmp(ip_vectors[i].decoder, decoder) == 0) {
            vector_torture(ip_vectors[i].hex, fn);
            n++;
        }
    assert_true(n > 0);
}

/* The bytes of a vector by decoder and name. */
static inline const char *vector_of(const char *decoder, const char *name)
{
    for (size_t i = 0; i < IP_VECTORS; i++)
        if (strcmp(ip_vectors[i].decoder, decoder) == 0 && strcmp(ip_vectors[i].name, name) == 0)
            return ip_vectors[i].hex;
    fail_msg("no vector %s of %s", name, decoder);
    return "";
}
