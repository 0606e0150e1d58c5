/* SPDX-License-Identifier: MIT
 * Which way the kernel would send: RTM_GETROUTE, and RTM_GETLINK for the MTU of the interface where
 * the route has none of its own. */
#include <icmpkit/host.h>

#include "host/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static enum ik_err err_of(int err_no)
{
    switch (err_no) {
    case ENETUNREACH:
        return IK_E_NO_ROUTE;
    case EHOSTUNREACH: /* an unreachable route */
        return IK_E_HOST_DOWN;
    case EACCES: /* a prohibit route */
        return IK_E_ACCESS;
    case EINVAL: /* a blackhole route */
        return IK_E_BLACKHOLE;
    case ENODEV:
    case ENXIO:
    case ENETDOWN:
        return IK_E_IFACE;
    case EAFNOSUPPORT:
    case EOPNOTSUPP: /* IPv6 disabled at boot: nobody answers for the family */
        return IK_E_UNSUPPORTED;
    case EMFILE:
    case ENFILE:
        return IK_E_FULL;
    case ENOMEM:
    case ENOBUFS:
        return IK_E_NOMEM;
    default:
        return IK_E_SYSTEM;
    }
}

static struct ik_addr addr_of(uint8_t family, struct ik_rd value)
{
    struct ik_addr a = {.family = family};
    if (value.left != ik_addr_bytes(family))
        return (struct ik_addr){0};
    memcpy(a.bytes, value.p, value.left);
    return a;
}

static uint32_t metric_mtu(struct ik_rd metrics)
{
    uint16_t type;
    struct ik_rd value;
    while (ik_netlink_take(&metrics, &type, &value)) {
        if (type == RTAX_MTU)
            return ik_netlink_u32(value);
    }
    return 0;
}

/* MTU of an interface, 0 where the kernel does not say. */
static uint32_t iface_mtu(uint32_t ifindex)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
    struct ik_netlink q;
    uint8_t buf[IK_NETLINK_ANSWER_BYTES];
    struct ik_rd body, value;
    int err_no;
    uint16_t type;
    ik_netlink_init(&q, RTM_GETLINK, &header, sizeof(header));
    if (ik_netlink_ask(&q, buf, &body, &err_no) ||
        !ik_rd_take(&body, NLMSG_ALIGN(sizeof(struct ifinfomsg))))
        return 0;
    while (ik_netlink_take(&body, &type, &value)) {
        if (type == IFLA_MTU)
            return ik_netlink_u32(value);
    }
    return 0;
}

/* Of routes that refuse; as of the errors that the kernel answers with where it looks up itself. */
static enum ik_err err_of_type(uint8_t type)
{
    switch (type) {
    case RTN_UNREACHABLE:
        return IK_E_HOST_DOWN;
    case RTN_PROHIBIT:
        return IK_E_ACCESS;
    case RTN_BLACKHOLE:
        return IK_E_BLACKHOLE;
    case RTN_THROW:
        return IK_E_NO_ROUTE;
    default:
        return IK_OK;
    }
}

/* What the answer says; *local tells whether the destination is an address of this host. */
static enum ik_err read_route(struct ik_rd body, uint8_t family, struct ik_route *out, bool *local)
{
    struct rtmsg rt;
    struct ik_rd value;
    uint16_t type;
    const uint8_t *at = ik_rd_take(&body, NLMSG_ALIGN(sizeof(rt)));
    if (!at)
        return IK_E_SYSTEM;
    memcpy(&rt, at, sizeof(rt));
    const enum ik_err refused = err_of_type(rt.rtm_type);
    if (refused)
        return refused;
    *out = (struct ik_route){.broadcast = rt.rtm_type == RTN_BROADCAST};
    *local = rt.rtm_type == RTN_LOCAL;
    while (ik_netlink_take(&body, &type, &value)) {
        if (type == RTA_OIF)
            out->ifindex = ik_netlink_u32(value);
        else if (type == RTA_PREFSRC)
            out->source = addr_of(family, value);
        else if (type == RTA_METRICS)
            out->mtu = metric_mtu(value);
    }
    if (family == 6 && ik_addr_is_link_local(&out->source))
        out->source.scope = out->ifindex;
    return IK_OK;
}

struct question {
    const struct ik_addr *dst, *src; /* src NULL: the kernel chooses */
    uint32_t ifindex, mark;          /* 0: none */
};

static enum ik_err ask_route(const struct question *ask, struct ik_route *out, bool *local)
{
    const size_t n = ik_addr_bytes(ask->dst->family);
    const uint8_t bits = (uint8_t)(8 * n);
    const struct rtmsg header = {.rtm_family = ask->dst->family == 4 ? AF_INET : AF_INET6,
                                 .rtm_dst_len = bits,
                                 .rtm_src_len = ask->src ? bits : 0};
    struct ik_netlink q;
    ik_netlink_init(&q, RTM_GETROUTE, &header, sizeof(header));
    ik_netlink_put(&q, RTA_DST, ask->dst->bytes, n);
    if (ask->src)
        ik_netlink_put(&q, RTA_SRC, ask->src->bytes, n);
    if (ask->ifindex)
        ik_netlink_put(&q, RTA_OIF, &ask->ifindex, sizeof(ask->ifindex));
    if (ask->mark)
        ik_netlink_put(&q, RTA_MARK, &ask->mark, sizeof(ask->mark));

