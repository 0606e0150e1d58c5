/* SPDX-License-Identifier: MIT
 * A packet as a tree: each field in a line of its own, with the bytes (and bits) that it is in. The
 * outer IP header comes first, and what an error quotes stands in brackets. */
#include "dump_text.h"

#include <icmpkit/wire.h>

enum { ROW_TEXT = 2048, BYTES_SHOWN = 256, TEXT_SHOWN = 256, PLACE = 12, QUOTES = 8 };

struct tree {
    char text[ROW_TEXT];
    struct ik_put w;
    const struct ik_faults *faults;
    int depth;
    int quotes[QUOTES]; /* depths at which a quote was opened */
    int n_quotes;
    bool outer; /* in the outer IP header, above groups of it */
    uint8_t proto;
    ik_dump_piece_fn *fn;
    void *ctx;
};

static struct ik_put *row(struct tree *t)
{
    ik_put_init(&t->w, t->text, sizeof t->text - 1);
    return &t->w;
}

static void end(struct tree *t)
{
    t->w.end++;
    t->w.cut = false;
    ik_put_c(&t->w, '\n');
    t->fn(t->ctx, &t->w);
}

/* "14-33", "22", "20.0-2": bytes, and bits of a byte from its high one. */
static void put_place(struct ik_put *w, uint32_t at_bits, uint32_t bits)
{
    const char *from = w->at;
    const uint32_t last = at_bits + bits - 1;
    ik_put_u64(w, at_bits / 8);
    if (at_bits % 8 == 0 && bits % 8 == 0) {
        if (bits > 8) {
            ik_put_c(w, '-');
            ik_put_u64(w, last / 8);
        }
    } else {
        ik_put_c(w, '.');
        ik_put_u64(w, at_bits % 8);
        if (bits > 1) {
            ik_put_c(w, '-');
            if (last / 8 != at_bits / 8) {
                ik_put_u64(w, last / 8);
                ik_put_c(w, '.');
            }
            ik_put_u64(w, last % 8);
        }
    }
    while (w->at - from < PLACE)
        ik_put_c(w, ' ');
}

/* Place and indentation of a line. */
static struct ik_put *begin(struct tree *t, uint32_t at_bits, uint32_t bits)
{
    struct ik_put *w = row(t);
    for (int i = 0; i <= t->depth; i++)
        ik_put_s(w, "  ");
    if (bits)
        put_place(w, at_bits, bits);
    else
        for (int i = 0; i < PLACE; i++)
            ik_put_c(w, ' ');
    return w;
}

/* What is wrong with the bytes of a field. */
static void put_flaws(struct tree *t, const struct ik_tell *s)
{
    if (s->bits == 0)
        return;
    const uint32_t from = s->at_bits / 8, last = (s->at_bits + s->bits - 1) / 8;
    for (uint16_t i = 0; i < t->faults->n; i++) {
        const struct ik_fault *f = &t->faults->list[i];
        if (f->at < from || f->at > last)
            continue;
        ik_put_s(&t->w, "  <-- ");
        ik_put_s(&t->w, ik_flaw_name(f->what));
    }
}

static void put_number(struct ik_put *w, const struct ik_tell *s)
{
    if (s->form == IK_TELL_HEXNUM) {
        ik_put_s(w, "0x");
        ik_put_hex(w, s->num, s->bits ? (s->bits + 3) / 4 : 1);
    } else if (s->form == IK_TELL_INT && (int64_t)s->num < 0) {
        ik_put_c(w, '-');
        ik_put_u64(w, 0 - s->num);
    } else {
        ik_put_u64(w, s->num);
    }
    if (s->unit) {
        ik_put_c(w, ' ');
        ik_put_s(w, s->unit);
    }
    if (s->word) {
        ik_put_s(w, " (");
        ik_put_s(w, s->word);
        ik_put_c(w, ')');
    }
}

static void put_value(struct ik_put *w, const struct ik_tell *s)
{
    switch (s->form) {
    case IK_TELL_BOOL:
        ik_put_s(w, s->num ? "yes" : "no");
        break;
    case IK_TELL_ADDR:
        ik_put_addr(w, &s->addr);
        break;
    case IK_TELL_BYTES:
        ik_put_bytes(w, s->bytes, BYTES_SHOWN);
        break;
    case IK_TELL_TEXT:
        ik_put_c(w, '"');
        ik_put_text(w, s->bytes, TEXT_SHOWN);
        ik_put_c(w, '"');
        break;
    case IK_TELL_DATA:
        ik_put_u64(w, s->bytes.left);
        ik_put_s(w, " bytes");
        break;
    default:
        put_number(w, s);
    }
}

static void open_group(struct tree *t, const struct ik_tell *s)
{
    struct ik_put *w = begin(t, s->at_bits, s->bits);
    const bool quote = s->key && !strcmp(s->key, "quote");
    ik_put_s(w, s->label);
    if (s->word) {
        ik_put_s(w, ": ");
        ik_put_s(w, s->word);
    }
    if (quote && t->n_quotes < QUOTES) {
        ik_put_s(w, " [");
        t->quotes[t->n_quotes++] = t->depth;
    }
    end(t);
    t->depth++;
}

static void close_group(struct tree *t)
{
    t->depth--;
    if (!t->n_quotes || t->quotes[t->n_quotes - 1] != t->depth)
        return;
    t->n_quotes--;
    struct ik_put *w = row(t);
    for (int i = 0; i <= t->depth; i++)
        ik_put_s(w, "  ");
    ik_put_c(w, ']');
    end(t);
}

