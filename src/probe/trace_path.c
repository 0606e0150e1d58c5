/* SPDX-License-Identifier: MIT
 * How a path ends.
 *
 *   reached      the target's own answer, told by its type, code and quote, never by its address:
 *                the least TTL that got one is the last hop
 *   unreachable  at a hop where nothing was forwarded, and nothing answered beyond; this host's own
 *                refusal to send what is too large is one too
 *   loop         see is_loop()
 *   gap          max_silent silent hops in a row, and nothing answered beyond
 *   max-ttl      nothing of these */
#include "probe/trace_path.h"

#include "base/rd.h"
#include "icmpkit/wire.h"

#include <string.h>

enum { EXT_HEADER_BYTES = 4, LOOP_ROUNDS = 3, LOOP_ROUTERS_MAX = 16 };

static bool reaches(enum trace_stop ends)
{
    return ends != TRACE_STOP_NONE && ends != TRACE_STOP_UNREACHABLE;
}

/* ---- an answer ------------------------------------------------------------------------------- */

/* Copies a structure to `to` (TRACE_EXT_MAX bytes) and returns the copy. One that is too large is
 * cut between objects, and its checksum, which no longer verifies, becomes "none was transmitted"
 * (RFC 4884 section 7). */
static struct ik_rd keep_extensions(uint8_t *to, struct ik_rd ext)
{
    if (ext.left <= TRACE_EXT_MAX) {
        if (ext.left)
            memcpy(to, ext.p, ext.left);
        return (struct ik_rd){to, ext.left};
    }
    struct ik_rd objects;
    struct ik_ext_object object;
    if (ik_ext_open(&objects, ext, NULL) != IK_OK)
        return (struct ik_rd){to, 0};
    size_t keep = EXT_HEADER_BYTES;
    while (ik_ext_take(&objects, &object, NULL) == IK_OK &&
           ext.left - objects.left <= TRACE_EXT_MAX)
        keep = ext.left - objects.left;
    memcpy(to, ext.p, keep);
    ik_store_be16(to + 2, 0);
    return (struct ik_rd){to, keep};
}

/* Probes from the limit on are beyond the end: those that are out no longer count. */
static void cancel_beyond(struct ik_trace *t, struct trace_target *tt)
{
    for (uint32_t i = tt->limit; i < tt->next; i++) {
        struct trace_probe *p = &tt->probes[i];
        tt->out -= p->state == TRACE_OUT;
        t->out -= p->state == TRACE_OUT;
        tt->again -= p->state == TRACE_AGAIN;
        p->state = TRACE_CANCELLED;
    }
    if (tt->next > tt->limit)
        tt->next = tt->limit;
}

/* Nothing beyond that TTL is worth a probe unless something answers from there. */
static void raise_barrier(struct trace_target *tt, uint8_t ttl)
{
    if (tt->barrier == 0 || ttl < tt->barrier)
        tt->barrier = ttl;
}

void ik_trace_path_failed(struct ik_trace *t, uint32_t slot, enum ik_err err, uint32_t mtu)
{
    struct trace_target *tt = ik_trace_target_of(t, slot);
    struct trace_probe *p = &t->probes[slot];
    p->state = TRACE_FAILED;
    p->err = err;
    p->err_mtu = mtu;
    tt->out--;
    tt->sent--; /* it never left */
    t->out--;
    t->totals.sent--;
    t->totals.send_errors++;
    if (err == IK_E_TOO_BIG)
        raise_barrier(tt, ik_trace_ttl(t, slot % t->per_target));
}

void ik_trace_path_answer(struct ik_trace *t, uint32_t slot, const struct trace_answer *answer)
{
    struct trace_target *tt = ik_trace_target_of(t, slot);
    struct trace_probe *p = &t->probes[slot];
    const uint8_t ttl = ik_trace_ttl(t, slot % t->per_target);
    p->state = TRACE_HELD;
    p->answer = *answer;
    p->answer.ext = keep_extensions(t->exts + (size_t)slot * TRACE_EXT_MAX, answer->ext);
    tt->out--;
    t->out--;
    tt->received++;
    t->totals.received++;
    /* Its duplicate must not meet the next probe alone. */
    if (answer->lone && tt->send_at < answer->user + TRACE_LONE_PAUSE)
        tt->send_at = answer->user + TRACE_LONE_PAUSE;
    if (answer->ends == TRACE_STOP_UNREACHABLE) {
        raise_barrier(tt, ttl);
        return;
    }
    if (ttl > tt->deepest)
        tt->deepest = ttl;
    if (reaches(answer->ends) && ik_trace_hop_end(t, ttl) < tt->limit) {
        tt->limit = ik_trace_hop_end(t, ttl);
        cancel_beyond(t, tt);
    }
}

