/* SPDX-License-Identifier: MIT */
#include "link/sa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ik_addr address(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}

static void put_take__both_families__come_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "0.0.0.0", "::"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        const struct ik_addr a = address(texts[i]);
        union ik_sa sa;
        uint16_t port = 0;
        assert_int_equal(ik_sa_put(&sa, &a, 33434, 5),
                         a.family == 4 ? sizeof(sa.v4) : sizeof(sa.v6));
        const struct ik_addr back = ik_sa_take(&sa.any, &port);
        assert_true(ik_addr_equal(&a, &back)); /* no scope where none is needed */
        assert_int_equal(port, 33434);
    }
}

static void put__link_local_without_scope__gets_the_one_of_the_link(void **state)
{
    (void)state;
    struct ik_addr a = address("fe80::1");
    union ik_sa sa;
    assert_int_equal(ik_sa_put(&sa, &a, 0, 5), sizeof(sa.v6));
    assert_int_equal(sa.v6.sin6_scope_id, 5);
    a.scope = 9;
    assert_int_equal(ik_sa_put(&sa, &a, 0, 5), sizeof(sa.v6));
    assert_int_equal(sa.v6.sin6_scope_id, 9);
    assert_int_equal(ik_sa_take(&sa.any, NULL).scope, 9);
    a = address("ff02::1");
    assert_int_equal(ik_sa_put(&sa, &a, 0, 5), sizeof(sa.v6));
    assert_int_equal(sa.v6.sin6_scope_id, 5);
}

static void put__no_family__has_no_length(void **state)
{
    (void)state;
    union ik_sa sa = {.any.sa_family = AF_UNIX};
    assert_int_equal(ik_sa_put(&sa, &(struct ik_addr){0}, 0, 0), 0);
    assert_int_equal(ik_sa_take(&sa.any, NULL).family, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_take__both_families__come_back),
        cmocka_unit_test(put__link_local_without_scope__gets_the_one_of_the_link),
        cmocka_unit_test(put__no_family__has_no_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
