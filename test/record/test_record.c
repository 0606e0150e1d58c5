/* SPDX-License-Identifier: MIT
 * Records as lines of JSON: every type of the schema, and what strangers put into it. */
#include <icmpkit/record.h>

#include "base/bytes.h"
#include "record/table.h"
#include <icmpkit/wire.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char line[IK_RECORD_JSON_MAX + 1];

static const char *json(const struct ik_record *rec)
{
    size_t len = 0;
    assert_int_equal(ik_record_json(rec, line, IK_RECORD_JSON_MAX, &len), IK_OK);
    line[len] = '\0';
    assert_int_equal(strlen(line), len);
    assert_true(len > 0 && line[len - 1] == '\n');
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
    return line;
}

/* The line holds `"key":value` followed by a comma or the end. */
static void assert_member(const struct ik_record *rec, const char *member)
{
    const char *const at = strstr(json(rec), member);
    if (!at)
        fail_msg("no %s in %s", member, line);
    const char after = at[strlen(member)];
    if (after != ',' && after != '}')
        fail_msg("%s goes on in %s", member, line);
}

static void assert_no_key(const struct ik_record *rec, const char *key)
{
    if (strstr(json(rec), key))
        fail_msg("%s in %s", key, line);
}

static struct ik_addr addr(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}

static void record_make__every_kind__all_absent(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < IK_REC_KINDS; kind++) {
        const struct ik_record rec = ik_record_make(kind, 5);
        const struct ik_table_kind row = ik_table_get(kind);
        assert_int_equal(rec.kind, kind);
        assert_int_equal(rec.time, 5);
        assert_true(row.n > 0);
        for (size_t i = 0; i < row.n; i++) {
            const struct ik_table_field *const f = &row.fields[i];
            assert_true(f->offset_bytes < sizeof(rec));
            assert_int_equal(ik_value_is_absent(f->type, (const char *)&rec + f->offset_bytes),
                             f->type != IK_VALUE_BOOL);
        }
    }
}

/* The offsets are those of the C members: one field of each kind set by name. */
static void record_json__fields_by_name__land_under_their_key(void **state)
{
    (void)state;
    struct ik_record rec = ik_record_make(IK_REC_notice, 0);
    rec.notice.text = "t";
    rec.notice.count = 3;
    assert_string_equal(
        json(&rec), "{\"record\":\"notice\",\"time\":\"1970-01-01T00:00:00.000000000Z\",\"v\":1,"
                    "\"target\":null,\"what\":null,\"text\":\"t\",\"count\":3}\n");
    rec = ik_record_make(IK_REC_trace_summary, INT64_MAX);
    rec.trace_summary.target = "x";
    rec.trace_summary.addr = addr("2001:db8::1");
    rec.trace_summary.method = "udp";
    rec.trace_summary.reached = true;
    rec.trace_summary.stop = "port-unreachable";
    rec.trace_summary.hops = 11;
    rec.trace_summary.sent = 33;
    rec.trace_summary.received = 0;
    assert_string_equal(json(&rec),
                        "{\"record\":\"trace_summary\",\"time\":null,"
                        "\"v\":1,\"target\":\"x\",\"addr\":\"2001:db8::1\",\"method\":\"udp\","
                        "\"reached\":true,\"stop\":\"port-unreachable\",\"hops\":11,\"sent\":33,"
                        "\"received\":0}\n");
}

static void record_json__string__escaped(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"", "\"target\":\"\""},
        {"a b", "\"target\":\"a b\""},
        {"\"\\/", "\"target\":\"\\\"\\\\/\""},
        {"\x01\x1f\x7f\n\t", "\"target\":\"\\u0001\\u001f\\u007f\\u000a\\u0009\""},
        {"\x1b[2J", "\"target\":\"\\u001b[2J\""},
        {"\xe2\x80\xa8\xe2\x80\xa9", "\"target\":\"\\u2028\\u2029\""},
        {"\xff(\xc3(", "\"target\":\"\\ufffd(\\ufffd(\""},
        {"\xed\xa0\x80", "\"target\":\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate is no text */
        {"\xf0\x9f\x98\x80", "\"target\":\"\xf0\x9f\x98\x80\""},
        {"\xf3\xa0\x81\x81", "\"target\":\"\\udb40\\udc41\""}, /* a tag: hidden, beyond U+FFFF */
        {"caf\xc3\xa9", "\"target\":\"caf\xc3\xa9\""},
        {";$(x)`y`", "\"target\":\";$(x)`y`\""},
        {"</script>", "\"target\":\"</script>\""},
    };
    struct ik_record rec = ik_record_make(IK_REC_lost, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        rec.lost.target = rows[i].in;
        assert_member(&rec, rows[i].want);
    }
}

