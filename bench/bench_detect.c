/* SPDX-License-Identifier: MIT
 * What detection costs, from frames in memory to findings. `bench_detect KIND [MILLIONS]`: a
 * million packets of that kind (mix, echo, error, tunnel, spoofed, other), given again and again as
 * time goes on, through the looker and all detectors; prints packets a second of processor time,
 * and what of it the looker takes. `bench_detect parts KIND`: each part alone. `bench_detect
 * exhaust`: ten million made-up sources, and whether the real one is still named. `bench_detect
 * bytes`: memory of all detectors. */
#include "bench.h"

#include "icmpkit/detect.h"

#include "base/bytes.h"
#include "base/rng.h"
#include "detect/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STEP (10 * IK_NS_PER_US) /* 100,000 packets a second */

enum { ETHER = 14, IP4 = 20, ICMP = 8, FRAME_MAX = 256, PACKETS = 1000000, HOSTS = 5000 };

/* ---- packets --------------------------------------------------------------------------------- */

/* Frames one behind the other; frame i lies from at[i] to at[i + 1]. */
struct load {
    uint8_t *bytes;
    uint32_t *at;
    size_t n;
    struct ik_rng rng;
    uint16_t seq[HOSTS];
};

static struct ik_addr addr4(uint32_t v)
{
    struct ik_addr a = {.family = 4};
    ik_store_be32(a.bytes, v);
    return a;
}

static void put(struct load *l, const struct ik_ip *ip)
{
    uint8_t *to = l->bytes + l->at[l->n];
    size_t n;
    memset(to, 2, 12);
    ik_store_be16(to + 12, 0x0800);
    need(!ik_ip_encode(ip, false, to + ETHER, FRAME_MAX - ETHER, &n), "a packet");
    l->at[l->n + 1] = l->at[l->n] + ETHER + (uint32_t)n;
    l->n++;
}

static struct ik_ip ip_of(struct load *l, uint32_t src, uint32_t dst, uint8_t proto)
{
    static const uint8_t nothing;
    struct ik_ip ip = {.version = 4, .ttl = 64, .proto = proto, .next_header = proto, .df = true};
    ip.src = addr4(src);
    ip.dst = ip.final_dst = addr4(dst);
    ip.id = (uint16_t)ik_rng_next(&l->rng);
    ip.options = (struct ik_rd){&nothing, 0};
    return ip;
}

static void put_icmp(struct load *l, uint32_t src, uint32_t dst, const struct ik_icmp *m)
{
    struct ik_ip ip = ip_of(l, src, dst, IK_PROTO_ICMP4);
    uint8_t message[FRAME_MAX];
    size_t n;
    need(!ik_icmp_encode(m, NULL, false, message, sizeof(message), &n), "a message");
    ip.payload = (struct ik_rd){message, n};
    put(l, &ip);
}

static void put_echo(struct load *l, uint32_t src, uint32_t dst, bool reply, uint16_t id,
                     uint16_t seq, const uint8_t *data, size_t n)
{
    const struct ik_icmp m = {.family = 4,
                              .type = reply ? IK_ICMP4_ECHO_REPLY : IK_ICMP4_ECHO,
                              .kind = IK_ICMP_ECHO,
                              .echo = {.id = id, .seq = seq, .data = {data, n}}};
    put_icmp(l, src, dst, &m);
}

static uint32_t host(struct load *l, uint32_t *number)
{
    *number = ik_rng_below(&l->rng, HOSTS);
    return 0x0a000000 + *number;
}

/* As iputils makes it: a clock, then a pattern; and its reply. */
static void put_pair(struct load *l)
{
    uint8_t data[56];
    uint32_t h;
    const uint32_t src = host(l, &h), dst = 0xc0000200 + h % 200;
    const uint16_t seq = ++l->seq[h];
    memset(data, 0, 16);
    ik_store_be32(data, (uint32_t)l->n);
    for (uint8_t i = 16; i < sizeof(data); i++)
        data[i] = i;
    put_echo(l, src, dst, false, (uint16_t)h, seq, data, sizeof(data));
    put_echo(l, dst, src, true, (uint16_t)h, seq, data, sizeof(data));
}

