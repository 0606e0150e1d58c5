/* SPDX-License-Identifier: MIT
 * The walk over the fields of a message, by the rows of icmp_fields.def. */
#include "icmpkit/tell.h"

#include "icmpkit/wire.h"
#include "wire/icmp_type.h"
#include "wire/tell_int.h"

#include <string.h>

enum { HEAD_BYTES = 4, WORD_BYTES = 4, EXT_CLASS_IDENT = 3 };

/* ---- steps ----------------------------------------------------------------------------------- */

static uint32_t bit_at(const struct ik_tell_walk *w, const uint8_t *p)
{
    return 8 * (w->cfg->at_bytes + (uint32_t)(p - w->start));
}

static void say(const struct ik_tell_walk *w, const struct ik_tell *step)
{
    if (!step->reserved || step->num || w->cfg->all)
        w->cfg->fn(w->cfg->ctx, step);
}

/* Begins a step. Member by member: a struct of this size that is initialised as a whole is cleared
 * with a string instruction, which takes longer than all the rest. */
static void begin(struct ik_tell *step, enum ik_tell_form form, const char *key, const char *label)
{
    step->form = form;
    step->reserved = false;
    step->key = key;
    step->label = label;
    step->unit = step->word = NULL;
    step->at_bits = step->bits = 0;
    step->num = 0;
    step->addr.family = 0; /* and the rest only with an address */
    step->bytes = (struct ik_rd){NULL, 0};
}

/* The same with the bytes that it stands for. */
static void begin_span(const struct ik_tell_walk *w, struct ik_tell *step, enum ik_tell_form form,
                       const char *key, const char *label, struct ik_rd span)
{
    begin(step, form, key, label);
    step->at_bits = bit_at(w, span.p);
    step->bits = 8 * (uint32_t)span.left;
    step->bytes = span;
}

void ik_tell_open(const struct ik_tell_walk *w, enum ik_tell_form form, const char *key,
                  const char *label, struct ik_rd span)
{
    struct ik_tell step;
    begin_span(w, &step, form, key, label, span);
    say(w, &step);
}

void ik_tell_close(const struct ik_tell_walk *w, struct ik_rd span)
{
    struct ik_tell step;
    begin(&step, IK_TELL_END, NULL, NULL);
    step.at_bits = bit_at(w, span.p + span.left);
    say(w, &step);
}

/* Bytes, of which their number is told too. */
static void bytes_tell(const struct ik_tell_walk *w, enum ik_tell_form form, const char *key,
                       const char *label, const char *unit, struct ik_rd bytes)
{
    struct ik_tell step;
    begin_span(w, &step, form, key, label, bytes);
    step.unit = unit;
    step.num = bytes.left;
    say(w, &step);
}

void ik_tell_bytes(const struct ik_tell_walk *w, enum ik_tell_form form, const char *key,
                   const char *label, struct ik_rd bytes)
{
    if (bytes.left)
        bytes_tell(w, form, key, label, form == IK_TELL_DATA ? "bytes" : NULL, bytes);
}

static bool is_zero(struct ik_rd bytes)
{
    for (size_t i = 0; i < bytes.left; i++)
        if (bytes.p[i])
            return false;
    return true;
}

void ik_tell_padding(const struct ik_tell_walk *w, const char *key, struct ik_rd bytes)
{
    struct ik_tell step;
    if (bytes.left == 0)
        return;
    begin_span(w, &step, IK_TELL_BYTES, key, "padding", bytes);
    step.reserved = true;
    step.num = !is_zero(bytes);
    say(w, &step);
}

void ik_tell_addr(const struct ik_tell_walk *w, const char *key, const char *label,
                  const struct ik_addr *addr, struct ik_rd span)
{
    struct ik_tell step;
    begin_span(w, &step, IK_TELL_ADDR, key, label, span);
    step.addr = *addr;
    say(w, &step);
}

void ik_tell_text(const struct ik_tell_walk *w, const char *label, struct ik_rd text,
                  struct ik_rd span)
{
    struct ik_tell step;
    begin_span(w, &step, IK_TELL_TEXT, NULL, label, span);
    step.bytes = text;
    say(w, &step);
}

void ik_tell_derived(const struct ik_tell_walk *w, const char *key, const char *label,
                     const char *unit, uint64_t num)
{
    struct ik_tell step;
    begin(&step, IK_TELL_NUM, key, label);
    step.unit = unit;
    step.num = num;
    say(w, &step);
}