static void record_json__numbers__edges(void **state)
{
    (void)state;
    struct ik_record rec = ik_record_make(IK_REC_reply, 0);
    assert_member(&rec, "\"seq\":null");
    assert_member(&rec, "\"rtt_ns\":null");
    assert_no_key(&rec, "\"ttl\"");
    assert_no_key(&rec, "\"wait_ns\"");
    assert_member(&rec, "\"other_source\":false");
    rec.reply.seq = INT64_MAX;
    rec.reply.ttl = 0;
    rec.reply.rtt_ns = 0;
    rec.reply.wait_ns = INT64_MIN;
    rec.reply.other_source = true;
    assert_member(&rec, "\"seq\":9223372036854775807");
    assert_member(&rec, "\"ttl\":0");
    assert_member(&rec, "\"rtt_ns\":0");
    assert_member(&rec, "\"wait_ns\":-9223372036854775808");
    assert_member(&rec, "\"other_source\":true");
}

static void record_json__addresses__as_text(void **state)
{
    (void)state;
    struct ik_record rec = ik_record_make(IK_REC_lost, 0);
    assert_member(&rec, "\"addr\":null");
    rec.lost.addr = addr("192.0.2.1");
    assert_member(&rec, "\"addr\":\"192.0.2.1\"");
    rec.lost.addr = addr("fe80::1");
    rec.lost.addr.scope = 4294967295;
    assert_member(&rec, "\"addr\":\"fe80::1%4294967295\"");
    rec = ik_record_make(IK_REC_notice, 0);
    assert_no_key(&rec, "\"addr\"");
}

static void record_json__ratio_and_rtt__absent_parts_left_out(void **state)
{
    (void)state;
    struct ik_record rec = ik_record_make(IK_REC_ping_summary, 0);
    assert_member(&rec, "\"loss_ratio\":null");
    assert_member(&rec, "\"rtt_ns\":null");
    rec.ping_summary.loss_ratio = NAN; /* 0 / 0 */
    assert_member(&rec, "\"loss_ratio\":null");
    rec.ping_summary.loss_ratio = 1.0 / 3;
    assert_member(&rec, "\"loss_ratio\":0.333333333333");
    rec.ping_summary.loss_ratio = 0;
    assert_member(&rec, "\"loss_ratio\":0");
    rec.ping_summary.rtt_ns.min = 1;
    rec.ping_summary.rtt_ns.avg = 2;
    rec.ping_summary.rtt_ns.max = 3;
    rec.ping_summary.rtt_ns.mdev = 0;
    assert_member(&rec, "\"rtt_ns\":{\"min\":1,\"avg\":2,\"max\":3,\"mdev\":0}");
    rec.ping_summary.rtt_ns.p50 = 2;
    rec.ping_summary.rtt_ns.p99 = 3;
    assert_member(&rec,
                  "\"rtt_ns\":{\"min\":1,\"avg\":2,\"max\":3,\"mdev\":0,\"p50\":2,\"p99\":3}");
}

static void record_json__lists__empty_null_and_hostile(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    static const char *const two[] = {"ping", "-c\n\"1", NULL};
    struct ik_record rec = ik_record_make(IK_REC_run, 0);
    assert_member(&rec, "\"argv\":null");
    rec.run.argv = none;
    assert_member(&rec, "\"argv\":[]");
    rec.run.argv = two;
    assert_member(&rec, "\"argv\":[\"ping\",\"-c\\u000a\\\"1\"]");
}

