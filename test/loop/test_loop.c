/* SPDX-License-Identifier: MIT
 * The driver against a link in virtual time and one on a real pipe. */
#include "icmpkit/loop.h"
#include "icmpkit/record.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- a link with a delay --------------------------------------------------------------------- */

enum { QUEUE = 256 };

struct delay_link {
    struct ik_link link;
    ik_ns delay;
    size_t take_at_most; /* frames a tx, for short ones */
    struct {
        ik_ns due;
        uint32_t key;
    } queue[QUEUE];
    size_t head, tail;
    unsigned tx_calls;
};

static size_t delay_rx(struct ik_link *l, struct ik_now now, struct ik_event *out, size_t cap)
{
    struct delay_link *d = (struct delay_link *)l;
    size_t n = 0;
    for (; n < cap && d->head < d->tail && d->queue[d->head].due <= now.mono; d->head++, n++)
        out[n] = (struct ik_event){.kind = IK_EV_FRAME,
                                   .key = d->queue[d->head].key,
                                   .at = {d->queue[d->head].due, IK_CLOCK_VIRTUAL}};
    return n;
}

static size_t delay_tx(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n)
{
    struct delay_link *d = (struct delay_link *)l;
    d->tx_calls++;
    if (d->take_at_most && n > d->take_at_most)
        n = d->take_at_most;
    for (size_t i = 0; i < n; i++) {
        d->queue[d->tail].due = now.mono + d->delay;
        d->queue[d->tail++].key = in[i].key;
    }
    return n;
}

static int no_fd(const struct ik_link *l)
{
    (void)l;
    return -1;
}

static ik_ns delay_next(const struct ik_link *l)
{
    const struct delay_link *d = (const struct delay_link *)l;
    return d->head < d->tail ? d->queue[d->head].due : IK_NEVER;
}

static const struct ik_link_ops delay_ops = {
    .rx = delay_rx, .tx = delay_tx, .fd = no_fd, .next = delay_next};

/* ---- an engine that sends `want` frames, one each `interval`, and notes when answers came -----
 */

struct metronome {
    struct ik_engine engine;
    ik_ns interval, next_at;
    uint32_t want, sent, answered;
    uint8_t ports; /* frames go to port 0 .. ports-1 in turn */
    bool stopped;
    ik_ns sent_at[QUEUE], answered_at[QUEUE];
    uint32_t answered_before[QUEUE]; /* how many, when that frame was sent */
    struct ik_record record;
    uint32_t said, to_say;
};

static void metro_input(struct ik_engine *e, struct ik_now now, uint8_t port,
                        const struct ik_event *in, size_t n)
{
    struct metronome *m = (struct metronome *)e;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(port, in[i].key % m->ports);
        m->answered_at[in[i].key] = now.mono;
        m->answered++;
        m->to_say++;
    }
}

static size_t metro_output(struct ik_engine *e, struct ik_now now, struct ik_frame *out, size_t cap)
{
    struct metronome *m = (struct metronome *)e;
    size_t n = 0;
    for (ik_ns at = m->next_at; !m->stopped && n < cap && m->sent + n < m->want && at <= now.mono;
         n++) {
        const uint32_t key = m->sent + (uint32_t)n;
        out[n] = (struct ik_frame){.key = key, .port = (uint8_t)(key % m->ports)};
        at += m->interval;
    }
    return n;
}

static void metro_accepted(struct ik_engine *e, struct ik_now now, size_t n)
{
    struct metronome *m = (struct metronome *)e;
    for (size_t i = 0; i < n; i++) {
        m->answered_before[m->sent] = m->answered;
        m->sent_at[m->sent++] = now.mono;
        m->next_at += m->interval;
    }
}

static const struct ik_record *metro_record(struct ik_engine *e)
{
    struct metronome *m = (struct metronome *)e;
    if (m->said == m->to_say)
        return NULL;
    m->said++;
    return &m->record;
}

static ik_ns metro_deadline(const struct ik_engine *e)
{
    const struct metronome *m = (const struct metronome *)e;
    return m->sent < m->want && !m->stopped ? m->next_at : IK_NEVER;
}

static void metro_stop(struct ik_engine *e, struct ik_now now)
{
    (void)now;
    ((struct metronome *)e)->stopped = true;
}

static bool metro_done(const struct ik_engine *e)
{
    const struct metronome *m = (const struct metronome *)e;
    return m->stopped || m->answered == m->want;
}

