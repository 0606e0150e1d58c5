/* SPDX-License-Identifier: MIT
 * The one driver: reads the clock once a turn, takes batches from links, hands them to engines,
 * sends what they return, and sleeps until the next deadline. */
#pragma once

#include <icmpkit/base.h>

struct ik_loop;

struct ik_loop_cfg {
    /* Where records go, in order; borrowed for the call. */
    void (*on_record)(void *ctx, const struct ik_record *rec);
    /* Once a turn, before the loop may sleep: the place to flush. May be NULL. */
    void (*on_idle)(void *ctx, struct ik_now now);
    struct ik_now (*clock)(void *ctx);
    /* NULL: real time. Else the loop never sleeps: it asks for the clock to be moved to that
     * instant, the earliest at which anything can happen (virtual time). */
    void (*advance)(void *ctx, ik_ns mono);
    void *ctx;
};

/* A loop has room for this many engines, links, sources and timers each, and an engine for
 * IK_LOOP_PORTS links. */
enum { IK_LOOP_MAX = 16, IK_LOOP_PORTS = 4 };

/* On success *out is the caller's, ended by ik_loop_free (which closes none of what was added).
 * IK_E_NOMEM, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_loop_new(struct ik_loop **out, const struct ik_loop_cfg *cfg);
void ik_loop_free(struct ik_loop *l);

/* Engines and links may be added while the loop runs (a family opened on demand, say). They must
 * outlive it. IK_E_FULL, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_loop_add_engine(struct ik_loop *l, struct ik_engine *e);
/* Makes `link` port number `port` of an added engine. Several engines may share a link: each is
 * offered every event. IK_E_EXISTS when that port is taken, IK_E_NOT_FOUND for a strange engine. */
IK_MUST_USE enum ik_err ik_loop_attach(struct ik_loop *l, struct ik_engine *e, uint8_t port,
                                       struct ik_link *link);
IK_MUST_USE enum ik_err ik_loop_add_source(struct ik_loop *l, struct ik_source *s);

/* Calls fn(ctx, now) once, at `mono` or soon after; again for the same fn and ctx moves it,
 * IK_NEVER cancels it. IK_E_FULL. */
IK_MUST_USE enum ik_err ik_loop_wake_at(struct ik_loop *l, ik_ns mono,
                                        void (*fn)(void *ctx, struct ik_now now), void *ctx);

/* Runs until every engine is done and nothing holds it, or until ik_loop_quit. IK_E_SYSTEM when the
 * kernel refuses to wait. */
IK_MUST_USE enum ik_err ik_loop_run(struct ik_loop *l);
/* While the sum of all changes is above 0 (a resolver still works) the loop goes on though its
 * engines are done. */
void ik_loop_hold(struct ik_loop *l, int change);
/* Asks every engine to stop: they say their summaries and end. */
void ik_loop_stop(struct ik_loop *l, struct ik_now now);
/* The run ends with this turn. */
void ik_loop_quit(struct ik_loop *l);
/* Hands on what engines have to say now: after the verb itself made one speak. */
void ik_loop_drain(struct ik_loop *l);
