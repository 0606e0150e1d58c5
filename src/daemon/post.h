/* SPDX-License-Identifier: MIT
 * The place at an interface that one warden holds: a name among the local sockets of the network
 * namespace, where the next finds who lingers there. Who holds it against the rules (the name is
 * anybody's to take) keeps nobody from anything but asking. */
#pragma once

#include "icmpkit/base.h"

/* Takes the place; one who lingers there is asked to go, and has gone then. *fd is the caller's,
 * for ik_post_answer when it is readable, and ended by ik_post_leave; -1: the name is somebody
 * else's. IK_E_EXISTS: a warden of root's or of this user is at work there; IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_post_take(int *fd, uint32_t ifindex);
/* Answers one who asks. True: he is root or this user and we linger, so that we are to go; then
 * *asker is for ik_post_leave. */
IK_MUST_USE bool ik_post_answer(int fd, bool lingers, int *asker);
/* Leaves the place, and tells who asked for it, if anybody did (else -1). */
void ik_post_leave(int fd, int asker);
