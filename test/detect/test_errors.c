/* SPDX-License-Identifier: MIT
 * Floods of errors, and loops. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_errors;

/* Stands for the part that knows flows: what it would say of the next error. */
static enum ik_quoted says;

static size_t flows_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return 0;
}

static void flows_init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

static void flows_input(void *state, struct ik_sight *s)
{
    (void)state;
    s->quoted = says;
}

static const struct ik_part flows = {IK_WANTS_ICMP, flows_bytes, flows_init,
                                     flows_input,   NULL,        NULL};
static const struct ik_part *const parts[] = {&flows, &ik_part_errors, NULL};

static const struct frames_head from = {.src = "203.0.113.5", .dst = "192.0.2.1"};

static struct frames *begin(enum ik_quoted what)
{
    says = what;
    return frames_new(parts, NULL);
}

/* n errors of one kind, `gap` apart, about UDP of the receiver; before each of them the receiver
 * sends that many packets. */
static void errors(struct frames *f, int n, ik_ns gap, uint8_t type, uint8_t code, int sends)
{
    uint8_t quote[FRAMES_BYTES];
    for (int i = 0; i < n; i++) {
        const struct frames_head to = {.src = "192.0.2.1", .dst = "203.0.113.5"};
        const uint16_t port = (uint16_t)(i % 60000 + 1);
        for (int k = 0; k < sends; k++)
            frames_udp(f, &to, 4000, port, 0);
        frames_error(f, &from, type, code, 0, quote, frames_make_udp(&to, 4000, port, 0, quote));
        f->now += gap;
    }
}

/* ---- floods ---------------------------------------------------------------------------------- */

/* BlackNurse: 3/3 that quote nothing that was sent; and the same where nobody knows flows yet. */
static void flood__40000_a_second__found_within_a_second(void **state)
{
    (void)state;
    static const enum ik_quoted what[] = {IK_QUOTED_UNKNOWN, IK_QUOTED_UNOBSERVED,
                                          IK_QUOTED_NOTHING};
    for (int i = 0; i < 3; i++) {
        struct frames *f = begin(what[i]);
        errors(f, 40000, 25 * IK_NS_PER_US, IK_ICMP4_UNREACHABLE, 3, 0);
        frames_stop(f);
        const struct ik_finding *found = frames_found(f, IK_DETECT_ERROR_FLOOD);
        const struct ik_addr dst = frames_addr("192.0.2.1");
        assert_true(ik_addr_same_host(&found->dst, &dst));
        assert_int_equal(found->severity, IK_SEVERITY_HIGH);
        assert_true(found->first - 1000 * IK_NS_PER_S < IK_NS_PER_S / 4);
        assert_int_equal(found->remedy, IK_REMEDY_LIMIT_UNKNOWN);
        assert_int_equal(found->type, IK_ICMP4_UNREACHABLE);
        assert_int_equal(f->n_found, 1);
        frames_free(f);
    }
}

static void flood__unknown_quotes__limit_is_a_tenth(void **state)
{
    (void)state;
    struct frames *f = begin(IK_QUOTED_UNKNOWN);
    errors(f, 100, IK_NS_PER_MS, IK_ICMP4_TIME_EXCEEDED, 0, 0);
    frames_silent(f);
    errors(f, 1, 0, IK_ICMP4_TIME_EXCEEDED, 0, 0);
    assert_int_equal(frames_found(f, IK_DETECT_ERROR_FLOOD)->limit, IK_LIM_ERROR_UNKNOWN);
    frames_free(f);
}

/* One in eight is known: nine in ten would be needed. */
static void flood__too_many_known_quotes__silent_below_the_limit_of_all(void **state)
{
    (void)state;
    struct frames *f = begin(IK_QUOTED_UNKNOWN);
    for (int i = 0; i < 800; i++) {
        says = i % 8 ? IK_QUOTED_UNKNOWN : IK_QUOTED_KNOWN;
        errors(f, 1, IK_NS_PER_MS, IK_ICMP4_UNREACHABLE, 1, 0);
    }
    frames_silent(f);
    frames_free(f);
}

