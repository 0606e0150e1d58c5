/* SPDX-License-Identifier: MIT
 * ICMP errors: octets 4-7, the quote, RFC 4884 structures, and what we send. */
#include "icmp_vectors.h"
#include "vector.h"

#include "base/bytes.h"
#include "base/rd.h"

static uint8_t buf[4096], out[4096], structure[1024];
static struct ik_faults faults;

/* IPv4 header of 192.0.2.1 to 198.51.100.7, UDP 33434 to 33435. */
#define QUOTE4 "45000024 12340000 01110000 c0000201 c6336407 829a829b 00100000 0102030405060708"
/* IPv6 header of fe80::2 to 2001:db8::7, UDP. */
#define QUOTE6                                                                           \
    "6000000000101101 fe800000000000000000000000000002 20010db8000000000000000000000007" \
    "829a829b 00100000 0102030405060708"

static struct ik_icmp decoded(struct ik_rd in, const struct ik_icmp_ctx *ctx)
{
    struct ik_icmp msg;
    faults = (struct ik_faults){0};
    struct ik_icmp_ctx quiet = *ctx;
    quiet.checksum_verified = true;
    assert_int_equal(ik_icmp_decode(&msg, in, &quiet, &faults), IK_OK);
    assert_int_equal(msg.kind, IK_ICMP_ERROR);
    return msg;
}

static struct ik_icmp decoded_plain(struct ik_rd in, uint8_t family)
{
    const struct ik_icmp_ctx ctx = {.family = family};
    return decoded(in, &ctx);
}

/* A message in buf: head, then `quoted` bytes of a quote, then a structure with one MPLS label. */
static struct ik_rd with_structure(uint8_t family, uint8_t type, uint8_t length_words,
                                   size_t quoted)
{
    memset(buf, 0, sizeof(buf));
    buf[0] = type;
    buf[family == 4 ? 5 : 4] = length_words;
    buf[8] = family == 4 ? 0x45 : 0x60;
    const size_t n =
        vector_bytes("2000 9d76 0008 0101 42c1a101", buf + 8 + quoted, sizeof(buf) - 8 - quoted);
    ik_store_be16(buf + 8 + quoted + 2, 0);
    const uint16_t sum = ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){buf + 8 + quoted, n}));
    ik_store_be16(buf + 8 + quoted + 2, sum);
    return (struct ik_rd){buf, 8 + quoted + n};
}

/* ---- octets 4-7 ------------------------------------------------------------------------------ */

/* R792-Formats-02 */
static void decode__unused_octet_set__is_decoded_and_told(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("0b000000 ff000000" QUOTE4);
    const struct ik_icmp msg = decoded_plain(in, 4);
    assert_int_equal(msg.error.rest, 0xff000000);
    assert_int_equal(msg.error.quote.left, in.left - 8);
    assert_int_equal(faults.n, 1);
    assert_true(vector_has_flaw(&faults, IK_FLAW_RESERVED, 4));
    vector_free(in);
}

/* R4443-3.1-11: octets 5-7 are unused, octet 4 has become the length attribute. */
static void decode__v6_unused_octets_set__is_decoded_and_told(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("01040000 00010203" QUOTE6);
    const struct ik_icmp msg = decoded_plain(in, 6);
    assert_int_equal(msg.error.quote.left, in.left - 8);
    assert_true(vector_has_flaw(&faults, IK_FLAW_RESERVED, 5));
    vector_free(in);
}

/* R792-PP-02: 21 is the second octet of the first option. */
static void decode__parameter_problem__has_its_pointer(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("0c000000 15000000 46000028 12340000 01110000 c0000201 c6336407"
                                 "07010400 829a829b 00100000");
    const struct ik_icmp msg = decoded_plain(in, 4);
    assert_int_equal(msg.error.pointer, 21);
    assert_int_equal(msg.error.quote.p[msg.error.pointer], 1);
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

/* R792-Redirect-03 */
static void redirect4__both_ways__has_the_gateway_in_octets_4_to_7(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("05010000 c00002fe" QUOTE4);
    const struct ik_icmp msg = decoded_plain(in, 4);
    char text[IK_ADDR_TEXT];
    assert_string_equal(ik_addr_text(&msg.error.gateway, text), "192.0.2.254");
    assert_int_equal(msg.error.length_words, 0);
    size_t len;
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_OK);
    assert_memory_equal(out + 4, in.p + 4, 4);
    struct ik_quote quote;
    assert_int_equal(ik_quote_decode(&quote, msg.error.quote, NULL), IK_OK);
    assert_string_equal(ik_addr_text(&quote.ip.dst, text), "198.51.100.7");
    vector_free(in);
}

