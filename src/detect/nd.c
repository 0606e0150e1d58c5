/* SPDX-License-Identifier: MIT
 * D23: neighbour discovery, and what else stays on a link, that no honest node sends: a hop limit
 * that shows that it crossed a router, fragments, options whose lengths are wrong. Most of it the
 * codec has told already; here it becomes a finding. Redirects and router advertisements from
 * beyond the link are redirect.c's and router.c's. */
#include "detect/report.h"

#include "base/rd.h"

enum { PROVEN_HOP_LIMIT = 255, MRD_HOP_LIMIT = 1 };

static const char source_form[] = "RFC 4861 section 4.6, RFC 8106 section 5.1";
static const char source_reach[] = "RFC 4890 section 4.3.3";
static const char source_parts[] = "RFC 6980 section 5";

struct verdict {
    const char *why, *source; /* why NULL: nothing is wrong */
    enum ik_severity severity;
    enum ik_remedy remedy;
    uint32_t at_bytes; /* where it shows, from where faults count */
    double value, threshold;
};

static bool is_discovery(uint8_t type)
{
    return (type >= IK_ICMP6_ROUTER_SOL && type <= IK_ICMP6_REDIRECT) ||
           type == IK_ICMP6_INVERSE_SOL || type == IK_ICMP6_INVERSE_ADV ||
           type == IK_ICMP6_CERT_PATH_SOL || type == IK_ICMP6_CERT_PATH_ADV;
}

static bool is_listener(uint8_t type)
{
    return (type >= IK_ICMP6_MLD_QUERY && type <= IK_ICMP6_MLD_DONE) ||
           type == IK_ICMP6_MLD2_REPORT;
}

static bool is_multicast_router(uint8_t type)
{
    return type >= IK_ICMP6_MRD_ADV && type <= IK_ICMP6_MRD_TERMINATION;
}

/* ---- from where it came ---------------------------------------------------------------------- */

static struct verdict from_beyond(const struct ik_look_packet *p, const char *why, double wanted)
{
    return (struct verdict){.why = why,
                            .source = source_reach,
                            .severity = IK_SEVERITY_MEDIUM,
                            .remedy = IK_REMEDY_DROP_HOP_LIMIT,
                            .at_bytes = p->ip_at_bytes,
                            .value = p->ip.ttl,
                            .threshold = wanted};
}

/* R4861-6.1-01, R4890-4.3.3-02. A listener report from nobody is allowed (RFC 3590 section 4). */
static struct verdict judge_reach(const struct ik_look_packet *p)
{
    const uint8_t type = p->icmp.type;
    const bool near = ik_addr_is_link_local(&p->ip.src);
    if (is_discovery(type) && type != IK_ICMP6_ROUTER_ADV && type != IK_ICMP6_REDIRECT &&
        p->ip.ttl != PROVEN_HOP_LIMIT)
        return from_beyond(
            p, "Neighbour discovery comes from beyond the link: its hop limit is not 255.",
            PROVEN_HOP_LIMIT);
    if (is_multicast_router(type) && p->ip.ttl != MRD_HOP_LIMIT)
        return from_beyond(
            p, "Multicast router discovery comes from beyond the link: its hop limit is not 1.",
            MRD_HOP_LIMIT);
    if ((is_multicast_router(type) && !near) ||
        (is_listener(type) && !near && !ik_addr_is_any(&p->ip.src)))
        return (struct verdict){
            .why = "A message of the link does not come from a link-local address.",
            .source = source_reach,
            .severity = IK_SEVERITY_LOW,
            .remedy = IK_REMEDY_DROP_TYPE,
            .at_bytes = p->ip_at_bytes};
    return (struct verdict){NULL};
}

/* ---- fragments ------------------------------------------------------------------------------- */

static bool has_fragment_header(const struct ik_ip *ip)
{
    struct ik_rd chain = ip->options;
    uint8_t proto = ip->next_header;
    struct ik_ip6ext ext;
    while (!ik_ip6ext_take(&chain, &proto, &ext, NULL)) {
        if (ext.proto == IK_PROTO_FRAGMENT)
            return true;
    }
    return false;
}

/* RFC 6980: not even a header that says that there is only one part. A certification path may be
 * too long for one packet. */
static struct verdict judge_parts(const struct ik_look_packet *p)
{
    if (!is_discovery(p->icmp.type) || p->icmp.type == IK_ICMP6_CERT_PATH_ADV)
        return (struct verdict){NULL};
    /* A tunnel around it may be in fragments. */
    const bool joined = p->reassembled && p->ip_at_bytes == 0;
    if (!p->part && !joined && !(p->ip.options.left && has_fragment_header(&p->ip)))
        return (struct verdict){NULL};
    return (struct verdict){
        .why = "Neighbour discovery comes in fragments, where no filter can judge it.",
        .source = source_parts,
        .severity = IK_SEVERITY_MEDIUM,
        .remedy = IK_REMEDY_DROP_FRAGMENT,
        .at_bytes = p->ip_at_bytes};
}

