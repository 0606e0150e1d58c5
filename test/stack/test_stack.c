/* SPDX-License-Identifier: MIT
 * The engine itself: memory, what it refuses, batches. */
#include "node_rig.h"

static struct packet p;

static void smallest_host__is_small(void **state)
{
    /* <icmpkit/stack.h>: one interface, two addresses, one route */
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.opt.neighbours_max = 2;
    r.opt.destinations_max = 1;
    rig_pool(&r, 64, 0);
    assert_in_range(ik_stack_bytes(&r.cfg), 1, 899);
    r.mem = malloc(ik_stack_bytes(&r.cfg));
    assert_int_equal(ik_stack_init(&r.s, r.mem, &r.cfg), IK_OK);
    r.e = ik_stack_engine(r.s);
    /* it is whole: resolves, answers, says errors */
    const struct ik_addr a = ip4(A);
    assert_int_equal(ik_stack_neighbour(r.s, 0, &a, rig_peer), IK_OK);
    struct ik_ip ip = head4(A, S2, IK_PROTO_ICMP4);
    packet_echo(&p, &ip, 56);
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(out_icmp(&r, 0).type, IK_ICMP4_ECHO_REPLY);
    ip = head4(A, S, IK_PROTO_UDP);
    packet_udp(&p, &ip, 9, 8);
    rig_in(&r, 0, NULL, rd_of(&p));
    only_error(&r, 3, 3);
    rig_end(&r);
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
    while (n && bytes[n - 1] == 0)
        n--;
    return n == 0;
}

/* What lies aside costs a host that nobody speaks to no page of memory. */
static void memory_aside__of_host_that_nobody_speaks_to__is_not_touched(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.addrs[0][1] = (struct ik_stack_ifaddr){{.family = 6, .bytes = {0x20, 1, 0xd, 0xb8}}, 64};
    rig_pool(&r, 64, 0);
    const size_t together = ik_stack_bytes(&r.cfg), bytes = ik_stack_aside_bytes(&r.cfg);
    uint8_t *aside = calloc(1, bytes);
    r.cfg.aside = aside;
    assert_int_equal(ik_stack_bytes(&r.cfg) + bytes, together);
    r.mem = malloc(ik_stack_bytes(&r.cfg));
    assert_int_equal(ik_stack_init(&r.s, r.mem, &r.cfg), IK_OK);
    r.e = ik_stack_engine(r.s);
    rig_run(&r, 10 * IK_NS_PER_S); /* it verifies its addresses and tells its groups */
    assert_true(r.n_out > 0);
    rig_forget(&r);
    assert_true(is_zero(aside, bytes));
    const struct ik_addr a = ip4(A);
    assert_int_equal(ik_stack_neighbour(r.s, 0, &a, rig_peer), IK_OK);
    assert_false(is_zero(aside, bytes));
    struct ik_ip ip = head4(A, S, IK_PROTO_UDP);
    packet_udp(&p, &ip, 9, 8);
    rig_in(&r, 0, NULL, rd_of(&p));
    only_error(&r, 3, 3);
    rig_end(&r);
    free(aside);
}

static void configuration__that_cannot_be__is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        struct rig r;
        rig_init(&r, IK_STACK_HOST);
        rig_pool(&r, 64, 0);
        const enum ik_err expected = i == 0 ? IK_E_FULL : IK_E_VALUE;
        switch (i) {
        case 0:
            r.cfg.n_ifaces = IK_STACK_IFACES_MAX + 1;
            break;
        case 1:
            r.cfg.n_ifaces = 0;
            break;
        case 2:
            r.ifaces[0].mtu = 67;
            break;
        case 3:
            r.ifaces[0].mtu = 1501; /* more than a buffer of the pool holds */
            break;
        case 4:
            r.addrs[0][0].addr.family = 6;
            r.ifaces[0].mtu = 1279;
            break;
        case 5:
            r.addrs[0][0].bits = 33;
            break;
        case 6:
            r.addrs[0][0].addr.family = 0;
            break;
        case 7:
            r.ifaces[0].mac[0] = 1; /* a group's */
            break;
        case 8:
            r.routes[0].port = 1;
            break;
        case 9:
            r.routes[0].via.family = 6;
            break;
        case 10:
            r.opt.advertise_interval = 3 * IK_NS_PER_S;
            break;
        default:
            r.opt.alive_permille = 1001;
        }
        uint8_t mem[8];
        assert_int_equal(ik_stack_bytes(&r.cfg), 0);
        assert_int_equal(ik_stack_init(&r.s, mem, &r.cfg), expected);
        free(r.pool_mem);
    }
}