static void put_udp(struct load *l, struct ik_ip *ip)
{
    static const uint8_t data[32];
    uint8_t bytes[FRAME_MAX];
    const struct ik_udp udp = {
        .sport = (uint16_t)(40000 + l->n % 20000), .dport = 33434, .data = {data, sizeof(data)}};
    size_t n;
    need(!ik_udp_encode(&udp, &ip->src, &ip->dst, bytes, sizeof(bytes), &n), "a datagram");
    ip->payload = (struct ik_rd){bytes, n};
    put(l, ip);
}

/* A datagram, and an error about it: time exceeded, or port unreachable. */
static void put_error(struct load *l)
{
    uint32_t h;
    const uint32_t src = host(l, &h);
    struct ik_ip ip = ip_of(l, src, 0xcb007100 + h % 200, IK_PROTO_UDP);
    put_udp(l, &ip);
    const uint8_t *quote = l->bytes + l->at[l->n - 1] + ETHER;
    const struct ik_icmp m = {.family = 4,
                              .type = h % 2 ? IK_ICMP4_TIME_EXCEEDED : IK_ICMP4_UNREACHABLE,
                              .code = h % 2 ? 0 : 3,
                              .kind = IK_ICMP_ERROR,
                              .error = {.quote = {quote, IP4 + 40}, .extensions = {quote, 0}}};
    put_icmp(l, h % 2 ? 0xc6336400 + h % 20 : 0xcb007100 + h % 200, src, &m);
}

/* Packets of noise in echoes between ten pairs, answers that are none. */
static void put_tunnel(struct load *l)
{
    uint8_t data[128];
    const uint32_t pair = ik_rng_below(&l->rng, 10);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)ik_rng_next(&l->rng);
    const bool reply = l->n % 2;
    const uint32_t a = 0xac100000 + pair, b = 0xac110000 + pair;
    put_echo(l, reply ? b : a, reply ? a : b, reply, 7, (uint16_t)(l->n / 2), data, sizeof(data));
}

static void put_spoofed(struct load *l)
{
    static const uint8_t data[56];
    const uint32_t src = (uint32_t)ik_rng_next(&l->rng) & 0xdfffffff;
    put_echo(l, src, 0x0afe0001, false, (uint16_t)l->n, 1, data, sizeof(data));
}

static void put_other(struct load *l)
{
    uint32_t h;
    const uint32_t src = host(l, &h);
    struct ik_ip ip = ip_of(l, src, 0xcb007100 + h % 200, IK_PROTO_UDP);
    put_udp(l, &ip);
}

static void put_mix(struct load *l)
{
    const uint32_t dice = ik_rng_below(&l->rng, 100);
    if (dice < 30)
        put_pair(l); /* two */
    else if (dice < 45)
        put_error(l); /* two */
    else if (dice < 60)
        put_tunnel(l);
    else if (dice < 90)
        put_spoofed(l);
    else
        put_other(l);
}

static const struct kind {
    const char *name;
    void (*put)(struct load *l);
} kinds[] = {
    {"mix", put_mix},       {"echo", put_pair},       {"error", put_error},
    {"tunnel", put_tunnel}, {"spoofed", put_spoofed}, {"other", put_other},
};

static void load_make(struct load *l, const char *name)
{
    const struct kind *k = NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        k = strcmp(kinds[i].name, name) == 0 ? &kinds[i] : k;
    need(k, "no such kind");
    *l = (struct load){.rng = {1}};
    l->bytes = malloc((size_t)(PACKETS + 2) * FRAME_MAX);
    l->at = malloc((PACKETS + 2) * sizeof(*l->at));
    need(l->bytes && l->at, "memory");
    l->at[0] = 0;
    while (l->n < PACKETS)
        k->put(l);
}

/* ---- detectors ------------------------------------------------------------------------------- */

struct set {
    struct ik_look *look;
    struct ik_detect *detect;
    void *look_mem, *detect_mem;
    uint64_t n, told;
    ik_ns now;
};

/* As the command does it: tables are read at random, in pages as large as can be. */
static void *pages(size_t n)
{
    void *p =
        aligned_alloc((size_t)2 << 20, (n + ((size_t)2 << 20) - 1) & ~(((size_t)2 << 20) - 1));
    need(p, "memory");
    madvise(p, n, MADV_HUGEPAGE);
    return p;
}

