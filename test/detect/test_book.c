/* SPDX-License-Identifier: MIT
 * The book: one cause is one finding; it rises at once and falls slowly, and is bounded whatever
 * sources are made up. */
#include "book_rig.h"

static struct ik_addr addr_of(uint32_t number)
{
    struct ik_addr a = {.family = 4};
    ik_store_be32(a.bytes, number);
    return a;
}

static struct ik_report report_of(uint32_t src, enum ik_severity severity)
{
    return (struct ik_report){
        .detector = IK_DETECT_COVERT_FIELD,
        .severity = severity,
        .src = addr_of(src),
        .dst = addr_of(1),
        .family = 4,
        .type = 8,
        .value = 1,
        .threshold = 1,
        .limit = IK_LIM_COVERT,
        .why = "seen",
        .packets = 1,
        .remedy = IK_REMEDY_LIMIT_SOURCE,
    };
}

static void report(struct book *t, const struct ik_report *r)
{
    ik_book_next(t->b, 0);
    ik_book_report(t->b, t->now, r);
}

static void see(struct book *t, uint32_t src, enum ik_severity severity)
{
    const struct ik_report r = report_of(src, severity);
    report(t, &r);
}

/* The next frame, whose every byte is its proof. */
static void see_frame(struct book *t, uint32_t src, enum ik_severity severity)
{
    struct ik_report r = report_of(src, severity);
    t->packet.frame.n++;
    t->packet.frame.time = t->now;
    t->packet.frame.bytes = (struct ik_rd){t->bytes, sizeof(t->bytes)};
    r.p = &t->packet;
    r.bytes = (struct ik_rd){t->bytes + 4, 60};
    report(t, &r);
}

/* Lets so many seconds pass. */
static void pass(struct book *t, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        t->now += S;
        ik_book_tick(t->b, t->now);
    }
}

static const struct ik_finding *take(struct book *t, enum ik_finding_state state)
{
    const struct ik_finding *f = ik_book_take(t->b);
    assert_non_null(f);
    assert_int_equal(f->state, state);
    return f;
}

static void take_none(struct book *t)
{
    assert_null(ik_book_take(t->b));
}

static size_t open_now(const struct book *t)
{
    size_t n = 0;
    while (ik_book_open(t->b, n))
        n++;
    return n;
}

/* ---- one cause ------------------------------------------------------------------------------- */

static void report__of_one_cause__is_one_finding(void **state)
{
    (void)state;
    struct book *t = book_new();
    for (int i = 0; i < 1000; i++) {
        see(t, 7, IK_SEVERITY_LOW);
        see(t, 8, IK_SEVERITY_LOW);
    }
    const struct ik_finding a = *take(t, IK_FINDING_NEW), b = *take(t, IK_FINDING_NEW);
    take_none(t);
    assert_int_equal(a.id, 1);
    assert_int_equal(b.id, 2);
    assert_int_equal(a.packets, 1000);
    assert_int_equal(a.sources, 1);
    assert_string_equal(a.source, ik_limit_row(IK_LIM_COVERT)->source);
    assert_int_equal(ik_book_opened(t->b), 2);
    assert_int_equal(open_now(t), 2);
    book_free(t);
}

static void report__of_another_dst_or_detector__is_another(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report r = report_of(7, IK_SEVERITY_LOW);
    report(t, &r);
    r.dst = addr_of(2);
    report(t, &r);
    r.detector = IK_DETECT_SWEEP;
    report(t, &r);
    r.src.family = 0;
    report(t, &r);
    assert_int_equal(ik_book_opened(t->b), 4);
    book_free(t);
}

static void update__of_what_goes_on__comes_seldom(void **state)
{
    (void)state;
    struct book *t = book_new();
    unsigned updates = 0;
    see(t, 7, IK_SEVERITY_LOW);
    take(t, IK_FINDING_NEW);
    for (int second = 0; second < 3600; second++) {
        for (int i = 0; i < 10; i++)
            see(t, 7, IK_SEVERITY_LOW);
        pass(t, 1);
        while (ik_book_take(t->b))
            updates++;
    }
    /* Each time that it doubled, at most every ten seconds: log2(36000 / 100). */
    assert_in_range(updates, 5, 10);
    book_free(t);
}

/* ---- what is stopped unseen ------------------------------------------------------------------ */

