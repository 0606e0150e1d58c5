/* SPDX-License-Identifier: MIT
 * One Dijkstra a prefix, from the prefix outwards: `dist` of a node is what its way there costs.
 * Only routers forward, and a link is looked at once, when the nearest of its forwarders is: all
 * others on it pay what they pay to send into it. So the time is that of the number of ends, also
 * where many share a segment.
 *
 * Prefixes come in their order, so neighbours among them that a node reaches in the same ways are
 * made one route at once; two halves are exactly their whole. A host with one router has a default
 * route to it and nothing has to be found; with several, what most packets take is its default
 * route, and the rest are exceptions. */
#include "lab/paths.h"

#include "lab/rib.h"
#include "net/scope.h"

#include <stdlib.h>
#include <string.h>

#define FAR UINT64_MAX

struct heap_entry {
    uint64_t dist;
    uint32_t node;
};

struct paths {
    struct ik_model *m;
    unsigned family;     /* 0 IPv4, 1 IPv6 */
    uint64_t *dist;      /* of nodes */
    uint64_t *link_dist; /* of the nearest forwarders on it, FAR: none */
    uint32_t *nearest;   /* of links, IK_RIB_WAYS_MAX each: ends of those forwarders */
    uint8_t *n_nearest;
    struct heap_entry *heap;
    size_t n_heap;
    struct ik_rib *ribs;      /* of nodes */
    uint32_t *first_override; /* of nodes, and one past the last */
    bool *has_default;        /* of nodes and families: no more has to be found */
    size_t n_routes;
};

/* ---- a heap of nodes by distance, then number ------------------------------------------------ */

static bool before(const struct heap_entry *a, const struct heap_entry *b)
{
    return a->dist != b->dist ? a->dist < b->dist : a->node < b->node;
}

static void heap_put(struct paths *p, uint64_t dist, uint32_t node)
{
    size_t i = p->n_heap++;
    const struct heap_entry e = {dist, node};
    for (; i > 0 && before(&e, &p->heap[(i - 1) / 2]); i = (i - 1) / 2)
        p->heap[i] = p->heap[(i - 1) / 2];
    p->heap[i] = e;
}

static struct heap_entry heap_take(struct paths *p)
{
    const struct heap_entry top = p->heap[0], last = p->heap[--p->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < p->n_heap; i = child) {
        if (child + 1 < p->n_heap && before(&p->heap[child + 1], &p->heap[child]))
            child++;
        if (!before(&p->heap[child], &last))
            break;
        p->heap[i] = p->heap[child];
    }
    p->heap[i] = last;
    return top;
}

/* ---- distances ------------------------------------------------------------------------------- */

static bool carries(const struct paths *p, const struct ik_model_link *l)
{
    return !l->left_out && l->net[p->family].addr.family != 0;
}

/* What it costs that end to send into the link. */
static uint32_t cost_of(const struct ik_model_link *l, uint32_t end)
{
    return end == 0 || l->n_ends > 2 ? l->forward.cost : l->back.cost;
}

/* True when others on the link may send packets to this node for what is behind it. What is inside
 * a NAT does not exist for its outside (IPv6 is not translated). */
static bool forwards_from(const struct paths *p, uint32_t node, uint32_t link)
{
    const struct ik_model_node *n = &p->m->nodes[node];
    if (n->options.kind != IK_STACK_ROUTER)
        return false;
    return !n->nat || p->family == 1 || n->ports[n->nat->outside].link != link;
}

static void nearer(struct paths *p, uint32_t node, uint64_t dist)
{
    if (dist >= p->dist[node])
        return;
    p->dist[node] = dist;
    heap_put(p, dist, node);
}

static void link_look(struct paths *p, uint32_t link, uint64_t dist)
{
    const struct ik_model_link *l = &p->m->links[link];
    if (!carries(p, l) || p->link_dist[link] != FAR)
        return;
    p->link_dist[link] = dist;
    for (uint32_t e = 0; e < l->n_ends; e++)
        nearer(p, l->ends[e].node, dist + cost_of(l, e));
}

static void distances(struct paths *p, const struct ik_model_prefix *to)
{
    const struct ik_model *m = p->m;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        p->dist[i] = FAR;
    for (uint32_t i = 0; i < m->n_links; i++)
        p->link_dist[i] = FAR;
    p->n_heap = 0;
    if (to->node != IK_MODEL_NONE)
        nearer(p, to->node, 0);
    else {
        const struct ik_model_link *l = &m->links[to->link];
        p->link_dist[to->link] = 0;
        for (uint32_t e = 0; e < l->n_ends; e++)
            nearer(p, l->ends[e].node, cost_of(l, e));
    }
    while (p->n_heap > 0) {
        const struct heap_entry at = heap_take(p);
        const struct ik_model_node *n = &m->nodes[at.node];
        if (at.dist != p->dist[at.node])
            continue; /* was found nearer since */
        for (uint8_t port = 0; port < n->n_ports; port++)
            if (at.node == to->node || forwards_from(p, at.node, n->ports[port].link))
                link_look(p, n->ports[port].link, at.dist);
    }
}

