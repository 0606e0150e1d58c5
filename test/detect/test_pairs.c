/* SPDX-License-Identifier: MIT
 * The table of pairs: who stays and who gives way. */
#include "detect/pairs.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ENTRIES = 256 };

struct mine {
    uint64_t value;
};

struct rig {
    struct ik_pairs t;
    void *mem;
    uint64_t lost;
};

static struct rig rig_new(size_t each)
{
    struct rig r = {.mem = calloc(1, ik_pairs_bytes(ENTRIES, each))};
    assert_non_null(r.mem);
    ik_pairs_init(&r.t, r.mem, ENTRIES, each);
    return r;
}

/* Its entry, begun anew; what was lost of who gave way is added to r->lost. */
static struct mine *take(struct rig *r, uint64_t hash)
{
    bool anew;
    struct mine *e = ik_pairs_take(&r->t, hash, &anew);
    if (anew) {
        r->lost += e->value;
        *e = (struct mine){0};
    }
    return e;
}

/* The entry of that hash, as if nobody had looked; NULL: there is none. */
static struct mine *find(const struct rig *r, uint64_t hash)
{
    const uint32_t i = ik_pairs_guess(&r->t, hash);
    return (r->t.tags[i] | 1) == ik_pairs_tag(hash) ? ik_pairs_at(&r->t, i) : NULL;
}

static void take__known_hash__gives_its_entry(void **state)
{
    (void)state;
    struct rig r = rig_new(sizeof(struct mine));
    assert_null(find(&r, 5));
    struct mine *e = take(&r, 5);
    assert_int_equal(e->value, 0);
    e->value = 7;
    assert_ptr_equal(take(&r, 5), e);
    assert_ptr_equal(find(&r, 5), e);
    assert_int_equal(r.t.evicted, 0);
    free(r.mem);
}

static void take__hash_of_zero__is_a_hash_like_others(void **state)
{
    (void)state;
    struct rig r = rig_new(sizeof(struct mine));
    assert_null(find(&r, 0));
    struct mine *e = take(&r, 0);
    assert_ptr_equal(find(&r, 0), e);
    free(r.mem);
}

/* A set of four: the fifth takes the place of one that was not looked for again. */
static void take__full_set__spares_those_that_came_again(void **state)
{
    (void)state;
    struct rig r = rig_new(sizeof(struct mine));
    for (uint64_t i = 1; i <= 4; i++) {
        struct mine *e = take(&r, i << 40);
        e->value = i;
    }
    for (uint64_t i = 1; i <= 4; i++) {
        if (i != 3)
            take(&r, i << 40);
    }
    assert_non_null(take(&r, (uint64_t)9 << 40));
    assert_int_equal(r.lost, 3);
    assert_int_equal(r.t.evicted, 1);
    assert_null(find(&r, (uint64_t)3 << 40));
    for (uint64_t i = 1; i <= 4; i++) {
        if (i != 3)
            assert_int_equal(find(&r, i << 40)->value, i);
    }
    free(r.mem);
}

static void take__all_came_again__one_gives_way_all_the_same(void **state)
{
    (void)state;
    struct rig r = rig_new(sizeof(struct mine));
    for (uint64_t round = 0; round < 2; round++) {
        for (uint64_t i = 1; i <= 4; i++)
            take(&r, i << 40);
    }
    struct mine *e = take(&r, (uint64_t)9 << 40);
    assert_int_equal(e->value, 0);
    assert_int_equal(r.t.evicted, 1);
    free(r.mem);
}

/* A million pairs that show up once do not push out one that goes on talking. */
static void take__many_that_come_once__the_talker_stays(void **state)
{
    (void)state;
    struct rig r = rig_new(sizeof(struct mine));
    struct ik_rng rng = {1};
    struct mine *talker = take(&r, 77);
    talker->value = 1;
    for (int i = 0; i < 1000000; i++) {
        if (i % 100 == 0) {
            talker = take(&r, 77);
            talker->value++;
        }
        take(&r, ik_rng_next(&rng));
    }
    assert_int_equal(talker->value, 10001);
    free(r.mem);
}

static void take_at__guess_is_old__gives_what_take_gives(void **state)
{
    (void)state;
    struct rig r = rig_new(sizeof(struct mine)), other = rig_new(sizeof(struct mine));
    const uint32_t guess = ik_pairs_guess(&r.t, (uint64_t)4 << 32);
    for (uint64_t i = 1; i < 40; i++) {
        for (uint64_t back = i > 3 ? i - 3 : 1; back <= i; back++) {
            bool anew, other_anew;
            struct mine *e = ik_pairs_take_at(&r.t, back << 34, guess, &anew);
            struct mine *o = ik_pairs_take(&other.t, back << 34, &other_anew);
            assert_int_equal(anew, other_anew);
            assert_true(e->value == o->value);
            e->value = o->value = back;
        }
    }
    assert_int_equal(r.t.evicted, other.t.evicted);
    free(r.mem);
    free(other.mem);
}

static void count__window_over__begins_anew(void **state)
{
    (void)state;
    struct rig r = rig_new(sizeof(struct ik_pairs_tally));
    for (ik_ns now = 100; now <= 110; now++)
        assert_int_equal(ik_pairs_count(&r.t, 1, now, 10)->n, now - 99);
    struct ik_pairs_tally *e = ik_pairs_count(&r.t, 1, 111, 10);
    assert_int_equal(e->n, 1);
    assert_int_equal(e->since, 111);
    assert_int_equal(ik_pairs_count(&r.t, (uint64_t)2 << 40, 111, 10)->n, 1);
    free(r.mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__known_hash__gives_its_entry),
        cmocka_unit_test(take__hash_of_zero__is_a_hash_like_others),
        cmocka_unit_test(take__full_set__spares_those_that_came_again),
        cmocka_unit_test(take__all_came_again__one_gives_way_all_the_same),
        cmocka_unit_test(take__many_that_come_once__the_talker_stays),
        cmocka_unit_test(take_at__guess_is_old__gives_what_take_gives),
        cmocka_unit_test(count__window_over__begins_anew),
    };
    return cmocka_run_group_tests_name("pairs", tests, NULL, NULL);
}
