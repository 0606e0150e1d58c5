/* SPDX-License-Identifier: MIT */
#include "cmd/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct run {
    char words[256];
    char *argv[64];
    const char *operands[64];
    struct ik_trace_plan plan;
    bool ok;
};

static void read_as(struct run *r, const char *line)
{
    memset(r, 0, sizeof *r);
    snprintf(r->words, sizeof r->words, "trace %s", line);
    int argc = 0;
    for (char *w = strtok(r->words, " "); w; w = strtok(NULL, " "))
        r->argv[argc++] = w;
    r->ok = ik_trace_opt_read(&r->plan, argc, r->argv, r->operands);
}

static void options__none__as_traceroute(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "host");
    assert_true(r.ok);
    const struct ik_trace_cfg *c = &r.plan.cfg;
    assert_int_equal(c->method, IK_TRACE_UDP);
    assert_int_equal(c->dport, 33434);
    assert_int_equal(c->queries, 3);
    assert_int_equal(c->first_ttl, 1);
    assert_int_equal(c->max_ttl, 30);
    assert_int_equal(c->in_flight, 16);
    assert_int_equal(c->timeout, 5 * IK_NS_PER_S);
    assert_int_equal(c->here_percent, 300);
    assert_int_equal(c->near_percent, 1000);
    assert_int_equal(c->tclass, -1);
    assert_int_equal(c->packet_bytes, 0);
    assert_false(c->classic);
    assert_null(r.plan.raw_for);
}

static void options__all_of_traceroute__are_taken(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "-4 -d -F -f 3 -m 20 -N 5 -n -p 4000 -t 0x10 -w 1,2.5,4 -q 7 -r -s 127.0.0.1 -z 20 "
                "-e --fwmark 9 --sport 5000 host 100");
    assert_true(r.ok);
    const struct ik_trace_cfg *c = &r.plan.cfg;
    assert_int_equal(c->first_ttl, 3);
    assert_int_equal(c->max_ttl, 20);
    assert_int_equal(c->in_flight, 5);
    assert_int_equal(c->dport, 4000);
    assert_int_equal(c->sport, 5000);
    assert_int_equal(c->tclass, 16);
    assert_int_equal(c->timeout, IK_NS_PER_S);
    assert_int_equal(c->here_percent, 250);
    assert_int_equal(c->near_percent, 400);
    assert_int_equal(c->queries, 7);
    assert_int_equal(c->gap, 20 * IK_NS_PER_MS); /* above 10: milliseconds */
    assert_int_equal(c->packet_bytes, 100);
    assert_true(c->dont_fragment && r.plan.opt.numeric && r.plan.opt.extensions);
    assert_true(r.plan.opt.direct && r.plan.opt.debug);
    assert_int_equal(r.plan.opt.mark, 9);
    assert_int_equal(r.plan.family, 4);
    assert_int_equal(r.plan.args.n, 1);
}

/* DF-traceroute-01: the port that each way begins at. */
static void method__each__port_and_privilege(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum ik_trace_method method;
        int port;
        bool raw;
    } rows[] = {
        {"-I h", IK_TRACE_ICMP, 1, false},
        {"-T h", IK_TRACE_TCP, 80, true},
        {"-T -p 443 h", IK_TRACE_TCP, 443, true},
        {"-U h", IK_TRACE_UDP, 53, false},
        {"-M tcp h", IK_TRACE_TCP, 80, true},
        {"-M default h", IK_TRACE_UDP, 33434, false},
        {"-M udp h", IK_TRACE_UDP, 53, false},
        {"-I --classic -p 9 h", IK_TRACE_ICMP, 9, false},
        {"--classic h", IK_TRACE_UDP, 33434, false},
        {"--lenient h", IK_TRACE_UDP, 33434, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run r;
        read_as(&r, rows[i].line);
        assert_true(r.ok);
        assert_int_equal(r.plan.cfg.method, rows[i].method);
        assert_int_equal(r.plan.cfg.dport, rows[i].port);
        assert_int_equal(r.plan.raw_for != NULL, rows[i].raw);
    }
}

/* traceroute sends one at a time then. */
static void in_flight__zero__as_one(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "-N 0 h");
    assert_true(r.ok);
    assert_int_equal(r.plan.cfg.in_flight, 1);
}

/* MAX alone switches the factors off, as in traceroute. */
static void wait__max_alone__no_factors(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "-w 0.5 h");
    assert_true(r.ok);
    assert_int_equal(r.plan.cfg.timeout, 500 * IK_NS_PER_MS);
    assert_int_equal(r.plan.cfg.here_percent, 0);
    assert_int_equal(r.plan.cfg.near_percent, 0);
    read_as(&r, "-z 0.5 -w 2/3/4 h");
    assert_true(r.ok);
    assert_int_equal(r.plan.cfg.near_percent, 400);
    assert_int_equal(r.plan.cfg.gap, 500 * IK_NS_PER_MS);
}

/* Raw sockets do not fragment: what is larger than any link must carry goes another way. */
static void bytes__large__datagram_unless_fragments_are_unwanted(void **state)
{
    (void)state;
    struct run r;
    read_as(&r, "h 3000");
    assert_true(r.ok && r.plan.datagram);
    read_as(&r, "-F h 3000");
    assert_true(r.ok && !r.plan.datagram);
    read_as(&r, "h 1280");
    assert_true(r.ok && !r.plan.datagram);
    read_as(&r, "a b c");
    assert_true(r.ok);
    assert_int_equal(r.plan.args.n, 3);
}

static void options__bad__one_line_that_says_what_is_right(void **state)
{
    (void)state;
    static const struct {
        const char *line, *says;
    } rows[] = {
        {"", "no target"},
        {"-q 0 h", "1 to 100"},
        {"-m 256 h", "1 to 255"},
        {"-f 9 -m 3 h", "lower -f or raise -m"},
        {"-w x h", "MAX[,HERE,NEAR]"},
        {"-w 1,2,3,4 h", "MAX[,HERE,NEAR]"},
        {"-w 0 h", "0.001"},
        {"-z -1 h", "seconds"},
        {"-I -T h", "-T"},
        {"-T --classic h", "--classic"},
        {"-M tcp --classic h", "--classic"},
        {"-I -p 5 h", "add that"},
        {"-I --sport 5 h", "--sport"},
        {"-4 -6 h", "-6"},
        {"-4 -l 5 h", "-l"},
        {"-s 10.0.0.1 -6 h", "IPv4 only"},
        {"-s nonsense h", "source address"},
        {"-i no-such-if h", "ip link"},
        {"--classic -p 65500 h", "beyond 65535"},
        {"h 65001", "65000"},
        {"-T h 100", "leave out"},
        {"--frist 3 h", "--first"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run r;
        read_as(&r, rows[i].line);
        assert_false(r.ok);
        if (!strstr(r.plan.args.error, rows[i].says))
            fail_msg("%s: '%s' lacks '%s'", rows[i].line, r.plan.args.error, rows[i].says);
        assert_null(strchr(r.plan.args.error, '\n'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options__none__as_traceroute),
        cmocka_unit_test(options__all_of_traceroute__are_taken),
        cmocka_unit_test(method__each__port_and_privilege),
        cmocka_unit_test(in_flight__zero__as_one),
        cmocka_unit_test(wait__max_alone__no_factors),
        cmocka_unit_test(bytes__large__datagram_unless_fragments_are_unwanted),
        cmocka_unit_test(options__bad__one_line_that_says_what_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
