/* SPDX-License-Identifier: MIT
 * Writes seeds for the fuzz targets from the vectors of the tests: seeds DIRECTORY makes
 * DIRECTORY/<decoder>/<vector>. */
#include "fuzz.h"

#include "base/bytes.h"

#include "../test/lab/capture_vectors.h"
#include "../test/lab/lab_texts.h"
#include "../test/wire/capfile_make.h"
#include "../test/wire/icmp_vectors.h"
#include "../test/wire/ip_vectors.h"
#include "../test/wire/layers_vectors.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static size_t hex_read(const char *hex, uint8_t *out, size_t cap)
{
    size_t n = 0;
    unsigned byte;
    for (; sscanf(hex, " %2x", &byte) == 1 && n < cap; n++) {
        out[n] = (uint8_t)byte;
        hex += strspn(hex, " ");
        hex += 2;
    }
    return n;
}

static bool directory_make(const char *path)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

static bool seed_write(const char *root, const char *decoder, const char *name,
                       const uint8_t *bytes, size_t n)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", root, decoder);
    if (!directory_make(path))
        return false;
    snprintf(path, sizeof(path), "%s/%s/%s", root, decoder, name);
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    const bool written = fwrite(bytes, 1, n, f) == n;
    return fclose(f) == 0 && written;
}

/* Where the options of a neighbour discovery message begin, 0 when it has none. */
static size_t options_at(const struct icmp_vector *v)
{
    switch (v->kind) {
    case IK_ICMP_ROUTER_ADV:
        return 16;
    case IK_ICMP_NEIGHBOR_SOL:
    case IK_ICMP_NEIGHBOR_ADV:
        return 24;
    case IK_ICMP_REDIRECT:
        return 40;
    case IK_ICMP_INVERSE_ND:
    case IK_ICMP_CERT_PATH_SOL:
        return 8;
    default:
        return 0;
    }
}

static bool vector_write(const char *root, const struct icmp_vector *v)
{
    uint8_t bytes[4096];
    bytes[0] = v->family == 6 ? 1 | 4 : 0; /* see fuzz_icmp.c */
    const size_t n = hex_read(v->hex, bytes + 1, sizeof(bytes) - 1), at = options_at(v);
    if (!seed_write(root, "icmp", v->name, bytes, n + 1))
        return false;
    return at == 0 || seed_write(root, "ndopt", v->name, bytes + 1 + at, n - at);
}

static bool ip_vector_write(const char *root, const struct ip_vector *v)
{
    uint8_t bytes[4096];
    return seed_write(root, v->decoder, v->name, bytes, hex_read(v->hex, bytes, sizeof(bytes)));
}

static bool labs_write(const char *root)
{
    bool all = true;
    for (size_t i = 0; i < sizeof(lab_texts) / sizeof(lab_texts[0]); i++)
        all &= seed_write(root, "lab", lab_texts[i].name, (const uint8_t *)lab_texts[i].text,
                          strlen(lab_texts[i].text));
    return all;
}

static bool captures_write(const char *root)
{
    struct capture c;
    uint8_t packet[20];
    capture_pcap(&c, true, true, 101);
    capture_record(&c, 1, 2, packet, capture_packet(1, packet));
    bool all = seed_write(root, "capture", "pcap", c.bytes, c.n);
    for (int little = 0; little < 2; little++) {
        capture_whole(&c, little);
        all &= seed_write(root, "capture", little ? "pcapng_little" : "pcapng", c.bytes, c.n);
    }
    return all;
}

static bool files_write(const char *root)
{
    struct made m;
    made_pcap(&m, false, 0xa1b2c3d4, 1);
    made_record(&m, 1, 2, "a frame", 7);
    bool all = seed_write(root, "capfile", "pcap", m.bytes, m.n);
    for (int big = 0; big < 2; big++) {
        made_whole(&m, big);
        all &= seed_write(root, "capfile", big ? "pcapng_big" : "pcapng", m.bytes, m.n);
    }
    return all;
}

static bool layers_write(const char *root)
{
    bool all = true;
    for (size_t i = 0; i < LAYERS_VECTORS; i++) {
        uint8_t bytes[2048];
        bytes[0] = (uint8_t)(layers_vectors[i].linktype >> 8);
        bytes[1] = (uint8_t)layers_vectors[i].linktype;
        all &= seed_write(root, "layers", layers_vectors[i].name, bytes,
                          2 + hex_read(layers_vectors[i].hex, bytes + 2, sizeof(bytes) - 2));
    }
    return all;
}

/* Each frame twice, so that there is a next one. */
static bool dumps_write(const char *root)
{
    bool all = true;
    for (size_t i = 0; i < LAYERS_VECTORS; i++) {
        struct made m;
        uint8_t bytes[2048];
        const size_t n = hex_read(layers_vectors[i].hex, bytes, sizeof(bytes));
        made_pcap(&m, false, 0xa1b2c3d4, layers_vectors[i].linktype);
        made_record(&m, 1, 2, (const char *)bytes, (uint32_t)n);
        made_record(&m, 1, 3, (const char *)bytes, (uint32_t)n);
        all &= seed_write(root, "dump", layers_vectors[i].name, m.bytes, m.n);
    }
    return all;
}