static void set_init(struct set *s, const struct ik_part *const *parts)
{
    const struct ik_look_cfg look = {.secret = {1}, .unpaired = true};
    struct ik_detect_cfg cfg = ik_detect_defaults();
    memcpy(cfg.secret, "a secret of 16 b", sizeof(cfg.secret));
    *s = (struct set){.now = 1000 * IK_NS_PER_S};
    s->look_mem = pages(ik_look_bytes(&look));
    s->look = ik_look_init(s->look_mem, &look);
    s->detect_mem = pages(ik_detect_bytes_of(&cfg, parts));
    s->detect = ik_detect_init_of(s->detect_mem, &cfg, parts);
}

static void set_fini(struct set *s)
{
    free(s->look_mem);
    free(s->detect_mem);
}

/* As guard does it: several at once. Returns how many that were. */
static size_t set_put(struct set *s, const struct load *l, size_t i)
{
    struct ik_look_packet p[IK_DETECT_AHEAD];
    bool looked[IK_DETECT_AHEAD];
    size_t n = 0;
    for (; n < IK_DETECT_AHEAD && i + n < l->n; n++) {
        const uint8_t *bytes = l->bytes + l->at[i + n], *end = l->bytes + l->at[i + n + 1];
        p[n].frame = (struct ik_look_frame){.n = ++s->n,
                                            .time = s->now += STEP,
                                            .bytes = {bytes, (size_t)(end - bytes)},
                                            .wire_bytes = (uint32_t)(end - bytes),
                                            .linktype = IK_LINKTYPE_ETHERNET};
        looked[n] = ik_look_input(s->look, &p[n].frame, &p[n]);
    }
    ik_detect_ahead(s->detect, p, looked, n);
    for (size_t k = 0; k < n; k++) {
        ik_detect_input(s->detect, &p[k], looked[k]);
        while (ik_detect_take(s->detect))
            s->told++;
    }
    return n;
}

/* The median of five runs of all packets, in nanoseconds a packet. */
static double cost(const struct load *l, const struct ik_part *const *parts, int rounds,
                   struct set *s)
{
    double taken[5];
    set_init(s, parts);
    for (size_t i = 0; i < l->n;) /* tables are full, caches warm */
        i += set_put(s, l, i);
    for (int r = 0; r < 5; r++) {
        const int64_t start = clock_ns();
        for (int round = 0; round < rounds; round++)
            for (size_t i = 0; i < l->n;)
                i += set_put(s, l, i);
        taken[r] = (double)(clock_ns() - start) / ((double)l->n * rounds);
        for (int k = r; k > 0 && taken[k] < taken[k - 1]; k--) {
            const double t = taken[k];
            taken[k] = taken[k - 1];
            taken[k - 1] = t;
        }
    }
    return taken[2];
}

static void run_kind(const char *name, int rounds)
{
    static const struct ik_part *const none[] = {NULL};
    struct load l;
    struct set s;
    load_make(&l, name);
    const double look = cost(&l, none, rounds, &s);
    set_fini(&s);
    const double all = cost(&l, ik_parts, rounds, &s);
    printf("%s: %.1f ns a packet, %.1f of them without detectors, %llu news, %llu findings, %.0f a "
           "second\n",
           name, all, look, (unsigned long long)s.told,
           (unsigned long long)ik_detect_stats(s.detect).findings, 1e9 / all);
}

/* All of it once, for a profiler; nothing is timed. */
static void run_once(const char *name)
{
    struct load l;
    struct set s;
    load_make(&l, name);
    set_init(&s, ik_parts);
    for (size_t i = 0; i < l.n;)
        i += set_put(&s, &l, i);
    printf("%s: %llu findings\n", name, (unsigned long long)ik_detect_stats(s.detect).findings);
    set_fini(&s);
}

static void write_all(FILE *f, const void *bytes, size_t n)
{
    need(fwrite(bytes, 1, n, f) == n, "the file");
}

