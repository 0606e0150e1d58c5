/* SPDX-License-Identifier: MIT
 * The trace engine: its memory, its contract with the loop, its counters. */
#include "icmpkit/probe.h"

#include "probe/trace_int.h"
#include "probe/trace_match.h"
#include "probe/trace_packet.h"
#include "probe/trace_path.h"
#include "probe/trace_plan.h"
#include "probe/trace_record.h"

#include <string.h>

/* ---- memory ---------------------------------------------------------------------------------- */

enum { RING_MAX = 1 << 16, ALIGN = 64, TARGETS_MAX = 1 << 16, IN_FLIGHT_ROOM = RING_MAX / 4 };

static size_t aligned(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static uint32_t probes_per_target(const struct ik_trace_cfg *cfg)
{
    return ((uint32_t)cfg->max_ttl - cfg->first_ttl + 1) * cfg->queries;
}

static bool cfg_is_sound(const struct ik_trace_cfg *cfg)
{
    if (!cfg->max_targets || cfg->max_targets > TARGETS_MAX || !cfg->first_ttl ||
        cfg->first_ttl > cfg->max_ttl || !cfg->queries || cfg->queries > IK_TRACE_QUERIES_MAX ||
        !cfg->in_flight || cfg->timeout <= 0 || cfg->gap < 0 || cfg->method > IK_TRACE_TCP ||
        cfg->packet_bytes > IK_TRACE_PACKET_MAX || cfg->flow_label > 0xfffff || cfg->tclass > 255)
        return false;
    if (cfg->method != IK_TRACE_ICMP && cfg->dport == 0)
        return false;
    if (cfg->classic && cfg->method == IK_TRACE_TCP)
        return false;
    return !(cfg->classic && cfg->method == IK_TRACE_UDP) ||
           cfg->dport + probes_per_target(cfg) - 1 <= 0xffff;
}

/* Entries of the ring of counters: twice the probes, so that late answers still find theirs. */
static uint32_t ring_entries(const struct ik_trace_cfg *cfg)
{
    const uint64_t wanted = 2 * (uint64_t)cfg->max_targets * probes_per_target(cfg);
    uint32_t n = 2 * IK_BATCH;
    while (n < wanted && n < RING_MAX)
        n *= 2;
    return n;
}

static uint32_t buffer_frames(uint32_t each)
{
    const uint32_t n = TRACE_BUFFER_BYTES / each;
    return n < 1 ? 1 : n > IK_BATCH ? IK_BATCH : n;
}

/* Where each part begins. */
struct layout {
    size_t targets, probes, exts, ring, buffer, total;
    uint32_t buffer_each, buffer_n;
};

static struct layout layout_of(const struct ik_trace_cfg *cfg)
{
    struct layout l;
    l.buffer_each = (uint32_t)aligned(4 * (size_t)ik_trace_packet_bytes(cfg, 6));
    l.buffer_n = buffer_frames(l.buffer_each);
    l.targets = aligned(sizeof(struct ik_trace));
    l.probes = l.targets + aligned(cfg->max_targets * sizeof(struct trace_target));
    const size_t probes = (size_t)cfg->max_targets * probes_per_target(cfg);
    l.exts = l.probes + aligned(probes * sizeof(struct trace_probe));
    l.ring = l.exts + aligned(probes * TRACE_EXT_MAX);
    l.buffer = l.ring + aligned(ring_entries(cfg) * sizeof(uint32_t));
    l.total = l.buffer + (size_t)l.buffer_each * l.buffer_n;
    return l;
}

size_t ik_trace_bytes(const struct ik_trace_cfg *cfg)
{
    return cfg_is_sound(cfg) ? layout_of(cfg).total : 0;
}

/* ---- input ----------------------------------------------------------------------------------- */

static struct ik_trace *self(struct ik_engine *e)
{
    return (struct ik_trace *)(void *)e; /* its first member */
}

/* More is known to be lost here than what was out: nothing more precise is told. */
static void on_drops(struct ik_trace *t, uint8_t port)
{
    for (uint32_t i = 0; i < t->n_targets; i++) {
        struct trace_target *tt = &t->targets[i];
        for (uint32_t k = tt->said; tt->port == port && k < tt->next; k++)
            tt->probes[k].dropped |= tt->probes[k].state == TRACE_OUT;
    }
}

static void on_sent(struct ik_trace *t, uint8_t port, const struct ik_event *ev)
{
    uint32_t slot;
    struct trace_probe *p = ik_trace_match_counter(t, ev->key, &slot);
    if (!p || p->sent.clock != IK_CLOCK_NONE)
        return;
    p->sent = ev->at;
    t->stamped[port] = true;
}

static void on_failed(struct ik_trace *t, const struct ik_event *ev)
{
    uint32_t slot;
    const struct trace_probe *p = ik_trace_match_counter(t, ev->key, &slot);
    if (p && p->state == TRACE_OUT)
        ik_trace_path_failed(t, slot, ev->failed.err, ev->failed.mtu);
}

static void on_answer(struct ik_trace *t, struct ik_now now, uint8_t port,
                      const struct ik_event *ev)
{
    struct trace_hit hit;
    switch (ik_trace_match(t, now, port, ev, &hit)) {
    case TRACE_FOREIGN:
        return;
    case TRACE_STRANGER:
        t->totals.strangers++;
        return;
    case TRACE_CORRUPT:
        t->totals.corrupt++;
        return;
    case TRACE_VAGUE:
        t->totals.ambiguous++;
        return;
    case TRACE_FOUND:
        break;
    }
    switch (t->probes[hit.slot].state) {
    case TRACE_OUT:
        ik_trace_path_answer(t, hit.slot, &hit.answer);
        t->real = now.real;
        ik_trace_record_note(t, hit.slot, "is answered after",
                             ik_trace_plan_took(&t->probes[hit.slot]));
        return;
    case TRACE_LOST:
    case TRACE_UNKNOWN:
        t->totals.late++;
        return;
    case TRACE_HELD:
    case TRACE_ANSWERED:
        t->totals.duplicates++;
        return;
    default: /* beyond the end, or asked again: no news */
        return;
    }
}

static void advance_all(struct ik_trace *t, struct ik_now now)
{
    t->real = now.real;
    for (uint32_t i = 0; i < t->n_targets; i++)
        ik_trace_plan_advance(t, &t->targets[i], now.mono);
}

static void engine_input(struct ik_engine *e, struct ik_now now, uint8_t port,
                         const struct ik_event *in, size_t n)
{
    struct ik_trace *t = self(e);
    if (port > 1)
        return;
    for (size_t i = 0; i < n; i++) {
        switch (in[i].kind) {
        case IK_EV_FRAME:
        case IK_EV_ERROR:
            on_answer(t, now, port, &in[i]);
            break;
        case IK_EV_SENT:
            on_sent(t, port, &in[i]);
            break;
        case IK_EV_FAILED:
            on_failed(t, &in[i]);
            break;
        case IK_EV_DROPS:
            on_drops(t, port);
            break;
        case IK_EV_DOWN: /* what is out times out; what is sent fails */
            break;
        }
    }
    advance_all(t, now);
}

/* ---- output ---------------------------------------------------------------------------------- */

/* A counter may be used when its mark is neither 0 nor ffff (the kernel fills in an identification
 * of 0; the two are one number to a checksum) and no probe that is out is found by it. */
static bool counter_is_free(const struct ik_trace *t, uint32_t counter)
{
    const uint16_t mark = ik_trace_packet_mark(t, counter);
    const uint32_t entry = t->ring[counter & t->ring_mask];
    return mark != 0 && mark != 0xffff && (entry == 0 || t->probes[entry - 1].state != TRACE_OUT);
}

static void offer_make(struct ik_trace *t, struct trace_target *tt, uint32_t index,
                       uint32_t *counter)
{
    struct trace_offer *o = &t->offers[t->n_offers++];
    while (!counter_is_free(t, *counter))
        ++*counter;
    o->slot = (uint32_t)(tt - t->targets) * t->per_target + index;
    o->counter = *counter;
    o->mark = ik_trace_packet_mark(t, *counter);
    o->token = ik_trace_packet_token(t, o->slot, *counter);
    o->checksum = 0;
    tt->planned++;
    ++*counter;
}

/* Targets take turns, a probe each, so that none starves. */
static void plan(struct ik_trace *t, ik_ns now, size_t cap)
{
    uint32_t counter = t->counter, idle = 0, i = t->turn;
    t->n_offers = 0;
    for (uint32_t k = 0; k < t->n_targets; k++)
        t->targets[k].planned = 0;
    while (idle < t->n_targets && t->n_offers < cap &&
           t->out + t->n_offers < t->cfg.max_in_flight) {
        i = i + 1 < t->n_targets ? i + 1 : 0;
        struct trace_target *tt = &t->targets[i];
        const uint32_t index = ik_trace_plan_next(t, tt, now);
        idle = index == t->per_target ? idle + 1 : 0;
        if (index != t->per_target)
            offer_make(t, tt, index, &counter);
    }
}

static size_t engine_output(struct ik_engine *e, struct ik_now now, struct ik_frame *out,
                            size_t cap)
{
    struct ik_trace *t = self(e);
    advance_all(t, now);
    plan(t, now.mono, cap < t->buffer_n ? cap : t->buffer_n);
    for (uint32_t i = 0; i < t->n_offers; i++) {
        uint8_t *buf = t->buffer + (size_t)i * t->buffer_each;
        if (!ik_trace_packet_build(t, &t->offers[i], buf, &out[i]))
            return i;
    }
    return t->n_offers;
}

static void offer_commit(struct ik_trace *t, struct ik_now now, const struct trace_offer *o)
{
    struct trace_target *tt = ik_trace_target_of(t, o->slot);
    struct trace_probe *p = &t->probes[o->slot];
    tt->again -= p->state == TRACE_AGAIN;
    tt->next += p->state == TRACE_UNSENT;
    p->state = TRACE_OUT;
    p->attempts++;
    p->counter = o->counter;
    p->mark = o->mark;
    p->checksum = o->checksum;
    p->token = o->token;
    p->dport = ik_trace_packet_dport(t, o->slot % t->per_target);
    p->sent_user = now.mono;
    p->sent = (struct ik_stamp){0, IK_CLOCK_NONE};
    tt->out++;
    tt->sent++;
    tt->send_at = t->cfg.gap ? now.mono + t->cfg.gap : tt->send_at;
    t->out++;
    t->totals.sent++;
    t->counter = o->counter + 1;
    t->turn = (uint32_t)(tt - t->targets);
    t->ring[o->counter & t->ring_mask] = o->slot + 1;
    t->real = now.real;
    ik_trace_record_note(t, o->slot, "starts its timer of", t->cfg.timeout);
}

static void engine_accepted(struct ik_engine *e, struct ik_now now, size_t n)
{
    struct ik_trace *t = self(e);
    for (size_t i = 0; i < n; i++)
        offer_commit(t, now, &t->offers[i]);
    if (n)
        advance_all(t, now);
}

/* ---- what it says ---------------------------------------------------------------------------- */

/* The next record of one target into t->rec; false when it has none yet. */
static bool say(struct ik_trace *t, struct trace_target *tt)
{
    if (!tt->stop && tt->said < tt->limit && tt->probes[tt->said].state >= TRACE_ANSWERED) {
        ik_trace_record_hop(t, tt, tt->said++);
        if (tt->said % t->cfg.queries == 0)
            ik_trace_path_conclude(t, tt, ik_trace_ttl(t, tt->said - 1));
        return true;
    }
    if (!tt->stop && tt->interrupted && tt->said >= tt->limit)
        ik_trace_path_end(t, tt, TRACE_STOP_INTERRUPTED);
    if (!tt->stop || tt->summary_said)
        return false;
    tt->summary_said = true;
    t->unfinished--;
    ik_trace_record_summary(t, tt);
    return true;
}

static const struct ik_record *engine_record(struct ik_engine *e)
{
    struct ik_trace *t = self(e);
    if (ik_trace_record_timer(t))
        return &t->rec;
    for (uint32_t i = 0; i < t->n_targets; i++) {
        if (say(t, &t->targets[t->say_turn]))
            return &t->rec;
        t->say_turn = t->say_turn + 1 < t->n_targets ? t->say_turn + 1 : 0;
    }
    return NULL;
}

static ik_ns engine_deadline(const struct ik_engine *e)
{
    const struct ik_trace *t = (const struct ik_trace *)(const void *)e;
    ik_ns at = IK_NEVER;
    for (uint32_t i = 0; i < t->n_targets; i++)
        at = t->targets[i].wake < at ? t->targets[i].wake : at;
    return at;
}

static void engine_stop(struct ik_engine *e, struct ik_now now)
{
    struct ik_trace *t = self(e);
    advance_all(t, now);
    t->complete = true;
    for (uint32_t i = 0; i < t->n_targets; i++)
        if (!t->targets[i].stop && !t->targets[i].interrupted)
            ik_trace_path_interrupt(t, &t->targets[i]);
}

static bool engine_done(const struct ik_engine *e)
{
    const struct ik_trace *t = (const struct ik_trace *)(const void *)e;
    return t->complete && t->unfinished == 0;
}

/* ---- the public face ------------------------------------------------------------------------- */

static const struct ik_engine_ops ops = {
    .input = engine_input,
    .output = engine_output,
    .accepted = engine_accepted,
    .record = engine_record,
    .deadline = engine_deadline,
    .stop = engine_stop,
    .done = engine_done,
};

enum ik_err ik_trace_init(struct ik_trace **out, void *mem, const struct ik_trace_cfg *cfg)
{
    if (!cfg_is_sound(cfg))
        return IK_E_VALUE;
    const struct layout l = layout_of(cfg);
    uint8_t *base = mem;
    struct ik_trace *t = mem;
    const uint64_t room = (uint64_t)cfg->in_flight * cfg->max_targets;
    t->engine.ops = &ops;
    t->cfg = *cfg;
    if (!cfg->max_in_flight || cfg->max_in_flight > room)
        t->cfg.max_in_flight = room < IN_FLIGHT_ROOM ? (uint32_t)room : IN_FLIGHT_ROOM;
    if (t->cfg.max_in_flight > IN_FLIGHT_ROOM)
        t->cfg.max_in_flight = IN_FLIGHT_ROOM;
    t->per_target = probes_per_target(cfg);
    t->ring_mask = ring_entries(cfg) - 1;
    t->targets = (struct trace_target *)(void *)(base + l.targets);
    t->probes = (struct trace_probe *)(void *)(base + l.probes);
    t->exts = base + l.exts;
    t->ring = (uint32_t *)(void *)(base + l.ring);
    t->buffer = base + l.buffer;
    t->buffer_each = l.buffer_each;
    t->buffer_n = l.buffer_n;
    ik_trace_packet_seed(t);
    *out = t;
    return IK_OK;
}

struct ik_engine *ik_trace_engine(struct ik_trace *t)
{
    return &t->engine;
}

/* What goes together: whole packets need a source; a datagram socket speaks its own method only. */
static bool medium_fits(const struct ik_trace *t, uint8_t family, const struct ik_addr *source,
                        enum ik_medium medium)
{
    switch (medium) {
    case IK_MEDIUM_IP:
        return source && source->family == family;
    case IK_MEDIUM_UDP:
        return t->cfg.method == IK_TRACE_UDP;
    case IK_MEDIUM_ICMP4:
        return t->cfg.method == IK_TRACE_ICMP && family == 4;
    case IK_MEDIUM_ICMP6:
        return t->cfg.method == IK_TRACE_ICMP && family == 6;
    default:
        return false;
    }
}

enum ik_err ik_trace_add(struct ik_trace *t, struct ik_now now, const char *name,
                         const struct ik_addr *addr, const struct ik_addr *source,
                         enum ik_medium medium)
{
    if (t->n_targets == t->cfg.max_targets)
        return IK_E_FULL;
    if ((addr->family != 4 && addr->family != 6) || !medium_fits(t, addr->family, source, medium))
        return IK_E_VALUE;
    const uint8_t port = addr->family == 6;
    struct trace_target *tt = &t->targets[t->n_targets];
    *tt = (struct trace_target){
        .name = name,
        .addr = *addr,
        .source = source ? *source : (struct ik_addr){0},
        .medium = medium,
        .port = port,
        .sport = t->cfg.sport && t->cfg.method != IK_TRACE_ICMP ? t->cfg.sport : t->cfg.ident[port],
        .packet_bytes = ik_trace_packet_bytes(&t->cfg, addr->family),
        .limit = t->per_target,
        .send_at = now.mono,
        .wake = now.mono,
        .probes = t->probes + (size_t)t->n_targets * t->per_target,
    };
    t->n_targets++;
    t->unfinished++;
    t->totals.targets++;
    return IK_OK;
}

void ik_trace_complete(struct ik_trace *t)
{
    t->complete = true;
}

void ik_trace_totals(const struct ik_trace *t, struct ik_trace_totals *out)
{
    *out = t->totals;
}

bool ik_trace_progress(const struct ik_trace *t, uint32_t index, struct ik_trace_progress *out)
{
    if (index >= t->n_targets)
        return false;
    const struct trace_target *tt = &t->targets[index];
    *out = (struct ik_trace_progress){.name = tt->name,
                                      .hops = tt->said / t->cfg.queries,
                                      .sent = tt->sent,
                                      .received = tt->received,
                                      .ended = tt->summary_said};
    return true;
}
