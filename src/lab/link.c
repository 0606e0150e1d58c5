/* SPDX-License-Identifier: MIT */
#include "lab/link.h"

#include "conf/units.h"
#include "net/scope.h"

#include <icmpkit/record.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A link while it is read; what holds for both directions is in `all` first. */
struct link_read {
    struct ik_model_link link;
    struct ik_model_way all;
    const struct ik_tree_node *between, *addresses, *forward, *back;
};

/* ---- what happens on the way ----------------------------------------------------------------- */

#define HOUR (3600 * IK_NS_PER_S)
#define BURST(member) IK_KEYS_MEMBER(struct ik_sim_impair, member)
static const struct ik_key burst_keys[] = {
    {"start", IK_KEY_RATIO, BURST(burst_start), .required = true},
    {"end", IK_KEY_RATIO, BURST(burst_end), .required = true},
    {"loss", IK_KEY_RATIO, BURST(burst_loss), .required = true},
};
static const struct ik_keys burst_of = {"burst", burst_keys, COUNT(burst_keys)};

static enum ik_err burst_into(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                              struct ik_sim_impair *impair)
{
    return ik_keys_read(ctx, &burst_of, value, impair);
}

static enum ik_err read_burst(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                              void *object)
{
    return burst_into(ctx, value, &((struct ik_model_way *)object)->impair);
}

static enum ik_err read_burst_all(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                  void *object)
{
    return burst_into(ctx, value, &((struct link_read *)object)->all.impair);
}

/* The keys that a link and each of its directions have; `to` is the way to a member. */
#define IMPAIR_KEYS(to, burst)                                                          \
    {"delay", IK_KEY_TIME, to(impair.delay), .min = 0, .max = HOUR},                    \
        {"jitter", IK_KEY_TIME, to(impair.jitter), .min = 0, .max = HOUR},              \
        {"loss", IK_KEY_RATIO, to(impair.loss)}, {"burst", IK_KEY_READ, .read = burst}, \
        {"duplicate", IK_KEY_RATIO, to(impair.duplicate)},                              \
        {"corrupt", IK_KEY_RATIO, to(impair.corrupt)},                                  \
        {"reorder", IK_KEY_RATIO, to(impair.reorder)},                                  \
        {"reorder_by", IK_KEY_TIME, to(impair.reorder_by), .min = 0, .max = HOUR},      \
        {"rate", IK_KEY_BITRATE, to(impair.rate_bps)},                                  \
        {"queue", IK_KEY_INT, to(impair.queue), .min = 1, .max = 100000},               \
        {"black_hole", IK_KEY_INT, to(impair.mtu), .min = 68, .max = 65535},            \
    {                                                                                   \
        "down", IK_KEY_FLAG, to(impair.down)                                            \
    }

#define WAY(member) IK_KEYS_MEMBER(struct ik_model_way, member)
/* `set` has all but the last: routes are found once. */
static const struct ik_key way_keys[] = {
    IMPAIR_KEYS(WAY, read_burst),
    {"cost", IK_KEY_INT, WAY(cost), .min = 1, .max = 65535},
};
static const struct ik_keys way_of = {N_("a direction"), way_keys, COUNT(way_keys)};
static const struct ik_keys set_of = {"set", way_keys, COUNT(way_keys) - 1};

#define LINK(member) IK_KEYS_MEMBER(struct link_read, member)
#define ALL(member) LINK(all.member)
static const struct ik_key link_keys[] = {
    {"between", IK_KEY_NODE, LINK(between), .required = true, .example = "[me, gw]"},
    {"net", IK_KEY_PREFIX, LINK(link.net[0]), .family = 4},
    {"net6", IK_KEY_PREFIX, LINK(link.net[1]), .family = 6},
    {"addresses", IK_KEY_NODE, LINK(addresses)},
    {"name", IK_KEY_TEXT, LINK(link.name)},
    {"cost", IK_KEY_INT, ALL(cost), .min = 1, .max = 65535},
    {"mtu", IK_KEY_INT, LINK(link.mtu), .min = 68, .max = 65535},
    {"resolve", IK_KEY_FLAG, LINK(link.resolve)},
    {"forward", IK_KEY_NODE, LINK(forward)},
    {"back", IK_KEY_NODE, LINK(back)},
    IMPAIR_KEYS(ALL, read_burst_all),
};
static const struct ik_keys link_of = {N_("a link"), link_keys, COUNT(link_keys)};

