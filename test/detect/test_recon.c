/* SPDX-License-Identifier: MIT
 * Requests that tell about a host, and types that nothing needs any more. */
#include "frames.h"

extern const struct ik_part ik_part_recon;

static const struct ik_part *const parts[] = {&ik_part_recon, NULL};

static void ask(struct frames *f, const char *src, const char *dst, uint8_t type)
{
    /* Long enough for each of them. */
    const uint8_t message[24] = {type};
    frames_raw(f, &(struct frames_head){.src = src, .dst = dst}, message, sizeof(message));
    f->now += IK_NS_PER_MS;
}

/* nmap -PP -PM */
static void two_kinds__within_a_minute__a_scan(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    ask(f, "203.0.113.5", "192.0.2.1", IK_ICMP4_TIMESTAMP);
    assert_int_equal(frames_found(f, IK_DETECT_RECON)->severity, IK_SEVERITY_INFO);
    ask(f, "203.0.113.5", "192.0.2.1", IK_ICMP4_MASK);
    const struct ik_finding *found = frames_found(f, IK_DETECT_RECON);
    assert_int_equal(found->severity, IK_SEVERITY_MEDIUM);
    assert_int_equal(found->value, 2);
    assert_int_equal(found->packets, 2);
    assert_int_equal(found->n_evidence, 2);
    assert_int_equal(found->limit, IK_LIM_RECON_KINDS);
    assert_int_equal(f->n_found, 1);
    frames_free(f);
}

static void two_kinds__of_two_sources_or_later__no_scan(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    ask(f, "203.0.113.5", "192.0.2.1", IK_ICMP4_TIMESTAMP);
    ask(f, "203.0.113.6", "192.0.2.1", IK_ICMP4_MASK);
    f->now += 61 * IK_NS_PER_S;
    ask(f, "203.0.113.5", "192.0.2.1", IK_ICMP4_MASK);
    for (int i = 0; i < 10; i++) /* the same kind many times is one kind */
        ask(f, "203.0.113.5", "192.0.2.1", IK_ICMP4_MASK);
    for (size_t i = 0; i < f->n_found; i++)
        assert_int_equal(f->found[i].severity, IK_SEVERITY_INFO);
    assert_true(f->n_found >= 2);
    frames_free(f);
}

/* A node information query and an extended echo request of one /64. */
static void two_kinds__ipv6_of_one_net__a_scan(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    ask(f, "2001:db8::5", "2001:db8:1::1", IK_ICMP6_NODE_QUERY);
    ask(f, "2001:db8::6", "2001:db8:1::1", IK_ICMP6_EXT_ECHO);
    assert_int_equal(frames_found(f, IK_DETECT_RECON)->severity, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* R6918-2-02: traffic of deprecated types is reported as obsolete. */
static void obsolete_type__alone__reported(void **state)
{
    (void)state;
    static const uint8_t obsolete[] = {6, 15, 16, 17, 18, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39};
    for (size_t i = 0; i < sizeof(obsolete); i++) {
        struct frames *f = frames_new(parts, NULL);
        ask(f, "203.0.113.5", "192.0.2.1", obsolete[i]);
        const struct ik_finding *found = frames_found(f, IK_DETECT_RECON);
        assert_int_equal(found->severity, IK_SEVERITY_INFO);
        assert_int_equal(found->type, obsolete[i]);
        assert_non_null(strstr(found->why, "deprecated"));
        assert_int_equal(found->remedy, IK_REMEDY_DROP_TYPE);
        frames_free(f);
    }
}

/* The same numbers mean something else in IPv6, and answers are not the scanner's. */
static void other_types__silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    static const uint8_t v4[] = {0, 3, 4, 5, 8, 9, 10, 11, 12, 14, 40, 41, 43, 253};
    for (size_t i = 0; i < sizeof(v4); i++)
        ask(f, "203.0.113.5", "192.0.2.1", v4[i]);
    for (int type = 0; type < 256; type++) {
        if (type != IK_ICMP6_NODE_QUERY && type != IK_ICMP6_EXT_ECHO)
            ask(f, "2001:db8::5", "2001:db8:1::1", (uint8_t)type);
    }
    frames_silent(f);
    frames_free(f);
}

static void allowed_source__silent(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_detect_allow allow = {.source = frames_prefix("203.0.113.5/32"),
                                          .detectors = 1u << IK_DETECT_RECON};
    cfg.allow = &allow;
    cfg.n_allow = 1;
    struct frames *f = frames_new(parts, &cfg);
    ask(f, "203.0.113.5", "192.0.2.1", IK_ICMP4_TIMESTAMP);
    ask(f, "203.0.113.5", "192.0.2.1", IK_ICMP4_MASK);
    frames_silent(f);
    ask(f, "203.0.113.6", "192.0.2.1", IK_ICMP4_MASK);
    frames_found(f, IK_DETECT_RECON);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_kinds__within_a_minute__a_scan),
        cmocka_unit_test(two_kinds__of_two_sources_or_later__no_scan),
        cmocka_unit_test(two_kinds__ipv6_of_one_net__a_scan),
        cmocka_unit_test(obsolete_type__alone__reported),
        cmocka_unit_test(other_types__silent),
        cmocka_unit_test(allowed_source__silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
