/* SPDX-License-Identifier: MIT
 * The types that a field of the schema may have. */
#include "record/value.h"

#include <icmpkit/record.h>

#include "record/json.h"
#include "record/objects.h"
#include "record/packet.h"
#include "record/quoted.h"
#include "record/totals.h"

static bool span_is_absent(const void *at)
{
    return ((const struct ik_rd *)at)->left == 0;
}

static bool pointer_is_absent(const void *at)
{
    const void *p;
    memcpy(&p, at, sizeof(p));
    return p == NULL;
}

static bool addr_is_absent(const void *at)
{
    return ((const struct ik_addr *)at)->family == 0;
}

static bool num_is_absent(const void *at)
{
    return *(const int64_t *)at == -1;
}

static bool ns_is_absent(const void *at)
{
    return *(const ik_ns *)at == IK_NEVER;
}

static bool never_absent(const void *at)
{
    (void)at;
    return false;
}

/* Not-a-number, as 0/0 gives, is no ratio either. */
static bool ratio_is_absent(const void *at)
{
    return !(*(const double *)at >= 0);
}

static bool rtt_is_absent(const void *at)
{
    return ((const struct ik_rec_rtt *)at)->min == IK_NEVER;
}

static void str_put(struct ik_wr *w, const void *at)
{
    const char *const text = *(const char *const *)at;
    ik_json_put_string(w, (struct ik_rd){(const uint8_t *)text, strlen(text)});
}

static void text_put(struct ik_wr *w, const void *at)
{
    ik_json_put_string(w, *(const struct ik_rd *)at);
}

static void addr_put(struct ik_wr *w, const void *at)
{
    char text[IK_ADDR_TEXT];
    const char *const shown = ik_addr_text(at, text);
    str_put(w, &shown);
}

static void num_put(struct ik_wr *w, const void *at)
{
    ik_fmt_put_i64(w, *(const int64_t *)at);
}

static void time_put(struct ik_wr *w, const void *at)
{
    uint8_t *const to = ik_wr_room(w, IK_FMT_TIME + 2);
    if (!to)
        return;
    to[0] = '"';
    *ik_fmt_write_time(to + 1, *(const ik_ns *)at) = '"';
}

static void bool_put(struct ik_wr *w, const void *at)
{
    ik_fmt_put_text(w, *(const bool *)at ? "true" : "false");
}

static void ratio_put(struct ik_wr *w, const void *at)
{
    ik_fmt_put_ratio(w, *(const double *)at);
}

static bool real_is_absent(const void *at)
{
    return *(const double *)at != *(const double *)at;
}

/* Thousandths, without trailing zeros. What no measured value reaches is cut. */
static void real_put(struct ik_wr *w, const void *at)
{
    const double most = 9e15, v = *(const double *)at;
    const double cut = v > most ? most : v < -most ? -most : v;
    const int64_t milli = (int64_t)(cut * 1000 + (cut < 0 ? -0.5 : 0.5));
    ik_fmt_put_fixed(w, milli, 3, milli % 10 ? 3 : milli % 100 ? 2 : milli % 1000 ? 1 : 0);
}

static void strs_put(struct ik_wr *w, const void *at)
{
    ik_wr_put8(w, '[');
    for (const char *const *list = *(const char *const *const *)at; *list; list++) {
        ik_json_put_comma(w);
        str_put(w, list);
    }
    ik_wr_put8(w, ']');
}

static void rtt_put(struct ik_wr *w, const void *at)
{
    const struct ik_rec_rtt *const rtt = at;
    const struct {
        const char *key;
        ik_ns value;
        bool optional;
    } rows[] = {{"min", rtt->min, false},   {"avg", rtt->avg, false}, {"max", rtt->max, false},
                {"mdev", rtt->mdev, false}, {"p50", rtt->p50, true},  {"p90", rtt->p90, true},
                {"p99", rtt->p99, true}};
    ik_wr_put8(w, '{');
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].optional && rows[i].value == IK_NEVER)
            continue;
        ik_json_put_key(w, rows[i].key);
        ik_fmt_put_i64(w, rows[i].value);
    }
    ik_wr_put8(w, '}');
}

static void quote_put(struct ik_wr *w, const void *at)
{
    ik_quoted_put(w, *(const struct ik_rd *)at);
}

static void ext_put(struct ik_wr *w, const void *at)
{
    ik_objects_put(w, *(const struct ik_rd *)at);
}

