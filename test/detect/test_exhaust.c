/* SPDX-License-Identifier: MIT
 * Tables that strangers fill: many more made-up sources than there is room for, memory that stays
 * as it is, and whoever really does it still named. The full count, ten million, is that of
 * `bench_detect exhaust`. */
#include "frames.h"

#include <stdio.h>

enum { SOURCES = 200000, NAMED_MAX = 100 };

static const char victim[] = "10.254.0.1";

/* An address that is no one's in particular: each i another one. */
static const char *made_up(uint32_t i, char text[static 16])
{
    const uint32_t v =
        (i * 2654435761u & 0x3fffffff) | 0x40000000; /* 64.0.0.0 to 127.255.255.255 */
    snprintf(text, 16, "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
    return text;
}

static void echo(struct frames *f, const char *src, const char *dst, bool reply, uint16_t seq,
                 const char *data)
{
    const struct frames_head h = {.src = src, .dst = dst};
    frames_echo(f, &h, reply, 77, seq, data, strlen(data));
}

static void spoofed(struct frames *f, uint32_t i)
{
    char text[16];
    f->now += 10 * IK_NS_PER_US; /* 100,000 a second */
    echo(f, made_up(i, text), victim, false, 1, "who am I");
}

/* Tables overflowed (else nothing was shown), findings are few, and one names that source. */
static void expect_named(const struct frames *f, enum ik_detector d, const char *src,
                         const char *dst)
{
    const struct ik_addr from = frames_addr(src), to = frames_addr(dst ? dst : src);
    bool named = false;
    assert_true(ik_detect_stats(f->detect).evicted > SOURCES / 10);
    assert_in_range(f->n_found, 1, NAMED_MAX);
    for (size_t i = 0; i < f->n_found; i++)
        named = named || (f->found[i].detector == d && ik_addr_same_host(&f->found[i].src, &from) &&
                          (!dst || ik_addr_same_host(&f->found[i].dst, &to)));
    assert_true(named);
}

static void flood__among_made_up_sources__real_one_is_named(void **state)
{
    (void)state;
    struct frames *f = frames_new(NULL, NULL);
    for (uint32_t i = 0; i < 2 * SOURCES; i++) {
        spoofed(f, i);
        if (i % 100 == 0)
            echo(f, "192.0.2.66", victim, false, (uint16_t)i, "I am one");
    }
    expect_named(f, IK_DETECT_FLOOD_SRC, "192.0.2.66", NULL);
    assert_true(ik_addr_same_host(&frames_found(f, IK_DETECT_FLOOD_DST)->dst,
                                  &(struct ik_addr){.family = 4, .bytes = {10, 254, 0, 1}}));
    frames_free(f);
}

static void tunnel__among_made_up_pairs__is_named(void **state)
{
    (void)state;
    char ask[16], answer[16];
    struct frames *f = frames_new(NULL, NULL);
    for (uint32_t i = 0; i < SOURCES; i++) {
        spoofed(f, i);
        if (i % 1000)
            continue;
        snprintf(ask, sizeof(ask), "question %u", i);
        snprintf(answer, sizeof(answer), "reply to %u", i);
        echo(f, "192.0.2.66", "198.51.100.9", false, (uint16_t)(i / 1000), ask);
        echo(f, "198.51.100.9", "192.0.2.66", true, (uint16_t)(i / 1000), answer);
    }
    expect_named(f, IK_DETECT_TUNNEL_MISMATCH, "192.0.2.66", "198.51.100.9");
    frames_free(f);
}

static void sweep__among_made_up_sources__is_named(void **state)
{
    (void)state;
    char dst[16];
    struct frames *f = frames_new(NULL, NULL);
    for (uint32_t i = 0; i < 4 * SOURCES; i++) {
        spoofed(f, i);
        if (i % 4000)
            continue;
        snprintf(dst, sizeof(dst), "198.51.100.%u", 1 + i / 4000);
        echo(f, "192.0.2.66", dst, false, 1, "anybody?");
    }
    expect_named(f, IK_DETECT_SWEEP, "192.0.2.66", NULL);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flood__among_made_up_sources__real_one_is_named),
        cmocka_unit_test(tunnel__among_made_up_pairs__is_named),
        cmocka_unit_test(sweep__among_made_up_sources__is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
