/* SPDX-License-Identifier: MIT
 * Payloads of many kinds (D12) and how large and random they are (D13): data that rides on the
 * replies of an honest kernel is found, senders with one template, a clock or a token are not. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_sender, ik_part_tool, ik_part_echo, ik_part_template;
static const struct ik_part *const parts[] = {&ik_part_sender, &ik_part_tool, &ik_part_template,
                                              NULL};
static const struct ik_part *const with_echo[] = {&ik_part_sender, &ik_part_echo, &ik_part_template,
                                                  NULL};

#define S IK_NS_PER_S

static const struct frames_head ask = {.src = "10.0.0.1", .dst = "10.0.0.2"},
                                answer = {.src = "10.0.0.2", .dst = "10.0.0.1"};

enum { MAX = 2000 };

/* Asks, and is answered by a kernel, which returns what it got. */
static void ping(struct frames *f, const void *data, size_t n)
{
    const uint16_t seq = (uint16_t)f->n;
    f->now += 100 * IK_NS_PER_MS;
    frames_echo(f, &ask, false, 7, seq, data, n);
    frames_echo(f, &answer, true, 7, seq, data, n);
}

static void noise(struct ik_rng *rng, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)ik_rng_next(rng);
}

/* Text that differs by `i`, from its begin on. */
static const uint8_t *text(uint32_t i, size_t n)
{
    static uint8_t data[MAX];
    struct ik_rng rng = {i};
    for (size_t k = 0; k < n; k++)
        data[k] = "etaoin shrdlu\n"[ik_rng_below(&rng, 14)];
    return data;
}

/* struct timeval of x86-64, of the packet. */
static void timeval(const struct frames *f, uint8_t *p)
{
    const uint64_t s = (uint64_t)f->now / (uint64_t)S, us = (uint64_t)f->now / 1000 % 1000000;
    for (int i = 0; i < 8; i++) {
        p[i] = (uint8_t)(s >> 8 * i);
        p[8 + i] = (uint8_t)(us >> 8 * i);
    }
}

static void template__sixth_kind__is_found_within_twenty_packets(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 5; i++) {
        for (int again = 0; again < 3; again++)
            ping(f, text(i, 60), 60);
    }
    frames_silent(f);
    f->n = 0;
    ping(f, text(5, 60), 60);
    const struct ik_finding *x = frames_found(f, IK_DETECT_TEMPLATES);
    assert_int_equal(x->severity, IK_SEVERITY_MEDIUM);
    assert_int_equal(x->value, 6);
    assert_int_equal(x->threshold, 6);
    assert_int_equal(x->packets, 6);
    assert_int_equal(x->window, 600 * S);
    assert_int_equal(x->remedy, IK_REMEDY_BLOCK_PAIR);
    assert_memory_equal(x->evidence[0].bytes, text(5, 60), IK_EVIDENCE_BYTES);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    frames_free(f);
}

/* hping3 -1 -E FILE -d 120: a file, piece by piece. */
static void template__file_in_pieces__is_found_within_twenty_packets(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; !frames_find(f, IK_DETECT_TEMPLATES); i++)
        ping(f, text(i, 120), 120);
    assert_in_range(f->n, 6, 20);
    frames_free(f);
}

/* for p in ...; do ping -p $p: 16 bytes at a time behind an honest clock. */
static void template__pattern_of_ping_that_changes__is_found(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; !frames_find(f, IK_DETECT_TEMPLATES); i++) {
        uint8_t data[56];
        timeval(f, data);
        for (size_t k = 16; k < 56; k++)
            data[k] = text(i, 16)[k % 16];
        ping(f, data, 56);
        assert_in_range(i, 0, 5);
    }
    assert_in_range(f->n, 11, 12);
    frames_free(f);
}

