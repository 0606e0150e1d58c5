/* SPDX-License-Identifier: MIT
 * Nodes: driven through the engine contract alone, up, down and up again. */
#include "sim/sim_int.h"
#include "sim/tell.h"

#include <string.h>

enum { ETHER = 14 };

/* ---- adding ---------------------------------------------------------------------------------- */

static enum ik_err check(const struct ik_sim *sim, const struct ik_sim_node_cfg *cfg)
{
    if (cfg->n_ifaces > IK_STACK_IFACES_MAX || (cfg->n_ifaces && !cfg->ifaces) || cfg->start < 0)
        return IK_E_VALUE;
    for (uint8_t i = 0; i < cfg->n_ifaces; i++)
        if (cfg->ifaces[i].mtu > sim->cfg.frame_bytes - ETHER)
            return IK_E_VALUE;
    if (!cfg->external)
        return IK_OK;
    if (sim->external != IK_SIM_NONE)
        return IK_E_EXISTS;
    return cfg->n_ifaces == 1 ? IK_OK : IK_E_VALUE;
}

static enum ik_err reserve(struct ik_sim *sim, uint8_t ports)
{
    enum ik_err err =
        ik_sim_grow((void **)&sim->nodes, &sim->cap_nodes, sim->n_nodes, sizeof(*sim->nodes));
    for (uint32_t i = 0; !err && i < ports; i++)
        err = ik_sim_grow((void **)&sim->ports, &sim->cap_ports, sim->n_ports + i,
                          sizeof(*sim->ports));
    return err ? err : ik_due_reserve_ids(&sim->alarms, sim->n_nodes + 1);
}

static void wake_at(struct ik_sim *sim, uint32_t node, ik_ns at)
{
    if (at != ik_due_at(&sim->alarms, node))
        ik_due_set(&sim->alarms, at, ik_sim_order(sim), node);
}

/* ---- up and down ----------------------------------------------------------------------------- */

static struct ik_sim_end peer_of(const struct ik_sim *sim, uint32_t channel)
{
    const struct ik_channel *c = &sim->channels[channel];
    return sim->ends[sim->links[c->link].first_end + 1 - c->end];
}

static bool has_family(const struct ik_stack_iface *iface, uint8_t family)
{
    for (uint8_t i = 0; i < iface->n_addrs; i++)
        if (iface->addrs[i].addr.family == family)
            return true;
    return false;
}

struct ik_addr ik_simnode_link_local(const struct ik_stack_iface *iface)
{
    const uint8_t *m = iface->mac;
    return (struct ik_addr){.family = 6,
                            .bytes = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 2, m[1], m[2], 0xff,
                                      0xfe, m[3], m[4], m[5]}};
}

void ik_simnode_introduce(struct ik_sim *sim, uint32_t node, uint8_t port)
{
    struct ik_simnode *n = &sim->nodes[node];
    const uint32_t channel = sim->ports[n->first_port + port];
    if (!n->engine || !n->ops->neighbour || channel == IK_SIM_NONE)
        return;
    const struct ik_simlink *link = &sim->links[sim->channels[channel].link];
    if (link->n_ends != 2 || link->resolve)
        return;
    const struct ik_sim_end end = peer_of(sim, channel);
    const struct ik_stack_iface *peer = &sim->nodes[end.node].ifaces[end.port];
    for (uint8_t i = 0; i < peer->n_addrs; i++)
        n->ops->neighbour(n, port, &peer->addrs[i].addr, peer->mac);
    const struct ik_addr link_local = ik_simnode_link_local(peer);
    if (has_family(peer, 6))
        n->ops->neighbour(n, port, &link_local, peer->mac);
    /* Whoever a route names as next hop can only be the other end. */
    for (uint32_t i = 0; i < n->n_routes; i++)
        if (n->routes[i].kind == IK_STACK_ROUTE_VIA && n->routes[i].port == port &&
            n->routes[i].via.family)
            n->ops->neighbour(n, port, &n->routes[i].via, peer->mac);
}

void ik_simnode_carrier(struct ik_sim *sim, uint32_t node, uint8_t port, bool up)
{
    struct ik_simnode *n = &sim->nodes[node];
    if (n->engine && n->ops->iface_up)
        n->ops->iface_up(n, sim->now, port, up);
    if (n->engine)
        wake_at(sim, node, sim->now.mono);
}

