/* SPDX-License-Identifier: MIT
 * Reflection by broadcast and multicast. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_rate, ik_part_smurf;

/* rate.c tells whether an answer was asked for. */
static const struct ik_part *const parts[] = {&ik_part_rate, &ik_part_smurf, NULL};

static struct frames *with_homes(const struct ik_prefix *home, size_t n)
{
    struct ik_detect_cfg cfg = ik_detect_defaults();
    cfg.home = home;
    cfg.n_home = n;
    return frames_new(parts, &cfg);
}

static void echo(struct frames *f, const char *src, const char *dst, bool reply, uint16_t seq)
{
    frames_echo(f, &(struct frames_head){.src = src, .dst = dst}, reply, 9, seq, "data", 4);
    f->now += IK_NS_PER_MS;
}

/* In a frame to all hosts of the link. */
static void echo_broadcast(struct frames *f, const char *src, const char *dst)
{
    static const uint8_t head[14] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 0};
    uint8_t frame[FRAMES_BYTES], packet[FRAMES_BYTES];
    const size_t n = frames_make_echo(&(struct frames_head){.src = src, .dst = dst}, false, 9, 1,
                                      "data", 4, packet);
    memcpy(frame, head, sizeof(head));
    memcpy(frame + sizeof(head), packet, n);
    frames_put(f, IK_LINKTYPE_ETHERNET, frame, sizeof(head) + n);
    f->now += IK_NS_PER_MS;
}

/* ---- to all ---------------------------------------------------------------------------------- */

/* DF-guard-03: an echo request to a broadcast address with a source outside of that network. */
static void to_broadcast__with_homes__only_foreign_sources(void **state)
{
    (void)state;
    static const struct {
        const char *src, *dst;
        bool found;
    } rows[] = {
        {"198.51.100.9", "192.0.2.63", true},   {"198.51.100.9", "192.0.2.0", true},
        {"198.51.100.9", "192.0.2.62", false},  {"192.0.2.5", "192.0.2.63", false},
        {"192.0.2.5", "192.0.2.0", false},      {"10.1.1.1", "192.0.2.63", true},
        {"192.0.2.5", "10.255.255.255", true},  {"198.51.100.9", "255.255.255.255", true},
        {"10.1.1.1", "255.255.255.255", false}, {"198.51.100.9", "224.0.0.1", true},
        {"10.1.1.1", "224.0.0.1", false},       {"2001:db8:9::1", "ff02::1", true},
        {"2001:db8:9::1", "ff02::2", true},     {"2001:db8:1::7", "ff02::1", false},
        {"fe80::1", "ff02::1", false},          {"198.51.100.9", "192.0.2.255", false},
        {"0.0.0.0", "255.255.255.255", false},
    };
    const struct ik_prefix home[] = {frames_prefix("192.0.2.0/26"), frames_prefix("10.0.0.0/8"),
                                     frames_prefix("2001:db8:1::/48"),
                                     frames_prefix("203.0.113.4/31")};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct frames *f = with_homes(home, 4);
        echo(f, rows[i].src, rows[i].dst, false, 1);
        if (frames_count(f, IK_DETECT_SMURF) != rows[i].found)
            fail_msg("%s to %s", rows[i].src, rows[i].dst);
        frames_free(f);
    }
}

/* Without homes the frame tells that it goes to all, and the address how large the network can be.
 */
