/* SPDX-License-Identifier: MIT */
#include "rig6.h"

#include "base/rng.h"

/* An echo request from src to dst as bytes, `more` bytes of link padding behind it. */
static size_t echo_packet(const char *src, const char *dst, uint8_t *out, size_t cap, size_t more)
{
    const struct ik_icmp m = {
        .family = 6, .type = IK_ICMP6_ECHO, .kind = IK_ICMP_ECHO, .echo = {.data = {out, 0}}};
    struct ik_ip ip = rig_head(src, dst, 64);
    uint8_t msg[64];
    size_t len;
    const struct ik_icmp_ctx ctx = {.family = 6, .src = &ip.src, .dst = &ip.dst};
    assert_int_equal(ik_icmp_encode(&m, &ctx, false, msg, sizeof(msg), &len), IK_OK);
    ip.version = 6;
    ip.proto = ip.next_header = IK_PROTO_ICMP6;
    ip.payload = (struct ik_rd){msg, len};
    assert_int_equal(ik_ip_encode(&ip, false, out, cap - more, &len), IK_OK);
    memset(out + len, 0xee, more);
    return len + more;
}

static void padding__of_the_link__is_no_part_of_the_packet(void **state)
{
    (void)state;
    struct rig r;
    uint8_t packet[128];
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    rig_advertise(&r, 0, 2, "2001:db8:1::2", IK_NA_OVERRIDE, 2);
    const size_t n = echo_packet("fe80::2", "2001:db8:1::1", packet, sizeof(packet), 30);
    rig_in_to(&r, 0, r.ifaces[0].mac, 2, packet, n);
    rig_advertise(&r, 0, 2, "fe80::2", IK_NA_SOLICITED | IK_NA_OVERRIDE, 2);
    const struct rig_out *reply = rig_find(&r, IK_ICMP6_ECHO_REPLY);
    assert_non_null(reply);
    assert_int_equal(reply->len, 48);
    rig_end(&r);
}

static void truncated__at_any_byte__is_not_answered(void **state)
{
    (void)state;
    struct rig r;
    uint8_t packet[128];
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    const size_t n = echo_packet("2001:db8:1::2", "2001:db8:1::1", packet, sizeof(packet), 0);
    for (size_t i = 0; i < n; i++)
        rig_in_to(&r, 0, r.ifaces[0].mac, 2, packet, i);
    assert_int_equal(r.n_out, 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_BAD_HEADER), n);
    rig_end(&r);
}

/* fe80::/10 is another network on each link: the answer leaves where the question came. */
static void link_local__on_the_second_port__is_answered_there(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    rig_settle(&r);
    rig_echo(&r, 1, 2, "fe80::2", "fe80::ff:fe00:101", 64);
    assert_int_equal(r.n_out, 1); /* who is fe80::2? */
    assert_int_equal(r.out[0].port, 1);
    rig_advertise(&r, 1, 2, "fe80::2", IK_NA_SOLICITED | IK_NA_OVERRIDE, 2);
    const struct rig_out *reply = rig_find(&r, IK_ICMP6_ECHO_REPLY);
    assert_non_null(reply);
    assert_int_equal(reply->port, 1);
    assert_addr(&reply->ip.src, "fe80::ff:fe00:101");
    r.n_out = 0;
    /* the link-local address of the one port is nobody on the other */
    rig_echo(&r, 0, 2, "fe80::2", "fe80::ff:fe00:101", 64);
    rig_run(&r, r.now + 5 * IK_NS_PER_S);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R4291-2.5.3-01, R4291-2.7-01 */
static void addresses__that_may_not_be_there__end_the_packet(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    rig_settle(&r);
    rig_echo(&r, 0, 2, "ff02::1", "2001:db8:1::1", 64);
    rig_echo(&r, 0, 2, "::1", "2001:db8:1::1", 64);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "::1", 64);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "ff01::1", 64);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "::", 64);
    assert_int_equal(r.n_out, 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_BAD_ADDRESS), 5);
    rig_end(&r);
}

