/* SPDX-License-Identifier: MIT
 * What becomes of probes: each case by hand, then a hundred thousand random steps. */
#include "echo_rig.h"

#include "base/rng.h"

static struct rig rig;

static void start(const struct ik_echo_cfg *cfg)
{
    rig_open(&rig, cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(rig_send(&rig), 1);
}

static const struct ik_rec_reply *reply(void)
{
    return &rig_last(&rig, IK_REC_reply)->reply;
}

static const struct ik_rec_lost *lost(void)
{
    return &rig_last(&rig, IK_REC_lost)->lost;
}

/* Sends nothing more in a while: the time of one probe alone. */
static struct ik_echo_cfg slow_cfg(void)
{
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.interval = 3600 * SEC;
    return cfg;
}

static void answer_stamped(const struct sent *s, ik_ns at, enum ik_clock clock)
{
    const struct sent a = answer_to(s);
    rig_packet4(&rig, "192.0.2.1", a.bytes, a.n, (struct ik_stamp){at, clock});
}

/* R7: an answer after the time is late, not lost, and not received either. */
static void answer__after_the_timeout__is_late(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    rig_step(&rig, cfg.timeout);
    rig_send(&rig);
    assert_string_equal(lost()->state, "lost");
    assert_int_equal(rig_totals(&rig).lost, 1);
    rig_step(&rig, 5 * SEC);
    rig_answer(&rig, &rig.sent[0]);
    assert_string_equal(reply()->state, "late");
    assert_int_equal(reply()->rtt_ns, 15 * SEC);
    assert_int_equal(rig_totals(&rig).lost, 0);
    assert_int_equal(rig_totals(&rig).late, 1);
    assert_int_equal(rig_totals(&rig).alive, 1);
    rig_answer(&rig, &rig.sent[0]);
    assert_string_equal(reply()->state, "duplicate");
    rig_close(&rig);
}

/* R1: it was here in time and we were slow to read it: no loss, and no inflated round trip. */
static void answer__in_time_but_read_late__is_received(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    const ik_ns t0 = rig.now.mono;
    rig_stamp(&rig, &rig.sent[0], t0 + 1000, IK_CLOCK_KERNEL);
    rig_step(&rig, 20 * SEC);
    rig_send(&rig);
    assert_int_equal(rig_totals(&rig).lost, 1);
    answer_stamped(&rig.sent[0], t0 + 2000, IK_CLOCK_KERNEL);
    assert_string_equal(reply()->state, "received");
    assert_int_equal(reply()->rtt_ns, 1000);
    assert_int_equal(rig_totals(&rig).lost, 0);
    assert_int_equal(rig_totals(&rig).received, 1);
    rig_close(&rig);
}

/* R1: as long as batches are full, what waits behind them may be the answer. */
static void answer__behind_a_full_batch__is_not_given_up_before(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    const ik_ns t0 = rig.now.mono;
    rig_stamp(&rig, &rig.sent[0], t0, IK_CLOCK_KERNEL);
    const struct sent probe = rig.sent[0];
    struct ik_event batch[IK_BATCH];
    for (size_t i = 0; i < IK_BATCH; i++)
        batch[i] = (struct ik_event){.kind = IK_EV_SENT, .key = 1};
    rig_step(&rig, cfg.timeout + SEC);
    for (int turn = 0; turn < 3; turn++) {
        rig.engine->ops->input(rig.engine, rig.now, 0, batch, IK_BATCH);
        rig_send(&rig);
        assert_true(rig.engine->ops->deadline(rig.engine) <= rig.now.mono);
    }
    answer_stamped(&probe, t0 + MS, IK_CLOCK_KERNEL);
    rig_send(&rig);
    assert_string_equal(reply()->state, "received");
    assert_int_equal(rig_count(&rig, IK_REC_lost), 0);
    rig_close(&rig);

    /* Nothing behind it: given up at the next look. */
    start(&cfg);
    rig_step(&rig, cfg.timeout);
    rig.engine->ops->input(rig.engine, rig.now, 0, batch, IK_BATCH);
    rig_send(&rig);
    assert_int_equal(rig_totals(&rig).lost, 0);
    rig_send(&rig);
    assert_int_equal(rig_totals(&rig).lost, 1);
    rig_close(&rig);
}

/* The other link, which has nothing, says nothing about what waits in this one. */
static void answer__behind_a_full_batch__the_other_link_quiet__is_not_given_up(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    const ik_ns t0 = rig.now.mono;
    rig_stamp(&rig, &rig.sent[0], t0, IK_CLOCK_KERNEL);
    const struct sent probe = rig.sent[0];
    struct ik_event batch[IK_BATCH];
    for (size_t i = 0; i < IK_BATCH; i++)
        batch[i] = (struct ik_event){.kind = IK_EV_SENT, .key = 1};
    rig_step(&rig, cfg.timeout + SEC);
    rig.engine->ops->input(rig.engine, rig.now, 0, batch, IK_BATCH);
    rig.engine->ops->input(rig.engine, rig.now, 1, batch, 1);
    rig_send(&rig);
    assert_int_equal(rig_count(&rig, IK_REC_lost), 0);
    answer_stamped(&probe, t0 + MS, IK_CLOCK_KERNEL);
    assert_string_equal(reply()->state, "received");
    rig_close(&rig);
}

static void answer__at_exactly_the_timeout__is_received(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    const ik_ns t0 = rig.now.mono;
    rig_step(&rig, cfg.timeout + SEC);
    rig_stamp(&rig, &rig.sent[0], t0, IK_CLOCK_KERNEL);
    answer_stamped(&rig.sent[0], t0 + cfg.timeout, IK_CLOCK_KERNEL);
    assert_string_equal(reply()->state, "received");
    rig_close(&rig);

    start(&cfg);
    rig_step(&rig, cfg.timeout + SEC);
    rig_stamp(&rig, &rig.sent[0], t0, IK_CLOCK_KERNEL);
    answer_stamped(&rig.sent[0], t0 + cfg.timeout + 1, IK_CLOCK_KERNEL);
    assert_string_equal(reply()->state, "late");
    rig_close(&rig);
}

/* R18: a second of waiting for a neighbour is told apart. */
static void wait__for_a_neighbour__is_not_in_the_round_trip(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    const ik_ns t0 = rig.now.mono;
    rig_step(&rig, SEC + 5 * MS);
    rig_stamp(&rig, &rig.sent[0], t0 + SEC, IK_CLOCK_KERNEL);
    answer_stamped(&rig.sent[0], t0 + SEC + 2 * MS, IK_CLOCK_KERNEL);
    assert_int_equal(reply()->rtt_ns, 2 * MS);
    assert_int_equal(reply()->wait_ns, SEC);
    rig_close(&rig);
}

static void stamps__of_two_sources__are_never_mixed(void **state)
{
    (void)state;
    static const struct {
        enum ik_clock sent, arrived;
        const char *clock;
        ik_ns rtt;
    } rows[] = {
        {IK_CLOCK_KERNEL, IK_CLOCK_KERNEL, "kernel", 2 * MS},
        {IK_CLOCK_HARDWARE, IK_CLOCK_HARDWARE, "hardware", 2 * MS},
        {IK_CLOCK_VIRTUAL, IK_CLOCK_VIRTUAL, "virtual", 2 * MS},
        {IK_CLOCK_HARDWARE, IK_CLOCK_KERNEL, "user", 9 * MS},
        {IK_CLOCK_NONE, IK_CLOCK_KERNEL, "user", 9 * MS},
        {IK_CLOCK_KERNEL, IK_CLOCK_NONE, "user", 9 * MS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct ik_echo_cfg cfg = slow_cfg();
        start(&cfg);
        const ik_ns t0 = rig.now.mono;
        if (rows[i].sent != IK_CLOCK_NONE)
            rig_stamp(&rig, &rig.sent[0], t0 + MS, rows[i].sent);
        rig_step(&rig, 9 * MS);
        answer_stamped(&rig.sent[0], t0 + 3 * MS, rows[i].arrived);
        assert_string_equal(reply()->clock, rows[i].clock);
        assert_int_equal(reply()->rtt_ns, rows[i].rtt);
        rig_close(&rig);
    }
}

/* A multicast answer of this host itself: the kernel stamps what it loops back before it leaves. */
static void stamps__that_cannot_be_true__give_way_to_our_readings(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    const ik_ns t0 = rig.now.mono;
    rig_stamp(&rig, &rig.sent[0], t0 + 5 * MS, IK_CLOCK_KERNEL);
    rig_step(&rig, 9 * MS);
    answer_stamped(&rig.sent[0], t0 + 4 * MS, IK_CLOCK_KERNEL);
    assert_string_equal(reply()->state, "received");
    assert_string_equal(reply()->clock, "user");
    assert_int_equal(reply()->rtt_ns, 9 * MS);
    assert_int_equal(rig_totals(&rig).untimed, 0);
    rig_close(&rig);
}

/* A clock in trouble: the answer counts, its time does not. */
static void readings__that_cannot_be_true__give_no_round_trip(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    rig_step(&rig, 86401 * SEC);
    answer_stamped(&rig.sent[0], rig.now.mono, IK_CLOCK_KERNEL);
    assert_string_equal(reply()->state, "late");
    assert_true(reply()->rtt_ns == IK_NEVER);
    assert_int_equal(rig_totals(&rig).late, 1);
    assert_int_equal(rig_totals(&rig).untimed, 1);
    ik_echo_say_summary(rig.e, rig.now);
    rig_drain(&rig);
    assert_true(rig_last(&rig, IK_REC_ping_summary)->ping_summary.rtt_ns.min == IK_NEVER);
    rig_close(&rig);
}

/* R7: what never left is not sent, so it is no loss. */
static void failed__never_left__is_outside_of_sent(void **state)
{
    (void)state;
    static const struct {
        enum ik_err err;
        uint32_t mtu;
        const char *state, *error;
    } rows[] = {{IK_E_TOO_BIG, 1400, "send_error", "message too long"},
                {IK_E_NO_ROUTE, 0, "send_error", "network is unreachable"},
                {IK_E_NOBUFS, 0, "local_drop", "no buffer space available"}};
    for (size_t i = 0; i < 3; i++) {
        struct ik_echo_cfg cfg = slow_cfg();
        cfg.count = 1;
        start(&cfg);
        ik_echo_complete(rig.e);
        rig_fail(&rig, &rig.sent[0], rows[i].err, rows[i].mtu);
        assert_string_equal(lost()->state, rows[i].state);
        assert_string_equal(lost()->error, rows[i].error);
        assert_int_equal(lost()->mtu, rows[i].mtu ? (int64_t)rows[i].mtu : -1);
        const struct ik_echo_totals t = rig_totals(&rig);
        assert_int_equal(t.sent, 0);
        assert_int_equal(t.send_errors, i < 2);
        assert_int_equal(t.local_drops, i == 2);
        assert_true(rig.engine->ops->done(rig.engine));
        assert_true(rig_last(&rig, IK_REC_ping_summary)->ping_summary.loss_ratio < 0);
        rig_close(&rig);
    }
}

/* R1: what this host dropped is unknown, not lost; only where the wait overlapped. */
static void drops__during_the_wait__make_it_unknown(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.interval = 8 * SEC;
    cfg.count = 3;
    start(&cfg);
    rig_add(&rig, "2001:db8::1");
    rig_step(&rig, 8 * SEC);
    rig_send(&rig);
    rig_step(&rig, SEC);
    rig_drops(&rig, 0, 17);
    assert_string_equal(rig_last(&rig, IK_REC_notice)->notice.what, "drops");
    assert_int_equal(rig_last(&rig, IK_REC_notice)->notice.count, 17);
    ik_echo_complete(rig.e);
    while (!rig.engine->ops->done(rig.engine))
        assert_true(rig_advance(&rig));
    /* IPv4: the first two waited then, the third began after. IPv6: another socket. */
    const struct ik_echo_totals t = rig_totals(&rig);
    assert_int_equal(t.unknown, 2);
    assert_int_equal(t.lost, 1 + 3);
    assert_int_equal(t.receive_drops, 17);
    for (size_t i = 0, n = 0; i < rig.n_records; i++)
        if (rig.records[i].kind == IK_REC_ping_summary)
            assert_true(rig.records[i].ping_summary.loss_ratio == 1 && n++ < 2);
    rig_close(&rig);
}

/* What was told before the probe went is not about it, though the clock has not moved since. */
static void drops__at_the_very_instant_before__do_not_count(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    rig_drops(&rig, 0, 1);
    assert_int_equal(rig_send(&rig), 1);
    rig_step(&rig, cfg.timeout);
    rig_send(&rig);
    assert_int_equal(rig_totals(&rig).lost, 1);
    rig_close(&rig);
}

/* An error tells what became of a probe that was unknown. */
static void error__about_an_unknown_probe__makes_it_lost(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    rig_step(&rig, MS);
    rig_drops(&rig, 0, 1);
    rig_step(&rig, cfg.timeout);
    rig_send(&rig);
    assert_int_equal(rig_totals(&rig).unknown, 1);
    rig_error4(&rig, &rig.sent[0], 3, 1, "192.0.2.9", "192.0.2.1", 5, 64);
    assert_int_equal(rig_totals(&rig).unknown, 0);
    assert_int_equal(rig_totals(&rig).lost, 1);
    rig_close(&rig);
}

static void error__then_answer__is_received_after_all(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = slow_cfg();
    start(&cfg);
    rig_step(&rig, MS);
    for (int i = 0; i < 2; i++)
        rig_error4(&rig, &rig.sent[0], 3, 1, "192.0.2.9", "192.0.2.1", 5, 64);
    assert_int_equal(rig_totals(&rig).errors, 1);
    assert_int_equal(rig_totals(&rig).lost, 1);
    rig_answer(&rig, &rig.sent[0]);
    assert_int_equal(rig_totals(&rig).received, 1);
    assert_int_equal(rig_totals(&rig).lost, 0);
    rig_error4(&rig, &rig.sent[0], 3, 1, "192.0.2.9", "192.0.2.1", 5, 64);
    assert_int_equal(rig_totals(&rig).errors, 1);
    assert_int_equal(rig_totals(&rig).received, 1);
    rig_close(&rig);
}

/* -O */
static void waiting__is_said_before_the_next_probe(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.say_waiting = true;
    start(&cfg);
    rig_step(&rig, SEC);
    rig_send(&rig);
    assert_string_equal(lost()->state, "waiting");
    assert_int_equal(lost()->seq, 1);
    assert_int_equal(rig_totals(&rig).in_flight, 2);
    rig_answer(&rig, &rig.sent[0]);
    rig_step(&rig, SEC);
    rig_send(&rig);
    assert_int_equal(rig_count(&rig, IK_REC_lost), 1);
    rig_close(&rig);
}

/* DF-ping-04 */
static void sequence__of_70000_probes__wraps_cleanly(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.interval = MS;
    cfg.timeout = 100 * MS;
    cfg.count = 70000;
    cfg.payload_bytes = 8; /* matched by sequence alone */
    start(&cfg);
    ik_echo_complete(rig.e);
    for (uint32_t seq = 1; seq <= cfg.count; seq++) {
        assert_int_equal(ik_load_be16(rig.sent[0].bytes + 6), seq & 0xffff);
        if (seq % 1000 != 0)
            rig_answer(&rig, &rig.sent[0]);
        if (seq % 7 == 0)
            rig_answer(&rig, &rig.sent[0]);
        rig_forget(&rig);
        rig_step(&rig, MS);
        rig_send(&rig);
    }
    while (!rig.engine->ops->done(rig.engine))
        assert_true(rig_advance(&rig));
    const struct ik_echo_totals t = rig_totals(&rig);
    assert_int_equal(t.sent, 70000);
    assert_int_equal(t.received, 70000 - 70 + 10); /* 10 are multiples of 7000 */
    assert_int_equal(t.lost, 60);
    assert_int_equal(t.duplicates, 10000 - 10);
    rig_close(&rig);
}

/* ---- the property ---------------------------------------------------------------------------- */

/* What the network still has to deliver. */
struct packet {
    struct sent s;
    bool used;
};

enum { NET = 64 };

struct net {
    struct ik_rng rng;
    struct packet in[NET];
};

static bool chance(struct net *n, uint32_t percent)
{
    return ik_rng_below(&n->rng, 100) < percent;
}

static void net_take(struct net *n, const struct sent *s)
{
    n->in[ik_rng_below(&n->rng, NET)] = (struct packet){*s, true}; /* what was there is lost */
}

/* Something happens to a random packet: an answer, an error, a stamp, a failure, or damage. */
static void net_deliver(struct net *n)
{
    struct packet *p = &n->in[ik_rng_below(&n->rng, NET)];
    if (!p->used)
        return;
    struct sent a = answer_to(&p->s);
    char text[IK_ADDR_TEXT];
    ik_addr_text(&p->s.to, text);
    const struct ik_stamp at = {rig.now.mono - ik_rng_below(&n->rng, 1000000),
                                (enum ik_clock)ik_rng_below(&n->rng, IK_CLOCK_COUNT)};
    switch (ik_rng_below(&n->rng, 12)) {
    case 0:
        rig_fail(&rig, &p->s, chance(n, 50) ? IK_E_NOBUFS : IK_E_NO_ROUTE, 0);
        break;
    case 1:
        rig_error4(&rig, &p->s, 11, 0, "192.0.2.99", text, 5, 8 + ik_rng_below(&n->rng, 16));
        break;
    case 2:
        rig_stamp(&rig, &p->s, at.mono, at.clock);
        break;
    case 3:
        a.bytes[ik_rng_below(&n->rng, (uint32_t)a.n)] ^= (uint8_t)(1 + ik_rng_below(&n->rng, 255));
        rig_packet4(&rig, text, a.bytes, a.n, at);
        break;
    default:
        rig_packet4(&rig, text, a.bytes, a.n, at);
        break;
    }
    p->used = chance(n, 30); /* else it comes again */
}

static void check_targets(void)
{
    struct ik_echo_totals sum = {0};
    const struct ik_echo_totals t = rig_totals(&rig);
    for (size_t i = 0; i < rig.n_records; i++) {
        if (rig.records[i].kind != IK_REC_ping_summary)
            continue;
        const struct ik_rec_ping_summary *s = &rig.records[i].ping_summary;
        assert_int_equal(s->sent, s->received + s->late + s->lost + s->unknown + s->in_flight);
        sum.sent += (uint64_t)s->sent;
        sum.received += (uint64_t)s->received;
        sum.late += (uint64_t)s->late;
        sum.lost += (uint64_t)s->lost;
        sum.unknown += (uint64_t)s->unknown;
        sum.in_flight += (uint64_t)s->in_flight;
        sum.duplicates += (uint64_t)s->duplicates;
        sum.errors += (uint64_t)s->errors;
        sum.send_errors += (uint64_t)s->send_errors;
        sum.local_drops += (uint64_t)s->local_drops;
    }
    assert_int_equal(sum.sent, t.sent);
    assert_int_equal(sum.received, t.received);
    assert_int_equal(sum.late, t.late);
    assert_int_equal(sum.lost, t.lost);
    assert_int_equal(sum.unknown, t.unknown);
    assert_int_equal(sum.in_flight, t.in_flight);
    assert_int_equal(sum.duplicates, t.duplicates);
    assert_int_equal(sum.errors, t.errors);
    assert_int_equal(sum.send_errors, t.send_errors);
    assert_int_equal(sum.local_drops, t.local_drops);
}

static struct ik_echo_cfg random_cfg(struct net *n)
{
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.max_in_flight = 1 + ik_rng_below(&n->rng, 6);
    cfg.interval = (ik_ns)ik_rng_below(&n->rng, 20) * MS;
    cfg.timeout = (1 + ik_rng_below(&n->rng, 50)) * MS;
    cfg.payload_bytes = chance(n, 50) ? 8 : 24;
    cfg.preload = ik_rng_below(&n->rng, 4);
    cfg.flood = chance(n, 20);
    cfg.adaptive = chance(n, 20);
    cfg.min_gap = chance(n, 20) ? MS : 0;
    cfg.count = chance(n, 50) ? 200 : 0;
    cfg.answers_end = chance(n, 10);
    cfg.until_down = chance(n, 10) ? 5 : 0;
    cfg.percentiles = chance(n, 20);
    cfg.say_waiting = chance(n, 50);
    return cfg;
}

static void random_step(struct net *n)
{
    rig_step(&rig, ik_rng_below(&n->rng, 3 * 1000000));
    if (chance(n, 1))
        rig_drops(&rig, 0, 1);
    const size_t sent = rig_send_some(&rig, ik_rng_below(&n->rng, 8));
    for (size_t i = 0; i < sent; i++)
        if (!chance(n, 20))
            net_take(n, &rig.sent[i]);
    for (unsigned i = 0; i < 3; i++)
        net_deliver(n);
    rig_totals(&rig);
    rig_forget(&rig);
}

/* R7: delay, loss, duplication, reordering, errors, damage, refusal, drops, tiny pools, and the end
 * at any instant: the sums hold after every step, for every target and over all. */
static void property__sums_hold_at_every_step(void **state)
{
    (void)state;
    static struct net net;
    net.rng.state = 20261121;
    unsigned steps = 0;
    uint64_t seen[5] = {0};
    while (steps < 100000) {
        const struct ik_echo_cfg cfg = random_cfg(&net);
        memset(net.in, 0, sizeof(net.in));
        rig_open(&rig, &cfg);
        static const char *const targets[] = {"192.0.2.1", "192.0.2.2", "192.0.2.1"};
        for (unsigned i = 0; i < 3; i++)
            rig_add(&rig, targets[i]);
        ik_echo_complete(rig.e);
        const unsigned until = steps + 1 + ik_rng_below(&net.rng, 2000);
        for (; steps < until && !rig.engine->ops->done(rig.engine); steps++)
            random_step(&net);
        steps++;
        rig_forget(&rig);
        if (chance(&net, 50))
            ik_echo_expire(rig.e, rig.now);
        else
            rig.engine->ops->stop(rig.engine, rig.now);
        rig_drain(&rig);
        if (rig_count(&rig, IK_REC_ping_summary))
            check_targets();
        assert_true(rig.engine->ops->done(rig.engine));
        const struct ik_echo_totals t = rig_totals(&rig);
        assert_int_equal(t.records_missed, 0);
        seen[0] += t.received, seen[1] += t.late, seen[2] += t.lost, seen[3] += t.unknown;
        seen[4] += t.local_drops;
        rig_close(&rig);
    }
    for (size_t i = 0; i < 5; i++)
        assert_true(seen[i] > 100); /* nothing was left out */
}

/* Against an oracle: every probe has its own delay or is lost; the sums are known beforehand. */
static void property__fates_are_those_of_the_network(void **state)
{
    (void)state;
    enum { PROBES = 2000, TIMEOUT_MS = 20 };
    struct ik_rng rng = {7};
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.interval = MS;
    cfg.timeout = TIMEOUT_MS * MS;
    cfg.linger = cfg.timeout;
    cfg.count = PROBES;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    static struct sent probes[PROBES];
    static unsigned arrives[PROBES], again[PROBES];
    uint64_t received = 0, late = 0, lost_n = 0, duplicates = 0;
    for (unsigned tick = 0; tick < PROBES + 100; tick++) {
        if (rig_send(&rig)) {
            assert_int_equal(rig.n_sent, 1);
            probes[tick] = rig.sent[0];
            const unsigned delay = ik_rng_below(&rng, 50);
            const bool answered = ik_rng_below(&rng, 10) > 0, twice = ik_rng_below(&rng, 5) == 0;
            arrives[tick] = answered ? tick + delay : UINT32_MAX;
            again[tick] = answered && twice ? tick + delay + ik_rng_below(&rng, 40) : UINT32_MAX;
            received += answered && delay <= TIMEOUT_MS;
            late += answered && delay > TIMEOUT_MS;
            lost_n += !answered;
            duplicates += answered && twice;
        }
        for (unsigned i = 0; i < PROBES; i++) {
            if (arrives[i] == tick && probes[i].n)
                rig_answer(&rig, &probes[i]);
            if (again[i] == tick && probes[i].n)
                rig_answer(&rig, &probes[i]);
        }
        rig_forget(&rig);
        rig_step(&rig, MS);
    }
    const struct ik_echo_totals t = rig_totals(&rig);
    assert_int_equal(t.sent, PROBES);
    assert_int_equal(t.received, received);
    assert_int_equal(t.late, late);
    assert_int_equal(t.lost, lost_n);
    assert_int_equal(t.duplicates, duplicates);
    assert_int_equal(t.strangers, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer__after_the_timeout__is_late),
        cmocka_unit_test(answer__in_time_but_read_late__is_received),
        cmocka_unit_test(answer__behind_a_full_batch__is_not_given_up_before),
        cmocka_unit_test(answer__behind_a_full_batch__the_other_link_quiet__is_not_given_up),
        cmocka_unit_test(answer__at_exactly_the_timeout__is_received),
        cmocka_unit_test(wait__for_a_neighbour__is_not_in_the_round_trip),
        cmocka_unit_test(stamps__of_two_sources__are_never_mixed),
        cmocka_unit_test(stamps__that_cannot_be_true__give_way_to_our_readings),
        cmocka_unit_test(readings__that_cannot_be_true__give_no_round_trip),
        cmocka_unit_test(failed__never_left__is_outside_of_sent),
        cmocka_unit_test(drops__during_the_wait__make_it_unknown),
        cmocka_unit_test(drops__at_the_very_instant_before__do_not_count),
        cmocka_unit_test(error__about_an_unknown_probe__makes_it_lost),
        cmocka_unit_test(error__then_answer__is_received_after_all),
        cmocka_unit_test(waiting__is_said_before_the_next_probe),
        cmocka_unit_test(sequence__of_70000_probes__wraps_cleanly),
        cmocka_unit_test(property__sums_hold_at_every_step),
        cmocka_unit_test(property__fates_are_those_of_the_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
