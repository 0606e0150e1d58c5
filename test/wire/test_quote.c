/* SPDX-License-Identifier: MIT
 * The packet inside an error: found at its own header length, cut anywhere, changed on the way. */
#include "vector.h"

#include "base/bytes.h"

static struct ik_faults faults;

static struct ik_quote decoded(struct ik_rd in)
{
    struct ik_quote q;
    faults = (struct ik_faults){0};
    assert_int_equal(ik_quote_decode(&q, in, &faults), IK_OK);
    return q;
}

static void quote__of_28_bytes__has_ports_and_checksum(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex(vector_of("quote", "udp8"));
    const struct ik_quote q = decoded(in);
    assert_int_equal(q.has, IK_QUOTE_PORTS | IK_QUOTE_UDP_SUM);
    assert_int_equal(q.sport, 24000);
    assert_int_equal(q.dport, 33434);
    assert_int_equal(q.udp_len_bytes, 16);
    assert_int_equal(q.transport_checksum, 0x2162);
    assert_int_equal(q.transport.left, 8);
    assert_int_equal(q.data.left, 0);
    assert_int_equal(q.ip.ttl, 1);
    assert_true(q.ip.truncated);
    assert_int_equal(faults.n, 0); /* a header checksum that does not verify is not judged */
    vector_free(in);
}

/* R792-DU-02; CVE-2022-23093 with options quoted. Suricata assumes 20. */
static void quote__with_ip_options__finds_the_ports_behind_them(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex("48000054 00010000 0111 0000 c0000201 c0000202"
                                       "070b04 00000000 00000000 01 1111222200100000");
    struct ik_quote q = decoded(in);
    assert_int_equal(q.ip.header_bytes, 32);
    assert_int_equal(q.sport, 0x1111);
    assert_int_equal(q.dport, 0x2222);
    assert_ptr_equal(q.transport.p, in.p + 32);
    vector_free(in);
    uint8_t widest[68] = {0x4f, 0, 0, 100, [8] = 1, 17};
    widest[61] = 7; /* 60 bytes of header */
    widest[63] = 9;
    const struct ik_rd block = {vector_block(widest, 68), 68};
    q = decoded(block);
    assert_int_equal(q.sport, 7);
    assert_int_equal(q.dport, 9);
    vector_free(block);
}

static void quote__cut_inside_its_options__has_an_ip_header_only(void **state)
{
    (void)state;
    uint8_t p[28] = {0x4f, 0, 0, 100, [8] = 1, 17};
    const struct ik_rd in = {vector_block(p, 28), 28};
    const struct ik_quote q = decoded(in);
    assert_int_equal(q.has, 0);
    assert_int_equal(q.ip.header_bytes, 60);
    assert_int_equal(q.ip.options.left, 8);
    assert_int_equal(q.transport.left, 0);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 28));
    vector_free(in);
}

static void quote__of_a_later_fragment__has_no_transport(void **state)
{
    (void)state;
    uint8_t p[28];
    vector_bytes(vector_of("quote", "udp8"), p, 28);
    p[7] = 1;
    struct ik_quote q = decoded((struct ik_rd){p, 28});
    assert_int_equal(q.has, 0);
    assert_int_equal(q.transport.left, 8); /* bytes, not a header */
    assert_int_equal(faults.n, 0);
    p[6] = 0x20; /* a first fragment has one */
    p[7] = 0;
    q = decoded((struct ik_rd){p, 28});
    assert_int_equal(q.has, IK_QUOTE_PORTS | IK_QUOTE_UDP_SUM);
}

