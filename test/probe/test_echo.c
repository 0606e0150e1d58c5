/* SPDX-License-Identifier: MIT
 * The echo engine as a whole: sessions from their first probe to their summary. */
#include "echo_rig.h"

static struct rig rig;

static bool done(void)
{
    return rig.engine->ops->done(rig.engine);
}

static const struct ik_rec_ping_summary *summary(void)
{
    return &rig_last(&rig, IK_REC_ping_summary)->ping_summary;
}

static void session__three_answered__ends_at_once_with_a_summary(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.count = 3;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_send(&rig), 1);
        rig_step(&rig, (i + 1) * MS);
        rig_answer(&rig, &rig.sent[0]);
        if (i < 2) {
            assert_false(done());
            rig_step(&rig, SEC - (i + 1) * MS - 1);
            assert_int_equal(rig_send(&rig), 0);
            rig_step(&rig, 1);
        }
    }
    assert_true(done());
    assert_int_equal(rig_count(&rig, IK_REC_reply), 3);
    const struct ik_rec_reply *reply = &rig_last(&rig, IK_REC_reply)->reply;
    assert_string_equal(reply->target, "192.0.2.1");
    assert_string_equal(reply->state, "received");
    assert_string_equal(reply->clock, "user");
    assert_int_equal(reply->seq, 3);
    assert_int_equal(reply->rtt_ns, 3 * MS);
    assert_int_equal(reply->bytes, 64);
    assert_int_equal(reply->ttl, 64);
    assert_false(reply->other_source);
    const struct ik_rec_ping_summary *s = summary();
    assert_int_equal(s->sent, 3);
    assert_int_equal(s->received, 3);
    assert_true(s->loss_ratio == 0);
    assert_int_equal(s->rtt_ns.min, MS);
    assert_int_equal(s->rtt_ns.avg, 2 * MS);
    assert_int_equal(s->rtt_ns.max, 3 * MS);
    assert_int_equal(s->rtt_ns.mdev, 816496);
    assert_true(s->rtt_ns.p50 == IK_NEVER);
    assert_int_equal(s->duration_ns, 2 * SEC); /* to the last probe, not its answer */
    assert_int_equal(s->pipe, -1);             /* said where there is room for one target */
    assert_true(s->final);
    rig_close(&rig);
}

/* iputils' pipe: the first of three probes is answered when all three are out. */
static void session__answer_after_later_probes__says_the_pipe(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.max_targets = 1;
    cfg.count = cfg.preload = 3;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    assert_int_equal(rig_send(&rig), 3);
    for (int i = 0; i < 3; i++)
        rig_answer(&rig, &rig.sent[i]);
    assert_true(done());
    assert_int_equal(summary()->pipe, 3);
    rig_close(&rig);
}

static void session__nothing_answers__waits_the_timeout_then_is_lost(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.count = 2;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    const ik_ns start = rig.now.mono;
    while (!done())
        assert_true(rig_advance(&rig));
    assert_int_equal(rig.now.mono - start, SEC + cfg.timeout);
    assert_int_equal(rig_count(&rig, IK_REC_lost), 2);
    assert_string_equal(rig_last(&rig, IK_REC_lost)->lost.state, "lost");
    assert_true(summary()->loss_ratio == 1);
    assert_true(summary()->rtt_ns.min == IK_NEVER);
    rig_close(&rig);
}

/* As iputils: where something answered, twice the longest round trip, at least the interval. */
static void session__last_one_lost__lingers_as_iputils(void **state)
{
    (void)state;
    static const struct {
        ik_ns rtt, linger, waited;
    } rows[] = {{5 * MS, -1, SEC}, {800 * MS, -1, 1600 * MS}, {5 * MS, 300 * MS, 300 * MS}};
    for (size_t i = 0; i < 3; i++) {
        struct ik_echo_cfg cfg = rig_cfg();
        cfg.count = 2;
        cfg.linger = rows[i].linger;
        rig_open(&rig, &cfg);
        rig_add(&rig, "192.0.2.1");
        ik_echo_complete(rig.e);
        rig_send(&rig);
        rig_step(&rig, rows[i].rtt);
        rig_answer(&rig, &rig.sent[0]);
        rig_step(&rig, SEC - rows[i].rtt);
        assert_int_equal(rig_send(&rig), 1);
        const ik_ns last = rig.now.mono;
        while (!done())
            assert_true(rig_advance(&rig));
        assert_in_range(rig.now.mono - last, rows[i].waited, rows[i].waited + MS);
        assert_int_equal(summary()->lost, 1);
        assert_int_equal(summary()->in_flight, 0);
        rig_close(&rig);
    }
}

