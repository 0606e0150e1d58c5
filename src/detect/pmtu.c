/* SPDX-License-Identifier: MIT
 * D20: reports of a path MTU that cannot be true: below what any link has, not below the packet
 * that is said not to fit, about a packet that was never sent or may be fragmented, or repeated for
 * seconds to a sender that must have obeyed the first (RFC 5927 section 7). The real ones are what
 * the Internet needs: they are silent here and never blocked. */
#include "detect/report.h"
#include "detect/sight.h"
#include "detect/often.h"

enum {
    MTU4_LEAST = 68, /* RFC 791 section 3.2 */
    /* A sender that is told obeys within a round trip. Ten reports spread over five seconds mean
     * that it goes on sending more than fits, or that somebody else says so. */
    SECONDS = 5,
    SURE = 3, /* reports about what was never sent, where one may be the capture's loss */
};

struct pmtus {
    struct ik_often flows; /* by both hosts of the quoted packet, and of the report */
};

/* What is wrong: 'why' NULL for nothing. */
struct finding {
    const char *why, *source;
    enum ik_severity severity;
    enum ik_limit limit;
    enum ik_remedy remedy;
    double value, threshold;
};

/* R5927-7.2-02. */
static struct finding below_least(const struct ik_sight *s)
{
    const uint32_t mtu = s->p->icmp.error.mtu;
    const bool v4 = s->p->icmp.family == 4;
    const enum ik_limit limit = v4 ? IK_LIM_MTU4 : IK_LIM_MTU6;
    if (mtu >= s->cfg->limits[limit] || (v4 && mtu == 0))
        return (struct finding){NULL};
    const bool impossible = v4 && mtu < MTU4_LEAST;
    return (struct finding){
        .why = impossible ? "A reported path MTU is below what any IPv4 link has."
               : v4 ? "A reported path MTU is smaller than links have, which makes a sender waste "
                      "itself."
                    : "A reported path MTU is below what any IPv6 link has.",
        .source = impossible ? "RFC 791 section 3.2: every link takes 68 bytes" : NULL,
        .severity = IK_SEVERITY_MEDIUM,
        .limit = impossible ? IK_LIMITS : limit,
        .remedy = IK_REMEDY_DROP_MTU,
        .value = mtu,
        .threshold = impossible ? MTU4_LEAST : (double)s->cfg->limits[limit],
    };
}

/* Some routers change the length that they quote: then it proves nothing. */
static bool is_length_known(const struct ik_look_packet *p)
{
    for (unsigned i = 0; i < p->faults.n; i++) {
        if (p->faults.list[i].what == IK_FLAW_QUOTED_LENGTH ||
            p->faults.list[i].what == IK_FLAW_QUOTED_LENGTH_ORDER)
            return false;
    }
    return p->faults.more == 0 && p->quote.ip.total_bytes >= p->quote.ip.header_bytes;
}

static struct finding contradicts_quote(const struct ik_sight *s)
{
    const struct ik_look_packet *p = s->p;
    const uint32_t mtu = p->icmp.error.mtu, length = p->quote.ip.total_bytes;
    if (mtu >= length && is_length_known(p))
        return (struct finding){
            .why = "A path MTU is reported for which the quoted packet is not too big.",
            .source = "RFC 1191 section 4, RFC 8201 section 4",
            .severity = IK_SEVERITY_MEDIUM,
            .limit = IK_LIMITS,
            .value = mtu,
            .threshold = length};
    if (p->quote.ip.version == 4 && !p->quote.ip.df)
        return (struct finding){
            .why = "A path MTU is reported for a packet that a router may fragment.",
            .source = "RFC 1191 section 4",
            .severity = IK_SEVERITY_LOW,
            .limit = IK_LIMITS,
            .value = 1,
            .threshold = 1};
    return (struct finding){NULL};
}

/* A connection is known by many packets. What is sent once may have been lost by the capture: then
 * it takes a few to be sure. */
static struct finding unknown(struct pmtus *t, const struct ik_sight *s)
{
    const bool tcp = s->p->quote.ip.proto == IK_PROTO_TCP;
    const ik_ns window = s->cfg->limits[IK_LIM_RESET_WINDOW];
    const uint32_t n = ik_often_add(&t->flows, ~s->pair_hash, s->now, window)->n;
    return (struct finding){.why = "A path MTU is reported for a packet that was never sent.",
                            .severity = tcp || n >= SURE ? IK_SEVERITY_MEDIUM : IK_SEVERITY_LOW,
                            .value = n};
}

