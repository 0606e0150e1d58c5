/* SPDX-License-Identifier: MIT
 * PROBE: what a node tells of its interfaces and neighbours. */
#include "node_rig.h"

#include "../wire/vector.h"

static struct rig r;
static struct packet p;
static struct ik_stack_probe_source anywhere[2];
static struct ik_stack_probe_cfg probe;

static void begin(void)
{
    anywhere[0] = (struct ik_stack_probe_source){.prefix = {.addr = {.family = 4}}};
    anywhere[1] = (struct ik_stack_probe_source){.prefix = {.addr = {.family = 6}}};
    probe = (struct ik_stack_probe_cfg){.enabled = true,
                                        .remote = true,
                                        .by_name = true,
                                        .by_index = true,
                                        .by_addr = true,
                                        .permitted = anywhere,
                                        .n_permitted = 2,
                                        .rate = 1000};
    rig_init(&r, IK_STACK_ROUTER);
    r.opt.probe = &probe;
    r.addrs[1][1] = (struct ik_stack_ifaddr){.bits = 64};
    assert_int_equal(ik_addr_parse("2001:db8::1", &r.addrs[1][1].addr), IK_OK);
    r.ifaces[1].n_addrs = 2;
    r.ifaces[1].index = 70;
}

/* A request whose object is that hex; flags octet as given. */
static void ask(uint32_t src, uint32_t dst, uint8_t code, uint8_t flags, const char *object)
{
    uint8_t msg[100] = {IK_ICMP4_EXT_ECHO, code, 0, 0, 0x12, 0x34, 5, flags, 0x20};
    const size_t len = 12 + vector_bytes(object, msg + 12, sizeof(msg) - 12);
    const struct ik_rd structure = {msg + 8, len - 8}, all = {msg, len};
    ik_store_be16(msg + 10, ik_cksum_fold(ik_cksum_add(0, structure)));
    ik_store_be16(msg + 2, ik_cksum_fold(ik_cksum_add(0, all)));
    struct ik_ip ip = head4(src, dst, IK_PROTO_ICMP4);
    ip.tos = 0xb8;
    packet_make(&p, &ip, all);
    rig_in(&r, 0, NULL, rd_of(&p));
}

/* The reply to A: R8335-4-02 holds for each. */
static void assert_reply(uint8_t code, uint8_t octet7)
{
    assert_int_equal(r.n_out, 1);
    const struct ik_ip ip = out_ip(&r, 0);
    const struct ik_icmp m = out_icmp(&r, 0);
    assert_int_equal(ik_load_be32(ip.dst.bytes), A);
    assert_int_equal(ip.ttl, 255);
    assert_int_equal(ip.tos, 0);
    assert_true(ip.df);
    assert_int_equal(m.type, IK_ICMP4_EXT_ECHO_REPLY);
    assert_int_equal(m.code, code);
    assert_int_equal(m.ext_echo_reply.id, 0x1234);
    assert_int_equal(m.ext_echo_reply.seq, 5);
    assert_int_equal(m.ext_echo_reply.flags, octet7);
    assert_int_equal(ip.payload.left, 8);
}

#define LOCAL 1
#define REMOTE 0
#define ETH0 "0008 0301 65746830"
#define ETH1 "0008 0301 65746831"
#define ETH "0008 0301 65746800"
#define INDEX(n) "0008 0302 000000" n
#define IP4(a) "000c 0303 0001 0400" a

/* R8335-4.1-02, R8335-3-03 */
static void local__each_way_of_naming__finds_the_interface(void **state)
{
    (void)state;
    begin();
    rig_start(&r);
    ask(A, S, 0, LOCAL, ETH0);
    assert_reply(0, 0x06);
    ask(A, S, 0, LOCAL, ETH1);
    assert_reply(0, 0x07);
    ask(A, S, 0, LOCAL, ETH); /* not the beginning of a name */
    assert_reply(2, 0);
    ask(A, S, 0, LOCAL, INDEX("01"));
    assert_reply(0, 0x06);
    ask(A, S, 0, LOCAL, INDEX("46"));
    assert_reply(0, 0x07);
    ask(A, S, 0, LOCAL, INDEX("02")); /* it has another number */
    assert_reply(2, 0);
    ask(A, S, 0, LOCAL, IP4("0a000201"));
    assert_reply(0, 0x07);
    ask(A, S, 0, LOCAL, IP4("0a000202")); /* a neighbour is no interface */
    assert_reply(2, 0);
    ask(A, S, 0, LOCAL, "0018 0303 0002 1000 20010db8000000000000000000000001");
    assert_reply(0, 0x07);
    ask(A, S, 0, LOCAL, "0018 0303 0002 1000 fe80000000000000000000fffe000002");
    assert_reply(0, 0x07);
    ask(A, S, 0, LOCAL, "0010 0303 4005 0600 020000000001 0000");
    assert_reply(0, 0x06);
    rig_end(&r);
}

