/* SPDX-License-Identifier: MIT
 * D22: router advertisements of those who are no routers here (RFC 6104). Routers are learnt: the
 * first one of a link is believed, unless routers were named from the start; a later one is told,
 * and as likely abuse when it wants to be preferred, announces a network that nobody else does, or
 * comes when the link has been known for long. One that is known may renew what it says for ever;
 * it may not change its link address, and that it changes its networks, or says that it ends, is
 * worth a look. */
#include "detect/report.h"
#include "detect/sight.h"

#include "base/siphash.h"

#include <string.h>

enum {
    ROUTERS = 64,
    PREFIXES = 8,
    PROVEN_HOP_LIMIT = 255,
    LEAST_HOPS = 32, /* a lower hop limit for all hosts cuts them off from much (CVE-2015-2922) */
    FINAL = 3,       /* RFC 4861 section 10: so many last words (MAX_FINAL_RTR_ADVERTISEMENTS) */
    FLAPS = 2,       /* that it came back within FLAP_WINDOW, before it is no accident */
    FLOOD = 10,      /* new routers within FLOOD_WINDOW */
};

/* By default routers speak at least every ten minutes (RFC 4861 section 6.2.1). */
#define LEARN (600 * IK_NS_PER_S)
/* What was not heard for as long as a router may be silent is gone (section 6.2.1). */
#define GONE (1800 * IK_NS_PER_S)
#define FLOOD_WINDOW (10 * IK_NS_PER_S)
/* Three seconds at least are between two that a router sends to all (section 6.2.6): no more than
 * FINAL fit. */
#define FINAL_WINDOW (8 * IK_NS_PER_S)
#define FLAP_WINDOW (3600 * IK_NS_PER_S)

static const char source_6104[] = "RFC 6104 section 2";
static const char source_4861[] = "RFC 4861 section 6.1.2";

struct prefix {
    uint8_t bytes[16], bits;
};

enum trust {
    TRUST_NONE,   /* tells what looks like abuse: each of its messages is reported */
    TRUST_NEW,    /* came later than others */
    TRUST_ROUTER, /* was first, or was named */
};

struct router {
    struct ik_addr addr; /* family 0: nobody */
    uint64_t link;
    enum trust trust;
    const char *why;               /* TRUST_NONE: what was told of it */
    uint8_t mac[6], option_mac[6]; /* of the frame and of its option; zeros: not seen */
    ik_ns first, latest;
    bool up, ended;              /* was a default router; said since that it is none any more */
    uint32_t ends, returns;      /* how often it said so, and was one again */
    ik_ns end_since, flap_since; /* that these two are counted */
    uint8_t n_prefixes;
    struct prefix prefixes[PREFIXES];
};

struct routers {
    uint64_t evicted;
    ik_ns new_since;
    uint32_t new_n;
    struct router list[ROUTERS];
};

/* What an advertisement says. */
struct word {
    uint64_t link;
    uint16_t lifetime_s;
    bool preferred;
    uint8_t hop_limit; /* that hosts are to use; 0: not said */
    uint8_t option_mac[6];
    uint8_t n_prefixes;
    struct prefix prefixes[PREFIXES];
};

struct verdict {
    enum ik_severity severity;
    const char *why; /* NULL: nothing */
};

/* ---- reading --------------------------------------------------------------------------------- */

/* Link-local addresses are unique on their link only. */
static uint64_t link_of(const struct ik_sight *s)
{
    enum { NAME = 32, TAGS = 4 };
    uint8_t k[NAME + 4 * TAGS] = {0};
    const struct ik_look_packet *p = s->p;
    unsigned tags = 0;
    for (size_t i = 0; p->frame.interface && p->frame.interface[i] && i < NAME; i++)
        k[i] = (uint8_t)p->frame.interface[i];
    for (unsigned i = 0; i < p->layers.n && tags < TAGS; i++) {
        const struct ik_layer *l = &p->layers.list[i];
        if (l->kind == IK_LAYER_VLAN || l->kind == IK_LAYER_VXLAN || l->kind == IK_LAYER_GENEVE ||
            l->kind == IK_LAYER_COOKED) {
            memcpy(k + NAME + 4 * tags, &l->ident, 4);
            tags++;
        }
    }
    return ik_siphash(s->cfg->secret, k, sizeof(k));
}

