/* SPDX-License-Identifier: MIT
 * The driver. One turn: read the clock, one batch from each link that may have something, the
 * engines' answers to it, what they want to send, what they have to say; then sleep until the
 * kernel or a deadline calls. It knows links, engines and sources by their contracts alone. */
#include "icmpkit/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* How long to wait when a link took nothing and cannot say when it will. */
#define RETRY_NS IK_NS_PER_MS
/* Woken so much later than asked for, nobody knows what else happened meanwhile. */
#define LATE_NS IK_NS_PER_MS

struct engine_entry {
    struct ik_engine *engine;
    struct ik_link *ports[IK_LOOP_PORTS];
    ik_ns retry_at; /* a link fell short: not asked for frames before this, or before it is writable
                     */
    bool misled;    /* it was writable and yet took nothing: only time helps */
};

struct link_entry {
    struct ik_link *link;
    bool ready;
};

struct timer {
    ik_ns at;
    void (*fn)(void *ctx, struct ik_now now);
    void *ctx;
};

struct ik_loop {
    struct ik_loop_cfg cfg;
    ik_ns waited; /* until when the last wait was to be, IK_NEVER when there was none */
    int holds;
    bool quit;
    size_t n_engines, n_links, n_sources, n_timers;
    struct engine_entry engines[IK_LOOP_MAX];
    struct link_entry links[IK_LOOP_MAX];
    struct ik_source *sources[IK_LOOP_MAX];
    struct timer timers[IK_LOOP_MAX];
    /* What is waited for: links first, then sources, each at its place in its list. */
    struct pollfd polled[2 * IK_LOOP_MAX];
    struct ik_event events[IK_BATCH];
    struct ik_frame frames[IK_BATCH];
};

enum ik_err ik_loop_new(struct ik_loop **out, const struct ik_loop_cfg *cfg)
{
    struct ik_loop *l = calloc(1, sizeof(*l));
    if (!l)
        return IK_E_NOMEM;
    l->cfg = *cfg;
    l->waited = IK_NEVER;
    for (size_t i = 0; i < 2 * IK_LOOP_MAX; i++)
        l->polled[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    *out = l;
    return IK_OK;
}

void ik_loop_free(struct ik_loop *l)
{
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
    l->polled[l->n_links].fd = link->ops->fd(link);
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
    l->polled[IK_LOOP_MAX + l->n_sources].fd = s->fd;
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

static void want_write(struct ik_loop *l, const struct ik_link *link)
{
    for (size_t i = 0; i < l->n_links; i++)
        if (l->links[i].link == link)
            l->polled[i].events = POLLIN | POLLOUT;
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
            /* A full queue behind a socket leaves it writable. */
            if (took || !en->misled)
                want_write(l, short_of);
            en->retry_at = now.mono + RETRY_NS;
            en->misled = en->misled && !took;
        } else {
            en->retry_at = 0;
            en->misled = false;
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

static void link_woke(struct ik_loop *l, size_t index, short events)
{
    l->links[index].ready |= (events & ~POLLOUT) != 0;
    if (!(events & POLLOUT))
        return;
    l->polled[index].events = POLLIN;
    for (size_t i = 0; i < l->n_engines; i++) {
        l->engines[i].misled = l->engines[i].retry_at != 0;
        l->engines[i].retry_at = 0;
    }
}

/* Waits for the kernel, at most until `at`; an instant that has passed only looks. Descriptors are
 * handed over anew each time: a standing registration (epoll) would make every message that comes
 * while we are busy pay for a wake-up that nobody needs. */
static enum ik_err wait_events(struct ik_loop *l, ik_ns at)
{
    struct timespec left = {0};
    if (at != IK_NEVER && at > 0) {
        const ik_ns ns = at - l->cfg.clock(l->cfg.ctx).mono;
        if (ns > 0)
            left = (struct timespec){ns / IK_NS_PER_S, ns % IK_NS_PER_S};
    }
    int n = ppoll(l->polled, 2 * IK_LOOP_MAX, at == IK_NEVER ? NULL : &left, NULL);
    if (n < 0)
        return errno == EINTR ? IK_OK : IK_E_SYSTEM;
    const struct ik_now now = l->cfg.clock(l->cfg.ctx);
    for (size_t i = 0; n > 0 && i < 2 * IK_LOOP_MAX; i++) {
        const short events = l->polled[i].revents;
        if (!events)
            continue;
        n--;
        if (i < IK_LOOP_MAX)
            link_woke(l, i, events);
        else
            l->sources[i - IK_LOOP_MAX]->ready(l->sources[i - IK_LOOP_MAX], now);
    }
    return IK_OK;
}

static enum ik_err wait_until(struct ik_loop *l, ik_ns at)
{
    l->waited = at;
    if (!l->cfg.advance)
        return wait_events(l, at);
    const enum ik_err err = wait_events(l, 0);
    if (err == IK_OK && at != IK_NEVER)
        l->cfg.advance(l->cfg.ctx, at);
    return err;
}

enum ik_err ik_loop_run(struct ik_loop *l)
{
    unsigned busy_turns = 0;
    /* Sleep to the instant asked for: the default lets a timer be 50 us late. */
    (void)prctl(PR_SET_TIMERSLACK, 1);
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
