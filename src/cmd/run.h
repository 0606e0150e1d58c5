/* SPDX-License-Identifier: MIT
 * What the verbs share: loop, signals, names and output put together, in the order that privileges
 * and speed ask for: sockets first, then no more capabilities, then all the rest. */
#pragma once

#include "hostname.h"
#include "out.h"
#include "line.h"
#include "runlab.h"

#include <icmpkit/host.h>
#include <icmpkit/link.h>
#include <icmpkit/loop.h>
#include <icmpkit/record.h>

struct ik_run_cfg {
    const char *verb;
    char *const *argv; /* of the verb, for the run record; ended by NULL */
    bool json;
    bool json_names; /* with json: hop records wait for the names of who answered */
    /* A record, when not `json`. */
    void (*on_record)(void *ctx, const struct ik_record *rec);
    /* Also a record, before it is written, json or not; may be NULL. */
    void (*on_look)(void *ctx, const struct ik_record *rec);
    /* SIGQUIT: say where we are. May be NULL. */
    void (*on_status)(void *ctx, struct ik_now now);
    /* A signal; true when nothing else is to be done about it. May be NULL. */
    bool (*on_signal)(void *ctx, int signo, struct ik_now now);
    /* Asked to end, before the engines are; may be NULL. */
    void (*on_stop)(void *ctx);
    /* Once a turn before the output is flushed; may be NULL. */
    void (*on_idle)(void *ctx, struct ik_now now);
    void *ctx;
};

enum { IK_RUN_UNSEEN_MAX = 8 };

struct ik_run {
    struct ik_run_cfg cfg;
    struct ik_out out;
    struct ik_line *line; /* NULL with json, unless json_names */
    struct ik_loop *loop;
    struct ik_signals *signals;
    struct ik_names *names;         /* NULL before the first look-up */
    struct ik_hostnames *hostnames; /* NULL before ik_run_resolve_hosts */
    struct ik_runlab *lab;          /* instead of the machine's network; NULL: that */
    uint16_t idents[2];             /* in a lab, of the links */
    struct ik_link *links[2];       /* 0: IPv4, 1: IPv6; NULL where not open */
    enum ik_err link_errors[2];     /* why not */
    bool raw;                       /* the links are raw sockets */
    bool failed;                    /* something went wrong: the exit status is 2 */
    bool holding;                   /* text waits for names */
    ik_ns settle_at;                /* until when at most */
    int interrupts;                 /* signals to end so far */
    const char *unseen[IK_RUN_UNSEEN_MAX + 1];
    size_t n_unseen;
};

/* One line on stderr: "VERB: ...". */
__attribute__((format(printf, 2, 3))) void ik_run_say(const char *verb, const char *fmt, ...);
/* Ends what was printed to standard output by stdio (help, versions): the exit status, 0, or 2
 * after saying why it could not be written. */
int ik_run_printed(const char *verb);

/* Nothing that costs: memory and settings. `r` is zeroed. False: said on stderr. */
IK_MUST_USE bool ik_run_init(struct ik_run *r, const struct ik_run_cfg *cfg);
/* --lab: from here on clock, names, routes and links are the lab's, and all privileges are dropped.
 * To be called before anything is opened. False: said. */
IK_MUST_USE bool ik_run_enter_lab(struct ik_run *r, const struct ik_runlab_opt *o);
/* The time that records and lines tell: the machine's, or virtual. */
struct ik_now ik_run_now(const struct ik_run *r);
/* Fills n bytes with what nobody can guess; in a lab, with what its seed gives. False: said. */
IK_MUST_USE bool ik_run_secret(const struct ik_run *r, void *out, size_t n);
/* In a lab: opens links[0] or links[1] as a raw socket of the vantage. */
enum ik_err ik_run_open_lab(struct ik_run *r, const struct ik_link_cfg *cfg);
/* The identifier (or source port) that links[port] sends with. */
uint16_t ik_run_ident(const struct ik_run *r, int port);
/* Opens links[0] (family 4) or links[1] (family 6) for ICMP: a raw socket where allowed, else a
 * datagram one, unless `raw_for` names what only a raw one can do. Returns what stands in
 * link_errors; says nothing. */
enum ik_err ik_run_open_icmp(struct ik_run *r, const struct ik_link_cfg *cfg, const char *raw_for);
/* The line that says which commands grant what was refused. `raw_for`: see above, or NULL. */
void ik_run_say_refused(const char *verb, const char *raw_for);
/* The same for what capabilities of the program's file do not grant, as they would to everybody. */
void ik_run_say_root(const char *verb, const char *what);
/* Sockets are open: drops all privileges for good, then makes loop and signals. */
IK_MUST_USE bool ik_run_start(struct ik_run *r);
/* Looks up a name, as ik_names_forward; the resolver is made at the first call. IK_E_UNSUPPORTED
 * when it cannot be (said). */
IK_MUST_USE enum ik_err ik_run_forward(struct ik_run *r, const char *name, uint8_t family,
                                       ik_names_fn *fn, void *ctx);
/* As ik_route_get. */
IK_MUST_USE enum ik_err ik_run_route(const struct ik_run *r, const struct ik_addr *dst,
                                     const struct ik_addr *src, uint32_t ifindex, uint32_t mark,
                                     struct ik_route *out);
/* Why a family cannot be used: "no IPv6 on this host". */
const char *ik_run_no_family(const struct ik_run *r, uint8_t family);
/* From now on text shows the names of addresses (with json: where json_names). */
void ik_run_resolve_hosts(struct ik_run *r);
/* Why ik_route_get finds no way, in the kernel's words; NULL: no matter of the route. */
const char *ik_run_route_trouble(enum ik_err err);
/* Adds to run.unseen; static text. */
void ik_run_unseen(struct ik_run *r, const char *what);
/* With json: the run record. `family` 4, 6 or 0 for both. */
void ik_run_say_run(struct ik_run *r, struct ik_now now, const struct ik_addr *source,
                    uint8_t family, bool user_stamps);
/* Hands a record to the output, as those of engines are. */
void ik_run_record(void *run, const struct ik_record *rec);
/* Runs the loop to its end and writes all that is left. */
void ik_run_loop(struct ik_run *r);
/* Closes everything. Returns 2 when something failed, else `status`. */
int ik_run_end(struct ik_run *r, int status);
