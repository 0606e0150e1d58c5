/* SPDX-License-Identifier: MIT
 * A verb's output in memory. */
#pragma once

#include "cmd/ping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

struct text_rig {
    struct ik_ping p;
    char text[65536];
};

/* A run with one target and iputils' defaults. */
static inline struct text_rig *rig_new(void)
{
    struct text_rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    const char *operands[3];
    char *argv[] = {(char[]){"ping"}, (char[]){"target"}, NULL};
    assert_true(ik_ping_opt_read(&r->p.plan, 2, argv, operands, true));
    r->p.plan.args.operands = NULL;
    r->p.expected = 1;
    ik_out_init(&r->p.run.out, memfd_create("out", MFD_CLOEXEC));
    assert_int_equal(ik_line_new(&r->p.run.line, &r->p.run.out), IK_OK);
    return r;
}

/* All that was written so far. */
static inline const char *rig_text(struct text_rig *r)
{
    ik_out_flush(&r->p.run.out, true);
    const ssize_t n = pread(r->p.run.out.fd, r->text, sizeof r->text - 1, 0);
    assert_true(n >= 0);
    r->text[n] = 0;
    return r->text;
}

static inline void rig_clear(struct text_rig *r)
{
    (void)rig_text(r);
    assert_int_equal(ftruncate(r->p.run.out.fd, 0), 0);
    assert_int_equal(lseek(r->p.run.out.fd, 0, SEEK_SET), 0);
}

static inline void rig_free(struct text_rig *r)
{
    close(r->p.run.out.fd);
    ik_line_free(r->p.run.line);
    free(r);
}

static inline struct ik_addr addr_of(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}
