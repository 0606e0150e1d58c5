/* SPDX-License-Identifier: MIT
 * The bytes of probes. */
#include "echo_rig.h"

#include "probe/echo_int.h"

static struct rig rig;

static uint16_t verify(const struct sent *s)
{
    return ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){s->bytes, s->n}));
}

static void frame__every_size__has_its_checksum_and_pattern(void **state)
{
    (void)state;
    static const uint8_t pattern[3] = {0xde, 0xad, 0x5a};
    static const uint32_t sizes[] = {0, 1, 4, 15, 16, 17, 56, 57, 1472};
    for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(*sizes); i++) {
        struct ik_echo_cfg cfg = rig_cfg();
        cfg.payload_bytes = sizes[i / 2];
        cfg.pattern = i % 2 ? pattern : NULL;
        cfg.pattern_bytes = i % 2 ? 3 : 0;
        rig_open(&rig, &cfg);
        rig_add(&rig, "192.0.2.1");
        for (unsigned seq = 1; seq <= 70; seq++, rig_step(&rig, SEC)) {
            assert_int_equal(rig_send(&rig), 1);
            const struct sent *s = &rig.sent[0];
            assert_int_equal(s->n, 8 + sizes[i / 2]);
            assert_int_equal(s->bytes[0], 8);
            assert_int_equal(verify(s), 0);
            assert_int_equal(ik_load_be16(s->bytes + 4), 0x1234);
            assert_int_equal(ik_load_be16(s->bytes + 6), seq);
            const size_t plain = sizes[i / 2] < 16 ? 0 : 16;
            for (size_t k = plain; k < sizes[i / 2]; k++)
                assert_int_equal(s->bytes[8 + k], i % 2 ? pattern[k % 3] : (uint8_t)k);
            if (plain)
                assert_int_equal(ik_load_be32(s->bytes + 8), 0xfeedbeef);
            rig_answer(&rig, s);
            rig_forget(&rig);
        }
        assert_int_equal(rig_totals(&rig).received, 70);
        assert_int_equal(rig_totals(&rig).corrupt, 0);
        rig_close(&rig);
    }
}

static void frame__of_both_families__goes_to_its_port(void **state)
{
    (void)state;
    const struct ik_echo_cfg cfg = rig_cfg();
    rig_open(&rig, &cfg);
    rig_add(&rig, "2001:db8::1");
    rig_add(&rig, "192.0.2.1");
    for (int round = 0; round < 2; round++) {
        rig_send(&rig);
        assert_int_equal(rig.sent[0].port, 1);
        assert_int_equal(rig.sent[0].bytes[0], 128);
        assert_int_equal(ik_load_be16(rig.sent[0].bytes + 4), 0x5678);
        /* The kernel's business, which knows the source. */
        assert_int_equal(ik_load_be16(rig.sent[0].bytes + 2), 0);
        rig_step(&rig, 250 * MS);
        rig_send(&rig);
        assert_int_equal(rig.sent[0].port, 0);
        assert_int_equal(verify(&rig.sent[0]), 0);
        rig_step(&rig, 750 * MS);
    }
    rig_close(&rig);
}

/* What the link did not take is offered again, the same, before anything else. */
static void frame__not_taken__is_offered_again(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.preload = 5;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    assert_int_equal(rig_send_some(&rig, 2), 2);
    assert_int_equal(rig_totals(&rig).sent, 2);
    assert_true(rig.engine->ops->deadline(rig.engine) <= rig.now.mono);
    assert_int_equal(rig_send_some(&rig, 0), 0);
    assert_int_equal(rig_send(&rig), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ik_load_be16(rig.sent[i].bytes + 6), 3 + i);
    assert_int_equal(rig_totals(&rig).sent, 5);
    assert_int_equal(rig_send(&rig), 0);
    rig_close(&rig);
}

/* A timestamp tells when it goes, not when it was first offered. */
static void frame__timestamp_not_taken__is_stamped_anew(void **state)
{
    (void)state;
    struct ik_echo_cfg cfg = rig_cfg();
    cfg.kind = IK_ECHO_TIMESTAMP;
    rig_open(&rig, &cfg);
    rig_add(&rig, "192.0.2.1");
    rig_send_some(&rig, 0);
    rig_step(&rig, 7 * MS);
    assert_int_equal(rig_send(&rig), 1);
    assert_int_equal(verify(&rig.sent[0]), 0);
    assert_int_equal(ik_load_be32(rig.sent[0].bytes + 8), ik_echo_frame_ms(rig.now.real));
    rig_close(&rig);
}

static void ms__of_a_day__from_either_side_of_1970(void **state)
{
    (void)state;
    assert_int_equal(ik_echo_frame_ms(0), 0);
    assert_int_equal(ik_echo_frame_ms(86400 * SEC - 1), 86399999);
    assert_int_equal(ik_echo_frame_ms(86400 * SEC), 0);
    assert_int_equal(ik_echo_frame_ms(-1 * MS), 86399999);
    assert_true(ik_echo_frame_ms(INT64_MIN) < 86400000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame__every_size__has_its_checksum_and_pattern),
        cmocka_unit_test(frame__of_both_families__goes_to_its_port),
        cmocka_unit_test(frame__not_taken__is_offered_again),
        cmocka_unit_test(frame__timestamp_not_taken__is_stamped_anew),
        cmocka_unit_test(ms__of_a_day__from_either_side_of_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
