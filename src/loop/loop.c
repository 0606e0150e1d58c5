/* SPDX-License-Identifier: MIT
 * The driver. One turn: read the clock, one batch from each link that may have something, the
 * engines' answers to it, what they want to send, what they have to say; then sleep until the
 * kernel or a deadline calls. It knows links, engines and sources by their contracts alone. */
#include "icmpkit/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* How long to wait when a link took nothing and cannot say when it will. */
#define RETRY_NS IK_NS_PER_MS
/* Woken so much later than asked for, nobody knows what else happened meanwhile. */
#define LATE_NS IK_NS_PER_MS

struct engine_entry {
    struct ik_engine *engine;
    struct ik_link *ports[IK_LOOP_PORTS];
    ik_ns retry_at; /* a link fell short: not asked for frames before this, or before it is writable
                     */
};

struct link_entry {
    struct ik_link *link;
    bool ready, wants_write;
};

struct timer {
    ik_ns at;
    void (*fn)(void *ctx, struct ik_now now);
    void *ctx;
};

struct ik_loop {
    struct ik_loop_cfg cfg;
    int epoll_fd, timer_fd;
    ik_ns armed;  /* what timer_fd is set to, IK_NEVER when it is off */
    ik_ns waited; /* until when the last wait was to be, IK_NEVER when there was none */
    int holds;
    bool quit;
    size_t n_engines, n_links, n_sources, n_timers;
    struct engine_entry engines[IK_LOOP_MAX];
    struct link_entry links[IK_LOOP_MAX];
    struct ik_source *sources[IK_LOOP_MAX];
    struct timer timers[IK_LOOP_MAX];
    struct ik_event events[IK_BATCH];
    struct ik_frame frames[IK_BATCH];
};

/* What an epoll event is about: its kind in the upper half, its place in the lower. */
enum { TAG_TIMER, TAG_LINK, TAG_SOURCE };

static uint64_t tag_make(uint32_t kind, size_t index)
{
    return (uint64_t)kind << 32 | (uint32_t)index;
}

static enum ik_err watch(struct ik_loop *l, int op, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event ev = {.events = events, .data.u64 = tag};
    return epoll_ctl(l->epoll_fd, op, fd, &ev) == 0 ? IK_OK : IK_E_SYSTEM;
}

enum ik_err ik_loop_new(struct ik_loop **out, const struct ik_loop_cfg *cfg)
{
    struct ik_loop *l = calloc(1, sizeof(*l));
    if (!l)
        return IK_E_NOMEM;
    l->cfg = *cfg;
    l->armed = IK_NEVER;
    l->waited = IK_NEVER;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll_fd < 0)
        goto fail;
    l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (l->timer_fd < 0)
        goto fail_epoll;
    if (watch(l, EPOLL_CTL_ADD, l->timer_fd, EPOLLIN, tag_make(TAG_TIMER, 0)) != IK_OK)
        goto fail_timer;
    *out = l;
    return IK_OK;
fail_timer:
    close(l->timer_fd);
fail_epoll:
    close(l->epoll_fd);
fail:
    free(l);
    return IK_E_SYSTEM;
}

void ik_loop_free(struct ik_loop *l)
{
    close(l->timer_fd);
    close(l->epoll_fd);
    free(l);
}

enum ik_err ik_loop_add_engine(struct ik_loop *l, struct ik_engine *e)
{
    if (l->n_engines == IK_LOOP_MAX)
        return IK_E_FULL;
    l->engines[l->n_engines++] = (struct engine_entry){.engine = e};
    return IK_OK;
}

static enum ik_err link_add(struct ik_loop *l, struct ik_link *link)
{
    for (size_t i = 0; i < l->n_links; i++)
        if (l->links[i].link == link)
            return IK_OK;
    if (l->n_links == IK_LOOP_MAX)
        return IK_E_FULL;
    const int fd = link->ops->fd(link);
    if (fd >= 0 && watch(l, EPOLL_CTL_ADD, fd, EPOLLIN, tag_make(TAG_LINK, l->n_links)) != IK_OK)
        return IK_E_SYSTEM;
    l->links[l->n_links++] = (struct link_entry){.link = link};
    return IK_OK;
}

enum ik_err ik_loop_attach(struct ik_loop *l, struct ik_engine *e, uint8_t port,
                           struct ik_link *link)
{
    size_t i = 0;
    while (i < l->n_engines && l->engines[i].engine != e)
        i++;
    if (i == l->n_engines || port >= IK_LOOP_PORTS)
        return IK_E_NOT_FOUND;
    if (l->engines[i].ports[port])
        return IK_E_EXISTS;
    const enum ik_err err = link_add(l, link);
    if (err == IK_OK)
        l->engines[i].ports[port] = link;
    return err;
}

enum ik_err ik_loop_add_source(struct ik_loop *l, struct ik_source *s)
{
    if (l->n_sources == IK_LOOP_MAX)
        return IK_E_FULL;
    if (watch(l, EPOLL_CTL_ADD, s->fd, EPOLLIN, tag_make(TAG_SOURCE, l->n_sources)) != IK_OK)
        return IK_E_SYSTEM;
    l->sources[l->n_sources++] = s;
    return IK_OK;
}

