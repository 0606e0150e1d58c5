/* SPDX-License-Identifier: MIT
 * A socket as the configuration wants it. */
#include "link/sock.h"

#include "link/errmap.h"
#include "link/flow.h"
#include "link/sa.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

/* Linux 5.9, absent from older headers of the C library. */
#ifndef IP_RECVERR_RFC4884
#define IP_RECVERR_RFC4884 26
#endif
#ifndef IPV6_RECVERR_RFC4884
#define IPV6_RECVERR_RFC4884 31
#endif

/* What is asked for when nobody says: enough for some ten thousand answers in flight. The kernel
 * grants it to the privileged only, the others get what net.core.rmem_max allows. */
enum { RCVBUF_BYTES = 32 * 1024 * 1024 };

static enum ik_err set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) ? ik_errmap_open(errno) : IK_OK;
}

/* One integer option: taken where `when` is true. */
struct option {
    bool when;
    int level, name, value;
};

static enum ik_err set_all(int fd, const struct option *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!options[i].when)
            continue;
        const enum ik_err err = set_int(fd, options[i].level, options[i].name, options[i].value);
        if (err)
            return err;
    }
    return IK_OK;
}

enum ik_err ik_sock_open(int *out, uint8_t family, int type, int protocol)
{
    const int fd =
        socket(family == 4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return ik_errmap_open(errno);
    *out = fd;
    return IK_OK;
}

enum ik_err ik_sock_ifindex(const struct ik_link_cfg *cfg, uint32_t *out)
{
    *out = 0;
    if (!cfg->interface)
        return IK_OK;
    const unsigned index = if_nametoindex(cfg->interface);
    if (!index)
        return IK_E_IFACE;
    *out = index;
    return IK_OK;
}

/* Binds to the interface; where a kernel before 5.7 denies that to an ordinary user, at least what
 * is sent goes through it. */
static enum ik_err use_interface(int fd, const struct ik_link_cfg *cfg)
{
    uint32_t index;
    const enum ik_err err = ik_sock_ifindex(cfg, &index);
    if (err || !index)
        return err;
    const socklen_t len = (socklen_t)strlen(cfg->interface) + 1;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, cfg->interface, len)) {
        if (errno != EPERM)
            return ik_errmap_open(errno);
        const int net = (int)htonl(index);
        const enum ik_err denied = cfg->family == 4
                                       ? set_int(fd, IPPROTO_IP, IP_UNICAST_IF, net)
                                       : set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, net);
        if (denied)
            return denied;
    }
    if (cfg->family == 6)
        return set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)index);
    struct ip_mreqn multicast = {.imr_ifindex = (int)index};
    if (cfg->source.family == 4)
        memcpy(&multicast.imr_address, cfg->source.bytes, 4);
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &multicast, sizeof(multicast)))
        return ik_errmap_open(errno);
    return IK_OK;
}

static enum ik_err set_common(int fd, const struct ik_link_cfg *cfg)
{
    const struct option options[] = {
        {cfg->has_mark, SOL_SOCKET, SO_MARK, (int)cfg->mark},
        {cfg->broadcast, SOL_SOCKET, SO_BROADCAST, 1},
        {cfg->dont_route, SOL_SOCKET, SO_DONTROUTE, 1},
        {cfg->sndbuf > 0, SOL_SOCKET, SO_SNDBUF, cfg->sndbuf},
    };
    const enum ik_err err = set_all(fd, options, sizeof(options) / sizeof(*options));
    if (err || !cfg->debug)
        return err;
    /* As with iputils, who may not have it goes without: it changes nothing that is measured. */
    const int on = 1;
    (void)!setsockopt(fd, SOL_SOCKET, SO_DEBUG, &on, sizeof(on));
    return IK_OK;
}

static enum ik_err set_discovery(int fd, const struct ik_link_cfg *cfg)
{
    if (cfg->pmtudisc < 0)
        return IK_OK;
    return cfg->family == 4 ? set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, cfg->pmtudisc)
                            : set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, cfg->pmtudisc);
}

