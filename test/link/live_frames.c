/* SPDX-License-Identifier: MIT
 * The packet socket and the TAP device, in a network namespace of their own (live_frames.sh):
 *   va  10.66.0.1/24 fd66::1/64  ---  vb, where the link is; nobody else has addresses */
#include "base/bytes.h"
#include "icmpkit/link.h"
#include "icmpkit/wire.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MTU = 1500, PORT = 4242, SEEN = 256, KEPT = 4096 };

/* ---- what a link told ------------------------------------------------------------------------ */

struct seen {
    enum ik_event_kind kind;
    uint32_t key, drops;
    enum ik_err err;
    enum ik_clock clock;
    ik_ns at;
    size_t n;
    uint8_t bytes[KEPT];
};

struct rig {
    struct ik_link *l;
    size_t n;
    struct seen seen[SEEN];
};

static ik_ns clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (ik_ns)ts.tv_sec * IK_NS_PER_S + ts.tv_nsec;
}

static struct ik_now now(void)
{
    return (struct ik_now){clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME)};
}

static void see(struct rig *r, const struct ik_event *e)
{
    assert_true(r->n < SEEN);
    struct seen *s = &r->seen[r->n++];
    *s = (struct seen){.kind = e->kind, .key = e->key, .at = e->at.mono, .clock = e->at.clock};
    if (e->kind == IK_EV_FAILED)
        s->err = e->failed.err;
    if (e->kind == IK_EV_DROPS)
        s->drops = e->drops;
    if (e->kind != IK_EV_FRAME)
        return;
    assert_int_equal(e->frame.medium, IK_MEDIUM_ETHER);
    s->n = e->frame.bytes.left;
    memcpy(s->bytes, e->frame.bytes.p, s->n < KEPT ? s->n : KEPT);
}

/* Takes what comes for that long, at most `cap` events a call. */
static void listen_for(struct rig *r, int ms, size_t cap)
{
    const ik_ns end = clock_ns(CLOCK_MONOTONIC) + ms * IK_NS_PER_MS;
    struct ik_event events[IK_BATCH];
    do {
        const size_t n = r->l->ops->rx(r->l, now(), events, cap);
        for (size_t i = 0; i < n; i++)
            see(r, &events[i]);
        if (!n && r->l->ops->next(r->l) == IK_NEVER) {
            struct pollfd p = {.fd = r->l->ops->fd(r->l), .events = POLLIN};
            poll(&p, 1, 10);
        }
    } while (clock_ns(CLOCK_MONOTONIC) < end);
}

static size_t count(const struct rig *r, enum ik_event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += r->seen[i].kind == kind;
    return n;
}

/* The nth frame with this EtherType. */
static const struct seen *frame_of(const struct rig *r, uint16_t type, size_t nth)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->seen[i].kind == IK_EV_FRAME && ik_load_be16(r->seen[i].bytes + 12) == type && !nth--)
            return &r->seen[i];
    return NULL;
}

static void sh(const char *command)
{
    assert_int_equal(system(command), 0);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static const uint8_t OURS[6] = {2, 0, 0, 0, 0, 9}, STRANGER[6] = {2, 0, 0, 0, 0, 7},
                     KERNELS[6] = {2, 0, 0, 0, 0, 1};

/* A UDP datagram of the kernel's from 10.66.0.1 or fd66::1 to .2, with n bytes of data. */
static void send_datagram(uint8_t family, size_t n)
{
    static const uint8_t data[3000] = {0xde, 0xad, 0xbe, 0xef, 1};
    const int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in to4 = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(0x0a420002)};
    struct sockaddr_in6 to6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(PORT),
        .sin6_addr.s6_addr = {0xfd, 0x66, [15] = 2},
    };
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to;
    if (family == 4)
        to.v4 = to4;
    else
        to.v6 = to6;
    assert_true(fd >= 0);
    assert_int_equal(sendto(fd, data, n, 0, &to.any, family == 4 ? sizeof(to4) : sizeof(to6)), n);
    close(fd);
}