/* ---- ways ------------------------------------------------------------------------------------ */

/* The address by which routers know each other: link-local in IPv6 (RFC 4861 section 8 lets hosts
 * obey redirects from nothing else). */
static struct ik_addr gateway_addr(const struct paths *p, const struct ik_model_end *e)
{
    return p->family == 0 ? e->addr[0]
                          : ik_scope_link_local(p->m->nodes[e->node].ifaces[e->port].mac);
}

/* Who forwards on each link at that distance: found once, for all who ask on the link. */
static void find_nearest(struct paths *p, const struct ik_model_prefix *to)
{
    for (uint32_t link = 0; link < p->m->n_links; link++) {
        const struct ik_model_link *l = &p->m->links[link];
        uint8_t n = 0;
        for (uint32_t e = 0; p->link_dist[link] != FAR && e < l->n_ends && n < IK_RIB_WAYS_MAX; e++)
            if (p->dist[l->ends[e].node] == p->link_dist[link] &&
                (l->ends[e].node == to->node || forwards_from(p, l->ends[e].node, link)))
                p->nearest[IK_RIB_WAYS_MAX * link + n++] = e;
        p->n_nearest[link] = n;
    }
}

/* The ways of a node to the prefix that distances() ran for, in the order of its ports. Its own
 * distance is never that of the nearest, for to send costs something. */
static size_t ways_of(const struct paths *p, uint32_t node,
                      struct ik_rib_way out[static IK_RIB_WAYS_MAX])
{
    const struct ik_model_node *n = &p->m->nodes[node];
    size_t count = 0;
    for (uint8_t port = 0; port < n->n_ports; port++) {
        const uint32_t link = n->ports[port].link;
        const struct ik_model_link *l = &p->m->links[link];
        if (!carries(p, l) || p->link_dist[link] == FAR ||
            p->link_dist[link] + cost_of(l, n->ports[port].end) != p->dist[node])
            continue;
        for (uint8_t i = 0; i < p->n_nearest[link] && count < IK_RIB_WAYS_MAX; i++) {
            const uint32_t end = p->nearest[IK_RIB_WAYS_MAX * link + i];
            out[count++] = (struct ik_rib_way){port, gateway_addr(p, &l->ends[end])};
        }
    }
    return count;
}

/* True when the node has the prefix, or is on its link: a route without saying. */
static bool is_own(const struct paths *p, const struct ik_model_prefix *to, uint32_t node)
{
    const struct ik_model_node *n = &p->m->nodes[node];
    if (to->node == node)
        return true;
    for (uint8_t port = 0; port < n->n_ports; port++)
        if (n->ports[port].link == to->link)
            return true;
    return false;
}

static bool prefix_equal(const struct ik_prefix *a, const struct ik_prefix *b)
{
    return a->bits == b->bits && ik_addr_same_host(&a->addr, &b->addr);
}

/* True when the file says itself what the node does with the prefix; a host that is told a default
 * route knows no other. */
static bool is_overridden(const struct paths *p, uint32_t node, const struct ik_prefix *prefix)
{
    const bool host = p->m->nodes[node].options.kind == IK_STACK_HOST;
    for (uint32_t i = p->first_override[node]; i < p->first_override[node + 1]; i++) {
        const struct ik_prefix *o = &p->m->overrides[i].route.prefix;
        if (prefix_equal(o, prefix) || (host && ik_paths_is_default(o, p->family)))
            return true;
    }
    return false;
}

/* The only router that a host has for the family of p; false when there is none, or a choice. */
static bool only_way(const struct paths *p, uint32_t node, struct ik_rib_way *out)
{
    const struct ik_model_node *n = &p->m->nodes[node];
    unsigned found = 0;
    if (n->options.kind != IK_STACK_HOST)
        return false;
    for (uint8_t port = 0; port < n->n_ports; port++) {
        const uint32_t link = n->ports[port].link;
        const struct ik_model_link *l = &p->m->links[link];
        for (uint32_t e = 0; carries(p, l) && e < l->n_ends && found < 2; e++) {
            if (l->ends[e].node == node || !forwards_from(p, l->ends[e].node, link))
                continue;
            *out = (struct ik_rib_way){port, gateway_addr(p, &l->ends[e])};
            found++;
        }
    }
    return found == 1;
}

static enum ik_err add_default(struct paths *p, uint32_t node)
{
    struct ik_rib_way way;
    for (p->family = 0; p->family < 2; p->family++) {
        const struct ik_prefix all = {.addr = {.family = p->family ? 6 : 4}};
        if (!only_way(p, node, &way))
            continue;
        p->has_default[2 * node + p->family] = true;
        if (!is_overridden(p, node, &all) && ik_rib_add(&p->ribs[node], &all, &way, 1))
            return ik_say_nomem(p->m->fault);
    }
    return IK_OK;
}

