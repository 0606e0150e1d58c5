/* SPDX-License-Identifier: MIT
 * Data in fields that should have none (D14): once is worth knowing, three times a habit; fields
 * that are used by right, and senders that are only odd, are silent. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_sender, ik_part_tool, ik_part_covert;
static const struct ik_part *const parts[] = {&ik_part_sender, &ik_part_covert, NULL};
static const struct ik_part *const with_tool[] = {&ik_part_sender, &ik_part_tool, &ik_part_covert,
                                                  NULL};

#define S IK_NS_PER_S

static const struct frames_head out = {.src = "10.0.0.1", .dst = "10.0.0.2"},
                                back = {.src = "10.0.0.2", .dst = "10.0.0.1"},
                                out6 = {.src = "2001:db8::1", .dst = "2001:db8::2"};

/* A message as it may be; its checksum is put in. */
struct message {
    bool v6;
    uint8_t n, bytes[64];
};

static void put(struct frames *f, const struct message *m)
{
    frames_raw(f, m->v6 ? &out6 : &out, m->bytes, m->n);
}

static const struct message odd[] = {
    /* echo with a code */
    {.n = 16, .bytes = {8, 3, 0, 0, 0, 1, 0, 1, 'd', 'a', 't', 'a', 'm', 'o', 'r', 'e'}},
    {.n = 16, .bytes = {0, 255, 0, 0, 0, 1, 0, 1, 'd', 'a', 't', 'a'}},
    {.n = 16, .v6 = true, .bytes = {128, 1, 0, 0, 0, 1, 0, 1, 'd', 'a', 't', 'a'}},
    {.n = 8, .bytes = {8, 1, 0, 0, 0, 1, 0, 1}}, /* also of senders that we know */
    {.n = 20, .bytes = {8, 1, 0, 0, 0, 1, 0, 1, 'd', 'a', 't', 'a'}},
    /* bytes behind the end */
    {.n = 24, .bytes = {13, 0, 0, 0, 0, 1, 0, 1, [20] = 'd', 'a', 't', 'a'}},
    {.n = 21, .bytes = {14, 0, 0, 0, 0, 1, 0, 1, [20] = 1}},
    {.n = 16, .bytes = {17, 0, 0, 0, 0, 1, 0, 1, [12] = 'd'}},
    {.n = 16, .bytes = {18, 0, 0, 0, 0, 1, 0, 1, 255, 255, 255, 0, 'd'}},
    {.n = 12, .bytes = {15, 0, 0, 0, 0, 1, 0, 1, 'd'}},
    /* 86,400,000 ms are no time of a day, in either order of bytes */
    {.n = 20, .bytes = {13, 0, 0, 0, 0, 1, 0, 1, 0x05, 0x26, 0x5c, 0x05}},
    {.n = 20, .bytes = {14, 0, 0, 0, 0, 1, 0, 1, [12] = 't', 'e', 'x', 't'}},
    {.n = 20, .bytes = {14, 0, 0, 0, 0, 1, 0, 1, [16] = 0x7f, 0xff, 0xff, 0xff}},
    /* unused octets of errors */
    {.n = 36, .bytes = {3, 1, 0, 0, 1, 0, 0, 0, 0x45}},
    {.n = 36, .bytes = {3, 3, 0, 0, 0, 0, 5, 0, 0x45}},
    {.n = 36, .bytes = {3, 4, 0, 0, 1, 0, 5, 0, 0x45}},
    {.n = 36, .bytes = {4, 0, 0, 0, 0, 1, 0, 0, 0x45}},
    {.n = 36, .bytes = {11, 0, 0, 0, 0, 0, 0, 1, 0x45}},
    {.n = 36, .bytes = {12, 0, 0, 0, 20, 0, 1, 0, 0x45}},
    {.n = 56, .v6 = true, .bytes = {1, 4, 0, 0, 0, 1, 0, 0, 0x60}},
    {.n = 56, .v6 = true, .bytes = {3, 0, 0, 0, 0, 0, 0, 1, 0x60}},
};

