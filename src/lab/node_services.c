/* SPDX-License-Identifier: MIT */
#include "lab/node_services.h"

#include "lab/filter.h"
#include "conf/units.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SOURCES_MAX = 200 };

/* ---- NAT ------------------------------------------------------------------------------------- */

struct nat_read {
    struct ik_stack_nat_cfg nat;
    const struct ik_tree_node *outside, *forbid;
};

#define NAT(member) IK_KEYS_MEMBER(struct nat_read, member)
#define TIMEOUT .min = IK_NS_PER_S, .max = 24 * 3600 * IK_NS_PER_S
static const struct ik_key nat_keys[] = {
    {"outside", IK_KEY_NODE, NAT(outside), .required = true, .example = "isp"},
    {"mappings", IK_KEY_INT, NAT(nat.max_mappings), .min = 1, .max = 60000},
    {"query_timeout", IK_KEY_TIME, NAT(nat.query_timeout), TIMEOUT},
    {"udp_timeout", IK_KEY_TIME, NAT(nat.udp_timeout), TIMEOUT},
    {"tcp_timeout", IK_KEY_TIME, NAT(nat.tcp_timeout), TIMEOUT},
    {"tcp_open_timeout", IK_KEY_TIME, NAT(nat.tcp_open_timeout), TIMEOUT},
    {"filter_by_address", IK_KEY_FLAG, NAT(nat.filter_by_address)},
    {"forbid", IK_KEY_NODE, NAT(forbid)},
};
static const struct ik_keys nat_of = {"nat", nat_keys, COUNT(nat_keys)};

enum ik_err ik_node_services_nat(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                 struct ik_model_node *node)
{
    struct nat_read r = {.nat = {.max_mappings = 1024}};
    uint16_t n = 0;
    enum ik_err err = ik_keys_read(ctx, &nat_of, value, &r);
    if (!err && r.forbid)
        err = ik_filter_read(ctx, r.forbid, &r.nat.rules, &n);
    if (err)
        return err;
    r.nat.n_rules = n;
    node->nat = ik_arena_take(ctx->arena, sizeof(*node->nat));
    if (!node->nat)
        return ik_say_nomem(ctx->fault);
    *node->nat = r.nat;
    node->nat_outside = r.outside;
    node->options.nat = node->nat;
    return IK_OK;
}

/* ---- PROBE (RFC 8335) ------------------------------------------------------------------------ */

struct probe_read {
    struct ik_stack_probe_cfg probe;
    const struct ik_tree_node *permitted;
};

#define PROBE(member) IK_KEYS_MEMBER(struct probe_read, member)
static const struct ik_key probe_keys[] = {
    {"local", IK_KEY_OFF, PROBE(probe.no_local)},
    {"remote", IK_KEY_FLAG, PROBE(probe.remote)},
    {"by_name", IK_KEY_FLAG, PROBE(probe.by_name)},
    {"by_index", IK_KEY_FLAG, PROBE(probe.by_index)},
    {"by_address", IK_KEY_FLAG, PROBE(probe.by_addr)},
    {"permitted", IK_KEY_NODE, PROBE(permitted), .required = true, .example = "[10.0.0.0/8]"},
    {"rate", IK_KEY_PER_SECOND, PROBE(probe.rate)},
};
static const struct ik_keys probe_of = {"probe", probe_keys, COUNT(probe_keys)};

struct source_read {
    struct ik_prefix from;
    uint32_t may;
};

/* In the order of the bits of enum ik_stack_probe_what. */
static const char *const whats[] = {"local", "remote", "by_name", "by_index", "by_address", NULL};

#define SOURCE(member) IK_KEYS_MEMBER(struct source_read, member)
static const struct ik_key source_keys[] = {
    {"from", IK_KEY_PREFIX, SOURCE(from), .required = true},
    {"may", IK_KEY_WORDS, SOURCE(may), .words = whats},
};
static const struct ik_keys source_of = {N_("a permitted source"), source_keys, COUNT(source_keys)};

/* A prefix, or {from: PREFIX, may: [...]}. */
static enum ik_err read_source(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                               struct ik_stack_probe_source *out)
{
    struct source_read r = {0};
    const enum ik_err err = value->kind == IK_TREE_MAP
                                ? ik_keys_read(ctx, &source_of, value, &r)
                                : ik_keys_prefix(ctx, value, "permitted", 0, &r.from);
    *out = (struct ik_stack_probe_source){r.from, (uint8_t)r.may};
    return err;
}

