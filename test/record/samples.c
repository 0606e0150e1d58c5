/* SPDX-License-Identifier: MIT
 * Prints sample lines of every record kind for validate.py: each field present, absent, alone and
 * hostile. It walks the rows, so a new field is covered by itself. */
#include <icmpkit/record.h>

#include "../wire/icmp_vectors.h"
#include "record/table.h"
#include <icmpkit/wire.h>

#include <stdio.h>
#include <string.h>

enum { PLAIN, HOSTILE, SETS };

static const char *const strings[SETS] = {
    "router-1.example.net",
    ";$(x) `y` \"q\" 'q' \\ \x1b]0;t\x07 \x1b[2J \r\n\t \x7f \xff\xfe \xc3( \xed\xa0\x80 "
    "\xe2\x80\xa8 "
    "\xe2\x80\xa9 \xe2\x80\xae \xc2\x9b </script> caf\xc3\xa9 \xf0\x9f\x98\x80 \xf3\xa0\x81\x81"};
static const char *const list_plain[] = {"ping", "-c", "1", NULL};
static const char *const list_hostile[] = {"", "\x1b\xff\"\\", NULL};
static const char *const *const lists[SETS] = {list_plain, list_hostile};
static const uint8_t quote_plain[] = {0x45, 0, 0,   84, 0, 1, 0x40, 0, 1, 1, 0, 0, 192, 0,
                                      2,    1, 192, 0,  2, 2, 8,    0, 0, 0, 0, 7, 0,   1};
static const uint8_t quote_hostile[] = {0x4f, 0xff, 0xff};
static const uint8_t ext_plain[] = {0x20, 0, 0, 0, 0, 8, 1, 1, 0, 0x01, 0x01, 0x40};
static const uint8_t ext_hostile[] = {0x20, 0, 0, 0, 0, 4, 9, 9, 0xff, 0xff, 9, 9};

/* ---- captured packets ------------------------------------------------------------------------ */

/* An echo request in IPv4, and one that says that it is longer than it is, in IPv6. */
static const uint8_t packet_plain[] = {0x45, 0, 0, 32, 0, 1, 0x40, 0, 1, 1, 0, 0, 192, 0, 2, 1,
                                       192,  0, 2, 2,  8, 0, 0,    0, 0, 7, 0, 1, 1,   2, 3, 4};
static const uint8_t packet_hostile[] = {
    0x6f,       0xff,        0xff,        0xff,      0xff, 0xff, 0, 255,
    [8] = 0xff, [24] = 0xfe, [25] = 0x80, [40] = 58, 0,    5,    2, 0,
    0,          1,           0,           255,       255,  0,    0};

static const struct packet {
    struct ik_rec_ip ip;
    struct ik_rec_icmp icmp;
} * packet_of(unsigned set)
{
    static struct ik_ip headers[SETS];
    static struct ik_icmp messages[SETS];
    static struct packet packets[SETS];
    const struct ik_rd bytes = set == HOSTILE
                                   ? (struct ik_rd){packet_hostile, sizeof(packet_hostile)}
                                   : (struct ik_rd){packet_plain, sizeof(packet_plain)};
    const struct ik_icmp_ctx ctx = {.family = set == HOSTILE ? 6 : 4};
    if (ik_ip_decode(&headers[set], bytes, NULL) ||
        ik_icmp_decode(&messages[set], headers[set].payload, &ctx, NULL))
        return NULL;
    packets[set] = (struct packet){{&headers[set], bytes}, {&messages[set], headers[set].payload}};
    return &packets[set];
}

static const struct ik_layers *layers_of(unsigned set)
{
    static const struct ik_layers layers[SETS] = {
        {.n = 2,
         .list = {{IK_LAYER_ETHERNET, 0, 14, 0, 0}, {IK_LAYER_VLAN, 14, 4, 0, 7}},
         .src_mac = {2, 0, 0, 0, 0, 1}},
        {.n = 1, .more = true, .list = {{(enum ik_layer_kind)99, UINT32_MAX, UINT32_MAX, 1, 255}}}};
    return &layers[set];
}

static const struct ik_faults *faults_of(unsigned set)
{
    static const struct ik_faults faults[SETS] = {
        {.n = 1, .list = {{IK_FLAW_BAD_CHECKSUM, 36}}},
        {.n = 1, .more = 65535, .list = {{(enum ik_flaw)9999, 65535}}}};
    return &faults[set];
}