/* A flood has no interval: its last probe, lost, does not hold up the end for a second. */
static void flood__last_one_lost__ends_soon(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.flood = true;
    cfg.count = 2;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    rig_send(&rig);
    rig_answer(&rig, &rig.sent[0]);
    assert_int_equal(rig_send(&rig), 1);
    const ik_ns last = rig.now.mono;
    while (!done())
        assert_true(rig_advance(&rig));
    assert_in_range(rig.now.mono - last, 10 * MS, 11 * MS);
    assert_int_equal(summary()->lost, 1);
    rig_close(&rig);
}

static void stop__young_probes__are_in_flight(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    for (int i = 0; i < 3; i++) {
        rig_send(&rig);
        if (i == 0)
            rig_answer(&rig, &rig.sent[0]);
        rig_step(&rig, SEC);
    }
    /* Three were sent: one answered, one waited 2 s, which is more than linger allows, one 1 s. */
    rig_step(&rig, -1);
    rig.engine->ops->stop(rig.engine, rig.now);
    rig_drain(&rig);
    assert_true(done());
    assert_int_equal(summary()->sent, 3);
    assert_int_equal(summary()->received, 1);
    assert_int_equal(summary()->lost, 1);
    assert_int_equal(summary()->in_flight, 1);
    assert_true(summary()->loss_ratio == 0.5);
    assert_int_equal(rig_send(&rig), 0);
    rig_close(&rig);
}

/* More probes are open than the ring has records for: each is told all the same. */
static void expire__many_open__all_are_lost_and_told(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.preload = 400;
    cfg.max_in_flight = 400;
    cfg.count = 400;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    size_t sent = 0;
    for (int i = 0; i < 10; i++)
        sent += rig_send(&rig);
    assert_int_equal(sent, 400);
    ik_echo_expire(rig.e, rig.now);
    rig_drain(&rig);
    assert_true(done());
    assert_int_equal(rig_count(&rig, IK_REC_lost), 400);
    assert_int_equal(summary()->lost, 400);
    assert_int_equal(rig_totals(&rig).records_missed, 0);
    rig_close(&rig);
}

static void summary__on_the_way__is_not_final(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.percentiles = true;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    const struct ik_addr unnamed = addr("2001:db8::1");
    uint32_t index;
    assert_int_equal(ik_echo_add(rig.e, rig.now, NULL, &unnamed, &index), IK_OK);
    assert_int_equal(index, 1);
    rig_send(&rig);
    rig_step(&rig, 2 * MS);
    rig_answer(&rig, &rig.sent[0]);
    rig_forget(&rig);
    ik_echo_say_summary(rig.e, rig.now);
    const struct ik_record *first = rig.engine->ops->record(rig.engine);
    assert_string_equal(first->ping_summary.target, "192.0.2.1");
    assert_int_equal(first->ping_summary.rtt_ns.p50, 2 * MS);
    const struct ik_record *second = rig.engine->ops->record(rig.engine);
    assert_string_equal(second->ping_summary.target, "2001:db8::1");
    assert_false(second->ping_summary.final);
    assert_null(rig.engine->ops->record(rig.engine));
    assert_false(done());
    rig_close(&rig);
}

static void session__no_target__is_done_when_complete(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    rig_open(&rig, &cfg);
    assert_int_equal(rig_send(&rig), 0);
    assert_false(done());
    ik_echo_complete(rig.e);
    assert_true(rig.engine->ops->deadline(rig.engine) <= rig.now.mono);
    rig_send(&rig);
    assert_true(done());
    rig_close(&rig);
}

