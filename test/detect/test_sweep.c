/* SPDX-License-Identifier: MIT
 * Who asks many addresses, and who only seems to. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_sweep;

static const struct ik_part *const parts[] = {&ik_part_sweep, NULL};

static const char *host(int i)
{
    static char text[2][32];
    static int turn;
    turn = !turn;
    snprintf(text[turn], sizeof(text[turn]), "198.18.%d.%d", i / 250, i % 250 + 1);
    return text[turn];
}

static void ask(struct frames *f, const char *src, const char *dst)
{
    frames_echo(f, &(struct frames_head){.src = src, .dst = dst}, false, 7, 1, "data", 4);
}

static void answer(struct frames *f, const char *src, const char *dst)
{
    frames_echo(f, &(struct frames_head){.src = src, .dst = dst}, true, 7, 1, "data", 4);
}

/* Lets what waits fail. */
static void pass(struct frames *f, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        f->now += IK_NS_PER_S;
        frames_tick(f);
    }
}

/* n addresses, `gap` apart; every one in `up` answers (0: none). */
static void sweep(struct frames *f, int n, ik_ns gap, int up)
{
    for (int i = 0; i < n; i++) {
        ask(f, "203.0.113.5", host(i));
        if (up && i % up == 0)
            answer(f, host(i), "203.0.113.5");
        f->now += gap;
        frames_tick(f);
    }
}

/* fping -g, nmap -sn, zmap and masscan, by their rates: few hosts answer. One finding, whatever
 * hash tells how many were asked: news of it come oftener than it is forgotten. */
static void sweep__at_any_rate__found_within_five_seconds_of_the_twentieth(void **state)
{
    (void)state;
    enum { GAPS = 5, SECRETS = 20 };
    static const ik_ns gaps[GAPS] = {4 * IK_NS_PER_S, IK_NS_PER_S, 10 * IK_NS_PER_MS, IK_NS_PER_MS,
                                     10 * IK_NS_PER_US};
    for (size_t i = 0; i < GAPS * SECRETS; i++) {
        const ik_ns gap = gaps[i % GAPS];
        struct ik_detect_cfg cfg = ik_detect_defaults();
        cfg.secret[0] = (uint8_t)(i / GAPS);
        struct frames *f = frames_new(parts, &cfg);
        sweep(f, 200, gap, 10);
        pass(f, 5);
        const struct ik_finding *found = frames_found(f, IK_DETECT_SWEEP);
        const struct ik_addr src = frames_addr("203.0.113.5");
        assert_true(ik_addr_same_host(&found->src, &src));
        assert_int_equal(found->severity, IK_SEVERITY_MEDIUM);
        assert_true(found->first - 1000 * IK_NS_PER_S <= 20 * gap + 5 * IK_NS_PER_S);
        assert_int_equal(found->limit, IK_LIM_SWEEP);
        assert_int_equal(frames_count(f, IK_DETECT_SWEEP), 1);
        frames_free(f);
    }
}

/* fping -g of 254 addresses from outside, five rounds: the first quarter is up. Whatever the clock
 * says when it begins, that more than half fail is told, though their first failures are told
 * before, and though all have been asked by then. */
static void sweep__of_whom_a_quarter_answers__medium(void **state)
{
    (void)state;
    enum { ALL = 254, UP = 63, ROUNDS = 5, PHASES = 40 };
    const struct ik_prefix home = frames_prefix("198.18.0.0/16");
    struct ik_detect_cfg cfg = ik_detect_defaults();
    cfg.home = &home;
    cfg.n_home = 1;
    for (int phase = 0; phase < PHASES; phase++) {
        struct frames *f = frames_new(parts, &cfg);
        f->now += phase * 50 * IK_NS_PER_MS;
        ik_ns tick = 1000 * IK_NS_PER_S;
        for (int i = 0; i < ROUNDS * ALL; i++) {
            ask(f, "203.0.113.5", host(i % ALL));
            if (i % ALL < UP)
                answer(f, host(i % ALL), "203.0.113.5");
            f->now += 5 * IK_NS_PER_MS;
            for (; f->now - tick >= IK_NS_PER_S; tick += IK_NS_PER_S)
                frames_tick(f);
        }
        if (frames_found(f, IK_DETECT_SWEEP)->severity != IK_SEVERITY_MEDIUM)
            fail_msg("phase %d", phase);
        frames_free(f);
    }
}

