/* SPDX-License-Identifier: MIT
 * Interfaces that we made: addresses, routes and what keeps a driver from changing frames, by
 * rtnetlink and ioctl; and whether a network would collide with one that the machine has. */
#include <icmpkit/host.h>

#include "host/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static enum ik_err err_of(int err_no)
{
    switch (err_no) {
    case 0:
        return IK_OK;
    case EPERM:
    case EACCES:
        return IK_E_ACCESS;
    case EEXIST:
        return IK_E_EXISTS;
    case ENODEV:
    case ENXIO:
        return IK_E_IFACE;
    case ENETUNREACH:
    case EHOSTUNREACH:
        return IK_E_NO_ROUTE;
    case EINVAL:
        return IK_E_VALUE;
    case ENOMEM:
    case ENOBUFS:
        return IK_E_NOMEM;
    case EAFNOSUPPORT:
    case EOPNOTSUPP:
        return IK_E_UNSUPPORTED;
    default:
        return IK_E_SYSTEM;
    }
}

static enum ik_err order(struct ik_netlink *q, uint16_t flags)
{
    int err_no;
    return ik_netlink_order(q, flags, &err_no) ? err_of(err_no) : IK_OK;
}

/* ---- one interface --------------------------------------------------------------------------- */

enum ik_err ik_netif_up(const char *name)
{
    uint32_t index;
    const enum ik_err err = ik_iface_index(name, &index);
    if (err)
        return err;
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC,
                                     .ifi_index = (int)index,
                                     .ifi_flags = IFF_UP,
                                     .ifi_change = IFF_UP};
    struct ik_netlink q;
    ik_netlink_init(&q, RTM_NEWLINK, &header, sizeof(header));
    return order(&q, 0);
}

/* True when the kernel has seen the carrier and begun to let frames out. */
static bool is_operating(uint32_t index)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
    struct ik_netlink q;
    uint8_t buf[IK_NETLINK_ANSWER_BYTES];
    struct ik_rd body, value;
    uint16_t type;
    int ignored;
    ik_netlink_init(&q, RTM_GETLINK, &header, sizeof(header));
    if (ik_netlink_ask(&q, buf, &body, &ignored) ||
        !ik_rd_take(&body, NLMSG_ALIGN(sizeof(struct ifinfomsg))))
        return false;
    while (ik_netlink_take(&body, &type, &value))
        if (type == IFLA_OPERSTATE)
            return value.left == 1 && *value.p == IF_OPER_UP;
    return false;
}

bool ik_netif_await(const char *name)
{
    enum { TRIES = 2000 };
    const struct timespec millisecond = {.tv_nsec = 1000000};
    uint32_t index;
    if (ik_iface_index(name, &index))
        return false;
    for (int i = 0; i < TRIES; i++) {
        if (is_operating(index))
            return true;
        (void)nanosleep(&millisecond, NULL);
    }
    return false;
}

/* A machine without IPv6 is one in which nobody will miss it. */
static enum ik_err or_no_ipv6(enum ik_err err, uint8_t family)
{
    return err == IK_E_UNSUPPORTED && family == 6 ? IK_OK : err;
}

/* NODAD: we know that nobody else has it, and waiting for proof would cost a second. NOPREFIXROUTE
 * is not asked for: the network of the address is on the link. */
static enum ik_err add_address(uint32_t index, const struct ik_netif_addr *a)
{
    const uint8_t family = a->addr.family == 4 ? AF_INET : AF_INET6;
    const struct ifaddrmsg header = {.ifa_family = family,
                                     .ifa_prefixlen = a->bits,
                                     .ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0,
                                     .ifa_index = index};
    const size_t n = ik_addr_bytes(a->addr.family);
    struct ik_netlink q;
    ik_netlink_init(&q, RTM_NEWADDR, &header, sizeof(header));
    ik_netlink_put(&q, IFA_LOCAL, a->addr.bytes, n);
    ik_netlink_put(&q, IFA_ADDRESS, a->addr.bytes, n);
    if (family == AF_INET && a->bits < 31) {
        uint8_t broadcast[4];
        for (unsigned i = 0; i < 4; i++) {
            const unsigned fixed = a->bits > 8 * i ? a->bits - 8 * i : 0;
            broadcast[i] = (uint8_t)(a->addr.bytes[i] | (fixed >= 8 ? 0 : 0xff >> fixed));
        }
        ik_netlink_put(&q, IFA_BROADCAST, broadcast, sizeof(broadcast));
    }
    return order(&q, NLM_F_CREATE | NLM_F_EXCL);
}

enum ik_err ik_netif_address(const char *name, const struct ik_netif_addr *addrs, size_t n)
{
    uint32_t index;
    enum ik_err err = ik_iface_index(name, &index);
    for (size_t i = 0; i < n && !err; i++)
        err = or_no_ipv6(add_address(index, &addrs[i]), addrs[i].addr.family);
    return err;
}

enum ik_err ik_netif_route(const char *name, const struct ik_prefix *to, const struct ik_addr *via)
{
    uint32_t index;
    const enum ik_err err = ik_iface_index(name, &index);
    if (err)
        return err;
    const struct rtmsg header = {
        .rtm_family = to->addr.family == 4 ? AF_INET : AF_INET6,
        .rtm_dst_len = to->bits,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = via->family || to->addr.family == 6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
        .rtm_type = RTN_UNICAST};
    struct ik_netlink q;
    ik_netlink_init(&q, RTM_NEWROUTE, &header, sizeof(header));
    if (to->bits)
        ik_netlink_put(&q, RTA_DST, to->addr.bytes, ik_addr_bytes(to->addr.family));
    if (via->family)
        ik_netlink_put(&q, RTA_GATEWAY, via->bytes, ik_addr_bytes(via->family));
    ik_netlink_put(&q, RTA_OIF, &index, sizeof(index));
    return or_no_ipv6(order(&q, NLM_F_CREATE | NLM_F_EXCL), to->addr.family);
}

