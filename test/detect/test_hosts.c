/* SPDX-License-Identifier: MIT
 * Hosts that were seen to send. */
#include "detect/hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { UDP = 1, ICMP = 2 };

static struct ik_hosts *hosts_new(void)
{
    struct ik_hosts *h = aligned_alloc(64, sizeof(*h));
    assert_non_null(h);
    *h = (struct ik_hosts){0};
    return h;
}

static uint64_t hash_of(uint64_t i)
{
    return i * 0x9e3779b97f4a7c15u + 1;
}

static void host__is_known_at_once_and_for_its_kind_alone(void **state)
{
    (void)state;
    struct ik_hosts *h = hosts_new();
    assert_false(ik_hosts_sends(h, hash_of(1), UDP));
    ik_hosts_note(h, hash_of(1), UDP, 7);
    assert_true(ik_hosts_sends(h, hash_of(1), UDP));
    assert_false(ik_hosts_sends(h, hash_of(1), ICMP));
    ik_hosts_note(h, hash_of(2), UDP, 8);
    assert_true(ik_hosts_sends(h, hash_of(1), UDP));
    assert_true(h->has[UDP]);
    assert_int_equal(h->since[UDP], 7);
    assert_false(h->has[ICMP]);
    free(h);
}

/* The last one that was noted is still to be written when the generation ends. */
static void host__is_forgotten_after_two_generations(void **state)
{
    (void)state;
    struct ik_hosts *h = hosts_new();
    ik_hosts_note(h, hash_of(1), UDP, 0);
    ik_hosts_note(h, hash_of(2), UDP, 0);
    ik_hosts_turn(h, false);
    assert_true(ik_hosts_sends(h, hash_of(1), UDP));
    assert_true(ik_hosts_sends(h, hash_of(2), UDP));
    ik_hosts_note(h, hash_of(3), UDP, 0);
    ik_hosts_turn(h, false);
    assert_false(ik_hosts_sends(h, hash_of(1), UDP));
    assert_false(ik_hosts_sends(h, hash_of(2), UDP));
    assert_true(ik_hosts_sends(h, hash_of(3), UDP));
    ik_hosts_turn(h, true);
    assert_false(ik_hosts_sends(h, hash_of(3), UDP));
    free(h);
}

/* With one bit a host, 10,000 of them would fill two in a thousand of two million bits, and be
 * taken for another as often; with four of a word it is below one in ten thousand. */
static void host__is_hardly_ever_taken_for_another(void **state)
{
    (void)state;
    struct ik_hosts *h = hosts_new();
    unsigned wrong = 0;
    for (uint64_t i = 0; i < 10000; i++)
        ik_hosts_note(h, hash_of(i), UDP, 0);
    for (uint64_t i = 0; i < 10000; i++)
        assert_true(ik_hosts_sends(h, hash_of(i), UDP));
    for (uint64_t i = 10000; i < 110000; i++)
        wrong += ik_hosts_sends(h, hash_of(i), UDP);
    assert_true(wrong < 10);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host__is_known_at_once_and_for_its_kind_alone),
        cmocka_unit_test(host__is_forgotten_after_two_generations),
        cmocka_unit_test(host__is_hardly_ever_taken_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
