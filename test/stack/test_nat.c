/* SPDX-License-Identifier: MIT
 * A translating router: 10.0.1.0/24 is inside, on port 0; 10.0.2.1 on port 1 is the public
 * address. Every transport checksum that leaves is verified. */
#include "node_rig.h"

enum { B = 0x0a000103 }; /* one more inside */

static struct rig r;
static struct ik_stack_nat_cfg nat;
static struct packet p;

static void begin(void)
{
    nat = (struct ik_stack_nat_cfg){.outside = 1};
    rig_init(&r, IK_STACK_ROUTER);
    r.opt.nat = &nat;
    r.opt.error_unlimited = true;
}

static void start(void)
{
    rig_start(&r);
    const struct ik_addr b = ip4(B);
    assert_int_equal(ik_stack_neighbour(r.s, 0, &b, rig_peer), IK_OK);
}

static bool verifies(const struct ik_ip *ip)
{
    uint64_t sum = 0;
    if (ip->fragment || (ip->proto == IK_PROTO_UDP && ik_load_be16(ip->payload.p + 6) == 0))
        return true;
    if (ip->proto != IK_PROTO_ICMP4)
        sum = ik_cksum_add_pseudo(0, &ip->src, &ip->dst, ip->proto, (uint32_t)ip->payload.left);
    return ik_cksum_fold(ik_cksum_add(sum, ip->payload)) == 0;
}

/* The only packet that left, by `port`, from src to dst. */
static struct ik_ip only(uint8_t port, uint32_t src, uint32_t dst)
{
    assert_int_equal(r.n_out, 1);
    const struct ik_ip ip = out_ip(&r, 0);
    assert_int_equal(r.out[0].port, port);
    assert_int_equal(ik_load_be32(ip.src.bytes), src);
    assert_int_equal(ik_load_be32(ip.dst.bytes), dst);
    assert_true(verifies(&ip));
    return ip;
}

static void query(uint8_t port, uint32_t src, uint32_t dst, uint8_t type, uint16_t id)
{
    uint8_t msg[32];
    size_t len;
    struct ik_icmp m = {.family = 4, .type = type, .kind = IK_ICMP_ECHO};
    m.echo = (struct ik_echo){.id = id, .seq = 9, .data = {(const uint8_t *)"ping me", 7}};
    assert_int_equal(ik_icmp_encode(&m, NULL, false, msg, sizeof(msg), &len), IK_OK);
    const struct ik_ip ip = head4(src, dst, IK_PROTO_ICMP4);
    packet_make(&p, &ip, (struct ik_rd){msg, len});
    rig_in(&r, port, NULL, rd_of(&p));
}

static void udp_make(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
    uint8_t msg[32];
    size_t len;
    const struct ik_ip ip = head4(src, dst, IK_PROTO_UDP);
    const struct ik_udp u = {
        .sport = sport, .dport = dport, .data = {(const uint8_t *)"datagram", 8}};
    assert_int_equal(ik_udp_encode(&u, &ip.src, &ip.dst, msg, sizeof(msg), &len), IK_OK);
    packet_make(&p, &ip, (struct ik_rd){msg, len});
}

static void udp(uint8_t port, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
    udp_make(src, sport, dst, dport);
    rig_in(&r, port, NULL, rd_of(&p));
}

static void tcp_make(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
    uint8_t msg[32];
    size_t len;
    const struct ik_ip ip = head4(src, dst, IK_PROTO_TCP);
    const struct ik_rd none = {msg, 0};
    const struct ik_tcp t = {
        .sport = sport, .dport = dport, .flags = IK_TCP_SYN, .options = none, .data = none};
    assert_int_equal(ik_tcp_encode(&t, &ip.src, &ip.dst, msg, sizeof(msg), &len), IK_OK);
    packet_make(&p, &ip, (struct ik_rd){msg, len});
}

static uint16_t sport_of(const struct ik_ip *ip)
{
    return ik_load_be16(ip->payload.p);
}

static uint16_t dport_of(const struct ik_ip *ip)
{
    return ik_load_be16(ip->payload.p + 2);
}

/* The packet of frame 0 as it left, for an error about it. */
static struct ik_rd left_as(uint8_t copy[static 2048])
{
    const struct ik_rd l3 = ik_rd_from(r.out[0].bytes, 14);
    memcpy(copy, l3.p, l3.left);
    return (struct ik_rd){copy, l3.left};
}

