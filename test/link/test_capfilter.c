/* SPDX-License-Identifier: MIT
 * Expressions on views of packets; beside tcpdump they stand in live_capfilter.py. */
#include "icmpkit/link.h"

#include "link/capbpf.h"

#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* An echo request of 10.0.0.1 to 10.0.0.2, and its message. */
static const uint8_t PACKET[] = {0x45, 0, 0,  28, 0, 1, 0, 0, 64,   1,    0x66, 0xde, 10, 0,
                                 0,    1, 10, 0,  0, 2, 8, 0, 0xf7, 0xfd, 0,    1,    0,  1};
static const struct ik_rd FRAME = {PACKET, sizeof(PACKET)};
static const struct ik_capfilter_view ECHO = {4, {PACKET + 20, 8}}, NOT_ICMP = {0, {PACKET, 0}},
                                      PART = {4, {PACKET, 0}}, SOLICIT = {6, {PACKET + 20, 8}},
                                      UNREAD = {0, {PACKET, 0}, true};

static struct ik_capfilter *open_good(const char *expression)
{
    struct ik_capfilter *f = NULL;
    char why[IK_CAPFILTER_TEXT];
    assert_int_equal(ik_capfilter_open(&f, expression, false, why), IK_OK);
    return f;
}

static bool wants(const char *expression, const struct ik_capfilter_view *view)
{
    struct ik_capfilter *f = open_good(expression);
    bool match = false;
    assert_int_equal(
        ik_capfilter_match(f, IK_LINKTYPE_RAW, FRAME, (uint32_t)FRAME.left, view, &match), IK_OK);
    ik_capfilter_close(f);
    return match;
}

static enum ik_err refuses(const char *expression, bool resolve, const char *said)
{
    struct ik_capfilter *f = NULL;
    char why[IK_CAPFILTER_TEXT] = "";
    const enum ik_err err = ik_capfilter_open(&f, expression, resolve, why);
    assert_null(f);
    assert_non_null(strstr(why, said));
    assert_null(strchr(why, '\n'));
    return err;
}

static void icmp__and_its_bytes__are_known_without_any_library(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        bool echo, not_icmp, part, solicit;
    } rows[] = {
        {"", true, true, true, true},
        {"  ", true, true, true, true},
        {"icmp", true, false, true, false},
        {"icmp6", false, false, false, true},
        {"icmp or icmp6", true, false, true, true},
        {"icmp||icmp6", true, false, true, true},
        {"not icmp", false, true, false, true},
        {"!icmp&&!icmp6", false, true, false, false},
        {"not (icmp or icmp6)", false, true, false, false},
        {"not not icmp", true, false, true, false},
        /* and, or: from the left, alike: ((icmp6 or icmp) and icmp) */
        {"icmp6 or icmp and icmp", true, false, true, false},
        {"icmp or (icmp6 and icmp)", true, false, true, false},
        {"icmp[0] = 8", true, false, false, false},
        {"icmp[icmptype] == icmp-echo", true, false, false, false},
        {"icmp6[icmp6type] = 8", false, false, false, true},
        {"not icmp[0] = 8", false, true, true, true},
        {"icmp[7] = 1", true, false, false, false},
        {"icmp[8] = 1 or icmp[8] != 1", false, false, false, false},
        {"icmp[5:4] >= 0", false, false, false, false},
        {"icmp[4:4] = 0x10001", true, false, false, false},
        {"icmp[2:2] = 0xf7fd", true, false, false, false},
        {"icmp[0xffffffff:4] >= 0", false, false, false, false},
        {"icmp[icmp[5] + 6] = 1", true, false, false, false},
        {"2 * (icmp[0] + 1) = 18", true, false, false, false},
        {"icmp[0] / icmp[1] >= 0", false, false, false, false},
        {"icmp[0] % 0 >= 0", false, false, false, false},
        {"0 - icmp[0] = 0xfffffff8", true, false, false, false},
        {"-icmp[0] + 8 = 0", true, false, false, false},
        {"icmp[0] << 32 = 0 and icmp[0] >> 3 = 1", true, false, false, false},
        {"icmp[0] & 12 | 1 = 9", true, false, false, false},
        {"10 - 2 - 1 = 7", true, true, true, true},
        {"8 ^ 3 - 1 = 10", true, true, true, true}, /* ^ takes all that follows it */
        {"icmp[0] > 010 or icmp[0] < 8", false, false, false, false},
        {"len = 28 and icmp", true, false, true, false},
        {"icmp[0] = icmp6[0]", false, false, false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (wants(rows[i].expression, &ECHO) != rows[i].echo ||
            wants(rows[i].expression, &NOT_ICMP) != rows[i].not_icmp ||
            wants(rows[i].expression, &PART) != rows[i].part ||
            wants(rows[i].expression, &SOLICIT) != rows[i].solicit)
            fail_msg("%s", rows[i].expression);
    }
}

