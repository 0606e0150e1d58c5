/* SPDX-License-Identifier: MIT */
#include "dump_rig.h"

#define NOV14 (1700000000 * IK_NS_PER_S)

static void is(struct dump_rig *r, const char *want)
{
    assert_string_equal(dump_rig_line(r), want);
}

static void echo__asked_and_answered__is_paired(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    assert_true(dump_rig_echo(r, NOV14, "10.0.0.1", "10.0.0.2", 8, 1));
    is(r, "22:13:20.000000 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 16 [1]");
    assert_true(dump_rig_echo(r, NOV14 + 3217000, "10.0.0.2", "10.0.0.1", 0, 1));
    is(r, "22:13:20.003217 IP 10.0.0.2 > 10.0.0.1: ICMP echo reply, id 7, seq 1, length 16 "
          "[2: reply to 1, 3.217 ms]");
    assert_true(dump_rig_echo(r, NOV14 + 4000000, "10.0.0.2", "10.0.0.1", 0, 1));
    is(r, "22:13:20.004000 IP 10.0.0.2 > 10.0.0.1: ICMP echo reply, id 7, seq 1, length 16 "
          "[3: duplicate of the reply to 1, 4.000 ms]");
    assert_true(dump_rig_echo(r, NOV14, "2001:db8::2", "2001:db8::1", 129, 1));
    is(r,
       "22:13:20.000000 IP6 2001:db8::2 > 2001:db8::1: ICMP6, echo reply, id 7, seq 1, length 16 "
       "[4: request not seen]");
    r->style.quick = true;
    is(r, "22:13:20.000000 IP6 2001:db8::2 > 2001:db8::1: ICMP6, echo reply, id 7, seq 1, length "
          "16");
    dump_rig_end(r);
}

/* The destination, ports and MTU in tcpdump's words are those of the quote, not of the error. */
static void unreachable__by_code__quotes_the_packet(void **state)
{
    (void)state;
    static const struct {
        uint8_t code;
        uint32_t rest;
        const char *words;
    } rows[] = {{0, 0, "net 10.9.9.9 unreachable"},
                {2, 0, "10.9.9.9 protocol 1 unreachable"},
                {3, 0, "10.9.9.9 protocol 1 unreachable"},
                {4, 1400, "10.9.9.9 unreachable - need to frag (mtu 1400)"},
                {4, 0, "10.9.9.9 unreachable - need to frag"},
                {13, 0, "host 10.9.9.9 unreachable - admin prohibited filter"},
                {15, 0, "host 10.9.9.9 unreachable - precedence cutoff"},
                {99, 0, "10.9.9.9 unreachable - #99"}};
    struct dump_rig *r = dump_rig_begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        rig_echo(&r->ip, "10.0.0.1", "10.9.9.9", 8, 7, (uint16_t)i, 8);
        assert_true(
            dump_rig_error(r, NOV14, "10.0.0.254", "10.0.0.1", 3, rows[i].code, rows[i].rest));
        assert_non_null(strstr(dump_rig_line(r), rows[i].words));
        assert_non_null(strstr(r->text, "; quotes 36 bytes: IP 10.0.0.1 > 10.9.9.9: ICMP "
                                        "echo-request, id 7, seq "));
    }
    dump_rig_end(r);
}

static void udp_port__closed__has_both_ports(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    const struct ik_udp udp = {.sport = 40000, .dport = 33434, .data = {r->frame, 4}};
    const struct ik_addr src = rig_addr("10.0.0.1"), dst = rig_addr("10.0.0.2");
    uint8_t bytes[64];
    size_t n;
    assert_int_equal(ik_udp_encode(&udp, &src, &dst, bytes, sizeof(bytes), &n), IK_OK);
    rig_ip(&r->ip, "10.0.0.1", "10.0.0.2", IK_PROTO_UDP, 17, bytes, n);
    assert_true(dump_rig_error(r, NOV14, "10.0.0.2", "10.0.0.1", 3, 3, 0));
    is(r, "22:13:20.000000 IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 33434 unreachable, "
          "length 40 [1; 3/3 port-unreachable; quotes 32 bytes: IP 10.0.0.1.40000 > "
          "10.0.0.2.33434: UDP, length 4, ttl 64, id 17]");
    dump_rig_end(r);
}