static void quote__of_ipv6_with_extension_headers__finds_the_ports(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex(vector_of("quote", "udp6"));
    const struct ik_quote q = decoded(in);
    assert_int_equal(q.ip.proto, 17);
    assert_int_equal(q.sport, 24000);
    assert_int_equal(q.data.left, 9);
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

static void quote__of_each_protocol__has_its_fields(void **state)
{
    (void)state;
    static const struct {
        uint8_t proto, bytes;
        uint32_t has;
    } cases[] = {
        {17, 3, 0},
        {17, 4, IK_QUOTE_PORTS},
        {17, 7, IK_QUOTE_PORTS},
        {17, 8, IK_QUOTE_PORTS | IK_QUOTE_UDP_SUM},
        {6, 4, IK_QUOTE_PORTS},
        {6, 8, IK_QUOTE_PORTS | IK_QUOTE_TCP_SEQ},
        {132, 8, IK_QUOTE_PORTS},
        {33, 8, IK_QUOTE_PORTS},
        {136, 8, IK_QUOTE_PORTS},
        {1, 3, 0},
        {1, 4, IK_QUOTE_ICMP},
        {1, 7, IK_QUOTE_ICMP},
        {1, 8, IK_QUOTE_ICMP | IK_QUOTE_ICMP_ECHO},
        {253, 8, 0}, /* CVE-2026-23398: a protocol without handler */
        {0, 8, 0},   /* hop-by-hop is no extension header of IPv4 */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t p[28] = {0x45, 0, 0, 60, [8] = 1, cases[i].proto};
        vector_bytes("0800abcd 12345678", p + 20, 8);
        const size_t n = 20 + (size_t)cases[i].bytes;
        const struct ik_rd in = {vector_block(p, n), n};
        const struct ik_quote q = decoded(in);
        assert_int_equal(q.has, cases[i].has);
        if (q.has & IK_QUOTE_ICMP)
            assert_true(q.icmp_type == 8 && q.icmp_code == 0 && q.transport_checksum == 0xabcd);
        if (q.has & IK_QUOTE_ICMP_ECHO)
            assert_true(q.icmp_id == 0x1234 && q.icmp_seq == 0x5678);
        if (q.has & IK_QUOTE_TCP_SEQ)
            assert_int_equal(q.tcp_seq, 0x12345678);
        /* CVE-2020-11910, CVE-2020-11898: what should be there and is not */
        assert_int_equal(vector_has_flaw(&faults, IK_FLAW_SHORT, (unsigned)n), n < 28);
        vector_free(in);
    }
}

static void quote__of_an_icmp_error__has_no_identifier(void **state)
{
    (void)state;
    uint8_t p[28] = {0x45, 0, 0, 28, [8] = 1, 1, [20] = 3, 3};
    struct ik_quote q = decoded((struct ik_rd){p, 28});
    assert_int_equal(q.has, IK_QUOTE_ICMP);
    p[20] = 13;
    q = decoded((struct ik_rd){p, 28});
    assert_int_equal(q.has, IK_QUOTE_ICMP | IK_QUOTE_ICMP_ECHO);
}

/* Zeros that fill a quote up to 128 bytes (RFC 4884 section 4) are not of the packet. */
static void quote__padded_with_zeros__ends_at_its_total_length(void **state)
{
    (void)state;
    uint8_t p[128] = {0};
    vector_bytes("4500002a b4960000 0201d37e 84e37b08 4153ef7f 08005dc0 5dc0bc95 7fe9", p, 128);
    struct ik_quote q = decoded((struct ik_rd){p, 128});
    assert_int_equal(q.transport.left, 22);
    assert_int_equal(faults.n, 0);
    p[127] = 1; /* no padding: the total length was changed */
    q = decoded((struct ik_rd){p, 128});
    assert_int_equal(q.transport.left, 108);
    assert_true(vector_has_flaw(&faults, IK_FLAW_QUOTED_LENGTH, 2));
}

static void quote__with_swapped_total_length__is_flagged_and_whole(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex(vector_of("quote", "udp-swapped"));
    struct ik_quote q = decoded(in);
    assert_true(vector_has_flaw(&faults, IK_FLAW_QUOTED_LENGTH_ORDER, 2));
    assert_int_equal(faults.n, 1);
    assert_false(q.ip.truncated);
    assert_int_equal(q.ip.total_bytes, 0x2400); /* as it stands */
    assert_int_equal(q.data.left, 8);
    vector_free(in);
    in = vector_hex(
        vector_of("quote", "udp-swapped")); /* cut to 8 bytes: the length of UDP gives it away */
    const struct ik_rd cut = {vector_block(in.p, 28), 28};
    q = decoded(cut);
    assert_true(vector_has_flaw(&faults, IK_FLAW_QUOTED_LENGTH_ORDER, 2));
    assert_int_equal(q.has, IK_QUOTE_PORTS | IK_QUOTE_UDP_SUM);
    vector_free(cut);
    vector_free(in);
}

/* Old BSD systems leave the header length out. */
static void quote__with_reduced_total_length__is_flagged_and_whole(void **state)
{
    (void)state;
    uint8_t p[60];
    memset(p, 0xaa, sizeof(p));
    vector_bytes("45000028 00000000 01110000 c0a80105 08080808 5dc0829a 00280000", p, 60);
    struct ik_quote q = decoded((struct ik_rd){p, 60});
    assert_true(vector_has_flaw(&faults, IK_FLAW_QUOTED_LENGTH, 2));
    assert_int_equal(q.data.left, 32);
    q = decoded((struct ik_rd){p, 28}); /* cut: the length of UDP gives it away */
    assert_true(vector_has_flaw(&faults, IK_FLAW_QUOTED_LENGTH, 2));
    p[3] = 8; /* below its own header */
    q = decoded((struct ik_rd){p, 60});
    assert_true(vector_has_flaw(&faults, IK_FLAW_QUOTED_LENGTH, 2));
    assert_int_equal(q.sport, 24000);
    assert_int_equal(q.data.left, 32);
}

/* Here IP has more than UDP: options of UDP (RFC 9868), or Ethernet padding of the sender. */
static void quote__with_udp_shorter_than_ip__is_no_flaw(void **state)
{
    (void)state;
    uint8_t p[28];
    vector_bytes("45000032 00000000 01110000 c0a80105 08080808 5dc0829a 00100000", p, 28);
    (void)decoded((struct ik_rd){p, 28});
    assert_int_equal(faults.n, 0);
}

static void quote__that_is_no_packet__is_refused(void **state)
{
    (void)state;
    struct ik_quote q;
    uint8_t p[40] = {0x44};
    /* nat46 issue 77: an error of 8 bytes leaves nothing to quote */
    assert_int_equal(ik_quote_decode(&q, (struct ik_rd){p, 0}, NULL), IK_E_SHORT);
    assert_int_equal(ik_quote_decode(&q, (struct ik_rd){p, 19}, NULL), IK_E_SHORT);
    assert_int_equal(ik_quote_decode(&q, (struct ik_rd){p, 20}, NULL), IK_E_LENGTH);
    p[0] = 0x60;
    assert_int_equal(ik_quote_decode(&q, (struct ik_rd){p, 39}, NULL), IK_E_SHORT);
    assert_int_equal(ik_quote_decode(&q, (struct ik_rd){p, 40}, NULL), IK_OK);
    p[0] = 0x05;
    assert_int_equal(ik_quote_decode(&q, (struct ik_rd){p, 40}, NULL), IK_E_VERSION);
}

static void decode(struct ik_rd in)
{
    struct ik_quote q;
    faults = (struct ik_faults){0};
    if (ik_quote_decode(&q, in, &faults))
        return;
    assert_true(vector_inside(q.transport, in));
    assert_true(vector_inside(q.data, in));
    struct ik_quote quiet;
    assert_int_equal(ik_quote_decode(&quiet, in, NULL), IK_OK);
    assert_int_equal(quiet.has, q.has);
    assert_int_equal(quiet.transport.left, q.transport.left);
    for (unsigned i = 0; i < faults.n; i++)
        assert_true(faults.list[i].at <= in.left);
}

/* CVE-2020-11910, CVE-2020-11898, CVE-2017-12895: quotes cut at every byte. */
static void quote__cut_and_flipped__stays_inside(void **state)
{
    (void)state;
    vector_torture_all("quote", decode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quote__of_28_bytes__has_ports_and_checksum),
        cmocka_unit_test(quote__with_ip_options__finds_the_ports_behind_them),
        cmocka_unit_test(quote__cut_inside_its_options__has_an_ip_header_only),
        cmocka_unit_test(quote__of_a_later_fragment__has_no_transport),
        cmocka_unit_test(quote__of_ipv6_with_extension_headers__finds_the_ports),
        cmocka_unit_test(quote__of_each_protocol__has_its_fields),
        cmocka_unit_test(quote__of_an_icmp_error__has_no_identifier),
        cmocka_unit_test(quote__padded_with_zeros__ends_at_its_total_length),
        cmocka_unit_test(quote__with_swapped_total_length__is_flagged_and_whole),
        cmocka_unit_test(quote__with_reduced_total_length__is_flagged_and_whole),
        cmocka_unit_test(quote__with_udp_shorter_than_ip__is_no_flaw),
        cmocka_unit_test(quote__that_is_no_packet__is_refused),
        cmocka_unit_test(quote__cut_and_flipped__stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
