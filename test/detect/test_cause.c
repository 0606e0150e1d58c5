/* SPDX-License-Identifier: MIT
 * Several detectors, one cause: one finding, named by the most certain of them. */
#include "book_rig.h"

#include "detect/cause.h"

static struct ik_report talk(enum ik_detector d, enum ik_severity severity, const char *src,
                             const char *dst)
{
    return (struct ik_report){.detector = d,
                              .kin = IK_KIN_TALK,
                              .severity = severity,
                              .src = frames_addr(src),
                              .dst = frames_addr(dst),
                              .value = 1,
                              .threshold = 1,
                              .limit = IK_LIMITS,
                              .why = "seen",
                              .packets = 1};
}

static void say(struct book *t, enum ik_detector d, enum ik_severity severity, const char *src,
                const char *dst)
{
    const struct ik_report r = talk(d, severity, src, dst);
    ik_book_next(t->b, 0);
    ik_book_report(t->b, t->now, &r);
}

static const struct ik_finding *take(struct book *t, enum ik_finding_state state)
{
    const struct ik_finding *f = ik_book_take(t->b);
    assert_non_null(f);
    assert_int_equal(f->state, state);
    return f;
}

static void pass(struct book *t, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        t->now += S;
        ik_book_tick(t->b, t->now);
    }
}

/* ---- one cause ------------------------------------------------------------------------------- */