static bool stopped(struct book *t, uint64_t id, uint64_t packets)
{
    ik_book_next(t->b, 0);
    return ik_book_stopped(t->b, t->now, id, packets);
}

/* What an order stops no detector sees: without its counts the finding would be over after a
 * minute, and be lowered before. */
static void stopped__unseen__keeps_a_finding_as_it_is(void **state)
{
    (void)state;
    struct book *t = book_new();
    unsigned updates = 0;
    const struct ik_finding *f;
    see(t, 7, IK_SEVERITY_HIGH);
    see(t, 8, IK_SEVERITY_HIGH);
    take(t, IK_FINDING_NEW);
    const ik_ns last = take(t, IK_FINDING_NEW)->last;
    for (int second = 1; second <= 600; second++) {
        pass(t, 1);
        assert_true(stopped(t, 1, 100));
        while ((f = ik_book_take(t->b))) {
            if (f->id == 2)
                continue; /* of the same kind, and nobody stops it */
            assert_int_equal(f->state, IK_FINDING_UPDATED);
            assert_int_equal(f->severity, IK_SEVERITY_HIGH);
            assert_int_equal(f->stopped, 100 * second);
            assert_int_equal(f->packets, 1); /* as many as were seen, and then */
            assert_int_equal(f->last, last);
            assert_int_equal(f->stopped_last, t->now);
            updates++;
        }
    }
    assert_in_range(updates, 10, 16); /* each minute, and as it doubles */
    assert_int_equal(open_now(t), 1);
    const ik_ns over = t->now;
    pass(t, 62);
    f = take(t, IK_FINDING_ENDED);
    assert_int_equal(f->id, 1);
    assert_int_equal(f->stopped, 60000);
    assert_int_equal(f->stopped_last, over);
    assert_false(stopped(t, 1, 1)); /* it is over */
    assert_false(stopped(t, 3, 1));
    take_none(t);
    book_free(t);
}

/* ---- severity -------------------------------------------------------------------------------- */

static void severity__rises_at_once__and_falls_after_hold(void **state)
{
    (void)state;
    struct book *t = book_new();
    see(t, 7, IK_SEVERITY_LOW);
    take(t, IK_FINDING_NEW);
    struct ik_report r = report_of(7, IK_SEVERITY_HIGH);
    r.value = 9;
    r.threshold = 3;
    r.why = "much of it";
    report(t, &r);
    const struct ik_finding *f = take(t, IK_FINDING_UPDATED);
    assert_int_equal(f->severity, IK_SEVERITY_HIGH);
    assert_string_equal(f->why, "much of it");
    assert_true(f->value == 9 && f->threshold == 3);
    for (int i = 0; i < 60; i++) {
        see(t, 7, IK_SEVERITY_LOW);
        pass(t, 1);
        while ((f = ik_book_take(t->b)))
            assert_int_equal(f->severity, IK_SEVERITY_HIGH);
    }
    see(t, 7, IK_SEVERITY_LOW);
    pass(t, 1); /* a minute and a second without a high one */
    f = take(t, IK_FINDING_UPDATED);
    assert_int_equal(f->severity, IK_SEVERITY_LOW);
    assert_int_equal(f->id, 1);
    pass(t, 59);
    take_none(t);
    pass(t, 2);
    f = take(t, IK_FINDING_ENDED);
    assert_int_equal(f->id, 1);
    take_none(t);
    assert_int_equal(open_now(t), 0);
    book_free(t);
}

static void finding__seen_again_within_hold__goes_on(void **state)
{
    (void)state;
    struct book *t = book_new();
    for (int i = 0; i < 20; i++) {
        see(t, 7, IK_SEVERITY_LOW);
        pass(t, 59);
    }
    assert_int_equal(ik_book_opened(t->b), 1);
    pass(t, 2);
    see(t, 7, IK_SEVERITY_LOW); /* after its end: another */
    assert_int_equal(ik_book_opened(t->b), 2);
    book_free(t);
}

static void value__of_the_worst__stays(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report r = report_of(7, IK_SEVERITY_LOW);
    r.threshold = 10;
    for (int v = 10; v <= 50; v += 20) {
        r.value = v;
        report(t, &r);
    }
    r.value = 20;
    report(t, &r);
    assert_true(ik_book_open(t->b, 0)->value == 50);
    r.src = addr_of(8); /* of a path MTU the least is the worst */
    r.threshold = 552;
    for (int v = 500; v >= 100; v -= 200) {
        r.value = v;
        report(t, &r);
    }
    r.value = 400;
    report(t, &r);
    assert_true(ik_book_open(t->b, 1)->value == 100);
    book_free(t);
}

