/* SPDX-License-Identifier: MIT
 * Neighbour discovery options: each view, what is refused, round trips, names of search lists. */
#include "icmp_vectors.h"
#include "vector.h"

#include "base/rd.h"

#define ADDR "20010db8000000000000000000000053"

static struct ik_faults faults;
static struct ik_rd kept;
static struct ik_ndopt_view view;

static enum ik_err read_one(const char *hex)
{
    if (kept.p)
        vector_free(kept);
    kept = vector_hex(hex);
    struct ik_rd rd = kept;
    struct ik_ndopt option;
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ndopt_take(&rd, &option, &faults), IK_OK);
    assert_int_equal(rd.left, 0);
    return ik_ndopt_decode(&view, &option, &faults);
}

static void assert_right(const char *hex, enum ik_ndopt_kind kind)
{
    assert_int_equal(read_one(hex), IK_OK);
    assert_int_equal(view.kind, kind);
    assert_int_equal(faults.n, 0);
    uint8_t out[512];
    size_t len;
    assert_int_equal(ik_ndopt_encode(&view, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, kept.left);
    assert_memory_equal(out, kept.p, len);
}

static void assert_wrong(const char *hex, enum ik_flaw what, unsigned at)
{
    assert_int_not_equal(read_one(hex), IK_OK);
    assert_int_equal(view.kind, IK_NDOPT_KIND_BYTES);
    assert_true(vector_has_flaw(&faults, what, at));
}

static const char *text_of(const struct ik_addr *a)
{
    static char text[IK_ADDR_TEXT];
    return ik_addr_text(a, text);
}

static void link__six_bytes__are_the_address(void **state)
{
    (void)state;
    assert_right("0101 020000000001", IK_NDOPT_KIND_LINK);
    assert_int_equal(view.link.addr.left, 6);
    assert_right("0202 0200000000010203 000000000000", IK_NDOPT_KIND_LINK);
}

/* FreeRTOS+TCP 1335: four units, no more and no fewer. */
static void prefix__four_units__is_read_and_others_refused(void **state)
{
    (void)state;
    assert_right("0304 40c0 00278d00 00093a80 00000000 20010db8000100000000000000000000",
                 IK_NDOPT_KIND_PREFIX);
    assert_int_equal(view.prefix.prefix_bits, 64);
    assert_int_equal(view.prefix.flags, IK_ND_PREFIX_ON_LINK | IK_ND_PREFIX_AUTONOMOUS);
    assert_int_equal(view.prefix.valid_s, 2592000);
    assert_string_equal(text_of(&view.prefix.prefix), "2001:db8:1::");
    assert_wrong("0303 40c0 00278d00 00093a80 00000000 20010db800010000", IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("0305 40c0 00278d00 00093a80 00000000 20010db800010000 0000000000000000"
                 "0000000000000000",
                 IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("0304 81c0 00278d00 00093a80 00000000 20010db8000100000000000000000000",
                 IK_FLAW_OPTION_VALUE, 2);
}

/* CVE-2020-16898: a length of 4 is wrong, 3 is silent. */
static void rdnss__even_length__is_refused(void **state)
{
    (void)state;
    assert_right("1903 0000 00000708" ADDR, IK_NDOPT_KIND_RDNSS);
    assert_int_equal(view.rdnss.lifetime_s, 1800);
    struct ik_rd rd = view.rdnss.addresses;
    struct ik_addr a;
    assert_int_equal(ik_icmp_list_take_addr(&rd, &a), IK_OK);
    assert_string_equal(text_of(&a), "2001:db8::53");
    assert_wrong("1904 0000 00000708" ADDR "2001000000000000", IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("1901 0000 00000708", IK_FLAW_OPTION_LENGTH, 1);
}

static void dnssl__names__are_taken_until_the_padding(void **state)
{
    (void)state;
    assert_right("1f04 0000 00000708 076578616d706c6503636f6d00 03612e62 036e6574 00 0000",
                 IK_NDOPT_KIND_DNSSL);
    struct ik_rd rd = view.dnssl.names;
    char text[IK_ND_NAME_TEXT];
    assert_int_equal(ik_ndopt_take_name(&rd, text), IK_OK);
    assert_string_equal(text, "example.com");
    assert_int_equal(ik_ndopt_take_name(&rd, text), IK_OK);
    assert_string_equal(text, "a\\046b.net"); /* a dot inside a label is not one between labels */
    assert_int_equal(ik_ndopt_take_name(&rd, text), IK_E_NOT_FOUND);
}

/* CVE-2025-14558: a search list that a shell would run. */
static void dnssl__shell_characters__are_escaped(void **state)
{
    (void)state;
    struct ik_rd hex = vector_hex("06 3b 24 28 78 29 60 04 0a 20 22 5c 00");
    struct ik_rd rd = hex;
    char text[IK_ND_NAME_TEXT];
    assert_int_equal(ik_ndopt_take_name(&rd, text), IK_OK);
    assert_string_equal(text, "\\059\\036\\040x\\041\\096.\\010\\032\\034\\092");
    assert_null(strpbrk(text, ";$()`\n \""));
    vector_free(hex);
}

static void dnssl__names_that_cannot_be__are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum ik_err err;
    } rows[] = {{"03 6162", IK_E_SHORT},
                {"02 6162", IK_E_SHORT}, /* no end */
                {"c00c", IK_E_LENGTH},   /* compression */
                {"40 61", IK_E_LENGTH}};
    char text[IK_ND_NAME_TEXT];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ik_rd hex = vector_hex(rows[i].hex);
        struct ik_rd rd = hex;
        assert_int_equal(ik_ndopt_take_name(&rd, text), rows[i].err);
        assert_int_equal(ik_ndopt_take_name(&rd, text), IK_E_NOT_FOUND);
        vector_free(hex);
    }
    /* the longest name that may be, every byte escaped, fits; one byte more is refused */
    uint8_t name[260] = {0};
    for (size_t at = 0; at < 252; at += 63) {
        name[at] = 62;
        memset(name + at + 1, 1, 62);
    }
    name[252] = 1;
    name[253] = 1;
    struct ik_rd rd = {name, 255};
    assert_int_equal(ik_ndopt_take_name(&rd, text), IK_OK);
    assert_int_equal(strlen(text), 4 * 249 + 4);
    name[252] = 2;
    name[254] = 1;
    rd = (struct ik_rd){name, 256};
    assert_int_equal(ik_ndopt_take_name(&rd, text), IK_E_LENGTH);
}

/* CVE-2024-5564: a prefix length that the option does not hold. */
static void route__prefix__is_as_long_as_it_says(void **state)
{
    (void)state;
    assert_right("1801 0008 00000e10", IK_NDOPT_KIND_ROUTE);
    assert_right("1802 3008 00000e10 20010db800010000", IK_NDOPT_KIND_ROUTE);
    assert_int_equal(view.route.prefix_bits, 48);
    assert_int_equal(view.route.lifetime_s, 3600);
    assert_right("1803 8008 00000e10 " ADDR, IK_NDOPT_KIND_ROUTE);
    assert_wrong("1801 3008 00000e10", IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("1802 4108 00000e10 20010db800010000", IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("1803 8108 00000e10 " ADDR, IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("1804 8008 00000e10 " ADDR "0000000000000000", IK_FLAW_OPTION_LENGTH, 1);
}

static void pref64__lifetime_and_code__are_worked_out(void **state)
{
    (void)state;
    assert_right("2602 0258 0064ff9b0000000000000000", IK_NDOPT_KIND_PREF64);
    assert_int_equal(view.pref64.lifetime_s, 600);
    assert_int_equal(view.pref64.prefix_bits, 96);
    assert_right("2602 fffd 0064ff9b0000000000000000", IK_NDOPT_KIND_PREF64);
    assert_int_equal(view.pref64.lifetime_s, 65528);
    assert_int_equal(view.pref64.prefix_bits, 32);
    assert_wrong("2602 0006 0064ff9b0000000000000000", IK_FLAW_OPTION_VALUE, 3);
}

static void captive_portal__zeros_at_the_end__are_no_uri(void **state)
{
    (void)state;
    assert_right("2502 68747470733a2f2f612e62 000000", IK_NDOPT_KIND_CAPTIVE_PORTAL);
    assert_int_equal(view.captive_portal.uri.left, 11);
    assert_int_equal(view.captive_portal.padding.left, 3);
    assert_right("2501 000000000000", IK_NDOPT_KIND_CAPTIVE_PORTAL);
    assert_int_equal(view.captive_portal.uri.left, 0);
}

static void cga__padding_longer_than_the_option__is_refused(void **state)
{
    (void)state;
    assert_right("0b02 0400 0102030405060708 00000000", IK_NDOPT_KIND_CGA);
    assert_int_equal(view.cga.parameters.left, 8);
    assert_int_equal(view.cga.padding.left, 4);
    assert_wrong("0b02 0d00 0102030405060708 00000000", IK_FLAW_OPTION_VALUE, 2);
    assert_right("0f02 0204 0161 0162 0163 0000 00000000", IK_NDOPT_KIND_TRUST_ANCHOR);
    assert_int_equal(view.trust_anchor.name.left, 8);
    assert_wrong("0f02 020d 0161 0162 0163 0000 00000000", IK_FLAW_OPTION_VALUE, 3);
}

static void aro__plain_and_extended__have_their_verifier(void **state)
{
    (void)state;
    assert_right("2102 00000000 003c 0200000000000001", IK_NDOPT_KIND_ARO);
    assert_int_equal(view.aro.lifetime_min, 60);
    assert_int_equal(view.aro.rovr.left, 8);
    assert_right("2103 00050309 003c 0200000000000001 0200000000000002", IK_NDOPT_KIND_ARO);
    assert_int_equal(view.aro.tid, 9);
    assert_int_equal(view.aro.flags, IK_ND_ARO_REGISTER | IK_ND_ARO_EXTENDED);
    assert_int_equal(view.aro.rovr.left, 16);
    assert_wrong("2101 00000000 003c", IK_FLAW_OPTION_LENGTH, 1);
}

static void others__as_they_should_be__are_read(void **state)
{
    (void)state;
    assert_right("0501 0000 000005dc", IK_NDOPT_KIND_MTU);
    assert_int_equal(view.mtu.mtu, 1500);
    assert_right("0402 000000000000 6000000000000000", IK_NDOPT_KIND_REDIRECTED);
    assert_int_equal(view.redirected.packet.left, 8);
    assert_right("0701 0000 000003e8", IK_NDOPT_KIND_ADV_INTERVAL);
    assert_int_equal(view.adv_interval.interval_ms, 1000);
    assert_right("0801 8000 0005 0708", IK_NDOPT_KIND_HOME_AGENT);
    assert_int_equal(view.home_agent.lifetime_s, 1800);
    assert_right("0a05 000000000000" ADDR ADDR, IK_NDOPT_KIND_ADDR_LIST);
    assert_int_equal(view.addr_list.addresses.left, 32);
    assert_right("0d02 000000000000 0000655f3a808000", IK_NDOPT_KIND_TIMESTAMP);
    assert_true(view.timestamp.time == UINT64_C(0x0000655f3a808000));
    assert_right("0e01 010203040506", IK_NDOPT_KIND_NONCE);
    assert_int_equal(view.nonce.nonce.left, 6);
    assert_right("0c03 0000 000102030405060708090a0b0c0d0e0f a1a2a3a4", IK_NDOPT_KIND_RSA);
    assert_int_equal(view.rsa.signature.left, 4);
    assert_right("1001 0100 30820101", IK_NDOPT_KIND_CERTIFICATE);
    assert_int_equal(view.certificate.cert_type, 1);
    assert_right("1103 0140 00000000" ADDR, IK_NDOPT_KIND_IP_PREFIX);
    assert_right("1a01 800000000000", IK_NDOPT_KIND_RA_FLAGS);
    assert_int_equal(view.ra_flags.flags[0], 0x80);
    assert_right("2203 8011 0000 003c" ADDR, IK_NDOPT_KIND_CONTEXT_6LO);
    assert_int_equal(view.context_6lo.flags, IK_ND_6CO_COMPRESS | 1);
    assert_right("2303 0005 0001 2710" ADDR, IK_NDOPT_KIND_ABRO);
    assert_int_equal(view.abro.version_high, 1);
    assert_right("2401 0001 00000000", IK_NDOPT_KIND_BYTES);
    assert_right("c801 010203040506", IK_NDOPT_KIND_BYTES);
}

static void others__of_a_wrong_length__are_refused(void **state)
{
    (void)state;
    assert_wrong("0502 0000 000005dc 0000000000000000", IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("0a04 000000000000" ADDR "0000000000000000", IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("0c01 0000 00000000", IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("2202 4111 0000 003c 20010db800000000", IK_FLAW_OPTION_LENGTH, 1);
    assert_wrong("2302 0005 0001 2710 20010db800000000", IK_FLAW_OPTION_LENGTH, 1);
}

static void reserved__not_zero__is_told_and_kept(void **state)
{
    (void)state;
    assert_int_equal(read_one("0501 0001 000005dc"), IK_OK);
    assert_int_equal(view.mtu.reserved, 1);
    assert_true(vector_has_flaw(&faults, IK_FLAW_RESERVED, 3));
}

static void encode__does_not_fit__is_refused(void **state)
{
    (void)state;
    uint8_t out[4096], body[2050] = {0};
    size_t len;
    view = (struct ik_ndopt_view){.type = 200, .body = {body, 2039}};
    assert_int_equal(ik_ndopt_encode(&view, out, sizeof(out), &len), IK_E_TOO_BIG);
    view.body.left = 2038;
    assert_int_equal(ik_ndopt_encode(&view, out, sizeof(out), &len), IK_OK);
    assert_int_equal(out[1], 255);
    assert_int_equal(ik_ndopt_encode(&view, out, 2039, &len), IK_E_FULL);
    view = (struct ik_ndopt_view){.type = 14, .kind = IK_NDOPT_KIND_NONCE, .nonce = {{body, 7}}};
    assert_int_equal(ik_ndopt_encode(&view, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 16); /* padded to a unit */
}

static void torture_one(struct ik_rd in)
{
    struct ik_rd rd = in;
    struct ik_ndopt option;
    faults = (struct ik_faults){0};
    size_t taken = 0;
    while (ik_ndopt_take(&rd, &option, &faults) == IK_OK) {
        assert_true(vector_inside(option.body, in));
        const size_t before = taken;
        taken = in.left - rd.left;
        assert_true(taken > before);
        if (ik_ndopt_decode(&view, &option, &faults) == IK_OK) {
            uint8_t out[2048];
            size_t len;
            assert_int_equal(ik_ndopt_encode(&view, out, sizeof(out), &len), IK_OK);
            assert_int_equal(len, option.body.left + 2);
            assert_memory_equal(out, option.body.p - 2, len);
        }
        struct ik_rd names = option.body;
        char text[IK_ND_NAME_TEXT];
        while (ik_ndopt_take_name(&names, text) == IK_OK)
            ;
    }
    assert_int_equal(rd.left, 0);
}

static void options__cut_and_flipped__end_and_encode_exactly(void **state)
{
    (void)state;
    vector_torture("0304 40c0 00278d00 00093a80 00000000 20010db8000100000000000000000000"
                   "0501 0000 000005dc 1802 3008 00000e10 20010db800010000"
                   "1903 0000 00000708" ADDR "1f03 0000 00000708 076578616d706c6503636f6d00 000000"
                   "2602 0258 0064ff9b0000000000000000 2502 68747470733a2f2f612e62 000000",
                   torture_one);
    vector_torture("0b02 0400 0102030405060708 00000000 0f02 0204 0161 0162 0163 0000 00000000"
                   "0c03 0000 000102030405060708090a0b0c0d0e0f a1a2a3a4"
                   "2103 00050309 003c 0200000000000001 0200000000000002"
                   "2203 8011 0000 003c" ADDR "2303 0005 0001 2710" ADDR "0a03 000000000000" ADDR,
                   torture_one);
}

static void names__rows__are_known(void **state)
{
    (void)state;
    assert_string_equal(ik_ndopt_name(25), "rdnss");
    assert_null(ik_ndopt_name(200));
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
        cmocka_unit_test(link__six_bytes__are_the_address),
        cmocka_unit_test(prefix__four_units__is_read_and_others_refused),
        cmocka_unit_test(rdnss__even_length__is_refused),
        cmocka_unit_test(dnssl__names__are_taken_until_the_padding),
        cmocka_unit_test(dnssl__shell_characters__are_escaped),
        cmocka_unit_test(dnssl__names_that_cannot_be__are_refused),
        cmocka_unit_test(route__prefix__is_as_long_as_it_says),
        cmocka_unit_test(pref64__lifetime_and_code__are_worked_out),
        cmocka_unit_test(captive_portal__zeros_at_the_end__are_no_uri),
        cmocka_unit_test(cga__padding_longer_than_the_option__is_refused),
        cmocka_unit_test(aro__plain_and_extended__have_their_verifier),
        cmocka_unit_test(others__as_they_should_be__are_read),
        cmocka_unit_test(others__of_a_wrong_length__are_refused),
        cmocka_unit_test(reserved__not_zero__is_told_and_kept),
        cmocka_unit_test(encode__does_not_fit__is_refused),
        cmocka_unit_test(options__cut_and_flipped__end_and_encode_exactly),
        cmocka_unit_test(names__rows__are_known),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