/* An error about the quoted packet, written into p. */
static void error_make(uint32_t src, uint32_t dst, uint8_t type, uint8_t code, struct ik_rd quote,
                       struct ik_rd extensions)
{
    uint8_t msg[600];
    size_t len;
    struct ik_icmp m = {.family = 4, .type = type, .code = code, .kind = IK_ICMP_ERROR};
    m.error = (struct ik_icmp_error){.mtu = 1400, .quote = quote, .extensions = extensions};
    assert_int_equal(ik_icmp_encode(&m, NULL, false, msg, sizeof(msg), &len), IK_OK);
    const struct ik_ip ip = head4(src, dst, IK_PROTO_ICMP4);
    packet_make(&p, &ip, (struct ik_rd){msg, len});
}

static void error_in(uint8_t port, uint32_t src, uint32_t dst, uint8_t type, uint8_t code,
                     struct ik_rd quote)
{
    error_make(src, dst, type, code, quote, (struct ik_rd){quote.p, 0});
    rig_in(&r, port, NULL, rd_of(&p));
}

/* The packet that frame 0 quotes: its header verifies. */
static struct ik_quote quoted(uint8_t type, uint8_t code)
{
    const struct ik_icmp m = out_icmp(&r, 0);
    struct ik_quote q;
    assert_int_equal(m.type, type);
    assert_int_equal(m.code, code);
    assert_int_equal(ik_quote_decode(&q, m.error.quote, NULL), IK_OK);
    assert_int_equal(ik_cksum_fold(ik_cksum_add(0, ik_rd_head(m.error.quote, q.ip.header_bytes))),
                     0);
    return q;
}

static void assert_ends(const struct ik_quote *q, uint32_t src, uint16_t sport, uint32_t dst,
                        uint16_t dport)
{
    assert_int_equal(ik_load_be32(q->ip.src.bytes), src);
    assert_int_equal(ik_load_be32(q->ip.dst.bytes), dst);
    assert_int_equal(q->sport, sport);
    assert_int_equal(q->dport, dport);
}

/* R5508-3.1-01: two hosts with one identifier each get their own answer. */
static void query__reply__has_the_original_identifier(void **state)
{
    (void)state;
    begin();
    start();
    query(0, A, C, IK_ICMP4_ECHO, 7);
    only(1, T, C);
    assert_int_equal(out_icmp(&r, 0).echo.id, 7);
    query(0, B, C, IK_ICMP4_ECHO, 7);
    only(1, T, C);
    const uint16_t other = out_icmp(&r, 0).echo.id;
    assert_int_not_equal(other, 7);
    query(1, C, T, IK_ICMP4_ECHO_REPLY, other);
    only(0, C, B);
    assert_int_equal(out_icmp(&r, 0).echo.id, 7);
    query(1, C, T, IK_ICMP4_ECHO_REPLY, 7);
    only(0, C, A);
    assert_int_equal(out_icmp(&r, 0).echo.id, 7);
    assert_int_equal(out_icmp(&r, 0).echo.seq, 9);
    rig_end(&r);
}

/* R5508-3.2-01: 60 s from the last request; replies, which anybody can send, do not prolong it. */
static void query__reply_after_59_s__is_delivered(void **state)
{
    (void)state;
    begin();
    start();
    query(0, A, C, IK_ICMP4_ECHO, 7);
    rig_run(&r, 59 * IK_NS_PER_S);
    query(1, C, T, IK_ICMP4_ECHO_REPLY, 7);
    only(0, C, A);
    rig_run(&r, 60 * IK_NS_PER_S);
    query(1, C, T, IK_ICMP4_ECHO_REPLY, 7);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R5508-4.2-02, R4787-REQ12-01, R5508-4.3-01, R5382-REQ9-01, R5382-REQ10-01: the error comes in
 * with the quote turned back, from whoever it is, and the mapping is none the worse. */
static void error__about_a_mapping__quote_is_turned_back(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        static uint8_t copy[2048];
        begin();
        start();
        if (tcp)
            tcp_make(A, 5000, C, 80);
        else
            udp_make(A, 5000, C, 80);
        struct packet sent = p;
        rig_in(&r, 0, NULL, rd_of(&p));
        only(1, T, C);
        const struct ik_rd left = left_as(copy);
        static const uint8_t codes[][2] = {{3, 4}, {3, 3}, {3, 1}, {11, 0}, {12, 0}};
        for (size_t i = 0; i < 5; i++) {
            error_in(1, FAR, T, codes[i][0], codes[i][1], left);
            only(0, FAR, A);
            const struct ik_quote q = quoted(codes[i][0], codes[i][1]);
            assert_ends(&q, A, 5000, C, 80);
            /* Octet for octet what A sent, but TTL and header checksum. */
            assert_memory_equal(q.transport.p, sent.b + 20, sent.len - 20);
            if (codes[i][1] == 4)
                assert_int_equal(out_icmp(&r, 0).error.mtu, 1400);
        }
        if (tcp)
            tcp_make(C, 80, T, 5000);
        else
            udp_make(C, 80, T, 5000);
        rig_in(&r, 1, NULL, rd_of(&p));
        const struct ik_ip ip = only(0, C, A);
        assert_int_equal(dport_of(&ip), 5000);
        rig_end(&r);
    }
}

