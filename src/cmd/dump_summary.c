/* SPDX-License-Identifier: MIT
 * Totals, for people and as a record. */
#include "dump.h"

#include <icmpkit/record.h>

enum { ROW_TEXT = 512, NAME_TEXT = 64, BAR = 50, REQUESTS_TOLD = 10 };

struct out {
    struct ik_put w;
    char text[ROW_TEXT];
    ik_dump_piece_fn *fn;
    void *ctx;
    struct ik_dump_stamp *stamp;
    uint64_t told, most; /* unanswered requests */
};

static struct ik_put *row(struct out *o)
{
    ik_put_init(&o->w, o->text, sizeof o->text - 1);
    return &o->w;
}

static void end(struct out *o)
{
    o->w.end++; /* for the end of the line there is always room */
    o->w.cut = false;
    ik_put_c(&o->w, '\n');
    o->fn(o->ctx, &o->w);
}

/* Right-aligned. */
static void put_right(struct ik_put *w, uint64_t v, size_t width)
{
    char text[24];
    struct ik_put number;
    ik_put_init(&number, text, sizeof text);
    ik_put_u64(&number, v);
    for (size_t n = ik_put_used(&number); n < width; n++)
        ik_put_c(w, ' ');
    ik_put_mem(w, text, ik_put_used(&number));
}

/* v of whole, in tenths of a percent. */
static void put_share(struct ik_put *w, uint64_t v, uint64_t whole)
{
    const uint64_t tenths = whole ? (uint64_t)((double)v / (double)whole * 1000 + 0.5) : 0;
    put_right(w, tenths / 10, 5);
    ik_put_c(w, '.');
    ik_put_u64(w, tenths % 10);
    ik_put_c(w, '%');
}