static void detectors__of_one_talk__are_one_finding__named_by_the_most_certain(void **state)
{
    (void)state;
    struct book *t = book_new();
    say(t, IK_DETECT_TEMPLATES, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
    assert_int_equal(take(t, IK_FINDING_NEW)->detector, IK_DETECT_TEMPLATES);
    say(t, IK_DETECT_ODD_SIZE, IK_SEVERITY_INFO, "10.0.0.1", "192.0.2.1");
    say(t, IK_DETECT_TOOL, IK_SEVERITY_MEDIUM, "192.0.2.1", "10.0.0.1"); /* seen the other way */
    const struct ik_finding *f = take(t, IK_FINDING_UPDATED);
    say(t, IK_DETECT_TUNNEL_MISMATCH, IK_SEVERITY_HIGH, "10.0.0.1", "192.0.2.1");
    f = take(t, IK_FINDING_UPDATED);
    assert_null(ik_book_take(t->b));
    assert_int_equal(ik_book_opened(t->b), 1);
    assert_int_equal(f->detector, IK_DETECT_TOOL);
    assert_int_equal(f->severity, IK_SEVERITY_HIGH);
    assert_int_equal(f->n_also, 3);
    assert_int_equal(f->also[0].detector, IK_DETECT_TUNNEL_MISMATCH);
    assert_int_equal(f->also[1].detector, IK_DETECT_TEMPLATES);
    assert_int_equal(f->also[2].detector, IK_DETECT_ODD_SIZE);
    assert_int_equal(f->packets, 1); /* the same ones, not four */
    book_free(t);
}

/* A tool that is only guessed at does not stand before a tunnel that is proven. */
static void weak__signature__does_not_name_what_is_certain(void **state)
{
    (void)state;
    struct book *t = book_new();
    say(t, IK_DETECT_TOOL, IK_SEVERITY_LOW, "10.0.0.1", "192.0.2.1");
    say(t, IK_DETECT_TUNNEL_ORPHAN, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
    const struct ik_finding *f = ik_book_open(t->b, 0);
    assert_int_equal(f->detector, IK_DETECT_TUNNEL_ORPHAN);
    assert_int_equal(f->also[0].detector, IK_DETECT_TOOL);
    book_free(t);
}

static void other_hosts__and_other_kin__stay_findings_of_their_own(void **state)
{
    (void)state;
    struct book *t = book_new();
    say(t, IK_DETECT_TOOL, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
    say(t, IK_DETECT_TUNNEL_MISMATCH, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.2");
    struct ik_report r = talk(IK_DETECT_PMTU, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
    r.kin = IK_KIN_NONE; /* the same two hosts, another matter */
    ik_book_report(t->b, t->now, &r);
    r.detector = IK_DETECT_BLIND_RESET;
    ik_book_report(t->b, t->now, &r);
    assert_int_equal(ik_book_opened(t->b), 4);
    book_free(t);
}

static void flood__to_a_host_by_one_source__is_one__of_two_sources_two(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report dst = talk(IK_DETECT_FLOOD_DST, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
    dst.kin = IK_KIN_FLOOD;
    dst.of = dst.dst;
    struct ik_report src = dst;
    dst.src.family = 0;
    src.detector = IK_DETECT_FLOOD_SRC;
    src.dst.family = 0;
    ik_book_report(t->b, t->now, &src); /* whichever comes first */
    ik_book_report(t->b, t->now, &dst);
    const struct ik_finding *f = ik_book_open(t->b, 0);
    assert_int_equal(ik_book_opened(t->b), 1);
    assert_int_equal(f->detector, IK_DETECT_FLOOD_DST);
    const struct ik_addr who = ik_finding_src(f), whom = ik_finding_dst(f);
    assert_true(ik_addr_same_host(&who, &src.src) && ik_addr_same_host(&whom, &dst.dst));
    struct ik_report other = src;
    other.src = frames_addr("10.0.0.2");
    for (int i = 0; i < 3; i++)
        ik_book_report(t->b, t->now, &other);
    assert_int_equal(ik_book_opened(t->b), 2);
    assert_int_equal(ik_book_open(t->b, 1)->packets, 3);
    book_free(t);
}

static void other_end__is_named__as_long_as_it_is_the_only_one(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report r = talk(IK_DETECT_RECON, IK_SEVERITY_INFO, "10.0.0.1", "192.0.2.1");
    r.kin = IK_KIN_NONE;
    r.other = r.dst;
    r.dst.family = 0;
    ik_book_report(t->b, t->now, &r);
    ik_book_report(t->b, t->now, &r);
    struct ik_addr dst = ik_finding_dst(ik_book_open(t->b, 0));
    assert_true(ik_addr_same_host(&dst, &r.other));
    r.other = frames_addr("192.0.2.2");
    ik_book_report(t->b, t->now, &r);
    assert_int_equal(ik_book_opened(t->b), 1);
    dst = ik_finding_dst(ik_book_open(t->b, 0));
    assert_int_equal(dst.family, 0);
    book_free(t);
}

/* ---- as time goes on ------------------------------------------------------------------------- */

static void silent_detectors__are_forgotten__and_so_is_their_severity(void **state)
{
    (void)state;
    struct book *t = book_new();
    say(t, IK_DETECT_TOOL, IK_SEVERITY_HIGH, "10.0.0.1", "192.0.2.1");
    for (int i = 0; i < 40; i++) {
        say(t, IK_DETECT_TUNNEL_ORPHAN, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
        pass(t, 2);
        if (i == 20)
            assert_int_equal(ik_book_open(t->b, 0)->detector, IK_DETECT_TOOL);
    }
    const struct ik_finding *f = ik_book_open(t->b, 0);
    assert_int_equal(f->id, 1);
    assert_int_equal(f->detector, IK_DETECT_TUNNEL_ORPHAN);
    assert_int_equal(f->severity, IK_SEVERITY_MEDIUM);
    assert_int_equal(f->n_also, 0);
    say(t, IK_DETECT_TOOL, IK_SEVERITY_HIGH, "10.0.0.1", "192.0.2.1"); /* and back */
    assert_int_equal(ik_book_opened(t->b), 1);
    assert_int_equal(ik_book_open(t->b, 0)->detector, IK_DETECT_TOOL);
    pass(t, 62);
    assert_null(ik_book_open(t->b, 0));
    say(t, IK_DETECT_TUNNEL_ORPHAN, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
    assert_int_equal(ik_book_opened(t->b), 2); /* no key of the first one is left */
    book_free(t);
}

/* Pairs are made up: each has two detectors; what is kept stays bounded, and the loud one named. */
static void pairs__a_hundred_thousand__stay_bounded(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report r = talk(IK_DETECT_TOOL, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
    struct ik_report loud = r;
    loud.severity = IK_SEVERITY_HIGH;
    loud.dst = frames_addr("192.0.2.2");
    for (uint32_t i = 0; i < 100000; i++) {
        ik_store_be32(r.src.bytes, 0x0b000000 + i);
        r.detector = IK_DETECT_TOOL;
        ik_book_report(t->b, t->now, &r);
        r.detector = IK_DETECT_TUNNEL_MISMATCH;
        ik_book_report(t->b, t->now, &r);
        if (i == 50000)
            ik_book_report(t->b, t->now, &loud);
        if (i % 1000 == 0)
            pass(t, 1);
        while (ik_book_take(t->b))
            ;
    }
    const struct ik_finding *f;
    size_t n = 0, named = 0;
    for (; (f = ik_book_open(t->b, n)); n++)
        named += f->severity == IK_SEVERITY_HIGH;
    assert_in_range(n, 2, 2 * (IK_BOOK_SOURCES + 1));
    assert_int_equal(named, 1);
    book_free(t);
}

/* ---- what began it --------------------------------------------------------------------------- */

static void evidence__begins_where_the_window_began(void **state)
{
    (void)state;
    struct book *t = book_new();
    static const uint8_t bytes[40] = {1};
    struct ik_look_packet p = {
        .frame = {.n = 500, .time = t->now, .bytes = {bytes, sizeof(bytes)}}};
    struct ik_report r = talk(IK_DETECT_TOOL, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
    r.p = &p;
    r.bytes = p.frame.bytes;
    r.since = (struct ik_report_begin){.n = 100, .time = t->now - S};
    ik_book_report(t->b, t->now, &r);
    const struct ik_finding *f = ik_book_open(t->b, 0);
    assert_true(f->first == t->now - S && f->last == t->now);
    assert_int_equal(f->n_evidence, 2);
    assert_int_equal(f->evidence[0].n, 100);
    assert_int_equal(f->evidence[0].n_bytes, 0);
    assert_true(f->evidence[0].time == t->now - S);
    assert_int_equal(f->evidence[1].n, 500);
    assert_int_equal(f->evidence[1].n_bytes, IK_EVIDENCE_BYTES);
    book_free(t);
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void voice__has_its_own_measure__and_the_finding_the_rule_of_whoever_has_one(void **state)
{
    (void)state;
    struct book *t = book_new();
    char rule[IK_RULE_TEXT];
    struct ik_finding v;
    say(t, IK_DETECT_TOOL, IK_SEVERITY_MEDIUM, "10.0.0.1", "192.0.2.1");
    struct ik_report r = talk(IK_DETECT_TUNNEL_MISMATCH, IK_SEVERITY_HIGH, "10.0.0.1", "192.0.2.1");
    r.remedy = IK_REMEDY_BLOCK_PAIR;
    r.value = 70;
    ik_book_report(t->b, t->now, &r);
    const struct ik_finding *f = ik_book_open(t->b, 0);
    assert_true(ik_finding_voice(f, 1, &v));
    assert_int_equal(v.detector, IK_DETECT_TUNNEL_MISMATCH);
    assert_true(v.value == 70 && v.n_also == 0);
    assert_false(ik_finding_voice(f, 2, &v));
    assert_int_equal(f->remedy, IK_REMEDY_NONE);
    assert_non_null(strstr(ik_finding_rule(f, rule), "10.0.0.1"));
    struct ik_finding_mem mem;
    const struct ik_record rec = ik_finding_record(f, &mem);
    assert_string_equal(rec.finding.action, "block-pair");
    assert_string_equal(rec.finding.also[0], "tunnel-mismatch");
    assert_null(rec.finding.also[1]);
    book_free(t);
}

static void source__of_ipv6__is_a_network_where_it_counts_as_one(void **state)
{
    (void)state;
    static const struct {
        const char *addr, *text;
    } rows[] = {
        {"2001:db8:1::", "2001:db8:1::/64"},
        {"2001:db8:1::1", "2001:db8:1::1"},
        {"fe80::1", "fe80::1"},
        {"fe80::", "fe80::"},
        {"::", "::"},
        {"192.0.2.0", "192.0.2.0"},
    };
    char text[IK_SOURCE_TEXT];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct ik_addr a = frames_addr(rows[i].addr);
        (void)state;
        assert_string_equal(ik_source_text(&a, text), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detectors__of_one_talk__are_one_finding__named_by_the_most_certain),
        cmocka_unit_test(weak__signature__does_not_name_what_is_certain),
        cmocka_unit_test(other_hosts__and_other_kin__stay_findings_of_their_own),
        cmocka_unit_test(flood__to_a_host_by_one_source__is_one__of_two_sources_two),
        cmocka_unit_test(other_end__is_named__as_long_as_it_is_the_only_one),
        cmocka_unit_test(silent_detectors__are_forgotten__and_so_is_their_severity),
        cmocka_unit_test(pairs__a_hundred_thousand__stay_bounded),
        cmocka_unit_test(evidence__begins_where_the_window_began),
        cmocka_unit_test(voice__has_its_own_measure__and_the_finding_the_rule_of_whoever_has_one),
        cmocka_unit_test(source__of_ipv6__is_a_network_where_it_counts_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