static void to_broadcast__by_the_frame__only_foreign_sources(void **state)
{
    (void)state;
    static const struct {
        const char *src, *dst;
        bool found;
    } rows[] = {
        {"198.51.100.9", "192.0.2.255", true},   {"192.0.2.9", "192.0.2.255", false},
        {"192.0.2.9", "192.0.3.255", false},     {"192.0.1.9", "192.0.2.255", true},
        {"192.0.2.9", "192.0.2.63", false},      {"192.0.2.65", "192.0.2.63", true},
        {"192.0.2.9", "192.0.2.20", false},      {"198.51.100.9", "192.0.2.20", false},
        {"192.0.2.9", "255.255.255.255", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct frames *f = frames_new(parts, NULL);
        echo_broadcast(f, rows[i].src, rows[i].dst);
        if (frames_count(f, IK_DETECT_SMURF) != rows[i].found)
            fail_msg("%s to %s", rows[i].src, rows[i].dst);
        frames_free(f);
    }
}

/* ---- from all -------------------------------------------------------------------------------- */

/* rsmurf6 and its kin: one packet is enough, for no host may send it. */
static void from_many__one_packet__found(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"ff02::1", "2001:db8::1"},  {"224.0.0.1", "192.0.2.1"}, {"255.255.255.255", "192.0.2.1"},
        {"192.0.2.63", "192.0.2.1"}, {"192.0.2.0", "192.0.2.1"},
    };
    const struct ik_prefix home = frames_prefix("192.0.2.0/26");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct frames *f = with_homes(&home, 1);
        echo(f, rows[i][0], rows[i][1], false, 1);
        const struct ik_finding *found = frames_found(f, IK_DETECT_SMURF);
        assert_int_equal(found->severity, IK_SEVERITY_HIGH);
        /* No rule may take the destination, who did nothing, for the group. */
        const bool group = i < 3;
        assert_int_equal(found->remedy, group ? IK_REMEDY_DROP_BROADCAST : IK_REMEDY_DROP_TYPE);
        frames_free(f);
    }
}

/* ---- many to one ----------------------------------------------------------------------------- */

static void answers(struct frames *f, int n, const char *form, const char *dst, uint16_t seq)
{
    char src[48];
    for (int i = 0; i < n; i++) {
        snprintf(src, sizeof(src), form, i + 1);
        echo(f, src, dst, true, seq);
    }
}

static void victim__ten_repliers_to_what_it_never_asked__found(void **state)
{
    (void)state;
    static const char *const forms[][2] = {{"198.51.100.%d", "192.0.2.1"},
                                           {"2001:db8:5::%x", "2001:db8::1"}};
    for (int i = 0; i < 2; i++) {
        struct frames *f = frames_new(parts, NULL);
        echo(f, "192.0.2.77", "192.0.2.78", false, 1);
        f->now += 3 * IK_NS_PER_S;
        answers(f, 9, forms[i][0], forms[i][1], 1);
        answers(f, 9, forms[i][0], forms[i][1], 1); /* the same nine */
        frames_silent(f);
        answers(f, 10, forms[i][0], forms[i][1], 1);
        const struct ik_finding *found = frames_found(f, IK_DETECT_SMURF);
        const struct ik_addr victim = frames_addr(forms[i][1]);
        assert_true(ik_addr_same_host(&found->dst, &victim));
        assert_int_equal(found->src.family, 0);
        assert_int_equal(found->value, 10);
        assert_int_equal(f->n_found, 1);
        frames_free(f);
    }
}

static void victim__hundreds__high_and_one_finding(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    echo(f, "192.0.2.77", "192.0.2.78", false, 1);
    f->now += 3 * IK_NS_PER_S;
    for (uint16_t seq = 0; seq < 5; seq++)
        answers(f, 200, "198.51.100.%d", "192.0.2.1", seq);
    const struct ik_finding *found = frames_found(f, IK_DETECT_SMURF);
    assert_int_equal(frames_count(f, IK_DETECT_SMURF), 1);
    assert_int_equal(found->severity, IK_SEVERITY_HIGH);
    frames_free(f);
}

/* Many hosts answer, each to a question of its own: a monitor, seen from one side only. */
static void victim__one_replier_each__silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    echo(f, "192.0.2.77", "192.0.2.78", false, 1);
    f->now += 3 * IK_NS_PER_S;
    for (uint16_t seq = 0; seq < 200; seq++) {
        char src[48];
        snprintf(src, sizeof(src), "198.51.100.%d", seq % 200 + 1);
        echo(f, src, "192.0.2.1", true, seq);
        f->now += 20 * IK_NS_PER_MS;
    }
    frames_silent(f);
    frames_free(f);
}

