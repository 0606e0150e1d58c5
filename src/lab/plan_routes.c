/* SPDX-License-Identifier: MIT */
#include "lab/plan.h"

#include "lab/address.h"
#include "net/scope.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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