static void read_option(struct word *w, const struct ik_ndopt_view *v)
{
    if (v->kind == IK_NDOPT_KIND_LINK && v->type == IK_NDOPT_SOURCE_LINK && v->link.addr.left >= 6)
        memcpy(w->option_mac, v->link.addr.p, 6);
    if (v->kind != IK_NDOPT_KIND_PREFIX || w->n_prefixes == PREFIXES)
        return;
    struct prefix *p = &w->prefixes[w->n_prefixes++];
    memcpy(p->bytes, v->prefix.prefix.bytes, sizeof(p->bytes));
    p->bits = v->prefix.prefix_bits;
}

static struct word word_of(const struct ik_sight *s)
{
    const struct ik_icmp *m = &s->p->icmp;
    struct word w = {.link = link_of(s)};
    if (m->family == 4) {
        w.lifetime_s = m->router_adv4.lifetime_s;
        return w;
    }
    w.lifetime_s = m->router_adv.lifetime_s;
    w.hop_limit = m->router_adv.hop_limit;
    w.preferred = (m->router_adv.flags & IK_RA_PREFERENCE) == 0x08;
    struct ik_rd options = m->router_adv.options;
    struct ik_ndopt option;
    struct ik_ndopt_view view;
    while (!ik_ndopt_take(&options, &option, NULL)) {
        if (!ik_ndopt_decode(&view, &option, NULL))
            read_option(&w, &view);
    }
    return w;
}

/* ---- the list -------------------------------------------------------------------------------- */

static struct router *find(struct routers *t, uint64_t link, const struct ik_addr *addr)
{
    for (int i = 0; i < ROUTERS; i++) {
        struct router *r = &t->list[i];
        if (r->addr.family && r->link == link && ik_addr_same_host(&r->addr, addr))
            return r;
    }
    return NULL;
}

/* The router of that link and family that is known for longest, of those that are believed. */
static const struct router *eldest(const struct routers *t, uint64_t link, uint8_t family)
{
    const struct router *best = NULL;
    for (int i = 0; i < ROUTERS; i++) {
        const struct router *r = &t->list[i];
        if (r->addr.family == family && r->link == link && r->trust > TRUST_NONE &&
            (!best || r->first < best->first))
            best = r;
    }
    return best;
}

/* Who is trusted least gives way, of those who was heard longest ago: a flood of new routers does
 * not make the old ones forgotten. */
static struct router *make(struct routers *t, const struct ik_sight *s, uint64_t link)
{
    struct router *least = &t->list[0];
    for (int i = 0; i < ROUTERS && least->addr.family; i++) {
        struct router *r = &t->list[i];
        if (!r->addr.family || r->trust < least->trust ||
            (r->trust == least->trust && r->latest < least->latest))
            least = r;
    }
    t->evicted += least->addr.family != 0;
    *least = (struct router){.addr = s->p->ip.src, .link = link, .first = s->now, .latest = s->now};
    memcpy(least->mac, s->p->layers.src_mac, sizeof(least->mac));
    return least;
}

static bool knows(const struct router *r, const struct prefix *p)
{
    for (unsigned i = 0; i < r->n_prefixes; i++) {
        if (!memcmp(&r->prefixes[i], p, sizeof(*p)))
            return true;
    }
    return false;
}

/* The oldest of a full list goes. */
static void learn_prefix(struct router *r, const struct prefix *p)
{
    if (r->n_prefixes == PREFIXES) {
        memmove(&r->prefixes[0], &r->prefixes[1], sizeof(r->prefixes) - sizeof(r->prefixes[0]));
        r->n_prefixes--;
    }
    r->prefixes[r->n_prefixes++] = *p;
}