static const struct ik_engine_ops metro_ops = {.input = metro_input,
                                               .output = metro_output,
                                               .accepted = metro_accepted,
                                               .record = metro_record,
                                               .deadline = metro_deadline,
                                               .stop = metro_stop,
                                               .done = metro_done};

/* ---- the bench ------------------------------------------------------------------------------- */

struct bench {
    ik_ns mono;
    unsigned records, idles;
    struct ik_loop *loop;
    struct delay_link links[2];
    struct metronome metro;
};

static struct ik_now virtual_clock(void *ctx)
{
    const struct bench *b = ctx;
    return (struct ik_now){b->mono, b->mono};
}

static void virtual_advance(void *ctx, ik_ns mono)
{
    struct bench *b = ctx;
    assert_true(mono >= b->mono);
    b->mono = mono;
}

static void count_record(void *ctx, const struct ik_record *rec)
{
    struct bench *b = ctx;
    assert_ptr_equal(rec, &b->metro.record);
    b->records++;
}

static void count_idle(void *ctx, struct ik_now now)
{
    struct bench *b = ctx;
    (void)now;
    b->idles++;
}

static void bench_start(struct bench *b, uint8_t ports, uint32_t want, ik_ns interval)
{
    *b = (struct bench){.mono = 1000};
    b->metro = (struct metronome){.engine.ops = &metro_ops,
                                  .interval = interval,
                                  .want = want,
                                  .next_at = 1000,
                                  .ports = ports};
    const struct ik_loop_cfg cfg = {.on_record = count_record,
                                    .on_idle = count_idle,
                                    .clock = virtual_clock,
                                    .advance = virtual_advance,
                                    .ctx = b};
    assert_int_equal(ik_loop_new(&b->loop, &cfg), IK_OK);
    assert_int_equal(ik_loop_add_engine(b->loop, &b->metro.engine), IK_OK);
    for (uint8_t i = 0; i < ports; i++) {
        b->links[i] = (struct delay_link){.link.ops = &delay_ops, .delay = 7 + i};
        assert_int_equal(ik_loop_attach(b->loop, &b->metro.engine, i, &b->links[i].link), IK_OK);
    }
}

static void run__virtual_time__is_exact_to_the_nanosecond(void **state)
{
    (void)state;
    struct bench b;
    bench_start(&b, 2, 100, 1000003);
    assert_int_equal(ik_loop_run(b.loop), IK_OK);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(b.metro.sent_at[i], 1000 + i * 1000003);
        assert_int_equal(b.metro.answered_at[i], b.metro.sent_at[i] + 7 + i % 2);
    }
    assert_int_equal(b.records, 100);
    assert_int_not_equal(b.idles, 0);
    ik_loop_free(b.loop);
}

/* A link that takes three of a batch: the rest is offered again a little later, none is lost, none
 * goes twice, and the order is kept. */
static void run__short_tx__offers_the_rest_again(void **state)
{
    (void)state;
    struct bench b;
    bench_start(&b, 1, 200, 0);
    b.links[0].take_at_most = 3;
    assert_int_equal(ik_loop_run(b.loop), IK_OK);
    assert_int_equal(b.links[0].tail, 200);
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(b.links[0].queue[i].key, i);
    assert_int_equal(b.links[0].tx_calls, 67);
    assert_int_equal(b.metro.sent_at[3] - b.metro.sent_at[0], IK_NS_PER_MS);
    ik_loop_free(b.loop);
}

static void run__more_than_a_batch_at_once__all_goes_without_waiting(void **state)
{
    (void)state;
    struct bench b;
    bench_start(&b, 1, 200, 0);
    assert_int_equal(ik_loop_run(b.loop), IK_OK);
    assert_int_equal(b.metro.sent_at[199], 1000);
    assert_int_equal(b.metro.answered_at[199], 1007);
    ik_loop_free(b.loop);
}

static void stop_all(void *ctx, struct ik_now now)
{
    struct bench *b = ctx;
    ik_loop_stop(b->loop, now);
}

static ik_ns next_is_not_known(const struct ik_link *l)
{
    (void)l;
    return IK_NEVER;
}

static void only_wake(void *ctx, struct ik_now now)
{
    (void)ctx;
    (void)now;
}

static void overslept(void *ctx, ik_ns mono)
{
    virtual_advance(ctx, mono < IK_NS_PER_S ? mono : mono + IK_NS_PER_S);
}

/* Stopped in its sleep and continued (job control), a program has both: answers to read, which
 * nobody told it of, and deadlines behind it. An engine would give up what was answered long ago.
 */