static void news__not_taken__are_told_in_order(void **state)
{
    (void)state;
    struct book *t = book_new();
    see(t, 7, IK_SEVERITY_LOW);
    see(t, 7, IK_SEVERITY_HIGH);
    pass(t, 61); /* lowered on the way, then over */
    pass(t, 61);
    const struct ik_finding *f = take(t, IK_FINDING_NEW);
    assert_int_equal(f->id, 1);
    f = take(t, IK_FINDING_ENDED);
    assert_int_equal(f->id, 1);
    take_none(t);
    book_free(t);
}

static void stop__ends_all(void **state)
{
    (void)state;
    struct book *t = book_new();
    for (uint32_t i = 0; i < 5; i++)
        see(t, 10 + i, IK_SEVERITY_LOW);
    ik_book_stop(t->b, t->now);
    for (int i = 0; i < 5; i++) {
        take(t, IK_FINDING_NEW);
        take(t, IK_FINDING_ENDED);
    }
    take_none(t);
    book_free(t);
}

static void stop__ends_in_the_order_in_which_they_began(void **state)
{
    (void)state;
    struct book *t = book_new();
    for (uint32_t i = 0; i < 5; i++) {
        see(t, 10 + i, IK_SEVERITY_LOW);
        assert_int_equal(take(t, IK_FINDING_NEW)->id, i + 1);
    }
    ik_book_stop(t->b, t->now);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(take(t, IK_FINDING_ENDED)->id, i + 1);
    take_none(t);
    book_free(t);
}

/* ---- evidence -------------------------------------------------------------------------------- */

static void evidence__is_the_first_frames__and_the_one_that_made_it_worse(void **state)
{
    (void)state;
    struct book *t = book_new();
    for (int i = 0; i < 5; i++) {
        see_frame(t, 7, IK_SEVERITY_LOW);
        assert_int_equal(ik_book_kept(t->b), i < 3);
    }
    const struct ik_finding *f = ik_book_open(t->b, 0);
    assert_int_equal(f->n_evidence, 3);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(f->evidence[i].n, i + 1);
    assert_int_equal(f->evidence[0].at_bytes, 4);
    assert_int_equal(f->evidence[0].n_bytes, IK_EVIDENCE_BYTES);
    assert_memory_equal(f->evidence[0].bytes, t->bytes + 4, IK_EVIDENCE_BYTES);
    see_frame(t, 7, IK_SEVERITY_HIGH);
    assert_true(ik_book_kept(t->b));
    assert_int_equal(f->n_evidence, 3);
    assert_int_equal(f->evidence[0].n, 1);
    assert_int_equal(f->evidence[2].n, 6);
    see_frame(t, 7, IK_SEVERITY_HIGH);
    assert_false(ik_book_kept(t->b));
    book_free(t);
}

static void evidence__of_one_frame_seen_twice__is_one(void **state)
{
    (void)state;
    struct book *t = book_new();
    see_frame(t, 7, IK_SEVERITY_LOW);
    t->packet.frame.n--;
    see_frame(t, 7, IK_SEVERITY_LOW);
    assert_int_equal(ik_book_open(t->b, 0)->n_evidence, 1);
    book_free(t);
}

static void evidence__outside_of_the_frame__has_no_bytes(void **state)
{
    (void)state;
    static const uint8_t elsewhere[8] = {1};
    struct book *t = book_new();
    struct ik_report r = report_of(7, IK_SEVERITY_LOW);
    t->packet.frame = (struct ik_look_frame){.n = 5, .bytes = {t->bytes, 16}};
    r.p = &t->packet;
    r.bytes = (struct ik_rd){elsewhere, sizeof(elsewhere)};
    report(t, &r);
    r.src = addr_of(8);
    r.bytes = (struct ik_rd){t->bytes + 10, 7}; /* one too many */
    report(t, &r);
    for (size_t i = 0; i < 2; i++) {
        const struct ik_finding *f = ik_book_open(t->b, i);
        assert_int_equal(f->n_evidence, 1);
        assert_int_equal(f->evidence[0].n, 5);
        assert_int_equal(f->evidence[0].n_bytes, 0);
    }
    book_free(t);
}

