/* SPDX-License-Identifier: MIT
 * Frames of a capture file or of an interface, for the verbs that look at what passes by: what is
 * wrong with the file is told, what the kernel dropped is counted, signals end it or ask for word.
 * Sockets first, then no more privileges, then everything else. */
#pragma once

#include <icmpkit/host.h>
#include <icmpkit/link.h>
#include <icmpkit/look.h>

enum { IK_FRAMES_TOGETHER = 16 };

struct ik_frames_cfg {
    const char *verb;              /* for what is said on stderr */
    const char *read;              /* a capture file, "-": standard input; NULL: an interface */
    bool follow;                   /* the end of a file that may grow is not the end */
    struct ik_capture_cfg capture; /* of an interface */
    const char *wanted; /* of an interface: an expression of pcap-filter(7) for what the kernel may
                           leave out at once; NULL: nothing */
    /* Frames in their order, borrowed for the call: 1 to IK_FRAMES_TOGETHER, as many as are there
     * without waiting. Returns how many of them were taken: fewer only when `stop` is set. */
    size_t (*frames)(void *ctx, const struct ik_look_frame *f, size_t n);
    /* Nothing more is there now: what was written goes out. Returns for how long that may be so
     * before it is called again (IK_NEVER: without end). */
    ik_ns (*idle)(void *ctx);
    void (*status)(void *ctx); /* SIGQUIT */
    void (*hangup)(void *ctx); /* SIGHUP; NULL: that ends the process */
    void *ctx;
};

struct ik_frames {
    struct ik_frames_cfg cfg;
    struct ik_capread *file; /* one of the two */
    struct ik_link *capture;
    struct ik_signals *signals;
    struct ik_source *also[2]; /* more descriptors to watch, set by the verb; NULL: none */
    uint64_t n;                /* frames so far */
    uint64_t dropped;          /* by the kernel; UINT64_MAX: not known */
    ik_ns last;                /* time of the latest frame that has one; IK_NEVER */
    bool stop;                 /* enough; the verb sets it too */
    bool interrupted;          /* by a signal */
    bool damaged, failed;      /* exit status 1, 2; said */
};

/* Opens the file, or a capture with the privileges that there are. False: said. `f` may be closed
 * either way. */
IK_MUST_USE bool ik_frames_open(struct ik_frames *f, const struct ik_frames_cfg *cfg);
/* Gives up all privileges and takes signals from here on. False: said. */
IK_MUST_USE bool ik_frames_start(struct ik_frames *f);
/* Hands over frames until the end: of the file, or when somebody asks for it. */
void ik_frames_run(struct ik_frames *f);
void ik_frames_close(struct ik_frames *f);

/* ---- among the files of it ------------------------------------------------------------------- */

/* Numbers frames, at most IK_FRAMES_TOGETHER, counts them and hands them over. */
void ik_frames_put(struct ik_frames *f, struct ik_look_frame *frames, size_t n);
/* Waits until fd is readable, a signal came, or so long (IK_NEVER: without end); fd -1: none. What
 * is to be written goes out before. False when the end was asked for. */
bool ik_frames_wait(struct ik_frames *f, int fd, ik_ns at_most);
/* Looks for signals, without waiting. */
void ik_frames_poll(struct ik_frames *f);

/* frames_file.c: opens the file (false: said); reads all of it. */
IK_MUST_USE bool ik_frames_open_file(struct ik_frames *f);
void ik_frames_run_file(struct ik_frames *f);
/* frames_live.c: opens the capture (false: said); shows what passes. */
IK_MUST_USE bool ik_frames_open_live(struct ik_frames *f);
void ik_frames_run_live(struct ik_frames *f);