enum ik_err ik_loop_wake_at(struct ik_loop *l, ik_ns mono, void (*fn)(void *ctx, struct ik_now now),
                            void *ctx)
{
    size_t i = 0;
    while (i < l->n_timers && !(l->timers[i].fn == fn && l->timers[i].ctx == ctx))
        i++;
    if (mono == IK_NEVER) {
        if (i < l->n_timers)
            l->timers[i] = l->timers[--l->n_timers];
        return IK_OK;
    }
    if (i == IK_LOOP_MAX)
        return IK_E_FULL;
    l->timers[i] = (struct timer){mono, fn, ctx};
    if (i == l->n_timers)
        l->n_timers++;
    return IK_OK;
}

void ik_loop_hold(struct ik_loop *l, int change)
{
    l->holds += change;
}

void ik_loop_quit(struct ik_loop *l)
{
    l->quit = true;
}

static void drain(struct ik_loop *l, struct ik_engine *e)
{
    const struct ik_record *rec;
    while ((rec = e->ops->record(e)))
        l->cfg.on_record(l->cfg.ctx, rec);
}

void ik_loop_drain(struct ik_loop *l)
{
    for (size_t i = 0; i < l->n_engines; i++)
        drain(l, l->engines[i].engine);
}

void ik_loop_stop(struct ik_loop *l, struct ik_now now)
{
    for (size_t i = 0; i < l->n_engines; i++) {
        struct ik_engine *e = l->engines[i].engine;
        e->ops->stop(e, now);
        drain(l, e);
    }
}

/* ---- one turn -------------------------------------------------------------------------------- */

/* Offers a batch to every engine that has the link, on the port that it knows it by. */
static void offer(struct ik_loop *l, const struct ik_link *link, struct ik_now now, size_t n)
{
    for (size_t i = 0; i < l->n_engines; i++) {
        struct engine_entry *en = &l->engines[i];
        for (uint8_t port = 0; port < IK_LOOP_PORTS; port++) {
            if (en->ports[port] != link)
                continue;
            en->engine->ops->input(en->engine, now, port, l->events, n);
            drain(l, en->engine);
        }
    }
}

/* One batch from each link that may have something. True when one had a full batch: there may be
 * more. */
static bool receive(struct ik_loop *l, struct ik_now now)
{
    bool more = false;
    for (size_t i = 0; i < l->n_links; i++) {
        struct link_entry *le = &l->links[i];
        if (!le->ready && le->link->ops->next(le->link) > now.mono)
            continue;
        const size_t n = le->link->ops->rx(le->link, now, l->events, IK_BATCH);
        le->ready = n == IK_BATCH;
        more |= le->ready;
        if (n)
            offer(l, le->link, now, n);
    }
    return more;
}

/* A program that was stopped wakes with its deadlines behind it and, its wait being interrupted, is
 * told of no arrivals; and what was answered in time must not be given up unread. */
static void look_when_late(struct ik_loop *l, struct ik_now now)
{
    const bool late = l->waited < now.mono && now.mono - l->waited > LATE_NS;
    l->waited = IK_NEVER;
    for (size_t i = 0; late && i < l->n_links; i++)
        l->links[i].ready = true;
}

static void want_write(struct ik_loop *l, const struct ik_link *link, bool wanted)
{
    for (size_t i = 0; i < l->n_links; i++) {
        struct link_entry *le = &l->links[i];
        const int fd = link->ops->fd(link);
        if (le->link != link || le->wants_write == wanted || fd < 0)
            continue;
        const uint32_t events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
        if (watch(l, EPOLL_CTL_MOD, fd, events, tag_make(TAG_LINK, i)) == IK_OK)
            le->wants_write = wanted;
    }
}

/* Hands frames to their links, in order, a run of one port at a time. Returns how many were taken;
 * *short_of is the link that took less than it was given, or NULL. */
static size_t transmit(struct engine_entry *en, struct ik_now now, const struct ik_frame *frames,
                       size_t n, struct ik_link **short_of)
{
    size_t done = 0;
    *short_of = NULL;
    while (done < n) {
        const uint8_t port = frames[done].port;
        size_t run = 1;
        while (done + run < n && frames[done + run].port == port)
            run++;
        struct ik_link *link = en->ports[port];
        const size_t took = link->ops->tx(link, now, frames + done, run);
        done += took;
        if (took < run) {
            *short_of = link;
            break;
        }
    }
    return done;
}

/* Lets each engine send one batch. True when one filled it: it may have more to send at once. */
static bool send_batches(struct ik_loop *l, struct ik_now now)
{
    bool more = false;
    for (size_t i = 0; i < l->n_engines; i++) {
        struct engine_entry *en = &l->engines[i];
        struct ik_engine *e = en->engine;
        if (now.mono < en->retry_at)
            continue;
        const size_t n = e->ops->output(e, now, l->frames, IK_BATCH);
        struct ik_link *short_of = NULL;
        const size_t took = n ? transmit(en, now, l->frames, n, &short_of) : 0;
        e->ops->accepted(e, now, took);
        drain(l, e);
        if (short_of) {
            en->retry_at = now.mono + RETRY_NS;
            want_write(l, short_of, true);
        } else {
            en->retry_at = 0;
            more |= n == IK_BATCH;
        }
        /* What it took may have been answered, or refused, already. */
        for (size_t k = 0; took && k < l->n_links; k++)
            l->links[k].ready = true;
    }
    return more;
}