/* An error whose quote was cut off before any address is still a line. */
static void error__without_a_quote__says_so(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    assert_true(dump_rig_icmp(r, NOV14, "10.0.0.2", "10.0.0.1", "03030000 00000000"));
    assert_non_null(strstr(dump_rig_line(r), "ICMP ? protocol 0 unreachable, length 8 [1; 3/3 "
                                             "port-unreachable; flaw no-quote at byte 42]"));
    assert_true(dump_rig_icmp(r, NOV14, "10.0.0.2", "10.0.0.1", "0b000000 00000000 ff00ff00"));
    assert_non_null(strstr(dump_rig_line(r), "quotes what is no packet: ff00ff00"));
    dump_rig_end(r);
}

static void redirect__to_a_router__names_it(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    rig_echo(&r->ip, "10.0.0.1", "10.9.9.9", 8, 7, 1, 8);
    assert_true(dump_rig_error(r, NOV14, "10.0.0.254", "10.0.0.1", 5, 1, 0x0a000009));
    assert_non_null(strstr(dump_rig_line(r), "ICMP redirect 10.9.9.9 to host 10.0.0.9, length "));
    rig_echo(&r->ip, "10.0.0.1", "10.9.9.9", 8, 7, 1, 8);
    assert_true(dump_rig_error(r, NOV14, "10.0.0.254", "10.0.0.1", 12, 1, 0x14000000));
    assert_non_null(strstr(dump_rig_line(r), "ICMP parameter problem - code 1, length "));
    assert_non_null(strstr(r->text, "; pointer 20; quotes "));
    dump_rig_end(r);
}

/* The kernel's word for where a frame goes, as tcpdump has it, for each interface's name. */
static void cooked__line__begins_with_interface_and_direction(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t way;
        const char *want;
    } rows[] = {
        {"lo", 0, "22:13:20.000000 lo    In  IP 10.0.0.1"},
        {"eth0", 1, "22:13:20.000000 eth0  B   IP 10.0.0.1"},
        {"wlan0", 2, "22:13:20.000000 wlan0 M   IP 10.0.0.1"},
        {"enp12s0", 3, "22:13:20.000000 enp12s0 P   IP 10.0.0.1"},
        {"lo", 4, "22:13:20.000000 lo    Out IP 10.0.0.1"},
        {"lo", 9, "22:13:20.000000 lo    ?   IP 10.0.0.1"},
        {NULL, 0, "22:13:20.000000 In  IP 10.0.0.1"},
    };
    enum { COOKED = 20 };
    struct dump_rig *r = dump_rig_begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        rig_echo(&r->ip, "10.0.0.1", "10.0.0.2", 8, 7, (uint16_t)i, 8);
        memset(r->frame, 0, COOKED);
        ik_store_be16(r->frame, 0x0800);
        r->frame[7] = 1;
        r->frame[9] = 1;
        r->frame[10] = rows[i].way;
        r->frame[11] = 6;
        memcpy(r->frame + COOKED, r->ip.bytes, r->ip.n);
        const struct ik_look_frame f = {.n = ++r->n,
                                        .time = NOV14,
                                        .bytes = {r->frame, COOKED + r->ip.n},
                                        .wire_bytes = (uint32_t)(COOKED + r->ip.n),
                                        .linktype = IK_LINKTYPE_LINUX_SLL2,
                                        .interface = rows[i].name};
        assert_true(ik_look_input(r->look, &f, &r->p));
        assert_memory_equal(dump_rig_line(r), rows[i].want, strlen(rows[i].want));
    }
    /* Of one interface, nobody asks for its name. */
    assert_true(dump_rig_echo(r, NOV14, "10.0.0.1", "10.0.0.2", 8, 1));
    r->p.frame.interface = "eth0";
    assert_non_null(strstr(dump_rig_line(r), "22:13:20.000000 IP 10.0.0.1"));
    dump_rig_end(r);
}

