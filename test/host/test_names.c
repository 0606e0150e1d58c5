/* SPDX-License-Identifier: MIT
 * What needs no server: addresses, names that cannot be, and who is called when. */
#include <icmpkit/host.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

struct seen {
    struct ik_names *names;
    int n, depth, deepest, again;
    enum ik_err err;
    struct ik_addr addr;
    size_t n_addrs;
    char text[128];
    bool has_name;
};

static void note(void *ctx, struct ik_now now, const struct ik_names_answer *a)
{
    struct seen *seen = ctx;
    assert_true(now.mono > 0);
    seen->n++;
    seen->err = a->err;
    seen->n_addrs = a->n;
    seen->has_name = a->name != NULL;
    snprintf(seen->text, sizeof(seen->text), "%s", a->error_text ? a->error_text : "");
    if (a->n)
        seen->addr = a->addrs[0];
    seen->depth++;
    if (seen->depth > seen->deepest)
        seen->deepest = seen->depth;
    if (seen->again && seen->again--)
        assert_int_equal(ik_names_forward(seen->names, "192.0.2.9", 0, note, seen), IK_OK);
    seen->depth--;
}

static struct seen look_up(const char *name, uint8_t family)
{
    struct seen seen = {.n = 0};
    assert_int_equal(ik_names_open(&seen.names), IK_OK);
    assert_int_equal(ik_names_forward(seen.names, name, family, note, &seen), IK_OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(ik_names_pending(seen.names), 0);
    ik_names_close(seen.names);
    return seen;
}

static void forward__address__is_answered_at_once(void **state)
{
    (void)state;
    char buf[IK_ADDR_TEXT];
    struct seen seen = look_up("192.0.2.7", 0);
    assert_int_equal(seen.err, IK_OK);
    assert_int_equal(seen.n_addrs, 1);
    assert_false(seen.has_name);
    assert_string_equal(ik_addr_text(&seen.addr, buf), "192.0.2.7");
    seen = look_up("2001:db8::7", 6);
    assert_string_equal(ik_addr_text(&seen.addr, buf), "2001:db8::7");
}

static void forward__address_of_the_other_family__is_not_supported(void **state)
{
    (void)state;
    struct seen seen = look_up("192.0.2.7", 6);
    assert_int_equal(seen.err, IK_E_NOT_FOUND);
    assert_string_equal(seen.text, "Address family for hostname not supported");
    seen = look_up("::1", 4);
    assert_string_equal(seen.text, "Address family for hostname not supported");
}

static void forward__impossible_names__are_not_known(void **state)
{
    (void)state;
    char too_long[400];
    memset(too_long, 'a', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    assert_string_equal(look_up("", 0).text, "Name or service not known");
    assert_string_equal(look_up(too_long, 0).text, "Name or service not known");
    assert_string_equal(look_up("fe80::1%nosuchif0", 0).text, "Name or service not known");
    assert_string_equal(look_up("\xff.example", 0).text, "Name or service not known");
    assert_int_equal(look_up("", 0).err, IK_E_NOT_FOUND);
}

static void forward__asked_again_from_the_call_back__does_not_nest(void **state)
{
    (void)state;
    struct seen seen = {.again = 10000};
    assert_int_equal(ik_names_open(&seen.names), IK_OK);
    assert_int_equal(ik_names_forward(seen.names, "192.0.2.8", 0, note, &seen), IK_OK);
    assert_int_equal(seen.n, 10001);
    assert_int_equal(seen.deepest, 1); /* a chain of a million hops must not grow the stack */
    assert_int_equal(ik_names_pending(seen.names), 0);
    ik_names_close(seen.names);
}

static void reverse__without_an_address__is_refused(void **state)
{
    (void)state;
    struct seen seen = {.n = 0};
    const struct ik_addr none = {.family = 0};
    assert_int_equal(ik_names_open(&seen.names), IK_OK);
    assert_int_equal(ik_names_reverse(seen.names, &none, note, &seen), IK_E_VALUE);
    assert_int_equal(seen.n, 0);
    ik_names_close(seen.names);
    ik_names_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward__address__is_answered_at_once),
        cmocka_unit_test(forward__address_of_the_other_family__is_not_supported),
        cmocka_unit_test(forward__impossible_names__are_not_known),
        cmocka_unit_test(forward__asked_again_from_the_call_back__does_not_nest),
        cmocka_unit_test(reverse__without_an_address__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
