/* SPDX-License-Identifier: MIT */
#include "lab/node.h"

#include "lab/filter.h"
#include "lab/node_errors.h"
#include "lab/node_services.h"
#include "conf/units.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { PREFIXES_MAX = 200 };

/* A node while it is read: its members, and keys whose meaning depends on its kind or others. */
struct node_read {
    struct ik_model_node node;
    struct ik_keys_ports udp_open, tcp_open;
    uint32_t alive; /* parts of 2^32; 0: not given */
    bool solicit, quench, source_routes;
    ik_ns reassembly;
};

/* ---- keys that are objects ------------------------------------------------------------------- */

static enum ik_err read_errors(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                               void *object)
{
    return ik_node_errors_read(ctx, value, &((struct node_read *)object)->node.options);
}

static enum ik_err read_advertise(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                  void *object)
{
    return ik_node_services_advertise(ctx, value, &((struct node_read *)object)->node.options);
}

static enum ik_err read_answers(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                void *object)
{
    return ik_node_services_answers(ctx, value, &((struct node_read *)object)->node.options);
}

static enum ik_err read_nat(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                            void *object)
{
    return ik_node_services_nat(ctx, value, &((struct node_read *)object)->node);
}

static enum ik_err read_probe(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                              void *object)
{
    return ik_node_services_probe(ctx, value, &((struct node_read *)object)->node.options);
}

static enum ik_err read_filter(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                               void *object)
{
    struct ik_stack_options *o = &((struct node_read *)object)->node.options;
    struct ik_stack_filter_rule *rules = NULL;
    const enum ik_err err = ik_filter_read(ctx, value, &rules, &o->n_filter);
    o->filter = rules;
    return err;
}

static enum ik_err read_prefixes(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                 void *object)
{
    struct ik_model_node *node = &((struct node_read *)object)->node;
    struct ik_keys_prefixes all;
    const enum ik_err err = ik_keys_prefixes(ctx, value, "prefixes", 0, PREFIXES_MAX, &all);
    if (err)
        return err;
    node->options.prefixes = node->prefixes = all.prefixes;
    node->options.n_prefixes = (uint16_t)all.n;
    return IK_OK;
}

static enum ik_err read_udp_open(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                 void *object)
{
    struct node_read *r = object;
    if (value->kind == IK_TREE_SCALAR && strcmp(value->text, "all") == 0) {
        r->node.options.udp_open_all = true;
        return IK_OK;
    }
    return ik_keys_ports(ctx, "udp_open", value, &r->udp_open);
}

/* The standard behaviour, said aloud. */
static enum ik_err read_udp_closed(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                   void *object)
{
    (void)object;
    if (strcmp(value->text, "all") == 0)
        return IK_OK;
    return ik_keys_wrong(ctx, value, "udp_closed",
                         "all: ports are closed unless udp_open names them");
}

/* ---- the table ------------------------------------------------------------------------------- */

/* Each in the order of its enum, or of its bits. */
static const char *const kinds[] = {"host", "router", NULL};
static const char *const balances[] = {"flow", "packet", "destination", NULL};
static const char *const weaknesses[] = {"ping-of-death", "teardrop", "land", NULL};
static const char *const oddities[] = {"quote-checksum", "quote-length", "ttl-copied", "zero-ttl",
                                       "bad-checksum",   "echo-cut",     NULL};

