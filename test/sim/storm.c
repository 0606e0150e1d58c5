/* SPDX-License-Identifier: MIT
 * A storm over a host, a router and a translator in virtual time: whatever can be thrown at them is
 * thrown, and an independent checker reads every frame that leaves. At the end nothing is held and
 * nothing has grown.
 *
 * usage: storm [--packets N] [--seed S] [--odd BITS]     (2,000,000; 1; 0)
 *
 * --odd gives the nodes ways of answering wrongly (enum ik_stack_odd): then the checker must see
 * violations, and the exit status is 0 when it did. */
#include "checker.h"
#include "sim/sim_int.h"
#include "storm_frames.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SUBJECTS = 3,
    SHOWN = 2,
    BEFORE = 6,
    MTU = 1500,
    /* More than forged sources fill in a second: a bucket that has to make room is forgotten, and
     * its destination has a fresh one (src/net/limit.h). */
    DESTINATIONS = 4096,
    VOLLEY = 32,
    BURST = 32,
    PARTS = 10, /* after each a line tells how far it is */
    ANSWERS = 64,
    ANSWER_BYTES = 128
};
#define START (5 * IK_NS_PER_S)     /* addresses are in use by then */
#define GAP_MOST (6 * IK_NS_PER_MS) /* for each frame */
#define WIRE IK_NS_PER_US
#define QUIET (400 * IK_NS_PER_S) /* the longest that anything may be held */

/* Who throws at one node, and hears what it says. */
struct thrower {
    struct ik_engine engine;
    struct ik_rng rng; /* of the pace, and of what is sent back */
    struct storm_gen gen;
    struct checker *checker;
    const struct checker_node *node;
    uint64_t left; /* packets still to throw */
    uint32_t burst;
    ik_ns next;
    /* answers to the node's own questions, and what is thrown back as it came */
    struct {
        uint8_t bytes[STORM_FRAME_MAX];
        size_t len;
        uint8_t port;
    } answers[ANSWERS];
    size_t n_answers, n_offered;
    uint8_t volley[VOLLEY * STORM_FRAME_MAX]; /* frames one after another */
    unsigned shown[CHECKER_RULE_COUNT];
};

static const char *const names[SUBJECTS] = {"host", "router", "translator"};

/* ---- showing --------------------------------------------------------------------------------- */

static void print_frame(const char *what, struct ik_rd f)
{
    printf("  %s", what);
    for (size_t i = 0; i < f.left && i < 160; i++)
        printf("%02x%s", f.p[i], i == 13 ? " " : "");
    printf("\n");
}

static void show(struct thrower *t, enum checker_rule rule, ik_ns at, struct ik_rd frame)
{
    if (t->shown[rule]++ >= SHOWN)
        return;
    printf("%s at %.6f s: %s: %s\n", t->node->name, (double)at / 1e9, checker_rule_name(rule),
           checker_rule_text(rule));
    print_frame("left ", frame);
    struct ik_rd f;
    for (size_t i = 0; i < BEFORE && (f.p = checker_sent_before(t->checker, i, &f.left)); i++)
        print_frame("after ", f);
}

/* ---- the thrower as an engine ---------------------------------------------------------------- */

static uint8_t *answer(struct thrower *t, uint8_t port, size_t len)
{
    if (t->n_answers == ANSWERS)
        return NULL;
    t->answers[t->n_answers].len = len;
    t->answers[t->n_answers].port = port;
    return t->answers[t->n_answers++].bytes;
}

/* Neighbours with an even last octet are there. */
static void answer_arp(struct thrower *t, uint8_t port, struct ik_rd f)
{
    if (f.left < 42 || ik_load_be16(f.p + 20) != 1 || f.p[41] % 2)
        return;
    uint8_t *a = answer(t, port, 42);
    if (!a)
        return;
    memcpy(a, f.p, 42);
    memcpy(a, f.p + 6, 6);
    memcpy(a + 6, t->gen.side[port].own_mac, 6);
    a[21] = 2;
    memcpy(a + 22, t->gen.side[port].own_mac, 6);
    memcpy(a + 28, f.p + 38, 4);
    memcpy(a + 32, f.p + 22, 10);
}

