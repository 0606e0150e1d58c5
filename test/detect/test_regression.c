/* SPDX-License-Identifier: MIT
 * What brought others down or was told wrongly by them: each given to all detectors. */
#include "talk.h"

#include "base/rd.h"

enum { OPTIONS_MAX = 40, HEADER = 20, EVERY = 256 };

static uint8_t quote[FRAMES_BYTES];

static void silent(struct frames *f)
{
    frames_silent(f);
    frames_free(f);
}

static void found(struct frames *f, enum ik_detector d)
{
    frames_found(f, d);
    frames_free(f);
}

static bool has_flaw(const struct ik_look_packet *p, enum ik_flaw what, uint16_t at)
{
    for (uint16_t i = 0; i < p->faults.n; i++) {
        if (p->faults.list[i].what == what && p->faults.list[i].at == at)
            return true;
    }
    return false;
}

/* The IPv4 packet with options (a multiple of four bytes) between header and payload. */
static size_t with_options(const uint8_t *packet, size_t n, const void *options, size_t n_options,
                           uint8_t *out)
{
    memcpy(out, packet, HEADER);
    memcpy(out + HEADER, options, n_options);
    memcpy(out + HEADER + n_options, packet + HEADER, n - HEADER);
    out[0] = (uint8_t)(0x45 + n_options / 4);
    ik_store_be16(out + 2, (uint16_t)(n + n_options));
    ik_store_be16(out + 10, 0);
    ik_store_be16(out + 10,
                  ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){out, HEADER + n_options})));
    return n + n_options;
}

/* Gives n bytes as they are in a block of exactly that size, which a sanitizer watches. */
static void put_exact(struct frames *f, uint16_t linktype, const uint8_t *bytes, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, n);
    frames_put(f, linktype, exact, n);
    free(exact);
}

/* ---- round trips ----------------------------------------------------------------------------- */

/* CVE-2025-47268, CVE-2025-48964: clocks in a reply that no clock shows. They are bytes. */
static void iputils_clock_of_int64_ends_in_a_reply__is_bytes(void **state)
{
    (void)state;
    static const uint64_t ends[] = {0, INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX};
    struct frames *f = frames_new(NULL, NULL);
    uint8_t data[56];
    for (uint8_t i = 16; i < sizeof(data); i++)
        data[i] = i;
    for (uint16_t i = 0; i < 64; i++, f->now += IK_NS_PER_S) {
        for (int byte = 0; byte < 8; byte++) {
            data[byte] = (uint8_t)(ends[i % 4] >> 8 * byte);
            data[8 + byte] = (uint8_t)(ends[i / 4 % 4] >> 8 * byte);
        }
        frames_echo(f, &talk_out4, false, 7, (uint16_t)(i + 1), data, sizeof(data));
        frames_echo(f, &talk_in4, true, 7, (uint16_t)(i + 1), data, sizeof(data));
    }
    silent(f);
}

/* ---- headers --------------------------------------------------------------------------------- */

/* CVE-2022-23093, CVE-2018-4407: sixty bytes of header outside and inside. Others, too, take the
 * quoted header for twenty bytes. */
static void freebsd_ping_ihl_15_outside_and_quoted__is_read_at_its_length(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    uint8_t nops[OPTIONS_MAX], inner[FRAMES_BYTES], outer[FRAMES_BYTES], message[FRAMES_BYTES];
    memset(nops, IK_IPOPT_NOP, sizeof(nops));
    size_t n = frames_make_udp(&talk_out4, 5000, 53, 8, quote);
    n = with_options(quote, n, nops, sizeof(nops), inner);
    memcpy(message, (uint8_t[8]){IK_ICMP4_UNREACHABLE, 3}, 8);
    memcpy(message + 8, inner, n);
    ik_store_be16(message + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){message, 8 + n})));
    n = frames_make(&talk_router4, message, 8 + n, quote);
    n = with_options(quote, n, nops, sizeof(nops), outer);
    frames_put(f, IK_LINKTYPE_RAW, outer, n);
    assert_true(f->packet.has_quote && f->packet.icmp.checksum_ok);
    assert_int_equal(f->packet.ip.header_bytes, 60);
    assert_int_equal(f->packet.quote.ip.header_bytes, 60);
    assert_int_equal(f->packet.quote.sport, 5000);
    assert_int_equal(f->packet.quote.dport, 53);
    for (size_t cut = 60; cut < n; cut++)
        put_exact(f, IK_LINKTYPE_RAW, outer, cut);
    frames_free(f);
}

