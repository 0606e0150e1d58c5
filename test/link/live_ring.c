/* SPDX-License-Identifier: MIT
 * Live capture, frame by frame (live_ring.sh). */
#include "ring_rig.h"

#include "icmpkit/capture.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

/* ---- veth ------------------------------------------------------------------------------------ */

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

/* At once, so that the kernel has not handed over yet what came before. */
static void ring__interface_goes__is_told_after_what_came_before(void **state)
{
    struct rig *r = *state;
    struct ifreq down = {.ifr_name = "vb"};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), sender = open_sender("va");
    uint8_t frame[128];
    const size_t n = make_frame(frame, 0, 0, 1, 60);
    start(r, &(struct ik_capture_cfg){.interface = "vb"});
    assert_int_equal(send(sender, frame, n, 0), n);
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &down), 0);
    await(r, IK_EV_DOWN, 1);
    close(fd);
    close(sender);
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

static const struct sock_filter of_seq_7_cooked[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TYPE, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 20), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 65535),       BPF_STMT(BPF_RET | BPF_K, 0),
};

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

/* A device of that kind whose other end is the descriptor; -1: this machine has none. */
static int open_tun(unsigned long device)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -1;
    strcpy(request.ifr_name, "vtun");
    assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
    assert_int_equal(ioctl(fd, TUNSETLINK, device), 0);
    sh("ip link set vtun up && ip addr add 10.67.0.1/24 dev vtun");
    return fd;
}

static void ring__tun__gives_ip_packets(void **state)
{
    struct rig *r = *state;
    const int fd = open_tun(65534);
    if (fd < 0)
        skip();
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

static void ring__kind_of_device__decides_the_link_type(void **state)
{
    struct rig *r = *state;
    static const struct {
        unsigned long device;
        int linktype; /* -1: not read */
    } rows[] = {
        {519, IK_LINKTYPE_RAW},        /* raw IP: telephones */
        {776, IK_LINKTYPE_RAW},        /* IPv6 in IPv4 */
        {512, IK_LINKTYPE_LINUX_SLL2}, /* PPP */
        {778, IK_LINKTYPE_LINUX_SLL2}, /* GRE */
        {803, -1},                     /* 802.11 with radiotap */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const int fd = open_tun(rows[i].device);
        if (fd < 0)
            skip();
        if (rows[i].linktype < 0) {
            struct ik_link *l = NULL;
            assert_int_equal(
                ik_link_open_capture(&l, &(struct ik_capture_cfg){.interface = "vtun"}),
                IK_E_UNSUPPORTED);
            assert_null(l);
            close(fd);
            continue;
        }
        start(r, &(struct ik_capture_cfg){.interface = "vtun"});
        send_datagram(0x0a430002);
        finish(r, IK_BATCH);
        assert_int_equal(ik_link_linktype(r->l), rows[i].linktype);
        assert_int_equal(r->n, 1);
        struct ik_layers layers;
        const struct seen *s = &r->seen[0];
        assert_int_equal(ik_layers_decode(&layers, (uint16_t)rows[i].linktype,
                                          (struct ik_rd){s->bytes, s->n}, NULL),
                         IK_OK);
        assert_true(layers.has_ip);
        assert_int_equal(layers.ip.left, 32);
        end(r);
        close(fd);
    }
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
        RING(kind_of_device__decides_the_link_type),
        RING(any__gives_every_interface_behind_a_cooked_header),
        RING(later_interface__is_among_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