/* Errors about pings, which have an identifier instead of ports. */
static void error__about_a_query__identifier_is_turned_back(void **state)
{
    (void)state;
    static uint8_t copy[2048];
    begin();
    start();
    query(0, B, C, IK_ICMP4_ECHO, 7);
    query(0, A, C, IK_ICMP4_ECHO, 7);
    only(1, T, C);
    error_in(1, C, T, 11, 0, ik_rd_head(left_as(copy), 28));
    only(0, C, A);
    const struct ik_quote q = quoted(11, 0);
    assert_int_equal(q.icmp_id, 7);
    assert_int_equal(ik_load_be32(q.ip.src.bytes), A);
    rig_end(&r);
}

/* R5508-4.1-01 */
static void error__damaged__is_dropped(void **state)
{
    (void)state;
    static uint8_t copy[2048];
    begin();
    start();
    udp(0, A, 5000, C, 80);
    const struct ik_rd left = left_as(copy);
    copy[8]--; /* TTL of the quote, without its checksum */
    error_in(1, C, T, 3, 3, left);
    assert_int_equal(r.n_out, 0);
    copy[8]++;
    error_make(C, T, 3, 3, left, (struct ik_rd){copy, 0});
    p.b[22] ^= 0x10; /* the checksum of the message */
    rig_in(&r, 1, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 0);
    error_in(1, C, T, 3, 3, left);
    only(0, C, A);
    rig_end(&r);
}

/* R5508-4.1-02: options in the quoted header, and a transport checksum that is wrong. */
static void error__quote_with_options__transport_is_found(void **state)
{
    (void)state;
    static uint8_t copy[2048];
    begin();
    start();
    tcp_make(A, 5000, C, 80);
    struct ik_ip ip;
    static struct packet with;
    static const uint8_t nops[4] = {1, 1, 1, 1};
    assert_int_equal(ik_ip_decode(&ip, rd_of(&p), NULL), IK_OK);
    ip.options = (struct ik_rd){nops, 4};
    packet_make(&with, &ip, ip.payload);
    rig_in(&r, 0, NULL, rd_of(&with));
    only(1, T, C);
    const struct ik_rd left = left_as(copy);
    copy[24 + 16] ^= 0xff;
    error_in(1, C, T, 3, 1, left);
    only(0, C, A);
    const struct ik_quote q = quoted(3, 1);
    assert_ends(&q, A, 5000, C, 80);
    assert_int_equal(q.ip.header_bytes, 24);
    rig_end(&r);
}

/* R5508-4.1-03 */
static void error__with_extensions__they_stay(void **state)
{
    (void)state;
    static uint8_t copy[2048];
    uint8_t ext[64];
    struct ik_ext_writer w;
    size_t len;
    const struct ik_mpls label = {.label = 16001, .ttl = 1, .bottom = true};
    begin();
    start();
    udp(0, A, 5000, C, 80);
    assert_int_equal(ik_ext_begin(&w, 4, 11, ext, sizeof(ext)), IK_OK);
    assert_int_equal(ik_mpls_put(&w, &label, 1), IK_OK);
    assert_int_equal(ik_ext_end(&w, &len), IK_OK);
    error_make(C, T, 11, 0, left_as(copy), (struct ik_rd){ext, len});
    rig_in(&r, 1, NULL, rd_of(&p));
    only(0, C, A);
    const struct ik_icmp m = out_icmp(&r, 0);
    assert_int_equal(m.error.extensions.left, len);
    assert_memory_equal(m.error.extensions.p, ext, len);
    const struct ik_quote q = quoted(11, 0);
    assert_ends(&q, A, 5000, C, 80);
    rig_end(&r);
}