enum ik_err ik_netif_neighbour(const char *name, const struct ik_addr *addr,
                               const uint8_t mac[static 6])
{
    uint32_t index;
    const enum ik_err err = ik_iface_index(name, &index);
    if (err)
        return err;
    const struct ndmsg header = {.ndm_family = addr->family == 4 ? AF_INET : AF_INET6,
                                 .ndm_ifindex = (int)index,
                                 .ndm_state = NUD_PERMANENT};
    struct ik_netlink q;
    ik_netlink_init(&q, RTM_NEWNEIGH, &header, sizeof(header));
    ik_netlink_put(&q, NDA_DST, addr->bytes, ik_addr_bytes(addr->family));
    ik_netlink_put(&q, NDA_LLADDR, mac, 6);
    return or_no_ipv6(order(&q, NLM_F_CREATE | NLM_F_REPLACE), addr->family);
}

enum ik_err ik_netif_plain(const char *name)
{
    static const uint32_t offloads[] = {ETHTOOL_SRXCSUM, ETHTOOL_STXCSUM, ETHTOOL_STSO,
                                        ETHTOOL_SGSO, ETHTOOL_SGRO};
    struct ifreq request = {0};
    if (strlen(name) >= sizeof(request.ifr_name))
        return IK_E_IFACE;
    strcpy(request.ifr_name, name);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_of(errno);
    enum ik_err err = IK_OK;
    for (size_t i = 0; i < sizeof(offloads) / sizeof(*offloads) && !err; i++) {
        struct ethtool_value off = {.cmd = offloads[i], .data = 0};
        request.ifr_data = (char *)&off;
        /* What a driver cannot switch off it does not do, as far as anybody knows. */
        if (ioctl(fd, SIOCETHTOOL, &request) && errno != EOPNOTSUPP)
            err = err_of(errno);
    }
    close(fd);
    return err;
}

bool ik_netif_set(const char *key, const char *value)
{
    char path[128];
    if (snprintf(path, sizeof(path), "/proc/sys/net/%s", key) >= (int)sizeof(path))
        return false;
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const size_t n = strlen(value);
    const bool done = write(fd, value, n) == (ssize_t)n;
    close(fd);
    return done;
}

/* ---- what the machine has -------------------------------------------------------------------- */

static bool overlaps(const struct ik_prefix *a, const struct ik_prefix *b)
{
    return a->addr.family == b->addr.family &&
           (ik_prefix_contains(a, &b->addr) || ik_prefix_contains(b, &a->addr));
}

/* Routes to everything, whole or in halves (as VPNs divide the default route), and those that every
 * machine has: multicast, link-local, loopback. */
static bool is_everywhere(const struct ik_prefix *p)
{
    enum { HALVES4 = 1, UNICAST6 = 3 };
    static const struct ik_prefix always[] = {
        {{.family = 4, .bytes = {127}}, 8},
        {{.family = 4, .bytes = {224}}, 4},
        {{.family = 4, .bytes = {255, 255, 255, 255}}, 32},
        {{.family = 6, .bytes = {[15] = 1}}, 128},
        {{.family = 6, .bytes = {0xff}}, 8},
        {{.family = 6, .bytes = {0xfe, 0x80}}, 10},
    };
    bool found = p->bits <= (p->addr.family == 4 ? HALVES4 : UNICAST6);
    for (size_t i = 0; i < sizeof(always) / sizeof(*always) && !found; i++)
        found = p->bits >= always[i].bits && overlaps(p, &always[i]);
    return found;
}

struct search {
    const struct ik_prefix *wanted;
    struct ik_prefix *with;
    bool found;
};

/* Of all routing tables: the local one holds the addresses. */
static bool look_at_route(void *ctx, struct ik_rd body)
{
    struct search *s = ctx;
    struct rtmsg rt;
    struct ik_rd value;
    uint16_t type;
    const uint8_t *at = ik_rd_take(&body, NLMSG_ALIGN(sizeof(rt)));
    if (!at)
        return true;
    memcpy(&rt, at, sizeof(rt));
    struct ik_prefix p = {.addr.family = rt.rtm_family == AF_INET    ? 4
                                         : rt.rtm_family == AF_INET6 ? 6
                                                                     : 0,
                          .bits = rt.rtm_dst_len};
    if (rt.rtm_flags & RTM_F_CLONED || !p.addr.family)
        return true; /* IPv6: an entry of the cache */
    while (ik_netlink_take(&body, &type, &value))
        if (type == RTA_DST && value.left == ik_addr_bytes(p.addr.family))
            memcpy(p.addr.bytes, value.p, value.left);
    if (is_everywhere(&p) || !overlaps(&p, s->wanted))
        return true;
    *s->with = p;
    s->found = true;
    return false;
}

enum ik_err ik_netif_collision(const struct ik_prefix *prefix, struct ik_prefix *with)
{
    struct search s = {.wanted = prefix, .with = with};
    const struct rtmsg header = {.rtm_family = prefix->addr.family == 4 ? AF_INET : AF_INET6};
    struct ik_netlink q;
    ik_netlink_init(&q, RTM_GETROUTE, &header, sizeof(header));
    const enum ik_err err = ik_netlink_list(&q, look_at_route, &s);
    if (err)
        return err;
    return s.found ? IK_E_EXISTS : IK_OK;
}
