/* SPDX-License-Identifier: MIT
 * What the files of `icmp lab` share. */
#pragma once

#include "labcap.h"
#include "opt.h"
#include "run.h"

#include <icmpkit/lab.h>

struct ik_labverb_opt {
    int lang; /* of ik_lang_choices; main.c has obeyed it already */
    bool dot, events, json, help, version;
    ik_ns until; /* --for; 0: until somebody ends it */
    int64_t seed;
    const char *pcapng, *interface;
};

/* An engine that is told when the link goes down. */
struct ik_labverb;
struct ik_labwatch {
    struct ik_engine engine; /* first member */
    struct ik_labverb *verb;
};

/* The verb at work: `up` and `shell`. */
struct ik_labverb {
    struct ik_labverb_opt opt;
    struct ik_run run;
    enum { IK_LABVERB_NOTHING, IK_LABVERB_UP, IK_LABVERB_SHELL } joins;
    struct ik_lab *lab;
    struct ik_lab_vantage vantage;
    struct ik_labcap *capture;      /* NULL without --pcapng */
    struct ik_link *link;           /* to the machine, or to the namespace of the command */
    struct ik_netns *ns;            /* shell */
    struct ik_netif_addr addrs[64]; /* the vantage's */
    size_t n_addrs;
    struct ik_labwatch watch;
    ik_ns began; /* real time */
};

/* The lab's address of that family, as "10.0.1.1"; NULL for none. `buf` has room for it. */
const char *ik_labverb_addr(const struct ik_labverb *v, uint8_t family, char buf[IK_ADDR_TEXT]);
/* The link is open: runs the lab on it in real time until it is ended. False: said. */
IK_MUST_USE bool ik_labverb_start(struct ik_labverb *v);

/* ---- labup.c, labshell.c --------------------------------------------------------------------- */

/* Each returns the exit status. `file`: how the user calls the lab. */
int ik_labup(struct ik_labverb *v, const char *file);
/* command: ended by NULL; NULL: the user's shell. */
int ik_labshell(struct ik_labverb *v, const char *file, const char *const *command);

/* ---- lab.c ----------------------------------------------------------------------------------- */

extern const struct ik_opt_spec ik_lab_spec;
int ik_lab_verb(int argc, char **argv);
