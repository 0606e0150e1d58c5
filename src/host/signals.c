/* SPDX-License-Identifier: MIT
 * Signals as a source: they are blocked, and read from a descriptor, so that nothing ever runs
 * between two instructions of ours. */
#include <icmpkit/host.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct ik_signals {
    struct ik_source source; /* first: ready() gets back from it */
    void (*fn)(void *ctx, int signo, struct ik_now now);
    void *ctx;
    sigset_t wanted, mask_before;
    struct sigaction pipe_before;
};

static void signals_ready(struct ik_source *source, struct ik_now now)
{
    struct ik_signals *s = (struct ik_signals *)source;
    struct signalfd_siginfo info;
    for (;;) {
        const ssize_t n = read(source->fd, &info, sizeof(info));
        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof(info))
            return;
        if (s->fn)
            s->fn(s->ctx, (int)info.ssi_signo, now);
    }
}

/* A blocked signal waits though it is ignored; so a ping that a script put in the background, where
 * shells ignore SIGINT, still ends with its summary on `kill -INT`, as that of iputils does. */
enum ik_err ik_signals_open(struct ik_signals **out)
{
    struct ik_signals *s = calloc(1, sizeof(*s));
    if (!s)
        return IK_E_NOMEM;
    sigemptyset(&s->wanted);
    sigaddset(&s->wanted, SIGINT);
    sigaddset(&s->wanted, SIGTERM);
    sigaddset(&s->wanted, SIGQUIT);
    s->source = (struct ik_source){.ready = signals_ready};
    s->source.fd = signalfd(-1, &s->wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    if (s->source.fd < 0)
        goto fail;
    if (pthread_sigmask(SIG_BLOCK, &s->wanted, &s->mask_before))
        goto fail_fd;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, &s->pipe_before))
        goto fail_mask;
    *out = s;
    return IK_OK;
fail_mask:
    pthread_sigmask(SIG_SETMASK, &s->mask_before, NULL);
fail_fd:
    close(s->source.fd);
fail:
    free(s);
    return IK_E_SYSTEM;
}

enum ik_err ik_signals_also(struct ik_signals *s, int signo)
{
    sigaddset(&s->wanted, signo);
    if (pthread_sigmask(SIG_BLOCK, &s->wanted, NULL) || signalfd(s->source.fd, &s->wanted, 0) < 0)
        return IK_E_SYSTEM;
    return IK_OK;
}

struct ik_source *ik_signals_source(struct ik_signals *s)
{
    return &s->source;
}

void ik_signals_on(struct ik_signals *s, void (*fn)(void *ctx, int signo, struct ik_now now),
                   void *ctx)
{
    s->fn = fn;
    s->ctx = ctx;
}

void ik_signals_close(struct ik_signals *s)
{
    if (!s)
        return;
    sigaction(SIGPIPE, &s->pipe_before, NULL);
    pthread_sigmask(SIG_SETMASK, &s->mask_before, NULL);
    close(s->source.fd);
    free(s);
}
