/* SPDX-License-Identifier: MIT
 * The expected lines are those of traceroute 2.1.2, run or read in its manual. */
#include "cmd/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define US IK_NS_PER_US

/* A verb with targets 192.0.2.1 and on, added and not yet answered, and its output in memory. */
struct rig {
    struct ik_trace_verb v;
    struct ik_trace_target targets[3];
    struct ik_trace_seen seen[3][90];
    uint8_t exts[3][90 * IK_TRACE_EXT_BYTES];
    char text[16384];
};

static const char *const names[] = {"one", "two", "three"};

static struct ik_addr addr_of(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}

static struct rig *rig_new(size_t n)
{
    struct rig *r = calloc(1, sizeof *r);
    const char *operands[4];
    char *argv[] = {(char[]){"trace"}, (char[]){"one"}, NULL};
    assert_non_null(r);
    assert_true(ik_trace_opt_read(&r->v.plan, 2, argv, operands));
    r->v.plan.args.operands = NULL;
    r->v.n = n;
    r->v.targets = r->targets;
    for (size_t i = 0; i < n; i++) {
        char text[] = "192.0.2.1";
        text[8] = (char)('1' + i);
        r->targets[i] = (struct ik_trace_target){.verb = &r->v,
                                                 .text = names[i],
                                                 .addr = addr_of(text),
                                                 .settled = true,
                                                 .added = true,
                                                 .seen = r->seen[i],
                                                 .exts = r->exts[i]};
    }
    ik_out_init(&r->v.run.out, memfd_create("out", MFD_CLOEXEC));
    assert_int_equal(ik_line_new(&r->v.run.line, &r->v.run.out), IK_OK);
    return r;
}

static void rig_free(struct rig *r)
{
    close(r->v.run.out.fd);
    ik_line_free(r->v.run.line);
    free(r);
}

static const char *rig_text(struct rig *r)
{
    ik_out_flush(&r->v.run.out, true);
    const ssize_t n = pread(r->v.run.out.fd, r->text, sizeof r->text - 1, 0);
    assert_true(n >= 0);
    r->text[n] = 0;
    return r->text;
}

/* A probe of target t: from NULL is lost. */
static void hop(struct rig *r, size_t t, const char *from, ik_ns rtt, const char *mark)
{
    struct ik_record rec = ik_record_make(IK_REC_hop, 0);
    rec.hop.target = names[t];
    if (from) {
        rec.hop.from = addr_of(from);
        rec.hop.rtt_ns = rtt;
    }
    rec.hop.mark = mark;
    ik_trace_text_record(&r->v, &rec);
}

/* One that this host did not let out. */
static void hop_failed(struct rig *r, size_t t)
{
    struct ik_record rec = ik_record_make(IK_REC_hop, 0);
    rec.hop.target = names[t];
    rec.hop.error = "network is unreachable";
    ik_trace_text_record(&r->v, &rec);
}

static void summary(struct rig *r, size_t t)
{
    struct ik_record rec = ik_record_make(IK_REC_trace_summary, 0);
    rec.trace_summary.target = names[t];
    ik_trace_text_record(&r->v, &rec);
}

#define HEAD(name, addr) "traceroute to " name " (" addr "), 30 hops max, 60 byte packets\n"

static void hops__plain__as_traceroute(void **state)
{
    (void)state;
    struct rig *r = rig_new(1);
    hop(r, 0, "10.0.0.1", 29 * US, NULL);
    assert_string_equal(rig_text(r), HEAD("one", "192.0.2.1")); /* lines are whole */
    hop(r, 0, "10.0.0.1", 5 * US + 499, NULL);
    hop(r, 0, "10.0.0.1", 1234567 * US, NULL);
    assert_string_equal(rig_text(r), HEAD("one", "192.0.2.1") " 1  10.0.0.1  0.029 ms  0.005 ms  "
                                                              "1234.567 ms\n");
    rig_free(r);
}

/* An address is shown where it differs from that of the answer before; stars are passed over. */
static void hops__several_addresses_and_stars__as_traceroute(void **state)
{
    (void)state;
    struct rig *r = rig_new(1);
    hop(r, 0, NULL, 0, NULL);
    hop(r, 0, "10.0.0.1", 29 * US, NULL);
    hop(r, 0, NULL, 0, NULL);
    hop(r, 0, "10.0.0.1", US, NULL);
    hop(r, 0, "10.0.0.2", 2 * US, NULL);
    hop(r, 0, "10.0.0.2", 3 * US, "!H");
    hop(r, 0, "10.0.0.3", 2 * US, "!F-1400");
    hop(r, 0, NULL, 0, NULL);
    hop(r, 0, "10.0.0.3", IK_NEVER, "!X"); /* no round trip is known */
    assert_string_equal(rig_text(r),
                        HEAD("one", "192.0.2.1") " 1  * 10.0.0.1  0.029 ms *\n"
                                                 " 2  10.0.0.1  0.001 ms 10.0.0.2  "
                                                 "0.002 ms  0.003 ms !H\n"
                                                 " 3  10.0.0.3  0.002 ms !F-1400 * !X\n");
    rig_free(r);
}