/* A frame that is too short for what a jumbo payload claims is judged by the bytes there are. */
static void jumbo__with_no_bytes_behind__is_told_not_followed(void **state)
{
    (void)state;
    struct rig r;
    uint8_t packet[48] = {0x60, 0, 0, 0, 0, 0, 0, 64};
    const struct ik_addr src = rig_addr("fe80::2"), dst = rig_addr("2001:db8:1::1");
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    memcpy(packet + 8, src.bytes, 16);
    memcpy(packet + 24, dst.bytes, 16);
    memcpy(packet + 40, (const uint8_t[8]){58, 0, 0xc2, 4, 0, 1, 0, 0}, 8);
    for (size_t n = 40; n <= 48; n++)
        rig_in_to(&r, 0, r.ifaces[0].mac, 2, packet, n);
    assert_null(rig_find(&r, IK_ICMP6_ECHO_REPLY));
    rig_end(&r);
}

/* All of a jumbo payload: more than any link here carries, and than an answer may hold. */
static void jumbo__that_is_whole__does_no_harm(void **state)
{
    enum { JUMBO = 65536, WHOLE = 40 + JUMBO };
    static const uint8_t echo[16] = {58, 0, 0xc2, 4, 0, 1, 0, 0, 128};
    (void)state;
    for (int router = 0; router < 2; router++) {
        struct rig r;
        uint8_t *packet = calloc(1, WHOLE);
        assert_non_null(packet);
        const struct ik_addr src = rig_addr("2001:db8:1::2"), dst = rig_addr("2001:db8:1::1");
        rig_init(&r, router ? IK_STACK_ROUTER : IK_STACK_HOST);
        rig_start(&r);
        rig_settle(&r);
        packet[0] = 0x60;
        packet[7] = 64;
        memcpy(packet + 8, src.bytes, 16);
        memcpy(packet + 24, dst.bytes, 16);
        memcpy(packet + 40, echo, sizeof(echo));
        const struct ik_rd msg = {packet + 48, WHOLE - 48};
        const uint64_t sum = ik_cksum_add_pseudo(0, &src, &dst, 58, (uint32_t)msg.left);
        ik_store_be16(packet + 50, ik_cksum_fold(ik_cksum_add(sum, msg)));
        rig_in_to(&r, 0, r.ifaces[0].mac, 2, packet, WHOLE);
        packet[24 + 5] = 2; /* through the router */
        rig_in_to(&r, 0, r.ifaces[0].mac, 2, packet, WHOLE);
        packet[24 + 5] = 1;
        rig_in_to(&r, 0, r.ifaces[0].mac, 2, packet, 1000);
        assert_null(rig_find(&r, IK_ICMP6_ECHO_REPLY));
        assert_null(rig_find(&r, IK_ICMP6_PARAMETER_PROBLEM));
        free(packet);
        rig_end(&r);
    }
}

/* A packet from outside with one of our addresses as its source: an answer would go to ourselves,
 * and what the node itself does with that is nobody's business. */
static void source__our_own_from_outside__is_dropped(void **state)
{
    (void)state;
    for (int router = 0; router < 2; router++) {
        struct rig r;
        rig_init(&r, router ? IK_STACK_ROUTER : IK_STACK_HOST);
        rig_start(&r);
        rig_settle(&r);
        rig_echo(&r, 0, 2, "2001:db8:1::1", "2001:db8:1::1", 64);
        rig_echo(&r, 0, 2, "fe80::ff:fe00:100", "2001:db8:1::1", 64);
        rig_echo(&r, 0, 2, "2001:db8:1::1", "fe80::ff:fe00:100", 64);
        if (router) {
            rig_echo(&r, 1, 2, "2001:db8:1::1", "2001:db8:2::1", 64);
            rig_echo(&r, 0, 2, "2001:db8:1::1", "2001:db8:2::9", 64); /* through us */
        }
        assert_int_equal(r.n_out, 0);
        assert_int_equal(ik_stack_count(r.s, IK_STACK_BAD_ADDRESS), router ? 5 : 3);
        assert_int_equal(ik_stack_count(r.s, IK_STACK_ECHOED), 0);
        /* that link-local address on another link is somebody else */
        if (router)
            rig_echo(&r, 1, 2, "fe80::ff:fe00:100", "2001:db8:2::1", 64);
        assert_int_equal(r.n_out, router);
        rig_end(&r);
    }
}