static void sweep__in_a_short_capture__is_told_at_its_end(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const ik_ns from = f->now;
    sweep(f, 100, 5 * IK_NS_PER_MS, 0);
    f->now += 400 * IK_NS_PER_MS;
    ask(f, "203.0.113.9", "198.18.0.1"); /* somebody else's, the last frame */
    frames_silent(f);
    frames_stop(f);
    const struct ik_finding *found = frames_found(f, IK_DETECT_SWEEP);
    assert_int_equal(found->severity, IK_SEVERITY_MEDIUM);
    assert_int_equal(found->first, from);
    frames_free(f);
}

/* Nobody has answered yet, as far as the capture goes. */
static void monitor__whose_capture_is_cut_off__silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    sweep(f, 100, 2 * IK_NS_PER_MS, 0);
    f->now += 200 * IK_NS_PER_MS;
    for (int i = 0; i < 5; i++)
        answer(f, host(i), "203.0.113.5");
    frames_stop(f);
    frames_silent(f);
    frames_free(f);
}

static void sweep__goes_on__evidence_is_kept(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    sweep(f, 1000, 10 * IK_NS_PER_MS, 0);
    const struct ik_finding *found = frames_found(f, IK_DETECT_SWEEP);
    assert_true(found->n_evidence > 0);
    assert_int_equal(found->type, IK_ICMP4_ECHO);
    frames_free(f);
}

static void sweep__nineteen_or_too_slow__silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    sweep(f, 19, IK_NS_PER_S, 0);
    pass(f, 5);
    frames_silent(f);
    frames_free(f);
    f = frames_new(parts, NULL);
    sweep(f, 100, 5 * IK_NS_PER_S, 0); /* 18 in 90 s */
    frames_silent(f);
    frames_free(f);
}

/* A network of which nobody is there: routers say so at once. */
static void sweep__host_unreachable__counts_as_failed(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int i = 0; i < 25; i++) {
        uint8_t quote[FRAMES_BYTES];
        const struct frames_head h = {.src = "203.0.113.5", .dst = host(i)};
        const size_t n = frames_make_echo(&h, false, 7, 1, "data", 4, quote);
        ask(f, h.src, h.dst);
        frames_error(f, &(struct frames_head){.src = "192.0.2.1", .dst = "203.0.113.5"},
                     IK_ICMP4_UNREACHABLE, 1, 0, quote, n);
        f->now += IK_NS_PER_MS;
    }
    frames_found(f, IK_DETECT_SWEEP);
    frames_free(f);
}

static void sweep__ipv6_sources_of_one_net__one_source(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int i = 0; i < 40; i++) {
        char src[48], dst[48];
        snprintf(src, sizeof(src), "2001:db8::%x", i + 1);
        snprintf(dst, sizeof(dst), "2001:db8:1::%x", i + 1);
        ask(f, src, dst);
        f->now += 100 * IK_NS_PER_MS;
        frames_tick(f);
    }
    pass(f, 5);
    const struct ik_addr net = frames_addr("2001:db8::");
    assert_true(ik_addr_same_host(&frames_found(f, IK_DETECT_SWEEP)->src, &net));
    frames_free(f);
}

/* ---- who only seems to ----------------------------------------------------------------------- */

