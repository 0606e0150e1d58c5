/* SPDX-License-Identifier: MIT
 * What needs no libyaml. */
#include "conf/tree.h"

#include <string.h>

const struct ik_tree_node *ik_tree_find(const struct ik_tree_node *map, const char *key)
{
    for (uint32_t i = 0; map->kind == IK_TREE_MAP && i < map->n; i++)
        if (strcmp(map->items[i].key->text, key) == 0)
            return map->items[i].value;
    return NULL;
}
