/* SPDX-License-Identifier: MIT
 * Floods by destination and by source. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_rate;

static const struct ik_part *const parts[] = {&ik_part_rate, NULL};

static const struct frames_head one = {.src = "203.0.113.5", .dst = "192.0.2.1"};
static const struct frames_head back = {.src = "192.0.2.1", .dst = "203.0.113.5"};

/* n echo messages, `gap` apart. */
static void echoes(struct frames *f, const struct frames_head *h, bool reply, uint32_t n, ik_ns gap)
{
    for (uint32_t i = 0; i < n; i++) {
        frames_echo(f, h, reply, 7, (uint16_t)i, "0123456789abcdef", 16);
        f->now += gap;
    }
}

/* Watching begins with something that is nothing, so that the rest is no cold start. */
static struct frames *warm(void)
{
    struct frames *f = frames_new(parts, NULL);
    static const struct frames_head other = {.src = "192.0.2.8", .dst = "192.0.2.9"};
    echoes(f, &other, false, 1, 5 * IK_NS_PER_S);
    return f;
}

/* A packet without what lies before the detectors, for tests of millions. */
static void direct_put(struct frames *f, struct ik_look_packet *p, uint32_t src, uint32_t dst,
                       uint8_t type)
{
    p->frame.n = ++f->n;
    p->frame.time = f->now;
    p->ip.src = p->ip.dst = (struct ik_addr){.family = 4};
    ik_store_be32(p->ip.src.bytes, src);
    ik_store_be32(p->ip.dst.bytes, dst);
    p->icmp.type = type;
    ik_detect_input(f->detect, p, true);
}

/* What was looked at last, to be given again with other addresses. */
static struct ik_look_packet *direct_packet(struct frames *f)
{
    frames_echo(f, &one, false, 1, 1, "data", 4);
    frames_alone(f);
    return &f->packet;
}

/* ---- by destination -------------------------------------------------------------------------- */

static void destination__hping_2000_a_second__found_within_two(void **state)
{
    (void)state;
    struct frames *f = warm();
    const ik_ns from = f->now;
    echoes(f, &one, false, 4000, IK_NS_PER_MS / 2);
    frames_stop(f);
    const struct ik_finding *found = frames_found(f, IK_DETECT_FLOOD_DST);
    const struct ik_addr dst = frames_addr(one.dst);
    assert_true(ik_addr_same_host(&found->dst, &dst));
    assert_int_equal(found->src.family, 0);
    assert_int_equal(found->sources, 1);
    assert_true(found->evidence[0].time - from < 2 * IK_NS_PER_S);
    assert_int_equal(found->limit, IK_LIM_FLOOD_DST);
    assert_true(found->value >= found->threshold && found->value <= 2000);
    assert_in_range(found->packets, 3000, 4000);
    assert_int_equal(frames_count(f, IK_DETECT_FLOOD_DST), 1);
    frames_free(f);
}

/* What is told when the threshold is crossed began before. */
static void destination__flood_that_is_told_late__begins_where_it_began(void **state)
{
    (void)state;
    struct frames *f = warm();
    echoes(f, &one, false, 20, IK_NS_PER_S); /* its habit */
    f->now += 10 * IK_NS_PER_S;
    const ik_ns from = f->now;
    const uint64_t n = f->n + 1;
    echoes(f, &one, false, 900, 10 * IK_NS_PER_MS / 3); /* 300 a second: told in the second one */
    const struct ik_finding *found = frames_found(f, IK_DETECT_FLOOD_DST);
    frames_stop(f);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    assert_int_equal(found->first, from);
    assert_int_equal(found->evidence[0].n, n);
    assert_int_equal(found->evidence[0].time, from);
    assert_int_equal(found->evidence[0].n_bytes, 0); /* its bytes are gone */
    assert_in_range(found->evidence[1].n, n + 250, n + 600);
    assert_true(found->evidence[1].n_bytes > 0);
    assert_in_range(found->packets, 850, 900);
    assert_in_range(found->value, 299, 301); /* not 250, at which it was told */
    frames_free(f);
}