/* CVE-2010-2529: options of length 0 and 1 that end no loop. Zephyr 111273: a pointer of 0. */
static void tracepath_option_of_length_zero__ends_with_a_flaw(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    static const uint8_t kinds[] = {IK_IPOPT_RECORD_ROUTE, IK_IPOPT_TIMESTAMP};
    uint8_t packet[FRAMES_BYTES];
    const size_t n = frames_make_echo(&talk_out4, false, 7, 1, "x", 1, quote);
    for (size_t k = 0; k < sizeof(kinds); k++) {
        for (uint8_t length = 0; length < 2; length++) {
            const uint8_t options[8] = {kinds[k], length, 4};
            frames_put(f, IK_LINKTYPE_RAW, packet,
                       with_options(quote, n, options, sizeof(options), packet));
            assert_true(f->looked);
            assert_true(f->packet.faults.n > 0);
        }
    }
    const uint8_t pointer[8] = {IK_IPOPT_RECORD_ROUTE, 7, 0};
    frames_put(f, IK_LINKTYPE_RAW, packet,
               with_options(quote, n, pointer, sizeof(pointer), packet));
    assert_true(f->packet.faults.n > 0);
    assert_int_equal(f->packet.faults.list[0].what, IK_FLAW_OPTION_POINTER);
    frames_free(f);
}

/* CVE-2023-23415: a parameter problem in parts of 32 bytes that quotes options. */
static void windows_fragmented_quote_with_options__is_bounded_and_found(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    uint8_t options[OPTIONS_MAX] = {0x95, 0x26}, inner[FRAMES_BYTES], message[FRAMES_BYTES] = {0};
    size_t n = frames_make_udp(&talk_out4, 5000, 53, 8, quote);
    n = 8 + with_options(quote, n, options, sizeof(options), inner);
    message[0] = IK_ICMP4_PARAMETER_PROBLEM;
    message[4] = 20;
    memcpy(message + 8, inner, n - 8);
    ik_store_be16(message + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){message, n})));
    for (uint16_t at = 0; at < n; at += 32) {
        struct frames_head h = talk_router4;
        h.offset_bytes = at;
        h.mf = at + 32u < n;
        frames_ip(f, &h, message + at, h.mf ? 32 : n - at);
    }
    assert_true(f->packet.reassembled && f->packet.has_quote);
    assert_int_equal(f->packet.quote.ip.header_bytes, 60);
    found(f, IK_DETECT_FRAG_ABUSE);
}

/* Zephyr 12164: a checksum that is 0x0000 because the rest makes it so. */
static void zephyr_checksum_of_zero__is_right(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    /* Type 8 and identifier 0xf7ff: all ones together. */
    const uint8_t message[8] = {IK_ICMP4_ECHO, 0, 0, 0, 0xf7, 0xff, 0, 0};
    frames_ip(f, &talk_out4, message, sizeof(message));
    assert_true(f->packet.icmp.checksum_ok);
    silent(f);
}

/* ---- quotes ---------------------------------------------------------------------------------- */

/* CVE-2019-5598 */
static void freebsd_pf_error_for_another_host_than_quoted__is_no_part_of_the_flow(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    frames_udp(f, &talk_out4, 5000, 53, 8);
    frames_error(f, &(struct frames_head){.src = "198.51.100.7", .dst = "192.0.2.99"},
                 IK_ICMP4_UNREACHABLE, 3, 0, quote,
                 frames_make_udp(&talk_out4, 5000, 53, 8, quote));
    found(f, IK_DETECT_BLIND_RESET);
}

/* CVE-2026-23398 */
static void linux_quote_of_a_protocol_without_handler__means_nothing(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    struct frames_head h = talk_out4;
    h.proto = 253;
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 4, 1400, quote,
                 frames_make(&h, quote + 100, 1480, quote));
    silent(f);
}

/* CVE-2020-11910, CVE-2020-11898: fewer bytes than ports need, and a length inside that is not that
 * of what is there. nat46 77: eight bytes, and nothing quoted. */