/* ping -b and ping ff02::1 of our own, also when the capture begins after the first of them. */
static void own_broadcast_ping__silent(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"192.0.2.77", "192.0.2.255", "192.0.2.%d"},
        {"192.0.2.77", "255.255.255.255", "192.0.2.%d"},
        {"192.0.2.77", "224.0.0.1", "192.0.2.%d"},
        {"fe80::77", "ff02::1", "fe80::1:%x"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int late = 0; late < 2; late++) {
            struct frames *f = frames_new(parts, NULL);
            for (uint16_t seq = 0; seq < 10; seq++) {
                if (seq || !late)
                    echo(f, rows[i][0], rows[i][1], false, seq);
                answers(f, 100, rows[i][2], rows[i][0], seq);
                f->now += IK_NS_PER_S;
            }
            frames_silent(f);
            frames_free(f);
        }
    }
}

static void multicast_listeners__silent(void **state)
{
    (void)state;
    const struct ik_prefix home = frames_prefix("2001:db8::/64");
    struct frames *f = with_homes(&home, 1);
    const uint8_t query[24] = {IK_ICMP6_MLD_QUERY, 0, 0, 0, 0, 1};
    const uint8_t report[28] = {IK_ICMP6_MLD2_REPORT,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                1,
                                4,
                                0,
                                0,
                                0,
                                0xff,
                                2,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                9};
    for (int i = 0; i < 20; i++) {
        frames_raw(f, &(struct frames_head){.src = "fe80::1", .dst = "ff02::1", .ttl = 1}, query,
                   sizeof(query));
        frames_raw(f, &(struct frames_head){.src = "::", .dst = "ff02::16", .ttl = 1}, report,
                   sizeof(report));
        frames_raw(f, &(struct frames_head){.src = "fe80::2", .dst = "ff02::16", .ttl = 1}, report,
                   sizeof(report));
    }
    frames_silent(f);
    frames_free(f);
}

/* Answers to a million questions that nobody asked cannot hide many to one of them. */
static void victim__among_a_million_others__found(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const size_t bytes = f->detect_bytes;
    struct ik_rng rng = {5};
    echo(f, "192.0.2.77", "192.0.2.78", false, 1);
    f->now += 3 * IK_NS_PER_S;
    echo(f, "198.51.100.1", "192.0.2.1", true, 1);
    frames_alone(f);
    struct ik_look_packet p = f->packet;
    for (uint32_t i = 0; i < 1000000; i++) {
        const bool real = i % 20000 < 400 && i % 10 == 0; /* forty answers within 2 ms */
        p.frame.n = ++f->n;
        p.frame.time = f->now;
        ik_store_be32(p.ip.src.bytes, real ? 0xc6336400 + i % 20000 / 10 : (uint32_t)i);
        p.icmp.echo.id = real ? 1 : (uint16_t)ik_rng_next(&rng);
        p.icmp.echo.seq = real ? 1 : (uint16_t)ik_rng_next(&rng);
        ik_detect_input(f->detect, &p, true);
        f->now += 5 * IK_NS_PER_US;
    }
    const struct ik_finding *found = NULL;
    for (size_t i = 0; (found = ik_detect_open(f->detect, i)); i++) {
        if (found->detector == IK_DETECT_SMURF)
            break;
    }
    assert_non_null(found);
    assert_true(found->value >= 10);
    assert_true(ik_detect_stats(f->detect).evicted > 900000);
    assert_true(bytes < 4 << 20);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_broadcast__with_homes__only_foreign_sources),
        cmocka_unit_test(to_broadcast__by_the_frame__only_foreign_sources),
        cmocka_unit_test(from_many__one_packet__found),
        cmocka_unit_test(victim__ten_repliers_to_what_it_never_asked__found),
        cmocka_unit_test(victim__hundreds__high_and_one_finding),
        cmocka_unit_test(victim__one_replier_each__silent),
        cmocka_unit_test(own_broadcast_ping__silent),
        cmocka_unit_test(multicast_listeners__silent),
        cmocka_unit_test(victim__among_a_million_others__found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
