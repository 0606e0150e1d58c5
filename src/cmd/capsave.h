/* SPDX-License-Identifier: MIT
 * Packets that are kept, in pcapng files, with what is known of each as comments. */
#pragma once

#include <icmpkit/look.h>

struct ik_capsave;
struct ik_capsave_cfg {
    const char *verb;      /* for what is said on stderr */
    const char *path;      /* "-": standard output; with rotate_s a form of strftime(3) */
    const char *source;    /* what is read meanwhile, and so not written over; "-": standard input;
                              NULL: no file */
    uint64_t rotate_bytes; /* 0: never */
    ik_ns rotate_after;    /* 0: never */
    uint32_t rotate_files; /* 0: without end */
    bool flush;            /* after each packet */
};
/* Opens the (first) file. False: said. */
IK_MUST_USE bool ik_capsave_open(struct ik_capsave **out, const struct ik_capsave_cfg *cfg);
/* Writes a packet; its comments are `comment` (NULL: none), its partner and its flaws. False:
 * nothing more is written, because of a failure (which was said), because there were as many files
 * as were asked for, or because the reader of a pipe has enough. */
IK_MUST_USE bool ik_capsave_packet(struct ik_capsave *s, const struct ik_look_packet *p,
                                   const char *comment);
/* What waits in memory goes out. False as above. */
IK_MUST_USE bool ik_capsave_flush(struct ik_capsave *s);
bool ik_capsave_has_failed(const struct ik_capsave *s);
/* Ends the file with what was counted until `now`; UINT64_MAX: not known. False: it failed, now or
 * before. `s` may be NULL. */
IK_MUST_USE bool ik_capsave_close(struct ik_capsave *s, ik_ns now, uint64_t received,
                                  uint64_t dropped);
