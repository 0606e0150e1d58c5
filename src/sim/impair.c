/* SPDX-License-Identifier: MIT
 * The order of things: no carrier, too long, the queue, the wire at its rate, losses on the wire,
 * what happens to the bits, the way. A frame that is lost on the wire held it all the same. */
#include "sim/impair.h"

enum {
    ETHER = 14,
    FRAME_LEAST = 60, /* without the check sequence */
    WIRE_EXTRA = 24,  /* check sequence 4, preamble 8, gap 12 (IEEE 802.3) */
};

/* 0 .. bound-1; the bias is below 2^-40 for any bound that occurs. */
static uint64_t below(struct ik_rng *rng, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)ik_rng_next(rng) * bound >> 64);
}

static bool chance(struct ik_rng *rng, uint32_t ratio)
{
    if (!ratio)
        return false;
    return ratio == UINT32_MAX || (uint32_t)(ik_rng_next(rng) >> 32) < ratio;
}

ik_ns ik_impair_serial(size_t bytes, uint64_t rate_bps)
{
    const uint64_t bits = 8 * ((bytes < FRAME_LEAST ? FRAME_LEAST : bytes) + WIRE_EXTRA);
    return (ik_ns)((bits * IK_NS_PER_S + rate_bps - 1) / rate_bps);
}

/* True when the frame may wait for the wire; *begin is when it gets it. */
static bool enqueue(const struct ik_sim_impair *im, struct ik_impair_line *line, ik_ns now,
                    ik_ns *begin)
{
    struct ik_impair_queue *q = line->queue;
    while (q->n && q->begins[q->first] <= now) {
        q->first = q->first + 1 == q->cap ? 0 : q->first + 1;
        q->n--;
    }
    if (line->busy_until <= now) {
        *begin = now;
        return true;
    }
    if (q->n >= ik_impair_queue_frames(im) || q->n >= q->cap)
        return false;
    *begin = line->busy_until;
    const uint32_t at = q->first + q->n++;
    q->begins[at < q->cap ? at : at - q->cap] = *begin;
    return true;
}

static bool lost(const struct ik_sim_impair *im, struct ik_impair_line *line, struct ik_rng *rng)
{
    if (line->bad)
        line->bad = !chance(rng, im->burst_end);
    else
        line->bad = chance(rng, im->burst_start);
    if (line->bad && chance(rng, im->burst_loss))
        return true;
    return chance(rng, im->loss);
}

/* When a frame that left the wire at `left` arrives. */
static void travel(const struct ik_sim_impair *im, struct ik_impair_line *line, struct ik_rng *rng,
                   ik_ns left, struct ik_impair_result *out)
{
    ik_ns way = im->delay;
    if (im->jitter)
        way += (ik_ns)below(rng, 2 * (uint64_t)im->jitter + 1) - im->jitter;
    out->at = left + (way > 0 ? way : 0);
    if (out->at < line->last_at)
        out->at = line->last_at;
    if (!chance(rng, im->reorder)) {
        line->last_at = out->at;
        return;
    }
    const ik_ns most = im->reorder_by ? im->reorder_by : im->delay;
    const ik_ns sooner = most ? 1 + (ik_ns)below(rng, (uint64_t)most) : 0;
    out->at = out->at - sooner > left ? out->at - sooner : left;
    out->overtakes = out->at < line->last_at;
    if (!out->overtakes)
        line->last_at = out->at;
}

bool ik_impair_is_plain(const struct ik_sim_impair *im)
{
    return !(im->down || im->mtu || im->rate_bps || im->jitter || im->loss || im->burst_start ||
             im->burst_end || im->burst_loss || im->duplicate || im->corrupt || im->reorder);
}

void ik_impair_apply(const struct ik_sim_impair *im, struct ik_impair_line *line,
                     struct ik_rng *rng, ik_ns now, size_t bytes, struct ik_impair_result *out)
{
    *out = (struct ik_impair_result){.fate = IK_FATE_LOST};
    if (im->down)
        return;
    if (im->mtu && bytes > (size_t)im->mtu + ETHER) {
        out->fate = IK_FATE_TOO_LONG;
        return;
    }
    ik_ns left = now;
    if (im->rate_bps) {
        if (!enqueue(im, line, now, &left)) {
            out->fate = IK_FATE_QUEUE_FULL;
            return;
        }
        left += ik_impair_serial(bytes, im->rate_bps);
        line->busy_until = left;
    }
    if (lost(im, line, rng))
        return;
    out->fate = IK_FATE_CARRIED;
    out->duplicate = chance(rng, im->duplicate);
    out->corrupt = bytes > ETHER && chance(rng, im->corrupt);
    if (out->corrupt)
        out->bit = (uint32_t)below(rng, 8 * (uint64_t)(bytes - ETHER));
    travel(im, line, rng, left, out);
}
