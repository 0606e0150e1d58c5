/* SPDX-License-Identifier: MIT */
#include "conf/keys.h"

#include "conf/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

enum ik_err ik_keys_wrong(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                          const char *key, const char *fmt, ...)
{
    char right[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(right, sizeof(right), fmt, ap);
    va_end(ap);
    return ik_say_at(ctx->fault, value, "wrong value \"%.80s\" for %s: must be %s", value->text,
                     key, right);
}

/* Words after each other: "a, b or c". */
static const char *words_text(const char *const *words, char *buf, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; words[i] && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s",
                                 i == 0         ? ""
                                 : words[i + 1] ? ", "
                                                : " or ",
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

static enum ik_err read_int(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                            const struct ik_tree_node *value, void *to)
{
    int64_t v;
    if (!ik_units_int(value->text, key->min, key->max, &v))
        return ik_keys_wrong(ctx, value, key->name, "a whole number from %lld to %lld",
                             (long long)key->min, (long long)key->max);
    store(to, key->size, (uint64_t)v);
    return IK_OK;
}

static enum ik_err read_time(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                             const struct ik_tree_node *value, void *to)
{
    char lo[32], hi[32];
    ik_ns v;
    if (!ik_units_time(value->text, &v) || v < key->min || v > key->max)
        return ik_keys_wrong(ctx, value, key->name,
                             "a time with its unit (500us, 5ms, 2s, 1min), from %s to %s",
                             ik_units_time_text(key->min, lo), ik_units_time_text(key->max, hi));
    memcpy(to, &v, sizeof(v));
    return IK_OK;
}

static enum ik_err read_ratio(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                              const struct ik_tree_node *value, void *to)
{
    uint32_t v;
    if (!ik_units_ratio(value->text, &v))
        return ik_keys_wrong(ctx, value, key->name,
                             "a part in percent from 0%% to 100%%, such as "
                             "0.5%%");
    memcpy(to, &v, sizeof(v));
    return IK_OK;
}

static enum ik_err read_bitrate(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                                const struct ik_tree_node *value, void *to)
{
    uint64_t v;
    if (!ik_units_bitrate(value->text, &v))
        return ik_keys_wrong(ctx, value, key->name,
                             "bits a second with their unit, such as 64kbit, 10Mbit or 1Gbit");
    memcpy(to, &v, sizeof(v));
    return IK_OK;
}

static enum ik_err read_rate(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                             const struct ik_tree_node *value, void *to)
{
    uint64_t v;
    if (!ik_units_rate(value->text, &v))
        return ik_keys_wrong(ctx, value, key->name, "a rate such as 100/s, 0.5/s or 30/min");
    memcpy(to, &v, sizeof(v));
    return IK_OK;
}

static enum ik_err read_per_second(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                                   const struct ik_tree_node *value, void *to)
{
    uint64_t v;
    if (!ik_units_rate(value->text, &v) || v % 1000 != 0 || v / 1000 > 1000000000)
        return ik_keys_wrong(ctx, value, key->name, "a whole number a second, such as 100/s");
    const uint32_t each_second = (uint32_t)(v / 1000);
    memcpy(to, &each_second, sizeof(each_second));
    return IK_OK;
}

/* The place of the value among the words. */
static enum ik_err word_find(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                             const struct ik_tree_node *value, uint32_t *out)
{
    char all[200];
    uint32_t i = 0;
    for (; key->words[i]; i++) {
        if (strcmp(key->words[i], value->text) == 0) {
            *out = i;
            return IK_OK;
        }
    }
    return ik_keys_wrong(ctx, value, key->name, "%s", words_text(key->words, all, sizeof(all)));
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

enum { PORTS_MAX = 1024 };

struct ports {
    uint16_t *at;
    uint16_t n;
};

static enum ik_err read_port(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                             const struct ik_tree_node *one, void *to)
{
    struct ports *p = to;
    int64_t v;
    if (!ik_units_int(one->text, 1, 65535, &v))
        return ik_keys_wrong(ctx, one, key->name, "a port from 1 to 65535");
    p->at[p->n++] = (uint16_t)v;
    return IK_OK;
}

enum ik_err ik_keys_ports(const struct ik_keys_ctx *ctx, const char *key,
                          const struct ik_tree_node *value, struct ik_keys_ports *out)
{
    const struct ik_key of = {.name = key};
    const uint32_t n = value->kind == IK_TREE_LIST ? value->n : 1;
    if (n > PORTS_MAX)
        return ik_say_at(ctx->fault, value, "%u ports for %s are too many: at most %d", (unsigned)n,
                         key, PORTS_MAX);
    struct ports p = {.at = ik_arena_array(ctx->arena, n, sizeof(*p.at))};
    if (!p.at)
        return ik_say_nomem(ctx->fault);
    const enum ik_err err = each(ctx, &of, value, &p, read_port);
    if (!err)
        *out = (struct ik_keys_ports){p.at, p.n};
    return err;
}

static const char *family_name(uint8_t family)
{
    return family == 4 ? "an IPv4 " : family == 6 ? "an IPv6 " : "an ";
}

enum ik_err ik_keys_addr(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                         const char *key, uint8_t family, struct ik_addr *out)
{
    struct ik_addr a;
    if (ik_addr_parse(value->text, &a) != IK_OK || (family && a.family != family))
        return ik_keys_wrong(ctx, value, key, "%saddress, such as %s", family_name(family),
                             family == 6 ? "2001:db8::1" : "192.0.2.1");
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
        return ik_keys_wrong(ctx, value, key, "%s, such as %s",
                             family == 4   ? "an IPv4 prefix"
                             : family == 6 ? "an IPv6 prefix"
                                           : "a prefix",
                             family == 6 ? "2001:db8:1::/64" : "192.0.2.0/24");
    const enum ik_err err = host_bits_check(ctx, value, key, family, &p);
    if (!err)
        *out = p;
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
    case IK_KEY_INT:
        return read_int(ctx, key, value, to);
    case IK_KEY_TIME:
        return read_time(ctx, key, value, to);
    case IK_KEY_RATIO:
        return read_ratio(ctx, key, value, to);
    case IK_KEY_BITRATE:
        return read_bitrate(ctx, key, value, to);
    case IK_KEY_RATE:
        return read_rate(ctx, key, value, to);
    case IK_KEY_PER_SECOND:
        return read_per_second(ctx, key, value, to);
    case IK_KEY_CHOICE:
        return read_choice(ctx, key, value, to);
    case IK_KEY_ADDR:
        return ik_keys_addr(ctx, value, key->name, key->family, to);
    case IK_KEY_PREFIX:
        return ik_keys_prefix(ctx, value, key->name, key->family, to);
    default:
        if (value->kind != IK_TREE_SCALAR)
            return ik_keys_wrong(ctx, value, key->name, "one word");
        memcpy(to, &value->text, sizeof(value->text));
        return IK_OK;
    }
}

static enum ik_err read_value(const struct ik_keys_ctx *ctx, const struct ik_key *key,
                              const struct ik_tree_node *value, void *object)
{
    void *to = (char *)object + key->at;
    switch (key->kind) {
    case IK_KEY_WORDS:
        return each(ctx, key, value, to, read_word);
    case IK_KEY_PORTS:
        return ik_keys_ports(ctx, key->name, value, to);
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
                         key->text, keys->what, near);
    char all[300];
    size_t used = 0;
    for (size_t i = 0; i < keys->n && used < sizeof(all); i++)
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "",
                                 keys->keys[i].name);
    if (used >= sizeof(all))
        return ik_say_at(ctx->fault, key, "unknown key \"%.80s\" of %s; %s lists them all",
                         key->text, keys->what, ctx->page);
    return ik_say_at(ctx->fault, key, "unknown key \"%.80s\" of %s: there are %s", key->text,
                     keys->what, all);
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
    case IK_KEY_TIME:
        return "5s";
    case IK_KEY_RATIO:
        return "1%";
    case IK_KEY_PER_SECOND:
        return "100/s";
    case IK_KEY_CHOICE:
        return key->words[0];
    case IK_KEY_PREFIX:
        return "192.0.2.0/24";
    default:
        return "...";
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
    enum ik_err err =
        ik_keys_map(ctx, map, keys->what, map_example(keys, example, sizeof(example)));
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
            err = ik_say_at(ctx->fault, map, "%s needs \"%s\", such as %s: %s", keys->what,
                            keys->keys[k].name, keys->keys[k].name, example_of(&keys->keys[k]));
    return err;
}
