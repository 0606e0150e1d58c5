/* SPDX-License-Identifier: MIT
 * The sim itself: memory, and the loop that lets things happen in their order. */
#include "icmpkit/sim.h"

#include "base/siphash.h"
#include "sim/sim_int.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 16384, FRAME_BYTES = 9018, FRAME_LEAST = 1294, CHUNK = 1 << 20, ALIGN = 16 };

struct ik_sim_chunk {
    struct ik_sim_chunk *next;
    size_t used, cap;
    _Alignas(ALIGN) uint8_t mem[];
};

/* ---- memory ---------------------------------------------------------------------------------- */

enum ik_err ik_sim_grow(void **list, uint32_t *cap, uint32_t n, size_t size)
{
    if (n < *cap)
        return IK_OK;
    const uint32_t more = *cap < 16 ? 16 : *cap + *cap / 2;
    void *grown = more < IK_SIM_DELAY ? realloc(*list, more * size) : NULL;
    if (!grown)
        return IK_E_NOMEM;
    *list = grown;
    *cap = more;
    return IK_OK;
}

static void *alloc_from(struct ik_sim_chunk **list, size_t bytes)
{
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    struct ik_sim_chunk *c = *list;
    if (!c || bytes > c->cap - c->used) {
        const size_t cap = bytes > CHUNK ? bytes : CHUNK;
        c = calloc(1, sizeof(*c) + cap);
        if (!c)
            return NULL;
        c->cap = cap;
        c->next = *list;
        *list = c;
    }
    void *at = c->mem + c->used;
    c->used += bytes;
    return at;
}

void *ik_sim_alloc(struct ik_sim *sim, size_t bytes)
{
    return alloc_from(&sim->chunks, bytes);
}

void *ik_sim_alloc_aside(struct ik_sim *sim, size_t bytes)
{
    return alloc_from(&sim->chunks_aside, bytes);
}

static void chunks_free(struct ik_sim_chunk *c)
{
    for (struct ik_sim_chunk *next; c; c = next) {
        next = c->next;
        free(c);
    }
}

uint64_t ik_sim_seed(const struct ik_sim *sim, uint32_t kind, uint32_t number)
{
    uint8_t key[16] = {0}, what[8];
    ik_store_be64(key, sim->cfg.seed);
    ik_store_be32(what, kind);
    ik_store_be32(what + 4, number);
    return ik_siphash(key, what, sizeof(what));
}

static enum ik_err check_cfg(struct ik_sim_cfg *cfg)
{
    if (!cfg->frames)
        cfg->frames = FRAMES;
    if (!cfg->frame_bytes)
        cfg->frame_bytes = FRAME_BYTES;
    return cfg->frames < IK_SIM_ALONE / 2 && cfg->frame_bytes >= FRAME_LEAST ? IK_OK : IK_E_VALUE;
}

enum ik_err ik_sim_new(struct ik_sim **out, const struct ik_sim_cfg *cfg)
{
    struct ik_sim *sim = calloc(1, sizeof(*sim));
    if (!sim)
        return IK_E_NOMEM;
    sim->cfg = *cfg;
    sim->external = IK_SIM_NONE;
    enum ik_err err = check_cfg(&sim->cfg);
    if (!err)
        err = ik_flight_init(&sim->flights, sim->cfg.frames, sim->cfg.frame_bytes);
    if (err)
        goto fail;
    /* Each frame is in the heap at most once. */
    err = ik_due_reserve(&sim->arrivals, sim->cfg.frames);
    if (err)
        goto fail_flights;
    for (size_t i = 0; i < IK_BATCH; i++)
        sim->events[i] = (struct ik_event){
            .kind = IK_EV_FRAME, .at.clock = IK_CLOCK_VIRTUAL, .frame.medium = IK_MEDIUM_ETHER};
    sim->upper = sim->events[0];
    ik_outside_init(sim);
    *out = sim;
    return IK_OK;
fail_flights:
    ik_flight_fini(&sim->flights);
fail:
    free(sim);
    return err;
}

void ik_sim_free(struct ik_sim *sim)
{
    if (!sim)
        return;
    ik_vantage_fini(sim);
    ik_simlink_fini(sim);
    chunks_free(sim->chunks);
    chunks_free(sim->chunks_aside);
    ik_due_fini(&sim->arrivals);
    ik_due_fini(&sim->alarms);
    ik_due_fini(&sim->agenda);
    ik_flight_fini(&sim->flights);
    free(sim->nodes);
    free(sim->links);
    free(sim->channels);
    free(sim->ports);
    free(sim->ends);
    free(sim->ways);
    free(sim->delays);
    free(sim->items);
    free(sim->traffics);
    free(sim->pool_mem);
    free(sim);
}

/* ---- running --------------------------------------------------------------------------------- */

/* The heap whose first entry is first of all; NULL when nothing is left. */
static const struct ik_due *first_of(const struct ik_sim *sim)
{
    const struct ik_due *first = sim->arrivals.n ? &sim->arrivals : NULL;
    if (sim->alarms.n && (!first || ik_due_before(&sim->alarms.v[0], &first->v[0])))
        first = &sim->alarms;
    if (sim->agenda.n && (!first || ik_due_before(&sim->agenda.v[0], &first->v[0])))
        first = &sim->agenda;
    return first;
}

static void pass_to(struct ik_sim *sim, ik_ns at)
{
    sim->now = (struct ik_now){at, at + sim->base.real};
}

ik_ns ik_sim_now(const struct ik_sim *sim)
{
    return sim->now.mono;
}

ik_ns ik_sim_next(const struct ik_sim *sim)
{
    const struct ik_due *first = first_of(sim);
    return first ? first->v[0].at : IK_NEVER;
}

void ik_sim_run(struct ik_sim *sim, ik_ns until)
{
    for (;;) {
        const struct ik_due *first = first_of(sim);
        if (!first || first->v[0].at > until)
            break;
        if (first->v[0].at > sim->now.mono)
            pass_to(sim, first->v[0].at);
        if (first == &sim->arrivals)
            ik_simlink_arrive(sim);
        else if (first == &sim->alarms)
            ik_simnode_due(sim, first->v[0].id);
        else
            ik_agenda_due(sim);
    }
    if (until > sim->now.mono && until != IK_NEVER)
        pass_to(sim, until);
}

uint64_t ik_sim_hops(const struct ik_sim *sim)
{
    return sim->hops;
}

uint64_t ik_sim_overflows(const struct ik_sim *sim)
{
    return sim->overflows;
}

void ik_sim_set_base(struct ik_sim *sim, struct ik_now base)
{
    sim->base = base;
    pass_to(sim, sim->now.mono);
}

void ik_sim_watch(struct ik_sim *sim, const struct ik_sim_watch *watch)
{
    sim->watch = *watch;
}