static void come_up(struct ik_sim *sim, uint32_t node)
{
    struct ik_simnode *n = &sim->nodes[node];
    n->engine = n->ops->up(sim, n);
    if (!n->engine)
        return;
    n->lives++;
    if (n->lives > 1 && n->speaks && sim->watch.on_event)
        ik_tell_node_state(sim, n, "is up again, and remembers nothing");
    for (uint8_t port = 0; port < n->n_ifaces; port++) {
        const uint32_t channel = sim->ports[n->first_port + port];
        ik_simnode_introduce(sim, node, port);
        if (channel != IK_SIM_NONE && !sim->links[sim->channels[channel].link].carrier)
            ik_simnode_carrier(sim, node, port, false);
    }
}

enum ik_err ik_simnode_add(struct ik_sim *sim, const struct ik_sim_node_cfg *cfg,
                           const struct ik_simnode_ops *ops, void *mem, uint32_t *node)
{
    enum ik_err err = check(sim, cfg);
    if (!err)
        err = reserve(sim, cfg->n_ifaces);
    if (err)
        return err;
    const uint32_t at = sim->n_nodes++;
    sim->nodes[at] = (struct ik_simnode){
        .ops = ops,
        .self = mem,
        .mem = mem,
        .name = cfg->name,
        .options = cfg->options,
        .ifaces = cfg->ifaces,
        .n_ifaces = cfg->n_ifaces,
        .routes = cfg->routes,
        .n_routes = cfg->n_routes,
        .first_port = sim->n_ports,
        .external = cfg->external,
        .speaks = !cfg->options || cfg->options->events,
        .congests = !cfg->options || cfg->options->quench_send,
    };
    for (uint8_t i = 0; i < cfg->n_ifaces; i++)
        sim->ports[sim->n_ports++] = IK_SIM_NONE;
    if (cfg->external)
        sim->external = at;
    else
        wake_at(sim, at, cfg->start > sim->now.mono ? cfg->start : sim->now.mono);
    /* Its first call, which starts it, is that of the alarm. */
    if (!cfg->external && cfg->start <= sim->now.mono)
        come_up(sim, at);
    *node = at;
    return IK_OK;
}

void ik_simnode_restart(struct ik_sim *sim, uint32_t node, ik_ns down_for)
{
    struct ik_simnode *n = &sim->nodes[node];
    if (n->engine && n->ops->down)
        n->ops->down(n);
    n->engine = NULL;
    if (n->speaks && sim->watch.on_event)
        ik_tell_node_state(sim, n, "goes down");
    wake_at(sim, node, down_for == IK_NEVER ? IK_NEVER : sim->now.mono + down_for);
}

/* ---- driving --------------------------------------------------------------------------------- */

static void tell(struct ik_sim *sim, struct ik_simnode *n)
{
    if (!n->speaks)
        return;
    const struct ik_record *rec;
    while ((rec = n->engine->ops->record(n->engine))) {
        if (!sim->watch.on_event || rec->kind != IK_REC_event)
            continue;
        struct ik_record named = *rec;
        named.event.node = n->name;
        sim->watch.on_event(sim->watch.ctx, &named);
    }
}

/* Hands frames to links and user. Those that a full queue refused are kept in `full`, because the
 * node may be told of them only when this batch is settled. */
static void send(struct ik_sim *sim, uint32_t node, size_t frames, struct ik_flight_queue *full)
{
    for (size_t i = 0; i < frames; i++) {
        const struct ik_frame *f = &sim->frames[i];
        if (f->port == IK_STACK_UPPER) {
            ik_vantage_deliver(sim, node, f);
            continue;
        }
        if (f->key)
            ik_vantage_left(sim, node, f->key);
        if (ik_simlink_send(sim, node, f->port, f->bytes) || !sim->nodes[node].congests)
            continue;
        const uint32_t slot = ik_flight_take(&sim->flights, f->bytes);
        if (slot == IK_FLIGHT_NONE)
            continue;
        ik_flight_of(&sim->flights, slot)->channel = f->port;
        ik_flight_queue_put(&sim->flights, full, slot);
    }
}

static void congested(struct ik_sim *sim, struct ik_simnode *n, struct ik_flight_queue *full)
{
    uint32_t slot;
    while ((slot = ik_flight_queue_take(&sim->flights, full)) != IK_FLIGHT_NONE) {
        if (n->ops->congested)
            n->ops->congested(n, sim->now, (uint8_t)ik_flight_of(&sim->flights, slot)->channel,
                              ik_flight_rd(&sim->flights, slot));
        ik_flight_give(&sim->flights, slot);
    }
}

/* Takes what the node would send until it has nothing more, then waits for its deadline. A batch
 * that was not full is the last, unless the deadline says that there is more to do at once. */