/* Types that tcpdump has no words for are told field by field; unknown ones as bytes. */
static void other_types__every_field__is_told(void **state)
{
    (void)state;
    static const struct {
        const char *src, *dst, *hex, *words;
    } rows[] = {
        {"10.0.0.1", "10.0.0.2", "11000000 00070009 00000000",
         "ICMP address mask request, length 12 [1; 17/0 address-mask-request; ident 7, seq 9, mask "
         "0.0.0.0]"},
        {"10.0.0.2", "10.0.0.1", "12000000 00070009 ffffff00",
         "ICMP address mask is 0xffffff00, length 12 [2: reply to 1, 0.000 ms; 18/0 "
         "address-mask-reply; ident 7, seq 9, mask 255.255.255.0]"},
        {"10.0.0.1", "10.0.0.2", "fd000000 deadbeef",
         "ICMP rfc3692-experiment-1, length 8 [3; 253/0 rfc3692-experiment-1; bytes deadbeef]"},
        {"10.0.0.1", "10.0.0.2", "63010000 deadbeef",
         "ICMP type-#99, length 8 [4; 99/1 type-99; bytes deadbeef"},
        {"2001:db8::1", "2001:db8::2", "fa000000 00",
         "ICMP6, unknown icmp6 type (250), length 5 [5; 250/0 type-250; bytes 00"},
        {"2001:db8::1", "2001:db8::2",
         "9d020000 0007003c 000102030405060708090a0b0c0d0e0f 20010db8000000000000000000000009",
         "; status 0 success, tid 7, lifetime 60 min, rovr 000102030405060708090a0b0c0d0e0f, "
         "address 2001:db8::9"},
        {"2001:db8::2", "2001:db8::1", "8c000000 00020000 0102030405060708 00000e10 016e0000",
         "data ((ttl 3600 s, names (\"n\")))"},
        {"10.0.0.1", "224.0.0.1", "09000000 01021e78 0a000001 80000000",
         "ICMP router advertisement lifetime 2:10:00 1: {10.0.0.1 2147483648}, length 16"},
    };
    struct dump_rig *r = dump_rig_begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_true(dump_rig_icmp(r, NOV14, rows[i].src, rows[i].dst, rows[i].hex));
        if (!strstr(dump_rig_line(r), rows[i].words))
            fail_msg("no '%s' in '%s'", rows[i].words, r->text);
    }
    dump_rig_end(r);
}

static void neighbour__asked_for__tells_options(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    assert_true(
        dump_rig_icmp(r, NOV14, "fe80::1", "ff02::1:ff00:2",
                      "87000000 00000000 fe800000000000000000000000000002 0101020000000001"));
    is(r, "22:13:20.000000 IP6 fe80::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation, who has "
          "fe80::2, length 32 [1; 135/0 neighbor-solicitation; target fe80::2, options ((type 1 "
          "source-link-layer-address, length 8 bytes, addr 020000000001)); flaw bad-hop-limit at "
          "byte 21]");
    dump_rig_end(r);
}

/* Labels behind a quote of 128 bytes. */
static void extensions__of_a_router__are_told(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    char hex[700] =
        "0b000000 00200000 4500001c 0011 0000 0111 0000 0a000001 0a000002 9c40829a 0008 "
        "0000";
    for (int i = 0; i < 100; i++)
        strcat(hex, "00");
    strcat(hex, "2000 0000 0008 0101 000111 01");
    assert_true(dump_rig_icmp(r, NOV14, "10.0.0.254", "10.0.0.1", hex));
    assert_non_null(strstr(dump_rig_line(r), "; quotes 28 bytes: IP 10.0.0.1.40000 > "
                                             "10.0.0.2.33434: UDP, length 0, ttl 1, id 17; MPLS "
                                             "label 17 tc 0 s 1 ttl 1"));
    dump_rig_end(r);
}

/* The first part has the header of the message, the others only their place. */
static void fragments__one_by_one__are_lines(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    static struct rig_packet whole;
    rig_echo(&whole, "10.0.0.1", "10.0.0.2", 8, 7, 1, 2000);
    struct ik_ip ip;
    struct ik_frag frag;
    assert_int_equal(ik_ip_decode(&ip, (struct ik_rd){whole.bytes, whole.n}, NULL), IK_OK);
    assert_int_equal(ik_frag_init(&frag, &ip, 1500, 0), IK_OK);
    assert_int_equal(ik_frag_take(&frag, r->ip.bytes, sizeof(r->ip.bytes), &r->ip.n), IK_OK);
    assert_false(dump_rig_take(r, NOV14));
    assert_true(r->p.part);
    is(r, "22:13:20.000000 IP 10.0.0.1 > 10.0.0.2: frag (0|1480)+ id 2 ICMP echo request, id 7, "
          "seq 1, length 1480 [1]");
    assert_int_equal(ik_frag_take(&frag, r->ip.bytes, sizeof(r->ip.bytes), &r->ip.n), IK_OK);
    assert_true(dump_rig_take(r, NOV14));
    is(r, "22:13:20.000000 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 2008 "
          "[2; of 2 fragments]");
    dump_rig_end(r);
}

