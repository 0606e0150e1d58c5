/* SPDX-License-Identifier: MIT
 * IPv6 extension headers, one by one. */
#include "vector.h"

static struct ik_faults faults;

static struct ik_ip6ext ext_of(uint8_t proto, struct ik_rd in)
{
    struct ik_ip6ext ext;
    assert_int_equal(ik_ip6ext_take(&in, &proto, &ext, NULL), IK_OK);
    return ext;
}

static void chain__of_a_packet__gives_headers_in_order(void **state)
{
    (void)state;
    const struct ik_rd whole = vector_hex("3c000502 00000100 2c000104 00000000 3a000001 deadbeef");
    struct ik_rd chain = whole;
    struct ik_ip6ext ext;
    uint8_t proto = 0;
    const uint8_t protos[] = {0, 60, 44};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ik_ip6ext_take(&chain, &proto, &ext, NULL), IK_OK);
        assert_int_equal(ext.proto, protos[i]);
        assert_int_equal(ext.bytes.left, 8);
    }
    assert_int_equal(proto, 58);
    assert_int_equal(ik_ip6ext_take(&chain, &proto, &ext, NULL), IK_E_NOT_FOUND);
    vector_free(whole);
}

static void chain__that_ends_in_a_header__is_cut(void **state)
{
    (void)state;
    const char *bad[] = {"3c", "3c010000 00000000", "3c000000 000000"};
    for (size_t i = 0; i < 3; i++) {
        const struct ik_rd whole = vector_hex(bad[i]);
        struct ik_rd chain = whole;
        struct ik_ip6ext ext;
        uint8_t proto = 0;
        faults = (struct ik_faults){0};
        assert_int_equal(ik_ip6ext_take(&chain, &proto, &ext, &faults), IK_E_SHORT);
        assert_true(vector_has_flaw(&faults, IK_FLAW_CHAIN_CUT, 0));
        assert_int_equal(proto, 0);
        assert_int_equal(chain.left, whole.left);
        vector_free(whole);
    }
}

static void options__with_both_paddings__are_all_given(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex("3a01 00 0502 0000 0103 000000 00 c200 00");
    const struct ik_ip6ext ext = ext_of(0, in);
    struct ik_rd options = ik_ip6ext_options(&ext);
    struct ik_ip6opt opt;
    const uint8_t types[] = {0, 5, 1, 0, 0xc2, 0};
    for (size_t i = 0; i < sizeof(types); i++) {
        assert_int_equal(ik_ip6opt_take(&options, &opt, NULL), IK_OK);
        assert_int_equal(opt.type, types[i]);
    }
    assert_int_equal(ik_ip6opt_take(&options, &opt, NULL), IK_E_NOT_FOUND);
    const struct ik_ip6ext other = ext_of(43, in);
    assert_int_equal(ik_ip6ext_options(&other).left, 0);
    vector_free(in);
}

/* CVE-2020-17445 */
static void options__past_the_end__stop_the_walk(void **state)
{
    (void)state;
    const char *bad[] = {"3a00 0105 0000 0000", "3a00 00 00 00 00 00 05"};
    for (size_t i = 0; i < 2; i++) {
        const struct ik_rd in = vector_hex(bad[i]);
        const struct ik_ip6ext ext = ext_of(60, in);
        struct ik_rd options = ik_ip6ext_options(&ext);
        struct ik_ip6opt opt;
        enum ik_err err;
        faults = (struct ik_faults){0};
        while ((err = ik_ip6opt_take(&options, &opt, &faults)) == IK_OK)
            assert_int_equal(opt.type, 0);
        assert_int_equal(err, IK_E_SHORT);
        assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_PAST_END, i == 0 ? 1 : 0));
        assert_int_equal(options.left, 0);
        vector_free(in);
    }
}

static void fragment__header__has_offset_flag_and_id(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex("3a00 05a9 12345678");
    const struct ik_ip6ext ext = ext_of(44, in), other = ext_of(60, in);
    struct ik_ip6frag frag;
    assert_int_equal(ik_ip6ext_decode_fragment(&frag, &ext), IK_OK);
    assert_int_equal(frag.next, 58);
    assert_int_equal(frag.offset_bytes, 0x5a8);
    assert_true(frag.mf);
    assert_int_equal(frag.id, 0x12345678);
    assert_int_equal(ik_ip6ext_decode_fragment(&frag, &other), IK_E_VALUE);
    vector_free(in);
}

static enum ik_err route_of(const char *hex, struct ik_ip6route *route)
{
    static uint8_t buf[256]; /* the route borrows from it */
    const size_t n = vector_bytes(hex, buf, sizeof(buf));
    const struct ik_ip6ext ext = ext_of(43, (struct ik_rd){buf, n});
    const struct ik_addr dst = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}};
    faults = (struct ik_faults){0};
    const enum ik_err err = ik_ip6ext_decode_routing(route, &ext, &dst, &faults);
    for (uint8_t i = 0; err == IK_OK && i < route->n; i++)
        assert_int_equal(ik_ip6ext_route_addr(route, &dst, i).family, 6);
    return err;
}

