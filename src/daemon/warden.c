/* SPDX-License-Identifier: MIT */
#include "daemon/warden.h"

#include "daemon/nft_lines.h"

#include <icmpkit/host.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the process ----------------------------------------------------------------------------- */

struct warden {
    int fd;
    struct ik_nft *nft;
    struct ik_spared spared[IK_SPARED_MAX];
    struct ik_orders_cfg cfg;
    bool flows; /* the kernel follows them for us */
    struct ik_warden_told told;
};

static void say(struct warden *w)
{
    while (send(w->fd, &w->told, sizeof(w->told), MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

static enum ik_err fail(struct warden *w, enum ik_err err, const char *why)
{
    w->told.err = err;
    snprintf(w->told.why, sizeof(w->told.why), "%.*s", IK_ENFORCE_TEXT - 1, why);
    return err;
}

static enum ik_err tell_nft(struct warden *w, const char *line, const char **answer)
{
    char why[IK_NFT_TEXT];
    const enum ik_err err = line ? ik_nft_say(w->nft, line, answer, why) : IK_E_TOO_BIG;
    return err ? fail(w, err, line ? why : "") : IK_OK;
}

/* "packets" of the counter with this name, in nft's JSON. */
static uint64_t count_of(const char *json, const char *name)
{
    char key[64];
    static const char packets[] = "\"packets\":";
    snprintf(key, sizeof(key), "\"stopped_%s\"", name);
    const char *at = strstr(json, key);
    at = at ? strstr(at, packets) : NULL;
    return at ? strtoull(at + strlen(packets), NULL, 10) : 0;
}

static void count(struct warden *w)
{
    const char *json;
    if (tell_nft(w, IK_NFT_LIST, &json))
        return;
    for (int k = 0; k < IK_ORDERS; k++)
        w->told.stopped[k] = count_of(json, ik_order_name((enum ik_order_kind)k));
}

static void follow_flows(struct warden *w)
{
    char lines[IK_NFT_LINES];
    if (!w->flows && !tell_nft(w, ik_nft_lines_flows(lines, sizeof(lines)), NULL))
        w->flows = true;
}

static enum ik_err let_pass(struct warden *w, const struct ik_prefix *who)
{
    char line[IK_NFT_LINE];
    return tell_nft(w, ik_nft_lines_spare(who, line), NULL);
}

static void spare(struct warden *w, const struct ik_prefix *who)
{
    if (w->cfg.n_spared == IK_SPARED_MAX)
        fail(w, IK_E_FULL, "");
    else if (!let_pass(w, who))
        w->spared[w->cfg.n_spared++] = (struct ik_spared){.who = *who, .why = "it is spared"};
}

static void carry_out(struct warden *w, const struct ik_warden_ask *ask)
{
    char line[IK_NFT_LINE];
    w->told = (struct ik_warden_told){.number = ask->number, .op = ask->op};
    const char *fault = NULL;
    if (ask->op == IK_WARDEN_ADD || ask->op == IK_WARDEN_REMOVE)
        fault = ik_order_fault(&ask->order, &w->cfg);
    if (fault) {
        fail(w, IK_E_ACCESS, fault);
    } else if (ask->op == IK_WARDEN_SPARE) {
        spare(w, &ask->order.who);
    } else if (ask->op == IK_WARDEN_ADD) {
        if (ask->order.kind == IK_ORDER_LIMIT_UNKNOWN)
            follow_flows(w);
        if (!w->told.err)
            tell_nft(w, ik_nft_lines_add(&ask->order, line), NULL);
    } else if (ask->op == IK_WARDEN_REMOVE) {
        tell_nft(w, ik_nft_lines_remove(&ask->order, line), NULL);
    }
    if (!w->told.err)
        count(w);
    say(w);
}

/* Until the other side is gone, or nft is. */
static void serve(struct warden *w)
{
    for (;;) {
        struct ik_warden_ask ask;
        /* Of nft only its end is news; what it says besides waits for the next answer. */
        struct pollfd fds[] = {{w->fd, POLLIN, 0}, {ik_nft_fd(w->nft), 0, 0}};
        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        if (fds[1].revents) {
            w->told = (struct ik_warden_told){.number = 0};
            fail(w, IK_E_SYSTEM, "nft has ended, and its table with it");
            say(w);
            return;
        }
        if (!fds[0].revents)
            continue;
        if (recv(w->fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
            return;
        carry_out(w, &ask);
    }
}

/* A table of ours that nobody owns goes; that of a process which lives cannot be deleted. */
static enum ik_err install(struct warden *w, bool keep)
{
    char lines[IK_NFT_LINES];
    enum ik_err err = tell_nft(w, ik_nft_lines_table(!keep, lines, sizeof(lines)), NULL);
    if (err == IK_E_VALUE && strstr(w->told.why, "Operation not permitted"))
        return fail(w, IK_E_EXISTS, "");
    for (size_t i = 0; i < w->cfg.n_spared && !err; i++) {
        if (!w->spared[i].own)
            err = let_pass(w, &w->spared[i].who);
    }
    return err;
}

static _Noreturn void be_warden(int fd, const struct ik_spared *spared, size_t n_spared, bool keep)
{
    struct warden w = {.fd = fd};
    memcpy(w.spared, spared, n_spared * sizeof(*spared));
    w.cfg = (struct ik_orders_cfg){.spared = w.spared, .n_spared = n_spared};
    setsid(); /* what the terminal sends to the guard is not for us */
    (void)prctl(PR_SET_NAME, "icmp-warden", 0, 0, 0);
    if ((fd > 3 && close_range(3, (unsigned)fd - 1, 0)) || close_range((unsigned)fd + 1, ~0u, 0))
        _exit(1);
    enum ik_err err = ik_nft_open(&w.nft);
    if (err)
        fail(&w, err, "");
    else
        err = ik_priv_drop();
    if (!err)
        err = install(&w, keep);
    w.told.err = err;
    say(&w);
    if (!err)
        serve(&w);
    ik_nft_close(w.nft);
    _exit(0);
}

/* ---- this side ------------------------------------------------------------------------------- */

static enum ik_err wait_ready(struct ik_warden *w, char why[static IK_ENFORCE_TEXT])
{
    struct ik_warden_told told;
    ssize_t n;
    do
        n = recv(w->fd, &told, sizeof(told), 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(told))
        return IK_E_SYSTEM;
    memcpy(why, told.why, IK_ENFORCE_TEXT);
    return told.err;
}

enum ik_err ik_warden_open(struct ik_warden *w, const struct ik_spared *spared, size_t n_spared,
                           bool keep, char why[static IK_ENFORCE_TEXT])
{
    int ends[2];
    why[0] = '\0';
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return IK_E_SYSTEM;
    const pid_t pid = fork();
    if (pid == 0)
        be_warden(ends[1], spared, n_spared, keep);
    close(ends[1]);
    *w = (struct ik_warden){.fd = ends[0], .pid = pid};
    const enum ik_err err = pid < 0 ? IK_E_SYSTEM : wait_ready(w, why);
    if (err)
        ik_warden_close(w);
    return err;
}

enum ik_err ik_warden_ask(const struct ik_warden *w, const struct ik_warden_ask *ask)
{
    if (send(w->fd, ask, sizeof(*ask), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(*ask))
        return IK_OK;
    return errno == EAGAIN || errno == EINTR ? IK_E_AGAIN : IK_E_SYSTEM;
}

bool ik_warden_hear(const struct ik_warden *w, struct ik_warden_told *out)
{
    ssize_t n;
    do
        n = recv(w->fd, out, sizeof(*out), MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof(*out))
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    *out = (struct ik_warden_told){.err = IK_E_SYSTEM};
    return true;
}

void ik_warden_close(struct ik_warden *w)
{
    if (w->fd >= 0)
        close(w->fd);
    if (w->pid > 0) {
        while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    *w = (struct ik_warden){.fd = -1, .pid = -1};
}
