/* SPDX-License-Identifier: MIT */
#include "net/pmtu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const uint8_t key[16] = "0123456789abcde";

struct table {
    struct ik_pmtu t;
    void *mem;
};

static struct table table(uint32_t destinations, ik_ns age)
{
    const struct ik_pmtu_cfg cfg = {.destinations = destinations, .age = age, .key = key};
    struct table x = {.mem = malloc(ik_pmtu_bytes(&cfg))};
    ik_pmtu_init(&x.t, x.mem, &cfg);
    return x;
}

static struct ik_addr addr(const char *text)
{
    struct ik_addr a;
    if (ik_addr_parse(text, &a) != IK_OK)
        fail_msg("cannot parse %s", text);
    return a;
}

static struct ik_pmtu_news news(const char *dst, uint32_t reported, uint16_t quoted)
{
    return (struct ik_pmtu_news){
        .dst = addr(dst), .reported = reported, .quoted_len = quoted, .quoted_ihl = 5};
}

struct step {
    uint32_t reported;
    uint16_t quoted;
    bool lowered;
    uint32_t then;
};

static void run(const char *dst, uint32_t link_mtu, const struct step *steps, size_t n)
{
    struct table x = table(4, IK_PMTU_AGE);
    for (size_t i = 0; i < n; i++) {
        const struct ik_pmtu_news m = news(dst, steps[i].reported, steps[i].quoted);
        if (ik_pmtu_report(&x.t, 0, &m, link_mtu) != steps[i].lowered ||
            ik_pmtu_get(&x.t, 0, &m.dst, link_mtu) != steps[i].then)
            fail_msg("step %zu: estimate %u", i, ik_pmtu_get(&x.t, 0, &m.dst, link_mtu));
    }
    free(x.mem);
}

#define RUN(dst, link_mtu, ...)                                      \
    do {                                                             \
        static const struct step steps[] = {__VA_ARGS__};            \
        run(dst, link_mtu, steps, sizeof(steps) / sizeof(steps[0])); \
    } while (0)

/* R1191-3-01, R1191-3-02, R1191-3-03, R1191-6.4-01 */
static void report__v4__lowers_once_never_raises_never_below_68(void **state)
{
    (void)state;
    RUN("192.0.2.1", 1500, {1400, 1500, true, 1400}, {1400, 1500, false, 1400},
        {1400, 1500, false, 1400}, {9000, 1500, false, 1400}, {65535, 1500, false, 1400},
        {20, 1400, true, 68}, {1, 68, false, 68}, {0, 68, false, 68});
    RUN("192.0.2.1", 1500, {9000, 1500, false, 1500}, {1500, 1500, false, 1500});
}

/* R1191-3-05, R1191-5-01 */
static void report__zero_mtu__walks_the_plateaus(void **state)
{
    (void)state;
    RUN("192.0.2.1", 1500, {0, 1500, true, 1492}, {0, 1492, true, 1006}, {0, 1006, true, 508},
        {0, 508, true, 296}, {0, 296, true, 68}, {0, 68, false, 68});
    RUN("192.0.2.1", 1500, {0, 1200, true, 1006});
    RUN("192.0.2.1", 1500, {0, 0, true, 1492});
    RUN("192.0.2.1", 65535, {0, 65535, true, 32000}, {0, 32000, true, 17914},
        {0, 17914, true, 8166}, {0, 8166, true, 4352}, {0, 4352, true, 2002},
        {0, 2002, true, 1492});
    /* A packet far smaller than what passes: nonsense, but no harm below the floor. */
    RUN("192.0.2.1", 1500, {0, 40, true, 68});
}

/* R1191-5-02: 1500 were sent and 1520 quoted; then 1492 sent and 1512 quoted. */
static void report__bsd_length_fault__header_length_taken_off(void **state)
{
    (void)state;
    RUN("192.0.2.1", 1500, {0, 1520, true, 1492}, {0, 1512, true, 1006});
    /* 1480 sent: the first quote passes for a sound one, the next does not. */
    RUN("192.0.2.1", 1500, {0, 1500, true, 1492}, {0, 1500, true, 1006});
    /* A length that lies outright is never above what we send. */
    RUN("192.0.2.1", 1500, {0, 65535, true, 1492});
}

