/* SPDX-License-Identifier: MIT */
#include "probe/slots.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct ik_slots slots;

static int setup(void **state)
{
    *state = malloc(ik_slots_bytes(1));
    ik_slots_init(&slots, *state, 1);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static uint32_t open_one(uint64_t hash)
{
    const uint32_t i = ik_slots_take(&slots);
    assert_int_not_equal(i, IK_SLOT_NONE);
    ik_slots_index(&slots, i, hash);
    ik_slots_open(&slots, i);
    return i;
}

static void take__all__then_none_until_one_is_closed(void **state)
{
    (void)state;
    const uint32_t count = ik_slots_count(1);
    uint32_t first = open_one(0);
    for (uint32_t i = 1; i < count; i++)
        open_one(i);
    assert_int_equal(slots.n_open, count);
    assert_int_equal(ik_slots_take(&slots), IK_SLOT_NONE);
    ik_slots_close(&slots, first, IK_SLOT_LOST);
    assert_int_equal(ik_slots_take(&slots), first);
}

/* The oldest one closed is the next one used: late answers find theirs as long as possible. */
static void take__after_close__prefers_the_longest_unused(void **state)
{
    (void)state;
    const uint32_t count = ik_slots_count(1);
    const uint32_t early = open_one(1), later = open_one(2);
    ik_slots_close(&slots, later, IK_SLOT_RECEIVED);
    ik_slots_close(&slots, early, IK_SLOT_RECEIVED);
    for (uint32_t i = 2; i < count; i++)
        open_one(i);
    assert_int_equal(ik_slots_take(&slots), later);
    assert_int_equal(ik_slots_take(&slots), early);
}

static void find__number_of_a_former_user__is_none(void **state)
{
    (void)state;
    const uint32_t count = ik_slots_count(1);
    const uint32_t index = open_one(1), number = slots.slot[index].number;
    assert_int_not_equal(number, 0);
    assert_int_equal(ik_slots_find(&slots, number), index);
    ik_slots_close(&slots, index, IK_SLOT_LOST);
    assert_int_equal(ik_slots_find(&slots, number), index);
    for (uint32_t i = 0; i < count; i++)
        open_one(i);
    assert_int_equal(ik_slots_find(&slots, number), IK_SLOT_NONE);
    assert_int_equal(slots.slot[index].number & (count - 1), index);
}

static void open_list__closed_in_the_middle__keeps_its_order(void **state)
{
    (void)state;
    const uint32_t a = open_one(1), b = open_one(2), c = open_one(3);
    ik_slots_close(&slots, b, IK_SLOT_RECEIVED);
    assert_int_equal(slots.open.head, a);
    assert_int_equal(slots.slot[a].next, c);
    ik_slots_close(&slots, a, IK_SLOT_RECEIVED);
    assert_int_equal(slots.open.head, c);
    ik_slots_close(&slots, c, IK_SLOT_RECEIVED);
    assert_int_equal(slots.open.head, IK_SLOT_NONE);
}

/* A model of which slots hang in which bucket, against random use with few buckets. */
static void index__random_use__finds_exactly_what_hangs(void **state)
{
    (void)state;
    enum { HASHES = 8 };
    const uint32_t count = ik_slots_count(1);
    uint8_t *hash_of = calloc(count, 1); /* 0: none, else hash + 1 */
    struct ik_rng rng = {3};
    for (int step = 0; step < 20000; step++) {
        const uint32_t i = ik_slots_take(&slots);
        const uint8_t hash = (uint8_t)ik_rng_below(&rng, HASHES);
        ik_slots_index(&slots, i, hash);
        hash_of[i] = (uint8_t)(hash + 1);
        if (ik_rng_below(&rng, 2)) {
            ik_slots_open(&slots, i);
            ik_slots_close(&slots, i, IK_SLOT_LOST);
        } else {
            ik_slots_put(&slots, i);
        }
        if (step % 500)
            continue;
        for (uint8_t h = 0; h < HASHES; h++) {
            uint32_t want = 0, got = 0;
            for (uint32_t k = 0; k < count; k++)
                want += hash_of[k] == h + 1;
            for (uint32_t k = ik_slots_first(&slots, h); k != IK_SLOT_NONE;
                 k = ik_slots_next(&slots, k), got++)
                assert_int_equal(hash_of[k], h + 1);
            assert_int_equal(got, want);
        }
    }
    free(hash_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(take__all__then_none_until_one_is_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(take__after_close__prefers_the_longest_unused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(find__number_of_a_former_user__is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(open_list__closed_in_the_middle__keeps_its_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(index__random_use__finds_exactly_what_hangs, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
