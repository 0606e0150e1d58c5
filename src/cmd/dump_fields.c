/* SPDX-License-Identifier: MIT
 * All fields of a message in a row, for the types that tcpdump has no words for, and to complete
 * those that it has: from the walk that the tree and the JSON are made of. */
#include "dump_text.h"

#include <icmpkit/wire.h>

#include <string.h>

enum { BYTES_SHOWN = 64, TEXT_SHOWN = 256, HEAD_BITS = 32 };

struct fields {
    struct ik_put *w;
    int depth;
    bool first; /* nothing stands yet in the innermost bracket */
};

static void separate(struct fields *f)
{
    if (!f->first)
        ik_put_s(f->w, ", ");
    f->first = false;
}

/* Bytes of the key: of a time without its unit, which stands behind the number already. */
static size_t key_bytes(const struct ik_tell *t)
{
    static const char *const times[] = {"s", "ms", "min"};
    const size_t n = strlen(t->key);
    for (size_t i = 0; t->unit && i < sizeof times / sizeof *times; i++) {
        const size_t unit = strlen(times[i]);
        if (!strcmp(t->unit, times[i]) && n > unit + 1 && t->key[n - unit - 1] == '_' &&
            !strcmp(t->key + n - unit, times[i]))
            return n - unit - 1;
    }
    return n;
}

static void put_key(struct fields *f, const struct ik_tell *t, bool blank)
{
    separate(f);
    if (t->key)
        ik_put_mem(f->w, t->key, key_bytes(t));
    if (t->key && blank)
        ik_put_c(f->w, ' ');
}

static void put_bracket(struct fields *f, const struct ik_tell *t)
{
    put_key(f, t, false);
    if (t->key && t->word)
        ik_put_c(f->w, ' ');
    if (t->word)
        ik_put_s(f->w, t->word);
    if (t->key || t->word)
        ik_put_c(f->w, ' ');
    ik_put_c(f->w, '(');
    f->first = true;
    f->depth++;
}

static void put_number(struct fields *f, const struct ik_tell *t)
{
    struct ik_put *w = f->w;
    put_key(f, t, true);
    if (t->form == IK_TELL_HEXNUM) {
        ik_put_s(w, "0x");
        ik_put_hex(w, t->num, 1);
    } else if (t->form == IK_TELL_INT && (int64_t)t->num < 0) {
        ik_put_c(w, '-');
        ik_put_u64(w, 0 - t->num);
    } else {
        ik_put_u64(w, t->num);
    }
    if (t->unit) {
        ik_put_c(w, ' ');
        ik_put_s(w, t->unit);
    }
    if (t->word) {
        ik_put_c(w, ' ');
        ik_put_s(w, t->word);
    }
}

static void put_value(struct fields *f, const struct ik_tell *t)
{
    struct ik_put *w = f->w;
    switch (t->form) {
    case IK_TELL_BOOL:
        if (t->num) /* a flag that is set is worth a word */
            put_key(f, t, false);
        break;
    case IK_TELL_ADDR:
        put_key(f, t, true);
        ik_put_addr(w, &t->addr);
        break;
    case IK_TELL_BYTES:
        put_key(f, t, true);
        ik_put_bytes(w, t->bytes, BYTES_SHOWN);
        break;
    case IK_TELL_TEXT:
        put_key(f, t, true);
        ik_put_c(w, '"');
        ik_put_text(w, t->bytes, TEXT_SHOWN);
        ik_put_c(w, '"');
        break;
    case IK_TELL_DATA:
        separate(f);
        ik_put_s(w, "data ");
        ik_put_u64(w, t->bytes.left);
        ik_put_s(w, " bytes");
        break;
    default:
        put_number(f, t);
    }
}

static void put_step(void *ctx, const struct ik_tell *t)
{
    struct fields *f = ctx;
    if (f->depth == 0 && t->bits && t->at_bits + t->bits <= HEAD_BITS)
        return; /* type, code, checksum */
    if (t->form == IK_TELL_GROUP || t->form == IK_TELL_LIST) {
        put_bracket(f, t);
    } else if (t->form == IK_TELL_END) {
        ik_put_c(f->w, ')');
        f->first = false;
        f->depth--;
    } else {
        put_value(f, t);
    }
}

void ik_dump_fields_put(struct ik_put *w, const struct ik_icmp *icmp, struct ik_rd bytes)
{
    struct fields f = {.w = w, .first = true};
    const struct ik_tell_cfg cfg = {.fn = put_step, .ctx = &f};
    ik_tell_icmp(&cfg, icmp, bytes);
}
