/* SPDX-License-Identifier: MIT
 * Namespaces of the caller's own, without privilege: a user namespace in which he is root, and in
 * it two network namespaces, joined by a veth pair:
 *
 *   A: this process, with the near end, on which something plays the network
 *   B: a child, with the far end set up as a host has it; it becomes the command
 *
 * Everything is gone when both have ended: nothing was made outside of them. The child reports each
 * step on a socket that the exec closes. */
#include <icmpkit/host.h>

#include "host/netlink.h"
#include "host/nshosts.h"
#include "host/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char NEAR[] = "lab", FAR[] = "eth0";

struct ik_netns {
    struct ik_source source; /* a descriptor of the child; first member */
    pid_t child;
    int channel;
    bool ended;
    int status;
    void (*on_end)(void *ctx, struct ik_now now);
    void *ctx;
};

/* What the child says of a step, and what of an exec that failed. */
struct report {
    enum ik_err err;
    int err_no;
    const char *step; /* static: the same address in both processes */
};

/* ---- why not ----------------------------------------------------------------------------------
 */

static bool says(const char *path, char what)
{
    char c = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool is = read(fd, &c, 1) == 1 && c == what;
    close(fd);
    return is;
}

const char *ik_netns_forbidden(void)
{
    if (says("/proc/sys/user/max_user_namespaces", '0'))
        return "user.max_user_namespaces is 0";
    if (says("/proc/sys/kernel/unprivileged_userns_clone", '0'))
        return "kernel.unprivileged_userns_clone is 0";
    if (says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1'))
        return "AppArmor: kernel.apparmor_restrict_unprivileged_userns is 1";
    return NULL;
}

/* ---- the pair -------------------------------------------------------------------------------- */

static void put_end(struct ik_netlink *q, const char *name, const struct ik_netns_cfg *cfg)
{
    ik_netlink_put(q, IFLA_IFNAME, name, strlen(name) + 1);
    ik_netlink_put(q, IFLA_MTU, &cfg->mtu, sizeof(cfg->mtu));
}

/* The near end is to have no address of any kind: what plays the network is beside the kernel,
 * which is not to speak there itself. Either of two ways does (IPv6 may be absent, /proc
 * read-only). */
static void hush_near(void)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC,
                                     .ifi_index = (int)if_nametoindex(NEAR)};
    const uint8_t none = IN6_ADDR_GEN_MODE_NONE;
    struct ik_netlink q;
    int ignored;
    (void)ik_netif_set("ipv6/conf/lab/disable_ipv6", "1");
    ik_netlink_init(&q, RTM_SETLINK, &header, sizeof(header));
    const size_t af = ik_netlink_nest(&q, IFLA_AF_SPEC), inet6 = ik_netlink_nest(&q, AF_INET6);
    ik_netlink_put(&q, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
    ik_netlink_nest_end(&q, inet6);
    ik_netlink_nest_end(&q, af);
    (void)!ik_netlink_order(&q, 0, &ignored);
}

static enum ik_err make_pair(const struct ik_netns_cfg *cfg, pid_t child)
{
    const struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
    const uint32_t pid = (uint32_t)child;
    struct ik_netlink q;
    int err_no;
    ik_netlink_init(&q, RTM_NEWLINK, &any, sizeof(any));
    put_end(&q, NEAR, cfg);
    const size_t info = ik_netlink_nest(&q, IFLA_LINKINFO);
    ik_netlink_put(&q, IFLA_INFO_KIND, "veth", sizeof("veth"));
    const size_t data = ik_netlink_nest(&q, IFLA_INFO_DATA),
                 peer = ik_netlink_nest(&q, VETH_INFO_PEER);
    ik_netlink_append(&q, &any, sizeof(any));
    put_end(&q, FAR, cfg);
    ik_netlink_put(&q, IFLA_ADDRESS, cfg->mac, sizeof(cfg->mac));
    ik_netlink_put(&q, IFLA_NET_NS_PID, &pid, sizeof(pid));
    ik_netlink_nest_end(&q, peer);
    ik_netlink_nest_end(&q, data);
    ik_netlink_nest_end(&q, info);
    if (ik_netlink_order(&q, NLM_F_CREATE | NLM_F_EXCL, &err_no))
        return ik_userns_err(err_no);
    hush_near();
    return ik_netif_up(NEAR);
}

/* ---- the child ------------------------------------------------------------------------------- */

static bool tell(int channel, enum ik_err err, int err_no, const char *step)
{
    const struct report r = {.err = err, .err_no = err_no, .step = step};
    return send(channel, &r, sizeof(r), MSG_NOSIGNAL) == sizeof(r) && !err;
}

