/* SPDX-License-Identifier: MIT
 * Links and segments: who hears what a node sends, and when. */
#include "sim/sim_int.h"
#include "sim/tell.h"

#include <stdlib.h>
#include <string.h>

enum { MAC_BYTES = 6, NEAR = 64 };

static bool is_segment(const struct ik_simlink *link)
{
    return link->n_ends > 2;
}

/* Which of the impairments and statistics a sending end has. */
static uint32_t side_of(const struct ik_simlink *link, uint32_t end)
{
    return is_segment(link) ? 0 : end;
}

/* ---- arrivals -------------------------------------------------------------------------------- */

static void deliver_to(struct ik_sim *sim, struct ik_sim_end end, size_t n)
{
    for (size_t i = 0; sim->watch.on_pass && i < n; i++)
        sim->watch.on_pass(sim->watch.ctx, end.node, end.port, false, sim->now.real,
                           sim->events[i].frame.bytes);
    ik_simnode_input(sim, end.node, end.port, n);
}

static uint64_t mac_key(const uint8_t *mac)
{
    return (uint64_t)ik_load_be16(mac) << 32 | ik_load_be32(mac + 2);
}

/* The event of sim->events[0] to the owner of its destination address; what has none, groups among
 * it, to all. */
static void deliver_segment(struct ik_sim *sim, const struct ik_simlink *link, uint32_t from)
{
    const struct ik_sim_end *ends = &sim->ends[link->first_end];
    const struct ik_rd frame = sim->events[0].frame.bytes;
    uint32_t owner;
    if (frame.left >= MAC_BYTES && ik_map_get(link->macs, mac_key(frame.p), &owner)) {
        if (owner != from)
            deliver_to(sim, ends[owner], 1);
        return;
    }
    for (uint32_t i = 0; i < link->n_ends; i++) {
        if (i == from)
            continue;
        /* The node before may have had its events filtered. */
        sim->events[0].frame.bytes = frame;
        deliver_to(sim, ends[i], 1);
    }
}

static void deliver(struct ik_sim *sim, uint32_t channel, const uint32_t *slots, size_t n)
{
    const struct ik_channel *c = &sim->channels[channel];
    const struct ik_simlink *link = &sim->links[c->link];
    const bool segment = is_segment(link);
    sim->hops += n;
    for (size_t i = 0; i < n; i++) {
        struct ik_event *ev = &sim->events[segment ? 0 : i];
        ev->at.mono = sim->now.mono;
        ev->frame.bytes = ik_flight_rd(&sim->flights, slots[i]);
        if (segment)
            deliver_segment(sim, link, c->end);
    }
    if (!segment)
        deliver_to(sim, sim->ends[link->first_end + 1 - c->end], n);
    for (size_t i = 0; i < n; i++)
        ik_flight_give(&sim->flights, slots[i]);
}

static struct ik_lane *lane_of(const struct ik_sim *sim, uint32_t id)
{
    return id & IK_SIM_DELAY ? &sim->delays[id & ~IK_SIM_DELAY].lane : &sim->channels[id].lane;
}

/* True when the frame that happens next, at this same instant, is of the channel and in order. */
static bool goes_on(const struct ik_sim *sim, uint32_t channel)
{
    const struct ik_due_entry *top = sim->arrivals.n ? &sim->arrivals.v[0] : NULL;
    return top && top->at == sim->now.mono && !(top->id & IK_SIM_ALONE) &&
           ik_flight_of(&sim->flights, lane_of(sim, top->id)->first)->channel == channel &&
           (!sim->alarms.n || ik_due_before(top, &sim->alarms.v[0])) &&
           (!sim->agenda.n || ik_due_before(top, &sim->agenda.v[0]));
}

/* Takes the first frame of a lane that is first in the heap. */
static uint32_t take_first(struct ik_sim *sim, uint32_t id)
{
    struct ik_lane *lane = lane_of(sim, id);
    const uint32_t slot = lane->first;
    lane->first = ik_flight_of(&sim->flights, slot)->next;
    if (lane->first == IK_FLIGHT_NONE) {
        ik_due_pop(&sim->arrivals);
        return slot;
    }
    const struct ik_flight *next = ik_flight_of(&sim->flights, lane->first);
    ik_due_replace(&sim->arrivals, next->at, next->order, id);
    if (next->next != IK_FLIGHT_NONE)
        IK_FLIGHT_EXPECT(&sim->flights, next->next);
    return slot;
}