static void rest__is_libpcaps(void **state)
{
    (void)state;
    if (!ik_capbpf_have()) {
        assert_int_equal(refuses("host 10.0.0.1", false, "without libpcap"), IK_E_UNSUPPORTED);
        return;
    }
    assert_true(wants("host 10.0.0.1", &ECHO));
    assert_true(wants("icmp and host 10.0.0.1", &ECHO));
    assert_false(wants("icmp6 and host 10.0.0.1", &ECHO));
    /* The qualifier of the one before is carried on over ours. */
    assert_true(wants("icmp6 or host 10.0.0.9 or 10.0.0.1", &NOT_ICMP));
    assert_true(wants("icmp and src or dst host 10.0.0.2", &ECHO));
    /* Ours is what was decoded, whatever the frame looks like. */
    assert_true(wants("icmp6 and host 10.0.0.1", &SOLICIT));
    /* What could not be decoded is as libpcap has it. */
    assert_true(wants("icmp", &UNREAD) && wants("icmp[0] = 8 and host 10.0.0.1", &UNREAD));
    assert_false(wants("icmp6", &UNREAD) || wants("not icmp", &UNREAD));
    /* An expression that can never be is no error. */
    assert_false(wants("ip and ip6", &ECHO));
    assert_int_equal(refuses("host", false, "syntax error"), IK_E_VALUE);
    assert_int_equal(refuses("icmp and", false, "syntax error"), IK_E_VALUE);
    assert_int_equal(refuses("(icmp", false, "syntax error"), IK_E_VALUE);
}

static void name__is_refused_before_anything_is_asked(void **state)
{
    (void)state;
    static const char *const names[] = {
        "host gateway.example",     "icmp and host example",    "net backbone", "10.0.0.1.5",
        "src host 10.0.0.1 or foo", "tcp port http and host a", "ether host b", "host \\icmp",
        "dst host 10.0.0.1.",       "host aab-bcc-dde-eff",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_int_equal(refuses(names[i], false, "names are not looked up"), IK_E_REFUSED);
    /* With leave they are given to libpcap; this one cannot be found, in no time. */
    if (ik_capbpf_have())
        assert_int_equal(refuses("net no-such-net-here", true, "no-such-net-here"), IK_E_VALUE);
}

static void address_or_local_name__is_none_to_look_up(void **state)
{
    (void)state;
    static const char *const expressions[] = {
        "host 10.0.0.1 or 10.1",
        "net 10.0.0.0/8 or net 192.168 or net 10.0.0.0 mask 255.0.0.0",
        "host fe80::1 or net 2001:db8::/32 or host ::1",
        "ether host 00:11:22:33:44:55 or ether src 00-11-22-33-44-55 or ether dst 0011.2233.4455",
        "ether host 001122334455",
        "tcp port domain or ssh",
        "portrange 1-1024",
        "ip proto \\icmp or ether proto \\arp",
        "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
        "greater 100 and less 0x400",
        "ip broadcast or ether multicast",
        "vlan 5 and mpls 100",
    };
    for (size_t i = 0; ik_capbpf_have() && i < sizeof(expressions) / sizeof(*expressions); i++)
        ik_capfilter_close(open_good(expressions[i]));
}

static void link_type__without_meaning__is_told_each_time(void **state)
{
    (void)state;
    if (!ik_capbpf_have())
        skip();
    struct ik_capfilter *f = open_good("icmp and ether host 00:11:22:33:44:55");
    bool match;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ik_capfilter_match(f, IK_LINKTYPE_RAW, FRAME, 28, &ECHO, &match),
                         IK_E_UNSUPPORTED);
        assert_non_null(strstr(ik_capfilter_why(f), "ethernet addresses supported only on"));
    }
    assert_int_equal(ik_capfilter_match(f, UINT16_MAX, FRAME, 28, &ECHO, &match), IK_E_UNSUPPORTED);
    ik_capfilter_close(f);
}

