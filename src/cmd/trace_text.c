/* SPDX-License-Identifier: MIT
 * Text as traceroute's, so that what reads it reads ours. The lines of one target flow as its hops
 * become known; those of the targets after it wait for their turn. */
#include "trace.h"

#include <icmpkit/wire.h>

#include <stdio.h>
#include <string.h>

/* ---- extensions ------------------------------------------------------------------------------ */

static void put_mpls(struct ik_line *l, struct ik_rd payload)
{
    struct ik_mpls m;
    const char *between = "MPLS:";
    while (ik_mpls_take(&payload, &m) == IK_OK) {
        ik_line_fmt(l, "%sL=%u,E=%u,S=%u,T=%u", between, m.label, m.tc, m.bottom, m.ttl);
        between = "/";
    }
}

static void put_ifinfo(struct ik_line *l, const struct ik_ifinfo *i)
{
    static const char *const roles[] = {"IN", "SUB", "OUT", "NEXT"};
    char safe[4 * IK_IFNAME_TEXT + 1];
    ik_line_fmt(l, "%s:", roles[i->role & 3]);
    const char *between = "";
    if (i->has_index) {
        ik_line_fmt(l, "index=%u", i->index);
        between = ",";
    }
    if (i->has_addr) {
        ik_line_fmt(l, "%saddr=", between);
        ik_line_addr(l, &i->addr);
        between = ",";
    }
    if (i->has_name) {
        ik_line_fmt(l, "%sname=%s", between, ik_text_escape(i->name, safe, sizeof safe));
        between = ",";
    }
    if (i->has_mtu)
        ik_line_fmt(l, "%smtu=%u", between, i->mtu);
}

/* CLASS/TYPE and words in hexadecimal. */
static void put_unknown(struct ik_line *l, const struct ik_ext_object *o)
{
    ik_line_fmt(l, "%u/%u:", o->class_num, o->ctype);
    for (size_t i = 0; i < o->payload.left; i++)
        ik_line_fmt(l, "%s%02x", i && i % 4 == 0 ? "," : "", o->payload.p[i]);
}

static void put_object(struct ik_line *l, const struct ik_ext_object *o)
{
    enum { CLASS_MPLS = 1, CLASS_INTERFACE = 2 };
    struct ik_ifinfo info;
    if (o->class_num == CLASS_MPLS && o->ctype == 1 && o->payload.left >= 4)
        put_mpls(l, o->payload);
    else if (o->class_num == CLASS_INTERFACE && ik_ifinfo_decode(&info, o, NULL) == IK_OK)
        put_ifinfo(l, &info);
    else
        put_unknown(l, o);
}

