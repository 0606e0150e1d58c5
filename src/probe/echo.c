/* SPDX-License-Identifier: MIT
 * The echo engine: sessions with any number of targets over two links. */
#include "icmpkit/probe.h"

#include "probe/echo_int.h"

enum {
    ALIGN = 64,
    IN_FLIGHT_MAX = 1 << 22,
    TOKEN_MIN = 16,
    PAYLOAD4_MAX = 65535 - 20 - 8,
    PAYLOAD6_MAX = 65535 - 8,
};

/* ---- memory ---------------------------------------------------------------------------------- */

/* Offsets of the parts in the caller's memory. */
struct layout {
    size_t targets, slots, frames, ring, sketches, total;
};

static size_t take(size_t *at, size_t bytes)
{
    const size_t here = *at;
    *at = (here + bytes + ALIGN - 1) / ALIGN * ALIGN;
    return here;
}

static struct layout layout_of(const struct ik_echo_cfg *cfg)
{
    struct layout l;
    size_t at = 0;
    take(&at, sizeof(struct ik_echo_engine));
    l.targets = take(&at, (size_t)cfg->max_targets * sizeof(struct ik_echo_target));
    l.slots = take(&at, ik_slots_bytes(cfg->max_in_flight));
    l.frames = take(&at, (size_t)IK_BATCH * ik_echo_frame_stride(cfg));
    l.ring = take(&at, IK_ECHO_RING * sizeof(struct ik_echo_entry));
    l.sketches = take(&at, cfg->percentiles ? cfg->max_targets * sizeof(struct ik_sketch) : 0);
    l.total = at;
    return l;
}

static bool sane(const struct ik_echo_cfg *cfg)
{
    const bool room = cfg->max_targets > 0 && cfg->max_targets < IK_ECHO_NO_TARGET &&
                      cfg->max_in_flight > 0 && cfg->max_in_flight <= IN_FLIGHT_MAX;
    const bool times = cfg->interval >= 0 && cfg->min_gap >= 0 && cfg->timeout > 0;
    const bool bytes = cfg->payload_bytes <= PAYLOAD6_MAX &&
                       (!cfg->pattern || cfg->pattern_bytes > 0) &&
                       cfg->node_subject.left <= IK_ECHO_SUBJECT_MAX;
    const bool modes = cfg->until_up <= IK_ECHO_UNTIL_MAX && cfg->until_down <= IK_ECHO_UNTIL_MAX &&
                       (!cfg->percentiles || cfg->max_targets <= IK_ECHO_SKETCH_TARGETS);
    return room && times && bytes && modes && (unsigned)cfg->kind <= IK_ECHO_NODE_INFO;
}

size_t ik_echo_bytes(const struct ik_echo_cfg *cfg)
{
    return layout_of(cfg).total;
}

/* ---- the contract of engines ----------------------------------------------------------------- */

static struct ik_echo_engine *self(struct ik_engine *engine)
{
    return (struct ik_echo_engine *)(void *)engine;
}

/* Remembers the time; tells of a step of the wall clock, which changes nothing here. */
static void note_now(struct ik_echo_engine *e, struct ik_now now)
{
    enum { STEP_MS = 500 };
    const ik_ns moved = (now.real - now.mono) - (e->now.real - e->now.mono);
    const bool stepped =
        e->has_now && (moved > STEP_MS * IK_NS_PER_MS || moved < -STEP_MS * IK_NS_PER_MS);
    e->now = now;
    e->has_now = true;
    if (stepped)
        ik_echo_say_notice(e, IK_ECHO_NO_TARGET, "clock-stepped",
                           "the wall clock was set; round trips are not affected",
                           moved / IK_NS_PER_MS);
}

/* True when no target has anything more to send, ever. */
static bool all_sent(const struct ik_echo_engine *e)
{
    return e->complete && e->n_sending == 0 && e->n_pending == 0;
}

static void end_if_settled(struct ik_echo_engine *e)
{
    if (!e->over && all_sent(e) && e->n_live == 0)
        ik_echo_account_end(e, IK_ECHO_CLOSE_NONE);
}

