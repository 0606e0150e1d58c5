/* SPDX-License-Identifier: MIT
 * The expected lines are those of iputils ping 20221126, run or read in its source. */
#include "cmd/text_rig.h"

#define MS IK_NS_PER_MS
#define US IK_NS_PER_US

static struct ik_record reply(const char *from, int64_t seq, ik_ns rtt)
{
    struct ik_record rec = ik_record_make(IK_REC_reply, 1700000000 * IK_NS_PER_S + 12345678);
    rec.reply.target = from;
    rec.reply.addr = rec.reply.from = addr_of(from);
    rec.reply.seq = seq;
    rec.reply.rtt_ns = rtt;
    rec.reply.bytes = 64;
    rec.reply.ttl = 64;
    rec.reply.state = "received";
    rec.reply.clock = "kernel";
    return rec;
}

static void expect(struct text_rig *r, const struct ik_record *rec, const char *text)
{
    rig_clear(r);
    ik_ping_text_record(&r->p, rec);
    assert_string_equal(rig_text(r), text);
}

static void header__families_and_sources__as_iputils(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    const struct ik_now now = {1, 1};
    const struct ik_addr four = addr_of("127.0.0.1"), six = addr_of("::1");
    struct ik_route route = {.source = four};
    ik_ping_text_header(&r->p, now, "127.0.0.1", &four, &route, true);
    assert_string_equal(rig_text(r), "PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.\n");
    rig_clear(r);
    ik_ping_text_header(&r->p, now, "::1", &six, &route, true);
    assert_string_equal(rig_text(r), "PING ::1(::1) 56 data bytes\n");
    rig_clear(r);
    r->p.plan.interface = "lo";
    r->p.plan.ip_options_bytes = 40;
    ik_ping_text_header(&r->p, now, "localhost", &four, &route, false);
    assert_string_equal(rig_text(r),
                        "PING localhost (127.0.0.1) from 127.0.0.1 lo: 56(124) bytes of data.\n");
    rig_clear(r);
    r->p.plan.interface = NULL;
    r->p.plan.source = six;
    r->p.plan.opt.flow_label = 5;
    ik_ping_text_header(&r->p, now, "::1", &six, &route, true);
    assert_string_equal(rig_text(r), "PING ::1(::1) , flow 0x00005, from ::1 : 56 data bytes\n");
    rig_free(r);
}

static void header__control_characters_of_names__are_escaped(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    const struct ik_now now = {1, 1};
    const struct ik_addr four = addr_of("127.0.0.1");
    const struct ik_route route = {.source = four};
    ik_ping_text_many(&r->p, now, "a\1b\x1b", 100, "targets", 4);
    assert_string_equal(rig_text(r), "PING a\\x01b\\x1b (100 targets) 56(84) bytes of data.\n");
    rig_clear(r);
    r->p.plan.interface = "e\1h";
    ik_ping_text_header(&r->p, now, "127.0.0.1", &four, &route, true);
    assert_string_equal(rig_text(r), "PING 127.0.0.1 (127.0.0.1) from 127.0.0.1 e\\x01h: "
                                     "56(84) bytes of data.\n");
    rig_free(r);
}

static void reply__times__four_figures(void **state)
{
    (void)state;
    static const struct {
        ik_ns rtt;
        const char *text;
    } rows[] = {
        {0, "0.000"},         {28 * US + 999, "0.028"}, {999 * US, "0.999"}, {1000 * US, "1.00"},
        {1234 * US, "1.23"},  {1235 * US, "1.24"},      {9994 * US, "9.99"}, {9995 * US, "10.0"},
        {12345 * US, "12.3"}, {99949 * US, "99.9"},     {99950 * US, "100"}, {123456 * US, "123"},
        {123500 * US, "124"}, {12345678 * US, "12346"},
    };
    struct text_rig *r = rig_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char want[128];
        snprintf(want, sizeof want, "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=%s ms\n",
                 rows[i].text);
        const struct ik_record rec = reply("192.0.2.1", 1, rows[i].rtt);
        expect(r, &rec, want);
    }
    r->p.plan.opt.precise = true;
    const struct ik_record rec = reply("192.0.2.1", 1, 123456 * US);
    expect(r, &rec, "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=123.456 ms\n");
    rig_free(r);
}

