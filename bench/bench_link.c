/* SPDX-License-Identifier: MIT
 * What a link costs a probe: one echo to each of COUNT addresses, WINDOW of them in flight, CPU
 * time by getrusage. Arguments: HOW FIRST_ADDRESS COUNT WINDOW, where HOW is raw, ping, user (raw
 * without stamps of the kernel), or bare: the system calls of raw alone, nothing looked at. */
#include "base/bytes.h"
#include "icmpkit/link.h"

#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static ik_ns clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (ik_ns)ts.tv_sec * IK_NS_PER_S + ts.tv_nsec;
}

static struct ik_now read_clock(void)
{
    return (struct ik_now){clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME)};
}

static uint16_t checksum(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += ik_load_be16(p + i);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

struct tally {
    size_t frames, sent, failed, drops, kernel;
};

static void count(struct tally *t, const struct ik_event *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        t->frames += e[i].kind == IK_EV_FRAME;
        t->sent += e[i].kind == IK_EV_SENT;
        t->failed += e[i].kind == IK_EV_FAILED;
        t->drops += e[i].kind == IK_EV_DROPS ? e[i].drops : 0;
        t->kernel += e[i].kind == IK_EV_FRAME && e[i].at.clock == IK_CLOCK_KERNEL;
    }
}

struct run {
    struct ik_link *link;
    uint16_t ident;
    uint32_t base, total, window, next;
    struct tally tally;
};

static size_t make(struct run *r, uint8_t bytes[IK_BATCH][64], struct ik_frame *frames)
{
    size_t n = 0;
    for (; n < IK_BATCH && r->next + n < r->total; n++) {
        if (r->next + n - r->tally.frames >= r->window)
            break;
        uint8_t *b = bytes[n];
        memset(b, 0, 64);
        b[0] = 8;
        ik_store_be16(b + 4, r->ident);
        ik_store_be16(b + 2, checksum(b, 64));
        frames[n] = (struct ik_frame){.medium = IK_MEDIUM_ICMP4,
                                      .key = r->next + (uint32_t)n,
                                      .bytes = {b, 64},
                                      .meta = {.known = IK_KNOW_DST, .dst.family = 4}};
        ik_store_be32(frames[n].meta.dst.bytes, r->base + r->next + (uint32_t)n);
    }
    return n;
}

static void run_link(struct run *r)
{
    static uint8_t bytes[IK_BATCH][64];
    static struct ik_event events[IK_BATCH];
    struct ik_frame frames[IK_BATCH];
    ik_ns heard = clock_ns(CLOCK_MONOTONIC);
    while (r->tally.frames < r->total) {
        const struct ik_now now = read_clock();
        const size_t n = make(r, bytes, frames);
        if (n)
            r->next += (uint32_t)r->link->ops->tx(r->link, now, frames, n);
        size_t got, any = 0;
        do {
            got = r->link->ops->rx(r->link, now, events, IK_BATCH);
            count(&r->tally, events, got);
            any += got;
        } while (got == IK_BATCH);
        if (any)
            heard = now.mono;
        else if (now.mono - heard > IK_NS_PER_S)
            break;
        else if (!n)
            poll(&(struct pollfd){.fd = r->link->ops->fd(r->link), .events = POLLIN}, 1, 10);
    }
}

/* ---- the same without a link ------------------------------------------------------------------
 */

struct bare {
    int fd;
    struct mmsghdr out[IK_BATCH], in[IK_BATCH];
    struct iovec out_iov[IK_BATCH], in_iov[IK_BATCH];
    struct sockaddr_in to[IK_BATCH];
    uint8_t buffers[IK_BATCH][2048], control[IK_BATCH][256];
};

static size_t bare_read(struct bare *b, int flags)
{
    size_t all = 0;
    int got;
    do {
        for (size_t i = 0; i < IK_BATCH; i++)
            b->in[i].msg_hdr = (struct msghdr){.msg_iov = &b->in_iov[i],
                                               .msg_iovlen = 1,
                                               .msg_control = b->control[i],
                                               .msg_controllen = sizeof(b->control[i])};
        got = recvmmsg(b->fd, b->in, IK_BATCH, flags | MSG_DONTWAIT, NULL);
        all += got > 0 ? (size_t)got : 0;
    } while (got == IK_BATCH);
    return all;
}