static void answer_nd(struct thrower *t, uint8_t port, struct ik_rd f)
{
    static const uint8_t nobody[16];
    if (f.left < 78 || f.p[20] != 58 || f.p[54] != 135 || f.p[77] % 2 ||
        !memcmp(f.p + 22, nobody, 16))
        return;
    uint8_t *a = answer(t, port, 86);
    if (!a)
        return;
    memcpy(a, f.p, 78);
    memcpy(a, f.p + 6, 6);
    memcpy(a + 6, t->gen.side[port].own_mac, 6);
    ik_store_be16(a + 18, 32);
    memcpy(a + 22, f.p + 62, 16); /* from the target */
    memcpy(a + 38, f.p + 22, 16);
    a[54] = 136;
    ik_store_be16(a + 56, 0);
    ik_store_be32(a + 58, 0x60000000);
    a[78] = 2;
    a[79] = 1;
    memcpy(a + 80, a + 6, 6);
    struct ik_addr src = {.family = 6}, dst = {.family = 6};
    memcpy(src.bytes, a + 22, 16);
    memcpy(dst.bytes, a + 38, 16);
    const uint64_t sum = ik_cksum_add_pseudo(0, &src, &dst, 58, 32);
    ik_store_be16(a + 56, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){a + 54, 32})));
}

/* A loop: what the node sent comes back to it, under another identification (so that the checker
 * can tell the rounds apart). */
static void throw_back(struct thrower *t, uint8_t port, struct ik_rd f)
{
    uint8_t *a = f.left >= 54 && f.left <= STORM_FRAME_MAX ? answer(t, port, f.left) : NULL;
    if (!a)
        return;
    memcpy(a, f.p, f.left);
    memcpy(a, f.p + 6, 6);
    memcpy(a + 6, t->gen.side[port].own_mac, 6);
    const uint16_t was = ik_load_be16(a + 18), is = (uint16_t)ik_rng_below(&t->rng, 65536);
    if (a[14] >> 4 == 6) {
        ik_store_be16(a + 16, is);
        return;
    }
    ik_store_be16(a + 18, is);
    ik_store_be16(a + 24, ik_cksum_update(ik_load_be16(a + 24), was, is));
}

static void input(struct ik_engine *e, struct ik_now now, uint8_t port, const struct ik_event *in,
                  size_t n)
{
    struct thrower *t = (struct thrower *)e;
    for (size_t i = 0; i < n; i++) {
        const struct ik_rd f = in[i].frame.bytes;
        const enum checker_rule rule = checker_left(t->checker, now.mono - WIRE, port, f.p, f.left);
        if (rule)
            show(t, rule, now.mono, f);
        const unsigned type = f.left >= 14 ? ik_load_be16(f.p + 12) : 0;
        if (type == 0x0806)
            answer_arp(t, port, f);
        else if (type == 0x86dd)
            answer_nd(t, port, f);
        if ((type == 0x0800 || type == 0x86dd) && !ik_rng_below(&t->rng, 50))
            throw_back(t, port, f);
    }
}

static struct ik_frame as_frame(const uint8_t *p, size_t len, uint8_t port)
{
    return (struct ik_frame){.medium = IK_MEDIUM_ETHER, .port = port, .bytes = {p, len}};
}

/* After n frames. */
static void pace(struct thrower *t, size_t n)
{
    if (t->burst) {
        t->burst--;
        return;
    }
    t->next += (ik_ns)n * ik_rng_below(&t->rng, GAP_MOST);
    if (!ik_rng_below(&t->rng, 500))
        t->burst = BURST;
}

/* One frame, or several at the same instant. */
static size_t fire(struct thrower *t, struct ik_frame *out, size_t cap)
{
    size_t most = ik_rng_below(&t->rng, 4) ? 1 + ik_rng_below(&t->rng, VOLLEY) : 1, n = 0;
    uint8_t *at = t->volley;
    for (most = most < cap ? most : cap; n < most && t->left; n++, t->left--) {
        uint8_t side;
        const size_t len = storm_gen_next(&t->gen, at, &side);
        out[n] = as_frame(at, len, side);
        at += len;
    }
    pace(t, n);
    return n;
}

static size_t output(struct ik_engine *e, struct ik_now now, struct ik_frame *out, size_t cap)
{
    struct thrower *t = (struct thrower *)e;
    size_t n = 0;
    for (; n < t->n_answers && n < cap; n++)
        out[n] = as_frame(t->answers[n].bytes, t->answers[n].len, t->answers[n].port);
    if (!n && t->left && now.mono >= t->next)
        n = fire(t, out, cap);
    for (size_t i = 0; i < n; i++)
        checker_sent(t->checker, out[i].port, out[i].bytes.p, out[i].bytes.left);
    t->n_offered = n;
    return n;
}

