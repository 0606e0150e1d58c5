/* SPDX-License-Identifier: MIT
 * One probe on its way, on the table of echo_rig.h, and what came of it. */
#pragma once

#include "echo_rig.h"

static struct rig rig;
static struct sent probe;

/* One probe to 192.0.2.1 (or whatever) is on its way. */
static void start(const struct ik_echo_cfg *cfg, const char *to)
{
    rig_open(&rig, cfg);
    rig_add(&rig, to);
    assert_int_equal(rig_send(&rig), 1);
    probe = rig.sent[0];
    rig_step(&rig, MS);
}

static void expect(uint64_t received, uint64_t strangers, uint64_t malformed)
{
    const struct ik_echo_totals t = rig_totals(&rig);
    assert_int_equal(t.received, received);
    assert_int_equal(t.strangers, strangers);
    assert_int_equal(t.malformed, malformed);
}

static const struct ik_rec_reply *reply(void)
{
    return &rig_last(&rig, IK_REC_reply)->reply;
}

static const struct ik_rec_icmp_error *error(void)
{
    return &rig_last(&rig, IK_REC_icmp_error)->icmp_error;
}

static void arrive4(const struct sent *a)
{
    rig_packet4(&rig, "192.0.2.1", a->bytes, a->n, (struct ik_stamp){rig.now.mono, IK_CLOCK_NONE});
}