static void put_plural(struct ik_put *w, uint64_t n, const char *one, const char *many)
{
    ik_put_u64(w, n);
    ik_put_c(w, ' ');
    ik_put_s(w, n == 1 ? one : many);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void tell_head(struct out *o, const struct ik_dump_summary *s, const struct ik_total_view *v)
{
    const struct ik_look_stats stats = ik_look_stats(s->look);
    struct ik_put *w = row(o);
    put_plural(w, v->packets, "ICMP packet", "ICMP packets");
    ik_put_s(w, " of ");
    put_plural(w, stats.frames, "frame", "frames");
    ik_put_s(w, ", ");
    put_plural(w, v->bytes, "byte", "bytes");
    if (v->first != IK_NEVER) {
        ik_put_s(w, ", ");
        ik_put_ms(w, v->last - v->first);
        ik_put_s(w, " from ");
        ik_dump_stamp_put_full(o->stamp, w, v->first);
    }
    end(o);
    if (stats.fragments) {
        w = row(o);
        put_plural(w, stats.fragments, "fragment", "fragments");
        ik_put_s(w, ", ");
        put_plural(w, stats.reassembled, "packet", "packets");
        ik_put_s(w, " put together, ");
        ik_put_u64(w, stats.expired_datagrams);
        ik_put_s(w, " incomplete, ");
        ik_put_u64(w, stats.overlapped_datagrams);
        ik_put_s(w, " overlapping");
        end(o);
    }
    if (stats.evicted_requests || stats.evicted_datagrams) {
        w = row(o);
        ik_put_s(w, "not observed, for want of room: the answers to ");
        put_plural(w, stats.evicted_requests, "request", "requests");
        ik_put_s(w, ", the rest of ");
        put_plural(w, stats.evicted_datagrams, "fragmented packet", "fragmented packets");
        end(o);
    }
    if (s->dropped != UINT64_MAX) {
        w = row(o);
        put_plural(w, s->dropped, "frame", "frames");
        ik_put_s(w, " dropped by the capture");
        end(o);
    }
}

static void tell_title(struct out *o, const char *title)
{
    ik_put_s(row(o), "");
    end(o);
    ik_put_s(row(o), title);
    end(o);
}

static void tell_kinds(struct out *o, const struct ik_total_view *v)
{
    char name[NAME_TEXT];
    if (v->n_kinds)
        tell_title(o, "By type and code:       packets   share       bytes");
    for (size_t i = 0; i < v->n_kinds; i++) {
        const struct ik_total_kind *k = &v->kinds[i];
        struct ik_put *w = row(o);
        ik_put_s(w, "  ");
        if (k->family == 6)
            ik_put_s(w, "v6:");
        ik_put_u64(w, k->type);
        ik_put_c(w, '/');
        ik_put_u64(w, k->code);
        while (ik_put_used(w) < 12)
            ik_put_c(w, ' ');
        put_right(w, k->packets, 19);
        put_share(w, k->packets, v->packets);
        put_right(w, k->bytes, 12);
        ik_put_s(w, "  ");
        ik_put_s(w, ik_icmp_name(k->family, k->type, k->code, name, sizeof name));
        end(o);
    }
    if (v->other_kinds) {
        struct ik_put *w = row(o);
        ik_put_s(w, "  others    ");
        put_right(w, v->other_kinds, 19);
        put_share(w, v->other_kinds, v->packets);
        end(o);
    }
}

static void tell_talkers(struct out *o, const struct ik_total_view *v)
{
    if (v->n_talkers)
        tell_title(o, "Who sent most:          packets   share       bytes");
    for (size_t i = 0; i < v->n_talkers; i++) {
        const struct ik_total_talker *t = &v->talkers[i];
        struct ik_put *w = row(o);
        ik_put_s(w, "  ");
        put_right(w, t->packets, 29);
        put_share(w, t->packets, v->packets);
        put_right(w, t->bytes, 12);
        ik_put_s(w, "  ");
        ik_put_addr(w, &t->addr);
        if (t->over_by) {
            ik_put_s(w, " (at most ");
            ik_put_u64(w, t->over_by);
            ik_put_s(w, " too many)");
        }
        end(o);
    }
}

static void tell_request(void *ctx, const struct ik_look_request *q)
{
    struct out *o = ctx;
    char name[NAME_TEXT];
    if (o->told++ >= o->most)
        return;
    struct ik_put *w = row(o);
    ik_put_s(w, "  ");
    ik_put_u64(w, q->n);
    ik_put_s(w, ": ");
    ik_put_addr(w, &q->src);
    ik_put_s(w, " > ");
    ik_put_addr(w, &q->dst);
    ik_put_s(w, ": ");
    ik_put_s(w, ik_icmp_name(q->src.family, q->type, 0, name, sizeof name));
    ik_put_s(w, ", id ");
    ik_put_u64(w, q->ident);
    ik_put_s(w, ", seq ");
    ik_put_u64(w, q->seq);
    end(o);
}

static uint64_t requests_of(const struct ik_total_view *v);

static void tell_pairs(struct out *o, const struct ik_dump_summary *s,
                       const struct ik_total_view *v)
{
    const struct ik_look_stats stats = ik_look_stats(s->look);
    const uint64_t requests = requests_of(v);
    if (!requests && !v->unasked)
        return;
    tell_title(o, "Requests and answers:");
    struct ik_put *w = row(o);
    ik_put_s(w, "  ");
    put_plural(w, requests, "request", "requests");
    ik_put_s(w, ", ");
    put_plural(w, v->replies, "reply", "replies");
    ik_put_s(w, ", ");
    put_plural(w, v->errors, "error", "errors");
    ik_put_s(w, " about requests, ");
    put_plural(w, v->duplicates, "duplicate", "duplicates");
    ik_put_s(w, ", ");
    ik_put_u64(w, v->repeated);
    ik_put_s(w, " repeated, ");
    put_plural(w, v->unasked, "reply", "replies");
    ik_put_s(w, " without a request");
    end(o);
    if (!stats.waiting)
        return;
    w = row(o);
    ik_put_s(w, "  unanswered: ");
    ik_put_u64(w, stats.waiting);
    end(o);
    o->told = 0;
    o->most = s->all ? UINT64_MAX : REQUESTS_TOLD;
    ik_look_unanswered(s->look, IK_NEVER, tell_request, o);
    if (o->told > o->most) {
        w = row(o);
        ik_put_s(w, "  and ");
        ik_put_u64(w, o->told - o->most);
        ik_put_s(w, " more (-v tells them all)");
        end(o);
    }
}

static void put_limit(struct ik_put *w, ik_ns v)
{
    char text[32];
    struct ik_put limit;
    ik_put_init(&limit, text, sizeof text);
    if (v < IK_NS_PER_MS) {
        ik_put_u64(&limit, (uint64_t)(v / IK_NS_PER_US));
        ik_put_s(&limit, " us");
    } else {
        ik_put_ms(&limit, v);
    }
    for (size_t n = ik_put_used(&limit); n < 14; n++)
        ik_put_c(w, ' ');
    ik_put_mem(w, text, ik_put_used(&limit));
}

static void tell_bins(struct out *o, const struct ik_total_view *v)
{
    size_t first = IK_TOTAL_BINS, last = 0;
    uint64_t most = 0;
    for (size_t i = 0; i < IK_TOTAL_BINS; i++) {
        if (!v->bins[i])
            continue;
        first = first == IK_TOTAL_BINS ? i : first;
        last = i;
        most = v->bins[i] > most ? v->bins[i] : most;
    }
    for (size_t i = first; i <= last && first < IK_TOTAL_BINS; i++) {
        struct ik_put *w = row(o);
        ik_put_s(w, "  below");
        put_limit(w, (ik_ns)(IK_NS_PER_US << i));
        put_right(w, v->bins[i], 10);
        ik_put_s(w, v->bins[i] ? "  " : "");
        /* What is there has a mark, however small it is beside the most. */
        const uint64_t n = (uint64_t)((double)v->bins[i] / (double)most * BAR + 0.5);
        for (uint64_t mark = 0; mark < (n ? n : v->bins[i] != 0); mark++)
            ik_put_c(w, '#');
        end(o);
    }
}

static void tell_round_trips(struct out *o, const struct ik_total_view *v)
{
    const struct ik_rec_rtt *r = &v->rtt;
    if (r->min == IK_NEVER)
        return;
    tell_title(o, "Round trips:");
    struct ik_put *w = row(o);
    ik_put_s(w, "  min ");
    ik_put_ms(w, r->min);
    ik_put_s(w, ", avg ");
    ik_put_ms(w, r->avg);
    ik_put_s(w, ", max ");
    ik_put_ms(w, r->max);
    ik_put_s(w, ", mdev ");
    ik_put_ms(w, r->mdev);
    ik_put_s(w, ", p50 ");
    ik_put_ms(w, r->p50);
    ik_put_s(w, ", p90 ");
    ik_put_ms(w, r->p90);
    ik_put_s(w, ", p99 ");
    ik_put_ms(w, r->p99);
    end(o);
    tell_bins(o, v);
}

static void tell_flaws(struct out *o, const struct ik_total_view *v)
{
    if (!v->flawed)
        return;
    tell_title(o, "Flaws:                  packets   share");
    for (int i = 0; i < IK_FLAW_COUNT; i++) {
        if (!v->flaws[i])
            continue;
        struct ik_put *w = row(o);
        put_right(w, v->flaws[i], 31);
        put_share(w, v->flaws[i], v->packets);
        ik_put_s(w, "  ");
        ik_put_s(w, ik_flaw_name((enum ik_flaw)i));
        ik_put_s(w, ": ");
        ik_put_s(w, ik_flaw_text((enum ik_flaw)i));
        end(o);
    }
}

void ik_dump_summary_text(const struct ik_dump_summary *s, struct ik_dump_stamp *stamp,
                          ik_dump_piece_fn *fn, void *ctx)
{
    struct out o = {.fn = fn, .ctx = ctx, .stamp = stamp};
    struct ik_total_view v;
    ik_total_view(s->total, &v);
    tell_head(&o, s, &v);
    tell_kinds(&o, &v);
    tell_talkers(&o, &v);
    tell_pairs(&o, s, &v);
    tell_round_trips(&o, &v);
    tell_flaws(&o, &v);
}

/* ---- record ---------------------------------------------------------------------------------- */

/* Packets whose type asks for an answer of its own. */
static uint64_t requests_of(const struct ik_total_view *v)
{
    static const struct {
        uint8_t family, type;
    } asks[] = {{4, IK_ICMP4_ECHO},       {4, IK_ICMP4_TIMESTAMP},         {4, IK_ICMP4_INFO},
                {4, IK_ICMP4_MASK},       {4, IK_ICMP4_DOMAIN_NAME},       {4, IK_ICMP4_EXT_ECHO},
                {6, IK_ICMP6_ECHO},       {6, IK_ICMP6_NEIGHBOR_SOL},      {6, IK_ICMP6_NODE_QUERY},
                {6, IK_ICMP6_HOME_AGENT}, {6, IK_ICMP6_MOBILE_PREFIX_SOL}, {6, IK_ICMP6_EXT_ECHO}};
    uint64_t n = 0;
    for (size_t i = 0; i < v->n_kinds; i++) {
        for (size_t k = 0; k < sizeof asks / sizeof *asks; k++) {
            if (v->kinds[i].family == asks[k].family && v->kinds[i].type == asks[k].type)
                n += v->kinds[i].packets;
        }
    }
    return n;
}

struct ik_record ik_dump_summary_record(const struct ik_dump_summary *s, struct ik_total_view *view)
{
    const struct ik_look_stats stats = ik_look_stats(s->look);
    struct ik_record rec = ik_record_make(IK_REC_dump_summary, s->now);
    struct ik_rec_dump_summary *r = &rec.dump_summary;
    ik_total_view(s->total, view);
    r->frames = (int64_t)stats.frames;
    r->packets = (int64_t)view->packets;
    r->bytes = (int64_t)view->bytes;
    r->flawed = (int64_t)view->flawed;
    r->first = view->first;
    r->last = view->last;
    r->kinds = (struct ik_rec_kinds){view->kinds, view->n_kinds};
    r->other_kinds = (int64_t)view->other_kinds;
    r->talkers = (struct ik_rec_talkers){view->talkers, view->n_talkers};
    r->requests = (int64_t)requests_of(view);
    r->replies = (int64_t)view->replies;
    r->errors = (int64_t)view->errors;
    r->duplicates = (int64_t)view->duplicates;
    r->unasked = (int64_t)view->unasked;
    r->unanswered = (int64_t)stats.waiting;
    r->rtt_ns = view->rtt;
    r->rtt_bins = (struct ik_rec_bins){view->bins, IK_TOTAL_BINS};
    r->flaws = (struct ik_rec_flaw_counts){view->flaws, IK_FLAW_COUNT};
    r->fragments = (int64_t)stats.fragments;
    r->reassembled = (int64_t)stats.reassembled;
    r->incomplete = (int64_t)stats.expired_datagrams;
    r->evicted_requests = (int64_t)stats.evicted_requests;
    r->evicted_datagrams = (int64_t)stats.evicted_datagrams;
    if (s->dropped != UINT64_MAX)
        r->dropped = (int64_t)s->dropped;
    r->final = s->final;
    return rec;
}
