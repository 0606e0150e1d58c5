/* SPDX-License-Identifier: MIT
 * Which addresses are this node's, and what others are to it. */
#include "base/siphash.h"
#include "net/scope.h"
#include "stack/query4.h"
#include "stack/stack_int.h"

static struct ik_prefix prefix_of(const struct ik_stack *s, uint8_t port,
                                  const struct ik_stack_ifaddr *a)
{
    return (struct ik_prefix){.addr = a->addr, .bits = ik_stack_query4_bits(s, port, a)};
}

/* ---- ours ------------------------------------------------------------------------------------ */

/* The port whose configuration has that address; IK_STACK_UPPER: none. */
static uint8_t port_with(const struct ik_stack *s, const struct ik_addr *addr)
{
    for (uint8_t i = 0; i < s->n_ifaces; i++)
        for (uint8_t k = 0; k < s->ifaces[i].n_addrs; k++)
            if (ik_addr_same_host(&s->ifaces[i].addrs[k].addr, addr))
                return i;
    return IK_STACK_UPPER;
}

static bool has_ipv6(const struct ik_stack_iface *f)
{
    for (uint8_t i = 0; i < f->n_addrs; i++)
        if (f->addrs[i].addr.family == 6)
            return true;
    return false;
}

/* fe80::/10 is another network on each port: the packet's port says which, else the scope. */
static uint8_t link_local_port(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr)
{
    for (uint8_t i = 0; i < s->n_ifaces; i++) {
        const struct ik_stack_iface *f = &s->ifaces[i];
        if ((port != IK_STACK_UPPER && port != i) ||
            (port == IK_STACK_UPPER && addr->scope && addr->scope != ik_stack_local_index(s, i)))
            continue;
        for (uint8_t k = 0; k < f->n_addrs; k++)
            if (ik_addr_same_host(&f->addrs[k].addr, addr))
                return i;
        const struct ik_addr own = ik_scope_link_local(f->mac);
        if (has_ipv6(f) && ik_addr_same_host(&own, addr))
            return i;
    }
    return IK_STACK_UPPER;
}

uint32_t ik_stack_local_index(const struct ik_stack *s, uint8_t port)
{
    return s->ifaces[port].index ? s->ifaces[port].index : port + 1u;
}

uint8_t ik_stack_local_port(const struct ik_stack *s, const struct ik_addr *addr)
{
    if (addr->family == 6 && ik_addr_is_link_local(addr))
        return link_local_port(s, IK_STACK_UPPER, addr);
    return port_with(s, addr);
}

/* An address of a prefix that the host stands for, and that is alive: chosen by keyed hash, so that
 * the same ones live as long as the node. */
static bool in_prefixes(const struct ik_stack *s, const struct ik_addr *addr)
{
    const struct ik_stack_options *o = s->opt;
    for (uint16_t i = 0; i < o->n_prefixes; i++) {
        if (!ik_prefix_contains(&o->prefixes[i], addr))
            continue;
        return o->alive_permille == 0 ||
               ik_siphash(s->key, addr->bytes, sizeof(addr->bytes)) % 1000 < o->alive_permille;
    }
    return false;
}

/* ---- IPv4 ------------------------------------------------------------------------------------ */

bool ik_stack_local_is_broadcast4(const struct ik_stack *s, uint8_t port,
                                  const struct ik_addr *addr)
{
    if (ik_scope_is_limited_broadcast(addr) || ik_addr_is_any(addr))
        return true; /* RFC 1812 section 5.3.5.1: 0.0.0.0 is received as one */
    const struct ik_stack_iface *f = &s->ifaces[port];
    for (uint8_t i = 0; i < f->n_addrs; i++) {
        const struct ik_prefix net = prefix_of(s, port, &f->addrs[i]);
        if (net.addr.family == 4 &&
            (ik_scope_is_broadcast(&net, addr) || ik_scope_is_zero_broadcast(&net, addr)))
            return true;
    }
    return false;
}

bool ik_stack_local_is_broadcast4_any(const struct ik_stack *s, const struct ik_addr *addr)
{
    for (uint8_t port = 0; port < s->n_ifaces; port++)
        if (ik_stack_local_is_broadcast4(s, port, addr))
            return true;
    return false;
}

static enum ik_local kind4(const struct ik_stack *s, uint8_t port, const struct ik_addr *dst)
{
    if (port_with(s, dst) != IK_STACK_UPPER)
        return IK_LOCAL_UNICAST;
    if (port == IK_STACK_UPPER)
        return ik_scope_is_loopback(dst) || in_prefixes(s, dst) ? IK_LOCAL_UNICAST : IK_LOCAL_NONE;
    if (ik_stack_local_is_broadcast4(s, port, dst))
        return IK_LOCAL_BROADCAST;
    if (ik_addr_is_multicast(dst)) {
        const uint32_t group = ik_load_be32(dst->bytes);
        return group == 0xe0000001 || (group == 0xe0000002 && ik_stack_is_router(s))
                   ? IK_LOCAL_MULTICAST
                   : IK_LOCAL_NONE;
    }
    return in_prefixes(s, dst) ? IK_LOCAL_UNICAST : IK_LOCAL_NONE;
}

/* ---- both families --------------------------------------------------------------------------- */