static void flood__unobserved_quotes__are_neither(void **state)
{
    (void)state;
    struct frames *f = begin(IK_QUOTED_UNOBSERVED);
    for (int second = 0; second < 5; second++)
        errors(f, 900, IK_NS_PER_S / 900, IK_ICMP4_UNREACHABLE, 3, 0);
    frames_silent(f);
    frames_free(f);
}

/* A scan of closed ports that we ran: an error for each packet, known or, when there are more flows
 * than anybody remembers, not observed; and its end, when answers come to what was sent before. */
static void own_scan__an_error_for_each_packet__silent(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct frames *f = begin(i ? IK_QUOTED_UNOBSERVED : IK_QUOTED_KNOWN);
        errors(f, 20000, 100 * IK_NS_PER_US, IK_ICMP4_UNREACHABLE, 3, 1);
        errors(f, 1000, 100 * IK_NS_PER_US, IK_ICMP4_UNREACHABLE, 3, 0);
        frames_silent(f);
        frames_free(f);
    }
}

/* A quote that is known does not excuse more errors than packets. */
static void flood__replayed_known_quote__found(void **state)
{
    (void)state;
    struct frames *f = begin(IK_QUOTED_KNOWN);
    for (int i = 0; i < 500; i++)
        errors(f, 10, 200 * IK_NS_PER_US, IK_ICMP4_UNREACHABLE, 3, i % 2);
    errors(f, 2000, 200 * IK_NS_PER_US, IK_ICMP4_UNREACHABLE, 3, 0);
    frames_found(f, IK_DETECT_ERROR_FLOOD);
    frames_free(f);
}

static void flood__ipv6__types_1_to_4(void **state)
{
    (void)state;
    const struct frames_head h = {.src = "2001:db8:9::1", .dst = "2001:db8::1"};
    uint8_t quote[FRAMES_BYTES];
    const size_t n =
        frames_make_udp(&(struct frames_head){.src = h.dst, .dst = h.src}, 1, 2, 0, quote);
    for (uint8_t type = 1; type <= 5; type++) {
        struct frames *f = begin(IK_QUOTED_UNKNOWN);
        for (int i = 0; i < 200; i++) {
            frames_error(f, &h, type, 0, 0, quote, n);
            f->now += IK_NS_PER_MS;
        }
        assert_int_equal(frames_count(f, IK_DETECT_ERROR_FLOOD), type <= 4);
        frames_free(f);
    }
}

static void flood__other_messages__not_counted(void **state)
{
    (void)state;
    struct frames *f = begin(IK_QUOTED_UNKNOWN);
    for (int i = 0; i < 5000; i++) {
        frames_echo(f, &from, i % 2, 1, (uint16_t)i, "data", 4);
        f->now += IK_NS_PER_MS / 10;
    }
    frames_silent(f);
    frames_free(f);
}

/* ---- loops ----------------------------------------------------------------------------------- */

static void expired(struct frames *f, const char *router, const char *dst, uint16_t id,
                    uint16_t seq)
{
    uint8_t quote[FRAMES_BYTES];
    const bool v6 = frames_addr(dst).family == 6;
    const char *src = v6 ? "2001:db8::1" : "192.0.2.1";
    const size_t n = frames_make_echo(
        &(struct frames_head){.src = src, .dst = dst, .ttl = 1, .id = (uint32_t)seq + 1}, false, id,
        seq, "data", 4, quote);
    frames_error(f, &(struct frames_head){.src = router, .dst = src},
                 v6 ? IK_ICMP6_TIME_EXCEEDED : IK_ICMP4_TIME_EXCEEDED, 0, 0, quote, n);
}

/* What comes back when one flow runs into a loop of two routers at that rate. */
static void loop__fifty_a_second__found(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"203.0.113.1", "198.51.100.9"},
                                          {"2001:db8:3::1", "2001:db8:9::9"}};
    for (int i = 0; i < 2; i++) {
        struct frames *f = begin(IK_QUOTED_KNOWN);
        for (uint16_t seq = 0; seq < 49; seq++) {
            expired(f, rows[i][0], rows[i][1], 7, seq);
            f->now += 15 * IK_NS_PER_MS;
        }
        frames_silent(f);
        expired(f, rows[i][0], rows[i][1], 7, 49);
        const struct ik_finding *found = frames_found(f, IK_DETECT_TTL_STORM);
        const struct ik_addr router = frames_addr(rows[i][0]), dst = frames_addr(rows[i][1]);
        assert_true(ik_addr_same_host(&found->src, &router));
        assert_true(ik_addr_same_host(&found->dst, &dst));
        assert_int_equal(found->value, 50);
        assert_int_equal(f->n_found, 1);
        frames_free(f);
    }
}