static void run_timers(struct ik_loop *l, struct ik_now now)
{
    for (size_t i = 0; i < l->n_timers;) {
        if (l->timers[i].at > now.mono) {
            i++;
            continue;
        }
        const struct timer due = l->timers[i];
        l->timers[i] = l->timers[--l->n_timers];
        due.fn(due.ctx, now);
    }
}

static bool all_done(const struct ik_loop *l)
{
    for (size_t i = 0; i < l->n_engines; i++)
        if (!l->engines[i].engine->ops->done(l->engines[i].engine))
            return false;
    return l->holds <= 0;
}

/* The earliest instant at which anything can happen by itself. */
static ik_ns next_instant(const struct ik_loop *l)
{
    ik_ns at = IK_NEVER;
    for (size_t i = 0; i < l->n_timers; i++)
        at = l->timers[i].at < at ? l->timers[i].at : at;
    for (size_t i = 0; i < l->n_links; i++) {
        const ik_ns next = l->links[i].link->ops->next(l->links[i].link);
        at = next < at ? next : at;
    }
    for (size_t i = 0; i < l->n_engines; i++) {
        const struct engine_entry *en = &l->engines[i];
        ik_ns next = en->engine->ops->deadline(en->engine);
        next = next < en->retry_at ? en->retry_at : next;
        at = next < at ? next : at;
    }
    return at;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static enum ik_err arm(struct ik_loop *l, ik_ns at)
{
    if (at == l->armed)
        return IK_OK;
    struct itimerspec spec = {0};
    if (at != IK_NEVER) {
        const ik_ns when = at > 0 ? at : 1; /* zero would switch it off */
        spec.it_value.tv_sec = when / IK_NS_PER_S;
        spec.it_value.tv_nsec = when % IK_NS_PER_S;
    }
    if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) != 0)
        return IK_E_SYSTEM;
    l->armed = at;
    return IK_OK;
}

static void link_woke(struct ik_loop *l, size_t index, uint32_t events)
{
    struct link_entry *le = &l->links[index];
    le->ready |= (events & ~(uint32_t)EPOLLOUT) != 0;
    if (!(events & EPOLLOUT))
        return;
    want_write(l, le->link, false);
    for (size_t i = 0; i < l->n_engines; i++)
        l->engines[i].retry_at = 0;
}

static void timer_fired(struct ik_loop *l)
{
    uint64_t times;
    if (read(l->timer_fd, &times, sizeof(times)) == sizeof(times))
        l->armed = IK_NEVER;
}

/* Waits for the kernel, at most until the armed timer; `timeout_ms` 0 only looks. */
static enum ik_err wait_events(struct ik_loop *l, int timeout_ms)
{
    struct epoll_event evs[IK_LOOP_MAX];
    const int n = epoll_wait(l->epoll_fd, evs, IK_LOOP_MAX, timeout_ms);
    if (n < 0)
        return errno == EINTR ? IK_OK : IK_E_SYSTEM;
    const struct ik_now now = l->cfg.clock(l->cfg.ctx);
    for (int i = 0; i < n; i++) {
        const uint32_t index = (uint32_t)evs[i].data.u64;
        switch (evs[i].data.u64 >> 32) {
        case TAG_TIMER:
            timer_fired(l);
            break;
        case TAG_LINK:
            link_woke(l, index, evs[i].events);
            break;
        default:
            l->sources[index]->ready(l->sources[index], now);
        }
    }
    return IK_OK;
}

static enum ik_err wait_until(struct ik_loop *l, ik_ns at)
{
    l->waited = at;
    if (l->cfg.advance) {
        const enum ik_err err = wait_events(l, 0);
        if (err == IK_OK && at != IK_NEVER)
            l->cfg.advance(l->cfg.ctx, at);
        return err;
    }
    const enum ik_err err = arm(l, at);
    return err == IK_OK ? wait_events(l, -1) : err;
}

enum ik_err ik_loop_run(struct ik_loop *l)
{
    unsigned busy_turns = 0;
    while (!l->quit) {
        const struct ik_now now = l->cfg.clock(l->cfg.ctx);
        run_timers(l, now);
        look_when_late(l, now);
        const bool more_in = receive(l, now);
        const bool more_out = send_batches(l, now);
        if (l->cfg.on_idle)
            l->cfg.on_idle(l->cfg.ctx, now);
        if (l->quit || all_done(l))
            break;
        const ik_ns at = next_instant(l);
        const bool busy = more_in || more_out || at <= now.mono;
        /* A busy loop still looks at signals and names now and then. */
        if (busy && ++busy_turns % 16)
            continue;
        const enum ik_err err = busy ? wait_events(l, 0) : wait_until(l, at);
        if (err != IK_OK)
            return err;
    }
    return IK_OK;
}