/* Frames as fuzz_detect.c reads them. */
struct frames {
    uint8_t bytes[65536];
    size_t n;
};

static void frames_begin(struct frames *f, uint8_t settings, uint16_t linktype)
{
    f->bytes[0] = settings;
    ik_store_be16(f->bytes + 1, linktype);
    f->n = 3;
}

static void frames_put(struct frames *f, uint8_t step, const uint8_t *frame, size_t n)
{
    if (n + 3 > sizeof(f->bytes) - f->n)
        return;
    f->bytes[f->n] = step;
    ik_store_be16(f->bytes + f->n + 1, (uint16_t)n);
    memcpy(f->bytes + f->n + 3, frame, n);
    f->n += 3 + n;
}

/* A message as an IP packet between the hosts that its checksum is over. */
static size_t message_packet(const struct icmp_vector *v, uint8_t *out, size_t cap)
{
    static const uint8_t nothing;
    uint8_t bytes[4096];
    size_t n;
    const bool v6 = v->family == 6;
    struct ik_ip ip = {.version = v->family,
                       .ttl = v6 ? 255 : 64,
                       .proto = v6 ? IK_PROTO_ICMP6 : IK_PROTO_ICMP4,
                       .src = icmp_vector_src,
                       .dst = icmp_vector_dst,
                       .options = {&nothing, 0}};
    if (!v6) {
        ip.src = (struct ik_addr){.family = 4, .bytes = {192, 0, 2, 1}};
        ip.dst = (struct ik_addr){.family = 4, .bytes = {10, 0, 0, 1}};
    }
    ip.next_header = ip.proto;
    ip.final_dst = ip.dst;
    ip.payload = (struct ik_rd){bytes, hex_read(v->hex, bytes, sizeof(bytes))};
    return ik_ip_encode(&ip, false, out, cap, &n) ? 0 : n;
}

/* Each message alone, again and again until limits are reached, and all of them in a row. */
static bool detect_write(const char *root)
{
    enum { RAW = 101, AGAIN = 4, LEAST = 2 };
    static struct frames all, one;
    uint8_t packet[4096];
    bool written = true;
    frames_begin(&all, 1, RAW);
    for (size_t i = 0; i < ICMP_VECTORS; i++) {
        const size_t n = message_packet(&icmp_vectors[i], packet, sizeof(packet));
        frames_begin(&one, LEAST, RAW);
        for (int k = 0; k < AGAIN; k++)
            frames_put(&one, 1, packet, n);
        frames_put(&all, 1, packet, n);
        written &= seed_write(root, "detect", icmp_vectors[i].name, one.bytes, one.n);
    }
    for (size_t i = 0; i < LAYERS_VECTORS; i++) {
        frames_begin(&one, LEAST, layers_vectors[i].linktype);
        frames_put(&one, 100, packet, hex_read(layers_vectors[i].hex, packet, sizeof(packet)));
        written &= seed_write(root, "detect", layers_vectors[i].name, one.bytes, one.n);
    }
    return seed_write(root, "detect", "all", all.bytes, all.n) && written;
}

static bool expressions_write(const char *root)
{
    static const char *const texts[] = {
        "icmp",
        "icmp or icmp6 and not (host 10.0.0.1 or 10.0.0.2)",
        "icmp[icmptype] = icmp-echo || icmp6[0:2] & 0xff00 != 0x8000",
        "src or dst host fe80::1 and (icmp[icmp[1]] + 2) * 3 % 5 ^ 1 >= -len << 2",
        "port http and ether host 00-11-22-33-44-55 or net 10.1",
    };
    bool all = true;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        char name[16];
        snprintf(name, sizeof(name), "%zu", i);
        all &= seed_write(root, "capexpr", name, (const uint8_t *)texts[i], strlen(texts[i]));
    }
    return all;
}

int main(int argc, char **argv)
{
    if (argc != 2 || !directory_make(argv[1]))
        return 1;
    for (size_t i = 0; i < ICMP_VECTORS; i++)
        if (!vector_write(argv[1], &icmp_vectors[i])) {
            perror(argv[1]);
            return 1;
        }
    for (size_t i = 0; i < IP_VECTORS; i++)
        if (!ip_vector_write(argv[1], &ip_vectors[i])) {
            perror(argv[1]);
            return 1;
        }
    for (size_t i = 0; i < IP_VECTORS; i++)
        if (!ip_vector_write(argv[1], &ip_vectors[i])) {
            perror(argv[1]);
            return 1;
        }
    if (!labs_write(argv[1]) || !captures_write(argv[1]) || !files_write(argv[1]) ||
        !layers_write(argv[1]) || !detect_write(argv[1]) || !dumps_write(argv[1]) ||
        !expressions_write(argv[1])) {
        perror(argv[1]);
        return 1;
    }
    return 0;
}
