/* SPDX-License-Identifier: MIT
 * IPv4 options: the list, and those that icmpkit understands. */
#include "vector.h"

static struct ik_faults faults;

static struct ik_ipopt first(const char *hex, uint8_t *buf, size_t cap)
{
    struct ik_ipopt opt;
    struct ik_rd list = {buf, vector_bytes(hex, buf, cap)};
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ipopt_take(&list, &opt, &faults), IK_OK);
    return opt;
}

/* R791-3.1-07 */
static void type__octet__has_copy_class_and_number(void **state)
{
    (void)state;
    uint8_t buf[16];
    struct ik_ipopt opt = first("0704 0400", buf, sizeof(buf));
    assert_false(opt.copied);
    assert_int_equal(opt.class_num, 0);
    assert_int_equal(opt.number, 7);
    opt = first("8307 04 00000000", buf, sizeof(buf));
    assert_true(opt.copied);
    assert_int_equal(opt.class_num, 0);
    assert_int_equal(opt.number, 3);
    assert_int_equal(opt.data.left, 5);
    opt = first("4404 0500", buf, sizeof(buf));
    assert_false(opt.copied);
    assert_int_equal(opt.class_num, 2);
    assert_int_equal(opt.number, 4);
}

static void list__nops_and_end__have_no_length(void **state)
{
    (void)state;
    const struct ik_rd whole = vector_hex("01 01 940400 00 00 0704");
    struct ik_rd list = whole;
    struct ik_ipopt opt;
    const uint8_t types[] = {1, 1, 148, 0};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ik_ipopt_take(&list, &opt, NULL), IK_OK);
        assert_int_equal(opt.type, types[i]);
        assert_int_equal(opt.data.left, types[i] == 148 ? 2 : 0);
    }
    assert_int_equal(ik_ipopt_take(&list, &opt, NULL), IK_E_NOT_FOUND);
    vector_free(whole);
}

/* R791-3.1-07, CVE-2010-2529: record route and timestamp with a length of 0 or 1. */
static void list__length_0_or_1__ends_there(void **state)
{
    (void)state;
    const char *bad[] = {"01 0700 0400", "01 0701 0400", "01 4400 0500", "01 4401 0500"};
    for (size_t i = 0; i < 4; i++) {
        const struct ik_rd whole = vector_hex(bad[i]);
        struct ik_rd list = whole;
        struct ik_ipopt opt;
        faults = (struct ik_faults){0};
        assert_int_equal(ik_ipopt_take(&list, &opt, &faults), IK_OK);
        assert_int_equal(ik_ipopt_take(&list, &opt, &faults), IK_E_LENGTH);
        assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_LENGTH, 1));
        assert_int_equal(ik_ipopt_take(&list, &opt, &faults), IK_E_NOT_FOUND);
        vector_free(whole);
    }
}

static void list__option_past_the_end__is_short(void **state)
{
    (void)state;
    struct ik_ipopt opt;
    const char *bad[] = {"07", "070704000000"};
    for (size_t i = 0; i < 2; i++) {
        const struct ik_rd whole = vector_hex(bad[i]);
        struct ik_rd list = whole;
        faults = (struct ik_faults){0};
        assert_int_equal(ik_ipopt_take(&list, &opt, &faults), IK_E_SHORT);
        assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_PAST_END, (unsigned)i));
        assert_int_equal(list.left, 0);
        vector_free(whole);
    }
}

/* As iputils ping -R has it after two hops. */
static void route__two_of_three__gives_the_addresses(void **state)
{
    (void)state;
    uint8_t buf[16];
    struct ik_ipopt_route route;
    const struct ik_ipopt opt = first("070f0c c0000201 c0000202 00000000", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_route(&route, &opt, &faults), IK_OK);
    assert_int_equal(route.n, 3);
    assert_int_equal(route.used, 2);
    assert_int_equal(ik_ipopt_route_addr(&route, 1).bytes[3], 2);
    assert_int_equal(ik_ipopt_route_addr(&route, 3).family, 0);
}

