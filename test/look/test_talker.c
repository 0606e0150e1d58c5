/* SPDX-License-Identifier: MIT */
#include "look/talker.h"

#include "look_rig.h"

static const uint8_t secret[16] = "0123456789abcde";

static struct ik_addr number(uint32_t n)
{
    return (struct ik_addr){.family = 4,
                            .bytes = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static void top__few_senders__exact_and_sorted(void **state)
{
    (void)state;
    void *mem = malloc(ik_talker_bytes());
    struct ik_talker *t = ik_talker_init(mem, secret);
    struct ik_total_talker top[4];
    for (uint32_t i = 1; i <= 40; i++) {
        const struct ik_addr a = number(i);
        for (uint32_t k = 0; k < i; k++)
            ik_talker_add(t, &a, 100);
    }
    assert_int_equal(ik_talker_top(t, top, 4), 4);
    for (uint32_t i = 0; i < 4; i++) {
        const struct ik_addr want = number(40 - i);
        assert_true(ik_addr_equal(&top[i].addr, &want));
        assert_int_equal(top[i].packets, 40 - i);
        assert_int_equal(top[i].bytes, 100 * (40 - i));
        assert_int_equal(top[i].over_by, 0);
    }
    free(mem);
}

/* The same 4 bytes of two families are two senders. */
static void add__same_bytes_other_family__two_senders(void **state)
{
    (void)state;
    void *mem = malloc(ik_talker_bytes());
    struct ik_talker *t = ik_talker_init(mem, secret);
    struct ik_total_talker top[4];
    const struct ik_addr a = number(1);
    struct ik_addr b = a;
    b.family = 6;
    ik_talker_add(t, &a, 1);
    ik_talker_add(t, &b, 1);
    assert_int_equal(ik_talker_top(t, top, 4), 2);
    free(mem);
}

/* 200,000 senders of one packet each cannot hide one that sends 1 in 100; its count is right to
 * within what it says. A table that keeps those who came first would lose it. */
static void top__spoofed_flood__heavy_sender_is_named(void **state)
{
    (void)state;
    void *mem = malloc(ik_talker_bytes());
    struct ik_talker *t = ik_talker_init(mem, secret);
    struct ik_total_talker top[16];
    const struct ik_addr heavy = rig_addr("192.0.2.66");
    for (uint32_t i = 0; i < 200000; i++) {
        const struct ik_addr a = number(i);
        ik_talker_add(t, &a, 60);
        if (i % 100 == 99)
            ik_talker_add(t, &heavy, 60);
    }
    assert_int_equal(ik_talker_top(t, top, 16), 16);
    assert_true(ik_addr_equal(&top[0].addr, &heavy));
    assert_in_range(top[0].packets - top[0].over_by, 1, 2000);
    assert_true(top[0].packets >= 2000);
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(top__few_senders__exact_and_sorted),
        cmocka_unit_test(add__same_bytes_other_family__two_senders),
        cmocka_unit_test(top__spoofed_flood__heavy_sender_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