static void run__woken_late__reads_before_it_asks_for_output(void **state)
{
    (void)state;
    static const struct ik_link_ops silent_ops = {
        .rx = delay_rx, .tx = delay_tx, .fd = no_fd, .next = next_is_not_known};
    struct bench b = {.mono = 1000};
    b.metro = (struct metronome){.engine.ops = &metro_ops,
                                 .interval = 2 * IK_NS_PER_S,
                                 .want = 2,
                                 .next_at = 1000,
                                 .ports = 1};
    b.links[0] = (struct delay_link){.link.ops = &silent_ops, .delay = IK_NS_PER_S};
    const struct ik_loop_cfg cfg = {
        .on_record = count_record, .clock = virtual_clock, .advance = overslept, .ctx = &b};
    assert_int_equal(ik_loop_new(&b.loop, &cfg), IK_OK);
    assert_int_equal(ik_loop_add_engine(b.loop, &b.metro.engine), IK_OK);
    assert_int_equal(ik_loop_attach(b.loop, &b.metro.engine, 0, &b.links[0].link), IK_OK);
    /* After it has sent, a loop looks at its links by itself: once. */
    assert_int_equal(ik_loop_wake_at(b.loop, 2000, only_wake, &b), IK_OK);
    assert_int_equal(ik_loop_wake_at(b.loop, 10 * IK_NS_PER_S, stop_all, &b), IK_OK);
    assert_int_equal(ik_loop_run(b.loop), IK_OK);
    assert_int_equal(b.metro.sent, 2);
    assert_int_equal(b.metro.answered_before[1], 1);
    ik_loop_free(b.loop);
}

/* ---- verbs' own timers, holds, stop ---------------------------------------------------------- */

static void let_go(void *ctx, struct ik_now now)
{
    struct bench *b = ctx;
    (void)now;
    ik_loop_hold(b->loop, -1);
}

static void must_not_run(void *ctx, struct ik_now now)
{
    (void)ctx;
    (void)now;
    fail_msg("a cancelled timer ran");
}

static void timers__stop_and_hold__end_the_run_at_their_instants(void **state)
{
    (void)state;
    struct bench b;
    bench_start(&b, 1, 100, 1000);
    ik_loop_hold(b.loop, 1);
    assert_int_equal(ik_loop_wake_at(b.loop, 5, must_not_run, &b), IK_OK);
    assert_int_equal(ik_loop_wake_at(b.loop, IK_NEVER, must_not_run, &b), IK_OK);
    assert_int_equal(ik_loop_wake_at(b.loop, 90000, stop_all, &b), IK_OK);
    assert_int_equal(ik_loop_wake_at(b.loop, 3500, stop_all, &b), IK_OK); /* moved, not added */
    assert_int_equal(ik_loop_wake_at(b.loop, 60000, let_go, &b), IK_OK);
    assert_int_equal(ik_loop_run(b.loop), IK_OK);
    assert_int_equal(b.metro.sent, 3);
    assert_int_equal(b.mono, 60000);
    ik_loop_free(b.loop);
}

static void attach__wrong_calls__are_refused(void **state)
{
    (void)state;
    struct bench b;
    bench_start(&b, 1, 1, 1);
    struct metronome stranger = {.engine.ops = &metro_ops};
    struct ik_link *link = &b.links[0].link;
    assert_int_equal(ik_loop_attach(b.loop, &b.metro.engine, 0, link), IK_E_EXISTS);
    assert_int_equal(ik_loop_attach(b.loop, &stranger.engine, 0, link), IK_E_NOT_FOUND);
    assert_int_equal(ik_loop_attach(b.loop, &b.metro.engine, IK_LOOP_PORTS, link), IK_E_NOT_FOUND);
    for (int i = 1; i < IK_LOOP_MAX; i++)
        assert_int_equal(ik_loop_add_engine(b.loop, &stranger.engine), IK_OK);
    assert_int_equal(ik_loop_add_engine(b.loop, &stranger.engine), IK_E_FULL);
    ik_loop_free(b.loop);
}

/* ---- real time, real descriptors ------------------------------------------------------------- */

struct pipe_source {
    struct ik_source source;
    struct ik_loop *loop;
    unsigned calls;
};

static struct ik_now real_clock(void *ctx)
{
    (void)ctx;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct ik_now){t.tv_sec * IK_NS_PER_S + t.tv_nsec, 0};
}

static void ignore_record(void *ctx, const struct ik_record *rec)
{
    (void)ctx;
    (void)rec;
}