void ik_simlink_arrive(struct ik_sim *sim)
{
    uint32_t slots[IK_BATCH];
    size_t n = 0;
    const uint32_t id = sim->arrivals.v[0].id;
    if (id & IK_SIM_ALONE) {
        slots[n++] = id & ~IK_SIM_ALONE;
        ik_due_pop(&sim->arrivals);
        deliver(sim, ik_flight_of(&sim->flights, slots[0])->channel, slots, n);
        return;
    }
    slots[n++] = take_first(sim, id);
    const uint32_t channel = ik_flight_of(&sim->flights, slots[0])->channel;
    while (n < IK_BATCH && goes_on(sim, channel))
        slots[n++] = take_first(sim, sim->arrivals.v[0].id);
    deliver(sim, channel, slots, n);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void append(struct ik_sim *sim, uint32_t id, uint32_t slot)
{
    struct ik_lane *lane = lane_of(sim, id);
    const struct ik_flight *f = ik_flight_of(&sim->flights, slot);
    if (lane->first == IK_FLIGHT_NONE) {
        lane->first = slot;
        ik_due_push(&sim->arrivals, f->at, f->order, id);
    } else {
        ik_flight_of(&sim->flights, lane->last)->next = slot;
    }
    lane->last = slot;
}

/* One copy of the frame, to arrive at `at`: its slot, which is in no lane yet. */
static uint32_t board(struct ik_sim *sim, uint32_t channel, struct ik_rd frame, ik_ns at)
{
    const uint32_t slot =
        frame.left <= sim->cfg.frame_bytes ? ik_flight_take(&sim->flights, frame) : IK_FLIGHT_NONE;
    if (slot == IK_FLIGHT_NONE) {
        sim->overflows++;
        return slot;
    }
    struct ik_flight *f = ik_flight_of(&sim->flights, slot);
    f->at = at;
    f->order = ik_sim_order(sim);
    f->channel = channel;
    return slot;
}

static bool launch(struct ik_sim *sim, uint32_t channel, const struct ik_way *way,
                   struct ik_rd frame, const struct ik_impair_result *r)
{
    const uint32_t slot = board(sim, channel, frame, r->at);
    if (slot == IK_FLIGHT_NONE)
        return false;
    struct ik_flight *f = ik_flight_of(&sim->flights, slot);
    if (r->corrupt)
        f->bytes[14 + r->bit / 8] ^= (uint8_t)(0x80 >> r->bit % 8);
    if (r->overtakes)
        ik_due_push(&sim->arrivals, f->at, f->order, slot | IK_SIM_ALONE);
    else if (r->at == sim->now.mono + way->im.delay)
        append(sim, way->delay | IK_SIM_DELAY, slot);
    else
        append(sim, channel, slot);
    return true;
}

static void account(struct ik_sim_link_stats *st, size_t bytes, const struct ik_impair_result *r)
{
    switch (r->fate) {
    case IK_FATE_CARRIED:
        st->frames++;
        st->bytes += bytes;
        st->duplicates += r->duplicate;
        st->corrupted += r->corrupt;
        st->reordered += r->overtakes;
        break;
    case IK_FATE_LOST:
        st->lost++;
        break;
    case IK_FATE_QUEUE_FULL:
        st->queue_drops++;
        break;
    case IK_FATE_TOO_LONG:
        st->too_long++;
        break;
    }
}

/* On a link that only delays: what ik_impair_apply and launch come to. */
static void carry_plain(struct ik_sim *sim, uint32_t channel, const struct ik_way *way,
                        struct ik_rd frame)
{
    struct ik_impair_line *line = &sim->channels[channel].line;
    const ik_ns due = sim->now.mono + way->im.delay;
    const ik_ns at = due < line->last_at ? line->last_at : due;
    line->last_at = at;
    const uint32_t slot = board(sim, channel, frame, at);
    if (slot != IK_FLIGHT_NONE)
        append(sim, at == due ? way->delay | IK_SIM_DELAY : channel, slot);
}

/* To who watches: what the port of the node sends, and what becomes of it. */
static void show(struct ik_sim *sim, uint32_t node, uint8_t port, const struct ik_channel *c,
                 struct ik_rd frame, enum ik_sim_fate fate)
{
    const struct ik_sim_watch *w = &sim->watch;
    if (w->on_frame)
        w->on_frame(w->ctx, c->link, c->end, sim->now.real, frame, fate);
    if (w->on_pass)
        w->on_pass(w->ctx, node, port, true, sim->now.real, frame);
}

bool ik_simlink_send(struct ik_sim *sim, uint32_t node, uint8_t port, struct ik_rd frame)
{
    const struct ik_simnode *n = &sim->nodes[node];
    const uint32_t channel = port < n->n_ifaces ? sim->ports[n->first_port + port] : IK_SIM_NONE;
    if (channel == IK_SIM_NONE)
        return true;
    struct ik_channel *c = &sim->channels[channel];
    struct ik_simlink *link = &sim->links[c->link];
    const uint32_t side = side_of(link, c->end);
    const struct ik_way *way = &sim->ways[link->way[side]];
    if (way->plain) {
        link->stats[side].frames++;
        link->stats[side].bytes += frame.left;
        show(sim, node, port, c, frame, IK_FATE_CARRIED);
        carry_plain(sim, channel, way, frame);
        return true;
    }
    struct ik_impair_result r;
    ik_impair_apply(&way->im, &c->line, &link->rng, sim->now.mono, frame.left, &r);
    account(&link->stats[side], frame.left, &r);
    show(sim, node, port, c, frame, r.fate);
    if (sim->watch.on_event)
        ik_tell_link(sim, n, link, &way->im, &r, frame);
    if (r.fate == IK_FATE_CARRIED && launch(sim, channel, way, frame, &r) && r.duplicate)
        launch(sim, channel, way, frame, &r);
    return r.fate != IK_FATE_QUEUE_FULL;
}

/* ---- building -------------------------------------------------------------------------------- */

static bool sane(const struct ik_sim_impair *im)
{
    return im->delay >= 0 && im->jitter >= 0 && im->reorder_by >= 0;
}

/* The lane of that delay: links of a kind come one after another. */
static enum ik_err find_delay(struct ik_sim *sim, ik_ns delay, uint32_t *index)
{
    for (uint32_t i = 0; i < NEAR && i < sim->n_delays; i++) {
        *index = sim->n_delays - 1 - i;
        if (sim->delays[*index].delay == delay)
            return IK_OK;
    }
    const enum ik_err err =
        ik_sim_grow((void **)&sim->delays, &sim->cap_delays, sim->n_delays, sizeof(*sim->delays));
    if (err)
        return err;
    *index = sim->n_delays++;
    sim->delays[*index] = (struct ik_delay){delay, {IK_FLIGHT_NONE, IK_FLIGHT_NONE}};
    return IK_OK;
}

static enum ik_err intern(struct ik_sim *sim, const struct ik_sim_impair *im, uint32_t *index)
{
    for (uint32_t i = 0; i < 4 && i < sim->n_ways; i++) {
        *index = sim->n_ways - 1 - i;
        if (!memcmp(&sim->ways[*index].im, im, sizeof(*im)))
            return IK_OK;
    }
    uint32_t delay;
    enum ik_err err =
        ik_sim_grow((void **)&sim->ways, &sim->cap_ways, sim->n_ways, sizeof(*sim->ways));
    if (!err)
        err = find_delay(sim, im->delay, &delay);
    if (err)
        return err;
    *index = sim->n_ways++;
    struct ik_way *way = &sim->ways[*index];
    memcpy(&way->im, im, sizeof(*im)); /* as it is compared above */
    way->delay = delay;
    way->plain = ik_impair_is_plain(im);
    return IK_OK;
}

static enum ik_err widen(struct ik_impair_line *line, uint32_t cap)
{
    struct ik_impair_queue *was = line->queue;
    if (was && was->cap >= cap)
        return IK_OK;
    struct ik_impair_queue *q = malloc(sizeof(*q) + cap * sizeof(q->begins[0]));
    if (!q)
        return IK_E_NOMEM;
    *q = (struct ik_impair_queue){.cap = cap, .n = was ? was->n : 0};
    for (uint32_t i = 0; i < q->n; i++)
        q->begins[i] = was->begins[(was->first + i) % was->cap];
    free(was);
    line->queue = q;
    return IK_OK;
}

enum ik_err ik_simlink_prepare(struct ik_sim *sim, uint32_t link, int direction,
                               const struct ik_sim_impair *im, uint32_t *way)
{
    const struct ik_simlink *l = &sim->links[link];
    for (uint32_t end = 0; im->rate_bps && end < l->n_ends; end++) {
        if (direction >= 0 && (uint32_t)direction != side_of(l, end))
            continue;
        const enum ik_err err =
            widen(&sim->channels[l->first_channel + end].line, ik_impair_queue_frames(im));
        if (err)
            return err;
    }
    return intern(sim, im, way);
}

static enum ik_err check_ends(struct ik_sim *sim, const struct ik_sim_link_cfg *cfg)
{
    if (cfg->n_ends < 2 || !sane(&cfg->forward) || !sane(&cfg->back))
        return IK_E_VALUE;
    for (uint16_t i = 0; i < cfg->n_ends; i++) {
        const struct ik_sim_end *e = &cfg->ends[i];
        if (e->node >= sim->n_nodes || e->port >= sim->nodes[e->node].n_ifaces)
            return IK_E_VALUE;
        if (sim->ports[sim->nodes[e->node].first_port + e->port] != IK_SIM_NONE)
            return IK_E_EXISTS;
    }
    return IK_OK;
}

static uint32_t *port_of(struct ik_sim *sim, const struct ik_sim_end *end)
{
    return &sim->ports[sim->nodes[end->node].first_port + end->port];
}

/* The ports take their channels; none when one is named twice. */
static enum ik_err claim(struct ik_sim *sim, const struct ik_sim_link_cfg *cfg)
{
    for (uint16_t i = 0; i < cfg->n_ends; i++) {
        uint32_t *port = port_of(sim, &cfg->ends[i]);
        if (*port == IK_SIM_NONE) {
            *port = sim->n_channels + i;
            continue;
        }
        while (i-- > 0)
            *port_of(sim, &cfg->ends[i]) = IK_SIM_NONE;
        return IK_E_EXISTS;
    }
    return IK_OK;
}

static enum ik_err reserve(struct ik_sim *sim, uint16_t ends)
{
    enum ik_err err =
        ik_sim_grow((void **)&sim->links, &sim->cap_links, sim->n_links, sizeof(*sim->links));
    for (uint32_t i = 0; !err && i < ends; i++) {
        err = ik_sim_grow((void **)&sim->channels, &sim->cap_channels, sim->n_channels + i,
                          sizeof(*sim->channels));
        if (!err)
            err = ik_sim_grow((void **)&sim->ends, &sim->cap_ends, sim->n_ends + i,
                              sizeof(*sim->ends));
    }
    return err;
}

/* Who has which MAC; of two the first. */
static enum ik_err map_macs(struct ik_sim *sim, struct ik_simlink *link)
{
    if (!is_segment(link))
        return IK_OK;
    link->macs = ik_sim_alloc(sim, sizeof(*link->macs));
    void *mem = ik_sim_alloc(sim, ik_map_bytes(link->n_ends));
    if (!link->macs || !mem)
        return IK_E_NOMEM;
    static const uint8_t key[16];
    ik_map_init(link->macs, mem, link->n_ends, key);
    for (uint32_t i = 0; i < link->n_ends; i++) {
        const struct ik_sim_end *e = &sim->ends[link->first_end + i];
        const uint64_t mac = mac_key(sim->nodes[e->node].ifaces[e->port].mac);
        uint32_t taken;
        if (!ik_map_get(link->macs, mac, &taken) && ik_map_put(link->macs, mac, i) != IK_OK)
            return IK_E_NOMEM;
    }
    return IK_OK;
}

/* The link with number sim->n_links, not yet counted. */
static struct ik_simlink *fill(struct ik_sim *sim, const struct ik_sim_link_cfg *cfg)
{
    struct ik_simlink *link = &sim->links[sim->n_links];
    *link = (struct ik_simlink){.name = cfg->name,
                                .first_end = sim->n_ends,
                                .n_ends = cfg->n_ends,
                                .first_channel = sim->n_channels,
                                .resolve = cfg->resolve,
                                .rng = {ik_sim_seed(sim, 'l', sim->n_links)}};
    link->carrier = !(cfg->forward.down && (is_segment(link) || cfg->back.down));
    for (uint16_t i = 0; i < cfg->n_ends; i++) {
        sim->ends[sim->n_ends + i] = cfg->ends[i];
        sim->channels[sim->n_channels + i] = (struct ik_channel){

            .lane = {IK_FLIGHT_NONE, IK_FLIGHT_NONE}, .link = sim->n_links, .end = i};
    }
    return link;
}

static enum ik_err equip(struct ik_sim *sim, struct ik_simlink *link,
                         const struct ik_sim_link_cfg *cfg)
{
    enum ik_err err = ik_simlink_prepare(sim, sim->n_links, 0, &cfg->forward, &link->way[0]);
    if (!err && !is_segment(link))
        err = ik_simlink_prepare(sim, sim->n_links, 1, &cfg->back, &link->way[1]);
    return err ? err : map_macs(sim, link);
}

enum ik_err ik_sim_add_link(struct ik_sim *sim, const struct ik_sim_link_cfg *cfg, uint32_t *link)
{
    enum ik_err err = check_ends(sim, cfg);
    if (!err)
        err = reserve(sim, cfg->n_ends);
    if (err)
        return err;
    struct ik_simlink *l = fill(sim, cfg);
    err = equip(sim, l, cfg);
    if (!err)
        err = claim(sim, cfg);
    if (err) {
        for (uint16_t i = 0; i < cfg->n_ends; i++)
            free(sim->channels[sim->n_channels + i].line.queue);
        return err;
    }
    sim->n_ends += cfg->n_ends;
    sim->n_channels += cfg->n_ends;
    *link = sim->n_links++;
    for (uint16_t i = 0; i < cfg->n_ends; i++) {
        ik_simnode_introduce(sim, cfg->ends[i].node, cfg->ends[i].port);
        if (!l->carrier)
            ik_simnode_carrier(sim, cfg->ends[i].node, cfg->ends[i].port, false);
    }
    return IK_OK;
}

void ik_simlink_fini(struct ik_sim *sim)
{
    for (uint32_t i = 0; i < sim->n_channels; i++)
        free(sim->channels[i].line.queue);
}

/* ---- changing, looking ----------------------------------------------------------------------- */

void ik_simlink_change(struct ik_sim *sim, uint32_t link, int direction, uint32_t way)
{
    struct ik_simlink *l = &sim->links[link];
    for (int side = 0; side < 2; side++)
        if (direction < 0 || direction == side)
            l->way[side] = way;
    const bool carrier =
        !(sim->ways[l->way[0]].im.down && (is_segment(l) || sim->ways[l->way[1]].im.down));
    if (carrier == l->carrier)
        return;
    l->carrier = carrier;
    for (uint32_t i = 0; i < l->n_ends; i++) {
        const struct ik_sim_end end = sim->ends[l->first_end + i];
        ik_simnode_carrier(sim, end.node, end.port, carrier);
    }
}

enum ik_err ik_sim_at_link(struct ik_sim *sim, ik_ns at, uint32_t link, int direction,
                           const struct ik_sim_impair *to)
{
    if (link >= sim->n_links || direction < -1 || direction > 1 || at < sim->now.mono || !sane(to))
        return IK_E_VALUE;
    if (is_segment(&sim->links[link]) && direction == 1)
        return IK_E_VALUE;
    struct ik_agenda_item item = {
        .kind = IK_AGENDA_LINK, .what = link, .link.direction = direction};
    enum ik_err err = ik_simlink_prepare(sim, link, direction, to, &item.link.way);
    uint32_t id;
    return err ? err : ik_agenda_add(sim, at, item, &id);
}

const char *ik_sim_link_name(const struct ik_sim *sim, uint32_t link)
{
    return link < sim->n_links ? sim->links[link].name : NULL;
}

void ik_sim_link_stats(const struct ik_sim *sim, uint32_t link, int direction,
                       struct ik_sim_link_stats *out)
{
    *out = sim->links[link].stats[direction];
}
