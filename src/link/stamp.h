/* SPDX-License-Identifier: MIT
 * Stamps: which frame an identifier of the kernel's belongs to, and what instant of the monotonic
 * clock a stamp in real time is. Pure, so that every step of a clock can be tested. */
#pragma once

#include "icmpkit/base.h"

/* ---- real time to monotonic ------------------------------------------------------------------ */

/* NTP slews both clocks alike, so their offset changes only when the wall clock is stepped. It is
 * therefore held until it moves by more than two readings can differ: what is measured between two
 * stamps then has no error of readings in it. One reading that was torn (the process lost the
 * processor in its middle) is no step: the next one must agree. A stamp that was taken before a
 * step and is read after it cannot be told from one taken after: from the step on until the queues
 * were once found empty, stamps are in doubt. */
struct ik_offset {
    ik_ns held;
    ik_ns floor;   /* mono: what was taken before has been read already */
    ik_ns seen;    /* the new offset, while `moved` */
    ik_ns seen_at; /* mono */
    bool known;
    bool moved;    /* the last reading differs from `held`; not confirmed yet */
    bool settled;  /* the queues were empty since it was first seen */
    bool in_doubt; /* a step was confirmed, older stamps may still come */
};

enum {
    IK_OFFSET_ERROR = 20 * 1000,         /* ns: two readings of both clocks differ by no more */
    IK_OFFSET_LAG = 100 * 1000 * 1000,   /* ns: from a stamp to its place in the queue, at most */
    IK_OFFSET_LEAD = 1000 * 1000 * 1000, /* ns: from the reading of the clocks to a stamp */
};

/* Looks at the reading of a batch; to be called before its stamps are converted. */
void ik_offset_look(struct ik_offset *o, struct ik_now now);
/* The queues were found empty at a time after the reading `now`: doubt ends. */
void ik_offset_settle(struct ik_offset *o, struct ik_now now);
/* Converts; false when the stamp cannot be trusted, *mono is then untouched. */
IK_MUST_USE bool ik_offset_convert(const struct ik_offset *o, struct ik_now now, ik_ns real,
                                   ik_ns *mono);

/* ---- identifiers to frames ------------------------------------------------------------------- */

enum ik_stamp_state {
    IK_STAMP_NONE,     /* nothing is awaited under this identifier */
    IK_STAMP_AWAITED,  /* the stamp of frame `key` */
    IK_STAMP_DOUBTFUL, /* two frames bear this identifier: its stamps are nobody's */
};

struct ik_stamp_entry {
    ik_ns sent; /* mono, reading before the send */
    uint32_t id, key;
    enum ik_stamp_state state;
};

/* Identifiers count up by one a frame; after a restart they begin at 0 again, and an older frame
 * that still awaits its stamp under the same number makes the younger one doubtful. */
struct ik_stamps {
    struct ik_stamp_entry *ring; /* caller's, mask + 1 of them, zeroed */
    uint32_t mask;
    uint32_t next;    /* identifier of the next frame */
    uint32_t awaited; /* how many entries await a stamp */
};

enum { IK_STAMP_PATIENCE = 10 }; /* s: after that long a stamp comes no more */

/* Bytes that a ring for `frames` frames needs (rounded up to a power of two). */
size_t ik_stamps_bytes(uint32_t frames);
/* mem: ik_stamps_bytes(frames) zeroed bytes, aligned for ik_ns, the caller's. */
void ik_stamps_init(struct ik_stamps *s, void *mem, uint32_t frames);
/* The frame `key` was sent at `sent` or later; it takes the next identifier. */
void ik_stamps_put(struct ik_stamps *s, uint32_t key, ik_ns sent);
/* Identifiers begin at 0 again. */
void ik_stamps_restart(struct ik_stamps *s);
/* The frame that the stamp `at` under `id` belongs to. False when there is none, or when the stamp
 * is older than the send: then the identifier is not what it seems, and the entry stays. `check`
 * is false where `at` is on another scale (a card's). */
IK_MUST_USE bool ik_stamps_take(struct ik_stamps *s, uint32_t id, ik_ns at, bool check,
                                uint32_t *key);
