/* SPDX-License-Identifier: MIT
 * What the files of `icmp dump` share. */
#pragma once

#include "capsave.h"
#include "dump_text.h"
#include "frames.h"
#include "opt.h"
#include "out.h"

#include <icmpkit/host.h>
#include <icmpkit/link.h>
#include <icmpkit/look.h>

/* ---- options --------------------------------------------------------------------------------- */

struct ik_dump_opt {
    int lang; /* of ik_lang_choices; main.c has obeyed it already */
    const char *interface, *read, *write;
    struct ik_opt_list only;
    bool list, follow, no_promiscuous;
    bool tree, json, summary, link, quick, number, nano, utc, print;
    bool line_buffered, packet_buffered, help, version;
    int verbose, hex, ascii, numeric, stamps;
    int64_t count, snap, buffer_kib, rotate_mb, rotate_s, rotate_files;
};

/* One --only: a type, with a code (-1: any) and a family (0: both). */
struct ik_dump_only {
    uint8_t family, type;
    int16_t code;
};

enum { IK_DUMP_ONLY_MAX = 64, IK_DUMP_FILTER = 4096 };

/* The options as understood. */
struct ik_dump_plan {
    struct ik_dump_opt opt;
    struct ik_opt_args args;
    struct ik_dump_style style;
    struct ik_dump_only only[IK_DUMP_ONLY_MAX];
    size_t n_only;
    char filter[IK_DUMP_FILTER]; /* the operands, joined */
    bool text;                   /* packets are printed, as text or tree */
};

extern const struct ik_opt_spec ik_dump_spec;

/* Reads the command line; `operands` has room for argc + 1. False: plan->args.error says why. */
IK_MUST_USE bool ik_dump_opt_read(struct ik_dump_plan *plan, int argc, char *const *argv,
                                  const char **operands);
/* Whether a message is of a type that --only asks for; true when it asks for none. A part of which
 * the type is not known is not. */
bool ik_dump_only_match(const struct ik_dump_plan *plan, const struct ik_look_packet *p);

/* ---- summary --------------------------------------------------------------------------------- */

struct ik_dump_summary {
    struct ik_look *look;
    struct ik_total *total;
    uint64_t dropped; /* by the kernel; UINT64_MAX: not known */
    ik_ns now;        /* of the record: of the last packet, or real time */
    bool final;
    bool all; /* every unanswered request, not only the first */
};
/* The totals as text, line by line. */
void ik_dump_summary_text(const struct ik_dump_summary *s, struct ik_dump_stamp *stamp,
                          ik_dump_piece_fn *fn, void *ctx);
/* The totals as a record, borrowed from *view. */
struct ik_record ik_dump_summary_record(const struct ik_dump_summary *s,
                                        struct ik_total_view *view);

/* ---- the verb -------------------------------------------------------------------------------- */

struct ik_dump {
    struct ik_dump_plan plan;
    struct ik_out out;
    struct ik_dump_stamp stamp;
    void *look_memory, *total_memory;
    struct ik_look *look;
    struct ik_total *total; /* NULL: nobody asks for totals */
    struct ik_capfilter *filter;
    struct ik_capsave *save;
    struct ik_frames from;
    struct ik_look_packet packets[2]; /* the one whose turn it is, and the one after it */
    unsigned turn;                    /* which of the two it is */
    char *const *argv;
    char wanted[IK_DUMP_FILTER + 32]; /* of the kernel */
    uint64_t shown;                   /* printed, written or counted */
    bool failed;                      /* exit status 2 */
    bool filter_said;                 /* that it does not fit a link type */
};

/* Lists the interfaces on standard output. Returns the exit status. */
int ik_dump_list(void);

int ik_dump_verb(int argc, char **argv);
