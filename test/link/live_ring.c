/* SPDX-License-Identifier: MIT
 * Live capture, in a network namespace of its own (live_ring.sh):
 *   va  10.66.0.1/24  ---  vb, which has no address
 * Frames of type 0x88b5 (IEEE 802: for experiments) are nobody's but ours. */
#include "base/bytes.h"
#include "icmpkit/capture.h"
#include "icmpkit/host.h"
#include "icmpkit/link.h"
#include "icmpkit/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/filter.h>

#include <cmocka.h>

enum { SEEN = 512, KEPT = 256, TYPE = 0x88b5, HEAD = 14 };

/* ---- what a capture told --------------------------------------------------------------------- */

struct seen {
    enum ik_event_kind kind;
    enum ik_medium medium;
    uint32_t ifindex, wire_bytes;
    bool outgoing, checksum_left;
    struct ik_stamp at;
    ik_ns real;
    size_t n;
    uint8_t bytes[KEPT];
};

struct rig {
    struct ik_link *l;
    size_t n;
    struct seen seen[SEEN];
};

static struct ik_now now(void)
{
    return ik_clock_now();
}

static void sh(const char *command)
{
    assert_int_equal(system(command), 0);
}

static void see(struct rig *r, const struct ik_event *e)
{
    assert_true(r->n < SEEN);
    struct seen *s = &r->seen[r->n++];
    *s = (struct seen){.kind = e->kind};
    if (e->kind != IK_EV_FRAME)
        return;
    s->medium = e->frame.medium;
    assert_int_equal(e->frame.meta.known, IK_KNOW_IFINDEX);
    s->ifindex = e->frame.meta.ifindex;
    s->wire_bytes = e->captured.wire_bytes;
    s->outgoing = e->captured.outgoing;
    s->checksum_left = e->captured.checksum_left;
    s->real = e->captured.real;
    s->at = e->at;
    s->n = e->frame.bytes.left;
    memcpy(s->bytes, e->frame.bytes.p, s->n < KEPT ? s->n : KEPT);
}

/* Waits until something can be read, 10 ms at most. */
static void wait_for(const struct ik_link *l)
{
    struct pollfd p = {.fd = l->ops->fd(l), .events = POLLIN};
    if (l->ops->next(l) > now().mono)
        poll(&p, 1, 10);
}

/* Takes `want` events of that kind, and whatever comes before, for 3 s at most. */
static void await(struct rig *r, enum ik_event_kind kind, size_t want)
{
    const ik_ns end = now().mono + 3 * IK_NS_PER_S;
    struct ik_event events[IK_BATCH];
    size_t have = 0;
    while (have < want && now().mono < end) {
        wait_for(r->l);
        const size_t n = r->l->ops->rx(r->l, now(), events, IK_BATCH);
        for (size_t i = 0; i < n; i++) {
            see(r, &events[i]);
            have += events[i].kind == kind;
        }
    }
    assert_int_equal(have, want);
}

/* All that was taken until now, and no more after that. */
static void finish(struct rig *r, size_t cap)
{
    struct ik_event events[IK_BATCH];
    ik_link_capture_stop(r->l);
    for (int idle = 0; idle < 2;) {
        const size_t n = r->l->ops->rx(r->l, now(), events, cap);
        for (size_t i = 0; i < n; i++)
            see(r, &events[i]);
        idle = n ? 0 : idle + 1;
    }
}

static void start(struct rig *r, const struct ik_capture_cfg *cfg)
{
    r->n = 0;
    assert_int_equal(ik_link_open_capture(&r->l, cfg), IK_OK);
    assert_int_equal(ik_link_capture_start(r->l, NULL, 0), IK_OK);
}

static void end(struct rig *r)
{
    r->l->ops->close(r->l);
    r->l = NULL;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static int open_sender(const char *ifname)
{
    uint32_t index;
    assert_int_equal(ik_iface_index(ifname, &index), IK_OK);
    union {
        struct sockaddr any;
        struct sockaddr_ll ll;
    } to = {.ll = {.sll_family = AF_PACKET, .sll_ifindex = (int)index}};
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &to.any, sizeof(to.ll)), 0);
    return fd;
}

