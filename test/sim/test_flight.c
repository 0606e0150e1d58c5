/* SPDX-License-Identifier: MIT */
#include "sim/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void take__all_slots__then_none_until_one_is_given(void **state)
{
    (void)state;
    static uint8_t bytes[IK_FLIGHT_DATAGRAM + 1];
    static const size_t lengths[] = {1000, IK_FLIGHT_SHORT, IK_FLIGHT_SHORT + 1};
    struct ik_flights f;
    assert_int_equal(ik_flight_init(&f, 3, 1000), IK_OK);
    assert_int_equal(ik_flight_take(&f, (struct ik_rd){bytes, sizeof(bytes)}), IK_FLIGHT_NONE);
    uint32_t slot[3];
    for (uint8_t i = 0; i < 3; i++) {
        memset(bytes, i + 1, sizeof(bytes));
        slot[i] = ik_flight_take(&f, (struct ik_rd){bytes, lengths[i]});
        assert_int_not_equal(slot[i], IK_FLIGHT_NONE);
    }
    assert_int_equal(ik_flight_take(&f, (struct ik_rd){bytes, 1}), IK_FLIGHT_NONE);
    assert_int_equal(f.used, 3);
    /* No slot reaches into another. */
    for (uint8_t i = 0; i < 3; i++) {
        const struct ik_rd in = ik_flight_rd(&f, slot[i]);
        assert_int_equal(in.left, lengths[i]);
        for (size_t k = 0; k < in.left; k++)
            assert_int_equal(in.p[k], i + 1);
    }
    ik_flight_give(&f, slot[1]);
    assert_int_equal(ik_flight_take(&f, (struct ik_rd){bytes, 7}), slot[1]);
    assert_int_equal(ik_flight_rd(&f, slot[1]).left, 7);
    /* A short one given back is no room for a long one's bytes, yet one more may fly. */
    ik_flight_give(&f, slot[1]);
    const uint32_t last = ik_flight_take(&f, (struct ik_rd){bytes, 1000});
    assert_int_not_equal(last, IK_FLIGHT_NONE);
    memset(ik_flight_of(&f, last)->bytes, 9, 1000);
    assert_int_equal(ik_flight_rd(&f, slot[0]).p[999], 1);
    assert_int_equal(ik_flight_rd(&f, slot[2]).p[0], 3);
    ik_flight_fini(&f);
}

static void take__whole_datagrams__have_room_of_their_own(void **state)
{
    (void)state;
    static uint8_t bytes[IK_FLIGHT_DATAGRAM];
    struct ik_flights f;
    assert_int_equal(ik_flight_init(&f, 1000, 1000), IK_OK);
    uint32_t slot[IK_FLIGHT_DATAGRAMS];
    for (uint32_t i = 0; i < IK_FLIGHT_DATAGRAMS; i++) {
        memset(bytes, (int)i, sizeof(bytes));
        slot[i] = ik_flight_take(&f, (struct ik_rd){bytes, sizeof(bytes)});
        assert_int_not_equal(slot[i], IK_FLIGHT_NONE);
    }
    assert_int_equal(ik_flight_take(&f, (struct ik_rd){bytes, 1001}), IK_FLIGHT_NONE);
    assert_int_not_equal(ik_flight_take(&f, (struct ik_rd){bytes, 1000}), IK_FLIGHT_NONE);
    for (uint32_t i = 0; i < IK_FLIGHT_DATAGRAMS; i++)
        assert_int_equal(ik_flight_rd(&f, slot[i]).p[IK_FLIGHT_DATAGRAM - 1], i);
    ik_flight_give(&f, slot[7]);
    assert_int_equal(ik_flight_take(&f, (struct ik_rd){bytes, 1001}), slot[7]);
    ik_flight_fini(&f);
}

static void queue__slots__leave_as_they_came(void **state)
{
    (void)state;
    static const uint8_t byte;
    struct ik_flights f;
    assert_int_equal(ik_flight_init(&f, 4, 300), IK_OK);
    struct ik_flight_queue q;
    ik_flight_queue_init(&q);
    uint32_t slot[4];
    for (int i = 0; i < 4; i++) {
        slot[i] = ik_flight_take(&f, (struct ik_rd){&byte, 1});
        ik_flight_queue_put(&f, &q, slot[i]);
    }
    assert_int_equal(q.n, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ik_flight_queue_take(&f, &q), slot[i]);
    assert_int_equal(ik_flight_queue_take(&f, &q), IK_FLIGHT_NONE);
    ik_flight_queue_put(&f, &q, slot[2]);
    assert_int_equal(ik_flight_queue_take(&f, &q), slot[2]);
    assert_int_equal(q.n, 0);
    ik_flight_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__all_slots__then_none_until_one_is_given),
        cmocka_unit_test(take__whole_datagrams__have_room_of_their_own),
        cmocka_unit_test(queue__slots__leave_as_they_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
