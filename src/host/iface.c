/* SPDX-License-Identifier: MIT
 * Interfaces by name and index. */
#include <icmpkit/host.h>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
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