/* The capture begins in the middle of it. */
static void destination__flood_from_the_first_packet__found(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    echoes(f, &one, false, 4000, IK_NS_PER_MS / 2);
    frames_found(f, IK_DETECT_FLOOD_DST);
    frames_free(f);
}

static void destination__spoofed_sources__found_and_counted_about(void **state)
{
    (void)state;
    struct frames *f = warm();
    char src[32];
    for (int i = 0; i < 2000; i++) {
        snprintf(src, sizeof(src), "198.18.%d.%d", i / 200, i % 200 + 1);
        echoes(f, &(struct frames_head){.src = src, .dst = "192.0.2.1"}, false, 1, IK_NS_PER_MS);
    }
    const struct ik_finding *found = frames_found(f, IK_DETECT_FLOOD_DST);
    assert_true(found->sources > 150);
    assert_null(frames_find(f, IK_DETECT_FLOOD_SRC));
    frames_free(f);
}

/* 100 a second for three, 250 in one, and what was never asked for at that rate. */
static void destination__what_is_no_flood__silent(void **state)
{
    (void)state;
    struct frames *f = warm();
    echoes(f, &one, false, 300, 10 * IK_NS_PER_MS);
    f->now += 60 * IK_NS_PER_S;
    echoes(f, &one, false, 250, 4 * IK_NS_PER_MS);
    for (int i = 0; i < 50; i++) { /* SmokePing */
        f->now += 300 * IK_NS_PER_S;
        echoes(f, &one, false, 20, IK_NS_PER_MS);
    }
    frames_silent(f);
    frames_free(f);
}

static void destination__just_above__found(void **state)
{
    (void)state;
    struct frames *f = warm();
    echoes(f, &one, false, 274, 3 * IK_NS_PER_MS);
    frames_silent(f);
    echoes(f, &one, false, 1, 0);
    frames_found(f, IK_DETECT_FLOOD_DST);
    frames_free(f);
}

/* A fast monitor gets thousands of answers a second, and asked for each of them. */
static void destination__answers_that_were_asked_for__silent(void **state)
{
    (void)state;
    struct frames *f = warm();
    char host[32];
    for (int i = 0; i < 20000; i++) {
        snprintf(host, sizeof(host), "198.18.%d.%d", i / 250 % 250, i % 250 + 1);
        const struct frames_head ask = {.src = "192.0.2.1", .dst = host};
        const struct frames_head answer = {.src = host, .dst = "192.0.2.1"};
        echoes(f, &ask, false, 1, IK_NS_PER_MS / 4);
        echoes(f, &answer, true, 1, IK_NS_PER_MS / 4);
    }
    frames_silent(f);
    frames_free(f);
}

/* One question does not excuse two thousand answers a second. */
static void destination__answers_without_question__found(void **state)
{
    (void)state;
    struct frames *f = warm();
    echoes(f, &back, false, 1, IK_NS_PER_MS);
    echoes(f, &one, true, 4000, IK_NS_PER_MS / 2);
    frames_found(f, IK_DETECT_FLOOD_DST);
    frames_free(f);
}

/* A capture that begins between questions and answers. */
static void destination__answers_at_the_beginning__silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    echoes(f, &one, true, 1500, IK_NS_PER_MS);
    frames_silent(f);
    frames_free(f);
}

/* Who answers a flood makes none. */
static void destination__flood_that_is_answered__answerer_is_not_told(void **state)
{
    (void)state;
    struct frames *f = warm();
    for (int i = 0; i < 6000; i++) {
        echoes(f, &one, false, 1, IK_NS_PER_MS / 4);
        echoes(f, &back, true, 1, IK_NS_PER_MS / 4);
    }
    const struct ik_addr attacker = frames_addr(one.src), victim = frames_addr(one.dst);
    for (size_t i = 0; i < f->n_found; i++) {
        assert_false(ik_addr_same_host(&f->found[i].dst, &attacker));
        assert_false(ik_addr_same_host(&f->found[i].src, &victim));
    }
    /* Who sends and who gets it: one flood, one finding. */
    assert_int_equal(f->n_found, 1);
    assert_int_equal(f->found[0].detector, IK_DETECT_FLOOD_DST);
    assert_int_equal(frames_count(f, IK_DETECT_FLOOD_SRC), 1);
    const struct ik_addr src = ik_finding_src(&f->found[0]), dst = ik_finding_dst(&f->found[0]);
    assert_true(ik_addr_same_host(&src, &attacker));
    assert_true(ik_addr_same_host(&dst, &victim));
    frames_free(f);
}