/* R4443-3.4-02 */
static void decode__v6_pointer_past_the_quote__is_accepted(void **state)
{
    (void)state;
    memset(buf, 0, sizeof(buf));
    buf[0] = IK_ICMP6_PARAMETER_PROBLEM;
    ik_store_be32(buf + 4, 2000);
    buf[8] = 0x60;
    const struct ik_icmp msg = decoded_plain((struct ik_rd){buf, 8 + 1232}, 6);
    assert_int_equal(msg.error.pointer, 2000);
    assert_int_equal(msg.error.quote.left, 1232);
    assert_int_equal(faults.n, 0);
}

/* R8754-4.3.1-01 */
static void decode__segment_routing_error__has_name_and_pointer(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("04040000 00000028" QUOTE6);
    const struct ik_icmp msg = decoded_plain(in, 6);
    assert_int_equal(msg.error.pointer, 40);
    assert_string_equal(ik_icmp_code_name(6, msg.type, msg.code), "sr-upper-layer-header-error");
    vector_free(in);
}

/* R2521-2-01 */
static void decode__photuris__has_a_16_bit_pointer(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("28000000 00000014 45000024 12340000 01320000 c0000201 c6336407"
                                 "0000abcd 00000001");
    struct ik_icmp msg = decoded_plain(in, 4);
    assert_int_equal(msg.error.pointer, 20);
    assert_int_equal(msg.error.quote.left, 28);
    assert_int_equal(faults.n, 0);
    size_t len;
    msg.error.pointer = 0x10000; /* no field for it */
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_E_VALUE);
    vector_free(in);
}

/* R8883-4-01 */
static void decode__headers_too_long__has_the_pointer_of_its_object(void **state)
{
    (void)state;
    struct ik_rd in = with_structure(6, IK_ICMP6_UNREACHABLE, 16, 128);
    buf[1] = IK_ICMP6_UNREACHABLE_HEADERS_TOO_LONG;
    const size_t n = vector_bytes("2000 0000 0008 0401 00000428", buf + 136, 64);
    in.left = 136 + n;
    struct ik_icmp msg = decoded_plain(in, 6);
    assert_int_equal(msg.error.pointer, 0x428);
    assert_int_equal(faults.n, 0);
    buf[136 + 7] = 9; /* another C-Type: nobody said what it holds */
    msg = decoded_plain(in, 6);
    assert_int_equal(msg.error.pointer, 0);
}

/* R4443-3-01: the quote of any error starts at octet 8, that of an unknown one as well. */
static void decode__v6_errors__quote_from_octet_8(void **state)
{
    (void)state;
    static const uint8_t types[] = {1, 2, 3, 4, 5, 99, 126};
    for (size_t i = 0; i < sizeof(types); i++) {
        struct ik_rd in = vector_hex("01000000 00000000" QUOTE6);
        memcpy(buf, in.p, in.left);
        buf[0] = types[i];
        const struct ik_icmp msg = decoded_plain((struct ik_rd){buf, in.left}, 6);
        assert_ptr_equal(msg.error.quote.p, buf + 8);
        assert_int_equal(msg.error.quote.left, in.left - 8);
        vector_free(in);
    }
}

/* R4443-2.1-02 */
static void decode__v6_reserved_and_private_types__are_opaque(void **state)
{
    (void)state;
    static const uint8_t types[] = {100, 101, 127, 200, 201, 255};
    for (size_t i = 0; i < sizeof(types); i++) {
        struct ik_rd in = vector_hex("00050000 0102030405");
        memcpy(buf, in.p, in.left);
        buf[0] = types[i];
        const struct ik_icmp_ctx ctx = {.family = 6, .checksum_verified = true};
        struct ik_icmp msg;
        faults = (struct ik_faults){0};
        assert_int_equal(ik_icmp_decode(&msg, (struct ik_rd){buf, in.left}, &ctx, &faults), IK_OK);
        assert_int_equal(msg.kind, IK_ICMP_RAW);
        assert_int_equal(msg.raw.left, 5);
        assert_int_equal(faults.n, 0);
        vector_free(in);
    }
}

