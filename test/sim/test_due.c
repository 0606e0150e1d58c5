/* SPDX-License-Identifier: MIT */
#include "sim/due.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { MANY = 2000 };

static void push__equal_instants__come_in_order_of_insertion(void **state)
{
    (void)state;
    struct ik_due d;
    ik_due_init(&d);
    assert_int_equal(ik_due_reserve(&d, MANY), IK_OK);
    struct ik_rng rng = {7};
    for (uint32_t i = 0; i < MANY; i++)
        ik_due_push(&d, ik_rng_below(&rng, 10), i, i);
    struct ik_due_entry last = {-1, 0, 0};
    for (uint32_t i = 0; i < MANY; i++) {
        const struct ik_due_entry e = d.v[0];
        assert_true(ik_due_before(&last, &e));
        last = e;
        ik_due_pop(&d);
    }
    assert_int_equal(d.n, 0);
    ik_due_fini(&d);
}

static void replace__the_first__sinks_to_its_place(void **state)
{
    (void)state;
    struct ik_due d;
    ik_due_init(&d);
    assert_int_equal(ik_due_reserve(&d, MANY), IK_OK);
    for (uint32_t i = 0; i < 100; i++)
        ik_due_push(&d, i, i, i);
    /* Each entry comes back a thousand later, until all have. */
    for (uint32_t i = 0; i < 1000; i++) {
        const struct ik_due_entry e = d.v[0];
        assert_int_equal(e.at, i);
        ik_due_replace(&d, e.at + 100, 100 + i, e.id);
    }
    assert_int_equal(d.n, 100);
    ik_due_fini(&d);
}

/* Against a list that is searched from end to end. */
static void set__moves_and_removals__find_what_a_list_finds(void **state)
{
    (void)state;
    struct ik_due d;
    ik_due_init(&d);
    enum { IDS = 50 };
    assert_int_equal(ik_due_reserve_ids(&d, IDS), IK_OK);
    struct ik_due_entry list[IDS];
    for (uint32_t i = 0; i < IDS; i++)
        list[i] = (struct ik_due_entry){IK_NEVER, 0, i};
    struct ik_rng rng = {3};
    for (uint64_t turn = 1; turn < 20000; turn++) {
        const uint32_t id = ik_rng_below(&rng, IDS);
        const ik_ns at = ik_rng_below(&rng, 4) ? (ik_ns)ik_rng_below(&rng, 30) : IK_NEVER;
        list[id] = (struct ik_due_entry){at, turn, id};
        ik_due_set(&d, at, turn, id);
        uint32_t n = 0;
        const struct ik_due_entry *first = NULL;
        for (uint32_t i = 0; i < IDS; i++) {
            n += list[i].at != IK_NEVER;
            if (list[i].at != IK_NEVER && (!first || ik_due_before(&list[i], first)))
                first = &list[i];
            assert_int_equal(ik_due_at(&d, i), list[i].at);
        }
        assert_int_equal(d.n, n);
        if (first)
            assert_int_equal(d.v[0].id, first->id);
    }
    ik_due_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(push__equal_instants__come_in_order_of_insertion),
        cmocka_unit_test(replace__the_first__sinks_to_its_place),
        cmocka_unit_test(set__moves_and_removals__find_what_a_list_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