static void checksum__wrong__is_a_flaw_with_its_byte(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    rig_echo(&r->ip, "10.0.0.1", "10.0.0.2", 8, 7, 1, 8);
    r->ip.bytes[22] ^= 0xff;
    assert_true(dump_rig_take(r, NOV14));
    assert_non_null(strstr(dump_rig_line(r), "length 16 [1; flaw bad-checksum at byte 36]"));
    dump_rig_end(r);
}

static void link_layer__asked_for__is_told(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    rig_echo(&r->ip, "10.0.0.1", "10.0.0.2", 8, 7, 1, 8);
    dump_rig_take(r, NOV14);
    memmove(r->frame + 16, r->frame + 12, r->frame_bytes - 12);
    memcpy(r->frame + 12, "\x81\x00\x60\x07", 4); /* VLAN 7, priority 3 */
    r->frame_bytes += 4;
    assert_true(dump_rig_look(r, NOV14));
    r->style.link = true;
    assert_non_null(strstr(dump_rig_line(r), " 02:00:00:00:00:01 > 02:00:00:00:00:02, vlan 7 p 3, "
                                             "length 54: IP 10.0.0.1 > "));
    dump_rig_end(r);
}

static void verbose__an_ordinary_echo__has_header_and_meaning(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    dump_rig_echo(r, NOV14, "10.0.0.1", "10.0.0.2", 8, 1);
    r->style.verbose = 1;
    const char *line = dump_rig_line(r);
    assert_non_null(strstr(line, "IP (tos 0x0, ttl 64, id 2, offset 0, flags [none], proto ICMP "
                                 "(1), length 36)\n    10.0.0.1 > 10.0.0.2: ICMP echo request"));
    assert_non_null(strstr(line, "\n    = "));
    dump_rig_end(r);
}

/* Names of interfaces come from files of strangers. */
static void interface__with_an_escape__is_made_harmless(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    dump_rig_echo(r, NOV14, "10.0.0.1", "10.0.0.2", 8, 1);
    r->p.frame.interface = "eth\x1b]0";
    r->style.interface = true;
    assert_non_null(strstr(dump_rig_line(r), " eth\\x1b]0 IP 10.0.0.1"));
    dump_rig_end(r);
}

/* More options than a line has room for: it is cut, and says so, and is still one line. */
static void line__too_long__is_cut_and_says_so(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    static char hex[60000] = "85000000 00000000 ";
    for (int i = 0; i < 1200; i++)
        strcat(hex, "0101020000000001");
    assert_true(dump_rig_icmp(r, NOV14, "fe80::1", "ff02::2", hex));
    const char *line = dump_rig_line(r);
    const size_t n = strlen(line);
    assert_true(n > IK_DUMP_LINE - 200 && n < IK_DUMP_LINE);
    assert_string_equal(line + n - 9, "... (cut)");
    dump_rig_end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cooked__line__begins_with_interface_and_direction),
        cmocka_unit_test(echo__asked_and_answered__is_paired),
        cmocka_unit_test(unreachable__by_code__quotes_the_packet),
        cmocka_unit_test(udp_port__closed__has_both_ports),
        cmocka_unit_test(error__without_a_quote__says_so),
        cmocka_unit_test(redirect__to_a_router__names_it),
        cmocka_unit_test(other_types__every_field__is_told),
        cmocka_unit_test(neighbour__asked_for__tells_options),
        cmocka_unit_test(extensions__of_a_router__are_told),
        cmocka_unit_test(fragments__one_by_one__are_lines),
        cmocka_unit_test(checksum__wrong__is_a_flaw_with_its_byte),
        cmocka_unit_test(link_layer__asked_for__is_told),
        cmocka_unit_test(verbose__an_ordinary_echo__has_header_and_meaning),
        cmocka_unit_test(interface__with_an_escape__is_made_harmless),
        cmocka_unit_test(line__too_long__is_cut_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
