/* SPDX-License-Identifier: MIT */
#include <icmpkit/host.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct seen {
    int signo[8], n;
    struct ik_now now;
};

static void note(void *ctx, int signo, struct ik_now now)
{
    struct seen *seen = ctx;
    seen->signo[seen->n++] = signo;
    seen->now = now;
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void source__signals_arrive__each_is_told_once(void **state)
{
    (void)state;
    struct ik_signals *s;
    struct seen seen = {.n = 0};
    const struct ik_now now = {.mono = 5, .real = 7};
    assert_int_equal(ik_signals_open(&s), IK_OK);
    struct ik_source *source = ik_signals_source(s);
    ik_signals_on(s, note, &seen);
    assert_false(readable(source->fd));
    assert_int_equal(raise(SIGQUIT), 0);
    assert_int_equal(raise(SIGINT), 0);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(seen.n, 0); /* nothing runs before ready() */
    assert_true(readable(source->fd));
    source->ready(source, now);
    assert_int_equal(seen.n, 3);
    int sum = 0;
    for (int i = 0; i < seen.n; i++)
        sum += seen.signo[i];
    assert_int_equal(sum, SIGQUIT + SIGINT + SIGTERM);
    assert_int_equal(seen.now.mono, 5);
    assert_false(readable(source->fd));
    source->ready(source, now); /* nothing there: does not wait */
    assert_int_equal(seen.n, 3);
    ik_signals_close(s);
}

static void also__another_signal__comes_the_same_way_and_only_then(void **state)
{
    (void)state;
    struct ik_signals *s;
    struct seen seen = {.n = 0};
    assert_int_equal(ik_signals_open(&s), IK_OK);
    struct ik_source *source = ik_signals_source(s);
    ik_signals_on(s, note, &seen);
    assert_int_equal(ik_signals_also(s, SIGHUP), IK_OK);
    assert_int_equal(raise(SIGHUP), 0);
    assert_true(readable(source->fd));
    source->ready(source, (struct ik_now){0, 0});
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.signo[0], SIGHUP);
    ik_signals_close(s);
    sigset_t mask;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    assert_false(sigismember(&mask, SIGHUP));
}

static void source__ignored_before__is_told_still(void **state)
{
    (void)state;
    /* A shell ignores SIGINT for what a script puts in the background. */
    struct ik_signals *s;
    struct seen seen = {.n = 0};
    signal(SIGINT, SIG_IGN);
    assert_int_equal(ik_signals_open(&s), IK_OK);
    ik_signals_on(s, note, &seen);
    assert_int_equal(raise(SIGINT), 0);
    ik_signals_source(s)->ready(ik_signals_source(s), (struct ik_now){0});
    assert_int_equal(seen.n, 1);
    ik_signals_close(s);
    signal(SIGINT, SIG_DFL);
}

static void pipe__closed_reader__is_an_error_not_a_death(void **state)
{
    (void)state;
    struct ik_signals *s;
    int fd[2];
    assert_int_equal(ik_signals_open(&s), IK_OK);
    assert_int_equal(pipe(fd), 0);
    close(fd[0]);
    assert_int_equal(write(fd[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    close(fd[1]);
    ik_signals_close(s);
}

static void close__afterwards__signals_act_as_before(void **state)
{
    (void)state;
    struct ik_signals *s;
    assert_int_equal(ik_signals_open(&s), IK_OK);
    ik_signals_close(s);
    struct sigaction pipe_action;
    assert_int_equal(sigaction(SIGPIPE, NULL, &pipe_action), 0);
    assert_true(pipe_action.sa_handler == SIG_DFL);
    const pid_t child = fork();
    if (child == 0) {
        raise(SIGTERM);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    ik_signals_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source__signals_arrive__each_is_told_once),
        cmocka_unit_test(also__another_signal__comes_the_same_way_and_only_then),
        cmocka_unit_test(source__ignored_before__is_told_still),
        cmocka_unit_test(pipe__closed_reader__is_an_error_not_a_death),
        cmocka_unit_test(close__afterwards__signals_act_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
