/* SPDX-License-Identifier: MIT
 * Statistics as iputils prints them: of a target, on the way, and of all together. */
#include "ping.h"

#include <stdio.h>
#include <string.h>

/* What iputils counts: every try as transmitted, whatever became of it. */
struct counts {
    int64_t transmitted, received, duplicates, corrupt, errors, waiting, unknown;
};

static struct counts count(const struct ik_rec_ping_summary *s)
{
    return (struct counts){.transmitted = s->sent + s->send_errors + s->local_drops,
                           .received = s->received + s->late,
                           .duplicates = s->duplicates,
                           .corrupt = s->corrupt,
                           .errors = s->errors + s->send_errors + s->local_drops,
                           .waiting = s->in_flight,
                           .unknown = s->unknown};
}

/* Percent of those whose fate is known. Where none is, none is known as lost: 0, since scripts that
 * read iputils' line expect a number. */
static double loss(const struct counts *c)
{
    const int64_t known = c->transmitted - c->waiting - c->unknown;
    if (known <= 0)
        return 0;
    return (double)(float)((double)(known - c->received) * 100.0 / (double)known);
}

static void print_counts(struct ik_line *l, const struct counts *c)
{
    static const char *const names[] = {"duplicates", "corrupted", "errors", "in flight",
                                        "unknown"};
    const int64_t values[] = {c->duplicates, c->corrupt, c->errors, c->waiting, c->unknown};
    ik_line_fmt(l, "%lld packets transmitted, %lld received", (long long)c->transmitted,
                (long long)c->received);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (values[i] > 0)
            ik_line_fmt(l, ", +%lld %s", (long long)values[i], names[i]);
    }
    if (c->transmitted)
        ik_line_fmt(l, ", %g%% packet loss", loss(c));
}

static void print_times(struct ik_line *l, const ik_ns *times, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ik_line_str(l, i ? "/" : "");
        ik_line_us3(l, times[i] / IK_NS_PER_US);
    }
    ik_line_str(l, " ms");
}

/* "ipg/ewma", where probes follow answers or each other without pause. */
static bool is_fast(const struct ik_ping_opt *o)
{
    return o->flood || o->adaptive || o->interval == 0;
}

static void print_rtts(struct ik_ping *p, const struct ik_rec_ping_summary *s,
                       const struct counts *c)
{
    struct ik_line *l = p->run.line;
    const char *comma = "";
    if (s->rtt_ns.min != IK_NEVER) {
        ik_line_str(l, "rtt min/avg/max/mdev = ");
        print_times(l, (const ik_ns[]){s->rtt_ns.min, s->rtt_ns.avg, s->rtt_ns.max, s->rtt_ns.mdev},
                    4);
        comma = ", ";
    }
    if (s->pipe > 1) {
        ik_line_fmt(l, "%spipe %lld", comma, (long long)s->pipe);
        comma = ", ";
    }
    if (c->received && is_fast(&p->plan.opt) && c->transmitted > 1) {
        const ik_ns gap = s->duration_ns / (c->transmitted - 1);
        ik_line_fmt(l, "%sipg/ewma ", comma);
        print_times(l, (const ik_ns[]){gap, s->ewma_ns == IK_NEVER ? 0 : s->ewma_ns}, 2);
    }
    if (s->rtt_ns.p50 != IK_NEVER) {
        ik_line_str(l, "\nrtt p50/p90/p99 = ");
        print_times(l, (const ik_ns[]){s->rtt_ns.p50, s->rtt_ns.p90, s->rtt_ns.p99}, 3);
    }
    ik_line_str(l, "\n");
}

static void print_summary(struct ik_ping *p, struct ik_now now, const struct ik_rec_ping_summary *s)
{
    struct ik_line *l = p->run.line;
    const struct counts c = count(s);
    ik_line_str(l, "\n--- ");
    ik_line_str(l, s->target);
    if (p->plan.opt.all_addresses) {
        ik_line_str(l, " (");
        ik_line_addr(l, &s->addr);
        ik_line_str(l, ")");
    }
    ik_line_str(l, " ping statistics ---\n");
    print_counts(l, &c);
    if (c.transmitted)
        ik_line_fmt(l, ", time %lldms",
                    (long long)((s->duration_ns + IK_NS_PER_MS / 2) / IK_NS_PER_MS));
    ik_line_str(l, "\n");
    print_rtts(p, s, &c);
    ik_line_end(l, now);
}

static void append_ms(char *buf, size_t cap, ik_ns t)
{
    const size_t used = strlen(buf);
    const ik_ns us = t / IK_NS_PER_US;
    snprintf(buf + used, cap - used, "%lld.%03lld", (long long)us / 1000, (long long)us % 1000);
}

/* SIGQUIT: one line on stderr, as iputils. */
static void say_status(struct ik_ping *p, const struct ik_rec_ping_summary *s)
{
    const struct counts c = count(s);
    const ik_ns times[] = {s->rtt_ns.min, s->rtt_ns.avg, s->ewma_ns, s->rtt_ns.max};
    char line[600] = "\r";
    if (!ik_ping_is_single(p))
        snprintf(line, sizeof line, "\r%.255s: ", s->target);
    size_t used = strlen(line);
    snprintf(line + used, sizeof line - used, "%lld/%lld packets, %d%% loss", (long long)c.received,
             (long long)c.transmitted, c.transmitted ? (int)loss(&c) : 0);
    if (s->rtt_ns.min != IK_NEVER) {
        strcat(line, ", min/avg/ewma/max = ");
        for (int i = 0; i < 4; i++) {
            strcat(line, i ? "/" : "");
            append_ms(line, sizeof line, times[i] == IK_NEVER ? 0 : times[i]);
        }
        strcat(line, " ms");
    }
    fprintf(stderr, "%s\n", line);
}

void ik_ping_summary_print(struct ik_ping *p, struct ik_now now,
                           const struct ik_rec_ping_summary *s)
{
    if (s->final)
        print_summary(p, now, s);
    else
        say_status(p, s);
}

void ik_ping_summary_totals(struct ik_ping *p, struct ik_now now)
{
    struct ik_line *l = p->run.line;
    struct ik_echo_totals t;
    if (!l || ik_ping_is_single(p))
        return;
    ik_echo_totals(p->echo, &t);
    const struct ik_rec_ping_summary s = {.sent = (int64_t)t.sent,
                                          .received = (int64_t)t.received,
                                          .late = (int64_t)t.late,
                                          .unknown = (int64_t)t.unknown,
                                          .in_flight = (int64_t)t.in_flight,
                                          .duplicates = (int64_t)t.duplicates,
                                          .corrupt = (int64_t)t.corrupt,
                                          .errors = (int64_t)t.errors,
                                          .send_errors = (int64_t)t.send_errors,
                                          .local_drops = (int64_t)t.local_drops};
    const struct counts c = count(&s);
    const uint64_t all = t.targets + p->refused;
    ik_line_fmt(l, "\n--- %llu targets ping statistics ---\n", (unsigned long long)all);
    print_counts(l, &c);
    ik_line_fmt(l, ", %llu of %llu targets answered\n", (unsigned long long)t.alive,
                (unsigned long long)all);
    ik_line_end(l, now);
}