static void evidence__of_a_reassembled_packet__counts_from_the_datagram(void **state)
{
    (void)state;
    static const uint8_t datagram[40] = {0x45};
    struct book *t = book_new();
    struct ik_report r = report_of(7, IK_SEVERITY_LOW);
    t->packet = (struct ik_look_packet){.frame = {.n = 5, .bytes = {t->bytes, 16}},
                                        .has_ip = true,
                                        .reassembled = true,
                                        .ip_at_bytes = 100,
                                        .ip_bytes = {datagram, sizeof(datagram)}};
    r.p = &t->packet;
    r.bytes = (struct ik_rd){datagram + 20, 20};
    report(t, &r);
    const struct ik_finding *f = ik_book_open(t->b, 0);
    assert_int_equal(f->evidence[0].at_bytes, 120);
    assert_int_equal(f->evidence[0].n_bytes, 20);
    book_free(t);
}

/* ---- many sources ---------------------------------------------------------------------------- */

static const struct ik_finding *find_source(const struct book *t, uint32_t src)
{
    const struct ik_addr a = addr_of(src);
    const struct ik_finding *f;
    for (size_t i = 0; (f = ik_book_open(t->b, i)); i++) {
        if (src ? ik_addr_equal(&f->src, &a) : f->src.family == 0)
            return f;
    }
    return NULL;
}

static void sources__a_million_made_up__leave_the_attacker_named(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report loud = report_of(7, IK_SEVERITY_HIGH);
    for (uint32_t i = 0; i < 1000000; i++) {
        see(t, 1000 + i, IK_SEVERITY_LOW);
        if (i == 500000)
            report(t, &loud);
        if (i % 10000 == 0)
            pass(t, 1);
        while (ik_book_take(t->b))
            ;
        if (i % 100000 == 0)
            assert_true(open_now(t) <= IK_BOOK_SOURCES + 1);
    }
    const struct ik_finding *many = find_source(t, 0), *named = find_source(t, 7);
    assert_non_null(named);
    assert_int_equal(named->severity, IK_SEVERITY_HIGH);
    assert_non_null(many);
    assert_in_range(many->sources, 500000, 1500000); /* 13% standard error */
    assert_in_range(many->packets, 900000, 1000001);
    assert_int_equal(many->remedy, IK_REMEDY_LIMIT_DST); /* a source of many means nothing */
    assert_int_equal(many->dst.family, 4);
    assert_true(ik_book_opened(t->b) < 1000);
    assert_true(ik_book_merged(t->b) > 900000);
    book_free(t);
}

static void sources__of_one_ipv6_net__count_once(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report r = report_of(7, IK_SEVERITY_LOW);
    r.src = frames_addr("2001:db8:1:2::");
    for (uint32_t i = 0; i < 10000; i++) {
        ik_store_be32(r.src.bytes + 12, i);
        report(t, &r);
    }
    const struct ik_finding *many = find_source(t, 0);
    assert_non_null(many);
    assert_int_equal(many->sources, 1);
    book_free(t);
}

static void sources__that_outdo_others__take_their_places(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report r = report_of(0, IK_SEVERITY_MEDIUM);
    for (uint32_t i = 1; i <= 32; i++) {
        r.src = addr_of(i);
        r.value = 100 + i;
        report(t, &r);
    }
    assert_int_equal(open_now(t), 32);
    while (ik_book_take(t->b))
        ;
    r.value = 150; /* not twice as much as the least */
    for (uint32_t i = 98; i <= 99; i++) {
        r.src = addr_of(i);
        report(t, &r);
        assert_int_equal(open_now(t), 33);
    }
    assert_int_equal(find_source(t, 0)->packets, 2);
    assert_null(find_source(t, 99));
    take(t, IK_FINDING_NEW); /* many */
    take_none(t);
    r.value = 1000;
    report(t, &r);
    assert_non_null(find_source(t, 99));
    assert_null(find_source(t, 1)); /* the least of them is told with many now */
    assert_non_null(find_source(t, 2));
    const struct ik_finding ended = *take(t, IK_FINDING_ENDED), new = *take(t, IK_FINDING_NEW);
    const struct ik_addr least = addr_of(1), loudest = addr_of(99);
    assert_true(ik_addr_equal(&ended.src, &least));
    assert_true(ik_addr_equal(&new.src, &loudest));
    assert_int_equal(open_now(t), 33);
    book_free(t);
}