static void put_step(void *ctx, const struct ik_tell *s)
{
    struct tree *t = ctx;
    if (s->form == IK_TELL_GROUP || s->form == IK_TELL_LIST) {
        open_group(t, s);
    } else if (s->form == IK_TELL_END) {
        close_group(t);
    } else {
        struct ik_put *w = begin(t, s->at_bits, s->bits);
        ik_put_s(w, s->label);
        ik_put_s(w, ": ");
        put_value(w, s);
        if (t->outer && s->num == t->proto && s->key && !strcmp(s->key, "proto"))
            ik_put_s(w, "  <== this makes it ICMP");
        put_flaws(t, s);
        end(t);
    }
}

/* ---- around the IP packet -------------------------------------------------------------------- */

static void tell_layers(struct tree *t, const struct ik_look_packet *p)
{
    for (unsigned i = 0; i < p->layers.n; i++) {
        const struct ik_layer *l = &p->layers.list[i];
        struct ik_put *w = begin(t, l->at_bytes * 8, l->bytes * 8);
        ik_put_s(w, ik_layer_name(l->kind));
        if (l->ident) {
            ik_put_c(w, ' ');
            ik_put_u64(w, l->ident);
        }
        if (l->priority) {
            ik_put_s(w, ", priority ");
            ik_put_u64(w, l->priority);
        }
        if (i == 0 && l->kind == IK_LAYER_ETHERNET) {
            ik_put_s(w, ": ");
            ik_put_mac(w, p->layers.src_mac);
            ik_put_s(w, " > ");
            ik_put_mac(w, p->layers.dst_mac);
        }
        end(t);
    }
}

static void tell_head(struct tree *t, const struct ik_dump_style *style,
                      struct ik_dump_stamp *stamp, const struct ik_look_packet *p)
{
    struct ik_put *w = row(t);
    ik_put_s(w, "packet ");
    ik_put_u64(w, p->frame.n);
    ik_put_s(w, ": ");
    ik_dump_stamp_put_full(stamp, w, p->frame.time);
    ik_put_s(w, ", ");
    ik_put_u64(w, p->frame.wire_bytes);
    ik_put_s(w, " bytes");
    if (p->frame.wire_bytes > p->frame.bytes.left) {
        ik_put_s(w, ", of which ");
        ik_put_u64(w, p->frame.bytes.left);
        ik_put_s(w, " were captured");
    }
    if (p->reassembled) {
        ik_put_s(w, "; put together from ");
        ik_put_u64(w, p->fragments);
        ik_put_s(w, " fragments, places are those of the whole");
    }
    if (p->pair != IK_LOOK_PAIR_NONE) {
        ik_put_s(w, "; ");
        ik_dump_pair_put(w, p);
    }
    if (style->interface && p->frame.interface) {
        const char *name = p->frame.interface;
        ik_put_s(w, "; on ");
        ik_put_text(w, (struct ik_rd){(const uint8_t *)name, strlen(name)}, TEXT_SHOWN);
    }
    end(t);
}

/* What follows the IP header of a part, or of too few bytes for a message. */
static void tell_stub(struct tree *t, const struct ik_look_packet *p)
{
    const struct ik_rd bytes = p->ip.payload;
    const struct ik_tell step = {
        .form = IK_TELL_BYTES,
        .label = p->part ? "part of a message" : "too short for a message",
        .at_bits = (p->ip_at_bytes + (uint32_t)(bytes.p - p->ip_bytes.p)) * 8,
        .bits = (uint32_t)bytes.left * 8,
        .bytes = bytes,
    };
    put_step(t, &step);
}

/* What is wrong is that bytes are missing: it has no field to stand at. */
static void tell_missing(struct tree *t, const struct ik_look_packet *p)
{
    for (uint16_t i = 0; i < p->faults.n; i++) {
        const struct ik_fault *f = &p->faults.list[i];
        if (f->at < p->ip_at_bytes + p->ip_bytes.left)
            continue;
        struct ik_put *w = begin(t, f->at * 8u, 8);
        ik_put_s(w, "not there  <-- ");
        ik_put_s(w, ik_flaw_name(f->what));
        end(t);
    }
}

void ik_dump_tree(const struct ik_dump_style *style, struct ik_dump_stamp *stamp,
                  const struct ik_look_packet *p, ik_dump_piece_fn *fn, void *ctx)
{
    struct tree t = {.faults = &p->faults, .fn = fn, .ctx = ctx, .proto = p->ip.proto};
    tell_head(&t, style, stamp, p);
    if (!p->reassembled)
        tell_layers(&t, p);
    const uint32_t ip_bits = p->ip_at_bytes * 8, head_bits = p->ip.header_bytes * 8;
    ik_put_s(begin(&t, ip_bits, head_bits), p->ip.version == 6 ? "IPv6" : "IPv4");
    end(&t);
    t.depth = 1;
    t.outer = true;
    const struct ik_tell_cfg ip = {
        .fn = put_step, .ctx = &t, .at_bytes = p->ip_at_bytes, .all = style->verbose};
    ik_tell_ip(&ip, &p->ip, p->ip_bytes);
    t.depth = 0;
    t.outer = false;
    if (!p->has_icmp) {
        tell_stub(&t, p);
        tell_missing(&t, p);
        return;
    }
    const uint32_t at = p->ip_at_bytes + (uint32_t)(p->icmp_bytes.p - p->ip_bytes.p);
    ik_put_s(begin(&t, at * 8, (uint32_t)p->icmp_bytes.left * 8),
             p->icmp.family == 6 ? "ICMPv6" : "ICMP");
    end(&t);
    t.depth = 1;
    const struct ik_tell_cfg icmp = {
        .fn = put_step, .ctx = &t, .at_bytes = at, .all = style->verbose};
    ik_tell_icmp(&icmp, &p->icmp, p->icmp_bytes);
    t.depth = 0;
    tell_missing(&t, p);
}
