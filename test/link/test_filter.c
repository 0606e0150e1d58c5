/* SPDX-License-Identifier: MIT
 * The programs run in the kernel itself, attached to a pair of local datagram sockets: what is
 * written to one arrives at the other when the filter lets it through. */
#include "link/filter.h"

#include "icmpkit/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { IDENT = 0x1234, OTHER = 0x1235 };
static const uint32_t TAG = 0xcafe0102;

struct packet {
    uint8_t bytes[256];
    size_t n;
};

static void put(struct packet *p, size_t n, const void *bytes)
{
    memcpy(p->bytes + p->n, bytes, n);
    p->n += n;
}

/* An IPv4 header of ihl words. */
static void put_ip4(struct packet *p, uint8_t ihl, uint8_t proto)
{
    uint8_t h[60] = {0};
    h[0] = (uint8_t)(0x40 | ihl);
    h[9] = proto;
    /* Options that look like an identifier, to catch a program that ignores the length. */
    for (size_t i = 20; i < sizeof(h); i++)
        h[i] = i % 2 ? 0x34 : 0x12;
    put(p, 4u * ihl, h);
}

static void put_ip6(struct packet *p, uint8_t next)
{
    uint8_t h[40] = {0x60};
    h[6] = next;
    put(p, sizeof(h), h);
}

static void put_icmp(struct packet *p, uint8_t type, uint16_t ident, uint32_t data)
{
    const uint8_t h[12] = {type,
                           0,
                           0,
                           0,
                           (uint8_t)(ident >> 8),
                           (uint8_t)ident,
                           0,
                           1,
                           (uint8_t)(data >> 24),
                           (uint8_t)(data >> 16),
                           (uint8_t)(data >> 8),
                           (uint8_t)data};
    put(p, sizeof(h), h);
}

static void put_error(struct packet *p, uint8_t type)
{
    const uint8_t h[8] = {type};
    put(p, sizeof(h), h);
}

static void put_ports(struct packet *p, uint16_t sport)
{
    const uint8_t h[8] = {(uint8_t)(sport >> 8), (uint8_t)sport, 0x12, 0x34, 0x12, 0x34};
    put(p, sizeof(h), h);
}

static bool passes(struct sock_filter *program, size_t n, const struct packet *p)
{
    int pair[2];
    char buffer[512];
    const struct sock_fprog prog = {.len = (unsigned short)n, .filter = program};
    assert_return_code(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_return_code(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), 0);
    (void)!send(pair[0], p->bytes, p->n, 0);
    const ssize_t got = recv(pair[1], buffer, sizeof(buffer), 0);
    close(pair[0]);
    close(pair[1]);
    if (got >= 0)
        assert_int_equal(got, p->n); /* whole, not cut */
    return got >= 0;
}

static bool icmp_passes(const struct ik_filter_cfg *cfg, const struct packet *p)
{
    struct sock_filter program[IK_FILTER_MAX];
    return passes(program, ik_filter_icmp(program, cfg), p);
}

static bool tcp_passes(const struct ik_filter_cfg *cfg, const struct packet *p)
{
    struct sock_filter program[IK_FILTER_MAX];
    return passes(program, ik_filter_tcp(program, cfg), p);
}

static struct ik_filter_cfg config(uint8_t family)
{
    return (struct ik_filter_cfg){.family = family,
                                  .ident = IDENT,
                                  .answers = IK_ANSWER_ECHO,
                                  .tag = TAG,
                                  .filter_tag = true};
}

static struct packet reply4(uint8_t ihl, uint8_t type, uint16_t ident, uint32_t tag)
{
    struct packet p = {0};
    put_ip4(&p, ihl, 1);
    put_icmp(&p, type, ident, tag);
    return p;
}

static struct packet reply6(uint8_t type, uint16_t ident, uint32_t tag)
{
    struct packet p = {0};
    put_icmp(&p, type, ident, tag);
    return p;
}

