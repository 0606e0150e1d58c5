/* SPDX-License-Identifier: MIT */
#include "stack/ip6walk.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FIXED = 40 };

/* The packet with `chain` behind its fixed header, in an exact-size block so that a sanitiser sees
 * any byte read beyond it. `length` below 0: that of the chain. */
static struct ik_ip6walk walk(bool final, uint8_t next, const char *chain, size_t n, int length)
{
    uint8_t *bytes = malloc(FIXED + n);
    assert_non_null(bytes);
    memset(bytes, 0, FIXED);
    bytes[0] = 0x60;
    ik_store_be16(bytes + 4, (uint16_t)(length < 0 ? (int)n : length));
    bytes[6] = next;
    bytes[7] = 64;
    memcpy(bytes + FIXED, chain, n);
    struct ik_ip6walk w;
    if (final)
        ik_ip6walk_final(&w, (struct ik_rd){bytes, FIXED + n});
    else
        ik_ip6walk_transit(&w, (struct ik_rd){bytes, FIXED + n});
    free(bytes);
    return w;
}
#define WALK(next, chain) walk(true, next, chain, sizeof(chain) - 1, -1)
#define TRANSIT(next, chain) walk(false, next, chain, sizeof(chain) - 1, -1)

static void assert_problem(const struct ik_ip6walk *w, uint8_t code, uint32_t pointer)
{
    assert_int_equal(w->end, IK_IP6WALK_PROBLEM);
    assert_int_equal(w->code, code);
    assert_int_equal(w->pointer, pointer);
}

#define UDP8 "\x00\x35\x00\x35\x00\x08\x00\x00"

static void chain__known_headers__upper_layer_is_found(void **state)
{
    (void)state;
    struct ik_ip6walk w = WALK(0, "\x3c\x00\x05\x02\x00\x00\x01\x00" /* router alert */
                                  "\x2b\x00\x01\x04\x00\x00\x00\x00" /* destination options */
                                  "\x11\x00\xfa\x00\x00\x00\x00\x00" /* routing, none left */
                               UDP8);
    assert_int_equal(w.end, IK_IP6WALK_UPPER);
    assert_int_equal(w.proto, 17);
    assert_int_equal(w.at, 64);
    assert_int_equal(w.named_at, 56);
    assert_true(w.router_alert);
    assert_false(w.fragment_header);
}

/* R8200-4-01, R8200-4-02 */
static void unknown__next_header__pointer_is_where_it_is_named(void **state)
{
    (void)state;
    struct ik_ip6walk w = WALK(200, "");
    assert_int_equal(w.end, IK_IP6WALK_UPPER);
    ik_ip6walk_unknown(&w);
    assert_problem(&w, 1, 6);
    w = WALK(60, "\xc8\x00\x01\x04\x00\x00\x00\x00");
    ik_ip6walk_unknown(&w);
    assert_problem(&w, 1, 40);
    assert_int_equal(w.rule, IK_RULE_R8200_4_01);
    w = WALK(60, "\x00\x00\x01\x04\x00\x00\x00\x00"
                 "\x3a\x00\x01\x04\x00\x00\x00\x00");
    assert_int_equal(w.proto, 0);
    ik_ip6walk_unknown(&w);
    assert_problem(&w, 1, 40);
    assert_int_equal(w.rule, IK_RULE_R8200_4_02);
}

/* R8200-4.2-01, R8200-4.2-02 */
static void options__unknown__top_bits_decide(void **state)
{
    (void)state;
    struct ik_ip6walk w = WALK(60, "\x11\x00\x1e\x04\x00\x00\x00\x00" UDP8);
    assert_int_equal(w.end, IK_IP6WALK_UPPER);
    w = WALK(60, "\x11\x00\x5e\x04\x00\x00\x00\x00" UDP8);
    assert_int_equal(w.end, IK_IP6WALK_SILENT);
    w = WALK(60, "\x11\x00\x9e\x04\x00\x00\x00\x00" UDP8);
    assert_problem(&w, 2, 42);
    assert_true(w.even_multicast);
    w = WALK(60, "\x11\x00\xde\x04\x00\x00\x00\x00" UDP8);
    assert_problem(&w, 2, 42);
    assert_false(w.even_multicast);
    w = WALK(60, "\x11\x01\x01\x04\x00\x00\x00\x00"
                 "\x9e\x06\x00\x00\x00\x00\x00\x00" UDP8);
    assert_problem(&w, 2, 48);
    /* a known option of the hop-by-hop header is none of this one */
    w = WALK(60, "\x11\x00\xc2\x04\x00\x01\x00\x00" UDP8);
    assert_problem(&w, 2, 42);
}