/* 49 in each second, over and over. */
static void loop__below_the_limit__silent(void **state)
{
    (void)state;
    struct frames *f = begin(IK_QUOTED_KNOWN);
    for (int second = 0; second < 10; second++) {
        for (uint16_t seq = 0; seq < 49; seq++)
            expired(f, "203.0.113.1", "198.51.100.9", 7, seq);
        f->now += IK_NS_PER_S;
    }
    frames_silent(f);
    frames_free(f);
}

/* A hundred people trace through the same router, ten times a second each (mtr -i 0.1); and one
 * traces ports, each of which is another flow. */
static void tracers__through_one_router__silent(void **state)
{
    (void)state;
    struct frames *f = begin(IK_QUOTED_KNOWN);
    for (int i = 0; i < 3000; i++) {
        char dst[32];
        snprintf(dst, sizeof(dst), "198.51.100.%d", i % 100 + 1);
        expired(f, "203.0.113.1", dst, (uint16_t)(i % 100), (uint16_t)i);
        f->now += IK_NS_PER_MS;
    }
    for (uint16_t i = 0; i < 500; i++) {
        uint8_t quote[FRAMES_BYTES];
        const struct frames_head sent = {.src = "192.0.2.1", .dst = "198.51.100.1", .ttl = 1};
        const size_t n = frames_make_udp(&sent, 40000, (uint16_t)(33434 + i), 0, quote);
        frames_error(f, &(struct frames_head){.src = "203.0.113.1", .dst = "192.0.2.1"},
                     IK_ICMP4_TIME_EXCEEDED, 0, 0, quote, n);
        f->now += 5 * IK_NS_PER_MS;
    }
    frames_silent(f);
    frames_free(f);
}

/* ---- state ----------------------------------------------------------------------------------- */

/* Two hundred thousand hosts get an error each a second, and one gets a flood. */
static void flood__among_many_others__found(void **state)
{
    (void)state;
    struct frames *f = begin(IK_QUOTED_UNKNOWN);
    struct ik_rng rng = {9};
    errors(f, 1, 0, IK_ICMP4_UNREACHABLE, 3, 0);
    frames_alone(f);
    struct ik_look_packet p = f->packet;
    for (uint32_t i = 0; i < 400000; i++) {
        const bool real = i % 100 == 0; /* 2000 a second */
        p.frame.n = ++f->n;
        p.frame.time = f->now;
        ik_store_be32(p.ip.dst.bytes, real ? 0xc0000201 : (uint32_t)ik_rng_next(&rng));
        ik_detect_input(f->detect, &p, true);
        f->now += 5 * IK_NS_PER_US;
    }
    frames_tick(f);
    const struct ik_addr dst = frames_addr("192.0.2.1");
    assert_true(ik_addr_same_host(&frames_found(f, IK_DETECT_ERROR_FLOOD)->dst, &dst));
    assert_int_equal(frames_count(f, IK_DETECT_ERROR_FLOOD), 1);
    assert_true(ik_detect_stats(f->detect).evicted > 300000);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flood__40000_a_second__found_within_a_second),
        cmocka_unit_test(flood__unknown_quotes__limit_is_a_tenth),
        cmocka_unit_test(flood__too_many_known_quotes__silent_below_the_limit_of_all),
        cmocka_unit_test(flood__unobserved_quotes__are_neither),
        cmocka_unit_test(own_scan__an_error_for_each_packet__silent),
        cmocka_unit_test(flood__replayed_known_quote__found),
        cmocka_unit_test(flood__ipv6__types_1_to_4),
        cmocka_unit_test(flood__other_messages__not_counted),
        cmocka_unit_test(loop__fifty_a_second__found),
        cmocka_unit_test(loop__below_the_limit__silent),
        cmocka_unit_test(tracers__through_one_router__silent),
        cmocka_unit_test(flood__among_many_others__found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
