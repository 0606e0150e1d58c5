/* SPDX-License-Identifier: MIT
 * Reflection by broadcast (smurf): questions to a whole network in somebody else's name, messages
 * in the name of a whole network, and what the victim sees of either: many hosts answer one
 * question that it never asked. */
#include "detect/asked.h"
#include "detect/spread.h"

#include "base/bytes.h"
#include "base/siphash.h"
#include "net/distinct.h"
#include "net/ways.h"

#include <string.h>

enum { QUESTIONS = 256, BITS = 32, HIGH = 10 };

#define ACTIVE (10 * IK_NS_PER_S) /* answers come within it */

/* A question that was never seen, by its answers. */
struct question {
    struct ik_distinct repliers;
    uint32_t answers, next, untold;
    struct ik_report_begin since;
};

struct smurf {
    uint64_t evicted;
    struct ik_ways ways;
    _Alignas(64) struct ik_ways_row rows[QUESTIONS];
    struct question questions[QUESTIONS];
};

static size_t smurf_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct smurf);
}

static void smurf_init(void *state, const struct ik_detect_cfg *cfg)
{
    struct smurf *m = state;
    (void)cfg;
    ik_ways_init(&m->ways, m->rows, QUESTIONS);
}

static uint64_t smurf_evicted(const void *state)
{
    return ((const struct smurf *)state)->evicted;
}

static bool is_echo_request(const struct ik_icmp *m)
{
    return m->type == (m->family == 4 ? IK_ICMP4_ECHO : IK_ICMP6_ECHO);
}

static bool is_echo_reply(const struct ik_icmp *m)
{
    return m->kind == IK_ICMP_ECHO &&
           m->type == (m->family == 4 ? IK_ICMP4_ECHO_REPLY : IK_ICMP6_ECHO_REPLY);
}

static struct ik_report report_of(const struct ik_sight *s)
{
    const struct ik_icmp *m = &s->p->icmp;
    return (struct ik_report){
        .detector = IK_DETECT_SMURF,
        .severity = IK_SEVERITY_MEDIUM,
        .src = s->p->ip.src,
        .dst = s->p->ip.dst,
        .family = m->family,
        .type = m->type,
        .code = m->code,
        .value = 1,
        .threshold = 1,
        .limit = IK_LIMITS,
        .remedy = IK_REMEDY_DROP_BROADCAST,
        .packets = 1,
        .p = s->p,
    };
}

/* ---- from many ------------------------------------------------------------------------------- */

static void from_many(const struct ik_sight *s)
{
    struct ik_report report = report_of(s);
    /* The answer goes to all of them: the attack itself. */
    if (is_echo_request(&s->p->icmp))
        report.severity = IK_SEVERITY_HIGH;
    /* That the address stands for a network shows only here: a rule about groups would take the
     * destination for one. */
    if (s->src_spread == IK_SPREAD_HOME)
        report.remedy = IK_REMEDY_DROP_TYPE;
    report.why = "The source is a broadcast or multicast address, which none can be.";
    report.source = "RFC 1122 section 3.2.1.3, RFC 4291 section 2.7";
    ik_book_report(s->book, s->now, &report);
}

/* ---- to many --------------------------------------------------------------------------------- */

static bool is_home(const struct ik_detect_cfg *cfg, const struct ik_addr *a)
{
    for (size_t i = 0; i < cfg->n_home; i++) {
        if (ik_prefix_contains(&cfg->home[i], a))
            return true;
    }
    return false;
}

/* True when both lie in the largest network of which `many` can be the first or last address. */
static bool may_share(const struct ik_addr *src, const struct ik_addr *many)
{
    const uint32_t a = ik_load_be32(src->bytes), m = ik_load_be32(many->bytes);
    const uint32_t other = m & 1 ? ~m : m; /* zeros from the lowest bit up are hosts */
    const unsigned hosts = other ? (unsigned)__builtin_ctz(other) : BITS;
    return hosts >= BITS || (a ^ m) >> hosts == 0;
}

/* True when whoever asks all hosts of a network is none of them, as far as that can be told. */
static bool is_foreign(const struct ik_sight *s)
{
    const struct ik_ip *ip = &s->p->ip;
    if (s->dst_spread <= IK_SPREAD_MAYBE || ik_addr_is_link_local(&ip->src) ||
        ik_addr_is_any(&ip->src))
        return false;
    switch (s->dst_spread) {
    case IK_SPREAD_ONE:
    case IK_SPREAD_MAYBE:
        return false;
    case IK_SPREAD_LINK:
        return !may_share(&ip->src, &ip->dst);
    case IK_SPREAD_HOME:
        return !ik_prefix_contains(ik_spread_home(s->cfg, &ip->dst), &ip->src);
    case IK_SPREAD_LIMITED:
    case IK_SPREAD_MULTICAST:
        break;
    }
    return s->cfg->n_home && !is_home(s->cfg, &ip->src);
}

