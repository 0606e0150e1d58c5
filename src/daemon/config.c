/* SPDX-License-Identifier: MIT
 * The file that guard is configured by. */
#include "icmpkit/daemon.h"

#include "conf/input.h"
#include "conf/keys.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define N_(text) text

enum { FILE_MOST = 1 << 20 };

struct config {
    struct ik_config c; /* first: what the caller has */
    struct ik_arena arena;
    struct ik_keys_prefixes home, routers, spare;
    uint32_t off; /* bit n: detector n + 1 */
    const struct ik_tree_node *allow, *limits, *enforce;
};

/* ---- names of detectors ---------------------------------------------------------------------- */

/* In the order of their numbers, which begin at 1. */
static const char *const detector_words[] = {
#define X(number, id, name, attack, text) [(number)-1] = name,
#include <icmpkit/detectors.def>
#undef X
    NULL};

static const char *word_at(const void *ctx, size_t i)
{
    (void)ctx;
    return detector_words[i];
}

enum ik_detector ik_config_detector(const char *name, const char **near)
{
    *near = NULL;
    for (size_t i = 0; detector_words[i]; i++) {
        if (!strcmp(detector_words[i], name))
            return (enum ik_detector)(i + 1);
    }
    *near = ik_text_nearest(name, word_at, NULL, IK_DETECTORS - 1);
    return IK_DETECTOR_NONE;
}

/* ---- tables of keys -------------------------------------------------------------------------- */

#define KEY_OF_IK_LIMIT_COUNT IK_KEY_INT
#define KEY_OF_IK_LIMIT_PPS IK_KEY_PER_SECOND
#define KEY_OF_IK_LIMIT_NS IK_KEY_TIME
#define KEY_OF_IK_LIMIT_BYTES IK_KEY_BYTES
#define KEY_OF_IK_LIMIT_PERCENT IK_KEY_PERCENT