/* A frame with those tags (0: none), then TYPE, then `seq` and bytes that count up. */
static size_t make_frame(uint8_t *p, uint32_t outer, uint32_t inner, uint32_t seq, size_t data)
{
    static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 7};
    size_t n = sizeof(addresses);
    memcpy(p, addresses, n);
    const uint32_t tags[] = {outer, inner};
    for (size_t i = 0; i < 2; i++) {
        if (!tags[i])
            continue;
        ik_store_be32(p + n, tags[i]);
        n += 4;
    }
    ik_store_be16(p + n, TYPE);
    ik_store_be32(p + n + 2, seq);
    n += 6;
    for (size_t i = 0; i < data; i++)
        p[n++] = (uint8_t)i;
    return n;
}

static void send_frame(const uint8_t *p, size_t n)
{
    const int fd = open_sender("va");
    assert_int_equal(send(fd, p, n, 0), n);
    close(fd);
}

static void send_plain(uint32_t seq)
{
    uint8_t p[128];
    send_frame(p, make_frame(p, 0, 0, seq, 60));
}

static uint32_t seq_of(const struct seen *s)
{
    assert_int_equal(s->kind, IK_EV_FRAME);
    assert_int_equal(ik_load_be16(s->bytes + 12), TYPE);
    return ik_load_be32(s->bytes + HEAD);
}

/* To a port that nobody has. */
static void send_datagram(uint32_t to)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    union {
        struct sockaddr any;
        struct sockaddr_in in;
    } dst = {.in = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(to)}};
    assert_true(fd >= 0);
    assert_int_equal(sendto(fd, "abcd", 4, 0, &dst.any, sizeof(dst.in)), 4);
    close(fd);
}

/* Programs for frames of TYPE: as Ethernet has them, and behind a cooked header. */
static const struct sock_filter of_type[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TYPE, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 65535),
    BPF_STMT(BPF_RET | BPF_K, 0),
};
static const struct sock_filter of_seq_7_cooked[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TYPE, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 20), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 65535),       BPF_STMT(BPF_RET | BPF_K, 0),
};

/* ---- veth ------------------------------------------------------------------------------------ */

static int pair_up(void **state)
{
    struct rig *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    sh("ip link add va address 02:00:00:00:00:01 type veth peer name vb && "
       "ip link set vb up && ip link set va up && ip addr add 10.66.0.1/24 dev va && "
       "ip neigh add 10.66.0.2 dev va lladdr 02:00:00:00:00:02");
    assert_true(ik_netif_await("va") && ik_netif_await("vb"));
    *state = r;
    return 0;
}

static int pair_down(void **state)
{
    struct rig *r = *state;
    if (r->l)
        end(r);
    free(r);
    sh("ip link del va");
    return 0;
}

static void ring__frame__comes_as_it_was_with_its_time(void **state)
{
    struct rig *r = *state;
    uint8_t frame[128];
    const size_t n = make_frame(frame, 0, 0, 1, 60);
    uint32_t vb;
    assert_int_equal(ik_iface_index("vb", &vb), IK_OK);
    start(r, &(struct ik_capture_cfg){.interface = "vb"});
    (void)ik_link_await_stamps();
    const struct ik_now before = now();
    send_frame(frame, n);
    const struct ik_now after = now();
    await(r, IK_EV_FRAME, 1);
    assert_int_equal(ik_link_linktype(r->l), IK_LINKTYPE_ETHERNET);
    const struct seen *s = &r->seen[0];
    assert_int_equal(s->medium, IK_MEDIUM_ETHER);
    assert_int_equal(s->n, n);
    assert_memory_equal(s->bytes, frame, n);
    assert_int_equal(s->wire_bytes, n);
    assert_int_equal(s->ifindex, vb);
    assert_false(s->outgoing || s->checksum_left);
    assert_int_equal(s->at.clock, IK_CLOCK_KERNEL);
    assert_true(s->at.mono >= before.mono - 1000000 && s->at.mono <= after.mono + 1000000);
    assert_true(s->real >= before.real - 1000000 && s->real <= after.real + 1000000);
    assert_true(s->real % 1000 || s->at.mono % 1000); /* nanoseconds */
}