static void destination__errors__not_counted_here(void **state)
{
    (void)state;
    struct frames *f = warm();
    uint8_t quote[FRAMES_BYTES];
    const size_t n = frames_make_udp(&back, 1000, 2000, 8, quote);
    for (int i = 0; i < 6000; i++) {
        frames_error(f, &one, IK_ICMP4_UNREACHABLE, 3, 0, quote, n);
        f->now += IK_NS_PER_MS / 2;
    }
    frames_silent(f);
    frames_free(f);
}

/* More destinations than places, each with a ping now and then: who gave way was idle, and nothing
 * is said to have been missed. */
static void idle_destinations__giving_way__are_not_counted(void **state)
{
    (void)state;
    struct frames *f = warm();
    struct ik_look_packet p = *direct_packet(f);
    for (uint32_t i = 0; i < 100000; i++) {
        direct_put(f, &p, 0xcb007105, 0x0a000000 + i % 20000, IK_ICMP4_ECHO);
        direct_put(f, &p, 0x0a000000 + i % 20000, 0xcb007105, IK_ICMP4_ECHO_REPLY);
        f->now += 5 * IK_NS_PER_MS;
    }
    assert_in_range(ik_detect_stats(f->detect).evicted, 0, 100);
    frames_free(f);
}

/* ---- by source ------------------------------------------------------------------------------- */