static void template__one_pattern_of_ping__is_silent(void **state)
{
    uint8_t data[200];
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 2000; i++) {
        const size_t n = 17 + i % 180;
        memset(data, 0xff, sizeof(data));
        timeval(f, data);
        ping(f, data, n);
    }
    frames_silent(f);
    frames_free(f);
}

static void template__as_much_as_a_page__is_found_with_fewer_kinds(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    ping(f, text(1, 1364), 1364);
    ping(f, text(2, 1365), 1365);
    ping(f, text(3, 1366), 1366);
    frames_silent(f); /* 4,095 bytes */
    frames_free(f);
    f = frames_new(parts, NULL);
    ping(f, text(1, 1365), 1365);
    ping(f, text(2, 1365), 1365);
    frames_silent(f);
    ping(f, text(3, 1366), 1366);
    const struct ik_finding *x = frames_found(f, IK_DETECT_TEMPLATES);
    assert_int_equal(x->limit, IK_LIM_TEMPLATE_BYTES);
    assert_int_equal(x->value, 4096);
    frames_free(f);
}

static void template__five_in_each_ten_minutes__are_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 50; i++) {
        ping(f, text(i, 60), 60);
        f->now += (i % 5 == 4 ? 597 : 1) * S;
    }
    frames_silent(f);
    frames_free(f);
}

/* Each pair of hosts by itself: eight hosts behind one monitor. */
static void template__each_pair_has_one_kind__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 2000; i++) {
        char dst[32];
        snprintf(dst, sizeof(dst), "10.1.0.%u", i % 200);
        frames_echo(f, &(struct frames_head){.src = "10.0.0.1", .dst = dst}, false, 1, 1,
                    text(i % 200, 48), 48);
    }
    frames_silent(f);
    frames_free(f);
}

/* fping -R, a few runs of it; tokens of 8 to 31 bytes; and a clock before a token. */
static void template__random_of_one_size__is_silent(void **state)
{
    static const size_t sizes[] = {8, 12, 16, 24, 31, 32, 56, 1000};
    struct ik_rng rng = {8};
    uint8_t data[1000];
    (void)state;
    for (size_t k = 0; k < 8; k++) {
        for (int clock = 0; clock < 2; clock++) {
            struct frames *f = frames_new(parts, NULL);
            f->now = 1780000000 * S;
            for (int i = 0; i < 5000; i++) {
                noise(&rng, data, sizes[k]);
                if (clock && sizes[k] >= 24)
                    ik_store_be64(data, (uint64_t)f->now);
                ping(f, data, sizes[k]);
            }
            for (int i = 0; i < 100; i++) { /* another run */
                noise(&rng, data, sizes[k] / 2 + 4);
                ping(f, data, sizes[k] / 2 + 4);
            }
            frames_silent(f);
            frames_free(f);
        }
    }
}

/* icmplib: letters and digits, 56 of them; pythonping: one letter a run. */
static void template__random_letters__are_silent(void **state)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890";
    struct ik_rng rng = {8};
    uint8_t data[56];
    (void)state;
    for (size_t n = 1; n <= 56; n += 55) {
        struct frames *f = frames_new(parts, NULL);
        for (int i = 0; i < 5000; i++) {
            for (size_t k = 0; k < n; k++)
                data[k] = (uint8_t)letters[ik_rng_below(&rng, n > 1 ? 62 : 52)];
            ping(f, data, n);
        }
        frames_silent(f);
        frames_free(f);
    }
}

/* Few bytes at a time are found when they are as many as a few words. */
static void template__few_bytes_at_a_time__are_found_later(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    uint32_t i = 0;
    for (; !frames_find(f, IK_DETECT_TEMPLATES); i++)
        ping(f, text(i, 4), 4);
    assert_in_range(i, 16, 20);
    frames_free(f);
}

