/* SPDX-License-Identifier: MIT
 * Bytes of strangers on a terminal or in a report. */
#include <icmpkit/record.h>

#include "base/fmt.h"
#include "record/utf8.h"

static void put_byte(struct ik_wr *w, uint8_t byte)
{
    ik_fmt_put_text(w, "\\x");
    ik_fmt_put_hex(w, (struct ik_rd){&byte, 1});
}

/* One scalar value or one stray byte. Whole or not at all: half an escape would read as text. */
static bool put_next(struct ik_wr *w, struct ik_rd *bytes)
{
    uint32_t scalar = 0;
    const size_t n = ik_utf8_take(*bytes, &scalar);
    const bool plain = n > 0 && scalar != '\\' && ik_utf8_is_plain(scalar);
    const size_t step = n ? n : 1;
    if (w->cap - w->used < (plain ? n : 4 * step))
        return false;
    if (plain) {
        ik_wr_put(w, (struct ik_rd){bytes->p, n});
    } else {
        for (size_t i = 0; i < step; i++)
            put_byte(w, bytes->p[i]);
    }
    *bytes = (struct ik_rd){bytes->p + step, bytes->left - step};
    return true;
}

const char *ik_text_escape(struct ik_rd bytes, char *buf, size_t cap)
{
    if (cap == 0)
        return buf;
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)buf, cap - 1);
    while (bytes.left > 0 && put_next(&w, &bytes))
        ;
    buf[w.used] = '\0';
    return buf;
}