    uint8_t buf[IK_NETLINK_ANSWER_BYTES];
    struct ik_rd body;
    int err_no;
    if (ik_netlink_ask(&q, buf, &body, &err_no))
        return err_of(err_no);
    return read_route(body, ask->dst->family, out, local);
}

/* Of a source that is not ours, IPv4 says that the network is unreachable, IPv6 nothing. */
static enum ik_err check_source(const struct ik_addr *src)
{
    struct ik_route ignored;
    bool local;
    const enum ik_err err =
        ask_route(&(struct question){.dst = src, .ifindex = src->scope}, &ignored, &local);
    return err || !local ? IK_E_ADDR : IK_OK;
}

enum ik_err ik_route_get(const struct ik_addr *dst, const struct ik_addr *src, uint32_t ifindex,
                         uint32_t mark, struct ik_route *out)
{
    if (src && !src->family)
        src = NULL;
    if (!ik_addr_bytes(dst->family) || (src && src->family != dst->family))
        return IK_E_VALUE;
    enum ik_err err = src ? check_source(src) : IK_OK;
    if (err)
        return err;
    struct ik_route route;
    bool local;
    const struct question ask = {
        .dst = dst, .src = src, .ifindex = ifindex ? ifindex : dst->scope, .mark = mark};
    err = ask_route(&ask, &route, &local);
    if (err)
        return err;
    if (src)
        route.source = *src;
    if (!route.mtu && route.ifindex)
        route.mtu = iface_mtu(route.ifindex);
    *out = route;
    return IK_OK;
}

/* ---- routers --------------------------------------------------------------------------------- */

struct routers {
    void (*fn)(void *ctx, const struct ik_addr *router, uint32_t ifindex);
    void *ctx;
};

static void tell_router(const struct routers *r, uint8_t family, struct ik_rd gateway,
                        uint32_t ifindex)
{
    struct ik_addr via = addr_of(family, gateway);
    if (!via.family)
        return;
    if (family == 6 && ik_addr_is_link_local(&via))
        via.scope = ifindex;
    r->fn(r->ctx, &via, ifindex);
}

/* The next hops of a route that has several. */
static void tell_hops(const struct routers *r, uint8_t family, struct ik_rd hops)
{
    struct rtnexthop nh;
    while (hops.left >= sizeof(nh)) {
        struct ik_rd one, value;
        uint16_t type;
        memcpy(&nh, hops.p, sizeof(nh));
        if (nh.rtnh_len < sizeof(nh) || !ik_rd_sub(&hops, nh.rtnh_len, &one))
            return;
        hops = ik_rd_from(hops, RTNH_ALIGN(nh.rtnh_len) - (size_t)nh.rtnh_len);
        one = ik_rd_from(one, sizeof(nh));
        while (ik_netlink_take(&one, &type, &value))
            if (type == RTA_GATEWAY)
                tell_router(r, family, value, (uint32_t)nh.rtnh_ifindex);
    }
}

static bool look_for_routers(void *ctx, struct ik_rd body)
{
    const struct routers *r = ctx;
    struct rtmsg rt;
    struct ik_rd value, gateway = {(const uint8_t *)"", 0};
    uint16_t type;
    uint32_t ifindex = 0;
    const uint8_t *at = ik_rd_take(&body, NLMSG_ALIGN(sizeof(rt)));
    if (!at)
        return true;
    memcpy(&rt, at, sizeof(rt));
    const uint8_t family = rt.rtm_family == AF_INET ? 4 : rt.rtm_family == AF_INET6 ? 6 : 0;
    if (!family || rt.rtm_flags & RTM_F_CLONED)
        return true; /* IPv6: an entry of the cache */
    while (ik_netlink_take(&body, &type, &value)) {
        if (type == RTA_GATEWAY)
            gateway = value;
        else if (type == RTA_OIF)
            ifindex = ik_netlink_u32(value);
        else if (type == RTA_MULTIPATH)
            tell_hops(r, family, value);
    }
    tell_router(r, family, gateway, ifindex);
    return true;
}

enum ik_err ik_route_each_router(void (*fn)(void *ctx, const struct ik_addr *router,
                                            uint32_t ifindex),
                                 void *ctx)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    struct routers r = {fn, ctx};
    enum ik_err err = IK_OK;
    for (size_t i = 0; i < sizeof(families); i++) {
        const struct rtmsg header = {.rtm_family = families[i]};
        struct ik_netlink q;
        ik_netlink_init(&q, RTM_GETROUTE, &header, sizeof(header));
        const enum ik_err one = ik_netlink_list(&q, look_for_routers, &r);
        err = err ? err : one;
    }
    return err;
}
