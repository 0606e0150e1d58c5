/* SPDX-License-Identifier: MIT
 * Live capture beside others who know: filters of libpcap, round trips of a raw socket, and a
 * sender that counts (live_ring.sh). */
#include "flood.h"

#include "icmpkit/wire.h"

#include <ifaddrs.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <sys/wait.h>

/* ---- filters of libpcap ---------------------------------------------------------------------- */

/* Sends the same frames past each filter: on the wire, behind a tag, and over another interface. */
static size_t count_of(struct rig *r, const char *interface, const char *expression)
{
    const struct sock_filter *program = NULL;
    struct ik_capfilter *filter;
    char why[IK_CAPFILTER_TEXT];
    size_t n = 0;
    uint8_t frame[128];
    assert_int_equal(
        ik_link_open_capture(
            &r->l, &(struct ik_capture_cfg){.interface = interface, .direction = IK_CAPTURE_IN}),
        IK_OK);
    assert_int_equal(ik_capfilter_open(&filter, expression, false, why), IK_OK);
    if (ik_capfilter_kernel(filter, ik_link_linktype(r->l), &program, &n))
        n = 0;
    assert_int_equal(ik_link_capture_start(r->l, program, n), IK_OK);
    ik_capfilter_close(filter);
    r->n = 0;
    send_datagram(0x0a420002);
    send_datagram(0x0a420003);
    send_datagram(0x7f000001); /* and an error comes back */
    send_frame(frame, make_frame(frame, 0x81000064, 0, 1, 60));
    finish(r, IK_BATCH);
    end(r);
    return r->n;
}

static void ring__filters_of_libpcap__work_in_the_kernel(void **state)
{
    struct rig *r = *state;
    struct ik_capfilter *probe;
    char why[IK_CAPFILTER_TEXT];
    if (ik_capfilter_open(&probe, "udp", false, why) == IK_E_UNSUPPORTED)
        skip();
    ik_capfilter_close(probe);
    sh("ip neigh add 10.66.0.3 dev va lladdr 02:00:00:00:00:03");
    static const struct {
        const char *interface, *expression;
        size_t want; /* the frame with a tag is always among them */
    } rows[] = {
        {"vb", "udp", 3},
        {"vb", "dst host 10.66.0.3", 2},
        {"vb", "vlan 100", 3}, /* which is not for the kernel */
        {"vb", "udp port 10", 1},
        {"any", "udp", 4},
        {"any", "udp and dst host 10.66.0.3", 2},
        {"any", "host 127.0.0.1", 3},
        {"any", "udp dst port 9 and not host 127.0.0.1", 3},
        {"any", "tcp", 1},
        {"any", "arp", 1},
        {"any", "greater 1000", 5}, /* a length with our header: the kernel lets all through */
        {"vb", "greater 1000", 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const size_t n = count_of(r, rows[i].interface, rows[i].expression);
        if (n != rows[i].want)
            print_error("%s on %s\n", rows[i].expression, rows[i].interface);
        assert_int_equal(n, rows[i].want);
    }
}

/* ---- round trips ----------------------------------------------------------------------------- */

enum { PINGS = 51, IDENT = 4711, NEAR_NS = 5000 };

struct trip {
    ik_ns sent, received;
};

/* Sends an echo request to 127.0.0.1 and waits for the stamps of both ways. */
static struct trip ping_once(struct ik_link *l, uint16_t seq)
{
    uint8_t b[64] = {8};
    ik_store_be16(b + 4, IDENT);
    ik_store_be16(b + 6, seq);
    ik_store_be16(b + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){b, sizeof(b)})));
    const struct ik_frame f = {
        .medium = IK_MEDIUM_ICMP4,
        .key = seq,
        .bytes = {b, sizeof(b)},
        .meta = {.known = IK_KNOW_DST, .dst = {.family = 4, .bytes = {127, 0, 0, 1}}}};
    const ik_ns end = now().mono + 2 * IK_NS_PER_S;
    struct trip t = {0};
    assert_int_equal(l->ops->tx(l, now(), &f, 1), 1);
    while ((!t.sent || !t.received) && now().mono < end) {
        struct ik_event events[IK_BATCH];
        wait_for(l);
        const size_t n = l->ops->rx(l, now(), events, IK_BATCH);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(events[i].at.clock, IK_CLOCK_KERNEL);
            *(events[i].kind == IK_EV_SENT ? &t.sent : &t.received) = events[i].at.mono;
        }
    }
    assert_true(t.sent && t.received);
    return t;
}

static int by_size(const void *a, const void *b)
{
    const ik_ns x = *(const ik_ns *)a, y = *(const ik_ns *)b;
    return (x > y) - (x < y);
}

/* Both take the stamp of the reply from the same place; that of the request is taken a few lines of
 * the kernel's earlier by who sends it. Half of all are compared: this machine may be busy. */