/* An echo request to 10.66.0.1 from .2 (OURS), at `frame`. Returns its length. */
static size_t echo_request(uint8_t *frame, const uint8_t dst[6])
{
    enum { IP = 14, ICMP = 34, BYTES = 98 };
    static const uint8_t ip[20] = {0x45, 0, 0,  84, 0, 0, 0,  0,  64, 1,
                                   0,    0, 10, 66, 0, 2, 10, 66, 0,  1};
    memset(frame, 0, BYTES);
    memcpy(frame, dst, 6);
    memcpy(frame + 6, OURS, 6);
    ik_store_be16(frame + 12, 0x0800);
    memcpy(frame + IP, ip, sizeof(ip));
    ik_store_be16(frame + IP + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){frame + IP, 20})));
    frame[ICMP] = 8;
    ik_store_be16(frame + ICMP + 2,
                  ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){frame + ICMP, BYTES - ICMP})));
    return BYTES;
}

static size_t send_frame(struct rig *r, const uint8_t *bytes, size_t n, uint32_t key)
{
    const struct ik_frame f = {.medium = IK_MEDIUM_ETHER, .key = key, .bytes = {bytes, n}};
    return r->l->ops->tx(r->l, now(), &f, 1);
}

/* ---- packet socket --------------------------------------------------------------------------- */

static int pair_up(void **state)
{
    sh("ip link add va type veth peer name vb && ip addr add 10.66.0.1/24 dev va && "
       "ip addr add fd66::1/64 dev va nodad && ip link set va address 02:00:00:00:00:01 && "
       "ip link set va up && ip link set vb up && "
       "ip neigh add 10.66.0.2 dev va lladdr 02:00:00:00:00:09 && "
       "ip neigh add fd66::2 dev va lladdr 02:00:00:00:00:09");
    struct rig *r = calloc(1, sizeof(*r));
    assert_int_equal(ik_link_open_packet(&r->l, "vb"), IK_OK);
    listen_for(r, 20, IK_BATCH);
    r->n = 0;
    *state = r;
    return 0;
}

static int pair_down(void **state)
{
    struct rig *r = *state;
    r->l->ops->close(r->l);
    free(r);
    sh("ip link del va 2>/dev/null; true");
    return 0;
}

/* The kernel leaves the checksum of a datagram into a veth to a card that is not there. */
static void packet__datagrams_of_the_kernel__have_right_checksums(void **state)
{
    struct rig *r = *state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        const ik_ns before = clock_ns(CLOCK_MONOTONIC);
        r->n = 0;
        send_datagram(family, 101);
        listen_for(r, 50, IK_BATCH);
        const struct seen *s = frame_of(r, family == 4 ? 0x0800 : 0x86dd, 0);
        assert_non_null(s);
        struct ik_ip ip;
        assert_int_equal(ik_ip_decode(&ip, (struct ik_rd){s->bytes + 14, s->n - 14}, NULL), IK_OK);
        assert_int_equal(ip.proto, IPPROTO_UDP);
        assert_int_equal(ip.payload.left, 109);
        uint64_t sum = ik_cksum_add_pseudo(0, &ip.src, &ip.dst, IPPROTO_UDP, 109);
        assert_int_equal(ik_cksum_fold(ik_cksum_add(sum, ip.payload)), 0);
        assert_int_equal(s->clock, IK_CLOCK_KERNEL);
        assert_in_range(s->at, before, clock_ns(CLOCK_MONOTONIC));
    }
}

/* OURS is not the address of b, so only a promiscuous link hears the answer; the request itself,
 * which left through b, is not told. */
static void packet__request_for_the_kernel__comes_back_as_a_reply_and_nothing_else(void **state)
{
    struct rig *r = *state;
    uint8_t frame[128];
    assert_int_equal(send_frame(r, frame, echo_request(frame, KERNELS), 1), 1);
    listen_for(r, 50, IK_BATCH);
    const struct seen *s = frame_of(r, 0x0800, 0);
    assert_non_null(s);
    assert_memory_equal(s->bytes, OURS, 6);
    assert_int_equal(s->bytes[34], 0);
    assert_null(frame_of(r, 0x0800, 1));
    assert_int_equal(count(r, IK_EV_FAILED), 0);
}

