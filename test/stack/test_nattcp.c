/* SPDX-License-Identifier: MIT
 * R5382-REQ5-01: how long a TCP mapping is kept. */
#include "stack/nattcp.h"

#include "base/bytes.h"
#include "icmpkit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define S IK_NS_PER_S
enum { SYN = IK_TCP_SYN, ACK = IK_TCP_ACK, FIN = IK_TCP_FIN, RST = IK_TCP_RST };
static const ik_ns opening = 240 * S, open_time = 7440 * S;
static const ik_ns timeout[] = {60 * S, 300 * S, 7440 * S, 240 * S};
static const uint8_t key[16] = "0123456789abcde";

static struct ik_natmap m;
static struct ik_rng rng;

static int setup(void **state)
{
    *state = malloc(ik_natmap_bytes(4));
    rng.state = 5;
    ik_natmap_init(&m, *state, 4, timeout, key);
    return *state == NULL;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* The peers' bytes begin at 700, and the inside has all of them when it acknowledges. */
static void out(ik_ns now, uint64_t peer, uint8_t flags)
{
    uint8_t tcp[20] = {[13] = flags};
    ik_store_be32(tcp + 8, 700);
    struct ik_natmap_row *r = ik_natmap_use(&m, now, &rng, IK_NATMAP_TCP, 1, 5000);
    assert_non_null(r);
    ik_nattcp_out(&m, r, now, peer, (struct ik_rd){tcp, sizeof(tcp)});
}

static void in(ik_ns now, uint64_t peer, uint8_t flags, uint32_t seq)
{
    uint8_t tcp[20] = {[13] = flags};
    ik_store_be32(tcp + 4, seq);
    struct ik_natmap_row *r = ik_natmap_outside(&m, now, IK_NATMAP_TCP, 5000);
    assert_non_null(r);
    ik_nattcp_in(&m, r, now, peer, (struct ik_rd){tcp, sizeof(tcp)});
}

static void handshake(uint64_t peer)
{
    out(0, peer, SYN);
    in(0, peer, SYN | ACK, 699);
    out(0, peer, ACK);
}

static void assert_lives(ik_ns how_long)
{
    assert_non_null(ik_natmap_outside(&m, how_long - 1, IK_NATMAP_TCP, 5000));
    assert_null(ik_natmap_outside(&m, how_long, IK_NATMAP_TCP, 5000));
}

static void syn__alone__is_kept_four_minutes(void **state)
{
    (void)state;
    out(0, 9, SYN);
    assert_lives(opening);
}

static void syn__answered_but_not_acknowledged__is_kept_four_minutes(void **state)
{
    (void)state;
    out(0, 9, SYN);
    in(0, 9, SYN | ACK, 699);
    out(0, 9, SYN);
    assert_lives(opening);
}

static void answer__of_a_stranger__opens_nothing(void **state)
{
    (void)state;
    out(0, 9, SYN);
    in(0, 8, SYN | ACK, 699);
    out(0, 9, ACK);
    assert_lives(opening);
}

static void handshake__finished__is_kept_two_hours(void **state)
{
    (void)state;
    handshake(9);
    assert_lives(open_time);
}

static void fin__of_one_side__ends_nothing(void **state)
{
    (void)state;
    handshake(9);
    out(0, 9, FIN | ACK);
    in(0, 9, ACK, 700);
    assert_lives(open_time);
}

static void fin__of_both__leaves_four_minutes(void **state)
{
    (void)state;
    handshake(9);
    in(0, 9, FIN | ACK, 700);
    out(0, 9, FIN | ACK);
    in(0, 9, ACK, 701);
    out(0, 9, ACK);
    assert_lives(opening);
}

static void rst__of_the_inside__leaves_four_minutes(void **state)
{
    (void)state;
    handshake(9);
    out(0, 9, RST);
    assert_lives(opening);
}

static void rst__of_the_peer__counts_at_the_byte_expected_only(void **state)
{
    (void)state;
    handshake(9);
    in(0, 9, RST, 701);
    in(0, 8, RST, 700);
    in(0, 9, FIN, 700); /* nor does a FIN that the inside has not followed */
    assert_non_null(ik_natmap_outside(&m, open_time - 1, IK_NATMAP_TCP, 5000));
    out(0, 9, ACK);
    in(0, 9, RST, 700);
    assert_lives(opening);
}

/* One port for two peers: the end of one connection is not that of the other. */
static void rst__while_two_are_spoken_to__ends_nothing(void **state)
{
    (void)state;
    handshake(9);
    out(0, 8, SYN);
    out(0, 8, RST);
    out(0, 9, RST);
    assert_lives(open_time);
}

static void syn__after_the_end__begins_anew(void **state)
{
    (void)state;
    handshake(9);
    out(0, 9, RST);
    handshake(9);
    assert_lives(open_time);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(syn__alone__is_kept_four_minutes),
        TEST(syn__answered_but_not_acknowledged__is_kept_four_minutes),
        TEST(answer__of_a_stranger__opens_nothing),
        TEST(handshake__finished__is_kept_two_hours),
        TEST(fin__of_one_side__ends_nothing),
        TEST(fin__of_both__leaves_four_minutes),
        TEST(rst__of_the_inside__leaves_four_minutes),
        TEST(rst__of_the_peer__counts_at_the_byte_expected_only),
        TEST(rst__while_two_are_spoken_to__ends_nothing),
        TEST(syn__after_the_end__begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
