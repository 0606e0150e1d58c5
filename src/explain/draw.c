/* SPDX-License-Identifier: MIT
 * The layout of a message as RFCs draw it: 32 bits a row, two characters a bit. */
#include "explain/entries.h"

#include "base/bytes.h"

#include <string.h>

enum { ROW_BITS = 32, ROW_CHARS = 2 * ROW_BITS + 1, FIELDS_MAX = 64 };

/* A field as it is drawn: one without bits goes to the end of its row, and what follows it, from
 * where nobody knows, has the next. */
struct place {
    uint32_t at, bits;
};

struct sheet {
    const struct ik_tell_field *fields;
    struct place places[FIELDS_MAX];
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

static void place(struct sheet *s)
{
    uint32_t end = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct ik_tell_field *f = &s->fields[i];
        struct place *p = &s->places[i];
        p->at = f->at_bits > end ? f->at_bits : end;
        p->bits = f->bits ? f->bits : ROW_BITS - p->at % ROW_BITS;
        end = p->at + p->bits;
    }
}

/* The field that holds a bit, by number, or n. */
static size_t field_at(const struct sheet *s, uint32_t bit)
{
    for (size_t i = 0; i < s->n; i++)
        if (bit >= s->places[i].at && bit - s->places[i].at < s->places[i].bits)
            return i;
    return s->n;
}

static uint32_t rows_of(const struct sheet *s)
{
    if (s->n == 0)
        return 0;
    const struct place *last = &s->places[s->n - 1];
    return (last->at + last->bits + ROW_BITS - 1) / ROW_BITS;
}

/* Where a field of several rows is named: on the row that has most of it, of equals the middle
 * one. */
static uint32_t label_row(const struct place *f)
{
    const uint32_t first = f->at / ROW_BITS, last = (f->at + f->bits - 1) / ROW_BITS;
    const uint32_t head = ROW_BITS - f->at % ROW_BITS;
    if (last == first)
        return first;
    if (last == first + 1)
        return head >= f->bits - head ? first : last;
    const uint32_t whole = head == ROW_BITS ? first : first + 1;
    return whole + (last - whole) / 2;
}

/* A part of a text. */
struct part {
    const char *at;
    size_t n;
};

/* "Prf" of "router preference (Prf)"; empty where a label has no such end. */
static struct part short_name(const char *label)
{
    const size_t n = strlen(label);
    const char *open = strrchr(label, '(');
    if (!open || label[n - 1] != ')')
        return (struct part){label, 0};
    return (struct part){open + 1, (size_t)(label + n - 1 - (open + 1))};
}

/* What of a field's names goes into so many characters: the whole label, else its short name, else
 * the key, else the beginning of that in capitals. */
static size_t name_for(const struct ik_tell_field *f, size_t room, char out[static ROW_CHARS])
{
    struct part name = {f->label, strlen(f->label)};
    if (name.n > room) {
        const struct part brief = short_name(f->label);
        name = brief.n > 0 && brief.n <= room ? brief : (struct part){f->key, strlen(f->key)};
    }
    const bool cut = name.n > room;
    name.n = cut ? room : name.n;
    for (size_t i = 0; i < name.n; i++) {
        const char c = name.at[i] == '_' ? ' ' : name.at[i];
        out[i] = cut && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return name.n;
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
        if (i < s->n && label_row(&s->places[i]) == row)
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
        const bool open = row > 0 && f < s->n && field_at(s, below - ROW_BITS) == f;
        line[2 * bit] = bit > 0 && open && left_open ? ' ' : '+';
        line[2 * bit + 1] = open ? ' ' : '-';
        left_open = open;
    }
    line[ROW_CHARS - 1] = '+';
    put_line(s, line, sizeof line);
}

static void put_number(struct sheet *s, uint32_t v)
{
    char digits[10];
    size_t n = 0;
    do
        digits[sizeof digits - ++n] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    put(s, digits + sizeof digits - n, n);
}

static void put_bits(struct sheet *s, const struct ik_tell_field *f)
{
    put(s, f->bits == 1 ? " (bit " : " (bits ", f->bits == 1 ? 6 : 7);
    put_number(s, f->at_bits);
    if (f->bits > 1) {
        put(s, "-", 1);
        put_number(s, f->at_bits + f->bits - 1);
    }
    put(s, ")", 1);
}

/* Fields that the drawing had no room to name in full, each with its bits, as long as these are
 * known. */
static void put_legend(struct sheet *s)
{
    bool known = true;
    for (size_t i = 0; i < s->n; i++) {
        const struct ik_tell_field *f = &s->fields[i];
        known = known && f->bits > 0;
        const size_t room = 2 * (f->bits && f->bits < ROW_BITS ? f->bits : ROW_BITS) - 1;
        const struct part brief = short_name(f->label);
        char name[ROW_CHARS];
        size_t len = strlen(f->label);
        if (f->reserved || len <= room)
            continue;
        /* The short name stands in the drawing already. */
        if (brief.n > 0 && brief.n <= room)
            len -= brief.n + sizeof " ()" - 1;
        put(s, name, name_for(f, room, name));
        put(s, ": ", 2);
        put(s, f->label, len);
        if (known)
            put_bits(s, f);
        put(s, "\n", 1);
    }
}

static bool has(const struct ik_tell_field *fields, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(fields[i].key, key))
            return true;
    return false;
}

size_t ik_explain_layout(const struct ik_explain *e, struct ik_tell_field *out, size_t cap)
{
    if (!e->family)
        return 0;
    const uint8_t code = e->code < 0 ? 0 : (uint8_t)e->code;
    const size_t n = ik_tell_layout(e->family, e->type, code, out, cap);
    if (n == 0 || n > cap)
        return n;
    const char *last = out[n - 1].key;
    /* Where no field says how long the quote is, nothing can follow it (RFC 4884 section 4). */
    const bool none =
        !strcmp(last, "trailing") ||
        (!strcmp(last, "extensions") && has(out, n, "quote") && !has(out, n, "length_words"));
    return none ? n - 1 : n;
}

size_t ik_explain_draw(const struct ik_tell_field *fields, size_t n, char *out, size_t cap)
{
    struct sheet s = {.fields = fields, .out = out, .cap = cap};
    static const char tens[] = " 0                   1                   2                   3\n",
                      ones[] = " 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1\n";
    s.n = n < FIELDS_MAX ? n : FIELDS_MAX;
    place(&s);
    put(&s, tens, sizeof tens - 1);
    put(&s, ones, sizeof ones - 1);
    const uint32_t rows = rows_of(&s);
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
