/* SPDX-License-Identifier: MIT */
#include "lab/plan.h"

#include "lab/address.h"
#include "lab/link.h"
#include "conf/units.h"
#include "net/scope.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DAY (24 * 3600 * IK_NS_PER_S)

/* ---- routes ---------------------------------------------------------------------------------- */

/* In the order of enum ik_stack_route_kind, from DROP on. */
static const char *const drops[] = {"silent", "unreachable", "prohibited", NULL};

struct route_read {
    const struct ik_tree_node *node, *to, *via;
    uint32_t drop; /* place in drops */
    uint8_t tos;
};

#define ROUTE(member) IK_KEYS_MEMBER(struct route_read, member)
static const struct ik_key route_keys[] = {
    {"node", IK_KEY_NODE, ROUTE(node), .required = true, .example = "gw"},
    {"to", IK_KEY_NODE, ROUTE(to), .required = true, .example = "default"},
    {"via", IK_KEY_NODE, ROUTE(via)},
    {"drop", IK_KEY_CHOICE, ROUTE(drop), .words = drops},
    {"tos", IK_KEY_INT, ROUTE(tos), .min = 0, .max = 255},
};
static const struct ik_keys route_of = {N_("a route"), route_keys, COUNT(route_keys)};

/* Overrides while they are collected: a vector that grows. */
struct overrides {
    struct ik_model_route *at;
    size_t n, room;
};

static enum ik_err override_add(const struct ik_model *m, struct overrides *all, uint32_t node,
                                const struct ik_stack_route *route)
{
    if (all->n == all->room) {
        const size_t room = all->room ? 2 * all->room : 64;
        struct ik_model_route *more = realloc(all->at, room * sizeof(*more));
        if (!more)
            return ik_say_nomem(m->fault);
        all->at = more;
        all->room = room;
    }
    all->at[all->n++] = (struct ik_model_route){node, *route};
    return IK_OK;
}

/* One row for each link that joins both and has that family: they share the traffic. */
static enum ik_err override_via(const struct ik_model *m, struct overrides *all, uint32_t node,
                                uint32_t via, struct ik_stack_route route, uint32_t *added)
{
    const struct ik_model_node *n = &m->nodes[node];
    const unsigned f = ik_model_family(route.prefix.addr.family);
    enum ik_err err = IK_OK;
    for (uint8_t port = 0; port < n->n_ports; port++) {
        const struct ik_model_link *l = &m->links[n->ports[port].link];
        for (uint32_t e = 0; e < l->n_ends && !err && l->net[f].addr.family; e++) {
            if (l->ends[e].node != via)
                continue;
            route.port = port;
            route.via = f ? ik_scope_link_local(m->nodes[via].ifaces[l->ends[e].port].mac)
                          : l->ends[e].addr[0];
            err = override_add(m, all, node, &route);
            ++*added;
        }
    }
    return err;
}

static enum ik_err override_prefix(const struct ik_model *m, struct overrides *all,
                                   const struct route_read *r, uint32_t node, uint32_t via,
                                   const struct ik_prefix *prefix, uint32_t *added)
{
    struct ik_stack_route route = {.prefix = *prefix, .has_tos = r->tos != 0, .tos = r->tos};
    if (r->via)
        return override_via(m, all, node, via, route, added);
    route.kind = (enum ik_stack_route_kind)(IK_STACK_ROUTE_DROP + r->drop);
    ++*added;
    return override_add(m, all, node, &route);
}

/* All that a node has: its addresses one by one, and its prefixes. */
static enum ik_err override_node(const struct ik_model *m, struct overrides *all,
                                 const struct route_read *r, uint32_t node, uint32_t via,
                                 uint32_t to, uint32_t *added)
{
    const struct ik_model_node *t = &m->nodes[to];
    enum ik_err err = IK_OK;
    *added += t->left_out;
    for (uint8_t port = 0; port < t->n_ports && !err; port++) {
        const struct ik_model_end *end = &m->links[t->ports[port].link].ends[t->ports[port].end];
        for (unsigned f = 0; f < 2 && !err; f++) {
            const struct ik_prefix p = {end->addr[f], f ? 128 : 32};
            if (end->addr[f].family)
                err = override_prefix(m, all, r, node, via, &p, added);
        }
    }
    for (unsigned i = 0; i < t->options.n_prefixes && !err; i++)
        err = override_prefix(m, all, r, node, via, &t->prefixes[i], added);
    return err;
}

