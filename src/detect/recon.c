/* SPDX-License-Identifier: MIT
 * Requests that tell about a host: its clock, its netmask, its names, its interfaces. One is worth
 * knowing, two kinds of one source within a minute are a scan. And messages of types that nothing
 * needs any more. */
#include "detect/part.h"

#include "net/ways.h"

enum { SOURCES = 1024 };

#define KINDS(X)                                                                          \
    X(4, TIMESTAMP, true, "A timestamp request asks what a host's clock says.")           \
    X(4, INFO, true, "An information request, which is deprecated, asks for a network.")  \
    X(4, MASK, true, "An address mask request, which is deprecated, asks for a netmask.") \
    X(4, EXT_ECHO, false, "An extended echo request asks about a host's interfaces.")     \
    X(6, NODE_QUERY, true, "A node information query asks for a host's names.")           \
    X(6, EXT_ECHO, false, "An extended echo request asks about a host's interfaces.")

/* `drop`: nobody misses it. */
static const struct kind {
    uint8_t family, type;
    bool drop;
    const char *why;
} kinds[] = {
#define X(family, type, drop, why) {family, IK_ICMP##family##_##type, drop, why},
    KINDS(X)
#undef X
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct source {
    ik_ns seen[N_KINDS]; /* that kind, last; INT64_MIN: never */
};

struct recon {
    uint64_t evicted;
    struct ik_ways ways;
    _Alignas(64) struct ik_ways_row rows[SOURCES];
    struct source sources[SOURCES];
};

static size_t recon_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct recon);
}

static void recon_init(void *state, const struct ik_detect_cfg *cfg)
{
    struct recon *r = state;
    (void)cfg;
    ik_ways_init(&r->ways, r->rows, SOURCES);
}

static uint64_t recon_evicted(const void *state)
{
    return ((const struct recon *)state)->evicted;
}

static const struct kind *kind_of(const struct ik_icmp *m)
{
    for (int i = 0; i < N_KINDS; i++) {
        if (kinds[i].family == m->family && kinds[i].type == m->type)
            return &kinds[i];
    }
    return NULL;
}

/* Kinds that the source asked within the window, this one among them. */
static int kinds_asked(struct recon *r, const struct ik_sight *s, const struct kind *kind)
{
    const uint32_t row = ik_ways_take(&r->ways, s->src_hash);
    struct source *source = &r->sources[row];
    const ik_ns window = s->cfg->limits[IK_LIM_RECON_WINDOW];
    int n = 0;
    if (r->rows[row].at == INT64_MIN) {
        bool taken = false;
        for (int i = 0; i < N_KINDS; i++) {
            taken |= source->seen[i] > 0 && s->now - source->seen[i] <= window;
            source->seen[i] = INT64_MIN;
        }
        r->evicted += taken;
    }
    r->rows[row].at = s->now;
    source->seen[kind - kinds] = s->now;
    for (int i = 0; i < N_KINDS; i++)
        n += source->seen[i] != INT64_MIN && s->now - source->seen[i] <= window;
    return n;
}

static struct ik_report report_about(const struct ik_sight *s)
{
    const struct ik_icmp *m = &s->p->icmp;
    return (struct ik_report){
        .detector = IK_DETECT_RECON,
        .kin = IK_KIN_SCAN,
        .of = s->src,
        .severity = IK_SEVERITY_INFO,
        .src = s->src,
        .other = s->p->ip.dst,
        .family = m->family,
        .type = m->type,
        .code = m->code,
        .remedy = IK_REMEDY_DROP_TYPE,
        .packets = 1,
        .p = s->p,
    };
}

static void asked(struct recon *r, const struct ik_sight *s, const struct kind *kind)
{
    struct ik_report report = report_about(s);
    const int n = kinds_asked(r, s, kind);
    report.value = n;
    report.threshold = (double)s->cfg->limits[IK_LIM_RECON_KINDS];
    report.limit = IK_LIM_RECON_KINDS;
    report.why = kind->why;
    report.remedy = kind->drop ? IK_REMEDY_DROP_TYPE : IK_REMEDY_NONE;
    if (n >= s->cfg->limits[IK_LIM_RECON_KINDS]) {
        report.severity = IK_SEVERITY_MEDIUM;
        report.window = s->cfg->limits[IK_LIM_RECON_WINDOW];
        report.why = "One source asks for several kinds of things that tell about a host: a scan.";
        report.remedy = IK_REMEDY_LIMIT_SOURCE;
    }
    ik_book_report(s->book, s->now, &report);
}

/* RFC 6918 section 2 deprecates them; source quench has a detector of its own. */
static bool is_obsolete(const struct ik_icmp *m)
{
    const uint8_t t = m->type;
    return m->family == 4 &&
           (t == IK_ICMP4_ALTERNATE_ADDRESS || (t >= IK_ICMP4_INFO && t <= IK_ICMP4_MASK_REPLY) ||
            (t >= IK_ICMP4_TRACEROUTE && t <= IK_ICMP4_SKIP));
}

static void recon_input(void *state, struct ik_sight *s)
{
    const struct ik_icmp *m = &s->p->icmp;
    const struct kind *kind = kind_of(m);
    if (!kind && !is_obsolete(m))
        return;
    if (!ik_sight_minds(s, IK_DETECT_RECON))
        return;
    if (kind) {
        asked(state, s, kind);
        return;
    }
    struct ik_report report = report_about(s);
    report.value = report.threshold = 1;
    report.limit = IK_LIMITS;
    report.why = "A message of a deprecated type: nothing needs it any more.";
    report.source = "RFC 6918 section 2";
    ik_book_report(s->book, s->now, &report);
}

const struct ik_part ik_part_recon = {
    .wants = IK_WANTS_ERRORS | IK_WANTS_REST,
    .bytes = recon_bytes,
    .init = recon_init,
    .input = recon_input,
    .evicted = recon_evicted,
};
