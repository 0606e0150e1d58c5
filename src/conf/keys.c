/* SPDX-License-Identifier: MIT */
#include "conf/keys.h"

#include "conf/units.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- what is wrong --------------------------------------------------------------------------- */

enum ik_err ik_keys_list(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                         const char *what, const char *example)
{
    if (value->kind == IK_TREE_LIST)
        return IK_OK;
    return ik_say_at(ctx->fault, value, "%s must be a list such as %s, not %.80s", what, example,
                     value->text);
}

enum ik_err ik_keys_map(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                        const char *what, const char *example)
{
    if (value->kind == IK_TREE_MAP)
        return IK_OK;
    return ik_say_at(ctx->fault, value, "%s must be a map such as {%s}, not %.80s", what, example,
                     value->text);
}

static enum ik_err wrong(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                         const char *key, const char *right)
{
    return ik_say_at(ctx->fault, value, "wrong value \"%.80s\" for %s: must be %s", value->text,
                     key, right);
}

enum ik_err ik_keys_wrong(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                          const char *key, const char *fmt, ...)
{
    char right[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(right, sizeof(right), ik_say_in(ctx->fault, fmt), ap);
    va_end(ap);
    return wrong(ctx, value, key, right);
}

/* Words after each other: "a, b or c". */
static const char *words_text(const struct ik_conf_fault *fault, const char *const *words,
                              char *buf, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; words[i] && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s",
                                 i == 0         ? ""
                                 : words[i + 1] ? ", "
                                                : ik_say_in(fault, N_(" or ")),
                                 words[i]);
    return buf;
}

/* ---- values ---------------------------------------------------------------------------------- */

static enum ik_err read_flag(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                             const struct ik_tree_node *value, void *to)
{
    bool on;
    if (!ik_units_flag(value->text, &on))
        return ik_keys_wrong(ctx, value, key->name, "on or off");
    on = key->kind == IK_KEY_FLAG ? on : !on;
    memcpy(to, &on, sizeof(on));
    return IK_OK;
}

/* The member is unsigned, of any width. */
static void store(void *to, size_t size, uint64_t v)
{
    const uint8_t v8 = (uint8_t)v;
    const uint16_t v16 = (uint16_t)v;
    const uint32_t v32 = (uint32_t)v;
    const void *from = size == 1   ? (const void *)&v8
                       : size == 2 ? (const void *)&v16
                       : size == 4 ? (const void *)&v32
                                   : (const void *)&v;
    memcpy(to, from, size);
}

static bool int_take(const char *text, int64_t *out)
{
    return ik_units_int(text, INT64_MIN, INT64_MAX, out);
}

static const char *int_text(int64_t v, char buf[static 32])
{
    snprintf(buf, 32, "%lld", (long long)v);
    return buf;
}

static const char *percent_text(int64_t v, char buf[static 32])
{
    snprintf(buf, 32, "%lld%%", (long long)v);
    return buf;
}

static const char *per_second_text(int64_t v, char buf[static 32])
{
    snprintf(buf, 32, "%lld/s", (long long)v);
    return buf;
}

/* How each kind of number is written, and what is right where one is not. */
static const struct number {
    bool (*take)(const char *text, int64_t *out);
    const char *right;
    const char *(*text)(int64_t v, char buf[static 32]); /* of the bounds that keys can have */
    const char *within;                                  /* `right` with them */
    int64_t min, max;                                    /* where a key has none */
    const char *example;
} numbers[] = {
    [IK_KEY_INT] = {int_take, N_("a whole number"), int_text, N_("a whole number from %s to %s"),
                    INT64_MIN, INT64_MAX, "1"},
    [IK_KEY_TIME] = {ik_units_time, N_("a time with its unit (500us, 5ms, 2s, 1min)"),
                     ik_units_time_text,
                     N_("a time with its unit (500us, 5ms, 2s, 1min), from %s to %s"), 0, INT64_MAX,
                     "5s"},
    [IK_KEY_BYTES] = {ik_units_bytes, N_("a number of bytes such as 1500, 64KiB or 4MB"),
                      ik_units_bytes_text,
                      N_("a number of bytes such as 1500, 64KiB or 4MB, from %s to %s"), 0,
                      INT64_MAX, "1500"},
    [IK_KEY_RATIO] = {ik_units_ratio, N_("a part in percent from 0% to 100%, such as 0.5%"), NULL,
                      NULL, 0, UINT32_MAX, "1%"},
    [IK_KEY_PERCENT] = {ik_units_percent, N_("a whole part in percent such as 90%"), percent_text,
                        N_("a whole part in percent from %s to %s"), 0, 100, "90%"},
    [IK_KEY_BITRATE] = {ik_units_bitrate,
                        N_("bits a second with their unit, such as 64kbit, 10Mbit or 1Gbit"), NULL,
                        NULL, 0, INT64_MAX, "10Mbit"},
    [IK_KEY_RATE] = {ik_units_rate, N_("a rate such as 100/s, 0.5/s or 30/min"), NULL, NULL, 0,
                     INT64_MAX, "100/s"},
    [IK_KEY_PER_SECOND] = {ik_units_per_second, N_("a whole number a second, such as 100/s"),
                           per_second_text, N_("a whole number a second, from %s to %s"), 0,
                           1000000000, "100/s"},
};

