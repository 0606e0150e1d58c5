/* SPDX-License-Identifier: MIT
 * Interfaces by name and index. */
#include <icmpkit/host.h>

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum ik_err ik_iface_index(const char *name, uint32_t *out)
{
    const unsigned index = if_nametoindex(name);
    if (!index)
        return IK_E_IFACE;
    *out = index;
    return IK_OK;
}

enum ik_err ik_iface_name(uint32_t index, char out[static 16])
{
    _Static_assert(IF_NAMESIZE == 16, "the contract promises room for a name");
    char name[IF_NAMESIZE];
    if (!if_indextoname(index, name))
        return IK_E_IFACE;
    for (size_t i = 0; i < sizeof(name); i++)
        out[i] = name[i];
    return IK_OK;
}

/* False: neither IPv4 nor IPv6. */
static bool addr_of(const struct ifaddrs *a, struct ik_addr *out)
{
    *out = (struct ik_addr){.family = 0};
    if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET) {
        struct sockaddr_in sin;
        memcpy(&sin, a->ifa_addr, sizeof(sin));
        out->family = 4;
        memcpy(out->bytes, &sin.sin_addr, 4);
    } else if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET6) {
        struct sockaddr_in6 sin6;
        memcpy(&sin6, a->ifa_addr, sizeof(sin6));
        out->family = 6;
        memcpy(out->bytes, &sin6.sin6_addr, 16);
        out->scope = sin6.sin6_scope_id;
    }
    return out->family != 0;
}

enum ik_err ik_iface_check_addr(const char *name, const struct ik_addr *addr)
{
    struct ifaddrs *all;
    struct ik_addr a;
    enum ik_err err = IK_E_NOT_FOUND;
    if (getifaddrs(&all))
        return IK_E_SYSTEM;
    for (const struct ifaddrs *i = all; i && err; i = i->ifa_next) {
        if (!strcmp(i->ifa_name, name) && addr_of(i, &a) && ik_addr_same_host(&a, addr))
            err = IK_OK;
    }
    freeifaddrs(all);
    return err;
}

enum ik_err ik_iface_only_link(uint32_t *out)
{
    struct ifaddrs *all;
    struct ik_addr a;
    uint32_t found = 0;
    bool several = false;
    if (getifaddrs(&all))
        return IK_E_SYSTEM;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (!(i->ifa_flags & IFF_UP) || !addr_of(i, &a) || a.family != 6 ||
            !ik_addr_is_link_local(&a) || !a.scope)
            continue;
        several = several || (found && found != a.scope);
        found = a.scope;
    }
    freeifaddrs(all);
    if (!found || several)
        return several ? IK_E_EXISTS : IK_E_NOT_FOUND;
    *out = found;
    return IK_OK;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* False for an entry that is an address of another family. */
static bool iface_of(const struct ifaddrs *entry, struct ik_iface *out)
{
    struct sockaddr_ll ll;
    if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_PACKET)
        return false;
    memcpy(&ll, entry->ifa_addr, sizeof(ll));
    *out = (struct ik_iface){.index = (uint32_t)ll.sll_ifindex,
                             .up = entry->ifa_flags & IFF_UP,
                             .running = entry->ifa_flags & IFF_RUNNING,
                             .loopback = entry->ifa_flags & IFF_LOOPBACK,
                             .device = ll.sll_hatype};
    for (size_t i = 0; i + 1 < sizeof(out->name) && entry->ifa_name[i]; i++)
        out->name[i] = entry->ifa_name[i];
    return true;
}

static int by_index(const void *a, const void *b)
{
    const struct ik_iface *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

enum ik_err ik_iface_each(void (*fn)(void *ctx, const struct ik_iface *iface), void *ctx)
{
    struct ifaddrs *all;
    size_t cap = 0, n = 0;
    if (getifaddrs(&all))
        return IK_E_SYSTEM;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        cap++;
    struct ik_iface *list = calloc(cap + 1, sizeof(*list));
    if (!list) {
        freeifaddrs(all);
        return IK_E_NOMEM;
    }
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        n += iface_of(i, &list[n]);
    freeifaddrs(all);
    qsort(list, n, sizeof(*list), by_index);
    for (size_t i = 0; i < n; i++)
        fn(ctx, &list[i]);
    free(list);
    return IK_OK;
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* How many leading bits of a network mask are set. */
static uint8_t mask_bits(const struct ifaddrs *a, uint8_t family)
{
    struct ifaddrs masked = {.ifa_addr = a->ifa_netmask};
    struct ik_addr mask;
    uint8_t n = 0;
    if (!a->ifa_netmask || !addr_of(&masked, &mask) || mask.family != family)
        return (uint8_t)(8 * ik_addr_bytes(family));
    while (n < 8 * ik_addr_bytes(family) && mask.bytes[n / 8] >> (7 - n % 8) & 1)
        n++;
    return n;
}

enum ik_err ik_iface_each_addr(void (*fn)(void *ctx, const struct ik_iface_addr *addr), void *ctx)
{
    struct ifaddrs *all;
    if (getifaddrs(&all))
        return IK_E_SYSTEM;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        struct ik_iface_addr a = {.loopback = i->ifa_flags & IFF_LOOPBACK};
        if (!(i->ifa_flags & IFF_UP) || !addr_of(i, &a.addr))
            continue;
        a.bits = mask_bits(i, a.addr.family);
        for (size_t c = 0; c + 1 < sizeof(a.name) && i->ifa_name[c]; c++)
            a.name[c] = i->ifa_name[c];
        fn(ctx, &a);
    }
    freeifaddrs(all);
    return IK_OK;
}
