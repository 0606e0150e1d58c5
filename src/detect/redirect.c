/* SPDX-License-Identifier: MIT
 * D17: redirects. An honest one comes from the router that the host uses for that destination, is
 * about a packet that the host sent to it, and names a router of the same link (RFC 1122 section
 * 3.2.2.2, RFC 4861 section 8.1). Which router is in use need not be told: it is the station that
 * the quoted packet was handed to. */
#include "detect/report.h"
#include "detect/sight.h"

#include "icmpkit/net.h"

enum {
    PROVEN_HOP_LIMIT = 255,
    LINK_BITS = 30, /* of an IPv4 network with room for a host and two routers */
};

struct verdict {
    enum ik_severity severity;
    const char *why; /* NULL: it is honest */
};

/* Whom the redirect sends to, NULL when it cannot be read. */
static const struct ik_addr *target_of(const struct ik_icmp *m)
{
    if (m->kind == IK_ICMP_REDIRECT)
        return &m->redirect.target;
    return m->kind == IK_ICMP_ERROR ? &m->error.gateway : NULL;
}

static bool is_redirect(const struct ik_icmp *m)
{
    return m->family == 4 ? m->type == IK_ICMP4_REDIRECT : m->type == IK_ICMP6_REDIRECT;
}

/* An IPv4 host cannot reach a router outside of its own network; networks are known where they were
 * told, unless it is the host alone that was. */
static bool is_off_link(const struct ik_detect_cfg *cfg, const struct ik_addr *host,
                        const struct ik_addr *gateway)
{
    for (size_t i = 0; i < cfg->n_home; i++) {
        if (cfg->home[i].bits <= LINK_BITS && ik_prefix_contains(&cfg->home[i], host))
            return !ik_prefix_contains(&cfg->home[i], gateway);
    }
    return false;
}

static bool is_loopback4(const struct ik_addr *a)
{
    return a->family == 4 && a->bytes[0] == 127;
}

static bool is_no_host(const struct ik_addr *a)
{
    return ik_addr_is_any(a) || ik_addr_is_multicast(a) || is_loopback4(a) || a->bytes[0] == 0xff;
}

static struct verdict judge4(const struct ik_sight *s, const struct ik_addr *gateway)
{
    const struct ik_ip *ip = &s->p->ip;
    if (is_no_host(gateway))
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A redirect leads to what is no router's address."};
    if (ik_addr_same_host(gateway, &ip->src))
        return (struct verdict){IK_SEVERITY_MEDIUM, "A redirect leads to its own sender."};
    if (is_off_link(s->cfg, &ip->dst, gateway))
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A redirect leads to a router that is not on the host's network."};
    return (struct verdict){0};
}

static struct verdict judge6(const struct ik_sight *s, const struct ik_addr *target)
{
    const struct ik_look_packet *p = s->p;
    if (p->ip.ttl != PROVEN_HOP_LIMIT)
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A redirect comes from beyond the link: its hop limit is not 255."};
    if (!ik_addr_is_link_local(&p->ip.src))
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A redirect does not come from a link-local address."};
    if (!ik_addr_is_link_local(target) && !ik_addr_same_host(target, &p->icmp.redirect.destination))
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A redirect leads to what is no router's address."};
    return (struct verdict){0};
}

/* Whether it comes from the router in use, and is about a packet that was sent to it. */
static struct verdict judge_sender(const struct ik_sight *s)
{
    bool any = false;
    const bool named = s->p->frame.way == IK_LOOK_WAY_OUT || /* this machine */
                       ik_sight_is_router(s->cfg, &s->p->ip.src, &any);
    if (s->quoted_foreign)
        return (struct verdict){
            IK_SEVERITY_MEDIUM,
            "A redirect is for a packet of another host than the one that is told."};
    if (s->quoted == IK_QUOTED_UNKNOWN)
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A redirect is for a packet that was never sent."};
    if (s->quoted == IK_QUOTED_KNOWN && !s->quoted_in_window)
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A redirect is for a sequence number that was not in flight."};
    if (s->quoted == IK_QUOTED_KNOWN && s->quoted_via == IK_VIA_OTHER)
        return (struct verdict){
            IK_SEVERITY_MEDIUM,
            "A redirect comes from another station than the router that the packet was handed to."};
    if (named || (s->quoted == IK_QUOTED_KNOWN && s->quoted_via == IK_VIA_SENDER))
        return (struct verdict){0};
    if (any)
        return (struct verdict){IK_SEVERITY_MEDIUM,
                                "A redirect comes from a host that is none of the known routers."};
    if (s->quoted == IK_QUOTED_KNOWN)
        return (struct verdict){0};
    return (struct verdict){IK_SEVERITY_INFO,
                            "Nothing shows that a redirect comes from the router in use."};
}

static struct verdict judge(const struct ik_sight *s)
{
    const struct ik_look_packet *p = s->p;
    const struct ik_addr *target = target_of(&p->icmp);
    if (!target)
        return (struct verdict){IK_SEVERITY_LOW, "A redirect is such that nobody can read it."};
    const struct verdict v = p->ip.version == 4 ? judge4(s, target) : judge6(s, target);
    if (v.why)
        return v;
    /* RFC 792: an IPv4 one has the packet. In IPv6 that is an option. */
    if (p->ip.version == 4 && !p->has_quote)
        return (struct verdict){IK_SEVERITY_MEDIUM, "A redirect lacks the packet that it is for."};
    return judge_sender(s);
}

static __attribute__((noinline)) void tell(const struct ik_sight *s)
{
    const struct ik_icmp *m = &s->p->icmp;
    if (!m->checksum_ok || !ik_sight_minds(s, IK_DETECT_REDIRECT))
        return;
    const struct verdict v = judge(s);
    if (!v.why)
        return;
    struct ik_report r = ik_report_about(s, IK_DETECT_REDIRECT);
    r.severity = v.severity;
    r.value = r.threshold = 1;
    r.why = v.why;
    r.source = m->family == 4 ? "RFC 1122 section 3.2.2.2" : "RFC 4861 section 8.1";
    r.remedy = m->family == 4                     ? IK_REMEDY_DROP_TYPE
               : s->p->ip.ttl != PROVEN_HOP_LIMIT ? IK_REMEDY_DROP_HOP_LIMIT
                                                  : IK_REMEDY_NONE;
    ik_book_report(s->book, s->now, &r);
}

static void input(void *state, struct ik_sight *s)
{
    (void)state;
    if (is_redirect(&s->p->icmp))
        tell(s);
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return 0;
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

const struct ik_part ik_part_redirect = {
    .wants = IK_WANTS_ERRORS | IK_WANTS_REST, .bytes = bytes, .init = init, .input = input};
