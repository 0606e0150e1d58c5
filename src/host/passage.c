/* SPDX-License-Identifier: MIT
 * A firewall of the kernel's between two links, in namespaces of our own:
 *
 *   S: both far ends; nothing speaks there but our packet sockets
 *   R: the near ends, addresses, forwarding (or a bridge), the rules; raw sockets hear what they
 *      let in
 *
 * Neighbours are known for good, so that rules against neighbour discovery stop nothing else. */
#include <icmpkit/host.h>

#include <icmpkit/wire.h>

#include "base/bytes.h"
#include "host/netlink.h"
#include "host/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENDS = 2, ETHER_TYPE_AT = 12, ETHER_BYTES = 14, FRAME_MAX = 2048, DISCARD_PORT = 9 };

static const char *const far_names[ENDS] = {"far-out", "far-in"};

/* Of the far ends, then of the near ones. */
static const uint8_t macs[2 * ENDS][6] = {
    {2, 0, 0, 0, 0, 0x09}, {2, 0, 0, 0, 0, 0x0a}, {2, 0, 0, 0, 0, 0x01}, {2, 0, 0, 0, 0, 0x02}};

struct ik_passage {
    int links[ENDS];    /* packet sockets at the far ends */
    int heard4, heard6; /* raw sockets of the firewall */
    bool bridge;
};

/* ---- addresses ------------------------------------------------------------------------------- */

static struct ik_addr net_addr(int end, uint8_t family, bool link_local, uint8_t host)
{
    static const uint8_t nets4[ENDS][3] = {{192, 0, 2}, {198, 51, 100}};
    struct ik_addr a = {.family = family};
    if (family == 4) {
        memcpy(a.bytes, nets4[end], 3);
        a.bytes[3] = host;
        return a;
    }
    static const uint8_t link[] = {0xfe, 0x80}, global[] = {0x20, 0x01, 0x0d, 0xb8};
    memcpy(a.bytes, link_local ? link : global, link_local ? sizeof link : sizeof global);
    a.bytes[link_local ? 14 : 5] = (uint8_t)(end + 1); /* links apart, for a bridge joins them */
    a.bytes[15] = host;
    return a;
}

struct ik_addr ik_passage_addr(enum ik_passage_place place, uint8_t family, bool link_local)
{
    return net_addr(place == IK_PASSAGE_INSIDE, family, link_local,
                    place == IK_PASSAGE_FIREWALL ? 1 : 9);
}

/* ---- links ----------------------------------------------------------------------------------- */

static enum ik_err order(struct ik_netlink *q, uint16_t flags)
{
    int err_no;
    if (!ik_netlink_order(q, flags, &err_no))
        return IK_OK;
    return err_no == EOPNOTSUPP ? IK_E_UNSUPPORTED : err_no == EEXIST ? IK_E_EXISTS : IK_E_SYSTEM;
}

static enum ik_err make_pair(const char *near_name, int end, int far_ns)
{
    const struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
    const uint32_t ns = (uint32_t)far_ns;
    struct ik_netlink q;
    ik_netlink_init(&q, RTM_NEWLINK, &any, sizeof any);
    ik_netlink_put(&q, IFLA_IFNAME, near_name, strlen(near_name) + 1);
    ik_netlink_put(&q, IFLA_ADDRESS, macs[ENDS + end], 6);
    const size_t info = ik_netlink_nest(&q, IFLA_LINKINFO);
    ik_netlink_put(&q, IFLA_INFO_KIND, "veth", sizeof("veth"));
    const size_t data = ik_netlink_nest(&q, IFLA_INFO_DATA),
                 peer = ik_netlink_nest(&q, VETH_INFO_PEER);
    ik_netlink_append(&q, &any, sizeof any);
    ik_netlink_put(&q, IFLA_IFNAME, far_names[end], strlen(far_names[end]) + 1);
    ik_netlink_put(&q, IFLA_ADDRESS, macs[end], 6);
    ik_netlink_put(&q, IFLA_NET_NS_FD, &ns, sizeof ns);
    ik_netlink_nest_end(&q, peer);
    ik_netlink_nest_end(&q, data);
    ik_netlink_nest_end(&q, info);
    return order(&q, NLM_F_CREATE | NLM_F_EXCL);
}

