/* SPDX-License-Identifier: MIT
 * The time at the head of a line, in tcpdump's forms. */
#pragma once

#include "put.h"

/* In the order of tcpdump's -t, -tt, ... */
enum ik_dump_stamps {
    IK_DUMP_CLOCK, /* 18:01:40.848478 */
    IK_DUMP_NO_STAMP,
    IK_DUMP_EPOCH, /* 1700000000.848478 */
    IK_DUMP_DELTA, /* since the line before */
    IK_DUMP_DATE,  /* 2023-11-14 18:01:40.848478 */
    IK_DUMP_SINCE, /* since the first line */
};

struct ik_dump_stamp {
    enum ik_dump_stamps form;
    bool nano, utc;
    ik_ns first, last; /* of the lines so far; IK_NEVER: none */
    int64_t block;     /* the quarter of an hour that `offset` is for */
    int32_t offset;    /* of local time, s */
    int64_t second;    /* that `text` is for */
    char text[32];
    size_t n;
};

void ik_dump_stamp_init(struct ik_dump_stamp *s, enum ik_dump_stamps form, bool nano, bool utc);
/* Appends the time and a blank; "- " for IK_NEVER. */
void ik_dump_stamp_put(struct ik_dump_stamp *s, struct ik_put *w, ik_ns time);
/* Appends date and time with the offset from UTC: "2023-11-14 18:01:40.848478 +0100". */
void ik_dump_stamp_put_full(struct ik_dump_stamp *s, struct ik_put *w, ik_ns time);
