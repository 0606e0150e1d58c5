/* SPDX-License-Identifier: MIT
 * The verb as it is called: exit status, standard output and standard error. */
#include "cmd/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { TEXT_CAP = 1 << 20, ARGS_MAX = 8 };

/* What one run wrote. */
static char *out, *err;

static void take(FILE *from, char *text)
{
    rewind(from);
    text[fread(text, 1, TEXT_CAP - 1, from)] = '\0';
    fclose(from);
}

/* Runs the verb with the words of a line, both outputs in files. */
static int run(const char *line)
{
    char name[] = "explain", words[256], *argv[ARGS_MAX + 2] = {name};
    int argc = 1;
    strcpy(words, line);
    for (char *w = strtok(words, " "); w && argc <= ARGS_MAX; w = strtok(NULL, " "))
        argv[argc++] = w;
    FILE *files[2] = {tmpfile(), tmpfile()};
    int kept[2];
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        assert_non_null(files[i]);
        kept[i] = dup(i + 1);
        dup2(fileno(files[i]), i + 1);
    }
    const int status = ik_explain_verb(argc, argv);
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        dup2(kept[i], i + 1);
        close(kept[i]);
    }
    take(files[0], out);
    take(files[1], err);
    return status;
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        n++;
    return n;
}

#define DRAWING                                                                    \
    "\nLayout\n   0                   1                   2                   3\n" \
    "   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1\n"         \
    "  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+\n"        \
    "  |     type      |     code      |           checksum            |\n"
#define EXPRESSIONS                                                      \
    "\nWhat selects it\n  Wireshark  icmp.type == 3 && icmp.code == 3\n" \
    "  tcpdump    icmp[0] == 3 and icmp[1] == 3\n  nft        icmp type 3 icmp code 3\n"

static void entry__code__is_told_in_full(void **state)
{
    static const char *const parts[] = {
        "ICMPv4 3/3: Port unreachable\n",
        "\nport-unreachable, connection-refused, port-closed (error, in use)\n",
        "\nSent by\n",
        "\nWhat the receiver should do\n",
        "\nUsual causes\n  - ",
        "\nCheck next\n  ss -lunp\n      on the host: ",
        "\nFirewall: let it pass, limit its rate\n",
        DRAWING,
        EXPRESSIONS,
        "\nSources\n  RFC 792; "};
    (void)state;
    assert_int_equal(run("3/3"), 0);
    assert_string_equal(err, "");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(out, parts[i]))
            fail_msg("no %s", parts[i]);
    assert_null(strstr(out, "\x1b"));
}

static void entry__text__is_80_columns_wide_at_most(void **state)
{
    (void)state;
    assert_int_equal(run("3/4 v6:134 ping"), 0);
    for (const char *at = out; *at;) {
        const size_t n = strcspn(at, "\n");
        /* Commands are never broken; they stand two columns in. */
        const bool command = !strncmp(at, "  ", 2) && at[2] != ' ' && at[2] != '-';
        if (n > 80 && !command)
            fail_msg("%.*s", (int)n, at);
        at += n + (at[n] != '\0');
    }
}

static void entry__type_with_codes__lists_them(void **state)
{
    (void)state;
    assert_int_equal(run("3"), 0);
    assert_non_null(strstr(out, "\nCodes\n  3/0       net-unreachable"));
    assert_non_null(strstr(out, "\n  3/15      precedence-cutoff"));
    assert_null(strstr(out, "11/0"));
}

static void entry__name_of_both_families__is_told_for_both(void **state)
{
    (void)state;
    assert_int_equal(run("redirect"), 0);
    assert_non_null(strstr(out, "ICMPv4 5: Redirect\n"));
    assert_non_null(strstr(out, "\nICMPv6 137: Redirect\n"));
}

static void entry__words__are_one_name(void **state)
{
    (void)state;
    assert_int_equal(run("port unreachable"), 0);
    assert_non_null(strstr(out, "ICMPv4 3/3: Port unreachable\n"));
    assert_non_null(strstr(out, "\nICMPv6 1/4: Port unreachable\n"));
}

static void entry__code_nobody_assigned__is_said_with_its_type(void **state)
{
    (void)state;
    assert_int_equal(run("3/77"), 0);
    assert_non_null(strstr(
        out, "ICMPv4 3/77: this code is not assigned; its type is: Destination unreachable\n"));
    assert_int_equal(run("8/0"), 0);
    assert_non_null(strstr(out, "ICMPv4 8: Echo request\n"));
    assert_int_equal(run("19/5"), 0);
    assert_non_null(strstr(out, "ICMPv4 19: Reserved for security\n"));
}

static void unknown__near_names__are_suggested(void **state)
{
    (void)state;
    assert_int_equal(run("port-unrechable"), 2);
    assert_string_equal(out, "");
    assert_string_equal(
        err, "explain: nothing is called 'port-unrechable'; near it: port-unreachable\n");
    assert_int_equal(run("3/3 xyzzy"), 2);
    assert_string_equal(out, "");
    assert_non_null(strstr(err, "nothing is called 'xyzzy'; give a type and code"));
    assert_int_equal(run("\x1b[2J"), 2);
    assert_null(strstr(err, "\x1b"));
}