static void take_stamp(struct ik_echo_engine *e, const struct ik_event *ev)
{
    const uint32_t index = ik_slots_find(&e->slots, ev->key);
    if (index == IK_SLOT_NONE || e->slots.slot[index].state != IK_SLOT_OPEN)
        return;
    e->slots.slot[index].sent = ev->at.mono;
    e->slots.slot[index].sent_clock = (uint8_t)ev->at.clock;
}

static void take_drops(struct ik_echo_engine *e, struct ik_now now, uint8_t port, uint32_t n)
{
    e->drops_at[port] = now.mono;
    e->totals.receive_drops += n;
    ik_echo_say_notice(e, IK_ECHO_NO_TARGET, "drops",
                       "this host dropped messages before they could be read", n);
}

static void take_event(struct ik_echo_engine *e, struct ik_now now, uint8_t port,
                       const struct ik_event *ev)
{
    uint32_t index;
    switch (ev->kind) {
    case IK_EV_FRAME:
        ik_echo_match_frame(e, now, ev);
        break;
    case IK_EV_ERROR:
        ik_echo_match_error(e, now, port, ev);
        break;
    case IK_EV_SENT:
        take_stamp(e, ev);
        break;
    case IK_EV_FAILED:
        index = ik_slots_find(&e->slots, ev->key);
        if (index != IK_SLOT_NONE)
            ik_echo_account_failed(e, index, now, ev->failed.err, ev->failed.mtu);
        break;
    case IK_EV_DROPS:
        take_drops(e, now, port, ev->drops);
        break;
    case IK_EV_DOWN:
        break; /* sends fail from now on, each with its reason */
    }
}

static void input(struct ik_engine *engine, struct ik_now now, uint8_t port,
                  const struct ik_event *in, size_t n)
{
    struct ik_echo_engine *e = self(engine);
    if (e->over || port > 1)
        return;
    note_now(e, now);
    for (size_t i = 0; i < n; i++)
        take_event(e, now, port, &in[i]);
    e->backlog[port] = n >= IK_BATCH;
    end_if_settled(e);
}

static size_t output(struct ik_engine *engine, struct ik_now now, struct ik_frame *out, size_t cap)
{
    struct ik_echo_engine *e = self(engine);
    if (e->over)
        return 0;
    note_now(e, now);
    /* After a full batch there may be more to read, and answers in it that came in time: nothing is
     * given up before that was looked at. */
    const bool caught_up = !e->backlog[0] && !e->backlog[1];
    e->backlog[0] = e->backlog[1] = false;
    if (caught_up)
        ik_echo_account_expire(e, now);
    ik_echo_plan_drop(e, false);
    if (cap > IK_BATCH)
        cap = IK_BATCH;
    while (e->n_pending < cap && ik_echo_plan_next(e, now))
        ;
    if (caught_up && all_sent(e) && now.mono >= e->linger_check)
        ik_echo_account_linger(e, now);
    end_if_settled(e);
    const size_t n = e->n_pending < cap ? e->n_pending : cap;
    for (size_t i = 0; i < n; i++) {
        if (e->cfg.kind == IK_ECHO_TIMESTAMP)
            ik_echo_frame_put(e, e->pending[i].buffer, e->pending[i].slot, now);
        out[i] = ik_echo_frame_of(e, &e->pending[i]);
    }
    return n;
}

static void accepted(struct ik_engine *engine, struct ik_now now, size_t n)
{
    struct ik_echo_engine *e = self(engine);
    if (e->over)
        return;
    note_now(e, now);
    if (n > e->n_pending)
        n = e->n_pending;
    for (size_t i = 0; i < n; i++) {
        ik_echo_account_sent(e, e->pending[i].slot, now);
        e->free_buffers |= UINT64_C(1) << e->pending[i].buffer;
    }
    for (size_t i = n; i < e->n_pending; i++)
        e->pending[i - n] = e->pending[i];
    e->n_pending -= (uint32_t)n;
}

static const struct ik_record *record(struct ik_engine *engine)
{
    return ik_echo_say_next(self(engine));
}

static ik_ns deadline(const struct ik_engine *engine)
{
    const struct ik_echo_engine *e = (const struct ik_echo_engine *)(const void *)engine;
    if (e->over)
        return IK_NEVER;
    if (e->n_pending || (all_sent(e) && e->n_live == 0))
        return e->now.mono;
    const ik_ns expiry = ik_echo_account_due(e);
    ik_ns at = ik_echo_plan_due(e);
    if (all_sent(e))
        at = e->linger_check;
    return expiry < at ? expiry : at;
}