static void to_many(const struct ik_sight *s)
{
    struct ik_report report = report_of(s);
    report.why = "An echo request to all hosts of a network in the name of a host outside of it: "
                 "the answers go there.";
    report.source = "RFC 2644, RFC 4443 section 4.2";
    ik_book_report(s->book, s->now, &report);
}

/* ---- many to one ----------------------------------------------------------------------------- */

/* Addresses of one /64 are different hosts here. */
static uint64_t replier_of(const struct ik_sight *s)
{
    if (s->p->ip.version == 4)
        return s->src_hash;
    return ik_siphash(s->cfg->secret, s->p->ip.src.bytes, sizeof(s->p->ip.src.bytes));
}

static uint64_t question_id(const struct ik_sight *s)
{
    const struct ik_echo *echo = &s->p->icmp.echo;
    uint8_t name[16 + 4];
    memcpy(name, s->p->ip.dst.bytes, 16);
    ik_store_be16(name + 16, echo->id);
    ik_store_be16(name + 18, echo->seq);
    return ik_siphash(s->cfg->secret, name, sizeof(name));
}

static struct question *question_of(struct smurf *m, const struct ik_sight *s)
{
    const uint32_t row = ik_ways_take(&m->ways, question_id(s));
    struct question *q = &m->questions[row];
    if (m->rows[row].at == INT64_MIN) {
        m->evicted += q->answers > 0 && s->now - q->since.time < ACTIVE;
        q->repliers.n = 0;
        q->answers = q->next = q->untold = 0;
        q->since = ik_sight_begin(s);
    }
    /* Who has many repliers stays a second longer for each. */
    m->rows[row].at = s->now + q->repliers.n * IK_NS_PER_S;
    return q;
}

static void many_to_one(struct smurf *m, const struct ik_sight *s)
{
    const uint32_t limit = (uint32_t)s->cfg->limits[IK_LIM_SMURF_REPLIERS];
    struct question *q = question_of(m, s);
    const bool fresh = ik_distinct_add(&q->repliers, replier_of(s));
    q->answers += q->answers < UINT32_MAX;
    q->untold++;
    if (!fresh && q->answers < q->next)
        return;
    const uint32_t n = ik_distinct_count(&q->repliers);
    if (n < limit || q->answers < q->next)
        return;
    struct ik_report report = report_of(s);
    report.src = (struct ik_addr){.family = 0};
    report.severity = n >= HIGH * limit ? IK_SEVERITY_HIGH : IK_SEVERITY_MEDIUM;
    report.value = n;
    report.threshold = limit;
    report.limit = IK_LIM_SMURF_REPLIERS;
    report.why = "Many hosts answer one echo request that the receiver never sent.";
    report.remedy = IK_REMEDY_LIMIT_DST;
    report.sources = n;
    report.packets = q->untold;
    report.since = q->since;
    ik_book_report(s->book, s->now, &report);
    q->untold = 0;
    q->next = q->answers < UINT32_MAX / 2 ? 2 * q->answers : UINT32_MAX;
}

/* ---- the part -------------------------------------------------------------------------------- */

static void smurf_input(void *state, struct ik_sight *s)
{
    const struct ik_icmp *m = &s->p->icmp;
    const bool many = s->src_spread != IK_SPREAD_ONE;
    /* Most answers: from one host, and asked for. */
    if (!many && s->query == IK_QUERY_ANSWERS && s->answer != IK_ANSWER_UNASKED)
        return;
    const bool asks = is_echo_request(m) && is_foreign(s);
    const bool answers = is_echo_reply(m) && s->answer == IK_ANSWER_UNASKED;
    if (!(many || asks || answers) || !ik_sight_minds(s, IK_DETECT_SMURF))
        return;
    if (many)
        from_many(s);
    else if (asks)
        to_many(s);
    else
        many_to_one(state, s);
}

const struct ik_part ik_part_smurf = {
    .wants = IK_WANTS_ICMP,
    .bytes = smurf_bytes,
    .init = smurf_init,
    .input = smurf_input,
    .evicted = smurf_evicted,
    .only = IK_TRAIT_MANY | IK_TRAIT_ANSWER,
};