/* ---- quotes ---------------------------------------------------------------------------------- */

/* nat46 issue 77: 8 bytes, and the length of the quote wrapped. */
static void decode__eight_bytes__have_no_quote(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct ik_rd in = vector_hex("01000000 00000000");
        memcpy(buf, in.p, in.left);
        buf[0] = family == 4 ? 3 : 1;
        const struct ik_icmp msg = decoded_plain((struct ik_rd){buf, 8}, family);
        assert_int_equal(msg.error.quote.left, 0);
        assert_int_equal(msg.error.extensions.left, 0);
        assert_int_equal(faults.n, 1);
        assert_true(vector_has_flaw(&faults, IK_FLAW_NO_QUOTE, 8));
        vector_free(in);
    }
}

/* R792-DU-02; CVE-2022-23093: options, here IHL 8 and 15, belong to the header. */
static void decode__quoted_header_with_options__finds_the_ports_behind_them(void **state)
{
    (void)state;
    static const uint8_t ihls[] = {5, 8, 15};
    for (size_t i = 0; i < sizeof(ihls); i++) {
        const size_t header = 4u * ihls[i];
        memset(buf, 1, sizeof(buf)); /* options: NOP */
        vector_bytes("03030000 00000000 45000024 12340000 01110000 c0000201 c6336407", buf, 28);
        buf[8] = 0x40 | ihls[i];
        vector_bytes("829a829b 00100000", buf + 8 + header, 8);
        const struct ik_icmp msg = decoded_plain((struct ik_rd){buf, 16 + header}, 4);
        struct ik_quote quote;
        assert_int_equal(ik_quote_decode(&quote, msg.error.quote, NULL), IK_OK);
        assert_true(quote.has & IK_QUOTE_PORTS);
        assert_int_equal(quote.sport, 33434);
        assert_int_equal(quote.dport, 33435);
        assert_ptr_equal(quote.transport.p, buf + 8 + header);
    }
}

/* CVE-2023-23415: type 12 whose quote has 40 bytes of options, one of 38 zeros. */
static void decode__quoted_option_of_38_zeros__is_bounded(void **state)
{
    (void)state;
    memset(buf, 0, sizeof(buf));
    vector_bytes("0c000000 14000000 4f000050 12340000 01110000 c0000201 c6336407 9526", buf, 30);
    const struct ik_icmp msg = decoded_plain((struct ik_rd){buf, 8 + 60}, 4);
    struct ik_quote quote;
    assert_int_equal(ik_quote_decode(&quote, msg.error.quote, &faults), IK_OK);
    assert_int_equal(quote.ip.header_bytes, 60);
    assert_int_equal(quote.has, 0);
    struct ik_rd options = quote.ip.options;
    struct ik_ipopt option;
    assert_int_equal(ik_ipopt_take(&options, &option, NULL), IK_OK);
    assert_int_equal(option.data.left, 36);
    assert_int_equal(options.left, 2);
}

/* CVE-2020-11910, CVE-2020-11898: fewer bytes than the quoted header needs. */
static void decode__quote_cut_anywhere__is_short_and_never_overrun(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("03030000 00000000" QUOTE4);
    for (size_t n = 8; n <= in.left; n++) {
        uint8_t *block = vector_block(in.p, n);
        const struct ik_icmp msg = decoded_plain((struct ik_rd){block, n}, 4);
        struct ik_quote quote;
        const enum ik_err err = ik_quote_decode(&quote, msg.error.quote, &faults);
        assert_int_equal(err, n < 28 ? IK_E_SHORT : IK_OK);
        if (!err)
            assert_int_equal((quote.has & IK_QUOTE_PORTS) != 0, n >= 32);
        free(block);
    }
    vector_free(in);
}

