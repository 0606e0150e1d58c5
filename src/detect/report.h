/* SPDX-License-Identifier: MIT
 * The beginning of a report about the message in sight. */
#pragma once

#include "detect/part.h"

/* A report of detector d about the message of s, from its sender to its receiver: exact, one
 * packet, the message's first bytes as evidence. What it is, how bad, and what would stop it is the
 * caller's to say. */
static inline struct ik_report ik_report_about(const struct ik_sight *s, enum ik_detector d)
{
    const struct ik_look_packet *p = s->p;
    return (struct ik_report){
        .detector = d,
        .src = p->ip.src,
        .dst = p->ip.dst,
        .family = p->ip.version,
        .type = p->has_icmp ? p->icmp.type : 0,
        .code = p->has_icmp ? p->icmp.code : 0,
        .limit = IK_LIMITS,
        .packets = 1,
        .p = p,
        .bytes = p->has_icmp ? p->icmp_bytes : p->ip_bytes,
    };
}