/* R5508-4.2-01 */
static void error__about_nothing__goes_nowhere(void **state)
{
    (void)state;
    begin();
    start();
    udp_make(T, 6000, C, 80);
    static uint8_t copy[2048];
    memcpy(copy, p.b, p.len);
    error_in(1, C, T, 3, 3, (struct ik_rd){copy, p.len});
    assert_int_equal(r.n_out, 0);
    /* From inside, about a packet that no mapping let in. */
    udp_make(C, 80, A, 6000);
    memcpy(copy, p.b, p.len);
    error_in(0, A, C, 3, 3, (struct ik_rd){copy, p.len});
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R5508-4.2.2-01: an inside router says that a packet from outside expired. */
static void error__from_inside__comes_from_the_public_address(void **state)
{
    (void)state;
    static uint8_t copy[2048];
    begin();
    start();
    udp(0, A, 5000, C, 80);
    udp(1, C, 80, T, 5000);
    only(0, C, A);
    error_in(0, B, C, 11, 0, left_as(copy));
    only(1, T, C);
    const struct ik_quote q = quoted(11, 0);
    assert_ends(&q, C, 80, T, 5000);
    rig_end(&r);
}

/* R5508-5-01: A speaks to B by its public port; both see the public address of the other. */
static void hairpin__datagram_and_its_error__are_translated_twice(void **state)
{
    (void)state;
    static uint8_t copy[2048];
    begin();
    start();
    udp(0, B, 5000, C, 80);
    udp(0, A, 5000, C, 80);
    struct ik_ip ip = only(1, T, C);
    const uint16_t port_a = sport_of(&ip);
    assert_int_not_equal(port_a, 5000);
    udp(0, A, 5000, T, 5000);
    ip = only(0, T, B);
    assert_int_equal(sport_of(&ip), port_a);
    assert_int_equal(dport_of(&ip), 5000);
    error_in(0, B, T, 3, 3, left_as(copy));
    only(0, T, A);
    const struct ik_quote q = quoted(3, 3);
    assert_ends(&q, A, 5000, T, 5000);
    rig_end(&r);
}

/* R1812-5.3.7-01: 0.0.0.0 and 169.254/16 stay on their link, under another address as well. */
static void hairpin__from_who_is_not_forwarded__does_not_pass(void **state)
{
    (void)state;
    static const uint32_t from[] = {0, 0xa9fe0101};
    begin();
    start();
    udp(0, B, 5000, C, 80);
    for (int i = 0; i < 2; i++) {
        udp(0, from[i], 7000, T, 5000);
        assert_int_equal(r.n_out, 0);
    }
    udp(0, A, 7000, T, 5000);
    only(0, T, B);
    rig_end(&r);
}

/* R5508-6-01 */
static void flow__table_full_or_rule__is_answered_with_13(void **state)
{
    (void)state;
    begin();
    nat.max_mappings = 2;
    struct ik_stack_filter_rule rule = {.act = IK_ACT_REJECT, .has_proto = true, .proto = 6};
    nat.rules = &rule;
    nat.n_rules = 1;
    start();
    udp(0, A, 1, C, 80);
    query(0, A, C, IK_ICMP4_ECHO, 1);
    only(1, T, C);
    udp(0, A, 2, C, 80);
    only(0, S, A);
    struct ik_quote q = quoted(3, 13);
    assert_ends(&q, A, 2, C, 80);
    udp(0, A, 1, C, 81); /* who is in stays in */
    only(1, T, C);
    tcp_make(A, 3, C, 80);
    rig_in(&r, 0, NULL, rd_of(&p));
    only(0, S, A);
    q = quoted(3, 13);
    assert_ends(&q, A, 3, C, 80);
    rule.act = IK_ACT_DROP;
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 0);
    /* GRE has no ports to tell two hosts apart by. */
    const struct ik_ip gre = head4(A, C, 47);
    packet_make(&p, &gre, (struct ik_rd){(const uint8_t *)"\0\0\x08\0", 4});
    rig_in(&r, 0, NULL, rd_of(&p));
    only(0, S, A);
    assert_int_equal(out_icmp(&r, 0).code, 13);
    rig_end(&r);
}

