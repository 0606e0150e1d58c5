/* SPDX-License-Identifier: MIT
 * The external node as an engine: what reaches it goes to the machine, what the machine sends goes
 * on its link. */
#include "sim/sim_int.h"

/* Frames that may wait for the machine, as in the queue of a network card. */
enum { WAITING = 1024 };

static struct ik_outside *of(struct ik_engine *e)
{
    return (struct ik_outside *)e;
}

static void input(struct ik_engine *e, struct ik_now now, uint8_t port, const struct ik_event *in,
                  size_t n)
{
    struct ik_sim *sim = of(e)->sim;
    (void)port;
    ik_sim_run(sim, ik_sim_inside(sim, now.mono));
    for (size_t i = 0; i < n; i++)
        if (in[i].kind == IK_EV_FRAME && in[i].frame.medium == IK_MEDIUM_ETHER)
            (void)ik_simlink_send(sim, sim->external, 0, in[i].frame.bytes);
}

static size_t output(struct ik_engine *e, struct ik_now now, struct ik_frame *out, size_t cap)
{
    struct ik_outside *o = of(e);
    struct ik_flights *flights = &o->sim->flights;
    uint32_t slot;
    while ((slot = ik_flight_queue_take(flights, &o->lent)) != IK_FLIGHT_NONE)
        ik_flight_give(flights, slot);
    ik_sim_run(o->sim, ik_sim_inside(o->sim, now.mono));
    size_t n = 0;
    for (slot = o->waiting.first; slot != IK_FLIGHT_NONE && n < cap; n++) {
        out[n] = (struct ik_frame){.medium = IK_MEDIUM_ETHER, .bytes = ik_flight_rd(flights, slot)};
        slot = ik_flight_of(flights, slot)->next;
    }
    return n;
}

/* Bytes of what was taken stay until the next output. */
static void accepted(struct ik_engine *e, struct ik_now now, size_t n)
{
    struct ik_outside *o = of(e);
    (void)now;
    while (n--)
        ik_flight_queue_put(&o->sim->flights, &o->lent,
                            ik_flight_queue_take(&o->sim->flights, &o->waiting));
}

static const struct ik_record *record(struct ik_engine *e)
{
    (void)e;
    return NULL;
}

static ik_ns deadline(const struct ik_engine *e)
{
    const struct ik_outside *o = (const struct ik_outside *)e;
    return o->waiting.n ? 0 : ik_sim_outside(o->sim, ik_sim_next(o->sim));
}

static void stop(struct ik_engine *e, struct ik_now now)
{
    (void)now;
    of(e)->stopped = true;
}

static bool done(const struct ik_engine *e)
{
    return ((const struct ik_outside *)e)->stopped;
}

static const struct ik_engine_ops ops = {.input = input,
                                         .output = output,
                                         .accepted = accepted,
                                         .record = record,
                                         .deadline = deadline,
                                         .stop = stop,
                                         .done = done};

void ik_outside_init(struct ik_sim *sim)
{
    sim->outside = (struct ik_outside){.engine.ops = &ops, .sim = sim};
    ik_flight_queue_init(&sim->outside.waiting);
    ik_flight_queue_init(&sim->outside.lent);
}

void ik_outside_deliver(struct ik_sim *sim, struct ik_rd frame)
{
    struct ik_outside *o = &sim->outside;
    if (o->waiting.n >= WAITING)
        return;
    const uint32_t slot = ik_flight_take(&sim->flights, frame);
    if (slot == IK_FLIGHT_NONE)
        sim->overflows++;
    else
        ik_flight_queue_put(&sim->flights, &o->waiting, slot);
}

struct ik_engine *ik_sim_engine(struct ik_sim *sim)
{
    return sim->external == IK_SIM_NONE ? NULL : &sim->outside.engine;
}
