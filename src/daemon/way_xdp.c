/* SPDX-License-Identifier: MIT */
#include "daemon/way_xdp.h"

#include "daemon/post.h"
#include "daemon/xdp_filter.h"

#include <icmpkit/host.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { LOOK_S = 1 }; /* between two looks whether the program is still attached */

struct way_xdp {
    struct ik_way way; /* first: its functions get back from it */
    struct ik_xdp_filter *filter;
    int post, timer, asker; /* -1: none */
    bool lingers;
};

static enum ik_err said(enum ik_err err, char why[static IK_ENFORCE_TEXT])
{
    if (err)
        snprintf(why, IK_ENFORCE_TEXT, "%s", ik_err_text(err));
    return err;
}

static struct ik_xdp_filter *filter_of(struct ik_way *way)
{
    return ((struct way_xdp *)way)->filter;
}

static enum ik_err spare(struct ik_way *way, const struct ik_prefix *who,
                         char why[static IK_ENFORCE_TEXT])
{
    return said(ik_xdp_filter_spare(filter_of(way), who), why);
}

static enum ik_err add(struct ik_way *way, const struct ik_order *o,
                       char why[static IK_ENFORCE_TEXT])
{
    return said(ik_xdp_filter_add(filter_of(way), o), why);
}

static enum ik_err take_back(struct ik_way *way, const struct ik_order *o,
                             char why[static IK_ENFORCE_TEXT])
{
    return said(ik_xdp_filter_remove(filter_of(way), o), why);
}

/* What cannot be counted is not there. */
static enum ik_err count(struct ik_way *way, uint64_t stopped[static IK_ORDERS],
                         char why[static IK_ENFORCE_TEXT])
{
    const enum ik_err err = ik_xdp_filter_count(filter_of(way), stopped);
    if (err)
        snprintf(why, IK_ENFORCE_TEXT, "the XDP program is at the interface no more");
    return err;
}

static uint64_t stopped_by(struct ik_way *way, const struct ik_order *o)
{
    return ik_xdp_filter_stopped(filter_of(way), o);
}

static bool go_on(struct ik_way *way, char why[static IK_ENFORCE_TEXT])
{
    struct way_xdp *w = (struct way_xdp *)way;
    uint64_t times, stopped[IK_ORDERS];
    if (w->post >= 0 && ik_post_answer(w->post, w->lingers, &w->asker))
        return false;
    return read(w->timer, &times, sizeof(times)) < 0 || !count(way, stopped, why);
}

/* The program goes before anybody is told that the place is free. */
static void close_way(struct ik_way *way)
{
    struct way_xdp *w = (struct way_xdp *)way;
    ik_xdp_filter_close(w->filter);
    if (w->timer >= 0)
        close(w->timer);
    if (way->fd >= 0)
        close(way->fd);
    ik_post_leave(w->post, w->asker);
    free(w);
}

static bool watch(struct way_xdp *w, int fd)
{
    struct epoll_event on = {.events = EPOLLIN};
    return fd < 0 || !epoll_ctl(w->way.fd, EPOLL_CTL_ADD, fd, &on);
}

static bool open_watch(struct way_xdp *w)
{
    const struct itimerspec every = {.it_interval.tv_sec = LOOK_S, .it_value.tv_sec = LOOK_S};
    w->way.fd = epoll_create1(EPOLL_CLOEXEC);
    w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return w->way.fd >= 0 && w->timer >= 0 && !timerfd_settime(w->timer, 0, &every, NULL) &&
           watch(w, w->timer) && watch(w, w->post);
}

enum ik_err ik_way_xdp_open(struct ik_way **out, uint32_t ifindex, char why[static IK_ENFORCE_TEXT])
{
    enum ik_xdp_mode mode;
    struct way_xdp *w = malloc(sizeof(*w));
    if (!w)
        return IK_E_NOMEM;
    *w = (struct way_xdp){.way = {.spare = spare,
                                  .add = add,
                                  .remove = take_back,
                                  .count = count,
                                  .stopped = stopped_by,
                                  .go_on = go_on,
                                  .close = close_way,
                                  .fd = -1,
                                  .events = POLLIN},
                          .post = -1,
                          .timer = -1,
                          .asker = -1};
    enum ik_err err = ik_post_take(&w->post, ifindex);
    if (!err)
        err = ik_xdp_filter_open(&w->filter, ifindex, &mode, why);
    if (!err)
        err = open_watch(w) ? ik_priv_drop() : IK_E_SYSTEM;
    if (err) {
        close_way(&w->way);
        return err;
    }
    w->way.generic = mode == IK_XDP_GENERIC;
    *out = &w->way;
    return IK_OK;
}

void ik_way_xdp_linger(struct ik_way *way)
{
    struct way_xdp *w = (struct way_xdp *)way;
    char why[IK_ENFORCE_TEXT];
    w->lingers = true;
    while (ik_xdp_filter_seconds_left(w->filter)) {
        struct pollfd fd = {way->fd, way->events, 0};
        const int n = poll(&fd, 1, -1);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0 && !go_on(way, why))
            return;
    }
}