static enum ik_err add_routes(struct paths *p, struct ik_model_prefix *to)
{
    struct ik_rib_way ways[IK_RIB_WAYS_MAX];
    for (uint32_t i = 0; i < p->m->n_nodes; i++) {
        if (p->dist[i] == FAR || p->m->nodes[i].left_out || is_own(p, to, i))
            continue;
        to->reached |= i == p->m->vantage;
        if (p->has_default[2 * i + p->family] || is_overridden(p, i, &to->prefix))
            continue;
        const size_t n = ways_of(p, i, ways);
        const size_t had = p->ribs[i].n_routes;
        const enum ik_err err = ik_rib_add(&p->ribs[i], &to->prefix, ways, n);
        if (err)
            return ik_say_nomem(p->m->fault);
        p->n_routes += p->ribs[i].n_routes - had;
        if (p->n_routes > IK_MODEL_ROUTES_MAX)
            return ik_say_at(p->m->fault, to->at,
                             "more than %d routes in all: take fewer prefixes, or nodes that route",
                             IK_MODEL_ROUTES_MAX);
    }
    return IK_OK;
}

/* ---- what nodes are given -------------------------------------------------------------------- */

static void overrides_index(struct paths *p)
{
    const struct ik_model *m = p->m;
    uint32_t at = 0;
    for (uint32_t i = 0; i <= m->n_nodes; i++) {
        while (at < m->n_overrides && m->overrides[at].node < i)
            at++;
        p->first_override[i] = at;
    }
}

static enum ik_err node_finish(struct paths *p, uint32_t node)
{
    struct ik_model *m = p->m;
    struct ik_model_node *n = &m->nodes[node];
    struct ik_rib *rib = &p->ribs[node];
    const uint32_t own = p->first_override[node + 1] - p->first_override[node];
    if (n->options.kind == IK_STACK_HOST && ik_rib_default(rib))
        return ik_say_nomem(m->fault);
    struct ik_stack_route *routes = ik_arena_array(m->arena, rib->n_routes + own, sizeof(*routes));
    if (!routes)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < own; i++)
        routes[i] = m->overrides[p->first_override[node] + i].route;
    n->n_routes = own + (uint32_t)ik_rib_write(rib, routes + own);
    n->routes = routes;
    return IK_OK;
}

static enum ik_err find_all(struct paths *p)
{
    struct ik_model *m = p->m;
    enum ik_err err = IK_OK;
    overrides_index(p);
    for (uint32_t i = 0; i < m->n_nodes && !err; i++)
        if (!m->nodes[i].left_out)
            err = add_default(p, i);
    for (uint32_t i = 0; i < m->n_prefixes && !err; i++) {
        p->family = ik_model_family(m->prefixes[i].prefix.addr.family);
        distances(p, &m->prefixes[i]);
        find_nearest(p, &m->prefixes[i]);
        err = add_routes(p, &m->prefixes[i]);
    }
    for (uint32_t i = 0; i < m->n_nodes && !err; i++)
        if (!m->nodes[i].left_out)
            err = node_finish(p, i);
    return err;
}

enum ik_err ik_paths_find(struct ik_model *m)
{
    size_t ends = m->n_nodes;
    for (uint32_t i = 0; i < m->n_links; i++)
        ends += m->links[i].n_ends;
    if ((uint64_t)m->n_prefixes * ends > IK_MODEL_WORK_MAX)
        return ik_say_at(m->fault, m->links[m->n_links - 1].at,
                         "too large: %u prefixes times %zu nodes and ends of links, at most %d",
                         (unsigned)m->n_prefixes, ends, IK_MODEL_WORK_MAX);
    struct paths p = {
        .m = m,
        .dist = calloc(m->n_nodes + 1, sizeof(*p.dist)),
        .link_dist = calloc(m->n_links + 1, sizeof(*p.link_dist)),
        .nearest = calloc(m->n_links + 1, IK_RIB_WAYS_MAX * sizeof(*p.nearest)),
        .n_nearest = calloc(m->n_links + 1, sizeof(*p.n_nearest)),
        .heap = calloc(ends + 1, sizeof(*p.heap)),
        .ribs = calloc(m->n_nodes + 1, sizeof(*p.ribs)),
        .first_override = calloc(m->n_nodes + 2, sizeof(*p.first_override)),
        .has_default = calloc(2 * (size_t)m->n_nodes + 1, sizeof(*p.has_default)),
    };
    const bool room = p.dist && p.link_dist && p.nearest && p.n_nearest && p.heap && p.ribs &&
                      p.first_override && p.has_default;
    const enum ik_err err = room ? find_all(&p) : ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < m->n_nodes && p.ribs; i++)
        ik_rib_free(&p.ribs[i]);
    free(p.dist);
    free(p.link_dist);
    free(p.nearest);
    free(p.n_nearest);
    free(p.heap);
    free(p.ribs);
    free(p.first_override);
    free(p.has_default);
    return err;
}
