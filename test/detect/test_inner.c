/* SPDX-License-Identifier: MIT
 * IP packets in ICMP messages (D10): found at the first, wherever a tunnel puts them; silent on
 * errors, which carry packets by right, and on all that only looks like one. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_sender, ik_part_inner;
static const struct ik_part *const parts[] = {&ik_part_sender, &ik_part_inner, NULL};

static const struct frames_head ask = {.src = "10.0.0.1", .dst = "10.0.0.2"},
                                answer = {.src = "10.0.0.2", .dst = "10.0.0.1"},
                                ask6 = {.src = "2001:db8::1", .dst = "2001:db8::2"},
                                inside4 = {.src = "10.12.0.1", .dst = "10.12.0.2"},
                                inside6 = {.src = "fd00::1", .dst = "fd00::2"};
static const uint8_t text[1000] = "GET / HTTP/1.0";

enum { AHEAD = 6 };

struct packet {
    uint8_t bytes[FRAMES_BYTES]; /* AHEAD octets, then the packet */
    size_t n;                    /* of the packet */
};

/* The packet with `head` octets of a tunnel before it. */
static const uint8_t *after(const struct packet *p, size_t head)
{
    return p->bytes + AHEAD - head;
}

static void make(struct packet *p, const struct frames_head *h, size_t data_bytes)
{
    const struct ik_tcp tcp = {
        .sport = 40000, .dport = 80, .flags = IK_TCP_ACK, .data = {text, data_bytes}};
    memcpy(p->bytes, "hanc\7\7", AHEAD);
    p->n = frames_make_tcp(h, &tcp, p->bytes + AHEAD);
}

static void inner__ipv4_at_each_place__is_found_at_the_first(void **state)
{
    static const size_t places[] = {0, 4, 5, 6};
    static struct packet p;
    (void)state;
    make(&p, &inside4, 100);
    for (int k = 0; k < 8; k++) {
        struct frames *f = frames_new(parts, NULL);
        const size_t head = places[k / 2];
        frames_echo(f, k % 2 ? &ask : &ask6, false, 1, 1, after(&p, head), p.n + head);
        const struct ik_finding *x = frames_found(f, IK_DETECT_IP_IN_ICMP);
        assert_int_equal(x->severity, IK_SEVERITY_MEDIUM); /* anybody can make one */
        assert_int_equal(x->remedy, IK_REMEDY_NONE);
        assert_int_equal(x->value, 1);
        assert_int_equal(x->threshold, 3);
        assert_memory_equal(x->evidence[0].bytes, p.bytes + AHEAD, IK_EVIDENCE_BYTES);
        frames_free(f);
    }
}

static void inner__three_packets_both_ways__are_to_be_blocked(void **state)
{
    static struct packet p;
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    make(&p, &inside4, 30);
    frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n);
    frames_echo(f, &answer, true, 1, 1, after(&p, 0), p.n);
    assert_int_equal(frames_found(f, IK_DETECT_IP_IN_ICMP)->remedy, IK_REMEDY_NONE);
    frames_echo(f, &ask, false, 1, 2, after(&p, 0), p.n);
    frames_stop(f);
    const struct ik_finding *x = frames_found(f, IK_DETECT_IP_IN_ICMP);
    assert_int_equal(x->severity, IK_SEVERITY_HIGH);
    assert_int_equal(x->remedy, IK_REMEDY_BLOCK_PAIR);
    assert_int_equal(x->value, 3);
    assert_int_equal(x->packets, 3);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    const struct ik_addr client = frames_addr("10.0.0.1"), server = frames_addr("10.0.0.2");
    assert_true(ik_addr_equal(&x->src, &client));
    assert_true(ik_addr_equal(&x->dst, &server));
    frames_free(f);
}

/* Without a checksum in its header one may be chance. */
static void inner__ipv6__one_is_low_and_three_are_high(void **state)
{
    static struct packet p;
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    make(&p, &inside6, 200);
    frames_echo(f, &ask, false, 1, 1, after(&p, 5), p.n + 5);
    assert_int_equal(frames_found(f, IK_DETECT_IP_IN_ICMP)->severity, IK_SEVERITY_LOW);
    frames_echo(f, &ask, false, 1, 2, after(&p, 5), p.n + 5);
    assert_int_equal(frames_found(f, IK_DETECT_IP_IN_ICMP)->severity, IK_SEVERITY_LOW);
    frames_echo(f, &ask, false, 1, 3, after(&p, 5), p.n + 5);
    assert_int_equal(frames_found(f, IK_DETECT_IP_IN_ICMP)->severity, IK_SEVERITY_HIGH);
    frames_free(f);
}