static bool is_number(enum ik_key_kind kind)
{
    return kind < COUNT(numbers) && numbers[kind].take;
}

static enum ik_err read_number(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                               const struct ik_tree_node *value, void *to)
{
    const struct number *of = &numbers[key->kind];
    const bool bounded = key->min || key->max;
    const int64_t min = bounded ? key->min : of->min, max = bounded ? key->max : of->max;
    int64_t v;
    assert(key->size == sizeof(v) || bounded || of->max >> (8 * key->size) == 0);
    if (of->take(value->text, &v) && v >= min && v <= max) {
        store(to, key->size, (uint64_t)v);
        return IK_OK;
    }
    if (!bounded || !of->within)
        return wrong(ctx, value, key->name, ik_say_in(ctx->fault, of->right));
    char low[32], high[32];
    return ik_keys_wrong(ctx, value, key->name, of->within, of->text(min, low),
                         of->text(max, high));
}

/* The place of the value among the words. */
static enum ik_err word_find(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                             const struct ik_tree_node *value, uint32_t *out)
{
    char all[512];
    uint32_t i = 0;
    for (; key->words[i]; i++) {
        if (strcmp(key->words[i], value->text) == 0) {
            *out = i;
            return IK_OK;
        }
    }
    return wrong(ctx, value, key->name, words_text(ctx->fault, key->words, all, sizeof(all)));
}

static enum ik_err read_choice(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                               const struct ik_tree_node *value, void *to)
{
    uint32_t i;
    const enum ik_err err = word_find(ctx, key, value, &i);
    if (!err)
        store(to, key->size, i);
    return err;
}

/* Calls read for the value, or for each of the list that it is. */
static enum ik_err each(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                        const struct ik_tree_node *value, void *to,
                        enum ik_err (*read)(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                                            const struct ik_tree_node *one, void *to))
{
    if (value->kind != IK_TREE_LIST)
        return read(ctx, key, value, to);
    for (uint32_t i = 0; i < value->n; i++) {
        const enum ik_err err = read(ctx, key, value->items[i].value, to);
        if (err)
            return err;
    }
    return IK_OK;
}

static enum ik_err read_word(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                             const struct ik_tree_node *one, void *to)
{
    uint32_t bits, i;
    memcpy(&bits, to, sizeof(bits));
    const enum ik_err err = word_find(ctx, key, one, &i);
    if (err)
        return err;
    bits |= UINT32_C(1) << i;
    memcpy(to, &bits, sizeof(bits));
    return IK_OK;
}

/* One of three, for keys that take both families, IPv4 or IPv6. */
static const char *of_family(uint8_t family, const char *any, const char *four, const char *six)
{
    return family == 4 ? four : family == 6 ? six : any;
}

enum ik_err ik_keys_addr(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                         const char *key, uint8_t family, struct ik_addr *out)
{
    struct ik_addr a;
    if (ik_addr_parse(value->text, &a) != IK_OK || (family && a.family != family))
        return wrong(ctx, value, key,
                     ik_say_in(ctx->fault, of_family(family, N_("an address, such as 192.0.2.1"),
                                                     N_("an IPv4 address, such as 192.0.2.1"),
                                                     N_("an IPv6 address, such as 2001:db8::1"))));
    *out = a;
    return IK_OK;
}

/* Bits beyond the prefix are a slip: which network, or that address alone, is not for us to guess.
 */
static enum ik_err host_bits_check(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                   const char *key, uint8_t family, const struct ik_prefix *p)
{
    char addr[IK_ADDR_TEXT] = "", net[IK_ADDR_TEXT];
    struct ik_addr written;
    const size_t n = strcspn(value->text, "/");
    if (n < sizeof(addr))
        memcpy(addr, value->text, n);
    if (ik_addr_parse(addr, &written) != IK_OK ||
        memcmp(written.bytes, p->addr.bytes, sizeof(written.bytes)) == 0)
        return IK_OK;
    ik_addr_text(&p->addr, net);
    if (family)
        return ik_keys_wrong(ctx, value, key, "%s/%u: no bit behind the prefix is set", net,
                             p->bits);
    return ik_keys_wrong(ctx, value, key, "%s/%u, or %s for that address alone", net, p->bits,
                         addr);
}

