/* SPDX-License-Identifier: MIT
 * The warden: a process of its own that alone may tell nftables something, and takes nothing but
 * orders. Who looks at packets of strangers gives up all privileges; should he be taken over, the
 * warden still lets through no order that is not allowed. When either of the two ends, however that
 * comes about, the kernel removes what was installed (unless it was to stay). */
#pragma once

#include "icmpkit/daemon.h"

enum ik_warden_op {
    IK_WARDEN_ADD, /* or again, for as long as the order says */
    IK_WARDEN_REMOVE,
    IK_WARDEN_SPARE, /* order.who from now on; nobody can be taken off that list */
    IK_WARDEN_COUNT, /* nothing but the counters */
};
struct ik_warden_ask {
    uint32_t number; /* from 1; comes back */
    enum ik_warden_op op;
    struct ik_order order;
};
struct ik_warden_told {
    uint32_t number; /* of what was asked; 0: it ends */
    enum ik_warden_op op;
    enum ik_err err;
    uint64_t stopped[IK_ORDERS]; /* packets, since the start */
    char why[IK_ENFORCE_TEXT];   /* of an err, unescaped */
};

struct ik_warden {
    int fd; /* readable: ik_warden_hear has something; set not to block */
    int pid;
};

/* Starts it and waits until its table stands. `spared`: who is, from the start. IK_E_NOT_FOUND:
 * there is no nft; IK_E_ACCESS: it may not; IK_E_EXISTS: the table of another process stands;
 * IK_E_VALUE: nft refused; IK_E_SYSTEM, IK_E_NOMEM; `why` in words, may be empty. On success it is
 * to be ended by ik_warden_close. */
IK_MUST_USE enum ik_err ik_warden_open(struct ik_warden *w, const struct ik_spared *spared,
                                       size_t n_spared, bool keep,
                                       char why[static IK_ENFORCE_TEXT]);
/* IK_E_AGAIN: it is busy; IK_E_SYSTEM: it is gone. */
IK_MUST_USE enum ik_err ik_warden_ask(const struct ik_warden *w, const struct ik_warden_ask *ask);
/* False when it has said nothing more. */
bool ik_warden_hear(const struct ik_warden *w, struct ik_warden_told *out);
void ik_warden_close(struct ik_warden *w);
