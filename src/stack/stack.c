/* SPDX-License-Identifier: MIT
 * The engine: memory, start, batches in and out, timers. */
#include <icmpkit/stack.h>

#include "stack/stack_int.h"

/* Timers that are due make new ones at most this often in one call: virtual time goes on. */
enum { TIMEOUT_ROUNDS = 4 };

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t round_up(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static bool iface_is_valid(const struct ik_stack_cfg *cfg, const struct ik_stack_iface *f)
{
    uint32_t least = 68;
    for (uint8_t i = 0; i < f->n_addrs; i++) {
        const struct ik_stack_ifaddr *a = &f->addrs[i];
        if ((a->addr.family != 4 && a->addr.family != 6) ||
            a->bits > 8 * ik_addr_bytes(a->addr.family))
            return false;
        if (a->addr.family == 6)
            least = 1280;
    }
    return f->mtu >= least && f->mtu <= ik_stack_pool_room(cfg->pool) && !(f->mac[0] & 1);
}

static bool route_is_valid(const struct ik_stack_cfg *cfg, const struct ik_stack_route *r)
{
    const size_t bytes = ik_addr_bytes(r->prefix.addr.family);
    if (bytes == 0 || r->prefix.bits > 8 * bytes)
        return false;
    if (r->kind != IK_STACK_ROUTE_VIA)
        return true;
    return r->port < cfg->n_ifaces &&
           (r->via.family == 0 || r->via.family == r->prefix.addr.family);
}

static bool options_are_valid(const struct ik_stack_options *o)
{
    const ik_ns least = 4 * IK_NS_PER_S, most = 1800 * IK_NS_PER_S;
    return (o->advertise_interval == 0 ||
            (o->advertise_interval >= least && o->advertise_interval <= most)) &&
           o->alive_permille <= 1000;
}

static enum ik_err cfg_check(const struct ik_stack_cfg *cfg)
{
    if (cfg->n_ifaces > IK_STACK_IFACES_MAX)
        return IK_E_FULL;
    if (!cfg->pool || !cfg->options || cfg->n_ifaces == 0 || !options_are_valid(cfg->options))
        return IK_E_VALUE;
    for (uint8_t i = 0; i < cfg->n_ifaces; i++)
        if (!iface_is_valid(cfg, &cfg->ifaces[i]))
            return IK_E_VALUE;
    for (uint32_t i = 0; i < cfg->n_routes; i++)
        if (!route_is_valid(cfg, &cfg->routes[i]))
            return IK_E_VALUE;
    return IK_OK;
}

/* What the parts need in either place. */
struct bytes {
    size_t mem, aside;
};

static struct bytes parts_bytes(const struct ik_stack_cfg *cfg)
{
    struct bytes n = {0, 0};
#define X(part, where) n.where += round_up(ik_stack_##part##_bytes(cfg));
    IK_STACK_PARTS(X)
#undef X
    return n;
}

static size_t ports_end(const struct ik_stack_cfg *cfg)
{
    return round_up(sizeof(struct ik_stack)) +
           round_up(cfg->n_ifaces * sizeof(struct ik_stack_port));
}

size_t ik_stack_bytes(const struct ik_stack_cfg *cfg)
{
    if (cfg_check(cfg) != IK_OK)
        return 0;
    const struct bytes n = parts_bytes(cfg);
    return ports_end(cfg) + n.mem + (cfg->aside ? 0 : n.aside);
}

size_t ik_stack_aside_bytes(const struct ik_stack_cfg *cfg)
{
    return cfg_check(cfg) == IK_OK ? parts_bytes(cfg).aside : 0;
}

static const struct ik_engine_ops ops;

static void parts_init(struct ik_stack *s, uint8_t *mem, const struct ik_stack_cfg *cfg)
{
    uint8_t *aside = cfg->aside;
    if (!aside) {
        const struct bytes n = parts_bytes(cfg);
        aside = mem + n.mem;
        memset(aside, 0, n.aside);
    }
#define X(part, where)                     \
    ik_stack_##part##_init(s, where, cfg); \
    where += round_up(ik_stack_##part##_bytes(cfg));
    IK_STACK_PARTS(X)
#undef X
}

enum ik_err ik_stack_init(struct ik_stack **out, void *mem, const struct ik_stack_cfg *cfg)
{
    const enum ik_err err = cfg_check(cfg);
    if (err)
        return err;
    struct ik_stack *s = mem;
    uint8_t *at = (uint8_t *)mem + round_up(sizeof(*s));
    *s = (struct ik_stack){
        .engine = {.ops = &ops},
        .pool = cfg->pool,
        .opt = cfg->options,
        .ifaces = cfg->ifaces,
        .routes = cfg->routes,
        .n_routes = cfg->n_routes,
        .n_ifaces = cfg->n_ifaces,
        .wake = IK_NEVER,
        .rng = {.state = cfg->seed},
        .ports = (struct ik_stack_port *)(void *)at,
    };
    ik_store_be64(s->key, ik_rng_next(&s->rng));
    ik_store_be64(s->key + 8, ik_rng_next(&s->rng));
    s->ip_id = (uint16_t)ik_rng_next(&s->rng);
    for (uint8_t i = 0; i < s->n_ifaces; i++)
        s->ports[i] = (struct ik_stack_port){.up = true};
    parts_init(s, (uint8_t *)mem + ports_end(cfg), cfg);
    *out = s;
    return IK_OK;
}

static void queue_empty(struct ik_stack *s, struct ik_bufs *q)
{
    for (struct ik_buf *b; (b = ik_bufs_take(q));)
        ik_stack_pool_give(s, b);
}

void ik_stack_fini(struct ik_stack *s)
{
    queue_empty(s, &s->out);
    queue_empty(s, &s->loop);
    queue_empty(s, &s->waiting);
    queue_empty(s, &s->reass);
    ik_stack_quench_fini(s);
}

struct ik_engine *ik_stack_engine(struct ik_stack *s)
{
    return &s->engine;
}

bool ik_stack_holds(const struct ik_stack *s, uint32_t key)
{
    for (const struct ik_buf *b = s->waiting.first; b; b = b->next)
        if (b->key == key)
            return true;
    return ik_stack_quench_holds(s, key);
}

uint64_t ik_stack_count(const struct ik_stack *s, enum ik_stack_count which)
{
    if ((unsigned)which < IK_STACK_COUNTS_LONG)
        return s->count[which];
    return which < IK_STACK_COUNT ? s->count_short[which - IK_STACK_COUNTS_LONG] : 0;
}

const char *ik_stack_down(const struct ik_stack *s)
{
    return s->down;
}

/* ---- time ------------------------------------------------------------------------------------ */

static void start(struct ik_stack *s)
{
    s->started = true;
#define X(part, where) ik_stack_##part##_start(s);
    IK_STACK_PARTS(X)
#undef X
}

static ik_ns earlier(ik_ns a, ik_ns b)
{
    return a < b ? a : b;
}

/* All parts do what is due; s->wake is then the earliest of what they want next, and of what was
 * armed meanwhile. */
static void timeouts(struct ik_stack *s)
{
    s->wake = IK_NEVER;
    ik_ns next = ik_stack_reass_timeout(s);
#define X(part, where) next = earlier(next, ik_stack_##part##_timeout(s));
    IK_STACK_PARTS(X)
#undef X
    ik_stack_arm(s, next);
}

static void enter(struct ik_stack *s, struct ik_now now)
{
    s->now = now;
    if (!s->started)
        start(s);
    for (int i = 0; i < TIMEOUT_ROUNDS && s->wake <= now.mono && !s->down; i++)
        timeouts(s);
}

/* Packets to ourselves. Answers to them are such packets again; nothing answers an answer. */
static void leave(struct ik_stack *s)
{
    for (struct ik_buf *b; (b = ik_bufs_take(&s->loop));) {
        struct ik_pkt p = {.port = IK_STACK_UPPER, .own = true};
        const struct ik_rd l3 = ik_buf_rd(b);
        if (l3.p[0] >> 4 == 4)
            ik_stack_ip4_input(s, &p, l3);
        else
            ik_stack_ip6_input(s, &p, l3);
        ik_stack_pool_give(s, b);
    }
}

void ik_stack_iface_up(struct ik_stack *s, struct ik_now now, uint8_t port, bool up)
{
    enter(s, now);
    if (port >= s->n_ifaces || s->ports[port].up == up)
        return;
    s->ports[port].up = up;
    ik_stack_fast_forget(s);
    ik_stack_route_changed(s);
    ik_stack_nbr_port_changed(s, port);
    if (up) {
        ik_stack_nd_port_up(s, port);
        ik_stack_rdisc4_port_up(s, port);
    }
    leave(s);
}

/* ---- the engine ------------------------------------------------------------------------------ */

static struct ik_stack *of(struct ik_engine *e)
{
    return (struct ik_stack *)(void *)e; /* the engine is its first member */
}

static void input(struct ik_engine *e, struct ik_now now, uint8_t port, const struct ik_event *in,
                  size_t n)
{
    struct ik_stack *s = of(e);
    enter(s, now);
    for (size_t i = 0; i < n && !s->down; i++) {
        if (in[i].kind == IK_EV_DOWN && port < s->n_ifaces)
            ik_stack_iface_up(s, now, port, false);
        if (in[i].kind != IK_EV_FRAME)
            continue;
        if (port == IK_STACK_UPPER)
            ik_stack_upper_input(s, &in[i].frame);
        else if (port < s->n_ifaces)
            ik_stack_ether_input(s, port, in[i].frame.bytes);
        if (s->loop.first)
            leave(s);
    }
}

static size_t output(struct ik_engine *e, struct ik_now now, struct ik_frame *out, size_t cap)
{
    struct ik_stack *s = of(e);
    enter(s, now);
    leave(s);
    size_t n = 0;
    for (const struct ik_buf *b = s->out.first; b && n < cap; b = b->next, n++) {
        /* Member by member: compilers clear so big a whole by a slow loop. */
        out[n].medium = (enum ik_medium)b->medium;
        out[n].key = b->key;
        out[n].port = b->port;
        out[n].bytes = ik_buf_rd(b);
        if (b->port == IK_STACK_UPPER)
            out[n].meta = b->meta;
        else
            out[n].meta = (struct ik_meta){0};
    }
    return n;
}

static void accepted(struct ik_engine *e, struct ik_now now, size_t n)
{
    struct ik_stack *s = of(e);
    s->now = now;
    for (size_t i = 0; i < n; i++) {
        struct ik_buf *b = ik_bufs_take(&s->out);
        if (!b)
            return;
        ik_stack_tally(s, IK_STACK_SENT);
        ik_stack_pool_give(s, b);
    }
}

static const struct ik_record *record(struct ik_engine *e)
{
    return ik_stack_event_record(of(e));
}

static ik_ns deadline(const struct ik_engine *e)
{
    const struct ik_stack *s = (const struct ik_stack *)(const void *)e;
    if (s->out.first || !s->started)
        return s->now.mono;
    return s->down ? IK_NEVER : s->wake;
}

static void stop(struct ik_engine *e, struct ik_now now)
{
    struct ik_stack *s = of(e);
    enter(s, now);
    if (!s->stopped && !s->down) {
        ik_stack_rdisc4_stop(s);
        ik_stack_nd_stop(s);
    }
    s->stopped = true;
}

static bool done(const struct ik_engine *e)
{
    const struct ik_stack *s = (const struct ik_stack *)(const void *)e;
    return s->stopped && !s->out.first;
}

static const struct ik_engine_ops ops = {
    .input = input,
    .output = output,
    .accepted = accepted,
    .record = record,
    .deadline = deadline,
    .stop = stop,
    .done = done,
};
