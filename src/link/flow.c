/* SPDX-License-Identifier: MIT
 * Leases of IPv6 flow labels. */
#include "link/flow.h"

#include "link/errmap.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* struct in6_flowlabel_req of <linux/in6.h>, which glibc's headers do not have: kernel ABI. */
struct flowlabel_req {
    struct in6_addr dst;
    uint32_t label; /* network order */
    uint8_t action, share;
    uint16_t flags, expires, linger;
    uint32_t pad;
};

enum { FL_A_GET = 0, FL_F_CREATE = 1, FL_S_ANY = 255, FLOWLABEL_MGR = 32, FLOWINFO_SEND = 33 };

enum ik_err ik_flow_lease(int fd, uint32_t label, const struct ik_addr *peer)
{
    struct flowlabel_req req = {.label = htonl(label & 0xfffff),
                                .action = FL_A_GET,
                                .share = FL_S_ANY,
                                .flags = FL_F_CREATE,
                                .dst = IN6ADDR_LOOPBACK_INIT};
    if (peer->family == 6 && !ik_addr_is_multicast(peer))
        memcpy(&req.dst, peer->bytes, sizeof(req.dst));
    if (setsockopt(fd, IPPROTO_IPV6, FLOWLABEL_MGR, &req, sizeof(req)))
        return errno == EPERM || errno == EEXIST ? IK_E_EXISTS : ik_errmap_open(errno);
    const int on = 1;
    if (setsockopt(fd, IPPROTO_IPV6, FLOWINFO_SEND, &on, sizeof(on)))
        return ik_errmap_open(errno);
    return IK_OK;
}