enum ik_err ik_link_check(const struct ik_model *m, const struct ik_tree_node *at,
                          const struct ik_sim_impair *impair)
{
    char jitter[32], delay[32];
    if (impair->jitter > impair->delay)
        return ik_say_at(m->fault, at,
                         "a jitter of %s must not be more than the delay of %s, which it adds to "
                         "and takes from",
                         ik_units_time_text(impair->jitter, jitter),
                         ik_units_time_text(impair->delay, delay));
    if (impair->queue && !impair->rate_bps)
        return ik_say_at(
            m->fault, at,
            "a queue of %u needs a rate, such as rate: 10Mbit: without one nothing waits",
            (unsigned)impair->queue);
    if (impair->reorder_by && !impair->reorder)
        return ik_say_at(m->fault, at, "reorder_by needs how many, such as reorder: 1%%");
    return IK_OK;
}

enum ik_err ik_link_read_set(const struct ik_model *m, const struct ik_tree_node *set,
                             struct ik_sim_impair *over)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct ik_model_way way = {.impair = *over};
    enum ik_err err = ik_keys_read(&ctx, &set_of, set, &way);
    if (!err)
        err = ik_link_check(m, set, &way.impair);
    if (!err)
        *over = way.impair;
    return err;
}

static enum ik_err read_ways(const struct ik_model *m, struct link_read *r)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    enum ik_err err = IK_OK;
    r->link.forward = r->link.back = r->all;
    if (r->link.n_ends > 2 && r->forward)
        return ik_say_at(m->fault, r->forward,
                         "a segment of %u nodes has no directions: say it of the link",
                         (unsigned)r->link.n_ends);
    if (r->link.n_ends > 2 && r->back)
        return ik_say_at(m->fault, r->back,
                         "a segment of %u nodes has no directions: say it of the link",
                         (unsigned)r->link.n_ends);
    if (r->forward)
        err = ik_keys_read(&ctx, &way_of, r->forward, &r->link.forward);
    if (r->back && !err)
        err = ik_keys_read(&ctx, &way_of, r->back, &r->link.back);
    if (!err)
        err = ik_link_check(m, r->forward ? r->forward : r->link.at, &r->link.forward.impair);
    if (!err)
        err = ik_link_check(m, r->back ? r->back : r->link.at, &r->link.back.impair);
    return err;
}

/* ---- ends and their addresses ---------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static enum ik_err ends_unique(const struct ik_model *m, const struct ik_tree_node *between,
                               const struct ik_model_link *link)
{
    uint32_t *all = malloc(link->n_ends * sizeof(*all));
    if (!all)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < link->n_ends; i++)
        all[i] = link->ends[i].node;
    qsort(all, link->n_ends, sizeof(*all), by_number);
    enum ik_err err = IK_OK;
    for (uint32_t i = 1; i < link->n_ends && !err; i++)
        if (all[i - 1] == all[i])
            err = ik_say_at(m->fault, between, "%s stands in `between` twice: name each node once",
                            m->nodes[all[i]].name);
    free(all);
    return err;
}

static enum ik_err read_between(const struct ik_model *m, struct link_read *r)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    const struct ik_tree_node *between = r->between;
    enum ik_err err = ik_keys_list(&ctx, between, "between", "[me, gw]");
    if (err)
        return err;
    if (between->n < 2)
        return ik_say_at(m->fault, between, "a link is between two nodes or more, such as [a, b]");
    r->link.ends = ik_arena_array(m->arena, between->n, sizeof(*r->link.ends));
    if (!r->link.ends)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < between->n && !err; i++)
        err = ik_model_node_of(m, between->items[i].value, &r->link.ends[i].node);
    r->link.n_ends = between->n;
    return err ? err : ends_unique(m, between, &r->link);
}

/* The longest prefix with room for so many. */
static unsigned widest_enough(struct ik_prefix net, uint32_t n_ends)
{
    while (ik_prefix_hosts(&net) < n_ends)
        net.bits--;
    return net.bits;
}

/* The i-th name has the i-th address of each net. */
static enum ik_err give_addresses(const struct ik_model *m, struct link_read *r)
{
    const struct ik_model_link *l = &r->link;
    if (!l->net[0].addr.family && !l->net[1].addr.family)
        return ik_say_at(m->fault, l->at,
                         "a link needs net, net6 or both, such as net: 10.0.1.0/24");
    for (unsigned f = 0; f < 2; f++) {
        char text[IK_ADDR_TEXT];
        if (!l->net[f].addr.family)
            continue;
        if (ik_prefix_hosts(&l->net[f]) < l->n_ends)
            return ik_say_at(m->fault, l->at, "%s/%u is too small for %u nodes: take /%u or wider",
                             ik_addr_text(&l->net[f].addr, text), l->net[f].bits,
                             (unsigned)l->n_ends, widest_enough(l->net[f], l->n_ends));
        for (uint32_t i = 0; i < l->n_ends; i++)
            l->ends[i].addr[f] = ik_prefix_host(&l->net[f], i);
        if (!ik_scope_is_single_host(&l->ends[0].addr[f]) ||
            (f == 1 && ik_addr_is_link_local(&l->ends[0].addr[f])))
            return ik_say_at(m->fault, l->at, "%s/%u is no net for nodes: take another, such as %s",
                             ik_addr_text(&l->net[f].addr, text), l->net[f].bits,
                             f ? "2001:db8:1::/64" : "10.0.1.0/24");
    }
    return IK_OK;
}

