/* SPDX-License-Identifier: MIT
 * What an echo message carries, as the detectors of tunnels look at it. */
#pragma once

#include "detect/part.h"

/* Bytes of the payload that were on the wire, where the packet was cut. */
uint32_t ik_payload_sent(const struct ik_look_packet *p);

/* Works out what stands in s->echo of a whole echo message. */
static inline void ik_payload_fill(struct ik_sight *s)
{
    const struct ik_look_packet *p = s->p;
    const struct ik_icmp *m = &p->icmp;
    const uint32_t left = (uint32_t)m->echo.data.left;
    const uint32_t n = p->ip.truncated ? ik_payload_sent(p) : left;
    s->echo.data = m->echo.data;
    s->echo.n = n;
    s->echo.id = m->echo.id;
    s->echo.seq = m->echo.seq;
    s->echo.request = m->type == (m->family == 4 ? IK_ICMP4_ECHO : IK_ICMP6_ECHO);
    s->echo.cut = n > left;
}
/* False when the packet is no whole echo message. */
static inline bool ik_payload_of(const struct ik_sight *s, struct ik_payload *out)
{
    if (s->is_echo)
        *out = s->echo;
    return s->is_echo;
}
/* True for text: printable ASCII with line ends and tabs, maybe zeros behind it. Not for no bytes.
 */
bool ik_payload_is_text(struct ik_rd data);
/* True when the bytes are as unlike each other as random ones: encrypted or compressed data, say.
 * Judged by the first 128; fewer than 32 say nothing. Text, code and repeated patterns are not, nor
 * is base64. */
bool ik_payload_is_random(struct ik_rd data);
/* What of the payload is the same from one to the next, where that is not what its sender chose to
 * change: at most 256 bytes, without the clock of the sender, and without the first 16 bytes where
 * as many follow: most senders have a time, a counter or a token of their own there. */
struct ik_rd ik_payload_constant(const struct ik_sight *s, const struct ik_payload *e);
/* A keyed hash of that, and of the length of all. */
uint64_t ik_payload_template(const uint8_t secret[16], const struct ik_sight *s,
                             const struct ik_payload *e);
/* A report about the pair of hosts: src is the one who asks, dst the one who answers, whichever of
 * them sent this packet, so that both directions are one cause; the proof is the payload, or what
 * is there of the message when it is no echo. The caller adds severity, values and reason. */
struct ik_report ik_payload_report(const struct ik_sight *s, enum ik_detector d);
