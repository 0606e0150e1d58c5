/* SPDX-License-Identifier: MIT
 * Questions and orders to the kernel's routing socket. Netlink is host order throughout; its
 * structures are copied in and out, never overlaid. */
#pragma once

#include "base/rd.h"
#include <icmpkit/base.h>

#include <linux/netlink.h>

enum { IK_NETLINK_ASK_BYTES = 512, IK_NETLINK_ANSWER_BYTES = 8192 };

/* A question as it grows. init writes the headers, put appends an attribute; what does not fit is a
 * programmer's error. */
struct ik_netlink {
    uint8_t bytes[IK_NETLINK_ASK_BYTES];
    size_t used;
};

/* Begins a question of that type with its family header (struct rtmsg, struct ifinfomsg). */
void ik_netlink_init(struct ik_netlink *q, uint16_t type, const void *header, size_t n);
void ik_netlink_put(struct ik_netlink *q, uint16_t type, const void *value, size_t n);

/* An attribute that holds others: what is put until the end is within it. Returns what end takes.
 */
size_t ik_netlink_nest(struct ik_netlink *q, uint16_t type);
void ik_netlink_nest_end(struct ik_netlink *q, size_t nest);
/* Appends bytes that are no attribute (the family header that begins a nest), aligned. */
void ik_netlink_append(struct ik_netlink *q, const void *bytes, size_t n);

/* Asks, and waits for the kernel's answer, which it gives at once. On success *body is the answer
 * from its family header on, within buf; its type is the one asked about less 2 (RTM_NEW...). On
 * failure *err_no is the errno that the kernel gave, 0 where none. */
IK_MUST_USE enum ik_err ik_netlink_ask(struct ik_netlink *q,
                                       uint8_t buf[static IK_NETLINK_ANSWER_BYTES],
                                       struct ik_rd *body, int *err_no);

/* Orders a change (`flags`: NLM_F_CREATE and the like) and waits until it is done. IK_E_SYSTEM,
 * with the kernel's errno. */
IK_MUST_USE enum ik_err ik_netlink_order(struct ik_netlink *q, uint16_t flags, int *err_no);

/* Asks for all of a kind; fn is called for each, with it from its family header on, until it
 * returns false. IK_E_SYSTEM when the kernel does not say, or not all. */
IK_MUST_USE enum ik_err ik_netlink_list(struct ik_netlink *q,
                                        bool (*fn)(void *ctx, struct ik_rd body), void *ctx);

/* Takes the next attribute. False at the end, or where the rest is no attribute. */
bool ik_netlink_take(struct ik_rd *attrs, uint16_t *type, struct ik_rd *value);

/* A 32-bit value of an attribute, host order; 0 where it is shorter. */
uint32_t ik_netlink_u32(struct ik_rd value);
