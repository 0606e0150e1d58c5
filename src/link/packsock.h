/* SPDX-License-Identifier: MIT
 * What packet sockets have in common: binding one to an interface, and tags that the kernel hands
 * over beside a frame. */
#pragma once

#include "icmpkit/base.h"

enum { IK_PACKSOCK_TAG_BYTES = 4 };

/* setsockopt(). Errors are those of opening a link. */
IK_MUST_USE enum ik_err ik_packsock_set(int fd, int level, int name, const void *value, size_t n);
IK_MUST_USE enum ik_err ik_packsock_set_int(int fd, int level, int name, int value);
/* Begins to hear everything on an interface (0: on all, and not promiscuously). IK_E_IFACE: there
 * is none, or it is down. */
IK_MUST_USE enum ik_err ik_packsock_bind(int fd, int ifindex, bool promiscuous);
/* Puts a VLAN tag behind the addresses of an Ethernet frame of at least 12 bytes, which there is
 * room before. `status` is the kernel's (TP_STATUS_*). Returns where the frame begins now. */
uint8_t *ik_packsock_put_tag(uint8_t *frame, uint32_t status, uint16_t tpid, uint16_t tci);
/* The type of a tag: `tpid` where the kernel is new enough to say it. */
uint16_t ik_packsock_tag_type(uint32_t status, uint16_t tpid);
