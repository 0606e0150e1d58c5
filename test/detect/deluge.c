/* SPDX-License-Identifier: MIT
 * Usage: deluge gro DEVICE
 *        deluge DEVICE MAC RATE SECONDS IPV4 IPV6
 *
 * A flood of echo requests of RATE a second to a host at the other end of DEVICE, a veth: every
 * second burst is IPv4 from 20.0.0.0/8, the others IPv6 from the /64 that the host is in, each
 * packet from a source of its own. Frames are made by a program of BPF that the kernel runs on a
 * page of its own (BPF_F_TEST_XDP_LIVE_FRAMES), so one core makes a million a second and has time
 * left to receive them. Prints how many it made. `gro` readies the other end: a veth takes such
 * frames where it polls.
 *
 * The program draws three bytes of the source and puts what they add to the sum of the packet into
 * a field that nobody minds, so that checksums stay right.
 *
 * Not the generator of bench/flood.c, which needs clang and libbpf and leaves its processor to
 * nobody: here a guard is to live beside the flood, on the same machine. */
#include "base/bytes.h"
#include "icmpkit/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    ETH = 14,
    BYTES = 98,
    MOST_BURST = 16384,
    BURSTS = 4, /* a second, of each tap */
    TAPS = 16,
    NS = 1000000000,
    MOST_SECONDS = 60,
};

/* One family: the frame, where its source and the field that makes up for it are, where four bytes
 * stand that routers change. */
struct flood {
    uint8_t frame[BYTES];
    uint32_t size;
    int16_t drawn, makes_up, hops;
    int fd;
};

/* ---- frames ---------------------------------------------------------------------------------- */

static uint16_t sum_of(const uint8_t *p, size_t n, uint64_t more)
{
    return ik_cksum_fold(ik_cksum_add(more, (struct ik_rd){p, n}));
}

static void make4(struct flood *f, const uint8_t dst[4])
{
    uint8_t *ip = f->frame + ETH, *icmp = ip + 20;
    f->size = BYTES;
    f->drawn = ETH + 13;
    f->makes_up = ETH + 4; /* the identification */
    f->hops = ETH + 8;
    ik_store_be16(f->frame + 12, ETH_P_IP);
    ip[0] = 0x45;
    ik_store_be16(ip + 2, BYTES - ETH);
    ip[8] = 64;
    ip[9] = IPPROTO_ICMP;
    ip[12] = 20;
    memcpy(ip + 16, dst, 4);
    ik_store_be16(ip + 10, sum_of(ip, 20, 0));
    icmp[0] = 8;
    ik_store_be16(icmp + 2, sum_of(icmp, BYTES - ETH - 20, 0));
}

static void make6(struct flood *f, const uint8_t dst[16])
{
    uint8_t *ip = f->frame + ETH, *icmp = ip + 40;
    f->size = BYTES;
    f->drawn = ETH + 8 + 5;
    f->makes_up = ETH + 40 + 6; /* the sequence number */
    f->hops = ETH + 4;
    ik_store_be16(f->frame + 12, ETH_P_IPV6);
    ip[0] = 0x60;
    ik_store_be16(ip + 4, BYTES - ETH - 40);
    ip[6] = IPPROTO_ICMPV6;
    ip[7] = 64;
    ik_store_be32(ip + 8, 0x20010db8);
    ip[8 + 4] = 0xf0;
    ip[8 + 15] = 1;
    memcpy(ip + 24, dst, 16);
    icmp[0] = 128;
    const struct ik_rd ends = {ip + 8, 32};
    ik_store_be16(icmp + 2, sum_of(icmp, BYTES - ETH - 40,
                                   ik_cksum_add(BYTES - ETH - 40 + IPPROTO_ICMPV6, ends)));
}

/* ---- the program ----------------------------------------------------------------------------- */

