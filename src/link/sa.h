/* SPDX-License-Identifier: MIT
 * Socket addresses <-> ik_addr. */
#pragma once

#include "icmpkit/base.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* Room for the address of either family; much smaller than sockaddr_storage, as there are hundreds
 * of them in a link. */
union ik_sa {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Writes the address and returns its length; 0 when a->family is neither 4 nor 6. `scope` serves an
 * IPv6 address that needs one (link-local, multicast) and has none; port in host order. */
socklen_t ik_sa_put(union ik_sa *sa, const struct ik_addr *a, uint16_t port, uint32_t scope);
/* Reads address, and port unless NULL, in host order; family 0 when it is of no known family. */
struct ik_addr ik_sa_take(const struct sockaddr *sa, uint16_t *port);
struct ik_addr ik_sa_from_v4(const struct in_addr *in);
struct ik_addr ik_sa_from_v6(const struct in6_addr *in, uint32_t scope);