static void source__two_of_three_seconds__found(void **state)
{
    (void)state;
    static const struct {
        uint32_t n[4];
        bool found;
    } rows[] = {
        {{260, 0, 260, 0}, true},      {{260, 0, 0, 260}, false}, {{260, 260, 0, 0}, true},
        {{249, 249, 249, 249}, false}, {{251, 0, 251, 0}, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct frames *f = frames_new(parts, NULL);
        for (int second = 0; second < 4; second++) {
            const ik_ns end = f->now + IK_NS_PER_S;
            echoes(f, &one, false, rows[i].n[second] / 2, IK_NS_PER_MS);
            echoes(f, &one, false, rows[i].n[second] - rows[i].n[second] / 2, IK_NS_PER_MS);
            f->now = end;
        }
        if (rows[i].found) {
            const struct ik_finding *found = frames_found(f, IK_DETECT_FLOOD_SRC);
            const struct ik_addr src = frames_addr(one.src);
            assert_true(ik_addr_same_host(&found->src, &src));
            assert_int_equal(found->n_evidence > 0, true);
        } else {
            assert_null(frames_find(f, IK_DETECT_FLOOD_SRC));
        }
        frames_free(f);
    }
}

/* Addresses of one /64 are one source. */
static void source__ipv6_addresses_of_one_net__one_source(void **state)
{
    (void)state;
    struct frames *f = warm();
    char src[48];
    for (int i = 0; i < 3000; i++) {
        snprintf(src, sizeof(src), "2001:db8:1:2::%x", i + 1);
        echoes(f, &(struct frames_head){.src = src, .dst = "2001:db8::1"}, false, 1, IK_NS_PER_MS);
    }
    const struct ik_finding *found = frames_found(f, IK_DETECT_FLOOD_SRC);
    const struct ik_addr net = frames_addr("2001:db8:1:2::");
    assert_true(ik_addr_same_host(&found->src, &net));
    frames_free(f);
}

static void source__ping_and_sweep__silent(void **state)
{
    (void)state;
    struct frames *f = warm();
    char host[32];
    echoes(f, &one, false, 50, 200 * IK_NS_PER_MS); /* ping -i 0.2 */
    for (int i = 0; i < 5000; i++) {                /* fping -i 1 -r 0: 1000 a second */
        snprintf(host, sizeof(host), "198.18.%d.%d", i / 250, i % 250 + 1);
        echoes(f, &(struct frames_head){.src = "203.0.113.5", .dst = host}, false, 1, IK_NS_PER_MS);
    }
    frames_silent(f);
    frames_free(f);
}

/* Ten million made-up sources, two million a second, and one that is real. */
static void source__ten_million_spoofed__the_real_one_is_named(void **state)
{
    (void)state;
    struct frames *f = warm();
    struct ik_look_packet p = *direct_packet(f);
    struct ik_rng rng = {42};
    f->now += 2 * IK_NS_PER_S;
    for (uint32_t i = 0; i < 10000000; i++) {
        const uint32_t made_up = (uint32_t)ik_rng_next(&rng);
        direct_put(f, &p, made_up, 0xc0000201, IK_ICMP4_ECHO);
        if (i % 500 == 0) /* 4000 a second */
            direct_put(f, &p, 0xcb007142, 0xc0000201, IK_ICMP4_ECHO);
        f->now += 500;
    }
    const struct ik_addr real = frames_addr("203.0.113.66");
    const struct ik_finding *found;
    size_t named = 0, others = 0;
    for (size_t i = 0; (found = ik_detect_open(f->detect, i)); i++) {
        if (found->detector != IK_DETECT_FLOOD_SRC)
            continue;
        named += ik_addr_same_host(&found->src, &real);
        others += !ik_addr_same_host(&found->src, &real);
    }
    assert_int_equal(named, 1);
    assert_int_equal(others, 0);
    frames_free(f);
}

/* A flood towards one host is found among a million others that get one packet each. */
static void destination__million_others__found(void **state)
{
    (void)state;
    struct frames *f = warm();
    struct ik_look_packet p = *direct_packet(f);
    struct ik_rng rng = {43};
    const struct ik_finding *found;
    f->now += 2 * IK_NS_PER_S;
    for (uint32_t i = 0; i < 2000000; i++) {
        direct_put(f, &p, 0xcb007142, (uint32_t)ik_rng_next(&rng), IK_ICMP4_ECHO);
        if (i % 1000 == 0) /* 1000 a second */
            direct_put(f, &p, 0xcb007143, 0xc0000263, IK_ICMP4_ECHO);
        f->now += 1000;
    }
    const struct ik_addr victim = frames_addr("192.0.2.99");
    bool named = false;
    for (size_t i = 0; (found = ik_detect_open(f->detect, i)); i++)
        named |= found->detector == IK_DETECT_FLOOD_DST && ik_addr_same_host(&found->dst, &victim);
    assert_true(named);
    assert_true(ik_detect_stats(f->detect).evicted > 1000000);
    frames_free(f);
}

static void allowed_source__flood__silent(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_detect_allow allow = {
        .source = frames_prefix("203.0.113.0/24"),
        .detectors = 1u << IK_DETECT_FLOOD_DST | 1u << IK_DETECT_FLOOD_SRC,
    };
    cfg.allow = &allow;
    cfg.n_allow = 1;
    struct frames *f = frames_new(parts, &cfg);
    echoes(f, &one, false, 6000, IK_NS_PER_MS / 2);
    frames_silent(f);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(destination__flood_that_is_told_late__begins_where_it_began),
        cmocka_unit_test(destination__hping_2000_a_second__found_within_two),
        cmocka_unit_test(destination__flood_from_the_first_packet__found),
        cmocka_unit_test(destination__spoofed_sources__found_and_counted_about),
        cmocka_unit_test(destination__what_is_no_flood__silent),
        cmocka_unit_test(destination__just_above__found),
        cmocka_unit_test(destination__answers_that_were_asked_for__silent),
        cmocka_unit_test(destination__answers_without_question__found),
        cmocka_unit_test(destination__answers_at_the_beginning__silent),
        cmocka_unit_test(destination__flood_that_is_answered__answerer_is_not_told),
        cmocka_unit_test(destination__errors__not_counted_here),
        cmocka_unit_test(destination__million_others__found),
        cmocka_unit_test(source__two_of_three_seconds__found),
        cmocka_unit_test(source__ipv6_addresses_of_one_net__one_source),
        cmocka_unit_test(idle_destinations__giving_way__are_not_counted),
        cmocka_unit_test(source__ping_and_sweep__silent),
        cmocka_unit_test(source__ten_million_spoofed__the_real_one_is_named),
        cmocka_unit_test(allowed_source__flood__silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