static void options__that_contradict_or_lack__are_refused(void **state)
{
    static const char *const cases[] = {"",          "--all --common", "--class error 3",
                                        "--all 3/3", "--class bogus",  "--lang fr 3",
                                        "-x 3"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (run(cases[i]) != 2 || *out || lines_of(err) != 1)
            fail_msg("'%s': %s%s", cases[i], out, err);
    }
}

static void common__table__has_what_introductions_have(void **state)
{
    static const char *const rows[] = {"0/0", "3/0", "3/1", "3/2", "3/3",  "3/6",  "3/7",
                                       "4/0", "5",   "8/0", "9/0", "10/0", "11/0", "12/0"};
    const char *at = NULL;
    (void)state;
    assert_int_equal(run("--common"), 0);
    at = out;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char row[16];
        snprintf(row, sizeof row, "\n  %s ", rows[i]);
        at = strstr(at, row);
        if (!at)
            fail_msg("no %s in its place", rows[i]);
    }
}

static void class__tables__part_the_types(void **state)
{
    (void)state;
    assert_int_equal(run("--class query"), 0);
    assert_non_null(strstr(out, "\n  8/0       echo-request"));
    assert_non_null(strstr(out, "\n  128/0     echo-request"));
    assert_null(strstr(out, "unreachable"));
    assert_int_equal(run("--class error"), 0);
    assert_non_null(strstr(out, "\n  3/3       port-unreachable"));
    assert_null(strstr(out, "echo-request"));
    assert_int_equal(run("--class info"), 0);
    assert_non_null(strstr(out, "\n  135/0     neighbor-solicitation"));
}

static void json__entry__is_a_record_after_run(void **state)
{
    (void)state;
    assert_int_equal(run("--json 3/3"), 0);
    assert_int_equal(lines_of(out), 2);
    assert_non_null(strstr(out, "{\"record\":\"run\""));
    assert_non_null(strstr(out, "\n{\"record\":\"explanation\""));
    assert_non_null(
        strstr(out, "\"family\":4,\"type\":3,\"code\":3,\"name\":\"port-unreachable\""));
    assert_non_null(strstr(out, "\"class_of\":\"error\",\"status\":\"current\",\"lang\":\"en\""));
    assert_non_null(strstr(out, "\"filter\":\"limit\""));
    assert_non_null(strstr(out, "\"nft\":\"icmp type 3 icmp code 3\""));
    assert_non_null(strstr(out, "\"layout\":[\"type:8\",\"code:8\",\"checksum:16\","));
    assert_non_null(strstr(out, "\"sources\":[\"RFC 792\",\"RFC 1122 sections"));
}

static void json__topic__has_no_numbers(void **state)
{
    (void)state;
    assert_int_equal(run("--json path-mtu"), 0);
    const char *topic = strstr(out, "\n{\"record\":\"explanation\"");
    assert_non_null(topic);
    assert_non_null(strstr(topic, "\"v\":1,\"name\":\"path-mtu\""));
    assert_null(strstr(topic, "\"type\""));
    assert_null(strstr(topic, "\"nft\""));
}

static void json__all__has_each_entry_once(void **state)
{
    (void)state;
    assert_int_equal(run("--json --all"), 0);
    assert_int_equal(count(out, "{\"record\":\"explanation\""), ik_explain_count());
    assert_int_equal(lines_of(out), ik_explain_count() + 1);
}

/* Machine output goes by no locale. */
static void json__korean_locale__is_english(void **state)
{
    (void)state;
    setenv("LANG", "ko_KR.UTF-8", 1);
    const int status = run("--json 3/3");
    unsetenv("LANG");
    assert_int_equal(status, 0);
    assert_non_null(strstr(out, "\"lang\":\"en\""));
}

static int make_room(void **state)
{
    (void)state;
    out = malloc(TEXT_CAP);
    err = malloc(TEXT_CAP);
    return out && err ? 0 : -1;
}

static int free_room(void **state)
{
    (void)state;
    free(out);
    free(err);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry__code__is_told_in_full),
        cmocka_unit_test(entry__text__is_80_columns_wide_at_most),
        cmocka_unit_test(entry__type_with_codes__lists_them),
        cmocka_unit_test(entry__name_of_both_families__is_told_for_both),
        cmocka_unit_test(entry__words__are_one_name),
        cmocka_unit_test(entry__code_nobody_assigned__is_said_with_its_type),
        cmocka_unit_test(unknown__near_names__are_suggested),
        cmocka_unit_test(options__that_contradict_or_lack__are_refused),
        cmocka_unit_test(common__table__has_what_introductions_have),
        cmocka_unit_test(class__tables__part_the_types),
        cmocka_unit_test(json__entry__is_a_record_after_run),
        cmocka_unit_test(json__topic__has_no_numbers),
        cmocka_unit_test(json__all__has_each_entry_once),
        cmocka_unit_test(json__korean_locale__is_english),
    };
    unsetenv("LC_ALL");
    unsetenv("LC_MESSAGES");
    unsetenv("LANG");
    unsetenv("LANGUAGE");
    return cmocka_run_group_tests(tests, make_room, free_room);
}
