/* SPDX-License-Identifier: MIT
 * Memory that is taken piece by piece and given back at once: what a file becomes. */
#pragma once

#include <stddef.h>

/* Zeroed to begin with. */
struct ik_arena {
    struct ik_arena_block *last;
};

/* n zeroed bytes, aligned as malloc's are, valid until ik_arena_free; NULL when there is no memory.
 * Never NULL for n = 0. */
void *ik_arena_take(struct ik_arena *a, size_t n);
/* The same for `count` objects of `size` bytes. */
void *ik_arena_array(struct ik_arena *a, size_t count, size_t size);
/* A copy of n bytes and a terminator. */
char *ik_arena_copy(struct ik_arena *a, const char *text, size_t n);
void ik_arena_free(struct ik_arena *a);
