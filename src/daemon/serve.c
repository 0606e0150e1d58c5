/* SPDX-License-Identifier: MIT */
#include "daemon/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct serve {
    int fd;
    struct ik_way *way;
    struct ik_spared *spared; /* room for IK_SPARED_MAX */
    struct ik_orders_cfg cfg;
    struct ik_warden_told told;
};

static void say(int fd, const struct ik_warden_told *told)
{
    while (send(fd, told, sizeof(*told), MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

static enum ik_err fault_of(struct serve *s, const struct ik_order *o)
{
    const char *fault = ik_order_fault(o, &s->cfg);
    if (!fault)
        return IK_OK;
    snprintf(s->told.why, sizeof(s->told.why), "%s", fault);
    return IK_E_ACCESS;
}

static enum ik_err spare(struct serve *s, const struct ik_prefix *who)
{
    if (s->cfg.n_spared == IK_SPARED_MAX)
        return IK_E_FULL;
    const enum ik_err err = s->way->spare(s->way, who, s->told.why);
    if (!err)
        s->spared[s->cfg.n_spared++] = (struct ik_spared){.who = *who, .why = "it is spared"};
    return err;
}

static enum ik_err obey(struct serve *s, const struct ik_warden_ask *ask)
{
    enum ik_err err;
    switch (ask->op) {
    case IK_WARDEN_ADD:
        err = fault_of(s, &ask->order);
        return err ? err : s->way->add(s->way, &ask->order, s->told.why);
    case IK_WARDEN_REMOVE:
        err = fault_of(s, &ask->order);
        return err ? err : s->way->remove(s->way, &ask->order, s->told.why);
    case IK_WARDEN_SPARE:
        return spare(s, &ask->order.who);
    case IK_WARDEN_COUNT:
        break;
    }
    return IK_OK;
}

static void carry_out(struct serve *s, const struct ik_warden_ask *ask)
{
    s->told = (struct ik_warden_told){.number = ask->number, .op = ask->op};
    s->told.err = obey(s, ask);
    if (!s->told.err)
        s->told.err = s->way->count(s->way, s->told.stopped, s->told.why);
    say(s->fd, &s->told);
}

static void listen_to(struct serve *s)
{
    for (;;) {
        struct ik_warden_ask ask = {0};
        struct pollfd fds[] = {{s->fd, POLLIN, 0}, {s->way->fd, s->way->events, 0}};
        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        s->told = (struct ik_warden_told){.number = 0, .err = IK_E_SYSTEM};
        if (fds[1].revents && !s->way->go_on(s->way, s->told.why)) {
            say(s->fd, &s->told);
            return;
        }
        if (!fds[0].revents)
            continue;
        if (recv(s->fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
            return;
        carry_out(s, &ask);
    }
}

/* Our own addresses are no sources that pass: anybody may take them in his packets. */
void ik_serve_orders(int fd, struct ik_way *way, struct ik_spared spared[static IK_SPARED_MAX],
                     size_t n_spared)
{
    struct serve s = {.fd = fd, .way = way, .spared = spared};
    s.cfg = (struct ik_orders_cfg){.spared = spared, .n_spared = n_spared};
    for (size_t i = 0; i < n_spared && !s.told.err; i++) {
        if (!spared[i].own)
            s.told.err = way->spare(way, &spared[i].who, s.told.why);
    }
    s.told.generic = way->generic;
    say(fd, &s.told);
    if (!s.told.err)
        listen_to(&s);
}

void ik_serve_refuse(int fd, enum ik_err err, const char why[static IK_ENFORCE_TEXT])
{
    struct ik_warden_told told = {.err = err};
    memcpy(told.why, why, sizeof(told.why));
    say(fd, &told);
}