static const uint64_t counts[SETS][80] = {{1, 2, 3}, {[79] = UINT32_MAX}};

static const struct ik_evidence evidence[SETS][2000] = {
    {{7, 45123, 34, 4, {8, 0, 0xf7, 0xff}}},
    {{UINT32_MAX, IK_NEVER, UINT32_MAX, IK_EVIDENCE_BYTES, {0xff}}, {0, INT64_MIN, 0, 0, {0}}}};

/* More kinds and talkers than a record has room for, by strangers; or one. */
static void fill_totals(enum ik_value_type type, void *at, unsigned set)
{
    static const struct ik_total_kind kind = {4, 8, 0, 5, 500};
    static const struct ik_total_talker talker = {
        {.family = 4, .bytes = {192, 0, 2, 1}}, 5, 500, 1};
    static const char *const names[] = {"iputils ping", "\"fping\n"};
    static struct ik_total_kind kinds[2000];
    static struct ik_total_talker talkers[2000];
    const bool hostile = set == HOSTILE;
    for (size_t i = 0; i < 2000; i++) {
        kinds[i] = (struct ik_total_kind){6, (uint8_t)i, 255, UINT32_MAX, UINT32_MAX};
        talkers[i] = (struct ik_total_talker){{.family = 6, .bytes = {0xff}}, UINT32_MAX, 0, 0};
    }
    if (type == IK_VALUE_KINDS)
        *(struct ik_rec_kinds *)at =
            hostile ? (struct ik_rec_kinds){kinds, 2000} : (struct ik_rec_kinds){&kind, 1};
    else if (type == IK_VALUE_TALKERS)
        *(struct ik_rec_talkers *)at =
            hostile ? (struct ik_rec_talkers){talkers, 30} : (struct ik_rec_talkers){&talker, 1};
    else if (type == IK_VALUE_EVIDENCE)
        *(struct ik_rec_evidence *)at = (struct ik_rec_evidence){evidence[set], hostile ? 2000 : 1};
    else if (type == IK_VALUE_FLAWCOUNTS)
        *(struct ik_rec_flaw_counts *)at = (struct ik_rec_flaw_counts){counts[set], 80};
    else if (type == IK_VALUE_COUNTS)
        *(struct ik_rec_counts *)at = (struct ik_rec_counts){names, counts[set], 2};
    else
        *(struct ik_rec_bins *)at = (struct ik_rec_bins){counts[set], 80};
}

static void fill_packet(enum ik_value_type type, void *at, unsigned set)
{
    static const struct ik_rec_pair pairs[SETS] = {{"reply", 12, 3200000},
                                                   {"unasked", 0, IK_NEVER}};
    switch (type) {
    case IK_VALUE_IP:
        *(struct ik_rec_ip *)at = packet_of(set)->ip;
        break;
    case IK_VALUE_ICMP:
        *(struct ik_rec_icmp *)at = packet_of(set)->icmp;
        break;
    case IK_VALUE_FLAWS:
        *(const struct ik_faults **)at = faults_of(set);
        break;
    case IK_VALUE_LAYERS:
        *(const struct ik_layers **)at = layers_of(set);
        break;
    case IK_VALUE_PAIR:
        *(struct ik_rec_pair *)at = pairs[set];
        break;
    default:
        fill_totals(type, at, set);
    }
}

