/* SPDX-License-Identifier: MIT */
#include "link/errmap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void send__what_the_contract_names__is_told_apart(void **state)
{
    (void)state;
    assert_int_equal(ik_errmap_send(EMSGSIZE), IK_E_TOO_BIG);
    assert_int_equal(ik_errmap_send(ENETUNREACH), IK_E_NO_ROUTE);
    assert_int_equal(ik_errmap_send(EHOSTUNREACH), IK_E_HOST_DOWN);
    assert_int_equal(ik_errmap_send(EPERM), IK_E_REFUSED);
    assert_int_equal(ik_errmap_send(EACCES), IK_E_ACCESS);
    assert_int_equal(ik_errmap_send(ENODEV), IK_E_IFACE);
}

static void open__no_privilege__is_access_whatever_the_number(void **state)
{
    (void)state;
    assert_int_equal(ik_errmap_open(EPERM), IK_E_ACCESS);
    assert_int_equal(ik_errmap_open(EACCES), IK_E_ACCESS);
    assert_int_equal(ik_errmap_open(EAFNOSUPPORT), IK_E_UNSUPPORTED);
    assert_int_equal(ik_errmap_open(EADDRNOTAVAIL), IK_E_ADDR);
}

static void both__any_other_number__is_an_error_still(void **state)
{
    (void)state;
    for (int e = 1; e < 200; e++) {
        assert_int_not_equal(ik_errmap_open(e), IK_OK);
        assert_int_not_equal(ik_errmap_send(e), IK_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send__what_the_contract_names__is_told_apart),
        cmocka_unit_test(open__no_privilege__is_access_whatever_the_number),
        cmocka_unit_test(both__any_other_number__is_an_error_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