static void hex_put(struct ik_wr *w, const void *at)
{
    ik_json_put_hex(w, *(const struct ik_rd *)at);
}

static void ip_put(struct ik_wr *w, const void *at)
{
    ik_packet_put_ip(w, at);
}

static void icmp_put(struct ik_wr *w, const void *at)
{
    ik_packet_put_icmp(w, at);
}

static void flaws_put(struct ik_wr *w, const void *at)
{
    ik_packet_put_flaws(w, *(const struct ik_faults *const *)at);
}

static void layers_put(struct ik_wr *w, const void *at)
{
    ik_packet_put_layers(w, *(const struct ik_layers *const *)at);
}

static void pair_put(struct ik_wr *w, const void *at)
{
    ik_packet_put_pair(w, at);
}

static void kinds_put(struct ik_wr *w, const void *at)
{
    ik_totals_put_kinds(w, at);
}

static void talkers_put(struct ik_wr *w, const void *at)
{
    ik_totals_put_talkers(w, at);
}

static void flaw_counts_put(struct ik_wr *w, const void *at)
{
    ik_totals_put_flaws(w, at);
}

static void counts_put(struct ik_wr *w, const void *at)
{
    ik_totals_put_counts(w, at);
}

static void bins_put(struct ik_wr *w, const void *at)
{
    ik_totals_put_bins(w, at);
}

static void evidence_put(struct ik_wr *w, const void *at)
{
    ik_packet_put_evidence(w, at);
}

/* The structs of record.h that borrow begin with the pointer that is NULL when they are absent. */
static const struct {
    bool (*is_absent)(const void *at);
    void (*put)(struct ik_wr *w, const void *at);
} values[IK_VALUE_TYPES] = {
    [IK_VALUE_STR] = {pointer_is_absent, str_put},
    [IK_VALUE_TEXT] = {span_is_absent, text_put},
    [IK_VALUE_ADDR] = {addr_is_absent, addr_put},
    [IK_VALUE_NUM] = {num_is_absent, num_put},
    [IK_VALUE_DIFF] = {ns_is_absent, num_put},
    [IK_VALUE_NS] = {ns_is_absent, num_put},
    [IK_VALUE_TIME] = {ns_is_absent, time_put},
    [IK_VALUE_BOOL] = {never_absent, bool_put},
    [IK_VALUE_RATIO] = {ratio_is_absent, ratio_put},
    [IK_VALUE_REAL] = {real_is_absent, real_put},
    [IK_VALUE_STRS] = {pointer_is_absent, strs_put},
    [IK_VALUE_RTT] = {rtt_is_absent, rtt_put},
    [IK_VALUE_QUOTE] = {span_is_absent, quote_put},
    [IK_VALUE_EXT] = {span_is_absent, ext_put},
    [IK_VALUE_HEX] = {span_is_absent, hex_put},
    [IK_VALUE_IP] = {pointer_is_absent, ip_put},
    [IK_VALUE_ICMP] = {pointer_is_absent, icmp_put},
    [IK_VALUE_FLAWS] = {pointer_is_absent, flaws_put},
    [IK_VALUE_LAYERS] = {pointer_is_absent, layers_put},
    [IK_VALUE_PAIR] = {pointer_is_absent, pair_put},
    [IK_VALUE_KINDS] = {pointer_is_absent, kinds_put},
    [IK_VALUE_TALKERS] = {pointer_is_absent, talkers_put},
    [IK_VALUE_FLAWCOUNTS] = {pointer_is_absent, flaw_counts_put},
    [IK_VALUE_COUNTS] = {pointer_is_absent, counts_put},
    [IK_VALUE_BINS] = {pointer_is_absent, bins_put},
    [IK_VALUE_EVIDENCE] = {pointer_is_absent, evidence_put},
};

bool ik_value_is_absent(enum ik_value_type type, const void *at)
{
    return values[type].is_absent(at);
}

void ik_value_put(struct ik_wr *w, enum ik_value_type type, const void *at)
{
    values[type].put(w, at);
}

const char *ik_value_schema(enum ik_value_type type)
{
    static const char *const schemas[] = {
#define X(id, schema, words) schema,
        IK_VALUES(X)
#undef X
    };
    return schemas[type];
}

const char *ik_value_words(enum ik_value_type type)
{
    static const char *const texts[] = {
#define X(id, schema, words) words,
        IK_VALUES(X)
#undef X
    };
    return texts[type];
}
