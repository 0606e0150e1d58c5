/* SPDX-License-Identifier: MIT */
#include "sim/aimd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MS IK_NS_PER_MS
enum { RTT = 100 };

/* Sends all that the window allows at `now`; returns how many. */
static uint32_t fill(struct ik_aimd *a, ik_ns now)
{
    uint32_t n = 0;
    for (; ik_aimd_may_send(a); n++)
        (void)ik_aimd_sent(a, now);
    return n;
}

/* One round trip without loss; returns how many were in flight. */
static uint32_t round_trip(struct ik_aimd *a, ik_ns *now)
{
    (void)fill(a, *now);
    const uint32_t first = a->first, flying = a->in_flight;
    *now += RTT * MS;
    for (uint32_t i = 0; i < flying; i++)
        assert_true(ik_aimd_acked(a, *now, first + i));
    return flying;
}

static void window__without_loss__doubles_then_after_a_loss_adds_one(void **state)
{
    (void)state;
    struct ik_aimd a;
    ik_ns now = 0;
    ik_aimd_init(&a);
    for (uint32_t want = 2; want <= 32; want *= 2)
        assert_int_equal(round_trip(&a, &now), want);
    assert_int_equal(a.window, 64);
    assert_int_equal(fill(&a, now), 64);
    now += RTT * MS;
    /* The first of 64 is lost: three later ones tell. */
    const uint32_t first = a.first;
    assert_true(ik_aimd_acked(&a, now, first + 1));
    assert_true(ik_aimd_acked(&a, now, first + 2));
    assert_int_equal(a.losses, 0);
    assert_true(ik_aimd_acked(&a, now, first + 3));
    assert_int_equal(a.losses, 1);
    const uint32_t half = a.window;
    assert_in_range(half, 32, 34);
    /* Another of that same window costs nothing more. */
    for (uint32_t i = 5; i < 64; i++)
        assert_true(ik_aimd_acked(&a, now, first + i));
    assert_int_equal(a.losses, 2);
    assert_in_range(a.window, half, half + 1);
    for (int i = 0; i < 5; i++) {
        const uint32_t before = a.window;
        (void)round_trip(&a, &now);
        assert_in_range(a.window, before + 1, before + 1);
    }
}

static void acked__twice_or_unknown__is_refused(void **state)
{
    (void)state;
    struct ik_aimd a;
    ik_aimd_init(&a);
    assert_false(ik_aimd_acked(&a, 0, 0));
    assert_int_equal(fill(&a, 0), 2);
    assert_false(ik_aimd_acked(&a, 5, 2));
    assert_false(ik_aimd_acked(&a, 5, UINT32_MAX));
    assert_true(ik_aimd_acked(&a, 5, 1));
    assert_false(ik_aimd_acked(&a, 5, 1));
    assert_true(ik_aimd_acked(&a, 5, 0));
    assert_int_equal(a.in_flight, 0);
    assert_int_equal(a.first, 2);
}

static void expired__silence__begins_again_with_one_and_more_patience(void **state)
{
    (void)state;
    struct ik_aimd a;
    ik_ns now = 0;
    ik_aimd_init(&a);
    assert_int_equal(ik_aimd_deadline(&a), IK_NEVER);
    for (int i = 0; i < 4; i++)
        (void)round_trip(&a, &now);
    assert_int_equal(fill(&a, now), 32);
    const ik_ns at = ik_aimd_deadline(&a);
    assert_in_range(at - now, 200 * MS, 400 * MS);
    ik_aimd_expired(&a, at);
    assert_int_equal(a.losses, 32);
    assert_int_equal(a.window, 1);
    assert_int_equal(fill(&a, at), 1);
    assert_int_equal(ik_aimd_deadline(&a) - at, 2 * (at - now));
    /* An answer to what was given up counts for nothing. */
    assert_false(ik_aimd_acked(&a, at, a.next - 3));
}

static void quenched__within_a_round_trip__halves_once(void **state)
{
    (void)state;
    struct ik_aimd a;
    ik_ns now = 0;
    ik_aimd_init(&a);
    for (int i = 0; i < 5; i++)
        (void)round_trip(&a, &now);
    assert_int_equal(a.window, 64);
    ik_aimd_quenched(&a, now);
    ik_aimd_quenched(&a, now + 50 * MS);
    assert_int_equal(a.window, 32);
    ik_aimd_quenched(&a, now + 101 * MS);
    assert_int_equal(a.window, 16);
    for (int i = 0; i < 10; i++)
        ik_aimd_quenched(&a, now + (i + 3) * 101 * MS);
    assert_int_equal(a.window, 2);
}

static void window__idle__does_not_grow(void **state)
{
    (void)state;
    struct ik_aimd a;
    ik_ns now = 0;
    ik_aimd_init(&a);
    for (int i = 0; i < 4; i++)
        (void)round_trip(&a, &now);
    const uint32_t window = a.window;
    for (int i = 0; i < 100; i++, now += RTT * MS)
        assert_true(ik_aimd_acked(&a, now + RTT * MS, ik_aimd_sent(&a, now)));
    assert_int_equal(a.window, window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window__without_loss__doubles_then_after_a_loss_adds_one),
        cmocka_unit_test(acked__twice_or_unknown__is_refused),
        cmocka_unit_test(expired__silence__begins_again_with_one_and_more_patience),
        cmocka_unit_test(quenched__within_a_round_trip__halves_once),
        cmocka_unit_test(window__idle__does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
