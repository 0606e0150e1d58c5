/* SPDX-License-Identifier: MIT
 * Socket addresses <-> ik_addr. */
#include "link/sa.h"

#include <string.h>

socklen_t ik_sa_put(union ik_sa *sa, const struct ik_addr *a, uint16_t port, uint32_t scope)
{
    if (a->family == 4) {
        sa->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&sa->v4.sin_addr, a->bytes, 4);
        return sizeof(sa->v4);
    }
    if (a->family != 6)
        return 0;
    sa->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&sa->v6.sin6_addr, a->bytes, 16);
    sa->v6.sin6_scope_id = a->scope;
    if (!a->scope && scope && (ik_addr_is_link_local(a) || ik_addr_is_multicast(a)))
        sa->v6.sin6_scope_id = scope;
    return sizeof(sa->v6);
}

struct ik_addr ik_sa_from_v4(const struct in_addr *in)
{
    struct ik_addr a = {.family = 4};
    memcpy(a.bytes, in, 4);
    return a;
}

struct ik_addr ik_sa_from_v6(const struct in6_addr *in, uint32_t scope)
{
    struct ik_addr a = {.family = 6};
    memcpy(a.bytes, in, 16);
    if (ik_addr_is_link_local(&a))
        a.scope = scope;
    return a;
}

struct ik_addr ik_sa_take(const struct sockaddr *sa, uint16_t *port)
{
    union ik_sa copy;
    if (sa->sa_family == AF_INET) {
        memcpy(&copy.v4, sa, sizeof(copy.v4));
        if (port)
            *port = ntohs(copy.v4.sin_port);
        return ik_sa_from_v4(&copy.v4.sin_addr);
    }
    if (sa->sa_family == AF_INET6) {
        memcpy(&copy.v6, sa, sizeof(copy.v6));
        if (port)
            *port = ntohs(copy.v6.sin6_port);
        return ik_sa_from_v6(&copy.v6.sin6_addr, copy.v6.sin6_scope_id);
    }
    return (struct ik_addr){0};
}
