/* SPDX-License-Identifier: MIT
 * Multicast listener messages: versions, lists, numbers, and the rules of their envelope. */
#include "icmp_vectors.h"
#include "vector.h"

#include "base/bytes.h"

#define GROUP "ff0200000000000000000000000000fb"
#define SOURCE "20010db8000000000000000000000001"

static struct ik_faults faults;
static struct ik_rd kept;

static enum ik_err try_decode(struct ik_icmp *msg, const struct ik_icmp_ctx *ctx, const char *hex)
{
    if (kept.p)
        vector_free(kept);
    kept = vector_hex(hex);
    faults = (struct ik_faults){0};
    return ik_icmp_decode(msg, kept, ctx, &faults);
}

static struct ik_icmp decoded(const char *hex)
{
    const struct ik_icmp_ctx ctx = {.family = 6, .checksum_verified = true};
    struct ik_icmp msg;
    assert_int_equal(try_decode(&msg, &ctx, hex), IK_OK);
    return msg;
}

/* R2710-3-02: 32 octets, decoded from the first 24, summed over all. */
static void report__octets_behind_24__are_summed_and_ignored(void **state)
{
    (void)state;
    static const char hex[] = "83000000 00000000" GROUP "0102030405060708";
    const struct ik_icmp msg = decoded(hex);
    char text[IK_ADDR_TEXT];
    assert_string_equal(ik_addr_text(&msg.mld.group, text), "ff02::fb");
    assert_int_equal(msg.mld.trailing.left, 8);
    assert_true(vector_has_flaw(&faults, IK_FLAW_TRAILING, 24));
    uint8_t out[64];
    size_t len;
    const struct ik_icmp_ctx ctx = icmp_vector_ctx(6);
    assert_int_equal(ik_icmp_encode(&msg, &ctx, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 32);
    struct ik_icmp back;
    assert_int_equal(ik_icmp_decode(&back, (struct ik_rd){out, len}, &ctx, NULL), IK_OK);
    assert_true(back.checksum_ok);
    out[31] ^= 1;
    assert_int_equal(ik_icmp_decode(&back, (struct ik_rd){out, len}, &ctx, NULL), IK_OK);
    assert_false(back.checksum_ok);
}

/* R3810-8.1-01 */
static void query__length__decides_its_version(void **state)
{
    (void)state;
    assert_int_equal(decoded("82000000 27100000" GROUP).kind, IK_ICMP_MLD);
    const struct ik_icmp_ctx ctx = {.family = 6, .checksum_verified = true};
    static const char *const between[] = {"82000000 27100000" GROUP "00",
                                          "82000000 27100000" GROUP "0000",
                                          "82000000 27100000" GROUP "000000"};
    for (size_t i = 0; i < 3; i++) {
        struct ik_icmp msg;
        assert_int_equal(try_decode(&msg, &ctx, between[i]), IK_E_LENGTH);
        assert_int_equal(msg.kind, IK_ICMP_RAW);
        assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_LENGTH, 24));
    }
    assert_int_equal(decoded("82000000 27100000" GROUP "027d0000").kind, IK_ICMP_MLD2_QUERY);
    /* a report of version 1 has no such rule */
    assert_int_equal(decoded("83000000 00000000" GROUP "0000").kind, IK_ICMP_MLD);
}

static void query__more_sources_than_bytes__has_the_whole_ones(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded("82000000 27100000" GROUP "0a7dffff" SOURCE "2001");
    assert_int_equal(msg.mld2_query.flags & IK_MLD2_QRV, 2);
    assert_true(msg.mld2_query.flags & IK_MLD2_SUPPRESS);
    assert_int_equal(msg.mld2_query.sources.left, 16);
    assert_int_equal(msg.mld2_query.trailing.left, 2);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_COUNT, 26));
    assert_int_equal(icmp_vector_walk(&msg), 1);
}

static void report2__records__have_sources_and_auxiliary_data(void **state)
{
    (void)state;
    const struct ik_icmp msg =
        decoded("8f000000 00000002 04000000" GROUP "01010001" GROUP SOURCE "deadbeef ff");
    struct ik_rd rd = msg.mld2_report.records;
    struct ik_mld2_record r;
    assert_int_equal(ik_icmp_list_take_record(&rd, &r), IK_OK);
    assert_int_equal(r.type, IK_MLD2_TO_EXCLUDE);
    assert_int_equal(r.sources.left, 0);
    assert_int_equal(ik_icmp_list_take_record(&rd, &r), IK_OK);
    assert_int_equal(r.sources.left, 16);
    assert_int_equal(r.aux.left, 4);
    assert_int_equal(ik_icmp_list_take_record(&rd, &r), IK_E_NOT_FOUND);
    assert_int_equal(msg.mld2_report.trailing.left, 1);
    assert_true(vector_has_flaw(&faults, IK_FLAW_TRAILING, 8 + 20 + 40));
}