/* R18: a step of the wall clock, an hour there and back, leaves every round trip as it is. */
static void clock__stepped__same_round_trips(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.count = 3;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    for (int i = 0; i < 3; i++) {
        rig_send(&rig);
        rig_stamp(&rig, &rig.sent[0], rig.now.mono + 1000, IK_CLOCK_KERNEL);
        rig_step(&rig, 7 * MS);
        rig.now.real += i == 0 ? 3600 * SEC : -1800 * SEC;
        const struct sent a = answer_to(&rig.sent[0]);
        rig_packet4(&rig, "192.0.2.1", a.bytes, a.n,
                    (struct ik_stamp){rig.now.mono - 500, IK_CLOCK_KERNEL});
        assert_int_equal(rig_last(&rig, IK_REC_reply)->reply.rtt_ns, 7 * MS - 1500);
        assert_string_equal(rig_last(&rig, IK_REC_reply)->reply.clock, "kernel");
        rig_step(&rig, SEC - 7 * MS);
    }
    assert_true(done());
    assert_int_equal(rig_count(&rig, IK_REC_notice), 3);
    assert_string_equal(rig_last(&rig, IK_REC_notice)->notice.what, "clock-stepped");
    assert_int_equal(summary()->rtt_ns.mdev, 0);
    rig_close(&rig);
}

/* R28 */
static void until__up_or_down__ends_the_target(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.until_up = 2;
    cfg.until_down = 3;
    cfg.timeout = 500 * MS;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    static const bool answers[] = {true, false, false, true, false, true, true};
    for (size_t i = 0; i < 7; i++) {
        assert_false(done());
        assert_int_equal(rig_send(&rig), 1);
        if (answers[i])
            rig_answer(&rig, &rig.sent[0]);
        rig_step(&rig, SEC);
    }
    assert_true(done());
    assert_true(rig_totals(&rig).until_reached);
    assert_string_equal(rig_last(&rig, IK_REC_notice)->notice.what, "until-reached");
    assert_int_equal(rig_last(&rig, IK_REC_notice)->notice.count, 2);
    assert_string_equal(rig_last(&rig, IK_REC_notice)->notice.text, "answers again");
    rig_close(&rig);

    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    while (!done())
        assert_true(rig_advance(&rig));
    assert_int_equal(summary()->lost, 3);
    assert_int_equal(rig_last(&rig, IK_REC_notice)->notice.count, 3);
    assert_string_equal(rig_last(&rig, IK_REC_notice)->notice.text, "does not answer");
    rig_close(&rig);
}

/* "again" and "any more" only of what was otherwise before. */
static void until__first_state_or_a_change__is_worded(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.until_up = 2;
    cfg.until_down = 2;
    cfg.timeout = 500 * MS;
    for (int answered = 1; answered <= 2; answered++) {
        rig_open(&rig, &cfg);
        rig_add(&rig, "192.0.2.1");
        ik_echo_complete(rig.e);
        for (int i = 0; !done(); i++) {
            assert_in_range(i, 0, 5);
            if (rig_send(&rig) && i < answered)
                rig_answer(&rig, &rig.sent[0]);
            rig_step(&rig, SEC);
        }
        assert_string_equal(rig_last(&rig, IK_REC_notice)->notice.text,
                            answered == 1 ? "does not answer any more" : "answers");
        rig_close(&rig);
    }
}

/* iputils' -w: not after count probes, but count answers, or an error. */
static void answers_end__counts_answers_and_ends_on_an_error(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.count = 2;
    cfg.answers_end = true;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rig_send(&rig), 1);
        if (i == 1 || i == 4)
            rig_answer(&rig, &rig.sent[0]);
        rig_step(&rig, SEC);
    }
    assert_true(done());
    assert_int_equal(summary()->received, 2);
    assert_int_equal(summary()->in_flight, 3);
    rig_close(&rig);

    cfg.count = 0;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    rig_send(&rig);
    rig_error4(&rig, &rig.sent[0], 3, 1, "192.0.2.254", "192.0.2.1", 5, 8);
    assert_true(done());
    assert_int_equal(summary()->errors, 1);
    rig_close(&rig);
}

/* What was planned for a target whose end was reached does not go any more. */
static void answers_end__with_probes_on_offer__sends_no_more(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.answers_end = true;
    cfg.preload = 5;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    rig_add(&rig, "192.0.2.2");
    ik_echo_complete(rig.e);
    rig_send_some(&rig, 2);
    rig_error4(&rig, &rig.sent[0], 3, 1, "192.0.2.254", "192.0.2.1", 5, 8);
    assert_int_equal(rig_send(&rig), 0);
    assert_int_equal(rig_totals(&rig).sent, 2);
    rig_close(&rig);
}

