/* SPDX-License-Identifier: MIT
 * See resolve.h. The traps of c-ares 1.18 that are lived with here: it tells which sockets to watch
 * by a callback, has no timer of its own, waits up to 75 s for a silent server where it is not told
 * otherwise, and reads resolv.conf only when its channel is made. */
#include "host/resolve.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char resolv_conf[] = "/etc/resolv.conf";

/* Addresses that one answer can carry to the caller: more than any name has a use for. */
enum { ADDRS_MAX = 128 };

struct ik_resolve {
    ares_channel channel;
    int epoll_fd, timer_fd;
    struct timespec conf_time; /* of the resolv.conf that was read; zero where there was none */
    ino_t conf_inode;
};

/* A look-up under way: what c-ares gives back to us. */
struct ask {
    ik_resolve_fn *fn;
    void *ctx;
};

/* ---- what c-ares watches --------------------------------------------------------------------- */

static void watch(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct ik_resolve *r = ctx;
    struct epoll_event ev = {.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u),
                             .data.fd = fd};
    if (!ev.events)
        epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    else if (epoll_ctl(r->epoll_fd, EPOLL_CTL_MOD, fd, &ev))
        epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void set_timer(struct ik_resolve *r)
{
    struct timeval tv;
    struct itimerspec spec = {0};
    if (ares_timeout(r->channel, NULL, &tv)) {
        spec.it_value.tv_sec = tv.tv_sec;
        /* A zero would disarm; a millisecond keeps a timeout that is due from spinning. */
        spec.it_value.tv_nsec = tv.tv_usec * 1000L;
        if (!tv.tv_sec && spec.it_value.tv_nsec < 1000000)
            spec.it_value.tv_nsec = 1000000;
    }
    timerfd_settime(r->timer_fd, 0, &spec, NULL);
}

/* ---- what it answers ------------------------------------------------------------------------- */

/* In the words of getaddrinfo(3), which scripts know. */
static struct ik_names_answer failure(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
    case ARES_EBADQUERY:
        return (struct ik_names_answer){.err = IK_E_NOT_FOUND,
                                        .error_text = "Name or service not known"};
    case ARES_ENODATA:
        return (struct ik_names_answer){.err = IK_E_NOT_FOUND,
                                        .error_text = "No address associated with hostname"};
    case ARES_ENOMEM:
        return (struct ik_names_answer){.err = IK_E_NOMEM,
                                        .error_text = "Memory allocation failure"};
    case ARES_ETIMEOUT:
        return (struct ik_names_answer){.err = IK_E_TIMEOUT,
                                        .error_text = "Temporary failure in name resolution"};
    case ARES_EFORMERR:
    case ARES_EBADRESP:
    case ARES_ENOTIMP:
        return (struct ik_names_answer){.err = IK_E_SYSTEM,
                                        .error_text = "Non-recoverable failure in name resolution"};
    default:
        return (struct ik_names_answer){.err = IK_E_AGAIN,
                                        .error_text = "Temporary failure in name resolution"};
    }
}

static void finish(struct ask *ask, const struct ik_names_answer *answer)
{
    ask->fn(ask->ctx, answer);
    free(ask);
}

static struct ik_addr addr_of(const struct ares_addrinfo_node *node)
{
    struct ik_addr a = {0};
    if (node->ai_family == AF_INET) {
        struct sockaddr_in sin;
        memcpy(&sin, node->ai_addr, sizeof(sin));
        a.family = 4;
        memcpy(a.bytes, &sin.sin_addr, 4);
    } else if (node->ai_family == AF_INET6) {
        struct sockaddr_in6 sin6;
        memcpy(&sin6, node->ai_addr, sizeof(sin6));
        a.family = 6;
        memcpy(a.bytes, &sin6.sin6_addr, 16);
        a.scope = sin6.sin6_scope_id;
    }
    return a;
}

static const char *canonical(const struct ares_addrinfo *ai)
{
    const char *name = ai->name;
    for (const struct ares_addrinfo_cname *c = ai->cnames; c; c = c->next) {
        if (c->name)
            name = c->name;
    }
    return name;
}

static void forward_done(void *ctx, int status, int timeouts, struct ares_addrinfo *ai)
{
    struct ik_addr addrs[ADDRS_MAX];
    struct ik_names_answer answer;
    size_t n = 0;
    (void)timeouts;
    if (status == ARES_SUCCESS && ai) {
        for (const struct ares_addrinfo_node *node = ai->nodes; node && n < ADDRS_MAX;
             node = node->ai_next) {
            addrs[n] = addr_of(node);
            n += addrs[n].family != 0;
        }
    }
    if (n)
        answer = (struct ik_names_answer){.addrs = addrs, .n = n, .name = canonical(ai)};
    else
        answer = failure(status == ARES_SUCCESS ? ARES_ENODATA : status);
    finish(ctx, &answer);
    ares_freeaddrinfo(ai);
}