static void report2__record_past_the_end__is_told_with_its_offset(void **state)
{
    (void)state;
    struct ik_icmp msg = decoded("8f000000 00000002 04000000" GROUP "0100ffff" GROUP SOURCE);
    assert_int_equal(msg.mld2_report.records.left, 20);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_COUNT, 28));
    msg = decoded("8f000000 0000ffff");
    assert_int_equal(msg.mld2_report.records.left, 0);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_COUNT, 8));
    msg = decoded("8f000000 00000001 07000000" GROUP);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_VALUE, 8));
    msg = decoded("8f000000 00000001 04000000" SOURCE);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_TARGET, 12));
}

static void codes__above_their_half__are_floating_point(void **state)
{
    (void)state;
    assert_int_equal(ik_mld_time_ms(0x7fff), 32767);
    assert_int_equal(ik_mld_time_ms(0x8000), 32768);
    assert_int_equal(ik_mld_time_ms(0xffff), 0x1fff << 10);
    assert_int_equal(ik_mld_interval_s(127), 127);
    assert_int_equal(ik_mld_interval_s(0x80), 128);
    assert_int_equal(ik_mld_interval_s(0xff), 31 << 10);
}

/* R2710-3-01: a report as a host sends it: link-local source, hop limit 1, Router Alert. */
static void report__in_its_packet__has_the_envelope_of_mld(void **state)
{
    (void)state;
    static const uint8_t alert[] = {58, 0, 5, 2, 0, 0, 1, 0};
    struct ik_ip ip = {.version = 6,
                       .ttl = 1,
                       .proto = 58,
                       .next_header = 0,
                       .src = icmp_vector_src,
                       .options = {alert, sizeof(alert)}};
    assert_int_equal(ik_addr_parse("ff02::fb", &ip.dst), IK_OK);
    struct ik_icmp_ctx ctx = {.family = 6, .src = &ip.src, .dst = &ip.dst};
    struct ik_icmp msg = {.family = 6, .type = IK_ICMP6_MLD_REPORT, .kind = IK_ICMP_MLD};
    msg.mld = (struct ik_icmp_mld){.group = ip.dst, .trailing = {alert, 0}};
    uint8_t body[64], packet[128];
    size_t body_bytes, len;
    assert_int_equal(ik_icmp_encode(&msg, &ctx, false, body, sizeof(body), &body_bytes), IK_OK);
    ip.payload = (struct ik_rd){body, body_bytes};
    assert_int_equal(ik_ip_encode(&ip, false, packet, sizeof(packet), &len), IK_OK);
    assert_int_equal(packet[6], 0);
    assert_int_equal(packet[7], 1);

    struct ik_ip back;
    assert_int_equal(ik_ip_decode(&back, (struct ik_rd){packet, len}, NULL), IK_OK);
    assert_int_equal(back.options.left, sizeof(alert));
    ctx = (struct ik_icmp_ctx){.family = 6,
                               .src = &back.src,
                               .dst = &back.dst,
                               .hop_limit_known = true,
                               .hop_limit = back.ttl,
                               .router_alert_known = true,
                               .router_alert = true};
    faults = (struct ik_faults){0};
    assert_int_equal(ik_icmp_decode(&msg, back.payload, &ctx, &faults), IK_OK);
    assert_true(msg.checksum_ok);
    assert_int_equal(faults.n, 0);
}

static void report__wrong_envelope__is_told(void **state)
{
    (void)state;
    struct ik_addr global = {.family = 6, .bytes = {0x20, 0x01}};
    const struct ik_icmp_ctx ctx = {.family = 6,
                                    .checksum_verified = true,
                                    .src = &global,
                                    .hop_limit_known = true,
                                    .hop_limit = 64,
                                    .router_alert_known = true};
    struct ik_icmp msg;
    assert_int_equal(try_decode(&msg, &ctx, "83000000 00000000" GROUP), IK_OK);
    assert_int_equal(faults.n, 3);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_HOP_LIMIT, 0));
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_SOURCE, 0));
    assert_true(vector_has_flaw(&faults, IK_FLAW_NO_ROUTER_ALERT, 0));
}

/* R3810-5-01 */
static void report2__from_nobody__is_decoded_and_told(void **state)
{
    (void)state;
    const struct ik_addr any = {.family = 6};
    const struct ik_icmp_ctx ctx = {.family = 6, .checksum_verified = true, .src = &any};
    struct ik_icmp msg;
    assert_int_equal(try_decode(&msg, &ctx, "8f000000 00000001 04000000" GROUP), IK_OK);
    assert_int_equal(icmp_vector_walk(&msg), 1);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_SOURCE, 0));
}

static int forget(void **state)
{
    (void)state;
    if (kept.p)
        vector_free(kept);
    kept.p = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report__octets_behind_24__are_summed_and_ignored),
        cmocka_unit_test(query__length__decides_its_version),
        cmocka_unit_test(query__more_sources_than_bytes__has_the_whole_ones),
        cmocka_unit_test(report2__records__have_sources_and_auxiliary_data),
        cmocka_unit_test(report2__record_past_the_end__is_told_with_its_offset),
        cmocka_unit_test(codes__above_their_half__are_floating_point),
        cmocka_unit_test(report__in_its_packet__has_the_envelope_of_mld),
        cmocka_unit_test(report__wrong_envelope__is_told),
        cmocka_unit_test(report2__from_nobody__is_decoded_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
