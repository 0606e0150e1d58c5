/* SPDX-License-Identifier: MIT
 * Community id, version 1 (github.com/corelight/community-id-spec): one name for a flow in the
 * outputs of many systems. Of ICMP: both directions of what is asked and answered are one flow; of
 * other messages type and code stand for the ports. */
#pragma once

#include <icmpkit/base.h>

enum { IK_COMMUNITYID_TEXT = 32 };

/* The id with the default seed, "1:" and 28 characters; "" where the addresses are not both of
 * `family`, 4 or 6. Returns buf. */
const char *ik_communityid(uint8_t family, const struct ik_addr *src, const struct ik_addr *dst,
                           uint8_t type, uint8_t code, char buf[static IK_COMMUNITYID_TEXT]);
