/* SPDX-License-Identifier: MIT */
#include "node_rig.h"

#include "stack/query4.h"

enum { ALL = 0xffffffff };
static struct packet p;

static void icmp_in(struct rig *r, uint32_t src, uint32_t dst, const struct ik_icmp *m)
{
    uint8_t msg[64];
    size_t len;
    assert_int_equal(ik_icmp_encode(m, NULL, false, msg, sizeof(msg), &len), IK_OK);
    struct ik_ip ip = head4(src, dst, IK_PROTO_ICMP4);
    ip.tos = 0x10;
    packet_make(&p, &ip, (struct ik_rd){msg, len});
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    rig_in(r, 0, (dst & 0xff) == 0xff ? all : NULL, rd_of(&p));
}

static struct ik_icmp stamp_request(void)
{
    struct ik_icmp m = {.family = 4, .type = IK_ICMP4_TIMESTAMP, .kind = IK_ICMP_TIMESTAMP};
    m.timestamp = (struct ik_icmp_timestamp){.id = 1, .seq = 2, .originate = 0x01020304};
    return m;
}

static struct ik_icmp mask_message(uint8_t type, uint32_t mask)
{
    struct ik_icmp m = {.family = 4, .type = type, .kind = IK_ICMP_MASK};
    m.mask = (struct ik_icmp_mask){.id = 3, .seq = 4, .mask = ip4(mask)};
    return m;
}

/* R792-Timestamp-01 R792-Timestamp-02 R1122-3.2.2.8-04: the time of day to the millisecond. */
static void timestamp__is_answered__with_the_time_of_day(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.opt.clock_offset = -5 * IK_NS_PER_S;
    rig_start(&r);
    static const struct {
        ik_ns real;
        uint32_t ms;
    } at[] = {{0, 86395000},
              {5 * IK_NS_PER_S, 0},
              {86404 * IK_NS_PER_S + 999999999, 86399999},
              {86405 * IK_NS_PER_S, 0},
              {1000 * IK_NS_PER_S + 66 * IK_NS_PER_MS, 995066}};
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        r.now.mono = r.now.real = at[i].real;
        const struct ik_icmp q = stamp_request();
        icmp_in(&r, A, S2, &q);
        const struct ik_icmp m = only_error(&r, 14, 0);
        assert_int_equal(m.timestamp.id, 1);
        assert_int_equal(m.timestamp.seq, 2);
        assert_int_equal(m.timestamp.originate, 0x01020304);
        assert_int_equal(m.timestamp.receive, at[i].ms);
        assert_int_equal(m.timestamp.transmit, at[i].ms);
        assert_int_equal(out_ip(&r, 0).payload.left, 20);
        assert_int_equal(out_ip(&r, 0).tos, 0x10);
        assert_int_equal(ik_load_be32(out_ip(&r, 0).src.bytes), S2);
    }
    rig_end(&r);
}

/* R1122-3.2.2.8-02, and what nobody may answer. */
static void timestamp__to_all_or_switched_off__is_silence(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.opt.echo_broadcast = true;
    rig_start(&r);
    struct ik_icmp q = stamp_request();
    icmp_in(&r, A, 0x0a0001ff, &q);
    assert_int_equal(r.n_out, 0);
    icmp_in(&r, 0, S, &q);
    assert_int_equal(r.n_out, 0);
    q.code = 1;
    icmp_in(&r, A, S, &q);
    assert_int_equal(r.n_out, 0);
    r.opt.no_timestamp = true;
    q.code = 0;
    icmp_in(&r, A, S, &q);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R1122-3.2.2.9-01 R950-App.I-02 R1812-4.3.3.9-01 */
static void mask__is_told__by_who_is_asked_to(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    const struct ik_icmp q = mask_message(IK_ICMP4_MASK, 0);
    icmp_in(&r, A, S, &q);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);

    rig_init(&r, IK_STACK_ROUTER);
    r.opt.mask = true;
    rig_start(&r);
    icmp_in(&r, A, S, &q);
    struct ik_icmp m = only_error(&r, 18, 0);
    assert_int_equal(m.mask.id, 3);
    assert_int_equal(m.mask.seq, 4);
    assert_int_equal(ik_load_be32(m.mask.mask.bytes), 0xffffff00);
    icmp_in(&r, 0, ALL, &q);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(ik_load_be32(out_ip(&r, 0).dst.bytes), 0x0a0001ff);
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    assert_memory_equal(r.out[0].bytes.p, all, 6);
    rig_end(&r);

    rig_init(&r, IK_STACK_ROUTER); /* two masks on one interface */
    r.opt.mask = true;
    r.addrs[0][1] = (struct ik_stack_ifaddr){ip4(0x0a090001), 16};
    r.ifaces[0].n_addrs = 2;
    rig_start(&r);
    icmp_in(&r, 0, ALL, &q);
    assert_int_equal(r.n_out, 0);
    icmp_in(&r, A, S, &q);
    m = only_error(&r, 18, 0);
    assert_int_equal(ik_load_be32(m.mask.mask.bytes), 0xffffff00);
    rig_end(&r);
}

