/* SPDX-License-Identifier: MIT
 * What stands between a frame and its message. */
#include "look_rig.h"

enum { AH_BYTES = 24, MESSAGE = 64 };

struct fixture {
    struct ik_look *look;
    struct rig_packet packet;
    struct ik_look_packet seen;
};

static struct fixture *begin(void)
{
    const struct ik_look_cfg cfg = {.requests = 16, .datagrams = 4};
    struct fixture *f = calloc(1, sizeof(*f));
    f->look = ik_look_init(malloc(ik_look_bytes(&cfg)), &cfg);
    return f;
}

static void end(struct fixture *f)
{
    free(f->look);
    free(f);
}

/* The frame stands in a block of exactly its size. */
static bool looked(struct fixture *f)
{
    uint8_t *block = malloc(f->packet.n);
    memcpy(block, f->packet.bytes, f->packet.n);
    const struct ik_look_frame frame = {.n = 1,
                                        .bytes = {block, f->packet.n},
                                        .wire_bytes = (uint32_t)f->packet.n,
                                        .linktype = IK_LINKTYPE_RAW};
    const bool message = ik_look_input(f->look, &frame, &f->seen);
    free(block);
    return message;
}

/* Puts the echo behind an authentication header of `words` + 2 words, of which 24 bytes are there.
 */
static void put_behind_ah(struct fixture *f, uint8_t next, uint8_t words)
{
    uint8_t payload[AH_BYTES + MESSAGE] = {next, words};
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 3, MESSAGE - 8);
    memcpy(payload + AH_BYTES, f->packet.bytes + 20, MESSAGE);
    rig_ip(&f->packet, "192.0.2.1", "192.0.2.2", IK_PROTO_AH, 1, payload, sizeof(payload));
}

static void ah__in_ipv4__is_followed_to_the_message(void **state)
{
    (void)state;
    struct fixture *f = begin();
    put_behind_ah(f, IK_PROTO_ICMP4, 4);
    assert_true(looked(f));
    assert_int_equal(f->seen.ip.proto, IK_PROTO_ICMP4);
    assert_int_equal(f->seen.icmp.type, 8);
    assert_int_equal(f->seen.icmp.echo.id, 7);
    assert_true(f->seen.icmp.checksum_ok);
    assert_int_equal(f->seen.faults.n, 0);
    end(f);
}

static void ah__that_ends_beyond_the_packet__is_left_alone(void **state)
{
    (void)state;
    struct fixture *f = begin();
    put_behind_ah(f, IK_PROTO_ICMP4, 255);
    assert_false(looked(f));
    assert_int_equal(f->seen.ip.proto, IK_PROTO_AH);
    put_behind_ah(f, IK_PROTO_ICMP4, 0); /* shorter than what it must have */
    assert_false(looked(f));
    assert_int_equal(f->seen.ip.proto, IK_PROTO_AH);
    end(f);
}

static void ah__around_udp__is_no_message(void **state)
{
    (void)state;
    struct fixture *f = begin();
    put_behind_ah(f, IK_PROTO_UDP, 4);
    assert_false(looked(f));
    assert_false(f->seen.has_icmp);
    end(f);
}

static void length_zero__of_a_host_with_tso__is_all_the_bytes(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 3, 40);
    f->packet.bytes[2] = f->packet.bytes[3] = 0;
    assert_true(looked(f));
    assert_int_equal(f->seen.ip.total_bytes, f->packet.n);
    assert_int_equal(f->seen.icmp.echo.data.left, 40);
    assert_true(f->seen.icmp.checksum_ok);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ah__in_ipv4__is_followed_to_the_message),
        cmocka_unit_test(ah__that_ends_beyond_the_packet__is_left_alone),
        cmocka_unit_test(ah__around_udp__is_no_message),
        cmocka_unit_test(length_zero__of_a_host_with_tso__is_all_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