/* A Go ping of old: nanoseconds, then the number of its run. */
static void template__clock_before_a_constant__is_silent(void **state)
{
    uint8_t data[24] = "timetimemy tracker, mine";
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    f->now = 1780000000 * S;
    for (int i = 0; i < 1000; i++) {
        ik_store_be64(data, (uint64_t)f->now);
        ping(f, data, i % 2 ? 16 : 24);
    }
    frames_silent(f);
    frames_free(f);
}

/* A counter or a token of any kind in the first 16 bytes of a longer payload. */
static void template__token_before_a_constant__is_silent(void **state)
{
    uint8_t data[64] = "????????????????and what it always says, whoever listens to it";
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 1000; i++) {
        memcpy(data, text(i, 16), 16);
        ping(f, data, sizeof(data));
    }
    frames_silent(f);
    frames_free(f);
}

static void template__iputils_of_all_sizes__is_silent(void **state)
{
    uint8_t data[MAX];
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (size_t n = 0; n < 1473; n++) {
        for (size_t k = 0; k < n; k++)
            data[k] = (uint8_t)k;
        if (n >= 16)
            timeval(f, data);
        ping(f, data, n);
    }
    frames_silent(f);
    frames_free(f);
}

/* Encrypted data of ever other sizes; its size is told beside it, never alone. */
static void size__random_of_many_sizes__is_told_beside_the_finding(void **state)
{
    struct ik_rng rng = {8};
    uint8_t data[MAX];
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    noise(&rng, data, MAX);
    ping(f, data, 1472); /* ping -s 1472 -M do with a payload of its own */
    frames_silent(f);
    for (uint32_t i = 0; !frames_find(f, IK_DETECT_TEMPLATES); i++) {
        noise(&rng, data, MAX);
        ping(f, data, 801 + i);
    }
    assert_in_range(f->n, 6, 20);
    const struct ik_finding *x = frames_found(f, IK_DETECT_ODD_SIZE);
    assert_int_equal(x->severity, IK_SEVERITY_INFO);
    assert_int_equal(x->threshold, 800);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1); /* beside, not another */
    frames_free(f);
}

static void size__at_the_limit_or_not_random__is_not_told(void **state)
{
    struct ik_rng rng = {8};
    uint8_t data[MAX];
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct frames *f = frames_new(parts, NULL);
        for (uint32_t i = 0; i < 40; i++) {
            noise(&rng, data, MAX);
            ping(f, how ? text(i, MAX) : data, how ? 1000 + i : 800 - i);
        }
        frames_found(f, IK_DETECT_TEMPLATES);
        assert_int_equal(frames_count(f, IK_DETECT_ODD_SIZE), 0);
        frames_free(f);
    }
}

/* What a signature names is not told a second time. */
static void template__packets_of_a_known_tool__are_silent(void **state)
{
    uint8_t data[100] = "TUNL";
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 30; i++) {
        memcpy(data + 4, text(i, 90), 90);
        ping(f, data, sizeof(data));
    }
    frames_found(f, IK_DETECT_TOOL);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    frames_free(f);
}

static void exchange(struct frames *f, const void *question, size_t n, const void *back, size_t m)
{
    const uint16_t seq = (uint16_t)f->n;
    f->now += 100 * IK_NS_PER_MS;
    frames_echo(f, &ask, false, 7, seq, question, n);
    frames_echo(f, &answer, true, 7, seq, back, m);
}

/* Replies of a tunnel are found by what they differ in: one cause, one finding. */
static void template__replies_that_differ__are_left_to_others(void **state)
{
    (void)state;
    struct frames *f = frames_new(with_echo, NULL);
    for (uint32_t i = 0; i < 50; i++) {
        uint8_t question[60];
        memcpy(question, text(i, 60), 60);
        exchange(f, question, 60, text(1000 + i, 60), 60);
    }
    frames_found(f, IK_DETECT_TUNNEL_MISMATCH);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    frames_free(f);
}

/* icmpsh: empty polls, commands in replies, and what they print in requests that are answered by
 * nothing. */
