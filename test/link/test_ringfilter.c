/* SPDX-License-Identifier: MIT
 * What a program becomes for the ring. That the kernel then lets the right frames through, by
 * direction and tag, is for live_ring.c, which has frames with both. */
#include "link/ringfilter.h"

#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BEFORE = 8 }; /* instructions of a head without direction */

static const struct ik_ringfilter cooked = {.cooked = true}, plain = {.cooked = false};

static void check(const struct sock_filter *is, struct sock_filter want)
{
    assert_int_equal(is->code, want.code);
    assert_int_equal(is->k, want.k);
    assert_int_equal(is->jt, want.jt);
    assert_int_equal(is->jf, want.jf);
}

#define CHECK(is, ...) check((is), (struct sock_filter)__VA_ARGS__)
#define ABS(size, k) BPF_STMT(BPF_LD | (size) | BPF_ABS, (uint32_t)(k))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, k)

/* What follows the direction in a program that takes everything: that alone. */
static bool takes_all(const struct sock_filter *code, size_t n)
{
    return n == BEFORE - 3 + 1 && code[n - 1].code == (BPF_RET | BPF_K) &&
           code[n - 1].k == UINT32_MAX;
}

static void ringfilter__no_program__takes_the_direction(void **state)
{
    struct sock_filter code[BPF_MAXINSNS];
    struct ik_ringfilter f = {.direction = IK_CAPTURE_IN};
    (void)state;
    assert_int_equal(ik_ringfilter_make(code, &f, NULL, 0), 4);
    CHECK(&code[0], ABS(BPF_W, SKF_AD_OFF + SKF_AD_PKTTYPE));
    CHECK(&code[1], BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1));
    CHECK(&code[2], RET(0));
    CHECK(&code[3], RET(UINT32_MAX));
    f = (struct ik_ringfilter){.direction = IK_CAPTURE_OUT, .snap_bytes = 96};
    assert_int_equal(ik_ringfilter_make(code, &f, NULL, 0), 4);
    CHECK(&code[1], BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0));
    CHECK(&code[2], RET(0));
    CHECK(&code[3], RET(96));
    f = (struct ik_ringfilter){.direction = IK_CAPTURE_BOTH};
    assert_int_equal(ik_ringfilter_make(code, &f, NULL, 0), 6);
    CHECK(&code[1], BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 3));
    CHECK(&code[2], ABS(BPF_W, SKF_AD_OFF + SKF_AD_HATYPE));
    CHECK(&code[3], BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_LOOPBACK, 0, 1));
    CHECK(&code[4], RET(0));
    CHECK(&code[5], RET(UINT32_MAX));
}

static void ringfilter__program_for_ethernet__is_kept_behind_the_tags(void **state)
{
    static const struct sock_filter program[] = {
        ABS(BPF_H, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x800, 0, 5),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 14),
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 100, 0, 1),
        RET(262144),
        RET(0),
    };
    enum { N = sizeof(program) / sizeof(*program) };
    const struct ik_ringfilter f = {.snap_bytes = 128};
    struct sock_filter code[BPF_MAXINSNS];
    (void)state;
    assert_int_equal(ik_ringfilter_make(code, &f, program, N), BEFORE + N);
    CHECK(&code[5], ABS(BPF_W, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
    CHECK(&code[6], BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0));
    CHECK(&code[7], RET(128));
    for (size_t i = 0; i < N - 2; i++)
        check(&code[BEFORE + i], program[i]);
    CHECK(&code[BEFORE + N - 2], RET(128));
    CHECK(&code[BEFORE + N - 1], RET(0));
}

