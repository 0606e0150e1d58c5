/* SPDX-License-Identifier: MIT
 * Records of the echo engine: a bounded ring, and the summaries, which are made one by one as they
 * are fetched, so that a million targets need no room for them. */
#include "base/fmt.h"
#include "probe/echo_int.h"

#define DAY_MS 86400000u
#define NON_STANDARD 0x80000000u

static const char *clock_name(enum ik_clock clock)
{
    static const char *const names[] = {
#define X(id, name) [IK_CLOCK_##id] = name,
        IK_CLOCKS(X)
#undef X
    };
    return names[clock];
}

/* A new entry at the end of the ring, or NULL, counted, when nobody fetched the others. */
static struct ik_echo_entry *push(struct ik_echo_engine *e, enum ik_record_kind kind)
{
    if (e->ring_used == IK_ECHO_RING) {
        e->totals.records_missed++;
        return NULL;
    }
    struct ik_echo_entry *entry = &e->ring[(e->ring_head + e->ring_used++) % IK_ECHO_RING];
    entry->rec = ik_record_make(kind, e->now.real);
    return entry;
}

static const char *name_of(const struct ik_echo_target *t, struct ik_echo_entry *entry)
{
    return t->name ? t->name : ik_addr_text(&t->addr, entry->name);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* a - b, the shorter way round the day; IK_NEVER when either is non-standard or beyond midnight
 * (RFC 792). A clock that is behind makes it negative. */
static int64_t day_minus(uint32_t a, uint32_t b)
{
    if (a >= DAY_MS || b >= DAY_MS)
        return IK_NEVER;
    const int64_t later = (a + DAY_MS - b) % DAY_MS;
    return later <= DAY_MS / 2 ? later : later - DAY_MS;
}

static void put_timestamps(const struct ik_echo_engine *e, const struct ik_echo_seen *seen,
                           struct ik_rec_reply *r)
{
    const struct ik_icmp_timestamp *ts = &seen->icmp.timestamp;
    /* When it arrived rather than when it was read, where that is on our scale. */
    ik_ns arrived = e->now.real;
    if (seen->at.clock != IK_CLOCK_NONE && seen->at.clock != IK_CLOCK_HARDWARE &&
        seen->at.mono <= e->now.mono && seen->at.mono > e->now.mono - IK_NS_PER_S)
        arrived -= e->now.mono - seen->at.mono;
    r->originate_ms = ts->originate;
    r->receive_ms = ts->receive;
    r->transmit_ms = ts->transmit;
    if ((ts->receive | ts->transmit) & NON_STANDARD)
        return;
    r->forward_ms = day_minus(ts->receive, ts->originate);
    r->back_ms = day_minus(ik_echo_frame_ms(arrived), ts->transmit);
}

void ik_echo_say_reply(struct ik_echo_engine *e, uint32_t index, const struct ik_echo_seen *seen,
                       const struct ik_echo_reply *reply)
{
    struct ik_echo_entry *entry = push(e, IK_REC_reply);
    if (!entry)
        return;
    const struct ik_slot *slot = &e->slots.slot[index];
    const struct ik_echo_target *t = &e->targets[slot->target];
    struct ik_rec_reply *r = &entry->rec.reply;
    r->target = name_of(t, entry);
    r->addr = t->addr;
    r->from = seen->from;
    r->seq = (int64_t)slot->seq;
    r->rtt_ns = reply->timed ? reply->rtt : IK_NEVER;
    r->wait_ns = reply->wait;
    r->bytes = (int64_t)seen->message.left;
    r->ttl = seen->ttl;
    r->tos = seen->tos;
    r->state = reply->state;
    r->clock = clock_name(reply->clock);
    r->other_source = reply->other_source;
    r->bad_checksum = !seen->icmp.checksum_ok;
    r->mismatch_at = reply->mismatch_at;
    r->mismatch_got = reply->mismatch_got;
    r->mismatch_sent = reply->mismatch_sent;
    r->cut_bytes = reply->cut_bytes;
    r->options = seen->options;
    if (e->cfg.kind == IK_ECHO_TIMESTAMP)
        put_timestamps(e, seen, r);
    if (e->cfg.kind == IK_ECHO_NODE_INFO)
        r->data = seen->message;
    else if (reply->mismatch_at >= 0)
        r->data = seen->icmp.echo.data;
}

/* ---- losses and errors ----------------------------------------------------------------------- */

void ik_echo_say_lost(struct ik_echo_engine *e, uint32_t index, const char *state, enum ik_err err,
                      uint32_t mtu)
{
    struct ik_echo_entry *entry = push(e, IK_REC_lost);
    if (!entry)
        return;
    const struct ik_slot *slot = &e->slots.slot[index];
    const struct ik_echo_target *t = &e->targets[slot->target];
    struct ik_rec_lost *r = &entry->rec.lost;
    r->target = name_of(t, entry);
    r->addr = t->addr;
    r->seq = (int64_t)slot->seq;
    r->state = state;
    r->error = err == IK_OK ? NULL : ik_err_text(err);
    r->mtu = mtu ? (int64_t)mtu : -1;
}

void ik_echo_say_error(struct ik_echo_engine *e, uint32_t index, const struct ik_echo_error *err,
                       bool timed, ik_ns rtt)
{
    struct ik_echo_entry *entry = push(e, IK_REC_icmp_error);
    if (!entry)
        return;
    const struct ik_slot *slot = &e->slots.slot[index];
    const struct ik_echo_target *t = &e->targets[slot->target];
    struct ik_rec_icmp_error *r = &entry->rec.icmp_error;
    r->target = name_of(t, entry);
    r->addr = t->addr;
    r->from = err->from;
    r->seq = (int64_t)slot->seq;
    r->type = err->type;
    r->code = err->code;
    r->name = ik_icmp_name(err->family, err->type, err->code, entry->text, sizeof(entry->text));
    r->family = err->family;
    r->local = err->local;
    r->match_bits = err->match_bits;
    r->rtt_ns = timed ? rtt : IK_NEVER;
    r->ttl = err->ttl;
    r->mtu = err->mtu_known ? (int64_t)err->mtu : -1;
    r->gateway = err->gateway;
    r->pointer = err->pointer_known ? (int64_t)err->pointer : -1;
    r->quote = err->quote;
    r->extensions = err->extensions;
}

void ik_echo_say_notice(struct ik_echo_engine *e, uint32_t target, const char *what,
                        const char *text, int64_t n)
{
    struct ik_echo_entry *entry = push(e, IK_REC_notice);
    if (!entry)
        return;
    struct ik_rec_notice *r = &entry->rec.notice;
    if (target != IK_ECHO_NO_TARGET) {
        r->target = name_of(&e->targets[target], entry);
        r->addr = e->targets[target].addr;
    }
    r->what = what;
    r->text = text;
    r->count = n;
}

/* ---- timers ---------------------------------------------------------------------------------- */

void ik_echo_say_timer(struct ik_echo_engine *e, uint32_t index, const char *what, ik_ns time)
{
    struct ik_echo_entry *entry = e->cfg.timers_of ? push(e, IK_REC_event) : NULL;
    if (!entry)
        return;
    const struct ik_slot *slot = &e->slots.slot[index];
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)entry->text, sizeof(entry->text) - 1);
    ik_fmt_put_text(&w, "probe ");
    ik_fmt_put_u64(&w, slot->seq);
    ik_fmt_put_text(&w, " ");
    ik_fmt_put_text(&w, what);
    ik_fmt_put_text(&w, " ");
    ik_fmt_put_fixed(&w, time, 6, 3);
    ik_fmt_put_text(&w, " ms");
    entry->text[w.used] = '\0';
    entry->rec.event.node = e->cfg.timers_of;
    entry->rec.event.kind = "timer";
    entry->rec.event.what = entry->text;
    entry->rec.event.packet = name_of(&e->targets[slot->target], entry);
}