static void record_json__hex__cut_is_said(void **state)
{
    (void)state;
    static uint8_t bytes[5000];
    memset(bytes, 0xa5, sizeof(bytes));
    struct ik_record rec = ik_record_make(IK_REC_reply, 0);
    assert_no_key(&rec, "\"data\"");
    rec.reply.data = (struct ik_rd){bytes, 2};
    assert_member(&rec, "\"data\":\"a5a5\"");
    rec.reply.data.left = 4096;
    json(&rec);
    assert_null(strstr(line, "..."));
    rec.reply.data.left = 4097;
    json(&rec);
    assert_non_null(strstr(line, "a5...\""));
}

/* IPv4 with IHL 6 in front of an ICMP echo request, as an error would quote it. */
static const uint8_t quoted_echo[] = {
    0x46, 0x00, 0x00, 0x58, 0x12, 0x34, 0x40, 0x00, 0x01, 0x01, 0x00, 0x00, 192,  0,    2,    1,
    198,  51,   100,  7,    0x94, 0x04, 0x00, 0x00, 8,    0,    0xbe, 0xef, 0xca, 0xfe, 0x00, 0x05,
};

static void record_json__quote__found_behind_options(void **state)
{
    (void)state;
    struct ik_record rec = ik_record_make(IK_REC_icmp_error, 0);
    assert_no_key(&rec, "\"quote\"");
    rec.icmp_error.quote = (struct ik_rd){quoted_echo, sizeof(quoted_echo)};
    assert_member(&rec, "\"quote\":{\"src\":\"192.0.2.1\",\"dst\":\"198.51.100.7\",\"proto\":1,"
                        "\"ttl\":1,\"id\":4660,\"type\":8,\"code\":0,\"ident\":51966,\"seq\":5,"
                        "\"truncated\":true}");
}

/* Every length, in a block of exactly that size: one valid line each. */
static void record_json__quote_cut_anywhere__says_short_or_decodes(void **state)
{
    (void)state;
    for (size_t n = 1; n <= sizeof(quoted_echo); n++) {
        uint8_t *const copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, quoted_echo, n);
        struct ik_record rec = ik_record_make(IK_REC_icmp_error, 0);
        rec.icmp_error.quote = (struct ik_rd){copy, n};
        json(&rec);
        assert_int_equal(strstr(line, "\"flaw\":\"short\"") != NULL, n < 20);
        assert_int_equal(strstr(line, "\"ident\":51966") != NULL, n == sizeof(quoted_echo));
        free(copy);
    }
}

static void record_json__quote_of_udp_and_tcp__ports(void **state)
{
    (void)state;
    uint8_t bytes[28] = {0x45, 0, 0,  60, 0, 0, 0,    0,    3,    17,   0, 0,  10, 0,
                         0,    1, 10, 0,  0, 2, 0xc0, 0x00, 0x82, 0x9a, 0, 40, 0,  0};
    struct ik_record rec = ik_record_make(IK_REC_icmp_error, 0);
    rec.icmp_error.quote = (struct ik_rd){bytes, sizeof(bytes)};
    assert_member(&rec, "\"sport\":49152,\"dport\":33434,\"truncated\":true}");
    bytes[9] = 6;
    assert_member(&rec, "\"proto\":6,\"ttl\":3,\"id\":0,\"sport\":49152,\"dport\":33434,"
                        "\"truncated\":true}");
    bytes[9] = 253; /* a protocol without handler: its header, nothing invented */
    assert_member(&rec, "\"proto\":253,\"ttl\":3,\"id\":0,\"truncated\":true}");
    bytes[0] = 0x95;
    json(&rec);
    assert_non_null(strstr(line, "\"quote\":{\"flaw\":\"bad-version\",\"hex\":\"95"));
}

/* Appends an object to a structure and returns its new length; the checksum is set at the end. */
static size_t add_object(uint8_t *s, size_t at, uint8_t class_num, uint8_t ctype, struct ik_rd body)
{
    ik_store_be16(s + at, (uint16_t)(4 + body.left));
    s[at + 2] = class_num;
    s[at + 3] = ctype;
    memcpy(s + at + 4, body.p, body.left);
    return at + 4 + body.left;
}

static void seal(uint8_t *s, size_t len)
{
    s[0] = 0x20;
    s[1] = s[2] = s[3] = 0;
    ik_store_be16(s + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){s, len})));
}

#define BODY(...)                                                              \
    (struct ik_rd)                                                             \
    {                                                                          \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
    }

