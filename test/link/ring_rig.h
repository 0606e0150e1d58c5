/* SPDX-License-Identifier: MIT
 * What the live tests of captures have in common, in a network namespace of their own
 * (live_ring.sh):
 *   va  10.66.0.1/24  ---  vb, which has no address
 * Frames of type 0x88b5 (IEEE 802: for experiments) are nobody's but ours. */
#pragma once

#include "base/bytes.h"
#include "icmpkit/host.h"
#include "icmpkit/link.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static inline struct ik_now now(void)
{
    return ik_clock_now();
}

static inline void sh(const char *command)
{
    assert_int_equal(system(command), 0);
}

static inline void see(struct rig *r, const struct ik_event *e)
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
static inline void wait_for(const struct ik_link *l)
{
    struct pollfd p = {.fd = l->ops->fd(l), .events = POLLIN};
    if (l->ops->next(l) > now().mono)
        poll(&p, 1, 10);
}

/* Takes `want` events of that kind, and whatever comes before, for 3 s at most. */
static inline void await(struct rig *r, enum ik_event_kind kind, size_t want)
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
static inline void finish(struct rig *r, size_t cap)
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

static inline void start(struct rig *r, const struct ik_capture_cfg *cfg)
{
    r->n = 0;
    assert_int_equal(ik_link_open_capture(&r->l, cfg), IK_OK);
    assert_int_equal(ik_link_capture_start(r->l, NULL, 0), IK_OK);
}

static inline void end(struct rig *r)
{
    r->l->ops->close(r->l);
    r->l = NULL;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static inline int open_sender(const char *ifname)
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
static inline size_t make_frame(uint8_t *p, uint32_t outer, uint32_t inner, uint32_t seq,
                                size_t data)
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

static inline void send_frame(const uint8_t *p, size_t n)
{
    const int fd = open_sender("va");
    assert_int_equal(send(fd, p, n, 0), n);
    close(fd);
}

static inline void send_plain(uint32_t seq)
{
    uint8_t p[128];
    send_frame(p, make_frame(p, 0, 0, seq, 60));
}

static inline uint32_t seq_of(const struct seen *s)
{
    assert_int_equal(s->kind, IK_EV_FRAME);
    assert_int_equal(ik_load_be16(s->bytes + 12), TYPE);
    return ik_load_be32(s->bytes + HEAD);
}

/* To a port that nobody has. */
static inline void send_datagram(uint32_t to)
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

/* A program for frames of TYPE. */
static const struct sock_filter of_type[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TYPE, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 65535),
    BPF_STMT(BPF_RET | BPF_K, 0),
};
/* ---- the pair -------------------------------------------------------------------------------- */

static inline int pair_up(void **state)
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

static inline int pair_down(void **state)
{
    struct rig *r = *state;
    if (r->l)
        end(r);
    free(r);
    sh("ip link del va");
    return 0;
}