/* An interface of that kind without anything behind it. */
static enum ik_err make_kind(const char *name, const char *kind)
{
    const struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
    struct ik_netlink q;
    ik_netlink_init(&q, RTM_NEWLINK, &any, sizeof any);
    ik_netlink_put(&q, IFLA_IFNAME, name, strlen(name) + 1);
    const size_t info = ik_netlink_nest(&q, IFLA_LINKINFO);
    ik_netlink_put(&q, IFLA_INFO_KIND, kind, strlen(kind) + 1);
    ik_netlink_nest_end(&q, info);
    return order(&q, NLM_F_CREATE | NLM_F_EXCL);
}

static enum ik_err join_bridge(const char *port, const char *bridge)
{
    uint32_t index, master;
    enum ik_err err = ik_iface_index(port, &index);
    if (!err)
        err = ik_iface_index(bridge, &master);
    if (err)
        return err;
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
    struct ik_netlink q;
    ik_netlink_init(&q, RTM_NEWLINK, &header, sizeof header);
    ik_netlink_put(&q, IFLA_MASTER, &master, sizeof master);
    return order(&q, 0);
}

/* ---- the far side ---------------------------------------------------------------------------- */

static enum ik_err listen_far(struct ik_passage *p, int end)
{
    uint32_t index;
    enum ik_err err = ik_netif_up(far_names[end]);
    if (!err)
        err = ik_iface_index(far_names[end], &index);
    if (err)
        return err;
    const struct sockaddr_ll at = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
    const struct packet_mreq all = {.mr_ifindex = (int)index, .mr_type = PACKET_MR_PROMISC};
    p->links[end] = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->links[end] < 0 || bind(p->links[end], (const struct sockaddr *)&at, sizeof at) ||
        setsockopt(p->links[end], SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all))
        return IK_E_SYSTEM;
    return IK_OK;
}

/* ---- the firewall ---------------------------------------------------------------------------- */

static enum ik_err set_neighbours(const char *name, int end)
{
    enum ik_err err = IK_OK;
    for (uint8_t family = 4; family <= 6 && !err; family += 2) {
        const struct ik_addr a = net_addr(end, family, false, 9);
        err = ik_netif_neighbour(name, &a, macs[end]);
    }
    const struct ik_addr link = net_addr(end, 6, true, 9);
    return err ? err : ik_netif_neighbour(name, &link, macs[end]);
}

static enum ik_err set_addresses(const char *name, int end)
{
    const struct ik_netif_addr addrs[] = {{net_addr(end, 4, false, 1), 24},
                                          {net_addr(end, 6, false, 1), 64},
                                          {net_addr(end, 6, true, 1), 64}};
    const enum ik_err err = ik_netif_address(name, addrs, sizeof addrs / sizeof *addrs);
    return err ? err : set_neighbours(name, end);
}