/* One in eight down, at the beginning of the list or spread over it, round after round. */
static void monitor__most_answer__silent(void **state)
{
    (void)state;
    static const int sizes[] = {20, 40, 400, 4000};
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        for (int spread = 0; spread < 2; spread++) {
            struct frames *f = frames_new(parts, NULL);
            for (int round = 0; round < 5; round++) {
                for (int i = 0; i < sizes[k]; i++) {
                    const bool down = spread ? i % 8 == 3 : sizes[k] <= 40 && i < sizes[k] / 8;
                    ask(f, "192.0.2.9", host(i));
                    if (!down)
                        answer(f, host(i), "192.0.2.9");
                    f->now += 5 * IK_NS_PER_MS;
                    frames_tick(f);
                }
                pass(f, 60);
            }
            frames_silent(f);
            frames_free(f);
        }
    }
}

/* Of twenty a quarter may be down by chance, where a tenth is down in the long run; half of forty
 * may not. */
static void monitor__few_more_down_than_usual__silent(void **state)
{
    (void)state;
    for (int half = 0; half < 2; half++) {
        struct frames *f = frames_new(parts, NULL);
        for (int i = 0; i < (half ? 40 : 20); i++) {
            ask(f, "192.0.2.9", host(i));
            if (half ? i % 2 : i % 4)
                answer(f, host(i), "192.0.2.9");
            f->now += 200 * IK_NS_PER_MS;
            frames_tick(f);
        }
        pass(f, 10);
        assert_int_equal(frames_count(f, IK_DETECT_SWEEP), half);
        frames_free(f);
    }
}

/* One host that is down, asked for an hour, and a flood to one host. */
static void one_address__silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int i = 0; i < 3600; i++) {
        ask(f, "203.0.113.5", "192.0.2.1");
        pass(f, 1);
    }
    for (int i = 0; i < 10000; i++)
        ask(f, "203.0.113.5", "192.0.2.1");
    pass(f, 5);
    frames_silent(f);
    frames_free(f);
}

/* Forty at a time: each first question expires at a router, and the targets never answer. */
static void traceroute_and_mtr__silent(void **state)
{
    (void)state;
    const struct ik_prefix home = frames_prefix("198.18.0.0/16");
    struct ik_detect_cfg cfg = ik_detect_defaults();
    cfg.home = &home;
    cfg.n_home = 1;
    struct frames *f = frames_new(parts, &cfg);
    for (int i = 0; i < 40; i++) {
        for (uint8_t ttl = 1; ttl < 6; ttl++) {
            uint8_t quote[FRAMES_BYTES];
            const struct frames_head h = {.src = "203.0.113.5", .dst = host(i), .ttl = ttl};
            const size_t n = frames_make_echo(&h, false, 7, ttl, "data", 4, quote);
            ask(f, h.src, h.dst);
            if (ttl < 5)
                frames_error(f, &(struct frames_head){.src = "192.0.2.1", .dst = "203.0.113.5"},
                             IK_ICMP4_TIME_EXCEEDED, 0, 0, quote, n);
            f->now += IK_NS_PER_MS;
        }
        f->now += IK_NS_PER_S;
        frames_tick(f);
    }
    pass(f, 5);
    frames_silent(f);
    frames_free(f);
}

/* Answers without questions, and questions to all. */
static void answers_and_groups__silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int i = 0; i < 100; i++) {
        char group[32];
        snprintf(group, sizeof(group), "224.0.1.%d", i + 1);
        ask(f, "203.0.113.5", group);
        answer(f, host(i), "203.0.113.5");
        pass(f, 1);
    }
    frames_silent(f);
    frames_free(f);
}

/* ---- the random walk ------------------------------------------------------------------------- */

static void walk(struct frames *f, const char *src, const char *form, const char *fates)
{
    for (int i = 0; fates[i]; i++) {
        char dst[32];
        snprintf(dst, sizeof(dst), form, i + 1);
        ask(f, src, dst);
        if (fates[i] == '+')
            answer(f, dst, src);
        pass(f, 5);
    }
}

/* Four net failures of a source from outside; none of one of our own, and none where nobody knows.
 */
