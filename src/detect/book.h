/* SPDX-License-Identifier: MIT
 * The book of findings: one cause, one finding. Detectors report as often as they see something;
 * the book opens, raises at once, lowers and ends with hysteresis, puts together what has too many
 * sources, and says what changed. */
#pragma once

#include "icmpkit/detect.h"

/* Findings that are open at once, and of one detector with a source each before they are told as
 * one with many sources. */
enum { IK_BOOK_MAX = 1024, IK_BOOK_SOURCES = 32 };

/* What several detectors see of the same packets: reports of one kind about the same hosts have one
 * cause, whatever their detector. */
enum ik_kin {
    IK_KIN_NONE,
    IK_KIN_TALK,   /* data in the echoes of src and dst, whoever of them is which */
    IK_KIN_FLOOD,  /* a flood to `of` */
    IK_KIN_ERRORS, /* errors to `of` about what it never sent */
    IK_KIN_SCAN,   /* `of` asks many hosts */
    IK_KINS
};

/* The frame that a window began with, where a detector keeps it; n 0: it does not. The time is as
 * detectors have it. */
struct ik_report_begin {
    uint64_t n;
    ik_ns time;
};

/* What a detector saw. */
struct ik_report {
    enum ik_detector detector;
    enum ik_kin kin;
    struct ik_addr of;
    enum ik_severity severity;
    struct ik_addr src, dst;    /* the cause: family 0 where it is not part of it */
    struct ik_addr other;       /* the other end then, where all of it has one */
    uint8_t family, type, code; /* of the message; family 0: of several */
    ik_ns window;               /* that value was measured over; 0: one packet */
    double value, threshold;
    enum ik_limit limit; /* whose threshold; IK_LIMITS: exact */
    const char *why;     /* static, a sentence for people */
    const char *source;  /* where the threshold comes from; NULL: that of `limit` */
    const char *tool;    /* static; NULL: unknown, or as before */
    enum ik_remedy remedy;
    uint64_t packets; /* that this report adds */
    struct ik_report_begin since;
    uint32_t sources; /* distinct ones, where the detector knows; 0: one, or not known */
    /* The bytes that prove it, in the frame of the packet being looked at: `bytes` lies in
     * p->frame.bytes (or in the reassembled datagram). p NULL (in a tick): no evidence. */
    const struct ik_look_packet *p;
    struct ik_rd bytes;
};

struct ik_book;
size_t ik_book_bytes(void);
struct ik_book *ik_book_init(void *mem, const struct ik_detect_cfg *cfg);
void ik_book_reload(struct ik_book *b, const struct ik_detect_cfg *cfg);
/* Before a packet's reports: nothing is kept of it yet. `shift`: what `now` is ahead of the times
 * that people are told, because the source's time went back. */
void ik_book_next(struct ik_book *b, ik_ns shift);
/* Takes a report at `now`. The same detector, src and dst are one cause, and so is kin. A cause
 * without room is told in a finding of many sources. */
void ik_book_report(struct ik_book *b, ik_ns now, const struct ik_report *r);
/* So many packets of an open finding were stopped, which no detector could see: it is kept as it
 * is. False: none has that id. */
bool ik_book_stopped(struct ik_book *b, ik_ns now, uint64_t id, uint64_t packets);
/* Ends and lowers what was not reported for long. To be called once a second. */
void ik_book_tick(struct ik_book *b, ik_ns now);
const struct ik_finding *ik_book_take(struct ik_book *b);
bool ik_book_kept(const struct ik_book *b);
/* Ends all. */
void ik_book_stop(struct ik_book *b, ik_ns now);
const struct ik_finding *ik_book_open(struct ik_book *b, size_t i);
uint64_t ik_book_opened(const struct ik_book *b);
/* Reports that went into a finding of many sources. */
uint64_t ik_book_merged(const struct ik_book *b);
/* Findings whose end nobody took before their place was needed. */
uint64_t ik_book_lost(const struct ik_book *b);
