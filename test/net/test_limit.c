/* SPDX-License-Identifier: MIT */
#include "net/limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const uint8_t key[16] = "0123456789abcde";

static struct ik_addr addr(const char *text)
{
    struct ik_addr a;
    if (ik_addr_parse(text, &a) != IK_OK)
        fail_msg("cannot parse %s", text);
    return a;
}

static struct ik_addr number(uint32_t n)
{
    return (struct ik_addr){.family = 4,
                            .bytes = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct ik_limit limiter(const struct ik_limit_cfg *cfg, void **mem)
{
    struct ik_limit l;
    *mem = malloc(ik_limit_bytes(cfg));
    ik_limit_init(&l, *mem, cfg);
    return l;
}

static int takes(struct ik_limit *l, ik_ns now, const struct ik_addr *dst, int tries)
{
    int n = 0;
    for (int i = 0; i < tries; i++)
        n += ik_limit_take(l, now, dst);
    return n;
}

/* R4443-2.4f-01, R4443-2.4f-02: a burst of 10, then 10 a second, whatever is thrown at it. */
static void take__one_destination__burst_then_rate(void **state)
{
    (void)state;
    const struct ik_limit_cfg cfg = {.rate = 10,
                                     .burst = 10,
                                     .global_rate = 1000,
                                     .global_burst = 50,
                                     .drain = 3,
                                     .destinations = 2,
                                     .seed = 1,
                                     .key = key};
    void *mem;
    struct ik_limit l = limiter(&cfg, &mem);
    const struct ik_addr dst = addr("192.0.2.1");
    assert_int_equal(takes(&l, 0, &dst, 100), 10);
    int n = 0;
    for (ik_ns now = IK_NS_PER_MS; now <= IK_NS_PER_S; now += IK_NS_PER_MS)
        n += takes(&l, now, &dst, 10);
    assert_int_equal(n, 10);
    free(mem);
}

/* SAD DNS: whoever is out of his own share takes nothing from the common bucket. */
static void take__greedy_destination__leaves_the_common_bucket(void **state)
{
    (void)state;
    const struct ik_limit_cfg cfg = {
        .rate = 1, .burst = 1, .global_rate = 1, .global_burst = 3, .destinations = 4, .key = key};
    void *mem;
    struct ik_limit l = limiter(&cfg, &mem);
    const struct ik_addr greedy = addr("192.0.2.1"), other = addr("192.0.2.2");
    const struct ik_addr third = addr("192.0.2.3"), fourth = addr("192.0.2.4");
    assert_int_equal(takes(&l, 0, &greedy, 1000), 1);
    assert_int_equal(takes(&l, 0, &other, 1), 1);
    assert_int_equal(takes(&l, 0, &third, 1), 1);
    assert_int_equal(takes(&l, 0, &fourth, 1), 0);
    free(mem);
}

/* The number of errors that a full common bucket gives is not the same each time. */
static void take__drain__hides_how_much_was_left(void **state)
{
    (void)state;
    const struct ik_limit_cfg cfg = {
        .global_rate = 1, .global_burst = 50, .drain = 3, .destinations = 1, .seed = 7, .key = key};
    void *mem;
    struct ik_limit l = limiter(&cfg, &mem);
    const struct ik_addr dst = addr("192.0.2.1");
    int seen[51] = {0}, different = 0;
    for (int round = 0; round < 200; round++) {
        const int n = takes(&l, round * 1000 * IK_NS_PER_S, &dst, 60);
        assert_in_range(n, 50 / 4, 50);
        different += seen[n]++ == 0;
    }
    assert_true(different >= 8);
    free(mem);
}

static void take__same_seed__same_answers(void **state)
{
    (void)state;
    struct ik_limit_cfg cfg = {.global_rate = 100,
                               .global_burst = 5,
                               .drain = 4,
                               .destinations = 1,
                               .seed = 7,
                               .key = key};
    void *mem[3];
    struct ik_limit a = limiter(&cfg, &mem[0]), b = limiter(&cfg, &mem[1]);
    cfg.seed = 8;
    struct ik_limit c = limiter(&cfg, &mem[2]);
    const struct ik_addr dst = addr("192.0.2.1");
    int differ = 0;
    for (ik_ns now = 0; now < IK_NS_PER_S; now += IK_NS_PER_S / 20) {
        const int n = takes(&a, now, &dst, 10);
        assert_int_equal(n, takes(&b, now, &dst, 10));
        differ += n != takes(&c, now, &dst, 10);
    }
    assert_true(differ > 0);
    for (int i = 0; i < 3; i++)
        free(mem[i]);
}

static void take__ipv6__a_prefix_shares_but_neighbours_do_not(void **state)
{
    (void)state;
    const struct ik_limit_cfg cfg = {.rate = 1, .burst = 1, .destinations = 64, .key = key};
    void *mem;
    struct ik_limit l = limiter(&cfg, &mem);
    const struct ik_addr a = addr("2001:db8::1"), same = addr("2001:db8::ffff");
    const struct ik_addr apart = addr("2001:db8:0:1::1");
    assert_true(ik_limit_take(&l, 0, &a));
    assert_false(ik_limit_take(&l, 0, &same));
    assert_true(ik_limit_take(&l, 0, &apart));
    const struct ik_addr one = addr("fe80::1"), two = addr("fe80::2");
    assert_true(ik_limit_take(&l, 0, &one));
    assert_true(ik_limit_take(&l, 0, &two));
    assert_false(ik_limit_take(&l, 0, &one));
    free(mem);
}

/* Strangers from many addresses get no more than the common bucket gives, and the bucket that goes
 * for them is not the one that was used most. */
static void take__many_strangers__table_stays_bounded(void **state)
{
    (void)state;
    const struct ik_limit_cfg cfg = {.rate = 1,
                                     .burst = 5,
                                     .global_rate = 1000,
                                     .global_burst = 500,
                                     .destinations = 4,
                                     .key = key};
    void *mem;
    struct ik_limit l = limiter(&cfg, &mem);
    const struct ik_addr busy = addr("192.0.2.1");
    assert_int_equal(takes(&l, 0, &busy, 5), 5);
    int n = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        const struct ik_addr stranger = number(i);
        n += ik_limit_take(&l, 0, &stranger);
        assert_false(ik_limit_take(&l, 0, &busy));
    }
    assert_int_equal(n, 495);
    free(mem);
}

static void take__rate_zero__is_unlimited(void **state)
{
    (void)state;
    const struct ik_limit_cfg cfg = {.drain = 5, .destinations = 1, .key = key};
    void *mem;
    struct ik_limit l = limiter(&cfg, &mem);
    const struct ik_addr dst = addr("192.0.2.1");
    assert_int_equal(takes(&l, 0, &dst, 10000), 10000);
    free(mem);
}

static void bytes__two_destinations__under_a_hundred(void **state)
{
    (void)state;
    const struct ik_limit_cfg cfg = {.destinations = 2};
    assert_true(sizeof(struct ik_limit) + ik_limit_bytes(&cfg) < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__one_destination__burst_then_rate),
        cmocka_unit_test(take__greedy_destination__leaves_the_common_bucket),
        cmocka_unit_test(take__drain__hides_how_much_was_left),
        cmocka_unit_test(take__same_seed__same_answers),
        cmocka_unit_test(take__ipv6__a_prefix_shares_but_neighbours_do_not),
        cmocka_unit_test(take__many_strangers__table_stays_bounded),
        cmocka_unit_test(take__rate_zero__is_unlimited),
        cmocka_unit_test(bytes__two_destinations__under_a_hundred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