static void reverse_done(void *ctx, int status, int timeouts, struct hostent *host)
{
    (void)timeouts;
    const bool found = status == ARES_SUCCESS && host && host->h_name && *host->h_name;
    const struct ik_names_answer answer =
        found ? (struct ik_names_answer){.name = host->h_name}
              : failure(status == ARES_SUCCESS ? ARES_ENODATA : status);
    finish(ctx, &answer);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static struct ask *ask_new(ik_resolve_fn *fn, void *ctx)
{
    struct ask *ask = malloc(sizeof(*ask));
    if (ask) {
        *ask = (struct ask){fn, ctx};
    } else {
        const struct ik_names_answer answer = failure(ARES_ENOMEM);
        fn(ctx, &answer);
    }
    return ask;
}

void ik_resolve_forward(struct ik_resolve *r, const char *name, uint8_t family, ik_resolve_fn *fn,
                        void *ctx)
{
    struct ask *ask = ask_new(fn, ctx);
    if (!ask)
        return;
    const struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_CANONNAME,
        .ai_family = family == 4   ? AF_INET
                     : family == 6 ? AF_INET6
                                   : AF_UNSPEC,
        .ai_socktype = SOCK_DGRAM,
    };
    ares_getaddrinfo(r->channel, name, NULL, &hints, forward_done, ask);
    set_timer(r);
}

void ik_resolve_reverse(struct ik_resolve *r, const struct ik_addr *addr, ik_resolve_fn *fn,
                        void *ctx)
{
    struct ask *ask = ask_new(fn, ctx);
    if (!ask)
        return;
    ares_gethostbyaddr(r->channel, addr->bytes, (int)ik_addr_bytes(addr->family),
                       addr->family == 4 ? AF_INET : AF_INET6, reverse_done, ask);
    set_timer(r);
}

void ik_resolve_process(struct ik_resolve *r)
{
    enum { EVENTS = 32, ROUNDS = 8 };
    struct epoll_event ev[EVENTS];
    uint64_t ticks;
    /* A flood of answers must not keep us here: what is left is readable still. */
    for (int round = 0; round < ROUNDS; round++) {
        const int n = epoll_wait(r->epoll_fd, ev, EVENTS, 0);
        for (int i = 0; i < n; i++) {
            const int fd = ev[i].data.fd;
            if (fd == r->timer_fd) {
                if (read(fd, &ticks, sizeof(ticks)) == (ssize_t)sizeof(ticks))
                    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
                continue;
            }
            const bool in = ev[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP);
            ares_process_fd(r->channel, in ? fd : ARES_SOCKET_BAD,
                            ev[i].events & EPOLLOUT ? fd : ARES_SOCKET_BAD);
        }
        if (n < EVENTS)
            break;
    }
    set_timer(r);
}

/* ---- the channel ----------------------------------------------------------------------------- */

static void conf_stat(struct timespec *time, ino_t *inode)
{
    struct stat st;
    const bool there = !stat(resolv_conf, &st);
    *time = there ? st.st_mtim : (struct timespec){0};
    *inode = there ? st.st_ino : 0;
}

bool ik_resolve_is_stale(const struct ik_resolve *r)
{
    struct timespec time;
    ino_t inode;
    conf_stat(&time, &inode);
    return inode != r->conf_inode || time.tv_sec != r->conf_time.tv_sec ||
           time.tv_nsec != r->conf_time.tv_nsec;
}

static void read_number(const char *line, const char *key, int max, int *out)
{
    const char *at = strstr(line, key);
    if (!at)
        return;
    const long v = strtol(at + strlen(key), NULL, 10);
    if (v > 0)
        *out = v < max ? (int)v : max;
}

/* c-ares 1.18 does not know resolv.conf's timeout: and attempts:. Ours, where the file says
 * nothing, is 9 s in all for one silent server (3 s, then doubled), about what the system's
 * resolver takes. */
static void read_patience(struct ares_options *options)
{
    int seconds = 3;
    char line[512];
    options->tries = 2;
    FILE *f = fopen(resolv_conf, "re");
    while (f && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "options", 7))
            continue;
        read_number(line, "timeout:", 30, &seconds);
        read_number(line, "attempts:", 5, &options->tries);
    }
    if (f)
        fclose(f);
    options->timeout = seconds * 1000;
}

enum ik_err ik_resolve_open(struct ik_resolve **out, int epoll_fd)
{
    struct ik_resolve *r = calloc(1, sizeof(*r));
    if (!r)
        return IK_E_NOMEM;
    r->epoll_fd = epoll_fd;
    conf_stat(&r->conf_time, &r->conf_inode);
    r->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (r->timer_fd < 0)
        goto fail;
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = r->timer_fd};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, r->timer_fd, &ev))
        goto fail_timer;
    if (ares_library_init(ARES_LIB_INIT_ALL))
        goto fail_timer;
    struct ares_options options = {.sock_state_cb = watch, .sock_state_cb_data = r};
    /* HOSTALIASES names a file: not one that the caller of a privileged program may choose. */
    options.flags = ik_priv_is_secure_exec() ? ARES_FLAG_NOALIASES : 0;
    read_patience(&options);
    if (ares_init_options(&r->channel, &options,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                              ARES_OPT_SOCK_STATE_CB))
        goto fail_library;
    *out = r;
    return IK_OK;
fail_library:
    ares_library_cleanup();
fail_timer:
    close(r->timer_fd);
fail:
    free(r);
    return IK_E_SYSTEM;
}

void ik_resolve_close(struct ik_resolve *r)
{
    if (!r)
        return;
    ares_destroy(r->channel);
    ares_library_cleanup();
    close(r->timer_fd); /* which takes it out of the epoll set */
    free(r);
}
