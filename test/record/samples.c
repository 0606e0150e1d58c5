/* SPDX-License-Identifier: MIT
 * Prints sample lines of every record kind for validate.py: each field present, absent, alone and
 * hostile. It walks the rows, so a new field is covered by itself. */
#include <icmpkit/record.h>

#include "record/table.h"

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

int main(void)
{
    int bad = 0;
    for (unsigned kind = 0; kind < IK_REC_KINDS; kind++)
        bad |= say_kind(kind);
    return bad;
}