void ik_trace_text_extensions(struct ik_line *l, const struct ik_trace_seen *s)
{
    struct ik_rd objects;
    struct ik_ext_object o;
    const char *between = " <";
    if (s->ext.left && ik_ext_open(&objects, s->ext, NULL) == IK_OK) {
        while (ik_ext_take(&objects, &o, NULL) == IK_OK) {
            ik_line_str(l, between);
            put_object(l, &o);
            between = "/";
        }
        if (s->lenient) {
            ik_line_fmt(l, "%sNOLENGTH", between);
            between = "/";
        }
    }
    if (s->quoted_ttl > 1) {
        ik_line_fmt(l, "%sQTTL=%d", between, (int)s->quoted_ttl);
        between = "/";
    }
    if (s->nat) {
        ik_line_fmt(l, "%sNAT", between);
        between = "/";
    }
    if (*between == '/')
        ik_line_str(l, ">");
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void put_header(struct ik_trace_verb *v, struct ik_trace_target *t, struct ik_now now)
{
    struct ik_line *l = v->run.line;
    char safe[1024];
    const struct ik_rd text = {(const uint8_t *)t->text, strlen(t->text)};
    ik_line_fmt(l, "traceroute to %s (", ik_text_escape(text, safe, sizeof safe));
    ik_line_addr(l, &t->addr);
    ik_line_fmt(l, "), %d hops max, %u byte packets\n", v->plan.cfg.max_ttl,
                ik_trace_packet_bytes(&v->plan.cfg, t->addr.family));
    ik_line_end(l, now);
    t->headed = true;
}

static void put_time(struct ik_line *l, ik_ns rtt)
{
    if (rtt == IK_NEVER)
        return;
    ik_line_str(l, "  ");
    ik_line_us3(l, (rtt + 500) / 1000);
    ik_line_str(l, " ms");
}

/* An address is shown where it is not that of the answer before. */
static void put_probe(struct ik_trace_verb *v, const struct ik_trace_seen *s,
                      const struct ik_trace_seen *before)
{
    struct ik_line *l = v->run.line;
    if (!s->answered) {
        ik_line_str(l, " *");
    } else if (!before || !ik_addr_same_host(&before->from, &s->from)) {
        ik_line_str(l, " ");
        ik_line_host(l, &s->from);
        if (v->plan.opt.extensions)
            ik_trace_text_extensions(l, s);
    }
    if (s->answered)
        put_time(l, s->rtt);
    if (*s->mark) {
        ik_line_str(l, " ");
        ik_line_str(l, s->mark);
    }
}

static bool all_failed(const struct ik_trace_target *t, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (!t->seen[i].failed)
            return false;
    return true;
}

/* The line of one hop: probes from `from` to before `to`. None where all of them never left. */
static void put_hop(struct ik_trace_verb *v, const struct ik_trace_target *t, uint32_t from,
                    uint32_t to, struct ik_now now)
{
    const struct ik_trace_seen *before = NULL;
    if (all_failed(t, from, to))
        return;
    ik_line_fmt(v->run.line, "%2u ", v->plan.cfg.first_ttl + from / v->plan.cfg.queries);
    for (uint32_t i = from; i < to; i++) {
        put_probe(v, &t->seen[i], before);
        before = t->seen[i].answered ? &t->seen[i] : before;
    }
    ik_line_str(v->run.line, "\n");
    ik_line_end(v->run.line, now);
}

static void put_ready(struct ik_trace_verb *v, struct ik_trace_target *t, struct ik_now now)
{
    const uint32_t queries = v->plan.cfg.queries;
    if (!t->headed)
        put_header(v, t, now);
    while (t->shown < t->seen_n) {
        const uint32_t whole = t->shown + queries;
        if (whole > t->seen_n && !t->ended)
            return;
        const uint32_t to = whole < t->seen_n ? whole : t->seen_n;
        put_hop(v, t, t->shown, to, now);
        t->shown = to;
    }
}

void ik_trace_text_flow(struct ik_trace_verb *v, struct ik_now now)
{
    for (; v->current < v->n && !v->plan.opt.json; v->current++) {
        struct ik_trace_target *t = &v->targets[v->current];
        if (!t->settled)
            return;
        if (t->added)
            put_ready(v, t, now);
        if (t->added && !t->ended)
            return;
    }
}

/* ---- records --------------------------------------------------------------------------------- */

static void see(struct ik_trace_target *t, const struct ik_rec_hop *h)
{
    uint8_t *ext = t->exts + (size_t)t->seen_n * IK_TRACE_EXT_BYTES;
    struct ik_trace_seen *s = &t->seen[t->seen_n++];
    *s = (struct ik_trace_seen){.answered = h->from.family != 0,
                                .failed = h->error != NULL,
                                .from = h->from,
                                .rtt = h->rtt_ns,
                                .quoted_ttl = h->quoted_ttl,
                                .nat = h->nat,
                                .lenient = h->lenient};
    if (h->mark)
        snprintf(s->mark, sizeof s->mark, "%s", h->mark);
    if (h->extensions.left && h->extensions.left <= IK_TRACE_EXT_BYTES)
        s->ext =
            (struct ik_rd){memcpy(ext, h->extensions.p, h->extensions.left), h->extensions.left};
}

/* A target whose limit of errors was used up looks farther than it is. */
static void say_distance(const struct ik_rec_trace_summary *s)
{
    char safe[1024];
    const struct ik_rd name = {(const uint8_t *)s->target, strlen(s->target)};
    if (s->distance < 0)
        return;
    ik_run_say("trace",
               _("%s is %lld hops away: probes with a TTL of %lld to %lld reached it too, and "
                 "were not answered (it may limit its errors)"),
               ik_text_escape(name, safe, sizeof safe), (long long)s->distance,
               (long long)s->distance, (long long)s->hops - 1);
}

void ik_trace_text_record(void *verb, const struct ik_record *rec)
{
    struct ik_trace_verb *v = verb;
    const struct ik_now now = ik_run_now(&v->run);
    if (rec->kind == IK_REC_hop) {
        struct ik_trace_target *t = ik_trace_target_find(v, rec->hop.target);
        if (t)
            see(t, &rec->hop);
    } else if (rec->kind == IK_REC_trace_summary) {
        struct ik_trace_target *t = ik_trace_target_find(v, rec->trace_summary.target);
        if (t)
            t->ended = true;
        ik_trace_text_flow(v, now);
        say_distance(&rec->trace_summary);
        return;
    }
    ik_trace_text_flow(v, now);
}