#define NODE(member) IK_KEYS_MEMBER(struct node_read, member)
#define OPTION(member) NODE(node.options.member)
#define DAY (24 * 3600 * IK_NS_PER_S)
static const struct ik_key node_keys[] = {
    {"kind", IK_KEY_CHOICE, OPTION(kind), .words = kinds, .required = true},
    {"simulated", IK_KEY_FLAG, NODE(node.simulated)},
    {"start", IK_KEY_TIME, NODE(node.start), .min = 0, .max = DAY},
    {"answers", IK_KEY_READ, .read = read_answers},
    {"learn_mask", IK_KEY_FLAG, OPTION(mask_learn)},
    {"clock_offset", IK_KEY_TIME, OPTION(clock_offset), .min = -DAY, .max = DAY},
    {"silent", IK_KEY_FLAG, OPTION(silent)},
    {"errors", IK_KEY_READ, .read = read_errors},
    {"ttl_propagation", IK_KEY_OFF, OPTION(mpls_hides)},
    {"legacy", IK_KEY_WORDS, OPTION(legacy), .words = weaknesses},
    {"odd", IK_KEY_WORDS, OPTION(odd), .words = oddities},
    {"redirects", IK_KEY_OFF, OPTION(no_redirects)},
    {"source_quench", IK_KEY_FLAG, NODE(quench)},
    {"router_advertisement", IK_KEY_READ, .read = read_advertise},
    {"router_solicitation", IK_KEY_FLAG, NODE(solicit)},
    {"pmtud", IK_KEY_OFF, OPTION(no_pmtud)},
    {"pmtu_timeout", IK_KEY_TIME, OPTION(pmtu_timeout), .min = IK_NS_PER_S, .max = DAY},
    {"reassembly", IK_KEY_TIME, NODE(reassembly), .min = IK_NS_PER_S, .max = 120 * IK_NS_PER_S},
    {"reassembly_max", IK_KEY_INT, OPTION(reassembly_max), .min = 1, .max = 64},
    {"ttl", IK_KEY_INT, OPTION(ttl), .min = 1, .max = 255},
    {"balance", IK_KEY_CHOICE, OPTION(balance), .words = balances},
    {"source_routes", IK_KEY_FLAG, NODE(source_routes)},
    {"directed_broadcast", IK_KEY_FLAG, OPTION(directed_broadcast)},
    {"forwarding", IK_KEY_OFF, OPTION(forwarding_off)},
    {"precedence_cutoff", IK_KEY_INT, OPTION(precedence_cutoff), .min = 1, .max = 7},
    {"filter", IK_KEY_READ, .read = read_filter},
    {"nat", IK_KEY_READ, .read = read_nat},
    {"probe", IK_KEY_READ, .read = read_probe},
    {"udp_open", IK_KEY_READ, .read = read_udp_open},
    {"udp_closed", IK_KEY_READ, .read = read_udp_closed},
    {"tcp_open", IK_KEY_PORTS, NODE(tcp_open)},
    {"prefixes", IK_KEY_READ, .read = read_prefixes},
    {"alive", IK_KEY_RATIO, NODE(alive)},
    {"neighbours", IK_KEY_INT, OPTION(neighbours_max), .min = 2, .max = 65535},
    {"neighbour_queue", IK_KEY_INT, OPTION(queue_max), .min = 1, .max = 64},
    {"destinations", IK_KEY_INT, OPTION(destinations_max), .min = 1, .max = 65535},
};
static const struct ik_keys node_of = {N_("a node"), node_keys, COUNT(node_keys)};

/* Keys that only one kind knows; said on the other they would do nothing. */
static const struct {
    const char *name;
    enum ik_stack_kind kind;
} only[] = {
    {"router_advertisement", IK_STACK_ROUTER},
    {"balance", IK_STACK_ROUTER},
    {"directed_broadcast", IK_STACK_ROUTER},
    {"forwarding", IK_STACK_ROUTER},
    {"precedence_cutoff", IK_STACK_ROUTER},
    {"nat", IK_STACK_ROUTER},
    {"ttl_propagation", IK_STACK_ROUTER},
    {"router_solicitation", IK_STACK_HOST},
    {"learn_mask", IK_STACK_HOST},
    {"prefixes", IK_STACK_HOST},
};

static enum ik_err kind_check(const struct ik_keys_ctx *ctx, const struct ik_tree_node *map,
                              enum ik_stack_kind kind)
{
    for (size_t i = 0; i < COUNT(only); i++) {
        const struct ik_tree_node *value = ik_tree_find(map, only[i].name);
        if (value && only[i].kind != kind)
            return ik_say_at(ctx->fault, value, "%s is for a %s, and this is a %s: leave it out",
                             only[i].name, kinds[only[i].kind], kinds[kind]);
    }
    return IK_OK;
}

static enum ik_err ports_check(const struct ik_keys_ctx *ctx, const struct ik_tree_node *map)
{
    const struct ik_tree_node *closed = ik_tree_find(map, "udp_closed");
    if (closed && ik_tree_find(map, "udp_open"))
        return ik_say_at(ctx->fault, closed,
                         "udp_closed: all and udp_open contradict each other: leave one out");
    return IK_OK;
}