static enum ik_local kind6(const struct ik_stack *s, uint8_t port, const struct ik_addr *dst)
{
    if (ik_addr_is_multicast(dst))
        return port != IK_STACK_UPPER && ik_stack_mld_joined(s, port, dst) ? IK_LOCAL_MULTICAST
                                                                           : IK_LOCAL_NONE;
    if (ik_scope_is_loopback(dst))
        return port == IK_STACK_UPPER ? IK_LOCAL_UNICAST : IK_LOCAL_NONE;
    const uint8_t at =
        ik_addr_is_link_local(dst) ? link_local_port(s, port, dst) : port_with(s, dst);
    if (at != IK_STACK_UPPER)
        return ik_stack_nd_usable(s, at, dst) ? IK_LOCAL_UNICAST : IK_LOCAL_NONE;
    return in_prefixes(s, dst) ? IK_LOCAL_UNICAST : IK_LOCAL_NONE;
}

bool ik_stack_local_answers(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr)
{
    const struct ik_stack_iface *f = &s->ifaces[port];
    for (uint8_t i = 0; i < f->n_addrs; i++)
        if (ik_addr_same_host(&f->addrs[i].addr, addr))
            return true;
    return in_prefixes(s, addr);
}

enum ik_local ik_stack_local_kind(const struct ik_stack *s, uint8_t port, const struct ik_addr *dst)
{
    return dst->family == 4 ? kind4(s, port, dst) : kind6(s, port, dst);
}

bool ik_stack_local_on_link(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr)
{
    if (addr->family == 6 && ik_addr_is_link_local(addr))
        return true;
    const struct ik_stack_iface *f = &s->ifaces[port];
    for (uint8_t i = 0; i < f->n_addrs; i++)
        if (f->addrs[i].addr.family == addr->family &&
            ik_scope_common_bits(&f->addrs[i].addr, addr) >=
                ik_stack_query4_bits(s, port, &f->addrs[i]))
            return true;
    return false;
}

bool ik_stack_local_bad_source(const struct ik_stack *s, uint8_t port, const struct ik_addr *src)
{
    if (ik_addr_is_any(src))
        return false;
    if (src->family == 6)
        return ik_addr_is_multicast(src) || ik_scope_is_loopback(src);
    return !ik_scope_is_single_host(src) || ik_stack_local_is_broadcast4(s, port, src);
}

/* ---- source selection ------------------------------------------------------------------------ */

static struct ik_addr source4(const struct ik_stack *s, uint8_t port, const struct ik_addr *peer)
{
    const struct ik_stack_iface *f = &s->ifaces[port];
    struct ik_addr first = {0};
    for (uint8_t i = 0; i < f->n_addrs; i++) {
        const struct ik_stack_ifaddr *a = &f->addrs[i];
        if (a->addr.family != 4)
            continue;
        if (first.family == 0)
            first = a->addr;
        if (peer && ik_scope_common_bits(&a->addr, peer) >= ik_stack_query4_bits(s, port, a))
            return a->addr;
    }
    return first;
}

static struct ik_addr source6(const struct ik_stack *s, uint8_t port, const struct ik_addr *peer)
{
    const struct ik_stack_iface *f = &s->ifaces[port];
    struct ik_addr best = {0};
    if (!has_ipv6(f))
        return best;
    const struct ik_addr own = ik_scope_link_local(f->mac);
    if (ik_stack_nd_usable(s, port, &own))
        best = own;
    for (uint8_t i = 0; i < f->n_addrs; i++) {
        const struct ik_addr *a = &f->addrs[i].addr;
        if (a->family != 6 || !ik_stack_nd_usable(s, port, a))
            continue;
        const struct ik_addr pair[2] = {best, *a};
        /* Nobody to compare with: the address with the widest reach. */
        if (best.family == 0 || (!peer && ik_scope_of(a) > ik_scope_of(&best)) ||
            (peer && ik_scope_pick_source(peer, pair, 2) == 1))
            best = *a;
    }
    return best;
}

struct ik_addr ik_stack_local_of_port(const struct ik_stack *s, uint8_t port, uint8_t family,
                                      const struct ik_addr *peer)
{
    return family == 4 ? source4(s, port, peer) : source6(s, port, peer);
}

/* A router may have no address of the family on the port: then any of the node (RFC 1812 section
 * 4.3.2.4, RFC 4443 section 2.2). */
struct ik_addr ik_stack_local_source(const struct ik_stack *s, uint8_t port,
                                     const struct ik_addr *peer)
{
    struct ik_addr a = ik_stack_local_of_port(s, port, peer->family, peer);
    for (uint8_t i = 0; i < s->n_ifaces && a.family == 0; i++)
        a = ik_stack_local_of_port(s, i, peer->family, peer);
    return a;
}

struct ik_addr ik_stack_source(struct ik_stack *s, const struct ik_addr *dst)
{
    struct ik_stack_hop hop;
    if (ik_stack_local_kind(s, IK_STACK_UPPER, dst) == IK_LOCAL_UNICAST)
        return *dst;
    if (!ik_stack_route_find(s, dst, 0, 0, &hop) || hop.kind != IK_STACK_ROUTE_VIA)
        return (struct ik_addr){0};
    return ik_stack_local_source(s, hop.port, dst);
}