static void run_bare(struct run *r)
{
    static struct bare b;
    static uint8_t bytes[IK_BATCH][64];
    struct ik_frame frames[IK_BATCH];
    const int size = 32 << 20, flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
                                       SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
                                       SOF_TIMESTAMPING_OPT_TSONLY;
    b.fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (b.fd < 0 || setsockopt(b.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
        setsockopt(b.fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)))
        return;
    for (size_t i = 0; i < IK_BATCH; i++) {
        b.to[i].sin_family = AF_INET;
        b.out[i].msg_hdr = (struct msghdr){.msg_name = &b.to[i],
                                           .msg_namelen = sizeof(b.to[i]),
                                           .msg_iov = &b.out_iov[i],
                                           .msg_iovlen = 1};
        b.out_iov[i] = (struct iovec){bytes[i], 64};
        b.in_iov[i] = (struct iovec){b.buffers[i], sizeof(b.buffers[i])};
    }
    while (r->tally.frames < r->total) {
        const size_t n = make(r, bytes, frames);
        for (size_t i = 0; i < n; i++)
            memcpy(&b.to[i].sin_addr, frames[i].meta.dst.bytes, 4);
        if (n) {
            const int sent = sendmmsg(b.fd, b.out, (unsigned)n, 0);
            r->next += sent > 0 ? (uint32_t)sent : 0;
        }
        const size_t got = bare_read(&b, 0);
        r->tally.frames += got;
        r->tally.sent += bare_read(&b, MSG_ERRQUEUE);
        if (!got && !n && poll(&(struct pollfd){.fd = b.fd, .events = POLLIN}, 1, 1000) != 1)
            break;
    }
    close(b.fd);
}

int main(int argc, char **argv)
{
    struct ik_link_cfg cfg = {.family = 4,
                              .ident = 4711,
                              .ttl = -1,
                              .multicast_ttl = -1,
                              .tclass = -1,
                              .flow_label = -1,
                              .pmtudisc = -1};
    struct ik_addr first;
    if (argc < 5 || ik_addr_parse(argv[2], &first)) {
        fprintf(stderr, "usage: %s raw|ping|user|bare FIRST_ADDRESS COUNT WINDOW\n", argv[0]);
        return 2;
    }
    struct run r = {.ident = cfg.ident,
                    .base = ik_load_be32(first.bytes),
                    .total = (uint32_t)atoi(argv[3]),
                    .window = (uint32_t)atoi(argv[4])};
    const bool bare = !strcmp(argv[1], "bare");
    cfg.user_stamps = !strcmp(argv[1], "user");
    enum ik_err err = IK_OK;
    if (!bare)
        err = strcmp(argv[1], "ping") ? ik_link_open_raw(&r.link, &cfg)
                                      : ik_link_open_ping(&r.link, &cfg);
    if (err) {
        fprintf(stderr, "%s\n", ik_err_text(err));
        return 2;
    }
    const ik_ns began = clock_ns(CLOCK_MONOTONIC);
    bare ? run_bare(&r) : run_link(&r);
    const ik_ns took = clock_ns(CLOCK_MONOTONIC) - began;
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    const double user = u.ru_utime.tv_sec * 1e6 + u.ru_utime.tv_usec;
    const double sys = u.ru_stime.tv_sec * 1e6 + u.ru_stime.tv_usec;
    const struct tally *t = &r.tally;
    printf("%s: %zu answers (%zu kernel), %zu stamps, %zu failed, %zu drops of %u; us a probe: "
           "elapsed %.2f, CPU %.2f (user %.2f)\n",
           argv[1], t->frames, t->kernel, t->sent, t->failed, t->drops, r.total,
           took / 1e3 / r.total, (user + sys) / r.total, user / r.total);
    if (r.link)
        r.link->ops->close(r.link);
    return 0;
}