static void stop(struct ik_engine *engine, struct ik_now now)
{
    struct ik_echo_engine *e = self(engine);
    if (e->over)
        return;
    note_now(e, now);
    ik_echo_account_end(e, IK_ECHO_CLOSE_LINGERED);
}

static bool done(const struct ik_engine *engine)
{
    const struct ik_echo_engine *e = (const struct ik_echo_engine *)(const void *)engine;
    return e->over && e->closing == IK_ECHO_CLOSE_NONE && e->ring_used == 0 &&
           e->saying == IK_ECHO_SAY_NOTHING;
}

static const struct ik_engine_ops ops = {
    .input = input,
    .output = output,
    .accepted = accepted,
    .record = record,
    .deadline = deadline,
    .stop = stop,
    .done = done,
};

/* ---- the interface --------------------------------------------------------------------------- */

enum ik_err ik_echo_init(struct ik_echo_engine **out, void *mem, const struct ik_echo_cfg *cfg)
{
    if (!sane(cfg))
        return IK_E_VALUE;
    const struct layout l = layout_of(cfg);
    struct ik_echo_engine *e = mem;
    char *base = mem;
    *e = (struct ik_echo_engine){.engine = {&ops}, .cfg = *cfg};
    e->targets = (void *)(base + l.targets);
    e->frames = (void *)(base + l.frames);
    e->ring = (void *)(base + l.ring);
    e->sketches = cfg->percentiles ? (void *)(base + l.sketches) : NULL;
    e->tokened = cfg->kind == IK_ECHO_ECHO && cfg->payload_bytes >= TOKEN_MIN;
    e->drops_at[0] = e->drops_at[1] = INT64_MIN;
    ik_slots_init(&e->slots, base + l.slots, cfg->max_in_flight);
    ik_echo_frame_init(e);
    ik_echo_plan_init(e);
    *out = e;
    return IK_OK;
}

struct ik_engine *ik_echo_engine(struct ik_echo_engine *e)
{
    return &e->engine;
}

void ik_echo_set_ident(struct ik_echo_engine *e, uint8_t port, uint16_t ident)
{
    e->cfg.ident[port & 1] = ident;
}

static bool has_family(const struct ik_echo_cfg *cfg, uint8_t family)
{
    if (cfg->kind == IK_ECHO_TIMESTAMP)
        return family == 4;
    if (cfg->kind == IK_ECHO_NODE_INFO)
        return family == 6;
    return family == 6 || (family == 4 && cfg->payload_bytes <= PAYLOAD4_MAX);
}

enum ik_err ik_echo_add(struct ik_echo_engine *e, struct ik_now now, const char *name,
                        const struct ik_addr *addr, uint32_t *index)
{
    if (!has_family(&e->cfg, addr->family))
        return IK_E_UNSUPPORTED;
    if (e->complete || e->over || e->n_targets == e->cfg.max_targets)
        return IK_E_FULL;
    note_now(e, now);
    const uint32_t i = e->n_targets++;
    e->targets[i] = (struct ik_echo_target){.addr = *addr, .name = name, .list = IK_ECHO_OFF};
    ik_echo_plan_add(e, i, now);
    *index = i;
    return IK_OK;
}

void ik_echo_complete(struct ik_echo_engine *e)
{
    e->complete = true;
}

void ik_echo_expire(struct ik_echo_engine *e, struct ik_now now)
{
    if (e->over)
        return;
    note_now(e, now);
    ik_echo_account_end(e, IK_ECHO_CLOSE_ALL);
}

void ik_echo_say_summary(struct ik_echo_engine *e, struct ik_now now)
{
    if (e->over)
        return;
    note_now(e, now);
    e->saying = IK_ECHO_SAY_INTERIM;
    e->say_next = 0;
}

void ik_echo_totals(const struct ik_echo_engine *e, struct ik_echo_totals *out)
{
    *out = e->totals;
    out->targets = e->n_targets;
    out->until_reached = e->n_targets > 0 && e->n_reached == e->n_targets;
}
