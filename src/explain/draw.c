/* SPDX-License-Identifier: MIT
 * The layout of a message as RFCs draw it: 32 bits a row, two characters a bit. */
#include "explain/entries.h"

#include "base/bytes.h"

#include <string.h>

enum { ROW_BITS = 32, ROW_CHARS = 2 * ROW_BITS + 1 };

struct sheet {
    const struct ik_tell_field *fields;
    size_t n;
    char *out;
    size_t cap, used;
};

static void put(struct sheet *s, const char *text, size_t n)
{
    if (s->used + n < s->cap)
        memcpy(s->out + s->used, text, n);
    s->used += n;
}

static void put_line(struct sheet *s, const char *line, size_t n)
{
    while (n > 0 && line[n - 1] == ' ')
        n--;
    put(s, line, n);
    put(s, "\n", 1);
}

/* The field that holds a bit, by number, or n. What is the rest holds all that follow it. */
static size_t field_at(const struct sheet *s, uint32_t bit)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct ik_tell_field *f = &s->fields[i];
        if (bit >= f->at_bits && (f->bits == 0 || bit - f->at_bits < f->bits))
            return i;
    }
    return s->n;
}

/* One past the last bit that a row is drawn for. */
static uint32_t end_bits(const struct sheet *s)
{
    uint32_t end = 0;
    for (size_t i = 0; i < s->n; i++) {
        const uint32_t of = s->fields[i].at_bits + (s->fields[i].bits ? s->fields[i].bits : 1);
        end = of > end ? of : end;
    }
    return (end + ROW_BITS - 1) / ROW_BITS * ROW_BITS;
}

/* Where a field of several rows is named: on the row that has most of it, of equals the middle
 * one. */
static uint32_t label_row(const struct ik_tell_field *f)
{
    const uint32_t first = f->at_bits / ROW_BITS;
    if (f->bits == 0)
        return first;
    const uint32_t last = (f->at_bits + f->bits - 1) / ROW_BITS;
    const uint32_t head = ROW_BITS - f->at_bits % ROW_BITS;
    if (last == first)
        return first;
    if (last == first + 1)
        return head >= f->bits - head ? first : last;
    const uint32_t whole = head == ROW_BITS ? first : first + 1;
    return whole + (last - whole) / 2;
}

/* What of a field's names goes into so many characters: the whole label, else its key, else the
 * beginning of that in capitals. */
static size_t name_for(const struct ik_tell_field *f, size_t room, char out[static ROW_CHARS])
{
    size_t n = strlen(f->label);
    const char *name = f->label;
    if (n > room) {
        name = f->key ? f->key : f->label;
        n = strlen(name);
    }
    const bool cut = n > room;
    n = cut ? room : n;
    for (size_t i = 0; i < n; i++) {
        const char c = name[i];
        out[i] = cut && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return n;
}

/* Writes the name of a field into its cell, `room` characters. */
static void write_name(const struct ik_tell_field *f, char *cell, size_t room)
{
    static const char more[] = " ...";
    char name[ROW_CHARS + sizeof more];
    const size_t tail = f->bits ? 0 : sizeof more - 1;
    if (room <= tail || (f->reserved && strlen(f->label) > room))
        return;
    size_t n = name_for(f, room - tail, name);
    memcpy(name + n, more, tail);
    n += tail;
    for (size_t i = 0, pad = (room - n) / 2; i < n; i++)
        cell[pad + i] = name[i];
}

static void put_cells(struct sheet *s, uint32_t row)
{
    char line[ROW_CHARS];
    const uint32_t base = row * ROW_BITS;
    memset(line, ' ', sizeof line);
    for (uint32_t from = 0; from < ROW_BITS;) {
        const size_t i = field_at(s, base + from);
        uint32_t to = from + 1;
        while (to < ROW_BITS && field_at(s, base + to) == i)
            to++;
        line[2 * from] = '|';
        if (i < s->n && s->fields[i].bits)
            line[2 * to] = '|';
        if (i < s->n && label_row(&s->fields[i]) == row)
            write_name(&s->fields[i], line + 2 * from + 1, 2 * (to - from) - 1);
        from = to;
    }
    put_line(s, line, sizeof line);
}

/* The line over a row; it is open where a field goes on. */
static void put_ruler(struct sheet *s, uint32_t row)
{
    char line[ROW_CHARS];
    bool left_open = true;
    for (uint32_t bit = 0; bit < ROW_BITS; bit++) {
        const uint32_t below = row * ROW_BITS + bit;
        const size_t f = field_at(s, below);
        const bool open = row > 0 && f < s->n && s->fields[f].bits &&
                          field_at(s, below - ROW_BITS) == f && below < end_bits(s);
        line[2 * bit] = bit > 0 && open && left_open ? ' ' : '+';
        line[2 * bit + 1] = open ? ' ' : '-';
        left_open = open;
    }
    line[ROW_CHARS - 1] = '+';
    put_line(s, line, sizeof line);
}

/* Fields that the drawing had no room to name in full, each with its bits. */
static void put_number(struct sheet *s, uint32_t v)
{
    char digits[10];
    size_t n = 0;
    do
        digits[sizeof digits - ++n] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    put(s, digits + sizeof digits - n, n);
}

static void put_legend(struct sheet *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct ik_tell_field *f = &s->fields[i];
        const uint32_t row_room = f->bits && f->bits < ROW_BITS ? f->bits : ROW_BITS;
        if (f->reserved || strlen(f->label) <= 2 * row_room - 1)
            continue;
        char name[ROW_CHARS];
        put(s, name, name_for(f, 2 * row_room - 1, name));
        put(s, ": ", 2);
        put(s, f->label, strlen(f->label));
        put(s, f->bits == 1 ? " (bit " : " (bits ", f->bits == 1 ? 6 : 7);
        put_number(s, f->at_bits);
        if (f->bits > 1) {
            put(s, "-", 1);
            put_number(s, f->at_bits + f->bits - 1);
        }
        put(s, ")\n", 2);
    }
}

size_t ik_explain_draw(const struct ik_tell_field *fields, size_t n, char *out, size_t cap)
{
    struct sheet s = {.fields = fields, .n = n, .out = out, .cap = cap};
    static const char tens[] = " 0                   1                   2                   3\n",
                      ones[] = " 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1\n";
    put(&s, tens, sizeof tens - 1);
    put(&s, ones, sizeof ones - 1);
    const uint32_t rows = end_bits(&s) / ROW_BITS;
    for (uint32_t row = 0; row < rows; row++) {
        put_ruler(&s, row);
        put_cells(&s, row);
    }
    put_ruler(&s, rows);
    put_legend(&s);
    if (cap > 0)
        out[s.used < cap ? s.used : 0] = '\0';
    return s.used;
}