static void treck_short_quote__is_short(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    for (int v6 = 0; v6 < 2; v6++) {
        const size_t whole = frames_make_udp(v6 ? &talk_out6 : &talk_out4, 5000, 53, 8, quote);
        for (size_t n = 0; n <= whole; n++) {
            frames_error(f, v6 ? &talk_router6 : &talk_router4,
                         v6 ? IK_ICMP6_UNREACHABLE : IK_ICMP4_UNREACHABLE, v6 ? 4 : 3, 0, quote, n);
            assert_int_equal(f->packet.has_quote, n >= (v6 ? 40 : 20));
            assert_int_equal(f->packet.has_quote && f->packet.quote.has & IK_QUOTE_PORTS,
                             n >= (v6 ? 44 : 24));
            if (n == 0)
                assert_true(has_flaw(&f->packet, IK_FLAW_NO_QUOTE, v6 ? 48 : 28));
        }
    }
    frames_make_udp(&talk_out4, 5000, 53, 8, quote);
    ik_store_be16(quote + 2, 60000);
    frames_error(f, &talk_router4, IK_ICMP4_UNREACHABLE, 3, 0, quote, 36);
    silent(f);
}

/* ---- fragments ------------------------------------------------------------------------------- */

/* CVE-2021-24086, CVE-2024-38063: headers of more than a datagram can have, in parts of parts. */
static void windows_nested_fragments_of_many_headers__are_found_and_never_whole(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    enum { PART = 1024 };
    uint8_t part[8 + PART];
    const struct frames_head h = {
        .src = "2001:db8::1", .dst = "2001:db8::2", .proto = IK_PROTO_FRAGMENT};
    for (uint32_t at = 0; at < 65536; at += PART) {
        memset(part, 0, sizeof(part));
        part[0] = IK_PROTO_DSTOPTS; /* each of 8 bytes, the next of the same kind */
        ik_store_be16(part + 2, (uint16_t)(at | 1));
        ik_store_be32(part + 4, 77);
        for (uint32_t i = 0; i < PART; i += 8)
            memcpy(part + 8 + i, "\x3c\0\1\4\0\0\0\0", 8);
        frames_ip(f, &h, part, sizeof(part));
        assert_false(f->looked);
    }
    ik_store_be16(part + 2, 0xfff8);
    frames_ip(f, &h, part, sizeof(part));
    assert_false(f->looked);
    assert_non_null(frames_find(f, IK_DETECT_FRAG_ABUSE)); /* headers do not end in the first */
    found(f, IK_DETECT_FRAG_OVERSIZE);
}

/* CVE-2024-32867, CVE-2024-37151, CVE-2024-45796: the same identification twice, holes, and an
 * overlap by one unit at the end. */
static void suricata_overlap_at_the_end__is_never_whole(void **state)
{
    (void)state;
    static uint8_t data[3000];
    struct frames *f = frames_new(NULL, NULL);
    struct frames_head h = talk_out4;
    h.df = false;
    h.mf = true;
    frames_ip(f, &h, data, 1480);
    h.offset_bytes = 1472;
    h.mf = false;
    frames_ip(f, &h, data + 1472, 1000);
    assert_false(f->looked || f->packet.reassembled);
    found(f, IK_DETECT_FRAG_ABUSE);
}

static void suricata_hole__is_never_whole(void **state)
{
    (void)state;
    static uint8_t data[3000];
    struct frames *f = frames_new(NULL, NULL);
    struct frames_head h = talk_out4;
    h.df = false;
    for (int again = 0; again < 2; again++) {
        h.mf = true;
        h.offset_bytes = 0;
        frames_ip(f, &h, data, 1480);
        h.mf = false;
        h.offset_bytes = 1488;
        frames_ip(f, &h, data, 1000);
        assert_false(f->looked || f->packet.reassembled);
        f->now += 61 * IK_NS_PER_S;
    }
    silent(f);
}

/* ---- IPv6 ------------------------------------------------------------------------------------ */

/* CVE-2020-17441: a length that is not the wire's. CVE-2020-17443: an echo of four bytes. */
static void picotcp_length_beyond_the_wire__is_told_and_not_read(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    uint8_t packet[FRAMES_BYTES];
    size_t n = frames_make_echo(&talk_out6, false, 7, 1, "12345678", 8, packet);
    ik_store_be16(packet + 4, 60000);
    put_exact(f, IK_LINKTYPE_RAW, packet, n);
    assert_true(has_flaw(&f->packet, IK_FLAW_TRUNCATED, 4));
    const uint8_t four[4] = {IK_ICMP6_ECHO};
    frames_raw(f, &talk_out6, four, sizeof(four));
    assert_true(has_flaw(&f->packet, IK_FLAW_SHORT, 44));
    frames_free(f);
}

