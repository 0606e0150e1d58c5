/* SPDX-License-Identifier: MIT */
#include <icmpkit/stack.h>

const char *ik_rule_id(enum ik_rule rule)
{
    static const char *const ids[IK_RULE_COUNT] = {
#define X(symbol, id, rfc, section, level, role, status, reason) [IK_RULE_##symbol] = id,
#include <icmpkit/rules.def>
#undef X
    };
    return rule < IK_RULE_COUNT ? ids[rule] : NULL;
}
