/* SPDX-License-Identifier: MIT
 * Packets of an interface as they pass. */
#include "dump.h"

#include "run.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

enum { NAMES = 64 };

struct live {
    struct ik_dump *d;
    struct ik_link *link;
    uint16_t linktype;
    /* Names of the interfaces that were seen last, by index. */
    struct {
        uint32_t index;
        char name[IF_NAMESIZE];
    } names[NAMES];
};

struct ik_link *ik_dump_live_open(const struct ik_dump *d)
{
    const struct ik_dump_opt *o = &d->plan.opt;
    const bool any = !o->interface || !strcmp(o->interface, "any");
    const struct ik_capture_cfg cfg = {.interface = o->interface,
                                       .snap_bytes = (uint32_t)o->snap,
                                       .ring_bytes = (uint32_t)o->buffer_kib * 1024,
                                       .promiscuous = !o->no_promiscuous && !any};
    struct ik_link *l = NULL;
    char safe[64];
    const enum ik_err err = ik_link_open_capture(&l, &cfg);
    if (!err)
        return l;
    const char *name = any ? "any" : o->interface;
    ik_text_escape((struct ik_rd){(const uint8_t *)name, strlen(name)}, safe, sizeof safe);
    if (err == IK_E_ACCESS)
        ik_run_say_refused("dump", _("capturing"));
    else if (err == IK_E_IFACE)
        ik_run_say("dump", _("no interface '%s', or it is down; 'icmp dump -D' lists them"), safe);
    else
        ik_run_say("dump", _("cannot capture on %s: %s"), safe, ik_lang_err(err));
    return NULL;
}

/* What the kernel can leave out at once. Nothing that may be ICMP, in a tunnel or a fragment. */
static enum ik_err start(struct live *l)
{
    char text[IK_DUMP_FILTER + 32], why[IK_CAPFILTER_TEXT];
    const char *filter = l->d->plan.filter;
    struct ik_capfilter *f = NULL;
    const struct sock_filter *program = NULL;
    size_t n = 0;
    snprintf(text, sizeof text, filter[0] ? "(icmp or icmp6) and (%s)" : "icmp or icmp6%s", filter);
    if (!ik_capfilter_open(&f, text, false, why) &&
        ik_capfilter_kernel(f, l->linktype, &program, &n))
        n = 0; /* none: all comes up, and is judged here */
    const enum ik_err err = ik_link_capture_start(l->link, program, n);
    ik_capfilter_close(f);
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

static void take(struct live *l, const struct ik_event *e)
{
    struct ik_dump *d = l->d;
    switch (e->kind) {
    case IK_EV_FRAME: {
        const struct ik_look_frame f = {.n = ++d->frames,
                                        .time = e->captured.real,
                                        .bytes = e->frame.bytes,
                                        .wire_bytes = e->captured.wire_bytes,
                                        .linktype = l->linktype,
                                        .interface = name_of(l, e->frame.meta.ifindex),
                                        .checksum_left = e->captured.checksum_left};
        ik_dump_frame(d, &f);
        break;
    }
    case IK_EV_DOWN:
        ik_run_say("dump", _("the interface went down"));
        d->failed = d->stop = true;
        break;
    default: /* what was dropped is asked for at the end */
        break;
    }
}

static size_t take_batch(struct live *l)
{
    struct ik_event events[IK_BATCH];
    const size_t n = l->link->ops->rx(l->link, ik_clock_now(), events, IK_BATCH);
    for (size_t i = 0; i < n && !l->d->stop; i++)
        take(l, &events[i]);
    l->d->dropped = ik_link_capture_stats(l->link).dropped;
    return n;
}

/* Those that were there when the end was asked for are still told. */
static void drain(struct live *l)
{
    ik_link_capture_stop(l->link);
    if (!l->d->interrupted)
        return;
    l->d->stop = false;
    while (take_batch(l) && !l->d->stop)
        ;
    l->d->stop = true;
}

void ik_dump_live(struct ik_dump *d, struct ik_link *capture)
{
    struct live l = {.d = d, .link = capture, .linktype = ik_link_linktype(capture)};
    const enum ik_err err = start(&l);
    if (err) {
        ik_run_say("dump", _("cannot capture: %s"), ik_lang_err(err));
        d->failed = true;
        return;
    }
    ik_run_say("dump", _("listening on %s, link type %s"),
               d->plan.opt.interface ? d->plan.opt.interface : "any", ik_linktype_name(l.linktype));
    while (!d->stop) {
        if (take_batch(&l))
            ik_dump_poll(d);
        else
            (void)ik_dump_wait(d, capture->ops->fd(capture), IK_NEVER);
    }
    drain(&l);
}

/* ---- the list -------------------------------------------------------------------------------- */

static void print_interface(void *ctx, const struct ik_iface *i)
{
    unsigned *n = ctx;
    char safe[64];
    const struct ik_rd name = {(const uint8_t *)i->name, strlen(i->name)};
    printf("%u.%s%s%s%s\n", ++*n, ik_text_escape(name, safe, sizeof safe),
           i->up ? " [Up" : " [Down", i->running ? ", Running" : "",
           i->loopback ? ", Loopback]" : "]");
}

int ik_dump_live_list(void)
{
    unsigned n = 0;
    const enum ik_err err = ik_iface_each(print_interface, &n);
    if (err) {
        ik_run_say("dump", _("cannot list the interfaces: %s"), ik_lang_err(err));
        return 2;
    }
    printf("%u.any [all of them]\n", n + 1);
    return ik_run_printed("dump");
}