static void fill(enum ik_value_type type, void *at, unsigned set)
{
    static const struct ik_addr addrs[SETS] = {
        {.family = 4, .bytes = {192, 0, 2, 1}},
        {.family = 6, .bytes = {0xfe, 0x80, [15] = 1}, .scope = 4294967295}};
    static const struct ik_rec_rtt rtts[SETS] = {
        {1, 2, 3, 4, 5, 6, 7}, {INT64_MIN, 0, IK_NEVER - 1, 0, IK_NEVER, 0, IK_NEVER}};
    const bool hostile = set == HOSTILE;
    const struct ik_rd spans[] = {
        {(const uint8_t *)strings[set], strlen(strings[set])},
        {hostile ? quote_hostile : quote_plain,
         hostile ? sizeof(quote_hostile) : sizeof(quote_plain)},
        {hostile ? ext_hostile : ext_plain, hostile ? sizeof(ext_hostile) : sizeof(ext_plain)}};
    switch (type) {
    case IK_VALUE_STR:
        *(const char **)at = strings[set];
        break;
    case IK_VALUE_STRS:
        *(const char *const **)at = lists[set];
        break;
    case IK_VALUE_ADDR:
        *(struct ik_addr *)at = addrs[set];
        break;
    case IK_VALUE_NUM:
        *(int64_t *)at = hostile ? INT64_MIN : 64;
        break;
    case IK_VALUE_DIFF:
        *(int64_t *)at = hostile ? INT64_MIN : -7;
        break;
    case IK_VALUE_NS:
    case IK_VALUE_TIME:
        *(ik_ns *)at = hostile ? INT64_MIN : 45123;
        break;
    case IK_VALUE_BOOL:
        *(bool *)at = true;
        break;
    case IK_VALUE_REAL:
        *(double *)at = hostile ? -1e300 : 262.125;
        break;
    case IK_VALUE_RATIO:
        *(double *)at = hostile ? 1e300 : 1.0 / 3;
        break;
    case IK_VALUE_RTT:
        *(struct ik_rec_rtt *)at = rtts[set];
        break;
    case IK_VALUE_TEXT:
    case IK_VALUE_HEX:
        *(struct ik_rd *)at = spans[0];
        break;
    case IK_VALUE_QUOTE:
        *(struct ik_rd *)at = spans[1];
        break;
    case IK_VALUE_EXT:
        *(struct ik_rd *)at = spans[2];
        break;
    case IK_VALUE_TYPES:
        break;
    default:
        fill_packet(type, at, set);
    }
}

/* "what" says what the line is, a tab, and the line. */
static int say(const char *what, const struct ik_record *rec)
{
    static char line[IK_RECORD_JSON_MAX];
    size_t len;
    if (ik_record_json(rec, line, sizeof(line), &len))
        return 1;
    printf("%s\t", what);
    return fwrite(line, 1, len, stdout) != len;
}

static int say_kind(enum ik_record_kind kind)
{
    static const char *const sets[SETS] = {"full", "hostile"};
    const struct ik_table_kind row = ik_table_get(kind);
    const struct ik_record none = ik_record_make(kind, 0);
    int bad = say("absent", &none);
    for (unsigned set = 0; set < SETS; set++) {
        struct ik_record rec = ik_record_make(kind, set == HOSTILE ? INT64_MIN : INT64_MAX);
        for (size_t i = 0; i < row.n; i++) {
            const struct ik_table_field *const f = &row.fields[i];
            fill(f->type, (char *)&rec + f->offset_bytes, set);
            struct ik_record alone = ik_record_make(kind, 1792519200123456789);
            fill(f->type, (char *)&alone + f->offset_bytes, set);
            bad |= say("alone", &alone);
        }
        bad |= say(sets[set], &rec);
    }
    return bad;
}

static size_t hex_read(const char *hex, uint8_t *out, size_t cap)
{
    size_t n = 0;
    unsigned byte;
    for (; n < cap && sscanf(hex, "%2x", &byte) == 1; hex += 2)
        out[n++] = (uint8_t)byte;
    return n;
}

/* A message of the tests of the codec as a packet; `flip` is a bit of it, or beyond its end. */
static int say_vector(const struct icmp_vector *v, size_t flip)
{
    uint8_t bytes[2048];
    const size_t n = hex_read(v->hex, bytes, sizeof(bytes));
    const struct ik_rd in = {bytes, n};
    const struct ik_icmp_ctx ctx = icmp_vector_ctx(v->family);
    struct ik_icmp msg;
    struct ik_record rec = ik_record_make(IK_REC_packet, 0);
    if (flip < 8 * n)
        bytes[flip / 8] ^= (uint8_t)(1 << flip % 8);
    const enum ik_err err = ik_icmp_decode(&msg, in, &ctx, NULL);
    (void)err; /* then it is bytes */
    rec.packet.icmp = (struct ik_rec_icmp){&msg, in};
    return say(flip < 8 * n ? "spoiled" : "vector", &rec);
}

static int say_vectors(void)
{
    int bad = 0;
    for (size_t i = 0; i < ICMP_VECTORS; i++) {
        bad |= say_vector(&icmp_vectors[i], SIZE_MAX);
        for (size_t flip = i % 5; flip < 4 * strlen(icmp_vectors[i].hex); flip += 5)
            bad |= say_vector(&icmp_vectors[i], flip);
    }
    return bad;
}

int main(void)
{
    int bad = say_vectors();
    for (unsigned kind = 0; kind < IK_REC_KINDS; kind++)
        bad |= say_kind(kind);
    return bad;
}