static void echo_reply4__ours__passes_others_do_not(void **state)
{
    (void)state;
    const struct ik_filter_cfg cfg = config(4);
    struct packet p;
    for (uint8_t ihl = 5; ihl <= 15; ihl += 5) {
        p = reply4(ihl, 0, IDENT, TAG);
        assert_true(icmp_passes(&cfg, &p));
        p = reply4(ihl, 0, OTHER, TAG);
        assert_false(icmp_passes(&cfg, &p));
        p = reply4(ihl, 0, IDENT, TAG + 1);
        assert_false(icmp_passes(&cfg, &p));
    }
    p = reply4(5, 8, IDENT, TAG); /* our own request, on loopback */
    assert_false(icmp_passes(&cfg, &p));
    p = reply4(5, 14, IDENT, TAG); /* not asked for */
    assert_false(icmp_passes(&cfg, &p));
    p = reply4(5, 0, IDENT, TAG);
    p.n = 20 + 11; /* cut in the tag */
    assert_false(icmp_passes(&cfg, &p));
}

static void echo_reply4__no_tag_asked__passes_without(void **state)
{
    (void)state;
    struct ik_filter_cfg cfg = config(4);
    cfg.filter_tag = false;
    struct packet p = reply4(5, 0, IDENT, TAG + 1);
    assert_true(icmp_passes(&cfg, &p));
    p.n = 20 + 8; /* an echo without payload */
    assert_true(icmp_passes(&cfg, &p));
}

static void timestamp_reply__asked_for__passes_by_identifier(void **state)
{
    (void)state;
    struct ik_filter_cfg cfg = config(4);
    cfg.answers = IK_ANSWER_TIMESTAMP;
    struct packet p = reply4(5, 14, IDENT, 0);
    assert_true(icmp_passes(&cfg, &p));
    p = reply4(5, 14, OTHER, 0);
    assert_false(icmp_passes(&cfg, &p));
    p = reply4(5, 0, IDENT, TAG);
    assert_false(icmp_passes(&cfg, &p));
}

static void echo_reply6__ours__passes_others_do_not(void **state)
{
    (void)state;
    const struct ik_filter_cfg cfg = config(6);
    struct packet p = reply6(129, IDENT, TAG);
    assert_true(icmp_passes(&cfg, &p));
    p = reply6(129, OTHER, TAG);
    assert_false(icmp_passes(&cfg, &p));
    p = reply6(129, IDENT, TAG ^ 1);
    assert_false(icmp_passes(&cfg, &p));
    p = reply6(128, IDENT, TAG);
    assert_false(icmp_passes(&cfg, &p));
    p = reply6(134, IDENT, TAG); /* a router advertisement */
    assert_false(icmp_passes(&cfg, &p));
}

static void node_info_reply__asked_for__passes_by_nonce(void **state)
{
    (void)state;
    struct ik_filter_cfg cfg = config(6);
    struct packet p = reply6(140, OTHER, TAG); /* octets 4-7 are qtype and flags */
    assert_false(icmp_passes(&cfg, &p));
    cfg.answers = IK_ANSWER_NODE_INFO;
    assert_true(icmp_passes(&cfg, &p));
    p = reply6(140, OTHER, TAG + 1);
    assert_false(icmp_passes(&cfg, &p));
}

static struct packet error4(uint8_t outer, uint8_t type, uint8_t inner, uint8_t proto)
{
    struct packet p = {0};
    put_ip4(&p, outer, 1);
    put_error(&p, type);
    put_ip4(&p, inner, proto);
    return p;
}

static void error4__quotes_our_echo__passes_whatever_the_header_lengths(void **state)
{
    (void)state;
    const struct ik_filter_cfg cfg = config(4);
    static const uint8_t types[] = {3, 4, 5, 11, 12};
    for (size_t i = 0; i < sizeof(types); i++)
        for (uint8_t outer = 5; outer <= 15; outer += 5)
            for (uint8_t inner = 5; inner <= 15; inner++) {
                struct packet p = error4(outer, types[i], inner, 1);
                put_icmp(&p, 8, IDENT, 0); /* no tag: 8 bytes may be all that is quoted */
                p.n -= 4;
                assert_true(icmp_passes(&cfg, &p));
                p = error4(outer, types[i], inner, 1);
                put_icmp(&p, 8, OTHER, TAG);
                assert_false(icmp_passes(&cfg, &p));
            }
}

static void error4__cut_before_the_identifier__is_dropped(void **state)
{
    (void)state;
    const struct ik_filter_cfg cfg = config(4);
    struct packet p = error4(5, 3, 5, 1);
    put_icmp(&p, 8, IDENT, TAG);
    const size_t whole = p.n;
    for (p.n = 0; p.n < whole; p.n++)
        if (icmp_passes(&cfg, &p))
            assert_true(p.n >= 20 + 8 + 20 + 6);
    p.n = 20 + 8 + 20 + 5;
    assert_false(icmp_passes(&cfg, &p));
}