static enum ik_err set_sends4(int fd, const struct ik_link_cfg *cfg)
{
    const struct option options[] = {
        {cfg->ttl >= 0, IPPROTO_IP, IP_TTL, cfg->ttl},
        {cfg->multicast_ttl >= 0, IPPROTO_IP, IP_MULTICAST_TTL, cfg->multicast_ttl},
        {cfg->tclass >= 0, IPPROTO_IP, IP_TOS, cfg->tclass},
        {cfg->no_multicast_loop, IPPROTO_IP, IP_MULTICAST_LOOP, 0},
    };
    const enum ik_err err = set_all(fd, options, sizeof(options) / sizeof(*options));
    if (err || !cfg->ip_options.left)
        return err;
    if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, cfg->ip_options.p, (socklen_t)cfg->ip_options.left))
        return ik_errmap_open(errno);
    return IK_OK;
}

static enum ik_err set_sends6(int fd, const struct ik_link_cfg *cfg)
{
    const struct option options[] = {
        {cfg->ttl >= 0, IPPROTO_IPV6, IPV6_UNICAST_HOPS, cfg->ttl},
        {cfg->multicast_ttl >= 0, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, cfg->multicast_ttl},
        {cfg->tclass >= 0, IPPROTO_IPV6, IPV6_TCLASS, cfg->tclass},
        {cfg->no_multicast_loop, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0},
    };
    const enum ik_err err = set_all(fd, options, sizeof(options) / sizeof(*options));
    if (err || cfg->flow_label < 0)
        return err;
    return ik_flow_lease(fd, (uint32_t)cfg->flow_label, &cfg->peer);
}