/* R5508-7-01: it expires here, on its way out or in; the outside learns nothing of the inside. */
static void ttl__runs_out_here__each_side_is_told_what_it_sent(void **state)
{
    (void)state;
    begin();
    start();
    udp(0, A, 5000, C, 80);
    udp_make(A, 5000, C, 80);
    p.b[8] = 1;
    ik_store_be16(p.b + 10, ik_cksum_update(ik_load_be16(p.b + 10), 0x4011, 0x0111));
    rig_in(&r, 0, NULL, rd_of(&p));
    only(0, S, A);
    struct ik_quote q = quoted(11, 0);
    assert_ends(&q, A, 5000, C, 80);
    udp_make(C, 80, T, 5000);
    p.b[8] = 1;
    ik_store_be16(p.b + 10, ik_cksum_update(ik_load_be16(p.b + 10), 0x4011, 0x0111));
    rig_in(&r, 1, NULL, rd_of(&p));
    only(1, T, C);
    q = quoted(11, 0);
    assert_ends(&q, C, 80, T, 5000);
    rig_end(&r);
}

/* R5508-7-01: neither source quench nor information. */
static void icmp__what_is_not_supported__does_not_pass(void **state)
{
    (void)state;
    static uint8_t copy[2048];
    begin();
    start();
    udp(0, A, 5000, C, 80);
    const struct ik_rd left = left_as(copy);
    error_in(1, C, T, 4, 0, left);
    assert_int_equal(r.n_out, 0);
    error_in(1, C, T, 5, 1, left);
    assert_int_equal(r.n_out, 0);
    query(0, A, C, IK_ICMP4_INFO, 7);
    assert_int_equal(r.n_out, 0);
    query(0, A, C, IK_ICMP4_ECHO_REPLY, 7); /* to a question that nobody asked */
    assert_int_equal(r.n_out, 0);
    query(0, A, C, IK_ICMP4_TIMESTAMP, 7);
    only(1, T, C);
    rig_end(&r);
}

/* R4787-REQ13-01 */
static void flow__too_big_for_the_outside__told_or_cut(void **state)
{
    (void)state;
    begin();
    r.ifaces[1].mtu = 1400;
    start();
    struct ik_ip ip = head4(A, C, IK_PROTO_ICMP4);
    ip.df = true;
    packet_echo(&p, &ip, 1472);
    rig_in(&r, 0, NULL, rd_of(&p));
    only(0, S, A);
    assert_int_equal(out_icmp(&r, 0).code, 4);
    assert_int_equal(out_icmp(&r, 0).error.mtu, 1400);
    const struct ik_quote q = quoted(3, 4);
    assert_int_equal(ik_load_be32(q.ip.src.bytes), A);
    ip.df = false;
    packet_echo(&p, &ip, 1472);
    rig_in(&r, 0, NULL, rd_of(&p));
    assert_int_equal(r.n_out, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct ik_ip part = out_ip(&r, i);
        assert_int_equal(ik_load_be32(part.src.bytes), T);
        assert_true(part.fragment);
    }
    rig_end(&r);
}

/* Cuts p into fragments of 1500 and feeds them in that order. */
static void feed_cut(uint8_t port, const int *order, size_t n, size_t *n_out)
{
    static struct packet parts[8];
    struct ik_ip ip;
    struct ik_frag f;
    size_t made = 0;
    assert_int_equal(ik_ip_decode(&ip, rd_of(&p), NULL), IK_OK);
    assert_int_equal(ik_frag_init(&f, &ip, 1500, 1), IK_OK);
    while (ik_frag_take(&f, parts[made].b, sizeof(parts[made].b), &parts[made].len) == IK_OK)
        made++;
    assert_int_equal(made, n);
    for (size_t i = 0; i < n; i++) {
        rig_in(&r, port, NULL, rd_of(&parts[order[i]]));
        *n_out += r.n_out;
    }
}

static void fragments__out__follow_their_first(void **state)
{
    (void)state;
    begin();
    start();
    const struct ik_ip ip = head4(A, C, IK_PROTO_ICMP4);
    packet_echo(&p, &ip, 4000);
    size_t n = 0;
    feed_cut(0, (const int[]){0, 2, 1}, 3, &n);
    assert_int_equal(n, 3);
    only(1, T, C);
    struct ik_ip again = ip;
    again.id++;
    packet_echo(&p, &again, 4000);
    n = 0;
    feed_cut(0, (const int[]){1, 0, 2}, 3, &n);
    assert_int_equal(n, 2); /* the one that came too early is lost, and never leaks as it was */
    rig_end(&r);
}