static void ring__frames_before_the_start_and_after_the_stop__are_not_taken(void **state)
{
    struct rig *r = *state;
    assert_int_equal(ik_link_open_capture(&r->l, &(struct ik_capture_cfg){.interface = "vb"}),
                     IK_OK);
    send_plain(1);
    assert_int_equal(ik_link_capture_start(r->l, of_type, 4), IK_OK);
    send_plain(2);
    send_datagram(0x0a420002);
    send_plain(3);
    finish(r, IK_BATCH);
    send_plain(4);
    finish(r, IK_BATCH);
    assert_int_equal(r->n, 2);
    assert_int_equal(seq_of(&r->seen[0]), 2);
    assert_int_equal(seq_of(&r->seen[1]), 3);
    const struct ik_capture_stats stats = ik_link_capture_stats(r->l);
    assert_int_equal(stats.received, 2);
    assert_int_equal(stats.dropped, 0);
}

/* The kernel takes the outer tag out before a filter sees the frame: a program for Ethernet types
 * would miss every tagged frame that it wants. */
static void ring__tagged_frames__have_their_tags_and_pass_any_program(void **state)
{
    struct rig *r = *state;
    static const uint32_t tags[][2] = {{0x81006064, 0}, {0x88a80005, 0x8100000a}, {0x88a8e123, 0}};
    uint8_t frame[3][128];
    size_t n[3];
    start(r, &(struct ik_capture_cfg){.interface = "vb"});
    static const struct sock_filter of_tag_100[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x8100, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 14), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x6064, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 65535),       BPF_STMT(BPF_RET | BPF_K, 0),
    };
    assert_int_equal(ik_link_capture_start(r->l, of_tag_100, 6), IK_OK);
    send_plain(9);
    for (size_t i = 0; i < 3; i++) {
        n[i] = make_frame(frame[i], tags[i][0], tags[i][1], (uint32_t)i, 60);
        send_frame(frame[i], n[i]);
    }
    finish(r, IK_BATCH);
    assert_int_equal(r->n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(r->seen[i].n, n[i]);
        assert_int_equal(r->seen[i].wire_bytes, n[i]);
        assert_memory_equal(r->seen[i].bytes, frame[i], n[i]);
    }
}

static void ring__snapped__keeps_the_first_bytes_and_the_length(void **state)
{
    struct rig *r = *state;
    static const uint32_t snaps[] = {1, 12, 16, 40};
    uint8_t frame[2][128];
    const size_t n = make_frame(frame[0], 0, 0, 1, 60);
    assert_int_equal(make_frame(frame[1], 0x81000064, 0, 1, 60), n + 4);
    for (size_t i = 0; i < 4; i++) {
        start(r, &(struct ik_capture_cfg){.interface = "vb", .snap_bytes = snaps[i]});
        send_frame(frame[0], n);
        send_frame(frame[1], n + 4);
        finish(r, IK_BATCH);
        assert_int_equal(r->n, 2);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(r->seen[k].n, snaps[i]);
            assert_memory_equal(r->seen[k].bytes, frame[k], snaps[i]);
            /* Snapped before its tag, a frame is not known to have been tagged. */
            assert_int_equal(r->seen[k].wire_bytes, n + (k && snaps[i] >= 12 ? 4 : 0));
        }
        end(r);
    }
}

static void ring__direction__is_kept_to(void **state)
{
    struct rig *r = *state;
    static const struct {
        enum ik_capture_direction direction;
        bool in, out;
    } rows[] = {
        {IK_CAPTURE_BOTH, true, true}, {IK_CAPTURE_IN, true, false}, {IK_CAPTURE_OUT, false, true}};
    for (size_t i = 0; i < 3; i++) {
        uint8_t frame[128];
        start(r, &(struct ik_capture_cfg){.interface = "va", .direction = rows[i].direction});
        send_plain(1);
        const int fd = open_sender("vb");
        const size_t n = make_frame(frame, 0, 0, 2, 60);
        assert_int_equal(send(fd, frame, n, 0), n);
        close(fd);
        finish(r, IK_BATCH);
        assert_int_equal(r->n, rows[i].in + rows[i].out);
        for (size_t k = 0; k < r->n; k++) {
            const uint32_t seq = rows[i].out && !k ? 1 : 2;
            assert_int_equal(seq_of(&r->seen[k]), seq);
            assert_int_equal(r->seen[k].outgoing, seq == 1);
        }
        end(r);
    }
}

/* A sender on this machine leaves the checksum of UDP to the card, never that of ICMP. */
static void ring__datagram_of_this_machine__has_its_checksum_left(void **state)
{
    struct rig *r = *state;
    start(r, &(struct ik_capture_cfg){.interface = "va"});
    send_datagram(0x0a420002);
    sh("ping -c 1 -W 1 10.66.0.2 >/dev/null; true");
    finish(r, IK_BATCH);
    assert_int_equal(r->n, 2);
    assert_int_equal(r->seen[0].bytes[HEAD + 9], 17);
    assert_true(r->seen[0].checksum_left && r->seen[0].outgoing);
    assert_int_equal(r->seen[1].bytes[HEAD + 9], 1);
    assert_false(r->seen[1].checksum_left);
}

