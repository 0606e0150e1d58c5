/* SPDX-License-Identifier: MIT
 * Captured packets and their totals as JSON: the members by type, and what strangers make of it. */
#include "record/packet.h"

#include "../wire/icmp_vectors.h"
#include "../wire/vector.h"
#include "record/totals.h"

#include <stdio.h>

static char line[IK_RECORD_JSON_MAX + 1];

static const char *json(const struct ik_record *rec)
{
    size_t len = 0;
    assert_int_equal(ik_record_json(rec, line, IK_RECORD_JSON_MAX, &len), IK_OK);
    line[len] = '\0';
    assert_int_equal(strlen(line), len);
    return line;
}

/* The record of an IP packet without link; views live until the next call. */
static struct ik_record packet_of(struct ik_rd bytes)
{
    static struct ik_ip ip;
    static struct ik_icmp msg;
    static struct ik_faults faults;
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ip_decode(&ip, bytes, &faults), IK_OK);
    const struct ik_icmp_ctx ctx = {.family = ip.version, .src = &ip.src, .dst = &ip.dst};
    faults.base = ip.header_bytes;
    const enum ik_err err = ik_icmp_decode(&msg, ip.payload, &ctx, &faults);
    (void)err; /* then it is bytes */
    struct ik_record rec = ik_record_make(IK_REC_packet, 0);
    rec.packet.n = 1;
    rec.packet.bytes = (int64_t)bytes.left;
    rec.packet.ip = (struct ik_rec_ip){&ip, bytes};
    rec.packet.icmp = (struct ik_rec_icmp){&msg, ip.payload};
    rec.packet.flaws = &faults;
    return rec;
}

/* `message` behind an IP header: IPv4 from 192.0.2.1 to .2, IPv6 from fe80::1 to fe80::2. */
static struct ik_rd wrap(uint8_t family, struct ik_rd message)
{
    static uint8_t out[VECTOR_MAX];
    const struct ik_ip ip = {
        .version = family,
        .ttl = family == 6 ? 255 : 64,
        .proto = family == 6 ? IK_PROTO_ICMP6 : IK_PROTO_ICMP4,
        .src =
            family == 6 ? icmp_vector_src : (struct ik_addr){.family = 4, .bytes = {192, 0, 2, 1}},
        .dst =
            family == 6 ? icmp_vector_dst : (struct ik_addr){.family = 4, .bytes = {192, 0, 2, 2}},
        .payload = message,
    };
    size_t len;
    assert_int_equal(ik_ip_encode(&ip, false, out, sizeof(out), &len), IK_OK);
    return (struct ik_rd){out, len};
}

static void write_vector(const char *name)
{
    for (size_t i = 0; i < ICMP_VECTORS; i++) {
        if (strcmp(icmp_vectors[i].name, name) != 0)
            continue;
        const struct ik_rd message = vector_hex(icmp_vectors[i].hex);
        const struct ik_record rec = packet_of(wrap(icmp_vectors[i].family, message));
        json(&rec);
        vector_free(message);
        return;
    }
    fail_msg("no vector %s", name);
}

static void assert_has(const char *part)
{
    if (!strstr(line, part))
        fail_msg("no %s in %s", part, line);
}

static void assert_vector(const char *name, const char *part)
{
    write_vector(name);
    assert_has(part);
}

static void packet__echo__whole_line(void **state)
{
    (void)state;
    write_vector("echo4_reply");
    assert_string_equal(
        line, "{\"record\":\"packet\",\"time\":\"1970-01-01T00:00:00.000000000Z\",\"v\":1,\"n\":1,"
              "\"bytes\":28,\"ip\":{\"version\":4,\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\","
              "\"ttl\":64,\"tos\":0,\"id\":0,\"len\":28,\"df\":false,\"mf\":false,\"offset\":0,"
              "\"proto\":1,\"checksum\":63197,\"checksum_ok\":true},\"icmp\":{\"type\":0,"
              "\"code\":0,\"name\":\"echo-reply\",\"checksum\":65535,\"checksum_ok\":true,"
              "\"ident\":0,\"seq\":0,\"data_bytes\":0},\"flaws\":[]}\n");
}

