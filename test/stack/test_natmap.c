/* SPDX-License-Identifier: MIT
 * Mappings of a translator. */
#include "stack/natmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define S IK_NS_PER_S

static const uint8_t key[16] = "0123456789abcde";
static const ik_ns timeout[] = {60 * S, 300 * S, 7440 * S, 240 * S};

static struct ik_natmap m;
static struct ik_rng rng;

static void begin(void **state, uint32_t bound)
{
    free(*state);
    *state = malloc(ik_natmap_bytes(bound));
    rng.state = 5;
    ik_natmap_init(&m, *state, bound, timeout, key);
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void use__same_end__keeps_its_mapping(void **state)
{
    begin(state, 4);
    const struct ik_natmap_row *r = ik_natmap_use(&m, 0, &rng, IK_NATMAP_UDP, 0x0a000001, 5000);
    assert_int_equal(r->outside_port, 5000);
    assert_ptr_equal(ik_natmap_use(&m, S, &rng, IK_NATMAP_UDP, 0x0a000001, 5000), r);
    assert_ptr_equal(ik_natmap_outside(&m, S, IK_NATMAP_UDP, 5000), r);
    assert_ptr_equal(ik_natmap_inside(&m, S, IK_NATMAP_UDP, 0x0a000001, 5000), r);
    assert_null(ik_natmap_outside(&m, S, IK_NATMAP_TCP, 5000));
    assert_null(ik_natmap_outside(&m, S, IK_NATMAP_QUERY, 5000));
    assert_null(ik_natmap_inside(&m, S, IK_NATMAP_UDP, 0x0a000002, 5000));
}

/* Two inside hosts with one identifier: both get an answer of their own. */
static void use__same_port_twice__second_gets_another(void **state)
{
    begin(state, 4);
    const struct ik_natmap_row *a = ik_natmap_use(&m, 0, &rng, IK_NATMAP_QUERY, 0x0a000001, 7);
    const struct ik_natmap_row *b = ik_natmap_use(&m, 0, &rng, IK_NATMAP_QUERY, 0x0a000002, 7);
    assert_int_equal(a->outside_port, 7);
    assert_true(b->outside_port >= 1024);
    assert_ptr_equal(ik_natmap_outside(&m, 0, IK_NATMAP_QUERY, b->outside_port), b);
}

/* R5508-3.2-01: 59 s are not too long; a use by the inside begins anew, a look does not. */
static void find__timeout__counts_from_the_last_use(void **state)
{
    begin(state, 4);
    ik_natmap_use(&m, 0, &rng, IK_NATMAP_QUERY, 1, 7);
    ik_natmap_use(&m, 30 * S, &rng, IK_NATMAP_QUERY, 1, 7);
    assert_non_null(ik_natmap_outside(&m, 89 * S, IK_NATMAP_QUERY, 7));
    assert_non_null(ik_natmap_outside(&m, 90 * S - 1, IK_NATMAP_QUERY, 7));
    assert_null(ik_natmap_outside(&m, 90 * S, IK_NATMAP_QUERY, 7));
    assert_null(ik_natmap_inside(&m, 90 * S, IK_NATMAP_QUERY, 1, 7));
}

/* R5508-6-01: full is full; nobody's mapping goes for a new one, until it has timed out. */
static void use__full_table__refuses_until_one_times_out(void **state)
{
    begin(state, 2);
    assert_non_null(ik_natmap_use(&m, 0, &rng, IK_NATMAP_QUERY, 1, 1));
    assert_non_null(ik_natmap_use(&m, 0, &rng, IK_NATMAP_TCP, 2, 2));
    assert_null(ik_natmap_use(&m, 59 * S, &rng, IK_NATMAP_UDP, 3, 3));
    assert_non_null(ik_natmap_use(&m, 59 * S, &rng, IK_NATMAP_TCP, 2, 2));
    assert_non_null(ik_natmap_use(&m, 60 * S, &rng, IK_NATMAP_UDP, 3, 3));
    assert_null(ik_natmap_use(&m, 60 * S, &rng, IK_NATMAP_QUERY, 1, 1));
}

static void any__many_at_random__agree_with_themselves(void **state)
{
    begin(state, 37);
    ik_ns now = 0;
    uint32_t refused = 0;
    for (int i = 0; i < 100000; i++) {
        const enum ik_natmap_kind kind = (enum ik_natmap_kind)ik_rng_below(&rng, 3);
        const uint32_t addr = ik_rng_below(&rng, 5);
        const uint16_t port = (uint16_t)ik_rng_below(&rng, 9);
        now += ik_rng_below(&rng, UINT64_C(1) << 32);
        const struct ik_natmap_row *r = ik_natmap_use(&m, now, &rng, kind, addr, port);
        refused += !r;
        if (!r)
            continue;
        assert_true(r->inside == addr && r->inside_port == port && r->kind == kind);
        assert_ptr_equal(ik_natmap_outside(&m, now, kind, r->outside_port), r);
        assert_ptr_equal(ik_natmap_inside(&m, now, kind, addr, port), r);
        assert_int_equal(m.map.used % 2, 0);
    }
    assert_true(refused > 0);
    for (int k = 0; k < IK_NATMAP_KINDS; k++)
        for (unsigned port = 0; port < 65536; port++)
            assert_null(
                ik_natmap_outside(&m, now + 7440 * S, (enum ik_natmap_kind)k, (uint16_t)port));
    assert_int_equal(m.map.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(use__same_end__keeps_its_mapping, teardown),
        cmocka_unit_test_teardown(use__same_port_twice__second_gets_another, teardown),
        cmocka_unit_test_teardown(find__timeout__counts_from_the_last_use, teardown),
        cmocka_unit_test_teardown(use__full_table__refuses_until_one_times_out, teardown),
        cmocka_unit_test_teardown(any__many_at_random__agree_with_themselves, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