static enum ik_err override_to(const struct ik_model *m, struct overrides *all,
                               const struct route_read *r, uint32_t node, uint32_t via,
                               uint32_t *added)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct ik_prefix p = {0};
    enum ik_err err;
    if (strcmp(r->to->text, "default") == 0) {
        p.addr.family = 4;
        err = override_prefix(m, all, r, node, via, &p, added);
        p.addr.family = 6;
        return err ? err : override_prefix(m, all, r, node, via, &p, added);
    }
    const uint32_t to = ik_model_find(m, r->to->text);
    if (to != IK_MODEL_NONE)
        return override_node(m, all, r, node, via, to, added);
    if (!strpbrk(r->to->text, ":/") && strspn(r->to->text, "0123456789.") != strlen(r->to->text))
        return ik_model_node_of(m, r->to, &node);
    err = ik_keys_prefix(&ctx, r->to, "to", 0, &p);
    return err ? err : override_prefix(m, all, r, node, via, &p, added);
}

struct around {
    const struct ik_model *m;
    uint32_t node;
};

/* The first other node on its i-th link. */
static const char *neighbour(const void *ctx, size_t i)
{
    const struct around *a = ctx;
    const struct ik_model_port *p = &a->m->nodes[a->node].ports[i];
    const struct ik_model_link *l = &a->m->links[p->link];
    return a->m->nodes[l->ends[p->end == 0].node].name;
}

static const char *neighbours(const struct ik_model *m, uint32_t node, char *buf, size_t size)
{
    const struct around a = {m, node};
    return ik_say_names(buf, size, neighbour, &a, m->nodes[node].n_ports);
}

static enum ik_err read_route(const struct ik_model *m, const struct ik_tree_node *map,
                              struct overrides *all)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct route_read r = {0};
    char near[120];
    uint32_t node, via = IK_MODEL_NONE, added = 0;
    enum ik_err err = ik_keys_read(&ctx, &route_of, map, &r);
    if (!err && (r.via != NULL) == (ik_tree_find(map, "drop") != NULL))
        err = ik_say_at(m->fault, map, "a route has either via or drop, such as via: gw");
    if (!err)
        err = ik_model_node_of(m, r.node, &node);
    if (!err && r.via)
        err = ik_model_node_of(m, r.via, &via);
    if (!err && via == node)
        err = ik_say_at(m->fault, r.via, "%s cannot send to itself: via is a neighbour of it: %s",
                        m->nodes[node].name, neighbours(m, node, near, sizeof(near)));
    if (err || m->nodes[node].left_out || (r.via && m->nodes[via].left_out))
        return err;
    err = override_to(m, all, &r, node, via, &added);
    if (!err && added == 0 && r.via)
        err = ik_say_at(m->fault, r.via, "%s has no link to %s for that family; its neighbours: %s",
                        m->nodes[node].name, m->nodes[via].name,
                        neighbours(m, node, near, sizeof(near)));
    return err;
}

/* Sorted by node, in the order of the file within one. */
static enum ik_err overrides_keep(struct ik_model *m, const struct overrides *all)
{
    m->overrides = ik_arena_array(m->arena, all->n, sizeof(*m->overrides));
    if (!m->overrides)
        return ik_say_nomem(m->fault);
    uint32_t *next = calloc(m->n_nodes + 1, sizeof(*next));
    if (!next)
        return ik_say_nomem(m->fault);
    for (size_t i = 0; i < all->n; i++)
        next[all->at[i].node + 1]++;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        next[i + 1] += next[i];
    for (size_t i = 0; i < all->n; i++)
        m->overrides[next[all->at[i].node]++] = all->at[i];
    m->n_overrides = (uint32_t)all->n;
    free(next);
    return IK_OK;
}

enum ik_err ik_plan_routes(struct ik_model *m, const struct ik_tree_node *list)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct overrides all = {0};
    enum ik_err err = ik_keys_list(&ctx, list, "routes", "[{node: gw, to: default, via: isp}]");
    for (uint32_t i = 0; !err && i < list->n; i++) {
        err = read_route(m, list->items[i].value, &all);
        if (!err && all.n > IK_MODEL_OVERRIDES_MAX)
            err = ik_say_at(m->fault, list->items[i].value,
                            "more than %d routes (one to a node is one to each of its addresses)",
                            IK_MODEL_OVERRIDES_MAX);
    }
    if (!err)
        err = overrides_keep(m, &all);
    free(all.at);
    return err;
}

/* ---- events ---------------------------------------------------------------------------------- */

