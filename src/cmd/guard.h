/* SPDX-License-Identifier: MIT
 * What the files of `icmp guard` share. */
#pragma once

#include "capsave.h"
#include "dump_stamp.h"
#include "frames.h"
#include "opt.h"
#include "out.h"
#include "runlab.h"

#include <icmpkit/daemon.h>
#include <icmpkit/detect.h>
#include <icmpkit/look.h>

#include <stdio.h>

/* ---- options --------------------------------------------------------------------------------- */

enum ik_guard_enforce { IK_GUARD_NONE, IK_GUARD_NFT, IK_GUARD_XDP };
enum ik_guard_on_exit { IK_GUARD_REMOVE, IK_GUARD_EXPIRE };
enum ik_guard_format { IK_GUARD_TEXT, IK_GUARD_JSON, IK_GUARD_EVE };

struct ik_guard_opt {
    int lang; /* of ik_lang_choices; main.c has obeyed it already */
    const char *interface, *read, *config, *pcapng, *control;
    struct ik_runlab_opt lab; /* of it the file and the seed */
    struct ik_opt_list home;
    bool no_promiscuous, json, dry_run, help, version;
    int enforce, on_exit; /* enum ik_guard_enforce, ik_guard_on_exit */
    int format;           /* enum ik_guard_format */
    ik_ns run_for;
};

extern const struct ik_opt_spec ik_guard_spec;

/* Reads the command line; `operands` has room for argc + 1. False: args->error says why. */
IK_MUST_USE bool ik_guard_opt_read(struct ik_guard_opt *o, struct ik_opt_args *args, int argc,
                                   char *const *argv, const char **operands);

/* ---- settings -------------------------------------------------------------------------------- */

enum { IK_GUARD_HOMES = 64, IK_GUARD_ROUTERS = 64 };

/* What detectors go by, of options, configuration and machine, in this order. */
struct ik_guard_settings {
    const struct ik_config *config; /* NULL: none */
    struct ik_prefix home[IK_GUARD_HOMES];
    struct ik_addr routers[IK_GUARD_ROUTERS];
    struct ik_detect_cfg cfg; /* borrows from the members above; its secret is zeros */
};

/* Reads the configuration, if there is one, and adds what options say. False: said. */
IK_MUST_USE bool ik_guard_settings_open(struct ik_guard_settings *s, const struct ik_guard_opt *o);
/* Adds what the machine, or the vantage of a lab, knows of itself, where nobody said what is ours.
 */
void ik_guard_settings_ask(struct ik_guard_settings *s, const char *interface);
void ik_guard_settings_ask_lab(struct ik_guard_settings *s, const struct ik_lab *lab);
void ik_guard_settings_close(struct ik_guard_settings *s);

/* ---- findings, remembered -------------------------------------------------------------------- */

enum { IK_GUARD_KNOWN = 1024, IK_GUARD_LISTED = 256, IK_GUARD_SEVERITIES = 5 };

/* The packet that a finding began with. */
struct ik_guard_flow {
    uint8_t family; /* 0: not known */
    bool has_type;
    uint8_t type, code;
    struct ik_addr src, dst;
    char interface[32]; /* "": not told */
};

/* What is known of a finding that is open. */
struct ik_guard_known {
    uint64_t id; /* 0: free */
    enum ik_severity worst;
    uint8_t also; /* other detectors, at most so far */
    bool news;    /* that it is as severe, or that another detector sees it too */
    bool unseen;  /* news of what was stopped */
    uint64_t stopped;
    struct ik_guard_flow flow;
};

/* A finding for the list at the end. */
struct ik_guard_listed {
    uint64_t id;
    enum ik_detector detector;
    enum ik_severity worst;
    struct ik_addr src, dst;
    uint32_t sources;
    uint64_t packets;
    ik_ns first, last;
};

struct ik_guard_list {
    struct ik_guard_known known[IK_GUARD_KNOWN];
    struct ik_guard_listed listed[IK_GUARD_LISTED]; /* those that ended; the worst of them */
    size_t n_listed;
    uint64_t n_ended;
    uint64_t severities[IK_GUARD_SEVERITIES]; /* of all so far, at their worst */
};

/* Takes note of what is told of a finding; `p`: the packet that made it news, NULL: none did.
 * Returns what is known, borrowed until the next call. */
const struct ik_guard_known *ik_guard_list_note(struct ik_guard_list *l, const struct ik_finding *f,
                                                const struct ik_look_packet *p);
/* Sorts the listed: the most severe first, then as they came. */
void ik_guard_list_sort(struct ik_guard_list *l);
/* The flow as community id; "" where it has none. Returns buf (IK_COMMUNITYID_TEXT bytes). */
const char *ik_guard_flow_id(const struct ik_guard_flow *flow, char *buf);

/* ---- telling --------------------------------------------------------------------------------- */

enum { IK_GUARD_SENDERS = 32 };

/* What was looked at in all. */
struct ik_guard_totals {
    struct ik_detect_stats stats;
    uint64_t frames, dropped; /* dropped: UINT64_MAX: not known */
    ik_ns first, last;        /* of the frames; IK_NEVER: none */
    ik_ns looked;             /* for how long: at an interface, else what they span */
    ik_ns now;
    bool damaged;                          /* not all could be read */
    const char *senders[IK_GUARD_SENDERS]; /* names of those that stats.senders counts, from 1 */
    size_t n_senders;
};

