/* SPDX-License-Identifier: MIT
 * Replies that differ from their requests (D8), and replies that nobody asked for (D9): found in
 * what tunnels do, silent on all that honest networks do. */
#include "frames.h"

#include "detect/sender.h"

#include <stdio.h>

extern const struct ik_part ik_part_sender, ik_part_echo;
static const struct ik_part *const parts[] = {&ik_part_sender, &ik_part_echo, NULL};

#define A "10.0.0.1"
#define B "10.0.0.2"
#define MS IK_NS_PER_MS
#define S IK_NS_PER_S

static const struct frames_head ask = {.src = A, .dst = B}, answer = {.src = B, .dst = A};

enum { MAX = 4000 };
static uint8_t data[MAX];

/* Bytes of no known sender, which differ by `seed`. */
static const uint8_t *words(uint64_t seed)
{
    struct ik_rng rng = {seed};
    for (size_t i = 0; i < MAX; i++)
        data[i] = (uint8_t)('A' + ik_rng_below(&rng, 26));
    return data;
}

static const uint8_t *noise(uint64_t seed)
{
    struct ik_rng rng = {seed};
    for (size_t i = 0; i < MAX; i++)
        data[i] = (uint8_t)ik_rng_next(&rng);
    return data;
}

static void request(struct frames *f, uint16_t id, uint16_t seq, uint64_t seed, size_t n)
{
    f->now += MS;
    frames_echo(f, &ask, false, id, seq, words(seed), n);
}

static void reply(struct frames *f, uint16_t id, uint16_t seq, uint64_t seed, size_t n)
{
    f->now += MS;
    frames_echo(f, &answer, true, id, seq, words(seed), n);
}

/* Past the time in which the begin of the capture excuses. */
static struct frames *running(void)
{
    struct frames *f = frames_new(parts, NULL);
    frames_udp(f, &(struct frames_head){.src = "10.0.0.9", .dst = B}, 1, 2, 3);
    f->now += S;
    frames_tick(f);
    f->now += 6 * S;
    return f;
}

/* ---- D8 -------------------------------------------------------------------------------------- */

static void mismatch__every_reply_differs__found_at_the_eighth(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint16_t i = 0; i < 8; i++) {
        frames_silent(f);
        request(f, 1, i, i, 40);
        reply(f, 1, i, 100u + i, 40);
    }
    const struct ik_finding *x = frames_found(f, IK_DETECT_TUNNEL_MISMATCH);
    assert_int_equal(x->severity, IK_SEVERITY_HIGH); /* ever other content: a conversation */
    assert_int_equal(x->packets, 8);
    assert_int_equal(x->value, 100);
    assert_int_equal(x->threshold, 50);
    assert_int_equal(x->limit, IK_LIM_MISMATCH_SHARE);
    assert_int_equal(x->remedy, IK_REMEDY_BLOCK_PAIR);
    assert_true(ik_addr_equal(&x->src, &(struct ik_addr){4, {10, 0, 0, 1}, 0}));
    assert_true(ik_addr_equal(&x->dst, &(struct ik_addr){4, {10, 0, 0, 2}, 0}));
    assert_int_equal(x->n_evidence, 1);
    assert_memory_equal(x->evidence[0].bytes, words(107), IK_EVIDENCE_BYTES);
    assert_string_equal(x->tool, "icmpsh"); /* short text */
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    frames_free(f);
}

static void mismatch__below_half__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint16_t i = 0; i < 200; i++) {
        request(f, 1, i, i, 100);
        reply(f, 1, i, i % 20 > 10 ? 1000u + i : i, 100); /* never above */
    }
    frames_silent(f);
    frames_free(f);
}

/* One content whatever was asked: broken, and worth a look, but nobody talks. */
static void mismatch__always_one_answer__is_medium(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint16_t i = 0; i < 50; i++) {
        request(f, 1, i, i, 56);
        reply(f, 1, i, 4711, 56);
    }
    assert_int_equal(frames_found(f, IK_DETECT_TUNNEL_MISMATCH)->severity, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

static void mismatch__answers_of_zeros_or_nothing__are_silent(void **state)
{
    static const uint8_t zeros[100];
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint16_t i = 0; i < 50; i++) {
        request(f, 1, i, i, 100);
        f->now += MS;
        frames_echo(f, &answer, true, 1, i, zeros, i % 2 ? 100 : 0);
    }
    frames_silent(f);
    frames_free(f);
}