static const struct message right[] = {
    {.n = 16, .bytes = {8, 0, 0, 0, 0, 1, 0, 1, 'd', 'a', 't', 'a'}},
    {.n = 20, .bytes = {13, 0, 0, 0, 0, 1, 0, 1}},
    {.n = 20, .bytes = {14, 0, 0, 0, 0, 1, 0, 1, 0x05, 0x26, 0x5b, 0xff}}, /* 86,399,999 */
    {.n = 20, .bytes = {14, 0, 0, 0, 0, 1, 0, 1, 0xff, 0x5b, 0x26, 0x05}}, /* Windows' order */
    {.n = 20, .bytes = {14, 0, 0, 0, 0, 1, 0, 1, 0x80, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}},
    {.n = 40, .bytes = {13, 0, 0, 0, 0, 1, 0, 1}}, /* zeros behind it */
    {.n = 12, .bytes = {18, 0, 0, 0, 0, 1, 0, 1, 255, 255, 255, 0}},
    {.n = 36, .bytes = {3, 4, 0, 0, 0, 0, 5, 0x78, 0x45}},            /* MTU 1400 */
    {.n = 36, .bytes = {3, 4, 0, 0, 0, 32, 5, 0x78, 0x45}},           /* and RFC 4884 */
    {.n = 36, .bytes = {3, 13, 0, 0, 0, 32, 0, 0, 0x45}},             /* RFC 4884 */
    {.n = 36, .bytes = {11, 0, 0, 0, 0, 32, 0, 0, 0x45}},             /* RFC 4884 */
    {.n = 36, .bytes = {12, 0, 0, 0, 21, 32, 0, 0, 0x45}},            /* pointer, RFC 4884 */
    {.n = 36, .bytes = {5, 1, 0, 0, 192, 0, 2, 1, 0x45}},             /* gateway */
    {.n = 36, .bytes = {31, 0, 0, 0, 1, 2, 3, 4, 0x45}},              /* pointer */
    {.n = 56, .v6 = true, .bytes = {1, 4, 0, 0, 16, 0, 0, 0, 0x60}},  /* RFC 4884 */
    {.n = 56, .v6 = true, .bytes = {3, 0, 0, 0, 16, 0, 0, 0, 0x60}},  /* RFC 4884 */
    {.n = 56, .v6 = true, .bytes = {2, 0, 0, 0, 0, 0, 5, 0, 0x60}},   /* MTU */
    {.n = 56, .v6 = true, .bytes = {4, 0, 0, 0, 0, 0, 0, 40, 0x60}},  /* pointer */
    {.n = 56, .v6 = true, .bytes = {100, 0, 0, 0, 1, 2, 3, 4, 0x60}}, /* nobody knows */
};

static void covert__each_field__is_told_once_and_medium_at_the_third(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct frames *f = frames_new(parts, NULL);
        for (int n = 1; n <= 3; n++) {
            put(f, &odd[i]);
            const struct ik_finding *x = frames_found(f, IK_DETECT_COVERT_FIELD);
            if (x->severity != (n < 3 ? IK_SEVERITY_INFO : IK_SEVERITY_MEDIUM))
                fail_msg("row %zu, packet %d: %s", i, n, ik_severity_name(x->severity));
            assert_true((x->remedy == IK_REMEDY_NONE) ==
                        (n < 3 || ik_icmp_is_error(odd[i].v6 ? 6 : 4, odd[i].bytes[0])));
            f->now += 20 * S;
        }
        frames_stop(f);
        assert_int_equal(frames_find(f, IK_DETECT_COVERT_FIELD)->value, 3);
        assert_int_equal(frames_find(f, IK_DETECT_COVERT_FIELD)->threshold, 3);
        assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
        frames_free(f);
    }
}

static void covert__two_in_each_minute__stay_worth_knowing(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int i = 0; i < 20; i++) {
        put(f, &odd[0]);
        f->now += i % 2 ? 59 * S : 2 * S;
    }
    for (size_t i = 0; i < f->n_found; i++)
        assert_int_equal(f->found[i].severity, IK_SEVERITY_INFO);
    frames_free(f);
}

static void covert__fields_that_are_used_by_right__are_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int n = 0; n < 5; n++) {
        for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
            put(f, &right[i]);
    }
    frames_silent(f);
    frames_free(f);
}

/* Its first request has code 9, on purpose; a kernel returns it. */
/* busybox ping -p: its pattern is also its code. */
static void covert__pattern_that_fills_the_code__is_silent(void **state)
{
    uint8_t message[64];
    (void)state;
    struct frames *f = frames_new(with_tool, NULL);
    for (uint8_t i = 0; i < 10; i++) {
        memset(message, 0x77, sizeof(message));
        message[0] = i % 2 ? 0 : 8;
        ik_store_be32(message + 8, i * 12345u);
        frames_raw(f, i % 2 ? &back : &out, message, sizeof(message));
    }
    frames_silent(f);
    frames_free(f);
}

static void covert__operating_system_scan__is_silent(void **state)
{
    uint8_t request[8 + 120] = {8, 9, 0, 0, 0x12, 0x34, 1, 39}, reply[8 + 120] = {0};
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    memcpy(reply + 1, request + 1, 7);
    for (int i = 0; i < 5; i++) {
        frames_raw(f, &out, request, sizeof(request));
        frames_raw(f, &back, reply, sizeof(reply));
    }
    frames_silent(f);
    frames_free(f);
}

/* Gives an echo request whose checksum is wrong. */
static void put_spoilt(struct frames *f, const void *data, size_t n)
{
    static uint8_t bytes[FRAMES_BYTES];
    const size_t len = frames_make_echo(&out, false, 1, 1, data, n, bytes);
    bytes[20 + 2] ^= 0x40;
    frames_put(f, IK_LINKTYPE_RAW, bytes, len);
}