static enum ik_err set_answers(int fd, uint8_t family, unsigned use)
{
    const bool answers = use & IK_SOCK_ANSWERS, errors = use & IK_SOCK_ERRORS;
    const struct option options4[] = {
        {answers, IPPROTO_IP, IP_RECVTTL, 1},
        {answers, IPPROTO_IP, IP_RECVTOS, 1},
        {answers, IPPROTO_IP, IP_PKTINFO, 1},
        {errors, IPPROTO_IP, IP_RECVERR, 1},
    };
    const struct option options6[] = {
        {answers, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1},
        {answers, IPPROTO_IPV6, IPV6_RECVTCLASS, 1},
        {answers, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
        {errors, IPPROTO_IPV6, IPV6_RECVERR, 1},
        /* Refused (EINVAL) on raw sockets, which have no port and hear no IPv4 anyway. */
        {use & IK_SOCK_PORT, IPPROTO_IPV6, IPV6_V6ONLY, 1},
    };
    const enum ik_err err = family == 4
                                ? set_all(fd, options4, sizeof(options4) / sizeof(*options4))
                                : set_all(fd, options6, sizeof(options6) / sizeof(*options6));
    if (err || !errors)
        return err;
    /* Where extensions begin is told since Linux 5.9; before it they stay in the quoted bytes. */
    const int on = 1;
    (void)!setsockopt(fd, family == 4 ? IPPROTO_IP : IPPROTO_IPV6,
                      family == 4 ? IP_RECVERR_RFC4884 : IPV6_RECVERR_RFC4884, &on, sizeof(on));
    return IK_OK;
}

static enum ik_err set_rcvbuf(int fd, const struct ik_link_cfg *cfg)
{
    const int bytes = cfg->rcvbuf > 0 ? cfg->rcvbuf : RCVBUF_BYTES;
    if (cfg->rcvbuf <= 0 && !setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
        return IK_OK;
    return set_int(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

static enum ik_err bind_source(int fd, const struct ik_link_cfg *cfg, unsigned use)
{
    struct ik_addr source = cfg->source;
    if (!source.family && cfg->sticky_source && cfg->peer.family)
        source = ik_sock_source(cfg, &cfg->peer);
    if (!source.family && !(use & IK_SOCK_PORT))
        return IK_OK;
    source.family = cfg->family; /* none: the unspecified address */
    uint32_t scope;
    const enum ik_err err = ik_sock_ifindex(cfg, &scope);
    if (err)
        return err;
    union ik_sa sa;
    const socklen_t len = ik_sa_put(&sa, &source, use & IK_SOCK_PORT ? cfg->ident : 0, scope);
    return bind(fd, &sa.any, len) ? ik_errmap_open(errno) : IK_OK;
}

static enum ik_err connect_peer(int fd, const struct ik_link_cfg *cfg)
{
    if (!cfg->connect || cfg->peer.family != cfg->family)
        return IK_OK;
    uint32_t scope;
    const enum ik_err err = ik_sock_ifindex(cfg, &scope);
    if (err)
        return err;
    union ik_sa sa;
    const socklen_t len = ik_sa_put(&sa, &cfg->peer, 0, scope);
    return connect(fd, &sa.any, len) ? ik_errmap_open(errno) : IK_OK;
}

enum ik_err ik_sock_configure(int fd, const struct ik_link_cfg *cfg, unsigned use)
{
    enum ik_err err = use_interface(fd, cfg);
    if (!err)
        err = set_common(fd, cfg);
    if (!err && use & (IK_SOCK_SENDS | IK_SOCK_PACKETS))
        err = set_discovery(fd, cfg);
    if (!err && use & IK_SOCK_SENDS)
        err = cfg->family == 4 ? set_sends4(fd, cfg) : set_sends6(fd, cfg);
    if (!err)
        err = set_answers(fd, cfg->family, use);
    if (!err)
        err = set_rcvbuf(fd, cfg);
    if (!err)
        err = bind_source(fd, cfg, use);
    if (!err && use & IK_SOCK_SENDS)
        err = connect_peer(fd, cfg);
    return err;
}

uint16_t ik_sock_port(int fd, uint8_t family)
{
    union ik_sa sa = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof(sa);
    uint16_t port = 0;
    if (getsockname(fd, &sa.any, &len) || ik_sa_take(&sa.any, &port).family != family)
        return 0;
    return port;
}

uint32_t ik_sock_rcvbuf_bytes(int fd)
{
    int bytes = 0;
    socklen_t len = sizeof(bytes);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len) || bytes < 0)
        return 0;
    return (uint32_t)bytes;
}

/* A UDP socket that is connected to dst, for what the kernel then knows; -1 without a route. */
static int open_towards(const struct ik_link_cfg *cfg, const struct ik_addr *dst)
{
    enum { ANY_PORT = 9 };
    int fd;
    uint32_t scope = 0;
    union ik_sa sa;
    if (ik_sock_ifindex(cfg, &scope) || ik_sock_open(&fd, dst->family, SOCK_DGRAM, 0))
        return -1;
    const socklen_t len = ik_sa_put(&sa, dst, ANY_PORT, scope);
    const int on = 1;
    (void)!setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    if (cfg->has_mark)
        (void)!setsockopt(fd, SOL_SOCKET, SO_MARK, &cfg->mark, sizeof(cfg->mark));
    if (use_interface(fd, cfg) == IK_OK && !connect(fd, &sa.any, len))
        return fd;
    close(fd);
    return -1;
}

struct ik_addr ik_sock_source(const struct ik_link_cfg *cfg, const struct ik_addr *dst)
{
    struct ik_addr source = {0};
    union ik_sa sa = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof(sa);
    const int fd = open_towards(cfg, dst);
    if (fd < 0)
        return source;
    if (!getsockname(fd, &sa.any, &len))
        source = ik_sa_take(&sa.any, NULL);
    close(fd);
    return source;
}

uint32_t ik_sock_path_mtu(const struct ik_link_cfg *cfg, const struct ik_addr *dst)
{
    int mtu = 0;
    socklen_t len = sizeof(mtu);
    const int fd = open_towards(cfg, dst);
    if (fd < 0)
        return 0;
    const int failed = dst->family == 4 ? getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len)
                                        : getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &len);
    close(fd);
    return failed || mtu < 0 ? 0 : (uint32_t)mtu;
}
