/* SPDX-License-Identifier: MIT
 * Frames of an interface as they pass. */
#include "frames.h"

#include "run.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

enum { NAMES = 64 };
#define REST (IK_NS_PER_S / 10)

struct live {
    struct ik_frames *f;
    struct ik_link *link;
    uint16_t linktype;
    /* Names of the interfaces that were seen last, by index. */
    struct {
        uint32_t index;
        char name[IF_NAMESIZE];
    } names[NAMES];
};

bool ik_frames_open_live(struct ik_frames *f)
{
    const char *verb = f->cfg.verb, *name = f->cfg.capture.interface;
    char safe[64];
    const enum ik_err err = ik_link_open_capture(&f->capture, &f->cfg.capture);
    if (!err)
        return true;
    if (!name)
        name = "any";
    ik_text_escape((struct ik_rd){(const uint8_t *)name, strlen(name)}, safe, sizeof safe);
    if (err == IK_E_ACCESS)
        ik_run_say_root(verb, _("capturing"));
    else if (err == IK_E_IFACE)
        ik_run_say(verb, _("no interface '%s', or it is down; 'icmp dump -D' lists them"), safe);
    else
        ik_run_say(verb, _("cannot capture on %s: %s"), safe, ik_lang_err(err));
    return false;
}

/* What the kernel can leave out at once. */
static enum ik_err start(struct live *l)
{
    char why[IK_CAPFILTER_TEXT];
    const char *wanted = l->f->cfg.wanted;
    struct ik_capfilter *filter = NULL;
    const struct sock_filter *program = NULL;
    size_t n = 0;
    if (wanted && !ik_capfilter_open(&filter, wanted, false, why) &&
        ik_capfilter_kernel(filter, l->linktype, &program, &n))
        n = 0; /* none: all comes up, and is judged by the verb */
    const enum ik_err err = ik_link_capture_start(l->link, program, n);
    ik_capfilter_close(filter);
    return err;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static const char *name_of(struct live *l, uint32_t index)
{
    if (!index)
        return NULL;
    char *name = l->names[index % NAMES].name;
    if (l->names[index % NAMES].index == index)
        return name;
    l->names[index % NAMES].index = index;
    if (ik_iface_name(index, name))
        snprintf(name, IF_NAMESIZE, "if%u", index); /* it went, and its frames are still here */
    return name;
}

static struct ik_look_frame frame_of(struct live *l, const struct ik_event *e)
{
    return (struct ik_look_frame){.time = e->captured.real,
                                  .bytes = e->frame.bytes,
                                  .wire_bytes = e->captured.wire_bytes,
                                  .linktype = l->linktype,
                                  .interface = name_of(l, e->frame.meta.ifindex),
                                  .checksum_left = e->captured.checksum_left,
                                  .way = e->captured.outgoing ? IK_LOOK_WAY_OUT : IK_LOOK_WAY_IN};
}

/* Hands over the frames that events[0] begins. Returns how many events that took. */
static size_t take_frames(struct live *l, const struct ik_event *events, size_t n)
{
    struct ik_look_frame frames[IK_FRAMES_TOGETHER];
    size_t i = 0;
    for (; i < n && i < IK_FRAMES_TOGETHER && events[i].kind == IK_EV_FRAME; i++)
        frames[i] = frame_of(l, &events[i]);
    ik_frames_put(l->f, frames, i);
    return i;
}

static size_t take(struct live *l, const struct ik_event *events, size_t n)
{
    if (events->kind == IK_EV_FRAME)
        return take_frames(l, events, n);
    if (events->kind == IK_EV_DOWN) {
        ik_run_say(l->f->cfg.verb, _("the interface went down"));
        l->f->failed = l->f->stop = true;
    } /* what was dropped is asked for at the end */
    return 1;
}

static size_t take_batch(struct live *l)
{
    struct ik_event events[IK_BATCH];
    const size_t n = l->link->ops->rx(l->link, ik_clock_now(), events, IK_BATCH);
    for (size_t i = 0; i < n && !l->f->stop;)
        i += take(l, &events[i], n - i);
    l->f->dropped = ik_link_capture_stats(l->link).dropped;
    return n;
}

/* Those that were there when the end was asked for are still told. */
static void drain(struct live *l)
{
    ik_link_capture_stop(l->link);
    if (!l->f->interrupted)
        return;
    l->f->stop = false;
    while (take_batch(l) && !l->f->stop)
        ;
    l->f->stop = true;
}

/* How long until the link has what its descriptor does not tell of. */
static ik_ns until_next(const struct ik_link *link)
{
    const ik_ns next = link->ops->next(link), now = ik_clock_now().mono;
    return next == IK_NEVER ? IK_NEVER : next > now ? next - now : 0;
}

/* A flood that leaves no time to wait must not keep what was found from being told. */
static ik_ns see_to_rest(struct ik_frames *f, ik_ns rested)
{
    const ik_ns now = ik_clock_now().mono;
    if (now - rested < REST || f->stop)
        return rested;
    (void)f->cfg.idle(f->cfg.ctx);
    return now;
}

void ik_frames_run_live(struct ik_frames *f)
{
    struct live l = {.f = f, .link = f->capture, .linktype = ik_link_linktype(f->capture)};
    const enum ik_err err = start(&l);
    if (err) {
        ik_run_say(f->cfg.verb, _("cannot capture: %s"), ik_lang_err(err));
        f->failed = true;
        return;
    }
    ik_run_say(f->cfg.verb, _("listening on %s, link type %s"),
               f->cfg.capture.interface ? f->cfg.capture.interface : "any",
               ik_linktype_name(l.linktype));
    ik_ns rested = ik_clock_now().mono;
    while (!f->stop) {
        if (take_batch(&l))
            ik_frames_poll(f);
        else
            (void)ik_frames_wait(f, f->capture->ops->fd(f->capture), until_next(f->capture));
        rested = see_to_rest(f, rested);
    }
    drain(&l);
}