/* CVE-2020-17445: an option that reaches past the end of the destination options. */
static void picotcp_option_past_the_end__is_told(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    uint8_t bytes[8 + 8] = {IK_PROTO_ICMP6, 0, 5, 200, 0, 0, 0, 0, IK_ICMP6_ECHO};
    struct frames_head h = talk_out6;
    h.proto = IK_PROTO_DSTOPTS;
    frames_ip(f, &h, bytes, sizeof(bytes));
    assert_true(has_flaw(&f->packet, IK_FLAW_OPTION_PAST_END, 43));
    frames_free(f);
}

/* CVE-2025-12899: what IPv6 calls echo and neighbour discovery is nothing in IPv4. */
static void zephyr_ipv4_types_of_ipv6__are_unknown(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    for (unsigned type = 128; type <= 161; type++) {
        uint8_t message[64] = {(uint8_t)type};
        frames_raw(f, &talk_out4, message, sizeof(message));
        assert_true(f->looked);
        assert_int_equal(f->packet.icmp.kind, IK_ICMP_RAW);
    }
    assert_int_equal(frames_count(f, IK_DETECT_ND_MALFORMED), 0);
    assert_int_equal(frames_count(f, IK_DETECT_RA_SPOOF), 0);
    assert_int_equal(frames_count(f, IK_DETECT_REDIRECT), 0);
    frames_free(f);
}

/* CVE-2020-16898 */
static void windows_rdnss_of_even_length__is_found(void **state)
{
    (void)state;
    for (uint8_t units = 3; units <= 4; units++) {
        struct frames *f = frames_new(NULL, NULL);
        uint8_t message[16 + 32] = {IK_ICMP6_ROUTER_ADV, 0, 0, 0, 64, 0, 7, 8};
        message[16] = IK_NDOPT_RDNSS;
        message[17] = units;
        frames_raw(f, &(struct frames_head){.src = "fe80::1", .dst = "ff02::1"}, message,
                   16u + 8u * units);
        assert_int_equal(frames_count(f, IK_DETECT_ND_MALFORMED), units == 4);
        frames_free(f);
    }
}

/* FreeRTOS+TCP 1296, 1335: a short advertisement, and a prefix that is not four units. */
static void freertos_short_advertisement__is_told(void **state)
{
    (void)state;
    const struct frames_head h = {.src = "fe80::1", .dst = "ff02::1"};
    uint8_t message[24] = {IK_ICMP6_NEIGHBOR_ADV};
    for (size_t n = 4; n < sizeof(message); n++) {
        struct frames *f = frames_new(NULL, NULL);
        frames_raw(f, &h, message, n);
        found(f, IK_DETECT_ND_MALFORMED);
    }
    uint8_t adv[16 + 24] = {IK_ICMP6_ROUTER_ADV, 0, 0, 0, 64, 0, 7, 8};
    adv[16] = IK_NDOPT_PREFIX;
    adv[17] = 3;
    struct frames *f = frames_new(NULL, NULL);
    frames_raw(f, &h, adv, sizeof(adv));
    found(f, IK_DETECT_ND_MALFORMED);
}

/* CVE-2025-14558: what stands in a list of names is never told as it stands. */
static void rtsold_names_for_a_shell__stay_bytes(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    static const char names[] = "\x0a;$(reboot)\0\0\0\0\0";
    uint8_t message[16 + 24] = {IK_ICMP6_ROUTER_ADV, 0, 0, 0, 64, 0, 7, 8};
    message[16] = IK_NDOPT_DNSSL;
    message[17] = 3;
    memcpy(message + 16 + 8, names, 12);
    frames_raw(f, &(struct frames_head){.src = "fe80::1", .dst = "ff02::1", .ttl = 64}, message,
               sizeof(message));
    const struct ik_finding *one = frames_found(f, IK_DETECT_RA_SPOOF);
    struct ik_finding_mem mem;
    const struct ik_record record = ik_finding_record(one, &mem);
    char rule[IK_RULE_TEXT], json[8192];
    size_t n;
    assert_int_equal(ik_record_json(&record, json, sizeof(json), &n), IK_OK);
    assert_null(strstr(json, "$("));
    assert_null(strstr(ik_finding_rule(one, rule), "$("));
    frames_free(f);
}

/* ---- cut anywhere ---------------------------------------------------------------------------- */

/* CVE-2017-12895, 13012, 13021, 13041, CVE-2018-14462, CVE-2020-22283, CVE-2024-5564: each message
 * cut at each length says so, and nothing behind its end is read. */