void ik_tell_number(const struct ik_tell_walk *w, const char *key, const char *label,
                    enum ik_means means, uint64_t num)
{
    struct ik_tell step;
    begin(&step, IK_TELL_NUM, key, label);
    step.word = ik_tell_word(w, means, num);
    step.num = num;
    say(w, &step);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* `bits` (1 to 64) from bit `at` of p on. */
static uint64_t bits_get(const uint8_t *p, uint32_t at, uint32_t bits)
{
    const uint32_t end = at + bits;
    uint64_t v = 0;
    if (at % 8 == 0 && bits == 16)
        return ik_load_be16(p + at / 8);
    if (at % 8 == 0 && bits == 8)
        return p[at / 8];
    for (uint32_t i = at / 8; i < (end + 7) / 8; i++)
        v = v << 8 | p[i];
    v >>= (8 - end % 8) % 8;
    return bits < 64 ? v & ((1ull << bits) - 1) : v;
}

static struct ik_addr addr_get(struct ik_rd span)
{
    struct ik_addr addr = {.family = span.left == 4 ? 4 : 6};
    memcpy(addr.bytes, span.p, span.left < sizeof(addr.bytes) ? span.left : sizeof(addr.bytes));
    return addr;
}

static uint64_t sign_extend(uint64_t v, uint32_t bits)
{
    return v >> (bits - 1) ? v | ~0ull << (bits - 1) : v;
}

/* Numbers that only a formula makes readable. */
static void row_derive(const struct ik_tell_walk *w, enum ik_means means, uint64_t num)
{
    if (means == IK_MEANS_MLD_TIME)
        ik_tell_derived(w, "max_delay_ms", "maximum response delay", "ms",
                        ik_mld_time_ms((uint16_t)num));
    else if (means == IK_MEANS_MLD_INTERVAL)
        ik_tell_derived(w, "query_interval_s", "querier's query interval", "s",
                        ik_mld_interval_s((uint8_t)num));
}

/* A number of `row` that stands at bit `at` of p. */
static void row_number(const struct ik_tell_walk *w, const struct ik_tell_row *row,
                       const uint8_t *p, uint32_t at)
{
    static const struct {
        uint8_t form, unit;
    } forms[] = {
        [IK_ROW_NUM] = {IK_TELL_NUM, 1},         [IK_ROW_X4] = {IK_TELL_NUM, 4},
        [IK_ROW_X8] = {IK_TELL_NUM, 8},          [IK_ROW_INT] = {IK_TELL_INT, 1},
        [IK_ROW_HEX] = {IK_TELL_HEXNUM, 1},      [IK_ROW_BOOL] = {IK_TELL_BOOL, 1},
        [IK_ROW_RESERVED] = {IK_TELL_HEXNUM, 1},
    };
    const uint64_t raw = bits_get(p, at, row->bits);
    const bool reserved = row->form == IK_ROW_RESERVED;
    if (reserved && raw == 0 && !w->cfg->all)
        return;
    const uint64_t num =
        row->form == IK_ROW_INT ? sign_extend(raw, row->bits) : raw * forms[row->form].unit;
    struct ik_tell step;
    begin(&step, (enum ik_tell_form)forms[row->form].form, row->key, row->label);
    step.reserved = reserved;
    step.unit = row->unit;
    if (row->means != IK_MEANS_NONE)
        step.word = ik_tell_word(w, (enum ik_means)row->means, num);
    step.at_bits = bit_at(w, p) + at;
    step.bits = row->bits;
    step.num = num;
    say(w, &step);
    row_derive(w, (enum ik_means)row->means, raw);
}

static void row_fixed(const struct ik_tell_walk *w, const struct ik_tell_row *row, const uint8_t *p,
                      uint32_t at)
{
    const struct ik_rd span = {p + at / 8, row->bits / 8};
    struct ik_addr addr;
    switch (row->form) {
    case IK_ROW_ADDR:
    case IK_ROW_PREFIX:
        addr = addr_get(span);
        ik_tell_addr(w, row->key, row->label, &addr, span);
        break;
    case IK_ROW_BYTES:
        ik_tell_bytes(w, IK_TELL_BYTES, row->key, row->label, span);
        break;
    default:
        row_number(w, row, p, at);
    }
}

static void row_span(const struct ik_tell_walk *w, const struct ik_tell_row *row, struct ik_rd span)
{
    struct ik_addr addr;
    switch (row->form) {
    case IK_ROW_BYTES:
        ik_tell_bytes(w, IK_TELL_BYTES, row->key, row->label, span);
        break;
    case IK_ROW_TEXT:
        ik_tell_bytes(w, IK_TELL_TEXT, row->key, row->label, span);
        break;
    case IK_ROW_DATA: /* that there is none says something too */
        bytes_tell(w, IK_TELL_DATA, row->key, row->label, row->unit, span);
        break;
    case IK_ROW_PADDING:
        ik_tell_padding(w, row->key, span);
        break;
    case IK_ROW_PREFIX:
        if (span.left == 0)
            break;
        if (span.left > sizeof(addr.bytes)) {
            ik_tell_bytes(w, IK_TELL_BYTES, row->key, row->label, span);
            break;
        }
        addr = addr_get(span);
        addr.family = 6;
        ik_tell_addr(w, row->key, row->label, &addr, span);
        break;
    case IK_ROW_QUOTE:
        ik_tell_quote(w, row, span);
        break;
    case IK_ROW_EXT:
        ik_tell_ext(w, row, span);
        break;
    default:
        ik_tell_list(w, row, span);
    }
}

/* The span that a row has: its member of the view, or what is left. An empty one of a view may
 * point anywhere: it is put where the walk is. */
static struct ik_rd span_of(const struct ik_tell_row *row, struct ik_rd left, const void *view)
{
    struct ik_rd span = left;
    if (view && row->member != IK_ROW_NO_MEMBER)
        memcpy(&span, (const uint8_t *)view + row->member, sizeof(span));
    return span.left ? span : ik_rd_head(left, 0);
}

/* What is left of a header that ends inside a field, perhaps inside of an octet. */
static void cut_tell(const struct ik_tell_walk *w, struct ik_rd in, uint32_t at)
{
    const struct ik_rd cut = ik_rd_from(in, at / 8);
    struct ik_tell step;
    if (cut.left == 0)
        return;
    begin(&step, IK_TELL_BYTES, "cut", "cut field");
    step.at_bits = bit_at(w, in.p) + at;
    step.bits = 8 * (uint32_t)in.left - at;
    step.num = cut.left;
    step.bytes = cut;
    say(w, &step);
}

struct ik_rd ik_tell_rows(const struct ik_tell_walk *w, enum ik_tell_layout_id id, struct ik_rd in,
                          const void *view)
{
    const struct ik_tell_table rows = ik_tell_rows_of(id);
    uint32_t at = 0; /* in bits, from in.p */
    for (size_t i = 0; i < rows.n; i++) {
        const struct ik_tell_row *const row = &rows.list[i];
        if (row->bits == 0) {
            const struct ik_rd span = span_of(row, ik_rd_from(in, at / 8), view);
            row_span(w, row, span);
            in = ik_rd_from(in, (size_t)(span.p - in.p) + span.left);
            at = 0;
        } else if ((at + row->bits + 7) / 8 > in.left) {
            cut_tell(w, in, at);
            return ik_rd_from(in, in.left);
        } else {
            row_fixed(w, row, in.p, at);
            at += row->bits;
        }
    }
    return ik_rd_from(in, at / 8);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void rpl_tell(const struct ik_tell_walk *w, struct ik_rd body)
{
    const struct ik_icmp_rpl *const v = &w->msg->rpl;
    if (v->has_security) {
        const struct ik_rd span =
            ik_rd_head(body, (size_t)(v->security.key.p - body.p) + v->security.key.left);
        ik_tell_open(w, IK_TELL_GROUP, "security", "security section", span);
        ik_tell_rows(w, IK_TELL_L_RPL_SECURITY, span, &v->security);
        ik_tell_close(w, span);
        body = ik_rd_from(body, span.left);
    }
    if (!v->has_base) {
        ik_tell_rows(w, IK_TELL_L_RPL_BYTES, body, w->msg);
        return;
    }
    const enum ik_tell_layout_id base = ik_tell_rows_rpl(w->msg->code);
    const bool fixed = base == IK_TELL_L_RPL_DIO || base == IK_TELL_L_RPL_P2P_DRO ||
                       base == IK_TELL_L_RPL_P2P_DRO_ACK || base == IK_TELL_L_RPL_CONSISTENCY;
    body = ik_tell_rows(w, base, body, &v->base);
    if (v->base.has_dodagid && !fixed)
        body = ik_tell_rows(w, IK_TELL_L_RPL_DODAGID, body, NULL);
    ik_tell_rows(w, IK_TELL_L_RPL, body, w->msg);
}

static void error_tell(const struct ik_tell_walk *w, struct ik_rd body)
{
    const struct ik_icmp *const msg = w->msg;
    body = ik_tell_rows(w, ik_tell_rows_error(msg->family, msg->type, msg->code), body, NULL);
    /* "headers too long" has its pointer in an object (RFC 8883 section 4) */
    if (msg->family == 6 && msg->type == IK_ICMP6_UNREACHABLE && msg->error.pointer)
        ik_tell_derived(w, "pointer", "pointer", NULL, msg->error.pointer);
    ik_tell_rows(w, IK_TELL_L_ERROR, body, msg);
}

/* The interface that is asked about, out of the object that names it. */
static void interface_tell(const struct ik_tell_walk *w)
{
    struct ik_rd objects;
    struct ik_ext_object object;
    struct ik_ifident ident;
    if (ik_ext_open(&objects, w->msg->ext_echo.extensions, NULL))
        return;
    while (ik_ext_take(&objects, &object, NULL) == IK_OK) {
        if (object.class_num != EXT_CLASS_IDENT || ik_ifident_decode(&ident, &object, NULL))
            continue;
        struct ik_tell step;
        begin(&step,
              ident.ctype == IK_IFIDENT_NAME    ? IK_TELL_TEXT
              : ident.ctype == IK_IFIDENT_INDEX ? IK_TELL_NUM
                                                : IK_TELL_BYTES,
              "interface", "interface asked about");
        step.num = ident.index;
        step.bytes = ident.ctype == IK_IFIDENT_NAME ? ident.name : ident.addr;
        if (step.form == IK_TELL_BYTES && (ident.afi == 1 || ident.afi == 2)) {
            step.form = IK_TELL_ADDR;
            step.addr = addr_get(ident.addr);
        }
        say(w, &step);
        return;
    }
}

void ik_tell_icmp(const struct ik_tell_cfg *cfg, const struct ik_icmp *icmp, struct ik_rd bytes)
{
    const struct ik_tell_walk w = {cfg, bytes.p, icmp};
    const struct ik_rd body =
        cfg->body ? ik_rd_from(bytes, HEAD_BYTES) : ik_tell_rows(&w, IK_TELL_L_HEAD, bytes, NULL);
    switch (icmp->kind) {
    case IK_ICMP_ERROR:
        error_tell(&w, body);
        break;
    case IK_ICMP_RPL:
        rpl_tell(&w, body);
        break;
    case IK_ICMP_MRD_ADV: /* the code octet counts (RFC 4286 section 3.2) */
        ik_tell_derived(&w, "interval_s", "advertisement interval", "s", icmp->code);
        ik_tell_rows(&w, IK_TELL_L_MRD_ADV, body, icmp);
        break;
    case IK_ICMP_EXT_ECHO:
        interface_tell(&w);
        ik_tell_rows(&w, IK_TELL_L_EXT_ECHO, body, icmp);
        break;
    default:
        ik_tell_rows(&w, ik_tell_rows_body(icmp->kind), body, icmp);
    }
}

/* ---- layouts --------------------------------------------------------------------------------- */

/* A drawing under way. */
struct plan {
    struct ik_tell_field *out;
    size_t cap, n;
    uint32_t at_bits;
    uint8_t code;
};

/* The owner verifier is as long as the code says (RFC 8505 section 4.2). */
static uint32_t rovr_bits(uint8_t code)
{
    const uint32_t words = code & 0xf;
    return 64 * (words ? words : 1);
}

static void plan_add(struct plan *p, enum ik_tell_layout_id id)
{
    const struct ik_tell_table rows = ik_tell_rows_of(id);
    for (size_t i = 0; i < rows.n; i++) {
        const struct ik_tell_row *const row = &rows.list[i];
        const bool is_rovr = id == IK_TELL_L_DUP_ADDR && row->bits == 0 && i + 1 < rows.n;
        const uint32_t bits = is_rovr ? rovr_bits(p->code) : row->bits;
        if (p->n < p->cap)
            p->out[p->n] = (struct ik_tell_field){
                .key = row->key,
                .label = row->label,
                .unit = row->unit,
                .at_bits = p->at_bits,
                .bits = bits,
                .reserved = row->form == IK_ROW_RESERVED || row->form == IK_ROW_PADDING,
            };
        p->n++;
        p->at_bits += bits;
    }
}

static void plan_add_rpl(struct plan *p)
{
    if (p->code & 0x80)
        plan_add(p, IK_TELL_L_RPL_SECURITY);
    const enum ik_tell_layout_id base = ik_tell_rows_rpl(p->code);
    plan_add(p, base);
    if (base != IK_TELL_L_RPL_BYTES)
        plan_add(p, IK_TELL_L_RPL);
}

size_t ik_tell_layout(uint8_t family, uint8_t type, uint8_t code, struct ik_tell_field *out,
                      size_t cap)
{
    const struct ik_icmp_type *const row = ik_icmp_type_find(family, type);
    struct plan p = {.out = out, .cap = cap, .code = code};
    if (!row)
        return 0;
    plan_add(&p, IK_TELL_L_HEAD);
    if (row->kind == IK_ICMP_ERROR)
        plan_add(&p, ik_tell_rows_error(family, type, code));
    if (row->kind == IK_ICMP_RPL)
        plan_add_rpl(&p);
    else
        plan_add(&p, ik_tell_rows_body((enum ik_icmp_kind)row->kind));
    return p.n;
}
