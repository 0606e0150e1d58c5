/* SPDX-License-Identifier: MIT
 * What passes the vantage of a lab, in virtual time. */
#include "guard.h"

#include "run.h"

#include <icmpkit/lab.h>

#include <string.h>

/* Virtual time between two looks at signals; and after the traffic, for answers to it. */
#define STEP (IK_NS_PER_S / 10)
#define AFTER (5 * IK_NS_PER_S)

static void on_pass(void *ctx, uint32_t node, uint8_t port, bool out, ik_ns at, struct ik_rd frame)
{
    struct ik_guard *g = ctx;
    struct ik_lab *lab = ik_runlab_lab(g->lab);
    struct ik_lab_vantage vantage;
    ik_lab_vantage(lab, &vantage);
    if (g->from.stop || strcmp(ik_sim_node_name(ik_lab_sim(lab), node), vantage.name) != 0)
        return;
    char name[8];
    snprintf(name, sizeof name, "eth%u", port);
    struct ik_look_frame f = {.time = at,
                              .bytes = frame,
                              .wire_bytes = (uint32_t)frame.left,
                              .linktype = IK_LINKTYPE_ETHERNET,
                              .interface = name,
                              .way = out ? IK_LOOK_WAY_OUT : IK_LOOK_WAY_IN};
    ik_frames_put(&g->from, &f, 1);
}

bool ik_guard_lab_open(struct ik_guard *g)
{
    if (!ik_runlab_open(&g->lab, "guard", &g->opt.lab, NULL, NULL))
        return false;
    struct ik_lab *lab = ik_runlab_lab(g->lab);
    const ik_ns over = ik_sim_traffic_end(ik_lab_sim(lab));
    if (over == IK_NEVER && g->opt.run_for == IK_NEVER) {
        ik_run_say("guard", _("the lab's traffic never stops: add --for TIME"));
        return false;
    }
    g->own.lab = lab;
    g->end = g->opt.run_for != IK_NEVER ? g->opt.run_for : over + AFTER;
    return true;
}

void ik_guard_lab_run(struct ik_guard *g)
{
    struct ik_sim *sim = ik_lab_sim(ik_runlab_lab(g->lab));
    const struct ik_sim_watch watch = {.on_pass = on_pass, .ctx = g};
    ik_sim_watch(sim, &watch);
    for (ik_ns now = 0; now < g->end && !g->from.stop;) {
        now = g->end - now > STEP ? now + STEP : g->end;
        ik_sim_run(sim, now);
        ik_frames_poll(&g->from);
        (void)g->from.cfg.idle(g);
    }
}