static void ring__small_batches__lose_and_repeat_nothing(void **state)
{
    struct rig *r = *state;
    start(r, &(struct ik_capture_cfg){.interface = "vb"});
    const int fd = open_sender("va");
    for (uint32_t i = 0; i < 200; i++) {
        uint8_t frame[128];
        const size_t n = make_frame(frame, 0, 0, i, 60);
        assert_int_equal(send(fd, frame, n, 0), n);
    }
    close(fd);
    finish(r, 1);
    assert_int_equal(r->n, 200);
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(seq_of(&r->seen[i]), i);
}

static void ring__frame_to_send__fails_by_its_key(void **state)
{
    struct rig *r = *state;
    struct ik_event e;
    start(r, &(struct ik_capture_cfg){.interface = "vb"});
    const struct ik_frame f = {.key = 5, .bytes = {(const uint8_t *)"", 0}};
    assert_int_equal(r->l->ops->tx(r->l, now(), &f, 1), 1);
    assert_int_equal(r->l->ops->next(r->l), 0);
    assert_int_equal(r->l->ops->rx(r->l, now(), &e, 1), 1);
    assert_int_equal(e.kind, IK_EV_FAILED);
    assert_int_equal(e.key, 5);
    assert_int_equal(e.failed.err, IK_E_UNSUPPORTED);
}

static void ring__interface_goes__is_told_after_what_came_before(void **state)
{
    struct rig *r = *state;
    start(r, &(struct ik_capture_cfg){.interface = "vb"});
    send_plain(1);
    sh("ip link set vb down");
    await(r, IK_EV_DOWN, 1);
    assert_int_equal(r->n, 2);
    assert_int_equal(seq_of(&r->seen[0]), 1);
    assert_int_equal(r->l->ops->next(r->l), IK_NEVER);
    struct ik_event e;
    assert_int_equal(r->l->ops->rx(r->l, now(), &e, 1), 0);
    struct ik_link *l = NULL;
    assert_int_equal(ik_link_open_capture(&l, &(struct ik_capture_cfg){.interface = "vb"}),
                     IK_E_IFACE);
    assert_int_equal(ik_link_open_capture(&l, &(struct ik_capture_cfg){.interface = "nowhere"}),
                     IK_E_IFACE);
    assert_int_equal(
        ik_link_open_capture(&l, &(struct ik_capture_cfg){.interface = "a-name-that-is-too-long"}),
        IK_E_IFACE);
    assert_null(l);
}

static void ring__interface_removed__is_down(void **state)
{
    struct rig *r = *state;
    sh("ip link add vc type veth peer name vd && ip link set vc up && ip link set vd up");
    start(r, &(struct ik_capture_cfg){.interface = "vd"});
    sh("ip link del vc");
    await(r, IK_EV_DOWN, 1);
}

