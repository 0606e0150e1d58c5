/* SPDX-License-Identifier: MIT
 * One cause and the detectors that see it. */
#pragma once

#include "detect/book.h"

enum { IK_CAUSE_VOICES = IK_ALSO_MAX + 1 };

/* What a detector says of it; packets and key are the caller's. */
struct ik_cause_voice {
    struct ik_voice voice;
    uint64_t packets, key;
    ik_ns last; /* when it was heard last */
};

/* The most certain voice stands first. */
struct ik_cause {
    uint8_t n;
    struct ik_cause_voice voices[IK_CAUSE_VOICES];
};

/* Keyed hashes: what names the cause of a report, the same for the same detector, src and dst; and
 * what the reports of its kin share (0 where it has none; of IK_KIN_TALK the two are the same). */
uint64_t ik_cause_key(const uint8_t secret[static 16], const struct ik_report *r);
uint64_t ik_cause_kin(const uint8_t secret[static 16], const struct ik_report *r);

/* The number of the voice that has told of what is reported; n: none. */
unsigned ik_cause_find(const struct ik_cause *c, const struct ik_report *r);
/* True when a report of kin can be one voice more: there is room, and its detector has none yet. */
bool ik_cause_may_join(const struct ik_cause *c, const struct ik_report *r);
/* Adds an empty voice for it; returns its number. There must be room. */
unsigned ik_cause_join(struct ik_cause *c, const struct ik_report *r, uint64_t key);
/* Takes the report into voice i, and puts the voices in order. */
void ik_cause_add(struct ik_cause *c, unsigned i, const struct ik_report *r, ik_ns now);
/* Nothing is more severe than `most` any longer. */
void ik_cause_lower(struct ik_cause *c, enum ik_severity most);
void ik_cause_leave(struct ik_cause *c, unsigned i);
/* The voice, which took the report, is of many causes: what they have not in common, it forgets.
 * `same_kind`: the report's message is that of those before. */
void ik_cause_blur(struct ik_voice *v, const struct ik_report *r, bool same_kind);
/* What the voice says, as a report without tool, packets and sources. */
struct ik_report ik_cause_report(const struct ik_voice *v);
/* Writes to *f what the voices say: all but its id, state, severity, times, sources, packets, tool
 * and evidence. */
void ik_cause_tell(const struct ik_cause *c, struct ik_finding *f);