static void template__shell__is_found_within_twenty_packets_of_output(void **state)
{
    (void)state;
    for (int idle = 0; idle <= 5; idle += 5) {
        struct frames *f = frames_new(with_echo, NULL);
        for (int i = 0; i < idle; i++)
            exchange(f, "", 0, "", 0);
        exchange(f, "", 0, "dir\n", 4);
        frames_silent(f);
        const uint64_t before = f->n;
        for (uint32_t i = 0; i < 10; i++)
            exchange(f, text(i, 64), 64, "", 0);
        frames_stop(f);
        const struct ik_finding *x = frames_found(f, IK_DETECT_TEMPLATES);
        assert_in_range(x->evidence[0].n, before + 1, before + 20);
        assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
        frames_free(f);
    }
}

static void template__switched_off_or_allowed__is_silent(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct ik_detect_cfg cfg = ik_detect_defaults();
        const uint32_t both = 1u << IK_DETECT_TEMPLATES | 1u << IK_DETECT_ODD_SIZE;
        const struct ik_detect_allow allow = {frames_prefix("10.0.0.0/24"), both};
        cfg.off = how ? both : 0;
        cfg.allow = &allow;
        cfg.n_allow = !how;
        struct frames *f = frames_new(parts, &cfg);
        for (uint32_t i = 0; i < 30; i++)
            ping(f, text(i, 1000), 1000);
        frames_silent(f);
        frames_free(f);
    }
}

/* A million pairs with one kind each: memory is what it was, and who talks is named. */
static void template__many_made_up_pairs__the_talker_is_named(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 1000000; i++) {
        char src[32];
        snprintf(src, sizeof(src), "11.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        frames_echo(f, &(struct frames_head){.src = src, .dst = "10.3.0.1"}, false, 1, 1,
                    (const uint8_t *)"a payload", 9);
        f->now += 1000;
        if (i % 500 == 0)
            frames_echo(f, &ask, false, 1, 1, text(i / 500, 48), 48);
    }
    frames_stop(f);
    const struct ik_finding *x = frames_found(f, IK_DETECT_TEMPLATES);
    const struct ik_addr client = frames_addr("10.0.0.1");
    assert_true(ik_addr_equal(&x->src, &client));
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    assert_true(x->value > 1000); /* also beyond what there are bits for */
    assert_true(ik_detect_stats(f->detect).evicted > 0);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template__sixth_kind__is_found_within_twenty_packets),
        cmocka_unit_test(template__file_in_pieces__is_found_within_twenty_packets),
        cmocka_unit_test(template__pattern_of_ping_that_changes__is_found),
        cmocka_unit_test(template__one_pattern_of_ping__is_silent),
        cmocka_unit_test(template__as_much_as_a_page__is_found_with_fewer_kinds),
        cmocka_unit_test(template__five_in_each_ten_minutes__are_silent),
        cmocka_unit_test(template__each_pair_has_one_kind__is_silent),
        cmocka_unit_test(template__random_of_one_size__is_silent),
        cmocka_unit_test(template__random_letters__are_silent),
        cmocka_unit_test(template__few_bytes_at_a_time__are_found_later),
        cmocka_unit_test(template__clock_before_a_constant__is_silent),
        cmocka_unit_test(template__token_before_a_constant__is_silent),
        cmocka_unit_test(template__iputils_of_all_sizes__is_silent),
        cmocka_unit_test(size__random_of_many_sizes__is_told_beside_the_finding),
        cmocka_unit_test(size__at_the_limit_or_not_random__is_not_told),
        cmocka_unit_test(template__packets_of_a_known_tool__are_silent),
        cmocka_unit_test(template__replies_that_differ__are_left_to_others),
        cmocka_unit_test(template__shell__is_found_within_twenty_packets_of_output),
        cmocka_unit_test(template__switched_off_or_allowed__is_silent),
        cmocka_unit_test(template__many_made_up_pairs__the_talker_is_named),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