static void options__past_the_header__pointer_is_the_length(void **state)
{
    (void)state;
    struct ik_ip6walk w = WALK(60, "\x11\x00\x1e\x05\x00\x00\x00\x00" UDP8);
    assert_problem(&w, 0, 43);
    w = WALK(60, "\x11\x00\x00\x00\x00\x00\x00\x1e" UDP8);
    assert_problem(&w, 0, 47);
}

/* R8200-4.4-01 */
static void routing__segments_left__problem_at_the_type(void **state)
{
    (void)state;
    struct ik_ip6walk w = WALK(43, "\x11\x00\xfa\x01\x00\x00\x00\x00" UDP8);
    assert_problem(&w, 0, 42);
    w = WALK(43, "\x11\x00\x00\x01\x00\x00\x00\x00" UDP8); /* RFC 5095 */
    assert_problem(&w, 0, 42);
    w = TRANSIT(43, "\x11\x00\xfa\x01\x00\x00\x00\x00" UDP8);
    assert_int_equal(w.end, IK_IP6WALK_UPPER);
}

/* R2675-3-01 */
static void jumbo__faults__each_has_its_pointer(void **state)
{
    (void)state;
    static const char none[] = "\x11\x00\x01\x04\x00\x00\x00\x00" UDP8;
    static const char jumbo[] = "\x11\x00\xc2\x04\x00\x01\x00\x00" UDP8;
    static const char small[] = "\x11\x00\xc2\x04\x00\x00\xff\xff" UDP8;
    static const char fragment[] = "\x2c\x00\xc2\x04\x00\x01\x00\x00"
                                   "\x11\x00\x00\x01\x00\x00\x00\x07" UDP8;
    struct ik_ip6walk w = walk(true, 0, none, sizeof(none) - 1, 0);
    assert_problem(&w, 0, 4);
    w = walk(true, 0, jumbo, sizeof(jumbo) - 1, 16);
    assert_problem(&w, 0, 42);
    w = walk(true, 0, small, sizeof(small) - 1, 0);
    assert_problem(&w, 0, 44);
    w = walk(true, 0, fragment, sizeof(fragment) - 1, 0);
    assert_problem(&w, 0, 48);
    /* every node on the way judges that header */
    w = walk(false, 0, none, sizeof(none) - 1, 0);
    assert_problem(&w, 0, 4);
}

/* R8200-4.5-02, R8200-4.5-03, R6946-4-01 */
static void fragment__bounds__are_judged_before_reassembly(void **state)
{
    (void)state;
    struct ik_ip6walk w = WALK(44, "\x11\x00\x00\x01\x00\x00\x00\x07" UDP8 "1234567");
    assert_problem(&w, 0, 4);
    w = WALK(44, "\x11\x00\xff\xf0\x00\x00\x00\x07" UDP8 UDP8 UDP8); /* offset 65520 + 24 */
    assert_problem(&w, 0, 42);
    w = WALK(44, "\x11\x00\xff\xf0\x00\x00\x00\x07" UDP8); /* + 8: ends at 65535 or before */
    assert_int_equal(w.end, IK_IP6WALK_FRAGMENT);
    assert_int_equal(w.at, 48);
    assert_int_equal(w.frag.offset_bytes, 65520);
    w = WALK(44, "\x11\x00\x00\x00\x00\x00\x00\x07" UDP8);
    assert_int_equal(w.end, IK_IP6WALK_UPPER);
    assert_int_equal(w.proto, 17);
    assert_true(w.fragment_header);
}

/* R7112-5-01, R7112-5-02 */
static void fragment__first_without_whole_chain__code_three_at_zero(void **state)
{
    (void)state;
    struct ik_ip6walk w = WALK(44, "\x3c\x00\x00\x01\x00\x00\x00\x07"
                                   "\x11\x01\x01\x04\x00\x00\x00\x00"); /* options of 16 bytes */
    assert_problem(&w, 3, 0);
    w = WALK(44, "\x3c\x00\x00\x01\x00\x00\x00\x07"
                 "\x3a\x00\x01\x04\x00\x00\x00\x00"); /* no ICMPv6 header behind the options */
    assert_problem(&w, 3, 0);
    w = WALK(44, "\x06\x00\x00\x01\x00\x00\x00\x07" UDP8 UDP8); /* TCP of 16 bytes */
    assert_problem(&w, 3, 0);
    w = WALK(44, "\x3c\x00\x00\x01\x00\x00\x00\x07"
                 "\x11\x00\x01\x04\x00\x00\x00\x00" UDP8);
    assert_int_equal(w.end, IK_IP6WALK_FRAGMENT);
    /* later ones have no chain */
    w = WALK(44, "\x3c\x00\x00\x09\x00\x00\x00\x07\xff\xff\xff\xff\xff\xff\xff\xff");
    assert_int_equal(w.end, IK_IP6WALK_FRAGMENT);
}