static void inner__three_in_more_than_a_minute__are_not_to_be_blocked(void **state)
{
    static struct packet p;
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    make(&p, &inside4, 30);
    for (int i = 0; i < 5; i++) {
        frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n);
        f->now += 31 * IK_NS_PER_S;
    }
    frames_stop(f);
    assert_int_equal(frames_found(f, IK_DETECT_IP_IN_ICMP)->remedy, IK_REMEDY_NONE);
    frames_free(f);
}

/* Types that nobody knows, and queries that are none. */
static void inner__in_other_messages__is_found(void **state)
{
    static const uint8_t types[] = {0, 1, 2, 7, 8, 13, 15, 38, 200, 253};
    static struct packet p;
    (void)state;
    make(&p, &inside4, 30);
    for (size_t i = 0; i < sizeof(types); i++) {
        struct frames *f = frames_new(parts, NULL);
        uint8_t message[400] = {types[i]};
        memcpy(message + 8, after(&p, 0), p.n);
        frames_raw(f, &ask, message, 8 + p.n);
        frames_found(f, IK_DETECT_IP_IN_ICMP);
        frames_free(f);
    }
}

static void inner__capture_that_cuts_packets__is_found(void **state)
{
    static struct packet p;
    static uint8_t whole[FRAMES_BYTES];
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    make(&p, &inside4, 1000);
    const size_t n = frames_make_echo(&ask, false, 1, 1, after(&p, 4), p.n + 4, whole);
    frames_put(f, IK_LINKTYPE_RAW, whole, 20 + 8 + 4 + 19);
    frames_silent(f); /* not even the header is there */
    frames_put(f, IK_LINKTYPE_RAW, whole, 20 + 8 + 4 + 20);
    frames_found(f, IK_DETECT_IP_IN_ICMP);
    assert_true(n > 1000);
    frames_free(f);
}

/* In fragments too: the looker puts them together. */
static void inner__tunnel_in_fragments__is_found(void **state)
{
    static struct packet p;
    static uint8_t whole[FRAMES_BYTES];
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    make(&p, &inside4, 900);
    const size_t n = frames_make_echo(&ask, false, 1, 1, after(&p, 0), p.n, whole) - 20;
    struct frames_head first = ask, last = ask;
    first.mf = true;
    last.offset_bytes = 480;
    frames_ip(f, &first, whole + 20, 480);
    frames_silent(f);
    frames_ip(f, &last, whole + 20 + 480, n - 480);
    frames_found(f, IK_DETECT_IP_IN_ICMP);
    frames_free(f);
}

static void inner__errors_and_their_quotes__are_silent(void **state)
{
    static const uint8_t types4[] = {3, 4, 5, 11, 12, 31, 40},
                         types6[] = {1, 2, 3, 4, 100, 101, 127};
    static struct packet p4, p6;
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    make(&p4, &inside4, 300);
    make(&p6, &inside6, 300);
    for (size_t i = 0; i < sizeof(types4); i++) {
        uint8_t message[600] = {types4[i]};
        memcpy(message + 8, after(&p4, 0), p4.n);
        frames_raw(f, &answer, message, 8 + p4.n);
    }
    for (size_t i = 0; i < sizeof(types6); i++) {
        uint8_t message[600] = {types6[i]};
        memcpy(message + 8, after(&p6, 0), p6.n);
        frames_raw(f, &ask6, message, 8 + p6.n);
    }
    frames_silent(f);
    frames_free(f);
}