/* A target that ended leaves a probe behind, which nobody waits for and which may yet be lost. */
static void answers_end__one_target_before_the_other__both_end(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.answers_end = true;
    cfg.count = 1;
    cfg.preload = 2;
    cfg.timeout = 2 * SEC;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    ik_echo_complete(rig.e);
    rig_send(&rig);
    rig_answer(&rig, &rig.sent[1]);
    assert_true(done());
    assert_int_equal(summary()->in_flight, 1);
    rig_close(&rig);

    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    rig_add(&rig, "192.0.2.2");
    ik_echo_complete(rig.e);
    assert_int_equal(rig_send(&rig), 2);
    rig_answer(&rig, &rig.sent[1]);
    rig_step(&rig, cfg.timeout);
    rig_send(&rig);
    assert_int_equal(rig_totals(&rig).lost, 1);
    rig_answer(&rig, &rig.sent[1]);
    assert_true(done());
    rig_close(&rig);
}

static void init__contradictions__are_refused(void **state)
{
    (void)state;
    static uint8_t mem[64];
    struct ik_echo_engine *e;
    struct ik_echo_cfg rows[8];
    for (size_t i = 0; i < 8; i++)
        rows[i] = rig_cfg();
    rows[0].max_targets = 0;
    rows[1].max_in_flight = 0;
    rows[2].max_in_flight = (1 << 22) + 1;
    rows[3].timeout = 0;
    rows[4].interval = -1;
    rows[5].payload_bytes = 65528;
    rows[6].percentiles = true;
    rows[6].max_targets = IK_ECHO_SKETCH_TARGETS + 1;
    rows[7].pattern = mem;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(ik_echo_init(&e, mem, &rows[i]), IK_E_VALUE);
}

static void add__full_or_of_no_family__is_refused(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.max_targets = 1;
    cfg.payload_bytes = 65508;
    rig_open(&rig, &cfg);
    const struct ik_addr four = addr("192.0.2.1"), none = {0};
    uint32_t index = 7;
    assert_int_equal(ik_echo_add(rig.e, rig.now, "x", &four, &index), IK_E_UNSUPPORTED);
    assert_int_equal(ik_echo_add(rig.e, rig.now, "x", &none, &index), IK_E_UNSUPPORTED);
    assert_int_equal(index, 7);
    rig_add(&rig, "2001:db8::1");
    const struct ik_addr six = addr("2001:db8::2");
    assert_int_equal(ik_echo_add(rig.e, rig.now, "x", &six, &index), IK_E_FULL);
    rig_close(&rig);
}

/* Issue: at most 200 bytes a target beyond what does not grow with them. */
static void memory__a_million_targets__200_bytes_each(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.max_targets = 1;
    const size_t base = ik_echo_bytes(&cfg);
    cfg.max_targets = 1000001;
    assert_true(ik_echo_bytes(&cfg) - base <= 200 * 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session__three_answered__ends_at_once_with_a_summary),
        cmocka_unit_test(session__answer_after_later_probes__says_the_pipe),
        cmocka_unit_test(session__nothing_answers__waits_the_timeout_then_is_lost),
        cmocka_unit_test(session__last_one_lost__lingers_as_iputils),
        cmocka_unit_test(flood__last_one_lost__ends_soon),
        cmocka_unit_test(stop__young_probes__are_in_flight),
        cmocka_unit_test(expire__many_open__all_are_lost_and_told),
        cmocka_unit_test(summary__on_the_way__is_not_final),
        cmocka_unit_test(session__no_target__is_done_when_complete),
        cmocka_unit_test(clock__stepped__same_round_trips),
        cmocka_unit_test(until__up_or_down__ends_the_target),
        cmocka_unit_test(until__first_state_or_a_change__is_worded),
        cmocka_unit_test(answers_end__counts_answers_and_ends_on_an_error),
        cmocka_unit_test(answers_end__with_probes_on_offer__sends_no_more),
        cmocka_unit_test(answers_end__one_target_before_the_other__both_end),
        cmocka_unit_test(init__contradictions__are_refused),
        cmocka_unit_test(add__full_or_of_no_family__is_refused),
        cmocka_unit_test(memory__a_million_targets__200_bytes_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