static void ringfilter__loads_of_a_cooked_header__become_those_of_the_kernel(void **state)
{
    static const struct {
        struct sock_filter is, becomes;
    } rows[] = {
        {ABS(BPF_H, 0), ABS(BPF_W, SKF_AD_OFF + SKF_AD_PROTOCOL)},
        {ABS(BPF_W, 4), ABS(BPF_W, SKF_AD_OFF + SKF_AD_IFINDEX)},
        {ABS(BPF_H, 8), ABS(BPF_W, SKF_AD_OFF + SKF_AD_HATYPE)},
        {ABS(BPF_B, 10), ABS(BPF_W, SKF_AD_OFF + SKF_AD_PKTTYPE)},
        {ABS(BPF_B, 20), ABS(BPF_B, 0)},
        {ABS(BPF_W, 32), ABS(BPF_W, 12)},
        {ABS(BPF_H, SKF_AD_OFF + SKF_AD_VLAN_TAG), ABS(BPF_H, SKF_AD_OFF + SKF_AD_VLAN_TAG)},
        {BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 20), BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)},
        {BPF_STMT(BPF_LD | BPF_H | BPF_IND, 22), BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2)},
        {BPF_STMT(BPF_LD | BPF_IMM, 3), BPF_STMT(BPF_LD | BPF_IMM, 3)},
        {BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 3), BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 3)},
        {BPF_STMT(BPF_ST, 4), BPF_STMT(BPF_ST, 4)},
        {BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 4), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 4)},
        {BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 0),
         BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 0)},
    };
    struct sock_filter code[BPF_MAXINSNS];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct sock_filter program[] = {rows[i].is, RET(1)};
        assert_int_equal(ik_ringfilter_make(code, &cooked, program, 2), BEFORE + 2);
        check(&code[BEFORE], rows[i].becomes);
        CHECK(&code[BEFORE + 1], RET(UINT32_MAX));
    }
}

static void ringfilter__what_the_kernel_cannot_judge__lets_all_through(void **state)
{
    static const struct sock_filter strange[] = {
        ABS(BPF_B, 0),                          /* half of the protocol */
        ABS(BPF_W, 0),                          /* more than it */
        ABS(BPF_H, 4),                          /* half of the index */
        ABS(BPF_B, 11),                         /* bytes of the address */
        ABS(BPF_W, 12),                         /* the address */
        ABS(BPF_W, 18),                         /* both sides of the end */
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 11), /* anywhere from there */
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 4), /* */
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),  /* with the header */
        BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), /* */
        BPF_STMT(BPF_RET | BPF_A, 0),           /* who knows */
    };
    struct sock_filter code[BPF_MAXINSNS];
    (void)state;
    for (size_t i = 0; i < sizeof(strange) / sizeof(*strange); i++) {
        const struct sock_filter program[] = {BPF_STMT(BPF_LD | BPF_IMM, 1), strange[i], RET(0)};
        assert_true(takes_all(code, ik_ringfilter_make(code, &cooked, program, 3)));
    }
    const struct sock_filter returns[] = {BPF_STMT(BPF_RET | BPF_A, 0)};
    assert_true(takes_all(code, ik_ringfilter_make(code, &plain, returns, 1)));
}

static void ringfilter__program_too_long_with_its_head__lets_all_through(void **state)
{
    struct sock_filter *program = calloc(BPF_MAXINSNS, sizeof(*program));
    struct sock_filter code[BPF_MAXINSNS];
    (void)state;
    assert_non_null(program);
    for (size_t i = 0; i < BPF_MAXINSNS; i++)
        program[i] = (struct sock_filter)RET(0);
    assert_int_equal(ik_ringfilter_make(code, &plain, program, BPF_MAXINSNS - BEFORE),
                     BPF_MAXINSNS);
    assert_true(
        takes_all(code, ik_ringfilter_make(code, &plain, program, BPF_MAXINSNS - BEFORE + 1)));
    assert_true(takes_all(code, ik_ringfilter_make(code, &plain, program, BPF_MAXINSNS)));
    free(program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ringfilter__no_program__takes_the_direction),
        cmocka_unit_test(ringfilter__program_for_ethernet__is_kept_behind_the_tags),
        cmocka_unit_test(ringfilter__loads_of_a_cooked_header__become_those_of_the_kernel),
        cmocka_unit_test(ringfilter__what_the_kernel_cannot_judge__lets_all_through),
        cmocka_unit_test(ringfilter__program_too_long_with_its_head__lets_all_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
