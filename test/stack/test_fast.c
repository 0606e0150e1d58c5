/* SPDX-License-Identifier: MIT
 * The short way against the long one: the same node twice, one of them kept from remembering, given
 * the same frames; whatever leaves has to be the same, and so have the counters. */
#include "node_rig.h"

static struct packet p;

struct pair {
    struct rig quick, slow;
    uint16_t neighbours_max;
};

/* `events` keeps a node on the long way. */
static void start(struct pair *t, enum ik_stack_kind kind)
{
    rig_init(&t->quick, kind);
    rig_init(&t->slow, kind);
    t->slow.opt.events = true;
    for (int i = 0; i < 2; i++) {
        struct rig *r = i ? &t->slow : &t->quick;
        r->routes[0] = (struct ik_stack_route){
            .prefix = {ip4(0xcb007100), 24}, .port = kind == IK_STACK_ROUTER, .via = ip4(C)};
        if (kind == IK_STACK_HOST)
            r->routes[0].via = ip4(GW);
        r->cfg.n_routes = 1;
        r->opt.neighbours_max = t->neighbours_max;
        rig_start(r);
    }
}

static void end(struct pair *t)
{
    for (unsigned i = 0; i < IK_STACK_COUNT; i++)
        assert_int_equal(ik_stack_count(t->quick.s, (enum ik_stack_count)i),
                         ik_stack_count(t->slow.s, (enum ik_stack_count)i));
    rig_end(&t->quick);
    rig_end(&t->slow);
}

static void same_out(const struct pair *t)
{
    assert_int_equal(t->quick.n_out, t->slow.n_out);
    for (size_t i = 0; i < t->quick.n_out; i++) {
        const struct ik_frame *a = &t->quick.out[i], *b = &t->slow.out[i];
        assert_int_equal(a->port, b->port);
        assert_int_equal(a->medium, b->medium);
        assert_int_equal(a->bytes.left, b->bytes.left);
        assert_memory_equal(a->bytes.p, b->bytes.p, a->bytes.left);
    }
}

static void both(struct pair *t, uint8_t port, const uint8_t *mac, struct ik_rd packet)
{
    rig_in(&t->quick, port, mac, packet);
    rig_in(&t->slow, port, mac, packet);
    same_out(t);
}

static void pass_time(struct pair *t, ik_ns by)
{
    rig_forget(&t->quick);
    rig_forget(&t->slow);
    rig_run(&t->quick, t->quick.now.mono + by);
    rig_run(&t->slow, t->slow.now.mono + by);
    same_out(t);
}

/* Anything may be wrong with a frame that looks like the last one. */
static void frames__of_every_damage__fare_alike(void **state)
{
    (void)state;
    static struct pair t;
    struct ik_rng rng = {.state = 3};
    for (int kind = 0; kind < 2; kind++) {
        start(&t, kind ? IK_STACK_ROUTER : IK_STACK_HOST);
        const uint32_t to[] = {S, S, C, FAR, T, 0x0a0002ff};
        for (int i = 0; i < 6000; i++) {
            struct ik_ip ip = head4(A, to[ik_rng_below(&rng, 6)], IK_PROTO_ICMP4);
            ip.ttl = (uint8_t)ik_rng_below(&rng, 4);
            ip.tos = ik_rng_below(&rng, 4) ? 0 : (uint8_t)ik_rng_next(&rng);
            ip.df = ik_rng_below(&rng, 2);
            ip.id = (uint16_t)ik_rng_next(&rng);
            packet_echo(&p, &ip, ik_rng_below(&rng, 64));
            if (ik_rng_below(&rng, 3) == 0) {
                const size_t at = ik_rng_below(&rng, p.len);
                p.b[at] ^= (uint8_t)(1u << ik_rng_below(&rng, 8));
                if (at < 20 && ik_rng_below(&rng, 2)) { /* wrong, and its checksum right */
                    ik_store_be16(p.b + 10, 0);
                    ik_store_be16(p.b + 10,
                                  ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){p.b, 20})));
                }
            }
            if (ik_rng_below(&rng, 8) == 0)
                p.len -= ik_rng_below(&rng, p.len);
            else if (ik_rng_below(&rng, 8) == 0)
                p.len += 9; /* link padding */
            both(&t, (uint8_t)ik_rng_below(&rng, kind ? 2 : 1), NULL, rd_of(&p));
            if (i % 100 == 0)
                pass_time(&t, 700 * IK_NS_PER_MS);
        }
        assert_true(ik_stack_count(t.quick.s, IK_STACK_ECHOED) > 200);
        if (kind)
            assert_true(ik_stack_count(t.quick.s, IK_STACK_FORWARDED) > 500);
        end(&t);
    }
}

static struct ik_addr ip6(uint8_t net, uint8_t host)
{
    struct ik_addr a = {.family = 6, .bytes = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, net}};
    a.bytes[15] = host;
    return a;
}

