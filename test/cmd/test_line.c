/* SPDX-License-Identifier: MIT */
#include "cmd/text_rig.h"

/* A resolver whose answers the test gives. */
struct resolver {
    ik_names_fn *fn[8];
    void *ctx[8];
    int asked, settled;
    const char *at_once; /* answers within the question */
};

static enum ik_err ask(void *ctx, const struct ik_addr *addr, ik_names_fn *fn, void *fn_ctx)
{
    struct resolver *r = ctx;
    (void)addr;
    r->fn[r->asked] = fn;
    r->ctx[r->asked++] = fn_ctx;
    if (r->at_once)
        fn(fn_ctx, (struct ik_now){0, 0}, &(struct ik_names_answer){.name = r->at_once});
    return IK_OK;
}

static void settled(void *ctx, struct ik_now now)
{
    (void)now;
    ((struct resolver *)ctx)->settled++;
}

static void answer(struct resolver *r, int i, const char *name)
{
    r->fn[i](r->ctx[i], (struct ik_now){0, 0},
             &(struct ik_names_answer){.err = name ? IK_OK : IK_E_NOT_FOUND, .name = name});
}

struct lines {
    struct text_rig *rig;
    struct ik_line *l;
    struct resolver r;
    struct ik_hostnames *names;
};

static void open_lines(struct lines *t)
{
    memset(t, 0, sizeof *t);
    t->rig = rig_new();
    t->l = t->rig->p.run.line;
    const struct ik_hostnames_cfg cfg = {ask, settled, &t->r};
    assert_int_equal(ik_hostnames_new(&t->names, &cfg), IK_OK);
    ik_line_resolve(t->l, t->names);
}

static void close_lines(struct lines *t)
{
    rig_free(t->rig);
    ik_hostnames_free(t->names);
}

static void say(struct lines *t, ik_ns now, const char *before, const char *addr)
{
    const struct ik_addr a = addr_of(addr);
    ik_line_str(t->l, before);
    ik_line_host(t->l, &a);
    ik_line_str(t->l, "\n");
    ik_line_end(t->l, (struct ik_now){now, 0});
}

static void lines__name_unknown__wait_in_order(void **state)
{
    (void)state;
    struct lines t;
    open_lines(&t);
    say(&t, 0, "a ", "10.0.0.1");
    ik_line_str(t.l, "plain\n");
    ik_line_end(t.l, (struct ik_now){0, 0});
    say(&t, 0, "b ", "10.0.0.2");
    assert_int_equal(t.r.asked, 2); /* asked for at once, not when its turn comes */
    assert_string_equal(rig_text(t.rig), "");
    answer(&t.r, 1, "two.example");
    assert_int_equal(t.r.settled, 1);
    assert_int_equal(ik_line_settle(t.l, (struct ik_now){1, 0}), IK_HOSTNAME_PATIENCE);
    assert_string_equal(rig_text(t.rig), "");
    answer(&t.r, 0, "one.example");
    assert_int_equal(ik_line_settle(t.l, (struct ik_now){2, 0}), IK_NEVER);
    assert_string_equal(rig_text(t.rig),
                        "a one.example (10.0.0.1)\nplain\nb two.example (10.0.0.2)\n");
    close_lines(&t);
}

static void lines__no_answer__leave_after_the_bound_once_an_address(void **state)
{
    (void)state;
    struct lines t;
    open_lines(&t);
    say(&t, 5, "", "10.0.0.1");
    assert_int_equal(ik_line_settle(t.l, (struct ik_now){5 + IK_HOSTNAME_PATIENCE - 1, 0}),
                     5 + IK_HOSTNAME_PATIENCE);
    assert_int_equal(ik_line_settle(t.l, (struct ik_now){5 + IK_HOSTNAME_PATIENCE, 0}), IK_NEVER);
    assert_string_equal(rig_text(t.rig), "10.0.0.1\n");
    say(&t, 6 + IK_HOSTNAME_PATIENCE, "", "10.0.0.1");
    assert_string_equal(rig_text(t.rig), "10.0.0.1\n10.0.0.1\n");
    /* an answer that comes at last is used from then on */
    answer(&t.r, 0, "late.example");
    say(&t, 7 + IK_HOSTNAME_PATIENCE, "", "10.0.0.1");
    assert_string_equal(rig_text(t.rig), "10.0.0.1\n10.0.0.1\nlate.example (10.0.0.1)\n");
    assert_int_equal(t.r.asked, 1);
    close_lines(&t);
}