static void routing__each_type__gives_its_addresses(void **state)
{
    (void)state;
    struct ik_ip6route route;
    const struct ik_addr dst = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}};
    char text[IK_ADDR_TEXT];
    assert_int_equal(route_of("3a020201 00000000 20010db8000000000000000000000009", &route), IK_OK);
    assert_int_equal(route.n, 1);
    assert_string_equal(ik_addr_text(&route.final, text), "2001:db8::9");
    /* segment routing: the list is in reverse */
    assert_int_equal(route_of("3a040401 01000000 20010db8000000000000000000000009"
                              "20010db8000000000000000000000008",
                              &route),
                     IK_OK);
    assert_int_equal(route.n, 2);
    const struct ik_addr travel = ik_ip6ext_route_addr(&route, &dst, 0);
    assert_string_equal(ik_addr_text(&travel, text), "2001:db8::8");
    assert_string_equal(ik_addr_text(&route.final, text), "2001:db8::9");
    /* RPL: 14 octets elided from all but the last, 15 from that: 2 + 1, and 5 of padding */
    assert_int_equal(route_of("3a010302 ef500000 0008 09 0000000000", &route), IK_OK);
    assert_int_equal(route.n, 2);
    const struct ik_addr hop = ik_ip6ext_route_addr(&route, &dst, 0);
    assert_string_equal(ik_addr_text(&hop, text), "2001:db8::8");
    assert_string_equal(ik_addr_text(&route.final, text), "2001:db8::9");
    /* unknown */
    assert_int_equal(route_of("3a00fa01 00000000", &route), IK_OK);
    assert_false(route.final_known);
    assert_int_equal(route.n, 0);
}

static void routing__too_short_for_its_type__is_refused(void **state)
{
    (void)state;
    struct ik_ip6route route;
    const char *bad[] = {
        "3a010000 00000000 2001000000000000",                 /* half an address */
        "3a000200 00000000",                                  /* type 2 has one */
        ("3a040401 02000000 20010db8000000000000000000000009" /* last entry 2, but two there */
         "20010db8000000000000000000000008"),
        "3a000301 00000000",                    /* no room for the last */
        "3a010302 efb00000 0008 09 0000000000", /* more padding than bytes */
        "3a010302 e0000000 0008 090000000000",  /* last address needs 16 */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(route_of(bad[i], &route), IK_E_LENGTH);
        assert_true(vector_has_flaw(&faults, IK_FLAW_ROUTING_LENGTH, 1));
    }
}

static void routing__more_segments_left_than_addresses__is_refused(void **state)
{
    (void)state;
    struct ik_ip6route route;
    assert_int_equal(route_of("3a020002 00000000 20010db8000000000000000000000009", &route),
                     IK_E_VALUE);
    assert_true(vector_has_flaw(&faults, IK_FLAW_ROUTING_SEGMENTS, 3));
    /* a type 0 header without addresses is right when none is left */
    assert_int_equal(route_of("3a000000 00000000", &route), IK_OK);
    assert_false(route.final_known);
    assert_int_equal(route_of("3a000001 00000000", &route), IK_E_VALUE);
}

static void walk(struct ik_rd in)
{
    uint8_t proto = 0;
    struct ik_rd chain = in;
    struct ik_ip6ext ext;
    struct ik_ip6opt opt;
    const struct ik_addr dst = {.family = 6};
    while (ik_ip6ext_take(&chain, &proto, &ext, NULL) == IK_OK) {
        assert_true(vector_inside(ext.bytes, in));
        struct ik_ip6route route;
        struct ik_ip6frag frag;
        struct ik_rd options = ik_ip6ext_options(&ext);
        while (ik_ip6opt_take(&options, &opt, NULL) == IK_OK)
            assert_true(vector_inside(opt.data, ext.bytes));
        if (ik_ip6ext_decode_routing(&route, &ext, &dst, NULL) == IK_OK)
            for (uint8_t i = 0; i < route.n; i++)
                assert_int_equal(ik_ip6ext_route_addr(&route, &dst, i).family, 6);
        (void)!ik_ip6ext_decode_fragment(&frag, &ext);
    }
}

static void chain__cut_and_flipped__ends(void **state)
{
    (void)state;
    vector_torture_all("ip6ext", walk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain__of_a_packet__gives_headers_in_order),
        cmocka_unit_test(chain__that_ends_in_a_header__is_cut),
        cmocka_unit_test(options__with_both_paddings__are_all_given),
        cmocka_unit_test(options__past_the_end__stop_the_walk),
        cmocka_unit_test(fragment__header__has_offset_flag_and_id),
        cmocka_unit_test(routing__each_type__gives_its_addresses),
        cmocka_unit_test(routing__too_short_for_its_type__is_refused),
        cmocka_unit_test(routing__more_segments_left_than_addresses__is_refused),
        cmocka_unit_test(chain__cut_and_flipped__ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