static void frames_of_ipv6__fare_alike(void **state)
{
    (void)state;
    static struct pair t;
    static struct ik_stack_ifaddr addrs[2];
    struct ik_rng rng = {.state = 4};
    const struct ik_addr a = ip6(1, 2), c = ip6(2, 2);
    for (int i = 0; i < 2; i++) {
        struct rig *r = i ? &t.slow : &t.quick;
        rig_init(r, IK_STACK_ROUTER);
        r->opt.events = i;
        for (uint8_t k = 0; k < 2; k++) {
            addrs[k] = (struct ik_stack_ifaddr){ip6((uint8_t)(k + 1), 1), 64};
            r->ifaces[k].addrs = &addrs[k];
        }
        r->ifaces[1].mtu = 1300;
        rig_start(r);
        assert_int_equal(ik_stack_neighbour(r->s, 0, &a, rig_peer), IK_OK);
        assert_int_equal(ik_stack_neighbour(r->s, 1, &c, rig_peer), IK_OK);
    }
    for (int i = 0; i < 3000; i++) {
        uint8_t data[1400] = {0};
        const struct ik_ip ip = {.version = 6,
                                 .ttl = (uint8_t)ik_rng_below(&rng, 4),
                                 .tos = (uint8_t)ik_rng_next(&rng),
                                 .flow = (uint32_t)ik_rng_below(&rng, 1 << 20),
                                 .proto = 253,
                                 .next_header = 253,
                                 .header_bytes = 40,
                                 .src = a,
                                 .dst = ik_rng_below(&rng, 4) ? c : ip6(2, 9)};
        packet_make(&p, &ip, (struct ik_rd){data, ik_rng_below(&rng, 1400)});
        if (ik_rng_below(&rng, 3) == 0)
            p.b[ik_rng_below(&rng, 40)] ^= (uint8_t)(1u << ik_rng_below(&rng, 8));
        if (ik_rng_below(&rng, 8) == 0)
            p.len -= ik_rng_below(&rng, p.len);
        both(&t, (uint8_t)ik_rng_below(&rng, 2), NULL, rd_of(&p));
        if (i % 100 == 0)
            pass_time(&t, 300 * IK_NS_PER_MS);
    }
    assert_true(ik_stack_count(t.quick.s, IK_STACK_FORWARDED) > 500);
    end(&t);
}

/* RFC 1624: the update of a checksum never makes ffff of what is 0. */
static void checksum__of_every_value__is_updated_right(void **state)
{
    (void)state;
    static struct pair t;
    start(&t, IK_STACK_ROUTER);
    for (uint32_t id = 0; id < 0x10000; id += 5) {
        struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
        ip.id = id;
        ip.ttl = (uint8_t)(2 + id % 254);
        packet_udp(&p, &ip, 7, 0);
        rig_in(&t.quick, 0, NULL, rd_of(&p));
        assert_true(out_ip(&t.quick, 0).checksum_ok);
        uint8_t fresh[20];
        memcpy(fresh, t.quick.out[0].bytes.p + 14, 20);
        ik_store_be16(fresh + 10, 0);
        assert_int_equal(ik_load_be16(t.quick.out[0].bytes.p + 24),
                         ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){fresh, 20})));
        rig_in(&t.slow, 0, NULL, rd_of(&p));
    }
    end(&t);
}

/* The header of an answer is made from that of the request, whose checksum may be any: 0 and its
 * other form ffff among them. */
static void answers__to_every_header__are_alike(void **state)
{
    (void)state;
    static struct pair t;
    unsigned of_zero = 0;
    start(&t, IK_STACK_HOST);
    for (uint32_t id = 0; id < 0x10000; id += 3) {
        struct ik_ip ip = head4(A, S, IK_PROTO_ICMP4);
        ip.id = id;
        ip.df = id & 1;
        ip.ttl = (uint8_t)(1 + id % 255);
        packet_echo(&p, &ip, 8);
        if (ik_load_be16(p.b + 10) == 0) {
            of_zero++;
            ik_store_be16(p.b + 10, 0xffff);
        }
        rig_forget(&t.quick);
        rig_forget(&t.slow);
        both(&t, 0, NULL, rd_of(&p));
        assert_int_equal(t.quick.n_out, 1);
        assert_true(out_ip(&t.quick, 0).checksum_ok);
    }
    assert_true(of_zero > 0);
    assert_true(ik_stack_count(t.quick.s, IK_STACK_ECHOED) > 0x10000 / 3);
    end(&t);
}

static void frame__to_many__is_not_taken_for_the_last_one(void **state)
{
    (void)state;
    static struct pair t;
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    start(&t, IK_STACK_ROUTER);
    const struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
    packet_udp(&p, &ip, 7, 20);
    both(&t, 0, NULL, rd_of(&p));
    both(&t, 0, NULL, rd_of(&p));
    assert_int_equal(t.quick.n_out, 1);
    both(&t, 0, all, rd_of(&p));
    assert_int_equal(t.quick.n_out, 0);
    both(&t, 1, NULL, rd_of(&p)); /* by the wrong port: a redirect's case */
    end(&t);
}

