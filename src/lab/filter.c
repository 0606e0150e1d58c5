/* SPDX-License-Identifier: MIT */
#include "lab/filter.h"

#include "conf/units.h"

#include <string.h>

enum { RULES_MAX = 10000 };

static enum ik_err read_family(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                               void *object)
{
    struct ik_stack_filter_rule *r = object;
    if (strcmp(value->text, "4") != 0 && strcmp(value->text, "6") != 0)
        return ik_keys_wrong(ctx, value, "family", "4 or 6");
    r->family = (uint8_t)(value->text[0] - '0');
    return IK_OK;
}

static enum ik_err read_octet(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                              const char *key, uint8_t *out)
{
    int64_t v;
    if (!ik_units_int(value->text, 0, 255, &v))
        return ik_keys_wrong(ctx, value, key, "a whole number from 0 to 255");
    *out = (uint8_t)v;
    return IK_OK;
}

static enum ik_err read_proto(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                              void *object)
{
    static const struct {
        const char *name;
        uint8_t number;
    } known[] = {{"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"icmp6", 58}};
    struct ik_stack_filter_rule *r = object;
    int64_t v = -1;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, value->text) == 0)
            v = known[i].number;
    if (v < 0 && !ik_units_int(value->text, 0, 255, &v))
        return ik_keys_wrong(ctx, value, "proto",
                             "icmp, icmp6, tcp, udp or a number from 0 to 255");
    r->proto = (uint8_t)v;
    r->has_proto = true;
    return IK_OK;
}

static enum ik_err read_type(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                             void *object)
{
    struct ik_stack_filter_rule *r = object;
    r->has_type = true;
    return read_octet(ctx, value, "type", &r->type);
}

static enum ik_err read_code(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                             void *object)
{
    struct ik_stack_filter_rule *r = object;
    r->has_code = true;
    return read_octet(ctx, value, "code", &r->code);
}

/* 4 says "too big", and needs an MTU. */
static enum ik_err read_answer(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                               void *object)
{
    struct ik_stack_filter_rule *r = object;
    enum ik_err err = read_octet(ctx, value, "answer", &r->reject_code);
    if (!err && (r->reject_code > 15 || r->reject_code == 4))
        err = ik_keys_wrong(ctx, value, "answer", "a code of unreachable, from 0 to 15 but not 4");
    r->has_reject_code = true;
    return err;
}

/* "53", or "1000-2000". */
static enum ik_err read_port_range(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                   void *object)
{
    struct ik_stack_filter_rule *r = object;
    char low_text[8] = "";
    const char *dash = strchr(value->text, '-'), *high_text = dash ? dash + 1 : value->text;
    const size_t n = dash ? (size_t)(dash - value->text) : strlen(value->text);
    if (n < sizeof(low_text))
        memcpy(low_text, value->text, n);
    int64_t low, high;
    if (!ik_units_int(low_text, 1, 65535, &low) || !ik_units_int(high_text, low, 65535, &high))
        return ik_keys_wrong(ctx, value, "ports", "a port, or two such as 1000-2000");
    r->port_low = (uint16_t)low;
    r->port_high = (uint16_t)high;
    return IK_OK;
}

/* In the order of enum ik_stack_act, and of ik_stack_filter_rule.direction. */
static const char *const acts[] = {"accept", "drop", "reject", "reset", NULL};
static const char *const directions[] = {"all", "forward", "in", "out", NULL};

#define RULE(member) IK_KEYS_MEMBER(struct ik_stack_filter_rule, member)
static const struct ik_key rule_keys[] = {
    {"do", IK_KEY_CHOICE, RULE(act), .words = acts, .required = true, .example = "drop"},
    {"answer", IK_KEY_READ, .read = read_answer},
    {"direction", IK_KEY_CHOICE, RULE(direction), .words = directions},
    {"family", IK_KEY_READ, .read = read_family},
    {"proto", IK_KEY_READ, .read = read_proto},
    {"type", IK_KEY_READ, .read = read_type},
    {"code", IK_KEY_READ, .read = read_code},
    {"fragments", IK_KEY_FLAG, RULE(fragments)},
    {"precedence_below", IK_KEY_INT, RULE(precedence_below), .min = 1, .max = 7},
    {"precedence_from", IK_KEY_INT, RULE(precedence_from), .min = 1, .max = 7},
    {"ports", IK_KEY_READ, .read = read_port_range},
    {"from", IK_KEY_PREFIX, RULE(src)},
    {"to", IK_KEY_PREFIX, RULE(dst)},
    {"longer_than", IK_KEY_INT, RULE(longer_than), .min = 1, .max = 65535},
};
static const struct ik_keys rule = {N_("a rule"), rule_keys,
                                    sizeof(rule_keys) / sizeof(rule_keys[0])};

/* What cannot hold together would never match. */
static enum ik_err rule_check(const struct ik_keys_ctx *ctx, const struct ik_tree_node *at,
                              const struct ik_stack_filter_rule *r)
{
    const bool ports = r->port_low != 0;
    if (r->has_code && !r->has_type)
        return ik_say_at(ctx->fault, at, "a rule with a code needs its type, such as type: 3");
    if (r->has_type && r->has_proto && r->proto != 1 && r->proto != 58)
        return ik_say_at(ctx->fault, at, "a rule with a type is of proto: icmp or proto: icmp6");
    if (ports && (!r->has_proto || (r->proto != 6 && r->proto != 17)))
        return ik_say_at(ctx->fault, at, "a rule with ports needs proto: tcp or proto: udp");
    if (r->has_reject_code && r->act != IK_ACT_REJECT)
        return ik_say_at(ctx->fault, at, "a rule with an answer has to do: reject");
    if (r->has_reject_code && r->family == 6 && r->reject_code > 9)
        return ik_say_at(ctx->fault, at, "ICMPv6 has unreachable codes from 0 to 9 only");
    if (r->act == IK_ACT_REJECT_RESET && (!r->has_proto || r->proto != 6))
        return ik_say_at(ctx->fault, at, "a rule that resets needs proto: tcp");
    if (r->src.addr.family && r->dst.addr.family && r->src.addr.family != r->dst.addr.family)
        return ik_say_at(ctx->fault, at,
                         "a rule from one family to the other matches nothing: give both of one");
    return IK_OK;
}

enum ik_err ik_filter_read(const struct ik_keys_ctx *ctx, const struct ik_tree_node *list,
                           struct ik_stack_filter_rule **out, uint16_t *n)
{
    enum ik_err err = ik_keys_list(ctx, list, "filter", "[{do: drop, proto: icmp}]");
    if (err)
        return err;
    if (list->n > RULES_MAX)
        return ik_say_at(ctx->fault, list, "%u rules are too many: at most %d", (unsigned)list->n,
                         RULES_MAX);
    struct ik_stack_filter_rule *rules = ik_arena_array(ctx->arena, list->n, sizeof(*rules));
    if (!rules)
        return ik_say_nomem(ctx->fault);
    for (uint32_t i = 0; i < list->n && !err; i++) {
        err = ik_keys_read(ctx, &rule, list->items[i].value, &rules[i]);
        if (!err)
            err = rule_check(ctx, list->items[i].value, &rules[i]);
    }
    *out = rules;
    *n = (uint16_t)list->n;
    return err;
}
