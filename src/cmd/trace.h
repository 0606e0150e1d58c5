/* SPDX-License-Identifier: MIT
 * What the files of `icmp trace` share. */
#pragma once

#include "opt.h"
#include "run.h"

#include <icmpkit/probe.h>

enum { IK_TRACE_TARGETS_MAX = 1024, IK_TRACE_EXT_BYTES = 256 };

/* The options as given. */
struct ik_trace_opt {
    int lang; /* of ik_lang_choices; main.c has obeyed it already */
    bool v4, v6, icmp, tcp, udp, classic, debug, direct, dont_fragment, numeric, extensions,
        lenient, json, help, version;
    int method;
    int64_t first, max, queries, in_flight, port, sport, tclass, flow_label, mark, max_silent;
    const char *wait, *gap, *interface, *source;
    struct ik_runlab_opt lab;
};

/* The options as understood. */
struct ik_trace_plan {
    struct ik_trace_opt opt;
    struct ik_opt_args args;
    struct ik_trace_cfg cfg; /* all that does not depend on sockets */
    uint8_t family;          /* 4, 6, or 0: whatever the targets are */
    uint32_t ifindex;        /* 0: any */
    struct ik_addr source;   /* family 0: the kernel's choice */
    const char *raw_for;     /* what needs a raw socket, NULL nothing */
    bool datagram;           /* fragments are wanted, which raw sockets do not make */
};

/* What the text shows of one probe. */
struct ik_trace_seen {
    bool answered, failed; /* failed: never left this host */
    struct ik_addr from;
    ik_ns rtt;
    char mark[20];
    int64_t quoted_ttl;
    bool nat, lenient;
    struct ik_rd ext; /* an RFC 4884 structure, or empty */
};

struct ik_trace_verb;

/* One operand. */
struct ik_trace_target {
    struct ik_trace_verb *verb;
    const char *text; /* also what its records are told by */
    bool literal;
    struct ik_addr addr;
    bool settled; /* added to the engine, or refused */
    bool added, ended;
    uint64_t left, failed; /* probes told that left this host, or did not */
    bool headed;           /* text: the first line was printed */
    uint32_t seen_n;       /* probes that were told */
    uint32_t shown;        /* probes that were printed */
    struct ik_trace_seen *seen;
    uint8_t *exts; /* IK_TRACE_EXT_BYTES a probe, apart: most are never touched */
};

/* The verb at work. */
struct ik_trace_verb {
    struct ik_trace_plan plan;
    struct ik_run run;
    enum ik_medium media[2]; /* of the links */
    struct {
        uint8_t key[16], ident[2];
    } secret;
    struct ik_trace *engine;
    void *memory;
    size_t memory_bytes;
    struct ik_trace_target *targets;
    struct ik_trace_seen *seen;
    uint8_t *exts;
    size_t n, pending; /* pending: names asked for */
    size_t current;    /* text: the target whose lines flow; those after it wait */
    bool asking;       /* look-ups are being started */
    uint64_t refused;  /* targets that were not traced, for want of an address or a way out */
};

/* ---- trace_opt.c ----------------------------------------------------------------------------- */

extern const struct ik_opt_spec ik_trace_spec;
/* Reads the command line; `operands` has room for argc pointers. False: args.error says why not. */
IK_MUST_USE bool ik_trace_opt_read(struct ik_trace_plan *p, int argc, char *const *argv,
                                   const char **operands);

/* ---- trace_target.c -------------------------------------------------------------------------- */

/* Understands the operands. Returns the families that they can have: bit 0 IPv4, bit 1 IPv6; -1:
 * one is wrong (said). */
int ik_trace_target_survey(struct ik_trace_verb *v);
/* Hands all targets to the engine: addresses now, names when they are known. */
void ik_trace_target_start(struct ik_trace_verb *v, struct ik_now now);

/* Looks at a record of the engine, whatever it is then written as: what this host refused to send,
 * once a target, and targets that nothing was sent to. */
void ik_trace_target_look(void *verb, const struct ik_record *rec);
/* SIGQUIT: a line on stderr for each target that has not ended. */
void ik_trace_target_status(void *verb, struct ik_now now);
/* The target that a record is about, NULL for none. */
struct ik_trace_target *ik_trace_target_find(struct ik_trace_verb *v, const char *name);

/* ---- trace_text.c ---------------------------------------------------------------------------- */

/* A record of the engine, as text. */
void ik_trace_text_record(void *verb, const struct ik_record *rec);
/* Moves on to the next target whose lines may flow. */
void ik_trace_text_flow(struct ik_trace_verb *v, struct ik_now now);
/* Appends the RFC 4884 objects of an answer as traceroute's -e does, and what else is odd about its
 * quote; nothing where there is nothing. */
void ik_trace_text_extensions(struct ik_line *l, const struct ik_trace_seen *s);

/* ---- trace.c --------------------------------------------------------------------------------- */

int ik_trace_verb(int argc, char **argv);
