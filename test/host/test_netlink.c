/* SPDX-License-Identifier: MIT */
#include "host/netlink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* An attribute of 4 + 3 bytes, padded to 8, then one of 4 + 4. Host order, as the kernel writes. */
static size_t two_attributes(uint8_t *p)
{
    const struct nlattr a = {.nla_len = 7, .nla_type = 9 | NLA_F_NESTED},
                        b = {.nla_len = 8, .nla_type = 5};
    const uint32_t value = 0x01020304;
    memset(p, 0xee, 16);
    memcpy(p, &a, sizeof(a));
    memcpy(p + 4, "abc", 3);
    memcpy(p + 8, &b, sizeof(b));
    memcpy(p + 12, &value, sizeof(value));
    return 16;
}

static void take__two_attributes__skips_the_padding(void **state)
{
    (void)state;
    uint8_t bytes[16];
    struct ik_rd attrs = {bytes, two_attributes(bytes)}, value;
    uint16_t type;
    assert_true(ik_netlink_take(&attrs, &type, &value));
    assert_int_equal(type, 9);
    assert_int_equal(value.left, 3);
    assert_memory_equal(value.p, "abc", 3);
    assert_int_equal(ik_netlink_u32(value), 0);
    assert_true(ik_netlink_take(&attrs, &type, &value));
    assert_int_equal(type, 5);
    assert_int_equal(ik_netlink_u32(value), 0x01020304);
    assert_false(ik_netlink_take(&attrs, &type, &value));
}

static void take__cut_anywhere__stays_inside(void **state)
{
    (void)state;
    uint8_t bytes[16];
    const size_t whole = two_attributes(bytes);
    for (size_t n = 0; n < whole; n++) {
        uint8_t *exact = malloc(n ? n : 1); /* under ASan, a read beyond it is seen */
        memcpy(exact, bytes, n);
        struct ik_rd attrs = {exact, n}, value;
        uint16_t type;
        int taken = 0;
        while (ik_netlink_take(&attrs, &type, &value))
            taken++;
        assert_int_equal(taken, n >= 7);
        free(exact);
    }
}

static void take__length_below_its_header__ends(void **state)
{
    (void)state;
    for (uint16_t len = 0; len < 4; len++) {
        uint8_t bytes[8] = {0};
        const struct nlattr a = {.nla_len = len, .nla_type = 1};
        memcpy(bytes, &a, sizeof(a));
        struct ik_rd attrs = {bytes, sizeof(bytes)}, value;
        uint16_t type;
        assert_false(ik_netlink_take(&attrs, &type, &value));
    }
}

static void ask__about_an_interface_that_is_none__gives_its_errno(void **state)
{
    (void)state;
    const struct ifinfomsg header = {.ifi_index = 999999999};
    struct ik_netlink q;
    struct ik_rd body;
    uint8_t buf[IK_NETLINK_ANSWER_BYTES];
    int err_no = 0;
    ik_netlink_init(&q, RTM_GETLINK, &header, sizeof(header));
    assert_int_equal(ik_netlink_ask(&q, buf, &body, &err_no), IK_E_SYSTEM);
    assert_int_equal(err_no, 19); /* ENODEV */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__two_attributes__skips_the_padding),
        cmocka_unit_test(take__cut_anywhere__stays_inside),
        cmocka_unit_test(take__length_below_its_header__ends),
        cmocka_unit_test(ask__about_an_interface_that_is_none__gives_its_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
