/* SPDX-License-Identifier: MIT
 * The lists of a summary as JSON. */
#include "record/totals.h"

#include <icmpkit/wire.h>

#include "record/json.h"

enum { NAME_TEXT = 64, BINS_MAX = 50 };

/* Opens the next item of a list that began at `start`. False when the list has had its share: then
 * it was told to be cut. */
static bool item_open(struct ik_wr *w, size_t start)
{
    ik_json_put_comma(w);
    if (w->used - start > IK_TOTALS_JSON_BYTES) {
        ik_fmt_put_text(w, "{\"more\":true}");
        return false;
    }
    ik_wr_put8(w, '{');
    return true;
}

void ik_totals_put_kinds(struct ik_wr *w, const struct ik_rec_kinds *kinds)
{
    const size_t start = w->used;
    char name[NAME_TEXT];
    ik_wr_put8(w, '[');
    for (size_t i = 0; i < kinds->n && item_open(w, start); i++) {
        const struct ik_total_kind *const k = &kinds->list[i];
        ik_json_put_member_u64(w, "family", k->family);
        ik_json_put_member_u64(w, "type", k->type);
        ik_json_put_member_u64(w, "code", k->code);
        ik_json_put_member_text(w, "name",
                                ik_icmp_name(k->family, k->type, k->code, name, sizeof(name)));
        ik_json_put_member_u64(w, "packets", k->packets);
        ik_json_put_member_u64(w, "bytes", k->bytes);
        ik_wr_put8(w, '}');
    }
    ik_wr_put8(w, ']');
}

void ik_totals_put_talkers(struct ik_wr *w, const struct ik_rec_talkers *talkers)
{
    const size_t start = w->used;
    ik_wr_put8(w, '[');
    for (size_t i = 0; i < talkers->n && item_open(w, start); i++) {
        const struct ik_total_talker *const t = &talkers->list[i];
        ik_json_put_member_addr(w, "addr", &t->addr);
        ik_json_put_member_u64(w, "packets", t->packets);
        ik_json_put_member_u64(w, "bytes", t->bytes);
        if (t->over_by)
            ik_json_put_member_u64(w, "over_by", t->over_by);
        ik_wr_put8(w, '}');
    }
    ik_wr_put8(w, ']');
}

/* False when the list is full. */
static bool put_count(struct ik_wr *w, size_t start, const char *what, uint64_t n)
{
    if (n == 0)
        return true;
    if (!item_open(w, start))
        return false;
    ik_json_put_member_text(w, "what", what);
    ik_json_put_member_u64(w, "n", n);
    ik_wr_put8(w, '}');
    return true;
}

void ik_totals_put_flaws(struct ik_wr *w, const struct ik_rec_flaw_counts *counts)
{
    const size_t start = w->used, n = counts->n < IK_FLAW_COUNT ? counts->n : IK_FLAW_COUNT;
    ik_wr_put8(w, '[');
    for (size_t i = 0; i < n; i++) {
        if (!put_count(w, start, ik_flaw_name((enum ik_flaw)i), counts->list[i]))
            break;
    }
    ik_wr_put8(w, ']');
}

void ik_totals_put_counts(struct ik_wr *w, const struct ik_rec_counts *counts)
{
    const size_t start = w->used;
    ik_wr_put8(w, '[');
    for (size_t i = 0; i < counts->n; i++) {
        if (!put_count(w, start, counts->names[i], counts->list[i]))
            break;
    }
    ik_wr_put8(w, ']');
}

void ik_totals_put_bins(struct ik_wr *w, const struct ik_rec_bins *bins)
{
    const size_t start = w->used, n = bins->n < BINS_MAX ? bins->n : BINS_MAX;
    ik_wr_put8(w, '[');
    for (size_t i = 0; i < n; i++) {
        const uint64_t below = (uint64_t)IK_NS_PER_US << i;
        if (bins->list[i] == 0)
            continue;
        if (!item_open(w, start))
            break;
        ik_json_put_member_u64(w, "from_ns", i ? below / 2 : 0);
        ik_json_put_member_u64(w, "below_ns", below);
        ik_json_put_member_u64(w, "n", bins->list[i]);
        ik_wr_put8(w, '}');
    }
    ik_wr_put8(w, ']');
}