static void tcpdump_message_cut_at_each_length__is_flawed(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    uint8_t packet[FRAMES_BYTES];
    for (unsigned type = 0; type < EVERY; type++) {
        for (int v6 = 0; v6 < 2; v6++) {
            uint8_t message[120];
            const size_t quoted =
                frames_make_udp(v6 ? &talk_out6 : &talk_out4, 5000, 53, 30, quote);
            memset(message, 1, sizeof(message));
            memcpy(message, (uint8_t[8]){(uint8_t)type}, 8);
            memcpy(message + 8, quote, quoted < sizeof(message) - 8 ? quoted : sizeof(message) - 8);
            frames_raw(f, v6 ? &talk_out6 : &talk_out4, message, sizeof(message));
            const size_t whole = f->n_bytes;
            memcpy(packet, f->bytes, whole);
            for (size_t n = 0; n < whole; n++) {
                put_exact(f, IK_LINKTYPE_RAW, packet, n);
                assert_true(!f->packet.has_ip || f->packet.faults.n > 0);
            }
        }
    }
    frames_free(f);
}

/* ---- where others are wrong ------------------------------------------------------------------ */

/* Types 40, 42 and 43 and codes 1 and 2 of type 12 are known. */
static void suricata_types_of_today__are_known(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    frames_udp(f, &talk_out4, 5000, 53, 8);
    const size_t n = frames_make_udp(&talk_out4, 5000, 53, 8, quote);
    for (uint8_t code = 0; code <= 2; code++) {
        frames_error(f, &talk_router4, IK_ICMP4_PARAMETER_PROBLEM, code, 0, quote, n);
        assert_int_equal(f->packet.faults.n, 0);
    }
    frames_error(f, &talk_router4, IK_ICMP4_PARAMETER_PROBLEM, 3, 0, quote, n);
    assert_true(f->packet.faults.n > 0);
    assert_non_null(ik_icmp_type_name(4, 40));
    assert_non_null(ik_icmp_type_name(4, 42));
    assert_non_null(ik_icmp_type_name(4, 43));
    silent(f);
}

/* Others know 255.255.255.255 alone. */
static void snort_directed_broadcast__is_known(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_prefix home = frames_prefix("192.0.2.0/25");
    cfg.home = &home;
    cfg.n_home = 1;
    struct frames *f = frames_new(NULL, &cfg);
    const struct frames_head last = {.src = "198.51.100.7", .dst = "192.0.2.126"};
    const struct frames_head all = {.src = "198.51.100.7", .dst = "192.0.2.127"};
    frames_echo(f, &last, false, 7, 1, "x", 1);
    frames_silent(f);
    frames_echo(f, &all, false, 7, 1, "x", 1);
    found(f, IK_DETECT_SMURF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iputils_clock_of_int64_ends_in_a_reply__is_bytes),
        cmocka_unit_test(freebsd_ping_ihl_15_outside_and_quoted__is_read_at_its_length),
        cmocka_unit_test(tracepath_option_of_length_zero__ends_with_a_flaw),
        cmocka_unit_test(windows_fragmented_quote_with_options__is_bounded_and_found),
        cmocka_unit_test(zephyr_checksum_of_zero__is_right),
        cmocka_unit_test(freebsd_pf_error_for_another_host_than_quoted__is_no_part_of_the_flow),
        cmocka_unit_test(linux_quote_of_a_protocol_without_handler__means_nothing),
        cmocka_unit_test(treck_short_quote__is_short),
        cmocka_unit_test(windows_nested_fragments_of_many_headers__are_found_and_never_whole),
        cmocka_unit_test(suricata_overlap_at_the_end__is_never_whole),
        cmocka_unit_test(suricata_hole__is_never_whole),
        cmocka_unit_test(picotcp_length_beyond_the_wire__is_told_and_not_read),
        cmocka_unit_test(picotcp_option_past_the_end__is_told),
        cmocka_unit_test(zephyr_ipv4_types_of_ipv6__are_unknown),
        cmocka_unit_test(windows_rdnss_of_even_length__is_found),
        cmocka_unit_test(freertos_short_advertisement__is_told),
        cmocka_unit_test(rtsold_names_for_a_shell__stay_bytes),
        cmocka_unit_test(tcpdump_message_cut_at_each_length__is_flawed),
        cmocka_unit_test(suricata_types_of_today__are_known),
        cmocka_unit_test(snort_directed_broadcast__is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
