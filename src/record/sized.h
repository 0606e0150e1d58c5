/* SPDX-License-Identifier: MIT
 * A writer that also counts what it would have needed: for documents whose size the caller asks. */
#pragma once

#include "base/fmt.h"

struct ik_sized {
    struct ik_wr w;
    size_t needed_bytes;
};

static inline struct ik_sized ik_sized_init(char *out, size_t cap)
{
    struct ik_sized s = {0};
    ik_wr_init(&s.w, (uint8_t *)out, cap);
    return s;
}

static inline void ik_sized_put(struct ik_sized *s, const char *text)
{
    s->needed_bytes += strlen(text);
    ik_fmt_put_text(&s->w, text);
}