/* More ways to come out than programs are kept: each is right all the same. */
static void many_leaves__are_told_apart(void **state)
{
    (void)state;
    if (!ik_capbpf_have())
        skip();
    struct ik_capfilter *f =
        open_good("host 10.0.0.1 and (icmp[0]=1 or icmp[1]=1 or icmp[2]=1 or icmp[3]=1 or "
                  "icmp[4]=1 or icmp[5]=1 or icmp[6]=1)");
    for (unsigned turn = 0; turn < 2; turn++)
        for (unsigned bits = 0; bits < 128; bits++) {
            uint8_t message[7];
            for (unsigned i = 0; i < 7; i++)
                message[i] = bits >> i & 1;
            const struct ik_capfilter_view view = {4, {message, 7}};
            bool match = false;
            assert_int_equal(ik_capfilter_match(f, IK_LINKTYPE_RAW, FRAME, 28, &view, &match),
                             IK_OK);
            assert_int_equal(match, bits != 0);
        }
    ik_capfilter_close(f);
}

static void expression__too_long_or_deep__is_refused(void **state)
{
    (void)state;
    char text[2000] = "";
    for (int i = 0; i < 24; i++)
        strcat(text, i ? " or icmp[0]=1" : "icmp");
    ik_capfilter_close(open_good(text));
    text[0] = 0;
    for (int i = 0; i < 30; i++)
        strcat(text, i ? " or icmp[0]=1" : "icmp");
    assert_int_equal(refuses(text, false, "too long, or nested too deep"), IK_E_VALUE);
    text[0] = 0;
    for (int i = 0; i < 200; i++)
        strcat(text, "(");
    strcat(text, "icmp");
    for (int i = 0; i < 200; i++)
        strcat(text, ")");
    assert_int_equal(refuses(text, false, "too long, or nested too deep"), IK_E_VALUE);
}

/* That it lets through what is wanted is tested in live_capfilter.py. */
static void kernel__gets_a_program_where_one_would_help(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        enum ik_err err;
    } rows[] = {
        {"icmp", IK_OK},
        {"icmp6[0] = 128", IK_OK},
        {"host 10.0.0.1", IK_OK},
        {"", IK_E_NOT_FOUND},
        {"not icmp", IK_E_NOT_FOUND},
        {"len > 100", IK_E_NOT_FOUND},
        {"icmp or len > 100", IK_E_NOT_FOUND},
        {"not icmp and host 10.0.0.1", IK_OK},
        {"vlan and icmp", IK_E_NOT_FOUND}, /* tags lie beside the frames of a socket */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct sock_filter *code = NULL;
        size_t n = 0;
        if (!ik_capbpf_have() && strcmp(rows[i].expression, "icmp") != 0)
            continue;
        struct ik_capfilter *f = open_good(rows[i].expression);
        assert_int_equal(ik_capfilter_kernel(f, IK_LINKTYPE_ETHERNET, &code, &n),
                         ik_capbpf_have() ? rows[i].err : IK_E_NOT_FOUND);
        if (ik_capbpf_have() && !rows[i].err)
            assert_true(n > 1 && BPF_CLASS(code[n - 1].code) == BPF_RET);
        ik_capfilter_close(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(icmp__and_its_bytes__are_known_without_any_library),
        cmocka_unit_test(rest__is_libpcaps),
        cmocka_unit_test(name__is_refused_before_anything_is_asked),
        cmocka_unit_test(address_or_local_name__is_none_to_look_up),
        cmocka_unit_test(link_type__without_meaning__is_told_each_time),
        cmocka_unit_test(many_leaves__are_told_apart),
        cmocka_unit_test(expression__too_long_or_deep__is_refused),
        cmocka_unit_test(kernel__gets_a_program_where_one_would_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
