/* SPDX-License-Identifier: MIT
 * Declarative objects: what an object of a file may hold stands in one table of its keys; what
 * is not in it, or has a wrong value, is refused with what would be right. */
#pragma once

#include "conf/say.h"
#include "conf/tree.h"

#include <icmpkit/net.h>

/* What a key takes, and what its member is. */
enum ik_key_kind {
    IK_KEY_FLAG, /* on or off; bool */
    IK_KEY_OFF,  /* on or off; bool, true for off */
    /* Numbers, min to max (where both are 0: what the unit allows); an integer of `size` bytes. */
    IK_KEY_INT,        /* a whole number */
    IK_KEY_TIME,       /* 5ms; nanoseconds */
    IK_KEY_BYTES,      /* 1500, 64KiB, 4MB */
    IK_KEY_RATIO,      /* 0.5%; parts of 2^32 */
    IK_KEY_PERCENT,    /* 90%, whole; hundredths */
    IK_KEY_BITRATE,    /* 10Mbit; bits a second */
    IK_KEY_RATE,       /* 100/s, 0.5/s; in a thousand seconds */
    IK_KEY_PER_SECOND, /* 100/s, whole; a second */
    IK_KEY_CHOICE,     /* one of `words`; an enum, its place from 0 */
    IK_KEY_WORDS,      /* one or a list of `words`; uint32_t, a bit each from bit 0 */
    IK_KEY_TEXT,       /* a word; const char * */
    IK_KEY_TEXTS,      /* a word or a list of them, at most `max`; struct ik_keys_texts */
    IK_KEY_PORTS,      /* a port or a list of them; struct ik_keys_ports */
    IK_KEY_PREFIX,     /* struct ik_prefix; a bare address is a prefix of all its bits */
    IK_KEY_PREFIXES,   /* a prefix or a list of them, at most `max`; struct ik_keys_prefixes */
    IK_KEY_ADDR,       /* struct ik_addr */
    IK_KEY_NODE,       /* anything; const struct ik_tree_node *, for the caller to read */
    IK_KEY_READ,       /* what `read` takes */
};

struct ik_keys_ctx {
    struct ik_arena *arena;
    struct ik_conf_fault *fault;
    const char *page; /* of the manual, which has all keys: "icmp-lab(5)" */
};

struct ik_keys_ports {
    const uint16_t *ports;
    uint16_t n;
};

struct ik_keys_prefixes {
    struct ik_prefix *prefixes;
    uint32_t n;
};

struct ik_keys_texts {
    const char **texts;
    uint32_t n;
};

typedef enum ik_err ik_keys_read_fn(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                    void *object);

struct ik_key {
    const char *name;
    enum ik_key_kind kind;
    size_t at; /* of the member in the object */
    size_t size;
    int64_t min, max;
    const char *const *words; /* ended by NULL */
    ik_keys_read_fn *read;
    bool required;
    uint8_t family;      /* PREFIX, PREFIXES, ADDR: 4, 6, or 0 for both */
    const char *example; /* of a value, where none follows from the kind */
};

struct ik_keys {
    const char *what; /* "a link" */
    const struct ik_key *keys;
    size_t n;
};

#define IK_KEYS_MEMBER(type, member) \
    .at = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

/* Reads the map into *object; members whose keys are not there stay. IK_E_VALUE, IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_keys_read(const struct ik_keys_ctx *ctx, const struct ik_keys *keys,
                                     const struct ik_tree_node *map, void *object);
/* The value must be a list, a map; else a fault that names `what`, and `example`: all of a list,
 * what stands between the braces of a map. */
IK_MUST_USE enum ik_err ik_keys_list(const struct ik_keys_ctx *ctx,
                                     const struct ik_tree_node *value, const char *what,
                                     const char *example);
IK_MUST_USE enum ik_err ik_keys_map(const struct ik_keys_ctx *ctx, const struct ik_tree_node *value,
                                    const char *what, const char *example);
/* "wrong value "x" for KEY: " and what would be right. Returns IK_E_VALUE. */
__attribute__((format(printf, 4, 5))) enum ik_err ik_keys_wrong(const struct ik_keys_ctx *ctx,
                                                                const struct ik_tree_node *value,
                                                                const char *key, const char *fmt,
                                                                ...);
/* A port or a list of them. */
IK_MUST_USE enum ik_err ik_keys_ports(const struct ik_keys_ctx *ctx, const char *key,
                                      const struct ik_tree_node *value, struct ik_keys_ports *out);
/* Reads an address or prefix, of that family where it is not 0. */
IK_MUST_USE enum ik_err ik_keys_addr(const struct ik_keys_ctx *ctx,
                                     const struct ik_tree_node *value, const char *key,
                                     uint8_t family, struct ik_addr *out);
IK_MUST_USE enum ik_err ik_keys_prefix(const struct ik_keys_ctx *ctx,
                                       const struct ik_tree_node *value, const char *key,
                                       uint8_t family, struct ik_prefix *out);
/* The same for a prefix or a list of at most `most`. */
IK_MUST_USE enum ik_err ik_keys_prefixes(const struct ik_keys_ctx *ctx,
                                         const struct ik_tree_node *value, const char *key,
                                         uint8_t family, uint32_t most,
                                         struct ik_keys_prefixes *out);