static void walk__four_net_failures_from_outside__low(void **state)
{
    (void)state;
    static const struct {
        const char *src, *fates;
        bool home, found;
    } rows[] = {
        {"203.0.113.5", "----", true, true},        {"203.0.113.5", "---", true, false},
        {"203.0.113.5", "-+-+-+-+-+", true, false}, {"203.0.113.5", "+-----", true, true},
        {"203.0.113.5", "+----", true, false},      {"198.18.9.9", "------", true, false},
        {"203.0.113.5", "------", false, false},    {"203.0.113.5", "++++++++--------", true, true},
    };
    const struct ik_prefix home = frames_prefix("198.18.0.0/16");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ik_detect_cfg cfg = ik_detect_defaults();
        cfg.home = &home;
        cfg.n_home = rows[i].home;
        struct frames *f = frames_new(parts, &cfg);
        walk(f, rows[i].src, "198.18.0.%d", rows[i].fates);
        if (frames_count(f, IK_DETECT_SWEEP) != rows[i].found)
            fail_msg("%s %s", rows[i].src, rows[i].fates);
        if (rows[i].found)
            assert_int_equal(frames_find(f, IK_DETECT_SWEEP)->severity, IK_SEVERITY_LOW);
        frames_free(f);
    }
}

/* ---- state ----------------------------------------------------------------------------------- */

/* A million made-up sources beside one that sweeps: memory is what it was, and it is named. */
static void sweep__among_a_million_made_up_sources__named(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct ik_rng rng = {3};
    ask(f, "192.0.2.9", "192.0.2.10");
    frames_alone(f);
    struct ik_look_packet p = f->packet;
    for (uint32_t i = 0; i < 1000000; i++) {
        const bool real = i % 4000 == 0; /* 50 a second of 200,000 */
        p.frame.n = ++f->n;
        p.frame.time = f->now;
        ik_store_be32(p.ip.src.bytes, real ? 0xcb007105 : (uint32_t)ik_rng_next(&rng));
        ik_store_be32(p.ip.dst.bytes, 0xc6120000 + (real ? i / 4000 + 1 : 9));
        ik_detect_input(f->detect, &p, true);
        f->now += 5 * IK_NS_PER_US;
    }
    pass(f, 5);
    const struct ik_addr src = frames_addr("203.0.113.5");
    assert_true(ik_addr_same_host(&frames_found(f, IK_DETECT_SWEEP)->src, &src));
    assert_int_equal(frames_count(f, IK_DETECT_SWEEP), 1);
    assert_true(ik_detect_stats(f->detect).evicted > 900000);
    frames_free(f);
}

static void allowed_source__silent(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_detect_allow allow = {.source = frames_prefix("203.0.113.5/32"),
                                          .detectors = 1u << IK_DETECT_SWEEP};
    cfg.allow = &allow;
    cfg.n_allow = 1;
    struct frames *f = frames_new(parts, &cfg);
    sweep(f, 200, 10 * IK_NS_PER_MS, 0);
    pass(f, 5);
    frames_silent(f);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweep__at_any_rate__found_within_five_seconds_of_the_twentieth),
        cmocka_unit_test(sweep__of_whom_a_quarter_answers__medium),
        cmocka_unit_test(sweep__in_a_short_capture__is_told_at_its_end),
        cmocka_unit_test(monitor__whose_capture_is_cut_off__silent),
        cmocka_unit_test(sweep__goes_on__evidence_is_kept),
        cmocka_unit_test(sweep__nineteen_or_too_slow__silent),
        cmocka_unit_test(sweep__host_unreachable__counts_as_failed),
        cmocka_unit_test(sweep__ipv6_sources_of_one_net__one_source),
        cmocka_unit_test(monitor__most_answer__silent),
        cmocka_unit_test(monitor__few_more_down_than_usual__silent),
        cmocka_unit_test(one_address__silent),
        cmocka_unit_test(traceroute_and_mtr__silent),
        cmocka_unit_test(answers_and_groups__silent),
        cmocka_unit_test(walk__four_net_failures_from_outside__low),
        cmocka_unit_test(sweep__among_a_million_made_up_sources__named),
        cmocka_unit_test(allowed_source__silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