/* Everything but opening is done without privilege. */
static void ring__without_privilege__goes_on_but_does_not_open(void **state)
{
    struct rig *r = *state;
    int status;
    assert_int_equal(ik_link_open_capture(
                         &r->l, &(struct ik_capture_cfg){.interface = "vb", .promiscuous = true}),
                     IK_OK);
    sh("ip -d link show vb | grep -q 'promiscuity 1'");
    const int sender = open_sender("va");
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        uint8_t frame[128];
        struct ik_link *l = NULL;
        if (setresuid(65534, 65534, 65534) || ik_priv_drop() ||
            ik_link_open_capture(&l, &(struct ik_capture_cfg){.interface = "vb"}) != IK_E_ACCESS)
            _exit(1);
        if (ik_link_capture_start(r->l, of_type, 4))
            _exit(2);
        if (send(sender, frame, make_frame(frame, 0, 0, 1, 60), 0) < 0)
            _exit(3);
        finish(r, IK_BATCH);
        _exit(r->n == 1 && ik_link_capture_stats(r->l).received == 1 ? 0 : 4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(sender);
    end(r);
    sh("ip -d link show vb | grep -q 'promiscuity 0'");
}

/* ---- other interfaces ------------------------------------------------------------------------ */

/* The kernel shows what goes over the loopback interface on its way out and on its way in. */
static void ring__loopback__gives_each_packet_once(void **state)
{
    struct rig *r = *state;
    start(r, &(struct ik_capture_cfg){.interface = "lo"});
    send_datagram(0x7f000001);
    finish(r, IK_BATCH);
    assert_int_equal(ik_link_linktype(r->l), IK_LINKTYPE_ETHERNET);
    assert_int_equal(r->n, 2);
    assert_int_equal(r->seen[0].bytes[HEAD + 9], 17);
    assert_true(r->seen[0].checksum_left);
    assert_int_equal(r->seen[1].bytes[HEAD + 9], 1);
    assert_int_equal(r->seen[1].bytes[HEAD + 20], 3);
    assert_false(r->seen[1].checksum_left);
    assert_false(r->seen[0].outgoing || r->seen[1].outgoing);
    end(r);
    start(r, &(struct ik_capture_cfg){.interface = "lo", .direction = IK_CAPTURE_OUT});
    send_datagram(0x7f000001);
    finish(r, IK_BATCH);
    assert_int_equal(r->n, 2);
    assert_true(r->seen[0].outgoing && r->seen[1].outgoing);
}

static void ring__tun__gives_ip_packets(void **state)
{
    struct rig *r = *state;
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        skip();
    strcpy(request.ifr_name, "vtun");
    assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
    sh("ip link set vtun up && ip addr add 10.67.0.1/24 dev vtun");
    start(r, &(struct ik_capture_cfg){.interface = "vtun"});
    send_datagram(0x0a430002);
    uint8_t answer[28] = {0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0, 10, 67, 0, 2, 10, 67, 0, 1};
    assert_int_equal(write(fd, answer, sizeof(answer)), sizeof(answer));
    finish(r, IK_BATCH);
    assert_int_equal(ik_link_linktype(r->l), IK_LINKTYPE_RAW);
    assert_int_equal(r->n, 2);
    assert_int_equal(r->seen[0].medium, IK_MEDIUM_IP);
    assert_int_equal(r->seen[0].n, 32);
    assert_int_equal(r->seen[0].bytes[0], 0x45);
    assert_int_equal(r->seen[0].bytes[9], 17);
    assert_true(r->seen[0].outgoing);
    assert_int_equal(r->seen[1].n, sizeof(answer));
    assert_memory_equal(r->seen[1].bytes, answer, sizeof(answer));
    assert_false(r->seen[1].outgoing);
    end(r);
    close(fd);
}

static const struct seen *cooked_of(const struct rig *r, uint32_t ifindex, uint8_t kind)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->seen[i].ifindex == ifindex && r->seen[i].bytes[10] == kind)
            return &r->seen[i];
    return NULL;
}

static void ring__any__gives_every_interface_behind_a_cooked_header(void **state)
{
    struct rig *r = *state;
    uint8_t frame[128];
    uint32_t va, vb, lo;
    struct ik_layers layers;
    assert_int_equal(ik_iface_index("va", &va), IK_OK);
    assert_int_equal(ik_iface_index("vb", &vb), IK_OK);
    assert_int_equal(ik_iface_index("lo", &lo), IK_OK);
    start(r, &(struct ik_capture_cfg){.interface = NULL});
    send_datagram(0x7f000001);
    send_datagram(0x0a420002);
    finish(r, IK_BATCH);
    assert_int_equal(ik_link_linktype(r->l), IK_LINKTYPE_LINUX_SLL2);
    assert_int_equal(r->n, 4);
    const struct seen *s = cooked_of(r, va, PACKET_OUTGOING);
    assert_non_null(s);
    static const uint8_t head[] = {8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1};
    assert_memory_equal(s->bytes, head, 4);
    assert_int_equal(ik_load_be32(s->bytes + 4), va);
    assert_memory_equal(s->bytes + 8, head + 8, 10);
    assert_int_equal(s->n, 20 + 32);
    assert_int_equal(s->wire_bytes, s->n);
    assert_int_equal(
        ik_layers_decode(&layers, IK_LINKTYPE_LINUX_SLL2, (struct ik_rd){s->bytes, s->n}, NULL),
        IK_OK);
    assert_true(layers.has_ip && layers.ip_at_bytes == 20 && layers.list[0].ident == va);
    assert_non_null(cooked_of(r, vb, PACKET_OTHERHOST));
    s = cooked_of(r, lo, PACKET_HOST);
    assert_non_null(s);
    assert_int_equal(ik_load_be16(s->bytes + 8), 772);
    end(r);
    /* A tag on arrival, and a program that looks before and behind where the header ends. */
    start(r, &(struct ik_capture_cfg){.interface = "any", .direction = IK_CAPTURE_IN});
    assert_int_equal(ik_link_capture_start(r->l, of_seq_7_cooked, 6), IK_OK);
    send_frame(frame, make_frame(frame, 0x8100e064, 0, 1, 60));
    send_plain(6);
    send_plain(7);
    send_datagram(0x0a420002);
    finish(r, IK_BATCH);
    assert_int_equal(r->n, 2);
    s = &r->seen[0];
    assert_int_equal(ik_load_be16(s->bytes), 0x8100);
    assert_int_equal(ik_load_be32(s->bytes + 20), 0xe06488b5);
    assert_int_equal(ik_load_be32(s->bytes + 24), 1);
    assert_int_equal(s->n, 20 + 4 + 64);
    assert_int_equal(ik_load_be32(r->seen[1].bytes + 20), 7);
}