/* traceroute's way: an address whose name was asked for in vain is its own. */
static void lines__pair__address_is_its_own_name(void **state)
{
    (void)state;
    struct lines t;
    open_lines(&t);
    ik_line_pair(t.l);
    t.r.at_once = "one.example";
    say(&t, 0, "", "10.0.0.1");
    t.r.at_once = NULL;
    say(&t, 0, "", "10.0.0.2");
    answer(&t.r, 1, NULL);
    assert_int_equal(ik_line_settle(t.l, (struct ik_now){1, 0}), IK_NEVER);
    assert_string_equal(rig_text(t.rig), "one.example (10.0.0.1)\n10.0.0.2 (10.0.0.2)\n");
    close_lines(&t);
}

/* A name becomes a member of the record; without one there is no such member. */
static void lines__record_with_a_name__member_and_escapes(void **state)
{
    (void)state;
    static const char record[] = "{\"from\":\"10.0.0.1\",\"ttl\":1}\n";
    const struct ik_addr a = addr_of("10.0.0.1"), b = addr_of("10.0.0.2");
    struct lines t;
    open_lines(&t);
    ik_line_json(t.l, record, sizeof record - 1, 18, &a);
    ik_line_end(t.l, (struct ik_now){0, 0});
    ik_line_json(t.l, record, sizeof record - 1, 18, &b);
    ik_line_end(t.l, (struct ik_now){0, 0});
    assert_string_equal(rig_text(t.rig), "");
    answer(&t.r, 1, NULL);
    answer(&t.r, 0, "a\"\\\x1b");
    assert_int_equal(ik_line_settle(t.l, (struct ik_now){1, 0}), IK_NEVER);
    const char *text = rig_text(t.rig);
    const char *second = strchr(text, '\n') + 1;
    assert_memory_equal(text, "{\"from\":\"10.0.0.1\",\"name\":\"a", 28);
    assert_non_null(strstr(text, "\"ttl\":1}\n"));
    for (const char *c = text; c < second - 1; c++)
        assert_true(*c >= ' '); /* no control character of a stranger's in it */
    assert_string_equal(second, record);
    close_lines(&t);
}

static void lines__name_of_a_stranger__is_escaped(void **state)
{
    (void)state;
    struct lines t;
    open_lines(&t);
    t.r.at_once = "\x1b[2J\x01\n.example";
    say(&t, 0, "", "10.0.0.1");
    assert_string_equal(rig_text(t.rig), "\\x1b[2J\\x01\\x0a.example (10.0.0.1)\n");
    assert_int_equal(t.r.settled, 0); /* no call back out of the question itself */
    close_lines(&t);
}

static void lines__finish__writes_what_waits(void **state)
{
    (void)state;
    struct lines t;
    open_lines(&t);
    say(&t, 0, "", "2001:db8::1");
    ik_line_finish(t.l);
    assert_string_equal(rig_text(t.rig), "2001:db8::1\n");
    close_lines(&t);
}

/* A stranger may answer from any number of addresses: beyond the table there are no names, and no
 * waiting. */
static void hostnames__more_than_the_table_holds__are_settled(void **state)
{
    (void)state;
    struct resolver r = {.at_once = "x"};
    struct ik_hostnames *h;
    assert_int_equal(ik_hostnames_new(&h, &(struct ik_hostnames_cfg){ask, settled, &r}), IK_OK);
    int named = 0;
    for (int i = 0; i < 3000; i++) {
        const struct ik_addr a = {.family = 4, .bytes = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
        const char *name;
        ik_ns until;
        r.asked = 0;
        assert_true(ik_hostnames_get(h, (struct ik_now){0, 0}, &a, &name, &until));
        named += name != NULL;
    }
    assert_int_equal(named, 1024);
    ik_hostnames_free(h);
}

static void numbers__edges(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    struct ik_line *l = r->p.run.line;
    ik_line_u64(l, 0);
    ik_line_str(l, " ");
    ik_line_u64(l, UINT64_MAX);
    ik_line_str(l, " ");
    ik_line_us3(l, -1);
    ik_line_str(l, " ");
    ik_line_us3(l, 1234567);
    ik_line_end(l, (struct ik_now){0, 0});
    assert_string_equal(rig_text(r), "0 18446744073709551615 0.000 1234.567");
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines__name_unknown__wait_in_order),
        cmocka_unit_test(lines__no_answer__leave_after_the_bound_once_an_address),
        cmocka_unit_test(lines__pair__address_is_its_own_name),
        cmocka_unit_test(lines__record_with_a_name__member_and_escapes),
        cmocka_unit_test(lines__name_of_a_stranger__is_escaped),
        cmocka_unit_test(lines__finish__writes_what_waits),
        cmocka_unit_test(hostnames__more_than_the_table_holds__are_settled),
        cmocka_unit_test(numbers__edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