static void mismatch__cut_by_a_provider__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint16_t i = 0; i < 50; i++) {
        request(f, 1, i, i, 1000);
        reply(f, 1, i, i, 64u + i % 10);
    }
    frames_silent(f);
    frames_free(f);
}

/* icmptx: one identifier and sequence number for all, so that requests replace each other. */
static void mismatch__one_number_for_all__is_found_in_time(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    size_t packets = 0;
    while (!frames_find(f, IK_DETECT_TUNNEL_MISMATCH) && packets < 20) {
        if (packets % 3 == 0)
            request(f, 28957, 0, packets, 52);
        else
            reply(f, 28957, 0, 1000 + packets, 1400);
        packets++;
    }
    assert_in_range(packets, 8, 20);
    for (; packets < 60; packets++) { /* and each second reply answers what was answered */
        if (packets % 3 == 0)
            request(f, 28957, 0, packets, 52);
        else
            reply(f, 28957, 0, 1000 + packets, 1400);
    }
    frames_found(f, IK_DETECT_TUNNEL_ORPHAN);
    frames_free(f);
}

/* A tool that uses one number for all and is answered as it should: whichever of its requests. */
static void mismatch__one_number_and_honest_answers__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 100; i++) {
        request(f, 0, 0, 2 * i, 60);
        request(f, 0, 0, 2 * i + 1, 60);
        reply(f, 0, 0, 2 * i, 60);
        reply(f, 0, 0, 2 * i + 1, 60);
    }
    frames_silent(f);
    frames_free(f);
}

static void mismatch__ipv6__is_found_too(void **state)
{
    static const struct frames_head ask6 = {.src = "2001:db8::1", .dst = "2001:db8::2"},
                                    answer6 = {.src = "2001:db8::2", .dst = "2001:db8::1"};
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint16_t i = 0; i < 20; i++) {
        frames_echo(f, &ask6, false, 1, i, words(i), 300);
        frames_echo(f, &answer6, true, 1, i, words(i), 300);
    }
    frames_silent(f);
    for (uint16_t i = 0; i < 60; i++) {
        frames_echo(f, &ask6, false, 2, i, words(i), 300);
        frames_echo(f, &answer6, true, 2, i, words(100u + i), 300);
    }
    assert_int_equal(frames_found(f, IK_DETECT_TUNNEL_MISMATCH)->family, 6);
    frames_free(f);
}

/* Each of several hosts answers a request to a group, over IPv6 under another pseudo-header. */
static void mismatch__answers_to_a_group__are_silent(void **state)
{
    static const struct frames_head to4 = {.src = A, .dst = "255.255.255.255"},
                                    to6 = {.src = "fe80::1", .dst = "ff02::1"};
    static const char *const hosts[2][3] = {{"10.0.0.2", "10.0.0.3", "10.0.0.4"},
                                            {"fe80::2", "fe80::3", "fe80::4"}};
    (void)state;
    struct frames *f = running();
    for (uint16_t i = 0; i < 60; i++) {
        for (int v = 0; v < 2; v++) {
            frames_echo(f, v ? &to6 : &to4, false, 1, i, words(i), 600);
            for (int k = 0; k < 3; k++)
                frames_echo(f, &(struct frames_head){.src = hosts[v][k], .dst = v ? "fe80::1" : A},
                            true, 1, i, words(i), 600);
        }
        f->now += 100 * MS;
    }
    frames_silent(f);
    frames_free(f);
}

static void mismatch__switched_off_or_allowed__is_silent(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct ik_detect_cfg cfg = ik_detect_defaults();
        const struct ik_detect_allow allow = {frames_prefix("10.0.0.2/32"),
                                              1u << IK_DETECT_TUNNEL_MISMATCH};
        cfg.off = how ? 1u << IK_DETECT_TUNNEL_MISMATCH : 0;
        cfg.allow = &allow;
        cfg.n_allow = !how;
        struct frames *f = frames_new(parts, &cfg);
        for (uint16_t i = 0; i < 20; i++) {
            request(f, 1, i, i, 40);
            reply(f, 1, i, 100u + i, 40);
        }
        frames_silent(f);
        frames_free(f);
    }
}