struct event_read {
    ik_ns at;
    const struct ik_tree_node *link, *set, *node, *restart;
    uint32_t direction;
};

/* In the order of their numbers in ik_sim_at_link, from -1 on. */
static const char *const directions[] = {"both", "forward", "back", NULL};

#define EVENT(member) IK_KEYS_MEMBER(struct event_read, member)
static const struct ik_key event_keys[] = {
    {"at", IK_KEY_TIME, EVENT(at), .min = 0, .max = 366 * DAY, .required = true},
    {"link", IK_KEY_NODE, EVENT(link)},
    {"set", IK_KEY_NODE, EVENT(set)},
    {"direction", IK_KEY_CHOICE, EVENT(direction), .words = directions},
    {"node", IK_KEY_NODE, EVENT(node)},
    {"restart", IK_KEY_NODE, EVENT(restart)},
};
static const struct ik_keys event_of = {N_("an event"), event_keys, COUNT(event_keys)};

static enum ik_err read_link_event(const struct ik_model *m, const struct event_read *r,
                                   struct ik_model_event *out)
{
    if (!r->set)
        return ik_say_at(m->fault, out->at,
                         "an event of a link needs \"set\", such as set: {loss: 10%%}");
    if (r->restart)
        return ik_say_at(m->fault, r->restart,
                         "restart is of a node, and this event of a link: leave one out");
    out->set = r->set;
    out->direction = (int)r->direction - 1;
    const enum ik_err err = ik_link_of(m, r->link, &out->link);
    if (!err && out->direction != -1 && m->links[out->link].n_ends > 2)
        return ik_say_at(m->fault, out->at,
                         "a segment of more than two has no directions: leave direction out");
    return err;
}

static enum ik_err read_node_event(const struct ik_model *m, const struct event_read *r,
                                   struct ik_model_event *out)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    if (!r->restart)
        return ik_say_at(m->fault, out->at,
                         "an event of a node needs \"restart\", such as restart: 2s");
    if (r->set)
        return ik_say_at(m->fault, r->set,
                         "set is of a link, and this event of a node: leave one out");
    if (strcmp(r->restart->text, "never") == 0)
        out->down_for = IK_NEVER;
    else if (!ik_units_time(r->restart->text, &out->down_for) || out->down_for < 0)
        return ik_keys_wrong(&ctx, r->restart, "restart",
                             "how long it is down, such as 2s, or never");
    return ik_model_node_of(m, r->node, &out->node);
}

static enum ik_err read_event(const struct ik_model *m, const struct ik_tree_node *map,
                              struct ik_model_event *out)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct event_read r = {0};
    *out = (struct ik_model_event){.at = map, .link = IK_MODEL_NONE, .node = IK_MODEL_NONE};
    const enum ik_err err = ik_keys_read(&ctx, &event_of, map, &r);
    if (err)
        return err;
    out->when = r.at;
    if ((r.link != NULL) == (r.node != NULL))
        return ik_say_at(m->fault, map,
                         "an event is either of a link or of a node, such as node: gw");
    return r.link ? read_link_event(m, &r, out) : read_node_event(m, &r, out);
}

/* By time, then in the order of the file. */
static int event_order(const void *a, const void *b)
{
    const struct ik_model_event *x = a, *y = b;
    if (x->when != y->when)
        return x->when < y->when ? -1 : 1;
    if (x->at->line != y->at->line)
        return x->at->line < y->at->line ? -1 : 1;
    return (x->at->column > y->at->column) - (x->at->column < y->at->column);
}

static bool event_stays(const struct ik_model *m, const struct ik_model_event *e)
{
    return e->link != IK_MODEL_NONE ? !m->links[e->link].left_out : !m->nodes[e->node].left_out;
}

/* A link becomes what it was before with what `set` says over it; `now` is how each direction of
 * each link is. */
static enum ik_err event_apply(const struct ik_model *m, struct ik_model_event *e,
                               struct ik_sim_impair (*now)[2])
{
    enum ik_err err = IK_OK;
    for (int d = 0; d < 2 && !err; d++) {
        if (e->direction == -1 || e->direction == d)
            err = ik_link_read_set(m, e->set, &now[e->link][d]);
        e->to[d] = now[e->link][d];
    }
    return err;
}

static enum ik_err events_apply(struct ik_model *m)
{
    struct ik_sim_impair(*now)[2] = calloc(m->n_links + 1, sizeof(*now));
    enum ik_err err = now ? IK_OK : ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < m->n_links && now; i++) {
        now[i][0] = m->links[i].forward.impair;
        now[i][1] = m->links[i].back.impair;
    }
    for (uint32_t i = 0; i < m->n_events && !err; i++)
        if (m->events[i].link != IK_MODEL_NONE)
            err = event_apply(m, &m->events[i], now);
    free(now);
    return err;
}

