/* SPDX-License-Identifier: MIT
 * What was planned while the sim was built: changes of links, restarts, traffic. */
#include "sim/sim_int.h"

enum ik_err ik_agenda_add(struct ik_sim *sim, ik_ns at, struct ik_agenda_item item, uint32_t *id)
{
    enum ik_err err =
        ik_sim_grow((void **)&sim->items, &sim->cap_items, sim->n_items, sizeof(*sim->items));
    if (!err)
        err = ik_due_reserve_ids(&sim->agenda, sim->n_items + 1);
    if (err)
        return err;
    *id = sim->n_items++;
    sim->items[*id] = item;
    ik_due_set(&sim->agenda, at, ik_sim_order(sim), *id);
    return IK_OK;
}

void ik_agenda_due(struct ik_sim *sim)
{
    const struct ik_agenda_item item = sim->items[sim->agenda.v[0].id];
    ik_due_pop(&sim->agenda);
    switch (item.kind) {
    case IK_AGENDA_LINK:
        ik_simlink_change(sim, item.what, item.link.direction, item.link.way);
        break;
    case IK_AGENDA_RESTART:
        ik_simnode_restart(sim, item.what, item.down_for);
        break;
    case IK_AGENDA_TRAFFIC:
        ik_traffic_due(sim, item.what);
        break;
    }
}
