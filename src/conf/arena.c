/* SPDX-License-Identifier: MIT */
#include "conf/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024 };

struct ik_arena_block {
    struct ik_arena_block *before;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

static struct ik_arena_block *block_add(struct ik_arena *a, size_t need)
{
    const size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
    if (size > SIZE_MAX - sizeof(struct ik_arena_block))
        return NULL;
    struct ik_arena_block *b = calloc(1, sizeof(*b) + size);
    if (!b)
        return NULL;
    b->size = size;
    b->before = a->last;
    a->last = b;
    return b;
}

void *ik_arena_take(struct ik_arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    if (n > SIZE_MAX - align)
        return NULL;
    const size_t need = (n + align - 1) / align * align;
    struct ik_arena_block *b = a->last;
    if (!b || need > b->size - b->used)
        b = block_add(a, need);
    if (!b)
        return NULL;
    void *at = b->bytes + b->used;
    b->used += need;
    return at;
}

void *ik_arena_array(struct ik_arena *a, size_t count, size_t size)
{
    size_t n;
    return __builtin_mul_overflow(count, size, &n) ? NULL : ik_arena_take(a, n);
}

char *ik_arena_copy(struct ik_arena *a, const char *text, size_t n)
{
    char *to = ik_arena_take(a, n + 1);
    if (to && n)
        memcpy(to, text, n);
    return to;
}

void ik_arena_free(struct ik_arena *a)
{
    while (a->last) {
        struct ik_arena_block *b = a->last;
        a->last = b->before;
        free(b);
    }
}