/* A packet that has to wait drives another out, and the error about that one leaves by the other
 * port: it must not be taken for the way of the first. */
static void frame__that_waits__is_not_taken_for_the_error_it_caused(void **state)
{
    (void)state;
    static struct pair t = {.neighbours_max = 8};
    start(&t, IK_STACK_ROUTER);
    for (uint32_t i = 0; i < 400; i++) {
        const bool back = i / 2 % 2;
        const struct ik_ip ip = head4(back ? C : A, (back ? A : C) + 10 + i / 4 % 40, IK_PROTO_UDP);
        packet_udp(&p, &ip, 7, 20);
        both(&t, back, NULL, rd_of(&p));
        if (i % 16 == 0)
            pass_time(&t, 100 * IK_NS_PER_MS);
    }
    end(&t);
}

static void port__that_goes_down__is_forgotten_at_once(void **state)
{
    (void)state;
    static struct pair t;
    start(&t, IK_STACK_ROUTER);
    const struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
    packet_udp(&p, &ip, 7, 20);
    both(&t, 0, NULL, rd_of(&p));
    for (int up = 0; up < 2; up++) {
        ik_stack_iface_up(t.quick.s, t.quick.now, 1, up);
        ik_stack_iface_up(t.slow.s, t.slow.now, 1, up);
        both(&t, 0, NULL, rd_of(&p));
        both(&t, 0, NULL, rd_of(&p));
        assert_int_equal(t.quick.out[0].port, up);
    }
    end(&t);
}

/* A neighbour that was resolved has to be asked again when its time is over, however busy it is. */
static void neighbour__that_moves__is_found_again(void **state)
{
    (void)state;
    static struct pair t;
    start(&t, IK_STACK_ROUTER);
    const uint8_t moved[6] = {2, 0, 0, 0, 0xaa, 9};
    const struct ik_ip ip = head4(A, 0x0a000263, IK_PROTO_UDP);
    packet_udp(&p, &ip, 7, 20);
    uint8_t arp[42];
    for (int round = 0; round < 2; round++) {
        both(&t, 0, NULL, rd_of(&p));
        memcpy(arp, t.quick.ifaces[1].mac, 6);
        memcpy(arp + 6, round ? moved : rig_peer, 6);
        memcpy(arp + 12, (const uint8_t[10]){8, 6, 0, 1, 8, 0, 6, 4, 0, 2}, 10);
        memcpy(arp + 22, arp + 6, 6);
        ik_store_be32(arp + 28, 0x0a000263);
        memcpy(arp + 32, arp, 6);
        ik_store_be32(arp + 38, T);
        rig_frame(&t.quick, 1, IK_MEDIUM_ETHER, NULL, (struct ik_rd){arp, 42});
        rig_frame(&t.slow, 1, IK_MEDIUM_ETHER, NULL, (struct ik_rd){arp, 42});
        same_out(&t);
        for (int i = 0; i < 20; i++) {
            both(&t, 0, NULL, rd_of(&p));
            assert_memory_equal(t.quick.out[0].bytes.p, round ? moved : rig_peer, 6);
        }
    }
    for (int i = 0; i < 200; i++) { /* past its reachable time: probes, then silence */
        pass_time(&t, 300 * IK_NS_PER_MS);
        both(&t, 0, NULL, rd_of(&p));
    }
    end(&t);
}

static void mtu__of_the_way_out__is_kept(void **state)
{
    (void)state;
    static struct pair t;
    rig_init(&t.quick, IK_STACK_ROUTER);
    rig_init(&t.slow, IK_STACK_ROUTER);
    t.slow.opt.events = true;
    t.quick.ifaces[1].mtu = t.slow.ifaces[1].mtu = 600;
    rig_start(&t.quick);
    rig_start(&t.slow);
    for (size_t bytes = 540; bytes < 620; bytes += 7) {
        const struct ik_ip ip = head4(A, C, IK_PROTO_UDP);
        packet_udp(&p, &ip, 7, bytes);
        both(&t, 0, NULL, rd_of(&p));
    }
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames__of_every_damage__fare_alike),
        cmocka_unit_test(frames_of_ipv6__fare_alike),
        cmocka_unit_test(checksum__of_every_value__is_updated_right),
        cmocka_unit_test(answers__to_every_header__are_alike),
        cmocka_unit_test(frame__to_many__is_not_taken_for_the_last_one),
        cmocka_unit_test(frame__that_waits__is_not_taken_for_the_error_it_caused),
        cmocka_unit_test(port__that_goes_down__is_forgotten_at_once),
        cmocka_unit_test(neighbour__that_moves__is_found_again),
        cmocka_unit_test(mtu__of_the_way_out__is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