/* The kernel takes the tag out on arrival. */
static void packet__tagged_frame__has_its_tag_in_place(void **state)
{
    struct rig *r = *state, other;
    uint8_t plain[128], tagged[128];
    const size_t n = echo_request(plain, STRANGER);
    memcpy(tagged, plain, 12);
    ik_store_be16(tagged + 12, 0x8100);
    ik_store_be16(tagged + 14, 0x6007);
    memcpy(tagged + 16, plain + 12, n - 12);
    assert_int_equal(ik_link_open_packet(&other.l, "va"), IK_OK);
    assert_int_equal(send_frame(&other, tagged, n + 4, 1), 1);
    assert_int_equal(send_frame(&other, plain, n, 2), 1);
    other.l->ops->close(other.l);
    listen_for(r, 50, IK_BATCH);
    const struct seen *s = frame_of(r, 0x8100, 0);
    assert_non_null(s);
    assert_int_equal(s->n, n + 4);
    assert_memory_equal(s->bytes, tagged, n + 4);
    s = frame_of(r, 0x0800, 0);
    assert_non_null(s);
    assert_int_equal(s->n, n);
    assert_memory_equal(s->bytes, plain, n);
}

static void packet__small_batches__lose_and_repeat_nothing(void **state)
{
    struct rig *r = *state;
    for (size_t i = 0; i < 100; i++)
        send_datagram(4, 1 + i);
    listen_for(r, 100, 3);
    for (size_t i = 0; i < 100; i++) {
        const struct seen *s = frame_of(r, 0x0800, i);
        assert_non_null(s);
        assert_int_equal(s->n, 14 + 20 + 8 + 1 + i);
    }
    assert_null(frame_of(r, 0x0800, 100));
    assert_int_equal(count(r, IK_EV_DROPS), 0);
}

static void packet__frame_beyond_the_mtu__fails_by_its_key(void **state)
{
    struct rig *r = *state;
    static uint8_t big[MTU + 200];
    uint8_t small[128];
    const struct ik_frame in[] = {
        {.medium = IK_MEDIUM_ETHER, .key = 1, .bytes = {small, echo_request(small, STRANGER)}},
        {.medium = IK_MEDIUM_ETHER, .key = 2, .bytes = {big, sizeof(big)}},
        {.medium = IK_MEDIUM_ETHER, .key = 3, .bytes = {small, 98}},
    };
    assert_int_equal(r->l->ops->tx(r->l, now(), in, 3), 3);
    assert_int_equal(r->l->ops->next(r->l), 0);
    listen_for(r, 20, IK_BATCH);
    assert_int_equal(count(r, IK_EV_FAILED), 1);
    for (size_t i = 0; i < r->n; i++) {
        if (r->seen[i].kind != IK_EV_FAILED)
            continue;
        assert_int_equal(r->seen[i].key, 2);
        assert_int_equal(r->seen[i].err, IK_E_TOO_BIG);
    }
}

/* More than the interface allows is what a segmentation offload left uncut. */
static void packet__frame_longer_than_the_interface_allowed__is_told_as_dropped(void **state)
{
    struct rig *r = *state;
    sh("ip link set va mtu 4000 && ip link set vb mtu 4000");
    r->n = 0;
    send_datagram(4, 1900);
    send_datagram(4, 3000);
    listen_for(r, 50, IK_BATCH);
    assert_non_null(frame_of(r, 0x0800, 0)); /* it fits the least buffer */
    assert_int_equal(frame_of(r, 0x0800, 0)->n, 1942);
    assert_null(frame_of(r, 0x0800, 1));
    assert_int_equal(count(r, IK_EV_DROPS), 1);
}

static void packet__interface_goes_down__says_so_once(void **state)
{
    struct rig *r = *state;
    sh("ip link set vb down");
    listen_for(r, 30, IK_BATCH);
    assert_int_equal(count(r, IK_EV_DOWN), 1);
    listen_for(r, 30, IK_BATCH);
    assert_int_equal(count(r, IK_EV_DOWN), 1);
    struct ik_link *l = NULL;
    assert_int_equal(ik_link_open_packet(&l, "vb"), IK_E_IFACE);
    assert_int_equal(ik_link_open_packet(&l, "nowhere"), IK_E_IFACE);
    assert_null(l);
}

/* ---- TAP ------------------------------------------------------------------------------------- */

static int tap_up(void **state)
{
    struct rig *r = calloc(1, sizeof(*r));
    assert_int_equal(ik_link_open_tap(&r->l, "tap0", KERNELS, 1400), IK_OK);
    *state = r;
    return 0;
}

static int tap_down(void **state)
{
    struct rig *r = *state;
    r->l->ops->close(r->l);
    free(r);
    sh("! ip link show dev tap0 2>/dev/null");
    return 0;
}