static void chain__cut__points_at_the_length_that_lies(void **state)
{
    (void)state;
    struct ik_ip6walk w = WALK(60, "\x11\x02\x01\x04\x00\x00\x00\x00" UDP8);
    assert_problem(&w, 0, 41);
    w = WALK(60, "");
    assert_problem(&w, 0, 4);
    w = TRANSIT(0, "\x11\x09\x01\x04\x00\x00\x00\x00");
    assert_problem(&w, 0, 41);
}

/* R8883-3-01 */
static void chain__too_long__is_not_followed(void **state)
{
    (void)state;
    char chain[8 * 40] = {0};
    for (size_t i = 0; i < sizeof(chain); i += 8)
        memcpy(chain + i, "\x3c\x00\x01\x04\x00\x00\x00\x00", 8);
    struct ik_ip6walk w = walk(true, 60, chain, sizeof(chain), -1);
    assert_problem(&w, 8, 40 + 8 * 16);
    char options[8 * 8] = {[0] = 17, [1] = 7};
    for (size_t i = 2; i < sizeof(options); i += 2)
        options[i] = 0x1e;
    w = walk(true, 60, options, sizeof(options), -1);
    assert_problem(&w, 9, 40 + 2 + 2 * 16);
}

/* Cut anywhere, a packet ends the walk and reads nothing beyond its end. */
static void chain__truncation_sweep__stays_inside(void **state)
{
    (void)state;
    static const char all[] = "\x3c\x00\x05\x02\x00\x00\x01\x00"
                              "\x2b\x00\x01\x04\x00\x00\x00\x00"
                              "\x2c\x00\xfa\x00\x00\x00\x00\x00"
                              "\x06\x00\x00\x00\x00\x00\x00\x07" UDP8 UDP8 UDP8;
    for (size_t n = 0; n < sizeof(all); n++) {
        const struct ik_ip6walk w = walk(true, 0, all, n, -1);
        assert_true(w.at <= FIXED + n);
        assert_int_equal(w.end, n < 32 ? IK_IP6WALK_PROBLEM : IK_IP6WALK_UPPER);
    }
}

/* The length of a jumbo payload is held against the bytes there are, as any other. */
static void jumbo__one_byte_short__is_silence(void **state)
{
    enum { JUMBO = 65536 };
    static const uint8_t head[16] = {17, 0, 0xc2, 4, 0, 1, 0, 0, 0, 53, 0, 53};
    static char chain[JUMBO + 1];
    (void)state;
    memcpy(chain, head, sizeof(head));
    for (int final = 0; final < 2; final++) {
        struct ik_ip6walk w = walk(final, 0, chain, JUMBO, 0);
        assert_int_equal(w.end, IK_IP6WALK_UPPER);
        assert_int_equal(w.total, FIXED + JUMBO);
        w = walk(final, 0, chain, JUMBO + 1, 0); /* one byte of the link */
        assert_int_equal(w.total, FIXED + JUMBO);
        w = walk(final, 0, chain, JUMBO - 1, 0);
        assert_int_equal(w.end, IK_IP6WALK_SILENT);
        w = walk(final, 0, chain, sizeof(head), 0);
        assert_int_equal(w.end, IK_IP6WALK_SILENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain__known_headers__upper_layer_is_found),
        cmocka_unit_test(unknown__next_header__pointer_is_where_it_is_named),
        cmocka_unit_test(options__unknown__top_bits_decide),
        cmocka_unit_test(options__past_the_header__pointer_is_the_length),
        cmocka_unit_test(routing__segments_left__problem_at_the_type),
        cmocka_unit_test(jumbo__faults__each_has_its_pointer),
        cmocka_unit_test(jumbo__one_byte_short__is_silence),
        cmocka_unit_test(fragment__bounds__are_judged_before_reassembly),
        cmocka_unit_test(fragment__first_without_whole_chain__code_three_at_zero),
        cmocka_unit_test(chain__cut__points_at_the_length_that_lies),
        cmocka_unit_test(chain__too_long__is_not_followed),
        cmocka_unit_test(chain__truncation_sweep__stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