/* The input of R791-3.1-10: all used, pointer behind the option. */
static void route__full__is_right(void **state)
{
    (void)state;
    uint8_t buf[40] = {IK_IPOPT_RECORD_ROUTE, 39, 40};
    struct ik_rd list = {buf, 39};
    struct ik_ipopt opt;
    struct ik_ipopt_route route;
    assert_int_equal(ik_ipopt_take(&list, &opt, NULL), IK_OK);
    assert_int_equal(ik_ipopt_decode_route(&route, &opt, NULL), IK_OK);
    assert_int_equal(route.used, 9);
    buf[2] = 252; /* far behind: still no more than there are */
    assert_int_equal(ik_ipopt_decode_route(&route, &opt, NULL), IK_OK);
    assert_int_equal(route.used, 9);
}

/* Zephyr issue 111273: a pointer of 0 makes an unsigned index wrap. */
static void route__pointer_below_4__is_refused(void **state)
{
    (void)state;
    const uint8_t pointers[] = {0, 1, 2, 3, 5, 6, 7};
    for (size_t i = 0; i < sizeof(pointers); i++) {
        uint8_t buf[11] = {IK_IPOPT_RECORD_ROUTE, 11, pointers[i]};
        struct ik_rd list = {buf, 11};
        struct ik_ipopt opt;
        struct ik_ipopt_route route;
        faults = (struct ik_faults){0};
        assert_int_equal(ik_ipopt_take(&list, &opt, NULL), IK_OK);
        assert_int_equal(ik_ipopt_decode_route(&route, &opt, &faults), IK_E_VALUE);
        assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_POINTER, 2));
        assert_int_equal(route.used, 0);
    }
}

/* The input of R791-3.1-09: two bytes left, too little for an address. */
static void route__with_half_an_address__is_bad_length(void **state)
{
    (void)state;
    uint8_t buf[16];
    struct ik_ipopt_route route;
    struct ik_ipopt opt = first("070908 c0000201 0000", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_route(&route, &opt, &faults), IK_E_LENGTH);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_LENGTH, 1));
    assert_int_equal(route.used, 1);
    opt = first("0702", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_route(&route, &opt, &faults), IK_E_SHORT);
    opt = first("4404 0500", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_route(&route, &opt, &faults), IK_E_VALUE);
}

static void route__encoded__decodes(void **state)
{
    (void)state;
    uint8_t out[40];
    size_t len;
    struct ik_ipopt opt;
    struct ik_ipopt_route route;
    const struct ik_addr via[2] = {{4, {192, 0, 2, 1}, 0}, {4, {192, 0, 2, 2}, 0}};
    assert_int_equal(ik_ipopt_encode_route(IK_IPOPT_RECORD_ROUTE, NULL, 9, out, 40, &len), IK_OK);
    assert_int_equal(len, 39);
    assert_int_equal(ik_ipopt_encode_route(IK_IPOPT_SSRR, via, 2, out, 40, &len), IK_OK);
    struct ik_rd list = {out, len};
    assert_int_equal(ik_ipopt_take(&list, &opt, NULL), IK_OK);
    assert_int_equal(ik_ipopt_decode_route(&route, &opt, NULL), IK_OK);
    assert_int_equal(route.used, 0);
    assert_int_equal(route.n, 2);
    const struct ik_addr second = ik_ipopt_route_addr(&route, 1);
    assert_true(ik_addr_equal(&second, &via[1]));
    assert_int_equal(ik_ipopt_encode_route(IK_IPOPT_RECORD_ROUTE, NULL, 10, out, 40, &len),
                     IK_E_VALUE);
    assert_int_equal(ik_ipopt_encode_route(IK_IPOPT_RECORD_ROUTE, NULL, 0, out, 40, &len),
                     IK_E_VALUE);
    assert_int_equal(ik_ipopt_encode_route(IK_IPOPT_TIMESTAMP, NULL, 1, out, 40, &len), IK_E_VALUE);
    assert_int_equal(ik_ipopt_encode_route(IK_IPOPT_LSRR, via, 2, out, 10, &len), IK_E_FULL);
}