static uint16_t word(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static int32_t four(const uint8_t *p)
{
    int32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

#define OP(c, d, s, o, i) \
    ((struct bpf_insn){   \
        .code = (c), .dst_reg = (d), .src_reg = (s), .off = (int16_t)(o), .imm = (i)})
#define MOV(d, s) OP(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i) OP(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ALU(op, d, i) OP(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define ALU_OF(op, d, s) OP(BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define LOAD(size, d, s, o) OP(BPF_LDX | (size) | BPF_MEM, d, s, o, 0)
#define STORE(size, d, o, s) OP(BPF_STX | (size) | BPF_MEM, d, s, o, 0)
#define STORE_4(d, o, i) OP(BPF_ST | BPF_W | BPF_MEM, d, 0, o, i)
#define CALL(i) OP(BPF_JMP | BPF_CALL, 0, 0, 0, i)
#define FOLD(d, t) MOV(t, d), ALU(BPF_RSH, t, 16), ALU(BPF_AND, d, 0xffff), ALU_OF(BPF_ADD, d, t)

static int load(const struct flood *f, unsigned out)
{
    const uint8_t *p = f->frame;
    /* Sums of words are the same in either byte order (RFC 1071 section 2(B)). */
    const int32_t sum = word(p + f->drawn - 1) + word(p + f->drawn + 1) + word(p + f->makes_up);
    const struct bpf_insn program[] = {
        LOAD(BPF_W, 7, 1, offsetof(struct xdp_md, data)),
        LOAD(BPF_W, 2, 1, offsetof(struct xdp_md, data_end)),
        MOV(3, 7),
        ALU(BPF_ADD, 3, (int32_t)f->size),
        OP(BPF_JMP | BPF_JLE | BPF_X, 3, 2, 2, 0), /* over the next two */
        SET(0, XDP_DROP),
        OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
        /* Pages come back as they were received. */
        STORE_4(7, 0, four(p)),
        STORE_4(7, 4, four(p + 4)),
        STORE_4(7, 8, four(p + 8)),
        STORE_4(7, f->hops, four(p + f->hops)),
        CALL(BPF_FUNC_get_prandom_u32),
        STORE(BPF_B, 7, f->drawn, 0),
        ALU(BPF_RSH, 0, 8),
        STORE(BPF_H, 7, f->drawn + 1, 0),
        LOAD(BPF_H, 1, 7, f->drawn - 1),
        LOAD(BPF_H, 2, 7, f->drawn + 1),
        SET(3, sum + 4 * 0xffff),
        ALU_OF(BPF_SUB, 3, 1),
        ALU_OF(BPF_SUB, 3, 2),
        FOLD(3, 4),
        FOLD(3, 4),
        STORE(BPF_H, 7, f->makes_up, 3),
        SET(1, (int32_t)out),
        SET(2, 0),
        CALL(BPF_FUNC_redirect),
        OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
    };
    static const char license[] = "MIT";
    union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_XDP,
                           .insn_cnt = sizeof(program) / sizeof(*program),
                           .insns = (uintptr_t)program,
                           .license = (uintptr_t)license};
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static bool burst(const struct flood *f, uint32_t n)
{
    union bpf_attr attr = {.test = {.prog_fd = (uint32_t)f->fd,
                                    .data_in = (uintptr_t)f->frame,
                                    .data_size_in = f->size,
                                    .repeat = n,
                                    .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
                                    .batch_size = 64}};
    return !syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
}

/* ---- the command ----------------------------------------------------------------------------- */

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

struct tap {
    const struct flood *flood;
    uint32_t burst;
    int64_t each, end; /* ns between bursts; when to stop */
    uint64_t made;
    int failed; /* errno */
};

/* A burst each time that one is due; what a busy machine missed is not made up for. */
static void *run_tap(void *arg)
{
    struct tap *t = arg;
    for (int64_t due = now(); due < t->end;) {
        if (!burst(t->flood, t->burst)) {
            t->failed = errno;
            break;
        }
        t->made += t->burst;
        const int64_t at = now();
        due = due + t->each > at - t->each ? due + t->each : at;
        const struct timespec rest = {.tv_sec = (due - at) / NS, .tv_nsec = (due - at) % NS};
        if (due > at)
            nanosleep(&rest, NULL);
    }
    return NULL;
}

/* The kernel takes some 30 ms to be ready for each burst, and sleeps meanwhile: hence many taps.
 * All of them share one core, so that there is another one for whoever guards. */
static int pour(const struct flood floods[2], uint32_t rate, int64_t seconds)
{
    pthread_t threads[TAPS];
    struct tap taps[TAPS];
    const uint32_t fair = rate / (TAPS * BURSTS), n = fair < MOST_BURST ? fair : MOST_BURST;
    uint64_t made = 0;
    int failed = 0;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (sched_setaffinity(0, sizeof(one), &one))
        perror("sched_setaffinity");
    for (int i = 0; i < TAPS; i++) {
        taps[i] = (struct tap){.flood = &floods[i % 2],
                               .burst = n,
                               .each = (int64_t)TAPS * n * NS / rate,
                               .end = now() + seconds * NS};
        if (pthread_create(&threads[i], NULL, run_tap, &taps[i]))
            return 1;
    }
    for (int i = 0; i < TAPS; i++) {
        pthread_join(threads[i], NULL);
        made += taps[i].made;
        failed = taps[i].failed ? taps[i].failed : failed;
    }
    if (failed) {
        fprintf(stderr, "BPF_PROG_TEST_RUN: %s\n", strerror(failed));
        return 1;
    }
    printf("%llu\n", (unsigned long long)made);
    return 0;
}

static int poll_with_gro(const char *device)
{
    struct ethtool_value on = {.cmd = ETHTOOL_SGRO, .data = 1};
    struct ifreq ifr = {.ifr_data = (char *)&on};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strncpy(ifr.ifr_name, device, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, SIOCETHTOOL, &ifr)) {
        perror(device);
        return 1;
    }
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "gro"))
        return poll_with_gro(argv[2]);
    if (argc != 7)
        return 2;
    struct flood floods[2] = {{.fd = -1}, {.fd = -1}};
    uint8_t mac[ETH_ALEN], dst4[4], dst6[16];
    const unsigned out = if_nametoindex(argv[1]);
    const uint32_t rate = (uint32_t)strtoul(argv[3], NULL, 10);
    const int64_t seconds = strtol(argv[4], NULL, 10);
    if (!out || rate < TAPS * BURSTS || seconds < 1 || seconds > MOST_SECONDS ||
        sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
               &mac[4], &mac[5]) != ETH_ALEN ||
        inet_pton(AF_INET, argv[5], dst4) != 1 || inet_pton(AF_INET6, argv[6], dst6) != 1)
        return 2;
    make4(&floods[0], dst4);
    make6(&floods[1], dst6);
    for (int i = 0; i < 2; i++) {
        memcpy(floods[i].frame, mac, ETH_ALEN);
        floods[i].frame[6] = 2; /* from a locally administered address */
        floods[i].fd = load(&floods[i], out);
        if (floods[i].fd < 0) {
            perror("BPF_PROG_LOAD");
            return 1;
        }
    }
    return pour(floods, rate, seconds);
}
