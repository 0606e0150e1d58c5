/* SPDX-License-Identifier: MIT
 * The lab that a verb runs in (--lab) instead of the machine's network: its clock, names, routes
 * and links, so that the verb's engine and its text stay as they are. */
#pragma once

#include "line.h"
#include "opt.h"

#include <icmpkit/host.h>
#include <icmpkit/lab.h>
#include <icmpkit/link.h>

/* The options of every verb that takes --lab, members of its own struct. */
struct ik_runlab_opt {
    const char *lab; /* a file, or the name of an example; NULL: the machine */
    bool events, realtime;
    int64_t seed; /* -1: the file's */
};
/* Their rows, for the table of options; `member` is where the verb has them. */
#define IK_RUNLAB_OPTIONS(type, member)                                                  \
    {.kind = IK_OPT_HEADING, .help = N_("In a lab, instead of the machine's network:")}, \
        {0,                                                                              \
         "lab",                                                                          \
         IK_OPT_STRING,                                                                  \
         offsetof(type, member.lab),                                                     \
         "FILE|NAME",                                                                    \
         N_("a lab file, or a built-in lab such as internet; in virtual\ntime, without " \
            "privileges")},                                                              \
        {0, "events", IK_OPT_FLAG, offsetof(type, member.events),                        \
         .help = N_("tell what every node does, and by which rule")},                    \
        {0,                                                                              \
         "seed",                                                                         \
         IK_OPT_NUMBER,                                                                  \
         offsetof(type, member.seed),                                                    \
         "N",                                                                            \
         N_("another seed than the lab's"),                                              \
         0,                                                                              \
         INT64_MAX},                                                                     \
    {                                                                                    \
        0, "realtime", IK_OPT_FLAG, offsetof(type, member.realtime),                     \
            .help = N_("take as long as the lab's network would")                        \
    }

/* What contradicts --lab, or needs it: false, and `why` (cap bytes) is one line. `machine` names,
 * blank between, the options (letters or long forms) that are about this machine alone. */
IK_MUST_USE bool ik_runlab_check(const struct ik_runlab_opt *o, const struct ik_opt_spec *spec,
                                 const struct ik_opt_args *args, const char *machine, char *why,
                                 size_t cap);

struct ik_runlab;
/* Drops all privileges, then reads the lab. on_event(ctx) is called for each event record. On
 * success *out is the caller's, ended by ik_runlab_close. False: said. */
IK_MUST_USE bool ik_runlab_open(struct ik_runlab **out, const char *verb,
                                const struct ik_runlab_opt *o,
                                void (*on_event)(void *ctx, const struct ik_record *rec),
                                void *ctx);
void ik_runlab_close(struct ik_runlab *l);
/* The lab itself, which lives as long. */
struct ik_lab *ik_runlab_lab(struct ik_runlab *l);
/* Says what is wrong with a lab file, on stderr. */
void ik_runlab_say_fault(const char *verb, const char *lab, const struct ik_conf_fault *fault);

/* Virtual time, which begins at 1970-01-01; with realtime it runs as the machine's. */
struct ik_now ik_runlab_now(const struct ik_runlab *l);
/* For struct ik_loop_cfg; NULL with realtime. */
void ik_runlab_advance(struct ik_runlab *l, ik_ns mono);
/* The name of the vantage where --events asks for what happens, else NULL; l may be NULL. */
const char *ik_runlab_teller(const struct ik_runlab *l);
bool ik_runlab_is_virtual(const struct ik_runlab *l);
uint64_t ik_runlab_seed(const struct ik_runlab *l);

/* As ik_names_forward and ik_names_reverse, but the call back always runs before they return. */
void ik_runlab_forward(const struct ik_runlab *l, const char *name, uint8_t family, ik_names_fn *fn,
                       void *ctx);
void ik_runlab_reverse(const struct ik_runlab *l, const struct ik_addr *addr, ik_names_fn *fn,
                       void *ctx);
/* As ik_route_get, from the vantage: src NULL or of family 0: the address to speak from. IK_E_ADDR:
 * src is not the vantage's; IK_E_UNSUPPORTED: it has none of the family. */
IK_MUST_USE enum ik_err ik_runlab_route(const struct ik_runlab *l, const struct ik_addr *dst,
                                        const struct ik_addr *src, struct ik_route *out);
/* The vantage as a raw socket of cfg's family: its TTL, class, source, flow label, path MTU
 * discovery and IP options count; the rest does not. On success *out is the caller's, ended by
 * ops->close. IK_E_UNSUPPORTED: the vantage has no address of the family; IK_E_ADDR, IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_runlab_link(struct ik_runlab *l, const struct ik_link_cfg *cfg,
                                       struct ik_link **out);

/* Appends what a node did as a line of text; times are told from `start`. */
void ik_runlab_event(struct ik_line *l, const struct ik_record *rec, ik_ns start);