static const struct ik_key limit_keys[] = {
#define X(id, key, unit, def, least, most, where)           \
    {key,                                                   \
     KEY_OF_##unit,                                         \
     .at = offsetof(struct ik_config, limits[IK_LIM_##id]), \
     .size = sizeof(int64_t),                               \
     .min = (least),                                        \
     .max = (most)},
#include <icmpkit/detect_limits.def>
#undef X
};
static const struct ik_keys limits_of = {"limits", limit_keys, COUNT(limit_keys)};

struct allow {
    struct ik_prefix source;
    uint32_t detectors; /* bit n: detector n + 1 */
};
static const struct ik_key allow_keys[] = {
    {"source", IK_KEY_PREFIX, IK_KEYS_MEMBER(struct allow, source), .required = true,
     .example = "192.0.2.9"},
    {"detectors", IK_KEY_WORDS, IK_KEYS_MEMBER(struct allow, detectors), .words = detector_words},
};
static const struct ik_keys allow_of = {N_("an entry of allow"), allow_keys, COUNT(allow_keys)};

#define CONFIG(member) IK_KEYS_MEMBER(struct config, member)
static const struct ik_key config_keys[] = {
    {"interface", IK_KEY_TEXT, CONFIG(c.interface)},
    {"home", IK_KEY_PREFIXES, CONFIG(home), .max = IK_CONFIG_LIST},
    {"routers", IK_KEY_PREFIXES, CONFIG(routers), .max = IK_CONFIG_LIST, .example = "192.0.2.1"},
    {"allow", IK_KEY_NODE, CONFIG(allow)},
    {"off", IK_KEY_WORDS, CONFIG(off), .words = detector_words},
    {"limits", IK_KEY_NODE, CONFIG(limits)},
    {"enforce", IK_KEY_NODE, CONFIG(enforce)},
};
static const struct ik_keys config_of = {N_("the configuration"), config_keys, COUNT(config_keys)};

static const struct ik_key enforce_keys[] = {
    {"time", IK_KEY_TIME, CONFIG(c.hold), .min = IK_NS_PER_S,
     .max = IK_ORDER_SECONDS_MAX * IK_NS_PER_S},
    {"spare", IK_KEY_PREFIXES, CONFIG(spare), .max = IK_CONFIG_LIST},
};
static const struct ik_keys enforce_of = {"enforce", enforce_keys, COUNT(enforce_keys)};

/* ---- what is beyond a table ------------------------------------------------------------------ */

static enum ik_err take_routers(struct config *c, const struct ik_keys_ctx *ctx,
                                const struct ik_tree_node *at)
{
    if (!c->routers.n)
        return IK_OK;
    struct ik_addr *list = ik_arena_array(&c->arena, c->routers.n, sizeof(*list));
    if (!list)
        return ik_say_nomem(ctx->fault);
    for (uint32_t i = 0; i < c->routers.n; i++) {
        const struct ik_prefix *p = &c->routers.prefixes[i];
        if (p->bits != 8 * ik_addr_bytes(p->addr.family))
            return ik_say_at(ctx->fault, at,
                             "a router is an address, such as 192.0.2.1, not a network");
        list[i] = p->addr;
    }
    c->c.routers = list;
    c->c.n_routers = c->routers.n;
    return IK_OK;
}

static enum ik_err take_allow(struct config *c, const struct ik_keys_ctx *ctx)
{
    static const char example[] = "[{source: 192.0.2.9, detectors: [sweep]}]";
    if (!c->allow)
        return IK_OK;
    enum ik_err err = ik_keys_list(ctx, c->allow, "allow", example);
    if (err)
        return err;
    if (c->allow->n > IK_CONFIG_LIST)
        return ik_say_at(ctx->fault, c->allow, "%u entries are too many for allow: at most %d",
                         (unsigned)c->allow->n, IK_CONFIG_LIST);
    struct ik_detect_allow *list = ik_arena_array(&c->arena, c->allow->n, sizeof(*list));
    if (!list)
        return ik_say_nomem(ctx->fault);
    for (uint32_t i = 0; i < c->allow->n && !err; i++) {
        const struct ik_tree_node *entry = c->allow->items[i].value;
        struct allow a = {.detectors = 0};
        err = ik_keys_read(ctx, &allow_of, entry, &a);
        const bool some = !err && ik_tree_find(entry, "detectors");
        list[i] = (struct ik_detect_allow){a.source, some ? a.detectors << 1 : UINT32_MAX};
    }
    c->c.allow = list;
    c->c.n_allow = c->allow->n;
    return err;
}

static enum ik_err read_all(struct config *c, const char *path, struct ik_conf_fault *fault)
{
    const struct ik_keys_ctx ctx = {.arena = &c->arena, .fault = fault, .page = "icmp-guard(1)"};
    const struct ik_tree_node *root;
    struct ik_rd bytes;
    enum ik_err err = ik_input_read(&c->arena, path, FILE_MOST, &bytes, fault);
    if (!err)
        err = ik_tree_parse(&root, &c->arena, bytes, fault);
    if (!err)
        err = ik_keys_read(&ctx, &config_of, root, c);
    if (!err && c->limits)
        err = ik_keys_read(&ctx, &limits_of, c->limits, &c->c);
    if (!err && c->enforce)
        err = ik_keys_read(&ctx, &enforce_of, c->enforce, c);
    if (!err)
        err = take_allow(c, &ctx);
    if (!err)
        err = take_routers(c, &ctx, ik_tree_find(root, "routers"));
    c->c.home = c->home.prefixes;
    c->c.n_home = c->home.n;
    c->c.off = c->off << 1;
    c->c.spare = c->spare.prefixes;
    c->c.n_spare = c->spare.n;
    return err;
}

enum ik_err ik_config_open(const struct ik_config **out, const char *path,
                           struct ik_conf_fault *fault)
{
    struct config *c = calloc(1, sizeof(*c));
    if (!c)
        return ik_say_nomem(fault);
    for (int i = 0; i < IK_LIMITS; i++)
        c->c.limits[i] = ik_limit_row((enum ik_limit)i)->value;
    c->c.hold = IK_CONFIG_HOLD;
    const enum ik_err err = read_all(c, path, fault);
    if (err)
        ik_config_close(&c->c);
    else
        *out = &c->c;
    return err;
}

void ik_config_close(const struct ik_config *config)
{
    struct config *c = (struct config *)(uintptr_t)config;
    if (!c)
        return;
    ik_arena_free(&c->arena);
    free(c);
}