/* True when a node may have the address in its net: neither the net itself nor its broadcast. */
static bool is_host_of(const struct ik_prefix *net, const struct ik_addr *a)
{
    if (!ik_prefix_contains(net, a))
        return false;
    const uint64_t hosts = ik_prefix_hosts(net);
    const struct ik_addr first = ik_prefix_host(net, 0);
    if (memcmp(a->bytes, first.bytes, sizeof(a->bytes)) < 0)
        return false;
    if (hosts == UINT64_MAX)
        return true;
    const struct ik_addr last = ik_prefix_host(net, hosts - 1);
    return memcmp(a->bytes, last.bytes, sizeof(a->bytes)) <= 0;
}

static const char *const nets[] = {"net", "net6"};

static enum ik_err address_set(const struct ik_model *m, const struct ik_model_link *l,
                               struct ik_model_end *end, const struct ik_tree_node *value)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct ik_addr a;
    enum ik_err err = ik_keys_addr(&ctx, value, "addresses", 0, &a);
    if (err)
        return err;
    const unsigned f = ik_model_family(a.family);
    char first[IK_ADDR_TEXT];
    if (!l->net[f].addr.family)
        return ik_say_at(m->fault, value, "the link has no %s for %s: give it one, such as %s: %s",
                         nets[f], value->text, nets[f], f ? "2001:db8:1::/64" : "10.0.1.0/24");
    const struct ik_addr host = ik_prefix_host(&l->net[f], 0);
    if (!is_host_of(&l->net[f], &a))
        return ik_say_at(m->fault, value,
                         "%s is no host address of the link's %s: those begin at %s", value->text,
                         nets[f], ik_addr_text(&host, first));
    end->addr[f] = a;
    return IK_OK;
}

static struct ik_model_end *end_of(const struct ik_model_link *l, uint32_t node)
{
    for (uint32_t i = 0; i < l->n_ends; i++)
        if (l->ends[i].node == node)
            return &l->ends[i];
    return NULL;
}

/* `addresses: {far: 203.0.113.9}`, or a list of one of each family. */
static enum ik_err read_addresses(const struct ik_model *m, const struct link_read *r)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    if (!r->addresses)
        return IK_OK;
    enum ik_err err = ik_keys_map(&ctx, r->addresses, "addresses", "far: 10.0.1.9");
    for (uint32_t i = 0; !err && i < r->addresses->n; i++) {
        const struct ik_tree_item *item = &r->addresses->items[i];
        uint32_t node;
        err = ik_model_node_of(m, item->key, &node);
        if (err)
            return err;
        struct ik_model_end *end = end_of(&r->link, node);
        if (!end)
            return ik_say_at(m->fault, item->key,
                             "%s is not in `between`, which names who is on this link",
                             item->key->text);
        if (item->value->kind != IK_TREE_LIST)
            err = address_set(m, &r->link, end, item->value);
        else
            for (uint32_t k = 0; k < item->value->n && !err; k++)
                err = address_set(m, &r->link, end, item->value->items[k].value);
    }
    return err;
}

/* ---- links ----------------------------------------------------------------------------------- */

/* Tables, graphs and names of files have it: what a terminal would obey is no name. */
static enum ik_err name_check(const struct ik_model *m, const struct ik_model_link *l)
{
    enum { MOST = 127 };
    char safe[4 * MOST + 1];
    const size_t n = strlen(l->name);
    const struct ik_rd bytes = {(const uint8_t *)l->name, n};
    if (n > 0 && n <= MOST && strcmp(ik_text_escape(bytes, safe, sizeof(safe)), l->name) == 0)
        return IK_OK;
    return ik_say_at(m->fault, l->at,
                     "the name of a link must be 1 to %d bytes of text that a terminal shows as "
                     "it is, such as backbone-2",
                     MOST);
}

static enum ik_err name_link(const struct ik_model *m, struct ik_model_link *l)
{
    char name[140];
    if (l->name)
        return name_check(m, l);
    snprintf(name, sizeof(name), "%s-%s%s", m->nodes[l->ends[0].node].name,
             m->nodes[l->ends[1].node].name, l->n_ends > 2 ? "-..." : "");
    l->name = ik_arena_copy(m->arena, name, strlen(name));
    return l->name ? IK_OK : ik_say_nomem(m->fault);
}