static void reply__remarks__as_iputils(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    struct ik_record rec = reply("2001:db8::1", 65537, 28 * US);
    expect(r, &rec, "64 bytes from 2001:db8::1: icmp_seq=1 ttl=64 time=0.028 ms\n");
    rec.reply.state = "duplicate";
    expect(r, &rec, "64 bytes from 2001:db8::1: icmp_seq=1 ttl=64 time=0.028 ms (DUP!)\n");
    rec.reply.bad_checksum = rec.reply.other_source = true;
    rec.reply.from = addr_of("2001:db8::2");
    expect(r, &rec,
           "64 bytes from 2001:db8::2: icmp_seq=1 ttl=64 time=0.028 ms (DUP!) (BAD CHECKSUM!) "
           "(DIFFERENT ADDRESS!)\n");
    rec = reply("192.0.2.1", 2, IK_NEVER);
    rec.reply.cut_bytes = 24;
    rec.reply.bytes = 32;
    expect(r, &rec, "32 bytes from 192.0.2.1: icmp_seq=2 ttl=64 (truncated)\n");
    /* many answer a multicast probe, each from its own address */
    rec = reply("224.0.0.1", 1, 28 * US);
    rec.reply.from = addr_of("192.0.2.9");
    rec.reply.other_source = true;
    rec.reply.state = "duplicate";
    expect(r, &rec, "64 bytes from 192.0.2.9: icmp_seq=1 ttl=64 time=0.028 ms\n");
    /* so does whoever holds the subnet-router anycast address */
    rec = reply("2001:db8::", 1, 28 * US);
    rec.reply.from = addr_of("2001:db8::7");
    rec.reply.other_source = true;
    expect(r, &rec, "64 bytes from 2001:db8::7: icmp_seq=1 ttl=64 time=0.028 ms\n");
    rig_free(r);
}

static void reply__wrong_data__is_dumped(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    uint8_t data[56];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    data[30] = 0xe1;
    struct ik_record rec = reply("198.51.100.19", 1, 28 * US);
    rec.reply.state = "corrupt";
    rec.reply.mismatch_at = 30;
    rec.reply.mismatch_sent = 0x1e;
    rec.reply.mismatch_got = 0xe1;
    rec.reply.data = (struct ik_rd){data, sizeof data};
    expect(r, &rec,
           "64 bytes from 198.51.100.19: icmp_seq=1 ttl=64 time=0.028 ms\n"
           "wrong data byte #30 should be 0x1e but was 0xe1\n"
           "#16\t10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d e1 1f 20 21 22 23 24 25 26 27 28 29 2a "
           "2b 2c 2d 2e 2f \n"
           "#48\t30 31 32 33 34 35 36 37 \n");
    rig_free(r);
}

static void reply__times_of_day__stand_before(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    setenv("TZ", "UTC", 1);
    r->p.plan.opt.unix_time = true;
    struct ik_record rec = reply("192.0.2.1", 1, 28 * US);
    expect(r, &rec,
           "[1700000000.012345] 64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.028 ms\n");
    r->p.plan.opt.unix_time = false;
    r->p.plan.opt.iso = true;
    expect(r, &rec,
           "[2023-11-14T22:13:20.012345+00:00] 64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 "
           "time=0.028 ms\n");
    rec.time = 951782400 * IK_NS_PER_S; /* a leap day that centuries do not have, but 2000 does */
    expect(r, &rec,
           "[2000-02-29T00:00:00.000000+00:00] 64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 "
           "time=0.028 ms\n");
    rig_free(r);
}

static void reply__quiet_and_bell(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    const struct ik_record rec = reply("192.0.2.1", 1, 28 * US);
    r->p.plan.opt.audible = true;
    expect(r, &rec, "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.028 ms\a\n");
    r->p.plan.opt.quiet = true;
    expect(r, &rec, "");
    rig_free(r);
}

