/* SPDX-License-Identifier: MIT
 * The set of detectors: who is called with what, which way a packet goes, and time. */
#include "frames.h"

/* A part that remembers what it was given, where a test finds it, and reports each packet. */
struct seen {
    uint64_t inputs, ticks;
    struct ik_sight last;
    ik_ns ticked;
};

static struct seen *seen; /* of the set made last */

static size_t seen_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct seen);
}

static void seen_init(void *state, const struct ik_detect_cfg *cfg)
{
    static const struct seen empty;
    (void)cfg;
    assert_int_equal((uintptr_t)state % 64, 0);
    assert_memory_equal(state, &empty, sizeof(empty));
    seen = state;
}

static void seen_input(void *state, struct ik_sight *s)
{
    assert_ptr_equal(state, seen);
    assert_true(s->now >= seen->last.now);
    seen->inputs++;
    seen->last = *s;
    if (!ik_sight_minds(s, IK_DETECT_COVERT_FIELD))
        return;
    const struct ik_report r = {
        .detector = IK_DETECT_COVERT_FIELD,
        .severity = IK_SEVERITY_LOW,
        .src = s->src,
        .why = "a packet",
        .limit = IK_LIM_COVERT,
        .packets = 1,
        .p = s->p,
    };
    ik_book_report(s->book, s->now, &r);
}

static void seen_tick(void *state, ik_ns now, const struct ik_detect_cfg *cfg, struct ik_book *book)
{
    (void)cfg;
    (void)book;
    assert_ptr_equal(state, seen);
    seen->ticks++;
    seen->ticked = now;
}

static const struct ik_part seen_icmp = {
    IK_WANTS_ICMP, seen_bytes, seen_init, seen_input, seen_tick, NULL,
};
static const struct ik_part seen_other = {
    IK_WANTS_OTHER | IK_WANTS_PARTS, seen_bytes, seen_init, seen_input, seen_tick, NULL,
};
static const struct ik_part *const want_icmp[] = {&seen_icmp, NULL};
static const struct ik_part *const want_other[] = {&seen_other, NULL};

static const struct frames_head v4 = {.src = "192.0.2.1", .dst = "198.51.100.7"};
static const struct frames_head back4 = {.src = "198.51.100.7", .dst = "192.0.2.1"};

static void ping(struct frames *f, const struct frames_head *h)
{
    frames_echo(f, h, false, 1, 1, "data", 4);
}

/* ---- which way ------------------------------------------------------------------------------- */

static void way__by_home__is_told(void **state)
{
    (void)state;
    static const struct {
        const char *src, *dst;
        enum ik_way way;
    } rows[] = {
        {"192.0.2.1", "198.51.100.7", IK_WAY_OUT},
        {"198.51.100.7", "192.0.2.1", IK_WAY_IN},
        {"192.0.2.1", "192.0.2.2", IK_WAY_INSIDE},
        {"198.51.100.7", "203.0.113.9", IK_WAY_ACROSS},
        {"192.0.2.1", "255.255.255.255", IK_WAY_INSIDE},
        {"198.51.100.7", "224.0.0.1", IK_WAY_IN},
        {"2001:db8:1::5", "2001:db8:2::5", IK_WAY_OUT},
        {"2001:db8:2::5", "2001:db8:1::5", IK_WAY_IN},
        {"fe80::1", "ff02::1", IK_WAY_INSIDE},
    };
    const struct ik_prefix home[] = {frames_prefix("192.0.2.0/24"),
                                     frames_prefix("2001:db8:1::/48")};
    struct ik_detect_cfg cfg = ik_detect_defaults();
    cfg.home = home;
    cfg.n_home = 2;
    struct frames *f = frames_new(want_icmp, &cfg);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct frames_head h = {.src = rows[i].src, .dst = rows[i].dst};
        ping(f, &h);
        assert_int_equal(seen->inputs, i + 1);
        assert_int_equal(seen->last.way, rows[i].way);
    }
    frames_free(f);
}

