/* SPDX-License-Identifier: MIT */
#include "lab/build.h"

#include "lab/capture.h"
#include "conf/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOUR_QUEUE = 100 };

/* What the sim refuses though the model took it: room, or a bound that is its own. */
static enum ik_err refused(const struct ik_model *m, enum ik_err err, const struct ik_tree_node *at,
                           const char *what)
{
    if (err == IK_E_NOMEM)
        return ik_say_nomem(m->fault);
    return ik_say_place(m->fault, err, at ? at->line : 0, at ? at->column : 0,
                        "%s cannot be made: %s", ik_say_in(m->fault, what),
                        ik_say_in(m->fault, ik_err_text(err)));
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* Rows for all that share a link with the node: their two addresses and the link-local one; on a
 * large segment, where nobody speaks with all, fewer. */
static uint16_t neighbours_of(const struct ik_model *m, const struct ik_model_node *n)
{
    enum { USUAL = 64, SPARE = 16, MOST = 512 };
    size_t need = SPARE;
    for (uint8_t port = 0; port < n->n_ports; port++)
        need += (size_t)3 * (m->links[n->ports[port].link].n_ends - 1);
    return need <= USUAL ? 0 : need > MOST ? MOST : (uint16_t)need;
}

static enum ik_err add_node(struct ik_sim *sim, struct ik_model *m, uint32_t number, bool events)
{
    struct ik_model_node *n = &m->nodes[number];
    if (!n->options.neighbours_max)
        n->options.neighbours_max = neighbours_of(m, n);
    n->options.upper = number == m->vantage;
    n->options.events = events;
    n->options.settled = true; /* a lab begins in the middle of things */
    /* As many as Linux lets wait: a trace sends all its first probes at once. */
    if (!n->options.queue_max)
        n->options.queue_max = NEIGHBOUR_QUEUE;
    const struct ik_sim_node_cfg cfg = {
        .name = n->name,
        .options = &n->options,
        .ifaces = n->ifaces,
        .n_ifaces = n->n_ports,
        .routes = n->routes,
        .n_routes = n->n_routes,
        .external = m->external && number == m->vantage,
        .start = n->start,
    };
    const enum ik_err err = ik_sim_add_node(sim, &cfg, &n->sim);
    return err ? refused(m, err, n->at, n->name) : IK_OK;
}

/* ---- links ----------------------------------------------------------------------------------- */

static enum ik_err add_link(struct ik_sim *sim, struct ik_model *m, uint32_t number)
{
    struct ik_model_link *l = &m->links[number];
    struct ik_sim_end *ends = calloc(l->n_ends, sizeof(*ends));
    bool outside = false;
    if (!ends)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < l->n_ends; i++) {
        ends[i] = (struct ik_sim_end){m->nodes[l->ends[i].node].sim, l->ends[i].port};
        outside |= m->external && l->ends[i].node == m->vantage;
    }
    const struct ik_sim_link_cfg cfg = {
        .name = l->name,
        .ends = ends,
        .n_ends = (uint16_t)l->n_ends,
        .forward = l->forward.impair,
        .back = l->back.impair,
        /* The machine has addresses of its own making (link-local ones), and asks for others. */
        .resolve = l->resolve || outside,
    };
    const enum ik_err err = ik_sim_add_link(sim, &cfg, &l->sim);
    free(ends);
    return err ? refused(m, err, l->at, l->name) : IK_OK;
}

/* ---- events, traffic ------------------------------------------------------------------------- */

static enum ik_err add_event(struct ik_sim *sim, const struct ik_model *m,
                             const struct ik_model_event *e)
{
    enum ik_err err = IK_OK;
    if (e->link == IK_MODEL_NONE)
        err = ik_sim_at_restart(sim, e->when, m->nodes[e->node].sim, e->down_for);
    for (int d = 0; d < 2 && e->link != IK_MODEL_NONE && !err; d++) {
        /* A segment is told once: its senders are all one. */
        if ((e->direction == -1 || e->direction == d) && (d == 0 || m->links[e->link].n_ends == 2))
            err = ik_sim_at_link(sim, e->when, m->links[e->link].sim, d, &e->to[d]);
    }
    return err ? refused(m, err, e->at, N_("the event")) : IK_OK;
}

/* The capture that the traffic names, beside the lab file unless its path is absolute. */
static enum ik_err read_capture(struct ik_model *m, const char *folder, struct ik_model_traffic *t)
{
    char path[4096];
    struct ik_rd bytes;
    const bool absolute = t->file[0] == '/';
    const int n = snprintf(path, sizeof(path), "%s%s", absolute ? "" : folder, t->file);
    if (n < 0 || (size_t)n >= sizeof(path))
        return ik_say_at(m->fault, t->at, "the path of the capture is too long");
    enum ik_err err = ik_input_read(m->arena, path, IK_CAPTURE_BYTES_MAX, &bytes, m->fault);
    if (!err)
        err = ik_capture_read(m->arena, bytes, &t->cfg.frames, &t->cfg.n_frames, m->fault);
    if (!err)
        return IK_OK;
    char why[sizeof(m->fault->text)];
    memcpy(why, m->fault->text, sizeof(why));
    return ik_say_place(m->fault, err, t->at->line, t->at->column, "file %.150s: %.200s", t->file,
                        why);
}

static enum ik_err add_traffic(struct ik_sim *sim, struct ik_model *m, const char *folder,
                               struct ik_model_traffic *t)
{
    uint32_t number;
    enum ik_err err = t->file ? read_capture(m, folder, t) : IK_OK;
    if (err)
        return err;
    t->cfg.from = m->nodes[t->cfg.from].sim;
    err = ik_sim_add_traffic(sim, &t->cfg, &number);
    return err ? refused(m, err, t->at, N_("the traffic")) : IK_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static uint32_t longest_mtu(const struct ik_model *m)
{
    uint32_t most = 1500;
    for (uint32_t i = 0; i < m->n_links; i++)
        most = m->links[i].mtu > most ? m->links[i].mtu : most;
    return most;
}

static enum ik_err fill(struct ik_sim *sim, struct ik_model *m, const char *folder, bool events)
{
    enum ik_err err = IK_OK;
    for (uint32_t i = 0; i < m->n_nodes && !err; i++)
        if (!m->nodes[i].left_out)
            err = add_node(sim, m, i, events);
    for (uint32_t i = 0; i < m->n_links && !err; i++)
        if (!m->links[i].left_out)
            err = add_link(sim, m, i);
    for (uint32_t i = 0; i < m->n_events && !err; i++)
        err = add_event(sim, m, &m->events[i]);
    for (uint32_t i = 0; i < m->n_traffic && !err; i++)
        err = add_traffic(sim, m, folder, &m->traffic[i]);
    return err;
}

enum ik_err ik_build_sim(struct ik_sim **out, struct ik_model *m, const char *folder, bool events)
{
    enum { ETHER_BYTES = 18 }; /* header, and a VLAN tag's worth to spare */
    const struct ik_sim_cfg cfg = {
        .seed = m->seed,
        .frame_bytes = longest_mtu(m) + ETHER_BYTES,
    };
    struct ik_sim *sim;
    enum ik_err err = ik_sim_new(&sim, &cfg);
    if (err)
        return refused(m, err, NULL, N_("the simulator"));
    err = fill(sim, m, folder, events);
    if (err)
        ik_sim_free(sim);
    else
        *out = sim;
    return err;
}