static void timestamp__with_addresses__gives_entries(void **state)
{
    (void)state;
    uint8_t buf[24];
    struct ik_ipopt_timestamp ts;
    struct ik_addr addr;
    struct ik_ipopt opt = first("44140d31 c0000201 00abcdef c0000202 80000001", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_timestamp(&ts, &opt, &faults), IK_OK);
    assert_int_equal(ts.overflow, 3);
    assert_int_equal(ts.flag, 1);
    assert_int_equal(ts.n, 2);
    assert_int_equal(ts.used, 1);
    assert_int_equal(ik_ipopt_timestamp_entry(&ts, 0, &addr), 0x00abcdef);
    assert_int_equal(addr.bytes[3], 1);
    assert_int_equal(ik_ipopt_timestamp_entry(&ts, 2, &addr), 0);
    assert_int_equal(addr.family, 0);
    opt = first("440c0900 00000001 00000002", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_timestamp(&ts, &opt, &faults), IK_OK);
    assert_int_equal(ts.used, 1);
    assert_int_equal(ik_ipopt_timestamp_entry(&ts, 1, &addr), 2);
    assert_int_equal(addr.family, 0);
}

static void timestamp__malformed__is_refused(void **state)
{
    (void)state;
    uint8_t buf[24];
    struct ik_ipopt_timestamp ts;
    struct ik_ipopt opt = first("44080402 00000000", buf, sizeof(buf)); /* no such flag */
    assert_int_equal(ik_ipopt_decode_timestamp(&ts, &opt, &faults), IK_E_VALUE);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_VALUE, 3));
    assert_int_equal(ts.n, 0);
    opt = first("44080400 00000000", buf, sizeof(buf)); /* pointer into the head */
    assert_int_equal(ik_ipopt_decode_timestamp(&ts, &opt, &faults), IK_E_VALUE);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_POINTER, 2));
    opt = first("440c0901 00000000 00000000", buf, sizeof(buf)); /* inside an entry */
    assert_int_equal(ik_ipopt_decode_timestamp(&ts, &opt, &faults), IK_E_VALUE);
    opt = first("440a0500 00000000 0000", buf, sizeof(buf)); /* half an entry */
    assert_int_equal(ik_ipopt_decode_timestamp(&ts, &opt, &faults), IK_E_LENGTH);
    opt = first("440305", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_timestamp(&ts, &opt, &faults), IK_E_SHORT);
}

/* What iputils sends with -T tsonly, tsandaddr and tsprespec. */
static void timestamp__encoded__decodes(void **state)
{
    (void)state;
    uint8_t out[40];
    size_t len;
    struct ik_addr addr;
    struct ik_ipopt opt;
    struct ik_ipopt_timestamp ts;
    const struct ik_addr at[1] = {{4, {192, 0, 2, 9}, 0}};
    assert_int_equal(ik_ipopt_encode_timestamp(0, NULL, 9, out, 40, &len), IK_OK);
    assert_int_equal(len, 40);
    assert_int_equal(ik_ipopt_encode_timestamp(1, NULL, 4, out, 40, &len), IK_OK);
    assert_int_equal(len, 36);
    assert_int_equal(ik_ipopt_encode_timestamp(3, at, 1, out, 40, &len), IK_OK);
    struct ik_rd list = {out, len};
    assert_int_equal(ik_ipopt_take(&list, &opt, NULL), IK_OK);
    assert_int_equal(ik_ipopt_decode_timestamp(&ts, &opt, NULL), IK_OK);
    assert_int_equal(ts.used, 0);
    assert_int_equal(ik_ipopt_timestamp_entry(&ts, 0, &addr), 0);
    assert_true(ik_addr_equal(&addr, &at[0]));
    assert_int_equal(ik_ipopt_encode_timestamp(1, NULL, 5, out, 40, &len), IK_E_VALUE);
    assert_int_equal(ik_ipopt_encode_timestamp(2, NULL, 1, out, 40, &len), IK_E_VALUE);
    assert_int_equal(ik_ipopt_encode_timestamp(3, NULL, 1, out, 40, &len), IK_E_VALUE);
    assert_int_equal(ik_ipopt_encode_timestamp(0, NULL, 9, out, 39, &len), IK_E_FULL);
}

