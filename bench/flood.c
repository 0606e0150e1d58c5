/* SPDX-License-Identifier: MIT
 * A flood, for tests and benches: the kernel sends one frame again and again, each from a source
 * drawn anew, at a rate.
 *
 * usage: flood INTERFACE KIND SOURCES DESTINATION COUNT SECONDS [RATE [MAC]]
 *
 * KIND as in flood_frame.h; SOURCES an address or a prefix; ends after COUNT frames or SECONDS,
 * whichever comes first; RATE in frames a second, 0: as fast as it goes. Prints how many frames it
 * gave to the link, and in how many seconds. A frame that finds no room on the other side of a veth
 * is lost. That side has to run a program of XDP in its driver, or GRO (`flood gro INTERFACE`).
 *
 * Not the generator of test/detect/deluge.c: here a processor does nothing else, as one call goes
 * on until the time is up, so that what is measured is whoever receives. That one rests between
 * bursts, and is built without clang and libbpf, which tests may not need.
 *
 * It refuses to run in the first network namespace: there are networks of others behind it. */
#include "bench.h"
#include "flood_frame.h"
#include "flood_object.h"

#include <bpf/bpf.h>
#include <glob.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { BATCH = 64, AT_ONCE = 1 << 22 /* a call takes a while to begin */, SECONDS_MAX = 600 };

static int64_t mono_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool is_ours(const char *path, const struct stat *ours)
{
    struct stat s;
    return !stat(path, &s) && s.st_ino == ours->st_ino && s.st_dev == ours->st_dev;
}

/* One that ip-netns(8) made, and not that of process 1, where that can be seen. */
static void need_namespace(void)
{
    struct stat ours;
    glob_t named;
    bool found = false;
    need(!stat("/proc/self/ns/net", &ours) && !is_ours("/proc/1/ns/net", &ours),
         "not in the first network namespace");
    if (!glob("/run/netns/*", 0, NULL, &named)) {
        for (size_t i = 0; i < named.gl_pathc; i++)
            found = found || is_ours(named.gl_pathv[i], &ours);
        globfree(&named);
    }
    need(found, "only in a network namespace of ip-netns(8)");
}

static void turn_on_gro(const char *name)
{
    struct ethtool_value v = {.cmd = ETHTOOL_SGRO, .data = 1};
    struct ifreq r = {.ifr_data = (char *)&v};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
    need(fd >= 0 && !ioctl(fd, SIOCETHTOOL, &r), "no GRO at this interface");
}

static void parse_mac(const char *text, uint8_t out[static 6])
{
    unsigned b[6];
    need(sscanf(text, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) == 6,
         "no hardware address");
    for (int i = 0; i < 6; i++)
        out[i] = (uint8_t)b[i];
}

static void on_alarm(int signal)
{
    (void)signal; /* it ends the call that sends */
}

static uint64_t left_of(const struct flood_object *o)
{
    struct flood_plan plan;
    const uint32_t zero = 0;
    need(!bpf_map_lookup_elem(o->plans, &zero, &plan), "the kernel has no plan");
    return plan.left;
}

static void send_all(const struct flood_object *o, const uint8_t *frame, size_t n, double seconds)
{
    const struct sigaction on = {.sa_handler = on_alarm};
    const struct itimerval when = {
        .it_value = {(time_t)seconds, (suseconds_t)(seconds * 1e6) % 1000000}};
    const int64_t until = mono_ns() + (int64_t)(seconds * 1e9);
    struct xdp_md md = {.data_end = (uint32_t)n};
    need(!sigaction(SIGALRM, &on, NULL) && !setitimer(ITIMER_REAL, &when, NULL), "no timer");
    while (left_of(o) && mono_ns() < until) {
        LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = (uint32_t)n,
                    .ctx_in = &md, .ctx_size_in = sizeof(md), .repeat = AT_ONCE,
                    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
        need(!bpf_prog_test_run_opts(o->send, &run) || errno == EINTR,
             "the kernel sends no frames (5.18 or later)");
    }
}

int main(int argc, char **argv)
{
    need_namespace();
    if (argc == 3 && !strcmp(argv[1], "gro")) {
        turn_on_gro(argv[2]);
        return 0;
    }
    need(argc >= 7 && argc <= 9,
         "INTERFACE KIND SOURCES DESTINATION COUNT SECONDS [RATE [MAC]], or gro INTERFACE");
    struct ik_prefix sources;
    struct ik_addr dst;
    struct flood_plan plan;
    uint8_t frame[FLOOD_FRAME], mac[6] = {2, 2, 2, 2, 2, 2};
    if (ik_prefix_parse(argv[3], &sources)) {
        need(!ik_addr_parse(argv[3], &sources.addr), "no sources");
        sources.bits = (uint8_t)(8 * ik_addr_bytes(sources.addr.family));
    }
    need(!ik_addr_parse(argv[4], &dst), "no destination");
    if (argc > 8)
        parse_mac(argv[8], mac);
    const double seconds = strtod(argv[6], NULL);
    need(seconds > 0 && seconds <= SECONDS_MAX, "600 seconds at most");
    const size_t n = flood_frame(argv[2], &sources, &dst, mac, frame, &plan);
    need(n, "no such kind");
    plan.ifindex = if_nametoindex(argv[1]);
    need(plan.ifindex, "no such interface");
    plan.left = strtoull(argv[5], NULL, 10);
    const double rate = argc > 7 ? strtod(argv[7], NULL) : 0;
    plan.every = rate > 0 ? (uint64_t)(1e9 / rate) : 0;

    struct flood_object object;
    flood_object_open(&object);
    const uint32_t zero = 0;
    need(!bpf_map_update_elem(object.plans, &zero, &plan, BPF_ANY), "the kernel takes no plan");
    const int64_t start = mono_ns();
    send_all(&object, frame, n, seconds);
    printf("%llu frames in %.3f seconds\n", (unsigned long long)(plan.left - left_of(&object)),
           (double)(mono_ns() - start) / 1e9);
    flood_object_close(&object);
    return 0;
}
