/* SPDX-License-Identifier: MIT
 * The packet filter of a node (RFC 1812 sections 5.3.3.3, 5.3.9). */
#include "stack/acl.h"
#include "stack/reset.h"
#include "stack/stack_int.h"

static void refuse(struct ik_stack *s, const struct ik_pkt *p, uint8_t code, enum ik_rule rule)
{
    const struct ik_stack_error e = {
        .type = p->ip.version == 4 ? (uint8_t)IK_ICMP4_UNREACHABLE : (uint8_t)IK_ICMP6_UNREACHABLE,
        .code = code,
        .rule = rule,
        .refuses = true,
    };
    ik_stack_error_send(s, p, &e);
}

bool ik_stack_filter_pass(struct ik_stack *s, const struct ik_pkt *p, uint8_t direction)
{
    const struct ik_stack_filter_rule *r =
        ik_stack_acl_find(s->opt->filter, s->opt->n_filter, &p->ip, direction);
    if (r && r->act == IK_ACT_DROP) {
        ik_stack_event_drop(s, IK_STACK_FILTERED, IK_RULE_R1812_5_3_9_01, p,
                            "a filter drops it silently");
        return false;
    }
    if (!r || r->act == IK_ACT_ACCEPT)
        return true;
    const enum ik_rule rule =
        ik_stack_acl_by_precedence(r) ? IK_RULE_R1812_5_3_3_3_02 : IK_RULE_R1812_5_3_9_01;
    ik_stack_event_drop(s, IK_STACK_FILTERED, rule, p, "a filter refuses it");
    if (r->act != IK_ACT_REJECT_RESET || !ik_stack_reset_send(s, p))
        refuse(s, p, ik_stack_acl_code(r, p->ip.version), rule);
    return false;
}
