/* SPDX-License-Identifier: MIT
 * D19: errors about packets that their receiver did not send, which is how somebody who sees
 * nothing of a connection tries to end it (RFC 5927). One alone may be an accident; many in a short
 * time are guesses. Packet too big is pmtu.c's. */
#include "detect/report.h"
#include "detect/sight.h"
#include "detect/often.h"

#include "icmpkit/net.h"

struct resets {
    struct ik_often guesses; /* by both hosts, and by destination */
};

/* Errors that may end a connection (RFC 1122 section 4.2.3.9, RFC 5927 section 3). */
static bool is_hard(const struct ik_icmp *m)
{
    if (m->family == 6)
        return m->type == IK_ICMP6_UNREACHABLE;
    return m->type == IK_ICMP4_UNREACHABLE &&
           (m->code == IK_ICMP4_UNREACHABLE_PROTOCOL || m->code == IK_ICMP4_UNREACHABLE_PORT);
}

/* Types that say what became of a packet; others have detectors of their own. */
static bool is_verdict(const struct ik_icmp *m)
{
    if (m->family == 6)
        return m->type == IK_ICMP6_UNREACHABLE || m->type == IK_ICMP6_TIME_EXCEEDED ||
               m->type == IK_ICMP6_PARAMETER_PROBLEM;
    return m->type == IK_ICMP4_UNREACHABLE || m->type == IK_ICMP4_TIME_EXCEEDED ||
           m->type == IK_ICMP4_PARAMETER_PROBLEM;
}

/* RFC 5927 section 4.3: nobody in the network that the error goes to can have sent the packet. */
static bool is_impossible(const struct ik_sight *s)
{
    return s->quoted_foreign && s->way == IK_WAY_IN &&
           !ik_sight_is_home(s->cfg, &s->p->quote.ip.src);
}

static const char *suspicion(const struct ik_sight *s, bool tcp)
{
    if (is_impossible(s))
        return "An error is about a packet that cannot have come from the network that it is sent "
               "to.";
    if (s->quoted_foreign)
        return "An error is about a packet of another host than the one that it is sent to.";
    if (s->quoted == IK_QUOTED_UNKNOWN)
        return "An error is about a packet that was never sent.";
    if (s->quoted == IK_QUOTED_KNOWN && tcp && is_hard(&s->p->icmp) && !s->quoted_in_window)
        return "An error is about a connection that there is, with a sequence number that was not "
               "in flight.";
    return NULL;
}

/* Raises the report when there were so many that they are guesses: of one source, or of whatever
 * sources are made up, at one victim. */
static void judge_many(struct resets *t, const struct ik_sight *s, struct ik_report *r)
{
    const int64_t threshold = s->cfg->limits[IK_LIM_BLIND_RESETS];
    const ik_ns window = s->cfg->limits[IK_LIM_RESET_WINDOW];
    const uint32_t of_one = ik_often_add(&t->guesses, s->pair_hash, s->now, window)->n;
    const uint32_t of_all = ik_often_add(&t->guesses, s->dst_hash, s->now, window)->n;
    r->window = window;
    r->value = of_one;
    r->threshold = (double)threshold;
    r->limit = IK_LIM_BLIND_RESETS;
    r->source = NULL;
    if (of_all < threshold)
        return;
    r->severity = s->quoted == IK_QUOTED_KNOWN ? IK_SEVERITY_HIGH : IK_SEVERITY_MEDIUM;
    if (of_one >= threshold)
        return;
    r->src = (struct ik_addr){.family = 0};
    r->value = of_all;
    r->why = "Errors of many sources are about packets that their receiver never sent.";
}

static __attribute__((noinline)) void judge(struct resets *t, const struct ik_sight *s)
{
    const struct ik_look_packet *p = s->p;
    if (p->icmp.kind != IK_ICMP_ERROR || !p->has_quote || !p->icmp.checksum_ok ||
        !is_verdict(&p->icmp) || ik_sight_is_too_big(&p->icmp))
        return;
    const bool tcp = p->quote.ip.proto == IK_PROTO_TCP;
    const char *why = suspicion(s, tcp);
    if (!why || !ik_sight_minds(s, IK_DETECT_BLIND_RESET))
        return;
    struct ik_report r = ik_report_about(s, IK_DETECT_BLIND_RESET);
    r.kin = IK_KIN_ERRORS;
    r.of = r.dst;
    r.severity = is_impossible(s) ? IK_SEVERITY_MEDIUM : IK_SEVERITY_LOW;
    r.value = r.threshold = 1;
    r.why = why;
    r.source = "RFC 5927 section 4";
    r.remedy = IK_REMEDY_LIMIT_UNKNOWN;
    if (tcp && is_hard(&p->icmp))
        judge_many(t, s, &r);
    ik_book_report(s->book, s->now, &r);
}

/* Most errors are about what was sent, or may have been: none of them is suspicious. */
static void input(void *state, struct ik_sight *s)
{
    const bool guessed = s->quoted == IK_QUOTED_KNOWN && !s->quoted_in_window;
    if (s->quoted_foreign || guessed || s->quoted == IK_QUOTED_UNKNOWN)
        judge(state, s);
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct resets);
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

static uint64_t evicted(const void *state)
{
    return ((const struct resets *)state)->guesses.evicted;
}

const struct ik_part ik_part_reset = {
    .wants = IK_WANTS_ERRORS,
    .bytes = bytes,
    .init = init,
    .input = input,
    .evicted = evicted,
};