/* In any order: only together do they show whom they are for. */
static void fragments__in__are_put_together_first(void **state)
{
    (void)state;
    begin();
    start();
    query(0, A, C, IK_ICMP4_ECHO, 0x1234);
    const struct ik_ip ip = head4(C, T, IK_PROTO_ICMP4);
    packet_echo(&p, &ip, 4000);
    p.b[20] = 0; /* a reply */
    ik_store_be16(p.b + 22, ik_cksum_update(ik_load_be16(p.b + 22), 0x0800, 0));
    size_t n = 0;
    feed_cut(1, (const int[]){2, 1, 0}, 3, &n);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ik_load_be32(out_ip(&r, i).dst.bytes), A);
        assert_int_equal(r.out[i].port, 0);
    }
    rig_end(&r);
}

/* A segment that ends before its checksum cannot be translated: it would leave with a wrong one. */
static void tcp__shorter_than_its_header__does_not_pass(void **state)
{
    (void)state;
    begin();
    start();
    tcp_make(A, 5000, C, 80);
    for (size_t bytes = 4; bytes < 20; bytes += 4) {
        struct packet cut = p;
        cut.len = 20 + bytes;
        ik_store_be16(cut.b + 2, (uint16_t)cut.len);
        ik_store_be16(cut.b + 10, 0);
        ik_store_be16(cut.b + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){cut.b, 20})));
        rig_in(&r, 0, NULL, rd_of(&cut));
        only(0, S, A);
        assert_int_equal(out_icmp(&r, 0).code, 13);
    }
    rig_in(&r, 0, NULL, rd_of(&p));
    only(1, T, C);
    rig_end(&r);
}

static void inbound__without_mapping__is_the_nodes_own_or_nobodys(void **state)
{
    (void)state;
    begin();
    start();
    udp(1, C, 80, T, 5000); /* a closed port of the router itself */
    only(1, T, C);
    assert_int_equal(out_icmp(&r, 0).type, 3);
    query(1, C, T, IK_ICMP4_ECHO, 7); /* the router answers, whatever the inside has mapped */
    only(1, T, C);
    assert_int_equal(out_icmp(&r, 0).type, IK_ICMP4_ECHO_REPLY);
    udp(1, C, 80, A, 5000); /* straight at an inside address */
    assert_int_equal(r.n_out, 0);
    assert_int_equal(ik_stack_count(r.s, IK_STACK_FILTERED), 1);
    rig_end(&r);
}

static void inbound__by_address__only_who_was_spoken_to(void **state)
{
    (void)state;
    static uint8_t copy[2048];
    begin();
    nat.filter_by_address = true;
    start();
    udp(0, A, 5000, C, 80);
    const struct ik_rd left = left_as(copy);
    udp(1, C, 81, T, 5000); /* any port of it */
    only(0, C, A);
    udp(1, C + 1, 80, T, 5000);
    assert_int_equal(r.n_out, 0);
    error_in(1, C + 1, T, 11, 0, left); /* errors come from routers: never filtered so */
    only(0, C + 1, A);
    rig_end(&r);
}

/* The translated packet waits for a neighbour that never answers: the inside is told in its own
 * terms, and so is the outside. */
static void unresolved__next_hop__told_in_the_terms_of_the_sender(void **state)
{
    (void)state;
    begin();
    start();
    udp(0, A, 5000, C + 5, 80);
    rig_forget(&r);
    rig_run(&r, 2900 * IK_NS_PER_MS);
    rig_forget(&r);
    rig_run(&r, 4 * IK_NS_PER_S);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].port, 0);
    assert_int_equal(ik_load_be32(out_ip(&r, 0).dst.bytes), A);
    struct ik_quote q = quoted(3, 1);
    assert_ends(&q, A, 5000, C + 5, 80);
    /* An inside host that went away. */
    enum { GONE = A + 7 };
    udp(0, GONE, 6000, C, 80);
    only(1, T, C);
    udp(1, C, 80, T, 6000);
    rig_run(&r, 7 * IK_NS_PER_S - 1);
    rig_forget(&r);
    rig_run(&r, 8 * IK_NS_PER_S);
    only(1, T, C);
    q = quoted(3, 1);
    assert_ends(&q, C, 80, T, 6000);
    rig_end(&r);
}