static void output__is_tentative__until_accepted(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    struct ik_event ev[5] = {0};
    uint8_t frames[5][14 + 36];
    for (uint8_t i = 0; i < 5; i++) {
        struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
        ip.tos = (uint8_t)(i << 2);
        packet_echo(&p, &ip, 8);
        memcpy(frames[i], r.ifaces[0].mac, 6);
        memcpy(frames[i] + 6, rig_peer, 6);
        ik_store_be16(frames[i] + 12, 0x0800);
        memcpy(frames[i] + 14, p.b, 36);
        ev[i].kind = IK_EV_FRAME;
        ev[i].frame.bytes = (struct ik_rd){frames[i], sizeof(frames[i])};
    }
    r.e->ops->input(r.e, r.now, 0, ev, 5);
    struct ik_frame out[8];
    for (uint8_t done = 0; done < 5; done++) { /* one at a time goes through */
        assert_true(r.e->ops->deadline(r.e) <= r.now.mono);
        assert_int_equal(r.e->ops->output(r.e, r.now, out, 3), done < 3 ? 3 : 5 - done);
        assert_int_equal(out[0].bytes.p[15], done << 2);
        r.e->ops->accepted(r.e, r.now, 1);
    }
    assert_int_equal(r.e->ops->output(r.e, r.now, out, 3), 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_SENT), 5);
    assert_int_equal(ik_stack_pool_used(r.pool), 0);
    rig_end(&r);
}

static void pool__that_is_empty__costs_packets_and_nothing_else(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_pool(&r, 64, 1);
    rig_start(&r);
    const struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
    packet_echo(&p, &ip, 8);
    uint8_t frame[14 + 36];
    memcpy(frame, r.ifaces[0].mac, 6);
    memcpy(frame + 6, rig_peer, 6);
    ik_store_be16(frame + 12, 0x0800);
    memcpy(frame + 14, p.b, 36);
    struct ik_event ev = {.kind = IK_EV_FRAME};
    ev.frame.bytes = (struct ik_rd){frame, sizeof(frame)};
    for (int i = 0; i < 100; i++)
        r.e->ops->input(r.e, r.now, 0, &ev, 1);
    assert_int_equal(ik_stack_pool_used(r.pool), 48); /* three quarters: the rest is others' */
    assert_int_equal(ik_stack_count(r.s, IK_STACK_NO_ROOM), 52);
    rig_run(&r, r.now.mono);
    assert_int_equal(r.n_out, 48);
    rig_end(&r);
}

static void same_seed__same_bytes(void **state)
{
    (void)state;
    static struct packet all[2];
    for (int i = 0; i < 2; i++) {
        struct rig r;
        rig_init(&r, IK_STACK_HOST);
        r.opt.solicit4 = true;
        rig_start(&r);
        all[i].len = 0;
        for (int k = 0; k < 20; k++) {
            const struct ik_ip ip = head4(0x0a000103, S, IK_PROTO_ICMP4);
            packet_echo(&p, &ip, 8);
            rig_in(&r, 0, NULL, rd_of(&p));
            for (size_t f = 0; f < r.n_out; f++) {
                memcpy(all[i].b + all[i].len, r.out[f].bytes.p, r.out[f].bytes.left);
                all[i].len += r.out[f].bytes.left;
            }
            rig_forget(&r);
            rig_run(&r, r.now.mono + 300 * IK_NS_PER_MS);
        }
        rig_end(&r);
    }
    assert_int_equal(all[0].len, all[1].len);
    assert_memory_equal(all[0].b, all[1].b, all[0].len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_host__is_small),
        cmocka_unit_test(memory_aside__of_host_that_nobody_speaks_to__is_not_touched),
        cmocka_unit_test(configuration__that_cannot_be__is_refused),
        cmocka_unit_test(output__is_tentative__until_accepted),
        cmocka_unit_test(pool__that_is_empty__costs_packets_and_nothing_else),
        cmocka_unit_test(same_seed__same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
