/* SPDX-License-Identifier: MIT
 * The one driver: reads the clock once a turn, takes batches from links, hands them to engines,
 * sends what they return, and sleeps until the next deadline. */
#pragma once

#include <icmpkit/base.h>

struct ik_loop;

struct ik_loop_cfg {
    /* Where records go, in order; borrowed for the call. */
    void (*on_record)(void *ctx, const struct ik_record *rec);
    /* After each batch of records, for flushing; may be NULL. */
    void (*on_idle)(void *ctx, struct ik_now now);
    void *ctx;
    struct ik_now (*clock)(void); /* ik_clock_now, or a virtual clock */
};

/* On success *out is the caller's, ended by ik_loop_free (which closes none of what was added). */
IK_MUST_USE enum ik_err ik_loop_new(struct ik_loop **out, const struct ik_loop_cfg *cfg);
/* Adds an engine on up to 4 links; a link's place in the list is its port. Links may be shared. An
 * engine may get a link later (a family opened on demand). IK_E_FULL beyond 16 of each. */
IK_MUST_USE enum ik_err ik_loop_add_engine(struct ik_loop *l, struct ik_engine *e);
IK_MUST_USE enum ik_err ik_loop_attach(struct ik_loop *l, struct ik_engine *e, uint8_t port,
                                       struct ik_link *link);
IK_MUST_USE enum ik_err ik_loop_add_source(struct ik_loop *l, struct ik_source *s);
/* Runs until every engine is done and `keep_running` is not held, or until ik_loop_quit. */
IK_MUST_USE enum ik_err ik_loop_run(struct ik_loop *l);
/* While held (a resolver still works) the loop goes on though engines are done. */
void ik_loop_hold(struct ik_loop *l, int change);
/* Asks every engine to stop: they say their summaries and end. */
void ik_loop_stop(struct ik_loop *l, struct ik_now now);
void ik_loop_quit(struct ik_loop *l);
/* Records of all engines that wait, now (for a summary on the way). */
void ik_loop_drain(struct ik_loop *l);
/* One more instant at which the loop wakes and calls on_wake (deadlines of the verb). */
void ik_loop_wake_at(struct ik_loop *l, ik_ns mono, void (*fn)(void *ctx, struct ik_now now),
                     void *ctx);
void ik_loop_free(struct ik_loop *l);