static enum ik_err read_permitted(const struct ik_keys_ctx *ctx, const struct ik_tree_node *list,
                                  struct ik_stack_probe_cfg *out)
{
    enum ik_err err = ik_keys_list(ctx, list, "permitted", "[10.0.0.0/8]");
    if (err)
        return err;
    if (list->n > SOURCES_MAX)
        return ik_say_at(ctx->fault, list, "%u prefixes are too many: at most %d",
                         (unsigned)list->n, SOURCES_MAX);
    struct ik_stack_probe_source *all = ik_arena_array(ctx->arena, list->n, sizeof(*all));
    if (!all)
        return ik_say_nomem(ctx->fault);
    for (uint32_t i = 0; i < list->n && !err; i++)
        err = read_source(ctx, list->items[i].value, &all[i]);
    out->permitted = all;
    out->n_permitted = (uint8_t)list->n;
    return err;
}

enum ik_err ik_node_services_probe(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                   struct ik_stack_options *out)
{
    struct probe_read r = {.probe = {.enabled = true}};
    enum ik_err err = ik_keys_read(ctx, &probe_of, value, &r);
    if (!err)
        err = read_permitted(ctx, r.permitted, &r.probe);
    if (err)
        return err;
    struct ik_stack_probe_cfg *probe = ik_arena_take(ctx->arena, sizeof(*probe));
    if (!probe)
        return ik_say_nomem(ctx->fault);
    *probe = r.probe;
    out->probe = probe;
    return IK_OK;
}

/* ---- router advertisement -------------------------------------------------------------------- */

struct advertise_read {
    bool v4, v6;
    ik_ns interval, lifetime;
    int32_t preference;
    uint8_t prefix_bits;
};

#define ADVERTISE(member) IK_KEYS_MEMBER(struct advertise_read, member)
static const struct ik_key advertise_keys[] = {
    {"v4", IK_KEY_FLAG, ADVERTISE(v4)},
    {"v6", IK_KEY_FLAG, ADVERTISE(v6)},
    {"interval", IK_KEY_TIME, ADVERTISE(interval), .min = 4 * IK_NS_PER_S,
     .max = 1800 * IK_NS_PER_S},
    {"lifetime", IK_KEY_TIME, ADVERTISE(lifetime), .min = IK_NS_PER_S, .max = 9000 * IK_NS_PER_S},
    {"preference", IK_KEY_INT, ADVERTISE(preference), .min = INT32_MIN, .max = INT32_MAX},
    {"prefix_bits", IK_KEY_INT, ADVERTISE(prefix_bits), .min = 0, .max = 128},
};
static const struct ik_keys advertise_of = {"router_advertisement", advertise_keys,
                                            COUNT(advertise_keys)};

enum ik_err ik_node_services_advertise(const struct ik_keys_ctx *ctx,
                                       const struct ik_tree_node *value,
                                       struct ik_stack_options *out)
{
    struct advertise_read r = {.v4 = true, .v6 = true};
    enum ik_err err = IK_OK;
    if (value->kind == IK_TREE_MAP)
        err = ik_keys_read(ctx, &advertise_of, value, &r);
    else {
        if (!ik_units_flag(value->text, &r.v4))
            err = ik_keys_wrong(ctx, value, "router_advertisement",
                                "on, off, or a map such as {interval: 10s}");
        r.v6 = r.v4;
    }
    out->advertise4 = r.v4;
    out->advertise6 = r.v6;
    out->advertise_interval = r.interval;
    out->advertise_lifetime = (uint16_t)(r.lifetime / IK_NS_PER_S);
    out->preference4 = r.preference;
    out->advertise_prefix_bits = r.prefix_bits;
    return err;
}

/* ---- answers --------------------------------------------------------------------------------- */

#define OPTION(member) IK_KEYS_MEMBER(struct ik_stack_options, member)
static const struct ik_key answer_keys[] = {
    {"echo", IK_KEY_OFF, OPTION(no_echo)},
    {"timestamp", IK_KEY_OFF, OPTION(no_timestamp)},
    {"mask", IK_KEY_FLAG, OPTION(mask)},
    {"broadcast", IK_KEY_FLAG, OPTION(echo_broadcast)},
    {"multicast6", IK_KEY_OFF, OPTION(no_echo_multicast6)},
};
static const struct ik_keys answers = {"answers", answer_keys, COUNT(answer_keys)};

enum ik_err ik_node_services_answers(const struct ik_keys_ctx *ctx,
                                     const struct ik_tree_node *value, struct ik_stack_options *out)
{
    return ik_keys_read(ctx, &answers, value, out);
}