static bool is_announced(const struct routers *t, uint64_t link, const struct prefix *p)
{
    for (int i = 0; i < ROUTERS; i++) {
        const struct router *r = &t->list[i];
        if (r->addr.family == 6 && r->link == link && r->trust > TRUST_NONE && knows(r, p))
            return true;
    }
    return false;
}

/* ---- somebody new ---------------------------------------------------------------------------- */

/* Until a link was heard for as long as its routers may be silent, a second one is as likely to be
 * right as the first. */
static struct verdict judge_second(const struct routers *t, const struct ik_sight *s,
                                   const struct word *w, const struct router *first)
{
    unsigned foreign = 0;
    for (unsigned i = 0; i < w->n_prefixes; i++)
        foreign += !is_announced(t, w->link, &w->prefixes[i]);
    if (w->preferred)
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A new router wants to be preferred to the known ones."};
    if (s->now - first->first < LEARN)
        return (struct verdict){IK_SEVERITY_LOW, "A second router shows up on a link."};
    if (foreign && foreign == w->n_prefixes)
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A new router announces a network that no known one does."};
    return (struct verdict){
        IK_SEVERITY_MEDIUM,
        "A new router shows up on a link whose routers have been known for long."};
}

static bool is_flood(struct routers *t, ik_ns now)
{
    if (now - t->new_since > FLOOD_WINDOW) {
        t->new_since = now;
        t->new_n = 0;
    }
    return ++t->new_n >= FLOOD;
}

static struct verdict judge_new(struct routers *t, const struct ik_sight *s, const struct word *w)
{
    bool any = false;
    const struct router *first = eldest(t, w->link, s->p->ip.version);
    if (s->p->frame.way == IK_LOOK_WAY_OUT || ik_sight_is_router(s->cfg, &s->p->ip.src, &any))
        return (struct verdict){0}; /* this machine, or one that was named */
    if (!any && !first)
        return (struct verdict){0};
    if (is_flood(t, s->now))
        return (struct verdict){IK_SEVERITY_HIGH,
                                "Advertisements of ever new routers come in a flood."};
    if (any)
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A router advertisement comes from none of the known routers."};
    return judge_second(t, s, w, first);
}

static struct verdict meet(struct routers *t, const struct ik_sight *s, const struct word *w)
{
    const struct verdict v = judge_new(t, s, w);
    struct router *r = make(t, s, w->link);
    r->trust = v.severity >= IK_SEVERITY_MEDIUM ? TRUST_NONE : v.why ? TRUST_NEW : TRUST_ROUTER;
    r->why = v.why;
    r->up = w->lifetime_s != 0;
    memcpy(r->option_mac, w->option_mac, sizeof(r->option_mac));
    for (unsigned i = 0; i < w->n_prefixes; i++)
        learn_prefix(r, &w->prefixes[i]);
    return v;
}

/* ---- somebody known -------------------------------------------------------------------------- */

static bool differs(const uint8_t known[6], const uint8_t now[6])
{
    static const uint8_t none[6];
    return memcmp(known, none, 6) && memcmp(now, none, 6) && memcmp(known, now, 6);
}

/* What an honest router says when it ends, it says to all at most three times; one whose uplink is
 * gone may say it for ever, and slowly. Somebody else who says it in its name is contradicted by
 * the router itself, again and again. */
static struct verdict judge_end(struct router *r, const struct ik_sight *s, const struct word *w)
{
    const bool first = r->up && !r->ended;
    if (w->lifetime_s) {
        if (r->returns == 0 || s->now - r->flap_since > FLAP_WINDOW) {
            r->flap_since = s->now;
            r->returns = 0;
        }
        r->returns += r->ended;
        r->up = true;
        r->ended = false;
        return (struct verdict){0};
    }
    if (!r->up)
        return (struct verdict){0}; /* it never was a default router */
    if (first || s->now - r->end_since > FINAL_WINDOW) {
        r->end_since = s->now;
        r->ends = 0;
    }
    r->ended = true;
    r->ends += ik_addr_is_multicast(&s->p->ip.dst);
    if (r->ends > FINAL || r->returns >= FLAPS)
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A known router is said to be none, again and again."};
    if (!first)
        return (struct verdict){0};
    return (struct verdict){IK_SEVERITY_LOW, "A known router is said to be none any more."};
}