static struct finding never_sent(struct pmtus *t, const struct ik_sight *s)
{
    const bool tcp = s->p->quote.ip.proto == IK_PROTO_TCP;
    struct finding f = {.value = 1};
    if (s->quoted_foreign) {
        f.why = "A path MTU is reported for a packet of another host than the one that is told.";
        f.severity = IK_SEVERITY_LOW;
    } else if (s->quoted == IK_QUOTED_UNKNOWN) {
        f = unknown(t, s);
    } else if (s->quoted == IK_QUOTED_KNOWN && tcp && !s->quoted_in_window) {
        f.why = "A path MTU is reported for a connection that there is, with a sequence number "
                "that was not in flight.";
        f.severity = IK_SEVERITY_MEDIUM;
    }
    f.source = "RFC 5927 section 7.2";
    f.limit = IK_LIMITS;
    f.remedy = IK_REMEDY_LIMIT_UNKNOWN;
    f.threshold = 1;
    return f;
}

/* TCP obeys; what repeats a report to it is no router of its path. (A sender of UDP may not.) */
static struct finding goes_on(struct pmtus *t, const struct ik_sight *s)
{
    const ik_ns window = s->cfg->limits[IK_LIM_RESET_WINDOW];
    const int64_t threshold = s->cfg->limits[IK_LIM_BLIND_RESETS];
    if (s->p->quote.ip.proto != IK_PROTO_TCP)
        return (struct finding){NULL};
    const uint64_t key = ik_sight_pair(s, &s->p->quote.ip.src, &s->p->quote.ip.dst);
    const struct ik_often_row *row = ik_often_add(&t->flows, key, s->now, window);
    if (row->n < threshold || row->seconds < SECONDS)
        return (struct finding){NULL};
    return (struct finding){
        .why = "The same path MTU is reported again and again to a sender that goes on.",
        .severity = IK_SEVERITY_LOW,
        .limit = IK_LIM_BLIND_RESETS,
        .value = row->n,
        .threshold = (double)threshold};
}

static struct finding judge(struct pmtus *t, const struct ik_sight *s)
{
    struct finding f = below_least(s);
    if (f.why || !s->p->has_quote)
        return f;
    f = never_sent(t, s);
    if (f.why)
        return f;
    if (s->p->icmp.family == 4 && s->p->icmp.error.mtu == 0)
        return (struct finding){.why = "A router is too old to say its MTU.",
                                .source = "RFC 1191 section 5",
                                .severity = IK_SEVERITY_INFO,
                                .limit = IK_LIMITS,
                                .value = 1,
                                .threshold = 1};
    f = contradicts_quote(s);
    return f.why ? f : goes_on(t, s);
}

static __attribute__((noinline)) void tell(struct pmtus *t, const struct ik_sight *s)
{
    const struct ik_icmp *m = &s->p->icmp;
    if (m->kind != IK_ICMP_ERROR || !m->checksum_ok || !ik_sight_minds(s, IK_DETECT_PMTU))
        return;
    const struct finding f = judge(t, s);
    if (!f.why)
        return;
    struct ik_report r = ik_report_about(s, IK_DETECT_PMTU);
    r.severity = f.severity;
    r.value = f.value;
    r.threshold = f.threshold;
    r.limit = f.limit;
    r.window = f.limit == IK_LIM_BLIND_RESETS ? s->cfg->limits[IK_LIM_RESET_WINDOW] : 0;
    r.why = f.why;
    r.source = f.source;
    r.remedy = f.remedy;
    ik_book_report(s->book, s->now, &r);
}

static void input(void *state, struct ik_sight *s)
{
    if (ik_sight_is_too_big(&s->p->icmp))
        tell(state, s);
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct pmtus);
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

static uint64_t evicted(const void *state)
{
    return ((const struct pmtus *)state)->flows.evicted;
}

const struct ik_part ik_part_pmtu = {
    .wants = IK_WANTS_ERRORS,
    .bytes = bytes,
    .init = init,
    .input = input,
    .evicted = evicted,
};