static void way__without_home__is_that_of_the_capture(void **state)
{
    (void)state;
    struct frames *f = frames_new(want_icmp, NULL);
    ping(f, &v4);
    assert_int_equal(seen->last.way, IK_WAY_UNKNOWN);
    f->way = IK_LOOK_WAY_OUT;
    ping(f, &v4);
    assert_int_equal(seen->last.way, IK_WAY_OUT);
    f->way = IK_LOOK_WAY_IN;
    ping(f, &v4);
    assert_int_equal(seen->last.way, IK_WAY_IN);
    frames_free(f);
}

/* ---- hashes ---------------------------------------------------------------------------------- */

static void hashes__of_both_directions__have_one_pair(void **state)
{
    (void)state;
    struct frames *f = frames_new(want_icmp, NULL);
    ping(f, &v4);
    const struct ik_sight there = seen->last;
    ping(f, &back4);
    const struct ik_sight back = seen->last;
    assert_true(there.pair_hash == back.pair_hash);
    assert_true(there.src_hash == back.dst_hash && there.dst_hash == back.src_hash);
    const struct frames_head other = {.src = "192.0.2.1", .dst = "198.51.100.8"};
    ping(f, &other);
    assert_true(seen->last.src_hash == there.src_hash);
    assert_true(seen->last.dst_hash != there.dst_hash && seen->last.pair_hash != there.pair_hash);
    frames_free(f);
}

static void hashes__of_one_ipv6_net__count_as_one_source(void **state)
{
    (void)state;
    static const struct frames_head a = {.src = "2001:db8:1:2::5", .dst = "2001:db8:9::1"};
    static const struct frames_head b = {.src = "2001:db8:1:2:ffff::9", .dst = "2001:db8:9::1"};
    static const struct frames_head c = {.src = "2001:db8:1:3::5", .dst = "2001:db8:9::1"};
    struct frames *f = frames_new(want_icmp, NULL);
    ping(f, &a);
    const struct ik_sight first = seen->last;
    const struct ik_addr net = frames_addr("2001:db8:1:2::");
    assert_true(ik_addr_equal(&first.src, &net));
    ping(f, &b);
    assert_true(seen->last.src_hash == first.src_hash);
    assert_true(seen->last.pair_hash != first.pair_hash);
    ping(f, &c);
    assert_true(seen->last.src_hash != first.src_hash);
    frames_free(f);
}

static void hashes__under_another_secret__are_others(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    struct frames *f = frames_new(want_icmp, NULL), *g;
    ping(f, &v4);
    const uint64_t hash = seen->last.src_hash;
    g = frames_new(want_icmp, &cfg);
    ping(g, &v4);
    assert_true(seen->last.src_hash != hash);
    frames_free(f);
    frames_free(g);
}

/* ---- who is called --------------------------------------------------------------------------- */

static void input__by_sort__reaches_who_wants_it(void **state)
{
    (void)state;
    struct frames *f = frames_new(want_icmp, NULL), *g;
    frames_udp(f, &v4, 1000, 2000, 10);
    assert_int_equal(seen->inputs, 0);
    ping(f, &v4);
    assert_int_equal(seen->inputs, 1);
    assert_true(seen->last.icmp);

    g = frames_new(want_other, NULL);
    ping(g, &v4);
    assert_int_equal(seen->inputs, 0);
    frames_udp(g, &v4, 1000, 2000, 10);
    assert_int_equal(seen->inputs, 1);
    const struct frames_head part = {.src = v4.src, .dst = v4.dst, .mf = true};
    uint8_t bytes[64] = {8};
    frames_ip(g, &part, bytes, sizeof(bytes));
    assert_int_equal(seen->inputs, 2);
    assert_false(seen->last.icmp);
    frames_ip(g, &v4, bytes, 2); /* too short to be a message */
    assert_int_equal(seen->inputs, 3);
    frames_put(g, IK_LINKTYPE_RAW, "\x45", 1); /* no IP packet at all */
    assert_int_equal(seen->inputs, 3);
    frames_free(f);
    frames_free(g);
}