static void tap__machine_pinged_through_it__answers(void **state)
{
    struct rig *r = *state;
    uint8_t frame[128];
    sh("ip link show dev tap0 | grep -q 'mtu 1400' && ip link show dev tap0 | grep -q "
       "02:00:00:00:00:01");
    sh("ip addr add 10.66.0.1/24 dev tap0 && ip link set tap0 up && "
       "ip neigh add 10.66.0.2 dev tap0 lladdr 02:00:00:00:00:09");
    assert_int_equal(send_frame(r, frame, echo_request(frame, KERNELS), 1), 1);
    listen_for(r, 50, IK_BATCH);
    const struct seen *s = frame_of(r, 0x0800, 0);
    assert_non_null(s);
    assert_memory_equal(s->bytes, OURS, 6);
    assert_int_equal(s->bytes[34], 0);
    assert_int_equal(s->clock, IK_CLOCK_USER);
    assert_int_equal(count(r, IK_EV_FAILED), 0);
    r->n = 0;
    send_datagram(4, 1372);
    listen_for(r, 50, IK_BATCH);
    s = frame_of(r, 0x0800, 0);
    assert_non_null(s);
    assert_int_equal(s->n, 1414);
    struct ik_ip ip;
    assert_int_equal(ik_ip_decode(&ip, (struct ik_rd){s->bytes + 14, s->n - 14}, NULL), IK_OK);
    uint64_t sum = ik_cksum_add_pseudo(0, &ip.src, &ip.dst, IPPROTO_UDP, 1380);
    assert_int_equal(ik_cksum_fold(ik_cksum_add(sum, ip.payload)), 0);
}

static void tap__not_up__fails_the_frame(void **state)
{
    struct rig *r = *state;
    uint8_t frame[128];
    assert_int_equal(send_frame(r, frame, echo_request(frame, OURS), 5), 1);
    listen_for(r, 20, IK_BATCH);
    assert_int_equal(count(r, IK_EV_FAILED), 1);
    assert_int_equal(r->seen[0].key, 5);
    assert_int_equal(r->seen[0].err, IK_E_IFACE);
}

static void tap__name_in_use_or_wrong__is_refused(void **state)
{
    struct ik_link *l = NULL;
    (void)state;
    assert_int_equal(ik_link_open_tap(&l, "tap0", KERNELS, 1400), IK_E_EXISTS);
    assert_int_equal(ik_link_open_tap(&l, "lo", KERNELS, 1400), IK_E_EXISTS);
    assert_int_equal(ik_link_open_tap(&l, "u%d", KERNELS, 1400), IK_E_VALUE);
    assert_int_equal(ik_link_open_tap(&l, "a-name-too-long-", KERNELS, 1400), IK_E_VALUE);
    assert_int_equal(ik_link_open_tap(&l, "u", KERNELS, 67), IK_E_VALUE);
    assert_int_equal(ik_link_open_tap(&l, "u", (const uint8_t[6]){1}, 1400), IK_E_ADDR);
    sh("! ip link show dev u 2>/dev/null");
    assert_null(l);
    /* One that somebody else keeps is not taken over. */
    sh("ip tuntap add dev kept mode tap");
    assert_int_equal(ik_link_open_tap(&l, "kept", KERNELS, 1400), IK_E_EXISTS);
    sh("ip link del kept");
}

static void tap__removed_by_somebody__is_down(void **state)
{
    struct rig *r = *state;
    sh("ip link set tap0 up && ip link del tap0");
    listen_for(r, 30, IK_BATCH);
    assert_int_equal(count(r, IK_EV_DOWN), 1);
}

int main(void)
{
#define PACKET(name) cmocka_unit_test_setup_teardown(packet__##name, pair_up, pair_down)
#define TAP(name) cmocka_unit_test_setup_teardown(tap__##name, tap_up, tap_down)
    const struct CMUnitTest tests[] = {
        PACKET(datagrams_of_the_kernel__have_right_checksums),
        PACKET(request_for_the_kernel__comes_back_as_a_reply_and_nothing_else),
        PACKET(tagged_frame__has_its_tag_in_place),
        PACKET(small_batches__lose_and_repeat_nothing),
        PACKET(frame_beyond_the_mtu__fails_by_its_key),
        PACKET(frame_longer_than_the_interface_allowed__is_told_as_dropped),
        PACKET(interface_goes_down__says_so_once),
        TAP(machine_pinged_through_it__answers),
        TAP(not_up__fails_the_frame),
        TAP(name_in_use_or_wrong__is_refused),
        TAP(removed_by_somebody__is_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