static void drive(struct ik_sim *sim, uint32_t node)
{
    struct ik_simnode *n = &sim->nodes[node];
    struct ik_engine *e = n->engine;
    size_t frames;
    ik_ns at;
    do {
        frames = e->ops->output(e, sim->now, sim->frames, IK_BATCH);
        tell(sim, n);
        if (frames) {
            struct ik_flight_queue full;
            ik_flight_queue_init(&full);
            send(sim, node, frames, &full);
            e->ops->accepted(e, sim->now, frames);
            if (full.n)
                congested(sim, n, &full);
            tell(sim, n);
        }
        at = e->ops->deadline(e);
    } while (frames == IK_BATCH || (frames && at <= sim->now.mono));
    /* An instant that has passed means "at once"; time goes on all the same. */
    wake_at(sim, node, at > sim->now.mono ? at : sim->now.mono + 1);
}

void ik_simnode_input(struct ik_sim *sim, uint32_t node, uint8_t port, size_t n)
{
    struct ik_simnode *to = &sim->nodes[node];
    if (to->external) {
        for (size_t i = 0; i < n; i++)
            ik_outside_deliver(sim, sim->events[i].frame.bytes);
        return;
    }
    if (!to->engine) {
        for (size_t i = 0; to->speaks && sim->watch.on_event && i < n; i++)
            ik_tell_node_down(sim, to, port, sim->events[i].frame.bytes);
        return;
    }
    size_t kept = n;
    if (to->watched) {
        kept = 0;
        for (size_t i = 0; i < n; i++)
            if (!ik_traffic_look(sim, node, sim->events[i].frame.bytes))
                sim->events[kept++].frame.bytes = sim->events[i].frame.bytes;
    }
    if (!kept)
        return;
    to->engine->ops->input(to->engine, sim->now, port, sim->events, kept);
    tell(sim, to);
    drive(sim, node);
}

/* sim->upper to the node. */
static void hand_down(struct ik_sim *sim, uint32_t node)
{
    struct ik_simnode *n = &sim->nodes[node];
    if (!n->engine)
        return;
    sim->upper.at.mono = sim->now.mono;
    n->engine->ops->input(n->engine, sim->now, IK_STACK_UPPER, &sim->upper, 1);
    tell(sim, n);
    drive(sim, node);
}

void ik_simnode_upper(struct ik_sim *sim, uint32_t node, const struct ik_frame *frame)
{
    sim->upper.frame = *frame;
    sim->upper.frame.port = IK_STACK_UPPER;
    hand_down(sim, node);
}

void ik_simnode_packet(struct ik_sim *sim, uint32_t node, struct ik_rd packet)
{
    struct ik_frame *f = &sim->upper.frame;
    f->medium = IK_MEDIUM_IP;
    f->key = 0;
    f->port = IK_STACK_UPPER;
    f->bytes = packet;
    f->meta = (struct ik_meta){0};
    hand_down(sim, node);
}

bool ik_simnode_holds(const struct ik_sim *sim, uint32_t node, uint32_t key)
{
    const struct ik_simnode *n = &sim->nodes[node];
    return n->engine && n->ops->holds && n->ops->holds(n, key);
}

void ik_simnode_due(struct ik_sim *sim, uint32_t node)
{
    ik_due_pop(&sim->alarms);
    if (!sim->nodes[node].engine)
        come_up(sim, node);
    if (sim->nodes[node].engine)
        drive(sim, node);
}

bool ik_simnode_owns(const struct ik_simnode *node, const struct ik_addr *addr)
{
    for (uint8_t i = 0; i < node->n_ifaces; i++)
        for (uint8_t k = 0; k < node->ifaces[i].n_addrs; k++)
            if (ik_addr_same_host(&node->ifaces[i].addrs[k].addr, addr))
                return true;
    for (uint16_t i = 0; node->options && i < node->options->n_prefixes; i++)
        if (ik_prefix_contains(&node->options->prefixes[i], addr))
            return true;
    return false;
}

/* ---- looking --------------------------------------------------------------------------------- */

const char *ik_sim_node_name(const struct ik_sim *sim, uint32_t node)
{
    return sim->nodes[node].name;
}

enum ik_err ik_sim_at_restart(struct ik_sim *sim, ik_ns at, uint32_t node, ik_ns down_for)
{
    if (node >= sim->n_nodes || sim->nodes[node].external || at < sim->now.mono || down_for < 0)
        return IK_E_VALUE;
    uint32_t id;
    const struct ik_agenda_item item = {
        .kind = IK_AGENDA_RESTART, .what = node, .down_for = down_for};
    return ik_agenda_add(sim, at, item, &id);
}
