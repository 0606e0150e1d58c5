/* SPDX-License-Identifier: MIT */
#include "cmd/ping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct run {
    char words[256];
    char *argv[64];
    const char *operands[64];
    struct ik_ping_plan plan;
    bool ok;
};

static void read_as(struct run *r, const char *line, bool root)
{
    memset(r, 0, sizeof *r);
    snprintf(r->words, sizeof r->words, "ping %s", line);
    int argc = 0;
    for (char *w = strtok(r->words, " "); w; w = strtok(NULL, " "))
        r->argv[argc++] = w;
    r->ok = ik_ping_opt_read(&r->plan, argc, r->argv, r->operands, root);
}

static void timeout__below_a_millisecond__has_no_end(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        ik_ns timeout;
    } rows[] = {
        {"-W 0 h", 2147483 * IK_NS_PER_S},
        {"-W 0.0009 h", 2147483 * IK_NS_PER_S},
        {"-W 0.001 h", IK_NS_PER_MS},
        {"h", 10 * IK_NS_PER_S},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run r;
        read_as(&r, rows[i].line, true);
        assert_true(r.ok);
        assert_int_equal(r.plan.opt.timeout, rows[i].timeout);
    }
}

static void options__all_of_iputils__are_taken(void **state)
{
    (void)state;
    struct run r;
    read_as(&r,
            "-4 -a -A -b -B -c 3 -C -d -D -e 7 -f -i .5 -l 2 -L -m 0x10 -M want -n -O -p a5f -q "
            "-Q 0x10 -r -R -s 100 -S 4096 -t 9 -U -v -w 5 -W 1.5 -3 10.0.0.1",
            true);
    assert_true(r.ok);
    const struct ik_ping_opt *o = &r.plan.opt;
    assert_true(o->audible && o->adaptive && o->broadcast && o->sticky && o->connect && o->debug);
    assert_true(o->unix_time && o->flood && o->no_loop && o->numeric && o->outstanding && o->quiet);
    assert_true(o->direct && o->record_route && o->user_latency && o->precise);
    assert_int_equal(o->count, 3);
    assert_int_equal(o->ident, 7);
    assert_int_equal(o->interval, 500 * IK_NS_PER_MS);
    assert_int_equal(o->preload, 2);
    assert_int_equal(o->mark, 16);
    assert_int_equal(o->pmtudisc, 2);
    assert_int_equal(o->tclass, 16);
    assert_int_equal(o->size, 100);
    assert_int_equal(o->sndbuf, 4096);
    assert_int_equal(o->ttl, 9);
    assert_int_equal(o->verbose, 1);
    assert_int_equal(o->deadline, 5 * IK_NS_PER_S);
    assert_int_equal(o->timeout, 1500 * IK_NS_PER_MS);
    assert_int_equal(r.plan.family, 4);
    assert_int_equal(r.plan.pattern_bytes, 2);
    assert_int_equal(r.plan.pattern[0], 0xa5);
    assert_int_equal(r.plan.pattern[1], 0x0f); /* a digit alone is a low one, as with iputils */
    assert_string_equal(r.plan.raw_for, "-R");
    assert_int_equal(r.plan.args.n, 1);
}

static void options__contradictions__are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "-4 -6 h",
        "-6 -R ::1",
        "-6 -T tsonly ::1",
        "-6 -b ::1",
        "-4 -F 5 h",
        "-4 -N name h",
        "-R -T tsonly h",
        "-R -F 1 h",
        "--timestamp -6 h",
        "--timestamp -s 5 h",
        "-I ::1 -4 h",
        "-I 127.0.0.1 -6 h",
        "-I ::1 -R h",
        "-D --iso h",
        "-a --json h",
        "-n -H h",
        "-N name -N ipv6 h",
        "-N subject-ipv4=10.0.0.1 h",
        "-I 127.0.0.1 -I 127.0.0.2 h",
        "--source nonsense h",
        "-I 127.0.0.1 --source 127.0.0.1 h",
        "-p xy h",
        "-p 0123456789abcdef0123456789abcdef01 h",
        "--until sideways:3 h",
        "--until up:0 h",
        "--until up:3x h",
        "--until up:32768 h",
        "--until down:4294967296 h",
        "-T tsprespec h",
        "-T tsprespec name h",
        "-s 65508 h",
        "-Q 256 h",
        "-l 65537 h",
        "-t 0 h",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run r;
        read_as(&r, rows[i], true);
        if (r.ok)
            print_error("taken: %s\n", rows[i]);
        assert_false(r.ok);
        assert_true(strlen(r.plan.args.error) > 10);
        assert_null(strchr(r.plan.args.error, '\n'));
    }
}

static void user__limits__are_those_of_iputils(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool root, user;
    } rows[] = {
        {"-i 0.002 h", true, true}, {"-i 0.0019 h", true, false},  {"-i 0 h", true, false},
        {"-f h", true, false},      {"-f -i 0.002 h", true, true}, {"-l 3 h", true, true},
        {"-l 4 h", true, false},    {"-A h", true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run r;
        read_as(&r, rows[i].line, true);
        assert_int_equal(r.ok, rows[i].root);
        read_as(&r, rows[i].line, false);
        assert_int_equal(r.ok, rows[i].user);
    }
}