/* Packets of every kind with bytes turned over, cut, and from any port. */
static size_t seed_packet(unsigned kind, uint8_t *out, size_t cap)
{
    static const uint8_t chains[][56] = {
        {60, 0, 1, 4, 0, 0, 0, 0, 43, 0, 0x1e, 4, 0, 0, 0, 0, 58, 0, 250, 0, 0, 0, 0, 0, 128},
        {44, 58, 0, 0, 1, 0, 0, 0, 7, 128, 0, 0, 0, 0, 1, 0, 1},
        {44, 58, 0, 0, 8, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8},
        {58, 135, 0, 0, 0, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8, 0, 1, [24] = 1, 1, 1, 2, 0, 0, 0, 9},
        {58, 134, 0, 0, 0, 64, 0, 7, 8, [17] = 3, 4, 64, 0xc0, 0, 0, 255, 255},
        {58, 137, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0x80, [24] = 5, 0x20, 1, 0x0d, 0xb8, [40] = 9},
        {0, 58, 0, 5, 2, 0, 0, 1, 0, 130, 0, 0, 0, 3, 232},
        {58, 2, 0, 0, 0, 0, 0, 5, 120, 0x60, [16] = 64},
        {17, 0, 7, 0, 7, 0, 16},
    };
    const size_t n = sizeof(chains) / sizeof(chains[0]);
    const uint8_t *chain = chains[kind % n];
    const struct ik_addr src = rig_addr(kind & 16 ? "fe80::2" : "2001:db8:1::2");
    const struct ik_addr dst = rig_addr(kind & 32   ? "ff02::1"
                                        : kind & 64 ? "2001:db8:2::7"
                                                    : "2001:db8:1::1");
    memset(out, 0, cap);
    out[0] = 0x60;
    out[5] = 56;
    out[6] = chain[0];
    out[7] = kind & 128 ? 1 : 255;
    memcpy(out + 8, src.bytes, 16);
    memcpy(out + 24, dst.bytes, 16);
    memcpy(out + 40, chain + 1, 55);
    return 96;
}

/* Makes the checksum right, where the packet is a plain ICMPv6 message, so that it is not the
 * checksum that stops it. */
static void checksum_mend(uint8_t *packet, size_t n)
{
    struct ik_ip ip;
    if (ik_ip_decode(&ip, (struct ik_rd){packet, n}, NULL) != IK_OK || ip.proto != IK_PROTO_ICMP6 ||
        ip.payload.left < 4 || ip.truncated)
        return;
    uint8_t *msg = packet + (ip.payload.p - packet);
    ik_store_be16(msg + 2, 0);
    const uint64_t sum =
        ik_cksum_add_pseudo(0, &ip.src, &ip.dst, IK_PROTO_ICMP6, (uint32_t)ip.payload.left);
    ik_store_be16(msg + 2, ik_cksum_fold(ik_cksum_add(sum, ip.payload)));
}

/* What no node may say: an error about an error, to nobody, from a group (RFC 4443 section 2.4). */
static void assert_allowed(const struct rig *r, const struct rig_out *o)
{
    if (!rig_is_own(r, o))
        return;
    assert_false(ik_addr_is_multicast(&o->ip.src));
    assert_false(ik_addr_is_any(&o->ip.dst));
    if (o->ip.proto != IK_PROTO_ICMP6 || o->ip.fragment || o->icmp.kind != IK_ICMP_ERROR)
        return;
    struct ik_quote q;
    assert_true(o->len <= 1280);
    assert_false(ik_addr_is_multicast(&o->ip.dst));
    if (ik_quote_decode(&q, o->icmp.error.quote, NULL) == IK_OK && q.has & IK_QUOTE_ICMP)
        assert_true(q.icmp_type >= 128 && q.icmp_type != IK_ICMP6_REDIRECT);
}

