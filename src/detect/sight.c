/* SPDX-License-Identifier: MIT
 * Hashes, direction, and who is not minded. */
#include "detect/sight.h"

#include "detect/payload.h"
#include "detect/spread.h"

#include <string.h>

/* Of IPv6 sources but those of a link: one can take any address of its /64. */
enum { NET_BYTES = 8 };

static bool is_same(const struct ik_addr *a, const struct ik_addr *b)
{
    if (a->family == 4)
        return b->family == 4 && ik_load_be32(a->bytes) == ik_load_be32(b->bytes);
    return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

uint64_t ik_sight_pair(const struct ik_sight *s, const struct ik_addr *a, const struct ik_addr *b)
{
    return ik_keyed_pair(ik_keyed_of(s->keyed, a), ik_keyed_of(s->keyed, b));
}

uint64_t ik_sight_host(const struct ik_sight *s, const struct ik_addr *a)
{
    return ik_keyed_of(s->keyed, a);
}

/* ---- direction ------------------------------------------------------------------------------- */

/* Multicast and the limited broadcast do not leave the link of whoever sends, nor do addresses of
 * the link: they are on our side when the other end is. */
static bool is_near(const struct ik_addr *a)
{
    static const uint8_t all[4] = {255, 255, 255, 255};
    return ik_addr_is_multicast(a) || ik_addr_is_link_local(a) || ik_addr_is_any(a) ||
           (a->family == 4 && !memcmp(a->bytes, all, sizeof(all)));
}

bool ik_sight_is_home(const struct ik_detect_cfg *cfg, const struct ik_addr *a)
{
    for (size_t i = 0; i < cfg->n_home; i++) {
        if (ik_prefix_contains(&cfg->home[i], a))
            return true;
    }
    return false;
}

static bool is_ours(const struct ik_detect_cfg *cfg, const struct ik_addr *a)
{
    return ik_sight_is_home(cfg, a) || is_near(a);
}

static enum ik_way way_of(const struct ik_sight *s)
{
    const struct ik_look_packet *p = s->p;
    if (s->cfg->n_home == 0) {
        if (p->frame.way == IK_LOOK_WAY_UNKNOWN)
            return IK_WAY_UNKNOWN;
        return p->frame.way == IK_LOOK_WAY_OUT ? IK_WAY_OUT : IK_WAY_IN;
    }
    const bool from = is_ours(s->cfg, &p->ip.src), to = is_ours(s->cfg, &p->ip.dst);
    if (from)
        return to ? IK_WAY_INSIDE : IK_WAY_OUT;
    return to ? IK_WAY_IN : IK_WAY_ACROSS;
}

bool ik_sight_is_router(const struct ik_detect_cfg *cfg, const struct ik_addr *a, bool *any)
{
    *any = false;
    for (size_t i = 0; i < cfg->n_routers; i++) {
        const struct ik_addr *r = &cfg->routers[i];
        *any |= r->family == a->family && (r->family == 4 || ik_addr_is_link_local(r));
        if (ik_addr_same_host(r, a))
            return true;
    }
    return false;
}

bool ik_sight_is_too_big(const struct ik_icmp *m)
{
    return m->family == 4
               ? m->type == IK_ICMP4_UNREACHABLE && m->code == IK_ICMP4_UNREACHABLE_FRAG_NEEDED
               : m->type == IK_ICMP6_PACKET_TOO_BIG;
}

/* ---- the sight ------------------------------------------------------------------------------- */

static struct ik_addr counted(const struct ik_addr *a)
{
    struct ik_addr c = *a;
    c.scope = 0;
    if (c.family == 6 && !ik_addr_is_link_local(a))
        memset(c.bytes + NET_BYTES, 0, sizeof(c.bytes) - NET_BYTES);
    return c;
}

/* What is quoted was sent by whom the error goes to, nearly always. */
static uint64_t quoted_pair(const struct ik_sight *s)
{
    const struct ik_ip *ip = &s->p->quote.ip;
    if (!is_same(&ip->src, &s->p->ip.dst))
        return ik_sight_pair(s, &ip->src, &ip->dst);
    return ik_keyed_pair(s->dst_hash, ik_keyed_of(s->keyed, &ip->dst));
}

/* Of what is no echo. */
static enum ik_query query_of(uint8_t family, uint8_t type)
{
    switch (family == 4 ? type : type + 256) {
    case IK_ICMP4_TIMESTAMP:
    case IK_ICMP4_INFO:
    case IK_ICMP4_MASK:
    case IK_ICMP4_DOMAIN_NAME:
    case IK_ICMP4_EXT_ECHO:
    case IK_ICMP6_NODE_QUERY + 256:
    case IK_ICMP6_EXT_ECHO + 256:
        return IK_QUERY_ASKS;
    case IK_ICMP4_TIMESTAMP_REPLY:
    case IK_ICMP4_INFO_REPLY:
    case IK_ICMP4_MASK_REPLY:
    case IK_ICMP4_DOMAIN_NAME_REPLY:
    case IK_ICMP4_EXT_ECHO_REPLY:
    case IK_ICMP6_NODE_REPLY + 256:
    case IK_ICMP6_EXT_ECHO_REPLY + 256:
        return IK_QUERY_ANSWERS;
    default:
        return IK_QUERY_NONE;
    }
}

static void fill_hashes(struct ik_sight *s)
{
    const struct ik_ip *ip = &s->p->ip;
    s->src = counted(&ip->src);
    if (ip->version == 4) {
        s->src_hash = s->host_hash = ik_keyed_of4(s->keyed, &ip->src);
        s->dst_hash = ik_keyed_of4(s->keyed, &ip->dst);
    } else {
        s->host_hash = ik_keyed_of6(s->keyed, &ip->src);
        s->dst_hash = ik_keyed_of6(s->keyed, &ip->dst);
        s->src_hash = ik_keyed_of6(s->keyed, &s->src);
    }
    s->pair_hash = ik_keyed_pair(s->host_hash, s->dst_hash);
}

void ik_sight_fill(struct ik_sight *s)
{
    const struct ik_ip *ip = &s->p->ip;
    fill_hashes(s);
    s->upward = ik_sight_is_lower(&ip->src, &ip->dst);
    s->quoted_pair = s->p->has_quote ? quoted_pair(s) : 0;
    s->is_echo = s->icmp && s->p->icmp.kind == IK_ICMP_ECHO;
    if (s->is_echo) {
        ik_payload_fill(s);
        s->query = s->echo.request ? IK_QUERY_ASKS : IK_QUERY_ANSWERS;
    } else {
        s->query = s->icmp ? query_of(ip->version, s->p->icmp.type) : IK_QUERY_NONE;
    }
    s->way = way_of(s);
    s->src_spread = ik_spread_is_likely_src(s->cfg, &ip->src) ? ik_spread_of_src(s) : IK_SPREAD_ONE;
    s->dst_spread = ik_spread_is_likely_dst(s) ? ik_spread_of_dst(s) : IK_SPREAD_ONE;
}

bool ik_sight_is_allowed(const struct ik_sight *s, enum ik_detector d)
{
    for (size_t i = 0; i < s->cfg->n_allow; i++) {
        const struct ik_detect_allow *allow = &s->cfg->allow[i];
        if (allow->detectors >> d & 1 && ik_prefix_contains(&allow->source, &s->p->ip.src))
            return true;
    }
    return false;
}
