/* SPDX-License-Identifier: MIT
 * The fields of a message as JSON. */
#include "record/told.h"

#include "record/json.h"
#include "record/objects.h"
#include "record/quoted.h"

#include <assert.h>

enum { DEPTH_MAX = 16, HEX_MAX_BYTES = 128, TEXT_MAX_BYTES = 255 };

/* Where the writing is. `mute`: steps at this depth and below are left out, 0: none. */
struct out {
    struct ik_wr *w;
    size_t limit; /* of w->used, beyond which lists are cut */
    unsigned depth, mute;
    bool whole;      /* what is muted was written in another way */
    bool lists_only; /* of depth 0 */
    char closing[DEPTH_MAX];
};

static void put_hex(struct ik_wr *w, struct ik_rd bytes)
{
    ik_wr_put8(w, '"');
    ik_fmt_put_hex(w, ik_rd_head(bytes, HEX_MAX_BYTES));
    ik_fmt_put_text(w, bytes.left > HEX_MAX_BYTES ? "...\"" : "\"");
}

/* Among the items of a list, which may be texts, bytes stand out as {hex}. */
static void put_bytes(struct ik_wr *w, const struct ik_tell *step)
{
    if (!step->key)
        ik_fmt_put_text(w, "{\"hex\":");
    put_hex(w, step->bytes);
    if (!step->key)
        ik_wr_put8(w, '}');
}

static void put_word(struct ik_wr *w, const struct ik_tell *step)
{
    if (strcmp(step->key, "type") == 0) {
        ik_json_put_member_word(w, "name", step->word);
        return;
    }
    ik_fmt_put_text(w, ",\"");
    ik_fmt_put_text(w, step->key);
    ik_fmt_put_text(w, "_name\":\"");
    ik_fmt_put_text(w, step->word); /* ours */
    ik_wr_put8(w, '"');
}

static void put_value(struct ik_wr *w, const struct ik_tell *step)
{
    char text[IK_ADDR_TEXT];
    switch (step->form) {
    case IK_TELL_BOOL:
        ik_fmt_put_text(w, step->num ? "true" : "false");
        break;
    case IK_TELL_INT:
        ik_fmt_put_i64(w, (int64_t)step->num);
        break;
    case IK_TELL_ADDR:
        ik_wr_put8(w, '"');
        ik_fmt_put_text(w, ik_addr_text(&step->addr, text));
        ik_wr_put8(w, '"');
        break;
    case IK_TELL_BYTES:
        put_bytes(w, step);
        break;
    case IK_TELL_TEXT:
        ik_json_put_string(w, ik_rd_head(step->bytes, TEXT_MAX_BYTES));
        break;
    default: /* numbers, and the length of data */
        ik_fmt_put_u64(w, step->num);
    }
}

/* A group or list that has another form in records; then what is inside is muted. */
static bool put_whole(struct out *o, const struct ik_tell *step)
{
    if (!step->key || (step->form != IK_TELL_GROUP))
        return false;
    if (strcmp(step->key, "quote") == 0)
        ik_quoted_put(o->w, step->bytes);
    else if (strcmp(step->key, "extensions") == 0)
        ik_objects_put(o->w, step->bytes);
    else
        return false;
    o->mute = o->depth + 1;
    o->whole = true;
    return true;
}

static void open_step(struct out *o, const struct ik_tell *step)
{
    const bool list = step->form == IK_TELL_LIST;
    assert(o->depth < DEPTH_MAX); /* the table nests no deeper */
    if (!put_whole(o, step))
        ik_wr_put8(o->w, list ? '[' : '{');
    o->closing[o->depth++] = list ? ']' : '}';
}

static void close_step(struct out *o)
{
    o->depth--;
    if (o->mute) {
        if (o->depth >= o->mute)
            return;
        o->mute = 0;
        if (o->whole)
            return;
    }
    ik_wr_put8(o->w, (uint8_t)o->closing[o->depth]);
}

/* True for the next item of a list that has had its share: it is told to be cut. */
static bool is_over(struct out *o)
{
    if (o->depth == 0 || o->closing[o->depth - 1] != ']' || o->w->used <= o->limit)
        return false;
    ik_json_put_comma(o->w);
    ik_fmt_put_text(o->w, "{\"more\":true}");
    o->mute = o->depth;
    o->whole = false;
    return true;
}

static bool is_left_out(struct out *o, const struct ik_tell *step)
{
    if (o->mute)
        return true;
    if (o->depth == 0 && o->lists_only && step->form != IK_TELL_LIST)
        return true; /* a field of the header */
    return is_over(o);
}

static void write_step(void *ctx, const struct ik_tell *step)
{
    struct out *const o = ctx;
    const bool opens = step->form == IK_TELL_GROUP || step->form == IK_TELL_LIST;
    if (step->form == IK_TELL_END) {
        close_step(o);
        return;
    }
    if (is_left_out(o, step)) {
        o->depth += opens;
        return;
    }
    if (step->key)
        ik_json_put_key(o->w, step->key);
    else
        ik_json_put_comma(o->w);
    if (opens) {
        open_step(o, step);
        return;
    }
    put_value(o->w, step);
    if (step->word && step->key)
        put_word(o->w, step);
}

void ik_told_put_icmp(struct ik_wr *w, const struct ik_icmp *msg, struct ik_rd bytes)
{
    struct out o = {.w = w, .limit = w->used + IK_TOLD_ICMP_BYTES};
    const struct ik_tell_cfg cfg = {.fn = write_step, .ctx = &o, .body = true};
    ik_tell_icmp(&cfg, msg, bytes);
}

void ik_told_put_ip(struct ik_wr *w, const struct ik_ip *ip, struct ik_rd bytes)
{
    struct out o = {.w = w, .limit = w->used + IK_TOLD_IP_BYTES, .lists_only = true};
    const struct ik_tell_cfg cfg = {.fn = write_step, .ctx = &o};
    if (ip->options.left)
        ik_tell_ip(&cfg, ip, bytes);
}
