/* SPDX-License-Identifier: MIT */
#include "daemon/serve.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
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
        err = fault_of(s, &ask->orders[0]);
        return err ? err : s->way->add(s->way, &ask->orders[0], s->told.why);
    case IK_WARDEN_REMOVE:
        err = fault_of(s, &ask->orders[0]);
        return err ? err : s->way->remove(s->way, &ask->orders[0], s->told.why);
    case IK_WARDEN_SPARE:
        return spare(s, &ask->orders[0].who);
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
    /* Of an order that may not be there is nothing to count. */
    for (uint32_t i = 0; i < ask->n && !s->told.err && ask->op != IK_WARDEN_SPARE; i++)
        s->told.stopped_by[i] = fault_of(s, &ask->orders[i])
                                    ? IK_STOPPED_UNKNOWN
                                    : s->way->stopped(s->way, &ask->orders[i]);
    say(s->fd, &s->told);
}

/* As long as it says, and with as many orders as it takes. */
static bool is_whole(const struct ik_warden_ask *ask, ssize_t n)
{
    const size_t head = offsetof(struct ik_warden_ask, orders);
    return n >= (ssize_t)head && ask->n <= IK_WARDEN_ORDERS &&
           (size_t)n == head + ask->n * sizeof(*ask->orders) &&
           (ask->n == 1 || ask->op == IK_WARDEN_COUNT);
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
        if (!is_whole(&ask, recv(s->fd, &ask, sizeof(ask), MSG_TRUNC)))
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
