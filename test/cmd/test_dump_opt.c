/* SPDX-License-Identifier: MIT */
#include "cmd/dump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct ik_dump_plan plan;

static bool read_line(const char *line)
{
    static char words[512];
    static char *argv[32];
    static const char *operands[32];
    int argc = 0;
    strcpy(words, line);
    argv[argc++] = (char[]){"dump"};
    for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    argv[argc] = NULL;
    return ik_dump_opt_read(&plan, argc, argv, operands);
}

static void refused(const char *line, const char *why)
{
    assert_false(read_line(line));
    if (!strstr(plan.args.error, why))
        fail_msg("'%s': no '%s' in '%s'", line, why, plan.args.error);
}

/* What fingers know of tcpdump. */
static void habits__joined_and_apart__are_understood(void **state)
{
    (void)state;
    assert_true(read_line("-nnvvi any -s0 -c3 -l icmp and not host 10.0.0.1"));
    assert_int_equal(plan.opt.numeric, 2);
    assert_int_equal(plan.opt.verbose, 2);
    assert_int_equal(plan.opt.count, 3);
    assert_int_equal(plan.opt.snap, 0);
    assert_string_equal(plan.opt.interface, "any");
    assert_true(plan.style.interface && plan.opt.line_buffered && plan.text);
    assert_string_equal(plan.filter, "icmp and not host 10.0.0.1");
    assert_true(read_line("-ttttnXXer x.pcap -w y.pcapng -C 1 -W 3 -U --print"));
    assert_int_equal(plan.opt.stamps, IK_DUMP_DATE);
    assert_int_equal(plan.opt.ascii, 2);
    assert_true(plan.style.link && plan.text);
    assert_true(read_line("-r x -w y"));
    assert_false(plan.text);
}

static void contradictions__said__with_what_would_be_right(void **state)
{
    (void)state;
    refused("-r x -i eth0", "-i");
    refused("--json -V -r x", "-V");
    refused("--follow", "add -r FILE");
    refused("-r x -C 1", "add -w FILE");
    refused("-r x -w y -W 3", "add one of them");
    refused("-r x -w - --json", "give -w a file");
    refused("-r x -w - -C 1", "cannot be rotated");
    refused("-r x -tttttt", "five times");
    refused("-c 0", "-c");
}

static bool wants(uint8_t family, uint8_t type, uint8_t code)
{
    struct ik_look_packet p = {.has_icmp = true};
    p.icmp.family = family;
    p.icmp.type = type;
    p.icmp.code = code;
    return ik_dump_only_match(&plan, &p);
}

/* A number without a family is IPv4's unless only IPv6 has it; a code that nobody assigned still
 * selects itself alone. */
static void only__numbers_and_names__select(void **state)
{
    (void)state;
    assert_true(read_line("--only 3/3 -r x"));
    assert_true(wants(4, 3, 3));
    assert_false(wants(4, 3, 4) || wants(6, 3, 3));
    assert_true(read_line("--only 3 --only v6:1/4 --only 134 -r x"));
    assert_true(wants(4, 3, 200) && wants(6, 1, 4) && wants(6, 134, 0));
    assert_false(wants(4, 134, 0) || wants(6, 1, 3));
    assert_true(read_line("--only 3/77 --only 99 -r x"));
    assert_true(wants(4, 3, 77) && wants(4, 99, 5));
    assert_false(wants(4, 3, 3));
    assert_true(read_line("--only redirect -r x"));
    assert_true(wants(4, 5, 1) && wants(6, 137, 0));
    assert_true(read_line("--only port-unreachable -r x"));
    assert_true(wants(4, 3, 3) && wants(6, 1, 4));
    assert_false(wants(4, 3, 1));
    const struct ik_look_packet part = {.part = true};
    assert_false(ik_dump_only_match(&plan, &part));
    assert_true(read_line("-r x"));
    assert_true(wants(6, 200, 9) && ik_dump_only_match(&plan, &part));
}

static void only__nothing_known__suggests(void **state)
{
    (void)state;
    refused("--only port-unreachabel -r x", "did you mean 'port-unreachable'?");
    refused("--only 256 -r x", "256");
    refused("--only 3/256 -r x", "3/256");
    refused("--only 3/ -r x", "3/");
    refused("--only \x1b[2J -r x", "?[2J");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(habits__joined_and_apart__are_understood),
        cmocka_unit_test(contradictions__said__with_what_would_be_right),
        cmocka_unit_test(only__numbers_and_names__select),
        cmocka_unit_test(only__nothing_known__suggests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
