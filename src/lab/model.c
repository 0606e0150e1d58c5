/* SPDX-License-Identifier: MIT */
#include "lab/model.h"

#include "lab/address.h"
#include "lab/link.h"
#include "lab/node.h"
#include "lab/paths.h"
#include "lab/plan.h"

#include <stdlib.h>
#include <string.h>

struct root_read {
    uint64_t seed;
    const struct ik_tree_node *vantage, *nodes, *links, *routes, *events, *traffic;
};

#define ROOT(member) IK_KEYS_MEMBER(struct root_read, member)
static const struct ik_key root_keys[] = {
    {"seed", IK_KEY_INT, ROOT(seed), .min = 0, .max = INT64_MAX},
    {"vantage", IK_KEY_NODE, ROOT(vantage), .required = true, .example = "me"},
    {"nodes", IK_KEY_NODE, ROOT(nodes), .required = true,
     .example = "{me: {kind: host}, gw: {kind: router}}"},
    {"links", IK_KEY_NODE, ROOT(links), .required = true,
     .example = "[{between: [me, gw], net: 10.0.1.0/24}]"},
    {"routes", IK_KEY_NODE, ROOT(routes)},
    {"events", IK_KEY_NODE, ROOT(events)},
    {"traffic", IK_KEY_NODE, ROOT(traffic)},
};
static const struct ik_keys root_of = {N_("a lab"), root_keys,
                                       sizeof(root_keys) / sizeof(root_keys[0])};

/* ---- names ----------------------------------------------------------------------------------- */

static int name_order(const void *a, const void *b, void *nodes)
{
    const struct ik_model_node *all = nodes;
    return strcmp(all[*(const uint32_t *)a].name, all[*(const uint32_t *)b].name);
}

static enum ik_err names_sort(struct ik_model *m)
{
    m->by_name = ik_arena_array(m->arena, m->n_nodes, sizeof(*m->by_name));
    if (!m->by_name)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < m->n_nodes; i++)
        m->by_name[i] = i;
    qsort_r(m->by_name, m->n_nodes, sizeof(*m->by_name), name_order, m->nodes);
    return IK_OK;
}

uint32_t ik_model_find(const struct ik_model *m, const char *name)
{
    uint32_t low = 0, high = m->n_nodes;
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        const int order = strcmp(m->nodes[m->by_name[mid]].name, name);
        if (order == 0)
            return m->by_name[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return IK_MODEL_NONE;
}

static const char *node_name(const void *ctx, size_t i)
{
    return ((const struct ik_model *)ctx)->nodes[i].name;
}

static enum ik_err no_node(const struct ik_model *m, const struct ik_tree_node *name)
{
    char all[120];
    struct ik_addr a;
    const struct ik_model_owner *owner =
        ik_addr_parse(name->text, &a) == IK_OK ? ik_address_owner(m, &a) : NULL;
    const char *near =
        owner ? m->nodes[owner->node].name : ik_text_nearest(name->text, node_name, m, m->n_nodes);
    if (near)
        return ik_say_at(m->fault, name, "no node \"%.80s\": did you mean %s?", name->text, near);
    return ik_say_at(m->fault, name, "no node \"%.80s\": there are %s", name->text,
                     ik_say_names(all, sizeof(all), node_name, m, m->n_nodes));
}

enum ik_err ik_model_node_of(const struct ik_model *m, const struct ik_tree_node *name,
                             uint32_t *out)
{
    const uint32_t node = ik_model_find(m, name->text);
    if (node == IK_MODEL_NONE)
        return no_node(m, name);
    *out = node;
    return IK_OK;
}

struct ik_addr ik_model_addr(const struct ik_model *m, uint32_t node, uint8_t family)
{
    const struct ik_model_node *n = &m->nodes[node];
    for (unsigned f = 0; f < 2; f++) {
        if (family && ik_model_family(family) != f)
            continue;
        for (uint8_t port = 0; port < n->n_ports; port++) {
            const struct ik_model_end *end =
                &m->links[n->ports[port].link].ends[n->ports[port].end];
            if (end->addr[f].family)
                return end->addr[f];
        }
    }
    return (struct ik_addr){0};
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* The port of a NAT that its `outside` names. */
static enum ik_err nat_settle(struct ik_model *m, struct ik_model_node *n)
{
    uint32_t outside;
    const enum ik_err err = ik_model_node_of(m, n->nat_outside, &outside);
    if (err)
        return err;
    for (uint8_t port = 0; port < n->n_ports; port++) {
        const struct ik_model_link *l = &m->links[n->ports[port].link];
        for (uint32_t e = 0; e < l->n_ends; e++) {
            if (l->ends[e].node != outside || &m->nodes[outside] == n)
                continue;
            if (!l->net[0].addr.family)
                return ik_say_at(m->fault, n->nat_outside,
                                 "the link to %s has no net to translate to: give it one, such "
                                 "as net: 192.0.2.0/24",
                                 n->nat_outside->text);
            n->nat->outside = port;
            return IK_OK;
        }
    }
    return ik_say_at(m->fault, n->nat_outside, "%s has no link to %s: outside must be a neighbour",
                     n->name, n->nat_outside->text);
}

static enum ik_err vantage_settle(struct ik_model *m, const struct ik_tree_node *at)
{
    const enum ik_err err = ik_model_node_of(m, at, &m->vantage);
    if (err)
        return err;
    m->vantage_name = at->text;
    if (m->nodes[m->vantage].simulated)
        return ik_say_at(m->fault, at,
                         "the vantage %s only stands in for public addresses: take a node that is "
                         "not `simulated`",
                         at->text);
    return IK_OK;
}

/* The machine takes the place of one interface. */
static enum ik_err external_check(const struct ik_model *m, const struct ik_tree_node *at)
{
    const unsigned n = m->nodes[m->vantage].n_ports;
    if (!m->external || n == 1)
        return IK_OK;
    return ik_say_at(m->fault, at,
                     "the vantage %s has %u links: for the machine to take its place "
                     "it must have one",
                     at->text, n);
}

static enum ik_err read_net(struct ik_model *m, const struct root_read *r)
{
    enum ik_err err = ik_node_read_all(m, r->nodes);
    if (!err)
        err = names_sort(m);
    if (!err)
        err = vantage_settle(m, r->vantage);
    if (!err)
        err = ik_link_read_all(m, r->links);
    if (!err)
        err = ik_address_assign(m);
    if (!err)
        err = external_check(m, r->vantage);
    for (uint32_t i = 0; i < m->n_nodes && !err; i++)
        if (m->nodes[i].nat && !m->nodes[i].left_out)
            err = nat_settle(m, &m->nodes[i]);
    return err;
}

enum ik_err ik_model_read(struct ik_model *m, const struct ik_tree_node *root)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct root_read r = {.seed = 1};
    enum ik_err err = ik_keys_read(&ctx, &root_of, root, &r);
    if (err)
        return err;
    m->seed = r.seed;
    err = read_net(m, &r);
    if (!err && r.routes)
        err = ik_plan_routes(m, r.routes);
    if (!err)
        err = ik_paths_find(m);
    if (!err && r.events)
        err = ik_plan_events(m, r.events);
    if (!err && r.traffic)
        err = ik_plan_traffic(m, r.traffic);
    return err;
}