/* ---- D9 -------------------------------------------------------------------------------------- */

/* ptunnel: the kernel answers each request, and data comes back under numbers of its own. */
static void orphan__more_replies_than_requests__found_within_twenty_packets(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    request(f, 1, 0, 0, 28);
    reply(f, 1, 0, 0, 28);
    request(f, 1, 1, 1, 34);
    reply(f, 1, 1, 1, 34);
    uint16_t seq = 0;
    while (!frames_find(f, IK_DETECT_TUNNEL_ORPHAN) && f->n < 20) {
        reply(f, 1, seq, 1000u + seq, 1052);
        seq++;
    }
    const struct ik_finding *x = frames_found(f, IK_DETECT_TUNNEL_ORPHAN);
    assert_int_equal(x->severity, IK_SEVERITY_HIGH);
    assert_int_equal(x->packets, 8);
    assert_int_equal(x->window, 60 * S);
    assert_int_equal(f->n, 12);
    assert_true(ik_addr_equal(&x->src, &(struct ik_addr){4, {10, 0, 0, 1}, 0}));
    frames_free(f);
}

/* DF-guard-02: 1400 octets in replies without requests. */
static void orphan__large_replies_without_requests__are_found(void **state)
{
    (void)state;
    struct frames *f = running();
    for (uint16_t i = 0; i < 8; i++) {
        frames_silent(f);
        f->now += MS;
        frames_echo(f, &answer, true, 7, i, noise(i), 1400);
    }
    assert_int_equal(frames_found(f, IK_DETECT_TUNNEL_ORPHAN)->severity, IK_SEVERITY_HIGH);
    const struct ik_finding *x = frames_found(f, IK_DETECT_ODD_SIZE);
    assert_int_equal(x->severity, IK_SEVERITY_INFO);
    assert_int_equal(x->value, 1400);
    frames_free(f);
}

static void orphan__small_replies_of_one_content_without_requests__are_silent(void **state)
{
    (void)state;
    struct frames *f = running();
    for (uint16_t i = 0; i < 500; i++)
        reply(f, 7, i, 1, 32);
    frames_silent(f);
    frames_free(f);
}

/* What was asked for before the capture began comes in. */
static void orphan__capture_begins_in_the_middle__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint16_t i = 0; i < 500; i++) { /* 500 are on their way, 2 s there and back */
        request(f, 1, (uint16_t)(500 + i), 500u + i, 1000);
        f->now += 3 * MS;
        reply(f, 1, i, i, 1000);
    }
    frames_silent(f);
    frames_free(f);
}

static void orphan__requests_go_another_way__says_so_once(void **state)
{
    (void)state;
    struct frames *f = running();
    for (uint16_t i = 0; i < 100; i++) {
        for (int k = 0; k < 40; k++) {
            char from[32];
            snprintf(from, sizeof(from), "10.1.0.%d", k);
            frames_echo(f, &(struct frames_head){.src = from, .dst = A}, true, (uint16_t)k, i,
                        words((uint64_t)k * 1000 + i), 32);
        }
        f->now += 100 * MS;
    }
    const struct ik_finding *x = frames_found(f, IK_DETECT_TUNNEL_ORPHAN);
    assert_int_equal(x->severity, IK_SEVERITY_INFO);
    assert_int_equal(x->src.family, 0);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    assert_int_equal(f->told[0], 1);
    frames_free(f);
}

/* Both hosts ask each other, and only one direction passes here. */
static void orphan__only_one_direction_passes__is_silent(void **state)
{
    uint8_t ping[56] = {0, 0x97, 0xd6, 0x6a, 0, 0, 0, 0, 1};
    (void)state;
    struct frames *f = running();
    for (uint8_t i = 16; i < 56; i++)
        ping[i] = i;
    for (uint16_t i = 0; i < 300; i++) {
        ping[9] = (uint8_t)i;
        f->now += 20 * MS;
        frames_echo(f, &answer, false, 4, i, ping, 56);
        frames_echo(f, &answer, true, 5, i, ping, 56);
    }
    frames_silent(f);
    frames_free(f);
}

