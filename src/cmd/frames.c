/* SPDX-License-Identifier: MIT
 * What frames of files and of interfaces share: privileges, signals, waiting. */
#include "frames.h"

#include "lang.h"
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

bool ik_frames_open(struct ik_frames *f, const struct ik_frames_cfg *cfg)
{
    *f = (struct ik_frames){.cfg = *cfg, .dropped = UINT64_MAX, .last = IK_NEVER};
    return cfg->read ? ik_frames_open_file(f) : ik_frames_open_live(f);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void on_signal(void *ctx, int signo, struct ik_now now)
{
    struct ik_frames *f = ctx;
    (void)now;
    if (signo == SIGQUIT)
        f->cfg.status(f->cfg.ctx);
    else if (signo == SIGHUP)
        f->cfg.hangup(f->cfg.ctx);
    else
        f->stop = f->interrupted = true;
}

bool ik_frames_start(struct ik_frames *f)
{
    enum ik_err err = ik_priv_drop();
    if (err) {
        ik_run_say(f->cfg.verb, _("cannot give up privileges: %s"), ik_lang_err(err));
        return false;
    }
    err = ik_signals_open(&f->signals);
    if (!err && f->cfg.hangup)
        err = ik_signals_also(f->signals, SIGHUP);
    if (err) {
        ik_run_say(f->cfg.verb, _("cannot start: %s"), ik_lang_err(err));
        return false;
    }
    ik_signals_on(f->signals, on_signal, f);
    return true;
}

void ik_frames_poll(struct ik_frames *f)
{
    struct ik_source *s = ik_signals_source(f->signals);
    s->ready(s, (struct ik_now){0, 0});
    for (size_t i = 0; i < sizeof f->also / sizeof *f->also; i++) {
        if (f->also[i])
            f->also[i]->ready(f->also[i], ik_clock_now());
    }
}

bool ik_frames_wait(struct ik_frames *f, int fd, ik_ns at_most)
{
    const ik_ns again = f->cfg.idle(f->cfg.ctx);
    const ik_ns wait = again < at_most ? again : at_most;
    if (f->stop)
        return false;
    struct ik_source *s = ik_signals_source(f->signals);
    struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN},
                           {.fd = fd, .events = POLLIN},
                           {.fd = f->also[0] ? f->also[0]->fd : -1, .events = POLLIN},
                           {.fd = f->also[1] ? f->also[1]->fd : -1, .events = POLLIN}};
    const struct timespec ts = {.tv_sec = wait == IK_NEVER ? 0 : wait / IK_NS_PER_S,
                                .tv_nsec = wait == IK_NEVER ? 0 : wait % IK_NS_PER_S};
    if (ppoll(fds, sizeof fds / sizeof *fds, wait == IK_NEVER ? NULL : &ts, NULL) < 0 &&
        errno != EINTR) {
        ik_run_say(f->cfg.verb, _("cannot wait: %s"), ik_lang_errno(errno));
        f->failed = f->stop = true;
    }
    ik_frames_poll(f);
    return !f->stop;
}

/* ---- frames ---------------------------------------------------------------------------------- */

void ik_frames_put(struct ik_frames *f, struct ik_look_frame *frames, size_t n)
{
    for (size_t i = 0; i < n; i++)
        frames[i].n = f->n + i + 1;
    const size_t taken = f->cfg.frames(f->cfg.ctx, frames, n);
    for (size_t i = 0; i < taken; i++) {
        if (frames[i].time != IK_NEVER)
            f->last = frames[i].time;
    }
    f->n += taken;
}

void ik_frames_run(struct ik_frames *f)
{
    if (f->file)
        ik_frames_run_file(f);
    else
        ik_frames_run_live(f);
}

void ik_frames_close(struct ik_frames *f)
{
    ik_signals_close(f->signals);
    ik_capread_close(f->file);
    if (f->capture)
        f->capture->ops->close(f->capture);
}
