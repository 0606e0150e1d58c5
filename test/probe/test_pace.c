/* SPDX-License-Identifier: MIT */
#include "probe/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* What is tried at `now`, and whether it is let through. */
struct step {
    ik_ns now;
    bool ready;
};

static void run(struct ik_pace *p, const struct step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ik_pace_ready(p, steps[i].now), steps[i].ready);
        if (steps[i].ready)
            ik_pace_take(p, steps[i].now);
    }
}

static void pace__without_lag__never_closer_than_gap(void **state)
{
    (void)state;
    struct ik_pace p;
    ik_pace_init(&p, 10, 0, 100);
    static const struct step steps[] = {{100, true}, {109, false}, {110, true},
                                        {125, true}, {130, false}, {134, false},
                                        {135, true}, {1000, true}, {1000, false}};
    run(&p, steps, 9);
}

static void pace__with_lag__makes_up_for_that_much(void **state)
{
    (void)state;
    struct ik_pace p;
    ik_pace_init(&p, 10, 30, 0);
    /* 1,000 later: 30 of lateness, so three more than the one that is due. */
    static const struct step steps[] = {{0, true},    {9, false},   {10, true},   {1000, true},
                                        {1000, true}, {1000, true}, {1000, true}, {1000, false}};
    run(&p, steps, 8);
}

static void pace__gap_of_zero__paces_nothing(void **state)
{
    (void)state;
    struct ik_pace p;
    ik_pace_init(&p, 0, 0, 0);
    static const struct step steps[] = {{5, true}, {5, true}, {5, true}};
    run(&p, steps, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pace__without_lag__never_closer_than_gap),
        cmocka_unit_test(pace__with_lag__makes_up_for_that_much),
        cmocka_unit_test(pace__gap_of_zero__paces_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
