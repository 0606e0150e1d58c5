/* SPDX-License-Identifier: MIT
 * The warden: a process of its own that alone may enforce, and takes nothing but orders. Who looks
 * at packets of strangers gives up all privileges; should he be taken over, the warden still lets
 * through no order that is not allowed. When either of the two ends, however that comes about, the
 * kernel removes what was installed (unless it was to stay). */
#pragma once

#include "icmpkit/daemon.h"

enum ik_warden_op {
    IK_WARDEN_ADD, /* or again, for as long as the order says */
    IK_WARDEN_REMOVE,
    IK_WARDEN_SPARE, /* its `who` from now on; nobody can be taken off that list */
    IK_WARDEN_COUNT, /* nothing but the counters, of the orders too */
};
enum { IK_WARDEN_ORDERS = 32 };
/* Sent as far as it is used. */
struct ik_warden_ask {
    uint32_t number; /* from 1; comes back */
    enum ik_warden_op op;
    uint32_t n; /* orders: one, of COUNT none to all */
    struct ik_order orders[IK_WARDEN_ORDERS];
};
struct ik_warden_told {
    uint32_t number; /* of what was asked; 0: it ends */
    enum ik_warden_op op;
    enum ik_err err;
    uint64_t stopped[IK_ORDERS];           /* packets, since the start */
    uint64_t stopped_by[IK_WARDEN_ORDERS]; /* by each that was asked for: struct ik_way */
    char why[IK_ENFORCE_TEXT];             /* of an err, unescaped */
    bool generic;                          /* when it begins: struct ik_way */
};

/* What the program icmp-warden-xdp is told first, at this file descriptor. */
enum { IK_WARDEN_FD = 3, IK_WARDEN_WHY = 64 };
struct ik_warden_start {
    char version[16]; /* of icmpkit: both are of one */
    uint32_t ifindex;
    bool keep;
    uint32_t n_spared;
    struct {
        struct ik_prefix who;
        bool own;
        char why[IK_WARDEN_WHY];
    } spared[IK_SPARED_MAX];
};

struct ik_warden {
    int fd; /* readable: ik_warden_hear has something; set not to block */
    int pid;
    bool lingers; /* it may live on when this side has ended */
    bool generic; /* struct ik_way */
};

struct ik_warden_cfg {
    enum ik_enforce_way way;
    uint32_t ifindex; /* where, for XDP */
    bool keep;
    const struct ik_spared *spared; /* from the start */
    size_t n_spared;
};

/* Starts it and waits until it can take orders. IK_E_NOT_FOUND: there is no nft, or no
 * icmp-warden-xdp; IK_E_ACCESS: it may not; IK_E_EXISTS: another enforces there, or, then `why`
 * says so, an XDP program is attached that is not ours; IK_E_VALUE: nft refused; IK_E_IFACE: no
 * such interface; IK_E_UNSUPPORTED: not for this interface or kernel; IK_E_SYSTEM, IK_E_NOMEM;
 * `why` in words, may be empty. On success it is to be ended by ik_warden_close. */
IK_MUST_USE enum ik_err ik_warden_open(struct ik_warden *w, const struct ik_warden_cfg *cfg,
                                       char why[static IK_ENFORCE_TEXT]);
/* IK_E_AGAIN: it is busy; IK_E_SYSTEM: it is gone. */
IK_MUST_USE enum ik_err ik_warden_ask(const struct ik_warden *w, const struct ik_warden_ask *ask);
/* False when it has said nothing more. */
bool ik_warden_hear(const struct ik_warden *w, struct ik_warden_told *out);
void ik_warden_close(struct ik_warden *w);