static bool on_link(const struct rig *r, uint32_t a)
{
    const struct ik_addr addr = ip4(a);
    struct ik_stack_hop hop;
    const bool found = ik_stack_route_find(r->s, &addr, 0, 0, &hop) && hop.on_link;
    assert_int_equal(found, ik_stack_local_on_link(r->s, 0, &addr));
    return found;
}

/* R1122-3.2.2.9-03 R1122-3.2.2.9-04 R1122-3.2.2.9-05: the first that can be, and only where masks
 * are learnt; it is not told to others. */
static void mask__that_is_learnt__is_the_first_sane_one(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.opt.mask_learn = r.opt.mask = true;
    rig_start(&r);
    static const uint32_t insane[] = {0xffffffff, 0x0f000000, 0xff00ff00, 0xfe000000};
    for (size_t i = 0; i < 4; i++) {
        const struct ik_icmp m = mask_message(IK_ICMP4_MASK_REPLY, insane[i]);
        icmp_in(&r, A, S, &m);
        assert_true(on_link(&r, 0x0a0001c8) && !on_link(&r, 0x0a000505));
    }
    struct ik_icmp m = mask_message(IK_ICMP4_MASK_REPLY, 0xffff0000);
    icmp_in(&r, A, S, &m);
    assert_true(on_link(&r, 0x0a000505) && !on_link(&r, 0x0a010505));
    m = mask_message(IK_ICMP4_MASK_REPLY, 0xffffff80);
    icmp_in(&r, A, S, &m);
    assert_true(on_link(&r, 0x0a000505));
    const struct ik_addr old = ip4(0x0a0001ff), now = ip4(0x0a00ffff);
    assert_false(ik_stack_local_is_broadcast4(r.s, 0, &old));
    assert_true(ik_stack_local_is_broadcast4(r.s, 0, &now));
    rig_forget(&r);
    rig_run(&r, 60 * IK_NS_PER_S);
    assert_int_equal(r.n_out, 0); /* nobody is asked any more */
    const struct ik_icmp q = mask_message(IK_ICMP4_MASK, 0);
    icmp_in(&r, A, S, &q);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R1122-3.2.2.9-02 */
static void mask_reply__where_none_are_learnt__changes_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    const struct ik_icmp m = mask_message(IK_ICMP4_MASK_REPLY, 0xffff0000);
    icmp_in(&r, A, S, &m);
    assert_false(on_link(&r, 0x0a000505));
    rig_end(&r);
}

/* A host that learns its mask asks for it, three times at most. */
static void mask__is_asked_for__three_times(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.opt.mask_learn = true;
    rig_start(&r);
    rig_run(&r, 60 * IK_NS_PER_S);
    assert_int_equal(r.n_out, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(out_icmp(&r, i).type, 17);
        assert_int_equal(ik_load_be32(out_ip(&r, i).dst.bytes), ALL);
        assert_int_equal(ik_load_be32(out_ip(&r, i).src.bytes), S);
    }
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamp__is_answered__with_the_time_of_day),
        cmocka_unit_test(timestamp__to_all_or_switched_off__is_silence),
        cmocka_unit_test(mask__is_told__by_who_is_asked_to),
        cmocka_unit_test(mask__that_is_learnt__is_the_first_sane_one),
        cmocka_unit_test(mask_reply__where_none_are_learnt__changes_nothing),
        cmocka_unit_test(mask__is_asked_for__three_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