static void error4__quotes_ports__passes_only_when_asked(void **state)
{
    (void)state;
    struct ik_filter_cfg cfg = config(4);
    static const uint8_t protos[] = {6, 17};
    for (size_t i = 0; i < sizeof(protos); i++)
        for (uint8_t inner = 5; inner <= 6; inner++) {
            struct packet p = error4(5, 11, inner, protos[i]);
            put_ports(&p, IDENT);
            cfg.ports = false;
            assert_false(icmp_passes(&cfg, &p));
            cfg.ports = true;
            assert_true(icmp_passes(&cfg, &p));
            p = error4(5, 11, inner, protos[i]);
            put_ports(&p, OTHER);
            assert_false(icmp_passes(&cfg, &p));
        }
    struct packet p = error4(5, 11, 5, 47);
    put_ports(&p, IDENT);
    assert_false(icmp_passes(&cfg, &p));
}

/* R4443-2.4a-01: an error of unknown type goes to whom its quote names. */
static void error6__quotes_our_echo__passes_others_do_not(void **state)
{
    (void)state;
    struct ik_filter_cfg cfg = config(6);
    for (unsigned type = 0; type < 256; type++) {
        struct packet p = {0};
        put_error(&p, (uint8_t)type);
        put_ip6(&p, 58);
        put_icmp(&p, 128, IDENT, 0);
        assert_int_equal(icmp_passes(&cfg, &p), type < 128);
        p.bytes[8 + 40 + 5] ^= 1;
        assert_false(icmp_passes(&cfg, &p));
    }
}

static void error6__extension_header_in_quote__passes_to_be_judged_above(void **state)
{
    (void)state;
    const struct ik_filter_cfg cfg = config(6);
    static const uint8_t chain[] = {0, 43, 44, 51, 60};
    for (size_t i = 0; i < sizeof(chain); i++) {
        struct packet p = {0};
        put_error(&p, 3);
        put_ip6(&p, chain[i]);
        assert_true(icmp_passes(&cfg, &p));
    }
    struct packet p = {0};
    put_error(&p, 3);
    put_ip6(&p, 17);
    put_ports(&p, IDENT);
    assert_false(icmp_passes(&cfg, &p));
    struct ik_filter_cfg ports = config(6);
    ports.ports = true;
    assert_true(icmp_passes(&ports, &p));
    p.bytes[8 + 40] ^= 1;
    assert_false(icmp_passes(&ports, &p));
}

static struct packet tcp(uint8_t family, uint16_t dport, uint8_t flags)
{
    struct packet p = {0};
    uint8_t h[20] = {0, 80, (uint8_t)(dport >> 8), (uint8_t)dport};
    h[13] = flags;
    if (family == 4)
        put_ip4(&p, 6, 6);
    put(&p, sizeof(h), h);
    return p;
}

static void tcp__syn_ack_or_rst_to_our_port__passes(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        const struct ik_filter_cfg cfg = config(family);
        for (unsigned flags = 0; flags < 256; flags++) {
            struct packet p = tcp(family, IDENT, (uint8_t)flags);
            assert_int_equal(tcp_passes(&cfg, &p), (flags & 4) || (flags & 0x12) == 0x12);
        }
        struct packet p = tcp(family, OTHER, 0x12);
        assert_false(tcp_passes(&cfg, &p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_reply4__ours__passes_others_do_not),
        cmocka_unit_test(echo_reply4__no_tag_asked__passes_without),
        cmocka_unit_test(timestamp_reply__asked_for__passes_by_identifier),
        cmocka_unit_test(echo_reply6__ours__passes_others_do_not),
        cmocka_unit_test(node_info_reply__asked_for__passes_by_nonce),
        cmocka_unit_test(error4__quotes_our_echo__passes_whatever_the_header_lengths),
        cmocka_unit_test(error4__cut_before_the_identifier__is_dropped),
        cmocka_unit_test(error4__quotes_ports__passes_only_when_asked),
        cmocka_unit_test(error6__quotes_our_echo__passes_others_do_not),
        cmocka_unit_test(error6__extension_header_in_quote__passes_to_be_judged_above),
        cmocka_unit_test(tcp__syn_ack_or_rst_to_our_port__passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