static void record_json__extensions__each_class(void **state)
{
    (void)state;
    const struct {
        uint8_t class_num, ctype;
        struct ik_rd body;
        const char *want;
    } rows[] = {
        {1,
         1,
         {(const uint8_t[]){0x00, 0x01, 0x0a, 0x40, 0xff, 0xff, 0xff, 0x01}, 8},
         "{\"class\":1,\"ctype\":1,\"mpls\":[{\"label\":16,\"tc\":5,\"s\":0,\"ttl\":64},"
         "{\"label\":1048575,\"tc\":7,\"s\":1,\"ttl\":1}]}"},
        /* R4950-5-04: the bottom bit on the first of two, and on none */
        {1,
         1,
         {(const uint8_t[]){0x00, 0x01, 0x01, 0x40, 0x00, 0x02, 0x01, 0x40}, 8},
         "\"s\":1,\"ttl\":64}],\"flaw\":\"mpls-bottom\"}"},
        {1,
         1,
         {(const uint8_t[]){0x00, 0x01, 0x00, 0x40}, 4},
         "\"s\":0,\"ttl\":64}],\"flaw\":\"mpls-bottom\"}"},
        /* role next-hop; index, IPv4 address, name "e0" in 4 bytes, MTU */
        {2,
         0xcf,
         {(const uint8_t[]){0, 0, 0, 7, 0, 1, 0, 0, 192, 0, 2, 9, 4, 'e', '0', 0, 0, 0, 5, 0xdc},
          20},
         "{\"class\":2,\"ctype\":207,\"role\":\"next-hop\",\"index\":7,\"addr\":\"192.0.2.9\","
         "\"name\":\"e0\",\"mtu\":1500}"},
        {3, 2, {(const uint8_t[]){0, 0, 1, 0}, 4}, "{\"class\":3,\"ctype\":2,\"index\":256}"},
        {3, 1, {(const uint8_t[]){'l', 'o', 0, 0}, 4}, "{\"class\":3,\"ctype\":1,\"name\":\"lo\"}"},
        {3,
         3,
         {(const uint8_t[]){0, 1, 4, 0, 192, 0, 2, 1}, 8},
         "{\"class\":3,\"ctype\":3,\"afi\":1,\"addr\":\"192.0.2.1\"}"},
        {3,
         3,
         {(const uint8_t[]){0x40, 0x05, 6, 0, 1, 2, 3, 4, 5, 6, 0, 0}, 12}, /* a MAC address */
         "{\"class\":3,\"ctype\":3,\"afi\":16389,\"hex\":\"010203040506\"}"},
        {200,
         9,
         {(const uint8_t[]){0xde, 0xad, 0xbe, 0xef}, 4},
         "{\"class\":200,\"ctype\":9,\"hex\":\"deadbeef\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint8_t s[64];
        const size_t n = add_object(s, 4, rows[i].class_num, rows[i].ctype, rows[i].body);
        seal(s, n);
        struct ik_record rec = ik_record_make(IK_REC_hop, 0);
        rec.hop.extensions = (struct ik_rd){s, n};
        json(&rec);
        if (!strstr(line, rows[i].want))
            fail_msg("row %zu: no %s in %s", i, rows[i].want, line);
    }
}

static void record_json__extensions_bad__says_so(void **state)
{
    (void)state;
    uint8_t s[16];
    const size_t n = add_object(s, 4, 9, 1, BODY(1, 2, 3, 4));
    struct ik_record rec = ik_record_make(IK_REC_hop, 0);
    rec.hop.extensions = (struct ik_rd){s, n};
    seal(s, n);
    s[3] ^= 1;
    json(&rec);
    assert_non_null(strstr(line, "\"extensions\":[{\"flaw\":\"bad-checksum\",\"hex\":\"2000"));
    seal(s, n);
    s[0] = 0x10;
    json(&rec);
    assert_non_null(strstr(line, "\"extensions\":[{\"flaw\":\"bad-version\",\"hex\":\"1000"));
    seal(s, n);
    rec.hop.extensions.left = 3;
    json(&rec);
    assert_non_null(strstr(line, "\"extensions\":[{\"flaw\":\"short\",\"hex\":\"2000"));
    ik_store_be16(s + 4, 200); /* an object that is longer than the structure */
    seal(s, n);
    rec.hop.extensions.left = n;
    json(&rec);
    assert_non_null(strstr(line, "\"extensions\":[{\"flaw\":\""));
}

/* Structures that strangers made as large as they can: one line, whole, and it says that it was
 * cut. */
static void record_json__extensions_huge__bounded(void **state)
{
    (void)state;
    static uint8_t s[65532];
    static const uint8_t names[] = {'\x1b', '\x1b', '\x1b', '\x1b'};
    for (unsigned variant = 0; variant < 3; variant++) {
        size_t n = 4;
        if (variant == 0) { /* thousands of objects without a body */
            while (n + 4 <= sizeof(s))
                n = add_object(s, n, 9, 1, (struct ik_rd){names, 0});
        } else if (variant == 1) { /* thousands of names that escape to six times their size */
            while (n + 8 <= sizeof(s))
                n = add_object(s, n, 3, 1, (struct ik_rd){names, 4});
        } else { /* one stack of labels */
            ik_store_be16(s + 4, (uint16_t)(sizeof(s) - 4));
            s[6] = s[7] = 1;
            memset(s + 8, 0, sizeof(s) - 8);
            n = sizeof(s);
        }
        seal(s, n);
        struct ik_record rec = ik_record_make(IK_REC_hop, 0);
        rec.hop.extensions = (struct ik_rd){s, n};
        json(&rec);
        assert_non_null(strstr(line, "\"more\":true}]"));
    }
}

static void record_json__any_room__full_and_nothing_beyond(void **state)
{
    (void)state;
    struct ik_record rec = ik_record_make(IK_REC_icmp_error, 0);
    rec.icmp_error.target = "a\xff";
    rec.icmp_error.quote = (struct ik_rd){quoted_echo, sizeof(quoted_echo)};
    const size_t needed = strlen(json(&rec));
    for (size_t cap = 0; cap <= needed; cap++) {
        char *const out = malloc(cap ? cap : 1);
        assert_non_null(out);
        size_t len = 12345;
        const enum ik_err err = ik_record_json(&rec, out, cap, &len);
        assert_int_equal(err, cap < needed ? IK_E_FULL : IK_OK);
        assert_int_equal(len, cap < needed ? 12345 : needed);
        free(out);
    }
    rec.kind = IK_REC_KINDS;
    size_t len;
    assert_int_equal(ik_record_json(&rec, line, sizeof(line), &len), IK_E_VALUE);
}

static void record_schema_and_doc__size_first__then_the_same_bytes(void **state)
{
    (void)state;
    size_t (*const makers[])(char *, size_t) = {ik_record_schema, ik_record_doc};
    for (size_t i = 0; i < 2; i++) {
        const size_t needed = makers[i](NULL, 0);
        assert_true(needed > 1000);
        char *const out = malloc(needed);
        assert_non_null(out);
        assert_int_equal(makers[i](out, needed - 1), needed);
        assert_int_equal(makers[i](out, needed), needed);
        assert_int_equal(out[needed - 1], '\n');
        assert_null(memchr(out, '\0', needed));
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_make__every_kind__all_absent),
        cmocka_unit_test(record_json__fields_by_name__land_under_their_key),
        cmocka_unit_test(record_json__string__escaped),
        cmocka_unit_test(record_json__numbers__edges),
        cmocka_unit_test(record_json__addresses__as_text),
        cmocka_unit_test(record_json__ratio_and_rtt__absent_parts_left_out),
        cmocka_unit_test(record_json__lists__empty_null_and_hostile),
        cmocka_unit_test(record_json__hex__cut_is_said),
        cmocka_unit_test(record_json__quote__found_behind_options),
        cmocka_unit_test(record_json__quote_cut_anywhere__says_short_or_decodes),
        cmocka_unit_test(record_json__quote_of_udp_and_tcp__ports),
        cmocka_unit_test(record_json__extensions__each_class),
        cmocka_unit_test(record_json__extensions_bad__says_so),
        cmocka_unit_test(record_json__extensions_huge__bounded),
        cmocka_unit_test(record_json__any_room__full_and_nothing_beyond),
        cmocka_unit_test(record_schema_and_doc__size_first__then_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