/* The lines of a target flow when those before it are done; none is lost or mixed. */
static void targets__several__one_after_another(void **state)
{
    (void)state;
    struct rig *r = rig_new(3);
    for (int i = 0; i < 3; i++)
        hop(r, 2, "10.0.0.3", US, NULL);
    for (int i = 0; i < 3; i++)
        hop(r, 1, NULL, 0, NULL);
    summary(r, 2);
    assert_string_equal(rig_text(r), HEAD("one", "192.0.2.1"));
    summary(r, 0);
    assert_string_equal(rig_text(r),
                        HEAD("one", "192.0.2.1") HEAD("two", "192.0.2.2") " 1  * * *\n");
    hop(r, 1, NULL, 0, NULL); /* interrupted in the middle of a hop */
    summary(r, 1);
    assert_string_equal(rig_text(r),
                        HEAD("one", "192.0.2.1") HEAD("two", "192.0.2.2") " 1  * * *\n 2  *\n" HEAD(
                            "three", "192.0.2.3") " 1  10.0.0.3  0.001 ms  0.001 ms  0.001 ms\n");
    rig_free(r);
}

/* A star is a probe that was not answered: one that never left says nothing of its hop. */
static void hops__never_sent__no_line(void **state)
{
    (void)state;
    struct rig *r = rig_new(2);
    for (int i = 0; i < 6; i++)
        hop_failed(r, 0);
    summary(r, 0);
    for (int i = 0; i < 4; i++)
        hop_failed(r, 1);
    hop(r, 1, NULL, 0, NULL);
    hop(r, 1, "10.0.0.1", US, NULL);
    summary(r, 1);
    assert_string_equal(rig_text(r),
                        HEAD("one", "192.0.2.1") HEAD("two", "192.0.2.2") " 2  * * 10.0.0.1  "
                                                                          "0.001 ms\n");
    rig_free(r);
}

static const char *extensions_of(struct rig *r, const uint8_t *ext, size_t n, bool lenient)
{
    const struct ik_trace_seen s = {
        .answered = true, .quoted_ttl = 1, .lenient = lenient, .ext = {ext, n}};
    assert_int_equal(ftruncate(r->v.run.out.fd, 0), 0);
    assert_int_equal(lseek(r->v.run.out.fd, 0, SEEK_SET), 0);
    ik_trace_text_extensions(r->v.run.line, &s);
    ik_line_end(r->v.run.line, (struct ik_now){0, 0});
    return rig_text(r);
}

/* R4884-5.5-01: what was found without a length attribute is marked. */
static void extensions__mpls_and_unknown__as_traceroute(void **state)
{
    (void)state;
    static const uint8_t mpls[] = {0x20, 0,    0,    0,    0,    12,   1,    1,
                                   0x03, 0xe8, 0x1a, 0x01, 0x00, 0x00, 0x21, 0xff};
    static const uint8_t other[] = {0x20, 0,    0,    0,    0, 12, 200, 9,
                                    0xde, 0xad, 0xbe, 0xef, 1, 2,  3,   4};
    struct rig *r = rig_new(1);
    assert_string_equal(extensions_of(r, mpls, sizeof mpls, false),
                        " <MPLS:L=16001,E=5,S=0,T=1/L=2,E=0,S=1,T=255>");
    assert_string_equal(extensions_of(r, mpls, sizeof mpls, true),
                        " <MPLS:L=16001,E=5,S=0,T=1/L=2,E=0,S=1,T=255/NOLENGTH>");
    assert_string_equal(extensions_of(r, other, sizeof other, false), " <200/9:deadbeef,01020304>");
    assert_string_equal(extensions_of(r, other, 3, false), ""); /* cut: no structure */
    rig_free(r);
}

/* CVE-2025-14558 and kin: strings of strangers are escaped before they reach a terminal. */
static void extensions__interface_of_a_stranger__escaped(void **state)
{
    (void)state;
    static const uint8_t ext[] = {0x20, 0, 0, 0,   0,   16,  2,   0x0a, 0,    0,
                                  0,    7, 8, ';', '$', '(', 'x', ')',  0x1b, 0};
    struct rig *r = rig_new(1);
    assert_string_equal(extensions_of(r, ext, sizeof ext, false), " <IN:index=7,name=;$(x)\\x1b>");
    rig_free(r);
}

/* DF-traceroute-06 */
static void extensions__quoted_ttl_and_nat__told(void **state)
{
    (void)state;
    struct rig *r = rig_new(1);
    const struct ik_trace_seen s = {.answered = true, .quoted_ttl = 3, .nat = true};
    ik_trace_text_extensions(r->v.run.line, &s);
    ik_line_end(r->v.run.line, (struct ik_now){0, 0});
    assert_string_equal(rig_text(r), " <QTTL=3/NAT>");
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hops__plain__as_traceroute),
        cmocka_unit_test(hops__several_addresses_and_stars__as_traceroute),
        cmocka_unit_test(targets__several__one_after_another),
        cmocka_unit_test(hops__never_sent__no_line),
        cmocka_unit_test(extensions__mpls_and_unknown__as_traceroute),
        cmocka_unit_test(extensions__interface_of_a_stranger__escaped),
        cmocka_unit_test(extensions__quoted_ttl_and_nat__told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
