/* SPDX-License-Identifier: MIT
 * A YAML file as a tree that knows where each part of it stands. Every scalar is text: what it
 * means is decided by who reads it, so that "no" is a name where names are. The file is hostile:
 * its size, depth, number of nodes and what its aliases grow to are bounded, keys are unique. */
#pragma once

#include "conf/arena.h"

#include <icmpkit/base.h>
#include <icmpkit/conf.h>

enum ik_tree_kind { IK_TREE_SCALAR, IK_TREE_LIST, IK_TREE_MAP };

enum {
    IK_TREE_BYTES_MAX = 4 << 20,
    IK_TREE_NODES_MAX = 400000, /* an alias counts as all that it stands for */
    IK_TREE_DEPTH_MAX = 16,
    IK_TREE_ANCHORS_MAX = 256,
};

struct ik_tree_item {
    const struct ik_tree_node *key; /* a scalar; NULL in lists */
    const struct ik_tree_node *value;
};

struct ik_tree_node {
    enum ik_tree_kind kind;
    uint32_t line, column; /* from 1; of an alias: where the alias is */
    const char *text; /* of a scalar; "[...]" and "{...}" are what no word means; no NUL inside */
    bool plain;       /* a scalar without quotes */
    const struct ik_tree_item *items; /* of a list or map, in the order of the file */
    uint32_t n;
    uint32_t weight; /* nodes in it, itself included */
};

/* Reads one document from `bytes`; all of *out lives in `arena`. An empty file is a map without
 * items. IK_E_VALUE when it is not YAML, has a tag, a second document, a key twice or too much;
 * IK_E_NOMEM; IK_E_UNSUPPORTED when built without libyaml. Then *fault says what, where. */
IK_MUST_USE enum ik_err ik_tree_parse(const struct ik_tree_node **out, struct ik_arena *arena,
                                      struct ik_rd bytes, struct ik_conf_fault *fault);
/* The value of a key of a map, NULL when it is not there. */
const struct ik_tree_node *ik_tree_find(const struct ik_tree_node *map, const char *key);