/* Record route and timestamps as iputils prints them; then options of a liar, cut and endless. */
static void reply__ip_options__printed_within_their_bytes(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    uint8_t rr[40] = {1, 7, 39, 12, 10, 0, 0, 1, 10, 0, 0, 2};
    struct ik_record rec = reply("10.0.0.2", 1, 28 * US);
    rec.reply.options = (struct ik_rd){rr, sizeof rr};
    const char *head = "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.028 ms";
    char want[512];
    snprintf(want, sizeof want, "%s\nNOP\nRR: \t10.0.0.1\n\t10.0.0.2\n\n", head);
    expect(r, &rec, want);
    snprintf(want, sizeof want, "%s\nNOP\t(same route)\n", head);
    expect(r, &rec, want);
    static const uint8_t ts[20] = {68, 20,  21, 0x21, 10, 0, 0,    1, 0, 0,
                                   0,  100, 10, 0,    0,  2, 0x80, 0, 0, 7};
    rec.reply.options = (struct ik_rd){ts, sizeof ts};
    snprintf(want, sizeof want,
             "%s\nTS: \t10.0.0.1\t100 absolute\n\t10.0.0.2\t7 absolute not-standard\n"
             "Unrecorded hops: 2\n\n",
             head);
    expect(r, &rec, want);
    static const uint8_t liars[][5] = {{7, 0, 4},  {7, 1, 4},       {7, 255, 4}, {7, 3, 255},
                                       {68, 2, 5}, {68, 4, 255, 1}, {131, 2},    {7}};
    snprintf(want, sizeof want, "%s\n", head);
    for (size_t i = 0; i < sizeof liars / sizeof *liars; i++) {
        uint8_t *exact = malloc(i == 7 ? 1 : 5); /* its end is the end of the heap block */
        memcpy(exact, liars[i], i == 7 ? 1 : 5);
        rec.reply.options = (struct ik_rd){exact, i == 7 ? 1 : 5};
        rig_clear(r);
        ik_ping_text_record(&r->p, &rec);
        assert_memory_equal(rig_text(r), want, strlen(head));
        free(exact);
    }
    rig_free(r);
}

static void error__every_kind__in_the_words_of_iputils(void **state)
{
    (void)state;
    static const struct {
        uint8_t family, type, code;
        const char *text;
    } rows[] = {
        {4, 3, 0, "Destination Net Unreachable"},
        {4, 3, 1, "Destination Host Unreachable"},
        {4, 3, 2, "Destination Protocol Unreachable"},
        {4, 3, 3, "Destination Port Unreachable"},
        {4, 3, 4, "Frag needed and DF set (mtu = 1400)"},
        {4, 3, 5, "Source Route Failed"},
        {4, 3, 13, "Packet filtered"},
        {4, 3, 99, "Dest Unreachable, Bad Code: 99"},
        {4, 11, 0, "Time to live exceeded"},
        {4, 11, 1, "Frag reassembly time exceeded"},
        {4, 11, 7, "Time exceeded, Bad Code: 7"},
        {4, 12, 0, "Parameter problem: pointer = 20"},
        {4, 200, 0, "Bad ICMP type: 200"},
        {6, 1, 0, "Destination unreachable: No route"},
        {6, 1, 1, "Destination unreachable: Administratively prohibited"},
        {6, 1, 2, "Destination unreachable: Beyond scope of source address"},
        {6, 1, 3, "Destination unreachable: Address unreachable"},
        {6, 1, 4, "Destination unreachable: Port unreachable"},
        {6, 1, 77, "Destination unreachable: Unknown code 77"},
        {6, 2, 0, "Packet too big: mtu=1400"},
        {6, 2, 1, "Packet too big: mtu=1400, code=1"},
        {6, 3, 0, "Time exceeded: Hop limit"},
        {6, 3, 1, "Time exceeded: Defragmentation failure"},
        {6, 3, 9, "Time exceeded: code 9"},
        {6, 4, 0, "Parameter problem: Wrong header field at 20"},
        {6, 4, 1, "Parameter problem: Unknown header at 20"},
        {6, 4, 2, "Parameter problem: Unknown option at 20"},
        {6, 4, 9, "Parameter problem: code 9 at 20"},
        {6, 100, 0, "unknown icmp type: 100"},
    };
    struct text_rig *r = rig_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ik_record rec = ik_record_make(IK_REC_icmp_error, 0);
        rec.icmp_error.target = "192.0.2.1";
        rec.icmp_error.from = addr_of("10.0.0.1");
        rec.icmp_error.seq = 3;
        rec.icmp_error.family = rows[i].family;
        rec.icmp_error.type = rows[i].type;
        rec.icmp_error.code = rows[i].code;
        rec.icmp_error.mtu = 1400;
        rec.icmp_error.pointer = 20;
        char want[160];
        snprintf(want, sizeof want, "From 10.0.0.1 icmp_seq=3 %s\n", rows[i].text);
        expect(r, &rec, want);
    }
    rig_free(r);
}