static void pipe_ready(struct ik_source *s, struct ik_now now)
{
    struct pipe_source *p = (struct pipe_source *)s;
    (void)now;
    char c;
    assert_int_equal(read(s->fd, &c, 1), 1);
    p->calls++;
    if (c == 'q')
        ik_loop_quit(p->loop);
}

static void write_quit(void *ctx, struct ik_now now)
{
    (void)now;
    assert_int_equal(write(*(int *)ctx, "q", 1), 1);
}

/* A timer wakes a sleeping loop, a byte on a pipe wakes it again; no engine, only a hold. */
static void run__real_time__sources_and_timers_wake_it(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct pipe_source p = {.source = {.fd = fds[0], .ready = pipe_ready}};
    const struct ik_loop_cfg cfg = {.on_record = ignore_record, .clock = real_clock};
    assert_int_equal(ik_loop_new(&p.loop, &cfg), IK_OK);
    assert_int_equal(ik_loop_add_source(p.loop, &p.source), IK_OK);
    ik_loop_hold(p.loop, 1);
    const ik_ns start = real_clock(NULL).mono;
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(ik_loop_wake_at(p.loop, start + 5 * IK_NS_PER_MS, write_quit, &fds[1]), IK_OK);
    assert_int_equal(ik_loop_run(p.loop), IK_OK);
    assert_int_equal(p.calls, 2);
    assert_true(real_clock(NULL).mono - start >= 5 * IK_NS_PER_MS);
    ik_loop_free(p.loop);
    close(fds[0]);
    close(fds[1]);
}

/* A link that takes nothing though its descriptor is writable: the queue behind it is full. */
struct stuck_link {
    struct ik_link link;
    int fd;
    unsigned tx_calls;
};

static size_t stuck_rx(struct ik_link *l, struct ik_now now, struct ik_event *out, size_t cap)
{
    (void)l, (void)now, (void)out, (void)cap;
    return 0;
}

static size_t stuck_tx(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n)
{
    (void)now, (void)in, (void)n;
    ((struct stuck_link *)l)->tx_calls++;
    return 0;
}

static int stuck_fd(const struct ik_link *l)
{
    return ((const struct stuck_link *)l)->fd;
}

static ik_ns stuck_next(const struct ik_link *l)
{
    (void)l;
    return IK_NEVER;
}

static const struct ik_link_ops stuck_ops = {
    .rx = stuck_rx, .tx = stuck_tx, .fd = stuck_fd, .next = stuck_next};

static void quit_loop(void *ctx, struct ik_now now)
{
    (void)now;
    ik_loop_quit(ctx);
}

/* A loop that believed the descriptor would try some ten thousand times; one that waits a
 * millisecond between tries cannot try more often than that. */
static void run__writable_but_takes_nothing__does_not_spin(void **state)
{
    (void)state;
    enum { RUN_MS = 20 };
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct stuck_link stuck = {.link.ops = &stuck_ops, .fd = fds[1]};
    struct metronome metro = {
        .engine.ops = &metro_ops, .interval = IK_NS_PER_MS, .want = 1, .ports = 1};
    struct ik_loop *loop;
    const struct ik_loop_cfg cfg = {.on_record = ignore_record, .clock = real_clock};
    assert_int_equal(ik_loop_new(&loop, &cfg), IK_OK);
    assert_int_equal(ik_loop_add_engine(loop, &metro.engine), IK_OK);
    assert_int_equal(ik_loop_attach(loop, &metro.engine, 0, &stuck.link), IK_OK);
    const ik_ns until = real_clock(NULL).mono + RUN_MS * IK_NS_PER_MS;
    assert_int_equal(ik_loop_wake_at(loop, until, quit_loop, loop), IK_OK);
    assert_int_equal(ik_loop_run(loop), IK_OK);
    assert_in_range(stuck.tx_calls, 1, 2 * RUN_MS + 2);
    ik_loop_free(loop);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__virtual_time__is_exact_to_the_nanosecond),
        cmocka_unit_test(run__short_tx__offers_the_rest_again),
        cmocka_unit_test(run__more_than_a_batch_at_once__all_goes_without_waiting),
        cmocka_unit_test(run__woken_late__reads_before_it_asks_for_output),
        cmocka_unit_test(timers__stop_and_hold__end_the_run_at_their_instants),
        cmocka_unit_test(attach__wrong_calls__are_refused),
        cmocka_unit_test(run__real_time__sources_and_timers_wake_it),
        cmocka_unit_test(run__writable_but_takes_nothing__does_not_spin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