enum ik_err ik_keys_prefix(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                           const char *key, uint8_t family, struct ik_prefix *out)
{
    struct ik_prefix p;
    if (ik_addr_parse(value->text, &p.addr) == IK_OK)
        p.bits = p.addr.family == 4 ? 32 : 128;
    else if (ik_prefix_parse(value->text, &p) != IK_OK)
        p.addr.family = 0;
    if (p.addr.family == 0 || (family && p.addr.family != family))
        return wrong(
            ctx, value, key,
            ik_say_in(ctx->fault, of_family(family, N_("a prefix, such as 192.0.2.0/24"),
                                            N_("an IPv4 prefix, such as 192.0.2.0/24"),
                                            N_("an IPv6 prefix, such as 2001:db8:1::/64"))));
    const enum ik_err err = host_bits_check(ctx, value, key, family, &p);
    if (!err)
        *out = p;
    return err;
}

/* ---- lists ----------------------------------------------------------------------------------- */

enum { PORTS_MAX = 1024 };

struct list {
    void *at; /* of what the next one becomes */
    uint32_t n;
};

/* Room for what the value, or each of the list that it is, becomes. */
static enum ik_err list_take(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                             const char *what, uint32_t most, size_t size, struct list *out)
{
    const uint32_t n = value->kind == IK_TREE_LIST ? value->n : 1;
    if (n > most)
        return ik_say_at(ctx->fault, value, "%u %s are too many: at most %u", (unsigned)n,
                         ik_say_in(ctx->fault, what), (unsigned)most);
    *out = (struct list){ik_arena_array(ctx->arena, n, size), n};
    return out->at ? IK_OK : ik_say_nomem(ctx->fault);
}

static enum ik_err read_port(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                             const struct ik_tree_node *one, void *to)
{
    uint16_t **next = to;
    int64_t v;
    if (!ik_units_int(one->text, 1, 65535, &v))
        return ik_keys_wrong(ctx, one, key->name, "a port from 1 to 65535");
    *(*next)++ = (uint16_t)v;
    return IK_OK;
}

enum ik_err ik_keys_ports(const struct ik_keys_ctx *ctx, const char *key,
                          const struct ik_tree_node *value, struct ik_keys_ports *out)
{
    const struct ik_key of = {.name = key};
    struct list l = {0};
    enum ik_err err = list_take(ctx, value, N_("ports"), PORTS_MAX, sizeof(uint16_t), &l);
    if (err)
        return err;
    uint16_t *next = l.at;
    err = each(ctx, &of, value, &next, read_port);
    if (!err)
        *out = (struct ik_keys_ports){l.at, (uint16_t)l.n};
    return err;
}

static enum ik_err read_prefix(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                               const struct ik_tree_node *one, void *to)
{
    struct ik_prefix **next = to;
    return ik_keys_prefix(ctx, one, key->name, key->family, (*next)++);
}

enum ik_err ik_keys_prefixes(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                             const char *key, uint8_t family, uint32_t most,
                             struct ik_keys_prefixes *out)
{
    const struct ik_key of = {.name = key, .family = family};
    struct list l = {0};
    enum ik_err err = list_take(ctx, value, N_("prefixes"), most, sizeof(struct ik_prefix), &l);
    if (err)
        return err;
    struct ik_prefix *next = l.at;
    err = each(ctx, &of, value, &next, read_prefix);
    if (!err)
        *out = (struct ik_keys_prefixes){l.at, l.n};
    return err;
}

static enum ik_err read_text(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                             const struct ik_tree_node *value, void *to)
{
    if (value->kind != IK_TREE_SCALAR)
        return ik_keys_wrong(ctx, value, key->name, "one word");
    memcpy(to, &value->text, sizeof(value->text));
    return IK_OK;
}

static enum ik_err read_next_text(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                                  const struct ik_tree_node *one, void *to)
{
    const char ***next = to;
    return read_text(ctx, key, one, (*next)++);
}

static enum ik_err read_texts(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                              const struct ik_tree_node *value, struct ik_keys_texts *out)
{
    struct list l = {0};
    enum ik_err err =
        list_take(ctx, value, N_("words"), (uint32_t)key->max, sizeof(const char *), &l);
    if (err)
        return err;
    const char **next = l.at;
    err = each(ctx, key, value, &next, read_next_text);
    if (!err)
        *out = (struct ik_keys_texts){l.at, l.n};
    return err;
}

/* ---- objects --------------------------------------------------------------------------------- */