static void error__redirect_and_many_targets(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    struct ik_record rec = ik_record_make(IK_REC_icmp_error, 0);
    rec.icmp_error.target = "192.0.2.1";
    rec.icmp_error.from = addr_of("10.0.0.1");
    rec.icmp_error.seq = 1;
    rec.icmp_error.family = 4;
    rec.icmp_error.type = 5;
    rec.icmp_error.code = 1;
    rec.icmp_error.gateway = addr_of("10.0.0.254");
    expect(r, &rec, "From 10.0.0.1: icmp_seq=1 Redirect Host(New nexthop: 10.0.0.254)\n");
    r->p.expected = 2;
    rec.icmp_error.type = 11;
    rec.icmp_error.code = 0;
    expect(r, &rec, "From 10.0.0.1 icmp_seq=1 Time to live exceeded for 192.0.2.1\n");
    rig_free(r);
}

static void lost__outstanding__is_said(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    struct ik_record rec = ik_record_make(IK_REC_lost, 0);
    rec.lost.target = "192.0.2.1";
    rec.lost.state = "waiting";
    rec.lost.seq = 65540;
    expect(r, &rec, "no answer yet for icmp_seq=4\n");
    rig_free(r);
}

static struct ik_record summary(int64_t sent, int64_t received, int64_t lost)
{
    struct ik_record rec = ik_record_make(IK_REC_ping_summary, 0);
    struct ik_rec_ping_summary *s = &rec.ping_summary;
    s->target = "h";
    s->addr = addr_of("192.0.2.1");
    s->sent = sent;
    s->received = received;
    s->lost = lost;
    s->late = s->unknown = s->in_flight = s->duplicates = s->corrupt = s->errors = 0;
    s->send_errors = s->local_drops = 0;
    s->duration_ns = 2003 * MS + 400 * US;
    s->final = true;
    if (received) {
        s->rtt_ns = (struct ik_rec_rtt){28 * US,  30 * US + 999, 1033 * US, 2 * US,
                                        IK_NEVER, IK_NEVER,      IK_NEVER};
        s->ewma_ns = 20 * US;
    }
    return rec;
}

#define HEAD "\n--- h ping statistics ---\n"
#define RTT "rtt min/avg/max/mdev = 0.028/0.030/1.033/0.002 ms"

static void summary__counts__as_iputils(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    struct ik_record rec = summary(3, 3, 0);
    expect(r, &rec,
           HEAD "3 packets transmitted, 3 received, 0% packet loss, time 2003ms\n" RTT "\n");
    rec = summary(3, 2, 1);
    expect(r, &rec,
           HEAD "3 packets transmitted, 2 received, 33.3333% packet loss, time 2003ms\n" RTT "\n");
    rec = summary(2, 0, 2);
    expect(r, &rec, HEAD "2 packets transmitted, 0 received, 100% packet loss, time 2003ms\n\n");
    rec = summary(3, 2, 1);
    rec.ping_summary.duplicates = 1;
    rec.ping_summary.corrupt = 2;
    rec.ping_summary.errors = 1;
    rec.ping_summary.pipe = 2;
    expect(r, &rec,
           HEAD "3 packets transmitted, 2 received, +1 duplicates, +2 corrupted, +1 errors, "
                "33.3333% packet loss, time 2003ms\n" RTT ", pipe 2\n");
    /* what the kernel refused was tried: transmitted, and an error */
    rec = summary(0, 0, 0);
    rec.ping_summary.send_errors = 3;
    expect(r, &rec,
           HEAD "3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2003ms\n\n");
    rig_free(r);
}