static struct verdict judge_prefixes(struct router *r, const struct word *w)
{
    bool other = false;
    for (unsigned i = 0; i < w->n_prefixes; i++) {
        if (knows(r, &w->prefixes[i]))
            continue;
        other |= r->n_prefixes != 0;
        learn_prefix(r, &w->prefixes[i]);
    }
    return other ? (struct verdict){IK_SEVERITY_LOW, "A known router announces another network."}
                 : (struct verdict){0};
}

static void learn_mac(uint8_t known[6], const uint8_t now[6])
{
    static const uint8_t none[6];
    if (memcmp(now, none, sizeof(none)))
        memcpy(known, now, sizeof(none));
}

static struct verdict hear(struct router *r, const struct ik_sight *s, const struct word *w)
{
    if (differs(r->mac, s->p->layers.src_mac) || differs(r->option_mac, w->option_mac)) {
        if (s->now - r->latest > GONE) { /* it was replaced */
            learn_mac(r->mac, s->p->layers.src_mac);
            learn_mac(r->option_mac, w->option_mac);
        }
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A known router's address shows up at another link address."};
    }
    r->latest = s->now;
    learn_mac(r->mac, s->p->layers.src_mac);
    learn_mac(r->option_mac, w->option_mac);
    if (r->trust == TRUST_NONE)
        return (struct verdict){IK_SEVERITY_MEDIUM, r->why};
    const struct verdict end = judge_end(r, s, w), prefixes = judge_prefixes(r, w);
    return end.why ? end : prefixes;
}

/* ---- the part -------------------------------------------------------------------------------- */

static struct verdict judge(struct routers *t, const struct ik_sight *s)
{
    const struct ik_look_packet *p = s->p;
    if (p->ip.version == 6 && p->ip.ttl != PROVEN_HOP_LIMIT) /* R4861-6.1-01 */
        return (struct verdict){
            IK_SEVERITY_MEDIUM,
            "A router advertisement comes from beyond the link: its hop limit is not 255."};
    if (p->ip.version == 6 && !ik_addr_is_link_local(&p->ip.src))
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A router advertisement does not come from a link-local address."};
    const struct word w = word_of(s);
    struct router *r = find(t, w.link, &p->ip.src);
    const struct verdict v = r ? hear(r, s, &w) : meet(t, s, &w);
    if (!v.why && w.hop_limit && w.hop_limit < LEAST_HOPS)
        return (struct verdict){IK_SEVERITY_LOW,
                                "A router tells hosts a hop limit that cuts them off."};
    return v;
}

static void input(void *state, struct ik_sight *s)
{
    const struct ik_look_packet *p = s->p;
    if ((p->icmp.kind != IK_ICMP_ROUTER_ADV && p->icmp.kind != IK_ICMP_ROUTER_ADV4) ||
        !p->icmp.checksum_ok)
        return;
    const struct verdict v = judge(state, s);
    if (!v.why || !ik_sight_minds(s, IK_DETECT_RA_SPOOF))
        return;
    const bool far = p->ip.version == 6 && p->ip.ttl != PROVEN_HOP_LIMIT;
    struct ik_report r = ik_report_about(s, IK_DETECT_RA_SPOOF);
    r.severity = v.severity;
    r.value = far ? p->ip.ttl : 1;
    r.threshold = far ? PROVEN_HOP_LIMIT : 1;
    r.why = v.why;
    r.source = far ? source_4861 : source_6104;
    r.remedy = far ? IK_REMEDY_DROP_HOP_LIMIT : IK_REMEDY_NONE;
    ik_book_report(s->book, s->now, &r);
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct routers);
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

static uint64_t evicted(const void *state)
{
    return ((const struct routers *)state)->evicted;
}

const struct ik_part ik_part_router = {
    .wants = IK_WANTS_REST,
    .bytes = bytes,
    .init = init,
    .input = input,
    .evicted = evicted,
};