/* All that is offered is taken, by a sim. */
static void accepted(struct ik_engine *e, struct ik_now now, size_t n)
{
    struct thrower *t = (struct thrower *)e;
    (void)now;
    if (n != t->n_offered)
        abort();
    t->n_answers = 0;
}

static const struct ik_record *record(struct ik_engine *e)
{
    (void)e;
    return NULL;
}

static ik_ns deadline(const struct ik_engine *e)
{
    const struct thrower *t = (const struct thrower *)e;
    return t->left ? t->next : IK_NEVER;
}

static const struct ik_engine_ops engine_ops = {
    .input = input, .output = output, .accepted = accepted, .record = record, .deadline = deadline};

static struct ik_engine *up(struct ik_sim *sim, struct ik_simnode *node)
{
    struct thrower *t = node->mem;
    (void)sim;
    t->engine.ops = &engine_ops;
    return &t->engine;
}

static const struct ik_simnode_ops thrower_ops = {.up = up};

/* ---- the world ------------------------------------------------------------------------------- */

struct world {
    struct ik_sim *sim;
    struct checker_node told[SUBJECTS];
    struct thrower thrower[SUBJECTS];
    struct ik_stack_options options[SUBJECTS];
    struct ik_stack_iface ifaces[SUBJECTS][2], outer[SUBJECTS][2];
    struct ik_stack_ifaddr addrs[SUBJECTS][2][2];
    struct ik_stack_route routes[SUBJECTS][8];
    uint32_t n_routes[SUBJECTS], node[SUBJECTS];
};

static const struct ik_stack_nat_cfg nat = {.outside = 1, .max_mappings = 256};
static const uint16_t open_ports[] = {80, 443};

/* The node is .1 (a host .2) of each net, the thrower everybody else. */
static void side(struct world *w, int i, uint8_t port)
{
    const uint8_t host = i == 0 ? 2 : 1;
    struct checker_port *p = &w->told[i].port[port];
    struct storm_side *s = &w->thrower[i].gen.side[port];
    const uint8_t net = (uint8_t)(10 * (i + 1) + port);
    const uint8_t outside[] = {203, 0, 113, 1};
    *p = (struct checker_port){.mac = {2, 0, 0, 0, (uint8_t)i, port},
                               .addr4 = {10, net, 0, host},
                               .bits4 = 24,
                               .addr6 = {0x20, 1, 0x0d, 0xb8, 0, net, [15] = host},
                               .bits6 = 64,
                               .mtu = port && i == 1 ? 1400 : MTU};
    if (i == 2 && port)
        memcpy(p->addr4, outside, 4);
    memcpy(s->mac, p->mac, 6);
    memcpy(s->own_mac, p->mac, 6);
    s->own_mac[0] = 6;
    memcpy(s->addr4, p->addr4, 4);
    memcpy(s->addr6, p->addr6, 16);
    memcpy(s->peer4, p->addr4, 4);
    memcpy(s->peer6, p->addr6, 16);
    s->peer4[3] = s->peer6[15] = 4;
    s->mtu = p->mtu;
    struct ik_stack_ifaddr *a = w->addrs[i][port];
    a[0] = (struct ik_stack_ifaddr){{.family = 4}, p->bits4};
    a[1] = (struct ik_stack_ifaddr){{.family = 6}, p->bits6};
    memcpy(a[0].addr.bytes, p->addr4, 4);
    memcpy(a[1].addr.bytes, p->addr6, 16);
    w->ifaces[i][port] = (struct ik_stack_iface){.mtu = p->mtu, .addrs = a, .n_addrs = 2};
    memcpy(w->ifaces[i][port].mac, p->mac, 6);
    w->outer[i][port] = (struct ik_stack_iface){.mtu = 2000};
    memcpy(w->outer[i][port].mac, s->own_mac, 6);
}

static void route(struct world *w, int i, const struct ik_prefix *to, uint8_t port,
                  enum ik_stack_route_kind kind)
{
    const struct storm_side *s = &w->thrower[i].gen.side[port];
    struct ik_stack_route *r = &w->routes[i][w->n_routes[i]++];
    *r = (struct ik_stack_route){
        .prefix = *to, .kind = kind, .port = port, .via.family = to->addr.family};
    memcpy(r->via.bytes, to->addr.family == 4 ? s->peer4 : s->peer6, to->addr.family == 4 ? 4 : 16);
}

