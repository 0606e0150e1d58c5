/* SPDX-License-Identifier: MIT */
#include <icmpkit/explain.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { CAP = 4 };

static size_t find(const char *what, const struct ik_explain *out[CAP])
{
    memset(out, 0, CAP * sizeof *out);
    return ik_explain_find(what, out, CAP);
}

static void find__one__is_that(void **state)
{
    static const struct {
        const char *what;
        uint8_t family, type;
        int code;
    } cases[] = {
        {"3/3", 4, 3, 3},
        {"3", 4, 3, -1},
        {"v4:3/3", 4, 3, 3},
        {"icmp:3/3", 4, 3, 3},
        {"v6:1/4", 6, 1, 4},
        {"ICMPv6:1/4", 6, 1, 4},
        {"v6:3", 6, 3, -1},
        {"1/4", 6, 1, 4},
        {"135", 6, 135, -1},
        {"8/0", 4, 8, -1},
        {"3/77", 4, 3, -1},
        {"19/5", 4, 19, -1},
        {"v4:port-unreachable", 4, 3, 3},
        {"Port_Unreachable", 6, 1, 4},
        {"port unreachable", 6, 1, 4},
        {"frag-needed", 4, 3, 4},
        {"ptb", 6, 2, -1},
        {"path-mtu", 0, 0, -1},
        {"v6:redirect", 6, 137, -1},
        {"dio", 6, 155, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ik_explain *out[CAP];
        const size_t n = find(cases[i].what, out);
        assert_in_range(n, 1, CAP);
        const struct ik_explain *e = out[n - 1];
        if (e->family != cases[i].family || e->type != cases[i].type || e->code != cases[i].code)
            fail_msg("%s gave %d:%d/%d", cases[i].what, e->family, e->type, e->code);
    }
}

static void find__name_of_both_families__is_both(void **state)
{
    const struct ik_explain *out[CAP];
    (void)state;
    assert_int_equal(find("redirect", out), 2);
    assert_int_equal(out[0]->family, 4);
    assert_int_equal(out[0]->type, 5);
    assert_int_equal(out[1]->family, 6);
    assert_int_equal(out[1]->type, 137);
}

static void find__topic_and_type__topic_first(void **state)
{
    const struct ik_explain *out[CAP];
    (void)state;
    assert_int_equal(find("traceroute", out), 2);
    assert_int_equal(out[0]->family, 0);
    assert_int_equal(out[1]->type, 30);
}

static void find__little_room__counts_all(void **state)
{
    const struct ik_explain *out[2] = {NULL, NULL};
    (void)state;
    assert_int_equal(ik_explain_find("redirect", out, 1), 2);
    assert_non_null(out[0]);
    assert_null(out[1]);
    assert_int_equal(ik_explain_find("3/3", NULL, 0), 1);
}

static void find__what_is_none__is_none(void **state)
{
    static const char *const cases[] = {
        "",
        "v6:",
        "3/",
        "3/256",
        "256",
        "/3",
        "3/3/3",
        "3 /3",
        "-1",
        "+3",
        "3/-1",
        "0x3",
        "1/0x4",
        "44",
        "v4:128",
        "v6:5",
        "nothing-at-all",
        "v4:path-mtu",
        "99999999999999999999/3",
        "port-unreachable-port-unreachable-port-unreachable-port-unreachable",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ik_explain *out[CAP];
        if (find(cases[i], out))
            fail_msg("'%s' gave %s", cases[i], out[0]->name);
    }
}

static void near__slip__is_the_name(void **state)
{
    static const struct {
        const char *what, *first;
    } cases[] = {
        {"port-unrechable", "port-unreachable"},
        {"echo-requets", "echo-request"},
        {"v6:neighbor-solicitaton", "neighbor-solicitation"},
        {"tracerout", "traceroute"},
        {"quence", "quench"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *out[3] = {NULL};
        assert_in_range(ik_explain_near(cases[i].what, out, 3), 1, 3);
        assert_string_equal(out[0], cases[i].first);
    }
}

static void near__slip__leaves_out_what_is_much_farther(void **state)
{
    const char *out[5];
    (void)state;
    assert_int_equal(ik_explain_near("port-unrechable", out, 5), 1);
}

static void near__part_of_names__gives_several_each_once(void **state)
{
    const char *out[5];
    (void)state;
    assert_int_equal(ik_explain_near("unreach", out, 5), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(strstr(out[i], "unreach"));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(out[i], out[k]);
    }
}

static void near__nonsense__is_nothing(void **state)
{
    const char *out[5];
    (void)state;
    assert_int_equal(ik_explain_near("qqqqqqqq", out, 5), 0);
    assert_int_equal(ik_explain_near("", out, 5), 0);
    assert_int_equal(ik_explain_near("echo", out, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__one__is_that),
        cmocka_unit_test(find__name_of_both_families__is_both),
        cmocka_unit_test(find__topic_and_type__topic_first),
        cmocka_unit_test(find__little_room__counts_all),
        cmocka_unit_test(find__what_is_none__is_none),
        cmocka_unit_test(near__slip__is_the_name),
        cmocka_unit_test(near__slip__leaves_out_what_is_much_farther),
        cmocka_unit_test(near__part_of_names__gives_several_each_once),
        cmocka_unit_test(near__nonsense__is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