static void many__of_one_source__keep_it(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report r = report_of(7, IK_SEVERITY_LOW);
    for (uint32_t i = 0; i < 100; i++) {
        r.dst = addr_of(500 + i);
        r.type = i % 2 ? 8 : 0;
        report(t, &r);
    }
    const struct ik_finding *many = NULL;
    for (size_t i = 0; ik_book_open(t->b, i); i++) {
        if (ik_book_open(t->b, i)->packets > 1)
            many = ik_book_open(t->b, i);
    }
    assert_non_null(many);
    const struct ik_addr src = addr_of(7);
    assert_true(ik_addr_equal(&many->src, &src));
    assert_int_equal(many->dst.family, 0);
    assert_int_equal(many->sources, 1);
    assert_int_equal(many->family, 0); /* messages of several types */
    assert_int_equal(many->packets, 68);
    assert_int_equal(many->remedy, IK_REMEDY_LIMIT_SOURCE);
    book_free(t);
}

static void book__full_of_what_nobody_takes__stays_bounded(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report r = report_of(0, IK_SEVERITY_LOW);
    for (uint32_t round = 0; round < 200; round++) {
        for (int d = 1; d < IK_DETECTORS; d++) {
            r.detector = (enum ik_detector)d;
            for (uint32_t i = 0; i < 40; i++) {
                r.src = addr_of(round * 100 + i + 1);
                report(t, &r);
            }
        }
        assert_int_equal(open_now(t), (IK_DETECTORS - 1) * (IK_BOOK_SOURCES + 1));
        pass(t, 62);
        assert_int_equal(open_now(t), 0);
    }
    assert_true(ik_book_lost(t->b) > 0);
    size_t told = 0;
    while (ik_book_take(t->b))
        told++;
    assert_in_range(told, 1, 2 * IK_BOOK_MAX);
    assert_int_equal(ik_book_opened(t->b), 200 * (IK_DETECTORS - 1) * (IK_BOOK_SOURCES + 1));
    book_free(t);
}

static void sources__that_the_detector_counted__are_told(void **state)
{
    (void)state;
    struct book *t = book_new();
    struct ik_report r = report_of(0, IK_SEVERITY_HIGH);
    r.src.family = 0;
    r.sources = 250;
    report(t, &r);
    r.sources = 40;
    report(t, &r);
    assert_int_equal(ik_book_open(t->b, 0)->sources, 250);
    book_free(t);
}

static void times__of_a_source_that_went_back__are_those_of_its_clock(void **state)
{
    (void)state;
    struct book *t = book_new();
    const struct ik_report r = report_of(7, IK_SEVERITY_LOW);
    ik_book_next(t->b, 400 * (ik_ns)S);
    ik_book_report(t->b, t->now, &r); /* of a tick: no packet */
    assert_true(ik_book_open(t->b, 0)->first == 600 * (ik_ns)S);
    book_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report__of_one_cause__is_one_finding),
        cmocka_unit_test(report__of_another_dst_or_detector__is_another),
        cmocka_unit_test(update__of_what_goes_on__comes_seldom),
        cmocka_unit_test(stopped__unseen__keeps_a_finding_as_it_is),
        cmocka_unit_test(severity__rises_at_once__and_falls_after_hold),
        cmocka_unit_test(finding__seen_again_within_hold__goes_on),
        cmocka_unit_test(value__of_the_worst__stays),
        cmocka_unit_test(news__not_taken__are_told_in_order),
        cmocka_unit_test(stop__ends_all),
        cmocka_unit_test(stop__ends_in_the_order_in_which_they_began),
        cmocka_unit_test(evidence__is_the_first_frames__and_the_one_that_made_it_worse),
        cmocka_unit_test(evidence__of_one_frame_seen_twice__is_one),
        cmocka_unit_test(evidence__outside_of_the_frame__has_no_bytes),
        cmocka_unit_test(evidence__of_a_reassembled_packet__counts_from_the_datagram),
        cmocka_unit_test(sources__a_million_made_up__leave_the_attacker_named),
        cmocka_unit_test(sources__of_one_ipv6_net__count_once),
        cmocka_unit_test(sources__that_outdo_others__take_their_places),
        cmocka_unit_test(many__of_one_source__keep_it),
        cmocka_unit_test(book__full_of_what_nobody_takes__stays_bounded),
        cmocka_unit_test(sources__that_the_detector_counted__are_told),
        cmocka_unit_test(times__of_a_source_that_went_back__are_those_of_its_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
