/* SPDX-License-Identifier: MIT */
#include "cmd/out.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct piped {
    struct ik_out *out;
    int read_end;
};

static void open_pipe(struct piped *p)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    (void)fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    p->read_end = fds[0];
    p->out = malloc(sizeof *p->out);
    ik_out_init(p->out, fds[1]);
}

static void close_pipe(struct piped *p)
{
    close(p->out->fd);
    close(p->read_end);
    free(p->out);
}

/* One read: what one write put there. */
static ssize_t take(struct piped *p, char *buf, size_t cap)
{
    const ssize_t n = read(p->read_end, buf, cap);
    return n < 0 ? 0 : n;
}

static void flush__unfinished_line__stays_back(void **state)
{
    (void)state;
    struct piped p;
    char buf[64];
    open_pipe(&p);
    ik_out_str(p.out, "one\ntwo\nthr");
    ik_out_flush(p.out, false);
    assert_int_equal(take(&p, buf, sizeof buf), 8);
    ik_out_str(p.out, "ee");
    ik_out_flush(p.out, false);
    assert_int_equal(take(&p, buf, sizeof buf), 0);
    ik_out_flush(p.out, true);
    assert_int_equal(take(&p, buf, sizeof buf), 5);
    assert_memory_equal(buf, "three", 5);
    close_pipe(&p);
}

/* What is written when the buffer fills ends at a line's end, whatever came after it. */
static void put__buffer_full__only_whole_lines_leave(void **state)
{
    (void)state;
    struct piped p;
    static char line[1000], buf[IK_OUT_CAP];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    open_pipe(&p);
    for (int i = 0; i < 65; i++)
        ik_out_put(p.out, line, sizeof line);
    ik_out_str(p.out, "begun ");
    assert_int_equal(take(&p, buf, sizeof buf), 0);
    memcpy(ik_out_room(p.out, sizeof line), line, sizeof line);
    ik_out_took(p.out, sizeof line);
    assert_int_equal(take(&p, buf, sizeof buf), 65 * sizeof line);
    ik_out_flush(p.out, false);
    assert_int_equal(take(&p, buf, sizeof buf), 6 + sizeof line);
    close_pipe(&p);
}

static void put__line_longer_than_the_buffer__arrives_whole(void **state)
{
    (void)state;
    struct piped p;
    static char line[200000], buf[200000];
    memset(line, 'y', sizeof line);
    line[sizeof line - 1] = '\n';
    open_pipe(&p);
    ik_out_put(p.out, line, sizeof line);
    ik_out_flush(p.out, false);
    assert_int_equal(take(&p, buf, sizeof buf), sizeof line);
    assert_memory_equal(buf, line, sizeof line);
    close_pipe(&p);
}

static void errors__reader_gone_and_disk_full__are_kept(void **state)
{
    (void)state;
    struct piped p;
    signal(SIGPIPE, SIG_IGN);
    open_pipe(&p);
    close(p.read_end);
    p.read_end = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ik_out_str(p.out, "gone\n");
    ik_out_flush(p.out, false);
    assert_int_equal(p.out->error, EPIPE);
    close_pipe(&p);
    struct ik_out *o = malloc(sizeof *o);
    ik_out_init(o, open("/dev/full", O_WRONLY | O_CLOEXEC));
    ik_out_str(o, "full\n");
    ik_out_flush(o, true);
    assert_int_equal(o->error, ENOSPC);
    close(o->fd);
    free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flush__unfinished_line__stays_back),
        cmocka_unit_test(put__buffer_full__only_whole_lines_leave),
        cmocka_unit_test(put__line_longer_than_the_buffer__arrives_whole),
        cmocka_unit_test(errors__reader_gone_and_disk_full__are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