/* Far nets: one each way, one that is refused, one that has no route (a host has a default). */
static void far(struct world *w, int i)
{
    static const uint8_t nets[4][4] = {
        {192, 0, 2, 0}, {198, 51, 100, 0}, {198, 18, 5, 0}, {198, 19, 5, 0}};
    static const enum ik_stack_route_kind kinds[] = {IK_STACK_ROUTE_VIA, IK_STACK_ROUTE_VIA,
                                                     IK_STACK_ROUTE_REJECT};
    const uint8_t last = (uint8_t)(w->told[i].n_ports - 1);
    const struct ik_prefix any4 = {.addr.family = 4}, any6 = {.addr.family = 6};
    for (uint8_t k = 0; k < 4; k++) {
        uint8_t *net6 = w->thrower[i].gen.far.net6[k];
        memcpy(w->thrower[i].gen.far.net4[k], nets[k], 4);
        memcpy(net6, (const uint8_t[]){0x20, 1, 0x0d, 0xb8, 0xff, k}, 6);
        struct ik_prefix p4 = {{.family = 4}, 24}, p6 = {{.family = 6}, 64};
        memcpy(p4.addr.bytes, nets[k], 4);
        memcpy(p6.addr.bytes, net6, 16);
        if (i == 1 && k < 3) {
            route(w, i, &p4, k == 0, kinds[k]);
            route(w, i, &p6, k == 0, kinds[k]);
        }
    }
    if (i == 1)
        return;
    route(w, i, &any4, last, IK_STACK_ROUTE_VIA);
    route(w, i, &any6, last, IK_STACK_ROUTE_VIA);
}

static bool add_subject(struct world *w, int i, uint64_t seed, uint32_t odd)
{
    struct checker_node *told = &w->told[i];
    struct thrower *t = &w->thrower[i];
    *told = (struct checker_node){.name = names[i],
                                  .router = i > 0,
                                  .nat = i == 2,
                                  .advertises = i == 1,
                                  .n_ports = i == 0 ? 1 : 2,
                                  .rate = 10,
                                  .burst = 10,
                                  .rate_all = 1000,
                                  .burst_all = 50};
    t->gen.sides = told->n_ports;
    for (uint8_t port = 0; port < told->n_ports; port++)
        side(w, i, port);
    far(w, i);
    t->node = told;
    storm_gen_init(&t->gen, seed * 31 + (uint64_t)i);
    t->rng.state = seed * 37 + (uint64_t)i;
    t->next = START;
    t->checker = checker_new(told);
    w->options[i] = (struct ik_stack_options){.kind = i ? IK_STACK_ROUTER : IK_STACK_HOST,
                                              .destinations_max = DESTINATIONS,
                                              .advertise4 = told->advertises,
                                              .advertise6 = told->advertises,
                                              .tcp_open = open_ports,
                                              .n_tcp_open = 2,
                                              .udp_open = open_ports,
                                              .n_udp_open = 2,
                                              .nat = told->nat ? &nat : NULL,
                                              .odd = odd};
    const struct ik_sim_node_cfg cfg = {.name = names[i],
                                        .options = &w->options[i],
                                        .ifaces = w->ifaces[i],
                                        .n_ifaces = told->n_ports,
                                        .routes = w->routes[i],
                                        .n_routes = w->n_routes[i]};
    const struct ik_sim_node_cfg outer = {
        .name = "thrower", .ifaces = w->outer[i], .n_ifaces = told->n_ports};
    uint32_t thrower, link;
    if (!t->checker || ik_sim_add_node(w->sim, &cfg, &w->node[i]) != IK_OK ||
        ik_simnode_add(w->sim, &outer, &thrower_ops, t, &thrower) != IK_OK)
        return false;
    for (uint8_t port = 0; port < told->n_ports; port++) {
        const struct ik_sim_end ends[] = {{thrower, port}, {w->node[i], port}};
        const struct ik_sim_link_cfg wire = {.name = "wire",
                                             .ends = ends,
                                             .n_ends = 2,
                                             .forward.delay = WIRE,
                                             .back.delay = WIRE,
                                             .resolve = true};
        if (ik_sim_add_link(w->sim, &wire, &link) != IK_OK)
            return false;
    }
    return true;
}

/* ---- judgement ------------------------------------------------------------------------------- */

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    const struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* Of the process, with what ASan holds; KiB. */
static long resident(void)
{
    long total = 0, there = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &total, &there) != 2)
        there = 0;
    if (f)
        fclose(f);
    return there * (sysconf(_SC_PAGESIZE) / 1024);
}

static uint64_t left(const struct world *w)
{
    uint64_t n = 0;
    for (int i = 0; i < SUBJECTS; i++)
        n += w->thrower[i].left;
    return n;
}