/* What it is told by what we try must not change it. */
static void steady(void)
{
    static const char *const settings[][2] = {
        {"ipv4/ip_forward", "1"},
        {"ipv6/conf/all/forwarding", "1"},
        {"ipv6/conf/default/forwarding", "1"},
        {"ipv4/conf/all/accept_redirects", "0"},
        {"ipv4/conf/default/accept_redirects", "0"},
        {"ipv6/conf/default/accept_redirects", "0"},
        {"ipv6/conf/default/accept_ra", "0"},
        {"ipv6/conf/default/accept_dad", "0"},
        {"ipv6/conf/default/addr_gen_mode", "1"},
        {"ipv4/icmp_echo_ignore_all", "1"},
        {"ipv6/icmp/echo_ignore_all", "1"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        (void)ik_netif_set(settings[i][0], settings[i][1]);
}

static enum ik_err hear(struct ik_passage *p)
{
    struct icmp6_filter all;
    p->heard4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
    p->heard6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
    ICMP6_FILTER_SETPASSALL(&all);
    if (p->heard4 < 0 || p->heard6 < 0 ||
        setsockopt(p->heard6, IPPROTO_ICMPV6, ICMP6_FILTER, &all, sizeof all))
        return IK_E_SYSTEM;
    return IK_OK;
}

static enum ik_err make_near(const struct ik_passage_cfg *cfg, int far_ns)
{
    const char *const names[ENDS] = {cfg->outside, cfg->inside};
    enum ik_err err = ik_netif_up("lo");
    for (int end = 0; end < ENDS && !err; end++)
        err = make_pair(names[end], end, far_ns);
    for (size_t i = 0; cfg->others && cfg->others[i] && !err; i++) {
        const char *other = cfg->others[i];
        if (!strcmp(other, "lo") || !strcmp(other, names[0]) || !strcmp(other, names[1]))
            continue;
        err = make_kind(other, "dummy");
        if (err == IK_E_UNSUPPORTED) /* no such module; a pair whose peer nobody looks at will do */
            err = make_kind(other, "veth");
        err = err == IK_E_EXISTS ? IK_OK : err;
    }
    return err;
}

static enum ik_err join_near(const struct ik_passage_cfg *cfg)
{
    static const char bridge[] = "passage";
    const char *const names[ENDS] = {cfg->outside, cfg->inside};
    enum ik_err err = cfg->bridge ? make_kind(bridge, "bridge") : IK_OK;
    for (int end = 0; end < ENDS && !err; end++) {
        err = cfg->bridge ? join_bridge(names[end], bridge) : IK_OK;
        if (!err)
            err = ik_netif_plain(names[end]);
        if (!err)
            err = ik_netif_up(names[end]);
        if (!err && !cfg->bridge)
            err = set_addresses(names[end], end);
    }
    if (!err && cfg->bridge)
        err = ik_netif_up(bridge);
    for (int end = 0; end < ENDS && !err; end++)
        if (!ik_netif_await(names[end]))
            err = IK_E_TIMEOUT;
    return err;
}

/* ---- making ---------------------------------------------------------------------------------- */

static int this_ns(void)
{
    return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* With privilege a network namespace is enough. */
static enum ik_err leave(const char **step)
{
    *step = "a network namespace";
    if (!unshare(CLONE_NEWNET))
        return IK_OK;
    return errno == EPERM ? ik_userns_enter(step) : ik_userns_err(errno);
}

static enum ik_err make(struct ik_passage *p, const struct ik_passage_cfg *cfg, int far_ns,
                        const char **step)
{
    const int near_ns = this_ns();
    enum ik_err err = near_ns < 0 ? IK_E_SYSTEM : IK_OK;
    *step = "the links";
    steady();
    if (!err)
        err = make_near(cfg, far_ns);
    if (!err && setns(far_ns, CLONE_NEWNET))
        err = ik_userns_err(errno);
    (void)ik_netif_set("ipv6/conf/all/disable_ipv6", "1");
    for (int end = 0; end < ENDS && !err; end++)
        err = listen_far(p, end);
    if (!err && setns(near_ns, CLONE_NEWNET))
        err = ik_userns_err(errno);
    if (!err)
        err = join_near(cfg);
    if (!err)
        err = hear(p);
    if (near_ns >= 0)
        close(near_ns);
    return err;
}

static enum ik_err load(const char *rules, char why[static IK_NFT_TEXT])
{
    static const char *const argv[] = {"nft", "-f", "-", NULL};
    const struct ik_rd input = {(const uint8_t *)rules, strlen(rules)};
    return input.left ? ik_nft_run(argv, input, NULL, why) : IK_OK;
}

enum ik_err ik_passage_open(struct ik_passage **out, const struct ik_passage_cfg *cfg,
                            const char **step, char why[static IK_NFT_TEXT])
{
    struct ik_passage *p = calloc(1, sizeof *p);
    if (!p)
        return IK_E_NOMEM;
    *p = (struct ik_passage){.links = {-1, -1}, .heard4 = -1, .heard6 = -1, .bridge = cfg->bridge};
    why[0] = 0;
    enum ik_err err = leave(step);
    const int far_ns = err ? -1 : this_ns();
    if (!err && (far_ns < 0 || unshare(CLONE_NEWNET)))
        err = IK_E_SYSTEM;
    if (!err)
        err = make(p, cfg, far_ns, step);
    if (far_ns >= 0)
        close(far_ns);
    if (!err) {
        *step = "the rules";
        err = load(cfg->rules, why);
    }
    if (err) {
        ik_passage_close(p);
        return err;
    }
    *out = p;
    return IK_OK;
}

void ik_passage_close(struct ik_passage *p)
{
    const int fds[] = {p->links[0], p->links[1], p->heard4, p->heard6};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(p);
}

/* ---- packets --------------------------------------------------------------------------------- */

enum ik_err ik_passage_put(struct ik_passage *p, enum ik_passage_place from, struct ik_rd packet)
{
    uint8_t frame[FRAME_MAX];
    const int end = from == IK_PASSAGE_INSIDE;
    const int to = p->bridge ? !end : ENDS + end;
    if (!packet.left || packet.left > sizeof frame - ETHER_BYTES)
        return IK_E_SYSTEM;
    memcpy(frame, macs[to], 6);
    memcpy(frame + 6, macs[end], 6);
    ik_store_be16(frame + ETHER_TYPE_AT, packet.p[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
    memcpy(frame + ETHER_BYTES, packet.p, packet.left);
    const size_t n = ETHER_BYTES + packet.left;
    return send(p->links[end], frame, n, 0) == (ssize_t)n ? IK_OK : IK_E_SYSTEM;
}

enum ik_err ik_passage_speak(struct ik_passage *p, uint8_t family, uint16_t port)
{
    (void)p; /* it is the namespace that this process is in */
    const struct ik_addr to = ik_passage_addr(IK_PASSAGE_OUTSIDE, family, false);
    struct sockaddr_in at4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(DISCARD_PORT)};
    struct sockaddr_in6 at6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(DISCARD_PORT)};
    memcpy(&to4.sin_addr, to.bytes, 4);
    memcpy(&to6.sin6_addr, to.bytes, 16);
    const struct sockaddr *at = family == 4 ? (const void *)&at4 : (const void *)&at6;
    const struct sockaddr *dst = family == 4 ? (const void *)&to4 : (const void *)&to6;
    const socklen_t n = family == 4 ? sizeof at4 : sizeof at6;
    const int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return IK_E_SYSTEM;
    const bool sent = !bind(fd, at, n) && sendto(fd, "icmpkit", 7, 0, dst, n) == 7;
    close(fd);
    return sent ? IK_OK : IK_E_SYSTEM;
}

enum ik_err ik_passage_ask(struct ik_passage *p, uint8_t family, uint16_t ident)
{
    enum { ECHO4 = 8, ECHO6 = 128, BYTES = 28, CHECKSUM_AT = 2, IDENT_AT = 4 };
    const struct ik_addr to = ik_passage_addr(IK_PASSAGE_OUTSIDE, family, false);
    struct sockaddr_in to4 = {.sin_family = AF_INET};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
    uint8_t echo[BYTES] = {family == 4 ? ECHO4 : ECHO6};
    memcpy(&to4.sin_addr, to.bytes, 4);
    memcpy(&to6.sin6_addr, to.bytes, 16);
    ik_store_be16(echo + IDENT_AT, ident);
    if (family == 4) /* in IPv6 the kernel fills it in */
        ik_store_be16(echo + CHECKSUM_AT,
                      ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){echo, sizeof echo})));
    const struct sockaddr *dst = family == 4 ? (const void *)&to4 : (const void *)&to6;
    const int fd = family == 4 ? p->heard4 : p->heard6;
    const socklen_t n = family == 4 ? sizeof to4 : sizeof to6;
    return sendto(fd, echo, sizeof echo, 0, dst, n) == BYTES ? IK_OK : IK_E_SYSTEM;
}