/* ---- loops ----------------------------------------------------------------------------------- */

/* The one router that answered every answered probe of a hop; NULL when there were several; *silent
 * when none. */
static const struct ik_addr *sole_router(const struct ik_trace *t, const struct trace_target *tt,
                                         uint8_t ttl, bool *silent)
{
    const struct ik_addr *sole = NULL;
    const uint32_t end = ik_trace_hop_end(t, ttl);
    *silent = true;
    for (uint32_t i = end - t->cfg.queries; i < end; i++) {
        const struct trace_probe *p = &tt->probes[i];
        if (p->state != TRACE_ANSWERED)
            continue;
        *silent = false;
        if (sole && !ik_addr_same_host(sole, &p->answer.from))
            return NULL;
        sole = &p->answer.from;
    }
    return sole;
}

static bool hops_equal(const struct ik_trace *t, const struct trace_target *tt, uint8_t a,
                       uint8_t b)
{
    bool silent_a, silent_b;
    const struct ik_addr *ra = sole_router(t, tt, a, &silent_a);
    const struct ik_addr *rb = sole_router(t, tt, b, &silent_b);
    if (silent_a || silent_b)
        return silent_a && silent_b;
    return ra && rb && ik_addr_same_host(ra, rb);
}

/* True when the hops from `from` to `to` name at least two routers. */
static bool two_routers(const struct ik_trace *t, const struct trace_target *tt, uint8_t from,
                        uint8_t to)
{
    bool silent;
    const struct ik_addr *first = NULL;
    for (unsigned ttl = from; ttl <= to; ttl++) {
        const struct ik_addr *r = sole_router(t, tt, (uint8_t)ttl, &silent);
        if (r && first && !ik_addr_same_host(first, r))
            return true;
        first = first ? first : r;
    }
    return false;
}

/* A forwarding loop: the last LOOP_ROUNDS * n hops are the same n hops LOOP_ROUNDS times over, for
 * some n from 2, two different routers among them, every hop with one router or silent. So a router
 * that answers twice (it forwards packets of TTL 0), one that answers for everything behind it
 * (NAT), and routers that are balanced over by packet are none. */