/* A broken card spoils what a known sender made; in data of nobody's it may be a channel. */
static void checksum__of_a_known_sender__is_low_and_else_medium(void **state)
{
    static const uint8_t zeros[56];
    (void)state;
    for (int known = 0; known < 2; known++) {
        struct frames *f = frames_new(parts, NULL);
        for (int n = 1; n <= 10; n++) {
            put_spoilt(f,
                       known ? zeros
                             : (const uint8_t *)"a message of somebody to somebody else, "
                                                "I guess, and no more",
                       56);
            const struct ik_finding *x = frames_found(f, IK_DETECT_COVERT_FIELD);
            assert_int_equal(x->severity, n < 3   ? IK_SEVERITY_INFO
                                          : known ? IK_SEVERITY_LOW
                                                  : IK_SEVERITY_MEDIUM);
            assert_int_equal(x->remedy, IK_REMEDY_NONE);
        }
        frames_free(f);
    }
}

/* As Linux answers an echo request of zeros. */
static void checksum__zero_of_nothing_but_zeros__is_silent(void **state)
{
    static const uint8_t zeros[64];
    static uint8_t bytes[FRAMES_BYTES];
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (size_t n = 8; n <= sizeof(zeros); n += 8) {
        const size_t len = frames_make(&back, zeros, n, bytes);
        frames_put(f, IK_LINKTYPE_RAW, bytes, len);
    }
    frames_silent(f);
    frames_free(f);
}

static void checksum__of_a_cut_packet__is_not_judged(void **state)
{
    static const uint8_t data[400] = "text";
    static uint8_t bytes[FRAMES_BYTES];
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    frames_make_echo(&out, false, 1, 1, data, sizeof(data), bytes);
    for (size_t n = 28; n < 100; n++)
        frames_put(f, IK_LINKTYPE_RAW, bytes, n);
    frames_silent(f);
    frames_free(f);
}

/* Codes of a tool that is known by them are one cause, told once. */
static void covert__code_of_a_known_tool__is_left_to_its_signature(void **state)
{
    (void)state;
    struct frames *f = frames_new(with_tool, NULL);
    for (uint8_t i = 0; i < 5; i++) {
        struct message m = odd[0];
        m.bytes[12] = i;
        put(f, &m);
    }
    frames_found(f, IK_DETECT_TOOL);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    frames_free(f);
}

static void covert__switched_off_or_allowed__is_silent(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct ik_detect_cfg cfg = ik_detect_defaults();
        const struct ik_detect_allow allow = {frames_prefix("10.0.0.1/32"),
                                              1u << IK_DETECT_COVERT_FIELD};
        cfg.off = how ? 1u << IK_DETECT_COVERT_FIELD : 0;
        cfg.allow = &allow;
        cfg.n_allow = !how;
        struct frames *f = frames_new(parts, &cfg);
        for (int i = 0; i < 5; i++)
            put(f, &odd[0]);
        frames_silent(f);
        frames_free(f);
    }
}

/* A million made-up sources with a packet each: memory is what it was, and who goes on is named. */
static void covert__many_made_up_sources__the_channel_is_named(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 1000000; i++) {
        char src[32];
        snprintf(src, sizeof(src), "11.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        frames_raw(f, &(struct frames_head){.src = src, .dst = "10.3.0.1"}, odd[0].bytes, odd[0].n);
        f->now += 1000;
        if (i > 500000 && i % 100 == 0)
            put(f, &odd[0]);
    }
    const struct ik_addr sender = frames_addr("10.0.0.1");
    bool named = false;
    for (size_t i = 0; i < f->n_found; i++)
        named |=
            ik_addr_equal(&f->found[i].src, &sender) && f->found[i].severity == IK_SEVERITY_MEDIUM;
    assert_true(named);
    assert_true(f->n_found <= IK_BOOK_SOURCES * 2);
    assert_true(ik_detect_stats(f->detect).evicted > 0);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covert__each_field__is_told_once_and_medium_at_the_third),
        cmocka_unit_test(covert__two_in_each_minute__stay_worth_knowing),
        cmocka_unit_test(covert__fields_that_are_used_by_right__are_silent),
        cmocka_unit_test(covert__pattern_that_fills_the_code__is_silent),
        cmocka_unit_test(covert__operating_system_scan__is_silent),
        cmocka_unit_test(checksum__of_a_known_sender__is_low_and_else_medium),
        cmocka_unit_test(checksum__zero_of_nothing_but_zeros__is_silent),
        cmocka_unit_test(checksum__of_a_cut_packet__is_not_judged),
        cmocka_unit_test(covert__code_of_a_known_tool__is_left_to_its_signature),
        cmocka_unit_test(covert__switched_off_or_allowed__is_silent),
        cmocka_unit_test(covert__many_made_up_sources__the_channel_is_named),
    };
    return cmocka_run_group_tests_name("covert", tests, NULL, NULL);
}
