/* SPDX-License-Identifier: MIT
 * What is known of orders while a warden is slow, or does not take them: this file is the warden.
 */
#include "daemon/warden.h"

#include <icmpkit/loop.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { SECONDS = 60, DEEDS = 16 };
#define S IK_NS_PER_S

/* What the guard hears of: its only warden, and what became of orders. */
struct bed {
    struct ik_enforce *enforce;
    struct ik_finding finding;
    enum ik_err busy; /* what an ask comes to */
    struct ik_warden_ask asked;
    uint32_t asks; /* that came through */
    bool has_told;
    struct ik_warden_told told;
    enum ik_deed_what deeds[DEEDS];
    uint32_t seconds[DEEDS];
    size_t n;
};
static struct bed bed;

enum ik_err ik_warden_open(struct ik_warden *w, const struct ik_warden_cfg *cfg,
                           char why[static IK_ENFORCE_TEXT])
{
    (void)cfg;
    (void)why;
    *w = (struct ik_warden){.fd = -1, .pid = -1};
    return IK_OK;
}

enum ik_err ik_warden_ask(const struct ik_warden *w, const struct ik_warden_ask *ask)
{
    (void)w;
    if (bed.busy)
        return bed.busy;
    bed.asked = *ask;
    bed.asks++;
    return IK_OK;
}

bool ik_warden_hear(const struct ik_warden *w, struct ik_warden_told *out)
{
    (void)w;
    *out = bed.told;
    const bool has = bed.has_told;
    bed.has_told = false;
    return has;
}

void ik_warden_close(struct ik_warden *w)
{
    (void)w;
}

static void on_deed(void *ctx, const struct ik_deed *d)
{
    struct bed *b = ctx;
    assert_in_range(b->n, 0, DEEDS - 1);
    b->seconds[b->n] = d->order.seconds;
    b->deeds[b->n++] = d->what;
}

static void on_stopped(void *ctx, const struct ik_order *o, uint64_t packets)
{
    (void)ctx;
    (void)o;
    (void)packets;
}

/* The answer to what was asked last: an order stopped so many packets. */
static void answer(enum ik_err err, uint64_t stopped, ik_ns now)
{
    bed.told = (struct ik_warden_told){
        .number = bed.asked.number, .op = bed.asked.op, .err = err, .stopped_by = {stopped}};
    if (err)
        strcpy(bed.told.why, "no");
    bed.has_told = true;
    struct ik_source *s = ik_enforce_source(bed.enforce);
    s->ready(s, (struct ik_now){.mono = now});
}

/* The finding goes on: it was seen at that time. */
static void find(ik_ns now)
{
    bed.finding.last = now;
    ik_enforce_finding(bed.enforce, &bed.finding, now);
}

static void expect_deeds(const enum ik_deed_what *deeds, size_t n)
{
    assert_int_equal(bed.n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bed.deeds[i], deeds[i]);
}
#define EXPECT_DEEDS(...)                                  \
    expect_deeds((const enum ik_deed_what[]){__VA_ARGS__}, \
                 sizeof((const enum ik_deed_what[]){__VA_ARGS__}) / sizeof(enum ik_deed_what))

/* One order, given at 0 and taken. */
static int set(void **state)
{
    (void)state;
    char why[IK_ENFORCE_TEXT];
    static struct ik_detect_cfg detect;
    memset(&bed, 0, sizeof(bed));
    bed.finding = (struct ik_finding){.id = 7,
                                      .state = IK_FINDING_NEW,
                                      .detector = IK_DETECT_FLOOD_SRC,
                                      .severity = IK_SEVERITY_HIGH,
                                      .type = 8,
                                      .family = 4,
                                      .remedy = IK_REMEDY_LIMIT_SOURCE};
    assert_int_equal(ik_addr_parse("198.51.100.7", &bed.finding.src), IK_OK);
    assert_int_equal(ik_addr_parse("192.0.2.10", &bed.finding.dst), IK_OK);
    const struct ik_enforce_cfg cfg = {.way = IK_ENFORCE_XDP,
                                       .interface = "lo",
                                       .on_deed = on_deed,
                                       .on_stopped = on_stopped,
                                       .ctx = &bed};
    assert_int_equal(ik_enforce_open(&bed.enforce, &cfg, why), IK_OK);
    assert_int_equal(ik_enforce_settle(bed.enforce, &detect, NULL, 0, SECONDS), IK_OK);
    find(0);
    answer(IK_OK, 0, 0);
    EXPECT_DEEDS(IK_DEED_DONE);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ik_enforce_close(bed.enforce);
    return 0;
}

/* In force at `now`, and until then. */
static void expect_until(ik_ns now, ik_ns until)
{
    struct ik_force f;
    assert_true(ik_enforce_at(bed.enforce, 0, now, &f));
    assert_int_equal(f.until, until);
    assert_int_equal(f.order.finding, 7);
    assert_false(ik_enforce_at(bed.enforce, 1, now, &f));
}

static void expect_none(ik_ns now)
{
    struct ik_force f;
    assert_false(ik_enforce_at(bed.enforce, 0, now, &f));
}