enum ik_err ik_plan_events(struct ik_model *m, const struct ik_tree_node *list)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    enum ik_err err = ik_keys_list(&ctx, list, "events", "[{at: 5s, node: gw, restart: 2s}]");
    if (err)
        return err;
    if (list->n > IK_MODEL_EVENTS_MAX)
        return ik_say_at(m->fault, list, "%u events are too many: at most %d", (unsigned)list->n,
                         IK_MODEL_EVENTS_MAX);
    m->events = ik_arena_array(m->arena, list->n, sizeof(*m->events));
    if (!m->events)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < list->n && !err; i++) {
        struct ik_model_event *e = &m->events[m->n_events];
        err = read_event(m, list->items[i].value, e);
        m->n_events += !err && event_stays(m, e);
    }
    if (err)
        return err;
    qsort(m->events, m->n_events, sizeof(*m->events), event_order);
    return events_apply(m);
}

/* ---- traffic --------------------------------------------------------------------------------- */

struct traffic_read {
    struct ik_sim_traffic_cfg cfg;
    const struct ik_tree_node *from, *to, *hex;
    const char *file;
};

/* In the order of enum ik_sim_traffic_kind; then those that are frames as well. */
static const char *const kinds[] = {"echo", "udp", "aimd", "capture", "packet", NULL};
enum { KIND_PACKET = IK_TRAFFIC_FRAMES + 1, PACKET_BYTES_MAX = 2048 };

#define TRAFFIC(member) IK_KEYS_MEMBER(struct traffic_read, member)
static const struct ik_key traffic_keys[] = {
    {"from", IK_KEY_NODE, TRAFFIC(from), .required = true, .example = "me"},
    {"to", IK_KEY_NODE, TRAFFIC(to)},
    {"kind", IK_KEY_CHOICE, TRAFFIC(cfg.kind), .words = kinds, .required = true},
    {"rate", IK_KEY_RATE, TRAFFIC(cfg.rate_mpps)},
    {"start", IK_KEY_TIME, TRAFFIC(cfg.start), .min = 0, .max = 366 * DAY},
    {"stop", IK_KEY_TIME, TRAFFIC(cfg.stop), .min = 1, .max = 366 * DAY},
    {"bytes", IK_KEY_INT, TRAFFIC(cfg.bytes), .min = 12, .max = 65000},
    {"port", IK_KEY_INT, TRAFFIC(cfg.port), .min = 1, .max = 65535},
    {"ttl", IK_KEY_INT, TRAFFIC(cfg.ttl), .min = 1, .max = 255},
    {"source", IK_KEY_ADDR, TRAFFIC(cfg.source)},
    {"obey_quench", IK_KEY_FLAG, TRAFFIC(cfg.obey_quench)},
    {"file", IK_KEY_TEXT, TRAFFIC(file)},
    {"hex", IK_KEY_NODE, TRAFFIC(hex)},
};
static const struct ik_keys traffic_of = {"traffic", traffic_keys, COUNT(traffic_keys)};

/* Keys that mean something to some kinds alone, and are needed by some: a bit each. */
static const struct {
    const char *name;
    unsigned kinds, required;
    const char *example; /* where it can be needed */
} of_kinds[] = {
    {"to", 7, 7, "to: far"},
    {"rate", 7, 3, "rate: 100/s"},
    {"bytes", 7, 0, NULL},
    {"port", 6, 0, NULL},
    {"ttl", 7, 0, NULL},
    {"source", 3, 0, NULL},
    {"obey_quench", 4, 0, NULL},
    {"file", 8, 8, "file: flood.pcap"},
    {"hex", 16, 16, "hex: 45 00 ..."},
};