/* Late answers came; what is in flight or unknown is neither lost nor answered. */
static void summary__late_in_flight_unknown__are_not_lost(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    struct ik_record rec = summary(10, 5, 1);
    rec.ping_summary.late = 1;
    rec.ping_summary.in_flight = 2;
    rec.ping_summary.unknown = 1;
    expect(r, &rec,
           HEAD "10 packets transmitted, 6 received, +2 in flight, +1 unknown, 14.2857% packet "
                "loss, time 2003ms\n" RTT "\n");
    rec = summary(1, 0, 0);
    rec.ping_summary.in_flight = 1;
    expect(r, &rec,
           HEAD "1 packets transmitted, 0 received, +1 in flight, 0% packet loss, time "
                "2003ms\n\n");
    /* what the kernel refused is decided, whatever is in flight beside it */
    rec.ping_summary.send_errors = 1;
    expect(r, &rec,
           HEAD
           "2 packets transmitted, 0 received, +1 errors, +1 in flight, 100% packet loss, time "
           "2003ms\n\n");
    rec = summary(0, 0, 0);
    expect(r, &rec, HEAD "0 packets transmitted, 0 received\n\n");
    rig_free(r);
}

static void summary__fast_and_percentiles__add_their_figures(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    struct ik_record rec = summary(11, 11, 0);
    r->p.plan.opt.adaptive = true;
    expect(r, &rec,
           HEAD "11 packets transmitted, 11 received, 0% packet loss, time 2003ms\n" RTT
                ", ipg/ewma 200.340/0.020 ms\n");
    r->p.plan.opt.adaptive = false;
    rec.ping_summary.rtt_ns.p50 = 29 * US;
    rec.ping_summary.rtt_ns.p90 = 31 * US;
    rec.ping_summary.rtt_ns.p99 = MS;
    expect(r, &rec,
           HEAD "11 packets transmitted, 11 received, 0% packet loss, time 2003ms\n" RTT
                "\nrtt p50/p90/p99 = 0.029/0.031/1.000 ms\n");
    rig_free(r);
}

static void node_reply__names_and_addresses__within_their_bytes(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    r->p.plan.node.wanted = true;
    struct ik_record rec = reply("fe80::1", 1, 28 * US);
    static const uint8_t name[] = {140, 0, 0, 0, 0, 2, 0,   0,   1,   2, 3,   4,    5, 6, 7,
                                   8,   0, 0, 0, 0, 3, 'w', 'e', 'b', 2, 'x', 0x1b, 0, 0};
    rec.reply.data = (struct ik_rd){name, sizeof name};
    expect(r, &rec, "64 bytes from fe80::1: web.x\\033; seq=1; ttl=64 time=0.028 ms\n");
    static const uint8_t addr[] = {140, 0, 0, 0, 0,  4, 0, 1, 1, 2, 3, 4, 5,  6, 7, 8,
                                   0,   0, 0, 9, 10, 0, 0, 1, 0, 0, 0, 9, 10, 0, 0, 2};
    rec.reply.data = (struct ik_rd){addr, sizeof addr};
    expect(r, &rec,
           "64 bytes from fe80::1: 10.0.0.1, 10.0.0.2 (truncated); seq=1; ttl=64 time=0.028 ms\n");
    /* cut anywhere, it never reads past the block */
    for (size_t n = 0; n <= sizeof name; n++) {
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, name, n);
        rec.reply.data = (struct ik_rd){exact, n};
        rig_clear(r);
        ik_ping_text_record(&r->p, &rec);
        assert_memory_equal(rig_text(r), "64 bytes from fe80::1:", 22);
        free(exact);
    }
    static const uint8_t refused[16] = {140, 1};
    rec.reply.data = (struct ik_rd){refused, sizeof refused};
    expect(r, &rec, "64 bytes from fe80::1: refused; seq=1; ttl=64 time=0.028 ms\n");
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header__families_and_sources__as_iputils),
        cmocka_unit_test(header__control_characters_of_names__are_escaped),
        cmocka_unit_test(reply__times__four_figures),
        cmocka_unit_test(reply__remarks__as_iputils),
        cmocka_unit_test(reply__wrong_data__is_dumped),
        cmocka_unit_test(reply__times_of_day__stand_before),
        cmocka_unit_test(reply__quiet_and_bell),
        cmocka_unit_test(reply__ip_options__printed_within_their_bytes),
        cmocka_unit_test(error__every_kind__in_the_words_of_iputils),
        cmocka_unit_test(error__redirect_and_many_targets),
        cmocka_unit_test(lost__outstanding__is_said),
        cmocka_unit_test(summary__counts__as_iputils),
        cmocka_unit_test(summary__late_in_flight_unknown__are_not_lost),
        cmocka_unit_test(summary__fast_and_percentiles__add_their_figures),
        cmocka_unit_test(node_reply__names_and_addresses__within_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
