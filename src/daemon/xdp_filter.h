/* SPDX-License-Identifier: MIT
 * The XDP filter: a program at one interface that stops what orders are about as it arrives, before
 * anything of the machine sees it. Whatever it does not understand passes. */
#pragma once

#include "icmpkit/daemon.h"

struct ik_xdp_filter;
enum ik_xdp_mode { IK_XDP_NATIVE, IK_XDP_GENERIC };

/* Loads the program and attaches it to the interface, which is of Ethernet and in the network
 * namespace of the caller: in its driver (*mode native), else above it (generic). It is there until
 * ik_xdp_filter_close, or the end of the process, however that comes about. What is to be spared
 * should follow before the first order. On success *out is the caller's, ended by
 * ik_xdp_filter_close. IK_E_EXISTS: another program is attached, which stays; IK_E_ACCESS;
 * IK_E_IFACE: no such interface; IK_E_UNSUPPORTED: not of Ethernet, or not in this kernel;
 * IK_E_SYSTEM, IK_E_NOMEM. `why` in words, may be empty. Needs CAP_NET_ADMIN and CAP_BPF. */
IK_MUST_USE enum ik_err ik_xdp_filter_open(struct ik_xdp_filter **out, unsigned ifindex,
                                           enum ik_xdp_mode *mode,
                                           char why[static IK_ENFORCE_TEXT]);
/* All passes that comes from there, from now on (but reports of a path MTU, and neighbour
 * discovery, that cannot be true). IK_E_FULL: more than IK_SPARED_MAX; IK_E_VALUE: no prefix;
 * IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_xdp_filter_spare(struct ik_xdp_filter *f, const struct ik_prefix *who);
/* Carries an order out until its time is over; one that is in force begins anew. It is one that
 * ik_order_fault finds nothing wrong with. IK_E_FULL: too many; IK_E_VALUE: `who` is neither a host
 * nor, of IPv6 and as a source, a /64. */
IK_MUST_USE enum ik_err ik_xdp_filter_add(struct ik_xdp_filter *f, const struct ik_order *o);
/* Nothing to take back is no error. IK_E_VALUE as above. */
IK_MUST_USE enum ik_err ik_xdp_filter_remove(struct ik_xdp_filter *f, const struct ik_order *o);
/* Packets stopped since the start, by kind of order. IK_E_SYSTEM: the program is attached no more,
 * or another stands in its place. */
IK_MUST_USE enum ik_err ik_xdp_filter_count(struct ik_xdp_filter *f,
                                            uint64_t stopped[static IK_ORDERS]);
/* Packets that this one stopped since it was added and had not been there, as of the latest
 * ik_xdp_filter_count; 0 too where there is none. */
uint64_t ik_xdp_filter_stopped(const struct ik_xdp_filter *f, const struct ik_order *o);
/* Of the order that holds longest, rounded up; 0: none is in force. */
uint32_t ik_xdp_filter_seconds_left(const struct ik_xdp_filter *f);
void ik_xdp_filter_close(struct ik_xdp_filter *f);