static enum ik_err alive_check(const struct ik_keys_ctx *ctx, const struct ik_tree_node *map,
                               struct node_read *r)
{
    const struct ik_tree_node *alive = ik_tree_find(map, "alive");
    if (!alive)
        return IK_OK;
    if (r->node.options.n_prefixes == 0)
        return ik_say_at(
            ctx->fault, alive,
            "alive says how much of `prefixes` is, and there are none: add some, such as "
            "prefixes: 198.51.100.0/24");
    const uint64_t permille = ((uint64_t)r->alive * 1000 + (UINT64_C(1) << 31)) >> 32;
    if (permille == 0)
        return ik_say_at(ctx->fault, alive,
                         "wrong value \"%.80s\" for alive: must be from 0.1%% to "
                         "100%%",
                         alive->text);
    r->node.options.alive_permille = (uint16_t)permille;
    return IK_OK;
}

/* What the keys mean for this kind. */
static void settle(struct node_read *r, const struct ik_tree_node *map)
{
    struct ik_stack_options *o = &r->node.options;
    const bool router = o->kind == IK_STACK_ROUTER;
    o->udp_open = r->udp_open.ports;
    o->n_udp_open = r->udp_open.n;
    o->tcp_open = r->tcp_open.ports;
    o->n_tcp_open = r->tcp_open.n;
    o->solicit4 = o->solicit6 = r->solicit;
    *(router ? &o->quench_send : &o->quench_obey) = r->quench;
    if (router)
        o->no_source_routes = ik_tree_find(map, "source_routes") && !r->source_routes;
    else
        o->source_routes = r->source_routes;
    o->reassembly4 = o->reassembly6 = r->reassembly;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* Names are the hop names of traces and words of command lines. */
static enum ik_err name_check(const struct ik_keys_ctx *ctx, const struct ik_tree_node *key)
{
    struct ik_addr a;
    const size_t n = strlen(key->text);
    const size_t good = strspn(key->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789-_.");
    if (n == 0 || n > 63 || good != n || strchr("-.", key->text[0]))
        return ik_say_at(ctx->fault, key,
                         "\"%.80s\" is no name for a node: letters, digits, and "
                         "- _ . inside, at most 63, such as web-1",
                         key->text);
    if (ik_addr_parse(key->text, &a) == IK_OK)
        return ik_say_at(ctx->fault, key,
                         "\"%s\" is no name for a node: it is an address; take a word such as web",
                         key->text);
    return IK_OK;
}

static enum ik_err read_node(const struct ik_keys_ctx *ctx, const struct ik_tree_item *item,
                             struct ik_model_node *out)
{
    struct node_read r = {.node = {.name = item->key->text, .at = item->key}};
    enum ik_err err = name_check(ctx, item->key);
    if (!err)
        err = ik_keys_read(ctx, &node_of, item->value, &r);
    if (!err)
        err = kind_check(ctx, item->value, r.node.options.kind);
    if (!err)
        err = ports_check(ctx, item->value);
    if (!err)
        err = alive_check(ctx, item->value, &r);
    if (err)
        return err;
    settle(&r, item->value);
    *out = r.node;
    return IK_OK;
}

/* What the tables of all nodes would hold that the file gives a size. */
static enum ik_err memory_check(const struct ik_model *m, const struct ik_tree_node *nodes)
{
    uint64_t rows = 0;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct ik_model_node *n = &m->nodes[i];
        rows += (uint64_t)n->options.neighbours_max + n->options.destinations_max;
        rows += n->nat ? n->nat->max_mappings : 0;
        if (rows > IK_MODEL_MEMORY_MAX)
            return ik_say_at(
                m->fault, nodes->items[i].value,
                "neighbours, destinations and mappings of more than %d in all: give nodes fewer",
                IK_MODEL_MEMORY_MAX);
    }
    return IK_OK;
}

enum ik_err ik_node_read_all(struct ik_model *m, const struct ik_tree_node *nodes)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    enum ik_err err = ik_keys_map(&ctx, nodes, "nodes", "me: {kind: host}, gw: {kind: router}");
    if (err)
        return err;
    if (nodes->n > IK_MODEL_NODES_MAX)
        return ik_say_at(m->fault, nodes, "%u nodes are too many: at most %d", (unsigned)nodes->n,
                         IK_MODEL_NODES_MAX);
    m->nodes = ik_arena_array(m->arena, nodes->n, sizeof(*m->nodes));
    if (!m->nodes)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < nodes->n && !err; i++)
        err = read_node(&ctx, &nodes->items[i], &m->nodes[i]);
    m->n_nodes = nodes->n;
    return err ? err : memory_check(m, nodes);
}