static void bytes__turned_over__do_no_harm(void **state)
{
    (void)state;
    struct ik_rng rng = {.state = 1};
    for (int kind = 0; kind < 2; kind++) {
        struct rig r;
        rig_init(&r, kind ? IK_STACK_ROUTER : IK_STACK_HOST);
        r.options.upper = kind == 0;
        r.options.error_unlimited = true;
        rig_route(&r, "::", 0, 0, "fe80::2");
        rig_start(&r);
        rig_settle(&r);
        for (int i = 0; i < 20000; i++) {
            uint8_t packet[128];
            size_t n = seed_packet(ik_rng_below(&rng, 1 << 16), packet, sizeof(packet));
            for (uint32_t k = ik_rng_below(&rng, 4); k > 0; k--)
                packet[ik_rng_below(&rng, n)] ^= (uint8_t)(1u << ik_rng_below(&rng, 8));
            if (ik_rng_below(&rng, 4) == 0)
                n = ik_rng_below(&rng, n + 1);
            if (ik_rng_below(&rng, 8))
                checksum_mend(packet, n);
            r.n_out = 0;
            rig_in_to(&r, (uint8_t)ik_rng_below(&rng, r.cfg.n_ifaces), r.ifaces[0].mac, 2, packet,
                      n);
            for (size_t k = 0; k < r.n_out; k++)
                assert_allowed(&r, &r.out[k]);
            rig_run(&r, r.now + ik_rng_below(&rng, 1u << 28));
        }
        rig_run(&r, r.now + 100 * IK_NS_PER_S);
        assert_int_equal(ik_stack_pool_used(r.cfg.pool), 0);
        rig_end(&r);
    }
}

/* A datagram that came in fragments is known by its link as well. */
static void link_local__in_fragments__is_answered_where_it_came_from(void **state)
{
    (void)state;
    struct rig r;
    static uint8_t data[1400], msg[1500], part[RIG_MTU];
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    rig_settle(&r);
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_ECHO,
                              .kind = IK_ICMP_ECHO,
                              .echo = {.id = 7, .data = {data, sizeof(data)}}};
    struct ik_ip ip = rig_head("fe80::2", "fe80::ff:fe00:101", 64);
    const struct ik_icmp_ctx ctx = {.family = 6, .src = &ip.src, .dst = &ip.dst};
    size_t len;
    assert_int_equal(ik_icmp_encode(&m, &ctx, false, msg, sizeof(msg), &len), IK_OK);
    ip.version = 6;
    ip.proto = ip.next_header = IK_PROTO_ICMP6;
    ip.payload = (struct ik_rd){msg, len};
    struct ik_frag f;
    assert_int_equal(ik_frag_init(&f, &ip, 1280, 5), IK_OK);
    while (ik_frag_take(&f, part, sizeof(part), &len) == IK_OK)
        rig_in_to(&r, 1, r.ifaces[1].mac, 2, part, len);
    assert_int_equal(r.n_out, 1); /* who is fe80::2? */
    assert_int_equal(r.out[0].icmp.type, IK_ICMP6_NEIGHBOR_SOL);
    assert_int_equal(r.out[0].port, 1);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding__of_the_link__is_no_part_of_the_packet),
        cmocka_unit_test(truncated__at_any_byte__is_not_answered),
        cmocka_unit_test(link_local__on_the_second_port__is_answered_there),
        cmocka_unit_test(addresses__that_may_not_be_there__end_the_packet),
        cmocka_unit_test(jumbo__with_no_bytes_behind__is_told_not_followed),
        cmocka_unit_test(jumbo__that_is_whole__does_no_harm),
        cmocka_unit_test(source__our_own_from_outside__is_dropped),
        cmocka_unit_test(bytes__turned_over__do_no_harm),
        cmocka_unit_test(link_local__in_fragments__is_answered_where_it_came_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