/* The members that users were promised, by type. */
static void packet__each_type__its_members(void **state)
{
    (void)state;
    static const struct {
        const char *vector, *part;
    } rows[] = {
        {"echo6_request", "\"ident\":1,\"seq\":1,\"data_bytes\":0}"},
        {"unreach4_frag", "\"name\":\"fragmentation-needed\""},
        {"unreach4_frag", "\"length_words\":0,\"mtu\":1400,\"quote\":{\"src\":\"192.0.2.1\""},
        {"too_big6", "\"mtu\":1280,\"quote\":{"},
        {"redirect4", "\"gateway\":\"192.0.2.2\",\"quote\":{"},
        {"parameter4", "\"pointer\":21,"},
        {"parameter6", "\"pointer\":6,"},
        {"timestamp4_reply", "\"ident\":1,\"seq\":2,\"originate\":337500,\"receive\":2147483649,"},
        {"timestamp4_reply", "\"receive_name\":\"non-standard\",\"transmit\":337501}"},
        {"mask4_reply", "\"ident\":1,\"seq\":2,\"mask\":\"255.255.255.128\"}"},
        {"router_adv4", "\"lifetime\":1800,\"routers\":[{\"addr\":\"192.0.2.1\",\"preference\":0},"
                        "{\"addr\":\"192.0.2.2\",\"preference\":-2147483648,"
                        "\"preference_name\":\"never-a-default-router\"}]}"},
        {"router_adv", "\"lifetime\":1800,"},
        {"neighbor_sol", "\"target\":\"fe80::2\",\"options\":[{\"type\":1,"
                         "\"name\":\"source-link-layer-address\",\"length\":8,"
                         "\"addr\":\"020000000001\"},"},
        {"neighbor_adv", "\"router\":false,\"solicited\":true,\"override\":true,"},
        {"redirect6", "\"destination\":\"2001:db8::9\",\"options\":[{"},
        {"redirect6", "\"quote\":{\"src\":\"fe80::2\",\"dst\":\"2001:db8::7\",\"proto\":17,"},
        {"ext_echo4", "\"interface\":\"eth0\",\"ident\":1,\"seq\":2,\"local\":true,"
                      "\"extensions\":[{\"class\":3,\"ctype\":1,\"name\":\"eth0\"}]}"},
        {"ext_echo6", "\"interface\":\"192.0.2.1\","},
        {"ext_echo6_reply", "\"state\":2,\"state_name\":\"reachable\",\"active\":false,"},
        {"exceeded4_mpls", "\"extensions\":[{\"class\":1,\"ctype\":1,\"mpls\":[{\"label\":"},
        {"experiment4", "\"bytes\":\"0102030405\"}"},
        {"mld2_report", "\"records\":[{\"type\":4,\"name\":\"to-exclude\",\"aux_words\":0,"},
        {"router_adv", "\"names\":[\"example.com\"]"},
        {"router_adv", "\"uri\":\"https://example.com/portal\""},
        {"rpl_dio", "\"rank\":256,\"grounded\":true,\"mode\":1,\"mode_name\":\"non-storing\""},
        {"rpl_secure_dis", "\"security\":{\"counter_is_time\":true,"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_vector(rows[i].vector, rows[i].part);
}

/* A checksum that cannot be known is no good checksum. */
static void packet__checksum__true_false_null(void **state)
{
    (void)state;
    static const uint8_t wrong[] = {8, 0, 0, 0, 0, 1, 0, 1};
    struct ik_record rec = packet_of(wrap(4, (struct ik_rd){wrong, sizeof(wrong)}));
    json(&rec);
    assert_has("\"checksum\":0,\"checksum_ok\":false");
    assert_has("\"flaws\":[{\"what\":\"bad-checksum\",\"at\":22}]");
    struct ik_icmp cut = *rec.packet.icmp.msg;
    cut.checksum_known = false;
    cut.checksum_ok = true;
    rec.packet.icmp.msg = &cut;
    json(&rec);
    assert_has("\"checksum\":0,\"checksum_ok\":null");
}

static void packet__ip_options_and_headers__told(void **state)
{
    (void)state;
    const struct ik_rd route = vector_hex(vector_of("ip", "record-route"));
    struct ik_record rec = packet_of(route);
    json(&rec);
    assert_has("\"options\":[{\"type\":7,\"name\":\"record-route\",\"length\":11,\"pointer\":8,"
               "\"route\":[\"192.0.2.1\",\"0.0.0.0\"]},{\"type\":0,\"name\":\"end-of-list\"}]}");
    vector_free(route);
    const struct ik_rd chain = vector_hex(vector_of("ip", "chain"));
    rec = packet_of(chain);
    json(&rec);
    assert_has("\"headers\":[{\"proto\":0,\"proto_name\":\"hop-by-hop\",\"next\":60,");
    assert_has("\"options\":[{\"type\":5,\"name\":\"router-alert\",\"length\":2,\"value\":0},");
    assert_has("\"id\":3735928559");
    vector_free(chain);
}

/* ---- as large as strangers can make it ------------------------------------------------------- */

enum { HUGE_BYTES = 65000 };

static void assert_bounded(struct ik_rd packet)
{
    struct ik_record rec = packet_of(packet);
    /* with all that can stand beside it */
    struct ik_layers layers = {.n = IK_LAYERS_MAX, .more = true};
    for (unsigned i = 0; i < IK_LAYERS_MAX; i++)
        layers.list[i] =
            (struct ik_layer){IK_LAYER_ETHERNET, UINT32_MAX, UINT32_MAX, UINT32_MAX, 255};
    struct ik_faults faults = {.n = IK_FAULTS_MAX, .more = 1};
    for (unsigned i = 0; i < IK_FAULTS_MAX; i++)
        faults.list[i] = (struct ik_fault){IK_FLAW_EXT_QUOTE_SHORT, UINT16_MAX};
    rec.packet.link = &layers;
    rec.packet.flaws = &faults;
    rec.packet.interface = "\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b"
                           "\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b";
    rec.packet.pair = (struct ik_rec_pair){"duplicate", UINT64_MAX, IK_NEVER - 1};
    json(&rec);
    assert_has("{\"more\":true}]");
}

/* A message of `head`, then as many of `unit` as fit. */
static void assert_bounded_units(const uint8_t *head, size_t head_bytes, const uint8_t *unit,
                                 size_t unit_bytes)
{
    static uint8_t p[HUGE_BYTES];
    size_t n = head_bytes;
    memcpy(p, head, head_bytes);
    for (; n + unit_bytes <= sizeof(p); n += unit_bytes)
        memcpy(p + n, unit, unit_bytes);
    assert_bounded(wrap(6, (struct ik_rd){p, n}));
}

static void packet__huge_lists__cut_and_said(void **state)
{
    (void)state;
    static const uint8_t sol[24] = {IK_ICMP6_NEIGHBOR_SOL}, rpl[] = {IK_ICMP6_RPL, 0, 0, 0, 0, 0};
    static const uint8_t unknown[8] = {200, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    assert_bounded_units(sol, sizeof(sol), unknown, sizeof(unknown));
    static const uint8_t pad1[] = {0};
    assert_bounded_units(rpl, sizeof(rpl), pad1, sizeof(pad1));
    /* one list inside of an option, many times over: each is cut, and so is the outer one */
    static uint8_t rdnss[2040] = {25, 255};
    assert_bounded_units(sol, sizeof(sol), rdnss, sizeof(rdnss));
    static uint8_t names[2040] = {31, 255};
    for (size_t i = 8; i + 4 <= sizeof(names); i += 4)
        memcpy(names + i, "\2\33\33", 4); /* every byte of the label is escaped to four */
    assert_bounded_units(sol, sizeof(sol), names, sizeof(names));
    /* text of one option that takes six bytes for each of its own */
    static uint8_t uri[2040] = {37, 255};
    memset(uri + 2, 0x1b, sizeof(uri) - 2);
    assert_bounded_units(sol, sizeof(sol), uri, sizeof(uri));
    static const uint8_t report[] = {IK_ICMP6_MLD2_REPORT, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t record[20] = {4, 0, 0, 0, 0xff};
    assert_bounded_units(report, sizeof(report), record, sizeof(record));
    static const uint8_t query[] = {IK_ICMP6_MLD_QUERY, 0, 0, 0, 0, 0, 0, 0, [26] = 0xff, 0xff};
    static const uint8_t source[16] = {0x20, 1};
    assert_bounded_units(query, sizeof(query), source, sizeof(source));
}

/* Options of the IP packet around it, as many as it has room for. */
static void packet__huge_headers__cut_and_said(void **state)
{
    (void)state;
    static uint8_t p[40 + 30 * 2048 + 8];
    memset(p, 0, sizeof(p));
    p[0] = 0x60;
    ik_store_be16(p + 4, (uint16_t)(sizeof(p) - 40));
    p[6] = IK_PROTO_DSTOPTS;
    for (unsigned i = 0; i < 30; i++) { /* Pad1 2046 times */
        p[40 + i * 2048] = i < 29 ? IK_PROTO_DSTOPTS : IK_PROTO_ICMP6;
        p[41 + i * 2048] = 255;
    }
    p[sizeof(p) - 8] = 128;
    assert_bounded((struct ik_rd){p, sizeof(p)});
}

/* ---- totals ---------------------------------------------------------------------------------- */

static void summary__lists__as_counted(void **state)
{
    (void)state;
    static const struct ik_total_kind kinds[] = {{4, 8, 0, 10, 980}, {6, 1, 4, 1, 100}};
    static const struct ik_total_talker talkers[] = {
        {{.family = 4, .bytes = {192, 0, 2, 1}}, 7, 700, 0},
        {{.family = 6, .bytes = {0x20, 1}}, 4, 380, 2}};
    static const uint64_t bins[40] = {[0] = 1, [10] = 2, [39] = 3};
    static const uint64_t flaws[IK_FLAW_COUNT] = {[IK_FLAW_BAD_CHECKSUM] = 5};
    struct ik_record rec = ik_record_make(IK_REC_dump_summary, 0);
    json(&rec);
    assert_has("\"kinds\":null,\"other_kinds\":null,\"talkers\":null,");
    rec.dump_summary.kinds = (struct ik_rec_kinds){kinds, 2};
    rec.dump_summary.talkers = (struct ik_rec_talkers){talkers, 2};
    rec.dump_summary.rtt_bins = (struct ik_rec_bins){bins, 40};
    rec.dump_summary.flaws = (struct ik_rec_flaw_counts){flaws, IK_FLAW_COUNT};
    json(&rec);
    assert_has("\"kinds\":[{\"family\":4,\"type\":8,\"code\":0,\"name\":\"echo-request\","
               "\"packets\":10,\"bytes\":980},{\"family\":6,\"type\":1,\"code\":4,"
               "\"name\":\"port-unreachable\",\"packets\":1,\"bytes\":100}]");
    assert_has("\"talkers\":[{\"addr\":\"192.0.2.1\",\"packets\":7,\"bytes\":700},"
               "{\"addr\":\"2001::\",\"packets\":4,\"bytes\":380,\"over_by\":2}]");
    assert_has("\"rtt_bins\":[{\"from_ns\":0,\"below_ns\":1000,\"n\":1},"
               "{\"from_ns\":512000,\"below_ns\":1024000,\"n\":2},"
               "{\"from_ns\":274877906944000,\"below_ns\":549755813888000,\"n\":3}]");
    assert_has("\"flaws\":[{\"what\":\"bad-checksum\",\"n\":5}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet__echo__whole_line),
        cmocka_unit_test(packet__each_type__its_members),
        cmocka_unit_test(packet__checksum__true_false_null),
        cmocka_unit_test(packet__ip_options_and_headers__told),
        cmocka_unit_test(packet__huge_lists__cut_and_said),
        cmocka_unit_test(packet__huge_headers__cut_and_said),
        cmocka_unit_test(summary__lists__as_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
