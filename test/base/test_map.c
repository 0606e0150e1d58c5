/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { BOUND = 37, KEYS = 64 };

static const uint8_t hash_key[16] = {1, 2, 3};

/* Against a plain array: put, replace, remove and look-up in random order, at and beyond the bound.
 * A deletion that leaves a hole in a run, or moves an entry past its home, fails here. */
static void map__random_operations__match_an_array(void **state)
{
    (void)state;
    void *mem = malloc(ik_map_bytes(BOUND));
    struct ik_map m;
    ik_map_init(&m, mem, BOUND, hash_key);
    bool there[KEYS] = {0};
    uint32_t value[KEYS] = {0}, used = 0;
    struct ik_rng rng = {7};
    for (int step = 0; step < 200000; step++) {
        const uint32_t k = ik_rng_below(&rng, KEYS);
        const uint64_t key = (uint64_t)k << 40 | 5;
        switch (ik_rng_below(&rng, 3)) {
        case 0: {
            const uint32_t v = (uint32_t)ik_rng_next(&rng);
            const bool fits = there[k] || used < BOUND;
            assert_int_equal(ik_map_put(&m, key, v), fits ? IK_OK : IK_E_FULL);
            if (fits) {
                used += !there[k];
                there[k] = true;
                value[k] = v;
            }
            break;
        }
        case 1:
            assert_int_equal(ik_map_remove(&m, key), there[k]);
            used -= there[k];
            there[k] = false;
            break;
        default: {
            uint32_t got = 0;
            assert_int_equal(ik_map_get(&m, key, &got), there[k]);
            if (there[k])
                assert_int_equal(got, value[k]);
        }
        }
        assert_int_equal(m.used, used);
    }
    free(mem);
}

static void map__bound_of_one__holds_one(void **state)
{
    (void)state;
    void *mem = malloc(ik_map_bytes(1));
    struct ik_map m;
    uint32_t v;
    ik_map_init(&m, mem, 1, hash_key);
    assert_false(ik_map_get(&m, 0, &v));
    assert_int_equal(ik_map_put(&m, 0, 11), IK_OK);
    assert_int_equal(ik_map_put(&m, UINT64_MAX, 12), IK_E_FULL);
    assert_true(ik_map_get(&m, 0, &v));
    assert_int_equal(v, 11);
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map__random_operations__match_an_array),
        cmocka_unit_test(map__bound_of_one__holds_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
