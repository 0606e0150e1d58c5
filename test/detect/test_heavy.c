/* SPDX-License-Identifier: MIT
 * Counts per second of whoever sends much, among more than fit. */
#include "detect/heavy.h"

#include "base/rng.h"
#include "base/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t secret[16] = {3};

static uint64_t hash_of(uint32_t sender)
{
    return ik_siphash(secret, &sender, sizeof(sender));
}

static struct ik_heavy *heavy_new(void)
{
    void *mem = aligned_alloc(64, ik_heavy_bytes());
    assert_non_null(mem);
    memset(mem, 0, ik_heavy_bytes());
    return ik_heavy_init(mem);
}

static void add__of_few_senders__counts_each_exactly(void **state)
{
    (void)state;
    struct ik_heavy *h = heavy_new();
    for (uint32_t n = 1; n <= 300; n++)
        for (uint32_t sender = 0; sender < 50; sender++)
            assert_int_equal(ik_heavy_add(h, hash_of(sender), 7), n);
    free(h);
}

static void add__in_the_next_second__begins_anew(void **state)
{
    (void)state;
    struct ik_heavy *h = heavy_new();
    for (uint32_t bin = 0; bin < 4; bin++)
        for (uint32_t n = 1; n <= 10; n++)
            assert_int_equal(ik_heavy_add(h, hash_of(1), bin), n);
    /* A second without packets, too. */
    assert_int_equal(ik_heavy_add(h, hash_of(1), 9), 1);
    free(h);
}

/* Never more than there was: a second of 100,000 packets, each of another sender but for 100 each
 * of thirty. */
static void add__among_made_up_senders__never_counts_too_many(void **state)
{
    (void)state;
    struct ik_heavy *h = heavy_new();
    uint32_t sent[30] = {0}, next = 1000;
    for (uint32_t i = 0; i < 100000; i++) {
        if (i % 33 == 0) {
            const uint32_t sender = i / 33 % 30;
            const uint32_t n = ik_heavy_add(h, hash_of(sender), 1);
            assert_true(n >= 1 && n <= ++sent[sender]);
        } else {
            assert_int_equal(ik_heavy_add(h, hash_of(next++), 1), 1);
        }
    }
    free(h);
}

/* The bound: what came to all sets, by the number of counters, and half as much again because sets
 * are not all alike. */
static void add__of_who_sends_much_among_made_up__is_known(void **state)
{
    (void)state;
    for (uint32_t real = 0; real < 20; real++) {
        struct ik_heavy *h = heavy_new();
        uint32_t next = 1000, sent = 0, known = 0;
        for (uint32_t i = 0; i < 200000; i++) {
            if (i % 200 == 0) {
                known = ik_heavy_add(h, hash_of(real), 1);
                sent++;
            } else {
                (void)ik_heavy_add(h, hash_of(next++), 1);
            }
        }
        assert_in_range(known, sent - 200000 / IK_HEAVY_COUNTERS * 3 / 2, sent);
        free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add__of_few_senders__counts_each_exactly),
        cmocka_unit_test(add__in_the_next_second__begins_anew),
        cmocka_unit_test(add__among_made_up_senders__never_counts_too_many),
        cmocka_unit_test(add__of_who_sends_much_among_made_up__is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
