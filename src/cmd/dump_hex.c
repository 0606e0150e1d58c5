/* SPDX-License-Identifier: MIT
 * Bytes in rows, with marks below those that are wrong. */
#include "dump_text.h"

#include <icmpkit/wire.h>

enum { ROW = 16, ROW_TEXT = 1024, ASCII_AT = 50 };

/* In a row, byte i stands so many columns behind the tab: "0x0000:  4500 003c". */
static size_t column(size_t i)
{
    return 9 + i * 2 + i / 2;
}

static void put_row(struct ik_put *w, struct ik_rd row, size_t at, bool ascii)
{
    ik_put_s(w, "\t0x");
    ik_put_hex(w, at, 4);
    ik_put_s(w, ": ");
    for (size_t i = 0; i < row.left; i++) {
        if (i % 2 == 0)
            ik_put_c(w, ' ');
        ik_put_hex(w, row.p[i], 2);
    }
    if (ascii) {
        for (size_t n = column(row.left - 1) + 2; n < ASCII_AT; n++)
            ik_put_c(w, ' ');
        for (size_t i = 0; i < row.left; i++)
            ik_put_c(w, row.p[i] >= ' ' && row.p[i] < 127 ? (char)row.p[i] : '.');
    }
    ik_put_c(w, '\n');
}

static bool is_in(const struct ik_fault *f, size_t at)
{
    return f->at >= at && f->at < at + ROW;
}

/* A line with marks under the bytes, then the names of what is wrong with them, in the order of the
 * marks. `at` is the place of the row among the bytes that flaws are counted in. */
static void put_marks(struct ik_put *w, const struct ik_faults *faults, size_t at)
{
    bool marked[ROW] = {false};
    size_t end = 0;
    for (uint16_t i = 0; i < faults->n; i++) {
        if (!is_in(&faults->list[i], at))
            continue;
        const size_t byte = faults->list[i].at - at;
        marked[byte] = true;
        end = byte + 1 > end ? byte + 1 : end;
    }
    if (end == 0)
        return;
    ik_put_c(w, '\t');
    size_t n = 0;
    for (size_t i = 0; i < end; i++) {
        if (!marked[i])
            continue;
        for (; n < column(i); n++)
            ik_put_c(w, ' ');
        ik_put_s(w, "^^");
        n += 2;
    }
    for (size_t byte = 0; byte < end; byte++) {
        for (uint16_t i = 0; i < faults->n; i++) {
            if (faults->list[i].at != at + byte)
                continue;
            ik_put_c(w, ' ');
            ik_put_s(w, ik_flaw_name(faults->list[i].what));
        }
    }
    ik_put_c(w, '\n');
}

void ik_dump_hex(struct ik_rd bytes, size_t from, bool ascii, const struct ik_faults *faults,
                 ik_dump_piece_fn *fn, void *ctx)
{
    char text[ROW_TEXT];
    for (size_t at = from; at < bytes.left; at += ROW) {
        struct ik_put w;
        const size_t n = bytes.left - at < ROW ? bytes.left - at : ROW;
        ik_put_init(&w, text, sizeof text);
        put_row(&w, (struct ik_rd){bytes.p + at, n}, at - from, ascii);
        if (faults)
            put_marks(&w, faults, at);
        fn(ctx, &w);
    }
}