/* R4443-2.4f-02: an error about a hairpinned packet goes to the public address first, and is held
 * to the share of the inside host that it reaches by it. */
static void unresolved__hairpin__is_told_within_the_share_of_the_sender(void **state)
{
    (void)state;
    enum { GONE = A + 7 };
    for (int busy = 0; busy < 2; busy++) {
        begin();
        r.opt.error_unlimited = false;
        r.opt.error_rate = r.opt.error_burst = 1;
        start();
        udp(0, GONE, 6000, C, 80);
        udp(0, A, 5000, T, 6000);
        rig_run(&r, 2900 * IK_NS_PER_MS);
        udp_make(busy ? A : B, 5000, C, 80);
        p.b[8] = 1;
        ik_store_be16(p.b + 10, ik_cksum_update(ik_load_be16(p.b + 10), 0x4011, 0x0111));
        rig_in(&r, 0, NULL, rd_of(&p));
        only(0, S, busy ? A : B);
        rig_forget(&r);
        rig_run(&r, 3500 * IK_NS_PER_MS);
        if (busy)
            assert_int_equal(r.n_out, 0);
        else
            only(0, T, A);
        rig_end(&r);
    }
}

static bool is_inside(const struct ik_addr *a)
{
    return a->family == 4 && ik_load_be32(a->bytes) >> 8 == 0x0a0001;
}

/* Nothing that leaves by the outside port is from an inside address, or tells one as where a
 * quoted packet went. */
static void assert_hidden(void)
{
    for (size_t i = 0; i < r.n_out; i++) {
        if (r.out[i].port != 1 || ik_load_be16(r.out[i].bytes.p + 12) != IK_ETHER_IP4)
            continue;
        const struct ik_ip ip = out_ip(&r, i);
        struct ik_quote q;
        assert_false(is_inside(&ip.src));
        if (ip.proto == IK_PROTO_ICMP4 && !ip.fragment && ip.payload.left > 8 &&
            ik_icmp_is_error(4, ip.payload.p[0]) &&
            ik_quote_decode(&q, ik_rd_from(ip.payload, 8), NULL) == IK_OK)
            assert_false(is_inside(&q.ip.dst));
    }
}

/* Some octets of p at random, then checksums made right, most of the time. */
static void damage(struct ik_rng *rng)
{
    for (uint32_t n = ik_rng_below(rng, 4); n > 0; n--)
        p.b[ik_rng_below(rng, p.len)] = (uint8_t)ik_rng_next(rng);
    if (ik_rng_below(rng, 8) == 0)
        p.len = ik_rng_below(rng, p.len + 1);
}

static void checksums(struct ik_rng *rng)
{
    const size_t head = p.len ? 4u * (p.b[0] & 15) : 0;
    if (head < 20 || head + 8 > p.len || ik_rng_below(rng, 8) == 0)
        return;
    if (p.b[9] == IK_PROTO_ICMP4) {
        ik_store_be16(p.b + head + 2, 0);
        ik_store_be16(p.b + head + 2,
                      ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){p.b + head, p.len - head})));
    }
    ik_store_be16(p.b + 10, 0);
    ik_store_be16(p.b + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){p.b, head})));
}

static void make_any(struct ik_rng *rng, bool inward)
{
    static uint8_t copy[2048];
    const uint32_t here = inward ? C : A + ik_rng_below(rng, 2), there = inward ? T : C;
    const uint16_t near = (uint16_t)(5000 + ik_rng_below(rng, 4)), far = inward ? 80 : near;
    if (ik_rng_below(rng, 2))
        tcp_make(here, far, there, inward ? near : 80);
    else
        udp_make(here, far, there, inward ? near : 80);
    if (ik_rng_below(rng, 2)) { /* an error about the like in the other direction */
        const bool tcp = p.b[9] == IK_PROTO_TCP;
        if (tcp)
            tcp_make(inward ? T : C, inward ? near : 80, here, inward ? 80 : near);
        else
            udp_make(inward ? T : C, inward ? near : 80, here, inward ? 80 : near);
        memcpy(copy, p.b, p.len);
        const struct ik_rd quote = {copy, p.len};
        error_make(here, there, ik_rng_below(rng, 2) ? 3 : 11, 0, quote, ik_rd_head(quote, 0));
    }
}

