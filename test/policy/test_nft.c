/* SPDX-License-Identifier: MIT
 * The script: what must stand in it. That nft(8) takes it, and what it does to packets, is for the
 * live test of the verb. */
#include <icmpkit/policy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct script {
    char text[32768];
    size_t n;
};

static void put(void *ctx, const char *text, size_t n)
{
    struct script *s = ctx;
    assert_true(s->n + n < sizeof s->text);
    memcpy(s->text + s->n, text, n);
    s->text[s->n += n] = 0;
}

static const char *made(struct script *s, enum ik_policy_role role, uint8_t family)
{
    s->n = 0;
    ik_policy_nft(role, family, put, s);
    return s->text;
}

static void script__of_one_family__is_silent_on_the_other(void **state)
{
    struct script s;
    (void)state;
    const char *four = made(&s, IK_POLICY_ROUTER, 4);
    assert_null(strstr(four, "icmpv6"));
    assert_null(strstr(four, "echo6"));
    const char *six = made(&s, IK_POLICY_ROUTER, 6);
    assert_null(strstr(six, "icmp type"));
    assert_null(strstr(six, "echo4"));
}

static void script__of_each_role__hooks_where_it_stands(void **state)
{
    struct script s;
    (void)state;
    assert_null(strstr(made(&s, IK_POLICY_HOST, 0), "hook forward"));
    assert_non_null(strstr(s.text, "hook input"));
    assert_non_null(strstr(made(&s, IK_POLICY_ROUTER, 0), "hook forward"));
    assert_non_null(strstr(s.text, "hook input"));
    assert_null(strstr(made(&s, IK_POLICY_BRIDGE, 0), "hook input"));
    assert_null(strstr(s.text, "ct state")); /* a bridge may have no connection tracking */
    assert_non_null(strstr(s.text, "table bridge " IK_POLICY_TABLE));
}

static void script__loaded_twice__replaces_itself(void **state)
{
    struct script s;
    (void)state;
    const char *t = made(&s, IK_POLICY_HOST, 0);
    static const char begin[] = "table inet " IK_POLICY_TABLE "\ndelete table inet " IK_POLICY_TABLE
                                "\ntable inet " IK_POLICY_TABLE " {\n";
    assert_memory_equal(t, begin, sizeof begin - 1);
}

static void every_rule__says_why_in_what_nft_takes(void **state)
{
    struct script s;
    (void)state;
    for (unsigned role = IK_POLICY_HOST; role <= IK_POLICY_BRIDGE; role++) {
        const char *at = made(&s, role, 0);
        while ((at = strstr(at, "comment \""))) {
            at += strlen("comment \"");
            const char *end = strchr(at, '"');
            assert_non_null(end);
            assert_in_range(end - at, 10, 127);
            assert_int_equal(end[1], '\n');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(script__of_one_family__is_silent_on_the_other),
        cmocka_unit_test(script__of_each_role__hooks_where_it_stands),
        cmocka_unit_test(script__loaded_twice__replaces_itself),
        cmocka_unit_test(every_rule__says_why_in_what_nft_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