static void minds__detector_off_or_source_allowed__is_false(void **state)
{
    (void)state;
    const struct ik_detect_allow allow = {.source = frames_prefix("192.0.2.0/28"),
                                          .detectors = 1u << IK_DETECT_COVERT_FIELD};
    struct ik_detect_cfg cfg = ik_detect_defaults();
    cfg.allow = &allow;
    cfg.n_allow = 1;
    struct frames *f = frames_new(want_icmp, &cfg);
    ping(f, &v4);
    assert_false(ik_sight_minds(&seen->last, IK_DETECT_COVERT_FIELD));
    assert_true(ik_sight_minds(&seen->last, IK_DETECT_SWEEP));
    frames_silent(f);
    ping(f, &back4);
    assert_int_equal(frames_count(f, IK_DETECT_COVERT_FIELD), 1);
    frames_free(f);

    cfg.off = 1u << IK_DETECT_COVERT_FIELD;
    f = frames_new(want_icmp, &cfg);
    ping(f, &back4);
    frames_silent(f);
    frames_free(f);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void time__second_by_second__ticks_once_each(void **state)
{
    (void)state;
    struct frames *f = frames_new(want_icmp, NULL);
    f->now += IK_NS_PER_S / 2;
    for (int i = 0; i < 30; i++) {
        ping(f, &v4);
        f->now += IK_NS_PER_S / 10;
    }
    assert_int_equal(seen->ticks, 3);
    f->now += 100 * IK_NS_PER_S; /* many seconds are told by one call */
    ping(f, &v4);
    assert_int_equal(seen->ticks, 4);
    frames_free(f);
}

static void time__without_packets__passes_by_tick(void **state)
{
    (void)state;
    struct frames *f = frames_new(want_icmp, NULL);
    assert_true(ik_detect_deadline(f->detect) == IK_NEVER);
    ping(f, &v4);
    assert_true(ik_detect_deadline(f->detect) == f->now + IK_NS_PER_S);
    f->now = ik_detect_deadline(f->detect);
    frames_tick(f);
    assert_int_equal(seen->ticks, 1);
    assert_int_equal(frames_found(f, IK_DETECT_COVERT_FIELD)->state, IK_FINDING_NEW);
    for (int i = 0; i < 4000; i++) {
        f->now += IK_NS_PER_S;
        frames_tick(f);
    }
    assert_int_equal(frames_found(f, IK_DETECT_COVERT_FIELD)->state, IK_FINDING_ENDED);
    assert_true(ik_detect_deadline(f->detect) == IK_NEVER);
    frames_free(f);
}

static void time__back_by_little__stands_still(void **state)
{
    (void)state;
    struct frames *f = frames_new(want_icmp, NULL);
    ping(f, &v4);
    const ik_ns then = seen->last.now;
    f->now -= IK_NS_PER_MS;
    ping(f, &v4);
    assert_true(seen->last.now == then);
    f->now += 2 * IK_NS_PER_MS;
    ping(f, &v4);
    assert_true(seen->last.now == then + IK_NS_PER_MS);
    assert_int_equal(ik_detect_stats(f->detect).backward, 1);
    frames_free(f);
}

static void time__one_stamp_from_the_future__does_not_stop_the_clock(void **state)
{
    (void)state;
    struct frames *f = frames_new(want_icmp, NULL);
    const ik_ns start = f->now;
    ping(f, &v4);
    f->now = IK_NEVER - 1;
    ping(f, &v4);
    f->now = start + IK_NS_PER_S;
    ping(f, &v4);
    const ik_ns then = seen->last.now;
    for (int i = 0; i < 5; i++) {
        f->now += IK_NS_PER_S;
        ping(f, &v4);
    }
    assert_true(seen->last.now == then + 5 * IK_NS_PER_S);
    assert_true(ik_detect_deadline(f->detect) > f->now);
    assert_true(ik_detect_deadline(f->detect) <= f->now + IK_NS_PER_S);
    frames_free(f);
}

static void time__to_and_fro_without_end__does_not_overflow(void **state)
{
    (void)state;
    static const ik_ns odd[] = {0, IK_NEVER - 1, INT64_MIN, -1, (ik_ns)1 << 62, IK_NEVER, 5};
    struct frames *f = frames_new(want_icmp, NULL);
    ik_ns last = INT64_MIN;
    f->now = ((ik_ns)1 << 62) - 10000 * 7200 * IK_NS_PER_S; /* the end comes near enough */
    ping(f, &v4);
    for (int i = 0; i < 50000; i++) {
        if (i < 2000)
            f->now = odd[i % 7];
        else
            f->now = i % 2 ? (ik_ns)1 << 62 : 0;
        if (i < 2000) {
            ping(f, &v4);
        } else {
            f->packet.frame.time = f->now;
            ik_detect_input(f->detect, &f->packet, f->looked);
            while (ik_detect_take(f->detect))
                ;
        }
        assert_true(seen->last.now >= last);
        last = seen->last.now;
    }
    frames_free(f);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void memory__of_all_detectors__is_below_16_mib(void **state)
{
    (void)state;
    const struct ik_detect_cfg cfg = ik_detect_defaults();
    assert_true(ik_detect_bytes(&cfg) < (size_t)16 << 20);
}

static void defaults__of_each_limit__lie_in_its_bounds(void **state)
{
    (void)state;
    const struct ik_detect_cfg cfg = ik_detect_defaults();
    for (int i = 0; i < IK_LIMITS; i++) {
        const struct ik_limit_row *row = ik_limit_row((enum ik_limit)i);
        assert_int_equal(cfg.limits[i], row->value);
        assert_in_range(row->value, row->min, row->max);
        assert_true(row->source[0] != '\0');
        for (int k = 0; k < i; k++)
            assert_string_not_equal(row->key, ik_limit_row((enum ik_limit)k)->key);
    }
    assert_null(ik_limit_row(IK_LIMITS));
}

static void names__of_numbers_that_are_none__are_empty(void **state)
{
    (void)state;
    assert_string_equal(ik_detector_name(IK_DETECT_FLOOD_DST), "flood-dst");
    assert_string_equal(ik_detector_attack(IK_DETECT_SMURF), "T1498.002");
    assert_string_equal(ik_detector_name((enum ik_detector)99), "");
    assert_string_equal(ik_severity_name(IK_SEVERITY_CRITICAL), "critical");
    assert_string_equal(ik_severity_name((enum ik_severity)9), "");
    assert_string_equal(ik_finding_state_name(IK_FINDING_ENDED), "ended");
}

static void reload__keeps_what_was_learnt(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    struct frames *f = frames_new(want_icmp, &cfg);
    ping(f, &v4);
    const uint64_t hash = seen->last.src_hash;
    const struct ik_detect_allow allow = {.source = frames_prefix("192.0.2.1/32"),
                                          .detectors = UINT32_MAX};
    cfg.allow = &allow;
    cfg.n_allow = 1;
    cfg.secret[0] = 99; /* what the tables are keyed with stays */
    cfg.limits[IK_LIM_HOLD] = 5 * IK_NS_PER_S;
    ik_detect_reload(f->detect, &cfg);
    ping(f, &v4);
    assert_int_equal(frames_found(f, IK_DETECT_COVERT_FIELD)->packets, 1);
    f->now += IK_NS_PER_S;
    ping(f, &back4);
    ping(f, &v4);
    assert_true(seen->last.src_hash == hash);
    assert_int_equal(seen->inputs, 4);
    f->now += 10 * IK_NS_PER_S;
    frames_tick(f);
    assert_int_equal(frames_found(f, IK_DETECT_COVERT_FIELD)->state, IK_FINDING_ENDED);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(way__by_home__is_told),
        cmocka_unit_test(way__without_home__is_that_of_the_capture),
        cmocka_unit_test(hashes__of_both_directions__have_one_pair),
        cmocka_unit_test(hashes__of_one_ipv6_net__count_as_one_source),
        cmocka_unit_test(hashes__under_another_secret__are_others),
        cmocka_unit_test(input__by_sort__reaches_who_wants_it),
        cmocka_unit_test(minds__detector_off_or_source_allowed__is_false),
        cmocka_unit_test(time__second_by_second__ticks_once_each),
        cmocka_unit_test(time__without_packets__passes_by_tick),
        cmocka_unit_test(time__back_by_little__stands_still),
        cmocka_unit_test(time__one_stamp_from_the_future__does_not_stop_the_clock),
        cmocka_unit_test(time__to_and_fro_without_end__does_not_overflow),
        cmocka_unit_test(memory__of_all_detectors__is_below_16_mib),
        cmocka_unit_test(defaults__of_each_limit__lie_in_its_bounds),
        cmocka_unit_test(names__of_numbers_that_are_none__are_empty),
        cmocka_unit_test(reload__keeps_what_was_learnt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