/* One octet too many or too few, or one bit of the header that is another. */
static void inner__what_is_nearly_a_packet__is_silent(void **state)
{
    static struct packet p;
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    make(&p, &inside4, 100);
    frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n + 1);
    frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n - 1);
    frames_echo(f, &ask, false, 1, 1, after(&p, 1), p.n + 1);
    frames_echo(f, &ask, false, 1, 1, after(&p, 0), 19);
    for (size_t bit = 0; bit < 160; bit++) {
        p.bytes[AHEAD + bit / 8] ^= (uint8_t)(1 << bit % 8);
        frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n);
        p.bytes[AHEAD + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    make(&p, &inside6, 100);
    frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n + 1);
    frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n - 1);
    p.bytes[AHEAD + 6] = 254; /* nothing that anybody sends */
    frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n);
    frames_silent(f);
    frames_free(f);
}

static void inner__random_and_usual_payloads__are_silent(void **state)
{
    uint8_t data[1472];
    struct ik_rng rng = {5};
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int i = 0; i < 100000; i++) {
        const size_t n = 20 + ik_rng_below(&rng, 60);
        for (size_t k = 0; k < n; k += 8)
            ik_store_be64(data + k, ik_rng_next(&rng));
        frames_echo(f, i % 2 ? &ask : &ask6, i % 3 == 0, 1, (uint16_t)i, data, n);
    }
    for (size_t n = 0; n <= sizeof(data); n++) {
        for (size_t k = 0; k < n; k++)
            data[k] = (uint8_t)k;
        frames_echo(f, &ask, false, 1, (uint16_t)n, data, n);
        memset(data, 0x45, n);
        frames_echo(f, &ask, false, 1, (uint16_t)n, data, n);
    }
    frames_silent(f);
    frames_free(f);
}

static void inner__switched_off_or_allowed__is_silent(void **state)
{
    static struct packet p;
    (void)state;
    make(&p, &inside4, 30);
    for (int how = 0; how < 2; how++) {
        struct ik_detect_cfg cfg = ik_detect_defaults();
        const struct ik_detect_allow allow = {frames_prefix("10.0.0.1/32"),
                                              1u << IK_DETECT_IP_IN_ICMP};
        cfg.off = how ? 1u << IK_DETECT_IP_IN_ICMP : 0;
        cfg.allow = &allow;
        cfg.n_allow = !how;
        struct frames *f = frames_new(parts, &cfg);
        frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n);
        frames_silent(f);
        frames_free(f);
    }
}

/* A million made-up sources with a packet each: memory is what it was, and who goes on is named. */
static void inner__many_made_up_sources__the_tunnel_is_named(void **state)
{
    static struct packet p;
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    make(&p, &inside4, 10);
    for (uint32_t i = 0; i < 1000000; i++) {
        char src[32];
        snprintf(src, sizeof(src), "11.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        frames_echo(f, &(struct frames_head){.src = src, .dst = "10.3.0.1"}, false, 1, 1,
                    after(&p, 0), p.n);
        f->now += 1000;
        if (i > 500000 && i % 100 == 0)
            frames_echo(f, &ask, false, 1, 1, after(&p, 0), p.n);
    }
    const struct ik_addr client = frames_addr("10.0.0.1");
    bool named = false;
    for (size_t i = 0; i < f->n_found; i++)
        named |=
            ik_addr_equal(&f->found[i].src, &client) && f->found[i].remedy == IK_REMEDY_BLOCK_PAIR;
    assert_true(named);
    assert_true(f->n_found <= IK_BOOK_SOURCES * 2);
    assert_true(ik_detect_stats(f->detect).evicted > 0);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inner__ipv4_at_each_place__is_found_at_the_first),
        cmocka_unit_test(inner__three_packets_both_ways__are_to_be_blocked),
        cmocka_unit_test(inner__ipv6__one_is_low_and_three_are_high),
        cmocka_unit_test(inner__three_in_more_than_a_minute__are_not_to_be_blocked),
        cmocka_unit_test(inner__in_other_messages__is_found),
        cmocka_unit_test(inner__capture_that_cuts_packets__is_found),
        cmocka_unit_test(inner__tunnel_in_fragments__is_found),
        cmocka_unit_test(inner__errors_and_their_quotes__are_silent),
        cmocka_unit_test(inner__what_is_nearly_a_packet__is_silent),
        cmocka_unit_test(inner__random_and_usual_payloads__are_silent),
        cmocka_unit_test(inner__switched_off_or_allowed__is_silent),
        cmocka_unit_test(inner__many_made_up_sources__the_tunnel_is_named),
    };
    return cmocka_run_group_tests_name("inner", tests, NULL, NULL);
}
