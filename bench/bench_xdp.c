/* SPDX-License-Identifier: MIT
 * Puts a program of XDP on an interface until the standard input ends: the filter of guard with
 * orders of all kinds in force, or the least that a program can do.
 *
 * usage: bench_xdp filter|drop|read|pass INTERFACE VICTIM ATTACKER     prints "ready"
 *        bench_xdp time KIND SOURCES VICTIM [ATTACKER]            ns a frame of drop, of filter
 *
 * The orders: against ATTACKER, for VICTIM, and as many against others as a guard may have given.
 * `time` runs both on one frame in turn, in the first network namespace too: nothing is sent. */
#include "bench.h"
#include "flood_frame.h"
#include "flood_object.h"

#include "daemon/xdp_filter.h"

#include "base/bytes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

enum { OTHERS = 1000, HOLD = 600, RUNS = 5, REPEAT = 2000000 };

static struct ik_prefix host(const struct ik_addr *a)
{
    return (struct ik_prefix){.addr = *a, .bits = (uint8_t)(8 * ik_addr_bytes(a->family))};
}

static void add(struct ik_xdp_filter *f, enum ik_order_kind kind, struct ik_prefix who,
                struct ik_prefix other, uint8_t type)
{
    const struct ik_order o = {
        .kind = kind, .who = who, .other = other, .type = type, .seconds = HOLD};
    need(!ik_xdp_filter_add(f, &o), "an order");
}

/* Orders of all kinds that there are for the family. */
static void give_orders(struct ik_xdp_filter *f, const struct ik_addr *victim,
                        const struct ik_addr *attacker)
{
    const bool v6 = victim->family == 6;
    const uint8_t echo = v6 ? IK_ICMP6_ECHO : IK_ICMP4_ECHO;
    struct ik_addr other = *victim;
    struct ik_prefix source = host(attacker), spared;
    memset(other.bytes + 2, 77, 2);
    spared = host(&other);
    need(!ik_xdp_filter_spare(f, &spared), "to spare");
    if (v6) {
        source.bits = 64;
        memset(source.addr.bytes + 8, 0, 8);
    }
    add(f, IK_ORDER_LIMIT_SOURCE, source, source, echo);
    add(f, IK_ORDER_LIMIT_DST, host(victim), source, echo);
    add(f, IK_ORDER_LIMIT_UNKNOWN, host(victim), source, 0);
    add(f, IK_ORDER_DROP_OVERSIZE, host(victim), source, 0);
    add(f, IK_ORDER_DROP_MTU, host(victim), source, 0);
    for (uint32_t i = 0; i < OTHERS; i++) {
        static const enum ik_order_kind kinds[] = {IK_ORDER_LIMIT_SOURCE, IK_ORDER_DROP_KIND,
                                                   IK_ORDER_LIMIT_PAIR, IK_ORDER_LIMIT_FRAGMENT,
                                                   IK_ORDER_DROP_GROUP};
        ik_store_be32(other.bytes + (v6 ? 4 : 0), 0xc6120000 + i * 259);
        const enum ik_order_kind kind = kinds[i % 5];
        add(f, kind, host(&other), host(victim), kind == IK_ORDER_DROP_KIND ? 13 : echo);
    }
}

static int attach_bare(const struct flood_object *o, const char *what, unsigned ifindex)
{
    LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
    const int link =
        bpf_link_create(strcmp(what, "pass") ? o->drop : o->pass, (int)ifindex, BPF_XDP, &opts);
    need(link >= 0, "cannot attach the program");
    return link;
}

static void hold(char **argv)
{
    const unsigned ifindex = if_nametoindex(argv[2]);
    struct ik_addr victim, attacker;
    struct ik_xdp_filter *f = NULL;
    struct flood_object object = {0};
    char why[IK_ENFORCE_TEXT];
    enum ik_xdp_mode mode;
    need(ifindex && !ik_addr_parse(argv[3], &victim) && !ik_addr_parse(argv[4], &attacker),
         "no such interface or address");
    if (!strcmp(argv[1], "filter")) {
        need(!ik_xdp_filter_open(&f, ifindex, &mode, why), why);
        give_orders(f, &victim, &attacker);
    } else {
        flood_object_open(&object);
        attach_bare(&object, argv[1], ifindex);
    }
    printf("ready\n");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    uint64_t stopped[IK_ORDERS];
    if (f && !ik_xdp_filter_count(f, stopped)) {
        for (int k = 0; k < IK_ORDERS; k++)
            printf("%s %llu ", ik_order_name((enum ik_order_kind)k),
                   (unsigned long long)stopped[k]);
        printf("\n");
    }
    ik_xdp_filter_close(f);
}

static double run_ns(int program, const uint8_t *frame, size_t n)
{
    uint8_t out[FLOOD_FRAME];
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = (uint32_t)n,
                .data_out = out, .data_size_out = sizeof(out), .repeat = REPEAT);
    need(!bpf_prog_test_run_opts(program, &run), "the kernel does not run it");
    return run.duration;
}

static void time_it(int argc, char **argv)
{
    struct ik_prefix sources;
    struct ik_addr victim, attacker;
    struct flood_plan plan;
    struct ik_xdp_filter *f;
    struct flood_object object;
    uint8_t frame[FLOOD_FRAME];
    const uint8_t mac[6] = {2, 2, 2, 2, 2, 2};
    char why[IK_ENFORCE_TEXT];
    enum ik_xdp_mode mode;
    uint32_t id = 0;
    if (ik_prefix_parse(argv[3], &sources)) {
        need(!ik_addr_parse(argv[3], &sources.addr), "no sources");
        sources = host(&sources.addr);
    }
    need(!ik_addr_parse(argv[4], &victim) &&
             !ik_addr_parse(argc > 5 ? argv[5] : argv[3], &attacker),
         "no address");
    const size_t n = flood_frame(argv[2], &sources, &victim, mac, frame, &plan);
    need(n, "no such kind");
    flood_object_open(&object);
    const unsigned lo = if_nametoindex("lo");
    need(!ik_xdp_filter_open(&f, lo, &mode, why), why);
    give_orders(f, &victim, &attacker);
    need(!bpf_xdp_query_id((int)lo, XDP_FLAGS_SKB_MODE, &id), "no program");
    const int program = bpf_prog_get_fd_by_id(id);
    need(program >= 0, "no program");
    double bare = 1e9, ours = 1e9;
    for (int i = 0; i < RUNS; i++) {
        const double b = run_ns(object.drop, frame, n), o = run_ns(program, frame, n);
        bare = b < bare ? b : bare;
        ours = o < ours ? o : ours;
    }
    printf("%s: drop %.0f ns, filter %.0f ns\n", argv[2], bare, ours);
    ik_xdp_filter_close(f);
}

int main(int argc, char **argv)
{
    need(argc >= 5, "filter|drop|read|pass INTERFACE VICTIM ATTACKER, or time KIND SOURCES VICTIM");
    if (!strcmp(argv[1], "time"))
        time_it(argc, argv);
    else
        hold(argv);
    return 0;
}