/* ---- summaries ------------------------------------------------------------------------------- */

static void put_rtts(const struct ik_echo_engine *e, uint32_t index, struct ik_rec_rtt *out)
{
    const struct ik_rtt_sums *s = &e->targets[index].rtt;
    if (!s->n)
        return;
    *out = (struct ik_rec_rtt){s->min,   ik_rtt_avg(s), s->max,  ik_rtt_mdev(s),
                               IK_NEVER, IK_NEVER,      IK_NEVER};
    if (!e->sketches)
        return;
    ik_ns *const to[] = {&out->p50, &out->p90, &out->p99};
    static const unsigned percent[] = {50, 90, 99};
    for (size_t i = 0; i < 3; i++) {
        const ik_ns q = ik_sketch_quantile(&e->sketches[index], percent[i]);
        *to[i] = q < s->min ? s->min : q > s->max ? s->max : q;
    }
}

static const struct ik_record *summary(struct ik_echo_engine *e, uint32_t index, bool final)
{
    const struct ik_echo_target *t = &e->targets[index];
    e->summary.rec = ik_record_make(IK_REC_ping_summary, e->now.real);
    struct ik_rec_ping_summary *r = &e->summary.rec.ping_summary;
    r->target = name_of(t, &e->summary);
    r->addr = t->addr;
    r->sent = (int64_t)(t->received + t->late + t->lost + t->unknown + t->in_flight);
    r->received = (int64_t)t->received;
    r->late = (int64_t)t->late;
    r->lost = (int64_t)t->lost;
    r->unknown = (int64_t)t->unknown;
    r->in_flight = t->in_flight;
    r->duplicates = t->duplicates;
    r->corrupt = t->corrupt;
    r->errors = t->errors;
    r->send_errors = t->send_errors;
    r->local_drops = t->local_drops;
    const uint64_t judged = t->received + t->late + t->lost;
    r->loss_ratio = judged ? (double)t->lost / (double)judged : -1;
    put_rtts(e, index, &r->rtt_ns);
    r->ewma_ns = t->rtt.n ? (ik_ns)t->ewma8_us * 125 : IK_NEVER;
    r->pipe = e->cfg.max_targets == 1 ? (int64_t)e->pipe : -1;
    r->duration_ns = t->last - t->first;
    r->final = final;
    return &e->summary.rec;
}

const struct ik_record *ik_echo_say_next(struct ik_echo_engine *e)
{
    if (e->ring_used == 0)
        ik_echo_account_close_some(e);
    if (e->ring_used) {
        const uint32_t at = e->ring_head;
        e->ring_head = (at + 1) % IK_ECHO_RING;
        e->ring_used--;
        return &e->ring[at].rec;
    }
    if (e->saying == IK_ECHO_SAY_NOTHING)
        return NULL;
    if (e->say_next < e->n_targets)
        return summary(e, e->say_next++, e->saying == IK_ECHO_SAY_FINAL);
    e->saying = IK_ECHO_SAY_NOTHING;
    return NULL;
}
