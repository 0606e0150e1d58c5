/* SPDX-License-Identifier: MIT
 * c-ares behind names.c: a channel whose sockets and timer live in the caller's epoll descriptor.
 */
#pragma once

#include <icmpkit/host.h>

struct ik_resolve;

/* Called once a look-up, possibly before the call that started it returns. The answer is borrowed.
 * It may start no look-up and close nothing: the channel is in the middle of its work. */
typedef void ik_resolve_fn(void *ctx, const struct ik_names_answer *answer);

/* Reads the system's configuration. On success *out is the caller's, ended by ik_resolve_close(),
 * which answers what is still under way with IK_E_AGAIN; on error it is untouched. */
IK_MUST_USE enum ik_err ik_resolve_open(struct ik_resolve **out, int epoll_fd);
/* True when resolv.conf is another than the one that was read: to be opened anew. */
bool ik_resolve_is_stale(const struct ik_resolve *r);
void ik_resolve_forward(struct ik_resolve *r, const char *name, uint8_t family, ik_resolve_fn *fn,
                        void *ctx);
void ik_resolve_reverse(struct ik_resolve *r, const struct ik_addr *addr, ik_resolve_fn *fn,
                        void *ctx);
/* Takes what is readable, lets what is over time expire, and sets the timer. Never waits. */
void ik_resolve_process(struct ik_resolve *r);
void ik_resolve_close(struct ik_resolve *r);
