/* SPDX-License-Identifier: MIT
 * Standard output as the verbs need it: whole lines in few writes, and errors that are noticed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IK_OUT_CAP = 65536 };

/* Buffers until a flush. After the first failed write nothing more is written: `error` is its
 * errno, EPIPE when the reader went away. */
struct ik_out {
    int fd, error;
    bool may_block;        /* no regular file: a reader may be slow */
    size_t used, line_end; /* line_end: after the last newline in the buffer */
    char buf[IK_OUT_CAP];
};

/* True when PIPE_BUF bytes can be written without waiting. Else waits, with every signal free to do
 * what it does by default: the loop takes them from a descriptor, which nobody reads meanwhile, and
 * a reader that has stopped reading must not make us unstoppable. */
bool ik_out_is_writable(int fd);

void ik_out_init(struct ik_out *o, int fd);
/* Appends. What no longer fits makes the complete lines before it leave; only a line longer than
 * the buffer leaves in parts. */
void ik_out_put(struct ik_out *o, const void *bytes, size_t n);
void ik_out_str(struct ik_out *o, const char *text);
/* n (at most IK_OUT_CAP) bytes to write into, followed by ik_out_took of how many were used: at the
 * start of a line only. */
char *ik_out_room(struct ik_out *o, size_t n);
void ik_out_took(struct ik_out *o, size_t n);
/* Writes the complete lines in one write where the kernel takes them; with `all` an unfinished line
 * too. */
void ik_out_flush(struct ik_out *o, bool all);
