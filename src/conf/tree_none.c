/* SPDX-License-Identifier: MIT
 * instead of tree.c where libyaml is not there. */
#include "conf/tree.h"

#include "conf/say.h"

enum ik_err ik_tree_parse(const struct ik_tree_node **out, struct ik_arena *arena,
                          struct ik_rd bytes, struct ik_conf_fault *fault)
{
    (void)out;
    (void)arena;
    (void)bytes;
    return ik_say_place(fault, IK_E_UNSUPPORTED, 0, 0,
                        "this icmp was built without libyaml, which reads such files");
}