static enum ik_err read_scalar(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                               const struct ik_tree_node *value, void *to)
{
    switch (key->kind) {
    case IK_KEY_FLAG:
    case IK_KEY_OFF:
        return read_flag(ctx, key, value, to);
    case IK_KEY_CHOICE:
        return read_choice(ctx, key, value, to);
    case IK_KEY_ADDR:
        return ik_keys_addr(ctx, value, key->name, key->family, to);
    case IK_KEY_PREFIX:
        return ik_keys_prefix(ctx, value, key->name, key->family, to);
    default:
        return is_number(key->kind) ? read_number(ctx, key, value, to)
                                    : read_text(ctx, key, value, to);
    }
}

static enum ik_err read_value(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                              const struct ik_tree_node *value, void *object)
{
    void *to = (char *)object + key->at;
    switch (key->kind) {
    case IK_KEY_WORDS:
        return each(ctx, key, value, to, read_word);
    case IK_KEY_TEXTS:
        return read_texts(ctx, key, value, to);
    case IK_KEY_PORTS:
        return ik_keys_ports(ctx, key->name, value, to);
    case IK_KEY_PREFIXES:
        return ik_keys_prefixes(ctx, value, key->name, key->family, (uint32_t)key->max, to);
    case IK_KEY_NODE:
        memcpy(to, &value, sizeof(const struct ik_tree_node *));
        return IK_OK;
    case IK_KEY_READ:
        return key->read(ctx, value, object);
    default:
        return read_scalar(ctx, key, value, to);
    }
}

static const char *key_get(const void *ctx, size_t i)
{
    return ((const struct ik_keys *)ctx)->keys[i].name;
}

static enum ik_err unknown_key(const struct ik_keys_ctx *ctx, const struct ik_keys *keys,
                               const struct ik_tree_node *key)
{
    const char *near = ik_text_nearest(key->text, key_get, keys, keys->n);
    if (near)
        return ik_say_at(ctx->fault, key, "unknown key \"%.80s\" of %s: did you mean %s?",
                         key->text, ik_say_in(ctx->fault, keys->what), near);
    char all[300];
    size_t used = 0;
    for (size_t i = 0; i < keys->n && used < sizeof(all); i++)
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "",
                                 keys->keys[i].name);
    if (used >= sizeof(all))
        return ik_say_at(ctx->fault, key, "unknown key \"%.80s\" of %s; %s lists them all",
                         key->text, ik_say_in(ctx->fault, keys->what), ctx->page);
    return ik_say_at(ctx->fault, key, "unknown key \"%.80s\" of %s: there are %s", key->text,
                     ik_say_in(ctx->fault, keys->what), all);
}

/* A value that the key could have. */
static const char *example_of(const struct ik_key *key)
{
    if (key->example)
        return key->example;
    switch (key->kind) {
    case IK_KEY_FLAG:
    case IK_KEY_OFF:
        return "off";
    case IK_KEY_CHOICE:
        return key->words[0];
    case IK_KEY_PREFIX:
    case IK_KEY_PREFIXES:
        return "192.0.2.0/24";
    default:
        return is_number(key->kind) ? numbers[key->kind].example : "...";
    }
}

/* What must be in the map or else what may be first, as it could be written. */
static const char *map_example(const struct ik_keys *keys, char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < keys->n && used < size; i++)
        if (keys->keys[i].required)
            used += (size_t)snprintf(buf + used, size - used, "%s%s: %s", used ? ", " : "",
                                     keys->keys[i].name, example_of(&keys->keys[i]));
    if (used == 0)
        snprintf(buf, size, "%s: %s", keys->keys[0].name, example_of(&keys->keys[0]));
    return buf;
}

enum ik_err ik_keys_read(const struct ik_keys_ctx *ctx, const struct ik_keys *keys,
                         const struct ik_tree_node *map, void *object)
{
    char example[200];
    enum ik_err err = ik_keys_map(ctx, map, ik_say_in(ctx->fault, keys->what),
                                  map_example(keys, example, sizeof(example)));
    for (uint32_t i = 0; i < map->n && !err; i++) {
        const struct ik_tree_item *item = &map->items[i];
        size_t k = 0;
        while (k < keys->n && strcmp(keys->keys[k].name, item->key->text) != 0)
            k++;
        err = k < keys->n ? read_value(ctx, &keys->keys[k], item->value, object)
                          : unknown_key(ctx, keys, item->key);
    }
    for (size_t k = 0; k < keys->n && !err; k++)
        if (keys->keys[k].required && !ik_tree_find(map, keys->keys[k].name))
            err = ik_say_at(ctx->fault, map, "%s needs \"%s\", such as %s: %s",
                            ik_say_in(ctx->fault, keys->what), keys->keys[k].name,
                            keys->keys[k].name, example_of(&keys->keys[k]));
    return err;
}
