/* SPDX-License-Identifier: MIT
 * What an echo message carries, as the detectors of tunnels look at it. */
#pragma once

#include "detect/part.h"

/* Works out what stands in s->echo of a whole echo message. */
void ik_payload_fill(struct ik_sight *s);
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
/* A keyed hash of what the payload is like, its length included: without the clock of the sender,
 * and without the first 16 bytes where as many follow: most senders have a time, a counter or a
 * token of their own there. */
uint64_t ik_payload_template(const uint8_t secret[16], const struct ik_sight *s,
                             const struct ik_payload *e);
/* A report about the pair of hosts: src is the one who asks, dst the one who answers, whichever of
 * them sent this packet, so that both directions are one cause; the proof is the payload, or what
 * is there of the message when it is no echo. The caller adds severity, values and reason. */
struct ik_report ik_payload_report(const struct ik_sight *s, enum ik_detector d);