/* R1393-2.2-01 */
static void traceroute__option_82__has_id_hops_and_originator(void **state)
{
    (void)state;
    uint8_t buf[16];
    struct ik_ipopt_traceroute tr;
    struct ik_ipopt opt = first("520c 1234 0005 0003 c0000201", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_traceroute(&tr, &opt, &faults), IK_OK);
    assert_int_equal(tr.id, 0x1234);
    assert_int_equal(tr.outbound_hops, 5);
    assert_int_equal(tr.return_hops, 3);
    assert_int_equal(tr.originator.bytes[0], 192);
    opt = first("520b 1234 0005 0003 c00002", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_traceroute(&tr, &opt, &faults), IK_E_LENGTH);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_LENGTH, 1));
}

/* R1393-3.1-01 */
static void traceroute__return_count_ffff__is_outbound(void **state)
{
    (void)state;
    uint8_t buf[16];
    struct ik_ipopt_traceroute tr;
    struct ik_ipopt opt = first("520c 1234 0005 ffff c0000201", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_traceroute(&tr, &opt, &faults), IK_OK);
    assert_true(tr.outbound);
    opt = first("520c 1234 0005 0003 c0000201", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_traceroute(&tr, &opt, &faults), IK_OK);
    assert_false(tr.outbound);
}

static void alert__of_four_bytes__has_a_value(void **state)
{
    (void)state;
    uint8_t buf[8];
    uint16_t value = 99;
    struct ik_ipopt opt = first("94040001", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_alert(&value, &opt, &faults), IK_OK);
    assert_int_equal(value, 1);
    opt = first("940300", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_alert(&value, &opt, &faults), IK_E_LENGTH);
    opt = first("820400ab", buf, sizeof(buf));
    assert_int_equal(ik_ipopt_decode_alert(&value, &opt, &faults), IK_E_VALUE);
}

/* Every option ends the walk or moves it on, and nothing lies outside. */
static void walk(struct ik_rd in)
{
    struct ik_rd list = in;
    struct ik_ipopt opt;
    struct ik_ipopt_route route;
    struct ik_ipopt_timestamp ts;
    struct ik_ipopt_traceroute tr;
    uint16_t value;
    size_t steps = 0;
    faults = (struct ik_faults){0};
    while (ik_ipopt_take(&list, &opt, &faults) == IK_OK) {
        assert_true(++steps <= in.left);
        assert_true(vector_inside(opt.bytes, in));
        struct ik_addr addr;
        if (ik_ipopt_decode_route(&route, &opt, &faults) == IK_OK)
            for (uint8_t i = 0; i < route.n; i++)
                assert_int_equal(ik_ipopt_route_addr(&route, i).family, 4);
        if (ik_ipopt_decode_timestamp(&ts, &opt, &faults) == IK_OK)
            for (uint8_t i = 0; i < ts.n; i++)
                (void)ik_ipopt_timestamp_entry(&ts, i, &addr);
        (void)!ik_ipopt_decode_traceroute(&tr, &opt, &faults);
        (void)!ik_ipopt_decode_alert(&value, &opt, &faults);
    }
    assert_int_equal(list.left, 0);
}

static void list__cut_and_flipped__ends(void **state)
{
    (void)state;
    vector_torture_all("ipopt", walk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(type__octet__has_copy_class_and_number),
        cmocka_unit_test(list__nops_and_end__have_no_length),
        cmocka_unit_test(list__length_0_or_1__ends_there),
        cmocka_unit_test(list__option_past_the_end__is_short),
        cmocka_unit_test(route__two_of_three__gives_the_addresses),
        cmocka_unit_test(route__full__is_right),
        cmocka_unit_test(route__pointer_below_4__is_refused),
        cmocka_unit_test(route__with_half_an_address__is_bad_length),
        cmocka_unit_test(route__encoded__decodes),
        cmocka_unit_test(timestamp__with_addresses__gives_entries),
        cmocka_unit_test(timestamp__malformed__is_refused),
        cmocka_unit_test(timestamp__encoded__decodes),
        cmocka_unit_test(traceroute__option_82__has_id_hops_and_originator),
        cmocka_unit_test(traceroute__return_count_ffff__is_outbound),
        cmocka_unit_test(alert__of_four_bytes__has_a_value),
        cmocka_unit_test(list__cut_and_flipped__ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