static void ring__round_trips_beside_a_ping__are_the_same(void **state)
{
    struct rig *r = *state;
    ik_ns differs[PINGS];
    struct trip trips[PINGS];
    const struct ik_link_cfg cfg = {.family = 4,
                                    .ident = IDENT,
                                    .ttl = -1,
                                    .multicast_ttl = -1,
                                    .tclass = -1,
                                    .flow_label = -1,
                                    .pmtudisc = -1};
    struct ik_link *raw;
    assert_int_equal(ik_link_open_raw(&raw, &cfg), IK_OK);
    start(r, &(struct ik_capture_cfg){.interface = "lo"});
    (void)ik_link_await_stamps();
    finish(r, IK_BATCH);
    end(r);
    start(r, &(struct ik_capture_cfg){.interface = "lo"});
    for (uint16_t i = 0; i < PINGS; i++)
        trips[i] = ping_once(raw, i);
    finish(r, IK_BATCH);
    raw->ops->close(raw);
    assert_int_equal(r->n, 2 * PINGS);
    for (size_t i = 0; i < PINGS; i++) {
        const struct seen *request = &r->seen[2 * i], *reply = request + 1;
        assert_int_equal(request->bytes[HEAD + 20], 8);
        assert_int_equal(reply->bytes[HEAD + 20], 0);
        assert_int_equal(ik_load_be16(reply->bytes + HEAD + 26), i);
        assert_int_equal(reply->at.clock, IK_CLOCK_KERNEL);
        const ik_ns ours = trips[i].received - trips[i].sent;
        differs[i] = llabs(reply->real - request->real - ours);
    }
    qsort(differs, PINGS, sizeof(*differs), by_size);
    print_message("round trips differ by %ld ns in the median, %ld ns at most\n",
                  (long)differs[PINGS / 2], (long)differs[PINGS - 1]);
    assert_true(differs[PINGS / 2] <= NEAR_NS);
}

/* ---- many ------------------------------------------------------------------------------------ */

enum { RATE = 200000, MANY = 200000 };

static size_t make_numbered(uint8_t *frame, uint32_t i)
{
    return make_frame(frame, 0, 0, i, 80);
}

/* In a process of its own. */
static pid_t send_many(uint32_t n)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid)
        _exit(!flood("va", n, RATE, make_numbered));
    return pid;
}

/* What the pair itself had no room for, between its ends. */
static uint64_t sent_and_lost(void)
{
    struct ifaddrs *all;
    struct rtnl_link_stats stats = {0};
    assert_int_equal(getifaddrs(&all), 0);
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET && !strcmp(i->ifa_name, "va"))
            memcpy(&stats, i->ifa_data, sizeof(stats));
    freeifaddrs(all);
    assert_true(stats.tx_packets);
    return stats.tx_dropped;
}

struct many {
    uint64_t frames, drops;
    uint32_t next; /* sequence number after the last */
};

/* True when there was something. */
static bool take_many(struct rig *r, struct many *m)
{
    struct ik_event events[IK_BATCH];
    const size_t n = r->l->ops->rx(r->l, now(), events, IK_BATCH);
    for (size_t i = 0; i < n; i++) {
        if (events[i].kind == IK_EV_DROPS) {
            m->drops += events[i].drops;
            continue;
        }
        assert_int_equal(events[i].kind, IK_EV_FRAME);
        const uint32_t seq = ik_load_be32(events[i].frame.bytes.p + HEAD);
        assert_true(seq >= m->next); /* in order, and none twice */
        m->next = seq + 1;
        m->frames++;
    }
    return n;
}

static void finish_many(struct rig *r, struct many *m)
{
    ik_link_capture_stop(r->l);
    for (int idle = 0; idle < 2;)
        idle = take_many(r, m) ? 0 : idle + 1;
}

static void check_many(struct rig *r, const struct many *m, uint64_t sent)
{
    const struct ik_capture_stats stats = ik_link_capture_stats(r->l);
    print_message("sent %lu, lost before %lu, captured %lu, dropped and counted %lu\n", sent,
                  sent_and_lost(), m->frames, m->drops);
    assert_int_equal(m->frames + m->drops + sent_and_lost(), sent);
    assert_int_equal(stats.received, m->frames);
    assert_int_equal(stats.dropped, m->drops);
}

static void await_sender(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void ring__many_a_second__are_told_or_counted(void **state)
{
    struct rig *r = *state;
    struct many m = {0};
    siginfo_t ended = {0};
    start(r, &(struct ik_capture_cfg){.interface = "vb", .direction = IK_CAPTURE_IN});
    assert_int_equal(ik_link_capture_start(r->l, of_type, 4), IK_OK);
    const pid_t pid = send_many(MANY);
    while (!waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) && !ended.si_pid) {
        wait_for(r->l);
        (void)take_many(r, &m);
    }
    await_sender(pid);
    finish_many(r, &m);
    check_many(r, &m, MANY);
    assert_true(m.frames > 0);
}

static void ring__reader_that_stalls__loses_what_is_counted(void **state)
{
    struct rig *r = *state;
    struct many m = {0};
    start(r,
          &(struct ik_capture_cfg){.interface = "vb", .direction = IK_CAPTURE_IN, .ring_bytes = 1});
    assert_int_equal(ik_link_capture_start(r->l, of_type, 4), IK_OK);
    await_sender(send_many(MANY / 4));
    finish_many(r, &m);
    check_many(r, &m, MANY / 4);
    assert_true(m.drops > 0 && m.frames > 1000);
    /* Room again: it goes on. */
    assert_int_equal(ik_link_capture_start(r->l, of_type, 4), IK_OK);
    m.next = 0;
    await_sender(send_many(100));
    finish_many(r, &m);
    check_many(r, &m, MANY / 4 + 100);
    assert_int_equal(m.next, 100);
}

int main(void)
{
#define RING(name) cmocka_unit_test_setup_teardown(ring__##name, pair_up, pair_down)
    const struct CMUnitTest tests[] = {
        RING(filters_of_libpcap__work_in_the_kernel),
        RING(round_trips_beside_a_ping__are_the_same),
        RING(many_a_second__are_told_or_counted),
        RING(reader_that_stalls__loses_what_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