/* ---- what the codec found -------------------------------------------------------------------- */

/* What the flaws of these messages mean; the first that a message has decides. */
static const struct {
    enum ik_flaw flaw;
    enum ik_severity severity;
    const char *why;
} forms[] = {
    {IK_FLAW_OPTION_ZERO, IK_SEVERITY_MEDIUM,
     "Neighbour discovery has an option of length zero, at which a careless reader never ends."},
    {IK_FLAW_OPTION_PAST_END, IK_SEVERITY_MEDIUM,
     "Neighbour discovery has an option that reaches past the end of the message."},
    {IK_FLAW_OPTION_LENGTH, IK_SEVERITY_MEDIUM,
     "Neighbour discovery has an option of a length that its type cannot have."},
    {IK_FLAW_OPTION_VALUE, IK_SEVERITY_MEDIUM,
     "Neighbour discovery has an option whose value its type does not allow."},
    {IK_FLAW_SHORT, IK_SEVERITY_LOW, "A message of neighbour discovery is too short."},
    {IK_FLAW_BAD_TARGET, IK_SEVERITY_LOW,
     "Neighbour discovery is about an address that nobody can have."},
    {IK_FLAW_OPTION_UNEXPECTED, IK_SEVERITY_LOW,
     "Neighbour discovery has an option that must not be there."},
};

/* What a capture of only the first bytes of each packet looks like too. */
static bool is_end(enum ik_flaw what)
{
    return what == IK_FLAW_OPTION_PAST_END || what == IK_FLAW_SHORT;
}

/* The bytes from there on: faults count from the frame, or from the datagram put together. */
static struct ik_rd shown(const struct ik_look_packet *p, uint32_t at_bytes)
{
    return at_bytes < p->ip_at_bytes ? p->ip_bytes
                                     : ik_rd_from(p->ip_bytes, at_bytes - p->ip_at_bytes);
}

/* A prefix longer than an address is used to write past one. Other values may be those of a later
 * standard: receivers pass over the option. */
static enum ik_severity severity_of_value(const struct ik_look_packet *p, uint16_t at)
{
    const struct ik_rd option = shown(p, at - 2u);
    const bool prefix = option.left > 2 && option.p[0] == IK_NDOPT_PREFIX && option.p[1] == 4;
    return prefix ? IK_SEVERITY_MEDIUM : IK_SEVERITY_LOW;
}

static struct verdict judge_form(const struct ik_look_packet *p)
{
    const uint32_t icmp_at = p->ip_at_bytes + (uint32_t)(p->icmp_bytes.p - p->ip_bytes.p);
    if (!is_discovery(p->icmp.type))
        return (struct verdict){NULL};
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        for (unsigned i = 0; i < p->faults.n; i++) {
            const struct ik_fault *f = &p->faults.list[i];
            if (f->what == forms[k].flaw && f->at >= icmp_at &&
                !(p->ip.truncated && is_end(f->what)))
                return (struct verdict){.why = forms[k].why,
                                        .source = source_form,
                                        .severity = f->what == IK_FLAW_OPTION_VALUE
                                                        ? severity_of_value(p, f->at)
                                                        : forms[k].severity,
                                        .remedy = IK_REMEDY_NONE,
                                        .at_bytes = f->at};
        }
    }
    return (struct verdict){NULL};
}

/* ---- the part -------------------------------------------------------------------------------- */

static void input(void *state, struct ik_sight *s)
{
    (void)state;
    const struct ik_look_packet *p = s->p;
    if (!p->has_icmp || p->icmp.family != 6 || p->icmp.type < IK_ICMP6_MLD_QUERY ||
        p->icmp.type > IK_ICMP6_MRD_TERMINATION || !p->icmp.checksum_ok)
        return;
    struct verdict v = judge_parts(p);
    if (!v.why && !p->part)
        v = judge_reach(p);
    if (!v.why && !p->part)
        v = judge_form(p);
    if (!v.why || !ik_sight_minds(s, IK_DETECT_ND_MALFORMED))
        return;
    struct ik_report r = ik_report_about(s, IK_DETECT_ND_MALFORMED);
    r.severity = v.severity;
    r.value = v.threshold > 0 ? v.value : 1;
    r.threshold = v.threshold > 0 ? v.threshold : 1;
    r.why = v.why;
    r.source = v.source;
    r.remedy = v.remedy;
    r.bytes = shown(p, v.at_bytes);
    ik_book_report(s->book, s->now, &r);
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

const struct ik_part ik_part_nd = {
    .wants = IK_WANTS_REST | IK_WANTS_PARTS, .bytes = bytes, .init = init, .input = input};