/* R8335-3-03: an interface that is down, and R8335-4.1-02: two of one name. */
static void local__down_or_ambiguous__no_bits(void **state)
{
    (void)state;
    begin();
    rig_start(&r);
    ik_stack_iface_up(r.s, r.now, 1, false);
    ask(A, S, 0, LOCAL, ETH1);
    assert_reply(0, 0);
    ik_stack_iface_up(r.s, r.now, 1, true);
    ask(A, S, 0, LOCAL, ETH1);
    assert_reply(0, 0x07);
    r.ifaces[1].name = "eth0";
    ask(A, S, 0, LOCAL, ETH0);
    assert_reply(4, 0);
    r.ifaces[1].name = NULL;
    ask(A, S, 0, LOCAL, ETH1);
    assert_reply(2, 0);
    rig_end(&r);
}

/* R8335-3-02: each state of the cache by its number. */
static void remote__states_of_the_cache__by_their_numbers(void **state)
{
    (void)state;
    enum { SILENT = C + 7 };
    begin();
    rig_start(&r);
    ask(A, S, 0, REMOTE, IP4("0a000209"));
    assert_reply(3, 0);
    ask(A, S, 0, REMOTE, IP4("0a000202")); /* configured */
    assert_reply(0, 2 << 5);
    ask(A, S, 0, REMOTE, "0010 0303 4005 0600 02000000ff01 0000"); /* three with one MAC */
    assert_reply(4, 0);
    const struct ik_ip ip = head4(A, SILENT, IK_PROTO_UDP);
    packet_udp(&p, &ip, 80, 8);
    rig_in(&r, 0, NULL, rd_of(&p));
    ask(A, S, 0, REMOTE, IP4("0a000209"));
    assert_reply(0, 1 << 5);
    rig_run(&r, 5 * IK_NS_PER_S);
    ask(A, S, 0, REMOTE, IP4("0a000209"));
    assert_reply(0, 6 << 5);
    ask(A, S, 0, REMOTE, IP4("0a000101")); /* our own address is no neighbour */
    assert_reply(3, 0);
    rig_end(&r);
}

/* R8335-4-01, R8335-8-01 */
static void request__not_for_one_or_not_allowed__is_silent(void **state)
{
    (void)state;
    begin();
    rig_start(&r);
    ask(0xe0000001, S, 0, LOCAL, ETH0);
    assert_int_equal(r.n_out, 0);
    ask(A, 0xe0000001, 0, LOCAL, ETH0);
    assert_int_equal(r.n_out, 0);
    ask(A, 0x0a0001ff, 0, LOCAL, ETH0); /* broadcast */
    assert_int_equal(r.n_out, 0);
    probe.by_name = false;
    ask(A, S, 0, LOCAL, ETH0);
    assert_int_equal(r.n_out, 0);
    probe.enabled = false;
    ask(A, S, 0, LOCAL, INDEX("01"));
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
    begin();
    r.opt.probe = NULL;
    rig_start(&r);
    ask(A, S, 0, LOCAL, ETH0);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R8335-4.1-01, R8335-2-05 */
static void request__malformed_or_odd__code_1_or_answered(void **state)
{
    (void)state;
    begin();
    rig_start(&r);
    ask(A, S, 0, LOCAL, ETH0 ETH1);
    assert_reply(1, 0);
    ask(A, S, 0, REMOTE, ETH0);
    assert_reply(1, 0);
    ask(A, S, 0, LOCAL, "");
    assert_reply(1, 0);
    ask(A, S, 9, 0x7f, ETH0); /* code and reserved bits are not looked at */
    assert_reply(0, 0x06);
    rig_end(&r);
}

/* R8335-8-03: those who may ask share the rate; those who may not take nothing from it. */
static void request__flood__is_bounded(void **state)
{
    (void)state;
    begin();
    r.ifaces[1].n_addrs = 1; /* IPv6 has things of its own to say */
    probe.rate = 0;
    probe.by_index = false;
    rig_start(&r);
    unsigned replies = 0;
    for (int i = 0; i < 100; i++)
        ask(A, S, 0, LOCAL, INDEX("01"));
    for (int i = 0; i < 100; i++) {
        ask(A, S, 0, LOCAL, ETH0);
        replies += (unsigned)r.n_out;
    }
    assert_int_equal(replies, 10);
    r.now.mono += IK_NS_PER_S;
    for (int i = 0; i < 100; i++) {
        ask(A, S, 0, LOCAL, ETH0);
        replies += (unsigned)r.n_out;
    }
    assert_int_equal(replies, 20);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local__each_way_of_naming__finds_the_interface),
        cmocka_unit_test(local__down_or_ambiguous__no_bits),
        cmocka_unit_test(remote__states_of_the_cache__by_their_numbers),
        cmocka_unit_test(request__not_for_one_or_not_allowed__is_silent),
        cmocka_unit_test(request__malformed_or_odd__code_1_or_answered),
        cmocka_unit_test(request__flood__is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
