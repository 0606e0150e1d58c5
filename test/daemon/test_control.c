/* SPDX-License-Identifier: MIT
 * Questions to a guard: who listens where, and what becomes of answers. */
#include "icmpkit/daemon.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/ik-control-XXXXXX";
static char path[64];

static void answer(void *ctx, const struct ik_control_ask *ask, struct ik_control_talk *talk)
{
    const unsigned rows = *(const unsigned *)ctx;
    for (unsigned i = 0; i < rows; i++)
        ik_control_say(talk, &(struct ik_control_row){.kind = IK_CONTROL_IS_COUNT,
                                                      .count = i + ask->who.bytes[3]});
}

/* Answers for two seconds at most; rows: how many. */
static pid_t serve(unsigned rows)
{
    struct ik_control *c;
    assert_int_equal(ik_control_open(&c, path, answer, &rows), IK_OK);
    const pid_t pid = fork();
    if (pid == 0) {
        struct ik_source *s = ik_control_source(c);
        struct pollfd fd = {s->fd, POLLIN, 0};
        if (poll(&fd, 1, 2000) == 1)
            s->ready(s, (struct ik_now){0, 0});
        _exit(0);
    }
    close(ik_control_source(c)->fd);
    free(c); /* the child's socket goes on, as that of a guard which is killed does not */
    return pid;
}

static void sum(void *ctx, const struct ik_control_row *row)
{
    assert_int_equal(row->kind, IK_CONTROL_IS_COUNT);
    *(uint64_t *)ctx += row->count + 1;
}

static enum ik_err call(uint64_t *out)
{
    const struct ik_control_ask ask = {.op = IK_CONTROL_PARDON,
                                       .who = {.family = 4, .bytes = {192, 0, 2, 7}}};
    *out = 0;
    return ik_control_call(path, &ask, sum, out);
}

static void call__all_rows__arrive(void **state)
{
    (void)state;
    uint64_t got;
    const pid_t pid = serve(1000); /* more than a socket holds unread */
    assert_int_equal(call(&got), IK_OK);
    assert_int_equal(got, 1000 * 999 / 2 + 1000 * 8);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void open__a_dead_guards_socket__is_replaced(void **state)
{
    (void)state;
    uint64_t got;
    struct stat st;
    assert_int_equal(call(&got), IK_E_NOT_FOUND); /* left by the test before */
    assert_int_equal(stat(path, &st), 0);
    const pid_t pid = serve(1);
    assert_int_equal(call(&got), IK_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void open__where_one_listens__is_refused(void **state)
{
    (void)state;
    unsigned none = 0;
    struct ik_control *c, *second;
    assert_int_equal(ik_control_open(&c, path, answer, &none), IK_OK);
    assert_int_equal(ik_control_open(&second, path, answer, &none), IK_E_EXISTS);
    ik_control_close(c);
    assert_int_equal(access(path, F_OK), -1);
}

static void open__what_is_no_socket__is_left_alone(void **state)
{
    (void)state;
    unsigned none = 0;
    struct ik_control *c;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_not_equal(ik_control_open(&c, path, answer, &none), IK_OK);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
}

static void open__paths_that_cannot_be__are_refused(void **state)
{
    (void)state;
    unsigned none = 0;
    struct ik_control *c;
    char longer[256];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[0] = '/';
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(ik_control_open(&c, longer, answer, &none), IK_E_VALUE);
    assert_int_equal(ik_control_open(&c, "", answer, &none), IK_E_VALUE);
}

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof(path), "%s/below/guard.sock", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__all_rows__arrive),
        cmocka_unit_test(open__a_dead_guards_socket__is_replaced),
        cmocka_unit_test(open__where_one_listens__is_refused),
        cmocka_unit_test(open__what_is_no_socket__is_left_alone),
        cmocka_unit_test(open__paths_that_cannot_be__are_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
