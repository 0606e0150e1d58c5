/* SPDX-License-Identifier: MIT
 * What the socket backends share. A duct is one socket that sends (its error queue with it) and one
 * or two that receive, often the same one.
 *
 * rx tells, in this order: frames that could not be sent; what tx found in the error queue; stamps
 * and errors of the error queue; arrivals; drops. Arrivals are read into their buffers first and
 * told last: so the stamp of a request, which the kernel queued before the answer came, is always
 * told before the answer. */
#pragma once

#include "icmpkit/link.h"
#include "link/drops.h"
#include "link/errq.h"
#include "link/inq.h"
#include "link/outq.h"
#include "link/stamping.h"

enum { IK_DUCT_INS = 2 };

struct ik_duct {
    struct ik_link link;
    int fd; /* to wait on */
    struct ik_outq out;
    struct ik_errq errq;
    struct ik_inq in[IK_DUCT_INS];
    struct ik_drops drops[IK_DUCT_INS];
    size_t n_in;
    bool in_pending; /* arrivals were read and not told */
    size_t messages; /* read since the drop counters were looked at */
    bool down;       /* IK_EV_DOWN was told */
    uint16_t ident;
    struct ik_addr source;
    uint32_t rcvbuf_bytes, in_flight;
    struct ik_link_cfg cfg; /* its spans and strings are not kept */
    char interface[16];
};

/* How a backend wires its sockets; a duct takes them all over, also when opening fails. */
struct ik_duct_plan {
    enum ik_medium out, in[IK_DUCT_INS];
    int out_fd, in_fd[IK_DUCT_INS];
    size_t n_in;
    int fd;       /* to wait on; -1: out_fd */
    bool errors;  /* ICMP errors in the error queue of out_fd are told, else thrown away */
    bool pending; /* such an error may fail the next send to anybody */
    uint16_t ident;
    struct ik_stamping stamping;
};

/* Closes the sockets of a plan, each once; -1 stands for none. */
void ik_duct_plan_close(const struct ik_duct_plan *plan);
/* On success *out is the caller's, ended by ops->close. IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_duct_open(struct ik_link **out, const struct ik_link_cfg *cfg,
                                     const struct ik_duct_plan *plan);
