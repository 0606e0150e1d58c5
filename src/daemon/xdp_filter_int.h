/* SPDX-License-Identifier: MIT
 * What the files of the XDP filter share. */
#pragma once

#include "daemon/xdp_filter.h"
#include "daemon/xdp_shared.h"

struct bpf_object;

struct ik_xdp_filter {
    struct bpf_object *object;
    struct ik_xdp_state *state;                    /* mapped */
    int link, spared, stopped, clock;              /* link is ours to close */
    uint32_t program;                              /* its number, in the link */
    uint32_t n_slots;                              /* the first so many were ever used */
    uint16_t from[IK_XDP_WORDS], to[IK_XDP_WORDS]; /* the words as they will be */
    uint16_t spared_from[IK_XDP_WORDS];            /* bits of those who are spared */
    uint64_t stopped_by[IK_ORDERS];                /* packets, as last read */
    struct counted {
        uint64_t read; /* what its counters came to, as last read */
        uint64_t of;   /* of that, what belongs to the order in it */
        uint8_t kind;  /* of the order that is, or was, in it */
    } counted[IK_XDP_SLOTS];
    int n_cpus;
    struct ik_xdp_stopped *each; /* room for an element of each processor */
};

/* ---- xdp_slots.c: keys, words and slots ------------------------------------------------------ */

/* An address as keys have it, in network order. */
void ik_xdp_slots_halves(const struct ik_addr *a, uint64_t out[2]);
/* What the program looks for; `turned`: of a pair, the other way. False: nothing that it could. */
bool ik_xdp_slots_key(const struct ik_order *o, bool turned, struct ik_xdp_key *out);
/* Where the program looks for a source: of IPv6 by the first half, so that a host and its /64 are
 * one. */
uint32_t ik_xdp_slots_word_from(const struct ik_xdp_state *s, const uint64_t a[2], bool v6);
/* Makes words and kinds anew from the slots: to be called when these have changed. */
void ik_xdp_slots_settle(struct ik_xdp_filter *f);
/* The slot with this key, whether its time is over or not; 0: none. */
uint16_t ik_xdp_slots_find(const struct ik_xdp_filter *f, const struct ik_xdp_key *k);
/* One that has no order; 0: all have. */
uint16_t ik_xdp_slots_free(struct ik_xdp_filter *f);
/* Lets the program find the slot, complete by now, by its key. False: no room. */
bool ik_xdp_slots_enter(struct ik_xdp_filter *f, const struct ik_xdp_key *k, uint16_t number);
void ik_xdp_slots_end(struct ik_xdp_filter *f, uint16_t number);
/* Ends what is over by the program's clock, and settles. */
void ik_xdp_slots_sweep(struct ik_xdp_filter *f, uint64_t now);

/* ---- xdp_load.c: into the kernel ------------------------------------------------------------- */

/* IK_E_UNSUPPORTED: not of Ethernet, `why` says so; IK_E_IFACE, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_xdp_load_check(unsigned ifindex, char why[static IK_ENFORCE_TEXT]);
/* Fills in all of f that comes of the program, mapped and keyed; what is in it at a failure is
 * closed with f. Errors are those of ik_xdp_filter_open. */
IK_MUST_USE enum ik_err ik_xdp_load_program(struct ik_xdp_filter *f,
                                            char why[static IK_ENFORCE_TEXT]);
/* Fills in the link and the program's number. */
IK_MUST_USE enum ik_err ik_xdp_load_attach(struct ik_xdp_filter *f, unsigned ifindex,
                                           enum ik_xdp_mode *mode,
                                           char why[static IK_ENFORCE_TEXT]);
/* The program that the link has at an interface; 0: none, since somebody took it from there. */
uint32_t ik_xdp_load_there(const struct ik_xdp_filter *f);