static void run_write(const char *name, const char *file)
{
    uint8_t buf[FRAME_MAX + IK_PCAP_HEADER_BYTES];
    struct load l;
    size_t n = 0;
    FILE *f = fopen(file, "wb");
    load_make(&l, name);
    need(f && !ik_pcap_header(IK_LINKTYPE_ETHERNET, 0, buf, sizeof(buf), &n), "the file");
    write_all(f, buf, n);
    for (size_t i = 0; i < l.n; i++) {
        const struct ik_rd frame = {l.bytes + l.at[i], l.at[i + 1] - l.at[i]};
        const ik_ns now = 1000 * IK_NS_PER_S + (ik_ns)i * STEP;
        need(!ik_pcap_packet(now, frame, (uint32_t)frame.left, buf, sizeof(buf), &n), "a frame");
        write_all(f, buf, n);
    }
    need(fclose(f) == 0, "the file");
}

static void run_parts(const char *name)
{
    struct load l;
    struct set s;
    load_make(&l, name);
    const struct ik_part *one[] = {NULL, NULL};
    const double look = cost(&l, one, 1, &s);
    set_fini(&s);
    printf("none: %.1f ns\n", look);
    for (int i = 0; ik_parts[i]; i++) {
        one[0] = ik_parts[i];
        printf("part %d: %+.1f ns\n", i + 1, cost(&l, one, 1, &s) - look);
        set_fini(&s);
    }
}

/* ---- exhaustion ------------------------------------------------------------------------------ */

static uint32_t rss_kib(void)
{
    unsigned long pages_all, pages_in = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    need(f && fscanf(f, "%lu %lu", &pages_all, &pages_in) == 2, "/proc/self/statm");
    fclose(f);
    return (uint32_t)(pages_in * 4);
}

enum { SOURCES = 10000000, ONE_IN = 100, GROWTH_MAX_KIB = 1024 };

/* Gives that many packets of sources that are made up, each once, and among a hundred one of the
 * real one: 1,000 of 100,000 a second. What the memory grew by after the first tenth, in KiB. */
static uint32_t exhaust(struct set *s, uint32_t sources, uint32_t real)
{
    static const uint8_t data[56];
    struct load l = {.rng = {1}};
    uint32_t before = 0, at[2];
    l.bytes = malloc(2 * FRAME_MAX);
    l.at = at;
    need(l.bytes, "memory");
    for (uint32_t i = 0; i < sources; i++) {
        /* Times an odd number: each once, in an order that looks random. */
        const uint32_t src = i % ONE_IN ? i * 2654435761u : real;
        l.n = at[0] = 0;
        put_echo(&l, src, 0x0afe0001, false, (uint16_t)i, 1, data, sizeof(data));
        set_put(s, &l, 0);
        if (i == sources / 10)
            before = rss_kib();
    }
    free(l.bytes);
    return rss_kib() - before;
}

static int run_exhaust(uint32_t sources)
{
    enum { REAL = 0xc0a80107 };
    const struct ik_addr real = addr4(REAL);
    const struct ik_finding *f;
    struct set s;
    bool named = false;
    size_t n_open = 0;
    set_init(&s, ik_parts);
    const uint32_t more = exhaust(&s, sources, REAL);
    for (; (f = ik_detect_open(s.detect, n_open)); n_open++)
        named = named || (f->detector == IK_DETECT_FLOOD_SRC && ik_addr_same_host(&f->src, &real));
    printf("%u sources: the real one is %s, %zu findings are open, %u KiB more memory\n", sources,
           named ? "named" : "NOT NAMED", n_open, more);
    set_fini(&s);
    return named && more <= GROWTH_MAX_KIB ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct ik_detect_cfg cfg = ik_detect_defaults();
    const char *what = argc > 1 ? argv[1] : "", *kind = argc > 2 ? argv[2] : "mix";
    need(argc >= 2,
         "KIND [MILLIONS] | parts KIND | once KIND | write KIND FILE | exhaust [SOURCES] | "
         "bytes");
    if (strcmp(what, "bytes") == 0)
        printf("all detectors, %zu bytes\n", ik_detect_bytes(&cfg));
    else if (strcmp(what, "exhaust") == 0)
        return run_exhaust(argc > 2 ? (uint32_t)atol(argv[2]) : SOURCES);
    else if (strcmp(what, "once") == 0)
        run_once(kind);
    else if (strcmp(what, "parts") == 0)
        run_parts(kind);
    else if (strcmp(what, "write") == 0 && argc == 4)
        run_write(kind, argv[3]);
    else
        run_kind(what, argc > 2 ? atoi(argv[2]) : 1);
    return 0;
}