static void ring__later_interface__is_among_any(void **state)
{
    struct rig *r = *state;
    uint32_t vc;
    start(r, &(struct ik_capture_cfg){.interface = "any"});
    sh("ip link add vc type veth peer name vd && ip link set vc up && ip link set vd up");
    assert_true(ik_netif_await("vc"));
    assert_int_equal(ik_iface_index("vc", &vc), IK_OK);
    uint8_t frame[128];
    const int fd = open_sender("vc");
    const size_t n = make_frame(frame, 0, 0, 2, 60);
    assert_int_equal(send(fd, frame, n, 0), n);
    close(fd);
    finish(r, IK_BATCH);
    assert_non_null(cooked_of(r, vc, PACKET_OUTGOING));
    sh("ip link del vc");
    assert_int_equal(r->seen[r->n - 1].kind, IK_EV_FRAME); /* no end */
}

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

enum { RATE = 200000, MANY = 200000, BURST = 50 };

/* Sends n frames at RATE a second, in a process of its own. */
static pid_t send_many(uint32_t n)
{
    static uint8_t frames[BURST][128];
    struct mmsghdr messages[BURST] = {0};
    struct iovec iov[BURST];
    const int fd = open_sender("va");
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid) {
        close(fd);
        return pid;
    }
    const ik_ns begin = now().mono;
    for (uint32_t sent = 0; sent < n;) {
        const unsigned burst = n - sent < BURST ? n - sent : BURST;
        for (uint32_t i = 0; i < burst; i++) {
            iov[i] = (struct iovec){frames[i], make_frame(frames[i], 0, 0, sent + i, 80)};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
        }
        for (unsigned at = 0; at < burst;) {
            const int took = sendmmsg(fd, messages + at, burst - at, 0);
            if (took < 0 && errno != ENOBUFS && errno != EINTR)
                _exit(1);
            at += took > 0 ? (unsigned)took : 0;
        }
        sent += burst;
        const ik_ns ahead = begin + sent * (IK_NS_PER_S / RATE) - now().mono;
        if (ahead > 0)
            nanosleep(&(struct timespec){.tv_nsec = ahead}, NULL);
    }
    _exit(0);
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
        RING(frame__comes_as_it_was_with_its_time),
        RING(frames_before_the_start_and_after_the_stop__are_not_taken),
        RING(tagged_frames__have_their_tags_and_pass_any_program),
        RING(snapped__keeps_the_first_bytes_and_the_length),
        RING(direction__is_kept_to),
        RING(datagram_of_this_machine__has_its_checksum_left),
        RING(small_batches__lose_and_repeat_nothing),
        RING(frame_to_send__fails_by_its_key),
        RING(interface_goes__is_told_after_what_came_before),
        RING(interface_removed__is_down),
        RING(without_privilege__goes_on_but_does_not_open),
        RING(loopback__gives_each_packet_once),
        RING(tun__gives_ip_packets),
        RING(any__gives_every_interface_behind_a_cooked_header),
        RING(later_interface__is_among_any),
        RING(filters_of_libpcap__work_in_the_kernel),
        RING(round_trips_beside_a_ping__are_the_same),
        RING(many_a_second__are_told_or_counted),
        RING(reader_that_stalls__loses_what_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
