/* SPDX-License-Identifier: MIT
 * A socket as the configuration wants it. */
#pragma once

#include "icmpkit/link.h"

/* What options a socket takes part in. */
enum ik_sock_use {
    IK_SOCK_SENDS = 1 << 0,   /* options of what leaves: TTL, class, labels, ... */
    IK_SOCK_ANSWERS = 1 << 1, /* tell TTL, class and destination of what arrives */
    IK_SOCK_ERRORS = 1 << 2,  /* the kernel's errors in its error queue */
    IK_SOCK_PORT = 1 << 3,    /* bind to cfg->ident, or the kernel's choice */
    IK_SOCK_PACKETS = 1 << 4, /* sends whole packets: of what leaves, only path MTU discovery */
};

/* Opens a non-blocking socket of cfg->family (type, protocol as for socket()). IK_E_ACCESS,
 * IK_E_UNSUPPORTED, IK_E_FULL, IK_E_NOMEM, IK_E_SYSTEM. *out is the caller's. */
IK_MUST_USE enum ik_err ik_sock_open(int *out, uint8_t family, int type, int protocol);
/* Sets every option of cfg that `use` (enum ik_sock_use) covers, binds and connects. */
IK_MUST_USE enum ik_err ik_sock_configure(int fd, const struct ik_link_cfg *cfg, unsigned use);
/* The port (or identifier) that the socket is bound to. */
uint16_t ik_sock_port(int fd, uint8_t family);
/* The receive buffer as granted: twice what was asked for. */
uint32_t ik_sock_rcvbuf_bytes(int fd);
/* Index of cfg->interface; 0 when there is none. IK_E_IFACE. */
IK_MUST_USE enum ik_err ik_sock_ifindex(const struct ik_link_cfg *cfg, uint32_t *out);
/* The source towards dst, as cfg's mark and interface decide; family 0 when there is no route. */
struct ik_addr ik_sock_source(const struct ik_link_cfg *cfg, const struct ik_addr *dst);
/* The path MTU towards dst that the kernel knows; 0 unknown. */
uint32_t ik_sock_path_mtu(const struct ik_link_cfg *cfg, const struct ik_addr *dst);