/* R4443-3-02; CVE-2019-5598: an error about a packet that its receiver never sent. */
static void decode__quoted_source_is_not_the_receiver__is_told(void **state)
{
    (void)state;
    struct ik_addr to4 = {.family = 4, .bytes = {192, 0, 2, 1}};
    struct ik_icmp_ctx ctx = {.family = 4, .dst = &to4};
    struct ik_rd in = vector_hex("03030000 00000000" QUOTE4);
    decoded(in, &ctx);
    assert_int_equal(faults.n, 0);
    to4.bytes[3] = 2;
    decoded(in, &ctx);
    assert_true(vector_has_flaw(&faults, IK_FLAW_QUOTE_SOURCE, 8 + 12));
    vector_free(in);

    struct ik_addr to6 = icmp_vector_dst;
    ctx = (struct ik_icmp_ctx){.family = 6, .dst = &to6};
    in = vector_hex("01040000 00000000" QUOTE6);
    decoded(in, &ctx);
    assert_int_equal(faults.n, 0);
    to6.bytes[15] = 9;
    decoded(in, &ctx);
    assert_true(vector_has_flaw(&faults, IK_FLAW_QUOTE_SOURCE, 8 + 8));
    vector_free(in);
}

/* CVE-2026-23398: 3/4 that quotes a protocol which nobody handles. */
static void decode__quoted_protocol_253__is_only_a_quote(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("03040000 00000578 45000024 12340000 01fd0000 c0000201 c6336407"
                                 "0102030405060708");
    const struct ik_icmp msg = decoded_plain(in, 4);
    struct ik_quote quote;
    assert_int_equal(msg.error.mtu, 1400);
    assert_int_equal(ik_quote_decode(&quote, msg.error.quote, NULL), IK_OK);
    assert_int_equal(quote.ip.proto, 253);
    assert_int_equal(quote.has, 0);
    assert_int_equal(quote.transport.left, 8);
    vector_free(in);
}

/* R4884-5.1-01: with an extension after a padded quote, the quoted checksum says nothing. */
static void decode__extended_error_quoting_tcp__is_accepted_whatever_its_checksum(void **state)
{
    (void)state;
    const struct ik_rd in = with_structure(4, IK_ICMP4_TIME_EXCEEDED, 32, 128);
    vector_bytes("45000028 12340000 01060000 c0000201 c6336407"
                 "829a0050 11223344 00000000 50020400 dead0000",
                 buf + 8, 128);
    const struct ik_icmp msg = decoded_plain(in, 4);
    assert_int_equal(msg.error.extensions.left, 12);
    struct ik_quote quote;
    assert_int_equal(ik_quote_decode(&quote, msg.error.quote, &faults), IK_OK);
    assert_true(quote.has & IK_QUOTE_TCP_SEQ);
    assert_int_equal(quote.tcp_seq, 0x11223344);
    assert_int_equal(faults.n, 0);
}

/* ---- RFC 4884, reading ----------------------------------------------------------------------- */

/* R4884-4-01: octet 5 in 32-bit words for ICMPv4, octet 4 in 64-bit words for ICMPv6. */
static void decode__length_attribute__is_found_for_each_type(void **state)
{
    (void)state;
    static const struct {
        uint8_t family, type, words;
    } types[] = {{4, 3, 32}, {4, 11, 32}, {4, 12, 32}, {6, 1, 16}, {6, 3, 16}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const struct ik_rd in = with_structure(types[i].family, types[i].type, types[i].words, 128);
        const struct ik_icmp msg = decoded_plain(in, types[i].family);
        assert_int_equal(msg.error.length_words, types[i].words);
        assert_int_equal(msg.error.quote.left, 128);
        assert_ptr_equal(msg.error.extensions.p, buf + 136);
        assert_int_equal(msg.error.extensions.left, 12);
        assert_false(msg.error.lenient);
        assert_int_equal(faults.n, 0);
    }
}

static void decode__length_attribute_that_cannot_be__is_told(void **state)
{
    (void)state;
    struct ik_rd in = with_structure(4, IK_ICMP4_UNREACHABLE, 255, 128);
    struct ik_icmp msg = decoded_plain(in, 4);
    assert_int_equal(msg.error.quote.left, in.left - 8);
    assert_int_equal(msg.error.extensions.left, 0);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_LENGTH, 5));

    in = with_structure(6, IK_ICMP6_TIME_EXCEEDED, 6, 48);
    msg = decoded_plain(in, 6);
    assert_int_equal(msg.error.quote.left, 48);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_QUOTE_SHORT, 4));

    in = with_structure(4, IK_ICMP4_UNREACHABLE, 32, 128);
    in.left = 136;
    msg = decoded_plain(in, 4);
    assert_int_equal(msg.error.quote.left, 128);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_MISSING, 5));
}

