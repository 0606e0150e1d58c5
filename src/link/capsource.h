/* SPDX-License-Identifier: MIT
 * Bytes of a capture file, from wherever they come, unpacked. */
#pragma once

#include "icmpkit/base.h"
#include "icmpkit/capture.h"

/* Where bytes come from. Once something failed, `why` says what, or `fault` where it is the file's
 * own, at packed_bytes. */
struct ik_capsource {
    int fd;
    bool owned;   /* fd is ours to close */
    bool regular; /* a read does not wait */
    bool follow;
    int notify;                /* readable when the file changed, -1 none */
    bool looked;               /* whether it is packed */
    uint8_t first[2], n_first; /* by which that is seen */
    struct ik_gunzip *gunzip;  /* NULL: the file is as it is */
    uint8_t *packed;           /* input of gunzip, with what is left of it */
    struct ik_rd packed_left;
    uint64_t packed_bytes; /* taken from the file */
    enum ik_err failed;
    enum ik_capfile_fault fault;
    char why[200];
};

/* Opens `path`, or standard input for "-". On error `why` is filled and there is nothing to close.
 */
IK_MUST_USE enum ik_err ik_capsource_open(struct ik_capsource *s, const char *path, bool follow);
void ik_capsource_close(struct ik_capsource *s);
/* Puts at most cap (at least 2) bytes at `to`. IK_OK with *n > 0; IK_E_AGAIN: nothing now;
 * IK_E_NOT_FOUND: the end; another error: s->failed, and nothing more comes. */
IK_MUST_USE enum ik_err ik_capsource_read(struct ik_capsource *s, uint8_t *to, size_t cap,
                                          size_t *n);
/* See ik_capread_fd. */
int ik_capsource_fd(const struct ik_capsource *s);