/* R8201-4-01, R8201-4-02, R8201-4-03 */
static void report__v6__below_1280_is_discarded(void **state)
{
    (void)state;
    RUN("2001:db8::1", 1500, {1000, 1500, false, 1500}, {1279, 1500, false, 1500},
        {0, 1500, false, 1500}, {1400, 1500, true, 1400}, {9000, 1500, false, 1400},
        {1000, 1400, false, 1400}, {1280, 1400, true, 1280}, {1279, 1280, false, 1280},
        {UINT32_MAX, 1280, false, 1280});
}

/* R1191-6.3-01: ten minutes after it was lowered, not after the last report. */
static void get__ten_minutes_later__is_the_link_mtu_again(void **state)
{
    (void)state;
    struct table x = table(4, IK_PMTU_AGE);
    const struct ik_pmtu_news m = news("192.0.2.1", 1400, 1500);
    const ik_ns start = 5 * IK_NS_PER_S, end = start + 600 * IK_NS_PER_S;
    assert_true(ik_pmtu_report(&x.t, start, &m, 1500));
    assert_false(ik_pmtu_report(&x.t, end - 1, &m, 1500));
    assert_int_equal(ik_pmtu_get(&x.t, end - 1, &m.dst, 1500), 1400);
    assert_int_equal(ik_pmtu_get(&x.t, end, &m.dst, 1500), 1500);
    assert_true(ik_pmtu_report(&x.t, end, &m, 1500));
    assert_int_equal(ik_pmtu_get(&x.t, end, &m.dst, 1500), 1400);
    free(x.mem);
}

/* R1191-6.3-01: configurable up to infinity. */
static void get__age_never__holds_for_ever(void **state)
{
    (void)state;
    struct table x = table(1, IK_NEVER);
    const struct ik_pmtu_news m = news("192.0.2.1", 1400, 1500);
    assert_true(ik_pmtu_report(&x.t, 0, &m, 1500));
    assert_int_equal(ik_pmtu_get(&x.t, INT64_MAX - 1, &m.dst, 1500), 1400);
    free(x.mem);
}

static void get__other_destination_or_smaller_link__is_not_touched(void **state)
{
    (void)state;
    struct table x = table(4, IK_PMTU_AGE);
    const struct ik_pmtu_news m = news("192.0.2.1", 1400, 1500);
    assert_true(ik_pmtu_report(&x.t, 0, &m, 1500));
    const struct ik_addr other = addr("192.0.2.2"), v6 = addr("c000:201::");
    assert_int_equal(ik_pmtu_get(&x.t, 0, &other, 1500), 1500);
    assert_int_equal(ik_pmtu_get(&x.t, 0, &v6, 1500), 1500);
    assert_int_equal(ik_pmtu_get(&x.t, 0, &m.dst, 1300), 1300);
    free(x.mem);
}

static void report__more_destinations_than_rows__oldest_goes(void **state)
{
    (void)state;
    struct table x = table(3, IK_PMTU_AGE);
    static const char *const dst[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
    for (int i = 0; i < 4; i++) {
        const struct ik_pmtu_news m = news(dst[i], 1400, 1500);
        assert_true(ik_pmtu_report(&x.t, i, &m, 1500));
    }
    for (int i = 0; i < 4; i++) {
        const struct ik_addr a = addr(dst[i]);
        assert_int_equal(ik_pmtu_get(&x.t, 4, &a, 1500), i == 0 ? 1500 : 1400);
    }
    free(x.mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report__v4__lowers_once_never_raises_never_below_68),
        cmocka_unit_test(report__zero_mtu__walks_the_plateaus),
        cmocka_unit_test(report__bsd_length_fault__header_length_taken_off),
        cmocka_unit_test(report__v6__below_1280_is_discarded),
        cmocka_unit_test(get__ten_minutes_later__is_the_link_mtu_again),
        cmocka_unit_test(get__age_never__holds_for_ever),
        cmocka_unit_test(get__other_destination_or_smaller_link__is_not_touched),
        cmocka_unit_test(report__more_destinations_than_rows__oldest_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