/* tcpdump's test icmp-icmp-ttl-exceeded-mpls.pcap, from a backbone router: 17 words announced, of
 * which the original datagram has not even as many bytes, and a structure after 128. */
static void decode__length_below_128__finds_the_structure_at_128(void **state)
{
    (void)state;
    memset(buf, 0, sizeof(buf));
    vector_bytes("0b00f4ee 00110000 4500002a b4960000 0201d37e 84e37b08 4153ef7f 08005dc0 5dc0bc95"
                 "7fe9",
                 buf, sizeof(buf));
    vector_bytes("2000707d 000c0101 073d9001 0635d101", buf + 136, 16);
    struct ik_icmp msg = decoded_plain((struct ik_rd){buf, 152}, 4);
    assert_int_equal(msg.error.length_words, 17);
    assert_int_equal(msg.error.quote.left, 128);
    assert_int_equal(msg.error.extensions.left, 16);
    assert_true(msg.error.lenient);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_QUOTE_SHORT, 5));
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_LENIENT, 136));
    buf[151] ^= 1; /* unproven there: as the attribute says */
    msg = decoded_plain((struct ik_rd){buf, 152}, 4);
    assert_int_equal(msg.error.quote.left, 68);
    assert_false(msg.error.lenient);
    buf[151] ^= 1;
    memcpy(buf + 76, buf + 136, 16); /* proven where the attribute points: that one is meant */
    memset(buf + 136, 0, 16);
    msg = decoded_plain((struct ik_rd){buf, 92}, 4);
    assert_int_equal(msg.error.quote.left, 68);
    assert_int_equal(msg.error.extensions.left, 16);
    assert_false(msg.error.lenient);
}

/* R4884-5.4-01, R4884-5.5-01 */
static void decode__structure_without_length__is_found_only_when_lenient(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        const struct ik_rd in = with_structure(family, family == 4 ? 11 : 3, 0, 128);
        struct ik_icmp msg = decoded_plain(in, family);
        assert_int_equal(msg.error.extensions.left, 0);
        assert_int_equal(msg.error.quote.left, in.left - 8);
        assert_int_equal(faults.n, 0);
        const struct ik_icmp_ctx lenient = {.family = family, .lenient_ext = true};
        msg = decoded(in, &lenient);
        assert_int_equal(msg.error.quote.left, 128);
        assert_ptr_equal(msg.error.extensions.p, buf + 136);
        assert_true(msg.error.lenient);
        assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_LENIENT, 136));
    }
}

/* Where no length announces it, only version and checksum can prove a structure. */
static void decode__lenient_and_unproven__finds_none(void **state)
{
    (void)state;
    const struct ik_icmp_ctx lenient = {.family = 4, .lenient_ext = true};
    static const struct {
        size_t at;
        uint8_t value;
    } damages[] = {{136, 0x10}, {136, 0x30}, {139, 0xff}, {147, 0xff}};
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        const struct ik_rd in = with_structure(4, IK_ICMP4_TIME_EXCEEDED, 0, 128);
        buf[damages[i].at] = damages[i].value;
        assert_int_equal(decoded(in, &lenient).error.extensions.left, 0);
    }
    const struct ik_rd in = with_structure(4, IK_ICMP4_TIME_EXCEEDED, 0, 128);
    ik_store_be16(buf + 138, 0);
    assert_int_equal(decoded(in, &lenient).error.extensions.left, 0);
    /* nor does a type that has no length attribute have a structure (R4884-4.6-01) */
    const struct ik_rd redirect = with_structure(4, IK_ICMP4_REDIRECT, 0, 128);
    assert_int_equal(decoded(redirect, &lenient).error.extensions.left, 0);
}