static uint64_t report(const struct world *w)
{
    uint64_t broken = 0;
    for (int i = 0; i < SUBJECTS; i++) {
        const struct checker_stats *s = checker_stats(w->thrower[i].checker);
        printf("%-10s %llu sent, %llu left: %llu errors, %llu answers, %llu TCP, %llu forwarded, "
               "%llu discovery\n",
               names[i], (unsigned long long)s->sent, (unsigned long long)s->left,
               (unsigned long long)s->errors, (unsigned long long)s->replies,
               (unsigned long long)s->resets, (unsigned long long)s->forwarded,
               (unsigned long long)s->discovery);
        for (int rule = 1; rule < CHECKER_RULE_COUNT; rule++) {
            broken += s->broken[rule];
            if (s->broken[rule])
                printf("  %llu times: %s: %s\n", (unsigned long long)s->broken[rule],
                       checker_rule_name(rule), checker_rule_text(rule));
        }
    }
    return broken;
}

/* A storm that reaches nothing proves nothing: of a thousand packets some must have been answered,
 * refused and passed on. */
static bool reached(const struct world *w, uint64_t packets)
{
    bool all = true;
    for (int i = 0; i < SUBJECTS; i++) {
        const struct checker_stats *s = checker_stats(w->thrower[i].checker);
        const uint64_t least = packets / SUBJECTS / 1000;
        all &= s->errors >= least && s->replies >= least && s->resets >= least &&
               (i == 0 || s->forwarded >= least);
    }
    if (!all)
        printf("the storm did not reach deep enough\n");
    return all;
}

/* Nothing is held, nothing grew. */
static bool settled(struct world *w, size_t before)
{
    const size_t after = allocated();
    const uint32_t used = ik_stack_pool_used(w->sim->pool);
    printf("virtual time %.0f s, %u buffers held, %lld bytes grown, %llu frames without room\n",
           (double)ik_sim_now(w->sim) / 1e9, used, (long long)after - (long long)before,
           (unsigned long long)ik_sim_overflows(w->sim));
    return !used && after == before && !ik_sim_overflows(w->sim) && !w->sim->flights.used;
}

static bool storm(struct world *w, uint64_t packets, uint64_t seed, uint32_t odd)
{
    const struct ik_sim_cfg cfg = {.seed = seed, .frame_bytes = 2048};
    if (ik_sim_new(&w->sim, &cfg) != IK_OK)
        return false;
    for (int i = 0; i < SUBJECTS; i++) {
        if (!add_subject(w, i, seed, odd)) {
            printf("the %s cannot be made\n", names[i]);
            return false;
        }
        w->thrower[i].left = packets / SUBJECTS;
    }
    /* The first line of stdout takes its buffer. */
    printf("storm: %llu packets, seed %llu\n", (unsigned long long)packets,
           (unsigned long long)seed);
    fflush(stdout);
    (void)resident();
    const size_t before = allocated();
    const uint64_t part = packets / PARTS ? packets / PARTS : 1, all = left(w);
    ik_ns until = 0;
    while (left(w)) {
        const uint64_t was = (all - left(w)) / part;
        until += 100 * IK_NS_PER_S;
        ik_sim_run(w->sim, until);
        if ((all - left(w)) / part > was) {
            printf("thrown %llu, resident %ld KiB\n", (unsigned long long)(all - left(w)),
                   resident());
            fflush(stdout);
        }
    }
    ik_sim_run(w->sim, until + QUIET);
    const bool fine = settled(w, before);
    const uint64_t broken = report(w);
    const bool deep = reached(w, packets);
    return odd ? broken > 0 : fine && deep && !broken;
}

int main(int argc, char **argv)
{
    uint64_t packets = 2000000, seed = 1;
    uint32_t odd = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        const uint64_t value = strtoull(argv[i + 1], NULL, 0);
        if (!strcmp(argv[i], "--packets"))
            packets = value;
        else if (!strcmp(argv[i], "--seed"))
            seed = value;
        else if (!strcmp(argv[i], "--odd"))
            odd = (uint32_t)value;
        else
            return 2;
    }
    struct world *w = calloc(1, sizeof(*w));
    if (!w)
        return 2;
    const bool fine = storm(w, packets, seed, odd);
    for (int i = 0; i < SUBJECTS; i++)
        if (w->thrower[i].checker)
            checker_free(w->thrower[i].checker);
    ik_sim_free(w->sim);
    free(w);
    return fine ? 0 : 1;
}
