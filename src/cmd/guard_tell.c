/* SPDX-License-Identifier: MIT
 * What guard says on standard output, in the format that was asked for. */
#include "guard.h"

#include "communityid.h"
#include "run.h"

#include <icmpkit/host.h>

#include <stdlib.h>
#include <string.h>

/* ---- findings, and what is done about them --------------------------------------------------- */

static void print_record(struct ik_guard *g, const struct ik_record *rec)
{
    size_t n;
    char *at = ik_out_room(&g->out, IK_RECORD_JSON_MAX);
    const enum ik_err err = ik_record_json(rec, at, IK_RECORD_JSON_MAX, &n);
    if (!err)
        ik_out_took(&g->out, n);
    else
        (void)ik_guard_fail(g, _("cannot write a record"), err);
}

static void print_json(struct ik_guard *g, const struct ik_finding *f,
                       const struct ik_guard_known *known)
{
    char rule[IK_RULE_TEXT], id[IK_COMMUNITYID_TEXT];
    struct ik_finding_mem mem;
    struct ik_record rec = ik_finding_record(f, &mem);
    if (ik_finding_rule(f, rule)[0])
        rec.finding.rule = rule;
    if (ik_guard_flow_id(&known->flow, id)[0])
        rec.finding.community_id = id;
    print_record(g, &rec);
}

static void print_eve(struct ik_guard *g, const struct ik_finding *f,
                      const struct ik_guard_known *known)
{
    if (known->news)
        ik_out_took(&g->out,
                    ik_guard_eve(f, known, g->opt.read != NULL,
                                 ik_out_room(&g->out, IK_GUARD_EVE_MAX), IK_GUARD_EVE_MAX));
}

/* Text that stdio makes, as it takes columns into account. */
struct text {
    char *bytes;
    size_t n;
    FILE *to;
};

static bool text_begin(struct ik_guard *g, struct text *t)
{
    t->to = open_memstream(&t->bytes, &t->n);
    return t->to || ik_guard_fail(g, _("cannot write the results"), IK_E_NOMEM);
}

static void text_end(struct ik_guard *g, struct text *t)
{
    if (fclose(t->to))
        (void)ik_guard_fail(g, _("cannot write the results"), IK_E_NOMEM);
    else
        ik_out_put(&g->out, t->bytes, t->n);
    free(t->bytes);
}

/* Live a finding is told at once, and what becomes of it in lines; of what is over and read from
 * elsewhere, once, when all is known of it. */
static void print_text(struct ik_guard *g, const struct ik_finding *f,
                       const struct ik_guard_known *known)
{
    const bool live = g->interface, ended = f->state == IK_FINDING_ENDED;
    const bool block = live ? f->state == IK_FINDING_NEW : ended;
    const bool line =
        live && (ended || (f->state == IK_FINDING_UPDATED && (known->news || known->unseen)));
    struct text t;
    if ((!block && !line) || !text_begin(g, &t))
        return;
    if (block)
        ik_guard_text_finding(t.to, &g->stamp, f, known, ended);
    else
        ik_guard_text_news(t.to, &g->stamp, f, known);
    text_end(g, &t);
}

/* What there is to say of findings; p: the packet that was just looked at, or NULL. */
void ik_guard_tell_news(struct ik_guard *g, const struct ik_look_packet *p)
{
    for (const struct ik_finding *f; (f = ik_detect_take(g->detect));) {
        const struct ik_guard_known *known = ik_guard_list_note(&g->list, f, p);
        g->found = g->found || known->worst >= IK_SEVERITY_MEDIUM;
        if (g->opt.format == IK_GUARD_TEXT)
            print_text(g, f, known);
        else if (g->opt.format == IK_GUARD_JSON)
            print_json(g, f, known);
        else
            print_eve(g, f, known);
        ik_guard_enforce_finding(g, f);
    }
    if (g->out.error)
        g->from.stop = true;
}

void ik_guard_tell_deed(void *ctx, const struct ik_deed *d)
{
    struct ik_guard *g = ctx;
    struct text t;
    if (g->opt.format == IK_GUARD_JSON) {
        struct ik_guard_deed_mem mem;
        const struct ik_record rec =
            ik_guard_deed_record(d, g->interface ? ik_clock_now().real : g->last, &mem);
        print_record(g, &rec);
    } else if (g->opt.format == IK_GUARD_TEXT && text_begin(g, &t)) {
        ik_guard_text_deed(t.to, d);
        text_end(g, &t);
    }
    if (d->what != IK_DEED_LOST)
        return;
    ik_guard_enforce_lost(d);
    g->failed = g->from.stop = true;
}

/* ---- the beginning, the end, and word on the way --------------------------------------------- */

void ik_guard_tell_run(struct ik_guard *g)
{
    static const char *const none[] = {NULL};
    static const char *const no_home[] = {"directions, and what shows by them: neither --home nor "
                                          "the configuration says what is ours",
                                          NULL};
    char kernel[128], seed[32];
    struct ik_record rec = ik_record_make(IK_REC_run, ik_guard_now(g));
    rec.run.version = IK_VERSION;
    rec.run.verb = "guard";
    rec.run.argv = (const char *const *)g->argv;
    rec.run.family = "both";
    rec.run.clock = g->interface ? "kernel" : g->lab ? "virtual" : "capture";
    if (!g->lab)
        rec.run.kernel = ik_host_kernel(kernel, sizeof kernel);
    rec.run.socket = g->interface ? "packet" : g->lab ? "lab" : "file";
    if (g->lab) {
        snprintf(seed, sizeof seed, "%llu", (unsigned long long)ik_runlab_seed(g->lab));
        rec.run.seed = seed;
    }
    rec.run.unseen = g->settings[g->current].cfg.n_home ? none : no_home;
    print_record(g, &rec);
}

static struct ik_guard_totals totals_of(const struct ik_guard *g)
{
    const ik_ns now = ik_guard_now(g);
    const ik_ns from = g->interface ? g->since : g->first, until = g->interface ? now : g->last;
    struct ik_guard_totals totals = {.now = g->interface || g->last == IK_NEVER ? now : g->last,
                                     .looked = from == IK_NEVER || until < from ? 0 : until - from,
                                     .damaged = g->from.damaged || g->from.failed,
                                     .stats = ik_detect_stats(g->detect),
                                     .frames = g->from.n,
                                     .dropped = g->from.dropped,
                                     .first = g->first,
                                     .last = g->last};
    for (unsigned i = 1; i < IK_GUARD_SENDERS && ik_sender_name(i); i++)
        totals.senders[totals.n_senders++] = ik_sender_name(i);
    return totals;
}

void ik_guard_tell_totals(struct ik_guard *g)
{
    const struct ik_guard_totals totals = totals_of(g);
    struct text t;
    if (g->opt.format == IK_GUARD_JSON) {
        const struct ik_record rec = ik_guard_totals_record(&g->list, &totals);
        print_record(g, &rec);
    } else if (g->opt.format == IK_GUARD_TEXT && text_begin(g, &t)) {
        ik_guard_list_sort(&g->list);
        ik_guard_text_end(t.to, &g->stamp, &g->list, &totals);
        text_end(g, &t);
    }
}

/* What goes on, a line each: the list has what is over. */
void ik_guard_tell_open(struct ik_guard *g)
{
    const struct ik_finding *f;
    struct text t;
    if (g->opt.format != IK_GUARD_TEXT || !text_begin(g, &t))
        return;
    for (size_t i = 0; (f = ik_detect_open(g->detect, i)); i++)
        ik_guard_text_news(t.to, &g->stamp, f, NULL);
    text_end(g, &t);
}