static enum ik_err mtu_check(const struct ik_model *m, const struct ik_model_link *l)
{
    if (l->net[1].addr.family && l->mtu < 1280)
        return ik_say_at(
            m->fault, l->at,
            "an mtu of %u is less than the 1280 that IPv6 needs: raise it, or leave net6 out",
            (unsigned)l->mtu);
    return IK_OK;
}

static enum ik_err read_link(const struct ik_model *m, const struct ik_tree_node *map,
                             struct ik_model_link *out)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct link_read r = {.link = {.at = map, .mtu = 1500}, .all = {.cost = 1}};
    enum ik_err err = ik_keys_read(&ctx, &link_of, map, &r);
    if (!err)
        err = read_between(m, &r);
    if (!err)
        err = read_ways(m, &r);
    if (!err)
        err = give_addresses(m, &r);
    if (!err)
        err = read_addresses(m, &r);
    if (!err)
        err = mtu_check(m, &r.link);
    if (!err)
        err = name_link(m, &r.link);
    if (!err)
        *out = r.link;
    return err;
}

enum ik_err ik_link_read_all(struct ik_model *m, const struct ik_tree_node *links)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    uint64_t ends = 0;
    enum ik_err err = ik_keys_list(&ctx, links, "links", "[{between: [me, gw], net: 10.0.1.0/24}]");
    if (err)
        return err;
    if (links->n > IK_MODEL_LINKS_MAX)
        return ik_say_at(m->fault, links, "%u links are too many: at most %d", (unsigned)links->n,
                         IK_MODEL_LINKS_MAX);
    m->links = ik_arena_array(m->arena, links->n, sizeof(*m->links));
    if (!m->links)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < links->n && !err; i++) {
        err = read_link(m, links->items[i].value, &m->links[i]);
        ends += m->links[i].n_ends;
        m->n_links = i + 1;
        if (!err && ends > IK_MODEL_ENDS_MAX)
            err = ik_say_at(m->fault, links->items[i].value,
                            "too many nodes in `between` of all links: at most %d",
                            IK_MODEL_ENDS_MAX);
    }
    return err;
}

/* ---- finding --------------------------------------------------------------------------------- */

static bool joins(const struct ik_model_link *l, const uint32_t *nodes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!end_of(l, nodes[i]))
            return false;
    return true;
}

static const char *link_name(const void *ctx, size_t i)
{
    return ((const struct ik_model *)ctx)->links[i].name;
}

/* The only link that joins them all. */
static enum ik_err link_between(const struct ik_model *m, const struct ik_tree_node *value,
                                const uint32_t nodes[static 2], uint32_t *out)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < m->n_links; i++) {
        if (joins(&m->links[i], nodes, 2)) {
            *out = i;
            found++;
        }
    }
    if (found == 1)
        return IK_OK;
    const char *a = m->nodes[nodes[0]].name, *b = m->nodes[nodes[1]].name;
    char all[120];
    if (found == 0)
        return ik_say_at(m->fault, value, "no link between %s and %s: there are %s", a, b,
                         ik_say_names(all, sizeof(all), link_name, m, m->n_links));
    return ik_say_at(m->fault, value,
                     "%u links between %s and %s: give the one that is meant a "
                     "name, and write that",
                     (unsigned)found, a, b);
}

static enum ik_err link_named(const struct ik_model *m, const struct ik_tree_node *value,
                              uint32_t *out)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < m->n_links; i++) {
        if (strcmp(m->links[i].name, value->text) == 0) {
            *out = i;
            found++;
        }
    }
    if (found == 1)
        return IK_OK;
    if (found > 1)
        return ik_say_at(m->fault, value, "%u links are named %.80s: give each a name of its own",
                         (unsigned)found, value->text);
    const char *near = ik_text_nearest(value->text, link_name, m, m->n_links);
    if (near)
        return ik_say_at(m->fault, value, "no link \"%.80s\": did you mean %s?", value->text, near);
    char all[120];
    return ik_say_at(m->fault, value, "no link \"%.80s\": there are %s", value->text,
                     ik_say_names(all, sizeof(all), link_name, m, m->n_links));
}

enum ik_err ik_link_of(const struct ik_model *m, const struct ik_tree_node *value, uint32_t *out)
{
    uint32_t nodes[2];
    if (value->kind == IK_TREE_SCALAR)
        return link_named(m, value, out);
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    enum ik_err err = ik_keys_list(&ctx, value, "link", "[me, gw]");
    if (err)
        return err;
    if (value->n != 2)
        return ik_say_at(m->fault, value,
                         "link must be two nodes that it joins, such as [me, gw], or its name");
    for (uint32_t i = 0; i < 2 && !err; i++)
        err = ik_model_node_of(m, value->items[i].value, &nodes[i]);
    return err ? err : link_between(m, value, nodes, out);
}
