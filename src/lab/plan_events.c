/* SPDX-License-Identifier: MIT */
#include "lab/plan.h"

#include "conf/units.h"
#include "lab/link.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DAY (24 * 3600 * IK_NS_PER_S)

struct event_read {
    ik_ns at;
    const struct ik_tree_node *link, *set, *node, *restart;
    uint32_t direction;
};

/* In the order of their numbers in ik_sim_at_link, from -1 on. */
static const char *const directions[] = {"both", "forward", "back", NULL};

#define EVENT(member) IK_KEYS_MEMBER(struct event_read, member)
static const struct ik_key event_keys[] = {
    {"at", IK_KEY_TIME, EVENT(at), .min = 0, .max = 366 * DAY, .required = true},
    {"link", IK_KEY_NODE, EVENT(link)},
    {"set", IK_KEY_NODE, EVENT(set)},
    {"direction", IK_KEY_CHOICE, EVENT(direction), .words = directions},
    {"node", IK_KEY_NODE, EVENT(node)},
    {"restart", IK_KEY_NODE, EVENT(restart)},
};
static const struct ik_keys event_of = {N_("an event"), event_keys, COUNT(event_keys)};

static enum ik_err read_link_event(const struct ik_model *m, const struct event_read *r,
                                   struct ik_model_event *out)
{
    if (!r->set)
        return ik_say_at(m->fault, out->at,
                         "an event of a link needs \"set\", such as set: {loss: 10%%}");
    if (r->restart)
        return ik_say_at(m->fault, r->restart,
                         "restart is of a node, and this event of a link: leave one out");
    out->set = r->set;
    out->direction = (int)r->direction - 1;
    const enum ik_err err = ik_link_of(m, r->link, &out->link);
    if (!err && out->direction != -1 && m->links[out->link].n_ends > 2)
        return ik_say_at(m->fault, out->at,
                         "a segment of more than two has no directions: leave direction out");
    return err;
}

static enum ik_err read_node_event(const struct ik_model *m, const struct event_read *r,
                                   struct ik_model_event *out)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    if (!r->restart)
        return ik_say_at(m->fault, out->at,
                         "an event of a node needs \"restart\", such as restart: 2s");
    if (r->set)
        return ik_say_at(m->fault, r->set,
                         "set is of a link, and this event of a node: leave one out");
    if (strcmp(r->restart->text, "never") == 0)
        out->down_for = IK_NEVER;
    else if (!ik_units_time(r->restart->text, &out->down_for) || out->down_for < 0)
        return ik_keys_wrong(&ctx, r->restart, "restart",
                             "how long it is down, such as 2s, or never");
    return ik_model_node_of(m, r->node, &out->node);
}

static enum ik_err read_event(const struct ik_model *m, const struct ik_tree_node *map,
                              struct ik_model_event *out)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct event_read r = {0};
    *out = (struct ik_model_event){.at = map, .link = IK_MODEL_NONE, .node = IK_MODEL_NONE};
    const enum ik_err err = ik_keys_read(&ctx, &event_of, map, &r);
    if (err)
        return err;
    out->when = r.at;
    if ((r.link != NULL) == (r.node != NULL))
        return ik_say_at(m->fault, map,
                         "an event is either of a link or of a node, such as node: gw");
    return r.link ? read_link_event(m, &r, out) : read_node_event(m, &r, out);
}

/* By time, then in the order of the file. */
static int event_order(const void *a, const void *b)
{
    const struct ik_model_event *x = a, *y = b;
    if (x->when != y->when)
        return x->when < y->when ? -1 : 1;
    if (x->at->line != y->at->line)
        return x->at->line < y->at->line ? -1 : 1;
    return (x->at->column > y->at->column) - (x->at->column < y->at->column);
}

static bool event_stays(const struct ik_model *m, const struct ik_model_event *e)
{
    return e->link != IK_MODEL_NONE ? !m->links[e->link].left_out : !m->nodes[e->node].left_out;
}

/* A link becomes what it was before with what `set` says over it; `now` is how each direction of
 * each link is. */
static enum ik_err event_apply(const struct ik_model *m, struct ik_model_event *e,
                               struct ik_sim_impair (*now)[2])
{
    enum ik_err err = IK_OK;
    for (int d = 0; d < 2 && !err; d++) {
        if (e->direction == -1 || e->direction == d)
            err = ik_link_read_set(m, e->set, &now[e->link][d]);
        e->to[d] = now[e->link][d];
    }
    return err;
}

static enum ik_err events_apply(struct ik_model *m)
{
    struct ik_sim_impair(*now)[2] = calloc(m->n_links + 1, sizeof(*now));
    enum ik_err err = now ? IK_OK : ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < m->n_links && now; i++) {
        now[i][0] = m->links[i].forward.impair;
        now[i][1] = m->links[i].back.impair;
    }
    for (uint32_t i = 0; i < m->n_events && !err; i++)
        if (m->events[i].link != IK_MODEL_NONE)
            err = event_apply(m, &m->events[i], now);
    free(now);
    return err;
}

enum ik_err ik_plan_events(struct ik_model *m, const struct ik_tree_node *list)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    enum ik_err err = ik_keys_list(&ctx, list, "events", "[{at: 5s, node: gw, restart: 2s}]");
    if (err)
        return err;
    if (list->n > IK_MODEL_EVENTS_MAX)
        return ik_say_at(m->fault, list, "%u events are too many: at most %d", (unsigned)list->n,
                         IK_MODEL_EVENTS_MAX);
    m->events = ik_arena_array(m->arena, list->n, sizeof(*m->events));
    if (!m->events)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < list->n && !err; i++) {
        struct ik_model_event *e = &m->events[m->n_events];
        err = read_event(m, list->items[i].value, e);
        m->n_events += !err && event_stays(m, e);
    }
    if (err)
        return err;
    qsort(m->events, m->n_events, sizeof(*m->events), event_order);
    return events_apply(m);
}