static void renewal__taken__holds_longer(void **state)
{
    (void)state;
    find(40 * S);
    answer(IK_OK, 0, 41 * S);
    EXPECT_DEEDS(IK_DEED_DONE);
    expect_until(99 * S, 100 * S);
    expect_none(100 * S);
}

static void renewal__that_is_not_taken_in__leaves_the_order_until_its_time(void **state)
{
    (void)state;
    bed.busy = IK_E_AGAIN;
    find(40 * S);
    EXPECT_DEEDS(IK_DEED_DONE, IK_DEED_FAILED);
    expect_until(59 * S, 60 * S);
    expect_none(60 * S);
}

static void renewal__that_failed__is_tried_again(void **state)
{
    (void)state;
    bed.busy = IK_E_AGAIN;
    find(40 * S);
    bed.busy = IK_OK;
    find(50 * S);
    answer(IK_OK, 0, 50 * S);
    /* It is the same order, and not told as one that is new. */
    EXPECT_DEEDS(IK_DEED_DONE, IK_DEED_FAILED);
    expect_until(109 * S, 110 * S);
}

static void renewal__refused__leaves_the_order_until_its_time(void **state)
{
    (void)state;
    find(40 * S);
    answer(IK_E_VALUE, 0, 41 * S);
    EXPECT_DEEDS(IK_DEED_DONE, IK_DEED_FAILED);
    expect_until(59 * S, 60 * S);
    expect_none(60 * S);
    /* Over, it is given anew, and can fail as one that is new. */
    find(70 * S);
    answer(IK_E_VALUE, 0, 70 * S);
    EXPECT_DEEDS(IK_DEED_DONE, IK_DEED_FAILED, IK_DEED_FAILED);
    expect_none(70 * S);
}

/* What the filter itself sees goes on. */
static void prolonging__that_is_not_taken_in__leaves_the_order_until_its_time(void **state)
{
    (void)state;
    struct ik_force f;
    assert_true(ik_enforce_tick(bed.enforce, 40 * S) != IK_NEVER);
    assert_int_equal(bed.asked.op, IK_WARDEN_COUNT);
    bed.busy = IK_E_AGAIN;
    answer(IK_OK, 500, 40 * S);
    EXPECT_DEEDS(IK_DEED_DONE, IK_DEED_FAILED);
    expect_until(59 * S, 60 * S);
    assert_true(ik_enforce_at(bed.enforce, 0, 59 * S, &f));
    assert_int_equal(f.stopped, 500);
    assert_int_equal(f.order.seconds, SECONDS);
    /* The next count prolongs it. */
    bed.busy = IK_OK;
    assert_true(ik_enforce_tick(bed.enforce, 42 * S) != IK_NEVER);
    answer(IK_OK, 600, 42 * S);
    assert_int_equal(bed.asked.op, IK_WARDEN_ADD);
    answer(IK_OK, 600, 42 * S);
    EXPECT_DEEDS(IK_DEED_DONE, IK_DEED_FAILED, IK_DEED_PROLONGED);
    expect_until(101 * S, 102 * S);
}

static void prolonging__refused__leaves_the_order_until_its_time(void **state)
{
    (void)state;
    assert_true(ik_enforce_tick(bed.enforce, 40 * S) != IK_NEVER);
    answer(IK_OK, 500, 40 * S);
    assert_int_equal(bed.asked.op, IK_WARDEN_ADD);
    answer(IK_E_FULL, 0, 41 * S);
    EXPECT_DEEDS(IK_DEED_DONE, IK_DEED_FAILED);
    expect_until(59 * S, 60 * S);
    expect_none(60 * S);
}

/* So long as one is asked for, nothing else is known that another could be held against. */
static void renewal__without_an_answer__is_asked_once(void **state)
{
    (void)state;
    find(40 * S);
    const uint32_t asks = bed.asks;
    find(80 * S);
    assert_int_equal(bed.asks, asks);
    answer(IK_OK, 0, 81 * S);
    find(82 * S);
    assert_int_equal(bed.asks, asks + 1);
}

static void first__that_fails__is_not_in_force(void **state)
{
    (void)state;
    bed.busy = IK_E_AGAIN;
    bed.finding.type = 0;
    bed.finding.id = 8;
    find(10 * S);
    EXPECT_DEEDS(IK_DEED_DONE, IK_DEED_FAILED);
    expect_until(20 * S, 60 * S);
    bed.busy = IK_OK;
    find(20 * S);
    answer(IK_E_FULL, 0, 20 * S);
    EXPECT_DEEDS(IK_DEED_DONE, IK_DEED_FAILED, IK_DEED_FAILED);
    expect_until(20 * S, 60 * S);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set, end)
    const struct CMUnitTest tests[] = {
        CASE(renewal__taken__holds_longer),
        CASE(renewal__that_is_not_taken_in__leaves_the_order_until_its_time),
        CASE(renewal__that_failed__is_tried_again),
        CASE(renewal__refused__leaves_the_order_until_its_time),
        CASE(prolonging__that_is_not_taken_in__leaves_the_order_until_its_time),
        CASE(prolonging__refused__leaves_the_order_until_its_time),
        CASE(renewal__without_an_answer__is_asked_once),
        CASE(first__that_fails__is_not_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