/* Whatever comes from either side: the inside stays hidden, and nothing is lost of the pool. */
static void any__hostile_packets__never_show_the_inside(void **state)
{
    (void)state;
    struct ik_rng rng = {11};
    size_t passed[2] = {0};
    begin();
    nat.max_mappings = 8;
    start();
    for (int i = 0; i < 60000; i++) {
        const bool inward = ik_rng_below(&rng, 2);
        make_any(&rng, inward);
        damage(&rng);
        if (inward && p.len >= 20)
            ik_store_be32(p.b + 16, T); /* inside addresses have no way from outside */
        checksums(&rng);
        if (p.len)
            rig_in(&r, inward, NULL, rd_of(&p));
        assert_hidden();
        for (size_t k = 0; k < r.n_out; k++)
            passed[inward] += r.out[k].port != inward;
        rig_run(&r, r.now.mono + 20 * IK_NS_PER_MS);
        assert_hidden();
    }
    assert_true(passed[0] > 1000 && passed[1] > 1000);
    rig_end(&r);
}

/* RFC 6864 section 5.3: two inside hosts with one identification towards one peer. */
static void fragments__of_two_hosts_with_one_id__stay_apart(void **state)
{
    (void)state;
    static const uint32_t hosts[2] = {A, B};
    uint32_t id[2];
    begin();
    start();
    for (int later = 0; later < 2; later++)
        for (int i = 0; i < 2; i++) {
            udp_make(hosts[i], 5000, C, 7);
            struct ik_ip ip = head4(hosts[i], C, IK_PROTO_UDP);
            struct packet whole = p;
            ip.mf = !later;
            ip.offset_bytes = later ? 16 : 0;
            packet_make(&p, &ip, (struct ik_rd){whole.b + 20, 16});
            rig_in(&r, 0, NULL, rd_of(&p));
            const struct ik_ip out = only(1, T, C);
            assert_true(out.checksum_ok);
            if (later)
                assert_int_equal(out.id, id[i]);
            id[i] = out.id;
        }
    assert_int_equal(id[0], 0x4242); /* nobody else had it */
    assert_int_not_equal(id[1], id[0]);
    /* an error about it has the identification that the host gave it */
    udp_make(B, 5000, C, 7);
    struct ik_ip ip = head4(B, C, IK_PROTO_UDP);
    struct packet whole = p;
    ip.mf = true;
    packet_make(&p, &ip, (struct ik_rd){whole.b + 20, 16});
    rig_in(&r, 0, NULL, rd_of(&p));
    uint8_t copy[2048];
    error_in(1, C, T, 11, 1, left_as(copy));
    assert_int_equal(quoted(11, 1).ip.id, 0x4242);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query__reply__has_the_original_identifier),
        cmocka_unit_test(query__reply_after_59_s__is_delivered),
        cmocka_unit_test(error__about_a_mapping__quote_is_turned_back),
        cmocka_unit_test(error__about_a_query__identifier_is_turned_back),
        cmocka_unit_test(error__damaged__is_dropped),
        cmocka_unit_test(error__quote_with_options__transport_is_found),
        cmocka_unit_test(error__with_extensions__they_stay),
        cmocka_unit_test(error__about_nothing__goes_nowhere),
        cmocka_unit_test(error__from_inside__comes_from_the_public_address),
        cmocka_unit_test(hairpin__from_who_is_not_forwarded__does_not_pass),
        cmocka_unit_test(hairpin__datagram_and_its_error__are_translated_twice),
        cmocka_unit_test(flow__table_full_or_rule__is_answered_with_13),
        cmocka_unit_test(ttl__runs_out_here__each_side_is_told_what_it_sent),
        cmocka_unit_test(icmp__what_is_not_supported__does_not_pass),
        cmocka_unit_test(flow__too_big_for_the_outside__told_or_cut),
        cmocka_unit_test(fragments__out__follow_their_first),
        cmocka_unit_test(fragments__in__are_put_together_first),
        cmocka_unit_test(tcp__shorter_than_its_header__does_not_pass),
        cmocka_unit_test(inbound__without_mapping__is_the_nodes_own_or_nobodys),
        cmocka_unit_test(inbound__by_address__only_who_was_spoken_to),
        cmocka_unit_test(unresolved__next_hop__told_in_the_terms_of_the_sender),
        cmocka_unit_test(unresolved__hairpin__is_told_within_the_share_of_the_sender),
        cmocka_unit_test(any__hostile_packets__never_show_the_inside),
        cmocka_unit_test(fragments__of_two_hosts_with_one_id__stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
