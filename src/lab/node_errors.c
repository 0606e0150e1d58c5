/* SPDX-License-Identifier: MIT */
#include "lab/node_errors.h"

#include "conf/units.h"

#include <string.h>

enum { LABELS_MAX = 8 };

/* One entry of a label stack (RFC 3032 section 2.1). */
struct label {
    uint32_t label;
    uint8_t tc, ttl;
};

#define LABEL(member) IK_KEYS_MEMBER(struct label, member)
static const struct ik_key label_keys[] = {
    {"label", IK_KEY_INT, LABEL(label), .min = 0, .max = 0xfffff, .required = true,
     .example = "16"},
    {"tc", IK_KEY_INT, LABEL(tc), .min = 0, .max = 7},
    {"ttl", IK_KEY_INT, LABEL(ttl), .min = 0, .max = 255},
};
static const struct ik_keys label_of = {N_("a label"), label_keys,
                                        sizeof(label_keys) / sizeof(label_keys[0])};

static enum ik_err read_label(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                              struct label *out)
{
    if (value->kind == IK_TREE_MAP)
        return ik_keys_read(ctx, &label_of, value, out);
    int64_t v;
    if (!ik_units_int(value->text, 0, 0xfffff, &v))
        return ik_keys_wrong(ctx, value, "mpls",
                             "a list of labels from 0 to 1048575, such as [16, 17]");
    out->label = (uint32_t)v;
    return IK_OK;
}

static enum ik_err read_mpls(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                             void *object)
{
    struct ik_stack_options *o = object;
    enum ik_err err = ik_keys_list(ctx, value, "mpls", "[16, 17]");
    if (err)
        return err;
    if (value->n > LABELS_MAX)
        return ik_say_at(ctx->fault, value, "%u labels are too many: at most %d",
                         (unsigned)value->n, LABELS_MAX);
    uint32_t *labels = ik_arena_array(ctx->arena, value->n, sizeof(*labels));
    if (!labels)
        return ik_say_nomem(ctx->fault);
    for (uint32_t i = 0; i < value->n && !err; i++) {
        struct label l = {.ttl = 1}; /* what a label has left where the packet's time ran out */
        err = read_label(ctx, value->items[i].value, &l);
        const uint32_t bottom = i + 1 == value->n;
        labels[i] = l.label << 12 | (uint32_t)l.tc << 9 | bottom << 8 | l.ttl;
    }
    o->mpls_labels = labels;
    o->n_mpls_labels = (uint8_t)value->n;
    return err;
}

/* Bits of RFC 5837 as ik_stack_options.ifinfo has them. */
static enum ik_err read_interface(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                  void *object)
{
    static const struct {
        const char *name;
        uint8_t bits;
    } known[] = {{"incoming", 1}, {"outgoing", 4}, {"both", 5}};
    struct ik_stack_options *o = object;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].name, value->text) == 0) {
            o->ifinfo = known[i].bits;
            return IK_OK;
        }
    }
    return ik_keys_wrong(ctx, value, "interface", "incoming, outgoing or both");
}

static const struct ik_key extension_keys[] = {
    {"mpls", IK_KEY_READ, .read = read_mpls, .example = "[16, 17]"},
    {"interface", IK_KEY_READ, .read = read_interface},
};
static const struct ik_keys extensions = {"extensions", extension_keys, 2};

static enum ik_err read_extensions(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                   void *object)
{
    return ik_keys_read(ctx, &extensions, value, object);
}

/* 8 bytes behind the header (RFC 792), 548 (576 less the headers of the error, RFC 1812 section
 * 4.3.2.3), any other number, or all that fits. */
static enum ik_err read_quote(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                              void *object)
{
    struct ik_stack_options *o = object;
    int64_t v;
    if (strcmp(value->text, "full") == 0)
        v = 0xffff;
    else if (!ik_units_int(value->text, 8, 9000, &v))
        return ik_keys_wrong(ctx, value, "quote", "full, or bytes from 8 to 9000");
    o->quote_bytes = (uint16_t)v;
    return IK_OK;
}

static enum ik_err from_addr(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                             struct ik_stack_options *o)
{
    struct ik_addr a;
    if (ik_addr_parse(value->text, &a) != IK_OK)
        return ik_keys_wrong(ctx, value, "from",
                             "incoming, outgoing, or an address such as 192.0.2.1");
    o->from = IK_FROM_ADDRESS;
    *(a.family == 4 ? &o->from4 : &o->from6) = a;
    return IK_OK;
}

static enum ik_err read_from(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                             void *object)
{
    struct ik_stack_options *o = object;
    enum ik_err err = IK_OK;
    if (value->kind == IK_TREE_SCALAR && strcmp(value->text, "incoming") == 0)
        o->from = IK_FROM_INCOMING;
    else if (value->kind == IK_TREE_SCALAR && strcmp(value->text, "outgoing") == 0)
        o->from = IK_FROM_STANDARD;
    else if (value->kind == IK_TREE_LIST)
        for (uint32_t i = 0; i < value->n && !err; i++)
            err = from_addr(ctx, value->items[i].value, o);
    else
        err = from_addr(ctx, value, o);
    return err;
}

#define OPTION(member) IK_KEYS_MEMBER(struct ik_stack_options, member)
static const struct ik_key error_keys[] = {
    {"rate", IK_KEY_PER_SECOND, OPTION(error_rate)},
    {"burst", IK_KEY_INT, OPTION(error_burst), .min = 1, .max = 1000000},
    {"rate_all", IK_KEY_PER_SECOND, OPTION(error_rate_all)},
    {"burst_all", IK_KEY_INT, OPTION(error_burst_all), .min = 1, .max = 1000000},
    {"unlimited", IK_KEY_FLAG, OPTION(error_unlimited)},
    {"unreachable", IK_KEY_OFF, OPTION(no_unreachable)},
    {"time_exceeded", IK_KEY_OFF, OPTION(no_time_exceeded)},
    {"prohibited", IK_KEY_OFF, OPTION(no_prohibited)},
    {"quote", IK_KEY_READ, .read = read_quote},
    {"from", IK_KEY_READ, .read = read_from},
    {"extensions", IK_KEY_READ, .read = read_extensions},
    {"tos", IK_KEY_INT, OPTION(error_tos), .min = 1, .max = 255},
};
static const struct ik_keys errors = {"errors", error_keys,
                                      sizeof(error_keys) / sizeof(error_keys[0])};

enum ik_err ik_node_errors_read(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                struct ik_stack_options *out)
{
    bool on;
    if (value->kind == IK_TREE_MAP)
        return ik_keys_read(ctx, &errors, value, out);
    if (!ik_units_flag(value->text, &on))
        return ik_keys_wrong(ctx, value, "errors", "on, off, or a map such as {rate: 100/s}");
    out->no_unreachable = out->no_time_exceeded = out->no_prohibited = !on;
    return IK_OK;
}