static enum ik_err traffic_check(const struct ik_model *m, const struct ik_tree_node *map,
                                 const struct traffic_read *r)
{
    const char *kind = kinds[r->cfg.kind];
    char start[32], stop[32];
    for (size_t i = 0; i < COUNT(of_kinds); i++) {
        const struct ik_tree_node *value = ik_tree_find(map, of_kinds[i].name);
        const bool mine = of_kinds[i].kinds >> r->cfg.kind & 1;
        if (value && !mine)
            return ik_say_at(m->fault, value,
                             "%s means nothing to traffic of kind %s: leave it out",
                             of_kinds[i].name, kind);
        if (!value && of_kinds[i].required >> r->cfg.kind & 1)
            return ik_say_at(m->fault, map, "traffic of kind %s needs \"%s\", such as %s", kind,
                             of_kinds[i].name, of_kinds[i].example);
    }
    if (r->cfg.stop && r->cfg.stop <= r->cfg.start)
        return ik_say_at(m->fault, map, "traffic that starts at %s must stop later, not at %s",
                         ik_units_time_text(r->cfg.start, start),
                         ik_units_time_text(r->cfg.stop, stop));
    return IK_OK;
}

static enum ik_err traffic_to(const struct ik_model *m, struct traffic_read *r)
{
    uint32_t node;
    if (ik_addr_parse(r->to->text, &r->cfg.to) == IK_OK)
        return IK_OK;
    const enum ik_err err = ik_model_node_of(m, r->to, &node);
    if (err || m->nodes[node].left_out)
        return err;
    r->cfg.to = ik_model_addr(m, node, r->cfg.source.family);
    if (!r->cfg.to.family)
        return ik_say_at(m->fault, r->to,
                         "%s has no IPv%u address, as the source is one: name another", r->to->text,
                         r->cfg.source.family);
    return IK_OK;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    const int n = at ? (int)(at - digits) : -1;
    return n > 15 ? n - 6 : n;
}

/* One IP packet as hexadecimal digits, blanks between them where they help: it goes out once, as
 * frames of a capture do. */
static enum ik_err read_packet(const struct ik_model *m, struct traffic_read *r)
{
    static const char right[] = N_("the hexadecimal digits of an IP packet, at most 2048 bytes");
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    uint8_t *bytes = ik_arena_array(m->arena, PACKET_BYTES_MAX, 1);
    struct ik_sim_timed_frame *frame = ik_arena_array(m->arena, 1, sizeof(*frame));
    if (!bytes || !frame)
        return ik_say_nomem(m->fault);
    size_t n = 0;
    for (const char *p = r->hex->text; *p; p++) {
        if (*p == ' ')
            continue;
        if (hex_digit(*p) < 0 || n == 2 * (size_t)PACKET_BYTES_MAX)
            return ik_keys_wrong(&ctx, r->hex, "hex", right);
        bytes[n / 2] = (uint8_t)(bytes[n / 2] << 4 | hex_digit(*p));
        n++;
    }
    if (n == 0 || n % 2)
        return ik_keys_wrong(&ctx, r->hex, "hex", right);
    *frame = (struct ik_sim_timed_frame){0, {bytes, n / 2}};
    r->cfg.kind = IK_TRAFFIC_FRAMES;
    r->cfg.frames = frame;
    r->cfg.n_frames = 1;
    return IK_OK;
}

static enum ik_err read_traffic(const struct ik_model *m, const struct ik_tree_node *map,
                                struct ik_model_traffic *out)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct traffic_read r = {0};
    enum ik_err err = ik_keys_read(&ctx, &traffic_of, map, &r);
    if (!err)
        err = traffic_check(m, map, &r);
    if (!err)
        err = ik_model_node_of(m, r.from, &r.cfg.from);
    if (!err && r.to)
        err = traffic_to(m, &r);
    if (!err && r.hex)
        err = read_packet(m, &r);
    if (!err && r.cfg.source.family && r.cfg.source.family != r.cfg.to.family)
        err = ik_say_at(m->fault, map,
                        "source is an IPv%u address and to an IPv%u one: give both of one family",
                        r.cfg.source.family, r.cfg.to.family);
    *out = (struct ik_model_traffic){.cfg = r.cfg, .file = r.file, .at = map};
    return err;
}

enum ik_err ik_plan_traffic(struct ik_model *m, const struct ik_tree_node *list)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    enum ik_err err =
        ik_keys_list(&ctx, list, "traffic", "[{from: me, to: far, kind: echo, rate: 100/s}]");
    if (err)
        return err;
    if (list->n > IK_MODEL_TRAFFIC_MAX)
        return ik_say_at(m->fault, list, "%u kinds of traffic are too many: at most %d",
                         (unsigned)list->n, IK_MODEL_TRAFFIC_MAX);
    m->traffic = ik_arena_array(m->arena, list->n, sizeof(*m->traffic));
    if (!m->traffic)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < list->n && !err; i++)
        err = read_traffic(m, list->items[i].value, &m->traffic[i]);
    m->n_traffic = m->external ? 0 : list->n;
    return err;
}
