/* SPDX-License-Identifier: MIT
 * The place at an interface: who holds it, who gives it up, and to whom. */
#include "daemon/post.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* Of no interface, and of this run alone. */
static uint32_t place(void)
{
    return UINT32_C(3000000000) + (uint32_t)getpid();
}

/* Holds the place in a process of its own, and answers one who asks, for five seconds at most. */
enum manner { WORKS, LINGERS, DIES };

static pid_t hold(enum manner how)
{
    int fd, asker = -1;
    assert_int_equal(ik_post_take(&fd, place()), IK_OK);
    assert_true(fd >= 0);
    const pid_t pid = fork();
    if (pid == 0) {
        struct pollfd wait = {fd, POLLIN, 0};
        if (poll(&wait, 1, 5000) == 1 && how != DIES && ik_post_answer(fd, how == LINGERS, &asker))
            ik_post_leave(fd, asker);
        _exit(0);
    }
    close(fd);
    return pid;
}

static void take__one_at_work__stays(void **state)
{
    (void)state;
    int fd;
    const pid_t pid = hold(WORKS);
    assert_int_equal(ik_post_take(&fd, place()), IK_E_EXISTS);
    assert_int_equal(fd, -1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void take__one_that_lingers__goes(void **state)
{
    (void)state;
    int fd;
    const pid_t pid = hold(LINGERS);
    assert_int_equal(ik_post_take(&fd, place()), IK_OK);
    assert_true(fd >= 0); /* the name was free before it was told so */
    ik_post_leave(fd, -1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void take__one_that_ends_without_a_word__has_gone(void **state)
{
    (void)state;
    int fd;
    const pid_t pid = hold(DIES);
    assert_int_equal(ik_post_take(&fd, place()), IK_OK);
    assert_true(fd >= 0);
    ik_post_leave(fd, -1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Bound, never listening: nobody can be asked, and nothing be waited for. */
static void take__the_name_is_somebody_elses__goes_without(void **state)
{
    (void)state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int n = snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "icmpkit-guard-xdp-%u",
                           (unsigned)place());
    const int other = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int fd;
    assert_int_equal(bind(other, (const struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)),
                     0);
    assert_int_equal(ik_post_take(&fd, place()), IK_OK);
    assert_int_equal(fd, -1);
    ik_post_leave(fd, -1);
    close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__one_at_work__stays),
        cmocka_unit_test(take__one_that_lingers__goes),
        cmocka_unit_test(take__one_that_ends_without_a_word__has_gone),
        cmocka_unit_test(take__the_name_is_somebody_elses__goes_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