static void source__address_and_interface__both_understood(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "-I lo -I 127.0.0.1 h", true);
    assert_true(r.ok);
    assert_string_equal(r.plan.interface, "lo");
    assert_int_equal(r.plan.source.family, 4);
    assert_int_equal(r.plan.family, 4);
    read_as(&r, "-I fe80::1%lo h", true);
    assert_true(r.ok);
    assert_string_equal(r.plan.interface, "lo");
    assert_int_equal(r.plan.source.scope, 1);
    read_as(&r, "-I nosuch0 h", true);
    assert_false(r.ok);
    assert_string_equal(r.plan.args.error, "no interface 'nosuch0'; 'ip link' lists them");
}

static void ip_options__bytes__as_rfc_791(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "-R h", true);
    static const uint8_t rr[40] = {1, 7, 39, 4};
    assert_int_equal(r.plan.ip_options_bytes, 40);
    assert_memory_equal(r.plan.ip_options, rr, sizeof rr);
    read_as(&r, "-T tsandaddr h", true);
    static const uint8_t ts[36] = {68, 36, 5, 1};
    assert_int_equal(r.plan.ip_options_bytes, 36);
    assert_memory_equal(r.plan.ip_options, ts, sizeof ts);
    read_as(&r, "-T tsprespec 10.0.0.1 10.0.0.2 h", true);
    static const uint8_t prespec[20] = {68, 20, 5, 3, 10, 0, 0, 1, 0, 0, 0, 0, 10, 0, 0, 2};
    assert_int_equal(r.plan.ip_options_bytes, 20);
    assert_memory_equal(r.plan.ip_options, prespec, sizeof prespec);
    assert_int_equal(r.plan.args.n, 1);
    assert_string_equal(r.plan.args.operands[0], "h");
}

/* RFC 4620 sections 5 and 6: labels in lower case, two zero bytes behind a name without domain, and
 * the group from the digest of the first label with its length octet. */
static void node_info__subjects__are_encoded(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "-N ipv6-all -N ipv6-global -N subject-name=Web h", true);
    assert_true(r.ok);
    assert_int_equal(r.plan.node.qtype, 3);
    assert_int_equal(r.plan.node.flags, 0x22);
    assert_int_equal(r.plan.node.subject_type, 1);
    assert_int_equal(r.plan.node.subject_bytes, 6);
    assert_memory_equal(r.plan.node.subject, "\3web\0\0", 6);
    /* md5("\3web") begins 94f95e */
    char group[IK_ADDR_TEXT];
    assert_string_equal(ik_addr_text(&r.plan.node.group, group), "ff02::2:ff94:f95e");
    read_as(&r, "-N name -N subject-name=a.B h", true);
    assert_int_equal(r.plan.node.subject_bytes, 5);
    assert_memory_equal(r.plan.node.subject, "\1a\1b\0", 5);
    read_as(&r, "-N name -N subject-ipv4=10.0.0.1 h", true);
    assert_int_equal(r.plan.node.subject_type, 2);
    assert_memory_equal(r.plan.node.subject, "\12\0\0\1", 4);
    read_as(&r, "-N name -N subject-name=a..b h", true);
    assert_false(r.ok);
}

/* Virtual time passes at once: what only a person would end has to end by itself. */
static void lab__without_an_end__sends_four(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int64_t count;
    } rows[] = {
        {"--lab x h", 4},
        {"-f --lab x h", 4},
        {"-c 9 --lab x h", 9},
        {"-w 3 --lab x h", 0},
        {"--until up:2 --lab x h", 0},
        {"--realtime --lab x h", 0},
        {"h", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run r;
        read_as(&r, rows[i].line, false);
        assert_true(r.ok);
        assert_int_equal(r.plan.opt.count, rows[i].count);
    }
}

static void lab__limits_of_users__do_not_hold(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "-f -l 100 --lab x h", false);
    assert_true(r.ok);
    read_as(&r, "-f -l 100 h", false);
    assert_false(r.ok);
}

static void lab__options_of_the_machine__are_refused_before_they_are_looked_at(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "-I nowhere0 --lab x h", true);
    assert_false(r.ok);
    assert_string_equal(r.plan.args.error,
                        "'-I' is about this machine, which '--lab' does without: leave out one");
    read_as(&r, "--interface nowhere0 --lab x h", true);
    assert_false(r.ok);
    assert_non_null(strstr(r.plan.args.error, "'--interface'"));
    read_as(&r, "--seed 3 h", true);
    assert_false(r.ok);
    assert_non_null(strstr(r.plan.args.error, "--lab internet"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timeout__below_a_millisecond__has_no_end),
        cmocka_unit_test(options__all_of_iputils__are_taken),
        cmocka_unit_test(options__contradictions__are_refused),
        cmocka_unit_test(user__limits__are_those_of_iputils),
        cmocka_unit_test(source__address_and_interface__both_understood),
        cmocka_unit_test(ip_options__bytes__as_rfc_791),
        cmocka_unit_test(node_info__subjects__are_encoded),
        cmocka_unit_test(lab__without_an_end__sends_four),
        cmocka_unit_test(lab__limits_of_users__do_not_hold),
        cmocka_unit_test(lab__options_of_the_machine__are_refused_before_they_are_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
