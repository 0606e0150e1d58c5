/* SPDX-License-Identifier: MIT
 * What the rules of packet filters are about. */
#include "stack/acl.h"

#include "base/bytes.h"
#include "base/rd.h"

enum { PROTO_DCCP = 33, PROTO_SCTP = 132, PROTO_UDPLITE = 136 };

/* Bytes of the transport header, none in a later fragment. */
static struct ik_rd transport(const struct ik_ip *ip)
{
    return ik_rd_head(ip->payload, ip->offset_bytes ? 0 : ip->payload.left);
}

static bool is_icmp(const struct ik_ip *ip)
{
    return ip->proto == (ip->version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6);
}

static bool has_ports(uint8_t proto)
{
    return proto == IK_PROTO_TCP || proto == IK_PROTO_UDP || proto == PROTO_DCCP ||
           proto == PROTO_SCTP || proto == PROTO_UDPLITE;
}

static bool ports_fit(const struct ik_stack_filter_rule *r, const struct ik_ip *ip)
{
    if (r->port_low == 0 && r->port_high == 0)
        return true;
    const struct ik_rd t = transport(ip);
    if (!has_ports(ip->proto) || t.left < 4)
        return false;
    const uint16_t port = ik_load_be16(t.p + 2);
    return port >= r->port_low && port <= r->port_high;
}

static bool icmp_fits(const struct ik_stack_filter_rule *r, const struct ik_ip *ip)
{
    if (!r->has_type && !r->has_code)
        return true;
    const struct ik_rd t = transport(ip);
    return is_icmp(ip) && t.left >= 2 && (!r->has_type || t.p[0] == r->type) &&
           (!r->has_code || t.p[1] == r->code);
}

bool ik_stack_acl_by_precedence(const struct ik_stack_filter_rule *r)
{
    return r->precedence_below || r->precedence_from;
}

static bool precedence_fits(const struct ik_stack_filter_rule *r, const struct ik_ip *ip)
{
    const uint8_t precedence = ip->tos >> 5;
    if (!ik_stack_acl_by_precedence(r))
        return true;
    return !ik_stack_acl_is_error(ip) && precedence >= r->precedence_from &&
           (!r->precedence_below || precedence < r->precedence_below);
}

static bool addr_fits(const struct ik_prefix *p, const struct ik_addr *a)
{
    return p->addr.family == 0 || ik_prefix_contains(p, a);
}

static bool fits(const struct ik_stack_filter_rule *r, const struct ik_ip *ip, uint8_t direction)
{
    return (r->direction == 0 || r->direction == direction) &&
           (r->family == 0 || r->family == ip->version) &&
           (!r->has_proto || r->proto == ip->proto) && (!r->fragments || ip->fragment) &&
           ip->total_bytes > r->longer_than && addr_fits(&r->src, &ip->src) &&
           addr_fits(&r->dst, &ip->dst) && ports_fit(r, ip) && icmp_fits(r, ip) &&
           precedence_fits(r, ip);
}

bool ik_stack_acl_is_error(const struct ik_ip *ip)
{
    const struct ik_rd t = transport(ip);
    if (!is_icmp(ip) || t.left < 1)
        return false;
    const uint8_t type = t.p[0];
    if (ip->version == 6)
        return ik_icmp_is_error(6, type) || type == IK_ICMP6_REDIRECT;
    return type == IK_ICMP4_UNREACHABLE || type == IK_ICMP4_REDIRECT ||
           type == IK_ICMP4_TIME_EXCEEDED || type == IK_ICMP4_PARAMETER_PROBLEM;
}

const struct ik_stack_filter_rule *ik_stack_acl_find(const struct ik_stack_filter_rule *rules,
                                                     size_t n, const struct ik_ip *ip,
                                                     uint8_t direction)
{
    for (size_t i = 0; i < n; i++)
        if (fits(&rules[i], ip, direction))
            return &rules[i];
    return NULL;
}

uint8_t ik_stack_acl_code(const struct ik_stack_filter_rule *rule, uint8_t family)
{
    if (rule->has_reject_code && (family == 4 || rule->reject_code <= IK_ICMP6_UNREACHABLE_P_ROUTE))
        return rule->reject_code;
    if (family == 6)
        return IK_ICMP6_UNREACHABLE_PROHIBITED;
    return ik_stack_acl_by_precedence(rule) ? IK_ICMP4_UNREACHABLE_PRECEDENCE_VIOLATION
                                            : IK_ICMP4_UNREACHABLE_PROHIBITED;
}
