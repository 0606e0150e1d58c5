/* SPDX-License-Identifier: MIT
 * Without libyaml: said, not crashed. */
#include "icmpkit/lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void open__without_libyaml__says_so(void **state)
{
    (void)state;
    const struct ik_lab_cfg cfg = {0};
    struct ik_conf_fault fault;
    struct ik_lab *lab = NULL;
    assert_int_equal(ik_lab_open(&lab, "internet", &cfg, &fault), IK_E_UNSUPPORTED);
    assert_string_equal(fault.text, "this icmp was built without libyaml, which reads such files");
    assert_int_equal(fault.line, 0);
    assert_null(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__without_libyaml__says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
