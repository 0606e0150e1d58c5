/* SPDX-License-Identifier: MIT */
#include "cmd/opt.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct values {
    bool numeric, loud;
    int verbose, mode;
    int64_t count, mark;
    ik_ns interval;
    const char *text;
    struct ik_opt_list sources;
};

static const char *const modes[] = {"do", "dont", "want", NULL};

#define AT(member) .at = offsetof(struct values, member)
static const struct ik_opt options[] = {
    {.kind = IK_OPT_HEADING, .help = "General:"},
    {'n', "numeric", IK_OPT_FLAG, AT(numeric), .help = "no names", .excludes = "H"},
    {'H', "names", IK_OPT_OFF, AT(numeric), .help = "names"},
    {'v', "verbose", IK_OPT_COUNT, AT(verbose), .help = "more"},
    {'c', "count", IK_OPT_INT, AT(count), "COUNT", "how many\nprobes", 1, INT64_MAX},
    {'m', "mark", IK_OPT_NUMBER, AT(mark), "MARK", "mark", 0, 0xffffffff},
    {'i', "interval", IK_OPT_SECONDS, AT(interval), "SECONDS", "pause", 0, 3600 * IK_NS_PER_S},
    {'M', "pmtudisc", IK_OPT_CHOICE, AT(mode), "HOW", "path MTU", .choices = modes},
    {'I', "interface", IK_OPT_LIST, AT(sources), "NAME|ADDR", "where from"},
    {0, "targets", IK_OPT_STRING, AT(text), "FILE", "targets"},
    {0, "json", IK_OPT_FLAG, AT(loud), .help = "JSON"},
};
static const struct ik_opt_spec spec = {"demo",  "[OPTION]... TARGET...",          "Tries things.",
                                        options, sizeof options / sizeof *options, NULL};

/* Parses words given as one string; the result stays valid until the next call's caller returns. */
struct run {
    char words[256];
    char *argv[32];
    const char *operands[32];
    struct ik_opt_args args;
    struct values v;
    bool ok;
};

static void parse(struct run *r, const char *line)
{
    memset(r, 0, sizeof *r);
    r->v.mode = -1;
    r->args.operands = r->operands;
    snprintf(r->words, sizeof r->words, "demo %s", line);
    int argc = 0;
    for (char *w = strtok(r->words, " "); w; w = strtok(NULL, " "))
        r->argv[argc++] = w;
    r->ok = ik_opt_parse(&spec, argc, r->argv, &r->v, &r->args);
}

static void parse__all_kinds__values_arrive(void **state)
{
    (void)state;
    struct run r;
    parse(&r, "-nvvc3 -m 0xff a -i .25 -M dont -I eth0 -I 10.0.0.1 --targets=- --json b -- -c");
    assert_true(r.ok);
    assert_true(r.v.numeric);
    assert_int_equal(r.v.verbose, 2);
    assert_int_equal(r.v.count, 3);
    assert_int_equal(r.v.mark, 255);
    assert_int_equal(r.v.interval, 250 * IK_NS_PER_MS);
    assert_int_equal(r.v.mode, 1);
    assert_int_equal(r.v.sources.n, 2);
    assert_string_equal(r.v.sources.items[1], "10.0.0.1");
    assert_string_equal(r.v.text, "-");
    assert_true(r.v.loud);
    assert_int_equal(r.args.n, 3);
    assert_string_equal(r.args.operands[0], "a");
    assert_string_equal(r.args.operands[1], "b");
    assert_string_equal(r.args.operands[2], "-c");
    assert_true(ik_opt_given(&spec, &r.args, "c"));
    assert_true(ik_opt_given(&spec, &r.args, "json"));
    assert_false(ik_opt_given(&spec, &r.args, "H"));
}