static bool hear(int channel)
{
    char go;
    ssize_t n;
    do
        n = recv(channel, &go, 1, 0);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

static enum ik_err add_routes(const struct ik_netns_cfg *cfg)
{
    const struct ik_addr *via[] = {&cfg->gateway4, &cfg->gateway6};
    enum ik_err err = IK_OK;
    for (size_t i = 0; i < 2 && !err; i++) {
        const struct ik_prefix all = {.addr.family = i ? 6 : 4};
        if (via[i]->family)
            err = ik_netif_route(FAR, &all, via[i]);
    }
    return err;
}

/* The far end as a host has it. Every gid that exists here may have datagram ICMP sockets. */
static enum ik_err become_host(const struct ik_netns_cfg *cfg, const char **step)
{
    (void)ik_netif_set("ipv4/ping_group_range", "0 0");
    *step = "the interfaces";
    enum ik_err err = ik_netif_up("lo");
    if (!err)
        err = ik_netif_plain(FAR);
    if (!err)
        err = ik_netif_up(FAR);
    *step = "the addresses";
    if (!err)
        err = ik_netif_address(FAR, cfg->addrs, cfg->n_addrs);
    *step = err ? *step : "the routes";
    if (!err)
        err = add_routes(cfg);
    /* The near end is up already: the carrier is there, but the kernel lets nothing out before it
     * has seen it, and the first packet of the command would be lost. */
    if (!err && !ik_netif_await(FAR)) {
        *step = "a link of the veth pair";
        err = IK_E_SYSTEM;
    }
    if (!err && cfg->hosts)
        ik_nshosts_mount(cfg->hosts);
    return err;
}

static _Noreturn void be_command(int channel, const struct ik_netns_cfg *cfg, pid_t parent)
{
    const char *step = "a network and a mount namespace";
    /* A shell whose lab has gone has nothing more to do. */
    (void)prctl(PR_SET_PDEATHSIG, SIGHUP, 0, 0, 0);
    if (getppid() != parent)
        _exit(1);
    const int err_no = unshare(CLONE_NEWNET | CLONE_NEWNS) ? errno : 0;
    /* The addresses are ours alone; to wait for proof of that would cost a second. */
    (void)ik_netif_set("ipv6/conf/default/accept_dad", "0");
    if (!tell(channel, err_no ? ik_userns_err(err_no) : IK_OK, err_no, step) || !hear(channel))
        _exit(1);
    const enum ik_err err = become_host(cfg, &step);
    if (!tell(channel, err, 0, step) || !hear(channel))
        _exit(1);
    /* execvp does not write there. */
    char *const *argv;
    memcpy(&argv, &cfg->argv, sizeof(argv));
    execvp(argv[0], argv);
    const int failed = errno;
    (void)tell(channel, ik_userns_err(failed), failed, "the command");
    _exit(failed == ENOENT ? 127 : 126);
}

/* ---- ours ------------------------------------------------------------------------------------ */

/* The next report of the child; false when there is none, because it has ended or has become the
 * command. */
static bool read_report(const struct ik_netns *n, struct report *out)
{
    ssize_t got;
    do
        got = recv(n->channel, out, sizeof(*out), 0);
    while (got < 0 && errno == EINTR);
    return got == sizeof(*out);
}

static enum ik_err await(const struct ik_netns *n, const char **step)
{
    struct report r = {.err = IK_E_SYSTEM};
    if (read_report(n, &r) && r.err)
        *step = r.step;
    return r.err;
}

static void let_go(const struct ik_netns *n)
{
    (void)send(n->channel, "", 1, MSG_NOSIGNAL);
}

static void keep_status(struct ik_netns *n, int status)
{
    n->ended = true;
    n->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void ready(struct ik_source *s, struct ik_now now)
{
    struct ik_netns *n = (struct ik_netns *)s;
    int status;
    if (n->ended || waitpid(n->child, &status, WNOHANG) != n->child)
        return;
    keep_status(n, status);
    if (n->on_end)
        n->on_end(n->ctx, now);
}

static enum ik_err start_child(struct ik_netns *n, const struct ik_netns_cfg *cfg,
                               const char **step)
{
    int channel[2];
    const pid_t parent = getpid();
    *step = "a process";
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel))
        return ik_userns_err(errno);
    n->child = fork();
    if (n->child == 0) {
        close(channel[0]);
        be_command(channel[1], cfg, parent);
    }
    const int err_no = errno;
    close(channel[1]);
    n->channel = channel[0];
    if (n->child < 0)
        return ik_userns_err(err_no);
    n->source = (struct ik_source){.fd = (int)syscall(SYS_pidfd_open, n->child, 0), .ready = ready};
    return n->source.fd < 0 ? ik_userns_err(errno) : IK_OK;
}

enum ik_err ik_netns_open(struct ik_netns **out, const struct ik_netns_cfg *cfg, const char **step)
{
    struct ik_netns *n = calloc(1, sizeof(*n));
    *step = "memory";
    if (!n)
        return IK_E_NOMEM;
    n->channel = n->source.fd = -1;
    n->child = -1;
    enum ik_err err = ik_userns_enter(step);
    if (!err)
        err = start_child(n, cfg, step);
    if (!err)
        err = await(n, step);
    if (!err) {
        *step = "a veth pair";
        err = make_pair(cfg, n->child);
    }
    if (!err) {
        let_go(n);
        err = await(n, step);
    }
    /* The far end came up last, and gave the near one its carrier. */
    if (!err && !ik_netif_await(NEAR)) {
        *step = "a link of the veth pair";
        err = IK_E_SYSTEM;
    }
    if (err) {
        ik_netns_close(n);
        return err;
    }
    *out = n;
    return IK_OK;
}

const char *ik_netns_interface(const struct ik_netns *n)
{
    (void)n;
    return NEAR;
}

enum ik_err ik_netns_run(struct ik_netns *n)
{
    struct report r;
    let_go(n);
    return read_report(n, &r) ? r.err : IK_OK;
}

struct ik_source *ik_netns_source(struct ik_netns *n)
{
    return &n->source;
}

void ik_netns_on_end(struct ik_netns *n, void (*fn)(void *ctx, struct ik_now now), void *ctx)
{
    n->on_end = fn;
    n->ctx = ctx;
}

bool ik_netns_status(const struct ik_netns *n, int *out)
{
    if (n->ended)
        *out = n->status;
    return n->ended;
}

void ik_netns_signal(const struct ik_netns *n, int signo)
{
    if (!n->ended)
        (void)kill(n->child, signo);
}

void ik_netns_close(struct ik_netns *n)
{
    if (n->channel >= 0)
        close(n->channel);
    if (n->child > 0 && !n->ended) {
        (void)kill(n->child, SIGKILL);
        (void)waitpid(n->child, NULL, 0);
    }
    if (n->source.fd >= 0)
        close(n->source.fd);
    free(n);
}