/* R4884-5.2-01 */
static void decode__lenient_below_144_octets__finds_none(void **state)
{
    (void)state;
    const struct ik_icmp_ctx lenient = {.family = 4, .lenient_ext = true};
    struct ik_rd in = with_structure(4, IK_ICMP4_TIME_EXCEEDED, 0, 128);
    /* an object without payload makes 144 */
    vector_bytes("2000 dff7 0004 0404", buf + 136, 8);
    ik_store_be16(buf + 138, 0);
    ik_store_be16(buf + 138, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){buf + 136, 8})));
    in.left = 144;
    assert_int_equal(decoded(in, &lenient).error.extensions.left, 8);
    in.left = 143;
    assert_int_equal(decoded(in, &lenient).error.extensions.left, 0);
}

/* ---- RFC 4884, sending ----------------------------------------------------------------------- */

/* An error about `quoted` bytes with `ext` bytes of structure; its length, or the error negated. */
static long built(uint8_t family, uint8_t type, size_t quoted, size_t ext)
{
    memset(buf, 0xa5, sizeof(buf));
    memset(structure, 0x5a, sizeof(structure));
    const struct ik_icmp msg = {
        .family = family,
        .type = type,
        .kind = IK_ICMP_ERROR,
        .error = {.quote = {buf, quoted}, .extensions = {structure, ext}},
    };
    size_t len;
    const enum ik_err err = ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len);
    return err ? -(long)err : (long)len;
}

/* R4884-4-02 */
static void encode__without_structure__has_no_length_and_no_padding(void **state)
{
    (void)state;
    assert_int_equal(built(4, 11, 61, 0), 69);
    assert_int_equal(ik_load_be32(out + 4), 0);
    assert_int_equal(built(6, 3, 61, 0), 69);
    assert_int_equal(ik_load_be32(out + 4), 0);
}

/* R4884-4-01, R4884-4-03 */
static void encode__short_original__is_padded_to_128(void **state)
{
    (void)state;
    static const uint8_t zeros[68];
    assert_int_equal(built(4, 11, 60, 12), 136 + 12);
    assert_int_equal(ik_load_be32(out + 4), 0x00200000);
    assert_int_equal(out[8 + 59], 0xa5);
    assert_memory_equal(out + 8 + 60, zeros, 68);
    assert_int_equal(out[136], 0x5a);
    assert_int_equal(built(6, 3, 60, 12), 136 + 12);
    assert_int_equal(ik_load_be32(out + 4), 0x10000000);
}

/* R4884-4-04 */
static void encode__odd_original__is_padded_to_words(void **state)
{
    (void)state;
    assert_int_equal(built(4, 3, 130, 12), 8 + 132 + 12);
    assert_int_equal(out[5], 33);
    assert_int_equal(out[8 + 129], 0xa5);
    assert_int_equal(out[8 + 130], 0);
    assert_int_equal(built(6, 1, 130, 12), 8 + 136 + 12);
    assert_int_equal(out[4], 17);
}

/* R4884-4.6-01 */
static void encode__structure_where_none_may_be__is_refused(void **state)
{
    (void)state;
    assert_int_equal(built(6, IK_ICMP6_PACKET_TOO_BIG, 128, 12), -IK_E_UNSUPPORTED);
    assert_int_equal(built(6, IK_ICMP6_PARAMETER_PROBLEM, 128, 12), -IK_E_UNSUPPORTED);
    assert_int_equal(built(4, IK_ICMP4_REDIRECT, 128, 12), -IK_E_UNSUPPORTED);
    assert_int_equal(built(4, IK_ICMP4_SOURCE_QUENCH, 128, 12), -IK_E_UNSUPPORTED);
}

/* R4884-7-01; CVE-2020-22283 wrote an ICMPv6 error past its buffer. The datagram, an IP header of
 * 20 or 40 octets included. */
static void encode__long_original__is_cut_to_what_a_datagram_may_be(void **state)
{
    (void)state;
    assert_int_equal(built(4, 11, 600, 12), 8 + 536 + 12);
    assert_int_equal(out[5], 536 / 4);
    assert_int_equal(out[8 + 536], 0x5a);
    assert_int_equal(built(4, 11, 600, 0), 556);
    assert_int_equal(built(6, 3, 2000, 12), 8 + 1216 + 12);
    assert_int_equal(out[4], 1216 / 8);
    assert_int_equal(built(6, 3, 2000, 0), 1240);
    assert_int_equal(built(4, 11, 600, 420), 8 + 128 + 420);
    assert_int_equal(built(4, 11, 600, 424), -IK_E_TOO_BIG);
}

