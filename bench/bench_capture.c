/* SPDX-License-Identifier: MIT
 * Writes a capture for benches: hosts of a network ask hosts of another; most echoes are answered
 * after a while, some by a router that found the TTL expired, some not at all; a fifth is IPv6.
 *
 * usage: bench_capture FILE PACKETS */
#include <icmpkit/wire.h>

#include "base/bytes.h"
#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOSTS = 1000, DATA = 56, FRAME_MAX = 512, ETHER = 14 };

struct writer {
    FILE *file;
    ik_ns now;
    uint64_t left;
    struct ik_rng rng;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_capture: %s\n", what);
    exit(2);
}

static struct ik_addr host(uint8_t family, uint8_t net, uint32_t n)
{
    struct ik_addr a = {.family = family, .bytes = {10, net}};
    if (family == 6)
        a = (struct ik_addr){.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, net}};
    ik_store_be16(a.bytes + (family == 4 ? 2 : 14), (uint16_t)(n + 1));
    return a;
}

/* One frame around an ICMP message; returns its IP packet, which stays in `frame`. */
static struct ik_rd put(struct writer *w, const struct ik_addr *src, const struct ik_addr *dst,
                        uint8_t ttl, const struct ik_icmp *icmp, uint8_t frame[static FRAME_MAX])
{
    uint8_t message[FRAME_MAX], out[FRAME_MAX + IK_PCAP_PACKET_ROOM];
    const struct ik_icmp_ctx ctx = {.family = src->family, .src = src, .dst = dst};
    const uint8_t proto = src->family == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6;
    size_t n = 0, bytes = 0;
    memset(frame, 2, 12);
    ik_store_be16(frame + 12, src->family == 4 ? 0x0800 : 0x86dd);
    if (ik_icmp_encode(icmp, &ctx, false, message, sizeof(message), &n))
        die("cannot encode");
    const struct ik_ip ip = {.version = src->family,
                             .ttl = ttl,
                             .proto = proto,
                             .next_header = proto,
                             .id = ik_rng_below(&w->rng, 65536),
                             .src = *src,
                             .dst = *dst,
                             .options = {message, 0},
                             .payload = {message, n}};
    if (ik_ip_encode(&ip, false, frame + ETHER, FRAME_MAX - ETHER, &bytes))
        die("cannot encode");
    w->now += 1 + ik_rng_below(&w->rng, 10000);
    const struct ik_rd all = {frame, ETHER + bytes};
    if (ik_pcap_packet(w->now, all, (uint32_t)all.left, out, sizeof(out), &n) ||
        fwrite(out, 1, n, w->file) != n)
        die("cannot write");
    w->left -= w->left > 0;
    return (struct ik_rd){frame + ETHER, bytes};
}

static void exchange(struct writer *w, uint32_t seq)
{
    uint8_t data[DATA], frame[FRAME_MAX], answer[FRAME_MAX];
    const uint8_t family = ik_rng_below(&w->rng, 5) ? 4 : 6;
    const struct ik_addr asker = host(family, 1, ik_rng_below(&w->rng, HOSTS));
    const struct ik_addr asked = host(family, 2, ik_rng_below(&w->rng, HOSTS));
    const struct ik_addr router = host(family, 3, ik_rng_below(&w->rng, 8));
    for (size_t i = 0; i < DATA; i += 8)
        ik_store_be64(data + i, ik_rng_next(&w->rng));
    struct ik_icmp m = {
        .family = family,
        .type = family == 4 ? IK_ICMP4_ECHO : IK_ICMP6_ECHO,
        .kind = IK_ICMP_ECHO,
        .echo = {.id = (uint16_t)(seq >> 16), .seq = (uint16_t)seq, .data = {data, DATA}}};
    const struct ik_rd request = put(w, &asker, &asked, 64, &m, frame);
    const uint32_t fate = ik_rng_below(&w->rng, 20);
    if (fate == 0)
        return;
    if (fate > 2) {
        m.type = family == 4 ? IK_ICMP4_ECHO_REPLY : IK_ICMP6_ECHO_REPLY;
        (void)put(w, &asked, &asker, 57, &m, answer);
        return;
    }
    const struct ik_icmp error = {.family = family,
                                  .type =
                                      family == 4 ? IK_ICMP4_TIME_EXCEEDED : IK_ICMP6_TIME_EXCEEDED,
                                  .kind = IK_ICMP_ERROR,
                                  .error = {.quote = request, .extensions = {frame, 0}}};
    (void)put(w, &router, &asker, 250, &error, answer);
}

int main(int argc, char **argv)
{
    uint8_t header[IK_PCAP_HEADER_BYTES];
    size_t n;
    if (argc != 3)
        die("usage: bench_capture FILE PACKETS");
    struct writer w = {.file = fopen(argv[1], "wb"),
                       .now = 1700000000 * IK_NS_PER_S,
                       .left = strtoull(argv[2], NULL, 10)};
    if (!w.file || ik_pcap_header(IK_LINKTYPE_ETHERNET, 0, header, sizeof(header), &n) ||
        fwrite(header, 1, n, w.file) != n)
        die("cannot write");
    for (uint32_t seq = 0; w.left; seq++)
        exchange(&w, seq);
    if (fclose(w.file))
        die("cannot write");
    return 0;
}
