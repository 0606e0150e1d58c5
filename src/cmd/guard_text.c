/* SPDX-License-Identifier: MIT
 * Findings for people: a block each, a line where one changes, and the list of all. */
#include "guard.h"

#include "lang.h"
#include "page.h"

#include <icmpkit/wire.h>

#include <stdlib.h>
#include <string.h>

enum { PIECE = 128, LINE = 512, LABEL = 14, NAME = 64, INDENT = 3, WIDTH = 100, ABOUT = 10 };

static struct ik_page page(FILE *to)
{
    return (struct ik_page){.to = to, .width = WIDTH};
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static struct ik_put begin(char mem[static PIECE])
{
    struct ik_put w;
    ik_put_init(&w, mem, PIECE - 1);
    return w;
}

static const char *finish(struct ik_put *w)
{
    *w->at = 0;
    return w->start;
}

static void put_end(struct ik_put *w, const struct ik_addr *a, uint32_t n)
{
    if (a->family) {
        char text[IK_SOURCE_TEXT];
        ik_put_s(w, n ? ik_source_text(a, text) : ik_addr_text(a, text));
        return;
    }
    ik_put_s(w, _("many"));
    if (n >= ABOUT) { /* an estimate: of a few it says nothing */
        ik_put_s(w, " (");
        ik_put_u64(w, n);
        ik_put_c(w, ')');
    }
}

/* "192.0.2.1 -> many" */
static const char *ends(const struct ik_addr *src, uint32_t sources, const struct ik_addr *dst,
                        char mem[static PIECE])
{
    struct ik_put w = begin(mem);
    put_end(&w, src, sources ? sources : 1);
    ik_put_s(&w, " -> ");
    put_end(&w, dst, 0);
    return finish(&w);
}

static const char *ends_of(const struct ik_finding *f, char mem[static PIECE])
{
    const struct ik_addr src = ik_finding_src(f), dst = ik_finding_dst(f);
    return ends(&src, f->sources, &dst, mem);
}

static const char *when(struct ik_dump_stamp *stamp, ik_ns time, char mem[static PIECE])
{
    struct ik_put w = begin(mem);
    ik_dump_stamp_put(stamp, &w, time);
    w.at--; /* the blank */
    return finish(&w);
}

static const char *duration(ik_ns d, char mem[static PIECE])
{
    struct ik_put w = begin(mem);
    if (d % IK_NS_PER_S == 0)
        snprintf(mem, PIECE, "%lld s", (long long)(d / IK_NS_PER_S));
    else
        ik_put_ms(&w, d);
    return d % IK_NS_PER_S == 0 ? mem : finish(&w);
}

static const char *value(double v, const struct ik_limit_row *row, char mem[static PIECE])
{
    const char *form = v >= 100 || v <= -100 ? "%.0f%s" : "%.3g%s";
    const enum ik_limit_unit unit = row ? row->unit : IK_LIMIT_COUNT;
    if (unit == IK_LIMIT_NS && v >= 0 && v < 9e18)
        return duration((ik_ns)v, mem);
    if (unit == IK_LIMIT_BYTES)
        snprintf(mem, PIECE, _("%.0f bytes"), v);
    else
        snprintf(mem, PIECE, form, v,
                 unit == IK_LIMIT_PPS       ? "/s"
                 : unit == IK_LIMIT_PERCENT ? "%"
                                            : "");
    return mem;
}

/* ---- lines of a block ------------------------------------------------------------------------ */

/* A label; returns the column after it. */
static int label(FILE *to, const char *text)
{
    const struct ik_page p = page(to);
    const int used = INDENT + ik_page_columns(text), gap = used < LABEL ? LABEL - used : 1;
    ik_page_pad(&p, INDENT);
    fputs(text, to);
    ik_page_pad(&p, gap);
    return used + gap;
}

static void say_measure(FILE *to, const struct ik_finding *f)
{
    const struct ik_limit_row *row = ik_limit_row(f->limit);
    const char *source = ik_lang_text(f->source);
    char v[PIECE], within[PIECE], line[LINE];
    if (row || f->value != f->threshold) {
        duration(f->window, within);
        value(f->value, row, v);
        label(to, _("measured"));
        if (f->window)
            fprintf(to, _("%s within %s\n"), v, within);
        else
            fprintf(to, "%s\n", v);
        value(f->threshold, row, v);
        if (row)
            snprintf(line, sizeof line, "%s (%s): %s", v, row->key, source);
        else
            snprintf(line, sizeof line, "%s: %s", v, source);
        source = line;
    }
    const struct ik_page p = page(to);
    const int at = label(to, _("threshold"));
    ik_page_fill(&p, source, strlen(source), at, LABEL);
}

static void say_seen(FILE *to, struct ik_dump_stamp *stamp, const struct ik_finding *f)
{
    char first[PIECE], last[PIECE];
    const unsigned long long n = f->packets;
    label(to, _("seen"));
    when(stamp, f->first, first);
    when(stamp, f->last, last);
    if (f->last > f->first)
        fprintf(to, _("%s to %s, packets: %llu\n"), first, last, n);
    else
        fprintf(to, _("%s, packets: %llu\n"), first, n);
}

/* What guard knows by nothing but a count. */
static void say_stopped(FILE *to, struct ik_dump_stamp *stamp, const struct ik_finding *f)
{
    char last[PIECE];
    if (!f->stopped)
        return;
    label(to, _("stopped"));
    fprintf(to, _("until %s, packets that nobody looked at: %llu\n"),
            when(stamp, f->stopped_last, last), (unsigned long long)f->stopped);
}

static void say_message(FILE *to, const struct ik_finding *f)
{
    char name[NAME];
    if (!f->family)
        return;
    label(to, _("message"));
    fprintf(to, "ICMPv%u %u/%u %s\n", f->family, f->type, f->code,
            ik_icmp_name(f->family, f->type, f->code, name, sizeof name));
}

static void say_evidence(FILE *to, struct ik_dump_stamp *stamp, const struct ik_evidence *e,
                         bool first)
{
    char time[PIECE], hex[LINE];
    const unsigned long long n = e->n;
    label(to, first ? _("proof") : "");
    when(stamp, e->time, time);
    if (!e->n_bytes) {
        fprintf(to, _("frame %llu, %s\n"), n, time);
        return;
    }
    fprintf(to, _("frame %llu, %s, from byte %u:\n"), n, time, (unsigned)e->at_bytes);
    struct ik_put w;
    ik_put_init(&w, hex, sizeof hex - 1);
    ik_put_bytes(&w, (struct ik_rd){e->bytes, e->n_bytes}, IK_EVIDENCE_BYTES);
    label(to, "");
    fprintf(to, "%s\n", finish(&w));
}

/* In one line, to be copied; nothing where there is none. */
static void say_words(FILE *to, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    label(to, name);
    fprintf(to, "%s\n", text);
}

/* Other detectors that see the same, each with its severity and measure. */
static void say_also(FILE *to, const struct ik_finding *f)
{
    const struct ik_page p = page(to);
    char v[PIECE], line[LINE];
    for (unsigned i = 0; i < f->n_also; i++) {
        const struct ik_voice *a = &f->also[i];
        const int at = label(to, i == 0 ? _("also") : "");
        snprintf(line, sizeof line, "%s (%s, %s): %s", ik_detector_name(a->detector),
                 ik_severity_name(a->severity), value(a->value, ik_limit_row(a->limit), v),
                 ik_lang_text(a->why));
        ik_page_fill(&p, line, strlen(line), at, LABEL);
    }
}

/* The rules of all its detectors, each once. */
static void say_rules(FILE *to, const struct ik_finding *f)
{
    struct ik_finding voice;
    char rules[IK_ALSO_MAX + 1][IK_RULE_TEXT];
    size_t n = 0;
    for (size_t i = 0; ik_finding_voice(f, i, &voice); i++) {
        size_t same = 0;
        (void)ik_finding_rule(&voice, rules[n]);
        while (same < n && strcmp(rules[same], rules[n]) != 0)
            same++;
        if (same < n || !rules[n][0])
            continue;
        say_words(to, n == 0 ? _("nft rule") : "", rules[n]);
        n++;
    }
}

/* ---- the block ------------------------------------------------------------------------------- */

void ik_guard_text_finding(FILE *to, struct ik_dump_stamp *stamp, const struct ik_finding *f,
                           const struct ik_guard_known *known, bool settled)
{
    const struct ik_page p = page(to);
    const char *why = ik_lang_text(f->why);
    char mem[PIECE];
    fprintf(to, "%s %s: %s [%llu]\n", ik_severity_name(settled ? known->worst : f->severity),
            ik_detector_name(f->detector), ends_of(f, mem), (unsigned long long)f->id);
    ik_page_pad(&p, INDENT);
    ik_page_fill(&p, why, strlen(why), INDENT, INDENT);
    say_measure(to, f);
    say_seen(to, stamp, f);
    say_stopped(to, stamp, f);
    say_message(to, f);
    for (unsigned i = 0; i < f->n_evidence; i++)
        say_evidence(to, stamp, &f->evidence[i], i == 0);
    say_also(to, f);
    say_words(to, _("looks like"), f->tool);
    say_words(to, "ATT&CK", ik_detector_attack(f->detector));
    say_rules(to, f);
    fputc('\n', to);
}

/* All that see it, the most certain first. */
static const char *detectors(const struct ik_finding *f, char mem[static LINE])
{
    struct ik_put w;
    ik_put_init(&w, mem, LINE - 1);
    ik_put_s(&w, ik_detector_name(f->detector));
    for (unsigned i = 0; i < f->n_also; i++) {
        ik_put_s(&w, ", ");
        ik_put_s(&w, ik_detector_name(f->also[i].detector));
    }
    return finish(&w);
}

void ik_guard_text_news(FILE *to, struct ik_dump_stamp *stamp, const struct ik_finding *f,
                        const struct ik_guard_known *known)
{
    char time[PIECE], mem[PIECE], who[LINE];
    const bool over = f->state == IK_FINDING_ENDED;
    const ik_ns last = f->stopped && f->stopped_last > f->last ? f->stopped_last : f->last;
    fprintf(to,
            over ? _("%s: over: %s %s: %s [%llu], packets: %llu")
                 : _("%s: now %s: %s: %s [%llu], packets: %llu"),
            when(stamp, last, time), ik_severity_name(over ? known->worst : f->severity),
            detectors(f, who), ends_of(f, mem), (unsigned long long)f->id,
            (unsigned long long)f->packets);
    if (f->stopped)
        fprintf(to, _(", stopped before anybody looked: %llu"), (unsigned long long)f->stopped);
    fputs("\n\n", to);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void say_listed(FILE *to, struct ik_dump_stamp *stamp, const struct ik_guard_listed *l)
{
    char time[PIECE], mem[PIECE];
    fprintf(to, _("%4llu  %-8s  %-18s  %s, packets: %llu, %s\n"), (unsigned long long)l->id,
            ik_severity_name(l->worst), ik_detector_name(l->detector),
            ends(&l->src, l->sources, &l->dst, mem), (unsigned long long)l->packets,
            when(stamp, l->first, time));
}

static void say_list(FILE *to, struct ik_dump_stamp *stamp, const struct ik_guard_list *l)
{
    char mem[LINE];
    struct ik_put w;
    ik_put_init(&w, mem, sizeof mem - 1);
    for (unsigned s = IK_GUARD_SEVERITIES; s-- > 0;) {
        if (!l->severities[s])
            continue;
        if (ik_put_used(&w))
            ik_put_s(&w, ", ");
        ik_put_u64(&w, l->severities[s]);
        ik_put_c(&w, ' ');
        ik_put_s(&w, ik_severity_name((enum ik_severity)s));
    }
    fprintf(to, _("Findings: %s\n"), finish(&w));
    for (size_t i = 0; i < l->n_listed; i++)
        say_listed(to, stamp, &l->listed[i]);
    if (l->n_ended > l->n_listed)
        fprintf(to, _("and %llu less severe ones\n"),
                (unsigned long long)(l->n_ended - l->n_listed));
}

static void say_senders(FILE *to, const struct ik_guard_totals *t)
{
    char mem[LINE];
    struct ik_put w;
    ik_put_init(&w, mem, sizeof mem - 1);
    for (size_t i = 0; i < t->n_senders; i++) {
        if (!t->stats.senders[i + 1])
            continue;
        if (ik_put_used(&w))
            ik_put_s(&w, ", ");
        ik_put_s(&w, t->senders[i]);
        ik_put_s(&w, " (");
        ik_put_u64(&w, t->stats.senders[i + 1]);
        ik_put_c(&w, ')');
    }
    if (ik_put_used(&w))
        fprintf(to, _("Echo requests of known senders: %s\n"), finish(&w));
}

static void say_looked(FILE *to, const struct ik_guard_totals *t)
{
    char mem[PIECE];
    const ik_ns d = t->looked;
    snprintf(mem, sizeof mem, "%lld.%03lld s", (long long)(d / IK_NS_PER_S),
             (long long)(d % IK_NS_PER_S / IK_NS_PER_MS));
    const char *form =
        t->stats.findings ? _("%llu ICMP packets among %llu frames in %s\n")
        : t->damaged
            ? _("%llu ICMP packets among %llu frames in %s, nothing found in what could be read\n")
            : _("%llu ICMP packets among %llu frames in %s, nothing found\n");
    fprintf(to, form, (unsigned long long)t->stats.icmp, (unsigned long long)t->frames, mem);
}

void ik_guard_text_end(FILE *to, struct ik_dump_stamp *stamp, const struct ik_guard_list *l,
                       const struct ik_guard_totals *totals)
{
    const struct ik_detect_stats *s = &totals->stats;
    if (l->n_ended)
        say_list(to, stamp, l);
    say_senders(to, totals);
    if (s->merged)
        fprintf(to, _("Told in findings of many sources: %llu reports\n"),
                (unsigned long long)s->merged);
    if (s->evicted)
        fprintf(to, _("Not observed: %llu entries gave way for want of room\n"),
                (unsigned long long)s->evicted);
    if (totals->dropped != UINT64_MAX && totals->dropped)
        fprintf(to, _("Not seen: %llu frames that the capture lost\n"),
                (unsigned long long)totals->dropped);
    if (totals->frames || !totals->damaged) /* where nothing could be read, nothing was looked at */
        say_looked(to, totals);
}

/* ---- as a record ----------------------------------------------------------------------------- */

struct ik_record ik_guard_totals_record(const struct ik_guard_list *l,
                                        const struct ik_guard_totals *t)
{
    static const char *const severities[] = {
#define X(id, name) name,
        IK_SEVERITIES(X)
#undef X
    };
    struct ik_record rec = ik_record_make(IK_REC_guard_summary, t->now);
    struct ik_rec_guard_summary *r = &rec.guard_summary;
    r->frames = (int64_t)t->frames;
    r->packets = (int64_t)t->stats.icmp;
    r->first = t->first;
    r->last = t->last;
    r->findings = (int64_t)t->stats.findings;
    r->severities = (struct ik_rec_counts){severities, l->severities, IK_GUARD_SEVERITIES};
    r->senders = (struct ik_rec_counts){t->senders, t->stats.senders + 1, t->n_senders};
    r->merged = (int64_t)t->stats.merged;
    r->evicted = (int64_t)t->stats.evicted;
    r->backward = (int64_t)t->stats.backward;
    if (t->dropped != UINT64_MAX)
        r->dropped = (int64_t)t->dropped;
    return rec;
}