/* R792-DU-01; CVE-2018-4407: a header of 60 bytes with its 8 of data fits, and is not overrun. */
static void encode__original_with_all_options__quotes_header_and_64_bits(void **state)
{
    (void)state;
    for (size_t quoted = 68; quoted <= 1500; quoted += 179) {
        const long len = built(4, IK_ICMP4_PARAMETER_PROBLEM, quoted, 0);
        assert_true(len >= 8 + 68 && len <= 556);
    }
}

static void encode__mtu_too_wide_for_its_field__is_refused(void **state)
{
    (void)state;
    struct ik_icmp msg = {.family = 4,
                          .type = IK_ICMP4_UNREACHABLE,
                          .code = IK_ICMP4_UNREACHABLE_FRAG_NEEDED,
                          .kind = IK_ICMP_ERROR,
                          .error = {.mtu = 65536, .quote = {buf, 28}, .extensions = {buf, 0}}};
    size_t len;
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_E_VALUE);
    msg.error.mtu = 1400;
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(ik_load_be32(out + 4), 1400);
    msg = (struct ik_icmp){.family = 6,
                           .type = IK_ICMP6_PACKET_TOO_BIG,
                           .kind = IK_ICMP_ERROR,
                           .error = {.mtu = 65536, .quote = {buf, 48}, .extensions = {buf, 0}}};
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(ik_load_be32(out + 4), 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode__unused_octet_set__is_decoded_and_told),
        cmocka_unit_test(decode__v6_unused_octets_set__is_decoded_and_told),
        cmocka_unit_test(decode__parameter_problem__has_its_pointer),
        cmocka_unit_test(redirect4__both_ways__has_the_gateway_in_octets_4_to_7),
        cmocka_unit_test(decode__v6_pointer_past_the_quote__is_accepted),
        cmocka_unit_test(decode__segment_routing_error__has_name_and_pointer),
        cmocka_unit_test(decode__photuris__has_a_16_bit_pointer),
        cmocka_unit_test(decode__headers_too_long__has_the_pointer_of_its_object),
        cmocka_unit_test(decode__v6_errors__quote_from_octet_8),
        cmocka_unit_test(decode__v6_reserved_and_private_types__are_opaque),
        cmocka_unit_test(decode__eight_bytes__have_no_quote),
        cmocka_unit_test(decode__quoted_header_with_options__finds_the_ports_behind_them),
        cmocka_unit_test(decode__quoted_option_of_38_zeros__is_bounded),
        cmocka_unit_test(decode__quote_cut_anywhere__is_short_and_never_overrun),
        cmocka_unit_test(decode__quoted_source_is_not_the_receiver__is_told),
        cmocka_unit_test(decode__quoted_protocol_253__is_only_a_quote),
        cmocka_unit_test(decode__extended_error_quoting_tcp__is_accepted_whatever_its_checksum),
        cmocka_unit_test(decode__length_attribute__is_found_for_each_type),
        cmocka_unit_test(decode__length_attribute_that_cannot_be__is_told),
        cmocka_unit_test(decode__length_below_128__finds_the_structure_at_128),
        cmocka_unit_test(decode__structure_without_length__is_found_only_when_lenient),
        cmocka_unit_test(decode__lenient_and_unproven__finds_none),
        cmocka_unit_test(decode__lenient_below_144_octets__finds_none),
        cmocka_unit_test(encode__without_structure__has_no_length_and_no_padding),
        cmocka_unit_test(encode__short_original__is_padded_to_128),
        cmocka_unit_test(encode__odd_original__is_padded_to_words),
        cmocka_unit_test(encode__structure_where_none_may_be__is_refused),
        cmocka_unit_test(encode__long_original__is_cut_to_what_a_datagram_may_be),
        cmocka_unit_test(encode__original_with_all_options__quotes_header_and_64_bits),
        cmocka_unit_test(encode__mtu_too_wide_for_its_field__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