static void parse__faults__one_line_that_says_what_is_right(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"--cuont 3", "unknown option '--cuont'; did you mean '--count'?"},
        {"--inter 3", "unknown option '--inter'; 'icmp help demo' lists them all"},
        {"--interf x", "unknown option '--interf'; did you mean '--interface'?"},
        {"--qqqqqq", "unknown option '--qqqqqq'; 'icmp help demo' lists them all"},
        {"-z", "unknown option '-z'; 'icmp help demo' lists them all"},
        {"-c", "option '-c' needs an argument: COUNT"},
        {"--count", "option '--count' needs an argument: COUNT"},
        {"--json=1", "option '--json' takes no argument"},
        {"-c 0", "bad COUNT '0' for '-c': must be a whole number from 1 to 9223372036854775807"},
        {"-c 3x", "bad COUNT '3x' for '-c': must be a whole number from 1 to 9223372036854775807"},
        {"-m -1",
         "bad MARK '-1' for '-m': must be a whole number from 0 to 4294967295, decimal or 0x..."},
        {"-i 1,5", "bad SECONDS '1,5' for '-i': must be seconds from 0 to 3600, such as 0.5"},
        {"-M never", "bad HOW 'never' for '-M': must be one of do, dont, want"},
        {"-n -H", "'-n' and '-H' contradict each other: give only one"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run r;
        parse(&r, rows[i][0]);
        assert_false(r.ok);
        assert_string_equal(r.args.error, rows[i][1]);
    }
}

static void parse__list_too_long__is_refused(void **state)
{
    (void)state;
    struct run r;
    parse(&r, "-I 1 -I 2 -I 3 -I 4 -I 5 -I 6 -I 7 -I 8 -I 9");
    assert_false(r.ok);
    assert_string_equal(r.args.error, "'-I' may be given at most 8 times");
}

static void number__edges__are_exact(void **state)
{
    (void)state;
    int64_t v = 7;
    assert_true(ik_opt_int("9223372036854775807", false, 1, INT64_MAX, &v));
    assert_int_equal(v, INT64_MAX);
    v = 7;
    assert_false(ik_opt_int("9223372036854775808", false, 1, INT64_MAX, &v));
    assert_false(ik_opt_int("", false, 0, 9, &v));
    assert_false(ik_opt_int("-", false, -9, 9, &v));
    assert_false(ik_opt_int("0x", true, 0, 9, &v));
    assert_false(ik_opt_int("0x5", false, 0, 9, &v));
    assert_false(ik_opt_int(" 5", false, 0, 9, &v));
    assert_false(ik_opt_int("+5", false, 0, 9, &v));
    assert_int_equal(v, 7);
    assert_true(ik_opt_int("-5", false, -5, 9, &v));
    assert_int_equal(v, -5);
}

/* A comma locale must change nothing; where none is generated the C locale proves as much. */
static void seconds__edges__are_exact_in_any_locale(void **state)
{
    (void)state;
    setlocale(LC_ALL, "de_DE.UTF-8");
    ik_ns v = 7;
    assert_true(ik_opt_seconds("0.0000000019", 0, IK_NS_PER_S, &v));
    assert_int_equal(v, 1);
    assert_true(ik_opt_seconds("1.", 0, IK_NS_PER_S, &v));
    assert_int_equal(v, IK_NS_PER_S);
    v = 7;
    static const char *const bad[] = {"",    ".",  "-1",  "1e3",  "inf", "nan",
                                      "0x1", "1 ", "1,5", "1.5.", "2.0", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ik_opt_seconds(bad[i], 0, IK_NS_PER_S, &v));
    assert_int_equal(v, 7);
    setlocale(LC_ALL, "C");
}

static void help__table__lists_every_option(void **state)
{
    (void)state;
    char buf[4096] = "";
    FILE *f = fmemopen(buf, sizeof buf, "w");
    ik_opt_help(&spec, f);
    fclose(f);
    assert_non_null(strstr(buf, "Usage: icmp demo [OPTION]... TARGET...\nTries things.\n"));
    assert_non_null(strstr(buf, "\nGeneral:\n"));
    assert_non_null(strstr(buf, "  -c, --count COUNT           how many\n"
                                "                              probes\n"));
    assert_non_null(strstr(buf, "      --targets FILE          targets\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__all_kinds__values_arrive),
        cmocka_unit_test(parse__faults__one_line_that_says_what_is_right),
        cmocka_unit_test(parse__list_too_long__is_refused),
        cmocka_unit_test(number__edges__are_exact),
        cmocka_unit_test(seconds__edges__are_exact_in_any_locale),
        cmocka_unit_test(help__table__lists_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