/* Text for people. `settled`: nothing more will come of it. */
void ik_guard_text_finding(FILE *to, struct ik_dump_stamp *stamp, const struct ik_finding *f,
                           const struct ik_guard_known *known, bool settled);
/* A line: that it ended, or how severe it is now (then `known` may be NULL). */
void ik_guard_text_news(FILE *to, struct ik_dump_stamp *stamp, const struct ik_finding *f,
                        const struct ik_guard_known *known);
/* The list of all and the totals. */
void ik_guard_text_end(FILE *to, struct ik_dump_stamp *stamp, const struct ik_guard_list *l,
                       const struct ik_guard_totals *totals);

/* The totals as a record, borrowed from its arguments. */
struct ik_record ik_guard_totals_record(const struct ik_guard_list *l,
                                        const struct ik_guard_totals *totals);

/* Suricata's EVE: the finding as an alert event, a line; at most cap bytes, 0 when it does not fit.
 * `pcap`: frames have numbers that mean something to others. */
enum { IK_GUARD_EVE_MAX = 4096 };
size_t ik_guard_eve(const struct ik_finding *f, const struct ik_guard_known *known, bool pcap,
                    char *out, size_t cap);

/* ---- packets that pass twice -----------------------------------------------------------------

Where all interfaces are seen, what is forwarded comes in by one and leaves by another. */

enum { IK_GUARD_OWN = 256 };

/* The addresses of who captures. */
struct ik_guard_own {
    const struct ik_lab *lab; /* it is its vantage; NULL: the machine */
    struct ik_addr list[IK_GUARD_OWN];
    size_t n;
};

void ik_guard_own_ask(struct ik_guard_own *own);
/* True when the packet leaves, and was seen when it came in. */
bool ik_guard_own_forwards(const struct ik_guard_own *own, const struct ik_look_packet *p);

/* ---- the verb -------------------------------------------------------------------------------- */

struct ik_guard {
    struct ik_guard_opt opt;
    struct ik_guard_settings settings[2]; /* one in use; the other for a reload */
    unsigned current;
    char *const *argv;
    const char *interface; /* of the machine; NULL: none */
    struct ik_out out;
    struct ik_dump_stamp stamp;
    void *look_memory, *detect_memory;
    struct ik_look *look;
    struct ik_detect *detect;
    struct ik_capsave *save;
    struct ik_frames from;
    struct ik_runlab *lab;      /* NULL: none */
    bool all;                   /* several interfaces are seen */
    struct ik_guard_own own;    /* where `all` */
    struct ik_enforce *enforce; /* NULL: nobody asked for it */
    struct ik_control *control; /* NULL: nobody can ask */
    ik_ns since;                /* when it began, real time */
    struct ik_guard_list list;
    ik_ns first, last, end; /* times of frames; IK_NEVER: none, without end */
    bool found;             /* exit status 1 */
    bool failed;            /* exit status 2 */
};

/* Says what cannot be done, and why; then guard ends with status 2. Returns false. */
bool ik_guard_fail(struct ik_guard *g, const char *what, enum ik_err err);
/* Real time, or the lab's. */
ik_ns ik_guard_now(const struct ik_guard *g);

/* guard_tell.c. What there is to say of findings; p: the packet that was just looked at, or NULL.
 */
void ik_guard_tell_news(struct ik_guard *g, const struct ik_look_packet *p);
/* What was done about one; ctx: of struct ik_guard. */
void ik_guard_tell_deed(void *ctx, const struct ik_deed *d);
/* Of JSON alone: what this run is. */
void ik_guard_tell_run(struct ik_guard *g);
/* Of text alone: what goes on, a line each. */
void ik_guard_tell_open(struct ik_guard *g);
void ik_guard_tell_totals(struct ik_guard *g);

/* guard_lab.c: opens the lab, without privileges (false: said); lets it run until its traffic is
 * over.
 */
IK_MUST_USE bool ik_guard_lab_open(struct ik_guard *g);
void ik_guard_lab_run(struct ik_guard *g);

/* ---- enforcement ----------------------------------------------------------------------------- */

/* ": what: whom, type 8, for 600 s, packets stopped: 7"; IK_STOPPED_UNKNOWN: not that. */
void ik_guard_text_order(FILE *to, const struct ik_order *o, uint64_t stopped);
/* What was done, in words. */
void ik_guard_text_deed(FILE *to, const struct ik_deed *d);
struct ik_guard_deed_mem {
    char who[IK_ADDR_TEXT + 4], other[IK_ADDR_TEXT + 4];
};
/* And as a record, borrowed from its arguments. */
struct ik_record ik_guard_deed_record(const struct ik_deed *d, ik_ns time,
                                      struct ik_guard_deed_mem *mem);
/* Starts what was asked for, with the privileges that there are; on_deed is called with g. False:
 * said. */
IK_MUST_USE bool ik_guard_enforce_open(struct ik_guard *g,
                                       void (*on_deed)(void *ctx, const struct ik_deed *d));
/* The settings were read, or read again. False: said. */
IK_MUST_USE bool ik_guard_enforce_settle(struct ik_guard *g);
/* Looks at what was stopped; for how long it need not be done again. */
ik_ns ik_guard_enforce_tick(struct ik_guard *g);
void ik_guard_enforce_finding(struct ik_guard *g, const struct ik_finding *f);
void ik_guard_enforce_lost(const struct ik_deed *d);
/* At the end, before it is closed: says what stays, and how it goes. */
void ik_guard_enforce_leave(const struct ik_guard *g);

int ik_guard_verb(int argc, char **argv);