/* Frames that we put there ourselves are seen too, as outgoing ones. */
static size_t take_frame(int fd, uint8_t family, uint8_t *buf, size_t cap)
{
    uint8_t frame[FRAME_MAX];
    struct sockaddr_ll from;
    socklen_t from_bytes = sizeof from;
    const ssize_t got = recvfrom(fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &from_bytes);
    if (got < ETHER_BYTES + 1 || from.sll_pkttype == PACKET_OUTGOING ||
        frame[ETHER_BYTES] >> 4 != family)
        return 0;
    const size_t n = (size_t)got - ETHER_BYTES;
    if (n > cap)
        return 0;
    memcpy(buf, frame + ETHER_BYTES, n);
    return n;
}

static size_t take_heard(int fd, uint8_t *buf, size_t cap)
{
    const ssize_t got = recv(fd, buf, cap, 0);
    return got > 0 ? (size_t)got : 0;
}

size_t ik_passage_take(struct ik_passage *p, enum ik_passage_place at, uint8_t family, ik_ns within,
                       uint8_t *buf, size_t cap)
{
    const bool firewall = at == IK_PASSAGE_FIREWALL;
    const int fd = !firewall     ? p->links[at == IK_PASSAGE_INSIDE]
                   : family == 4 ? p->heard4
                                 : p->heard6;
    const ik_ns until = ik_clock_now().mono + within;
    for (;;) {
        const ik_ns left = until - ik_clock_now().mono;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const int ms = left <= 0 ? 0 : (int)((left + IK_NS_PER_MS - 1) / IK_NS_PER_MS);
        if (poll(&wait, 1, ms) <= 0)
            return 0;
        const size_t n = firewall ? take_heard(fd, buf, cap) : take_frame(fd, family, buf, cap);
        if (n)
            return n;
        if (left <= 0)
            return 0;
    }
}
