/* SPDX-License-Identifier: MIT
 * A book of findings on a table: its memory, its clock, a packet that is being looked at. */
#pragma once

#include "frames.h"

#include "detect/book.h"

enum { S = 1000000000 };

struct book {
    struct ik_book *b;
    struct ik_detect_cfg cfg;
    void *mem;
    ik_ns now;
    struct ik_look_packet packet; /* the one being looked at */
    uint8_t bytes[64];
};

static struct book *book_new(void)
{
    struct book *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    t->cfg = ik_detect_defaults();
    t->mem = malloc(ik_book_bytes());
    assert_non_null(t->mem);
    t->b = ik_book_init(t->mem, &t->cfg);
    t->now = 1000 * (ik_ns)S;
    for (size_t i = 0; i < sizeof(t->bytes); i++)
        t->bytes[i] = (uint8_t)i;
    return t;
}

static void book_free(struct book *t)
{
    free(t->mem);
    free(t);
}