/* Mirrored ports and retransmissions: everything twice. */
static void orphan__everything_twice__is_silent(void **state)
{
    (void)state;
    struct frames *f = running();
    for (uint16_t i = 0; i < 100; i++) {
        for (int k = 0; k < 2; k++)
            request(f, 1, i, i, 100);
        for (int k = 0; k < 2; k++)
            reply(f, 1, i, i, 100);
    }
    frames_silent(f);
    frames_free(f);
}

/* The requests of many others push out those of a pair: what is not there is not missed. */
static void orphan__requests_gave_way__is_silent(void **state)
{
    (void)state;
    struct frames *f = running();
    for (uint16_t i = 0; i < 20; i++)
        request(f, 1, i, i, 900);
    for (uint32_t i = 0; i < 300000; i++) {
        const uint8_t src[4] = {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        char text[32];
        snprintf(text, sizeof(text), "%u.%u.%u.%u", src[0], src[1], src[2], src[3]);
        frames_echo(f, &(struct frames_head){.src = text, .dst = "10.3.0.1"}, false, 1, 1, data, 8);
    }
    for (uint16_t i = 0; i < 20; i++)
        reply(f, 1, i, i, 900);
    frames_silent(f);
    /* Memory is what it was, and a tunnel in all this is still named. */
    for (uint16_t i = 0; i < 10; i++) {
        request(f, 2, i, i, 40);
        reply(f, 2, i, 100u + i, 40);
    }
    frames_found(f, IK_DETECT_TUNNEL_MISMATCH);
    assert_true(ik_detect_stats(f->detect).evicted > 0);
    frames_free(f);
}

/* Eight and half of all, in one window. */
static void orphan__just_below_the_threshold__is_silent(void **state)
{
    (void)state;
    struct frames *f = running();
    request(f, 1, 0, 0, 50);
    for (uint16_t i = 0; i < 7; i++)
        reply(f, 1, (uint16_t)(1 + i), 900u + i, 50);
    f->now += 61 * S;
    request(f, 1, 100, 100, 50);
    for (uint16_t i = 0; i < 7; i++)
        reply(f, 1, (uint16_t)(101 + i), 900u + i, 50);
    frames_silent(f);
    reply(f, 1, 120, 999, 50);
    frames_found(f, IK_DETECT_TUNNEL_ORPHAN);
    frames_free(f);
}

/* A known sender's replies in a capture that lost most requests. */
static void orphan__capture_with_gaps__is_silent(void **state)
{
    static const uint8_t zeros[56];
    (void)state;
    struct frames *f = running();
    for (uint16_t i = 0; i < 200; i++) {
        f->now += 10 * MS;
        if (i % 10 == 0)
            frames_echo(f, &ask, false, 1, i, zeros, 56);
        frames_echo(f, &answer, true, 1, i, zeros, 56);
    }
    frames_silent(f);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mismatch__every_reply_differs__found_at_the_eighth),
        cmocka_unit_test(mismatch__below_half__is_silent),
        cmocka_unit_test(mismatch__always_one_answer__is_medium),
        cmocka_unit_test(mismatch__answers_of_zeros_or_nothing__are_silent),
        cmocka_unit_test(mismatch__cut_by_a_provider__is_silent),
        cmocka_unit_test(mismatch__one_number_for_all__is_found_in_time),
        cmocka_unit_test(mismatch__one_number_and_honest_answers__is_silent),
        cmocka_unit_test(mismatch__ipv6__is_found_too),
        cmocka_unit_test(mismatch__answers_to_a_group__are_silent),
        cmocka_unit_test(mismatch__switched_off_or_allowed__is_silent),
        cmocka_unit_test(orphan__more_replies_than_requests__found_within_twenty_packets),
        cmocka_unit_test(orphan__large_replies_without_requests__are_found),
        cmocka_unit_test(orphan__small_replies_of_one_content_without_requests__are_silent),
        cmocka_unit_test(orphan__capture_begins_in_the_middle__is_silent),
        cmocka_unit_test(orphan__requests_go_another_way__says_so_once),
        cmocka_unit_test(orphan__only_one_direction_passes__is_silent),
        cmocka_unit_test(orphan__everything_twice__is_silent),
        cmocka_unit_test(orphan__requests_gave_way__is_silent),
        cmocka_unit_test(orphan__just_below_the_threshold__is_silent),
        cmocka_unit_test(orphan__capture_with_gaps__is_silent),
    };
    return cmocka_run_group_tests_name("echo", tests, NULL, NULL);
}