static bool is_loop(const struct ik_trace *t, const struct trace_target *tt, uint8_t ttl)
{
    const unsigned hops = (unsigned)ttl - t->cfg.first_ttl + 1;
    for (unsigned n = 2; n <= LOOP_ROUTERS_MAX && n * LOOP_ROUNDS <= hops; n++) {
        unsigned same = 0;
        while (same < n * (LOOP_ROUNDS - 1) &&
               hops_equal(t, tt, (uint8_t)(ttl - same), (uint8_t)(ttl - same - n)))
            same++;
        if (same == n * (LOOP_ROUNDS - 1) && two_routers(t, tt, (uint8_t)(ttl - n + 1), ttl))
            return true;
    }
    return false;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What a hop was: said probes only. */
struct hop_facts {
    bool answered, forwarded, unreachable;
    enum trace_stop reached;
};

static struct hop_facts hop_facts(const struct ik_trace *t, const struct trace_target *tt,
                                  uint8_t ttl)
{
    struct hop_facts f = {.reached = TRACE_STOP_NONE};
    const uint32_t end = ik_trace_hop_end(t, ttl);
    for (uint32_t i = end - t->cfg.queries; i < end; i++) {
        const struct trace_probe *p = &tt->probes[i];
        f.unreachable |= p->state == TRACE_FAILED && p->err == IK_E_TOO_BIG;
        if (p->state != TRACE_ANSWERED)
            continue;
        f.answered = true;
        f.forwarded |= p->answer.ends == TRACE_STOP_NONE;
        f.unreachable |= p->answer.ends == TRACE_STOP_UNREACHABLE;
        if (reaches(p->answer.ends) && !f.reached)
            f.reached = p->answer.ends;
    }
    return f;
}

void ik_trace_path_end(struct ik_trace *t, struct trace_target *tt, enum trace_stop stop)
{
    tt->limit = tt->said;
    cancel_beyond(t, tt);
    tt->stop = stop;
    tt->wake = IK_NEVER;
    t->totals.reached += reaches(stop) && stop < TRACE_STOP_UNREACHABLE;
}

void ik_trace_path_conclude(struct ik_trace *t, struct trace_target *tt, uint8_t ttl)
{
    const struct hop_facts f = hop_facts(t, tt, ttl);
    const bool beyond = tt->deepest > ttl;
    tt->silent = f.answered ? 0 : tt->silent + 1;
    if (f.answered)
        tt->last_ttl = ttl;
    if (f.reached)
        ik_trace_path_end(t, tt, f.reached);
    else if (f.unreachable && !f.forwarded && !beyond)
        ik_trace_path_end(t, tt, TRACE_STOP_UNREACHABLE);
    else if (f.answered && is_loop(t, tt, ttl))
        ik_trace_path_end(t, tt, TRACE_STOP_LOOP);
    else if (t->cfg.max_silent && tt->silent >= t->cfg.max_silent && !beyond)
        ik_trace_path_end(t, tt, TRACE_STOP_GAP);
    else if (ttl == t->cfg.max_ttl)
        ik_trace_path_end(t, tt, TRACE_STOP_MAX_TTL);
    else if (tt->barrier == ttl)
        tt->barrier = 0;
}

void ik_trace_path_interrupt(struct ik_trace *t, struct trace_target *tt)
{
    tt->interrupted = true;
    uint32_t end = tt->said;
    for (uint32_t i = tt->said; i < tt->next; i++) {
        struct trace_probe *p = &tt->probes[i];
        tt->out -= p->state == TRACE_OUT;
        t->out -= p->state == TRACE_OUT;
        tt->again -= p->state == TRACE_AGAIN;
        if (p->state == TRACE_HELD)
            p->state = TRACE_ANSWERED;
        else if (p->state == TRACE_OUT)
            p->state = TRACE_UNKNOWN;
        else if (p->state == TRACE_AGAIN)
            p->state = TRACE_AMBIGUOUS;
        if (p->state == TRACE_ANSWERED)
            end = i + 1;
    }
    tt->limit = end;
    cancel_beyond(t, tt);
    tt->wake = IK_NEVER;
}

/* ---- how far it is --------------------------------------------------------------------------- */

/* The least TTL that a probe of that hop had left at the target, by the quotes of its answers; 0
 * where it is not known. */
static int left_at_target(const struct ik_trace *t, const struct trace_target *tt, uint8_t ttl)
{
    const uint32_t end = ik_trace_hop_end(t, ttl);
    int least = 0;
    for (uint32_t i = end - t->cfg.queries; i < end; i++) {
        const struct trace_probe *p = &tt->probes[i];
        if (p->state != TRACE_ANSWERED || !reaches(p->answer.ends))
            continue;
        if (p->answer.quoted_ttl < 1)
            return 0;
        if (!least || p->answer.quoted_ttl < least)
            least = p->answer.quoted_ttl;
    }
    return least;
}

int ik_trace_path_distance(const struct ik_trace *t, const struct trace_target *tt)
{
    const int last = tt->last_ttl;
    const int left = reaches(tt->stop) && tt->stop < TRACE_STOP_UNREACHABLE
                         ? left_at_target(t, tt, tt->last_ttl)
                         : 0;
    const int distance = last - (left - 1);
    bool silent;
    if (left <= 1 || distance < t->cfg.first_ttl)
        return -1;
    /* Whoever answers in between is on the way: then the quote is not as it arrived. */
    for (int ttl = distance; ttl < last; ttl++) {
        const struct ik_addr *router = sole_router(t, tt, (uint8_t)ttl, &silent);
        if (router || !silent)
            return -1;
    }
    return distance;
}
